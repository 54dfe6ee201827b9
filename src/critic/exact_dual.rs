//! The critic that the exact solver leaves behind.

use ndarray::{Array1, Array2, ArrayView2};

use crate::cost::Euclidean;
use crate::error::{Error, ErrorKind, Result};
use crate::exact;
use crate::measure::Points;
use crate::measure::Samples;
use crate::transport::{Problem, Solution};

/// The optimal potentials of W₁ between two samples as a function on all of R^d, of Lipschitz constant 1.
///
/// With feasible potentials f on the x and g on the y, both McShane extensions
///
/// ```text
/// low(z) = maxᵢ (fᵢ − |z − xᵢ|),   high(z) = minⱼ (|z − yⱼ| − gⱼ)
/// ```
///
/// are 1-Lipschitz, low ≤ high, and so is their mean, which is taken. On the samples its value is W₁ itself; on held-out points it
/// is a lower bound in the mean, and in two dimensions a better critic than any network (where the points are many). O(n + m) for
/// each point asked for.
#[derive(Debug, Clone)]
pub struct ExactDual {
    source: Points,
    target: Points,
    solution: Solution,
}

impl ExactDual {
    /// Solves W₁ between `x` and `y` with the Euclidean ground distance.
    ///
    /// # Errors
    /// When the dimensions or total masses differ.
    pub fn fit(x: &Samples, y: &Samples) -> Result<Self> {
        let problem = Problem::between(x, y, Euclidean)?;
        let solution = exact::solve(&problem)?;
        Ok(Self { source: x.points().clone(), target: y.points().clone(), solution })
    }

    /// The exact solution behind it.
    pub fn solution(&self) -> &Solution {
        &self.solution
    }

    /// The function at each point; of length n.
    ///
    /// # Errors
    /// When the points have another dimension than the samples.
    pub fn values(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Ok(self.at(points)?.0)
    }

    /// Its gradient at each point, of shape (n, d): the mean of two unit vectors (0 in place of one where it has none).
    ///
    /// # Errors
    /// As [`ExactDual::values`].
    pub fn gradients(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Ok(self.at(points)?.1)
    }

    fn at(&self, points: ArrayView2<'_, f64>) -> Result<(Array1<f64>, Array2<f64>)> {
        if points.ncols() != self.source.dim() {
            let kind = ErrorKind::Dimension { expected: self.source.dim(), found: points.ncols() };
            return Err(Error::new("points", kind));
        }
        let dim = points.ncols();
        let mut values = Array1::zeros(points.nrows());
        let mut gradients = Array2::zeros((points.nrows(), dim));
        let (f, g) = (&self.solution.potentials.f, &self.solution.potentials.g);
        for ((z, value), mut gradient) in points.rows().into_iter().zip(&mut values).zip(gradients.rows_mut()) {
            let distance = |p: &[f64]| z.iter().zip(p).map(|(z, p)| (z - p).powi(2)).sum::<f64>().sqrt();
            let nearest = |side: &Points, potential: &[f64]| {
                let slacks = side.iter().zip(potential).map(|(p, v)| distance(p) - v).enumerate();
                slacks.min_by(|(_, a), (_, b)| a.total_cmp(b)).expect("a sample has points")
            };
            let ((i, low), (j, high)) = (nearest(&self.source, f), nearest(&self.target, g));
            *value = 0.5 * (high - low);
            for (sign, p) in [(-0.5, self.source.point(i)), (0.5, self.target.point(j))] {
                let length = distance(p);
                if length > 0.0 {
                    gradient.iter_mut().zip(z.iter().zip(p)).for_each(|(g, (z, p))| *g += sign * (z - p) / length);
                }
            }
        }
        Ok((values, gradients))
    }
}
