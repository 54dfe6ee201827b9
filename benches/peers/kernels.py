#!/usr/bin/env python3
"""Kernel distances against scikit-learn and SciPy: same arrays, same core, one thread, in turn, in one process.

    cargo xtask bench kernels
    python3 benches/peers/kernels.py --rows 'n=20000'

scikit-learn's side is what its users write: means of `pairwise_distances` (of `rbf_kernel` for the kernel distance) over the three
pairs of samples, and the same in chunks of rows (`pairwise_distances_chunked`), which needs no n x n memory. On the line it is
SciPy's `energy_distance`. The permutation test is against a distance matrix of the pooled points, permuted by index. `inside.py`
says how time and memory are measured.
"""

import re
import sys

import inside

SIGMA = 3.0
EXTRA = ["scikit-learn==1.9.1"]
# (what, n, d, permutations)
ROWS = [
    ("energy", 5_000, 2, 1),
    ("energy", 5_000, 10, 1),
    ("energy", 20_000, 10, 1),
    ("energy chunked", 20_000, 10, 1),
    ("energy", 5_000, 64, 1),
    ("mmd", 5_000, 10, 1),
    ("energy", 1_000_000, 1, 1),
    ("energy test", 1_000, 10, 999),
]


def name(what: str, n: int, d: int, permutations: int) -> str:
    return f"{what} n={n} d={d}" + (f" {permutations} permutations" if permutations > 1 else "")


def imports() -> None:
    import scipy.stats  # noqa: F401
    import sklearn.metrics.pairwise  # noqa: F401

    import earthwork  # noqa: F401


def sides(what: str, n: int, d: int, permutations: int) -> dict:
    import numpy as np

    rng = np.random.default_rng(n + d)
    x, y = rng.standard_normal((n, d)), 1.2 * rng.standard_normal((n, d)) + 0.5
    return {"peer": lambda: peer(what, x, y, permutations), "earthwork": lambda: own(what, x, y, permutations)}


def peer(what: str, x, y, permutations: int) -> float:
    import numpy as np
    from scipy.stats import energy_distance
    from sklearn.metrics import pairwise_distances, pairwise_distances_chunked
    from sklearn.metrics.pairwise import rbf_kernel

    if what == "energy test":
        z = np.concatenate([x, y])
        n, distances, rng = len(x), pairwise_distances(z), np.random.default_rng(0)

        def value(order):
            a, b = order[:n], order[n:]
            own = distances[np.ix_(a, a)].mean() + distances[np.ix_(b, b)].mean()
            return 2 * distances[np.ix_(a, b)].mean() - own

        result = value(np.arange(len(z)))
        for _ in range(permutations):
            value(rng.permutation(len(z)))
    elif x.shape[1] == 1:
        result = energy_distance(x[:, 0], y[:, 0]) ** 2
    elif what == "energy chunked":

        def mean(a, b):
            sums = pairwise_distances_chunked(a, b, reduce_func=lambda chunk, _: chunk.sum(1))
            return sum(part.sum() for part in sums) / (len(a) * len(b))

        result = 2 * mean(x, y) - mean(x, x) - mean(y, y)
    elif what == "energy":
        result = 2 * pairwise_distances(x, y).mean() - pairwise_distances(x).mean() - pairwise_distances(y).mean()
    else:
        gamma = 0.5 / SIGMA**2
        result = rbf_kernel(x, gamma=gamma).mean() + rbf_kernel(y, gamma=gamma).mean() - 2 * rbf_kernel(x, y, gamma=gamma).mean()
    return float(result)


def own(what: str, x, y, permutations: int) -> float:
    import earthwork as ew

    if what == "energy test":
        return ew.two_sample_test(x, y, "energy", permutations).statistic.value
    if what == "mmd":
        return ew.kernel.mmd_distance(x, y, bandwidth=SIGMA).value
    return ew.kernel.energy_distance(x, y).value


def main() -> int:
    chosen = inside.parser(__doc__).parse_args()
    inside.enter(chosen.core, *EXTRA)
    if chosen.memory:
        side, row = chosen.memory
        inside.told_memory(imports, lambda: sides(*ROWS[int(row)])[side]())
        return 0
    table = [["row", "peer s", "earthwork s", "ratio", "peer MB", "earthwork MB", "difference"]]
    for at, row in enumerate(ROWS):
        if not re.search(chosen.rows, name(*row)):
            continue
        runs = inside.in_turn(sides(*row), chosen.repeats)
        theirs, ours = runs["peer"], runs["earthwork"]
        megabytes = [f"{inside.memory(side, str(at)) / 1e6:.0f}" for side in runs]
        truth = theirs[-1]["value"]
        table.append([
            name(*row),
            f"{inside.middle(theirs):.3g}",
            f"{inside.middle(ours):.3g}",
            f"{inside.ratio(theirs, ours):.1f}x",
            *megabytes,
            f"{(ours[-1]['value'] - truth) / abs(truth):+.0e}",
        ])
        print("  ".join(table[-1]), file=sys.stderr, flush=True)
    print(inside.setting(chosen.repeats, *EXTRA) + "\n\n" + inside.markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
