//! The costs of a problem as tiles of 8 × 16, in an order in which tiles are small boxes.

use std::sync::Arc;

use crate::cost::{CostMatrix, Form, GroundCost, Origin, PointCost};
use crate::measure::Points;
use crate::neighbors::halving::kd_blocks;
use crate::simd::{self, Kernel, exp2, multiply_add};

/// Rows of a tile.
pub(super) const ROWS: usize = 8;
/// Columns of a tile.
pub(super) const LANES: usize = 16;
/// Entries of a tile.
pub(super) const TILE: usize = ROWS * LANES;
/// Dimension up to which boxes are kept: beyond, they are so wide that they exclude nothing.
const MOST_BOXED: usize = 12;
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

/// The error of an exponent, in bits, that inner products may cause.
const HARMLESS: f64 = 1e-10;

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
    pub(super) fn new(points: &Points) -> Self {
        let order = kd_blocks(points.as_slice(), points.dim(), LANES);
        let rows: Vec<f64> = order.iter().flat_map(|&i| points.point(i as usize).iter().copied()).collect();
        let points = Points::from_rows(rows, points.dim()).expect("the points are finite");
        Self { points, order }
    }
}

impl<'a> Geometry<'a> {
    /// The costs as the matrix has them, in its own order.
    pub(super) fn of_matrix(cost: &'a dyn CostMatrix) -> Self {
        let (n, m) = cost.shape();
        let costs = Costs::Filled(Filled::Borrowed(cost));
        let mut geometry = Self { n, m, costs, boxes: None, largest: 0.0, typical: typical(cost) };
        geometry.largest = match cost.origin() {
            Origin::Matrix(entries) => entries.iter().fold(0.0, |most, c| c.abs().max(most)),
            _ => geometry.fold_costs(|most, c| c.abs().max(most)),
        };
        geometry
    }

