//! The normal distribution in R^d.

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::ArrayView2;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, ErrorKind, Result};
use crate::measure::{Points, Samples};
use crate::numeric::random::{ChaCha8Rng, stream};

/// A normal distribution N(μ, Σ) in R^d with positive definite covariance.
///
/// ```
/// use earthwork::measure::Gaussian;
///
/// let gaussian = Gaussian::new([0.0, 1.0], ndarray::array![[1.0, 0.5], [0.5, 2.0]].view())?;
/// let samples = gaussian.sample(100, 7)?;
/// assert_eq!((samples.len(), samples.dim()), (100, 2));
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
    /// The lower Cholesky factor L of Σ = L Lᵀ.
    lower: DMatrix<f64>,
}

impl Gaussian {
    /// N(μ, Σ) from its mean (length d) and covariance (d × d, symmetric positive definite).
    ///
    /// # Errors
    /// When the mean is empty, an entry is not finite, the shapes differ, or Σ is not symmetric (to 1e-12 of its
    /// diagonal) or not positive definite.
    #[expect(clippy::needless_pass_by_value, reason = "views are passed by value, as ndarray does")]
    pub fn new(mean: impl Into<Vec<f64>>, covariance: ArrayView2<'_, f64>) -> Result<Self> {
        let mean = mean_of(mean.into(), &covariance)?;
        let d = mean.len();
        let covariance = DMatrix::from_fn(d, d, |i, j| covariance[[i, j]]);
        for i in 0..d {
            for j in 0..i {
                let scale = (covariance[(i, i)] * covariance[(j, j)]).abs().sqrt();
                if (covariance[(i, j)] - covariance[(j, i)]).abs() > 1e-12 * scale {
                    return Err(Error::new("covariance", ErrorKind::Matrix("symmetric")));
                }
            }
        }
        let lower = Cholesky::new(covariance.clone())
            .ok_or_else(|| Error::new("covariance", ErrorKind::Matrix("positive definite")))?
            .unpack();
        Ok(Self { mean, covariance, lower })
    }

    /// N(0, I) in R^d.
    ///
    /// # Errors
    /// When `dim` is 0.
    pub fn standard(dim: usize) -> Result<Self> {
        Self::new(vec![0.0; dim], ndarray::Array2::eye(dim).view())
    }

    /// Dimension d.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The mean μ, of length d.
    pub fn mean(&self) -> &[f64] {
        self.mean.as_slice()
    }

    /// The covariance Σ as an array of shape (d, d).
    pub fn covariance(&self) -> ndarray::Array2<f64> {
        ndarray::Array2::from_shape_fn((self.dim(), self.dim()), |ij| self.covariance[ij])
    }

    /// The lower Cholesky factor L of Σ = L Lᵀ.
    pub(crate) fn cholesky(&self) -> &DMatrix<f64> {
        &self.lower
    }

    /// `n` independent draws with uniform weights; the same seed gives the same points.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn sample(&self, n: usize, seed: u64) -> Result<Samples> {
        let mut generator = stream(seed, 0);
        let mut coordinates = Vec::with_capacity(n * self.dim());
        for _ in 0..n {
            self.draw(&mut generator, &mut coordinates);
        }
        Samples::new(Points::from_rows(coordinates, self.dim())?)
    }

    /// log of the density at `x` (length d), in nats.
    ///
    /// # Panics
    /// When `x` does not have length d.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        assert_eq!(x.len(), self.dim(), "x must have the dimension of the Gaussian");
        let centred = DVector::from_column_slice(x) - &self.mean;
        let white = self.lower.solve_lower_triangular(&centred).expect("the diagonal of a Cholesky factor is positive");
        let log_volume: f64 = self.lower.diagonal().iter().map(|l| l.ln()).sum();
        -0.5 * (white.norm_squared() + self.dim() as f64 * std::f64::consts::TAU.ln()) - log_volume
    }

    /// Appends one draw to `out`.
    pub(super) fn draw(&self, generator: &mut ChaCha8Rng, out: &mut Vec<f64>) {
        let white: Vec<f64> = (0..self.dim()).map(|_| StandardNormal.sample(generator)).collect();
        out.extend((0..self.dim()).map(|i| {
            let row: f64 = (0..=i).map(|j| self.lower[(i, j)] * white[j]).sum();
            self.mean[i] + row
        }));
    }
}

/// The mean, where it and the covariance are finite and fit each other.
pub(crate) fn mean_of(mean: Vec<f64>, covariance: &ArrayView2<'_, f64>) -> Result<DVector<f64>> {
    let mean = Points::from_rows(mean, 1).map_err(|e| e.about("mean"))?;
    let (rows, columns) = covariance.dim();
    for (what, found) in [("rows", rows), ("columns", columns)] {
        if found != mean.len() {
            let kind = ErrorKind::Length { what, expected: mean.len(), found, reason: "the mean has that length" };
            return Err(Error::new("covariance", kind));
        }
    }
    if let Some(((row, column), &value)) = covariance.indexed_iter().find(|(_, v)| !v.is_finite()) {
        let kind = ErrorKind::Coordinate { point: row, coordinate: column, value };
        return Err(Error::new("covariance", kind));
    }
    Ok(DVector::from_column_slice(mean.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_density_is_the_textbook_one() {
        let gaussian = Gaussian::new([1.0, -1.0], array![[2.0, 0.6], [0.6, 1.0]].view()).unwrap();
        // det Σ = 1.64; Σ⁻¹ = [[1, -0.6], [-0.6, 2]] / 1.64; at μ + (1, 1): quadratic form = (1 - 1.2 + 2) / 1.64.
        let expected = -0.5 * (1.8 / 1.64) - (std::f64::consts::TAU).ln() - 0.5 * 1.64_f64.ln();
        assert!((gaussian.log_density(&[2.0, 0.0]) - expected).abs() < 1e-14);
    }

    #[test]
    fn the_draws_have_the_moments() {
        let gaussian = Gaussian::new([3.0, -2.0], array![[2.0, 0.6], [0.6, 1.0]].view()).unwrap();
        let n = 40_000;
        let samples = gaussian.sample(n, 5).unwrap();
        let mean = samples.mean();
        // Five standard errors of the mean and of the covariance.
        let tolerance = 5.0 * (2.0 / n as f64).sqrt();
        assert!((mean[0] - 3.0).abs() < tolerance && (mean[1] + 2.0).abs() < tolerance);
        let cross: f64 = samples.points().iter().map(|x| (x[0] - mean[0]) * (x[1] - mean[1])).sum::<f64>() / n as f64;
        assert!((cross - 0.6).abs() < 2.0 * tolerance, "{cross}");
        assert_eq!(samples, gaussian.sample(n, 5).unwrap());
    }

    #[test]
    fn wrong_covariances_are_refused() {
        let message = |c: ndarray::Array2<f64>| Gaussian::new([0.0, 0.0], c.view()).unwrap_err().to_string();
        assert_eq!(message(array![[1.0, 2.0], [2.0, 1.0]]), "covariance: it is not positive definite");
        assert_eq!(message(array![[1.0, 0.5], [0.0, 1.0]]), "covariance: it is not symmetric");
        assert!(message(array![[1.0]]).contains("1 rows, but 2 are needed"));
        assert!(Gaussian::standard(0).is_err());
    }
}
