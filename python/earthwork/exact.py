"""Exact optimal transport, with a proof of optimality.

Any result ``r`` has ``r.lower <= r.value <= r.upper``, where both bounds hold for the true optimum.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._costs import Cost, of_points
from earthwork._inputs import Floats, Points
from earthwork._kinds import OnMissing
from earthwork._progress import Progress, reporting
from earthwork._number import Kept, ended
from earthwork._text import brief
from earthwork.results import Estimate, PartialSolution, Solution, whole_solution

__all__ = [
    "Barycenter",
    "Pairwise",
    "Bottleneck",
    "Population",
    "barycenter",
    "batch",
    "bottleneck",
    "circle",
    "pairwise",
    "partial",
    "partial_matrix",
    "population",
    "solve",
    "solve_grid",
    "solve_matrix",
    "wasserstein",
]


def solve(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    cost: Cost = "sqeuclidean",
    *,
    start: Solution | tuple[Any, Any] | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: Progress = False,
) -> Solution:
    """The cheapest way to move the mass of X to Y.

    Args:
        X: points, of shape (n, d) or (n,); an array, lists, a table, or a ``Samples``.
        Y: points, of shape (m, d).
        a: weights of X, of shape (n,) and any total; 1/n each by default.
        b: weights of Y, of shape (m,) with the total of ``a``.
        cost: ``sqeuclidean``, ``euclidean``, ``cityblock``, ``chebyshev``, ``minkowski:P``, each norm also to a power such as
            ``euclidean^3``, ``cosine``; or a function of two points, called n m times (for one that works on arrays, build the
            matrix and call :func:`solve_matrix`).
        start: the solution of a similar problem of the same shape, or a plan (an array or sparse matrix) and potentials (f, g) of your own,
            to begin with (limits and progress are then not used).
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        tolerance: the relative gap between the proven bounds that is enough: the solve ends there, with status
            ``within tolerance``. 0 asks for the optimum.
        time_limit: seconds after which the bounds reached are returned, with status ``deadline``.
        progress: True for a bar, or a function that receives a dict.

    Returns:
        The plan, the potentials, the bounds.

    Raises:
        ValueError: shapes do not fit, a number is not finite, a weight is negative, the totals differ.
        TypeError: something is not an array of numbers.

    >>> import earthwork as ew
    >>> found = ew.exact.solve([[0, 0], [1, 0]], [[3, 4], [4, 4]])
    >>> found.value, found.status
    (25.0, 'optimal')
    >>> found.plan.toarray()
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    if callable(cost):
        matrix = of_points(x, y, cost)
        found = solve_matrix(
            matrix, x.weights, y.weights, start=start, tolerance=tolerance, time_limit=time_limit, progress=progress
        )
        return Solution(found._raw, (x, y), None)
    former = None if start is None else _begun(start, (len(x), len(y)))
    with reporting(progress) as shown:
        raw = _native.exact_solve(x, y, _inputs.text("cost", cost), former, _inputs.tolerance(tolerance), time_limit, shown)
    return whole_solution(raw, (x, y), cost)


def _begun(start: Solution | tuple[Any, Any], shape: tuple[int, int]) -> Any:
    """What a solve begins with, as the compiled half takes it."""
    if isinstance(start, Solution):
        return start._raw
    try:
        plan, (f, g) = start
    except (TypeError, ValueError):
        raise TypeError("start: a Solution, or a plan and a pair of potentials, is needed") from None
    entries = scipy.sparse.coo_array(plan)
    if entries.shape != shape:
        raise ValueError(f"start: its plan has shape {entries.shape}, but {shape} is needed")
    return {
        "rows": np.ascontiguousarray(entries.row, dtype=np.int64),
        "columns": np.ascontiguousarray(entries.col, dtype=np.int64),
        "masses": _inputs.floats("start", entries.data),
        "f": _inputs.floats("start", f, ndim=1).tolist(),
        "g": _inputs.floats("start", g, ndim=1).tolist(),
    }


