//! Pairs that are none: infinite costs.
//!
//! The simplex sees a stand-in for each, larger than anything that moving a unit otherwise could save along any chain of pairs: so
//! an optimal plan uses as few of them as can be (and no more digits are lost than n is long). What they still carry is either nothing but
//! the last digits of masses that ought to agree, or there is no plan.

use std::borrow::Cow;

use super::places::Chosen;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::sum::sum;
use crate::transport::{Flow, Plan, Problem};

/// Masses of rows and of the columns that they can reach agree when they agree to the rounding of their terms.
const BALANCED: f64 = 64.0 * f64::EPSILON;
/// A marginal is met when it is met to this much of itself.
const MET: f64 = 1.0 / (1u64 << 46) as f64;

/// The costs with a stand-in for each infinite one.
pub(super) fn with_stand_ins(
    costs: Cow<'_, [f64]>,
    (rows, columns): (&Chosen, &Chosen),
    problem: &Problem,
) -> Result<Vec<f64>> {
    let (n, m) = (rows.len(), columns.len());
    let mut costs = costs.into_owned();
    if let Some(i) = (0..n).find(|i| costs[i * m..(i + 1) * m].iter().all(|c| c.is_infinite())) {
        let (index, mass) = (rows.get(i), problem.source().as_slice()[rows.get(i)]);
        return Err(unserved("row", index, 0, mass, 0.0));
    }
    if let Some(j) = (0..m).find(|j| costs.chunks_exact(m).all(|row| row[*j].is_infinite())) {
        let (index, mass) = (columns.get(j), problem.target().as_slice()[columns.get(j)]);
        return Err(unserved("column", index, 0, mass, 0.0));
    }
    let finite = costs.iter().copied().filter(|c| c.is_finite());
    let (least, most) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), c| (l.min(c), m.max(c)));
    let range = if most > least { most - least } else { most.abs().max(1.0) };
    let stand_in = most + (n.min(m) as f64 + 1.0) * range;
    if !stand_in.is_finite() {
        let why = "the finite costs are so large that nothing can stand for the infinite ones; scale them down";
        return Err(Error::new("cost", ErrorKind::Unsupported(why.into())));
    }
    costs.iter_mut().filter(|c| c.is_infinite()).for_each(|c| *c = stand_in);
    Ok(costs)
}

/// The plan without what stand-ins carry, where that is rounding.
///
/// # Errors
/// When it is not: then some rows hold more than the columns that they can reach want.
pub(super) fn without_stand_ins(problem: &Problem, plan: Plan) -> Result<Plan> {
    let infinite = |i: usize, j: usize| problem.cost().entry(i, j).is_infinite();
    let (stray, mut flows): (Vec<Flow>, Vec<Flow>) =
        plan.flows().iter().copied().partition(|flow| infinite(flow.source, flow.target));
    if stray.is_empty() {
        return Ok(plan);
    }
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    let (n, m) = problem.shape();
    for from in &stray {
        let (rows, columns) = reached(problem, &flows, from.source);
        let held = sum(rows.iter().map(|&i| a[i]));
        let excess = sum(stray.iter().filter(|flow| rows.contains(&flow.source)).map(|flow| flow.mass));
        if excess > BALANCED * held {
            let room = sum(columns.iter().map(|&j| b[j])) * problem.target_scale();
            return Err(unserved("row", from.source, rows.len() - 1, held, room));
        }
    }
    // Where that is all that a small mass has, it goes the heaviest way that there is.
    let heaviest = |masses: &[f64], count: usize, pair: &dyn Fn(usize) -> bool| {
        (0..count).filter(|&k| pair(k)).max_by(|&k, &l| masses[k].total_cmp(&masses[l]))
    };
    for &Flow { source, target, mass } in &stray {
        if mass > MET * a[source]
            && let Some(target) = heaviest(b, m, &|j| !infinite(source, j))
        {
            flows.push(Flow { source, target, mass });
        }
        if mass > MET * b[target]
            && let Some(source) = heaviest(a, n, &|i| !infinite(i, target))
        {
            flows.push(Flow { source, target, mass });
        }
    }
    Plan::new(problem.shape(), flows)
}

/// The rows and columns to which mass of `start` could give way: columns at a finite cost, and the rows that send to them.
fn reached(problem: &Problem, flows: &[Flow], start: usize) -> (Vec<usize>, Vec<usize>) {
    let (n, m) = problem.shape();
    let mut senders = vec![Vec::new(); m];
    flows.iter().for_each(|flow| senders[flow.target].push(flow.source));
    let (mut row_seen, mut column_seen) = (vec![false; n], vec![false; m]);
    let (mut rows, mut columns) = (vec![start], Vec::new());
    row_seen[start] = true;
    let mut costs = vec![0.0; m];
    let mut at = 0;
    while at < rows.len() {
        let i = rows[at];
        problem.cost().fill(i..i + 1, 0..m, &mut costs);
        for j in (0..m).filter(|&j| costs[j].is_finite() && problem.target().as_slice()[j] > 0.0) {
            if !std::mem::replace(&mut column_seen[j], true) {
                columns.push(j);
                for &sender in &senders[j] {
                    if !std::mem::replace(&mut row_seen[sender], true) {
                        rows.push(sender);
                    }
                }
            }
        }
        at += 1;
    }
    (rows, columns)
}

fn unserved(side: &'static str, index: usize, others: usize, mass: f64, room: f64) -> Error {
    Error::new("cost", ErrorKind::Unserved { side, index, others, mass, room })
}
