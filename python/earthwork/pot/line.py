"""Transport on the line, for one problem or a column each for many."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from earthwork._inputs import Floats
from earthwork.pot import _exact
from earthwork.pot._arrays import Like, balanced, checked, empty, numpy_of, weights_of
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot._potentials import centred

__all__ = ["emd2_1d", "emd_1d", "emd_1d_dual_backprop", "quantile_function", "wasserstein_1d"]


class PlanTuple(NamedTuple):
    """A plan by its entries."""

    data: Any
    rows: Any
    cols: Any


MASS_TOLERANCE = 1e-4
"""How far the totals of two sides may be apart, as a part of the mass: single precision sums of many weights are."""


class Merged(NamedTuple):
    """The pieces of the monotone plans of k columns, each array of shape (n + m, k)."""

    mass: Floats
    rows: Any
    columns: Any
    gaps: Floats
    """x - y along each piece."""
    order: Any
    """Which cumulated weight ends each piece: below n a source's."""


def merged(x: Floats, y: Floats, a: Floats, b: Floats, sort: bool = True) -> Merged:
    """The monotone plan of each column of x (n, k) and y (m, k) with weights a (n, k) and b (m, k)."""
    n, m = len(x), len(y)
    if sort:
        by_x, by_y = np.argsort(x, axis=0, kind="stable"), np.argsort(y, axis=0, kind="stable")
    else:
        by_x = np.broadcast_to(np.arange(n)[:, None], x.shape)
        by_y = np.broadcast_to(np.arange(m)[:, None], y.shape)
    ends = np.concatenate([np.cumsum(np.take_along_axis(a, by_x, 0), 0), np.cumsum(np.take_along_axis(b, by_y, 0), 0)])
    order = np.argsort(ends, axis=0, kind="stable")
    of_x = order < n
    done_x: Any = np.cumsum(of_x, axis=0) - of_x
    done_y = np.arange(n + m)[:, None] - done_x
    rows = np.take_along_axis(by_x, np.minimum(done_x, n - 1), 0)
    columns = np.take_along_axis(by_y, np.minimum(done_y, m - 1), 0)
    mass = np.diff(np.take_along_axis(ends, order, 0), axis=0, prepend=0.0)
    gaps = np.take_along_axis(x, rows, 0) - np.take_along_axis(y, columns, 0)
    return Merged(mass, rows, columns, gaps, order)


def _columns(values: Any) -> Floats:
    array = np.asarray(numpy_of(values), dtype=np.float64)
    return array.reshape(len(array), -1)


def _spread(name: str, weights: Any, values: Floats) -> Floats:
    """Weights of each column."""
    if weights is None:
        return np.full(values.shape, 1.0 / len(values))
    found = np.asarray(numpy_of(weights), dtype=np.float64)
    found = found.reshape(len(found), -1)
    if len(found) != len(values):
        raise InputError(f"{name}: it has {len(found)} weights for {len(values)} values")
    checked(name, found)
    return np.broadcast_to(found, values.shape)


