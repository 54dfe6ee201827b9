"""Transport between Gaussians in closed form, and of the Gaussians fitted to samples, under POT's names.

Works on arrays of numpy and, with derivatives, on tensors of torch. Roots are those of symmetric matrices, so that a singular
covariance or one that rounding makes slightly negative does no harm.
"""

from __future__ import annotations

import warnings
from typing import Any

from earthwork.pot._errors import InputError
from earthwork.pot._gromov_gaussian import (
    empirical_gaussian_gromov_wasserstein_distance,
    empirical_gaussian_gromov_wasserstein_mapping,
    gaussian_gromov_wasserstein_distance,
    gaussian_gromov_wasserstein_mapping,
)
from earthwork.pot._moments import moments, moments_hd
from earthwork.pot.backend import get_backend
from earthwork.pot._bures import (
    bures_barycenter_fixpoint,
    bures_barycenter_gradient_descent,
    bures_wasserstein_barycenter,
)
from earthwork.pot.utils import dots, is_all_finite, list_to_array

__all__ = [
    "bures_barycenter_fixpoint",
    "bures_barycenter_gradient_descent",
    "bures_distance",
    "bures_wasserstein_barycenter",
    "bures_wasserstein_distance",
    "bures_wasserstein_distance_hd",
    "bures_wasserstein_mapping",
    "bures_wasserstein_mapping_hd",
    "empirical_bures_wasserstein_barycenter",
    "empirical_bures_wasserstein_distance",
    "empirical_bures_wasserstein_distance_hd",
    "empirical_bures_wasserstein_mapping",
    "empirical_bures_wasserstein_mapping_hd",
    "empirical_gaussian_gromov_wasserstein_distance",
    "empirical_gaussian_gromov_wasserstein_mapping",
    "gaussian_gromov_wasserstein_distance",
    "gaussian_gromov_wasserstein_mapping",
]


def bures_wasserstein_mapping(ms: Any, mt: Any, Cs: Any, Ct: Any, log: bool = False) -> Any:
    """A (d, d) and b such that x ↦ x A + b is the optimal map between two Gaussians.

    >>> import numpy as np
    >>> import earthwork.pot as ot
    >>> A, b = ot.gaussian.bures_wasserstein_mapping(np.zeros(1), np.ones(1), np.eye(1), 4 * np.eye(1))
    >>> float(A[0, 0]), float(b[0])
    (2.0, 1.0)
    """
    ms, mt, Cs, Ct = list_to_array(ms, mt, Cs, Ct)
    nx = get_backend(ms, mt, Cs, Ct)
    root = nx.sqrtm(Cs)
    inverse = nx.inv(root)
    A = dots(inverse, nx.sqrtm(dots(root, Ct, root)), inverse)
    b = mt - nx.dot(ms, A)
    return (A, b, {"Cs12": root, "Cs12inv": inverse}) if log else (A, b)


def _root_hd(U: Any, large: Any, small: Any, nx: Any) -> Any:
    """The root of U diag(large) Uᵀ + small I."""
    lifted = nx.sqrt(large + small) - nx.sqrt(small)
    return nx.dot(U * lifted, U.T) + nx.sqrt(small) * nx.eye(U.shape[0], type_as=U)


def _matrix_hd(U: Any, large: Any, small: Any, nx: Any) -> Any:
    return nx.dot(U * large, U.T) + small * nx.eye(U.shape[0], type_as=U)


def bures_wasserstein_mapping_hd(
    ms: Any, mt: Any, Us: Any, Ut: Any, ls: Any, lt: Any, sigma2_s: Any, sigma2_t: Any, log: bool = False
) -> Any:
    """The optimal map between Gaussians with covariances U diag(l) Uᵀ + σ² I: A and b of x ↦ x A + b."""
    nx = get_backend(ms, mt, Us, Ut)
    root = _root_hd(Us, ls, sigma2_s, nx)
    lowered = 1.0 / nx.sqrt(ls + sigma2_s) - 1.0 / nx.sqrt(sigma2_s)
    inverse = nx.dot(Us * lowered, Us.T) + nx.eye(Us.shape[0], type_as=Us) / nx.sqrt(sigma2_s)
    A = dots(inverse, nx.sqrtm(dots(root, _matrix_hd(Ut, lt, sigma2_t, nx), root)), inverse)
    b = mt - nx.dot(ms, A)
    return (A, b, {"Ss_sq": root, "Ss_sqinv": inverse}) if log else (A, b)


