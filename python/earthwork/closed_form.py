"""Transport between distributions for which there is a formula. A Gaussian is (mean (d,), covariance (d, d)) of any rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points
from earthwork._kinds import OnMissing
from earthwork._number import ended
from earthwork._text import brief
from earthwork.divergence import _gaussian, mixture
from earthwork.results import Estimate

__all__ = [
    "EntropicGaussian",
    "GaussianBarycenter",
    "MixtureDistance",
    "bures_wasserstein",
    "entropic_gaussian",
    "gaussian_barycenter",
    "gaussian_map",
    "gelbrich",
    "mixture_distance",
    "moments",
    "quantile_distance",
]


def bures_wasserstein(p: tuple[Any, Any], q: tuple[Any, Any]) -> Estimate:
    """W₂ between two Gaussians.

    >>> import earthwork as ew
    >>> ew.closed_form.bures_wasserstein(([0.0], [[1.0]]), ([3.0], [[25.0]])).value
    5.0
    """
    return _native.bures_wasserstein(_gaussian("p", p), _gaussian("q", q))


def gaussian_map(p: tuple[Any, Any], q: tuple[Any, Any], points: Points) -> Floats:
    """Where the optimal map from p to q sends points of shape (k, d)."""
    matrix = _native.gaussian_map(_gaussian("p", p), _gaussian("q", q))
    rows = _inputs.points("points", points)
    moved: Floats = _inputs.floats("q", q[0]) + (rows - _inputs.floats("p", p[0])) @ matrix.T
    return moved


@brief
class GaussianBarycenter(NamedTuple):
    """The barycenter of Gaussians in W₂."""

    mean: Floats
    covariance: Floats
    cost: float
    """Σ w_k W₂²."""
    status: str


def gaussian_barycenter(gaussians: Sequence[tuple[Any, Any]], shares: Any = None) -> GaussianBarycenter:
    """The barycenter of Gaussians; equal shares by default."""
    given = [_gaussian(f"gaussians[{k}]", one) for k, one in enumerate(gaussians)]
    weights = _inputs.uniform_or("shares", shares, max(len(given), 1))
    mean, covariance, cost, status = _native.gaussian_barycenter(given, weights.tolist())
    ended("the barycenter", status)
    return GaussianBarycenter(np.array(mean), covariance, cost, status)


class EntropicGaussian(NamedTuple):
    """Entropic transport between Gaussians."""

    value: float
    """⟨C, P⟩ + ε KL(P | a ⊗ b)."""
    transport_cost: float
    divergence_of_plan: float
    """KL(P | a ⊗ b)."""
    sinkhorn_divergence: float


def entropic_gaussian(p: tuple[Any, Any], q: tuple[Any, Any], epsilon: float) -> EntropicGaussian:
    """Entropic transport of the squared distance between two Gaussians (Janati et al. 2020)."""
    return EntropicGaussian(
        *_native.entropic_gaussian(_gaussian("p", p), _gaussian("q", q), _inputs.number("epsilon", epsilon))
    )


def gelbrich(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
) -> Estimate:
    """A proven lower bound on W₂ from means and covariances alone, in O(n d²)."""
    return _native.gelbrich(*_inputs.pair(X, Y, a, b, normalize=normalize, missing=missing))


def moments(X: Points, a: Any = None, *, missing: OnMissing = "error") -> tuple[Floats, Floats]:
    """Mean (d,) and covariance (d, d), over n, of a sample: a Gaussian as the other functions take it.

    >>> import earthwork as ew
    >>> X, Y = [[0.0], [2.0]], [[3.0], [7.0]]
    >>> p, q = ew.closed_form.moments(X), ew.closed_form.moments(Y)
    >>> ew.closed_form.bures_wasserstein(p, q).value == ew.closed_form.gelbrich(X, Y).value
    True
    """
    return _native.sample_moments(_inputs.sample("X", X, "a", a, missing=missing))


def quantile_distance(P: Any, Q: Any, p: float = 2) -> Estimate:
    """W_p between two distributions on the line, from their quantile functions.

    ``P`` and ``Q`` are frozen distributions of ``scipy.stats`` (anything with ``ppf`` and ``isf``), pairs (quantile, inverse survival
    function), or quantile functions of the level u in (0, 1). With the inverse survival function long upper tails keep their digits; from u
    alone no level above 1 - 1e-16 can be asked for.

    >>> import math
    >>> import earthwork as ew
    >>> exponential = lambda mean: (lambda u: -mean * math.log1p(-u), lambda above: -mean * math.log(above))
    >>> found = ew.closed_form.quantile_distance(exponential(1.0), exponential(3.0), p=1)
    >>> abs(found.value - 2.0) < 1e-12
    True
    """
    return _native.quantile_distance(_inputs.number("p", p), _quantiles("P", P), _quantiles("Q", Q))


def _quantiles(name: str, given: Any) -> Callable[[float, float], float]:
    if hasattr(given, "ppf") and hasattr(given, "isf"):
        lower, upper = given.ppf, given.isf
    elif isinstance(given, tuple) and len(given) == 2 and all(map(callable, given)):
        lower, upper = given
    elif callable(given):
        return lambda below, above: float(given(min(below, 1 - 2**-53)))
    else:
        raise TypeError(f"{name}: a quantile function, a pair of functions or a frozen distribution is needed")
    return lambda below, above: float(lower(below) if below < above else upper(above))


@brief
class MixtureDistance(NamedTuple):
    """Transport between the components of two mixtures."""

    estimate: Estimate
    """MW₂: an upper bound on W₂."""
    costs: Floats
    """W₂² between components."""
    plan: Floats
    """What moves between components."""

    @property
    def value(self) -> float:
        """MW₂."""
        return self.estimate.value

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)


def mixture_distance(p: Sequence[Any], q: Sequence[Any]) -> MixtureDistance:
    """MW₂ between Gaussian mixtures, each (means (k, d), covariances (k, d, d), weights (k,)) (Delon & Desolneux 2020)."""
    return MixtureDistance(*_native.mixture_distance(mixture("p", p), mixture("q", q)))
