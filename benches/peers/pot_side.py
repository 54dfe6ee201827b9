"""Solves one row with POT in a fresh process: `pot_side.py ROW_JSON FOLDER` prints one line of JSON.

The seconds are those of the solver's call alone: the cost matrix is made before.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import ot
from scipy.spatial.distance import cdist


def peak_bytes() -> int:
    """Peak resident memory of this process. (`ru_maxrss` would start from that of the parent.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmHWM in /proc/self/status")


def prepare(row: dict, folder: Path):
    """The call to be timed, with everything it needs in memory."""
    arrays = {name.stem: np.load(name) for name in folder.glob("*.npy")}
    if row["kind"] == "line":
        # `p` is heeded for metric="minkowski" only; the two named metrics are the faster way to p = 1 and 2.
        metric = {"1": "cityblock", "2": "sqeuclidean"}[row["cost"]]
        return lambda: ot.emd2_1d(arrays["x"], arrays["y"], metric=metric, dense=False)
    if row["kind"] == "grid":
        pixels = np.indices(arrays["a"].shape).reshape(2, -1).T.astype(float)
        matrix = cdist(pixels, pixels, row["cost"])
    elif row["kind"] == "points":
        matrix = cdist(arrays["x"], arrays["y"], row["cost"])
    else:
        matrix = arrays["C"]
    a, b = (arrays[w].ravel() if w in arrays else ot.unif(n) for w, n in zip("ab", matrix.shape))
    return lambda: ot.emd2(a, b, matrix, numItermax=1_000_000_000)


def main() -> None:
    row, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
    before = peak_bytes()
    solve = prepare(row, folder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        value = solve()
        seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                "seconds": seconds,
                "transport_cost": float(value),
                "peak_memory_bytes": peak_bytes(),
                "import_memory_bytes": before,
                "warnings": [str(w.message) for w in caught],
            }
        )
    )


if __name__ == "__main__":
    main()
