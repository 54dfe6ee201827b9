"""The matrix of costs between two samples, for :func:`earthwork.cost`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from scipy.spatial.distance import cdist

from earthwork import _inputs
from earthwork._inputs import Floats, Points

__all__ = ["Cost", "cost", "of_points"]

Cost: TypeAlias = str | Callable[[Any, Any], Any]
"""A ground cost: a name, or a function of two points of shape (d,)."""

NORMS = {"euclidean": "euclidean", "cityblock": "cityblock", "chebyshev": "chebyshev"}


def cost(X: Points, Y: Points | None = None, cost: Cost = "sqeuclidean") -> Floats:
    """The costs between points, of shape (n, m): what ``ew.exact.solve(X, Y, cost=...)`` moves mass by.

    Args:
        X: points, of shape (n, d) or (n,).
        Y: points, of shape (m, d); X again where it is None.
        cost: ``sqeuclidean``, ``euclidean``, ``cityblock``, ``chebyshev``, ``minkowski:P``, each norm also to a power such as
            ``euclidean^3``; ``cosine``; or a function of two points.

    >>> import earthwork as ew
    >>> ew.cost([[0.0, 0.0], [3.0, 0.0]], [[3.0, 4.0]], "euclidean")
    array([[5.],
           [4.]])
    """
    x, y = _inputs.pair(X, X if Y is None else Y)
    return of_points(x, y, cost)


def _named(P: Floats, Q: Floats, cost: str) -> Floats:
    name = _inputs.text("cost", cost)
    found: Floats
    if name == "sqeuclidean":
        found = cdist(P, Q, "sqeuclidean")
        return found
    if name == "cosine":
        for side, points in (("X", P), ("Y", Q)):
            zero = ~points.any(axis=1)
            if zero.any():
                raise ValueError(f"{side}: point {int(np.argmax(zero))} is the origin, where the cosine is not defined")
        scaled = [points / np.abs(points).max(axis=1, keepdims=True) for points in (P, Q)]
        found = 0.5 * cdist(*(one / np.linalg.norm(one, axis=1, keepdims=True) for one in scaled), "sqeuclidean")
        return found
    read = re.fullmatch(r"(euclidean|cityblock|chebyshev|minkowski:([0-9.eE+-]+))(?:\^([0-9.eE+-]+))?", name)
    order: float | None = None
    power: float | None = None
    try:
        order, power = (None if part is None else float(part) for part in (read.group(2, 3) if read else (None, None)))
    except ValueError:
        read = None
    if read is None or (order is not None and not order >= 1) or (power is not None and not power > 0):
        raise ValueError(
            f"cost: `{name}` is none of sqeuclidean, euclidean, cityblock, chebyshev, minkowski:P, each norm also to a power such as "
            "euclidean^3, and cosine"
        )
    found = cdist(P, Q, "minkowski", p=order) if order is not None else cdist(P, Q, NORMS[read[1]])
    return found if power is None else found**power


def of_points(x: _inputs.Samples, y: _inputs.Samples, cost: Cost) -> Floats:
    """The costs between two samples: by name, or by a function that is called for each pair."""
    if not callable(cost):
        return _named(x.points, y.points, cost)
    P, Q = x.points, y.points
    found = np.empty((len(P), len(Q)))
    for i, p in enumerate(P):
        for j, q in enumerate(Q):
            made = cost(p, q)
            try:
                found[i, j] = float(made)
            except (TypeError, ValueError):
                raise TypeError(f"cost: for points {i} and {j} it returned {type(made).__name__}, but a number is needed") from None
            if np.isnan(found[i, j]) or found[i, j] == -np.inf:
                raise ValueError(f"cost: for points {i} and {j} it returned {found[i, j]}")
    return found
