"""Sliced transport: the mean, or the largest, over projections onto lines. Cheap in any dimension, with a standard error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points
from earthwork._kinds import Directions, OnMissing
from earthwork._progress import Progress, reporting
from earthwork._text import brief, seconds, short
from earthwork._number import Kept, ended
from earthwork.results import Estimate, Estimated, Options, evidence, sparse

__all__ = [
    "MaxSlice",
    "PartialSliced",
    "SlicedDistance",
    "SlicedPlan",
    "Stream",
    "Subspace",
    "bounds",
    "distance",
    "generalised",
    "gradient",
    "max_distance",
    "partial",
    "plan",
    "spherical",
    "subspace",
]


class SlicedDistance(Estimated):
    """SW_p with its standard error, and the cost of each slice."""

    def __init__(self, raw: _native.Sliced) -> None:
        self._raw = raw
        self.estimate: Estimate = raw.estimate
        """SW_p with its evidence: ``lower`` and ``upper`` are the ends of the 95 % interval."""

    @property
    def std_error(self) -> float | None:
        """The standard error from the choice of directions; it says nothing about other samples."""
        return self.estimate.std_error

    @property
    def costs(self) -> Floats:
        """W_p^p along each direction."""
        return self._raw.costs

    @property
    def directions(self) -> int:
        """How many directions the value rests on."""
        return self._raw.directions

    @property
    def variance_ratio(self) -> float:
        """The variance with control variates as a part of that without."""
        return self._raw.variance_ratio

    @property
    def status(self) -> str:
        """``converged``, or why there are fewer directions than asked for."""
        return self._raw.status

    @property
    def time(self) -> float:
        """Seconds."""
        return self._raw.time

    def __getstate__(self) -> dict[str, Any]:
        names = ("estimate", "costs", "directions", "variance_ratio", "status", "time")
        return {"_raw": Kept(self._raw, names), "estimate": self.estimate}

    def __repr__(self) -> str:
        return (
            f"SlicedDistance({short(self.value)}, {evidence(self.estimate)}, {self.estimate.method}, {self.directions} "
            f"directions, {seconds(self.time)})"
        )


def _options(
    p: float,
    directions: Any,
    method: Directions,
    seed: int,
    precision: float | None = None,
    control_variates: bool = True,
    time_limit: float | None = None,
) -> Options:
    many = isinstance(directions, (int, np.integer))
    return Options(
        p=_inputs.number("p", p),
        directions=_inputs.count("directions", directions) if many else 1,
        given=None if many else _inputs.floats("directions", directions, ndim=2),
        method=_inputs.text("method", method),
        seed=_inputs.count("seed", seed),
        precision=precision,
        control_variates=control_variates,
        time_limit=time_limit,
        progress=None,
    )


def distance(
    X: Points,
    Y: Points,
    p: float = 2,
    directions: Any = 500,
    method: Directions = "auto",
    seed: int = 0,
    a: Any = None,
    b: Any = None,
    *,
    precision: float | None = None,
    control_variates: bool = True,
    normalize: bool = False,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
) -> SlicedDistance:
    """The sliced Wasserstein distance SW_p: the root of the mean of W_p^p over directions.

    Args:
        X: points, of shape (n, d) or (n,).
        Y: points, of shape (m, d).
        p: the order, at least 1.
        directions: how many, or directions of your own, one a row, of shape (k, d).
        method: ``monte-carlo``, ``orthogonal``, ``qmc`` (evenly spread), or ``auto``, which is ``qmc`` in the plane and
            ``orthogonal`` above.
        seed: of the directions; the same seed gives the same bits.
        a: weights of X; 1/n each by default.
        b: weights of Y.
        precision: add directions until the standard error is at most this part of the value.
        control_variates: whether to use them where they lower the error.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        time_limit: seconds after which the value rests on the directions done.
        progress: True for a bar, or a function that receives a dict.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = ew.sliced.distance(X, X + 1.0)  # a shift by t is at distance |t| / √d
    >>> abs(found.value - 1.0) < 1e-9
    True
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    options = _options(p, directions, method, seed, precision, control_variates, time_limit)
    with reporting(progress) as shown:
        raw = _native.sliced_distance(x, y, options.with_progress(shown))
    ended("sliced.distance", raw.status, "; the value rests on the directions done")
    return SlicedDistance(raw)


@brief
class MaxSlice(NamedTuple):
    """The direction along which two samples differ most."""

    estimate: Estimate
    """The value: a lower bound on W_p (and on max-sliced W_p, up to the climb)."""
    direction: Floats
    """Of length 1, of shape (d,)."""
    stationarity: float
    """How steep the cost still is there; 0 at a stationary point."""
    status: str

    @property
    def value(self) -> float:
        """W_p along the direction."""
        return self.estimate.value

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)


