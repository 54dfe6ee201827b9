"""All pairs of many samples: the call and its result."""

from __future__ import annotations

import os
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from earthwork import _inputs
from earthwork._inputs import Floats
from earthwork._kinds import OnMissing
from earthwork._number import ended
from earthwork._progress import Progress, reporting
from earthwork._text import seconds, short
from earthwork.comparison import Comparer
from earthwork.scale import store as stores
from earthwork.scale.folder import explained
from earthwork.scale.grid import Grid, edge_for
from earthwork.scale.method import NOT_BEGUN, NOT_CONVERGED, STATUS, Errors, Method, method_of
from earthwork.scale.needs import needed
from earthwork.scale.pace import Clock, cores
from earthwork.scale.run import Plan, tile_jobs
from earthwork.scale.source import Source, source
from earthwork.scale.store import Store, recorded
from earthwork.scale.where import runner

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes

    from earthwork.scale.nearest import Nearest


class PairwiseResult:
    """A discrepancy between all pairs of samples, with bounds."""

    def __init__(self, name: str, layers: Floats, names: tuple[list[str], list[str]], own: bool, report: dict[str, Any]) -> None:
        self.name = name
        """What was compared by."""
        self.values, self.lower, self.upper = (np.ascontiguousarray(layer) for layer in layers[:3])
        """Of shape (n, m). The bounds are those of :class:`earthwork.Estimate`: proven for exact transport, else of the 95 % interval."""
        self._codes = layers[3].astype(np.uint8)
        self.row_names, self.column_names = names
        self.own = own
        """Whether rows and columns are the same samples."""
        self.report = report
        """``pairs`` asked for, ``tiles``, how many of them were ``found`` in the store, ``computed``, and ``damaged`` (and so computed
        again), ``seconds``, and how many pairs ended in each ``status``."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        n, m = self.values.shape
        return n, m

    @property
    def status(self) -> NDArray[Any]:
        """What became of each pair: ``solved``, ``within tolerance``, ``not converged``, ``failed`` or ``not begun``."""
        names: NDArray[Any] = np.array(STATUS, dtype=object)[self._codes]
        return names

    @property
    def complete(self) -> bool:
        """Whether no pair is left to do."""
        return not (self._codes == NOT_BEGUN).any()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype) if copy is not False else np.asarray(self.values, dtype=dtype)

    def __repr__(self) -> str:
        n, m = self.shape
        off = self.values[~np.eye(n, dtype=bool)] if self.own else self.values.ravel()
        known = off[np.isfinite(off)]
        span = f", {short(known.min())} to {short(known.max())}" if known.size else ""
        counts = ", ".join(f"{count:,} {status}" for status, count in self.report["status"].items())
        return f"PairwiseResult({self.name}, {n} × {m}{span}; {counts}; {seconds(self.report['seconds'])})"

    def to_pandas(self) -> pandas.DataFrame:
        """The values as a table with the names of the samples (needs pandas)."""
        import pandas

        return pandas.DataFrame(self.values, index=self.row_names, columns=self.column_names)

    def to_xarray(self) -> xarray.Dataset:
        """Values, bounds and status over the names of the samples (needs xarray)."""
        made = needed("xarray", "to_xarray")
        layers = {"value": self.values, "lower": self.lower, "upper": self.upper, "status": self.status}
        found: xarray.Dataset = made.Dataset(
            {key: (("row", "column"), layer) for key, layer in layers.items()},
            coords={"row": self.row_names, "column": self.column_names},
            attrs={"by": self.name},
        )
        return found

    def embedding(self, dimensions: int = 2) -> Floats:
        """Places whose distances are like the values, of shape (n, dimensions), by classical scaling."""
        if not self.own:
            raise ValueError("embedding: it is for the pairs of one set of samples, but these are between two")
        if not np.isfinite(self.values).all():
            raise ValueError("embedding: some pairs have no finite value")
        squares = ((self.values + self.values.T) / 2) ** 2
        centred = squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean()
        found, vectors = np.linalg.eigh(-centred / 2)
        largest = np.argsort(-found)[:dimensions]
        places: Floats = vectors[:, largest] * np.sqrt(np.maximum(found[largest], 0.0))
        return places * np.where(places[np.argmax(np.abs(places), axis=0), np.arange(places.shape[1])] < 0, -1.0, 1.0)

    def plot(self, kind: str = "matrix", ax: Axes | None = None) -> Axes:
        """The matrix as a heat map, or with ``kind="embedding"`` the samples as points whose distances are like the values."""
        from earthwork.plot import _axes

        ax = _axes(ax)
        if kind == "embedding":
            places = self.embedding()
            ax.scatter(places[:, 0], places[:, 1], s=14, lw=0, color="#2a6f97")
            if len(places) <= 40:
                for name, place in zip(self.row_names, places, strict=True):
                    ax.annotate(name, (float(place[0]), float(place[1])), fontsize=7)
            ax.set_aspect("equal", adjustable="datalim")
            ax.set_title(self.name)
            return ax
        if kind != "matrix":
            raise ValueError(f"kind: {kind!r} is none of 'matrix', 'embedding'")
        shown = ax.imshow(self.values, cmap="viridis", interpolation="nearest", aspect="auto")
        ax.figure.colorbar(shown, ax=ax, label=self.name)
        for names, ticks in ((self.row_names, ax.set_yticks), (self.column_names, ax.set_xticks)):
            if len(names) <= 24:
                ticks(range(len(names)), names, fontsize=7)
        return ax


def pairwise(
    samples: Any,
    by: Comparer = "w2",
    *,
    other: Any = None,
    group: str | None = None,
    nearest: int | None = None,
    tolerance: float = 0.0,
    store: str | os.PathLike[str] | None = None,
    client: Any = None,
    shard: tuple[int, int] | None = None,
    tile: int | None = None,
    threads: int | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    errors: Errors = "raise",
    time_limit: float | None = None,
    progress: Progress = False,
) -> PairwiseResult | Nearest:
    """A discrepancy between all pairs of many samples: on all cores, on a Dask cluster, from a store that a later call goes on from.

    The values are the same bits however they are computed: at once, by any number of threads and workers, in shards, or over several
    calls.

    Parameters
    ----------
    samples
        Many samples: a list of arrays, tables or ``Samples``; a dict of them by name; an array of shape (k, n, d); one table with a
        ``group`` column; a folder, or a list of files (``.npy``, ``.csv``, ``.parquet``) with a sample in each; a Zarr group with a
        sample in each array; a Dask bag of samples, array of shape (k, n, d), or data frame with a ``group`` column. Files and Dask
        collections are read where the work is done.
    by
        A name that :func:`discrepancy` knows, such as ``w1``, ``w2``, ``sw2``, ``energy``, ``kl``; a ground cost, such as
        ``sqeuclidean``, for the cost of transport itself; or a function of two arrays of points.
    other
        A second set of samples; the result is then between the two sets.
    group
        The column of a table that tells its samples apart. They come in the order of its values.
    nearest
        Only the so many nearest of ``other`` (or of the other samples) to each sample, with the same answer as the whole matrix and
        fewer solves. The result is a :class:`Nearest`.
    tolerance
        The relative gap between the proven bounds of exact transport that is enough; 0 asks for the optimum.
    store
        A folder in which each tile is written when it is done, as an array of Zarr v3. A call that finds a store does what is missing;
        one with other samples or parameters is refused. Workers of a client write to it themselves, so that they need to see the folder.
    client
        A ``distributed.Client``: tiles are computed on its workers.
    shard
        (k, n) computes only the tiles of the k-th of n shards, k from 1, for job arrays over one store. The rest is ``not begun``
        until the other shards, or a call without ``shard``, have done it.
    tile
        Rows and columns of a tile; by default about a second of work. A store keeps the size that it began with.
    threads
        Threads of this process where there is no client; all cores by default.
    normalize
        Divide the weights of each sample by their sum first.
    missing
        ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
    errors
        ``"raise"`` stops at the first pair that has no value; ``"nan"`` puts NaN with the status ``failed``.
    time_limit
        Seconds after which no further tile is begun. What is left is ``not begun``, with a warning.
    progress
        True for a bar with the time left, or a function that receives a dict.

    Examples
    --------
    >>> import earthwork as ew
    >>> found = ew.pairwise([[[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 4.0]]], by="w2")
    >>> found.values
    array([[0., 5., 4.],
           [5., 0., 3.],
           [4., 3., 0.]])
    >>> ew.pairwise({"a": [[0.0], [1.0]]}, other={"b": [[2.0], [3.0]]}, by="cityblock").to_pandas().loc["a", "b"]
    np.float64(2.0)
    """
    method = method_of(by, tolerance, errors)
    rows = source("samples", samples, group, missing, normalize)
    columns = rows if other is None else _alike(source("other", other, group, missing, normalize), rows)
    for name, side in (("samples", rows), ("other", columns)):
        if not len(side):
            raise ValueError(f"{name}: at least one sample is needed")
    if shard is not None:
        shard = _shard(shard, store)
    if client is not None:
        from earthwork.scale.workers import checked

        checked(client)
        method.key  # refuses what cannot be sent
    if threads is not None and _inputs.count("threads", threads) < 1:
        raise ValueError("threads: it is 0, but at least 1 is needed")
    if nearest is not None:
        from earthwork.scale.nearest import find

        return find(method, rows, columns, nearest, store, client, shard, threads or cores(), time_limit, progress)
    own = columns is rows
    edge = edge_for(len(rows), len(columns), rows.points()) if tile is None else _inputs.count("tile", tile)
    if edge < 1:
        raise ValueError("tile: it is 0, but at least 1 is needed")
    grid = Grid(len(rows), len(columns), edge, own and method.symmetric)
    with Store(store, shard) if store is not None else nullcontext() as opened:
        if opened is not None:
            grid = opened.begin(recorded(method, rows, columns), grid, (rows.names, columns.names))
        return _computed(Plan(method, grid, rows, columns), opened, client, shard, threads or cores(), time_limit, progress)


def _alike(columns: Source, rows: Source) -> Source:
    """The second side with its columns in the order of the first, where both are at hand."""
    from earthwork.scale.source import InMemory

    if isinstance(columns, InMemory) and isinstance(rows, InMemory) and rows.given:
        like = rows.given[0]
        return InMemory([_inputs.matched(f"other[{k}]", one, "samples[0]", like) for k, one in enumerate(columns.given)], columns.names)
    return columns


def _shard(given: tuple[int, int], store: Any) -> tuple[int, int]:
    if store is None:
        raise ValueError("shard: it needs a `store`, in which the shards meet")
    try:
        k, n = (_inputs.count("shard", one) for one in given)
    except (TypeError, ValueError):
        raise ValueError(f"shard: it is {given!r}, but two whole numbers (k, n) are needed") from None
    if not 1 <= k <= n:
        raise ValueError(f"shard: it is {given!r}, but k of (k, n) is at least 1 and at most n")
    return k, n


def _computed(
    plan: Plan, store: Store | None, client: Any, shard: tuple[int, int] | None, threads: int, time_limit: float | None, progress: Progress
) -> PairwiseResult:
    grid, tiles = plan.grid, plan.grid.tiles()
    layers = np.full((4, grid.rows, grid.columns), np.nan)
    layers[1], layers[2], layers[3] = -np.inf, np.inf, NOT_BEGUN
    missing, damaged = tiles, 0
    if store is not None:
        missing, damaged = _found(store.path, grid, layers)
    done = len(tiles) - len(missing)
    absent = set(missing)
    mine = missing if shard is None else [at for at in tiles[shard[0] - 1 :: shard[1]] if at in absent]
    if store is not None and mine and not store.writable:
        raise PermissionError(f"store: {store.path} cannot be written to, and {len(mine)} of its {len(tiles)} tiles are missing")
    computed, late = 0, False

    def kept() -> str:
        if store is None:
            return "Nothing is kept without a `store`"
        return f"{done + computed} of {len(tiles)} tiles are in the store: call again to go on from there"

    with reporting(progress) as shown:
        todo = sum(map(grid.pairs, mine))
        clock = Clock(sum(map(grid.pairs, tiles)), todo, shown)
        jobs = tile_jobs(plan, mine)
        where = runner(plan, client, threads, jobs, kept)
        with (
            explained(store.path, kept) if store is not None else nullcontext(),
            closing(where.compute(jobs, store, grid, clock.within(time_limit))) as run,
        ):
            for job, made in run:
                computed, at = computed + 1, job.at
                made = store.read(grid, at) if made is None and store is not None else made
                if made is None:
                    raise RuntimeError(f"store: tile {at} was written by a worker and cannot be read here; do both see the same folder?")
                _put(layers, grid, at, made)
                clock.tell(grid.pairs(at))
        late = computed < len(mine)
    counts = np.bincount(layers[3].astype(np.int64).ravel(), minlength=len(STATUS))
    report = {
        "pairs": sum(map(grid.pairs, tiles)),
        "tiles": len(tiles),
        "found": done,
        "computed": computed,
        "damaged": damaged,
        "seconds": clock.seconds(),
        "status": {status: int(count) for status, count in zip(STATUS, counts, strict=True) if count},
    }
    if late or counts[NOT_CONVERGED]:
        ended("the pairs", "deadline" if late else "not converged")
    return PairwiseResult(plan.method.name, layers, (plan.rows.names, plan.columns.names), plan.own, report)


def _found(path: Path, grid: Grid, layers: Floats) -> tuple[list[tuple[int, int]], int]:
    """Reads what is in a store. Returns the tiles that are missing, and how many of them are there, but damaged."""
    missing, damaged = [], 0
    for at in grid.tiles():
        made, wrong = stores.read_tile(str(path), grid, at)
        damaged += wrong
        if made is None:
            missing.append(at)
        else:
            _put(layers, grid, at, made)
    return missing, damaged


def _put(layers: Floats, grid: Grid, at: tuple[int, int], made: Floats) -> None:
    rows, columns = grid.span(at[0]), grid.span(at[1], columns=True)
    layers[:, rows.start : rows.stop, columns.start : columns.stop] = made
    if grid.symmetric and at[0] != at[1]:
        layers[:, columns.start : columns.stop, rows.start : rows.stop] = made.transpose(0, 2, 1)


def open_pairwise(store: str | os.PathLike[str]) -> PairwiseResult:
    """What is in a store of :func:`pairwise`, also one that a run is still writing to. Pairs that are not there are ``not begun``.

    >>> import tempfile
    >>> import earthwork as ew
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = ew.pairwise([[[0.0]], [[2.0]]], by="w1", store=folder)
    ...     bool((ew.open_pairwise(folder).values == made.values).all())
    True
    """
    needed("zarr", "reading a store")
    path = Path(store)
    found = stores.parameters(path)
    if found is None:
        raise ValueError(f"store: {path} is not a store of `pairwise`")
    if found.get("format") != stores.FORMAT:
        raise ValueError(f"store: {path} has format {found.get('format')!r}, but this version reads {stores.FORMAT}")
    if found.get("nearest") is not None:
        raise ValueError(f"store: {path} holds the nearest {found['nearest']} of each sample; the call that made it reads it")
    rows, columns = stores.names_in(path)
    grid = Grid(len(rows), len(columns), int(found["tile"]), bool(found["symmetric"]))
    layers = np.full((4, grid.rows, grid.columns), np.nan)
    layers[1], layers[2], layers[3] = -np.inf, np.inf, NOT_BEGUN
    begun = Clock(0, 0, None)
    missing, damaged = _found(path, grid, layers)
    tiles = grid.tiles()
    counts = np.bincount(layers[3].astype(np.int64).ravel(), minlength=len(STATUS))
    report = {
        "pairs": sum(map(grid.pairs, tiles)),
        "tiles": len(tiles),
        "found": len(tiles) - len(missing),
        "computed": 0,
        "damaged": damaged,
        "seconds": begun.seconds(),
        "status": {status: int(count) for status, count in zip(STATUS, counts, strict=True) if count},
    }
    return PairwiseResult(str(found["name"]), layers, (rows, columns), found["other"] is None, report)
