"""Unbalanced transport under POT's names: masses may be made and lost at a price, with entropy or without."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.optimize import Bounds, minimize
from scipy.special import xlogy

from earthwork._inputs import Floats
from earthwork.pot._arrays import Like, floats, numpy_of, weights_of
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot._loose_slopes import Slopes

__all__ = [
    "lbfgsb_unbalanced",
    "lbfgsb_unbalanced2",
    "mm_unbalanced",
    "mm_unbalanced2",
    "sinkhorn_knopp_unbalanced",
    "sinkhorn_stabilized_unbalanced",
    "sinkhorn_unbalanced",
    "sinkhorn_unbalanced2",
    "sinkhorn_unbalanced_translation_invariant",
]

WIDE = 200.0
"""How far logarithms of scalings may be from 0 before they are taken into the kernel."""


def _pair(reg_m: Any) -> tuple[float, float]:
    """The prices of both sides."""
    if np.ndim(numpy_of(reg_m)) == 0:
        return float(reg_m), float(reg_m)
    values = [float(one) for one in reg_m]
    if len(values) not in (1, 2):
        raise ValueError("Parameter must be either a scalar, or an indexable object of length 1 or 2.")
    return values[0], values[-1]


def kl(p: Floats, q: Floats) -> float:
    """Σ p log(p / q) - p + q, infinite where q alone is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(p > 0, p / q, 1.0)
    return float((xlogy(p, ratio) - p + q).sum())


def relative_entropy(p: Floats, q: Floats) -> float:
    """Σ p log(p / q): what POT's ``total_cost`` of entropic solves is made of, without the masses' difference."""
    return kl(p, q) + float(p.sum() - q.sum())


class _Posed:
    def __init__(self, a: Any, b: Any, M: Any, c: Any = None, slopes: bool = False) -> None:
        self.like = Like(M, a, b)
        self.given = a, b, M
        if self.like.differentiable and not slopes:
            raise NotServed("gradients of unbalanced transport without entropy")
        if Like(c).differentiable:
            raise NotServed("gradients by c of unbalanced transport")
        self.costs = floats(M)
        n, m = self.costs.shape
        self.a, self.b = weights_of("a", a, n), weights_of("b", b, m)
        self.reference: Floats | None = None if c is None else floats(c)

    def joint(self) -> Floats:
        """The measure that the plan's entropy is taken against: ``c``, or a bᵀ."""
        product: Floats = np.multiply.outer(self.a, self.b)
        return product if self.reference is None else self.reference


class _End:
    def __init__(self, log_u: Floats, log_v: Floats, errors: list[float], converged: bool, kernel: Floats) -> None:
        self.log_u, self.log_v, self.errors, self.converged, self.kernel = log_u, log_v, errors, converged, kernel

    @property
    def plan(self) -> Floats:
        with np.errstate(under="ignore"):
            return np.exp(self.log_u[:, None] + self.kernel + self.log_v[None, :])