def max_distance(
    X: Points,
    Y: Points,
    p: float = 2,
    seed: int = 0,
    a: Any = None,
    b: Any = None,
    *,
    starts: int | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> MaxSlice:
    """The max-sliced distance: W_p along the direction that shows most, found by climbing from several starts.

    >>> import earthwork as ew
    >>> found = ew.sliced.max_distance([[0.0, 0.0], [1.0, 0.0]], [[0.0, 5.0], [1.0, 5.0]])
    >>> round(found.value, 6)
    5.0
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    estimate, direction, steepness, status = _native.sliced_max(
        x, y, _inputs.number("p", p), _inputs.count("seed", seed), starts
    )
    ended("sliced.max_distance", "converged" if status == "stalled" else status)  # no direction near shows more
    return MaxSlice(estimate, np.array(direction), steepness, status)


def bounds(
    X: Points,
    Y: Points,
    p: float = 2,
    directions: Any = 100,
    method: Directions = "auto",
    seed: int = 0,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """Proven bounds on W_p in almost linear time: the largest slice, and the true cost of the best plan of a slice."""
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    return _native.sliced_bounds(x, y, _options(p, directions, method, seed))


def gradient(
    X: Points,
    Y: Points,
    p: float = 2,
    directions: Any = 500,
    method: Directions = "auto",
    seed: int = 0,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> tuple[float, Floats, Floats]:
    """The mean of W_p^p over the directions, and its gradients by X (n, d) and Y (m, d).

    >>> import earthwork as ew
    >>> value, by_x, by_y = ew.sliced.gradient([[0.0]], [[2.0]])
    >>> value, by_x.item(), by_y.item()
    (4.0, -4.0, 4.0)
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    return _native.sliced_gradient(x, y, _options(p, directions, method, seed))


@brief
class SlicedPlan(NamedTuple):
    """A plan made of slices, with its true cost."""

    plan: Any
    """A ``scipy.sparse.csr_array`` of shape (n, m)."""
    transport_cost: float
    """What it costs in full space: an upper bound on the optimum."""
    direction: Floats | None
    """The direction of the best slice; None for a mean of plans."""
    estimate: Estimate
    """The root of the cost: an upper bound on W_p."""


def plan(
    X: Points,
    Y: Points,
    p: float = 2,
    directions: Any = 100,
    method: Directions = "auto",
    seed: int = 0,
    a: Any = None,
    b: Any = None,
    *,
    sharpness: float | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> SlicedPlan:
    """The plan of the slice whose plan is cheapest in full space (min-SWGG).

    With a ``sharpness`` it is the mean of the plans of all slices (expected sliced plan), 0 weighing them the same.
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    entries, cost, direction, estimate = _native.sliced_plan(
        x, y, _options(p, directions, method, seed), sharpness
    )
    matrix = sparse(entries, (len(x), len(y)))
    return SlicedPlan(matrix, cost, None if direction is None else np.array(direction), estimate)


@brief
class Subspace(NamedTuple):
    """The subspace-robust distance."""

    estimate: Estimate
    """With proven bounds."""
    basis: Floats
    """The subspace, one direction a column, of shape (d, k)."""
    omega: Floats
    """The matrix of the game, of shape (d, d)."""
    plan: Any
    """A ``scipy.sparse.csr_array`` of shape (n, m)."""
    status: str

    @property
    def value(self) -> float:
        """The distance."""
        return self.estimate.value

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)


def subspace(
    X: Points,
    Y: Points,
    k: int,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Subspace:
    """The subspace-robust W₂ over k-dimensional subspaces (Paty & Cuturi 2019)."""
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    estimate, basis, omega, entries, status = _native.sliced_subspace(x, y, _inputs.count("k", k))
    matrix = sparse(entries, (len(x), len(y)))
    ended("sliced.subspace", status, "; its bounds hold")
    return Subspace(estimate, basis, omega, matrix, status)


def spherical(
    X: Points,
    Y: Points,
    p: float = 2,
    circles: int = 500,
    seed: int = 0,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """The sliced distance of points on a sphere, over great circles; arcs are in radians."""
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    method = _native.Discrepancy.spherical(_inputs.number("p", p), _inputs.count("circles", circles), seed)
    return method.between(x, y)


def generalised(
    X: Points,
    Y: Points,
    functions: Callable[[Floats], Any],
    p: float = 2,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """The sliced distance along functions of your own in place of linear ones: polynomials, units of a network, distances to anchors.

    Args:
        X: points, of shape (n, d) or (n,).
        Y: points, of shape (m, d).
        functions: takes points of shape (k, d) and returns the values of the functions, of shape (k, functions).
        p: the order, at least 1.
        a: weights of X; 1/n each by default.
        b: weights of Y.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.

    Returns:
        The root of the mean of W_p^p over the functions; for functions of Lipschitz constant 1 a lower bound on W_p. The standard error is
        that of functions drawn independently.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> anchors = np.array([[0.0, 0.0], [4.0, 0.0]])
    >>> to_anchors = lambda points: np.linalg.norm(points[:, None] - anchors, axis=2)
    >>> found = ew.sliced.generalised([[0.0, 1.0]], [[0.0, 3.0]], to_anchors, p=1)
    >>> abs(found.value - (2 + 5 - 17**0.5) / 2) < 1e-14
    True
    """
    x, y = (_along(functions, side) for side in _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing))
    return _native.sliced_generalised(x, y, _inputs.number("p", p))


def _along(functions: Callable[[Floats], Any], side: Any) -> Any:
    """The values of functions at the points of a sample, with its weights."""
    values = _inputs.floats("functions", functions(side.points))
    if values.ndim != 2 or len(values) != len(side):
        raise ValueError(f"functions: they gave shape {values.shape}, but ({len(side)}, number of functions) is needed")
    return _inputs.sample("functions", values, "weights", side.weights)


@brief
class PartialSliced(NamedTuple):
    """Sliced transport of a part of the mass."""

    estimate: Estimate
    """The root of the mean over directions, with its standard error."""
    costs: Floats
    """What each slice costs, penalties included."""
    moved: Floats
    """How much mass moves in each slice."""
    status: str

    @property
    def value(self) -> float:
        """The distance."""
        return self.estimate.value

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)


def partial(
    X: Points,
    Y: Points,
    mass: float | None = None,
    p: float = 2,
    directions: Any = 500,
    method: Directions = "auto",
    seed: int = 0,
    a: Any = None,
    b: Any = None,
    *,
    share: float | None = None,
    penalty: float | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
) -> PartialSliced:
    """The sliced partial distance: in each slice only a part of the mass moves, so totals may differ and outliers may stay.

    Give one of ``mass``, ``share`` (a part of what the lighter side holds) and ``penalty`` (the price of a unit of mass that is left out, in
    units of the cost). The other arguments are those of :func:`distance`.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [90.0, 80.0]]  # and an outlier
    >>> ew.sliced.partial(X, X[:3], mass=3, a=np.ones(4), b=np.ones(3)).value
    0.0
    """
    amounts = [(name, given) for name, given in (("mass", mass), ("share", share), ("penalty", penalty)) if given is not None]
    if len(amounts) != 1:
        raise ValueError(f"mass: give one of mass, share and penalty, not {len(amounts)} of them")
    name, given = amounts[0]
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing, balanced=False)
    options = _options(p, directions, method, seed, time_limit=time_limit)
    with reporting(progress) as shown:
        found = _native.sliced_partial(x, y, (name, _inputs.number(name, given)), options.with_progress(shown))
    ended("sliced.partial", found[3], "; the value rests on the directions done")
    return PartialSliced(*found)


class Stream:
    """The sliced distance of samples that come in chunks, of which only summaries are kept.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> stream = ew.sliced.Stream(dim=2)
    >>> for _ in range(4):
    ...     stream.push(rng.normal(size=(1000, 2)), rng.normal(size=(1000, 2)) + 1)
    >>> found = stream.distance()
    >>> found.lower < 1.0 < found.upper
    True
    """

    def __init__(
        self, dim: int, p: float = 2, directions: Any = 100, method: Directions = "auto", seed: int = 0, capacity: int = 1024
    ) -> None:
        options = _options(p, directions, method, seed)
        self._raw = _native.SlicedStream(options, _inputs.count("dim", dim), _inputs.count("capacity", capacity))
        self._columns: list[str] | None = None

    def push(self, X: Points | None = None, Y: Points | None = None, *, missing: OnMissing = "error") -> None:
        """More points of either side; the columns of tables are matched by name to those of the first that came."""
        for name, given, push in (("X", X, self._raw.push_x), ("Y", Y, self._raw.push_y)):
            if given is not None:
                rows = _inputs.sample(name, given, missing=missing)
                self._columns = self._columns or rows.columns
                push(_inputs.points_like(name, rows, self._columns, "the first points"))

    def distance(self) -> Estimate:
        """What is known so far; the interval holds what the summaries may have lost."""
        return self._raw.distance()[0]
