"""Transport between Gaussian mixtures whose plans are mixtures too, under POT's names.

Delon, Desolneux, "A Wasserstein-type distance in the space of Gaussian mixture models", SIAM J. Imaging Sci. 13 (2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from earthwork.pot._errors import InputError
from earthwork.pot.backend import get_backend
from earthwork.pot.gaussian import bures_wasserstein_barycenter, bures_wasserstein_mapping
from earthwork.pot._emd import emd, emd2
from earthwork.pot.utils import dist

__all__ = [
    "dist_bures_squared",
    "gaussian_logpdf",
    "gaussian_pdf",
    "gmm_barycenter_fixed_point",
    "gmm_ot_apply_map",
    "gmm_ot_loss",
    "gmm_ot_plan",
    "gmm_ot_plan_density",
    "gmm_pdf",
]


def gaussian_logpdf(x: Any, m: Any, C: Any) -> Any:
    """The logarithm of a Gaussian's density at points (..., d)."""
    if not x.shape[-1] == m.shape[-1] == C.shape[-1] == C.shape[-2]:
        raise InputError(f"Dimension mismatch: x, m and C have shapes {tuple(x.shape)}, {tuple(m.shape)} and {tuple(C.shape)}")
    nx = get_backend(x, m, C)
    gaps = x - m
    squares = nx.sum(gaps * (gaps @ nx.inv(C)), axis=-1)
    return -0.5 * (m.shape[0] * np.log(2 * np.pi) + nx.slogdet(C)[1] + squares)


def gaussian_pdf(x: Any, m: Any, C: Any) -> Any:
    """A Gaussian's density at points (..., d)."""
    return get_backend(x, m, C).exp(gaussian_logpdf(x, m, C))


def _logs(x: Any, m: Any, C: Any, nx: Any) -> Any:
    """The logarithms of the densities of k Gaussians at points (n, d): (n, k)."""
    return nx.stack([gaussian_logpdf(x, m[k], C[k]) for k in range(m.shape[0])], axis=-1)


def gmm_pdf(x: Any, m: Any, C: Any, w: Any) -> Any:
    """The density of a mixture with means m (k, d), covariances C (k, d, d) and weights w (k,) at points (..., d)."""
    if not m.shape[0] == C.shape[0] == w.shape[0]:
        raise InputError("All GMM parameters must have the same amount of components")
    nx = get_backend(x, m, C, w)
    return nx.sum(w * nx.exp(_logs(x, m, C, nx)), axis=-1)


def dist_bures_squared(m_s: Any, m_t: Any, C_s: Any, C_t: Any) -> Any:
    """Squared 2-Wasserstein distances between the components of two mixtures: (k, l)."""
    nx = get_backend(m_s, C_s, m_t, C_t)
    if m_s.shape[0] != C_s.shape[0]:
        raise InputError("Source GMM has different amount of components")
    if m_t.shape[0] != C_t.shape[0]:
        raise InputError("Target GMM has different amount of components")
    if not m_s.shape[-1] == m_t.shape[-1] == C_s.shape[-1] == C_t.shape[-1]:
        raise InputError("All GMMs must have the same dimension")
    root = nx.sqrtm(C_s)
    crossed = nx.trace(nx.sqrtm(nx.einsum("ikl,jlm,imn->ijkn", root, C_t, root)))
    squared = dist(m_s, m_t) + nx.trace(C_s)[:, None] + nx.trace(C_t)[None, :] - 2 * crossed
    return nx.maximum(squared, 0.0)


def _costs(m_s: Any, m_t: Any, C_s: Any, C_t: Any, w_s: Any, w_t: Any) -> Any:
    get_backend(m_s, C_s, w_s, m_t, C_t, w_t)
    if m_s.shape[0] != w_s.shape[0]:
        raise InputError("Source GMM has different amount of components")
    if m_t.shape[0] != w_t.shape[0]:
        raise InputError("Target GMM has different amount of components")
    return dist_bures_squared(m_s, m_t, C_s, C_t)


def gmm_ot_loss(m_s: Any, m_t: Any, C_s: Any, C_t: Any, w_s: Any, w_t: Any, log: bool = False) -> Any:
    """The squared mixture-Wasserstein distance, differentiable by all that is given."""
    return emd2(w_s, w_t, _costs(m_s, m_t, C_s, C_t, w_s, w_t), log=log)


def gmm_ot_plan(m_s: Any, m_t: Any, C_s: Any, C_t: Any, w_s: Any, w_t: Any, log: bool = False) -> Any:
    """How much of each component goes to each: (k, l)."""
    return emd(w_s, w_t, _costs(m_s, m_t, C_s, C_t, w_s, w_t), log=log)


