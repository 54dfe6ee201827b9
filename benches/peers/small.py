#!/usr/bin/env python3
"""Many small problems: microseconds a pair, beside SciPy's assignment and POT's network simplex.

    cargo xtask bench small
    python3 benches/peers/small.py --rows n=50 --repeats 5

Every row is 20 clouds of one family, 190 pairs, on one core and one thread. earthwork's time is that of one call of `ew.exact.pairwise`,
from points to proven bounds; the others' is that of a loop over the pairs with `scipy.optimize.linear_sum_assignment` and `ot.emd2`,
the cost matrix by `scipy.spatial.distance.cdist` included. Ratios are medians over pairs of adjacent runs, and the values of all three are compared.
`inside.py` says how time is measured.
"""

import re
import sys

import inside

CLOUDS = 20
# n, d, cost
SIZES = [
    (20, 2, "sqeuclidean"),
    (50, 2, "sqeuclidean"),
    (50, 2, "euclidean"),
    (50, 3, "sqeuclidean"),
    (128, 2, "sqeuclidean"),
    (128, 2, "euclidean"),
    (256, 2, "sqeuclidean"),
    (256, 64, "sqeuclidean"),
]
FAMILIES = ["normal", "moved", "uniform", "rings", "clusters", "integers"]


def clouds(family: str, n: int, d: int) -> list:
    """The clouds of a row. Each is drawn anew; those of `moved` lie far apart, and `rings` have radii of 1, 2 and 3."""
    import numpy as np

    rng = np.random.default_rng([FAMILIES.index(family), n, d])
    made = []
    for k in range(CLOUDS):
        points = rng.normal(size=(n, d))
        if family == "moved":
            points += 4 * rng.normal(size=d)
        elif family == "uniform":
            points = rng.random((n, d))
        elif family == "rings":
            angle = 2 * np.pi * rng.random(n)
            points *= 0.05
            points[:, :2] += (1 + k % 3) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        elif family == "clusters":
            points *= 0.05
            points[:, 0] += rng.integers(0, 4, n)
            points[:, 1] += rng.random()
        elif family == "integers":
            points = np.round(3 * points)
        made.append(points)
    return made


def sides(family: str, n: int, d: int, cost: str) -> dict:
    """Each gives the sum over all pairs."""
    import numpy as np
    import ot
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    import earthwork as ew

    made = clouds(family, n, d)
    pairs = [(made[i], made[j]) for i in range(CLOUDS) for j in range(i + 1, CLOUDS)]
    uniform = np.full(n, 1 / n)

    def ours() -> float:
        return float(np.triu(ew.exact.pairwise(made, cost=cost).values).sum())

    def assigned() -> float:
        total = 0.0
        for x, y in pairs:
            costs = cdist(x, y, cost)
            total += costs[linear_sum_assignment(costs)].sum() / n
        return total

    def pot() -> float:
        return float(sum(ot.emd2(uniform, uniform, cdist(x, y, cost)) for x, y in pairs))

    return {"SciPy": assigned, "POT": pot, "earthwork": ours}


def row(family: str, size: tuple, repeats: int) -> list[str]:
    n, d, cost = size
    runs = inside.in_turn(sides(family, n, d, cost), repeats)
    values = {side: run[-1]["value"] for side, run in runs.items()}
    worst = max(abs(value / values["earthwork"] - 1) for value in values.values())
    microseconds = {side: inside.middle(run) / (CLOUDS * (CLOUDS - 1) / 2) * 1e6 for side, run in runs.items()}
    cells = [f"n={n} d={d} {cost}, {family}", *(f"{microseconds[side]:.0f}" for side in ("earthwork", "SciPy", "POT"))]
    cells += [f"{inside.ratio(runs[side], runs['earthwork']):.1f}x" for side in ("SciPy", "POT")]
    return [*cells, f"{worst:.0e}"]


def main() -> int:
    chosen = inside.parser(__doc__).parse_args()
    inside.enter(chosen.core)
    table = [["pairs of clouds", "earthwork µs", "SciPy µs", "POT µs", "over SciPy", "over POT", "values differ by"]]
    for size in SIZES:
        for family in FAMILIES:
            # Rings and whole numbers in many dimensions are nobody's data.
            if size[1] > 8 and family not in ("normal", "moved", "uniform"):
                continue
            if not re.search(chosen.rows, f"n={size[0]} d={size[1]} {size[2]} {family}"):
                continue
            table.append(row(family, size, chosen.repeats))
            print("  ".join(table[-1]), file=sys.stderr, flush=True)
    print(inside.setting(chosen.repeats) + "\n\n" + inside.markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
