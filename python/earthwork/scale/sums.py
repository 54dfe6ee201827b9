"""Sums of numbers and of their products, exactly: whole numbers times a power of two, so that any grouping gives the same bits.

A number is taken apart into whole numbers of at most 23 bits, each times a power 2^(23 b). Products of these over 512 rows are whole
numbers below 2^53, which a matrix product in double precision gives without rounding (Ozaki, Ogita, Oishi & Rump, "Error-free
transformations of matrix multiplication", Numerical Algorithms 59 (2012)); they are added up as Python's whole numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from earthwork._inputs import Floats

# Bits of a part, rows whose products are added without rounding, and the power of two in which sums are counted: below it a double has none.
_BITS, _ROWS, _UNIT = 23, 512, -1104


class Moments:
    """The number of rows, the sum of each column, and the sums of all products of two columns."""

    def __init__(self, dim: int) -> None:
        self.dim, self.count = dim, 0
        self.first = [0] * dim
        """In units of 2^-1104."""
        self.second = [[0] * (k + 1) for k in range(dim)]
        """Of columns k and l <= k, in units of 2^-2208."""

    def add(self, rows: Floats) -> None:
        """More rows, of shape (n, d), finite."""
        for begin in range(0, len(rows), 16384):
            self._add(rows[begin : begin + 16384])

    def _add(self, rows: Floats) -> None:
        n = len(rows)
        self.count += n
        parts, which = _parts(rows)
        if not which:
            return
        padded = np.zeros((-(-n // _ROWS) * _ROWS, len(which)))
        padded[:n] = parts.T
        blocks = padded.reshape(-1, _ROWS, len(which))
        products = np.zeros((len(which), len(which)), dtype=np.int64)
        for begin in range(0, len(blocks), 512):  # 512 blocks of less than 2^53 each stay below 2^62
            some = blocks[begin : begin + 512]
            for k, left in enumerate(np.matmul(some.transpose(0, 2, 1), some).astype(np.int64).sum(axis=0).tolist()):
                products[k] = left
            self._put(products, which)
        for (column, power), total in zip(which, parts.sum(axis=1).tolist(), strict=True):  # exact: whole numbers far below 2^53
            self.first[column] += int(total) << (_BITS * power - _UNIT)

    def _put(self, products: Any, which: list[tuple[int, int]]) -> None:
        for (k, power), row in zip(which, products.tolist(), strict=True):
            into = self.second[k]
            for (other, beside), value in zip(which, row, strict=True):
                if other <= k and value:
                    into[other] += value << (_BITS * (power + beside) - 2 * _UNIT)

    def merge(self, other: Moments) -> None:
        """The rows of both."""
        self.count += other.count
        self.first = [a + b for a, b in zip(self.first, other.first, strict=True)]
        self.second = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(self.second, other.second, strict=True)]

    def mean(self) -> Floats:
        """Of each column, rounded once."""
        return np.array([_float(total, self.count, _UNIT) for total in self.first])

    def covariance(self, ddof: int = 0) -> Floats:
        """Divided by n - ddof, of shape (d, d); each entry is rounded once, so that offsets cost no digits."""
        made = np.zeros((self.dim, self.dim))
        if self.count <= ddof:
            return made
        for k in range(self.dim):
            for other in range(k + 1):
                centred = self.count * self.second[k][other] - self.first[k] * self.first[other]
                made[k, other] = made[other, k] = _float(centred, self.count * (self.count - ddof), 2 * _UNIT)
        return made

    def written(self) -> dict[str, Any]:
        """As text."""
        return {"count": self.count, "first": [_short(v) for v in self.first], "second": [[_short(v) for v in row] for row in self.second]}

    @classmethod
    def read(cls, given: dict[str, Any]) -> Moments:
        """The way back."""
        made = cls(len(given["first"]))
        made.count = int(given["count"])
        made.first = [_long(text) for text in given["first"]]
        made.second = [[_long(text) for text in row] for row in given["second"]]
        return made


def _parts(rows: Floats) -> tuple[Floats, list[tuple[int, int]]]:
    """Whole numbers, one line for each column and power of 2^23 that occurs."""
    made, which = [], []
    for k, column in enumerate(rows.T):
        rest = np.array(column, dtype=np.float64)
        largest, last = float(np.abs(rest).max(initial=0.0)), 1100
        while largest:
            power = min(-((_BITS - 1 - math.frexp(largest)[1]) // _BITS), last - 1)  # half a unit is left to the next power
            last = power
            whole = np.rint(_scaled(rest, -_BITS * power))
            made.append(whole)
            which.append((k, power))
            rest = rest - _scaled(whole, _BITS * power)
            largest = float(np.abs(rest).max())
    return np.array(made).reshape(len(made), len(rows)), which


def _scaled(values: Floats, power: int) -> Floats:
    """Times a power of two, which is exact."""
    if -1000 < power < 1000:
        found: Floats = values * 2.0**power
        return found
    return np.ldexp(values, power)


def _float(numerator: int, denominator: int, power: int) -> float:
    """A quotient times a power of two, rounded once; infinite where it is too large."""
    found = Fraction(numerator, denominator) * Fraction(2) ** power
    try:
        return float(found)
    except OverflowError:
        return math.inf if found > 0 else -math.inf


def _short(value: int) -> str:
    zeros = (value & -value).bit_length() - 1 if value else 0
    return f"{value >> zeros:x}p{zeros}"


def _long(text: str) -> int:
    digits, _, zeros = text.partition("p")
    return int(digits, 16) << int(zeros)
