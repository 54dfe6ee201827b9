"""Domain adaptation by transport, under POT's names: estimators with ``fit``, ``transform`` and their inverses.

``transform`` carries the points of ``fit`` to the means of where their mass goes. New points follow their nearest point
(``out_of_sample_map="ferradans"``), or the entropic potentials (``"continuous"``).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from earthwork.pot._adaptation import emd_laplace, sinkhorn_l1l2_gl, sinkhorn_lpl1_mm
from earthwork.pot._carry import MISSING_LABEL, BaseTransport, batches, distribution_estimation_uniform, shares
from earthwork.pot._jcpot import jcpot_barycenter
from earthwork.pot._sinkhorn import sinkhorn
from earthwork.pot.gaussian import (
    empirical_bures_wasserstein_mapping,
    empirical_gaussian_gromov_wasserstein_mapping,
)
from earthwork.pot._emd import emd
from earthwork.pot.mapping import joint_OT_mapping_kernel, joint_OT_mapping_linear
from earthwork.pot.unbalanced import sinkhorn_unbalanced
from earthwork.pot.utils import (
    BaseEstimator,
    check_params,
    cost_normalization,
    deprecated,
    dist,
    kernel,
    label_normalization,
    labels_to_masks,
)

__all__ = [
    "MISSING_LABEL",
    "BaseTransport",
    "EMDLaplaceTransport",
    "EMDTransport",
    "JCPOTTransport",
    "LinearGWTransport",
    "LinearTransport",
    "MappingTransport",
    "OT_mapping_linear",
    "SinkhornL1l2Transport",
    "SinkhornLpl1Transport",
    "SinkhornTransport",
    "UnbalancedSinkhornTransport",
    "distribution_estimation_uniform",
    "emd_laplace",
    "jcpot_barycenter",
    "joint_OT_mapping_kernel",
    "joint_OT_mapping_linear",
    "sinkhorn_l1l2_gl",
    "sinkhorn_lpl1_mm",
]

OT_mapping_linear = deprecated()(empirical_bures_wasserstein_mapping)


class LinearTransport(BaseTransport):
    """The linear map between the normal distributions of source and target."""

    def __init__(
        self, reg: float = 1e-8, bias: bool = True, log: bool = False, distribution_estimation: Any = distribution_estimation_uniform
    ) -> None:
        self.bias = bias
        self.log = log
        self.reg = reg
        self.distribution_estimation = distribution_estimation

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the map ``A_``, ``B_`` and its inverse ``A1_``, ``B1_``."""
        nx = self._get_backend(Xs, ys, Xt, yt)
        self.mu_s, self.mu_t = self.distribution_estimation(Xs), self.distribution_estimation(Xt)
        ws, wt = (nx.reshape(one, (-1, 1)) for one in (self.mu_s, self.mu_t))
        self.A_, self.B_, self.log_ = empirical_bures_wasserstein_mapping(
            Xs, Xt, reg=self.reg, ws=ws, wt=wt, bias=self.bias, log=True
        )
        self.log_ = self.log_ if self.log else {}
        self.A1_ = nx.inv(self.A_)
        self.B1_ = -nx.dot(self.B_, self.A1_)
        return self

    def transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None, batch_size: int = 128) -> Any:
        """Source points through the map."""
        return self.nx.dot(Xs, self.A_) + self.B_ if check_params(Xs=Xs) else None

    def inverse_transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None, batch_size: int = 128) -> Any:
        """Target points through its inverse."""
        return self.nx.dot(Xt, self.A1_) + self.B1_ if check_params(Xt=Xt) else None


