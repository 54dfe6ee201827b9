//! Distances between points, boxes and groups of boxes, vector by vector.

use super::tree::{BITS, LEAF, Tree, WIDE, larger};
use crate::simd::Vectors;

/// A loop with a dimension known at compile time (0: as the tree says) and a norm (`MAX`: the maximum).
pub(super) struct Fixed<const D: usize, const MAX: bool, J>(pub(super) J);

/// Adds a gap to a distance.
#[inline(always)]
pub(super) fn step<V: Vectors, const MAX: bool>(total: f64, gap: f64) -> f64 {
    if MAX {
        larger(gap.abs(), total)
    } else if V::FUSED {
        gap.mul_add(gap, total)
    } else {
        gap * gap + total
    }
}

/// What a bound may exceed a distance by through rounding, relative: each of d gaps, squares and sums rounds once.
pub(super) fn safety(dim: usize) -> f64 {
    1.0 + (2 * dim + 8) as f64 * f64::EPSILON
}

/// The box of a leaf: the least value of each coordinate, then the largest.
#[inline(always)]
pub(super) fn fill_box(around: &mut [f64], tree: &Tree, leaf: usize, dim: usize) {
    let group = tree.group(0, leaf >> BITS, dim);
    for k in 0..dim {
        around[k] = group[2 * k * WIDE + leaf % WIDE];
        around[dim + k] = group[(2 * k + 1) * WIDE + leaf % WIDE];
    }
}

/// The coordinate k of a group of boxes: the least values, then the largest.
#[inline(always)]
fn sides(group: &[f64], k: usize) -> (&[f64; WIDE], &[f64; WIDE]) {
    let pair = group[2 * k * WIDE..][..2 * WIDE].as_chunks::<WIDE>().0;
    (&pair[0], &pair[1])
}

/// A lower bound between a box and each of a group.
#[inline(always)]
pub(super) fn lowest_bounds<V: Vectors, const MAX: bool>(around: &[f64], group: &[f64], dim: usize) -> [f64; WIDE] {
    let mut totals = [0.0; WIDE];
    for k in 0..dim {
        let (least, most) = (around[k], around[dim + k]);
        let (lo, hi) = sides(group, k);
        for l in 0..WIDE {
            let gap = larger(larger(lo[l] - most, least - hi[l]), 0.0);
            totals[l] = step::<V, MAX>(totals[l], gap);
        }
    }
    totals
}

/// The largest distance between a box and each of a group.
#[inline(always)]
pub(super) fn highest_bounds<V: Vectors, const MAX: bool>(around: &[f64], group: &[f64], dim: usize) -> [f64; WIDE] {
    let mut totals = [0.0; WIDE];
    for k in 0..dim {
        let (least, most) = (around[k], around[dim + k]);
        let (lo, hi) = sides(group, k);
        for l in 0..WIDE {
            totals[l] = step::<V, MAX>(totals[l], larger(hi[l] - least, most - lo[l]));
        }
    }
    totals
}

/// The distance from each point of a block to one box of a group.
#[inline(always)]
pub(super) fn lanes_to_box<V: Vectors, const MAX: bool>(
    block: &[f64],
    group: &[f64],
    child: usize,
    dim: usize,
) -> [f64; LEAF] {
    let mut near = [0.0; LEAF];
    for k in 0..dim {
        let (lo, hi) = (group[2 * k * WIDE + child], group[(2 * k + 1) * WIDE + child]);
        let x: &[f64; LEAF] = block[k * LEAF..][..LEAF].try_into().expect("LEAF lanes");
        for l in 0..LEAF {
            near[l] = step::<V, MAX>(near[l], larger(larger(lo - x[l], x[l] - hi), 0.0));
        }
    }
    near
}

/// The distance from the point in `lane` of a block to each point of another.
#[inline(always)]
pub(super) fn to_points<V: Vectors, const MAX: bool>(
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
            distances[l] = step::<V, MAX>(distances[l], x - y[l]);
        }
    }
    distances
}

impl Tree {
    /// The leaf at the middle of a box, or near it.
    #[inline(always)]
    pub(super) fn leaf_at<V: Vectors, const MAX: bool>(&self, around: &[f64], dim: usize) -> usize {
        let mut node = 0;
        for level in (0..=self.top()).rev() {
            let group = self.group(level, node, dim);
            let mut totals = [0.0; WIDE];
            for k in 0..dim {
                let middle = 0.5 * around[k] + 0.5 * around[dim + k];
                let (lo, hi) = sides(group, k);
                for l in 0..WIDE {
                    let gap = larger(larger(lo[l] - middle, middle - hi[l]), 0.0);
                    totals[l] = step::<V, MAX>(totals[l], gap);
                }
            }
            let mut nearest = (totals[0], 0);
            for l in 1..WIDE {
                if totals[l] < nearest.0 {
                    nearest = (totals[l], l);
                }
            }
            node = node << BITS | nearest.1;
        }
        node
    }
}
