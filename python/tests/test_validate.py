"""Metrics held against exact transport."""

from __future__ import annotations

import json

import numpy as np
import pytest

import earthwork as ew

SMALL = dict(points=120, severities=4, repeats=2)


@pytest.fixture(scope="module")
def report():
    def far(real, fake):
        return -float(np.linalg.norm(real.mean(axis=0) - fake.mean(axis=0)))

    metrics = ["energy", "precision", "recall", ew.metrics.Metric("nearness", far, "score"), "recall:60", "recall:200"]
    return ew.validate.run("ring8", metrics, ["translate", "mode-drop"], **SMALL)


def test_verdicts(report):
    assert report.metrics == ["energy", "precision", "recall", "nearness", "recall:60", "recall:200"]
    assert report.corruptions == ["translate", "mode-drop"] and report.status == "optimal"
    for metric in ("energy", "nearness"):
        assert report.verdict(metric, "translate").verdict == "follows"
        assert report.verdict(metric, "translate").judged_by == "w1"
    assert report.verdict("recall", "mode-drop").verdict == "follows"
    # Every point that is left is a good one.
    assert (report.values("precision", "mode-drop")[-1] > 0.5).all() and (report.values("recall", "mode-drop")[-1] < 0.5).all()
    found = report.verdict("energy", "translate")
    assert found.lower <= found.rho <= found.upper and found.rho > 0.9
    none = report.verdict("recall:200", "translate")  # fewer points than neighbours
    assert none.verdict is None and none.error and np.isnan(report.values("recall:200", "translate")).all()
    with pytest.raises(KeyError):
        report.verdict("fid", "translate")


def test_values_and_tables(report, tmp_path):
    values = report.values("energy", "translate")
    assert values.shape == (4, 2) and (np.diff(values.mean(axis=1)) > 0).all()
    w1 = report.values("w1", "translate")
    assert (values <= 2 * w1 * (1 + 1e-12)).all()  # energy ≤ 2 W₁, sample by sample
    table = report.to_pandas()
    assert len(table) == 12 and set(table["verdict"].dropna()) <= {"follows", "blind", "misleading"}
    assert report.to_dict()["sweeps"][0]["corruption"] == "translate"
    assert "mode-drop" in repr(report) and "misleading" in repr(report) and "<table>" in report._repr_html_()
    report.save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and page.count("<svg") > 10 and "http" not in page
    report.save(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == report.to_dict()
    with pytest.raises(ValueError, match="^path: "):
        report.save(tmp_path / "report.txt")
    with pytest.raises(ValueError, match="^corruption: `noise` is none of translate, mode-drop"):
        report.values("energy", "noise")


def test_populations():
    points, classes = ew.gan.toy("moons", 300, seed=1)
    by_label = ew.validate.population(points, labels=classes)
    found = ew.validate.run(by_label, ["energy"], ["translate", "mode-drop"], **SMALL)
    assert by_label.modes == 2 and found.population is by_label and found.left_out == {}
    assert "2 classes as labelled" in repr(found)
    assert ew.validate.population(points, modes=5).modes == 5
    mixture = ([[0.0], [5.0]], [np.eye(1), np.eye(1)], [0.5, 0.5])
    on_a_line = ew.validate.run(mixture, "energy", ["rotate", "translate"], **SMALL)
    assert list(on_a_line.left_out) == ["rotate"] and on_a_line.corruptions == ["translate"]
    real, fake = ew.validate.corrupt("grid25", "memorise", 1.0, n=50, seed=3)
    assert {tuple(row) for row in fake} <= {tuple(row) for row in real}
    again = ew.validate.corrupt("grid25", "memorise", 1.0, n=50, seed=3)
    assert (again[1] == fake).all()


def test_the_same_seed_gives_the_same_report():
    one, two = (ew.validate.run("ring8", ["sw1"], ["noise"], seed=4, **SMALL) for _ in range(2))
    assert (one.values("sw1", "noise") == two.values("sw1", "noise")).all() and one.verdicts == two.verdicts


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ew.validate.run("ring9"), ValueError, "data: `ring9` is none of ring8, grid25"),
        (lambda: ew.validate.run("ring8", ["fiddle"]), ValueError, "metrics: unknown discrepancy `fiddle`"),
        (lambda: ew.validate.run("ring8", [3]), TypeError, "metrics: entry 0 is 3"),
        (lambda: ew.validate.run("ring8", "fid", "melt"), ValueError, "corruptions: unknown corruption `melt`"),
        (lambda: ew.validate.run("ring8", "fid", severities=1), ValueError, "severities"),
        (lambda: ew.validate.run("ring8", "fid", severities=[0.5, 0.2]), ValueError, "severities"),
        (lambda: ew.validate.run("ring8", [ew.metrics.Metric("m", max, "up")]), ValueError, "reading: `up`"),
        (lambda: ew.validate.corrupt("ring8", "noise", 2.0), ValueError, "severity"),
        (lambda: ew.validate.population([[0.0]] * 9, labels=[0]), ValueError, "data"),
        (lambda: ew.validate.population([[0.0]] * 9, modes=10), ValueError, "modes"),
    ],
)
def test_what_cannot_be_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_time_limit_reports_what_is_finished():
    found = ew.validate.run("ring8", "energy", time_limit=0.0)
    assert found.status == "deadline" and found.corruptions == []
