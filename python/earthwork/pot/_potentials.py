"""Dual potentials of exact transport."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork._inputs import Floats
from earthwork.pot._arrays import Like, numpy_of

__all__ = ["center_ot_dual", "centred", "estimate_dual_null_weights"]


def centred(u: Floats, v: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """u and v shifted against each other so that both sides hold half of the value: Σ a u = Σ b v."""
    shift = ((b * v).sum(0) - (a * u).sum(0)) / (a.sum(0) + b.sum(0))
    return u + shift, v - shift


def _shaped(weights: Any, potential: Floats) -> Floats:
    if weights is None:
        return np.full(potential.shape, 1.0 / potential.shape[0])
    found = np.asarray(numpy_of(weights), dtype=np.float64)
    return found if found.ndim == potential.ndim else np.broadcast_to(found[:, None], potential.shape)


def center_ot_dual(alpha0: Any, beta0: Any, a: Any = None, b: Any = None) -> Any:
    """Potentials shifted so that Σ a α = Σ b β; of shape (n,) and (m,), or (n, k) and (m, k) for k pairs."""
    like = Like(alpha0, beta0)
    u, v = np.asarray(numpy_of(alpha0), dtype=np.float64), np.asarray(numpy_of(beta0), dtype=np.float64)
    alpha, beta = centred(u, v, _shaped(a, u), _shaped(b, v))
    return like.out(alpha), like.out(beta)


def estimate_dual_null_weights(alpha0: Any, beta0: Any, a: Any, b: Any, M: Any) -> Any:
    """Potentials of points without mass lowered until they are feasible, then centred."""
    like = Like(alpha0, beta0)
    u, v, C = (np.array(numpy_of(one), dtype=np.float64) for one in (alpha0, beta0, M))
    first, second = np.asarray(numpy_of(a)), np.asarray(numpy_of(b))
    u[first == 0] = np.minimum(u[first == 0], (C - v)[first == 0].min(axis=1))
    v[second == 0] = np.minimum(v[second == 0], (C - u[:, None])[:, second == 0].min(axis=0))
    alpha, beta = centred(u, v, first, second)
    return like.out(alpha), like.out(beta)
