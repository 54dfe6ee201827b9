"""POT with its solvers replaced in place."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pot = pytest.importorskip("ot")

import earthwork.pot as ours  # noqa: E402


def clouds():
    rng = np.random.default_rng(3)
    return rng.normal(size=(20, 2)), rng.normal(size=(25, 2))


def rows():
    return {row["name"]: row for row in ours.report_rows()}


def test_names_are_replaced_everywhere_and_put_back():
    from ot import emd as imported
    from ot.lp import emd2

    globals()["held"] = emd2
    originals = pot.emd, pot.lp.emd, pot.gromov._gw.emd2 if hasattr(pot.gromov._gw, "emd2") else None
    with ours.accelerated():
        assert pot.emd is pot.lp.emd is not originals[0]
        assert globals()["held"] is pot.emd2 is not emd2
        assert imported.__wrapped__ is originals[0] if hasattr(imported, "__wrapped__") else imported is originals[0]
        assert pot.emd.__wrapped__ is originals[0] and pot.emd.__name__ == "emd"
    assert pot.emd is originals[0] and pot.lp.emd is originals[1] and globals()["held"] is emd2


def test_pots_own_code_gets_our_solver():
    X, Y = clouds()
    C, D = pot.dist(X, X), pot.dist(Y, Y)
    a, b = pot.unif(20), pot.unif(25)
    plain = pot.gromov.gromov_wasserstein2(C, D, a, b)
    before = rows().get("ot.lp._network_simplex.emd", {"served": 0})["served"]
    with ours.accelerated():
        assert pot.gromov.gromov_wasserstein2(C, D, a, b) <= plain * (1 + 1e-6)
    assert rows()["ot.lp._network_simplex.emd"]["served"] > before


def test_answers_are_pots():
    X, Y = clouds()
    a, b, M = pot.unif(20), pot.unif(25), pot.dist(X, Y)
    calls = [
        lambda: pot.emd2(a, b, M),
        lambda: pot.sinkhorn2(a, b, M, 1.0),
        lambda: pot.sinkhorn(a, b, M, 1.0, method="sinkhorn_log"),
        lambda: pot.wasserstein_1d(X, Y, p=2),
        lambda: pot.wasserstein_circle(X[:, 0], Y[:, 0], p=1),
        lambda: pot.partial.partial_wasserstein2(a, b, M, m=0.3),
        lambda: pot.bregman.empirical_sinkhorn_divergence(X, Y, 1.0),
    ]
    plain = [call() for call in calls]
    with ours.accelerated(check=1.0):
        for call, was in zip(calls, plain, strict=True):
            np.testing.assert_allclose(call(), was, rtol=1e-6, atol=1e-8)
    checked = [row for row in ours.report_rows() if row["checked"]]
    assert checked and all(row["differ"] == 0 for row in checked)


def test_what_is_not_served_goes_to_pot():
    X, Y = clouds()
    with ours.accelerated():
        assert pot.solve_sample(X, Y, method="factored", rank=2).plan.shape == (20, 25)
        with pytest.raises(ValueError, match="Unknown method"):
            pot.sinkhorn(pot.unif(20), pot.unif(25), pot.dist(X, Y), 1.0, method="nothing")
    assert "factored" in next(iter(rows()["ot.solvers._linear.solve_sample"]["reasons"]))
    assert "served by earthwork" in ours.report()


def test_scripts_run_as_they_are(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nimport numpy as np\nimport ot\nfrom ot import emd2\n"
        "print(sys.argv[1:], emd2([0.5, 0.5], [0.5, 0.5], np.array([[0.0, 1.0], [1.0, 0.0]])))\n"
    )
    asked = [sys.executable, "-m", "earthwork.pot", "--report", "--check", "1", str(script), "--own", "x"]
    ended = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert ended.stdout == "['--own', 'x'] 0.0\n"
    assert "ot.lp._network_simplex.emd2" in ended.stderr and "1 of 1 calls" in ended.stderr
    missing = subprocess.run([sys.executable, "-m", "earthwork.pot", "nothing.py"], capture_output=True, text=True)
    assert missing.returncode == 2 and "there is no file nothing.py" in missing.stderr
    with pytest.raises(ValueError, match="check"):
        ours.accelerate(check=2.0)


def test_the_report_tells_pots_code_over_our_solvers_from_pots_own():
    X, Y = clouds()
    C, D, a, b = pot.dist(X, X), pot.dist(Y, Y), pot.unif(20), pot.unif(25)
    with ours.accelerated():
        before = {name: dict(row) for name, row in rows().items()}
        pot.gromov.gromov_wasserstein(C, D, a, b)
        pot.sliced.max_sliced_wasserstein_distance(X, Y, n_projections=5)
    grown = lambda name, key: rows()[name][key] - before.get(name, {key: 0})[key]  # noqa: E731
    assert grown("ot.gromov._gw.gromov_wasserstein", "inside") == 1
    assert "our solvers inside" in next(iter(rows()["ot.gromov._gw.gromov_wasserstein"]["reasons"]))
    assert "with all solves inside served by earthwork" in ours.report()


@pytest.mark.parametrize("call", ["sinkhorn_many", "unbalanced", "line"])
def test_what_pot_does_faster_is_left_to_it_with_the_same_value(call):
    X, Y = clouds()
    a, b, M = pot.unif(20), pot.unif(25), pot.dist(X, Y)
    many = np.column_stack([b, b[::-1]])
    calls = {
        "sinkhorn_many": ("ot.bregman._sinkhorn.sinkhorn2", lambda: pot.sinkhorn2(a, many, M, M.max())),
        "unbalanced": ("ot.unbalanced._sinkhorn.sinkhorn_unbalanced", lambda: pot.unbalanced.sinkhorn_unbalanced(a, b, M, M.max(), 1.0)),
        "line": ("ot.lp.solver_1d.emd2_1d", lambda: pot.emd2_1d(X[:, 0], Y[:, 0])),
    }
    name, run = calls[call]
    plain = run()
    with ours.accelerated():
        np.testing.assert_array_equal(run(), plain)
    assert any("POT is faster" in why for why in rows()[name]["reasons"])


def test_a_script_gets_torch_and_scikit_learn_when_it_asks_for_them(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nimport numpy as np\nimport ot\n"
        "print('torch' in sys.modules, 'sklearn' in sys.modules)\n"
        "x = np.random.default_rng(0).normal(size=(9, 2))\n"
        "ot.lowrank_sinkhorn(x, x + 1, reg=1.0, rank=2, init='kmeans', numItermax=5, warn=False)\n"
        "print([str(nx) for nx in ot.backend.get_backend_list()][:1], 'sklearn' in sys.modules)\n"
        "import torch\nt = torch.tensor(x, requires_grad=True)\n"
        "ot.emd2(torch.ones(9) / 9, torch.ones(9) / 9, ot.dist(t, t.detach() + 1)).backward()\n"
        "print(bool(torch.allclose(t.grad, torch.tensor(-2 / 9).double())), ot.backend.torch is torch)\n"
    )
    asked = [sys.executable, "-m", "earthwork.pot", str(script)]
    ended = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert ended.stdout == "False False\n['numpy'] True\nTrue True\n"


def test_carried_points_are_pots_and_methods_are_put_back():
    X, Y = clouds()
    new, original = X[:7] + 0.1, pot.da.BaseTransport.transform
    made = pot.da.EMDTransport().fit(Xs=X, Xt=Y)
    plain = made.transform(new), made.transform(X), made.inverse_transform(Xt=Y[:3] + 0.1)
    with ours.accelerated():
        assert pot.da.BaseTransport.transform is not original
        found = made.transform(new), made.transform(X), made.inverse_transform(Xt=Y[:3] + 0.1)
    assert pot.da.BaseTransport.transform is original
    for first, second in zip(found, plain, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-12)
