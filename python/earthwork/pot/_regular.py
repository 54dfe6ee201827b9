"""Balanced transport with a regulariser, for :func:`earthwork.pot.solvers.solve`."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from earthwork.pot import _exact
from earthwork.pot._arrays import Like, floats, weights_of
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot._sinkhorn import _Posed
from earthwork.pot.results import OTResult

__all__ = ["entropic", "own", "quadratic", "relative_entropy"]


def relative_entropy(nx: Any, P: Any, reference: Any) -> Any:
    """Σ P log(P / reference), where an entry of P that is 0 counts nothing."""
    held = nx.detach(P) > 0
    one = nx.ones(tuple(P.shape), type_as=P)
    safe = nx.where(held, P, one)
    against = one if reference is None else nx.where(held, reference, one)
    return nx.sum(safe * nx.log(safe / against) * held)


def entropic(
    nx: Any,
    M: Any,
    a: Any,
    b: Any,
    reg: Any,
    c: Any,
    kind: str,
    limits: tuple[int, float],
    start: Any,
    verbose: bool,
    grad: str,
) -> OTResult:
    """The end of entropic transport relative to a bᵀ (``kl``), to ``c``, or to 1 (``entropy``)."""
    given = M, a, b
    if grad in ("envelope", "detach"):
        M, a, b = (one if one is None else nx.detach(one) for one in given)
        reg = float(reg)
    a = nx.full((M.shape[0],), 1.0 / M.shape[0], type_as=M) if a is None else a
    b = nx.full((M.shape[1],), 1.0 / M.shape[1], type_as=M) if b is None else b
    own = kind == "kl" and c is not None
    if own and (not bool(nx.any(c > 0)) or bool(nx.any(c <= 0))):
        raise InputError("c: an entry is not positive, but the plan's entropy is relative to it")
    posed = _Posed(a, b, M - reg * nx.log(c) if own else M, reg)
    found = posed.solve(posed.b, *limits, True, start)
    if verbose:
        print("{:5s}|{:12s}".format("It.", "Err") + "\n" + "-" * 19 + f"\n{found.iterations:5d}|{found.error:8e}|")
    plan = posed.plan(found)
    linear = nx.sum(M * plan)
    reference = None if kind == "entropy" else c if own else a[:, None] * b[None, :]
    value = linear + reg * relative_entropy(nx, plan, reference)
    log_u, log_v = posed.like.out(found.log_u), posed.like.out(found.log_v)
    if grad == "envelope":
        # Relative to a bᵀ the potentials are those without log a and log b, which POT leaves in.
        off = (0.0, 0.0) if kind == "entropy" or own else (_log(posed.a), _log(posed.b))
        by_a, by_b = (_centred(posed.reg * (one - base)) for one, base in zip((found.log_u, found.log_v), off, strict=True))
        value = Like(*given).attached(float(value), [(given[0], found.plan), (given[1], by_a), (given[2], by_b)])
    return OTResult((log_u, log_v), value, linear, plan=plan, backend=nx)


def _log(masses: Any) -> Any:
    return np.log(np.where(masses > 0, masses, 1.0))


def _centred(values: Any) -> Any:
    held = np.isfinite(values)
    return np.where(held, values - (values[held].mean() if held.any() else 0.0), 0.0)


def quadratic(nx: Any, M: Any, a: Any, b: Any, reg: float, limit: int, stop: float, verbose: bool) -> OTResult:
    """The end of transport with reg / 2 ‖P‖². As in POT, ``value`` counts reg ‖P‖²."""
    try:
        smooth = importlib.import_module("earthwork.pot.smooth")
    except ModuleNotFoundError:
        raise NotServed('reg_type="L2" of balanced transport') from None
    a = nx.full((M.shape[0],), 1.0 / M.shape[0], type_as=M) if a is None else a
    b = nx.full((M.shape[1],), 1.0 / M.shape[1], type_as=M) if b is None else b
    plan, log = smooth.smooth_ot_dual(a, b, M, reg=reg, numItermax=limit, stopThr=stop, log=True, verbose=verbose)
    linear = nx.sum(M * plan)
    return OTResult((log["alpha"], log["beta"]), linear + reg * nx.sum(plan**2), linear, plan=plan, backend=nx)


def own(
    nx: Any, M: Any, a: Any, b: Any, reg: float, functions: tuple[Any, Any], limit: int, stop: float, verbose: bool, start: Any
) -> OTResult:
    """The end of ⟨M, P⟩ + reg f(P) for functions f and ∇f of one's own, by conditional gradients with an Armijo search.

    Each step goes towards the exact plan of the linearised costs; it stops when the relative decrease is below ``stop``.
    """
    value_of, gradient_of = functions
    C = floats(M)
    first, second = weights_of("a", a, C.shape[0]), weights_of("b", b, C.shape[1])

    def outside(function: Any, P: Any) -> Any:
        return nx.to_numpy(nx.detach(nx.from_numpy(0.0 + function(nx.from_numpy(P, type_as=M)))))

    def objective(P: Any) -> float:
        return float((C * P).sum() + reg * float(outside(value_of, P)))

    P = np.multiply.outer(first, second) / second.sum() if start is None else floats(start)
    value = objective(P)
    found = None
    for step in range(limit):
        slope = C + reg * np.asarray(outside(gradient_of, P), dtype=np.float64)
        found = _exact.solve_matrix(first, second, np.ascontiguousarray(slope))
        towards = found.dense(*C.shape) - P
        falling = float((slope * towards).sum())
        size, before = 1.0, value
        while size > 1e-12 and objective(P + size * towards) > value + 1e-4 * size * falling:
            size *= 0.5
        if size <= 1e-12 or falling >= 0.0:
            break
        P = P + size * towards
        value = objective(P)
        if verbose:
            print(f"{step:5d}|{value:8e}|{before - value:8e}")
        if before - value <= stop * max(abs(value), 1e-300):
            break
    potentials = None if found is None else (nx.from_numpy(found.u, type_as=M), nx.from_numpy(found.v, type_as=M))
    plan = nx.from_numpy(P, type_as=M)
    return OTResult(potentials, nx.from_numpy(value, type_as=M), nx.sum(M * plan), plan=plan, backend=nx)
