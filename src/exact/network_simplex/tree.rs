//! The basis: a spanning tree over sources and targets, with flows and potentials on it.
//!
//! Nodes are numbered sources first, then targets. Since the graph is bipartite and every arc runs from a source to a
//! target, the tree needs no arc records: the arc of a node is the one to its parent, it runs up when the node is a source
//! and down when it is a target. Potentials π have the sign in which the reduced cost of an arc is c + π(s) − π(t), so that
//! one number shifts a whole subtree; f = −π on sources and g = π on targets.
//!
//! The order of the subtree walk ("thread") and its update follow Kovács, "Minimum-cost flow algorithms: an experimental
//! evaluation", Optim. Methods Softw. 30 (2015), §4.3, as LEMON implements it.

/// "No parent."
const NONE: u32 = u32::MAX;

/// A spanning tree with positive flows.
#[derive(Debug)]
pub(crate) struct Tree {
    sources: u32,
    parent: Vec<u32>,
    /// Nodes of the subtree below, the node itself included.
    size: Vec<u32>,
    /// Flow on the arc to the parent.
    flow: Vec<i128>,
    /// The next node in depth-first order, cyclic; `back` is its inverse.
    thread: Vec<u32>,
    back: Vec<u32>,
    /// The last node of the subtree in depth-first order.
    last: Vec<u32>,
    /// The potentials π.
    pub(crate) potential: Vec<f64>,
    dirty: Vec<u32>,
}

/// Where a subtree was before it was cut off: its parent, the node before it in the walk, and its last node.
struct Cut {
    old_parent: u32,
    old_back: u32,
    old_last: u32,
}

/// One arc of a tree: source, target (both counted from 0) and flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeArc {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) flow: i128,
}

impl Tree {
    /// The tree of n + m − 1 arcs that span n sources and m targets. Potentials are zero until [`Tree::refresh`].
    pub(crate) fn new(sources: usize, targets: usize, arcs: &[TreeArc]) -> Self {
        let nodes = sources + targets;
        debug_assert_eq!(arcs.len() + 1, nodes, "a spanning tree has one arc less than nodes");
        let ends = |arc: &TreeArc| [arc.source as usize, sources + arc.target as usize];
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
        let mut tree = Self {
            sources: sources as u32,
            parent: vec![NONE; nodes],
            size: vec![1; nodes],
            flow: vec![0; nodes],
            thread: vec![0; nodes],
            back: vec![0; nodes],
            last: (0..nodes as u32).collect(),
            potential: vec![0.0; nodes],
            dirty: Vec::new(),
        };
        let mut order = Vec::with_capacity(nodes);
        let mut open = vec![0u32];
        while let Some(v) = open.pop() {
            order.push(v);
            for &at in &around[start[v as usize] as usize..start[v as usize + 1] as usize] {
                let arc = &arcs[at as usize];
                let [s, t] = ends(arc);
                let w = if s == v as usize { t } else { s };
                if tree.parent[v as usize] != w as u32 {
                    tree.parent[w] = v;
                    tree.flow[w] = arc.flow;
                    open.push(w as u32);
                }
            }
        }
        debug_assert_eq!(order.len(), nodes, "the arcs connect all nodes");
        for (k, &v) in order.iter().enumerate() {
            let after = order[(k + 1) % nodes];
            tree.thread[v as usize] = after;
            tree.back[after as usize] = v;
        }
        for &v in order[1..].iter().rev() {
            let (v, parent) = (v as usize, tree.parent[v as usize] as usize);
            tree.size[parent] += tree.size[v];
            if tree.last[parent] == parent as u32 {
                // The children are met last to first, so the first one met ends the subtree.
                tree.last[parent] = tree.last[v];
            }
        }
        tree
    }

    /// The arcs, with the flow of each.
    pub(crate) fn arcs(&self) -> impl Iterator<Item = TreeArc> {
        (0..self.parent.len() as u32).filter(|&v| self.parent[v as usize] != NONE).map(|v| {
            let parent = self.parent[v as usize];
            let (s, t) = if v < self.sources { (v, parent) } else { (parent, v) };
            TreeArc { source: s, target: t - self.sources, flow: self.flow[v as usize] }
        })
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        self.parent.len() * (5 * size_of::<u32>() + size_of::<i128>() + size_of::<f64>())
    }

