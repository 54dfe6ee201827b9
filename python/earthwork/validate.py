"""Metrics held against exact transport: which of them say what is wrong with a fake sample, and from which severity on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points
from earthwork._kinds import OnMissing
from earthwork._progress import Progress, reporting
from earthwork._text import html_table, table
from earthwork.divergence import mixture
from earthwork.comparison import discrepancy
from earthwork.metrics import KEYS, Asked, Metric, asked
from earthwork.scale import draws, tasks
from earthwork.scale.parts import Part
from earthwork.scale.source import digest, source_of

if TYPE_CHECKING:
    import pandas

__all__ = ["CORRUPTIONS", "Population", "Report", "Verdict", "corrupt", "population", "run"]

CORRUPTIONS: dict[str, str] = dict(_native.corruptions())
"""Each way to go wrong, and what it does from severity 0 to 1."""

Population = _native.Population


def population(
    data: str | Points | Sequence[Any] | Population,
    labels: Any = None,
    modes: int = 8,
    seed: int = 0,
    *,
    missing: OnMissing = "error",
) -> Population:
    """Where real points come from.

    Args:
        data: ``"ring8"``, ``"grid25"``, a Gaussian mixture as a tuple (means (k, d), covariances (k, d, d), weights (k,)), or points of
            shape (n, d), which are dealt out without replacement.
        labels: the mode (class) of each point, numbered from 0.
        modes: how many modes k-means finds in points without labels.
        seed: of k-means.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.

    >>> import earthwork as ew
    >>> ew.validate.population("grid25")
    Population(grid25: 25 Gaussians of deviation 0.05 on a grid of spacing 2)
    """
    if isinstance(data, Population):
        return data
    if isinstance(data, str):
        return Population.toy(data)
    if isinstance(data, tuple) and len(data) == 3:
        return Population.mixture(mixture("data", data))
    points, classes = _inputs.labelled("data", data, labels, missing)
    if classes is None:
        return Population.clustered(points, _inputs.count("modes", modes), _inputs.count("seed", seed))
    return Population.labelled(points, classes)


def corrupt(
    data: str | Points | Sequence[Any] | Population,
    corruption: str,
    severity: float,
    n: int = 400,
    seed: int = 0,
    *,
    labels: Any = None,
    modes: int = 8,
    missing: OnMissing = "error",
) -> tuple[Floats, Floats]:
    """n real points, and n fake ones that suffered a corruption, each of shape (n, d); the same seed gives the same points.

    >>> import earthwork as ew
    >>> real, fake = ew.validate.corrupt("ring8", "mode-drop", 1.0)
    >>> ew.metrics.prdc(real, fake).recall.value < 0.5
    True
    """
    of = population(data, labels, modes, seed, missing=missing)
    return of.corrupted(
        _inputs.text("corruption", corruption),
        _inputs.number("severity", severity),
        _inputs.count("n", n),
        _inputs.count("seed", seed),
    )


def _made(method: str, given: Any) -> Population:
    """What a pickle brings back."""
    made: Population = getattr(Population, method)(*given)
    return made


class Verdict(NamedTuple):
    """What a metric makes of a corruption."""

    corruption: str
    metric: str
    verdict: str | None
    """``follows``, ``blind`` or ``misleading``; None where the metric has no value."""
    rho: float | None
    """Spearman's correlation with the truth, the metric turned so that more is worse."""
    lower: float | None
    """The lower end of its 95 % interval."""
    upper: float | None
    judged_by: str | None
    """``w1`` where exact W₁ itself rises with the severity, else ``severity``."""
    sees_from: float | None
    """The least severity from which on the metric stands above its noise."""
    violations: int | None
    """Steps of severity on which it does not get worse."""
    error: str | None
    """Why there is no value."""


