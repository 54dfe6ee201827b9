"""Couplings for flow matching: which noise goes with which data, by exact transport of a minibatch.

Training pairs drawn from the optimal plan between minibatches give straighter paths than independent pairs (Tong et al., "Improving and
generalizing flow-based generative models with minibatch optimal transport", TMLR 2024). In a training loop:

    j = ew.flow.coupling(x0, x1)
    x1 = x1[j]

The coupling is exact, deterministic, the same at any number of threads, and uses each point once.

For a data set that stays the same, :func:`semidiscrete` finds once which data each noise belongs to; the optimal coupling of all noise, of which
minibatches only have an approximation, is then a look-up:

    pairing = ew.flow.semidiscrete(data)
    x1 = data[pairing.couple(x0)]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._costs import Cost, of_points
from earthwork._inputs import Floats
from earthwork._number import ended
from earthwork._text import brief, short

__all__ = ["Pairs", "SemiDiscrete", "coupling", "semidiscrete"]

PRODUCTS = 1_000_000
"""Up to so many pairs in many dimensions a matrix of squared distances, made by one product, is the faster way in."""

SMALL = 2_000
"""Up to so many points that a time limit left without a partner are matched exactly."""


@brief
class Pairs(NamedTuple):
    """A coupling with weights: row i of ``x0`` goes with row j of ``x1`` to the extent of ``weights``."""

    rows: Any
    columns: Any
    weights: Any

    def draw(self, k: int, seed: int = 0) -> tuple[Any, Any]:
        """Rows and columns of ``k`` pairs in random order, each pair as often as its weight says up to less than one.

        The draw is systematic (one random offset for all), so that rows with equal weights come equally often: without replacement
        where ``k`` is the number of rows.

        >>> import earthwork as ew
        >>> pairs = ew.flow.coupling([[0.0], [1.0]], [[0.0], [1.0], [2.0], [3.0]])
        >>> rows, columns = pairs.draw(4)
        >>> sorted(rows.tolist()), sorted(columns.tolist())
        ([0, 0, 1, 1], [0, 1, 2, 3])
        """
        count = _inputs.count("k", k)
        rng = np.random.default_rng(_inputs.count("seed", seed))
        weights = np.asarray(_plain(self.weights), dtype=np.float64)
        ends = np.cumsum(weights / weights.sum())
        at = (np.arange(count) + rng.random()) / max(count, 1)
        chosen = rng.permutation(np.minimum(np.searchsorted(ends, at, side="right"), len(weights) - 1))
        return tuple(_like(one, _plain(one)[chosen]) for one in (self.rows, self.columns))


def coupling(
    x0: Any,
    x1: Any,
    a: Any = None,
    b: Any = None,
    *,
    cost: Cost = "sqeuclidean",
    batched: bool = False,
    normalize: bool = False,
    tolerance: float = 0.0,
    time_limit: float | None = None,
) -> Any:
    """The optimal coupling of two minibatches: a permutation, or pairs with weights.

    Args:
        x0: points of shape (n, ...), such as noise; axes after the first are coordinates. Any number type of numpy or torch.
        x1: points of shape (m, ...), such as data.
        a, b: weights of x0 and x1; 1/n and 1/m each by default.
        cost: the cost between two points, a name or a function, as in :func:`earthwork.exact.solve`.
        batched: the first axis counts problems: x0 is (B, n, ...), x1 is (B, m, ...). They are solved in parallel.
        normalize: divide the weights by their sums first.
        tolerance: the relative gap to the optimum at which a solve may end; 0 asks for the optimum.
        time_limit: seconds after which the best coupling so far is taken, with a ``ConvergenceWarning``.

    Returns:
        Where n = m and there are no weights, whole numbers j of shape (n,), or (B, n): row i of x0 goes with row ``j[i]`` of x1, and each
        row of x1 is used once. Otherwise :class:`Pairs`, or a list of them. Tensors of torch where x1 is one, on its device.

    >>> import earthwork as ew
    >>> ew.flow.coupling([[0.0], [5.0], [2.0]], [[2.1], [0.2], [4.0]])
    array([1, 2, 0])
    """
    first, second = _points("x0", x0, batched), _points("x1", x1, batched)
    if len(first) != len(second):
        raise ValueError(f"x0 and x1: there are {len(first)} and {len(second)} problems in the batch; they go in pairs")
    n, m = first.shape[1], second.shape[1]
    if first.shape[2] != second.shape[2]:
        raise ValueError(f"x0 and x1: their points have {first.shape[2]} and {second.shape[2]} coordinates; the same number is needed")
    of_a, of_b = _weights("a", a, batched, first.shape), _weights("b", b, batched, second.shape)
    given = [
        _inputs.pair(X, Y, w, v, normalize=normalize, names=(f"x0[{k}]", f"x1[{k}]") if batched else ("x0", "x1"))
        for k, (X, Y, w, v) in enumerate(zip(first, second, of_a, of_b, strict=True))
    ]
    within = _inputs.tolerance(tolerance)
    found: list[Any]
    name = "" if callable(cost) else _inputs.text("cost", cost)
    if callable(cost):
        found = [_native.exact_solve_matrix(of_points(x, y, cost), x.weights, y.weights, within, time_limit) for x, y in given]
    elif len(given) == 1 and name == "sqeuclidean" and n * m <= PRODUCTS and first.shape[2] > 12:
        x, y = given[0]
        found = [_native.exact_solve_matrix(_squares(first[0], second[0]), x.weights, y.weights, within, time_limit)]
    elif len(given) == 1:
        found = [_native.exact_solve(*given[0], name, None, within, time_limit)]
    else:
        ends: Any = _native.exact_batch(given, name, within, time_limit)
        if None in ends:
            raise TimeoutError(f"time_limit: {time_limit} s were too short to begin with problem {ends.index(None)}; give more")
        found = ends
    early = next((raw.status for raw in found if raw.status not in ("optimal", "within tolerance")), "optimal")
    ended("the coupling", early)
    if n == m and a is None and b is None:
        chosen = np.stack([_permutation(raw, X, Y) for raw, X, Y in zip(found, first, second, strict=True)])
        return _like(x1, chosen if batched else chosen[0])
    pairs = [Pairs(*(_like(x1, one) for one in raw.entries())) for raw in found]
    return pairs if batched else pairs[0]


def _plain(given: Any) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(given, torch.Tensor):
        return np.asarray(given)
    plain = given.detach().cpu()
    return (plain.double() if plain.is_floating_point() else plain).numpy()


def _like(given: Any, found: Any) -> Any:
    """An array as a tensor where ``given`` is one."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(given, torch.Tensor):
        return found
    made = torch.as_tensor(found, device=given.device)
    return made.to(given.dtype) if made.is_floating_point() and given.is_floating_point() else made


