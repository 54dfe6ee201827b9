"""What the backends of numpy and torch share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ["Backend", "passed_on"]

METHODS = """set_gradients zeros ones arange full eye sum cumsum max min maximum minimum sign dot abs exp log logsumexp sqrt power norm any
isnan isinf einsum sort argsort searchsorted flip outer clip real imag conj arccos repeat take_along_axis concatenate zero_pad argmax
argmin mean median std linspace meshgrid diag unique stack reshape seed rand randn randperm coo_matrix issparse tocsr eliminate_zeros
todense sparse_coo_data where copy allclose dtype_device assert_same_dtype_device squeeze unsqueeze bitsize device_type solve trace inv
pinv sqrtm eigh kl_div isfinite array_equal is_floating_point tile floor prod sort2 qr atan2 transpose matmul nan_to_num det
slogdet""".split()
"""What a backend can do, beside conversion and detaching."""


class Backend:
    """What both backends share. Its own methods raise NotImplementedError."""

    __name__: Any = None
    __type__: Any = None
    __type_list__: Any = None
    rng_: Any = None

    def __str__(self) -> str:
        return str(self.__name__)

    def to_numpy(self, *arrays: Any) -> Any:
        """An array, or a list of them, as arrays of numpy."""
        made = [self._to_numpy(one) for one in arrays]
        return made[0] if len(made) == 1 else made

    def from_numpy(self, *arrays: Any, type_as: Any = None) -> Any:
        """Arrays of numpy as this backend's, of the type and on the device of ``type_as``."""
        made = [self._from_numpy(one, type_as) for one in arrays]
        return made[0] if len(made) == 1 else made

    def detach(self, *arrays: Any) -> Any:
        """Arrays without their history of derivatives."""
        made = [self._detach(one) for one in arrays]
        return made[0] if len(made) == 1 else made

    def _to_numpy(self, a: Any) -> Any:
        raise NotImplementedError

    def _from_numpy(self, a: Any, type_as: Any = None) -> Any:
        raise NotImplementedError

    def _detach(self, a: Any) -> Any:
        raise NotImplementedError

    def _bench(self, callable: Callable[..., Any], *args: Any, n_runs: int = 1, warmup_runs: int = 1) -> dict[Any, float]:
        if self.__type_list__ is None:
            raise NotImplementedError
        found = {}
        for kind in self.__type_list__:
            nx: Any = self
            inputs = [self.from_numpy(one, type_as=kind) for one in args]
            for _ in range(warmup_runs):
                callable(*inputs)
            begun = time.perf_counter()
            for _ in range(n_runs):
                callable(*inputs)
            key = (self.__name__.capitalize(), nx.device_type(kind), nx.bitsize(kind))
            found[key] = (time.perf_counter() - begun) / n_runs
        return found


def _missing(name: str) -> Callable[..., Any]:
    def method(self: Backend, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    method.__name__ = name
    return method


for _name in METHODS:
    setattr(Backend, _name, _missing(_name))


def passed_on(library: Any, place: str) -> Callable[..., Any]:
    """The method that hands its arguments to a function of a library, named as ``linalg.inv`` is."""
    function = library
    for part in place.split("."):
        function = getattr(function, part)

    def method(self: Backend, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    method.__name__, method.__doc__ = place.rsplit(".", maxsplit=1)[-1], f"``{library.__name__}.{place}``."
    return method
