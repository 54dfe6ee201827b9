//! The divergence between the Gaussians that fit two samples.

use ndarray::Array2;

use super::jackknife::jackknife;
use super::kind::{Base, Divergence};
use super::sides::{Sides, moments};
use super::structure::{self, Core, Inside};
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::{Discrepancy, Estimate, Evidence, Kind, Note};
use crate::measure::{Gaussian, Samples};

/// The closed form between the Gaussians that have the means and covariances of the two samples.
///
/// Right where both are Gaussian, and then the best there is; elsewhere it answers another question, whatever the number of
/// points. Even where it is right it is too large by about d (d + 3) / 4 · (1/n + 1/m) for KL (0.065 in ten dimensions with a
/// thousand points each), which is noted when it is beyond the standard error. The error is a jackknife over twenty groups of
/// each sample. O((n + m) d² + d³).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GaussianFit {
    /// What to compute between the two Gaussians.
    pub divergence: Divergence,
}

impl GaussianFit {
    /// Any divergence.
    pub fn new(divergence: Divergence) -> Self {
        Self { divergence }
    }
}

impl Discrepancy for GaussianFit {
    fn name(&self) -> String {
        format!("{} (Gaussian fit)", self.divergence)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.divergence.check()?;
        structure::estimate(x, y, self.divergence, self)
    }
}

impl Core for GaussianFit {
    fn method(&self) -> &'static str {
        "Gaussian fit"
    }

    fn least(&self) -> usize {
        3
    }

    fn splits(&self, base: Base) -> bool {
        matches!(base, Base::Power(_))
    }

    /// Moments are those of the numbers as they are.
    fn needs_densities(&self) -> bool {
        false
    }

    fn inside(&self, base: Base, sides: Sides) -> Result<Inside> {
        let found = Self::new(base.alone()).whole(sides)?;
        Ok(Inside { value: found.value, error: found.std_error().unwrap_or(f64::INFINITY), ..Inside::default() })
    }

    /// Of points that fill their dimensions.
    fn whole(&self, sides: Sides) -> Result<Estimate> {
        sides.require(sides.dim + 2)?;
        let (n, m) = sides.sizes();
        let d = sides.dim;
        let value = |x: &[f64], y: &[f64]| -> Result<f64> {
            let (p, q) = (fitted("x", x, d)?, fitted("y", y, d)?);
            Ok(self.divergence.between_gaussians(&p, &q)?.value)
        };
        let found = value(&sides.x, &sides.y)?;
        // A group may take away what keeps a covariance positive definite: then there is no error to state.
        let error = jackknife(&sides, value).ok().filter(|error| error.is_finite());
        let evidence = error.map_or(Evidence::Unstated, Evidence::StandardError);
        let estimate = Estimate::new(found, evidence, self.method(), (n, m));
        let bias = (d * (d + 3)) as f64 / 4.0 * (1.0 / n as f64 + 1.0 / m as f64);
        let noted =
            matches!(self.divergence, Divergence::Kl | Divergence::ReverseKl) && error.is_some_and(|e| bias > e);
        Ok(if noted { estimate.with_note(Note::Biased(Kind::UpperBound)) } else { estimate })
    }
}

fn fitted(side: &'static str, points: &[f64], dim: usize) -> Result<Gaussian> {
    let (mean, covariance) = moments(points, dim);
    let covariance = Array2::from_shape_fn((dim, dim), |ij| covariance[ij]);
    Gaussian::new(mean.as_slice(), covariance.view()).map_err(|_| {
        let why = "its points lie in a subspace, so that no Gaussian with a density fits them";
        Error::new(side, ErrorKind::Unsupported(why.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;

    #[test]
    fn the_bias_and_the_error_are_the_known_ones() {
        let (d, n) = (10, 400);
        let normal = Gaussian::standard(d).unwrap();
        let runs: Vec<Estimate> = (0..20)
            .map(|seed| {
                let (x, y) = (normal.sample(n, 2 * seed).unwrap(), normal.sample(n, 2 * seed + 1).unwrap());
                GaussianFit::new(Divergence::Kl).between(&x, &y).unwrap()
            })
            .collect();
        let mean = runs.iter().map(|e| e.value).sum::<f64>() / 20.0;
        // d (d + 3) / 4 · 2 / n to first order in 1/n.
        assert!((mean - 32.5 / 200.0).abs() < 0.02, "{mean}");
        assert!(runs.iter().all(|e| e.notes == [Note::Biased(Kind::UpperBound)]));
        let spread = (runs.iter().map(|e| (e.value - mean).powi(2)).sum::<f64>() / 19.0).sqrt();
        let stated = runs.iter().map(|e| e.std_error().unwrap()).sum::<f64>() / 20.0;
        assert!(stated > 0.6 * spread && stated < 2.0 * spread, "stated {stated}, found {spread}");
    }

    #[test]
    fn a_constant_column_changes_nothing() {
        let at = |i: i32| f64::from(i * 7919 % 83);
        let (x, y) = ((0..40).map(at).collect::<Vec<_>>(), (0..40).map(|i| at(i + 3) * 1.5 + 0.1).collect::<Vec<_>>());
        let beside = |v: &[f64]| Samples::new(v.iter().map(|&v| [v, 2.0]).collect::<Vec<_>>()).unwrap();
        let alone = |v: &[f64]| Samples::new(v.iter().map(|&v| [v]).collect::<Vec<_>>()).unwrap();
        let fit = GaussianFit::new(Divergence::Kl);
        let (found, right) =
            (fit.between(&beside(&x), &beside(&y)).unwrap(), fit.between(&alone(&x), &alone(&y)).unwrap());
        assert_eq!(found.value, right.value);
        let scaled = Samples::new((0..40).map(|i| [f64::from(i * 7919 % 83) * 1e-200]).collect::<Vec<_>>()).unwrap();
        assert_eq!(GaussianFit::new(Divergence::Kl).between(&scaled, &scaled).unwrap().value, 0.0);
    }
}
