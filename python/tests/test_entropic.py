"""Entropic transport against POT, closed forms and differences."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.spatial.distance

import earthwork as ew


def test_bounds_hold_the_exact_cost(clouds, masses):
    (X, Y), (a, b) = clouds, masses
    exact = ew.exact.solve(X, Y, a, b)
    for epsilon in (0.1, 0.01, 0.001):
        soft = ew.sinkhorn.solve(X, Y, a, b, epsilon=epsilon, relative=True)
        assert soft.status == "converged" and soft.marginal_error <= 1e-6
        assert soft.lower <= exact.value <= soft.upper
        np.testing.assert_allclose(soft.plan.sum(axis=1), a, atol=1e-6)


def test_bounds_can_be_left_out(clouds):
    X, Y = clouds
    C = scipy.spatial.distance.cdist(X, Y, "sqeuclidean")
    bounded = ew.sinkhorn.solve(X, Y, epsilon=0.1, relative=True)
    for plain in (
        ew.sinkhorn.solve(X, Y, epsilon=0.1, relative=True, certify=False),
        ew.sinkhorn.solve_matrix(C, epsilon=0.1, relative=True, certify=False),
    ):
        assert (plain.lower, plain.upper) == (-np.inf, np.inf)
        assert plain.transport_cost == pytest.approx(bounded.transport_cost, rel=1e-6)
        assert plain.marginal_error <= 1e-6


def test_values_agree_with_pot(clouds, masses):
    ot = pytest.importorskip("ot")
    (X, Y), (a, b) = clouds, masses
    C = scipy.spatial.distance.cdist(X, Y, "sqeuclidean")
    theirs = ot.sinkhorn(a, b, C, 0.5, method="sinkhorn_log", numItermax=100_000, stopThr=1e-13)
    for ours in (
        ew.sinkhorn.solve(X, Y, a, b, epsilon=0.5, tolerance=1e-9),
        ew.sinkhorn.solve_matrix(C, a, b, epsilon=0.5, tolerance=1e-9),
    ):
        # Marginals to 1e-9 leave the plan to about as much.
        np.testing.assert_allclose(ours.plan, theirs, atol=1e-8)
        assert ours.transport_cost == pytest.approx((C * theirs).sum(), rel=1e-7)
        entropy = (theirs * np.log(theirs / np.outer(a, b))).sum()
        assert ours.value == pytest.approx((C * theirs).sum() + 0.5 * entropy, rel=1e-7)


def test_the_map_is_the_barycentric_projection(clouds):
    X, Y = clouds
    soft = ew.sinkhorn.solve(X, Y, epsilon=0.3, tolerance=1e-9)
    projected = soft.plan @ Y / soft.plan.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(soft.map(X), projected, atol=1e-6)
    np.testing.assert_allclose(soft.potential(X), soft.potentials.f, atol=1e-6)


def test_the_divergence_and_its_gradient(clouds):
    X, Y = clouds
    assert abs(ew.sinkhorn.divergence(X, X, epsilon=1.0).value) <= 1e-6
    found = ew.sinkhorn.divergence(X, Y, epsilon=1.0, tolerance=1e-9)
    assert found.lower <= found.value <= found.upper
    step = np.zeros_like(X)
    step[5, 0] = 1e-3
    values = [ew.sinkhorn.divergence(X + s * step, Y, epsilon=1.0, tolerance=1e-9).value for s in (1, -1)]
    # Values are right to about 1e-8, differences over 2e-3 to 1e-5.
    assert found.gradient().X[5, 0] == pytest.approx((values[0] - values[1]) / 2e-3, abs=2e-5)


def test_unbalanced_and_partial(clouds):
    X, Y = clouds
    near = ew.sinkhorn.unbalanced(X, Y, source=1e4, target=1e4, epsilon=0.5)
    balanced = ew.sinkhorn.solve(X, Y, epsilon=0.5)
    assert near.mass == pytest.approx(1.0, abs=1e-2) and near.value == pytest.approx(balanced.value, rel=1e-2)
    part = ew.sinkhorn.partial(X, Y, mass=0.5, epsilon=0.1)
    assert part.mass == pytest.approx(0.5, rel=1e-4) and (part.a <= 1 / 80 + 1e-9).all()


def test_barycenters():
    images = [np.zeros((8, 8)), np.zeros((8, 8))]
    images[0][2, 2] = images[1][4, 6] = 1.0
    middle = ew.sinkhorn.grid_barycenter(images, epsilon=0.3)
    assert middle.masses.shape == (8, 8) and middle.masses.argmax() == 3 * 8 + 4
    cells = np.argwhere(np.ones((8, 8))).astype(float)
    same = ew.sinkhorn.fixed_barycenter(cells, [image.ravel() for image in images], epsilon=0.3)
    np.testing.assert_allclose(same.masses, middle.masses.ravel(), atol=1e-6)
    X = np.random.default_rng(0).normal(size=(20, 2))
    free = ew.sinkhorn.barycenter([X, X + [2.0, 0.0]], start=X, epsilon=0.5)
    np.testing.assert_allclose(free.points.mean(axis=0), X.mean(axis=0) + [1.0, 0.0], atol=1e-3)


def test_an_iteration_limit_is_a_status(clouds):
    X, Y = clouds
    found = ew.sinkhorn.solve(X, Y, epsilon=1e-3, relative=True, tolerance=1e-9, max_iterations=2)
    assert found.status == "iteration limit"


def _of_total(clouds, masses, total):
    (X, Y), (a, b) = clouds, masses
    return X, Y, a * (total / a.sum()), b * (total / b.sum())


@pytest.mark.parametrize("total", [1.0, 2.5, 1e-3])
def test_the_reference_measure_agrees_with_pot(clouds, masses, total):
    ot = pytest.importorskip("ot")
    X, Y, a, b = _of_total(clouds, masses, total)
    C = scipy.spatial.distance.cdist(X, Y, "sqeuclidean")
    theirs = ot.solve(C, a, b, reg=0.5, reg_type="KL", max_iter=100_000, tol=1e-13)
    P = theirs.plan
    given = {"epsilon": 0.5, "tolerance": 1e-9}
    for product, scaled in (
        (ew.sinkhorn.solve(X, Y, a, b, reference="product", **given), ew.sinkhorn.solve(X, Y, a, b, **given)),
        (ew.sinkhorn.solve_matrix(C, a, b, reference="product", **given), ew.sinkhorn.solve_matrix(C, a, b, **given)),
    ):
        assert (product.reference, scaled.reference) == ("product", "normalized")
        # (Their value has 1e-15 added to every entry of a ⊗ b.)
        assert product.value == pytest.approx(theirs.value, rel=1e-6)
        assert product.transport_cost == pytest.approx(theirs.value_linear, rel=1e-6)
        assert product.value == pytest.approx((C * P).sum() + 0.5 * (P * np.log(P / np.outer(a, b))).sum(), rel=1e-8)
        assert scaled.value == pytest.approx(product.value + 0.5 * total * np.log(total), rel=1e-12)
        np.testing.assert_allclose(product.plan, theirs.plan, atol=1e-8 * total)
        np.testing.assert_allclose(scaled.plan, theirs.plan, atol=1e-8 * total)
        # The plan of the potentials, by the formula of the documentation.
        f, g = product.potentials
        np.testing.assert_allclose(np.outer(a, b) * np.exp((f[:, None] + g - C) / 0.5), product.plan, rtol=1e-9)
        f, g = scaled.potentials
        np.testing.assert_allclose(np.outer(a, b) / total * np.exp((f[:, None] + g - C) / 0.5), scaled.plan, rtol=1e-9)
        assert (product.lower, product.upper) == (scaled.lower, scaled.upper)
    assert pickle.loads(pickle.dumps(product)).reference == "product"


@pytest.mark.parametrize("total", [1.0, 2.5, 1e-3])
def test_the_reference_measure_agrees_with_geomloss(clouds, masses, total):
    geomloss, torch = pytest.importorskip("geomloss"), pytest.importorskip("torch")
    X, Y, a, b = _of_total(clouds, masses, total)
    blur = 2.0
    given = [torch.tensor(one, dtype=torch.float64) for one in (a, X, b, Y)]

    def theirs(debias):
        loss = geomloss.SamplesLoss("sinkhorn", p=2, blur=blur, scaling=0.99, debias=debias, backend="tensorized")
        return loss(*given).item()

    # Their cost is half of the squared distance; their last iterate is good to some 1e-3.
    value = ew.sinkhorn.solve(X, Y, a, b, epsilon=2 * blur**2, reference="product").value
    assert value / 2 == pytest.approx(theirs(debias=False), rel=2e-3)
    divergence = ew.sinkhorn.divergence(X, Y, a, b, epsilon=2 * blur**2).value
    assert divergence / 2 == pytest.approx(theirs(debias=True), rel=2e-3)


def test_the_divergence_of_pot_for_any_total(clouds, masses):
    ot = pytest.importorskip("ot")
    for total in (1.0, 2.5, 1e-3):
        X, Y, a, b = _of_total(clouds, masses, total)

        def value(U, V, u, v):
            C = scipy.spatial.distance.cdist(U, V, "sqeuclidean")
            return ot.solve(C, u, v, reg=2.0, reg_type="KL", max_iter=100_000, tol=1e-13).value

        theirs = value(X, Y, a, b) - 0.5 * (value(X, X, a, a) + value(Y, Y, b, b))
        assert ew.sinkhorn.divergence(X, Y, a, b, epsilon=2.0, tolerance=1e-9).value == pytest.approx(theirs, rel=1e-6)
    with pytest.raises(ValueError, match="totals differ"):
        ew.sinkhorn.divergence(X, Y, a, 2 * b, epsilon=2.0)


def test_partial_transport_under_either_reference(clouds, masses):
    X, Y, a, b = _of_total(clouds, masses, 2.5)
    b = 0.5 * b
    C = scipy.spatial.distance.cdist(X, Y, "sqeuclidean")
    found = {
        reference: ew.sinkhorn.partial(X, Y, 0.8, a, b, epsilon=1.0, tolerance=1e-9, reference=reference)
        for reference in ("normalized", "product")
    }
    for reference, soft in found.items():
        R = np.outer(a, b) / (np.sqrt(a.sum() * b.sum()) if reference == "normalized" else 1.0)
        P = R * np.exp(soft.potentials.f[:, None] + soft.potentials.g - C)
        assert P.sum() == pytest.approx(0.8, rel=1e-6)
        assert soft.value == pytest.approx((C * P).sum() + (P * np.log(P / R) - P + R).sum(), rel=1e-6)
    assert found["product"].transport_cost == pytest.approx(found["normalized"].transport_cost, rel=1e-6)


def test_a_reference_that_is_none_is_refused():
    for call in (
        lambda: ew.sinkhorn.solve([0.0, 1.0], [2.0], reference="uniform"),
        lambda: ew.sinkhorn.solve_matrix([[0.0, 1.0]], reference="uniform"),
        lambda: ew.sinkhorn.unbalanced([0.0, 1.0], [2.0], reference="uniform"),
        lambda: ew.sinkhorn.partial([0.0, 1.0], [2.0], 0.5, reference="uniform"),
    ):
        with pytest.raises(ValueError, match="reference: `uniform` is none of normalized, product"):
            call()
