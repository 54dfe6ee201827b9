"""The nearest of each sample: the answer of the whole matrix, by fewer solves."""

from __future__ import annotations

import numpy as np
import pytest

import earthwork as ew
from earthwork.scale.bounds import Bounds
from earthwork.scale.source import source


def clustered(count, dim=2, seed=0, uneven=True, weighted=True):
    """Samples around a few centers, of different sizes, spreads and weights."""
    rng = np.random.default_rng(seed)
    centers = 6 * rng.normal(size=(5, dim))
    made = []
    for k in range(count):
        n = int(rng.integers(5, 12)) if uneven else 8
        points = centers[k % 5] + rng.normal(size=dim) + rng.uniform(0.3, 1.5) * rng.normal(size=(n, dim))
        weights = rng.random(n) + 0.1 if weighted and uneven and k % 3 == 0 else None
        made.append(ew.samples(points, None if weights is None else weights / weights.sum()))
    return made


def expected(matrix, k, own):
    """The k least of each row; of equal ones the first."""
    values = matrix.values.copy()
    if own:
        np.fill_diagonal(values, np.inf)
    indices = np.argsort(values, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(values, indices, axis=1)


@pytest.mark.parametrize(
    ("by", "dim"), [("w2", 2), ("w1", 2), ("w:1.5", 3), ("w:3", 2), ("w2", 12), ("w1", 1), ("sqeuclidean", 2), ("euclidean", 2), ("cityblock", 3)]
)
def test_the_answer_of_the_whole_matrix(by, dim):
    given = clustered(40, dim)
    found, whole = ew.pairwise(given, by, nearest=4), ew.pairwise(given, by)
    indices, values = expected(whole, 4, own=True)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.lower, np.take_along_axis(whole.lower, indices, axis=1))
    assert (found.status == "solved").all()
    assert found.report["solved"] < 0.6 * found.report["pairs"], found


@pytest.mark.parametrize("by", ["w2", "w1", "w:3"])
@pytest.mark.parametrize("dim", [1, 2, 5, 20])
def test_the_bounds_hold(by, dim):
    given = clustered(20, dim, seed=dim)
    side = source("samples", given, None, "error", False)
    order = {"w1": 1.0, "w2": 2.0, "w:3": 3.0}[by]
    lower, truth = Bounds(order, side, side, 7).between(range(20)), ew.pairwise(given, by).values
    assert (lower <= truth).all()
    off = ~np.eye(20, dtype=bool)
    assert (lower[off] / truth[off]).mean() > 0.6


@pytest.mark.parametrize("given", [[[[0.0]]] * 6, [[[float(k % 3)]] for k in range(9)], [[[1e-170 * k]] for k in range(6)], [[[1e150 * k]] for k in range(6)]])
def test_ties_and_scales(given):
    found, whole = ew.pairwise(given, "w2", nearest=2), ew.pairwise(given, "w2")
    indices, values = expected(whole, 2, own=True)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.values, values)


def test_another_side_and_what_has_no_bound():
    for by in ("w2", "energy", "kl-gaussian"):
        weighted = by != "kl-gaussian"
        queries, given = clustered(7, seed=1, weighted=weighted), clustered(20, weighted=weighted)
        found, whole = ew.pairwise(queries, by, other=given, nearest=3), ew.pairwise(queries, by, other=given)
        indices, values = expected(whole, 3, own=False)
        np.testing.assert_array_equal(found.indices, indices)
        np.testing.assert_array_equal(found.values, values)
        assert (found.report["bounded_by"] is None) == (by != "w2")
    own = ew.pairwise(queries, "kl-gaussian", nearest=2)
    np.testing.assert_array_equal(own.indices, expected(ew.pairwise(queries, "kl-gaussian"), 2, own=True)[0])


def test_the_result():
    given = clustered(12)
    found = ew.pairwise({f"d{k}": one for k, one in enumerate(given)}, "w2", nearest=2)
    assert repr(found).startswith("Nearest(W2, 2 of 12 for each of 12; ")
    table = found.to_pandas()
    assert len(table) == 24 and table.value[0] == found.values[0, 0] and table.column[0] == f"d{found.indices[0, 0]}"
    for k in (0, 12):
        with pytest.raises(ValueError, match="nearest: it is"):
            ew.pairwise(given, "w2", nearest=k)
    with pytest.raises(ValueError, match="errors"):
        ew.pairwise(given, "w2", nearest=2, errors="nan")


def test_from_a_store(tmp_path):
    pytest.importorskip("zarr")
    given = clustered(40)
    first = ew.pairwise(given, "w2", nearest=4, store=tmp_path / "s")
    again = ew.pairwise(given, "w2", nearest=4, store=tmp_path / "s")
    np.testing.assert_array_equal(first.indices, again.indices)
    assert again.report["from_store"] == again.report["solved"] == first.report["solved"] and first.report["from_store"] == 0
    with pytest.raises(ValueError, match="nearest was 4, and is 5"):
        ew.pairwise(given, "w2", nearest=5, store=tmp_path / "s")
    with pytest.raises(ValueError, match="nearest was 4, and is None"):
        ew.pairwise(given, "w2", store=tmp_path / "s")
    with pytest.raises(ValueError, match="nearest 4 of each"):
        ew.open_pairwise(tmp_path / "s")
    with pytest.warns(ew.ConvergenceWarning, match="deadline"):
        late = ew.pairwise(given, "w2", nearest=4, store=tmp_path / "t", time_limit=0)
    assert (late.indices == -1).all()
    np.testing.assert_array_equal(ew.pairwise(given, "w2", nearest=4, store=tmp_path / "t").values, first.values)
