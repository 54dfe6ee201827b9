//! Wasserstein distances by entropic transport.

use crate::error::Result;
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::measure::Samples;
use crate::transport::Root;

use super::{Epsilon, Sinkhorn};

/// The Wasserstein distance of order p by entropic transport: (⟨C, P⟩)^(1/p) for the plan P at ε, with proven bounds on the *exact*
/// distance.
///
/// The number is too large by what ε blurs, also between a sample and itself, where it is not 0: see
/// [`SinkhornDivergence`](super::SinkhornDivergence) for a loss, and [`Wasserstein`](crate::exact::Wasserstein) for the distance itself.
///
/// ```
/// use earthwork::entropic::EntropicWasserstein;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])?;
/// let y = Samples::new([[3.0, 4.0], [4.0, 4.0], [3.0, 6.0]])?;
/// let w2 = EntropicWasserstein::relative(2.0, 1e-3).between(&x, &y)?;
/// assert!(w2.lower() <= 5.0 && 5.0 <= w2.upper() && w2.upper() - w2.lower() < 0.01);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EntropicWasserstein {
    /// The order p ≥ 1.
    pub p: f64,
    /// How the problem is solved. Potentials to start from are in the unit of [`Root::pose`].
    pub solver: Sinkhorn,
}

impl EntropicWasserstein {
    /// With ε in units of |x − y|^p.
    pub fn new(p: f64, epsilon: f64) -> Self {
        Self { p, solver: Sinkhorn::new(epsilon) }
    }

    /// With ε as a multiple of the mean cost.
    pub fn relative(p: f64, factor: f64) -> Self {
        Self { p, solver: Sinkhorn::relative(factor) }
    }
}

impl Discrepancy for EntropicWasserstein {
    fn name(&self) -> String {
        let p = self.p;
        match self.solver.epsilon {
            Epsilon::Absolute(epsilon) => format!("W{p} (Sinkhorn, ε = {epsilon})"),
            Epsilon::Relative(factor) => format!("W{p} (Sinkhorn, ε = {factor} of the mean cost)"),
        }
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let (problem, root) = Root::pose(x, y, self.p)?;
        let mut solver = self.solver.clone();
        if let Epsilon::Absolute(epsilon) = &mut solver.epsilon {
            *epsilon = root.cost_in_unit(*epsilon);
        }
        let found = solver.solve(&problem)?;
        let root = |cost: f64| root.of(cost.max(0.0));
        let (lower, upper) = found.bounds.map_or((0.0, f64::INFINITY), |bounds| (bounds.lower, bounds.upper));
        // The plan at ε meets its marginals to the tolerance only, so that its cost may leave the bounds by as much.
        let value = root(found.transport_cost.clamp(lower, upper));
        let evidence = Evidence::Bounds { lower: root(lower), upper: root(upper) };
        let estimate = Estimate::new(value, evidence, "sinkhorn", (x.len(), y.len()));
        Ok(if found.status.is_success() { estimate } else { estimate.with_note(Note::NotConverged) })
    }

    fn range(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::wasserstein;
    use crate::testing::{Family, Weighting};

    #[test]
    fn the_bounds_hold_the_exact_distance() {
        for family in Family::ALL {
            let ((x, y), (a, b)) = (family.pair(30, 20, 2, 1), Weighting::Random.pair(30, 20, 1));
            let (x, y) = (Samples::with_weights(x, a).unwrap(), Samples::with_weights(y, b).unwrap());
            for p in [1.0, 2.0, 3.0] {
                let found = EntropicWasserstein::relative(p, 1e-2).between(&x, &y).unwrap();
                let exact = wasserstein(&x, &y, p).unwrap();
                let rounding = 1e-12 * exact.value;
                assert!(found.lower() <= found.value && found.value <= found.upper(), "{family:?}: {found}");
                assert!(
                    found.lower() <= exact.upper() + rounding && exact.lower() <= found.upper() + rounding,
                    "{family:?}: {found}"
                );
            }
        }
    }
}
