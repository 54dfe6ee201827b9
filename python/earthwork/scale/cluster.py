"""A Dask client: blocks of samples as futures, tiles as tasks on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from earthwork._inputs import Floats
from earthwork.scale.grid import Grid
from earthwork.scale.method import Method, Samples
from earthwork.scale.run import Job, Plan, Results, Runner, solve
from earthwork.scale.store import Store, write_tile
from earthwork.scale.workers import Workers


class Cluster(Runner):
    """On the workers of a client, which hold blocks of samples for as long as jobs need them.

    Samples that the caller holds travel inside of tasks, so that a worker that takes the place of another gets them again.
    """

    def __init__(self, client: Any, plan: Plan, jobs: Sequence[Job] | None, kept: Callable[[], str]) -> None:
        self._workers = Workers(client, kept, "tile", "give workers more of it, or make tiles smaller (`tile=`)")
        self._plan = plan
        grid = plan.grid
        self._uses = None if jobs is None else Counter(block for job in jobs for block in job.blocks)
        self._futures: dict[tuple[bool, int], Any] = {}
        sides = [(False, plan.rows, grid.down)] + ([] if plan.own else [(True, plan.columns, grid.across)])
        with self._workers.explained():
            for second, side, count in sides:
                wanted = [k for k in range(count) if self._uses is None or self._uses[second, k]]
                made = side.on(self._workers.client, [grid.span(k, second or plan.own) for k in wanted])
                self._futures.update({(second, k): future for k, future in zip(wanted, made, strict=True)})

    def compute(self, jobs: Sequence[Job], store: Store | None, shape: Grid, more: Callable[[], bool]) -> Results:
        """Does jobs on the workers."""
        plan = self._plan
        path = None if store is None else str(store.path.absolute())

        def submit(job: Job) -> Any:
            blocks = [self._futures[key] for key in job.blocks]
            return self._workers.client.submit(_remote, plan.method, plan.grid, plan.own, job, path, shape, *blocks, pure=False)

        yield from self._workers.run(jobs, submit, more, self._used)

    def _used(self, job: Job) -> None:
        """Workers may forget blocks that no job needs any more."""
        if self._uses is None:
            return
        for block in job.blocks:
            self._uses[block] -= 1
            if not self._uses[block]:
                self._futures.pop(block, None)


def _remote(method: Method, grid: Grid, own: bool, job: Job, path: str | None, shape: Grid, *found: list[Samples]) -> Floats | None:
    """A job on a worker."""
    made = solve(method, grid, own, job, *found)
    if path is None:
        return made
    write_tile(path, shape, job.at, made)
    return None
