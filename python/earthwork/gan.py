"""Adversarial training in few dimensions, with exact transport as the referee of every record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points
from earthwork._kinds import OnMissing
from earthwork.metrics import Asked, asked
from earthwork.results import Estimate

if TYPE_CHECKING:
    import pandas

__all__ = ["TOYS", "Floor", "Training", "fit", "toy"]

TOYS: list[str] = _native.gan_toys()
"""The toy distributions by name."""


def toy(name: str, n: int, seed: int = 0) -> tuple[Floats, NDArray[np.int64]]:
    """n points of a toy distribution, of shape (n, 2), and the class of each.

    >>> import earthwork as ew
    >>> points, classes = ew.gan.toy("ring8", 500)
    >>> points.shape, len(set(classes.tolist()))
    ((500, 2), 8)
    """
    return _native.gan_toy(_inputs.text("name", name), _inputs.count("n", n), _inputs.count("seed", seed))


class Floor(NamedTuple):
    """What two real samples are apart, the mean over some draws with its standard error."""

    w1: Estimate
    w2: Estimate
    metrics: dict[str, Estimate | None]
    """Each metric that was asked for; None where it has no value."""


class Training:
    """A trained generator with its critic, and what the referee saw on the way."""

    def __init__(self, raw: _native.Training, begun: tuple[Any, ...]) -> None:
        self._raw = raw
        self._begun = begun
        self._status, self._correlations = raw.status, dict(raw.metrics_track_w1())
        self.records: list[dict[str, Any]] = raw.records()
        """One for each time the referee was asked: step, exact w1 and w2, what the critic says (``critic_value``) and proves
        (``certified``), losses, modes, slopes, gradients by layer, and ``metrics``: each with its evidence, or None."""

    @property
    def name(self) -> str:
        """The objective and the control."""
        return self._raw.name

    @property
    def steps(self) -> int:
        """Steps of the generator."""
        return self._raw.steps

    @property
    def status(self) -> str:
        """``converged`` when all steps are done and generated points are nearer to the real ones than at the beginning, ``stalled`` when they
        are not, else why the training ended early."""
        return self._status

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_raw": self._raw.checkpoint()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        toy, samples, labels, options = self._begun
        self._raw = _native.gan_fit(toy, samples, labels, {**options, "time_limit": 0.0}, state["_raw"], None)

    def curve(self, key: str) -> Floats:
        """One entry of all records, such as ``w1`` or a metric; NaN where a record has none."""
        found = [record["metrics"].get(key) if key in record["metrics"] else record[key] for record in self.records]
        return np.array([np.nan if value is None else float(value) for value in found], dtype=np.float64)

    def floor(self) -> Floor:
        """What two *real* samples of the referee's size are apart: no generator can be expected to do better."""
        w1, w2, metrics = self._raw.floor()
        return Floor(w1, w2, dict(metrics))

    def correlations(self) -> dict[str, float | None]:
        """Spearman's rank correlation of each metric, turned so that more is worse, with exact W₁ over the records after the first.

        None where there are too few records, or one of the two does not change.
        """
        return dict(self._correlations)

    def generate(self, n: int, seed: int = 0, of_class: int | None = None) -> Floats:
        """n generated points of shape (n, d); of one class, where the generator is told classes."""
        if of_class is None:
            return self._raw.generate(_inputs.count("n", n), _inputs.count("seed", seed))[0]
        return self._raw.generate_class(_inputs.count("n", n), _inputs.count("of_class", of_class), seed)

    def critic(self, points: Points) -> Floats:
        """The critic at each point; of length k."""
        names = None if self._begun[1] is None else self._begun[1].columns
        return self._raw.critic_values(_inputs.points_like("points", points, names, "the data"))

    def checkpoint(self) -> bytes:
        """The whole state (safetensors): ``fit(..., checkpoint=...)`` goes on from it to the same bits."""
        return self._raw.checkpoint()

    def to_pandas(self) -> pandas.DataFrame:
        """The records as a table, with a column for each metric and its standard error (needs pandas)."""
        import pandas

        def row(record: dict[str, Any]) -> dict[str, Any]:
            measured = {
                f"{key}{part}": None if found is None else getattr(found, name)
                for key, found in record["metrics"].items()
                for part, name in (("", "value"), ("_std_error", "std_error"))
            }
            return {key: value for key, value in record.items() if key != "metrics"} | measured

        return pandas.DataFrame([row(record) for record in self.records])

    def __repr__(self) -> str:
        last = self.records[-1] if self.records else None
        reached = "" if last is None else f", exact W1 = {last['w1']:.4g}"
        return f"Training({self.name}, {self.steps} steps{reached}, {self.status})"


