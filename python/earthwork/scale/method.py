"""What is computed for one pair of samples, and for a tile of pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats
from earthwork.comparison import Comparer, Discrepancy, discrepancy
from earthwork.scale.source import source_of

Samples = _native.Samples

Errors: TypeAlias = Literal["raise", "nan"]
"""What becomes of a pair that has no value."""

STATUS = ("not begun", "solved", "within tolerance", "not converged", "failed")
"""What can have become of a pair. A tile holds places in this list."""

NOT_BEGUN, SOLVED, WITHIN, NOT_CONVERGED, FAILED = range(len(STATUS))

QUANTITIES = ("value", "lower", "upper", "status")
"""The layers of a tile."""

# Discrepancies whose two sides can be exchanged. Others are asked for both ways.
_SYMMETRIC = ("w", "w1", "w2", "sinkhorn", "sinkhorn-divergence", "sw", "sw1", "sw2", "max-sw", "max-sw2", "gelbrich", "energy")
_SYMMETRIC_KERNELS = ("mmd", "laplace", "kid", "fid")


@dataclass(frozen=True)
class Method:
    """How a pair is compared. Can be sent to another process, unless it stands for a ``Discrepancy``."""

    by: Comparer
    kind: Literal["distance", "cost", "discrepancy"]
    order: float | None = None
    """Of W_p."""
    tolerance: float = 0.0
    errors: Errors = "raise"

    @property
    def name(self) -> str:
        """For titles."""
        if self.kind == "distance":
            return f"W{self.order:g}"
        return str(self.by) if self.kind == "cost" else discrepancy(self.by).name

    @property
    def key(self) -> str:
        """What tells this method from others, in the parameters of a store."""
        if isinstance(self.by, str):
            return self.by
        if isinstance(self.by, Discrepancy):
            raise TypeError("by: a store and a client need a name, or a function of two arrays; a Discrepancy cannot be written down")
        return source_of(self.by)

    @property
    def symmetric(self) -> bool:
        """Whether the value of (X, Y) is that of (Y, X)."""
        if self.kind != "discrepancy":
            return True
        return isinstance(self.by, str) and self.by.partition(":")[0] in (*_SYMMETRIC, *_SYMMETRIC_KERNELS)

    @property
    def zero_at_itself(self) -> bool:
        """Whether a sample is known to be at 0 from itself."""
        return self.symmetric and not (isinstance(self.by, str) and self.by.partition(":")[0] in _SYMMETRIC_KERNELS)

    def row(self, x: Samples, others: Sequence[Samples], places: Sequence[tuple[int, int]]) -> Floats:
        """Value, bounds and status of a sample against others, of shape (4, k); ``places`` name the pairs in messages."""
        if self.kind == "cost":
            found = self._costs(x, others)
            if found is not None:
                return found
        between = self._between()
        made = np.empty((len(QUANTITIES), len(others)))
        for k, y in enumerate(others):
            try:
                made[:, k] = between(x, y)
            except (ValueError, RuntimeError) as why:
                if self.errors == "raise":
                    i, j = places[k]
                    raise ValueError(f"samples {i} and {j}: {why}") from None
                made[:, k] = np.nan, -np.inf, np.inf, FAILED
        return made

    def _costs(self, x: Samples, others: Sequence[Samples]) -> Floats | None:
        """A row of transport costs at once; None where one of them has no value, so that it must be found."""
        try:
            solved = _native.exact_batch([(x, y) for y in others], str(self.by), self.tolerance, None, None)
        except ValueError:
            return None
        return np.array([_solved(raw) for raw in solved], dtype=np.float64).reshape(-1, len(QUANTITIES)).T

    def _between(self) -> Callable[[Samples, Samples], tuple[float, float, float, int]]:
        if self.kind == "cost":
            cost, within = str(self.by), self.tolerance
            return lambda x, y: _solved(_native.exact_batch([(x, y)], cost, within, None, None)[0])
        if self.kind == "distance":
            order = float(self.order or 0.0)
            if self.tolerance:
                return lambda x, y: self._loosely(x, y, order)
            return lambda x, y: _estimated(_native.wasserstein(x, y, order))
        by = discrepancy(self.by)
        return lambda x, y: _estimated(by.between(x, y))

    def _loosely(self, x: Samples, y: Samples, order: float) -> tuple[float, float, float, int]:
        found = _native.exact_pairwise([x, y], "sqeuclidean", order, self.tolerance, None, None)
        value, lower, upper = (float(matrix[0, 1]) for matrix in found[:3])
        return value, lower, upper, _code(found[3])


def _code(status: str) -> int:
    return {"optimal": SOLVED, "within tolerance": WITHIN}.get(status, NOT_CONVERGED)


def _solved(raw: Any) -> tuple[float, float, float, int]:
    lower, upper = raw.bounds
    return raw.transport_cost, lower, upper, _code(raw.status)


def _estimated(found: Any) -> tuple[float, float, float, int]:
    early = any("not converged" in note for note in found.notes)
    return found.value, found.lower, found.upper, NOT_CONVERGED if early else SOLVED


def method_of(by: Comparer, tolerance: float = 0.0, errors: Errors = "raise") -> Method:
    """A discrepancy or a ground cost by name, or a function."""
    within = _inputs.tolerance(tolerance)
    if errors not in ("raise", "nan"):
        raise ValueError(f"errors: {errors!r} is none of 'raise', 'nan'")
    if not isinstance(by, str):
        if not callable(by) and not isinstance(by, Discrepancy):
            raise TypeError(f"by: a name or a function is needed, not {type(by).__name__}")
        found = Method(by, "discrepancy", None, within, errors)
    else:
        found = _named(by, within, errors)
    if within and found.kind == "discrepancy":
        raise ValueError(f"tolerance: {found.name} has none; exact transport has: w1, w2, w:P, and ground costs")
    return found


def _named(by: str, within: float, errors: Errors) -> Method:
    form, _, rest = by.partition(":")
    if by in ("w1", "w2") or form == "w":
        discrepancy(by)  # which refuses what is not an order
        order = float(by[1:] if by in ("w1", "w2") else rest)
        if order < float("inf"):
            return Method(by, "distance", order, within, errors)
    try:
        discrepancy(by)
    except ValueError as unknown:
        try:
            point = Samples(np.zeros((1, 2)), None, ("by", "by"))
            _native.exact_batch([(point, point)], by, 0.0, None, None)
        except ValueError:
            raise ValueError(f"by: {unknown}; nor is it a ground cost such as sqeuclidean, euclidean or cityblock") from None
        return Method(by, "cost", None, within, errors)
    return Method(by, "discrepancy", None, within, errors)


def tile(method: Method, left: Sequence[Samples], right: Sequence[Samples], corner: tuple[int, int], own: bool) -> Floats:
    """All pairs of two blocks, of shape (4, rows, columns).

    ``corner`` is the place of its first pair. An ``own`` tile is that of a block with itself under a symmetric method: half of it is
    computed.
    """
    made = np.empty((len(QUANTITIES), len(left), len(right)))
    for i, x in enumerate(left):
        first = i + method.zero_at_itself if own else 0
        places = [(corner[0] + i, corner[1] + j) for j in range(first, len(right))]
        made[:, i, first:] = method.row(x, right[first:], places)
        if own:
            if method.zero_at_itself:
                made[:, i, i] = 0.0, 0.0, 0.0, SOLVED
            made[:, i + 1 :, i] = made[:, i, i + 1 :]
    return made
