#!/usr/bin/env python3
"""Kernel distances against scikit-learn and SciPy: same inputs, same core, one thread, in turn, in one run.

    python3 benches/peers/kernels.py
    python3 benches/peers/kernels.py --rows 'n=20000'

scikit-learn's side is what its users write: means of `pairwise_distances` (of `rbf_kernel` for the kernel distance) over the three
pairs of samples, and the same in chunks of rows (`pairwise_distances_chunked`), which needs no n x n memory. On the line it is
SciPy's `energy_distance`. The permutation test is against a distance matrix of the pooled points, permuted by index. earthwork's
seconds are those of its own report: `statistic_seconds` for one value, `seconds` for a whole test. Memory is that of the process
less that after the imports (of earthwork: all of it). Set EARTHWORK_BIN to measure another build of the command.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import environment
import report

HERE = Path(__file__).resolve().parent
INPUTS = environment.ROOT / "target" / "peers"
ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"], "1")
SIGMA = 3.0
# (what, n, d, permutations)
ROWS = [
    ("energy", 5_000, 2, 1),
    ("energy", 5_000, 10, 1),
    ("energy", 20_000, 10, 1),
    ("energy chunked", 20_000, 10, 1),
    ("energy", 5_000, 64, 1),
    ("mmd", 5_000, 10, 1),
    ("energy", 1_000_000, 1, 1),
    ("energy test", 1_000, 10, 999),
]


def cloud(n, d):
    import numpy as np

    rng = np.random.default_rng(n + d)
    return rng.standard_normal((n, d)), 1.2 * rng.standard_normal((n, d)) + 0.5


def peer(what: str, folder: Path, permutations: int) -> dict:
    """The peer's side, run in a process of its own."""
    import numpy as np
    from scipy.stats import energy_distance
    from sklearn.metrics import pairwise_distances, pairwise_distances_chunked
    from sklearn.metrics.pairwise import rbf_kernel

    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start = time.perf_counter()
    if what == "energy test":
        z = np.concatenate([x, y])
        n, distances, rng = len(x), pairwise_distances(z), np.random.default_rng(0)

        def value(order):
            a, b = order[:n], order[n:]
            own = distances[np.ix_(a, a)].mean() + distances[np.ix_(b, b)].mean()
            return 2 * distances[np.ix_(a, b)].mean() - own

        result = value(np.arange(len(z)))
        for _ in range(permutations):
            value(rng.permutation(len(z)))
    elif x.shape[1] == 1:
        result = energy_distance(x[:, 0], y[:, 0]) ** 2
    elif what == "energy chunked":

        def mean(a, b):
            sums = pairwise_distances_chunked(a, b, reduce_func=lambda chunk, _: chunk.sum(1))
            return sum(part.sum() for part in sums) / (len(a) * len(b))

        result = 2 * mean(x, y) - mean(x, x) - mean(y, y)
    elif what == "energy":
        result = 2 * pairwise_distances(x, y).mean() - pairwise_distances(x).mean() - pairwise_distances(y).mean()
    else:
        gamma = 0.5 / SIGMA**2
        result = rbf_kernel(x, gamma=gamma).mean() + rbf_kernel(y, gamma=gamma).mean() - 2 * rbf_kernel(x, y, gamma=gamma).mean()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "value": float(result), "bytes": peak - before}


def own(binary: Path, what: str, folder: Path, permutations: int) -> dict:
    name = f"mmd:{SIGMA}" if what == "mmd" else "energy"
    arguments = [binary, "test", "x.npy", "y.npy", "--with", name, "--permutations", str(permutations), "--threads", "1", "--json"]
    found = run(arguments, folder)
    seconds = found["seconds" if what == "energy test" else "statistic_seconds"]
    return {"seconds": seconds, "value": found["value"], "bytes": found["peak_memory_bytes"]}


def run(arguments: list, folder: Path) -> dict:
    done = subprocess.run(arguments, cwd=folder, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise SystemExit(f"{arguments[:3]}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return json.loads(done.stdout)


def command() -> Path:
    if given := os.environ.get("EARTHWORK_BIN"):
        return Path(given).resolve()
    subprocess.run(["cargo", "build", "--release"], cwd=environment.ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", environment.ROOT / "target")) / "release" / "earthwork"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--repeats", type=int, default=3, metavar="K", help="pairs of runs a row (default 3)")
    parser.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)")
    parser.add_argument("--peer", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peer:
        what, folder, permutations = chosen.peer
        print(json.dumps(peer(what, Path(folder), int(permutations))))
        return 0
    python = environment.python("scikit-learn==1.9.1")
    binary = command()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})
    table = [["row", "peer s", "earthwork s", "ratio", "peer MB", "earthwork MB", "difference"]]
    for what, n, d, permutations in ROWS:
        name = f"{what} n={n} d={d}" + (f" {permutations} permutations" if permutations > 1 else "")
        if not re.search(chosen.rows, name):
            continue
        folder = INPUTS / re.sub(r"[^A-Za-z0-9=]+", "-", name)
        folder.mkdir(parents=True, exist_ok=True)
        write = f"import sys; sys.path.insert(0, {str(HERE)!r}); import numpy, kernels; x, y = kernels.cloud({n}, {d}); numpy.save('x.npy', x); numpy.save('y.npy', y)"
        subprocess.run([python, "-c", write], cwd=folder, check=True)
        pairs = []
        for _ in range(chosen.repeats):
            theirs = run([python, HERE / "kernels.py", "--peer", what, str(folder), str(permutations)], folder)
            pairs.append((theirs, own(binary, what, folder, permutations)))
        for file in folder.iterdir():
            file.unlink()
        seconds = [median(side["seconds"] for side in sides) for sides in zip(*pairs)]
        theirs, ours = pairs[-1]
        table.append([
            name,
            f"{seconds[0]:.3g}",
            f"{seconds[1]:.3g}",
            f"{median(a['seconds'] / b['seconds'] for a, b in pairs):.1f}x",
            f"{max(a['bytes'] for a, _ in pairs) / 1e6:.0f}",
            f"{max(b['bytes'] for _, b in pairs) / 1e6:.0f}",
            f"{(ours['value'] - theirs['value']) / abs(theirs['value']):+.0e}",
        ])
        print("  ".join(table[-1]), file=sys.stderr, flush=True)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    table.insert(1, ["-" * width for width in widths])
    print(f"{report.processor()}, one core, commit {report.commit()}, medians of {chosen.repeats} pairs of runs\n")
    print("\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
