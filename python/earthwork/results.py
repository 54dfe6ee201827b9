"""What solvers and estimators return: a number, its evidence, and what lies behind it."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from earthwork import _earthwork as _native
from earthwork._costs import of_points
from earthwork._inputs import Floats, points_like
from earthwork._number import Kept, Number, ended
from earthwork._text import brief, seconds, short, within

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Estimate = _native.Estimate


@brief
class Potentials(NamedTuple):
    """Dual potentials in units of the cost: f on the sources (n,), g on the targets (m,)."""

    f: Floats
    g: Floats


@brief
class Gradient(NamedTuple):
    """Derivatives of a transport cost or a divergence.

    ``X`` and ``Y`` have the shapes of the points. ``a`` and ``b`` are by the masses; totals must stay equal, so only their
    differences mean something.
    """

    X: Floats
    Y: Floats
    a: Floats
    b: Floats


def sparse(entries: tuple[Any, Any, Floats], shape: tuple[int, int]) -> Any:
    rows, columns, flows = entries
    return scipy.sparse.coo_array((flows, (rows, columns)), shape=shape).tocsr()


class Estimated(Number):
    """What has an ``estimate``: a number with its evidence. It behaves as the number does."""

    estimate: Estimate

    @property
    def value(self) -> float:
        """The number."""
        return self.estimate.value

    @property
    def lower(self) -> float:
        """The lower end: proven, or of the 95 % interval; -inf where nothing is known."""
        return self.estimate.lower

    @property
    def upper(self) -> float:
        """The upper end; inf where nothing is known."""
        return self.estimate.upper


class Carrying:
    """What has a plan between points: where it sends them."""

    _samples: tuple[Any, Any] | None

    @property
    def plan(self) -> Any:
        """The plan, of shape (n, m)."""
        raise NotImplementedError

    def _sides(self, reverse: bool) -> tuple[Any, Any]:
        if self._samples is None:
            raise ValueError("map: this is the solution for a matrix, which has no points; multiply its `plan` with points of your own")
        return self._samples[::-1] if reverse else self._samples

    def barycentric_projection(self, reverse: bool = False) -> Floats:
        """Where the plan sends each source point on average, Σ_j P_ij y_j / Σ_j P_ij, of shape (n, d).

        A point of which nothing moves is NaN. ``reverse`` sends the target points, of shape (m, d).
        """
        _, there = self._sides(reverse)
        plan = self.plan.T if reverse else self.plan
        moved = np.asarray(plan.sum(axis=1)).reshape(-1, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(moved > 0, (plan @ there.points) / moved, np.nan)
        return found

    def map(self, points: Any, reverse: bool = False) -> Floats:
        """Where the plan sends new points of shape (k, d): each moves as its nearest source point does.

        That point is one of which something moves; it moves to its barycentric projection, so that the source points themselves go there. A table has
        its columns matched by name. ``reverse`` maps from Y to X. In O(k log n) for few dimensions, by a k-d tree.

        Ferradans, Papadakis, Rabin, Peyré, Aujol, "Regularized discrete optimal transport", SIAM J. Imaging Sci. 7 (2014).
        """
        here, _ = self._sides(reverse)
        rows = placed(points, self._samples)
        if rows.shape[1] != here.dim:
            raise ValueError(f"points: they have dimension {rows.shape[1]}, but the samples have dimension {here.dim}")
        images = self.barycentric_projection(reverse)
        going = ~np.isnan(images[:, 0])
        sources, images = here.points[going], images[going]
        nearest = cKDTree(sources).query(rows)[1]
        moved: Floats = rows + (images[nearest] - sources[nearest])
        return moved


def placed(points: Any, samples: tuple[Any, Any] | None) -> Floats:
    """New points, the columns of a table in the order of the samples."""
    names = None if samples is None else samples[0].columns or samples[1].columns
    found = points_like("points", points, names, "the samples")
    if not np.isfinite(found).all():
        at = tuple(int(k) for k in np.argwhere(~np.isfinite(found))[0])
        raise ValueError(f"points: entry {at} is {found[at]}")
    return found


class Column(NamedTuple):
    """What one column carries of a plan."""

    share: float
    """The part of Σ P ‖x - y‖² along it."""
    shift: float
    """The part of its cost that the difference of the means explains."""
    mean_x: float
    mean_y: float


class Flow(NamedTuple):
    """A group of movements of a plan."""

    share: float
    """The part of the mass."""
    cost_share: float
    stays: bool
    start: list[float]
    end: list[float]


class Solution(Carrying, Number):
    """An exact transport plan with its potentials and a proof.

    ``lower <= value <= upper`` holds for the optimal cost, checked by code that does not trust the solver. In formats, comparisons and
    arithmetic a solution is its value.
    """

    def __init__(self, raw: _native.Solution, samples: tuple[Any, Any] | None, cost: str | None) -> None:
        self._raw = raw
        self._samples = samples
        self.cost = cost
        """The ground cost by name, or None for a matrix."""
        self._plan: Any = None

    @property
    def value(self) -> float:
        """The optimal transport cost ⟨C, P⟩, for the total mass as given."""
        return self._raw.transport_cost

    @property
    def transport_cost(self) -> float:
        """The same as ``value``: for exact transport the objective is the cost."""
        return self._raw.transport_cost

    @property
    def lower(self) -> float:
        """Proven lower bound on the optimal cost."""
        return -np.inf if self._raw.bounds is None else self._raw.bounds[0]

    @property
    def upper(self) -> float:
        """Proven upper bound on the optimal cost."""
        return np.inf if self._raw.bounds is None else self._raw.bounds[1]

    @property
    def gap(self) -> float | None:
        """(upper - lower) / upper."""
        return self._raw.relative_gap

    @property
    def plan(self) -> Any:
        """The plan as a ``scipy.sparse.csr_array`` of shape (n, m), with at most n + m - 1 entries."""
        if self._plan is None:
            self._plan = sparse(self._raw.entries(), self._raw.shape)
        return self._plan

    @property
    def potentials(self) -> Potentials:
        """f (n,) and g (m,) with f_i + g_j <= c_ij for all pairs."""
        return Potentials(*self._raw.potentials())

    @property
    def status(self) -> str:
        """``optimal``, or why it ended early: ``deadline``, ``iteration limit``, ``stalled``."""
        return self._raw.status

    @property
    def method(self) -> str:
        """Which solver ran."""
        return self._raw.method

    @property
    def iterations(self) -> int:
        """Pivots or iterations."""
        return self._raw.iterations

    @property
    def time(self) -> float:
        """Seconds, from the checked problem to the certificate."""
        return self._raw.time

    @property
    def memory(self) -> int:
        """The most bytes that the solver held at once beyond the problem."""
        return self._raw.memory

    def wasserstein(self, p: float | None = None) -> Estimate:
        """The root of order ``p`` with its bounds: a Wasserstein distance where the cost is a distance to the power p.

        Without ``p`` it is the order of the cost: its power, and 1 for powers below 1, which are distances themselves.
        """
        order = self._raw.order if p is None else p
        if order is None:
            raise ValueError(f"p: the cost {self.cost or 'matrix'} is not known to be a power of a distance; give p")
        return self._raw.rooted(order)

    def gradient(self) -> Gradient:
        """The gradient of the optimal cost by points and by masses (of solves between points under a power of a norm)."""
        X, Y, (a, b) = self._raw.gradient()
        return Gradient(X, Y, a, b)

    def columns(self) -> list[Column]:
        """How the squared length of the plan's movements divides over the columns (of solves between points)."""
        return [Column(*row) for row in self._raw.columns()]

    def flows(self, groups: int = 5) -> list[Flow]:
        """The movements summed up in groups, the largest first (of solves between points)."""
        from earthwork import _inputs

        return [Flow(*row) for row in self._raw.flows(_inputs.count("groups", groups))]

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """The samples and where mass moves, or the plan as a picture where there are no points (needs matplotlib)."""
        from earthwork import plot

        if self._samples is None or self._samples[0].dim > 2:
            return plot.plan(self, ax=ax, **options)
        return plot.clouds(*self._samples, plan=self.plan, ax=ax, **options)

    def __repr__(self) -> str:
        n, m = self._raw.shape
        return (
            f"Solution(transport cost {short(self.value)}, proven {within(self.lower, self.upper)}, {self.status}, "
            f"{self.method}, n={n}, m={m}, {seconds(self.time)})"
        )


