"""The nearest of each sample, by lower bounds first and exact solves where these do not decide."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earthwork import _inputs
from earthwork._inputs import Floats
from earthwork._number import ended
from earthwork._progress import Progress, reporting
from earthwork._text import seconds
from earthwork.scale.bounds import Bounds, bounded, masses
from earthwork.scale.folder import explained
from earthwork.scale.grid import Grid, edge_for
from earthwork.scale.method import NOT_BEGUN, STATUS, Method
from earthwork.scale.pace import Clock
from earthwork.scale.run import Job, Plan, Runner, batch_job
from earthwork.scale.source import Source
from earthwork.scale.store import Store, read_tile, recorded
from earthwork.scale.where import runner

if TYPE_CHECKING:
    import pandas

Places = NDArray[np.int64]

# Entries of the bounds that are held at a time, and pairs of a batch.
_HELD, _BATCH = 2**25, 1024


class Nearest:
    """The k nearest of each sample, nearest first; of equally near ones the first comes first."""

    def __init__(self, name: str, found: tuple[Places, Floats, Floats, Floats, Places], names: tuple[list[str], list[str]], report: dict[str, Any]) -> None:
        self.name = name
        """What was compared by."""
        self.indices, self.values, self.lower, self.upper, self._codes = found
        """Places among the columns, values and their bounds, each of shape (n, k). A place that is not known is -1."""
        self.row_names, self.column_names = names
        self.report = report
        """``pairs`` of the whole matrix, how many of them were ``solved``, the ``share``, ``bounded_by``, ``seconds``."""

    @property
    def status(self) -> NDArray[Any]:
        """What became of each pair."""
        names: NDArray[Any] = np.array(STATUS, dtype=object)[self._codes]
        return names

    def __repr__(self) -> str:
        n, k = self.indices.shape
        solved, pairs = self.report["solved"], self.report["pairs"]
        share = f"{solved:,} of {pairs:,} pairs solved ({100 * solved / pairs if pairs else 0:.2g} %)"
        return f"Nearest({self.name}, {k} of {len(self.column_names)} for each of {n}; {share}; {seconds(self.report['seconds'])})"

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each pair (needs pandas)."""
        import pandas

        n, k = self.indices.shape
        return pandas.DataFrame(
            {
                "row": np.repeat(self.row_names, k),
                "rank": np.tile(np.arange(1, k + 1), n),
                "column": [self.column_names[j] if j >= 0 else None for j in self.indices.ravel()],
                "value": self.values.ravel(),
                "lower": self.lower.ravel(),
                "upper": self.upper.ravel(),
            }
        )


