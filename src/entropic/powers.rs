//! Loops that turn coordinates or costs into powers, tile by tile.

use super::geometry::{LANES, ROWS, Run, TILE};
use crate::simd::{Kernel, exp2, multiply_add};

/// The exponents of a tile, apart from the cost: `shift` for the 8 rows, `lift` for all columns.
#[derive(Clone, Copy)]
pub(super) struct Exponents<'e> {
    pub(super) shift: &'e [f64],
    pub(super) lift: &'e [f64],
    pub(super) rate: f64,
}

/// The costs of one row of tiles from coordinates.
pub(super) struct Distances<'a> {
    pub(super) dim: usize,
    pub(super) x: &'a [f64],
    pub(super) y: &'a [f64],
    pub(super) runs: &'a [Run],
    pub(super) root: bool,
    pub(super) scale: f64,
    pub(super) out: &'a mut [f64],
}

impl Kernel for Distances<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let scale = self.scale;
        // Which of the two is known outside of the loops.
        if self.root {
            self.each_tile::<FUSED>(
                #[inline(always)]
                |_, tile| tile.iter_mut().for_each(|c| *c = c.sqrt()),
            );
        } else {
            self.each_tile::<FUSED>(
                #[inline(always)]
                |_, tile| tile.iter_mut().for_each(|c| *c *= scale),
            );
        }
    }
}

impl Distances<'_> {
    /// Computes squared distances, some tiles at a time, and hands each tile on with its column block. (Two loops one after the
    /// other are vector code; one around both is not.)
    #[inline(always)]
    fn each_tile<const FUSED: bool>(self, finish: impl Fn(usize, &mut [f64; TILE])) {
        let Self { dim, x, y, runs, out, .. } = self;
        each_chunk(
            runs,
            out,
            #[inline(always)]
            |first, tiles| squares::<FUSED>(dim, x, &y[first * dim * LANES..], tiles),
            finish,
        );
    }
}

/// Tiles that are worked on together: as much as the nearest cache holds beside what they are made from.
const CHUNK: usize = 16;

/// Calls `fill` with the first column block of a chunk and its tiles, then `finish` with each of them.
#[inline(always)]
fn each_chunk(
    runs: &[Run],
    out: &mut [f64],
    fill: impl Fn(usize, &mut [[f64; TILE]]),
    finish: impl Fn(usize, &mut [f64; TILE]),
) {
    let mut rest = out.as_chunks_mut::<TILE>().0;
    for &(first, count) in runs {
        let (first, end) = (first as usize, (first + count) as usize);
        for start in (first..end).step_by(CHUNK) {
            let (tiles, after) = rest.split_at_mut(CHUNK.min(end - start));
            fill(start, tiles);
            for (k, tile) in tiles.iter_mut().enumerate() {
                finish(start + k, tile);
            }
            rest = after;
        }
    }
}

/// Squared distances in any dimension.
#[inline(always)]
fn squares<const FUSED: bool>(dim: usize, x: &[f64], y: &[f64], tiles: &mut [[f64; TILE]]) {
    sums::<2>(
        dim,
        x,
        y,
        tiles,
        #[inline(always)]
        |x, y, sum| multiply_add::<FUSED>(x - y, x - y, sum),
    );
}

/// Inner products.
#[inline(always)]
fn products<const FUSED: bool>(dim: usize, x: &[f64], y: &[f64], tiles: &mut [[f64; TILE]]) {
    sums::<4>(dim, x, y, tiles, multiply_add::<FUSED>);
}

/// What `add` makes of the pairs of coordinates of rows and columns, one after the other. The sums of `GROUP` rows are kept at a time:
/// with more, the compiler gives each lane a register of its own.
#[inline(always)]
fn sums<const GROUP: usize>(
    dim: usize,
    x: &[f64],
    y: &[f64],
    tiles: &mut [[f64; TILE]],
    add: impl Fn(f64, f64, f64) -> f64,
) {
    for (tile, y) in tiles.iter_mut().zip(y.chunks_exact(dim * LANES)) {
        for (group, out) in tile.as_chunks_mut::<LANES>().0.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
            let x: [&[f64]; GROUP] = std::array::from_fn(|r| &x[(group * GROUP + r) * dim..][..dim]);
            let mut totals = [[0.0; LANES]; GROUP];
            for (k, y) in y.as_chunks::<LANES>().0.iter().enumerate().take(dim) {
                for r in 0..GROUP {
                    let x = x[r][k];
                    for l in 0..LANES {
                        totals[r][l] = add(x, y[l], totals[r][l]);
                    }
                }
            }
            *out = totals;
        }
    }
}

/// Distances, then powers, tile by tile.
pub(super) struct Powers<'a> {
    pub(super) exponents: Exponents<'a>,
    pub(super) distances: Distances<'a>,
}

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        if self.distances.root { self.powers::<FUSED, true>() } else { self.powers::<FUSED, false>() }
    }
}

