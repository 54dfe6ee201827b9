"""``solve`` and ``solve_sample`` under POT's names."""

from __future__ import annotations

from typing import Any

from earthwork.pot import _regular
from earthwork.pot._solve_sample import lst_method_solve_sample, solve_sample_with
from earthwork.pot.backend import get_backend
from earthwork.pot._emd import emd2
from earthwork.pot.results import OTResult
from earthwork.pot.unbalanced import lbfgsb_unbalanced, mm_unbalanced, sinkhorn_knopp_unbalanced
from earthwork.pot.utils import list_to_array

__all__ = ["lst_method_solve_sample", "lst_valid_methods_solve", "solve", "solve_sample"]

lst_valid_methods_solve = ["sinkhorn", "sinkhorn_log", "mm", "lbfgsb"]
GRADS = ("autodiff", "envelope", "last_step", "detach")


def solve(
    M: Any,
    a: Any = None,
    b: Any = None,
    reg: Any = None,
    c: Any = None,
    reg_type: Any = "KL",
    unbalanced: Any = None,
    unbalanced_type: str = "KL",
    method: str | None = None,
    n_threads: Any = 1,
    max_iter: int | None = None,
    plan_init: Any = None,
    potentials_init: Any = None,
    tol: float | None = None,
    verbose: bool = False,
    grad: str = "autodiff",
) -> OTResult:
    """Transport for costs M (n, m): exact, or with a regulariser ``reg``, or with masses that may be missed at a price.

    Args:
        M: costs, dense or (exact transport only) sparse.
        a, b: masses; 1/n each where they are None.
        reg: the weight of the regulariser; none where it is None or 0.
        c: what the ``"KL"`` regulariser is relative to; a bᵀ where it is None.
        reg_type: ``"KL"``, ``"entropy"`` or ``"L2"``, or a function of the plan and its gradient as a pair.
        unbalanced: the price of a miss of both marginals, or of each; none may be missed where it is None.
        unbalanced_type: ``"KL"``, ``"L2"`` or ``"TV"``.
        method: accepted as POT accepts it; the problem decides which solver runs.
        max_iter, tol: limit and tolerance; None for those of the solver.
        plan_init, potentials_init: where to begin.
        grad: for entropic transport of torch tensors. ``"autodiff"`` and ``"last_step"`` differentiate all results (by the implicit
            function theorem), ``"envelope"`` the value alone, which costs nothing, ``"detach"`` none.

    Returns:
        An :class:`OTResult` with ``plan``, ``value`` (of the whole objective), ``value_linear`` (⟨M, P⟩), ``potentials``, ``status``.

    >>> import earthwork.pot as ot
    >>> float(ot.solve([[0.0, 1.0], [1.0, 0.0]]).value)
    0.0
    """
    if method is not None and method not in lst_valid_methods_solve:
        raise ValueError(f"Unknown method={method} for solve, must be in {lst_valid_methods_solve}")
    if grad not in GRADS:
        raise ValueError(f"grad: {grad!r} is none of {', '.join(GRADS)}")
    M, a, b = (list_to_array(one) if isinstance(one, list) else one for one in (M, a, b))
    nx = get_backend(M, a, b, c)
    weight = 0.0 if reg is None else float(reg)
    kind = unbalanced_type.lower()
    if unbalanced is None:
        if weight == 0.0:
            return _exact(nx, M, a, b, n_threads, max_iter, potentials_init)
        if isinstance(reg_type, tuple):
            return _regular.own(nx, M, a, b, weight, reg_type, max_iter or 1000, 1e-9 if tol is None else tol, verbose, plan_init)
        if reg_type.lower() in ("kl", "entropy"):
            if grad == "last_step" and max_iter == 0:
                raise ValueError("The maximum number of iterations must be greater than 0 when using grad=last_step.")
            limits = (1000 if max_iter is None else max_iter, 1e-9 if tol is None else tol)
            return _regular.entropic(nx, M, a, b, reg, c, reg_type.lower(), limits, potentials_init, verbose, grad)
        if reg_type.lower() == "l2":
            return _regular.quadratic(nx, M, a, b, weight, max_iter or 1000, 1e-9 if tol is None else tol, verbose)
        raise NotImplementedError(f'Not implemented reg_type="{reg_type}"')
    own = isinstance(reg_type, tuple)
    known = own or reg_type.lower() in ("kl", "l2", "entropy")
    if kind not in ("kl", "l2", "tv") or not known:
        raise NotImplementedError(f'Not implemented reg_type="{reg_type}" and unbalanced_type="{unbalanced_type}"')
    a = nx.full((M.shape[0],), 1.0 / M.shape[0], type_as=M) if a is None else a
    b = nx.full((M.shape[1],), 1.0 / M.shape[1], type_as=M) if b is None else b
    limit, stop = (1000 if max_iter is None else max_iter), (1e-12 if tol is None else tol)
    potentials = None
    if weight == 0.0 and kind in ("kl", "l2"):
        plan, log = mm_unbalanced(a, b, M, unbalanced, c, 0, kind, plan_init, limit, stop, verbose, True)
    elif not own and reg_type.lower() == "kl" and kind == "kl":
        stop = 1e-9 if tol is None else tol
        plan, log = sinkhorn_knopp_unbalanced(a, b, M, reg, unbalanced, reg_type, c, potentials_init, limit, stop, verbose, True)
        potentials = (log["logu"], log["logv"])
    else:
        smooth = reg_type if own else reg_type.lower()
        plan, log = lbfgsb_unbalanced(
            a, b, M, weight, unbalanced, c, smooth, kind, plan_init, limit, stop, verbose=verbose, log=True
        )
    return OTResult(potentials, log["total_cost"], log["cost"], plan=plan, backend=nx)


