use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::estimate::{Estimate, Evidence};

/// |mean x − mean y|^power in the first coordinate, plus `offset`: breaks some laws, and it is known which.
struct Gap {
    power: i32,
    offset: f64,
}

impl Discrepancy for Gap {
    fn name(&self) -> String {
        "gap".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let value = (x.mean()[0] - y.mean()[0]).abs().powi(self.power) + self.offset;
        Ok(Estimate::new(value, Evidence::Exact, "gap", (x.len(), y.len())))
    }
}

/// Looks at the first point alone, and has no value beyond one point.
struct First {
    refuse: bool,
}

impl Discrepancy for First {
    fn name(&self) -> String {
        "first".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        if self.refuse {
            return Err(Error::new("x", crate::error::ErrorKind::Empty("reason")));
        }
        let value = (x.point(0)[0] - y.point(0)[0]).abs();
        Ok(Estimate::new(value, Evidence::Exact, "first", (x.len(), y.len())))
    }
}

#[test]
fn laws_that_hold_are_kept() {
    let report = Laws::default().report(&Gap { power: 1, offset: 0.0 });
    for law in Law::ALL {
        // The gap of first coordinates turns with the axes.
        assert_eq!(report.keeps(law), law != Law::Rotation, "{report}");
    }
    assert!(matches!(report.outcome(Law::Scaling), Outcome::Kept { exponent: Some(k), .. } if *k == 1.0));
    let squared = Laws::default().report(&Gap { power: 2, offset: 0.0 });
    assert!(!squared.keeps(Law::Triangle) && squared.keeps(Law::Symmetry), "{squared}");
    assert!(matches!(squared.outcome(Law::Scaling), Outcome::Kept { exponent: Some(k), .. } if *k == 2.0));
}

#[test]
fn broken_laws_come_with_the_smallest_case() {
    let report = Laws::default().report(&Gap { power: 1, offset: -0.5 });
    let Outcome::Broken(example) = report.outcome(Law::NonNegativity) else { panic!("{report}") };
    assert_eq!((example.case.x.points.len(), example.case.y.points.len()), (1, 1), "{example}");
    assert!(!report.keeps(Law::Identity) && !report.keeps(Law::Scaling), "{report}");
    let text = report.to_string();
    assert!(text.contains("identity: broken, -0.500000 = d(x, x) is not 0.000000, x = {"), "{text}");
    let order = Laws::default().outcome(&First { refuse: false }, Law::Permutation);
    let Outcome::Broken(example) = order else { panic!("{order:?}") };
    assert!(example.case.x.points.len() + example.case.y.points.len() <= 3, "{example}");
}

#[test]
fn what_has_no_value_is_no_counterexample() {
    let report = Laws::default().report(&First { refuse: true });
    let expected = Outcome::Refused("x: it is empty; at least one reason is needed".into());
    assert!(report.outcomes.iter().all(|(_, outcome)| *outcome == expected), "{report}");
}

/// A gap that takes no weights, and grows by the rounding of a sum in the order of the points.
struct Plain;

impl Discrepancy for Plain {
    fn name(&self) -> String {
        "plain".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        if !x.weights().is_uniform() || !y.weights().is_uniform() {
            return Err(Error::new("x", crate::error::ErrorKind::Unsupported("it takes no weights".into())));
        }
        let value = (x.mean()[0] - y.mean()[0]).abs() * (1.0 + 1e-8 * x.point(0)[0].abs());
        Ok(Estimate::new(value, Evidence::Exact, "plain", (x.len(), y.len())))
    }
}

#[test]
fn what_takes_no_weights_is_tried_without_them() {
    let report = Laws::default().report(&Plain);
    assert!(
        matches!(report.outcome(Law::Convexity), Outcome::NotApplicable(why) if why.contains("no weights")),
        "{report}"
    );
    assert!(report.keeps(Law::NonNegativity) && report.to_string().contains("not applicable"), "{report}");
}

#[test]
fn inequalities_are_tried_on_the_same_cases() {
    let gap = |x: &Samples, y: &Samples| (x.mean()[0] - y.mean()[0]).abs();
    assert!(matches!(Laws::default().inequality(|x, y| Ok((gap(x, y), 1.5 * gap(x, y)))), Outcome::Kept { .. }));
    let broken = Laws::default().inequality(|x, y| Ok((gap(x, y), 1.0)));
    assert!(
        matches!(&broken, Outcome::Broken(example) if example.found.contains("is more than 1.000000")),
        "{broken:?}"
    );
}

#[test]
fn supports_lie_as_their_names_say() {
    let reach = |cloud: &Cloud| {
        let first = cloud.points.iter().map(|point| point[0]);
        (first.clone().fold(f64::MAX, f64::min), first.fold(f64::MIN, f64::max))
    };
    for seed in 0..20 {
        let ends = |support| {
            let case = Case::new(support, 6, seed);
            (reach(&case.x), reach(&case.y))
        };
        let (x, y) = ends(Support::Disjoint);
        assert!(y.0 - x.1 >= 3.0, "{x:?} {y:?}");
        let (x, y) = ends(Support::Touching);
        assert_eq!((x.1, y.0), (1.0, 1.0));
        let (_, y) = ends(Support::Nested);
        assert!(y.0 >= 0.45 && y.1 <= 0.55);
        assert!(Case::new(Support::Tiny, 6, seed).width() <= 1e-6);
        assert!(Case::new(Support::Huge, 6, seed).width() <= 1e6);
        assert_eq!(Case::new(Support::Duplicates, 6, seed), Case::new(Support::Duplicates, 6, seed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn strategies_give_samples((x, y) in strategies::pairs(5), (a, b) in strategies::weights(6)) {
        prop_assert!(x.dim() == y.dim() && x.len() <= 5);
        prop_assert!((x.total() - 1.0).abs() < 1e-12);
        prop_assert_eq!(a.len(), b.len());
        prop_assert!((a.total() - 1.0).abs() < 1e-12 && (b.total() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_counterexample_shows_the_digits_that_differ() {
    let text = super::checks::two(0.123_456_789_012, "is not", 0.123_456_789_013);
    assert_eq!(text, "1.23456789012e-1 is not 1.23456789013e-1");
    assert_eq!(super::checks::two(0.25, "is not", 0.5), "0.250000 is not 0.500000");
}