class LinearGWTransport(LinearTransport):
    """The linear map between normal distributions of different dimensions, in the sense of Gromov and Wasserstein."""

    def __init__(
        self, log: bool = False, sign_eigs: Any = None, distribution_estimation: Any = distribution_estimation_uniform
    ) -> None:
        self.sign_eigs = sign_eigs
        self.log = log
        self.distribution_estimation = distribution_estimation

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the map and the one that leads back."""
        self._get_backend(Xs, ys, Xt, yt)
        self.mu_s, self.mu_t = self.distribution_estimation(Xs), self.distribution_estimation(Xt)
        ws, wt = self.mu_s[:, None], self.mu_t[:, None]
        there: Any = empirical_gaussian_gromov_wasserstein_mapping(Xs, Xt, ws=ws, wt=wt, sign_eigs=self.sign_eigs, log=self.log)
        back: Any = empirical_gaussian_gromov_wasserstein_mapping(Xt, Xs, ws=wt, wt=ws, sign_eigs=self.sign_eigs, log=self.log)
        self.A_, self.B_ = there[0], there[1]
        self.A1_, self.B1_ = back[0], back[1]
        self.log_ = there[2] if self.log else {}
        if self.log:
            self.log_1_ = back[2]
        return self


class SinkhornTransport(BaseTransport):
    """Entropic transport; new points go where its potentials send them."""

    def __init__(
        self,
        reg_e: float = 1.0,
        method: str = "sinkhorn_log",
        max_iter: int = 1000,
        tol: float = 10e-9,
        verbose: bool = False,
        log: bool = False,
        metric: Any = "sqeuclidean",
        norm: Any = None,
        distribution_estimation: Any = distribution_estimation_uniform,
        out_of_sample_map: str = "continuous",
        limit_max: Any = np.inf,
    ) -> None:
        if out_of_sample_map not in ["ferradans", "continuous"]:
            raise ValueError("Unknown out_of_sample_map method")
        self.reg_e = reg_e
        self.method = method
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.log = log
        self.metric = metric
        self.norm = norm
        self.limit_max = limit_max
        self.distribution_estimation = distribution_estimation
        self.out_of_sample_map = out_of_sample_map

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the entropic plan."""
        super().fit(Xs, ys, Xt, yt)
        if self.out_of_sample_map == "continuous":
            self.log = True
            if self.method != "sinkhorn_log":
                self.method = "sinkhorn_log"
                warnings.warn(
                    "The method has been set to 'sinkhorn_log' as it is the only method available for out_of_sample_map='continuous'",
                    stacklevel=2,
                )
        found = sinkhorn(
            a=self.mu_s,
            b=self.mu_t,
            M=self.cost_,
            reg=self.reg_e,
            method=self.method,
            numItermax=self.max_iter,
            stopThr=self.tol,
            verbose=self.verbose,
            log=self.log,
        )
        return self._kept(found, self.log)

    def _continued(self, new: Any, points: Any, potential: Any, batch_size: int) -> Any:
        nx, parts = self.nx, []
        for at in batches(new.shape[0], batch_size):
            costs = cost_normalization(dist(new[at], points, metric=self.metric), self.norm, value=self.norm_cost_)
            logs = potential[None, :] - costs / self.reg_e
            # The largest share of a row is 1, so that no row is without mass however far off its point is.
            powers = nx.exp(logs - nx.max(logs, axis=1)[:, None])
            parts.append(nx.dot(powers, points) / nx.sum(powers, axis=1)[:, None])
        return nx.concatenate(parts, axis=0)

    def transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None, batch_size: int = 128) -> Any:
        """Source points carried to the target, new ones too."""
        if self.out_of_sample_map == "ferradans":
            return super().transform(Xs, ys, Xt, yt, batch_size)
        return self._continued(Xs, self.xt_, self.log_["log_v"], batch_size)

    def inverse_transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None, batch_size: int = 128) -> Any:
        """Target points carried to the source."""
        if self.out_of_sample_map == "ferradans":
            return super().inverse_transform(Xs, ys, Xt, yt, batch_size)
        return self._continued(Xt, self.xs_, self.log_["log_u"], batch_size)