def _scale(
    a: Floats, b: Floats, kernel: Floats, reg: float, prices: tuple[float, float], limit: int, stop: float, warm: Any
) -> _End:
    """Scaling iterations for P = diag(u) exp(kernel) diag(v), absorbed into the kernel when they grow.

    Chizat, Peyré, Schmitzer, Vialard, "Scaling algorithms for unbalanced optimal transport problems", Math. Comp. 87 (2018); after each
    sweep potentials are shifted against each other as is best for the dual (Séjourné, Vialard, Peyré, AISTATS 2022).
    """
    powers = [1.0 if price == np.inf else price / (price + reg) for price in prices]
    both = all(price != np.inf for price in prices)
    with np.errstate(divide="ignore"):
        log_a, log_b = np.log(a), np.log(b)
    log_u, log_v = (np.zeros(len(a)), np.zeros(len(b))) if warm is None else (np.array(one, dtype=np.float64) for one in warm)
    log_u, log_v = (np.where(np.isfinite(one), one, 0.0) for one in (log_u, log_v))
    held_u, held_v = log_u.copy(), log_v.copy()
    if warm is None:
        held_v = -kernel.max(axis=0, initial=-1e300)
        log_v = held_v.copy()
    errors: list[float] = []
    converged = False

    def absorbed() -> Floats:
        with np.errstate(under="ignore", over="ignore"):
            return np.exp(held_u[:, None] + kernel + held_v[None, :])

    K = absorbed()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        for _ in range(limit):
            before_u, before_v = log_u, log_v
            for side in (0, 1):
                spread = K @ np.exp(log_v - held_v) if side == 0 else K.T @ np.exp(log_u - held_u)
                mine, held, logs = ((log_u, held_u, log_a), (log_v, held_v, log_b))[side]
                if not (spread > 1e-280).all() or not np.isfinite(spread).all():
                    exponent = kernel + log_v[None, :] if side == 0 else (kernel + log_u[:, None]).T
                    largest = exponent.max(axis=1)
                    reached = largest + np.log(np.exp(exponent - largest[:, None]).sum(axis=1))
                else:
                    reached = np.log(spread) - held
                mine = powers[side] * (logs - reached)
                mine = np.where(logs == -np.inf, -np.inf, mine)
                log_u, log_v = (mine, log_v) if side == 0 else (log_u, mine)
            if both:
                f, g = reg * log_u, reg * log_v
                first, second = _weighed(log_a, f, prices[0]), _weighed(log_b, g, prices[1])
                shift = prices[0] * prices[1] / (prices[0] + prices[1]) * (first - second) / reg
                if np.isfinite(shift):
                    log_u, log_v = log_u + shift, log_v - shift
            moved = max(_moved(log_u, before_u), _moved(log_v, before_v))
            errors.append(moved)
            if np.isnan(moved):
                break
            if moved < max(stop, 1e-15):
                converged = True
                break
            if max(_moved(log_u, held_u), _moved(log_v, held_v)) > WIDE:
                held_u, held_v = (np.where(np.isfinite(one), one, 0.0) for one in (log_u, log_v))
                K = absorbed()
    return _End(log_u, log_v, errors, converged, kernel)


def _weighed(log_mass: Floats, potential: Floats, price: float) -> float:
    """log Σ mass exp(-potential / price)."""
    values = np.where(np.isfinite(log_mass), log_mass - np.where(np.isfinite(potential), potential, 0.0) / price, -np.inf)
    largest = values.max()
    return float(largest + np.log(np.exp(values - largest).sum()))


def _moved(now: Floats, before: Floats) -> float:
    kept = np.isfinite(now) & np.isfinite(before)
    return float(np.abs(now[kept] - before[kept]).max(initial=0.0))


METHODS = ("sinkhorn", "sinkhorn_stabilized", "sinkhorn_translation_invariant", "sinkhorn_reg_scaling")


