//! A first basis where many dimensions leave coarse cells with little to tell: entropic scaling on the candidate arcs,
//! then greedy, then an exact solve of what is left over.

use std::f64::consts::LOG2_E;

use super::arcs::Candidates;
use super::dense;
use super::masses::Masses;
use super::start::row_greedy;
use super::tree::TreeArc;
use crate::exact::amount::Amount;
use crate::simd;
use crate::transport::{Interrupt, Silent, Watch};

/// How often the regularisation is halved, and the sweeps at each of its values.
const HALVINGS: usize = 4;
const SWEEPS: usize = 3;
/// Pairs of left-over points up to which they are solved exactly; beyond, greedily.
const MOST_LEFT_OVER: usize = 4_000_000;

/// A feasible spanning tree near the optimum, from candidates and the potentials under which they were chosen.
///
/// 1. Sinkhorn iterations restricted to the candidates improve the potentials (Schmitzer, "Stabilized sparse scaling
///    algorithms for entropy regularized transport problems", SIAM J. Sci. Comput. 41, 2019).
/// 2. Candidates in the order of their reduced cost each carry as much as both ends still hold. Each uses up one end.
/// 3. The ends not used up are solved among themselves. Their tree and the arcs of step 2 span all points.
pub(super) fn sparse_start<A: Amount>(
    candidates: &Candidates,
    masses: (&[A], &[A]),
    mut f: Vec<f64>,
    mut g: Vec<f64>,
    cost: impl Fn(usize, usize) -> f64,
    rest: Interrupt,
) -> Vec<TreeArc<A>> {
    scale(candidates, masses, &mut f, &mut g);
    let mut order: Vec<(f64, u32, u32)> =
        candidates.iter().map(|(i, j, c)| (c - f[i as usize] - g[j as usize], i, j)).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));

    let (mut supply, mut demand) = (masses.0.to_vec(), masses.1.to_vec());
    let mut arcs = Vec::with_capacity(supply.len() + demand.len() - 1);
    for (_, source, target) in order {
        let flow = supply[source as usize].min(demand[target as usize]);
        if flow > A::ZERO {
            supply[source as usize] -= flow;
            demand[target as usize] -= flow;
            arcs.push(TreeArc { source, target, flow });
        }
    }
    let holding = |masses: &[A]| (0..masses.len()).filter(|&i| masses[i] > A::ZERO).collect::<Vec<_>>();
    let (rows, columns) = (holding(&supply), holding(&demand));
    if rows.is_empty() {
        return arcs;
    }
    let costs: Vec<f64> =
        rows.iter().flat_map(|&i| columns.iter().map(move |&j| (i, j))).map(|(i, j)| cost(i, j)).collect();
    let left =
        Masses::from_units(rows.iter().map(|&i| supply[i]).collect(), columns.iter().map(|&j| demand[j]).collect());
    let among = if costs.len() <= MOST_LEFT_OVER {
        dense::solve(&costs, &left, &mut Watch::new(rest, &mut Silent)).arcs
    } else {
        row_greedy(&costs, &left)
    };
    arcs.extend(among.into_iter().map(|arc| TreeArc {
        source: rows[arc.source as usize] as u32,
        target: columns[arc.target as usize] as u32,
        flow: arc.flow,
    }));
    arcs
}

/// Improves potentials by Sinkhorn iterations on the candidates, in the log domain, with a falling regularisation that
/// starts at half the mean reduced cost.
fn scale<A: Amount>(candidates: &Candidates, masses: (&[A], &[A]), f: &mut [f64], g: &mut [f64]) {
    let logs = |masses: &[A]| {
        let total: A = masses.iter().copied().sum();
        masses.iter().map(|mass| mass.share_of(total).log2()).collect::<Vec<_>>()
    };
    let (log_a, log_b) = (logs(masses.0), logs(masses.1));
    for (i, f) in f.iter_mut().enumerate() {
        let (targets, costs) = candidates.row(i);
        *f = targets.iter().zip(costs).map(|(&j, c)| c - g[j as usize]).fold(*f, f64::min);
    }
    let mean = candidates.iter().map(|(i, j, c)| (c - f[i as usize] - g[j as usize]).abs()).sum::<f64>()
        / candidates.len() as f64;
    let by_target = candidates.transposed();
    let mut powers = vec![0.0; candidates.len()];
    let mut epsilon = 0.5 * mean;
    for _ in 0..HALVINGS {
        if epsilon <= 0.0 || epsilon.is_nan() {
            return;
        }
        for _ in 0..SWEEPS {
            soft_minima(candidates, &log_b, g, epsilon, f, &mut powers);
            soft_minima(&by_target, &log_a, f, epsilon, g, &mut powers);
        }
        epsilon *= 0.5;
    }
}

/// out_i = −ε log Σ_j w_j exp((v_j − c_ij) / ε) over the candidates of i, where it has some, from log₂ w. `powers` is room for
/// one number a candidate.
fn soft_minima(
    arcs: &Candidates,
    log_weights: &[f64],
    values: &[f64],
    epsilon: f64,
    out: &mut [f64],
    powers: &mut [f64],
) {
    let bits = LOG2_E / epsilon;
    let exponents: Vec<f64> = log_weights.iter().zip(values).map(|(log, v)| log + bits * v).collect();
    let mut rest = &mut *powers;
    for (i, out) in out.iter_mut().enumerate() {
        let (others, costs) = arcs.row(i);
        let row = rest.split_off_mut(..others.len()).expect("one for each candidate");
        for ((x, &j), c) in row.iter_mut().zip(others).zip(costs) {
            *x = exponents[j as usize] - bits * c;
        }
        let largest = folded(row, f64::NEG_INFINITY, |a, b| if a > b { a } else { b });
        if largest > f64::NEG_INFINITY {
            row.iter_mut().for_each(|x| *x -= largest);
            *out = largest;
        }
    }
    simd::exp2_all(powers);
    let mut rest = &*powers;
    for (i, out) in out.iter_mut().enumerate() {
        let row = rest.split_off(..arcs.row(i).0.len()).expect("one for each candidate");
        let total = folded(row, 0.0, |a, b| a + b);
        if total > 0.0 {
            *out = -(*out + total.log2()) / bits;
        }
    }
}

/// A fold in four chains: one would wait for each of its steps.
fn folded(row: &[f64], start: f64, step: impl Fn(f64, f64) -> f64) -> f64 {
    let (fours, rest) = row.as_chunks::<4>();
    let mut lanes = [start; 4];
    for four in fours {
        for l in 0..4 {
            lanes[l] = step(lanes[l], four[l]);
        }
    }
    rest.iter().chain(&lanes).fold(start, |all, v| step(all, *v))
}
