"""Domain adaptation, maps, and smooth, stochastic, weak and semi-discrete transport under POT's names."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

pot = pytest.importorskip("ot")

import earthwork.pot as ours  # noqa: E402

MODULES = {
    "da": [name for name in ours.da.__all__ if callable(getattr(pot.da, name, None)) and name != "OT_mapping_linear"],
    "smooth": ours.smooth.__all__,
    "stochastic": ours.stochastic.__all__,
    "weak": ours.weak.__all__,
    "semidiscrete": ours.semidiscrete.__all__,
    "optim": ours.optim.__all__,
    "mapping": ours.mapping.__all__,
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    ys, yt = np.arange(30) % 3, np.arange(36) % 3
    Xs = rng.normal(size=(30, 2)) + 3.0 * np.eye(3)[ys][:, :2]
    Xt = rng.normal(size=(36, 2)) + 3.0 * np.eye(3)[yt][:, :2] + 1.0
    return Xs, ys, Xt, yt, rng.normal(size=(17, 2))


def defaults(made):
    return {name: one.default for name, one in inspect.signature(made).parameters.items() if not name.startswith("_")}


@pytest.mark.parametrize("module", MODULES)
def test_signatures_are_pots(module):
    for name in MODULES[module]:
        theirs, mine = getattr(getattr(pot, module), name), getattr(getattr(ours, module), name)
        first, second = defaults(theirs), defaults(mine)
        for argument in ("distribution_estimation", "line_search"):
            first.pop(argument, None), second.pop(argument, None)
        assert list(first) == list(second), name
        assert {k: str(v) for k, v in first.items()} == {k: str(v) for k, v in second.items()} or _equal(first, second), name


def _equal(first, second):
    return all(first[name] == second[name] for name in first)


def pairs():
    yield "exact", "EMDTransport", {}
    yield "exact, logged", "EMDTransport", {"log": True, "norm": "max"}
    yield "entropic", "SinkhornTransport", {"reg_e": 1.0}
    yield "entropic, nearest", "SinkhornTransport", {"reg_e": 1.0, "out_of_sample_map": "ferradans", "norm": "median"}
    yield "roots of classes", "SinkhornLpl1Transport", {"reg_e": 1.0, "max_iter": 3, "max_inner_iter": 2000}
    yield "norms of classes", "SinkhornL1l2Transport", {"reg_e": 1.0, "max_iter": 3, "max_inner_iter": 2000}
    yield "Laplace", "EMDLaplaceTransport", {"max_iter": 3}
    yield "Laplace of displacements", "EMDLaplaceTransport", {"max_iter": 3, "reg_type": "disp", "similarity": "gauss"}
    yield "unbalanced", "UnbalancedSinkhornTransport", {"reg_m": 1.0, "max_iter": 10_000}
    yield "linear", "LinearTransport", {}
    yield "linear without bias", "LinearTransport", {"bias": False, "log": True}
    yield "linear map with plan", "MappingTransport", {"bias": True, "max_iter": 5}
    yield "kernel map with plan", "MappingTransport", {"kernel": "gaussian", "bias": True, "max_iter": 5}


@pytest.mark.parametrize(("name", "options"), [pair[1:] for pair in pairs()], ids=[pair[0] for pair in pairs()])
def test_transports_carry_points_as_pots_do(data, name, options):
    Xs, ys, Xt, _, new = data
    pytest.importorskip("sklearn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = getattr(pot.da, name)(**options).fit(Xs=Xs, ys=ys, Xt=Xt)
    mine = getattr(ours.da, name)(**options).fit(Xs=Xs, ys=ys, Xt=Xt)
    for points in (Xs, new):
        np.testing.assert_allclose(mine.transform(points), theirs.transform(points), rtol=2e-4, atol=2e-4)
    if name != "MappingTransport":
        np.testing.assert_allclose(mine.inverse_transform(Xt=Xt), theirs.inverse_transform(Xt=Xt), rtol=2e-4, atol=2e-4)
    if "Linear" not in name and name != "MappingTransport":
        np.testing.assert_allclose(mine.transform_labels(ys), theirs.transform_labels(ys), rtol=1e-3, atol=1e-3)
    assert mine.get_params().keys() == theirs.get_params().keys()


def test_labels_on_both_sides_keep_classes_apart(data):
    Xs, ys, Xt, yt, _ = data
    known = np.where(np.arange(len(yt)) < 12, yt, -1)
    for made in (ours.da.EMDTransport(limit_max=50), ours.da.SinkhornTransport(reg_e=1.0)):
        made.fit(Xs=Xs, ys=ys, Xt=Xt, yt=known)
        apart = (ys[:, None] != known[None, :]) & (known[None, :] != -1)
        assert made.coupling_[apart].sum() < 1e-9
        np.testing.assert_allclose(made.coupling_.sum(), 1.0)


def test_proportions_of_several_sources(data):
    Xs, ys, Xt, _, new = data
    given = {"Xs": [Xs, Xs + 0.5], "ys": [ys, ys], "Xt": Xt}
    theirs, mine = (room.da.JCPOTTransport(reg_e=5.0, log=True).fit(**given) for room in (pot, ours))
    np.testing.assert_allclose(mine.proportions_, theirs.proportions_, rtol=1e-9)
    for first, second in zip(mine.transform(given["Xs"]), theirs.transform(given["Xs"]), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-9)
    np.testing.assert_allclose(mine.transform(new), theirs.transform(new), rtol=1e-9)
    np.testing.assert_allclose(mine.transform_labels(given["ys"]), theirs.transform_labels(given["ys"]), rtol=1e-9)


def test_entropic_plans_avoid_infinite_costs():
    M = np.array([[0.0, np.inf, 2.0], [1.0, 0.5, np.inf], [np.inf, 1.0, 0.0]])
    plan = ours.sinkhorn(np.full(3, 1 / 3), np.full(3, 1 / 3), M, 0.2)
    assert (plan[~np.isfinite(M)] == 0).all()
    np.testing.assert_allclose(plan.sum(1), 1 / 3, rtol=1e-6)


@pytest.mark.parametrize("kind", ["l2", "kl", "sparsity_constrained"])
def test_smooth_plans_are_pots(data, kind):
    Xs, _, Xt, _, _ = data
    a, b, M = pot.unif(30), pot.unif(36), pot.dist(Xs, Xt) / 10
    more = {"max_nz": 4} if kind == "sparsity_constrained" else {}
    for name in ("smooth_ot_dual", "smooth_ot_semi_dual"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of scipy, about an option that POT passes
            theirs = getattr(pot.smooth, name)(a, b, M, 0.5, kind, stopThr=1e-12, **more)
        mine = getattr(ours.smooth, name)(a, b, M, 0.5, kind, stopThr=1e-12, **more)
        np.testing.assert_allclose((mine * M).sum(), (theirs * M).sum(), rtol=2e-3)
        np.testing.assert_allclose(mine.sum(0), b, atol=1e-3)


def test_stochastic_solvers_return_what_their_steps_tend_to(data):
    Xs, _, Xt, _, _ = data
    a, b, M = pot.unif(30), pot.unif(36), pot.dist(Xs, Xt) / 10
    exact = ours.sinkhorn(a, b, M, 0.5, stopThr=1e-12)
    for method in ("SAG", "asgd"):
        plan, log = ours.stochastic.solve_semi_dual_entropic(a, b, M, 0.5, method, log=True)
        np.testing.assert_allclose(plan, exact, atol=1e-9)
        alpha = pot.stochastic.c_transform_entropic(b, M, 0.5, log["beta"])
        np.testing.assert_allclose(log["alpha"], alpha, rtol=1e-9)
    np.testing.assert_allclose(ours.stochastic.solve_dual_entropic(a, b, M, 0.5, 5), exact, atol=1e-9)
    steps = pot.stochastic.sag_entropic_transport(a, b, M, 0.5, 20_000, random_state=0)
    np.testing.assert_allclose(ours.stochastic.sag_entropic_transport(a, b, M, 0.5), steps, atol=0.02)


def test_weak_and_semidiscrete_transport(data):
    Xs, _, Xt, _, _ = data
    theirs, mine = (room.weak_optimal_transport(Xs, Xt) for room in (pot, ours))
    cost = [np.sum((Xs - 30 * plan @ Xt) ** 2) for plan in (theirs, mine)]
    assert cost[1] <= cost[0] * (1 + 1e-3)
    found = []
    for room in (pot, ours):
        rng = np.random.default_rng(0)
        found.append(room.semidiscrete.solve_semidiscrete(Xt[:8], lambda n, rng=rng: rng.random((n, 2)), max_iter=50))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
    for name in ("semidiscrete_atom_weights", "semidiscrete_ot_map", "semidiscrete_c_transform"):
        for reg in (0.0, 0.3):
            first, second = (getattr(room.semidiscrete, name)(Xt[:8], Xs, found[0], reg=reg) for room in (pot, ours))
            np.testing.assert_allclose(first, second, rtol=1e-9)
    with pytest.raises(ValueError, match="sampler_source"):
        ours.semidiscrete.solve_semidiscrete(Xt, "nothing")


def test_torch_goes_in_and_out(data):
    torch = pytest.importorskip("torch")
    Xs, ys, Xt, _, new = (torch.tensor(one) for one in data)
    plain = ours.da.EMDTransport().fit(Xs=data[0], Xt=data[2]).transform(data[4])
    moved = ours.da.EMDTransport().fit(Xs=Xs, Xt=Xt).transform(new)
    assert isinstance(moved, torch.Tensor)
    np.testing.assert_allclose(moved.numpy(), plain)
    assert isinstance(ours.smooth.smooth_ot_dual(ours.unif(30, Xs), ours.unif(36, Xs), ours.dist(Xs, Xt), 1.0), torch.Tensor)
    assert isinstance(ours.da.SinkhornLpl1Transport(reg_e=5.0).fit(Xs=Xs, ys=ys, Xt=Xt).transform(Xs), torch.Tensor)
