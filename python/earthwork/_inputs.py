"""What callers bring, as contiguous arrays of 64-bit floats.

A C-contiguous float64 array is passed on as it is. Everything else that has rows of numbers is converted once: lists, float32
and other number types, arrays in another order, tables (pandas, polars, pyarrow), objects with an ``.X`` (anndata), and arrays
of torch and JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from earthwork._earthwork import Samples

Floats: TypeAlias = NDArray[np.float64]
"""An array of 64-bit floats."""

Points: TypeAlias = Any
"""Whatever points can be made of: see :func:`points`."""


def floats(name: str, given: Any, ndim: int | None = None) -> Floats:
    """``given`` as a C-contiguous float64 array, without a copy where it is one."""
    if type(given) is np.ndarray and given.dtype == np.float64 and given.flags.c_contiguous:
        array: Floats = given
    else:
        array = _converted(name, given)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name}: it has {array.ndim} dimensions, but {ndim} are needed")
    return array


def _converted(name: str, given: Any) -> Floats:
    if isinstance(given, (str, bytes)) or given is None:
        raise TypeError(f"{name}: an array of numbers is needed, not {type(given).__name__}")
    if hasattr(given, "detach") and hasattr(given, "cpu"):  # a torch tensor, which may want gradients or lie on a device
        given = given.detach().cpu()
    if hasattr(given, "toarray"):  # scipy.sparse
        given = given.toarray()
    try:
        array = np.asarray(given)
    except (ValueError, TypeError) as why:
        raise TypeError(f"{name}: no array can be made of it ({why})") from why
    if array.dtype == object:
        _name_the_culprit(name, array)
        array = array.astype(np.float64)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: real numbers are needed, not {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.float64) if array.ndim else array.astype(np.float64)


def _name_the_culprit(name: str, array: NDArray[Any]) -> None:
    for index, value in np.ndenumerate(array):
        if not isinstance(value, (int, float, np.number)):
            at = index[0] if len(index) == 1 else index
            raise TypeError(f"{name}: entry {at} is {value!r}, which is no number")


def columns(table: Any) -> list[str] | None:
    """The names of the columns of a table; none for an array."""
    if isinstance(table, np.ndarray):
        return None
    if hasattr(table, "column_names"):  # pyarrow
        return [str(name) for name in table.column_names]
    names = getattr(table, "columns", None)
    return None if names is None or callable(names) else [str(name) for name in names]


def _table(name: str, table: Any, order: Sequence[str]) -> Floats:
    """The columns of a table by name, as the columns of an array."""
    out = []
    for column in order:
        series = table[column]
        values = np.asarray(series.to_numpy() if hasattr(series, "to_numpy") else series)
        if values.dtype == object or values.dtype.kind not in "fiub":
            try:
                values = values.astype(np.float64)
            except (ValueError, TypeError):
                raise TypeError(f"{name}: column {column!r} holds no numbers ({values.dtype})") from None
        out.append(values.astype(np.float64, copy=False))
    return np.ascontiguousarray(np.stack(out, axis=1))


def points(name: str, given: Points) -> Floats:
    """Points of shape (n, d); an array of shape (n,) is n points on a line."""
    if type(given) is not np.ndarray:
        if hasattr(given, "X") and not hasattr(given, "__array__"):  # anndata and its like
            given = given.X
        names = columns(given)
        if names is not None:
            return _table(name, given, [c for c in _names(given)])
    array = floats(name, given)
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim != 2:
        raise ValueError(f"{name}: it has {array.ndim} dimensions; points are an array of shape (n, d) or (n,)")
    return array


def _names(table: Any) -> list[Any]:
    return list(table.column_names) if hasattr(table, "column_names") else list(table.columns)


def masses(name: str, given: Any) -> Floats | None:
    """Weights of shape (n,), or None for uniform ones."""
    return None if given is None else floats(name, given, ndim=1)


def sample(name: str, given: Points, weights_name: str = "weights", weights: Any = None) -> Samples:
    """A sample, checked."""
    if isinstance(given, Samples):
        if weights is not None:
            raise ValueError(f"{weights_name}: {name} is a Samples, which has its weights already")
        return given
    return Samples(points(name, given), masses(weights_name, weights), (name, weights_name))


def pair(X: Points, Y: Points, a: Any = None, b: Any = None) -> tuple[Samples, Samples]:
    """Two samples; the columns of two tables are matched by name."""
    if type(X) is not np.ndarray and type(Y) is not np.ndarray:
        first, second = columns(X), columns(Y)
        if first is not None and second is not None and first != second:
            if sorted(first) != sorted(second):
                odd = sorted(set(first).symmetric_difference(second))
                raise ValueError(f"Y: its columns are not those of X; only one table has {', '.join(map(repr, odd))}")
            by_name = dict(zip(second, _names(Y), strict=True))
            Y = _table("Y", Y, [by_name[name] for name in first])
    return sample("X", X, "a", a), sample("Y", Y, "b", b)


def pair_of(name: str, given: Any) -> tuple[Samples, Samples]:
    """Two samples out of a list of pairs."""
    try:
        X, Y = given
    except (TypeError, ValueError):
        raise TypeError(f"{name}: two samples are needed") from None
    return sample(name, X), sample(name, Y)


def cost_matrix(C: Any) -> Floats:
    """A cost matrix of shape (n, m)."""
    return floats("C", C, ndim=2)


def uniform_or(name: str, given: Any, length: int) -> Floats:
    """Weights, 1/length each unless given."""
    found = masses(name, given)
    return np.full(length, 1.0 / length) if found is None else found


def number(name: str, given: Any) -> float:
    """A number; TypeError where it is none."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}: a number is needed, not {type(given).__name__}")
    return float(given)


def count(name: str, given: Any) -> int:
    """A whole number of at least 0."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        raise TypeError(f"{name}: a whole number is needed, not {type(given).__name__}")
    if given < 0:
        raise ValueError(f"{name}: it is {given}, but at least 0 is needed")
    return int(given)


def text(name: str, given: Any) -> str:
    """A name of something; TypeError where it is no string."""
    if not isinstance(given, str):
        raise TypeError(f"{name}: a string is needed, not {type(given).__name__}")
    return given
