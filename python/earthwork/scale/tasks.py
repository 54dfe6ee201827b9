"""Tasks that do not know of each other, on threads or on the workers of a client; what is in a store is not done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from typing import Any, NamedTuple

from earthwork import _inputs
from earthwork._progress import Progress, reporting
from earthwork.scale.folder import explained
from earthwork.scale.pace import Clock, cores, on_threads
from earthwork.scale.parts import Part, Parts, forget_part, read_part, write_part


class Task(NamedTuple):
    """A function of the folder (None without a store), its own name, what all tasks share, and its arguments."""

    name: str
    function: Callable[..., Part]
    arguments: tuple[Any, ...]


class Done(Mapping[str, Part]):
    """What tasks gave, by their names; of a store it is read when it is asked for."""

    def __init__(self, folder: str | None, names: set[str], held: dict[str, Part], report: dict[str, Any]) -> None:
        self._folder, self._names, self._held = folder, names, held
        self.report = report
        """``tasks``, how many of them were ``found`` in the store, ``computed``, ``damaged``, ``left``, and ``seconds``."""

    def __getitem__(self, name: str) -> Part:
        if name in self._held:
            return self._held[name]
        if name not in self._names or self._folder is None:
            raise KeyError(name)
        found = read_part(self._folder, name)[0]
        if found is None:
            raise RuntimeError(f"store: {name} was written by a worker and cannot be read here; do both see the same folder?")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def checked(client: Any, threads: int | None) -> int:
    """Refuses what is no client and no number of threads. Returns how many threads of this process may be used."""
    if client is not None:
        from earthwork.scale.workers import checked as usable

        usable(client)
    if threads is not None and _inputs.count("threads", threads) < 1:
        raise ValueError("threads: it is 0, but at least 1 is needed")
    return threads or cores()


def done(
    tasks: Sequence[Task],
    wanted: dict[str, Any],
    shared: Any = None,
    *,
    store: Any = None,
    client: Any = None,
    threads: int | None = None,
    time_limit: float | None = None,
    progress: Progress = False,
    stage: str = "tasks",
) -> Done:
    """Does what is missing. ``wanted`` is what tells this call from others; ``shared`` goes to each worker once."""
    threads = checked(client, threads)
    with Parts(store) if store is not None else nullcontext() as opened, reporting(progress) as shown:
        folder = None if opened is None else str(opened.path.absolute())
        missing, damaged = list(tasks), 0
        if opened is not None:
            opened.begin(wanted)
            there = {task.name: read_part(opened.path, task.name) for task in tasks}
            missing = [task for task in tasks if there[task.name][0] is None]
            damaged = sum(wrong for _, wrong in there.values())
            if missing and not opened.writable:
                raise PermissionError(f"store: {opened.path} cannot be written to, and {len(missing)} of its {len(tasks)} parts are missing")
        names = {task.name for task in tasks} - {task.name for task in missing}
        found = len(names)
        held: dict[str, Part] = {}

        def kept() -> str:
            if opened is None:
                return "Nothing is kept without a `store`"
            return f"{len(names)} of {len(tasks)} parts are in the store: call again to go on from there"

        clock = Clock(len(tasks), len(missing), shown, stage)
        more = clock.within(time_limit)
        with (
            explained(opened.path, kept) if opened is not None else nullcontext(),
            closing(_run(missing, shared, folder, client, threads, more, kept)) as run,
        ):
            for task, made in run:
                names.add(task.name)
                if made is not None:
                    held[task.name] = made
                clock.tell(1)
        report = {
            "tasks": len(tasks),
            "found": found,
            "computed": len(names) - found,
            "damaged": damaged,
            "left": len(tasks) - len(names),
            "seconds": clock.seconds(),
        }
    return Done(folder, names, held, report)


def _run(
    tasks: Sequence[Task], shared: Any, folder: str | None, client: Any, threads: int, more: Callable[[], bool], kept: Callable[[], str]
) -> Any:
    if client is None:
        return on_threads(tasks, threads, lambda task: _one(folder, shared, task), more)
    from earthwork.scale.workers import Workers  # needs the extra

    workers = Workers(client, kept, "task")
    # A task rather than scattered data: what a dead worker held is made again.
    held = client.submit(_held, shared, pure=False)
    return workers.run(tasks, lambda task: client.submit(_one, folder, held, task, pure=False), more)


def _held(shared: Any) -> Any:
    return shared


def _one(folder: str | None, shared: Any, task: Task) -> Part | None:
    """A task, here or on a worker. What is written is not sent as well."""
    made = task.function(folder, task.name, shared, *task.arguments)
    if folder is None:
        return made
    write_part(folder, task.name, made)
    forget_part(folder, under_way(task.name))
    return None


def under_way(name: str) -> str:
    """The part in which a task keeps how far it is, to go on from there; it goes when the task is done."""
    return f"{name}~begun"