def _points(name: str, given: Any, batched: bool) -> Floats:
    """Points as (B, n, d)."""
    array = np.asarray(_plain(given), dtype=np.float64)
    least = 2 if batched else 1
    if array.ndim < least or 0 in array.shape:
        wanted = "(B, n, ...)" if batched else "(n, ...)"
        raise ValueError(f"{name}: its shape is {array.shape}, but points of shape {wanted} are needed")
    problems = array if batched else array[None]
    found: Floats = np.ascontiguousarray(problems.reshape(*problems.shape[:2], -1))
    return found


def _squares(X: Floats, Y: Floats) -> Floats:
    """Squared distances about a centre, so that an offset of all points costs no digits."""
    centre = X.mean(0)
    P, Q = X - centre, Y - centre
    found: Floats = P @ Q.T
    found *= -2.0
    found += np.einsum("ij,ij->i", P, P)[:, None]
    found += np.einsum("ij,ij->i", Q, Q)[None, :]
    return np.maximum(found, 0.0, out=found)


def _weights(name: str, given: Any, batched: bool, shape: tuple[int, ...]) -> Any:
    if given is None:
        return [None] * shape[0]
    wanted = shape[:2] if batched else shape[1:2]
    if np.shape(_plain(given)) != wanted:
        raise ValueError(f"{name}: its shape is {np.shape(_plain(given))}, but {wanted} is needed")
    return list(given) if batched else [given]


