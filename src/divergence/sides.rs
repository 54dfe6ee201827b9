//! Two samples made ready for an estimator.

use std::cmp::Ordering;

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::seq::SliceRandom;

use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::measure::Samples;
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

    /// The same points in coordinates in which ½ (Σ_P + Σ_Q) is the identity.
    ///
    /// # Errors
    /// When that matrix is not positive definite: the points lie in a subspace.
    pub(crate) fn whitened(mut self) -> Result<Self> {
        let (mean, first) = moments(&self.x, self.dim);
        let (_, second) = moments(&self.y, self.dim);
        let lower = Cholesky::new((first + second) * 0.5).map(Cholesky::unpack);
        let lower = lower.ok_or_else(|| {
            let why = "the points lie in a subspace, so their covariance cannot be made the identity";
            Error::new("x", ErrorKind::Unsupported(why.into()))
        })?;
        for point in self.x.chunks_exact_mut(self.dim).chain(self.y.chunks_exact_mut(self.dim)) {
            let mut gap = DVector::from_column_slice(point) - &mean;
            if !lower.solve_lower_triangular_mut(&mut gap) {
                let why = "the points lie too near a subspace";
                return Err(Error::new("x", ErrorKind::Unsupported(why.into())));
            }
            point.copy_from_slice(gap.as_slice());
        }
        Ok(self)
    }
}

/// Mean and covariance (over n − 1) of points stored row by row; about the first point, so that a far offset costs no digits.
pub(crate) fn moments(points: &[f64], dim: usize) -> (DVector<f64>, DMatrix<f64>) {
    let n = points.len() / dim;
    let origin = &points[..dim];
    let mut mean = DVector::zeros(dim);
    for point in points.chunks_exact(dim) {
        for k in 0..dim {
            mean[k] += (point[k] - origin[k]) / n as f64;
        }
    }
    let mut covariance = DMatrix::zeros(dim, dim);
    for point in points.chunks_exact(dim) {
        for k in 0..dim {
            let gap = point[k] - origin[k] - mean[k];
            for l in 0..=k {
                covariance[(k, l)] += gap * (point[l] - origin[l] - mean[l]);
            }
        }
    }
    let over = (n.max(2) - 1) as f64;
    for k in 0..dim {
        mean[k] += origin[k];
        for l in 0..=k {
            covariance[(k, l)] /= over;
            covariance[(l, k)] = covariance[(k, l)];
        }
    }
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
    let widest = (0..dim)
        .map(|k| {
            let values = || x.iter().skip(k).step_by(dim).chain(y.iter().skip(k).step_by(dim)).copied();
            values().fold(f64::NEG_INFINITY, f64::max) / 2.0 - values().fold(f64::INFINITY, f64::min) / 2.0
        })
        .fold(0.0, f64::max);
    let bits = widest.log2();
    if widest > 0.0 && bits.abs() > 100.0 {
        // In two steps: the factor itself may be no normal number.
        let half = (-0.5 * bits).floor().exp2();
        for v in x.iter_mut().chain(y) {
            *v = *v * half * half;
        }
    }
}
