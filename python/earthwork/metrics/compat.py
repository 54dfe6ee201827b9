"""Metrics of generative models by the names, keys and conventions of prdc, pytorch-fid, clean-fid and torch-fidelity.

All take *features*, which the networks of those packages compute from images, or statistics of them that were stored; nothing is
downloaded and no image is read. Results are floats.

>>> import numpy as np
>>> from earthwork.metrics.compat import compute_prdc
>>> real = np.random.default_rng(0).normal(size=(200, 8))
>>> compute_prdc(real_features=real, fake_features=real + 100, nearest_k=5)
{'precision': 0.0, 'recall': 0.0, 'density': 0.0, 'coverage': 0.0}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
from scipy.special import log_softmax

from earthwork import _inputs
from earthwork._inputs import Floats
from earthwork.metrics import prdc

__all__ = [
    "calculate_fid_given_paths",
    "calculate_frechet_distance",
    "calculate_metrics",
    "compute_prdc",
    "fid_from_features",
    "kernel_distance",
    "load_statistics",
    "save_statistics",
]

FEATURES, LOGITS = "2048", "logits_unbiased"
"""The layers of torch-fidelity's Inception network."""

STORED = ("feats", "features", "arr_0", FEATURES)
"""Under which names files of arrays hold features; ``feats`` is clean-fid's."""


def compute_prdc(real_features: Any, fake_features: Any, nearest_k: int) -> dict[str, float]:
    """Precision, recall, density and coverage under the keys of the package prdc.

    Args:
        real_features: features of real images, of shape (n, d).
        fake_features: features of generated images, of shape (m, d).
        nearest_k: how many neighbors make a ball.

    In O((n + m) d) memory, where prdc holds three matrices of distances, and without its line of output.
    ``earthwork.metrics.prdc`` gives the same with standard errors.
    """
    found = prdc(_features("real_features", real_features), _features("fake_features", fake_features), _inputs.count("nearest_k", nearest_k))
    return {key: one.value for key, one in found._asdict().items()}


def _features(name: str, given: Any) -> Floats:
    """Features (n, d): an array, or a file of one (.npy, or .npz as clean-fid stores it)."""
    if isinstance(given, (str, os.PathLike)):
        stored = np.load(Path(given), allow_pickle=False)
        if not isinstance(stored, np.ndarray):
            with stored:
                held = next((key for key in STORED if key in stored.files), None)
                if held is None:
                    raise ValueError(f"{name}: {os.fspath(given)} holds {', '.join(stored.files)}, and no features ({', '.join(STORED)})")
                given = stored[held]
        else:
            given = stored
    found = _inputs.points(name, given)
    if not np.isfinite(found).all():
        at = tuple(int(k) for k in np.argwhere(~np.isfinite(found))[0])
        raise ValueError(f"{name}: entry {at} is {found[at]}")
    return found


def load_statistics(path: str | os.PathLike[str]) -> tuple[Floats, Floats]:
    """Mean (d,) and covariance (d, d) from a file with ``mu`` and ``sigma``, as pytorch-fid and clean-fid store them."""
    with np.load(Path(path), allow_pickle=False) as stored:
        absent = [key for key in ("mu", "sigma") if key not in stored.files]
        if absent:
            raise ValueError(f"path: {os.fspath(path)} holds {', '.join(stored.files) or 'nothing'}, and no `{absent[0]}`")
        return _moments("path", stored["mu"], stored["sigma"])


def save_statistics(path: str | os.PathLike[str], features: Any) -> None:
    """Stores mean and covariance (over n - 1) of features (n, d) where pytorch-fid and clean-fid can read them."""
    mu, sigma = _of_features("features", _features("features", features))
    np.savez_compressed(Path(path), mu=mu, sigma=sigma)


def _of_features(name: str, features: Floats) -> tuple[Floats, Floats]:
    if len(features) < 2:
        raise ValueError(f"{name}: it has {len(features)} rows; a covariance takes at least 2")
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def _moments(name: str, mu: Any, sigma: Any) -> tuple[Floats, Floats]:
    mean, covariance = np.atleast_1d(_inputs.floats(name, mu)), np.atleast_2d(_inputs.floats(name, sigma))
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise ValueError(f"{name}: mu has shape {mean.shape} and sigma {covariance.shape}; (d,) and (d, d) are needed")
    return mean, covariance


