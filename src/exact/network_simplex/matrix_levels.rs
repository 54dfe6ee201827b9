//! A matrix without points, from coarse to fine: rows that are alike become one cell, columns that are alike another.
//!
//! A few columns tell rows apart as coordinates would (the distances to a few landmarks), so a kd order of those entries puts rows
//! that are alike next to each other. Cells of about four rows and four columns with the mean cost between them are a matrix
//! of about a sixteenth of the size, which is solved first; its basis is then expanded as that of points is.

use std::ops::Range;

use super::expand::{Cell, expand};
use super::levels::{Cells, Side};
use super::masses::Masses;
use super::oracle::Matrix;
use super::outcome::Outcome;
use super::priced::from_potentials;
use super::tree::TreeArc;
use crate::exact::amount::Amount;
use crate::neighbors::halving::kd_order;
use crate::numeric::parallel;
use crate::transport::Watch;

/// Rows and columns whose entries tell the others apart.
const LANDMARKS: usize = 8;
/// The most that costs may vary within cells, as a share of how they vary at all, times the number of cells. Points in the
/// plane give 4 to 13 whatever their number is, since areas shrink as cells grow in number; points in space give 20 and more at
/// 1,000 points, and the more the more points there are. There a sample tells more than cells do.
const PLANAR: f64 = 16.0;
/// One of so many rows of cells tells how costs vary.
const TELLING: usize = 8;

/// Solves transport under a row-major matrix by way of its cells; `None` where rows or columns are too unlike for that.
///
/// The matrix of cells is solved by `solve_matrix`.
pub(super) fn solve<A: Amount>(
    costs: &[f64],
    masses: &Masses<A>,
    solve_matrix: impl FnOnce(&[f64], &Masses<A>, &mut Watch) -> Outcome<A>,
    watch: &mut Watch,
) -> Option<Outcome<A>> {
    let (n, m) = (masses.source.len(), masses.target.len());
    let landmark = |k: usize, of: usize| (2 * k + 1) * of / (2 * LANDMARKS);
    let order = |len: usize, entry: &dyn Fn(usize, usize) -> f64| {
        let features: Vec<f64> =
            (0..len).flat_map(|i| (0..LANDMARKS).map(move |k| (i, k))).map(|(i, k)| entry(i, k)).collect();
        kd_order(&features, LANDMARKS)
    };
    let rows = order(n, &|i, k| costs[i * m + landmark(k, m)]);
    let columns = order(m, &|j, k| costs[landmark(k, n) * m + j]);
    let (source, target) = (Side::new(0, &[], &masses.source, &rows), Side::new(0, &[], &masses.target, &columns));
    let (deepest, depth) = (source.depth().max(target.depth()), depth_of_cells(n.max(m)));
    let coarse = (source.cells(depth), target.cells(depth));
    let blocks = Blocks { costs, rows: &rows, columns: &columns, source: &source.masses, target: &target.masses };
    if !blocks.are_planar(&coarse) {
        return None;
    }
    let means = blocks.means(&coarse);
    let coarse_masses = Masses::from_units(coarse.0.masses.clone(), coarse.1.masses.clone());
    let solved = solve_matrix(&means, &coarse_masses, watch);
    drop(means);

    let f = blocks.finer_potentials(&solved, &coarse);
    let mut arcs = solved.arcs;
    let mut from = coarse;
    for depth in depth + 1..=deepest {
        let to = (source.cells(depth), target.cells(depth));
        let cost = |i: Cell, j: Cell| blocks.mean(range(i, &from.0, &to.0), range(j, &from.1, &to.1));
        arcs = expand(&arcs, (&from.0, &from.1), (&to.0, &to.1), &cost);
        from = to;
    }
    for arc in &mut arcs {
        (arc.source, arc.target) = (rows[arc.source as usize], columns[arc.target as usize]);
    }
    let cost = |i: usize, j: usize| costs[i * m + j];
    let oracle = Matrix { costs, columns: m };
    Some(from_potentials(f, Some(arcs), &cost, &oracle, masses, solved.iterations, true, watch))
}

