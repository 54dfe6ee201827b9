"""Numbers in any container, as C-contiguous arrays of 64-bit floats.

Nothing is read that is not there, and no integer is rounded in silence: masked, missing and unrepresentable entries are found here.
Truth values count as 0 and 1. Complex numbers, text, dates and times are refused.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""An array of 64-bit floats."""

Mask: TypeAlias = NDArray[np.bool_]

Place: TypeAlias = Callable[[tuple[int, ...]], str]
"""How an entry is called in a message, from its index."""

# From here on not every integer is a 64-bit float.
_EXACT = 2**53


class Read(NamedTuple):
    """Numbers, and what is to be known about them."""

    values: Floats
    missing: Mask | None
    """Entries that are not there, with 0 in their place; None where all are."""
    what: str
    """How a missing entry is written: None, NA, NaT, masked, null."""
    eps: float
    """The distance of 1 from the next number of their type, for types shorter than 64 bits; else 0."""


class Missing(ValueError, TypeError):
    """Something that stands for nothing, where a number is needed."""


def entry(index: tuple[int, ...]) -> str:
    """An entry of an array by its index."""
    return f"entry {index[0] if len(index) == 1 else tuple(map(int, index))}"


def read(name: str, given: Any, place: Place = entry) -> Read:
    """``given`` as numbers; TypeError or ValueError where it holds anything else."""
    if type(given) is np.ndarray and given.dtype == np.float64:
        return Read(np.ascontiguousarray(given) if given.ndim else given, None, "", 0.0)
    if isinstance(given, (str, bytes)) or given is None:
        raise TypeError(f"{name}: an array of numbers is needed, not {type(given).__name__}")
    eps = 0.0
    if hasattr(given, "detach") and hasattr(given, "cpu"):
        given, eps = _from_torch(given)
    if hasattr(given, "toarray"):  # scipy.sparse
        given = given.toarray()
    array, missing, what = _array(name, given)
    values, short = _numbers(name, array, missing, place)
    return Read(values, missing, what, max(eps, short))


def _from_torch(tensor: Any) -> tuple[Any, float]:
    """A tensor that may want gradients, lie on a device, be sparse, or have a type that NumPy does not know."""
    tensor = tensor.detach().cpu()
    if "strided" not in str(getattr(tensor, "layout", "strided")):
        tensor = tensor.to_dense()
    if "bfloat16" in str(tensor.dtype):
        return tensor.float(), 2.0**-7
    return tensor, 0.0


def _array(name: str, given: Any) -> tuple[NDArray[Any], Mask | None, str]:
    """An array of whatever type, which of its entries are not there, and how such an entry is written."""
    try:
        if isinstance(given, np.ma.MaskedArray) or _holds_masked(given):
            masked = np.ma.asarray(given)
            mask = np.ma.getmaskarray(masked)
            return np.ma.getdata(masked), mask if mask.any() else None, "masked"
        nulls = nulls_of(given)
        if nulls is not None:
            return *nulls, "null"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a masked element becomes NaN, which is found later
            array = np.asarray(given)
    except (ValueError, TypeError) as why:
        raise TypeError(f"{name}: no array can be made of it ({why})") from why
    if array.dtype != object:
        return array, None, ""
    missing = np.fromiter(map(absent, array.flat), dtype=bool, count=array.size).reshape(array.shape)
    return (array, missing, repr(array[missing][0])) if missing.any() else (array, None, "")


def _holds_masked(given: Any) -> bool:
    """Whether a list, or a list of lists, holds masked arrays, whose masks NumPy would forget."""
    if not isinstance(given, (list, tuple)):
        return False
    return any(isinstance(one, np.ma.MaskedArray) or (isinstance(one, (list, tuple)) and _holds_masked(one)) for one in given)


def nulls_of(series: Any) -> tuple[NDArray[Any], Mask] | None:
    """A series of polars or pyarrow that has nulls: what is there, with anything in between, and where there is nothing."""
    count = getattr(series, "null_count", None)
    count = count() if callable(count) else count
    if not isinstance(count, int) or not count:
        return None
    absent = series.is_null()
    mask = np.array(absent.to_pylist() if hasattr(absent, "to_pylist") else absent.to_list(), dtype=bool)
    present = series.drop_nulls() if hasattr(series, "drop_nulls") else series.drop_null()
    there = np.asarray(present)
    values = np.zeros(len(mask), dtype=there.dtype)
    values[~mask] = there
    return values, mask


