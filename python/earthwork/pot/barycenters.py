"""Barycenters by exact transport: on a fixed support, and of free points."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse

from earthwork.pot import _exact
from earthwork.pot._arrays import Like, balanced, floats, numpy_of
from earthwork.pot._emd import emd, emd2
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot.utils import dist

__all__ = [
    "NorthWestMMGluing",
    "barycenter",
    "free_support_barycenter",
    "free_support_barycenter_generic_costs",
    "generalized_free_support_barycenter",
    "ot_barycenter_energy",
]


def barycenter(
    A: Any, M: Any, weights: Any = None, verbose: bool = False, log: bool = False, solver: str | None = "highs-ipm"
) -> Any:
    """The exact barycenter of the columns of A (n, k) on one support with costs M (n, n), by linear programming."""
    masses, costs = floats(A), floats(M)
    n, k = masses.shape
    shares = np.full(k, 1.0 / k) if weights is None else np.asarray(weights, dtype=np.float64)
    if len(shares) != k:
        raise InputError(f"weights: there are {len(shares)} for {k} histograms")
    objective = np.concatenate([np.concatenate([share * costs.ravel() for share in shares]), np.zeros(n)])
    rows = scipy.sparse.kron(scipy.sparse.eye_array(n), np.ones((1, n)))
    columns = scipy.sparse.kron(np.ones((1, n)), scipy.sparse.eye_array(n))
    given = scipy.sparse.hstack([scipy.sparse.block_diag([rows] * k), scipy.sparse.coo_array((k * n, n))])
    shared = scipy.sparse.hstack(
        [scipy.sparse.block_diag([columns] * k), scipy.sparse.vstack([-scipy.sparse.eye_array(n)] * k)]
    )
    system = scipy.sparse.vstack([given, shared]).tocsr()
    right = np.concatenate([masses.T.ravel(), np.zeros(k * n)])
    method = "highs-ipm" if solver in (None, "interior-point") else solver
    found = scipy.optimize.linprog(objective, A_eq=system, b_eq=right, method=method, options={"disp": verbose})
    if found.x is None:
        raise InputError(f"A: the linear program ended with: {found.message}")
    bary = found.x[-n:]
    return (bary, found) if log else bary


def _plan(like: Like, b: Any, a: Any, X: Any, Y: Any) -> Any:
    weights = floats(b)
    found = _exact.solve_matrix(weights, balanced(weights, floats(a)), dist(X, Y))
    return found.dense(len(X), len(Y))


def free_support_barycenter(
    measures_locations: Any,
    measures_weights: Any,
    X_init: Any,
    b: Any = None,
    weights: Any = None,
    numItermax: int = 100,
    stopThr: float = 1e-7,
    verbose: bool = False,
    log: Any = None,
    numThreads: Any = 1,
) -> Any:
    """Points (k, d) whose mean squared W₂ to the measures is locally least, from ``X_init`` on."""
    like = Like(X_init, *measures_locations, *measures_weights)
    if like.differentiable:
        raise NotServed("gradients of barycenters")
    places = [floats(one) for one in measures_locations]
    masses = [floats(one) for one in measures_weights]
    X = floats(X_init)
    own = np.full(len(X), 1.0 / len(X)) if b is None else floats(b)
    shares = np.full(len(places), 1.0 / len(places)) if weights is None else floats(weights)
    moved: list[Any] = []
    for step in range(numItermax):
        target = np.zeros_like(X)
        for Y, a, share in zip(places, masses, shares, strict=True):
            target += share * (_plan(like, own, a, X, Y) @ Y) / own[:, None]
        shift = float(((target - X) ** 2).sum())
        moved.append(like.out(shift))
        X = target
        if verbose:
            print(f"iteration {step}, displacement_square_norm={shift}")
        if shift <= stopThr:
            break
    return (like.out(X), {"displacement_square_norms": moved}) if log else like.out(X)


def generalized_free_support_barycenter(
    X_list: Any,
    a_list: Any,
    P_list: Any,
    n_samples_bary: int,
    Y_init: Any = None,
    b: Any = None,
    weights: Any = None,
    numItermax: int = 100,
    stopThr: float = 1e-7,
    verbose: bool = False,
    log: Any = None,
    numThreads: Any = 1,
    eps: float = 0,
) -> Any:
    """The barycenter of measures that are seen through linear maps P_i: points (k, d) of the space they share."""
    like = Like(*X_list, *a_list, *P_list)
    maps = [floats(one) for one in P_list]
    shares = np.full(len(maps), 1.0 / len(maps)) if weights is None else floats(weights)
    A = eps * np.eye(maps[0].shape[1]) + sum(share * P.T @ P for share, P in zip(shares, maps, strict=True))
    values, vectors = np.linalg.eigh(A)
    back = (vectors / np.sqrt(values)) @ vectors.T
    seen = [floats(X) @ P @ back.T for X, P in zip(X_list, maps, strict=True)]
    start = np.random.randn(n_samples_bary, maps[0].shape[1]) if Y_init is None else floats(Y_init)
    found = free_support_barycenter(
        seen, [floats(a) for a in a_list], start, None if b is None else floats(b), shares, numItermax, stopThr, verbose, True
    )
    Y = like.out(found[0] @ back.T)
    return (Y, found[1]) if log else Y


def ot_barycenter_energy(measure_locations: Any, measure_weights: Any, X: Any, a: Any, cost_list: Any, nx: Any = None) -> Any:
    """The sum of the exact costs from X with weights a to each measure."""
    costs = [cost_list] * len(measure_locations) if callable(cost_list) else cost_list
    for name, given in (("measure_weights", measure_weights), ("cost_list", costs)):
        if len(given) < len(measure_locations):
            raise InputError(f"{name}: there are {len(given)} for {len(measure_locations)} measures")
    pairs = zip(costs, measure_locations, measure_weights, strict=False)
    return sum(emd2(a, weights, cost(X, place)) for cost, place, weights in pairs)


def NorthWestMMGluing(pi_list: Any, a: Any = None, log: bool = False, nx: Any = None) -> Any:
    """Plans (n, n_k) that share their first marginal glued: indices J (N, K) and masses w (N,) of a joint measure."""
    like = Like(*pi_list)
    left = [np.array(numpy_of(plan), dtype=np.float64) for plan in pi_list]
    masses: dict[tuple[int, ...], float] = {}
    joint = np.zeros([left[0].shape[0], *[plan.shape[1] for plan in left]]) if log else None
    for i in range(left[0].shape[0]):
        places = [np.flatnonzero(plan[i] > 0) for plan in left]
        at = [0] * len(left)
        while all(k < len(place) for k, place in zip(at, places, strict=True)):
            cell = tuple(int(place[k]) for k, place in zip(at, places, strict=True))
            mass = min(plan[i, j] for plan, j in zip(left, cell, strict=True))
            masses[cell] = masses.get(cell, 0.0) + mass
            if joint is not None:
                joint[(i, *cell)] += mass
            for k, (plan, j) in enumerate(zip(left, cell, strict=True)):
                plan[i, j] -= mass
                at[k] += plan[i, j] <= 1e-16
    J, w = like.indices(np.array(list(masses))), like.out(np.array(list(masses.values())))
    return (J, w, {"gamma": None if joint is None else like.out(joint)}) if log else (J, w)


def _descended(K: int, cost_list: Any, lr: float, steps: int, stop: float, solver: str) -> Any:
    """The minimiser of the sum of costs to K points each, by gradient descent in torch."""
    import torch

    def found(y: Any, x_init: Any) -> Any:
        x = x_init.clone().detach().requires_grad_(True)
        optimiser: Any = torch.optim.Adam([x], lr=lr) if solver == "Adam" else torch.optim.SGD([x], lr=lr)
        last = None
        for _ in range(steps):
            optimiser.zero_grad()
            loss = sum(torch.diag(cost_list[k](x, y[k])).sum() for k in range(K))
            loss.backward()  # type: ignore[union-attr, unused-ignore]
            optimiser.step()
            now = float(loss)
            if last is not None and last - now < stop:
                break
            last = now
        return x.detach()

    return found


def free_support_barycenter_generic_costs(
    measure_locations: Any,
    measure_weights: Any,
    X_init: Any,
    cost_list: Any,
    ground_bary: Any = None,
    a: Any = None,
    numItermax: int = 100,
    method: str = "L2_barycentric_proj",
    stopThr: float = 1e-5,
    log: bool = False,
    ground_bary_lr: float = 1e-2,
    ground_bary_numItermax: int = 100,
    ground_bary_stopThr: float = 1e-5,
    ground_bary_solver: str = "SGD",
    clean_measure: bool = False,
) -> Any:
    """The barycenter under any costs: ``cost_list`` are functions of X and Y, ``ground_bary`` is the barycenter of points."""
    if method not in ("L2_barycentric_proj", "true_fixed_point"):
        raise InputError("Method must be 'L2_barycentric_proj' or 'true_fixed_point'")
    like = Like(X_init, *measure_locations)
    K = len(measure_locations)
    costs = [cost_list] * K if callable(cost_list) else cost_list
    automatic = ground_bary is None
    if automatic:
        if method != "L2_barycentric_proj":
            raise InputError("ground_bary must be provided if method is 'true_fixed_point'")
        if like.torch is None:
            raise InputError(
                "Backend numpy is not compatible with ground_bary=None, it must be provided if not using PyTorch backend"
            )
        ground_bary = _descended(K, costs, ground_bary_lr, ground_bary_numItermax, ground_bary_stopThr, ground_bary_solver)
    X, own = X_init, like.out(np.full(len(X_init), 1.0 / len(X_init))) if a is None else a
    energy = ot_barycenter_energy(measure_locations, measure_weights, X, own, costs)
    told: dict[str, Any] = {"X_list": [X], "a_list": [own], "diff_list": [], "V_list": [energy]}
    status = "Max iterations reached"
    fixed = method == "true_fixed_point"
    for _ in range(numItermax):
        plans = [emd(own, measure_weights[k], costs[k](X, measure_locations[k])) for k in range(K)]
        if fixed:
            J, own = NorthWestMMGluing(plans)
            X = ground_bary([measure_locations[k][J[:, k]] for k in range(K)])
            if clean_measure:
                X, own = _clean_discrete_measure(X, own)
        else:
            images = [(plans[k] @ measure_locations[k]) / own[:, None] for k in range(K)]
            X = ground_bary(images, X) if automatic else ground_bary(images)
        now = ot_barycenter_energy(measure_locations, measure_weights, X, own, costs)
        fall, energy = energy - now, now
        told["X_list"].append(X)
        told["a_list"].append(own)
        told["diff_list"].append(fall)
        told["V_list"].append(energy)
        if fall < stopThr:
            status = "Stationary Point"
            break
    told["exit_status"] = status
    if not fixed:
        told["a_list"] = []
        return (X, told) if log else X
    return (X, own, told) if log else (X, own)


def _clean_discrete_measure(X: Any, a: Any, tol: float = 1e-10, nx: Any = None) -> Any:
    """A measure whose points are joined where their squared distance is below ``tol``."""
    like = Like(X, a)
    points, masses = floats(X), floats(a)
    near = dist(points, points) < tol
    kept: list[int] = []
    totals: list[float] = []
    for i in range(len(points)):
        same = [k for k, j in enumerate(kept) if near[i, j]]
        if same:
            totals[same[0]] += masses[i]
        else:
            kept.append(i)
            totals.append(masses[i])
    return like.out(points[kept]), like.out(np.array(totals))


def _to_int_array(x: Any, nx: Any = None) -> Any:
    """An array of whole numbers."""
    return Like(x).indices(np.asarray(numpy_of(x)).astype(np.int64))
