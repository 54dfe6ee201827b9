"""Two samples that many tests use."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def clouds():
    """Two clouds in the plane, 80 and 60 points."""
    rng = np.random.default_rng(7)
    return rng.normal(size=(80, 2)), 1.3 * rng.normal(size=(60, 2)) + [2.0, 1.0]


@pytest.fixture
def masses():
    """Weights of total 1 for them."""
    rng = np.random.default_rng(8)
    a, b = rng.random(80), rng.random(60)
    return a / a.sum(), b / b.sum()