class EMDTransport(BaseTransport):
    """Exact transport."""

    def __init__(
        self,
        metric: Any = "sqeuclidean",
        norm: Any = None,
        log: bool = False,
        distribution_estimation: Any = distribution_estimation_uniform,
        out_of_sample_map: str = "ferradans",
        limit_max: Any = 10,
        max_iter: int = 100000,
    ) -> None:
        self.metric = metric
        self.norm = norm
        self.log = log
        self.limit_max = limit_max
        self.distribution_estimation = distribution_estimation
        self.out_of_sample_map = out_of_sample_map
        self.max_iter = max_iter

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the exact plan."""
        super().fit(Xs, ys, Xt, yt)
        return self._kept(emd(a=self.mu_s, b=self.mu_t, M=self.cost_, numItermax=self.max_iter, log=self.log), self.log)


class _ByClass(BaseTransport):
    """Entropic transport with a price on mixing classes."""

    def __init__(
        self,
        reg_e: float = 1.0,
        reg_cl: float = 0.1,
        max_iter: int = 10,
        max_inner_iter: int = 200,
        tol: float = 10e-9,
        verbose: bool = False,
        log: bool = False,
        metric: Any = "sqeuclidean",
        norm: Any = None,
        distribution_estimation: Any = distribution_estimation_uniform,
        out_of_sample_map: str = "ferradans",
        limit_max: Any = 10,
    ) -> None:
        self.reg_e = reg_e
        self.reg_cl = reg_cl
        self.max_iter = max_iter
        self.max_inner_iter = max_inner_iter
        self.tol = tol
        self.verbose = verbose
        self.log = log
        self.metric = metric
        self.norm = norm
        self.distribution_estimation = distribution_estimation
        self.out_of_sample_map = out_of_sample_map
        self.limit_max = limit_max

    _solve: Any = None

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the plan; labels of the source are needed."""
        if not check_params(Xs=Xs, Xt=Xt, ys=ys):
            return self
        super().fit(Xs, ys, Xt, yt)
        found = self._solve(
            a=self.mu_s,
            labels_a=ys,
            b=self.mu_t,
            M=self.cost_,
            reg=self.reg_e,
            eta=self.reg_cl,
            numItermax=self.max_iter,
            numInnerItermax=self.max_inner_iter,
            stopInnerThr=self.tol,
            verbose=self.verbose,
            log=self.log,
        )
        return self._kept(found, self.log)


class SinkhornLpl1Transport(_ByClass):
    """Entropic transport with the root of each class's share priced: targets take from few classes."""

    _solve = staticmethod(sinkhorn_lpl1_mm)

    def __init__(
        self,
        reg_e: float = 1.0,
        reg_cl: float = 0.1,
        max_iter: int = 10,
        max_inner_iter: int = 200,
        log: bool = False,
        tol: float = 10e-9,
        verbose: bool = False,
        metric: Any = "sqeuclidean",
        norm: Any = None,
        distribution_estimation: Any = distribution_estimation_uniform,
        out_of_sample_map: str = "ferradans",
        limit_max: Any = np.inf,
    ) -> None:
        super().__init__(
            reg_e, reg_cl, max_iter, max_inner_iter, tol, verbose, log, metric, norm, distribution_estimation, out_of_sample_map, limit_max
        )


class SinkhornL1l2Transport(_ByClass):
    """Entropic transport with the norm of each class's masses priced."""

    _solve = staticmethod(sinkhorn_l1l2_gl)


