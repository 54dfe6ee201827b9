"""Gaussian mixtures: drawing from them, their density, which component a point comes from.

A mixture is a tuple (means (k, d), covariances (k, d, d), weights (k,)), here and wherever one is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points
from earthwork.divergence import mixture as _parts

__all__ = ["Mixture", "grid", "log_density", "posterior", "ring", "sample"]

Mixture: TypeAlias = tuple[Floats, Floats, Floats]
"""Means (k, d), covariances (k, d, d), weights (k,)."""


def _made(parts: tuple[Any, Any, Any]) -> Mixture:
    means, covariances, weights = parts
    return np.array(means), np.array(covariances), np.array(weights)


def ring(modes: int = 8, radius: float = 2.0, deviation: float = 0.02) -> Mixture:
    """Round Gaussians evenly on a circle around the origin, the first at (radius, 0).

    >>> import earthwork as ew
    >>> means, covariances, weights = ew.mixture.ring(4, radius=1.0)
    >>> means.round(12).tolist()[:2], weights.tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [0.25, 0.25, 0.25, 0.25])
    """
    return _made(
        _native.mixture_ring(_inputs.count("modes", modes), _inputs.number("radius", radius), _inputs.number("deviation", deviation))
    )


def grid(side: int = 5, spacing: float = 2.0, deviation: float = 0.05) -> Mixture:
    """side x side round Gaussians on a square grid around the origin."""
    return _made(
        _native.mixture_grid(_inputs.count("side", side), _inputs.number("spacing", spacing), _inputs.number("deviation", deviation))
    )


def sample(mixture: Sequence[Any], n: int, seed: int = 0) -> tuple[Floats, NDArray[np.int64]]:
    """n independent draws, of shape (n, d), and the component of each; the same seed gives the same points.

    >>> import earthwork as ew
    >>> points, components = ew.mixture.sample(ew.mixture.ring(8), 500, seed=1)
    >>> points.shape, sorted(set(components.tolist()))
    ((500, 2), [0, 1, 2, 3, 4, 5, 6, 7])
    """
    return _native.mixture_sample(_parts("mixture", mixture), _inputs.count("n", n), _inputs.count("seed", seed))


def log_density(mixture: Sequence[Any], points: Points) -> Floats:
    """The logarithm of the density at each point, in nats, of length k."""
    return _native.mixture_at(_parts("mixture", mixture), _inputs.points("points", points))[0]


def posterior(mixture: Sequence[Any], points: Points) -> Floats:
    """The probability of each component given each point, of shape (k, components): an ideal classifier of the modes, as
    :func:`earthwork.metrics.inception_score` takes it.

    >>> import earthwork as ew
    >>> ring = ew.mixture.ring(8)
    >>> points, _ = ew.mixture.sample(ring, 800)
    >>> round(ew.metrics.inception_score(ew.mixture.posterior(ring, points), splits=1).value, 1)
    8.0
    """
    return _native.mixture_at(_parts("mixture", mixture), _inputs.points("points", points))[1]