def _told_of(name: str, given: bool, nx: Any, *found: Any) -> None:
    if given and not is_all_finite(*found):
        told = "Consider increasing the regularization parameter `reg`"
        told += " or reducing the intrinsic dimensions ds/dt." if name.endswith("_hd") else "."
        warnings.warn(f"Numerical errors were encountered in ot.gaussian.{name}. {told}", stacklevel=3)


def empirical_bures_wasserstein_mapping(
    xs: Any, xt: Any, reg: Any = 1e-6, ws: Any = None, wt: Any = None, bias: bool = True, log: bool = False
) -> Any:
    """The optimal map between the Gaussians of two samples: A (d, d) and b (1, d) of x ↦ x A + b.

    ``reg`` is added to the covariances' diagonals; without ``bias`` the means count as 0.
    """
    xs, xt = list_to_array(xs, xt)
    nx = get_backend(xs, xt)
    (ms, Cs), (mt, Ct) = moments(xs, ws, bias, reg, nx), moments(xt, wt, bias, reg, nx)
    A, b, told = bures_wasserstein_mapping(ms, mt, Cs, Ct, log=True)
    _told_of("empirical_bures_wasserstein_mapping", is_all_finite(xs, xt), nx, A, b)
    return (A, b, told | {"Cs": Cs, "Ct": Ct}) if log else (A, b)


def _dimensions(d_intrinsic: Any) -> tuple[int, int]:
    return (d_intrinsic, d_intrinsic) if isinstance(d_intrinsic, int) else tuple(d_intrinsic)


def empirical_bures_wasserstein_mapping_hd(
    xs: Any, xt: Any, d_intrinsic: Any, reg: Any = 0.0, ws: Any = None, wt: Any = None, bias: bool = True, log: bool = False
) -> Any:
    """The optimal map between samples' Gaussians whose covariances have ``d_intrinsic`` large eigenvalues, all others equal."""
    nx = get_backend(xs, xt)
    ds, dt = _dimensions(d_intrinsic)
    (ms, Us, ls, small_s), (mt, Ut, lt, small_t) = moments_hd(xs, ws, bias, reg, ds, nx), moments_hd(xt, wt, bias, reg, dt, nx)
    A, b, told = bures_wasserstein_mapping_hd(ms, mt, Us, Ut, ls, lt, small_s, small_t, log=True)
    _told_of("empirical_bures_wasserstein_mapping_hd", is_all_finite(xs, xt), nx, A, b)
    if not log:
        return A, b
    return A, b, told | {"Us": Us, "Ut": Ut, "ls": ls, "lt": lt, "sigma2_s": small_s, "sigma2_t": small_t}


def bures_distance(Cs: Any, Ct: Any, paired: bool = False, log: bool = False, nx: Any = None) -> Any:
    """The Bures distance of covariances (d, d); for (n, d, d) and (m, d, d) all distances (n, m), or (n,) with ``paired``."""
    Cs, Ct = list_to_array(Cs, Ct)
    nx = nx or get_backend(Cs, Ct)
    if Cs.shape[-1] != Ct.shape[-1]:
        raise InputError(f"All Gaussian must have the same dimension, not {Cs.shape[-1]} and {Ct.shape[-1]}")
    root = nx.sqrtm(Cs)
    if Cs.ndim == 2 and Ct.ndim == 2:
        squared = nx.trace(Cs) + nx.trace(Ct) - 2 * nx.trace(nx.sqrtm(dots(root, Ct, root)))
    elif Cs.ndim != 3 or Ct.ndim != 3:
        raise InputError(f"Both Cs and Ct should be batched: they have {Cs.ndim} and {Ct.ndim} dimensions")
    elif paired:
        if len(Cs) != len(Ct):
            raise InputError(f"paired: there are {len(Cs)} and {len(Ct)} Gaussians; pairs need as many of each")
        products = nx.einsum("nij,njk,nkl->nil", root, Ct, root)
        squared = nx.trace(Cs) + nx.trace(Ct) - 2 * nx.trace(nx.sqrtm(products))
    else:
        products = nx.einsum("nij,mjk,nkl->nmil", root, Ct, root)
        squared = nx.trace(Cs)[:, None] + nx.trace(Ct)[None, :] - 2 * nx.trace(nx.sqrtm(products))
    W = nx.sqrt(nx.maximum(squared, 0.0))
    return (W, {"Cs12": root}) if log else W


