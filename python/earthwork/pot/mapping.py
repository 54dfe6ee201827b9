"""Plans and maps estimated together, under POT's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from earthwork.pot.backend import get_backend
from earthwork.pot._emd import emd
from earthwork.pot.optim import cg
from earthwork.pot.utils import dist, dots, kernel, list_to_array, unif

__all__ = ["joint_OT_mapping_kernel", "joint_OT_mapping_linear"]

HEAD = "{:5s}|{:12s}|{:8s}".format("It.", "Loss", "Delta loss") + "\n" + "-" * 32


def _alternated(
    nx: Any,
    xs: Any,
    xt: Any,
    features: Any,
    fitted: Callable[[Any], Any],
    penalty: Callable[[Any], Any],
    mu: float,
    limits: tuple[int, int, float, float],
    verbose: bool,
    log: bool,
) -> Any:
    """The plan and the map that take turns: each is the best for the other."""
    steps, inner_steps, inner_stop, stop = limits
    n = xs.shape[0]
    a, b = unif(n, type_as=xs), unif(xt.shape[0], type_as=xt)
    M = dist(xs, xt) * n
    G = emd(a, b, M)

    def apart(L: Any, G: Any) -> Any:
        return nx.dot(features, L) - n * nx.dot(G, xt)

    def loss(L: Any, G: Any) -> Any:
        return nx.sum(apart(L, G) ** 2) + mu * nx.sum(G * M) + penalty(L)

    def terms(L: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
        return lambda G: nx.sum(apart(L, G) ** 2), lambda G: -2 * n * nx.dot(apart(L, G), xt.T)

    L = fitted(n * nx.dot(G, xt))
    losses = [loss(L, G)]
    if verbose:
        print(HEAD + f"\n{0:5d}|{float(losses[-1]):8e}|{0:8e}")
    for it in range(1, steps + 1):
        f, df = terms(L)
        G = cg(a, b, M, 1.0 / mu, f, df, G0=G, numItermax=inner_steps, stopThr=inner_stop)
        L = fitted(n * nx.dot(G, xt))
        losses.append(loss(L, G))
        change = (losses[-1] - losses[-2]) / abs(losses[-2])
        if verbose:
            print((HEAD + "\n" if it % 20 == 0 else "") + f"{it:5d}|{float(losses[-1]):8e}|{float(change):8e}")
        if abs(change) < stop:
            break
    return (G, L, {"err": [], "loss": losses}) if log else (G, L)


def joint_OT_mapping_linear(
    xs: Any,
    xt: Any,
    mu: float = 1,
    eta: float = 0.001,
    bias: bool = False,
    verbose: bool = False,
    verbose2: bool = False,
    numItermax: int = 100,
    numInnerItermax: int = 10,
    stopInnerThr: float = 1e-6,
    stopThr: float = 1e-5,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """A plan and the linear map nearest to it, whose distance from the identity is priced by ``eta``."""
    xs, xt = list_to_array(xs, xt)
    nx = get_backend(xs, xt)
    d = xs.shape[1]
    features, price = xs, nx.eye(d, type_as=xs)
    towards = price
    if bias:
        features = nx.concatenate((xs, nx.ones((xs.shape[0], 1), type_as=xs)), axis=1)
        zero = nx.zeros((1, d), type_as=xs)
        towards = nx.concatenate((price, zero), axis=0)
        price = nx.concatenate((towards, nx.zeros((d + 1, 1), type_as=xs)), axis=1)
    system = nx.dot(features.T, features) + eta * price

    def fitted(target: Any) -> Any:
        return nx.solve(system, nx.dot(features.T, target) + eta * towards)

    def penalty(L: Any) -> Any:
        return eta * nx.sum((L[:d, :] - towards[:d, :]) ** 2)

    limits = (numItermax, numInnerItermax, stopInnerThr, stopThr)
    return _alternated(nx, xs, xt, features, fitted, penalty, mu, limits, verbose, log)


def joint_OT_mapping_kernel(
    xs: Any,
    xt: Any,
    mu: float = 1,
    eta: float = 0.001,
    kerneltype: str = "gaussian",
    sigma: float = 1,
    bias: bool = False,
    verbose: bool = False,
    verbose2: bool = False,
    numItermax: int = 100,
    numInnerItermax: int = 10,
    stopInnerThr: float = 1e-6,
    stopThr: float = 1e-5,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """A plan and the map of a kernel nearest to it, whose norm is priced by ``eta``."""
    xs, xt = list_to_array(xs, xt)
    nx = get_backend(xs, xt)
    n = xs.shape[0]
    K = kernel(xs, xs, method=kerneltype, sigma=sigma)
    features, price = K, K
    if bias:
        features = nx.concatenate((K, nx.ones((n, 1), type_as=xs)), axis=1)
        price = nx.concatenate((K, nx.zeros((1, n), type_as=xs)), axis=0)
        corner = nx.concatenate((nx.zeros((n, 1), type_as=xs), nx.ones((1, 1), type_as=xs)), axis=0)
        price = nx.concatenate((price, corner), axis=1)
        system = nx.dot(features.T, features) + eta * price
    else:
        system = K + eta * nx.eye(n, type_as=xs)

    def fitted(target: Any) -> Any:
        return nx.solve(system, nx.dot(features.T, target) if bias else target)

    def penalty(L: Any) -> Any:
        return eta * nx.trace(dots(L.T, price, L))

    limits = (numItermax, numInnerItermax, stopInnerThr, stopThr)
    return _alternated(nx, xs, xt, features, fitted, penalty, mu, limits, verbose, log)
