//! Two samples made ready for an estimator.

use std::cmp::Ordering;

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::seq::SliceRandom;

use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::numeric::stream;

/// The points of two samples in one space, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) dim: usize,
}

impl Sides {
    /// The points of both, without those of weight 0.
    ///
    /// # Errors
    /// When the dimensions differ, a sample has weights of several sizes, or fewer than `least` points.
    pub(crate) fn new(x: &Samples, y: &Samples, least: usize) -> Result<Self> {
        require_dimension("y", y.dim(), x.dim())?;
        let dim = x.dim();
        Ok(Self::of(draws("x", x, least)?, draws("y", y, least)?, dim))
    }

    /// Points row by row.
    pub(crate) fn of(mut x: Vec<f64>, mut y: Vec<f64>, dim: usize) -> Self {
        rescale(&mut x, &mut y, dim);
        Self { x, y, dim }
    }

    /// Refuses fewer than `least` points of either side.
    pub(crate) fn require(&self, least: usize) -> Result<()> {
        let (n, m) = self.sizes();
        for (name, found) in [("x", n), ("y", m)] {
            if found < least {
                let reason = "what this estimator needs at least";
                return Err(Error::new(name, ErrorKind::Length { what: "points", expected: least, found, reason }));
            }
        }
        Ok(())
    }

    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.x.len() / self.dim, self.y.len() / self.dim)
    }

    pub(crate) fn swapped(self) -> Self {
        Self { x: self.y, y: self.x, dim: self.dim }
    }

    /// The same points in coordinates in which ½ (Σ_P + Σ_Q) is about the identity, so that no result depends on units or on how columns
    /// are mixed. Heavy tails do not count for what they weigh: the covariances are then those of fitted t distributions.
    ///
    /// Columns that together fill no volume are only brought to one scale.
    pub(crate) fn whitened(mut self) -> Self {
        // A far offset costs no digits.
        let origin = self.x[..self.dim].to_vec();
        for point in self.x.chunks_exact_mut(self.dim).chain(self.y.chunks_exact_mut(self.dim)) {
            point.iter_mut().zip(&origin).for_each(|(v, origin)| *v -= origin);
        }
        let both = |of: &Self| {
            let (centre, first) = moments(&of.x, of.dim);
            let (other, second) = moments(&of.y, of.dim);
            ((centre + other) * 0.5, (first + second) * 0.5)
        };
        let (centre, covariance) = both(&self);
        // Columns of one scale first, so that whether the matrix is definite does not hang on units.
        let scales = covariance.diagonal().map(|v| if v > 0.0 { 1.0 / v.sqrt() } else { 1.0 });
        let correlation = DMatrix::from_diagonal(&scales) * covariance * DMatrix::from_diagonal(&scales);
        let apply = |sides: &mut Self, centre: &DVector<f64>, map: &DMatrix<f64>| {
            transform(&mut sides.x, centre, map);
            transform(&mut sides.y, centre, map);
        };
        let Some(inverse) = inverse_root(correlation) else {
            apply(&mut self, &centre, &DMatrix::from_diagonal(&scales));
            return self;
        };
        apply(&mut self, &centre, &(inverse * DMatrix::from_diagonal(&scales)));
        if self.dim == 1 {
            return self;
        }
        let (x, y) = (picked(&self.x, self.dim, ROBUST), picked(&self.y, self.dim, ROBUST));
        let (first, second) = (Spread::of(&x, self.dim), Spread::of(&y, self.dim));
        if first.heavy || second.heavy {
            let centre = (first.centre + second.centre) * 0.5;
            if let Some(inverse) = inverse_root((first.matrix + second.matrix) * 0.5) {
                apply(&mut self, &centre, &inverse);
            }
        }
        self
    }
}

/// Points of each side from which heavy tails are judged and fitted.
const ROBUST: usize = 512;
/// How much longer the tails of a sample are than those of a normal distribution (by the mean fourth power of the norm) where its
/// covariance is not a measure of its width.
const HEAVY: f64 = 1.5;
/// Degrees of freedom of the t distribution that is fitted, and steps of the fit.
const FREEDOM: f64 = 2.0;
const STEPS: usize = 30;

/// Where a sample lies and how wide it is.
struct Spread {
    centre: DVector<f64>,
    matrix: DMatrix<f64>,
    heavy: bool,
}

