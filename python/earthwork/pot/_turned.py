"""The monotone plans of columns on the circle for a given shift, and the best shift: for derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork._inputs import Floats
from earthwork.pot.line import Merged, merged

__all__ = ["best_shift", "slopes", "turned"]

STEPS = 80
"""Steps of a golden section over shifts from -1 to 1: the last is below 1e-15."""


class Sides:
    """Both sides of each column in order, with their shares of the mass."""

    def __init__(self, x: Floats, y: Floats, a: Floats, b: Floats) -> None:
        self.x: Floats
        self.y: Floats
        self.by_x, self.by_y = np.argsort(x, axis=0, kind="stable"), np.argsort(y, axis=0, kind="stable")
        self.x, self.y = np.take_along_axis(x, self.by_x, 0), np.take_along_axis(y, self.by_y, 0)
        self.mass = a.sum(0)
        self.a, self.b = np.take_along_axis(a, self.by_x, 0) / self.mass, np.take_along_axis(b, self.by_y, 0) / b.sum(0)
        self.ends = np.cumsum(self.b, 0)


def turned(sides: Sides, shift: Floats) -> tuple[Merged, Any]:
    """The plan of x to y where each quantile of y comes from ``shift`` (k,) later, and which y each column of it is."""
    m = len(sides.y)
    ends = sides.ends - shift[None, :]
    turns = np.ceil(ends) - 1.0
    ends, values = ends - turns, sides.y - turns
    order = np.argsort(ends, axis=0, kind="stable")
    ends, values = np.take_along_axis(ends, order, 0), np.take_along_axis(values, order, 0)
    masses = np.diff(np.concatenate([np.zeros((1, len(shift))), ends, np.ones((1, len(shift)))]), axis=0)
    # What is left after the last end belongs to the first, one turn on.
    values = np.concatenate([values, values[:1] + 1.0])
    which = np.take_along_axis(sides.by_y, np.concatenate([order, order[:1]]) % m, 0)
    return merged(sides.x, values, sides.a, np.maximum(masses, 0.0), sort=False), which


def _cost(sides: Sides, shift: Floats, p: float) -> Floats:
    plan, _ = turned(sides, shift)
    found: Floats = (plan.mass * np.abs(plan.gaps) ** p).sum(0)
    return found


def best_shift(sides: Sides, p: float) -> Floats:
    """The shift of each column for which |x - y|^p costs least: the cost is convex in it."""
    part = (np.sqrt(5.0) - 1.0) / 2.0
    k = sides.x.shape[1]
    low, high = np.full(k, -1.0), np.full(k, 1.0)
    left, right = high - part * (high - low), low + part * (high - low)
    at_left, at_right = _cost(sides, left, p), _cost(sides, right, p)
    for _ in range(STEPS):
        down = at_left <= at_right
        low, high = np.where(down, low, left), np.where(down, right, high)
        new = np.where(down, high - part * (high - low), low + part * (high - low))
        at_new = _cost(sides, new, p)
        left, right, at_left, at_right = (
            np.where(down, new, right),
            np.where(down, left, new),
            np.where(down, at_new, at_right),
            np.where(down, at_left, at_new),
        )
    found: Floats = 0.5 * (low + high)
    return found


def slopes(sides: Sides, p: float, cotangent: Floats) -> tuple[Floats, Floats]:
    """Derivatives of the costs by the values of both sides, in the order in which they were given."""
    plan, which = turned(sides, best_shift(sides, p))
    by_gap = plan.mass * sides.mass * p * np.sign(plan.gaps) * np.abs(plan.gaps) ** (p - 1) * cotangent[None, :]
    lanes = np.broadcast_to(np.arange(by_gap.shape[1]), by_gap.shape)
    by_x, by_y = np.zeros_like(sides.x), np.zeros_like(sides.y)
    np.add.at(by_x, (np.take_along_axis(sides.by_x, plan.rows, 0), lanes), by_gap)
    np.add.at(by_y, (np.take_along_axis(which, plan.columns, 0), lanes), -by_gap)
    return by_x, by_y
