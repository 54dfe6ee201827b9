"""Transport from a density that can be sampled to points, under POT's names: stochastic ascent of the semi-dual."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend
from earthwork.pot.utils import dist

__all__ = ["semidiscrete_atom_weights", "semidiscrete_c_transform", "semidiscrete_ot_map", "solve_semidiscrete"]

SAMPLERS = "'unif', 'unif_cube', 'ball', 'unif_ball', 'normal'"


def _costs(metric: Any) -> Callable[[Any, Any], Any]:
    if callable(metric):
        return metric  # type: ignore[no-any-return]
    name = "sqeuclidean" if metric is None else metric
    return lambda x, y: dist(x, y, metric=name)


def _log_weights(nx: Any, X_target: Any, a_target: Any) -> tuple[Any, Any]:
    m = X_target.shape[0]
    weights = nx.full((m,), 1.0 / m, type_as=X_target) if a_target is None else a_target
    return weights, nx.log(weights)


def _sampler(given: Any, X: Any, nx: Any) -> Callable[[int], Any]:
    if callable(given):
        return given  # type: ignore[no-any-return]
    d = X.shape[1]
    if given in ("unif", "unif_cube"):
        return lambda n: nx.rand(n, d, type_as=X)
    if given == "normal":
        return lambda n: nx.randn(n, d, type_as=X)
    if given in ("ball", "unif_ball"):

        def ball(n: int) -> Any:
            z = nx.randn(n, d, type_as=X)
            radii = nx.rand(n, 1, type_as=X) ** (1.0 / d)
            return radii * z / nx.sqrt(nx.sum(z**2, axis=1))[:, None]

        return ball
    raise ValueError(f"Unknown sampler_source {given!r}. Expected a callable or one of {SAMPLERS}.")


def _shares(nx: Any, score: Any, reg: float, log_b: Any) -> Any:
    """What part of each row goes to each atom: a softmax, or all of it to the best."""
    if reg > 0:
        logs = score / reg + log_b[None, :]
        return nx.exp(logs - nx.logsumexp(logs, axis=1)[:, None])
    best = nx.to_numpy(nx.argmax(score, axis=1))
    chosen = np.zeros(tuple(score.shape))
    chosen[np.arange(len(best)), best] = 1.0
    return nx.from_numpy(chosen, type_as=score)


def semidiscrete_atom_weights(
    X_target: Any, X_source: Any, semi_dual_potential: Any, a_target: Any = None, metric: Any = None, reg: float = 0.0
) -> Any:
    """What part of each source point goes to each atom, of shape (n, m): all of it to one where ``reg`` is 0."""
    nx = get_backend(X_target)
    _, log_b = _log_weights(nx, X_target, a_target)
    return _shares(nx, semi_dual_potential[None, :] - _costs(metric)(X_source, X_target), reg, log_b)


def semidiscrete_ot_map(
    X_target: Any, X_source: Any, semi_dual_potential: Any, a_target: Any = None, metric: Any = None, reg: float = 0.0
) -> Any:
    """Where each source point goes: to its atom, or to the mean of its atoms where ``reg`` is positive."""
    return semidiscrete_atom_weights(X_target, X_source, semi_dual_potential, a_target, metric, reg) @ X_target


def semidiscrete_c_transform(
    X_target: Any, X_source: Any, semi_dual_potential: Any, a_target: Any = None, metric: Any = None, reg: float = 0.0
) -> Any:
    """min_j c(x, y_j) - g_j at each source point, softened where ``reg`` is positive."""
    nx = get_backend(X_target)
    _, log_b = _log_weights(nx, X_target, a_target)
    score = semi_dual_potential[None, :] - _costs(metric)(X_source, X_target)
    if reg == 0:
        return -nx.max(score, axis=1)
    return -reg * nx.logsumexp(score / reg + log_b[None, :], axis=1)


def solve_semidiscrete(
    X_target: Any,
    sampler_source: Any = "unif",
    a_target: Any = None,
    metric: Any = None,
    reg: float = 0.0,
    max_iter: int = 10_000,
    batch_size: int = 32,
    lr0: float | None = None,
    lr_exponent: float = 2.0 / 3.0,
    init_potential: Any = None,
    decreasing_reg: bool = True,
    decreasing_reg_initial_eps: float = 0.1,
    decreasing_reg_exponent: float = 0.5,
    max_cost: float | None = None,
    polyak_average: bool = True,
    log: bool = False,
) -> Any:
    """The semi-dual potential of the atoms, by averaged stochastic gradients whose regularization falls to ``reg``."""
    nx = get_backend(X_target)
    m = X_target.shape[0]
    weights, log_b = _log_weights(nx, X_target, a_target)
    costs, draw = _costs(metric), _sampler(sampler_source, X_target, nx)
    zero = nx.zeros((m,), type_as=X_target)
    g = zero if init_potential is None else init_potential + zero
    rate = math.sqrt(m * batch_size) if lr0 is None else lr0
    mean = zero
    for t in range(1, max_iter + 1):
        blur = max(reg, decreasing_reg_initial_eps / t**decreasing_reg_exponent) if decreasing_reg else reg
        score = g[None, :] - costs(draw(batch_size), X_target)
        g = g - rate / t**lr_exponent * (nx.mean(_shares(nx, score, blur, log_b), axis=0) - weights)
        if max_cost is not None:
            g = nx.clip(g, -max_cost, max_cost)
        mean = mean + (g - mean) / t
    found = mean if polyak_average else g
    if not log:
        return found
    told = {"max_iter": max_iter, "batch_size": batch_size, "max_cost": max_cost, "polyak_average": polyak_average}
    return found, told | {"last_potential": g}
