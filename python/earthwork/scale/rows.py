"""Where rows come from, in pieces that can be read anywhere, and summed up there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from earthwork import _inputs
from earthwork._inputs import columns as columns_of
from earthwork._kinds import OnMissing
from earthwork._progress import Progress, reporting
from earthwork.scale.needs import needed
from earthwork.scale.pace import Clock, cores, on_threads

_ENDINGS = (".npy", ".csv", ".parquet", ".pq")
# Rows that are read at a time, and summaries that are merged at a time.
_ROWS, _MERGED = 2**18, 8


class Piece(NamedTuple):
    """Some rows: how they are read (or they themselves, or what Dask will make of them), and where they come from."""

    read: Any
    stream: int
    first: int


def pieces(data: Any) -> tuple[Iterable[Piece], bool, list[str] | None]:
    """The pieces of whatever has rows, whether Dask is to read them, and the columns of the first."""
    if isinstance(data, (str, os.PathLike)):
        found = _of_path(Path(data))
        return found, False, found[0].read.columns() if found else None
    if hasattr(data, "__dask_graph__") and hasattr(data, "to_delayed"):
        return _of_dask(data), True, columns_of(data)
    if isinstance(data, _inputs.Samples):
        return [Piece(data.points, 0, 0)], False, None
    if columns_of(data) is not None or hasattr(data, "__array__") or hasattr(data, "X"):
        return _sliced(data), False, columns_of(data)
    if isinstance(data, (list, tuple)) and not (len(data) and (columns_of(data[0]) is not None or np.ndim(data[0]) == 2)):
        return _sliced(np.asarray(_inputs.points("data", data))), False, None
    chunks = _of_chunks(data)
    first = next(chunks, None)
    return ([] if first is None else chain([first], chunks)), False, None if first is None else columns_of(first.read)


def _sliced(data: Any) -> Iterator[Piece]:
    n = data.n_obs if hasattr(data, "n_obs") else len(data) if not hasattr(data, "num_rows") else data.num_rows
    for first in range(0, n, _ROWS):
        last = min(first + _ROWS, n)
        if hasattr(data, "iloc"):
            part = data.iloc[first:last]
        elif hasattr(data, "num_rows") or hasattr(data, "slice"):
            part = data.slice(first, last - first)
        else:
            part = data[first:last]
        yield Piece(part, 0, first)


def _of_chunks(data: Any) -> Iterator[Piece]:
    first = 0
    try:
        chunks = iter(data)
    except TypeError:
        raise TypeError(f"data: rows, chunks of rows, a path or a Dask collection are needed, not {type(data).__name__}") from None
    for one in chunks:
        yield Piece(one, 0, first)
        first += one.num_rows if hasattr(one, "num_rows") else len(one)


def _of_path(path: Path) -> list[Piece]:
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix.lower() in _ENDINGS and one.is_file())
        if not files:
            raise ValueError(f"data: the folder {path} holds no files that end in {', '.join(_ENDINGS)}")
    elif path.is_file():
        files = [path]
    else:
        raise ValueError(f"data: there is no file or folder {path}")
    return [piece for stream, file in enumerate(files) for piece in _of_file(str(file), stream)]


def _of_file(path: str, stream: int) -> list[Piece]:
    ending = Path(path).suffix.lower()
    if ending == ".npy":
        rows = len(np.load(path, mmap_mode="r"))
        return [Piece(Npy(path, first, min(first + _ROWS, rows)), stream, first) for first in range(0, rows, _ROWS)]
    if ending == ".csv":
        return [Piece(Csv(path), stream, 0)]
    if ending in (".parquet", ".pq"):
        meta = needed("pyarrow.parquet", f"reading {path}").ParquetFile(path).metadata
        sizes = [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]
        return [Piece(RowGroup(path, k), stream, sum(sizes[:k])) for k in range(len(sizes))]
    raise ValueError(f"data: {path} is none of {', '.join(_ENDINGS)}")


class Npy(NamedTuple):
    """Rows of a ``.npy`` file."""

    path: str
    first: int
    last: int

    def chunks(self) -> Iterator[Any]:
        """The rows."""
        yield np.load(self.path, mmap_mode="r")[self.first : self.last]

    def columns(self) -> None:
        """They have no names."""


class Csv(NamedTuple):
    """A ``.csv`` file."""

    path: str

    def chunks(self) -> Iterator[Any]:
        """Its rows, some at a time."""
        try:
            import pandas
        except ImportError as why:
            raise ImportError(f'{self.path}: CSV files are read by pandas: pip install "earthwork[tables]"') from why
        yield from pandas.read_csv(self.path, chunksize=_ROWS)

    def columns(self) -> list[str]:
        """Their names."""
        import pandas

        return list(map(str, pandas.read_csv(self.path, nrows=0).columns))


class RowGroup(NamedTuple):
    """A row group of a Parquet file."""

    path: str
    number: int

    def chunks(self) -> Iterator[Any]:
        """Its rows, some at a time."""
        import pyarrow
        import pyarrow.parquet

        for batch in pyarrow.parquet.ParquetFile(self.path).iter_batches(_ROWS, row_groups=[self.number]):
            yield pyarrow.Table.from_batches([batch])

    def columns(self) -> list[str]:
        """Their names."""
        import pyarrow.parquet

        return list(pyarrow.parquet.ParquetFile(self.path).schema_arrow.names)


def _of_dask(data: Any) -> list[Piece]:
    if columns_of(data) is not None:
        return [Piece(part, stream, 0) for stream, part in enumerate(data.to_delayed())]
    if not hasattr(data, "chunks"):
        raise TypeError("data: a Dask array of rows or a data frame is needed, not a bag; `bag.to_dataframe()` makes one")
    if data.ndim not in (1, 2):
        raise ValueError(f"data: it has {data.ndim} dimensions; rows are an array of shape (n, d)")
    whole = data if data.ndim == 1 else data.rechunk({1: -1})
    parts, sizes = whole.to_delayed().ravel().tolist(), list(whole.chunks[0])
    if any(size != size for size in sizes):
        return [Piece(part, stream, 0) for stream, part in enumerate(parts)]
    return [Piece(part, 0, int(sum(sizes[:k]))) for k, part in enumerate(parts)]


def summed(begun: Any, like: list[str] | None, read: Any, stream: int, first: int, missing: OnMissing) -> Any:
    """The summary of a piece."""
    made = begun.copy()
    made.like = like
    for one in read.chunks() if hasattr(read, "chunks") and hasattr(read, "path") else [read]:
        before = made.count + made.left_out
        made.push(one, missing=missing, stream=stream, first=first + before)
    return made


def merged(begun: Any, some: list[Any]) -> Any:
    """One summary of several."""
    made = begun.copy()
    for one in some:
        made.absorb(one)
    return made


def through_threads(begun: Any, found: Iterable[Piece], like: list[str] | None, missing: OnMissing, threads: int | None, progress: Progress) -> Any:
    """On threads of this process."""
    if threads is not None and _inputs.count("threads", threads) < 1:
        raise ValueError("threads: it is 0, but at least 1 is needed")
    count = len(found) if isinstance(found, list) else 0
    made = begun.copy()
    with reporting(progress) as shown:
        clock = Clock(count, count, shown, "pieces")
        work: Callable[[Piece], Any] = lambda piece: summed(begun, like, *piece, missing)  # noqa: E731
        for _, one in on_threads(found, threads or cores(), work, lambda: True):
            made.absorb(one)
            clock.tell(1)
    return made


def through_dask(begun: Any, found: Iterable[Piece], like: list[str] | None, missing: OnMissing, client: Any) -> Any:
    """On a client, or on Dask's own scheduler: partitions are summed up where they are, and summaries merged in a tree."""
    dask = needed("dask", "client=")
    held = dask.delayed(begun, pure=False)
    tree = [dask.delayed(summed, pure=False)(held, like, piece.read, piece.stream, piece.first, missing) for piece in found]
    while len(tree) > 1:
        tree = [dask.delayed(merged, pure=False)(held, tree[k : k + _MERGED]) for k in range(0, len(tree), _MERGED)]
    if not tree:
        return begun
    if client is None:
        return dask.compute(tree[0])[0]
    from earthwork.scale.workers import Workers

    workers = Workers(client, lambda: "Summaries keep no store", "partition", "give workers more of it, or make partitions smaller")
    with workers.explained():
        return client.compute(tree[0]).result()