class _KeptReport:
    """What was read of a report before it was pickled."""

    def __init__(self, raw: Any, metrics: Sequence[str], corruptions: Sequence[str]) -> None:
        self._json, self._html, self.severities = raw.json(), raw.html(), raw.severities
        self._values = {(m, c): raw.values(m, c) for c in corruptions for m in ("w1", "w2", *metrics)}

    def json(self) -> str:
        """The report as JSON."""
        return str(self._json)

    def html(self) -> str:
        """The report as a page."""
        return str(self._html)

    def values(self, metric: str, corruption: str) -> Any:
        """The values of a metric under a corruption."""
        for k, (what, asked) in enumerate((("metric", metric), ("corruption", corruption))):
            known = sorted({key[k] for key in self._values})
            if asked not in known:
                raise ValueError(f"{what}: `{asked}` is none of {', '.join(known)}")
        return self._values[metric, corruption]


class Report:
    """Verdicts on metrics under corruptions, with every value. Prints as a table; shows as HTML in a notebook."""

    def __init__(self, raw: _native.ValidationReport, of: Population) -> None:
        self._raw = raw
        self.population = of
        """Where the real points came from."""
        self._found: dict[str, Any] = json.loads(raw.json())
        self.metrics: list[str] = [metric["name"] for metric in self._found["metrics"]]
        """The metrics that were judged."""
        self.corruptions: list[str] = [sweep["corruption"] for sweep in self._found["sweeps"]]
        """What the fake samples suffered."""
        self.verdicts: list[Verdict] = [
            _verdict(sweep["corruption"], found) for sweep in self._found["sweeps"] for found in sweep["metrics"]
        ]
        """One for each corruption and metric."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_raw": _KeptReport(self._raw, self.metrics, self.corruptions)}

    @property
    def severities(self) -> Floats:
        """The severities of each sweep."""
        return self._raw.severities

    @property
    def status(self) -> str:
        """``optimal`` when all was done; else why it ended early: sweeps that were not finished are not here."""
        return str(self._found["status"])

    @property
    def left_out(self) -> dict[str, str]:
        """Corruptions that do not fit the data, and why."""
        return {left["corruption"]: left["why"] for left in self._found["left_out"]}

    def verdict(self, metric: str, corruption: str) -> Verdict:
        """The verdict on one metric under one corruption."""
        for found in self.verdicts:
            if (found.metric, found.corruption) == (metric, corruption):
                return found
        raise KeyError(f"{metric!r} under {corruption!r} is not in this report")

    def values(self, metric: str, corruption: str) -> Floats:
        """The values of a metric (``w1`` and ``w2`` as well) under a corruption, of shape (severities, repeats)."""
        return self._raw.values(_inputs.text("metric", metric), _inputs.text("corruption", corruption))

    def to_dict(self) -> dict[str, Any]:
        """Everything, in the schema of ``earthwork validate --json``; infinite values are None."""
        found: dict[str, Any] = json.loads(self._raw.json())
        return found

    def to_pandas(self) -> pandas.DataFrame:
        """The verdicts, one a row (needs pandas)."""
        import pandas

        return pandas.DataFrame(self.verdicts, columns=list(Verdict._fields))

    def html(self) -> str:
        """The report as one page that needs no network."""
        return self._raw.html()

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the page (``.html``), or everything as ``.json``."""
        target = Path(path)
        if target.suffix in (".html", ".htm"):
            target.write_text(self.html(), encoding="utf-8")
        elif target.suffix == ".json":
            target.write_text(self._raw.json(), encoding="utf-8")
        else:
            raise ValueError(f"path: {target.name} ends neither in .html nor in .json")

    def _cells(self) -> list[list[str]]:
        marks = {"follows": "", "blind": " ·", "misleading": " !"}

        def cell(metric: str, corruption: str) -> str:
            found = self.verdict(metric, corruption)
            if found.verdict is None or found.rho is None:
                return "-"
            dagger = "" if found.judged_by == "w1" else "†"
            return f"{found.rho:.2f}{dagger}{marks[found.verdict]}"

        return [[name, *(cell(metric, name) for metric in self.metrics)] for name in self.corruptions]

    _KEY = "ρ with exact W₁, or † with the severity; no mark: follows, ·: blind, !: misleading"

    def __repr__(self) -> str:
        return "\n".join([self.population.title, "", table(("", *self.metrics), self._cells()), "", self._KEY])

    def _repr_html_(self) -> str:
        return html_table(("", *self.metrics), self._cells()) + f"<p>{self._KEY}</p>"


