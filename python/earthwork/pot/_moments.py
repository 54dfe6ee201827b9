"""Means and covariances of weighted samples, for numpy and torch."""

from __future__ import annotations

from typing import Any

__all__ = ["centred", "moments", "moments_hd", "ordered"]


def centred(x: Any, weights: Any, bias: bool, nx: Any) -> tuple[Any, Any, Any]:
    """The mean (1, d), which is 0 without ``bias``, the points less it, and weights (n, 1) of sum 1."""
    n, d = x.shape
    w = nx.full((n, 1), 1.0 / n, type_as=x) if weights is None else nx.reshape(weights, (-1, 1))
    w = w / nx.sum(w)
    mean = nx.dot(w.T, x) if bias else nx.zeros((1, d), type_as=x)
    return mean, x - mean, w


def moments(x: Any, weights: Any, bias: bool, reg: Any, nx: Any) -> tuple[Any, Any]:
    """Mean (1, d) and covariance (d, d) plus ``reg`` I."""
    mean, gaps, w = centred(x, weights, bias, nx)
    return mean, nx.dot((gaps * w).T, gaps) + reg * nx.eye(x.shape[1], type_as=x)


def moments_hd(x: Any, weights: Any, bias: bool, reg: Any, large: int, nx: Any) -> tuple[Any, Any, Any, Any]:
    """Mean, U, l and σ² (1,) of a covariance U diag(l) Uᵀ + σ² I with ``large`` directions of their own."""
    mean, C = moments(x, weights, bias, reg, nx)
    p = x.shape[1]
    values, vectors = nx.eigh(C)
    # What is left for no direction at all counts as no variance; σ² is at least reg.
    rest = nx.sum(values[: p - large]) / max(p - large, 1)
    small = nx.reshape(nx.maximum(rest, reg), (1,))
    return mean, vectors[:, p - large :], values[p - large :] - small, small


def ordered(C: Any, nx: Any) -> tuple[Any, Any]:
    """Eigenvalues from the largest on, and their vectors."""
    values, vectors = nx.eigh(C)
    return nx.flip(values), nx.flip(vectors, axis=1)
