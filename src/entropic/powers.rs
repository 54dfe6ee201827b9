//! Loops that turn coordinates or costs into powers, a row of tiles at a time.
//!
//! Where rows are worked on alike, here and in `tiles`, lanes are counted outside and rows inside: the other way round, the compiler
//! gathers one lane of several rows into a vector.

use super::layout::{LANES, ROWS, Run, TILE};
use super::share::{Lanes, Share};
use crate::simd::{Kernel, exp2_single, multiply_add, multiply_add_single};

/// The exponents of a row of tiles, apart from the cost: `shift` for the 8 rows, `lift` for all columns.
#[derive(Clone, Copy)]
pub(super) struct Exponents<'e> {
    pub(super) shift: &'e [f64],
    pub(super) lift: &'e [f64],
    pub(super) rate: f64,
}

/// Tiles that are worked on together: as much as the nearest cache holds beside what they are made from.
pub(super) const CHUNK: usize = 16;

/// Where the costs of a row of tiles come from.
pub(super) trait Source {
    /// Writes the costs of some tiles, from column block `first` on.
    fn fill<const FUSED: bool>(&self, first: usize, tiles: &mut [[f64; TILE]]);
}

/// Squared distances times `scale`, or their roots.
pub(super) struct Distances<'a, const ROOT: bool> {
    pub(super) dim: usize,
    pub(super) x: &'a [f64],
    pub(super) y: &'a [f64],
    pub(super) scale: f64,
}

impl<const ROOT: bool> Source for Distances<'_, ROOT> {
    #[inline(always)]
    fn fill<const FUSED: bool>(&self, first: usize, tiles: &mut [[f64; TILE]]) {
        sums::<2, f64>(
            (self.dim, self.x, &self.y[first * self.dim * LANES..]),
            tiles,
            #[inline(always)]
            |x, y, sum| multiply_add::<FUSED>(x - y, x - y, sum),
        );
        for c in tiles.as_flattened_mut() {
            *c = if ROOT { c.sqrt() } else { self.scale * *c };
        }
    }
}

/// Squared distances of points around a common centre from their squared norms and inner products, times `scale`.
pub(super) struct Products<'a> {
    pub(super) dim: usize,
    pub(super) x: &'a [f64],
    pub(super) y: &'a [f64],
    pub(super) x_norms: &'a [f64],
    pub(super) y_norms: &'a [f64],
    pub(super) scale: f64,
}

impl Source for Products<'_> {
    #[inline(always)]
    fn fill<const FUSED: bool>(&self, first: usize, tiles: &mut [[f64; TILE]]) {
        let &Self { dim, x, y, scale, .. } = self;
        sums::<4, f64>((dim, x, &y[first * dim * LANES..]), tiles, multiply_add::<FUSED>);
        let x_norms: &[f64; ROWS] = self.x_norms.try_into().expect("a norm for each row");
        for (tile, y_norms) in tiles.iter_mut().zip(self.y_norms[first * LANES..].as_chunks::<LANES>().0) {
            for l in 0..LANES {
                for r in 0..ROWS {
                    let square = multiply_add::<FUSED>(-2.0, tile[r * LANES + l], x_norms[r] + y_norms[l]);
                    tile[r * LANES + l] = scale * if square > 0.0 { square } else { 0.0 };
                }
            }
        }
    }
}

/// What `add` makes of the pairs of coordinates of rows and columns, one after the other. The sums of `GROUP` rows are kept at a time:
/// as many as there are registers for.
#[inline(always)]
fn sums<const GROUP: usize, T: Copy + Default>(
    (dim, x, y): (usize, &[T], &[T]),
    tiles: &mut [[T; TILE]],
    add: impl Fn(T, T, T) -> T,
) {
    let x = x.as_chunks::<ROWS>().0;
    for (tile, y) in tiles.iter_mut().zip(y.chunks_exact(dim * LANES)) {
        for (group, out) in tile.as_chunks_mut::<LANES>().0.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
            let mut totals = [[T::default(); LANES]; GROUP];
            for (x, y) in x.iter().zip(y.as_chunks::<LANES>().0) {
                for l in 0..LANES {
                    for r in 0..GROUP {
                        totals[r][l] = add(x[group * GROUP + r], y[l], totals[r][l]);
                    }
                }
            }
            *out = totals;
        }
    }
}

/// Writes costs, tile by tile.
pub(super) struct Costs<'a, S> {
    pub(super) source: S,
    pub(super) runs: &'a [Run],
    pub(super) out: &'a mut [f64],
}

impl<S: Source> Kernel for Costs<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let mut rest = self.out.as_chunks_mut::<TILE>().0;
        for (first, count) in chunks(self.runs) {
            let (tiles, after) = rest.split_at_mut(count);
            self.source.fill::<FUSED>(first, tiles);
            rest = after;
        }
    }
}

/// Turns costs from a source into powers, and sums their rows.
pub(super) struct Powers<'a, S, T> {
    pub(super) source: S,
    pub(super) exponents: Exponents<'a>,
    pub(super) runs: &'a [Run],
    /// Room for the costs: of all tiles, where they stay, or of a chunk.
    pub(super) costs: &'a mut [f64],
    pub(super) stay: bool,
    pub(super) out: &'a mut [T],
}

