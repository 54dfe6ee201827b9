//! The k nearest neighbours of many points at once, how many lie within a radius, and which lie in some ball: a kd-tree of small
//! blocks.
//!
//! Points are kept in blocks of [`LEAF`], one vector lane each, and nodes have [`WIDE`] children, whose boxes are bounded together.
//! Queries come in the blocks of a tree of their own: a block begins with the points around it and walks the tree once for all its
//! points, pruned by the distance between the boxes and, below, by those of its points that reach a node; in a leaf the distances
//! from a query to all points are one vector loop. In few dimensions that is a few dozen distances a query; in many, where nothing
//! can be pruned, it becomes the plain scan over all points, at the speed of the vector unit.
//!
//! Reference: Friedman, Bentley & Finkel, "An algorithm for finding best matches in logarithmic expected time", ACM Trans. Math.
//! Softw. 3 (1977); the walk by blocks is the dual-tree idea of Gray & Moore, "N-body problems in statistical learning" (2001).

mod boxes;
mod counts;
mod walk;

use rayon::prelude::*;

use crate::numeric::parallel;
use crate::simd::{PAIR, run_vectors};

use boxes::{BITS, Fixed, WIDE};
use counts::{Count, Cover};
use walk::Search;

/// Points of a block: two vectors of eight.
pub(crate) const LEAF: usize = PAIR;
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
/// A node of level l is [`WIDE`]^l blocks that follow each other, so that node i has the children [`WIDE`] i, [`WIDE`] i + 1, … one
/// level below; only the last node of a level may have fewer. The blocks are the nodes of level 0. *Position* is the place of a
/// point in the order of the tree.
#[derive(Debug)]
pub(crate) struct Tree {
    dim: usize,
    /// The caller's index of the point at each position.
    order: Vec<u32>,
    /// Coordinate by coordinate inside each block; infinite where the last block has no point.
    blocks: Vec<f64>,
    /// The children of a node together: coordinate by coordinate their least values, then the largest.
    boxes: Vec<f64>,
    /// Where each level begins in the boxes, counted in groups of children.
    levels: Vec<usize>,
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
    /// The tree of points stored row by row. O(n log n); about 9 d + 4 bytes a point.
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
        let mut levels = vec![0];
        let mut groups = leaves.div_ceil(WIDE);
        let mut width = groups;
        while width > 1 {
            levels.push(groups);
            width = width.div_ceil(WIDE);
            groups += width;
        }
        let mut tree = Self { dim, order, blocks, boxes: Vec::new(), levels };
        tree.enclose(groups);
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

    /// The level whose only group holds all points.
    #[inline(always)]
    fn top(&self) -> usize {
        self.levels.len() - 1
    }

    /// Number of nodes of a level.
    fn nodes(&self, level: usize) -> usize {
        self.leaves().div_ceil(1 << (BITS * level))
    }

    /// The boxes of the children of a node; `level` is that of the children.
    #[inline(always)]
    fn group(&self, level: usize, node: usize, dim: usize) -> &[f64] {
        &self.boxes[(self.levels[level] + node) * 2 * WIDE * dim..][..2 * WIDE * dim]
    }

    /// The children that a node has, as bits; `level` is that of the children.
    #[inline(always)]
    fn children(&self, level: usize, node: usize) -> u32 {
        let count = (self.nodes(level) - node * WIDE).min(WIDE);
        (1 << count) - 1
    }

    fn points_below(&self, level: usize, node: usize) -> usize {
        let points = LEAF << (BITS * level);
        points.min(self.len() - node * points)
    }

