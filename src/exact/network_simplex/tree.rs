//! The basis: a spanning tree over sources and targets, with flows and potentials on it.
//!
//! Nodes are numbered sources first, then targets. Since the graph is bipartite and every arc runs from a source to a
//! target, the tree needs no arc records: the arc of a node is the one to its parent, it runs up when the node is a source
//! and down when it is a target. Potentials π have the sign in which the reduced cost of an arc is c + π(s) − π(t), so that
//! one number shifts a whole subtree; f = −π on sources and g = π on targets.
//!
//! A pivot walks its cycle in [`Links`] and then shifts the potentials of one subtree. How that shift is done is the
//! [`Order`]: [`Thread`](super::thread::Thread) visits every node, which is fastest up to some thousand nodes;
//! [`Tour`](super::tour::Tour) shifts whole chunks, O(√N) a pivot.

use crate::exact::amount::Amount;
use crate::numeric::Sum;

/// "No node."
pub(super) const NONE: u32 = u32::MAX;

/// One arc of a tree: source, target (both counted from 0) and flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeArc<A> {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) flow: A,
}

/// What a pivot does to the tree: the subtree of `out` is cut off its parent, turned so that `inner` becomes its root, and
/// hung below `outer`. `join` is the top of the cycle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) inner: u32,
    pub(super) outer: u32,
    pub(super) out: u32,
    pub(super) join: u32,
}

/// An order of the nodes that keeps each subtree together, with the potentials.
pub(super) trait Order {
    /// The order of the nodes given in depth-first order, root first. Potentials are zero.
    fn new<A: Amount>(links: &Links<A>, depth_first: &[u32]) -> Self;

    /// The potential of a node.
    fn potential(&self, v: u32) -> f64;

    /// Replaces the potential of every node.
    fn set_potentials(&mut self, potential: Vec<f64>);

    /// Follows a move, `links` being those before it, and adds `shift` to the potentials of the subtree moved (or takes it
    /// from all others: potentials count only up to a constant).
    fn rehang<A: Amount>(&mut self, links: &Links<A>, step: Move, shift: f64);

    /// Bytes held.
    fn memory(&self) -> usize;
}

/// What is known of a node: 32 bytes with flows of 128 bits, so that two lie in a cache line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<A> {
    /// Flow on the arc to the parent.
    pub(super) flow: A,
    pub(super) parent: u32,
    /// Nodes of the subtree below, the node itself included.
    pub(super) size: u32,
}

/// Parents, subtree sizes and flows.
#[derive(Debug)]
pub(super) struct Links<A> {
    pub(super) sources: u32,
    pub(super) root: u32,
    pub(super) nodes: Vec<Node<A>>,
}

/// A spanning tree with positive flows.
#[derive(Debug)]
pub(super) struct Tree<O, A> {
    links: Links<A>,
    order: O,
}

impl<O: Order, A: Amount> Tree<O, A> {
    /// The tree of n + m − 1 arcs that span n sources and m targets. Potentials are zero until [`Tree::refresh`].
    pub(super) fn new(sources: usize, targets: usize, arcs: &[TreeArc<A>]) -> Self {
        let (links, depth_first) = Links::new(sources, targets, arcs);
        let order = O::new(&links, &depth_first);
        Self { links, order }
    }

    /// The arcs, with the flow of each.
    pub(super) fn arcs(&self) -> Vec<TreeArc<A>> {
        let mut arcs = Vec::with_capacity(self.links.nodes.len() - 1);
        arcs.extend(self.arcs_by_node());
        arcs
    }

    /// The same, one by one.
    pub(super) fn arcs_by_node(&self) -> impl Iterator<Item = TreeArc<A>> {
        let Links { sources, root, ref nodes } = self.links;
        (0..nodes.len() as u32).filter(move |&v| v != root).map(move |v| {
            let Node { parent, flow, .. } = nodes[v as usize];
            let (s, t) = if v < sources { (v, parent) } else { (parent, v) };
            TreeArc { source: s, target: t - sources, flow }
        })
    }

    /// The order of the nodes.
    pub(super) fn order(&self) -> &O {
        &self.order
    }

    /// The potential π of node `v`.
    #[inline]
    pub(super) fn potential(&self, v: u32) -> f64 {
        self.order.potential(v)
    }

    /// The potentials of all nodes, sources first.
    pub(super) fn potentials(&self) -> Vec<f64> {
        (0..self.links.nodes.len() as u32).map(|v| self.order.potential(v)).collect()
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.links.nodes.len() * size_of::<Node<A>>() + self.order.memory()
    }

    /// Recomputes the potentials from the tree, so that rounding of many shifts does not add up. Sums along paths are
    /// compensated: a potential near zero is right to its own last digit, whatever large costs its path goes through.
    pub(super) fn refresh(&mut self, cost: impl Fn(usize, usize) -> f64) {
        let Links { sources, root, ref nodes } = self.links;
        let mut exact = vec![Sum::default(); nodes.len()];
        let mut known = vec![false; nodes.len()];
        known[root as usize] = true;
        let mut path = Vec::new();
        for v in 0..nodes.len() as u32 {
            let mut above = v;
            while !known[above as usize] {
                path.push(above);
                above = nodes[above as usize].parent;
            }
            while let Some(below) = path.pop() {
                let upwards = below < sources;
                let (i, j) = if upwards { (below, above) } else { (above, below) };
                let c = cost(i as usize, (j - sources) as usize);
                exact[below as usize] = exact[above as usize];
                exact[below as usize].add(if upwards { -c } else { c });
                known[below as usize] = true;
                above = below;
            }
        }
        // (Out of the sums themselves, the potentials would go on living in their room.)
        self.order.set_potentials(exact.iter().map(|sum| sum.value()).collect());
    }

