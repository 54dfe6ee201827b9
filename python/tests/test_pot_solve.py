"""``solve``, ``solve_sample``, ``solve_batch`` of ``earthwork.pot``: values by their definitions, gradients, refusals."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse

import earthwork.pot as ot


def problem(n=8, m=9, seed=0):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 0.5
    a, b = rng.random(n) + 0.1, rng.random(m) + 0.1
    return X, Y, a / a.sum(), b / b.sum(), ot.dist(X, Y)


def kl(p, q):
    return (p * np.log(p / q)).sum()


def numerical(function, x, step=1e-5):
    grad = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[k] += step
        down[k] -= step
        grad[k] = (function(up) - function(down)) / (2 * step)
    return grad


def test_exact():
    _, _, a, b, M = problem()
    res = ot.solve(M, a, b)
    np.testing.assert_allclose(res.value, ot.emd2(a, b, M))
    np.testing.assert_allclose((res.plan * M).sum(), res.value_linear)
    np.testing.assert_allclose(a @ res.potential_a + b @ res.potential_b, res.value)
    np.testing.assert_allclose(res.marginal_a, a)
    assert res.status == "Converged"
    sparse = ot.solve(scipy.sparse.coo_array(M), a, b)
    np.testing.assert_allclose(sparse.sparse_plan.toarray(), res.plan)
    assert isinstance(ot.solve(M.tolist()).value, float)


def test_entropic_values_are_of_what_is_minimised():
    _, _, a, b, M = problem()
    c = np.random.default_rng(1).random(M.shape) + 0.5
    for options, reference in (({}, np.outer(a, b)), ({"reg_type": "entropy"}, np.ones(M.shape)), ({"c": c}, c)):
        res = ot.solve(M, a, b, reg=0.3, tol=1e-12, **options)
        np.testing.assert_allclose(res.value, (res.plan * M).sum() + 0.3 * kl(res.plan, reference))
        # No plan with the same marginals is better.
        turn = np.zeros(M.shape)
        turn[0, 0] = turn[1, 1] = 1e-4
        turn[0, 1] = turn[1, 0] = -1e-4
        for sign in (1, -1):
            other = res.plan + sign * np.minimum(turn, res.plan.min() / 2)
            if (other > 0).all() and np.allclose(other.sum(0), b, atol=1e-12):
                assert (other * M).sum() + 0.3 * kl(other, reference) >= res.value - 1e-12


@pytest.mark.parametrize("grad", ["autodiff", "envelope"])
@pytest.mark.parametrize("reg_type", ["KL", "entropy"])
def test_entropic_gradients(grad, reg_type):
    torch = pytest.importorskip("torch")
    _, _, a, b, M = problem(5, 4)

    def value(masses, costs):
        return float(ot.solve(costs, masses, b, reg=0.5, reg_type=reg_type, tol=1e-13).value)

    given = [torch.tensor(one, requires_grad=True) for one in (M, a)]
    ot.solve(given[0], given[1], torch.tensor(b), reg=0.5, reg_type=reg_type, tol=1e-13, grad=grad).value.backward()
    np.testing.assert_allclose(given[0].grad, numerical(lambda C: value(a, C), M), atol=1e-8)
    step = np.array([1e-5, -1e-5, 0, 0, 0])
    slope = (value(a + step, M) - value(a - step, M)) / 2e-5
    np.testing.assert_allclose(slope, given[1].grad[0] - given[1].grad[1], rtol=1e-6)


@pytest.mark.parametrize("reg_type", ["KL", "entropy", "L2"])
@pytest.mark.parametrize("unbalanced_type", ["KL", "L2", "TV"])
@pytest.mark.parametrize("reg", [None, 0.5])
def test_every_combination_is_served(reg, reg_type, unbalanced_type):
    _, _, a, b, M = problem()
    res = ot.solve(M, a, b, reg=reg, reg_type=reg_type, unbalanced=0.7, unbalanced_type=unbalanced_type)
    assert res.plan.shape == M.shape and (res.plan >= 0).all()
    np.testing.assert_allclose(res.value_linear, (res.plan * M).sum(), rtol=1e-6)
    assert res.value >= res.value_linear - 0.5 * (reg or 0.0) * M.size


def test_a_regulariser_of_ones_own():
    _, _, a, b, M = problem()
    half = (lambda P: 0.5 * (P**2).sum()), (lambda P: P)
    res = ot.solve(M, a, b, reg=2.0, reg_type=half, tol=1e-12)
    np.testing.assert_allclose(res.plan.sum(1), a)
    np.testing.assert_allclose(res.value, (res.plan * M).sum() + (res.plan**2).sum())
    slope = M + 2.0 * res.plan
    assert (slope * res.plan).sum() - ot.emd2(a, b, slope) < 1e-3
    res = ot.solve(M, a, b, reg=2.0, reg_type=half, unbalanced=1.0, unbalanced_type="L2")
    by_rows, by_columns = res.plan.sum(1) - a, res.plan.sum(0) - b
    slope = M + 2.0 * res.plan + by_rows[:, None] + by_columns[None, :]
    assert slope.min() > -1e-3 and np.abs(slope[res.plan > 1e-4]).max() < 1e-3


def test_refusals():
    _, _, a, b, M = problem()
    with pytest.raises(ValueError, match="Unknown method"):
        ot.solve(M, method="nothing")
    with pytest.raises(NotImplementedError, match="unbalanced_type"):
        ot.solve(M, unbalanced=1.0, unbalanced_type="nothing")
    with pytest.raises(NotImplementedError, match="reg_type"):
        ot.solve(M, reg=1.0, reg_type="nothing")
    with pytest.raises(AssertionError, match="NaN"):
        ot.solve(np.where(M == M[0, 0], np.nan, M))
    with pytest.raises(NotImplementedError, match="lowrank"):
        ot.solve_sample(np.zeros((3, 2)), np.ones((3, 2)), method="lowrank")


def test_lazy_is_dense():
    X, Y, a, b, _ = problem()
    exact, lazy = ot.solve_sample(X, Y, a, b), ot.solve_sample(X, Y, a, b, lazy=True)
    np.testing.assert_allclose(exact.value, lazy.value)
    np.testing.assert_allclose(exact.plan, lazy.plan)
    np.testing.assert_allclose(lazy.marginal_b, b)
    for reg_type in ("KL", "entropy"):
        options = {"reg": 0.5, "reg_type": reg_type, "tol": 1e-12}
        dense, lazy = ot.solve_sample(X, Y, a, b, **options), ot.solve_sample(X, Y, a, b, lazy=True, **options)
        np.testing.assert_allclose(dense.value, lazy.value, rtol=1e-8)
        np.testing.assert_allclose(dense.value_linear, lazy.value_linear, rtol=1e-8)
        np.testing.assert_allclose(dense.plan, lazy.lazy_plan[:], atol=1e-9)
        np.testing.assert_allclose(lazy.marginal_a, a, atol=1e-9)


def test_methods_for_samples():
    X, Y, a, b, M = problem()
    np.testing.assert_allclose(ot.solve_sample(X, Y, method="mm", unbalanced=1.0).value, ot.solve(ot.dist(X, Y), unbalanced=1.0).value)
    options = {"reg": 0.5, "unbalanced": 1.0}
    np.testing.assert_allclose(ot.solve_sample(X, Y, method="sinkhorn", **options).value, ot.solve(M, **options).value)
    costs = ot.solve_sample(X, Y, a, b, method="1d").value
    np.testing.assert_allclose(costs, [ot.emd2(a, b, ot.dist(X[:, k : k + 1], Y[:, k : k + 1])) for k in range(2)])
    for method in ("sliced", "max_sliced", "gaussian", "gaussian_hd"):
        assert 0 < ot.solve_sample(X, Y, a, b, method=method, rank=1, random_state=0).value < np.inf
    scaled = ot.solve_sample(1e3 * X, 1e3 * Y, scaler=lambda Z: Z / 1e3)
    np.testing.assert_allclose(scaled.value, ot.solve_sample(X, Y).value)


def test_debiased():
    X, Y, *_ = problem(8, 8)
    res = ot.solve_sample(X, Y, reg=1.0, debias=True)
    assert res.value > 0 and set(res.log) == {"res_aa", "res_bb", "res_ab"}
    np.testing.assert_allclose(ot.solve_sample(X, X, reg=1.0, debias=True).value, 0.0, atol=1e-9)
    split = ot.solve_sample(X, Y, debias="split")
    pairs = ot.solve_sample(X[:4], Y[:4]).value, ot.solve_sample(X[4:], Y[4:]).value
    own = ot.solve_sample(X[:4], X[4:]).value, ot.solve_sample(Y[:4], Y[4:]).value
    np.testing.assert_allclose(split.value, 0.5 * (sum(pairs) - sum(own)))


@pytest.mark.parametrize("options", [{}, {"reg": 0.2}, {"unbalanced": 2.0}, {"metric": "euclidean"}])
def test_barycenters_of_samples(options):
    X, Y, *_ = problem(20, 30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        res = ot.solve_bary_sample([X, Y], 10, random_state=1, max_iter_bary=10, **options)
    assert res.X.shape == (10, 2) and len(res.list_res) == 2
    if not options.get("unbalanced"):
        np.testing.assert_allclose(res.X.mean(0), 0.5 * (X.mean(0) + Y.mean(0)), atol=0.3)
    losses = np.array([float(one) for one in res.log["stopping_criterion"]])
    if not options.get("metric"):
        assert (np.diff(losses) <= 1e-6 * losses[:-1] + 1e-9).all()


@pytest.mark.parametrize("reg", [None, 0.3])
def test_batches_are_problems_by_themselves(reg):
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(3, 6, 2)), rng.normal(size=(3, 7, 2))
    a, b = rng.dirichlet(np.ones(6), 3), rng.dirichlet(np.ones(7), 3)
    M = ot.dist_batch(X, Y)
    res = ot.solve_batch(M, reg, a, b, reg_type="kl", tol=1e-12, max_iter=10_000)
    for k in range(3):
        np.testing.assert_allclose(M[k], ot.dist(X[k], Y[k]))
        one = ot.solve(M[k], a[k], b[k], reg=reg, tol=1e-12)
        np.testing.assert_allclose(res.value[k], one.value, rtol=1e-9)
        np.testing.assert_allclose(res.plan[k], one.plan, atol=1e-10)
    np.testing.assert_allclose(ot.batch.loss_linear_batch(M, res.plan), res.value_linear)
    np.testing.assert_allclose(ot.solve_sample_batch(X, Y, reg, a, b, reg_type="kl", tol=1e-12).value, res.value, rtol=1e-6)
    with pytest.raises(ValueError, match="positive reg"):
        ot.solve_batch(M, method="sinkhorn")
    with pytest.raises(AssertionError, match="a: it has shape"):
        ot.solve_batch(M, reg, a[:, :5])


@pytest.mark.parametrize("grad", ["envelope", "autodiff"])
def test_gradients_of_batches(grad):
    torch = pytest.importorskip("torch")
    M = np.random.default_rng(6).random((2, 4, 5))
    C = torch.tensor(M, requires_grad=True)
    value = ot.solve_batch(C, 0.2, tol=1e-13, max_iter=10_000, grad=grad).value
    value.sum().backward()
    found = numerical(lambda Z: ot.solve_batch(Z, 0.2, tol=1e-13, max_iter=10_000).value.sum(), M)
    np.testing.assert_allclose(C.grad, found, atol=1e-7)
    assert not ot.solve_batch(C, 0.2, grad="detach").value.requires_grad


def test_results_can_be_pickled_and_copied():
    X, Y, a, b, _ = problem()
    exact, lazy = ot.solve_sample(X, Y, a, b, lazy=True), ot.solve_sample(X, Y, a, b, reg=0.5, lazy=True)
    bary = ot.solve_bary_sample([X, Y], 4, max_iter_bary=3)
    for again in (copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))):
        assert again(exact).value == exact.value and (again(exact).plan == exact.plan).all()
        np.testing.assert_array_equal(again(lazy).lazy_plan[:3, 2:5], lazy.lazy_plan[:3, 2:5])
        assert (again(bary).X == bary.X).all() and len(again(bary).list_res) == 2
    assert len(repr(exact)) < 200 and len(repr(bary)) < 300
