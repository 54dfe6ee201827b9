#!/usr/bin/env python3
"""Precision, recall, density and coverage against prdc's NumPy code: same inputs, same core, one thread, in turn, in one run.

    cargo xtask bench metrics
    python3 benches/peers/metrics.py --rows 'n=5000' --repeats 5

prdc computes all four from three distance matrices at one k; earthwork is asked for the four one by one, so that it finds radii three
times. Both clocks run from the points in memory to the four numbers; each measurement is a fresh process, and the ratio is the median
over the pairs of adjacent runs. Memory is that of the process less that after the imports (of earthwork: all of it). The machine may
be busy: processor seconds, which do not count the time given to others, stand beside. Set EARTHWORK_BIN to measure another build.
"""

import argparse
import datetime
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import environment
import report
from exact import INPUTS, command, run

HERE = Path(__file__).resolve()
K = 5
SCORES = ["precision", "recall", "density", "coverage"]
EXTRA = ["prdc==0.2", "scikit-learn==1.7.2"]
# Points a side and dimension.
ROWS = [(5_000, 2), (5_000, 16), (10_000, 16), (20_000, 16), (5_000, 64)]


def name(n: int, d: int) -> str:
    return f"n={n} d={d}"


def peer() -> None:
    """prdc's side, run in a process of its own: prints one line of JSON."""
    import numpy as np
    from prdc import compute_prdc

    x, y = np.load("x.npy"), np.load("y.npy")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start, cpu = time.perf_counter(), time.process_time()
    sys.stdout, out = sys.stderr, sys.stdout
    values = compute_prdc(real_features=x, fake_features=y, nearest_k=K)
    sys.stdout = out
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    values = {key: float(value) for key, value in values.items()}
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "bytes": peak - before, "values": values}))


def cloud(n: int, d: int, folder: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(n + d)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "x.npy", rng.standard_normal((n, d)))
    np.save(folder / "y.npy", 1.1 * rng.standard_normal((n, d)) + 0.1)


def measure(n: int, d: int, binary: Path, repeats: int) -> list[tuple[dict, dict]]:
    """Pairs of runs: prdc's and earthwork's."""
    python = environment.python(*EXTRA)
    folder = INPUTS / f"metrics-n={n}-d={d}"
    subprocess.run([python, HERE, "--write", str(n), str(d), folder], check=True)
    own = [binary, "metrics", "x.npy", "y.npy", "--metrics", ",".join(f"{s}:{K}" for s in SCORES), "--threads", "1", "--json"]
    pairs = []
    for _ in range(repeats):
        theirs = run([python, HERE, "--peer"], folder)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = run(own, folder)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        mine = {
            "seconds": sum(row["seconds"] for row in found["metrics"]),
            "cpu_seconds": now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime,
            "bytes": found["peak_memory_bytes"],
            "values": {score: row["value"] for score, row in zip(SCORES, found["metrics"])},
        }
        pairs.append((theirs, mine))
    shutil.rmtree(folder)
    return pairs


def line(n: int, d: int, pairs: list[tuple[dict, dict]]) -> list[str]:
    """One row of the table."""
    sides = list(zip(*pairs))
    theirs, ours = [median(side["seconds"] for side in column) for column in sides]
    cpu = [median(side["cpu_seconds"] for side in column) for column in sides]
    memory = [max(side["bytes"] for side in column) / 1e6 for column in sides]
    ratio = median(theirs["seconds"] / ours["seconds"] for theirs, ours in pairs)
    off = max(abs(theirs["values"][score] - ours["values"][score]) for theirs, ours in pairs for score in SCORES)
    return [
        name(n, d),
        f"{theirs:.3g}",
        f"{ours:.3g}",
        f"{ratio:.1f}x",
        f"{cpu[0]:.3g} / {cpu[1]:.3g}",
        f"{memory[0]:,.0f} / {memory[1]:,.0f}",
        f"{off:.0e}",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="pairs of runs a row (default 3)")
    parser.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peer:
        peer()
        return 0
    if chosen.write:
        cloud(int(chosen.write[0]), int(chosen.write[1]), Path(chosen.write[2]))
        return 0
    binary = command()
    environment.python(*EXTRA)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})
    table = [["row", "prdc s", "earthwork s", "ratio", "processor s", "MB", "difference"]]
    for n, d in ROWS:
        if re.search(chosen.rows, name(n, d)):
            table.append(line(n, d, measure(n, d, binary, chosen.repeats)))
            print("   ".join(table[-1]), file=sys.stderr, flush=True)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    table.insert(1, ["-" * width for width in widths])
    setting = f"{datetime.date.today()}, {report.processor()}, one core, commit {report.commit()}, Python {platform.python_version()}"
    print(f"{setting}, {', '.join(environment.PACKAGES + EXTRA)}. Medians of {chosen.repeats} pairs of runs.\n")
    print("\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
