"""Transport on the circle of circumference 1, for one problem or a column each for many."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.pot import _turned
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
    like = _by_values(u_values, v_values, u_weights, v_weights)
    x, y = _columns(u_values) % 1.0, _columns(v_values) % 1.0
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"u and v must have the same number of batches {x.shape[1]} and {y.shape[1]} respectively given")
    a = _spread("u_weights", u_weights, x)
    b = balanced(a, _spread("v_weights", v_weights, y), True, MASS_TOLERANCE)
    found = np.array([_cost(x[:, k], y[:, k], a[:, k], b[:, k], p) for k in range(x.shape[1])])
    return like.implicit(found, (u_values, v_values), lambda cotangent: _turned.slopes(_turned.Sides(x, y, a, b), p, cotangent))


def _by_values(u_values: Any, v_values: Any, u_weights: Any, v_weights: Any) -> Like:
    if any(getattr(one, "requires_grad", False) for one in (u_weights, v_weights)):
        raise NotServed("gradients by weights on the circle")
    return Like(u_values, v_values, u_weights, v_weights)


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
    """W_p^p on the circle R / Z, of shape (k,); with ``log`` also the best shift of the quantiles.

    The search's parameters are not needed here: the solve is exact.
    """
    costs = _costs(u_values, v_values, u_weights, v_weights, p)
    if not log:
        return costs
    x, y = _columns(u_values) % 1.0, _columns(v_values) % 1.0
    sides = _turned.Sides(x, y, _spread("u_weights", u_weights, x), _spread("v_weights", v_weights, y))
    return costs, {"optimal_theta": Like(u_values, v_values).out(_turned.best_shift(sides, p))}


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
    like = _by_values(u_values, None, u_weights, None)
    x = _columns(u_values) % 1.0
    a = _spread("u_weights", u_weights, x)
    order = np.argsort(x, axis=0, kind="stable")
    x, a = np.take_along_axis(x, order, 0), np.take_along_axis(a, order, 0)
    a = a / a.sum(0)
    middle = np.cumsum(a, 0) - a / 2
    # The variance of x - t along the monotone map from the uniform t: the best shift takes its mean off.
    mean = (a * x).sum(0)
    cross = (a * x * middle).sum(0)

    def pull(cotangent: Floats) -> list[Any]:
        grad = np.empty_like(x)
        np.put_along_axis(grad, order, 2 * a * (x - middle - mean + 0.5) * cotangent, 0)
        return [grad]

    return like.implicit((a * x**2).sum(0) - 2 * cross + 1 / 3 - (mean - 0.5) ** 2, (u_values,), pull)


def linear_circular_embedding(x: Any, u_values: Any, u_weights: Any = None, require_sort: bool = True) -> Any:
    """The linear embedding of measures (n, k) on the circle at reference points x (r,): (r, k)."""
    like = Like(x, u_values, u_weights)
    if like.differentiable:
        raise NotServed("gradients of the embedding; linear_circular_ot has them")
    return like.out(_embedded(np.asarray(numpy_of(x), dtype=np.float64), u_values, u_weights)[0])


def _embedded(at: Floats, u_values: Any, u_weights: Any) -> tuple[Floats, Any]:
    """The embedding at each reference point, and which value it comes from."""
    values = _columns(u_values) % 1.0
    a = _spread("u_weights", u_weights, values)
    order = np.argsort(values, axis=0, kind="stable")
    means = (values * a).sum(0)
    ends = np.cumsum(np.take_along_axis(a, order, 0), 0)
    chosen = np.empty((len(at), values.shape[1]), dtype=np.int64)
    for k in range(values.shape[1]):
        index = np.searchsorted(ends[:, k], (at - means[k] + 0.5) % 1.0)
        chosen[:, k] = order[np.minimum(index, len(values) - 1), k]
    return (np.take_along_axis(values, chosen, 0) - at[:, None]) % 1.0, chosen


def linear_circular_ot(u_values: Any, v_values: Any = None, u_weights: Any = None, v_weights: Any = None) -> Any:
    """The squared linear circular distance, by 100 reference points; to the uniform distribution without ``v_values``."""
    like = _by_values(u_values, v_values, u_weights, v_weights)
    at = np.linspace(0, 1, 101)[:-1]
    first, of_u = _embedded(at, u_values, u_weights)
    second: Any = 0.0
    of_v: Any = None
    if v_values is not None:
        second, of_v = _embedded(at, v_values, v_weights)
        if second.shape[1] != first.shape[1]:
            raise ValueError(
                f"u and v must have the same number of batchs {first.shape[1]} and {second.shape[1]} respectively given"
            )
    gap = np.abs(first - second)
    short = np.minimum(gap, 1 - gap)

    def pull(cotangent: Floats) -> list[Any]:
        slope = 2 * short * np.where(gap < 1 - gap, 1.0, -1.0) * np.sign(first - second) * cotangent / len(at)
        return [_scattered(slope, of_u, u_values), None if of_v is None else _scattered(-slope, of_v, v_values)]

    return like.implicit((short**2).mean(0), (u_values, v_values), pull)


def _scattered(slope: Floats, chosen: Any, values: Any) -> Floats:
    grad = np.zeros((len(values), slope.shape[1]))
    np.add.at(grad, (chosen, np.broadcast_to(np.arange(slope.shape[1]), chosen.shape)), slope)
    return grad
