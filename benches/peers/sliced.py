#!/usr/bin/env python3
"""Sliced distances against POT: same arrays, same core, one thread, in turn, in one process.

    cargo xtask bench sliced
    python3 benches/peers/sliced.py --rows d=64 --repeats 5

POT's seconds are those of `ot.sliced_wasserstein_distance` (directions included), earthwork's those of `ew.sliced.distance` with
independent directions (`method="monte-carlo"`). The ratio is the median over the pairs of adjacent runs. A second table holds the
directions that 0.1 % takes: independent ones, from the spread of POT's slices, and earthwork's evenly spread ones, from its standard
error. `inside.py` says how time and memory are measured.
"""

import re
import sys

import inside

# n, d, directions, the ratio asked for, the ratio aimed at
ROWS = [(10_000, 2, 100, 10, 25), (100_000, 10, 200, 12, 30), (10_000, 64, 500, 8, 20)]
PRECISION = 1e-3
EVEN = [(2_000, 2), (2_000, 3), (2_000, 6), (2_000, 10)]


def clouds(n: int, d: int):
    """The clouds of the exact bench."""
    import inputs

    made = inputs.arrays({"kind": "points", "n": n, "d": d, "weights": "uniform"})
    return made["x"], made["y"]


def imports() -> None:
    import ot  # noqa: F401

    import earthwork  # noqa: F401


def pot(x, y, directions: int) -> tuple[float, float]:
    """The value, and the spread of the slices as a part of it, per direction."""
    import numpy as np
    import ot

    value, log = ot.sliced_wasserstein_distance(x, y, n_projections=directions, p=2, seed=0, log=True)
    costs = log["projected_emds"]
    return float(value), float(np.std(costs, ddof=1) / np.mean(costs)) / 2


def sides(n: int, d: int, directions: int) -> dict:
    import earthwork as ew

    x, y = clouds(n, d)

    def ours() -> tuple[float, float]:
        found = ew.sliced.distance(x, y, directions=directions, method="monte-carlo")
        return found.value, found.std_error

    return {"POT": lambda: pot(x, y, directions), "earthwork": ours}


def speed(rows: list, repeats: int) -> list[list[str]]:
    """Times side by side."""
    table = [["row", "POT s", "earthwork s", "ratio", "least", "aim", "MB", "difference in standard errors"]]
    for n, d, directions, least, aim in rows:
        runs = inside.in_turn(sides(n, d, directions), repeats)
        theirs, ours = runs["POT"], runs["earthwork"]
        megabytes = [inside.memory(side, f"{n},{d},{directions}") / 1e6 for side in runs]
        (value, spread), (own, own_error) = theirs[-1]["value"], ours[-1]["value"]
        error = (own_error**2 + (spread * value) ** 2 / directions) ** 0.5
        table.append(
            [
                f"SW_2 n={n} d={d}, {directions} directions",
                f"{inside.middle(theirs):.3g}",
                f"{inside.middle(ours):.3g}",
                f"{inside.ratio(theirs, ours):.1f}x",
                f"{least}x",
                f"{aim}x",
                f"{megabytes[0]:,.0f} / {megabytes[1]:,.0f}",
                f"{(own - value) / error:+.1f}",
            ]
        )
        print("  ".join(table[-1]), file=sys.stderr, flush=True)
    return table


def evenness() -> list[list[str]]:
    """Directions that a precision takes."""
    import earthwork as ew

    table = [["to 0.1 %", "independent", "with control variates", "orthogonal", "evenly spread", "fewer by"]]
    for n, d in EVEN:
        x, y = clouds(n, d)
        independent = (pot(x, y, 2_000)[1] / PRECISION) ** 2

        def needed(method: str) -> int:
            return ew.sliced.distance(x, y, directions=64, method=method, precision=PRECISION).directions

        controlled, orthogonal, even = needed("monte-carlo"), needed("orthogonal"), needed("qmc")
        table.append(
            [f"n={n} d={d}", f"{independent:.0f}", str(controlled), str(orthogonal), str(even), f"{independent / even:.0f}x"]
        )
        print("  ".join(table[-1]), file=sys.stderr, flush=True)
    return table


def main() -> int:
    chosen = inside.parser(__doc__).parse_args()
    inside.enter(chosen.core)
    if chosen.memory:
        side, row = chosen.memory
        inside.told_memory(imports, lambda: sides(*map(int, row.split(",")))[side]())
        return 0
    rows = [row for row in ROWS if re.search(chosen.rows, f"n={row[0]} d={row[1]}")]
    tables = [speed(rows, chosen.repeats)]
    if not chosen.rows:
        tables.append(evenness())
    print(inside.setting(chosen.repeats) + "\n\n" + "\n\n".join(map(inside.markdown, tables)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
