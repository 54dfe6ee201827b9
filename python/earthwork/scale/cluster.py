"""A Dask client: blocks of samples as futures, tasks on them, and what to say when something dies."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from earthwork._inputs import Floats
from earthwork.scale.grid import Grid
from earthwork.scale.method import Method, Samples
from earthwork.scale.needs import needed
from earthwork.scale.run import Job, Plan, Results, Runner, solve, windowed
from earthwork.scale.store import Store, write_tile


class Cluster(Runner):
    """On the workers of a client, which hold blocks of samples for as long as jobs need them.

    Samples that the caller holds travel inside of tasks, so that a worker that takes the place of another gets them again.
    """

    def __init__(self, client: Any, plan: Plan, jobs: Sequence[Job] | None, kept: Callable[[], str]) -> None:
        self._client, self._plan, self._kept = checked(client), plan, kept
        grid = plan.grid
        self._uses = None if jobs is None else Counter(block for job in jobs for block in job.blocks)
        self._futures: dict[tuple[bool, int], Any] = {}
        self._needs: dict[Any, Job] = {}
        sides = [(False, plan.rows, grid.down)] + ([] if plan.own else [(True, plan.columns, grid.across)])
        with self._explained():
            for second, side, count in sides:
                wanted = [k for k in range(count) if self._uses is None or self._uses[second, k]]
                made = side.on(self._client, [grid.span(k, second or plan.own) for k in wanted])
                self._futures.update({(second, k): future for k, future in zip(wanted, made, strict=True)})

    def compute(self, jobs: Sequence[Job], store: Store | None, shape: Grid, more: Callable[[], bool]) -> Results:
        """Does jobs, three under way for each thread, so that none waits for the scheduler."""
        plan = self._plan
        path = None if store is None else str(store.path.absolute())

        def submit(job: Job) -> Any:
            blocks = [self._futures[key] for key in job.blocks]
            task = self._client.submit(_remote, plan.method, plan.grid, plan.own, job, path, shape, *blocks, pure=False)
            self._needs[task] = job
            return task

        with self._explained():
            window = 3 * max(int(sum(self._client.nthreads().values())), 2)
            yield from windowed(jobs, window, submit, self._first, more)

    def _first(self, running: dict[Any, Job]) -> list[Any]:
        """Those that are done; waits for one."""
        from distributed import wait

        done = list(wait(list(running), return_when="FIRST_COMPLETED").done)
        for task in done:
            for block in self._needs.pop(task).blocks:
                if self._uses is not None:
                    self._uses[block] -= 1
                    if not self._uses[block]:
                        self._futures.pop(block, None)  # workers may forget it
        return done

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of the cluster, with what to do; nothing goes on running after one."""
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        try:
            yield
        except KilledWorker as why:
            raise RuntimeError(
                f"client: {why.allowed_failures + 1} workers died one after another over the same tile, which is what too little "
                f"memory looks like; give workers more of it, or make tiles smaller (`tile=`). {self._kept()}"
            ) from why
        except (CommClosedError, CancelledError) as why:
            raise RuntimeError(f"client: the connection to the scheduler is lost. {self._kept()}") from why
        finally:
            if self._needs:
                with contextlib.suppress(Exception):  # of a client that is gone
                    self._client.cancel(list(self._needs))
                self._needs.clear()


def _remote(method: Method, grid: Grid, own: bool, job: Job, path: str | None, shape: Grid, *found: list[Samples]) -> Floats | None:
    """A job on a worker."""
    made = solve(method, grid, own, job, *found)
    if path is None:
        return made
    write_tile(path, shape, job.at, made)
    return None


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