def wasserstein_1d(
    u_values: Any,
    v_values: Any,
    u_weights: Any = None,
    v_weights: Any = None,
    p: float = 1,
    require_sort: bool = True,
    return_plans: Any = False,
) -> Any:
    """W_p^p on the line: a number for values of shape (n,), an array (k,) for values of shape (n, k).

    ``return_plans`` adds the plans: sparse matrices for True, tuples of data, rows and columns for ``"coo_tuple"``.
    """
    if not p >= 1:
        raise InputError(f"The OT loss is only valid for p>=1, {p} was given")
    like = Like(u_values, v_values, u_weights, v_weights)
    x, y = _columns(u_values), _columns(v_values)
    if x.shape[1] != y.shape[1]:
        raise InputError(f"u_values and v_values: they have {x.shape[1]} and {y.shape[1]} columns")
    a, b = _spread("u_weights", u_weights, x), _spread("v_weights", v_weights, y)
    b = balanced(a, b, True, MASS_TOLERANCE)
    plain = u_weights is None and v_weights is None and len(x) == len(y) and return_plans is False
    if plain and not like.differentiable:
        if require_sort:
            x, y = np.sort(x, axis=0), np.sort(y, axis=0)
        gaps = np.abs(x - y)
        costs = gaps.mean(0) if p == 1 else (gaps**p).mean(0)
        return like.out(costs if numpy_of(u_values).ndim > 1 else costs[0])
    plan = merged(x, y, a, b, require_sort)
    lengths = np.abs(plan.gaps)
    pieces = lengths if p == 1 else lengths**p
    costs = (plan.mass * pieces).sum(0)
    single = numpy_of(u_values).ndim == 1
    value = costs[0] if single else costs
    if like.differentiable:
        given = (u_values, v_values, u_weights, v_weights)
        value = like.implicit(value, given, lambda cotangent: _pulled_back(plan, pieces, p, x, y, given, cotangent))
    else:
        value = like.out(value)
    if return_plans is False:
        return value
    k = range(x.shape[1])
    if return_plans == "coo_tuple":
        made: list[Any] = [
            PlanTuple(like.out(plan.mass[:, i]), like.indices(plan.rows[:, i]), like.indices(plan.columns[:, i])) for i in k
        ]
    else:
        made = [like.coo(plan.mass[:, i], plan.rows[:, i], plan.columns[:, i], (len(x), len(y))) for i in k]
    return value, made


def _by_weights(plan: Merged, pieces: Floats, n: int) -> tuple[Floats, Floats]:
    """Derivatives by the weights of each column, in sorted order: a longer piece costs more, the next one less."""
    steps = pieces - np.concatenate([pieces[1:], np.zeros((1, pieces.shape[1]))])
    by_end = np.empty_like(steps)
    np.put_along_axis(by_end, plan.order, steps, 0)
    first, second = (np.cumsum(part[::-1], axis=0)[::-1] for part in (by_end[:n], by_end[n:]))
    return first, second


def _pulled_back(plan: Merged, pieces: Floats, p: float, x: Floats, y: Floats, given: Any, cotangent: Floats) -> list[Any]:
    """Derivatives by values and weights of both sides, in the shapes given."""
    slopes = plan.mass * p * np.sign(plan.gaps) * np.abs(plan.gaps) ** (p - 1) * np.reshape(cotangent, (1, -1))
    by_x, by_y = np.zeros_like(x), np.zeros_like(y)
    lanes = np.broadcast_to(np.arange(x.shape[1]), slopes.shape)
    np.add.at(by_x, (plan.rows, lanes), slopes)
    np.add.at(by_y, (plan.columns, lanes), -slopes)
    out: list[Any] = [by_x, by_y]
    sides = _by_weights(plan, pieces, len(x))
    for sorted_grad, values, weights in zip(sides, (x, y), given[2:], strict=True):
        if weights is None:
            out.append(None)
            continue
        grad = np.empty_like(values)
        np.put_along_axis(grad, np.argsort(values, axis=0, kind="stable"), sorted_grad, 0)
        grad = grad * np.reshape(cotangent, (1, -1))
        out.append(grad.sum(1) if weights.ndim == 1 and values.shape[1] > 1 else grad)
    return out


def emd_1d_dual_backprop(
    u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None, p: float = 1, require_sort: bool = True
) -> Any:
    """Potentials f (n, k), g (m, k) and costs (k,) of transport on the line, for tensors of torch."""
    like = Like(u_values, v_values, u_weights, v_weights)
    if like.torch is None:
        raise InputError("Function only valid in torch and jax")
    x, y = _columns(u_values), _columns(v_values)
    a = _spread("u_weights", u_weights, x)
    b = balanced(a, _spread("v_weights", v_weights, y), True, MASS_TOLERANCE)
    plan = merged(x, y, a, b, require_sort)
    pieces = np.abs(plan.gaps) ** p
    potentials = []
    for sorted_grad, values in zip(_by_weights(plan, pieces, len(x)), (x, y), strict=True):
        grad = np.empty_like(values)
        np.put_along_axis(grad, np.argsort(values, axis=0, kind="stable"), sorted_grad, 0)
        potentials.append(grad)
    f, g = centred(potentials[0], potentials[1], a, b)
    costs = (plan.mass * pieces).sum(0)
    if numpy_of(u_values).ndim == 1:
        f, g, costs = f[:, 0], g[:, 0], costs[0]
    return like.out(f), like.out(g), like.out(costs)


