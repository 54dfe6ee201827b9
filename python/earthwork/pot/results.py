"""What the solvers under POT's names return: ``OTResult`` and plans that are computed block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

from earthwork.pot._arrays import torch_of
from earthwork.pot.backend import get_backend

__all__ = ["BaryResult", "LazyTensor", "OTResult", "get_lowrank_lazytensor", "reduce_lazytensor"]


class LazyTensor:
    """An array whose blocks are computed when they are asked for: ``tensor[0:10, :]``."""

    def __init__(self, shape: tuple[int, ...], getitem: Callable[..., Any], **kwargs: Any) -> None:
        self._getitem = getitem
        self.shape = shape
        self.ndim = len(shape)
        self.kwargs = kwargs
        self.__dict__.update(kwargs)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, (int, slice, tuple, type(Ellipsis))):
            raise NotImplementedError("a lazy tensor takes integers, slices and tuples of them")
        given = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in given:
            at = given.index(Ellipsis)
            given[at : at + 1] = [slice(None)] * (self.ndim - len(given) + 1)
        given += [slice(None)] * (self.ndim - len(given))
        return self._getitem(*given, **self.kwargs)

    def __repr__(self) -> str:
        return f"LazyTensor(shape={self.shape},attributes=({','.join(self.kwargs)}))"


class OTResult:
    """The end of a solve: value, plan, potentials."""

    def __init__(
        self,
        potentials: Any = None,
        value: Any = None,
        value_linear: Any = None,
        value_quad: Any = None,
        plan: Any = None,
        log: Any = None,
        backend: Any = None,
        sparse_plan: Any = None,
        lazy_plan: Any = None,
        status: Any = None,
        batch_size: int = 100,
    ) -> None:
        self.potentials = potentials
        self.value = value
        self.value_linear = value_linear
        self.value_quad = value_quad
        self._plan = plan
        self._sparse_plan = sparse_plan
        self.lazy_plan = lazy_plan
        self.log = log
        self.status = status
        self._backend = backend
        self._batch_size = batch_size

    def __repr__(self) -> str:
        parts = [f"{key}={value}" for key in ("value", "value_linear") if (value := getattr(self, key)) is not None]
        for key, plan in (("plan", self._plan), ("lazy_plan", self.lazy_plan)):
            if plan is not None:
                parts.append(f"{key}={type(plan).__name__}(shape={tuple(plan.shape)})")
        return f"OTResult({','.join(parts)})"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_backend": None}  # found again by the arrays

    @property
    def potential_a(self) -> Any:
        """The source's potential."""
        return None if self.potentials is None else self.potentials[0]

    @property
    def potential_b(self) -> Any:
        """The target's potential."""
        return None if self.potentials is None else self.potentials[1]

    @property
    def plan(self) -> Any:
        """The plan as a dense array, or None."""
        if self._plan is None and self._sparse_plan is not None:
            plan = self._sparse_plan
            return plan.toarray() if scipy.sparse.issparse(plan) else plan.to_dense()
        return self._plan

    @property
    def sparse_plan(self) -> Any:
        """The plan as a sparse matrix, or None."""
        if self._sparse_plan is not None or self._plan is None:
            return self._sparse_plan
        return self._plan.to_sparse() if torch_of(self._plan) is not None else scipy.sparse.csr_array(self._plan)

    def _marginal(self, axis: int) -> Any:
        plan = self._plan if self._plan is not None else self._sparse_plan
        if plan is not None:
            found = plan.sum(axis)
            return found.to_dense() if torch_of(found) is not None and found.is_sparse else found
        if self.lazy_plan is None:
            return None
        n = self.lazy_plan.shape[0]
        blocks = [self.lazy_plan[i : i + self._batch_size].sum(axis) for i in range(0, n, self._batch_size)]
        if axis == 0:
            return sum(blocks[1:], blocks[0])
        torch = torch_of(blocks[0])
        return np.concatenate(blocks) if torch is None else torch.cat(blocks)

    @property
    def marginals(self) -> Any:
        """Both marginals of the plan, or None."""
        return None if self.marginal_a is None else (self.marginal_a, self.marginal_b)

    @property
    def marginal_a(self) -> Any:
        """The row sums of the plan."""
        return self._marginal(1)

    @property
    def marginal_b(self) -> Any:
        """The column sums of the plan."""
        return self._marginal(0)

    @property
    def a_to_b(self) -> Any:
        """Not available, as in POT."""
        raise NotImplementedError("a_to_b")

    @property
    def b_to_a(self) -> Any:
        """Not available, as in POT."""
        raise NotImplementedError("b_to_a")

    @property
    def citation(self) -> str:
        """What to cite for the definitions and names."""
        return "Flamary et al., POT: Python Optimal Transport, Journal of Machine Learning Research 22(78):1-8, 2021."


def reduce_lazytensor(a: LazyTensor, func: Callable[..., Any], axis: int | None = None, nx: Any = None, batch_size: int = 100) -> Any:
    """``func`` (such as ``nx.sum``) of a lazy tensor along an axis, block by block; along all of them for None.

    For None the results of the blocks are added.
    """
    if axis not in (None, 0, 1):
        raise NotImplementedError("Only axis=None, 0 or 1 is implemented for now.")
    nx = nx or get_backend(a[0:1])
    if axis is None:
        blocks = [func(a[i : i + batch_size]) for i in range(0, a.shape[0], batch_size)]
        return sum(blocks[1:], blocks[0])
    if axis == 0:
        return nx.concatenate([func(a[:, j : j + batch_size], axis=0) for j in range(0, a.shape[1], batch_size)], axis=0)
    return nx.concatenate([func(a[i : i + batch_size], axis=1) for i in range(0, a.shape[0], batch_size)], axis=0)


def get_lowrank_lazytensor(Q: Any, R: Any, d: Any = None, nx: Any = None) -> LazyTensor:
    """The lazy tensor Q diag(d) Rᵀ."""
    given = {"Q": Q, "R": R} | ({} if d is None else {"d": d})
    return LazyTensor((Q.shape[0], R.shape[0]), _product, **given)


def _product(i: Any, j: Any, Q: Any, R: Any, d: Any = None) -> Any:
    """A block of Q diag(d) Rᵀ."""
    return get_backend(Q, R, d).dot(Q[i] if d is None else Q[i] * d, R[j].T)


class BaryResult:
    """The end of a barycenter solve: points ``X`` or costs ``C``, weights ``b``, values, and the transport to each measure."""

    def __init__(
        self,
        X: Any = None,
        C: Any = None,
        b: Any = None,
        value: Any = None,
        value_linear: Any = None,
        value_quad: Any = None,
        log: Any = None,
        list_res: Any = None,
        status: Any = None,
        backend: Any = None,
    ) -> None:
        self.X, self.C, self.b = X, C, b
        self.value, self.value_linear, self.value_quad = value, value_linear, value_quad
        self.log, self.list_res, self.status = log, list_res, status
        self._backend = backend

    def __repr__(self) -> str:
        parts = [f"{key}={value}" for key in ("value", "value_linear") if (value := getattr(self, key)) is not None]
        for key in ("X", "C", "b"):
            if (array := getattr(self, key)) is not None:
                parts.append(f"{key}={type(array).__name__}(shape={tuple(array.shape)})")
        return f"BaryResult({','.join(parts)})"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_backend": None}

    @property
    def citation(self) -> str:
        """What to cite for the definitions and names."""
        return OTResult().citation
