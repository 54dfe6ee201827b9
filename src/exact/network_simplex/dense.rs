//! The pivot loop over a dense matrix: price a few rows, bring in the worst arc, repeat.

use super::masses::Masses;
use super::outcome::{Outcome, pivots_per_round, tolerance};
use super::rounds::Dual;
use super::start::row_greedy;
use super::thread::Thread;
use super::tree::{Tree, TreeArc};
use crate::exact::amount::Amount;
use crate::simd;
use crate::transport::{Progress, Status, Watch};

/// Solves transport between `masses` under the row-major matrix `costs`.
pub(crate) fn solve<A: Amount>(costs: &[f64], masses: &Masses<A>, watch: &mut Watch) -> Outcome<A> {
    let (n, m) = (masses.source.len(), masses.target.len());
    let mut tree = Tree::<Thread, A>::new(n, m, &row_greedy(costs, masses));
    let (mut pivots, mut round) = (0, 0);
    let status = loop {
        tree.refresh(|i, j| costs[i * m + j]);
        let (done, status) = pivot_until_clean(costs, &mut tree, n, pivots, tolerance(round), watch);
        let moved = done > pivots;
        pivots = done;
        round += 1;
        match status {
            Some(status) => break status,
            // A full pass over fresh potentials without a violation is the proof.
            None if !moved => break Status::Optimal,
            None => {}
        }
    };
    tree.refresh(|i, j| costs[i * m + j]);
    let mut potential = tree.potentials();
    if status != Status::Optimal {
        potential = best_feasible(costs, masses, &potential);
    }
    let memory = tree.memory() + (n + m) * (size_of::<TreeArc<A>>() + 2 * size_of::<A>());
    Outcome { arcs: tree.arcs(), potential, iterations: pivots, status, memory }
}

/// Feasible potentials π after an early end: those of the tree made feasible by a c-transform, or the least of each column and
/// of what is left in each row, whichever prove more.
fn best_feasible<A: Amount>(costs: &[f64], masses: &Masses<A>, tree: &[f64]) -> Vec<f64> {
    let n = masses.source.len();
    let held: Vec<f64> = masses.source.iter().chain(&masses.target).map(|mass| mass.as_f64()).collect();
    let least_of_columns = |pi: &[f64]| {
        let mut g = vec![f64::INFINITY; masses.target.len()];
        for (row, pi) in costs.chunks_exact(g.len()).zip(pi) {
            simd::lower_to_difference(&mut g, row, -pi);
        }
        g
    };
    let transformed = least_of_columns(&tree[..n]);
    let tree = Dual::new([&tree[..n], &transformed].concat(), &held, n);
    let mut reduced = vec![0.0; n];
    let g = least_of_columns(&reduced);
    for (row, pi) in costs.chunks_exact(g.len()).zip(&mut reduced) {
        *pi = -simd::row_minimum(row, &g).0;
    }
    reduced.extend(g);
    let reduced = Dual::new(reduced, &held, n);
    if reduced.value > tree.value { reduced.potential } else { tree.potential }
}

/// Pivots until one cycle over all rows finds no arc that violates, or the round is over. Returns the pivots so far, and a status when ended early.
fn pivot_until_clean<A: Amount>(
    costs: &[f64],
    tree: &mut Tree<Thread, A>,
    n: usize,
    mut pivots: u64,
    tolerance: f64,
    watch: &mut Watch,
) -> (u64, Option<Status>) {
    let m = costs.len() / n;
    let block = rows_per_block(n, m);
    let (mut row, mut clean_rows) = (0, 0);
    let last = pivots + pivots_per_round(n + m);
    if watch.iterations_left(pivots) == 0 {
        return (pivots, watch.check(&Progress { stage: "pivot", iterations: pivots, ..Progress::default() }));
    }
    while clean_rows < n && pivots < last {
        let mut best: Option<(f64, usize, usize)> = None;
        for _ in 0..block {
            if let Some((reduced, j)) = price(costs, tree, n, row, tolerance)
                && best.is_none_or(|(least, ..)| reduced < least)
            {
                best = Some((reduced, row, j));
            }
            row = if row + 1 == n { 0 } else { row + 1 };
        }
        let Some((reduced, i, j)) = best else {
            clean_rows += block;
            continue;
        };
        clean_rows = 0;
        tree.pivot(i as u32, j as u32, reduced);
        pivots += 1;
        if pivots.is_multiple_of(64) || watch.iterations_left(pivots) == 0 {
            let progress = Progress { stage: "pivot", iterations: pivots, ..Progress::default() };
            if let Some(status) = watch.check(&progress) {
                return (pivots, Some(status));
            }
        }
    }
    (pivots, None)
}

/// Rows whose best arcs compete for one pivot: about √(n m) arcs in all, as in block search.
fn rows_per_block(n: usize, m: usize) -> usize {
    let arcs = ((n * m) as f64).sqrt();
    ((arcs / m as f64).round() as usize).clamp(1, n)
}

/// The arc of row `i` with the least reduced cost, if it violates.
#[inline]
fn price<A: Amount>(costs: &[f64], tree: &Tree<Thread, A>, n: usize, i: usize, tolerance: f64) -> Option<(f64, usize)> {
    let potentials = tree.order().potentials();
    let (own, others) = (potentials[i], &potentials[n..]);
    let row = &costs[i * others.len()..(i + 1) * others.len()];
    let (slack, j) = simd::row_slack_minimum(row, others, tolerance);
    let margin = own + tolerance * own.abs();
    (slack + margin < 0.0).then(|| (row[j] - others[j] + own, j))
}