impl Spread {
    fn of(points: &[f64], dim: usize) -> Self {
        let (mut centre, mut matrix) = moments(points, dim);
        let distances = |centre: &DVector<f64>, matrix: &DMatrix<f64>| -> Option<Vec<f64>> {
            let inverse = inverse_root(matrix.clone())?;
            let mut moved = points.to_vec();
            transform(&mut moved, centre, &inverse);
            Some(moved.chunks_exact(dim).map(|z| z.iter().map(|v| v * v).sum()).collect())
        };
        let mut heavy = false;
        let n = (points.len() / dim) as f64;
        for step in 0..STEPS {
            let Some(squares) = distances(&centre, &matrix) else { break };
            if step == 0 {
                let fourth = squares.iter().map(|s| s * s).sum::<f64>() / n;
                heavy = fourth > HEAVY * (dim * (dim + 2)) as f64;
                if !heavy {
                    break;
                }
            }
            // The likelihood equations of a t distribution.
            let weights: Vec<f64> = squares.iter().map(|s| (FREEDOM + dim as f64) / (FREEDOM + s)).collect();
            let total: f64 = weights.iter().sum();
            let mut next = DVector::zeros(dim);
            for (point, weight) in points.chunks_exact(dim).zip(&weights) {
                for (to, v) in next.iter_mut().zip(point) {
                    *to += weight * v / total;
                }
            }
            let mut spread = DMatrix::zeros(dim, dim);
            for (point, weight) in points.chunks_exact(dim).zip(&weights) {
                for k in 0..dim {
                    let gap = weight * (point[k] - next[k]) / n;
                    for l in 0..=k {
                        spread[(k, l)] += gap * (point[l] - next[l]);
                    }
                }
            }
            spread.fill_upper_triangle_with_lower_triangle();
            let change = (&spread - &matrix).norm() / matrix.norm();
            (centre, matrix) = (next, spread);
            if change < 1e-3 {
                break;
            }
        }
        Self { centre, matrix, heavy }
    }
}

/// L⁻¹ with L Lᵀ the matrix; none where it is not definite beyond rounding.
fn inverse_root(matrix: DMatrix<f64>) -> Option<DMatrix<f64>> {
    let dim = matrix.nrows();
    let largest = matrix.diagonal().max();
    let lower = Cholesky::new(matrix)?.unpack();
    let definite = (0..dim).all(|k| lower[(k, k)] * lower[(k, k)] > 1e-12 * largest);
    definite.then(|| lower.solve_lower_triangular(&DMatrix::identity(dim, dim))).flatten()
}

/// Every point less the centre, times a lower triangular matrix.
fn transform(points: &mut [f64], centre: &DVector<f64>, map: &DMatrix<f64>) {
    let dim = centre.len();
    let rows: Vec<f64> = map.transpose().as_slice().to_vec();
    parallel::chunks_mut(points, dim * 1024, |_, points| {
        for point in points.chunks_exact_mut(dim) {
            for (v, centre) in point.iter_mut().zip(centre.as_slice()) {
                *v -= centre;
            }
            for k in (0..dim).rev() {
                let row = &rows[k * dim..][..=k];
                point[k] = row.iter().zip(&*point).map(|(a, v)| a * v).sum();
            }
        }
    });
}

