"""SciPy's distances and its assignment, by SciPy's names and conventions, over our solvers.

``from earthwork.scipy import wasserstein_distance_nd`` stands for the import from ``scipy.stats``: weights are raw counts that are scaled to
total 1, results are floats. An infinite value is infinitely far from all others, as in SciPy. NaN and negative masses raise, where SciPy
returns NaN or a number without a meaning.

>>> from earthwork.scipy import wasserstein_distance_nd
>>> wasserstein_distance_nd([[0, 0], [1, 0]], [[3, 4], [4, 4]], u_weights=[5, 5])
5.0
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, rel_entr

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats

__all__ = [
    "energy_distance",
    "entropy",
    "jensenshannon",
    "linear_sum_assignment",
    "rel_entr",
    "wasserstein_distance",
    "wasserstein_distance_nd",
]


def _counts(name: str, weights: Any, length: int) -> Floats:
    """Weights of total 1."""
    if weights is None:
        return np.full(length, 1.0 / length)
    found = _inputs.floats(name, weights, ndim=1)
    if len(found) != length:
        raise ValueError(f"{name}: it has {len(found)} weights for {length} values")
    total = found.sum()
    wrong = ~(found >= 0) | (found == np.inf)
    if wrong.any():
        raise ValueError(f"{name}: entry {_place(wrong)} is {found[wrong][0]}; weights are finite and at least 0")
    if not (np.isfinite(total) and total > 0):
        raise ValueError(f"{name}: the weights sum to {total}; a positive and finite sum is needed")
    scaled: Floats = found / total
    return scaled


def _values(name: str, values: Any, dimensions: int) -> Floats:
    found = _inputs.floats(name, values, ndim=dimensions)
    if not len(found):
        raise ValueError(f"{name}: it is empty")
    wrong = np.isnan(found)
    if wrong.any():
        raise ValueError(f"{name}: entry {_place(wrong)} is NaN")
    return found


def _place(wrong: NDArray[np.bool_]) -> Any:
    """The index of the first entry that is true."""
    at = tuple(int(k) for k in np.argwhere(wrong)[0])
    return at[0] if len(at) == 1 else at


def _steps(u_values: Any, v_values: Any, u_weights: Any, v_weights: Any) -> tuple[Floats, Floats]:
    """The difference of two distribution functions between neighbouring values, and how far these are apart."""
    x, y = _values("u_values", u_values, 1), _values("v_values", v_values, 1)
    masses = np.concatenate([_counts("u_weights", u_weights, len(x)), -_counts("v_weights", v_weights, len(y))])
    both = np.concatenate([x, y])
    order = np.argsort(both, kind="stable")
    with np.errstate(invalid="ignore"):
        gaps: Floats = np.diff(both[order])
    heights = np.cumsum(masses[order])[:-1]
    # Between equal infinite values there is nothing to cross, and what does not cross a gap does not count.
    heights, gaps = heights[gaps > 0], gaps[gaps > 0]
    far = np.isinf(gaps)
    if far.any():
        crossed = np.abs(heights) > 1e-12
        heights, gaps = heights[~far | crossed], gaps[~far | crossed]
    return heights, gaps


def wasserstein_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> float:
    """W₁ of two weighted samples on the line.

    >>> from earthwork.scipy import wasserstein_distance
    >>> float(wasserstein_distance([0, 1, 3], [5, 6, 8]))
    5.0
    """
    heights, gaps = _steps(u_values, v_values, u_weights, v_weights)
    return np.float64(np.abs(heights) @ gaps)


def energy_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> float:
    """The root of 2 E|X - Y| - E|X - X'| - E|Y - Y'| on the line.

    >>> from earthwork.scipy import energy_distance
    >>> float(energy_distance([0], [2]))
    2.0
    """
    heights, gaps = _steps(u_values, v_values, u_weights, v_weights)
    return np.float64(np.sqrt(2.0 * (heights**2 @ gaps)))


def wasserstein_distance_nd(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> float:
    """W₁ under the Euclidean distance of samples of shape (n, d) and (m, d), or (n,) and (m,); exact.

    In O(n + m) memory, where SciPy's linear program holds (n m)(n + m) numbers.
    """
    if np.ndim(u_values) == 1 and np.ndim(v_values) == 1:
        return wasserstein_distance(u_values, v_values, u_weights, v_weights)
    X, Y = _values("u_values", u_values, 2), _values("v_values", v_values, 2)
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"v_values: its points have {Y.shape[1]} coordinates, those of u_values {X.shape[1]}")
    a, b = _counts("u_weights", u_weights, len(X)), _counts("v_weights", v_weights, len(Y))
    if np.isinf(X).any() or np.isinf(Y).any():
        return _with_infinite(X, Y, a, b)
    x, y = _native.Samples(X, a, ("u_values", "u_weights")), _native.Samples(Y, b, ("v_values", "v_weights"))
    return float(_native.exact_solve(x, y, "euclidean").transport_cost)


def _with_infinite(X: Floats, Y: Floats, a: Floats, b: Floats) -> float:
    """What points with infinite coordinates are far from: all points whose infinite coordinates are others."""
    total = 0.0
    # Points can be compared where they agree in their infinite coordinates; mass has to stay within such a group.
    groups = [np.where(np.isinf(side), side, 0.0) for side in (X, Y)]
    for key in np.unique(np.concatenate(groups), axis=0):
        ours, theirs = (np.flatnonzero((side == key).all(axis=1)) for side in groups)
        here, there = a[ours].sum(), b[theirs].sum()
        if abs(here - there) > 1e-12:
            return float(np.inf)
        if here > 0.0:
            P, Q = (np.where(np.isinf(side[at]), 0.0, side[at]) for side, at in ((X, ours), (Y, theirs)))
            x, y = _native.Samples(P, a[ours] / here), _native.Samples(Q, b[theirs] / there)
            total += here * _native.exact_solve(x, y, "euclidean").transport_cost
    return float(total)


def _distribution(name: str, masses: Any, axis: Any) -> Floats:
    found = np.asarray(masses, dtype=np.float64)
    if (found < 0).any():
        raise ValueError(f"{name}: entry {_place(found < 0)} is {found[found < 0][0]}, which is negative")
    with np.errstate(invalid="ignore"):
        scaled: Floats = found / found.sum(axis=axis, keepdims=True)
    return scaled


def jensenshannon(p: Any, q: Any, base: float | None = None, *, axis: int = 0, keepdims: bool = False) -> Any:
    """The root of the Jensen-Shannon divergence of masses of any totals; to the base e unless another is given.

    >>> from earthwork.scipy import jensenshannon
    >>> float(jensenshannon([1, 0], [0, 3], base=2))
    1.0
    """
    first, second = _distribution("p", p, axis), _distribution("q", q, axis)
    middle = (first + second) / 2.0
    parts = rel_entr(first, middle) + rel_entr(second, middle)
    found = parts.sum(axis=axis, keepdims=keepdims) / (2.0 if base is None else 2.0 * np.log(base))
    return np.sqrt(np.maximum(found, 0.0))


def entropy(
    pk: Any,
    qk: Any = None,
    base: float | None = None,
    axis: int | None = 0,
    *,
    nan_policy: Literal["propagate", "omit", "raise"] = "propagate",
    keepdims: bool = False,
) -> Any:
    """The entropy of masses of any total, or KL(pk | qk) where ``qk`` is given; to the base e unless another is given.

    ``nan_policy`` says what becomes of a NaN in ``pk`` or ``qk``: the result is NaN, the pair is left out, or ValueError is raised.

    >>> from earthwork.scipy import entropy
    >>> float(entropy([5, 5], base=2))
    1.0
    """
    if base is not None and not base > 0:
        raise ValueError("base: it must be a positive number or None")
    if nan_policy not in ("propagate", "omit", "raise"):
        raise ValueError(f"nan_policy: {nan_policy!r} is none of 'propagate', 'omit', 'raise'")
    given = [np.asarray(one, dtype=np.float64) for one in (pk, qk) if one is not None]
    if axis is None:
        given, at = [one.ravel() if not keepdims else one for one in given], tuple(range(given[0].ndim)) if keepdims else 0
    else:
        at = axis
    if nan_policy != "propagate":
        given = list(np.broadcast_arrays(*given))
        missing = np.isnan(np.stack(given)).any(axis=0)
        if missing.any() and nan_policy == "raise":
            raise ValueError("pk: the input contains nan values" if qk is None else "pk and qk: the input contains nan values")
        given = [np.where(missing, 0.0, one) for one in given]
    parts = [_distribution(name, one, at) for name, one in zip(("pk", "qk"), given, strict=False)]
    terms = entr(parts[0]) if qk is None else rel_entr(*np.broadcast_arrays(*parts))
    found = terms.sum(axis=at, keepdims=keepdims)
    return found if base is None else found / np.log(base)


def linear_sum_assignment(
    cost_matrix: Any, maximize: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows and columns of the best assignment; of a rectangular matrix the shorter side is assigned whole.

    Entries that are infinite are never chosen; ValueError where that cannot be avoided.

    >>> from earthwork.scipy import linear_sum_assignment
    >>> rows, columns = linear_sum_assignment([[4, 1, 3], [2, 0, 5], [3, 2, 2]])
    >>> columns.tolist()
    [1, 0, 2]
    """
    costs = _inputs.floats("cost_matrix", cost_matrix, ndim=2)
    if np.isnan(costs).any() or (costs == (np.inf if maximize else -np.inf)).any():
        raise ValueError("cost_matrix: matrix contains invalid numeric entries")
    signed = np.ascontiguousarray(-costs if maximize else costs)
    if signed.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    turned = signed.shape[0] > signed.shape[1]
    if turned:
        signed = np.ascontiguousarray(signed.T)
    allowed = np.isfinite(signed)
    if not allowed.all():
        kept = signed[allowed]
        spread = kept.max() - kept.min() + 1.0 if kept.size else 1.0
        largest = (kept.max() if kept.size else 0.0) + spread * (len(signed) + 1)
        signed = np.where(allowed, signed, largest)
    n, m = signed.shape
    a = np.ones(n)
    if n < m:  # one more row takes the columns that are left over
        signed = np.vstack([signed, np.zeros((1, m))])
        a = np.append(a, float(m - n))
    rows, columns, flows = _native.exact_solve_matrix(signed, a, np.ones(m)).entries()
    chosen = (flows > 0.5) & (rows < n)
    rows, columns = rows[chosen], columns[chosen]
    if len(rows) != n or not allowed[rows, columns].all():
        raise ValueError("cost_matrix: cost matrix is infeasible")
    if turned:
        rows, columns = columns, rows
    order = np.argsort(rows)
    return rows[order], columns[order]
