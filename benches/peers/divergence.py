#!/usr/bin/env python3
"""The divergence of two samples by nearest neighbours, against SciPy's cKDTree: same inputs, same core, one thread, in turn.

    cargo xtask bench divergence
    python3 benches/peers/divergence.py --rows 'd=2' --repeats 5

Both compute KL by the formula of Pérez-Cruz with k = 5: two trees, the neighbours of every point of x in both, the mean of the
logarithms. The clock runs from the points in memory to the value; each measurement is a fresh process, and the ratio is the median
over the pairs of adjacent runs. The machine may be busy: processor seconds, which do not count the time given to others, stand
beside. Set EARTHWORK_BIN to measure another build of the command.
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
from pathlib import Path
from statistics import median

import environment
import report
from exact import INPUTS, command, run

HERE = Path(__file__).resolve().parent
# Points a side, dimension, and how many times faster than SciPy it is to be.
ROWS = [(100_000, 1, None), (100_000, 2, 4), (100_000, 5, 4), (20_000, 10, 6), (5_000, 64, None)]


def name(n: int, d: int) -> str:
    return f"KL kNN k=5 n={n} d={d}"


def measure(n: int, d: int, binary: Path, repeats: int) -> list[tuple[dict, dict]]:
    """Pairs of runs: SciPy's and earthwork's."""
    python = environment.python()
    folder = INPUTS / f"divergence-n={n}-d={d}"
    spec = json.dumps({"kind": "points", "n": n, "d": d, "weights": "uniform", "cost": "none"})
    subprocess.run([python, HERE / "inputs.py", spec, folder], check=True)
    own = [binary, "divergence", "x.npy", "y.npy", "--kind", "kl", "--method", "knn", "--threads", "1", "--json"]
    pairs = []
    for _ in range(repeats):
        scipy = run([python, HERE / "scipy_knn_side.py"], folder)
        before = processor_seconds()
        mine = run(own, folder)["estimates"][0]
        # Of the whole command, reading included.
        pairs.append((scipy, mine | {"cpu_seconds": processor_seconds() - before}))
    shutil.rmtree(folder)
    return pairs


def processor_seconds() -> float:
    """Of all processes that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def line(n: int, d: int, asked: int | None, pairs: list[tuple[dict, dict]]) -> list[str]:
    """One row of the table."""
    theirs, ours = [median(side["seconds"] for side in column) for column in zip(*pairs)]
    ratio = median(scipy["seconds"] / own["seconds"] for scipy, own in pairs)
    cpu = [median(side["cpu_seconds"] for side in column) for column in zip(*pairs)]
    off = max(abs(scipy["value"] - own["value"]) for scipy, own in pairs)
    wanted = f">= {asked}x" if asked else "-"
    times = f"{cpu[0]:.3g} / {cpu[1]:.3g}"
    return [name(n, d), f"{theirs:.3g}", f"{ours:.3g}", f"{ratio:.1f}x", wanted, times, f"{cpu[0] / cpu[1]:.1f}x", f"{off:.0e}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--repeats", type=int, default=3, metavar="K", help="pairs of runs a row (default 3)")
    parser.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)")
    chosen = parser.parse_args()
    binary = command()
    environment.python()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})
    heading = ["row", "SciPy s", "earthwork s", "ratio", "asked", "processor s", "of these", "difference"]
    table = [heading]
    for n, d, asked in ROWS:
        if re.search(chosen.rows, name(n, d)):
            table.append(line(n, d, asked, measure(n, d, binary, chosen.repeats)))
            print("   ".join(table[-1]), file=sys.stderr, flush=True)
    widths = [max(len(row[column]) for row in table) for column in range(len(heading))]
    table.insert(1, ["-" * width for width in widths])
    setting = f"{datetime.date.today()}, {report.processor()}, one core, commit {report.commit()}, Python {platform.python_version()}"
    print(f"{setting}, {', '.join(environment.PACKAGES)}. Medians of {chosen.repeats} pairs of runs.\n")
    print("\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