    /// A ground cost between points that are in the order of the solver.
    pub(super) fn of_points(ground: &Arc<dyn GroundCost>, x: &Points, y: &Points) -> Self {
        let (n, m, dim) = (x.len(), y.len(), x.dim());
        let form = ground.form();
        let pair = |p, power| form == Form::Norm { p, power };
        let (root, scale) = (pair(2.0, 1.0), if form == Form::Cosine { 0.5 } else { 1.0 });
        let boxed = matches!(form, Form::Norm { .. }) && dim <= MOST_BOXED;
        let boxes = boxed.then(|| [Boxes::new(x, ROWS), Boxes::new(y, LANES)]);
        if !(root || pair(2.0, 2.0) || form == Form::Cosine) {
            let cost = PointCost::shared(x, y, Arc::clone(ground)).expect("the problem checked the cost");
            let typical = typical(&cost);
            let mut geometry = Self { n, m, costs: Costs::Filled(Filled::Points(cost)), boxes, largest: 0.0, typical };
            geometry.largest = geometry.fold_costs(|most, c| c.abs().max(most));
            return geometry;
        }
        let (x, y) =
            if form == Form::Cosine { (unit(x), unit(y)) } else { (x.as_slice().to_vec(), y.as_slice().to_vec()) };
        let span: f64 = (0..dim)
            .map(|k| {
                let at = |flat: &[f64]| {
                    flat.chunks_exact(dim)
                        .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p[k]), hi.max(p[k])))
                };
                let ((a, b), (c, d)) = (at(&x), at(&y));
                (b - c).max(d - a).powi(2)
            })
            .sum();
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
        Self { n, m, costs, boxes, largest, typical }
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

    /// Writes 2^(shift_r + lift_l − rate c_rl) for the tiles of `runs` in row block `block`, tile by tile.
    pub(super) fn powers_of(&self, block: usize, runs: &[Run], exponents: Exponents<'_>, out: &mut Vec<f64>) {
        match &self.costs {
            Costs::Square { dim, x, y, root, scale, inner } => {
                let total: usize = runs.iter().map(|run| run.1 as usize).sum();
                out.resize(total * TILE, 0.0);
                if let Some(inner) = inner
                    && !root
                    && exponents.rate * scale * inner.reach * 4.0 * f64::EPSILON < HARMLESS
                {
                    let x = &inner.x[block * ROWS * dim..][..ROWS * dim];
                    let x_norms = &inner.x_norms[block * ROWS..][..ROWS];
                    let (y, y_norms) = (&inner.y, &inner.y_norms);
                    let exponents = Exponents { rate: exponents.rate * scale, ..exponents };
                    simd::run(InnerPowers { exponents, dim: *dim, x, y, x_norms, y_norms, runs, out });
                    return;
                }
                let x = &x[block * ROWS * dim..][..ROWS * dim];
                simd::run(Powers {
                    exponents,
                    distances: Distances { dim: *dim, x, y, runs, root: *root, scale: *scale, out },
                });
            }
            Costs::Filled(_) => {
                self.costs_of(block, runs, out);
                simd::run(Exponentials { exponents, runs, out });
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
            // scratch holds gaps of boxes, squared for p = 2, per column; the cost turns them into a bound.
            self.bound_by_gap(rows, columns, block, search, f, g, scratch);
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

    /// An upper bound of f + g − rate · c over each pair of boxes, from the least distance between them.
    fn bound_by_gap(
        &self,
        rows: &Boxes,
        columns: &Boxes,
        block: usize,
        search: &Search,
        f: &Tops,
        g: &Tops,
        out: &mut [f64],
    ) {
        let dim = rows.dim;
        let (mut gap, origin) = (vec![0.0; dim], vec![0.0; dim]);
        let ground = search.ground.as_deref().expect("boxes come with a ground cost");
        for (j, out) in out.iter_mut().enumerate() {
            for k in 0..dim {
                let (i, j) = (k * rows.count + block, k * columns.count + j);
                gap[k] = ((rows.centre[i] - columns.centre[j]).abs() - rows.half[i] - columns.half[j]).max(0.0);
            }
            *out = f.top[block] + g.top[j] - search.rate * ground.between(&gap, &origin) * (1.0 - 1e-14);
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

/// The exponents of a tile, apart from the cost: `shift` for the 8 rows, `lift` for all columns.
#[derive(Clone, Copy)]
pub(super) struct Exponents<'e> {
    pub(super) shift: &'e [f64],
    pub(super) lift: &'e [f64],
    pub(super) rate: f64,
}

/// Potentials by boxes, and what is small enough to be left out.
pub(super) struct Search {
    tops: Option<[Tops; 2]>,
    row_cuts: Vec<f64>,
    column_cuts: Vec<f64>,
    rate: f64,
    cut: f64,
    ground: Option<Arc<dyn GroundCost>>,
}

/// Boxes of blocks of points, coordinate by coordinate.
struct Boxes {
    dim: usize,
    count: usize,
    centre: Vec<f64>,
    half: Vec<f64>,
}

impl Boxes {
    fn new(points: &Points, block: usize) -> Self {
        let dim = points.dim();
        let count = points.len().div_ceil(block);
        let (mut centre, mut half) = (vec![0.0; dim * count], vec![0.0; dim * count]);
        for (b, chunk) in points.as_slice().chunks(block * dim).enumerate() {
            for k in 0..dim {
                let values = chunk.chunks_exact(dim).map(|point| point[k]);
                let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
                let mid = 0.5 * lo + 0.5 * hi;
                centre[k * count + b] = mid;
                half[k * count + b] = (hi - mid).max(mid - lo);
            }
        }
        Self { dim, count, centre, half }
    }
}

/// An upper bound top + ⟨slope, x − centre⟩ of a potential over each box; the largest value beside it.
struct Tops {
    top: Vec<f64>,
    affine: Vec<f64>,
    slope: Vec<f64>,
}

impl Tops {
    fn plain(values: &[f64], boxes: &Boxes, block: usize, len: usize) -> Self {
        let top: Vec<f64> =
            values[..len].chunks(block).map(|v| v.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v))).collect();
        Self { affine: top.clone(), top, slope: vec![0.0; boxes.dim * boxes.count] }
    }

    /// `step` is the distance in memory from one coordinate of a point to the next.
    fn new(values: &[f64], boxes: &Boxes, points: &[f64], block: usize, step: usize, len: usize) -> Self {
        let Self { top, mut affine, mut slope } = Self::plain(values, boxes, block, len);
        let dim = boxes.dim;
        // Row-major points lie `dim` apart, points in lanes 1.
        let apart = if step == 1 { dim } else { 1 };
        for b in 0..boxes.count {
            let members = b * block..((b + 1) * block).min(len);
            let mean = members.clone().map(|i| values[i]).sum::<f64>() / members.len() as f64;
            let gap = |i: usize, k: usize| {
                points[b * block * dim + (i - members.start) * apart + k * step] - boxes.centre[k * boxes.count + b]
            };
            for k in 0..dim {
                let centre = members.clone().map(|i| gap(i, k)).sum::<f64>() / members.len() as f64;
                let (mut square, mut product) = (0.0, 0.0);
                for i in members.clone() {
                    let g = gap(i, k) - centre;
                    square += g * g;
                    product += g * (values[i] - mean);
                }
                slope[k * boxes.count + b] =
                    if square > 0.0 && (product / square).is_finite() { product / square } else { 0.0 };
            }
            let above = |i: usize| (0..dim).fold(values[i], |v, k| v - slope[k * boxes.count + b] * gap(i, k));
            affine[b] = members.clone().map(above).fold(f64::NEG_INFINITY, f64::max);
        }
        Self { top, affine, slope }
    }
}

/// Upper bounds of f + g − rate c over the pairs of a row box with all column boxes, for c = |x − y|².
///
/// Two bounds, and the smaller counts. By the gap between the boxes: max f + max g − rate · gap². By slopes: with D the
/// vector between the centres, |x − y|² ≥ |D|² + 2 ⟨D, dx − dy⟩, which is affine in x and y like the bounds of f and g.
struct TopOfBlocks<'a> {
    rows: &'a Boxes,
    columns: &'a Boxes,
    f: &'a Tops,
    g: &'a Tops,
    block: usize,
    square: Option<f64>,
    out: &'a mut [f64],
}

impl Kernel for TopOfBlocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { rows, columns, f, g, block, square, out } = self;
        let Some(rate) = square else { return };
        let count = columns.count;
        const WIDTH: usize = 32;
        for (chunk, out) in out.chunks_mut(WIDTH).enumerate() {
            let first = chunk * WIDTH;
            let len = out.len();
            let (mut gaps, mut slopes) = ([0.0; WIDTH], [0.0; WIDTH]);
            for k in 0..rows.dim {
                let i = k * rows.count + block;
                let (x, hx, p) = (rows.centre[i], rows.half[i], f.slope[i]);
                let at = k * count + first;
                let (ys, hs, qs) = (&columns.centre[at..at + len], &columns.half[at..at + len], &g.slope[at..at + len]);
                for l in 0..len {
                    let d = x - ys[l];
                    let gap = d.abs() - hx - hs[l];
                    let gap = if gap > 0.0 { gap } else { 0.0 };
                    gaps[l] += gap * gap;
                    let turn = 2.0 * rate * d;
                    slopes[l] += (p - turn).abs() * hx + (qs[l] + turn).abs() * hs[l] - rate * d * d;
                }
            }
            for l in 0..len {
                let j = first + l;
                let by_gap = f.top[block] + g.top[j] - rate * gaps[l];
                let by_slope = f.affine[block] + g.affine[j] + slopes[l];
                let least = if by_slope < by_gap { by_slope } else { by_gap };
                // Rounding of terms that cancel: never above the truth by more than this.
                out[l] = least + 1e-12 * (f.top[block].abs() + g.top[j].abs());
            }
        }
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

/// The costs of one row of tiles from coordinates.
struct Distances<'a> {
    dim: usize,
    x: &'a [f64],
    y: &'a [f64],
    runs: &'a [Run],
    root: bool,
    scale: f64,
    out: &'a mut [f64],
}

