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

use std::ops::Range;

use rayon::prelude::*;

use crate::simd::{self, multiply_add};

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

/// A loop with a dimension known at compile time (0: as the tree says) and a norm (`MAX`: the maximum).
struct Fixed<const D: usize, const MAX: bool, J>(J);

/// Adds a gap to a distance.
#[inline(always)]
fn step<const FUSED: bool, const MAX: bool>(total: f64, gap: f64) -> f64 {
    if MAX { larger(gap.abs(), total) } else { multiply_add::<FUSED>(gap, gap, total) }
}

/// A lower bound between two boxes.
#[inline(always)]
fn between_boxes<const FUSED: bool, const MAX: bool>(a: (&[f64], &[f64]), b: (&[f64], &[f64]), dim: usize) -> f64 {
    const LANES: usize = 8;
    let gap = |k: usize| larger(larger(b.0[k] - a.1[k], a.0[k] - b.1[k]), 0.0);
    let mut totals = [0.0; LANES];
    let whole = if dim < LANES { 0 } else { dim - dim % LANES };
    let mut at = 0;
    while at < whole {
        let (al, ah, bl, bh) = (&a.0[at..][..LANES], &a.1[at..][..LANES], &b.0[at..][..LANES], &b.1[at..][..LANES]);
        for l in 0..LANES {
            let gap = larger(larger(bl[l] - ah[l], al[l] - bh[l]), 0.0);
            totals[l] = step::<FUSED, MAX>(totals[l], gap);
        }
        at += LANES;
    }
    let mut total = 0.0;
    if whole > 0 {
        for t in totals {
            total = if MAX { larger(t, total) } else { total + t };
        }
    }
    for k in whole..dim {
        total = step::<FUSED, MAX>(total, gap(k));
    }
    total
}

/// The largest distance between two boxes.
#[inline(always)]
fn across_boxes<const FUSED: bool, const MAX: bool>(a: (&[f64], &[f64]), b: (&[f64], &[f64]), dim: usize) -> f64 {
    let mut total = 0.0;
    for k in 0..dim {
        total = step::<FUSED, MAX>(total, larger(b.1[k] - a.0[k], a.1[k] - b.0[k]));
    }
    total
}

/// The distance from each point of a block to a box.
#[inline(always)]
fn to_box<const FUSED: bool, const MAX: bool>(block: &[f64], bounds: (&[f64], &[f64]), dim: usize) -> [f64; LEAF] {
    let mut near = [0.0; LEAF];
    for k in 0..dim {
        let (lo, hi) = (bounds.0[k], bounds.1[k]);
        let x: &[f64; LEAF] = block[k * LEAF..][..LEAF].try_into().expect("LEAF lanes");
        for l in 0..LEAF {
            near[l] = step::<FUSED, MAX>(near[l], larger(larger(lo - x[l], x[l] - hi), 0.0));
        }
    }
    near
}

/// The distance from the point in `lane` of a block to each point of another.
#[inline(always)]
fn to_points<const FUSED: bool, const MAX: bool>(
    queries: &[f64],
    lane: usize,
    block: &[f64],
    dim: usize,
) -> [f64; LEAF] {
    let mut distances = [0.0; LEAF];
    for k in 0..dim {
        let x = queries[k * LEAF + lane];
        let y: &[f64; LEAF] = block[k * LEAF..][..LEAF].try_into().expect("LEAF lanes");
        for l in 0..LEAF {
            distances[l] = step::<FUSED, MAX>(distances[l], x - y[l]);
        }
    }
    distances
}

/// What a bound may exceed a distance by through rounding, relative: each of d gaps, squares and sums rounds once.
fn safety(dim: usize) -> f64 {
    1.0 + (2 * dim + 8) as f64 * f64::EPSILON
}

/// Nodes that wait: at most one at each level of the tree.
const DEPTH: usize = 40;

#[derive(Clone, Copy, Default)]
struct Open {
    node: u32,
    first: u32,
    count: u32,
    bound: f64,
}

impl Open {
    /// The two children.
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let half = self.count.div_ceil(2);
        (
            Self { node: self.node + 1, count: half, ..self },
            Self { node: self.node + 2 * half, first: self.first + half, count: self.count - half, ..self },
        )
    }
}

struct Search<'t> {
    tree: &'t Tree,
    queries: &'t Tree,
    leaves: Range<usize>,
    k: usize,
    distances: &'t mut [f64],
    positions: &'t mut [u32],
}

