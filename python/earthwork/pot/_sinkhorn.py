"""Entropic transport under POT's names: ``sinkhorn`` and its family, empirical forms, the Sinkhorn divergence.

All methods are one solver, which works with potentials and converges where POT's do not. ``numItermax`` counts its passes.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.pot import _entropic
from earthwork.pot._arrays import Like, balanced, floats, numpy_of, weights_of
from earthwork.pot._entropic import Entropic
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot.results import LazyTensor
from earthwork.pot.utils import dist

__all__ = [
    "empirical_sinkhorn",
    "empirical_sinkhorn2",
    "empirical_sinkhorn_divergence",
    "greenkhorn",
    "sinkhorn",
    "sinkhorn2",
    "sinkhorn_epsilon_scaling",
    "sinkhorn_knopp",
    "sinkhorn_log",
    "sinkhorn_stabilized",
]

METHODS = ("sinkhorn", "sinkhorn_log", "greenkhorn", "sinkhorn_stabilized", "sinkhorn_epsilon_scaling")


class _Posed:
    """A matrix, its weights and ε, made ready; b may have a column for each problem."""

    def __init__(self, a: Any, b: Any, M: Any, reg: Any) -> None:
        self.like = Like(M, a, b, reg)
        self.given = (a, b, M, reg)
        self.costs = floats(M)
        if self.costs.ndim != 2:
            raise InputError(f"M: it has {self.costs.ndim} dimensions, but 2 are needed")
        n, m = self.costs.shape
        self.a = weights_of("a", a, n)
        # POT compares no totals here: what single precision leaves is scaled, anything larger is an error.
        self.b = balanced(self.a, weights_of("b", b, m), True, 1e-4)
        self.reg = float(reg)

    def solve(self, b: Floats, numItermax: float, stopThr: float, warn: bool, warm: Any, scaled: bool = False) -> Entropic:
        if warm is not None:
            warm = [np.asarray(numpy_of(one), dtype=np.float64) / (self.reg if scaled else 1.0) for one in warm]
        return _entropic.solve(self.a, b, self.costs, self.reg, numItermax, stopThr, warn, warm)

    def plan(self, found: Entropic) -> Any:
        return self.like.implicit(found.plan, self.given, lambda cotangent: found.pull(cotangent))

    def cost(self, found: Entropic) -> Any:
        if not self.like.differentiable:
            return self.like.out(found.cost)

        def pull(cotangent: Floats) -> list[Any]:
            return [np.asarray(grad) * float(cotangent) for grad in found.pull(self.costs, direct=found.plan)]

        return self.like.implicit(found.cost, self.given, pull)


def _log(method: str, like: Like, found: Entropic, reg: float) -> dict[str, Any]:
    """The log of one method of POT, which names the same things in five ways."""
    log_u, log_v = found.log_u, found.log_v
    err = [like.out(found.error)]
    if method == "greenkhorn":
        return {"u": like.out(np.exp(log_u)), "v": like.out(np.exp(log_v)), "n_iter": found.iterations}
    if method in ("sinkhorn_stabilized", "sinkhorn_epsilon_scaling"):
        alpha, beta = like.out(reg * log_u), like.out(reg * log_v)
        told = {"err": err, "alpha": alpha, "beta": beta, "warmstart": (alpha, beta)}
        if method == "sinkhorn_epsilon_scaling":
            return told | {"niter": found.iterations}
        return told | {"n_iter": found.iterations, "logu": like.out(log_u), "logv": like.out(log_v)}
    told = {"err": err, "niter": found.iterations, "u": like.out(np.exp(log_u)), "v": like.out(np.exp(log_v))}
    return told | ({"log_u": like.out(log_u), "log_v": like.out(log_v)} if method == "sinkhorn_log" else {})


def _many_logs(method: str, like: Like, logs: list[dict[str, Any]]) -> dict[str, Any]:
    """The logs of several columns as one: arrays side by side."""
    joined: dict[str, Any] = {}
    for key in logs[0]:
        first = logs[0][key]
        if key in ("err", "niter", "n_iter"):
            joined[key] = first if key == "err" else max(one[key] for one in logs)
        elif key == "warmstart":
            continue
        else:
            joined[key] = like.out(np.stack([numpy_of(one[key]) for one in logs], axis=1))
    if "alpha" in joined:
        joined["warmstart"] = (joined["alpha"], joined["beta"])
    return joined


def _solved(
    method: str,
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    numItermax: float,
    stopThr: float,
    verbose: bool,
    log: bool,
    warn: bool,
    warmstart: Any,
    only_cost: bool = False,
) -> Any:
    posed = _Posed(a, b, M, reg)
    scaled = method in ("sinkhorn_stabilized", "sinkhorn_epsilon_scaling")

    def told(found: Entropic) -> None:
        if verbose:
            print("{:5s}|{:12s}".format("It.", "Err") + "\n" + "-" * 19)
            print(f"{found.iterations:5d}|{found.error:8e}|")

    if posed.b.ndim == 1:
        found = posed.solve(posed.b, numItermax, stopThr, warn, warmstart, scaled)
        told(found)
        result = posed.cost(found) if only_cost else posed.plan(found)
        return (result, _log(method, posed.like, found, posed.reg)) if log else result
    if posed.like.differentiable:
        raise NotServed("gradients by many histograms")
    ends = []
    for k in range(posed.b.shape[1]):
        warm = None
        if warmstart is not None and len(warmstart) == 2 and getattr(warmstart[0], "ndim", 1) == 2:
            warm = [one[:, k if one.shape[1] > 1 else 0] for one in warmstart]
        ends.append(posed.solve(np.ascontiguousarray(posed.b[:, k]), numItermax, stopThr, warn, warm, scaled))
    result = posed.like.out(np.array([found.cost for found in ends]))
    if not log:
        return result
    return result, _many_logs(method, posed.like, [_log(method, posed.like, found, posed.reg) for found in ends])


def _known(method: str) -> str:
    name = method.lower()
    if name not in METHODS:
        raise ValueError(f"Unknown method '{method}'.")
    return name


def sinkhorn(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    method: str = "sinkhorn",
    numItermax: float = 1000,
    stopThr: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    warmstart: Any = None,
    **kwargs: Any,
) -> Any:
    """The entropic plan of shape (n, m) for costs M; the costs ⟨M, P⟩ of all problems where ``b`` has columns.

    >>> import earthwork.pot as ot
    >>> ot.sinkhorn([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], 1).round(4)
    array([[0.3655, 0.1345],
           [0.1345, 0.3655]])
    """
    return _solved(_known(method), a, b, M, reg, numItermax, stopThr, verbose, log, warn, warmstart)


def sinkhorn2(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    method: str = "sinkhorn",
    numItermax: float = 1000,
    stopThr: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    warn: bool = False,
    warmstart: Any = None,
    **kwargs: Any,
) -> Any:
    """The cost ⟨M, P⟩ of the entropic plan, without its entropy, as POT has it. Gradients are exact.

    >>> import earthwork.pot as ot
    >>> round(float(ot.sinkhorn2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], 1)), 4)
    0.2689
    """
    name = _known(method)
    if name in ("greenkhorn", "sinkhorn_epsilon_scaling"):
        raise ValueError(f"Unknown method '{method}'.")
    return _solved(name, a, b, M, reg, numItermax, stopThr, verbose, log, warn, warmstart, only_cost=True)


def sinkhorn_knopp(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    numItermax: float = 1000,
    stopThr: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    warmstart: Any = None,
    **kwargs: Any,
) -> Any:
    """The entropic plan; log keys err, niter, u, v."""
    return _solved("sinkhorn", a, b, M, reg, numItermax, stopThr, verbose, log, warn, warmstart)


def sinkhorn_log(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    numItermax: float = 1000,
    stopThr: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    warmstart: Any = None,
    **kwargs: Any,
) -> Any:
    """The entropic plan; log keys err, niter, u, v, log_u, log_v."""
    return _solved("sinkhorn_log", a, b, M, reg, numItermax, stopThr, verbose, log, warn, warmstart)


def greenkhorn(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    numItermax: float = 10000,
    stopThr: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    warmstart: Any = None,
) -> Any:
    """The entropic plan; log keys n_iter, u, v."""
    return _solved("greenkhorn", a, b, M, reg, numItermax, stopThr, verbose, log, warn, warmstart)


def sinkhorn_stabilized(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    numItermax: float = 1000,
    tau: float = 1e3,
    stopThr: float = 1e-9,
    warmstart: Any = None,
    verbose: bool = False,
    print_period: int = 20,
    log: bool = False,
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """The entropic plan; log keys err, n_iter, alpha, beta (in units of the cost), logu, logv, warmstart."""
    return _solved("sinkhorn_stabilized", a, b, M, reg, numItermax, stopThr, verbose, log, warn, warmstart)


def sinkhorn_epsilon_scaling(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    numItermax: float = 100,
    epsilon0: float = 1e4,
    numInnerItermax: float = 100,
    tau: float = 1e3,
    stopThr: float = 1e-9,
    warmstart: Any = None,
    verbose: bool = False,
    print_period: int = 10,
    log: bool = False,
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """The entropic plan; log keys err, niter, alpha, beta (in units of the cost), warmstart."""
    passes = numItermax * numInnerItermax if numItermax > 1 else numItermax
    return _solved("sinkhorn_epsilon_scaling", a, b, M, reg, passes, stopThr, verbose, log, warn, warmstart)


def empirical_sinkhorn(
    X_s: Any,
    X_t: Any,
    reg: Any,
    a: Any = None,
    b: Any = None,
    metric: Any = "sqeuclidean",
    numIterMax: float = 10000,
    stopThr: float = 1e-9,
    isLazy: bool = False,
    batchSize: Any = 100,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    warmstart: Any = None,
    **kwargs: Any,
) -> Any:
    """The entropic plan between points; with ``isLazy`` only log u and log v, in memory O(n + m)."""
    if not isLazy:
        method = kwargs.pop("method", "sinkhorn")
        costs = dist(X_s, X_t, metric=metric)
        return sinkhorn(_or_empty(a), _or_empty(b), costs, reg, method, numIterMax, stopThr, verbose, log, warn, warmstart)
    if not isinstance(batchSize, int) and not (isinstance(batchSize, tuple) and len(batchSize) == 2):
        raise ValueError("Batch size must be in integer or a tuple of two integers")
    found, like = _lazy(X_s, X_t, reg, a, b, metric, numIterMax, stopThr, warn, warmstart)
    f, g = like.out(found.log_u), like.out(found.log_v)
    if not log:
        return f, g
    plan = lazy_plan(X_s, X_t, f, g, metric, reg)
    error = like.out(found.raw.marginal_error * found.a.sum())
    return f, g, {"err": [error], "u": f, "v": g, "niter": found.iterations, "lazy_plan": plan}


def lazy_plan(X_s: Any, X_t: Any, f: Any, g: Any, metric: Any, reg: Any) -> LazyTensor:
    """The plan exp(f ⊕ g - M / reg) whose blocks are computed when they are asked for."""
    return LazyTensor((len(X_s), len(X_t)), _block, X_a=X_s, X_b=X_t, f=f, g=g, metric=metric, reg=reg)


def _block(i: Any, j: Any, X_a: Any, X_b: Any, f: Any, g: Any, metric: Any, reg: Any) -> Any:
    i, j = (slice(k, k + 1) if isinstance(k, int) else k for k in (i, j))
    logs = f[i, None] + g[None, j] - dist(X_a[i], X_b[j], metric=metric) / reg
    return np.exp(logs) if isinstance(logs, np.ndarray) else logs.exp()


def _or_empty(masses: Any) -> Any:
    return [] if masses is None else masses


def _lazy(
    X_s: Any, X_t: Any, reg: Any, a: Any, b: Any, metric: Any, limit: float, stopThr: float, warn: bool, warm: Any
) -> tuple[Entropic, Like]:
    like = Like(X_s, X_t, a, b)
    if like.differentiable:
        raise NotServed("gradients of lazy entropic transport")
    if not isinstance(metric, str):
        raise NotServed("a function as metric of lazy entropic transport")
    X, Y = floats(X_s), floats(X_t)
    first = weights_of("a", a, len(X), "X_s")
    second = balanced(first, weights_of("b", b, len(Y), "X_t"), True, 1e-4)
    x, y = _native.Samples(X, first, ("X_s", "a")), _native.Samples(Y, second, ("X_t", "b"))
    value = float(reg)
    start = None if warm is None else _entropic._start(first, second, value, [numpy_of(one) for one in warm])
    raw = _native.sinkhorn_solve(x, y, metric, _entropic.options(value, float(first.sum()), limit, stopThr, start))
    if warn and raw.status != "converged":
        warnings.warn(_entropic.NOT_CONVERGED, stacklevel=3)
    f, g = raw.potentials()
    return Entropic(first, second, np.zeros((0, 0)), value, raw, f, g), like


def empirical_sinkhorn2(
    X_s: Any,
    X_t: Any,
    reg: Any,
    a: Any = None,
    b: Any = None,
    metric: Any = "sqeuclidean",
    numIterMax: float = 10000,
    stopThr: float = 1e-9,
    isLazy: bool = False,
    batchSize: Any = 100,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    warmstart: Any = None,
    **kwargs: Any,
) -> Any:
    """⟨M, P⟩ of the entropic plan between points."""
    if not isLazy:
        method = kwargs.pop("method", "sinkhorn")
        costs = dist(X_s, X_t, metric=metric)
        return sinkhorn2(_or_empty(a), _or_empty(b), costs, reg, method, numIterMax, stopThr, verbose, log, warn, warmstart)
    if log:
        *_, told = empirical_sinkhorn(
            X_s, X_t, reg, a, b, metric, numIterMax, stopThr, True, batchSize, verbose, True, warn, warmstart
        )
        found, like = _lazy(X_s, X_t, reg, a, b, metric, numIterMax, stopThr, False, (told["u"], told["v"]))
        return like.out(found.cost), told
    found, like = _lazy(X_s, X_t, reg, a, b, metric, numIterMax, stopThr, warn, warmstart)
    return like.out(found.cost)


def empirical_sinkhorn_divergence(
    X_s: Any,
    X_t: Any,
    reg: Any,
    a: Any = None,
    b: Any = None,
    metric: Any = "sqeuclidean",
    numIterMax: float = 10000,
    stopThr: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    warmstart: Any = None,
    **kwargs: Any,
) -> Any:
    """⟨M, P⟩ of X to Y less half of X to X and of Y to Y, at least 0. (POT's definition; the entropies are left out.)"""
    pairs = (X_s, X_t, a, b), (X_s, X_s, a, a), (X_t, X_t, b, b)
    warm = [None] * 3 if warmstart is None else [warmstart, (warmstart[0],) * 2, (warmstart[1],) * 2]
    values, logs = [], []
    for (X, Y, first, second), start in zip(pairs, warm, strict=True):
        value, told = empirical_sinkhorn2(
            X, Y, reg, first, second, metric, numIterMax, stopThr, verbose=verbose, log=True, warn=warn, warmstart=start, **kwargs
        )
        values.append(value)
        logs.append(told)
    raw = values[0] - 0.5 * (values[1] + values[2])
    like = Like(X_s, X_t)
    found = raw.clamp_min(0.0) if like.torch is not None else like.out(max(raw, 0.0))
    if not log:
        return found
    names = ("ab", "a", "b")
    told_all = {f"sinkhorn_loss_{name}": value for name, value in zip(names, values, strict=True)}
    return found, told_all | {f"log_sinkhorn_{name}": one for name, one in zip(names, logs, strict=True)}


