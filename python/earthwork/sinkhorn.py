"""Entropic transport: smooth, with bounds on the exact cost beside it.

The objective is ⟨C, P⟩ + ε Σ P log(P / R) with R = a ⊗ b / M, for masses of total M, so that twice the masses make twice the value.
With ``reference="product"`` R is a ⊗ b, as in POT and GeomLoss: the same for M = 1, and ε M log M less for any M, with the same plan.
``value`` is the optimum; ``transport_cost`` is ⟨C, P⟩; ``lower`` and ``upper`` bracket the *unregularised* cost. Others differ: POT's
``sinkhorn2`` returns ⟨C, P⟩.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import softmax

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._costs import Cost, of_points
from earthwork._inputs import Floats, Points, Samples
from earthwork._kinds import OnMissing, Price, Reference
from earthwork._progress import Progress, reporting
from earthwork._number import Kept, Number, ended
from earthwork._text import brief, seconds, short
from earthwork.exact import Barycenter
from earthwork.results import Carrying, Gradient, Options, Potentials, SinkhornSolution, placed

__all__ = [
    "Divergence",
    "GridBarycenter",
    "Unbalanced",
    "barycenter",
    "divergence",
    "divergence_matrix",
    "fixed_barycenter",
    "fixed_barycenter_matrix",
    "grid_barycenter",
    "partial",
    "solve",
    "solve_matrix",
    "unbalanced",
]


_MORE = "; allow more `max_iterations` or `time_limit`, or a larger `tolerance` or `epsilon`"


def _options(
    epsilon: float | None,
    relative: bool,
    tolerance: float,
    max_iterations: int | None = None,
    time_limit: float | None = None,
    start: SinkhornSolution | tuple[Any, Any] | None = None,
    certify: bool = True,
    reference: Reference = "normalized",
) -> Options:
    if epsilon is None:
        epsilon, relative = 0.01, True
    return Options(
        epsilon=_inputs.number("epsilon", epsilon),
        relative=bool(relative),
        tolerance=_inputs.number("tolerance", tolerance),
        max_iterations=None if max_iterations is None else _inputs.count("max_iterations", max_iterations),
        time_limit=time_limit,
        progress=None,
        start=None if start is None else _potentials(start),
        certify=bool(certify),
        reference=_inputs.text("reference", reference),
    )


def _potentials(start: SinkhornSolution | tuple[Any, Any]) -> tuple[list[float], list[float]]:
    f, g = start.potentials if isinstance(start, SinkhornSolution) else start
    return _inputs.floats("start", f, ndim=1).tolist(), _inputs.floats("start", g, ndim=1).tolist()


def solve(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
    relative: bool = False,
    cost: Cost = "sqeuclidean",
    tolerance: float = 1e-6,
    *,
    reference: Reference = "normalized",
    certify: bool = True,
    start: SinkhornSolution | tuple[Any, Any] | None = None,
    max_iterations: int | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
) -> SinkhornSolution:
    """Entropic transport between samples, in O(n + m) memory.

    Args:
        X: points, of shape (n, d) or (n,).
        Y: points, of shape (m, d).
        a: weights of X; 1/n each by default.
        b: weights of Y.
        epsilon: the regularisation in units of the cost; a hundredth of the mean cost by default.
        relative: whether ``epsilon`` is a multiple of the mean cost instead.
        cost: as in :func:`earthwork.exact.solve`: a name, or a function of two points, whose n m values are held.
        tolerance: converged when the marginals are met to this part of the mass.
        reference: R in the objective: ``normalized`` for a ⊗ b / M, ``product`` for a ⊗ b, as in POT and GeomLoss. Only ``value`` and a
            constant in the potentials depend on it.
        certify: whether to bound the unregularised cost; without, ``lower`` and ``upper`` are infinite, for a few per cent less time.
        start: the solution of a similar problem of the same shape, or potentials (f, g) of your own, to begin with.
        max_iterations: the most passes over the pairs.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        time_limit: seconds after which what was reached is returned.
        progress: True for a bar, or a function that receives a dict.

    >>> import earthwork as ew
    >>> soft = ew.sinkhorn.solve([[0, 0], [1, 0], [0, 2]], [[3, 4], [4, 4], [3, 6]])
    >>> soft.status, soft.lower <= 25 <= soft.upper
    ('converged', True)
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    options = _options(epsilon, relative, tolerance, max_iterations, time_limit, start, certify, reference)
    if callable(cost):
        of_function = solve_matrix(
            of_points(x, y, cost), x.weights, y.weights, epsilon, relative, tolerance, reference=reference, certify=certify, start=start,
            max_iterations=max_iterations, time_limit=time_limit, progress=progress,
        )  # fmt: skip
        return SinkhornSolution(of_function._raw, (x, y), cost)
    with reporting(progress) as shown:
        raw = _native.sinkhorn_solve(x, y, _inputs.text("cost", cost), options.with_progress(shown))
    ended("sinkhorn.solve", raw.status, _MORE)
    return SinkhornSolution(raw, (x, y))


