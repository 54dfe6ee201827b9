"""Divergences, in nats: estimated from samples, or exact where the distributions are known.

The first argument is P, the second Q: KL(P ‖ Q). Kinds are ``kl``, ``reverse-kl``, ``js``, ``js-distance``, ``tv``, ``hellinger``,
``hellinger2``, ``chi2``, ``bhattacharyya``, ``renyi:A`` and ``tsallis:A``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Points
from earthwork._kinds import Correction, DivergenceMethod, Features, OnMissing
from earthwork.results import Estimate

__all__ = ["discrete", "estimate", "estimator", "gaussians", "mixtures", "mutual_information"]

# Which options each method reads.
_READ = {
    "auto": set(),
    "knn": {"k", "whiten"},
    "knn-ball": {"k", "whiten"},
    "classifier": {"folds", "features"},
    "nwj": {"folds", "features"},
    "dv": {"folds", "features"},
    "logistic": {"folds", "features"},
    "gaussian": set(),
    "kde": {"bandwidth"},
    "histogram": {"bins", "correction"},
    "ulsif": set(),
    "rulsif": {"alpha"},
}


def estimator(
    kind: str = "kl",
    method: DivergenceMethod = "knn",
    k: int | None = None,
    *,
    dim: int = 2,
    whiten: bool = True,
    bins: int | None = None,
    correction: Correction | None = None,
    bandwidth: float | None = None,
    alpha: float | None = None,
    folds: int | None = None,
    features: Features | None = None,
    seed: int = 0,
) -> _native.Discrepancy:
    """The estimator behind :func:`estimate`, for intervals, tests and laws. ``dim`` matters for ``method="auto"`` alone."""
    _inputs.text("kind", kind)
    given = {
        "k": k,
        "whiten": None if whiten else False,
        "bins": bins,
        "correction": correction,
        "bandwidth": bandwidth,
        "alpha": alpha,
        "folds": folds,
        "features": features,
    }
    read = _READ.get(_inputs.text("method", method))
    if read is not None:
        for name in (name for name, value in given.items() if value is not None and name not in read):
            known = ", ".join(m for m, names in _READ.items() if name in names)
            raise ValueError(f"{name}: it is for the methods {known}, not {method}")
    return _native.Discrepancy.divergence(
        kind, method, dim, k, whiten, bins, correction, bandwidth, alpha, folds, features, seed
    )


def estimate(
    X: Points,
    Y: Points,
    kind: str = "kl",
    method: DivergenceMethod = "knn",
    k: int = 5,
    *,
    a: Any = None,
    b: Any = None,
    whiten: bool = True,
    bins: int | None = None,
    correction: Correction | None = None,
    bandwidth: float | None = None,
    alpha: float | None = None,
    folds: int | None = None,
    features: Features | None = None,
    seed: int = 0,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """A divergence between the distributions that two samples were drawn from.

    Args:
        X: points drawn from P, of shape (n, d) or (n,).
        Y: points drawn from Q, of shape (m, d).
        kind: which divergence.
        method: ``knn``, ``knn-ball``, ``classifier``, ``dv``, ``nwj``, ``logistic``, ``gaussian``, ``kde``, ``histogram``,
            ``ulsif``, ``rulsif``, or ``auto`` for what suits the kind and the dimension.
        k: which nearest neighbour (knn and knn-ball).
        a: weights of X, where the method takes any.
        b: weights of Y.
        whiten: make the mean covariance the identity before neighbours are sought, so that the units of the columns do not matter (knn).
        bins: along each axis (histogram).
        correction: ``none``, ``miller-madow`` or ``krichevsky-trofimov`` (histogram).
        bandwidth: factor on Silverman's (kde).
        alpha: the part of P in the denominator (rulsif).
        folds: of the cross-fitting (classifiers).
        features: ``linear`` or ``quadratic`` (classifiers).
        seed: of the folds.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.

    Returns:
        An estimate; its ``notes`` say what it cannot know, such as that it is saturated.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> found = ew.divergence.estimate(rng.normal(size=4000), rng.normal(size=4000) + 1)  # truly 0.5
    >>> abs(found.value - 0.5) < 4 * found.std_error
    True
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    method_of = estimator(
        kind,
        method,
        k if method in ("knn", "knn-ball") or k != 5 else None,
        dim=x.dim,
        whiten=whiten,
        bins=bins,
        correction=correction,
        bandwidth=bandwidth,
        alpha=alpha,
        folds=folds,
        features=features,
        seed=seed,
    )
    return method_of.between(x, y)


