"""Gromov-Wasserstein transport between Gaussians in closed form.

Delon, Desolneux, Salmona, "Gromov-Wasserstein distances between Gaussian distributions", J. Appl. Probab. 59 (2022).
"""

from __future__ import annotations

from typing import Any

from earthwork.pot._moments import centred, moments, ordered
from earthwork.pot.backend import get_backend
from earthwork.pot.utils import list_to_array

__all__ = [
    "empirical_gaussian_gromov_wasserstein_distance",
    "empirical_gaussian_gromov_wasserstein_mapping",
    "gaussian_gromov_wasserstein_distance",
    "gaussian_gromov_wasserstein_mapping",
]


def gaussian_gromov_wasserstein_distance(Cov_s: Any, Cov_t: Any, log: bool = False) -> Any:
    """The Gromov-Wasserstein distance among plans that are Gaussian, of covariances that may have different sizes."""
    nx = get_backend(Cov_s, Cov_t)
    if Cov_s.shape[0] < Cov_t.shape[0]:
        Cov_s, Cov_t = Cov_t, Cov_s
    n = Cov_t.shape[0]
    d_s, d_t = ordered(Cov_s, nx)[0], ordered(Cov_t, nx)[0]
    squared = 4 * (nx.sum(d_s) - nx.sum(d_t)) ** 2 + 8 * nx.sum((d_s[:n] - d_t) ** 2) + 8 * nx.sum(d_s[n:] ** 2)
    found = nx.sqrt(squared)
    return (found, {"d_s": d_s, "d_t": d_t}) if log else found


def empirical_gaussian_gromov_wasserstein_distance(xs: Any, xt: Any, ws: Any = None, wt: Any = None, log: bool = False) -> Any:
    """The Gromov-Wasserstein distance between the Gaussians of two samples."""
    xs, xt = list_to_array(xs, xt)
    nx = get_backend(xs, xt)
    Cs, Ct = moments(xs, ws, True, 0.0, nx)[1], moments(xt, wt, True, 0.0, nx)[1]
    found, told = gaussian_gromov_wasserstein_distance(Cs, Ct, log=True)
    return (found, told | {"Cov_s": Cs, "Cov_t": Ct}) if log else found


def gaussian_gromov_wasserstein_mapping(
    mu_s: Any, mu_t: Any, Cov_s: Any, Cov_t: Any, sign_eigs: Any = None, log: bool = False
) -> Any:
    """A and b of the optimal map x ↦ x A + b between Gaussians; ``sign_eigs`` chooses among the reflections."""
    nx = get_backend(mu_s, mu_t, Cov_s, Cov_t)
    (d_s, U_s), (d_t, U_t) = ordered(Cov_s, nx), ordered(Cov_t, nx)
    k = min(len(d_s), len(d_t))
    signs = nx.ones((k,), type_as=mu_s) if sign_eigs is None else sign_eigs
    A = nx.dot(U_s[:, :k] * (signs * nx.sqrt(d_t[:k]) / nx.sqrt(d_s[:k])), U_t[:, :k].T)
    b = mu_t - nx.dot(mu_s, A)
    return (A, b, {"d_s": d_s, "d_t": d_t, "U_s": U_s, "U_t": U_t}) if log else (A, b)


def empirical_gaussian_gromov_wasserstein_mapping(
    xs: Any, xt: Any, ws: Any = None, wt: Any = None, sign_eigs: Any = None, log: bool = False
) -> Any:
    """The same of two samples; ``sign_eigs="skewness"`` matches the signs of their third moments."""
    xs, xt = list_to_array(xs, xt)
    nx = get_backend(xs, xt)
    (mu_s, gaps_s, w_s), (mu_t, gaps_t, w_t) = centred(xs, ws, True, nx), centred(xt, wt, True, nx)
    Cs, Ct = nx.dot((gaps_s * w_s).T, gaps_s), nx.dot((gaps_t * w_t).T, gaps_t)
    if isinstance(sign_eigs, str) and sign_eigs == "skewness":
        k = min(xs.shape[1], xt.shape[1])
        skews = [
            nx.sum(nx.dot(gaps, ordered(C, nx)[1][:, :k]) ** 3 * w, axis=0) for gaps, C, w in ((gaps_s, Cs, w_s), (gaps_t, Ct, w_t))
        ]
        sign_eigs = nx.sign(skews[0] * skews[1])
    A, b, told = gaussian_gromov_wasserstein_mapping(mu_s, mu_t, Cs, Ct, sign_eigs, log=True)
    return (A, b, told | {"Cov_s": Cs, "Cov_t": Ct}) if log else (A, b)
