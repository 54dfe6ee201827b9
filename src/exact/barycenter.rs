//! Barycenters with a free support: points that move to where several samples would send them.

use super::solve;
use crate::cost::SquaredEuclidean;
use crate::error::{Error, ErrorKind, Result};
use crate::measure::{Points, Samples, Weights};
use crate::transport::Problem;

/// A barycenter of samples with a free support.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FreeBarycenter {
    /// The barycenter: the masses of the start, at the places that were found.
    pub samples: Samples,
    /// Σ_k w_k W₂²(barycenter, sample k), after each step; it never rises.
    pub values: Vec<f64>,
    /// Whether a last step moved nothing: the places are a fixed point.
    pub converged: bool,
}

/// A local minimum of Σ_k w_k W₂²(b, sample k) over the places of the points of `start`, whose masses stay: each step
/// solves the exact problem to every sample and moves each point to the mean of where its mass goes (Cuturi & Doucet, "Fast
/// computation of Wasserstein barycenters", 2014, §4.4; Álvarez-Esteban et al., "A fixed-point approach to barycenters in
/// Wasserstein space", 2016). At most `steps` steps of one exact solve for each sample. `shares` weigh the samples (≥ 0, of any
/// total).
///
/// # Errors
/// When there are no samples, the shares do not fit, or dimensions or total masses differ.
///
/// ```
/// use earthwork::exact::barycenter;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0], [1.0, 0.0]])?;
/// let y = Samples::new([[4.0, 2.0], [5.0, 2.0]])?;
/// let found = barycenter(&[x.clone(), y], &[0.5, 0.5], &x, 10)?;
/// assert_eq!(found.samples.points().as_slice(), [2.0, 1.0, 3.0, 1.0]);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn barycenter(samples: &[Samples], shares: &[f64], start: &Samples, steps: usize) -> Result<FreeBarycenter> {
    if samples.is_empty() {
        return Err(Error::new("samples", ErrorKind::Empty("sample")));
    }
    let shares = Weights::shares(shares, samples.len(), "one for each sample")?;
    let (mut here, mut values, mut converged) = (start.clone(), Vec::new(), false);
    for _ in 0..=steps {
        let (value, next) = step(samples, shares.as_slice(), &here)?;
        let stays = values.last().is_some_and(|last| value >= last * (1.0 - 1e-12)) || next == here;
        values.push(value);
        if stays {
            converged = true;
            break;
        }
        if values.len() <= steps {
            here = next;
        }
    }
    Ok(FreeBarycenter { samples: here, values, converged })
}

/// The value at `here`, and where its points would go.
fn step(samples: &[Samples], shares: &[f64], here: &Samples) -> Result<(f64, Samples)> {
    let (n, dim) = (here.len(), here.dim());
    let (mut value, mut shift) = (0.0, vec![0.0; n * dim]);
    for (sample, share) in samples.iter().zip(shares).filter(|(_, share)| **share > 0.0) {
        let solution = solve(&Problem::between(here, sample, SquaredEuclidean)?)?;
        value += share * solution.transport_cost;
        for flow in solution.plan.flows() {
            let part = share * flow.mass / here.weights().as_slice()[flow.source];
            for k in 0..dim {
                shift[flow.source * dim + k] += part * (sample.point(flow.target)[k] - here.point(flow.source)[k]);
            }
        }
    }
    let places: Vec<f64> = here.points().as_slice().iter().zip(&shift).map(|(x, s)| x + s).collect();
    Ok((value, Samples::with_weights(Points::from_rows(places, dim)?, here.weights().clone())?))
}
