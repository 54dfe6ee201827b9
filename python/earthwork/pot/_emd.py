"""Exact transport under POT's names: ``emd``, ``emd2``, their lazy and sparse forms."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from earthwork._inputs import Floats
from earthwork.pot import _exact
from earthwork.pot._arrays import Like, balanced, empty, floats, weights_of
from earthwork.pot._errors import InputError, NotServed
from earthwork.pot._potentials import centred
from earthwork.pot.utils import check_number_threads

__all__ = ["emd", "emd2", "emd2_lazy"]


def _said(like: Like, numThreads: Any, integer: bool) -> None:
    if numThreads != 1 and check_number_threads(numThreads) != 1:
        warnings.warn(
            "The 'numThreads' parameter is deprecated and will be removed in a future version. The network simplex solver no longer "
            "uses OpenMP, so this parameter is ignored.",
            DeprecationWarning,
            stacklevel=3,
        )
    if integer and like.integer:
        warnings.warn(
            "Input histogram consists of integer. The transport plan will be casted accordingly, possibly resulting in a loss of "
            "precision. If this behaviour is unwanted, please make sure your input histogram consists of floating point elements.",
            stacklevel=3,
        )


def _like(a: Any, b: Any, *others: Any) -> Like:
    return Like(None if empty(a) else a, None if empty(b) else b, *others)


class _Posed:
    """A matrix with its weights, made ready."""

    def __init__(self, a: Any, b: Any, M: Any, check_marginals: bool) -> None:
        self.like = _like(a, b, M)
        self.sparse = _exact.sparse_costs(M)
        if self.sparse is None:
            self.costs = floats(M)
            if self.costs.ndim != 2:
                raise InputError(f"Dimension mismatch, check dimensions of M with a and b: M has {self.costs.ndim} dimensions")
            self.shape: tuple[int, int] = self.costs.shape
        else:
            self.shape = self.sparse[3]
        self.a = weights_of("a", a, self.shape[0])
        self.b = balanced(self.a, weights_of("b", b, self.shape[1]), check_marginals)

    def solve(self, b: Floats) -> _exact.Found:
        if self.sparse is None:
            return _exact.solve_matrix(self.a, b, self.costs)
        return _exact.solve_sparse(self.a, b, *self.sparse[:3])

    def plan(self, found: _exact.Found) -> Any:
        if self.sparse is None:
            return self.like.out(found.dense(*self.shape))
        return self.like.coo(found.flows, found.rows, found.columns, self.shape)


def _log(like: Like, found: _exact.Found, cost: Any) -> dict[str, Any]:
    return {"cost": cost, "u": like.out(found.u), "v": like.out(found.v), "warning": None, "result_code": 1}


def emd(
    a: Any,
    b: Any,
    M: Any,
    numItermax: float = 100000,
    log: bool = False,
    center_dual: bool = True,
    numThreads: Any = 1,
    check_marginals: bool = True,
    potentials_init: Any = None,
) -> Any:
    """The optimal plan for costs M of shape (n, m), dense or sparse; with ``log`` also its cost and potentials.

    The plan is optimal whatever ``numItermax`` says; ``potentials_init`` only has to have a fitting shape.

    >>> import earthwork.pot as ot
    >>> ot.emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]])
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    posed = _Posed(a, b, M, check_marginals)
    if posed.b.ndim != 1:
        raise InputError("b: emd takes one histogram; emd2 takes many")
    found = posed.solve(posed.b)
    _said(posed.like, numThreads, posed.sparse is None)
    if found.pivots > numItermax:
        _exact.about_the_limit(numItermax, found.pivots)
    plan = posed.plan(found)
    if not log:
        return plan
    return plan, _log(posed.like, found, found.cost)


