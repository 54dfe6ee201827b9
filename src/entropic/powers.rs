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
        let (root, scale) = (self.root, self.scale);
        self.each_tile::<FUSED>(
            #[inline(always)]
            |_, tile| {
                for c in tile.iter_mut() {
                    *c = if root { c.sqrt() } else { scale * *c };
                }
            },
        );
    }
}

impl Distances<'_> {
    /// Computes each tile of squared distances and hands it on with its column block.
    #[inline(always)]
    fn each_tile<const FUSED: bool>(self, finish: impl Fn(usize, &mut [f64; TILE])) {
        match self.dim {
            1 => self.each_tile_in::<FUSED, 1>(finish),
            2 => self.each_tile_in::<FUSED, 2>(finish),
            3 => self.each_tile_in::<FUSED, 3>(finish),
            _ => self.each_tile_in::<FUSED, 0>(finish),
        }
    }

    /// The same with the dimension known to the compiler, or 0.
    #[inline(always)]
    fn each_tile_in<const FUSED: bool, const D: usize>(self, finish: impl Fn(usize, &mut [f64; TILE])) {
        let dim = if D == 0 { self.dim } else { D };
        let mut tiles = self.out.as_chunks_mut::<TILE>().0.iter_mut();
        for &(first, count) in self.runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let y = &self.y[j * dim * LANES..][..dim * LANES];
                if D == 0 {
                    squares_of_many::<FUSED>(dim, self.x, y, tile);
                } else {
                    for r in 0..ROWS {
                        for l in 0..LANES {
                            let mut total = 0.0;
                            for k in 0..D {
                                let gap = self.x[r * D + k] - y[k * LANES + l];
                                total = multiply_add::<FUSED>(gap, gap, total);
                            }
                            tile[r * LANES + l] = total;
                        }
                    }
                }
                finish(j, tile);
            }
        }
    }
}

/// Squared distances in any dimension; four rows at a time keep their sums in registers.
#[inline(always)]
fn squares_of_many<const FUSED: bool>(dim: usize, x: &[f64], y: &[f64], tile: &mut [f64; TILE]) {
    const GROUP: usize = 4;
    for group in 0..ROWS / GROUP {
        let mut totals = [[0.0; LANES]; GROUP];
        let x: [&[f64]; GROUP] = std::array::from_fn(|r| &x[(group * GROUP + r) * dim..][..dim]);
        for (k, y) in y.as_chunks::<LANES>().0.iter().enumerate().take(dim) {
            for r in 0..GROUP {
                let x = x[r][k];
                for l in 0..LANES {
                    let gap = x - y[l];
                    totals[r][l] = multiply_add::<FUSED>(gap, gap, totals[r][l]);
                }
            }
        }
        tile[group * GROUP * LANES..][..GROUP * LANES].copy_from_slice(totals.as_flattened());
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
        let Self { exponents, distances } = self;
        let (root, scale) = (distances.root, distances.scale);
        let shift: &[f64; ROWS] = exponents.shift.try_into().expect("a shift for each row");
        let rate = exponents.rate * scale;
        distances.each_tile::<FUSED>(
            #[inline(always)]
            |j, tile| {
                let lift: &[f64; LANES] = exponents.lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let c = tile[r * LANES + l];
                        let c = if root { c.sqrt() } else { c };
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
    /// Computes ⟨x, y⟩ tile by tile and hands the tile on with its column block.
    #[inline(always)]
    fn each_tile<const FUSED: bool>(self, finish: impl Fn(usize, &[[f64; LANES]; ROWS], &mut [f64; TILE])) {
        let Self { dim, x, y, runs, out, .. } = self;
        let x: [&[f64]; ROWS] = std::array::from_fn(|r| &x[r * dim..(r + 1) * dim]);
        let mut tiles = out.as_chunks_mut::<TILE>().0.iter_mut();
        for &(first, count) in runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let y = y[j * dim * LANES..][..dim * LANES].as_chunks::<LANES>().0;
                let mut products = [[0.0; LANES]; ROWS];
                for k in 0..dim {
                    let y = &y[k];
                    for r in 0..ROWS {
                        let x = x[r][k];
                        for l in 0..LANES {
                            products[r][l] = multiply_add::<FUSED>(x, y[l], products[r][l]);
                        }
                    }
                }
                finish(j, &products, tile);
            }
        }
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
            |j, products, tile| {
                let lift: &[f64; LANES] = lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                let norms: &[f64; LANES] = y_norms[j * LANES..][..LANES].try_into().expect("whole blocks");
                let mut column = [0.0; LANES];
                for l in 0..LANES {
                    column[l] = multiply_add::<FUSED>(-rate, norms[l], lift[l]);
                }
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let exponent = multiply_add::<FUSED>(2.0 * rate, products[r][l], row[r] + column[l]);
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
            |j, products, tile| {
                let norms: &[f64; LANES] = y_norms[j * LANES..][..LANES].try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let square = multiply_add::<FUSED>(-2.0, products[r][l], x_norms[r] + norms[l]);
                        tile[r * LANES + l] = scale * if square > 0.0 { square } else { 0.0 };
                    }
                }
            },
        );
    }
}

/// Turns tiles of costs into powers.
pub(super) struct Exponentials<'a> {
    pub(super) exponents: Exponents<'a>,
    pub(super) runs: &'a [Run],
    pub(super) out: &'a mut [f64],
}

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Exponents { shift, lift, rate } = self.exponents;
        let mut tiles = self.out.as_chunks_mut::<TILE>().0.iter_mut();
        for &(first, count) in self.runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let lift: &[f64; LANES] = lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let c = tile[r * LANES + l];
                        tile[r * LANES + l] = exp2::<FUSED>(multiply_add::<FUSED>(-rate, c, shift[r] + lift[l]));
                    }
                }
            }
        }
    }
}