/// At most `count` of the points, whichever their order: those whose distance from the origin has the least hashes. A rotation
/// picks the same ones.
pub(crate) fn picked(points: &[f64], dim: usize, count: usize) -> Vec<f64> {
    let n = points.len() / dim;
    if n <= count {
        return points.to_vec();
    }
    let hash = |point: &[f64]| {
        // In single precision, so that rounding does not matter.
        let bits = u64::from((point.iter().map(|v| v * v).sum::<f64>() as f32).to_bits());
        let mixed = (bits ^ (bits >> 16)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let mut hashes: Vec<(u64, u32)> = points.chunks_exact(dim).map(hash).zip(0..).collect();
    hashes.select_nth_unstable(count);
    hashes[..count].iter().flat_map(|(_, i)| points[*i as usize * dim..][..dim].iter().copied()).collect()
}

/// Mean and covariance (over n − 1) of points stored row by row; about the first point, so that a far offset costs no digits.
pub(crate) fn moments(points: &[f64], dim: usize) -> (DVector<f64>, DMatrix<f64>) {
    let n = points.len() / dim;
    let origin = &points[..dim];
    let mut mean = vec![0.0; dim];
    for point in points.chunks_exact(dim) {
        for (mean, (v, origin)) in mean.iter_mut().zip(point.iter().zip(origin)) {
            *mean += (v - origin) / n as f64;
        }
    }
    let (mut sums, mut gap) = (vec![0.0; dim * dim], vec![0.0; dim]);
    for point in points.chunks_exact(dim) {
        for (gap, ((v, origin), mean)) in gap.iter_mut().zip(point.iter().zip(origin).zip(&mean)) {
            *gap = v - origin - mean;
        }
        for (k, row) in sums.chunks_exact_mut(dim).enumerate() {
            let own = gap[k];
            row[..=k].iter_mut().zip(&gap).for_each(|(sum, other)| *sum += own * other);
        }
    }
    let over = (n.max(2) - 1) as f64;
    let covariance = DMatrix::from_fn(dim, dim, |k, l| sums[k.max(l) * dim + k.min(l)] / over);
    let mean = DVector::from_fn(dim, |k, _| mean[k] + origin[k]);
    (mean, covariance)
}

/// The points in an order that depends on themselves and the seed alone, and has nothing to do with where they lie.
pub(crate) fn shuffled(points: &[f64], dim: usize, seed: u64, item: u64) -> Vec<&[f64]> {
    let mut rows: Vec<&[f64]> = points.chunks_exact(dim).collect();
    rows.sort_by(|a, b| by_coordinates(a, b));
    rows.shuffle(&mut stream(seed, item));
    rows
}

/// The order of two points by their first coordinate that differs.
pub(crate) fn by_coordinates(a: &[f64], b: &[f64]) -> Ordering {
    let mut gaps = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
    gaps.find(|gap| gap.is_ne()).unwrap_or(Ordering::Equal)
}

/// The points of positive weight, which must all weigh the same.
pub(crate) fn draws(name: &'static str, side: &Samples, least: usize) -> Result<Vec<f64>> {
    let weights = side.weights().as_slice();
    let first = weights.iter().copied().find(|&w| w > 0.0).unwrap_or(0.0);
    if let Some(other) = weights.iter().find(|&&w| w != 0.0 && (w - first).abs() > 1e-12 * first) {
        let why = format!(
            "its weights differ ({first} and {other}), and this estimator takes independent draws, which weigh the same"
        );
        return Err(Error::new(name, ErrorKind::Unsupported(why.into())));
    }
    let points: Vec<f64> = if side.weights().is_uniform() {
        side.points().as_slice().to_vec()
    } else {
        side.points().iter().zip(weights).filter(|(_, w)| **w > 0.0).flat_map(|(x, _)| x.iter().copied()).collect()
    };
    let found = points.len() / side.dim();
    if found < least {
        let reason = "what this estimator needs at least";
        return Err(Error::new(name, ErrorKind::Length { what: "points", expected: least, found, reason }));
    }
    Ok(points)
}

/// Multiplies all coordinates by one power of two where their squares would leave the range of a double. A divergence does not
/// depend on the unit of length.
fn rescale(x: &mut [f64], y: &mut [f64], dim: usize) {
    let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); dim];
    for row in x.chunks_exact(dim).chain(y.chunks_exact(dim)) {
        ends.iter_mut().zip(row).for_each(|((least, most), &v)| (*least, *most) = (least.min(v), most.max(v)));
    }
    let widest = ends.iter().map(|(least, most)| most / 2.0 - least / 2.0).fold(0.0, f64::max);
    let bits = widest.log2();
    if widest > 0.0 && bits.abs() > 100.0 {
        // In two steps: the factor itself may be no normal number.
        let half = (-0.5 * bits).floor().exp2();
        for v in x.iter_mut().chain(y) {
            *v = *v * half * half;
        }
    }
}
/// The sizes of P and Q where the divergence is that of its base with the two `swapped` or not.
pub(super) fn in_order((n, m): (usize, usize), swapped: bool) -> (usize, usize) {
    if swapped { (m, n) } else { (n, m) }
}
