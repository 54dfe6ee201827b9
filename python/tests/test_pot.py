"""``earthwork.pot`` alone: values, gradients, errors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse

import earthwork.pot as ot

RNG = np.random.default_rng(7)


def problem(n=12, m=15, seed=0):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 0.5
    a, b = rng.random(n) + 0.1, rng.random(m) + 0.1
    return X, Y, a / a.sum(), b / b.sum()


def test_emd_is_optimal_by_its_potentials():
    X, Y, a, b = problem()
    M = ot.dist(X, Y)
    G, log = ot.emd(a, b, M, log=True)
    np.testing.assert_allclose(G.sum(1), a)
    np.testing.assert_allclose(G.sum(0), b)
    assert (log["u"][:, None] + log["v"][None, :] - M).max() < 1e-12
    np.testing.assert_allclose(a @ log["u"], b @ log["v"])
    np.testing.assert_allclose(a @ log["u"] + b @ log["v"], log["cost"])
    assert log["warning"] is None and log["result_code"] == 1
    np.testing.assert_allclose(ot.emd2(a, b, M), (G * M).sum())


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_masses_and_costs_of_any_scale(scale):
    X, Y, a, b = problem(40, 40)
    M = ot.dist(X, Y)
    base = ot.emd2(a, b, M)
    np.testing.assert_allclose(ot.emd2(scale * a, scale * b, M), scale * base, rtol=1e-12)
    np.testing.assert_allclose(ot.emd2(a, b, scale * M), scale * base, rtol=1e-12)
    np.testing.assert_allclose(ot.emd2(a, b, ot.dist(X + 1e8, Y + 1e8)), base, rtol=1e-6)


def test_forbidden_and_impossible_costs():
    X, Y, a, b = problem(20, 20)
    M = ot.dist(X, Y)
    plain = ot.emd2(a, b, M)
    unused = np.argwhere(ot.emd(a, b, M) == 0)[0]
    M[tuple(unused)] = np.inf
    np.testing.assert_allclose(ot.emd2(a, b, M), plain)
    M[tuple(unused)] = np.nan
    with pytest.raises(ValueError, match=r"M: entry .* is NaN"):
        ot.emd2(a, b, M)
    M[0] = np.inf
    with pytest.raises(ValueError, match="infeasible"):
        ot.emd(a, b, M)


def test_masses_below_a_step_of_the_integers_do_not_break_the_tree():
    x, y = np.arange(500.0), np.arange(600.0)
    a, b = (np.exp(-((at - mean) ** 2) / (2 * width**2)) for at, mean, width in ((x, 300, 5), (y, 400, 10)))
    a, b = a / a.sum(), b / b.sum()
    np.testing.assert_allclose(ot.emd2(a, b, np.abs(x[:, None] - y[None, :])), 100.0)


@pytest.mark.parametrize("kind", [AssertionError, ValueError])
def test_errors_are_of_both_kinds(kind):
    M = np.ones((3, 4))
    with pytest.raises(kind, match="Dimension mismatch"):
        ot.emd(np.ones(4) / 4, np.ones(4) / 4, M)
    with pytest.raises(kind, match="same sum"):
        ot.emd2(np.ones(3), np.ones(4), M)
    with pytest.raises(kind, match="a: weight 1"):
        ot.emd2([1.0, -1.0, 1.0], [0.25] * 4, M)


def test_many_columns_and_sparse_costs():
    X, Y, a, b = problem()
    M = ot.dist(X, Y)
    B = np.stack([b, b[::-1]], axis=1)
    costs = ot.emd2(a, B, M)
    np.testing.assert_allclose(costs, [ot.emd2(a, B[:, k].copy(), M) for k in range(2)])
    sparse = scipy.sparse.coo_array(M)
    G = ot.emd(a, b, sparse)
    assert isinstance(G, scipy.sparse.coo_array)
    np.testing.assert_allclose(G.toarray(), ot.emd(a, b, M))


def test_lazy_is_dense():
    X, Y, a, b = problem()
    for metric in ("sqeuclidean", "euclidean", "cityblock"):
        cost, log = ot.emd2_lazy(X, Y, a, b, metric=metric)
        np.testing.assert_allclose(cost, ot.emd2(a, b, ot.dist(X, Y, metric=metric)))
        assert log["G"].nnz <= len(X) + len(Y)


def numerical(function, x, step=1e-5):
    grad = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        moved = x.copy()
        moved[k] += step
        up = function(moved)
        moved[k] -= 2 * step
        grad[k] = (up - function(moved)) / (2 * step)
    return grad


def test_gradients_of_emd2():
    torch = pytest.importorskip("torch")
    X, Y, a, b = problem(6, 7)
    M = ot.dist(X, Y)
    given = [torch.tensor(one, requires_grad=True) for one in (a, b, M)]
    (10 * ot.emd2(*given)).backward()
    np.testing.assert_allclose(given[2].grad, 10 * ot.emd(a, b, M))
    step = np.zeros(6)
    step[0], step[1] = 1e-4, -1e-4
    slope = (ot.emd2(a + step, b, M) - ot.emd2(a - step, b, M)) / 2e-4
    np.testing.assert_allclose(10 * slope, given[0].grad[0] - given[0].grad[1], rtol=1e-6)


@pytest.mark.parametrize("plan", [False, True])
def test_gradients_of_sinkhorn(plan):
    torch = pytest.importorskip("torch")
    X, Y, a, b = problem(5, 6)
    M = ot.dist(X, Y)
    W = RNG.normal(size=M.shape)

    def value(C):
        if plan:
            return (ot.sinkhorn(a, b, C, 0.5, stopThr=1e-13) * W).sum()
        return float(ot.sinkhorn2(a, b, C, 0.5, stopThr=1e-13))

    C = torch.tensor(M, requires_grad=True)
    ta, tb = torch.tensor(a), torch.tensor(b)
    if plan:
        (ot.sinkhorn(ta, tb, C, 0.5, stopThr=1e-13) * torch.tensor(W)).sum().backward()
    else:
        ot.sinkhorn2(ta, tb, C, 0.5, stopThr=1e-13).backward()
    np.testing.assert_allclose(C.grad, numerical(value, M), atol=1e-7)


def test_sinkhorn_where_pot_breaks_down():
    X, Y, a, b = problem(30, 30)
    M = ot.dist(X, Y)
    exact = ot.emd2(a, b, M)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("sinkhorn", "sinkhorn_log", "sinkhorn_stabilized"):
            cost = ot.sinkhorn2(a, b, M, 1e-3, method=method, warn=True)
            assert exact <= cost <= exact + 1e-2
    with pytest.warns(UserWarning, match="did not converge"):
        ot.sinkhorn(a, b, M, 1e-3, numItermax=1, stopThr=0)
    with pytest.warns(UserWarning, match="reg"):
        np.testing.assert_allclose(ot.sinkhorn(a, b, M, 0), ot.emd(a, b, M))


KEYS = {
    "sinkhorn": "err niter u v",
    "sinkhorn_log": "err niter u v log_u log_v",
    "greenkhorn": "n_iter u v",
    "sinkhorn_stabilized": "err n_iter alpha beta logu logv warmstart",
    "sinkhorn_epsilon_scaling": "err niter alpha beta warmstart",
}


@pytest.mark.parametrize("method", KEYS)
def test_logs_of_sinkhorn(method):
    X, Y, a, b = problem()
    M = ot.dist(X, Y)
    P, log = ot.sinkhorn(a, b, M, 0.7, method=method, log=True)
    assert set(log) == set(KEYS[method].split())
    if "u" in log:
        np.testing.assert_allclose(log["u"][:, None] * np.exp(-M / 0.7) * log["v"], P)
    else:
        np.testing.assert_allclose(np.exp((log["alpha"][:, None] + log["beta"] - M) / 0.7), P)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_the_line_and_its_gradients(p):
    x, y = RNG.normal(size=(6, 3)), RNG.normal(size=(8, 3))
    a, b = RNG.dirichlet(np.ones(6)), RNG.dirichlet(np.ones(8))
    costs = ot.wasserstein_1d(x, y, a, b, p=p)
    for k in range(3):
        M = np.abs(x[:, k][:, None] - y[:, k][None, :]) ** p
        np.testing.assert_allclose(costs[k], ot.emd2(a, b, M))
    with pytest.raises(ValueError, match="same sum"):
        ot.wasserstein_1d(x, y, 3 * a, b, p=p)
    torch = pytest.importorskip("torch")
    tx = torch.tensor(x, requires_grad=True)
    ot.wasserstein_1d(tx, torch.tensor(y), torch.tensor(a), torch.tensor(b), p=p).sum().backward()
    np.testing.assert_allclose(tx.grad, numerical(lambda z: ot.wasserstein_1d(z, y, a, b, p=p).sum(), x), atol=1e-6)


def test_the_circle():
    x, y = np.array([0.05, 0.5]), np.array([0.95, 0.45])
    np.testing.assert_allclose(ot.wasserstein_circle(x, y, p=1), [0.075])
    many = (np.arange(4000) + 0.5) / 4000
    weights = RNG.dirichlet(np.ones(5))
    some = RNG.random(5)
    exact = ot.wasserstein_circle(some, many, weights, np.full(4000, 1 / 4000), p=2)
    np.testing.assert_allclose(ot.semidiscrete_wasserstein2_unif_circle(some, weights), exact, rtol=1e-4)


def test_single_precision_in_single_precision_out():
    X, Y, a, b = (one.astype(np.float32) for one in problem())
    M = ot.dist(X, Y)
    assert M.dtype == ot.emd(a, b, M).dtype == ot.emd2(a, b, M).dtype == ot.sinkhorn(a, b, M, 1).dtype == np.float32
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(one) for one in (a, b, M)]
    assert ot.emd(*tensors).dtype == ot.sinkhorn2(*tensors, 1).dtype == torch.float32


def test_partial_transport():
    X, Y, a, b = problem()
    M = ot.dist(X, Y)
    G, log = ot.partial.partial_wasserstein(a, b, M, m=0.4, log=True)
    np.testing.assert_allclose(G.sum(), 0.4)
    assert (G.sum(1) - a).max() < 1e-12 and (G.sum(0) - b).max() < 1e-12
    np.testing.assert_allclose(log["partial_w_dist"], ot.partial.partial_wasserstein2(a, b, M, m=0.4))
    np.testing.assert_allclose(ot.partial.partial_wasserstein(a, b, M), ot.emd(a, b, M), atol=1e-12)
    smooth = ot.partial.entropic_partial_wasserstein(a, b, M, 0.01, m=0.4, numItermax=20_000)
    np.testing.assert_allclose(smooth.sum(), 0.4)
    assert log["partial_w_dist"] <= (smooth * M).sum() <= log["partial_w_dist"] + 0.02
    with pytest.raises(ValueError, match="greater than 0"):
        ot.partial.partial_wasserstein(a, b, M, m=-1)


@pytest.mark.parametrize("debiased", [False, True])
def test_barycenters_of_images_scaled_and_on_logarithms(debiased):
    images = RNG.random((3, 12, 12))
    images /= images.sum((1, 2), keepdims=True)
    name = "convolutional_barycenter2d" + ("_debiased" if debiased else "")
    found = getattr(ot.bregman, name)(images, 5e-3, stopThr=1e-8)
    points = np.stack(np.meshgrid(*[np.linspace(0, 1, 12)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    columns = images.reshape(3, -1).T
    plain = ot.bregman.barycenter_debiased if debiased else ot.bregman.barycenter
    np.testing.assert_allclose(found.ravel(), plain(columns, ot.dist(points), 5e-3, stopThr=1e-8), atol=1e-6)
    np.testing.assert_allclose(found.sum(), 1.0, atol=1e-4)
    two = np.zeros((2, 16, 16))
    two[0, 1, 1] = two[1, 13, 13] = 1.0  # far apart at a small ε: scalings underflow
    bary = getattr(ot.bregman, name)(two, 4e-4)
    assert np.unravel_index(bary.argmax(), bary.shape) == (7, 7)


@pytest.mark.parametrize("reg_m", [1.0, (0.5, 3.0), (np.inf, 1.0), 100.0])
@pytest.mark.parametrize("reg", [1.0, 0.05])
def test_unbalanced_plans_meet_their_fixed_point(reg, reg_m):
    X, Y, a, b = problem()
    M = ot.dist(X, Y)
    G, log = ot.sinkhorn_unbalanced(a, 1.5 * b, M, reg, reg_m, stopThr=1e-12, numItermax=50_000, log=True)
    first, second = reg_m if isinstance(reg_m, tuple) else (reg_m, reg_m)
    np.testing.assert_allclose(np.exp(log["logu"][:, None] - M / reg + log["logv"]) * np.outer(a, 1.5 * b), G, rtol=1e-9)
    for price, marginal, masses, logs in ((first, G.sum(1), a, log["logu"]), (second, G.sum(0), 1.5 * b, log["logv"])):
        slack = 0.0 if price == np.inf else reg * logs / price
        np.testing.assert_allclose(np.log(marginal / masses) + slack, 0.0, atol=1e-8)


def test_names_that_are_not_served_say_so():
    with pytest.raises(AttributeError, match="not served"):
        ot.gromov  # noqa: B018
