"""What the estimators of domain adaptation share: plans that carry points."""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork.pot.utils import (
    BaseEstimator,
    check_params,
    cost_normalization,
    dist,
    label_normalization,
    labels_to_masks,
    unif,
)

__all__ = ["MISSING_LABEL", "BaseTransport", "batches", "carried", "distribution_estimation_uniform", "shares"]

MISSING_LABEL = -1
"""The label of points whose class is not known."""

def distribution_estimation_uniform(X: Any) -> Any:
    """Uniform weights: 1 / n for each of the n points."""
    return unif(X.shape[0], type_as=X)


def shares(nx: Any, plan: Any) -> Any:
    """Each row of a plan as parts of 1; rows without mass are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return nx.nan_to_num(plan / nx.sum(plan, axis=1)[:, None], nan=0, posinf=0, neginf=0)


def batches(count: int, size: int) -> list[slice]:
    return [slice(at, at + size) for at in range(0, count, size)]


def carried(nx: Any, plan: Any, points: Any, known: Any, new: Any, batch_size: int) -> Any:
    """Where a plan sends points: to barycenters, and new ones as far as the nearest point that is known."""
    moved = nx.dot(shares(nx, plan), points)
    if nx.array_equal(known, new):
        return moved
    shift, parts = moved - known, []
    for at in batches(new.shape[0], batch_size):
        parts.append(new[at] + shift[nx.argmin(dist(new[at], known), axis=1), :])
    return nx.concatenate(parts, axis=0)


class BaseTransport(BaseEstimator):
    """What all estimators share. ``fit`` leaves ``coupling_``, ``cost_``, ``mu_s``, ``mu_t``, ``xs_`` and ``xt_``."""

    metric: Any = "sqeuclidean"
    norm: Any = None
    limit_max: Any = np.inf
    distribution_estimation: Any

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns from source and target points; labels that both sides know keep classes apart, -1 being no label."""
        nx = self._get_backend(Xs, ys, Xt, yt)
        if not check_params(Xs=Xs, Xt=Xt):
            return self
        costs, self.norm_cost_ = cost_normalization(dist(Xs, Xt, metric=self.metric), self.norm, return_value=True)
        if ys is not None and yt is not None:
            if self.limit_max != np.inf:
                self.limit_max = self.limit_max * nx.max(costs)
            first, second = nx.to_numpy(ys)[:, None], nx.to_numpy(yt)[None, :]
            apart = (first != second) & (first != MISSING_LABEL) & (second != MISSING_LABEL)
            least = nx.from_numpy(np.where(apart, float(self.limit_max), -np.inf), type_as=costs)
            costs = nx.maximum(costs, least)
        self.cost_ = costs
        self.mu_s, self.mu_t = self.distribution_estimation(Xs), self.distribution_estimation(Xt)
        self.xs_, self.xt_ = Xs, Xt
        return self

    def _kept(self, found: Any, logged: bool) -> Any:
        self.coupling_, self.log_ = found if logged else (found, {})
        return self

    def fit_transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns, and carries the source points to the target."""
        return self.fit(Xs, ys, Xt, yt).transform(Xs, ys, Xt, yt)

    def transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None, batch_size: int = 128) -> Any:
        """Source points carried to the target; points that are not those of ``fit`` follow their nearest one."""
        if not check_params(Xs=Xs):
            return None
        return carried(self.nx, self.coupling_, self.xt_, self.xs_, Xs, batch_size)

    def inverse_transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None, batch_size: int = 128) -> Any:
        """Target points carried to the source."""
        if not check_params(Xt=Xt):
            return None
        return carried(self.nx, self.coupling_.T, self.xs_, self.xt_, Xt, batch_size)

    def transform_labels(self, ys: Any = None) -> Any:
        """The classes of target points as parts of 1, of shape (points, classes), from labels of the source."""
        return self._labels(ys, self.coupling_.T) if check_params(ys=ys) else None

    def inverse_transform_labels(self, yt: Any = None) -> Any:
        """The classes of source points, from labels of the target."""
        return self._labels(yt, self.coupling_) if check_params(yt=yt) else None

    def _labels(self, labels: Any, plan: Any) -> Any:
        parts = shares(self.nx, plan)
        return self.nx.dot(parts, labels_to_masks(label_normalization(labels), nx=self.nx, type_as=parts))