METRICS = ("sqeuclidean", "minkowski", "cityblock", "euclidean")


def _flat(name: str, values: Any) -> Floats:
    array = np.asarray(numpy_of(values), dtype=np.float64)
    if array.ndim != 1 and not (array.ndim == 2 and array.shape[1] == 1):
        raise InputError(f"{name}: emd_1d should only be used with monodimensional data, not of shape {array.shape}")
    return array.reshape(-1)


def emd_1d(
    x_a: Any,
    x_b: Any,
    a: Any = None,
    b: Any = None,
    metric: str = "sqeuclidean",
    p: float = 1.0,
    dense: bool = True,
    log: bool = False,
    check_marginals: bool = True,
) -> Any:
    """The optimal plan on the line; with ``log`` also its cost. ``minkowski`` costs are |x - y|^p."""
    like = Like(x_a, x_b)
    x, y = _flat("x_a", x_a), _flat("x_b", x_b)
    if metric not in METRICS:
        raise ValueError(f"Solver for EMD in 1d only supports metrics from the following list: `{list(METRICS)}`")
    if metric == "minkowski" and not p >= 1:
        raise ValueError(f"p: it is {p}, but the monotone plan is optimal for p >= 1 only")
    first = weights_of("a", None if _missing(a) else a, len(x), "x_a")
    second = balanced(first, weights_of("b", None if _missing(b) else b, len(y), "x_b"), check_marginals)
    found, _ = _exact.solve_points(x[:, None], y[:, None], first, second, "sqeuclidean")
    plan: Any
    if dense:
        plan = like.out(found.dense(len(x), len(y)))
    else:
        plan = like.coo(found.flows, found.rows, found.columns, (len(x), len(y)))
    if not log:
        return plan
    gaps = x[found.rows] - y[found.columns]
    costs = gaps**2 if metric == "sqeuclidean" else np.abs(gaps) ** (p if metric == "minkowski" else 1.0)
    told = {
        "cost": like.out(costs @ found.flows),
        "perms_x_a": like.indices(found.rows),
        "perms_x_b": like.indices(found.columns),
    }
    return plan, told


def _missing(weights: Any) -> bool:
    return empty(weights) if getattr(weights, "ndim", 1) else True


def emd2_1d(
    x_a: Any,
    x_b: Any,
    a: Any = None,
    b: Any = None,
    metric: str = "sqeuclidean",
    p: float = 1.0,
    dense: bool = True,
    log: bool = False,
) -> Any:
    """The optimal cost on the line; with ``log`` also the plan ``G``."""
    if Like(x_a, x_b, a, b).differentiable:
        raise NotServed("gradients of emd2_1d; wasserstein_1d has them")
    plan, told = emd_1d(x_a, x_b, a, b, metric, p, dense and log, True)
    return (told["cost"], {"G": plan}) if log else told["cost"]


def quantile_function(qs: Any, cws: Any, xs: Any, return_index: bool = False) -> Any:
    """Values xs (n, k) at the quantiles qs (r, k), where cws (n, k) are the cumulated weights."""
    like = Like(xs)
    wanted, cumulated, values = _columns(qs), _columns(cws), _columns(xs)
    columns = [np.searchsorted(cumulated[:, k], wanted[:, k]) for k in range(cumulated.shape[1])]
    index = np.clip(np.stack(columns, axis=1), 0, len(values) - 1)
    found = np.take_along_axis(np.broadcast_to(values, (len(values), index.shape[1])), index, 0)
    shape = numpy_of(qs).shape
    made = like.out(found.reshape(shape) if len(shape) == 1 else found)
    return (made, like.indices(index.reshape(shape) if len(shape) == 1 else index)) if return_index else made