/// The halvings that leave about four of n points in a cell.
fn depth_of_cells(n: usize) -> usize {
    ((n as f64).log2() - 2.0).round() as usize
}

/// The rows or columns of a cell of one of two levels, in kd order.
fn range<A: Amount>(cell: Cell, coarse: &Cells<A>, fine: &Cells<A>) -> Range<usize> {
    match cell {
        Cell::Coarse(k) => coarse.range(k as usize),
        Cell::Fine(k) => fine.range(k as usize),
    }
}

/// A matrix whose rows and columns are taken in kd order, with the masses in that order.
struct Blocks<'a, A> {
    costs: &'a [f64],
    rows: &'a [u32],
    columns: &'a [u32],
    source: &'a [A],
    target: &'a [A],
}

impl<A: Amount> Blocks<'_, A> {
    /// The mean costs between cells, weighted by mass.
    fn means(&self, (sources, targets): &(Cells<A>, Cells<A>)) -> Vec<f64> {
        let shares = shares(self.target, targets);
        let mut means = vec![0.0; sources.len() * targets.len()];
        parallel::chunks_mut(&mut means, targets.len(), |cell, means| {
            let mut sums = vec![0.0; self.columns.len()];
            self.add_up(&mut sums, (sources, cell), |c| c);
            self.gather(means, &sums, targets, &shares);
        });
        means
    }

    /// Whether costs vary as little within cells as they do between points in the plane.
    fn are_planar(&self, (sources, targets): &(Cells<A>, Cells<A>)) -> bool {
        let shares = shares(self.target, targets);
        // A common origin keeps the digits of squares.
        let origin = self.costs[0];
        let told: Vec<[f64; 3]> = parallel::map_with(
            sources.len().div_ceil(TELLING),
            || (vec![0.0; self.columns.len()], vec![0.0; targets.len()], vec![0.0; targets.len()]),
            |(sums, means, squares), k| {
                let cell = k * TELLING;
                self.add_up(sums, (sources, cell), |c| c - origin);
                self.gather(means, sums, targets, &shares);
                self.add_up(sums, (sources, cell), |c| (c - origin) * (c - origin));
                self.gather(squares, sums, targets, &shares);
                [squares.iter().sum(), means.iter().map(|v| v * v).sum(), means.iter().sum()]
            },
        );
        let total = |k: usize| told.iter().map(|told| told[k]).sum::<f64>();
        let count = (told.len() * targets.len()) as f64;
        let (within, at_all) = (total(0) - total(1), total(0) - total(2) * total(2) / count);
        let cells = sources.len().max(targets.len()) as f64;
        within * cells <= PLANAR * at_all
    }

    /// The mean over the rows of a cell of `of` the costs, by column of the matrix.
    fn add_up(&self, sums: &mut [f64], (cells, cell): (&Cells<A>, usize), of: impl Fn(f64) -> f64) {
        sums.fill(0.0);
        for i in cells.range(cell) {
            let share = self.source[i].share_of(cells.masses[cell]);
            let row = &self.costs[self.rows[i] as usize * sums.len()..][..sums.len()];
            for (sum, c) in sums.iter_mut().zip(row) {
                *sum += share * of(*c);
            }
        }
    }

    /// The means over the cells of columns of what was added up.
    fn gather(&self, means: &mut [f64], sums: &[f64], cells: &Cells<A>, shares: &[f64]) {
        for (cell, mean) in means.iter_mut().enumerate() {
            *mean = cells.range(cell).map(|j| shares[j] * sums[self.columns[j] as usize]).sum();
        }
    }

    /// The mean cost between some rows and some columns.
    fn mean(&self, rows: Range<usize>, columns: Range<usize>) -> f64 {
        let (m, count) = (self.columns.len(), (rows.len() * columns.len()) as f64);
        let mut total = 0.0;
        for i in rows {
            let row = &self.costs[self.rows[i] as usize * m..][..m];
            for j in columns.clone() {
                total += row[self.columns[j] as usize];
            }
        }
        total / count
    }

    /// Potentials of the rows, in the order of the matrix, from those of the cells: f(x) = f(X) + c(x, Y) − c(X, Y) for the
    /// cells Y that X sends to, weighted by flow.
    fn finer_potentials(&self, solved: &Outcome<A>, (sources, targets): &(Cells<A>, Cells<A>)) -> Vec<f64> {
        let mut f = vec![0.0; self.rows.len()];
        for cell in 0..sources.len() {
            for i in sources.range(cell) {
                f[self.rows[i] as usize] = -solved.potential[cell];
            }
        }
        for TreeArc { source, target, flow } in &solved.arcs {
            let (rows, columns) = (sources.range(*source as usize), targets.range(*target as usize));
            if rows.len() == 1 {
                continue;
            }
            let share = flow.share_of(sources.masses[*source as usize]);
            let mean = self.mean(rows.clone(), columns.clone());
            for i in rows {
                f[self.rows[i] as usize] += share * (self.mean(i..i + 1, columns.clone()) - mean);
            }
        }
        f
    }
}

