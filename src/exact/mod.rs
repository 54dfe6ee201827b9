//! Exact optimal transport, with a certificate.

mod network_simplex;

pub use network_simplex::NetworkSimplex;

use crate::cost::PNorm;
use crate::error::{Result, require};
use crate::estimate::{Estimate, Evidence};
use crate::measure::Samples;
use crate::transport::{Interrupt, Observer, Problem, Silent, Solution};

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
    let mut solver = NetworkSimplex::default();
    solver.interrupt = interrupt;
    solver.solve_observed(problem, observer)
}

/// The Wasserstein distance of order p ≥ 1 between two samples, with the Euclidean ground distance.
///
/// # Errors
/// When p is below 1 or not finite, or the samples differ in dimension or total mass.
pub fn wasserstein(x: &Samples, y: &Samples, p: f64) -> Result<Estimate> {
    require("p", p, p >= 1.0 && p.is_finite(), "the order of a Wasserstein distance must be finite and at least 1")?;
    let problem = Problem::between(x, y, PNorm::wasserstein(p)?)?;
    Ok(rooted(&solve(&problem)?, p))
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
