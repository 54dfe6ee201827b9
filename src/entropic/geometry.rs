//! The costs of a problem as tiles of 8 × 16, in an order in which tiles are small boxes.

use std::sync::Arc;

use super::boxes::{Boxes, Search, TopOfBlocks, Tops, bound_by_gap};
use super::parts::in_parts;
use super::powers::{Distances, Exponentials, Exponents, InnerCosts, InnerPowers, Powers, Products};
use crate::cost::{CostMatrix, Form, GroundCost, Origin, PointCost};
use crate::measure::Points;
use crate::neighbors::halving::kd_blocks;
use crate::numeric::ranges;
use crate::simd;

/// Rows of a tile.
pub(super) const ROWS: usize = 8;
/// Columns of a tile.
pub(super) const LANES: usize = 16;
/// Entries of a tile.
pub(super) const TILE: usize = ROWS * LANES;
/// Dimension up to which boxes are kept: beyond, they are so wide that they exclude nothing.
const MOST_BOXED: usize = 12;
/// Dimension from which a cost takes longer to compute than to read from where it was kept ...
const DEAR: usize = 16;
/// ... and entries up to which that is near by.
const MOST_KEPT: usize = 2048 * 2048;
/// A typical cost in bits, up to which boxes in more than three dimensions exclude nothing.
const BLURRED: f64 = 30.0;
/// Neighbouring tiles of a cost that is not computed here are filled together.
const TOGETHER: usize = 8;

/// A first column block and how many follow it: blocks of one row of tiles, in order.
pub(super) type Run = (u32, u32);

/// The cost matrix of a problem, rows and columns in the order of the solver, padded to whole tiles.
pub(super) struct Geometry<'a> {
    pub(super) n: usize,
    pub(super) m: usize,
    costs: Costs<'a>,
    boxes: Option<[Boxes; 2]>,
    /// All costs, tile by tile, where computing them anew in each pass would take longer than reading them.
    kept: Option<Vec<f64>>,
    /// No cost is larger than this.
    pub(super) largest: f64,
    /// About the mean of |c|: over a few rows and columns.
    pub(super) typical: f64,
}

/// Rows and columns that the typical cost is taken from.
const SAMPLED: usize = 64;

enum Costs<'a> {
    /// `scale` times the squared Euclidean distance, or its root.
    Square { dim: usize, x: Vec<f64>, y: Vec<f64>, root: bool, scale: f64, inner: Option<Inner> },
    /// Whatever the matrix says.
    Filled(Filled<'a>),
}

/// Points around the mean of the targets, for |x|² + |y|² − 2 ⟨x, y⟩: half the work of differences, where its rounding is far
/// below what an exponent is good for.
struct Inner {
    x: Vec<f64>,
    y: Vec<f64>,
    x_norms: Vec<f64>,
    y_norms: Vec<f64>,
    /// The largest |x|² plus the largest |y|².
    reach: f64,
}

/// How far out points may lie, relative to a typical cost, for costs by inner products to keep their digits.
const INNER: f64 = 1e3;
/// The error of an exponent, in bits, that inner products may cause.
const HARMLESS: f64 = 1e-10;

impl Inner {
    /// Whether exponents at `rate` (in bits per squared distance) keep their digits.
    fn serves(&self, rate: f64) -> bool {
        rate * self.reach * 4.0 * f64::EPSILON < HARMLESS
    }

    fn products<'p>(&'p self, dim: usize, block: usize, runs: &'p [Run], out: &'p mut [f64]) -> Products<'p> {
        let x = &self.x[block * ROWS * dim..][..ROWS * dim];
        let x_norms = &self.x_norms[block * ROWS..][..ROWS];
        Products { dim, x, y: &self.y, x_norms, y_norms: &self.y_norms, runs, out }
    }
}

enum Filled<'a> {
    Borrowed(&'a dyn CostMatrix),
    Points(PointCost),
}

/// Points in the order of the solver: cells of a kd-tree.
#[derive(Debug, Clone)]
pub(super) struct Cloud {
    pub(super) points: Points,
    /// Position in the order → index of the caller.
    pub(super) order: Vec<u32>,
}

