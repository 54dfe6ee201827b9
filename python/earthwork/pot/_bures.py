"""Barycenters of Gaussians for the Bures-Wasserstein distance."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from earthwork.pot._errors import InputError
from earthwork.pot.backend import get_backend
from earthwork.pot.utils import exp_bures

__all__ = ["bures_barycenter_fixpoint", "bures_barycenter_gradient_descent", "bures_wasserstein_barycenter"]


def _shares(C: Any, weights: Any, nx: Any) -> Any:
    k = C.shape[0]
    if weights is None:
        return nx.full((k,), 1.0 / k, type_as=C)
    if weights.shape[0] != k:
        raise InputError(f"weights: there are {weights.shape[0]} for {k} Gaussians")
    return weights


def _inverse(root: Any, nx: Any) -> Any:
    """The inverse of a symmetric root; the pseudo-inverse where it is singular."""
    return nx.pinv(root, hermitian=True)


def _told(errors: float, eps: float) -> None:
    if not errors <= eps:
        warnings.warn(f"The barycenter did not converge: its last step was {errors:.1e}; try a larger num_iter", stacklevel=4)


def bures_barycenter_fixpoint(
    C: Any, weights: Any = None, num_iter: int = 1000, eps: float = 1e-7, log: bool = False, nx: Any = None
) -> Any:
    """The barycenter of covariances C (k, d, d) by fixed-point steps.

    Álvarez-Esteban, del Barrio, Cuesta-Albertos, Matrán, "A fixed-point approach to barycenters in Wasserstein space", J. Math.
    Anal. Appl. 441 (2016).
    """
    nx = nx or get_backend(*C)
    shares = _shares(C, weights, nx)[:, None, None]
    shares = shares / nx.sum(shares)
    now = nx.sum(C * shares, axis=0)
    steps, moved = 0, float("inf")
    for steps in range(num_iter):
        root = nx.sqrtm(now)
        inverse = _inverse(root, nx)
        mean = nx.sum(nx.sqrtm(root @ C @ root) * shares, axis=0)
        new = inverse @ mean @ mean @ inverse
        new = 0.5 * (new + new.T)
        moved = float(nx.norm(nx.detach(new - now)))
        now = new
        if moved <= eps:
            break
    _told(moved, eps)
    return (now, {"num_iter": steps, "final_diff": moved}) if log else now


def bures_barycenter_gradient_descent(
    C: Any,
    weights: Any = None,
    num_iter: int = 1000,
    eps: float = 1e-7,
    log: bool = False,
    step_size: float = 1,
    batch_size: int | None = None,
    averaged: bool = False,
    nx: Any = None,
) -> Any:
    """The barycenter of covariances C (k, d, d) by gradient steps, stochastic ones where ``batch_size`` is below k.

    Draws come from ``numpy.random``; ``averaged`` returns the average of the steps along geodesics.
    """
    nx = nx or get_backend(*C)
    k = C.shape[0]
    shares = _shares(C, weights, nx)
    if batch_size is not None and batch_size <= 0:
        raise ValueError(f"batch_size must be an integer between 0 and {k}")
    draws = batch_size is not None and batch_size < k
    chances = nx.to_numpy(nx.detach(shares)).astype(np.float64)
    now = nx.sum(C * shares[:, None, None], axis=0)
    mean, identity = nx.copy(now), nx.eye(C.shape[-1], type_as=C)
    moves: list[float] = []
    size = step_size
    for step in range(num_iter):
        root = nx.sqrtm(now)
        inverse = _inverse(root, nx)
        if draws:
            chosen = np.random.choice(k, batch_size, replace=True, p=chances / chances.sum())
            maps = inverse @ nx.sqrtm(root @ C[chosen] @ root) @ inverse
            slope = identity - nx.mean(maps, axis=0)
            size = 2 / (0.7 * (step + 2 / 0.7 + 1))
        else:
            maps = inverse @ nx.sqrtm(root @ C @ root) @ inverse
            slope = identity - nx.sum(maps * shares[:, None, None], axis=0)
        new = exp_bures(now, -size * slope, nx=nx)
        if averaged:
            root = nx.sqrtm(mean)
            inverse = _inverse(root, nx)
            towards = (identity * size + inverse @ nx.sqrtm(root @ new @ root) @ inverse) / (size + 1)
            mean = towards @ mean @ towards
        moves.append(float(nx.norm(nx.detach(now - new))))
        now = new
        if np.mean(moves[-100:]) <= eps:
            break
    found = mean if averaged else now
    return (found, {"num_iter": len(moves) - 1, "final_diff": moves[-1]}) if log else found


def bures_wasserstein_barycenter(
    m: Any,
    C: Any,
    weights: Any = None,
    method: str = "fixed_point",
    num_iter: int = 1000,
    eps: float = 1e-7,
    log: bool = False,
    step_size: float = 1,
    batch_size: int | None = None,
) -> Any:
    """Mean (d,) and covariance (d, d) of the barycenter of Gaussians with means m (k, d) and covariances C (k, d, d)."""
    nx = get_backend(*m)
    shares = _shares(C, weights, nx)
    mean = nx.sum(m * shares[:, None], axis=0)
    if method == "fixed_point":
        found, told = bures_barycenter_fixpoint(C, shares, num_iter, eps, True, nx)
    elif method == "gradient_descent":
        found, told = bures_barycenter_gradient_descent(C, shares, num_iter, eps, True, step_size, nx=nx)
    elif method in ("stochastic_gradient_descent", "averaged_stochastic_gradient_descent"):
        averaged = method.startswith("averaged")
        size = 1 if batch_size is None else batch_size
        found, told = bures_barycenter_gradient_descent(C, shares, num_iter, eps, True, step_size, size, averaged, nx)
    else:
        raise ValueError(f"Unknown method '{method}'.")
    return (mean, found, told) if log else (mean, found)
