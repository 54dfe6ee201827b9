//! What an estimate from samples cannot know.

use super::kind::{Base, Divergence};
use crate::estimate::{Estimate, Evidence, Kind, Note};
use crate::numeric::normal::normal_quantile;

/// The part of ln m from which an estimate of a logarithm of a ratio is held for saturated.
const SATURATED: f64 = 1.0 / 1.5;
/// The part of a finite ceiling from which an estimate is held for saturated.
const AT_CEILING: f64 = 0.97;
/// The least share of a sample that is worth a note.
pub(super) const SHARE: f64 = 0.01;

/// The largest value of a base that `sizes` points of P and Q can prove in a share `level` of all draws.
///
/// A share e of the mass of Q that lies where P does stays unseen in a share (1 − e)^m of all draws. Where that is more than 1 − level,
/// no lower bound that keeps its level is above the divergence between P and (1 − e) Q + e P, however far Q is from P: about
/// ln m − 1.3 for KL and 97.5 %. The same holds for mass of P in Q where a divergence has a ceiling. (McAllester & Stratos, "Formal
/// limitations on the measurement of mutual information", AISTATS 2020.)
pub(super) fn most_proven(base: Base, (n, m): (usize, usize), level: f64) -> f64 {
    let unseen = |points: usize| -((1.0 - level).ln() / points as f64).exp_m1();
    let (of_p, of_q) = (unseen(n), unseen(m));
    let most = base.term(1.0, of_q) + base.term(0.0, 1.0 - of_q);
    if matches!(base, Base::Power(a) if a >= 1.0) {
        return most;
    }
    most.min(base.term(of_p, 1.0) + base.term(1.0 - of_p, 0.0))
}

/// The largest value of a divergence that samples of these sizes can prove at `level`: see [`most_proven`].
pub(super) fn most_proven_of(divergence: Divergence, sizes: (usize, usize), level: f64) -> f64 {
    divergence.base().map_or(f64::INFINITY, |(base, _)| divergence.finish(most_proven(base, sizes, level)))
}

/// The level of a bound that is shown alone.
pub(super) const ALONE: f64 = 0.975;

/// About the largest value that samples can show, and the value from which an estimate is near it.
fn most_shown(divergence: Divergence, sizes: (usize, usize)) -> (f64, f64) {
    let m = sizes.1 as f64;
    let near = match divergence {
        d if d.ceiling().is_finite() => return (d.ceiling(), AT_CEILING * d.ceiling()),
        Divergence::ChiSquared => m.powf(SATURATED),
        Divergence::Tsallis(a) if a > 1.0 => m.powf(SATURATED * (a - 1.0)) / (a - 1.0),
        _ => SATURATED * m.ln(),
    };
    let most = most_proven_of(divergence, sizes, ALONE);
    (most, near.min(most))
}

/// The lower bounds of a divergence are none above what samples of these sizes can prove.
pub(super) fn proven(estimate: Estimate, divergence: Divergence, sizes: (usize, usize)) -> Estimate {
    proven_below(estimate, most_proven_of(divergence, sizes, ALONE))
}

/// A lower bound whose lower end is none above `ceiling`: its error is raised until it is so, and `Saturated` says it.
pub(super) fn proven_below(mut estimate: Estimate, ceiling: f64) -> Estimate {
    if estimate.kind != Kind::LowerBound || estimate.lower() <= ceiling {
        return estimate;
    }
    estimate.evidence = Evidence::StandardError((estimate.value - ceiling) / normal_quantile(ALONE));
    estimate.notes.retain(|note| !matches!(note, Note::Saturated { .. }));
    estimate.with_note(Note::Saturated { ceiling })
}

/// The log ratio ln p / q from which a point counts as one where Q has no points.
pub(super) fn out_of_support(m: usize) -> f64 {
    SATURATED * (m as f64).ln()
}

/// Adds `Saturated` where the value is near what so many points of P and Q can show.
pub(super) fn saturation(estimate: Estimate, divergence: Divergence, sizes: (usize, usize)) -> Estimate {
    let (ceiling, near) = most_shown(divergence, sizes);
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
