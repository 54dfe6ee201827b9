//! Exact optimal transport, with a certificate.

mod amount;
mod assignment;
mod barycenter;
mod batch;
mod bottleneck;
mod circle;
mod extension;
mod grid;
mod interval;
mod limited;
pub(crate) mod line;
mod network_simplex;
mod partial;
mod population;
mod separate;

pub use assignment::Assignment;
pub use barycenter::{FreeBarycenter, barycenter};
pub(crate) use batch::in_parallel;
pub use batch::{
    Batch, Pairwise, batch, batch_observed, pairwise, pairwise_distances, pairwise_distances_observed,
    pairwise_observed,
};
pub use bottleneck::{Bottleneck, bottleneck, bottleneck_observed};
pub use circle::{Circle, circle};
pub(crate) use extension::{Extended, Extension};
pub use grid::Grid;
pub use limited::LimitedWasserstein;
pub use line::{Line, line_cost};
pub use network_simplex::{Guess, NetworkSimplex};
pub(crate) use partial::penalised;
pub use partial::{PartialSolution, partial};
pub use population::{Population, PopulationBracket, population_bracket};

use std::time::Instant;

use crate::cost::{Form, LEAST};
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::resample::Resampling;
use crate::estimate::{Discrepancy, Estimate};
use crate::measure::Samples;
use crate::transport::{Flow, Interrupt, Observer, Problem, Root, Silent, Solution, Status, Summary};

/// Solves `problem` by the solver that is fastest for it: [`Line`] on a line, [`Grid`] between cells of grids under a cost that
/// neighbours measure, [`Assignment`] where it was measured to be faster for uniform masses on n = m points, else
/// [`NetworkSimplex`].
///
/// # Errors
/// As the solver chosen.
pub fn solve(problem: &Problem) -> Result<Solution> {
    solve_observed(problem, Interrupt::default(), &mut Silent)
}

/// [`solve`] with limits and progress reports: when a limit ends the solve early, the solution holds a feasible plan, valid bounds
/// and a status that says so.
///
/// # Errors
/// As the solver chosen.
pub fn solve_observed(problem: &Problem, interrupt: Interrupt, observer: &mut dyn Observer) -> Result<Solution> {
    if !problem.is_line() {
        let grid = Grid { interrupt: interrupt.clone(), ..Grid::default() };
        if let Some(solution) = grid.flow(problem, observer)? {
            return Ok(solution);
        }
    }
    solve_points(problem, interrupt, observer)
}

/// [`solve_observed`] for points of which nothing more is known.
fn solve_points(problem: &Problem, interrupt: Interrupt, observer: &mut dyn Observer) -> Result<Solution> {
    if problem.is_line() {
        return Line::default().solve(problem);
    }
    let started = Instant::now();
    let attempt = assignment_attempt(problem);
    if attempt != Attempt::No {
        let solver = Assignment { interrupt: interrupt.clone(), ..Assignment::default() };
        let found = solver.attempt(problem, attempt == Attempt::Wary, observer)?;
        if let Some(solution) = found.filter(|solution| solution.status != Status::Stalled) {
            let mut solution = separate::refined(problem, solution, solve)?;
            solution.report.time = started.elapsed();
            return Ok(solution);
        }
    }
    let mut solver = NetworkSimplex::default();
    solver.interrupt = interrupt.after(started.elapsed());
    let solution = solver.solve_observed(problem, observer)?;
    let mut solution = separate::refined(problem, solution, solve)?;
    solution.report.time = started.elapsed();
    Ok(solution)
}

/// [`solve`] from the solution of a similar problem of the same shape, or from a plan and potentials of your own: see
/// [`NetworkSimplex::solve_from`]. Points on a line are sorted anew.
///
/// # Errors
/// As the solver chosen, and when the guess does not fit the problem.
pub fn solve_from<'g>(problem: &Problem, guess: impl Into<Guess<'g>>) -> Result<Solution> {
    let guess = guess.into();
    if problem.is_line() {
        guess.check(problem)?;
        return Line::default().solve(problem);
    }
    let started = Instant::now();
    let solution = NetworkSimplex::default().solve_from(problem, guess)?;
    let mut solution = separate::refined(problem, solution, solve)?;
    solution.report.time = started.elapsed();
    Ok(solution)
}

/// Whether to try [`Assignment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    No,
    Yes,
    /// Only as long as its first phases go well.
    Wary,
}

