#!/usr/bin/env python3
"""Entropic transport against POT: same arrays, same core, one thread, in turn, in one process.

    cargo xtask bench entropic
    python3 benches/peers/entropic.py --rows 'n=1000 d=2'

X ~ N(0, I), Y ~ N(0, I) + 2 Bernoulli(1/2), squared Euclidean cost, eps = rel * mean cost. Both must bring the L1 error of the
two marginals to 1e-6. POT is the best of `sinkhorn` (its kernel in memory, asked for the error that was found to give 1e-6)
and, where that underflows, `sinkhorn_log` with a limit of time; its seconds begin with the cost matrix in memory. earthwork's
begin with the points, once to the same stopping rule, as POT, and once with bounds on the exact cost, which POT does not give.
With `--ott` OTT-JAX (64 bits, compiled before, the fastest of its plain, momentum and Anderson iterations that converges) is
run beside them where n = 1000 and rel >= 0.01, from the points as well. GeomLoss has no stopping rule and is not run.

All seconds are processor time of one thread, so that other work on the machine does not count. `inside.py` says how memory is measured.
"""

import re
import sys
import time
import zlib

import inside

PATIENCE = 60  # seconds allowed to POT in one row
TOLERANCE = 1e-6
SIZES = [(1000, 2), (1000, 10), (1000, 64), (5000, 2), (5000, 64)]
RELATIVE = [1e-1, 1e-2, 1e-3, 1e-4]


def rows() -> list[tuple[int, int, float]]:
    return [(n, d, rel) for n, d in SIZES for rel in RELATIVE if n == 1000 or rel >= 1e-3]


def name(row: tuple[int, int, float]) -> str:
    n, d, rel = row
    return f"n={n} d={d} rel={rel:g}"


def clouds(n: int, d: int):
    import numpy as np

    rng = np.random.default_rng(zlib.crc32(f"entropic {n} {d}".encode()))
    return rng.standard_normal((n, d)), rng.standard_normal((n, d)) + 2.0 * rng.integers(0, 2, (n, 1))


def imports() -> None:
    import ot  # noqa: F401

    import earthwork  # noqa: F401


def error(plan) -> float:
    """L1 error of the two uniform marginals."""
    import numpy as np

    n = len(plan)
    off = np.abs(plan.sum(1) - 1.0 / n).sum() + np.abs(plan.sum(0) - 1.0 / n).sum()
    return float(off) if np.isfinite(off) else float("inf")


def pot(x, y, rel: float) -> dict:
    """The fastest way of POT to the tolerance, or how far it came."""
    import warnings

    import numpy as np
    import ot

    cost = ot.dist(x, y)
    eps, n = rel * cost.mean(), len(x)
    a = b = np.full(n, 1.0 / n)

    def solve(method: str, stop: float, most: int):
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plan = ot.sinkhorn(a, b, cost, eps, method=method, stopThr=stop, numItermax=most)
        return plan, time.process_time() - start

    # Its rule is an L2 norm of one marginal: loosened from 1e-6 / sqrt(n) as far as the L1 error allows.
    for stop in [1e-6 / np.sqrt(n) * k for k in (16, 8, 4, 2, 1, 0.5)]:
        plan, seconds = solve("sinkhorn", stop, 100_000)
        if error(plan) <= TOLERANCE:
            return {"method": "kernel", "seconds": seconds, "error": error(plan), "cost": float((plan * cost).sum())}
        if not np.isfinite(plan).all() or abs(plan.sum() - 1) > 0.1 or seconds > PATIENCE / 2:
            break
    _, each = solve("sinkhorn_log", 0.0, 10)
    plan, seconds = solve("sinkhorn_log", 0.0, max(10, int(PATIENCE * 10 / each)))
    return {"method": "log", "seconds": seconds, "error": error(plan), "cost": float((plan * cost).sum())}


def ott(x, y, rel: float) -> dict:
    """The fastest of OTT's iterations that comes to the tolerance; the best error if none does."""
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    from ott.geometry import pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import acceleration, sinkhorn

    cost = ((x[:, None, :] - y[None, :, :]) ** 2).sum(-1)
    eps = float(rel * cost.mean())
    modes = {
        "plain": {},
        "momentum": {"momentum": acceleration.Momentum(start=20)},
        "Anderson": {"anderson": acceleration.AndersonAcceleration()},
    }
    found = []
    for mode, options in modes.items():
        solver = sinkhorn.Sinkhorn(threshold=TOLERANCE, norm_error=1, max_iterations=4000, **options)

        def solve(x, y, solver=solver):
            return solver(linear_problem.LinearProblem(pointcloud.PointCloud(x, y, epsilon=eps)))

        compiled = jax.jit(solve).lower(x, y).compile()
        compiled(x, y).f.block_until_ready()
        start = time.process_time()
        out = compiled(x, y)
        out.f.block_until_ready()
        seconds = time.process_time() - start
        with np.errstate(all="ignore"):
            plan = np.exp((np.asarray(out.f)[:, None] + np.asarray(out.g)[None, :] - cost) / eps)
            found.append({"method": mode, "seconds": seconds, "error": error(plan)})
    # Their rule watches one marginal, and rounding may leave twice the tolerance.
    reached = [one for one in found if one["error"] <= 2 * TOLERANCE]
    return min(reached, key=lambda one: one["seconds"]) if reached else min(found, key=lambda one: one["error"])


