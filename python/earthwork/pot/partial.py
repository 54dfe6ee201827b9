"""Partial transport under POT's names: a part of the mass, or all that is worth its price; exact, entropic and on the line."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from earthwork._inputs import Floats
from earthwork.pot import _exact
from earthwork.pot._arrays import Like, floats, numpy_of, weights_of
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot._partial_line import pairs

__all__ = [
    "entropic_partial_wasserstein",
    "entropic_partial_wasserstein_logscale",
    "partial_wasserstein",
    "partial_wasserstein2",
    "partial_wasserstein_1d",
    "partial_wasserstein_lagrange",
]


class _Posed:
    def __init__(self, a: Any, b: Any, M: Any) -> None:
        self.like = Like(M, a, b)
        self.costs = floats(M)
        n, m = self.costs.shape
        self.a, self.b = weights_of("a", a, n), weights_of("b", b, m)
        self.given = (a, b, M)

    def mass(self, m: Any) -> float:
        """The mass asked for, which no side can lack."""
        least = min(self.a.sum(), self.b.sum())
        mass = float(least if m is None else m)
        if mass < 0:
            raise ValueError("Problem infeasible. Parameter m should be greater than 0.")
        if mass > least * (1 + 1e-12):
            raise ValueError("Problem infeasible. Parameter m should lower or equal than min(|a|_1, |b|_1).")
        return min(mass, float(least))

    def plan(self, plan: Floats, cost: bool) -> Any:
        if not self.like.differentiable:
            return self.like.out((plan * self.costs).sum() if cost else plan)
        if not cost:
            raise NotServed("gradients of a partial plan")
        a, b, M = self.given
        if any(getattr(one, "requires_grad", False) for one in (a, b)):
            raise NotServed("gradients by masses of partial transport")
        return self.like.attached((plan * self.costs).sum(), [(M, plan)])


def _with_rest(a: Floats, b: Floats, C: Floats, rest_a: float, rest_b: float, corner: float) -> tuple[Floats, Floats, Floats]:
    """The plan and potentials where one more point on each side takes for nothing what is not moved."""
    n, m = C.shape
    costs = np.zeros((n + 1, m + 1))
    costs[:n, :m] = C
    costs[n, m] = corner
    found = _exact.solve_matrix(np.append(a, rest_a), np.append(b, rest_b), costs)
    return found.dense(n + 1, m + 1)[:n, :m], found.u[:n], found.v[:m]


def _log(posed: _Posed, cost: Any, u: Floats, v: Floats) -> dict[str, Any]:
    return {"cost": cost, "u": posed.like.out(u), "v": posed.like.out(v), "warning": None, "result_code": 1}


def partial_wasserstein_lagrange(
    a: Any, b: Any, M: Any, reg_m: Any = None, nb_dummies: int = 1, log: bool = False, **kwargs: Any
) -> Any:
    """The plan that moves what costs less than ``reg_m`` for a unit (any, where it is None): min ⟨P, M - reg_m⟩."""
    posed = _Posed(a, b, M)
    if posed.a.sum() > 1 + 1e-15 * 10 or posed.b.sum() > 1 + 1e-15 * 10:
        raise ValueError("Problem infeasible. Check that a and b are in the simplex")
    price = float(posed.costs.max()) + 1.0 if reg_m is None else float(reg_m)
    if price < -posed.costs.max():
        return posed.like.out(np.zeros(posed.costs.shape))
    total_a, total_b = posed.a.sum(), posed.b.sum()
    plan, u, v = _with_rest(posed.a, posed.b, posed.costs - price, total_b, total_a, 0.0)
    made = posed.plan(plan, False)
    if not log:
        return made
    return made, _log(posed, posed.plan(plan, True), u, v)


def partial_wasserstein(
    a: Any, b: Any, M: Any, m: Any = None, nb_dummies: int = 1, log: bool = False, **kwargs: Any
) -> Any:
    """The cheapest plan that moves mass ``m``; all that can move where it is None. ``nb_dummies`` is not needed here.

    >>> import earthwork.pot as ot
    >>> ot.partial.partial_wasserstein([0.5, 0.5], [0.5, 0.5], [[1.0, 9.0], [9.0, 5.0]], m=0.5)
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    if m is None:
        return partial_wasserstein_lagrange(a, b, M, log=log, **kwargs)
    posed = _Posed(a, b, M)
    plan, u, v = _moved(posed, m)
    made = posed.plan(plan, False)
    if not log:
        return made
    cost = posed.plan(plan, True)
    return made, _log(posed, cost, u, v) | {"partial_w_dist": cost}


