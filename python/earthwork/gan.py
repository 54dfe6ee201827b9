"""Adversarial training of points, images and text, with exact transport as the referee of every record."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points
from earthwork._kinds import OnMissing
from earthwork._number import ended
from earthwork._progress import Progress
from earthwork._text import html_table, table
from earthwork.metrics import KEYS, Asked, Metric, asked
from earthwork.results import Estimate
from earthwork.scale import tasks
from earthwork.scale.parts import Part, read_part, write_part
from earthwork.scale.source import digest, source_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

__all__ = ["TOYS", "Floor", "Networks", "Run", "Sweep", "Training", "fit", "sweep", "toy"]

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
        self._raw = _run((toy, samples, labels, {**options, "time_limit": 0.0}, lines), state["_raw"])

    def curve(self, key: str) -> Floats:
        """One entry of all records, such as ``w1`` or a metric; NaN where a record has none."""
        return _curve(self.records, key)

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


def _curve(records: list[dict[str, Any]], key: str) -> Floats:
    found = [record["metrics"].get(key) if key in record["metrics"] else record[key] for record in records]
    return np.array([np.nan if value is None else float(value) for value in found], dtype=np.float64)


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

    begun = _begun(
        data,
        {
            "method": method,
            "steps": steps,
            "seed": seed,
            "labels": labels,
            "conditional": conditional,
            "published": published,
            "batch": batch,
            "latent": latent,
            "critic": critic,
            "generator": generator,
            "networks": networks,
            "image": image,
            "length": length,
            "alphabet": alphabet,
            "every": every,
            "points": points,
            "metrics": asked("metrics", metrics),
            "missing": missing,
            "time_limit": time_limit,
        },
    )
    return Training(_run(begun, checkpoint, report), begun)


def _run(begun: tuple[Any, ...], checkpoint: bytes | None, report: Callable[[dict[str, Any]], object] | None = None) -> _native.Training:
    toy, samples, labels, options, lines = begun
    return _native.gan_fit(toy, samples, labels, options, checkpoint, report, lines)


def _begun(data: Any, given: dict[str, Any]) -> tuple[Any, ...]:
    """What the compiled half is given: a toy's name, a sample, its labels, options, lines of text."""
    labels, conditional, networks = given["labels"], given["conditional"], given["networks"]
    steps, batch, latent, length, alphabet = (given[key] for key in ("steps", "batch", "latent", "length", "alphabet"))
    critic, generator = given["critic"], given["generator"]
    lines: list[str] | None = None
    if not isinstance(data, str) and isinstance(data, Sequence) and data and all(isinstance(line, str) for line in data):
        lines, data = [str(line) for line in data], ""
    data, shape = _images(data, given["image"])
    layers: tuple[str, str] | None = None
    if isinstance(critic, str) or isinstance(generator, str):
        if not (isinstance(critic, str) and isinstance(generator, str)) or networks is not None:
            raise ValueError("critic: layers as text are needed of both critic and generator, without networks")
        layers, critic, generator = (critic, generator), None, None
    options = {
        "method": _inputs.text("method", given["method"]),
        "published": given["published"],
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
        "every": _inputs.count("every", given["every"]),
        "points": _inputs.count("points", given["points"]),
        "seed": _inputs.count("seed", given["seed"]),
        "time_limit": given["time_limit"],
        "metrics": given["metrics"],
    }
    if lines is None and (length is not None or alphabet is not None):
        raise ValueError("length: it is for text, a list of lines")
    if lines is not None:
        if labels is not None or conditional:
            raise ValueError("labels: lines of text have no classes")
        return None, None, None, options, lines
    if isinstance(data, str):
        return data, None, None, options, None
    sample, classes = _inputs.labelled("data", data, labels, given["missing"])
    return None, sample, classes, options, None


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


class Run(NamedTuple):
    """A training of a sweep."""

    objective: str
    control: str | None
    seed: int
    status: str
    """That of the :class:`Training`; ``not begun``, where a time limit came first; or why there is none, such as ``it has diverged``."""
    steps: int
    w1: float
    """Exact W₁ of the last record; NaN without one."""
    w2: float


