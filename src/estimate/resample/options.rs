//! How to resample.

use crate::error::{Error, ErrorKind, Result, require};

/// How to resample; the defaults are right for every distance of this library between distributions that differ.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Resampling {
    /// What is drawn; by the discrepancy by default.
    pub scheme: Scheme,
    /// How the ends come from the draws; [`Ends::Debiased`] by default. The jackknife has ends of its own.
    pub ends: Ends,
    /// The share of intervals that are to hold the true value; 0.95 by default.
    pub level: f64,
    /// How many draws; 999 by default.
    pub replicates: usize,
    /// The seed of the draws; 0 by default.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { scheme: Scheme::Auto, ends: Ends::Debiased, level: 0.95, replicates: 999, seed: 0 }
    }
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Scheme {
    /// The method of the discrepancy's own, where it has one ([`Discrepancy::own_interval`](crate::estimate::Discrepancy::own_interval)), and half-samples where it has none, or where
    /// ends other than [`Ends::Debiased`] are asked for.
    Auto,
    /// As many points as there are, each draw with replacement.
    Bootstrap,
    /// This fraction of the points of either side, without replacement (Politis, Romano & Wolf).
    Subsample {
        /// Above 0 and below 1.
        fraction: f64,
    },
    /// Each point left out once, or each of at most `replicates` groups of points: no randomness up to `replicates` points.
    /// The interval is normal, around the value less its bias.
    Jackknife,
}

/// How the ends of the interval come from the draws. θ̂ is the value, θ* are those of the draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ends {
    /// The quantiles of θ*, brought to the size of the sample and moved so that their mean is θ̂ less its bias. Skewness stays on
    /// the side where it is: squared distances have a long tail upwards.
    Debiased,
    /// θ̂ less the quantiles of θ* − θ̂: takes a bias off as well, but puts the long tail on the wrong side.
    Basic,
    /// The quantiles of θ* themselves. For the bootstrap only; it doubles a bias.
    Percentile,
    /// Quantiles of θ* at levels that are corrected for bias and skewness (Efron's BCa); n + m evaluations more. For the
    /// bootstrap only.
    Bca,
}

impl Resampling {
    /// The bootstrap with BCa ends.
    pub fn bootstrap() -> Self {
        Self { scheme: Scheme::Bootstrap, ends: Ends::Bca, ..Self::default() }
    }

    /// The jackknife.
    pub fn jackknife() -> Self {
        Self { scheme: Scheme::Jackknife, ..Self::default() }
    }

    /// Subsamples of this fraction of the points.
    pub fn subsample(fraction: f64) -> Self {
        Self { scheme: Scheme::Subsample { fraction }, ..Self::default() }
    }

    /// Sets which ends the interval has.
    #[must_use]
    pub fn with_ends(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    /// Sets the level, such as 0.9.
    #[must_use]
    pub fn with_level(self, level: f64) -> Self {
        Self { level, ..self }
    }

    /// Sets the number of draws.
    #[must_use]
    pub fn with_replicates(self, replicates: usize) -> Self {
        Self { replicates, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        require("level", self.level, self.level > 0.0 && self.level < 1.0, "it must lie between 0 and 1")?;
        let draws = self.replicates as f64;
        require("replicates", draws, draws >= 2.0, "at least 2 are needed")?;
        if let Scheme::Subsample { fraction } = self.scheme {
            require("fraction", fraction, fraction > 0.0 && fraction < 1.0, "it must lie between 0 and 1")?;
        }
        if matches!(self.scheme, Scheme::Auto | Scheme::Subsample { .. })
            && !matches!(self.ends, Ends::Debiased | Ends::Basic)
        {
            let why = "percentile and BCa ends are for the bootstrap; subsamples are smaller than the sample";
            return Err(Error::new("ends", ErrorKind::Unsupported(why.into())));
        }
        Ok(())
    }
}
