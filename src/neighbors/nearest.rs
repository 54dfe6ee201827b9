//! The k nearest neighbours of many points at once, how many lie within a radius, and which lie in some ball: a kd-tree of small
//! blocks.
//!
//! Points are kept in blocks of [`LEAF`], one vector lane each. Queries come in the blocks of a tree of their own: a block
//! walks the tree once for all its points, pruned by the distance between the boxes; in a leaf the distances from a query to all
//! points are one vector loop. In few dimensions that is a few dozen distances a query; in many, where nothing can be pruned, it
//! becomes the plain scan over all points, at the speed of the vector unit.
//!
//! Reference: Friedman, Bentley & Finkel, "An algorithm for finding best matches in logarithmic expected time", ACM Trans. Math.
//! Softw. 3 (1977); the walk by blocks is the dual-tree idea of Gray & Moore, "N-body problems in statistical learning" (2001).

mod walk;

use std::ops::Range;

use rayon::prelude::*;

use crate::simd;

use walk::{Count, Cover, Fixed, Search};

/// Points of a block: two vectors of eight.
pub(crate) const LEAF: usize = 16;
/// Query blocks that one task serves.
const BATCH: usize = 16;
/// From so many points on the two halves of a tree are built by two threads.
const PARALLEL: usize = 1 << 15;

/// How a distance is made of coordinate gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    /// Σ gap²: distances are squared.
    Euclidean,
    /// max |gap|.
    Maximum,
}

/// A kd-tree over points in R^d.
///
/// A subtree of c blocks has 2 c − 1 nodes, depth-first: its left child is the next node, of ⌈c / 2⌉ blocks. All blocks but the
/// last are full. *Position* is the place of a point in the order of the tree.
#[derive(Debug)]
pub(crate) struct Tree {
    dim: usize,
    /// The caller's index of the point at each position.
    order: Vec<u32>,
    /// Coordinate by coordinate inside each block; infinite where the last block has no point.
    blocks: Vec<f64>,
    /// Of each node: the least coordinates, then the largest.
    boxes: Vec<f64>,
}

/// The k nearest neighbours of each query, by position of the query: nearest first.
#[derive(Debug)]
pub(crate) struct Nearest {
    k: usize,
    distances: Vec<f64>,
    positions: Vec<u32>,
}

impl Nearest {
    /// The distances of the query at `position`, in increasing order; squared for the Euclidean norm. Infinite where there are
    /// fewer than k points.
    #[inline]
    pub(crate) fn distances(&self, position: usize) -> &[f64] {
        &self.distances[position * self.k..][..self.k]
    }

    /// The distance to the k-th neighbour.
    #[inline]
    pub(crate) fn farthest(&self, position: usize) -> f64 {
        self.distances[(position + 1) * self.k - 1]
    }

    /// The positions of the query's neighbours in their tree.
    #[inline]
    pub(crate) fn positions(&self, position: usize) -> &[u32] {
        &self.positions[position * self.k..][..self.k]
    }

    /// Number of queries.
    pub(crate) fn len(&self) -> usize {
        self.distances.len() / self.k
    }
}

impl Tree {
    /// The tree of points stored row by row. O(n log n); 8 d + 12 bytes a point.
    pub(crate) fn new(points: &[f64], dim: usize) -> Self {
        let n = points.len() / dim;
        let leaves = n.div_ceil(LEAF);
        let mut keys: Vec<(i64, u32)> = (0..n as u32).map(|i| (0, i)).collect();
        arrange(points, dim, &mut keys);
        let order: Vec<u32> = keys.iter().map(|key| key.1).collect();
        let mut blocks = vec![f64::INFINITY; leaves * LEAF * dim];
        for (block, members) in blocks.chunks_exact_mut(LEAF * dim).zip(order.chunks(LEAF)) {
            for (lane, &i) in members.iter().enumerate() {
                for (k, &x) in points[i as usize * dim..][..dim].iter().enumerate() {
                    block[k * LEAF + lane] = x;
                }
            }
        }
        let mut tree = Self { dim, order, blocks, boxes: vec![0.0; (2 * leaves - 1) * 2 * dim] };
        tree.enclose(0, 0..leaves);
        tree
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The caller's index of the point at each position.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    fn leaves(&self) -> usize {
        self.order.len().div_ceil(LEAF)
    }

