//! Rigorous bounds from any plan and any potentials, without trusting who made them.

use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::Sum;
use crate::numeric::sum::dot;
use crate::simd;
use crate::transport::{Bounds, Flow, Plan, Potentials, Problem};

/// Columns that one task prices; their minima stay in the first-level cache.
const COLUMNS: usize = 512;
/// Rows of one tile: 64 × 512 costs are 256 KiB.
const ROWS: usize = 64;

/// What [`certify`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// Bounds on the optimal cost.
    pub bounds: Bounds,
    /// ⟨C, P⟩ of the plan as given.
    pub transport_cost: f64,
    /// Σ |P 1 − a| + Σ |Pᵀ 1 − b|, relative to twice the total mass: what the plan fails to deliver.
    pub marginal_error: f64,
    /// The largest f_i + g_j − c_ij, in cost units: how far the potentials as given were from feasible (≤ 0: they were).
    pub dual_violation: f64,
    /// Feasible potentials: f as given, g its c-transform, in the gauge of [`Potentials`].
    pub potentials: Potentials,
}

/// Bounds on the optimal cost of `problem` from any plan and potentials.
///
/// *Lower bound.* g is replaced by the c-transform of f, g_j = min_i (c_ij − f_i), the best feasible partner of f; then
/// Σ a f + Σ b g is at most the optimal cost. *Upper bound.* The plan's rows and columns are scaled down to at most the
/// marginals, what is missing is filled in along both index orders (Altschuler, Weed, Rigollet, "Near-linear time
/// approximation algorithms for optimal transport", 2017, algorithm 2, with a north-west corner in place of the rank-one
/// term); the result is a plan, so its cost is at least the optimal one. Sums are compensated, and the rounding of each
/// cost difference is charged against the bound.
///
/// One pass over all n · m costs in tiles, O(n m) time and O(n + m) memory, in parallel, with the same bits at any number
/// of threads.
///
/// # Errors
/// When the plan or the potentials do not have the shape of the problem, or a potential is NaN or infinite.
///
/// ```
/// use earthwork::prelude::*;
/// use earthwork::transport::{Flow, Plan, Potentials, certify};
///
/// let x = Samples::new([[0.0], [1.0]])?;
/// let y = Samples::new([[2.0], [3.0]])?;
/// let problem = Problem::between(&x, &y, Euclidean)?;
/// let flow = |source, target| Flow { source, target, mass: 0.5 };
/// let crossed = Plan::new((2, 2), vec![flow(0, 1), flow(1, 0)])?;
/// let potentials = Potentials { f: vec![0.0, -1.0], g: vec![2.0, 3.0] };
/// let certificate = certify(&problem, &crossed, &potentials)?;
/// assert_eq!(certificate.bounds.upper, 2.0);
/// assert!((certificate.bounds.lower - 2.0).abs() < 1e-14);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn certify(problem: &Problem, plan: &Plan, potentials: &Potentials) -> Result<Certificate> {
    check_shapes(problem, plan, potentials)?;
    let (a, b) = marginals(problem);
    let g = c_transform(problem, &potentials.f);
    let dual_violation =
        g.iter().zip(&potentials.g).map(|(feasible, given)| given - feasible).fold(f64::NEG_INFINITY, f64::max);
    // Each difference c − f is rounded once, by at most half a unit in the last place of the result.
    let g_safe: Vec<f64> = g.iter().map(|g| g - 0.5 * f64::EPSILON * g.abs()).collect();
    let mut lower = Sum::default();
    let mut magnitude = Sum::default();
    for (mass, potential) in a.iter().zip(&potentials.f).chain(b.iter().zip(&g_safe)) {
        lower.add_product(*mass, *potential);
        magnitude.add_product(*mass, potential.abs());
    }
    let (upper, marginal_error) = feasible_cost(problem, plan, &a, &b);
    let bounds = Bounds { lower: lower.value(), upper, magnitude: magnitude.value() };
    let potentials = balanced(&a, &b, potentials.f.clone(), g);
    Ok(Certificate { bounds, transport_cost: plan.transport_cost(problem), marginal_error, dual_violation, potentials })
}

/// The marginals with equal totals: b is scaled by the last-digits ratio of the totals.
fn marginals(problem: &Problem) -> (Vec<f64>, Vec<f64>) {
    let scale = problem.target_scale();
    let b = problem.target().as_slice().iter().map(|b| b * scale).collect();
    (problem.source().as_slice().to_vec(), b)
}

