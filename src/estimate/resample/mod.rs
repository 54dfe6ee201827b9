//! Uncertainty for any [`Discrepancy`]: intervals by resampling, and the permutation test.
//!
//! ```
//! use earthwork::estimate::resample::{self, Resampling};
//! use earthwork::prelude::*;
//!
//! let x = Gaussian::standard(1)?.sample(80, 1)?;
//! let y = Gaussian::new([1.0], ndarray::array![[1.0]].view())?.sample(60, 2)?;
//! let w1 = Wasserstein { p: 1.0 };
//!
//! let interval = resample::interval(&w1, &x, &y, &Resampling::default().with_replicates(199))?;
//! assert!(interval.lower() < 1.0 && 1.0 < interval.upper());
//!
//! let test = resample::permutation_test(&w1, &x, &y, &Default::default())?;
//! assert!(test.p_value < 0.01);
//! # Ok::<(), earthwork::Error>(())
//! ```
//!
//! # Which scheme
//!
//! The points are taken for independent draws from two distributions P and Q, and the interval is for the value between P and
//! Q themselves, not between the two samples.
//!
//! | scheme | evaluations | right for | not for |
//! | --- | --- | --- | --- |
//! | [`Scheme::Auto`], the default | some 80 for transport distances, else `replicates` of half the size | everything: the discrepancy's own method where it has one ([`distance_interval`] for transport distances), else half-samples | |
//! | [`Scheme::Subsample`] of one half | `replicates`, of half the size | everything whose error falls like n^−½ and whose bias like 1/n: distances of one's own that are means over pairs, W₁ and W₂ on a line, sliced distances, divergences estimated by neighbours. Points are never repeated | W in d ≥ 3 dimensions, whose bias n^(−1/d) is larger than its spread: the interval is then one for the mean of the estimate at this n |
//! | [`Scheme::Bootstrap`] | `replicates`, of full size | the same but for neighbours; with [`Ends::Bca`] better ends where the distribution is skew | estimators that suffer from repeated points; P = Q |
//! | [`Scheme::Jackknife`] | at most n + m, at most `replicates` | a quick standard error of a smooth value | W between samples whose optimal plan jumps |
//!
//! Three facts decide. *Bias*: E d(Pₙ, Qₘ) exceeds d(P, Q) by about B/n for all distances in which each point also meets itself
//! (V-statistics: energy distance and biased MMD). A resample of a sample carries that bias twice, so percentiles of the resamples
//! ([`Ends::Percentile`]) miss on the same side. *Skewness*: squared distances have a long tail upwards, which [`Ends::Basic`] turns
//! downwards. [`Ends::Debiased`], the default, heeds both. *Degeneracy*: at P = Q the error of a squared distance falls like 1/n, and
//! the bootstrap is not consistent there; half-samples err to the safe side.
//!
//! Measured (`docs/benchmarks.md`, `cargo xtask coverage`): the default holds at least what it says for every transport distance,
//! also at P = Q and in many dimensions, where the lower end is 0. Energy distance, MMD, KID and FID have intervals of their own, of the values
//! that a test would just not reject: they hold 92 to 99 % on normal data and 84 to 98 % on exponential data, and begin at 0 where nothing shows that P and Q differ. Half-samples hold as
//! much for squared distances where P and Q are more than about three standard errors apart, and more where they are nearer, but *less for
//! roots*: there take the interval of the squared distance, and ask [`permutation_test`] whether P = Q. An interval by resampling whose middle is within four standard
//! errors of 0 carries [`Note::NearNull`].
//!
//! # Weights
//!
//! With weights, a point and its weight together are taken for one draw (as importance weights and survey weights are), and each
//! resample shares the total out in proportion to the weights drawn. Weights that count how often a value was seen are another
//! thing: repeat the value instead.
//!
//! # References
//! Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993 (ch. 11, 13, 14); Davison & Hinkley, *Bootstrap Methods and their
//! Application*, 1997 (ch. 5); Politis, Romano & Wolf, *Subsampling*, 1999 (ch. 2, §10.3); Phipson & Smyth, "Permutation p-values
//! should never be zero", 2010.

mod distance;
mod ends;
mod permutation;
mod pool;
mod schemes;
#[cfg(test)]
mod tests;

pub use distance::distance_interval;
pub use permutation::{Permutation, PermutationTest, permutation_test, permutation_test_observed};
pub use pool::{Draw, Pool};

use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note, Randomness};
use crate::measure::Samples;
use crate::numeric::normal::normal_quantile;

