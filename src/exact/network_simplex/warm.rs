//! A first basis from a former plan and its potentials: points moved a little, or masses changed a little.
//!
//! 1. The support of the plan is a forest. Leaf by leaf, its arcs get the flows that the new masses ask for, as far as both
//!    ends go.
//! 2. What is left over goes along candidate arcs in the order of their reduced cost, and the rest is solved exactly.
//! 3. The parts of the forest that hold as much as they want exchange nothing but units of the perturbation. Those flow from
//!    the sources of each part to the part of the one target that takes them all, along shortest paths in reduced cost
//!    over the candidates (Dijkstra): where the plan is still optimal, the potentials of that tree are, too.
//!
//! The start is judged before it is used: its potentials bound how far it is from the optimum, and a cold start beats a bad
//! guess.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::arcs::Candidates;
use super::dense;
use super::levels::Side;
use super::masses::Masses;
use super::multiscale::Clouds;
use super::multiscale::ties;
use super::oracle::{Matrix, Oracle, oracle};
use super::outcome::Outcome;
use super::rounds::{Dual, Rounds, masses_of, relative_gap};
use super::start::row_greedy;
use super::tree::TreeArc;
use crate::exact::amount::Amount;
use crate::neighbors::halving::kd_order;
use crate::transport::{Interrupt, Progress, Silent, Status, Watch};

/// Candidates of each source where parts of the forest must be joined.
const NEAREST: usize = 6;
/// The most arcs that a pricing round adds for a source.
const VIOLATORS: usize = 6;
/// Arcs of which one enters at a pivot, as a multiple of the root of their number.
const BLOCK: f64 = 0.3;
/// The relative gap of a tree from which a cold start is faster (measured at n = 10,000: at 0.01 it takes 1.5 to 4 times as long, at 0.2
/// half as long in the plane; in ten dimensions even 0.5 is worth it).
const POOR_TREE: f64 = 0.1;
/// The relative gap between a plan that falls into parts and the potentials beside it from which a cold start is faster.
const POOR_PARTS: f64 = 0.025;
/// Parts without a candidate that leads on, for which the best arc among all is looked for.
const MOST_LOOKS: usize = 64;
/// Pairs of left-over points up to which they are solved exactly; beyond, greedily.
const MOST_LEFT_OVER: usize = 1_000_000;

/// What is known from a former solve: the support of its plan, heaviest flows first, and its potentials.
pub(super) struct Former {
    pub(super) support: Vec<(u32, u32)>,
    pub(super) f: Vec<f64>,
    pub(super) g: Vec<f64>,
}

impl Former {
    /// The same with sources and targets in the given orders.
    pub(super) fn in_order(&self, source: &[u32], target: &[u32]) -> Self {
        let places = |order: &[u32]| {
            let mut place = vec![0; order.len()];
            (0..).zip(order).for_each(|(at, &i)| place[i as usize] = at);
            place
        };
        let (rows, columns) = (places(source), places(target));
        Self {
            support: self.support.iter().map(|&(i, j)| (rows[i as usize], columns[j as usize])).collect(),
            f: source.iter().map(|&i| self.f[i as usize]).collect(),
            g: target.iter().map(|&j| self.g[j as usize]).collect(),
        }
    }
}

/// Solves transport between clouds from a former solve; `None` where a cold start is faster.
pub(super) fn solve_clouds<A: Amount>(former: &Former, clouds: &Clouds<A>, watch: &mut Watch) -> Option<Outcome<A>> {
    let dim = clouds.dim;
    // Trees and caches like neighbours to stand together.
    let (rows, columns) = rayon::join(|| kd_order(clouds.source, dim), || kd_order(clouds.target, dim));
    let source = Side::new(dim, clouds.source, &clouds.masses.source, &rows);
    let target = Side::new(dim, clouds.target, &clouds.masses.target, &columns);
    let cost = |i: usize, j: usize| {
        clouds.ground.between(&source.points[i * dim..(i + 1) * dim], &target.points[j * dim..(j + 1) * dim])
    };
    let oracle = oracle(&clouds.ground, &source.points, &target.points, dim, watch.until());
    let masses = Masses::from_units(source.masses.clone(), target.masses.clone());
    let ties = ties(&*clouds.ground);
    let mut outcome = solve(&former.in_order(&rows, &columns), &masses, &cost, (&*oracle, ties), watch)?;
    outcome.memory += source.memory() + target.memory();
    Some(outcome.in_order(&rows, &columns))
}

