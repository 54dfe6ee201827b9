"""scikit-learn and torch, where they are installed; adversarial training and the metrics of generative models."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import earthwork as ew


def test_scikit_learn(clouds):
    pytest.importorskip("sklearn")
    from sklearn.base import clone
    from sklearn.svm import SVC

    rng = np.random.default_rng(0)
    bags = [rng.normal(size=(30, 2)) + [2.0 * (k % 2), 0.0] for k in range(12)]
    kernel = ew.sklearn.pairwise_kernel(bags)
    assert np.allclose(kernel, kernel.T) and np.allclose(np.diag(kernel), 1.0)
    labels = [k % 2 for k in range(12)]
    assert SVC(kernel="precomputed").fit(kernel, labels).score(kernel, labels) == 1.0
    distances = ew.sklearn.pairwise_distances(bags, p=1)
    assert distances[0, 1] == pytest.approx(ew.exact.wasserstein(bags[0], bags[1], p=1).value, rel=1e-12)
    test = clone(ew.sklearn.TwoSampleTest(permutations=99)).fit(clouds[0])
    assert test.differs(clouds[1]) and test.get_params()["by"] == "energy"
    middle = ew.sklearn.WassersteinBarycenter(points=10).fit(bags)
    assert middle.transform(bags).shape == (12, 1) and middle.barycenter_.shape == (10, 2)
    soft = ew.sklearn.WassersteinBarycenter(points=10, epsilon=0.5, steps=5).fit(bags[:2])
    assert np.diff(soft.values_).max() <= 0


def test_torch(clouds):
    torch = pytest.importorskip("torch")
    X, Y = clouds
    x = torch.tensor(X, requires_grad=True)
    a = torch.full((80,), 1 / 80, dtype=torch.float64, requires_grad=True)
    loss = ew.torch.wasserstein_loss(x, torch.tensor(Y), a)
    assert loss.item() == pytest.approx(ew.exact.solve(X, Y).value, rel=1e-12)
    loss.sqrt().backward()
    expected = ew.exact.solve(X, Y).gradient().X / (2 * loss.item() ** 0.5)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-12)
    assert abs(a.grad.sum().item()) <= 1e-9
    single = torch.tensor(X, dtype=torch.float32, requires_grad=True)
    ew.torch.sinkhorn_loss(single, torch.tensor(Y), epsilon=1.0).backward()
    assert single.grad.shape == (80, 2) and ew.exact.solve(single, Y).value == pytest.approx(loss.item(), rel=1e-5)


def test_metrics_of_generative_models():
    rng = np.random.default_rng(1)
    real, fake, far = rng.normal(size=(300, 2)), rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + 4.0
    near, away = ew.metrics.evaluate(real, fake), ew.metrics.evaluate(real, far)
    for key, grows in ew.metrics.KEYS.items():
        if key == "one_nn":  # best at one half
            assert abs(away[key].value - 0.5) > abs(near[key].value - 0.5)
        else:
            assert (away[key].value > near[key].value) == grows, key
    moments = [(s.mean(axis=0), np.cov(s.T)) for s in (real, far)]
    fid = ew.metrics.metric("fid").between(ew.samples(real), ew.samples(far))
    assert fid.value == pytest.approx(ew.closed_form.bures_wasserstein(*moments).value ** 2, rel=0.05)
    scores = ew.metrics.prdc(real, fake, k=5)
    assert scores.precision.value > 0.9 and scores.coverage.value > 0.9
    assert ew.metrics.memorisation(real, real, held_out=fake).value == 1.0
    even = np.eye(4)[np.arange(40) % 4]
    assert ew.metrics.inception_score(even, splits=1).value == pytest.approx(4.0, rel=1e-9)
    assert ew.metrics.mode_score(even, np.full(4, 0.25)).value == pytest.approx(4.0, rel=1e-9)
    mixture = ([[0.0, 0.0], [4.0, 4.0]], [np.eye(2)] * 2, [0.5, 0.5])
    found = ew.metrics.modes(mixture, fake)
    assert found.modes == 2 and sum(found.counts) == round(300 * found.high_quality.value) and found.counts[0] > 280
    with pytest.raises(ValueError, match="key: unknown discrepancy `fids`"):
        ew.metrics.metric("fids")


def test_adversarial_training():
    options = dict(every=10, points=64, batch=32, seed=3)
    seen = []
    training = ew.gan.fit("ring8", "wgan-gp", steps=20, report=seen.append, **options)
    assert seen == training.records and training.status == "converged"
    assert (training.curve("certified") <= training.curve("w1")).all()
    assert training.generate(50).shape == (50, 2) and training.critic(training.generate(7)).shape == (7,)
    assert training.floor().w1.value > 0 and training.floor().metrics == {} and training.correlations() == {}
    again = ew.gan.fit("ring8", "wgan-gp", steps=20, **options)
    assert (again.generate(50) == training.generate(50)).all()
    resumed = ew.gan.fit("ring8", "wgan-gp", steps=20, checkpoint=training.checkpoint(), **options)
    assert (resumed.generate(50) == training.generate(50)).all()
    points, classes = ew.gan.toy("moons", 400, seed=1)
    told = ew.gan.fit(points, "hinge+spectral", steps=5, labels=classes, conditional=True, **options)
    assert told.generate(9, of_class=1).shape == (9, 2)
    for call, message in [
        (lambda: ew.gan.fit("rings", steps=1), "data: unknown toy distribution `rings`"),
        (lambda: ew.gan.fit("ring8", "wgann", steps=1), "method"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_trainings_log_any_metric():
    options = dict(steps=12, every=3, points=64, batch=32, seed=3)
    plain = ew.gan.fit("ring8", **options)
    everything = ew.gan.fit("ring8", metrics="all", **options)
    assert everything.checkpoint() == plain.checkpoint()  # what is measured changes nothing
    assert list(everything.records[0]["metrics"]) == [key for key in ew.metrics.KEYS if key not in ("w1", "w2")]

    def first(real, fake):
        return float(np.linalg.norm(real[0] - fake[0]))

    own = ew.gan.fit("ring8", metrics=["fid", "recall:3", first, ew.kernel.energy(), "recall:99"], **options)
    keys = ["fid", "recall:3", "first", "energy", "recall:99"]
    assert list(own.floor().metrics) == keys and list(own.correlations()) == keys
    assert own.records[-1]["metrics"]["recall:99"] is None and np.isnan(own.curve("recall:99")).all()
    assert own.correlations()["recall:99"] is None
    assert (own.curve("fid") == everything.curve("fid")).all()
    assert own.records[-1]["metrics"]["fid"].std_error > 0
    ranks = [scipy.stats.rankdata(own.curve(key)[1:]) for key in ("fid", "w1")]
    assert own.correlations()["fid"] == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-12)
    pandas = pytest.importorskip("pandas")
    table = own.to_pandas()
    assert len(table) == 5 and (table["fid"] == own.curve("fid")).all() and pandas.notna(table["fid_std_error"]).all()
    with pytest.raises(ValueError, match="^metrics: unknown discrepancy `fiddle`"):
        ew.gan.fit("ring8", steps=1, metrics=["fiddle"])
    with pytest.raises(TypeError, match="^metrics: entry 0 is 3"):
        ew.gan.fit("ring8", steps=1, metrics=[3])
