//! A kd-tree over points that carry dual values, with a linear bound of the dual on every node.
//!
//! For a query x and a target y with value g(y) the *slack* is c(x, y) − g(y). A node stores a box, a slope s and a height r
//! with g(y) ≤ ⟨s, y⟩ + r for all its points, so min over the box of c(x, y) − ⟨s, y⟩ − r bounds the slack from below. At an
//! optimum g is locally close to linear at the scale where c(x, ·) bends away from it, so a query visits a few dozen points,
//! however many there are.

use std::time::Duration;

use super::ground::Metric;
use super::halving::middle;
use super::row::{Found, keep};
use crate::simd;

/// Points of a leaf: one vector of them.
const LEAF: usize = 8;

/// A kd-tree over points in R^D with dual values, for queries by slack.
#[derive(Debug)]
pub(crate) struct DualTree<const D: usize, M> {
    metric: M,
    /// Depth-first; the left child of a node is the next one.
    nodes: Vec<Node<D>>,
    leaves: Vec<Leaf<D>>,
    /// The largest size of a value.
    largest_value: f64,
}

#[derive(Debug, Clone, Copy)]
struct Node<const D: usize> {
    lo: [f64; D],
    hi: [f64; D],
    slope: [f64; D],
    height: f64,
    /// The right child, or for a leaf its number, marked by the top bit.
    link: u32,
}

#[derive(Debug, Clone, Copy)]
struct Leaf<const D: usize> {
    points: [[f64; LEAF]; D],
    /// Values; minus infinity where the leaf has no point.
    values: [f64; LEAF],
    first: u32,
    len: u32,
}

const IS_LEAF: u32 = 1 << 31;

impl<const D: usize, M: Metric> DualTree<D, M> {
    /// The tree of points in kd order (see [`halving`](super::halving)), row by row, with their values. O(n log n).
    pub(crate) fn new(metric: M, points: &[f64], values: &[f64]) -> Self {
        let points = points.as_chunks::<D>().0;
        let mut tree = Self { metric, nodes: Vec::new(), leaves: Vec::new(), largest_value: 0.0 };
        tree.largest_value = tree.grow(points, values, 0, points.len()).largest_value;
        tree
    }

    /// About the bytes that a tree of `n` points holds: vectors that grew by doubling, leaves three quarters full.
    pub(crate) fn memory(n: usize) -> usize {
        let leaves = n.div_ceil(LEAF * 3 / 4);
        3 * leaves * (size_of::<Leaf<D>>() + 2 * size_of::<Node<D>>()) / 2
    }

    /// The children of a node with their bounds of the slack, the one of the lesser bound first; None for a leaf.
    #[inline(always)]
    fn children(&self, x: &[f64; D], at: u32, limit: f64) -> Option<((u32, f64), (u32, f64))> {
        let link = self.nodes[at as usize].link;
        if link & IS_LEAF != 0 {
            return None;
        }
        let with_bound = |child: u32| {
            let Node { lo, hi, slope, height, .. } = &self.nodes[child as usize];
            (child, self.metric.least_over_box(x, lo, hi, slope, limit + height) - height)
        };
        let (left, right) = (with_bound(at + 1), with_bound(link));
        Some(if left.1 <= right.1 { (left, right) } else { (right, left) })
    }

    fn grow(&mut self, points: &[[f64; D]], values: &[f64], lo: usize, hi: usize) -> Moments<D> {
        let at = self.nodes.len();
        self.nodes.push(Node { lo: [0.0; D], hi: [0.0; D], slope: [0.0; D], height: 0.0, link: 0 });
        let moments = if hi - lo <= LEAF {
            let mut leaf = Leaf {
                points: [[0.0; LEAF]; D],
                values: [f64::NEG_INFINITY; LEAF],
                first: lo as u32,
                len: (hi - lo) as u32,
            };
            let mut moments = Moments::empty(points[lo], values[lo]);
            for i in lo..hi {
                for k in 0..D {
                    leaf.points[k][i - lo] = points[i][k];
                }
                leaf.values[i - lo] = values[i];
                moments.add(&points[i], values[i]);
            }
            self.nodes[at].link = IS_LEAF | self.leaves.len() as u32;
            self.leaves.push(leaf);
            moments
        } else {
            let mid = middle(lo, hi);
            let left = self.grow(points, values, lo, mid);
            self.nodes[at].link = self.nodes.len() as u32;
            let right = self.grow(points, values, mid, hi);
            left.merge(&right)
        };
        let slope = moments.slope();
        let height = highest_above(points, values, lo..hi, &slope) + rounding(self.metric, &moments, &slope);
        let node = &mut self.nodes[at];
        (node.lo, node.hi, node.slope, node.height) = (moments.lo, moments.hi, slope, height);
        moments
    }

    /// The `k` points of least slack below `limit`, least first (ties by index), written to `found`.
    pub(crate) fn search(&self, x: &[f64], limit: f64, k: usize, found: &mut Vec<Found>) {
        let x: &[f64; D] = x.try_into().expect("a query has D coordinates");
        found.clear();
        simd::run(Search { tree: self, x, limit, k, found });
    }

