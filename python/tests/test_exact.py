"""Exact transport against what is known, and against POT and SciPy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
import scipy.spatial.distance
import scipy.stats

import earthwork as ew

COSTS = {
    "sqeuclidean": {"metric": "sqeuclidean"},
    "euclidean": {"metric": "euclidean"},
    "cityblock": {"metric": "cityblock"},
    "chebyshev": {"metric": "chebyshev"},
    "minkowski:3": {"metric": "minkowski", "p": 3},
    "cosine": {"metric": "cosine"},
}


def test_a_translation_costs_its_square(clouds):
    X, _ = clouds
    found = ew.exact.solve(X, X + [3.0, 4.0])
    assert found.value == pytest.approx(25.0, rel=1e-14)
    assert found.lower <= found.value <= found.upper
    assert found.status == "optimal"
    assert float(found.wasserstein()) == pytest.approx(5.0, rel=1e-14)


@pytest.mark.parametrize("cost", COSTS)
def test_every_cost_agrees_with_pot(clouds, masses, cost):
    ot = pytest.importorskip("ot")
    (X, Y), (a, b) = clouds, masses
    C = scipy.spatial.distance.cdist(X, Y, **COSTS[cost])
    theirs = ot.emd2(a, b, C)
    ours = ew.exact.solve(X, Y, a, b, cost=cost)
    # Both sum thousands of products; the costs themselves differ in the last digits.
    assert ours.value == pytest.approx(theirs, rel=1e-11)
    assert ew.exact.solve_matrix(C, a, b).value == pytest.approx(theirs, rel=1e-11)


@pytest.mark.parametrize(
    ("cost", "order"),
    [("sqeuclidean", 2), ("euclidean", 1), ("euclidean^3", 3), ("cityblock^2", 2), ("euclidean^0.5", 1)],
)
def test_the_distance_is_the_root_that_belongs_to_the_cost(clouds, cost, order):
    X, Y = clouds
    found = ew.exact.solve(X, Y, cost=cost)
    # A power below 1 of a distance is a distance itself: no root is taken.
    assert found.wasserstein().value == pytest.approx(found.value ** (1 / order), rel=1e-15)
    assert found.wasserstein(p=1).value == found.value


def test_no_root_is_made_up(clouds):
    X, Y = clouds
    for found in [ew.exact.solve(X, Y, cost="cosine"), ew.exact.solve_matrix(np.ones((2, 3)))]:
        with pytest.raises(ValueError, match="^p: the cost .* give p"):
            found.wasserstein()
        assert found.wasserstein(p=2).value == found.value**0.5


def test_plan_and_potentials_prove_the_value(clouds, masses):
    (X, Y), (a, b) = clouds, masses
    found = ew.exact.solve(X, Y, a, b)
    C = scipy.spatial.distance.cdist(X, Y, "sqeuclidean")
    assert scipy.sparse.issparse(found.plan)
    assert found.plan.shape == (80, 60) and found.plan.nnz <= 80 + 60 - 1
    np.testing.assert_allclose(found.plan.sum(axis=1), a, rtol=1e-12)
    np.testing.assert_allclose(found.plan.sum(axis=0), b, rtol=1e-12)
    assert (found.plan * C).sum() == pytest.approx(found.value, rel=1e-13)
    f, g = found.potentials
    assert (f[:, None] + g <= C + 1e-12).all()
    assert a @ f + b @ g == pytest.approx(found.value, rel=1e-12)


def test_an_assignment_agrees_with_scipy():
    C = np.random.default_rng(0).random((60, 60))
    rows, columns = scipy.optimize.linear_sum_assignment(C)
    assert ew.exact.solve_matrix(C).value == pytest.approx(C[rows, columns].mean(), rel=1e-12)


def test_a_line_agrees_with_scipy():
    rng = np.random.default_rng(1)
    x, y, a, b = rng.normal(size=50), rng.normal(size=70), rng.random(50), rng.random(70)
    a, b = a / a.sum(), b / b.sum()
    theirs = scipy.stats.wasserstein_distance(x, y, a, b)
    assert ew.exact.wasserstein(x, y, 1, a, b).value == pytest.approx(theirs, rel=1e-12)


def test_grids_are_matrices_in_disguise():
    rng = np.random.default_rng(2)
    A, B = rng.random((5, 6)), rng.random((5, 6))
    A, B = A / A.sum(), B / B.sum()
    cells = np.argwhere(np.ones((5, 6))) * 0.5
    for cost in ("sqeuclidean", "cityblock"):
        C = scipy.spatial.distance.cdist(cells, cells, cost)
        grid = ew.exact.solve_grid(A, B, cost, spacing=0.5)
        assert grid.value == pytest.approx(ew.exact.solve_matrix(C, A.ravel(), B.ravel()).value, rel=1e-12)
        assert grid.plan.shape == (30, 30)


def test_a_function_is_a_cost(clouds):
    X, Y = clouds
    ours = ew.exact.solve(X, Y, cost=lambda p, q: abs(p - q).sum())
    assert ours.value == pytest.approx(ew.exact.solve(X, Y, cost="cityblock").value, rel=1e-13)


def test_the_gradient_is_that_of_differences(clouds):
    X, Y = clouds
    gradient = ew.exact.solve(X, Y).gradient()
    step = np.zeros_like(X)
    step[3, 1] = 1e-5
    slope = (ew.exact.solve(X + step, Y).value - ew.exact.solve(X - step, Y).value) / 2e-5
    # The plan does not change over so small a step, so the cost is quadratic and the difference exact but for rounding.
    assert gradient.X[3, 1] == pytest.approx(slope, rel=1e-6)


def test_a_warm_start_finds_the_same(clouds):
    X, Y = clouds
    first = ew.exact.solve(X, Y)
    again = ew.exact.solve(X + 0.01, Y, start=first)
    assert again.value == pytest.approx(ew.exact.solve(X + 0.01, Y).value, rel=1e-12)


def test_a_matrix_begins_with_the_plan_of_another(clouds):
    X, Y = clouds
    C = ew.cost(X, Y, "sqeuclidean")
    first = ew.exact.solve_matrix(C)
    cold, warm = ew.exact.solve_matrix(C + 0.01 * C**2), ew.exact.solve_matrix(C + 0.01 * C**2, start=first)
    assert warm.value == pytest.approx(cold.value, rel=1e-12) and warm.status == "optimal"
    own = ew.exact.solve_matrix(C, start=(first.plan, first.potentials))
    assert own.value == pytest.approx(first.value, rel=1e-12)
    by_function = ew.exact.solve(X, Y, cost=lambda x, y: float(((x - y) ** 2).sum()), start=first)
    assert by_function.value == pytest.approx(first.value, rel=1e-12)
    with pytest.raises(ValueError, match="start: its plan has shape"):
        ew.exact.solve_matrix(C[:-1], start=(first.plan, first.potentials))


def test_a_deadline_leaves_bounds():
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(2000, 2)), rng.normal(size=(2000, 2)) + 1
    found = ew.exact.solve(X, Y, time_limit=0.0)
    assert found.status == "deadline"
    assert found.lower <= ew.exact.solve(X, Y).value <= found.upper


@pytest.mark.parametrize("cost", ["sqeuclidean", "euclidean"])
def test_a_tolerance_gives_bounds_as_close_as_asked_for(cost):
    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(2000, 2)), rng.normal(size=(2000, 2)) + 1
    best = ew.exact.solve(X, Y, cost=cost)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ew.exact.solve(X, Y, cost=cost, tolerance=0.05)
        (other,) = ew.exact.batch([(X, Y)], cost=cost, tolerance=0.05)
    assert found.status == other.status == "within tolerance" and best.status == "optimal"
    assert found.iterations < best.iterations
    assert found.lower <= best.value <= found.upper <= 1.06 * found.lower
    for wrong, error in [(-1e-3, ValueError), (np.nan, ValueError), ("1e-3", TypeError)]:
        with pytest.raises(error, match="tolerance"):
            ew.exact.solve(X, Y, tolerance=wrong)


def test_partial_and_barycenter_and_pairwise(clouds):
    X, Y = clouds
    full, half = ew.exact.solve(X, Y), ew.exact.partial(X, Y, mass=0.5)
    assert half.lower <= half.value <= half.upper and half.value < full.value / 2
    assert half.plan.sum() == pytest.approx(0.5, rel=1e-12)
    middle = ew.exact.barycenter([X, X + [2.0, 0.0]], start=X)
    np.testing.assert_allclose(middle.points, X + [1.0, 0.0], atol=1e-12)
    matrix = ew.exact.pairwise([X, Y, X + 1])
    assert matrix.values[0, 1] == pytest.approx(full.value, rel=1e-13) and matrix.values[2, 0] == pytest.approx(2.0)
    assert (matrix.lower <= matrix.values).all() and (matrix.values <= matrix.upper).all()


def test_pairs_within_a_tolerance_and_a_time():
    rng = np.random.default_rng(6)
    samples = [rng.normal(size=(600, 2)) + k for k in range(3)]
    exact = ew.exact.pairwise(samples)
    near = ew.exact.pairwise(samples, tolerance=0.05)
    assert (near.lower <= exact.values * (1 + 1e-12)).all() and (exact.values <= near.upper * (1 + 1e-12)).all()
    assert (near.upper - near.lower <= 0.05 * near.upper + 1e-12).all()
    with pytest.warns(ew.ConvergenceWarning, match="deadline"):
        cut = ew.exact.pairwise(samples, time_limit=1e-9)
    assert (cut.lower <= exact.values * (1 + 1e-12)).all() and (exact.values <= cut.upper * (1 + 1e-12)).all()
    with pytest.raises(ValueError, match="tolerance"):
        ew.exact.pairwise(samples, tolerance=-1.0)


def test_a_certificate_judges_anybody(clouds, masses):
    (X, Y), (a, b) = clouds, masses
    found = ew.exact.solve(X, Y, a, b)
    proof = ew.certify(found.plan, X, Y, a, b, potentials=found.potentials)
    assert proof.upper - proof.lower <= 1e-12 * proof.upper and proof.marginal_error <= 1e-12
    careless = ew.certify(np.outer(a, b), X, Y, a, b)
    assert careless.upper > found.value
    C = scipy.spatial.distance.cdist(X, Y, "sqeuclidean")
    assert ew.certify(found.plan, a=a, b=b, C=C, potentials=found.potentials).upper == pytest.approx(found.value)


def test_population_brackets_the_truth():
    rng = np.random.default_rng(4)
    found = ew.exact.population(rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + [1.0, 0.0])
    assert found.estimate.lower < 1.0 < found.estimate.upper


def test_same_bits_every_time(clouds):
    X, Y = clouds
    assert len({ew.exact.solve(X, Y).value for _ in range(3)}) == 1


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("scale", [2.0**565, 2.0**-565])
def test_a_distance_has_no_unit(clouds, p, scale):
    X, Y = clouds
    far, away = X * scale, Y * scale
    one = ew.exact.wasserstein(X, Y, p)
    assert ew.exact.wasserstein(far, away, p).value / scale == pytest.approx(one.value, rel=1e-12)
    row = ew.compare(far, away, others_up_to=0)[f"W{p}"].estimate
    assert row is not None and row.value / scale == pytest.approx(one.value, rel=1e-12)
    pairs = ew.exact.pairwise([far, away], p=p)
    for found, right in zip(pairs, (one.value, one.lower, one.upper), strict=True):
        assert found[0, 1] / scale == pytest.approx(right, rel=1e-12)
    with pytest.raises(ValueError, match="either `cost` or `p`"):
        ew.exact.pairwise([X, Y], cost="euclidean", p=p)


def test_the_order_inf_is_the_longest_way():
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    found = ew.exact.wasserstein(X, Y, p=np.inf)
    assert found.lower == found.upper == found.value
    assert ew.exact.wasserstein(X, Y, p=8).value < found.value
    costs = np.linalg.norm(X[:, None] - Y[None], axis=2)
    same = ew.exact.bottleneck(costs)
    assert same.value == same.lower == pytest.approx(found.value, rel=1e-12)
    assert costs[same.rows, same.columns].max() == same.value
    assert same.masses.sum() == pytest.approx(1)
    near = (costs[same.cut] < same.lower).any(axis=0)
    assert len(same.cut) > near.sum()
    with pytest.raises(ValueError, match="row|column"):
        ew.exact.bottleneck([[np.inf, np.inf], [1.0, 2.0]])
