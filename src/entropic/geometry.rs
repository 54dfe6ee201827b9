//! The costs of a problem as tiles of 8 × 16, in an order in which tiles are small boxes.

use std::sync::Arc;

use super::boxes::{Boxes, Search, TopOfBlocks, Tops, bound_by_gap};
use super::layout::{LANES, ROWS, Run, TILE, entries};
use super::parts::in_parts;
use super::powers::{Exponents, GivenPowers};
use super::share::{Share, folded};
use super::square::{Ask, EXPENSIVE_DIM, Square};
use crate::cost::{CostMatrix, Form, GroundCost, Origin, PointCost};
use crate::measure::Points;
use crate::neighbors::halving::kd_blocks;
use crate::numeric::ranges;
use crate::simd;

/// Dimension up to which boxes are kept: beyond, they are so wide that they exclude nothing.
const MOST_BOXED: usize = 12;
/// Entries up to which costs that are kept are near by.
const MOST_KEPT: usize = 2048 * 2048;
/// A typical cost in bits, up to which boxes in more than three dimensions exclude nothing.
const BLURRED: f64 = 30.0;
/// Neighbouring tiles of a cost that is not computed here are filled together.
const TOGETHER: usize = 8;

/// The cost matrix of a problem, rows and columns in the order of the solver, padded to whole tiles.
pub(super) struct Geometry<'a> {
    pub(super) n: usize,
    pub(super) m: usize,
    costs: Costs<'a>,
    boxes: Option<[Boxes; 2]>,
    /// Whether rows and columns come in an order in which there may be tiles that hold nothing.
    ordered: bool,
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
    Square(Square),
    /// Whatever the matrix says.
    Filled(Filled<'a>),
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

/// The order of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As they come.
    None,
    /// Cells of a kd-tree.
    Sorted,
    /// The same, and their boxes tell which tiles hold nothing.
    Boxed,
}