def _entropic(
    method: str,
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    reg_type: str,
    c: Any,
    warm: Any,
    limit: int,
    stop: float,
    verbose: bool,
    log: bool,
) -> Any:
    if method == "sinkhorn_reg_scaling":
        warnings.warn("Method not implemented yet. Using classic Sinkhorn-Knopp", stacklevel=3)
    posed = _Posed(a, b, M, c, slopes=True)
    prices = _pair(reg_m)
    value = float(reg)
    if posed.like.differentiable and any(getattr(one, "requires_grad", False) for one in (reg, reg_m)):
        raise NotServed("gradients by the prices of unbalanced transport")
    if not value > 0 or not min(prices) > 0:
        raise InputError(f"reg and reg_m: they are {reg} and {reg_m}, but positive numbers are needed")
    many = posed.b.ndim == 2
    if reg_type.lower() == "entropy":
        warnings.warn("If reg_type = entropy, then the matrix c is overwritten by the one matrix.", stacklevel=3)
    elif reg_type.lower() != "kl":
        raise InputError(f"reg_type: {reg_type!r} is neither 'kl' nor 'entropy'")
    reference = np.ones(posed.costs.shape) if many or reg_type.lower() == "entropy" else posed.joint()
    with np.errstate(divide="ignore"):
        kernel = -posed.costs / value + np.log(reference)
    warm = None if warm is None else [np.asarray(numpy_of(one), dtype=np.float64) for one in warm]
    columns = posed.b if many else posed.b[:, None]
    ends = []
    for k in range(columns.shape[1]):
        start = warm if warm is None or not many else [one[:, k if one.shape[1] > 1 else 0] for one in warm]
        column = np.ascontiguousarray(columns[:, k])
        ends.append(_scale(posed.a, column, kernel, value, prices, int(limit), stop, start))
    if not all(end.converged for end in ends) and method == "sinkhorn_stabilized":
        told = "Try a larger entropy `reg` or a lower mass `reg_m`. Or a larger absorption threshold `tau`."
        warnings.warn(f"Stabilized Unbalanced Sinkhorn did not converge. {told}", stacklevel=3)
    if verbose:
        print("{:5s}|{:12s}".format("It.", "Err") + "\n" + "-" * 19)
        print(f"{len(ends[0].errors):5d}|{ends[0].errors[-1]:8e}|")
    like = posed.like
    if many:
        if like.differentiable:
            raise NotServed("gradients by many histograms")
        costs = like.out(np.array([(end.plan * posed.costs).sum() for end in ends]))
        logs = {key: like.out(np.stack([getattr(end, f"log_{key[-1]}") for end in ends], axis=1)) for key in ("logu", "logv")}
        return (costs, {"err": [like.out(x) for x in ends[0].errors], **logs}) if log else costs
    end = ends[0]
    plan = end.plan
    slopes = Slopes(posed, plan, value, prices, reference, c is None and reg_type.lower() == "kl")
    made = like.implicit(plan, posed.given, slopes.plan)
    if not log:
        return made
    linear = float((plan * posed.costs).sum())
    total = linear + value * relative_entropy(plan, reference)
    for price, marginal, masses in ((prices[0], plan.sum(1), posed.a), (prices[1], plan.sum(0), posed.b)):
        total += 0.0 if price == np.inf else price * relative_entropy(marginal, masses)
    return made, {
        "err": [like.out(x) for x in end.errors],
        "logu": like.out(end.log_u),
        "logv": like.out(end.log_v),
        "cost": like.implicit(linear, posed.given, slopes.cost),
        "total_cost": like.implicit(total, posed.given, slopes.total),
    }


def _known(method: str) -> str:
    if method.lower() not in METHODS:
        raise ValueError(f"Unknown method '{method}'.")
    return method.lower()