def _permutation(raw: Any, X: Floats, Y: Floats) -> NDArray[np.int64]:
    """The partner of each row. An optimal plan between equal masses is a permutation; one that was cut short is made one."""
    n = len(X)
    rows, columns, flows = raw.entries()
    whole = flows * n > 0.5 * flows.sum()
    chosen = np.full(n, -1, dtype=np.int64)
    chosen[rows[whole]] = columns[whole]
    lone = np.flatnonzero(chosen < 0)
    if len(lone):
        free = np.ones(n, dtype=bool)
        free[chosen[chosen >= 0]] = False
        left = np.flatnonzero(free)
        if len(lone) <= SMALL:
            inner = _native.exact_solve(_native.Samples(X[lone]), _native.Samples(Y[left]), "sqeuclidean")
            i, j, _ = inner.entries()
            chosen[lone[i]] = left[j]
        else:
            chosen[lone] = left
    return chosen


class SemiDiscrete:
    """The optimal map from a noise to a fixed data set: each noise goes to the data with the least ‖x - y_j‖² - g_j."""

    def __init__(
        self, data: Floats, weights: Floats, potentials: Floats, value: float, std_error: float, imbalance: float, steps: int, status: str
    ) -> None:
        self.data = data
        """The data, flat: of shape (m, d)."""
        self.weights = weights
        """The mass of each data point, of total 1."""
        self.potentials = potentials
        """g, of shape (m,), with mean 0; -inf where the weight is 0. Squared distances are the unit."""
        self.value = value
        """The dual value E min_j [‖x - y_j‖² - g_j] + Σ w_j g_j, of fresh noise: on average a lower bound on W₂²."""
        self.std_error = std_error
        """The standard error of ``value``."""
        self.imbalance = imbalance
        """How much of the mass reaches data that should not have it: an estimate, of fresh noise, of an upper bound on the total variation."""
        self.steps = steps
        """Steps of ascent."""
        self.status = status
        """``converged``, ``iteration limit`` or ``deadline``."""
        self._equal = _equal(data)

    def couple(self, x0: Any) -> Any:
        """Which data each noise belongs to: whole numbers of shape (k,) for noise of shape (k, ...).

        A tensor of torch where ``x0`` is one, on its device. In O(k m d) by blocks. Unlike :func:`coupling` of a minibatch, data can come
        more than once or not at all; over many draws each comes as often as its weight says. Equal data take turns.
        """
        (points,) = _points("x0", x0, False)
        if points.shape[1] != self.data.shape[1]:
            raise ValueError(f"x0: its points have {points.shape[1]} coordinates, those of the data {self.data.shape[1]}")
        if not np.isfinite(points).all():
            at = int(np.argmax(~np.isfinite(points).all(axis=1)))
            raise ValueError(f"x0: point {at} has a coordinate that is not finite")
        chosen, _ = _look_up(points, *_laguerre(self.data, self.potentials))
        if self._equal is not None:
            group, order, starts, sizes = self._equal
            which = group[chosen]
            chosen = order[starts[which] + np.arange(len(chosen)) % sizes[which]]
            chosen = np.where(self.weights[chosen] > 0, chosen, order[starts[which]])
        return _like(x0, chosen)

    def __repr__(self) -> str:
        m, d = self.data.shape
        return (
            f"SemiDiscrete({m} points, d = {d}, W2² ≥ {short(self.value)} ± {1.96 * self.std_error:.2g}, misplaced ≤ {self.imbalance:.2g}, "
            f"{self.status}, {self.steps} steps)"
        )


