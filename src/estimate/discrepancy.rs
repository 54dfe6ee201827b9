//! Anything that compares two samples.

use std::sync::Arc;

use crate::error::Result;
use crate::estimate::Estimate;
use crate::estimate::resample::{Draw, Pool, Resampling};
use crate::measure::Samples;
use crate::numeric::parallel;

/// Anything that compares two samples: a transport distance, a divergence, a metric of generative models, a critic, or the
/// user's own. What works on discrepancies (intervals, permutation tests, laws, comparisons, reports) works on all of them.
///
/// An implementation is a small struct that is its options; the same struct on the same samples gives the same bits.
///
/// ```
/// use earthwork::estimate::{Discrepancy, Estimate, Evidence};
/// use earthwork::prelude::*;
///
/// struct MeanGap;
///
/// impl Discrepancy for MeanGap {
///     fn name(&self) -> String {
///         "mean gap".into()
///     }
///     fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
///         let gap = (x.mean()[0] - y.mean()[0]).abs();
///         Ok(Estimate::new(gap, Evidence::Unstated, "difference of means", (x.len(), y.len())))
///     }
/// }
///
/// let x = Samples::new([[0.0], [2.0]])?;
/// let y = Samples::new([[4.0]])?;
/// assert_eq!(MeanGap.between(&x, &y)?.value, 3.0);
/// # Ok::<(), Error>(())
/// ```
pub trait Discrepancy: Send + Sync {
    /// A short name for tables, such as `W2` or `JS (kNN, k = 5)`.
    fn name(&self) -> String;

    /// How far apart `x` and `y` are.
    ///
    /// # Errors
    /// When the two samples cannot be compared this way; the error says why.
    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate>;

    /// The value for each of many draws from the same points: what intervals and permutation tests ask for, hundreds of
    /// draws at a time.
    ///
    /// As provided, [`between`](Self::between) on each draw, in parallel. Implement it where many draws together cost less, as
    /// for kernel distances, whose kernel is then computed once for all of them. A correction that `between` makes at great cost may be
    /// left out: draws are compared with the two samples by this very method. Where a limit of the discrepancy's
    /// own ends the work, the error is [`ErrorKind::Ended`](crate::error::ErrorKind::Ended), and the draws are left out.
    ///
    /// # Errors
    /// As [`between`](Self::between), for the first draw that cannot be compared.
    fn between_draws(&self, pool: &Pool, draws: &[Draw]) -> Result<Vec<f64>> {
        one_by_one(self, pool, draws)
    }

    /// The least and the largest value there is between two distributions. As provided, all numbers.
    ///
    /// An interval never reaches beyond them, though an estimate may.
    fn range(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    /// An interval for the value between the two distributions behind the samples, by a method of the discrepancy's own, with
    /// [`Evidence::Interval`](crate::estimate::Evidence::Interval) of level `options.level`.
    ///
    /// [`resample::interval`](crate::estimate::resample::interval) hands over to it unless it is asked for a scheme. Implement it where
    /// half-samples hold the truth less often than they say, as for transport distances near 0. As provided there is none, and
    /// half-samples are drawn. `go_on` is called now and then with the number of evaluations done; when it returns `false`, the
    /// interval is to end with what it has, wider but still right.
    ///
    /// # Errors
    /// As [`between`](Self::between), and where the samples say nothing about their distributions.
    fn own_interval(
        &self,
        x: &Samples,
        y: &Samples,
        options: &Resampling,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Estimate>> {
        let _ = (x, y, options, go_on);
        Ok(None)
    }
}

/// The value of `d` for each draw, by [`Discrepancy::between`].
pub(crate) fn one_by_one<D: Discrepancy + ?Sized>(d: &D, pool: &Pool, draws: &[Draw]) -> Result<Vec<f64>> {
    let value = |draw: &Draw| -> Result<f64> {
        let (x, y) = pool.samples(draw)?;
        Ok(d.between(&x, &y)?.value)
    };
    // Collected before the first error is looked for, so that it is the same one at any number of threads.
    let values = parallel::map(draws.len(), |k| value(&draws[k]));
    values.into_iter().collect()
}

/// The range and the interval of a distance that is 0 at P = Q and of which the power `order` is a mean: at least 0, and
/// [`distance_interval`](crate::estimate::resample::distance_interval).
macro_rules! distance {
    (|$d:ident| $order:expr) => {
        fn range(&self) -> (f64, f64) {
            (0.0, f64::INFINITY)
        }

        fn own_interval(
            &self,
            x: &Samples,
            y: &Samples,
            options: &$crate::estimate::resample::Resampling,
            go_on: &mut dyn FnMut(usize) -> bool,
        ) -> Result<Option<Estimate>> {
            let $d = self;
            $crate::estimate::resample::distance_interval($d, $order, x, y, options, go_on).map(Some)
        }
    };
}
pub(crate) use distance;

/// The interval of an estimate that has ends of its own at any level:
/// [`Estimate::asymmetric_interval`](crate::estimate::Estimate::asymmetric_interval).
macro_rules! own_interval {
    (|$d:ident, $x:ident, $y:ident, $level:ident| $estimate:expr) => {
        fn own_interval(
            &self,
            $x: &Samples,
            $y: &Samples,
            options: &$crate::estimate::resample::Resampling,
            _: &mut dyn FnMut(usize) -> bool,
        ) -> Result<Option<Estimate>> {
            let ($d, $level) = (self, options.level);
            Ok($estimate?.asymmetric_interval())
        }
    };
}
pub(crate) use own_interval;

/// What points to a discrepancy is one.
macro_rules! pointer {
    ($($pointer:ty),*) => {$(
        impl<D: Discrepancy + ?Sized> Discrepancy for $pointer {
            fn name(&self) -> String {
                (**self).name()
            }

            fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
                (**self).between(x, y)
            }

            fn between_draws(&self, pool: &Pool, draws: &[Draw]) -> Result<Vec<f64>> {
                (**self).between_draws(pool, draws)
            }

            fn range(&self) -> (f64, f64) {
                (**self).range()
            }

            fn own_interval(
                &self,
                x: &Samples,
                y: &Samples,
                options: &Resampling,
                go_on: &mut dyn FnMut(usize) -> bool,
            ) -> Result<Option<Estimate>> {
                (**self).own_interval(x, y, options, go_on)
            }
        }
    )*};
}

pointer!(&D, Box<D>, Arc<D>);