def sinkhorn_unbalanced(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    method: str = "sinkhorn",
    reg_type: str = "kl",
    c: Any = None,
    warmstart: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-6,
    verbose: bool = False,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """The plan that is least in ⟨P, M⟩ + reg KL(P | c) + reg_m (KL(P 1 | a) + KL(Pᵀ 1 | b)), c being a bᵀ by default.

    >>> import earthwork.pot as ot
    >>> ot.unbalanced.sinkhorn_unbalanced([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], 1, 1).round(2)
    array([[0.32, 0.12],
           [0.12, 0.32]])
    """
    return _entropic(_known(method), a, b, M, reg, reg_m, reg_type, c, warmstart, numItermax, stopThr, verbose, log)


def _cost_of(told: dict[str, Any], returnCost: str) -> Any:
    if returnCost not in ("linear", "total"):
        raise ValueError(f"Unknown returnCost = {returnCost}")
    return told["cost" if returnCost == "linear" else "total_cost"]


def sinkhorn_unbalanced2(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    method: str = "sinkhorn",
    reg_type: str = "kl",
    c: Any = None,
    warmstart: Any = None,
    returnCost: str = "linear",
    numItermax: int = 1000,
    stopThr: float = 1e-6,
    verbose: bool = False,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """The cost ⟨P, M⟩ of the unbalanced plan, or with ``returnCost="total"`` the whole objective."""
    name = _known(method)
    many = np.ndim(numpy_of(b)) == 2
    if many and reg_type == "kl":
        warnings.warn("Reg_type not implemented yet. Use entropy.", stacklevel=2)
    found = _entropic(name, a, b, M, reg, reg_m, reg_type, c, warmstart, numItermax, stopThr, verbose, True)
    if many:
        return found if log else found[0]
    cost = _cost_of(found[1], returnCost)
    return (cost, found[1]) if log else cost


def sinkhorn_knopp_unbalanced(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    reg_type: str = "kl",
    c: Any = None,
    warmstart: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-6,
    verbose: bool = False,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """The entropic unbalanced plan; log keys err, logu, logv, cost, total_cost."""
    return _entropic("sinkhorn", a, b, M, reg, reg_m, reg_type, c, warmstart, numItermax, stopThr, verbose, log)


def sinkhorn_stabilized_unbalanced(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    reg_type: str = "kl",
    c: Any = None,
    warmstart: Any = None,
    tau: float = 1e5,
    numItermax: int = 1000,
    stopThr: float = 1e-6,
    verbose: bool = False,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """The entropic unbalanced plan; it warns where it did not converge."""
    return _entropic("sinkhorn_stabilized", a, b, M, reg, reg_m, reg_type, c, warmstart, numItermax, stopThr, verbose, log)


def sinkhorn_unbalanced_translation_invariant(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    reg_type: str = "kl",
    c: Any = None,
    warmstart: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-6,
    verbose: bool = False,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """The entropic unbalanced plan; log keys err, logu, logv, cost, total_cost."""
    method = "sinkhorn_translation_invariant"
    return _entropic(method, a, b, M, reg, reg_m, reg_type, c, warmstart, numItermax, stopThr, verbose, log)


def mm_unbalanced(
    a: Any,
    b: Any,
    M: Any,
    reg_m: Any,
    c: Any = None,
    reg: float = 0,
    div: str = "kl",
    G0: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-15,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The unbalanced plan for KL or L2 penalties by multiplicative steps (Chapel et al., NeurIPS 2021)."""
    posed = _Posed(a, b, M, c)
    first, second = _pair(reg_m)
    a_, b_, C = posed.a, posed.b, posed.costs
    kind = div.lower()
    if kind not in ("kl", "l2"):
        raise ValueError(f"Unknown div = {div}. Must be either 'kl' or 'l2'")
    if not np.isfinite(first + second):
        raise NotServed("mm_unbalanced with a side that is balanced")
    reference: Floats = posed.joint() if reg > 0 else np.zeros(C.shape)
    G = np.multiply.outer(a_, b_) if G0 is None else np.array(numpy_of(G0), dtype=np.float64)
    total = reg + first + second
    r1, r2 = first / total, second / total
    if kind == "kl":
        factor = np.multiply.outer(a_**r1, b_**r2) * np.exp(-C / total)
        factor = factor * reference ** (reg / total) if reg > 0 else factor
    else:
        factor = np.maximum(first * a_[:, None] + second * b_[None, :] + reg * reference - C, 0.0)
    errors = []
    for _ in range(int(numItermax)):
        rows, columns = G.sum(1), G.sum(0)
        if kind == "kl":
            new = factor * G ** (r1 + r2) / (np.multiply.outer(rows**r1, columns**r2) + 1e-16)
        else:
            new = factor * G / (first * rows[:, None] + second * columns[None, :] + reg * G + 1e-16)
        moved = float(np.linalg.norm(new - G))
        G = new
        errors.append(moved)
        if moved < stopThr:
            break
    if verbose:
        print(f"{len(errors):5d}|{errors[-1] if errors else 0.0:8e}|")
    like = posed.like
    made = like.out(G)
    if not log:
        return made
    linear = float((G * C).sum())
    rows, columns = G.sum(1), G.sum(0)
    if kind == "kl":
        value = linear + first * kl(rows, a_) + second * kl(columns, b_) + (reg * kl(G, reference) if reg > 0 else 0.0)
    else:
        value = linear + 0.5 * (first * ((rows - a_) ** 2).sum() + second * ((columns - b_) ** 2).sum())
        value += 0.5 * reg * ((G - reference) ** 2).sum() if reg > 0 else 0.0
    return made, {"err": [like.out(x) for x in errors], "G": [made], "cost": like.out(linear), "total_cost": like.out(value)}


def mm_unbalanced2(
    a: Any,
    b: Any,
    M: Any,
    reg_m: Any,
    c: Any = None,
    reg: float = 0,
    div: str = "kl",
    G0: Any = None,
    returnCost: str = "linear",
    numItermax: int = 1000,
    stopThr: float = 1e-15,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The cost ⟨P, M⟩ of the unbalanced plan, or with ``returnCost="total"`` the whole objective."""
    told = mm_unbalanced(a, b, M, reg_m, c, reg, div, G0, numItermax, stopThr, verbose, True)[1]
    cost = _cost_of(told, returnCost)
    return (cost, told) if log else cost


def _penalty(kind: str, price: float, marginal: Floats, masses: Floats) -> tuple[float, Floats]:
    """The price of a marginal and its derivative."""
    if kind == "l2":
        gap = marginal - masses
        return 0.5 * price * float(gap @ gap), price * gap
    if kind == "tv":
        gap = marginal - masses
        return price * float(np.abs(gap).sum()), price * np.sign(gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.log(np.where(masses > 0, marginal / masses, 1.0) + 1e-16)
    return price * kl(marginal, masses), price * slope


def lbfgsb_unbalanced(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    c: Any = None,
    reg_div: Any = "kl",
    regm_div: str = "kl",
    G0: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-15,
    method: str = "L-BFGS-B",
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The unbalanced plan for KL, L2 or TV penalties by a quasi-Newton method on the plan itself.

    ``reg_div`` may be a function of the plan and its gradient as a pair.
    """
    kind = regm_div.lower()
    if kind not in ("kl", "l2", "tv"):
        raise ValueError(f"Unknown regm_div = {regm_div}. Must be either 'kl', 'l2' or 'tv'")
    own = None if isinstance(reg_div, str) else reg_div
    smooth = reg_div.lower() if own is None else "own"
    if smooth not in ("entropy", "kl", "l2", "own"):
        raise ValueError(f"Unknown reg_div = {reg_div}. Must be either 'entropy', 'kl' or 'l2', or a tuple")
    posed = _Posed(a, b, M, c)
    first, second = _pair(reg_m)
    if not np.isfinite(first + second):
        raise NotServed("lbfgsb_unbalanced with a side that is balanced")
    weight = float(reg)
    C, reference = posed.costs, posed.joint()
    shape = C.shape

    def outside(function: Any, G: Floats) -> Any:
        return numpy_of(function(posed.like.out(G)))

    def objective(flat: Floats) -> tuple[float, Floats]:
        G = flat.reshape(shape)
        one, by_rows = _penalty(kind, first, G.sum(1), posed.a)
        two, by_columns = _penalty(kind, second, G.sum(0), posed.b)
        value = float((G * C).sum()) + one + two
        slope = C + by_rows[:, None] + by_columns[None, :]
        if weight > 0:
            if own is not None:
                value += weight * float(outside(own[0], G))
                slope = slope + weight * np.asarray(outside(own[1], G), dtype=np.float64)
            elif smooth == "l2":
                value += 0.5 * weight * float(((G - reference) ** 2).sum())
                slope = slope + weight * (G - reference)
            else:
                to = reference if smooth == "kl" else np.ones(shape)
                value += weight * (kl(G, to) - (0.0 if smooth == "kl" else G.size))
                with np.errstate(divide="ignore", invalid="ignore"):
                    slope = slope + weight * np.log(np.where(to > 0, G / to, 1.0) + 1e-16)
        return value, slope.ravel()

    start = np.multiply.outer(posed.a, posed.b) if G0 is None else np.asarray(numpy_of(G0), dtype=np.float64)
    found = minimize(
        objective, start.ravel(), method=method, jac=True, bounds=Bounds(0, np.inf), tol=stopThr, options={"maxiter": int(numItermax)}
    )
    plan = found.x.reshape(shape)
    made = posed.like.out(plan)
    if not log:
        return made
    return made, {"cost": posed.like.out((plan * C).sum()), "res": found, "total_cost": posed.like.out(found.fun)}


def lbfgsb_unbalanced2(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    reg_m: Any,
    c: Any = None,
    reg_div: Any = "kl",
    regm_div: str = "kl",
    G0: Any = None,
    returnCost: str = "linear",
    numItermax: int = 1000,
    stopThr: float = 1e-15,
    method: str = "L-BFGS-B",
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The cost ⟨P, M⟩ of the unbalanced plan, or with ``returnCost="total"`` the whole objective."""
    told = lbfgsb_unbalanced(a, b, M, reg, reg_m, c, reg_div, regm_div, G0, numItermax, stopThr, method, verbose, True)[1]
    cost = _cost_of(told, returnCost)
    return (cost, told) if log else cost
