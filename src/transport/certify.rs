//! Rigorous bounds from any plan and any potentials, without trusting who made them.

use super::levels::settled;
use super::repair::{ROUNDING, Repaired, repaired};
use crate::cost::{Form, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::neighbors::{self, Until};
use crate::numeric::Sum;
use crate::numeric::parallel;
use crate::numeric::sum::{add_down, dot, down, sum, two_sum};
use crate::simd;
use crate::transport::{Bounds, Flow, Plan, Potentials, Problem};

/// Pairs from which a kd-tree finds the minima faster than a pass over all of them.
const TREE_FROM: usize = 10_000_000;
/// Pairs from which the minima between two grids are found axis by axis, where that can be.
const GRID_FROM: usize = 250_000;
/// Columns that one task prices; their minima stay in the first-level cache.
const COLUMNS: usize = 512;
/// Rows of one tile: 64 × 512 costs are 256 KiB.
const ROWS: usize = 64;
/// A relative gap that needs no second look.
const CLOSED: f64 = 1e-12;
/// The same where a second look would be a pass over very many pairs: a tenth of what is promised.
const CLOSED_LARGE: f64 = 1e-10;
/// A gap below this much of the largest potential may be one of rounding.
const ROUNDED: f64 = 1024.0 * f64::EPSILON;

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
    /// The potentials behind the lower bound: f_i + g_j ≤ c_ij for every pair, in exact arithmetic on these very numbers.
    pub potentials: Potentials,
}

/// Bounds on the optimal cost of `problem` from any plan and potentials.
///
/// *Upper bound.* The plan's rows and columns are scaled down to at most the marginals and what is missing is filled in
/// (Altschuler, Weed, Rigollet, "Near-linear time approximation algorithms for optimal transport", 2017, algorithm 2, with a
/// north-west corner in place of the rank-one term); the result P′ is a plan, so its cost ⟨C, P′⟩ is at least the optimal one.
///
/// *Lower bound.* g is replaced by the c-transform of f, g_j = min_i (c_ij − f_i), the best feasible partner of f, each
/// rounded down; then Σ P′_ij (f_i + g_j) = Σ a f + Σ b g is at most the optimal cost. Where rounding of large potentials
/// alone keeps the bounds apart (clusters far from each other, outliers), a second look lowers the potentials without
/// giving up feasibility, and corrects each violation on the side with less mass; where constant potentials do better, they
/// are taken.
///
/// # What is promised
/// The bounds are about costs as [`fill`](crate::cost::CostMatrix::fill) computes them, and about masses that agree with
/// the given ones to a few units in the last place: the sums of P′, whichever doubles those are. A forbidden pair of cost
/// 1e32 therefore costs nothing until mass really goes there; the last digits of a mass are no mass. (What a foreign plan
/// lacks beyond that is really moved and charged, at most 1e-15 of the total on the heaviest point of a side.) No rounding
/// is left out: feasibility is exact, each sum is compensated to 2⁻¹⁰⁰ of its terms and then rounded once.
///
/// One pass over all n · m costs in tiles (a few for the second look), O(n m) time and O(n + m) memory, in parallel, with
/// the same bits at any number of threads.
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
    certify_until(problem, plan, potentials, &Until::default())
}

/// [`certify`] in limited time. Potentials that have not been found when it is over are bounded from below: a valid lower bound, but not
/// as tight a one.
pub(crate) fn certify_until(
    problem: &Problem,
    plan: &Plan,
    potentials: &Potentials,
    until: &Until,
) -> Result<Certificate> {
    check_shapes(problem, plan, potentials)?;
    let (a, b) = marginals(problem);
    let Repaired { flows, marginal_error } = repaired(plan, &a, &b);
    let upper = cost_of(problem, &flows);

    let (first, dual_violation) = feasible(problem, &a, potentials, false, until);
    let mut best = (dual_value(&flows, &first), first);
    let large = a.len() * b.len() >= TREE_FROM;
    let closed = if large { CLOSED_LARGE } else { CLOSED };
    let open = |lower: f64| (upper - lower).is_nan() || upper - lower > closed * upper.abs();
    if open(best.0) {
        let least = least_cost(problem).min(f64::MAX);
        best = better(&flows, best, Potentials { f: vec![least; a.len()], g: vec![0.0; b.len()] });
        let largest = potentials.f.iter().chain(&potentials.g).fold(0.0_f64, |m, v| m.max(v.abs()));
        if !large && open(best.0) && upper - best.0 <= ROUNDED * largest * problem.mass() {
            best = better(&flows, best, feasible(problem, &a, potentials, true, until).0);
        }
        if open(best.0) && upper - best.0 <= ROUNDED * largest * problem.mass() && !until.is_over() {
            let f = settled(problem, &flows, potentials, least, &a, &b);
            best =
                better(&flows, best, feasible(problem, &a, &Potentials { f, g: potentials.g.clone() }, true, until).0);
        }
    }
    let (mut lower, mut potentials) = best;
    // The gauge is worth a few last digits, and no more: a point far out may pull it where the others have none left.
    let shifted = gauged(&a, &b, &potentials);
    let value = dual_value(&flows, &shifted);
    if lower - value <= CLOSED * upper.abs() {
        (lower, potentials) = (value, shifted);
    }

    let transport_cost = plan.transport_cost(problem);
    let terms = a.iter().zip(&potentials.f).chain(b.iter().zip(&potentials.g));
    let magnitude = sum(terms.map(|(mass, potential)| mass * potential.abs()));
    let mut bounds = Bounds { lower: lower.min(upper), upper, magnitude };
    if marginal_error <= ROUNDING {
        // The plan as given is a plan: its cost lies between the bounds, whichever of its last digits were moved.
        bounds.upper = upper.max(transport_cost);
        bounds.lower = bounds.lower.min(transport_cost);
    }
    Ok(Certificate { bounds, transport_cost, marginal_error, dual_violation, potentials })
}

