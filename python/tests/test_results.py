"""Results as numbers, in pickles, with warnings; functions of one's own; messages; losses for torch."""

from __future__ import annotations

import copy
import math
import pickle
import warnings

import numpy as np
import pytest

import earthwork as ew

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(40, 2)), rng.normal(size=(30, 2)) + 1
C = rng.random((12, 9))
RING = ew.mixture.ring(4)
POSTERIORS = np.eye(4)[np.arange(40) % 4]

NUMBERS = {
    "distance": lambda: ew.distance(X, Y),
    "estimate": lambda: ew.exact.wasserstein(X, Y),
    "solve": lambda: ew.exact.solve(X, Y),
    "partial": lambda: ew.exact.partial(X, Y, 0.5),
    "sinkhorn": lambda: ew.sinkhorn.solve(X, Y),
    "divergence": lambda: ew.sinkhorn.divergence(X, Y),
    "sliced": lambda: ew.sliced.distance(X, Y),
    "critic": lambda: ew.critic.fit(X, Y, steps=5),
    "exact dual": lambda: ew.critic.fit(X, Y, "exact-dual"),
}

RESULTS = {
    **NUMBERS,
    "samples": lambda: ew.samples(X, rng.random(40)),
    "distance with details": lambda: ew.distance(X, Y, "sinkhorn"),
    "compare": lambda: ew.compare(X, Y),
    "matrix": lambda: ew.exact.solve_matrix(C),
    "grid": lambda: ew.exact.solve_grid(np.ones((4, 4)), np.eye(4) * 4),
    "sinkhorn matrix": lambda: ew.sinkhorn.solve_matrix(C, epsilon=0.1),
    "unbalanced": lambda: ew.sinkhorn.unbalanced(X, Y, source=1.0, target=1.0, epsilon=0.5),
    "certificate": lambda: ew.certify(np.ones((12, 9)) / 108, C=C),
    "population": lambda: ew.exact.population(X, Y),
    "pairwise": lambda: ew.exact.pairwise([X, Y]),
    "barycenter": lambda: ew.exact.barycenter([X, Y], X[:5]),
    "test": lambda: ew.two_sample_test(X, Y, permutations=9),
    "interval": lambda: ew.interval(X, Y, by="energy", replicates=99),
    "laws": lambda: ew.laws("w1", cases=1),
    "standardised": lambda: ew.standardised(X, Y),
    "max-sliced": lambda: ew.sliced.max_distance(X, Y),
    "plan": lambda: ew.sliced.plan(X, Y),
    "subspace": lambda: ew.sliced.subspace(X, Y, 1),
    "partial slices": lambda: ew.sliced.partial(X, Y, share=0.5),
    "evaluate": lambda: ew.metrics.evaluate(X, Y, ["fid", "recall"]),
    "modes": lambda: ew.metrics.modes(RING, X),
    "mixture distance": lambda: ew.closed_form.mixture_distance(RING, RING),
    "validation": lambda: ew.validate.run(X, ["fid"], ["mode-drop"], modes=2, points=20, severities=2, repeats=1),
    "validation population": lambda: ew.validate.population(X, modes=2),
    "funnels": lambda: ew.critic.Funnels(2, 4),
    "training": lambda: ew.gan.fit("ring8", steps=2, every=1, points=32, batch=16, metrics=["fid"]),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_can_be_pickled_and_copied(name):
    found = RESULTS[name]()
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found), copy.copy(found), pickle.loads(pickle.dumps(copy.deepcopy(found)))):
        assert type(again) is type(found) and (repr(again) == repr(found) or name == "funnels")
        if hasattr(found, "_repr_html_"):
            assert again._repr_html_() == found._repr_html_()
        if name in NUMBERS:
            assert (again.value, again.lower, again.upper) == (found.value, found.lower, found.upper)


