"""Further functions of POT's ``bregman`` that rest on entropic transport: free support barycenters, unmixing, screening."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from earthwork.pot._arrays import Like, floats
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot._sinkhorn import sinkhorn
from earthwork.pot.backend import get_backend
from earthwork.pot.utils import dist

__all__ = ["free_support_sinkhorn_barycenter", "screenkhorn", "unmix"]


def free_support_sinkhorn_barycenter(
    measures_locations: Any,
    measures_weights: Any,
    X_init: Any,
    reg: Any,
    b: Any = None,
    weights: Any = None,
    numItermax: int = 100,
    numInnerItermax: int = 1000,
    stopThr: float = 1e-7,
    verbose: bool = False,
    log: Any = None,
    **kwargs: Any,
) -> Any:
    """Points (k, d) each at the mean of where the entropic plans to the measures send it, from ``X_init`` on."""
    nx = get_backend(*measures_locations, *measures_weights, X_init)
    count, k = len(measures_locations), X_init.shape[0]
    own = nx.full((k,), 1.0 / k, type_as=X_init) if b is None else b
    shares = nx.full((count,), 1.0 / count, type_as=X_init) if weights is None else weights
    X = X_init
    moved: list[Any] = []
    for step in range(numItermax):
        target = sum(
            share * nx.dot(sinkhorn(own, masses, dist(X, places), reg, numItermax=numInnerItermax, **kwargs), places) / own[:, None]
            for places, masses, share in zip(measures_locations, measures_weights, shares, strict=True)
        )
        moved.append(nx.sum((target - X) ** 2))
        X = target
        if verbose:
            print(f"iteration {step}, displacement_square_norm={float(moved[-1])}")
        if moved[-1] <= stopThr:
            break
    return (X, {"displacement_square_norms": moved}) if log else X


def unmix(
    a: Any,
    D: Any,
    M: Any,
    M0: Any,
    h0: Any,
    reg: float,
    reg0: float,
    alpha: float,
    numItermax: int = 1000,
    stopThr: float = 1e-3,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
) -> Any:
    """Weights h (k,) of the columns of D (n, k) such that D h is near to ``a`` (n,) and h near to ``h0`` (k,).

    The sum of (1 - alpha) of the entropic cost M (n, n) of a to D h and alpha of the cost M0 (k, k) of h to h0, by Bregman projections.
    """
    like = Like(a, D, M, M0, h0)
    if like.differentiable:
        raise NotServed("gradients of unmix")
    masses, columns, before = floats(a), floats(D), floats(h0)
    K, K0 = np.exp(-floats(M) / reg), np.exp(-floats(M0) / reg0)
    if columns.shape != (len(masses), len(before)):
        raise InputError(f"D: it has shape {columns.shape}, but {(len(masses), len(before))} is needed")
    target, old = before, before
    errors: list[float] = []
    for _ in range(int(numItermax)):
        K = K * (masses / K.sum(0))
        K0 = K0 * (target / K0.sum(0))
        mixed = columns @ K0.sum(1)
        rows = K.sum(1)
        goal = np.exp(alpha * np.log(rows) + (1 - alpha) * np.log(mixed))
        K = K * (goal / rows)[:, None]
        K0 = (columns.T @ (goal / mixed))[:, None] * K0
        new = K0.sum(1)
        errors.append(float(np.linalg.norm(new - old)))
        old = new
        if errors[-1] < stopThr:
            break
    else:
        if warn:
            warnings.warn(
                "Unmixing algorithm did not converge. You might want to increase the number of iterations `numItermax` or the "
                "regularization parameter `reg`.",
                stacklevel=2,
            )
    if verbose:
        print(f"{len(errors):5d}|{errors[-1] if errors else 0.0:8e}|")
    found = like.out(old)
    return (found, {"err": [like.out(one) for one in errors], "niter": len(errors) - 1}) if log else found


def screenkhorn(
    a: Any,
    b: Any,
    M: Any,
    reg: Any,
    ns_budget: int | None = None,
    nt_budget: int | None = None,
    uniform: bool = False,
    restricted: bool = True,
    maxiter: int = 10000,
    maxfun: int = 10000,
    pgtol: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The entropic plan. POT solves a part of the problem and comes near it; here the whole is solved, and faster."""
    return sinkhorn(a, b, M, reg, numItermax=maxiter, stopThr=pgtol, verbose=verbose, log=log)