    /// Writes the boxes of all nodes: of blocks from their points, of others from their children.
    fn enclose(&mut self, groups: usize) {
        let (dim, stride) = (self.dim, 2 * WIDE * self.dim);
        let mut boxes = vec![f64::INFINITY; groups * stride];
        // No point is in the box of a child that is missing.
        for sides in boxes.chunks_exact_mut(2 * WIDE) {
            sides[WIDE..].fill(f64::NEG_INFINITY);
        }
        for leaf in 0..self.leaves() {
            let lanes = self.block(leaf, dim).chunks_exact(LEAF);
            let group = &mut boxes[(leaf / WIDE) * stride..][..stride];
            for (lanes, sides) in lanes.zip(group.chunks_exact_mut(2 * WIDE)) {
                let (least, most) = range_of(lanes[..self.members(leaf)].iter().copied());
                (sides[leaf % WIDE], sides[WIDE + leaf % WIDE]) = (least, most);
            }
        }
        for level in 1..self.levels.len() {
            let (below, above) = boxes.split_at_mut(self.levels[level] * stride);
            for (node, children) in below[self.levels[level - 1] * stride..].chunks_exact(stride).enumerate() {
                let group = &mut above[(node / WIDE) * stride..][..stride];
                for (children, sides) in children.chunks_exact(2 * WIDE).zip(group.chunks_exact_mut(2 * WIDE)) {
                    sides[node % WIDE] = range_of(children[..WIDE].iter().copied()).0;
                    sides[WIDE + node % WIDE] = range_of(children[WIDE..].iter().copied()).1;
                }
            }
        }
        self.boxes = boxes;
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
                (Norm::Euclidean, 1) => run_vectors(Fixed::<1, false, _>(job)),
                (Norm::Euclidean, 2) => run_vectors(Fixed::<2, false, _>(job)),
                (Norm::Euclidean, 3) => run_vectors(Fixed::<3, false, _>(job)),
                (Norm::Euclidean, 4) => run_vectors(Fixed::<4, false, _>(job)),
                (Norm::Euclidean, 5) => run_vectors(Fixed::<5, false, _>(job)),
                (Norm::Euclidean, _) => run_vectors(Fixed::<0, false, _>(job)),
                (Norm::Maximum, 2) => run_vectors(Fixed::<2, true, _>(job)),
                (Norm::Maximum, _) => run_vectors(Fixed::<0, true, _>(job)),
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
        parallel::chunks_mut(&mut counts, chunk, |task, counts| {
            let radii = &radii[task * chunk..][..counts.len()];
            let leaves = task * BATCH..queries.leaves().min((task + 1) * BATCH);
            let job = Count { tree: self, queries, leaves, radii, closed, counts };
            match norm {
                Norm::Euclidean => run_vectors(Fixed::<0, false, _>(job)),
                Norm::Maximum => run_vectors(Fixed::<0, true, _>(job)),
            }
        });
        counts
    }

    /// Whether each query lies in the closed ball of some point of this tree, by position of the query. The radii are those of the
    /// points of this tree, by position, in the units of [`Nearest::distances`].
    pub(crate) fn covers(&self, queries: &Self, radii: &[f64], norm: Norm) -> Vec<bool> {
        let reach = self.reaches(radii);
        let mut covered = vec![false; queries.len()];
        parallel::chunks_mut(&mut covered, BATCH * LEAF, |task, covered| {
            let leaves = task * BATCH..queries.leaves().min((task + 1) * BATCH);
            let job = Cover { tree: self, queries, leaves, radii, reach: &reach, covered };
            match norm {
                Norm::Euclidean => run_vectors(Fixed::<0, false, _>(job)),
                Norm::Maximum => run_vectors(Fixed::<0, true, _>(job)),
            }
        });
        covered
    }

    /// The longest radius below each node, level by level, the children of a node together.
    fn reaches(&self, radii: &[f64]) -> Vec<Vec<[f64; WIDE]>> {
        let longest = |radii: &[f64]| radii.iter().fold(0.0, |most, &radius| larger(radius, most));
        let mut nodes: Vec<f64> = radii.chunks(LEAF).map(longest).collect();
        let mut levels = Vec::new();
        for _ in 0..self.levels.len() {
            let groups = nodes.chunks(WIDE).map(|children| {
                let mut group = [0.0; WIDE];
                group[..children.len()].copy_from_slice(children);
                group
            });
            levels.push(groups.collect());
            nodes = nodes.chunks(WIDE).map(longest).collect();
        }
        levels
    }
}

/// Sorts the points so that nodes are boxes: in two along the widest axis, again and again, always between whole nodes.
fn arrange(points: &[f64], dim: usize, keys: &mut [(i64, u32)]) {
    let leaves = keys.len().div_ceil(LEAF);
    if leaves < 2 {
        return;
    }
    let axis = widest_axis(points, dim, keys);
    for key in &mut *keys {
        key.0 = ordered(points[key.1 as usize * dim + axis]);
    }
    // The largest nodes that are less than all of it.
    let mut node = 1;
    while node * WIDE < leaves {
        node *= WIDE;
    }
    let middle = leaves.div_ceil(node).div_ceil(2) * node * LEAF;
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
