"""Couplings of minibatches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import earthwork as ew

RNG = np.random.default_rng(2)


def costs(X, Y):
    return ((X[:, None] - Y[None]) ** 2).sum(-1)


@pytest.mark.parametrize("n", [1, 2, 33, 256])
def test_the_permutation_is_optimal(n):
    X, Y = RNG.normal(size=(n, 5)), RNG.normal(size=(n, 5)) + 1
    j = ew.flow.coupling(X, Y)
    assert sorted(j) == list(range(n)) and j.dtype == np.int64
    M = costs(X, Y)
    np.testing.assert_allclose(M[np.arange(n), j].sum(), M[linear_sum_assignment(M)].sum())
    assert (j == ew.flow.coupling(X, Y)).all()
    assert (j == ew.flow.coupling(X + 1e6, Y + 1e6)).all() or n == 256


def test_many_dimensions():
    X, Y = RNG.normal(size=(60, 40)), RNG.normal(size=(60, 40))
    M = costs(X, Y)
    for offset in (0.0, 1e6):
        j = ew.flow.coupling(X + offset, Y + offset)
        np.testing.assert_allclose(M[np.arange(60), j].sum(), M[linear_sum_assignment(M)].sum())
    assert (j == ew.flow.coupling(np.stack([X, X]), np.stack([Y, Y]), batched=True)[1]).all()


def test_images_ties_and_types():
    X, Y = RNG.normal(size=(8, 1, 4, 4)).astype(np.float32), RNG.integers(0, 3, size=(8, 1, 4, 4))
    assert sorted(ew.flow.coupling(X, Y)) == list(range(8))
    assert sorted(ew.flow.coupling(np.zeros((50, 2)), np.ones((50, 2)))) == list(range(50))
    repeated = np.repeat(RNG.normal(size=(10, 2)), 5, axis=0)
    j = ew.flow.coupling(repeated, repeated)
    assert sorted(j) == list(range(50)) and (repeated[j] == repeated).all()


def test_batches_are_problems_by_themselves():
    X, Y = RNG.normal(size=(4, 30, 3)), RNG.normal(size=(4, 30, 3))
    together = ew.flow.coupling(X, Y, batched=True)
    assert together.shape == (4, 30)
    for k in range(4):
        assert (together[k] == ew.flow.coupling(X[k], Y[k])).all()
    assert ew.flow.coupling(X[:1], Y[:1], batched=True).shape == (1, 30)


def test_weights_make_pairs():
    X, Y = RNG.normal(size=(6, 2)), RNG.normal(size=(9, 2))
    a, b = RNG.dirichlet(np.ones(6)), RNG.dirichlet(np.ones(9))
    pairs = ew.flow.coupling(X, Y, a, b)
    np.testing.assert_allclose(np.bincount(pairs.rows, pairs.weights, 6), a)
    np.testing.assert_allclose(np.bincount(pairs.columns, pairs.weights, 9), b)
    rows, columns = pairs.draw(1000, seed=3)
    assert np.abs(np.bincount(rows, minlength=6) - 1000 * a).max() <= len(pairs.rows)
    assert (rows == pairs.draw(1000, seed=3)[0]).all() and (rows != pairs.draw(1000, seed=4)[0]).any()
    rows, _ = ew.flow.coupling(X, Y).draw(6)
    assert sorted(rows) == list(range(6))
    many = ew.flow.coupling(np.stack([X, X]), np.stack([Y, Y]), batched=True)
    assert len(many) == 2 and many[0].rows.tolist() == many[1].rows.tolist()


def test_tensors():
    torch = pytest.importorskip("torch")
    X, Y = torch.randn(16, 3, requires_grad=True), torch.randn(16, 3).bfloat16()
    j = ew.flow.coupling(X, Y)
    assert j.dtype == torch.int64 and Y[j].shape == Y.shape
    weights = torch.rand(16, dtype=torch.float32)
    pairs = ew.flow.coupling(X, Y, weights / weights.sum(), torch.full((16,), 1 / 16))
    assert pairs.weights.dtype == torch.bfloat16 and pairs.draw(5)[0].dtype == torch.int64


def test_refusals():
    X = np.zeros((4, 2))
    with pytest.raises(ValueError, match="coordinates"):
        ew.flow.coupling(X, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="x0: its shape"):
        ew.flow.coupling(np.zeros((0, 2)), X)
    with pytest.raises(ValueError, match="go in pairs"):
        ew.flow.coupling(np.zeros((2, 4, 2)), np.zeros((3, 4, 2)), batched=True)
    with pytest.raises(ValueError, match="a: its shape"):
        ew.flow.coupling(X, X, a=np.ones(3))
    with pytest.raises(ValueError, match="x1"):
        ew.flow.coupling(X, np.full((4, 2), np.nan))


def test_semidiscrete_potentials_of_a_known_map():
    # The normal distribution on a line is cut at its quantiles.
    from scipy.stats import norm

    data, weights = np.array([[2.0], [-1.0], [7.0], [0.0]]), np.array([0.3, 0.2, 0.4, 0.1])
    found = ew.flow.semidiscrete(data, weights=10 * weights, tolerance=0.01)
    assert found.status == "converged" and found.imbalance <= 0.01 and abs(found.potentials.mean()) < 1e-9
    x = RNG.normal(size=(4000, 1))
    cuts = norm.ppf(np.cumsum([0.2, 0.1, 0.3]))
    wanted = np.array([1, 3, 0, 2])[np.searchsorted(cuts, x[:, 0])]
    assert (found.couple(x) == wanted).mean() > 0.97
    quantiles = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    cost = ((quantiles - np.array([-1.0, 0.0, 2.0, 7.0])[np.searchsorted(cuts, quantiles)]) ** 2).mean()
    assert abs(found.value - cost) < 5 * found.std_error + 0.01


def test_semidiscrete_data_come_as_often_as_they_should():
    torch = pytest.importorskip("torch")
    data = RNG.normal(size=(150, 2, 3)) * 2 + 1
    found = ew.flow.semidiscrete(data.astype(np.float32), tolerance=0.05, seed=1)
    assert found.status == "converged" and found.steps > 0
    x = RNG.normal(size=(60_000, 2, 3))
    j = found.couple(x)
    assert j.dtype == np.int64 and 0.5 * np.abs(np.bincount(j, minlength=150) / 60_000 - 1 / 150).sum() < 0.08
    y = torch.as_tensor(x[:7], dtype=torch.float32)
    assert found.couple(y).tolist() == j[:7].tolist() and found.couple(y).dtype == torch.int64
    # The cost of this coupling is the value, up to what is misplaced; that of minibatches is more.
    cost = ((x - data[j]) ** 2).sum((1, 2)).mean()
    assert abs(cost - found.value) < 0.03 * found.value
    batches = [ew.flow.coupling(x[k : k + 64], data[RNG.integers(0, 150, 64)]) for k in range(0, 640, 64)]
    assert len(batches) == 10
    again = ew.flow.semidiscrete(data.astype(np.float32), tolerance=0.05, seed=1)
    assert (again.potentials == found.potentials).all() and "150 points" in repr(found)


def test_semidiscrete_refusals_and_limits():
    data = RNG.normal(size=(30, 2))
    for call, message in [
        (lambda: ew.flow.semidiscrete(data, "gamma"), "noise: 'gamma'"),
        (lambda: ew.flow.semidiscrete(data, weights=np.ones(4)), "weights: it has 4"),
        (lambda: ew.flow.semidiscrete(data, tolerance=0.0), "tolerance: it is 0"),
        (lambda: ew.flow.semidiscrete(np.full((3, 2), np.nan)), "data: point 0"),
        (lambda: ew.flow.semidiscrete(data, lambda n, rng: rng.normal(size=(n, 3))), r"noise: it returned an array of shape \(120, 3\)"),
        (lambda: ew.flow.semidiscrete(data, tolerance=0.2).couple(np.zeros((2, 3))), "x0: its points have 3"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.warns(ew.ConvergenceWarning, match="misplaced"):
        found = ew.flow.semidiscrete(data, tolerance=1e-4, max_steps=10)
    assert found.status == "iteration limit" and found.steps == 10
    zero = ew.flow.semidiscrete(data, lambda n, rng: rng.random((n, 2)), weights=np.r_[np.zeros(5), np.ones(25)], tolerance=0.2)
    assert (zero.potentials[:5] == -np.inf).all() and zero.couple(RNG.random((200, 2))).min() >= 5


def test_semidiscrete_equal_data_take_turns():
    data = np.repeat(RNG.normal(size=(12, 2)), 3, axis=0)
    found = ew.flow.semidiscrete(data, tolerance=0.1)
    assert found.status == "converged" and len(np.unique(found.potentials.round(9))) == 12
    seen = np.bincount(found.couple(RNG.normal(size=(36_000, 2))), minlength=36)
    assert seen.min() > 700 and seen.max() < 1300