impl Cloud {
    /// Points in an order in which tiles are small boxes, or as they come.
    pub(super) fn new(points: &Points, sorted: bool) -> Self {
        if !sorted {
            return Self { points: points.clone(), order: (0..points.len() as u32).collect() };
        }
        let order = kd_blocks(points.as_slice(), points.dim(), LANES);
        let rows: Vec<f64> = order.iter().flat_map(|&i| points.point(i as usize).iter().copied()).collect();
        let points = Points::from_rows(rows, points.dim()).expect("the points are finite");
        Self { points, order }
    }
}

/// Whether boxes of points tell which pairs matter, where a typical cost has so many bits. (In the plane they always tell some.)
pub(super) fn is_boxed(form: Form, dim: usize, bits: f64) -> bool {
    matches!(form, Form::Norm { .. }) && (dim <= 3 || (dim <= MOST_BOXED && bits > BLURRED))
}

impl<'a> Geometry<'a> {
    /// The costs as the matrix has them, in its own order.
    pub(super) fn of_matrix(cost: &'a dyn CostMatrix) -> Self {
        let (n, m) = cost.shape();
        let costs = Costs::Filled(Filled::Borrowed(cost));
        let mut geometry = Self { n, m, costs, boxes: None, kept: None, largest: 0.0, typical: typical(cost) };
        geometry.largest = match cost.origin() {
            Origin::Matrix(entries) => entries.iter().fold(0.0, |most, c| c.abs().max(most)),
            _ => geometry.fold_costs(|most, c| c.abs().max(most)),
        };
        geometry
    }

    /// A ground cost between points that are in the order of the solver, with boxes or without.
    pub(super) fn of_points(ground: &Arc<dyn GroundCost>, x: &Points, y: &Points, boxed: bool) -> Self {
        let (n, m, dim) = (x.len(), y.len(), x.dim());
        let form = ground.form();
        let pair = |p, power| form == Form::Norm { p, power };
        let (root, scale) = (pair(2.0, 1.0), if form == Form::Cosine { 0.5 } else { 1.0 });
        let boxes = boxed.then(|| [Boxes::new(x, ROWS), Boxes::new(y, LANES)]);
        if !(root || pair(2.0, 2.0) || form == Form::Cosine) {
            let cost = PointCost::shared(x, y, Arc::clone(ground)).expect("the problem checked the cost");
            let typical = typical(&cost);
            let costs = Costs::Filled(Filled::Points(cost));
            let mut geometry = Self { n, m, costs, boxes, kept: None, largest: 0.0, typical };
            geometry.largest = geometry.fold_costs(|most, c| c.abs().max(most));
            return geometry;
        }
        let (x, y) =
            if form == Form::Cosine { (unit(x), unit(y)) } else { (x.as_slice().to_vec(), y.as_slice().to_vec()) };
        let sides = ranges(&x, dim).into_iter().zip(ranges(&y, dim));
        let span: f64 = sides.map(|((a, b), (c, d))| (b - c).max(d - a).powi(2)).sum();
        let largest = scale * if root { span.sqrt() } else { span };
        let middle: Vec<f64> = (0..dim).map(|k| y.iter().skip(k).step_by(dim).sum::<f64>() / m as f64).collect();
        let norms = |flat: &[f64]| -> Vec<f64> {
            let norm = |p: &[f64]| p.iter().zip(&middle).map(|(v, c)| (v - c).powi(2)).sum::<f64>();
            flat.chunks_exact(dim).map(norm).collect()
        };
        let (x_norms, y_norms) = (norms(&x), norms(&y));
        let reach = [&x_norms, &y_norms].map(|norms| norms.iter().fold(0.0, |m: f64, v| m.max(*v))).iter().sum();
        let typical = {
            let pick = |len: usize| (0..len).step_by(len.div_ceil(SAMPLED));
            let (mut total, mut count) = (0.0, 0.0);
            for i in pick(n) {
                for j in pick(m) {
                    let pairs = x[i * dim..(i + 1) * dim].iter().zip(&y[j * dim..(j + 1) * dim]);
                    let square: f64 = pairs.map(|(x, y)| (x - y).powi(2)).sum();
                    total += if root { square.sqrt() } else { scale * square };
                    count += 1.0;
                }
            }
            total / count
        };
        let inner = (dim > 3).then(|| Inner {
            x: rows_of(&centred(&x, &middle), dim),
            y: lanes_of(&centred(&y, &middle), dim),
            x_norms: padded(x_norms, ROWS),
            y_norms: padded(y_norms, LANES),
            reach,
        });
        let costs = Costs::Square { dim, x: rows_of(&x, dim), y: lanes_of(&y, dim), root, scale, inner };
        Self { n, m, costs, boxes, kept: None, largest, typical }
    }

