"""Tiles computed here on all cores, or on the workers of a Dask client; what is in a store is not computed again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from earthwork._inputs import Floats
from earthwork.scale.grid import Grid
from earthwork.scale.method import NOT_BEGUN, QUANTITIES, Method, Samples, tile
from earthwork.scale.pace import on_threads
from earthwork.scale.source import Source
from earthwork.scale.store import Store, write_tile

Results: TypeAlias = "Generator[tuple[Job, Floats | None], None, None]"
"""Jobs as they are done."""


@dataclass(frozen=True)
class Plan:
    """What a run is to compute."""

    method: Method
    grid: Grid
    rows: Source
    columns: Source
    """The rows themselves where there is no second side."""

    @property
    def own(self) -> bool:
        """Whether all pairs are between samples of one side."""
        return self.columns is self.rows


@dataclass(frozen=True)
class Job:
    """Pairs that are computed and written together: a tile of the matrix, or with ``places`` some pairs from anywhere."""

    at: tuple[int, int]
    """Its tile in the store."""
    blocks: tuple[tuple[bool, int], ...]
    """The samples it needs: whether of the second side, and which block."""
    places: NDArray[np.int64] | None = None
    """Rows and columns of the pairs, of shape (k, 2)."""
    width: int = 0
    """Entries of the tile that they fill."""


def tile_jobs(plan: Plan, tiles: Iterable[tuple[int, int]]) -> list[Job]:
    """The tiles of a matrix."""
    return [Job(at, ((False, at[0]), (not plan.own, at[1]))) for at in tiles]


def batch_job(plan: Plan, number: int, places: NDArray[np.int64], width: int) -> Job:
    """Some pairs from anywhere, in the order of their rows."""
    rows = {(False, int(k)) for k in np.unique(places[:, 0] // plan.grid.edge)}
    columns = {(not plan.own, int(k)) for k in np.unique(places[:, 1] // plan.grid.edge)}
    return Job((number, 0), tuple(sorted(rows | columns)), places, width)


def solve(method: Method, grid: Grid, own: bool, job: Job, *found: list[Samples]) -> Floats:
    """What a job gives, of shape (4, rows, columns) of its tile."""
    if job.places is None:
        corner = grid.span(job.at[0]).start, grid.span(job.at[1], columns=True).start
        return tile(method, found[0], found[1], corner, grid.symmetric and job.at[0] == job.at[1])
    blocks = dict(zip(job.blocks, found, strict=True))
    made = np.full((len(QUANTITIES), 1, job.width), np.nan)
    made[3] = NOT_BEGUN
    firsts = np.flatnonzero(np.diff(job.places[:, 0], prepend=-1))
    for first, last in zip(firsts, [*firsts[1:], len(job.places)], strict=True):
        i, js = int(job.places[first, 0]), job.places[first:last, 1].tolist()
        x = blocks[False, i // grid.edge][i % grid.edge]
        others = [blocks[not own, j // grid.edge][j % grid.edge] for j in js]
        made[:, 0, first:last] = method.row(x, others, [(i, j) for j in js])
    return made


class Runner:
    """Where jobs are done. ``compute`` yields them as they come; None in place of what a worker has written to the store itself."""

    def compute(self, jobs: Sequence[Job], store: Store | None, shape: Grid, more: Callable[[], bool]) -> Results:
        """Does jobs for as long as ``more()`` says; ``shape`` is that of the store."""
        raise NotImplementedError


class Here(Runner):
    """On threads of this process."""

    def __init__(self, plan: Plan, threads: int) -> None:
        self._plan, self._threads = plan, threads
        self._kept: OrderedDict[tuple[bool, int], list[Samples]] = OrderedDict()
        self._lock = threading.Lock()

    def _block(self, key: tuple[bool, int], most: int) -> list[Samples]:
        """Samples of a block; those used last are kept."""
        second, block = key
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            of = self._plan.columns if second else self._plan.rows
            self._kept[key] = found = of.part(self._plan.grid.span(block, second or self._plan.own)).load()
            while len(self._kept) > most:
                self._kept.popitem(last=False)
            return found

    def compute(self, jobs: Sequence[Job], store: Store | None, shape: Grid, more: Callable[[], bool]) -> Results:
        """Does jobs, two under way for each thread."""
        plan = self._plan

        def work(job: Job) -> Floats:
            most = max(4 * self._threads + 2, 2 * len(job.blocks))
            made = solve(plan.method, plan.grid, plan.own, job, *(self._block(key, most) for key in job.blocks))
            if store is not None:
                write_tile(str(store.path), shape, job.at, made)
            return made

        yield from on_threads(jobs, self._threads, work, more)
