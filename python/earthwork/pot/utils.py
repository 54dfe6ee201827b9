"""Costs between points, weights and small things under POT's names."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from earthwork._inputs import Floats
from earthwork.pot._arrays import Like, floats, torch_of
from earthwork.pot._errors import InputError

__all__ = ["clean_zeros", "dist", "dist0", "euclidean_distances", "tic", "toc", "toq", "unif"]

DIRECT = 12
"""Up to so many dimensions differences are as fast as products."""


def unif(n: int, type_as: Any = None) -> Any:
    """n weights of 1/n."""
    return Like(type_as).out(np.full(n, 1.0 / n))


def _squared(X: Floats, Y: Floats) -> Floats:
    """Squared distances; where products are used, about a centre, so that an offset of all points costs no digits."""
    if X.shape[1] <= DIRECT:
        found: Floats = cdist(X, Y, "sqeuclidean")
        return found
    centre = X.mean(0)
    P = X - centre
    Q = P if Y is X else Y - centre
    found = P @ Q.T
    found *= -2.0
    found += np.einsum("ij,ij->i", P, P)[:, None]
    found += np.einsum("ij,ij->i", Q, Q)[None, :]
    np.maximum(found, 0.0, out=found)
    if Y is X:
        np.fill_diagonal(found, 0.0)
    return found


def _torch_dist(torch: Any, X: Any, Y: Any, metric: str, p: float, w: Any) -> Any:
    """The same for tensors, differentiable; a distance of 0 has derivative 0."""
    if metric in ("sqeuclidean", "euclidean"):
        centre = X.detach().mean(0)
        P, Q = X - centre, Y - centre
        squares = (P * P).sum(1)[:, None] + (Q * Q).sum(1)[None, :] - 2.0 * (P @ Q.T)
        squares = squares.clamp_min(0.0)
        if X is Y:
            squares = squares * (1.0 - torch.eye(len(X), dtype=X.dtype, device=X.device))
        if metric == "sqeuclidean":
            return squares
        apart = squares > 0
        return torch.where(apart, torch.where(apart, squares, torch.ones_like(squares)).sqrt(), torch.zeros_like(squares))
    if metric in ("cityblock", "minkowski"):
        order = 1.0 if metric == "cityblock" else p
        total: Any = 0.0
        for k in range(X.shape[1]):
            gap = (X[:, k][:, None] - Y[:, k][None, :]).abs()
            total = total + (gap if order == 1.0 else gap**order) * (1.0 if w is None or metric == "cityblock" else w[k])
        return total if metric == "cityblock" else total ** (1.0 / order)
    if metric in ("cosine", "correlation"):
        if metric == "correlation":
            X, Y = X - X.mean(1, keepdim=True), Y - Y.mean(1, keepdim=True)
        return 1.0 - (X @ Y.T) / X.norm(dim=1)[:, None] / Y.norm(dim=1)[None, :]
    raise NotImplementedError(f"metric: {metric!r} is not available for tensors of torch")


def dist(
    x1: Any,
    x2: Any = None,
    metric: Any = "sqeuclidean",
    p: float = 2,
    w: Any = None,
    backend: str = "auto",
    nx: Any = None,
    use_tensor: bool = False,
) -> Any:
    """Costs between points x1 (n, d) and x2 (m, d), or x1 again: (n, m). ``metric`` is a name or a function of two points.

    >>> import earthwork.pot as ot
    >>> ot.dist([[0.0], [1.0]], [[3.0]], metric="euclidean")
    array([[3.],
           [2.]])
    """
    other = x1 if x2 is None else x2
    torch = torch_of(x1) or torch_of(other)
    if torch is not None and backend != "scipy":
        if not isinstance(metric, str):
            raise NotImplementedError("metric: a function is not available for tensors of torch")
        return _torch_dist(torch, x1, other, metric, p, w)
    like = Like(x1, other)
    X = floats(x1)
    Y = X if other is x1 else floats(other)
    if X.ndim != 2 or Y.ndim != 2 or X.shape[1] != Y.shape[1]:
        raise InputError(f"x1 and x2: they have shapes {X.shape} and {Y.shape}; points are (n, d) and (m, d)")
    if metric in ("sqeuclidean", "euclidean") and w is None:
        found = _squared(X, Y)
        return like.out(np.sqrt(found, out=found) if metric == "euclidean" else found)
    if isinstance(metric, str) and metric.endswith("minkowski"):
        return like.out(cdist(X, Y, metric=metric, p=p, **({} if w is None else {"w": w})))
    return like.out(cdist(X, Y, metric=metric, **({} if w is None else {"w": w})))


def euclidean_distances(X: Any, Y: Any, squared: bool = False, nx: Any = None) -> Any:
    """Euclidean distances, or their squares, between points (n, d) and (m, d)."""
    return dist(X, Y, "sqeuclidean" if squared else "euclidean")


def dist0(n: int, method: str = "lin_square") -> Any:
    """Squared distances between 0, 1, ..., n - 1."""
    if method != "lin_square":
        return 0
    at = np.arange(n, dtype=np.float64)
    return (at[:, None] - at[None, :]) ** 2


def clean_zeros(a: Any, b: Any, M: Any) -> Any:
    """Weights and costs without what has no mass."""
    return a[a > 0], b[b > 0], M[a > 0, :][:, b > 0]


_begun = [time.perf_counter()]


def tic() -> None:
    """Starts the clock of ``toc``."""
    _begun[0] = time.perf_counter()


def toc(message: str = "Elapsed time : {} s") -> float:
    """Prints and returns the seconds since ``tic``."""
    spent = time.perf_counter() - _begun[0]
    print(message.format(spent))
    return spent


def toq() -> float:
    """The seconds since ``tic``."""
    return time.perf_counter() - _begun[0]
