"""What callers bring, as samples and arrays of the compiled half.

A C-contiguous float64 array is passed on as it is. Everything else that has rows of numbers is converted once: lists, float32
and other number types, arrays in another order, tables (pandas, polars, pyarrow), objects with an ``.X`` (anndata), and arrays
of torch and JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse

from earthwork._arrays import Floats, Mask, Missing, Read, entry, floats, read, whole
from earthwork._earthwork import Samples
from earthwork._kinds import OnMissing
from earthwork._tables import columns, order, read_table

__all__ = [
    "Floats",
    "Missing",
    "Points",
    "Samples",
    "beginning",
    "columns",
    "cost_matrix",
    "count",
    "floats",
    "grids",
    "labelled",
    "loose_masses",
    "masses_of",
    "matched",
    "number",
    "order",
    "pair",
    "pair_of",
    "paired",
    "points",
    "points_like",
    "probabilities",
    "sample",
    "sample_like",
    "several",
    "text",
    "uniform_or",
]

Points: TypeAlias = Any
"""Whatever points can be made of: see :func:`points`."""

_ADVICE = 'missing="drop" leaves such rows out'


def _rows(name: str, given: Points) -> tuple[Read, list[str] | None]:
    """Points of shape (n, d) with the names of their columns; an array of shape (n,) is n points on a line."""
    names = None
    if type(given) is not np.ndarray:
        if hasattr(given, "X") and not hasattr(given, "__array__") and not hasattr(given, "columns"):  # anndata and its like
            given = given.X
        names = columns(given)
    found = read(name, given) if names is None else read_table(name, given)
    values, missing = found.values, found.missing
    if values.ndim == 1:
        values, missing = values.reshape(-1, 1), None if missing is None else missing.reshape(-1, 1)
    if values.ndim != 2:
        raise ValueError(f"{name}: it has {values.ndim} dimensions; points are an array of shape (n, d) or (n,)")
    return found._replace(values=values, missing=missing), names


def _dropping(missing: OnMissing) -> bool:
    if missing not in ("error", "drop"):
        raise ValueError(f"missing: {missing!r} is none of 'error', 'drop'")
    return missing == "drop"


def _refuse_missing(name: str, found: Read, names: list[str] | None) -> None:
    """Names the first entry that is not there. NaN of an array is found by the compiled half, which reads every number anyway."""
    absent = found.missing
    if names is not None:
        nan = np.isnan(found.values)
        absent = (nan if absent is None else absent | nan) if nan.any() else absent
    if absent is None:
        return
    row, column = (int(k) for k in np.argwhere(absent)[0])
    what = "NaN" if found.missing is None or not found.missing[row, column] else found.what
    if names is not None:
        raise Missing(f"{name}: row {row}, column {names[column]!r} is missing ({what}); {_ADVICE}")
    raise Missing(f"{name}: {entry((row, column))} is {what}, which is not a number; {_ADVICE}")


def points(name: str, given: Points) -> Floats:
    """Points of shape (n, d); nothing may be missing."""
    if isinstance(given, Samples):
        return given.points
    found, names = _rows(name, given)
    _refuse_missing(name, found, names)
    return found.values


def points_like(name: str, given: Points, wanted: Sequence[str] | None, other: str) -> Floats:
    """Points of shape (n, d), with the columns of a table in the order of those that ``other`` has."""
    rows = points(name, given)
    names = list(given.columns or []) if isinstance(given, Samples) else columns(given)
    turned = order(name, names, other, wanted) if names and wanted else None
    return rows if turned is None else np.ascontiguousarray(rows[:, turned])


def sample_like(name: str, given: Points, wanted: Sequence[str] | None, other: str) -> Samples:
    """A sample with the columns of a table in the order of those that ``other`` has."""
    made = sample(name, given)
    turned = order(name, made.columns, other, wanted) if made.columns and wanted else None
    return made if turned is None else made.reordered(turned)


def labelled(name: str, given: Points, labels: Any, missing: OnMissing = "error") -> tuple[Samples, list[int] | None]:
    """A sample with a class for each point; where a row is left out, so is its label."""
    made = sample(name, given, missing=missing)
    if labels is None:
        return made, None
    classes = np.asarray(labels).tolist()
    if made.left_out and len(classes) == len(made) + made.left_out:
        kept = ~_absent(_rows(name, given)[0])
        classes = [one for one, there in zip(classes, kept.tolist(), strict=True) if there]
    return made, [count("labels", one) for one in classes]


def _tolerance(eps: float, count: int) -> float:
    """By what part numbers of a type may miss their total: the rounding of each, up to a hundredth."""
    return min(eps * count, max(2 * eps, 0.01))


def scaled(name: str, given: Floats) -> Floats:
    """Masses divided by their sum."""
    wrong = ~np.isfinite(given) | (given < 0)
    largest = float(given.max()) if given.size and not wrong.any() else 0.0
    if largest == 0.0:
        return given  # the compiled half says what is wrong with them
    found: Floats = given / largest  # a total may be too small, or too large, for a float
    return np.ascontiguousarray(found / found.sum())


def sample(
    name: str,
    given: Points,
    weights_name: str = "weights",
    weights: Any = None,
    *,
    missing: OnMissing = "error",
    normalize: bool = False,
) -> Samples:
    """A sample, checked."""
    drop = _dropping(missing)
    if isinstance(given, Samples):
        if weights is not None:
            raise ValueError(f"{weights_name}: {name} is a Samples, which has its weights already")
        return given.reweighted(scaled(weights_name, given.weights)) if normalize else given
    found, names = _rows(name, given)
    of_mass = None if weights is None else read(weights_name, weights)
    if of_mass is not None and of_mass.values.ndim != 1:
        raise ValueError(f"{weights_name}: it has {of_mass.values.ndim} dimensions, but 1 are needed")
    left_out = 0
    if drop:
        kept = _kept(name, found, weights_name, of_mass)
        left_out = len(kept) - int(kept.sum())
        if left_out:
            found = found._replace(values=np.ascontiguousarray(found.values[kept]))
            of_mass = None if of_mass is None else of_mass._replace(values=of_mass.values[kept])
    else:
        _refuse_missing(name, found, names)
        if of_mass is not None and of_mass.missing is not None:
            at = int(np.flatnonzero(of_mass.missing)[0])
            raise Missing(f"{weights_name}: entry {at} is {of_mass.what}, which is not a number; {_ADVICE}")
    if of_mass is None:
        return Samples(found.values, None, (name, weights_name), names, 0.0, left_out)
    own = scaled(weights_name, of_mass.values) if normalize else of_mass.values
    slack = 0.0 if normalize else _tolerance(of_mass.eps, len(own))
    return Samples(found.values, np.ascontiguousarray(own), (name, weights_name), names, slack, left_out)


def _absent(found: Read) -> Mask:
    """The rows in which a value is missing."""
    absent: Mask = np.isnan(found.values)
    if found.missing is not None:
        absent = np.logical_or(absent, found.missing)
    return np.asarray(absent.any(axis=1))


def absent(name: str, given: Points) -> Mask:
    """The rows in which a value is missing."""
    return _absent(_rows(name, given)[0])


def _kept(name: str, found: Read, weights_name: str, of_mass: Read | None) -> Mask:
    """Which rows have all their numbers."""
    rows: Mask = _absent(found)
    if of_mass is not None:
        if len(of_mass.values) != len(rows):
            raise ValueError(f"{weights_name}: it has {len(of_mass.values)} weights, but {len(rows)} are needed (one for each point)")
        rows = np.logical_or(rows, np.isnan(of_mass.values))
        if of_mass.missing is not None:
            rows = np.logical_or(rows, of_mass.missing)
    if rows.all() and len(rows):
        raise ValueError(f"{name}: a value is missing in each of its {len(rows)} rows, so that none is left")
    kept: Mask = ~rows
    return kept


def pair(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    *,
    missing: OnMissing = "error",
    normalize: bool = False,
    balanced: bool = True,
    names: tuple[str, str] = ("X", "Y"),
) -> tuple[Samples, Samples]:
    """Two samples; the columns of two tables are matched by name, and totals agree to the precision of the weights."""
    x = sample(names[0], X, "a", a, missing=missing, normalize=normalize)
    y = matched(names[1], sample(names[1], Y, "b", b, missing=missing, normalize=normalize), names[0], x)
    return _of_one_total(x, y) if balanced and (x.slack or y.slack) else (x, y)


def paired(X: Points, Y: Points, missing: OnMissing = "error") -> tuple[Samples, Samples]:
    """Two samples whose rows belong together: what is left out of one is left out of the other."""
    if not _dropping(missing) or isinstance(X, Samples) or isinstance(Y, Samples):
        return sample("X", X), sample("Y", Y)
    (x, of_x), (y, of_y) = _rows("X", X), _rows("Y", Y)
    if len(x.values) != len(y.values):
        return sample("X", X), sample("Y", Y)
    kept = ~(_absent(x) | _absent(y))
    if not kept.any():
        raise ValueError(f"X: a value is missing in each of the {len(kept)} pairs, so that none is left")
    left_out = len(kept) - int(kept.sum())
    first, second = (np.ascontiguousarray(side.values[kept]) for side in (x, y))
    return Samples(first, None, ("X", "a"), of_x, 0.0, left_out), Samples(second, None, ("Y", "b"), of_y, 0.0, left_out)


def matched(name: str, given: Samples, other: str, like: Samples) -> Samples:
    """A sample with its columns in the order that another has them, and of the same dimension."""
    if given.columns is not None and like.columns is not None:
        turned = order(name, given.columns, other, like.columns)
        given = given if turned is None else given.reordered(turned)
    if given.dim != like.dim:
        raise ValueError(f"{name}: it has dimension {given.dim}, but the other sample has dimension {like.dim}")
    return given


def _of_one_total(x: Samples, y: Samples) -> tuple[Samples, Samples]:
    """Scales the less precise side to the total of the other where their types allow no more than that."""
    ours, theirs = x.total, y.total
    if ours == theirs or abs(ours - theirs) > max(x.slack, y.slack) * max(ours, theirs):
        return x, y
    if x.slack > y.slack:
        return x.reweighted(x.weights * (theirs / ours)), y
    return x, y.reweighted(y.weights * (ours / theirs))


def pair_of(name: str, given: Any, missing: OnMissing = "error", normalize: bool = False) -> tuple[Samples, Samples]:
    """Two samples out of a list of pairs."""
    try:
        X, Y = given
    except (TypeError, ValueError):
        raise TypeError(f"{name}: two samples are needed") from None
    return pair(X, Y, missing=missing, normalize=normalize, names=(f"{name}[0]", f"{name}[1]"))


def several(name: str, given: Sequence[Points], *, missing: OnMissing = "error", normalize: bool = False) -> list[Samples]:
    """Samples, whose columns are matched by name to those of the first that has names, and whose totals to the first's."""
    made = [sample(f"{name}[{k}]", one, missing=missing, normalize=normalize) for k, one in enumerate(given)]
    named = next((k for k, one in enumerate(made) if one.columns is not None), None)
    for k, one in enumerate(made):
        if named is not None and k != named:
            made[k] = matched(f"{name}[{k}]", one, f"{name}[{named}]", made[named])
        elif k and one.dim != made[0].dim:
            raise ValueError(f"{name}[{k}]: it has dimension {one.dim}, but the other samples have dimension {made[0].dim}")
    if any(one.slack for one in made):
        exact = next((one for one in made if not one.slack), made[0])
        made = [_of_one_total(one, exact)[0] if one.slack > exact.slack else _of_one_total(exact, one)[1] for one in made]
    return made


