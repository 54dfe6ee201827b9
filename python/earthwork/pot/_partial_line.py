"""Partial transport on the line: the cheapest k pairs for k = 1, 2, 3, ...

The best k + 1 pairs contain the points of the best k (Chapel, Tavenard, "One for all and all for one: efficient computation of partial
Wasserstein distances on the line", ICLR 2025). Points are matched in order, so that one more point on each side shifts the partners of
those between them: the cost of each choice is a difference of sums that are kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork._inputs import Floats

__all__ = ["pairs"]


def pairs(x: Floats, y: Floats, count: int, p: float) -> tuple[Any, Any, Floats]:
    """Indices of x and of y in the order in which they join, and what each pair of them adds to the cost."""
    of_x, of_y = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    xs, ys = x[of_x], y[of_y]
    free_x, free_y = np.ones(len(xs), dtype=bool), np.ones(len(ys), dtype=bool)
    rows, columns, costs = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64), np.empty(count)
    for step in range(count):
        at_x, at_y = np.flatnonzero(free_x), np.flatnonzero(free_y)
        a, b, u, v = xs[~free_x], ys[~free_y], xs[at_x], ys[at_y]
        rank_x, rank_y = at_x - np.arange(len(at_x)), at_y - np.arange(len(at_y))
        choices = [_level(u, v, rank_x, rank_y, p), _rising(a, b, u, v, rank_x, rank_y, p)]
        cost, j, i = _rising(b, a, v, u, rank_y, rank_x, p)
        cost, i, j = min([*choices, (cost, i, j)])
        rows[step], columns[step], costs[step] = of_x[at_x[i]], of_y[at_y[j]], cost
        free_x[at_x[i]] = free_y[at_y[j]] = False
    return rows, columns, costs


def _level(u: Floats, v: Floats, rank_x: Any, rank_y: Any, p: float) -> tuple[float, int, int]:
    """The cheapest pair that shifts nobody: as many chosen points lie before the one as before the other."""
    first, last = np.searchsorted(rank_y, rank_x, "left"), np.searchsorted(rank_y, rank_x, "right")
    fit = np.flatnonzero(last > first)
    if not len(fit):
        return np.inf, 0, 0
    near = np.searchsorted(v, u[fit])
    left, right = (np.clip(near + k, first[fit], last[fit] - 1) for k in (-1, 0))
    gaps = np.abs(u[fit] - v[left]), np.abs(u[fit] - v[right])
    partner, gap = np.where(gaps[0] <= gaps[1], left, right), np.minimum(*gaps)
    at = int(np.argmin(gap))
    return float(gap[at] ** p), int(fit[at]), int(partner[at])


def _rising(a: Floats, b: Floats, u: Floats, v: Floats, rank_x: Any, rank_y: Any, p: float) -> tuple[float, int, int]:
    """The cheapest pair whose u comes before its v: those of a between them get the next of b."""
    k = len(a)
    if k == 0:
        return np.inf, 0, 0
    kept = np.concatenate([[0.0], np.cumsum(np.abs(a - b) ** p)])
    shifted = np.concatenate([[0.0], np.cumsum(np.abs(a[:-1] - b[1:]) ** p)])
    starts, ends = np.flatnonzero(rank_x < k), np.flatnonzero(rank_y > 0)
    if not len(starts) or not len(ends):
        return np.inf, 0, 0
    r, s = rank_x[starts], rank_y[ends]
    begin = np.abs(u[starts] - b[r]) ** p - shifted[r] + kept[r]
    end = np.abs(a[s - 1] - v[ends]) ** p + shifted[s - 1] - kept[s]
    best = np.full(k, np.inf)
    np.minimum.at(best, r, begin)
    total = np.minimum.accumulate(best)[s - 1] + end
    at = int(np.argmin(total))
    if not np.isfinite(total[at]):
        return np.inf, 0, 0
    allowed = np.flatnonzero(r <= s[at] - 1)
    return float(total[at]), int(starts[allowed[np.argmin(begin[allowed])]]), int(ends[at])
