"""Distances of two summaries, each with what the summaries lost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork._text import short
from earthwork.comparison import Row
from earthwork.results import Estimate
from earthwork.scale import cells as lines
from earthwork.scale.categories import folded
from earthwork.scale.cells import Cells

_DIVERGENCES = ("js", "kl", "chi2", "psi", "tv")
# Groups of cells: of the population stability index, and at most of the others. Radii of the characteristic function of MMD.
_STABILITY, _GROUPS, _RADII = 10, 64, 32


def rows_of(x: Any, y: Any, bandwidth: float | None, columns: int, seed: int) -> list[Row]:
    """Everything that two summaries know."""
    return [_timed(*one) for one in _asked(x, y, bandwidth, columns, seed)]


def _timed(name: str, group: str, make: Callable[[], Estimate]) -> Row:
    begun = time.perf_counter()
    try:
        found, note = make(), ""
    except ValueError as why:
        found, note = None, str(why)
    return Row(name, group, found, note, time.perf_counter() - begun)


def _asked(x: Any, y: Any, bandwidth: float | None, columns: int, seed: int) -> Iterator[tuple[str, str, Callable[[], Estimate]]]:
    sizes = (x.count, y.count)
    if x.dim:
        moments = _Moments(x, y)
        yield "FID", "moments", moments.fid
        yield "Gelbrich", "moments", moments.gelbrich
        yield "KL of Gaussians", "moments", partial(moments.divergence, "kl")
        yield "JS of Gaussians", "moments", partial(moments.divergence, "js")
        along = (x._lines, y._lines) if x.dim > 1 else (x._columns, y._columns)
        if along[0]:
            slices = _Slices(x.dim, *along, sizes, _spread(x))
            yield "SW1", "directions", partial(slices.wasserstein, 1)
            yield "SW2", "directions", partial(slices.wasserstein, 2)
            yield "energy", "directions", slices.energy
            sigma = bandwidth if bandwidth is not None else moments.bandwidth()
            yield f"MMD² (σ = {short(sigma)})", "directions", partial(slices.mmd, sigma)
    names = x.names or [f"column {k}" for k in range(x.dim)]
    for name, a, b in list(zip(names, x._columns, y._columns, strict=True))[:columns]:
        yield f"KS of {name}", "columns", partial(_kolmogorov, a, b, sizes)
        for p in (1, 2):
            yield f"W{p} of {name}", "columns", partial(_line, a, b, p, sizes)
        for kind in _DIVERGENCES:
            yield f"{kind} of {name}", "columns", partial(_of_cells, kind, a, b, sizes)
    for name in x._categories:
        for kind in _DIVERGENCES:
            yield f"{kind} of {name}", "categories", partial(_of_categories, kind, name, x, y)
    if y.reference is not None and y.dim:
        for kind in ("precision", "density", "coverage"):
            yield kind, "reference", partial(_inside, kind, x, y)
    if x.dim and len(x._part) > 1 and len(y._part) > 1:
        for by in ("w1", "w2"):
            yield by.upper(), "rows at random", partial(_exact, by, x, y, seed)


def _made(
    value: float,
    evidence: tuple[str, float, float, float, float],
    method: str,
    sizes: tuple[int, int],
    notes: list[str],
    randomness: str = "sampling",
    kind: str = "point",
    seed: int | None = None,
) -> Estimate:
    return Estimate(float(value), evidence, kind, method, sizes, seed, randomness, notes, f"{short(value)}; {'; '.join(notes)}")


_EXACT = ("exact", 0.0, 0.0, 0.0, -1.0)


def _bounds(lower: float, upper: float) -> tuple[str, float, float, float, float]:
    return "bounds", float(lower), float(upper), 0.0, -1.0


class _Moments:
    """Distances of means and covariances, which are those of all rows, rounded once."""

    def __init__(self, x: Any, y: Any) -> None:
        self._x, self._y, self._sizes = x, y, (x.count, y.count)

    def _gaussians(self, ddof: int) -> list[tuple[Floats, Floats]]:
        if min(self._sizes) <= ddof:
            raise ValueError("it takes at least two rows on each side")
        return [(one._moments.mean(), one._moments.covariance(ddof)) for one in (self._x, self._y)]

    def fid(self) -> Estimate:
        """‖difference of means‖² + tr(A + B − 2 (A B)^½), with covariances by n − 1."""
        found = _native.bures_wasserstein(*self._gaussians(1)).value
        return _made(found**2, _EXACT, "moments", self._sizes, ["of the exact moments of all rows; few rows make it too large"])

    def gelbrich(self) -> Estimate:
        """At most W₂."""
        found = _native.bures_wasserstein(*self._gaussians(0)).value
        return _made(found, _bounds(found * (1 - 1e-9), math.inf), "moments", self._sizes, ["at most W2 of all rows"], kind="lower bound")

    def divergence(self, kind: str) -> Estimate:
        """Between the Gaussians of these moments."""
        (p, a), (q, b) = self._gaussians(0)
        found = _native.divergence_gaussians(kind, p, a, q, b)
        return _made(found.value, _EXACT, "moments", self._sizes, ["of the exact moments of all rows"])

    def bandwidth(self) -> float:
        """The root of half the mean squared distance of two rows."""
        (p, a), (q, b) = self._gaussians(0)
        n, m = self._sizes
        share = n / (n + m)
        within = share * np.trace(a) + (1 - share) * np.trace(b)
        return float(np.sqrt(within + share * (1 - share) * ((p - q) @ (p - q)))) or 1.0


def _spread(x: Any) -> float:
    """What rounding may move a projection by."""
    largest = [max(map(abs, (*one.ends()[0][:1], *one.ends()[1][-1:])), default=0.0) for one in x._columns]
    return float((x.dim + 2) * 2.0**-53 * np.linalg.norm(largest)) if x.dim > 1 else 0.0


class _Slices:
    """Means over directions, with their standard error."""

    def __init__(self, dim: int, x: list[Cells], y: list[Cells], sizes: tuple[int, int], rounding: float) -> None:
        self._dim, self._x, self._y, self._sizes, self._rounding = dim, x, y, sizes, 2 * rounding

    def _mean(self, values: Floats) -> tuple[float, float]:
        """The mean, and its standard error from groups of orthogonal directions."""
        group = self._dim if self._dim <= 64 else 1
        if len(values) == 1:
            return float(values[0]), 0.0 if self._dim == 1 else math.inf
        full = len(values) // group
        means = values[: full * group].reshape(full, group).mean(axis=1) if full > 1 else values
        return float(values.mean()), float(means.std(ddof=1) / math.sqrt(len(means)))

    def _estimate(self, value: float, error: float, lost: float, what: str, notes: str) -> Estimate:
        if self._dim == 1:
            lost += 1e-12 * value
            return _made(value, _bounds(max(value - lost, 0.0), value + lost), "cells", self._sizes, [notes])
        reach = 1.96 * error + lost
        return _made(value, ("interval", max(value - reach, 0.0), value + reach, 0.95, -1.0), what, self._sizes, [notes], "directions")

    def wasserstein(self, p: int) -> Estimate:
        """SW_p: Minkowski's inequality over directions bounds what cells lost."""
        costs = np.array([lines.wasserstein(a, b, p) for a, b in zip(self._x, self._y, strict=True)])
        moved = np.array([a.moved(p) + b.moved(p) for a, b in zip(self._x, self._y, strict=True)])
        mean, error = self._mean(costs)
        value = mean ** (1 / p)
        lost = float((moved**p).mean() ** (1 / p)) + self._rounding
        relative = value * error / (p * mean) if mean else error ** (1 / p)
        return self._estimate(value, relative, lost, "sliced, summarized", f"the cells lost at most {lost:.2g}")

    def energy(self) -> Estimate:
        """2 E‖X − Y‖ − E‖X − X'‖ − E‖Y − Y'‖."""
        scale = math.sqrt(math.pi) * math.exp(math.lgamma((self._dim + 1) / 2) - math.lgamma(self._dim / 2)) if self._dim > 1 else 1.0
        found = np.array([lines.cramer(a, b) for a, b in zip(self._x, self._y, strict=True)])
        values = 2 * scale * found[:, 0] ** 2
        lost = float((2 * scale * (2 * found[:, 0] * found[:, 1] + found[:, 1] ** 2)).mean()) + 4 * scale * self._rounding
        mean, error = self._mean(values)
        return self._estimate(mean, error, lost, "energy, summarized", f"the cells lost at most {lost:.2g}")

    def mmd(self, sigma: float) -> Estimate:
        """The squared MMD of the Gaussian kernel, of the samples as they are."""
        from scipy.special import gammaincinv

        if not sigma > 0:
            raise ValueError(f"bandwidth: it is {sigma}, but above 0 is needed")
        shift = np.random.default_rng(0).random(len(self._x))[:, None]
        radii = np.sqrt(2 * gammaincinv(self._dim / 2, (np.arange(_RADII) + shift) / _RADII)) / sigma
        values, losses = np.empty(len(self._x)), np.empty(len(self._x))
        for k, (a, b) in enumerate(zip(self._x, self._y, strict=True)):
            (real, imaginary), (other, beside) = _characteristic(a, radii[k]), _characteristic(b, radii[k])
            gap: Floats = np.hypot(real - other, imaginary - beside)
            off: Floats = np.minimum(radii[k] * (a.moved(1) + b.moved(1) + self._rounding), 2.0)
            values[k], losses[k] = (gap**2).mean(), (2 * gap * off + off**2).mean()
        mean, error = self._mean(values)
        if self._dim == 1:  # one direction: the radii alone are drawn
            error = 1.0 / _RADII**1.5
            reach = 1.96 * error + float(losses.mean())
            ends = ("interval", max(mean - reach, 0.0), mean + reach, 0.95, -1.0)
            return _made(mean, ends, "MMD, summarized", self._sizes, [f"the cells lost at most {losses.mean():.2g}"], "Monte Carlo")
        lost = float(losses.mean())
        return self._estimate(mean, error, lost, "MMD, summarized", f"the cells lost at most {lost:.2g}")


