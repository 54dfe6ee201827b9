"""Plans between points from their order along lines: upper bounds of exact transport.

Mahey, Chapel, Gasso, Bonet, Courty, "Fast optimal transport through sliced generalized Wasserstein geodesics", NeurIPS 2023; Liu,
Diaz Martin, Bai, Shahbazi, Thorpe, Aldroubi, Kolouri, "Expected sliced transport plans", ICLR 2025.
"""

from __future__ import annotations

from typing import Any

from earthwork.pot._errors import InputError
from earthwork.pot._projected import get_random_projections
from earthwork.pot.backend import get_backend
from earthwork.pot.line import PlanTuple, wasserstein_1d
from earthwork.pot.utils import sparse_ot_dist

__all__ = ["expected_sliced_plan", "min_sliced_transport_plan", "sliced_plans"]

METRICS = ("sqeuclidean", "minkowski", "cityblock", "euclidean")


def sliced_plans(
    X_s: Any,
    X_t: Any,
    a: Any = None,
    b: Any = None,
    metric: str = "sqeuclidean",
    p: float = 1,
    projections: Any = None,
    n_projections: int | None = None,
    seed: Any = None,
    batch_size: int | None = None,
    log: bool = False,
) -> Any:
    """The plan along each projection as a tuple (data, rows, cols), and the cost ⟨M, P⟩ of each between the points themselves.

    POT counts some pieces with the weight of another where sides have weights or sizes of their own; here costs are those of the plans.
    """
    nx = get_backend(X_s, X_t, a, b, projections)
    if X_s.ndim != 2 or X_t.ndim != 2 or X_s.shape[1] != X_t.shape[1]:
        raise InputError(
            f"X_s ({tuple(X_s.shape)}) and X_t ({tuple(X_t.shape)}) must be 2d arrays and have the same number of columns"
        )
    if metric not in METRICS:
        raise InputError(f"Sliced plans work only with metrics from the following list: {list(METRICS)}, not {metric!r}")
    if projections is None:
        if n_projections is None:
            raise InputError("n_projections must be specified if projections is None")
        projections = get_random_projections(X_s.shape[1], n_projections, seed, nx, X_s)
    n, m = X_s.shape[0], X_t.shape[0]
    x, y = nx.dot(X_s, projections), nx.dot(X_t, projections)
    plans: list[Any]
    if n == m and _even(nx, a, n) and _even(nx, b, n):
        order_x, order_y = nx.argsort(x, axis=0), nx.argsort(y, axis=0)
        share = nx.full((n,), 1.0 / n, type_as=X_s) if a is None else a
        plans = [PlanTuple(share, order_x[:, k], order_y[:, k]) for k in range(x.shape[1])]
    else:
        _, plans = wasserstein_1d(nx.detach(x), nx.detach(y), a, b, p=1, return_plans="coo_tuple")
    costs = nx.stack([sparse_ot_dist(X_s, X_t, one.rows, one.cols, one.data, metric, p, batch_size) for one in plans])
    if not log:
        return plans, costs
    return plans, costs, {"X_projection": x, "Y_projection": y, "projections": projections}


def _even(nx: Any, weights: Any, n: int) -> bool:
    return weights is None or not nx.any(weights != nx.sum(weights) / n)


def _coo(nx: Any, parts: list[tuple[Any, Any, Any]], shape: tuple[int, int], like: Any, dense: bool) -> Any:
    data, rows, columns = (nx.concatenate(list(one)) for one in zip(*parts, strict=True))
    plan = nx.coo_matrix(data, rows, columns, shape=shape, type_as=like)
    return nx.todense(plan) if dense else plan


def min_sliced_transport_plan(
    X_s: Any,
    X_t: Any,
    a: Any = None,
    b: Any = None,
    projections: Any = None,
    metric: str = "sqeuclidean",
    p: float = 2,
    n_projections: int | None = None,
    seed: Any = None,
    batch_size: int | None = None,
    dense: bool = True,
    log: bool = False,
) -> Any:
    """The cheapest of the plans along projections, and its cost: an upper bound of exact transport's."""
    nx = get_backend(X_s, X_t, a, b, projections)
    plans, costs, told = sliced_plans(X_s, X_t, a, b, metric, p, projections, n_projections, seed, batch_size, True)
    at = int(nx.argmin(costs))
    plan = _coo(nx, [tuple(plans[at])], (X_s.shape[0], X_t.shape[0]), X_s, dense)
    if not log:
        return plan, costs[at]
    return (
        plan,
        costs[at],
        {
            "projections": told["projections"],
            "costs": costs,
            "min_projection": told["projections"][:, at],
            "X_min_projection": told["X_projection"][:, at],
            "Y_min_projection": told["Y_projection"][:, at],
        },
    )


def expected_sliced_plan(
    X_s: Any,
    X_t: Any,
    a: Any = None,
    b: Any = None,
    projections: Any = None,
    metric: str = "sqeuclidean",
    p: float = 2,
    n_projections: int | None = None,
    beta: float = 0.0,
    seed: Any = None,
    dense: bool = True,
    batch_size: int | None = None,
    log: bool = False,
) -> Any:
    """The mean of the plans along projections, and its cost; with weights in proportion to exp(-beta cost)."""
    nx = get_backend(X_s, X_t, a, b, projections)
    plans, costs, told = sliced_plans(X_s, X_t, a, b, metric, p, projections, n_projections, seed, batch_size, True)
    logs = -beta * costs
    shares = nx.exp(logs - nx.logsumexp(logs))
    parts = [(one.data * share, one.rows, one.cols) for one, share in zip(plans, shares, strict=True)]
    plan = _coo(nx, parts, (X_s.shape[0], X_t.shape[0]), X_s, dense)
    cost = nx.sum(costs * shares)
    if not log:
        return plan, cost
    return plan, cost, {"projections": told["projections"], "costs": costs, "G": plans, "weights": shares}
