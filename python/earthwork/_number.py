"""What makes a result behave as the number that it is, and what is said where a solver has not converged."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthwork._earthwork import Estimate


class ConvergenceWarning(UserWarning):
    """A solver ended before it reached its tolerance: its result is what it had by then.

    The status of the result says why. ``warnings.simplefilter("error", ew.ConvergenceWarning)`` makes it an exception.
    """


def ended(what: str, status: str, advice: str = "") -> None:
    """Warns, at the line of the caller, of a status other than success."""
    if status in ("optimal", "converged", "within tolerance"):
        return
    depth, frame = 1, sys._getframe(0)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == "earthwork":
        frame, depth = frame.f_back, depth + 1
    warnings.warn(f"{what} ended before it converged ({status}){advice}", ConvergenceWarning, stacklevel=depth)


def heed(what: str, estimate: Estimate, advice: str = "") -> Estimate:
    """An estimate, with the warning if its notes say that it has not converged."""
    if any("not converged" in note for note in estimate.notes):
        ended(what, "not converged", advice)
    return estimate


def _plain(other: Any) -> Any:
    """Another result as its number; numbers and arrays as they are."""
    return float(other) if isinstance(other, (Number, Estimate)) else other


class Number:
    """A result that has a ``value``: in formats, comparisons and arithmetic it is that number."""

    @property
    def value(self) -> float:
        """The number."""
        raise NotImplementedError

    def __float__(self) -> float:
        return self.value

    def __int__(self) -> int:
        return int(self.value)

    def __trunc__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return self.value != 0.0

    def __hash__(self) -> int:
        return hash(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self.value, ndigits)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.value, dtype=dtype)

    def __eq__(self, other: object) -> Any:
        return self.value == _plain(other)

    def __ne__(self, other: object) -> Any:
        return self.value != _plain(other)

    def __lt__(self, other: Any) -> Any:
        return self.value < _plain(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= _plain(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > _plain(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= _plain(other)

    def __neg__(self) -> float:
        return -self.value

    def __pos__(self) -> float:
        return self.value

    def __abs__(self) -> float:
        return abs(self.value)

    def __add__(self, other: Any) -> Any:
        return self.value + _plain(other)

    def __radd__(self, other: Any) -> Any:
        return _plain(other) + self.value

    def __sub__(self, other: Any) -> Any:
        return self.value - _plain(other)

    def __rsub__(self, other: Any) -> Any:
        return _plain(other) - self.value

    def __mul__(self, other: Any) -> Any:
        return self.value * _plain(other)

    def __rmul__(self, other: Any) -> Any:
        return _plain(other) * self.value

    def __truediv__(self, other: Any) -> Any:
        return self.value / _plain(other)

    def __rtruediv__(self, other: Any) -> Any:
        return _plain(other) / self.value

    def __floordiv__(self, other: Any) -> Any:
        return self.value // _plain(other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _plain(other) // self.value

    def __mod__(self, other: Any) -> Any:
        return self.value % _plain(other)

    def __rmod__(self, other: Any) -> Any:
        return _plain(other) % self.value

    def __pow__(self, other: Any) -> Any:
        return self.value ** _plain(other)

    def __rpow__(self, other: Any) -> Any:
        return _plain(other) ** self.value


class Kept:
    """What was read of a compiled result before it was pickled: its attributes, and the answers of its methods."""

    def __init__(self, raw: Any, attributes: tuple[str, ...], methods: tuple[str, ...] = ()) -> None:
        self.__dict__.update({name: getattr(raw, name) for name in attributes})
        self._answers = {name: _answer(raw, name) for name in methods}

    @classmethod
    def of(cls, found: Mapping[str, Any], methods: tuple[str, ...]) -> Kept:
        """A result that was computed here: attributes, and those that are methods of a compiled one."""
        made = cls(None, ())
        made.__dict__.update({name: value for name, value in found.items() if name not in methods})
        made._answers = {name: found[name] for name in methods}
        return made

    def __getattr__(self, name: str) -> Any:
        answers = self.__dict__.get("_answers", {})
        if name not in answers:
            raise AttributeError(f"a result that was pickled has no {name!r}")
        return lambda: answers[name]


def _answer(raw: Any, name: str) -> Any:
    return getattr(raw, name)()
