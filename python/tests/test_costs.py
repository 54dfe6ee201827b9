"""``ew.cost``: the costs that solvers move mass by."""

from __future__ import annotations

import numpy as np
import pytest

import earthwork as ew

RNG = np.random.default_rng(3)
NAMES = ("sqeuclidean", "euclidean", "euclidean^1.5", "cityblock", "cityblock^2", "chebyshev", "minkowski:3", "minkowski:3^2", "cosine")


@pytest.mark.parametrize("name", NAMES)
def test_costs_are_those_of_the_solver(name):
    X, Y = RNG.normal(size=(7, 3)), RNG.normal(size=(5, 3))
    C = ew.cost(X, Y, name)
    one_by_one = [[ew.exact.solve(x[None], y[None], cost=name).value for y in Y] for x in X]
    np.testing.assert_allclose(C, one_by_one, rtol=1e-12)
    a, b = np.full(7, 1 / 7), np.full(5, 1 / 5)
    np.testing.assert_allclose(ew.exact.solve_matrix(C, a, b).value, ew.exact.solve(X, Y, cost=name).value)


def test_one_side_functions_and_refusals():
    X = RNG.normal(size=(4, 2))
    np.testing.assert_allclose(ew.cost(X), ew.cost(X, X))
    np.testing.assert_allclose(ew.cost(X, X, lambda x, y: abs(x - y).sum()), ew.cost(X, X, "cityblock"))
    for name in ("typo", "minkowski:x", "minkowski:0.5", "euclidean^0", "sqeuclidean^2"):
        with pytest.raises(ValueError, match="cost: `"):
            ew.cost(X, X, name)
    with pytest.raises(ValueError, match="point 1 is the origin"):
        ew.cost([[1.0, 0.0], [0.0, 0.0]], X, "cosine")
    with pytest.raises(TypeError):
        ew.cost(X, X, 3)
