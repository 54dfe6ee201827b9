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
