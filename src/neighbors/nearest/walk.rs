//! How a block of queries walks the tree to its nearest points.

use std::ops::Range;

use super::boxes::{Fixed, fill_box, lanes_to_box, lowest_bounds, safety, to_points};
use super::tree::{BITS, LEAF, Tree, WIDE};
use crate::simd::{SLOTS, VectorKernel, Vectors};

/// Groups that are open at once: one at each level of the tree.
const DEPTH: usize = 12;

/// The children of a node that wait, by the bound to the queries: the bits of the bound, whose last few are the number of the
/// child. Numbers at least 0 are ordered like their bits.
#[derive(Clone, Copy)]
struct Group {
    keys: [i64; WIDE],
    /// The key that was taken last.
    taken: i64,
    level: usize,
    index: usize,
    /// How far the queries that reach the node reach at most.
    reach: f64,
}

impl Group {
    const NONE: Self = Self { keys: [i64::MAX; WIDE], taken: -1, level: 0, index: 0, reach: 0.0 };

    #[inline(always)]
    fn new(bounds: &[f64; WIDE], level: usize, index: usize, reach: f64) -> Self {
        let mut keys = [0; WIDE];
        for l in 0..WIDE {
            keys[l] = bounds[l].to_bits() as i64 & !(WIDE as i64 - 1) | l as i64;
        }
        Self { keys, taken: -1, level, index, reach }
    }

    /// The nearest child that has not been taken, if its bound is at most `limit`, which is finite or not.
    #[inline(always)]
    fn next<V: Vectors>(&mut self, vectors: V, limit: f64) -> Option<usize> {
        self.taken = vectors.next_key(&self.keys, self.taken);
        let bound = f64::from_bits((self.taken & !(WIDE as i64 - 1)) as u64);
        // Infinitely far are the children that a last group does not have.
        (bound < f64::INFINITY && bound <= limit.min(self.reach)).then_some(self.taken as usize & (WIDE - 1))
    }
}

pub(super) struct Search<'t> {
    pub(super) tree: &'t Tree,
    pub(super) queries: &'t Tree,
    pub(super) leaves: Range<usize>,
    pub(super) k: usize,
    pub(super) distances: &'t mut [f64],
    pub(super) positions: &'t mut [u32],
}

impl<const D: usize, const MAX: bool> VectorKernel for Fixed<D, MAX, Search<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        let Search { tree, queries, leaves, k, distances, positions } = self.0;
        let dim = if D == 0 { tree.dim } else { D };
        let itself = std::ptr::eq(tree, queries);
        let safety = safety(dim);
        let mut open = [Group::NONE; DEPTH];
        let mut around = vec![0.0; 2 * dim];
        let mut lists = Lists::new(k);
        let found = distances.chunks_mut(LEAF * k).zip(positions.chunks_mut(LEAF * k));
        for (leaf, (distances, positions)) in leaves.zip(found) {
            let members = queries.members(leaf);
            let block = queries.block(leaf, dim);
            fill_box(&mut around, queries, leaf, dim);
            let first = if itself { leaf } else { tree.leaf_at::<V, MAX>(&around, dim) };
            // What a point must be nearer than, query by query.
            let mut limits = [-1.0; LEAF];
            let own = lists.begin::<V, MAX>(vectors, block, tree.block(first, dim), first, itself, dim);
            limits[..members].copy_from_slice(&own[..members]);
            limits = limits.map(searched);
            let mut worst = vectors.largest(&limits);
            let mut depth = 1;
            let bounds = lowest_bounds::<V, MAX>(&around, tree.group(tree.top(), 0, dim), dim);
            open[0] = Group::new(&bounds, tree.top(), 0, f64::INFINITY);
            while depth > 0 {
                let group = &mut open[depth - 1];
                let Some(child) = group.next(vectors, worst * safety) else {
                    depth -= 1;
                    continue;
                };
                let (level, node) = (group.level, group.index << BITS | child);
                if level > 0 {
                    // Those queries alone that reach the box of the node say which of its children are near enough.
                    let near = lanes_to_box::<V, MAX>(block, tree.group(level, node >> BITS, dim), child, dim);
                    let mut reach = [-1.0; LEAF];
                    for l in 0..LEAF {
                        let limit = limits[l] * safety;
                        reach[l] = if near[l] <= limit { limit } else { -1.0 };
                    }
                    let reach = vectors.largest(&reach);
                    if reach < 0.0 {
                        continue;
                    }
                    let bounds = lowest_bounds::<V, MAX>(&around, tree.group(level - 1, node, dim), dim);
                    open[depth] = Group::new(&bounds, level - 1, node, reach);
                    depth += 1;
                    continue;
                }
                if node == first {
                    continue;
                }
                let near = lanes_to_box::<V, MAX>(block, tree.group(0, node >> BITS, dim), child, dim);
                // Sets of lanes as bits: a branch for each lane would be mispredicted half of the time.
                let mut near_enough = vectors.at_most(&near, &limits.map(|limit| limit * safety));
                if near_enough == 0 {
                    continue;
                }
                let points = tree.block(node, dim);
                while near_enough != 0 {
                    let lane = near_enough.trailing_zeros() as usize;
                    near_enough &= near_enough - 1;
                    let found = to_points::<V, MAX>(block, lane, points, dim);
                    let mut nearer = vectors.below(&found, limits[lane]);
                    if nearer == 0 {
                        continue;
                    }
                    while nearer != 0 {
                        let l = nearer.trailing_zeros() as usize;
                        nearer &= nearer - 1;
                        lists.insert(vectors, lane, found[l], node * LEAF + l);
                    }
                    limits[lane] = searched(lists.last(lane));
                }
                worst = vectors.largest(&limits);
            }
            lists.write(distances, positions);
        }
    }
}

