#!/usr/bin/env python3
"""Precision, recall, density and coverage against prdc's NumPy code: same arrays, same core, one thread, in turn, in one process.

    cargo xtask bench metrics
    python3 benches/peers/metrics.py --rows 'n=5000' --repeats 5

Both compute all four at one k from the arrays in memory. The machine may be busy: processor seconds, which do not count the time given
to others, stand beside. `inside.py` says how time and memory are measured.
"""

import contextlib
import os
import re
import sys

import inside

K = 5
SCORES = ["precision", "recall", "density", "coverage"]
EXTRA = ["prdc==0.2", "scikit-learn==1.7.2"]
# Points a side and dimension.
ROWS = [(5_000, 2), (5_000, 16), (10_000, 16), (20_000, 16), (5_000, 64)]


def imports() -> None:
    import earthwork  # noqa: F401
    import prdc  # noqa: F401


def sides(n: int, d: int) -> dict:
    import numpy as np
    from prdc import compute_prdc

    import earthwork as ew

    rng = np.random.default_rng(n + d)
    x, y = rng.standard_normal((n, d)), 1.1 * rng.standard_normal((n, d)) + 0.1

    def theirs() -> list[float]:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # it prints
            found = compute_prdc(real_features=x, fake_features=y, nearest_k=K)
        return [float(found[score]) for score in SCORES]

    def ours() -> list[float]:
        return [found.value for found in ew.metrics.prdc(x, y, k=K)]

    return {"prdc": theirs, "earthwork": ours}


def line(n: int, d: int, repeats: int) -> list[str]:
    """One row of the table."""
    runs = inside.in_turn(sides(n, d), repeats)
    theirs, ours = runs["prdc"], runs["earthwork"]
    megabytes = [inside.memory(side, f"{n},{d}") / 1e6 for side in runs]
    off = max(abs(a - b) for t, o in zip(theirs, ours) for a, b in zip(t["value"], o["value"]))
    cpu = [inside.middle(side, "cpu_seconds") for side in (theirs, ours)]
    return [
        f"n={n} d={d}",
        f"{inside.middle(theirs):.3g}",
        f"{inside.middle(ours):.3g}",
        f"{inside.ratio(theirs, ours):.1f}x",
        f"{cpu[0]:.3g} / {cpu[1]:.3g}",
        f"{inside.ratio(theirs, ours, 'cpu_seconds'):.1f}x",
        f"{megabytes[0]:,.0f} / {megabytes[1]:,.0f}",
        f"{off:.0e}",
    ]


def main() -> int:
    chosen = inside.parser(__doc__).parse_args()
    inside.enter(chosen.core, *EXTRA)
    if chosen.memory:
        side, row = chosen.memory
        n, d = map(int, row.split(","))
        inside.told_memory(imports, lambda: sides(n, d)[side]())
        return 0
    table = [["row", "prdc s", "earthwork s", "ratio", "processor s", "of these", "MB", "difference"]]
    for n, d in ROWS:
        if re.search(chosen.rows, f"n={n} d={d}"):
            table.append(line(n, d, chosen.repeats))
            print("   ".join(table[-1]), file=sys.stderr, flush=True)
    print(inside.setting(chosen.repeats, *EXTRA) + "\n\n" + inside.markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