def semidiscrete(
    data: Any,
    noise: Literal["normal", "uniform"] | Callable[[int, np.random.Generator], Any] = "normal",
    weights: Any = None,
    *,
    tolerance: float = 0.05,
    max_steps: int = 20_000,
    time_limit: float | None = None,
    seed: int = 0,
) -> SemiDiscrete:
    """The optimal coupling of all noise with a fixed data set, under squared distances.

    Begins with the potentials of an exact plan from a sample of the noise, and ascends the semi-dual by averaged stochastic gradients until fresh
    noise reaches each data point as often as it should.

    Args:
        data: points of shape (m, ...); axes after the first are coordinates. Any number type of numpy or torch.
        noise: ``"normal"``, ``"uniform"`` on the unit cube, or a function of a number n and a generator of NumPy that draws noise of shape
            (n, ...).
        weights: the mass of each data point, divided by its sum; equal by default.
        tolerance: which part of the mass may be misplaced.
        max_steps: the most steps of ascent.
        time_limit: seconds after which the potentials so far are returned.
        seed: of the draws.

    Returns:
        The potentials with their evidence. ConvergenceWarning where ``tolerance`` was not reached.

    Each step takes O(B m d) with B = min(max(m, 500), 4096) draws; memory is O((m + B) (d + m) / 8).

    Genevay, Cuturi, Peyré, Bach, "Stochastic optimization for large-scale optimal transport", NeurIPS 2016; Mousavi-Hosseini, Zhang, Klein and Cuturi, "Flow
    matching with semidiscrete couplings", 2025.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> pairing = ew.flow.semidiscrete(np.array([[-5.0], [5.0]]))
    >>> pairing.couple(np.array([[-1.0], [2.0]]))
    array([0, 1])
    """
    (points,) = _points("data", data, False)
    if not np.isfinite(points).all():
        at = int(np.argmax(~np.isfinite(points).all(axis=1)))
        raise ValueError(f"data: point {at} has a coordinate that is not finite")
    masses = _inputs.loose_masses("weights", None if weights is None else _plain(weights), len(points), True)
    if not masses.sum() > 0:
        raise ValueError("weights: all of them are 0")
    allowed = _inputs.number("tolerance", tolerance)
    if not 0 < allowed < 1:
        raise ValueError(f"tolerance: it is {allowed}, but a part between 0 and 1 is needed")
    most, rng = _inputs.count("max_steps", max_steps), np.random.default_rng(_inputs.count("seed", seed))
    draw = _drawer(noise, np.shape(_plain(data))[1:], rng)
    end = np.inf if time_limit is None else time.monotonic() + time_limit
    held = masses > 0
    # Equal points are one: noise cannot tell them apart.
    Y, places = np.unique(points[held], axis=0, return_inverse=True)
    b: Floats = np.bincount(places.ravel(), masses[held]).astype(np.float64)
    status, steps = "iteration limit", 0
    best: tuple[float, Floats, float, float] | None = None
    for steps, g in _ascent(Y, b, draw, most, end):
        value, error, off = _judged(Y, b, g, draw)
        if best is None or off < best[0]:
            best = off, g, value, error
        status = "converged" if off <= allowed else "deadline" if time.monotonic() >= end else status
        if status != "iteration limit":
            break
    assert best is not None  # the ascent yields where it begins
    potentials = np.full(len(points), -np.inf)
    potentials[held] = best[1][places.ravel()]
    potentials[held] -= potentials[held].mean()
    ended("flow.semidiscrete", status, f"; {best[0]:.2g} of the mass is misplaced")
    return SemiDiscrete(points, masses, potentials, best[2], best[3], best[0], steps, status)


def _equal(data: Floats) -> tuple[NDArray[np.int64], ...] | None:
    """Of data with equal points: the group of each, the members of all groups in turn, where each begins, and their numbers."""
    _, group, sizes = np.unique(data, axis=0, return_inverse=True, return_counts=True)
    if len(sizes) == len(data):
        return None
    return group.ravel(), np.argsort(group.ravel(), kind="stable"), np.cumsum(sizes) - sizes, sizes