    /// Keeps all costs for passes at up to `rate`, if they fit into `memory` bytes and are dear enough. Returns their bytes.
    pub(super) fn keep_costs(&mut self, rate: f64, memory: usize) -> usize {
        let entries = (self.row_blocks() * self.column_blocks()).saturating_mul(TILE);
        let dear = matches!(&self.costs, Costs::Square { dim, .. } if *dim >= DEAR);
        if !dear || self.boxes.is_some() || entries > MOST_KEPT || entries * size_of::<f64>() > memory {
            return 0;
        }
        let mut kept = vec![0.0; entries];
        let all = [(0, self.column_blocks() as u32)];
        let rows = kept.chunks_mut(self.column_blocks() * TILE).collect();
        in_parts(rows, |(): &mut (), (block, out): (usize, &mut [f64])| self.computed(block, &all, rate, out));
        self.kept = Some(kept);
        entries * size_of::<f64>()
    }

    /// Whether tiles may be left out of a pass.
    pub(super) fn is_boxed(&self) -> bool {
        self.boxes.is_some()
    }

    /// Blocks of 8 rows.
    pub(super) fn row_blocks(&self) -> usize {
        self.n.div_ceil(ROWS)
    }

    /// Blocks of 16 columns.
    pub(super) fn column_blocks(&self) -> usize {
        self.m.div_ceil(LANES)
    }

    fn fold_costs(&self, fold: impl Fn(f64, f64) -> f64) -> f64 {
        let mut tile = vec![0.0; ROWS * self.m];
        let mut most = 0.0;
        for first in (0..self.n).step_by(ROWS) {
            let rows = first..(first + ROWS).min(self.n);
            let tile = &mut tile[..rows.len() * self.m];
            match &self.costs {
                Costs::Filled(filled) => filled.cost().fill(rows, 0..self.m, tile),
                Costs::Square { .. } => unreachable!("boxes tell"),
            }
            most = tile.iter().fold(most, |most, c| fold(most, *c));
        }
        most
    }

    /// Writes the costs of the tiles of `runs` in row block `block`, tile by tile; 0 beyond the last row and column.
    pub(super) fn costs_of(&self, block: usize, runs: &[Run], out: &mut Vec<f64>) {
        let total: usize = runs.iter().map(|run| run.1 as usize).sum();
        out.resize(total * TILE, 0.0);
        match &self.costs {
            Costs::Square { dim, x, y, root, scale, .. } => {
                let x = &x[block * ROWS * dim..][..ROWS * dim];
                simd::run(Distances { dim: *dim, x, y, runs, root: *root, scale: *scale, out });
            }
            Costs::Filled(filled) => filled.tiles(block, runs, (self.n, self.m), out),
        }
    }

    /// The same, but for an error of at most [`cost_slack`](Self::cost_slack) where inner products are much cheaper, and do no harm
    /// to exponents at `rate`.
    pub(super) fn costs_near<'o>(&'o self, block: usize, runs: &[Run], rate: f64, out: &'o mut Vec<f64>) -> &'o [f64] {
        if let Some(kept) = &self.kept {
            return self.kept_row(kept, block);
        }
        let total: usize = runs.iter().map(|run| run.1 as usize).sum();
        out.resize(total * TILE, 0.0);
        self.computed(block, runs, rate, out);
        out
    }