impl<const D: usize, const MAX: bool> simd::Kernel for Fixed<D, MAX, Search<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Search { tree, queries, leaves, k, distances, positions } = self.0;
        let dim = if D == 0 { tree.dim } else { D };
        let itself = std::ptr::eq(tree, queries);
        let safety = safety(dim);
        let mut open = [Open::default(); DEPTH];
        let (mut distances, mut positions) = (distances, positions);
        for leaf in leaves {
            let members = queries.members(leaf);
            let (own_distances, rest) = distances.split_at_mut(members * k);
            distances = rest;
            let (own_positions, rest) = positions.split_at_mut(members * k);
            positions = rest;
            let block = queries.block(leaf, dim);
            let around = queries.bounds(queries.node_of(leaf), dim);
            // What a point must be nearer than, query by query.
            let mut limits = [-1.0; LEAF];
            limits[..members].fill(f64::INFINITY);
            let mut worst = f64::INFINITY;
            let mut count = 1;
            open[0] = Open { node: 0, first: 0, count: tree.leaves() as u32, bound: 0.0 };
            while count > 0 {
                count -= 1;
                let mut at = open[count];
                if at.bound > worst * safety {
                    continue;
                }
                while at.count > 1 {
                    let (mut left, mut right) = at.split();
                    let (l, r) = (tree.bounds(left.node as usize, dim), tree.bounds(right.node as usize, dim));
                    left.bound = between_boxes::<FUSED, MAX>(around, l, dim);
                    right.bound = between_boxes::<FUSED, MAX>(around, r, dim);
                    let left_first = if left.bound == right.bound {
                        // Both boxes touch that of the queries: the one that reaches farther over it goes first.
                        overlap(around, l, dim) >= overlap(around, r, dim)
                    } else {
                        left.bound < right.bound
                    };
                    let (near, far) = if left_first { (left, right) } else { (right, left) };
                    if far.bound <= worst * safety {
                        open[count] = far;
                        count += 1;
                    }
                    at = near;
                    if at.bound > worst * safety {
                        break;
                    }
                }
                if at.count > 1 || at.bound > worst * safety {
                    continue;
                }
                let near = to_box::<FUSED, MAX>(block, tree.bounds(at.node as usize, dim), dim);
                let other = at.first as usize;
                let points = tree.block(other, dim);
                // Sets of lanes as bits: a branch for each lane would be mispredicted half of the time.
                let mut near_enough = 0_u32;
                for l in 0..LEAF {
                    near_enough |= u32::from(near[l] <= limits[l] * safety) << l;
                }
                while near_enough != 0 {
                    let lane = near_enough.trailing_zeros() as usize;
                    near_enough &= near_enough - 1;
                    let mut found = to_points::<FUSED, MAX>(block, lane, points, dim);
                    if itself && other == leaf {
                        found[lane] = f64::INFINITY;
                    }
                    let limit = &mut limits[lane];
                    let mut any = false;
                    for f in &found {
                        any |= *f < *limit;
                    }
                    if !any {
                        continue;
                    }
                    let mut nearer = 0_u32;
                    for (l, f) in found.iter().enumerate() {
                        nearer |= u32::from(*f < *limit) << l;
                    }
                    let list = &mut own_distances[lane * k..][..k];
                    let names = &mut own_positions[lane * k..][..k];
                    while nearer != 0 {
                        let l = nearer.trailing_zeros() as usize;
                        nearer &= nearer - 1;
                        insert(list, names, found[l], (other * LEAF + l) as u32);
                    }
                    *limit = list[k - 1];
                }
                worst = limits[..members].iter().fold(0.0, |most, &limit| larger(limit, most));
            }
        }
    }
}

/// How far two boxes that touch reach over each other, as the sum over the axes.
#[inline(always)]
fn overlap(a: (&[f64], &[f64]), b: (&[f64], &[f64]), dim: usize) -> f64 {
    let mut total = 0.0;
    for k in 0..dim {
        total += lesser(a.1[k], b.1[k]) - larger(a.0[k], b.0[k]);
    }
    total
}

/// Puts a distance below the last into an ordered list, whose last falls out. No branch depends on the data.
#[inline(always)]
fn insert(list: &mut [f64], names: &mut [u32], distance: f64, name: u32) {
    let (mut distance, mut name) = (distance, name);
    for (old, old_name) in list.iter_mut().zip(names) {
        let nearer = distance < *old;
        let (d, n) = (*old, *old_name);
        *old = if nearer { distance } else { d };
        *old_name = if nearer { name } else { n };
        distance = if nearer { d } else { distance };
        name = if nearer { n } else { name };
    }
}

struct Count<'t> {
    tree: &'t Tree,
    queries: &'t Tree,
    leaves: Range<usize>,
    radii: &'t [f64],
    closed: bool,
    counts: &'t mut [u32],
}