def _characteristic(of: Cells, radii: Floats) -> tuple[Floats, Floats]:
    """The mean of exp(i r v) over the numbers v: real and imaginary part."""
    turns, mass = np.multiply.outer(radii, of.middles()), of.counts / of.count
    return np.cos(turns) @ mass, np.sin(turns) @ mass


def _kolmogorov(a: Cells, b: Cells, sizes: tuple[int, int]) -> Estimate:
    lower, upper = lines.kolmogorov(a, b)
    return _made(lower, _bounds(lower, upper), "cells", sizes, [f"the cells hide at most {upper - lower:.2g}"])


def _line(a: Cells, b: Cells, p: int, sizes: tuple[int, int]) -> Estimate:
    value, lost = lines.wasserstein(a, b, p) ** (1 / p), a.moved(p) + b.moved(p)
    slack = lost + 1e-12 * value
    return _made(value, _bounds(max(value - slack, 0.0), value + slack), "cells", sizes, [f"the cells lost at most {lost:.2g}"])


def _grouped(a: NDArray[np.int64], b: NDArray[np.int64], by: Floats, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Neighboring cells joined into at most ``most`` groups of about equal share by ``by``."""
    if len(a) <= most:
        return a, b, len(a)
    share = np.cumsum(by) / by.sum()
    group = np.minimum((share * most - 1e-9).astype(np.int64), most - 1)
    first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    return np.add.reduceat(a, first), np.add.reduceat(b, first), len(first)


def _of_cells(kind: str, a: Cells, b: Cells, sizes: tuple[int, int]) -> Estimate:
    """A divergence of groups of cells."""
    _, level, first, second = lines.aligned(a, b)
    if kind == "psi":
        p, q, groups = _grouped(first, second, first / sizes[0], _STABILITY)
    else:
        most = int(min(max(2 * min(sizes) ** 0.4, 8), _GROUPS))
        p, q, groups = _grouped(first, second, first / sizes[0] + second / sizes[1], most)
    whole = groups == len(first) and level == 0
    return _divergence(kind, p, q, sizes, "each value by itself" if whole else f"{groups} groups of cells: what differs inside of them is lost", whole)


def _of_categories(kind: str, name: str, x: Any, y: Any) -> Estimate:
    first, second = x._categories[name], y._categories[name]
    in_groups = name in x._folded or name in y._folded
    if in_groups:
        most = x.options.categories
        first, second = (one if name in side._folded else folded(one, most) for one, side in ((first, x), (second, y)))
    every = sorted(set(first) | set(second))
    p, q = (np.array([one.get(key, 0) for key in every], dtype=np.int64) for one in (first, second))
    notes = f"{x.options.categories} groups of categories: what differs inside of them is lost" if in_groups else "each category by itself"
    return _divergence(kind, p, q, (x.count, y.count), notes, not in_groups)


def _divergence(kind: str, a: NDArray[np.int64], b: NDArray[np.int64], sizes: tuple[int, int], note: str, whole: bool) -> Estimate:
    """A divergence of counts, with its standard error by the delta method."""
    p, q = a / a.sum(), b / b.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(p > 0, p / q, 0.0)
        logs = np.log(p) - np.log(q)
        if kind == "psi":
            terms = np.where(p == q, 0.0, (p - q) * logs)
            value, by_p, by_q = float(terms.sum()), logs - q / p, -logs - p / q
        else:
            value = _native.divergence_discrete(kind, p, q)
            middle = (p + q) / 2
            by_p, by_q = {
                "kl": (logs, -ratio),
                "js": (np.log(p / middle) / 2, np.log(q / middle) / 2),
                "chi2": (2 * ratio, -(ratio**2)),
                "tv": (np.sign(p - q) / 2, np.sign(q - p) / 2),
            }[kind]
    kind_of = "point" if whole else "lower bound"
    if not math.isfinite(value):
        return _made(math.inf, ("unstated", 0.0, 0.0, 0.0, -1.0), "counts", sizes, ["one side has counts where the other has none", note], kind="point")
    error = math.sqrt(_variance(p, by_p) / sizes[0] + _variance(q, by_q) / sizes[1])
    parts = 1 / sizes[0] + 1 / sizes[1]
    if kind == "tv":  # at equal distributions, where it is largest
        error += 0.5 * math.sqrt(2 / math.pi) * float(np.sqrt((p + q) / 2 * parts).sum()) / 1.96
    else:  # what chance makes of equal distributions: half the second derivative times a chi-square variable
        half, freedom = {"kl": 0.5, "js": 0.125, "chi2": 1.0, "psi": 1.0}[kind], int(((p > 0) | (q > 0)).sum()) - 1
        bias = min(half * parts * freedom, value)
        error = math.hypot(error, half * parts * math.sqrt(2 * freedom))
        value, note = value - bias, f"{note}; less {bias:.1g}, its bias"
    return _made(value, ("standard error", error, 0.0, 0.0, -1.0), "counts", sizes, [note], kind=kind_of)


def _variance(mass: Floats, values: Floats) -> float:
    there = mass > 0
    mass, values = mass[there], np.where(np.isfinite(values[there]), values[there], 0.0)
    return max(float(mass @ values**2 - (mass @ values) ** 2), 0.0)


def _inside(kind: str, x: Any, y: Any) -> Estimate:
    """What the rows of y hit of the reference."""
    reference, n = y.reference, y.count
    balls, sizes = len(reference.points), (len(reference.points), n)
    notes = [f"balls of {balls} reference points, k = {reference.k}; all rows of Y"]
    if kind == "density":
        return _made(int(y._hits.sum()) / (reference.k * n), ("unstated", 0.0, 0.0, 0.0, -1.0), "balls", sizes, notes)
    value = y._inside / n if kind == "precision" else int((y._hits > 0).sum()) / balls
    error = math.sqrt(value * (1 - value) / (n if kind == "precision" else balls))
    return _made(value, ("standard error", error, 0.0, 0.0, -1.0), "balls", sizes, notes)


def _exact(by: str, x: Any, y: Any, seed: int) -> Estimate:
    """W_p of the rows at random, with the interval for the distributions."""
    first, second = (_native.Samples(np.ascontiguousarray(one.part)) for one in (x, y))
    found = _native.Discrepancy.named(by).interval(first, second, "auto", 0.5, None, 0.95, 199, seed, None)
    note = f"of {len(first):,} and {len(second):,} rows at random"
    ends = ("interval", found.lower, found.upper, found.level or 0.95, -1.0)
    return _made(found.value, ends, found.method, (len(first), len(second)), [note, *found.notes], seed=seed)