def _moved(posed: _Posed, m: Any) -> tuple[Floats, Floats, Floats]:
    mass = posed.mass(m)
    rest_a, rest_b = posed.b.sum() - mass, posed.a.sum() - mass
    C = posed.costs
    # Nothing goes from rest to rest, whatever the sign of the costs: that would leave less than m to be moved.
    corner = 2.0 * (np.abs(C).max(initial=0.0) + 1.0) * (min(C.shape) + 1)
    return _with_rest(posed.a, posed.b, C, rest_a, rest_b, corner)


def partial_wasserstein2(
    a: Any, b: Any, M: Any, m: Any = None, nb_dummies: int = 1, log: bool = False, **kwargs: Any
) -> Any:
    """The cost of the cheapest plan that moves mass ``m``; with ``log`` also the plan as ``T``."""
    posed = _Posed(a, b, M)
    if m is None:
        plan = floats(partial_wasserstein_lagrange(posed.a, posed.b, posed.costs))
        u, v = np.zeros(plan.shape[0]), np.zeros(plan.shape[1])
    else:
        plan, u, v = _moved(posed, m)
    cost = posed.plan(plan, True)
    if not log:
        return cost
    return cost, _log(posed, cost, u, v) | {"partial_w_dist": cost, "T": posed.like.out(plan)}


def _entropic(
    posed: _Posed, reg: float, mass: float, limit: int, stop: float, name: str
) -> tuple[Floats, list[float], tuple[Any, Any]]:
    """min ⟨C, P⟩ + ε Σ P log P with row sums at most a, column sums at most b and mass m.

    P = exp((f + g + h - C) / ε) with f, g <= 0: each step raises one of the potentials as far as its constraint lets it. f and g
    are shifted by their largest values, and h by as much: only what differs between points is limited.
    """
    a, b = posed.a, posed.b
    K = -posed.costs / reg
    log_m = np.log(mass) if mass > 0 else -np.inf
    errors: list[float] = []
    with np.errstate(divide="ignore"):
        log_a, log_b = np.log(a), np.log(b)
    f, g = np.zeros(len(a)), np.zeros(len(b))
    h = log_m - _logsum(K.ravel())
    for step in range(limit):
        f_before, h_before = f, h
        f = np.minimum(log_a - h - _logsum_rows(K + g[None, :]), 0.0)
        g = np.minimum(log_b - h - _logsum_rows((K + f[:, None]).T), 0.0)
        h = log_m - _logsum((K + f[:, None] + g[None, :]).ravel())
        if np.isnan(h) or h == np.inf:
            warnings.warn(f"Numerical errors at iteration {step} of {name}", stacklevel=3)
            f, h = f_before, h_before
            break
        with np.errstate(invalid="ignore"):
            moved = float(np.nan_to_num(np.abs(f - f_before)).max(initial=0.0) + abs(h - h_before))
        if step % 10 == 0:
            errors.append(moved)
        if moved <= max(stop, 1e-14):
            break
    plan = np.exp(K + f[:, None] + g[None, :] + h)
    active = (f < 0.0) & (a > 0), (g < 0.0) & (b > 0)
    over = max(float((plan.sum(1) - a).max(initial=0.0)), float((plan.sum(0) - b).max(initial=0.0)))
    if over > 1e-6 * mass:
        warnings.warn(f"{name} did not converge: a marginal is exceeded by {over:.1e}; try a larger numItermax", stacklevel=4)
    return plan, errors, active


def _logsum(values: Floats) -> float:
    largest = values.max(initial=-np.inf)
    return float(largest + np.log(np.exp(values - largest).sum())) if np.isfinite(largest) else float(largest)


def _logsum_rows(values: Floats) -> Floats:
    largest = values.max(axis=1)
    safe = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        found: Floats = safe + np.log(np.exp(values - safe[:, None]).sum(axis=1))
    return found


