"""Projections onto random lines and circles, drawn as POT draws them."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend
from earthwork.pot.utils import get_coordinate_circle

__all__ = ["get_projections_sphere", "get_random_projections", "projection_sphere_to_circle", "rooted"]


def _normal(nx: Any, seed: Any, type_as: Any, *shape: int) -> Any:
    if isinstance(seed, np.random.RandomState) and nx.__name__ == "numpy":
        return seed.randn(*shape)
    nx.seed(seed)
    return nx.randn(*shape, type_as=type_as)


def get_random_projections(d: int, n_projections: int, seed: Any = None, backend: Any = None, type_as: Any = None) -> Any:
    """Random directions of d dimensions as columns (d, n_projections)."""
    nx = backend or get_backend(np.zeros(0))
    drawn = _normal(nx, seed, type_as, d, n_projections)
    return drawn / nx.sqrt(nx.sum(drawn**2, 0, keepdims=True))


def get_projections_sphere(d: int, n_projections: int, seed: Any = None, backend: Any = None, type_as: Any = None) -> Any:
    """Random planes: orthonormal pairs (n_projections, d, 2)."""
    nx = backend or get_backend(np.zeros(0))
    frames, _ = nx.qr(_normal(nx, seed, type_as, n_projections, d, 2))
    return frames


def projection_sphere_to_circle(
    x: Any, n_projections: int = 50, projections: Any = None, seed: Any = None, backend: Any = None
) -> Any:
    """Points (n, d) of the sphere as coordinates in [0, 1) on the great circles of planes: (k, n), and the planes (k, d, 2)."""
    nx = backend or get_backend(x)
    if projections is None:
        projections = get_projections_sphere(x.shape[1], n_projections, seed, nx, x)
    flat = nx.einsum("kdj,nd->knj", projections, x)
    flat = flat / nx.sqrt(nx.sum(flat**2, -1, keepdims=True))
    return nx.reshape(get_coordinate_circle(nx.reshape(flat, (-1, 2))), (projections.shape[0], x.shape[0])), projections


def rooted(nx: Any, mean: Any, p: float) -> Any:
    """The p-th root of a mean cost, whose derivative at 0 is 0."""
    if nx.__name__ == "torch" and mean.requires_grad and float(mean.detach()) == 0.0:
        return mean * 0.0
    return mean ** (1.0 / p)
