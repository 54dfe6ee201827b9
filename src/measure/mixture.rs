//! Mixtures of Gaussians.

use rand::RngExt;

use crate::error::{Error, ErrorKind, Result};
use crate::measure::{Gaussian, Points, Samples, Weights};
use crate::numeric::random::stream;

/// A mixture Σ wₖ N(μₖ, Σₖ) of Gaussians of one dimension.
///
/// ```
/// use earthwork::measure::{Gaussian, Mixture};
/// use ndarray::array;
///
/// let narrow = array![[0.01, 0.0], [0.0, 0.01]];
/// let left = Gaussian::new([-1.0, 0.0], narrow.view())?;
/// let right = Gaussian::new([1.0, 0.0], narrow.view())?;
/// let mixture = Mixture::new(vec![left, right], [1.0, 3.0])?;
/// assert_eq!(mixture.sample(500, 1)?.len(), 500);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    components: Vec<Gaussian>,
    weights: Weights,
}

impl Mixture {
    /// A mixture with the given weights (of any total; only proportions matter, since a density integrates to 1).
    ///
    /// # Errors
    /// When there are no components, their dimensions differ, the number of weights differs from theirs, or a weight is
    /// negative, NaN or infinite.
    pub fn new(components: Vec<Gaussian>, weights: impl Into<Vec<f64>>) -> Result<Self> {
        let Some(first) = components.first() else {
            return Err(Error::new("components", ErrorKind::Empty("component")));
        };
        if let Some(other) = components.iter().find(|c| c.dim() != first.dim()) {
            let kind = ErrorKind::Dimension { expected: first.dim(), found: other.dim() };
            return Err(Error::new("components", kind));
        }
        let weights = Weights::new(weights.into())?.normalised();
        if weights.len() != components.len() {
            let (expected, found) = (components.len(), weights.len());
            let kind = ErrorKind::Length { what: "weights", expected, found, reason: "one for each component" };
            return Err(Error::new("weights", kind));
        }
        Ok(Self { components, weights })
    }

    /// Dimension d.
    pub fn dim(&self) -> usize {
        self.components[0].dim()
    }

    /// The components.
    pub fn components(&self) -> &[Gaussian] {
        &self.components
    }

    /// Their weights, with total 1.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// `n` independent draws with uniform weights; the same seed gives the same points.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn sample(&self, n: usize, seed: u64) -> Result<Samples> {
        let mut generator = stream(seed, 0);
        let mut coordinates = Vec::with_capacity(n * self.dim());
        for _ in 0..n {
            let mut level: f64 = generator.random();
            let last = self.components.len() - 1;
            let chosen = self.weights.as_slice()[..last].iter().position(|w| {
                level -= w;
                level < 0.0
            });
            self.components[chosen.unwrap_or(last)].draw(&mut generator, &mut coordinates);
        }
        Samples::new(Points::from_rows(coordinates, self.dim())?)
    }

    /// log of the density at `x` (length d), in nats.
    ///
    /// # Panics
    /// When `x` does not have length d.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let terms: Vec<f64> = self
            .components
            .iter()
            .zip(self.weights.as_slice())
            .map(|(component, weight)| weight.ln() + component.log_density(x))
            .collect();
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return largest;
        }
        largest + terms.iter().map(|t| (t - largest).exp()).sum::<f64>().ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn two_bumps() -> Mixture {
        let bump = |at: f64| Gaussian::new([at], array![[0.04]].view()).unwrap();
        Mixture::new(vec![bump(-1.0), bump(2.0)], [1.0, 3.0]).unwrap()
    }

    #[test]
    fn the_density_integrates_to_one() {
        let mixture = two_bumps();
        let step = 1e-3;
        let total: f64 = (-4000..5000).map(|k| mixture.log_density(&[f64::from(k) * step]).exp() * step).sum();
        // The integrand is smooth and decays to 1e-40 at both ends, so the trapezoidal rule is exact to rounding.
        assert!((total - 1.0).abs() < 1e-10, "{total}");
    }

    #[test]
    fn components_are_drawn_in_proportion() {
        let samples = two_bumps().sample(20_000, 3).unwrap();
        let right = samples.points().iter().filter(|x| x[0] > 0.5).count() as f64 / 20_000.0;
        // Five standard errors of a share of 3/4.
        assert!((right - 0.75).abs() < 5.0 * (0.75_f64 * 0.25 / 20_000.0).sqrt(), "{right}");
    }

    #[test]
    fn far_points_have_a_finite_log_density_and_wrong_parts_are_refused() {
        assert!(two_bumps().log_density(&[1e6]).is_finite());
        assert!(Mixture::new(Vec::new(), [1.0]).is_err());
        let unequal = vec![Gaussian::standard(1).unwrap(), Gaussian::standard(2).unwrap()];
        assert!(Mixture::new(unequal, [1.0, 1.0]).unwrap_err().to_string().contains("dimension 2"));
    }
}