/// ⟨C, P⟩; infinite if some mass goes where there is no pair.
fn cost_of(problem: &Problem, flows: &[Flow]) -> f64 {
    let mut total = Sum::default();
    for flow in flows {
        let cost = problem.cost().entry(flow.source, flow.target);
        if cost == f64::INFINITY {
            return cost;
        }
        total.add_product(flow.mass, cost);
    }
    total.value()
}

/// Of two pairs of feasible potentials, the one that proves more, and what it proves.
fn better(flows: &[Flow], best: (f64, Potentials), other: Potentials) -> (f64, Potentials) {
    let value = dual_value(flows, &other);
    if value > best.0 || best.0.is_nan() { (value, other) } else { best }
}

/// The marginals with equal totals: b is scaled by the last-digits ratio of the totals.
fn marginals(problem: &Problem) -> (Vec<f64>, Vec<f64>) {
    let scale = problem.target_scale();
    let b = problem.target().as_slice().iter().map(|b| b * scale).collect();
    (problem.source().as_slice().to_vec(), b)
}

/// Σ P_ij (f_i + g_j): along the flows, so that levels of f and g that cancel take no digits with them.
fn dual_value(flows: &[Flow], dual: &Potentials) -> f64 {
    let mut value = Sum::default();
    for flow in flows {
        let (sum, error) = two_sum(dual.f[flow.source], dual.g[flow.target]);
        value.add_product(flow.mass, sum);
        value.add_product(flow.mass, error);
    }
    value.value()
}

/// Feasible potentials from f: g is its c-transform over the sources that hold mass, and then f that of g on the others, which
/// can only bend. Every value is rounded down; if `exactly` and the pairs are not too many, only where it was rounded up.
/// Beside them, the largest violation of the potentials as given.
fn feasible(problem: &Problem, a: &[f64], given: &Potentials, exactly: bool, until: &Until) -> (Potentials, f64) {
    let (mut g, above) = c_transform(problem, a, &given.f, exactly, until);
    let mut violation = given.g.iter().zip(&g).map(|(given, most)| given - most).fold(f64::NEG_INFINITY, f64::max);
    for (g, above) in g.iter_mut().zip(above) {
        *g -= above;
    }
    // A column without any pair bounds nothing.
    for (g, given) in g.iter_mut().zip(&given.g).filter(|(g, _)| **g == f64::INFINITY) {
        *g = *given;
    }
    // Each difference c − f was rounded once, to nearest: the exact one is above the next number down.
    let pairs = a.len() * g.len();
    let too_high =
        if exactly && pairs < TREE_FROM { rounded_up(problem, a, &given.f, &g) } else { vec![true; g.len()] };
    for (g, _) in g.iter_mut().zip(too_high).filter(|(_, too_high)| *too_high) {
        *g = down(*g);
    }
    let empty: Vec<u32> = (0..a.len() as u32).filter(|&i| a[i as usize] == 0.0).collect();
    let mut f = given.f.clone();
    if let Some((most, given_most)) = most_of_sources(problem, &empty, (&g, &given.g)) {
        for (&i, (most, given_most)) in empty.iter().zip(most.into_iter().zip(given_most)) {
            violation = violation.max(f[i as usize] - given_most);
            f[i as usize] = down(most);
        }
        return (Potentials { f, g }, violation);
    }
    let row = || vec![0.0; g.len()];
    let of_empty_sources = parallel::map_with(empty.len(), row, |row, k| {
        let i = empty[k] as usize;
        problem.cost().fill(i..i + 1, 0..row.len(), row);
        let excess = row.iter().zip(&given.g).map(|(c, g)| (f[i] - c) + g).fold(f64::NEG_INFINITY, f64::max);
        let most = row.iter().zip(&g).map(|(c, g)| c - g).fold(f64::INFINITY, f64::min);
        (if most < f64::INFINITY { down(most) } else { f[i] }, excess)
    });
    for (&i, (most, excess)) in empty.iter().zip(of_empty_sources) {
        f[i as usize] = most;
        violation = violation.max(excess);
    }
    (Potentials { f, g }, violation)
}

