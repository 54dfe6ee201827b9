//! Watching and ending long work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::neighbors::Until;
use crate::transport::Status;

/// Where a solver stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// What it does now, such as `pivot`, `price`, `sinkhorn` or `batch`.
    pub stage: &'static str,
    /// Problems that are done, of many; 0 where there is one only.
    pub done: usize,
    /// How many problems there are; 0 where there is one only.
    pub total: usize,
    /// Level of a coarse-to-fine solve, from 1; 0 where there are none.
    pub level: usize,
    /// Number of levels.
    pub levels: usize,
    /// Pivots or iterations so far.
    pub iterations: u64,
    /// Pairs that violated dual feasibility in the last full pass, where there was one.
    pub violations: Option<usize>,
    /// Relative gap between the bounds held now, where it is known.
    pub gap: Option<f64>,
    /// L1 error of the marginals relative to the mass, where the method iterates on it.
    pub marginal_error: Option<f64>,
    /// The regularisation ε of this stage, in units of the cost, where there is one.
    pub epsilon: Option<f64>,
}

/// Receives progress. The library never prints.
///
/// Any `FnMut(&Progress)` closure is one.
pub trait Observer {
    /// Called a few times each second at most.
    fn observe(&mut self, progress: &Progress);
}

impl<F: FnMut(&Progress)> Observer for F {
    fn observe(&mut self, progress: &Progress) {
        self(progress);
    }
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Progress) {}
}

/// A flag with which another thread ends a solve; clones share it.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the solve to end; it returns what it has, with status `Cancelled`.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether that was asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// When to end early: limits that the caller sets, common to all solvers.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// The most pivots or iterations.
    pub iterations: Option<u64>,
    /// The most wall-clock time.
    pub time: Option<Duration>,
    /// A flag that ends the solve from outside.
    pub cancel: Option<CancelToken>,
    /// The relative gap between proven bounds at which an exact solve ends with status `WithinTolerance`; 0 asks for the optimum.
    pub tolerance: f64,
}

impl Interrupt {
    /// What is left of the limits after this much time.
    pub(crate) fn after(self, elapsed: Duration) -> Self {
        Self { time: self.time.map(|limit| limit.saturating_sub(elapsed)), ..self }
    }

    /// Whether there is no time left, or the work is cancelled.
    pub(crate) fn is_over(&self) -> bool {
        self.cancel.as_ref().is_some_and(CancelToken::is_cancelled) || self.time == Some(Duration::ZERO)
    }
}

/// The methods that set the `interrupt` of a solver: `limits!("pivots", ", a feasible plan and valid bounds")` names its
/// iterations, and what an early end gives beside its status.
macro_rules! limits {
    ($iterations:literal, $gives:literal) => {
        #[doc = concat!("Ends after this many ", $iterations, " with status `IterationLimit`", $gives, ".")]
        #[must_use]
        pub fn with_iteration_limit(mut self, limit: u64) -> Self {
            self.interrupt.iterations = Some(limit);
            self
        }

        #[doc = concat!("Ends after this much time with status `Deadline`", $gives, ".")]
        #[must_use]
        pub fn with_time_limit(mut self, time: std::time::Duration) -> Self {
            self.interrupt.time = Some(time);
            self
        }

        #[doc = concat!("Ends when the token is cancelled, with status `Cancelled`", $gives, ".")]
        #[must_use]
        pub fn with_cancel(mut self, token: $crate::transport::CancelToken) -> Self {
            self.interrupt.cancel = Some(token);
            self
        }
    };
}
pub(crate) use limits;

/// Joins the limits and the observer of one solve; the solver asks it between steps.
pub struct Watch<'o> {
    interrupt: Interrupt,
    observer: &'o mut dyn Observer,
    started: Instant,
    reported: Instant,
    reserved: Duration,
}

impl<'o> Watch<'o> {
    /// How often an observer is called at most.
    const REPORT_EVERY: Duration = Duration::from_millis(100);

    /// Starts the clock.
    pub fn new(interrupt: Interrupt, observer: &'o mut dyn Observer) -> Self {
        let started = Instant::now();
        Self { interrupt, observer, started, reported: started, reserved: Duration::ZERO }
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Keeps the end of the time for the last steps of a solve: [`Watch::check`] ends it that much earlier, and searches that have
    /// begun may go on for half of it.
    pub(crate) fn reserve(&mut self, last_steps: Duration) {
        self.reserved = last_steps;
    }

    /// When searches between two checks have to end.
    pub(crate) fn until(&self) -> Until {
        self.until_before(self.reserved / 2)
    }

    /// When the whole solve has to end.
    pub(crate) fn until_the_end(&self) -> Until {
        self.until_before(Duration::ZERO)
    }

    fn until_before(&self, before: Duration) -> Until {
        let Interrupt { time, cancel, .. } = &self.interrupt;
        let at = time.and_then(|limit| self.started.checked_add(limit.saturating_sub(before)));
        Until::new(at, cancel.as_ref().map(|token| Arc::clone(&token.0)))
    }

    /// The time that is left, and the flag that ends it.
    pub(crate) fn rest(&self) -> Interrupt {
        let left = self.interrupt.clone().after(self.reserved + self.elapsed());
        Interrupt { iterations: None, tolerance: 0.0, ..left }
    }

    /// How many iterations are left before the limit.
    pub fn iterations_left(&self, done: u64) -> u64 {
        self.interrupt.iterations.map_or(u64::MAX, |limit| limit.saturating_sub(done))
    }

    /// Reports progress now and then, and says whether to end.
    pub fn check(&mut self, progress: &Progress) -> Option<Status> {
        let now = Instant::now();
        if now - self.reported >= Self::REPORT_EVERY {
            self.reported = now;
            self.observer.observe(progress);
        }
        let Interrupt { iterations, time, cancel, tolerance } = &self.interrupt;
        if cancel.as_ref().is_some_and(CancelToken::is_cancelled) {
            Some(Status::Cancelled)
        } else if *tolerance > 0.0 && progress.gap.is_some_and(|gap| gap <= *tolerance) {
            Some(Status::WithinTolerance)
        } else if time.is_some_and(|limit| now - self.started >= limit.saturating_sub(self.reserved)) {
            Some(Status::Deadline)
        } else if iterations.is_some_and(|limit| progress.iterations >= limit) {
            Some(Status::IterationLimit)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_end_a_solve() {
        let mut silent = Silent;
        let at = |iterations| Progress { iterations, ..Progress::default() };
        let mut watch = Watch::new(Interrupt { iterations: Some(5), ..Interrupt::default() }, &mut silent);
        assert_eq!(watch.check(&at(4)), None);
        assert_eq!(watch.check(&at(5)), Some(Status::IterationLimit));
        assert_eq!(watch.iterations_left(3), 2);
        let token = CancelToken::default();
        let mut watch = Watch::new(Interrupt { cancel: Some(token.clone()), ..Interrupt::default() }, &mut silent);
        assert_eq!(watch.check(&at(0)), None);
        token.cancel();
        assert_eq!(watch.check(&at(0)), Some(Status::Cancelled));
        let mut watch = Watch::new(Interrupt { time: Some(Duration::ZERO), ..Interrupt::default() }, &mut silent);
        assert_eq!(watch.check(&at(0)), Some(Status::Deadline));
    }
}
