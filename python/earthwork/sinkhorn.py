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

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points, Samples
from earthwork._kinds import OnMissing, Reference
from earthwork._progress import Progress, reporting
from earthwork._number import Kept, Number, ended
from earthwork.exact import Barycenter
from earthwork.results import Gradient, Options, Potentials, SinkhornSolution

__all__ = [
    "Divergence",
    "GridBarycenter",
    "Unbalanced",
    "barycenter",
    "divergence",
    "fixed_barycenter",
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
    cost: str = "sqeuclidean",
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
        cost: as in :func:`earthwork.exact.solve`.
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

    def __init__(self, raw: _native.SinkhornDivergence) -> None:
        self._raw = raw

    @property
    def value(self) -> float:
        """S_ε: 0 for equal samples, positive for others."""
        return self._raw.value

    @property
    def lower(self) -> float:
        """Proven lower bound on S_ε."""
        return self._raw.lower

    @property
    def upper(self) -> float:
        """Proven upper bound on S_ε."""
        return self._raw.upper

    @property
    def epsilon(self) -> float:
        """ε in units of the cost."""
        return self._raw.epsilon

    @property
    def converged(self) -> bool:
        """Whether all three solves converged."""
        return self._raw.converged

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
    cost: str = "sqeuclidean",
    tolerance: float = 1e-6,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Divergence:
    """The debiased divergence S_ε = OT_ε(X, Y) - (OT_ε(X, X) + OT_ε(Y, Y)) / 2: a smooth loss between samples.

    The totals of ``a`` and ``b`` must be equal. The reference measure of the entropy cancels, so that the number is that of GeomLoss for
    any total (whose cost is half of the squared distance).

    >>> import earthwork as ew
    >>> found = ew.sinkhorn.divergence([[0.0], [1.0]], [[3.0], [4.0]], epsilon=0.5)
    >>> round(found.value, 4)
    9.0
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    raw = _native.sinkhorn_divergence(x, y, _inputs.text("cost", cost), _options(epsilon, relative, tolerance))
    ended("sinkhorn.divergence", "converged" if raw.converged else "stalled", "; try a larger `tolerance` or `epsilon`")
    return Divergence(raw)


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
    cost: str = "sqeuclidean",
    debias: bool = True,
    tolerance: float = 1e-7,
    *,
    normalize: bool = False,
) -> GridBarycenter:
    """The barycenter of several masses on the same points, ``support`` of shape (n, d); holds an (n, n) matrix.

    With ``debias`` and without it minimises what :func:`grid_barycenter` does.
    """
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


class Unbalanced(NamedTuple):
    """The end of an unbalanced solve."""

    value: float
    """The dual value, which no plan can undercut; at convergence the objective."""
    transport_cost: float
    """⟨C, P⟩."""
    mass: float
    """The mass that moves."""
    a: Floats
    """What leaves each point of X."""
    b: Floats
    """What reaches each point of Y."""
    potentials: Potentials
    epsilon: float
    residual: float
    """How much of the mass another sweep would move."""
    status: str
    duality_gap: float = 0.0
    """What the objective of the plan is above ``value``, below which no plan is."""


def unbalanced(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    source: tuple[str, float] | float | None = None,
    target: tuple[str, float] | float | None = None,
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


def _price(name: str, asked: tuple[str, float] | float | None) -> tuple[str, float] | None:
    if asked is None:
        return None
    if not isinstance(asked, tuple):
        asked = ("kl", asked)
    if len(asked) != 2:
        raise TypeError(f"{name}: a price, or a pair such as ('tv', 10.0), is needed")
    kind, price = _inputs.text(name, asked[0]), _inputs.number(name, asked[1])
    if not 0 < price < np.inf:
        raise ValueError(f"{name}: it is {price}, but a price of mass is positive and finite")
    return kind, price


def _unbalanced(
    what: str,
    x: Samples,
    y: Samples,
    source: tuple[str, float] | float | None,
    target: tuple[str, float] | float | None,
    mass: float | None,
    cost: str,
    options: Options,
    progress: Progress,
) -> Unbalanced:
    sides = _price("source", source), _price("target", target)
    with reporting(progress) as shown:
        raw = _native.sinkhorn_unbalanced(x, y, _inputs.text("cost", cost), *sides, mass, options.with_progress(shown))
    ended(what, raw.status, _MORE)
    first, second = raw.masses()
    potentials = Potentials(*raw.potentials())
    return Unbalanced(
        raw.value, raw.transport_cost, raw.mass, first, second, potentials, raw.epsilon, raw.residual, raw.status,
        raw.duality_gap,
    )