def _root(name: str, covariance: Floats) -> Floats:
    """A root R of a covariance, R Rᵀ = Σ."""
    if not np.isfinite(covariance).all():
        raise ValueError(f"{name}: it has numbers that are not finite")
    scale = np.abs(covariance).max(initial=0.0)
    skew = np.abs(covariance - covariance.T).max(initial=0.0)
    if skew > 1e-6 * scale:
        raise ValueError(f"{name}: it is not symmetric (by {skew:.3g})")
    values, vectors = scipy.linalg.eigh((covariance + covariance.T) / 2.0)
    if values[0] < -1e-5 * max(values[-1], 0.0) or values[-1] < 0.0:
        raise ValueError(f"{name}: it has the eigenvalue {values[0]:.3g}, but a covariance has none below 0")
    found: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return found


def calculate_frechet_distance(mu1: Any, sigma1: Any, mu2: Any, sigma2: Any, eps: float = 1e-6) -> float:
    """FID from statistics: ‖μ₁ - μ₂‖² + tr Σ₁ + tr Σ₂ - 2 tr (Σ₁ Σ₂)^½.

    The last trace is the sum of the singular values of R₁ᵀ R₂ with roots R of the covariances, which needs no offset where they are singular:
    ``eps`` is not used, and there is no imaginary part.

    Args:
        mu1, mu2: means, of shape (d,).
        sigma1, sigma2: covariances, of shape (d, d).
        eps: not used.

    >>> from earthwork.metrics.compat import calculate_frechet_distance
    >>> calculate_frechet_distance([0.0], [[1.0]], [3.0], [[25.0]])
    25.0
    """
    first, second = _moments("mu1", mu1, sigma1), _moments("mu2", mu2, sigma2)
    if first[0].shape != second[0].shape:
        raise ValueError(f"mu2: it has {len(second[0])} entries, but mu1 has {len(first[0])}")
    shift = first[0] - second[0]
    common = scipy.linalg.svdvals(_root("sigma1", first[1]).T @ _root("sigma2", second[1])).sum()
    found = float(shift @ shift + np.trace(first[1]) + np.trace(second[1]) - 2.0 * common)
    return max(found, 0.0)


def _statistics(name: str, given: Any) -> tuple[Floats, Floats]:
    """Mean and covariance: stored, given as a pair, or of features."""
    if isinstance(given, tuple) and len(given) == 2:
        return _moments(name, *given)
    if isinstance(given, (str, os.PathLike)) and Path(given).suffix == ".npz":
        with np.load(Path(given), allow_pickle=False) as stored:
            moments = {"mu", "sigma"} <= set(stored.files)
        if moments:
            return load_statistics(given)
    return _of_features(name, _features(name, given))


def fid_from_features(features1: Any, features2: Any) -> float:
    """FID of features, stored statistics, or one of each.

    Args:
        features1, features2: features (n, d); a pair (mu, sigma); or a file: ``.npz`` with ``mu`` and ``sigma`` or with features, or ``.npy``.

    >>> import numpy as np
    >>> from earthwork.metrics.compat import fid_from_features
    >>> points = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 0.0]])
    >>> round(fid_from_features(points, points + [3.0, 4.0]), 9)
    25.0
    """
    first, second = _statistics("features1", features1), _statistics("features2", features2)
    return calculate_frechet_distance(*first, *second)


