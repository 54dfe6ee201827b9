//! The simplex over few arcs, and pricing rounds that add the ones that are missing.

use super::arcs::{Candidates, pivot_until_clean};
use super::oracle::Oracle;
use super::thread::Thread;
use super::tour::Tour;
use super::tree::{Order, Tree, TreeArc};
use super::{Outcome, TOUR_FROM, tolerance};
use crate::transport::{Progress, Status, Watch};

/// A problem whose candidate arcs grow until none is missing.
pub(super) struct Rounds<'a> {
    pub(super) shape: (usize, usize),
    pub(super) cost: &'a dyn Fn(usize, usize) -> f64,
    pub(super) oracle: &'a dyn Oracle,
    /// The most arcs that a round adds for a source.
    pub(super) violators: usize,
    /// Arcs of which one enters at a pivot, as a multiple of the root of their number.
    pub(super) block: f64,
    /// Whether to go on until no arc at all violates; else one round over the first candidates is enough.
    pub(super) proof: bool,
}

impl Rounds<'_> {
    /// Solves from a feasible basis and first candidates.
    pub(super) fn run(
        &self,
        arcs: &[TreeArc],
        candidates: Candidates,
        progress: Progress,
        watch: &mut Watch,
    ) -> Outcome {
        if arcs.len() < TOUR_FROM {
            self.run_with::<Thread>(arcs, candidates, progress, watch)
        } else {
            self.run_with::<Tour>(arcs, candidates, progress, watch)
        }
    }

    fn run_with<O: Order>(
        &self,
        arcs: &[TreeArc],
        mut candidates: Candidates,
        mut progress: Progress,
        watch: &mut Watch,
    ) -> Outcome {
        let (n, m) = self.shape;
        let mut tree = Tree::<O>::new(n, m, arcs);
        tree.refresh(self.cost);
        let mut round = 0;
        let status = loop {
            let block = ((candidates.len() as f64).sqrt() * self.block) as usize + 10;
            let (iterations, status) =
                pivot_until_clean(&mut tree, &candidates, block, tolerance(round), progress, watch);
            let moved = iterations > progress.iterations;
            progress.iterations = iterations;
            tree.refresh(self.cost);
            if let Some(status) = status {
                break status;
            }
            if !self.proof {
                break Status::Optimal;
            }
            // Potentials fresh from the tree: a pass over them without a violation is the proof.
            let potentials = tree.potentials();
            let f: Vec<f64> = potentials[..n].iter().map(|p| -p).collect();
            let missing = self.oracle.violating(&f, &potentials[n..], self.violators, tolerance(round));
            progress.violations = Some(missing.len());
            if missing.is_empty() && !moved {
                break Status::Optimal;
            }
            if let Some(status) = watch.check(&progress) {
                break status;
            }
            round += 1;
            candidates = candidates.with(&missing, self.cost);
        };
        // Candidates are held twice when more are merged in.
        let memory = tree.memory() + 2 * candidates.memory() + self.oracle.memory();
        let potential = tree.potentials();
        Outcome { arcs: tree.arcs().collect(), potential, iterations: progress.iterations, status, memory }
    }
}
