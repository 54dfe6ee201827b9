//! What an estimate from samples cannot know.

use super::kind::Divergence;
use crate::estimate::{Estimate, Kind, Note};

/// The part of ln m from which an estimate of a logarithm of a ratio is held for saturated.
const SATURATED: f64 = 1.0 / 1.5;
/// The part of a finite ceiling from which an estimate is held for saturated.
const AT_CEILING: f64 = 0.97;
/// The least share of a sample that is worth a note.
pub(super) const SHARE: f64 = 0.01;

/// About the largest value that `m` points of Q can show, and the value from which an estimate is near it.
///
/// A ratio p / q above m asks for a point of Q where m points have none: no estimate can tell ln m from anything above.
fn most_shown(divergence: Divergence, m: usize) -> (f64, f64) {
    let m = m as f64;
    match divergence {
        d if d.ceiling().is_finite() => (d.ceiling(), AT_CEILING * d.ceiling()),
        Divergence::ChiSquared => (m, m.powf(SATURATED)),
        Divergence::Tsallis(a) if a > 1.0 => (m.powf(a - 1.0) / (a - 1.0), m.powf(SATURATED * (a - 1.0)) / (a - 1.0)),
        _ => (m.ln(), SATURATED * m.ln()),
    }
}

/// The log ratio ln p / q from which a point counts as one where Q has no points.
pub(super) fn out_of_support(m: usize) -> f64 {
    SATURATED * (m as f64).ln()
}

/// Adds `Saturated` where the value is near what `m` points can show.
pub(super) fn saturation(estimate: Estimate, divergence: Divergence, m: usize) -> Estimate {
    let (ceiling, near) = most_shown(divergence, m);
    if estimate.value >= near { estimate.with_note(Note::Saturated { ceiling }) } else { estimate }
}

/// Adds `SupportMismatch` where the share is worth a note.
pub(super) fn mismatch(estimate: Estimate, share: f64) -> Estimate {
    if share >= SHARE { estimate.with_note(Note::SupportMismatch { share }) } else { estimate }
}

/// Adds `Ties` where there are some.
pub(super) fn ties(estimate: Estimate, points: usize) -> Estimate {
    if points > 0 { estimate.with_note(Note::Ties { points }) } else { estimate }
}

/// Adds `Biased` where the drift of the estimate with its smoothing is beyond chance: an estimate that falls as it is smoothed
/// more is already too small.
pub(super) fn bias(estimate: Estimate, drift: f64, drift_error: f64) -> Estimate {
    if drift.abs() <= 3.0 * drift_error {
        return estimate;
    }
    estimate.with_note(Note::Biased(if drift < 0.0 { Kind::LowerBound } else { Kind::UpperBound }))
}
