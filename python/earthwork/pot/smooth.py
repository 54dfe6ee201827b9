"""Smooth and sparse transport under POT's names: duals that L-BFGS maximizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

from earthwork._inputs import Floats
from earthwork.pot._arrays import floats
from earthwork.pot.backend import get_backend
from earthwork.pot.utils import projection_sparse_simplex

__all__ = [
    "NegEntropy",
    "Regularization",
    "SparsityConstrained",
    "SquaredL2",
    "dual_obj_grad",
    "get_plan_from_dual",
    "get_plan_from_semi_dual",
    "projection_simplex",
    "semi_dual_obj_grad",
    "smooth_ot_dual",
    "smooth_ot_semi_dual",
    "solve_dual",
    "solve_semi_dual",
]


def projection_simplex(V: Any, z: Any = 1, axis: int | None = None) -> Any:
    """The nearest points of simplices scaled by ``z``: of each row (axis 1), each column (axis 0), or all of V."""
    if axis == 0:
        return projection_simplex(V.T, z, axis=1).T
    if axis is None:
        return projection_simplex(V.ravel().reshape(1, -1), z, axis=1).ravel()
    ordered = np.sort(V, axis=1)[:, ::-1]
    above = np.cumsum(ordered, axis=1) - (np.ones(len(V)) * z)[:, None]
    held = np.count_nonzero(ordered - above / (np.arange(V.shape[1]) + 1) > 0, axis=1)
    return np.maximum(V - (above[np.arange(len(V)), held - 1] / held)[:, None], 0)


class Regularization:
    """A regularizer Ω of columns with weight ``gamma``: what its conjugates are at each column, and their gradients."""

    def __init__(self, gamma: float = 1.0) -> None:
        self.gamma = gamma

    def delta_Omega(self, X: Any) -> tuple[Any, Any]:
        """sup over y ≥ 0 of ⟨y, x⟩ - Ω(y) of each column x, and where it is reached."""
        raise NotImplementedError

    def max_Omega(self, X: Any, b: Any) -> tuple[Any, Any]:
        """sup over the simplex of ⟨y, x⟩ - Ω(b y) / b of each column x, and where it is reached."""
        raise NotImplementedError

    def Omega(self, T: Any) -> Any:
        """Ω of a plan."""
        raise NotImplementedError


class NegEntropy(Regularization):
    """γ Σ y log y."""

    def delta_Omega(self, X: Any) -> tuple[Any, Any]:
        """γ Σ exp(x / γ - 1), and its terms over γ."""
        G = np.exp(X / self.gamma - 1)
        return self.gamma * G.sum(axis=0), G

    def max_Omega(self, X: Any, b: Any) -> tuple[Any, Any]:
        """A soft maximum, and its weights."""
        top = X.max(axis=0) / self.gamma
        powers = np.exp(X / self.gamma - top)
        total = powers.sum(axis=0)
        return self.gamma * (np.log(total) + top - np.log(b)), powers / total

    def Omega(self, T: Any) -> Any:
        """γ Σ T log T, where entries that are 0 count nothing."""
        held = T[T > 0]
        return self.gamma * np.sum(held * np.log(held))


class SquaredL2(Regularization):
    """γ / 2 Σ y²."""

    def delta_Omega(self, X: Any) -> tuple[Any, Any]:
        """Σ max(x, 0)² / 2 γ, and max(x, 0) / γ."""
        positive = np.maximum(X, 0)
        return np.sum(positive**2, axis=0) / (2 * self.gamma), positive / self.gamma

    def max_Omega(self, X: Any, b: Any) -> tuple[Any, Any]:
        """By a projection onto the simplex."""
        return self._at(projection_simplex(X / (b * self.gamma), axis=0), X, b)

    def _at(self, G: Any, X: Any, b: Any) -> tuple[Any, Any]:
        return (X * G).sum(axis=0) - 0.5 * self.gamma * b * (G * G).sum(axis=0), G

    def Omega(self, T: Any) -> Any:
        """γ / 2 Σ T²."""
        return 0.5 * self.gamma * np.sum(T**2)


class SparsityConstrained(SquaredL2):
    """The same, with at most ``max_nz`` entries of a column that are not 0."""

    def __init__(self, max_nz: int, gamma: float = 1.0) -> None:
        super().__init__(gamma)
        self.max_nz = max_nz

    def delta_Omega(self, X: Any) -> tuple[Any, Any]:
        """As for squares, of the largest entries alone. As in POT, X is changed: all others are set to 0."""
        others = np.argpartition(-X, self.max_nz, axis=0)[self.max_nz :]
        if X.ndim == 1:
            X[others] = 0.0
        else:
            X[others, np.arange(X.shape[1])] = 0.0
        return super().delta_Omega(X)

    def max_Omega(self, X: Any, b: Any) -> tuple[Any, Any]:
        """By a projection onto the sparse simplex."""
        return self._at(projection_sparse_simplex(X / (b * self.gamma), self.max_nz, axis=0), X, b)


def dual_obj_grad(alpha: Any, beta: Any, a: Any, b: Any, C: Any, regul: Any) -> tuple[Any, Any, Any]:
    """The smooth dual, and its gradients by both potentials."""
    values, G = regul.delta_Omega(alpha[:, None] + beta - C)
    return alpha @ a + beta @ b - values.sum(), a - G.sum(axis=1), b - G.sum(axis=0)


def semi_dual_obj_grad(alpha: Any, a: Any, b: Any, C: Any, regul: Any) -> tuple[Any, Any]:
    """The smooth semi-dual, and its gradient."""
    values, G = regul.max_Omega(alpha[:, None] - C, b)
    return alpha @ a - b @ values, a - G @ b


def _maximized(step: Any, size: int, method: str, tol: float, max_iter: int, verbose: bool) -> Any:
    options = {"maxiter": max_iter} | ({"disp": True} if verbose else {})
    return minimize(step, np.zeros(size), method=method, jac=True, tol=tol, options=options)


def solve_dual(
    a: Any, b: Any, C: Any, regul: Any, method: str = "L-BFGS-B", tol: float = 1e-3, max_iter: int = 500, verbose: bool = False
) -> tuple[Any, Any, Any]:
    """Both potentials that maximize the smooth dual, and what scipy says of the search."""
    n = len(a)

    def step(potentials: Floats) -> tuple[float, Floats]:
        value, by_alpha, by_beta = dual_obj_grad(potentials[:n], potentials[n:], a, b, C, regul)
        return -value, -np.concatenate((by_alpha, by_beta))

    found = _maximized(step, n + len(b), method, tol, max_iter, verbose)
    return found.x[:n], found.x[n:], found


def solve_semi_dual(
    a: Any, b: Any, C: Any, regul: Any, method: str = "L-BFGS-B", tol: float = 1e-3, max_iter: int = 500, verbose: bool = False
) -> tuple[Any, Any]:
    """The potential that maximizes the smooth semi-dual, and what scipy says of the search."""

    def step(alpha: Floats) -> tuple[float, Floats]:
        value, gradient = semi_dual_obj_grad(alpha, a, b, C, regul)
        return -value, -gradient

    found = _maximized(step, len(a), method, tol, max_iter, verbose)
    return found.x, found


def get_plan_from_dual(alpha: Any, beta: Any, C: Any, regul: Any) -> Any:
    """The plan of both potentials."""
    return regul.delta_Omega(alpha[:, None] + beta - C)[1]


def get_plan_from_semi_dual(alpha: Any, b: Any, C: Any, regul: Any) -> Any:
    """The plan of one potential."""
    return regul.max_Omega(alpha[:, None] - C, b)[1] * b


def _regularizer(kind: str, reg: float, max_nz: int | None) -> Regularization:
    name = kind.lower()
    if name in ("l2", "squaredl2"):
        return SquaredL2(reg)
    if name in ("entropic", "negentropy", "kl"):
        return NegEntropy(reg)
    if name in ("sparsity_constrained", "sparsity-constrained"):
        if not isinstance(max_nz, int):
            raise ValueError(f"max_nz {max_nz} must be an integer")
        return SparsityConstrained(max_nz, reg)
    raise NotImplementedError("Unknown regularization")


def smooth_ot_dual(
    a: Any,
    b: Any,
    M: Any,
    reg: float,
    reg_type: str = "l2",
    method: str = "L-BFGS-B",
    stopThr: float = 1e-9,
    numItermax: int = 500,
    verbose: bool = False,
    log: bool = False,
    max_nz: int | None = None,
) -> Any:
    """The plan of the smooth dual with the regularizer ``l2``, ``kl`` or ``sparsity_constrained``."""
    nx = get_backend(a, b, M)
    regul = _regularizer(reg_type, reg, max_nz)
    first, second, C = floats(a), floats(b), floats(M)
    alpha, beta, found = solve_dual(first, second, C, regul, method, stopThr, numItermax, verbose)
    plan = nx.from_numpy(get_plan_from_dual(alpha, beta, C, regul), type_as=M)
    if not log:
        return plan
    return plan, {"alpha": nx.from_numpy(alpha, type_as=a), "beta": nx.from_numpy(beta, type_as=b), "res": found}


def smooth_ot_semi_dual(
    a: Any,
    b: Any,
    M: Any,
    reg: float,
    reg_type: str = "l2",
    max_nz: int | None = None,
    method: str = "L-BFGS-B",
    stopThr: float = 1e-9,
    numItermax: int = 500,
    verbose: bool = False,
    log: bool = False,
) -> Any:
    """The plan of the smooth semi-dual, which meets the masses of ``b`` exactly."""
    nx = get_backend(a, b, M)
    regul = _regularizer(reg_type, reg, max_nz)
    first, second, C = floats(a), floats(b), floats(M)
    alpha, found = solve_semi_dual(first, second, C, regul, method, stopThr, numItermax, verbose)
    plan = nx.from_numpy(get_plan_from_semi_dual(alpha, second, C, regul), type_as=M)
    return (plan, {"alpha": nx.from_numpy(alpha, type_as=a), "res": found}) if log else plan