impl Kernel for Distances<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (root, scale) = (self.root, self.scale);
        self.each_tile::<FUSED>(
            #[inline(always)]
            |_, tile| {
                for c in tile.iter_mut() {
                    *c = if root { c.sqrt() } else { scale * *c };
                }
            },
        );
    }
}

impl Distances<'_> {
    /// Computes each tile of squared distances and hands it on with its column block.
    #[inline(always)]
    fn each_tile<const FUSED: bool>(self, finish: impl Fn(usize, &mut [f64; TILE])) {
        match self.dim {
            1 => self.each_tile_in::<FUSED, 1>(finish),
            2 => self.each_tile_in::<FUSED, 2>(finish),
            3 => self.each_tile_in::<FUSED, 3>(finish),
            _ => self.each_tile_in::<FUSED, 0>(finish),
        }
    }

    /// The same with the dimension known to the compiler, or 0.
    #[inline(always)]
    fn each_tile_in<const FUSED: bool, const D: usize>(self, finish: impl Fn(usize, &mut [f64; TILE])) {
        let dim = if D == 0 { self.dim } else { D };
        let mut tiles = self.out.as_chunks_mut::<TILE>().0.iter_mut();
        for &(first, count) in self.runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let y = &self.y[j * dim * LANES..][..dim * LANES];
                if D == 0 {
                    squares_of_many::<FUSED>(dim, self.x, y, tile);
                } else {
                    for r in 0..ROWS {
                        for l in 0..LANES {
                            let mut total = 0.0;
                            for k in 0..D {
                                let gap = self.x[r * D + k] - y[k * LANES + l];
                                total = multiply_add::<FUSED>(gap, gap, total);
                            }
                            tile[r * LANES + l] = total;
                        }
                    }
                }
                finish(j, tile);
            }
        }
    }
}