class Sweep:
    """Trainings of all objectives, controls and seeds. Prints as a table of exact W₁; ``sweep["wgan", "gp", 0]`` is a :class:`Training`."""

    def __init__(self, runs: list[Run], found: tasks.Done, begun: tuple[Any, ...]) -> None:
        self.runs = runs
        """In the order of objectives, controls and seeds."""
        self._found, self._begun = found, begun
        self.report: dict[str, Any] = found.report
        """``tasks``, how many of them were ``found`` in the store, ``computed``, ``damaged``, ``left``, and ``seconds``."""

    @property
    def complete(self) -> bool:
        """Whether no training is left to do."""
        return not self.report["left"]

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, which: tuple[str, str | None, int]) -> Training:
        """The training of an objective, a control (None for none) and a seed."""
        objective, control, seed = which
        name = _named(objective, control, seed)
        if name not in self._found:
            raise KeyError(f"{name} is none of {', '.join(self._found)}")
        part = self._found[name]
        if not part.body:
            raise KeyError(f"{name} has no training: {part.head['status']}")
        return _restored(_asked(self._begun, objective, control, seed), part)

    def curves(self, key: str = "w1") -> dict[tuple[str, str | None, int], Floats]:
        """One entry of all records of each training that there is, such as ``w1`` or a metric, as :meth:`Training.curve` gives it."""
        out = {}
        for run in self.runs:
            name = _named(run.objective, run.control, run.seed)
            if name in self._found and (records := self._found[name].head["records"]):
                out[run.objective, run.control, run.seed] = _curve(records, key)
        return out

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each training, with the metrics of its last record (needs pandas)."""
        import pandas

        rows = []
        for run in self.runs:
            name = _named(run.objective, run.control, run.seed)
            records = self._found[name].head["records"] if name in self._found else []
            last = records[-1]["metrics"] if records else {}
            rows.append({**run._asdict(), **{key: np.nan if found is None else found.value for key, found in last.items()}})
        return pandas.DataFrame(rows)

    def plot(self, key: str = "w1", ax: Axes | None = None) -> Axes:
        """An entry of the records by the step: the mean over the seeds, and a band from the least to the most (needs matplotlib)."""
        from earthwork.plot import _axes

        ax = _axes(ax)
        groups: dict[str, list[tuple[Floats, Floats]]] = {}
        for (objective, control, seed), curve in self.curves(key).items():
            records = self._found[_named(objective, control, seed)].head["records"]
            groups.setdefault(_method(objective, control), []).append((np.array([one["step"] for one in records], dtype=np.float64), curve))
        for name, found in groups.items():
            shortest = min(len(curve) for _, curve in found)
            steps, values = found[0][0][:shortest], np.array([curve[:shortest] for _, curve in found])
            (line,) = ax.plot(steps, values.mean(axis=0), label=name, lw=1.4)
            ax.fill_between(steps, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.2, lw=0)
        ax.set_xlabel("step")
        ax.set_ylabel(key)
        ax.legend(frameon=False, fontsize=8)
        return ax

    def _cells(self) -> list[list[str]]:
        groups: dict[tuple[str, str | None], list[Run]] = {}
        for run in self.runs:
            groups.setdefault((run.objective, run.control), []).append(run)
        out = []
        for (objective, control), runs in groups.items():
            known = [run.w1 for run in runs if np.isfinite(run.w1)]
            counts: dict[str, int] = {}
            for run in runs:
                counts[run.status] = counts.get(run.status, 0) + 1
            value = f"{np.mean(known):.4g}" if known else "-"
            spread = f"{min(known):.4g} to {max(known):.4g}" if len(known) > 1 else ""
            out.append([objective, control or "-", value, spread, ", ".join(f"{count} {status}" for status, count in counts.items())])
        return out

    _HEAD = ("objective", "control", "mean W1", "over seeds", "trainings")

    def __repr__(self) -> str:
        return table(self._HEAD, self._cells(), frozenset({2}))

    def _repr_html_(self) -> str:
        return html_table(self._HEAD, self._cells(), frozenset({2}))


def sweep(
    data: str | Points | Sequence[str],
    objectives: str | Sequence[str] = ("wgan", "ns"),
    controls: str | None | Sequence[str | None] = ("gp", "lp"),
    seeds: int | Sequence[int] = 3,
    *,
    store: str | PathLike[str] | None = None,
    client: Any = None,
    threads: int | None = None,
    save: float = 60.0,
    time_limit: float | None = None,
    progress: Progress = False,
    **options: Any,
) -> Sweep:
    """Trains with all objectives, controls and seeds: on all cores, on a Dask cluster, from a store that a later call goes on from.

    Each training is the one that :func:`fit` makes of the same arguments, to the same bits, wherever it runs and however often it was
    interrupted. A training that diverges is a row of the result like the others.

    Parameters
    ----------
    data
        As for :func:`fit`. It is sent to each worker once.
    objectives
        ``wgan``, ``ns``, ``lsgan``, ``hinge``, ``rsgan`` and others that :func:`fit` takes.
    controls
        ``gp``, ``lp``, ``clip``, ``spectral``, ``dragan`` and others; None for none.
    seeds
        A list, or how many: 0, 1, ...
    store
        A folder in which each training is written when it is done, with its records and its last checkpoint. A call that finds a store
        trains what is missing; one with other data or options is refused. Workers of a client write to it themselves.
    client
        A ``distributed.Client``: trainings run on its workers.
    threads
        How many trainings at a time where there is no client; all cores by default.
    save
        With a store, seconds after which each training keeps a checkpoint, from which it goes on after an interruption.
    time_limit
        Seconds after which no further training is begun. What is left is ``not begun``, with a warning.
    progress
        True for a bar with the time left, or a function that receives a dict.
    options
        Of :func:`fit`: ``steps``, ``batch``, ``metrics`` (names and functions), ``networks``, ...

    Raises
    ------
    ValueError
        Where an option is wrong, or the store was made by another call; it names which.

    Examples
    --------
    >>> import earthwork as ew
    >>> small = {"steps": 10, "every": 10, "points": 32, "batch": 16, "critic": [8], "generator": [8]}
    >>> found = ew.gan.sweep("ring8", ["wgan", "lsgan"], ["lp", None], seeds=2, **small)
    >>> len(found), found.complete
    (8, True)
    >>> found["wgan", "lp", 1].records[-1]["w1"] == ew.gan.fit("ring8", "wgan+lp", seed=1, **small).records[-1]["w1"]
    True
    """
    taken = {name: one.default for name, one in inspect.signature(fit).parameters.items() if name != "data"}
    for name in ("method", "seed", "time_limit", "checkpoint", "report"):
        taken.pop(name)
    unknown = next((name for name in options if name not in taken), None)
    if unknown is not None:
        raise TypeError(f"{unknown}: `fit` has no such option that a sweep could have; it has {', '.join(taken)}")
    wanted = [_inputs.text("objectives", one) for one in ([objectives] if isinstance(objectives, str) else objectives)]
    held = [None if one is None else _inputs.text("controls", one) for one in ([controls] if isinstance(controls, str | None) else controls)]
    numbers = list(range(_inputs.count("seeds", seeds))) if isinstance(seeds, (int, np.integer)) else [_inputs.count("seeds", one) for one in seeds]
    for argument, given in (("objectives", wanted), ("controls", held), ("seeds", numbers)):
        if not given:
            raise ValueError(f"{argument}: at least one is needed")
        twice = next((one for k, one in enumerate(given) if one in given[:k]), None)
        if twice is not None:
            raise ValueError(f"{argument}: {twice!r} is there twice")
    if _inputs.number("save", save) <= 0:
        raise ValueError(f"save: it is {save}, but seconds above 0 are needed")
    options = {**taken, **options}
    if (client is not None or store is not None) and not isinstance(options["metrics"], str):
        if any(isinstance(getattr(one, "by", one), _native.Discrepancy) for one in options["metrics"]):
            raise TypeError("metrics: a store and a client need names, or functions of two arrays; a Discrepancy cannot be written down")
    asked("metrics", options["metrics"])
    begun = _begun(data, {**options, "method": wanted[0], "seed": 0, "time_limit": None})
    todo = [
        tasks.Task(_named(objective, control, seed), _trained, (objective, control, seed, float(save)))
        for objective in wanted
        for control in held
        for seed in numbers
    ]
    found = tasks.done(
        todo,
        {"kind": "trainings", **_described(begun, options)} if store is not None else {},
        begun,
        store=store,
        client=client,
        threads=threads,
        time_limit=time_limit,
        progress=progress,
        stage="trainings",
    )
    if found.report["left"]:
        ended("the sweep", "deadline")
    runs = []
    for task in todo:
        objective, control, seed, _ = task.arguments
        head: dict[str, Any] = found[task.name].head if task.name in found else {"records": [], "status": "not begun", "steps": 0}
        last: dict[str, Any] = head["records"][-1] if head["records"] else {"w1": np.nan, "w2": np.nan}
        runs.append(Run(objective, control, seed, head["status"], head["steps"], last["w1"], last["w2"]))
    return Sweep(runs, found, begun)


def _method(objective: str, control: str | None) -> str:
    return objective if control is None else f"{objective}+{control}"


def _named(objective: str, control: str | None, seed: int) -> str:
    return f"{_method(objective, control)},seed={seed}"


def _asked(begun: tuple[Any, ...], objective: str, control: str | None, seed: int, time_limit: float | None = None) -> tuple[Any, ...]:
    """What one training of a sweep is given."""
    toy, samples, labels, options, lines = begun
    metrics = asked("metrics", options["metrics"])
    return toy, samples, labels, {**options, "method": _method(objective, control), "seed": seed, "metrics": metrics, "time_limit": time_limit}, lines


def _described(begun: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """What tells a sweep from others, in the parameters of a store."""
    toy, samples, labels, given, lines = begun
    data = toy if toy is not None else digest([samples]) if samples is not None else hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
    metrics = options["metrics"]
    names = [metrics] if isinstance(metrics, str) else [repr((one.name, source_of(one.by), one.reading)) if isinstance(one, Metric) else source_of(one) for one in metrics]
    kept = {key: value for key, value in given.items() if key not in ("method", "seed", "time_limit", "metrics")}
    classes = None if labels is None else hashlib.blake2b(repr(labels).encode(), digest_size=16).hexdigest()
    return {"data": data, "labels": classes, "metrics": names, **kept}


def _trained(folder: str | None, name: str, begun: tuple[Any, ...], objective: str, control: str | None, seed: int, save: float) -> Part:
    """A training of a sweep. In a folder it keeps checkpoints, and goes on from the last one."""
    records: list[dict[str, Any]] = []
    checkpoint: bytes | None = None
    if folder is not None:
        there, _ = read_part(folder, tasks.under_way(name))
        if there is not None:
            records, checkpoint = there.head["records"], there.body
    limit = None if folder is None else save
    steps = -1
    while True:
        try:
            raw = _run(_asked(begun, objective, control, seed, limit), checkpoint)
        except ValueError as why:
            if "it has diverged" not in str(why):
                raise ValueError(f"{name}: {why}") from None
            return Part({"records": records, "status": str(why).partition(": ")[2], "steps": max(steps, 0), "correlations": {}})
        known = {record["step"] for record in records}
        records = [*records, *(record for record in raw.records() if record["step"] not in known)]
        checkpoint = raw.checkpoint()
        if raw.status != "deadline":
            break
        if raw.steps == steps and limit is not None:
            limit *= 2  # it was too short for a single step
        steps = raw.steps
        if folder is not None:
            write_part(folder, tasks.under_way(name), Part({"records": records}, checkpoint))
    whole = len(raw.records()) == len(records)
    tracked = dict(raw.metrics_track_w1()) if whole else _tracked(records, begun[3]["metrics"])
    return Part({"records": records, "status": raw.status, "steps": raw.steps, "correlations": tracked}, checkpoint)


def _restored(begun: tuple[Any, ...], part: Part) -> Training:
    """A training out of a store."""
    made = Training.__new__(Training)
    status, tracked = part.head["status"], part.head["correlations"]
    made.__setstate__({"_begun": begun, "_status": status, "_correlations": tracked, "records": part.head["records"], "_raw": part.body})
    return made


def _tracked(records: list[dict[str, Any]], metrics: Any) -> dict[str, float | None]:
    """:meth:`Training.correlations` of records that came in several runs: by the same formula, to the same bits."""
    readings = {one.name: one.reading for one in ([] if isinstance(metrics, str) else metrics) if isinstance(one, Metric)}
    found: dict[str, float | None] = {}
    for key in records[0]["metrics"] if records else ():
        form = key.partition(":")[0]
        reading = readings.get(key, "half" if form == "one_nn" else "distance" if KEYS.get(form, True) else "score")
        values = [(one["metrics"][key].value, one["w1"]) for one in records[1:] if one["metrics"][key] is not None]
        pairs = [(-v if reading == "score" else abs(v - 0.5) if reading == "half" else v, w1) for v, w1 in values]
        found[key] = _rank_correlation(pairs)
    return found


def _rank_correlation(pairs: list[tuple[float, float]]) -> float | None:
    """Spearman's, equal values at the mean of their ranks; None where one side does not vary."""
    if not pairs:
        return None
    sides = np.array(pairs).T
    ranks = [np.array([(side < v).sum() + ((side == v).sum() - 1) / 2 for v in side]) - (len(side) - 1) / 2 for side in sides]
    spread = np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1]))
    return float(ranks[0] @ ranks[1] / spread) if spread > 0 else None