def same(name, read):
    found = RESULTS[name]()
    again = pickle.loads(pickle.dumps(found))
    for one, other in zip(read(found), read(again), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_what_comes_back_answers_as_before():
    same("solve", lambda s: (s.plan.toarray(), *s.potentials, *s.gradient(), s.wasserstein(), s.columns(), s.time, s.status, s.method))
    same("matrix", lambda s: (s.plan.toarray(), *s.potentials, s.lower, s.upper, s.gap, s.iterations, s.memory))
    same("partial", lambda s: (s.plan.toarray(), *s.potentials, s.price, s.lower, s.upper))
    same("sinkhorn", lambda s: (s.plan, *s.potentials, s.map(Y), s.potential(Y, reverse=True), s.marginal_error, s.duality_gap))
    same("sinkhorn matrix", lambda s: (s.plan, s.transport_cost, s.value, s.epsilon))
    same("divergence", lambda s: (s.value, s.lower, s.upper, s.epsilon, s.converged, *s.gradient()))
    same("sliced", lambda s: (s.costs, s.directions, s.variance_ratio, s.std_error))
    same("critic", lambda s: (s(Y), s.gradient(Y), s.lipschitz, s.held_out(X, Y), s.raw))
    same("exact dual", lambda s: (s(Y), s.gradient(Y), s.lipschitz))
    same("certificate", lambda s: (s.lower, s.upper, s.transport_cost, s.marginal_error, s.dual_violation, s.relative_gap))
    same("samples", lambda s: (s.points, s.weights, s.total))
    same("funnels", lambda s: (s.source(5), s.critic(X)))
    same("validation", lambda s: (s.values("fid", "mode-drop"), s.values("w1", "mode-drop"), s.severities))
    same("validation population", lambda s: s.corrupted("mode-drop", 0.5, 10, 0))
    same("training", lambda s: (s.generate(9), s.critic(X), s.curve("w1"), s.curve("fid"), s.floor().w1, [s.correlations()["fid"]], s.steps, s.status))
    assert pickle.loads(pickle.dumps(ew.samples(X))).total == 1.0
    named = pickle.loads(pickle.dumps(ew.samples(pytest.importorskip("pandas").DataFrame(X, columns=["u", "v"]))))
    assert named.columns == ["u", "v"]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_result_is_the_float_that_it_is(name):
    found = NUMBERS[name]()
    value = float(found)
    assert value == found.value and found == value and value == found and hash(found) == hash(value)
    assert f"{found:.3f}" == f"{value:.3f}" and f"{found:10.2e}" == f"{value:10.2e}" and f"{found}" == str(found)
    assert round(found, 2) == round(value, 2) and round(found) == round(value) and int(found) == int(value)
    assert math.trunc(found) == math.trunc(value) and math.floor(found) == math.floor(value) and math.sqrt(abs(found)) == math.sqrt(abs(value))
    assert found < value + 1 and found <= value and found > value - 1 and found >= value and not found != value
    assert value + 1 > found and sorted([found, value - 1])[0] == value - 1 and max(found, value + 1) == value + 1
    assert (found + 1, 1 + found, found - 1, 1 - found) == (value + 1, 1 + value, value - 1, 1 - value)
    assert (2 * found, found * 2, found / 2, 2 / found) == (2 * value, value * 2, value / 2, 2 / value)
    assert (found**2, 2**found, found // 1, 7 // found, found % 1, 7 % found) == (value**2, 2**value, value // 1, 7 // value, value % 1, 7 % value)
    assert (-found, +found, abs(found), bool(found)) == (-value, value, abs(value), bool(value))
    assert found + found == 2 * value and found - found == 0 and found == NUMBERS[name]()
    assert sum([found, found]) == 2 * value and np.mean([found, found]) == value
    assert np.array([found, 1.0]).dtype == float and np.sqrt(abs(found)) == np.sqrt(abs(value))
    assert (np.float64(2) * found, found * np.float64(2)) == (2 * value, 2 * value)
    np.testing.assert_array_equal(found * np.ones(2), value * np.ones(2))
    np.testing.assert_array_equal(np.ones(2) - found, 1 - value * np.ones(2))
    assert found is not None and found != "a" and found != None  # noqa: E711
    assert found == pytest.approx(value)
    for wrong in (lambda: found + "a", lambda: found < "a", lambda: found + None):
        with pytest.raises(TypeError):
            wrong()
    assert found + ew.exact.wasserstein(X, Y) == value + ew.exact.wasserstein(X, Y).value
    assert ew.exact.wasserstein(X, Y) - found == ew.exact.wasserstein(X, Y).value - value


UNCONVERGED = {
    "sinkhorn": lambda: ew.sinkhorn.solve(X, Y, epsilon=1e-3, max_iterations=2),
    "matrix": lambda: ew.sinkhorn.solve_matrix(C, epsilon=1e-4, max_iterations=1),
    "unbalanced": lambda: ew.sinkhorn.unbalanced(X, Y, source=10.0, target=10.0, epsilon=1e-3, max_iterations=1),
    "partial": lambda: ew.sinkhorn.partial(X, Y, 0.5, epsilon=1e-3, max_iterations=1),
    "exact": lambda: ew.exact.solve(rng.normal(size=(800, 3)), rng.normal(size=(800, 3)), cost="cityblock", time_limit=0.0),
    "distance": lambda: ew.distance(X, Y, "sinkhorn", epsilon=1e-3, max_iterations=2),
    "barycenter": lambda: ew.exact.barycenter([X, Y], X[:9], steps=1),
}


@pytest.mark.parametrize("name", UNCONVERGED)
def test_what_has_not_converged_warns_at_the_line_of_the_caller(name):
    with pytest.warns(ew.ConvergenceWarning) as caught:
        UNCONVERGED[name]()
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ew.ConvergenceWarning)
        with pytest.raises(ew.ConvergenceWarning):
            UNCONVERGED[name]()


def test_functions_get_the_weights_that_they_take():
    heavy, one = ew.samples([[0.0], [4.0]], [3, 1]), ew.samples([[0.0]], [4])

    def by_name(P, Q, *, b, a):
        return float(np.average(P[:, 0], weights=a) - np.average(Q[:, 0], weights=b))

    def by_position(P, Q, of_p, of_q, power=1):
        return by_name(P, Q, a=of_p, b=of_q) ** power

    def as_scipy(u_values, v_values, u_weights=None, v_weights=None):
        return by_name(u_values, v_values, a=u_weights, b=v_weights)

    for function in (by_name, by_position, as_scipy, lambda P, Q, a, b: by_name(P, Q, a=a, b=b)):
        assert ew.discrepancy(function).between(heavy, one) == 1.0
    ignores = ew.discrepancy(lambda P, Q, power=1, scale=2: float(P.mean() - Q.mean()))
    with pytest.raises(ValueError, match="^function: it takes no weights"):
        ignores.between(heavy, one)
    assert ignores.between(ew.samples([[0.0], [4.0]], [2, 2]), one) == 2.0
    assert ew.discrepancy(ew.exact.wasserstein).between(heavy, one) == ew.exact.wasserstein(heavy, one)
    assert ew.discrepancy(ew.kernel.energy_distance).between(heavy, one) == ew.kernel.energy_distance(heavy, one)


def test_laws_that_need_weights_do_not_apply_to_functions_without():
    found = {law.name: law.outcome for law in ew.laws(lambda P, Q: float(ew.distance(P, Q, p=1)), cases=4)}
    assert "broken" not in found.values()
    assert found["splitting"] == found["convexity"] == "not applicable"
    weighted = {law.name: law.outcome for law in ew.laws(lambda P, Q, a, b: float(ew.distance(P, Q, p=1, a=a, b=b)), cases=4)}
    assert set(weighted.values()) == {"kept"}


def test_metrics_that_have_no_value_are_named():
    few = ew.metrics.evaluate(rng.normal(size=(5, 2)), rng.normal(size=(5, 2)))
    assert set(few) | set(few.errors) == set(ew.metrics.KEYS) and few and few.errors
    key, why = next(iter(few.errors.items()))
    assert why in repr(few)
    with pytest.raises(KeyError, match=key):
        few[key]
    with pytest.raises(ValueError, match="key: unknown discrepancy `fiddle`"):
        ew.metrics.evaluate(X, Y, ["fiddle"])
    with pytest.raises(ValueError, match="^real: entry|^real: point 0"):
        ew.metrics.evaluate([[np.nan, 0.0]], Y)
    with pytest.raises(ValueError, match="^fake: it has dimension 1"):
        ew.metrics.prdc(X, Y[:, 0])


def test_messages_name_what_python_has():
    for call, kind, message in [
        (lambda: ew.sinkhorn.unbalanced(X, Y, source=-1.0, target=1.0, epsilon=0.1), ValueError, "^source: it is -1"),
        (lambda: ew.sinkhorn.unbalanced(X, Y, source=1.0, target=("tv", 0.0), epsilon=0.1), ValueError, "^target: it is 0"),
        (lambda: ew.distance(X, Y, cost="euclidean"), TypeError, r"^cost: .* call earthwork\.exact\.solve\(X, Y, cost=\.\.\.\)"),
        (lambda: ew.distance(X, Y, "sinkhorn", cost="euclidean"), TypeError, r"^cost: .* call earthwork\.sinkhorn\.solve"),
        (lambda: ew.distance(X, Y, "sliced", direction=3), TypeError, "^direction: the method 'sliced' has no such option; it has .*directions"),
        (lambda: ew.distance(X, Y, "js", bandwith=3), TypeError, "^bandwith: the method 'js' has no such option"),
        (lambda: ew.exact.solve(X, Y, np.ones(40), np.ones(30)), ValueError, "^b: the two totals differ: a sums to 40, b to 30.*normalize=True"),
        (lambda: ew.divergence.discrete([0.5, 0.6], [0.5, 0.5]), ValueError, "^p: .*normalize=True"),
    ]:
        with pytest.raises(kind, match=message) as why:
            call()
        assert "normalised()" not in str(why.value) and "\n" not in str(why.value)


def test_intervals_are_of_95_per_cent_and_say_of_what():
    linear = ew.distance(X, Y, "mmd", linear=True)
    half = 1.959963984540054 * linear.std_error
    assert linear.estimate.half_width == pytest.approx(half, rel=1e-12)
    assert linear.upper - linear.value == pytest.approx(half, rel=1e-12)
    assert f"± {half:.2g} (95 %, sampling)" in repr(linear)
    # Squared kernel distances are skew: an interval, or a bound where it begins at 0, and no ±.
    energy = ew.distance(X, Y, "energy", unbiased=True)
    assert energy.std_error > 0 and energy.estimate.half_width is None and energy.upper > energy.value
    assert "sampling)" in repr(energy) and "±" not in repr(energy)
    assert "(95 %, directions)" in repr(ew.sliced.distance(rng.normal(size=(50, 5)), rng.normal(size=(50, 5))))
    assert "≥" in repr(ew.distance(X, Y, "gelbrich")) and "±" not in repr(ew.distance(X, Y, "gelbrich"))
    rows = repr(ew.compare(X, Y)).splitlines()
    assert not any("± 0 " in row for row in rows)


def test_torch_losses():
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    whole = ew.torch.wasserstein_loss(torch.tensor([[0], [4]]), torch.tensor([[1], [5]]))
    assert whole.item() == 1.0 and whole.dtype == torch.get_default_dtype()
    for p in (1, 1.5, 2):
        for root in (False, True):
            same = torch.tensor(X, requires_grad=True)
            ew.torch.wasserstein_loss(same, torch.tensor(X), p=p, root=root).backward()
            assert (same.grad == 0).all()
    rooted = ew.torch.wasserstein_loss(x, torch.tensor(Y), root=True)
    assert rooted.item() == ew.exact.wasserstein(X, Y).value
    (first,) = torch.autograd.grad(rooted, x, create_graph=True)
    expected = ew.exact.solve(X, Y).gradient().X / (2 * rooted.item())
    np.testing.assert_allclose(first.detach().numpy(), expected, rtol=1e-12)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        first.sum().backward()
    # A penalty on the gradient, whose own gradient would be a part of the right one.
    z, w = torch.tensor(X, requires_grad=True), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(ew.torch.wasserstein_loss(z * w, torch.tensor(Y)), z, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        (slope**2).sum().backward()
    ew.torch.sinkhorn_loss(z * w, torch.tensor(Y), 1.0).backward()
    assert w.grad is not None and z.grad is not None
    for kind in (torch.float32, torch.float16, torch.bfloat16):
        a = torch.softmax(torch.randn(40, generator=torch.Generator().manual_seed(0)), 0).to(kind).requires_grad_()
        loss = ew.torch.wasserstein_loss(torch.tensor(X).to(kind), torch.tensor(Y).to(kind), a)
        loss.backward()
        assert loss.dtype == kind and a.grad.dtype == kind and abs(a.grad.double().sum()) < 0.5
        assert ew.exact.solve(torch.tensor(X).to(kind), Y, a) == pytest.approx(loss.item(), rel=0.1)
        assert ew.torch.sinkhorn_loss(torch.tensor(X).to(kind), torch.tensor(Y), 1.0, a=a.detach()).dtype == torch.float64
    with pytest.raises(TypeError, match="^y: a tensor is needed"):
        ew.torch.wasserstein_loss(x, Y)
    with pytest.raises(ValueError, match="totals differ"):
        ew.torch.wasserstein_loss(x, torch.tensor(Y), torch.ones(40))
    assert ew.torch.wasserstein_loss(x, torch.tensor(Y), torch.ones(40), normalize=True).item() == pytest.approx(rooted.item() ** 2)
