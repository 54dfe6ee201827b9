//! Exact optimal transport, with a certificate.

mod circle;
mod line;
mod network_simplex;

pub use circle::{Circle, circle};
pub use line::{Line, line_cost};
pub use network_simplex::NetworkSimplex;

use crate::cost::{LEAST, PNorm};
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Estimate, Evidence};
use crate::measure::Samples;
use crate::transport::{Flow, Interrupt, Observer, Problem, Silent, Solution};

/// Solves `problem` by the solver that is fastest for it.
///
/// # Errors
/// As the solver chosen.
pub fn solve(problem: &Problem) -> Result<Solution> {
    solve_observed(problem, Interrupt::default(), &mut Silent)
}

/// The same with limits and progress: when a limit ends the solve early, the solution holds a feasible plan, valid bounds
/// and a status that says so.
///
/// # Errors
/// As the solver chosen.
pub fn solve_observed(problem: &Problem, interrupt: Interrupt, observer: &mut dyn Observer) -> Result<Solution> {
    if problem.is_line() {
        return Line::default().solve(problem);
    }
    let mut solver = NetworkSimplex::default();
    solver.interrupt = interrupt;
    solver.solve_observed(problem, observer)
}

/// The Wasserstein distance of order p ≥ 1 between two samples, with the Euclidean ground distance.
///
/// # Errors
/// When p is below 1 or not finite, the samples differ in dimension or total mass, or the costs that the plan pays underflow.
pub fn wasserstein(x: &Samples, y: &Samples, p: f64) -> Result<Estimate> {
    require("p", p, p >= 1.0 && p.is_finite(), "the order of a Wasserstein distance must be finite and at least 1")?;
    let problem = Problem::between(x, y, PNorm::wasserstein(p)?)?;
    let solution = solve(&problem)?;
    refuse_underflow(&problem, &solution)?;
    Ok(rooted(&solution, p))
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

/// The root of order p of a solution's transport cost, with its bounds: the Wasserstein distance, where the ground cost is
/// a distance to the power p. Without a certificate the bounds are 0 and the root of the plan's cost.
pub fn rooted(solution: &Solution, p: f64) -> Estimate {
    let root = |cost: f64| if p == 1.0 { cost } else { cost.max(0.0).powf(1.0 / p) };
    let (lower, upper) = solution.bounds.map_or((0.0, solution.transport_cost), |bounds| (bounds.lower, bounds.upper));
    Estimate {
        value: root(solution.transport_cost),
        evidence: Evidence::Bounds { lower: root(lower), upper: root(upper) },
        method: solution.report.method,
        sizes: solution.plan.shape(),
    }
}
