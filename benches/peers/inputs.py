"""The inputs of a row, the same in every process."""

import zlib
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "data"


def cloud(row: dict, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """x standard normal; y normal with deviation 1.2, shifted by 0.5 in each coordinate."""
    n, d = row["n"], row["d"]
    arrays = {"x": rng.standard_normal((n, d)), "y": 1.2 * rng.standard_normal((n, d)) + 0.5}
    if row["weights"] == "random":
        arrays |= {"a": rng.uniform(0.1, 1.0, n), "b": rng.uniform(0.1, 1.0, n)}
    return arrays


def images(row: dict, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """image: two smooth random fields on a floor of a tenth of their height, so that every pixel has mass. noise: independent
    pixels. sparse: one pixel of twenty holds mass. dotmark: the two images of 32 x 32 in `examples/data`."""
    n = row["n"]
    if row["weights"] == "dotmark":
        files = [EXAMPLES / f"dotmark32_100{k}.csv" for k in (1, 2)]
        return {name: np.loadtxt(file, delimiter=",") for name, file in zip("ab", files)}
    if row["weights"] in ("noise", "sparse"):
        pixels = {name: rng.random((n, n)) for name in "ab"}
        return {name: p if row["weights"] == "noise" else np.where(p < 0.05, p, 0) for name, p in pixels.items()}
    fields = [gaussian_filter(rng.standard_normal((n, n)), sigma=n / 16, mode="wrap") for _ in "ab"]
    return {name: f - f.min() + 0.1 * np.ptp(f) for name, f in zip("ab", fields)}


def arrays(row: dict) -> dict[str, np.ndarray]:
    """x, y, their weights a and b where they have some; the matrix C in their place; or the images a and b."""
    grid = row["kind"] == "grid"
    # One cloud for every kind and cost of a size, so that such rows can be compared with each other.
    seed = zlib.crc32(f"{'grid' if grid else 'cloud'} {row['n']} {row['d']}".encode())
    made = (images if grid else cloud)(row, np.random.default_rng(seed))
    for weights in made.keys() & {"a", "b"}:
        made[weights] /= made[weights].sum()
    if row["kind"] == "matrix":
        made["C"] = cdist(made.pop("x"), made.pop("y"), row["cost"])
    return made