def discrete(p: Any, q: Any, kind: str = "kl", *, normalize: bool = False) -> float:
    """The exact divergence of two lists of masses on one support, each of total 1; arrays of any one shape.

    With ``normalize`` they are divided by their sums first. Masses of a type shorter than 64 bits need a total of 1 to the precision of
    that type.

    >>> import earthwork as ew
    >>> ew.divergence.discrete([0.5, 0.5], [0.0, 1.0], kind="js-distance") ** 2 < ew.divergence.discrete([1, 0], [0, 1], "js")
    True
    """
    first, second = _inputs.probabilities("p", p, normalize), _inputs.probabilities("q", q, normalize)
    if first.shape != second.shape:
        raise ValueError(f"q: it has shape {second.shape}, p has {first.shape}; both have the same bins")
    return _native.divergence_discrete(_inputs.text("kind", kind), first.ravel(), second.ravel())


def gaussians(p: tuple[Any, Any], q: tuple[Any, Any], kind: str = "kl") -> Estimate:
    """Between two Gaussians, each a mean (d,) and a covariance (d, d): a closed form, or quadrature.

    >>> import earthwork as ew
    >>> ew.divergence.gaussians(([0.0], [[1.0]]), ([2.0], [[1.0]])).value
    2.0
    """
    return _native.divergence_gaussians(_inputs.text("kind", kind), *_gaussian("p", p), *_gaussian("q", q))


def mixtures(p: Sequence[Any], q: Sequence[Any], kind: str = "kl", draws: int = 100_000, seed: int = 0) -> Estimate:
    """Between two Gaussian mixtures, each (means (k, d), covariances (k, d, d), weights (k,)): quadrature or Monte Carlo."""
    return _native.divergence_mixtures(
        _inputs.text("kind", kind), mixture("p", p), mixture("q", q), _inputs.count("draws", draws), seed
    )


def mutual_information(X: Points, Y: Points, k: int = 5, *, missing: OnMissing = "error") -> Estimate:
    """The mutual information of pairs: point i of X (n, d) belongs to point i of Y (n, e) (Kraskov et al. 2004).

    With ``missing="drop"`` a pair is left out where a value of either point is missing.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 2000))
    >>> found = ew.divergence.mutual_information(x, 0.6 * x + 0.8 * noise)  # truly -ln(0.64) / 2 = 0.223
    >>> 0.15 < found.value < 0.3
    True
    """
    x, y = _inputs.paired(X, Y, missing)
    return _native.mutual_information(x, y, _inputs.count("k", k))


def _gaussian(name: str, given: Any) -> tuple[Any, Any]:
    try:
        mean, covariance = given
    except (TypeError, ValueError):
        raise TypeError(f"{name}: a mean and a covariance are needed") from None
    return _inputs.floats(name, mean, ndim=1), _inputs.floats(name, covariance, ndim=2)


def mixture(name: str, given: Any) -> tuple[list[Any], list[Any], list[float]]:
    """A mixture as the compiled half takes it."""
    try:
        means, covariances, weights = given
    except (TypeError, ValueError):
        raise TypeError(f"{name}: means, covariances and weights are needed") from None
    parts = [_inputs.floats(name, mean, ndim=1) for mean in means]
    shapes = [_inputs.floats(name, covariance, ndim=2) for covariance in covariances]
    shares = _inputs.floats(name, weights, ndim=1).tolist()
    if not len(parts) == len(shapes) == len(shares):
        raise ValueError(f"{name}: it has {len(parts)} means, {len(shapes)} covariances and {len(shares)} weights")
    return parts, shapes, shares
