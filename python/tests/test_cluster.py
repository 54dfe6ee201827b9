"""Pairs on a Dask cluster of two processes: the same bits, and nothing lost when something dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pandas as pd
import pytest

import earthwork as ew

distributed = pytest.importorskip("distributed")
pytest.importorskip("zarr")

LONG = pytest.mark.skipif(not os.environ.get("EARTHWORK_LONG"), reason="minutes; set EARTHWORK_LONG=1")

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX"),
    pytest.mark.filterwarnings("ignore"),  # what a cluster says when its workers are killed
]


@pytest.fixture(scope="module")
def client():
    import dask

    with (
        dask.config.set({"distributed.scheduler.worker-ttl": "60s", "distributed.comm.timeouts.connect": "600s", "distributed.comm.timeouts.tcp": "600s", "distributed.admin.log-length": 0}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def clouds():
    rng = np.random.default_rng(3)
    return [rng.normal(size=(6 + k % 5, 2)) + rng.normal(size=2) for k in range(20)]


@pytest.fixture(scope="module")
def expected(clouds):
    return ew.pairwise(clouds, "w2")


def same(found, expected):
    for layer in ("values", "lower", "upper"):
        np.testing.assert_array_equal(getattr(found, layer), getattr(expected, layer))
    assert (found.status == expected.status).all()


def test_the_same_bits(client, clouds, expected, tmp_path):
    same(ew.pairwise(clouds, "w2", client=client, tile=7), expected)
    same(ew.pairwise(clouds, "w2", client=client, tile=6, store=tmp_path / "s"), expected)
    part = ew.pairwise(clouds, "w2", client=client, tile=6, store=tmp_path / "t", shard=(1, 2))
    assert not part.complete
    same(ew.pairwise(clouds, "w2", store=tmp_path / "t"), expected)
    two = ew.pairwise(clouds[:3], "kl-gaussian", other=clouds, client=client)
    same(two, ew.pairwise(clouds[:3], "kl-gaussian", other=clouds))


def test_a_function_and_an_error(client, clouds):
    def shift(X, Y):
        if len(X) == 7 and len(Y) == 8:
            raise ValueError("seven and eight")
        return abs(X.mean() - Y.mean())

    with pytest.raises(ValueError, match=r"samples \d+ and \d+: .*seven and eight"):
        ew.pairwise(clouds, shift, client=client, tile=7)
    same(ew.pairwise(clouds[3:], "w1", client=client), ew.pairwise(clouds[3:], "w1"))  # the client is well
    with pytest.raises(TypeError, match="by: a store and a client"):
        ew.pairwise(clouds, ew.discrepancy("w2"), client=client)


def test_dask_collections(client, clouds, expected):
    bag = pytest.importorskip("dask.bag").from_sequence(clouds, npartitions=3)
    same(ew.pairwise(bag, "w2", client=client, tile=6), expected)
    same(ew.pairwise(bag, "w2"), expected)
    cube = np.stack([cloud[:6] for cloud in clouds])
    array = pytest.importorskip("dask.array").from_array(cube, chunks=(7, 3, 1))
    whole = ew.pairwise(cube, "w2")
    same(ew.pairwise(array, "w2", client=client, tile=6), whole)
    table = pd.DataFrame([(k % 7, *point) for k, cloud in enumerate(clouds) for point in cloud], columns=["which", "x", "y"])
    frame = pytest.importorskip("dask.dataframe").from_pandas(table, npartitions=4)
    grouped = ew.pairwise(table, "w2", group="which")
    for found in (ew.pairwise(frame, "w2", group="which", client=client, tile=3), ew.pairwise(frame, "w2", group="which")):
        same(found, grouped)
        assert found.row_names == grouped.row_names


def slow(X, Y):
    """Takes long enough to be killed."""
    time.sleep(0.01)
    return float(abs(X.mean() - Y.mean()))


def tiles_in(store):
    return sum(len(files) for where, _, files in os.walk(store / "pairs" / "c"))


def disturbed(client, clouds, store, do, after):
    """Runs while something is done to the cluster as soon as some tiles are there."""
    done = []

    def wait():
        while tiles_in(store) < after:
            time.sleep(0.01)
        done.append(do())

    thread = threading.Thread(target=wait)
    thread.start()
    found = ew.pairwise(clouds, slow, client=client, store=store, tile=4)
    thread.join()
    return found, done[0]


def pids(client):
    return list(client.run(os.getpid).values())


def test_a_worker_is_killed(client, clouds, tmp_path):
    client.wait_for_workers(2, timeout=30)
    found, _ = disturbed(client, clouds, tmp_path / "s", lambda: os.kill(pids(client)[0], signal.SIGKILL), 3)
    same(found, ew.pairwise(clouds, slow_free))
    client.wait_for_workers(2, timeout=30)


def slow_free(X, Y):
    return float(abs(X.mean() - Y.mean()))


@LONG
def test_a_worker_that_hangs(client, clouds, tmp_path):
    """A paused process is what a lost network looks like from the scheduler: its work goes to the others."""
    client.wait_for_workers(2, timeout=30)

    def pause():
        pid = pids(client)[0]
        os.kill(pid, signal.SIGSTOP)
        return pid

    found, pid = disturbed(client, clouds, tmp_path / "s", pause, 3)
    same(found, ew.pairwise(clouds, slow_free))
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    client.wait_for_workers(2, timeout=30)


RUN = textwrap.dedent("""
    import sys, time
    import numpy as np
    import earthwork as ew

    def slow(X, Y):
        time.sleep(0.005)
        return float(abs(X.mean() - Y.mean()))

    if __name__ == "__main__":
        rng = np.random.default_rng(3)
        clouds = [rng.normal(size=(6 + k % 5, 2)) + rng.normal(size=2) for k in range(20)]
        options = {}
        if sys.argv[2] != "none":
            from distributed import Client, LocalCluster
            where = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) if sys.argv[2] == "own" else sys.argv[2]
            options["client"] = Client(where)
        print(ew.pairwise(clouds, slow, store=sys.argv[1], tile=4, threads=2, **options).report["computed"], flush=True)
