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


def test_infinite_values_are_infinitely_far():
    inf = np.inf
    for x, y in [([1, inf], [3, 4]), ([1, inf], [3, inf]), ([-inf, 0, 1], [0, 1, inf]), ([inf], [inf]), ([-inf, inf, 2], [inf, 2, -inf])]:
        for name in ("wasserstein_distance", "energy_distance"):
            with np.errstate(invalid="ignore"):
                theirs = getattr(scipy.stats, name)(x, y)
            found = getattr(ours, name)(x, y)
            assert isinstance(found, np.float64)
            if not np.isnan(theirs):
                assert found == pytest.approx(theirs), (name, x, y)
    assert ours.wasserstein_distance([1, inf], [3, inf]) == 1.0  # where SciPy says NaN
    assert ours.wasserstein_distance_nd([[1, inf], [0, 0]], [[1, 2], [0, 0]]) == inf
    assert ours.wasserstein_distance_nd([[1, inf], [0, 0]], [[4, inf], [3, 4]]) == 4.0


def test_entropy_takes_what_scipys_does():
    p, q = RNG.random((3, 4)), RNG.random((3, 4))
    p[0, 1] = np.nan
    for options in ({"axis": None}, {"axis": 1, "keepdims": True}, {"nan_policy": "omit"}, {"axis": None, "keepdims": True}):
        for given in ((p,), (p, q)):
            np.testing.assert_allclose(ours.entropy(*given, **options), scipy.stats.entropy(*given, **options), err_msg=str(options))
    with pytest.raises(ValueError, match="nan"):
        ours.entropy(p, nan_policy="raise")


def test_tables_of_costs():
    pandas = pytest.importorskip("pandas")
    costs = RNG.random((4, 6))
    table = pandas.DataFrame(costs)  # whose array is in the order of its columns
    assert ours.linear_sum_assignment(table)[1].tolist() == scipy.optimize.linear_sum_assignment(costs)[1].tolist()


def test_bad_input_says_where():
    with pytest.raises(ValueError, match=r"v_weights: entry 1 is -1\.0"):
        ours.wasserstein_distance([1.0], [2.0, 3.0], [1.0], [1.0, -1.0])
    with pytest.raises(ValueError, match=r"u_values: entry \(0, 0\) is NaN"):
        ours.wasserstein_distance_nd([[np.nan, 0.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="u_weights: the weights sum to 0"):
        ours.energy_distance([1.0], [2.0], [0.0])
