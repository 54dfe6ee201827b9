//! Exact distances whose solves take limits, wherever a discrepancy goes.

use std::time::Instant;

use super::{interval, wasserstein_observed};
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::resample::{Draw, Pool, Resampling};
use crate::estimate::{Discrepancy, Estimate, Note};
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::transport::{Interrupt, Root, Silent, Status};

/// [`Wasserstein`](super::Wasserstein) with limits: made by [`Wasserstein::within`](super::Wasserstein::within).
///
/// The time runs from when it is made, over all solves together. A value whose solve a limit ends is that of the best plan, with bounds and
/// [`Note::NotConverged`]; an interval is then one of the draws that were done, and `[0, ∞)` where these are too few to say more.
///
/// ```
/// use std::time::Duration;
///
/// use earthwork::estimate::resample::{Resampling, interval};
/// use earthwork::prelude::*;
/// use earthwork::transport::Interrupt;
///
/// let normal = Gaussian::standard(3)?;
/// let (x, y) = (normal.sample(500, 1)?, normal.sample(500, 2)?);
/// let limits = Interrupt { time: Some(Duration::ZERO), ..Interrupt::default() };
/// let found = interval(&Wasserstein { p: 2.0 }.within(limits), &x, &y, &Resampling::default())?;
/// assert_eq!((found.lower(), found.upper()), (0.0, f64::INFINITY));
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LimitedWasserstein {
    p: f64,
    interrupt: Interrupt,
    started: Instant,
}

impl LimitedWasserstein {
    pub(super) fn new(p: f64, interrupt: Interrupt) -> Self {
        Self { p, interrupt, started: Instant::now() }
    }

    /// What is left of the limits.
    fn rest(&self) -> Interrupt {
        self.interrupt.clone().after(self.started.elapsed())
    }

    fn solved(&self, x: &Samples, y: &Samples) -> Result<(Estimate, Status)> {
        wasserstein_observed(x, y, self.p, self.rest(), &mut Silent)
    }
}

impl Discrepancy for LimitedWasserstein {
    fn name(&self) -> String {
        Root::new(self.p).name()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let (estimate, status) = self.solved(x, y)?;
        Ok(if status.is_success() { estimate } else { estimate.with_note(Note::NotConverged) })
    }

    fn between_draws(&self, pool: &Pool, draws: &[Draw]) -> Result<Vec<f64>> {
        let value = |draw: &Draw| -> Result<f64> {
            let ended = || Error::new(self.name(), ErrorKind::Ended);
            if self.rest().is_over() {
                return Err(ended());
            }
            let (x, y) = pool.samples(draw)?;
            let (estimate, status) = self.solved(&x, &y)?;
            if status.is_success() { Ok(estimate.value) } else { Err(ended()) }
        };
        let values = parallel::map(draws.len(), |k| value(&draws[k]));
        values.into_iter().collect()
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
        interval::interval(self, self.p, &self.rest(), (x, y), options, go_on).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::resample::{Permutation, interval, permutation_test};
    use crate::exact::Wasserstein;
    use crate::measure::Gaussian;
    use crate::transport::CancelToken;

    #[test]
    fn without_a_limit_nothing_is_other_and_with_one_nothing_is_claimed() {
        let cloud = |seed| Gaussian::standard(2).unwrap().sample(40, seed).unwrap();
        let (x, y, options) = (cloud(1), cloud(2), Resampling::default());
        for p in [1.0, 2.0] {
            let free = Wasserstein { p }.within(Interrupt::default());
            assert_eq!(interval(&free, &x, &y, &options), interval(&Wasserstein { p }, &x, &y, &options));
            let token = CancelToken::default();
            token.cancel();
            let ended = Wasserstein { p }.within(Interrupt { cancel: Some(token), ..Interrupt::default() });
            let found = interval(&ended, &x, &y, &options).unwrap();
            assert_eq!((found.lower(), found.upper()), (0.0, f64::INFINITY));
            assert!(found.notes.contains(&Note::NotConverged));
            let why = permutation_test(&ended, &x, &y, &Permutation::new(19)).unwrap_err().to_string();
            assert!(why.contains("a limit came first"), "{why}");
        }
    }
}
