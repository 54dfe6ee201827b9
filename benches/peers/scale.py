#!/usr/bin/env python3
"""Pairs, neighbors and summaries on two workers, against what people write today; and what the scheduler takes.

    cargo xtask bench scale
    python3 benches/peers/scale.py --rows 'pairs|tasks'
    python3 benches/peers/scale.py --large          # 2,000 samples, 50 million rows

The peer is a joblib loop over POT's `emd2` on two processes, one cost matrix a pair, above the diagonal, as in POT's documentation of
parallel loops. Ours is `ew.pairwise` on two threads, and on a `LocalCluster` of two workers that is running already, as joblib's
processes are (each side has made a small matrix before). All sides of a row are called in turn, and ratios are medians over pairs of
adjacent runs. Each native call has one thread.

The row `tasks` has 64 threads that sleep for as long as a tile takes, those of 8 workers in this one process beside the scheduler, with
blocks of samples as dependencies as in a run. What it measures as overhead is the scheduler's, the client's and the workers' own together,
all on one core (they share an interpreter): an upper bound of what the scheduler alone takes. (64 workers of one thread each in one process
cost several times as much, nearly all of it the workers' own.)
"""

import re
import tempfile
import time
from pathlib import Path

import inside

EXTRA = ["joblib==1.6.0", "dask[distributed]", "zarr", "pyarrow", "pandas"]
POINTS = 50


def samples(count: int, seed: int = 0):
    import numpy as np

    rng = np.random.default_rng(seed)
    return [rng.normal(size=(POINTS, 2)) + rng.normal(size=2) for _ in range(count)]


def emd(x, y) -> float:
    import ot

    return ot.emd2(ot.unif(len(x)), ot.unif(len(y)), ot.dist(x, y))


def loop(given):
    """What people write."""
    import numpy as np
    from joblib import Parallel, delayed

    n = len(given)
    places = [(i, j) for i in range(n) for j in range(i + 1, n)]
    found = Parallel(n_jobs=2)(delayed(emd)(given[i], given[j]) for i, j in places)
    made = np.zeros((n, n))
    for (i, j), cost in zip(places, found):
        made[i, j] = made[j, i] = cost**0.5
    return made


def cluster(workers: int, processes: bool = True, threads: int = 1):
    from distributed import Client, LocalCluster

    options = {"n_workers": workers, "threads_per_worker": threads, "processes": processes}
    made = LocalCluster(**options, dashboard_address=None, memory_limit=0)
    return made, Client(made)


def pairs(count: int, repeats: int, client) -> list[str]:
    import numpy as np

    import earthwork as ew

    given = samples(count)
    sides = {
        "pot": lambda: loop(given),
        "threads": lambda: ew.pairwise(given, "w2", threads=2).values,
        "workers": lambda: ew.pairwise(given, "w2", client=client).values,
        "store": lambda: stored(given, client),
    }
    for call in (lambda: loop(given[:12]), lambda: ew.pairwise(given[:12], "w2", client=client)):
        call()
    runs = inside.in_turn(sides, repeats)
    apart = max(float(np.abs(runs[name][0]["value"] - runs["threads"][0]["value"]).max()) for name in sides)
    same = all((runs[name][0]["value"] == runs["threads"][0]["value"]).all() for name in ("workers", "store"))
    number = count * (count - 1) // 2
    return [
        f"pairs {count}² of {POINTS} points",
        *(f"{inside.middle(runs[name]):.3g}" for name in ("pot", "threads", "workers", "store")),
        f"{inside.ratio(runs['pot'], runs['workers']):.1f}x",
        f"{inside.ratio(runs['workers'], runs['threads']):.2f}x",
        f"{1e6 * 2 * inside.middle(runs['threads']) / number:.0f} µs",
        f"{apart:.0e}; {'same bits' if same else 'OTHER BITS'}",
    ]


def stored(given, client):
    import earthwork as ew

    with tempfile.TemporaryDirectory() as folder:
        return ew.pairwise(given, "w2", client=client, store=folder + "/s").values


def one_by_one(count: int) -> list[str]:
    """Seconds of the processor on one core, which other work on the machine changes least."""
    import ot

    import earthwork as ew

    given = samples(count)
    sides = {
        "pot": lambda: [emd(given[i], given[j]) for i in range(count) for j in range(i + 1, count)],
        "earthwork": lambda: ew.pairwise(given, "w2", threads=1),
    }
    ot.emd2([1.0], [1.0], [[0.0]])
    runs = inside.in_turn(sides, 3)
    number = count * (count - 1) // 2
    theirs, ours = (1e6 * inside.middle(runs[name], "cpu_seconds") / number for name in sides)
    return [f"{count}² of {POINTS} points, one core", f"{theirs:.0f} µs", f"{ours:.0f} µs", f"{inside.ratio(runs['pot'], runs['earthwork'], 'cpu_seconds'):.1f}x"]


def scaling(count: int) -> list[list[str]]:
    """One worker and two: seconds, and the bytes and seconds of a tile."""
    import earthwork as ew
    from earthwork.scale.grid import Grid, edge_for

    given, out = samples(count), []
    grid = Grid(count, count, edge_for(count, count, POINTS), True)
    for workers in (1, 2):
        made, client = cluster(workers)
        with made, client:
            ew.pairwise(given[:12], "w2", client=client)
            seconds = min(inside.timed(lambda: ew.pairwise(given, "w2", client=client))["seconds"] for _ in range(3))
        tiles = len(grid.tiles())
        moved = 2 * grid.edge * POINTS * 2 * 8 + 2 * 32 * grid.edge**2
        out.append([f"{workers} workers", f"{seconds:.3g}", str(tiles), f"{grid.edge}²", f"{workers * seconds / tiles:.3f}", f"{moved / 1e3:.0f} kB"])
    return out


