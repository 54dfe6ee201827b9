//! Potentials and maps at new points.

use std::sync::Arc;

use super::SinkhornSolution;
use crate::cost::{CostMatrix, GroundCost, PointCost};
use crate::error::{Error, ErrorKind, Result};
use crate::measure::Points;
use crate::numeric::parallel;
use crate::transport::{Problem, differentiable, slope_at};

/// New points that one task serves.
const BATCH: usize = 64;

/// The source potential and the transport map of an entropic solution as functions on R^d.
///
/// The soft c-transform f(x) = −ε log Σ_j b_j / M exp((g_j − c(x, y_j)) / ε) extends f: at the sources it is f_i. (With
/// [`Reference::Product`](super::Reference) it is b_j instead of b_j / M.) The entropic
/// map T(x) = Σ_j w_j(x) y_j with the weights of that sum is the barycentric projection at the sources, and estimates
/// the optimal map in between (Pooladian & Niles-Weed, "Entropic estimation of optimal transport maps", 2021).
///
/// ```
/// use earthwork::entropic::{EntropicMap, Sinkhorn};
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0], [1.0], [2.0]])?;
/// let y = Samples::new([[10.0], [11.0], [12.0]])?;
/// let problem = Problem::between(&x, &y, SquaredEuclidean)?;
/// let map = EntropicMap::new(&problem, &Sinkhorn::new(1e-2).solve(&problem)?)?;
/// let images = map.images(&Points::from_rows([1.0], 1)?)?;
/// assert!((images.point(0)[0] - 11.0).abs() < 1e-6);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Clone)]
pub struct EntropicMap {
    ground: Arc<dyn GroundCost>,
    targets: Points,
    /// g_j / ε + log(b_j / M), or log b_j where that is the reference; −∞ without mass.
    lifts: Vec<f64>,
    epsilon: f64,
}

impl EntropicMap {
    /// From the sources of `problem` to its targets.
    ///
    /// # Errors
    /// When the problem has no points, or is not the one that was solved.
    pub fn new(problem: &Problem, solution: &SinkhornSolution) -> Result<Self> {
        Self::towards(problem, solution, true)
    }

    /// From the targets to the sources.
    ///
    /// # Errors
    /// As [`EntropicMap::new`].
    pub fn reversed(problem: &Problem, solution: &SinkhornSolution) -> Result<Self> {
        Self::towards(problem, solution, false)
    }

    fn towards(problem: &Problem, solution: &SinkhornSolution, forward: bool) -> Result<Self> {
        let Some(points) = problem.points() else {
            let why = "a map at new points needs points; a cost matrix has none";
            return Err(Error::new("problem", ErrorKind::Unsupported(why.into())));
        };
        let (targets, masses, g) = if forward {
            (points.target(), problem.target(), &solution.potentials.g)
        } else {
            (points.source(), problem.source(), &solution.potentials.f)
        };
        if g.len() != targets.len() {
            let (expected, found) = (g.len(), targets.len());
            let kind = ErrorKind::Length { what: "points", expected, found, reason: "the problem that was solved" };
            return Err(Error::new("problem", kind));
        }
        let epsilon = solution.epsilon;
        let total = problem.mass() / solution.reference.divisor(problem.mass());
        let lift = |(g, b): (&f64, &f64)| g / epsilon + (b / masses.total() * total).ln();
        let lifts = g.iter().zip(masses.as_slice()).map(lift).collect();
        Ok(Self { ground: points.shared_ground(), targets: targets.clone(), lifts, epsilon })
    }

    /// The potential at new points, in units of the cost. O(points · m · d) time.
    ///
    /// # Errors
    /// When the dimension differs, or the cost is not defined at a point.
    pub fn potentials(&self, points: &Points) -> Result<Vec<f64>> {
        self.each(points, |_, potential, _, out| out[0] = potential, 1)
    }

    /// The images of new points: means of the targets under the weights of the soft minimum.
    ///
    /// # Errors
    /// As [`EntropicMap::potentials`].
    pub fn images(&self, points: &Points) -> Result<Points> {
        let images = |_: usize, _: f64, weights: &[f64], out: &mut [f64]| {
            // Around the first target, so that a far offset costs no digits.
            let origin = self.targets.point(0);
            for (weight, y) in weights.iter().zip(self.targets.iter()).filter(|(weight, _)| **weight > 0.0) {
                for (k, out) in out.iter_mut().enumerate() {
                    *out += weight * (y[k] - origin[k]);
                }
            }
            out.iter_mut().zip(origin).for_each(|(out, origin)| *out += origin);
        };
        Points::from_rows(self.each(points, images, self.targets.dim())?, self.targets.dim())
    }

    /// The gradient of the potential at new points, Σ_j w_j(x) ∂c(x, y_j)/∂x, row by row.
    pub(super) fn slopes(&self, points: &Points) -> Result<Vec<f64>> {
        let form = self.ground.form();
        let slopes = |i: usize, _: f64, weights: &[f64], out: &mut [f64]| {
            let mut slope = vec![0.0; out.len()];
            for (weight, y) in weights.iter().zip(self.targets.iter()).filter(|(weight, _)| **weight > 0.0) {
                slope_at(form, points.point(i), y, &mut slope);
                out.iter_mut().zip(&slope).for_each(|(out, slope)| *out += weight * slope);
            }
        };
        self.each(points, slopes, self.targets.dim())
    }

    /// Calls `write` with each point, its potential and its weights; `width` numbers for each point.
    fn each(
        &self,
        points: &Points,
        write: impl Fn(usize, f64, &[f64], &mut [f64]) + Sync,
        width: usize,
    ) -> Result<Vec<f64>> {
        let cost = PointCost::shared(points, &self.targets, Arc::clone(&self.ground))
            .map_err(|error| error.about("points"))?;
        let m = self.targets.len();
        let mut out = vec![0.0; points.len() * width];
        parallel::chunks_mut(&mut out, BATCH * width, |batch, out| {
            let mut row = vec![0.0; m];
            for (at, out) in out.chunks_exact_mut(width).enumerate() {
                let i = batch * BATCH + at;
                cost.fill(i..i + 1, 0..m, &mut row);
                row.iter_mut().zip(&self.lifts).for_each(|(c, lift)| *c = lift - *c / self.epsilon);
                let top = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
                row.iter_mut().for_each(|v| *v = (*v - top).exp());
                let total: f64 = row.iter().sum();
                row.iter_mut().for_each(|v| *v /= total);
                write(i, -self.epsilon * (top + total.ln()), &row, out);
            }
        });
        Ok(out)
    }
}

/// Σ_j P_ij ∂c(xᵢ, yⱼ)/∂xᵢ of the plan of a solution, by rows of the source points (or the target points).
pub(super) fn point_gradient(problem: &Problem, solution: &SinkhornSolution, source: bool) -> Result<Vec<f64>> {
    let points = differentiable(problem)?;
    let (map, points, masses) = if source {
        (EntropicMap::new(problem, solution)?, points.source(), problem.source())
    } else {
        (EntropicMap::reversed(problem, solution)?, points.target(), problem.target())
    };
    let mut slopes = map.slopes(points)?;
    for (slope, mass) in slopes.chunks_exact_mut(points.dim()).zip(masses.as_slice()) {
        slope.iter_mut().for_each(|v| *v *= mass);
    }
    Ok(slopes)
}
