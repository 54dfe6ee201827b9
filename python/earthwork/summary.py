"""Summaries that merge: what is kept of billions of rows that nobody can hold, and the distances that it still gives.

A summary has a fixed size whatever the number of rows. Two summaries of the same kind merge, and a summary of a whole has the same bits
in whatever groups and order its rows came (but for rows at random, see below). Every number of :func:`compare` says what the
summary lost.

===================  ==========================================================  ====================================================
what is kept         what it gives                                               what is lost
===================  ==========================================================  ====================================================
exact sums           means, covariances; FID, Gelbrich, KL of Gaussians          nothing
cells of columns     KS, W₁, PSI, JS, KL, χ² of each column                      bounds are stated; nothing up to ``cells`` values
cells of directions  sliced W₁ and W₂, energy distance, MMD                      bounds are stated, beside the error of the directions
counts               JS, KL, χ², PSI, TV of categories                           nothing up to ``categories`` different ones
rows at random       W₁ and W₂ with the interval of :func:`earthwork.interval`   all other rows
hits of a reference  precision, density and coverage                             nothing
===================  ==========================================================  ====================================================

>>> import numpy as np
>>> import earthwork as ew
>>> rng = np.random.default_rng(0)
>>> first, second = (ew.summary.of(rng.normal(size=(5000, 2)) + shift) for shift in (0, 1))
>>> found = ew.summary.compare(first, second)
>>> abs(found["SW2"].estimate.value - 1.0) < 0.1
True
>>> (first + second).count
10000
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from earthwork import _earthwork as _native
from earthwork import _inputs
from earthwork._inputs import Floats, Points
from earthwork._kinds import OnMissing
from earthwork._progress import Progress
from earthwork._text import html_table, seconds, short, table
from earthwork.comparison import Row, row_named
from earthwork.results import Estimate, evidence, signed
from earthwork.scale import cells as lines
from earthwork.scale.categories import folded
from earthwork.scale.cells import Cells
from earthwork.scale.parts import write_whole
from earthwork.scale.summed import rows_of
from earthwork.scale.sums import Moments
from earthwork.scale.tables import chunk

if TYPE_CHECKING:
    import pandas

__all__ = ["Compared", "Reference", "Summary", "compare", "load", "of", "reference"]

FORMAT = 1
"""Of a file; one of another format is refused."""

# Rows that are taken at a time: their lines stay in the caches.
_ROWS = 16_384


class Reference(NamedTuple):
    """Balls around the points of a reference sample, each as wide as the distance to its k-th nearest neighbor."""

    points: Floats
    radii: Floats
    k: int

    def digest(self) -> str:
        """Differs where the points do."""
        return hashlib.blake2b(self.points.tobytes() + self.radii.tobytes() + bytes([self.k % 256]), digest_size=16).hexdigest()


def reference(points: Points, k: int = 3, *, missing: OnMissing = "error") -> Reference:
    """A reference sample, for ``reference=`` of :func:`of`: O(n²) distances once, and O(n) for each row that is summed up.

    >>> import earthwork as ew
    >>> ew.summary.reference([[0.0], [1.0], [3.0]], k=1).radii
    array([1., 1., 2.])
    """
    from scipy.spatial import cKDTree

    rows = np.ascontiguousarray(_inputs.sample("points", points, missing=missing).points)
    k = _inputs.count("k", k)
    if not 1 <= k < len(rows):
        raise ValueError(f"k: it is {k}, but at least 1 and fewer than the {len(rows)} points are needed")
    radii: Floats = np.asarray(cKDTree(rows).query(rows, k=[k + 1])[0][:, 0], dtype=np.float64)
    return Reference(rows, radii, k)


class Options(NamedTuple):
    """What a summary keeps; two summaries merge, and compare, where these agree."""

    directions: int = 48
    cells: int = 4096
    part: int = 1024
    categories: int = 65_536
    seed: int = 0


class Summary:
    """What is kept of many rows. ``+`` merges two, :meth:`push` adds rows, :meth:`save` writes one file."""

    def __init__(
        self,
        *,
        directions: int = 48,
        cells: int = 4096,
        part: int = 1024,
        categories: int = 65_536,
        seed: int = 0,
        reference: Reference | None = None,
    ) -> None:
        self.options = Options(
            _inputs.count("directions", directions),
            _inputs.count("cells", cells),
            _inputs.count("part", part),
            _inputs.count("categories", categories),
            _inputs.count("seed", seed),
        )
        if self.options.cells < 2:
            raise ValueError(f"cells: it is {cells}, but at least 2 are needed")
        self.names: list[str] | None = None
        """The columns of numbers, where the rows were those of a table."""
        self.count = 0
        """Rows that were summed up."""
        self.left_out = 0
        """Rows with a missing value, which were not."""
        self.reference = reference
        self.like: list[str] | None = None
        """The order in which columns are to be, before there are rows."""
        self._dim: int | None = None
        self._moments: Moments | None = None
        self._columns: list[Cells] = []
        self._lines: list[Cells] = []
        self._directions = np.empty((0, 0))
        self._categories: dict[str, Counter[str]] = {}
        self._folded: set[str] = set()
        self._part = np.empty((0, 0))
        self._ranks = np.empty(0, dtype=np.uint64)
        self._inside = 0
        self._hits = np.zeros(0 if reference is None else len(reference.points), dtype=np.int64)

    @property
    def dim(self) -> int:
        """How many columns of numbers there are."""
        return self._dim or 0

    @property
    def mean(self) -> Floats:
        """Of each column, of shape (d,)."""
        return np.empty(0) if self._moments is None else self._moments.mean()

    @property
    def covariance(self) -> Floats:
        """Divided by the number of rows, of shape (d, d)."""
        return np.empty((0, 0)) if self._moments is None else self._moments.covariance()

    @property
    def part(self) -> Floats:
        """Some of the rows, chosen at random, of shape (k, d)."""
        return self._part[np.argsort(self._ranks, kind="stable")]

    @property
    def categories(self) -> dict[str, dict[str, int]]:
        """How often each category of each column occurs. Beyond ``categories`` different ones they are counted in groups, by a hash."""
        return {name: dict(sorted(found.items())) for name, found in sorted(self._categories.items())}

    def push(self, rows: Points, *, missing: OnMissing = "error", stream: int = 0, first: int | None = None) -> Summary:
        """More rows: an array of shape (n, d), or a table. Returns the summary itself.

        Parameters
        ----------
        rows
            All rows weigh the same.
        missing
            ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out and counts them.
        stream, first
            Where the rows come from: a number of a stream, and how many of its rows came before. They decide which rows are in the
            random part, with the rows themselves. By default the rows follow those that were pushed before.
        """
        first = self.count + self.left_out if first is None else first
        found = chunk("rows", rows, missing)
        n = len(found.rows) if found.rows.shape[1] or not found.others else len(next(iter(found.others.values())))
        self.left_out += found.left_out
        if not n:
            return self
        values = self._fitted(found.rows, found.names, set(found.others))
        self.count += n
        for name, words in found.others.items():
            self._counted(name, Counter(words))
        places = np.arange(n) if found.places is None else found.places
        for begin in range(0, n if self.dim else 0, _ROWS):
            self._summed(values[begin : begin + _ROWS], stream, first + places[begin : begin + _ROWS])
        return self

    def _fitted(self, rows: Floats, names: list[str] | None, others: set[str]) -> Floats:
        """Rows with their columns in the order of the first ones."""
        if self._dim is None and names and self.like and set(names) <= set(self.like):
            wanted = [one for one in self.like if one in names]
            rows, names = np.ascontiguousarray(rows[:, [names.index(one) for one in wanted]]), wanted
        if self._dim is None:
            self._begin(rows.shape[1], names, others)
            return rows
        if others != set(self._categories):
            raise ValueError(f"rows: the columns {sorted(others.symmetric_difference(self._categories))} are not in all chunks, or not always categories")
        if names and self.names and names != self.names:
            turned = _inputs.order("rows", names, "the first rows", self.names)
            return rows if turned is None else np.ascontiguousarray(rows[:, turned])
        if rows.shape[1] != self.dim:
            raise ValueError(f"rows: they have {rows.shape[1]} columns, but the first ones have {self.dim}")
        return rows

    def _begin(self, dim: int, names: list[str] | None, others: set[str]) -> None:
        self._dim, self.names = dim, names
        self._categories = {name: Counter() for name in others}
        if self.reference is not None and self.reference.points.shape[1] != dim:
            raise ValueError(f"reference: it has dimension {self.reference.points.shape[1]}, but the rows have {dim}")
        if not dim:
            return
        self._moments = Moments(dim)
        self._columns = [Cells(self.options.cells) for _ in range(dim)]
        self._directions = _directions(dim, self.options.directions, self.options.seed) if dim > 1 else np.ones((1, 1))
        self._lines = [Cells(self.options.cells) for _ in self._directions] if dim > 1 else []
        self._part = np.empty((0, dim))

    def _summed(self, rows: Floats, stream: int, places: NDArray[np.int64]) -> None:
        assert self._moments is not None
        self._moments.add(rows)
        for cells, ordered in zip(self._columns, np.sort(lines.bits(rows.T), axis=1), strict=True):
            cells.add(ordered)
        for cells, direction in zip(self._lines, self._directions, strict=False):
            along = rows[:, 0] * direction[0]
            for k in range(1, self.dim):  # column by column, so that no row's value depends on its neighbors
                along = along + rows[:, k] * direction[k]
            cells.add(np.sort(lines.bits(along)))
        self._chosen(rows, _ranks(rows, self.options.seed, stream, places))
        if self.reference is not None:
            self._hit(rows)

    def _chosen(self, rows: Floats, ranks: NDArray[np.uint64]) -> None:
        """Keeps the rows of the least ranks."""
        size = self.options.part
        if len(self._ranks) == size and size:
            better = ranks < self._ranks.max()
            rows, ranks = rows[better], ranks[better]
        ranks, both = np.concatenate([self._ranks, ranks]), np.concatenate([self._part, rows])
        order = np.lexsort((*both.T[::-1], ranks))[:size]
        self._ranks, self._part = ranks[order], both[order]

    def _hit(self, rows: Floats) -> None:
        from scipy.spatial.distance import cdist

        assert self.reference is not None
        for begin in range(0, len(rows), 2048):
            within = cdist(rows[begin : begin + 2048], self.reference.points) <= self.reference.radii
            self._inside += int(within.any(axis=1).sum())
            self._hits += within.sum(axis=0)

    def _counted(self, name: str, more: Counter[str]) -> None:
        """Adds counts; beyond the limit by groups of categories, which are the same in any order."""
        held = self._categories[name]
        if name in self._folded:
            more = folded(more, self.options.categories)
        held.update(more)
        if len(held) > self.options.categories and name not in self._folded:
            self._folded.add(name)
            self._categories[name] = folded(held, self.options.categories)

    def merge(self, other: Summary) -> Summary:
        """The rows of both; the two stay as they are.

        Raises
        ------
        ValueError
            Where the two keep different things, or their columns differ.
        """
        made = self.copy()
        made.absorb(other)
        return made

    def __add__(self, other: object) -> Summary:
        return self.merge(other) if isinstance(other, Summary) else NotImplemented

    def absorb(self, other: Summary) -> None:
        """Takes the rows of another in, which keeps the same things."""
        _alike(self, other, "merge")
        self.left_out += other.left_out
        if other._dim is None:
            return
        if self._dim is None:
            self._begin(other.dim, other.names, set(other._categories))
        self.count += other.count
        if self._moments is not None and other._moments is not None:
            self._moments.merge(other._moments)
            for mine, theirs in zip([*self._columns, *self._lines], [*other._columns, *other._lines], strict=True):
                mine.merge(theirs)
            self._chosen(other._part, other._ranks)
        for name, found in other._categories.items():
            if name in other._folded and name not in self._folded:
                self._folded.add(name)
                self._categories[name] = folded(self._categories[name], self.options.categories)
            self._counted(name, found if name not in other._folded else Counter())
            if name in other._folded:
                self._categories[name].update(found)
        self._inside += other._inside
        self._hits = self._hits + other._hits

    def copy(self) -> Summary:
        """The same, by itself."""
        return _unpacked(_packed(self), "summary")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes one file, whole or not at all; the same rows give the same bytes."""
        write_whole(path, _packed(self))

    def __reduce__(self) -> Any:
        return _unpacked, (_packed(self), "summary")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and _packed(self) == _packed(other)

    def __hash__(self) -> int:
        return hash(_packed(self))

    def __repr__(self) -> str:
        parts = [f"{self.count:,} rows", f"d = {self.dim}"]
        if self._categories:
            parts.append(f"{len(self._categories)} columns of categories")
        if self.left_out:
            parts.append(f"{self.left_out:,} rows left out")
        return f"Summary({', '.join(parts)}, {short(len(_packed(self)) / 1e6)} MB)"


