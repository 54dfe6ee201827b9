//! Coarse to fine: a basis carried from level to level, few candidate arcs, and pricing rounds until none is missing.

use std::sync::Arc;

use super::arcs::Candidates;
use super::expand::{Cell, expand, finer_potentials};
use super::levels::{Cells, Side};
use super::masses::Masses;
use super::oracle::{Oracle, oracle};
use super::outcome::Outcome;
use super::rounds::Rounds;
use super::start::row_greedy;
use super::tree::TreeArc;
use crate::cost::{Form, GroundCost, PointCost};
use crate::exact::amount::Amount;
use crate::measure::Points;
use crate::neighbors::{self, halving::kd_order};
use crate::transport::{Progress, Status, Watch};

/// log₂ of the cells a side at the coarsest level, where all pairs are candidates.
const COARSEST: usize = 5;

/// Points and perturbed masses of the two sides.
pub(super) struct Clouds<'a, A> {
    pub(super) ground: Arc<dyn GroundCost>,
    pub(super) dim: usize,
    pub(super) source: &'a [f64],
    pub(super) target: &'a [f64],
    pub(super) masses: Masses<A>,
}

/// Candidates on each side of each point: a level tells the next one almost all.
const NEAREST: usize = 6;
/// The most arcs that a pricing round adds for a source.
const VIOLATORS: usize = 8;
/// The same where reduced costs tie: with few candidates the pivots a point grow with their number.
const NEAREST_OF_TIES: usize = 12;
const VIOLATORS_OF_TIES: usize = 32;
/// Arcs of which one enters at a pivot, as a multiple of the root of their number: pivots are cheap here.
const BLOCK: f64 = 0.3;

/// Whether reduced costs tie, as [`Rounds`] asks: under a norm points on one line exchange their targets for nothing. (Under the city
/// block and the Chebyshev norm so many do that more candidates would be no help.)
pub(super) fn ties(ground: &dyn GroundCost) -> bool {
    matches!(ground.form(), Form::Norm { power: 1.0, p } if p > 1.0 && p.is_finite())
}

