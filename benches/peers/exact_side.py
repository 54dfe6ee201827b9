"""One row of the exact bench in a process of its own; prints one line of JSON.

    exact_side.py time ROW_JSON '["pot", "earthwork"]' REPEATS SECONDS     calls the sides in turn
    exact_side.py memory ROW_JSON '["pot"]'                                calls one side, and tells what the process grew by
"""

import json
import sys
import time
import warnings

import inputs
import inside
import numpy as np
import ot
from scipy.spatial.distance import cdist

import earthwork as ew


def pot(row: dict, arrays: dict[str, np.ndarray]):
    """POT's call, with everything it needs in memory: the cost matrix is made before."""
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


def earthwork(row: dict, arrays: dict[str, np.ndarray]):
    """Earthwork's call, from what a user has."""
    if row["kind"] == "line":
        return lambda: ew.exact.wasserstein(arrays["x"], arrays["y"], p=float(row["cost"]))
    if row["kind"] == "grid":
        return lambda: ew.exact.solve_grid(arrays["a"], arrays["b"], cost=row["cost"])
    weights = [arrays.get("a"), arrays.get("b")]
    if row["kind"] == "matrix":
        return lambda: ew.exact.solve_matrix(arrays["C"], *weights)
    return lambda: ew.exact.solve(arrays["x"], arrays["y"], *weights, cost=row["cost"])


SIDES = {"pot": pot, "earthwork": earthwork}


def told(side: str, row: dict, found) -> dict:
    """What a call returned. On a line POT gives the cost, earthwork its root."""
    if side == "pot":
        return {"transport_cost": float(found)}
    power = float(row["cost"]) if row["kind"] == "line" else 1.0
    values = {key: getattr(found, name) ** power for key, name in (("transport_cost", "value"), ("lower", "lower"), ("upper", "upper"))}
    return values | {"status": getattr(found, "status", "optimal")}


def in_turn(row: dict, sides: list[str], repeats: int, seconds: float) -> dict[str, list[dict]]:
    """Calls all sides, again until the repeats or the seconds are used up."""
    arrays = inputs.arrays(row)
    calls = {side: SIDES[side](row, arrays) for side in sides}
    runs: dict[str, list[dict]] = {side: [] for side in sides}
    start = time.monotonic()
    for repeat in range(repeats):
        if repeat and time.monotonic() - start > seconds:
            break
        for side, call in calls.items():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found = inside.timed(call)
            said = [str(warning.message) for warning in caught]
            runs[side].append({"seconds": found["seconds"], "warnings": said} | told(side, row, found["value"]))
            del found
    return runs


def main() -> None:
    task, row, sides = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    if task == "memory":
        inside.told_memory(lambda: None, lambda: SIDES[sides[0]](row, inputs.arrays(row))())
    else:
        print(json.dumps(in_turn(row, sides, int(sys.argv[4]), float(sys.argv[5]))))


if __name__ == "__main__":
    main()
