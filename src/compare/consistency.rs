//! Rows that cannot both be true.
//!
//! Everything that is known of one pair of samples is brought to one scale, on which two answers either overlap or exclude each other:
//! the transport rows to W₂ (W₁ ≤ W₂, Gelbrich ≤ W₂, max-SW₂ ≤ W₂, √d SW₂ ≤ W₂), the divergences to the total variation, by Pinsker,
//! Bretagnolle & Huber, and Lin (φ(TV) ≤ JS ≤ TV ln 2). Where two exclude each other, the one with the weaker evidence says so.

use std::f64::consts::LN_2;

use super::{Other, Row};
use crate::error::{Error, ErrorKind};
use crate::estimate::resample::PermutationTest;
use crate::estimate::{Estimate, Evidence, Kind, Note};

/// What two roundings of one number may differ by.
const ROUNDING: f64 = 1e-9;

/// A number between two ends.
type Range = [f64; 2];

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    /// W₂ itself, or what is at most W₂.
    W2 {
        /// What W₂ is at least, as a multiple of the row: √d for SW₂.
        at_least_row: bool,
    },
    Sw2,
    TotalVariation,
    JensenShannon,
    /// KL to either side.
    Kl {
        reverse: bool,
    },
}

/// A row as this file sees it.
struct Answer {
    /// Its place among the others; none for an exact row.
    at: Option<usize>,
    name: &'static str,
    quantity: Quantity,
    range: Range,
    trust: u8,
}

impl Quantity {
    fn of(key: &str) -> Option<(Self, &'static str)> {
        Some(match key {
            "w1" => (Self::W2 { at_least_row: true }, "W1"),
            "w2" => (Self::W2 { at_least_row: false }, "W2"),
            "sinkhorn" => (Self::W2 { at_least_row: false }, "W2 (Sinkhorn)"),
            "sw2" => (Self::Sw2, "SW2"),
            "max-sw2" => (Self::W2 { at_least_row: true }, "max-SW2"),
            "gelbrich" => (Self::W2 { at_least_row: true }, "the Gelbrich bound"),
            "kl" => (Self::Kl { reverse: false }, "KL (kNN)"),
            "reverse-kl" => (Self::Kl { reverse: true }, "reverse KL (kNN)"),
            "js" => (Self::JensenShannon, "JS (kNN)"),
            "js-classifier" => (Self::JensenShannon, "JS (classifier)"),
            "tv-classifier" => (Self::TotalVariation, "TV (classifier)"),
            _ => return None,
        })
    }

    fn is_transport(self) -> bool {
        matches!(self, Self::W2 { .. } | Self::Sw2)
    }

    /// The least and the largest value that there can be.
    fn limits(self) -> Range {
        match self {
            Self::TotalVariation => [0.0, 1.0],
            Self::JensenShannon => [0.0, LN_2],
            _ => [0.0, f64::INFINITY],
        }
    }

    /// What a row allows on the common scale: W₂, or the total variation.
    fn onto_scale(self, [lower, upper]: Range, dim: usize) -> Range {
        let (low, high) = (lower.max(0.0), upper.max(0.0));
        match self {
            Self::W2 { at_least_row: false } | Self::TotalVariation => [low, high],
            Self::W2 { at_least_row: true } => [low, f64::INFINITY],
            Self::Sw2 => [low * (dim as f64).sqrt(), f64::INFINITY],
            Self::JensenShannon => [low / LN_2, total_variation_below(high)],
            Self::Kl { .. } => [0.0, (0.5 * high).sqrt().min((-(-high).exp_m1()).sqrt())],
        }
    }

    /// What the common scale allows a row.
    fn off_scale(self, [lower, upper]: Range, dim: usize) -> Range {
        match self {
            Self::W2 { at_least_row: false } | Self::TotalVariation => [lower, upper],
            Self::W2 { at_least_row: true } => [0.0, upper],
            Self::Sw2 => [0.0, upper / (dim as f64).sqrt()],
            Self::JensenShannon => [binary_divergence(lower.min(1.0)), LN_2 * upper.min(1.0)],
            Self::Kl { .. } => [(2.0 * lower * lower).max(-(-(lower * lower).min(1.0)).ln_1p()), f64::INFINITY],
        }
    }
}

/// ((1 + t) ln(1 + t) + (1 − t) ln(1 − t)) / 2: the least JS of two distributions of total variation t.
fn binary_divergence(t: f64) -> f64 {
    let part = |mass: f64| if mass > 0.0 { 0.5 * mass * mass.ln() } else { 0.0 };
    part(1.0 + t) + part(1.0 - t)
}

