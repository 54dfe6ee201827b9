"""Many problems of one size at once, under POT's names: costs (B, n, m), masses (B, n) and (B, m)."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork.pot import _entropic, _exact
from earthwork.pot._arrays import Like, balanced, checked, floats
from earthwork.pot._errors import InputError
from earthwork.pot._regular import relative_entropy
from earthwork.pot.backend import get_backend
from earthwork.pot.results import OTResult

__all__ = [
    "dist_batch",
    "dist_euclidean_batch",
    "dist_kl_batch",
    "dist_lp_batch",
    "loss_linear_batch",
    "loss_linear_samples_batch",
    "solve_batch",
    "solve_sample_batch",
]

METHODS = ("auto", "proximal", "log_sinkhorn", "sinkhorn")
GRADS = ("detach", "autodiff", "last_step", "envelope")


def dist_lp_batch(X: Any, Y: Any, p: float = 2, q: float = 1, nx: Any = None) -> Any:
    """‖x - y‖_p^q between points (B, n, d) and (B, m, d): (B, n, m)."""
    nx = nx or get_backend(X, Y)
    powers = nx.sum(nx.abs(X[:, :, None] - Y[:, None, :]) ** p, axis=-1)
    return powers if q == p else powers ** (q / p)


def dist_euclidean_batch(X: Any, Y: Any, squared: bool = True, nx: Any = None) -> Any:
    """Squared distances between points (B, n, d) and (B, m, d), or distances: (B, n, m)."""
    nx = nx or get_backend(X, Y)
    # About a centre, so that an offset of all points costs no digits.
    centre = nx.detach(nx.sum(X, axis=1, keepdims=True)) / X.shape[1]
    P, Q = X - centre, Y - centre
    crossed = nx.matmul(P, nx.transpose(Q, (0, 2, 1)))
    squares = nx.sum(P**2, axis=-1)[:, :, None] + nx.sum(Q**2, axis=-1)[:, None, :] - 2 * crossed
    squares = nx.maximum(squares, 0.0)
    if squared:
        return squares
    apart = squares > 0
    return nx.sqrt(nx.where(apart, squares, nx.ones(tuple(squares.shape), type_as=squares))) * apart


def dist_kl_batch(X: Any, Y: Any, logits_X: bool = False, nx: Any = None, eps: float = 1e-10) -> Any:
    """KL(y | x) between histograms (B, n, d) and (B, m, d), the first as logarithms with ``logits_X``: (B, n, m)."""
    nx = nx or get_backend(X, Y)
    logs = X if logits_X else nx.log(X + eps)
    entropies = nx.sum(Y * nx.log(Y + eps), axis=-1)
    return entropies[:, None, :] - nx.matmul(logs, nx.transpose(Y, (0, 2, 1)))


def dist_batch(X1: Any, X2: Any = None, metric: str = "sqeuclidean", p: float = 2, nx: Any = None) -> Any:
    """Costs between points (B, n, d) and (B, m, d): ``sqeuclidean``, ``euclidean``, ``minkowski`` or ``kl``."""
    other = X1 if X2 is None else X2
    name = metric.lower()
    if name in ("sqeuclidean", "euclidean"):
        return dist_euclidean_batch(X1, other, name == "sqeuclidean", nx)
    if name == "minkowski":
        return dist_lp_batch(X1, other, p, 1, nx)
    if name == "kl":
        return dist_kl_batch(X1, other, False, nx)
    raise ValueError(f"Unknown metric: {name}")


def loss_linear_batch(M: Any, T: Any, nx: Any = None) -> Any:
    """⟨M, T⟩ of each problem: (B,)."""
    nx = nx or get_backend(M, T)
    return nx.sum(M * T, axis=(1, 2))


def loss_linear_samples_batch(X: Any, Y: Any, T: Any, metric: str = "sqeuclidean") -> Any:
    """⟨M, T⟩ of each problem for costs between points: (B,)."""
    return loss_linear_batch(dist_batch(X, Y, metric=metric), T)


def _masses(name: str, given: Any, count: int, size: int) -> Any:
    if given is None:
        return np.full((count, size), 1.0 / size)
    found = floats(given)
    if found.shape != (count, size):
        raise InputError(f"{name}: it has shape {found.shape}, but {(count, size)} is needed")
    checked(name, found)
    return found


def solve_batch(
    M: Any,
    reg: Any = None,
    a: Any = None,
    b: Any = None,
    max_iter: int = 1000,
    tol: float = 1e-5,
    method: str = "auto",
    inner_iter: int = 1,
    inner_reg: float = 1e-3,
    reg_type: str = "entropy",
    grad: str = "envelope",
) -> OTResult:
    """Transport for costs M (B, n, m): entropic, or exact where ``reg`` is None or 0.

    POT's ``"proximal"`` comes near the exact plan; here it is the exact plan. Of tensors of torch, ``grad="envelope"`` differentiates
    values by costs, ``"autodiff"`` and ``"last_step"`` all of an entropic result by everything (by the implicit function theorem).

    >>> import numpy as np
    >>> import earthwork.pot as ot
    >>> ot.solve_batch(np.array([[[0.0, 1.0], [1.0, 0.0]]])).value
    array([0.])
    """
    if method not in METHODS:
        raise ValueError(f"Unknown method: {method}. Must be one of {list(METHODS)}.")
    if reg_type not in ("kl", "entropy"):
        raise ValueError(f"Unknown reg_type: {reg_type}. Must be one of ['kl', 'entropy'].")
    if grad not in GRADS:
        raise ValueError(f"Unknown grad: {grad}. Must be one of {list(GRADS)}.")
    weight = 0.0 if reg is None else float(reg)
    if method in ("sinkhorn", "log_sinkhorn") and not weight > 0:
        raise ValueError("Sinkhorn methods require a strictly positive reg parameter. Please provide a valid reg value.")
    nx = get_backend(a, b, M)
    if M.ndim != 3:
        raise InputError(f"M: it has {M.ndim} dimensions, but costs of shape (B, n, m) are needed")
    costs = floats(M)
    count, n, m = costs.shape
    first, second = _masses("a", a, count, n), _masses("b", b, count, m)
    like = Like(M, a, b)
    plans, us, vs, iterations, pulls = [], [], [], [], []
    for k in range(count):
        source, target = first[k], balanced(first[k], second[k], True, 1e-4)
        if weight > 0:
            end = _entropic.solve(source, target, costs[k], weight, max_iter, tol, True)
            plans.append(end.plan)
            logs = end.log_u, end.log_v
            us.append(np.exp(logs[0]) if method == "sinkhorn" else logs[0])
            vs.append(np.exp(logs[1]) if method == "sinkhorn" else logs[1])
            iterations.append(end.iterations)
            pulls.append(end.pull)
        else:
            found = _exact.solve_matrix(source, target, np.ascontiguousarray(costs[k]))
            plans.append(found.dense(n, m))
            us.append(found.u)
            vs.append(found.v)
            iterations.append(found.pivots)
    T = like.out(np.stack(plans))
    if weight > 0 and grad in ("autodiff", "last_step"):

        def pull(cotangent: Any) -> list[Any]:
            each = [back(one) for back, one in zip(pulls, cotangent, strict=True)]
            return [np.stack([one[i] for one in each]) for i in range(3)]

        T = like.implicit(np.stack(plans), (a, b, M), pull)
    held = nx.detach(M) if grad == "detach" else M
    linear = loss_linear_batch(held, T, nx)
    value = linear
    if weight > 0:
        a = like.out(first) if a is None else a
        b = like.out(second) if b is None else b
        references = [None if reg_type == "entropy" else a[k][:, None] * b[k][None, :] for k in range(count)]
        if grad in ("detach", "envelope"):
            references = [None if one is None else nx.detach(one) for one in references]
        value = linear + weight * nx.stack([relative_entropy(nx, T[k], references[k]) for k in range(count)])
    log = {"n_iter": max(iterations, default=0)}
    potentials = (like.out(np.stack(us)), like.out(np.stack(vs)))
    return OTResult(potentials, value, linear, plan=T, backend=nx, log=log)


def solve_sample_batch(
    X_a: Any,
    X_b: Any,
    reg: Any = None,
    a: Any = None,
    b: Any = None,
    metric: str = "sqeuclidean",
    p: float = 2,
    max_iter: int = 1000,
    tol: float = 1e-5,
    method: str = "auto",
    inner_iter: int = 1,
    inner_reg: float = 1e-3,
    reg_type: str = "entropy",
    grad: str = "envelope",
) -> OTResult:
    """:func:`solve_batch` for costs between points (B, n, d) and (B, m, d)."""
    M = dist_batch(X_a, X_b, metric=metric, p=p)
    return solve_batch(M, reg, a, b, max_iter, tol, method, inner_iter, inner_reg, reg_type, grad)
