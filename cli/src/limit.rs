//! Time limits that are kept, whatever the work is at.
//!
//! Solves end by themselves at their limit, with bounds. An estimate does not: it is left where it is, and what came before it is told. The
//! process ends soon after, so nothing of it goes on.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Outcome;
use crate::interrupt;

/// How long work may go on beyond its limit: what ends by itself needs a moment to round its answer off.
fn grace(limit: Duration) -> Duration {
    limit.mul_f64(0.04) + Duration::from_millis(120)
}

/// How often Ctrl-C is looked for.
const TICK: Duration = Duration::from_millis(50);
/// How long after Ctrl-C work may take to end by itself.
const AFTER_CANCEL: Duration = Duration::from_secs(2);
/// As much as the main thread has.
const STACK: usize = 8 << 20;

/// The time that work began and how much it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    limit: Option<Duration>,
}

impl Clock {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { start: Instant::now(), limit }
    }

    /// What is left of the limit; none where there is none.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.saturating_sub(self.start.elapsed()))
    }

    /// Whether the limit has come, or Ctrl-C.
    pub(crate) fn is_over(&self) -> bool {
        interrupt::token().is_cancelled() || self.left() == Some(Duration::ZERO)
    }
}

/// Runs `work` on a thread of its own, hands what it sends to `receive`, and gives what it returns; none where the limit came first, or
/// Ctrl-C, and it did not end by itself.
pub(crate) fn within<E: Send + 'static, T: Send + 'static>(
    clock: Clock,
    work: impl FnOnce(&Sender<E>) -> Outcome<T> + Send + 'static,
    mut receive: impl FnMut(E),
) -> Outcome<Option<T>> {
    enum Event<E, T> {
        Sent(E),
        Done(Outcome<T>),
    }
    let deadline = clock.limit.map(|limit| clock.start + limit + grace(limit));
    interrupt::while_solving(|| {
        let (send, events) = channel::<Event<E, T>>();
        let job = move || {
            let (parts, passed) = channel::<E>();
            let forward = send.clone();
            // What was sent before the end arrives before the end.
            let passing = thread::spawn(move || {
                for part in passed {
                    let _ = forward.send(Event::Sent(part));
                }
            });
            let done = work(&parts);
            drop(parts);
            let _ = passing.join();
            let _ = send.send(Event::Done(done));
        };
        let started = thread::Builder::new().stack_size(STACK).spawn(job);
        started.map_err(|error| crate::failure::Failure::Input(format!("no thread can be started: {error}")))?;
        let mut cancelled: Option<Instant> = None;
        loop {
            match events.recv_timeout(TICK) {
                Ok(Event::Sent(part)) => receive(part),
                Ok(Event::Done(done)) => return done.map(Some),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
            if cancelled.is_none() && interrupt::token().is_cancelled() {
                cancelled = Some(Instant::now() + AFTER_CANCEL);
            }
            let now = Instant::now();
            if deadline.is_some_and(|end| now >= end) || cancelled.is_some_and(|end| now >= end) {
                return Ok(None);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_before_the_limit_is_there() {
        let mut seen = Vec::new();
        let clock = Clock::new(Some(Duration::from_millis(100)));
        let start = Instant::now();
        let done = within(
            clock,
            |send| {
                for part in 0..3 {
                    let _ = send.send(part);
                }
                thread::sleep(Duration::from_secs(60));
                Ok(())
            },
            |part| seen.push(part),
        );
        assert!(matches!(done, Ok(None)) && seen == [0, 1, 2]);
        assert!(start.elapsed() < Duration::from_secs(20));
        let done = within(Clock::new(None), |send| Ok(send.send(7).is_ok()), |part| seen.push(part));
        assert!(matches!(done, Ok(Some(true))) && seen == [0, 1, 2, 7]);
    }
}