class EMDLaplaceTransport(BaseTransport):
    """Exact transport that moves neighbours alike."""

    def __init__(
        self,
        reg_type: str = "pos",
        reg_lap: float = 1.0,
        reg_src: float = 1.0,
        metric: Any = "sqeuclidean",
        norm: Any = None,
        similarity: str = "knn",
        similarity_param: Any = None,
        max_iter: int = 100,
        tol: float = 1e-9,
        max_inner_iter: int = 100000,
        inner_tol: float = 1e-9,
        log: bool = False,
        verbose: bool = False,
        distribution_estimation: Any = distribution_estimation_uniform,
        out_of_sample_map: str = "ferradans",
    ) -> None:
        self.reg = reg_type
        self.reg_lap = reg_lap
        self.reg_src = reg_src
        self.metric = metric
        self.norm = norm
        self.similarity = similarity
        self.sim_param = similarity_param
        self.max_iter = max_iter
        self.tol = tol
        self.max_inner_iter = max_inner_iter
        self.inner_tol = inner_tol
        self.log = log
        self.verbose = verbose
        self.distribution_estimation = distribution_estimation
        self.out_of_sample_map = out_of_sample_map

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the plan."""
        super().fit(Xs, ys, Xt, yt)
        found = emd_laplace(
            a=self.mu_s,
            b=self.mu_t,
            xs=self.xs_,
            xt=self.xt_,
            M=self.cost_,
            sim=self.similarity,
            sim_param=self.sim_param,
            reg=self.reg,
            eta=self.reg_lap,
            alpha=self.reg_src,
            numItermax=self.max_iter,
            stopThr=self.tol,
            numInnerItermax=self.max_inner_iter,
            stopInnerThr=self.inner_tol,
            log=self.log,
            verbose=self.verbose,
        )
        return self._kept(found, self.log)


class UnbalancedSinkhornTransport(BaseTransport):
    """Entropic transport that may leave mass behind, at the price ``reg_m``."""

    def __init__(
        self,
        reg_e: float = 1.0,
        reg_m: float = 0.1,
        method: str = "sinkhorn",
        max_iter: int = 10,
        tol: float = 1e-9,
        verbose: bool = False,
        log: bool = False,
        metric: Any = "sqeuclidean",
        norm: Any = None,
        distribution_estimation: Any = distribution_estimation_uniform,
        out_of_sample_map: str = "ferradans",
        limit_max: Any = 10,
    ) -> None:
        self.reg_e = reg_e
        self.reg_m = reg_m
        self.method = method
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.log = log
        self.metric = metric
        self.norm = norm
        self.distribution_estimation = distribution_estimation
        self.out_of_sample_map = out_of_sample_map
        self.limit_max = limit_max

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the plan."""
        if not check_params(Xs=Xs, Xt=Xt):
            return self
        super().fit(Xs, ys, Xt, yt)
        found = sinkhorn_unbalanced(
            a=self.mu_s,
            b=self.mu_t,
            M=self.cost_,
            reg=self.reg_e,
            reg_m=self.reg_m,
            method=self.method,
            numItermax=self.max_iter,
            stopThr=self.tol,
            verbose=self.verbose,
            log=self.log,
        )
        return self._kept(found, self.log)


