"""The front door, tables, pictures, progress."""

from __future__ import annotations

import numpy as np
import pytest

import earthwork as ew


@pytest.mark.parametrize("method", ew.comparison.METHODS)
def test_every_method_has_the_same_door(clouds, method):
    options = {"steps": 20} if method == "critic" else {}
    found = ew.distance(*clouds, method=method, **options)
    assert found.value == float(found) and not np.isnan(found.value)
    assert found.lower <= found.value <= found.upper
    assert repr(found).startswith(f"Distance({found.name} = ")


def test_the_door_leads_to_the_functions(clouds):
    X, Y = clouds
    assert float(ew.distance(X, Y, p=3)) == ew.exact.wasserstein(X, Y, p=3).value
    assert float(ew.distance(X, Y, "exact", p=1, time_limit=60)) == ew.exact.wasserstein(X, Y, p=1).value
    assert float(ew.distance(X, Y, "sliced", directions=40)) == ew.sliced.distance(X, Y, directions=40).value
    assert float(ew.distance(X, Y, "js", estimator="knn", k=3)) == ew.divergence.estimate(X, Y, "js", k=3).value
    assert float(ew.distance(X, Y, "mmd", bandwidth=1.0)) == ew.kernel.mmd_distance(X, Y, bandwidth=1.0).value
    assert float(ew.distance(X, Y, "laplace:2")) == ew.kernel.mmd_distance(X, Y, "laplace", 2.0).value
    soft = ew.distance(X, Y, "sinkhorn", epsilon=0.01, relative=True)
    assert soft.lower <= float(ew.distance(X, Y)) <= soft.upper


def test_a_comparison_is_a_table(clouds):
    pandas = pytest.importorskip("pandas")
    found = ew.compare(*clouds)
    assert found["W2"].estimate.value == ew.exact.wasserstein(*clouds).value
    assert found.p_value == 0.001
    text, html, frame = repr(found), found._repr_html_(), found.to_pandas()
    assert "proven" in text and "two-sample test" in text and "W1" in html and html.startswith("<table>")
    assert isinstance(frame, pandas.DataFrame) and list(frame["distance"][:2]) == ["W1", "W2"]
    assert sum(column.share for column in found.columns) == pytest.approx(1.0, abs=1e-12)
    assert sum(flow.share for flow in found.flows) == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(KeyError, match="W1"):
        found["W7"]


def test_every_result_says_what_it_is(clouds):
    X, Y = clouds
    for found, start in [
        (ew.exact.solve(X, Y), "Solution(transport cost "),
        (ew.sinkhorn.solve(X, Y), "SinkhornSolution(value "),
        (ew.sliced.distance(X, Y), "SlicedDistance("),
        (ew.exact.wasserstein(X, Y), "Estimate("),
        (ew.critic.fit(X, Y, steps=5), "Critic(W1 ≥ "),
        (ew.samples(X), "Samples(80 points, d = 2"),
    ]:
        assert repr(found).startswith(start)


def test_progress_reaches_a_function():
    rng = np.random.default_rng(0)
    seen = []
    X, Y = rng.normal(size=(20_000, 2)), rng.normal(size=(20_000, 2)) + 1
    ew.exact.solve(X, Y, cost="cityblock", progress=seen.append)
    assert seen and {"stage", "iterations", "gap"} <= set(seen[0])


def test_a_failing_progress_function_is_raised():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30_000, 2)), rng.normal(size=(30_000, 2)) + 1

    def fails(state):
        raise LookupError("no room on the screen")

    with pytest.raises(LookupError, match="no room on the screen"):
        ew.exact.solve(X, Y, cost="cityblock", progress=fails)


def test_progress_is_shown_and_taken_away(clouds, capsys, monkeypatch):
    import earthwork._progress as progress

    monkeypatch.setattr(progress, "_bar", lambda: None)
    with progress.reporting(True) as shown:
        shown(
            dict(stage="pivot", done=0, total=0, level=2, levels=5, iterations=1200, violations=3, gap=1e-3)
            | dict(marginal_error=None, epsilon=None)
        )
    written = capsys.readouterr().err
    assert "level 2/5" in written and written.endswith("\r")
    assert ew.sinkhorn.solve(*clouds, progress=True).status == "converged"


def test_pictures(clouds):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    X, Y = clouds
    solution, soft, comparison = ew.exact.solve(X, Y), ew.sinkhorn.solve(X, Y), ew.compare(X, Y)
    assert len(solution.plot().collections) == 3
    assert len(ew.plot.clouds(np.hstack([X, X]), np.hstack([Y, Y])).collections) == 2
    assert len(ew.plot.clouds(X[:, 0], Y[:, 0]).collections) == 2
    assert len(ew.plot.plan(solution).collections) == 1 and len(soft.plot().images) == 1
    assert len(ew.plot.potentials(solution, X, Y).collections) >= 2
    line = ew.exact.solve(X[:, 0], Y[:, 0])
    assert len(ew.plot.potentials(line, X[:, 0], Y[:, 0]).lines) == 2
    steps = [1.0, 0.1, 0.01]
    softer = [ew.sinkhorn.solve(X, Y, epsilon=epsilon) for epsilon in steps]
    assert len(ew.plot.convergence(steps, softer, truth=solution.value).lines) == 2
    assert len(comparison.plot().get_yticks()) == len([row for row in comparison.rows if row.estimate is not None])
    for number in pyplot.get_fignums():
        pyplot.figure(number).canvas.draw()
    pyplot.close("all")