def solve_matrix(
    C: Any,
    a: Any = None,
    b: Any = None,
    *,
    start: Solution | tuple[Any, Any] | None = None,
    normalize: bool = False,
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: Progress = False,
) -> Solution:
    """The cheapest plan under a matrix of costs, which is read where it lies.

    Args:
        C: costs, of shape (n, m). An infinite cost is not a pair, and so is what a sparse matrix does not store, or what is masked.
        a: weights of the rows, of shape (n,); 1/n each by default.
        b: weights of the columns, of shape (m,).
        start: as in :func:`solve`: the solution under similar costs, or a plan and potentials.
        normalize: divide the weights of either side by their sum first.
        tolerance: the relative gap between the proven bounds that is enough; 0 asks for the optimum.
        time_limit: as in :func:`solve`.
        progress: as in :func:`solve`.

    >>> import earthwork as ew
    >>> ew.exact.solve_matrix([[0.0, 2.0], [2.0, 1.0]]).value
    0.5
    """
    costs = _inputs.cost_matrix(C)
    rows, columns = _inputs.masses_of(("a", a), ("b", b), costs.shape, normalize)
    former = None if start is None else _begun(start, costs.shape)
    with reporting(progress) as shown:
        raw = _native.exact_solve_matrix(costs, rows, columns, _inputs.tolerance(tolerance), time_limit, shown, former)
    return whole_solution(raw, None, None)


@brief
class Bottleneck(NamedTuple):
    """A plan whose costliest pair is as cheap as possible, with its proof."""

    value: float
    """The largest cost that the plan pays for some mass."""
    lower: float
    """A proven lower bound on it; the same number unless the search ended early."""
    rows: NDArray[np.int64]
    """The row of each pair that the plan uses, of shape (k,)."""
    columns: NDArray[np.int64]
    """The column of each pair."""
    masses: Floats
    """The mass that each pair carries."""
    cut: NDArray[np.int64]
    """The proof of ``lower``: rows that hold more mass than all the columns that they reach at a lower cost."""
    status: str
    """``"optimal"``, or why the search ended early."""

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)


def bottleneck(
    C: Any,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    time_limit: float | None = None,
    progress: Progress = False,
) -> Bottleneck:
    """The plan whose costliest pair is cheapest under a matrix of costs: bottleneck transport, and bottleneck assignment for equal masses.

    Between points :func:`wasserstein` with ``p=np.inf`` gives the same, the Wasserstein distance of order ∞.

    Args:
        C: costs, of shape (n, m). An infinite cost is not a pair, and so is what a sparse matrix does not store, or what is masked.
        a: weights of the rows, of shape (n,); 1/n each by default.
        b: weights of the columns, of shape (m,).
        normalize: divide the weights of either side by their sum first.
        time_limit: as in :func:`solve`.
        progress: as in :func:`solve`.

    >>> import earthwork as ew
    >>> ew.exact.bottleneck([[1.0, 5.0], [2.0, 9.0]]).value
    5.0
    """
    costs = _inputs.cost_matrix(C)
    rows, columns = _inputs.masses_of(("a", a), ("b", b), costs.shape, normalize)
    with reporting(progress) as shown:
        value, lower, flows, cut, status = _native.exact_bottleneck(costs, rows, columns, time_limit, shown)
    source, target, mass = (np.array(part) for part in zip(*flows, strict=True))
    return Bottleneck(value, lower, source, target, mass, np.array(cut), status)


def solve_grid(
    A: Any,
    B: Any,
    cost: str = "sqeuclidean",
    *,
    spacing: float = 1.0,
    normalize: bool = False,
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: Progress = False,
) -> Solution:
    """The cheapest way to turn one image or histogram into another.

    Args:
        A: masses on the cells of a grid, an array of any dimension.
        B: masses on the same or another grid of that dimension, of the same total.
        cost: the ground cost between the centres of cells.
        spacing: how far neighbouring cells are apart.
        normalize: divide the masses of either side by their sum first.
        tolerance: the relative gap between the proven bounds that is enough; 0 asks for the optimum.
        time_limit: as in :func:`solve`.
        progress: as in :func:`solve`.

    Returns:
        A solution whose plan counts cells in C order (``A.ravel()``).

    >>> import numpy as np
    >>> import earthwork as ew
    >>> left, right = np.eye(1, 5, 0), np.eye(1, 5, 4)
    >>> ew.exact.solve_grid(left, right, cost="cityblock").value
    4.0
    """
    first, second = _inputs.grids(A, B, normalize)
    with reporting(progress) as shown:
        within = _inputs.tolerance(tolerance)
        raw = _native.exact_solve_grid(first, second, _inputs.text("cost", cost), spacing, within, time_limit, shown)
    return whole_solution(raw, None, cost)


