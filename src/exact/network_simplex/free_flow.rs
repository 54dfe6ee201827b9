//! Minimum cost flow on an undirected graph: every edge carries any amount either way, at its length for each unit.
//!
//! Without capacities every spanning tree is a basis. The supplies say how much each of its edges carries and which way, and
//! perturbed supplies (each node one unit more, one node all of them less) that no edge carries nothing, so no pivot is
//! degenerate. With π(v) − π(u) = length along each flow from u to v, an edge violates when |π(v) − π(u)| exceeds its length.

use super::outcome::{TOUR_FROM, pivots_per_round, tolerance};
use super::thread::Thread;
use super::tour::Tour;
use super::tree::{Links, Move, NONE, Node, Order};
use crate::exact::amount::Amount;
use crate::numeric::Sum;
use crate::transport::{Progress, Status, Watch};

/// Edges of which one enters at a pivot, as a multiple of the root of their number.
const BLOCK: f64 = 1.0;

/// An edge between two nodes.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Edge {
    pub(in crate::exact) ends: [u32; 2],
    pub(in crate::exact) length: f64,
}

/// Flow from one node to a neighbour.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Step<A> {
    pub(in crate::exact) from: u32,
    pub(in crate::exact) to: u32,
    /// How much, in perturbed units; > 0.
    pub(in crate::exact) flow: A,
}

/// A connected graph whose nodes hold or want mass.
pub(in crate::exact) struct FreeFlow<'a, A> {
    pub(in crate::exact) edges: &'a [Edge],
    /// What each node has to give away, perturbed; sums to zero, but no part of the nodes does.
    pub(in crate::exact) supply: &'a [A],
    /// The length of the edge between two neighbours.
    pub(in crate::exact) length: &'a dyn Fn(u32, u32) -> f64,
}

/// Where the pivots ended.
pub(in crate::exact) struct Flowing<A> {
    /// One step for each edge of the spanning tree.
    pub(in crate::exact) steps: Vec<Step<A>>,
    /// π.
    pub(in crate::exact) potential: Vec<f64>,
    pub(in crate::exact) iterations: u64,
    pub(in crate::exact) status: Status,
    pub(in crate::exact) memory: usize,
}

/// The steps of a spanning tree, given by the ends of its edges, without a pivot.
pub(in crate::exact) fn steps_of<A: Amount>(tree: &[[u32; 2]], supply: &[A]) -> Vec<Step<A>> {
    steps(&rooted(tree, supply).0)
}

