"""What the losses for torch and JAX share: values and their derivatives, solved in double precision on the processor.

Derivatives are exact by the envelope theorem: the plan, or the potentials, at the optimum.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from earthwork import _inputs, exact
from earthwork import sinkhorn as entropic
from earthwork import sliced as slices
from earthwork._costs import of_points
from earthwork._inputs import Floats
from earthwork._kinds import Price
from earthwork.sinkhorn import Unbalanced

__all__ = ["Found", "Solver", "derivative", "settled", "sinkhorn", "sliced", "unbalanced", "wasserstein"]

Found: TypeAlias = tuple[float, "tuple[Floats | None, ...] | None"]
"""A value and its derivatives by x, y, a and b."""
Solver: TypeAlias = Callable[[Any, Any, Any, Any, bool], "list[Found]"]
"""From points (B, n, d), (B, m, d) and weights to what is found of each problem; derivatives where they are wanted."""


def settled(found: list[Found], order: float | None) -> tuple[Floats, Floats]:
    """The values, or their roots of an order, and the factors of the derivatives."""
    values = np.array([value for value, _ in found])
    slopes = np.ones(len(found))
    if order is not None:
        # Where the cost is 0 its root has a kink, of which 0 is a subgradient.
        costs = np.maximum(values, 0.0)
        values = costs ** (1.0 / order)
        slopes = np.divide(values, order * costs, out=np.zeros_like(values), where=costs > 0)
    return values, slopes


def derivative(found: list[Found], slopes: Floats, k: int) -> Floats | None:
    """The derivatives by x, y, a or b of all problems; None where there is none."""
    parts = [None if all_of is None else all_of[k] for _, all_of in found]
    # An infinite slope times a derivative that is 0 is no derivative.
    scaled = [
        np.asarray(one) * slope if slope else np.zeros_like(one) for one, slope in zip(parts, slopes, strict=True) if one is not None
    ]
    return np.stack(scaled) if scaled and len(scaled) == len(found) else None


def _centred(gradient: Any) -> tuple[Floats, Floats, Floats, Floats]:
    # Masses must keep their total: only differences of their gradient mean something, so its mean is taken off.
    return gradient.X, gradient.Y, gradient.a - gradient.a.mean(), gradient.b - gradient.b.mean()


def _problems(x: Any, y: Any, a: Any, b: Any) -> list[tuple[Any, Any, Any, Any]]:
    """Each problem of a batch, on the processor."""
    sides = [t.cpu() if hasattr(t, "cpu") else t for t in (x, y, a, b)]
    return [tuple(None if t is None else t[k] for t in sides) for k in range(len(x))]  # type: ignore[misc]


def _named(solve: Solver) -> Solver:
    """Has messages call arguments as the losses do."""

    def solved(x: Any, y: Any, a: Any, b: Any, wanted: bool) -> list[Found]:
        try:
            return solve(x, y, a, b, wanted)
        except (ValueError, TypeError) as why:
            first, colon, rest = str(why).partition(": ")
            name = {"X": "x", "Y": "y", "source": "price", "target": "price"}.get(first)
            if name is None:
                raise
            raise type(why)(name + colon + rest) from None

    return solved


def _each(solve: Callable[..., Found]) -> Solver:
    """Problem by problem, on all processors: the solver leaves the interpreter's lock."""

    def solved(x: Any, y: Any, a: Any, b: Any, wanted: bool) -> list[Found]:
        problems = _problems(x, y, a, b)
        if len(problems) <= 1:
            return [solve(*one, wanted) for one in problems]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda one: solve(*one, wanted), problems))

    return _named(solved)


def wasserstein(p: float, *, normalize: bool, tolerance: float, time_limit: float | None) -> Solver:
    """W_p^p, exact."""
    cost = "sqeuclidean" if p == 2 else f"euclidean^{float(p):g}"

    def solve(x: Any, y: Any, a: Any, b: Any, wanted: bool) -> list[Found]:
        sides = [_inputs.pair(X, Y, w, v, normalize=normalize, names=("x", "y")) for X, Y, w, v in _problems(x, y, a, b)]
        limits: dict[str, Any] = {"tolerance": tolerance, "time_limit": time_limit}
        found = [exact.solve(*sides[0], cost=cost, **limits)] if len(sides) == 1 else exact.batch(sides, cost, **limits)
        if any(one is None for one in found):
            raise RuntimeError("time_limit: it was over before each problem of the batch was begun")
        return [(one.value, _centred(one.gradient()) if wanted else None) for one in found if one is not None]

    return _named(solve)


