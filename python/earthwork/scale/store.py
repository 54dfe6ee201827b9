"""Tiles in a Zarr v3 group: one file a tile, written whole or not at all, with a checksum."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.scale.grid import Grid
from earthwork.scale.method import QUANTITIES, Method
from earthwork.scale.needs import needed
from earthwork.scale.source import Source

FORMAT = 1
"""Of what a store holds; a store of another format is refused."""

_LOCK = ".earthwork.lock"
_OURS = {"zarr.json", "pairs", "quantity", "row", "column"}


def recorded(method: Method, rows: Source, columns: Source, **more: Any) -> dict[str, Any]:
    """What a store must have been made by to go on from."""
    return {
        "format": FORMAT,
        "version": _native.__version__,
        "by": method.key,
        "name": method.name,
        "tolerance": method.tolerance,
        "errors": method.errors,
        "samples": f"{len(rows)} of fingerprint {rows.fingerprint()}",
        "nearest": None,
        "other": None if columns is rows else f"{len(columns)} of fingerprint {columns.fingerprint()}",
        **more,
    }


class Busy(RuntimeError):
    """Another run is at work on the store."""


class Lock:
    """Held by a run for as long as its process lives; a process that is killed holds nothing.

    Shards hold it together, each its own besides; a run that is not a shard holds it alone.
    """

    def __init__(self, folder: Path, shard: tuple[int, int] | None) -> None:
        self._open: list[int] = []
        self._folder = folder
        try:
            self._take(folder / _LOCK, alone=shard is None)
            if shard is not None:
                self._take(folder / f"{_LOCK}.{shard[0]}-of-{shard[1]}", alone=True)
        except BaseException:
            self.release()
            raise

    def _take(self, path: Path, alone: bool) -> None:
        import fcntl

        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        self._open.append(held)
        try:
            fcntl.flock(held, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as why:
            if why.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            holder = os.read(held, 200).decode(errors="replace").strip() or "another process"
            raise Busy(
                f"store: another run is at work on {self._folder} ({holder}); wait for it, or let each run do a `shard`"
            ) from None
        with contextlib.suppress(OSError):  # a full disk: who holds the lock is only for the message
            os.ftruncate(held, 0)
            os.pwrite(held, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)

    def release(self) -> None:
        """Lets other runs in."""
        for held in self._open:
            os.close(held)
        self._open.clear()


@contextlib.contextmanager
def explained(folder: Path, done: Callable[[], str] | None = None) -> Iterator[None]:
    """Errors of the file system, with what to do."""
    try:
        yield
    except OSError as why:
        kept = f"{done()}; nothing that was written is lost" if done else "nothing was written"
        if why.errno in (errno.ENOSPC, errno.EDQUOT):
            text = f"store: there is no space left for {folder} ({kept}): make room and call again"
        elif why.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            text = f"store: {folder} cannot be written to ({os.strerror(why.errno)}; {kept})"
        else:
            raise
        raise OSError(why.errno, text) from None


class Store:
    """The tiles of one matrix."""

    def __init__(self, path: Any, shard: tuple[int, int] | None = None) -> None:
        needed("zarr", "store=")
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"store: the path of a folder is needed, not {type(path).__name__}")
        self.path = Path(path)
        self.writable = True
        self._lock: Lock | None = None
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"store: {self.path} is a file, but a folder is needed")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.path, shard)
        except OSError as why:
            if why.errno not in (errno.EROFS, errno.EACCES, errno.EPERM) or not (self.path / "zarr.json").exists():
                with explained(self.path):
                    raise
            self.writable = False  # what is complete can be read all the same

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets other runs in."""
        if self._lock is not None:
            self._lock.release()

    def begin(self, wanted: dict[str, Any], grid: Grid, names: tuple[Sequence[str], Sequence[str]]) -> Grid:
        """Opens what is there for these parameters, or makes it new. Returns the grid with the tiles of the store."""
        with self._alone():
            return self._begun(wanted, grid, names)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Of several shards that begin at the same time, one makes the store."""
        if not self.writable:
            yield
            return
        import fcntl

        with explained(self.path):
            held = os.open(self.path / f"{_LOCK}.make", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)

    def _begun(self, wanted: dict[str, Any], grid: Grid, names: tuple[Sequence[str], Sequence[str]]) -> Grid:
        found = parameters(self.path)
        if found is None:
            strange = sorted({one.name for one in self.path.iterdir() if not one.name.startswith(_LOCK)} - _OURS)
            if strange:
                raise ValueError(f"store: {self.path} holds something else ({strange[0]!r}); give a new or an empty folder")
            with explained(self.path):
                self._make(wanted, grid, names)
            return grid
        differs = [
            f"{key} was {_brief(found.get(key))}, and is {_brief(value)}" for key, value in wanted.items() if found.get(key) != value
        ]
        if differs:
            raise ValueError(f"store: {self.path} was made by another call: {'; '.join(differs)}. Give another folder")
        return grid._replace(edge=int(found["tile"]))

    def _make(self, wanted: dict[str, Any], grid: Grid, names: tuple[Sequence[str], Sequence[str]]) -> None:
        import zarr
        from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec

        root = zarr.create_group(self.path, zarr_format=3, overwrite=False) if not (self.path / "zarr.json").exists() else zarr.open_group(
            self.path, mode="r+"
        )
        root.create_array(
            "pairs",
            shape=(len(QUANTITIES), grid.rows, grid.columns),
            chunks=(len(QUANTITIES), grid.edge, grid.width or grid.edge),
            dtype="float64",
            fill_value=np.nan,
            serializer=BytesCodec(),
            compressors=[ZstdCodec(level=1), Crc32cCodec()],
            dimension_names=("quantity", "row", "column"),
            overwrite=True,
        )
        root.attrs["names"] = {"quantity": list(QUANTITIES), "row": list(names[0]), "column": list(names[1])}
        root.attrs["earthwork"] = {**wanted, "tile": grid.edge, "symmetric": grid.symmetric}  # last: without it there is no store

    def read(self, grid: Grid, tile: tuple[int, int]) -> Floats | None:
        """A tile; None where it was not computed, or is damaged."""
        return read_tile(str(self.path), grid, tile)[0]


def parameters(path: Path) -> dict[str, Any] | None:
    """What a store was made by."""
    try:
        attributes = json.loads((path / "zarr.json").read_text()).get("attributes", {})
    except (OSError, ValueError):
        return None
    found = attributes.get("earthwork")
    return found if isinstance(found, dict) else None


def names_in(path: Path) -> tuple[list[str], list[str]]:
    """The names of the rows and the columns of a store."""
    names = json.loads((path / "zarr.json").read_text())["attributes"]["names"]
    return names["row"], names["column"]


@lru_cache(maxsize=4)
def _array(path: str, inode: int) -> Any:
    import zarr

    return zarr.open_array(path, path="pairs", mode="r+", zarr_format=3)


def _opened(path: str) -> Any:
    """The array of tiles, opened once in a process for as long as it is that array."""
    return _array(path, os.stat(os.path.join(path, "pairs")).st_ino)


def _where(grid: Grid, tile: tuple[int, int]) -> tuple[slice, slice, slice]:
    rows, columns = grid.span(tile[0]), grid.span(tile[1], columns=True)
    return slice(None), slice(rows.start, rows.stop), slice(columns.start, columns.stop)


def read_tile(path: str, grid: Grid, tile: tuple[int, int]) -> tuple[Floats | None, bool]:
    """A tile, and whether it is damaged; None where there is none that can be used."""
    array = _opened(path)
    try:
        found: Floats = np.asarray(array[_where(grid, tile)])
    except (ValueError, RuntimeError, TypeError, EOFError):  # what codecs raise where bytes are not those that were written
        return None, True
    if np.isnan(found[3]).any():
        return None, bool(np.isfinite(found[3]).any())
    return found, False


def write_tile(path: str, grid: Grid, tile: tuple[int, int], made: Floats) -> None:
    """Writes a tile: to a file of its own first, which then takes its name."""
    _opened(path)[_where(grid, tile)] = made


def _brief(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
