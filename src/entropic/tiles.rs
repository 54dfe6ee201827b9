//! Vector loops over a row of tiles: sums, products with vectors, what is stored, hard c-transforms.

use super::geometry::{LANES, ROWS, Run, TILE};
use crate::simd::{Kernel, multiply_add};

/// Shares below this are stored as 0: half precision of their kind costs time.
const LEAST_SHARE: f64 = 1e-37;

/// The sums of the 8 rows of a row of tiles.
pub(super) struct RowSums<'a> {
    pub(super) tiles: &'a [f64],
}

impl Kernel for RowSums<'_> {
    type Output = [f64; ROWS];

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> [f64; ROWS] {
        let tiles = self.tiles.as_chunks::<TILE>().0;
        let mut sums = [0.0; ROWS];
        // Two rows at a time: so many accumulators stay in registers. (A closure would not be compiled for these instructions.)
        for (pair, sums) in sums.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let (top, below) = (2 * pair, 2 * pair + 1);
            let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
            for tile in tiles {
                let (x, y) = (lanes_of(tile, top), lanes_of(tile, below));
                for l in 0..LANES {
                    first[l] += x[l];
                    second[l] += y[l];
                }
            }
            *sums = [folded(&first), folded(&second)];
        }
        sums
    }
}

/// One row of a tile.
#[inline(always)]
fn lanes_of<T>(tile: &[T; TILE], row: usize) -> &[T; LANES] {
    tile[row * LANES..][..LANES].try_into().expect("a row of a tile")
}

/// The sum of the lanes, by halves. Not inlined: lanes that must come to memory are kept in vectors by the compiler, others one by one
/// (measured: almost four times slower).
#[inline(never)]
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

/// Scales the rows of tiles, adds mass times share to the column sums, and stores the shares.
pub(super) struct Columns<'a> {
    pub(super) tiles: &'a mut [f64],
    pub(super) runs: &'a [Run],
    pub(super) scale: [f64; ROWS],
    pub(super) masses: [f64; ROWS],
    pub(super) out: &'a mut [f64],
    pub(super) keep: Option<Keep<'a>>,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tiles, runs, scale, masses, out, mut keep } = self;
        let weight: [f64; ROWS] = std::array::from_fn(|r| if masses[r] > 0.0 { masses[r] * scale[r] } else { 0.0 });
        let mut tiles = tiles.as_chunks::<TILE>().0.iter();
        for &(first, count) in runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let out: &mut [f64; LANES] = (&mut out[j * LANES..][..LANES]).try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        out[l] = multiply_add::<FUSED>(weight[r], tile[r * LANES + l], out[l]);
                    }
                }
                let Some(keep) = &mut keep else { continue };
                let mut shares = [0.0_f32; TILE];
                let (mut most, mut most_of_column) = ([0.0; LANES], [0.0; LANES]);
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let q = tile[r * LANES + l] * scale[r];
                        let of_column = tile[r * LANES + l] * weight[r];
                        most[l] = if q > most[l] { q } else { most[l] };
                        most_of_column[l] = if of_column > most_of_column[l] { of_column } else { most_of_column[l] };
                        shares[r * LANES + l] = if q > LEAST_SHARE { q as f32 } else { 0.0 };
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
                if let Some(data) = &mut keep.data {
                    data.extend_from_slice(&shares);
                }
            }
        }
    }
}

/// Σ_j q_ij v_j for the 8 rows.
pub(super) struct SharesTimes<'a, T> {
    pub(super) tiles: &'a [T],
    pub(super) runs: &'a [Run],
    pub(super) v: &'a [f64],
}