/// The largest total variation of two distributions of that JS.
fn total_variation_below(js: f64) -> f64 {
    if js >= LN_2 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if binary_divergence(middle) <= js { low = middle } else { high = middle }
    }
    high
}

/// How much an answer is believed: proofs, then bounds that err to one side alone, then intervals, then what carries a warning.
fn trust(estimate: &Estimate) -> u8 {
    let warned = estimate.notes.iter().any(|note| {
        matches!(
            note,
            Note::Saturated { .. }
                | Note::SupportMismatch { .. }
                | Note::Ties { .. }
                | Note::Biased(_)
                | Note::NotConverged
        )
    });
    match (estimate.evidence, estimate.kind) {
        (Evidence::Exact | Evidence::Bounds { .. }, _) => 6,
        (
            Evidence::StandardError(_) | Evidence::Interval { .. } | Evidence::Asymmetric { .. },
            Kind::LowerBound | Kind::UpperBound,
        ) => 5,
        (Evidence::Interval { .. } | Evidence::Asymmetric { .. }, _) => {
            if warned {
                2
            } else {
                4
            }
        }
        (Evidence::StandardError(_), _) => {
            if warned {
                1
            } else {
                3
            }
        }
        _ => 0,
    }
}

/// What an estimate claims: its interval, and what is infinite by definition.
fn range(estimate: &Estimate) -> Range {
    let infinite = estimate.value == f64::INFINITY;
    [if infinite { 0.0 } else { estimate.lower() }, if infinite { f64::INFINITY } else { estimate.upper() }]
}

/// Notes on the rows that others exclude, and no value where it lies outside what can be.
pub(super) fn check(rows: &[Row], others: &mut [Other], dim: usize) {
    for other in others.iter_mut() {
        refuse_the_impossible(other);
    }
    let exact = rows.iter().filter_map(|row| {
        let (quantity, name) = Quantity::of(&row.name.to_ascii_lowercase())?;
        Some(Answer { at: None, name, quantity, range: range(&row.estimate()), trust: 7 })
    });
    let estimated = others.iter().enumerate().filter_map(|(at, other)| {
        let (estimate, (quantity, name)) = (other.outcome.as_ref().ok()?, Quantity::of(other.key)?);
        Some(Answer { at: Some(at), name, quantity, range: range(estimate), trust: trust(estimate) })
    });
    let answers: Vec<Answer> = exact.chain(estimated).collect();
    for (place, answer) in answers.iter().enumerate() {
        let Some(at) = answer.at else { continue };
        let stronger = answers.iter().enumerate().filter(|(other, by)| {
            // Of two that are believed alike the later one carries the note.
            by.quantity.is_transport() == answer.quantity.is_transport()
                && (by.trust > answer.trust || (by.trust == answer.trust && *other < place))
        });
        let excluded = stronger.filter_map(|(_, by)| {
            Some((by.trust, by.quantity == answer.quantity, by.name, excludes(by, answer, dim)?))
        });
        // The strongest evidence, and of that what is about the same quantity.
        let Some((.., by, (side, limit))) = excluded.max_by_key(|(trust, same, ..)| (*trust, *same)) else { continue };
        if let Ok(estimate) = &mut others[at].outcome {
            estimate.notes.push(Note::Contradicted { by, side, limit });
        }
    }
}

/// On which side `by` excludes `answer`, and what it allows there.
fn excludes(by: &Answer, answer: &Answer, dim: usize) -> Option<(Kind, f64)> {
    let allowed = if by.quantity == answer.quantity && by.quantity != (Quantity::W2 { at_least_row: true }) {
        by.range
    } else {
        answer.quantity.off_scale(by.quantity.onto_scale(by.range, dim), dim)
    };
    let [lower, upper] = answer.range;
    let slack = |limit: f64| ROUNDING * limit.abs().max(f64::MIN_POSITIVE);
    if upper < allowed[0] - slack(allowed[0]) {
        Some((Kind::LowerBound, allowed[0]))
    } else if lower > allowed[1] + slack(allowed[1]) {
        Some((Kind::UpperBound, allowed[1]))
    } else {
        None
    }
}

/// A value whose whole interval lies outside what the quantity can be is not a value.
fn refuse_the_impossible(other: &mut Other) {
    let (Ok(estimate), Some((quantity, _))) = (&other.outcome, Quantity::of(other.key)) else { return };
    let ([lower, upper], [least, most]) = (range(estimate), quantity.limits());
    if upper < least - ROUNDING || lower > most + ROUNDING {
        let why = format!(
            "the method gives {:.4}, and its whole interval lies outside {least} to {most:.4}: it does not fit these samples",
            estimate.value
        );
        other.outcome = Err(Error::new(other.name.clone(), ErrorKind::Unsupported(why.into())));
    }
}

