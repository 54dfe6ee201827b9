"""The front door: one distance by name, all of them in a table, and tests."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, overload

import numpy as np

from earthwork import _earthwork as _native
from earthwork import _inputs, critic, divergence, exact, sinkhorn, sliced
from earthwork._inputs import Floats, Points
from earthwork._kinds import Ends, OnMissing, Scheme
from earthwork._number import heed
from earthwork._progress import Progress, reporting
from earthwork._text import brief, html_table, seconds, short, table
from earthwork.results import Distance, Estimate, Flow, evidence, signed
from earthwork.scale import draws, tasks
from earthwork.scale.parts import Part
from earthwork.scale.source import digest, source_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

Discrepancy = _native.Discrepancy

Comparer: TypeAlias = str | Callable[..., float] | Discrepancy
"""A name, a function of two arrays of points, or a discrepancy: see :func:`discrepancy`."""

_DIVERGENCES = ("kl", "reverse-kl", "js", "js-distance", "tv", "hellinger", "hellinger2", "chi2", "bhattacharyya")

NAMES, FORMS = _native.discrepancy_names()
"""The names that :func:`discrepancy` knows, and the forms with a number in them, such as ``sw:P``."""

METHODS = (
    "exact",
    "sinkhorn",
    "sinkhorn-divergence",
    "sliced",
    "max-sliced",
    "gelbrich",
    "population",
    "energy",
    "mmd",
    "critic",
    *_DIVERGENCES,
)
"""What :func:`distance` computes, besides the names that :func:`discrepancy` knows."""


def distance(
    X: Points,
    Y: Points,
    method: str = "exact",
    p: float = 2,
    a: Any = None,
    b: Any = None,
    *,
    normalize: bool = False,
    missing: OnMissing = "error",
    **options: Any,
) -> Distance:
    """How far apart two samples are, by any method of the library, with its evidence.

    Args:
        X: points, of shape (n, d) or (n,).
        Y: points, of shape (m, d).
        method: ``exact`` W_p; ``sinkhorn``, the root of bounds that entropic transport proves on W_p; ``sinkhorn-divergence``;
            ``sliced`` or ``max-sliced`` SW_p; ``gelbrich``, a lower bound on W₂; ``population`` W₁ between the distributions;
            ``critic``, a lower bound on W₁; ``energy``, ``mmd``; a divergence such as ``kl`` or ``js``; or a name of
            :func:`discrepancy`.
        p: the order, where the method has one.
        a: weights of X; 1/n each by default.
        b: weights of Y.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        options: of the method: ``epsilon``, ``directions``, ``k``, ``seed``, ...; those of the function that it stands for.

    >>> import earthwork as ew
    >>> float(ew.distance([[0, 0], [1, 0]], [[3, 4], [4, 4]]))
    5.0
    """
    _inputs.text("method", method)
    begun = time.perf_counter()
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    name, estimate, details = _measured(x, y, method, _inputs.number("p", p), options)
    return Distance(name, estimate, time.perf_counter() - begun, details)


def _measured(x: Any, y: Any, method: str, p: float, options: dict[str, Any]) -> tuple[str, Estimate, Any]:
    order = f"{p:g}"
    if method in ("exact", "sinkhorn") and "cost" in options:
        solver = "exact" if method == "exact" else "sinkhorn"
        raise TypeError(
            f"cost: the method {method!r} is W_p by the Euclidean distance; under another cost call "
            f"earthwork.{solver}.solve(X, Y, cost=...), whose result has `wasserstein()` where the cost is a power of a distance"
            if method == "exact"
            else f"cost: the method {method!r} is W_p by the Euclidean distance; under another cost call earthwork.{solver}.solve(X, Y, cost=...)"
        )
    if method == "exact":
        if options:
            _known(method, exact.solve, options)
            found = exact.solve(x, y, cost="sqeuclidean" if p == 2 else f"euclidean^{order}", **options)
            return f"W{order}", found.wasserstein(p), found
        return f"W{order}", _native.wasserstein(x, y, p), None
    if method == "sinkhorn":
        _known(method, sinkhorn.solve, options)
        soft = sinkhorn.solve(x, y, cost="sqeuclidean" if p == 2 else f"euclidean^{order}", **options)
        proven = soft._raw.rooted(p)
        if proven is None:
            raise ValueError("certify: a distance by sinkhorn is its bounds")
        return f"W{order}", proven, soft
    if method == "sinkhorn-divergence":
        div = _native.Discrepancy.sinkhorn_divergence
        given = sinkhorn._options(options.pop("epsilon", None), options.pop("relative", False), options.pop("tolerance", 1e-6))
        cost = options.pop("cost", "sqeuclidean")
        _none_left(method, options)
        estimate = div(given["epsilon"], given["relative"], cost, given["tolerance"]).between(x, y)
        return "S", heed("the Sinkhorn divergence", estimate), None
    if method == "sliced":
        _known(method, sliced.distance, options)
        slices = sliced.distance(x, y, p, **{"directions": 500, **options})
        return f"SW{order}", slices.estimate, slices
    if method == "max-sliced":
        _known(method, sliced.max_distance, options)
        largest = sliced.max_distance(x, y, p, **options)
        return f"max-SW{order}", largest.estimate, largest
    if method == "population":
        _known(method, exact.population, options)
        bracket = exact.population(x, y, **options)
        return "W1 between the distributions", bracket.estimate, bracket
    if method == "critic":
        trained = critic.fit(x, y, **{"method": options.pop("control", "lp"), **options})
        return "W1", trained.estimate, trained
    if method in _DIVERGENCES or method.startswith(("renyi:", "tsallis:")):
        estimator = options.pop("estimator", "auto")
        _known(method, divergence.estimate, options)
        return method, divergence.estimate(x, y, method, estimator, **options), None
    if method == "gelbrich":
        _none_left(method, options)
        return "W2", _native.gelbrich(x, y), None
    if method in ("energy", "mmd") and options:
        from earthwork import kernel as kernels

        make = kernels.energy if method == "energy" else kernels.mmd
        _known(method, make, options)
        made = make(**options)
        return made.name, made.between(x, y), None
    _none_left(method, options)
    try:
        named = _native.Discrepancy.named(method)
    except ValueError:
        known = ", ".join(METHODS)
        raise ValueError(f"method: {method!r} is none of {known}, and no name that `discrepancy` knows") from None
    return named.name, heed(named.name, named.between(x, y)), None


# What the front door gives the functions behind it.
_GIVEN = frozenset({"X", "Y", "a", "b", "p", "cost", "kind", "normalize", "missing"})


def _known(method: str, function: Callable[..., Any], options: dict[str, Any]) -> None:
    """Refuses options that the function behind a method does not have."""
    names = set(inspect.signature(function).parameters) - _GIVEN
    if method in _DIVERGENCES or method.startswith(("renyi:", "tsallis:")):
        names -= {"method"}
    unknown = next((name for name in options if name not in names), None)
    if unknown is not None:
        raise TypeError(f"{unknown}: the method {method!r} has no such option; it has {', '.join(sorted(names))}")


def _none_left(method: str, options: dict[str, Any]) -> None:
    if options:
        raise TypeError(f"{next(iter(options))}: the method {method!r} has no such option")


def discrepancy(what: Comparer, name: str | None = None) -> Discrepancy:
    """Anything that compares two samples, for :func:`interval`, :func:`two_sample_test` and :func:`laws`.

    ``what`` is a name (such as ``w1``, ``w:1.5``, ``sw2``, ``max-sw2``, ``sinkhorn:0.01``, ``energy``, ``mmd:0.5``, ``kl``, ``js``, ``fid``,
    ``recall:5``; all are in ``earthwork.comparison.NAMES`` and ``FORMS``), or a function of two arrays of points.

    A function that is to be used with weighted samples takes their weights (n,) and (m,): as arguments named ``a`` and ``b``, as two
    arguments with ``weight`` in their names, or as its third and fourth argument, where all four have no default. Others are refused where
    weights are not equal.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> means = ew.discrepancy(lambda X, Y, a, b: float(abs(np.average(X[:, 0], weights=a) - np.average(Y[:, 0], weights=b))), "mean")
    >>> means.between(ew.samples([[0.0], [4.0]], [3, 1]), ew.samples([[3.0]])).value
    2.0
    """
    if isinstance(what, Discrepancy):
        return what
    if callable(what):
        return Discrepancy.from_function(what, name or str(getattr(what, "__name__", "function")), _weights_of(what))
    return Discrepancy.named(_inputs.text("what", what))


def _weights_of(function: Callable[..., Any]) -> tuple[str, str] | None:
    """The names under which a function takes weights; two empty ones if by position; None if it takes none."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    by_name = [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    if "a" in by_name[2:] and "b" in by_name[2:]:
        return "a", "b"
    weights = [name for name in by_name if "weight" in name.lower()]
    if len(weights) == 2:
        return weights[0], weights[1]
    needed = [one for one in parameters if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return ("", "") if len(needed) == 4 else None


def interval(
    X: Points,
    Y: Points,
    by: Comparer = "w1",
    level: float = 0.95,
    *,
    scheme: Scheme = "auto",
    fraction: float = 0.5,
    ends: Ends | None = None,
    replicates: int = 999,
    seed: int = 0,
    missing: OnMissing = "error",
    progress: Callable[[dict[str, Any]], object] | None = None,
    store: str | PathLike[str] | None = None,
    client: Any = None,
) -> Estimate:
    """An interval for the value of a discrepancy between the two distributions behind two samples.

    The points are taken for independent draws. The interval holds the value between the distributions, not that between the samples,
    in ``level`` of all draws.

    Parameters
    ----------
    X, Y
        Two samples.
    by
        A discrepancy, by name or as a function of two arrays of points.
    level
        The share of intervals that are to hold the true value.
    scheme
        ``auto`` is the method of the discrepancy's own where it has one, and half-samples where it has none. Transport distances have
        one, which holds what it says at equal distributions too: its lower end is then 0, and some 80 evaluations are enough.
        ``subsample`` (of this ``fraction``), ``bootstrap`` and ``jackknife`` resample.
    ends
        ``debiased``, ``basic``, ``percentile`` or ``bca``; by the scheme unless given.
    replicates
        How many draws where there is resampling; fewer make the method of a discrepancy's own faster too.
    progress
        Called with what is done so far, a few times each second at most.
    store, client
        As for :func:`two_sample_test`. The draws of a function are spread over the workers; the interval of a discrepancy by name, which
        has a method of its own, is one task.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> found = ew.interval(rng.normal(size=300), rng.normal(size=300) + 2, by="w1")
    >>> found.lower < 2.0 < found.upper
    True
    """
    x, y = _inputs.pair(X, Y, missing=missing)
    given = (scheme, fraction, ends, level, replicates, seed)
    if store is None and client is None:
        return discrepancy(by).interval(x, y, *given, progress)
    if not isinstance(by, str) and draws.uniform(x, y):
        made = _spread(x, y, by, "interval", given, store, client, progress or False)
        return made.interval(x, y, *given, None)
    task = tasks.Task("interval", _whole, ("interval", given))
    done = tasks.done([task], _parameters(x, y, by, "interval", given), (x, y, by), store=store, client=client, stage="intervals")
    found: Estimate = done["interval"].head
    return found


def std_error(X: Points, Y: Points, by: Comparer = "w1", *, missing: OnMissing = "error") -> Estimate:
    """The value of a discrepancy with its jackknife standard error: n + m evaluations.

    >>> import earthwork as ew
    >>> found = ew.std_error([[0.0], [1.0], [2.0], [3.0]], [[5.0], [6.0], [7.0], [9.0]], by="w1")
    >>> found.value, found.std_error > 0
    (5.25, True)
    """
    return discrepancy(by).std_error(*_inputs.pair(X, Y, missing=missing))


@brief
class Scaled(NamedTuple):
    """Samples on one scale."""

    samples: list[_native.Samples]
    """With mean 0 and standard deviation 1 in each column over all of them together; their weights are kept."""
    mean: Floats
    """Of each column before, of shape (d,)."""
    deviation: Floats


def standardised(*samples: Points, missing: OnMissing = "error") -> Scaled:
    """Puts the columns of some samples on one scale, so that none of them dominates a distance by its unit.

    >>> import earthwork as ew
    >>> X, Y = [[0.0, 5000.0], [2.0, 1000.0]], [[2.0, 3000.0], [4.0, 7000.0]]
    >>> scaled = ew.standardised(X, Y)
    >>> scaled.mean.tolist()
    [2.0, 4000.0]
    >>> raw, fair = ew.exact.solve(X, Y), ew.exact.solve(*scaled.samples)
    >>> [[round(column.share, 2) for column in found.columns()] for found in (raw, fair)]
    [[0.0, 1.0], [0.83, 0.17]]
    """
    given = _inputs.several("samples", samples, missing=missing)
    if not given:
        raise ValueError("samples: at least one is needed")
    scaled, scales = _native.standardised(given)
    columns = np.array(scales)
    return Scaled(scaled, columns[:, 0], columns[:, 1])


class TwoSampleTest(NamedTuple):
    """What a permutation test found."""

    statistic: Estimate
    """The value between the two samples as given."""
    p_value: float
    """(1 + exceedances) / (1 + permutations)."""
    p_value_error: float
    """Its standard error, from the finite number of permutations."""
    null: Floats
    """The values under relabelling."""
    name: str
    """What was compared by."""

    def __repr__(self) -> str:
        count = len(self.null)
        return f"TwoSampleTest({self.name} = {short(self.statistic.value)}, p = {self.p_value:.4g} by {count} permutations)"


def two_sample_test(
    X: Points,
    Y: Points,
    by: Comparer = "energy",
    permutations: int = 999,
    seed: int = 0,
    *,
    missing: OnMissing = "error",
    progress: Progress = False,
    store: str | PathLike[str] | None = None,
    client: Any = None,
) -> TwoSampleTest:
    """Whether two samples can come from one distribution: random relabellings of the pooled points. The level is exact.

    Parameters
    ----------
    X, Y
        Two samples.
    by
        A discrepancy, by name or as a function of two arrays of points.
    permutations
        How many relabellings.
    seed
        The same seed gives the same bits, wherever they are computed.
    missing
        ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
    progress
        True for a bar, or a function that receives a dict.
    store
        A folder in which values are written as they are done. A call that finds it computes what is missing; one with other samples or
        parameters is refused.
    client
        A ``distributed.Client``: the values of the relabellings are computed on its workers, in 32 tasks. Kernel distances and
        divergences by neighbors, which compute all relabellings together, are one task.

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rng = np.random.default_rng(0)
    >>> ew.two_sample_test(rng.normal(size=100), rng.normal(size=100) + 1).p_value
    0.001
    """
    x, y = _inputs.pair(X, Y, missing=missing)
    given = (_inputs.count("permutations", permutations), _inputs.count("seed", seed))
    if store is None and client is None:
        method = discrepancy(by)
        with reporting(progress) as shown:
            return TwoSampleTest(*method.test(x, y, *given, shown), method.name)
    if draws.uniform(x, y) and not (isinstance(by, str) and by.partition(":")[0] in _TOGETHER):
        replay = _spread(x, y, by, "test", given, store, client, progress)
        found = replay.test(x, y, *given, None)
        method = discrepancy(by)
        return TwoSampleTest(method.between(x, y), *found[1:], method.name)
    task = tasks.Task("test", _whole, ("test", given))
    done = tasks.done([task], _parameters(x, y, by, "test", given), (x, y, by), store=store, client=client, stage="tests")
    statistic, p_value, error, null = done["test"].head
    return TwoSampleTest(statistic, p_value, error, null, discrepancy(by).name)


# Discrepancies that value many relabellings together, by other sums than one by one.
_TOGETHER = ("energy", "mmd", "laplace", "kl", "reverse-kl", "js")


def _parameters(x: Any, y: Any, by: Comparer, what: str, given: tuple[Any, ...]) -> dict[str, Any]:
    """What tells a test or an interval from others, in a store."""
    if isinstance(by, Discrepancy):
        raise TypeError("by: a store and a client need a name, or a function of two arrays; a Discrepancy cannot be written down")
    return {"kind": what, "by": source_of(by), "X": digest([x]), "Y": digest([y]), "options": list(given), "shares": draws.SHARES}


def _spread(
    x: Any, y: Any, by: Comparer, what: str, given: tuple[Any, ...], store: Any, client: Any, progress: Progress
) -> Discrepancy:
    """Has the values of a test or an interval computed; returns what knows them."""
    todo = [tasks.Task(one.name, one.function, (what, given, *one.arguments)) for one in draws.shares(_share)]
    done = tasks.done(
        todo, _parameters(x, y, by, what, given), (x, y, by), store=store, client=client, progress=progress, stage=f"shares of the {what}"
    )
    method = discrepancy(by)
    return draws.replayed(lambda X, Y: method.between(X, Y).value, method.name, done)


def _share(folder: str | None, name: str, shared: tuple[Any, Any, Comparer], what: str, given: tuple[Any, ...], k: int) -> Part:
    """A task: some of the values."""
    x, y, by = shared
    method = discrepancy(by)
    return draws.share_of(lambda X, Y: method.between(X, Y).value, method.name, k, lambda seen: getattr(seen, what)(x, y, *given, None))


def _whole(folder: str | None, name: str, shared: tuple[Any, Any, Comparer], what: str, given: tuple[Any, ...]) -> Part:
    """A task: the test or the interval as it is."""
    x, y, by = shared
    return Part(getattr(discrepancy(by), what)(x, y, *given, None))


class Law(NamedTuple):
    """What became of a law that discrepancies may obey."""

    name: str
    formula: str
    outcome: str
    """``kept``, ``broken``, ``no value``, or ``not applicable`` where a law needs weights and a function takes none."""
    found: str
    """The exponent, the smallest counterexample, or why the law was not tried."""


@overload
def laws(
    by: Comparer, cases: int = 12, points: int = 6, seed: int = 0, *, store: str | PathLike[str] | None = None, client: Any = None
) -> list[Law]: ...
@overload
def laws(
    by: list[Comparer] | tuple[Comparer, ...],
    cases: int = 12,
    points: int = 6,
    seed: int = 0,
    *,
    store: str | PathLike[str] | None = None,
    client: Any = None,
) -> dict[str, list[Law]]: ...
def laws(
    by: Comparer | list[Comparer] | tuple[Comparer, ...],
    cases: int = 12,
    points: int = 6,
    seed: int = 0,
    *,
    store: str | PathLike[str] | None = None,
    client: Any = None,
) -> list[Law] | dict[str, list[Law]]:
    """Which laws a discrepancy keeps (symmetry, triangle inequality, translation, ...), with the smallest counterexamples.

    Of a list of discrepancies it is a dict by their names, or by the names of functions. With a ``client`` each is a task on its workers;
    with a ``store``, a folder, those that are in it are not computed again.

    >>> import earthwork as ew
    >>> broken = [law.name for law in ew.laws("w1", cases=4) if law.outcome == "broken"]
    >>> broken
    []
    """
    many = list(by) if isinstance(by, (list, tuple)) else [by]
    if store is None and client is None:
        found = {_called(one): [Law(*row) for row in discrepancy(one).laws(cases, points, seed)] for one in many}
    else:
        if any(isinstance(one, Discrepancy) for one in many):
            raise TypeError("by: a store and a client need names, or functions of two arrays; a Discrepancy cannot be written down")
        sources = {_called(one): source_of(one) for one in many if not isinstance(one, str)}
        todo = [tasks.Task(_called(one), _laws, (one, cases, points, seed)) for one in many]
        wanted = {"kind": "laws", "cases": cases, "points": points, "seed": seed, "functions": sources}
        done = tasks.done(todo, wanted, store=store, client=client, stage="discrepancies")
        found = {_called(one): [Law(*row) for row in done[_called(one)].head] for one in many}
    if len(found) < len(many):
        raise ValueError("by: two of them have one name")
    return found if isinstance(by, (list, tuple)) else found[_called(many[0])]


def _called(by: Comparer) -> str:
    return by if isinstance(by, str) else by.name if isinstance(by, Discrepancy) else str(getattr(by, "__name__", "function"))


def _laws(folder: str | None, name: str, shared: None, by: Comparer, cases: int, points: int, seed: int) -> Part:
    """A task: the laws of one discrepancy."""
    return Part(discrepancy(by).laws(cases, points, seed))


class Row(NamedTuple):
    """One distance of a comparison."""

    name: str
    group: str
    estimate: Estimate | None
    """The value with its evidence, or None."""
    note: str
    """How a solve ended, or why there is no value."""
    time: float


def row_named(rows: Sequence[Row], name: str) -> Row:
    """The row of that name; KeyError with the names that there are."""
    for row in rows:
        if row.name == name:
            return row
    raise KeyError(f"{name!r} is none of {', '.join(repr(row.name) for row in rows)}")


class Column(NamedTuple):
    """What one column carries of W₂²."""

    name: str
    share: float
    shift: float
    """The part of its cost that the difference of the means explains."""
    mean_x: float
    mean_y: float
    deviation: float


class Comparison:
    """All distances of two samples, with their evidence. Prints as a table; shows as HTML in a notebook."""

    def __init__(self, found: dict[str, Any], samples: tuple[Any, Any], names: list[str]) -> None:
        self.rows = [Row(*row) for row in found["rows"]]
        """One for each distance."""
        self.columns = [Column(name, *row) for name, row in zip(names, found["columns"], strict=True)]
        """How W₂² divides over the columns."""
        self.flows = [Flow(*row) for row in found["flows"]]
        """Where mass moves, the largest group first."""
        self.p_value: float | None = None if found["p_value"] is None else found["p_value"][0]
        """Of the permutation test by the energy distance; None for weighted or very large samples."""
        self.samples = samples

    def __getitem__(self, name: str) -> Row:
        """The row of that name, such as ``W1``."""
        return row_named(self.rows, name)

    def _cells(self) -> list[list[str]]:
        out = []
        for row in self.rows:
            if row.estimate is None:
                out.append([row.name, row.group, "-", row.note, seconds(row.time)])
            else:
                ended = "" if row.note in ("", "optimal") else f"; {row.note}"
                out.append(
                    [row.name, row.group, signed(row.estimate), evidence(row.estimate) + ended, seconds(row.time)]
                )
        return out

    def _sentences(self) -> list[str]:
        out = []
        if self.p_value is not None:
            out.append(f"two-sample test (energy distance, 999 permutations): p = {self.p_value:.3g}")
        carried = sorted(self.columns, key=lambda column: -column.share)[:4]
        if len(self.columns) > 1 and any(column.share > 0 for column in carried):
            shares = ", ".join(f"{column.name} {100 * column.share:.1f} %" for column in carried)
            out.append(f"where the distance lies (W2², exact plan): {shares}")
        return out

    _HEAD = ("distance", "kind", "value", "evidence", "time")
    _RIGHT = frozenset({2, 4})

    def __repr__(self) -> str:
        x, y = self.samples
        first = f"{len(x)} against {len(y)} points, d = {x.dim}"
        if x.left_out or y.left_out:
            first += f"; {x.left_out} and {y.left_out} rows with missing values left out"
        return "\n".join([first, "", table(self._HEAD, self._cells(), self._RIGHT), "", *self._sentences()]).rstrip()

    def _repr_html_(self) -> str:
        below = "".join(f"<p>{sentence}</p>" for sentence in self._sentences())
        return html_table(self._HEAD, self._cells(), self._RIGHT) + below

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each distance (needs pandas)."""
        import pandas

        def cell(row: Row, read: Callable[[Estimate], Any]) -> Any:
            return np.nan if row.estimate is None else read(row.estimate)

        return pandas.DataFrame(
            {
                "distance": [row.name for row in self.rows],
                "kind": [row.group for row in self.rows],
                "value": [cell(row, lambda e: e.value) for row in self.rows],
                "lower": [cell(row, lambda e: e.lower) for row in self.rows],
                "upper": [cell(row, lambda e: e.upper) for row in self.rows],
                "std_error": [cell(row, lambda e: np.nan if e.std_error is None else e.std_error) for row in self.rows],
                "evidence": [cell(row, lambda e: e.evidence) for row in self.rows],
                "note": [row.note for row in self.rows],
                "time": [row.time for row in self.rows],
            }
        )

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """The distances with their intervals (needs matplotlib)."""
        from earthwork import plot

        return plot.compare(self, ax=ax, **options)


def compare(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    *,
    seed: int = 0,
    others_up_to: int = 20_000,
    flow_groups: int = 5,
    normalize: bool = False,
    missing: OnMissing = "error",
    tolerance: float | None = None,
    time_limit: float | None = None,
    progress: Progress = False,
) -> Comparison:
    """Every distance of the library between two samples, where the distance lies, and a permutation test.

    Args:
        X: points, of shape (n, d) or (n,), or a table, whose columns keep their names.
        Y: points, of shape (m, d).
        a: weights of X; 1/n each by default.
        b: weights of Y.
        seed: of the methods that draw.
        others_up_to: the most points on both sides together for which more than exact transport is computed.
        flow_groups: in how many groups the movements are summed up.
        normalize: divide the weights of either side by their sum first.
        missing: ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out.
        tolerance: the relative gap between the proven bounds of a transport cost that is enough; by default 0, the optimum, and
            1e-3 for samples of more than 20,000 points.
        time_limit: seconds for all together; what is not done then has bounds.
        progress: True for a bar, or a function that receives a dict.

    >>> import earthwork as ew
    >>> found = ew.compare([[0, 0], [1, 0]], [[3, 4], [4, 4]])
    >>> found["W2"].estimate.value
    5.0
    >>> [round(column.share, 2) for column in found.columns]
    [0.36, 0.64]
    """
    x, y = _inputs.pair(X, Y, a, b, normalize=normalize, missing=missing)
    names = x.columns or y.columns
    within = None if tolerance is None else _inputs.tolerance(tolerance)
    with reporting(progress) as shown:
        found = _native.compare(x, y, others_up_to, flow_groups, seed, within, time_limit, shown)
    return Comparison(found, (x, y), names or [f"column {k}" for k in range(x.dim)])