impl Cloud {
    /// Points in an order.
    pub(super) fn new(points: &Points, order: Order) -> Self {
        if order == Order::None {
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
        let mut geometry =
            Self { n, m, costs, boxes: None, ordered: true, kept: None, largest: 0.0, typical: typical(cost) };
        geometry.largest = match cost.origin() {
            Origin::Matrix(entries) => entries.iter().fold(0.0, |most, c| c.abs().max(most)),
            _ => geometry.fold_costs(|most, c| c.abs().max(most)),
        };
        geometry
    }

    /// A ground cost between points in this order.
    pub(super) fn of_points(ground: &Arc<dyn GroundCost>, x: &Points, y: &Points, order: Order) -> Self {
        let (boxed, ordered) = (order == Order::Boxed, order != Order::None);
        let (n, m, dim) = (x.len(), y.len(), x.dim());
        let form = ground.form();
        let pair = |p, power| form == Form::Norm { p, power };
        let (root, scale) = (pair(2.0, 1.0), if form == Form::Cosine { 0.5 } else { 1.0 });
        let boxes = boxed.then(|| [Boxes::new(x, ROWS), Boxes::new(y, LANES)]);
        if !(root || pair(2.0, 2.0) || form == Form::Cosine) {
            let cost = PointCost::shared(x, y, Arc::clone(ground)).expect("the problem checked the cost");
            let typical = typical(&cost);
            let costs = Costs::Filled(Filled::Points(cost));
            let mut geometry = Self { n, m, costs, boxes, ordered, kept: None, largest: 0.0, typical };
            geometry.largest = geometry.fold_costs(|most, c| c.abs().max(most));
            return geometry;
        }
        let (x, y) =
            if form == Form::Cosine { (unit(x), unit(y)) } else { (x.as_slice().to_vec(), y.as_slice().to_vec()) };
        let sides = ranges(&x, dim).into_iter().zip(ranges(&y, dim));
        let span: f64 = sides.map(|((a, b), (c, d))| (b - c).max(d - a).powi(2)).sum();
        let largest = scale * if root { span.sqrt() } else { span };
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
        let costs = Costs::Square(Square::new((&x, &y), dim, (root, scale), typical));
        Self { n, m, costs, boxes, ordered, kept: None, largest, typical }
    }

    /// Keeps all costs for passes at up to `rate`, if they fit into `memory` bytes and are expensive enough. Returns their bytes.
    pub(super) fn keep_costs(&mut self, rate: f64, memory: usize) -> usize {
        let entries = (self.row_blocks() * self.column_blocks()).saturating_mul(TILE);
        let expensive = matches!(&self.costs, Costs::Square(square) if square.dim >= EXPENSIVE_DIM);
        if !expensive || self.boxes.is_some() || entries > MOST_KEPT || entries * size_of::<f64>() > memory {
            return 0;
        }
        let mut kept = vec![0.0; entries];
        let all = [(0, self.column_blocks() as u32)];
        let rows = kept.chunks_mut(self.column_blocks() * TILE).collect();
        in_parts(rows, |(): &mut (), (block, out): (usize, &mut [f64])| self.computed(block, &all, rate, out));
        self.kept = Some(kept);
        entries * size_of::<f64>()
    }

    /// Whether there may be tiles that hold nothing.
    pub(super) fn is_ordered(&self) -> bool {
        self.ordered
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
                Costs::Square(_) => unreachable!("boxes tell"),
            }
            most = tile.iter().fold(most, |most, c| fold(most, *c));
        }
        most
    }

    /// Writes the costs of the tiles of `runs` in row block `block`, tile by tile; 0 beyond the last row and column.
    pub(super) fn costs_of(&self, block: usize, runs: &[Run], out: &mut Vec<f64>) {
        out.resize(entries(runs), 0.0);
        self.computed(block, runs, f64::INFINITY, out);
    }

    /// Costs that do no harm to exponents at `rate`.
    fn computed(&self, block: usize, runs: &[Run], rate: f64, out: &mut [f64]) {
        match &self.costs {
            Costs::Filled(filled) => filled.tiles(block, runs, (self.n, self.m), out),
            Costs::Square(square) => square.costs(block, runs, rate, out),
        }
    }

    /// Writes 2^(shift_r + lift_l − rate c_rl) for the tiles of `runs` in row block `block`, tile by tile. Returns the sums of the rows
    /// and, where they are asked for, the costs, which may be off by [`cost_slack`](Self::cost_slack).
    pub(super) fn powers_of<'o, T: Share>(
        &'o self,
        (block, runs): (usize, &[Run]),
        exponents: Exponents<'_>,
        ask: Ask,
        room: &'o mut Vec<f64>,
        out: &mut [T],
    ) -> ([f64; ROWS], &'o [f64]) {
        let costs: &[f64] = match (&self.kept, &self.costs) {
            (Some(kept), _) => self.kept_row(kept, block),
            (None, Costs::Filled(filled)) => {
                room.resize(out.len(), 0.0);
                filled.tiles(block, runs, (self.n, self.m), room);
                room
            }
            (None, Costs::Square(square)) => {
                let sums = square.powers((block, runs), exponents, ask, room, out);
                return (folded(&sums), room);
            }
        };
        (folded(&simd::run(GivenPowers { costs, exponents, runs, out })), costs)
    }

    /// The kept costs of one row of tiles. (Where they are kept, every tile is in each pass.)
    fn kept_row<'k>(&self, kept: &'k [f64], block: usize) -> &'k [f64] {
        let width = self.column_blocks() * TILE;
        &kept[block * width..][..width]
    }

    /// How far costs by inner products may be off; 0 where differences are taken.
    pub(super) fn cost_slack(&self) -> f64 {
        match &self.costs {
            Costs::Square(square) => square.slack(),
            Costs::Filled(_) => 0.0,
        }
    }

    /// Potentials of the columns at `rate` to begin with, where the cost tells any.
    pub(super) fn normal_potentials(&self, a: &[f64], b: &[f64], rate: f64) -> Option<Vec<f64>> {
        match &self.costs {
            Costs::Square(square) => square.normal_potentials(a, b, rate),
            Costs::Filled(_) => None,
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
            Costs::Square(Square { root: false, scale, .. }) => Some(search.rate * scale),
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
            let Costs::Square(Square { x, y, .. }) = &self.costs else {
                return [Tops::plain(f, rows, ROWS, self.n), Tops::plain(g, columns, LANES, self.m)];
            };
            [Tops::new(f, rows, x, ROWS, self.n), Tops::new(g, columns, y, LANES, self.m)]
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

fn unit(points: &Points) -> Vec<f64> {
    let mut flat = points.as_slice().to_vec();
    flat.chunks_exact_mut(points.dim()).for_each(crate::cost::scale_to_unit);
    flat
}