def solve_matrix(
    C: Any,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
    relative: bool = False,
    tolerance: float = 1e-6,
    *,
    reference: Reference = "normalized",
    certify: bool = True,
    start: SinkhornSolution | tuple[Any, Any] | None = None,
    max_iterations: int | None = None,
    normalize: bool = False,
    time_limit: float | None = None,
    progress: Progress = False,
) -> SinkhornSolution:
    """Entropic transport under a matrix of costs, of shape (n, m), which is read where it lies.

    The other arguments are those of :func:`solve`. ``plan`` reads the matrix again when it is asked for.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> ew.sinkhorn.solve_matrix([[0.0, 1.0], [1.0, 0.0]], epsilon=1.0).plan.round(4)
    array([[0.3655, 0.1345],
           [0.1345, 0.3655]])
    """
    costs = _inputs.cost_matrix(C)
    rows, columns = _inputs.masses_of(("a", a), ("b", b), costs.shape, normalize)
    options = _options(epsilon, relative, tolerance, max_iterations, time_limit, start, certify, reference)
    with reporting(progress) as shown:
        raw = _native.sinkhorn_solve_matrix(costs, rows, columns, options.with_progress(shown))
    ended("sinkhorn.solve_matrix", raw.status, _MORE)
    return SinkhornSolution(raw, None)


class Divergence(Number):
    """The Sinkhorn divergence S_ε of two samples, with proven bounds for this ε and its gradients."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    @property
    def value(self) -> float:
        """S_ε: 0 for equal samples, positive for others."""
        return float(self._raw.value)

    @property
    def lower(self) -> float:
        """Proven lower bound on S_ε."""
        return float(self._raw.lower)

    @property
    def upper(self) -> float:
        """Proven upper bound on S_ε."""
        return float(self._raw.upper)

    @property
    def epsilon(self) -> float:
        """ε in units of the cost."""
        return float(self._raw.epsilon)

    @property
    def converged(self) -> bool:
        """Whether all three solves converged."""
        return bool(self._raw.converged)

    def gradient(self) -> Gradient:
        """By points (n, d) and (m, d), and by masses."""
        X, Y, (a, b) = self._raw.gradient()
        return Gradient(X, Y, a, b)

    def __getstate__(self) -> dict[str, Any]:
        return {"_raw": Kept(self._raw, ("value", "lower", "upper", "epsilon", "converged"), ("gradient",))}

    def __repr__(self) -> str:
        return f"Divergence({self.value:.6g}, proven [{self.lower:.9g}, {self.upper:.9g}], ε = {self.epsilon:.6g})"


def divergence(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
    relative: bool = False,
    cost: Cost = "sqeuclidean",
    tolerance: float = 1e-6,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Divergence:
    """The debiased divergence S_ε = OT_ε(X, Y) - (OT_ε(X, X) + OT_ε(Y, Y)) / 2: a smooth loss between samples.

    The totals of ``a`` and ``b`` must be equal. The reference measure of the entropy cancels, so that the number is that of GeomLoss for
    any total (whose cost is half of the squared distance). ``cost`` is a name or a function of two points, as in :func:`solve`.

    >>> import earthwork as ew
    >>> found = ew.sinkhorn.divergence([[0.0], [1.0]], [[3.0], [4.0]], epsilon=0.5)
    >>> round(found.value, 4)
    9.0
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    if callable(cost):
        within = of_points(x, x, cost), of_points(y, y, cost)
        return divergence_matrix(of_points(x, y, cost), *within, x.weights, y.weights, epsilon, relative, tolerance)
    raw = _native.sinkhorn_divergence(x, y, _inputs.text("cost", cost), _options(epsilon, relative, tolerance))
    ended("sinkhorn.divergence", "converged" if raw.converged else "stalled", "; try a larger `tolerance` or `epsilon`")
    return Divergence(raw)


