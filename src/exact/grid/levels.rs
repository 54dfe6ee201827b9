//! From coarse to fine: cells are halved along one axis at a time, and a spanning tree is carried along.

use std::cmp::Ordering;

use super::lattice::{Lattice, Neighbours};
use crate::exact::amount::Amount;
use crate::exact::network_simplex::free_flow::{Flowing, FreeFlow, Step, steps_of};
use crate::transport::{Progress, Status, Watch};

/// Cells of the coarsest level, at most.
const COARSEST: usize = 64;

/// A grid whose cells hold or want mass.
#[derive(Debug, Clone)]
struct Level<A> {
    lattice: Lattice,
    supply: Vec<A>,
}

/// Solves the flow between neighbours from coarse to fine.
///
/// A tree on coarse cells becomes one on their halves: each pair of halves is joined, and each coarse edge goes to one pair
/// of neighbouring halves of its ends. Any spanning tree is a basis here, so nothing else is needed.
pub(super) fn solve<A: Amount>(
    lattice: &Lattice,
    neighbours: Neighbours,
    supply: &[A],
    watch: &mut Watch,
) -> Flowing<A> {
    let mut coarser = Vec::new();
    let mut level = Level { lattice: lattice.clone(), supply: supply.to_vec() };
    while level.supply.len() > COARSEST {
        let k = longest(&level.lattice);
        let next = level.halved(k);
        coarser.push((level, k));
        level = next;
    }
    let mut progress = Progress { stage: "pivot", level: 1, levels: coarser.len() + 1, ..Progress::default() };
    let tree = first_tree(&level.lattice);
    let mut flowing = level.solve(neighbours, &tree, progress, watch);
    while let Some((finer, k)) = coarser.pop() {
        let tree = expand(&flowing.steps, &finer, k);
        progress.level += 1;
        progress.iterations = flowing.iterations;
        // Ended early: the tree is carried on to the finest level, so that there is a plan.
        flowing = if flowing.status == Status::Optimal || coarser.is_empty() {
            finer.solve(neighbours, &tree, progress, watch)
        } else {
            Flowing { steps: steps_of(&tree, &finer.supply), ..flowing }
        };
    }
    flowing
}

impl<A: Amount> Level<A> {
    fn solve(&self, neighbours: Neighbours, tree: &[[u32; 2]], progress: Progress, watch: &mut Watch) -> Flowing<A> {
        let edges = self.lattice.edges(neighbours);
        let length = |u, v| self.lattice.length(u, v);
        FreeFlow { edges: &edges, supply: &self.supply, length: &length }.solve(tree, progress, watch)
    }

    /// The level whose cells are pairs of neighbours along axis `k`; the last may be single.
    fn halved(&self, k: usize) -> Self {
        let mut lattice = self.lattice.clone();
        let middle = |pair: &[f64]| pair[0] + 0.5 * (pair[pair.len() - 1] - pair[0]);
        lattice.axes[k] = self.lattice.axes[k].chunks(2).map(middle).collect();
        let (along, behind) = (self.lattice.axes[k].len(), self.lattice.stride(k));
        let mut supply = Vec::with_capacity(self.supply.len().div_ceil(2));
        for slab in self.supply.chunks_exact(along * behind) {
            for pair in slab.chunks(2 * behind) {
                let (first, second) = pair.split_at(behind);
                supply.extend(first.iter().enumerate().map(|(r, s)| *s + second.get(r).copied().unwrap_or(A::ZERO)));
            }
        }
        Self { lattice, supply }
    }
}

/// The axis with the most cells, the first of several.
fn longest(lattice: &Lattice) -> usize {
    let lengths = lattice.axes.iter().map(Vec::len);
    lengths.enumerate().fold((0, 0), |best, (k, len)| if len > best.1 { (k, len) } else { best }).0
}

/// Each cell hangs on the one before it along the last axis that it is not the first of.
fn first_tree(lattice: &Lattice) -> Vec<[u32; 2]> {
    let cells: usize = lattice.axes.iter().map(Vec::len).product();
    let before = |cell: usize| {
        let dim = lattice.axes.len();
        let k = (0..dim).rev().find(|&k| !(cell / lattice.stride(k)).is_multiple_of(lattice.axes[k].len()));
        cell - lattice.stride(k.expect("only the first cell is the first along all axes"))
    };
    (1..cells).map(|cell| [cell as u32, before(cell) as u32]).collect()
}

/// The tree of a coarse level on the level whose halves along axis `k` it is made of.
fn expand<A: Amount>(steps: &[Step<A>], fine: &Level<A>, k: usize) -> Vec<[u32; 2]> {
    let (along, behind) = (fine.lattice.axes[k].len(), fine.lattice.stride(k));
    let halves = along.div_ceil(2);
    let cell = |outer: usize, at: usize, inner: usize| ((outer * along + at) * behind + inner) as u32;
    let mut tree = Vec::with_capacity(fine.supply.len() - 1);
    for outer in 0..fine.supply.len() / (along * behind) {
        for at in (1..along).step_by(2) {
            tree.extend((0..behind).map(|inner| [cell(outer, at - 1, inner), cell(outer, at, inner)]));
        }
    }
    let place = |coarse: u32| {
        let coarse = coarse as usize;
        (coarse / behind / halves, coarse / behind % halves, coarse % behind)
    };
    for &Step { from, to, .. } in steps {
        let (u, v) = (place(from), place(to));
        let ends = |at_u, at_v| [cell(u.0, at_u, u.2), cell(v.0, at_v, v.2)];
        tree.push(match u.1.cmp(&v.1) {
            Ordering::Less => ends(2 * u.1 + 1, 2 * v.1),
            Ordering::Greater => ends(2 * u.1, 2 * v.1 + 1),
            Ordering::Equal => {
                // Beside each other: where there is more to give at one end and more to take at the other.
                let gain = |at| {
                    let [u, v] = ends(at, at);
                    fine.supply[u as usize] - fine.supply[v as usize]
                };
                let first = 2 * u.1;
                if first + 1 < along && gain(first + 1) > gain(first) {
                    ends(first + 1, first + 1)
                } else {
                    ends(first, first)
                }
            }
        });
    }
    tree
}
