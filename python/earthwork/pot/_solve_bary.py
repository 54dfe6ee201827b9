"""Barycenters of samples for :func:`earthwork.pot.solvers.solve_bary_sample`."""

from __future__ import annotations

from typing import Any

from earthwork.pot._errors import InputError
from earthwork.pot._solve import solve, solve_sample
from earthwork.pot._solve_sample import lst_method_solve_sample
from earthwork.pot.backend import get_backend
from earthwork.pot.barycenters import free_support_barycenter_generic_costs
from earthwork.pot.results import BaryResult

__all__ = ["solve_bary_sample"]


def solve_bary_sample(
    X_a_list: Any,
    n: int,
    a_list: Any = None,
    w: Any = None,
    X_b_init: Any = None,
    b: Any = None,
    metric: Any = "sqeuclidean",
    reg: Any = None,
    c: Any = None,
    reg_type: Any = "KL",
    unbalanced: Any = None,
    unbalanced_type: str = "KL",
    lazy: bool = False,
    method: str | None = None,
    auto_bary_method: str = "L2_barycentric_proj",
    warmstart: bool = True,
    stopping_criterion: str = "loss",
    max_iter_bary: int = 1000,
    tol_bary: float = 1e-5,
    random_state: Any = 0,
    verbose: bool = False,
    **kwargs: Any,
) -> BaryResult:
    """n points (and their plans to each sample) whose transport costs to samples X_a_list are locally least.

    The points and the plans are updated in turn, from ``X_b_init`` on or from normal draws, until the loss (or the points, with
    ``stopping_criterion="bary"``) changes by less than ``tol_bary``. With ``unbalanced`` the masses are updated too. ``metric`` may be
    a cost function, or one for each sample; then ``auto_bary_method`` and ``kwargs`` are those of
    ``ot.lp.free_support_barycenter_generic_costs``.
    """
    if method is not None and method.lower() in lst_method_solve_sample:
        raise NotImplementedError(f"method {method} operating on lazy tensors is not implemented yet")
    if stopping_criterion not in ("loss", "bary"):
        raise ValueError(f"stopping_criterion must be either 'loss' or 'bary', got {stopping_criterion}")
    if lazy:
        raise NotImplementedError("Barycenter solver with lazy=True not implemented")
    nx = get_backend(*X_a_list, X_b_init, b, w)
    first = X_a_list[0]
    k, d = len(X_a_list), first.shape[1]
    masses = [nx.full((len(X),), 1.0 / len(X), type_as=X) for X in X_a_list] if a_list is None else a_list
    shares = nx.full((k,), 1.0 / k, type_as=first) if w is None else w
    own = nx.full((n,), 1.0 / n, type_as=first) if b is None else b
    if X_b_init is None:
        nx.seed(random_state)
        # A scale and a place for all coordinates, as POT has them.
        mean = nx.mean(nx.concatenate([nx.mean(X, axis=0) for X in X_a_list]))
        scale = nx.mean(nx.concatenate([nx.std(X, axis=0) for X in X_a_list]))
        Y = scale * nx.randn(n, d, type_as=first) + mean
    elif tuple(X_b_init.shape) != (n, d):
        raise ValueError(f"X_b_init must have shape (n, dim): it has {tuple(X_b_init.shape)}, not {(n, d)}")
    else:
        Y = X_b_init
    several = isinstance(metric, (list, tuple)) and all(callable(one) for one in metric)
    if callable(metric) or several:
        if reg is not None or unbalanced is not None:
            raise NotImplementedError("Custom callable metric only available for balanced OT (reg=None and unbalanced=None)")
        return _generic(nx, X_a_list, masses, shares, Y, own, metric, auto_bary_method, max_iter_bary, tol_bary, kwargs)
    if metric not in ("sqeuclidean", "euclidean"):
        raise NotImplementedError(f'Not implemented BCD with closed-form on the barycenter samples with metric="{metric}"')
    if len(masses) != k or len(shares) != k:
        raise InputError(f"a_list and w: they have {len(masses)} and {len(shares)} entries for {k} samples")
    problem = {"metric": metric, "reg": reg, "c": c, "reg_type": reg_type, "method": method, **kwargs}
    problem |= {"unbalanced": unbalanced, "unbalanced_type": unbalanced_type}
    found: list[Any] = []
    criteria: list[Any] = []
    for step in range(max_iter_bary):
        starts = [one.potentials for one in found] if found and warmstart else [None] * k
        found = [
            solve_sample(X, Y, a, own, potentials_init=start, **problem)
            for X, a, start in zip(X_a_list, masses, starts, strict=True)
        ]
        if unbalanced is not None:
            own = sum(share * one.plan.sum(0) for share, one in zip(shares, found, strict=True))
        safe = nx.where(own > 0, own, nx.ones(tuple(own.shape), type_as=own))
        moved = sum(share * one.plan.T @ X for share, one, X in zip(shares, found, X_a_list, strict=True)) / safe[:, None]
        loss = sum(share * one.value for share, one in zip(shares, found, strict=True))
        criteria.append(loss if stopping_criterion == "loss" else nx.sum((moved - Y) ** 2))
        if verbose:
            print(f"BCD iteration {step}: criterion {stopping_criterion} = {float(criteria[-1]):.4f}")
        done = len(criteria) > 1 and abs(criteria[-1] - criteria[-2]) <= tol_bary * abs(criteria[-2])
        Y = moved
        if done or criteria[-1] == 0:
            break
    value = sum(share * one.value for share, one in zip(shares, found, strict=True))
    linear = sum(share * one.value_linear for share, one in zip(shares, found, strict=True))
    log = {"stopping_criterion": criteria}
    return BaryResult(X=Y, b=own, value=value, value_linear=linear, log=log, list_res=found, backend=nx)


def _generic(
    nx: Any,
    X_list: Any,
    masses: Any,
    shares: Any,
    Y: Any,
    own: Any,
    metric: Any,
    method: str,
    limit: int,
    tolerance: float,
    kwargs: dict[str, Any],
) -> BaryResult:
    """The barycenter for cost functions of one's own."""
    if method == "true_fixed_point" and kwargs.get("ground_bary") is None:
        raise ValueError("ground_bary must be provided in kwargs for true_fixed_point method with callable metrics")
    options = {"ground_bary": None, "a": own, "numItermax": limit, "method": method, "stopThr": tolerance, "log": True}
    *ends, log = free_support_barycenter_generic_costs(X_list, masses, Y, metric, **(options | kwargs))
    X, own = (ends[0], own) if len(ends) == 1 else ends
    costs = metric if isinstance(metric, (list, tuple)) else [metric] * len(X_list)
    found = [solve(cost(X, place).T, a, own) for cost, place, a in zip(costs, X_list, masses, strict=True)]
    value = sum(share * one.value for share, one in zip(shares, found, strict=True))
    return BaryResult(X=X, b=own, value=value, value_linear=value, log=log, list_res=found, backend=nx)
