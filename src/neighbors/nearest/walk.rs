//! How blocks of queries walk the tree: the loops behind its questions.

use std::ops::Range;

use super::{LEAF, Tree, larger, lesser, range_of};
use crate::simd::{self, multiply_add};

/// A loop with a dimension known at compile time (0: as the tree says) and a norm (`MAX`: the maximum).
pub(super) struct Fixed<const D: usize, const MAX: bool, J>(pub(super) J);

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

pub(super) struct Search<'t> {
    pub(super) tree: &'t Tree,
    pub(super) queries: &'t Tree,
    pub(super) leaves: Range<usize>,
    pub(super) k: usize,
    pub(super) distances: &'t mut [f64],
    pub(super) positions: &'t mut [u32],
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

pub(super) struct Count<'t> {
    pub(super) tree: &'t Tree,
    pub(super) queries: &'t Tree,
    pub(super) leaves: Range<usize>,
    pub(super) radii: &'t [f64],
    pub(super) closed: bool,
    pub(super) counts: &'t mut [u32],
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

pub(super) struct Cover<'t> {
    pub(super) tree: &'t Tree,
    pub(super) queries: &'t Tree,
    pub(super) leaves: Range<usize>,
    pub(super) radii: &'t [f64],
    pub(super) reach: &'t [f64],
    pub(super) covered: &'t mut [bool],
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