/// Solves transport under a row-major matrix from a former solve; `None` where a cold start is faster.
pub(super) fn solve_matrix<A: Amount>(
    former: &Former,
    costs: &[f64],
    masses: &Masses<A>,
    watch: &mut Watch,
) -> Option<Outcome<A>> {
    let m = masses.target.len();
    solve(former, masses, &|i, j| costs[i * m + j], (&Matrix { costs, columns: m }, false), watch)
}

/// Solves from what is known of a former solve, `ties` being that of [`Rounds`]; `None` where a cold start is faster.
pub(super) fn solve<A: Amount>(
    former: &Former,
    masses: &Masses<A>,
    cost: &dyn Fn(usize, usize) -> f64,
    (oracle, ties): (&dyn Oracle, bool),
    watch: &mut Watch,
) -> Option<Outcome<A>> {
    let (n, m) = (masses.source.len(), masses.target.len());
    let mut forest = Forest::new(&former.support, masses);
    let mut pairs = former.support.clone();
    let spans = forest.arcs.len() + 1 == n + m;
    let mut known = None;
    if !spans {
        let near = oracle.nearest_targets(&former.g, NEAREST);
        if oracle.is_cut() {
            return None;
        }
        let mut f = vec![f64::INFINITY; n];
        for &(i, j) in &near {
            let (i, j) = (i as usize, j as usize);
            f[i] = f[i].min(cost(i, j) - former.g[j]);
        }
        pairs.extend(near);
        let near = Candidates::new(n, pairs.clone(), cost);
        forest.route_left_over(&near, &f, &former.g, cost, watch.rest());
        let potential = f.iter().map(|f| -f).chain(former.g.iter().copied()).collect();
        let dual = Dual::new(potential, &masses_of(forest.arcs.iter().copied(), (n, m)), n);
        if relative_gap(forest.arcs.iter().copied(), cost, dual.value) > POOR_PARTS {
            return None;
        }
        known = Some(dual.potential);
        forest.join(&near, &f, &former.g, sink(masses), cost);
    }
    let arcs = forest.with_units(masses);
    let candidates = Candidates::new(n, pairs, cost);
    // A tree is its own candidates: it is judged by its first pricing, before any pivot.
    let poor = spans.then_some(POOR_TREE);
    let rounds = Rounds {
        shape: (n, m),
        cost,
        oracle,
        violators: VIOLATORS,
        block: BLOCK,
        stretch: 1.0,
        ties,
        proof: true,
        poor,
    };
    let outcome = rounds.run(arcs, candidates, known, Progress { stage: "pivot", ..Progress::default() }, watch);
    (outcome.status != Status::Stalled).then_some(outcome)
}

/// Arcs without cycles, with the flows of masses that are not perturbed, and what each point still holds or wants.
struct Forest<A> {
    arcs: Vec<TreeArc<A>>,
    held: Vec<A>,
    wanted: Vec<A>,
}

impl<A: Amount> Forest<A> {
    /// The arcs of `support` that close no cycle with those before them, with as much flow as both ends can bear, leaf by
    /// leaf. Each arc kept uses up one of its ends, so points that still hold or want something are in different parts.
    fn new(support: &[(u32, u32)], masses: &Masses<A>) -> Self {
        let whole = |masses: &[A]| masses.iter().map(|mass| mass.without_units()).collect::<Vec<_>>();
        let (held, wanted) = (whole(&masses.source), whole(&masses.target));
        let n = held.len();
        let mut parts = Parts::new(n + wanted.len());
        let arcs: Vec<TreeArc<A>> = support
            .iter()
            .filter(|&&(i, j)| parts.unite(i, n as u32 + j))
            .map(|&(source, target)| TreeArc { source, target, flow: A::ZERO })
            .collect();
        let mut left: Vec<A> = held.iter().chain(&wanted).copied().collect();
        let flows = from_the_leaves(n, left.len(), &arcs, |v, above| {
            let flow = left[v].min(left[above]);
            left[v] -= flow;
            left[above] -= flow;
            flow
        });
        let arcs = arcs.into_iter().zip(flows).map(|(arc, flow)| TreeArc { flow, ..arc });
        let arcs = arcs.filter(|arc| arc.flow > A::ZERO).collect();
        let wanted = left.split_off(n);
        Self { arcs, held: left, wanted }
    }

