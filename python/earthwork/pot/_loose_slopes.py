"""Derivatives of entropic unbalanced plans and costs, by the implicit function theorem."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork._inputs import Floats

__all__ = ["Slopes"]


def _logs(p: Floats, q: Floats) -> Floats:
    """log(p / q), 0 where p is 0."""
    held = p > 0
    found: Floats = np.log(np.where(held, p, 1.0) / np.where(held, q, 1.0))
    return found


class Slopes:
    """What functions of P = R exp((f ⊕ g - C) / ε) change by with a, b and C, where f = -ρ₁ log(P 1 / a) and g = -ρ₂ log(Pᵀ 1 / b).

    ``product`` says that R is a bᵀ and changes with the masses.
    """

    def __init__(self, posed: Any, P: Floats, reg: float, prices: tuple[float, float], R: Floats, product: bool) -> None:
        self.a, self.b, self.costs = posed.a, posed.b, posed.costs
        self.P, self.reg, self.prices, self.R, self.product = P, reg, prices, R, product

    def plan(self, cotangent: Floats) -> list[Any]:
        """Of a function of the plan with derivative ``cotangent`` by it."""
        P, eps = self.P, self.reg
        rows, columns = P.sum(1), P.sum(0)
        W = P * cotangent
        n = len(rows)
        ends = [np.where(one > 0, one, 1.0) * (1 / eps + 1 / price) for one, price in zip((rows, columns), self.prices, strict=True)]
        system = np.zeros((n + len(columns),) * 2)
        system[:n, n:] = P / eps
        system[n:, :n] = P.T / eps
        np.fill_diagonal(system, np.concatenate(ends))
        found = np.linalg.solve(system, np.concatenate([W.sum(1), W.sum(0)]) / eps)
        sums = found[:n, None] + found[None, n:]
        by_a, by_b = found[:n] * rows, found[n:] * columns
        if self.product:
            left = W - P * sums
            by_a, by_b = by_a + left.sum(1), by_b + left.sum(0)
        return [self._over(by_a, self.a), self._over(by_b, self.b), P * (sums - cotangent) / eps]

    def _over(self, slope: Floats, masses: Floats) -> Floats:
        """slope / masses, 0 where there is no mass."""
        found: Floats = np.where(masses > 0, slope / np.where(masses > 0, masses, 1.0), 0.0)
        return found

    def cost(self, cotangent: Floats) -> list[Any]:
        """Of ⟨C, P⟩."""
        by_a, by_b, by_costs = self.plan(self.costs)
        return [float(cotangent) * one for one in (by_a, by_b, by_costs + self.P)]

    def total(self, cotangent: Floats) -> list[Any]:
        """Of ⟨C, P⟩ + ε Σ P log(P / R) + ρ₁ Σ P 1 log(P 1 / a) + ρ₂ Σ Pᵀ 1 log(Pᵀ 1 / b), terms with an infinite price left out."""
        P = self.P
        rows, columns = P.sum(1), P.sum(0)
        slope = self.costs + self.reg * (_logs(P, self.R) + 1.0)
        direct = [self.reg * one if self.product else np.zeros_like(one) for one in (rows, columns)]
        for axis, (price, marginal, masses) in enumerate(zip(self.prices, (rows, columns), (self.a, self.b), strict=True)):
            if price != np.inf:
                term = price * (_logs(marginal, masses) + 1.0)
                slope = slope + (term[:, None] if axis == 0 else term[None, :])
                direct[axis] = direct[axis] + price * marginal
        by_a, by_b, by_costs = self.plan(slope)
        found = by_a - self._over(direct[0], self.a), by_b - self._over(direct[1], self.b), by_costs + P
        return [float(cotangent) * one for one in found]
