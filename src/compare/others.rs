//! The discrepancies beside exact W₁ and W₂, and the permutation test.

use std::time::{Duration, Instant};

use crate::divergence::Energy;
use crate::entropic::{EntropicWasserstein, Sinkhorn, SinkhornDivergence};
use crate::error::Error;
use crate::estimate::resample::{Permutation, PermutationTest, permutation_test_observed};
use crate::estimate::{Discrepancy, Estimate};
use crate::exact::Population;
use crate::measure::Samples;
use crate::sliced::{MaxSliced, Sliced};
use crate::transport::{CancelToken, Interrupt};

use super::catalogue::EPSILON;
use super::{Compare, EXACT, Entry, catalogue};

/// The most points on both sides together for which a comparison tests by permutation.
pub const LARGEST_TEST: usize = 5_000;

/// One discrepancy of the library between two samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Other {
    /// The name to ask for.
    pub key: &'static str,
    /// What it belongs to.
    pub group: &'static str,
    /// Its name in tables.
    pub name: String,
    /// The value with its evidence, or why there is none for these samples.
    pub outcome: Result<Estimate, Error>,
    /// How long it took.
    pub time: Duration,
}

/// The discrepancy of an entry, with the limits of those that may take long.
fn limited(entry: &Entry, seed: u64, interrupt: Interrupt) -> Box<dyn Discrepancy + '_> {
    let sinkhorn = |solver: Sinkhorn| Sinkhorn { interrupt: interrupt.clone(), ..solver };
    match entry.key {
        "population" => Box::new(Population::default().with_seed(seed).with_interrupt(interrupt)),
        "sinkhorn" => {
            let mut soft = EntropicWasserstein::relative(2.0, EPSILON);
            soft.solver = sinkhorn(soft.solver);
            Box::new(soft)
        }
        "sinkhorn-divergence" => Box::new(SinkhornDivergence::with_solver(sinkhorn(Sinkhorn::relative(EPSILON)))),
        "sw2" => Box::new(Sliced { seed, interrupt, ..Sliced::default() }),
        "max-sw2" => Box::new(MaxSliced { interrupt, ..MaxSliced::new(2.0).with_seed(seed) }),
        _ => Box::new(&*entry.discrepancy),
    }
}

impl Compare {
    /// What the others say, as far as time allows.
    pub(super) fn others(&self, x: &Samples, y: &Samples, start: Instant) -> (Vec<Other>, Option<PermutationTest>) {
        let points = x.len() + y.len();
        let is_cancelled = || self.cancel.as_ref().is_some_and(CancelToken::is_cancelled);
        let time_is_up = || self.time_limit.is_some_and(|limit| start.elapsed() >= limit) || is_cancelled();
        if points > self.others_up_to {
            return (Vec::new(), None);
        }
        let mut others = Vec::new();
        let is_row = |key: &str| EXACT.iter().any(|(name, _)| name.eq_ignore_ascii_case(key));
        for entry in catalogue().into_iter().filter(|entry| !is_row(entry.key)) {
            if time_is_up() {
                return (others, None);
            }
            let begun = Instant::now();
            let time = self.time_limit.map(|limit| limit.saturating_sub(start.elapsed()));
            let interrupt = Interrupt { iterations: None, time, cancel: self.cancel.clone() };
            let outcome = limited(&entry, self.seed, interrupt).between(x, y);
            let (name, time) = (entry.discrepancy.name(), begun.elapsed());
            others.push(Other { key: entry.key, group: entry.group, name, outcome, time });
        }
        if points > LARGEST_TEST || time_is_up() {
            return (others, None);
        }
        let options = Permutation::default().with_seed(self.seed);
        let test = permutation_test_observed(&Energy::default(), x, y, &options, &mut |_| !time_is_up());
        // Samples with weights cannot be permuted.
        (others, test.ok())
    }
}
