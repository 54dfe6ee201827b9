//! Whether a solution is right, by brute force.
//!
//! Written to share nothing with the solvers and with `transport::certify`: costs come from the two-point function one
//! pair at a time, sums are Neumaier's, and every pair is looked at.

use std::fmt::Write;

use crate::transport::{Plan, Problem, Solution, Status};

/// Each marginal is met to this much of itself: 4500 roundings, where a row of a plan sums at most a few thousand.
const MARGINAL: f64 = 1e-12;
/// Reduced costs may be negative by this much of |c| + |f| + |g|: one rounding for each of the few operations that made
/// each term, and up to 100 for a cost that sums 100 coordinates.
const REDUCED_COST: f64 = 256.0 * f64::EPSILON;
/// What every converged solve promises: the bounds are this close, relative to the cost.
const GAP: f64 = 1e-9;

/// Checks an optimal solution of `problem`: the plan's marginals, signs and number of entries; all n · m reduced costs;
/// complementary slackness; `lower ≤ transport cost ≤ upper`; the relative gap; the status. O(n m) time.
///
/// # Errors
/// Says everything that is wrong.
pub fn check(problem: &Problem, solution: &Solution) -> Result<(), String> {
    let mut faults = Faults::default();
    plan_faults(problem, &solution.plan, true, &mut faults);
    bound_faults(problem, solution, &mut faults);
    optimality_faults(problem, solution, &mut faults);
    faults.into_result()
}

/// Checks that a plan is a plan of `problem`: marginals to 1e-12 of each mass, and no negative entry. A plan that is a
/// `vertex` has at most n + m − 1 entries.
///
/// # Errors
/// Says everything that is wrong.
pub fn check_plan(problem: &Problem, plan: &Plan, vertex: bool) -> Result<(), String> {
    let mut faults = Faults::default();
    plan_faults(problem, plan, vertex, &mut faults);
    faults.into_result()
}

/// Checks a solution that need not be optimal: a feasible plan of at most n + m − 1 entries, its cost, finite potentials
/// that are feasible, and `lower ≤ transport cost ≤ upper`.
///
/// # Errors
/// Says everything that is wrong.
pub fn check_bounds(problem: &Problem, solution: &Solution) -> Result<(), String> {
    let mut faults = Faults::default();
    plan_faults(problem, &solution.plan, true, &mut faults);
    bound_faults(problem, solution, &mut faults);
    faults.into_result()
}

#[derive(Default)]
struct Faults(String);

