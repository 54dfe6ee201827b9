"""Tiles in a Zarr v3 group: one file a tile, written whole or not at all, with a checksum."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.scale.folder import Folder, explained
from earthwork.scale.grid import Grid
from earthwork.scale.method import QUANTITIES, Method
from earthwork.scale.needs import needed
from earthwork.scale.source import Source

FORMAT = 1
"""Of what a store holds; a store of another format is refused."""


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


class Store(Folder):
    """The tiles of one matrix."""

    mark = "zarr.json"
    ours = frozenset({"zarr.json", "pairs", "quantity", "row", "column"})

    def __init__(self, path: Any, shard: tuple[int, int] | None = None) -> None:
        needed("zarr", "store=")
        super().__init__(path, shard)

    def begin(self, wanted: dict[str, Any], grid: Grid, names: tuple[Sequence[str], Sequence[str]]) -> Grid:
        """Opens what is there for these parameters, or makes it new. Returns the grid with the tiles of the store."""
        with self.alone():
            found = parameters(self.path)
            if found is None:
                self.nothing_else()
                with explained(self.path):
                    self._make(wanted, grid, names)
                return grid
            self.same(found, wanted)
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