def whole_solution(raw: _native.Solution, samples: tuple[Any, Any] | None, cost: str | None) -> Solution:
    """A solution, with a warning if it ended early."""
    ended("the exact solve", raw.status, "; its bounds hold")
    return Solution(raw, samples, cost)


class PartialSolution(Carrying, Number):
    """A plan that moves a given part of the mass, with bounds on what that costs."""

    def __init__(self, raw: _native.Partial | Kept, samples: tuple[Any, Any] | None = None) -> None:
        self._raw = raw
        self._samples = samples

    @property
    def value(self) -> float:
        """What moving the mass costs."""
        return self._raw.transport_cost

    @property
    def lower(self) -> float:
        """Proven lower bound."""
        return self._raw.bounds[0]

    @property
    def upper(self) -> float:
        """Proven upper bound."""
        return self._raw.bounds[1]

    @property
    def price(self) -> float:
        """What the next unit of mass would cost: no pair in the plan costs more."""
        return self._raw.price

    @property
    def plan(self) -> Any:
        """The plan as a ``scipy.sparse.csr_array`` of shape (n, m)."""
        return sparse(self._raw.entries(), self._raw.shape)

    @property
    def potentials(self) -> Potentials:
        """f (n,) and g (m,)."""
        return Potentials(*self._raw.potentials())

    @property
    def status(self) -> str:
        """How it ended."""
        return self._raw.status

    def __getstate__(self) -> dict[str, Any]:
        names = ("transport_cost", "bounds", "price", "status", "shape")
        return {"_raw": Kept(self._raw, names, ("entries", "potentials")), "_samples": self._samples}

    def __repr__(self) -> str:
        return (
            f"PartialSolution(transport cost {short(self.value)}, proven {within(self.lower, self.upper)}, {self.status})"
        )


