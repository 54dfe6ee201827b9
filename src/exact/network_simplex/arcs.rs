//! Candidate arcs, and the pivot loop over them.

use super::fixed_point::FixedPoint;
use super::tree::{Order, Tree};
use crate::exact::amount::Amount;
use crate::transport::{Progress, Status, Watch};

/// Arcs that may enter the basis, by source.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    start: Vec<u32>,
    target: Vec<u32>,
    cost: Vec<f64>,
}

impl Candidates {
    /// From pairs in any order, with duplicates.
    pub(super) fn new(sources: usize, mut pairs: Vec<(u32, u32)>, cost: impl Fn(usize, usize) -> f64) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut start = vec![0u32; sources + 1];
        for &(i, _) in &pairs {
            start[i as usize + 1] += 1;
        }
        for i in 0..sources {
            start[i + 1] += start[i];
        }
        let cost = pairs.iter().map(|&(i, j)| cost(i as usize, j as usize)).collect();
        // From a borrow: out of the pairs themselves, the targets would go on living in their room.
        Self { start, target: pairs.iter().map(|&(_, j)| j).collect(), cost }
    }

    /// The largest size of a cost.
    pub(super) fn largest_cost(&self) -> f64 {
        self.cost.iter().fold(0.0, |most, c| most.max(c.abs()))
    }

    /// Rounds all costs.
    pub(super) fn round(&mut self, fixed: FixedPoint) {
        self.cost.iter_mut().for_each(|c| *c = fixed.round(*c));
    }

    /// Computes all costs anew.
    pub(super) fn evaluate(&mut self, cost: impl Fn(usize, usize) -> f64) {
        for i in 0..self.start.len() - 1 {
            for at in self.start[i] as usize..self.start[i + 1] as usize {
                self.cost[at] = cost(i, self.target[at] as usize);
            }
        }
    }

    /// The same with more pairs, which must be sorted.
    pub(super) fn with(self, more: &[(u32, u32)], cost: impl Fn(usize, usize) -> f64) -> Self {
        let sources = self.start.len() - 1;
        let room = self.target.len() + more.len();
        let mut all = Self {
            start: Vec::with_capacity(sources + 1),
            target: Vec::with_capacity(room),
            cost: Vec::with_capacity(room),
        };
        all.start.push(0);
        let mut more = more.iter().peekable();
        for i in 0..sources {
            let (lo, hi) = (self.start[i] as usize, self.start[i + 1] as usize);
            all.target.extend_from_slice(&self.target[lo..hi]);
            all.cost.extend_from_slice(&self.cost[lo..hi]);
            while let Some(&(_, j)) = more.next_if(|&&(s, _)| s as usize == i) {
                all.target.push(j);
                all.cost.push(cost(i, j as usize));
            }
            all.start.push(all.target.len() as u32);
        }
        all
    }

    /// The targets and costs of a source.
    pub(super) fn row(&self, i: usize) -> (&[u32], &[f64]) {
        let range = self.start[i] as usize..self.start[i + 1] as usize;
        (&self.target[range.clone()], &self.cost[range])
    }

    /// All candidates as (source, target, cost).
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32, f64)> {
        (0..self.start.len() - 1).flat_map(|i| {
            let (targets, costs) = self.row(i);
            targets.iter().zip(costs).map(move |(&j, &c)| (i as u32, j, c))
        })
    }

    /// The same arcs by target.
    pub(super) fn transposed(&self) -> Self {
        let targets = self.target.iter().max().map_or(0, |&j| j as usize + 1);
        let mut start = vec![0u32; targets + 1];
        self.target.iter().for_each(|&j| start[j as usize + 1] += 1);
        for j in 0..targets {
            start[j + 1] += start[j];
        }
        let mut next = start.clone();
        let (mut target, mut cost) = (vec![0; self.len()], vec![0.0; self.len()]);
        for (i, j, c) in self.iter() {
            let at = next[j as usize] as usize;
            next[j as usize] += 1;
            (target[at], cost[at]) = (i, c);
        }
        Self { start, target, cost }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u32 {
        self.start.len() as u32 - 1
    }

    pub(super) fn len(&self) -> usize {
        self.target.len()
    }

    pub(super) fn memory(&self) -> usize {
        (self.start.capacity() + self.target.capacity()) * size_of::<u32>() + self.cost.capacity() * size_of::<f64>()
    }
}

/// How a round of pivots ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    /// One cycle over all candidates found none that violates.
    Clean,
    /// There were so many pivots that potentials are due to be refreshed.
    Spent,
    /// A limit was reached.
    Stopped(Status),
}

/// Arcs after which the time is looked at, if there were no pivots: some milliseconds.
const SCANNED: usize = 1 << 20;

/// Pivots until one cycle over all candidates finds none that violates, or the round is over. Returns the pivots so far, and how
/// it ended.
///
/// A round has at most `most` pivots. Block search (Grigoriadis 1986): of each block of `block` arcs, rows in order, the one of least reduced cost enters.
pub(super) fn pivot_until_clean<O: Order, A: Amount>(
    tree: &mut Tree<O, A>,
    arcs: &Candidates,
    (block, most): (usize, u64),
    tolerance: f64,
    mut progress: Progress,
    watch: &mut Watch,
) -> (u64, End) {
    let sources = arcs.rows();
    let last = progress.iterations + most;
    if watch.iterations_left(progress.iterations) == 0 {
        return (progress.iterations, watch.check(&progress).map_or(End::Spent, End::Stopped));
    }
    let (mut row, mut since_pivot, mut in_block, mut since_check) = (0u32, 0usize, 0usize, 0usize);
    let mut best: Option<(f64, u32, u32)> = None;
    loop {
        let own = tree.potential(row);
        let range = arcs.start[row as usize] as usize..arcs.start[row as usize + 1] as usize;
        in_block += range.len();
        since_pivot += range.len();
        since_check += range.len();
        for (&j, &c) in arcs.target[range.clone()].iter().zip(&arcs.cost[range]) {
            let other = tree.potential(sources + j);
            let reduced = c + own - other;
            if reduced < best.map_or(0.0, |(least, ..)| least)
                && reduced < -tolerance * (c.abs() + own.abs() + other.abs())
            {
                best = Some((reduced, row, j));
            }
        }
        row = if row + 1 == sources { 0 } else { row + 1 };
        if in_block >= block {
            in_block = 0;
            if let Some((reduced, i, j)) = best.take() {
                since_pivot = 0;
                tree.pivot(i, j, reduced);
                progress.iterations += 1;
            }
            let many = progress.iterations.is_multiple_of(64) && since_pivot == 0;
            if many || since_check >= SCANNED || watch.iterations_left(progress.iterations) == 0 {
                since_check = 0;
                if let Some(status) = watch.check(&progress) {
                    return (progress.iterations, End::Stopped(status));
                }
            }
        }
        if best.is_none() && since_pivot >= arcs.len() {
            return (progress.iterations, End::Clean);
        }
        if progress.iterations >= last {
            return (progress.iterations, End::Spent);
        }
    }
}