def emd2(
    a: Any,
    b: Any,
    M: Any,
    processes: int = 1,
    numItermax: float = 100000,
    log: bool = False,
    return_matrix: bool = False,
    center_dual: bool = True,
    numThreads: Any = 1,
    check_marginals: bool = True,
    potentials_init: Any = None,
) -> Any:
    """The optimal cost; a list of costs where ``b`` has columns. With ``log``, [cost, log] instead of each cost.

    >>> import earthwork.pot as ot
    >>> float(ot.emd2([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]]))
    0.0
    """
    posed = _Posed(a, b, M, check_marginals)
    _said(posed.like, numThreads, posed.sparse is None)

    def one(column: Floats) -> Any:
        found = posed.solve(column)
        if found.pivots > numItermax:
            _exact.about_the_limit(numItermax, found.pivots)
        cost = posed.like.out(found.cost)
        if posed.like.differentiable:
            cost = posed.like.attached(found.cost, _gradients(posed, found, (a, b, M)))
        if not (log or return_matrix):
            return cost
        told = _log(posed.like, found, cost)
        if return_matrix:
            told["G"] = posed.plan(found)
        return [cost, told]

    if posed.b.ndim == 1:
        return one(posed.b)
    if processes > 1:
        warnings.warn(
            "The 'processes' parameter has been deprecated. Multiprocessing should be done outside of POT.", stacklevel=2
        )
    return [one(np.ascontiguousarray(posed.b[:, k])) for k in range(posed.b.shape[1])]


def _gradients(posed: _Posed, found: _exact.Found, given: tuple[Any, Any, Any]) -> list[tuple[Any, Any]]:
    """By weights, whose total is fixed, and by costs. Of a sparse matrix every entry given has a derivative."""
    a, b, M = given
    if posed.b.ndim != 1 and getattr(b, "requires_grad", False):
        raise NotServed("gradients by many histograms")
    plan: Any = found.dense(*posed.shape)
    if posed.sparse is not None:
        rows, columns, _, shape = posed.sparse
        import scipy.sparse

        plan = scipy.sparse.coo_array((plan[rows, columns], (rows, columns)), shape=shape)
    return [(a, found.u - found.u.mean()), (b, found.v - found.v.mean()), (M, plan)]


LAZY_COSTS = ("sqeuclidean", "euclidean", "cityblock")


def emd2_lazy(
    X_a: Any,
    X_b: Any,
    a: Any = None,
    b: Any = None,
    metric: str = "sqeuclidean",
    numItermax: float = 100000,
    log: bool = False,
    return_matrix: bool = True,
    center_dual: bool = True,
    check_marginals: bool = True,
    potentials_init: Any = None,
) -> Any:
    """The optimal cost between points, without a matrix: in O(n + m) memory. Gradients by weights, and by points too."""
    like = _like(a, b, X_a, X_b)
    X, Y = floats(X_a), floats(X_b)
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X_a and X_b must have the same number of dimensions, got {X.shape[1]} and {Y.shape[1]}")
    if metric not in LAZY_COSTS:
        raise ValueError(f"metric: {metric!r} is none of {', '.join(LAZY_COSTS)}")
    first = weights_of("a", a, len(X), "X_a/X_b")
    second = balanced(first, weights_of("b", b, len(Y), "X_a/X_b"), check_marginals)
    found, raw = _exact.solve_points(X, Y, first, second, metric)
    _said(like, 1, True)
    if found.pivots > numItermax:
        _exact.about_the_limit(numItermax, found.pivots)
    cost = like.out(found.cost)
    inputs = Like(X_a, X_b, a, b)
    if inputs.differentiable:
        by_x, by_y, _ = raw.gradient()
        known = [(X_a, by_x), (X_b, by_y), (a, found.u - found.u.mean()), (b, found.v - found.v.mean())]
        cost = like.attached(found.cost, known)
    if not (log or return_matrix):
        return cost
    u, v = (found.u, found.v) if not center_dual else centred(found.u, found.v, first, second)
    told = {"cost": cost, "u": like.out(u), "v": like.out(v), "warning": None, "result_code": 1}
    if return_matrix:
        told["G"] = like.coo(found.flows, found.rows, found.columns, (len(X), len(Y)))
    return cost, told
