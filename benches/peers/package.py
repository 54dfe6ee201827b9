#!/usr/bin/env python3
"""The Python package against its peers in one process: same arrays, same core, in turn.

    python3 benches/peers/package.py                 all rows
    python3 benches/peers/package.py --rows sliced   those whose name holds this
    python3 benches/peers/package.py --size 500      smaller problems

The calls that a user of POT and SciPy knows, conversions and all: POT makes its matrix of costs inside the call. `inside.py`
installs the package of this checkout into a virtual environment of its own under `target/`. Medians over the repetitions; one thread.
"""

import argparse
import os
import sys
import time
from statistics import median

import inside


def rows(size: int):
    """Name, the peer, earthwork, and what the two should agree to (None where they estimate different things)."""
    import numpy as np
    import ot
    import scipy.stats

    import earthwork as ew

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(size, 2)), 1.2 * rng.normal(size=(size, 2)) + 0.5
    x8, y8 = rng.normal(size=(size, 8)), 1.2 * rng.normal(size=(size, 8)) + 0.5
    u, v = rng.normal(size=100 * size), rng.normal(size=100 * size) + 1
    directions = rng.normal(size=(200, 8))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    uniform = np.full(size, 1 / size)
    dist = ot.dist
    return [
        ("emd2, points d=2", lambda: ot.emd2(uniform, uniform, dist(x, y)), lambda: ew.exact.solve(x, y).value, 1e-9),
        ("emd2, points d=8", lambda: ot.emd2(uniform, uniform, dist(x8, y8)), lambda: ew.exact.solve(x8, y8).value, 1e-9),
        (
            "emd2, euclidean d=2",
            lambda: ot.emd2(uniform, uniform, dist(x, y, metric="euclidean")),
            lambda: ew.exact.solve(x, y, cost="euclidean").value,
            1e-9,
        ),
        ("wasserstein_1d", lambda: ot.wasserstein_1d(u, v, p=2), lambda: ew.exact.solve(u, v).value, 1e-9),
        ("energy distance, line", lambda: scipy.stats.energy_distance(u, v), lambda: ew.kernel.energy_distance(u, v, rooted=True).value, 1e-9),
        (
            "sinkhorn, eps = 1",
            lambda: (ot.sinkhorn(uniform, uniform, M := dist(x, y), 1.0, method="sinkhorn_log", stopThr=1e-7) * M).sum(),
            lambda: ew.sinkhorn.solve(x, y, epsilon=1.0, tolerance=1e-6).transport_cost,
            1e-4,
        ),
        (
            "sliced, 200 directions d=8",
            lambda: ot.sliced_wasserstein_distance(x8, y8, projections=directions.T),
            lambda: ew.sliced.distance(x8, y8, directions=directions, control_variates=False).value,
            1e-9,
        ),
    ]


def measured(call):
    begun = time.perf_counter()
    value = float(call())
    return time.perf_counter() - begun, value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help="only rows whose name holds this")
    parser.add_argument("--size", type=int, default=1000, help="points a side (a hundred times as many on a line)")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    inside.enter((os.cpu_count() or 1) - 1)
    print(f"{'':28} {'peer':>10} {'earthwork':>10} {'ratio':>7} {'difference':>11}")
    worst = 0
    for name, theirs, ours, agree in rows(options.size):
        if options.rows not in name:
            continue
        pairs = [(measured(theirs), measured(ours)) for _ in range(options.repetitions)]
        seconds = [median(pair[side][0] for pair in pairs) for side in (0, 1)]
        (_, first), (_, second) = pairs[0]
        difference = abs(first - second) / abs(first)
        ratio = median(pair[0][0] / pair[1][0] for pair in pairs)
        print(f"{name:28} {seconds[0]:9.4f}s {seconds[1]:9.4f}s {ratio:6.1f}x {difference:11.1e}", flush=True)
        worst += difference > agree
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