def divergence_matrix(
    C: Any,
    C_X: Any,
    C_Y: Any,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
    relative: bool = False,
    tolerance: float = 1e-6,
    *,
    normalize: bool = False,
) -> Divergence:
    """The divergence S_ε under matrices of costs: across, within the rows, and within the columns.

    Args:
        C: costs across, of shape (n, m).
        C_X: costs among the rows, of shape (n, n) and symmetric.
        C_Y: costs among the columns, of shape (m, m) and symmetric.
        a: weights of the rows, of shape (n,); 1/n each by default.
        b: weights of the columns, of shape (m,), with the total of ``a``.
        epsilon: the regularization, the same in all three solves; a hundredth of the mean cost across by default.
        relative: whether ``epsilon`` is a multiple of that mean instead.
        tolerance: as in :func:`divergence`.
        normalize: divide the weights of either side by their sum first.

    Its ``gradient()`` is by masses: ``X`` and ``Y`` of it have no columns.

    >>> import earthwork as ew
    >>> found = ew.sinkhorn.divergence_matrix([[9.0]], [[0.0]], [[0.0]], epsilon=0.5)
    >>> round(found.value, 4)
    9.0
    """
    costs, first, second = _inputs.cost_matrix(C), _inputs.cost_matrix(C_X), _inputs.cost_matrix(C_Y)
    rows, columns = _inputs.masses_of(("a", a), ("b", b), costs.shape, normalize)
    for name, one, n in (("C_X", first, costs.shape[0]), ("C_Y", second, costs.shape[1])):
        if one.shape != (n, n):
            raise ValueError(f"{name}: it has shape {one.shape}, but {(n, n)} is needed beside a C of shape {costs.shape}")
        apart = np.abs(one - one.T).max(initial=0.0)
        if apart > 1e-9 * np.abs(one).max(initial=0.0):
            raise ValueError(f"{name}: it is not symmetric (by {apart:.3g})")
    across = _native.sinkhorn_solve_matrix(costs, rows, columns, _options(epsilon, relative, tolerance, certify=False))
    same = _options(across.epsilon, False, tolerance, certify=False)
    of_x = _native.sinkhorn_solve_matrix(first, rows, rows, same)
    of_y = _native.sinkhorn_solve_matrix(second, columns, columns, same)
    solved = (across, of_x, of_y)
    converged = all(one.status == "converged" for one in solved)
    ended("sinkhorn.divergence_matrix", "converged" if converged else "stalled", "; try a larger `tolerance` or `epsilon`")
    least, most = ([getattr(one, key) for one in solved] for key in ("regularised_value", "regularised_upper"))
    by = [[0.5 * (f + g) for f, g in (one.potentials(),)][0] for one in solved[1:]]
    f, g = across.potentials()
    none = np.zeros((len(rows), 0)), np.zeros((len(columns), 0))
    found = {
        "value": least[0] - (least[1] + least[2]) / 2,
        "lower": least[0] - (most[1] + most[2]) / 2,
        "upper": most[0] - (least[1] + least[2]) / 2,
        "epsilon": across.epsilon,
        "converged": converged,
        "gradient": (*none, (f - by[0], g - by[1])),
    }
    return Divergence(Kept.of(found, ("gradient",)))


def barycenter(
    samples: Sequence[Points],
    start: Points,
    shares: Any = None,
    epsilon: float | None = None,
    relative: bool = False,
    steps: int = 100,
    tolerance: float = 1e-6,
    *,
    missing: OnMissing = "error",
) -> Barycenter:
    """Points whose mean S_ε to all samples is locally least; they begin at ``start``, of shape (k, d)."""
    given = _inputs.several("samples", samples, missing=missing)
    weights = _inputs.uniform_or("shares", shares, max(len(given), 1))
    begin, options = _inputs.beginning(start, given), _options(epsilon, relative, tolerance)
    found = _native.sinkhorn_barycenter(given, weights.tolist(), begin, _inputs.count("steps", steps), options)
    ended("the barycenter", "converged" if found[2] else f"{steps} steps", "; give it more `steps`")
    return Barycenter(found[0], np.array(found[1]), found[2])


@brief
class GridBarycenter(NamedTuple):
    """Masses of total 1 on a given support."""

    masses: Floats
    """In the shape of the given ones."""
    moved: float
    """How much of the mass the last sweep moved."""
    status: str
    """How it ended."""