class MappingTransport(BaseEstimator):
    """A plan and a map, linear or of a Gaussian kernel, estimated together; new points go through the map."""

    def __init__(
        self,
        mu: float = 1,
        eta: float = 0.001,
        bias: bool = False,
        metric: Any = "sqeuclidean",
        norm: Any = None,
        kernel: str = "linear",
        sigma: float = 1,
        max_iter: int = 100,
        tol: float = 1e-5,
        max_inner_iter: int = 10,
        inner_tol: float = 1e-6,
        log: bool = False,
        verbose: bool = False,
        verbose2: bool = False,
    ) -> None:
        self.metric = metric
        self.norm = norm
        self.mu = mu
        self.eta = eta
        self.bias = bias
        self.kernel = kernel
        self.sigma = sigma
        self.max_iter = max_iter
        self.tol = tol
        self.max_inner_iter = max_inner_iter
        self.inner_tol = inner_tol
        self.log = log
        self.verbose = verbose
        self.verbose2 = verbose2

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns ``coupling_`` and ``mapping_``."""
        self._get_backend(Xs, ys, Xt, yt)
        if not check_params(Xs=Xs, Xt=Xt):
            return self
        self.xs_, self.xt_ = Xs, Xt
        common: dict[str, Any] = {
            "mu": self.mu,
            "eta": self.eta,
            "bias": self.bias,
            "verbose": self.verbose,
            "verbose2": self.verbose2,
            "numItermax": self.max_iter,
            "numInnerItermax": self.max_inner_iter,
            "stopThr": self.tol,
            "stopInnerThr": self.inner_tol,
            "log": True,
        }
        if self.kernel == "gaussian":
            found = joint_OT_mapping_kernel(Xs, Xt, sigma=self.sigma, **common)
        elif self.kernel == "linear":
            found = joint_OT_mapping_linear(Xs, Xt, **common)
        else:
            raise ValueError(f"kernel: {self.kernel!r} is neither 'linear' nor 'gaussian'")
        self.coupling_, self.mapping_, told = found
        self.log_ = told if self.log else {}
        return self

    def transform(self, Xs: Any) -> Any:
        """Points of ``fit`` to the means of where their mass goes, others through the map."""
        nx = self.nx
        if not check_params(Xs=Xs):
            return None
        if nx.array_equal(self.xs_, Xs):
            return nx.dot(shares(nx, self.coupling_), self.xt_)
        features = kernel(Xs, self.xs_, method=self.kernel, sigma=self.sigma) if self.kernel == "gaussian" else Xs
        if self.bias:
            features = nx.concatenate([features, nx.ones((Xs.shape[0], 1), type_as=features)], axis=1)
        return nx.dot(features, self.mapping_)


class JCPOTTransport(BaseTransport):
    """Several labelled sources and a target whose proportions of classes differ."""

    def __init__(
        self,
        reg_e: float = 0.1,
        max_iter: int = 10,
        tol: float = 10e-9,
        verbose: bool = False,
        log: bool = False,
        metric: Any = "sqeuclidean",
        out_of_sample_map: str = "ferradans",
    ) -> None:
        self.reg_e = reg_e
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.log = log
        self.metric = metric
        self.out_of_sample_map = out_of_sample_map

    def fit(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None) -> Any:
        """Learns the proportions of the target and a plan from each source. ``Xs`` and ``ys`` are lists."""
        self._get_backend(*Xs, *ys, Xt, yt)
        if not check_params(Xs=Xs, Xt=Xt, ys=ys):
            return self
        self.xs_, self.xt_ = Xs, Xt
        # POT does not pass max_iter on: its limit is always 100.
        found = jcpot_barycenter(
            Xs=Xs, Ys=ys, Xt=Xt, reg=self.reg_e, metric=self.metric, stopThr=self.tol, verbose=self.verbose, log=True
        )
        self.coupling_ = found[1]["gamma"]
        self.proportions_, self.log_ = found if self.log else (found, {})
        return self

    def transform(self, Xs: Any = None, ys: Any = None, Xt: Any = None, yt: Any = None, batch_size: int = 128) -> Any:
        """The points of each source carried to the target, as a list; or new points, which follow their nearest one."""
        nx = self.nx
        if not check_params(Xs=Xs):
            return None
        moved = [nx.dot(shares(nx, plan), self.xt_) for plan in self.coupling_]
        if isinstance(Xs, (list, tuple)) and all(nx.allclose(x, y) for x, y in zip(self.xs_, Xs, strict=True)):
            return moved
        known = nx.concatenate(self.xs_, axis=0)
        shift, parts = nx.concatenate(moved, axis=0) - known, []
        for at in batches(Xs.shape[0], batch_size):
            parts.append(Xs[at] + shift[nx.argmin(dist(Xs[at], known), axis=1), :])
        return nx.concatenate(parts, axis=0)

    def transform_labels(self, ys: Any = None) -> Any:
        """The classes of target points from the labels of all sources."""
        nx = self.nx
        if not check_params(ys=ys):
            return None
        total: Any = 0
        for labels, plan in zip(ys, self.coupling_, strict=True):
            total = total + self._of_classes(labels, shares(nx, plan)) / len(ys)
        return total.T

    def _of_classes(self, labels: Any, parts: Any) -> Any:
        return self.nx.dot(labels_to_masks(label_normalization(labels), nx=self.nx, type_as=parts).T, parts)

    def inverse_transform_labels(self, yt: Any = None) -> Any:
        """The classes of the points of each source, as a list, from labels of the target."""
        if not check_params(yt=yt):
            return None
        return [self._of_classes(yt, shares(self.nx, plan).T).T for plan in self.coupling_]