def _pulled(P: Floats, active: tuple[Any, Any], reg: float, cotangent: Floats) -> list[Any]:
    """Derivatives by a, b and C of a function of the entropic plan: the constraints met with equality stay so."""
    rows, columns = active
    W = P * cotangent
    n, m = int(rows.sum()), int(columns.sum())
    system = np.zeros((n + m + 1, n + m + 1))
    system[:n, n:-1] = P[np.ix_(rows, columns)]
    system[:n, -1], system[n:-1, -1] = P.sum(1)[rows], P.sum(0)[columns]
    system += system.T
    np.fill_diagonal(system, np.concatenate([P.sum(1)[rows], P.sum(0)[columns], [P.sum()]]))
    right = np.concatenate([W.sum(1)[rows], W.sum(0)[columns], [W.sum()]])
    found = np.linalg.lstsq(system, right, rcond=1e-12)[0]
    x, y = np.zeros(P.shape[0]), np.zeros(P.shape[1])
    x[rows], y[columns] = found[:n], found[n:-1]
    return [x, y, P * (x[:, None] + y[None, :] + found[-1] - cotangent) / reg]


def _entropic_named(
    name: str, a: Any, b: Any, M: Any, reg: Any, m: Any, numItermax: int, stopThr: float, verbose: bool, log: bool
) -> Any:
    posed = _Posed(a, b, M)
    if not float(reg) > 0:
        raise InputError(f"reg: it is {reg}, but a positive number is needed")
    mass = posed.mass(m)
    plan, errors, active = _entropic(posed, float(reg), mass, int(numItermax), stopThr, name)
    if verbose:
        print("{:5s}|{:12s}".format("It.", "Err") + "\n" + "-" * 11)
        print(f"{10 * len(errors):5d}|{errors[-1] if errors else 0.0:8e}|")

    def pull(cotangent: Floats) -> list[Any]:
        return _pulled(plan, active, float(reg), cotangent)

    made = posed.like.implicit(plan, posed.given, pull)
    if not log:
        return made

    def pull_cost(cotangent: Floats) -> list[Any]:
        by_a, by_b, by_costs = _pulled(plan, active, float(reg), posed.costs)
        return [float(cotangent) * one for one in (by_a, by_b, by_costs + plan)]

    cost = posed.like.implicit((plan * posed.costs).sum(), posed.given, pull_cost)
    return made, {"err": [posed.like.out(error) for error in errors], "partial_w_dist": cost}


def entropic_partial_wasserstein(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    m: Any = None,
    method: str = "sinkhorn",
    numItermax: int = 1000,
    stopThr: float = 1e-100,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The entropic plan that moves mass ``m``: Sinkhorn steps on logarithms, whatever the method is called."""
    if method.lower() not in ("sinkhorn", "sinkhorn_log"):
        raise ValueError(f"Unknown method '{method}'.")
    return _entropic_named("entropic_partial_wasserstein", a, b, M, reg, m, numItermax, stopThr, verbose, log)


def entropic_partial_wasserstein_logscale(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    m: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-100,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The entropic plan that moves mass ``m``."""
    return _entropic_named("entropic_partial_wasserstein_logscale", a, b, M, reg, m, numItermax, stopThr, verbose, log)


def partial_wasserstein_1d(x_a: Any, x_b: Any, n_transported_samples: Any = None, p: float = 1) -> Any:
    """For k = 1 to ``n_transported_samples``: which points of the line the best k pairs are made of, and what one more costs.

    Returns the indices in the order in which they join, and the marginal costs, of length ``n_transported_samples``.

    >>> import earthwork.pot as ot
    >>> ot.partial.partial_wasserstein_1d([0.0, 5.0], [5.5, 9.0])
    (array([1, 0]), array([0, 1]), array([0.5, 9. ]))
    """
    like = Like(x_a, x_b)
    x, y = (np.asarray(numpy_of(one), dtype=np.float64) for one in (x_a, x_b))
    for name, one in (("x_a", x), ("x_b", y)):
        if one.ndim != 1 and not (one.ndim == 2 and one.shape[1] == 1):
            raise InputError(f"{name}: partial_wasserstein_1d should only be used with monodimensional data")
    most = min(len(x), len(y))
    count = most if n_transported_samples is None else int(n_transported_samples)
    if not 0 <= count <= most:
        raise InputError(f"n_transported_samples: it is {count}, but there are {len(x)} and {len(y)} points")
    if not p >= 1:
        raise InputError(f"p: it is {p}, but at least 1 is needed")
    rows, columns, costs = pairs(x.reshape(-1), y.reshape(-1), count, float(p))
    return like.indices(rows), like.indices(columns), like.out(costs)