/// The measured rule for uniform masses and n = m. Points are judged by their number and dimension; of a matrix nothing is
/// known, so its reductions (some passes over it) decide whether the shortest paths are worth while.
///
/// Time of [`NetworkSimplex`] divided by that of [`Assignment`], both with certificate, one core, the least of some runs in
/// turn; x ~ N(0, I), y ~ 1.2 N(0, I) + 0.5, squared and plain Euclidean costs from points; matrices of independent
/// uniform entries, real or whole (AMD EPYC with AVX-512, November 2026):
///
/// | n | d = 4 | 6 | 10 | 20 | 64 | reals | 0..n | 0..100 | 0..10 |
/// | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
/// | 500 | 1.8, 3.8 | 2.1, 2.2 | 2.6, 2.6 | 3.1, 2.7 | 2.5, 2.5 | 8.4 | 8.3 | 3.6 | 3.5 |
/// | 1000 | 0.9, 2.5 | 1.1, 1.1 | 1.6, 1.5 | 2.2, 2.0 | 2.0, 1.8 | 7.1 | 7.1 | 2.2 | 3.3 |
/// | 2000 | 0.1, 0.5 | 0.2, 0.2 | 0.3, 0.4 | 0.4, 0.5 | 0.9, 0.9 | 2.5 | 2.8 | 0.4 | 1.5 |
///
/// At d = 2 it is 0.6 and 1.2 for n = 500, 0.2 and 0.7 for n = 1000, below 0.1 for n = 2000. Small clouds in the plane (normal, shifted,
/// uniform, rings, whole numbers, clusters, heavy tails, far apart): 0.8 to 4 with a median of 1.6 for n = 16, 1 to 6 with 2.0 for n = 50,
/// 0.8 to 9 with 1.3 for n = 128, 0.4 to 4.5 with 1.0 for n = 256; a tenth more in three dimensions.
fn assignment_attempt(problem: &Problem) -> Attempt {
    if !problem.is_assignment() || problem.has_forbidden_pairs() {
        return Attempt::No;
    }
    let (n, _) = problem.shape();
    let least_dim = match n {
        0..=160 => 2,
        161..=256 => 3,
        257..=600 => 4,
        601..=1_200 => 6,
        _ => usize::MAX,
    };
    match problem.points().map(|points| (points.ground().form(), points.source().dim())) {
        Some((Form::Norm { .. }, dim)) if dim >= least_dim => Attempt::Yes,
        Some((Form::Norm { .. }, _)) => Attempt::No,
        // The reductions need the matrix in memory; from here on that may be too much to ask.
        _ if n > MOST_DENSE => Attempt::No,
        _ => Attempt::Wary,
    }
}

/// The most points a side for which a dense matrix is made for an attempt: 3.2 GB.
const MOST_DENSE: usize = 20_000;

/// The Wasserstein distance of order p ≥ 1 between two samples, with the Euclidean ground distance. For p = ∞ it is the least length such
/// that no mass has to go farther: see [`bottleneck`].
///
/// # Errors
/// When p is below 1 or not a number, the samples differ in dimension or total mass, or the costs that the plan pays underflow.
pub fn wasserstein(x: &Samples, y: &Samples, p: f64) -> Result<Estimate> {
    Ok(wasserstein_observed(x, y, p, Interrupt::default(), &mut Silent)?.0)
}

/// [`wasserstein`] with limits and progress, and how the solve ended: after an early end the bounds are still proven.
///
/// # Errors
/// As [`wasserstein`].
pub fn wasserstein_observed(
    x: &Samples,
    y: &Samples,
    p: f64,
    interrupt: Interrupt,
    observer: &mut dyn Observer,
) -> Result<(Estimate, Status)> {
    if p == f64::INFINITY {
        let (problem, root) = Root::pose(x, y, 1.0)?;
        let found = bottleneck_observed(&problem, interrupt, observer)?;
        return Ok((root.of_bottleneck().estimate(&found.summary()), found.status));
    }
    let (problem, root) = Root::pose(x, y, p)?;
    let summary = summarise_observed(&problem, Some(p), interrupt, observer)?;
    Ok((root.estimate(&summary), summary.status))
}

/// The value of [`solve`] with its bounds, for those who ask for no plan and no potentials: on a line they are never made,
/// which saves two thirds of the time. With `order`, a cost whose root would be wrong is refused: see [`refuse_underflow`].
///
/// # Errors
/// As [`solve`] and [`refuse_underflow`].
pub fn summarise(problem: &Problem, order: Option<f64>) -> Result<Summary> {
    summarise_observed(problem, order, Interrupt::default(), &mut Silent)
}