    /// Recomputes the potentials from the tree, so that rounding of many shifts does not add up.
    pub(crate) fn refresh(&mut self, cost: impl Fn(usize, usize) -> f64) {
        let sources = self.sources;
        let root = (0..self.parent.len()).find(|&v| self.parent[v] == NONE).expect("a tree has a root");
        self.potential[root] = 0.0;
        let mut v = self.thread[root] as usize;
        while v != root {
            let parent = self.parent[v] as usize;
            self.potential[v] = if (v as u32) < sources {
                self.potential[parent] - cost(v, parent - sources as usize)
            } else {
                self.potential[parent] + cost(parent, v - sources as usize)
            };
            v = self.thread[v] as usize;
        }
    }

    /// Brings the arc (source, target) of reduced cost `reduced` < 0 into the tree: pushes flow around the cycle that it
    /// closes, until the first arc runs empty and leaves.
    pub(crate) fn pivot(&mut self, source: usize, target: usize, reduced: f64) {
        let (first, second) = (source as u32, self.sources + target as u32);
        let (join, out, from_first, amount) = self.ratio_test(first, second);
        self.push(first, second, join, amount);
        // The endpoint in the cut-off subtree hangs it up again at the other endpoint.
        let (inner, outer, shift) = if from_first { (first, second, -reduced) } else { (second, first, reduced) };
        self.rehang(inner, outer, out, join, amount);
        self.shift(inner, shift);
    }

    /// Where the cycle of an entering arc closes; the node whose arc to its parent runs empty first; on which side; and how
    /// much flow that takes.
    fn ratio_test(&self, first: u32, second: u32) -> (u32, u32, bool, i128) {
        let (mut u, mut v) = (first, second);
        let (mut out, mut from_first, mut amount) = (NONE, true, i128::MAX);
        // Flow runs source → target on the entering arc, then back through the tree. It lowers the arcs of sources on
        // the first side and of targets on the second.
        while u != v {
            if self.size[u as usize] < self.size[v as usize] {
                if u < self.sources && self.flow[u as usize] < amount {
                    (out, from_first, amount) = (u, true, self.flow[u as usize]);
                }
                u = self.parent[u as usize];
            } else {
                if v >= self.sources && self.flow[v as usize] <= amount {
                    (out, from_first, amount) = (v, false, self.flow[v as usize]);
                }
                v = self.parent[v as usize];
            }
        }
        debug_assert_ne!(out, NONE, "uncapacitated transport is bounded: some arc of a cycle runs empty");
        (u, out, from_first, amount)
    }

    /// Moves `amount` around the cycle.
    fn push(&mut self, first: u32, second: u32, join: u32, amount: i128) {
        let mut v = first;
        while v != join {
            self.flow[v as usize] += if v < self.sources { -amount } else { amount };
            v = self.parent[v as usize];
        }
        let mut v = second;
        while v != join {
            self.flow[v as usize] += if v >= self.sources { -amount } else { amount };
            v = self.parent[v as usize];
        }
    }

    /// Adds `shift` to the potentials of the subtree of `v`, or takes it from all others where those are fewer: potentials
    /// count only up to a constant.
    fn shift(&mut self, v: u32, shift: f64) {
        let inside = self.size[v as usize] as usize;
        let outside = self.parent.len() - inside;
        let (mut u, end, shift) = if inside <= outside {
            (v, self.thread[self.last[v as usize] as usize], shift)
        } else {
            (self.thread[self.last[v as usize] as usize], v, -shift)
        };
        loop {
            self.potential[u as usize] += shift;
            u = self.thread[u as usize];
            if u == end {
                break;
            }
        }
    }

