//! Masses: finite, at least zero, with a positive total that is remembered.

use std::iter::repeat_n;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::sum::sum;

/// How far two total masses may differ, relative to the larger.
const MASS_TOLERANCE: f64 = 1e-9;

/// The masses of `n` points or bins, and their total. Cloning is cheap: the numbers are shared.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    masses: Arc<[f64]>,
    total: f64,
    uniform: bool,
}

impl Weights {
    /// Mass 1/n on each of `n` points.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn uniform(n: usize) -> Result<Self> {
        if n == 0 {
            return Err(Error::new("weights", ErrorKind::Empty("weight")));
        }
        Ok(Self { masses: repeat_n(1.0 / n as f64, n).collect(), total: 1.0, uniform: true })
    }

    /// The given masses, of any total.
    ///
    /// # Errors
    /// When there are none, one is negative, NaN or infinite, or their sum is zero or overflows.
    pub fn new(masses: impl Into<Arc<[f64]>>) -> Result<Self> {
        let masses = masses.into();
        let wrong = |kind| Err(Error::new("weights", kind));
        if masses.is_empty() {
            return wrong(ErrorKind::Empty("weight"));
        }
        if let Some((index, &value)) = masses.iter().enumerate().find(|(_, w)| !(w.is_finite() && **w >= 0.0)) {
            return wrong(ErrorKind::Weight { index, value });
        }
        let total = sum(masses.iter().copied());
        if total == 0.0 {
            return wrong(ErrorKind::NoMass { count: masses.len() });
        }
        if !total.is_finite() {
            return wrong(ErrorKind::MassOverflow { count: masses.len() });
        }
        let uniform = masses.iter().all(|&w| w == masses[0]);
        Ok(Self { masses, total, uniform })
    }

    /// How much each of `count` things counts, as parts of 1; `reason` says what the things are.
    pub(crate) fn shares(shares: &[f64], count: usize, reason: &'static str) -> Result<Self> {
        if shares.len() != count {
            let kind = ErrorKind::Length { what: "shares", expected: count, found: shares.len(), reason };
            return Err(Error::new("shares", kind));
        }
        Ok(Self::new(shares).map_err(|error| error.about("shares"))?.normalised())
    }

    /// Refuses masses whose total differs from this one by more than 1e-9 of the larger.
    pub(crate) fn require_equal_total(&self, other: &Self) -> Result<()> {
        let (a, b) = (self.total, other.total);
        if (a - b).abs() <= MASS_TOLERANCE * a.max(b) {
            return Ok(());
        }
        Err(Error::new("weights", ErrorKind::MassMismatch { source_mass: a, target_mass: b }))
    }

    /// The masses, one for each point.
    pub fn as_slice(&self) -> &[f64] {
        &self.masses
    }

    /// Their sum (compensated).
    pub fn total(&self) -> f64 {
        self.total
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.masses.len()
    }

    /// Whether all are equal.
    pub fn is_uniform(&self) -> bool {
        self.uniform
    }

    /// Divides the masses by their sum.
    #[must_use]
    pub fn normalised(&self) -> Self {
        if self.total == 1.0 {
            return self.clone();
        }
        // Divide by the largest first: a total below the normal range has no finite reciprocal.
        let largest = self.masses.iter().copied().fold(0.0, f64::max);
        let scaled: Vec<f64> = self.masses.iter().map(|w| w / largest).collect();
        let total = sum(scaled.iter().copied());
        let masses: Arc<[f64]> = scaled.iter().map(|w| w / total).collect();
        let total = sum(masses.iter().copied());
        Self { masses, total, uniform: self.uniform }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_weights_are_named() {
        let message = |masses: &[f64]| Weights::new(masses).unwrap_err().to_string();
        assert_eq!(message(&[]), "weights: it is empty; at least one weight is needed");
        assert_eq!(message(&[1.0, -0.5]), "weights: weight 1 is -0.5; weights must be finite and at least 0");
        assert_eq!(message(&[f64::NAN]), "weights: weight 0 is NaN; weights must be finite and at least 0");
        assert_eq!(message(&[0.0, 0.0]), "weights: the 2 weights sum to 0; some mass is needed");
        assert!(message(&[f64::MAX, f64::MAX]).contains("more than a 64-bit float"));
    }

    #[test]
    fn the_total_is_remembered_until_normalised_is_called() {
        let weights = Weights::new([3.0, 1.0]).unwrap();
        assert_eq!(weights.total(), 4.0);
        assert_eq!(weights.normalised().as_slice(), [0.75, 0.25]);
    }

    #[test]
    fn tiny_and_huge_masses_normalise() {
        for scale in [1e-310, 1e-12, 1e12, 1e300] {
            let weights = Weights::new([3.0 * scale, scale]).unwrap().normalised();
            assert!((weights.as_slice()[0] - 0.75).abs() < 1e-9, "{scale}: {weights:?}");
        }
    }
}