def _exact(nx: Any, M: Any, a: Any, b: Any, n_threads: Any, max_iter: int | None, start: Any) -> OTResult:
    limit = 1_000_000 if max_iter is None else max_iter
    value, log = emd2(a, b, M, numItermax=limit, log=True, return_matrix=True, numThreads=n_threads, potentials_init=start)
    found = {"sparse_plan": log["G"]} if nx.issparse(M) else {"plan": log["G"]}
    return OTResult((log["u"], log["v"]), value, value, backend=nx, status="Converged", **found)


def solve_sample(
    X_a: Any,
    X_b: Any,
    a: Any = None,
    b: Any = None,
    metric: Any = "sqeuclidean",
    reg: Any = None,
    c: Any = None,
    reg_type: Any = "KL",
    unbalanced: Any = None,
    unbalanced_type: str = "KL",
    lazy: Any = False,
    batch_size: int | None = None,
    method: str | None = None,
    n_threads: Any = 1,
    max_iter: int | None = None,
    plan_init: Any = None,
    rank: int = 100,
    scaling: float = 0.95,
    potentials_init: Any = None,
    X_init: Any = None,
    tol: float | None = None,
    verbose: bool = False,
    grad: str = "autodiff",
    random_state: Any = None,
    debias: Any = False,
    n_projections: int = 50,
    projections: Any = None,
    scaler: Any = None,
) -> OTResult:
    """Transport between points X_a (n, d) and X_b (m, d): :func:`solve` for their costs, or a method for samples.

    Args:
        metric: a metric of :func:`dist`.
        lazy: never make a matrix; memory O(n + m). Exact and entropic transport have it.
        method: one of :func:`solve`'s, or ``"1d"`` (each coordinate by itself), ``"sliced"``, ``"max_sliced"``, ``"gaussian"``,
            ``"gaussian_hd"``. The others of POT (low-rank, Nyström, factored, GeomLoss, BSP) are not served.
        debias: less half of both sides' own values; ``"split"`` compares halves instead.
        scaler: scales both sides before, see :class:`earthwork.pot.utils.DataScaler`.

    The other arguments are those of :func:`solve` and of the methods named.

    >>> import numpy as np
    >>> import earthwork.pot as ot
    >>> float(ot.solve_sample(np.zeros((2, 1)), np.ones((3, 1))).value)
    1.0
    """
    given = dict(locals())
    return solve_sample_with(given, solve)

