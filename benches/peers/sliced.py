#!/usr/bin/env python3
"""Sliced distances against POT: same inputs, same core, one thread, in turn, in one run.

    python3 benches/peers/sliced.py
    python3 benches/peers/sliced.py --rows d=64 --repeats 5

Needs Python and Rust, nothing else: it builds the command `earthwork` and makes a virtual environment with POT under
`target/`. Each measurement is a fresh process. POT's seconds are those of `ot.sliced_wasserstein_distance` (directions
included) with the samples in memory; earthwork's are the `seconds` of its own report, with independent directions
(`--method monte-carlo`). The ratio is the median over the pairs of adjacent runs. A second table holds the directions that
0.1 % takes: independent ones, from the spread of POT's slices, and earthwork's evenly spread ones, from its standard error.
Set EARTHWORK_BIN to measure another build of the command.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import environment
import report
from exact import INPUTS, command, run

HERE = Path(__file__).resolve().parent
# n, d, directions, the ratio asked for, the ratio aimed at
ROWS = [(10_000, 2, 100, 10, 25), (100_000, 10, 200, 12, 30), (10_000, 64, 500, 8, 20)]
PRECISION = 1e-3
EVEN = [(2_000, 2), (2_000, 3), (2_000, 6), (2_000, 10)]


def pot_side(n_projections: int) -> None:
    """Runs POT in this process and prints one line of JSON."""
    import numpy as np
    import ot

    x, y = np.load("x.npy"), np.load("y.npy")
    start = time.perf_counter()
    value, log = ot.sliced_wasserstein_distance(x, y, n_projections=n_projections, p=2, seed=0, log=True)
    seconds = time.perf_counter() - start
    costs = log["projected_emds"]
    spread = float(np.std(costs, ddof=1) / np.mean(costs)) / 2  # of the value, per direction
    print(json.dumps({"seconds": seconds, "value": float(value), "spread": spread}))


def inputs(n: int, d: int) -> Path:
    """The clouds of the exact bench."""
    folder = INPUTS / f"sliced-n={n}-d={d}"
    row = json.dumps({"kind": "points", "n": n, "d": d, "weights": "uniform"})
    subprocess.run([environment.python(), HERE / "inputs.py", row, folder], check=True)
    return folder


def pot(folder: Path, directions: int) -> dict:
    return run([environment.python(), HERE / "sliced.py", "--pot-side", str(directions)], folder)


def own(binary: Path, folder: Path, *arguments: str) -> dict:
    return run([binary, "sliced", "x.npy", "y.npy", "--p", "2", "--threads", "1", "--json", *arguments], folder)


def speed(binary: Path, rows: list, repeats: int) -> list[list[str]]:
    """Times side by side."""
    table = [["row", "POT s", "earthwork s", "ratio", "least", "aim", "difference in standard errors"]]
    for n, d, directions, least, aim in rows:
        folder = inputs(n, d)
        pairs = []
        for _ in range(repeats):
            theirs = pot(folder, directions)
            ours = own(binary, folder, "--directions", str(directions), "--method", "monte-carlo")
            pairs.append((theirs, ours))
        shutil.rmtree(folder)
        theirs, ours = pairs[-1]
        error = (ours["std_error"] ** 2 + (theirs["spread"] * theirs["value"]) ** 2 / directions) ** 0.5
        table.append(
            [
                f"SW_2 n={n} d={d}, {directions} directions",
                f"{median(t['seconds'] for t, _ in pairs):.3g}",
                f"{median(o['seconds'] for _, o in pairs):.3g}",
                f"{median(t['seconds'] / o['seconds'] for t, o in pairs):.1f}x",
                f"{least}x",
                f"{aim}x",
                f"{(ours['value'] - theirs['value']) / error:+.1f}",
            ]
        )
        print(" ".join(table[-1]), file=sys.stderr, flush=True)
    return table


def evenness(binary: Path) -> list[list[str]]:
    """Directions that a precision takes."""
    table = [["to 0.1 %", "independent", "with control variates", "orthogonal", "evenly spread", "fewer by"]]
    for n, d in EVEN:
        folder = inputs(n, d)
        independent = (pot(folder, 2_000)["spread"] / PRECISION) ** 2

        def needed(method: str) -> int:
            arguments = ("--precision", str(PRECISION), "--method", method, "--directions", "64")
            return own(binary, folder, *arguments)["directions"]

        controlled, orthogonal, even = needed("monte-carlo"), needed("orthogonal"), needed("qmc")
        shutil.rmtree(folder)
        table.append(
            [f"n={n} d={d}", f"{independent:.0f}", str(controlled), str(orthogonal), str(even), f"{independent / even:.0f}x"]
        )
        print(" ".join(table[-1]), file=sys.stderr, flush=True)
    return table


def markdown(table: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = [table[0], ["-" * width for width in widths], *table[1:]]
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", metavar="TEXT", default="", help="only rows whose name contains it")
    parser.add_argument("--repeats", type=int, default=3, metavar="K", help="pairs of runs a row (default 3)")
    parser.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)")
    parser.add_argument("--pot-side", type=int, metavar="L", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.pot_side:
        pot_side(chosen.pot_side)
        return 0
    binary = command()
    environment.python()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})  # every process started from here on inherits it
    rows = [row for row in ROWS if chosen.rows in f"n={row[0]} d={row[1]}"]
    tables = [speed(binary, rows, chosen.repeats)]
    if not chosen.rows:
        tables.append(evenness(binary))
    print(report.setting([{"repeats": chosen.repeats}]) + "\n\n" + "\n\n".join(map(markdown, tables)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
