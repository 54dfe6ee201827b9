#!/usr/bin/env python3
"""The divergence of two samples by nearest neighbours, against SciPy's cKDTree: same arrays, same core, one thread, in turn, in one process.

    cargo xtask bench divergence
    python3 benches/peers/divergence.py --rows 'd=2' --repeats 5

Both compute KL by the formula of Pérez-Cruz with k = 5: two trees, the neighbours of every point of x in both, the mean of the
logarithms. The clock runs from the arrays in memory to the value. The machine may be busy: processor seconds, which do not count the
time given to others, stand beside. `inside.py` says how time and memory are measured.
"""

import re
import sys

import inside

K = 5
# Points a side, dimension, and how many times faster than SciPy it is to be.
ROWS = [(100_000, 1, None), (100_000, 2, 4), (100_000, 5, 4), (20_000, 10, 6), (5_000, 64, None)]


def name(n: int, d: int) -> str:
    return f"KL kNN k={K} n={n} d={d}"


def imports() -> None:
    import scipy.spatial  # noqa: F401

    import earthwork  # noqa: F401


def sides(n: int, d: int) -> dict:
    import inputs
    import numpy as np
    from scipy.spatial import cKDTree

    import earthwork as ew

    made = inputs.arrays({"kind": "points", "n": n, "d": d, "weights": "uniform", "cost": "none"})
    x, y = made["x"], made["y"]

    def theirs() -> float:
        own, other = cKDTree(x), cKDTree(y)
        # A point is its own first neighbour.
        r = own.query(x, k=[K + 1], workers=1)[0][:, 0]
        s = other.query(x, k=[K], workers=1)[0][:, 0]
        return float(d * np.mean(np.log(s / r)) + np.log(n / (n - 1)))

    return {"SciPy": theirs, "earthwork": lambda: ew.divergence.estimate(x, y, "kl", "knn", k=K).value}


def line(n: int, d: int, asked: int | None, repeats: int) -> list[str]:
    """One row of the table."""
    runs = inside.in_turn(sides(n, d), repeats)
    theirs, ours = runs["SciPy"], runs["earthwork"]
    cpu = [inside.middle(side, "cpu_seconds") for side in (theirs, ours)]
    megabytes = [inside.memory(side, f"{n},{d}") / 1e6 for side in runs]
    return [
        name(n, d),
        f"{inside.middle(theirs):.3g}",
        f"{inside.middle(ours):.3g}",
        f"{inside.ratio(theirs, ours):.1f}x",
        f">= {asked}x" if asked else "-",
        f"{cpu[0]:.3g} / {cpu[1]:.3g}",
        f"{inside.ratio(theirs, ours, 'cpu_seconds'):.1f}x",
        f"{megabytes[0]:,.0f} / {megabytes[1]:,.0f}",
        f"{max(abs(t['value'] - o['value']) for t, o in zip(theirs, ours)):.0e}",
    ]


def main() -> int:
    chosen = inside.parser(__doc__).parse_args()
    inside.enter(chosen.core)
    if chosen.memory:
        side, row = chosen.memory
        n, d = map(int, row.split(","))
        inside.told_memory(imports, lambda: sides(n, d)[side]())
        return 0
    table = [["row", "SciPy s", "earthwork s", "ratio", "asked", "processor s", "of these", "MB", "difference"]]
    for n, d, asked in ROWS:
        if re.search(chosen.rows, name(n, d)):
            table.append(line(n, d, asked, chosen.repeats))
            print("   ".join(table[-1]), file=sys.stderr, flush=True)
    print(inside.setting(chosen.repeats) + "\n\n" + inside.markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
