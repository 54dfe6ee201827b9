"""What mypy finds in users' scripts. Runs mypy for some ten seconds: with ``EARTHWORK_LONG=1``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = '''
import numpy as np
import earthwork as ew

X, Y = np.zeros((3, 2)), np.ones((3, 2))
value: float = ew.exact.solve(X, Y, cost="euclidean^1.5", missing="drop").value
sliced: float = ew.sliced.distance(X, Y, method="qmc").value
kl: float = ew.divergence.estimate(X, Y, "renyi:2", "knn").value
ends = ew.interval(X, Y, scheme="bootstrap", ends="basic")
j = ew.flow.coupling(X, Y)
found = ew.exact.solve(X, Y, cost=lambda p, q: float(abs(p - q).sum()))
number: float = float(found) + found.value
moved = found.map(X)
loose = ew.sinkhorn.unbalanced(X, Y, source=("kl", 1.0), target=2.0, epsilon=0.5)
print(f"{loose:.3f}", loose.plan.sum(), loose < 1.0)
scores: dict[str, float] = ew.metrics.compat.compute_prdc(X, Y, nearest_k=1)
adapted = ew.sklearn.DomainAdaptation(method="linear").fit(X, target=Y)
'''

BAD = (
    'ew.exact.solve(X, Y, cost=3)',
    'ew.exact.solve(X, Y, missing="skip")',
    'ew.sliced.distance(X, Y, method="typo")',
    'ew.divergence.estimate(X, Y, "kl", "typo")',
    'ew.divergence.estimate(X, Y, correction="typo")',
    'ew.interval(X, Y, scheme="typo")',
    'ew.critic.fit(X, Y, method="typo")',
    'ew.sinkhorn.solve(X, Y, epsilon=1.0, reference="typo")',
    'ew.sinkhorn.solve(X, Y, epsilon="small")',
    'ew.exact.partial(X, Y, 0.5, cost=3)',
    'ew.exact.batch([(X, Y)], cost=2)',
    'ew.exact.solve(X)',
    'ew.exact.solve(X, Y).vaule',
    'ew.exact.solve(X, Y, wrong=1)',
    'ew.exact.wasserstein(X, Y, p="2")',
    'ew.sinkhorn.unbalanced(X, Y, source=("typo", 1.0), epsilon=1.0)',
    'ew.sinkhorn.unbalanced(X, Y, source=("kl", "x"), epsilon=1.0)',
    'ew.flow.semidiscrete(X, "gamma")',
    'ew.scipy.entropy(X, nan_policy="typo")',
    'ew.metrics.compat.calculate_metrics(X, Y, isc_splits="3")',
    'ew.metrics.classifier_test(features="typo")',
    'ew.sklearn.DomainAdaptation(method="typo")',
)


@pytest.mark.skipif(os.environ.get("EARTHWORK_LONG") != "1", reason="runs mypy for ten seconds: EARTHWORK_LONG=1")
def test_mypy_passes_good_scripts_and_finds_each_mistake(tmp_path):
    pytest.importorskip("mypy")
    head = GOOD.partition("value:")[0]
    script = tmp_path / "script.py"
    script.write_text(head + GOOD.partition(head)[2] + "\n".join(BAD) + "\n")
    place = Path(__file__).resolve().parents[1]
    asked = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"), str(script)]
    env = os.environ | {"MYPYPATH": str(place)}
    told = subprocess.run(asked, capture_output=True, text=True, env=env, cwd=tmp_path).stdout
    lines = script.read_text().splitlines()
    found = {int(line.split(":")[1]) for line in told.splitlines() if line.startswith("script.py:") and "error" in line}
    assert found == {lines.index(bad) + 1 for bad in BAD}, told