/// What a point must be nearer than: nothing is nearer than equal points, and who has k of them need not search.
#[inline(always)]
fn searched(last: f64) -> f64 {
    if last > 0.0 { last } else { -1.0 }
}

/// The nearest points of the queries of a block so far: ordered lists, in vectors of [`SLOTS`].
struct Lists {
    k: usize,
    /// k, up to whole vectors.
    width: usize,
    distances: Vec<f64>,
    /// Positions, as wide as distances so that both move alike.
    names: Vec<u64>,
    /// The same with the queries as lanes, while a first block is read.
    across: Vec<[f64; LEAF]>,
    across_names: Vec<[u64; LEAF]>,
}

impl Lists {
    fn new(k: usize) -> Self {
        let width = k.next_multiple_of(SLOTS);
        Self {
            k,
            width,
            distances: vec![f64::INFINITY; LEAF * width],
            names: vec![0; LEAF * width],
            across: vec![[f64::INFINITY; LEAF]; k.min(LEAF)],
            across_names: vec![[0; LEAF]; k.min(LEAF)],
        }
    }

    /// Begins the lists of a block of queries with the points of one block, and returns the k-th distances. `itself`: the
    /// queries are these points, and none is its own neighbour.
    #[inline(always)]
    fn begin<V: Vectors, const MAX: bool>(
        &mut self,
        vectors: V,
        queries: &[f64],
        points: &[f64],
        leaf: usize,
        itself: bool,
        dim: usize,
    ) -> [f64; LEAF] {
        let kept = self.across.len();
        self.across.fill([f64::INFINITY; LEAF]);
        for candidate in 0..LEAF {
            let mut found = to_points::<V, MAX>(points, candidate, queries, dim);
            if itself {
                found[candidate] = f64::INFINITY;
            }
            let name = (leaf * LEAF + candidate) as u64;
            for slot in (1..kept.min(candidate + 1)).rev() {
                let (before, here) = self.across[slot - 1..=slot].split_at_mut(1);
                let (names_before, names) = self.across_names[slot - 1..=slot].split_at_mut(1);
                let here = (&mut here[0], &mut names[0]);
                vectors.insert_across(here, (&found, name), (&before[0], &names_before[0]));
            }
            let nearest = (&mut self.across[0], &mut self.across_names[0]);
            vectors.insert_across(nearest, (&found, name), (&[f64::NEG_INFINITY; LEAF], &[0; LEAF]));
        }
        self.distances.fill(f64::INFINITY);
        for slot in 0..kept {
            for l in 0..LEAF {
                self.distances[l * self.width + slot] = self.across[slot][l];
                self.names[l * self.width + slot] = self.across_names[slot][l];
            }
        }
        if self.k == kept { self.across[kept - 1] } else { [f64::INFINITY; LEAF] }
    }

    /// The k-th distance of a query.
    #[inline(always)]
    fn last(&self, lane: usize) -> f64 {
        self.distances[lane * self.width + self.k - 1]
    }

    /// Puts a point into the list of a query, behind those that are as far; the last falls out. No branch depends on the data.
    #[inline(always)]
    fn insert<V: Vectors>(&mut self, vectors: V, lane: usize, distance: f64, position: usize) {
        let list = self.distances[lane * self.width..][..self.width].as_chunks_mut::<SLOTS>().0;
        let names = self.names[lane * self.width..][..self.width].as_chunks_mut::<SLOTS>().0;
        let mut before = (f64::NEG_INFINITY, 0);
        for (list, names) in list.iter_mut().zip(names) {
            let last = (list[SLOTS - 1], names[SLOTS - 1]);
            vectors.insert((list, names), (distance, position as u64), before);
            before = last;
        }
    }

    /// Writes the lists one after the other.
    #[inline(always)]
    fn write(&self, distances: &mut [f64], positions: &mut [u32]) {
        let lists = self.distances.chunks_exact(self.width).zip(self.names.chunks_exact(self.width));
        let out = distances.chunks_exact_mut(self.k).zip(positions.chunks_exact_mut(self.k));
        for ((distances, positions), (list, names)) in out.zip(lists) {
            for slot in 0..self.k {
                distances[slot] = list[slot];
                positions[slot] = if list[slot] < f64::INFINITY { names[slot] as u32 } else { u32::MAX };
            }
        }
    }
}
