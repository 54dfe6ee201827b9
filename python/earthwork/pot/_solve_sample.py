"""Transport between points for :func:`earthwork.pot.solvers.solve_sample`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from earthwork.pot._errors import NotServed
from earthwork.pot.backend import get_backend
from earthwork.pot._sinkhorn import _lazy, lazy_plan
from earthwork.pot.gaussian import empirical_bures_wasserstein_distance, empirical_bures_wasserstein_distance_hd
from earthwork.pot.line import wasserstein_1d
from earthwork.pot._emd import emd2_lazy
from earthwork.pot.results import OTResult
from earthwork.pot.sliced import max_sliced_wasserstein_distance, sliced_wasserstein_distance
from earthwork.pot.utils import apply_scaler, dist, list_to_array, split_sample_ratio

__all__ = ["lst_method_solve_sample", "solve_sample_with"]

lst_method_solve_sample = """1d gaussian gaussian_hd lowrank nystroem factored geomloss geomloss_auto geomloss_tensorized geomloss_online
geomloss_multiscale sliced max_sliced bsp""".split()
PLAIN = ("sinkhorn", "sinkhorn_log", "mm", "lbfgsb")
Given = dict[str, Any]


def solve_sample_with(given: Given, solve: Callable[..., OTResult]) -> OTResult:
    """``solve_sample`` of its arguments by name."""
    method = given["method"]
    name = None if method is None else method.lower()
    if name is not None and name not in (*PLAIN, *lst_method_solve_sample):
        raise ValueError(
            f"Unknown method={method} for solve_sample. Available methods are: {[*PLAIN, *lst_method_solve_sample]}"
        )
    given = given | {"method": name}
    X, Y = list_to_array(given["X_a"], given["X_b"])
    given["X_a"], given["X_b"] = apply_scaler(X, Y, given["scaler"])
    given["scaler"] = None
    if given["debias"]:
        return _split(given, solve) if given["debias"] == "split" else _debiased(given, solve)
    if name is not None and name not in PLAIN:
        return _named(name, given)
    if not given["lazy"]:
        M = dist(given["X_a"], given["X_b"], metric=given["metric"])
        names = "a b reg c reg_type unbalanced unbalanced_type method n_threads max_iter plan_init potentials_init tol verbose grad"
        return solve(M, **{key: given[key] for key in names.split()})
    if given["unbalanced"] is not None:
        raise NotImplementedError(f'Not implemented unbalanced_type="{given["unbalanced_type"]}" with lazy=True')
    return _lazy_exact(given) if not given["reg"] else _lazy_entropic(given)


def _between(given: Given, solve: Callable[..., OTResult], X: Any, Y: Any, a: Any, b: Any) -> OTResult:
    return solve_sample_with(given | {"X_a": X, "X_b": Y, "a": a, "b": b, "debias": False}, solve)


def _debiased(given: Given, solve: Callable[..., OTResult]) -> OTResult:
    X, Y, a, b = (given[key] for key in ("X_a", "X_b", "a", "b"))
    of_a, of_b = _between(given, solve, X, X, a, a), _between(given, solve, Y, Y, b, b)
    both = _between(given, solve, X, Y, a, b)
    return OTResult(
        both.potentials,
        both.value - 0.5 * (of_a.value + of_b.value),
        both.value_linear - 0.5 * (of_a.value_linear + of_b.value_linear),
        plan=both._plan,
        sparse_plan=both._sparse_plan,
        lazy_plan=both.lazy_plan,
        status=both.status,
        log={"res_aa": of_a, "res_bb": of_b, "res_ab": both},
        backend=both._backend,
    )


def _split(given: Given, solve: Callable[..., OTResult]) -> OTResult:
    nx = get_backend(given["X_a"], given["X_b"], given["a"], given["b"])
    X1, X2, a1, a2, sel_a1, sel_a2 = split_sample_ratio(given["X_a"], given["a"], nx=nx)
    Y1, Y2, b1, b2, sel_b1, sel_b2 = split_sample_ratio(given["X_b"], given["b"], nx=nx)
    of_a, of_b = _between(given, solve, X1, X2, a1, a2), _between(given, solve, Y1, Y2, b1, b2)
    first, second = _between(given, solve, X1, Y1, a1, b1), _between(given, solve, X2, Y2, a2, b2)
    value = (first.value + second.value) - (of_a.value + of_b.value)
    log = {"res_aa": of_a, "res_bb": of_b, "res_ab1": first, "res_ab2": second, "a1": a1, "a2": a2, "b1": b1, "b2": b2}
    log |= {"sel_a1": sel_a1, "sel_a2": sel_a2, "sel_b1": sel_b1, "sel_b2": sel_b2}
    return OTResult(value=value, value_linear=value, status="Debiased", log=log, backend=nx)


def _power(metric: Any) -> int:
    if metric not in ("sqeuclidean", "euclidean", "cityblock"):
        raise NotImplementedError(f'Not implemented metric="{metric}"')
    return 2 if metric == "sqeuclidean" else 1


def _named(name: str, given: Given) -> OTResult:
    """The methods that POT has for samples alone."""
    X, Y, a, b = (given[key] for key in ("X_a", "X_b", "a", "b"))
    nx = get_backend(X, Y, a, b)
    log = None
    if name == "1d":
        value = wasserstein_1d(X, Y, a, b, p=_power(given["metric"]))
    elif name in ("sliced", "max_sliced"):
        function = sliced_wasserstein_distance if name == "sliced" else max_sliced_wasserstein_distance
        drawn = (given["n_projections"], _power(given["metric"]), given["projections"], given["random_state"])
        value, log = function(X, Y, a, b, *drawn, log=True)
    elif name in ("gaussian", "gaussian_hd"):
        if _power(given["metric"]) != 2:
            raise NotImplementedError(f'Not implemented metric="{given["metric"]}"')
        reg = given["reg"]
        if name == "gaussian":
            root, log = empirical_bures_wasserstein_distance(X, Y, 1e-6 if reg is None else reg, a, b, log=True)
        else:
            rank = given["rank"]
            if rank > X.shape[1]:
                warnings.warn(
                    "Rank is larger than the number of features. Using full rank for Gaussian Bures-Wasserstein distance.",
                    stacklevel=4,
                )
                rank = X.shape[1]
            root, log = empirical_bures_wasserstein_distance_hd(X, Y, rank, 1e-5 if reg is None else reg, a, b, log=True)
            root = nx.reshape(root, ()) if hasattr(root, "shape") else root
        value = root**2
    else:
        raise NotServed(f"method={name!r} of solve_sample")
    return OTResult(value=value, value_linear=value, log=log, backend=nx)


def _lazy_exact(given: Given) -> OTResult:
    X, Y, a, b = (given[key] for key in ("X_a", "X_b", "a", "b"))
    limit = 100_000 if given["max_iter"] is None else given["max_iter"]
    value, log = emd2_lazy(X, Y, a, b, metric=given["metric"], numItermax=limit, log=True, return_matrix=True)
    nx = get_backend(X, Y, a, b)
    return OTResult((log["u"], log["v"]), value, value, sparse_plan=log["G"], backend=nx, status="Converged")


def _lazy_entropic(given: Given) -> OTResult:
    X, Y, a, b, metric, start = (given[key] for key in ("X_a", "X_b", "a", "b", "metric", "potentials_init"))
    kind = given["reg_type"]
    if isinstance(kind, tuple) or kind.lower() not in ("kl", "entropy"):
        raise NotImplementedError(f'Not implemented reg_type="{kind}" with lazy=True')
    if given["c"] is not None:
        raise NotImplementedError("Not implemented c with lazy=True")
    limit, stop = given["max_iter"] or 1000, 1e-9 if given["tol"] is None else given["tol"]
    found, like = _lazy(X, Y, given["reg"], a, b, metric, limit, stop, True, start)
    f, g = found.log_u, found.log_v
    # Σ P log(P / a bᵀ) by the marginals, of which the plan has both up to the tolerance.
    held_a, held_b = found.a > 0, found.b > 0
    entropy = found.a[held_a] @ f[held_a] + found.b[held_b] @ g[held_b]
    if kind.lower() == "kl":
        entropy -= found.a[held_a] @ np.log(found.a[held_a]) + found.b[held_b] @ np.log(found.b[held_b])
    linear, value = like.out(found.cost), like.out(found.reg * entropy)
    u, v = like.out(f), like.out(g)
    plan = lazy_plan(X, Y, u, v, metric, given["reg"])
    nx = get_backend(X, Y, a, b)
    return OTResult((u, v), value, linear, lazy_plan=plan, backend=nx, batch_size=given["batch_size"] or 100)
