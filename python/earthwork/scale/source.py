"""Many samples, wherever they are: in memory, in files, in Zarr, in Dask."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import columns as columns_of
from earthwork._kinds import OnMissing
from earthwork.scale.needs import needed

Samples = _native.Samples

_ENDINGS = (".npy", ".csv", ".parquet", ".pq")


class Source:
    """Samples with names, of which some can be had at a time. ``part`` can be sent to another process."""

    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    def load(self) -> list[Samples]:
        """All of them."""
        raise NotImplementedError

    def part(self, places: range) -> Source:
        """Those at these places."""
        raise NotImplementedError

    def fingerprint(self) -> str:
        """Differs where the samples do."""
        raise NotImplementedError

    def points(self) -> int:
        """How many points a sample has, at most, as far as that is known without reading all."""
        return 50

    def on(self, client: Any, blocks: Sequence[range]) -> list[Any]:
        """A future of the samples of each block."""
        return [client.submit(_load, self.part(block), pure=False) for block in blocks]


def _load(part: Source) -> list[Samples]:
    return part.load()


class InMemory(Source):
    """Samples that are at hand."""

    def __init__(self, given: list[Samples], names: list[str]) -> None:
        self.given, self.names = given, names

    def load(self) -> list[Samples]:
        return self.given

    def part(self, places: range) -> InMemory:
        return InMemory(self.given[places.start : places.stop], self.names[places.start : places.stop])

    def fingerprint(self) -> str:
        return digest(self.given)

    def points(self) -> int:
        return max(map(len, self.given), default=0)


def digest(samples: Sequence[Samples]) -> str:
    """Differs where points, weights or names of columns do."""
    found = hashlib.blake2b(digest_size=16)
    for one in samples:
        points, weights = one.points, one.weights
        found.update(repr((points.shape, one.columns)).encode())
        found.update(np.ascontiguousarray(points).data)
        found.update(np.ascontiguousarray(weights).data)
    return found.hexdigest()


class Files(Source):
    """A sample in each file."""

    def __init__(self, paths: list[str], missing: OnMissing, like: list[str] | None = None) -> None:
        self.paths, self.missing = paths, missing
        stems = [Path(path).stem for path in paths]
        self.names = stems if len(set(stems)) == len(stems) else list(paths)
        self.like = like

    def load(self) -> list[Samples]:
        return [self._read(path) for path in self.paths]

    def _read(self, path: str) -> Samples:
        made = _inputs.sample(path, read_file(path), missing=self.missing)
        if self.like is None or made.columns is None:
            return made
        turned = _inputs.order(path, made.columns, "the first file", self.like)
        return made if turned is None else made.reordered(turned)

    def part(self, places: range) -> Files:
        return Files(self.paths[places.start : places.stop], self.missing, self.like)

    def fingerprint(self) -> str:
        found = hashlib.blake2b(digest_size=16)
        for path in self.paths:
            with open(path, "rb") as file:
                while chunk := file.read(1 << 20):
                    found.update(chunk)
                found.update(file.tell().to_bytes(8, "little"))
        return found.hexdigest()

    def points(self) -> int:
        return len(self._read(self.paths[0]))


def read_file(path: str) -> Any:
    """The points of a file, as an array or a table."""
    ending = Path(path).suffix.lower()
    if ending == ".npy":
        return np.load(path)
    if ending == ".csv":
        try:
            import pandas
        except ImportError as why:
            raise ImportError(f'{path}: CSV files are read by pandas: pip install "earthwork[tables]"') from why
        return pandas.read_csv(path)
    if ending in (".parquet", ".pq"):
        return needed("pyarrow.parquet", f"reading {path}").read_table(path)
    raise ValueError(f"samples: {path} is none of {', '.join(_ENDINGS)}")


class ZarrGroup(Source):
    """A sample in each array of a Zarr group."""

    def __init__(self, path: str, names: list[str], missing: OnMissing) -> None:
        self.path, self.names, self.missing = path, names, missing

    def load(self) -> list[Samples]:
        import zarr

        group = zarr.open_group(self.path, mode="r")
        return [_inputs.sample(f"samples[{name!r}]", np.asarray(group[name][:]), missing=self.missing) for name in self.names]

    def part(self, places: range) -> ZarrGroup:
        return ZarrGroup(self.path, self.names[places.start : places.stop], self.missing)

    def fingerprint(self) -> str:
        return digest(self.load())

    def points(self) -> int:
        return len(self.part(range(1)).load()[0])


class Partitions(Source):
    """Samples that are partitions of a Dask collection, or groups of its rows; they are read where the work is done."""

    def __init__(self, delayed: list[Any], pieces: list[list[tuple[int, Any]]], names: list[str], token: str, missing: OnMissing) -> None:
        # Where the points of each sample are: partitions, and the place or the group in each.
        self.delayed, self.pieces, self.names, self.token, self.missing = delayed, pieces, names, token, missing

    def load(self) -> list[Samples]:
        import dask

        wanted = sorted({k for pieces in self.pieces for k, _ in pieces})
        found = dict(zip(wanted, dask.compute(*(self.delayed[k] for k in wanted), scheduler="synchronous"), strict=True))
        return _assembled(self.pieces, self.names, self.missing, wanted, *(found[k] for k in wanted))

    def part(self, places: range) -> Partitions:
        here = slice(places.start, places.stop)
        return Partitions(self.delayed, self.pieces[here], self.names[here], self.token, self.missing)

    def fingerprint(self) -> str:
        return self.token

    def on(self, client: Any, blocks: Sequence[range]) -> list[Any]:
        partitions = client.compute(self.delayed)
        made = []
        for block in blocks:
            pieces = self.pieces[block.start : block.stop]
            wanted = sorted({k for some in pieces for k, _ in some})
            names = self.names[block.start : block.stop]
            made.append(client.submit(_assembled, pieces, names, self.missing, wanted, *(partitions[k] for k in wanted), pure=False))
        return made


def _assembled(pieces: Any, names: list[str], missing: OnMissing, wanted: list[int], *partitions: Any) -> list[Samples]:
    at = dict(zip(wanted, partitions, strict=True))
    made = []
    for name, parts in zip(names, pieces, strict=True):
        found = [at[k][place] for k, place in parts]
        if len(found) == 1:
            made.append(_inputs.sample(f"samples[{name!r}]", found[0], missing=missing))
            continue
        if columns_of(found[0]) is not None:
            import pandas

            made.append(_inputs.sample(f"samples[{name!r}]", pandas.concat(found), missing=missing))
        else:
            made.append(_inputs.sample(f"samples[{name!r}]", np.concatenate(found), missing=missing))
    return made


def source(name: str, given: Any, group: str | None, missing: OnMissing, normalize: bool) -> Source:
    """Whatever holds many samples."""
    if isinstance(given, Source):
        return given
    if _is_dask(given):
        return _of_dask(name, given, group, missing)
    if group is not None:
        return _groups(name, given, group, missing)
    if isinstance(given, (str, os.PathLike)):
        return _folder(name, Path(given), missing)
    if isinstance(given, Mapping):
        return InMemory(_checked(name, list(given.values()), missing, normalize), [str(key) for key in given])
    if columns_of(given) is not None or hasattr(given, "obs"):
        raise ValueError(f"{name}: a table holds one sample; say which column tells samples apart by `group`")
    if hasattr(given, "ndim") and given.ndim not in (2, 3):
        raise ValueError(f"{name}: it has {given.ndim} dimensions; an array of samples has shape (k, n, d), or (k, n) on the line")
    if not hasattr(given, "__len__"):
        given = list(given)
    if len(given) and all(isinstance(one, (str, os.PathLike)) for one in given):
        return _files(name, [os.fspath(one) for one in given], missing)
    return InMemory(_checked(name, given, missing, normalize), [str(k) for k in range(len(given))])


def _checked(name: str, given: Sequence[Any], missing: OnMissing, normalize: bool) -> list[Samples]:
    return _inputs.several(name, given, missing=missing, normalize=normalize)


def _files(name: str, paths: list[str], missing: OnMissing) -> Files:
    absent = next((path for path in paths if not os.path.isfile(path)), None)
    if absent is not None:
        raise ValueError(f"{name}: there is no file {absent}")
    wrong = next((path for path in paths if Path(path).suffix.lower() not in _ENDINGS), None)
    if wrong is not None:
        raise ValueError(f"{name}: {wrong} is none of {', '.join(_ENDINGS)}")
    return Files(paths, missing, columns_of(read_file(paths[0])))


def _folder(name: str, folder: Path, missing: OnMissing) -> Source:
    if not folder.is_dir():
        raise ValueError(f"{name}: there is no folder {folder}")
    if any((folder / marker).exists() for marker in ("zarr.json", ".zgroup", ".zarray")):
        zarr = needed("zarr", f"reading {folder}")
        opened = zarr.open(folder, mode="r")
        if not hasattr(opened, "array_keys"):
            return source(name, np.asarray(opened[:]), None, missing, False)
        names = sorted(opened.array_keys())
        if not names:
            raise ValueError(f"{name}: the Zarr group {folder} has no arrays")
        return ZarrGroup(str(folder), names, missing)
    paths = sorted(str(one) for one in folder.iterdir() if one.suffix.lower() in _ENDINGS)
    if not paths:
        raise ValueError(f"{name}: the folder {folder} holds no files that end in {', '.join(_ENDINGS)}")
    return _files(name, paths, missing)


def _groups(name: str, table: Any, group: str, missing: OnMissing) -> InMemory:
    """A sample for each value of a column, in their order."""
    if hasattr(table, "obs") and hasattr(table, "X"):  # anndata
        labels, rest = table.obs, table.X
        labels = labels[group] if group in labels.columns else None
    else:
        names = columns_of(table)
        if names is None:
            raise TypeError(f"group: it names a column, but {name} is not a table")
        labels, rest = (table[group], _without(table, group)) if group in names else (None, None)
    if labels is None:
        raise ValueError(f"group: {name} has no column {group!r}")
    values, codes = _codes(name, group, labels)
    whole = _inputs.sample(name, rest, missing=missing)
    if whole.left_out:
        codes = codes[~_inputs.absent(name, rest)]
    points, order = whole.points, np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(values) + 1))
    made = []
    for k, value in enumerate(values):
        rows = order[ends[k] : ends[k + 1]]
        if not len(rows):
            raise ValueError(f"{name}: a value is missing in each row of group {value!r}, so that none is left")
        made.append(Samples(np.ascontiguousarray(points[rows]), None, (name, "weights"), whole.columns))
    return InMemory(made, values)


def _without(table: Any, column: str) -> Any:
    if hasattr(table, "drop_columns"):  # pyarrow
        return table.drop_columns([column])
    return table.drop(columns=[column]) if hasattr(table, "iloc") else table.drop(column)


def _codes(name: str, group: str, labels: Any) -> tuple[list[str], Any]:
    """The values of a column in their order, and which of them each row has."""
    plain = np.asarray(labels.to_pylist() if hasattr(labels, "to_pylist") else labels, dtype=object)
    absent = np.array([one is None or one != one for one in plain], dtype=bool)
    if absent.any():
        raise ValueError(f"group: row {int(np.flatnonzero(absent)[0])} of {name} has no value in column {group!r}")
    distinct = sorted_values(set(plain.tolist()))
    place = {value: k for k, value in enumerate(distinct)}
    return [str(value) for value in distinct], np.array([place[one] for one in plain.tolist()], dtype=np.int64)


def sorted_values(values: set[Any]) -> list[Any]:
    """In their order, or in that of their texts where they have none."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=str)