def calculate_fid_given_paths(paths: Any, batch_size: int = 50, device: Any = None, dims: int | None = None) -> float:
    """FID of two files of statistics or features, under pytorch-fid's name. Folders of images are not read.

    ``batch_size`` and ``device`` are not used; ``dims`` is checked where it is given.
    """
    if isinstance(paths, (str, os.PathLike)) or len(paths) != 2:
        raise ValueError("paths: two files are needed")
    sides: list[tuple[Floats, Floats]] = []
    for k, path in enumerate(paths):
        if Path(path).is_dir():
            raise ValueError(f"paths[{k}]: {os.fspath(path)} is a folder; a file of statistics or features is needed")
        mean, covariance = _statistics(f"paths[{k}]", path)
        if dims is not None and len(mean) != dims:
            raise ValueError(f"paths[{k}]: its features have {len(mean)} dimensions, not {dims}")
        sides.append((mean, covariance))
    return calculate_frechet_distance(*sides[0], *sides[1])


def kernel_distance(
    features1: Any,
    features2: Any,
    *,
    kid_subsets: int = 100,
    kid_subset_size: int = 1000,
    kid_degree: int = 3,
    kid_gamma: float | None = None,
    kid_coef0: float = 1.0,
    rng_seed: int = 2020,
) -> tuple[float, float]:
    """KID of features or of files that hold them: the mean over subsets of the unbiased MMD² under (γ x·y + c)^degree, and their deviation.

    The subsets are those that torch-fidelity draws for the same seed, so that the two numbers are its as well. The deviation is that
    between subsets of one sample and no standard error; ``earthwork.metrics.kid`` states one.

    Args:
        features1, features2: features (n, d), or a file: ``.npy``, or ``.npz`` such as clean-fid's ``feats``.
        kid_subsets: how many subsets.
        kid_subset_size: how many rows of each side a subset has.
        kid_degree, kid_gamma, kid_coef0: the kernel; γ is 1 / d by default.
        rng_seed: the seed of the subsets.
    """
    first, second = _features("features1", features1), _features("features2", features2)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"features2: its rows have {second.shape[1]} numbers, but those of features1 have {first.shape[1]}")
    size, subsets = _inputs.count("kid_subset_size", kid_subset_size), _inputs.count("kid_subsets", kid_subsets)
    if size < 2 or subsets < 1:
        raise ValueError(f"kid_subset_size, kid_subsets: they are {size} and {subsets}; at least 2 and 1 are needed")
    if size > min(len(first), len(second)):
        raise ValueError(f"kid_subset_size: it is {size}, but features1 has {len(first)} rows and features2 {len(second)}")
    gamma = 1.0 / first.shape[1] if kid_gamma is None else _inputs.number("kid_gamma", kid_gamma)

    def kernel(X: Floats, Y: Floats) -> Floats:
        return np.asarray((X @ Y.T * gamma + kid_coef0) ** kid_degree)

    draws = np.random.RandomState(rng_seed)
    found = np.empty(subsets)
    for k in range(subsets):
        X = first[draws.choice(len(first), size, replace=False)]
        Y = second[draws.choice(len(second), size, replace=False)]
        within = [one.sum() - np.trace(one) for one in (kernel(X, X), kernel(Y, Y))]
        found[k] = sum(within) / (size * (size - 1)) - 2.0 * kernel(X, Y).mean()
    return float(found.mean()), float(found.std())