def fit(
    data: str | Points,
    method: str = "wgan-lp",
    steps: int | None = None,
    seed: int = 0,
    *,
    labels: Any = None,
    conditional: bool = False,
    published: bool = False,
    batch: int | None = None,
    latent: int | None = None,
    critic: Sequence[int] | None = None,
    generator: Sequence[int] | None = None,
    every: int = 250,
    points: int = 512,
    metrics: Asked = (),
    missing: OnMissing = "error",
    time_limit: float | None = None,
    checkpoint: bytes | None = None,
    report: Callable[[dict[str, Any]], object] | None = None,
) -> Training:
    """Trains a generator against a critic.

    Args:
        data: a toy distribution of :data:`TOYS`, or points of shape (n, d), a fifth of which is kept for the referee. Columns whose spreads
            differ by more than a factor of 2 are trained each in its own unit, distances are in those units, and generated points are
            scaled back.
        method: an objective with its control, such as ``wgan-gp``, ``wgan-clip``, ``ns``, ``lsgan``, ``hinge+spectral``, ``ns+dragan``.
        steps: of the generator, in all.
        seed: of parameters, noise and batches; the same seed gives the same bits.
        labels: a class for each point, from 0.
        conditional: tell both networks the class.
        published: use the constants of the method's paper.
        batch: points of each side in a step.
        latent: the dimension of the noise.
        critic: widths of the critic's layers.
        generator: widths of the generator's layers.
        every: how many steps between two records.
        points: of each side that the referee compares.
        metrics: what stands beside the exact distances in each record: ``"all"`` for :data:`earthwork.metrics.KEYS`, or a list of their
            keys, of names that :func:`earthwork.discrepancy` knows, of discrepancies, of functions of real and generated points, and of
            :class:`earthwork.metrics.Metric`.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        time_limit: seconds after which what was reached is returned.
        checkpoint: go on from this state. With more ``steps`` than before the training goes on beyond those first asked for.
        report: a function that receives each record as it comes.

    >>> import earthwork as ew
    >>> training = ew.gan.fit("ring8", "wgan-lp", steps=20, every=10, points=64, batch=32)
    >>> [record["step"] for record in training.records]
    [0, 10, 20]
    >>> all(record["certified"] <= record["w1"] for record in training.records)
    True
    >>> watched = ew.gan.fit("ring8", steps=20, every=10, points=64, batch=32, metrics=["fid", "coverage"])
    >>> watched.records[-1]["metrics"]["fid"].value > watched.floor().metrics["fid"].value
    True
    """

    options = {
        "method": _inputs.text("method", method),
        "published": published,
        "conditional": conditional,
        "steps": None if steps is None else _inputs.count("steps", steps),
        "batch": None if batch is None else _inputs.count("batch", batch),
        "latent": None if latent is None else _inputs.count("latent", latent),
        "critic": None if critic is None else [_inputs.count("critic", width) for width in critic],
        "generator": None if generator is None else [_inputs.count("generator", width) for width in generator],
        "every": _inputs.count("every", every),
        "points": _inputs.count("points", points),
        "seed": _inputs.count("seed", seed),
        "time_limit": time_limit,
        "metrics": asked("metrics", metrics),
    }
    if isinstance(data, str):
        return Training(_native.gan_fit(data, None, None, options, checkpoint, report), (data, None, None, options))
    given, classes = _inputs.labelled("data", data, labels, missing)
    return Training(_native.gan_fit(None, given, classes, options, checkpoint, report), (None, given, classes, options))

