"""Proven lower bounds on W_p between many samples, from a few numbers of each.

Along an orthonormal basis e_1, ..., e_k, with v = x - y under the optimal plan and p at most 2, Minkowski's inequality gives

    W_p² >= Σ_i W_p(e_i X, e_i Y)² + |the difference of the means in the rest of the space|²,

and W_p >= W_2 for p above 2. On the line W_p is the L_p distance of the quantile functions, and the means of both over equal parts of (0, 1)
are not farther apart (Jensen). So each sample becomes such means along several bases, and the largest of the bounds counts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from earthwork._inputs import Floats
from earthwork.scale.method import Method
from earthwork.scale.source import Source

# Directions of a basis, bases, and parts of (0, 1).
_DIRECTIONS, _BASES, _PARTS = 8, 6, 64
# What rounding may add to a bound, relative to it and to the coordinates.
_RELATIVE, _ABSOLUTE = 1e-9, 1e-11


class Bounds:
    """Lower bounds between the samples of two sides."""

    def __init__(self, order: float, rows: Source, columns: Source, block: int) -> None:
        first = rows.part(range(min(len(rows), 64))).load()
        pooled = np.concatenate([one.points for one in first])
        self._order = order
        self._origin = pooled.mean(axis=0)
        self._bases = _bases(pooled - self._origin)
        self._scale = 0.0
        self._rows = self._features(rows, block)
        self._columns = self._rows if columns is rows else self._features(columns, block)
        self._scale = self._scale or 1.0
        for features, means in {id(side): side for side in (self._rows, self._columns)}.values():
            for one in (*features, means):
                one /= self._scale  # so that no square leaves the range

    def _features(self, side: Source, block: int) -> tuple[list[Floats], Floats]:
        """For each basis the quantiles (k, directions · parts), and the means of the samples."""
        found: list[list[Floats]] = [[] for _ in self._bases]
        means = []
        for begin in range(0, len(side), block):
            for one in side.part(range(begin, min(begin + block, len(side)))).load():
                points, weights = one.points - self._origin, one.weights / one.total
                self._scale = max(self._scale, float(np.abs(points).max()))
                means.append(weights @ points)
                for made, basis in zip(found, self._bases, strict=True):
                    made.append(_quantiles(points @ basis, weights).ravel())
        return [np.array(made) for made in found], np.array(means)

    def between(self, rows: range) -> Floats:
        """Lower bounds on W_p between these rows and all columns."""
        here = slice(rows.start, rows.stop)
        means, others = self._rows[1][here], self._columns[1]
        best = np.zeros((len(rows), len(others)))
        for k, basis in enumerate(self._bases):
            x, y = self._rows[0][k][here], self._columns[0][k]
            squares = self._along(x, y)
            if basis.shape[1] < len(basis):  # what the directions do not see
                rest, far = means - means @ basis @ basis.T, others - others @ basis @ basis.T
                squares += _squares(rest, far)
            np.maximum(best, squares, out=best)
        found: Floats = (np.sqrt(best) * (1 - _RELATIVE) - _ABSOLUTE) * self._scale
        return np.maximum(found, 0.0, out=found)

    def _along(self, x: Floats, y: Floats) -> Floats:
        """The sum over directions of squared distances of quantiles."""
        if self._order >= 2:
            return _squares(x, y) / _PARTS
        from scipy.spatial.distance import cdist

        total = np.zeros((len(x), len(y)))
        for begin in range(0, x.shape[1], _PARTS):
            powers = cdist(x[:, begin : begin + _PARTS], y[:, begin : begin + _PARTS], "minkowski", p=self._order)
            total += (powers / _PARTS ** (1 / self._order)) ** 2
        return total


def _squares(x: Floats, y: Floats) -> Floats:
    """Squared distances by differences, which lose no digits."""
    from scipy.spatial.distance import cdist

    found: Floats = cdist(x, y, "sqeuclidean")
    return found


def _bases(points: Floats) -> list[Floats]:
    """Orthonormal bases (d, k): principal directions, then these turned at random."""
    dim = points.shape[1]
    points = points / (np.abs(points).max() or 1.0)
    _, vectors = np.linalg.eigh(points.T @ points)
    count = min(dim, _DIRECTIONS)
    principal = vectors[:, ::-1][:, :count]
    if dim == 1:
        return [np.ones((1, 1))]
    made = [np.ascontiguousarray(principal)]
    rng = np.random.default_rng(0)
    for k in range(1, _BASES):
        if count == 2:  # evenly spread: a quarter turn is the same basis
            angle = k * math.pi / (2 * _BASES)
            turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        else:
            turn = np.linalg.qr(rng.normal(size=(count, count)))[0]
        made.append(np.linalg.qr(principal @ turn)[0])
    return made


def _quantiles(values: Floats, weights: Floats) -> Floats:
    """Means of the quantile function over equal parts of (0, 1), for each column: of shape (columns, parts)."""
    edges = np.arange(_PARTS + 1) / _PARTS
    made = np.empty((values.shape[1], _PARTS))
    for k, column in enumerate(values.T):
        order = np.argsort(column, kind="stable")
        mass = np.concatenate([[0.0], np.cumsum(weights[order])])
        mass /= mass[-1]
        integral = np.concatenate([[0.0], np.cumsum(column[order] * np.diff(mass))])
        made[k] = np.diff(np.interp(edges, mass, integral)) * _PARTS
    return made


def bounded(method: Method) -> tuple[float, float] | None:
    """The order p of the W_p that bounds a method from below, and the power of it that the method is; None where there is none."""
    if method.kind == "distance":
        return float(method.order or 1.0), 1.0
    if method.kind == "cost":
        form, _, power = str(method.by).partition("^")
        if form == "sqeuclidean" and not power:
            return 2.0, 2.0
        if form in ("euclidean", "cityblock"):  # |x - y|_1 is at least |x - y|_2
            order = float(power or 1.0)
            return (order, order) if order >= 1 else None
    return None


def masses(side: Source, block: int) -> NDArray[np.float64]:
    """The total of each sample."""
    found = [one.total for begin in range(0, len(side), block) for one in side.part(range(begin, min(begin + block, len(side)))).load()]
    return np.array(found)

