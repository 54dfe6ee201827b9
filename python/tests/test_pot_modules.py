"""Sliced, Gaussian, mixture and helper names of ``earthwork.pot``, for numpy and torch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import earthwork.pot as ot

RNG = np.random.default_rng(11)


def clouds(n=12, m=14, d=3):
    X, Y = RNG.normal(size=(n, d)), RNG.normal(size=(m, d)) + 0.5
    return X, Y, RNG.dirichlet(np.ones(n)), RNG.dirichlet(np.ones(m))


def covariance(d):
    root = RNG.normal(size=(d, d + 2))
    return root @ root.T / d


def numerical(function, x, step=1e-6):
    grad = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[k] += step
        down[k] -= step
        grad[k] = (function(up) - function(down)) / (2 * step)
    return grad


def on_sphere(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_sliced_is_the_mean_over_lines(p):
    X, Y, a, b = clouds()
    P = ot.sliced.get_random_projections(3, 7, seed=1)
    for weights in ((None, None), (a, b)):
        costs = [ot.wasserstein_1d(X @ P[:, k], Y @ P[:, k], *weights, p=p) for k in range(7)]
        value, log = ot.sliced_wasserstein_distance(X, Y, *weights, p=p, projections=P, log=True)
        np.testing.assert_allclose(log["projected_emds"], costs)
        np.testing.assert_allclose(value, np.mean(costs) ** (1 / p))
        np.testing.assert_allclose(value, ot.sliced_wasserstein_distance(X, Y, *weights, n_projections=7, p=p, seed=1))
        largest = ot.max_sliced_wasserstein_distance(X, Y, *weights, p=p, projections=P)
        np.testing.assert_allclose(largest, max(costs) ** (1 / p))
        assert ot.max_sliced_wasserstein_distance(X, Y, *weights, n_projections=7, p=p, seed=1) >= largest
    with pytest.raises(AssertionError, match="same number of dimensions"):
        ot.sliced_wasserstein_distance(X, Y[:, :2])


def test_max_sliced_finds_the_direction():
    Z = RNG.normal(size=(60, 30))
    assert ot.max_sliced_wasserstein_distance(Z, Z + np.eye(30)[0], seed=0) >= 1.0 - 1e-9


def test_gradients_of_sliced():
    torch = pytest.importorskip("torch")
    X, Y, a, b = clouds(5, 6)
    P = ot.sliced.get_random_projections(3, 4, seed=1)
    tX = torch.tensor(X, requires_grad=True)
    for name in ("sliced_wasserstein_distance", "max_sliced_wasserstein_distance"):
        function = getattr(ot, name)
        tX.grad = None
        function(tX, *(torch.tensor(one) for one in (Y, a, b)), projections=torch.tensor(P)).backward()
        np.testing.assert_allclose(tX.grad, numerical(lambda Z, f=function: f(Z, Y, a, b, projections=P), X), atol=1e-6)
    x, y = on_sphere(X), on_sphere(Y)
    planes = ot.sliced.get_projections_sphere(3, 4, seed=1)
    at = torch.tensor(x, requires_grad=True)
    others = [torch.tensor(one) for one in (y, a, b)]
    ot.sliced_wasserstein_sphere(at, *others, projections=torch.tensor(planes)).backward()
    # Along the sphere: points off it are refused.
    turned = np.cross(RNG.normal(size=3), x)

    def moved(step):
        return ot.sliced_wasserstein_sphere(on_sphere(x + step * turned), y, a, b, projections=planes)

    np.testing.assert_allclose((moved(1e-6) - moved(-1e-6)) / 2e-6, (at.grad.numpy() * turned).sum(), rtol=1e-4)


def test_the_sphere():
    X, Y, a, b = clouds()
    x, y = on_sphere(X), on_sphere(Y)
    value, log = ot.sliced_wasserstein_sphere(x, y, a, b, n_projections=6, seed=2, log=True)
    assert log["projections"].shape == (6, 3, 2) and len(log["projected_emds"]) == 6 and value > 0
    np.testing.assert_allclose(ot.sliced_wasserstein_sphere(x, x, seed=2), 0.0, atol=1e-9)
    assert ot.sliced_wasserstein_sphere_unif(x, seed=2) > 0
    assert ot.linear_sliced_wasserstein_sphere(x, y, seed=2) > 0
    with pytest.raises(ValueError, match="X_t is not on the sphere"):
        ot.sliced_wasserstein_sphere(x, Y)


def test_plans_from_lines_cost_what_they_say():
    X, Y, a, b = clouds()
    exact, M = ot.emd2(a, b, ot.dist(X, Y)), ot.dist(X, Y)
    plan, cost, log = ot.min_sliced_transport_plan(X, Y, a, b, n_projections=9, seed=0, log=True)
    np.testing.assert_allclose(cost, (plan * M).sum())
    np.testing.assert_allclose(plan.sum(1), a)
    assert exact <= cost == min(log["costs"])
    mean, cost = ot.expected_sliced_plan(X, Y, a, b, n_projections=9, seed=0)
    np.testing.assert_allclose(cost, (mean * M).sum())
    sharp, _ = ot.expected_sliced_plan(X, Y, a, b, n_projections=9, seed=0, beta=1e4, dense=False)
    np.testing.assert_allclose(sharp.toarray(), plan, atol=1e-9)
    with pytest.raises(AssertionError, match="n_projections"):
        ot.sliced.sliced_plans(X, Y)


def test_gaussians():
    m, k = RNG.normal(size=(2, 3))
    C, D = covariance(3), covariance(3)
    A, b = ot.gaussian.bures_wasserstein_mapping(m, k, C, D)
    np.testing.assert_allclose(A @ C @ A, D)
    np.testing.assert_allclose(m @ A + b, k)
    squared = ((m - k) ** 2).sum() + np.trace((A - np.eye(3)) @ C @ (A - np.eye(3)))
    np.testing.assert_allclose(ot.gaussian.bures_wasserstein_distance(m, k, C, D) ** 2, squared)
    pairs = ot.gaussian.bures_wasserstein_distance(np.stack([m, k]), np.stack([k, m]), np.stack([C, D]), np.stack([D, C]))
    np.testing.assert_allclose(pairs, [[squared**0.5, 0.0], [0.0, squared**0.5]], atol=1e-6)
    with pytest.raises(AssertionError, match="paired"):
        ot.gaussian.bures_distance(np.stack([C, D]), np.stack([D]), paired=True)
    singular = np.diag([1.0, 0.0, 0.0])
    np.testing.assert_allclose(ot.gaussian.bures_distance(singular, 4 * singular), 1.0, atol=1e-7)


@pytest.mark.parametrize("method", ["fixed_point", "gradient_descent"])
def test_barycenters_of_gaussians(method):
    means, covariances = RNG.normal(size=(3, 2)), np.stack([covariance(2) for _ in range(3)])
    shares = np.array([0.5, 0.3, 0.2])
    mean, found, log = ot.gaussian.bures_wasserstein_barycenter(means, covariances, shares, method=method, log=True)
    np.testing.assert_allclose(mean, shares @ means)
    root = ot.backend.NumpyBackend().sqrtm(found)
    fixed = sum(share * ot.backend.NumpyBackend().sqrtm(root @ C @ root) for share, C in zip(shares, covariances, strict=True))
    np.testing.assert_allclose(fixed, found, atol=1e-5)
    assert log["num_iter"] < 1000


def test_gradients_of_gaussians():
    torch = pytest.importorskip("torch")
    X, Y, *_ = clouds()
    tX = torch.tensor(X, requires_grad=True)
    ot.gaussian.empirical_bures_wasserstein_distance(tX, torch.tensor(Y)).backward()
    found = numerical(lambda Z: ot.gaussian.empirical_bures_wasserstein_distance(Z, Y), X)
    np.testing.assert_allclose(tX.grad, found, atol=1e-6)


def test_mixtures():
    m, k = RNG.normal(size=(2, 2)), RNG.normal(size=(3, 2))
    C, D = np.stack([covariance(2) for _ in range(2)]), np.stack([covariance(2) for _ in range(3)])
    w, v = np.array([0.4, 0.6]), np.array([0.2, 0.3, 0.5])
    plan = ot.gmm.gmm_ot_plan(m, k, C, D, w, v)
    np.testing.assert_allclose(ot.gmm.gmm_ot_loss(m, k, C, D, w, v), (plan * ot.gmm.dist_bures_squared(m, k, C, D)).sum())
    x = RNG.normal(size=(200, 2))
    logs = np.stack([ot.gmm.gaussian_logpdf(x, m[i], C[i]) for i in range(2)], 1)
    np.testing.assert_allclose(ot.gmm.gmm_pdf(x, m, C, w), np.exp(logs) @ w)
    np.testing.assert_allclose(ot.gmm.gmm_ot_apply_map(x, m, m, C, C, w, w), x, atol=1e-6)
    assert ot.gmm.gmm_ot_apply_map(x, m, k, C, D, w, v, method="rand", seed=0).shape == x.shape
    assert ot.gmm.gmm_ot_plan_density(x, x, m, m, C, C, w, w).diagonal().min() > 0
    for method in ("euclidean", "bures"):
        start = m.copy()
        means, covs = ot.gmm.gmm_barycenter_fixed_point(
            [m, k], [C, D], [w, v], start, C, np.array([0.5, 0.5]), w, 5, barycentric_proj_method=method
        )
        np.testing.assert_allclose(w @ means, 0.5 * (w @ m + v @ k))
        assert (start == m).all() and covs.shape == C.shape


def test_partial_line_is_partial_transport():
    x, y = RNG.normal(size=9), RNG.normal(size=7)
    for p in (1, 2):
        rows, columns, costs = ot.partial.partial_wasserstein_1d(x, y, p=p)
        M = np.abs(x[:, None] - y) ** p
        for k in range(1, 8):
            best = ot.partial.partial_wasserstein2(np.ones(9), np.ones(7), M, m=k)
            np.testing.assert_allclose(costs[:k].sum(), best, atol=1e-12)
            np.testing.assert_allclose((np.abs(np.sort(x[rows[:k]]) - np.sort(y[columns[:k]])) ** p).sum(), best, atol=1e-12)


def test_gradients_of_entropic_partial_transport():
    torch = pytest.importorskip("torch")
    X, Y, a, b = clouds(5, 4)

    def value(C):
        return ot.partial.entropic_partial_wasserstein(a, b, C, 0.5, m=0.6, stopThr=1e-12, numItermax=20_000, log=True)[1]["partial_w_dist"]

    M = ot.dist(X, Y)
    C = torch.tensor(M, requires_grad=True)
    given = torch.tensor(a), torch.tensor(b), C
    ot.partial.entropic_partial_wasserstein(*given, 0.5, m=0.6, stopThr=1e-12, numItermax=20_000, log=True)[1]["partial_w_dist"].backward()
    np.testing.assert_allclose(C.grad, numerical(value, M), atol=1e-7)


def test_projections():
    v = RNG.normal(size=(6, 3))
    found = ot.utils.proj_simplex(v, 2.0)
    np.testing.assert_allclose(found.sum(0), 2.0)
    # The nearest point of a convex set: no other lies on the same side.
    other = 2.0 * RNG.dirichlet(np.ones(6), 3).T
    assert (((v - found) * (other - found)).sum(0) <= 1e-12).all()
    sparse = ot.utils.projection_sparse_simplex(v, 2, axis=0)
    assert ((sparse > 0).sum(0) <= 2).all()
    np.testing.assert_allclose(sparse.sum(0), 1.0)
    S = np.diag([1.0, -1.0])
    np.testing.assert_allclose(ot.utils.proj_SDP(S), np.diag([1.0, 0.0]))
    np.testing.assert_allclose(ot.utils.proj_SDP(np.stack([S, -S])), [np.diag([1.0, 0.0]), np.diag([0.0, 1.0])])


def test_small_helpers():
    X, Y, *_ = clouds()
    np.testing.assert_allclose(ot.utils.kernel(X, Y, sigma=2.0), np.exp(-ot.dist(X, Y) / 8))
    np.testing.assert_allclose(ot.utils.laplacian(np.ones((3, 3))).sum(0), 0.0)
    C = ot.dist(X, Y)
    for norm in ("median", "max", "log", "loglog"):
        kept = C.copy()
        assert ot.utils.cost_normalization(C, norm).shape == C.shape and (kept == C).all()
    assert ot.utils.labels_to_masks(np.array([3, 5, 3])).tolist() == [[1, 0], [0, 1], [1, 0]]
    w = np.array([0.1, 0.7, 0.2])
    first, second, a1, a2, *_ = ot.utils.split_sample_ratio(X[:3], w)
    assert len(first) == 2 and len(second) == 2
    np.testing.assert_allclose([a1.sum(), a2.sum()], 0.5)
    i, j = np.array([0, 2, 2]), np.array([1, 0, 3])
    for metric in ("sqeuclidean", "euclidean", "cityblock"):
        M = ot.dist(X, Y, metric=metric)
        np.testing.assert_allclose(ot.utils.sparse_ot_dist(X, Y, i, j, w, metric, batch_size=2), M[i, j] @ w)
    lazy = ot.utils.get_lowrank_lazytensor(X, Y, np.arange(3.0))
    np.testing.assert_allclose(ot.utils.reduce_lazytensor(lazy, np.sum, axis=1, batch_size=5), lazy[:].sum(1))


def test_data_sets_are_drawn_as_in_pot():
    x, y = ot.datasets.make_data_classif("3gauss", 12, random_state=0)
    assert x.shape == (12, 2) and y.tolist() == [1] * 4 + [2] * 4 + [3] * 4
    np.testing.assert_allclose(ot.datasets.make_1D_gauss(50, 20, 5).sum(), 1.0)
    assert ot.datasets.make_2D_samples_gauss(5, np.zeros(2), np.eye(2), random_state=1).shape == (5, 2)
    with pytest.raises(ValueError, match="none of"):
        ot.datasets.make_data_classif("nothing", 3)


def test_backends_say_the_same():
    torch = pytest.importorskip("torch")
    A = RNG.normal(size=(4, 3))
    numpy, tensors = ot.backend.get_backend(A), ot.backend.get_backend(torch.tensor(A))
    B = torch.tensor(A)
    for name, args in {"sum": (1,), "cumsum": (0,), "sort": (), "logsumexp": (1,), "norm": (0,), "std": (0,), "max": (1,)}.items():
        np.testing.assert_allclose(getattr(numpy, name)(A, *args), getattr(tensors, name)(B, *args))
    np.testing.assert_allclose(numpy.sqrtm(A.T @ A), tensors.sqrtm(B.T @ B), atol=1e-12)
    np.testing.assert_allclose(numpy.median(A), tensors.median(B))
    with pytest.raises(ValueError, match="same type/backend"):
        ot.backend.get_backend(A, B)
    with pytest.raises(NotImplementedError):
        ot.backend.Backend().sum(A)


@pytest.mark.parametrize("reg_m", [0.7, (np.inf, 0.5)])
@pytest.mark.parametrize("options", [{}, {"reg_type": "entropy"}])
def test_gradients_of_unbalanced_transport(reg_m, options):
    torch = pytest.importorskip("torch")
    X, Y, a, b = clouds(4, 5)
    a, M = 1.3 * a, ot.dist(X, Y)
    options = options | {"stopThr": 1e-14, "numItermax": 20_000, "log": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key in ("cost", "total_cost"):

            def value(masses, costs, key=key):
                return float(ot.sinkhorn_unbalanced(masses, b, costs, 0.6, reg_m, **options)[1][key])

            given = [torch.tensor(one, requires_grad=True) for one in (a, M)]
            ot.sinkhorn_unbalanced(given[0], torch.tensor(b), given[1], 0.6, reg_m, **options)[1][key].backward()
            np.testing.assert_allclose(given[0].grad, numerical(lambda z, f=value: f(z, M), a), rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(given[1].grad, numerical(lambda z, f=value: f(a, z), M), rtol=1e-5, atol=1e-7)
        C = torch.tensor(M, requires_grad=True)
        weights = RNG.normal(size=M.shape)
        (ot.solve(C, torch.tensor(a), torch.tensor(b), reg=0.6, unbalanced=0.7, tol=1e-13).plan * torch.tensor(weights)).sum().backward()
        found = numerical(lambda z: (ot.solve(z, a, b, reg=0.6, unbalanced=0.7, tol=1e-13).plan * weights).sum(), M)
        np.testing.assert_allclose(C.grad, found, rtol=1e-5, atol=1e-7)