def grid_barycenter(
    histograms: Sequence[Any],
    epsilon: float,
    shares: Any = None,
    debias: bool = True,
    tolerance: float = 1e-7,
    spacing: float = 1.0,
    *,
    normalize: bool = False,
) -> GridBarycenter:
    """The barycenter of images or histograms of one shape; ε is in units of the squared distance between cells.

    Debiased it minimises the mean of S_ε, for which no reference measure matters. With ``debias=False`` it minimises the mean of
    min ⟨C, P⟩ + ε Σ P log P, as POT's ``barycenter`` does: the reference is the counting measure of the cells.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> found = ew.sinkhorn.grid_barycenter([np.eye(1, 21, 4)[0], np.eye(1, 21, 16)[0]], epsilon=0.5)
    >>> int(found.masses.argmax())
    10
    """
    given = [_inputs.probabilities(f"histograms[{k}]", one, normalize) for k, one in enumerate(histograms)]
    weights = _inputs.uniform_or("shares", shares, max(len(given), 1))
    masses, moved, status = _native.grid_barycenter(
        given, weights.tolist(), _inputs.number("epsilon", epsilon), debias, tolerance, spacing
    )
    ended("the barycenter", status, "; try a larger `tolerance` or `epsilon`")
    return GridBarycenter(masses.reshape(given[0].shape), moved, status)


def fixed_barycenter(
    support: Points,
    masses: Sequence[Any],
    epsilon: float,
    shares: Any = None,
    cost: Cost = "sqeuclidean",
    debias: bool = True,
    tolerance: float = 1e-7,
    *,
    normalize: bool = False,
) -> GridBarycenter:
    """The barycenter of several masses on the same points, ``support`` of shape (n, d); holds an (n, n) matrix.

    With ``debias`` and without it minimises what :func:`grid_barycenter` does. ``cost`` is a name or a function of two points.
    """
    if callable(cost):
        places = _inputs.sample("support", support)
        costs = of_points(places, places, cost)
        return fixed_barycenter_matrix(costs, masses, epsilon, shares, debias, tolerance, normalize=normalize)
    given = [_inputs.probabilities(f"masses[{k}]", one, normalize, ndim=1) for k, one in enumerate(masses)]
    weights = _inputs.uniform_or("shares", shares, max(len(given), 1))
    found = _native.fixed_barycenter(
        _inputs.points("support", support),
        given,
        weights.tolist(),
        _inputs.text("cost", cost),
        _inputs.number("epsilon", epsilon),
        debias,
        tolerance,
    )
    ended("the barycenter", found[2], "; try a larger `tolerance` or `epsilon`")
    return GridBarycenter(*found)


def fixed_barycenter_matrix(
    C: Any,
    masses: Sequence[Any],
    epsilon: float,
    shares: Any = None,
    debias: bool = True,
    tolerance: float = 1e-7,
    *,
    max_iterations: int = 10_000,
    normalize: bool = False,
) -> GridBarycenter:
    """The barycenter of several masses under a matrix of costs.

    Args:
        C: costs, of shape (n, m), from the points that hold the given masses to those of the barycenter; with ``debias`` symmetric.
        masses: k arrays of shape (n,), each of total 1.
        epsilon: the regularization in units of the cost.
        shares: weights of the masses; equal by default.
        debias: whether to minimize the mean of S_ε; without, that of min ⟨C, P⟩ + ε Σ P log P, as in :func:`grid_barycenter`.
        tolerance: converged when a sweep changes no mass by more than this, in units of the largest or of 1.
        max_iterations: the most sweeps, each O(k n m).
        normalize: divide each of the masses by their sum first.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> places = np.arange(21.0)
    >>> C = ew.cost(places, places)
    >>> found = ew.sinkhorn.fixed_barycenter_matrix(C, [np.eye(21)[4], np.eye(21)[16]], epsilon=0.5)
    >>> int(found.masses.argmax())
    10
    """
    from earthwork.pot import fixed

    costs = _inputs.cost_matrix(C)
    given = [_inputs.probabilities(f"masses[{k}]", one, normalize, ndim=1) for k, one in enumerate(masses)]
    if not given:
        raise ValueError("masses: it is empty; at least one is needed")
    for k, one in enumerate(given):
        if len(one) != len(costs):
            raise ValueError(f"masses[{k}]: it has {len(one)} masses, but C has {len(costs)} rows")
        if not (one >= 0).all() or abs(one.sum() - 1.0) > 1e-9:
            raise ValueError(f"masses[{k}]: masses of total 1 are needed, each at least 0; normalize=True divides by the total")
    if not np.isfinite(costs).all():
        raise ValueError("C: entropic barycenters take finite costs")
    if debias and (costs.shape[0] != costs.shape[1] or np.abs(costs - costs.T).max(initial=0.0) > 1e-9 * np.abs(costs).max(initial=0.0)):
        raise ValueError("C: with debias=True it has to be symmetric")
    regularization = _inputs.number("epsilon", epsilon)
    if not 0 < regularization < np.inf:
        raise ValueError(f"epsilon: it is {regularization}, but a positive and finite number is needed")
    weights = _inputs.uniform_or("shares", shares, len(given))
    if len(weights) != len(given) or not (weights >= 0).all() or not weights.sum() > 0:
        raise ValueError(f"shares: {len(given)} weights are needed, at least 0 and not all of them 0")
    kernel = fixed.of_matrix(costs, regularization)
    end = fixed.solve(kernel, np.stack(given, axis=1), weights / weights.sum(), int(debias), max_iterations, tolerance)
    status = "converged" if end.converged else "iteration limit"
    ended("the barycenter", status, "; try a larger `tolerance` or `epsilon`")
    return GridBarycenter(end.masses / end.masses.sum() if debias else end.masses, end.errors[-1], status)


