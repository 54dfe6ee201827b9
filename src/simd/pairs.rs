//! Sums of a function of two points over blocks of pairs.

use std::ops::Range;

use super::{Kernel, multiply_add};

/// Columns that are worked on together.
pub(crate) const LANES: usize = 16;
/// Rows that are worked on together, so that each column is loaded once for all of them.
const ROWS: usize = 4;

/// A function of two points that is a function of a sum over their coordinates.
pub(crate) trait PairFunction: Copy + Send + Sync {
    /// Adds what one pair of coordinates brings.
    fn add<const FUSED: bool>(self, total: f64, x: f64, y: f64) -> f64;

    /// Turns the sums over the coordinates into values.
    fn finish<const FUSED: bool>(self, totals: &mut [f64; LANES]);
}

/// Points in panels of [`LANES`], coordinate by coordinate within a panel; the last panel is filled up with copies.
#[derive(Debug, Clone)]
pub(crate) struct Panels {
    coordinates: Vec<f64>,
    dim: usize,
    len: usize,
}

impl Panels {
    /// Panels of points that are given row by row.
    pub(crate) fn new(rows: &[f64], dim: usize) -> Self {
        let len = rows.len() / dim;
        let mut coordinates = Vec::with_capacity(len.next_multiple_of(LANES) * dim);
        for first in (0..len).step_by(LANES) {
            for k in 0..dim {
                coordinates.extend((first..first + LANES).map(|j| rows[j.min(len - 1) * dim + k]));
            }
        }
        Self { coordinates, dim, len }
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The panel of points `LANES * at ..`.
    #[inline(always)]
    fn panel(&self, at: usize) -> &[f64] {
        &self.coordinates[at * LANES * self.dim..(at + 1) * LANES * self.dim]
    }
}

/// Values of `function` between at most [`ROWS`] points `x`, row by row, and one panel. Rows that are missing repeat the last.
#[inline(always)]
fn values<F: PairFunction, const FUSED: bool>(
    function: F,
    x: &[f64],
    dim: usize,
    panel: &[f64],
) -> [[f64; LANES]; ROWS] {
    let last = x.len() / dim - 1;
    let mut totals = [[0.0; LANES]; ROWS];
    for k in 0..dim {
        let y: &[f64; LANES] = panel[k * LANES..][..LANES].try_into().expect("LANES entries");
        for (r, totals) in totals.iter_mut().enumerate() {
            let x = x[r.min(last) * dim + k];
            for l in 0..LANES {
                totals[l] = function.add::<FUSED>(totals[l], x, y[l]);
            }
        }
    }
    for totals in &mut totals {
        function.finish::<FUSED>(totals);
    }
    totals
}

/// Adds Σⱼ bⱼ k(xᵢ, yⱼ) to each row sum, and Σᵢ aᵢ k(xᵢ, yⱼ) to each column sum. Columns are whole panels, from panel
/// `first` on; there is one weight b and one column sum for each of their points, with b = 0 for the copies.
pub(crate) struct BlockSums<'a, F> {
    pub(crate) function: F,
    pub(crate) x: &'a [f64],
    pub(crate) a: &'a [f64],
    pub(crate) panels: &'a Panels,
    pub(crate) first: usize,
    pub(crate) b: &'a [f64],
    pub(crate) row_sums: &'a mut [f64],
    pub(crate) column_sums: &'a mut [f64],
}

impl<F: PairFunction> Kernel for BlockSums<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let dim = self.panels.dim;
        let rows = self.x.chunks(ROWS * dim).zip(self.a.chunks(ROWS)).zip(self.row_sums.chunks_mut(ROWS));
        for ((x, a), row_sums) in rows {
            let mut weights = [0.0; ROWS];
            weights[..a.len()].copy_from_slice(a);
            let mut sums = [[0.0; LANES]; ROWS];
            let columns = self.b.chunks_exact(LANES).zip(self.column_sums.chunks_exact_mut(LANES));
            for (at, (b, column_sums)) in columns.enumerate() {
                let values = values::<F, FUSED>(self.function, x, dim, self.panels.panel(self.first + at));
                for r in 0..ROWS {
                    for l in 0..LANES {
                        sums[r][l] = multiply_add::<FUSED>(b[l], values[r][l], sums[r][l]);
                        column_sums[l] = multiply_add::<FUSED>(weights[r], values[r][l], column_sums[l]);
                    }
                }
            }
            for (sum, lanes) in row_sums.iter_mut().zip(&sums) {
                *sum += lanes.iter().sum::<f64>();
            }
        }
    }
}

/// Rows and columns of a tile of values.
pub(crate) const TILE: usize = 4 * LANES;

/// Adds zᵢ Σⱼ k(xᵢ, xⱼ) zⱼ over rows i and columns j to each of many sums, one for each vector z: the value of a quadratic form
/// for many vectors at once.
///
/// The vectors come [`LANES`] at a time, point by point: entry `[(block * n + i) * LANES + lane]` is zᵢ of vector
/// `block * LANES + lane`. There are at most [`TILE`] rows, and the columns begin with a panel.
pub(crate) struct BlockForms<'a, F> {
    pub(crate) function: F,
    pub(crate) points: &'a [f64],
    pub(crate) panels: &'a Panels,
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
    pub(crate) z: &'a [f64],
    pub(crate) forms: &'a mut [f64],
}

