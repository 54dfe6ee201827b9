"""An installed POT with its solvers replaced in place by ours, and the book of what was called.

Every name that holds one of POT's functions is replaced, in POT's modules and in all others, so that POT's own code calls ours too.
A call that ours does not serve goes to POT as it was made.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse

from earthwork.pot._arrays import numpy_of
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot._pays import pays_not
from earthwork.pot._table import TOOLS, methods, served

__all__ = ["Row", "accelerate", "accelerated", "report", "report_rows", "restore"]

MODULES = """ot ot.lp ot.bregman ot.unbalanced ot.partial ot.sliced ot.gaussian ot.gmm ot.smooth ot.stochastic ot.weak ot.factored
ot.lowrank ot.semidiscrete ot.bsp ot.solvers ot.batch ot.da ot.regpath ot.gromov ot.optim ot.coot ot.mapping ot.dr""".split()
"""Where POT's solvers are found."""

AGREE = 1e-6
"""Up to which relative difference two answers count as equal under ``check``."""


class Row:
    """What was called of one function."""

    def __init__(self, name: str, ours: bool) -> None:
        self.name = name
        self.ours = ours
        self.calls = 0
        self.served = 0
        self.inside = 0
        self.seconds = 0.0
        self.reasons: Counter[str] = Counter()
        self.checked = 0
        self.differ = 0
        self.worst = 0.0
        self.pot_seconds = 0.0
        self.check_seconds = 0.0


_rows: dict[str, Row] = {}
_replaced: list[tuple[dict[str, Any], str, Any]] = []
_methods: list[tuple[Any, str, Any]] = []
_check = [0.0]
_draws = random.Random(0)
_aside = [False]
"""Whether POT is at work to be compared with: then nothing is ours and nothing is counted."""
_outer: list[list[int]] = []
"""Of each of POT's functions that is at work: how many solves inside were served here, and how many went to POT."""


def _told(ours: bool) -> None:
    """Says to POT's function that called, where there is one, who served the solve inside."""
    if _outer:
        _outer[-1][not ours] += 1


def _left_to_pot(row: Row, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], why: str) -> Any:
    """POT's own answer. Its code can call our solvers inside; then, if it called no other, it was POT's code over our solvers."""
    inner = [0, 0]
    _outer.append(inner)
    try:
        return original(*args, **kwargs)
    finally:
        _outer.pop()
        within = inner[0] > 0 and inner[1] == 0
        row.inside += within
        row.reasons["POT's code, our solvers inside" if within and not row.ours else why] += 1
        _told(within)


def _as_it_is(row: Row, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], why: str) -> Any:
    """POT's own answer, by its own code alone."""
    row.reasons[why] += 1
    _told(False)
    _aside[0] = True
    try:
        return original(*args, **kwargs)
    finally:
        _aside[0] = False


def _wrapper(row: Row, original: Callable[..., Any], ours: Callable[..., Any] | None) -> Callable[..., Any]:
    judge = pays_not(row.name)

    def solved(args: tuple[Any, ...], kwargs: dict[str, Any], begun: float) -> Any:
        if ours is None:
            return _left_to_pot(row, original, args, kwargs, "no code of its own here")
        try:
            why = judge(args, kwargs) if judge is not None else None
            if why is not None:
                return _as_it_is(row, original, args, kwargs, why)
            found = ours(*args, **kwargs)
            row.served += 1
            _told(True)
            if _check[0] and _draws.random() < _check[0]:
                _compare(row, original, found, args, kwargs, time.perf_counter() - begun)
            return found
        except InputError:
            row.served += 1
            raise
        except NotServed as told:
            why = str(told)
        except Exception as told:  # POT's own error, if it is one, is what its callers expect
            why = f"{type(told).__name__}: {told}"[:120]
        return _left_to_pot(row, original, args, kwargs, why)

    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        if _aside[0]:
            return original(*args, **kwargs)
        row.calls += 1
        begun = time.perf_counter()
        try:
            return solved(args, kwargs, begun)
        finally:
            row.seconds += time.perf_counter() - begun

    called.__earthwork__ = True  # type: ignore[attr-defined]
    return called


def _compare(
    row: Row, original: Callable[..., Any], found: Any, args: tuple[Any, ...], kwargs: dict[str, Any], seconds: float
) -> None:
    """POT's answer beside ours. Plans are compared by their cost, for there can be many optimal ones."""
    begun = time.perf_counter()
    _aside[0] = True
    try:
        theirs = original(*args, **kwargs)
    except Exception as why:
        row.reasons[f"checked: POT raised {type(why).__name__}"] += 1
        return
    finally:
        _aside[0] = False
    row.pot_seconds += time.perf_counter() - begun
    row.check_seconds += seconds
    costs = inspect.signature(original).bind(*args, **kwargs).arguments.get("M")
    first, second = _number(found, costs), _number(theirs, costs)
    if first is None or second is None or first.shape != second.shape:
        return
    row.checked += 1
    scale = max(float(np.abs(second).max(initial=0.0)), 1e-300)
    gap = float(np.abs(first - second).max(initial=0.0)) / scale
    row.worst = max(row.worst, gap)
    row.differ += not gap <= AGREE


def _number(answer: Any, costs: Any) -> Any:
    """The costs in an answer: a scalar or array, or ⟨M, P⟩ of a plan."""
    if isinstance(answer, (tuple, list)) and answer:
        answer = answer[0]
    try:
        if scipy.sparse.issparse(answer) and costs is not None:
            return np.asarray((answer * costs).sum())
        array = np.asarray(numpy_of(answer), dtype=np.float64)
        if costs is not None and not scipy.sparse.issparse(costs):
            matrix = np.asarray(numpy_of(costs), dtype=np.float64)
            if array.shape == matrix.shape:
                return np.asarray((array * matrix).sum())
    except (TypeError, ValueError):
        return None
    return array