def nearest(count: int, clusters: int = 40) -> list[str]:
    import numpy as np

    import earthwork as ew

    rng = np.random.default_rng(1)
    centers = 10 * rng.normal(size=(clusters, 2))
    given = [rng.normal(size=(POINTS, 2)) + centers[k % clusters] + rng.normal(size=2) for k in range(count)]
    begun = time.perf_counter()
    found = ew.pairwise(given, "w2", nearest=10)
    return [f"nearest=10 of {count:,}, {clusters} clusters", f"{time.perf_counter() - begun:.3g}", f"{100 * found.report['share']:.2f} %"]


def summaries(rows: int, client) -> list[str]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    import earthwork as ew

    with tempfile.TemporaryDirectory() as folder:
        for side in range(2):
            (Path(folder) / str(side)).mkdir()
            for part in range(8):
                rng = np.random.default_rng(8 * side + part)
                values = rng.normal(size=(rows // 8, 4)) * (1 + 0.1 * side) + 0.1 * side
                pq.write_table(pa.table({f"x{k}": values[:, k] for k in range(4)}), f"{folder}/{side}/{part}.parquet", row_group_size=2**18)
        begun = time.perf_counter()
        made = [ew.summary.of(f"{folder}/{side}", client=client) for side in range(2)]
        first = time.perf_counter() - begun
        ew.summary.compare(*made)
        whole = time.perf_counter() - begun
        made[0].save(folder + "/a.summary")
        size = (Path(folder) / "a.summary").stat().st_size
    peak = max(client.run(peak_bytes).values())
    return [f"summaries of 2 x {rows:,} x 4", f"{first:.3g}", f"{whole - first:.3g}", f"{1e6 * 2 * first / (2 * rows):.2f} µs", f"{peak / 1e6:.0f} MB", f"{size / 1e6:.1f} MB"]


def peak_bytes() -> int:
    """Of the worker that it is sent to, which cannot import `inside`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def asleep(seconds: float, *blocks) -> bytes:
    time.sleep(seconds)
    return bytes(32 * 64 * 64)


def tasks(seconds: float, workers: int, number: int) -> list[str]:
    """Tiles that sleep."""
    from earthwork.scale.workers import Workers

    made, client = cluster(8, processes=False, threads=workers // 8)
    with made, client:
        client.gather(client.map(time.sleep, [0.01] * 4 * workers, pure=False))
        blocks = [client.submit(bytes, 64 * POINTS * 16, pure=False) for _ in range(64)]
        run = Workers(client, lambda: "", "tile")
        begun, used = time.perf_counter(), time.process_time()
        at = [(k % 64, (k // 64 + k) % 64) for k in range(number)]
        for _ in run.run(at, lambda ij: client.submit(asleep, seconds, blocks[ij[0]], blocks[ij[1]], pure=False), lambda: True):
            pass
        took, used = time.perf_counter() - begun, time.process_time() - used
    ideal = seconds * number / workers
    return [f"{workers} threads, tiles of {seconds:g} s", str(number), f"{took:.3g}", f"{100 * ideal / took:.0f} %", f"{1e3 * used / number:.2f} ms"]


def main() -> None:
    parser = inside.parser(__doc__)
    parser.add_argument("--large", action="store_true", help="the sizes of the issue: half an hour on two cores")
    parser.add_argument("--samples", type=int, nargs="+", default=[300, 600], metavar="N", help="of the row `pairs` (default 300 600)")
    given = parser.parse_args()
    inside.enter(None, *EXTRA)
    wanted = re.compile(given.rows)
    large = given.large
    print(inside.setting(given.repeats, *EXTRA).replace("one core", "two workers"), end="\n\n", flush=True)
    if wanted.search("pairs") or wanted.search("summaries"):
        made, client = cluster(2)
        with made, client:
            if wanted.search("pairs"):
                head = ["row", "joblib + POT s", "two threads s", "two workers s", "with a store s", "POT / workers", "workers / threads", "a pair", "largest difference"]
                print(inside.markdown([head, *(pairs(n, given.repeats, client) for n in ([2000] if large else given.samples))]), end="\n\n", flush=True)
            if wanted.search("summaries"):
                head = ["row", "two summaries s", "compare s", "a row", "peak of a worker", "a file"]
                print(inside.markdown([head, summaries(50_000_000 if large else 2_000_000, client)]), end="\n\n", flush=True)
    if wanted.search("one core"):
        print(inside.markdown([["row", "POT a pair", "earthwork a pair", "ratio"], one_by_one(120)]), end="\n\n", flush=True)
    if wanted.search("scaling"):
        head = ["600² pairs on", "s", "tiles", "rows of a tile", "s of a worker a tile", "moved a tile"]
        print(inside.markdown([head, *scaling(600)]), end="\n\n", flush=True)
    if wanted.search("nearest"):
        print(inside.markdown([["row", "s", "pairs solved"], nearest(2000)]), end="\n\n", flush=True)
    if wanted.search("tasks"):
        head = ["row", "tiles", "s", "busy", "of the processor a tile"]
        print(inside.markdown([head, *(tasks(s, 64, n) for s, n in ((1.0, 640), (0.25, 1280), (0.0, 1280)))]), flush=True)


if __name__ == "__main__":
    main()