def beginning(start: Points, given: Sequence[Samples]) -> Samples:
    """Where the points of a barycenter begin, with the columns of the samples."""
    made = sample("start", start)
    named = next((k for k, one in enumerate(given) if one.columns is not None), None)
    return made if named is None else matched("start", made, f"samples[{named}]", given[named])


def masses_of(
    first: tuple[str, Any], second: tuple[str, Any], shape: tuple[int, int], normalize: bool = False
) -> tuple[Floats, Floats]:
    """Weights of the rows and columns of a matrix, uniform unless given, of one total to the precision of their types."""
    made = [
        (np.full(n, 1.0 / n), 0.0) if given is None else _mass(name, given, normalize, 1)
        for (name, given), n in zip((first, second), shape, strict=True)
    ]
    return _agreed(made[0], made[1])


def loose_masses(name: str, given: Any, length: int, normalize: bool = False) -> Floats:
    """Masses of one side of a matrix, uniform unless given, of any total."""
    if given is None:
        return np.full(length, 1.0 / length)
    found = floats(name, given, ndim=1)
    if len(found) != length:
        raise ValueError(f"{name}: it has {len(found)} masses, but the matrix has {length} for them")
    wrong = ~(found >= 0) | np.isinf(found)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"{name}: entry {at} is {found[at]}; masses are finite and at least 0")
    return scaled(name, found) if normalize else found