class SinkhornSolution(Carrying, Number):
    """The end of an entropic solve: three values, evidence, potentials."""

    def __init__(self, raw: _native.Sinkhorn, samples: tuple[Any, Any] | None, cost: Any = None) -> None:
        self._raw = raw
        self._samples = samples
        self._function = cost
        self._plan: Floats | None = None

    @property
    def value(self) -> float:
        """The objective, ⟨C, P⟩ + ε Σ P log(P / R), for the ``reference`` R: the dual value, which equals it at convergence."""
        return self._raw.regularised_value

    @property
    def transport_cost(self) -> float:
        """⟨C, P⟩ of the plan of the potentials; what POT calls the value of ``sinkhorn2``."""
        return self._raw.transport_cost

    @property
    def lower(self) -> float:
        """Proven lower bound on the *unregularised* cost; -inf where none was asked for."""
        return -np.inf if self._raw.bounds is None else self._raw.bounds[0]

    @property
    def upper(self) -> float:
        """Proven upper bound on the *unregularised* cost; inf where none was asked for."""
        return np.inf if self._raw.bounds is None else self._raw.bounds[1]

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if self._function is not None:
            try:
                pickle.dumps(self._function)
            except (pickle.PicklingError, AttributeError, TypeError):  # a lambda: then there is no map of new points any more
                state |= {"_function": None, "_samples": None}
        return state

    @property
    def epsilon(self) -> float:
        """ε in units of the cost."""
        return self._raw.epsilon

    @property
    def reference(self) -> str:
        """What R is in ``value`` and in the potentials: ``normalized`` for a ⊗ b / M, ``product`` for a ⊗ b."""
        return self._raw.reference

    @property
    def marginal_error(self) -> float:
        """What the plan misses of its marginals, as a part of the mass, by an exact pass over the returned state."""
        return self._raw.marginal_error

    @property
    def duality_gap(self) -> float:
        """How far the plan's objective is from the dual value."""
        return self._raw.duality_gap

    @property
    def plan(self) -> Floats:
        """The plan as a dense array of shape (n, m), computed when first asked for: every entry is positive."""
        if self._plan is None:
            self._plan = self._raw.plan()
        return self._plan

    @property
    def potentials(self) -> Potentials:
        """f (n,) and g (m,) in units of the cost."""
        return Potentials(*self._raw.potentials())

    @property
    def status(self) -> str:
        """``converged``, or why it ended early."""
        return self._raw.status

    @property
    def iterations(self) -> int:
        """Passes over the pairs."""
        return self._raw.iterations

    @property
    def time(self) -> float:
        """Seconds."""
        return self._raw.time

    def map(self, points: Any, reverse: bool = False) -> Floats:
        """The entropic map at new points of shape (k, d): where their mass would go. ``reverse`` maps from Y to X."""
        if self._function is not None or self._samples is None:
            shares, there = self._soft(points, reverse)
            return np.asarray(np.exp(shares - logsumexp(shares, axis=1, keepdims=True)) @ there)
        return self._raw.map(placed(points, self._samples), reverse)[0]

    def potential(self, points: Any, reverse: bool = False) -> Floats:
        """The source potential (or with ``reverse`` the target's) at new points; of length k."""
        if self._function is not None:
            return np.asarray(-self.epsilon * logsumexp(self._soft(points, reverse)[0], axis=1))
        return self._raw.map(placed(points, self._samples), reverse)[1]

    def _soft(self, points: Any, reverse: bool) -> tuple[Floats, Floats]:
        """Under a cost that is a function: log R exp((g - c) / ε) from new points to the other side, and its points."""
        here, there = self._sides(reverse)
        rows = _native.Samples(placed(points, self._samples), None, ("points", "weights"))
        costs = of_points(there, rows, self._function).T if reverse else of_points(rows, there, self._function)
        unit = here.total if self.reference == "normalized" else 1.0
        with np.errstate(divide="ignore"):
            logs = (self.potentials[0 if reverse else 1] - costs) / self.epsilon + np.log(there.weights / unit)
        return logs, there.points

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """The plan as a picture (needs matplotlib)."""
        from earthwork import plot

        return plot.plan(self, ax=ax, **options)

    def __repr__(self) -> str:
        return (
            f"SinkhornSolution(value {short(self.value)}, transport cost {short(self.transport_cost)}, ε = "
            f"{short(self.epsilon)}, unregularised proven {within(self.lower, self.upper)}, marginals "
            f"{self.marginal_error:.1e}, {self.status}, {self.iterations} passes, {seconds(self.time)})"
        )


