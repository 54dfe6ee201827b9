//! Mixtures of Gaussians.

use rand::RngExt;

use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Gaussian, IntoPoints, Points, Samples, Weights};
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

    /// Round Gaussians of one standard deviation at the given centres, each with the same weight.
    ///
    /// # Errors
    /// When there are no centres, a coordinate is not finite, or `deviation` is not above 0.
    pub fn round(centres: impl IntoPoints, deviation: f64) -> Result<Self> {
        let centres = centres.into_points()?;
        let variance = deviation * deviation;
        let holds = deviation > 0.0 && variance > 0.0 && variance.is_finite();
        require("deviation", deviation, holds, "it must be above 0, and its square a number")?;
        let covariance = ndarray::Array2::from_diag_elem(centres.dim(), variance);
        let component = |centre: &[f64]| Gaussian::new(centre, covariance.view());
        Self::new(centres.iter().map(component).collect::<Result<_>>()?, vec![1.0; centres.len()])
    }

    /// The ring on which generative models are tried: `modes` round Gaussians at equal angles on a circle around 0 in the plane.
    ///
    /// Mode k is at radius · (cos 2πk / modes, sin 2πk / modes).
    ///
    /// # Errors
    /// When `modes` is 0, the radius is negative or not finite, or `deviation` is not above 0.
    ///
    /// ```
    /// use earthwork::measure::Mixture;
    ///
    /// let ring = Mixture::ring(8, 2.0, 0.02)?;
    /// assert_eq!((ring.components().len(), ring.components()[0].mean()), (8, &[2.0, 0.0][..]));
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn ring(modes: usize, radius: f64, deviation: f64) -> Result<Self> {
        require("radius", radius, radius >= 0.0 && radius.is_finite(), "it must be finite and at least 0")?;
        let angle = |k: usize| std::f64::consts::TAU * k as f64 / modes as f64;
        let centres: Vec<[f64; 2]> = (0..modes).map(|k| [radius * angle(k).cos(), radius * angle(k).sin()]).collect();
        Self::round(centres, deviation)
    }

    /// The grid on which generative models are tried: `side` by `side` round Gaussians in the plane, `spacing` apart, around 0.
    ///
    /// Row by row: mode `side · i + k` is at `spacing` · (k − (side − 1) / 2, i − (side − 1) / 2).
    ///
    /// # Errors
    /// When `side` is 0, the spacing is negative or not finite, or `deviation` is not above 0.
    ///
    /// ```
    /// use earthwork::measure::Mixture;
    ///
    /// // The 25 modes of PacGAN: {−4, −2, 0, 2, 4}², standard deviation 0.05.
    /// let grid = Mixture::grid(5, 2.0, 0.05)?;
    /// assert_eq!((grid.components().len(), grid.components()[0].mean()), (25, &[-4.0, -4.0][..]));
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn grid(side: usize, spacing: f64, deviation: f64) -> Result<Self> {
        require("spacing", spacing, spacing >= 0.0 && spacing.is_finite(), "it must be finite and at least 0")?;
        let at = |k: usize| spacing * (k as f64 - (side as f64 - 1.0) / 2.0);
        let centres: Vec<[f64; 2]> = (0..side * side).map(|k| [at(k % side), at(k / side)]).collect();
        Self::round(centres, deviation)
    }

    /// Sets the weights of the components.
    ///
    /// # Errors
    /// When the number of weights differs from theirs, or a weight is negative, NaN or infinite.
    pub fn with_weights(&self, weights: impl Into<Vec<f64>>) -> Result<Self> {
        Self::new(self.components.clone(), weights)
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
        Ok(self.sample_labelled(n, seed)?.0)
    }

    /// The draws of [`sample`](Self::sample), and the component from which each came.
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn sample_labelled(&self, n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
        let mut generator = stream(seed, 0);
        let mut coordinates = Vec::with_capacity(n * self.dim());
        let mut labels = Vec::with_capacity(n);
        for _ in 0..n {
            let mut level: f64 = generator.random();
            let last = self.components.len() - 1;
            let chosen = self.weights.as_slice()[..last].iter().position(|w| {
                level -= w;
                level < 0.0
            });
            labels.push(chosen.unwrap_or(last));
            self.components[chosen.unwrap_or(last)].draw(&mut generator, &mut coordinates);
        }
        Ok((Samples::new(Points::from_rows(coordinates, self.dim())?)?, labels))
    }

    /// log of the density at `x` (length d), in nats.
    ///
    /// # Panics
    /// When `x` does not have length d.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let terms = self.log_terms(x);
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return largest;
        }
        largest + terms.iter().map(|t| (t - largest).exp()).sum::<f64>().ln()
    }

    /// The probability, given a draw at `x` (length d), that it came from each component: what an ideal classifier of the modes
    /// says. Where all densities underflow, the logarithms still tell.
    ///
    /// # Panics
    /// When `x` does not have length d.
    pub fn posterior(&self, x: &[f64]) -> Vec<f64> {
        let terms = self.log_terms(x);
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return self.weights.as_slice().to_vec();
        }
        let shares: Vec<f64> = terms.iter().map(|t| (t - largest).exp()).collect();
        let total: f64 = shares.iter().sum();
        shares.iter().map(|share| share / total).collect()
    }

    /// ln of weight times density, component by component.
    fn log_terms(&self, x: &[f64]) -> Vec<f64> {
        let term = |(component, weight): (&Gaussian, &f64)| weight.ln() + component.log_density(x);
        self.components.iter().zip(self.weights.as_slice()).map(term).collect()
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
    fn rings_and_grids_are_where_they_should_be() {
        let ring = Mixture::ring(8, 1.0, 0.01).unwrap();
        for (k, component) in ring.components().iter().enumerate() {
            let angle = std::f64::consts::FRAC_PI_4 * k as f64;
            assert_eq!(component.mean(), [angle.cos(), angle.sin()]);
        }
        let grid = Mixture::grid(5, 2.0, 0.05).unwrap();
        assert_eq!(grid.components()[7].mean(), [0.0, -2.0]);
        let (samples, labels) = grid.sample_labelled(300, 4).unwrap();
        assert_eq!(samples, grid.sample(300, 4).unwrap());
        for (point, &label) in samples.points().iter().zip(&labels) {
            // 12 standard deviations from the next mode, half way between: the posterior is certain.
            assert!(grid.posterior(point)[label] > 1.0 - 1e-12);
        }
        for wrong in [Mixture::ring(0, 1.0, 0.1), Mixture::ring(8, -1.0, 0.1), Mixture::grid(2, 1.0, 0.0)] {
            assert!(wrong.is_err());
        }
    }

    #[test]
    fn posteriors_sum_to_one_everywhere() {
        for x in [-1e6, -1.0, 0.5, 1e6] {
            let shares = two_bumps().posterior(&[x]);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15 && shares.iter().all(|p| *p >= 0.0), "{x}");
        }
        // Half way the densities are equal, and the weights 1 : 3 decide.
        assert!((two_bumps().posterior(&[0.5])[1] - 0.75).abs() < 1e-12);
    }

    #[test]
    fn far_points_have_a_finite_log_density_and_wrong_parts_are_refused() {
        assert!(two_bumps().log_density(&[1e6]).is_finite());
        assert!(Mixture::new(Vec::new(), [1.0]).is_err());
        let unequal = vec![Gaussian::standard(1).unwrap(), Gaussian::standard(2).unwrap()];
        assert!(Mixture::new(unequal, [1.0, 1.0]).unwrap_err().to_string().contains("dimension 2"));
    }
}
