"""Weak transport under POT's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend
from earthwork.pot.optim import cg

__all__ = ["weak_optimal_transport"]


def weak_optimal_transport(
    Xa: Any, Xb: Any, a: Any = None, b: Any = None, verbose: bool = False, log: bool = False, G0: Any = None, **kwargs: Any
) -> Any:
    """The plan that moves each point least far from the mean of where its mass goes, by conditional gradient with exact plans."""
    nx = get_backend(Xa, Xb)
    X, Y = nx.to_numpy(Xa), nx.to_numpy(Xb)
    first = np.full(len(X), 1.0 / len(X)) if a is None else nx.to_numpy(a)
    second = np.full(len(Y), 1.0 / len(Y)) if b is None else nx.to_numpy(b)
    begun = np.outer(first, second) if G0 is None else nx.to_numpy(G0)

    def away(P: Any) -> Any:
        return X - (P @ Y) / first[:, None]

    def f(P: Any) -> float:
        return float(first @ (away(P) ** 2).sum(1))

    def df(P: Any) -> Any:
        return -2.0 * away(P) @ Y.T

    found = cg(first, second, 0, 1, f, df, begun, log=log, verbose=verbose, **kwargs)
    if not log:
        return nx.from_numpy(found, type_as=Xa)
    plan, told = found
    told["u"], told["v"] = nx.from_numpy(told["u"], type_as=Xa), nx.from_numpy(told["v"], type_as=Xb)
    return nx.from_numpy(plan, type_as=Xa), told