def _is_dask(given: Any) -> bool:
    return hasattr(given, "__dask_graph__") and hasattr(given, "to_delayed")


def _of_dask(name: str, given: Any, group: str | None, missing: OnMissing) -> Source:
    import dask

    token = str(dask.base.tokenize(given))
    if columns_of(given) is not None:
        if group is None:
            raise ValueError(f"{name}: a table holds one sample; say which column tells samples apart by `group`")
        if group not in list(map(str, given.columns)):
            raise ValueError(f"group: {name} has no column {group!r}")
        split = [dask.delayed(_split)(part, group, name) for part in given.to_delayed()]
        seen = dask.compute(*(dask.delayed(list)(part) for part in split))
        values = sorted_values({value for some in seen for value in some})
        pieces = [[(k, value) for k, some in enumerate(seen) if value in some] for value in values]
        return Partitions(split, pieces, [str(value) for value in values], f"{token}-{group}", missing)
    if hasattr(given, "chunks"):
        if given.ndim != 3:
            raise ValueError(f"{name}: it has {given.ndim} dimensions; a dask array of samples has shape (k, n, d)")
        if any(size != size for size in given.shape):
            raise ValueError(f"{name}: the sizes of its chunks are not known; call `compute_chunk_sizes()` first")
        whole = given.rechunk({1: -1, 2: -1})
        parts, sizes = whole.to_delayed()[:, 0, 0].tolist(), list(whole.chunks[0])
    else:
        parts = [dask.delayed(list)(part) for part in given.to_delayed()]
        sizes = list(dask.compute(*(dask.delayed(len)(part) for part in parts)))
    pieces = [[(k, place)] for k, size in enumerate(sizes) for place in range(size)]
    return Partitions(parts, pieces, [str(k) for k in range(len(pieces))], token, missing)


def _split(part: Any, group: str, name: str) -> dict[Any, Any]:
    """The rows of each group of a partition."""
    if part[group].isna().any():
        raise ValueError(f"group: a row of {name} has no value in column {group!r}")
    return {value: rows.drop(columns=[group]) for value, rows in part.groupby(group, observed=True, sort=False)}


def source_of(by: Any) -> str:
    """What tells a function from others, in the parameters of a store; a name is itself."""
    if isinstance(by, str):
        return by
    name = f"{getattr(by, '__module__', '')}.{getattr(by, '__qualname__', repr(type(by)))}"
    try:
        return f"{name}\n{inspect.getsource(by)}"
    except (OSError, TypeError):
        return name
