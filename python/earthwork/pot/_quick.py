"""POT imported without what it would only perhaps need: torch and scikit-learn, which take most of the seconds of ``import ot``.

Both are imported as soon as the script, or POT, asks for them; torch is then made known to POT's backend. Only
``python -m earthwork.pot`` imports POT in this way, for there the whole process is ours.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["import_pot"]


def _later(name: str) -> Callable[..., Any]:
    """A class of ``sklearn.cluster`` that is imported when it is first called."""

    def made(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module("sklearn.cluster"), name)(*args, **kwargs)

    return made


def _stand_ins() -> dict[str, Any]:
    """What stands in ``sys.modules`` while POT is imported."""
    found: dict[str, Any] = {}
    if "sklearn" not in sys.modules and importlib.util.find_spec("sklearn") is not None:
        package: Any = types.ModuleType("sklearn")
        cluster: Any = types.ModuleType("sklearn.cluster")
        cluster.KMeans, cluster.SpectralClustering = _later("KMeans"), _later("SpectralClustering")
        package.cluster = cluster
        found |= {"sklearn": package, "sklearn.cluster": cluster}
    disabled = os.environ.get("POT_BACKEND_DISABLE_PYTORCH", False)
    if "torch" not in sys.modules and not disabled and importlib.util.find_spec("torch") is not None:
        found |= {"torch": None, "geomloss": None}  # to import what is None is an ImportError
    return found


class _Watch(importlib.abc.MetaPathFinder):
    """Makes torch known to POT once it is imported."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The usual spec of torch, whose loader tells POT at its end."""
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("torch")
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                load(module)
                _introduce(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _introduce(torch: Any) -> None:
    """What POT's modules would have done, had torch been there when they were imported."""
    backend = importlib.import_module("ot.backend")
    backend.torch, backend.torch_type = torch, torch.Tensor  # type: ignore[attr-defined]
    backend.TorchBackend.__type__ = torch.Tensor
    known = backend._BACKEND_IMPLEMENTATIONS
    before = [one for one in known if one.__name__ in ("NumpyBackend", "JaxBackend")]
    known.insert(len(before), backend.TorchBackend)
    if importlib.util.find_spec("geomloss") is not None:
        room: Any = importlib.import_module("ot.bregman._geomloss")
        room.torch = torch
        try:
            room.geomloss = importlib.import_module("geomloss")
        except ImportError:
            return
        room.SamplesLoss, room.grad = room.geomloss.SamplesLoss, torch.autograd.grad
        utils: Any = importlib.import_module("ot.utils")
        room.get_backend, room.LazyTensor, room.dist = utils.get_backend, utils.LazyTensor, utils.dist
        old = room.geomloss.__version__ < "0.3.1"
        linear: Any = importlib.import_module("ot.solvers._linear")
        room.old_geomloss = linear.old_geomloss = old


def import_pot() -> None:
    """Imports POT, as quickly as it can be had."""
    if "ot" in sys.modules:
        return
    stand_ins = _stand_ins()
    sys.modules.update(stand_ins)
    try:
        backend: Any = importlib.import_module("ot.backend")
        importlib.import_module("ot")
    finally:
        for name in stand_ins:
            sys.modules.pop(name, None)
    if "torch" not in stand_ins:
        return
    sys.meta_path.insert(0, _Watch())
    listed = backend.get_available_backend_implementations

    def get_available_backend_implementations() -> Any:
        """All backends of POT, torch's too."""
        importlib.import_module("torch")
        return listed()

    backend.get_available_backend_implementations = get_available_backend_implementations