impl Faults {
    fn unless(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            let _ = writeln!(self.0, "- {}", fault());
        }
    }

    fn into_result(self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// Neumaier's sum (Z. angew. Math. Mech. 54, 1974).
#[derive(Default, Clone, Copy)]
struct Total {
    sum: f64,
    lost: f64,
}

impl Total {
    fn add(&mut self, term: f64) {
        let next = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() { (self.sum - next) + term } else { (term - next) + self.sum };
        self.sum = next;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }
}

fn total(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = Total::default();
    terms.into_iter().for_each(|term| total.add(term));
    total.value()
}

/// One cost, by the two-point function where there are points.
fn cost(problem: &Problem, i: usize, j: usize) -> f64 {
    match problem.points() {
        Some(points) => points.ground().between(points.source().point(i), points.target().point(j)),
        None => problem.cost().entry(i, j),
    }
}

fn plan_faults(problem: &Problem, plan: &Plan, vertex: bool, faults: &mut Faults) {
    let (n, m) = problem.shape();
    faults.unless(plan.shape() == (n, m), || format!("the plan has shape {:?}, not {:?}", plan.shape(), (n, m)));
    if plan.shape() != (n, m) {
        return;
    }
    let entries = plan.flows().len();
    faults.unless(!vertex || entries < n + m, || format!("the plan has {entries} entries, more than n + m - 1"));
    let (mut rows, mut columns) = (vec![Total::default(); n], vec![Total::default(); m]);
    for flow in plan.flows() {
        faults.unless(flow.mass > 0.0 && flow.mass.is_finite(), || format!("{flow:?} is not positive"));
        rows[flow.source].add(flow.mass);
        columns[flow.target].add(flow.mass);
    }
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    // Totals that differ in their last digits are one total: the target's is scaled to the source's.
    let scale = total(a.iter().copied()) / total(b.iter().copied());
    for (side, got, due, scale) in [("row", &rows, a, 1.0), ("column", &columns, b, scale)] {
        let worst = got
            .iter()
            .zip(due)
            .map(|(got, due)| (got.value(), due * scale))
            .enumerate()
            .filter(|(_, (got, due))| (got - due).abs() > MARGINAL * due)
            .max_by(|x, y| (x.1.0 - x.1.1).abs().total_cmp(&(y.1.0 - y.1.1).abs()));
        if let Some((at, (got, due))) = worst {
            faults.unless(false, || format!("{side} {at} of the plan sums to {got}, not {due}"));
        }
    }
    let moved = total(plan.flows().iter().map(|flow| flow.mass));
    let mass = total(a.iter().copied());
    faults.unless((moved - mass).abs() <= MARGINAL * mass, || format!("the plan moves {moved} of {mass}"));
}

fn bound_faults(problem: &Problem, solution: &Solution, faults: &mut Faults) {
    let plan = &solution.plan;
    let terms = || plan.flows().iter().map(|flow| flow.mass * cost(problem, flow.source, flow.target));
    let (exact, size) = (total(terms()), total(terms().map(f64::abs)));
    let found = solution.transport_cost;
    faults.unless((found - exact).abs() <= REDUCED_COST * size, || {
        format!("the transport cost is said to be {found}, but the plan costs {exact}")
    });
    let Some(bounds) = solution.bounds else {
        return faults.unless(false, || "there are no bounds".into());
    };
    // The plan of a solver is feasible, so its cost and the upper bound are one number but for the last digits.
    let near = |x: f64, y: f64| (x - y).abs() <= REDUCED_COST * size;
    faults.unless(bounds.lower <= found && (found <= bounds.upper || near(found, bounds.upper)), || {
        format!("the transport cost {found} is not within [{}, {}]", bounds.lower, bounds.upper)
    });
    faults.unless(bounds.lower <= bounds.upper, || format!("the bounds cross: {bounds:?}"));
    let (f, g) = (&solution.potentials.f, &solution.potentials.g);
    let (n, m) = problem.shape();
    faults.unless((f.len(), g.len()) == (n, m), || format!("{} and {} potentials", f.len(), g.len()));
    faults.unless(f.iter().chain(g).all(|v| v.is_finite()), || "a potential is not finite".into());
    if (f.len(), g.len()) != (n, m) {
        return;
    }
    let mut worst = (0.0, 0, 0);
    for (i, f) in f.iter().enumerate() {
        for (j, g) in g.iter().enumerate() {
            let c = cost(problem, i, j);
            let excess = ((f - c) + g) - REDUCED_COST * (c.abs() + f.abs() + g.abs());
            if excess > worst.0 {
                worst = (excess, i, j);
            }
        }
    }
    let (excess, i, j) = worst;
    faults.unless(excess == 0.0, || format!("f[{i}] + g[{j}] exceeds the cost by {excess}, beyond rounding"));
}

fn optimality_faults(problem: &Problem, solution: &Solution, faults: &mut Faults) {
    faults.unless(solution.status == Status::Optimal, || format!("the status is {}", solution.status));
    let Some(bounds) = solution.bounds else { return };
    let cost_size = bounds.upper.abs();
    let gap = bounds.upper - bounds.lower;
    faults.unless(gap <= GAP * cost_size, || format!("the gap is {gap:e} of {cost_size:e}"));
    let (f, g) = (&solution.potentials.f, &solution.potentials.g);
    // Mass may take a way that costs a little more than the potentials say, by rounding; all of it together, by 1e-9.
    let mut slack = Total::default();
    for flow in solution.plan.flows() {
        let (i, j) = (flow.source, flow.target);
        slack.add(flow.mass * ((cost(problem, i, j) - f[i]) - g[j]).abs());
    }
    let slack = slack.value();
    faults.unless(slack <= GAP * cost_size, || format!("complementary slackness fails by {slack:e} of {cost_size:e}"));
}
