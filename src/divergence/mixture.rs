//! Divergences between mixtures of Gaussians: quadrature on a line, Monte Carlo elsewhere.

use super::kind::{Base, Divergence};
use super::quadrature::{breaks, integrate};
use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::estimate::{Estimate, Evidence, Randomness};
use crate::measure::{Mixture, Samples};
use crate::numeric::parallel;
use crate::numeric::sum::mean_and_variance;

/// Draws of a Monte Carlo mean.
pub(super) const DRAWS: usize = 1 << 17;

impl Divergence {
    /// The divergence between two mixtures of Gaussians, by quadrature on a line and by Monte Carlo elsewhere.
    ///
    /// - **d = 1**: adaptive Gauss-Kronrod quadrature, to about 1e-12 of the integral; the evidence is the interval that the
    ///   error estimate of the rule gives. Infinite where the integrand grows beyond all bounds. `draws` and `seed` are not used.
    /// - **d ≥ 2**: the mean of q f(p / q) / ((p + q) / 2) over `draws` points, half from P and half from Q, with its standard
    ///   error. The balanced mixture keeps the weights bounded: for JS, TV and Hellinger the error is at most 1 / √draws; for χ² and
    ///   orders above 1 it is as large as their ratios say. O(draws · components · d²), parallel, same seed same bits.
    ///
    /// ```
    /// use earthwork::divergence::Divergence;
    /// use earthwork::prelude::*;
    ///
    /// let bump = |at: f64| Gaussian::new([at], ndarray::array![[1.0]].view());
    /// let p = Mixture::new(vec![bump(-2.0)?, bump(2.0)?], [1.0, 1.0])?;
    /// let q = Mixture::new(vec![bump(0.0)?], [1.0])?;
    /// let tv = Divergence::TotalVariation.between_mixtures(&p, &q, 0, 0)?;
    /// assert!(tv.lower() <= tv.value && tv.value <= tv.upper() && tv.upper() - tv.lower() < 1e-10);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// When the dimensions differ, the order is out of its range, or fewer than 4 draws are asked for where they are needed; for the
    /// Rényi divergence of order ∞.
    pub fn between_mixtures(self, p: &Mixture, q: &Mixture, draws: usize, seed: u64) -> Result<Estimate> {
        self.check()?;
        require_dimension("q", q.dim(), p.dim())?;
        let Some((base, swapped)) = self.base() else {
            let why = "the supremum of p / q is not an integral; choose a finite order";
            return Err(Error::new("divergence", ErrorKind::Unsupported(why.into())));
        };
        let (p, q) = if swapped { (q, p) } else { (p, q) };
        if p.dim() == 1 {
            let bells: Vec<(f64, f64)> = p
                .components()
                .iter()
                .chain(q.components())
                .map(|bell| (bell.mean()[0], bell.covariance()[[0, 0]].sqrt()))
                .collect();
            let (value, error) =
                integrate(|x| base.term_of_logs(p.log_density(&[x]), q.log_density(&[x])), &breaks(&bells));
            return Ok(self.of_quadrature(value, error));
        }
        drawn(self, base, (p, q), draws, seed)
    }
}

/// The Monte Carlo mean over the balanced mixture, and its standard error.
pub(super) fn drawn(
    divergence: Divergence,
    base: Base,
    (p, q): (&Mixture, &Mixture),
    draws: usize,
    seed: u64,
) -> Result<Estimate> {
    require("draws", draws as f64, draws >= 4, "at least 4 draws are needed")?;
    let half = draws / 2;
    let terms = |samples: &Samples| -> Vec<f64> {
        let rows: Vec<&[f64]> = samples.points().iter().collect();
        let term = |x: &[f64]| {
            let (log_p, log_q) = (p.log_density(x), q.log_density(x));
            // In units of the larger density, which may itself be below the least double.
            let unit = log_p.max(log_q);
            let middle = 0.5 * ((log_p - unit).exp() + (log_q - unit).exp());
            base.term_of_logs(log_p - unit, log_q - unit) / middle
        };
        parallel::map(rows.len(), |k| term(rows[k]))
    };
    // Different streams for the two sides: equal ones would draw the same normals.
    let from_p = mean_and_variance(&terms(&p.sample(half, seed.wrapping_mul(2))?));
    let from_q = mean_and_variance(&terms(&q.sample(half, seed.wrapping_mul(2).wrapping_add(1))?));
    let value = 0.5 * (from_p.0 + from_q.0);
    let error = 0.5 * ((from_p.1 + from_q.1) / half as f64).sqrt();
    let evidence = Evidence::StandardError(divergence.carried(value, error));
    Ok(Estimate::new(divergence.finish(value).min(divergence.ceiling()), evidence, "Monte Carlo", (half, half))
        .with_randomness(Randomness::MonteCarlo)
        .with_seed(seed))
}
