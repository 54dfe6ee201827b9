//! The least slacks c − g of many rows in many dimensions: single precision sieves all pairs, double precision decides on
//! the few that pass.

use std::ops::Range;

use super::row::{LeastOfRow, keep};
use crate::cost::{CostMatrix, Form, PointCost};
use crate::measure::Points;
use crate::simd::{self, LeastOfLanes, PANEL, SIFTED, Sift};

/// Bytes of panels that all rows of a task go through before the next ones: they stay in the second-level cache.
const CHUNK: usize = 1 << 17;
/// Points a side of which medians are taken.
const SAMPLED: usize = 512;
/// A row of which one in so many columns passes is faster as a whole in double precision.
const BLUNT: usize = 32;
/// Bytes of panels of the columns that tell first thresholds, but at least so many columns; and for how many neighbours they are
/// worth their time.
const FIRST: usize = 1 << 16;
const LEAST_FIRST: usize = 256;
const MANY: Range<usize> = 3..LEAST_FIRST / 16;
/// The unit of rounding of single precision.
const ROUNDING: f64 = 0.5 * f32::EPSILON as f64;

/// The targets of a Euclidean or squared Euclidean cost in single precision, as ‖x − y‖² = ‖x‖² + ‖y‖² − 2 ⟨x, y⟩ wants
/// them: about the median of the points, in a unit in which all coordinates are at most 1.
///
/// Products of points in R^d are summed with an error of at most (d + 4) u (‖x‖² + ‖y‖²) (Higham, "Accuracy and Stability of
/// Numerical Algorithms", 2002, section 3.1). So a bound of each slack from below costs one fused multiply-add a
/// coordinate, and what it leaves is decided in double precision: the result is the one that a pass over all costs has.
#[derive(Debug)]
pub(crate) struct Sieve {
    root: bool,
    /// The points are (x − centre) · unit here.
    centre: Vec<f64>,
    unit: f64,
    panels: Vec<f32>,
    /// ‖y‖².
    squares: Vec<f64>,
}

/// Whether there is a sieve for a cost.
pub(crate) fn has_sieve(form: Form) -> bool {
    matches!(form, Form::Norm { p: 2.0, power: 1.0 | 2.0 })
}

/// What one row has found.
#[derive(Debug)]
struct Row {
    limit: f64,
    /// The limit as a threshold of the sieve.
    threshold: f32,
    /// ‖x‖².
    square: f64,
    /// Bounds from below that passed, and their columns.
    passed: Vec<(f32, u32)>,
    /// The least bounds from above, ascending.
    above: Vec<f32>,
    blunt: bool,
}

/// The columns for one g, in the unit of the sieve.
#[derive(Debug)]
pub(crate) struct Columns<'a> {
    sieve: &'a Sieve,
    given: &'a [f64],
    start: Vec<f32>,
    g: Vec<f64>,
    /// g rounded up, for roots.
    high: Vec<f32>,
    /// The most of 2 ‖y‖² + |g|.
    farthest: f64,
}

impl Sieve {
    /// The sieve of a cost, if it has one.
    pub(crate) fn new(cost: &PointCost) -> Option<Self> {
        let form = cost.ground().form();
        if !has_sieve(form) {
            return None;
        }
        let (source, target) = (cost.source(), cost.target());
        let centre = medians(source, target);
        let reach = [source, target].into_iter().flat_map(|points| points.ranges().into_iter().zip(&centre));
        let reach = reach.fold(0.0_f64, |most, ((lo, hi), centre)| most.max(centre - lo).max(hi - centre));
        let unit = if reach > 0.0 { (-reach.log2().ceil()).clamp(-1000.0, 1000.0).exp2() } else { 1.0 };

        let dim = target.dim();
        let mut panels = Vec::with_capacity(target.len().next_multiple_of(PANEL) * dim);
        for first in (0..target.len()).step_by(PANEL) {
            for k in 0..dim {
                let point = |j: usize| target.point(j.min(target.len() - 1))[k];
                panels.extend((first..first + PANEL).map(|j| ((point(j) - centre[k]) * unit) as f32));
            }
        }
        let square = |point: &[f64]| point.iter().zip(&centre).map(|(x, c)| ((x - c) * unit).powi(2)).sum();
        let squares = target.iter().map(square).collect();
        let root = form == Form::Norm { p: 2.0, power: 1.0 };
        Some(Self { root, centre, unit, panels, squares })
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(&self.panels[..]) + size_of_val(&self.squares[..])
    }

    /// How far sums of products can be off, as a multiple of the squares of the two points: twice what is proven.
    fn doubt(&self) -> f64 {
        2.0 * (self.centre.len() + 8) as f64 * ROUNDING
    }