impl<S: Source, T: Share> Kernel for Powers<'_, S, T> {
    type Output = Lanes;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Lanes {
        let Self { source, exponents, runs, costs, stay, out } = self;
        let room = costs.as_chunks_mut::<TILE>().0;
        let mut sums = [[0.0; LANES]; ROWS];
        let (mut at, mut rest) = (0, out.as_chunks_mut::<TILE>().0);
        for (first, count) in chunks(runs) {
            let (costs, (out, after)) = (&mut room[at..at + count], rest.split_at_mut(count));
            source.fill::<FUSED>(first, costs);
            exponents.raise::<T, FUSED>(first, costs, out, &mut sums);
            at += if stay { count } else { 0 };
            rest = after;
        }
        sums
    }
}

/// Turns given costs into powers, and sums their rows.
pub(super) struct GivenPowers<'a, T> {
    pub(super) costs: &'a [f64],
    pub(super) exponents: Exponents<'a>,
    pub(super) runs: &'a [Run],
    pub(super) out: &'a mut [T],
}

impl<T: Share> Kernel for GivenPowers<'_, T> {
    type Output = Lanes;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Lanes {
        let Self { costs, exponents, runs, out } = self;
        let mut sums = [[0.0; LANES]; ROWS];
        let (mut rest, mut room) = (costs.as_chunks::<TILE>().0, out.as_chunks_mut::<TILE>().0);
        for (first, count) in chunks(runs) {
            let ((costs, after), (out, after_out)) = (rest.split_at(count), room.split_at_mut(count));
            exponents.raise::<T, FUSED>(first, costs, out, &mut sums);
            (rest, room) = (after, after_out);
        }
        sums
    }
}

/// Powers by inner products, both in single precision. (Products of points around a common centre are smaller than their norms, which
/// come in double precision.)
pub(super) struct SinglePowers<'a> {
    pub(super) dim: usize,
    pub(super) x: &'a [f32],
    pub(super) y: &'a [f32],
    pub(super) x_norms: &'a [f64],
    pub(super) y_norms: &'a [f64],
    /// With the rate for squared distances.
    pub(super) exponents: Exponents<'a>,
    pub(super) runs: &'a [Run],
    pub(super) out: &'a mut [f32],
}

impl Kernel for SinglePowers<'_> {
    type Output = Lanes;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Lanes {
        let Self { dim, x, y, x_norms, y_norms, exponents: Exponents { shift, lift, rate }, runs, out } = self;
        let rows: [f32; ROWS] = std::array::from_fn(|r| (shift[r] - rate * x_norms[r]) as f32);
        let twice = 2.0 * rate as f32;
        let mut sums = [[0.0; LANES]; ROWS];
        let mut rest = out.as_chunks_mut::<TILE>().0;
        for (first, count) in chunks(runs) {
            let (tiles, after) = rest.split_at_mut(count);
            rest = after;
            self::sums::<8, f32>((dim, x, &y[first * dim * LANES..]), tiles, multiply_add_single::<FUSED>);
            let lifts = lift[first * LANES..].as_chunks::<LANES>().0;
            let norms = y_norms[first * LANES..].as_chunks::<LANES>().0;
            for ((tile, lift), norms) in tiles.iter_mut().zip(lifts).zip(norms) {
                let mut columns = [0.0; LANES];
                for l in 0..LANES {
                    columns[l] = multiply_add::<FUSED>(-rate, norms[l], lift[l]) as f32;
                }
                for l in 0..LANES {
                    for r in 0..ROWS {
                        tile[r * LANES + l] =
                            multiply_add_single::<FUSED>(twice, tile[r * LANES + l], rows[r] + columns[l]);
                    }
                }
                for k in 0..TILE {
                    tile[k] = exp2_single::<FUSED>(tile[k]);
                }
                for l in 0..LANES {
                    for r in 0..ROWS {
                        sums[r][l] += f64::from(tile[r * LANES + l]);
                    }
                }
            }
        }
        sums
    }
}

impl Exponents<'_> {
    /// Raises 2 to the exponents of some tiles, from column block `first` on, and adds to the sums of their rows.
    #[inline(always)]
    fn raise<T: Share, const FUSED: bool>(
        &self,
        first: usize,
        costs: &[[f64; TILE]],
        out: &mut [[T; TILE]],
        sums: &mut Lanes,
    ) {
        let rate = self.rate;
        let shift: &[f64; ROWS] = self.shift.try_into().expect("a shift for each row");
        let lifts = self.lift[first * LANES..].as_chunks::<LANES>().0;
        let mut exponents = [0.0; TILE];
        for ((costs, out), lift) in costs.iter().zip(out).zip(lifts) {
            for l in 0..LANES {
                for r in 0..ROWS {
                    exponents[r * LANES + l] = multiply_add::<FUSED>(-rate, costs[r * LANES + l], shift[r] + lift[l]);
                }
            }
            T::powers::<FUSED>(&exponents, out);
            for l in 0..LANES {
                for r in 0..ROWS {
                    sums[r][l] += out[r * LANES + l].into();
                }
            }
        }
    }
}

/// Runs in pieces of at most [`CHUNK`] tiles: their first column blocks and lengths.
fn chunks(runs: &[Run]) -> impl Iterator<Item = (usize, usize)> {
    runs.iter().flat_map(|&(first, count)| {
        let (first, end) = (first as usize, (first + count) as usize);
        (first..end).step_by(CHUNK).map(move |start| (start, CHUNK.min(end - start)))
    })
}
