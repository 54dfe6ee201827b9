//! Exact assignment: uniform masses on equally many points.

mod jonker_volgenant;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use crate::cost::{Origin, rows_per_tile};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Points;
use crate::transport::{
    Flow, Interrupt, Observer, Plan, Potentials, Problem, Report, Silent, Solution, Status, Watch, certify, limits,
};

use jonker_volgenant::Matching;

/// A relative gap above this is not a proof: rounding of the prices has won.
const LARGEST_GAP: f64 = 1e-9;

/// The dense assignment solver of Jonker and Volgenant: for n = m and uniform masses an optimal plan is a permutation.
///
/// Column reduction, reduction transfer and two rounds of augmenting row reduction assign most rows and give prices;
/// shortest augmenting paths (Dijkstra over the dense matrix) assign the rest. Every inner loop runs along a row of the
/// matrix, and is vectorised.
///
/// # Complexity
/// O(n³) in the worst case. On random matrices and on points of high dimension few rows are left to the shortest paths, and
/// the time is near n²·⁵; on points of low dimension almost all the time goes into long paths. Memory: the n² matrix (the
/// caller's own where there is one) and 28 bytes a point.
///
/// # When not to use it
/// For points of low dimension (measured at d = 2: 2 times slower than the network simplex for n = 500, 10 to 40 times for
/// n = 2000), for large matrices of few distinct costs, and for costs many orders of magnitude apart: prices sum costs of
/// all sizes, so small ones lose digits beside large ones, and where that leaves a gap the status is `Stalled`.
/// [`solve`](crate::exact::solve) chooses.
///
/// # References
/// Jonker, Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems", Computing 38
/// (1987); Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Trans. Aerosp. Electron. Syst. 52 (2016).
///
/// # Example
/// ```
/// use earthwork::exact::Assignment;
/// use earthwork::prelude::*;
/// use ndarray::array;
///
/// let uniform = Weights::uniform(3)?;
/// let costs = array![[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]];
/// let problem = Problem::with_matrix(uniform.clone(), uniform, &costs)?;
/// let solution = Assignment::default().solve(&problem)?;
/// assert_eq!(solution.plan.as_permutation(), Some(vec![1, 0, 2]));
/// assert!((solution.transport_cost - 5.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Assignment {
    /// When to end early: no limits by default. An iteration is one row scanned by a shortest path search.
    pub interrupt: Interrupt,
    /// Whether to compute the certificate (one more pass over all costs); on by default.
    pub certify: bool,
}

impl Default for Assignment {
    fn default() -> Self {
        Self { interrupt: Interrupt::default(), certify: true }
    }
}

impl Assignment {
    limits!("scanned rows", ", a feasible plan and valid bounds");

    /// Leaves out the certificate: `bounds` is then `None`, and one pass over all costs is saved.
    #[must_use]
    pub fn without_certificate(self) -> Self {
        Self { certify: false, ..self }
    }

    /// Solves `problem`; see [`Problem::is_assignment`].
    ///
    /// # Errors
    /// When n ≠ m, a cost is infinite, the masses of a side are not all equal, or there are more than 2³² − 1 points.
    pub fn solve(&self, problem: &Problem) -> Result<Solution> {
        self.solve_observed(problem, &mut Silent)
    }

    /// Solves `problem` and reports progress to `observer`.
    ///
    /// # Errors
    /// As [`Assignment::solve`].
    pub fn solve_observed(&self, problem: &Problem, observer: &mut dyn Observer) -> Result<Solution> {
        self.attempt(problem, false, observer)
            .map(|found| found.unwrap_or_else(|| unreachable!("only the wary give up")))
    }

