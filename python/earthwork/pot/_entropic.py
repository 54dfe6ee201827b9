"""Entropic solves of matrices for the functions of ``bregman`` and all that call it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from earthwork import _earthwork as _native
from earthwork._inputs import Floats
from earthwork.pot import _exact
from earthwork.pot._errors import InputError, NotServed

__all__ = ["Entropic", "options", "solve"]

TIGHTEST = 1e-12
"""The least tolerance asked for, as a part of the mass: rounding allows no less."""

NOT_CONVERGED = (
    "Sinkhorn did not converge. You might want to increase the number of iterations `numItermax` or the regularization "
    "parameter `reg`."
)


def options(reg: float, mass: float, numItermax: float, stopThr: float, start: Any = None) -> dict[str, Any]:
    """Options of the compiled half. POT's tolerance is on the error of one marginal, ours on both as parts of the mass."""
    return {
        "epsilon": reg,
        "relative": False,
        "tolerance": max(float(stopThr) / max(mass, 1e-300), TIGHTEST),
        "max_iterations": None if numItermax == np.inf else max(int(numItermax), 1),
        "time_limit": None,
        "progress": None,
        "start": start,
        "certify": False,
        "reference": "normalized",
    }


class Entropic:
    """The plan diag(u) exp(-C / ε) diag(v) of an entropic solve, given by log u and log v."""

    def __init__(self, a: Floats, b: Floats, C: Floats, reg: float, raw: Any, f: Floats, g: Floats) -> None:
        self.a, self.b, self.costs, self.reg, self.raw = a, b, C, reg, raw
        self.f, self.g = f, g
        self._plan: Floats | None = None

    @property
    def log_u(self) -> Floats:
        """log u, -inf where there is no mass."""
        with np.errstate(divide="ignore"):
            return self.f / self.reg + np.log(self.a) - 0.5 * np.log(self.a.sum())  # type: ignore[no-any-return]

    @property
    def log_v(self) -> Floats:
        """log v, -inf where there is no mass."""
        with np.errstate(divide="ignore"):
            return self.g / self.reg + np.log(self.b) - 0.5 * np.log(self.a.sum())  # type: ignore[no-any-return]

    @property
    def plan(self) -> Floats:
        """The plan, of shape (n, m)."""
        if self._plan is None:
            self._plan = self.raw.plan()
        return self._plan

    @property
    def cost(self) -> float:
        """⟨C, P⟩."""
        return float(self.raw.transport_cost)

    @property
    def iterations(self) -> int:
        """Passes over the matrix."""
        return int(self.raw.iterations)

    @property
    def error(self) -> float:
        """The Euclidean norm of what the plan misses of b, as POT's ``err``."""
        return float(np.linalg.norm(self.plan.sum(0) - self.b))

    def pull(self, cotangent: Floats, direct: Floats | None = None) -> list[Floats | float]:
        """Derivatives by a, b, C and ε of a function of the plan whose derivative by the plan is ``cotangent``.

        By the implicit function theorem: P = exp((f ⊕ g - C) / ε) with both marginals fixed. ``direct`` is what the function
        depends on C beside the plan.
        """
        P = self.plan
        W = P * cotangent
        rows, columns = P.sum(1), P.sum(0)
        safe_rows = np.where(rows > 0, rows, 1.0)
        # [diag(r) P; Pᵀ diag(c)] [x; y] = [W 1; Wᵀ 1], singular along (1, -1): the Schur complement with a rank-one shift.
        schur = np.diag(columns) - P.T @ (P / safe_rows[:, None])
        total = columns.sum()
        schur += np.outer(columns, columns) / total
        np.fill_diagonal(schur, np.diag(schur) + np.where(columns > 0, 0.0, 1.0))
        y = np.linalg.solve(schur, W.sum(0) - P.T @ (W.sum(1) / safe_rows))
        x = (W.sum(1) - P @ y) / safe_rows
        by_costs = P * (x[:, None] + y[None, :] - cotangent) / self.reg
        by_reg = -float((by_costs * self.costs).sum()) / self.reg
        if direct is not None:
            by_costs = by_costs + direct
        return [x - x.mean(), y - y.mean(), by_costs, by_reg]


def _start(a: Floats, b: Floats, reg: float, warm: Any) -> tuple[list[float], list[float]]:
    """Our potentials of POT's log u and log v."""
    half = 0.5 * np.log(a.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        f = reg * (np.asarray(warm[0], dtype=np.float64) - np.log(a) + half)
        g = reg * (np.asarray(warm[1], dtype=np.float64) - np.log(b) + half)
    f, g = (np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0) for one in (f, g))
    return f.tolist(), g.tolist()


class _Exact:
    """Stands for the end of an entropic solve whose ε is 0."""

    def __init__(self, found: _exact.Found, shape: tuple[int, int]) -> None:
        self.transport_cost, self.iterations, self.status = found.cost, found.pivots, "converged"
        self.plan = lambda: found.dense(*shape)


UNDERFLOWS = 800.0
"""A cost that is higher by so many ε has a share of 0 in double precision."""


def _with_forbidden(
    a: Floats, b: Floats, C: Floats, reg: float, numItermax: float, stopThr: float, warn: bool, warm: Sequence[Any] | None
) -> Entropic:
    """The plan that has nothing where costs are infinite: a cost stands in for which nothing goes there."""
    allowed = C < np.inf
    given = C[allowed]
    if not given.size:
        raise NotServed("only infinite costs in entropic transport")
    instead = given.max() + 2.0 * (given.max() - given.min()) + UNDERFLOWS * reg
    found = solve(a, b, np.where(allowed, C, instead), reg, numItermax, stopThr, warn, warm)
    if found.plan[~allowed].sum() > 1e-12 * a.sum():
        raise NotServed("infinite costs in entropic transport that next to no plan avoids")
    return found


def solve(
    a: Floats,
    b: Floats,
    C: Floats,
    reg: float,
    numItermax: float,
    stopThr: float,
    warn: bool,
    warm: Sequence[Any] | None = None,
) -> Entropic:
    """The entropic plan. It warns as POT does where it did not converge, and where ``reg`` is 0 it is the exact plan."""
    if not np.isfinite(C.sum()):
        if np.isnan(C).any():
            i, j = (int(k) for k in np.argwhere(np.isnan(C))[0])
            raise InputError(f"M: entry ({i}, {j}) is NaN")
        if not 0 < reg < np.inf or not (C > -np.inf).all():
            raise NotServed("infinite costs in entropic transport")
        return _with_forbidden(a, b, C, reg, numItermax, stopThr, warn, warm)
    if reg < 0 or not np.isfinite(reg):
        raise InputError(f"reg: it is {reg}, but a positive number is needed")
    if reg == 0:
        warnings.warn("reg: it is 0, where POT has numerical errors; the exact plan is returned", stacklevel=4)
        found = _exact.solve_matrix(a, b, C)
        return Entropic(a, b, C, np.finfo(float).tiny, _Exact(found, (len(a), len(b))), found.u, found.v)
    start = None if warm is None else _start(a, b, reg, warm)
    raw = _native.sinkhorn_solve_matrix(C, a, b, options(reg, float(a.sum()), numItermax, stopThr, start))
    if warn and raw.status != "converged":
        warnings.warn(NOT_CONVERGED, stacklevel=4)
    f, g = raw.potentials()
    return Entropic(a, b, C, reg, raw, f, g)