impl<A: Amount> FreeFlow<'_, A> {
    /// Solves from a spanning tree, given by the ends of its edges.
    pub(in crate::exact) fn solve(&self, tree: &[[u32; 2]], progress: Progress, watch: &mut Watch) -> Flowing<A> {
        if self.supply.len() < TOUR_FROM {
            self.solve_with::<Thread>(tree, progress, watch)
        } else {
            self.solve_with::<Tour>(tree, progress, watch)
        }
    }

    fn solve_with<O: Order>(&self, tree: &[[u32; 2]], mut progress: Progress, watch: &mut Watch) -> Flowing<A> {
        let (links, depth_first) = rooted(tree, self.supply);
        let order = O::new(&links, &depth_first);
        let mut basis = Basis { links, order };
        basis.refresh(self.length);
        let mut round = 0;
        let status = loop {
            let before = progress.iterations;
            let ended = self.pivot_until_clean(&mut basis, tolerance(round), &mut progress, watch);
            if let Some(status) = ended {
                break status;
            }
            if progress.iterations == before {
                break Status::Optimal;
            }
            // Fresh potentials: a pass over them without a violation is the proof.
            basis.refresh(self.length);
            round += 1;
        };
        let potential: Vec<f64> = (0..self.supply.len() as u32).map(|v| basis.order.potential(v)).collect();
        let memory = size_of_val(self.edges)
            + size_of_val(self.supply)
            + size_of_val(&basis.links.nodes[..])
            + basis.order.memory()
            + size_of_val(&potential[..]);
        Flowing { steps: steps(&basis.links), potential, iterations: progress.iterations, status, memory }
    }

    /// Pivots until one cycle over all edges finds none that violates, or potentials have aged. Of each block of edges the one
    /// that violates most enters.
    fn pivot_until_clean<O: Order>(
        &self,
        basis: &mut Basis<O, A>,
        tolerance: f64,
        progress: &mut Progress,
        watch: &mut Watch,
    ) -> Option<Status> {
        let last = progress.iterations + pivots_per_round(self.supply.len());
        let block = ((self.edges.len() as f64).sqrt() * BLOCK) as usize + 10;
        let mut clean = 0;
        if watch.iterations_left(progress.iterations) == 0 {
            return watch.check(progress);
        }
        for edges in self.edges.chunks(block).cycle() {
            let mut most = 0.0;
            let mut entering = None;
            for edge in edges {
                let [u, v] = edge.ends;
                let (at_u, at_v) = (basis.order.potential(u), basis.order.potential(v));
                let excess = (at_v - at_u).abs() - edge.length;
                if excess > most && excess > tolerance * (at_u.abs() + at_v.abs() + edge.length) {
                    most = excess;
                    entering = Some(if at_v > at_u { (u, v) } else { (v, u) });
                }
            }
            let Some((from, to)) = entering else {
                clean += edges.len();
                if clean >= self.edges.len() {
                    return None;
                }
                continue;
            };
            clean = 0;
            basis.pivot(from, to, -most);
            progress.iterations += 1;
            if (progress.iterations.is_multiple_of(64) || watch.iterations_left(progress.iterations) == 0)
                && let Some(status) = watch.check(progress)
            {
                return Some(status);
            }
            if progress.iterations >= last {
                return None;
            }
        }
        None
    }
}

/// A spanning tree. Flows are signed here: above zero they run up to the parent.
struct Basis<O, A> {
    links: Links<A>,
    order: O,
}

impl<O: Order, A: Amount> Basis<O, A> {
    /// Potentials anew from the tree, by compensated sums.
    fn refresh(&mut self, length: &dyn Fn(u32, u32) -> f64) {
        let nodes = &self.links.nodes;
        let mut exact: Vec<Option<Sum>> = vec![None; nodes.len()];
        exact[self.links.root as usize] = Some(Sum::default());
        let mut path = Vec::new();
        for v in 0..nodes.len() as u32 {
            let mut above = v;
            while exact[above as usize].is_none() {
                path.push(above);
                above = nodes[above as usize].parent;
            }
            let mut sum = exact[above as usize].expect("found");
            while let Some(below) = path.pop() {
                let length = length(below, above);
                sum.add(if nodes[below as usize].flow > A::ZERO { -length } else { length });
                exact[below as usize] = Some(sum);
                above = below;
            }
        }
        self.order.set_potentials(exact.into_iter().map(|sum| sum.map_or(0.0, Sum::value)).collect());
    }

    /// Sends flow along the entering edge from `first` to `second` and back through the tree, until the first flow that runs
    /// against it is used up: that edge leaves.
    fn pivot(&mut self, first: u32, second: u32, reduced: f64) {
        let (join, out, from_first, amount) = ratio_test(&self.links, first, second);
        push(&mut self.links, first, join, -amount);
        push(&mut self.links, second, join, amount);
        let (inner, outer, shift) = if from_first { (first, second, -reduced) } else { (second, first, reduced) };
        let step = Move { inner, outer, out, join };
        self.order.rehang(&self.links, step, shift);
        rehang(&mut self.links, step, if from_first { amount } else { -amount });
    }
}

/// The top of the cycle of an entering edge; the node whose flow against the cycle is used up first; on which side; and how
/// much that is. Perturbed flows never tie.
#[inline]
fn ratio_test<A: Amount>(links: &Links<A>, first: u32, second: u32) -> (u32, u32, bool, A) {
    let (mut u, mut v) = (first, second);
    let (mut out, mut from_first, mut amount) = (NONE, true, A::MAX);
    let (mut at_u, mut at_v) = (links.nodes[u as usize], links.nodes[v as usize]);
    while u != v {
        if at_u.size < at_v.size {
            if at_u.flow > A::ZERO && at_u.flow < amount {
                (out, from_first, amount) = (u, true, at_u.flow);
            }
            u = at_u.parent;
            at_u = links.nodes[u as usize];
        } else {
            if at_v.flow < A::ZERO && -at_v.flow < amount {
                (out, from_first, amount) = (v, false, -at_v.flow);
            }
            v = at_v.parent;
            at_v = links.nodes[v as usize];
        }
    }
    debug_assert_ne!(out, NONE, "a cycle of negative cost has flow against it: lengths are not negative");
    (u, out, from_first, amount)
}