    /// Sends what points still hold to those that want it: by candidates in the order of their reduced cost, then exactly.
    fn route_left_over(
        &mut self,
        near: &Candidates,
        f: &[f64],
        g: &[f64],
        cost: &dyn Fn(usize, usize) -> f64,
        rest: Interrupt,
    ) {
        let open = |i: u32, j: u32, forest: &Self| forest.held[i as usize].min(forest.wanted[j as usize]);
        let mut order: Vec<(f64, u32, u32)> = near
            .iter()
            .filter(|&(i, j, _)| open(i, j, self) > A::ZERO)
            .map(|(i, j, c)| (c - f[i as usize] - g[j as usize], i, j))
            .collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (_, source, target) in order {
            let flow = open(source, target, self);
            self.send(TreeArc { source, target, flow });
        }
        let holding = |masses: &[A]| (0..masses.len()).filter(|&i| masses[i] > A::ZERO).collect::<Vec<_>>();
        let (rows, columns) = (holding(&self.held), holding(&self.wanted));
        if rows.is_empty() {
            return;
        }
        let pairs = rows.iter().flat_map(|&i| columns.iter().map(move |&j| (i, j)));
        let costs: Vec<f64> = pairs.map(|(i, j)| cost(i, j)).collect();
        let of = |masses: &[A], chosen: &[usize]| chosen.iter().map(|&i| masses[i]).collect();
        let left = Masses::from_units(of(&self.held, &rows), of(&self.wanted, &columns)).perturbed();
        let among = if costs.len() <= MOST_LEFT_OVER {
            dense::solve(&costs, &left, &mut Watch::new(rest, &mut Silent)).arcs
        } else {
            row_greedy(&costs, &left)
        };
        for arc in among {
            let (source, target) = (rows[arc.source as usize] as u32, columns[arc.target as usize] as u32);
            self.send(TreeArc { source, target, flow: arc.flow.without_units() });
        }
    }

    fn send(&mut self, arc: TreeArc<A>) {
        if arc.flow > A::ZERO {
            self.held[arc.source as usize] -= arc.flow;
            self.wanted[arc.target as usize] -= arc.flow;
            self.arcs.push(arc);
        }
    }

    /// Joins the parts by arcs without flow, from a source of each part towards the part of the target
    /// `sink` that takes all units.
    fn join(&mut self, near: &Candidates, f: &[f64], g: &[f64], sink: u32, cost: &dyn Fn(usize, usize) -> f64) {
        let (n, m) = (f.len(), g.len());
        let mut parts = Parts::new(n + m);
        // By how much the arcs that carry flow are above the potentials of a source: its other arcs are judged beside them.
        let mut above = vec![f64::INFINITY; n];
        for arc in &self.arcs {
            parts.unite(arc.source, n as u32 + arc.target);
            let (i, j) = (arc.source as usize, arc.target as usize);
            above[i] = above[i].min(cost(i, j) - f[i] - g[j]);
        }
        let part: Vec<u32> = (0..(n + m) as u32).map(|v| parts.find(v)).collect();
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); n + m];
        (0..).zip(&part[n..]).for_each(|(j, &part)| members[part as usize].push(j));

        let by_target = near.transposed();
        let mut joined = vec![false; n + m];
        let mut heap = BinaryHeap::new();
        let join = |part: u32, distance: f64, joined: &mut Vec<bool>, heap: &mut BinaryHeap<Open>| {
            joined[part as usize] = true;
            for &target in &members[part as usize] {
                let (sources, costs) =
                    if target < by_target.rows() { by_target.row(target as usize) } else { (&[][..], &[][..]) };
                for (&source, c) in sources.iter().zip(costs) {
                    let i = source as usize;
                    let length = (c - f[i] - g[target as usize] - above[i]).max(0.0);
                    heap.push(Open { distance: distance + length, source, target });
                }
            }
        };
        join(part[n + sink as usize], 0.0, &mut joined, &mut heap);
        let length = |i: usize, j: usize| (cost(i, j) - f[i] - g[j] - above[i]).max(0.0);
        let mut looks = 0;
        for anyone in 0..n as u32 {
            loop {
                while let Some(Open { distance, source, target }) = heap.pop() {
                    if !joined[part[source as usize] as usize] {
                        self.arcs.push(TreeArc { source, target, flow: A::ZERO });
                        join(part[source as usize], distance, &mut joined, &mut heap);
                    }
                }
                if joined[part[anyone as usize] as usize] {
                    break;
                }
                // No candidate leads on: the best arc from anywhere to the sink, or from here to anywhere joined.
                let mut best = Open { distance: length(anyone as usize, sink as usize), source: anyone, target: sink };
                looks += 1;
                if looks <= MOST_LOOKS {
                    let to_sink = (0..n as u32).filter(|&i| !joined[part[i as usize] as usize]).map(|i| (i, sink));
                    let from_here =
                        (0..m as u32).filter(|&j| joined[part[n + j as usize] as usize]).map(|j| (anyone, j));
                    for (source, target) in to_sink.chain(from_here) {
                        let open = Open { distance: length(source as usize, target as usize), source, target };
                        best = best.max(open);
                    }
                }
                heap.push(best);
            }
        }
    }

    /// The spanning tree with the flows of perturbed masses.
    fn with_units(self, masses: &Masses<A>) -> Vec<TreeArc<A>> {
        let n = masses.source.len();
        let mut left: Vec<A> = masses.source.iter().chain(&masses.target).copied().collect();
        let flows = from_the_leaves(n, left.len(), &self.arcs, |v, above| {
            let flow = left[v];
            left[above] -= flow;
            flow
        });
        let arcs: Vec<TreeArc<A>> =
            self.arcs.into_iter().zip(flows).map(|(arc, flow)| TreeArc { flow, ..arc }).collect();
        debug_assert!(arcs.iter().all(|arc| arc.flow > A::ZERO), "units flow towards the last target");
        arcs
    }
}