class Unbalanced(Carrying, Number):
    """The end of an unbalanced solve. In formats, comparisons and arithmetic it is its value."""

    def __init__(self, raw: Any, samples: tuple[Samples, Samples], cost: str) -> None:
        self._raw = raw
        self._samples: tuple[Samples, Samples] = samples
        self.cost = cost
        """The ground cost by name."""
        self._plan: Floats | None = None

    @property
    def value(self) -> float:
        """The dual value, which no plan can undercut; at convergence the objective."""
        return float(self._raw.value)

    @property
    def transport_cost(self) -> float:
        """⟨C, P⟩."""
        return float(self._raw.transport_cost)

    @property
    def mass(self) -> float:
        """The mass that moves."""
        return float(self._raw.mass)

    @property
    def a(self) -> Floats:
        """What leaves each point of X, of shape (n,)."""
        found: Floats = self._raw.masses()[0]
        return found

    @property
    def b(self) -> Floats:
        """What reaches each point of Y, of shape (m,)."""
        found: Floats = self._raw.masses()[1]
        return found

    @property
    def potentials(self) -> Potentials:
        """f (n,) and g (m,) in units of the cost."""
        return Potentials(*self._raw.potentials())

    @property
    def plan(self) -> Floats:
        """The plan as a dense array of shape (n, m), computed when first asked for; its sums are ``a`` and ``b``."""
        if self._plan is None:
            x, y = self._samples
            self._plan = self._shares(of_points(x, y, self.cost), self.potentials.g, y.weights) * self.a[:, None]
        return self._plan

    def _shares(self, costs: Floats, potential: Floats, weights: Floats) -> Floats:
        """What part of a point's mass goes where: proportional to b exp((g - c) / ε)."""
        with np.errstate(divide="ignore"):
            return np.asarray(softmax((potential - costs) / self.epsilon + np.log(weights), axis=1))

    def map(self, points: Any, reverse: bool = False) -> Floats:
        """The entropic map at new points of shape (k, d): where what moves of their mass would go. ``reverse`` maps from Y to X."""
        here, there = self._sides(reverse)
        rows = _native.Samples(placed(points, self._samples), None, ("points", "weights"))
        if rows.dim != here.dim:
            raise ValueError(f"points: they have dimension {rows.dim}, but the samples have dimension {here.dim}")
        potential = self.potentials[0 if reverse else 1]
        moved: Floats = self._shares(of_points(rows, there, self.cost), potential, there.weights) @ there.points
        return moved

    @property
    def epsilon(self) -> float:
        """ε in units of the cost."""
        return float(self._raw.epsilon)

    @property
    def residual(self) -> float:
        """How much of the mass another sweep would move."""
        return float(self._raw.residual)

    @property
    def duality_gap(self) -> float:
        """What the objective of the plan is above ``value``, below which no plan is."""
        return float(self._raw.duality_gap)

    @property
    def status(self) -> str:
        """``converged``, or why it ended early."""
        return str(self._raw.status)

    @property
    def iterations(self) -> int:
        """Passes over the pairs."""
        return int(self._raw.iterations)

    @property
    def time(self) -> float:
        """Seconds."""
        return float(self._raw.time)

    def __getstate__(self) -> dict[str, Any]:
        names = ("value", "transport_cost", "mass", "epsilon", "residual", "duality_gap", "status", "iterations", "time")
        return self.__dict__ | {"_raw": Kept(self._raw, names, ("masses", "potentials")), "_plan": None}

    def __repr__(self) -> str:
        return (
            f"Unbalanced(value {short(self.value)}, transport cost {short(self.transport_cost)}, mass {short(self.mass)}, ε = "
            f"{short(self.epsilon)}, {self.status}, {self.iterations} passes, {seconds(self.time)})"
        )