/// An interval whose middle is fewer standard errors than this from 0 is [`Note::NearNull`].
const NEAR_NULL: f64 = 4.0;

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
    /// The method of the discrepancy's own, where it has one ([`Discrepancy::own_interval`]), and half-samples where it has none, or where
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

    fn check(&self) -> Result<()> {
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

/// The value of `d` between two samples, with an interval that holds the value between the two distributions in `level` of all
/// draws: see the [module](self) for which scheme is right when.
///
/// The value returned is that of the samples; the interval takes a bias of order 1/n off, so it need not be centred there, and
/// the interval of a distance may reach below 0.
///
/// # Errors
/// When the samples cannot be compared by `d`, a side has fewer than two points with mass, an option is out of range, or the
/// value is infinite, so that there is nothing to be uncertain about.
///
/// # Complexity
/// `replicates` evaluations of `d`, in parallel, with one copy of the points in each thread; the kernel distances compute their
/// kernel once. The same seed gives the same bits at any number of threads.
pub fn interval<D: Discrepancy + ?Sized>(d: &D, x: &Samples, y: &Samples, options: &Resampling) -> Result<Estimate> {
    interval_observed(d, x, y, options, &mut |_| true)
}

/// [`interval`] with progress: `go_on` is called with the number of evaluations done, and ends the work by returning `false`.
///
/// A method of a discrepancy's own then gives what it has, a wider interval that still holds what it says; resampling by a scheme
/// goes by the draws that it has, at least 16.
///
/// # Errors
/// As [`interval`].
pub fn interval_observed<D: Discrepancy + ?Sized>(
    d: &D,
    x: &Samples,
    y: &Samples,
    options: &Resampling,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Estimate> {
    options.check()?;
    if options.scheme == Scheme::Auto
        && options.ends == Ends::Debiased
        && let Some(found) = d.own_interval(x, y, options, go_on)?
    {
        return Ok(within_range(d, found).with_seed(options.seed));
    }
    let estimate = finite(d, x, y)?;
    let pool = Pool::new(x, y)?;
    // Draws are compared with the value by the path that values them, which may leave out a correction of the estimate.
    let value = d.between_draws(&pool, &[pool.given()])?[0];
    let (lower, upper) = match options.scheme {
        Scheme::Bootstrap => schemes::bootstrap(d, &pool, value, options, go_on)?,
        Scheme::Auto => schemes::subsample(d, &pool, value, 0.5, options, go_on)?,
        Scheme::Subsample { fraction } => schemes::subsample(d, &pool, value, fraction, options, go_on)?,
        Scheme::Jackknife => schemes::jackknife(d, &pool, value, options)?.normal_interval(options.level),
    };
    let correction = estimate.value - value;
    let (lower, upper) = (lower + correction, upper + correction);
    let evidence = Evidence::Interval { lower, upper, level: options.level };
    let estimate = Estimate { evidence, ..estimate }.with_randomness(Randomness::Sampling).with_seed(options.seed);
    let (centre, error) = (0.5 * (lower + upper), 0.5 * (upper - lower) / normal_quantile(0.5 + 0.5 * options.level));
    let estimate = within_range(d, estimate);
    Ok(if centre < NEAR_NULL * error { estimate.with_note(Note::NearNull) } else { estimate })
}

/// The interval, less what lies beyond the values that there are.
fn within_range<D: Discrepancy + ?Sized>(d: &D, estimate: Estimate) -> Estimate {
    let (least, most) = d.range();
    match estimate.evidence {
        Evidence::Interval { lower, upper, level } => {
            let (lower, upper) = (lower.clamp(least, most), upper.clamp(least, most));
            Estimate { evidence: Evidence::Interval { lower, upper, level }, ..estimate }
        }
        _ => estimate,
    }
}

/// The values of draws; none where a limit of the discrepancy's own ended the work.
fn unless_ended(values: Result<Vec<f64>>) -> Result<Option<Vec<f64>>> {
    match values {
        Err(error) if *error.kind() == ErrorKind::Ended => Ok(None),
        values => values.map(Some),
    }
}

/// The value between two samples, where there can be an interval around it.
fn finite<D: Discrepancy + ?Sized>(d: &D, x: &Samples, y: &Samples) -> Result<Estimate> {
    let estimate = d.between(x, y)?;
    if !estimate.value.is_finite() {
        let why = format!("the value is {}; there is no interval around it", estimate.value);
        return Err(Error::new(d.name(), ErrorKind::Unsupported(why.into())));
    }
    Ok(estimate)
}

/// The jackknife standard error of `d` between two samples, as the evidence of its value: n + m evaluations.
///
/// # Errors
/// As [`interval`].
pub fn std_error<D: Discrepancy + ?Sized>(d: &D, x: &Samples, y: &Samples) -> Result<Estimate> {
    let estimate = finite(d, x, y)?;
    let options = Resampling::jackknife().with_replicates(x.len() + y.len());
    let pool = Pool::new(x, y)?;
    let value = d.between_draws(&pool, &[pool.given()])?[0];
    let jackknife = schemes::jackknife(d, &pool, value, &options)?;
    let evidence = Evidence::StandardError(jackknife.std_error);
    Ok(Estimate { evidence, ..estimate }.with_randomness(Randomness::Sampling))
}
