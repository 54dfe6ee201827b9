//! Anything that compares two samples.

use crate::error::Result;
use crate::estimate::Estimate;
use crate::measure::Samples;

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
}

impl<D: Discrepancy + ?Sized> Discrepancy for Box<D> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        (**self).between(x, y)
    }
}
