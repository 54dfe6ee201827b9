"""The tiles of a matrix of pairs."""

from __future__ import annotations

import math
from typing import NamedTuple

# Seconds of one core that a pair of 50 points takes, roughly; that a tile is to take; and its most and fewest rows.
_PAIR, _TILE, _MOST = 1.3e-4, 1.0, 128


class Grid(NamedTuple):
    """A matrix cut into square tiles. Of a symmetric one only the tiles on and above the diagonal are computed."""

    rows: int
    columns: int
    edge: int
    symmetric: bool
    width: int = 0
    """Columns of a tile, where they are not as many as its rows."""

    @property
    def down(self) -> int:
        """How many tiles there are below each other."""
        return -(-self.rows // self.edge)

    @property
    def across(self) -> int:
        """How many tiles there are beside each other."""
        return -(-self.columns // (self.width or self.edge))

    def span(self, block: int, columns: bool = False) -> range:
        """The rows (or columns) of a tile."""
        size = self.width or self.edge if columns else self.edge
        return range(block * size, min((block + 1) * size, self.columns if columns else self.rows))

    def tiles(self) -> list[tuple[int, int]]:
        """All that are to be computed, row by row."""
        return [(i, j) for i in range(self.down) for j in range(i if self.symmetric else 0, self.across)]

    def pairs(self, tile: tuple[int, int]) -> int:
        """How many pairs a tile asks for."""
        n, m = len(self.span(tile[0])), len(self.span(tile[1], columns=True))
        return n * (n - 1) // 2 if self.symmetric and tile[0] == tile[1] else n * m


def edge_for(rows: int, columns: int, points: int) -> int:
    """Rows of a tile that takes about a second, of samples of so many points; at least eight tiles along the longer side."""
    pair = _PAIR * max(points, 1) ** 2 / 2500 + 1e-5
    by_time = min(max(int(math.sqrt(_TILE / pair)), 1), _MOST)
    return max(min(by_time, -(-max(rows, columns) // 8)), 1)
