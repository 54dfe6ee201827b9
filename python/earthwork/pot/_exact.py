"""Exact solves of matrices, sparse matrices and points for the functions of ``lp`` and all that call it."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.pot._arrays import torch_of
from earthwork.pot._errors import InputError, NotServed

__all__ = ["Found", "solve_matrix", "solve_points", "solve_sparse"]

SPARSE_CELLS = 50_000_000
"""The largest sparse problem that is made dense, in cells."""


class Found(NamedTuple):
    """An optimal plan by its entries, and its potentials."""

    rows: Any
    columns: Any
    flows: Floats
    cost: float
    u: Floats
    v: Floats
    pivots: int

    def dense(self, n: int, m: int) -> Floats:
        """The plan as an (n, m) array."""
        plan = np.zeros((n, m))
        plan[self.rows, self.columns] = self.flows
        return plan


def _found(raw: Any) -> Found:
    if raw.status != "optimal":
        raise NotServed(f"the solve ended as {raw.status}")
    rows, columns, flows = raw.entries()
    u, v = raw.potentials()
    return Found(rows, columns, flows, raw.transport_cost, u, v, raw.iterations)


def solve_matrix(a: Floats, b: Floats, C: Floats) -> Found:
    """The optimum for a matrix of costs; entries that are +inf are forbidden."""
    total = C.sum()
    if np.isfinite(total):
        return _found(_native.exact_solve_matrix(C, a, b))
    if np.isnan(C).any():
        i, j = (int(k) for k in np.argwhere(np.isnan(C))[0])
        raise InputError(f"M: entry ({i}, {j}) is NaN")
    if (C == -np.inf).any():
        i, j = (int(k) for k in np.argwhere(C == -np.inf)[0])
        raise InputError(f"M: entry ({i}, {j}) is -inf")
    allowed = C < np.inf
    if allowed.all():
        return _found(_native.exact_solve_matrix(C, a, b))
    return _with_forbidden(a, b, C, allowed)


def _with_forbidden(a: Floats, b: Floats, C: Floats, allowed: Any) -> Found:
    """The optimum that uses allowed entries alone. A forbidden one costs more than any way around it can save."""
    given = C[allowed]
    low, high = (given.min(), given.max()) if given.size else (0.0, 0.0)
    around = (high - low + 1.0) * (min(C.shape) + 1)
    found = _found(_native.exact_solve_matrix(np.where(allowed, C, high + around), a, b))
    used = ~allowed[found.rows, found.columns]
    if not used.any():
        return found
    # What rounding of the totals leaves over has to go somewhere: it may be no more than that.
    if found.flows[used].sum() > 1e-12 * a.sum():
        at = int(np.flatnonzero(used)[0])
        raise InputError(
            f"Problem infeasible: no plan avoids the forbidden entries of M, such as ({found.rows[at]}, {found.columns[at]})"
        )
    kept = ~used
    rows, columns, flows = found.rows[kept], found.columns[kept], found.flows[kept]
    return found._replace(rows=rows, columns=columns, flows=flows, cost=float(C[rows, columns] @ flows))


def sparse_costs(M: Any) -> tuple[Any, Any, Floats, tuple[int, int]] | None:
    """Rows, columns, costs and shape of a sparse matrix of scipy or torch; None for others."""
    if scipy.sparse.issparse(M):
        entries = scipy.sparse.coo_array(M)
        return entries.row, entries.col, np.asarray(entries.data, dtype=np.float64), entries.shape
    if torch_of(M) is not None and M.is_sparse:
        joined = M.detach().coalesce()
        rows, columns = joined.indices().cpu().numpy()
        return rows, columns, joined.values().cpu().double().numpy(), tuple(M.shape)
    return None


def solve_sparse(a: Floats, b: Floats, rows: Any, columns: Any, costs: Floats) -> Found:
    """The optimum where only the listed entries are allowed."""
    n, m = a.shape[0], b.shape[0]
    if n * m > SPARSE_CELLS:
        raise NotServed(f"a sparse problem of {n} x {m}, which would be made dense")
    C = np.full((n, m), np.inf)
    C[rows, columns] = costs
    return solve_matrix(a, b, C)


def solve_points(X: Floats, Y: Floats, a: Floats, b: Floats, cost: str) -> tuple[Found, Any]:
    """The optimum between points, in memory O(n + m), and the solution it came from."""
    x, y = _native.Samples(X, a, ("X_a", "a")), _native.Samples(Y, b, ("X_b", "b"))
    raw = _native.exact_solve(x, y, cost)
    return _found(raw), raw


def about_the_limit(numItermax: float, pivots: int) -> None:
    """Says when POT's limit on pivots would have ended the solve. Here the plan is optimal all the same."""
    if pivots > numItermax:
        warnings.warn(
            f"numItermax={numItermax} is too small for POT, which would stop early; the plan returned is optimal.", stacklevel=4
        )