def _helps(value: Any) -> bool:
    """Whether this is not a solver but a part of one."""
    words = ("loss", "grad", "linesearch", "init_", "tensor_product", "projection", "density", "apply_map", "logpdf", "pdf")
    rooms = value.__module__.split(".")[1:]
    helpers = ("utils", "datasets", "plot", "backend", "helpers", "optim", "_utils")
    return any(room in helpers for room in rooms) or any(word in value.__name__ for word in words)


def _originals() -> dict[int, tuple[str, Callable[..., Any], Callable[..., Any] | None]]:
    """POT's solvers by identity, each with ours where there is one."""
    found: dict[int, tuple[str, Callable[..., Any], Callable[..., Any] | None]] = {}
    for (module, name), ours in served().items():
        original = getattr(importlib.import_module(module), name, None)
        if original is not None:
            found[id(original)] = (f"{module}.{name}", original, ours)
    for module in MODULES:
        try:
            holder = importlib.import_module(module)
        except ImportError:
            continue
        for name, value in list(vars(holder).items()):
            known = inspect.isfunction(value) and value.__module__.startswith("ot.") and id(value) not in found
            if known and not name.startswith("_") and value.__name__ not in TOOLS and not _helps(value):
                found[id(value)] = (f"{value.__module__}.{value.__name__}", value, None)
    return found


def _method(original: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        if _aside[0]:
            return original(*args, **kwargs)
        try:
            return ours(*args, **kwargs)
        except Exception:  # POT's own error, if it is one, is what its callers expect
            return original(*args, **kwargs)

    called.__earthwork__ = True  # type: ignore[attr-defined]
    return called


def _replace_methods() -> None:
    """Methods of POT's classes that do over and over what can be done once."""
    for (module, holder, name), ours in methods().items():
        kind = getattr(importlib.import_module(module), holder, None)
        original = getattr(kind, name, None)
        if kind is not None and original is not None:
            _methods.append((kind, name, original))
            setattr(kind, name, _method(original, ours))


def accelerate(check: float = 0.0) -> None:
    """Replaces POT's solvers by ours until :func:`restore`.

    Args:
        check: on which part of the served calls, drawn at random, POT runs as well and is compared.

    >>> import earthwork.pot, ot
    >>> with earthwork.pot.accelerated():
    ...     float(ot.emd2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]]))
    0.0
    """
    if not 0.0 <= check <= 1.0:
        raise ValueError(f"check: it is {check}, but a part between 0 and 1 is needed")
    _check[0] = check
    if _replaced:
        return
    try:
        importlib.import_module("ot")
    except ImportError:
        raise ImportError("POT is not installed: pip install POT, or use earthwork.pot alone (`import earthwork.pot as ot`)") from None
    originals = _originals()
    wrappers = {}
    for key, (name, original, ours) in originals.items():
        row = _rows.setdefault(name, Row(name, ours is not None))
        wrappers[key] = _wrapper(row, original, ours)
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if type(names) is not dict or names.get("__name__", "").startswith("earthwork"):
            continue
        for name, value in list(names.items()):
            if id(value) in wrappers and value is originals[id(value)][1]:
                _replaced.append((names, name, value))
                names[name] = wrappers[id(value)]
    _replace_methods()


def restore() -> None:
    """Puts POT's own functions back where :func:`accelerate` took them away."""
    for names, name, original in _replaced:
        if getattr(names.get(name), "__earthwork__", False):
            names[name] = original
    _replaced.clear()
    for kind, name, original in _methods:
        setattr(kind, name, original)
    _methods.clear()


@contextmanager
def accelerated(check: float = 0.0) -> Iterator[None]:
    """POT with our solvers inside a ``with`` block."""
    already = bool(_replaced)
    before = _check[0]
    accelerate(check)
    try:
        yield
    finally:
        _check[0] = before
        if not already:
            restore()


def report_rows() -> list[dict[str, Any]]:
    """What was called so far: name, calls, seconds, why not, and what checks found.

    ``served`` counts the calls answered here, ``inside`` those of POT's own code in which all solves were ours.
    """
    keys = ("name", "calls", "served", "inside", "seconds", "checked", "differ", "worst", "pot_seconds", "check_seconds")
    rows = [row for row in _rows.values() if row.calls]
    rows.sort(key=lambda row: -row.seconds)
    return [{key: getattr(row, key) for key in keys} | {"reasons": dict(row.reasons)} for row in rows]


def report() -> str:
    """The rows of :func:`report_rows` as a table of text."""
    rows = report_rows()
    if not rows:
        return "earthwork.pot: no solver of POT was called"
    lines = [f"{'function':48} {'calls':>8} {'served':>8} {'inside':>8} {'seconds':>9}  why not"]
    for row in rows:
        whys = "; ".join(f"{why} ({count})" for why, count in sorted(row["reasons"].items(), key=lambda one: -one[1])[:3])
        counts = f"{row['calls']:8d} {row['served']:8d} {row['inside']:8d} {row['seconds']:9.3f}"
        lines.append(f"{row['name']:48} {counts}  {whys}".rstrip())
        if row["checked"]:
            faster = row["pot_seconds"] / max(row["check_seconds"], 1e-9)
            told = f"checked {row['checked']}: {row['differ']} differ by more than {AGREE:g}, at most {row['worst']:.1e}"
            lines.append(f"{'':4}{told}; POT took {faster:.1f} times as long")
    calls, ours, inside = (sum(row[key] for row in rows) for key in ("calls", "served", "inside"))
    lines.append(f"{ours} of {calls} calls served by earthwork; {inside} more ran POT's code with all solves inside served by earthwork")
    return "\n".join(lines)
