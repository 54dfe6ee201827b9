//! W₂ between Gaussians: distance, map, barycenter, and the bound that they give for any distributions.

use nalgebra::{DMatrix, DVector, SVD};
use ndarray::Array2;

use crate::closed_form::moments::{Moments, root, same_dimension, spectral, symmetrise};
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Kind};
use crate::measure::{Samples, Weights};
use crate::transport::{Root, Status};

/// W₂ between two Gaussians, the Bures-Wasserstein distance:
///
/// ```text
/// W₂² = |m₁ − m₂|² + tr A + tr B − 2 tr (A^½ B A^½)^½ = |m₁ − m₂|² + min over orthogonal U of ‖A^½ − B^½ U‖²
/// ```
///
/// Computed by the second form, with U the polar factor of B^½ A^½: a sum of squares, so that it is never negative, and nearly
/// equal covariances keep their digits. Covariances of any rank.
///
/// # Errors
/// When the dimensions differ.
///
/// # References
/// Olkin & Pukelsheim, "The distance between two random vectors with given dispersion matrices", 1982; Bhatia, Jain, Lim, "On
/// the Bures-Wasserstein distance between positive definite matrices", Expo. Math. 37 (2019), theorem 1.
///
/// ```
/// use earthwork::closed_form::bures_wasserstein;
/// use earthwork::prelude::*;
/// use ndarray::array;
///
/// let x = Gaussian::new([0.0, 0.0], array![[1.0, 0.0], [0.0, 4.0]].view())?;
/// let y = Gaussian::new([3.0, 4.0], array![[4.0, 0.0], [0.0, 1.0]].view())?;
/// // Commuting covariances: 3² + 4² + (1 − 2)² + (2 − 1)².
/// let distance = bures_wasserstein(&(&x).into(), &(&y).into())?;
/// assert!((distance.value - 27_f64.sqrt()).abs() < 1e-14);
/// # Ok::<(), Error>(())
/// ```
pub fn bures_wasserstein(x: &Moments, y: &Moments) -> Result<Estimate> {
    same_dimension(x, y)?;
    let root = Root::for_lengths(2.0, x.reach(y));
    let squares = bures_squared(&x.in_unit(root.unit()), &y.in_unit(root.unit()))?;
    Ok(Estimate::new(root.of(squares), Evidence::Exact, "Bures-Wasserstein", (1, 1)))
}

/// W₂² between two Gaussians.
pub(crate) fn bures_squared(x: &Moments, y: &Moments) -> Result<f64> {
    same_dimension(x, y)?;
    let shift = (&x.mean - &y.mean).norm();
    let (a, b) = (root(&x.covariance), root(&y.covariance));
    Ok(shift.powi(2) + roots_apart(&a, &b))
}

/// The matrices of the optimal maps between two Gaussians, both ways, on the ranges of their covariances: what the derivatives of
/// W₂² with respect to the covariances are made of (I − T each).
pub(crate) fn maps_between(x: &Moments, y: &Moments) -> [DMatrix<f64>; 2] {
    let (a, b) = (root(&x.covariance), root(&y.covariance));
    // (A^½ B A^½)^½ and (B^½ A B^½)^½ from one decomposition of B^½ A^½, in units in which it neither over- nor underflows.
    let scale = a.amax().max(b.amax());
    if scale == 0.0 {
        return [a, b];
    }
    let svd = SVD::new((&b / scale) * (&a / scale), true, true);
    let (Some(u), Some(v_t)) = (&svd.u, &svd.v_t) else { return [a * 0.0, b * 0.0] };
    let sizes = DMatrix::from_diagonal(&svd.singular_values);
    let map = |root: &DMatrix<f64>, product: DMatrix<f64>| {
        let inverse = pseudo_inverse(&(root / scale));
        let mut map = &inverse * product * &inverse;
        symmetrise(&mut map);
        map
    };
    [map(&a, v_t.transpose() * &sizes * v_t), map(&b, u * &sizes * u.transpose())]
}

/// min over orthogonal U of ‖A − B U‖², for symmetric A and B.
fn roots_apart(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let n = a.nrows();
    let (scale, sizes) = (a.amax().max(b.amax()), a.norm_squared() + b.norm_squared());
    if scale == 0.0 {
        return 0.0;
    }
    let svd = SVD::new((b / scale) * (a / scale), true, true);
    let overlap = scale * scale * svd.singular_values.iter().sum::<f64>();
    // Loses half of the digits where A and B are close.
    let by_traces = (sizes - 2.0 * overlap).max(0.0);
    let (Some(u), Some(v_t)) = (&svd.u, &svd.v_t) else { return by_traces };
    let least = n as f64 * f64::EPSILON * svd.singular_values.amax();
    let kept: Vec<usize> = (0..n).filter(|&k| svd.singular_values[k] > least).collect();
    let polar = completed(&u.select_columns(&kept)) * completed(&v_t.transpose().select_columns(&kept)).transpose();
    let by_roots = (a - b * polar).norm_squared();
    // The two agree to the rounding of the first; anything else would be a fault of the decomposition.
    if (by_roots - by_traces).abs() <= 1e-11 * n as f64 * sizes { by_roots } else { by_traces }
}