def own(x, y, rel: float, certify: bool = True) -> dict:
    import earthwork as ew

    start = time.process_time()
    found = ew.sinkhorn.solve(x, y, epsilon=rel, relative=True, tolerance=TOLERANCE, certify=certify)
    seconds = time.process_time() - start
    gap = (found.upper - found.lower) / found.upper if certify else float("inf")
    return {"seconds": seconds, "error": found.marginal_error, "cost": found.transport_cost, "gap": gap}


def memory_of(side: str, row: str) -> None:
    """One solve of a side, with POT's kernel or logarithms as it needs."""
    n, d, rel, way = row.split(",")
    x, y = clouds(int(n), int(d))
    if side == "earthwork":
        own(x, y, float(rel))
        return
    import ot

    cost = ot.dist(x, y)
    method = "sinkhorn" if way == "kernel" else "sinkhorn_log"
    ot.sinkhorn(ot.unif(len(x)), ot.unif(len(y)), cost, float(rel) * cost.mean(), method=method, numItermax=20, warn=False)


def measure(row: tuple[int, int, float], repeats: int, with_ott: bool) -> list[str]:
    n, d, rel = row
    x, y = clouds(n, d)
    other = ott(x, y, rel) if with_ott and n == 1000 and rel >= 1e-2 else None
    theirs: list[dict] = []
    plain: list[dict] = []
    ours: list[dict] = []
    for _ in range(repeats):
        if not theirs or theirs[-1]["error"] <= TOLERANCE:
            theirs.append(pot(x, y, rel))
        # What is timed of POT comes after calls that found its rule: caches and pages are its own by then, and are ours after one.
        own(x, y, rel)
        plain.append(own(x, y, rel, certify=False))
        ours.append(own(x, y, rel))
    peer, mine = theirs[-1], ours[-1]
    seconds = [inside.middle(side) for side in (theirs, plain, ours)]
    converged = peer["error"] <= TOLERANCE
    megabytes = [inside.memory(side, f"{n},{d},{rel},{peer['method']}") / 1e6 for side in ("POT", "earthwork")]
    difference = (mine["cost"] - peer["cost"]) / peer["cost"]
    return [
        name(row),
        f"{seconds[0]:.3g} s ({peer['method']})" if converged else f"error {peer['error']:.1e} after {seconds[0]:.0f} s",
        *([f"{other['seconds']:.3g} s ({other['method']}, error {other['error']:.0e})" if other else "-"] if with_ott else []),
        f"{seconds[1]:.3g} s",
        f"{seconds[2]:.3g} s",
        f"{inside.ratio(theirs, plain):.1f}" if converged else "no answer",
        f"{inside.ratio(theirs, ours):.1f}" if converged else "no answer",
        f"{mine['error']:.0e}",
        f"{mine['gap']:.1e}",
        f"{difference:+.0e}" if converged else "",
        f"{megabytes[0]:.0f}, {megabytes[1]:.0f} MB",
    ]


def main() -> int:
    options = inside.parser(__doc__)
    options.add_argument("--ott", action="store_true", help="OTT-JAX beside them (a large download at the first time)")
    chosen = options.parse_args()
    inside.enter(chosen.core, *(["ott-jax"] if chosen.ott else []))
    if chosen.memory:
        inside.told_memory(imports, lambda: memory_of(*chosen.memory))
        return 0
    peers = ["POT", "OTT"] if chosen.ott else ["POT"]
    own_columns = ["earthwork", "with bounds", "ratio", "with bounds", "marginal error", "gap of the bounds"]
    table = [["row", *peers, *own_columns, "difference of ⟨C, P⟩", "memory"]]
    for row in rows():
        if re.search(chosen.rows, name(row)):
            table.append(measure(row, chosen.repeats, chosen.ott))
            print("  ".join(table[-1]), file=sys.stderr, flush=True)
    print(inside.setting(chosen.repeats) + "\n\n" + inside.markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
