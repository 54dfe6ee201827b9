//! Barycenters of S_ε with a free support.

use super::SinkhornDivergence;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::{Points, Samples, Weights};

/// A barycenter of samples under the Sinkhorn divergence, with a free support.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SoftBarycenter {
    /// The barycenter: the masses of the start, at the places that were found.
    pub samples: Samples,
    /// Σ_k w_k S_ε(barycenter, sample k), after each step; it never rises.
    pub values: Vec<f64>,
    /// Whether a last step gained nothing.
    pub converged: bool,
}

impl SinkhornDivergence {
    /// A local minimum of Σ_k w_k S_ε(b, sample k) over the places of the points of `start`, whose masses stay: steps
    /// along the gradient, for the squared cost to where the entropic maps send each point, and half of that where it does not
    /// gain. At most `steps` steps. Relative ε are taken for each pair; give an absolute one for one objective.
    ///
    /// # Errors
    /// When there are no samples, the shares do not fit, dimensions or totals differ, or as [`SinkhornDivergence::solve`] and
    /// [`Divergence::gradient`](super::Divergence::gradient).
    pub fn barycenter(
        &self,
        samples: &[Samples],
        shares: &[f64],
        start: &Samples,
        steps: usize,
    ) -> Result<SoftBarycenter> {
        if samples.is_empty() {
            return Err(Error::new("samples", ErrorKind::Empty("sample")));
        }
        let shares = Weights::shares(shares, samples.len(), "one for each sample")?;
        let at = |places: &Samples| -> Result<(f64, Vec<f64>)> {
            let (mut value, mut slope) = (0.0, vec![0.0; places.points().as_slice().len()]);
            for (sample, share) in samples.iter().zip(shares.as_slice()).filter(|(_, share)| **share > 0.0) {
                let found = self.solve(places, sample)?;
                value += share * found.value;
                let gradient = found.gradient()?.source_points;
                slope.iter_mut().zip(&gradient).for_each(|(s, g)| *s += share * g);
            }
            Ok((value, slope))
        };
        let (mut here, mut converged, mut length) = (start.clone(), false, 1.0);
        let (value, mut slope) = at(&here)?;
        let mut values = vec![value];
        while values.len() <= steps && !converged {
            // For the squared cost the gradient is 2 a (x − T(x) + …): a step of ½ goes to the image.
            let dim = here.dim();
            let step = |k: usize| {
                let mass = here.weights().as_slice()[k / dim];
                if mass > 0.0 { -0.5 * length * slope[k] / mass } else { 0.0 }
            };
            let places: Vec<f64> = here.points().as_slice().iter().enumerate().map(|(k, x)| x + step(k)).collect();
            let next = Samples::with_weights(Points::from_rows(places, dim)?, here.weights().clone())?;
            let (value, next_slope) = at(&next)?;
            let last = values[values.len() - 1];
            if value < last {
                converged = last - value <= 1e-9 * value.abs();
                (here, slope) = (next, next_slope);
                values.push(value);
            } else {
                length *= 0.5;
                converged = length < 1e-3;
            }
        }
        Ok(SoftBarycenter { samples: here, values, converged })
    }
}
