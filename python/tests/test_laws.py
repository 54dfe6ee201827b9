"""A sample of the laws of ``tests/catalogue_laws``, through arrays and the package; ``docs/laws.md`` explains them."""

from __future__ import annotations

import numpy as np
import pytest

import earthwork as ew

KEYS = ["w1", "w2", "gelbrich", "energy", "mmd", "kl", "js", "js-classifier", "one_nn", "coverage"]
AT_IDENTITY = {"coverage": 1.0}
# In docs/laws.md: the nearest neighbour of a row is its copy on the other side.
NO_IDENTITY = {"one_nn"}


def kinds():
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(40, 2)) + 0.5, rng.normal(size=(34, 2))
    return {
        "plain": (X, Y),
        "integers": (np.round(2 * X), np.round(2 * Y)),
        "a flag": (np.column_stack([X[:, 0], X[:, 1] > 0]), np.column_stack([Y[:, 0], Y[:, 1] > 0])),
    }


def value(X, Y, key):
    """The value and half of its 95 % interval, or None where it is refused."""
    try:
        found = ew.discrepancy(key).between(ew.samples(X), ew.samples(Y))
    except ValueError:
        return None
    assert found.lower <= found.value <= found.upper
    statistical = found.evidence in ("standard error", "interval")
    return found.value, 0.5 * min(found.upper - found.value, found.value - found.lower) if statistical else 0.0


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", ["plain", "integers", "a flag"])
def test_values_do_not_depend_on_how_arrays_are_written(key, kind):
    X, Y = kinds()[kind]
    plain = value(X, Y, key)
    if plain is None:
        pytest.skip("refused")
    found, error = plain

    def constant(A):
        return np.column_stack([A, np.full(len(A), 4.0)])

    def reordered(A):
        return A[np.random.default_rng(1).permutation(len(A))]

    for map_, slack in [(constant, error), (reordered, error)]:
        there = value(map_(X), map_(Y), key)
        assert there is None or abs(there[0] - found) <= 1e-7 * abs(found) + max(slack, there[1])
    own = None if key in NO_IDENTITY else value(X, reordered(X), key)
    assert own is None or abs(own[0] - AT_IDENTITY.get(key, 0.0)) <= 1e-6 + 2 * own[1]
