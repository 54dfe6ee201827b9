//! Vector loops over a row of tiles: sums, products with vectors, what is stored, hard c-transforms.

use super::geometry::{LANES, ROWS, Run, TILE};
use crate::simd::{self, Kernel, multiply_add};

/// Shares below this are stored as 0: half precision of their kind costs time.
const LEAST_SHARE: f64 = 1e-37;

/// Rows whose sums are kept at a time: with more, the compiler gives each lane a register of its own.
const TOGETHER: usize = 2;

/// One sum for each row and lane; [`folded`] outside of the loop, or the compiler builds all of it around the folding.
type Lanes<T> = [[T; LANES]; ROWS];

/// The sums of the 8 rows of a row of tiles.
pub(super) fn row_sums(tiles: &[f64]) -> [f64; ROWS] {
    simd::run(RowLanes { tiles }).map(|row| folded(&row))
}

struct RowLanes<'a> {
    tiles: &'a [f64],
}

impl Kernel for RowLanes<'_> {
    type Output = Lanes<f64>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Lanes<f64> {
        let mut lanes = [[0.0; LANES]; ROWS];
        for (group, sums) in lanes.as_chunks_mut::<TOGETHER>().0.iter_mut().enumerate() {
            let mut here = [[0.0; LANES]; TOGETHER];
            for tile in self.tiles.as_chunks::<TILE>().0 {
                let rows = &tile.as_chunks::<{ TOGETHER * LANES }>().0[group];
                for r in 0..TOGETHER {
                    for l in 0..LANES {
                        here[r][l] += rows[r * LANES + l];
                    }
                }
            }
            *sums = here;
        }
        lanes
    }
}

/// The sum of the lanes, by halves.
#[inline(always)]
fn folded(lanes: &[f64; LANES]) -> f64 {
    let mut lanes = *lanes;
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
    }
    lanes[0]
}

/// What is stored of a row of tiles.
pub(super) struct Keep<'a> {
    /// A tile stays if a share in it reaches this ...
    pub(super) cut: f64,
    /// ... or a share of a column's mass this.
    pub(super) column_cut: f64,
    pub(super) inverse_b: &'a [f64],
    pub(super) runs: &'a mut Vec<Run>,
    /// Where the runs of this row block begin.
    pub(super) from: usize,
    pub(super) data: Option<&'a mut Vec<f32>>,
}

/// Scales the rows of tiles and stores the shares.
pub(super) struct Shares<'a> {
    pub(super) tiles: &'a [f64],
    pub(super) runs: &'a [Run],
    pub(super) scale: [f64; ROWS],
    /// Mass times scale.
    pub(super) weight: [f64; ROWS],
    pub(super) keep: Keep<'a>,
}

impl Kernel for Shares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tiles, runs, scale, weight, keep } = self;
        let mut tiles = tiles.as_chunks::<TILE>().0.iter();
        let mut data = keep.data;
        for &(first, count) in runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let (mut most, mut most_of_column) = ([0.0; LANES], [0.0; LANES]);
                for (r, row) in tile.as_chunks::<LANES>().0.iter().enumerate() {
                    for l in 0..LANES {
                        let q = row[l] * scale[r];
                        most[l] = if q > most[l] { q } else { most[l] };
                    }
                    for l in 0..LANES {
                        let of_column = row[l] * weight[r];
                        most_of_column[l] = if of_column > most_of_column[l] { of_column } else { most_of_column[l] };
                    }
                }
                let inverse: &[f64; LANES] = keep.inverse_b[j * LANES..][..LANES].try_into().expect("whole blocks");
                let mut stays = false;
                for l in 0..LANES {
                    stays |= most[l] >= keep.cut || most_of_column[l] * inverse[l] >= keep.column_cut;
                }
                if !stays {
                    continue;
                }
                match keep.runs[keep.from..].last_mut() {
                    Some((first, count)) if *first + *count == j as u32 => *count += 1,
                    _ => keep.runs.push((j as u32, 1)),
                }
                let Some(data) = &mut data else { continue };
                let mut shares = [0.0_f32; TILE];
                for (r, (shares, row)) in
                    shares.as_chunks_mut::<LANES>().0.iter_mut().zip(tile.as_chunks::<LANES>().0).enumerate()
                {
                    for l in 0..LANES {
                        let q = row[l] * scale[r];
                        shares[l] = if q > LEAST_SHARE { q as f32 } else { 0.0 };
                    }
                }
                data.extend_from_slice(&shares);
            }
        }
    }
}