    fn computed(&self, block: usize, runs: &[Run], rate: f64, out: &mut [f64]) {
        match &self.costs {
            Costs::Square { dim, inner: Some(inner), scale, .. }
                if self.cost_slack() > 0.0 && inner.serves(rate * scale) =>
            {
                simd::run(InnerCosts { products: inner.products(*dim, block, runs, out), scale: *scale });
            }
            Costs::Square { dim, x, y, root, scale, .. } => {
                let x = &x[block * ROWS * dim..][..ROWS * dim];
                simd::run(Distances { dim: *dim, x, y, runs, root: *root, scale: *scale, out });
            }
            Costs::Filled(filled) => filled.tiles(block, runs, (self.n, self.m), out),
        }
    }

    /// The kept costs of one row of tiles. (Where they are kept, every tile is in each pass.)
    fn kept_row<'k>(&self, kept: &'k [f64], block: usize) -> &'k [f64] {
        let width = self.column_blocks() * TILE;
        &kept[block * width..][..width]
    }

    /// How far costs by inner products may be off; 0 where differences are taken.
    pub(super) fn cost_slack(&self) -> f64 {
        match &self.costs {
            Costs::Square { dim, root: false, scale, inner: Some(inner), .. }
                if scale * inner.reach <= INNER * self.typical =>
            {
                // Products and norms of d terms, each rounded once, and the sum of the three.
                scale * inner.reach * f64::EPSILON * (*dim as f64 + 8.0)
            }
            _ => 0.0,
        }
    }

    /// Writes 2^(shift_r + lift_l − rate c_rl) for the tiles of `runs` in row block `block`, tile by tile.
    pub(super) fn powers_of(&self, block: usize, runs: &[Run], exponents: Exponents<'_>, out: &mut Vec<f64>) {
        let total: usize = runs.iter().map(|run| run.1 as usize).sum();
        out.resize(total * TILE, 0.0);
        if let Some(kept) = &self.kept {
            simd::run(Exponentials { exponents, runs, costs: Some(self.kept_row(kept, block)), out });
            return;
        }
        match &self.costs {
            Costs::Square { dim, inner: Some(inner), root: false, scale, .. }
                if inner.serves(exponents.rate * scale) =>
            {
                let exponents = Exponents { rate: exponents.rate * scale, ..exponents };
                simd::run(InnerPowers { exponents, products: inner.products(*dim, block, runs, out) });
            }
            Costs::Square { dim, x, y, root, scale, .. } => {
                let x = &x[block * ROWS * dim..][..ROWS * dim];
                simd::run(Powers {
                    exponents,
                    distances: Distances { dim: *dim, x, y, runs, root: *root, scale: *scale, out },
                });
            }
            Costs::Filled(_) => {
                self.costs_of(block, runs, out);
                simd::run(Exponentials { exponents, runs, costs: None, out });
            }
        }
    }

    /// The column blocks of row block `block` in which some f_i + g_j − c_ij may exceed `least` (all in units of `rate`);
    /// all of them where the cost has no boxes.
    pub(super) fn candidates(&self, block: usize, search: &Search, runs: &mut Vec<Run>, scratch: &mut Vec<f64>) {
        runs.clear();
        let blocks = self.column_blocks() as u32;
        let (Some([rows, columns]), Some([f, g])) = (&self.boxes, &search.tops) else {
            runs.push((0, blocks));
            return;
        };
        scratch.resize(columns.count, 0.0);
        let square = match &self.costs {
            Costs::Square { root: false, scale, .. } => Some(search.rate * scale),
            _ => None,
        };
        simd::run(TopOfBlocks { rows, columns, f, g, block, square, out: scratch });
        if square.is_none() {
            bound_by_gap([rows, columns], block, search, [f, g], scratch);
        }
        let least = |j: usize| search.cut + search.row_cuts[block].min(search.column_cuts[j]);
        for (j, top) in scratch.iter().enumerate() {
            if *top >= least(j) {
                match runs.last_mut() {
                    Some((first, count)) if *first + *count == j as u32 => *count += 1,
                    _ => runs.push((j as u32, 1)),
                }
            }
        }
    }

    /// What [`candidates`](Self::candidates) needs to know of the potentials `f` and `g`, in units of `rate`.
    pub(super) fn search(
        &self,
        ground: Option<Arc<dyn GroundCost>>,
        (f, g): (&[f64], &[f64]),
        (row_cuts, column_cuts): (Vec<f64>, Vec<f64>),
        rate: f64,
        cut: f64,
    ) -> Search {
        let tops = self.boxes.as_ref().map(|[rows, columns]| {
            let (Costs::Square { x, .. }, Costs::Square { y, .. }) = (&self.costs, &self.costs) else {
                return [Tops::plain(f, rows, ROWS, self.n), Tops::plain(g, columns, LANES, self.m)];
            };
            [Tops::new(f, rows, x, ROWS, 1, self.n), Tops::new(g, columns, y, LANES, LANES, self.m)]
        });
        Search { tops, row_cuts, column_cuts, rate, cut, ground }
    }
}

