//! How a block of queries walks the tree to count points, or to ask whether a ball holds it.

use std::ops::Range;

use super::boxes::{Fixed, fill_box, highest_bounds, lanes_to_box, lowest_bounds, safety, to_points};
use super::tree::{BITS, LEAF, Tree, WIDE, range_of};
use crate::simd::{VectorKernel, Vectors};

/// Groups that wait, as level and number: at most all but one of the children at each level.
const WAITING: usize = 12 * WIDE;

pub(super) struct Count<'t> {
    pub(super) tree: &'t Tree,
    pub(super) queries: &'t Tree,
    pub(super) leaves: Range<usize>,
    pub(super) radii: &'t [f64],
    pub(super) closed: bool,
    pub(super) counts: &'t mut [u32],
}

impl<const D: usize, const MAX: bool> VectorKernel for Fixed<D, MAX, Count<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        let Count { tree, queries, leaves, radii, closed, counts } = self.0;
        let dim = if D == 0 { tree.dim } else { D };
        let itself = std::ptr::eq(tree, queries);
        let safety = safety(dim);
        let mut waiting = [(0, 0); WAITING];
        let mut around = vec![0.0; 2 * dim];
        for (at, leaf) in leaves.enumerate() {
            let members = queries.members(leaf);
            let counts = &mut counts[at * LEAF..][..members];
            // Below every distance where there is no query.
            let mut own = [-1.0; LEAF];
            own[..members].copy_from_slice(&radii[at * LEAF..][..members]);
            let (least, most) = range_of(own[..members].iter().copied());
            let block = queries.block(leaf, dim);
            fill_box(&mut around, queries, leaf, dim);
            waiting[0] = (tree.top(), 0);
            let mut count = 1;
            while count > 0 {
                count -= 1;
                let (level, index) = waiting[count];
                let group = tree.group(level, index, dim);
                let near = lowest_bounds::<V, MAX>(&around, group, dim);
                let far = highest_bounds::<V, MAX>(&around, group, dim);
                let (mut within, mut whole) = (0_u32, 0_u32);
                for l in 0..WIDE {
                    within |= u32::from(near[l] <= most * safety) << l;
                    let reach = far[l] * safety;
                    whole |= u32::from(reach < least || closed && reach <= least) << l;
                }
                within &= tree.children(level, index);
                while within != 0 {
                    let child = within.trailing_zeros() as usize;
                    within &= within - 1;
                    let node = index << BITS | child;
                    let holds_them = itself && leaf >> (BITS * level) == node;
                    if whole >> child & 1 == 1 && !holds_them {
                        let all = tree.points_below(level, node) as u32;
                        counts.iter_mut().for_each(|count| *count += all);
                        continue;
                    }
                    if level > 0 {
                        waiting[count] = (level - 1, node);
                        count += 1;
                        continue;
                    }
                    let near = lanes_to_box::<V, MAX>(block, group, child, dim);
                    let mut lanes = vectors.at_most(&near, &own.map(|radius| radius * safety));
                    let points = tree.block(node, dim);
                    while lanes != 0 {
                        let lane = lanes.trailing_zeros() as usize;
                        lanes &= lanes - 1;
                        let mut found = to_points::<V, MAX>(block, lane, points, dim);
                        if holds_them {
                            found[lane] = f64::INFINITY;
                        }
                        let radius = own[lane];
                        let inside = if closed {
                            vectors.at_most(&found, &[radius; LEAF])
                        } else {
                            vectors.below(&found, radius)
                        };
                        counts[lane] += inside.count_ones();
                    }
                }
            }
        }
    }
}

pub(super) struct Cover<'t> {
    pub(super) tree: &'t Tree,
    pub(super) queries: &'t Tree,
    pub(super) leaves: Range<usize>,
    pub(super) radii: &'t [f64],
    /// The longest radius below each node, level by level.
    pub(super) reach: &'t [Vec<[f64; WIDE]>],
    pub(super) covered: &'t mut [bool],
}

impl<const D: usize, const MAX: bool> VectorKernel for Fixed<D, MAX, Cover<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        let Cover { tree, queries, leaves, radii, reach, covered } = self.0;
        let dim = if D == 0 { tree.dim } else { D };
        let safety = safety(dim);
        let mut waiting = [(0, 0); WAITING];
        let mut around = vec![0.0; 2 * dim];
        for (at, leaf) in leaves.enumerate() {
            let members = queries.members(leaf);
            let block = queries.block(leaf, dim);
            fill_box(&mut around, queries, leaf, dim);
            // The lanes that no ball holds yet, as bits.
            let mut bare = (1_u32 << members) - 1;
            waiting[0] = (tree.top(), 0);
            let mut count = 1;
            while count > 0 && bare != 0 {
                count -= 1;
                let (level, index) = waiting[count];
                let group = tree.group(level, index, dim);
                let near = lowest_bounds::<V, MAX>(&around, group, dim);
                let reach = &reach[level][index];
                let mut within = 0_u32;
                for l in 0..WIDE {
                    within |= u32::from(near[l] <= reach[l] * safety) << l;
                }
                within &= tree.children(level, index);
                while within != 0 {
                    let child = within.trailing_zeros() as usize;
                    within &= within - 1;
                    let node = index << BITS | child;
                    if level > 0 {
                        waiting[count] = (level - 1, node);
                        count += 1;
                        continue;
                    }
                    let points = tree.block(node, dim);
                    let near = lanes_to_box::<V, MAX>(block, group, child, dim);
                    // Below every distance where the last block has no point.
                    let mut own = [-1.0; LEAF];
                    own[..tree.members(node)].copy_from_slice(&radii[node * LEAF..][..tree.members(node)]);
                    let mut lanes = bare & vectors.at_most(&near, &[reach[child] * safety; LEAF]);
                    while lanes != 0 {
                        let lane = lanes.trailing_zeros() as usize;
                        lanes &= lanes - 1;
                        let found = to_points::<V, MAX>(block, lane, points, dim);
                        bare &= !(u32::from(vectors.at_most(&found, &own) != 0) << lane);
                    }
                }
            }
            for (lane, covered) in covered[at * LEAF..][..members].iter_mut().enumerate() {
                *covered = bare >> lane & 1 == 0;
            }
        }
    }
}