    /// The same, but if `wary` it returns `None` when the first phases say that the network simplex will be faster. They take
    /// some passes over the matrix.
    pub(super) fn attempt(
        &self,
        problem: &Problem,
        wary: bool,
        observer: &mut dyn Observer,
    ) -> Result<Option<Solution>> {
        problem.require_finite_costs()?;
        let (n, _) = problem.shape();
        if !problem.is_assignment() || n > u32::MAX as usize {
            let why = "the assignment solver needs equally many points on both sides (below 2³²) of equal mass";
            return Err(Error::new("problem", ErrorKind::Unsupported(why.into())));
        }
        let mut watch = Watch::new(self.interrupt.clone(), observer);
        let costs = costs(problem);
        let start = slope_potentials(problem);
        let Some(matching) = jonker_volgenant::solve(&costs, &start, wary, &mut watch) else { return Ok(None) };
        let Matching { column_of, prices, scanned, status, memory } = matching;

        let mass = problem.source().as_slice()[0];
        let flow = |(source, &target): (usize, &u32)| Flow { source, target: target as usize, mass };
        let plan = Plan::from_ordered((n, n), column_of.iter().enumerate().map(flow).collect());
        let least = |row: &[f64]| row.iter().zip(&prices).map(|(c, price)| c - price).fold(f64::INFINITY, f64::min);
        let f = costs.chunks_exact(n).map(least).collect();
        let matrix_bytes = if let Cow::Owned(made) = &costs { size_of_val(&made[..]) } else { 0 };
        // The costs are there: nobody computes them from the points again.
        let problem = &problem.in_memory(&costs);
        let mut solution = Solution {
            transport_cost: plan.transport_cost(problem),
            plan,
            potentials: Potentials { f, g: prices },
            bounds: None,
            status,
            report: Report {
                method: "assignment",
                iterations: scanned,
                time: Duration::ZERO,
                memory: memory + matrix_bytes,
            },
        };
        if self.certify {
            let certificate = certify(problem, &solution.plan, &solution.potentials)?;
            solution.bounds = Some(certificate.bounds);
            solution.potentials = certificate.potentials;
            // Costs of both signs may cancel to nothing: a gap of a few roundings of what is summed is none.
            let bounds = certificate.bounds;
            let rounding = 64.0 * f64::EPSILON * bounds.magnitude;
            if status == Status::Optimal && bounds.relative_gap() > LARGEST_GAP && bounds.gap() > rounding {
                solution.status = Status::Stalled;
            }
        }
        solution.report.time = watch.elapsed();
        Ok(Some(solution))
    }
}

/// Potentials of the sources that change at the slope of the cost between the two means: what is optimal where one side is the other,
/// moved as a whole. 0 for a matrix, of which no points are known.
///
/// The slope is a difference over the spread of the points, so that a cost without a derivative where the means agree has slope 0 there.
fn slope_potentials(problem: &Problem) -> Vec<f64> {
    let (n, _) = problem.shape();
    let Some(cost) = problem.points() else { return vec![0.0; n] };
    let (x, y) = (cost.source(), cost.target());
    let mean = |points: &Points| -> Vec<f64> {
        let mut sums = vec![0.0; points.dim()];
        points.iter().for_each(|point| sums.iter_mut().zip(point).for_each(|(sum, v)| *sum += v));
        sums.into_iter().map(|sum| sum / n as f64).collect()
    };
    let (from, to) = (mean(x), mean(y));
    let variance = |points: &Points, mean: &[f64]| -> f64 {
        let square = |point: &[f64]| point.iter().zip(mean).map(|(v, m)| (v - m).powi(2)).sum::<f64>();
        points.iter().map(square).sum::<f64>() / n as f64
    };
    let spread = (variance(x, &from) + variance(y, &to)).sqrt();
    let slope = |k: usize| {
        let moved = |by: f64| {
            let mut to = to.clone();
            to[k] += by;
            cost.ground().between(&from, &to)
        };
        (moved(spread) - moved(-spread)) / (2.0 * spread)
    };
    let slopes: Vec<f64> = (0..x.dim()).map(slope).collect();
    let start =
        |point: &[f64]| -> f64 { point.iter().zip(&from).zip(&slopes).map(|((v, mean), s)| (mean - v) * s).sum() };
    let potentials: Vec<f64> = x.as_slice().chunks_exact(x.dim()).map(start).collect();
    if potentials.iter().all(|v| v.is_finite()) { potentials } else { vec![0.0; n] }
}

/// All costs, row by row; borrowed where the caller's matrix is just that.
fn costs<'p>(problem: &'p Problem) -> Cow<'p, [f64]> {
    if let Origin::Matrix(matrix) = problem.cost().origin() {
        return Cow::Borrowed(matrix);
    }
    let (n, m) = problem.shape();
    let step = rows_per_tile(m);
    let mut costs = vec![0.0; n * m];
    for (block, tile) in costs.chunks_mut(step * m).enumerate() {
        let first = block * step;
        problem.cost().fill(first..first + tile.len() / m, 0..m, tile);
    }
    Cow::Owned(costs)
}