    fn members(&self, leaf: usize) -> usize {
        LEAF.min(self.order.len() - leaf * LEAF)
    }

    #[inline(always)]
    fn block(&self, leaf: usize, dim: usize) -> &[f64] {
        &self.blocks[leaf * LEAF * dim..][..LEAF * dim]
    }

    #[inline(always)]
    fn bounds(&self, node: usize, dim: usize) -> (&[f64], &[f64]) {
        self.boxes[node * 2 * dim..][..2 * dim].split_at(dim)
    }

    /// The node of a leaf.
    fn node_of(&self, leaf: usize) -> usize {
        let (mut node, mut range) = (0, 0..self.leaves());
        while range.len() > 1 {
            let half = range.len().div_ceil(2);
            let middle = range.start + half;
            (node, range) =
                if leaf < middle { (node + 1, range.start..middle) } else { (node + 2 * half, middle..range.end) };
        }
        node
    }

    /// Writes the boxes of a node and all below it.
    fn enclose(&mut self, node: usize, leaves: Range<usize>) {
        let dim = self.dim;
        if leaves.len() == 1 {
            let members = self.members(leaves.start);
            for k in 0..dim {
                let lanes = &self.blocks[leaves.start * LEAF * dim + k * LEAF..][..members];
                let (least, most) = range_of(lanes.iter().copied());
                self.boxes[node * 2 * dim + k] = least;
                self.boxes[node * 2 * dim + dim + k] = most;
            }
            return;
        }
        let half = leaves.len().div_ceil(2);
        let (left, right) = (node + 1, node + 2 * half);
        self.enclose(left, leaves.start..leaves.start + half);
        self.enclose(right, leaves.start + half..leaves.end);
        for k in 0..dim {
            let at = |node: usize, side: usize| node * 2 * dim + side * dim + k;
            self.boxes[at(node, 0)] = self.boxes[at(left, 0)].min(self.boxes[at(right, 0)]);
            self.boxes[at(node, 1)] = self.boxes[at(left, 1)].max(self.boxes[at(right, 1)]);
        }
    }

    /// The `k` ≥ 1 nearest points of this tree to every point of `queries`. Where both are one tree, a point is no neighbour
    /// of itself. In parallel; the bits do not depend on the number of threads.
    pub(crate) fn nearest(&self, queries: &Self, k: usize, norm: Norm) -> Nearest {
        let mut found = Nearest {
            k,
            distances: vec![f64::INFINITY; queries.len() * k],
            positions: vec![u32::MAX; queries.len() * k],
        };
        let chunk = BATCH * LEAF * k;
        let tasks = found.distances.par_chunks_mut(chunk).zip(found.positions.par_chunks_mut(chunk)).enumerate();
        tasks.for_each(|(task, (distances, positions))| {
            let leaves = task * BATCH..queries.leaves().min((task + 1) * BATCH);
            let job = Search { tree: self, queries, leaves, k, distances, positions };
            match (norm, self.dim) {
                (Norm::Euclidean, 1) => simd::run(Fixed::<1, false, _>(job)),
                (Norm::Euclidean, 2) => simd::run(Fixed::<2, false, _>(job)),
                (Norm::Euclidean, 3) => simd::run(Fixed::<3, false, _>(job)),
                (Norm::Euclidean, 4) => simd::run(Fixed::<4, false, _>(job)),
                (Norm::Euclidean, 5) => simd::run(Fixed::<5, false, _>(job)),
                (Norm::Euclidean, _) => simd::run(Fixed::<0, false, _>(job)),
                (Norm::Maximum, 2) => simd::run(Fixed::<2, true, _>(job)),
                (Norm::Maximum, _) => simd::run(Fixed::<0, true, _>(job)),
            }
        });
        found
    }