def grids(A: Any, B: Any, normalize: bool = False) -> tuple[Floats, Floats]:
    """Masses on the cells of two grids, of one total to the precision of their types."""
    return _agreed(_mass("A", A, normalize), _mass("B", B, normalize))


def _mass(name: str, given: Any, normalize: bool, ndim: int | None = None) -> tuple[Floats, float]:
    """Masses, and by what part their total may be wrong for their type."""
    found = whole(name, given, ndim)
    return (scaled(name, found.values), 0.0) if normalize else (found.values, _tolerance(found.eps, found.values.size))


def _agreed(first: tuple[Floats, float], second: tuple[Floats, float]) -> tuple[Floats, Floats]:
    (a, own), (b, other) = first, second
    ours, theirs = float(a.sum()), float(b.sum())
    if ours == theirs or not abs(ours - theirs) <= max(own, other) * max(ours, theirs):
        return a, b
    return (a * (theirs / ours), b) if own > other else (a, b * (ours / theirs))


def probabilities(name: str, given: Any, normalize: bool = False, ndim: int | None = None) -> Floats:
    """Masses whose total is to be 1: divided by it where their type cannot say it better, or where that is asked for."""
    values, slack = _mass(name, given, normalize, ndim)
    return scaled(name, values) if slack and abs(float(values.sum()) - 1.0) <= slack else values