def unbalanced(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    source: Price | None = None,
    target: Price | None = None,
    epsilon: float | None = None,
    relative: bool = False,
    cost: str = "sqeuclidean",
    tolerance: float = 1e-6,
    *,
    reference: Reference = "normalized",
    max_iterations: int | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
) -> Unbalanced:
    """Entropic transport in which mass may be made or lost at a price.

    The objective is ⟨C, P⟩ + ε KL(P | R) and the prices of both sides, with KL(P | R) = Σ P log(P / R) - P + R.

    Args:
        X: points, of shape (n, d) or (n,).
        Y: points, of shape (m, d).
        a: masses of X, of any total; 1/n each by default.
        b: masses of Y, of any total.
        source: what X asks: None for exactly its masses; ``("kl", ρ)`` or just ρ for ρ KL(P 1 | a); ``("tv", ρ)`` for ρ Σ |P 1 - a|;
            ``("l2", ρ)`` for ρ / 2 Σ (P 1 - a)².
        target: what Y asks.
        epsilon: the regularisation in units of the cost; a hundredth of the mean cost by default.
        relative: whether ``epsilon`` is a multiple of the mean cost instead.
        cost: as in :func:`earthwork.exact.solve`.
        tolerance: converged when another sweep would move at most this part of the mass, and the duality gap is at most this part of
            the value.
        reference: R: ``normalized`` for a ⊗ b / √(m_a m_b) with total masses m_a and m_b, so that twice the masses make twice the value;
            ``product`` for a ⊗ b, as in POT. The two are the same where the masses total 1.
        max_iterations: the most passes over the pairs; 10,000 by default.
        normalize: whether to divide each side's masses by their total first.
        missing: ``error``, or ``drop`` to leave out rows with missing values.
        time_limit: seconds after which what was reached is returned.
        progress: True for a bar, or a function that receives a dict.

    >>> import earthwork as ew
    >>> found = ew.sinkhorn.unbalanced([[0.0], [100.0]], [[1.0]], a=[1, 1], b=[1], source=("tv", 10), target=("tv", 10),
    ...                                epsilon=0.1)
    >>> found.a.round(3)
    array([1., 0.])
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing, balanced=False)
    options = _options(epsilon, relative, tolerance, max_iterations, time_limit, reference=reference)
    return _unbalanced("sinkhorn.unbalanced", x, y, source, target, None, cost, options, progress)


def partial(
    X: Points,
    Y: Points,
    mass: float,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
    relative: bool = False,
    cost: str = "sqeuclidean",
    tolerance: float = 1e-6,
    *,
    reference: Reference = "normalized",
    max_iterations: int | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
) -> Unbalanced:
    """Entropic transport of ``mass`` of the mass; each side gives and takes at most what it has.

    The objective is ⟨C, P⟩ + ε KL(P | R), with KL and ``reference`` as in :func:`unbalanced`. The plan is the same under either.
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing, balanced=False)
    options = _options(epsilon, relative, tolerance, max_iterations, time_limit, reference=reference)
    return _unbalanced("sinkhorn.partial", x, y, None, None, _inputs.number("mass", mass), cost, options, progress)


def _price(name: str, asked: Price | None) -> tuple[str, float] | None:
    if asked is None:
        return None
    pair: Any = asked if isinstance(asked, (tuple, list)) else ("kl", asked)
    if len(pair) != 2:
        raise TypeError(f"{name}: a price, or a pair such as ('tv', 10.0), is needed")
    kind, price = _inputs.text(name, pair[0]), _inputs.number(name, pair[1])
    if not 0 < price < np.inf:
        raise ValueError(f"{name}: it is {price}, but a price of mass is positive and finite")
    return kind, price


def _unbalanced(
    what: str,
    x: Samples,
    y: Samples,
    source: Price | None,
    target: Price | None,
    mass: float | None,
    cost: str,
    options: Options,
    progress: Progress,
) -> Unbalanced:
    sides = _price("source", source), _price("target", target)
    with reporting(progress) as shown:
        raw = _native.sinkhorn_unbalanced(x, y, _inputs.text("cost", cost), *sides, mass, options.with_progress(shown))
    ended(what, raw.status, _MORE)
    return Unbalanced(raw, (x, y), cost)
