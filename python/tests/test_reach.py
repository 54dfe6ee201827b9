"""What else of the library Python reaches: partial and generalised slices, quantile functions, mixtures, batches, own starts."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import earthwork as ew


def test_partial_slices_leave_outliers_where_they_are(clouds):
    X, _ = clouds
    outlier = np.vstack([X, [[500.0, 500.0]]])
    ones = [np.ones(len(outlier)), np.ones(len(X))]
    found = ew.sliced.partial(outlier, X, mass=len(X), a=ones[0], b=ones[1], directions=50)
    assert found.value == 0.0 and (found.moved == len(X)).all() and found.costs.shape == (50,)
    by_price = ew.sliced.partial(outlier, X, penalty=0.25, a=ones[0], b=ones[1], directions=50)
    assert by_price.value == pytest.approx(0.5, rel=1e-12)  # one unit is left out at that price
    half = ew.sliced.partial(X, X + 1.0, share=0.5, seed=3)
    whole = ew.sliced.partial(X, X + 1.0, share=1.0, seed=3)
    assert half.value < whole.value == pytest.approx(ew.sliced.distance(X, X + 1.0, seed=3, control_variates=False).value)
    for wrong in [{}, {"mass": 1.0, "share": 0.5}]:
        with pytest.raises(ValueError, match="^mass: give one"):
            ew.sliced.partial(X, X, **wrong)
    with pytest.raises(ValueError, match="mass"):
        ew.sliced.partial(X, X, mass=-1.0)


def test_generalised_slices(clouds, masses):
    (X, Y), (a, b) = clouds, masses
    directions = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    # Linear functions are slices.
    found = ew.sliced.generalised(X, Y, lambda points: points @ directions.T, a=a, b=b)
    slices = ew.sliced.distance(X, Y, directions=directions, a=a, b=b, control_variates=False)
    assert found.value == pytest.approx(slices.value, rel=1e-12)
    assert found.value <= ew.exact.wasserstein(X, Y, 2, a, b).upper
    with pytest.raises(ValueError, match="^functions: they gave shape"):
        ew.sliced.generalised(X, Y, lambda points: points.sum())
    with pytest.raises(ZeroDivisionError):
        ew.sliced.generalised(X, Y, lambda points: 1 / 0)


def test_quantile_functions():
    near, far = scipy.stats.expon(scale=1.0), scipy.stats.expon(scale=3.0)
    assert ew.closed_form.quantile_distance(near, far, p=1).value == pytest.approx(2.0, rel=1e-12)
    assert ew.closed_form.quantile_distance(near, far).value == pytest.approx(8**0.5, rel=1e-12)
    # From the level alone the upper tail loses digits, and little else.
    assert ew.closed_form.quantile_distance(near.ppf, far.ppf, p=1).value == pytest.approx(2.0, rel=1e-6)
    normal = ew.closed_form.quantile_distance(scipy.stats.norm(0, 1), scipy.stats.norm(3, 5))
    assert normal.value == pytest.approx(5.0, rel=1e-12)
    with pytest.raises(ZeroDivisionError):
        ew.closed_form.quantile_distance(lambda u: 1 / 0, near)
    with pytest.raises(TypeError, match="^Q: "):
        ew.closed_form.quantile_distance(near, 3.0)
    with pytest.raises(ValueError, match="^p: "):
        ew.closed_form.quantile_distance(near, far, p=0.5)


def test_moments(clouds):
    X, Y = clouds
    mean, covariance = ew.closed_form.moments(X)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(covariance, np.cov(X.T, bias=True), rtol=1e-12)
    pair = ew.closed_form.moments(X), ew.closed_form.moments(Y)
    assert ew.closed_form.bures_wasserstein(*pair).value == pytest.approx(ew.closed_form.gelbrich(X, Y).value, rel=1e-12)


def test_mixtures():
    mixture = ([[0.0, 0.0], [4.0, 1.0]], [np.eye(2), [[2.0, 0.5], [0.5, 1.0]]], [0.25, 0.75])
    points, components = ew.mixture.sample(mixture, 4000, seed=2)
    assert np.bincount(components)[1] == pytest.approx(3000, abs=120)
    parts = [scipy.stats.multivariate_normal(m, c).pdf(points) for m, c in zip(mixture[0], mixture[1], strict=True)]
    weighed = np.column_stack(parts) * mixture[2]
    np.testing.assert_allclose(ew.mixture.log_density(mixture, points), np.log(weighed.sum(axis=1)), rtol=1e-10)
    np.testing.assert_allclose(ew.mixture.posterior(mixture, points), weighed / weighed.sum(axis=1, keepdims=True), atol=1e-12)
    grid = ew.mixture.grid(5)
    assert grid[0].shape == (25, 2) and grid[1].shape == (25, 2, 2) and grid[2].sum() == pytest.approx(1.0)
    assert ew.metrics.modes(grid, ew.mixture.sample(grid, 2000)[0]).captured == 25
    with pytest.raises(ValueError, match="^points: they have 3 coordinates"):
        ew.mixture.posterior(mixture, np.zeros((1, 3)))


def test_a_batch_is_its_problems_one_by_one(clouds):
    X, Y = clouds
    pairs = [(X[k:], Y[: 40 + k]) for k in range(5)] + [(ew.samples(X, np.ones(len(X))), ew.samples(Y, np.full(len(Y), len(X) / len(Y))))]
    found = ew.exact.batch(pairs, cost="euclidean")
    for (x, y), solution in zip(pairs, found, strict=True):
        alone = ew.exact.solve(x, y, cost="euclidean")
        assert solution.value == alone.value and solution.wasserstein().value == alone.value
        assert (solution.plan != alone.plan).nnz == 0
    with pytest.raises(ValueError, match=r"^pairs\[1\]"):
        ew.exact.batch([(X, Y), (X, np.zeros((3, 3)))])
    with pytest.raises(TypeError, match=r"^pairs\[0\]: two samples"):
        ew.exact.batch([3])


def test_a_solve_begins_with_a_plan_of_ones_own(clouds, masses):
    (X, Y), (a, b) = clouds, masses
    cold = ew.exact.solve(X, Y, a, b)
    near = ew.exact.solve(X + 1e-4, Y, a, b, start=(cold.plan, cold.potentials))
    again = ew.exact.solve(X + 1e-4, Y, a, b, start=cold)
    assert near.value == again.value == pytest.approx(ew.exact.solve(X + 1e-4, Y, a, b).value, rel=1e-12)
    assert near.status == "optimal"
    dense = ew.exact.solve(X, Y, a, b, start=(cold.plan.toarray(), (np.zeros(len(X)), np.zeros(len(Y)))))
    assert dense.value == pytest.approx(cold.value, rel=1e-12)
    with pytest.raises(ValueError, match="^start: its plan has shape"):
        ew.exact.solve(X, Y, start=(np.eye(3), cold.potentials))
    with pytest.raises(TypeError, match="^start: a Solution, or a plan"):
        ew.exact.solve(X, Y, start=3)


def test_where_a_distance_lies(clouds):
    X, _ = clouds
    found = ew.exact.solve(X, X + [3.0, 4.0])
    assert [column.share for column in found.columns()] == pytest.approx([9 / 25, 16 / 25])
    (flow, *_) = found.flows(1)
    assert flow.share == pytest.approx(1.0) and not flow.stays
    np.testing.assert_allclose(np.subtract(flow.end, flow.start), [3.0, 4.0], rtol=1e-9)
    with pytest.raises(ValueError, match="^columns: it needs points"):
        ew.exact.solve_matrix(np.ones((2, 2))).columns()


def test_entropic_solves_begin_with_potentials(clouds):
    X, Y = clouds
    cold = ew.sinkhorn.solve(X, Y, epsilon=0.5)
    for start in (cold, cold.potentials):
        warm = ew.sinkhorn.solve(X, Y, epsilon=0.5, start=start)
        assert warm.iterations < cold.iterations and warm.value == pytest.approx(cold.value, rel=1e-6)
    C = ((X[:, None] - Y) ** 2).sum(axis=2)
    assert ew.sinkhorn.solve_matrix(C, epsilon=0.5, start=cold).iterations < cold.iterations
    with pytest.raises(ValueError):
        ew.sinkhorn.solve(X, Y, epsilon=0.5, start=(np.zeros(3), np.zeros(3)))


def test_metrics_with_options(clouds):
    X, Y = clouds
    x, y = ew.samples(X), ew.samples(Y)
    of_the_samples = ew.metrics.fid(of_the_samples=True).between(x, y).value
    assert of_the_samples <= ew.exact.wasserstein(X, Y).upper ** 2 * (1 + 1e-12)
    assert ew.metrics.fid().between(x, y).value == ew.metrics.metric("fid").between(x, y).value
    assert ew.metrics.fid_infinity().between(x, y).value == ew.metrics.metric("fid_inf").between(x, y).value
    assert ew.metrics.kid().between(x, y).value == ew.metrics.metric("kid").between(x, y).value
    assert ew.metrics.classifier_test().between(x, y).value == ew.metrics.metric("c2st").between(x, y).value
    assert ew.metrics.kid(20, 30, seed=5).between(x, y).seed == 5
    parts = ew.metrics.one_nearest(X, Y)
    assert parts.accuracy.value == pytest.approx((parts.real.value + parts.fake.value) / 2)
    assert parts.accuracy.value == ew.metrics.metric("one_nn").between(x, y).value
    assert "w1" in ew.comparison.NAMES and "sw:P" in ew.comparison.FORMS
    assert ew.std_error(X[:30], Y[:30], "energy").std_error > 0
