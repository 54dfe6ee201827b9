//! The simplex over few arcs, and pricing rounds that add the ones that are missing.

use super::arcs::{Candidates, End, pivot_until_clean};
use super::fixed_point::FixedPoint;
use super::oracle::Oracle;
use super::outcome::{Outcome, TOUR_FROM, pivots_per_round, tolerance};
use super::thread::Thread;
use super::tour::Tour;
use super::tree::{Order, Tree, TreeArc};
use crate::exact::amount::Amount;
use crate::numeric::Sum;
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
    /// How much longer than usual a round of pivots is. Where pricing is expensive, fewer passes are worth a little rounding; among coarse
    /// cells, where reduced costs are close to 0, it would let pivots chase each other.
    pub(super) stretch: f64,
    /// Whether many reduced costs tie at 0, as those of points on one line do under a norm. Costs are then taken in fixed point first.
    pub(super) ties: bool,
    /// Whether to go on until no arc at all violates; else one round over the first candidates is enough.
    pub(super) proof: bool,
    /// The relative gap at the first pricing from which it gives up, with status `Stalled`.
    pub(super) poor: Option<f64>,
}

/// Feasible potentials π (to rounding), and the lower bound that they prove, in units of mass.
pub(super) struct Dual {
    pub(super) value: f64,
    pub(super) potential: Vec<f64>,
}

impl Dual {
    pub(super) fn new(potential: Vec<f64>, masses: &[f64], sources: usize) -> Self {
        let mut value = Sum::default();
        for (v, (pi, mass)) in potential.iter().zip(masses).enumerate() {
            value.add_product(*mass, if v < sources { -pi } else { *pi });
        }
        Self { value: value.value(), potential }
    }
}

/// Potentials π that are feasible after a pricing pass: lowered by the worst violation of each source.
pub(super) fn lowered(
    mut potential: Vec<f64>,
    n: usize,
    missing: &[(u32, u32)],
    cost: &dyn Fn(usize, usize) -> f64,
) -> Vec<f64> {
    for &(i, j) in missing {
        let (i, j) = (i as usize, j as usize);
        potential[i] = potential[i].max(potential[n + j] - cost(i, j));
    }
    potential
}

/// Potentials π of sources as f = −π, or f as π.
fn negate(potentials: &mut [f64]) {
    potentials.iter_mut().for_each(|p| *p = -*p);
}

/// What a basis moves, and what that costs.
fn mass_and_cost<A: Amount>(arcs: impl Iterator<Item = TreeArc<A>>, cost: &dyn Fn(usize, usize) -> f64) -> (f64, f64) {
    let (mut mass, mut total) = (Sum::default(), Sum::default());
    arcs.for_each(|arc| {
        mass.add(arc.flow.as_f64());
        total.add_product(arc.flow.as_f64(), cost(arc.source as usize, arc.target as usize));
    });
    (mass.value(), total.value())
}

/// How far the cost of a basis can be from the optimum, of which `lower` is a lower bound.
pub(super) fn relative_gap<A: Amount>(
    arcs: impl Iterator<Item = TreeArc<A>>,
    cost: &dyn Fn(usize, usize) -> f64,
    lower: f64,
) -> f64 {
    let (_, total) = mass_and_cost(arcs, cost);
    if total > lower { (total - lower) / total.abs().max(lower.abs()) } else { 0.0 }
}

/// What each node of a tree sends or takes.
pub(super) fn masses_of<A: Amount>(arcs: impl Iterator<Item = TreeArc<A>>, (n, m): (usize, usize)) -> Vec<f64> {
    let mut masses = vec![0.0; n + m];
    for arc in arcs {
        masses[arc.source as usize] += arc.flow.as_f64();
        masses[n + arc.target as usize] += arc.flow.as_f64();
    }
    masses
}

/// How many times the usual tolerance an arc must violate in fixed point. Sums are exact, but each cost is rounded, and around a long cycle
/// of costs that tie their roundings add up: without this, pivots would follow them.
const ROUNDED: f64 = 16.0;

/// How many times as long a round is in fixed point, where nothing has to be refreshed.
const LONGER: f64 = 10.0;

/// What the unit of fixed point may bring, as a share of the transport cost. Where it may bring more, the solve goes on in floating point.
const ROUNDING: f64 = 1e-13;

/// The fixed point of a problem: it holds the potentials of its tree and the costs of its candidates.
fn fixed_point(potentials: &[f64], candidates: &Candidates) -> Option<FixedPoint> {
    let (least, most) = potentials.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
    FixedPoint::new((most - least).max(candidates.largest_cost()))
}

