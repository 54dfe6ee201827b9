//! Groups of points so far apart that they exchange nothing, each solved by itself.
//!
//! The potentials of a basis differ between two far groups by the cost of the way there. Where that way is 10¹² and the
//! optimal cost is 1, reduced costs inside of a group are differences of numbers whose last digit is 10⁻⁴, so the simplex
//! stops at a plan that is optimal only to that, and no certificate can close the gap. If the masses of the groups balance,
//! none of it is needed: each group is a problem of its own, with potentials of the size of its own costs, and every cost
//! between groups is far above their sums.

use ndarray::Array2;

use crate::error::Result;
use crate::measure::{Points, Samples, Weights};
use crate::numeric::sum::sum;
use crate::transport::{Bounds, Flow, Plan, Potentials, Problem, Solution, Status, certify};

/// A relative gap that calls for nothing more.
const CLOSED: f64 = 1e-12;
/// Neighbouring levels are far apart when they differ by this many times the costliest cost that the plan pays.
const FAR: f64 = 64.0;
/// Masses of a group agree when they agree to the rounding of their terms.
const BALANCED: f64 = 16.0 * f64::EPSILON;
/// A flow below this much of the larger mass at its ends may be the last digits of masses that ought to balance.
const NEARLY_NOTHING: f64 = 1e-12;

/// Sources and targets that exchange mass among themselves only.
#[derive(Debug, Default)]
struct Group {
    sources: Vec<usize>,
    targets: Vec<usize>,
}

/// `solution`, or one that proves more: where rounding keeps the bounds apart and the points fall into groups, each group is
/// solved by `solve` and the parts are put together.
pub(super) fn refined(
    problem: &Problem,
    solution: Solution,
    solve: impl Fn(&Problem) -> Result<Solution>,
) -> Result<Solution> {
    let open = |bounds: Bounds| bounds.gap() > CLOSED * bounds.upper.abs();
    if solution.status != Status::Optimal || !solution.bounds.is_some_and(open) {
        return Ok(solution);
    }
    let groups = far_groups(problem, &solution);
    if groups.len() < 2 || !groups.iter().all(|group| balances(problem, group)) {
        return Ok(solution);
    }
    let parts = match groups.iter().map(|group| solve(&part(problem, group)?)).collect::<Result<Vec<_>>>() {
        Ok(parts) => parts,
        // By itself a group may lack a pair through which its last digits went.
        Err(_) if problem.has_forbidden_pairs() => return Ok(solution),
        Err(error) => return Err(error),
    };
    let together = joined(problem, &groups, &parts, &solution)?;
    let gap = |solution: &Solution| solution.bounds.map_or(f64::INFINITY, |bounds| bounds.gap());
    Ok(if gap(&together) < gap(&solution) { together } else { solution })
}

/// The groups into which the points fall where neighbouring values of f lie far apart.
fn far_groups(problem: &Problem, Solution { plan, potentials: Potentials { f, .. }, .. }: &Solution) -> Vec<Group> {
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    let real = |flow: &&Flow| flow.mass > NEARLY_NOTHING * a[flow.source].max(b[flow.target]);
    let paid = plan.flows().iter().filter(real).map(|flow| problem.cost().entry(flow.source, flow.target).abs());
    let far = FAR * paid.fold(0.0, f64::max);

    let mut order: Vec<usize> = (0..f.len()).filter(|&i| a[i] > 0.0).collect();
    order.sort_by(|&i, &j| f[i].total_cmp(&f[j]));
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = vec![0; f.len()];
    let mut last = f64::NEG_INFINITY;
    for i in order {
        if f[i] - last > far {
            groups.push(Group::default());
        }
        last = f[i];
        group_of[i] = groups.len() - 1;
        groups.last_mut().expect("there is one").sources.push(i);
    }
    // A target belongs to the source that sends it most.
    let mut most = vec![(0.0, 0); b.len()];
    for flow in plan.flows() {
        if flow.mass > most[flow.target].0 {
            most[flow.target] = (flow.mass, group_of[flow.source]);
        }
    }
    for (j, (mass, group)) in most.into_iter().enumerate() {
        if mass > 0.0 {
            groups[group].targets.push(j);
        }
    }
    for group in &mut groups {
        group.sources.sort_unstable();
    }
    groups
}

/// Whether a group holds as much as it wants, as far as sums of doubles can tell.
fn balances(problem: &Problem, group: &Group) -> bool {
    let held = sum(group.sources.iter().map(|&i| problem.source().as_slice()[i]));
    let wanted = sum(group.targets.iter().map(|&j| problem.target().as_slice()[j])) * problem.target_scale();
    (held - wanted).abs() <= BALANCED * held
}

/// The problem of one group.
fn part(problem: &Problem, Group { sources, targets }: &Group) -> Result<Problem<'static>> {
    let of = |weights: &Weights, chosen: &[usize]| {
        Weights::new(chosen.iter().map(|&k| weights.as_slice()[k]).collect::<Vec<_>>())
    };
    let (a, b) = (of(problem.source(), sources)?, of(problem.target(), targets)?);
    let Some(cost) = problem.points() else {
        let entry = |(i, j): (usize, usize)| problem.cost().entry(sources[i], targets[j]);
        return Problem::with_matrix(a, b, Array2::from_shape_fn((sources.len(), targets.len()), entry));
    };
    let chosen = |points: &Points, chosen: &[usize]| {
        Points::from_rows(
            chosen.iter().flat_map(|&k| points.point(k).iter().copied()).collect::<Vec<_>>(),
            points.dim(),
        )
    };
    let x = Samples::with_weights(chosen(cost.source(), sources)?, a)?;
    let y = Samples::with_weights(chosen(cost.target(), targets)?, b)?;
    Problem::between_shared(&x, &y, cost.shared_ground())
}

/// The solution made of those of the groups, certified as a whole.
fn joined(problem: &Problem, groups: &[Group], parts: &[Solution], whole: &Solution) -> Result<Solution> {
    let mut flows = Vec::new();
    // Points without mass keep what they had; the certificate fits them to the others.
    let mut potentials = whole.potentials.clone();
    let mut report = whole.report.clone();
    for (group, part) in groups.iter().zip(parts) {
        flows.extend(part.plan.flows().iter().map(|flow| Flow {
            source: group.sources[flow.source],
            target: group.targets[flow.target],
            mass: flow.mass,
        }));
        group.sources.iter().zip(&part.potentials.f).for_each(|(&i, f)| potentials.f[i] = *f);
        group.targets.iter().zip(&part.potentials.g).for_each(|(&j, g)| potentials.g[j] = *g);
        report.iterations += part.report.iterations;
        report.memory = report.memory.max(part.report.memory);
    }
    let plan = Plan::new(problem.shape(), flows)?;
    let certificate = certify(problem, &plan, &potentials)?;
    let failed = parts.iter().map(|part| part.status).find(|status| *status != Status::Optimal);
    Ok(Solution {
        transport_cost: certificate.transport_cost,
        plan,
        potentials: certificate.potentials,
        bounds: Some(certificate.bounds),
        status: failed.unwrap_or(Status::Optimal),
        report,
    })
}
