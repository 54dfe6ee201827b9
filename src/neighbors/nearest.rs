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
mod tree;
mod walk;

use rayon::prelude::*;

use crate::numeric::parallel;
use crate::simd::run_vectors;

use boxes::Fixed;
use counts::{Count, Cover};
use tree::{WIDE, larger};
use walk::Search;

pub(crate) use tree::{LEAF, Tree};

/// Query blocks that one task serves.
const BATCH: usize = 16;
/// How a distance is made of coordinate gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    /// Σ gap²: distances are squared.
    Euclidean,
    /// max |gap|.
    Maximum,
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
    /// The `k` ≥ 1 nearest points of this tree to every point of `queries`. Where both are one tree, a point is not a neighbour
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

#[cfg(test)]
mod tests;
