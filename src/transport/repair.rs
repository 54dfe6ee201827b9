//! A plan with the right marginals near any plan.

use crate::numeric::Sum;
use crate::numeric::sum::sum;
use crate::transport::{Flow, Plan};

/// A marginal is met when it is met to this much of itself, 6e-14: each flow was rounded a few times, and flows that are the
/// last digits of both of their ends were left out.
pub(super) const ROUNDING: f64 = 1.0 / (1u64 << 44) as f64;

/// A plan that meets its marginals, and how far the one it was made of did not.
pub(super) struct Repaired {
    /// The entries; a pair may occur twice.
    pub(super) flows: Vec<Flow>,
    /// Σ |P 1 − a| + Σ |Pᵀ 1 − b|, relative to twice the total mass.
    pub(super) marginal_error: f64,
}

/// A plan near `plan` with marginals `a` and `b`: rows, then columns that hold too much are scaled down, and what is then
/// missing is filled in by a north-west corner. A marginal that is met to rounding is met: its last digits are not moved.
pub(super) fn repaired(plan: &Plan, a: &[f64], b: &[f64]) -> Repaired {
    let mut flows = plan.flows().to_vec();
    let (rows, columns) = (sums(&flows, a.len(), |flow| flow.source), sums(&flows, b.len(), |flow| flow.target));
    let off = rows.iter().zip(a).chain(columns.iter().zip(b)).map(|(got, due)| (got - due).abs());
    let marginal_error = sum(off) / (2.0 * sum(a.iter().copied()));

    scale_down(&mut flows, &rows, a, |flow| flow.source);
    let columns = sums(&flows, b.len(), |flow| flow.target);
    scale_down(&mut flows, &columns, b, |flow| flow.target);
    let mut missing_rows = missing(&sums(&flows, a.len(), |flow| flow.source), a);
    let mut missing_columns = missing(&sums(&flows, b.len(), |flow| flow.target), b);

    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let mass = missing_rows[i].min(missing_columns[j]);
        if mass > 0.0 {
            flows.push(Flow { source: i, target: j, mass });
            missing_rows[i] -= mass;
            missing_columns[j] -= mass;
        }
        if missing_rows[i] <= missing_columns[j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    // The two sides may lack amounts that differ in the last digits of the total: the heaviest point takes them.
    let left = |missing: Vec<f64>| missing.into_iter().enumerate().filter(|(_, mass)| *mass > 0.0);
    flows.extend(left(missing_rows).map(|(source, mass)| Flow { source, target: heaviest(b), mass }));
    flows.extend(left(missing_columns).map(|(target, mass)| Flow { source: heaviest(a), target, mass }));
    Repaired { flows, marginal_error }
}

fn sums(flows: &[Flow], len: usize, end: impl Fn(&Flow) -> usize) -> Vec<f64> {
    let mut sums = vec![Sum::default(); len];
    for flow in flows {
        sums[end(flow)].add(flow.mass);
    }
    sums.into_iter().map(Sum::value).collect()
}

fn scale_down(flows: &mut [Flow], got: &[f64], due: &[f64], end: impl Fn(&Flow) -> usize) {
    for flow in flows {
        let (got, due) = (got[end(flow)], due[end(flow)]);
        if got > due * (1.0 + ROUNDING) {
            flow.mass *= due / got;
        }
    }
}

fn missing(got: &[f64], due: &[f64]) -> Vec<f64> {
    got.iter().zip(due).map(|(got, due)| if due - got > ROUNDING * due { due - got } else { 0.0 }).collect()
}

fn heaviest(masses: &[f64]) -> usize {
    (0..masses.len()).max_by(|&i, &j| masses[i].total_cmp(&masses[j])).expect("there is a point")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shape: (usize, usize), entries: &[(usize, usize, f64)]) -> Plan {
        Plan::new(shape, entries.iter().map(|&(source, target, mass)| Flow { source, target, mass }).collect()).unwrap()
    }

    #[test]
    fn a_plan_that_meets_its_marginals_to_rounding_is_not_touched() {
        // 0.1 + 0.2 is one unit in the last place above 0.3.
        let given = plan((1, 2), &[(0, 0, 0.1), (0, 1, 0.2)]);
        let found = repaired(&given, &[0.3], &[0.1, 0.2]);
        assert_eq!(found.flows, given.flows());
        assert!(found.marginal_error > 0.0 && found.marginal_error <= ROUNDING);
    }

    #[test]
    fn any_plan_meets_its_marginals_afterwards() {
        let (a, b) = ([0.5, 1e-12, 0.5 - 1e-12], [0.25, 0.75]);
        for entries in [&[][..], &[(0, 0, 9.0), (2, 1, 0.1)], &[(1, 1, 1.0)], &[(0, 0, 0.25), (0, 1, 0.25)]] {
            let found = repaired(&plan((3, 2), entries), &a, &b);
            assert!(found.flows.iter().all(|flow| flow.mass > 0.0));
            let near = |got: Vec<f64>, due: &[f64]| got.iter().zip(due).all(|(g, d)| (g - d).abs() <= ROUNDING);
            assert!(near(sums(&found.flows, 3, |flow| flow.source), &a), "{:?}", found.flows);
            assert!(near(sums(&found.flows, 2, |flow| flow.target), &b), "{:?}", found.flows);
        }
        let nothing = repaired(&plan((3, 2), &[]), &a, &b);
        assert_eq!(nothing.marginal_error, 1.0);
    }
}