class _Solved:
    """Pairs whose values are known, by their place in the matrix, in order."""

    def __init__(self, columns: int, symmetric: bool) -> None:
        self._columns, self._symmetric = columns, symmetric
        self.keys = np.empty(0, dtype=np.int64)
        self.values = np.empty((4, 0))

    def key(self, places: Places) -> Places:
        """One number for each pair; of (i, j) and (j, i) the same where they have one value."""
        i, j = (places.min(axis=1), places.max(axis=1)) if self._symmetric else (places[:, 0], places[:, 1])
        return i * self._columns + j

    def places(self, keys: Places) -> Places:
        """The way back."""
        return np.stack([keys // self._columns, keys % self._columns], axis=1)

    def missing(self, keys: Places) -> Places:
        """Those that are not known, each once, in order."""
        return np.setdiff1d(keys, self.keys)

    def add(self, keys: Places, values: Floats) -> None:
        """Keeps more."""
        both = np.concatenate([self.keys, keys])
        order = np.argsort(both, kind="stable")
        self.keys = both[order]
        self.values = np.concatenate([self.values, values], axis=1)[:, order]

    def get(self, keys: Places) -> Floats:
        """Values, bounds and status of known pairs, of shape (4, k)."""
        return self.values[:, np.searchsorted(self.keys, keys)]


def find(
    method: Method,
    rows: Source,
    columns: Source,
    nearest: int,
    store: str | os.PathLike[str] | None,
    client: Any,
    shard: tuple[int, int] | None,
    threads: int,
    time_limit: float | None,
    progress: Progress,
) -> Nearest:
    """The k nearest columns of each row."""
    own = columns is rows
    k, most = _inputs.count("nearest", nearest), len(columns) - own
    if not 1 <= k <= most:
        raise ValueError(f"nearest: it is {k}, but there are {most} samples to choose from, and at least 1 is needed")
    if shard is not None:
        raise ValueError("shard: the nearest are found in one run; give a `client` to spread it")
    if method.errors != "raise":
        raise ValueError("errors: what has no value cannot be ranked; only 'raise' goes with `nearest`")
    edge = edge_for(len(rows), len(columns), rows.points())
    grid = Grid(len(rows), len(columns), edge, own and method.symmetric)
    plan = Plan(method, grid, rows, columns)
    pairs = len(rows) * (len(rows) - 1) // 2 if grid.symmetric else len(rows) * (len(columns) - own)
    shape = Grid(pairs // _BATCH + 64 * (len(rows) // 64 + 2), _BATCH, 1, False, _BATCH)
    with Store(store, None) if store is not None else nullcontext() as opened, reporting(progress) as shown:
        if opened is not None:
            shape = opened.begin(recorded(method, rows, columns, nearest=k), shape, ([], []))
        search = _Search(plan, k, opened, shape, Clock(pairs, pairs, shown), time_limit)
        search.where = runner(plan, client, threads, None, search.kept)
        with explained(opened.path, search.kept) if opened is not None else nullcontext():
            found = search.all()
    order = bounded(method)
    solved = len(search.solved.keys)
    report = {
        "pairs": pairs,
        "solved": solved,
        "share": solved / pairs,
        "from_store": search.read,
        "bounded_by": None if order is None else "means and quantiles along directions",
        "seconds": search.clock.seconds(),
    }
    if search.late:
        ended("the nearest", "deadline")
    return Nearest(method.name, found, (rows.names, columns.names), report)


class _Search:
    """Rows in blocks; in each block rounds of solves, until no bound leaves a doubt."""

    where: Runner

    def __init__(self, plan: Plan, k: int, store: Store | None, shape: Grid, clock: Clock, limit: float | None) -> None:
        self._plan, self._k, self._store, self._shape, self.clock = plan, k, store, shape, clock
        self._more = clock.within(limit)
        self.solved = _Solved(plan.grid.columns, plan.grid.symmetric)
        self.batches = self.read = 0
        self.late = False
        self._bounds, self._power = self._bounding()

    def _bounding(self) -> tuple[Callable[[range], Floats], float]:
        plan, order = self._plan, bounded(self._plan.method)
        columns = plan.grid.columns
        if order is None:
            return lambda rows: np.full((len(rows), columns), -np.inf), 1.0
        bounds = Bounds(order[0], plan.rows, plan.columns, plan.grid.edge)
        if plan.method.kind == "distance":
            return bounds.between, 1.0
        mass = masses(plan.rows, plan.grid.edge)
        return lambda rows: bounds.between(rows) ** order[1] * (mass[rows.start : rows.stop, None] * (1 - 1e-9)), order[1]

    def kept(self) -> str:
        """For messages."""
        if self._store is None:
            return "Nothing is kept without a `store`"
        return f"{self.batches} batches of pairs are in the store: call again to go on from there"

    def all(self) -> tuple[Places, Floats, Floats, Floats, Places]:
        """Of all rows."""
        n, m, k = self._plan.grid.rows, self._plan.grid.columns, self._k
        size = min(max(_HELD // m, 16), 4096)
        parts = [self._block(range(begin, min(begin + size, n))) for begin in range(0, n, size)]
        places = np.concatenate([part[0] for part in parts]).reshape(n, k)
        layers = np.concatenate([part[1] for part in parts], axis=1).reshape(4, n, k)
        return places, layers[0], layers[1], layers[2], layers[3].astype(np.int64)

    def _block(self, rows: range) -> tuple[Places, Floats]:
        bounds = self._bounds(rows)
        if self._plan.own:
            bounds[np.arange(len(rows)), np.arange(rows.start, rows.stop)] = np.inf
        order = np.argsort(bounds, axis=1, kind="stable")
        ordered = np.take_along_axis(bounds, order, axis=1)
        known = np.full(ordered.shape, np.nan)  # values, in the order of the bounds
        reached = np.zeros(len(rows), dtype=np.int64)  # how many of each row are known
        worst = np.full(len(rows), np.inf)  # the k-th smallest value of each row so far
        last = ordered.shape[1] - self._plan.own
        step = self._k
        while not self.late:
            # The next few of each row whose bounds do not rule them out.
            ends = np.minimum(reached + step, last)
            allowed = np.array([np.searchsorted(bound[:last], top, side="right") for bound, top in zip(ordered, worst, strict=True)])
            ends = np.minimum(ends, np.maximum(allowed, reached))
            asking = np.flatnonzero(ends > reached)
            if not len(asking):
                break
            places = np.concatenate(
                [np.stack([np.full(ends[r] - reached[r], rows.start + r), order[r, reached[r] : ends[r]]], axis=1) for r in asking]
            )
            keys = self.solved.key(places)
            self._solve(self.solved.missing(keys))
            if self.late:
                break
            values = self.solved.get(keys)[0]
            begin = 0
            for r in asking:
                count = int(ends[r] - reached[r])
                known[r, reached[r] : ends[r]] = values[begin : begin + count]
                begin += count
            reached = np.maximum(reached, ends)
            step = max(self._k // 4, 2)
            full = reached >= self._k
            worst[full] = np.sort(known[full], axis=1)[:, self._k - 1]
        return self._chosen(rows, order, known)

    def _chosen(self, rows: range, order: Places, known: Floats) -> tuple[Places, Floats]:
        """The k least of each row; of equal ones the first columns."""
        n, k = len(rows), self._k
        places = np.full((n, k), -1, dtype=np.int64)
        layers = np.full((4, n, k), np.nan)
        layers[1], layers[2], layers[3] = -np.inf, np.inf, NOT_BEGUN
        for r in range(n):
            there = np.flatnonzero(~np.isnan(known[r]))
            best = there[np.lexsort((order[r, there], known[r, there]))[:k]]
            if len(best):
                places[r, : len(best)] = order[r, best]
                pairs = np.stack([np.full(len(best), rows.start + r), order[r, best]], axis=1)
                layers[:, r, : len(best)] = self.solved.get(self.solved.key(pairs))
        return places, layers

    def _solve(self, keys: Places) -> None:
        """Solves pairs in batches, which are read from the store where they are in it. The batches of a search are always the same."""
        places, jobs, read = self.solved.places(keys), [], {}
        firsts = range(0, len(keys), _BATCH)
        for number, first in enumerate(firsts, self.batches):
            there = None if self._store is None else read_tile(str(self._store.path), self._shape, (number, 0))[0]
            if there is None:
                jobs.append(batch_job(self._plan, number, places[first : first + _BATCH], _BATCH))
            else:
                read[number] = there
        self.read += sum(min(_BATCH, len(keys) - (number - self.batches) * _BATCH) for number in read)
        if jobs and self._store is not None and not self._store.writable:
            raise PermissionError(f"store: {self._store.path} cannot be written to, and pairs are missing in it")
        done: dict[int, Floats] = dict(read)
        with closing(self.where.compute(jobs, self._store, self._shape, self._more)) as run:
            for job, made in run:
                done[job.at[0]] = self._back(job) if made is None else made
                self.clock.tell(len(job.places) if job.places is not None else 0)
        numbers = [number for number in range(self.batches, self.batches + len(firsts)) if number in done]
        self.late = len(numbers) < len(firsts)
        for number in numbers:
            first = (number - self.batches) * _BATCH
            some = keys[first : first + _BATCH]
            self.solved.add(some, done[number][:, 0, : len(some)])
        self.batches += len(firsts)

    def _back(self, job: Job) -> Floats:
        """What a worker has written."""
        made = None if self._store is None else read_tile(str(self._store.path), self._shape, job.at)[0]
        if made is None:
            raise RuntimeError("store: what a worker has written cannot be read here; do both see the same folder?")
        return made