def _inception(logits: Floats, splits: int, shuffle: bool, seed: int) -> tuple[float, float]:
    """Mean and deviation over splits, of the rows in the order that torch-fidelity draws."""
    n = len(logits)
    if not 1 <= splits <= n:
        raise ValueError(f"isc_splits: it is {splits}, but there are {n} rows of logits")
    if shuffle:
        logits = logits[np.random.RandomState(seed).permutation(n)]
    logs = log_softmax(logits, axis=1)
    shares = np.exp(logs)
    scores = []
    for k in range(splits):
        part = slice(k * n // splits, (k + 1) * n // splits)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = shares[part] * (logs[part] - np.log(shares[part].mean(axis=0)))
        scores.append(np.exp(np.where(shares[part] > 0, terms, 0.0).sum(axis=1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


def _layer(name: str, given: Any, layer: str, asked: str) -> Any:
    """What an input says of one layer."""
    if isinstance(given, Mapping):
        if layer not in given:
            raise ValueError(f"{name}: {asked} takes its layer {layer!r}, but it has {', '.join(map(repr, given)) or 'none'}")
        return given[layer]
    if given is None:
        raise ValueError(f"{name}: {asked} needs it")
    if layer == LOGITS:
        raise ValueError(f"{name}: {asked} takes logits; give a dictionary with them under {LOGITS!r}")
    return given


def calculate_metrics(
    input1: Any,
    input2: Any = None,
    *,
    isc: bool = False,
    fid: bool = False,
    kid: bool = False,
    prc: bool = False,
    isc_splits: int = 10,
    kid_subsets: int = 100,
    kid_subset_size: int = 1000,
    kid_degree: int = 3,
    kid_gamma: float | None = None,
    kid_coef0: float = 1.0,
    prc_neighborhood: int = 3,
    samples_shuffle: bool = True,
    rng_seed: int = 2020,
    **unused: Any,
) -> dict[str, float]:
    """Metrics under torch-fidelity's keys and with its draws, from features in place of images.

    Args:
        input1, input2: features (n, d); a file of them; for ``fid`` also statistics, as in :func:`fid_from_features`; or a dictionary of
            layers, ``"2048"`` for features and ``"logits_unbiased"`` for logits. Precision and recall take ``input1`` as the real side.
        isc: the Inception score of ``input1``.
        fid: the Fréchet distance.
        kid: the kernel distance.
        prc: precision and recall. A point on the rim of a ball counts as outside.
        isc_splits, kid_subsets, kid_subset_size, kid_degree, kid_gamma, kid_coef0, prc_neighborhood, samples_shuffle, rng_seed: as there.
        unused: options of torch-fidelity about images, networks and output, which do not matter here (``cuda``, ``batch_size``,
            ``verbose``, ``save_cpu_ram``, ``cache`` and those that begin with ``input1_``, ``input2_``, ``feature_``, ``samples_`` or ``prc_``).

    >>> import numpy as np
    >>> from earthwork.metrics.compat import calculate_metrics
    >>> draws = np.random.default_rng(0)
    >>> found = calculate_metrics(draws.normal(size=(300, 4)), draws.normal(size=(300, 4)), fid=True, kid=True, kid_subset_size=100)
    >>> list(found)
    ['frechet_inception_distance', 'kernel_inception_distance_mean', 'kernel_inception_distance_std']
    """
    known = ("cuda", "batch_size", "verbose", "save_cpu_ram", "cache", "cache_root", "datasets_root", "datasets_download")
    for option in unused:
        if option not in known and not option.startswith(("input1_", "input2_", "feature_", "samples_", "prc_")):
            raise TypeError(f"{option}: calculate_metrics() has no such option")
    if not (isc or fid or kid or prc):
        raise ValueError("isc, fid, kid, prc: at least one of them has to be asked for")
    found: dict[str, float] = {}
    if isc:
        logits = _features("input1", _layer("input1", input1, LOGITS, "isc"))
        score = _inception(logits, _inputs.count("isc_splits", isc_splits), samples_shuffle, rng_seed)
        found |= {"inception_score_mean": score[0], "inception_score_std": score[1]}
    sides = [_layer(name, one, FEATURES, "fid, kid and prc") for name, one in (("input1", input1), ("input2", input2)) if fid or kid or prc]
    if fid:
        found["frechet_inception_distance"] = calculate_frechet_distance(*_statistics("input1", sides[0]), *_statistics("input2", sides[1]))
    if kid:
        mean, deviation = kernel_distance(
            *sides, kid_subsets=kid_subsets, kid_subset_size=kid_subset_size, kid_degree=kid_degree,
            kid_gamma=kid_gamma, kid_coef0=kid_coef0, rng_seed=rng_seed,
        )  # fmt: skip
        found |= {"kernel_inception_distance_mean": mean, "kernel_inception_distance_std": deviation}
    if prc:
        scores = prdc(_features("input1", sides[0]), _features("input2", sides[1]), _inputs.count("prc_neighborhood", prc_neighborhood))
        precision, recall = scores.precision.value, scores.recall.value
        harmonic = 2.0 * precision * recall / max(1e-5, precision + recall)
        found |= {"precision": precision, "recall": recall, "f_score": harmonic}
    return found