    /// Brings the arc (source, target) of reduced cost `reduced` < 0 into the tree: pushes flow around the cycle that it
    /// closes, until the first arc runs empty and leaves.
    pub(super) fn pivot(&mut self, source: u32, target: u32, reduced: f64) {
        let (first, second) = (source, self.links.sources + target);
        let (join, out, from_first, amount) = self.links.ratio_test(first, second);
        self.links.push(first, second, join, amount);
        // The endpoint in the cut-off subtree hangs it up again at the other endpoint.
        let (inner, outer, shift) = if from_first { (first, second, -reduced) } else { (second, first, reduced) };
        let step = Move { inner, outer, out, join };
        self.order.rehang(&self.links, step, shift);
        self.links.rehang(step, amount);
    }
}

impl<A: Amount> Links<A> {
    /// The tree rooted at node 0, and its nodes in depth-first order.
    fn new(sources: usize, targets: usize, arcs: &[TreeArc<A>]) -> (Self, Vec<u32>) {
        let nodes = sources + targets;
        debug_assert_eq!(arcs.len() + 1, nodes, "a spanning tree has one arc less than nodes");
        let ends = |arc: &TreeArc<A>| [arc.source as usize, sources + arc.target as usize];
        let mut start = vec![0u32; nodes + 1];
        for arc in arcs {
            ends(arc).iter().for_each(|&v| start[v + 1] += 1);
        }
        for v in 0..nodes {
            start[v + 1] += start[v];
        }
        let mut next = start.clone();
        let mut around = vec![0u32; 2 * arcs.len()];
        for (at, arc) in arcs.iter().enumerate() {
            for v in ends(arc) {
                around[next[v] as usize] = at as u32;
                next[v] += 1;
            }
        }
        let blank = Node { flow: A::ZERO, parent: NONE, size: 1 };
        let mut links = Self { sources: sources as u32, root: 0, nodes: vec![blank; nodes] };
        let mut depth_first = Vec::with_capacity(nodes);
        let mut open = vec![0u32];
        while let Some(v) = open.pop() {
            depth_first.push(v);
            let parent = links.nodes[v as usize].parent;
            for &at in &around[start[v as usize] as usize..start[v as usize + 1] as usize] {
                let arc = &arcs[at as usize];
                let [s, t] = ends(arc);
                let w = if s == v as usize { t } else { s };
                if parent != w as u32 {
                    links.nodes[w].parent = v;
                    links.nodes[w].flow = arc.flow;
                    open.push(w as u32);
                }
            }
        }
        debug_assert_eq!(depth_first.len(), nodes, "the arcs connect all nodes");
        for &v in depth_first[1..].iter().rev() {
            let Node { parent, size, .. } = links.nodes[v as usize];
            links.nodes[parent as usize].size += size;
        }
        (links, depth_first)
    }

    /// Where the cycle of an entering arc closes; the node whose arc to its parent runs empty first; on which side; and how
    /// much flow that takes.
    #[inline]
    fn ratio_test(&self, first: u32, second: u32) -> (u32, u32, bool, A) {
        let (mut u, mut v) = (first, second);
        let (mut out, mut from_first, mut amount) = (NONE, true, A::MAX);
        // Flow runs source → target on the entering arc, then back through the tree. It lowers the arcs of sources on
        // the first side and of targets on the second.
        let (mut at_u, mut at_v) = (self.nodes[u as usize], self.nodes[v as usize]);
        while u != v {
            if at_u.size < at_v.size {
                if u < self.sources && at_u.flow < amount {
                    (out, from_first, amount) = (u, true, at_u.flow);
                }
                u = at_u.parent;
                at_u = self.nodes[u as usize];
            } else {
                if v >= self.sources && at_v.flow <= amount {
                    (out, from_first, amount) = (v, false, at_v.flow);
                }
                v = at_v.parent;
                at_v = self.nodes[v as usize];
            }
        }
        debug_assert_ne!(out, NONE, "uncapacitated transport is bounded: some arc of a cycle runs empty");
        (u, out, from_first, amount)
    }

    /// Moves `amount` around the cycle.
    #[inline]
    fn push(&mut self, first: u32, second: u32, join: u32, amount: A) {
        let mut v = first;
        while v != join {
            let node = &mut self.nodes[v as usize];
            node.flow += if v < self.sources { -amount } else { amount };
            v = node.parent;
        }
        let mut v = second;
        while v != join {
            let node = &mut self.nodes[v as usize];
            node.flow += if v >= self.sources { -amount } else { amount };
            v = node.parent;
        }
    }

    /// Carries out a move; the new arc carries `amount`.
    fn rehang(&mut self, Move { inner, outer, out, join }: Move, amount: A) {
        let cut = self.nodes[out as usize];
        // Each arc of the path from `inner` up to `out` goes to its other end.
        let (mut v, mut above, mut flow, mut size) = (inner, outer, amount, cut.size);
        loop {
            let old = self.nodes[v as usize];
            self.nodes[v as usize] = Node { flow, parent: above, size };
            if v == out {
                break;
            }
            size = cut.size - old.size;
            (above, flow) = (v, old.flow);
            v = old.parent;
        }
        let mut v = outer;
        while v != join {
            let node = &mut self.nodes[v as usize];
            node.size += cut.size;
            v = node.parent;
        }
        let mut v = cut.parent;
        while v != join {
            let node = &mut self.nodes[v as usize];
            node.size -= cut.size;
            v = node.parent;
        }
    }
}
