"""Calls that POT answers faster than we do: few and quick sweeps, where its products of matrices are hard to beat.

Under the accelerator they go to POT. The limits are measured: one core, squared distances of normal points, 5 to 1,000 a side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["pays_not"]

Judge = Callable[[tuple[Any, ...], dict[str, Any]], "str | None"]

FASTER = "POT is faster: few sweeps at so large a regularization"
SHORT = "POT is faster: so few points on a line"


def _argument(args: tuple[Any, ...], kwargs: dict[str, Any], at: int, name: str, default: Any = None) -> Any:
    return args[at] if len(args) > at else kwargs.get(name, default)


def _blur(M: Any, reg: Any) -> float:
    """reg as a part of the range of the costs; 0 for what is not a plain problem."""
    if type(M) is not np.ndarray or M.ndim != 2 or M.size == 0 or not isinstance(reg, (int, float)):
        return 0.0
    extent = float(M.max() - M.min())
    return reg / extent if 0.0 < extent < np.inf else 0.0


def _sinkhorn(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Many targets at once are one product for POT; one target pays from some size on."""
    if _argument(args, kwargs, 4, "method", "sinkhorn") not in ("sinkhorn", "sinkhorn_knopp"):
        return None
    b, M = (_argument(args, kwargs, at, name) for at, name in ((1, "b"), (2, "M")))
    if type(b) is not np.ndarray or type(M) is not np.ndarray:
        return None
    many = b.ndim == 2 and b.shape[1] > 1
    if not many and M.size < 10_000:
        return None
    return FASTER if _blur(M, _argument(args, kwargs, 3, "reg")) >= (0.01 if many else 0.05) else None


def _unbalanced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    if _argument(args, kwargs, 5, "method", "sinkhorn") not in ("sinkhorn", "sinkhorn_knopp"):
        return None
    return FASTER if _blur(_argument(args, kwargs, 2, "M"), _argument(args, kwargs, 3, "reg")) >= 0.3 else None


def _line(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    x, y = _argument(args, kwargs, 0, "x_a"), _argument(args, kwargs, 1, "x_b")
    return SHORT if type(x) is type(y) is np.ndarray and x.size + y.size < MOST_SHORT else None


MOST_SHORT = 1000

JUDGES: dict[str, Judge] = {
    "ot.bregman._sinkhorn.sinkhorn": _sinkhorn,
    "ot.bregman._sinkhorn.sinkhorn2": _sinkhorn,
    "ot.unbalanced._sinkhorn.sinkhorn_unbalanced": _unbalanced,
    "ot.unbalanced._sinkhorn.sinkhorn_unbalanced2": _unbalanced,
    "ot.lp.solver_1d.emd2_1d": _line,
}


def pays_not(name: str) -> Judge | None:
    """What says of a call of POT's function why it is left to POT; None where no call is."""
    return JUDGES.get(name)
