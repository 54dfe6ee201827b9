"""Entropic transport by its semi-dual and dual under POT's names.

Where POT takes many small random steps, these functions return what the steps tend to: the optimum, from our solver. Numbers of steps, rates,
batches and seeds are accepted and do not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork._inputs import Floats
from earthwork.pot import _entropic
from earthwork.pot._arrays import balanced, floats, weights_of
from earthwork.pot.backend import get_backend
from earthwork.pot.utils import dist

__all__ = [
    "averaged_sgd_entropic_transport",
    "batch_grad_dual",
    "c_transform_entropic",
    "coordinate_grad_semi_dual",
    "loss_dual_entropic",
    "loss_dual_quadratic",
    "plan_dual_entropic",
    "plan_dual_quadratic",
    "sag_entropic_transport",
    "sgd_entropic_regularization",
    "solve_dual_entropic",
    "solve_semi_dual_entropic",
]


def coordinate_grad_semi_dual(b: Any, M: Any, reg: float, beta: Any, i: int) -> Any:
    """The gradient of the semi-dual's term i: ``b`` less the softmax of row i."""
    logs = (beta - M[i, :]) / reg
    powers = np.exp(logs - logs.max()) * b
    return b - powers / powers.sum()


def c_transform_entropic(b: Any, M: Any, reg: float, beta: Any) -> Any:
    """The best potential of the rows for one of the columns: a soft minimum of M - β."""
    rest = floats(M) - floats(beta)
    least = rest.min(axis=1, keepdims=True)
    return least[:, 0] - reg * np.log(np.exp((least - rest) / reg) @ floats(b))


def batch_grad_dual(
    a: Any, b: Any, M: Any, reg: float, alpha: Any, beta: Any, batch_size: int, batch_alpha: Any, batch_beta: Any
) -> tuple[Any, Any]:
    """Gradients of the dual by the potentials of a batch; 0 for all others."""
    n, m = np.shape(M)
    G = np.exp((alpha[batch_alpha, None] + beta[None, batch_beta] - M[batch_alpha, :][:, batch_beta]) / reg)
    G = G * a[batch_alpha, None] * b[None, batch_beta]
    by_alpha, by_beta = np.zeros(n), np.zeros(m)
    by_alpha[batch_alpha] = a[batch_alpha] * len(batch_beta) / m - G.sum(1)
    by_beta[batch_beta] = b[batch_beta] * len(batch_alpha) / n - G.sum(0)
    return by_alpha, by_beta


def _potential(a: Any, b: Any, M: Any, reg: float) -> tuple[Floats, Floats, Floats]:
    """The potential of the columns at the optimum, whose sum is 0 as that of POT's steps, with the masses made ready."""
    C = floats(M)
    first = weights_of("a", a, C.shape[0])
    second = balanced(first, weights_of("b", b, C.shape[1]))
    found = _entropic.solve(first, second, C, float(reg), 100_000, 1e-10, True)
    # Of columns without mass, too.
    rows = reg * found.log_u
    top = (rows[:, None] - C).max(axis=0)
    beta = -(top + reg * np.log(np.exp((rows[:, None] - C - top) / reg).sum(axis=0)))
    return beta - beta.mean(), first, second


def sag_entropic_transport(
    a: Any, b: Any, M: Any, reg: float, numItermax: int = 10000, lr: float | None = None, random_state: Any = None
) -> Any:
    """The potential of the columns that maximizes the semi-dual."""
    return _potential(a, b, M, reg)[0]


def averaged_sgd_entropic_transport(
    a: Any, b: Any, M: Any, reg: float, numItermax: int = 300000, lr: float | None = None, random_state: Any = None
) -> Any:
    """The potential of the columns that maximizes the semi-dual."""
    return _potential(a, b, M, reg)[0]


def sgd_entropic_regularization(
    a: Any, b: Any, M: Any, reg: float, batch_size: int, numItermax: int, lr: float, random_state: Any = None
) -> tuple[Any, Any]:
    """Both potentials that maximize the dual."""
    beta, _, second = _potential(a, b, M, reg)
    return c_transform_entropic(second, M, reg, beta), beta


