"""Adversarial training of points, images and text, with exact transport as the referee of every record."""

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

__all__ = ["TOYS", "Floor", "Networks", "Training", "fit", "toy"]

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
    js: list[float] | None = None
    """The Jensen-Shannon divergences of n-grams, n = 1 to 4, between real lines of text."""


class Networks(NamedTuple):
    """Two networks as safetensors files.

    Layers have the names and shapes of a PyTorch ``Sequential`` with one module for each of ``generator_layers`` or ``critic_layers`` (such as
    ``2.weight``). A perceptron has ``0.weight``, ``0.bias``, ``1.weight``, ... for its matrices alone.
    """

    generator: bytes
    critic: bytes
    generator_layers: str | None
    """The layers as text; None for a perceptron."""
    critic_layers: str | None


class Training:
    """A trained generator with its critic, and what the referee saw on the way."""

    def __init__(self, raw: _native.Training, begun: tuple[Any, ...]) -> None:
        self._raw = raw
        self._begun = begun
        self._status, self._correlations = raw.status, dict(raw.metrics_track_w1())
        self.records: list[dict[str, Any]] = raw.records()
        """One for each time the referee was asked: step, exact w1 and w2, what the critic says (``critic_value``) and proves
        (``certified``), losses, modes, slopes, gradients by layer, and ``metrics``: each with its evidence, or None.

        Of images also ``to_training`` and ``held_out_to_training``: mean distances to the nearest training image; with labels
        ``class_shares``, ``classes_found`` and ``classifier_accuracy`` by a small classifier. Of text ``js``: the Jensen-Shannon
        divergences of n-grams, n = 1 to 4, from held-out lines; ``real_lines`` and ``new_lines``: the shares of generated lines that occur
        among all lines, and among the held-out ones alone."""

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
        toy, samples, labels, options, lines = self._begun
        self._raw = _native.gan_fit(toy, samples, labels, {**options, "time_limit": 0.0}, state["_raw"], None, lines)

    def curve(self, key: str) -> Floats:
        """One entry of all records, such as ``w1`` or a metric; NaN where a record has none."""
        found = [record["metrics"].get(key) if key in record["metrics"] else record[key] for record in self.records]
        return np.array([np.nan if value is None else float(value) for value in found], dtype=np.float64)

    def floor(self) -> Floor:
        """What two *real* samples of the referee's size are apart: no generator can be expected to do better."""
        w1, w2, metrics, js = self._raw.floor()
        return Floor(w1, w2, dict(metrics), js)

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

    def text(self, n: int, seed: int = 0) -> list[str]:
        """n generated lines of text: the likeliest letter at each place, without blanks at the end.

        Raises:
            ValueError: the training is on no text.
        """
        found = self._raw.decode(_native.Samples(self.generate(n, seed)))
        if found is None:
            raise ValueError("text: this training is on no text; generate() gives points")
        return found

    def nearest_real(self, images: Points) -> Floats:
        """The training image nearest to each image, of shape (n, d).

        Raises:
            ValueError: the training is on no images.
        """
        found = self._raw.nearest_real(_native.Samples(_inputs.points_like("images", images, None, "the data")))
        if found is None:
            raise ValueError("images: this training is on no images of that size; give image=(height, width) to fit()")
        return found

    def networks(self) -> Networks:
        """Both networks as safetensors, which PyTorch and others read."""
        (generator, made), (critic, seen) = self._raw.networks()
        return Networks(generator, critic, made, seen)

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
    data: str | Points | Sequence[str],
    method: str = "wgan-lp",
    steps: int | None = None,
    seed: int = 0,
    *,
    labels: Any = None,
    conditional: bool = False,
    published: bool = False,
    batch: int | None = None,
    latent: int | None = None,
    critic: Sequence[int] | str | None = None,
    generator: Sequence[int] | str | None = None,
    networks: str | None = None,
    image: tuple[int, int] | tuple[int, int, int] | None = None,
    length: int | None = None,
    alphabet: str | None = None,
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
            scaled back. Images as an array of n × height × width (× channels), or as rows with ``image``. Text as a list of lines.
        method: an objective with its control, such as ``wgan-gp``, ``wgan-clip``, ``ns``, ``lsgan``, ``hinge+spectral``, ``ns+dragan``.
        steps: of the generator, in all.
        seed: of parameters, noise and batches; the same seed gives the same bits.
        labels: a class for each point, from 0.
        conditional: tell both networks the class.
        published: use the constants of the method's paper.
        batch: points of each side in a step.
        latent: the dimension of the noise.
        critic: widths of the critic's layers; or its layers as text, such as ``"conv2d:32:4:2:1 leaky-relu dense:1"``, with ``generator``.
        generator: the same for the generator, from noise to a point.
        networks: ``mlp``; ``dcgan`` or ``dcgan:CHANNELS`` for images; ``resnet`` or ``resnet:DEPTH``; ``text`` or ``text:CHANNELS``, the
            default for text.
        image: height, width (and channels) where rows of points are images.
        length: letters of a line of text at most; those of the longest by default.
        alphabet: the letters that lines may have; those that occur by default.
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

    lines: list[str] | None = None
    if not isinstance(data, str) and isinstance(data, Sequence) and data and all(isinstance(line, str) for line in data):
        lines, data = [str(line) for line in data], ""
    data, shape = _images(data, image)
    layers: tuple[str, str] | None = None
    if isinstance(critic, str) or isinstance(generator, str):
        if not (isinstance(critic, str) and isinstance(generator, str)) or networks is not None:
            raise ValueError("critic: layers as text are needed of both critic and generator, without networks")
        layers, critic, generator = (critic, generator), None, None
    options = {
        "method": _inputs.text("method", method),
        "published": published,
        "conditional": conditional,
        "steps": None if steps is None else _inputs.count("steps", steps),
        "batch": None if batch is None else _inputs.count("batch", batch),
        "latent": None if latent is None else _inputs.count("latent", latent),
        "critic": None if critic is None else [_inputs.count("critic", width) for width in critic],
        "generator": None if generator is None else [_inputs.count("generator", width) for width in generator],
        "networks": _inputs.text("networks", networks or ("mlp" if lines is None else "text")),
        "layers": layers,
        "image": shape,
        "length": None if length is None else _inputs.count("length", length),
        "alphabet": None if alphabet is None else _inputs.text("alphabet", alphabet),
        "every": _inputs.count("every", every),
        "points": _inputs.count("points", points),
        "seed": _inputs.count("seed", seed),
        "time_limit": time_limit,
        "metrics": asked("metrics", metrics),
    }
    if lines is None and (length is not None or alphabet is not None):
        raise ValueError("length: it is for text, a list of lines")
    if lines is not None:
        if labels is not None or conditional:
            raise ValueError("labels: lines of text have no classes")
        raw = _native.gan_fit(None, None, None, options, checkpoint, report, lines)
        return Training(raw, (None, None, None, options, lines))
    if isinstance(data, str):
        raw = _native.gan_fit(data, None, None, options, checkpoint, report)
        return Training(raw, (data, None, None, options, None))
    given, classes = _inputs.labelled("data", data, labels, missing)
    raw = _native.gan_fit(None, given, classes, options, checkpoint, report)
    return Training(raw, (None, given, classes, options, None))


def _images(data: Any, image: Sequence[int] | None) -> tuple[Any, tuple[int, int, int] | None]:
    """An array of images as rows, and their height, width and channels; rows with a shape that is given as they are."""
    shape: tuple[int, ...] = () if image is None else tuple(_inputs.count("image", side) for side in image)
    if image is not None and len(shape) not in (2, 3):
        raise ValueError(f"image: it has {len(shape)} sides; height and width are needed, and channels for colours")
    axes = getattr(data, "ndim", 0)
    if axes in (3, 4):
        found = tuple(int(side) for side in data.shape[1:])
        if shape and shape != found:
            raise ValueError(f"image: it is {shape}, and the images have the shape {found}; leave it out")
        data, shape = np.asarray(data).reshape(len(data), -1), found
    if not shape:
        return data, None
    return data, (shape[0], shape[1], shape[2] if len(shape) == 3 else 1)