/// Orthonormal columns, completed to a square orthogonal matrix by those unit vectors that are farthest from them.
fn completed(columns: &DMatrix<f64>) -> DMatrix<f64> {
    let (n, r) = columns.shape();
    let mut out = DMatrix::zeros(n, n);
    out.columns_mut(0, r).copy_from(columns);
    let mut filled = r;
    // Of n unit vectors that all were nearer, the squares of the distances would sum to less than 1.
    let far = 0.1 / (n as f64).sqrt();
    for axis in 0..n {
        if filled == n {
            break;
        }
        let mut next = DVector::zeros(n);
        next[axis] = 1.0;
        for _ in 0..2 {
            let span = out.columns(0, filled);
            next -= span * (span.transpose() * &next);
        }
        let length = next.norm();
        if length > far {
            out.set_column(filled, &(next / length));
            filled += 1;
        }
    }
    out
}

/// An affine map x ↦ to + T (x − from).
#[derive(Debug, Clone, PartialEq)]
pub struct AffineMap {
    from: DVector<f64>,
    to: DVector<f64>,
    matrix: DMatrix<f64>,
}

impl AffineMap {
    /// The image of a point of length d.
    ///
    /// # Panics
    /// When `x` does not have length d.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        let image = &self.to + &self.matrix * (DVector::from_column_slice(x) - &self.from);
        image.as_slice().to_vec()
    }

    /// The matrix T, symmetric positive semidefinite, of shape (d, d).
    pub fn matrix(&self) -> Array2<f64> {
        Array2::from_shape_fn(self.matrix.shape(), |ij| self.matrix[ij])
    }
}

/// The optimal map from one Gaussian to another for squared Euclidean costs: T = A^(−½) (A^½ B A^½)^½ A^(−½), with the
/// pseudo-inverse where A is degenerate.
///
/// # Errors
/// When the dimensions differ, or no map carries x to y: x lies in a subspace, and y needs more.
///
/// # References
/// Peyré & Cuturi, *Computational Optimal Transport*, 2019, remark 2.31.
pub fn gaussian_map(x: &Moments, y: &Moments) -> Result<AffineMap> {
    same_dimension(x, y)?;
    let a = root(&x.covariance);
    let inverse = pseudo_inverse(&a);
    let mut matrix = &inverse * root(&conjugate(&a, &y.covariance)) * &inverse;
    symmetrise(&mut matrix);
    let reached = conjugate(&matrix, &x.covariance);
    if (reached - &y.covariance).norm() > 1e-6 * y.covariance.norm() {
        let why = "no map carries the first Gaussian to this one: its covariance is degenerate where this one's is not";
        return Err(Error::new("y", ErrorKind::Unsupported(why.into())));
    }
    Ok(AffineMap { from: x.mean.clone(), to: y.mean.clone(), matrix })
}

/// The inverse of a symmetric positive semidefinite matrix on its range.
fn pseudo_inverse(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    spectral(matrix, |value| if value > 0.0 { 1.0 / value } else { 0.0 })
}

/// S B S for symmetric S and B.
fn conjugate(s: &DMatrix<f64>, b: &DMatrix<f64>) -> DMatrix<f64> {
    let mut out = s * b * s;
    symmetrise(&mut out);
    out
}

/// What [`gaussian_barycenter`] found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GaussianBarycenter {
    /// The barycenter.
    pub moments: Moments,
    /// Σ wₖ W₂² to it, the objective.
    pub cost: f64,
    /// Fixed-point iterations.
    pub iterations: usize,
    /// Whether the iterates came to rest.
    pub status: Status,
}

