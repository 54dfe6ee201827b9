"""Estimators against scikit-learn's own checks, and what they compute."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.neighbors import KNeighborsClassifier  # noqa: E402
from sklearn.svm import SVC  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

import earthwork as ew  # noqa: E402
from earthwork.sklearn import (  # noqa: E402
    DistributionKernel,
    DomainAdaptation,
    Metric,
    TwoSampleTest,
    WassersteinBarycenter,
)

RNG = np.random.default_rng(4)


@pytest.mark.parametrize(
    "estimator", [DistributionKernel(), DomainAdaptation(), TwoSampleTest(), WassersteinBarycenter(points=3, steps=3)], ids=repr
)
def test_the_checks_of_scikit_learn(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(estimator)


def test_kernels_cross_train_and_test():
    train = [RNG.normal(size=(15, 2)) + 3 * (k % 2) for k in range(12)]
    labels = [k % 2 for k in range(12)]
    test = [RNG.normal(size=(11, 2)) + 3 * (k % 2) for k in range(6)]
    for distance in ("w1", "energy", lambda X, Y: float(abs(X.mean() - Y.mean()))):
        kernel = DistributionKernel(distance).fit(train)
        judge = SVC(kernel="precomputed").fit(kernel.transform(train), labels)
        assert judge.predict(kernel.transform(test)).tolist() == [0, 1, 0, 1, 0, 1]
    D = DistributionKernel("w1", output="distance").fit(train).transform(test)
    np.testing.assert_allclose(D[2, 3], ew.distance(test[2], train[3], p=1).value)
    with pytest.raises(ValueError, match="output"):
        DistributionKernel(output="nothing").fit(train)


def test_rows_are_samples_or_masses():
    rows = RNG.random((5, 4))
    as_samples = DistributionKernel("w1", output="distance").fit(rows).transform(rows)
    np.testing.assert_allclose(as_samples[0, 1], ew.distance(rows[0], rows[1], p=1).value)
    support = RNG.normal(size=(4, 2))
    as_masses = DistributionKernel("w1", output="distance", support=support).fit(rows).transform(rows)
    p, q = rows[0] / rows[0].sum(), rows[1] / rows[1].sum()
    np.testing.assert_allclose(as_masses[0, 1], ew.distance(ew.samples(support, p), ew.samples(support, q), p=1).value)
    np.testing.assert_allclose(Metric("w1", support)(rows[0], rows[1]), as_masses[0, 1])
    with pytest.raises(ValueError, match="support: it has 4 points"):
        DistributionKernel(support=support).fit(rows[:, :3])


def test_neighbours_of_histograms():
    bins = np.arange(30)
    rows = np.stack([np.exp(-((bins - mean) ** 2) / 8) for mean in (4, 6, 20, 23)])
    near = KNeighborsClassifier(1, metric=Metric("w2", "bins")).fit(rows, [0, 0, 1, 1])
    again = pickle.loads(pickle.dumps(near))
    found = again.predict(np.stack([np.exp(-((bins - mean) ** 2) / 2) for mean in (8, 18)]))
    assert found.tolist() == [0, 1]


@pytest.mark.parametrize("method", ["exact", "sinkhorn", "linear"])
def test_domains(method):
    X = RNG.normal(size=(200, 2))
    A, shift = np.array([[1.5, 0.3], [0.3, 0.7]]), np.array([4.0, -1.0])
    target = RNG.normal(size=(220, 2)) @ A + shift
    new = 0.5 * RNG.normal(size=(40, 2))
    moved = DomainAdaptation(method, epsilon=0.05).fit(X, target=target).transform(new)
    assert np.abs(moved - (new @ A + shift)).mean() < 0.35
    stacked, domains = np.vstack([X, target]), np.r_[np.ones(200), -np.ones(220)]
    again = DomainAdaptation(method, epsilon=0.05).fit(stacked, sample_domain=domains)
    np.testing.assert_allclose(again.transform(new), moved)
    with pytest.raises(ValueError, match="not both"):
        DomainAdaptation(method).fit(stacked, target=target, sample_domain=domains)
