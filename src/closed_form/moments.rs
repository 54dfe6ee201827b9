//! A mean and a covariance of any rank.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ndarray::{Array2, ArrayView2};

use crate::error::{Error, ErrorKind, Result, require_dimension};
use crate::measure::{Gaussian, Samples, mean_of};

/// How far a covariance may be from symmetric, and how negative an eigenvalue may be, relative to the largest entry.
const TOLERANCE: f64 = 1e-9;

/// A mean and a covariance: a Gaussian that may be degenerate, such as that of fewer points than dimensions.
///
/// ```
/// use earthwork::closed_form::Moments;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 1.0], [2.0, 1.0]])?;
/// let moments = Moments::of(&x);
/// assert_eq!(moments.mean(), [1.0, 1.0]);
/// assert!((moments.covariance()[[0, 0]] - 1.0).abs() < 1e-15 && moments.covariance()[[1, 1]] == 0.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    pub(super) mean: DVector<f64>,
    pub(super) covariance: DMatrix<f64>,
}

impl Moments {
    /// From a mean (length d) and a covariance (d × d, symmetric positive semidefinite).
    ///
    /// # Errors
    /// When the mean is empty, an entry is not finite, the shapes differ, or the covariance is not symmetric or has a negative
    /// eigenvalue (beyond 1e-9 of its largest entry).
    #[expect(clippy::needless_pass_by_value, reason = "views are passed by value, as ndarray does")]
    pub fn new(mean: impl Into<Vec<f64>>, covariance: ArrayView2<'_, f64>) -> Result<Self> {
        let mean = mean_of(mean.into(), &covariance)?;
        let d = mean.len();
        let largest = covariance.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        let wrong = |what| Err(Error::new("covariance", ErrorKind::Matrix(what)));
        if (0..d).any(|i| (0..i).any(|j| (covariance[[i, j]] - covariance[[j, i]]).abs() > TOLERANCE * largest)) {
            return wrong("symmetric");
        }
        let covariance = DMatrix::from_fn(d, d, |i, j| 0.5 * covariance[[i, j]] + 0.5 * covariance[[j, i]]);
        if eigenvalues(&covariance, largest).iter().any(|&value| value < -TOLERANCE * d as f64 * largest) {
            return wrong("positive semidefinite");
        }
        Ok(Self { mean, covariance })
    }

    /// Of a sample: its weighted mean, and its covariance around it with the weights as probabilities (no n − 1).
    ///
    /// O(n d²).
    pub fn of(samples: &Samples) -> Self {
        let mean = samples.mean();
        let mut rows = samples.points().view().to_owned();
        for (mut row, &mass) in rows.rows_mut().into_iter().zip(samples.weights().as_slice()) {
            let share = (mass / samples.total()).sqrt();
            row.iter_mut().zip(&mean).for_each(|(v, m)| *v = (*v - m) * share);
        }
        let product = rows.t().dot(&rows);
        let d = mean.len();
        Self {
            covariance: DMatrix::from_fn(d, d, |i, j| 0.5 * product[[i, j]] + 0.5 * product[[j, i]]),
            mean: DVector::from_vec(mean),
        }
    }

    /// The longest length in what W₂ to `other` is made of: the difference of the means, or a standard deviation.
    pub(super) fn reach(&self, other: &Self) -> f64 {
        let widest = self.covariance.amax().max(other.covariance.amax()).sqrt();
        (&self.mean - &other.mean).amax().max(widest)
    }

    /// These moments for points measured in a unit of length other than 1.
    pub(super) fn in_unit(&self, unit: f64) -> Self {
        Self { mean: &self.mean / unit, covariance: &self.covariance / unit / unit }
    }

    /// The same mean, and the covariance times a factor.
    pub(crate) fn spread_by(self, factor: f64) -> Self {
        Self { mean: self.mean, covariance: self.covariance * factor }
    }

    /// Eigenvalues and eigenvectors (as columns) of the mean of this covariance and that of `other`.
    pub(crate) fn axes_with(&self, other: &Self) -> (DVector<f64>, DMatrix<f64>) {
        let mean = (&self.covariance + &other.covariance) * 0.5;
        let scale = mean.amax();
        if scale == 0.0 {
            return (DVector::zeros(self.dim()), DMatrix::identity(self.dim(), self.dim()));
        }
        let eigen = SymmetricEigen::new(mean / scale);
        (eigen.eigenvalues * scale, eigen.eigenvectors)
    }

    /// Dimension d.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The mean, of length d.
    pub fn mean(&self) -> &[f64] {
        self.mean.as_slice()
    }

    /// The covariance, of shape (d, d).
    pub fn covariance(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.dim(), self.dim()), |ij| self.covariance[ij])
    }

    /// Sum of the variances.
    pub(super) fn trace(&self) -> f64 {
        self.covariance.trace().max(0.0)
    }
}

impl From<&Gaussian> for Moments {
    fn from(gaussian: &Gaussian) -> Self {
        let covariance = gaussian.covariance();
        let d = gaussian.dim();
        Self {
            mean: DVector::from_column_slice(gaussian.mean()),
            covariance: DMatrix::from_fn(d, d, |i, j| 0.5 * covariance[[i, j]] + 0.5 * covariance[[j, i]]),
        }
    }
}

/// Eigenvalues of a symmetric matrix whose largest entry is `largest`.
fn eigenvalues(matrix: &DMatrix<f64>, largest: f64) -> DVector<f64> {
    if largest == 0.0 { DVector::zeros(matrix.nrows()) } else { (matrix / largest).symmetric_eigenvalues() * largest }
}

/// A symmetric positive semidefinite matrix with `f` of its eigenvalues, those that are rounding taken as 0.
pub(super) fn spectral(matrix: &DMatrix<f64>, f: impl Fn(f64) -> f64) -> DMatrix<f64> {
    let scale = matrix.amax();
    if scale == 0.0 {
        return DMatrix::identity(matrix.nrows(), matrix.nrows()) * f(0.0);
    }
    // Scaled, so that entries of 10^±200 neither over- nor underflow on the way.
    let eigen = SymmetricEigen::new(matrix / scale);
    let least = matrix.nrows() as f64 * f64::EPSILON * eigen.eigenvalues.amax();
    let values = eigen.eigenvalues.map(|value| f(if value > least { value * scale } else { 0.0 }));
    let vectors = &eigen.eigenvectors;
    let mut out = vectors * DMatrix::from_diagonal(&values) * vectors.transpose();
    symmetrise(&mut out);
    out
}

/// The symmetric root of a positive semidefinite matrix.
pub(super) fn root(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    spectral(matrix, f64::sqrt)
}

/// Makes rounding symmetric.
pub(super) fn symmetrise(matrix: &mut DMatrix<f64>) {
    for i in 0..matrix.nrows() {
        for j in 0..i {
            let mean = 0.5 * (matrix[(i, j)] + matrix[(j, i)]);
            matrix[(i, j)] = mean;
            matrix[(j, i)] = mean;
        }
    }
}

/// Refuses moments of another dimension.
pub(super) fn same_dimension(x: &Moments, y: &Moments) -> Result<()> {
    require_dimension("y", y.dim(), x.dim())
}