/// The target that takes all units of the perturbation.
fn sink<A: Amount>(masses: &Masses<A>) -> u32 {
    let units = |mass: &A| *mass > mass.without_units();
    masses.target.iter().position(units).expect("sources have units, so a target takes them") as u32
}

/// Visits the arcs of a forest from its leaves inwards; `flow` says what the arc of a leaf to its only other node carries.
fn from_the_leaves<A: Amount>(
    sources: usize,
    nodes: usize,
    arcs: &[TreeArc<A>],
    mut flow: impl FnMut(usize, usize) -> A,
) -> Vec<A> {
    // The sum of the numbers of the arcs around a node: of a leaf it is the number of its last one.
    let (mut degree, mut around) = (vec![0u32; nodes], vec![0u64; nodes]);
    let ends = |at: usize| [arcs[at].source as usize, sources + arcs[at].target as usize];
    for at in 0..arcs.len() {
        for v in ends(at) {
            degree[v] += 1;
            around[v] += at as u64;
        }
    }
    let mut flows = vec![A::ZERO; arcs.len()];
    for first in 0..nodes {
        let mut leaf = first;
        while degree[leaf] == 1 {
            let at = around[leaf] as usize;
            let [s, t] = ends(at);
            let above = if s == leaf { t } else { s };
            flows[at] = flow(leaf, above);
            degree[leaf] = 0;
            degree[above] -= 1;
            around[above] -= at as u64;
            // Nodes that were passed already when they became leaves are visited from here.
            if above > first {
                break;
            }
            leaf = above;
        }
    }
    flows
}

/// A source whose part may be joined to a target, and how far it is then from the last one.
#[derive(PartialEq)]
struct Open {
    distance: f64,
    source: u32,
    target: u32,
}

impl Eq for Open {}

impl Ord for Open {
    /// The nearest first; ties by number.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |open: &Self| (open.source, open.target);
        other.distance.total_cmp(&self.distance).then_with(|| key(other).cmp(&key(self)))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Disjoint parts of the nodes (union by the lower number, paths halved).
struct Parts(Vec<u32>);

impl Parts {
    fn new(nodes: usize) -> Self {
        Self((0..nodes as u32).collect())
    }

    fn find(&mut self, mut v: u32) -> u32 {
        while self.0[v as usize] != v {
            self.0[v as usize] = self.0[self.0[v as usize] as usize];
            v = self.0[v as usize];
        }
        v
    }

    /// Whether the two were in different parts until now.
    fn unite(&mut self, u: u32, v: u32) -> bool {
        let (u, v) = (self.find(u), self.find(v));
        self.0[u.max(v) as usize] = u.min(v);
        u != v
    }
}
