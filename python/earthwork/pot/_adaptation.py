"""Transport whose plans keep classes or neighbours together, for :mod:`earthwork.pot.da`."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend
from earthwork.pot._sinkhorn import sinkhorn
from earthwork.pot.optim import cg, gcg
from earthwork.pot.utils import dist, dots, kernel, laplacian, list_to_array

__all__ = ["emd_laplace", "sinkhorn_l1l2_gl", "sinkhorn_lpl1_mm"]


def _members(nx: Any, labels: Any, like: Any) -> Any:
    """Which point is of which class, of shape (points, classes)."""
    _, at = np.unique(nx.to_numpy(labels), return_inverse=True)
    return nx.from_numpy(np.eye(at.max() + 1)[at], type_as=like)


def sinkhorn_lpl1_mm(
    a: Any,
    labels_a: Any,
    b: Any,
    M: Any,
    reg: float,
    eta: float = 0.1,
    numItermax: int = 10,
    numInnerItermax: int = 200,
    stopInnerThr: float = 1e-9,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """An entropic plan in which a target takes mass from few classes: η Σ of the roots of each class's share, by majorization."""
    a, labels_a, b, M = list_to_array(a, labels_a, b, M)
    nx = get_backend(a, labels_a, b, M)
    member = _members(nx, labels_a, M)
    priced = nx.zeros(tuple(M.shape), type_as=M)
    plan, told = None, {}
    for _ in range(numItermax):
        plan, told = sinkhorn(a, b, M + eta * priced, reg, numItermax=numInnerItermax, stopThr=stopInnerThr, log=True)
        share = nx.dot(member, nx.dot(member.T, plan))
        priced = 0.5 * (share + 1e-3) ** -0.5
    return (plan, told) if log else plan


def sinkhorn_l1l2_gl(
    a: Any,
    labels_a: Any,
    b: Any,
    M: Any,
    reg: float,
    eta: float = 0.1,
    numItermax: int = 10,
    numInnerItermax: int = 200,
    stopInnerThr: float = 1e-9,
    eps: float = 1e-12,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The same with η Σ of the norms of each class's masses, by generalized conditional gradient."""
    a, labels_a, b, M = list_to_array(a, labels_a, b, M)
    nx = get_backend(a, labels_a, b, M)
    member = _members(nx, labels_a, M)

    def norms(G: Any) -> Any:
        return nx.sqrt(nx.dot(member.T, G**2))

    def f(G: Any) -> Any:
        return nx.sum(norms(G))

    def df(G: Any) -> Any:
        return G / nx.dot(member, nx.clip(norms(G), eps, None))

    return gcg(
        a,
        b,
        M,
        reg,
        eta,
        f,
        df,
        G0=None,
        numItermax=numItermax,
        numInnerItermax=numInnerItermax,
        stopThr=stopInnerThr,
        verbose=verbose,
        log=log,
    )


def _similar(nx: Any, x: Any, sim: str, param: float) -> Any:
    if sim == "gauss":
        return kernel(x, x, method=sim, sigma=param)
    try:
        neighbors: Any = importlib.import_module("sklearn.neighbors")
    except ImportError:
        raise ValueError(
            "scikit-learn must be installed to use knn similarity. Install with `$pip install scikit-learn`."
        ) from None
    graph = neighbors.kneighbors_graph(X=nx.to_numpy(x), n_neighbors=int(param)).toarray()
    return nx.from_numpy((graph + graph.T) / 2, type_as=x)


def emd_laplace(
    a: Any,
    b: Any,
    xs: Any,
    xt: Any,
    M: Any,
    sim: str = "knn",
    sim_param: float | None = None,
    reg: str = "pos",
    eta: float = 1,
    alpha: float = 0.5,
    numItermax: int = 100,
    stopThr: float = 1e-9,
    numInnerItermax: int = 100000,
    stopInnerThr: float = 1e-9,
    log: bool = False,
    verbose: bool = False,
) -> Any:
    """A plan that moves neighbours alike, by conditional gradient with exact plans.

    ``sim`` says who are neighbours (``knn`` or ``gauss``); ``reg`` whether their places (``pos``) or displacements (``disp``) agree.
    """
    if not isinstance(sim_param, (int, float, type(None))):
        raise ValueError(f"Similarity parameter should be an int or a float. Got {type(sim_param).__name__} instead.")
    a, b, xs, xt, M = list_to_array(a, b, xs, xt, M)
    nx = get_backend(a, b, xs, xt, M)
    if sim not in ("gauss", "knn"):
        raise ValueError(f'Unknown similarity type {sim}. Currently supported similarity types are "knn" and "gauss".')
    if sim_param is None:
        sim_param = 3 if sim == "knn" else float(1 / (2 * (nx.mean(dist(xs, xs, "sqeuclidean")) ** 2)))
    by_source, by_target = (laplacian(_similar(nx, x, sim, sim_param)) for x in (xs, xt))
    twice_source, twice_target = by_source + by_source.T, by_target + by_target.T
    squares = nx.dot(xt, xt.T)
    if reg == "disp":
        M = M - eta * alpha / xs.shape[0] * dots(twice_source, xs, xt.T)
        M = M - eta * (1 - alpha) / xt.shape[0] * dots(xs, xt.T, twice_target)

    def f(G: Any) -> Any:
        moved, back = nx.dot(G, xt), nx.dot(G.T, xs)
        return alpha * nx.sum(moved * nx.dot(by_source, moved)) + (1 - alpha) * nx.sum(back * nx.dot(by_target, back))

    def df(G: Any) -> Any:
        return alpha * dots(twice_source, G, squares) + (1 - alpha) * dots(xs, xs.T, G, twice_target)

    return cg(
        a,
        b,
        M,
        reg=eta,
        f=f,
        df=df,
        G0=None,
        numItermax=numItermax,
        numItermaxEmd=numInnerItermax,
        stopThr=stopThr,
        stopThr2=stopInnerThr,
        verbose=verbose,
        log=log,
    )
