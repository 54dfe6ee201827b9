"""Metrics of generative models, on points or on features that you computed: real samples first, fake ones second.

``earthwork.metrics.compat`` has the names, keys and draws of prdc, pytorch-fid and torch-fidelity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._arrays import whole
from earthwork._inputs import Floats, Points
from earthwork._kinds import Features, OnMissing
from earthwork._text import table
from earthwork.comparison import Comparer, discrepancy
from earthwork.divergence import mixture
from earthwork.results import Estimate, evidence, signed

if TYPE_CHECKING:
    from earthwork.metrics import compat as compat

__all__ = [
    "KEYS",
    "Evaluation",
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


def __getattr__(name: str) -> Any:
    """Imported when it is asked for."""
    if name == "compat":
        import importlib

        return importlib.import_module("earthwork.metrics.compat")
    raise AttributeError(f"module 'earthwork.metrics' has no attribute {name!r}")


KEYS: dict[str, bool] = dict(_native.metric_keys())
"""Each metric that takes two samples, and whether it is a distance, which grows; else it is a score, which falls, or (``one_nn``) best
at one half."""


_NAMES = ("real", "fake")


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


class Evaluation(dict[str, Estimate]):
    """Metrics by their keys, and in ``errors`` why others have no value for these samples."""

    def __init__(self, found: Mapping[str, Estimate] | None = None, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(found or {})
        self.errors: dict[str, str] = dict(errors or {})
        """Why a metric has no value, by its key."""

    def __missing__(self, key: str) -> Estimate:
        raise KeyError(f"{key}: {self.errors[key]}" if key in self.errors else key)

    def __reduce__(self) -> Any:
        return Evaluation, (dict(self), self.errors)

    def __repr__(self) -> str:
        rows = [(key, signed(found), evidence(found)) for key, found in self.items()]
        return table(("metric", "value", "evidence"), [*rows, *((key, "-", why) for key, why in self.errors.items())])


def evaluate(
    real: Points,
    fake: Points,
    keys: Sequence[str] | None = None,
    *,
    missing: OnMissing = "error",
) -> Evaluation:
    """All metrics of :data:`KEYS`, or those asked for, between a real and a fake sample.

    What can be computed is; ``errors`` of the result says why the rest has no value (too few points, for example).

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> found = ew.metrics.evaluate(rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 3, ["fid", "recall"])
    >>> 15 < found["fid"].value < 21, found["recall"].value < 0.2
    (True, True)
    """
    x, y = _inputs.pair(real, fake, missing=missing, names=_NAMES)
    wanted = list(KEYS if keys is None else [keys] if isinstance(keys, str) else keys)
    by = {key: metric(key) for key in wanted}
    found = Evaluation()
    for key, one in by.items():
        try:
            found[key] = one.between(x, y)
        except ValueError as why:
            found.errors[key] = _renamed(str(why))
    return found


class Prdc(NamedTuple):
    """Four scores of one k."""

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate


def _renamed(message: str) -> str:
    """A message with the arguments by the names that they have here."""
    first, colon, rest = message.partition(": ")
    return {"X": "real", "Y": "fake"}.get(first, first) + colon + rest


def prdc(real: Points, fake: Points, k: int = 5, *, missing: OnMissing = "error") -> Prdc:
    """Precision, recall, density and coverage, as the package prdc gives them."""
    return Prdc(*_native.prdc(*_inputs.pair(real, fake, missing=missing, names=_NAMES), _inputs.count("k", k)))


class OneNearest(NamedTuple):
    """The accuracy of the leave-one-out nearest neighbour at telling real from fake: ½ is best."""

    accuracy: Estimate
    """The mean of the two others."""
    real: Estimate
    """On real points: low where modes are missing."""
    fake: Estimate
    """On fake points: low where they are copies."""


def one_nearest(real: Points, fake: Points, *, missing: OnMissing = "error") -> OneNearest:
    """The 1-NN two-sample test with its two parts.

    >>> import earthwork as ew
    >>> ew.metrics.one_nearest([[0.0], [1.0], [2.0]], [[50.0], [51.0], [52.0]]).accuracy.value
    1.0
    """
    return OneNearest(*_native.one_nearest(*_inputs.pair(real, fake, missing=missing, names=_NAMES)))


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


def classifier_test(features: Features = "quadratic", seed: int = 0) -> _native.Discrepancy:
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


def modes(of: Sequence[Any], fake: Points, *, missing: OnMissing = "error") -> ModeReport:
    """How a sample covers a Gaussian mixture, given as (means (k, d), covariances (k, d, d), weights (k,))."""
    return ModeReport(*_native.mode_report(mixture("of", of), _inputs.sample("fake", fake, missing=missing)))


def memorisation(training: Points, fake: Points, held_out: Points, *, missing: OnMissing = "error") -> Estimate:
    """How often a fake point is nearer to the training points than a held-out real one is: ½ is fair, 1 is a copy."""
    x, y = _inputs.pair(training, fake, missing=missing, names=("training", "fake"))
    others = _inputs.matched("held_out", _inputs.sample("held_out", held_out, missing=missing), "training", x)
    return _native.memorisation(others).between(x, y)


def inception_score(posteriors: Any, splits: int = 1, seed: int | None = 0) -> Estimate:
    """exp of the mutual information of point and class, from class probabilities of shape (n, classes).

    The score of all rows together, with the standard error of the influence of each row. With several ``splits`` it is the mean over
    parts of that many rows less, averaged over 20 orders of the rows that the ``seed`` draws. In both cases the order in which the
    rows are given does not matter. ``seed=None`` takes the parts from the rows as they stand, as torch-fidelity does.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> sure = np.repeat(np.eye(4), 500, axis=0)
    >>> ew.metrics.inception_score(sure).value
    4.0
    """
    return _native.inception_score(
        _rows("posteriors", posteriors),
        _inputs.count("splits", splits),
        None if seed is None else _inputs.count("seed", seed),
    )


def _rows(name: str, given: Any) -> Floats:
    """Probabilities row by row, each of total 1 to the precision of their type."""
    found = whole(name, given, 2)
    off = np.abs(found.values.sum(axis=1) - 1.0)
    if found.eps and (off <= found.eps * found.values.shape[1]).all():
        return np.ascontiguousarray(found.values / found.values.sum(axis=1, keepdims=True))
    return found.values


def mode_score(posteriors: Any, real_shares: Any) -> Estimate:
    """The mode score, from class probabilities (n, classes) and the shares of the classes among real points."""
    shares = _inputs.probabilities("real_shares", real_shares, ndim=1).tolist()
    return _native.mode_score(_rows("posteriors", posteriors), shares)
