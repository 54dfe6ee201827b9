//! Exact optimal transport, with a certificate.

mod network_simplex;

pub use network_simplex::NetworkSimplex;

use crate::cost::PNorm;
use crate::error::{Result, require};
use crate::estimate::{Estimate, Evidence};
use crate::measure::Samples;
use crate::transport::{Problem, Solution};

/// Solves `problem` by the solver that is fastest for it.
///
/// # Errors
/// As the solver chosen.
pub fn solve(problem: &Problem) -> Result<Solution> {
    NetworkSimplex::default().solve(problem)
}

/// The Wasserstein distance of order p ≥ 1 between two samples, with the Euclidean ground distance.
///
/// # Errors
/// When p is below 1 or not finite, or the samples differ in dimension or total mass.
pub fn wasserstein(x: &Samples, y: &Samples, p: f64) -> Result<Estimate> {
    require("p", p, p >= 1.0 && p.is_finite(), "the order of a Wasserstein distance must be finite and at least 1")?;
    let problem = Problem::between(x, y, PNorm::wasserstein(p)?)?;
    let solution = solve(&problem)?;
    let bounds = solution.bounds.expect("the default solver certifies");
    let root = |cost: f64| (cost.max(0.0)).powf(1.0 / p);
    Ok(Estimate {
        value: root(solution.transport_cost),
        evidence: Evidence::Bounds { lower: root(bounds.lower), upper: root(bounds.upper) },
        method: solution.report.method,
        sizes: problem.shape(),
    })
}
