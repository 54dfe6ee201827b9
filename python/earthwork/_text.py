"""Numbers and tables as people read them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np


def short(value: float) -> str:
    """Six significant digits."""
    return f"{value:.6g}"


def within(lower: float, upper: float) -> str:
    """An interval; of one that is closed to nine digits, only its relative width."""
    largest = max(abs(lower), abs(upper))
    if largest < float("inf") and upper - lower <= 1e-9 * largest:
        return f"gap {(upper - lower) / largest:.0e}" if upper > lower else "gap 0"
    for digits in range(6, 15):
        low, high = f"{lower:.{digits}g}", f"{upper:.{digits}g}"
        if low != high:
            break
    return f"[{low}, {high}]"


def seconds(time: float) -> str:
    """A duration in the unit that suits it."""
    if time < 1e-3:
        return f"{time * 1e6:.0f} µs"
    return f"{time * 1e3:.1f} ms" if time < 1.0 else f"{time:.2f} s"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Columns lined up; those in ``right`` to the right."""
    cells = [list(head), *map(list, rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(head))]

    def line(row: Sequence[str]) -> str:
        fitted = [c.rjust(w) if k in right else c.ljust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))]
        return "  ".join(fitted).rstrip()

    return "\n".join(line(row) for row in cells)


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """The same for a notebook."""

    def cell(tag: str, k: int, text: str) -> str:
        align = "right" if k in right else "left"
        return f'<{tag} style="text-align:{align}">{html.escape(text)}</{tag}>'

    def line(tag: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(cell(tag, k, text) for k, text in enumerate(row)) + "</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', head)}</thead><tbody>{body}</tbody></table>"


Named = TypeVar("Named", bound=type[Any])

LONG = 6
"""Up to so many numbers are written out."""


def brief(kind: Named) -> Named:
    """Has a named tuple show large arrays by their shapes."""

    def __repr__(self: Any) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={_shown(value)}' for name, value in zip(self._fields, self, strict=True))})"

    setattr(kind, "__repr__", __repr__)  # noqa: B010: an assignment would not have its type
    return kind


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}" if value.size > LONG else repr(value)
    if isinstance(value, float):
        return short(value)
    if isinstance(value, (list, tuple)) and len(value) > LONG:
        return f"{type(value).__name__} of {len(value)}"
    return repr(value)