def _numbers(name: str, array: NDArray[Any], missing: Mask | None, place: Place) -> tuple[Floats, float]:
    """An array as 64-bit floats, with 0 where entries are missing, and the resolution of its type where that is shorter."""
    kind = array.dtype.kind
    if kind == "V" and array.dtype.names is None and array.dtype.name.startswith(("bfloat16", "float8")):
        return np.ascontiguousarray(array.astype(np.float64)), 2.0**-7 if array.dtype.name == "bfloat16" else 2.0**-2
    if kind in "mM":
        lost = np.argwhere(np.isnat(array))
        if len(lost):
            at = tuple(int(k) for k in lost[0])
            raise Missing(f"{name}: {place(at)} is missing (NaT), and the others are {_times(array.dtype)}")
        raise TypeError(f"{name}: it holds {_times(array.dtype)}")
    if kind == "O":
        return _objects(name, array, missing, place), 0.0
    if kind not in "fiub":
        raise TypeError(f"{name}: real numbers are needed, not {array.dtype}")
    with np.errstate(over="ignore"):  # a long double may be infinite as a double, which is found later
        values = array.astype(np.float64, order="C", copy=array.dtype != np.float64 or missing is not None)
    values = np.ascontiguousarray(values) if values.ndim else values
    if missing is not None:
        values[missing] = 0.0
    if kind in "iu" and array.dtype.itemsize == 8:
        wrong = _rounded(array, values)
        if missing is not None:
            wrong &= ~missing
        if wrong.any():
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            raise ValueError(f"{name}: {place(at)} is {array[at]}, {TOO_LONG}")
    short = float(np.finfo(array.dtype).eps) if kind == "f" and array.dtype.itemsize < 8 else 0.0
    return values, short


TOO_LONG = "an integer that a 64-bit float cannot hold; subtract the same integer from all samples first, which changes no distance"


def _times(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "M":
        what, convert = "points in time", "(times - start) / np.timedelta64(1, 's')"
    else:
        what, convert = "durations", "durations / np.timedelta64(1, 's')"
    return f"{what} ({dtype}), which are no numbers until a unit is chosen: give {convert}, for example"


def _rounded(whole: NDArray[Any], values: Floats) -> Mask:
    """Which 64-bit integers their floats are not equal to."""
    if whole.dtype.kind == "i":
        large = (whole > _EXACT) | (whole < -_EXACT)
    else:
        large = whole > _EXACT
    if not large.any():
        return large
    # In halves: each is exact as a float, and so is what the float has beyond the upper one.
    high = (whole >> 32).astype(np.float64) * 2.0**32
    low = (whole & np.array(0xFFFFFFFF, dtype=whole.dtype)).astype(np.float64)
    found: Mask = large & (values - high != low)
    return found


def _objects(name: str, array: NDArray[Any], missing: Mask | None, place: Place) -> Floats:
    """Entries of any type, one by one."""
    out = np.empty(array.shape, dtype=np.float64)
    for index, value in np.ndenumerate(array):
        if missing is not None and missing[index]:
            out[index] = 0.0
        elif isinstance(value, (bool, np.bool_)):
            out[index] = float(value)
        elif isinstance(value, (int, np.integer)):
            out[index] = _whole(name, int(value), index, place)
        elif isinstance(value, (float, np.floating, decimal.Decimal, fractions.Fraction)):
            out[index] = float(value)
        elif isinstance(value, (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)):
            raise TypeError(f"{name}: {place(index)} is {value!r}; {_times(np.dtype(_time_type(value)))}")
        else:
            raise TypeError(f"{name}: {place(index)} is {value!r}, which is not a number")
    return out


def _time_type(value: Any) -> str:
    return "m8" if isinstance(value, (datetime.timedelta, np.timedelta64)) else "M8"


def _whole(name: str, value: int, index: tuple[int, ...], place: Place) -> float:
    try:
        found = float(value)
    except OverflowError:
        raise ValueError(f"{name}: {place(index)} is a whole number of {len(str(value))} digits, too large for a 64-bit float") from None
    if found != value:
        raise ValueError(f"{name}: {place(index)} is {value}, {TOO_LONG}")
    return found


def absent(value: Any) -> bool:
    """Whether an object stands for nothing: None, a masked entry, NA, NaT, a decimal NaN. (A float NaN is a float.)"""
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, decimal.Decimal):
        return value.is_nan()
    return type(value).__name__ in ("NAType", "NaTType") or (
        isinstance(value, (np.datetime64, np.timedelta64)) and bool(np.isnat(value))
    )


def whole(name: str, given: Any, ndim: int | None = None) -> Read:
    """``given`` as numbers of which none may be missing."""
    found = read(name, given)
    if found.missing is not None:
        at = tuple(int(k) for k in np.argwhere(found.missing)[0])
        raise Missing(f"{name}: {entry(at)} is {found.what}, which is not a number")
    if ndim is not None and found.values.ndim != ndim:
        raise ValueError(f"{name}: it has {found.values.ndim} dimensions, but {ndim} are needed")
    return found


def floats(name: str, given: Any, ndim: int | None = None) -> Floats:
    """``given`` as a C-contiguous float64 array, without a copy where it is one; nothing may be missing."""
    return whole(name, given, ndim).values
