//! Potentials that are shifted node by node along a depth-first walk.
//!
//! The walk and its update follow Kovács, "Minimum-cost flow algorithms: an experimental evaluation", Optim. Methods
//! Softw. 30 (2015), §4.3, as LEMON implements it.

use super::tree::{Links, Move, NONE, Order};
use crate::exact::amount::Amount;

/// A cyclic depth-first walk. O(subtree) a pivot, with the smallest constant.
#[derive(Debug)]
pub(super) struct Thread {
    /// The next node in depth-first order; `back` is its inverse.
    after: Vec<u32>,
    back: Vec<u32>,
    /// The last node of the subtree in depth-first order.
    last: Vec<u32>,
    potential: Vec<f64>,
    dirty: Vec<u32>,
}

impl Order for Thread {
    fn new<A: Amount>(links: &Links<A>, depth_first: &[u32]) -> Self {
        let nodes = depth_first.len();
        let (mut after, mut back) = (vec![0; nodes], vec![0; nodes]);
        let mut last: Vec<u32> = (0..nodes as u32).collect();
        for (k, &v) in depth_first.iter().enumerate() {
            let next = depth_first[(k + 1) % nodes];
            after[v as usize] = next;
            back[next as usize] = v;
        }
        for &v in depth_first[1..].iter().rev() {
            let parent = links.nodes[v as usize].parent as usize;
            if last[parent] == parent as u32 {
                // The children are met last to first, so the first one met ends the subtree.
                last[parent] = last[v as usize];
            }
        }
        Self { after, back, last, potential: vec![0.0; nodes], dirty: Vec::new() }
    }

    #[inline]
    fn potential(&self, v: u32) -> f64 {
        self.potential[v as usize]
    }

    fn set_potentials(&mut self, potential: Vec<f64>) {
        self.potential = potential;
    }

    fn rehang<A: Amount>(&mut self, links: &Links<A>, step: Move, shift: f64) {
        let Move { inner, outer, out, join } = step;
        let old_back = self.back[out as usize];
        let old_last = self.last[out as usize];
        let old_parent = links.nodes[out as usize].parent;
        if inner == out {
            if self.after[outer as usize] != out {
                self.link(old_back, self.after[old_last as usize]);
                let after = self.after[outer as usize];
                self.link(outer, out);
                self.link(old_last, after);
            }
        } else {
            self.turn(links, step);
        }

        // Ends of subtrees, up from where the subtree now hangs and up from where it was.
        let new_last = self.last[out as usize];
        let limit = if self.last[join as usize] == outer { join } else { NONE };
        let replacement = if join != old_back && outer != old_back { old_back } else { new_last };
        self.replace_last(links, outer, NONE, outer, self.last[inner as usize]);
        if replacement != old_last {
            self.replace_last(links, old_parent, limit, old_last, replacement);
        }
        self.shift(inner, shift, 2 * links.nodes[out as usize].size as usize <= links.nodes.len());
    }

    fn memory(&self) -> usize {
        self.after.len() * (3 * size_of::<u32>() + size_of::<f64>())
    }
}

impl Thread {
    /// The potentials, sources first.
    pub(super) fn potentials(&self) -> &[f64] {
        &self.potential
    }

    /// Shifts the potentials of the subtree of `v`, or of all nodes outside of it the other way.
    fn shift(&mut self, v: u32, shift: f64, inside: bool) {
        let after = self.after[self.last[v as usize] as usize];
        let (mut u, end, shift) = if inside { (v, after, shift) } else { (after, v, -shift) };
        loop {
            self.potential[u as usize] += shift;
            u = self.after[u as usize];
            if u == end {
                break;
            }
        }
    }

    fn link(&mut self, v: u32, after: u32) {
        self.after[v as usize] = after;
        self.back[after as usize] = v;
    }

    /// From `v` up, as long as subtrees end at `old` (and below `limit`), lets them end at `new`.
    fn replace_last<A: Amount>(&mut self, links: &Links<A>, mut v: u32, limit: u32, old: u32, new: u32) {
        while v != limit && v != NONE && self.last[v as usize] == old {
            self.last[v as usize] = new;
            v = links.nodes[v as usize].parent;
        }
    }

    /// Reverses the path from `inner` up to `out` in the walk.
    fn turn<A: Amount>(&mut self, links: &Links<A>, Move { inner, outer, out, .. }: Move) {
        let parent = |v: u32| links.nodes[v as usize].parent;
        let (old_back, old_last) = (self.back[out as usize], self.last[out as usize]);
        let go_on = if old_back == outer { self.after[old_last as usize] } else { self.after[outer as usize] };
        let mut stem = inner;
        let mut last = self.last[inner as usize];
        let mut after = self.after[last as usize];
        self.after[outer as usize] = inner;
        self.dirty.clear();
        self.dirty.push(outer);
        while stem != out {
            let next = parent(stem);
            self.after[last as usize] = next;
            self.dirty.push(last);
            let before = self.back[stem as usize];
            self.link(before, after);
            let above = stem;
            stem = next;
            let ends_together = self.last[stem as usize] == self.last[above as usize];
            last = if ends_together { self.back[above as usize] } else { self.last[stem as usize] };
            after = self.after[last as usize];
        }
        self.link(last, go_on);
        if old_back != outer {
            self.link(old_back, after);
        }
        for k in 0..self.dirty.len() {
            let v = self.dirty[k];
            self.back[self.after[v as usize] as usize] = v;
        }
        // Every node of the path now ends where the turned subtree ends.
        let mut v = inner;
        loop {
            self.last[v as usize] = last;
            if v == out {
                break;
            }
            v = parent(v);
        }
    }
}
