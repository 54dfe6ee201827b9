//! The classifier two-sample test.

use crate::divergence::Features;
use crate::divergence::cross_fit::halves;
use crate::divergence::sides::Sides;
use crate::error::Result;
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::measure::Samples;
use crate::numeric::normal::normal_cdf;

/// The balanced accuracy of a logistic regression in telling real from fake points that it has not seen: fitted to one half of
/// either sample, judged on the other.
///
/// ½ where P = Q; 2 · accuracy − 1 is at most the total variation of P and Q, on average. With quadratic features it sees what
/// means and covariances differ in, and is blind to the rest.
///
/// # Complexity
/// O(steps · (n + m) F²) with F features, about d² / 2.
///
/// # References
/// Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
///
/// # Example
/// ```
/// use earthwork::metrics::ClassifierTest;
/// use earthwork::prelude::*;
///
/// let x = Gaussian::standard(2)?.sample(300, 1)?;
/// let y = Samples::new(x.points().view().mapv(|v| v + 1.0))?;
/// let test = ClassifierTest::default();
/// let accuracy = test.between(&x, &y)?;
/// assert!(accuracy.value > 0.7 && test.p_value(&accuracy) < 1e-6);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassifierTest {
    /// What the log ratio is made of; quadratic by default.
    pub features: Features,
    /// Seed of the halves; 0 by default.
    pub seed: u64,
}

impl Default for ClassifierTest {
    fn default() -> Self {
        Self { features: Features::Quadratic, seed: 0 }
    }
}

impl ClassifierTest {
    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The probability, were P = Q, of an accuracy at least this high: that of N(½, (1/n + 1/m) / 16) for n and m judged points.
    pub fn p_value(&self, accuracy: &Estimate) -> f64 {
        let judged = |points: usize| points.div_ceil(2) as f64;
        let error = 0.25 * (1.0 / judged(accuracy.sizes.0) + 1.0 / judged(accuracy.sizes.1)).sqrt();
        1.0 - normal_cdf((accuracy.value - 0.5) / error)
    }
}

impl Discrepancy for ClassifierTest {
    fn name(&self) -> String {
        "C2ST accuracy".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let sides = Sides::new(x, y, 4)?;
        let (at_x, at_y, converged) = halves(&sides, self.features, self.seed);
        let right = |ratios: &[f64], sign: f64| {
            // Halves, so that the sum is exact; a ratio of 0 decides nothing.
            let verdict = |t: &f64| if *t == 0.0 { 1.0 } else { 1.0 + (sign * t).signum() };
            super::share(0.5 * ratios.iter().map(verdict).sum::<f64>(), ratios.len() as f64)
        };
        let ((real, real_error), (fake, fake_error)) = (right(&at_x, 1.0), right(&at_y, -1.0));
        let evidence = Evidence::StandardError(0.5 * real_error.hypot(fake_error));
        let method = "logistic regression, held-out half";
        let estimate = Estimate::new(0.5 * (real + fake), evidence, method, sides.sizes()).with_seed(self.seed);
        Ok(if converged { estimate } else { estimate.with_note(Note::NotConverged) })
    }
}
