"""Entropic barycenters on a fixed support and on images, by iterated Bregman projections.

Benamou, Carlier, Cuturi, Nenna, Peyré, "Iterative Bregman projections for regularized transportation problems", SIAM J. Sci.
Comput. 37 (2015); the debiased ones: Janati, Cuturi, Gramfort, "Debiased Sinkhorn barycenters", ICML 2020. Where a kernel underflows
the same steps are taken with logarithms.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from earthwork._inputs import Floats
from earthwork.pot._arrays import Like, checked, floats, numpy_of
from earthwork.pot._entropic import NOT_CONVERGED
from earthwork.pot._errors import InputError, NotServed

__all__ = [
    "barycenter",
    "barycenter_debiased",
    "barycenter_sinkhorn",
    "barycenter_stabilized",
    "convolutional_barycenter2d",
    "convolutional_barycenter2d_debiased",
]

Apply = Callable[[Floats], Floats]


class Kernel(NamedTuple):
    """exp(-C / ε) and its transpose applied to (n, k) arrays, and the same on logarithms."""

    times: Apply
    transposed: Apply
    log_times: Apply
    log_transposed: Apply
    support: int


def of_matrix(C: Floats, reg: float) -> Kernel:
    """The kernel of a matrix of costs (rows: the given masses, columns: the barycenter)."""
    logs = -C / reg
    K = np.exp(logs)

    def log_times(v: Floats) -> Floats:
        return np.stack([logsumexp(logs + v[None, :, k], axis=1) for k in range(v.shape[1])], axis=1)

    def log_transposed(u: Floats) -> Floats:
        return np.stack([logsumexp(logs + u[:, k, None], axis=0) for k in range(u.shape[1])], axis=1)

    return Kernel(lambda v: K @ v, lambda u: K.T @ u, log_times, log_transposed, C.shape[1])


def of_images(shape: tuple[int, int], reg: float) -> Kernel:
    """The kernel of squared distances on a grid over the unit square: two small matrices."""
    logs = [-((np.linspace(0, 1, size)[:, None] - np.linspace(0, 1, size)[None, :]) ** 2) / reg for size in shape]
    first, second = (np.exp(one) for one in logs)

    def times(v: Floats) -> Floats:
        images = v.reshape(*shape, -1)
        spread = np.tensordot(first, images, axes=(1, 0))
        found: Floats = np.tensordot(spread, second, axes=(1, 1)).transpose(0, 2, 1).reshape(v.shape)
        return found

    def log_times(v: Floats) -> Floats:
        images = v.reshape(*shape, -1)
        spread = logsumexp(logs[0][:, :, None, None] + images[None], axis=1)
        found: Floats = logsumexp(logs[1][None, :, :, None] + spread[:, None], axis=2).reshape(v.shape)
        return found

    return Kernel(times, times, log_times, log_times, shape[0] * shape[1])


class End(NamedTuple):
    """A barycenter and how it was reached."""

    masses: Floats
    errors: list[float]
    steps: int
    converged: bool
    log_u: Floats
    log_v: Floats


def solve(kernel: Kernel, A: Floats, shares: Floats, debias: int, limit: int, stop: float) -> End:
    """The barycenter of the columns of A; ``debias`` is how often the debiasing weights are updated in a step."""
    with np.errstate(all="ignore"):
        end = _scaled(kernel, A, shares, debias, limit, stop)
    return end if end is not None else _logarithmic(kernel, A, shares, debias, limit, stop)


def _checked_at(step: int) -> bool:
    return step % 10 == 9 or step == 1


def _scaled(kernel: Kernel, A: Floats, shares: Floats, debias: int, limit: int, stop: float) -> End | None:
    """With scalings; None where they leave the range of doubles."""
    v = np.ones((kernel.support, A.shape[1]))
    c = np.ones((kernel.support, 1))
    bar = c[:, 0] / len(c)
    errors: list[float] = []
    converged = False
    step = 0
    for step in range(limit):
        u = A / kernel.times(v)
        reached = kernel.transposed(u)
        before, bar = bar, np.exp(np.log(reached) @ shares)
        if debias:
            bar = bar * c[:, 0]
            for _ in range(debias):
                c = np.sqrt(c * bar[:, None] / kernel.times(c))
        if _checked_at(step) or step == limit - 1:
            error = np.abs(bar - before).max() / max(bar.max(), 1.0) if debias else (v * reached).std(axis=1).sum()
            if not np.isfinite(error) or not np.isfinite(u).all() or not reached.min() > 0:
                return None
            errors.append(float(error))
            converged = error < stop and (not debias or step > 20)
        v = bar[:, None] / reached
        if converged:
            break
    with np.errstate(divide="ignore"):
        return End(bar, errors, step, converged, np.log(u), np.log(v)) if np.isfinite(bar).all() else None


def _logarithmic(kernel: Kernel, A: Floats, shares: Floats, debias: int, limit: int, stop: float) -> End:
    with np.errstate(divide="ignore"):
        log_a = np.log(A)
    v = np.zeros((kernel.support, A.shape[1]))
    c = np.zeros((kernel.support, 1))
    bar = np.full(kernel.support, -np.log(kernel.support))
    errors: list[float] = []
    converged = False
    step = 0
    for step in range(limit):
        u = log_a - kernel.log_times(v)
        reached = kernel.log_transposed(u)
        before, bar = bar, reached @ shares
        if debias:
            bar = bar + c[:, 0]
            for _ in range(debias):
                c = 0.5 * (c + bar[:, None] - kernel.log_times(c))
        if _checked_at(step) or step == limit - 1:
            now = np.exp(bar)
            error = np.abs(now - np.exp(before)).max() / max(now.max(), 1.0)
            error = error if debias else np.exp(v + reached).std(axis=1).sum()
            errors.append(float(error))
            converged = error < stop and (not debias or step > 20)
        v = bar[:, None] - reached
        if converged:
            break
    return End(np.exp(bar), errors, step, converged, u, v)


def _shares(weights: Any, k: int) -> Floats:
    if weights is None:
        return np.full(k, 1.0 / k)
    if len(weights) != k:
        raise InputError(f"weights: there are {len(weights)} for {k} histograms")
    return np.asarray(numpy_of(weights), dtype=np.float64)


def _ended(end: End, warn: bool, verbose: bool) -> None:
    if verbose:
        print("{:5s}|{:12s}".format("It.", "Err") + "\n" + "-" * 19)
        print(f"{end.steps:5d}|{end.errors[-1] if end.errors else np.inf:8e}|")
    if warn and not end.converged:
        warnings.warn(NOT_CONVERGED, stacklevel=4)


def _of_columns(
    A: Any, M: Any, reg: Any, weights: Any, limit: int, stop: float, verbose: bool, log: bool, warn: bool, debias: bool, scalings: bool
) -> Any:
    like = Like(A, M, weights)
    if like.differentiable:
        raise NotServed("gradients of barycenters")
    masses, costs = floats(A), floats(M)
    if masses.ndim != 2 or costs.ndim != 2 or costs.shape[0] != masses.shape[0]:
        raise InputError(f"A and M: they have shapes {masses.shape} and {costs.shape}; (n, k) and (n, n) are needed")
    checked("A", masses)
    end = solve(of_matrix(costs, float(reg)), masses, _shares(weights, masses.shape[1]), int(debias), int(limit), stop)
    _ended(end, warn, verbose)
    found = like.out(end.masses)
    if not log:
        return found
    told: dict[str, Any] = {"err": [like.out(error) for error in end.errors], "niter": end.steps}
    return found, told | ({"logu": like.out(end.log_u), "logv": like.out(end.log_v)} if scalings else {})


def barycenter(
    A: Any,
    M: Any,
    reg: Any,
    weights: Any = None,
    method: str = "sinkhorn",
    numItermax: int = 10000,
    stopThr: float = 1e-4,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """The entropic barycenter of the columns of A (n, k) for costs M (n, n).

    >>> import numpy as np
    >>> import earthwork.pot as ot
    >>> A = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    >>> int(ot.barycenter(A, ot.utils.dist0(3), 0.5).argmax())
    1
    """
    if method.lower() not in ("sinkhorn", "sinkhorn_stabilized", "sinkhorn_log"):
        raise ValueError(f"Unknown method '{method}'.")
    scalings = method.lower() == "sinkhorn_stabilized"
    return _of_columns(A, M, reg, weights, numItermax, stopThr, verbose, log, warn, False, scalings)


def barycenter_sinkhorn(
    A: Any,
    M: Any,
    reg: Any,
    weights: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-4,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
) -> Any:
    """The entropic barycenter of the columns of A; log keys err, niter."""
    return _of_columns(A, M, reg, weights, numItermax, stopThr, verbose, log, warn, False, False)


def barycenter_stabilized(
    A: Any,
    M: Any,
    reg: Any,
    tau: float = 1e10,
    weights: Any = None,
    numItermax: int = 1000,
    stopThr: float = 1e-4,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
) -> Any:
    """The entropic barycenter of the columns of A; log keys err, niter, logu, logv."""
    return _of_columns(A, M, reg, weights, numItermax, stopThr, verbose, log, warn, False, True)


def barycenter_debiased(
    A: Any,
    M: Any,
    reg: Any,
    weights: Any = None,
    method: str = "sinkhorn",
    numItermax: int = 10000,
    stopThr: float = 1e-4,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """The barycenter for the Sinkhorn divergence: not blurred by ε."""
    if method.lower() not in ("sinkhorn", "sinkhorn_log"):
        raise ValueError(f"Unknown method '{method}'.")
    return _of_columns(A, M, reg, weights, numItermax, stopThr, verbose, log, warn, True, False)


def _of_images(
    A: Any, reg: Any, weights: Any, method: str, limit: int, stop: float, verbose: bool, log: bool, warn: bool, debias: int
) -> Any:
    if method.lower() not in ("sinkhorn", "sinkhorn_log"):
        raise ValueError(f"Unknown method '{method}'.")
    like = Like(A, weights)
    if like.differentiable:
        raise NotServed("gradients of barycenters")
    images = np.asarray(numpy_of(A), dtype=np.float64)
    if images.ndim != 3:
        raise InputError(f"A: it has {images.ndim} dimensions, but images of shape (k, width, height) are needed")
    k, width, height = images.shape
    checked("A", images)
    columns = np.ascontiguousarray(images.reshape(k, -1).T)
    end = solve(of_images((width, height), float(reg)), columns, _shares(weights, k), debias, int(limit), stop)
    _ended(end, warn, verbose)
    found = like.out(end.masses.reshape(width, height))
    if not log:
        return found
    U, V = (like.out(np.exp(one).T.reshape(k, width, height)) for one in (end.log_u, end.log_v))
    return found, {"err": [like.out(error) for error in end.errors], "niter": end.steps, "U": U, "V": V}


def convolutional_barycenter2d(
    A: Any,
    reg: Any,
    weights: Any = None,
    method: str = "sinkhorn",
    numItermax: int = 10000,
    stopThr: float = 1e-4,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """The entropic barycenter of images A (k, width, height) on the unit square."""
    return _of_images(A, reg, weights, method, numItermax, stopThr, verbose, log, warn, 0)


def convolutional_barycenter2d_debiased(
    A: Any,
    reg: Any,
    weights: Any = None,
    method: str = "sinkhorn",
    numItermax: int = 10000,
    stopThr: float = 1e-3,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """The barycenter of images for the Sinkhorn divergence: not blurred by ε."""
    return _of_images(A, reg, weights, method, numItermax, stopThr, verbose, log, warn, 10)
