"""Sweeps, tests, intervals and validations in a store and on a client: the same bits as at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import earthwork as ew

SMALL = {"steps": 30, "every": 10, "points": 32, "batch": 16, "critic": [8], "generator": [8]}


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


def same_training(found, expected):
    assert found.checkpoint() == expected.checkpoint()
    assert str(found.records) == str(expected.records)
    assert (found.status, found.steps, found.name) == (expected.status, expected.steps, expected.name)
    assert found.correlations() == expected.correlations()
    assert found.floor() == expected.floor()


def test_a_training_of_a_sweep_is_that_of_fit(tmp_path):
    options = {**SMALL, "metrics": ["fid", "coverage", "one_nn"]}
    found = ew.gan.sweep("ring8", ["wgan", "ns"], ["lp", None], seeds=[3], store=tmp_path / "s", **options)
    again = ew.gan.sweep("ring8", ["wgan", "ns"], ["lp", None], seeds=[3], store=tmp_path / "s", **options)
    assert (found.report["computed"], again.report["computed"], again.report["found"]) == (4, 0, 4)
    for objective, control in (("wgan", "lp"), ("ns", None)):
        expected = ew.gan.fit("ring8", f"{objective}+{control}" if control else objective, seed=3, **options)
        same_training(found[objective, control, 3], expected)
        same_training(again[objective, control, 3], expected)
        np.testing.assert_array_equal(found.curves("fid")[objective, control, 3], expected.curve("fid"))
    assert repr(again) == repr(found) and "wgan" in repr(found)
    table = found.to_pandas()
    assert list(table["seed"]) == [3] * 4 and {"objective", "control", "status", "w1", "w2", "fid"} <= set(table)
    pytest.importorskip("matplotlib").use("Agg")
    found.plot("w1")


def test_checkpoints_lose_no_bit(tmp_path):
    """Interrupted every few steps, a training is the one that ran through."""
    options = {**SMALL, "steps": 60, "metrics": ["precision", "fid"]}
    found = ew.gan.sweep("ring8", "wgan", "gp", seeds=1, store=tmp_path / "s", save=0.01, **options)
    same_training(found["wgan", "gp", 0], ew.gan.fit("ring8", "wgan+gp", seed=0, **options))
    assert [one.name for one in (tmp_path / "s" / "parts").iterdir()] == ["wgan+gp,seed=0.part"]


def test_a_sweep_on_a_client(client, tmp_path):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(200, 3))

    def gap(X, Y):
        return float(abs(X.mean() - Y.mean()))

    options = {**SMALL, "metrics": [gap, "fid"]}
    here = ew.gan.sweep(data, "wgan", ["lp", "clip"], seeds=2, **options)
    for extra in ({}, {"store": tmp_path / "s"}):
        there = ew.gan.sweep(data, "wgan", ["lp", "clip"], seeds=2, client=client, **extra, **options)
        for run in here.runs:
            same_training(there[run[:3]], here[run[:3]])
        assert there.runs == here.runs


def test_a_diverged_training_is_a_row():
    found = ew.gan.sweep("ring8", ["saturating", "wgan"], [None], seeds=1, steps=5, every=5, points=16, batch=8, critic=[4], generator=[4])
    assert len(found.runs) == 2 and found.complete


def test_what_a_sweep_refuses(tmp_path):
    for options, message in (
        ({"objectives": []}, "objectives: at least one"),
        ({"seeds": [1, 1]}, "seeds: 1 is there twice"),
        ({"save": 0}, "save: it is 0"),
        ({"objectives": "wgann"}, "wgann"),
        ({"metrics": ["fidd"]}, "fidd"),
    ):
        with pytest.raises(ValueError, match=message):
            ew.gan.sweep("ring8", **{"controls": "lp", "seeds": 1, **SMALL, **options})
    with pytest.raises(TypeError, match="stepss"):
        ew.gan.sweep("ring8", stepss=3)
    with pytest.raises(TypeError, match="metrics: a store and a client"):
        ew.gan.sweep("ring8", metrics=[ew.discrepancy("w1")], store=tmp_path / "d")
    ew.gan.sweep("ring8", "wgan", "lp", 1, store=tmp_path / "s", **SMALL)
    for options, message in (({"steps": 40}, "steps was 30, and is 40"), ({"metrics": ["fid"]}, "metrics was")):
        with pytest.raises(ValueError, match=message):
            ew.gan.sweep("ring8", "wgan", "lp", 1, store=tmp_path / "s", **{**SMALL, **options})
    with pytest.raises(ValueError, match="data was 'ring8'"):
        ew.gan.sweep("grid25", "wgan", "lp", 1, store=tmp_path / "s", **SMALL)
    more = ew.gan.sweep("ring8", ["wgan", "ns"], "lp", 2, store=tmp_path / "s", **SMALL)  # more of the same kind is no other call
    assert (more.report["found"], more.report["computed"]) == (1, 3)


def test_a_damaged_part_is_made_again(tmp_path):
    first = ew.gan.sweep("ring8", "wgan", "lp", 1, store=tmp_path / "s", **SMALL)
    path = tmp_path / "s" / "parts" / "wgan+lp,seed=0.part"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    again = ew.gan.sweep("ring8", "wgan", "lp", 1, store=tmp_path / "s", **SMALL)
    assert again.report["damaged"] == 1
    same_training(again["wgan", "lp", 0], first["wgan", "lp", 0])


def test_two_runs_and_a_store_that_cannot_be_written(tmp_path):
    from earthwork.scale.folder import Busy

    store = tmp_path / "s"
    first = ew.gan.sweep("ring8", "wgan", "lp", 1, store=store, **SMALL)
    code = "import sys; from pathlib import Path; from earthwork.scale.folder import Lock; held = Lock(Path(sys.argv[1]), None); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy, match=f"another run is at work on .*process {other.pid}"):
            ew.gan.sweep("ring8", "wgan", "lp", 1, store=store, **SMALL)
        other.kill()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letters.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else"):
        ew.gan.sweep("ring8", "wgan", "lp", 1, store=tmp_path / "full", **SMALL)
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path / "full"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        subprocess.run(["cp", "-r", store, tmp_path / "full" / "s"], check=True)
        subprocess.run(["mount", "-o", "remount,ro", tmp_path / "full"], check=True)
        again = ew.gan.sweep("ring8", "wgan", "lp", 1, store=tmp_path / "full" / "s", **SMALL)
        same_training(again["wgan", "lp", 0], first["wgan", "lp", 0])
        with pytest.raises(OSError, match="s cannot be written to, and 1 of its 2 parts are missing"):
            ew.gan.sweep("ring8", "wgan", "lp", 2, store=tmp_path / "full" / "s", **SMALL)
        subprocess.run(["mount", "-o", "remount,rw,size=100k", tmp_path / "full"], check=True)
        with open(tmp_path / "full" / "ballast", "wb", buffering=0) as ballast, pytest.raises(OSError):
            while True:
                ballast.write(bytes(4096))
        with pytest.raises(OSError, match="no space left .*1 of 2 parts are in the store.*nothing that was written is lost"):
            ew.gan.sweep("ring8", "wgan", "lp", 2, store=tmp_path / "full" / "s", **SMALL)
    finally:
        subprocess.run(["umount", "-l", tmp_path / "full"], check=True)


def test_a_killed_sweep_goes_on(tmp_path):
    code = textwrap.dedent("""
        import sys
        import earthwork as ew
        ew.gan.sweep("ring8", "wgan", "lp", 2, store=sys.argv[1], save=0.05, threads=1, steps=3000, every=1000, points=16, batch=32, critic=[16], generator=[16])
    """)
    store = tmp_path / "s"
    process = subprocess.Popen([sys.executable, "-c", code, store])
    while not list(store.glob("parts/*~begun.part")):
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    options = {"steps": 3000, "every": 1000, "points": 16, "batch": 32, "critic": [16], "generator": [16]}
    found = ew.gan.sweep("ring8", "wgan", "lp", 2, store=store, save=0.05, **options)
    same_training(found["wgan", "lp", 0], ew.gan.fit("ring8", "wgan+lp", seed=0, **options))
    assert not [one for one in os.listdir(store / "parts") if "~begun" in one]


# Tests, intervals, laws, validations.


def spread(X, Y):
    return float(abs(X.std() - Y.std()))


@pytest.fixture(scope="module")
def two():
    rng = np.random.default_rng(5)
    return rng.normal(size=(30, 2)), 1.5 * rng.normal(size=(25, 2)) + 0.2


@pytest.mark.parametrize("by", ["w1", "sw2", "energy", "js", "precision", "fid", spread])
def test_a_test_in_a_store(two, tmp_path, by):
    expected = ew.two_sample_test(*two, by, permutations=99, seed=2)
    for _ in range(2):
        found = ew.two_sample_test(*two, by, permutations=99, seed=2, store=tmp_path / "s")
        assert (found.p_value, found.p_value_error, found.name, str(found.statistic)) == (expected.p_value, expected.p_value_error, expected.name, str(expected.statistic))
        np.testing.assert_array_equal(found.null, expected.null)
    with pytest.raises(ValueError, match="options was .*99, 2"):
        ew.two_sample_test(*two, by, permutations=99, seed=3, store=tmp_path / "s")


@pytest.mark.parametrize(("by", "scheme"), [("w1", "auto"), ("w1", "subsample"), (spread, "auto"), (spread, "bootstrap"), ("kid", "auto")])
def test_an_interval_in_a_store(two, tmp_path, by, scheme):
    expected = ew.interval(*two, by, replicates=60, scheme=scheme)
    for _ in range(2):
        found = ew.interval(*two, by, replicates=60, scheme=scheme, store=tmp_path / "s")
        assert found.__reduce__() == expected.__reduce__()


def test_tests_and_intervals_on_a_client(client, two, tmp_path):
    calls = []

    def counted(X, Y):
        calls.append(1)
        return spread(X, Y)

    for by in ("w1", spread):
        expected, found = (ew.two_sample_test(*two, by, permutations=49, **extra) for extra in ({}, {"client": client, "store": tmp_path / str(by)[:3]}))
        assert (found.p_value, str(found.statistic)) == (expected.p_value, str(expected.statistic))
        np.testing.assert_array_equal(found.null, expected.null)
    assert ew.interval(*two, spread, replicates=40, client=client).__reduce__() == ew.interval(*two, spread, replicates=40).__reduce__()
    with pytest.raises(TypeError, match="by: a store and a client"):
        ew.two_sample_test(*two, ew.discrepancy("w1"), client=client)
    ew.two_sample_test(*two, counted, permutations=49, client=client)
    assert len(calls) <= 3  # the statistic, and nothing that a worker found


def test_laws_of_many(client, tmp_path):
    expected = {"w1": ew.laws("w1", 4), "energy": ew.laws("energy", 4)}
    assert ew.laws(["w1", "energy"], 4) == expected
    assert ew.laws(["w1", "energy"], 4, client=client, store=tmp_path / "s") == expected
    assert ew.laws(["w1", "energy", spread], 4, store=tmp_path / "t")["spread"] == ew.laws(spread, 4)


def told(report):
    found = report.to_dict()

    def without(one):
        if isinstance(one, dict):
            return {key: without(value) for key, value in one.items() if key not in ("seconds", "peak_memory_bytes")}
        return [without(part) for part in one] if isinstance(one, list) else one

    return without(found)


def test_a_validation_elsewhere(client, tmp_path):
    calls = []

    def gap(X, Y):
        calls.append(len(X))
        return float(abs(X.mean() - Y.mean()))

    options = {"corruptions": ["mode-drop", "noise", "label-swap"], "points": 60, "repeats": 2, "severities": 3, "seed": 4}
    metrics = ["precision", "one_nn", "sw1", ew.metrics.Metric("gap", gap)]
    expected = ew.validate.run("ring8", metrics, **options)
    calls.clear()
    found = ew.validate.run("ring8", metrics, **options, client=client, store=tmp_path / "s")
    assert told(found) == told(expected)
    assert not calls  # all scenes were foreseen
    with pytest.raises(ValueError, match="metrics: with a store or a client name them"):
        ew.validate.run("ring8", **options, client=client)
    rng = np.random.default_rng(0)
    points, labels = np.concatenate([rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 4]), [0] * 60 + [1] * 60
    options["points"] = 30
    assert told(ew.validate.run(points, labels=labels, store=tmp_path / "t", **options)) == told(ew.validate.run(points, labels=labels, **options))
