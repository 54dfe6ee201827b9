//! Projections of many points onto a few directions.

use super::{dispatch, multiply_add};

/// Points that are stored together, coordinate by coordinate.
pub(crate) const TILE_POINTS: usize = 16;
/// Directions that are worked on together, so that each coordinate is loaded once for all of them.
const GROUP: usize = 4;

/// The coordinates of points, given row by row, in tiles of [`TILE_POINTS`] points; the last tile is filled up with zeros.
pub(crate) fn tiled(rows: &[f64], dim: usize) -> Vec<f64> {
    let tiles = (rows.len() / dim).div_ceil(TILE_POINTS);
    let mut out = vec![0.0; tiles * dim * TILE_POINTS];
    for (rows, tile) in rows.chunks(dim * TILE_POINTS).zip(out.chunks_exact_mut(dim * TILE_POINTS)) {
        for (i, point) in rows.chunks_exact(dim).enumerate() {
            for (k, &value) in point.iter().enumerate() {
                tile[k * TILE_POINTS + i] = value;
            }
        }
    }
    out
}

dispatch! {
    /// Writes Σₖ θₖ xₖ for each direction θ, row by row in `directions`, and each point x of `tiles`: one row of `out` for each
    /// direction, with a place for each point of each tile.
    fn project(tiles: &[f64], directions: &[f64], dim: usize, out: &mut [f64]) = project_lanes
}

#[inline(always)]
fn project_lanes<const FUSED: bool>(tiles: &[f64], directions: &[f64], dim: usize, out: &mut [f64]) {
    let width = tiles.len() / dim;
    let count = directions.len() / dim;
    let whole = count - count % GROUP;
    for (at, tile) in tiles.chunks_exact(dim * TILE_POINTS).enumerate() {
        for first in (0..whole).step_by(GROUP) {
            some_rows::<FUSED, GROUP>(tile, &directions[first * dim..], dim, at, &mut out[first * width..], width);
        }
        for row in whole..count {
            some_rows::<FUSED, 1>(tile, &directions[row * dim..], dim, at, &mut out[row * width..], width);
        }
    }
}

/// One tile for `N` directions.
#[inline(always)]
fn some_rows<const FUSED: bool, const N: usize>(
    tile: &[f64],
    directions: &[f64],
    dim: usize,
    at: usize,
    out: &mut [f64],
    width: usize,
) {
    let rows: [&[f64]; N] = std::array::from_fn(|r| &directions[r * dim..(r + 1) * dim]);
    let mut totals = [[0.0; TILE_POINTS]; N];
    for (k, values) in tile.as_chunks::<TILE_POINTS>().0.iter().enumerate().take(dim) {
        for r in 0..N {
            let weight = rows[r][k];
            for l in 0..TILE_POINTS {
                totals[r][l] = multiply_add::<FUSED>(weight, values[l], totals[r][l]);
            }
        }
    }
    for (r, totals) in totals.iter().enumerate() {
        out[r * width + at * TILE_POINTS..][..TILE_POINTS].copy_from_slice(totals);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projections_are_inner_products_however_many_go_together() {
        let wave = |k: usize| ((k * 37 % 101) as f64 * 0.61).sin();
        for (n, dim, count) in [(1, 1, 1), (16, 2, 4), (37, 5, 7), (100, 3, 9)] {
            let points: Vec<f64> = (0..n * dim).map(wave).collect();
            let directions: Vec<f64> = (3..3 + count * dim).map(wave).collect();
            let tiles = tiled(&points, dim);
            let width = tiles.len() / dim;
            let mut out = vec![f64::NAN; count * width];
            project(&tiles, &directions, dim, &mut out);
            for (direction, out) in directions.chunks_exact(dim).zip(out.chunks_exact(width)) {
                let mut alone = vec![0.0; width];
                project(&tiles, direction, dim, &mut alone);
                assert_eq!(out, alone);
                for (point, &found) in points.chunks_exact(dim).zip(out) {
                    let plain: f64 = point.iter().zip(direction).map(|(x, t)| x * t).sum();
                    assert!((found - plain).abs() <= 1e-15 * dim as f64, "{found} is not {plain}");
                }
            }
        }
    }
}