impl Filled<'_> {
    fn cost(&self) -> &dyn CostMatrix {
        match self {
            Self::Borrowed(cost) => *cost,
            Self::Points(cost) => cost,
        }
    }

    fn tiles(&self, block: usize, runs: &[Run], (n, m): (usize, usize), out: &mut [f64]) {
        let rows = block * ROWS..((block + 1) * ROWS).min(n);
        let mut wide = [0.0; TOGETHER * TILE];
        let mut at = 0;
        for &(start, count) in runs {
            let end = start + count;
            for first in (start..end).step_by(TOGETHER) {
                let blocks = (end - first).min(TOGETHER as u32) as usize;
                let columns = first as usize * LANES..((first as usize + blocks) * LANES).min(m);
                let width = columns.len();
                self.cost().fill(rows.clone(), columns, &mut wide[..rows.len() * width]);
                for tile in 0..blocks {
                    let out = &mut out[at * TILE..(at + 1) * TILE];
                    out.fill(0.0);
                    let lanes = (width - tile * LANES).min(LANES);
                    for r in 0..rows.len() {
                        out[r * LANES..][..lanes].copy_from_slice(&wide[r * width + tile * LANES..][..lanes]);
                    }
                    at += 1;
                }
            }
        }
    }
}

/// The mean of |c| over at most 64 rows and columns.
fn typical(cost: &dyn CostMatrix) -> f64 {
    typical_of(cost, SAMPLED)
}

/// The mean of |c| over at most so many rows and columns.
pub(super) fn typical_of(cost: &dyn CostMatrix, sampled: usize) -> f64 {
    let (n, m) = cost.shape();
    let pick = |len: usize| (0..len).step_by(len.div_ceil(sampled));
    let (mut total, mut count) = (0.0, 0.0);
    for i in pick(n) {
        for j in pick(m) {
            total += cost.entry(i, j).abs();
            count += 1.0;
        }
    }
    total / count
}

fn centred(flat: &[f64], middle: &[f64]) -> Vec<f64> {
    flat.iter().zip(middle.iter().cycle()).map(|(v, c)| v - c).collect()
}

fn padded(mut values: Vec<f64>, block: usize) -> Vec<f64> {
    values.resize(values.len().next_multiple_of(block), 0.0);
    values
}

/// Coordinates row by row, the last row repeated up to a whole block.
fn rows_of(flat: &[f64], dim: usize) -> Vec<f64> {
    let n = flat.len() / dim;
    let mut rows = flat.to_vec();
    while rows.len() / dim < n.next_multiple_of(ROWS) {
        rows.extend_from_within((n - 1) * dim..n * dim);
    }
    rows
}

/// Coordinates by blocks of 16 points, within a block coordinate by coordinate; the last point repeated.
fn lanes_of(flat: &[f64], dim: usize) -> Vec<f64> {
    let m = flat.len() / dim;
    let blocks = m.div_ceil(LANES);
    let mut lanes = Vec::with_capacity(blocks * LANES * dim);
    for block in 0..blocks {
        for k in 0..dim {
            lanes.extend((0..LANES).map(|l| flat[(block * LANES + l).min(m - 1) * dim + k]));
        }
    }
    lanes
}

fn unit(points: &Points) -> Vec<f64> {
    let mut flat = points.as_slice().to_vec();
    flat.chunks_exact_mut(points.dim()).for_each(crate::cost::scale_to_unit);
    flat
}
