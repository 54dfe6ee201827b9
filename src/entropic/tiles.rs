//! Vector loops over a row of tiles: sums, products with vectors, what is stored, hard c-transforms.

use super::layout::{LANES, ROWS, Run, TILE};
use super::share::{Lanes, Share, folded};
use crate::simd::{self, Kernel, multiply_add};

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
pub(super) struct Shares<'a, T> {
    pub(super) tiles: &'a [T],
    pub(super) runs: &'a [Run],
    pub(super) scale: [f64; ROWS],
    /// Mass times scale.
    pub(super) weight: [f64; ROWS],
    pub(super) keep: Keep<'a>,
}

impl<T: Share> Kernel for Shares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tiles, runs, scale, weight, keep } = self;
        let mut tiles = tiles.as_chunks::<TILE>().0.iter();
        let mut data = keep.data;
        for &(first, count) in runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let inverse: &[f64; LANES] = keep.inverse_b[j * LANES..][..LANES].try_into().expect("whole blocks");
                if !stays(tile, [&scale, &weight], inverse, [keep.cut, keep.column_cut]) {
                    continue;
                }
                match keep.runs[keep.from..].last_mut() {
                    Some((first, count)) if *first + *count == j as u32 => *count += 1,
                    _ => keep.runs.push((j as u32, 1)),
                }
                let Some(data) = &mut data else { continue };
                data.extend_from_slice(&narrowed(tile, &scale));
            }
        }
    }
}

/// Whether a share of the tile, or a share of a column's mass, reaches its cut.
#[inline(always)]
fn stays<T: Share>(
    tile: &[T; TILE],
    [scale, weight]: [&[f64; ROWS]; 2],
    inverse: &[f64; LANES],
    [cut, column_cut]: [f64; 2],
) -> bool {
    let mut above = [0.0; LANES];
    for l in 0..LANES {
        let (mut most, mut most_of_column) = (0.0, 0.0);
        for r in 0..ROWS {
            let share: f64 = tile[r * LANES + l].into();
            let (of_row, of_column) = (share * scale[r], share * weight[r]);
            most = if of_row > most { of_row } else { most };
            most_of_column = if of_column > most_of_column { of_column } else { most_of_column };
        }
        let (by_row, by_column) = (most - cut, most_of_column * inverse[l] - column_cut);
        above[l] = if by_row > by_column { by_row } else { by_column };
    }
    let mut most = above[0];
    for l in 1..LANES {
        most = if above[l] > most { above[l] } else { most };
    }
    most >= 0.0
}

/// The tile with its rows scaled, in single precision.
#[inline(always)]
fn narrowed<T: Share>(tile: &[T; TILE], scale: &[f64; ROWS]) -> [f32; TILE] {
    let mut shares = [0.0_f32; TILE];
    for l in 0..LANES {
        for r in 0..ROWS {
            shares[r * LANES + l] = tile[r * LANES + l].scaled(scale[r]);
        }
    }
    shares
}

/// Σ_j q_ij v_j for the 8 rows.
pub(super) fn shares_times<T: Copy + Into<f64>>(tiles: &[T], runs: &[Run], v: &[f64]) -> [f64; ROWS] {
    folded(&simd::run(SharesTimes { tiles, runs, v }))
}

struct SharesTimes<'a, T> {
    tiles: &'a [T],
    runs: &'a [Run],
    v: &'a [f64],
}

impl<T: Copy + Into<f64>> Kernel for SharesTimes<'_, T> {
    type Output = Lanes;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Lanes {
        let Self { tiles, runs, v } = self;
        let mut tiles = tiles.as_chunks::<TILE>().0.iter();
        let mut lanes = [[0.0; LANES]; ROWS];
        for &(first, count) in runs {
            for v in v[first as usize * LANES..][..count as usize * LANES].as_chunks::<LANES>().0 {
                let tile = tiles.next().expect("one tile for each block of the runs");
                for l in 0..LANES {
                    for r in 0..ROWS {
                        lanes[r][l] = multiply_add::<FUSED>(tile[r * LANES + l].into(), v[l], lanes[r][l]);
                    }
                }
            }
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
                for l in 0..LANES {
                    let mut sum = out[l];
                    for r in 0..ROWS {
                        sum = multiply_add::<FUSED>(t[r], tile[r * LANES + l].into(), sum);
                    }
                    out[l] = sum;
                }
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

/// The potential of a row or column that bounds nothing.
pub(super) const NOWHERE: f64 = -1e300;

/// The least c − f of each column, rounded down, over the 8 rows and what is known of others.
pub(super) struct Transform<'a> {
    pub(super) runs: &'a [Run],
    pub(super) costs: &'a [f64],
    pub(super) f: [f64; ROWS],
    pub(super) least: &'a mut [f64],
}

impl Kernel for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        const DOWN: f64 = 4.0 * f64::EPSILON;
        let Self { runs, costs, f, least } = self;
        let mut tiles = costs.as_chunks::<TILE>().0.iter();
        for &(first, count) in runs {
            for least in least[first as usize * LANES..][..count as usize * LANES].as_chunks_mut::<LANES>().0 {
                let tile = tiles.next().expect("one tile for each block of the runs");
                for l in 0..LANES {
                    let mut here = least[l];
                    for r in 0..ROWS {
                        let c = tile[r * LANES + l];
                        let open = multiply_add::<FUSED>(-DOWN, c.abs() + f[r].abs(), c - f[r]);
                        here = if open < here { open } else { here };
                    }
                    least[l] = here;
                }
            }
        }
    }
}

/// Adds Σ_i t_i q_ij and Σ_i t_i q_ij c_ij over the 8 rows to the sums of the columns.
pub(super) struct CostSums<'a> {
    pub(super) tiles: &'a [f64],
    pub(super) costs: &'a [f64],
    pub(super) runs: &'a [Run],
    pub(super) t: [f64; ROWS],
    pub(super) columns: &'a mut [f64],
    pub(super) sums: &'a mut [f64],
}

impl Kernel for CostSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tiles, costs, runs, t, columns, sums } = self;
        let mut tiles = tiles.as_chunks::<TILE>().0.iter().zip(costs.as_chunks::<TILE>().0);
        for &(first, count) in runs {
            let range = first as usize * LANES..(first + count) as usize * LANES;
            let columns = columns[range.clone()].as_chunks_mut::<LANES>().0;
            for (columns, sums) in columns.iter_mut().zip(sums[range].as_chunks_mut::<LANES>().0) {
                let (tile, costs) = tiles.next().expect("one tile for each block of the runs");
                for l in 0..LANES {
                    let (mut column, mut sum) = (columns[l], sums[l]);
                    for r in 0..ROWS {
                        let mass = t[r] * tile[r * LANES + l];
                        column += mass;
                        sum = multiply_add::<FUSED>(mass, costs[r * LANES + l], sum);
                    }
                    columns[l] = column;
                    sums[l] = sum;
                }
            }
        }
    }
}