/// Solves transport between two clouds in few dimensions.
///
/// Both clouds are put in kd order, so that halving index ranges halves boxes. The coarsest cells are solved as a small
/// dense problem; then each basis is expanded to the cells of the next level ([`expand`]), candidate arcs are the nearest
/// in the reduced cost that the coarse potentials suggest, and the simplex runs over them. At the finest level pricing
/// rounds look for arcs that violate among all n · m, until there are none: that pass is the proof.
pub(super) fn solve<A: Amount>(clouds: Clouds<A>, watch: &mut Watch) -> Outcome<A> {
    let dim = clouds.dim;
    let (source_order, target_order) = rayon::join(|| kd_order(clouds.source, dim), || kd_order(clouds.target, dim));
    let mut source = Side::new(dim, clouds.source, &clouds.masses.source, &source_order);
    let mut target = Side::new(dim, clouds.target, &clouds.masses.target, &target_order);
    drop(clouds.masses);
    let cost = |x: &[f64], y: &[f64]| clouds.ground.between(x, y);

    let nearest = if ties(&*clouds.ground) { NEAREST_OF_TIES } else { NEAREST };
    let deepest = source.depth().max(target.depth());
    let depth = deepest.min(COARSEST);
    let stops = stops(depth, deepest, source.len().max(target.len()));
    let mut progress = Progress { stage: "pivot", level: 1, levels: stops.len() + 1, ..Progress::default() };

    let mut at = Stage { depth, cells: (source.level(depth, deepest), target.level(depth, deepest)) };
    let level = Level { ground: &*clouds.ground, cells: &at.cells, proof: true };
    let mut solved = level.solve_all_pairs(progress, watch);
    // Targets and their potentials at the level of an early end.
    let mut told: Option<(Vec<f64>, Vec<f64>)> = None;
    for &stop in &stops {
        let (finer, arcs) = at.descend(&solved.arcs, (stop, deepest), (&mut source, &mut target), &cost);
        if solved.status != Status::Optimal {
            // Ended early: the basis is carried on to the finest level, so that there is a feasible plan.
            let g = solved.potential.split_off(at.cells.0.len().min(solved.potential.len()));
            told.get_or_insert((at.cells.1.centres, g));
            (at, solved.arcs) = (finer, arcs);
            continue;
        }
        progress.level += 1;
        progress.iterations = solved.iterations;
        let coarse = (&at.cells.0, &at.cells.1);
        let (f, g) = finer_potentials(&solved.arcs, &solved.potential, coarse, (&finer.cells.0, &finer.cells.1), &cost);
        // The coarser level goes before the longest work begins.
        at = finer;
        solved.arcs = Vec::new();
        let oracle = oracle(&clouds.ground, &at.cells.0.centres, &at.cells.1.centres, dim, watch.until());
        let (mut pairs, more) =
            rayon::join(|| oracle.nearest_targets(&g, nearest), || oracle.nearest_sources(&f, nearest));
        if oracle.is_cut() {
            solved.status = watch.check(&progress).unwrap_or(Status::Deadline);
            drop(oracle);
            solved.arcs = arcs;
            told = Some((at.cells.1.centres.clone(), g));
            continue;
        }
        drop(f);
        if stop == deepest {
            // From here on the basis says how much each point holds.
            (at.cells.0.masses, at.cells.1.masses) = (Vec::new(), Vec::new());
        }
        let level = Level { ground: &*clouds.ground, cells: &at.cells, proof: stop == deepest };
        let known = level.least_slacks(&pairs, g);
        pairs.extend(more);
        let candidates = Candidates::new(at.cells.0.len(), pairs, |i, j| level.cost(i, j));
        solved = level.solve(arcs, candidates, &*oracle, Some(known), progress, watch);
    }
    if let Some((targets, g)) = told {
        // The c-transform of what the coarse targets tell, to the sources. (The certificate takes it from there to all targets.)
        let points = |flat: &[f64]| Points::from_rows(flat, dim).expect("centres are finite");
        let (known, asked) = (points(&targets), points(&at.cells.0.centres));
        let cost = PointCost::shared(&known, &asked, Arc::clone(&clouds.ground));
        let all: Vec<u32> = (0..known.len() as u32).collect();
        let found = cost.ok().and_then(|cost| neighbors::c_transform(&cost, &g, &all, &watch.until()));
        let f = found.map_or_else(|| vec![0.0; asked.len()], |(f, _)| f);
        solved.potential = f.iter().map(|f| -f).chain(vec![0.0; at.cells.1.len()]).collect();
    }
    solved.memory += at.cells.0.memory() + at.cells.1.memory();
    solved.in_order(&source_order, &target_order)
}

/// The depths at which levels are solved after the coarsest, up to the deepest.
fn stops(coarsest: usize, deepest: usize, points: usize) -> Vec<usize> {
    let mut stops: Vec<usize> = (coarsest + 1..=deepest).collect();
    // The last but one level is worth its time only when it is much smaller than the last.
    if let [.., last_but_one, _] = stops[..]
        && 3 << last_but_one > 2 * points
    {
        stops.remove(stops.len() - 2);
    }
    stops
}

/// A depth of the two kd orders, with its cells.
struct Stage<A> {
    depth: usize,
    cells: (Cells<A>, Cells<A>),
}

impl<A: Amount> Stage<A> {
    /// The stage at depth `stop` of `deepest`, and a basis of it expanded from one here.
    fn descend(
        &self,
        arcs: &[TreeArc<A>],
        (stop, deepest): (usize, usize),
        (source, target): (&mut Side<A>, &mut Side<A>),
        cost: &dyn Fn(&[f64], &[f64]) -> f64,
    ) -> (Self, Vec<TreeArc<A>>) {
        let mut arcs = arcs.to_vec();
        let mut at: Option<Self> = None;
        for depth in self.depth + 1..=stop {
            let finer = Self { depth, cells: (source.level(depth, deepest), target.level(depth, deepest)) };
            let from = at.as_ref().unwrap_or(self);
            let between = |i: Cell, j: Cell| {
                cost(centre(i, &from.cells.0, &finer.cells.0), centre(j, &from.cells.1, &finer.cells.1))
            };
            arcs = expand(&arcs, (&from.cells.0, &from.cells.1), (&finer.cells.0, &finer.cells.1), &between);
            at = Some(finer);
        }
        (at.expect("the stop lies deeper"), arcs)
    }
}

