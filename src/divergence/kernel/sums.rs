//! Sums of a function over all pairs of two samples, in blocks: time O((n + m)² d / 2), memory O(n + m).

use crate::numeric::Sum;
use crate::numeric::parallel;
use crate::simd::{BlockForms, BlockSums, LANES, PairFunction, Panels, TILE, run};

/// Points along the edge of a block: one block of columns stays in the second-level cache.
const BLOCK: usize = 512;
/// Blocks of rows are dealt out to so many stacks, whatever the number of threads; each stack is summed in order.
const STACKS: usize = 32;

/// Points with masses of total 1, laid out for the block loops.
pub(super) struct Side<'a> {
    points: &'a [f64],
    masses: Vec<f64>,
    panels: Panels,
    /// The masses, and 0 for the copies that fill up the last panel.
    padded: Vec<f64>,
    dim: usize,
}

impl<'a> Side<'a> {
    pub(super) fn new(points: &'a [f64], dim: usize, masses: Vec<f64>) -> Self {
        let mut padded = masses.clone();
        padded.resize(masses.len().next_multiple_of(LANES), 0.0);
        Self { points, masses, panels: Panels::new(points, dim), padded, dim }
    }

    fn len(&self) -> usize {
        self.panels.len()
    }

    pub(super) fn masses(&self) -> &[f64] {
        &self.masses
    }
}

/// For each point of `x` the mean of `function` over `y`, and for each point of `y` the mean over `x`.
pub(super) fn across<F: PairFunction>(function: F, x: &Side, y: &Side) -> (Vec<f64>, Vec<f64>) {
    means(function, x, y, false)
}

/// For each point the mean of `function` over all points of the same side, itself among them.
pub(super) fn within<F: PairFunction>(function: F, x: &Side) -> Vec<f64> {
    means(function, x, x, true).0
}

/// Means over rows and columns. `symmetric`: x and y are one, only blocks on and above the diagonal are worked out, and the
/// first list holds the means.
fn means<F: PairFunction>(function: F, x: &Side, y: &Side, symmetric: bool) -> (Vec<f64>, Vec<f64>) {
    let (n, m) = (x.len(), y.padded.len());
    let blocks = n.div_ceil(BLOCK);
    let stack = |stack: usize| {
        let mut rows = vec![0.0; n];
        let mut columns = vec![0.0; m];
        let mut own = [0.0; BLOCK];
        for block in (stack..blocks).step_by(STACKS) {
            let range = block * BLOCK..n.min((block + 1) * BLOCK);
            let from = if symmetric { range.start } else { 0 };
            for first in (from..m).step_by(BLOCK) {
                let width = BLOCK.min(m - first);
                own[..width].fill(0.0);
                run(BlockSums {
                    function,
                    x: &x.points[range.start * x.dim..range.end * x.dim],
                    a: &x.masses[range.clone()],
                    panels: &y.panels,
                    first: first / LANES,
                    b: &y.padded[first..first + width],
                    row_sums: &mut rows[range.clone()],
                    column_sums: &mut own[..width],
                });
                // The block on the diagonal holds each pair twice already.
                if !(symmetric && first == range.start) {
                    for (total, own) in columns[first..first + width].iter_mut().zip(&own) {
                        *total += own;
                    }
                }
            }
        }
        (rows, columns)
    };
    let stacks: Vec<(Vec<f64>, Vec<f64>)> = parallel::map(STACKS.min(blocks), stack);
    let (mut rows, mut columns) = (vec![0.0; n], vec![0.0; m]);
    for (own_rows, own_columns) in &stacks {
        rows.iter_mut().zip(own_rows).for_each(|(total, own)| *total += own);
        columns.iter_mut().zip(own_columns).for_each(|(total, own)| *total += own);
    }
    columns.truncate(y.len());
    if symmetric {
        rows.iter_mut().zip(&columns).for_each(|(total, below)| *total += below);
    }
    (rows, columns)
}

/// zᵀ K z for many vectors z at once, where K is `function` between all points, in the layout of [`BlockForms`].
pub(super) fn forms<F: PairFunction>(function: F, points: &[f64], dim: usize, z: &[f64]) -> Vec<f64> {
    let panels = Panels::new(points, dim);
    let n = panels.len();
    let many = z.len() / n;
    let blocks = n.div_ceil(TILE);
    let stack = |stack: usize| {
        let mut totals = vec![Sum::default(); many];
        let mut own = vec![0.0; many];
        for block in (stack..blocks).step_by(STACKS) {
            let rows = block * TILE..n.min((block + 1) * TILE);
            // K is symmetric: what lies right of the diagonal block counts twice.
            for (columns, share) in [(rows.clone(), 1.0), (rows.end..n, 2.0)] {
                own.fill(0.0);
                run(BlockForms { function, points, panels: &panels, rows: rows.clone(), columns, z, forms: &mut own });
                totals.iter_mut().zip(&own).for_each(|(total, own)| total.add(share * own));
            }
        }
        totals
    };
    let stacks: Vec<Vec<Sum>> = parallel::map(STACKS.min(blocks), stack);
    let mut totals = vec![Sum::default(); many];
    for stack in stacks {
        totals.iter_mut().zip(stack).for_each(|(total, own)| total.merge(own));
    }
    totals.into_iter().map(Sum::value).collect()
}