def sinkhorn(epsilon: float, cost: str, *, normalize: bool, tolerance: float) -> Solver:
    """The Sinkhorn divergence."""

    def one(x: Any, y: Any, a: Any, b: Any, wanted: bool) -> Found:
        found = entropic.divergence(x, y, a, b, epsilon=epsilon, cost=cost, normalize=normalize, tolerance=tolerance)
        return found.value, _centred(found.gradient()) if wanted else None

    return _each(one)


def sliced(p: float, directions: Any, *, seed: int, normalize: bool) -> Solver:
    """The mean over slices; by points alone."""

    def one(x: Any, y: Any, a: Any, b: Any, wanted: bool) -> Found:
        value, by_x, by_y = slices.gradient(x, y, p, directions, seed=seed, a=a, b=b, normalize=normalize)
        return value, (np.reshape(by_x, x.shape), np.reshape(by_y, y.shape), None, None)

    return _each(one)


def unbalanced(
    epsilon: float, price: Price, cost: str, *, debias: bool, tolerance: float, max_iterations: int | None
) -> Solver:
    """Unbalanced entropic transport, or its divergence."""
    power = _power(cost)

    def loosely(x: Any, y: Any, a: Any, b: Any) -> Unbalanced:
        return entropic.unbalanced(
            x, y, a, b, price, price, epsilon=epsilon, cost=cost, tolerance=tolerance, max_iterations=max_iterations, reference="product"
        )

    def one(x: Any, y: Any, a: Any, b: Any, wanted: bool) -> Found:
        across = loosely(x, y, a, b)
        value, slopes = across.value, list(_loose_slopes(across, price, power)) if wanted else None
        if not debias:
            return value, None if slopes is None else tuple(slopes)
        gap = across._samples[0].total - across._samples[1].total
        value += 0.5 * across.epsilon * gap**2
        for side, sign in ((0, 1.0), (1, -1.0)):
            same = across._samples[side]
            within = loosely(same, same, None, None)
            value -= 0.5 * within.value
            if slopes is not None:
                by_first, by_second, of_first, of_second = _loose_slopes(within, price, power)
                slopes[side] -= 0.5 * (by_first + by_second)
                slopes[side + 2] += sign * across.epsilon * gap - 0.5 * (of_first + of_second)
        return value, None if slopes is None else tuple(slopes)

    return _each(one)


def _power(cost: str) -> float:
    """The power of the Euclidean distance that a cost is."""
    name, _, power = _inputs.text("cost", cost).partition("^")
    if cost == "sqeuclidean":
        return 2.0
    try:
        found = float(power or 1.0)
    except ValueError:
        found = 0.0
    if name != "euclidean" or not found >= 1:
        raise ValueError(f"cost: `{cost}` is none of sqeuclidean, euclidean, and euclidean^P with a P of at least 1")
    return found


def _loose_slopes(found: Unbalanced, price: Price, power: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Derivatives of the dual value by points and by masses, at its potentials: the envelope theorem."""
    (x, y), plan, epsilon = found._samples, found.plan, found.epsilon
    kind, rho = price if isinstance(price, tuple) else ("kl", price)
    P, Q = x.points, y.points
    pulls = 2.0 * plan
    if power != 2:
        lengths = cdist(P, Q)
        pulls = plan * power * np.power(lengths, power - 2.0, out=np.zeros_like(lengths), where=lengths > 0)
    by_points = (pulls.sum(1)[:, None] * P - pulls @ Q, pulls.sum(0)[:, None] * Q - pulls.T @ P)
    f, g = found.potentials
    costs = of_points(x, y, found.cost)
    by_masses = []
    for own, other, side, there, C in ((f, g, x, y, costs), (g, f, y, x, costs.T)):
        with np.errstate(divide="ignore"):
            reach = logsumexp((other - C) / epsilon + np.log(there.weights), axis=1)
        # A point without mass has the potential that it would have with the least mass.
        answer = -epsilon * reach
        answer = answer * rho / (rho + epsilon) if kind == "kl" else np.clip(answer, -rho, rho) if kind == "tv" else np.zeros_like(answer)
        own = np.where(side.weights > 0, own, answer)
        paid = rho * -np.expm1(-own / rho) if kind == "kl" else own
        by_masses.append(paid - epsilon * (np.exp(own / epsilon + reach) - there.total))
    return by_points[0], by_points[1], by_masses[0], by_masses[1]