def wasserstein(
    X: Points,
    Y: Points,
    p: float = 2,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """The Wasserstein distance W_p with the Euclidean ground distance: the root of the optimal cost, with its bounds.

    For ``p=np.inf`` it is the least length such that no mass has to go farther.

    >>> import earthwork as ew
    >>> ew.exact.wasserstein([[0, 0]], [[3, 4]], p=1).value
    5.0
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    return _native.wasserstein(x, y, _inputs.number("p", p))


def circle(
    X: Points,
    Y: Points,
    period: float = 2 * np.pi,
    p: float = 2,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """W_p between angles, hours, or anything that repeats after ``period``; X and Y have shape (n,) and (m,).

    >>> import earthwork as ew
    >>> ew.exact.circle([23.0], [1.0], period=24, p=1).value
    2.0
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    return _native.circle(x, y, _inputs.number("period", period), _inputs.number("p", p))


def partial(
    X: Points,
    Y: Points,
    mass: float,
    a: Any = None,
    b: Any = None,
    cost: Cost = "sqeuclidean",
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> PartialSolution:
    """The cheapest way to move ``mass`` of the mass of X to Y; the rest stays. The totals of ``a`` and ``b`` may differ.

    ``cost`` is a name or a function of two points, as in :func:`solve`.

    >>> import earthwork as ew
    >>> found = ew.exact.partial([[0.0], [100.0]], [[1.0], [2.0]], mass=0.5)
    >>> found.value
    0.5
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing, balanced=False)
    moved = _inputs.number("mass", mass)
    if callable(cost):
        return PartialSolution(_partial(of_points(x, y, cost), x.weights, y.weights, moved), (x, y))
    return PartialSolution(_native.exact_partial(x, y, _inputs.text("cost", cost), moved), (x, y))


def partial_matrix(C: Any, mass: float, a: Any = None, b: Any = None, *, normalize: bool = False) -> PartialSolution:
    """The cheapest way to move ``mass`` under a matrix of costs; the rest stays. The totals of ``a`` and ``b`` may differ.

    Solved as a balanced problem with one more row and column, which take what stays. Takes a copy of the matrix.

    Args:
        C: costs, of shape (n, m). An infinite cost is not a pair, and so is what a sparse matrix does not store, or what is masked.
        mass: how much moves, at most the smaller of the totals.
        a: masses of the rows, of shape (n,); 1/n each by default.
        b: masses of the columns, of shape (m,).
        normalize: divide the masses of either side by their sum first.

    Raises:
        ValueError: ``mass`` is not positive, or more than a side has; shapes do not fit; a mass is negative.

    >>> import earthwork as ew
    >>> ew.exact.partial_matrix([[1.0, 5.0], [2.0, 9.0]], mass=0.5).plan.toarray()
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    costs = _inputs.cost_matrix(C)
    rows, columns = (_inputs.loose_masses(name, one, n, normalize) for name, one, n in zip("ab", (a, b), costs.shape, strict=True))
    return PartialSolution(_partial(costs, rows, columns, _inputs.number("mass", mass)), None)


def _partial(costs: Floats, a: Floats, b: Floats, mass: float) -> Kept:
    """A part of the mass under a matrix, as a balanced problem: a row and a column more take what stays.

    No row gives more than ``mass``. Capped at twice that, a row that has more is never used up, so that the optimum and its potentials stay
    what they are, and what stays is no small difference of large numbers.
    """
    n, m = costs.shape
    most = min(a.sum(), b.sum())
    if not 0 < mass <= most * (1 + 1e-12):
        raise ValueError(f"mass: it is {mass}, but more than 0 and at most {most:.17g}, the smaller of the totals, is needed")
    mass = min(mass, most)
    first, second = np.minimum(a, 2 * mass), np.minimum(b, 2 * mass)
    stays, lacks = max(first.sum() - mass, 0.0), max(second.sum() - mass, 0.0)
    wide = np.full((n + (lacks > 0), m + (stays > 0)), np.inf)
    wide[:n, :m] = costs
    wide[n:, :m], wide[:n, m:] = 0.0, 0.0
    rows, columns = np.append(first, lacks)[: len(wide)], np.append(second, stays)[: wide.shape[1]]
    raw = _native.exact_solve_matrix(wide, rows, columns * (rows.sum() / columns.sum()))
    ended("exact.partial", raw.status, "; its bounds hold")
    sources, targets, flows = raw.entries()
    inner = (sources < n) & (targets < m)
    f, g = raw.potentials()
    # A side that is used up has nothing to compare with: its potentials are moved below 0, as those of the other side are.
    of_row, of_column = (f[n] if lacks > 0 else -g[:m].max()), (g[m] if stays > 0 else -f[:n].max())
    bounds = raw.bounds or (-np.inf, np.inf)
    return Kept.of(
        {
            "transport_cost": raw.transport_cost, "bounds": bounds, "price": -(of_row + of_column), "status": raw.status, "shape": (n, m),
            "entries": (sources[inner], targets[inner], flows[inner]), "potentials": (f[:n] + of_column, g[:m] + of_row),
        },
        ("entries", "potentials"),
    )  # fmt: skip


@brief
class Barycenter(NamedTuple):
    """Points between several samples."""

    points: Floats
    """Of shape (k, d)."""
    values: Floats
    """The objective after each step; it never rises."""
    converged: bool
    """Whether the last step moved nothing."""


def barycenter(
    samples: Sequence[Points], start: Points, shares: Any = None, steps: int = 100, *, missing: OnMissing = "error"
) -> Barycenter:
    """Points whose mean squared W₂ to all samples is locally least; they begin at ``start``, of shape (k, d).

    ``shares`` weigh the samples; equal by default. Each step is one exact solve for each sample.

    >>> import earthwork as ew
    >>> X, Y = [[0.0, 0.0], [1.0, 0.0]], [[4.0, 2.0], [5.0, 2.0]]
    >>> ew.exact.barycenter([X, Y], start=X).points
    array([[2., 1.],
           [3., 1.]])
    """
    given = _inputs.several("samples", samples, missing=missing)
    weights = _inputs.uniform_or("shares", shares, max(len(given), 1))
    begin = _inputs.beginning(start, given)
    found = _native.exact_barycenter(given, weights.tolist(), begin, _inputs.count("steps", steps))
    ended("the barycenter", "converged" if found[2] else f"{steps} steps", "; give it more `steps`")
    return Barycenter(found[0], np.array(found[1]), found[2])


def batch(
    pairs: Sequence[tuple[Points, Points]],
    cost: Cost = "sqeuclidean",
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: Progress = False,
) -> list[Solution | None]:
    """Many problems (X, Y) in parallel, each with its plan and bounds; weighted samples are made by :func:`earthwork.samples`.

    Each is solved until the relative gap between its proven bounds is at most ``tolerance``; 0 asks for the optimum.
    After ``time_limit`` seconds for all together, what was not begun is None, and what was not finished has bounds.
    ``cost`` is a name, or a function of two points, under which the problems are solved one after the other.

    >>> import earthwork as ew
    >>> [found.value for found in ew.exact.batch([([[0.0]], [[1.0]]), ([[0.0]], [[3.0]])])]
    [1.0, 9.0]
    """
    given = [_inputs.pair_of(f"pairs[{k}]", pair, missing, normalize) for k, pair in enumerate(pairs)]
    if callable(cost):
        return _one_by_one(given, cost, tolerance, time_limit)
    with reporting(progress) as shown:
        within = _inputs.tolerance(tolerance)
        found = _native.exact_batch(given, _inputs.text("cost", cost), within, time_limit, shown)
    early = next((raw.status for raw in found if raw is not None and raw.status not in ("optimal", "within tolerance")), None)
    ended("the batch", early or ("deadline" if None in found else "optimal"))
    return [None if raw is None else Solution(raw, sides, cost) for raw, sides in zip(found, given, strict=True)]


def _one_by_one(given: list[tuple[Any, Any]], cost: Cost, tolerance: float, time_limit: float | None) -> list[Solution | None]:
    """Problems under a function, which needs the interpreter."""
    end = None if time_limit is None else time.monotonic() + time_limit
    found: list[Solution | None] = []
    for x, y in given:
        left = None if end is None else end - time.monotonic()
        over = left is not None and left <= 0
        found.append(None if over else solve(x, y, cost=cost, tolerance=tolerance, time_limit=left))
    ended("the batch", "deadline" if None in found else "optimal")
    return found


@brief
class Pairwise(NamedTuple):
    """Costs, or distances, between all pairs of k samples, each of shape (k, k)."""

    values: Floats
    lower: Floats
    upper: Floats


def pairwise(
    samples: Sequence[Points],
    cost: Cost | None = None,
    *,
    p: float | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: Progress = False,
) -> Pairwise:
    """The optimal cost between each two of k samples, or W_p, in parallel, with bounds.

    After ``time_limit`` seconds for all pairs together there is a ``ConvergenceWarning``; a pair that was not begun by then is NaN, with
    infinite bounds.

    Args:
        samples: k samples, each as in :func:`solve`.
        cost: the ground cost, a name or a function of two points, as in :func:`solve`; ``sqeuclidean`` by default.
        p: in place of a cost, the order of the Wasserstein distance to return, as :func:`wasserstein` does.
        normalize: divide the weights of each sample by their sum first.
        missing: as in :func:`solve`.
        tolerance: the relative gap between the proven bounds of a transport cost that is enough; 0 asks for the optimum.
        time_limit: seconds for all pairs together; None for no limit.
        progress: as in :func:`solve`.

    Returns:
        The values and both of their bounds, each of shape (k, k) with zeros on the diagonal.

    >>> import earthwork as ew
    >>> ew.exact.pairwise([[[0.0]], [[1.0]], [[3.0]]], cost="euclidean").values
    array([[0., 1., 3.],
           [1., 0., 2.],
           [3., 2., 0.]])
    >>> ew.exact.pairwise([[[0.0]], [[3.0]]], p=2).values
    array([[0., 3.],
           [3., 0.]])
    """
    if cost is not None and p is not None:
        raise ValueError("p: it asks for W_p with the Euclidean distance; give either `cost` or `p`")
    given = _inputs.several("samples", samples, missing=missing, normalize=normalize)
    if callable(cost):
        return _pairwise_by(given, cost, tolerance, time_limit)
    ground = "sqeuclidean" if cost is None else _inputs.text("cost", cost)
    order = None if p is None else _inputs.number("p", p)
    with reporting(progress) as shown:
        within = _inputs.tolerance(tolerance)
        values, lower, upper, status = _native.exact_pairwise(given, ground, order, within, time_limit, shown)
    ended("the pairs", status)
    return Pairwise(values, lower, upper)


def _pairwise_by(given: list[Any], cost: Cost, tolerance: float, time_limit: float | None) -> Pairwise:
    """All pairs under a function of points, which may not be symmetric and need not be 0 for equal points."""
    k = len(given)
    found = _one_by_one([(x, y) for x in given for y in given], cost, tolerance, time_limit)
    ends = [(np.nan, -np.inf, np.inf) if one is None else (one.value, one.lower, one.upper) for one in found]
    values, lower, upper = np.array(ends, dtype=np.float64).reshape(k, k, 3).transpose(2, 0, 1)
    return Pairwise(values.copy(), lower.copy(), upper.copy())


class Population(NamedTuple):
    """What brackets W₁ between the distributions that two samples were drawn from."""

    lower: Estimate
    """The mean held-out value of a 1-Lipschitz function: not above W₁ on average."""
    upper: Estimate
    """The exact W₁ of the samples: not below W₁ on average."""
    estimate: Estimate
    """Both as one interval."""


def population(
    X: Points,
    Y: Points,
    folds: int = 4,
    seed: int = 0,
    *,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
) -> Population:
    """A bracket around W₁ between the *distributions* behind two samples (their own distance is too large on average).

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> found = ew.exact.population(rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + [1, 0])
    >>> found.estimate.lower < 1.0 < found.estimate.upper
    True
    """
    x, y = _inputs.pair(X, Y, missing=missing)
    with reporting(progress) as shown:
        found = _native.population(x, y, _inputs.count("folds", folds), seed, time_limit, shown)
    return Population(*found)