impl<const D: usize, const MAX: bool> simd::Kernel for Fixed<D, MAX, Count<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Count { tree, queries, leaves, radii, closed, counts } = self.0;
        let dim = if D == 0 { tree.dim } else { D };
        let itself = std::ptr::eq(tree, queries);
        let safety = safety(dim);
        let mut open = [Open::default(); DEPTH];
        for (at, leaf) in leaves.enumerate() {
            let members = queries.members(leaf);
            let radii = &radii[at * LEAF..][..members];
            let counts = &mut counts[at * LEAF..][..members];
            let block = queries.block(leaf, dim);
            let around = queries.bounds(queries.node_of(leaf), dim);
            let (least, most) = range_of(radii.iter().copied());
            let mut waiting = 1;
            open[0] = Open { node: 0, first: 0, count: tree.leaves() as u32, bound: 0.0 };
            while waiting > 0 {
                waiting -= 1;
                let here = open[waiting];
                let bounds = tree.bounds(here.node as usize, dim);
                if between_boxes::<FUSED, MAX>(around, bounds, dim) > most * safety {
                    continue;
                }
                let own = itself && (here.first..here.first + here.count).contains(&(leaf as u32));
                if !own && across_boxes::<FUSED, MAX>(around, bounds, dim) * safety < least {
                    let end = ((here.first + here.count) as usize * LEAF).min(tree.len());
                    let all = (end - here.first as usize * LEAF) as u32;
                    counts.iter_mut().for_each(|count| *count += all);
                } else if here.count > 1 {
                    (open[waiting], open[waiting + 1]) = here.split();
                    waiting += 2;
                } else {
                    let points = tree.block(here.first as usize, dim);
                    for lane in 0..members {
                        let mut found = to_points::<FUSED, MAX>(block, lane, points, dim);
                        if own {
                            found[lane] = f64::INFINITY;
                        }
                        let radius = radii[lane];
                        let mut inside = 0;
                        for f in &found {
                            inside += u32::from(if closed { *f <= radius } else { *f < radius });
                        }
                        counts[lane] += inside;
                    }
                }
            }
        }
    }
}

struct Cover<'t> {
    tree: &'t Tree,
    queries: &'t Tree,
    leaves: Range<usize>,
    radii: &'t [f64],
    reach: &'t [f64],
    covered: &'t mut [bool],
}

impl<const D: usize, const MAX: bool> simd::Kernel for Fixed<D, MAX, Cover<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Cover { tree, queries, leaves, radii, reach, covered } = self.0;
        let dim = if D == 0 { tree.dim } else { D };
        let safety = safety(dim);
        let mut open = [Open::default(); DEPTH];
        for (at, leaf) in leaves.enumerate() {
            let members = queries.members(leaf);
            let block = queries.block(leaf, dim);
            let around = queries.bounds(queries.node_of(leaf), dim);
            // The lanes that no ball holds yet, as bits.
            let mut bare = (1_u32 << members) - 1;
            let mut waiting = 1;
            open[0] = Open { node: 0, first: 0, count: tree.leaves() as u32, bound: 0.0 };
            while waiting > 0 && bare != 0 {
                waiting -= 1;
                let here = open[waiting];
                let reach = reach[here.node as usize] * safety;
                if here.bound > reach {
                    continue;
                }
                if here.count > 1 {
                    let (mut left, mut right) = here.split();
                    let (l, r) = (tree.bounds(left.node as usize, dim), tree.bounds(right.node as usize, dim));
                    left.bound = between_boxes::<FUSED, MAX>(around, l, dim);
                    right.bound = between_boxes::<FUSED, MAX>(around, r, dim);
                    // The nearer child is on top of the stack: it is the likelier to hold the queries.
                    (open[waiting], open[waiting + 1]) =
                        if left.bound < right.bound { (right, left) } else { (left, right) };
                    waiting += 2;
                    continue;
                }
                let other = here.first as usize;
                let points = tree.block(other, dim);
                let near = to_box::<FUSED, MAX>(block, tree.bounds(here.node as usize, dim), dim);
                // Below every distance where the last block has no point.
                let mut own = [-1.0; LEAF];
                own[..tree.members(other)].copy_from_slice(&radii[other * LEAF..][..tree.members(other)]);
                let mut lanes = bare;
                while lanes != 0 {
                    let lane = lanes.trailing_zeros() as usize;
                    lanes &= lanes - 1;
                    if near[lane] > reach {
                        continue;
                    }
                    let found = to_points::<FUSED, MAX>(block, lane, points, dim);
                    let mut any = false;
                    for l in 0..LEAF {
                        any |= found[l] <= own[l];
                    }
                    bare &= !(u32::from(any) << lane);
                }
            }
            for (lane, covered) in covered[at * LEAF..][..members].iter_mut().enumerate() {
                *covered = bare >> lane & 1 == 0;
            }
        }
    }
}

#[cfg(test)]
mod tests;
