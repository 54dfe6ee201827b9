"""``earthwork.scipy`` against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import scipy.spatial.distance
import scipy.special
import scipy.stats

from earthwork import scipy as ours

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("name", ["wasserstein_distance", "energy_distance"])
def test_on_the_line(name):
    for n, m in [(1, 1), (5, 8), (40, 3)]:
        x, y = RNG.integers(0, 9, n), RNG.normal(size=m)
        weights = RNG.integers(1, 5, n), RNG.random(m)
        for given in ((), weights):
            np.testing.assert_allclose(getattr(ours, name)(x, y, *given), getattr(scipy.stats, name)(x, y, *given))


def test_in_space():
    X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(9, 3))
    a, b = RNG.integers(1, 6, 12), RNG.random(9)
    for given in ((), (a, b)):
        theirs = scipy.stats.wasserstein_distance_nd(X, Y, *given)
        np.testing.assert_allclose(ours.wasserstein_distance_nd(X, Y, *given), theirs)
    np.testing.assert_allclose(ours.wasserstein_distance_nd(X[:, 0], Y[:, 0]), ours.wasserstein_distance(X[:, 0], Y[:, 0]))


def test_information():
    p, q = RNG.integers(0, 7, (6, 3)) + 1e-3, RNG.random((6, 3))
    for base in (None, 2):
        for axis in (0, 1):
            theirs = scipy.spatial.distance.jensenshannon(p, q, base, axis=axis)
            np.testing.assert_allclose(ours.jensenshannon(p, q, base, axis=axis), theirs)
            np.testing.assert_allclose(ours.entropy(p, q, base, axis), scipy.stats.entropy(p, q, base, axis))
            np.testing.assert_allclose(ours.entropy(p, None, base, axis), scipy.stats.entropy(p, None, base, axis))
    assert ours.entropy([1, 1], [1, 0]) == np.inf


@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (5, 11), (11, 5), (0, 3)])
@pytest.mark.parametrize("maximize", [False, True])
def test_assignment(shape, maximize):
    for costs in (RNG.normal(size=shape), RNG.integers(-3, 4, shape).astype(float)):
        theirs = scipy.optimize.linear_sum_assignment(costs, maximize)
        rows, columns = ours.linear_sum_assignment(costs, maximize)
        assert len(rows) == min(shape) and (np.diff(rows) > 0).all() and len(set(columns.tolist())) == len(columns)
        np.testing.assert_allclose(costs[rows, columns].sum(), costs[theirs].sum())


def test_assignment_around_what_is_forbidden():
    costs = np.array([[np.inf, 1.0], [2.0, 1e30]])
    assert ours.linear_sum_assignment(costs)[1].tolist() == [1, 0]
    with pytest.raises(ValueError, match="infeasible"):
        ours.linear_sum_assignment([[np.inf, 1.0], [np.inf, 2.0]])
    with pytest.raises(ValueError, match="invalid"):
        ours.linear_sum_assignment([[np.nan]])


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="v_weights"):
        ours.wasserstein_distance([1.0], [2.0, 3.0], [1.0], [1.0, -1.0])
    with pytest.raises(ValueError, match="u_values"):
        ours.wasserstein_distance_nd([[np.nan, 0.0]], [[1.0, 2.0]])
