//! What all ways through the simplex share: the rules of a run, and what it gives back.

use super::tree::TreeArc;
use crate::transport::Status;

/// Nodes from which subtrees are shifted by chunks rather than node by node.
pub(super) const TOUR_FROM: usize = 8_000;

/// An arc enters only when its reduced cost is below minus this much of |c| + |π(s)| + |π(t)|: a few roundings of the
/// numbers at hand, whatever the largest cost is.
const TOLERANCE: f64 = 4.0 * f64::EPSILON;

/// Rounds, each from fresh potentials, after which the tolerance begins to grow. Exact arithmetic never needs that; where
/// costs span more digits than a float has, rounding could otherwise let pivots chase each other forever.
const PATIENCE: u32 = 60;

/// The tolerance of a round.
pub(super) fn tolerance(round: u32) -> f64 {
    TOLERANCE * 2f64.powi((round.saturating_sub(PATIENCE) / 4).min(40) as i32)
}

/// Pivots after which a round ends, so that potentials are refreshed before their rounding adds up.
pub(super) fn pivots_per_round(nodes: usize) -> u64 {
    2 * nodes as u64 + 100
}

/// Entries of a matrix from which few candidate arcs are faster than all rows in turn.
pub(super) const SPARSE_FROM: usize = 160_000;

/// What a run of the simplex gives back.
pub(super) struct Outcome<A> {
    pub(super) arcs: Vec<TreeArc<A>>,
    /// π on sources, then targets.
    pub(super) potential: Vec<f64>,
    pub(super) iterations: u64,
    pub(super) status: Status,
    pub(super) memory: usize,
}

impl<A> Outcome<A> {
    /// Of a problem in which no mass has to move.
    pub(super) fn nothing() -> Self {
        Self { arcs: Vec::new(), potential: Vec::new(), iterations: 0, status: Status::Optimal, memory: 0 }
    }

    /// The same with sources and targets numbered as before they were put in the given orders.
    pub(super) fn in_order(mut self, source: &[u32], target: &[u32]) -> Self {
        for arc in &mut self.arcs {
            (arc.source, arc.target) = (source[arc.source as usize], target[arc.target as usize]);
        }
        let mut potential = vec![0.0; self.potential.len()];
        let places = source.iter().map(|&i| i as usize).chain(target.iter().map(|&j| source.len() + j as usize));
        for (place, &value) in places.zip(&self.potential) {
            potential[place] = value;
        }
        Self { potential, ..self }
    }
}
