"""Projections, kernels, labels and other small maps of arrays under POT's names, for numpy and torch."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend

__all__ = [
    "cost_normalization",
    "dots",
    "exp_bures",
    "get_coordinate_circle",
    "is_all_finite",
    "label_normalization",
    "labels_to_masks",
    "laplacian",
    "proj_SDP",
    "proj_simplex",
    "projection_sparse_simplex",
    "split_sample_ratio",
]


def proj_simplex(v: Any, z: Any = 1) -> Any:
    """The nearest point of the simplex of mass ``z`` to ``v`` (n,), or to each column of it.

    >>> import numpy as np
    >>> import earthwork.pot as ot
    >>> ot.utils.proj_simplex(np.array([0.9, 0.5, -1.0]))
    array([0.7, 0.3, 0. ])
    """
    nx = get_backend(v)
    columns = v[:, None] if v.ndim == 1 else v
    n, k = columns.shape
    falling = nx.flip(nx.sort(columns, axis=0), 0)
    over = nx.cumsum(falling, axis=0) - z
    counts = nx.arange(n, type_as=v)[:, None] + 1
    kept = nx.sum(falling - over / counts > 0, axis=0)
    level = over[kept - 1, nx.arange(k, type_as=v)] / kept
    found = nx.maximum(columns - level[None, :], 0.0)
    return found[:, 0] if v.ndim == 1 else found


def projection_sparse_simplex(V: Any, max_nz: int, z: Any = 1, axis: int | None = None, nx: Any = None) -> Any:
    """The nearest points of the simplex with at most ``max_nz`` entries that are not 0.

    Of the whole array where ``axis`` is None, of each row for 1, of each column for 0.
    """
    nx = nx or get_backend(V)
    if V.ndim > 2:
        raise ValueError("V.ndim must be <= 2")
    if V.ndim == 1 or axis is None:
        return nx.reshape(projection_sparse_simplex(nx.reshape(V, (1, -1)), max_nz, z, 1, nx), (-1,))
    if axis == 0:
        return nx.transpose(projection_sparse_simplex(nx.transpose(V), max_nz, z, 1, nx))
    places = nx.argsort(V, axis=1)[:, -max_nz:]
    rows = nx.arange(V.shape[0], type_as=V)[:, None]
    kept = nx.transpose(proj_simplex(nx.transpose(V[rows, places]), z))
    found = nx.zeros(tuple(V.shape), type_as=V)
    found[rows, places] = kept
    return found


def proj_SDP(S: Any, nx: Any = None, vmin: float = 0.0) -> Any:
    """The nearest symmetric matrices whose eigenvalues are at least ``vmin``, for S of shape (d, d) or (n, d, d)."""
    nx = nx or get_backend(S)
    values, vectors = nx.eigh(S)
    return nx.einsum("...ij,...j,...kj->...ik", vectors, nx.clip(values, vmin, None), vectors)


def exp_bures(Sigma: Any, S: Any, nx: Any = None) -> Any:
    """(I + S) Σ (I + S): the exponential of S at Σ on the Bures-Wasserstein manifold."""
    nx = nx or get_backend(Sigma, S)
    moved = nx.eye(S.shape[-1], type_as=S) + S
    return nx.dot(nx.dot(moved, Sigma), moved)


def laplacian(x: Any) -> Any:
    """The Laplacian of a graph with adjacency matrix x: diag(x 1) - x."""
    nx = get_backend(x)
    return nx.diag(nx.sum(x, axis=0)) - x


def cost_normalization(C: Any, norm: str | None = None, return_value: bool = False, value: Any = None) -> Any:
    """Costs divided by their median or maximum (or by ``value``), or their logarithms; C itself is left as it is."""
    nx = get_backend(C)
    if norm == "median":
        value = nx.median(C) if value is None else value
        C = C / value
    elif norm == "max":
        value = nx.max(C) if value is None else value
        C = C / float(value)
    elif norm == "log":
        C = nx.log(1 + C)
    elif norm == "loglog":
        C = nx.log(1 + nx.log(1 + C))
    elif norm is not None:
        raise ValueError(f"Norm {norm} is not a valid option.\nValid options are:\nmedian, max, log, loglog")
    return (C, value) if return_value else C


def dots(*args: Any) -> Any:
    """The product of matrices."""
    return reduce(get_backend(*args).dot, args)


def is_all_finite(*args: Any) -> bool:
    """Whether no entry of any array is NaN or infinite."""
    nx = get_backend(*args)
    return all(not nx.any(~nx.isfinite(one)) for one in args)


def label_normalization(y: Any, start: int = 0, nx: Any = None) -> Any:
    """Labels shifted so that the least is ``start``."""
    nx = nx or get_backend(y)
    shift = nx.min(y) - start
    return y if shift == 0 else y - shift


def labels_to_masks(y: Any, type_as: Any = None, nx: Any = None) -> Any:
    """Labels (n,) as indicators (n, number of labels), in the order of the labels."""
    nx = nx or get_backend(y)
    labels, places = nx.unique(y, return_inverse=True)
    return nx.eye(labels.shape[0], type_as=y if type_as is None else type_as)[places]


def get_coordinate_circle(x: Any) -> Any:
    """Points (n, 2) of the unit circle as numbers of [0, 1)."""
    return (get_backend(x).atan2(-x[:, 1], -x[:, 0]) + np.pi) / (2 * np.pi)


def split_sample_ratio(
    X_a: Any, a: Any = None, ratio: float = 0.5, random_split: bool = False, random_state: Any = None, nx: Any = None
) -> Any:
    """Points and masses cut in two parts, the first with ``ratio`` of the mass. A point across the cut is in both.

    Returns the points of both, their masses, and which points they are.
    """
    if not 0 <= ratio <= 1:
        raise ValueError("ratio should be in [0, 1]")
    nx = nx or get_backend(X_a, a)
    n = X_a.shape[0]
    masses = nx.full(n, 1.0 / n, type_as=X_a) if a is None else a
    order: Any = None
    if random_split:
        nx.seed(random_state)
        order = nx.randperm(n, type_as=X_a)
        X_a, masses = X_a[order], masses[order]
    ends = nx.to_numpy(nx.detach(nx.cumsum(masses))).astype(np.float64)
    cut = ratio * ends[-1]
    tiny = 4 * np.finfo(float).eps * ends[-1] * n
    at = min(int(np.searchsorted(ends, cut, side="right")), n - 1)
    first, second = cut - (ends[at - 1] if at else 0.0), ends[at] - cut
    share = first / (first + second) if first + second > 0 else 0.0
    split = nx.reshape(masses[at], (1,))
    stop, begin = (at + 1 if first > tiny else at), (at if second > tiny else at + 1)
    a1 = nx.concatenate([masses[:at], split * share]) if stop > at else masses[:at]
    a2 = nx.concatenate([split * (1 - share), masses[at + 1 :]]) if begin == at else masses[begin:]
    chosen = (slice(0, stop), slice(begin, n)) if order is None else (order[:stop], order[begin:])
    return X_a[:stop], X_a[begin:], a1, a2, *chosen