/// The barycenter of Gaussians in W₂, which is a Gaussian: its mean is the mean of the means, its covariance the fixed point of
///
/// ```text
/// S ← S^(−½) (Σ wₖ (S^½ Aₖ S^½)^½)² S^(−½)
/// ```
///
/// Ends when an iterate moves by less than 10⁻¹² of its size in Bures distance; each iteration lowers the objective. If
/// some covariance is regular the barycenter is unique.
///
/// # Errors
/// When there are none, the dimensions differ, the number of weights differs from theirs, or a weight is negative or not finite.
///
/// # References
/// Agueh & Carlier, "Barycenters in the Wasserstein space", SIAM J. Math. Anal. 43 (2011); Álvarez-Esteban et al., "A fixed-point
/// approach to barycenters in Wasserstein space", J. Math. Anal. Appl. 441 (2016), theorem 4.2.
pub fn gaussian_barycenter(gaussians: &[Moments], weights: impl Into<Vec<f64>>) -> Result<GaussianBarycenter> {
    const MOST: usize = 500;
    let Some(first) = gaussians.first() else { return Err(Error::new("gaussians", ErrorKind::Empty("Gaussian"))) };
    if let Some(other) = gaussians.iter().find(|other| other.dim() != first.dim()) {
        let kind = ErrorKind::Dimension { expected: first.dim(), found: other.dim() };
        return Err(Error::new("gaussians", kind));
    }
    let weights = Weights::new(weights.into())?.normalised();
    if weights.len() != gaussians.len() {
        let (expected, found) = (gaussians.len(), weights.len());
        let kind = ErrorKind::Length { what: "weights", expected, found, reason: "one for each Gaussian" };
        return Err(Error::new("weights", kind));
    }
    let terms = || gaussians.iter().zip(weights.as_slice());
    let d = first.dim();
    let mean = terms().fold(DVector::zeros(d), |sum, (gaussian, &weight)| sum + &gaussian.mean * weight);
    let mut covariance =
        terms().fold(DMatrix::zeros(d, d), |sum, (gaussian, &weight)| sum + &gaussian.covariance * weight);
    let mut status = Status::IterationLimit;
    let mut iterations = 0;
    while iterations < MOST {
        iterations += 1;
        let s = root(&covariance);
        let inverse = pseudo_inverse(&s);
        let sum = terms().fold(DMatrix::zeros(d, d), |sum, (gaussian, &weight)| {
            sum + root(&conjugate(&s, &gaussian.covariance)) * weight
        });
        let mut next = &inverse * &sum * &sum * &inverse;
        symmetrise(&mut next);
        let size = next.trace().max(0.0).sqrt();
        let step = (&next - &covariance).norm();
        covariance = next;
        if step <= 1e-12 * size * size {
            status = Status::Converged;
            break;
        }
    }
    let moments = Moments { mean, covariance };
    let mut cost = 0.0;
    for (gaussian, &weight) in terms() {
        cost += weight * bures_squared(gaussian, &moments)?;
    }
    Ok(GaussianBarycenter { moments, cost, iterations, status })
}

/// Gelbrich's lower bound on W₂ between any two samples: the Bures-Wasserstein distance of their means and covariances.
///
/// Equality holds where one sample is an affine image of the other by a positive semidefinite matrix. For all the mass, as
/// [`wasserstein`](crate::exact::wasserstein). O((n + m) d² + d³).
///
/// # Errors
/// When the dimensions or (by more than 1e-9) the total masses differ.
///
/// # References
/// Gelbrich, "On a formula for the L² Wasserstein metric between measures on Euclidean and Hilbert spaces", Math. Nachr. 147
/// (1990).
///
/// ```
/// use earthwork::closed_form::gelbrich;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0], [2.0, 0.0], [1.0, 3.0]])?;
/// let y = Samples::new([[5.0, 1.0], [0.0, 2.0], [4.0, 4.0]])?;
/// assert!(gelbrich(&x, &y)?.value <= wasserstein(&x, &y, 2.0)?.value);
/// # Ok::<(), Error>(())
/// ```
pub fn gelbrich(x: &Samples, y: &Samples) -> Result<Estimate> {
    x.weights().require_equal_total(y.weights())?;
    // Powers of two leave the digits, and neither squares nor their sums overflow.
    let largest = |side: &Samples| side.points().as_slice().iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let unit = largest(x).max(largest(y)).log2().ceil().clamp(-1000.0, 1000.0).exp2();
    let moments = |side: &Samples| -> Result<Moments> {
        let scaled = side.points().view().mapv(|v| v / unit);
        Ok(Moments::of(&Samples::with_weights(scaled, side.weights().clone())?))
    };
    let (p, q) = (moments(x)?, moments(y)?);
    let value = bures_squared(&p, &q)?.sqrt();
    // Roots of covariances that are off by some roundings of their traces are off by the root of that (Powers & Størmer).
    let slack = (8.0 * (x.dim() as f64 + 1.0) * f64::EPSILON * (p.trace() + q.trace())).sqrt();
    let magnify = unit * x.total().sqrt();
    let lower = ((value - slack) * (1.0 - 1e-12) * magnify).max(0.0);
    let evidence = Evidence::Bounds { lower, upper: f64::INFINITY };
    Ok(Estimate::new(value * magnify, evidence, "Gelbrich", (x.len(), y.len())).of_kind(Kind::LowerBound))
}

/// [`gelbrich`] as a [`Discrepancy`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gelbrich;

impl Discrepancy for Gelbrich {
    fn name(&self) -> String {
        "Gelbrich bound".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        gelbrich(x, y)
    }

    crate::estimate::distance!(|d| 2.0);
}

/// Checks a regularisation.
pub(super) fn require_positive(argument: &'static str, value: f64) -> Result<()> {
    require(argument, value, value > 0.0 && value.is_finite(), "it must be positive and finite")
}
