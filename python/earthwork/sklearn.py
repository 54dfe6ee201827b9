"""Faces for scikit-learn: metrics between samples, kernels, a test, a barycenter and domain adaptation as estimators.

Where one *observation* is a whole sample (a bag of points), ``X`` is a list of bags, or an array of shape (k, n, d). Of an array of shape
(k, n) each row is a bag of n numbers; or, where an estimator has a ``support`` of n points, the masses on it. ``pairwise_distances`` and
``pairwise_kernel`` turn bags into a matrix for ``metric="precomputed"`` or ``kernel="precomputed"``. The estimators pass scikit-learn's
``check_estimator``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy.spatial import cKDTree
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from earthwork import _inputs, closed_form, comparison, exact, sinkhorn
from earthwork._inputs import Floats, Points, Samples

__all__ = [
    "DistributionKernel",
    "DomainAdaptation",
    "Metric",
    "TwoSampleTest",
    "WassersteinBarycenter",
    "metric",
    "pairwise_distances",
    "pairwise_kernel",
]


def _is_matrix(X: Any) -> bool:
    """Whether this is one table with a row for each observation, and not a list of bags."""
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and isinstance(X[0], (list, tuple, int, float)) and np.ndim(X[0]) <= 1 and len({np.size(row) for row in X}) == 1
    return getattr(X, "ndim", 2) != 3 and not isinstance(X, Samples)


def _masses(name: str, row: Floats, support: Any) -> Samples:
    """Masses on a support as a sample, divided by their sum."""
    kept = row > 0
    if (row < 0).any() or not kept.any():
        raise ValueError(f"{name}: masses are at least 0 and not all of them 0")
    return _inputs.sample(name, support[kept], name, row[kept], normalize=True)


def _bags(estimator: Any, X: Any, reset: bool, support: Any = None) -> list[Samples]:
    """The observations as samples."""
    if _is_matrix(X):
        rows = validate_data(estimator, X, reset=reset, dtype=np.float64)
        if support is None:
            return [_inputs.sample(f"X[{k}]", row[:, None]) for k, row in enumerate(rows)]
        if isinstance(support, str):
            if support != "bins":
                raise ValueError(f"support: {support!r} is neither 'bins' nor points")
            support = np.arange(rows.shape[1], dtype=np.float64)
        places = _inputs.points("support", support)
        if len(places) != rows.shape[1]:
            raise ValueError(f"support: it has {len(places)} points, but X has {rows.shape[1]} columns")
        return [_masses(f"X[{k}]", row, places) for k, row in enumerate(rows)]
    if support is not None:
        raise ValueError("support: it is for an X of shape (k, n) that holds masses")
    found = _inputs.several("X", X)
    if not found:
        raise ValueError("X: it is empty; at least one sample is needed")
    return found


def pairwise_distances(bags: Sequence[Points], p: float = 2) -> Floats:
    """W_p between each two of k samples, of shape (k, k); exact, in parallel.

    >>> from earthwork.sklearn import pairwise_distances
    >>> pairwise_distances([[[0.0]], [[3.0]]], p=1)
    array([[0., 3.],
           [3., 0.]])
    """
    return exact.pairwise(bags, p=_inputs.number("p", p)).values


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


class Metric:
    """A distance between two rows of an array, for ``metric=`` of estimators such as ``KNeighborsClassifier``.

    Args:
        distance: any distance of :func:`earthwork.discrepancy`, by its name or as a function of two samples.
        support: None where a row is a sample of numbers; ``"bins"`` where it holds masses on 0, 1, ...; or the points (n, d) that it holds
            masses on.

    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from earthwork.sklearn import Metric
    >>> near = KNeighborsClassifier(1, metric=Metric("w1", support="bins")).fit([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [0, 1])
    >>> near.predict([[0.6, 0.4, 0.0]]).tolist()
    [0]
    """

    def __init__(self, distance: Any = "w1", support: Any = None) -> None:
        self.distance = distance
        self.support = support

    def __call__(self, x: Any, y: Any) -> float:
        by = comparison.discrepancy(self.distance)
        return by.between(*(self._sample(name, row) for name, row in (("x", x), ("y", y)))).value

    def _sample(self, name: str, given: Any) -> Samples:
        row = _inputs.floats(name, given, ndim=1)
        if self.support is None:
            return _inputs.sample(name, row[:, None])
        bins = isinstance(self.support, str)
        return _masses(name, row, np.arange(len(row), dtype=np.float64)[:, None] if bins else _inputs.points("support", self.support))


class DistributionKernel(TransformerMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Kernels between samples: ``fit`` keeps the training samples, ``transform`` gives exp(-γ D) of new ones to each of them.

    Args:
        distance: any distance of :func:`earthwork.discrepancy`, by its name or as a function of two samples.
        gamma: γ; one over the median distance between training samples where it is None.
        output: ``"kernel"``, or ``"distance"`` for D itself.
        support: as in :class:`Metric`.

    >>> from earthwork.sklearn import DistributionKernel
    >>> bags = [[[0.0]], [[1.0]], [[3.0]]]
    >>> DistributionKernel("w1", output="distance").fit(bags).transform([[[2.0]]])
    array([[2., 1., 1.]])
    """

    def __init__(
        self,
        distance: Any = "w1",
        gamma: float | None = None,
        output: Literal["kernel", "distance"] = "kernel",
        support: Any = None,
    ) -> None:
        self.distance = distance
        self.gamma = gamma
        self.output = output
        self.support = support

    def fit(self, X: Any, y: Any = None) -> DistributionKernel:
        """Keeps the training samples."""
        if self.output not in ("kernel", "distance"):
            raise ValueError(f"output: {self.output!r} is neither 'kernel' nor 'distance'")
        self.samples_ = _bags(self, X, True, self.support)
        self.gamma_ = 1.0 if self.gamma is None else _inputs.number("gamma", self.gamma)
        if self.gamma is None and self.output == "kernel":
            own = self._distances(self.samples_)
            apart = own[~np.eye(len(own), dtype=bool)]
            median = float(np.median(apart)) if len(apart) else 0.0
            self.gamma_ = 1.0 / median if median > 0 else 1.0
        return self

    def _distances(self, bags: list[Samples]) -> Floats:
        by = comparison.discrepancy(self.distance)
        return np.array([[by.between(one, kept).value for kept in self.samples_] for one in bags])

    def transform(self, X: Any) -> Floats:
        """The kernel (or distance) of each sample to each training sample, of shape (k, number of training samples)."""
        check_is_fitted(self)
        found = self._distances(_bags(self, X, False, self.support))
        if self.output == "distance":
            return found
        kernel: Floats = np.exp(-self.gamma_ * found)
        return kernel


class TwoSampleTest(BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Whether a new sample comes from the distribution of a reference: ``fit`` keeps the reference, ``test`` judges.

    >>> import numpy as np
    >>> from earthwork.sklearn import TwoSampleTest
    >>> rng = np.random.default_rng(0)
    >>> test = TwoSampleTest(permutations=199).fit(rng.normal(size=(100, 2)))
    >>> test.differs(rng.normal(size=(100, 2)) + 1)
    True
    """

    def __init__(self, by: str = "energy", permutations: int = 999, level: float = 0.05, seed: int = 0) -> None:
        self.by = by
        self.permutations = permutations
        self.level = level
        self.seed = seed

    def fit(self, X: Points, y: Any = None) -> TwoSampleTest:
        """Keeps the reference, of shape (n, d)."""
        if not hasattr(X, "columns") and not isinstance(X, Samples):
            X = validate_data(self, X, dtype=np.float64)
        self.reference_ = _inputs.sample("X", X)
        self.n_features_in_ = self.reference_.dim
        if self.reference_.columns is not None:
            self.feature_names_in_ = np.array(self.reference_.columns, dtype=object)
        return self

    def test(self, X: Points) -> comparison.TwoSampleTest:
        """Statistic and p-value of a sample against the reference."""
        check_is_fitted(self)
        return comparison.two_sample_test(self.reference_, X, self.by, self.permutations, self.seed)

    def differs(self, X: Points) -> bool:
        """Whether the sample differs from the reference at the level; columns of tables are matched by name."""
        return bool(self.test(X).p_value <= self.level)


class DomainAdaptation(TransformerMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Moves points of a source domain to where transport takes them in a target domain, also points that were not there in ``fit``.

    Args:
        method: ``"exact"`` (a new point moves as its nearest source point does), ``"sinkhorn"`` (the entropic map) or ``"linear"`` (the
            optimal map between the Gaussians with the domains' means and covariances).
        epsilon: the regularization of ``"sinkhorn"``; that of :func:`earthwork.sinkhorn.solve` where it is None.

    >>> import numpy as np
    >>> from earthwork.sklearn import DomainAdaptation
    >>> X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> DomainAdaptation().fit(X, target=X + 5).transform([[0.5, 0.1]])
    array([[5.5, 5.1]])
    """

    def __init__(self, method: Literal["exact", "sinkhorn", "linear"] = "exact", epsilon: float | None = None) -> None:
        self.method = method
        self.epsilon = epsilon

    def fit(self, X: Points, y: Any = None, *, target: Any = None, sample_domain: Any = None) -> DomainAdaptation:
        """Learns the map from the source to the target.

        Args:
            X: points (n, d) of the source; or of both domains where ``sample_domain`` says which they are of.
            y: not used.
            target: points (m, d) of the target.
            sample_domain: (n,) numbers, positive for the source. Without it and ``target`` all points are of both domains, and the map
                is the identity.
        """
        if self.method not in ("exact", "sinkhorn", "linear"):
            raise ValueError(f"method: {self.method!r} is none of exact, sinkhorn, linear")
        rows = validate_data(self, X, dtype=np.float64)
        if target is not None and sample_domain is not None:
            raise ValueError("target and sample_domain: one of them says which points are the target's, not both")
        source, goal = rows, rows
        if target is not None:
            goal = validate_data(self, target, reset=False, dtype=np.float64)
        elif sample_domain is not None:
            first = np.asarray(sample_domain) > 0
            if first.shape != (len(rows),) or first.all() or not first.any():
                raise ValueError("sample_domain: one number for each row is needed, positive for some and not for others")
            source, goal = rows[first], rows[~first]
        if self.method == "linear":
            moments = [(side.mean(0), np.atleast_2d(np.cov(side.T, bias=True))) for side in (source, goal)]
            self.gaussians_ = moments[0], moments[1]
        elif self.method == "sinkhorn":
            options: dict[str, Any] = {} if self.epsilon is None else {"epsilon": self.epsilon}
            self.solution_ = sinkhorn.solve(source, goal, **options)
        else:
            plan = exact.solve(source, goal).plan.tocsr()
            self.source_ = source
            self.images_ = (plan @ goal) / np.asarray(plan.sum(axis=1)).reshape(-1, 1)
        return self

    def transform(self, X: Points) -> Floats:
        """Where points of the source domain go, of shape (n, d)."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        if self.method == "linear":
            return closed_form.gaussian_map(*self.gaussians_, rows)
        if self.method == "sinkhorn":
            return self.solution_.map(rows)
        nearest = cKDTree(self.source_).query(rows)[1]
        moved: Floats = rows + (self.images_[nearest] - self.source_[nearest])
        return moved


class WassersteinBarycenter(TransformerMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """The barycenter of several samples with a free support; ``transform`` gives each sample's distance W₂ to it.

    >>> from earthwork.sklearn import WassersteinBarycenter
    >>> bags = [[[0.0, 0.0], [1.0, 0.0]], [[4.0, 2.0], [5.0, 2.0]]]
    >>> WassersteinBarycenter(points=2).fit(bags).transform(bags).round(6)
    array([[2.236068],
           [2.236068]])
    """

    def __init__(
        self,
        points: int = 50,
        epsilon: float | None = None,
        steps: int = 100,
        shares: Any = None,
        seed: int = 0,
        support: Any = None,
    ) -> None:
        self.points = points
        self.epsilon = epsilon
        self.steps = steps
        self.shares = shares
        self.seed = seed
        self.support = support

    def fit(self, X: Sequence[Points], y: Any = None) -> WassersteinBarycenter:
        """Finds it; with an ``epsilon`` that of the Sinkhorn divergence."""
        bags = _bags(self, X, True, self.support)
        pool = bags[0].points
        chosen = np.random.default_rng(self.seed).choice(len(pool), self.points, replace=len(pool) < self.points)
        start = pool[np.sort(chosen)]
        if self.epsilon is None:
            found = exact.barycenter(bags, start, self.shares, self.steps)
        else:
            found = sinkhorn.barycenter(bags, start, self.shares, self.epsilon, steps=self.steps)
        self.barycenter_, self.values_, self.converged_ = found
        self.columns_ = next((bag.columns for bag in bags if bag.columns is not None), None)
        return self

    def transform(self, X: Sequence[Points]) -> Floats:
        """W₂ of each sample to the barycenter, of shape (k, 1)."""
        check_is_fitted(self)
        if _is_matrix(X):
            bags = _bags(self, X, False, self.support)
        else:
            bags = [_inputs.sample_like(f"X[{k}]", bag, self.columns_, "the barycenter") for k, bag in enumerate(X)]
        return np.array([[exact.wasserstein(bag, self.barycenter_).value] for bag in bags])
