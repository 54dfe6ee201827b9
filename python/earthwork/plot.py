"""Pictures with matplotlib. Every function draws into ``ax`` (or new axes) and returns it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from earthwork import _inputs
from earthwork._inputs import Floats, Points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["clouds", "compare", "convergence", "plan", "potentials"]

SOURCE = "#2a6f97"
"""The colour of X."""
TARGET = "#c8553d"
"""The colour of Y."""

# Lines of a plan that a picture can hold.
_MOST_LINES = 4_000


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    made: Axes = pyplot.subplots(figsize=(5, 4), layout="constrained")[1]
    return made


def _plane(x: Any, y: Any) -> tuple[Floats, Floats, tuple[str, str]]:
    """Both samples in the plane: as they are, or in their first two principal components."""
    first, second = x.points, y.points
    if x.dim == 1:
        return (
            np.column_stack([first[:, 0], np.zeros(len(first))]),
            np.column_stack([second[:, 0], np.ones(len(second))]),
            ("", ""),
        )
    if x.dim == 2:
        return first, second, ("", "")
    both = np.vstack([first, second])
    centre = both.mean(axis=0)
    directions = np.linalg.svd(both - centre, full_matrices=False)[2][:2]
    return (first - centre) @ directions.T, (second - centre) @ directions.T, ("first component", "second component")


def clouds(
    X: Points,
    Y: Points,
    a: Any = None,
    b: Any = None,
    plan: Any = None,
    ax: Axes | None = None,
    labels: tuple[str, str] = ("X", "Y"),
    size: float = 14.0,
) -> Axes:
    """Two samples in the plane, areas by weight; with a ``plan`` (n, m), a line for each movement.

    More than two dimensions are shown in their principal plane, points of a line on two levels.
    """
    ax = _axes(ax)
    x, y = _inputs.pair(X, Y, a, b)
    first, second, (right, up) = _plane(x, y)
    if plan is not None:
        _lines(ax, first, second, plan)
    for places, sample, colour, label in ((first, x, SOURCE, labels[0]), (second, y, TARGET, labels[1])):
        weights = sample.weights
        areas = size * weights / weights.mean()
        ax.scatter(places[:, 0], places[:, 1], s=areas, color=colour, alpha=0.8, lw=0, label=label, zorder=2)
    ax.legend(frameon=False)
    ax.set_xlabel(right)
    ax.set_ylabel(up)
    if x.dim > 1:
        ax.set_aspect("equal", adjustable="datalim")
    else:
        ax.set_yticks([0, 1], labels)
    return ax


def _lines(ax: Axes, first: Floats, second: Floats, plan: Any) -> None:
    from matplotlib.collections import LineCollection

    entries = scipy.sparse.coo_array(plan)
    order = np.argsort(-entries.data)[:_MOST_LINES]
    rows, columns, mass = entries.row[order], entries.col[order], entries.data[order]
    strength = mass / mass.max() if len(mass) else mass
    colours = np.column_stack([np.full((len(mass), 3), 0.35), 0.08 + 0.3 * strength])
    segments = np.stack([first[rows], second[columns]], axis=1)
    ax.add_collection(LineCollection(list(segments), colors=colours, linewidths=0.4 + 0.8 * strength, zorder=1))


def plan(solution: Any, ax: Axes | None = None) -> Axes:
    """A plan as a picture: of a solution, or an array or sparse matrix of shape (n, m). Sparse plans are dots."""
    ax = _axes(ax)
    matrix = getattr(solution, "plan", solution)
    if scipy.sparse.issparse(matrix):
        entries = scipy.sparse.coo_array(matrix)
        area = 60.0 * entries.data / entries.data.max()
        ax.scatter(entries.col, entries.row, s=np.maximum(area, 1.0), color=SOURCE, lw=0)
        ax.set_xlim(-0.5, entries.shape[1] - 0.5)
        ax.set_ylim(entries.shape[0] - 0.5, -0.5)
    else:
        ax.imshow(np.asarray(matrix), cmap="Blues", aspect="auto", interpolation="nearest")
    ax.set_xlabel("target")
    ax.set_ylabel("source")
    return ax


def potentials(solution: Any, X: Points, Y: Points, ax: Axes | None = None) -> Axes:
    """The two potentials: over the line for d = 1, as colours of the points in the plane (or principal plane) else."""
    ax = _axes(ax)
    x, y = _inputs.pair(X, Y)
    f, g = solution.potentials
    if x.dim == 1:
        for sample, values, colour, label in ((x, f, SOURCE, "f"), (y, g, TARGET, "g")):
            order = np.argsort(sample.points[:, 0])
            ax.plot(sample.points[order, 0], values[order], color=colour, marker=".", lw=1, label=label)
        ax.legend(frameon=False)
        ax.set_ylabel("potential")
        return ax
    first, second, (right, up) = _plane(x, y)
    values = np.concatenate([f, -g])
    low, high = float(values.min()), float(values.max())
    shown = ax.scatter(first[:, 0], first[:, 1], c=f, cmap="viridis", vmin=low, vmax=high, s=16, lw=0, label="f on X")
    ax.scatter(second[:, 0], second[:, 1], c=-g, cmap="viridis", vmin=low, vmax=high, s=16, marker="^", lw=0, label="-g on Y")
    ax.figure.colorbar(shown, ax=ax, label="potential")
    ax.legend(frameon=False)
    ax.set_xlabel(right)
    ax.set_ylabel(up)
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def convergence(
    parameter: Sequence[float], results: Sequence[Any], truth: float | None = None, ax: Axes | None = None, name: str = "ε"
) -> Axes:
    """How values and their bounds move with a parameter (ε, directions, points): one result for each, drawn on a log axis."""
    ax = _axes(ax)
    values = np.array([float(result) for result in results])
    ends = np.array([[result.lower, result.upper] for result in results])
    finite = np.where(np.isfinite(ends), ends, values[:, None])
    ax.fill_between(parameter, finite[:, 0], finite[:, 1], color=SOURCE, alpha=0.2, lw=0, label="evidence")
    ax.plot(parameter, values, color=SOURCE, marker=".", label="value")
    if truth is not None:
        ax.axhline(truth, color=TARGET, lw=1, label="exact")
    ax.set_xscale("log")
    ax.set_xlabel(name)
    ax.legend(frameon=False)
    return ax


def compare(comparison: Any, ax: Axes | None = None, show: Callable[[Any], bool] | None = None) -> Axes:
    """The distances of a comparison with their intervals, one a line; ``show`` chooses rows."""
    ax = _axes(ax)
    rows = [row for row in comparison.rows if row.estimate is not None and (show is None or show(row))]
    for k, row in enumerate(rows):
        low, high = row.estimate.lower, row.estimate.upper
        if np.isfinite([low, high]).all():
            ax.plot([low, high], [k, k], color=SOURCE, lw=3, alpha=0.35, solid_capstyle="butt")
        ax.plot(row.estimate.value, k, "o", color=SOURCE, ms=5)
        ax.annotate(f"{row.estimate.value:.4g}", (row.estimate.value, k), (0, 6), textcoords="offset points", ha="center")
    ax.set_yticks(range(len(rows)), [row.name for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.8)
    ax.set_xlabel("value")
    ax.margins(x=0.12)
    return ax