def gmm_ot_apply_map(
    x: Any, m_s: Any, m_t: Any, C_s: Any, C_t: Any, w_s: Any, w_t: Any, plan: Any = None, method: str = "bary", seed: Any = None
) -> Any:
    """Points x (n, d) of the first mixture moved to the second: to the mean (``bary``) or one draw (``rand``) of where they go."""
    nx = get_backend(x, m_s, m_t, C_s, C_t, w_s, w_t, plan)
    if method not in ("bary", "rand"):
        raise ValueError(f"method: {method!r} is neither 'bary' nor 'rand'")
    plan = gmm_ot_plan(m_s, m_t, C_s, C_t, w_s, w_t) if plan is None else plan
    used = [(int(i), int(j)) for i, j in zip(*nx.where(plan > 0), strict=True)]
    maps = {(i, j): bures_wasserstein_mapping(m_s[i], m_t[j], C_s[i], C_t[j]) for i, j in used}
    logs = _logs(x, m_s, C_s, nx)
    joint = logs + nx.log(w_s)
    # How likely each component has made each point, and from there each pair of components.
    shares = nx.exp(logs - nx.logsumexp(joint, axis=1)[:, None])
    if method == "bary":
        moved = [shares[:, i, None] * plan[i, j] * (nx.dot(x, maps[i, j][0]) + maps[i, j][1]) for i, j in used]
        return sum(moved[1:], moved[0])
    rng = np.random.RandomState(seed)
    k, m = plan.shape
    chances = nx.to_numpy(nx.detach(shares[:, :, None] * plan[None])).astype(np.float64).reshape(len(x), k * m)
    out = []
    for point, chance in zip(x, chances, strict=True):
        A, b = maps[divmod(int(rng.choice(k * m, p=chance / chance.sum())), m)]
        out.append(nx.dot(point, A) + b)
    return nx.stack(out)


def gmm_ot_plan_density(
    x: Any, y: Any, m_s: Any, m_t: Any, C_s: Any, C_t: Any, w_s: Any, w_t: Any, plan: Any = None, atol: float = 1e-2
) -> Any:
    """The density of the plan at pairs (n, m): at a pair closer than ``atol`` to the graph of a component's map, else 0."""
    if x.shape[-1] != y.shape[-1]:
        raise InputError("x (n, d) and y (m, d) must have the same dimension d")
    nx = get_backend(x, y, m_s, m_t, C_s, C_t, w_s, w_t)
    plan = gmm_ot_plan(m_s, m_t, C_s, C_t, w_s, w_t) if plan is None else plan
    total: Any = nx.zeros((x.shape[0], y.shape[0]), type_as=x)
    for i in range(m_s.shape[0]):
        density = gaussian_pdf(x, m_s[i], C_s[i])[:, None]
        for j in range(m_t.shape[0]):
            A, b = bures_wasserstein_mapping(m_s[i], m_t[j], C_s[i], C_t[j])
            near = dist(nx.dot(x, A) + b, y, metric="euclidean") < atol
            total = total + plan[i, j] * density * near
    return total


def gmm_barycenter_fixed_point(
    means_list: Any,
    covs_list: Any,
    w_list: Any,
    means_init: Any,
    covs_init: Any,
    weights: Any,
    w_bar: Any = None,
    iterations: int = 100,
    log: bool = False,
    barycentric_proj_method: str = "euclidean",
) -> Any:
    """Means and covariances of n components, with weights ``w_bar``, whose distances to the mixtures are locally least."""
    if barycentric_proj_method not in ("euclidean", "bures"):
        raise ValueError(f"Unknown barycentric_proj_method {barycentric_proj_method!r}: it is neither 'euclidean' nor 'bures'")
    nx = get_backend(means_init, covs_init, means_list[0], covs_list[0], w_list[0], weights)
    n = means_init.shape[0]
    w_bar = nx.full((n,), 1.0 / n, type_as=means_init) if w_bar is None else w_bar
    means, covs = nx.copy(means_init), nx.copy(covs_init)
    told = {"means_its": [nx.copy(means)], "covs_its": [nx.copy(covs)]}
    for _ in range(iterations):
        parts: list[Any] = []
        for m, C, w in zip(means_list, covs_list, w_list, strict=True):
            shares = gmm_ot_plan(means, m, covs, C, w_bar, w) / w_bar[:, None]
            if barycentric_proj_method == "euclidean":
                parts.append((nx.dot(shares, m), nx.einsum("ij,jab->iab", shares, C)))
            else:
                pairs = [bures_wasserstein_barycenter(m, C, shares[i]) for i in range(n)]
                parts.append((nx.stack([mean for mean, _ in pairs]), nx.stack([cov for _, cov in pairs])))
        found = [
            bures_wasserstein_barycenter(nx.stack([m[i] for m, _ in parts]), nx.stack([C[i] for _, C in parts]), weights)
            for i in range(n)
        ]
        means, covs = nx.stack([m for m, _ in found]), nx.stack([C for _, C in found])
        if log:
            told["means_its"].append(nx.copy(means))
            told["covs_its"].append(nx.copy(covs))
    return (means, covs, told) if log else (means, covs)
