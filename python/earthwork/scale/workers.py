"""A Dask client: tasks of any kind on its workers, and what to say when something dies."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from earthwork.scale.needs import needed
from earthwork.scale.pace import windowed

J = TypeVar("J")


class Workers:
    """The workers of a client. ``kept`` says what is in the store when something dies, and ``what`` they may die over."""

    def __init__(self, client: Any, kept: Callable[[], str], what: str, advice: str = "give workers more of it") -> None:
        self.client, self._kept, self._what, self._advice = checked(client), kept, what, advice
        self._running: set[Any] = set()

    def threads(self) -> int:
        """Of all workers; at least 2."""
        return max(int(sum(self.client.nthreads().values())), 2)

    def run(
        self,
        jobs: Iterable[J],
        submit: Callable[[J], Any],
        more: Callable[[], bool],
        done: Callable[[J], object] = lambda job: None,
    ) -> Generator[tuple[J, Any], None, None]:
        """Does jobs, three under way for each thread, so that none waits for the scheduler. ``submit`` makes a future of one."""

        def begin(job: J) -> Any:
            task = submit(job)
            self._running.add(task)
            return task

        def finished(running: dict[Any, J]) -> list[Any]:
            from distributed import wait

            found = list(wait(list(running), return_when="FIRST_COMPLETED").done)
            for task in found:
                self._running.discard(task)
                done(running[task])
            return found

        with self.explained():
            yield from windowed(jobs, 3 * self.threads(), begin, finished, more)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Errors of the cluster, with what to do; nothing goes on running after one."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        try:
            yield
        except KilledWorker as why:
            raise RuntimeError(
                f"client: {why.allowed_failures + 1} workers died one after another over the same {self._what}, which is what too "
                f"little memory looks like; {self._advice}. {self._kept()}"
            ) from why
        except (CommClosedError, CancelledError) as why:
            raise RuntimeError(f"client: the connection to the scheduler is lost. {self._kept()}") from why
        finally:
            if self._running:
                with contextlib.suppress(Exception):  # of a client that is gone
                    self.client.cancel(list(self._running))
                self._running.clear()


def checked(client: Any) -> Any:
    """A client of Dask that can be asked and waited for."""
    distributed = needed("distributed", "client=")
    if not isinstance(client, distributed.Client):
        raise TypeError(f"client: a distributed.Client is needed, not {type(client).__name__}")
    if client.asynchronous:
        raise TypeError("client: an asynchronous client cannot be waited for; make one with Client(..., asynchronous=False)")
    if client.status != "running":
        raise ValueError(f"client: it is {client.status}")
    return client
