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

__all__ = ["KEYS", "Metric", "ModeReport", "Prdc", "evaluate", "inception_score", "memorisation", "metric", "mode_score", "modes", "prdc"]

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