/// Σ_j q_ij v_j for the 8 rows.
pub(super) fn shares_times<T: Copy + Into<f64>>(tiles: &[T], runs: &[Run], v: &[f64]) -> [f64; ROWS] {
    simd::run(SharesTimes { tiles, runs, v }).map(|row| folded(&row))
}

struct SharesTimes<'a, T> {
    tiles: &'a [T],
    runs: &'a [Run],
    v: &'a [f64],
}

impl<T: Copy + Into<f64>> Kernel for SharesTimes<'_, T> {
    type Output = Lanes<f64>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Lanes<f64> {
        let mut lanes = [[0.0; LANES]; ROWS];
        for (group, sums) in lanes.as_chunks_mut::<TOGETHER>().0.iter_mut().enumerate() {
            let mut tiles = self.tiles.as_chunks::<TILE>().0.iter();
            let mut here = [[0.0; LANES]; TOGETHER];
            for &(first, count) in self.runs {
                for v in self.v[first as usize * LANES..][..count as usize * LANES].as_chunks::<LANES>().0 {
                    let tile = tiles.next().expect("one tile for each block of the runs");
                    let rows = &tile.as_chunks::<{ TOGETHER * LANES }>().0[group];
                    for r in 0..TOGETHER {
                        for l in 0..LANES {
                            here[r][l] = multiply_add::<FUSED>(rows[r * LANES + l].into(), v[l], here[r][l]);
                        }
                    }
                }
            }
            *sums = here;
        }
        lanes
    }
}

/// Adds Σ_i t_i q_ij over the 8 rows to the column sums.
pub(super) struct TimesShares<'a, T> {
    pub(super) tiles: &'a [T],
    pub(super) runs: &'a [Run],
    pub(super) t: [f64; ROWS],
    pub(super) out: &'a mut [f64],
}

impl<T: Copy + Into<f64>> Kernel for TimesShares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tiles, runs, t, out } = self;
        let mut tiles = tiles.as_chunks::<TILE>().0.iter();
        for &(first, count) in runs {
            for out in out[first as usize * LANES..][..count as usize * LANES].as_chunks_mut::<LANES>().0 {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let mut sums = *out;
                for (row, t) in tile.as_chunks::<LANES>().0.iter().zip(t) {
                    for l in 0..LANES {
                        sums[l] = multiply_add::<FUSED>(t, row[l].into(), sums[l]);
                    }
                }
                *out = sums;
            }
        }
    }
}

/// Hard c-transforms of one row of tiles.
pub(super) struct Tighten<'a> {
    pub(super) costs: &'a [f64],
    pub(super) lift: &'a [f64],
    pub(super) rate: f64,
    pub(super) masses: &'a [f64],
    pub(super) f: &'a mut Vec<f64>,
    pub(super) least: &'a mut [f64],
}

impl Kernel for Tighten<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { costs, lift, rate, masses, f, least } = self;
        let tiles = costs.as_chunks::<TILE>().0;
        let mut lanes = [[f64::INFINITY; LANES]; ROWS];
        for (tile, lift) in tiles.iter().zip(lift.as_chunks::<LANES>().0) {
            for r in 0..ROWS {
                for l in 0..LANES {
                    let s = multiply_add::<FUSED>(rate, tile[r * LANES + l], -lift[l]);
                    lanes[r][l] = if s < lanes[r][l] { s } else { lanes[r][l] };
                }
            }
        }
        let row = lanes.map(|lanes| lanes.iter().fold(f64::INFINITY, |m, v| m.min(*v)));
        for (tile, least) in tiles.iter().zip(least.as_chunks_mut::<LANES>().0) {
            for r in 0..ROWS {
                if masses[r] == 0.0 {
                    continue;
                }
                for l in 0..LANES {
                    let s = multiply_add::<FUSED>(rate, tile[r * LANES + l], -row[r]);
                    least[l] = if s < least[l] { s } else { least[l] };
                }
            }
        }
        f.extend(row);
    }
}