""")


def killed_once(script, store, where, after, group):
    """Starts a run and kills it when some tiles are there. Returns how many there were then."""
    process = subprocess.Popen([sys.executable, script, store, where], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=group)
    while process.poll() is None and tiles_in(store) < after:
        time.sleep(0.005)
    (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    process.communicate()
    return tiles_in(store)


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "run.py"
    path.write_text(RUN)
    return path


def finish(script, store, where="none"):
    found = subprocess.run([sys.executable, script, store, where], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[-1])


@LONG
@pytest.mark.parametrize("where", ["none", "client"])
def test_the_run_is_killed(client, clouds, script, tmp_path, where):
    """All of a run without a cluster; or the client alone, whose workers live on."""
    store = tmp_path / "s"
    there = killed_once(script, store, "none" if where == "none" else client.scheduler_info()["address"], 4, group=True)
    computed = finish(script, store)
    assert computed <= 25 - there
    same(ew.open_pairwise(store), ew.pairwise(clouds, slow_free))


@LONG
def test_killed_at_twenty_moments(clouds, script, tmp_path):
    rng = np.random.default_rng(0)
    expected = ew.pairwise(clouds, slow_free)
    for k in range(20):
        store = tmp_path / f"s{k}"
        there = killed_once(script, store, "own" if k % 2 else "none", int(rng.integers(1, 14)), group=bool(k % 4 < 2))
        for _ in range(100):  # workers of a dead client may still be at their last tile
            try:
                computed = finish(script, store)
                break
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        assert computed <= 25 - there
        same(ew.open_pairwise(store), expected)


@LONG
def test_a_worker_without_memory(clouds, tmp_path):
    """Workers that die over the same tile are named, and so is what to do."""

    def greedy(X, Y):
        os.kill(os.getpid(), signal.SIGKILL)  # what the kernel does to a process that takes too much

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as own,
        pytest.raises(RuntimeError, match="workers died one after another over the same tile.*0 of 25 tiles are in the store"),
    ):
        ew.pairwise(clouds, greedy, client=own, store=tmp_path / "s", tile=4)


def mounted(folder, options):
    if subprocess.run(["mount", *options, folder], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")


def test_a_full_disk(clouds, expected, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted(folder, ["-t", "tmpfs", "-o", "size=200k", "tmpfs"])
    try:
        (folder / "ballast").write_bytes(bytes(140_000))
        with pytest.raises(OSError, match=r"no space left .*of 210 tiles are in the store.*nothing that was written is lost") as failed:
            ew.pairwise(clouds, "w2", store=folder / "s", tile=1)
        assert failed.value.errno == 28
        os.unlink(folder / "ballast")
        there = tiles_in(folder / "s")
        assert there
        subprocess.run(["mount", "-o", "remount,size=8m", folder], check=True)
        found = ew.pairwise(clouds, "w2", store=folder / "s")
        same(found, expected)
        assert found.report["found"] == there and not found.report["damaged"]
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_store_that_cannot_be_written(clouds, expected, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted(folder, ["-t", "tmpfs", "tmpfs"])
    try:
        ew.pairwise(clouds, "w2", store=folder / "whole")
        ew.pairwise(clouds, "w2", store=folder / "half", shard=(1, 2), tile=5)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        same(ew.pairwise(clouds, "w2", store=folder / "whole"), expected)  # nothing is missing
        with pytest.raises(OSError, match="half cannot be written to.*5 of its 10 tiles are missing"):
            ew.pairwise(clouds, "w2", store=folder / "half")
        with pytest.raises(OSError, match="new cannot be written to"):
            ew.pairwise(clouds, "w2", store=folder / "new")
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@LONG
def test_ctrl_c_leaves_a_store_to_go_on_from(clouds, script, tmp_path):
    store = tmp_path / "s"
    process = subprocess.Popen([sys.executable, script, store, "none"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while tiles_in(store) < 3:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate()[1]
    finish(script, store)
    same(ew.open_pairwise(store), ew.pairwise(clouds, slow_free))
