//! From potentials of the sources to the optimum: candidates by reduced cost, a first basis, pricing rounds.

use super::arcs::Candidates;
use super::masses::Masses;
use super::oracle::Oracle;
use super::outcome::Outcome;
use super::rounds::Rounds;
use super::sparse_start::sparse_start;
use super::start::corners;
use super::tree::TreeArc;
use crate::exact::amount::Amount;
use crate::transport::{Progress, Status, Watch};

/// Candidates on each side of each point.
const NEAREST: usize = 12;
/// The most arcs that a pricing round adds for a source.
const VIOLATORS: usize = 10;

/// Solves from potentials of the sources that a sample or coarse cells suggested, and from a basis if there is one.
#[expect(clippy::too_many_arguments, reason = "they are what a solve is made of")]
pub(super) fn from_potentials<A: Amount>(
    f: Vec<f64>,
    basis: Option<Vec<TreeArc<A>>>,
    cost: &dyn Fn(usize, usize) -> f64,
    oracle: &dyn Oracle,
    masses: &Masses<A>,
    iterations: u64,
    proof: bool,
    watch: &mut Watch,
) -> Outcome<A> {
    let (n, m) = (masses.source.len(), masses.target.len());
    let mut progress = Progress { stage: "price", iterations, ..Progress::default() };
    let mut pairs = oracle.nearest_sources(&f, NEAREST);
    let mut g = vec![f64::INFINITY; m];
    for &(i, j) in &pairs {
        let slack = cost(i as usize, j as usize) - f[i as usize];
        g[j as usize] = g[j as usize].min(slack);
    }
    pairs.extend(oracle.nearest_targets(&g, NEAREST));
    if oracle.is_cut() {
        return Outcome {
            arcs: basis.unwrap_or_else(|| corners(masses)),
            potential: f.iter().map(|f| -f).chain(vec![0.0; m]).collect(),
            iterations,
            status: watch.check(&progress).unwrap_or(Status::Deadline),
            memory: 0,
        };
    }
    progress.stage = "pivot";
    let candidates = Candidates::new(n, pairs, cost);
    // g is the c-transform of f, so both are feasible.
    let known = Some(f.iter().map(|f| -f).chain(g.iter().copied()).collect());
    let arcs =
        basis.unwrap_or_else(|| sparse_start(&candidates, (&masses.source, &masses.target), f, g, cost, watch.rest()));
    let rounds = Rounds {
        shape: (n, m),
        cost,
        oracle,
        violators: VIOLATORS,
        block: 1.0,
        stretch: 1.5,
        ties: false,
        proof,
        poor: None,
    };
    rounds.run(arcs, candidates, known, progress, watch)
}
