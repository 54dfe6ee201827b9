"""Small data sets to try things on, under POT's names and with its draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from scipy.stats import multivariate_normal, ortho_group

from earthwork.pot._tools import check_random_state, deprecated

__all__ = ["make_1D_gauss", "make_2D_samples_gauss", "make_data_classif", "make_gauss_hd"]


def make_1D_gauss(n: int, m: float, s: float) -> Any:
    """A histogram (n,) of a Gaussian with mean ``m`` and deviation ``s``."""
    masses = np.exp(-((np.arange(n, dtype=np.float64) - m) ** 2) / (2 * s**2))
    return masses / masses.sum()


def make_2D_samples_gauss(n: int, m: Any, sigma: Any, random_state: Any = None) -> Any:
    """n points of a Gaussian of the plane; ``sigma`` is a variance or a covariance matrix."""
    generator = check_random_state(random_state)
    if np.ndim(sigma) == 2 or (np.ndim(sigma) == 1 and len(sigma) > 1):
        return generator.randn(n, 2) @ scipy.linalg.sqrtm(np.asarray(sigma)) + m
    return generator.randn(n, 2) * np.sqrt(sigma) + m


def make_data_classif(
    dataset: str, n: int, nz: float = 0.5, theta: float = 0, p: float = 0.5, random_state: Any = None, **kwargs: Any
) -> Any:
    """Points (n, 2) and labels of ``3gauss``, ``3gauss2``, ``gaussrot`` or ``2gauss_prop``."""
    generator = check_random_state(random_state)
    name = dataset.lower()
    if name in ("3gauss", "3gauss2"):
        y = np.floor(np.arange(n) / n * 3) + 1
        side, right, noise = (1.0, 1.0, 1.5 * nz) if name == "3gauss" else (2.0, 2.0, nz)
        x = np.zeros((n, 2))
        x[y == 1], x[y == 2], x[y == 3] = (-side, -side), (-side, side), (right, 0.0)
        x[y != 3] += noise * generator.randn((y != 3).sum(), 2)
        x[y == 3] += 2 * nz * generator.randn((y == 3).sum(), 2)
    elif name == "gaussrot":
        y = np.floor(np.arange(n) / n * 2) + 1
        turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
        x = np.zeros((n, 2))
        for label, mean in ((1, (-1, 1)), (2, (1, -1))):
            x[y == label] = make_2D_samples_gauss(int((y == label).sum()), np.array(mean), nz, random_state=generator)
        x = x @ turn
    elif name == "2gauss_prop":
        y = np.concatenate([np.ones(int(p * n)), np.zeros(int((1 - p) * n))])
        x = np.stack([np.zeros(len(y)), 1 - 2 * y], axis=1) + nz * generator.randn(len(y), 2)
        x += kwargs.get("bias", kwargs.get("b", (0, 2)))
    else:
        raise ValueError(f"dataset: {dataset!r} is none of 3gauss, 3gauss2, gaussrot, 2gauss_prop")
    return x, y.astype(int)


def make_gauss_hd(
    ns: int, nt: int, p: int = 100, dim: Any = 5, m_diff: float = 3.0, a: Any = (10.0, 15.0), b: Any = (3.0, 3.0), sub_the_same: bool = False
) -> Any:
    """Points of two Gaussians in ``p`` dimensions with ``dim`` large eigenvalues, and their parameters."""
    dims = (dim, dim) if isinstance(dim, int) else dim
    means = np.zeros((2, p))
    means[1, 0] = m_diff
    frames = [ortho_group.rvs(p) for _ in range(2)]
    if sub_the_same:
        frames[1] = frames[0]
    covariances = [
        frame @ np.diag(np.concatenate([np.full(d, large), np.full(p - d, small)])) @ frame.T
        for frame, d, large, small in zip(frames, dims, a, b, strict=True)
    ]
    points = [multivariate_normal.rvs(mean=mean, cov=C, size=k) for mean, C, k in zip(means, covariances, (ns, nt), strict=True)]
    told: dict[str, Any] = {}
    for k, side in enumerate("st"):
        told |= {
            f"m{side}": means[k],
            f"sigma2_{side}": np.array(b[k]),
            f"l{side}": np.full(dims[k], a[k] - b[k]),
            f"U{side}": frames[k][:, : dims[k]],
            f"d{side}": np.array([dims[k]]),
            f"C{side}": covariances[k],
        }
    return points[0], points[1], told


get_1D_gauss = deprecated()(make_1D_gauss)
get_2D_samples_gauss = deprecated()(make_2D_samples_gauss)
get_data_classif = deprecated()(make_data_classif)