def cost_matrix(C: Any) -> Floats:
    """A cost matrix of shape (n, m). What a sparse matrix does not store, and what is masked, is not a pair: its cost is infinite."""
    if scipy.sparse.issparse(C):
        stored = scipy.sparse.coo_array(C)
        stored.sum_duplicates()
        costs = np.full(stored.shape, np.inf)
        costs[stored.row, stored.col] = floats("C", stored.data)
        return costs
    found = read("C", C)
    if found.values.ndim != 2:
        raise ValueError(f"C: it has {found.values.ndim} dimensions, but 2 are needed")
    if found.missing is None:
        return found.values
    if found.what != "masked":
        return floats("C", C)  # which says what is missing
    return np.where(found.missing, np.inf, found.values)


def uniform_or(name: str, given: Any, length: int) -> Floats:
    """Weights, 1/length each unless given."""
    return np.full(length, 1.0 / length) if given is None else floats(name, given, ndim=1)


def number(name: str, given: Any) -> float:
    """A number; TypeError where it is none."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}: a number is needed, not {type(given).__name__}")
    return float(given)


def tolerance(given: Any) -> float:
    """A relative gap of at least 0."""
    gap = number("tolerance", given)
    if not 0 <= gap < np.inf:
        raise ValueError(f"tolerance: it is {gap}, but a relative gap is at least 0 and finite")
    return gap


def count(name: str, given: Any) -> int:
    """A whole number of at least 0."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        raise TypeError(f"{name}: a whole number is needed, not {type(given).__name__}")
    if given < 0:
        raise ValueError(f"{name}: it is {given}, but at least 0 is needed")
    return int(given)


def text(name: str, given: Any) -> str:
    """A name of something; TypeError where it is not a string."""
    if not isinstance(given, str):
        raise TypeError(f"{name}: a string is needed, not {type(given).__name__}")
    return given
