"""All pairs: the same bits at once, in pieces and from a store; what is damaged, differs, or is held by another run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

import earthwork as ew


@pytest.fixture(scope="module")
def clouds():
    """Nine clouds in the plane, of 5 to 13 points."""
    rng = np.random.default_rng(3)
    return [rng.normal(size=(5 + k, 2)) + rng.normal(size=2) for k in range(9)]


def same(found, expected):
    """To the last bit."""
    for layer in ("values", "lower", "upper"):
        np.testing.assert_array_equal(getattr(found, layer), getattr(expected, layer))
    assert (found.status == expected.status).all()


@pytest.mark.parametrize("by", ["w1", "w2", "w:1.5"])
def test_it_is_the_matrix_of_exact(clouds, by):
    found = ew.pairwise(clouds, by, tile=4)
    expected = ew.exact.pairwise(clouds, p={"w1": 1, "w2": 2, "w:1.5": 1.5}[by])
    for layer in ("values", "lower", "upper"):
        np.testing.assert_array_equal(getattr(found, layer), getattr(expected, layer))
    assert (found.status == "solved").all() and found.complete


@pytest.mark.parametrize("by", ["sqeuclidean", "cityblock"])
def test_costs(clouds, by):
    found, expected = ew.pairwise(clouds, by, tile=4), ew.exact.pairwise(clouds, by)
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.lower, expected.lower)


@pytest.mark.parametrize("by", ["sw2", "energy", "mmd", "gelbrich", "js", "kl", "sinkhorn-divergence", "fid", "precision"])
def test_any_discrepancy(by):
    rng = np.random.default_rng(5)
    given = [rng.normal(size=(30, 2)) + k / 2 for k in range(4)]
    found = ew.pairwise(given, by)
    one = ew.discrepancy(by)
    for i in range(4):
        for j in range(4):
            first, second = (i, j) if i <= j or by in ("js", "kl", "precision") else (j, i)
            expected = one.between(ew.samples(given[first]), ew.samples(given[second]))
            if i == j:
                assert abs(found.values[i, j] - expected.value) < 1e-12
            else:
                assert (found.values[i, j], found.lower[i, j]) == (expected.value, expected.lower), (i, j)


def test_functions_and_discrepancies(clouds):
    further = ew.pairwise(clouds, lambda X, Y: float(X.mean() - Y.mean()))
    np.testing.assert_array_equal(further.values, -further.values.T)
    np.testing.assert_array_equal(ew.pairwise(clouds, ew.discrepancy("w2")).values[0, 1], ew.pairwise(clouds, "w2").values[0, 1])


def test_two_sides(clouds):
    found = ew.pairwise(clouds[:4], "w2", other=clouds[2:], tile=2)
    whole = ew.pairwise(clouds, "w2")
    np.testing.assert_array_equal(np.asarray(found)[:2], whole.values[:2, 2:])
    assert found.shape == (4, 7) and not found.own
    with pytest.raises(ValueError, match="embedding"):
        found.embedding()


@pytest.mark.parametrize("options", [{"tile": 1}, {"tile": 5, "threads": 1}, {"tile": 100, "threads": 3}])
def test_the_tiles_do_not_matter(clouds, options):
    same(ew.pairwise(clouds, "w1", **options), ew.pairwise(clouds, "w1"))


def test_tolerance():
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(300, 2)) for _ in range(3)]
    for by, options in (("w2", {"p": 2}), ("euclidean", {"cost": "euclidean"})):
        found = ew.pairwise(given, by, tolerance=0.1)
        np.testing.assert_array_equal(found.values, ew.exact.pairwise(given, tolerance=0.1, **options).values)
    with pytest.raises(ValueError, match="tolerance: energy has none"):
        ew.pairwise(given, "energy", tolerance=0.1)


def frame(clouds):
    rows = [(f"s{k}", *point) for k, cloud in enumerate(clouds) for point in cloud]
    mixed = np.random.default_rng(0).permutation(len(rows))
    return pd.DataFrame([rows[k] for k in mixed], columns=["which", "x", "y"])


def test_where_samples_come_from(clouds, tmp_path):
    zarr = pytest.importorskip("zarr")
    expected = ew.pairwise(clouds, "w1").values
    by_name = ew.pairwise({f"s{k}": cloud for k, cloud in enumerate(clouds)}, "w1")
    np.testing.assert_array_equal(by_name.values, expected)
    assert by_name.to_pandas().loc["s1", "s2"] == expected[1, 2]
    table = frame(clouds)
    found = ew.pairwise(table, "w1", group="which")
    assert found.row_names == [f"s{k}" for k in range(9)]
    np.testing.assert_allclose(found.values, expected, rtol=1e-12, atol=1e-15)
    import polars
    import pyarrow

    same(ew.pairwise(polars.from_pandas(table), "w1", group="which"), found)
    same(ew.pairwise(pyarrow.Table.from_pandas(table), "w1", group="which"), found)
    (tmp_path / "files").mkdir()
    group = zarr.open_group(tmp_path / "group.zarr", mode="w")
    for k, cloud in enumerate(clouds):
        np.save(tmp_path / "files" / f"s{k}.npy", cloud)
        group.create_array(f"s{k}", data=cloud)
    for kind in ("csv", "parquet"):
        (tmp_path / kind).mkdir()
        for k, cloud in enumerate(clouds):
            made = pd.DataFrame(cloud, columns=["x", "y"])
            made = made if k % 2 else made[["y", "x"]]  # columns go by name
            made.to_csv(tmp_path / kind / f"s{k}.csv", index=False) if kind == "csv" else made.to_parquet(tmp_path / kind / f"s{k}.parquet")
    for folder in ("files", "group.zarr", "csv", "parquet"):
        np.testing.assert_allclose(ew.pairwise(tmp_path / folder, "w1").values, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(ew.pairwise([tmp_path / "files" / f"s{k}.npy" for k in (1, 2)], "w1").values, expected[1:3, 1:3])
    cube = np.stack([cloud[:5] for cloud in clouds])
    np.testing.assert_array_equal(ew.pairwise(cube, "w1").values, ew.pairwise(list(cube), "w1").values)


def test_missing_values_of_groups(clouds):
    table = frame(clouds)
    table.loc[3, "x"] = np.nan
    with pytest.raises(ValueError, match="row 3, column 'x'"):
        ew.pairwise(table, "w1", group="which")
    assert ew.pairwise(table, "w1", group="which", missing="drop").shape == (9, 9)
    table["which"] = table["which"].where(table.index != 5)
    with pytest.raises(ValueError, match="group: row 5"):
        ew.pairwise(table, "w1", group="which", missing="drop")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "w3x"}, "by: .*w3x"),
        ({"by": "w:0.5"}, "w:0.5"),
        ({"by": 3}, "by: a name or a function"),
        ({"shard": (1, 2)}, "shard: it needs a `store`"),
        ({"shard": (3, 2), "store": "x"}, "shard: it is"),
        ({"tile": 0}, "tile: it is 0"),
        ({"threads": 0}, "threads: it is 0"),
        ({"errors": "skip"}, "errors: 'skip'"),
        ({"group": "which"}, "group: it names a column"),
        ({"client": 3}, "client: a distributed.Client"),
    ],
)
def test_what_is_refused(clouds, options, message, tmp_path):
    if "store" in options:
        options = {**options, "store": tmp_path / options["store"]}
    with pytest.raises((ValueError, TypeError), match=message):
        ew.pairwise(clouds, **options)


def test_refused_samples(clouds, tmp_path):
    for given, message in (
        ([], "samples: at least one"),
        ([clouds[0], clouds[0][:, :1]], r"samples\[1\]: it has dimension 1"),
        (tmp_path, "holds no files"),
        (tmp_path / "absent", "there is no folder"),
        ([str(tmp_path / "absent.npy")], "there is no file"),
        (frame(clouds), "say which column"),
    ):
        with pytest.raises(ValueError, match=message):
            ew.pairwise(given)


def test_a_pair_without_a_value():
    def picky(X, Y):
        if X[0, 0] == 1.0 and Y[0, 0] == 2.0:
            raise ValueError("not these")
        return 1.0

    given = [[[0.0]], [[1.0]], [[2.0]]]
    with pytest.raises(ValueError, match="samples 1 and 2: .*not these"):
        ew.pairwise(given, picky)
    found = ew.pairwise(given, picky, errors="nan")
    assert np.isnan(found.values[1, 2]) and found.status[1, 2] == "failed" and found.values[2, 1] == 1.0


def test_the_result(clouds):
    found = ew.pairwise(clouds, "w2")
    assert repr(found).startswith("PairwiseResult(W2, 9 × 9, ") and "81 solved" in repr(found)
    data = found.to_xarray()
    assert float(data.value.sel(row="0", column="1")) == found.values[0, 1] and data.status.values[0, 1] == "solved"
    line = ew.pairwise([[[0.0]], [[1.0]], [[4.0]]], "w1")
    np.testing.assert_allclose(np.ptp(line.embedding(1)), 4.0)
    pytest.importorskip("matplotlib").use("Agg")
    found.plot(), found.plot("embedding")
    with pytest.raises(ValueError, match="kind"):
        found.plot("tree")


def test_time_limit_and_progress(clouds, tmp_path):
    seen = []
    with pytest.warns(ew.ConvergenceWarning, match="deadline"):
        found = ew.pairwise(clouds, "w2", time_limit=0, store=tmp_path / "s")
    assert not found.complete and np.isnan(found.values).all()
    whole = ew.pairwise(clouds, "w2", store=tmp_path / "s", progress=seen.append)
    same(whole, ew.pairwise(clouds, "w2"))
    assert seen[-1]["done"] == seen[-1]["total"] == 36


@pytest.mark.parametrize(("workers", "starting"), [(1, 0.0), (2, 5.0), (8, 20.0), (64, 3.0)])
def test_the_time_left_is_honest(monkeypatch, workers, starting):
    """After a tenth of a run it is off by a quarter at most, whatever starting took; here by a clock of our own."""
    import heapq

    from earthwork.scale import pace

    now = 0.0
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now)
    for seed in range(20):
        rng, now = np.random.default_rng(seed), 0.0
        tiles, shown = 40 * workers, []
        clock = pace.Clock(tiles * 10, tiles * 10, lambda state, shown=shown: shown.append((now, state)))
        ends = [starting * (1 + 0.1 * rng.random()) + rng.uniform(0.7, 1.3) for _ in range(workers)]
        heapq.heapify(ends)
        for _ in range(tiles):
            now = ends[0]
            heapq.heapreplace(ends, now + rng.uniform(0.7, 1.3))
            clock.tell(10)
        at, left = next((at, state["seconds_left"]) for at, state in shown if state["done"] >= tiles)
        assert abs(left / (now - at) - 1) < 0.25, (seed, left, now - at)


# Stores.


@pytest.fixture
def store(tmp_path):
    pytest.importorskip("zarr")
    return tmp_path / "store"


def chunk(store, i, j):
    return store / "pairs" / "c" / "0" / str(i) / str(j)


def test_a_store_is_gone_on_from(clouds, store):
    expected = ew.pairwise(clouds, "w2")
    first = ew.pairwise(clouds, "w2", store=store, tile=3)
    same(first, expected)
    assert (first.report["computed"], first.report["found"]) == (6, 0)
    os.unlink(chunk(store, 0, 1))
    again = ew.pairwise(clouds, "w2", store=store)
    same(again, expected)
    assert (again.report["computed"], again.report["found"], again.report["damaged"]) == (1, 5, 0)
    same(ew.open_pairwise(store), expected)


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "zeros"])
def test_a_damaged_tile_is_computed_again(clouds, store, harm):
    expected = ew.pairwise(clouds, "w2", store=store, tile=3)
    path = chunk(store, 0, 2)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes({"flip": bytes(data), "cut": bytes(data[:-9]), "empty": b"", "zeros": bytes(len(data))}[harm])
    assert not ew.open_pairwise(store).complete
    again = ew.pairwise(clouds, "w2", store=store)
    same(again, expected)
    assert (again.report["computed"], again.report["damaged"]) == (1, 1)


def test_a_store_of_another_call_is_refused(clouds, store, tmp_path):
    ew.pairwise(clouds, "w2", store=store)
    for given, options, message in (
        (clouds, {"by": "w1"}, "by was 'w2', and is 'w1'"),
        (clouds, {"by": "w2", "tolerance": 0.5}, "tolerance was 0.0, and is 0.5"),
        (clouds[:8], {"by": "w2"}, "samples was '9 of"),
        ([2 * cloud for cloud in clouds], {"by": "w2"}, "samples was '9 of"),
        (clouds, {"by": "w2", "other": clouds}, "other was None"),
    ):
        with pytest.raises(ValueError, match=message):
            ew.pairwise(given, store=store, **options)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letters.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else"):
        ew.pairwise(clouds, store=tmp_path / "other")
    with pytest.raises(ValueError, match="is a file"):
        ew.pairwise(clouds, store=tmp_path / "other" / "letters.txt")
    with pytest.raises(ValueError, match="is not a store"):
        ew.open_pairwise(tmp_path / "other")
    with pytest.raises(TypeError, match="by: a store and a client need a name"):
        ew.pairwise(clouds, ew.discrepancy("w2"), store=tmp_path / "new")


def test_shards_meet_in_a_store(clouds, store):
    expected = ew.pairwise(clouds, "w2")
    for k in (3, 1):
        part = ew.pairwise(clouds, "w2", store=store, tile=2, shard=(k, 3))
        assert not part.complete
    assert (part.status == "not begun").any() and (part.status == "solved").any()
    same(ew.pairwise(clouds, "w2", store=store, tile=2, shard=(2, 3)), expected)
    assert ew.pairwise(clouds, "w2", store=store).report["computed"] == 0


def test_two_runs_on_one_store(clouds, store):
    """While another process holds the store alone, it is refused; shards of others are not in the way of each other."""
    ew.pairwise(clouds, "w2", store=store, tile=3)
    code = textwrap.dedent("""
        import sys
        from pathlib import Path
        from earthwork.scale.folder import Lock
        held = Lock(Path(sys.argv[1]), eval(sys.argv[2]))
        print("held", flush=True)
        sys.stdin.read()
    """)

    def other(shard):
        process = subprocess.Popen([sys.executable, "-c", code, store, repr(shard)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "held\n"
        return process

    with other(None) as process:
        with pytest.raises(RuntimeError, match=rf"another run is at work on .*process {process.pid}"):
            ew.pairwise(clouds, "w2", store=store)
        process.kill()
    assert ew.pairwise(clouds, "w2", store=store).complete  # a dead process holds nothing
    with other((1, 2)) as process:
        assert ew.pairwise(clouds, "w2", store=store, shard=(2, 2)).complete
        with pytest.raises(RuntimeError, match="another run"):
            ew.pairwise(clouds, "w2", store=store, shard=(1, 2))
        with pytest.raises(RuntimeError, match="another run"):
            ew.pairwise(clouds, "w2", store=store)
        process.kill()


def test_without_the_extra():
    """The package needs none of it, and says what does."""
    code = """
        import sys
        for absent in ("zarr", "dask", "distributed", "xarray"):
            sys.modules[absent] = None
        import earthwork as ew
        print(ew.pairwise([[[0.0]], [[2.0]]]).values[0, 1])
        for call in (lambda: ew.pairwise([[[0.0]]], store="x"), lambda: ew.pairwise([[[0.0]]], client=3), lambda: ew.pairwise([[[0.0]]]).to_xarray()):
            try:
                call()
            except ImportError as why:
                print(why)
    """
    found = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    lines = found.stdout.splitlines()
    assert lines[0] == "2.0" and len(lines) == 4 and all('pip install "earthwork[cluster]"' in line for line in lines[1:])