def _verdict(corruption: str, found: dict[str, Any]) -> Verdict:
    rho = found["spearman_w1" if found["judged_by"] == "w1" else "spearman_severity"]
    value, (lower, upper) = (None, (None, None)) if rho is None else (rho["value"], rho["interval"])
    rest = (found["judged_by"], found["sees_from"], found["violations"], found["error"])
    return Verdict(corruption, found["name"], found["verdict"], value, lower, upper, *rest)


def run(
    data: str | Points | Sequence[Any] | Population,
    metrics: Asked = "all",
    corruptions: str | Sequence[str] = "all",
    *,
    labels: Any = None,
    modes: int = 8,
    points: int = 400,
    severities: int | Sequence[float] = 6,
    repeats: int = 3,
    seed: int = 0,
    missing: OnMissing = "error",
    time_limit: float | None = None,
    progress: Progress = False,
    store: str | PathLike[str] | None = None,
    client: Any = None,
) -> Report:
    """Judges metrics: fake samples are made worse step by step, and every metric is computed with exact W₁ and W₂ beside it.

    Args:
        data: where real points come from: see :func:`population`.
        metrics: ``"all"``, or a list of names, discrepancies, functions of real and fake points, and
            :class:`earthwork.metrics.Metric` for those that are scores.
        corruptions: ``"all"``, or names of :data:`CORRUPTIONS`.
        labels: the class of each point.
        modes: how many modes k-means finds in points without labels.
        points: of either sample; at most half of those given.
        severities: how many steps from 0 to 1, or the steps.
        repeats: values at each severity, each of samples of its own.
        seed: the same seed gives the same values.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        time_limit: seconds after which what is finished is reported.
        progress: True for a bar, or a function that receives a dict.
        store: a folder in which the values of the metrics are written as they are done; a call that finds it computes what is missing.
        client: a ``distributed.Client``, on whose workers metrics are computed, 32 tasks in all. Exact W₁ and W₂ are computed by the
            caller. With a store or a client metrics need names or functions, and those of the modes of a mixture, which only ``"all"``
            brings, have none.

    >>> import earthwork as ew
    >>> report = ew.validate.run("ring8", ["precision", "recall"], ["mode-drop"], points=200)
    >>> report.verdict("recall", "mode-drop").verdict, report.verdict("precision", "mode-drop").verdict
    ('follows', 'blind')
    """
    of = population(data, labels, modes, seed, missing=missing)
    if isinstance(severities, (int, np.integer)):
        steps = np.linspace(0.0, 1.0, _inputs.count("severities", severities))
    else:
        steps = _inputs.floats("severities", severities, ndim=1)
    names = [corruptions] if isinstance(corruptions, str) else list(corruptions)
    everything = isinstance(metrics, str) and metrics == "all"
    options = {
        "metrics": None if everything else asked("metrics", metrics),
        "corruptions": None if names == ["all"] else [_inputs.text("corruptions", name) for name in names],
        "severities": steps.tolist(),
        "points": _inputs.count("points", points),
        "repeats": _inputs.count("repeats", repeats),
        "seed": _inputs.count("seed", seed),
        "time_limit": time_limit,
    }
    if store is not None or client is not None:
        if everything:
            if of.__reduce__()[1][0] in ("toy", "mixture"):
                raise ValueError('metrics: with a store or a client name them; some of "all" on a mixture, those of its modes, have no names')
            metrics = [key for key in KEYS if key not in ("w1", "w2")]
        options["metrics"] = _elsewhere(of, metrics, options, store, client, progress)
    with reporting(progress) as shown:
        return Report(_native.validation(of, {**options, "progress": shown}), of)


