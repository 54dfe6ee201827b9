"""Transport on the circle of circumference 1, for one problem or a column each for many."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.pot._arrays import Like, balanced, numpy_of
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot.line import MASS_TOLERANCE, _columns, _spread

__all__ = [
    "binary_search_circle",
    "linear_circular_embedding",
    "linear_circular_ot",
    "semidiscrete_wasserstein2_unif_circle",
    "wasserstein1_circle",
    "wasserstein_circle",
]


def _costs(u_values: Any, v_values: Any, u_weights: Any, v_weights: Any, p: float) -> Any:
    if not p >= 1:
        raise InputError(f"The OT loss is only valid for p>=1, {p} was given")
    like = Like(u_values, v_values, u_weights, v_weights)
    if like.differentiable:
        raise NotServed("gradients on the circle")
    x, y = _columns(u_values) % 1.0, _columns(v_values) % 1.0
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"u and v must have the same number of batches {x.shape[1]} and {y.shape[1]} respectively given")
    a = _spread("u_weights", u_weights, x)
    b = balanced(a, _spread("v_weights", v_weights, y), True, MASS_TOLERANCE)
    found = np.array([_cost(x[:, k], y[:, k], a[:, k], b[:, k], p) for k in range(x.shape[1])])
    return like.out(found)


def _cost(x: Floats, y: Floats, a: Floats, b: Floats, p: float) -> float:
    """W_p^p times the mass."""
    first = _native.Samples(np.ascontiguousarray(x[:, None]), np.ascontiguousarray(a), ("u_values", "u_weights"))
    second = _native.Samples(np.ascontiguousarray(y[:, None]), np.ascontiguousarray(b), ("v_values", "v_weights"))
    return float(_native.circle(first, second, 1.0, float(p)).value ** p * a.sum())


def binary_search_circle(
    u_values: Any,
    v_values: Any,
    u_weights: Any = None,
    v_weights: Any = None,
    p: float = 1,
    Lm: int = 10,
    Lp: int = 10,
    tm: float = -1,
    tp: float = 1,
    eps: float = 1e-6,
    require_sort: bool = True,
    log: bool = False,
) -> Any:
    """W_p^p on the circle R / Z, of shape (k,). The search's parameters are not needed here: the solve is exact."""
    if log:
        raise NotServed("log: the optimal shift on the circle")
    return _costs(u_values, v_values, u_weights, v_weights, p)


def wasserstein_circle(
    u_values: Any,
    v_values: Any,
    u_weights: Any = None,
    v_weights: Any = None,
    p: float = 1,
    Lm: int = 10,
    Lp: int = 10,
    tm: float = -1,
    tp: float = 1,
    eps: float = 1e-6,
    require_sort: bool = True,
) -> Any:
    """W_p^p on the circle R / Z, of shape (k,) for k columns."""
    return _costs(u_values, v_values, u_weights, v_weights, p)


def wasserstein1_circle(
    u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None, require_sort: bool = True
) -> Any:
    """W_1 on the circle R / Z, of shape (k,) for k columns."""
    return _costs(u_values, v_values, u_weights, v_weights, 1)


def semidiscrete_wasserstein2_unif_circle(u_values: Any, u_weights: Any = None) -> Any:
    """W_2² between points on the circle R / Z and the uniform distribution, of shape (k,), in closed form."""
    like = Like(u_values, u_weights)
    if like.differentiable:
        raise NotServed("gradients on the circle")
    x = _columns(u_values) % 1.0
    a = _spread("u_weights", u_weights, x)
    order = np.argsort(x, axis=0, kind="stable")
    x, a = np.take_along_axis(x, order, 0), np.take_along_axis(a, order, 0)
    a = a / a.sum(0)
    middle = np.cumsum(a, 0) - a / 2
    # The variance of x - t along the monotone map from the uniform t: the best shift takes its mean off.
    mean = (a * x).sum(0)
    cross = (a * x * middle).sum(0)
    return like.out((a * x**2).sum(0) - 2 * cross + 1 / 3 - (mean - 0.5) ** 2)


def linear_circular_embedding(x: Any, u_values: Any, u_weights: Any = None, require_sort: bool = True) -> Any:
    """The linear embedding of measures (n, k) on the circle at reference points x (r,): (r, k)."""
    like = Like(x, u_values, u_weights)
    if like.differentiable:
        raise NotServed("gradients on the circle")
    return like.out(_embedded(np.asarray(numpy_of(x), dtype=np.float64), u_values, u_weights))


def _embedded(at: Floats, u_values: Any, u_weights: Any) -> Floats:
    values = _columns(u_values) % 1.0
    a = _spread("u_weights", u_weights, values)
    order = np.argsort(values, axis=0, kind="stable")
    values, a = np.take_along_axis(values, order, 0), np.take_along_axis(a, order, 0)
    ends = np.cumsum(a, 0)
    out = np.empty((len(at), values.shape[1]))
    for k in range(values.shape[1]):
        wanted = (at - (values[:, k] * a[:, k]).sum() + 0.5) % 1.0
        index = np.minimum(np.searchsorted(ends[:, k], wanted), len(values) - 1)
        out[:, k] = (values[index, k] - at) % 1.0
    return out


def linear_circular_ot(u_values: Any, v_values: Any = None, u_weights: Any = None, v_weights: Any = None) -> Any:
    """The squared linear circular distance, by 100 reference points; to the uniform distribution without ``v_values``."""
    like = Like(u_values, v_values, u_weights, v_weights)
    if like.differentiable:
        raise NotServed("gradients on the circle")
    at = np.linspace(0, 1, 101)[:-1]
    gap = np.abs(_embedded(at, u_values, u_weights))
    if v_values is not None:
        other = _embedded(at, v_values, v_weights)
        if other.shape[1] != gap.shape[1]:
            raise ValueError(f"u and v must have the same number of batchs {gap.shape[1]} and {other.shape[1]} respectively given")
        gap = np.abs(gap - other)
    return like.out((np.minimum(gap, 1 - gap) ** 2).mean(0))
