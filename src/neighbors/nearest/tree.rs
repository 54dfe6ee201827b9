//! The tree: blocks of points, and the boxes of the nodes above them.

use crate::simd::PAIR;

/// Points of a block: two vectors of eight.
pub(crate) const LEAF: usize = PAIR;
/// Children of a node: one vector.
pub(super) const WIDE: usize = 1 << BITS;
pub(super) const BITS: usize = 3;
/// From so many points on the two halves of a tree are built by two threads.
const PARALLEL: usize = 1 << 15;

/// A kd-tree over points in R^d.
///
/// A node of level l is [`WIDE`]^l blocks that follow each other, so that node i has the children [`WIDE`] i, [`WIDE`] i + 1, … one
/// level below; only the last node of a level may have fewer. The blocks are the nodes of level 0. *Position* is the place of a
/// point in the order of the tree.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(super) dim: usize,
    /// The caller's index of the point at each position.
    pub(super) order: Vec<u32>,
    /// Coordinate by coordinate inside each block; infinite where the last block has no point.
    pub(super) blocks: Vec<f64>,
    /// The children of a node together: coordinate by coordinate their least values, then the largest.
    pub(super) boxes: Vec<f64>,
    /// Where each level begins in the boxes, counted in groups of children.
    pub(super) levels: Vec<usize>,
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

    pub(super) fn leaves(&self) -> usize {
        self.order.len().div_ceil(LEAF)
    }

    pub(super) fn members(&self, leaf: usize) -> usize {
        LEAF.min(self.order.len() - leaf * LEAF)
    }

    #[inline(always)]
    pub(super) fn block(&self, leaf: usize, dim: usize) -> &[f64] {
        &self.blocks[leaf * LEAF * dim..][..LEAF * dim]
    }

    /// The level whose only group holds all points.
    #[inline(always)]
    pub(super) fn top(&self) -> usize {
        self.levels.len() - 1
    }

    /// Number of nodes of a level.
    pub(super) fn nodes(&self, level: usize) -> usize {
        self.leaves().div_ceil(1 << (BITS * level))
    }

    /// The boxes of the children of a node; `level` is that of the children.
    #[inline(always)]
    pub(super) fn group(&self, level: usize, node: usize, dim: usize) -> &[f64] {
        &self.boxes[(self.levels[level] + node) * 2 * WIDE * dim..][..2 * WIDE * dim]
    }

    /// The children that a node has, as bits; `level` is that of the children.
    #[inline(always)]
    pub(super) fn children(&self, level: usize, node: usize) -> u32 {
        let count = (self.nodes(level) - node * WIDE).min(WIDE);
        (1 << count) - 1
    }

    pub(super) fn points_below(&self, level: usize, node: usize) -> usize {
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

pub(super) fn range_of(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v| (lesser(v, least), larger(v, most)))
}

#[inline(always)]
pub(super) fn larger(x: f64, y: f64) -> f64 {
    if x > y { x } else { y }
}

#[inline(always)]
fn lesser(x: f64, y: f64) -> f64 {
    if x < y { x } else { y }
}