impl Rounds<'_> {
    /// Solves from a feasible basis and first candidates. After an early end the potentials are feasible ones: `known` ones,
    /// unless pricing has found better ones.
    pub(super) fn run<A: Amount>(
        &self,
        arcs: Vec<TreeArc<A>>,
        candidates: Candidates,
        known: Option<Vec<f64>>,
        progress: Progress,
        watch: &mut Watch,
    ) -> Outcome<A> {
        if arcs.len() < TOUR_FROM {
            self.run_with::<Thread, A>(arcs, candidates, known, progress, watch)
        } else {
            self.run_with::<Tour, A>(arcs, candidates, known, progress, watch)
        }
    }

    /// Whether the unit of fixed point can move the transport cost by more than a share of it that counts.
    fn is_coarse<O: Order, A: Amount>(&self, fixed: FixedPoint, tree: &Tree<O, A>) -> bool {
        let (mass, total) = mass_and_cost(tree.arcs_by_node(), self.cost);
        fixed.unit() * mass > ROUNDING * total.abs()
    }

    fn run_with<O: Order, A: Amount>(
        &self,
        arcs: Vec<TreeArc<A>>,
        mut candidates: Candidates,
        known: Option<Vec<f64>>,
        mut progress: Progress,
        watch: &mut Watch,
    ) -> Outcome<A> {
        let (n, m) = self.shape;
        let mut tree = Tree::<O, A>::new(n, m, &arcs);
        drop(arcs);
        tree.refresh(self.cost);
        let mut fixed = self.ties.then(|| fixed_point(&tree.potentials(), &candidates)).flatten();
        if let Some(fixed) = fixed {
            candidates.round(fixed);
            tree.refresh(|i, j| fixed.round((self.cost)(i, j)));
        }
        // (Made when they are asked for: while the oracle answers, memory is short.)
        let masses = |tree: &Tree<O, A>| masses_of(tree.arcs_by_node(), self.shape);
        let mut best = known.map(|potential| Dual::new(potential, &masses(&tree), n));
        let gap = |tree: &Tree<O, A>, best: &Option<Dual>| {
            best.as_ref().filter(|_| self.proof).map(|best| relative_gap(tree.arcs_by_node(), self.cost, best.value))
        };
        progress.gap = gap(&tree, &best);
        let mut round = 0;
        let status = loop {
            let block = ((candidates.len() as f64).sqrt() * self.block) as usize + 10;
            let stretch = if fixed.is_some() { LONGER } else { self.stretch };
            let most = (pivots_per_round(n) as f64 * stretch) as u64;
            let cost = |i: usize, j: usize| {
                let cost = (self.cost)(i, j);
                fixed.map_or(cost, |fixed| fixed.round(cost))
            };
            let tolerance = tolerance(round) * if fixed.is_some() { ROUNDED } else { 1.0 };
            let (iterations, end) =
                pivot_until_clean(&mut tree, &candidates, (block, most), tolerance, progress, watch);
            let moved = iterations > progress.iterations;
            progress.iterations = iterations;
            tree.refresh(cost);
            let status = match end {
                End::Stopped(status) => Some(status),
                _ => None,
            };
            if !self.proof || !self.oracle.sees_all() {
                // Nobody prices; where the candidates are all pairs, a round over fresh potentials that moves nothing is the proof.
                if end == End::Clean && !(self.proof && moved) {
                    break Status::Optimal;
                }
                if let Some(status) = status.or_else(|| watch.check(&progress)) {
                    break status;
                }
                round += 1;
                continue;
            }
            // Potentials fresh from the tree: a pass over them without a violation is the proof.
            let mut potential = tree.potentials();
            negate(&mut potential[..n]);
            let mut missing = self.oracle.violating(&potential[..n], &potential[n..], self.violators, tolerance);
            negate(&mut potential[..n]);
            if self.oracle.is_cut() {
                break status.or_else(|| watch.check(&progress)).unwrap_or(Status::Deadline);
            }
            missing.retain(|&(i, j)| {
                let (c, own, other) = (cost(i as usize, j as usize), potential[i as usize], potential[n + j as usize]);
                c + own - other < -tolerance * (c.abs() + own.abs() + other.abs())
            });
            if missing.is_empty() && status.is_none() {
                if !fixed.take().is_some_and(|fixed| self.is_coarse(fixed, &tree)) {
                    break Status::Optimal;
                }
                // The potentials span too many digits for one unit: an outlier, or clusters far apart.
                candidates.evaluate(self.cost);
                tree.refresh(self.cost);
                continue;
            }
            let potential = lowered(potential, n, &missing, self.cost);
            let dual = Dual::new(potential, &masses(&tree), n);
            if best.as_ref().is_none_or(|best| best.value < dual.value) {
                best = Some(dual);
            }
            progress.stage = "price";
            progress.violations = Some(missing.len());
            progress.gap = gap(&tree, &best);
            if let Some(status) = status.or_else(|| watch.check(&progress)) {
                break status;
            }
            if round == 0 && self.poor.is_some_and(|poor| progress.gap > Some(poor)) {
                break Status::Stalled;
            }
            round += 1;
            progress.stage = "pivot";
            candidates = candidates.with(&missing, cost);
        };
        // Candidates are held twice when more are merged in, after the oracle has answered.
        let memory = tree.memory() + candidates.memory() + candidates.memory().max(self.oracle.memory());
        drop(candidates);
        let feasible = best.filter(|_| status != Status::Optimal);
        let potential = feasible.map_or_else(|| tree.potentials(), |dual| dual.potential);
        Outcome { arcs: tree.arcs(), potential, iterations: progress.iterations, status, memory }
    }
}
