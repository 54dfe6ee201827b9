"""Conditional gradient under POT's names: transport with a differentiable term of one's own, by exact or entropic plans."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend
from earthwork.pot._sinkhorn import sinkhorn
from earthwork.pot._emd import emd

__all__ = ["cg", "gcg", "generic_conditional_gradient", "line_search_armijo", "semirelaxed_cg", "solve_1d_linesearch_quad"]

_search_armijo: Any = importlib.import_module("scipy.optimize._linesearch").scalar_search_armijo
HEAD = "{:5s}|{:12s}|{:8s}|{:8s}".format("It.", "Loss", "Relative loss", "Absolute loss") + "\n" + "-" * 48


def _backend(nx: Any, a: Any, b: Any, M: Any) -> Any:
    if nx is not None:
        return nx
    return get_backend(a, b) if isinstance(M, (int, float)) else get_backend(a, b, M)


def line_search_armijo(
    f: Callable[..., Any],
    xk: Any,
    pk: Any,
    gfk: Any,
    old_fval: Any,
    args: tuple[Any, ...] = (),
    c1: float = 1e-4,
    alpha0: float = 0.99,
    alpha_min: float = 0.0,
    alpha_max: float | None = None,
    nx: Any = None,
    **kwargs: Any,
) -> tuple[Any, int, Any]:
    """A step along ``pk`` that satisfies Armijo's condition: step, calls of f, value. The step is 0 where there is none."""
    nx = get_backend(xk, pk) if nx is None else nx
    if len(xk.shape) == 0:
        xk = nx.reshape(xk, (-1,))
    calls = [0]

    def phi(step: float) -> float:
        calls[0] += 1
        clipped = float(np.clip(step, alpha_min, alpha_max))
        return float(f(xk + clipped * pk, *args))

    phi0 = phi(0.0) if old_fval is None else float(old_fval)
    slope = float(np.sum(nx.to_numpy(pk) * nx.to_numpy(gfk)))
    step, value = _search_armijo(phi, phi0, slope, c1=c1, alpha0=alpha0, amin=alpha_min)
    if step is None:
        return 0.0, calls[0], nx.from_numpy(np.asarray(phi0), type_as=xk)
    step = np.clip(step, alpha_min, alpha_max)
    return nx.from_numpy(np.asarray(step), type_as=xk), calls[0], nx.from_numpy(np.asarray(value), type_as=xk)


def generic_conditional_gradient(
    a: Any,
    b: Any,
    M: Any,
    f: Callable[[Any], Any],
    df: Callable[[Any], Any],
    reg1: float,
    reg2: float | None,
    lp_solver: Callable[..., Any],
    line_search: Callable[..., Any],
    G0: Any = None,
    numItermax: int = 200,
    stopThr: float = 1e-9,
    stopThr2: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    nx: Any = None,
    **kwargs: Any,
) -> Any:
    """A plan that minimizes ⟨P, M⟩ + reg1 f(P), with reg2 Σ P log P where it is given, by steps towards plans of the linearized costs."""
    nx = _backend(nx, a, b, M)
    G = nx.outer(a, b) if G0 is None else nx.copy(G0)

    def cost(G: Any) -> Any:
        value = nx.sum(M * G) + reg1 * f(G)
        return value if reg2 is None else value + reg2 * nx.sum(G * nx.log(G))

    value = cost(G)
    losses, told, gradient = [value], {}, None
    if verbose:
        print(HEAD + f"\n{0:5d}|{float(value):8e}|{0:8e}|{0:8e}")
    for it in range(1, max(int(numItermax), 1) + 1):
        gradient = df(G) if gradient is None else gradient
        linear = M + reg1 * gradient
        if reg2 is not None:
            linear = linear + reg2 * (1 + nx.log(G))
        towards, told = lp_solver(a, b, linear, **kwargs)
        direction, before = towards - G, value
        step, _, value, *given = line_search(cost, G, direction, linear, value, gradient, **kwargs)
        gradient = given[0] if given else None
        G = G + step * direction
        change = abs(value - before)
        part = change / abs(value) if value != 0.0 else np.nan
        losses.append(value)
        if verbose:
            print((HEAD + "\n" if it % 20 == 0 else "") + f"{it:5d}|{float(value):8e}|{float(part):8e}|{float(change):8e}")
        if part < stopThr or change < stopThr2:
            break
    return (G, {"loss": losses, **told}) if log else G


