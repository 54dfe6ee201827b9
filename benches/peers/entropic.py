#!/usr/bin/env python3
"""Entropic transport against POT: same inputs, same core, one thread, in turn, in one run.

    python3 benches/peers/entropic.py
    python3 benches/peers/entropic.py --rows 'n=1000 d=2'

X ~ N(0, I), Y ~ N(0, I) + 2 Bernoulli(1/2), squared Euclidean cost, eps = rel * mean cost. Both must bring the L1 error of the
two marginals to 1e-6. POT is the best of `sinkhorn` (its kernel in memory, asked for the error that was found to give 1e-6)
and, where that underflows, `sinkhorn_log` with a limit of time; its seconds begin with the cost matrix in memory. earthwork's
end with the bounds on the exact cost, which POT does not give. Memory is the peak of the process. OTT and GeomLoss are not run here; earlier measurements found POT the fastest of the three on one core wherever
it converges.

All seconds are processor time of one thread, so that other work on the machine does not count: for POT of the call, for
earthwork of the process, less what it takes to start and to read the same files (measured by a single slice of them).
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from statistics import median

import environment
from exact import INPUTS, ONE_THREAD, command

HERE = Path(__file__).resolve().parent
PATIENCE = 60  # seconds allowed to POT in one row
TOLERANCE = 1e-6
SIZES = [(1000, 2), (1000, 10), (1000, 64), (5000, 2), (5000, 64)]
RELATIVE = [1e-1, 1e-2, 1e-3, 1e-4]


def rows() -> list[tuple[int, int, float]]:
    return [(n, d, rel) for n, d in SIZES for rel in RELATIVE if n == 1000 or rel >= 1e-3]


def name(row: tuple[int, int, float]) -> str:
    n, d, rel = row
    return f"n={n} d={d} rel={rel:g}"


def pot_side(n: int, d: int, rel: float, folder: Path) -> dict:
    """Runs in the peers' environment: makes the inputs, solves with POT, prints JSON."""
    import time
    import warnings

    import numpy as np
    import ot
    from pot_side import peak_bytes

    rng = np.random.default_rng(zlib.crc32(f"entropic {n} {d}".encode()))
    x = rng.standard_normal((n, d))
    y = rng.standard_normal((n, d)) + 2.0 * rng.integers(0, 2, (n, 1))
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    cost = ot.dist(x, y)
    eps = rel * cost.mean()
    a = b = np.full(n, 1.0 / n)

    def solve(method: str, stop: float, most: int):
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plan = ot.sinkhorn(a, b, cost, eps, method=method, stopThr=stop, numItermax=most)
        return plan, time.process_time() - start

    def error(plan) -> float:
        off = np.abs(plan.sum(1) - a).sum() + np.abs(plan.sum(0) - b).sum()
        return float(off) if np.isfinite(off) else float("inf")

    # Its rule is an L2 norm of one marginal: loosened from 1e-6 / sqrt(n) as far as the L1 error allows.
    best = None
    for stop in [1e-6 / np.sqrt(n) * k for k in (16, 8, 4, 2, 1, 0.5)]:
        plan, seconds = solve("sinkhorn", stop, 100_000)
        if error(plan) <= TOLERANCE:
            best = {"method": "kernel", "seconds": seconds, "error": error(plan), "transport_cost": float((plan * cost).sum())}
            break
        if not np.isfinite(plan).all() or abs(plan.sum() - 1) > 0.1 or seconds > PATIENCE / 2:
            break
    if best is None:
        _, each = solve("sinkhorn_log", 0.0, 10)
        plan, seconds = solve("sinkhorn_log", 0.0, max(10, int(PATIENCE * 10 / each)))
        reached = error(plan)
        best = {"method": "log", "seconds": seconds, "error": reached, "transport_cost": float((plan * cost).sum())}
    return best | {"peak_memory_bytes": peak_bytes()}


def run(arguments: list) -> dict:
    """Runs one side and reads the JSON it prints; `processor` is what the process took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(arguments, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    taken = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return json.loads(done.stdout) | {"processor": taken}


def measure(row: tuple[int, int, float], binary: Path, repeats: int) -> str:
    n, d, rel = row
    folder = INPUTS / re.sub(r"[^A-Za-z0-9=]+", "-", f"entropic {name(row)}")
    folder.mkdir(parents=True, exist_ok=True)
    peers, own = [], []
    for _ in range(repeats):
        if not peers or peers[-1]["error"] <= TOLERANCE:
            peers.append(run([environment.python(), __file__, "--pot", json.dumps([n, d, rel, str(folder)])]))
        arguments = ["sinkhorn", folder / "x.npy", folder / "y.npy", "--cost", "sqeuclidean", "--epsilon-relative", str(rel)]
        start = run([binary, "sliced", folder / "x.npy", folder / "y.npy", "--directions", "1", "--json"])
        mine = run([binary, *arguments, "--threads", "1", "--json"])
        own.append(mine | {"processor": mine["processor"] - start["processor"]})
    shutil.rmtree(folder)
    peer, mine = peers[-1], own[-1]
    pot, seconds = median(p["seconds"] for p in peers), median(o["processor"] for o in own)
    converged = peer["error"] <= TOLERANCE
    ratio = f"{median(p['seconds'] / o['processor'] for p, o in zip(peers, own)):.1f}" if converged else "no answer"
    said = f"{pot:.3g} s ({peer['method']})" if converged else f"error {peer['error']:.1e} after {pot:.0f} s"
    difference = (mine["transport_cost"] - peer["transport_cost"]) / peer["transport_cost"]
    cells = [
        name(row),
        said,
        f"{seconds:.3g} s",
        ratio,
        f"{mine['marginal_error']:.0e}",
        f"{mine['relative_gap']:.1e}",
        f"{difference:+.0e}" if converged else "",
        f"{peer['peak_memory_bytes'] / 1e6:.0f}, {mine['peak_memory_bytes'] / 1e6:.0f} MB",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows whose name matches")
    parser.add_argument("--repeats", type=int, default=3, metavar="K", help="pairs of runs a row (default 3)")
    parser.add_argument("--core", type=int, default=(os.cpu_count() or 1) - 1, help="core to pin to (default: the last)")
    parser.add_argument("--pot", metavar="JSON", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.pot:
        n, d, rel, folder = json.loads(chosen.pot)
        print(json.dumps(pot_side(n, d, rel, Path(folder))))
        return 0
    binary = command()
    environment.python()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {chosen.core})
    print("| row | POT | earthwork | ratio | marginal error | gap of the bounds | difference of ⟨C, P⟩ | memory |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows():
        if re.search(chosen.rows, name(row)):
            print(measure(row, binary, chosen.repeats), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