/// The c-transform g_j = min_i (c_ij − f_i), the largest g that is feasible beside `f`.
pub(crate) fn c_transform(problem: &Problem, f: &[f64]) -> Vec<f64> {
    let (n, m) = problem.shape();
    let mut g = vec![f64::INFINITY; m];
    g.par_chunks_mut(COLUMNS).enumerate().for_each(|(chunk, g)| {
        let columns = chunk * COLUMNS..chunk * COLUMNS + g.len();
        let mut tile = vec![0.0; ROWS * g.len()];
        for first in (0..n).step_by(ROWS) {
            let rows = first..(first + ROWS).min(n);
            let tile = &mut tile[..rows.len() * g.len()];
            problem.cost().fill(rows.clone(), columns.clone(), tile);
            for (costs, &f) in tile.chunks_exact(g.len()).zip(&f[rows]) {
                simd::lower_to_difference(g, costs, f);
            }
        }
    });
    g
}

/// Shifts the potentials into the gauge Σ a f = Σ b g.
pub(crate) fn balanced(a: &[f64], b: &[f64], mut f: Vec<f64>, mut g: Vec<f64>) -> Potentials {
    let mass: f64 = a.iter().sum();
    let shift = 0.5 * (dot(b, &g) - dot(a, &f)) / mass;
    if shift.is_finite() {
        f.iter_mut().for_each(|f| *f += shift);
        g.iter_mut().for_each(|g| *g -= shift);
    }
    Potentials { f, g }
}

/// The cost of a plan near `plan` whose marginals are `a` and `b`, and how far the given one was from that.
fn feasible_cost(problem: &Problem, plan: &Plan, a: &[f64], b: &[f64]) -> (f64, f64) {
    let (rows, columns) = (plan.row_sums(), plan.column_sums());
    let error: f64 = rows.iter().zip(a).chain(columns.iter().zip(b)).map(|(got, due)| (got - due).abs()).sum();
    let marginal_error = error / (2.0 * problem.mass());

    let shrink = |got: f64, due: f64| if got > due { due / got } else { 1.0 };
    let mut kept: Vec<Flow> = plan.flows().to_vec();
    for flow in &mut kept {
        flow.mass *= shrink(rows[flow.source], a[flow.source]);
    }
    let mut columns = vec![0.0; b.len()];
    kept.iter().for_each(|flow| columns[flow.target] += flow.mass);
    for flow in &mut kept {
        flow.mass *= shrink(columns[flow.target], b[flow.target]);
    }

    let (mut missing_rows, mut missing_columns) = (a.to_vec(), b.to_vec());
    let mut cost = Sum::default();
    for flow in &kept {
        missing_rows[flow.source] -= flow.mass;
        missing_columns[flow.target] -= flow.mass;
        cost.add_product(flow.mass, problem.cost().entry(flow.source, flow.target));
    }
    // What rounding alone leaves over is charged too, so that the bound stays a bound.
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let mass = missing_rows[i].min(missing_columns[j]);
        if mass > 0.0 {
            cost.add_product(mass, problem.cost().entry(i, j));
            missing_rows[i] -= mass;
            missing_columns[j] -= mass;
        }
        if missing_rows[i] <= missing_columns[j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    (cost.value(), marginal_error)
}

fn check_shapes(problem: &Problem, plan: &Plan, potentials: &Potentials) -> Result<()> {
    let (n, m) = problem.shape();
    let reason = "the shape of the problem";
    let lengths = [
        ("plan", "rows", n, plan.shape().0),
        ("plan", "columns", m, plan.shape().1),
        ("source potentials", "values", n, potentials.f.len()),
        ("target potentials", "values", m, potentials.g.len()),
    ];
    for (argument, what, expected, found) in lengths {
        if expected != found {
            return Err(Error::new(argument, ErrorKind::Length { what, expected, found, reason }));
        }
    }
    for (argument, values) in [("source potentials", &potentials.f), ("target potentials", &potentials.g)] {
        if let Some(&value) = values.iter().find(|v| !v.is_finite()) {
            return Err(Error::new(argument, ErrorKind::Parameter { value, requirement: "potentials must be finite" }));
        }
    }
    Ok(())
}
