"""Counts of numbers in cells that halve: the same cells in any grouping.

The bits of doubles, read as whole numbers, are in the order of the numbers. A cell at level s holds those that agree in all but the last s
bits. A line keeps the finest level at which at most ``capacity`` cells are not empty; that level depends on the numbers alone, not on the
order or the groups in which they came. Up to ``capacity`` different numbers nothing is lost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthwork._inputs import Floats

Whole = NDArray[np.int64]


class Cells:
    """Many numbers on a line as cells with counts."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.level = capacity, 0
        self.keys: Whole = np.empty(0, dtype=np.int64)
        self.counts: Whole = np.empty(0, dtype=np.int64)

    def add(self, ordered: Whole) -> None:
        """More numbers, as their bits in order: see :func:`bits`."""
        keys = ordered >> self.level
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        self._join(keys[first], np.diff(first, append=len(keys)), self.level)

    def merge(self, other: Cells) -> None:
        """The numbers of both."""
        self._join(other.keys, other.counts, other.level)

    def _join(self, keys: Whole, counts: Whole, level: int) -> None:
        if not len(keys):
            return
        most = max(level, self.level)
        both = np.concatenate([self.keys >> (most - self.level), keys >> (most - level)])
        order = np.argsort(both, kind="stable")
        self.level, self.keys, self.counts = most, *_summed(both[order], np.concatenate([self.counts, counts])[order])
        if len(self.keys) > self.capacity:
            up = _level_for(self.keys, self.capacity)
            self.level += up
            self.keys, self.counts = _summed(self.keys >> up, self.counts)

    def at(self, level: int) -> tuple[Whole, Whole]:
        """Cells and counts at a coarser level."""
        return _summed(self.keys >> (level - self.level), self.counts)

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum())

    def ends(self) -> tuple[Floats, Floats]:
        """The least and the largest double of each cell."""
        return ends(self.keys, self.level)

    def middles(self) -> Floats:
        """What stands for the numbers of each cell."""
        low, high = self.ends()
        found: Floats = low + (high - low) / 2
        return found

    def moved(self, p: float) -> float:
        """At most so far in W_p are the middles from the numbers."""
        low, high = self.ends()
        half = (high - low) / 2
        largest = float(half.max(initial=0.0))
        if largest == 0.0:
            return 0.0
        return float(largest * ((half / largest) ** p @ (self.counts / self.count)) ** (1 / p))


def bits(values: Floats) -> Whole:
    """Whole numbers in the order of the numbers; -0 is 0."""
    found = np.ascontiguousarray(values + 0.0).view(np.int64)
    return found ^ ((found >> 63) & np.int64(0x7FFFFFFFFFFFFFFF))


def doubles(keys: Whole) -> Floats:
    """The way back."""
    return (keys ^ ((keys >> 63) & np.int64(0x7FFFFFFFFFFFFFFF))).view(np.float64)


def ends(keys: Whole, level: int) -> tuple[Floats, Floats]:
    """The least and the largest double of cells."""
    low = keys << level
    high = low + ((1 << level) - 1)
    most = np.finfo(np.float64).max
    with np.errstate(invalid="ignore"):
        found = tuple(np.clip(np.nan_to_num(doubles(side), nan=most, posinf=most, neginf=-most), -most, most) for side in (low, high))
    return found[0], found[1]


def _summed(keys: Whole, counts: Whole) -> tuple[Whole, Whole]:
    """Ordered keys, each once."""
    if not len(keys):
        return keys, counts
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(counts, first)


def _level_for(keys: Whole, capacity: int) -> int:
    """How many more bits to leave out, so that at most so many cells are left: by the first bit in which neighbors differ."""
    differ = (keys[1:] ^ keys[:-1]).view(np.uint64)
    upper, lower = (differ >> np.uint64(32)).astype(np.float64), (differ & np.uint64(0xFFFFFFFF)).astype(np.float64)
    length = np.where(upper > 0, 32 + np.frexp(upper)[1], np.frexp(lower)[1])
    apart = len(keys) - np.cumsum(np.bincount(length, minlength=65))  # cells that are left at each level
    return int(np.argmax(apart <= capacity))


def aligned(x: Cells, y: Cells) -> tuple[Whole, int, Whole, Whole]:
    """The cells of both at one level, that level, and the counts of each."""
    level = max(x.level, y.level)
    (first, of_x), (second, of_y) = x.at(level), y.at(level)
    keys = np.union1d(first, second)
    a, b = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.int64)
    a[np.searchsorted(keys, first)], b[np.searchsorted(keys, second)] = of_x, of_y
    return keys, level, a, b


def wasserstein(x: Cells, y: Cells, p: float) -> float:
    """W_p^p between the middles."""
    u, v = np.cumsum(x.counts) / x.count, np.cumsum(y.counts) / y.count
    edges = np.union1d(u, v)
    edges[-1] = 1.0
    lengths = np.diff(edges, prepend=0.0)
    at = edges - lengths / 2
    i = np.minimum(np.searchsorted(u, at), len(u) - 1)
    j = np.minimum(np.searchsorted(v, at), len(v) - 1)
    return float(lengths @ np.abs(x.middles()[i] - y.middles()[j]) ** p)


def kolmogorov(x: Cells, y: Cells) -> tuple[float, float]:
    """Bounds on the largest difference of the distribution functions: proven."""
    _, level, a, b = aligned(x, y)
    f, g = np.cumsum(a) / x.count, np.cumsum(b) / y.count
    lower = float(np.abs(f - g).max())
    if level == 0:
        return lower, lower
    before_f, before_g = f - a / x.count, g - b / y.count
    return lower, min(float(np.maximum(np.abs(f - before_g), np.abs(before_f - g)).max()), 1.0)


def cramer(x: Cells, y: Cells) -> tuple[float, float]:
    """The L2 norm of the difference of the distribution functions of the middles, and how far it can be from that of the numbers."""
    values = np.concatenate([x.middles(), y.middles()])
    steps = np.concatenate([x.counts / x.count, -y.counts / y.count])
    order = np.argsort(values, kind="stable")
    gaps = np.diff(values[order])
    norm = float(np.sqrt(gaps @ np.cumsum(steps[order])[:-1] ** 2))
    lost = 0.0
    for side in (x, y):
        low, high = side.ends()
        lost += float(np.sqrt((high - low) @ (side.counts / side.count) ** 2))
    return norm, lost