/// The centre of a cell of one of two levels.
fn centre<'c, A: Amount>(cell: Cell, coarse: &'c Cells<A>, fine: &'c Cells<A>) -> &'c [f64] {
    match cell {
        Cell::Coarse(k) => coarse.centre(k),
        Cell::Fine(k) => fine.centre(k),
    }
}

/// One level, ready to be solved.
struct Level<'a, A> {
    ground: &'a dyn GroundCost,
    cells: &'a (Cells<A>, Cells<A>),
    /// Whether to go on until no arc at all violates.
    proof: bool,
}

impl<A: Amount> Level<'_, A> {
    fn shape(&self) -> (usize, usize) {
        (self.cells.0.len(), self.cells.1.len())
    }

    fn cost(&self, i: usize, j: usize) -> f64 {
        self.ground.between(self.cells.0.centre(i as u32), self.cells.1.centre(j as u32))
    }

    /// Solves the level from a basis and first candidates.
    fn solve(
        &self,
        arcs: Vec<TreeArc<A>>,
        candidates: Candidates,
        oracle: &dyn Oracle,
        known: Option<Vec<f64>>,
        progress: Progress,
        watch: &mut Watch,
    ) -> Outcome<A> {
        let cost = |i: usize, j: usize| self.cost(i, j);
        let (shape, proof) = (self.shape(), self.proof);
        // At the finest level a round that comes later asks for fewer candidates: that is memory.
        let stretch = if proof { 1.5 } else { 1.0 };
        let ties = ties(self.ground);
        let violators = if ties { VIOLATORS_OF_TIES } else { VIOLATORS };
        let rounds = Rounds { shape, cost: &cost, oracle, violators, block: BLOCK, stretch, ties, proof, poor: None };
        rounds.run(arcs, candidates, known, progress, watch)
    }

    /// The potentials π of g and of its c-transform, which `pairs` with the least c − g of each source attain.
    fn least_slacks(&self, pairs: &[(u32, u32)], g: Vec<f64>) -> Vec<f64> {
        let (n, m) = self.shape();
        let mut potential = Vec::with_capacity(n + m);
        potential.resize(n, f64::NEG_INFINITY);
        for &(i, j) in pairs {
            let pi = &mut potential[i as usize];
            *pi = pi.max(g[j as usize] - self.cost(i as usize, j as usize));
        }
        potential.extend(g);
        potential
    }

    /// Solves a small level with all pairs as candidates.
    fn solve_all_pairs(&self, progress: Progress, watch: &mut Watch) -> Outcome<A> {
        let (n, m) = self.shape();
        let pairs: Vec<(u32, u32)> = (0..n as u32).flat_map(|i| (0..m as u32).map(move |j| (i, j))).collect();
        let costs: Vec<f64> = pairs.iter().map(|&(i, j)| self.cost(i as usize, j as usize)).collect();
        let masses = Masses::from_units(self.cells.0.masses.clone(), self.cells.1.masses.clone());
        let candidates = Candidates::new(n, pairs, |i, j| costs[i * m + j]);
        self.solve(row_greedy(&costs, &masses), candidates, &NoneMissing, None, progress, watch)
    }
}

/// The oracle of a level whose candidates are all pairs.
struct NoneMissing;

impl Oracle for NoneMissing {
    fn sees_all(&self) -> bool {
        false
    }
    fn memory(&self) -> usize {
        0
    }
    fn nearest_targets(&self, _: &[f64], _: usize) -> Vec<(u32, u32)> {
        Vec::new()
    }
    fn nearest_sources(&self, _: &[f64], _: usize) -> Vec<(u32, u32)> {
        Vec::new()
    }
    fn violating(&self, _: &[f64], _: &[f64], _: usize, _: f64) -> Vec<(u32, u32)> {
        Vec::new()
    }
}