impl Powers<'_> {
    #[inline(always)]
    fn powers<const FUSED: bool, const ROOT: bool>(self) {
        let Self { exponents, distances } = self;
        let shift: &[f64; ROWS] = exponents.shift.try_into().expect("a shift for each row");
        let rate = exponents.rate * distances.scale;
        distances.each_tile::<FUSED>(
            #[inline(always)]
            |j, tile| {
                let lift: &[f64; LANES] = exponents.lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let c = tile[r * LANES + l];
                        let c = if ROOT { c.sqrt() } else { c };
                        tile[r * LANES + l] = exp2::<FUSED>(multiply_add::<FUSED>(-rate, c, shift[r] + lift[l]));
                    }
                }
            },
        );
    }
}

/// Points of one row of tiles around a common centre, and their squared norms.
pub(super) struct Products<'a> {
    pub(super) dim: usize,
    pub(super) x: &'a [f64],
    pub(super) y: &'a [f64],
    pub(super) x_norms: &'a [f64],
    pub(super) y_norms: &'a [f64],
    pub(super) runs: &'a [Run],
    pub(super) out: &'a mut [f64],
}

impl Products<'_> {
    /// Computes ⟨x, y⟩, some tiles at a time, and hands each tile on with its column block.
    #[inline(always)]
    fn each_tile<const FUSED: bool>(self, finish: impl Fn(usize, &mut [f64; TILE])) {
        let Self { dim, x, y, runs, out, .. } = self;
        each_chunk(
            runs,
            out,
            #[inline(always)]
            |first, tiles| products::<FUSED>(dim, x, &y[first * dim * LANES..], tiles),
            finish,
        );
    }
}

/// Powers of tiles by inner products.
pub(super) struct InnerPowers<'a> {
    pub(super) exponents: Exponents<'a>,
    pub(super) products: Products<'a>,
}

impl Kernel for InnerPowers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { exponents: Exponents { shift, lift, rate }, products } = self;
        let (x_norms, y_norms) = (products.x_norms, products.y_norms);
        let row: [f64; ROWS] = std::array::from_fn(|r| shift[r] - rate * x_norms[r]);
        products.each_tile::<FUSED>(
            #[inline(always)]
            |j, tile| {
                let lift: &[f64; LANES] = lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                let norms: &[f64; LANES] = y_norms[j * LANES..][..LANES].try_into().expect("whole blocks");
                let mut column = [0.0; LANES];
                for l in 0..LANES {
                    column[l] = multiply_add::<FUSED>(-rate, norms[l], lift[l]);
                }
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let product = tile[r * LANES + l];
                        let exponent = multiply_add::<FUSED>(2.0 * rate, product, row[r] + column[l]);
                        tile[r * LANES + l] = exp2::<FUSED>(exponent);
                    }
                }
            },
        );
    }
}

/// Costs by inner products.
pub(super) struct InnerCosts<'a> {
    pub(super) products: Products<'a>,
    pub(super) scale: f64,
}

impl Kernel for InnerCosts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { products, scale } = self;
        let (x_norms, y_norms) = (products.x_norms, products.y_norms);
        products.each_tile::<FUSED>(
            #[inline(always)]
            |j, tile| {
                let norms: &[f64; LANES] = y_norms[j * LANES..][..LANES].try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let square = multiply_add::<FUSED>(-2.0, tile[r * LANES + l], x_norms[r] + norms[l]);
                        tile[r * LANES + l] = scale * if square > 0.0 { square } else { 0.0 };
                    }
                }
            },
        );
    }
}

/// Turns tiles of costs into powers, in place or from elsewhere.
pub(super) struct Exponentials<'a> {
    pub(super) exponents: Exponents<'a>,
    pub(super) runs: &'a [Run],
    pub(super) costs: Option<&'a [f64]>,
    pub(super) out: &'a mut [f64],
}

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { exponents, runs, costs, out } = self;
        let Exponents { shift, lift, rate } = exponents;
        let shift: &[f64; ROWS] = shift.try_into().expect("a shift for each row");
        let lifts = runs.iter().flat_map(|&(first, count)| {
            lift[first as usize * LANES..][..count as usize * LANES].as_chunks::<LANES>().0
        });
        let tiles = out.as_chunks_mut::<TILE>().0.iter_mut().zip(lifts);
        let power = |c: f64, r: usize, lift: f64| exp2::<FUSED>(multiply_add::<FUSED>(-rate, c, shift[r] + lift));
        let Some(costs) = costs else {
            for (tile, lift) in tiles {
                for r in 0..ROWS {
                    for l in 0..LANES {
                        tile[r * LANES + l] = power(tile[r * LANES + l], r, lift[l]);
                    }
                }
            }
            return;
        };
        for ((tile, lift), costs) in tiles.zip(costs.as_chunks::<TILE>().0) {
            for r in 0..ROWS {
                for l in 0..LANES {
                    tile[r * LANES + l] = power(costs[r * LANES + l], r, lift[l]);
                }
            }
        }
    }
}
