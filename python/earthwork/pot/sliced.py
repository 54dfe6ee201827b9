"""Sliced transport under POT's names: by projections onto lines and circles.

Projections are POT's for the same seed. Distances are differentiable by points and weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.pot._arrays import Like, balanced, floats, weights_of
from earthwork.pot._errors import InputError
from earthwork.pot._projected import (
    get_projections_sphere,
    get_random_projections,
    projection_sphere_to_circle,
    rooted,
)
from earthwork.pot._sliced_plans import expected_sliced_plan, min_sliced_transport_plan, sliced_plans
from earthwork.pot._spherical import (
    linear_sliced_wasserstein_sphere,
    sliced_wasserstein_sphere,
    sliced_wasserstein_sphere_unif,
)
from earthwork.pot.backend import get_backend
from earthwork.pot.line import MASS_TOLERANCE, wasserstein_1d
from earthwork.pot.utils import apply_scaler, list_to_array

__all__ = [
    "expected_sliced_plan",
    "get_projections_sphere",
    "get_random_projections",
    "linear_sliced_wasserstein_sphere",
    "max_sliced_wasserstein_distance",
    "min_sliced_transport_plan",
    "projection_sphere_to_circle",
    "sliced_plans",
    "sliced_wasserstein_distance",
    "sliced_wasserstein_sphere",
    "sliced_wasserstein_sphere_unif",
]


class _Posed:
    """Two samples, their weights and projections, made ready."""

    def __init__(self, X_s: Any, X_t: Any, a: Any, b: Any, n: int, projections: Any, seed: Any, scaler: Any) -> None:
        X_s, X_t = list_to_array(X_s, X_t)
        self.nx = get_backend(X_s, X_t, a, b, projections)
        self.X, self.Y = apply_scaler(X_s, X_t, scaler)
        self.a, self.b = a, b
        if self.X.ndim != 2 or self.Y.ndim != 2 or self.X.shape[1] != self.Y.shape[1]:
            raise InputError(
                f"X_s and X_t must have the same number of dimensions; they have shapes {tuple(self.X.shape)} and {tuple(self.Y.shape)}"
            )
        if projections is None:
            projections = get_random_projections(self.X.shape[1], n, seed, self.nx, self.X)
        elif projections.shape[0] != self.X.shape[1]:
            raise InputError(f"projections: their shape is {tuple(projections.shape)}, but ({self.X.shape[1]}, k) is needed")
        self.projections = projections

    def costs(self, p: float) -> Any:
        """W_p^p along each projection."""
        like = Like(self.X, self.Y, self.a, self.b, self.projections)
        if not like.differentiable and (fast := self._compiled(p)) is not None:
            return like.out(fast)
        x, y = self.nx.dot(self.X, self.projections), self.nx.dot(self.Y, self.projections)
        return wasserstein_1d(x, y, self.a, self.b, p=p)

    def _compiled(self, p: float) -> Floats | None:
        """The costs by the compiled half, which is faster where the sides have weights or sizes of their own."""
        if self.a is None and self.b is None and len(self.X) == len(self.Y):
            return None
        directions = np.ascontiguousarray(floats(self.projections).T)
        if not p >= 1 or not np.allclose(np.linalg.norm(directions, axis=1), 1.0, rtol=0.0, atol=1e-12):
            return None
        X, Y = floats(self.X), floats(self.Y)
        a = weights_of("a", self.a, len(X), "X_s")
        b = balanced(a, weights_of("b", self.b, len(Y), "X_t"), True, MASS_TOLERANCE)
        if a.ndim != 1 or b.ndim != 1:
            return None
        options = {
            "p": float(p),
            "directions": 1,
            "given": directions,
            "method": "auto",
            "seed": 0,
            "precision": None,
            "control_variates": False,
            "time_limit": None,
            "progress": None,
        }
        x, y = _native.Samples(X, a, ("X_s", "a")), _native.Samples(Y, b, ("X_t", "b"))
        return _native.sliced_distance(x, y, options).costs * float(a.sum())


def sliced_wasserstein_distance(
    X_s: Any,
    X_t: Any,
    a: Any = None,
    b: Any = None,
    n_projections: int = 50,
    p: float = 2,
    projections: Any = None,
    seed: Any = None,
    log: bool = False,
    scaler: Any = None,
) -> Any:
    """SW_p: the p-th root of the mean of W_p^p over projections (d, k), drawn where they are not given.

    >>> import numpy as np
    >>> import earthwork.pot as ot
    >>> float(ot.sliced_wasserstein_distance(np.zeros((1, 1)), np.ones((1, 1)), seed=0))
    1.0
    """
    posed = _Posed(X_s, X_t, a, b, n_projections, projections, seed, scaler)
    costs = posed.costs(p)
    found = rooted(posed.nx, posed.nx.sum(costs) / posed.projections.shape[1], p)
    return (found, {"projections": posed.projections, "projected_emds": costs}) if log else found


def max_sliced_wasserstein_distance(
    X_s: Any,
    X_t: Any,
    a: Any = None,
    b: Any = None,
    n_projections: int = 50,
    p: float = 2,
    projections: Any = None,
    seed: Any = None,
    log: bool = False,
    scaler: Any = None,
) -> Any:
    """The largest W_p over the projections given, or over all directions where none are.

    Then a direction is found by ascent from several starts and takes the place of the least of ``n_projections`` random ones: the
    value is attained, and no random direction has a larger one. POT takes the largest of the random ones, which in many dimensions
    is far too small.
    """
    posed = _Posed(X_s, X_t, a, b, n_projections, projections, seed, scaler)
    costs = posed.costs(p)
    if projections is None:
        X, Y = floats(posed.X), floats(posed.Y)
        first = weights_of("a", a, len(X), "X_s")
        second = balanced(first, weights_of("b", b, len(Y), "X_t"), True, MASS_TOLERANCE)
        x, y = _native.Samples(X, first, ("X_s", "a")), _native.Samples(Y, second, ("X_t", "b"))
        draw = int(seed) if isinstance(seed, (int, np.integer)) else 0
        best = _native.sliced_max(x, y, float(p), draw, None)[1]
        directions = floats(posed.projections).copy()
        directions[:, int(np.argmin(floats(costs)))] = best
        posed.projections = posed.nx.from_numpy(directions, type_as=posed.X)
        costs = posed.costs(p)
    found = rooted(posed.nx, posed.nx.max(costs), p)
    return (found, {"projections": posed.projections, "projected_emds": costs}) if log else found
