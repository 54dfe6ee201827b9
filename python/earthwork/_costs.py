"""The matrix of costs between two samples, for :func:`earthwork.cost`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from earthwork import _inputs
from earthwork._inputs import Floats, Points

__all__ = ["cost"]

NORMS = {"euclidean": "euclidean", "cityblock": "cityblock", "chebyshev": "chebyshev"}


def cost(X: Points, Y: Points | None = None, cost: str | Callable[[Any, Any], Any] = "sqeuclidean") -> Floats:
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
    P, Q = x.points, y.points
    if callable(cost):
        return np.array([[float(cost(p, q)) for q in Q] for p in P], dtype=np.float64)
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
