"""Summaries: the same bits in any grouping, and numbers that hold what they say."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import earthwork as ew
from earthwork.scale import cells as lines
from earthwork.scale.cells import Cells
from earthwork.scale.sums import Moments

SMALL = {"directions": 12, "cells": 64, "part": 100}


@pytest.fixture(scope="module")
def two():
    rng = np.random.default_rng(1)
    return rng.normal(size=(3000, 3)), rng.normal(size=(2000, 3)) * [1.0, 1.3, 1.0] + [0.4, 0.0, 1e3]


@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e150, 3e-310])
def test_moments_are_exact(scale):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1500, 2)) * scale * [1.0, 1e-3] + np.array([0.0, 7.0]) * scale
    made = Moments(2)
    made.add(rows)
    from fractions import Fraction

    exact = [[Fraction(v) for v in column] for column in rows.T.tolist()]
    n = len(rows)
    means = [sum(column) / n for column in exact]
    assert made.mean().tolist() == [float(mean) for mean in means]
    product = sum(x * y for x, y in zip(*exact, strict=True)) / n - means[0] * means[1]
    assert made.covariance()[0, 1] == float(product)
    again = Moments.read(made.written())
    assert again.written() == made.written()


def test_offsets_cost_no_digits():
    rng = np.random.default_rng(0)
    rows = np.round(rng.normal(size=(5000, 2)), 3)
    far = rows * 1024 + 2.0**40  # exact, as doubles
    assert np.all(ew.summary.of(far, **SMALL).covariance == ew.summary.of(far - 2.0**40, **SMALL).covariance)


def test_any_grouping_gives_the_same_bits(two):
    rows, _ = two
    whole = ew.summary.of(rows, **SMALL)
    for size in (1, 17, 400, 5000):
        if size > 1:
            assert ew.summary.of((rows[k : k + size] for k in range(0, len(rows), size)), **SMALL) == whole
    parts = [ew.summary.Summary(**SMALL).push(rows[k : k + 250], first=k) for k in range(0, len(rows), 250)]
    rng = np.random.default_rng(0)
    for _ in range(3):
        some = list(parts)
        while len(some) > 1:
            i, j = rng.choice(len(some), 2, replace=False)
            joined = some[i] + some[j]
            some = [one for k, one in enumerate(some) if k not in (i, j)] + [joined]
        assert some[0] == whole
    assert whole.count == 3000 and whole.part.shape == (100, 3)
    assert ew.summary.of(rows, threads=1, **SMALL) == whole


def test_heavy_tails_and_ties_in_any_order():
    rng = np.random.default_rng(2)
    for values in (rng.standard_cauchy(20_000), rng.integers(0, 5, 20_000) * 1.0, np.exp(20 * rng.normal(size=20_000)), np.zeros(50), -np.abs(rng.normal(size=20_000))):
        made = Cells(64)
        for some in np.array_split(rng.permutation(values), 7):
            one = Cells(64)
            one.add(np.sort(lines.bits(some)))
            made.merge(one)
        whole = Cells(64)
        whole.add(np.sort(lines.bits(values)))
        assert whole.level == made.level and (whole.keys == made.keys).all() and (whole.counts == made.counts).all()
        assert len(whole.keys) <= 64 and whole.count == len(values)
        low, high = whole.ends()
        inside = np.searchsorted(low, np.sort(values), side="right") - 1
        assert (np.sort(values) <= high[inside]).all() and (low[1:] > high[:-1]).all()
        finest = np.unique(lines.bits(values) >> max(whole.level - 1, 0))
        assert whole.level == 0 or len(finest) > 64  # no finer level would do


def test_lines_hold_the_truth(two):
    X, Y = two
    x, y = ew.summary.of(X, **SMALL), ew.summary.of(Y, **SMALL)
    found = ew.summary.compare(x, y)
    from scipy.stats import ks_2samp

    for k in range(3):
        a, b = X[:, k], Y[:, k]
        ks = found[f"KS of column {k}"].estimate
        assert ks.lower <= ks_2samp(a, b).statistic <= ks.upper and ks.upper - ks.lower < 0.1
        for p in (1, 2):
            one = found[f"W{p} of column {k}"].estimate
            assert one.lower <= float(ew.exact.wasserstein(a, b, p)) <= one.upper
    fine = ew.summary.compare(ew.summary.of(X[:60], **SMALL), ew.summary.of(Y[:50], **SMALL))["W2 of column 0"].estimate
    np.testing.assert_allclose([fine.lower, fine.upper], float(ew.exact.wasserstein(X[:60, 0], Y[:50, 0], 2)), rtol=1e-10)  # nothing is lost


def test_directions_hold_the_truth():
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(1500, 3)), rng.normal(size=(1500, 3)) + [0.5, 0.0, 0.0]
    found = ew.summary.compare(ew.summary.of(X, cells=1024, directions=60), ew.summary.of(Y, cells=1024, directions=60), bandwidth=1.5)
    energy = ew.kernel.energy(unbiased=False).between(ew.samples(X), ew.samples(Y)).value
    mmd = ew.kernel.mmd(bandwidth=1.5, unbiased=False).between(ew.samples(X), ew.samples(Y)).value
    for name, truth in (
        ("SW1", float(ew.sliced.distance(X, Y, 1, directions=3000))),
        ("SW2", float(ew.sliced.distance(X, Y, 2, directions=3000))),
        ("energy", energy),
        ("MMD² (σ = 1.5)", mmd),
    ):
        one = found[name].estimate
        assert one.lower <= truth <= one.upper, (name, truth, one)
        assert one.upper - one.lower < truth and "lost" in one.notes[0]
    line = ew.summary.compare(ew.summary.of(X[:, 0]), ew.summary.of(Y[:, 0]))
    one = ew.kernel.energy(unbiased=False).between(ew.samples(X[:, 0]), ew.samples(Y[:, 0])).value
    assert line["energy"].estimate.lower <= one <= line["energy"].estimate.upper
    one = ew.kernel.mmd(bandwidth=1.0, unbiased=False).between(ew.samples(X[:, 0]), ew.samples(Y[:, 0])).value
    line = ew.summary.compare(*line.summaries, bandwidth=1.0)["MMD² (σ = 1)"].estimate
    assert line.lower <= one <= line.upper


def test_moments_are_those_of_the_library(two):
    X, Y = two
    found = ew.summary.compare(ew.summary.of(X, **SMALL), ew.summary.of(Y, **SMALL))
    np.testing.assert_allclose(found["Gelbrich"].estimate.value, ew.discrepancy("gelbrich").between(ew.samples(X), ew.samples(Y)).value, rtol=1e-9)
    a, b = np.cov(X.T), np.cov(Y.T)
    expected = ew.closed_form.bures_wasserstein((X.mean(0), a), (Y.mean(0), b)).value ** 2
    np.testing.assert_allclose(found["FID"].estimate.value, expected, rtol=1e-9)


def test_divergences_of_equal_distributions():
    """Lower bounds that chance lifts above 0 in few draws."""
    rng = np.random.default_rng(4)
    above = dict.fromkeys(("js", "kl", "chi2", "psi", "tv"), 0)
    for _ in range(60):
        x, y = (ew.summary.of(rng.normal(size=2000), cells=512, part=1, directions=1) for _ in range(2))
        found = ew.summary.compare(x, y)
        for kind in above:
            above[kind] += found[f"{kind} of column 0"].estimate.lower > 0
    assert max(above.values()) <= 6, above
    x, y = ew.summary.of(rng.normal(size=20_000), part=1), ew.summary.of(rng.normal(size=20_000) + 1, part=1)
    kl = ew.summary.compare(x, y)["kl of column 0"].estimate
    assert 0.45 < kl.value < 0.56 and kl.lower <= 0.5 and kl.kind == "lower bound"  # the truth is 1/2


def frame(n=600):
    rng = np.random.default_rng(6)
    return pd.DataFrame(
        {"x": rng.normal(size=n), "kind": rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]), "y": rng.integers(0, 4, n), "flag": rng.random(n) < 0.5}
    )


def test_tables_and_categories(tmp_path):
    table = frame()
    whole = ew.summary.of(table, **SMALL)
    assert whole.names == ["x", "y", "flag"] and whole.categories == {"kind": table.kind.value_counts().sort_index().to_dict()}
    import polars
    import pyarrow

    assert ew.summary.of(polars.from_pandas(table), **SMALL) == whole
    assert ew.summary.of(pyarrow.Table.from_pandas(table), **SMALL) == whole
    assert ew.summary.of([table[:100], table[100:]], **SMALL) == whole
    assert ew.summary.of([table[:100], table[["flag", "y", "kind", "x"]][100:]], **SMALL) == whole  # columns go by name
    with pytest.raises(ValueError, match="it has [23] columns of numbers, but the other has [23]"):
        ew.summary.of([table[:100], table[["x", "y", "kind"]][100:]], **SMALL)
    table.to_parquet(tmp_path / "t.parquet", row_group_size=70)
    table.to_csv(tmp_path / "t.csv", index=False)
    assert ew.summary.of(tmp_path / "t.parquet", **SMALL) == whole
    assert ew.summary.of(tmp_path / "t.csv", **SMALL) == whole
    other = table.assign(kind=np.where(table.kind == "c", "a", table.kind))
    found = ew.summary.compare(whole, ew.summary.of(other, **SMALL))
    p, q = (one.kind.value_counts(normalize=True).reindex(list("abc"), fill_value=0.0).to_numpy() for one in (table, other))
    assert abs(found["js of kind"].estimate.value - ew.divergence.discrete(p, q, "js")) < 0.01
    assert found["kl of kind"].estimate.value == np.inf
    assert {"tv of kind", "KS of y"} <= set(found.to_pandas()["distance"]) and "kind" in repr(found) and "<table>" in found._repr_html_()


def test_many_categories_are_counted_in_groups():
    words = pd.DataFrame({"w": [f"word {k % 500}" for k in range(3000)]})
    few = {**SMALL, "categories": 40}
    whole = ew.summary.of(words, **few)
    assert len(whole.categories["w"]) <= 40 and sum(whole.categories["w"].values()) == 3000
    for size in (30, 700):
        assert ew.summary.of([words[k : k + size] for k in range(0, 3000, size)], **few) == whole
    small = ew.summary.of(words[:30], **few)
    assert "groups of categories" in ew.summary.compare(whole, small)["tv of w"].estimate.notes[0]


def test_missing_values(tmp_path):
    table = frame()
    table.loc[7, "x"] = np.nan
    table["kind"] = table["kind"].where(table.index != 9)
    with pytest.raises(ValueError, match="row 9, column 'kind'"):
        ew.summary.of(table)
    with pytest.raises(ValueError, match=r"row 7, column 'x'|entry \(7, 0\)"):
        ew.summary.of(table[["x", "y"]])
    dropped = ew.summary.of(table, missing="drop", **SMALL)
    assert (dropped.count, dropped.left_out) == (598, 2)
    assert ew.summary.of([table[:8], table[8:]], missing="drop", **SMALL) == dropped
    with pytest.raises(ValueError, match="entry .* is inf"):
        ew.summary.of([[0.0], [np.inf]])
    with pytest.raises(ValueError, match="no row without a missing value"):
        ew.summary.of(np.full((3, 2), np.nan), missing="drop")


def test_files(tmp_path):
    made = ew.summary.of(frame(), **SMALL)
    made.save(tmp_path / "a.summary")
    made.save(tmp_path / "b.summary")
    assert (tmp_path / "a.summary").read_bytes() == (tmp_path / "b.summary").read_bytes()
    again = ew.summary.load(tmp_path / "a.summary")
    assert again == made and again.part.tolist() == made.part.tolist()
    assert pickle.loads(pickle.dumps(made)) == made
    data = bytearray((tmp_path / "a.summary").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.summary").write_bytes(data)
    with pytest.raises(ValueError, match="a.summary: it is damaged"):
        ew.summary.load(tmp_path / "a.summary")
    (tmp_path / "c.summary").write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match="it is no summary"):
        ew.summary.load(tmp_path / "c.summary")


def test_a_reference(two):
    X, _ = two
    rng = np.random.default_rng(8)
    real, fake = X[:300, :2], rng.normal(size=(250, 2)) * 0.6
    expected = ew.metrics.prdc(real, fake, k=5)
    ball = ew.summary.reference(real, k=5)
    made = ew.summary.of([fake[:100], fake[100:]], reference=ball, **SMALL)
    found = ew.summary.compare(ew.summary.of(real, **SMALL), made)
    for name in ("precision", "density", "coverage"):
        np.testing.assert_allclose(found[name].estimate.value, getattr(expected, name).value, rtol=1e-12)
    back = ew.summary.of(real, reference=ew.summary.reference(fake, k=5), **SMALL)
    recall = ew.summary.compare(ew.summary.of(fake, **SMALL), back)["precision"].estimate.value
    np.testing.assert_allclose(recall, expected.recall.value, rtol=1e-12)


def test_rows_at_random():
    rows = np.arange(20_000.0)[:, None] / 20_000
    parts = np.array([ew.summary.of(rows, seed=seed, part=200, cells=64).part.mean() for seed in range(40)])
    assert abs(parts.mean() - 0.5) < 4 * (0.2887 / np.sqrt(200 * 40)) and 0.5 < parts.std() / (0.2887 / np.sqrt(200)) < 1.6
    atoms = np.repeat([0.0, 1.0], [15_000, 5_000])  # equal rows are chosen one by one
    assert abs(ew.summary.of(atoms, part=1000).part.mean() - 0.25) < 0.07
    found = ew.summary.compare(ew.summary.of(rows, part=150), ew.summary.of(rows + 1, part=150))["W1"].estimate
    assert found.lower <= 1.0 <= found.upper and "150 and 150 rows at random" in found.notes[0]


def test_what_is_refused(two):
    X, Y = two
    x = ew.summary.of(X, **SMALL)
    for call, message in (
        (lambda: ew.summary.compare(x, ew.summary.of(Y, **{**SMALL, "cells": 32})), "cells: the summaries have 64 and 32"),
        (lambda: x + ew.summary.of(Y[:, :2], **SMALL), "it has 2 columns of numbers"),
        (lambda: ew.summary.of([X, Y[:, :2]], **SMALL), "it has [23] columns of numbers"),
        (lambda: ew.summary.of(np.empty((0, 2))), "data: there is no row"),
        (lambda: ew.summary.of("absent.parquet"), "there is no file or folder"),
        (lambda: ew.summary.of(X, cells=1), "cells: it is 1"),
        (lambda: ew.summary.reference(X[:4], k=4), "k: it is 4"),
        (lambda: ew.summary.compare(x, ew.summary.Summary(**SMALL)), "Y: no row"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="Y: a Summary is needed"):
        ew.summary.compare(x, X)
    with pytest.raises(TypeError, match="data: rows, chunks"):
        ew.summary.of(3)


def test_dask(two, tmp_path):
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    import dask.array as da
    import dask.dataframe as dd

    X, _ = two
    whole = ew.summary.of(X, **SMALL)
    table = frame()
    with dask.config.set(scheduler="synchronous"):
        assert ew.summary.of(da.from_array(X, chunks=(700, 2)), **SMALL) == whole
        lazy = ew.summary.of(dd.from_pandas(table, npartitions=5), **SMALL)
    here = ew.summary.of(table, **SMALL)
    assert lazy.categories == here.categories and (lazy.covariance == here.covariance).all()
    (tmp_path / "t").mkdir()
    for k in range(3):
        table[k * 200 : (k + 1) * 200].to_parquet(tmp_path / "t" / f"{k}.parquet", row_group_size=90)
    files = ew.summary.of(tmp_path / "t", **SMALL)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert ew.summary.of(tmp_path / "t", client=client, **SMALL) == files
        assert ew.summary.of(da.from_array(X, chunks=(500, 3)), client=client, **SMALL) == whole
        assert ew.summary.of(dd.from_pandas(table, npartitions=5), client=client, **SMALL) == lazy
        bad = dd.from_pandas(table.assign(x=np.inf), npartitions=2)
        with pytest.raises(ValueError, match="is inf"):
            ew.summary.of(bad, client=client)
