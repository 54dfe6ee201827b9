//! What supports a number, in a few words.
//!
//! "±" is half of the 95 % interval everywhere, and says of which draws: of the two samples, or of the directions of a method.

use earthwork::estimate::{Estimate, Evidence, Kind};

use crate::format;

/// The value of an estimate to `digits` digits, with ≥ or ≤ before a bound that nothing closes from the other side.
pub fn value(estimate: &Estimate, digits: usize) -> String {
    let number = match estimate.value {
        f64::INFINITY => "∞".to_string(),
        f64::NEG_INFINITY => "-∞".to_string(),
        value => format::number(value, digits),
    };
    match estimate.kind {
        Kind::LowerBound if estimate.upper() == f64::INFINITY && estimate.value < f64::INFINITY => {
            format!("≥ {number}")
        }
        Kind::UpperBound if estimate.lower() == f64::NEG_INFINITY => format!("≤ {number}"),
        _ => number,
    }
}

/// What supports an estimate, without its notes: proven bounds, "± 0.12 (95 %, sampling)", "≥ 0.6785 (97.5 %, sampling)", an interval.
pub fn support(estimate: &Estimate) -> String {
    let draws = estimate.randomness;
    match (estimate.evidence, estimate.kind) {
        (Evidence::Bounds { lower, upper: f64::INFINITY }, _) => format!("proven: ≥ {}", format::down(lower, 8)),
        (Evidence::Bounds { lower: f64::NEG_INFINITY, upper }, _) => format!("proven: ≤ {}", format::up(upper, 8)),
        (Evidence::Bounds { lower, upper }, _) => {
            format!("proven: {} ... {}", format::down(lower, 8), format::up(upper, 8))
        }
        (Evidence::StandardError(_), Kind::LowerBound) => {
            format!("≥ {} (97.5 %, {draws})", format::down(estimate.lower(), 4))
        }
        (Evidence::StandardError(_), Kind::UpperBound) => {
            format!("≤ {} (97.5 %, {draws})", format::up(estimate.upper(), 4))
        }
        (Evidence::StandardError(_), Kind::Point) => {
            format!("± {} (95 %, {draws})", format::number(estimate.half_width().unwrap_or(0.0), 2))
        }
        (Evidence::Interval { lower, upper: f64::INFINITY, level }, _) => {
            format!("≥ {} ({}, {draws})", format::down(lower, 4), format::percent(level))
        }
        (Evidence::Interval { lower: f64::NEG_INFINITY, upper, level }, _) => {
            format!("≤ {} ({}, {draws})", format::up(upper, 4), format::percent(level))
        }
        // An interval that ends where values do is a bound.
        (Evidence::Asymmetric { lower, upper, level, .. }, _) if lower <= 0.0 => {
            format!("≤ {} ({}, {draws})", format::up(upper, 4), format::percent(0.5 + 0.5 * level))
        }
        (Evidence::Interval { lower, upper, level } | Evidence::Asymmetric { lower, upper, level, .. }, _) => {
            format!("{} ... {} ({}, {draws})", format::down(lower, 4), format::up(upper, 4), format::percent(level))
        }
        (Evidence::Exact, _) => "exact".to_string(),
        _ => "no error known".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use earthwork::estimate::Randomness;

    #[test]
    fn a_bound_is_shown_as_one() {
        let estimate = |evidence| Estimate::new(0.680_794, evidence, "test", (10, 20));
        let error = Evidence::StandardError(0.001_4);
        assert_eq!(support(&estimate(error)), "± 0.0027 (95 %, sampling)");
        let bound = estimate(error).of_kind(Kind::LowerBound);
        assert_eq!((value(&bound, 3), support(&bound)), ("≥ 0.681".into(), "≥ 0.6780 (97.5 %, sampling)".into()));
        let directions = estimate(error).with_randomness(Randomness::Directions);
        assert_eq!(support(&directions), "± 0.0027 (95 %, directions)");
        let open = estimate(Evidence::Bounds { lower: 0.5, upper: f64::INFINITY }).of_kind(Kind::LowerBound);
        assert_eq!((value(&open, 3), support(&open)), ("≥ 0.681".into(), "proven: ≥ 0.50000000".into()));
        let closed = estimate(Evidence::Bounds { lower: 0.5, upper: 0.75 }).of_kind(Kind::UpperBound);
        assert_eq!((value(&closed, 3), support(&closed)), ("0.681".into(), "proven: 0.50000000 ... 0.75000000".into()));
    }
}