def _elsewhere(of: Population, metrics: Asked, options: dict[str, Any], store: Any, client: Any, progress: Progress) -> list[Any]:
    """Has metrics computed on all scenes of a validation. Returns metrics that know the values."""
    given = [metrics] if isinstance(metrics, str) else list(metrics)
    if any(isinstance(getattr(one, "by", one), _native.Discrepancy) for one in given):
        raise TypeError("metrics: a store and a client need names, or functions of two arrays; a Discrepancy cannot be written down")
    asked("metrics", given)
    functions = [source_of(one.by) if isinstance(one, Metric) else source_of(one) for one in given]
    probe, _ = of.corrupted("translate", 0.0, 8, 0)
    drawn = {key: value for key, value in options.items() if key not in ("metrics", "time_limit")}
    wanted = {"kind": "validation", "data": of.title, "drawn": digest([_native.Samples(probe)]), "metrics": functions, **drawn}
    todo = [tasks.Task(one.name, _scenes, (given, drawn, *one.arguments)) for one in draws.shares(_scenes)]
    done = tasks.done(todo, wanted, of, store=store, client=client, progress=progress, stage="shares of the scenes")
    out = []
    for at, one in enumerate(given):
        key, method, reading = _metric(one)
        known = {found: value for name in done for found, value in done[name].head[at].items()}
        out.append((key, draws.replay(_between(method), method.name, known), reading))
    return out


def _between(method: _native.Discrepancy) -> draws.Value:
    return lambda x, y: method.between(x, y).value


def _metric(given: Any) -> tuple[str, _native.Discrepancy, str]:
    """The key of a metric, what computes it, and how it is read."""
    if not isinstance(given, str):
        (found,) = asked("metrics", [given])
        assert isinstance(found, tuple)
        return found
    form, _, number = given.partition(":")
    reading = "half" if form == "one_nn" else "distance" if KEYS.get(form, True) else "score"
    if form not in KEYS:
        return given, discrepancy(given), reading
    return given, _native.metric(form, int(number) if number.isdigit() else None), reading


# What a validation draws besides its sweeps: scenes of the noise floor, and sizes at one severity. Were it to draw others, these would be
# computed by the caller.
_FLOOR, _SIZES, _SIZE_SEVERITY = 12, (50, 100, 200, 400, 800), 0.4


def _scenes(folder: str | None, name: str, of: Population, metrics: list[Any], drawn: dict[str, Any], k: int) -> Part:
    """A task: some scenes, and the values of the metrics on them, for each metric by the digest of the points."""
    found: list[dict[str, float]] = [{} for _ in metrics]
    methods = [_metric(one)[1] for one in metrics]
    for at, (corruption, severity, n) in enumerate(_planned(of, drawn)):
        if at % draws.SHARES != k:
            continue
        try:
            sides = of.corrupted(corruption, severity, n, (drawn["seed"] * 1_000_003 + at) % 2**64)
        except ValueError:
            continue  # more points than there are
        real, fake = (_native.Samples(np.ascontiguousarray(side)) for side in sides)
        for values, method in zip(found, methods, strict=True):
            try:
                values[draws.key_of(*sides)] = method.between(real, fake).value
            except ValueError:
                pass  # the caller finds out why
    return Part(found)


def _planned(of: Population, drawn: dict[str, Any]) -> list[tuple[str, float, int]]:
    """The scenes of a validation in their order, as the compiled half plans them."""
    points, repeats = drawn["points"], drawn["repeats"]
    kept = []
    for corruption in drawn["corruptions"] or CORRUPTIONS:
        try:
            of.corrupted(corruption, 1.0, points, 0)
            kept.append(corruption)
        except ValueError:
            pass
    out = [(corruption, severity, points) for corruption in kept for severity in drawn["severities"] for _ in range(repeats)]
    out += [("translate", 0.0, points)] * _FLOOR
    for size in _SIZES:
        out += [("translate", 0.0, size)] * max(repeats, 2) + [(kept[0], _SIZE_SEVERITY, size)] * max(repeats, 2) if kept else []
    return out

