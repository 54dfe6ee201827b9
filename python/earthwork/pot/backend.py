"""One interface to arrays of numpy and torch, under POT's names: ``nx = get_backend(x); nx.sum(x)``.

POT has the same methods for JAX, TensorFlow and CuPy; here their arrays are not known, and the flags ``jax``, ``tf`` and ``cp`` say so.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np
import scipy.sparse
from scipy.special import logsumexp

from earthwork.pot._base_backend import Backend, passed_on

__all__ = ["Backend", "NumpyBackend", "get_available_backend_implementations", "get_backend", "get_backend_list", "to_numpy"]

jax = False
tf = False
cp = False

def kind(type_as: Any) -> dict[str, Any]:
    """The number type to make an array of numpy with."""
    return {} if type_as is None else {"dtype": type_as.dtype}


class NumpyBackend(Backend):
    """Arrays of numpy, and sparse ones of scipy."""

    __name__ = "numpy"
    __type__ = np.ndarray
    __type_list__ = [np.array(1, dtype=np.float32), np.array(1, dtype=np.float64)]
    rng_ = np.random.RandomState()

    def _to_numpy(self, a: Any) -> Any:
        return a

    def _from_numpy(self, a: Any, type_as: Any = None) -> Any:
        return a if type_as is None or isinstance(a, float) else np.asarray(a, dtype=type_as.dtype)

    def _detach(self, a: Any) -> Any:
        return a

    def set_gradients(self, val: Any, inputs: Any, grads: Any) -> Any:
        return val

    def zeros(self, shape: Any, type_as: Any = None) -> Any:
        return np.zeros(shape, **kind(type_as))

    def ones(self, shape: Any, type_as: Any = None) -> Any:
        return np.ones(shape, **kind(type_as))

    def arange(self, stop: Any, start: Any = 0, step: Any = 1, type_as: Any = None) -> Any:
        return np.arange(start, stop, step)

    def full(self, shape: Any, fill_value: Any, type_as: Any = None) -> Any:
        return np.full(shape, fill_value, **kind(type_as))

    def eye(self, N: int, M: Any = None, type_as: Any = None) -> Any:
        return np.eye(N, M, **kind(type_as))

    def logsumexp(self, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return logsumexp(a, axis=axis, keepdims=keepdims)

    def searchsorted(self, a: Any, v: Any, side: Any = "left") -> Any:
        if a.ndim == 1:
            return np.searchsorted(a, v, side)
        return np.stack([np.searchsorted(one, at, side) for one, at in zip(a, v, strict=True)])

    def zero_pad(self, a: Any, pad_width: Any, value: float = 0) -> Any:
        return np.pad(a, pad_width, constant_values=value)

    def linspace(self, start: float, stop: float, num: int, type_as: Any = None) -> Any:
        return np.linspace(start, stop, num, **kind(type_as))

    def seed(self, seed: Any = None) -> None:
        if seed is not None:
            self.rng_.seed(seed)

    def rand(self, *size: int, type_as: Any = None) -> Any:
        return self.rng_.rand(*size)

    def randn(self, *size: int, type_as: Any = None) -> Any:
        return self.rng_.randn(*size)

    def randperm(self, size: int, type_as: Any = None) -> Any:
        if not isinstance(size, int):
            raise ValueError("size must be an integer")
        return self.rng_.permutation(size)

    def coo_matrix(self, data: Any, rows: Any, cols: Any, shape: Any = None, type_as: Any = None) -> Any:
        return scipy.sparse.coo_array((data, (rows, cols)), shape=shape, **kind(type_as))

    def issparse(self, a: Any) -> bool:
        return bool(scipy.sparse.issparse(a))

    def tocsr(self, a: Any) -> Any:
        return a.tocsr() if self.issparse(a) else scipy.sparse.csr_matrix(a)

    def eliminate_zeros(self, a: Any, threshold: float = 0.0) -> Any:
        if threshold > 0:
            values = a.data if self.issparse(a) else a
            values[np.abs(values) <= threshold] = 0
        if self.issparse(a):
            a.eliminate_zeros()
        return a

    def todense(self, a: Any) -> Any:
        return a.toarray() if self.issparse(a) else a

    def sparse_coo_data(self, a: Any) -> Any:
        made = scipy.sparse.coo_array(a)
        return made.row, made.col, made.data, made.shape

    def where(self, condition: Any, x: Any = None, y: Any = None) -> Any:
        return np.where(condition) if x is None and y is None else np.where(condition, x, y)

    def dtype_device(self, a: Any) -> Any:
        return getattr(a, "dtype", type(a)), "cpu"

    def assert_same_dtype_device(self, a: Any, b: Any) -> None:
        pass

    def unsqueeze(self, a: Any, axis: int) -> Any:
        return np.expand_dims(a, axis)

    def bitsize(self, type_as: Any) -> Any:
        return type_as.itemsize * 8

    def device_type(self, type_as: Any) -> str:
        return "CPU"

    def trace(self, a: Any) -> Any:
        return np.trace(a, axis1=-2, axis2=-1)

    def sqrtm(self, a: Any) -> Any:
        """The square root of symmetric positive matrices; what rounding makes negative counts as 0."""
        values, vectors = np.linalg.eigh(a)
        roots = np.sqrt(np.maximum(values, 0.0))
        return (vectors * roots[..., None, :]) @ np.swapaxes(vectors, -1, -2)

    def kl_div(self, p: Any, q: Any, mass: bool = False, eps: float = 1e-16, axis: Any = None) -> Any:
        value = np.sum(p * np.log(p / q + eps), axis=axis)
        return value + np.sum(q - p, axis=axis) if mass else value

    def is_floating_point(self, a: Any) -> bool:
        return bool(a.dtype.kind == "f")

    def sort2(self, a: Any, axis: int = -1) -> Any:
        return np.sort(a, axis), np.argsort(a, axis)

    def median(self, a: Any, axis: Any = None) -> Any:
        return np.median(a, axis=axis)

    def norm(self, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return np.linalg.norm(a, axis=axis, keepdims=keepdims)

    def prod(self, a: Any, axis: Any = 0) -> Any:
        return np.prod(a, axis=axis)

    def nan_to_num(self, x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
        return np.nan_to_num(x, copy=copy, nan=nan, posinf=posinf, neginf=neginf)


_SAME = """sum cumsum max min maximum minimum sign dot abs exp log sqrt power any isnan isinf einsum sort argsort flip outer clip real imag
conj arccos repeat take_along_axis concatenate argmax argmin mean std meshgrid diag unique stack reshape copy allclose squeeze isfinite
array_equal tile floor transpose matmul linalg.solve linalg.inv linalg.pinv linalg.eigh linalg.qr linalg.det linalg.slogdet""".split()
"""What numpy calls as POT does, with the same parameters in the same order."""


for _name in _SAME:
    setattr(NumpyBackend, _name.rsplit(".", maxsplit=1)[-1], passed_on(np, _name))
setattr(NumpyBackend, "atan2", passed_on(np, "arctan2"))  # noqa: B010


class JaxBackend(Backend):
    """Named for scripts that ask for it; no array is of this kind here."""


class TensorflowBackend(Backend):
    """Named for scripts that ask for it; no array is of this kind here."""


class CupyBackend(Backend):
    """Named for scripts that ask for it; no array is of this kind here."""


_made: dict[str, Any] = {}


def _numpy() -> Any:
    if "numpy" not in _made:
        _made["numpy"] = NumpyBackend()
    return _made["numpy"]


def _torch() -> Any:
    if "torch" not in _made:
        from earthwork.pot._torch_backend import TorchBackend

        _made["torch"] = TorchBackend()
    return _made["torch"]


def get_backend(*args: Any) -> Any:
    """The backend of some arrays; None is passed over. ValueError where they are of several kinds, or of no known one."""
    given = [one for one in args if one is not None]
    if not given:
        raise ValueError(" The function takes at least one (non-None) parameter")
    if all(isinstance(one, np.ndarray) or scipy.sparse.issparse(one) for one in given):
        return _numpy()
    torch = sys.modules.get("torch")
    if torch is not None and all(isinstance(one, torch.Tensor) for one in given):
        return _torch()
    kinds = [type(one) for one in given]
    raise ValueError(f"All array should be from the same type/backend. Current types are : {kinds}")


def get_available_backend_implementations() -> list[Any]:
    """The classes of the backends that can be used."""
    return [type(one) for one in get_backend_list()]


def get_backend_list() -> list[Any]:
    """The backends that can be used: numpy, and torch where it is installed."""
    return [_numpy(), *([_torch()] if importlib.util.find_spec("torch") is not None else [])]


def to_numpy(*args: Any) -> Any:
    """An array, or a list of them, as arrays of numpy."""
    made = [get_backend(one).to_numpy(one) for one in args]
    return made[0] if len(made) == 1 else made


def __getattr__(name: str) -> Any:
    # torch takes seconds to load: only where it is asked for.
    if name == "torch":
        return importlib.import_module("torch") if importlib.util.find_spec("torch") is not None else False
    if name == "TorchBackend":
        from earthwork.pot._torch_backend import TorchBackend

        return TorchBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