class Distance(Estimated):
    """One number between two samples, with its evidence. In formats, comparisons and arithmetic it is that number."""

    def __init__(self, name: str, estimate: Estimate, time: float, details: Any = None) -> None:
        self.name = name
        """What was asked for, such as ``W2``."""
        self.estimate = estimate
        """The value with its evidence."""
        self.time = time
        """Seconds."""
        self.details = details
        """The solution behind the number, where there is one."""

    @property
    def std_error(self) -> float | None:
        """The standard error, where the evidence is one: of the draws that ``estimate.randomness`` names."""
        return self.estimate.std_error

    def __repr__(self) -> str:
        n, m = self.estimate.sizes
        parts = [f"{self.name} = {short(self.value)}", evidence(self.estimate), self.estimate.method, f"n={n}, m={m}"]
        return f"Distance({', '.join(part for part in parts if part)}, {seconds(self.time)})"


def evidence(estimate: Estimate) -> str:
    """What supports a number, in a few words."""
    return "; ".join([_support(estimate), *estimate.notes])


def _support(estimate: Estimate) -> str:
    lower, upper, kind = estimate.lower, estimate.upper, estimate.kind
    if estimate.evidence == "bounds":
        if kind == "lower bound" or upper == np.inf:
            return f"≥ {short(lower)}, proven"
        if kind == "upper bound" or lower == -np.inf:
            return f"≤ {short(upper)}, proven"
        return f"proven {within(lower, upper)}"
    if estimate.evidence == "interval" and estimate.std_error is not None and lower <= 0:
        # Of a squared distance, an interval that begins at 0 is a bound.
        return f"≤ {short(upper)} ({50 + 50 * (estimate.level or 0.0):g} %, {estimate.randomness})"
    if estimate.evidence == "standard error":
        if kind == "point":
            return f"± {estimate.half_width or 0.0:.2g} (95 %, {estimate.randomness})"
        # One end of the interval alone holds in 97.5 % of the draws.
        end = f"≥ {short(lower)}" if kind == "lower bound" else f"≤ {short(upper)}"
        return f"{end} (97.5 %, {estimate.randomness})"
    words = {
        "interval": f"{100 * (estimate.level or 0.0):g} % interval {within(lower, upper)} ({estimate.randomness})",
        "exact": "exact formula",
        "unstated": "no error known",
    }[estimate.evidence]
    return {"lower bound": "at least this, ", "upper bound": "at most this, "}.get(kind, "") + words


def signed(estimate: Estimate) -> str:
    """The number, with a sign where the truth is on one side of it."""
    return {"lower bound": "≥ ", "upper bound": "≤ "}.get(estimate.kind, "") + short(estimate.value)


class Options(dict[str, Any]):
    """Options on their way to the compiled half."""

    def with_progress(self, shown: Any) -> Mapping[str, Any]:
        """The same with what progress is reported to."""
        return {**self, "progress": shown}