Draw = Callable[[int], Floats]


def _drawer(noise: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Draw:
    """Noise as (n, d)."""
    d = int(np.prod(shape))
    if callable(noise):

        def drawn(n: int) -> Floats:
            found = np.asarray(_plain(noise(n, rng)), dtype=np.float64)
            if found.shape != (n, *shape):
                raise ValueError(f"noise: it returned an array of shape {found.shape}, but {(n, *shape)} is needed")
            return found.reshape(n, d)

        return drawn
    if noise not in ("normal", "uniform"):
        raise ValueError(f"noise: {noise!r} is none of 'normal', 'uniform', and no function")
    return (lambda n: rng.normal(size=(n, d))) if noise == "normal" else (lambda n: rng.random((n, d)))


def _laguerre(Y: Floats, g: Floats) -> tuple[Floats, Floats, Floats]:
    """Data about their centre and (g - ‖y‖²) / 2, so that a point belongs to the largest ⟨x, y⟩ plus that."""
    centre = Y.mean(axis=0)
    about = Y - centre
    return about, 0.5 * (g - np.einsum("ij,ij->i", about, about)), centre


def _look_up(X: Floats, about: Floats, heights: Floats, centre: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The data that each point belongs to, and ‖x - y_j‖² - g_j there; by blocks of some megabytes."""
    P = X - centre
    block = max(1, 4_000_000 // len(about))
    chosen, least = np.empty(len(P), dtype=np.int64), np.empty(len(P))
    for at in range(0, len(P), block):
        part = P[at : at + block]
        score = part @ about.T
        score += heights
        chosen[at : at + block] = score.argmax(axis=1)
        least[at : at + block] = np.einsum("ij,ij->i", part, part) - 2.0 * score.max(axis=1)
    return chosen, least


def _ascent(Y: Floats, b: Floats, draw: Draw, most: int, end: float) -> Iterator[tuple[int, Floats]]:
    """Steps taken and averaged potentials, after each of a growing number of steps."""
    m = len(Y)
    n = min(4 * m, max(10_000, m // 4))
    limit = None if end == np.inf else max(end - time.monotonic(), 0.0) / 2
    first = _native.exact_solve(_native.Samples(draw(n)), _native.Samples(Y, b), "sqeuclidean", None, 1e-4, limit)
    g = first.potentials()[1].copy()
    yield 0, g
    batch, rate = min(max(m, 500), 4096), 0.5 * Y.var(axis=0).sum()
    step, length = 0, 100
    while step < most:
        mean = np.zeros(m)
        for k in range(1, min(length, most - step) + 1):
            chosen, _ = _look_up(draw(batch), *_laguerre(Y, g))
            g = g + rate / (1.0 + step / 50.0) ** (2 / 3) * (b - np.bincount(chosen, minlength=m) / batch)
            mean += (g - mean) / k
            step += 1
            if time.monotonic() >= end:
                break
        yield step, mean
        length *= 2


def _judged(Y: Floats, b: Floats, g: Floats, draw: Draw) -> tuple[float, float, float]:
    """Of fresh noise: the dual value, its standard error, and how much of the mass is misplaced.

    ½ Σ |f - b| is at most ½ √(m Σ (f - b)²); what the draws add to that sum is taken off.
    """
    n = min(max(20 * len(Y), 10_000), 200_000)
    chosen, least = _look_up(draw(n), *_laguerre(Y, g))
    seen = np.bincount(chosen, minlength=len(Y)) / n
    off = ((seen - b) ** 2 - seen * (1.0 - seen) / (n - 1)).sum()
    value, error = least.mean() + b @ g, least.std(ddof=1) / np.sqrt(n)
    return float(value), float(error), float(min(1.0, 0.5 * np.sqrt(len(Y) * max(off, 0.0))))