/// Squared distances in any dimension; four rows at a time keep their sums in registers.
#[inline(always)]
fn squares_of_many<const FUSED: bool>(dim: usize, x: &[f64], y: &[f64], tile: &mut [f64; TILE]) {
    const GROUP: usize = 4;
    for group in 0..ROWS / GROUP {
        let mut totals = [[0.0; LANES]; GROUP];
        let x: [&[f64]; GROUP] = std::array::from_fn(|r| &x[(group * GROUP + r) * dim..][..dim]);
        for (k, y) in y.as_chunks::<LANES>().0.iter().enumerate().take(dim) {
            for r in 0..GROUP {
                let x = x[r][k];
                for l in 0..LANES {
                    let gap = x - y[l];
                    totals[r][l] = multiply_add::<FUSED>(gap, gap, totals[r][l]);
                }
            }
        }
        tile[group * GROUP * LANES..][..GROUP * LANES].copy_from_slice(totals.as_flattened());
    }
}

/// Distances, then powers, tile by tile.
struct Powers<'a> {
    exponents: Exponents<'a>,
    distances: Distances<'a>,
}

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { exponents, distances } = self;
        let (root, scale) = (distances.root, distances.scale);
        let shift: &[f64; ROWS] = exponents.shift.try_into().expect("a shift for each row");
        let rate = exponents.rate * scale;
        distances.each_tile::<FUSED>(
            #[inline(always)]
            |j, tile| {
                let lift: &[f64; LANES] = exponents.lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let c = tile[r * LANES + l];
                        let c = if root { c.sqrt() } else { c };
                        tile[r * LANES + l] = exp2::<FUSED>(multiply_add::<FUSED>(-rate, c, shift[r] + lift[l]));
                    }
                }
            },
        );
    }
}

/// Powers of tiles by inner products.
struct InnerPowers<'a> {
    exponents: Exponents<'a>,
    dim: usize,
    x: &'a [f64],
    y: &'a [f64],
    x_norms: &'a [f64],
    y_norms: &'a [f64],
    runs: &'a [Run],
    out: &'a mut [f64],
}

impl Kernel for InnerPowers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { exponents: Exponents { shift, lift, rate }, dim, x, y, x_norms, y_norms, runs, out } = self;
        let x: [&[f64]; ROWS] = std::array::from_fn(|r| &x[r * dim..(r + 1) * dim]);
        let row: [f64; ROWS] = std::array::from_fn(|r| shift[r] - rate * x_norms[r]);
        let mut tiles = out.as_chunks_mut::<TILE>().0.iter_mut();
        for &(first, count) in runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let y = y[j * dim * LANES..][..dim * LANES].as_chunks::<LANES>().0;
                let lift: &[f64; LANES] = lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                let norms: &[f64; LANES] = y_norms[j * LANES..][..LANES].try_into().expect("whole blocks");
                let mut products = [[0.0; LANES]; ROWS];
                for k in 0..dim {
                    let y = &y[k];
                    for r in 0..ROWS {
                        let x = x[r][k];
                        for l in 0..LANES {
                            products[r][l] = multiply_add::<FUSED>(x, y[l], products[r][l]);
                        }
                    }
                }
                let mut column = [0.0; LANES];
                for l in 0..LANES {
                    column[l] = multiply_add::<FUSED>(-rate, norms[l], lift[l]);
                }
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let exponent = multiply_add::<FUSED>(2.0 * rate, products[r][l], row[r] + column[l]);
                        tile[r * LANES + l] = exp2::<FUSED>(exponent);
                    }
                }
            }
        }
    }
}

/// Turns tiles of costs into powers.
struct Exponentials<'a> {
    exponents: Exponents<'a>,
    runs: &'a [Run],
    out: &'a mut [f64],
}

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Exponents { shift, lift, rate } = self.exponents;
        let mut tiles = self.out.as_chunks_mut::<TILE>().0.iter_mut();
        for &(first, count) in self.runs {
            for j in first as usize..(first + count) as usize {
                let tile = tiles.next().expect("one tile for each block of the runs");
                let lift: &[f64; LANES] = lift[j * LANES..][..LANES].try_into().expect("whole blocks");
                for r in 0..ROWS {
                    for l in 0..LANES {
                        let c = tile[r * LANES + l];
                        tile[r * LANES + l] = exp2::<FUSED>(multiply_add::<FUSED>(-rate, c, shift[r] + lift[l]));
                    }
                }
            }
        }
    }
}

/// The mean of |c| over at most 64 rows and columns.
fn typical(cost: &dyn CostMatrix) -> f64 {
    let (n, m) = cost.shape();
    let pick = |len: usize| (0..len).step_by(len.div_ceil(SAMPLED));
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
