"""Plans of all results, where they send points, costs that are functions, and matrices in place of points."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import earthwork as ew

RNG = np.random.default_rng(8)
X, Y = RNG.normal(size=(14, 2)), RNG.normal(size=(11, 2)) + 1
A, B = RNG.random(14), 2 * RNG.random(11)
NEW = RNG.normal(size=(5, 2))


def cubed(p, q):
    return float(np.linalg.norm(p - q) ** 3)


def test_an_exact_plan_maps_new_points():
    found = ew.exact.solve(X, Y)
    images = found.barycentric_projection()
    np.testing.assert_allclose(images, 14 * found.plan.toarray() @ Y)
    np.testing.assert_allclose(found.map(X), images)
    nearest = ((NEW[:, None] - X) ** 2).sum(-1).argmin(1)
    np.testing.assert_allclose(found.map(NEW), NEW + images[nearest] - X[nearest])
    np.testing.assert_allclose(found.map(Y, reverse=True), 11 * found.plan.toarray().T @ X)
    np.testing.assert_allclose(ew.exact.solve(X, X + 3).map(NEW), NEW + 3)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(found)).map(NEW), found.map(NEW))
    with pytest.raises(ValueError, match="matrix, which has no points"):
        ew.exact.solve_matrix(ew.cost(X, Y)).map(NEW)
    with pytest.raises(ValueError, match="points: they have dimension 3"):
        found.map(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"points: entry \(1, 0\) is nan"):
        found.map([[0.0, 0.0], [np.nan, 0.0]])


def test_tables_are_mapped_by_names():
    pandas = pytest.importorskip("pandas")
    source, target = pandas.DataFrame(X, columns=["u", "v"]), pandas.DataFrame(Y, columns=["u", "v"])
    found = ew.exact.solve(source, target)
    turned = pandas.DataFrame(NEW, columns=["u", "v"])[["v", "u"]]
    np.testing.assert_allclose(found.map(turned), found.map(NEW))


@pytest.mark.parametrize("reference", ["normalized", "product"])
@pytest.mark.parametrize("prices", [(1.0, 2.0), (("tv", 1.0), ("l2", 0.5)), (None, 1.0)])
def test_an_unbalanced_result_has_its_plan(reference, prices):
    found = ew.sinkhorn.unbalanced(X, Y, A, B, *prices, epsilon=0.2, reference=reference, tolerance=1e-9)
    np.testing.assert_allclose(found.plan.sum(1), found.a, rtol=1e-9)
    np.testing.assert_allclose(found.plan.sum(0), found.b, rtol=1e-6)
    assert (found.plan * ew.cost(X, Y)).sum() == pytest.approx(found.transport_cost) and found.plan.sum() == pytest.approx(found.mass)
    np.testing.assert_allclose(found.map(X), found.barycentric_projection(), rtol=1e-9)
    np.testing.assert_allclose(found.map(Y, reverse=True), found.barycentric_projection(reverse=True), rtol=1e-5)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.plan, found.plan)
    assert float(again) == found.value and f"{found:.3f}" == f"{found.value:.3f}" and repr(again) == repr(found)


def test_partial_results_have_plans_and_maps():
    soft = ew.sinkhorn.partial(X, Y, 3.0, A, B, epsilon=0.2, tolerance=1e-9)
    assert soft.plan.sum() == pytest.approx(3.0) and (soft.plan.sum(1) <= A * (1 + 1e-6)).all() and (soft.plan.sum(0) <= B * (1 + 1e-6)).all()
    assert soft.map(NEW).shape == NEW.shape
    found = ew.exact.partial(X, Y, 0.3)
    images = found.barycentric_projection()
    still = np.isnan(images).any(1)
    assert still.any() and not still.all() and (found.plan.sum(axis=1)[still] == 0).all()
    assert np.isfinite(found.map(X)).all()
    np.testing.assert_allclose(found.map(X[~still]), images[~still])


@pytest.mark.parametrize("share", [1e-15, 1e-3, 0.3, 0.99, 1.0])
def test_partial_transport_of_a_matrix(share):
    mass = share * min(A.sum(), B.sum())
    points, found = ew.exact.partial(X, Y, mass, A, B), ew.exact.partial_matrix(ew.cost(X, Y), mass, A, B)
    assert found.value == pytest.approx(points.value, rel=1e-9) and found.plan.sum() == pytest.approx(mass)
    assert found.lower <= found.value * (1 + 1e-12) and found.upper >= found.value * (1 - 1e-12)
    assert (found.plan.sum(axis=1) <= A * (1 + 1e-12)).all() and (found.plan.sum(axis=0) <= B * (1 + 1e-12)).all()
    f, g = found.potentials
    C = ew.cost(X, Y)
    assert f.max() <= 1e-9 and g.max() <= 1e-9 and (f[:, None] + g + found.price <= C + 1e-9).all()
    assert A @ f + B @ g + found.price * mass == pytest.approx(found.value, rel=1e-6, abs=1e-12)
    again = pickle.loads(pickle.dumps(found))
    assert again.value == found.value and repr(again) == repr(found) and (again.plan != found.plan).nnz == 0


def test_what_partial_matrix_refuses():
    C = ew.cost(X, Y)
    for call, message in [
        (lambda: ew.exact.partial_matrix(C, 2.0), "mass: it is 2.0"),
        (lambda: ew.exact.partial_matrix(C, 0.0), "mass: it is 0.0"),
        (lambda: ew.exact.partial_matrix(C, 0.5, A[:3]), "a: it has 3 masses"),
        (lambda: ew.exact.partial_matrix(C, 0.5, b=-B), "b: entry 0"),
        (lambda: ew.exact.partial(X, Y, 0.5, cost=lambda p, q: np.nan), "cost: for points 0 and 0 it returned nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="cost: for points 0 and 0 it returned str"):
        ew.exact.solve(X, Y, cost=lambda p, q: "far")


def test_functions_wherever_costs_are_named():
    name, C = "euclidean^3", ew.cost(X, Y, cubed)
    np.testing.assert_allclose(C, ew.cost(X, Y, name))
    plan = ew.exact.solve(X, Y, cost=name).plan
    for call in (
        lambda cost: ew.exact.solve(X, Y, cost=cost),
        lambda cost: ew.exact.partial(X, Y, 0.4, cost=cost),
        lambda cost: ew.exact.batch([(X, Y), (Y, X)], cost)[1],
        lambda cost: ew.exact.pairwise([X, Y, NEW], cost).values[2, 0],
        lambda cost: ew.sinkhorn.solve(X, Y, epsilon=1.0, cost=cost),
        lambda cost: ew.sinkhorn.divergence(X, Y, epsilon=1.0, cost=cost),
        lambda cost: ew.certify(plan, X, Y, cost=cost).upper,
        lambda cost: ew.flow.coupling(X[:11], Y, cost=cost).tolist(),
        lambda cost: ew.sinkhorn.solve(X, Y, epsilon=1.0, cost=cost).map(NEW).tolist(),
        lambda cost: ew.sinkhorn.solve(X, Y, epsilon=1.0, cost=cost).potential(NEW, reverse=False).tolist(),
    ):
        by_function, by_name = call(cubed), call(name)
        if isinstance(by_name, list):
            np.testing.assert_allclose(by_function, by_name, rtol=1e-4)
        else:
            assert float(by_function) == pytest.approx(float(by_name), rel=1e-5)
    np.testing.assert_allclose(ew.exact.solve(X, Y, cost=cubed).map(NEW), ew.exact.solve(X, Y, cost=name).map(NEW))
    soft = ew.sinkhorn.solve(X, Y, epsilon=1.0, cost=lambda p, q: cubed(p, q))
    assert pickle.loads(pickle.dumps(soft)).value == soft.value


def test_the_divergence_of_matrices():
    a, b = A / A.sum(), B / B.sum()
    points = ew.sinkhorn.divergence(X, Y, a, b, epsilon=0.5, tolerance=1e-10)
    found = ew.sinkhorn.divergence_matrix(ew.cost(X, Y), ew.cost(X), ew.cost(Y), a, b, epsilon=0.5, tolerance=1e-10)
    assert found.value == pytest.approx(points.value, rel=1e-7) and found.converged
    assert found.lower <= points.value + 1e-9 and found.upper >= points.value - 1e-9
    ours, theirs = found.gradient(), points.gradient()
    np.testing.assert_allclose(ours.a - ours.a.mean(), theirs.a - theirs.a.mean(), atol=1e-6)
    np.testing.assert_allclose(ours.b - ours.b.mean(), theirs.b - theirs.b.mean(), atol=1e-6)
    assert pickle.loads(pickle.dumps(found)).gradient().a.tolist() == ours.a.tolist()
    for wrong, message in [(ew.cost(Y), "C_X: it has shape"), (np.triu(ew.cost(X)), "C_X: it is not symmetric")]:
        with pytest.raises(ValueError, match=message):
            ew.sinkhorn.divergence_matrix(ew.cost(X, Y), wrong, ew.cost(Y), epsilon=0.5)


@pytest.mark.parametrize("debias", [True, False])
def test_barycenters_under_a_matrix(debias):
    places = np.linspace(0, 1, 25)
    masses = [np.exp(-((places - at) ** 2) / 0.01) for at in (0.2, 0.7)]
    masses = [one / one.sum() for one in masses]
    by_points = ew.sinkhorn.fixed_barycenter(places, masses, 0.005, debias=debias, tolerance=1e-7)
    for found in (
        ew.sinkhorn.fixed_barycenter_matrix(ew.cost(places, places), masses, 0.005, debias=debias, tolerance=1e-7),
        ew.sinkhorn.fixed_barycenter(places, masses, 0.005, cost=lambda p, q: float((p - q) @ (p - q)), debias=debias, tolerance=1e-7),
    ):
        np.testing.assert_allclose(found.masses, by_points.masses, atol=1e-4 if debias else 1e-6)
        assert found.status == "converged"
    with pytest.raises(ValueError, match=r"masses\[0\]: it has 25 masses"):
        ew.sinkhorn.fixed_barycenter_matrix(np.zeros((3, 3)), masses, 0.1)


def test_named_tuples_show_their_shapes_and_are_numbers():
    large = RNG.normal(size=(60, 2)), RNG.normal(size=(60, 2))
    for found in (
        ew.sliced.partial(*large, share=0.5), ew.sliced.max_distance(*large), ew.sliced.subspace(*large, 1),
        ew.exact.bottleneck(ew.cost(*large)), ew.exact.barycenter(large, large[0]), ew.exact.solve(*large).gradient(),
        ew.exact.solve(*large).potentials, ew.flow.coupling(*large, a=np.full(60, 1 / 60)),
    ):  # fmt: skip
        assert len(repr(found)) < 500, repr(found)
        if hasattr(found, "value"):
            assert float(found) == found.value and f"{found:.2f}" == f"{found.value:.2f}"
