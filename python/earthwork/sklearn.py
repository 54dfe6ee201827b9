"""Faces for scikit-learn: metrics between samples, a kernel matrix, a test and a barycenter as estimators.

Here one *observation* is a whole sample (a bag of points). ``pairwise_distances`` and ``pairwise_kernel`` turn a list of bags into a
matrix for ``metric="precomputed"`` or ``kernel="precomputed"``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from earthwork import _inputs, comparison, exact, sinkhorn
from earthwork._inputs import Floats, Points

__all__ = ["TwoSampleTest", "WassersteinBarycenter", "metric", "pairwise_distances", "pairwise_kernel"]


def pairwise_distances(bags: Sequence[Points], p: float = 2) -> Floats:
    """W_p between each two of k samples, of shape (k, k); exact, in parallel.

    >>> from earthwork.sklearn import pairwise_distances
    >>> pairwise_distances([[[0.0]], [[3.0]]], p=1)
    array([[0., 3.],
           [3., 0.]])
    """
    order = _inputs.number("p", p)
    cost = "sqeuclidean" if order == 2 else f"euclidean^{order:g}"
    distances: Floats = exact.pairwise(bags, cost).values ** (1.0 / order)
    return distances


def pairwise_kernel(bags: Sequence[Points], gamma: float | None = None, p: float = 1) -> Floats:
    """exp(-γ W_p) between each two of k samples; γ is one over the median distance unless given.

    For p = 1 on a line it is positive definite; elsewhere it may be indefinite by a little, as every kernel of this form.
    """
    distances = pairwise_distances(bags, p)
    if gamma is None:
        apart = distances[np.triu_indices(len(distances), 1)]
        median = float(np.median(apart)) if len(apart) else 0.0
        gamma = 1.0 / median if median > 0 else 1.0
    kernel: Floats = np.exp(-_inputs.number("gamma", gamma) * distances)
    return kernel


def metric(x: Any, y: Any) -> float:
    """W₁ between two histograms on the bins 0, 1, ...: a callable for ``metric=`` of estimators whose rows are masses.

    >>> from sklearn.metrics import pairwise_distances
    >>> from earthwork.sklearn import metric
    >>> float(pairwise_distances([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], metric=metric)[0, 1])
    2.0
    """
    bins = np.arange(len(x), dtype=np.float64)
    return exact.wasserstein(bins, bins, 1, x, y).value


class TwoSampleTest(BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Whether a new sample comes from the distribution of a reference: ``fit`` keeps the reference, ``test`` judges.

    >>> import numpy as np
    >>> from earthwork.sklearn import TwoSampleTest
    >>> rng = np.random.default_rng(0)
    >>> test = TwoSampleTest(permutations=199).fit(rng.normal(size=(100, 2)))
    >>> bool(test.predict(rng.normal(size=(100, 2)) + 1))  # does it differ?
    True
    """

    def __init__(self, by: str = "energy", permutations: int = 999, level: float = 0.05, seed: int = 0) -> None:
        self.by = by
        self.permutations = permutations
        self.level = level
        self.seed = seed

    def fit(self, X: Points, y: Any = None) -> TwoSampleTest:
        """Keeps the reference, of shape (n, d)."""
        self.reference_ = _inputs.sample("X", X)
        self.n_features_in_ = self.reference_.dim
        return self

    def test(self, X: Points) -> comparison.TwoSampleTest:
        """Statistic and p-value of a sample against the reference."""
        return comparison.two_sample_test(self.reference_, X, self.by, self.permutations, self.seed)

    def predict(self, X: Points) -> bool:
        """Whether the sample differs from the reference at the level."""
        return self.test(X).p_value <= self.level


class WassersteinBarycenter(TransformerMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """The barycenter of several samples with a free support; ``transform`` gives each sample's distance W₂ to it.

    >>> from earthwork.sklearn import WassersteinBarycenter
    >>> bags = [[[0.0, 0.0], [1.0, 0.0]], [[4.0, 2.0], [5.0, 2.0]]]
    >>> WassersteinBarycenter(points=2).fit(bags).transform(bags).round(6)
    array([[2.236068],
           [2.236068]])
    """

    def __init__(
        self, points: int = 50, epsilon: float | None = None, steps: int = 100, shares: Any = None, seed: int = 0
    ) -> None:
        self.points = points
        self.epsilon = epsilon
        self.steps = steps
        self.shares = shares
        self.seed = seed

    def fit(self, X: Sequence[Points], y: Any = None) -> WassersteinBarycenter:
        """Finds it; with an ``epsilon`` that of the Sinkhorn divergence."""
        bags = _inputs.several("X", X)
        if not bags:
            raise ValueError("X: it is empty; at least one sample is needed")
        pool = bags[0].points
        chosen = np.random.default_rng(self.seed).choice(len(pool), self.points, replace=len(pool) < self.points)
        start = pool[np.sort(chosen)]
        if self.epsilon is None:
            found = exact.barycenter(bags, start, self.shares, self.steps)
        else:
            found = sinkhorn.barycenter(bags, start, self.shares, self.epsilon, steps=self.steps)
        self.barycenter_, self.values_, self.converged_ = found
        self.feature_names_in_ = next((bag.columns for bag in bags if bag.columns is not None), None)
        return self

    def transform(self, X: Sequence[Points]) -> Floats:
        """W₂ of each sample to the barycenter, of shape (k, 1)."""
        bags = (_inputs.sample_like(f"X[{k}]", bag, self.feature_names_in_, "the barycenter") for k, bag in enumerate(X))
        return np.array([[exact.wasserstein(bag, self.barycenter_).value] for bag in bags])
