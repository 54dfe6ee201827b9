//! How a cost matrix lies in memory: tiles of 8 × 16.

/// Rows of a tile.
pub(super) const ROWS: usize = 8;
/// Columns of a tile.
pub(super) const LANES: usize = 16;
/// Entries of a tile.
pub(super) const TILE: usize = ROWS * LANES;

/// A first column block and how many follow it: blocks of one row of tiles, in order.
pub(super) type Run = (u32, u32);

/// Entries of the tiles of some runs.
pub(super) fn entries(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.1 as usize).sum::<usize>() * TILE
}

/// Coordinates by blocks of so many points, within a block coordinate by coordinate; the last point repeated.
pub(super) fn blocks_of(flat: &[f64], dim: usize, block: usize) -> Vec<f64> {
    let n = flat.len() / dim;
    let mut out = Vec::with_capacity(n.next_multiple_of(block) * dim);
    for first in (0..n).step_by(block) {
        for k in 0..dim {
            out.extend((first..first + block).map(|i| flat[i.min(n - 1) * dim + k]));
        }
    }
    out
}