    /// Nodes that a glance looks at, about: in more dimensions bounds of large nodes tell less.
    const GLANCE: usize = [64, 128, 512, 1024][D - 1];

    /// What a glance takes at most, about.
    pub(crate) const GLANCE_TIME: Duration = Duration::from_nanos(12 * Self::GLANCE as u64);

    /// What a look at few nodes tells of the least slack: the point of least slack below `limit` that was seen, if there was one, and a
    /// lower bound of all slacks below `limit`.
    pub(crate) fn glance(&self, x: &[f64; D], limit: f64) -> (Option<Found>, f64) {
        let (found, bound) = simd::run(Glance { tree: self, x, limit });
        let least = found.map_or(limit, |found| found.slack);
        (found, bound.min(least - uncertain::<D, M>(self.metric) * (least.abs() + self.largest_value)))
    }
}

struct Glance<'t, const D: usize, M> {
    tree: &'t DualTree<D, M>,
    x: &'t [f64; D],
    limit: f64,
}

impl<const D: usize, M: Metric> simd::Kernel for Glance<'_, D, M> {
    /// The best point seen, and the least bound of the nodes that were not.
    type Output = (Option<Found>, f64);

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Self::Output {
        let Self { tree, x, mut limit } = self;
        let mut found = Vec::with_capacity(2);
        // The node of least bound stands last.
        let mut open = Vec::with_capacity(DualTree::<D, M>::GLANCE);
        open.push((0u32, f64::NEG_INFINITY));
        let mut looks = 0;
        while let Some((mut at, bound)) = open.pop() {
            if bound >= limit {
                break;
            }
            if looks >= DualTree::<D, M>::GLANCE {
                return (found.first().copied(), bound);
            }
            while let Some((near, far)) = tree.children(x, at, limit) {
                looks += 2;
                if far.1 < limit {
                    let place = open.partition_point(|open| open.1 > far.1);
                    open.insert(place, far);
                }
                at = near.0;
                if near.1 >= limit {
                    break;
                }
            }
            let node = &tree.nodes[at as usize];
            if node.link & IS_LEAF != 0 {
                scan_leaf(tree.metric, &tree.leaves[(node.link ^ IS_LEAF) as usize], x, &mut limit, 1, &mut found);
            }
        }
        (found.first().copied(), f64::INFINITY)
    }
}

struct Search<'t, const D: usize, M> {
    tree: &'t DualTree<D, M>,
    x: &'t [f64; D],
    limit: f64,
    k: usize,
    found: &'t mut Vec<Found>,
}

impl<const D: usize, M: Metric> simd::Kernel for Search<'_, D, M> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { tree, x, limit, k, found } = self;
        let uncertain = uncertain::<D, M>(tree.metric);
        let mut limit = limit + uncertain * limit.abs();
        // Depth of the tree: at most 32 halvings of a u32 range; one sibling waits at each level.
        let mut open = [(0u32, 0.0f64); 40];
        let mut count = 1;
        open[0] = (0, f64::NEG_INFINITY);
        while count > 0 {
            count -= 1;
            let (mut at, bound) = open[count];
            if bound >= limit {
                continue;
            }
            loop {
                let node = &tree.nodes[at as usize];
                if node.link & IS_LEAF != 0 {
                    let leaf = &tree.leaves[(node.link ^ IS_LEAF) as usize];
                    scan_leaf(tree.metric, leaf, x, &mut limit, k, found);
                    break;
                }
                let Some(((near, near_bound), (far, far_bound))) = tree.children(x, at, limit) else { break };
                if far_bound < limit {
                    open[count] = (far, far_bound);
                    count += 1;
                }
                if near_bound >= limit {
                    break;
                }
                at = near;
            }
        }
    }
}

/// Tries the points of a leaf.
#[inline(always)]
fn scan_leaf<const D: usize, M: Metric>(
    metric: M,
    leaf: &Leaf<D>,
    x: &[f64; D],
    limit: &mut f64,
    k: usize,
    found: &mut Vec<Found>,
) {
    let mut slack = [0.0; LEAF];
    for i in 0..LEAF {
        let mut y = [0.0; D];
        for d in 0..D {
            y[d] = leaf.points[d][i];
        }
        slack[i] = metric.cost(x, &y) - leaf.values[i];
    }
    let mut any = false;
    for s in &slack {
        any |= *s < *limit;
    }
    if !any {
        return;
    }
    for (i, &slack) in slack[..leaf.len as usize].iter().enumerate() {
        if slack < *limit {
            let index = leaf.first + i as u32;
            keep(found, k, Found { slack, index }, |found| found.slack);
            if let Some(worst) = found.get(k - 1) {
                // A node whose bound is above this cannot hold a better point, whatever was rounded on the way.
                *limit = worst.slack + uncertain::<D, M>(metric) * worst.slack.abs();
            }
        }
    }
}