def _search(nx: Any, given: Callable[..., Any] | None) -> Callable[..., Any]:
    """The line search that was given, or Armijo's."""
    if given is not None:
        return given

    def search(cost: Any, G: Any, direction: Any, linear: Any, value: Any, gradient: Any, **kwargs: Any) -> Any:
        return line_search_armijo(cost, G, direction, linear, value, nx=nx, **kwargs)

    return search


def cg(
    a: Any,
    b: Any,
    M: Any,
    reg: float,
    f: Callable[[Any], Any],
    df: Callable[[Any], Any],
    G0: Any = None,
    line_search: Callable[..., Any] | None = None,
    numItermax: int = 200,
    numItermaxEmd: int = 100000,
    stopThr: float = 1e-9,
    stopThr2: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    nx: Any = None,
    **kwargs: Any,
) -> Any:
    """A plan that minimizes ⟨P, M⟩ + reg f(P), by conditional gradient: each step goes towards an exact plan."""
    nx = _backend(nx, a, b, M)

    def lp_solver(a: Any, b: Any, linear: Any, **kwargs: Any) -> Any:
        return emd(a, b, linear, numItermaxEmd, log=True)

    search = _search(nx, line_search)
    return generic_conditional_gradient(
        a, b, M, f, df, reg, None, lp_solver, search, G0, numItermax, stopThr, stopThr2, verbose, log, nx, **kwargs
    )


def semirelaxed_cg(
    a: Any,
    b: Any,
    M: Any,
    reg: float,
    f: Callable[[Any], Any],
    df: Callable[[Any], Any],
    G0: Any = None,
    line_search: Callable[..., Any] | None = None,
    numItermax: int = 200,
    stopThr: float = 1e-9,
    stopThr2: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    nx: Any = None,
    **kwargs: Any,
) -> Any:
    """A plan that minimizes ⟨P, M⟩ + reg f(P) where only the masses of ``a`` are fixed, by conditional gradient."""
    nx = _backend(nx, a, b, M)

    def lp_solver(a: Any, b: Any, linear: Any, **kwargs: Any) -> Any:
        least = nx.reshape(nx.min(linear, axis=1), (-1, 1))
        plan = nx.ones((1,), type_as=a) * (linear <= least + 1e-15)
        return plan * nx.reshape(a / nx.sum(plan, axis=1), (-1, 1)), {}

    search = _search(nx, line_search)
    return generic_conditional_gradient(
        a, b, M, f, df, reg, None, lp_solver, search, G0, numItermax, stopThr, stopThr2, verbose, log, nx, **kwargs
    )


def gcg(
    a: Any,
    b: Any,
    M: Any,
    reg1: float,
    reg2: float,
    f: Callable[[Any], Any],
    df: Callable[[Any], Any],
    G0: Any = None,
    numItermax: int = 10,
    numInnerItermax: int = 200,
    stopThr: float = 1e-9,
    stopThr2: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """A plan that minimizes ⟨P, M⟩ + reg1 Σ P log P + reg2 f(P), by generalized conditional gradient: steps towards entropic plans."""

    def lp_solver(a: Any, b: Any, linear: Any, **kwargs: Any) -> Any:
        return sinkhorn(a, b, linear, reg1, numItermax=numInnerItermax, log=True, **kwargs)

    return generic_conditional_gradient(
        a, b, M, f, df, reg2, None, lp_solver, _search(None, None), G0, numItermax, stopThr, stopThr2, verbose, log, **kwargs
    )


def solve_1d_linesearch_quad(a: Any, b: Any) -> Any:
    """Where a x² + b x is least on [0, 1]."""
    if a > 0:
        return min(1.0, max(0.0, -b / (2.0 * a)))
    return 1.0 if a + b < 0 else 0.0