    /// Costs here for costs there.
    fn scale(&self) -> f64 {
        if self.root { self.unit } else { self.unit * self.unit }
    }

    /// The columns for one g, unless a value is so large beside the costs that single precision does not reach it.
    pub(crate) fn columns<'a>(&'a self, g: &'a [f64]) -> Option<Columns<'a>> {
        let (doubt, scale) = (self.doubt(), self.scale());
        let scaled: Vec<f64> = g.iter().map(|g| g * scale).collect();
        let start = |(square, g): (&f64, &f64)| {
            let g = if self.root { 0.0 } else { *g };
            below(square - g - doubt * (2.0 * square + g.abs())) - f32::MIN_POSITIVE
        };
        let mut start: Vec<f32> = self.squares.iter().zip(&scaled).map(start).collect();
        start.resize(g.len().next_multiple_of(PANEL), f32::INFINITY);
        let mut high = Vec::new();
        if self.root {
            high.extend(scaled.iter().map(|g| above(g + 4.0 * ROUNDING * g.abs())));
            high.resize(start.len(), 0.0);
        }
        // Below the range nothing is told apart, and the bound from above would be none.
        let reached = start.iter().all(|start| *start > f32::NEG_INFINITY) && high.iter().all(|g| *g < f32::INFINITY);
        let far = |(square, g): (&f64, &f64)| 2.0 * square + g.abs();
        let farthest = self.squares.iter().zip(&scaled).map(far).fold(0.0, f64::max);
        reached.then_some(Columns { sieve: self, given: g, start, g: scaled, high, farthest })
    }
}