/// Adds `amount` to the flows from `v` up to `join`.
#[inline]
fn push<A: Amount>(links: &mut Links<A>, mut v: u32, join: u32, amount: A) {
    while v != join {
        let node = &mut links.nodes[v as usize];
        node.flow += amount;
        v = node.parent;
    }
}

/// Carries out a move; the new edge carries `amount` up from `inner`.
fn rehang<A: Amount>(links: &mut Links<A>, Move { inner, outer, out, join }: Move, amount: A) {
    let cut = links.nodes[out as usize];
    let (mut v, mut above, mut flow, mut size) = (inner, outer, amount, cut.size);
    loop {
        let old = links.nodes[v as usize];
        links.nodes[v as usize] = Node { flow, parent: above, size };
        if v == out {
            break;
        }
        size = cut.size - old.size;
        // The edge is now seen from its other end.
        (above, flow) = (v, -old.flow);
        v = old.parent;
    }
    let resize = |nodes: &mut [Node<A>], mut v: u32, grow: bool| {
        while v != join {
            let node = &mut nodes[v as usize];
            node.size = if grow { node.size + cut.size } else { node.size - cut.size };
            v = node.parent;
        }
    };
    resize(&mut links.nodes, outer, true);
    resize(&mut links.nodes, cut.parent, false);
}

/// The tree rooted at node 0 with the flows that the supplies make, and its nodes in depth-first order.
fn rooted<A: Amount>(tree: &[[u32; 2]], supply: &[A]) -> (Links<A>, Vec<u32>) {
    let nodes = supply.len();
    debug_assert_eq!(tree.len() + 1, nodes, "a spanning tree has one edge less than nodes");
    let mut start = vec![0u32; nodes + 1];
    tree.as_flattened().iter().for_each(|&v| start[v as usize + 1] += 1);
    for v in 0..nodes {
        start[v + 1] += start[v];
    }
    let mut next = start.clone();
    let mut around = vec![0u32; 2 * tree.len()];
    for &[u, v] in tree {
        for (v, other) in [(u, v), (v, u)] {
            around[next[v as usize] as usize] = other;
            next[v as usize] += 1;
        }
    }
    let mut links =
        Links { sources: 0, root: 0, nodes: supply.iter().map(|&flow| Node { flow, parent: NONE, size: 1 }).collect() };
    let mut depth_first = Vec::with_capacity(nodes);
    let mut open = vec![0u32];
    while let Some(v) = open.pop() {
        depth_first.push(v);
        for &w in &around[start[v as usize] as usize..start[v as usize + 1] as usize] {
            if links.nodes[v as usize].parent != w {
                links.nodes[w as usize].parent = v;
                open.push(w);
            }
        }
    }
    debug_assert_eq!(depth_first.len(), nodes, "the edges connect all nodes");
    for &v in depth_first[1..].iter().rev() {
        let Node { parent, size, flow } = links.nodes[v as usize];
        links.nodes[parent as usize].size += size;
        links.nodes[parent as usize].flow += flow;
    }
    (links, depth_first)
}

/// The edges of the tree, the way their flows run.
fn steps<A: Amount>(links: &Links<A>) -> Vec<Step<A>> {
    let below = (0..links.nodes.len() as u32).filter(|&v| v != links.root);
    below
        .map(|v| {
            let Node { parent, flow, .. } = links.nodes[v as usize];
            if flow > A::ZERO { Step { from: v, to: parent, flow } } else { Step { from: parent, to: v, flow: -flow } }
        })
        .collect()
}