    /// Cuts the subtree of `out` off its parent, turns it so that `inner` is its root, and hangs it below `outer`.
    fn rehang(&mut self, inner: u32, outer: u32, out: u32, join: u32, amount: i128) {
        let old_back = self.back[out as usize];
        let old_size = self.size[out as usize];
        let old_last = self.last[out as usize];
        let old_parent = self.parent[out as usize];

        if inner == out {
            self.parent[inner as usize] = outer;
            if self.thread[outer as usize] != out {
                let after = self.thread[old_last as usize];
                self.link(old_back, after);
                let after = self.thread[outer as usize];
                self.link(outer, out);
                self.link(old_last, after);
            }
        } else {
            self.turn(inner, outer, out, old_back, old_last);
            self.restore_sizes(inner, out, old_size);
        }
        self.flow[inner as usize] = amount;
        self.restore_lasts(outer, self.last[out as usize], join, &Cut { old_parent, old_back, old_last });

        let mut v = outer;
        while v != join {
            self.size[v as usize] += old_size;
            v = self.parent[v as usize];
        }
        let mut v = old_parent;
        while v != join {
            self.size[v as usize] -= old_size;
            v = self.parent[v as usize];
        }
    }

    fn link(&mut self, v: u32, after: u32) {
        self.thread[v as usize] = after;
        self.back[after as usize] = v;
    }

    /// Reverses the path from `inner` up to `out`, in parents and in the walk.
    fn turn(&mut self, inner: u32, outer: u32, out: u32, old_back: u32, old_last: u32) {
        let go_on = if old_back == outer { self.thread[old_last as usize] } else { self.thread[outer as usize] };
        let (mut stem, mut above) = (inner, outer);
        let mut last = self.last[inner as usize];
        let mut after = self.thread[last as usize];
        self.thread[outer as usize] = inner;
        self.dirty.clear();
        self.dirty.push(outer);
        while stem != out {
            let next = self.parent[stem as usize];
            self.thread[last as usize] = next;
            self.dirty.push(last);
            let before = self.back[stem as usize];
            self.link(before, after);
            self.parent[stem as usize] = above;
            above = stem;
            stem = next;
            let ends_together = self.last[stem as usize] == self.last[above as usize];
            last = if ends_together { self.back[above as usize] } else { self.last[stem as usize] };
            after = self.thread[last as usize];
        }
        self.parent[out as usize] = above;
        self.link(last, go_on);
        self.last[out as usize] = last;
        if old_back != outer {
            self.link(old_back, after);
        }
        for k in 0..self.dirty.len() {
            let v = self.dirty[k];
            self.back[self.thread[v as usize] as usize] = v;
        }
    }

    /// Sizes, ends and flows along the reversed path from `out` to `inner`.
    fn restore_sizes(&mut self, inner: u32, out: u32, old_size: u32) {
        let last = self.last[out as usize];
        let mut size = 0u32;
        let mut v = out;
        while v != inner {
            let above = self.parent[v as usize];
            // Each arc of the path now belongs to its other end.
            self.flow[v as usize] = self.flow[above as usize];
            size = size.wrapping_add(self.size[v as usize]).wrapping_sub(self.size[above as usize]);
            self.size[v as usize] = size;
            self.last[above as usize] = last;
            v = above;
        }
        self.size[inner as usize] = old_size;
    }

    /// Ends of subtrees, up from where the subtree now hangs and up from where it was.
    fn restore_lasts(&mut self, outer: u32, new_last: u32, join: u32, cut: &Cut) {
        let &Cut { old_parent, old_back, old_last } = cut;
        let limit = if self.last[join as usize] == outer { join } else { NONE };
        let mut v = outer;
        while v != NONE && self.last[v as usize] == outer {
            self.last[v as usize] = new_last;
            v = self.parent[v as usize];
        }
        let replacement = if join != old_back && outer != old_back {
            old_back
        } else if new_last != old_last {
            new_last
        } else {
            return;
        };
        let mut v = old_parent;
        while v != limit && v != NONE && self.last[v as usize] == old_last {
            self.last[v as usize] = replacement;
            v = self.parent[v as usize];
        }
    }
}