impl Columns<'_> {
    /// For each of some rows of `cost`, whose sieve this is, the columns that are among the `k` of least c − g below the row's
    /// limit, and seldom a few more of which single precision cannot tell.
    pub(crate) fn survivors(
        &self,
        cost: &PointCost,
        range: Range<usize>,
        limit: &impl Fn(usize) -> f64,
        k: usize,
        mut tell: impl FnMut(usize, &[u32]),
    ) {
        let (mut survivors, mut found, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in range.clone().zip(self.sift(cost, range, limit, k)) {
            survivors.clear();
            if row.blunt {
                whole.resize(self.given.len(), 0.0);
                cost.fill(i..i + 1, 0..whole.len(), &mut whole);
                simd::run(LeastOfRow { row: &whole, g: self.given, limit: row.limit, k, found: &mut found });
                survivors.extend(found.iter().map(|found| found.index));
            } else {
                let most = row.above.get(k - 1).copied().unwrap_or(f32::INFINITY);
                survivors.extend(row.passed.iter().filter(|(bound, _)| *bound <= most).map(|(_, j)| j));
                survivors.sort_unstable();
            }
            tell(i, &survivors);
        }
    }

    /// Puts some rows through all panels.
    fn sift(&self, cost: &PointCost, range: Range<usize>, limit: &impl Fn(usize) -> f64, k: usize) -> Vec<Row> {
        let Sieve { root, centre, unit, panels, .. } = self.sieve;
        let (doubt, scale, dim) = (self.sieve.doubt(), self.sieve.scale(), centre.len());
        let groups = range.len().div_ceil(SIFTED);
        let mut rows = Vec::with_capacity(range.len());
        let mut points = vec![0.0_f32; groups * SIFTED * dim];
        // Rows that only fill up the last group let nothing pass.
        let mut thresholds = vec![[f32::NEG_INFINITY; SIFTED]; groups];
        let mut lifts = vec![[0.0; SIFTED]; groups];
        for (r, i) in range.clone().enumerate() {
            let (group, r) = (r / SIFTED, r % SIFTED);
            let mut square = 0.0;
            for (c, (x, centre)) in cost.source().point(i).iter().zip(centre).enumerate() {
                let x = (x - centre) * unit;
                square += x * x;
                points[(group * dim + c) * SIFTED + r] = (-2.0 * x) as f32;
            }
            let most = limit(i) * scale + doubt * (limit(i) * scale).abs();
            let threshold = above(if *root { most } else { most - square * (1.0 - doubt) });
            thresholds[group][r] = threshold;
            lifts[group][r] = below(square * (1.0 - 2.0 * doubt));
            rows.push(Row {
                limit: limit(i),
                threshold,
                square,
                passed: Vec::with_capacity(4 * k),
                above: Vec::with_capacity(k + 1),
                blunt: false,
            });
        }
        let most = self.g.len() / BLUNT + 8 * k;
        // Where both sides are in an order of space, the nearest columns are about as far along as the rows.
        let count = self.start.len() / PANEL;
        let (near, width) = (range.start * count / cost.shape().0, (CHUNK / (size_of::<f32>() * PANEL * dim)).max(1));
        let chunks = [near..count, 0..near].into_iter().flat_map(|part| {
            part.clone().step_by(width).map(move |first| first * PANEL..(first + width).min(part.end) * PANEL)
        });
        if !root && MANY.contains(&k) {
            let count = (FIRST / (size_of::<f32>() * PANEL * dim) * PANEL).max(LEAST_FIRST).min(self.start.len());
            let first = (near * PANEL).min(self.start.len() - count);
            let columns = first..first + count;
            let groups = points.chunks_exact(SIFTED * dim).zip(rows.chunks_mut(SIFTED)).zip(&mut thresholds);
            for ((points, rows), thresholds) in groups {
                if rows.iter().all(|row| row.limit == f64::INFINITY) {
                    self.first_thresholds(points, rows, columns.clone(), k, thresholds);
                }
            }
        }
        for columns in chunks {
            let (start, first) = (&self.start[columns.clone()], columns.start);
            let groups = points.chunks_exact(SIFTED * dim).zip(rows.chunks_mut(SIFTED));
            for ((points, rows), (thresholds, lift)) in groups.zip(thresholds.iter_mut().zip(&lifts)) {
                let panels = &panels[columns.start * dim..columns.end * dim];
                let roots = root.then(|| (lift, &self.high[columns.clone()]));
                let hit = |r: usize, j: usize, bound: f32| self.pass(&mut rows[r], first + j, bound, k, most);
                simd::run(Sift { rows: points, panels, start, roots, thresholds, hit });
            }
        }
        rows
    }

    /// Thresholds of some rows from some columns, of which the `k` least lie below: from the least of `4 k` parts of them.
    fn first_thresholds(
        &self,
        points: &[f32],
        rows: &mut [Row],
        columns: Range<usize>,
        k: usize,
        thresholds: &mut [f32; SIFTED],
    ) {
        let dim = self.sieve.centre.len();
        let parts = (4 * k).div_ceil(PANEL);
        let width = (columns.len() / PANEL).div_ceil(parts) * PANEL;
        let mut least = vec![Vec::with_capacity(parts * PANEL); rows.len()];
        for first in columns.clone().step_by(width) {
            let part = first..(first + width).min(columns.end);
            let panels = &self.sieve.panels[part.start * dim..part.end * dim];
            let lanes = simd::run(LeastOfLanes { rows: points, panels, start: &self.start[part] });
            least.iter_mut().zip(lanes).for_each(|(least, lanes)| least.extend(lanes));
        }
        for ((row, least), threshold) in rows.iter_mut().zip(&mut least).zip(thresholds) {
            if least.len() >= k {
                let bound = f64::from(*least.select_nth_unstable_by(k - 1, f32::total_cmp).1);
                row.threshold = above(bound + 2.1 * self.sieve.doubt() * (row.square + self.farthest)).next_up();
                *threshold = row.threshold;
            }
        }
    }

    /// Notes that column `j` may be among the least of a row, and returns its threshold from then on.
    #[inline(always)]
    fn pass(&self, row: &mut Row, j: usize, bound: f32, k: usize, most: usize) -> f32 {
        if row.passed.len() >= most {
            row.blunt = true;
            return f32::NEG_INFINITY;
        }
        row.passed.push((bound, j as u32));
        let (g, square, doubt) = (self.g[j], self.sieve.squares[j], 2.1 * self.sieve.doubt());
        let bound = f64::from(bound);
        let at_most = above(if self.sieve.root {
            let least = (bound + g + 8.0 * ROUNDING * g.abs()).max(0.0);
            let off = 2.0 * doubt * (row.square + square) + 32.0 * ROUNDING * least * least;
            (least * least + off).sqrt() * (1.0 + 4.0 * ROUNDING) - g + 4.0 * ROUNDING * g.abs()
        } else {
            bound + doubt * (row.square + 2.0 * square + g.abs())
        });
        keep(&mut row.above, k, at_most, |above| *above);
        row.above.get(k - 1).map_or(row.threshold, |most| most.min(row.threshold))
    }
}

/// The median of each coordinate over some of the points: one far out does not move it.
fn medians(source: &Points, target: &Points) -> Vec<f64> {
    let some = |points: &Points, k: usize| {
        let step = points.len().div_ceil(SAMPLED);
        points.iter().step_by(step).map(move |point| point[k]).collect::<Vec<_>>()
    };
    let median = |k| {
        let mut values = [some(source, k), some(target, k)].concat();
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    (0..source.dim()).map(median).collect()
}

/// The nearest number in single precision that is not above.
fn below(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) > x { nearest.next_down() } else { nearest }
}

/// The nearest number in single precision that is not below.
fn above(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) < x { nearest.next_up() } else { nearest }
}