def bures_wasserstein_distance(ms: Any, mt: Any, Cs: Any, Ct: Any, paired: bool = False, log: bool = False) -> Any:
    """The 2-Wasserstein distance of Gaussians; of n and m of them all distances (n, m), or (n,) with ``paired``.

    >>> import numpy as np
    >>> import earthwork.pot as ot
    >>> float(ot.gaussian.bures_wasserstein_distance(np.zeros(2), np.array([3.0, 4.0]), np.eye(2), np.eye(2)))
    5.0
    """
    ms, mt, Cs, Ct = list_to_array(ms, mt, Cs, Ct)
    nx = get_backend(ms, mt, Cs, Ct)
    if ms.shape[0] != Cs.shape[0] or mt.shape[0] != Ct.shape[0]:
        raise InputError("Source or target Gaussians has different amount of components: means and covariances do not fit")
    if not ms.shape[-1] == mt.shape[-1] == Cs.shape[-1] == Ct.shape[-1]:
        raise InputError("All Gaussian must have the same dimension")
    W, told = bures_distance(Cs, Ct, paired, True, nx)
    if ms.ndim == 1 and mt.ndim == 1:
        apart = nx.sum((ms - mt) ** 2)
    elif ms.ndim != 2 or mt.ndim != 2:
        raise InputError(f"Both ms and mt should be batched: they have {ms.ndim} and {mt.ndim} dimensions")
    elif paired:
        apart = nx.sum((ms - mt) ** 2, axis=-1)
    else:
        apart = nx.sum((ms[:, None] - mt[None]) ** 2, axis=-1)
    W = nx.sqrt(apart + W**2)
    return (W, told) if log else W


def bures_wasserstein_distance_hd(
    ms: Any, mt: Any, Us: Any, Ut: Any, ls: Any, lt: Any, sigma2_s: Any, sigma2_t: Any, log: bool = False
) -> Any:
    """The 2-Wasserstein distance of Gaussians with covariances U diag(l) Uᵀ + σ² I."""
    nx = get_backend(ms, mt, Us, Ut)
    root, target = _root_hd(Us, ls, sigma2_s, nx), _matrix_hd(Ut, lt, sigma2_t, nx)
    traces = nx.sum(ls) + nx.sum(lt) + Us.shape[0] * (sigma2_s + sigma2_t)
    squared = nx.sum((ms - mt) ** 2) + traces - 2 * nx.trace(nx.sqrtm(dots(root, target, root)))
    W = nx.sqrt(nx.maximum(squared, 0.0))
    return (W, {"Ss_sq": root, "St": target}) if log else W


def empirical_bures_wasserstein_distance(
    xs: Any, xt: Any, reg: Any = 1e-6, ws: Any = None, wt: Any = None, bias: bool = True, log: bool = False
) -> Any:
    """The 2-Wasserstein distance between the Gaussians of two samples; ``reg`` is added to the covariances' diagonals."""
    xs, xt = list_to_array(xs, xt)
    nx = get_backend(xs, xt)
    (ms, Cs), (mt, Ct) = moments(xs, ws, bias, reg, nx), moments(xt, wt, bias, reg, nx)
    W, told = bures_wasserstein_distance(ms[0], mt[0], Cs, Ct, log=True)
    return (W, told | {"Cs": Cs, "Ct": Ct}) if log else W


def empirical_bures_wasserstein_distance_hd(
    xs: Any, xt: Any, d_intrinsic: Any, reg: Any = 0.0, ws: Any = None, wt: Any = None, bias: bool = True, log: bool = False
) -> Any:
    """The distance between samples' Gaussians whose covariances have ``d_intrinsic`` large eigenvalues, all others equal."""
    nx = get_backend(xs, xt)
    ds, dt = _dimensions(d_intrinsic)
    (ms, Us, ls, small_s), (mt, Ut, lt, small_t) = moments_hd(xs, ws, bias, reg, ds, nx), moments_hd(xt, wt, bias, reg, dt, nx)
    W, told = bures_wasserstein_distance_hd(ms, mt, Us, Ut, ls, lt, small_s, small_t, log=True)
    _told_of("empirical_bures_wasserstein_distance_hd", is_all_finite(xs, xt), nx, W)
    return (W, told) if log else W


def empirical_bures_wasserstein_barycenter(
    X: Any,
    reg: Any = 1e-6,
    weights: Any = None,
    num_iter: int = 1000,
    eps: float = 1e-7,
    w: Any = None,
    bias: bool = True,
    log: bool = False,
) -> Any:
    """Mean and covariance of the barycenter of the Gaussians of several samples (with ``log`` also the log)."""
    samples = list_to_array(*X) if len(X) > 1 else [list_to_array(X[0])]
    nx = get_backend(*samples)
    found = [moments(x, None if w is None else w[k], bias, reg, nx) for k, x in enumerate(samples)]
    means = nx.stack([mean[0] for mean, _ in found])
    covariances = nx.stack([C for _, C in found])
    return bures_wasserstein_barycenter(means, covariances, weights, num_iter=num_iter, eps=eps, log=log)