/// The least r with g(y) ≤ ⟨slope, y⟩ + r on a range of points.
fn highest_above<const D: usize>(
    points: &[[f64; D]],
    values: &[f64],
    range: std::ops::Range<usize>,
    slope: &[f64; D],
) -> f64 {
    let mut highest = f64::NEG_INFINITY;
    for (y, g) in points[range.clone()].iter().zip(&values[range]) {
        let mut above = *g;
        for k in 0..D {
            above -= slope[k] * y[k];
        }
        highest = if above > highest { above } else { highest };
    }
    highest
}

/// How far the bound of a node can be off by rounding: added to its height, so that pruning stays safe.
///
/// A cost within the reach of the best slack is at most that slack and the values together; what the bound adds and takes away
/// again is at most the slope times the farthest corner, and the cost of the box from end to end.
fn rounding<const D: usize, M: Metric>(metric: M, moments: &Moments<D>, slope: &[f64; D]) -> f64 {
    let mut size = moments.largest_value + metric.cost(&moments.lo, &moments.hi);
    for k in 0..D {
        size += slope[k].abs() * moments.lo[k].abs().max(moments.hi[k].abs());
    }
    uncertain::<D, M>(metric) * size
}

/// The relative error of a bound: that of a cost, and of the few sums it enters.
#[inline(always)]
fn uncertain<const D: usize, M: Metric>(metric: M) -> f64 {
    (8.0 * D as f64).max(2.0 * metric.roundings(D)) * f64::EPSILON
}

/// Box and second moments of points and values about an origin, for a least-squares slope.
#[derive(Debug, Clone, Copy)]
struct Moments<const D: usize> {
    lo: [f64; D],
    hi: [f64; D],
    largest_value: f64,
    origin: [f64; D],
    level: f64,
    count: f64,
    sum: [f64; D],
    sum_value: f64,
    square: [[f64; D]; D],
    cross: [f64; D],
}

impl<const D: usize> Moments<D> {
    fn empty(origin: [f64; D], level: f64) -> Self {
        Self {
            lo: [f64::INFINITY; D],
            hi: [f64::NEG_INFINITY; D],
            largest_value: 0.0,
            origin,
            level,
            count: 0.0,
            sum: [0.0; D],
            sum_value: 0.0,
            square: [[0.0; D]; D],
            cross: [0.0; D],
        }
    }

    fn add(&mut self, y: &[f64; D], g: f64) {
        self.largest_value = self.largest_value.max(g.abs());
        let g = g - self.level;
        self.count += 1.0;
        self.sum_value += g;
        for k in 0..D {
            self.lo[k] = self.lo[k].min(y[k]);
            self.hi[k] = self.hi[k].max(y[k]);
            let v = y[k] - self.origin[k];
            self.sum[k] += v;
            self.cross[k] += v * g;
            for l in 0..D {
                self.square[k][l] += v * (y[l] - self.origin[l]);
            }
        }
    }

    /// The moments of both, about the origin of the first.
    fn merge(&self, other: &Self) -> Self {
        let mut all = *self;
        let mut by = [0.0; D];
        all.largest_value = self.largest_value.max(other.largest_value);
        for k in 0..D {
            all.lo[k] = self.lo[k].min(other.lo[k]);
            all.hi[k] = self.hi[k].max(other.hi[k]);
            by[k] = other.origin[k] - self.origin[k];
        }
        let rise = other.level - self.level;
        let n = other.count;
        all.count += n;
        all.sum_value += other.sum_value + n * rise;
        for k in 0..D {
            all.sum[k] += other.sum[k] + n * by[k];
            all.cross[k] += other.cross[k] + by[k] * other.sum_value + rise * other.sum[k] + n * by[k] * rise;
            for l in 0..D {
                all.square[k][l] +=
                    other.square[k][l] + by[k] * other.sum[l] + by[l] * other.sum[k] + n * by[k] * by[l];
            }
        }
        all
    }

    /// The least-squares slope of the values; zero where the points do not determine it.
    fn slope(&self) -> [f64; D] {
        let mut matrix = [[0.0; D]; D];
        let mut right = [0.0; D];
        for k in 0..D {
            right[k] = self.cross[k] - self.sum[k] * self.sum_value / self.count;
            for l in 0..D {
                matrix[k][l] = self.square[k][l] - self.sum[k] * self.sum[l] / self.count;
            }
        }
        let trace: f64 = (0..D).map(|k| matrix[k][k]).sum();
        if trace <= 0.0 || trace.is_nan() {
            return [0.0; D];
        }
        for k in 0..D {
            matrix[k][k] += 1e-9 * trace;
        }
        let slope = solve(matrix, right);
        if slope.iter().all(|s| s.is_finite()) { slope } else { [0.0; D] }
    }
}

/// Solves a small symmetric positive definite system by elimination.
fn solve<const D: usize>(mut matrix: [[f64; D]; D], mut right: [f64; D]) -> [f64; D] {
    for k in 0..D {
        for row in k + 1..D {
            let factor = matrix[row][k] / matrix[k][k];
            for column in k..D {
                matrix[row][column] -= factor * matrix[k][column];
            }
            right[row] -= factor * right[k];
        }
    }
    for k in (0..D).rev() {
        for column in k + 1..D {
            right[k] -= matrix[k][column] * right[column];
        }
        right[k] /= matrix[k][k];
    }
    right
}
