"""The rows of the peer bench: what is solved, and what was asked for."""

from dataclasses import asdict, dataclass

DENSE_SIZES = [1000, 2000]
DIMENSIONS = [2, 10, 64]


@dataclass(frozen=True)
class Row:
    kind: str  # matrix: both sides read one cost matrix; points; line: 1-D points; grid: two square images
    n: int  # points a side, pixels along an edge for a grid
    d: int
    cost: str  # a ground cost; for a line the power p of |x - y|^p
    weights: str  # uniform | random; of a grid: image | sparse | noise | dotmark
    least_ratio: float | None = None  # asked: this many times POT's speed
    most_seconds: float | None = None  # asked: absolute, where POT cannot run
    pot: bool = True  # whether POT can run it in memory and patience

    @property
    def name(self) -> str:
        if self.kind == "grid":
            kind = "" if self.weights == "image" else f" {self.weights}"
            return f"grid {self.n}x{self.n} {self.cost}{kind}"
        cost = f"p={self.cost}" if self.kind == "line" else self.cost
        return f"{self.kind} n={self.n} d={self.d} {cost} {self.weights}"

    @property
    def asked(self) -> str:
        ratio = f">= {self.least_ratio:g}x" if self.least_ratio else ""
        seconds = f"<= {self.most_seconds:g} s" if self.most_seconds else ""
        return ", ".join(filter(None, [ratio, seconds]))

    @property
    def matrix_bytes(self) -> int:
        """Size of the dense cost matrix in double precision."""
        points = self.n**self.d if self.kind == "grid" else self.n
        return 8 * points**2

    def as_dict(self) -> dict:
        return asdict(self)


def foundation() -> list[Row]:
    """General weights on a dense matrix, from the matrix and from points; and the line."""
    ratio = {2: 2.0, 10: 3.5, 64: 3.5}
    dense = [
        Row(kind, n, d, "sqeuclidean", "random", least_ratio=ratio[d])
        for kind in ("matrix", "points")
        for n in DENSE_SIZES
        for d in DIMENSIONS
    ]
    return dense + [Row("line", 1_000_000, 1, p, "uniform", least_ratio=3.0) for p in ("1", "2")]


def scale() -> list[Row]:
    """From points to a proven optimum without a matrix; dense matrices; images."""

    def points(n, d, cost, weights, **asked):
        return Row("points", n, d, cost, weights, pot=n <= 10_000, **asked)

    def image(n, cost, seconds=None, kind="image"):
        return Row("grid", n, 2, cost, kind, most_seconds=seconds, pot=n <= 64)

    squared, plain = "sqeuclidean", "euclidean"
    return [
        points(1_000, 2, squared, "random", least_ratio=7),
        points(2_000, 2, squared, "random", least_ratio=13),
        points(5_000, 2, squared, "random", least_ratio=40),
        points(10_000, 2, squared, "random", least_ratio=75),
        points(10_000, 2, plain, "random", least_ratio=12),
        points(1_000, 10, squared, "random", least_ratio=5),
        points(10_000, 10, squared, "random", least_ratio=30),
        points(1_000, 64, squared, "random", least_ratio=4.5),
        points(10_000, 64, squared, "random", least_ratio=11),
        points(5_000, 64, squared, "uniform", least_ratio=20),
        points(10_000, 64, squared, "uniform", least_ratio=20),
        points(50_000, 2, plain, "random", most_seconds=40),
        points(50_000, 10, squared, "random", most_seconds=50),
        points(100_000, 2, squared, "random", most_seconds=10),
        points(1_000_000, 2, squared, "random", most_seconds=300),
        *[
            Row("matrix", n, d, squared, "random", least_ratio=ratio)
            for n, ratio in [(2_000, 4), (5_000, 6)]
            for d in DIMENSIONS
        ],
        image(64, squared, 0.4),
        image(128, squared, 4),
        image(256, squared, 25),
        image(64, plain, 5),
        image(64, "cityblock", 0.05),
        image(128, plain),
        image(128, "cityblock"),
        image(256, "cityblock"),
        image(128, "chebyshev"),
        *[image(32, cost, kind="dotmark") for cost in (squared, plain, "cityblock")],
        *[image(256, cost, kind=kind) for cost in (squared, "cityblock") for kind in ("sparse", "noise")],
    ]


def tiny() -> list[Row]:
    """One small row of each kind, to try the bench itself."""
    return [
        Row("matrix", 40, 2, "sqeuclidean", "random"),
        Row("points", 40, 3, "euclidean", "random"),
        Row("points", 40, 3, "sqeuclidean", "uniform"),
        Row("line", 500, 1, "1", "uniform"),
        Row("line", 500, 1, "2", "uniform"),
        Row("grid", 8, 2, "cityblock", "image"),
        Row("points", 60, 2, "sqeuclidean", "random", pot=False, most_seconds=1),
    ]


TABLES = {"foundation": foundation, "scale": scale, "tiny": tiny}
