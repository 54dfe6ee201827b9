//! The Sinkhorn divergence: entropic transport without its bias.

use std::sync::Arc;
use std::time::Instant;

use ndarray::Array2;

use super::map::point_gradient;
use super::{Epsilon, Reference, Sinkhorn, SinkhornSolution};
use crate::cost::{GroundCost, SquaredEuclidean};
use crate::error::Result;
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::measure::Samples;
use crate::transport::{Gradient, Problem};

/// S_ε(x, y) = OT_ε(x, y) − ½ OT_ε(x, x) − ½ OT_ε(y, y), where OT_ε is the regularised value *with* its entropy.
///
/// The totals of x and y must be equal. Which [`Reference`](super::Reference) the entropies have does not matter then: it cancels. Only
/// the three solutions of [`Divergence`] differ.
///
/// Not negative, 0 exactly for equal measures, and convex in each argument, for the squared and the plain Euclidean cost
/// (Feydy, Séjourné, Vialard, Amari, Trouvé, Peyré, "Interpolating between optimal transport and MMD using Sinkhorn
/// divergences", 2019, theorem 1). Between the transport cost (ε → 0) and half the squared kernel distance with kernel −c (ε → ∞).
///
/// Three entropic solves: see [`Sinkhorn`].
///
/// ```
/// use earthwork::entropic::SinkhornDivergence;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])?;
/// let y = Samples::new([[3.0, 4.0], [4.0, 4.0], [3.0, 6.0]])?;
/// let divergence = SinkhornDivergence::relative(0.1);
/// assert_eq!(divergence.between(&x, &x)?.value, 0.0);
/// // For a translation it is the squared length, whatever ε is.
/// assert!((divergence.between(&x, &y)?.value - 25.0).abs() < 1e-5);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct SinkhornDivergence {
    /// How each of the three problems is solved. An ε relative to the mean cost is relative to that between x and y.
    pub solver: Sinkhorn,
    /// The ground cost.
    pub ground: Arc<dyn GroundCost>,
}

/// The three solves behind a divergence.
#[derive(Clone)]
#[non_exhaustive]
pub struct Divergence {
    /// S_ε. Rounding may leave a value as small as −(bounds) where the truth is 0.
    pub value: f64,
    /// Proven bounds on S_ε for this ε.
    pub lower: f64,
    /// The upper one.
    pub upper: f64,
    /// Between x and y.
    pub cross: SinkhornSolution,
    /// Between x and x.
    pub source: SinkhornSolution,
    /// Between y and y.
    pub target: SinkhornSolution,
    samples: [Samples; 2],
    ground: Arc<dyn GroundCost>,
}

impl SinkhornDivergence {
    /// With ε in units of the squared Euclidean cost.
    pub fn new(epsilon: f64) -> Self {
        Self::with_solver(Sinkhorn::new(epsilon))
    }

    /// With ε as a multiple of the mean squared distance between x and y.
    pub fn relative(factor: f64) -> Self {
        Self::with_solver(Sinkhorn::relative(factor))
    }

    /// With a solver of your own options, such as its tolerance.
    pub fn with_solver(solver: Sinkhorn) -> Self {
        Self { solver: solver.without_certificate(), ground: Arc::new(SquaredEuclidean) }
    }

    /// Sets the ground cost.
    #[must_use]
    pub fn with_cost(self, ground: impl GroundCost + 'static) -> Self {
        Self { ground: Arc::new(ground), ..self }
    }