def _solved(a: Any, b: Any, M: Any, reg: float, log: bool) -> Any:
    beta, first, second = _potential(a, b, M, reg)
    alpha = c_transform_entropic(second, M, reg, beta)
    plan = np.exp((alpha[:, None] + beta[None, :] - floats(M)) / reg) * first[:, None] * second[None, :]
    return (plan, {"alpha": alpha, "beta": beta}) if log else plan


def solve_semi_dual_entropic(
    a: Any, b: Any, M: Any, reg: float, method: str, numItermax: int = 10000, lr: float | None = None, log: bool = False
) -> Any:
    """The entropic plan from the semi-dual; ``method`` is SAG or ASGD, and both are solved alike."""
    if method.lower() not in ("sag", "asgd"):
        print("Please, select your method between SAG and ASGD")
        return None
    return _solved(a, b, M, reg, log)


def solve_dual_entropic(
    a: Any, b: Any, M: Any, reg: float, batch_size: int, numItermax: int = 10000, lr: float = 1, log: bool = False
) -> Any:
    """The entropic plan from the dual."""
    return _solved(a, b, M, reg, log)


def _dual(u: Any, v: Any, xs: Any, xt: Any, ws: Any, wt: Any, metric: Any) -> tuple[Any, Any, Any, Any]:
    """The backend, the slacks u + v - M and the weights."""
    nx = get_backend(u, v, xs, xt)
    ws = nx.ones((xs.shape[0],), type_as=xs) / xs.shape[0] if ws is None else ws
    wt = nx.ones((xt.shape[0],), type_as=xt) / xt.shape[0] if wt is None else wt
    M = metric(xs, xt) if callable(metric) else dist(xs, xt, metric=metric)
    return nx, u[:, None] + v[None, :] - M, ws, wt


def loss_dual_entropic(
    u: Any, v: Any, xs: Any, xt: Any, reg: float = 1, ws: Any = None, wt: Any = None, metric: Any = "sqeuclidean"
) -> Any:
    """The dual of entropic transport at two potentials, to be maximized."""
    nx, slack, ws, wt = _dual(u, v, xs, xt, ws, wt, metric)
    return nx.sum(u * ws) + nx.sum(v * wt) - reg * nx.sum(ws[:, None] * nx.exp(slack / reg) * wt[None, :])


def plan_dual_entropic(
    u: Any, v: Any, xs: Any, xt: Any, reg: float = 1, ws: Any = None, wt: Any = None, metric: Any = "sqeuclidean"
) -> Any:
    """The plan of two potentials of entropic transport."""
    nx, slack, ws, wt = _dual(u, v, xs, xt, ws, wt, metric)
    return ws[:, None] * nx.exp(slack / reg) * wt[None, :]


def loss_dual_quadratic(
    u: Any, v: Any, xs: Any, xt: Any, reg: float = 1, ws: Any = None, wt: Any = None, metric: Any = "sqeuclidean"
) -> Any:
    """The dual of transport with squares of the plan at two potentials, to be maximized."""
    nx, slack, ws, wt = _dual(u, v, xs, xt, ws, wt, metric)
    priced = nx.sum(ws[:, None] * nx.clip(slack, 0.0, None) ** 2 * wt[None, :]) / (4 * reg)
    return nx.sum(u * ws) + nx.sum(v * wt) - priced


def plan_dual_quadratic(
    u: Any, v: Any, xs: Any, xt: Any, reg: float = 1, ws: Any = None, wt: Any = None, metric: Any = "sqeuclidean"
) -> Any:
    """The plan of two potentials of transport with squares of the plan."""
    nx, slack, ws, wt = _dual(u, v, xs, xt, ws, wt, metric)
    return ws[:, None] * (nx.clip(slack, 0.0, None) / (2 * reg)) * wt[None, :]
