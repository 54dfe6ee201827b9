//! When a long search has to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A moment, and a flag that another thread may raise before it. Searches look at it between batches of queries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Until {
    at: Option<Instant>,
    flag: Option<Arc<AtomicBool>>,
}

impl Until {
    /// Until the moment, if there is one, or until the flag is raised.
    pub(crate) fn new(at: Option<Instant>, flag: Option<Arc<AtomicBool>>) -> Self {
        Self { at, flag }
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over_in(Duration::ZERO)
    }

    /// Whether the time is over when this much more has passed.
    pub(crate) fn is_over_in(&self, more: Duration) -> bool {
        self.flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
            || self.at.is_some_and(|at| Instant::now() + more >= at)
    }
}