impl<T: Copy + Into<f64>> Kernel for SharesTimes<'_, T> {
    type Output = [f64; ROWS];

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> [f64; ROWS] {
        let Self { tiles, runs, v } = self;
        let mut sums = [0.0; ROWS];
        // Two rows at a time: so many accumulators stay in registers. (A closure would not be compiled for these instructions.)
        for (pair, sums) in sums.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let (top, below) = (2 * pair, 2 * pair + 1);
            let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
            let mut tiles = tiles.as_chunks::<TILE>().0;
            for &(start, count) in runs {
                let (some, rest) = tiles.split_at(count as usize);
                tiles = rest;
                let v = v[start as usize * LANES..].as_chunks::<LANES>().0;
                for (tile, v) in some.iter().zip(v) {
                    let (x, y) = (lanes_of(tile, top), lanes_of(tile, below));
                    for l in 0..LANES {
                        first[l] = multiply_add::<FUSED>(x[l].into(), v[l], first[l]);
                    }
                    for l in 0..LANES {
                        second[l] = multiply_add::<FUSED>(y[l].into(), v[l], second[l]);
                    }
                }
            }
            *sums = [folded(&first), folded(&second)];
        }
        sums
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
                for r in 0..ROWS {
                    for l in 0..LANES {
                        sums[l] = multiply_add::<FUSED>(t[r], tile[r * LANES + l].into(), sums[l]);
                    }
                }
                *out = sums;
            }
        }
    }
}

/// [`SharesTimes`] in single precision.
pub(super) struct RoughSharesTimes<'a> {
    pub(super) tiles: &'a [f32],
    pub(super) runs: &'a [Run],
    pub(super) v: &'a [f32],
}

impl Kernel for RoughSharesTimes<'_> {
    type Output = [f64; ROWS];

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> [f64; ROWS] {
        let Self { tiles, runs, v } = self;
        let mut sums = [0.0; ROWS];
        // Two rows at a time: so many accumulators stay in registers. (A closure would not be compiled for these instructions.)
        for (pair, sums) in sums.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let (top, below) = (2 * pair, 2 * pair + 1);
            let (mut first, mut second) = ([0.0_f32; LANES], [0.0_f32; LANES]);
            let mut tiles = tiles.as_chunks::<TILE>().0;
            for &(start, count) in runs {
                let (some, rest) = tiles.split_at(count as usize);
                tiles = rest;
                let v = v[start as usize * LANES..].as_chunks::<LANES>().0;
                for (tile, v) in some.iter().zip(v) {
                    let (x, y) = (lanes_of(tile, top), lanes_of(tile, below));
                    for l in 0..LANES {
                        first[l] = single_multiply_add::<FUSED>(x[l], v[l], first[l]);
                    }
                    for l in 0..LANES {
                        second[l] = single_multiply_add::<FUSED>(y[l], v[l], second[l]);
                    }
                }
            }
            *sums = [folded(&first.map(f64::from)), folded(&second.map(f64::from))];
        }
        sums
    }
}

/// [`TimesShares`] in single precision, but for the sums over rows of tiles.
pub(super) struct RoughTimesShares<'a> {
    pub(super) tiles: &'a [f32],
    pub(super) runs: &'a [Run],
    pub(super) t: [f64; ROWS],
    pub(super) out: &'a mut [f64],
}

impl Kernel for RoughTimesShares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tiles, runs, t, out } = self;
        let t = t.map(|t| t as f32);
        let mut tiles = tiles.as_chunks::<TILE>().0.iter();
        for &(first, count) in runs {
            for out in out[first as usize * LANES..][..count as usize * LANES].as_chunks_mut::<LANES>().0 {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let mut sums = [0.0_f32; LANES];
                for r in 0..ROWS {
                    for l in 0..LANES {
                        sums[l] = single_multiply_add::<FUSED>(t[r], tile[r * LANES + l], sums[l]);
                    }
                }
                for l in 0..LANES {
                    out[l] += f64::from(sums[l]);
                }
            }
        }
    }
}

#[inline(always)]
fn single_multiply_add<const FUSED: bool>(x: f32, y: f32, z: f32) -> f32 {
    if FUSED { x.mul_add(y, z) } else { x * y + z }
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
