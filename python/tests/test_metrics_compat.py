"""``earthwork.metrics.compat`` against the definitions of prdc, pytorch-fid and torch-fidelity, written out."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import cdist

from earthwork.metrics import compat

RNG = np.random.default_rng(11)
REAL, FAKE = RNG.normal(size=(150, 6)), 1.2 * RNG.normal(size=(130, 6)) + 0.3


def test_prdc():
    k = 4
    radii = [np.sort(cdist(side, side), axis=1)[:, k] for side in (REAL, FAKE)]
    between = cdist(REAL, FAKE)
    wanted = {
        "precision": (between < radii[0][:, None]).any(0).mean(),
        "recall": (between < radii[1][None, :]).any(1).mean(),
        "density": (between < radii[0][:, None]).sum(0).mean() / k,
        "coverage": (between.min(1) < radii[0]).mean(),
    }
    found = compat.compute_prdc(REAL, FAKE, nearest_k=k)
    assert list(found) == list(wanted) and all(type(one) is float for one in found.values())
    assert found == pytest.approx(wanted)
    assert compat.compute_prdc(real_features=REAL.astype(np.float32), fake_features=FAKE.tolist(), nearest_k=k) == pytest.approx(wanted, abs=0.02)


def frechet(m, S, n, T):
    return ((m - n) ** 2).sum() + np.trace(S + T - 2 * scipy.linalg.sqrtm(S @ T).real)


def test_fid_from_statistics(tmp_path):
    moments = [(side.mean(0), np.cov(side.T)) for side in (REAL, FAKE)]
    wanted = frechet(*moments[0], *moments[1])
    assert compat.calculate_frechet_distance(*moments[0], *moments[1]) == pytest.approx(wanted, rel=1e-9)
    compat.save_statistics(tmp_path / "real.npz", REAL)
    np.savez(tmp_path / "fake.npz", feats=FAKE)
    np.save(tmp_path / "fake.npy", FAKE)
    for other in (FAKE, moments[1], tmp_path / "fake.npz", str(tmp_path / "fake.npy")):
        assert compat.fid_from_features(tmp_path / "real.npz", other) == pytest.approx(wanted, rel=1e-9)
    np.testing.assert_allclose(compat.load_statistics(tmp_path / "real.npz")[1], moments[0][1])
    paths = [str(tmp_path / "real.npz"), str(tmp_path / "fake.npz")]
    assert compat.calculate_fid_given_paths(paths, 50, "cpu", 6) == pytest.approx(wanted, rel=1e-9)
    # Where there are fewer rows than dimensions the root of the product is the difficulty: here it is known.
    low = np.zeros((3, 3))
    low[0, 0] = 4.0
    assert compat.calculate_frechet_distance(np.zeros(3), low, np.zeros(3), np.eye(3)) == pytest.approx(4 + 3 - 2 * 2)
    assert compat.fid_from_features(REAL[:4], REAL[:4]) == pytest.approx(0.0, abs=1e-12)


def test_kernel_distance_has_torch_fidelitys_draws(tmp_path):
    draws, values = np.random.RandomState(2020), []
    for _ in range(7):
        x = REAL[draws.choice(150, 50, replace=False)]
        y = FAKE[draws.choice(130, 50, replace=False)]
        xx, yy, xy = ((p @ q.T / 6 + 1) ** 3 for p, q in ((x, x), (y, y), (x, y)))
        values.append((xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (50 * 49) - 2 * xy.mean())
    np.savez(tmp_path / "real_kid.npz", feats=REAL)
    found = compat.kernel_distance(tmp_path / "real_kid.npz", FAKE, kid_subsets=7, kid_subset_size=50)
    assert found == pytest.approx((np.mean(values), np.std(values)))


def test_torch_fidelitys_keys():
    logits = 2 * RNG.normal(size=(103, 5))
    shuffled = logits[np.random.RandomState(2020).permutation(103)]
    shares = np.exp(shuffled) / np.exp(shuffled).sum(1, keepdims=True)
    parts = [shares[k * 103 // 10 : (k + 1) * 103 // 10] for k in range(10)]
    scores = [np.exp((p * np.log(p / p.mean(0))).sum(1).mean()) for p in parts]
    found = compat.calculate_metrics(
        {"2048": REAL, "logits_unbiased": logits}, {"2048": FAKE}, isc=True, fid=True, kid=True, prc=True, kid_subset_size=50, cuda=False
    )
    assert set(found) == {
        "inception_score_mean", "inception_score_std", "frechet_inception_distance", "kernel_inception_distance_mean",
        "kernel_inception_distance_std", "precision", "recall", "f_score",
    }  # fmt: skip
    assert (found["inception_score_mean"], found["inception_score_std"]) == pytest.approx((np.mean(scores), np.std(scores)))
    balls = compat.compute_prdc(REAL, FAKE, 3)
    assert (found["precision"], found["recall"]) == (balls["precision"], balls["recall"])
    assert compat.calculate_metrics(REAL, (FAKE.mean(0), np.cov(FAKE.T)), fid=True) == pytest.approx(
        {"frechet_inception_distance": found["frechet_inception_distance"]}
    )


def test_what_does_not_fit_is_named(tmp_path):
    np.savez(tmp_path / "other.npz", mean=np.zeros(2))
    for call, message in [
        (lambda: compat.compute_prdc(REAL, FAKE[:, :5], 5), "fake"),
        (lambda: compat.calculate_frechet_distance(np.zeros(2), np.eye(3), np.zeros(2), np.eye(2)), "mu1: mu has shape"),
        (lambda: compat.calculate_frechet_distance(np.zeros(2), np.eye(2), np.zeros(3), np.eye(3)), "mu2: it has 3"),
        (lambda: compat.calculate_frechet_distance(np.zeros(2), -np.eye(2), np.zeros(2), np.eye(2)), "sigma1: it has the eigenvalue"),
        (lambda: compat.calculate_frechet_distance(np.zeros(2), [[1, 1], [0, 1]], np.zeros(2), np.eye(2)), "sigma1: it is not symmetric"),
        (lambda: compat.load_statistics(tmp_path / "other.npz"), "no `mu`"),
        (lambda: compat.fid_from_features(tmp_path / "other.npz", REAL), "no features"),
        (lambda: compat.kernel_distance(REAL, FAKE), "kid_subset_size: it is 1000"),
        (lambda: compat.calculate_metrics(REAL, FAKE), "at least one"),
        (lambda: compat.calculate_metrics(REAL, isc=True), "logits_unbiased"),
        (lambda: compat.calculate_metrics(REAL, fid=True), "input2"),
        (lambda: compat.calculate_fid_given_paths([str(tmp_path), REAL]), "folder"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="kid_subset: "):
        compat.calculate_metrics(REAL, FAKE, fid=True, kid_subset=3)
