//! The kernel Inception distance.

use super::frechet::subset;
use crate::divergence::Mmd;
use crate::divergence::sides::draws;
use crate::error::{Result, require, require_dimension};
use crate::estimate::resample::Resampling;
use crate::estimate::{Discrepancy, Estimate, Evidence};
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::numeric::sum::sum;

/// The kernel Inception distance: unbiased MMD² with the kernel (⟨x, y⟩ / d + 1)³, as the mean over random subsets.
///
/// It is right on average at any size, so it may be negative where the samples are close. It depends on where 0 is and on the unit of
/// the points: bring features of your own to mean 0 and a common scale first. It sees the first three moments only.
///
/// Samples of at most `subset_size` points are taken whole, with the interval of [`Mmd`]. Else the standard error holds the
/// choice of the subsets and the sampling of the points, both from the spread of the subsets; torch-fidelity's
/// `kernel_inception_distance_std` is that spread itself, the standard deviation of [`Kid::subsets`].
///
/// # Complexity
/// O(subsets · size² d) time, parallel over subsets; O(n + m) memory.
///
/// # References
/// Bińkowski, Sutherland, Arbel & Gretton, "Demystifying MMD GANs", ICLR 2018. Defaults are those of torch-fidelity.
///
/// # Example
/// ```
/// use earthwork::metrics::Kid;
/// use earthwork::prelude::*;
///
/// let x = Gaussian::standard(2)?.sample(300, 1)?;
/// let y = Gaussian::standard(2)?.sample(300, 2)?;
/// let kid = Kid::default().between(&x, &y)?;
/// assert!(kid.value.abs() < 3.0 * kid.std_error().unwrap());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kid {
    /// How many subsets; 100 by default.
    pub subsets: usize,
    /// How many points of either side each subset has; 1000 by default.
    pub subset_size: usize,
    /// The seed of the subsets; 0 by default.
    pub seed: u64,
}

const WHOLE: &str = "unbiased MMD², cubic kernel";

impl Default for Kid {
    fn default() -> Self {
        Self { subsets: 100, subset_size: 1000, seed: 0 }
    }
}

impl Kid {
    /// So many subsets of so many points.
    #[must_use]
    pub fn with_subsets(self, subsets: usize, subset_size: usize) -> Self {
        Self { subsets, subset_size, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Whether a sample has no more points than a subset.
    fn takes_all(&self, x: &Samples, y: &Samples) -> bool {
        x.len().min(y.len()) <= self.subset_size
    }

    /// The unbiased MMD² of each subset.
    ///
    /// # Errors
    /// When the dimensions differ, weights are of several sizes, an option is out of range, or a sample has fewer points than a
    /// subset.
    pub fn subsets(&self, x: &Samples, y: &Samples) -> Result<Vec<f64>> {
        require_dimension("y", y.dim(), x.dim())?;
        require("subsets", self.subsets as f64, self.subsets >= 2, "at least 2 are needed for a spread")?;
        require("subset_size", self.subset_size as f64, self.subset_size >= 2, "at least 2 points are needed")?;
        let (size, dim) = (self.subset_size, x.dim());
        let (x, y) = (draws("x", x, size)?, draws("y", y, size)?);
        let value = |k: usize| {
            let k = k as u64;
            let real = subset(&x, dim, size, self.seed, 2 * k)?;
            Mmd::cubic().value(&real, &subset(&y, dim, size, self.seed, 2 * k + 1)?)
        };
        parallel::map(self.subsets, value).into_iter().collect()
    }
}

impl Discrepancy for Kid {
    fn name(&self) -> String {
        "KID".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let (n, m, size) = (x.len(), y.len(), self.subset_size);
        if self.takes_all(x, y) {
            let whole = Mmd::cubic().between(x, y)?;
            return Ok(Estimate { method: WHOLE, ..whole });
        }
        let values = self.subsets(x, y)?;
        let count = values.len() as f64;
        let mean = sum(values.iter().map(|value| value / count));
        let variance = sum(values.iter().map(|value| (value - mean).powi(2))) / (count - 1.0);
        // A subset of b points has the variance v (1/b + 1/b); the samples have v (1/n + 1/m) of it, and the mean over subsets of
        // what subsets do not share the rest.
        let sampling = 0.5 * size as f64 * (1.0 / n as f64 + 1.0 / m as f64);
        let error = (variance * (sampling + 1.0 / count)).sqrt();
        let estimate =
            Estimate::new(mean, Evidence::StandardError(error), "unbiased MMD², cubic kernel, subsets", (n, m));
        Ok(estimate.with_seed(self.seed))
    }

    fn range(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn own_interval(
        &self,
        x: &Samples,
        y: &Samples,
        options: &Resampling,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Estimate>> {
        if self.takes_all(x, y) {
            let whole = Mmd::cubic().own_interval(x, y, options, go_on)?;
            return Ok(whole.map(|whole| Estimate { method: WHOLE, ..whole }));
        }
        Ok(self.between(x, y)?.normal_interval(options.level))
    }
}
