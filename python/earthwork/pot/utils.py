"""Costs between points, weights and small things under POT's names."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from earthwork._inputs import Floats
from earthwork.pot._arrays import Like, floats, torch_of
from earthwork.pot._errors import InputError
from earthwork.pot._projections import (
    cost_normalization,
    dots,
    exp_bures,
    get_coordinate_circle,
    is_all_finite,
    label_normalization,
    labels_to_masks,
    laplacian,
    proj_SDP,
    proj_simplex,
    projection_sparse_simplex,
    split_sample_ratio,
)
from earthwork.pot._tools import (
    BaseEstimator,
    DataScaler,
    UndefinedParameter,
    _is_deprecated,
    apply_scaler,
    check_number_threads,
    check_params,
    check_random_state,
    deprecated,
    fun_to_numpy,
    get_parameter_pair,
    list_to_array,
    parmap,
)
from earthwork.pot.backend import get_backend
from earthwork.pot.results import BaryResult, LazyTensor, OTResult, get_lowrank_lazytensor, reduce_lazytensor

__all__ = [
    "BaryResult",
    "BaseEstimator",
    "DataScaler",
    "LazyTensor",
    "OTResult",
    "UndefinedParameter",
    "_is_deprecated",
    "apply_scaler",
    "check_number_threads",
    "check_params",
    "check_random_state",
    "clean_zeros",
    "cost_normalization",
    "deprecated",
    "dist",
    "dist0",
    "dots",
    "euclidean_distances",
    "exp_bures",
    "fun_to_numpy",
    "get_coordinate_circle",
    "get_lowrank_lazytensor",
    "get_parameter_pair",
    "is_all_finite",
    "kernel",
    "label_normalization",
    "labels_to_masks",
    "laplacian",
    "list_to_array",
    "parmap",
    "proj_SDP",
    "proj_simplex",
    "projection_sparse_simplex",
    "reduce_lazytensor",
    "sparse_ot_dist",
    "split_sample_ratio",
    "tic",
    "toc",
    "toq",
    "unif",
]

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


def kernel(x1: Any, x2: Any, method: str = "gaussian", sigma: float = 1, **kwargs: Any) -> Any:
    """The Gaussian kernel exp(-|x - y|² / (2 sigma²)) between points: (n, m)."""
    if method.lower() not in ("gaussian", "gauss", "rbf"):
        raise ValueError(f"method: {method!r} is none of gaussian, gauss, rbf")
    logs = -dist(x1, x2) / (2 * sigma**2)
    return logs.exp() if torch_of(logs) is not None else np.exp(logs)


def sparse_ot_dist(
    x1: Any, x2: Any, i: Any, j: Any, w: Any = None, metric: str = "sqeuclidean", p: float = 2, batch_size: int | None = None
) -> Any:
    """The cost Σ w d(x1[i], x2[j]) of a plan by its entries; w = 1/n each where it is None. Differentiable by all of them."""
    if x1.ndim != 2 or x2.ndim != 2 or x1.shape[1] != x2.shape[1]:
        raise InputError(f"x1 and x2: they have shapes {tuple(x1.shape)} and {tuple(x2.shape)}; points are (n, d) and (m, d)")
    if metric not in ("sqeuclidean", "minkowski", "cityblock", "euclidean"):
        raise InputError(f"metric: {metric!r} is none of sqeuclidean, minkowski, cityblock, euclidean")
    if len(i) != len(j) or (w is not None and len(w) != len(i)):
        raise InputError(f"i, j and w: they have {len(i)}, {len(j)} and {None if w is None else len(w)} entries")
    nx = get_backend(x1, x2)
    order = {"euclidean": 2.0, "cityblock": 1.0}.get(metric, p)
    size = batch_size or max(len(i), 1)
    total: Any = 0.0
    for at in range(0, len(i), size):
        gaps = x1[i[at : at + size]] - x2[j[at : at + size]]
        if metric == "sqeuclidean":
            lengths = nx.sum(gaps**2, axis=1)
        else:
            powers = nx.sum(nx.abs(gaps) ** order, axis=1)
            moved = powers > 0  # the root has no derivative at 0
            lengths = nx.where(moved, nx.where(moved, powers, nx.ones(tuple(powers.shape), type_as=powers)) ** (1.0 / order), powers)
        total = total + nx.sum(lengths * (1.0 / len(i) if w is None else w[at : at + size]))
    return total


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
