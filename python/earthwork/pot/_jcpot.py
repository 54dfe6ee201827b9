"""Proportions of classes in a target that several labelled sources share: POT's ``jcpot_barycenter``."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend
from earthwork.pot.utils import dist, list_to_array, unif

__all__ = ["jcpot_barycenter"]


def _classes(nx: Any, labels: Any, count: int, like: Any) -> tuple[Any, Any]:
    """Which point is of which class, (classes, points), and the same divided by the size of each class."""
    known = nx.to_numpy(labels)
    known = (known - known.min()).astype(int)
    member = np.zeros((count, len(known)))
    member[known, np.arange(len(known))] = 1.0
    shares = member / np.maximum(member.sum(1, keepdims=True), 1.0)
    return nx.from_numpy(member, type_as=like), nx.from_numpy(shares, type_as=like)


def jcpot_barycenter(
    Xs: Any,
    Ys: Any,
    Xt: Any,
    reg: float,
    metric: Any = "sqeuclidean",
    numItermax: int = 100,
    stopThr: float = 1e-6,
    verbose: bool = False,
    log: bool = False,
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """The proportions of the classes in ``Xt``, by entropic plans from all sources at once; with ``log`` also the plans, ``gamma``."""
    Xs, Ys, Xt = [list_to_array(x) for x in Xs], [list_to_array(y) for y in Ys], list_to_array(Xt)
    nx = get_backend(*Xs, *Ys, Xt)
    count = len(nx.unique(Ys[0]))
    costs = [dist(x, Xt, metric=metric) for x in Xs]
    plans = [nx.exp(-M / reg) for M in costs]
    pairs = [_classes(nx, y, count, Xs[0]) for y in Ys]
    a = unif(Xt.shape[0], type_as=Xs[0])
    before, errors, steps = nx.ones((count,), type_as=Xs[0]), [], 0
    found = before
    for steps in range(numItermax):
        logs = nx.zeros((count,), type_as=Xs[0])
        for d, (member, _) in enumerate(pairs):
            plans[d] = plans[d] * (a / nx.sum(plans[d], axis=0))[None, :]
            logs = logs + nx.log(nx.dot(member, nx.sum(plans[d], axis=1))) / len(Xs)
        found = nx.exp(logs)
        for d, (_, shares) in enumerate(pairs):
            plans[d] = plans[d] * (nx.dot(shares.T, found) / nx.sum(plans[d], axis=1))[:, None]
        error = nx.norm(found - before)
        before = found
        errors.append(error)
        if error < stopThr:
            break
        if verbose and steps % 200 == 0:
            print("{:5s}|{:12s}".format("It.", "Err") + "\n" + "-" * 19 + f"\n{steps:5d}|{float(error):8e}|")
    else:
        if warn:
            warnings.warn(
                "Algorithm did not converge. You might want to increase the number of iterations `numItermax` or the regularization "
                "parameter `reg`.",
                stacklevel=2,
            )
    found = found / nx.sum(found)
    if not log:
        return found
    members, shared = [one for one, _ in pairs], [one for _, one in pairs]
    return found, {"niter": steps, "err": errors, "M": costs, "D1": members, "D2": shared, "gamma": plans}
