"""Critics: functions f with a proven Lipschitz constant L, so that (E_X f - E_Y f) / L is a lower bound on W₁."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._earthwork import Funnels
from earthwork._inputs import Floats, Points
from earthwork._kinds import CriticMethod, OnMissing
from earthwork._progress import Progress, reporting
from earthwork._text import short
from earthwork.results import Estimate, Estimated

__all__ = ["METHODS", "Critic", "Funnels", "Sampler", "fit"]

METHODS: tuple[str, ...] = tuple(_native.critic_methods())
"""How a critic can be held to Lipschitz constant 1, from ``qp`` on: which form of the dual problem it solves instead; ``exact-dual`` solves
W₁ and extends its potentials."""

Sampler: TypeAlias = Callable[[int, np.random.Generator], Any]
"""``f(n, rng)`` returns n new points of shape (n, d)."""

# Points on which a critic of two samplers is judged.
_JUDGED = 10_000


class Critic(Estimated):
    """A function on R^d with a proven Lipschitz constant. Call it with points of shape (k, d)."""

    def __init__(self, raw: _native.Critic, X: Any, Y: Any, method: str) -> None:
        self._raw = raw
        self._columns = X.columns or Y.columns
        self.method = method
        """How it was held to its constant."""
        found = raw.network_bound(X, Y)
        if found is None:
            exact = raw.exact()
            assert exact is not None
            self.estimate: Estimate = exact
            """What it proves about W₁ of the samples that it was fitted to: a lower bound, whose upper end is infinite, or W₁ itself for
            ``exact-dual``."""
            self.raw = exact.value
            """E_X f - E_Y f, the training objective without its penalty: no bound on anything by itself."""
        else:
            self.raw, self.estimate = found

    @property
    def lipschitz(self) -> float:
        """The proven upper bound on its Lipschitz constant."""
        return self._raw.lipschitz

    def __call__(self, points: Points) -> Floats:
        """f at each point; of length k."""
        return self._raw.values(self._placed(points))

    def gradient(self, points: Points) -> Floats:
        """∇f at each point; of shape (k, d). For ``mm-reversed`` the unit vectors from where its second network takes the points."""
        return self._raw.gradients(self._placed(points))

    def _placed(self, points: Points) -> Floats:
        """Points, the columns of a table in the order of the samples."""
        return _inputs.points_like("points", points, self._columns, "the samples")

    def held_out(self, X: Points, Y: Points, *, missing: OnMissing = "error") -> Estimate:
        """What it says about other samples of the same distributions, with a standard error."""
        x, y = _inputs.pair(X, Y, missing=missing)
        if self._columns is not None and x.columns is not None:
            turned = _inputs.order("X", x.columns, "the samples", self._columns)
            x, y = (x, y) if turned is None else (x.reordered(turned), y.reordered(turned))
        found = self._raw.held_out(x, y)
        if found is None:
            raise ValueError("method: an exact dual has no network; earthwork.exact.population brackets W1 of the distributions")
        return found

    def __repr__(self) -> str:
        kind = "=" if self.method == "exact-dual" else "≥"
        return f"Critic(W1 {kind} {short(self.value)}, {self.method}, Lipschitz constant at most {short(self.lipschitz)})"


def fit(
    X: Points | Sampler,
    Y: Points | Sampler,
    method: CriticMethod = "lp",
    steps: int = 2_000,
    batch: int = 256,
    seed: int = 0,
    *,
    a: Any = None,
    b: Any = None,
    hidden: Sequence[int] = (128, 128, 128),
    activation: str | None = None,
    rate: float | None = None,
    normalize: bool = False,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
) -> Critic:
    """Trains a critic between two samples, or two samplers ``f(n, rng)``; it is high on X and low on Y.

    Args:
        X: points, of shape (n, d), or a function that returns n new ones.
        Y: points, of shape (m, d), or a function.
        method: one of :data:`METHODS`.
        steps: of the optimiser.
        batch: points of each side in a step.
        seed: of the weights and the batches.
        a: weights of X.
        b: weights of Y.
        hidden: widths of the layers.
        activation: ``relu``, ``leaky-relu``, ``tanh``, ``softplus``, ``silu``, ``maxmin``, ``groupsort:K``; by the method by default.
        rate: the learning rate; by the method by default.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        time_limit: seconds after which the critic of the steps done is returned; its bound holds as well.
        progress: True for a bar, or a function that receives a dict.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + [2, 0]
    >>> critic = ew.critic.fit(X, Y, method="bjorck", steps=200)
    >>> 0 < critic.lower <= ew.exact.wasserstein(X, Y, p=1).value
    True
    >>> critic.gradient(X).shape
    (200, 2)
    """
    options = {
        "method": _inputs.text("method", method),
        "steps": _inputs.count("steps", steps),
        "batch": _inputs.count("batch", batch),
        "hidden": [_inputs.count("hidden", width) for width in hidden],
        "activation": activation,
        "rate": rate,
        "seed": _inputs.count("seed", seed),
        "time_limit": time_limit,
        "progress": None,
    }
    if method not in METHODS:
        raise ValueError(f"method: {method!r} is none of {', '.join(METHODS)}")
    with reporting(progress) as shown:
        options["progress"] = shown
        if not (callable(X) or callable(Y)):
            x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
            return Critic(_native.critic_fit(x, y, options), x, y, method)
        return _from_samplers(X, Y, a, b, method, seed, options)


def _from_samplers(
    X: Points | Sampler, Y: Points | Sampler, a: Any, b: Any, method: str, seed: int, options: dict[str, Any]
) -> Critic:
    if a is not None or b is not None:
        raise ValueError("a: a sampler draws its points as often as they weigh; there are no weights to give")
    rngs = [np.random.default_rng([seed, side]) for side in (0, 1)]
    sides = [_sampler(name, one) for name, one in (("X", X), ("Y", Y))]

    def draw(side: int, n: int) -> Floats:
        return _inputs.points("XY"[side], sides[side](n, rngs[side]))

    first, second = (_inputs.sample("XY"[side], draw(side, _JUDGED)) for side in (0, 1))
    if method == "exact-dual":
        return Critic(_native.critic_fit(first, second, options), first, second, method)
    return Critic(_native.critic_fit_streams(first.dim, draw, options), first, second, method)


def _sampler(name: str, given: Any) -> Sampler:
    if callable(given):
        sampler: Sampler = given
        return sampler
    rows = _inputs.points(name, given)
    return lambda n, rng: rows[rng.integers(len(rows), size=n)]
