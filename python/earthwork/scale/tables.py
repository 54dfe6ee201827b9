"""Chunks of rows: their columns of numbers as an array, the others as they are."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from earthwork import _inputs
from earthwork._inputs import Floats
from earthwork._kinds import OnMissing


class Chunk(NamedTuple):
    """Some rows."""

    rows: Floats
    """Of the columns of numbers, of shape (n, d)."""
    others: dict[str, list[str]]
    """The columns of categories, as text."""
    names: list[str] | None
    """Of the columns of numbers, where the rows are those of a table."""
    left_out: int
    places: Any = None
    """Where the rows were among those given, of which some were left out."""


def chunk(name: str, given: Any, missing: OnMissing) -> Chunk:
    """Rows of an array or a table, checked."""
    names = None if isinstance(given, _inputs.Samples) else _inputs.columns(given)
    if names is None:
        rows, left_out, places = _rows(name, given, missing)
        return Chunk(rows, {}, given.columns if isinstance(given, _inputs.Samples) else None, left_out, places)
    words = [one for one in names if _is_words(given, one)]
    numbers = [one for one in names if one not in words]
    if not words:
        rows, left_out, places = _rows(name, given, missing)
        return Chunk(rows, {}, numbers, left_out, places)
    others = {one: _texts(given, one) for one in words}
    absent = np.zeros(len(next(iter(others.values()))), dtype=bool)
    for one, values in others.items():
        gone = np.array([value is None for value in values], dtype=bool)
        if gone.any() and missing == "error":
            raise _inputs.Missing(f"{name}: row {int(np.flatnonzero(gone)[0])}, column {one!r} is missing; missing=\"drop\" leaves such rows out")
        absent |= gone
    rows = np.empty((len(absent), 0))
    if numbers:
        part = given.select(numbers) if hasattr(given, "select") and not hasattr(given, "iloc") else given[numbers]
        if missing == "drop":
            absent |= _inputs.absent(name, part)
            keep = ~absent
            rows = np.empty((0, len(numbers))) if not keep.any() else _finite(name, _inputs.points(name, _taken(part, keep)))
        else:
            rows = _finite(name, _inputs.points(name, part))
    kept = np.flatnonzero(~absent)
    if absent.any():
        others = {one: [values[k] for k in kept.tolist()] for one, values in others.items()}
        rows = rows if numbers else np.empty((len(kept), 0))
    return Chunk(rows, others, numbers, int(absent.sum()), kept if absent.any() else None)


def _rows(name: str, given: Any, missing: OnMissing) -> tuple[Floats, int, Any]:
    if missing == "error" or isinstance(given, _inputs.Samples):
        return _finite(name, _inputs.points(name, given)), 0, None
    absent = _inputs.absent(name, given)
    if not absent.any():
        return _finite(name, _inputs.points(name, given)), 0, None
    if absent.all():
        return np.empty((0, np.shape(given)[1] if np.ndim(given) == 2 else 1)), len(absent), np.empty(0, dtype=np.int64)
    made = _inputs.sample(name, given, missing=missing)
    return _finite(name, made.points), made.left_out, np.flatnonzero(~absent)


def _finite(name: str, rows: Floats) -> Floats:
    wrong = ~np.isfinite(rows)
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        value = rows[row, column]
        if np.isnan(value):
            raise _inputs.Missing(f"{name}: entry ({row}, {column}) is NaN, which is not a number; missing=\"drop\" leaves such rows out")
        raise ValueError(f"{name}: entry ({row}, {column}) is {value}, but it must be finite")
    return rows


def _taken(part: Any, keep: Any) -> Any:
    if hasattr(part, "iloc"):
        return part[keep]
    return part.filter(keep)


def _is_words(table: Any, column: str) -> bool:
    """Whether a column holds categories: text, or what a library calls categorical."""
    if hasattr(table, "iloc") and column not in table.columns:
        return False  # labels that are no text
    kind = str(table.schema.field(column).type if hasattr(table, "schema") and hasattr(table.schema, "field") else table[column].dtype)
    if kind == "object":
        first = next((one for one in table[column] if one is not None and one == one), None)
        return isinstance(first, str)
    kind = kind.lower()
    return kind.startswith(("string", "str", "large_string", "utf8", "category", "categorical", "enum", "dictionary"))


def _texts(table: Any, column: str) -> list[str]:
    values = table[column]
    plain = values.to_pylist() if hasattr(values, "to_pylist") else values.tolist() if hasattr(values, "tolist") else values.to_list()
    return [None if one is None or one != one else str(one) for one in plain]  # type: ignore[misc]


def counted(values: list[str]) -> Counter[str]:
    """How often each category occurs."""
    return Counter(values)