/// What feasibility beside each of two g allows the potentials of some sources to be, where a faster way than all pairs is at
/// hand: nearly the most for the first g, and safely below it.
fn most_of_sources(problem: &Problem, sources: &[u32], (g, given_g): (&[f64], &[f64])) -> Option<(Vec<f64>, Vec<f64>)> {
    let points = problem.points().filter(|_| sources.len() * g.len() >= TREE_FROM)?;
    let all: Vec<u32> = (0..g.len() as u32).collect();
    let most = |g: &[f64]| neighbors::c_transform_back(points, g, &all, sources);
    Some((most(g)?, most(given_g)?))
}

/// min_i (c_ij − f_i) over the sources that hold mass; beside it, how far above that it may be (nothing, if it is empty). If
/// `exactly` and the pairs are not too many, there is no doubt about it. Where time is over, what is safely below it.
fn c_transform(problem: &Problem, a: &[f64], f: &[f64], exactly: bool, until: &Until) -> (Vec<f64>, Vec<f64>) {
    let (n, m) = problem.shape();
    let pairs = n * m;
    if let Some(points) = problem.points()
        && (pairs >= TREE_FROM || (pairs >= GRID_FROM && !exactly))
    {
        let holding: Vec<u32> = (0..n as u32).filter(|&i| a[i as usize] > 0.0).collect();
        if let Some(g) = neighbors::c_transform_of_grids(points, f, &holding) {
            return (g, Vec::new());
        }
        if let Some(g) = neighbors::c_transform_by_sieve(points, f, &holding, until) {
            return (g, Vec::new());
        }
        if pairs >= TREE_FROM
            && let Some(found) = neighbors::c_transform(points, f, &holding, until)
        {
            return found;
        }
        if until.is_over() && matches!(points.ground().form(), Form::Norm { .. }) {
            // No cost is below 0.
            let most = holding.iter().map(|&i| f[i as usize]).fold(f64::NEG_INFINITY, f64::max);
            return (vec![-most; m], Vec::new());
        }
    }
    let mut g = vec![f64::INFINITY; m];
    parallel::chunks_mut(&mut g, COLUMNS, |chunk, g| {
        let columns = chunk * COLUMNS..chunk * COLUMNS + g.len();
        let mut tile = vec![0.0; ROWS * g.len()];
        for first in (0..n).step_by(ROWS) {
            let rows = first..(first + ROWS).min(n);
            let tile = &mut tile[..rows.len() * g.len()];
            problem.cost().fill(rows.clone(), columns.clone(), tile);
            for (i, costs) in rows.zip(tile.chunks_exact(g.len())).filter(|(i, _)| a[*i] > 0.0) {
                simd::lower_to_difference(g, costs, f[i]);
            }
        }
    });
    (g, Vec::new())
}

/// For each target whether a difference c − f that attains g was rounded up to it.
fn rounded_up(problem: &Problem, a: &[f64], f: &[f64], g: &[f64]) -> Vec<bool> {
    let up = |column: &[f64], g: f64| {
        column.iter().zip(f).zip(a).any(|((c, f), a)| {
            let (difference, error) = two_sum(*c, -f);
            *a > 0.0 && difference == g && error < 0.0
        })
    };
    let column = || vec![0.0; f.len()];
    parallel::map_with(g.len(), column, |column, j| {
        problem.cost().fill(0..f.len(), j..j + 1, column);
        up(column, g[j])
    })
}

/// The least of all costs, or what is known to be below it.
fn least_cost(problem: &Problem) -> f64 {
    match problem.cost().origin() {
        Origin::Points(points) if matches!(points.ground().form(), Form::Norm { .. } | Form::Cosine) => 0.0,
        Origin::Matrix(costs) => costs.iter().copied().fold(f64::INFINITY, f64::min),
        _ => {
            let n = problem.shape().0;
            let (least, _) = c_transform(problem, &vec![1.0; n], &vec![0.0; n], true, &Until::default());
            least.into_iter().fold(f64::INFINITY, f64::min)
        }
    }
}

/// The potentials in the gauge Σ a f = Σ b g, unless the shift would cost digits of their value.
pub(crate) fn balanced(a: &[f64], b: &[f64], f: Vec<f64>, g: Vec<f64>) -> Potentials {
    let given = Potentials { f, g };
    let shifted = gauged(a, b, &given);
    let value = |dual: &Potentials| dot(a, &dual.f) + dot(b, &dual.g);
    let (before, after) = (value(&given), value(&shifted));
    if before - after <= CLOSED * before.abs() { shifted } else { given }
}

/// The potentials in the gauge Σ a f = Σ b g, rounded down, so that feasible ones stay feasible.
fn gauged(a: &[f64], b: &[f64], dual: &Potentials) -> Potentials {
    let mass = sum(a.iter().copied());
    let shift = 0.5 * (dot(b, &dual.g) - dot(a, &dual.f)) / mass;
    let plus = |values: &[f64], shift: f64| values.iter().map(|v| add_down(*v, shift)).collect();
    if shift.is_finite() { Potentials { f: plus(&dual.f, shift), g: plus(&dual.g, -shift) } } else { dual.clone() }
}

/// Refuses a plan or potentials that do not fit the problem.
pub(crate) fn check_shapes(problem: &Problem, plan: &Plan, potentials: &Potentials) -> Result<()> {
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
