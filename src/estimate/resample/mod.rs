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
mod options;
mod permutation;
mod pool;
mod schemes;
#[cfg(test)]
mod tests;
mod values;

pub use distance::distance_interval;
pub use options::{Ends, Resampling, Scheme};
pub use permutation::{Permutation, PermutationTest, permutation_test, permutation_test_observed};
pub use pool::{Draw, Pool};

use crate::error::Result;
use crate::estimate::resample::values::finite;
use crate::estimate::{Discrepancy, Estimate, Evidence, Note, Randomness};
use crate::measure::Samples;
use crate::numeric::normal::normal_quantile;

/// An interval whose middle is fewer standard errors than this from 0 is [`Note::NearNull`].
const NEAR_NULL: f64 = 4.0;

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