impl<F: PairFunction> Kernel for BlockForms<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (dim, n) = (self.panels.dim, self.panels.len);
        let x = &self.points[self.rows.start * dim..self.rows.end * dim];
        let mut tile = vec![[0.0; TILE]; TILE];
        for first in self.columns.clone().step_by(TILE) {
            let width = TILE.min(self.columns.end - first);
            for (x, tile) in x.chunks(ROWS * dim).zip(tile.chunks_exact_mut(ROWS)) {
                for panel in 0..width.div_ceil(LANES) {
                    let panel_points = self.panels.panel(first / LANES + panel);
                    let values = values::<F, FUSED>(self.function, x, dim, panel_points);
                    for r in 0..ROWS {
                        tile[r][panel * LANES..][..LANES].copy_from_slice(&values[r]);
                    }
                }
            }
            for (z, forms) in self.z.chunks_exact(n * LANES).zip(self.forms.chunks_exact_mut(LANES)) {
                let z_columns = &z[first * LANES..(first + width) * LANES];
                let z_rows = &z[self.rows.start * LANES..self.rows.end * LANES];
                for (z_rows, tile) in z_rows.chunks(ROWS * LANES).zip(tile.chunks_exact(ROWS)) {
                    let mut products = [[0.0; LANES]; ROWS];
                    for (c, z) in z_columns.chunks_exact(LANES).enumerate() {
                        for r in 0..ROWS {
                            for l in 0..LANES {
                                products[r][l] = multiply_add::<FUSED>(tile[r][c], z[l], products[r][l]);
                            }
                        }
                    }
                    for (z, products) in z_rows.chunks_exact(LANES).zip(&products) {
                        for l in 0..LANES {
                            forms[l] = multiply_add::<FUSED>(z[l], products[l], forms[l]);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::run;

    #[derive(Clone, Copy)]
    struct Square;

    impl PairFunction for Square {
        #[inline(always)]
        fn add<const FUSED: bool>(self, total: f64, x: f64, y: f64) -> f64 {
            multiply_add::<FUSED>(x - y, x - y, total)
        }

        #[inline(always)]
        fn finish<const FUSED: bool>(self, _: &mut [f64; LANES]) {}
    }

    fn wave(k: usize) -> f64 {
        ((k * 37 % 101) as f64 * 0.61).sin()
    }

    fn square(x: &[f64], y: &[f64]) -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum()
    }

    #[test]
    fn sums_over_rows_and_columns_agree_with_plain_loops() {
        for (n, m, dim) in [(1, 1, 1), (3, 17, 2), (9, 40, 5)] {
            let x: Vec<f64> = (0..n * dim).map(wave).collect();
            let y: Vec<f64> = (7..7 + m * dim).map(wave).collect();
            let a: Vec<f64> = (3..3 + n).map(|k| wave(k).abs()).collect();
            let mut b: Vec<f64> = (5..5 + m).map(|k| wave(k).abs()).collect();
            b.resize(m.next_multiple_of(LANES), 0.0);
            let panels = Panels::new(&y, dim);
            let run_with = |wide: bool| {
                let (mut row_sums, mut column_sums) = (vec![0.0; n], vec![0.0; b.len()]);
                let sums = BlockSums {
                    function: Square,
                    x: &x,
                    a: &a,
                    panels: &panels,
                    first: 0,
                    b: &b,
                    row_sums: &mut row_sums,
                    column_sums: &mut column_sums,
                };
                if wide {
                    run(sums);
                } else {
                    sums.run::<false>();
                }
                (row_sums, column_sums)
            };
            for (rows, columns) in [run_with(true), run_with(false)] {
                for (i, x) in x.chunks(dim).enumerate() {
                    let expected: f64 = y.chunks(dim).zip(&b).map(|(y, b)| b * square(x, y)).sum();
                    assert!((rows[i] - expected).abs() <= 1e-14 * expected);
                }
                for (j, y) in y.chunks(dim).enumerate() {
                    let expected: f64 = x.chunks(dim).zip(&a).map(|(x, a)| a * square(x, y)).sum();
                    assert!((columns[j] - expected).abs() <= 1e-14 * expected);
                }
            }
        }
    }

    #[test]
    fn forms_agree_with_plain_loops() {
        for (n, dim) in [(1, 1), (70, 3), (131, 2)] {
            let many = 2 * LANES;
            let points: Vec<f64> = (0..n * dim).map(wave).collect();
            let z: Vec<f64> = (2..2 + n * many).map(wave).collect();
            let entry = |i: usize, vector: usize| z[(vector / LANES * n + i) * LANES + vector % LANES];
            let panels = Panels::new(&points, dim);
            let (rows, columns) = (n / 70 * 64..n.min(n / 70 * 64 + 7), n / 131 * 32..n);
            let run_with = |wide: bool| {
                let mut forms = vec![0.0; many];
                let (rows, columns, forms_of) = (rows.clone(), columns.clone(), &mut forms);
                let block = BlockForms {
                    function: Square,
                    points: &points,
                    panels: &panels,
                    rows,
                    columns,
                    z: &z,
                    forms: forms_of,
                };
                if wide {
                    run(block);
                } else {
                    block.run::<false>();
                }
                forms
            };
            for forms in [run_with(true), run_with(false)] {
                for (vector, form) in forms.iter().enumerate() {
                    let mut expected = 0.0;
                    for i in rows.clone() {
                        for j in columns.clone() {
                            let k = square(&points[i * dim..][..dim], &points[j * dim..][..dim]);
                            expected += entry(i, vector) * entry(j, vector) * k;
                        }
                    }
                    assert!((form - expected).abs() <= 1e-12 * n as f64, "{form} is not {expected}");
                }
            }
        }
    }
}
