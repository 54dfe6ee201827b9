//! The critic that the exact solver leaves behind.

use ndarray::{Array1, Array2, ArrayView2};

use crate::cost::Euclidean;
use crate::error::{Result, require_dimension};
use crate::exact::{self, Extended, Extension};
use crate::measure::{IntoPoints, Points, Samples};
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
    /// When the points have another dimension than the samples, or a coordinate is not finite.
    pub fn values(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Ok(self.at(points)?.iter().map(|at| at.value).collect())
    }

    /// Its gradient at each point, of shape (n, d): the mean of two unit vectors (0 in place of one where it has none).
    ///
    /// # Errors
    /// As [`ExactDual::values`].
    pub fn gradients(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let mut gradients = Array2::zeros(points.dim());
        for ((z, at), mut gradient) in points.rows().into_iter().zip(self.at(points)?).zip(gradients.rows_mut()) {
            for (sign, p) in [(-0.5, self.source.point(at.source)), (0.5, self.target.point(at.target))] {
                let length = z.iter().zip(p).map(|(z, p)| (z - p).powi(2)).sum::<f64>().sqrt();
                if length > 0.0 {
                    gradient.iter_mut().zip(z.iter().zip(p)).for_each(|(g, (z, p))| *g += sign * (z - p) / length);
                }
            }
        }
        Ok(gradients)
    }

    fn at(&self, points: ArrayView2<'_, f64>) -> Result<Vec<Extended>> {
        require_dimension("points", points.ncols(), self.source.dim())?;
        if points.is_empty() {
            return Ok(Vec::new());
        }
        let function = Extension { source: &self.source, target: &self.target, potentials: &self.solution.potentials };
        function.at(&points.into_points()?)
    }
}
