//! The discrepancies beside exact W₁ and W₂, and the permutation test.

use std::fmt;
use std::time::{Duration, Instant};

use crate::divergence::{Energy, Mmd};
use crate::entropic::{EntropicWasserstein, Sinkhorn, SinkhornDivergence};
use crate::error::Error;
use crate::estimate::resample::{Permutation, permutation_test_observed};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::exact::Population;
use crate::measure::Samples;
use crate::sliced::{MaxSliced, Sliced};
use crate::transport::{CancelToken, Interrupt};

use super::catalogue::EPSILON;
use super::{Compare, EXACT, Entry, Part, catalogue};

/// The most points on both sides together for which a comparison tests by permutation.
pub const LARGEST_TEST: usize = 5_000;
/// The most points for which MMD is held against a permutation test of its own, and its permutations.
const LARGEST_CHECK: (usize, usize) = (2_000, 199);
/// The most columns for the rows that need covariances of all of them.
const WIDEST: usize = 4_096;
/// What a comparison calls its test where it is left out.
const TEST: &str = "two-sample test (energy distance)";

/// One discrepancy of the library between two samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Other {
    /// The name to ask for.
    pub key: &'static str,
    /// What it belongs to.
    pub group: &'static str,
    /// The name in tables.
    pub name: String,
    /// The value with its evidence, or why there is none for these samples.
    pub outcome: Result<Estimate, Error>,
    /// How long it took.
    pub time: Duration,
}

/// A row or a test that a comparison did not compute.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// The name in tables.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// Why a comparison left something out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It takes time quadratic in the number of points, and there are more on both sides together than this.
    Size {
        /// The most points.
        most: usize,
    },
    /// It needs the covariances of all columns, and there are more than this.
    Columns {
        /// The most columns.
        most: usize,
    },
    /// The time limit came first, or the work was cancelled.
    Time,
    /// These samples do not allow it.
    Refused(Error),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { most } => write!(f, "more than {most} points on both sides together"),
            Self::Columns { most } => write!(f, "more than {most} columns"),
            Self::Time => write!(f, "ended early"),
            Self::Refused(why) => write!(f, "{why}"),
        }
    }
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

/// The rows beside the exact ones.
fn entries() -> impl Iterator<Item = Entry> {
    let is_row = |key: &str| EXACT.iter().any(|(name, _)| name.eq_ignore_ascii_case(key));
    catalogue().into_iter().filter(move |entry| !is_row(entry.key))
}

/// What a comparison beside its exact rows is still to have after `found` of them, and why it is left out.
pub(super) fn rest(found: usize, tested: bool, reason: &Reason) -> Vec<LeftOut> {
    let names = entries().skip(found).map(|entry| entry.discrepancy.name());
    let test = (!tested).then(|| TEST.to_string());
    names.chain(test).map(|name| LeftOut { name, reason: reason.clone() }).collect()
}

/// Whether both samples hold the same rows with the same shares of the mass, in any order: then they are 0 apart by any measure.
fn same_rows(x: &Samples, y: &Samples) -> bool {
    if x.len() != y.len() || x.dim() != y.dim() {
        return false;
    }
    let sorted = |side: &Samples| {
        let mut order: Vec<usize> = (0..side.len()).collect();
        let weight = |i: usize| side.weights().as_slice()[i] / side.total();
        order.sort_by(|&i, &j| {
            let pairs = side.point(i).iter().zip(side.point(j));
            let by_point = pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
            by_point.unwrap_or_else(|| weight(i).total_cmp(&weight(j)))
        });
        order
    };
    let weight = |side: &Samples, i: usize| side.weights().as_slice()[i] / side.total();
    sorted(x).into_iter().zip(sorted(y)).all(|(i, j)| x.point(i) == y.point(j) && weight(x, i) == weight(y, j))
}

impl Compare {
    /// What the others say, as far as time allows, each handed over as it comes.
    pub(super) fn others(&self, x: &Samples, y: &Samples, start: Instant, receive: &mut dyn FnMut(Part)) {
        let points = x.len() + y.len();
        let is_cancelled = || self.cancel.as_ref().is_some_and(CancelToken::is_cancelled);
        let time_is_up = || self.time_limit.is_some_and(|limit| start.elapsed() >= limit) || is_cancelled();
        let leave = |left: Vec<LeftOut>, receive: &mut dyn FnMut(Part)| {
            left.into_iter().for_each(|left| receive(Part::LeftOut(left)));
        };
        if points > self.others_up_to {
            // Nobody misses what was not asked for.
            if self.others_up_to > 0 {
                leave(rest(0, false, &Reason::Size { most: self.others_up_to }), receive);
            }
            return;
        }
        let same = same_rows(x, y);
        for (found, entry) in entries().enumerate() {
            if time_is_up() {
                return leave(rest(found, false, &Reason::Time), receive);
            }
            if x.dim() > WIDEST && (entry.key == "gelbrich" || entry.group.starts_with("divergence")) {
                let (name, reason) = (entry.discrepancy.name(), Reason::Columns { most: WIDEST });
                receive(Part::LeftOut(LeftOut { name, reason }));
                continue;
            }
            let begun = Instant::now();
            let time = self.time_limit.map(|limit| limit.saturating_sub(start.elapsed()));
            let interrupt = Interrupt { time, cancel: self.cancel.clone(), ..Interrupt::default() };
            let outcome = if same {
                let zero = Estimate::new(0.0, Evidence::Exact, "equal samples", (x.len(), y.len()));
                Ok(zero.with_note(Note::SameSample))
            } else {
                limited(&entry, self.seed, interrupt).between(x, y)
            };
            let (name, time) = (entry.discrepancy.name(), begun.elapsed());
            receive(Part::Other(Other { key: entry.key, group: entry.group, name, outcome, time }));
        }
        if points > LARGEST_TEST {
            return leave(rest(usize::MAX, false, &Reason::Size { most: LARGEST_TEST }), receive);
        }
        if time_is_up() {
            return leave(rest(usize::MAX, false, &Reason::Time), receive);
        }
        let options = Permutation::default().with_seed(self.seed);
        match permutation_test_observed(&Energy::default(), x, y, &options, &mut |_| !time_is_up()) {
            Ok(test) => receive(Part::Test(test)),
            Err(why) => leave(rest(usize::MAX, false, &Reason::Refused(why)), receive),
        }
        let (most, permutations) = LARGEST_CHECK;
        if points <= most && !time_is_up() {
            let options = Permutation::new(permutations).with_seed(self.seed);
            if let Ok(test) = permutation_test_observed(&Mmd::default(), x, y, &options, &mut |_| !time_is_up()) {
                receive(Part::MmdTest(test));
            }
        }
    }
}
