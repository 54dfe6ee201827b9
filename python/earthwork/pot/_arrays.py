"""Arrays of numpy and torch on their way in and out.

Everything is solved in double precision. Results have the type and the device of what was given.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse

from earthwork._inputs import Floats
from earthwork.pot._errors import InputError, NotServed

__all__ = ["Like", "weights", "weights_of"]


def torch_of(value: Any) -> Any:
    """The torch module when ``value`` is one of its tensors, else None."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(value, torch.Tensor) else None


def numpy_of(value: Any) -> np.ndarray[Any, Any]:
    """Any array as a numpy array, detached."""
    if type(value) is np.ndarray:
        return value
    if torch_of(value) is not None:
        value = value.detach()
        if value.is_sparse:
            value = value.to_dense()
        return np.asarray(value.cpu().numpy())
    if scipy.sparse.issparse(value):
        return np.asarray(value.toarray())
    return np.asarray(value)


class Like:
    """Which library, number type and device results should have: those of the first array among ``given``."""

    __slots__ = ("device", "dtype", "given", "torch")

    def __init__(self, *given: Any) -> None:
        self.given = given
        self.torch: Any = None
        self.dtype: Any = None
        self.device: Any = None
        for one in given:
            if one is None or isinstance(one, (list, tuple, int, float)):
                continue
            if isinstance(one, np.ndarray) or scipy.sparse.issparse(one) or isinstance(one, np.generic):
                self.dtype = self.dtype or one.dtype
            elif torch_of(one) is not None:
                if self.torch is None:
                    self.torch, self.dtype, self.device = torch_of(one), one.dtype, one.device
            else:
                raise NotServed(f"arrays of type {type(one).__name__}")
        if self.torch is None and self.dtype is None:
            self.dtype = np.dtype(np.float64)

    @property
    def integer(self) -> bool:
        """Whether results would be cut to whole numbers."""
        return not (self.dtype.is_floating_point if self.torch is not None else self.dtype.kind == "f")

    @property
    def differentiable(self) -> bool:
        """Whether torch is to differentiate by any of the arrays given."""
        if self.torch is None or not self.torch.is_grad_enabled():
            return False
        return any(torch_of(one) is not None and one.requires_grad for one in self.given)

    def out(self, value: Any) -> Any:
        """A numpy array or number as the caller's kind of array."""
        if self.torch is not None:
            return self.torch.as_tensor(np.asarray(value), dtype=self.dtype, device=self.device)
        array = np.asarray(value)
        if array.dtype != self.dtype and array.dtype.kind == "f":
            array = array.astype(self.dtype)
        return array if array.ndim else array[()]

    def indices(self, value: Any) -> Any:
        """Whole numbers as the caller's kind of array."""
        if self.torch is not None:
            return self.torch.as_tensor(np.asarray(value, dtype=np.int64), device=self.device)
        return np.asarray(value)

    def coo(self, values: Floats, rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
        """A sparse matrix of the caller's kind."""
        if self.torch is not None:
            places = self.indices(np.stack([rows, columns]))
            return self.torch.sparse_coo_tensor(places, self.out(values), shape)
        return scipy.sparse.coo_array((self.out(values), (rows, columns)), shape=shape)

    def attached(self, value: Any, by: Sequence[tuple[Any, Any]]) -> Any:
        """``value`` whose derivatives by some tensors are given as arrays of numpy (or functions that make them)."""
        result = self.out(value)
        wanted = [(x, grad) for x, grad in by if torch_of(x) is not None and x.requires_grad]
        if not wanted or not self.torch.is_grad_enabled():
            return result
        return _attached(self.torch, result, [x for x, _ in wanted], [grad for _, grad in wanted])

    def implicit(self, value: Any, tensors: Sequence[Any], pull: Callable[[Floats], Sequence[Any]]) -> Any:
        """An array whose derivatives by ``tensors`` are what ``pull`` makes of the cotangent."""
        result = self.out(value)
        if not self.differentiable:
            return result
        return _pulled(self.torch, result, tensors, pull)


_FUNCTIONS: dict[str, Any] = {}


def _attached(torch: Any, result: Any, tensors: list[Any], grads: list[Any]) -> Any:
    def pull(cotangent: Floats) -> list[Any]:
        return [float(cotangent) * np.asarray(grad) if not scipy.sparse.issparse(grad) else cotangent * grad for grad in grads]

    return _pulled(torch, result, tensors, pull)


def _pulled(torch: Any, result: Any, tensors: Sequence[Any], pull: Callable[[Floats], Sequence[Any]]) -> Any:
    if "pulled" not in _FUNCTIONS:

        class Pulled(torch.autograd.Function):  # type: ignore[misc, name-defined, unused-ignore]
            @staticmethod
            def forward(ctx: Any, made: Any, back: Any, *given: Any) -> Any:
                ctx.back, ctx.given = back, given
                return made

            @staticmethod
            @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
            def backward(ctx: Any, cotangent: Any) -> Any:
                found = ctx.back(cotangent.detach().cpu().double().numpy())
                out: list[Any] = []
                for grad, x in zip(found, ctx.given, strict=True):
                    if torch_of(x) is None or grad is None:
                        out.append(None)
                    elif x.is_sparse:
                        entries = scipy.sparse.coo_array(grad)
                        places = torch.as_tensor(np.stack([entries.row, entries.col]).astype(np.int64), device=x.device)
                        values = torch.as_tensor(entries.data, dtype=x.dtype, device=x.device)
                        out.append(torch.sparse_coo_tensor(places, values, x.shape))
                    else:
                        out.append(torch.as_tensor(np.asarray(grad), dtype=x.dtype, device=x.device).reshape(x.shape))
                return None, None, *out

        _FUNCTIONS["pulled"] = Pulled
    return _FUNCTIONS["pulled"].apply(result, pull, *tensors)


def floats(value: Any) -> Floats:
    """Any array as a contiguous array of doubles."""
    if type(value) is np.ndarray and value.dtype == np.float64 and value.flags.c_contiguous:
        return value
    return np.ascontiguousarray(numpy_of(value), dtype=np.float64)


def empty(given: Any) -> bool:
    """Whether weights are left out: None or of length 0."""
    return given is None or len(given) == 0


def weights(given: Any, length: int) -> Floats:
    """Weights; 1/n each where they are None or empty."""
    if empty(given):
        return np.full(length, 1.0 / length)
    return floats(given)


def weights_of(name: str, given: Any, length: int, what: str = "M") -> Floats:
    """Weights that fit a side of length ``length`` and are finite and not negative."""
    found = weights(given, length)
    if found.shape[0] != length:
        raise InputError(f"Dimension mismatch, check dimensions of {what} with a and b: {name} has {found.shape[0]} weights for {length}")
    checked(name, found)
    return found


def checked(name: str, masses: Floats) -> None:
    """Raises where a mass is negative or not finite, or where there is none."""
    least = masses.min() if masses.size else 0.0
    if not least >= 0.0 or not masses.sum() < np.inf:
        bad = np.flatnonzero(~((masses.ravel() >= 0) & np.isfinite(masses.ravel())))
        at = int(bad[0]) if bad.size else 0
        raise InputError(f"{name}: weight {at} is {masses.ravel()[at]}; weights are finite and at least 0")


def balanced(a: Floats, b: Floats, check: bool = True, decimals: float = 1.5e-6) -> Floats:
    """``b`` with the total of ``a``; raises where they differ by more than POT lets them (or by that part of the mass)."""
    first, second = a.sum(0), b.sum(0)
    if check and not np.all(np.abs(first - second) <= decimals * np.maximum(1.0, np.abs(first))):
        raise InputError(f"a and b vector must have the same sum: they have {first} and {second}")
    if not np.all(second > 0):
        raise InputError("b: its weights sum to 0")
    scaled: Floats = b * (first / second)
    return scaled
