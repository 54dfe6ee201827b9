"""Sliced transport on the sphere: the mean over great circles. Bonet, Berg, Courty, Septier, Drumetz, Pham, ICLR 2023."""

from __future__ import annotations

from typing import Any

from earthwork.pot._errors import InputError
from earthwork.pot._projected import projection_sphere_to_circle, rooted
from earthwork.pot.backend import get_backend
from earthwork.pot.circle import linear_circular_ot, semidiscrete_wasserstein2_unif_circle, wasserstein_circle

__all__ = ["linear_sliced_wasserstein_sphere", "sliced_wasserstein_sphere", "sliced_wasserstein_sphere_unif"]


def _on_sphere(nx: Any, name: str, X: Any) -> None:
    apart = nx.abs(nx.sum(nx.detach(X) ** 2, axis=-1) - 1)
    if nx.any(~(apart <= 1e-4)):
        raise ValueError(f"{name} is not on the sphere. Divide its points by their norms")


def _coordinates(nx: Any, name: str, X: Any, n: int, projections: Any, seed: Any) -> tuple[Any, Any]:
    _on_sphere(nx, name, X)
    coordinates, planes = projection_sphere_to_circle(X, n, projections, seed, nx)
    return coordinates, planes


def _fitting(X_s: Any, X_t: Any) -> None:
    if X_s.shape[1] != X_t.shape[1]:
        raise InputError(
            f"X_s and X_t must have the same number of dimensions {X_s.shape[1]} and {X_t.shape[1]} respectively given"
        )


def _root(nx: Any, costs: Any, p: float) -> Any:
    """The p-th root of the mean cost, rounding below 0 left out."""
    return rooted(nx, nx.mean(nx.maximum(costs, 0.0)), p)


def sliced_wasserstein_sphere(
    X_s: Any,
    X_t: Any,
    a: Any = None,
    b: Any = None,
    n_projections: int = 50,
    p: float = 2,
    projections: Any = None,
    seed: Any = None,
    log: bool = False,
) -> Any:
    """Spherical sliced W_p between points of the sphere, circles having circumference 1."""
    nx = get_backend(X_s, X_t, a, b)
    _fitting(X_s, X_t)
    x, planes = _coordinates(nx, "X_s", X_s, n_projections, projections, seed)
    y, _ = _coordinates(nx, "X_t", X_t, n_projections, planes, seed)
    costs = wasserstein_circle(x.T, y.T, a, b, p=p)
    found = _root(nx, costs, p)
    return (found, {"projections": planes, "projected_emds": costs}) if log else found


def sliced_wasserstein_sphere_unif(
    X_s: Any, a: Any = None, n_projections: int = 50, projections: Any = None, seed: Any = None, log: bool = False
) -> Any:
    """Spherical sliced W_2 between points of the sphere and its uniform distribution."""
    nx = get_backend(X_s, a)
    x, planes = _coordinates(nx, "X_s", X_s, n_projections, projections, seed)
    costs = semidiscrete_wasserstein2_unif_circle(x.T, a)
    found = _root(nx, costs, 2)
    return (found, {"projections": planes, "projected_emds": costs}) if log else found


def linear_sliced_wasserstein_sphere(
    X_s: Any,
    X_t: Any = None,
    a: Any = None,
    b: Any = None,
    n_projections: int = 50,
    projections: Any = None,
    seed: Any = None,
    log: bool = False,
) -> Any:
    """Linear spherical sliced transport; to the uniform distribution without ``X_t``."""
    nx = get_backend(X_s, X_t, a, b)
    if X_t is not None:
        _fitting(X_s, X_t)
    x, planes = _coordinates(nx, "X_s", X_s, n_projections, projections, seed)
    y = None if X_t is None else _coordinates(nx, "X_t", X_t, n_projections, planes, seed)[0].T
    costs = linear_circular_ot(x.T, y, a, b)
    found = _root(nx, costs, 2)
    return (found, {"projections": planes, "projected_emds": costs}) if log else found