/// What part of the mass of its cell each point holds.
fn shares<A: Amount>(masses: &[A], cells: &Cells<A>) -> Vec<f64> {
    let mut shares = Vec::with_capacity(masses.len());
    for cell in 0..cells.len() {
        shares.extend(cells.range(cell).map(|j| masses[j].share_of(cells.masses[cell])));
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::network_simplex::dense;
    use crate::transport::{Interrupt, Silent, Status};

    /// Squared distances between points of a plane, or of a space of eight dimensions.
    fn costs(n: usize, m: usize, dim: usize) -> Vec<f64> {
        let at = |k: usize, axis: usize, side: usize| {
            ((k * (7 + 2 * axis) + side) as f64 * 0.618).sin() * 10.0 + side as f64
        };
        let cost = |i, j| (0..dim).map(|axis| (at(i, axis, 0) - at(j, axis, 1)).powi(2)).sum();
        (0..n * m).map(|k| cost(k / m, k % m)).collect()
    }

    #[test]
    fn cells_of_a_matrix_lead_to_the_optimum() {
        for (n, m) in [(400, 400), (300, 1000), (900, 257)] {
            let costs = costs(n, m, 2);
            let weights = |n: usize| (0..n).map(|k| 1.0 + (k * 29 % 7) as f64).collect::<Vec<_>>();
            let share = |w: Vec<f64>| w.iter().map(|v| v / w.iter().sum::<f64>()).collect::<Vec<_>>();
            let masses = Masses::<i128>::new(&share(weights(n)), &share(weights(m)));
            let mut silent = Silent;
            let mut watch = Watch::new(Interrupt::default(), &mut silent);
            let found = solve(&costs, &masses, dense::solve, &mut watch).expect("points of a plane");
            let wanted = dense::solve(&costs, &masses, &mut watch);
            assert_eq!((found.status, wanted.status), (Status::Optimal, Status::Optimal));
            let total = |outcome: &Outcome<i128>| -> f64 {
                let arcs = outcome.arcs.iter();
                arcs.map(|arc| arc.flow as f64 * costs[arc.source as usize * m + arc.target as usize]).sum()
            };
            let (found, wanted) = (total(&found), total(&wanted));
            assert!((found - wanted).abs() <= 1e-12 * wanted, "{found} and {wanted} for {n} and {m}");
        }
    }

    #[test]
    fn rows_that_are_unlike_make_no_cells() {
        let masses = Masses::<i128>::new(&[1.0 / 400.0; 400], &[1.0 / 400.0; 400]);
        let mut silent = Silent;
        let mut watch = Watch::new(Interrupt::default(), &mut silent);
        let noise: Vec<f64> = (0..160_000_usize).map(|k| (k.wrapping_mul(k) % 1009) as f64).collect();
        assert!(solve(&noise, &masses, dense::solve, &mut watch).is_none());
        assert!(solve(&costs(400, 400, 8), &masses, dense::solve, &mut watch).is_none());
    }
}