/// [`summarise`] with limits and progress, as [`solve_observed`].
///
/// # Errors
/// As [`summarise`].
pub fn summarise_observed(
    problem: &Problem,
    order: Option<f64>,
    interrupt: Interrupt,
    observer: &mut dyn Observer,
) -> Result<Summary> {
    if problem.is_line() {
        let summary = Line::default().summary(problem)?;
        if order.is_none() || summary.transport_cost >= LEAST * problem.mass() {
            return Ok(summary);
        }
    }
    let solution = solve_observed(problem, interrupt, observer)?;
    if order.is_some() {
        refuse_underflow(problem, &solution)?;
    }
    Ok(solution.summary())
}

/// Refuses a solution whose root would be a wrong answer: a large power of a small distance is 0 in floating point.
///
/// # Errors
/// When mass moves, and what it pays underflows.
pub fn refuse_underflow(problem: &Problem, solution: &Solution) -> Result<()> {
    let moves =
        |flow: &Flow| problem.points().is_some_and(|p| p.source().point(flow.source) != p.target().point(flow.target));
    if solution.transport_cost < LEAST * problem.mass() && solution.plan.flows().iter().any(moves) {
        let why = "the powers of the distances that mass moves underflow; lower p, or scale the points up";
        return Err(Error::new("p", ErrorKind::Unsupported(why.into())));
    }
    Ok(())
}

/// The exact Wasserstein distance of order `p` with the Euclidean ground distance, as a [`Discrepancy`]: [`wasserstein`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wasserstein {
    /// The order, at least 1; it may be infinite.
    pub p: f64,
}

impl Wasserstein {
    /// Limits the time of all solves together, from now on: for intervals and tests in which one solve alone may take long.
    pub fn within(self, interrupt: Interrupt) -> LimitedWasserstein {
        LimitedWasserstein::new(self.p, interrupt)
    }
}

impl Discrepancy for Wasserstein {
    fn name(&self) -> String {
        Root::new(self.p).name()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        wasserstein(x, y, self.p)
    }

    fn range(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn own_interval(
        &self,
        x: &Samples,
        y: &Samples,
        options: &Resampling,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Estimate>> {
        interval::interval(self, self.p, &Interrupt::default(), (x, y), options, go_on).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Points;

    #[test]
    fn powers_of_any_size_have_roots() {
        for p in [1.0, 2.0, 3.0, 100.0, 300.0] {
            for scale in [1e-150, 1e-3, 1.0, 1e5, 1e140] {
                for (far, dim) in [(0.0, 1), (1.0, 2)] {
                    let points = |shift: f64| -> Vec<f64> {
                        let rows = [[0.0, 0.0], [0.25, far], [1.0, 0.5]];
                        rows.iter().flat_map(|row| row[..dim].iter().map(move |v| (v + shift) * scale)).collect()
                    };
                    let side = |shift| Samples::new(Points::from_rows(points(shift), dim).unwrap()).unwrap();
                    let distance = wasserstein(&side(0.0), &side(0.125), p).unwrap();
                    let expected = 0.125 * (dim as f64).sqrt() * scale;
                    assert!((distance.value / expected - 1.0).abs() < 1e-13, "{p} {scale} {dim}: {distance}");
                    assert!(distance.lower() <= distance.value && distance.value <= distance.upper());
                    assert!(
                        distance.upper() - distance.lower() <= 1e-9 * distance.value,
                        "{p} {scale} {dim}: {distance}"
                    );
                }
            }
        }
    }

    #[test]
    fn each_problem_goes_to_its_solver() {
        let points = |n: usize, dim: usize, seed: usize| {
            let wave = |k: usize| ((k * 7 + seed) as f64 * 0.618).sin();
            Samples::new(Points::from_rows((0..n * dim).map(wave).collect::<Vec<_>>(), dim).unwrap()).unwrap()
        };
        let method = |n, m, dim| {
            let problem = Problem::between(&points(n, dim, 1), &points(m, dim, 2), crate::cost::Euclidean).unwrap();
            solve(&problem).unwrap().report.method
        };
        assert_eq!(method(30, 20, 1), "line");
        assert_eq!(method(30, 30, 2), "assignment");
        assert_eq!(method(200, 200, 2), "network simplex");
        assert_eq!(method(30, 30, 10), "assignment");
        assert_eq!(method(30, 31, 10), "network simplex");
    }
}
