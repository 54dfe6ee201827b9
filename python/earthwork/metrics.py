"""Metrics of generative models, on points or on features that you computed: real samples first, fake ones second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Points
from earthwork.comparison import Comparer, discrepancy
from earthwork.divergence import mixture
from earthwork.results import Estimate

__all__ = [
    "KEYS",
    "Metric",
    "ModeReport",
    "OneNearest",
    "Prdc",
    "classifier_test",
    "evaluate",
    "fid",
    "fid_infinity",
    "inception_score",
    "kid",
    "memorisation",
    "metric",
    "mode_score",
    "modes",
    "one_nearest",
    "prdc",
]

KEYS: dict[str, bool] = dict(_native.metric_keys())
"""Each metric that takes two samples, and whether it is a distance, which grows; else it is a score, which falls, or (``one_nn``) best
at one half."""


class Metric(NamedTuple):
    """A metric of your own, for :func:`earthwork.gan.fit` and :func:`earthwork.validate.run`."""

    name: str
    by: Comparer
    """A function of real and fake points, or a discrepancy."""
    reading: str = "distance"
    """``distance`` grows as things get worse, ``score`` falls, ``half`` is best at one half."""


Asked: TypeAlias = str | Sequence[Comparer | Metric]
"""``"all"``, a name, or a list of names, discrepancies, functions of real and fake points, and :class:`Metric`."""


def asked(argument: str, given: Asked) -> list[str | tuple[str, _native.Discrepancy, str]]:
    """Metrics as the compiled half takes them."""
    out: list[str | tuple[str, _native.Discrepancy, str]] = []
    for at, one in enumerate([given] if isinstance(given, str) else given):
        if isinstance(one, str):
            out.append(one)
        elif isinstance(one, Metric):
            out.append((one.name, discrepancy(one.by, one.name), one.reading))
        elif callable(one) or isinstance(one, _native.Discrepancy):
            made = discrepancy(one)
            out.append((made.name, made, "distance"))
        else:
            raise TypeError(f"{argument}: entry {at} is {one!r}; a name, a discrepancy or a function is needed")
    return out


def metric(key: str, k: int | None = None) -> _native.Discrepancy:
    """A metric by its key, as a discrepancy, for intervals and tests; ``k`` for precision, recall, density and coverage.

    >>> import earthwork as ew
    >>> ew.metrics.metric("recall", k=5).between(ew.samples([[0.0], [1.0], [2.0]] * 4), ew.samples([[0.0], [1.0], [2.0]] * 4)).value
    1.0
    """
    return _native.metric(_inputs.text("key", key), None if k is None else _inputs.count("k", k))


def evaluate(real: Points, fake: Points, keys: Sequence[str] | None = None) -> dict[str, Estimate]:
    """All metrics of :data:`KEYS`, or those asked for, between a real and a fake sample.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> found = ew.metrics.evaluate(rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 3, ["fid", "recall"])
    >>> 15 < found["fid"].value < 21, found["recall"].value < 0.2
    (True, True)
    """
    x, y = _inputs.pair(real, fake)
    return {key: metric(key).between(x, y) for key in (KEYS if keys is None else keys)}


class Prdc(NamedTuple):
    """Four scores of one k."""

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate


def prdc(real: Points, fake: Points, k: int = 5) -> Prdc:
    """Precision, recall, density and coverage, as the package prdc gives them."""
    return Prdc(*_native.prdc(*_inputs.pair(real, fake), _inputs.count("k", k)))


class OneNearest(NamedTuple):
    """The accuracy of the leave-one-out nearest neighbour at telling real from fake: ½ is best."""

    accuracy: Estimate
    """The mean of the two others."""
    real: Estimate
    """On real points: low where modes are missing."""
    fake: Estimate
    """On fake points: low where they are copies."""


def one_nearest(real: Points, fake: Points) -> OneNearest:
    """The 1-NN two-sample test with its two parts.

    >>> import earthwork as ew
    >>> ew.metrics.one_nearest([[0.0], [1.0], [2.0]], [[50.0], [51.0], [52.0]]).accuracy.value
    1.0
    """
    return OneNearest(*_native.one_nearest(*_inputs.pair(real, fake)))


def fid(*, of_the_samples: bool = False) -> _native.Discrepancy:
    """FID as a discrepancy; with covariances over n instead of n - 1 (``of_the_samples``) it is at most W₂² of the two samples."""
    return _native.Discrepancy.fid(of_the_samples)


def fid_infinity(
    sizes: int = 15, least: int | None = None, repeats: int = 4, *, fake_only: bool = False, seed: int = 0
) -> _native.Discrepancy:
    """FID∞ as a discrepancy: FID at ``sizes`` numbers of points from ``least`` on, ``repeats`` times each, as a line in 1/N, read at 0.

    As published (Chong & Forsyth 2020): ``repeats=1, fake_only=True``.
    """
    number = None if least is None else _inputs.count("least", least)
    return _native.Discrepancy.fid_infinity(
        _inputs.count("sizes", sizes), number, _inputs.count("repeats", repeats), fake_only, _inputs.count("seed", seed)
    )


def kid(subsets: int = 100, subset_size: int = 1000, seed: int = 0) -> _native.Discrepancy:
    """KID as a discrepancy: the mean of unbiased cubic MMD² over subsets.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> X, Y = ew.samples(rng.normal(size=(300, 2))), ew.samples(rng.normal(size=(300, 2)) + 2)
    >>> found = ew.metrics.kid(subsets=20, subset_size=100).between(X, Y)
    >>> found.value > 4 * found.std_error
    True
    """
    return _native.Discrepancy.kid(
        _inputs.count("subsets", subsets), _inputs.count("subset_size", subset_size), _inputs.count("seed", seed)
    )


def classifier_test(features: str = "quadratic", seed: int = 0) -> _native.Discrepancy:
    """The classifier two-sample test as a discrepancy: held-out accuracy of logistic regression on ``quadratic`` or ``linear`` features."""
    return _native.Discrepancy.classifier_test(_inputs.text("features", features), _inputs.count("seed", seed))


class ModeReport(NamedTuple):
    """Which modes of a known mixture a sample has found."""

    captured: int
    """How many modes have a point of high quality (within 3 standard deviations)."""
    modes: int
    high_quality: Estimate
    """The share of points of high quality."""
    reverse_kl: Estimate
    """KL(modes of the sample ‖ weights of the mixture), in nats."""
    jensen_shannon: float
    counts: list[int]
    """Points of high quality of each component."""


def modes(of: Sequence[Any], fake: Points) -> ModeReport:
    """How a sample covers a Gaussian mixture, given as (means (k, d), covariances (k, d, d), weights (k,))."""
    return ModeReport(*_native.mode_report(mixture("of", of), _inputs.sample("fake", fake)))


def memorisation(training: Points, fake: Points, held_out: Points) -> Estimate:
    """How often a fake point is nearer to the training points than a held-out real one is: ½ is fair, 1 is a copy."""
    return _native.memorisation(_inputs.sample("held_out", held_out)).between(
        _inputs.sample("training", training), _inputs.sample("fake", fake)
    )


def inception_score(posteriors: Any, splits: int = 10) -> Estimate:
    """exp of the mutual information of point and class, from class probabilities of shape (n, classes)."""
    return _native.inception_score(_inputs.floats("posteriors", posteriors, ndim=2), _inputs.count("splits", splits))


def mode_score(posteriors: Any, real_shares: Any) -> Estimate:
    """The mode score, from class probabilities (n, classes) and the shares of the classes among real points."""
    shares = _inputs.floats("real_shares", real_shares, ndim=1).tolist()
    return _native.mode_score(_inputs.floats("posteriors", posteriors, ndim=2), shares)