    /// How many points of this tree lie within its own radius of each query, by position of the query; the radii are in the
    /// units of [`Nearest::distances`]. A point at the radius counts where `closed`. Where both are one tree, a point does not
    /// count for itself.
    pub(crate) fn count_within(&self, queries: &Self, radii: &[f64], closed: bool, norm: Norm) -> Vec<u32> {
        let mut counts = vec![0; queries.len()];
        let chunk = BATCH * LEAF;
        counts.par_chunks_mut(chunk).zip(radii.par_chunks(chunk)).enumerate().for_each(|(task, (counts, radii))| {
            let leaves = task * BATCH..queries.leaves().min((task + 1) * BATCH);
            let job = Count { tree: self, queries, leaves, radii, closed, counts };
            match norm {
                Norm::Euclidean => simd::run(Fixed::<0, false, _>(job)),
                Norm::Maximum => simd::run(Fixed::<0, true, _>(job)),
            }
        });
        counts
    }

    /// Whether each query lies in the closed ball of some point of this tree, by position of the query. The radii are those of the
    /// points of this tree, by position, in the units of [`Nearest::distances`].
    pub(crate) fn covers(&self, queries: &Self, radii: &[f64], norm: Norm) -> Vec<bool> {
        let mut reach = vec![0.0; 2 * self.leaves() - 1];
        self.longest(0, 0..self.leaves(), radii, &mut reach);
        let mut covered = vec![false; queries.len()];
        covered.par_chunks_mut(BATCH * LEAF).enumerate().for_each(|(task, covered)| {
            let leaves = task * BATCH..queries.leaves().min((task + 1) * BATCH);
            let job = Cover { tree: self, queries, leaves, radii, reach: &reach, covered };
            match norm {
                Norm::Euclidean => simd::run(Fixed::<0, false, _>(job)),
                Norm::Maximum => simd::run(Fixed::<0, true, _>(job)),
            }
        });
        covered
    }

    /// Writes the longest radius of a node and of all below it.
    fn longest(&self, node: usize, leaves: Range<usize>, radii: &[f64], reach: &mut [f64]) -> f64 {
        reach[node] = if leaves.len() == 1 {
            let own = &radii[leaves.start * LEAF..][..self.members(leaves.start)];
            own.iter().fold(0.0, |most, &radius| larger(radius, most))
        } else {
            let half = leaves.len().div_ceil(2);
            let middle = leaves.start + half;
            let left = self.longest(node + 1, leaves.start..middle, radii, reach);
            larger(left, self.longest(node + 2 * half, middle..leaves.end, radii, reach))
        };
        reach[node]
    }
}

/// Sorts the points so that the blocks are boxes: halves of the blocks along the widest axis, again and again.
fn arrange(points: &[f64], dim: usize, keys: &mut [(i64, u32)]) {
    let leaves = keys.len().div_ceil(LEAF);
    if leaves < 2 {
        return;
    }
    let axis = widest_axis(points, dim, keys);
    for key in &mut *keys {
        key.0 = ordered(points[key.1 as usize * dim + axis]);
    }
    let middle = leaves.div_ceil(2) * LEAF;
    keys.select_nth_unstable_by_key(middle, |key| key.0);
    let (left, right) = keys.split_at_mut(middle);
    if left.len() + right.len() >= PARALLEL {
        rayon::join(|| arrange(points, dim, left), || arrange(points, dim, right));
    } else {
        arrange(points, dim, left);
        arrange(points, dim, right);
    }
}

/// An integer in the order of the numbers.
fn ordered(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The axis along which the points spread most; a sample tells it well enough.
fn widest_axis(points: &[f64], dim: usize, keys: &[(i64, u32)]) -> usize {
    let step = (keys.len() / 128).max(1);
    let mut widest = (f64::NEG_INFINITY, 0);
    for axis in 0..dim {
        let (least, most) = range_of(keys.iter().step_by(step).map(|key| points[key.1 as usize * dim + axis]));
        if most - least > widest.0 {
            widest = (most - least, axis);
        }
    }
    widest.1
}

fn range_of(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v| (lesser(v, least), larger(v, most)))
}

#[inline(always)]
fn larger(x: f64, y: f64) -> f64 {
    if x > y { x } else { y }
}

#[inline(always)]
fn lesser(x: f64, y: f64) -> f64 {
    if x < y { x } else { y }
}

#[cfg(test)]
mod tests;