/// A note on a kernel distance whose interval says another thing than the permutation test of the same statistic.
pub(super) fn check_against(test: &PermutationTest, other: &mut Other) {
    let Ok(estimate) = &mut other.outcome else { return };
    let is_told = matches!(estimate.evidence, Evidence::Interval { .. } | Evidence::Asymmetric { .. });
    if estimate.half_width().is_none() && !is_told {
        return;
    }
    let apart = estimate.lower() > 0.0;
    let p_value = test.p_value;
    if (apart && p_value > 0.05) || (!apart && p_value <= 0.01) {
        estimate.notes.push(Note::TestDisagrees { p_value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn other(key: &'static str, estimate: Estimate) -> Other {
        Other { key, group: "", name: key.to_string(), outcome: Ok(estimate), time: Duration::ZERO }
    }

    fn point(value: f64, error: f64) -> Estimate {
        Estimate::new(value, Evidence::StandardError(error), "test", (100, 100))
    }

    fn notes(others: &[Other], at: usize) -> Vec<String> {
        others[at].outcome.as_ref().unwrap().notes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn neighbours_and_a_classifier_that_exclude_each_other() {
        let mut others = [
            other("kl", point(0.2, 0.05)),
            other("js", point(0.135_69, 0.1)),
            other("js-classifier", point(0.680_794, 0.001_4).of_kind(Kind::LowerBound)),
        ];
        check(&[], &mut others, 4);
        assert_eq!(notes(&others, 1), ["contradicted by JS (classifier), by which it is at least 0.6781"]);
        // TV is at least 0.978 then, and KL at least 3.
        assert!(notes(&others, 0)[0].starts_with("contradicted by JS (classifier), by which it is at least 3."));
        assert!(notes(&others, 2).is_empty());
    }

    #[test]
    fn what_can_be_true_together_is_left_alone() {
        // N(0, 1) against N(1, 1), and a pair with KL infinite.
        for (kl, reverse, js, tv) in [(0.5, 0.5, 0.1114, 0.3829), (f64::INFINITY, 0.4, 0.3, 0.6), (0.0, 0.0, 0.0, 0.0)]
        {
            let mut others = [
                other("kl", point(kl, 0.01)),
                other("reverse-kl", point(reverse, 0.5)),
                other("js", point(js, 0.001)),
                other("tv-classifier", point(tv, 0.001).of_kind(Kind::LowerBound)),
            ];
            check(&[], &mut others, 1);
            assert!((0..4).all(|at| notes(&others, at).is_empty()), "{others:?}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_is_none() {
        let mut others =
            [other("js", point(-1.77, 0.03)), other("js", point(-0.01, 0.03)), other("kl", point(-0.5, 0.1))];
        check(&[], &mut others, 1);
        assert!(others[0].outcome.is_err() && others[1].outcome.is_ok() && others[2].outcome.is_err());
    }

    #[test]
    fn transport_rows_are_held_against_w2() {
        let bounds = |lower, upper| Estimate::new(lower, Evidence::Bounds { lower, upper }, "test", (9, 9));
        let mut others = [
            other("sinkhorn", bounds(2.0, 2.1)),
            other("gelbrich", bounds(2.2, f64::INFINITY)),
            other("sw2", point(1.6, 0.01)),
        ];
        check(&[], &mut others, 2);
        assert_eq!(notes(&others, 1), ["contradicted by W2 (Sinkhorn), by which it is at most 2.1"]);
        assert_eq!(notes(&others, 2), ["contradicted by W2 (Sinkhorn), by which it is at most 1.485"]);
    }

    #[test]
    fn the_inequalities_are_those_of_the_books() {
        // JS of Bernoulli pairs attains the lower curve, JS = TV ln 2 the upper one.
        assert!((binary_divergence(1.0) - LN_2).abs() < 1e-15 && binary_divergence(0.0) == 0.0);
        assert!((total_variation_below(binary_divergence(0.3)) - 0.3).abs() < 1e-12);
        let from_tv = Quantity::Kl { reverse: false }.off_scale([0.5, 1.0], 1);
        assert!((from_tv[0] - 0.5).abs() < 1e-15, "Pinsker: {from_tv:?}");
        assert!(Quantity::Kl { reverse: false }.off_scale([0.99, 1.0], 1)[0] > 3.9, "Bretagnolle and Huber");
    }
}