    /// Solves the three problems.
    ///
    /// # Errors
    /// As [`Sinkhorn::solve`] and [`Problem::between`].
    pub fn solve(&self, x: &Samples, y: &Samples) -> Result<Divergence> {
        let problem = |x, y| Problem::between_shared(x, y, Arc::clone(&self.ground));
        let cross = problem(x, y)?;
        let epsilon = self.solver.epsilon.of(&cross)?;
        let (reference, mass) = (self.solver.reference, cross.mass());
        // The reference cancels, and so it does not cost digits.
        let epsilon = Epsilon::Absolute(epsilon);
        let solver = Sinkhorn { epsilon, reference: Reference::Normalised, ..self.solver.clone() };
        // Three solves share the time; what one leaves over, the next may use.
        let start = Instant::now();
        let share = |solves: u32| {
            let mut solver = solver.clone();
            let time = &mut solver.interrupt.time;
            *time = time.map(|limit| limit.saturating_sub(start.elapsed()) / solves);
            solver
        };
        let cross = share(3).solve(&cross)?;
        let source = share(2).solve(&problem(x, x)?)?;
        let target = share(1).solve(&problem(y, y)?)?;
        let lower = cross.value - 0.5 * (source.value_upper + target.value_upper);
        let upper = cross.value_upper - 0.5 * (source.value + target.value);
        let value = cross.value - 0.5 * (source.value + target.value);
        let [cross, source, target] = [cross, source, target].map(|solution| solution.under(reference, mass));
        let (samples, ground) = ([x.clone(), y.clone()], Arc::clone(&self.ground));
        Ok(Divergence { value, lower, upper, cross, source, target, samples, ground })
    }
}

impl Divergence {
    /// Whether all three solves converged.
    pub fn converged(&self) -> bool {
        [&self.cross, &self.source, &self.target].iter().all(|solution| solution.status.is_success())
    }

    /// The gradient of S_ε by points and by masses: by points Σ_j P_ij ∂c(xᵢ, yⱼ) − Σ_k Q_ik ∂c(xᵢ, xₖ) with Q the plan between x
    /// and itself; by masses the difference of the two potentials.
    ///
    /// # Errors
    /// When the cost is not a power of a p-norm.
    ///
    /// # Panics
    /// Never: the problems were solved before.
    pub fn gradient(&self) -> Result<Gradient> {
        let [x, y] = &self.samples;
        let problem = |x, y| Problem::between_shared(x, y, Arc::clone(&self.ground));
        let (cross, source, target) = (problem(x, y)?, problem(x, x)?, problem(y, y)?);
        let points = |samples: &Samples, cross: Vec<f64>, own: Vec<f64>| {
            let difference = cross.iter().zip(&own).map(|(cross, own)| cross - own).collect();
            Array2::from_shape_vec((samples.len(), samples.dim()), difference).expect("a row for each point")
        };
        let masses = |cross: &[f64], own: &SinkhornSolution| -> Vec<f64> {
            // Either half of the potentials between a sample and itself: their mean is free of a gauge.
            let own = own.potentials.f.iter().zip(&own.potentials.g).map(|(f, g)| 0.5 * (f + g));
            cross.iter().zip(own).map(|(cross, own)| cross - own).collect()
        };
        Ok(Gradient {
            source_points: points(
                x,
                point_gradient(&cross, &self.cross, true)?,
                point_gradient(&source, &self.source, true)?,
            ),
            target_points: points(
                y,
                point_gradient(&cross, &self.cross, false)?,
                point_gradient(&target, &self.target, false)?,
            ),
            source_masses: masses(&self.cross.potentials.f, &self.source),
            target_masses: masses(&self.cross.potentials.g, &self.target),
        })
    }
}

impl Discrepancy for SinkhornDivergence {
    fn name(&self) -> String {
        match self.solver.epsilon {
            Epsilon::Absolute(epsilon) => format!("Sinkhorn divergence (ε = {epsilon})"),
            Epsilon::Relative(factor) => format!("Sinkhorn divergence (ε = {factor} of the mean cost)"),
        }
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let found = self.solve(x, y)?;
        let evidence = Evidence::Bounds { lower: found.lower, upper: found.upper };
        let estimate = Estimate::new(found.value, evidence, "sinkhorn divergence", (x.len(), y.len()));
        Ok(if found.converged() { estimate } else { estimate.with_note(Note::NotConverged) })
    }

    crate::estimate::distance!(|d| 1.0);
}
