"""Tensors of torch behind :mod:`earthwork.pot.backend`. Imported only where torch is in use."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from earthwork.pot._base_backend import Backend, passed_on

__all__ = ["TorchBackend"]


def kind(type_as: Any) -> dict[str, Any]:
    """The number type and device to make a tensor with."""
    return {} if type_as is None else {"dtype": type_as.dtype, "device": type_as.device}


def place(type_as: Any) -> dict[str, Any]:
    """The device to make a tensor on."""
    return {} if type_as is None else {"device": type_as.device}


class _Known(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    """A value whose derivatives are known."""

    @staticmethod
    def forward(ctx: Any, val: Any, grads: Any, *inputs: Any) -> Any:
        ctx.grads = grads
        return val.clone()

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        return None, None, *(grad * cotangents[0] for grad in ctx.grads)


class _Root(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    """The square root of symmetric positive matrices. Its derivative X solves S X + X S = G; it is 0 where S has none."""

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        values, vectors = torch.linalg.eigh(0.5 * (a + a.transpose(-2, -1)))
        roots = values.clamp_min(0).sqrt()
        ctx.save_for_backward(roots, vectors)
        return vectors * roots.unsqueeze(-2) @ vectors.transpose(-2, -1)

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
    def backward(ctx: Any, *cotangents: Any) -> Any:
        roots, vectors = ctx.saved_tensors
        cotangent = 0.5 * (cotangents[0] + cotangents[0].transpose(-2, -1))
        turned = vectors.transpose(-2, -1) @ cotangent @ vectors
        sums = roots.unsqueeze(-1) + roots.unsqueeze(-2)
        return vectors @ (turned / sums).masked_fill(sums == 0, 0) @ vectors.transpose(-2, -1)


class TorchBackend(Backend):
    """Tensors of torch."""

    __name__ = "torch"
    __type__ = torch.Tensor

    def __init__(self) -> None:
        self.rng_ = torch.Generator("cpu")
        self.rng_.seed()
        devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
        self.rng_cuda_ = torch.Generator(devices[-1])
        self.rng_cuda_.seed()
        types = (torch.float32, torch.float64)
        self.__type_list__ = [torch.tensor(1, dtype=one, device=device) for device in devices for one in types]

    def _to_numpy(self, a: Any) -> Any:
        if not isinstance(a, torch.Tensor):
            return np.array(a)
        return a.detach().cpu().resolve_conj().numpy()

    def _from_numpy(self, a: Any, type_as: Any = None) -> Any:
        return torch.as_tensor(np.asarray(a) if not isinstance(a, torch.Tensor) else a, **kind(type_as))

    def _detach(self, a: Any) -> Any:
        return a.detach()

    def set_gradients(self, val: Any, inputs: Any, grads: Any) -> Any:
        return _Known.apply(val, grads, *inputs)

    def zeros(self, shape: Any, type_as: Any = None) -> Any:
        return torch.zeros(shape, **kind(type_as))

    def ones(self, shape: Any, type_as: Any = None) -> Any:
        return torch.ones(shape, **kind(type_as))

    def arange(self, stop: Any, start: Any = 0, step: Any = 1, type_as: Any = None) -> Any:
        return torch.arange(start, stop, step, **place(type_as))

    def full(self, shape: Any, fill_value: Any, type_as: Any = None) -> Any:
        return torch.full((shape,) if isinstance(shape, int) else shape, fill_value, **kind(type_as))

    def eye(self, N: int, M: Any = None, type_as: Any = None) -> Any:
        return torch.eye(N, N if M is None else M, **kind(type_as))

    def sum(self, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return torch.sum(a) if axis is None else torch.sum(a, axis, keepdim=keepdims)

    def cumsum(self, a: Any, axis: Any = None) -> Any:
        return torch.cumsum(a.flatten(), 0) if axis is None else torch.cumsum(a, axis)

    def max(self, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return torch.max(a) if axis is None else torch.max(a, axis, keepdim=keepdims)[0]

    def min(self, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return torch.min(a) if axis is None else torch.min(a, axis, keepdim=keepdims)[0]

    def maximum(self, a: Any, b: Any) -> Any:
        return torch.maximum(*_both(a, b))

    def minimum(self, a: Any, b: Any) -> Any:
        return torch.minimum(*_both(a, b))

    def norm(self, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return torch.linalg.norm(a, dim=axis, keepdim=keepdims)

    def sort(self, a: Any, axis: int = -1) -> Any:
        return torch.sort(a, dim=axis)[0]

    def argsort(self, a: Any, axis: int = -1) -> Any:
        return torch.sort(a, dim=axis)[1]

    def searchsorted(self, a: Any, v: Any, side: str = "left") -> Any:
        return torch.searchsorted(a, v, right=side != "left")

    def flip(self, a: Any, axis: Any = None) -> Any:
        return torch.flip(a, tuple(range(a.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis)

    def clip(self, a: Any, a_min: Any = None, a_max: Any = None) -> Any:
        return torch.clamp(a, a_min, a_max)

    def repeat(self, a: Any, repeats: Any, axis: Any = None) -> Any:
        return torch.repeat_interleave(a, repeats, dim=axis)

    def take_along_axis(self, arr: Any, indices: Any, axis: int) -> Any:
        return torch.gather(arr, axis, indices)

    def concatenate(self, arrays: Any, axis: int = 0) -> Any:
        return torch.cat(tuple(arrays), dim=axis)

    def zero_pad(self, a: Any, pad_width: Any, value: float = 0) -> Any:
        return torch.nn.functional.pad(a, tuple(width for pair in pad_width[::-1] for width in pair), value=value)

    def argmax(self, a: Any, axis: Any = None) -> Any:
        return torch.argmax(a, dim=axis)

    def argmin(self, a: Any, axis: Any = None) -> Any:
        return torch.argmin(a, dim=axis)

    def mean(self, a: Any, axis: Any = None) -> Any:
        return torch.mean(a) if axis is None else torch.mean(a, dim=axis)

    def median(self, a: Any, axis: Any = None) -> Any:
        return torch.quantile(a, 0.5, dim=axis, interpolation="midpoint")

    def std(self, a: Any, axis: Any = None) -> Any:
        return torch.std(a, unbiased=False) if axis is None else torch.std(a, dim=axis, unbiased=False)

    def linspace(self, start: float, stop: float, num: int, type_as: Any = None) -> Any:
        return torch.linspace(start, stop, num, **kind(type_as))

    def meshgrid(self, a: Any, b: Any) -> Any:
        return torch.meshgrid(a, b, indexing="xy")

    def diag(self, a: Any, k: int = 0) -> Any:
        return torch.diag(a, diagonal=k)

    def unique(self, a: Any, return_inverse: bool = False) -> Any:
        return torch.unique(a, return_inverse=return_inverse)

    def logsumexp(self, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return torch.logsumexp(a, dim=tuple(range(a.ndim)) if axis is None else axis, keepdim=keepdims)

    def stack(self, arrays: Any, axis: int = 0) -> Any:
        return torch.stack(tuple(arrays), dim=axis)

    def seed(self, seed: Any = None) -> None:
        if seed is None:
            return
        if isinstance(seed, torch.Generator):
            on_gpu = seed.device.type == "cuda"
            self.rng_, self.rng_cuda_ = (self.rng_, seed) if on_gpu else (seed, self.rng_cuda_)
        elif isinstance(seed, (int, np.integer)):
            self.rng_.manual_seed(int(seed))
            self.rng_cuda_.manual_seed(int(seed))
        else:
            raise ValueError(f"Non compatible seed : {seed}")

    def _generator(self, type_as: Any) -> Any:
        return self.rng_ if type_as is None or self.device_type(type_as) == "CPU" else self.rng_cuda_

    def rand(self, *size: int, type_as: Any = None) -> Any:
        return torch.rand(size, generator=self._generator(type_as), **kind(type_as))

    def randn(self, *size: int, type_as: Any = None) -> Any:
        return torch.randn(size, generator=self._generator(type_as), **kind(type_as))

    def randperm(self, size: int, type_as: Any = None) -> Any:
        if not isinstance(size, int):
            raise ValueError("size must be an integer")
        return torch.randperm(size, generator=self._generator(type_as), **place(type_as))

    def coo_matrix(self, data: Any, rows: Any, cols: Any, shape: Any = None, type_as: Any = None) -> Any:
        return torch.sparse_coo_tensor(torch.stack([rows, cols]), data, size=shape, **kind(type_as))

    def issparse(self, a: Any) -> bool:
        return bool(getattr(a, "is_sparse", False) or getattr(a, "is_sparse_csr", False))

    def tocsr(self, a: Any) -> Any:
        return self.todense(a)

    def eliminate_zeros(self, a: Any, threshold: float = 0.0) -> Any:
        if not self.issparse(a):
            if threshold > 0:
                a[a.abs() <= threshold] = 0
            return a
        joined = a.coalesce()
        kept = joined.values().abs() > threshold
        rows, columns = joined.indices()[:, kept]
        return self.coo_matrix(joined.values()[kept], rows, columns, a.shape, a)

    def todense(self, a: Any) -> Any:
        return a.to_dense() if self.issparse(a) else a

    def sparse_coo_data(self, a: Any) -> Any:
        joined = a.coalesce()
        rows, columns = joined.indices()
        return *(self.to_numpy(one) for one in (rows, columns, joined.values())), tuple(joined.shape)

    def where(self, condition: Any, x: Any = None, y: Any = None) -> Any:
        return torch.where(condition) if x is None and y is None else torch.where(condition, x, y)

    def dtype_device(self, a: Any) -> Any:
        return a.dtype, a.device

    def assert_same_dtype_device(self, a: Any, b: Any) -> None:
        assert a.dtype == b.dtype, "Dtype discrepancy"
        assert a.device == b.device, f"Device discrepancy. First input is on {a.device}, whereas second input is on {b.device}"

    def squeeze(self, a: Any, axis: Any = None) -> Any:
        return torch.squeeze(a) if axis is None else torch.squeeze(a, dim=axis)

    def unsqueeze(self, a: Any, axis: int) -> Any:
        return torch.unsqueeze(a, dim=axis)

    def bitsize(self, type_as: Any) -> Any:
        return torch.finfo(type_as.dtype).bits

    def device_type(self, type_as: Any) -> str:
        return str(type_as.device.type.replace("cuda", "gpu").upper())

    def trace(self, a: Any) -> Any:
        return torch.diagonal(a, dim1=-2, dim2=-1).sum(-1)

    def sqrtm(self, a: Any) -> Any:
        return _Root.apply(a)

    def kl_div(self, p: Any, q: Any, mass: bool = False, eps: float = 1e-16, axis: Any = None) -> Any:
        value = torch.sum(p * torch.log(p / q + eps), dim=axis)
        return value + torch.sum(q - p, dim=axis) if mass else value

    def is_floating_point(self, a: Any) -> bool:
        return bool(a.dtype.is_floating_point)

    def tile(self, a: Any, reps: Any) -> Any:
        return a.repeat(reps)

    def prod(self, a: Any, axis: int = 0) -> Any:
        return torch.prod(a, dim=axis)

    def sort2(self, a: Any, axis: int = -1) -> Any:
        return torch.sort(a, dim=axis)

    def transpose(self, a: Any, axes: Any = None) -> Any:
        return a.permute(tuple(range(a.ndim)[::-1]) if axes is None else axes)

    def nan_to_num(self, x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
        return torch.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf, out=None if copy else x)


def _both(a: Any, b: Any) -> tuple[Any, Any]:
    """Two tensors of one type, of which one may be given as a number."""
    if isinstance(a, torch.Tensor):
        return a, torch.as_tensor(b, dtype=a.dtype, device=a.device)
    return torch.as_tensor(a, dtype=b.dtype, device=b.device), b


_SAME = {
    **{name: name for name in "sign abs exp log sqrt any isnan isinf einsum outer real imag conj isfinite floor matmul atan2".split()},
    **{name: f"linalg.{name}" for name in "solve inv pinv eigh qr det slogdet".split()},
    **{"dot": "matmul", "power": "pow", "arccos": "acos", "copy": "clone", "array_equal": "equal"},
    **{name: name for name in "reshape allclose".split()},
}
"""What torch calls with the same parameters in the same order."""


for _name, _place in _SAME.items():
    setattr(TorchBackend, _name, passed_on(torch, _place))