def _directions(dim: int, count: int, seed: int) -> Floats:
    """Unit vectors, orthogonal in groups of ``dim``, by sums that every machine rounds alike."""
    random = np.random.default_rng(seed)
    made: list[Floats] = []
    for k in range(count):
        v = random.normal(size=dim)
        for other in made[k - k % dim :] if dim <= 64 else ():
            v = v - other * math.fsum((v * other).tolist())
        made.append(v / math.sqrt(math.fsum((v * v).tolist())))
    return np.array(made).reshape(count, dim)


def _ranks(rows: Floats, seed: int, stream: int, places: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A random number for each row, by where it comes from and what it holds."""
    begin = int.from_bytes(hashlib.blake2b(f"{seed} {stream}".encode(), digest_size=8).digest(), "little")
    found = _mixed(places.astype(np.uint64) ^ np.uint64(begin))
    for column in rows.T:
        found = _mixed(found ^ np.ascontiguousarray(column + 0.0).view(np.uint64))
    return found


def _mixed(v: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea & Flood 2014)."""
    v = v + np.uint64(0x9E3779B97F4A7C15)
    v = (v ^ (v >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    v = (v ^ (v >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return v ^ (v >> np.uint64(31))


def _alike(x: Summary, y: Summary, what: str) -> None:
    """Refuses summaries that keep different things."""
    for name, mine, theirs in zip(Options._fields, x.options, y.options, strict=True):
        if mine != theirs:
            raise ValueError(f"{name}: the summaries have {mine} and {theirs}; to {what} they must have the same")
    if x._dim is not None and y._dim is not None:
        if x.dim != y.dim:
            raise ValueError(f"summary: it has {y.dim} columns of numbers, but the other has {x.dim}")
        if x.names and y.names and x.names != y.names:
            raise ValueError(f"summary: its columns are {', '.join(y.names)}, but those of the other are {', '.join(x.names)}")
        odd = sorted(set(x._categories).symmetric_difference(y._categories))
        if odd:
            raise ValueError(f"summary: only one of the two has the categories {', '.join(odd)}")
    if what == "merge" and (x.reference is None) != (y.reference is None):
        raise ValueError("reference: only one of the two summaries has one")
    if what == "merge" and x.reference is not None and y.reference is not None and x.reference.digest() != y.reference.digest():
        raise ValueError("reference: the two summaries have different ones")


def _packed(given: Summary) -> bytes:
    """A line with format, checksum and sizes; a head in JSON; arrays of 64-bit numbers, least byte first."""
    arrays: dict[str, NDArray[Any]] = {"directions": given._directions, "part": given._part, "ranks": given._ranks, "hits": given._hits}
    for kind, found in (("column", given._columns), ("line", given._lines)):
        for k, one in enumerate(found):
            arrays[f"{kind} {k} keys"], arrays[f"{kind} {k} counts"] = one.keys, one.counts
    if given.reference is not None:
        arrays["reference"], arrays["radii"] = given.reference.points, given.reference.radii
    head = {
        "options": given.options._asdict(),
        "names": given.names,
        "dim": given._dim,
        "count": given.count,
        "left_out": given.left_out,
        "moments": None if given._moments is None else given._moments.written(),
        "levels": [[one.level for one in found] for found in (given._columns, given._lines)],
        "categories": given.categories,
        "folded": sorted(given._folded),
        "inside": given._inside,
        "k": None if given.reference is None else given.reference.k,
        "arrays": {name: [one.dtype.str[1:], list(one.shape)] for name, one in arrays.items()},
    }
    text = json.dumps(head).encode()
    body = text + b"".join(np.ascontiguousarray(one).astype(one.dtype.newbyteorder("<")).tobytes() for one in arrays.values())
    return b"earthwork summary %d %s %d\n" % (FORMAT, hashlib.blake2b(body, digest_size=16).hexdigest().encode(), len(text)) + body


def _unpacked(data: bytes, name: str) -> Summary:
    line, _, body = data.partition(b"\n")
    words = line.split()
    if words[:2] != [b"earthwork", b"summary"] or len(words) != 5:
        raise ValueError(f"{name}: it is no summary")
    if words[2] != b"%d" % FORMAT:
        raise ValueError(f"{name}: it has format {words[2].decode()}, but this version reads {FORMAT}")
    if hashlib.blake2b(body, digest_size=16).hexdigest().encode() != words[3]:
        raise ValueError(f"{name}: it is damaged: its bytes are not those that were written")
    size = int(words[4])
    head = json.loads(body[:size])
    arrays, at = {}, size
    for key, (kind, shape) in head["arrays"].items():
        count = math.prod(shape)
        arrays[key] = np.frombuffer(body, dtype="<" + kind, count=count, offset=at).reshape(shape).astype(kind)
        at += 8 * count
    ball = None if head["k"] is None else Reference(arrays["reference"], arrays["radii"], head["k"])
    made = Summary(**head["options"], reference=ball)
    made._dim, made.names, made.count, made.left_out = head["dim"], head["names"], head["count"], head["left_out"]
    made._moments = None if head["moments"] is None else Moments.read(head["moments"])
    for kind, levels, into in zip(("column", "line"), head["levels"], (made._columns, made._lines), strict=True):
        for k, level in enumerate(levels):
            one = Cells(made.options.cells)
            one.level, one.keys, one.counts = level, arrays[f"{kind} {k} keys"], arrays[f"{kind} {k} counts"]
            into.append(one)
    made._directions, made._part, made._ranks, made._hits = (arrays[key] for key in ("directions", "part", "ranks", "hits"))
    made._categories = {key: Counter(found) for key, found in head["categories"].items()}
    made._folded, made._inside = set(head["folded"]), head["inside"]
    return made


def load(path: str | os.PathLike[str]) -> Summary:
    """A summary out of its file.

    >>> import tempfile
    >>> import earthwork as ew
    >>> made = ew.summary.of([[0.0, 1.0], [2.0, 3.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made.save(folder + "/a.summary")
    ...     ew.summary.load(folder + "/a.summary") == made
    True
    """
    return _unpacked(Path(path).read_bytes(), os.fspath(path))


def of(
    data: Any,
    *,
    client: Any = None,
    threads: int | None = None,
    missing: OnMissing = "error",
    progress: Progress = False,
    reference: Reference | None = None,
    **options: Any,
) -> Summary:
    """Sums up many rows in one pass.

    Parameters
    ----------
    data
        An array of shape (n, d), a table, chunks of either (a list or an iterator); a ``.npy``, ``.csv`` or ``.parquet`` file, or a folder
        of such files; a Dask array of shape (n, d) or data frame. Text and categorical columns of tables are counted.
    client
        A ``distributed.Client``, on whose workers files and Dask collections are read and summed up. Without one Dask collections go to
        Dask's own scheduler, everything else to the threads of this process.
    threads
        How many; all cores by default.
    missing
        ``"error"`` refuses rows with a missing value, ``"drop"`` leaves them out and counts them.
    progress
        True for a bar, or a function that receives a dict; of what this process reads.
    reference
        Balls of :func:`reference`: for precision, density and coverage.
    options
        ``directions`` (48), ``cells`` of a column or direction (4096), rows of the random ``part`` (1024), ``categories`` of a column
        (65536), ``seed``.

    Raises
    ------
    ValueError
        Where a value is missing or infinite, columns differ between chunks, or there are no rows; it says where.

    Notes
    -----
    O(n (d² + d log c + L (d + log c))) for L directions and c cells; 16 c (d + L) bytes, whatever n is. The same bits in any chunks, on any
    number of threads and workers. (The random part knows partitions of a Dask data frame and files by their number, so that
    other partitions mean another random part.)

    >>> import numpy as np
    >>> import earthwork as ew
    >>> rows = np.random.default_rng(0).normal(size=(1000, 3))
    >>> ew.summary.of(rows) == ew.summary.of(rows[k : k + 300] for k in range(0, 1000, 300))
    True
    """
    from earthwork.scale.rows import pieces, through_dask, through_threads

    begun = Summary(reference=reference, **options)  # refuses what is wrong
    found, lazy, like = pieces(data)
    made: Summary
    if lazy or client is not None:
        made = through_dask(begun, found, like, missing, client)
    else:
        made = through_threads(begun, found, like, missing, threads, progress)
    if not made.count:
        raise ValueError("data: there is no row" + (" without a missing value" if made.left_out else ""))
    return made


class Compared:
    """What two summaries say about the distance of all rows. Prints as a table; shows as HTML in a notebook."""

    def __init__(self, rows: list[Row], summaries: tuple[Summary, Summary]) -> None:
        self.rows = rows
        """One for each distance."""
        self.summaries = summaries

    def __getitem__(self, name: str) -> Row:
        """The row of that name, such as ``SW2`` or ``KS of x``."""
        return row_named(self.rows, name)

    def _cells(self) -> list[list[str]]:
        return [
            [row.name, row.group, "-" if row.estimate is None else signed(row.estimate), row.note if row.estimate is None else evidence(row.estimate), seconds(row.time)]
            for row in self.rows
        ]

    _HEAD = ("distance", "of", "value", "evidence", "time")
    _RIGHT = frozenset({2, 4})

    def __repr__(self) -> str:
        x, y = self.summaries
        return "\n".join([f"{x.count:,} against {y.count:,} rows, d = {x.dim}", "", table(self._HEAD, self._cells(), self._RIGHT)])

    def _repr_html_(self) -> str:
        return html_table(self._HEAD, self._cells(), self._RIGHT)

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each distance (needs pandas)."""
        import pandas

        none = Estimate(math.nan, ("unstated", 0.0, 0.0, 0.0, -1.0), "point", "", (0, 0), None, "sampling", [], "")
        kept = [(row, row.estimate or none) for row in self.rows]
        return pandas.DataFrame(
            {
                "distance": [row.name for row, _ in kept],
                "of": [row.group for row, _ in kept],
                "value": [found.value for _, found in kept],
                "lower": [found.lower for _, found in kept],
                "upper": [found.upper for _, found in kept],
                "evidence": [found.evidence for _, found in kept],
                "note": [row.note or "; ".join(found.notes) for row, found in kept],
            }
        )


def compare(X: Summary, Y: Summary, *, bandwidth: float | None = None, columns: int = 64, seed: int = 0) -> Compared:
    """Every distance that two summaries know, each with what it lost.

    Parameters
    ----------
    X, Y
        Summaries with the same options.
    bandwidth
        σ of the Gaussian kernel exp(−‖x − y‖² / 2σ²) of MMD; by default the root of half the mean squared distance of rows.
    columns
        Of how many columns of numbers distances are computed, at most.
    seed
        Of the interval of the random parts.

    Notes
    -----
    Intervals of sliced distances, the energy distance and MMD hold what the cells lost (proven) and 1.96 standard errors over
    directions. The energy distance is γ_d times the mean of those along directions, γ_d = √π Γ((d + 1) / 2) / Γ(d / 2); MMD² is
    the mean over directions and over radii of the chi distribution of |φ_X − φ_Y|², φ the characteristic functions. Divergences are of
    groups of cells with about equal counts, so that they are lower bounds of those between the distributions (2.5 % of draws aside); the
    standard error is that of the delta method.

    >>> import earthwork as ew
    >>> first, second = ew.summary.of([[0.0], [1.0]]), ew.summary.of([[3.0], [4.0]])
    >>> ew.summary.compare(first, second)["W1 of column 0"].estimate.value
    3.0
    """
    for name, one in (("X", X), ("Y", Y)):
        if not isinstance(one, Summary):
            raise TypeError(f"{name}: a Summary is needed, not {type(one).__name__}")
        if not one.count:
            raise ValueError(f"{name}: no row was summed up")
    _alike(X, Y, "compare")
    return Compared(rows_of(X, Y, bandwidth, columns, seed), (X, Y))
