"""``progress=True``: a bar of tqdm where it is installed, else one line on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

Progress: TypeAlias = bool | Callable[[dict[str, Any]], object]
"""True, False, or a function that receives what is known (stage, iterations, gap, ...) a few times each second."""


@contextmanager
def reporting(progress: Progress) -> Iterator[Callable[[dict[str, Any]], object] | None]:
    """The function that a solve calls with its progress, or None."""
    if progress is False:
        yield None
    elif callable(progress):
        yield progress
    else:
        shown = _bar() or _Line()
        try:
            yield shown
        finally:
            shown.close()


def _sentence(state: dict[str, Any]) -> str:
    parts = []
    if state["levels"]:
        parts.append(f"level {state['level']}/{state['levels']}")
    if state["epsilon"] is not None:
        parts.append(f"ε = {state['epsilon']:.3g}")
    if state["iterations"]:
        parts.append(f"{state['iterations']:,} iterations")
    if state["violations"] is not None:
        parts.append(f"{state['violations']:,} violating pairs")
    if state["gap"] is not None:
        parts.append(f"gap ≤ {state['gap']:.1e}")
    if state["marginal_error"] is not None:
        parts.append(f"marginals {state['marginal_error']:.1e}")
    if state.get("seconds_left"):
        parts.append(f"about {_long(state['seconds_left'])} left")
    return ", ".join(parts)


def _long(seconds: float) -> str:
    """A time to wait."""
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


class _Bar:
    def __init__(self, tqdm: Any) -> None:
        self.bar = tqdm(total=None, leave=False, bar_format="{desc}  {elapsed}")

    def __call__(self, state: dict[str, Any]) -> None:
        done = f" {state['done']}/{state['total']}" if state["total"] else ""
        self.bar.set_description_str(f"{state['stage']}{done}  {_sentence(state)}")

    def close(self) -> None:
        self.bar.close()


def _bar() -> _Bar | None:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return _Bar(tqdm)


class _Line:
    """One line that is written over."""

    def __init__(self) -> None:
        self.longest = 0

    def __call__(self, state: dict[str, Any]) -> None:
        done = f" {state['done']}/{state['total']}" if state["total"] else ""
        line = f"{state['stage']}{done}  {_sentence(state)}"
        self.longest = max(self.longest, len(line))
        sys.stderr.write("\r" + line.ljust(self.longest))
        sys.stderr.flush()

    def close(self) -> None:
        if self.longest:
            sys.stderr.write("\r" + " " * self.longest + "\r")
