"""Tables (pandas, polars, pyarrow, and what has columns like them) as numbers, with the names of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from earthwork._arrays import Floats, Mask, Missing, Place, Read, read


def columns(table: Any) -> list[str] | None:
    """The names of the columns of a table; none for an array."""
    if isinstance(table, np.ndarray):
        return None
    if hasattr(table, "column_names"):  # pyarrow
        return [str(name) for name in table.column_names]
    names = getattr(table, "columns", None)
    if names is None or callable(names) or isinstance(names, str) or not hasattr(names, "__len__"):
        return None
    return [str(name) for name in names]


def read_table(name: str, table: Any) -> Read:
    """The columns of a table as those of an array."""
    labels = list(table.column_names) if hasattr(table, "column_names") else list(table.columns)
    if not labels:
        raise ValueError(f"{name}: the table has no columns")
    found = [_column(name, _series(table, k, label), label) for k, label in enumerate(labels)]
    values: Floats = np.ascontiguousarray(np.stack([one.values for one in found], axis=1))
    missing: Mask | None = None
    if any(one.missing is not None for one in found):
        shape = len(values)
        missing = np.stack([np.zeros(shape, bool) if one.missing is None else one.missing for one in found], axis=1)
    what = next((one.what for one in found if one.missing is not None), "")
    return Read(values, missing, what, max(one.eps for one in found))


def _series(table: Any, k: int, label: Any) -> Any:
    """A column by its place: two columns may have one name."""
    if hasattr(table, "iloc"):
        return table.iloc[:, k]
    return table.column(k) if hasattr(table, "column_names") else table[label]


def _column(name: str, series: Any, label: Any) -> Read:
    """One column."""
    place: Place = lambda index: f"row {index[0]}, column {str(label)!r}"  # noqa: E731
    try:
        found = read(name, series, place)
    except Missing:
        raise
    except TypeError as why:
        kind = getattr(series, "dtype", getattr(series, "type", "of an unknown type"))
        raise TypeError(f"{name}: column {str(label)!r} holds no numbers ({kind}): {str(why).removeprefix(f'{name}: ')}") from None
    if found.values.ndim != 1:
        raise TypeError(f"{name}: column {str(label)!r} holds no numbers, but arrays of shape {found.values.shape[1:]}")
    return found


def order(name: str, found: Sequence[str], other: str, wanted: Sequence[str]) -> list[int] | None:
    """Where the wanted columns are among those found, or None where they are in that order; ValueError where they are others."""
    if list(found) == list(wanted):
        return None
    odd = sorted(set(found).symmetric_difference(wanted))
    if odd:
        only = ", ".join(map(repr, odd[:8])) + (f" and {len(odd) - 8} more" if len(odd) > 8 else "")
        raise ValueError(f"{name}: its columns are not those of {other}; only one table has {only}")
    twice = next((column for column in found if list(found).count(column) != 1), None)
    if twice is not None or len(found) != len(wanted):
        raise ValueError(f"{name}: its columns are not those of {other} in order, and {twice!r} occurs more than once")
    places = {column: k for k, column in enumerate(found)}
    return [places[column] for column in wanted]
