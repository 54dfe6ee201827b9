//! The laws of every discrepancy of the library: what each keeps, what it breaks and why, and what holds between them.

use earthwork::compare::catalogue;
use earthwork::divergence::{Divergence, Energy, LinearMmd, Mmd};
use earthwork::prelude::*;
use earthwork::testing::laws::{Case, Law, LawReport, Laws, Outcome, Support};

/// Holds a discrepancy to exactly these broken laws.
fn breaks(laws: Laws, d: &dyn Discrepancy, expected: &[Law]) -> LawReport {
    let report = laws.report(d);
    for law in Law::ALL {
        assert_eq!(report.keeps(law), !expected.contains(&law), "{law} of {report}");
    }
    report
}

fn exponent(report: &LawReport) -> Option<f64> {
    match report.outcome(Law::Scaling) {
        Outcome::Kept { exponent, .. } => *exponent,
        _ => None,
    }
}

/// All but points 10⁻⁶ apart: for a kernel of width 1 they are one point, but for rounding, of which the root is visible.
const VISIBLE: &[Support] = &[
    Support::Overlapping,
    Support::Touching,
    Support::Disjoint,
    Support::Nested,
    Support::LowerDimensional,
    Support::Duplicates,
    Support::Huge,
];

#[test]
fn wasserstein_distances() {
    let laws = Laws::default();
    assert_eq!(exponent(&breaks(laws, &Wasserstein { p: 1.0 }, &[])), Some(1.0));
    // W₂ is no convex function of mixtures, W₂² is: of two translates the roots of shares add up to more than the root.
    assert_eq!(exponent(&breaks(laws, &Wasserstein { p: 2.0 }, &[Law::Convexity])), Some(1.0));
}

#[test]
fn energy_distances() {
    // A projection may bring it up: it can move the points of one sample together.
    let laws = Laws::default();
    assert_eq!(exponent(&breaks(laws, &Energy::default(), &[Law::Triangle, Law::Projection])), Some(1.0));
    // A norm of the difference P − Q, and so a metric and convex; in roots of a length.
    assert_eq!(exponent(&breaks(laws, &Energy::metric(), &[Law::Projection])), Some(0.5));
    // Unbiased: negative now and then, and a point in two halves is a point that meets itself.
    let report = laws.report(&Energy::unbiased());
    for law in [Law::NonNegativity, Law::Identity, Law::Splitting] {
        assert!(!report.keeps(law), "{law} of {report}");
    }
    for law in [Law::Symmetry, Law::Translation, Law::Rotation, Law::Permutation, Law::SeesDistance] {
        assert!(report.keeps(law), "{law} of {report}");
    }
}

#[test]
fn maximum_mean_discrepancies() {
    // A kernel of fixed width has no units, and beyond a few widths everything is equally far.
    let laws = Laws::default().with_supports(VISIBLE);
    let always = [Law::Scaling, Law::Projection, Law::SeesDistance];
    breaks(laws, &Mmd::gaussian(1.0), &[&[Law::Triangle], &always[..]].concat());
    breaks(laws, &Mmd::gaussian(1.0).rooted(), &always);
    breaks(laws, &Mmd::laplace(0.5).rooted(), &always);
    // A width taken from the samples knows how many points there are, and grows with the distance that it should measure.
    let report = laws.report(&Mmd::default().rooted());
    assert!(!report.keeps(Law::Splitting) && !report.keeps(Law::SeesDistance), "{report}");
    assert_eq!(exponent(&report), Some(0.0), "{report}");
    // A polynomial knows where 0 is.
    let report = laws.report(&Mmd::cubic());
    assert!(!report.keeps(Law::Translation) && report.keeps(Law::SeesDistance), "{report}");
    // Pairs in the order given; not at all with weights.
    let report = laws.report(&LinearMmd::default());
    assert!(!report.keeps(Law::Permutation), "{report}");
}

#[test]
fn every_discrepancy_of_the_catalogue_has_values_and_reasons() {
    for entry in catalogue() {
        for support in Support::ALL {
            let case = Case::new(support, 9, 3);
            match entry.discrepancy.between(&case.x.samples(), &case.y.samples()) {
                Ok(estimate) => {
                    assert!(
                        !estimate.value.is_nan() && estimate.lower() <= estimate.upper(),
                        "{}: {estimate}",
                        entry.key
                    );
                    assert!(!estimate.method.is_empty());
                }
                Err(why) => assert!(!why.to_string().is_empty(), "{}", entry.key),
            }
        }
    }
}

fn holds(name: &str, sides: impl Fn(&Samples, &Samples) -> Result<(f64, f64)>) {
    let outcome = Laws::default().inequality(sides);
    assert!(matches!(outcome, Outcome::Kept { .. }), "{name}: {outcome:?}");
}

#[test]
fn inequalities_between_distances() {
    let w = |p: f64, x: &Samples, y: &Samples| wasserstein(x, y, p).map(|distance| distance.value);
    holds("W1 ≤ W2", |x, y| Ok((w(1.0, x, y)?, w(2.0, x, y)?)));
    holds("W2 ≤ W4", |x, y| Ok((w(2.0, x, y)?, w(4.0, x, y)?)));
    holds("distance of the means ≤ W1", |x, y| {
        let gap = x.mean().iter().zip(y.mean()).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
        Ok((gap, w(1.0, x, y)?))
    });
    holds("energy ≤ 2 W1", |x, y| Ok((Energy::default().between(x, y)?.value, 2.0 * w(1.0, x, y)?)));
    for sigma in [0.1, 1.0, 1e4] {
        // MMD² is a difference of numbers up to 2, and so its rounding is of that size.
        let mmd = Mmd::gaussian(sigma).rooted();
        holds("MMD ≤ W1 / σ", |x, y| Ok((mmd.between(x, y)?.value, w(1.0, x, y)? / sigma + 1e-7)));
        holds("MMD² ≤ 2", |x, y| Ok((Mmd::gaussian(sigma).between(x, y)?.value, 2.0)));
    }
    let broken = Laws::default().inequality(|x, y| Ok((w(2.0, x, y)?, w(1.0, x, y)?)));
    assert!(matches!(broken, Outcome::Broken(_)), "W2 is not at most W1");
}

/// Two distributions on the points of a case, as masses on one support: bins that either lacks, and shared ones.
fn on_one_support(x: &Samples, y: &Samples) -> Result<(Weights, Weights)> {
    let bin = |point: &[f64]| point.iter().fold(0_usize, |bin, v| bin * 3 + (v.abs() * 7.0) as usize % 3) % 9;
    let masses = |side: &Samples| {
        let mut masses = [0.0; 9];
        side.points().iter().zip(side.weights().as_slice()).for_each(|(point, mass)| masses[bin(point)] += mass);
        Weights::new(masses).map(|weights| weights.normalised())
    };
    Ok((masses(x)?, masses(y)?))
}

#[test]
fn inequalities_between_divergences() {
    use Divergence::{ChiSquared, Hellinger, JensenShannon, Kl, Renyi, TotalVariation};
    let both = |d: Divergence, x: &Samples, y: &Samples| -> Result<f64> {
        let (p, q) = on_one_support(x, y)?;
        d.between(&p, &q)
    };
    let ln2 = 2_f64.ln();
    holds("Pinsker: 2 TV² ≤ KL", |x, y| Ok((2.0 * both(TotalVariation, x, y)?.powi(2), both(Kl, x, y)?)));
    holds("JS ≤ ln 2 TV", |x, y| Ok((both(JensenShannon, x, y)?, ln2 * both(TotalVariation, x, y)?)));
    holds("TV² / 2 ≤ JS", |x, y| Ok((0.5 * both(TotalVariation, x, y)?.powi(2), both(JensenShannon, x, y)?)));
    holds("TV ≤ √2 H", |x, y| Ok((both(TotalVariation, x, y)?, 2_f64.sqrt() * both(Hellinger, x, y)?)));
    holds("H² ≤ TV", |x, y| Ok((both(Hellinger, x, y)?.powi(2), both(TotalVariation, x, y)?)));
    holds("KL ≤ ln(1 + χ²)", |x, y| Ok((both(Kl, x, y)?, both(ChiSquared, x, y)?.ln_1p())));
    for (less, more) in [(0.2, 0.5), (0.5, 0.9), (0.9, 1.5), (1.5, 3.0)] {
        holds("Rényi grows with its order", |x, y| Ok((both(Renyi(less), x, y)?, both(Renyi(more), x, y)?)));
    }
}

#[test]
#[ignore = "ten times as many cases: half a minute"]
fn more_cases_of_every_law() {
    let laws = Laws::default().with_cases(120).with_points(16).with_seed(1000).with_supports(VISIBLE);
    for (d, broken) in [
        (&Wasserstein { p: 1.0 } as &dyn Discrepancy, &[][..]),
        (&Wasserstein { p: 2.0 }, &[Law::Convexity]),
        (&Energy::default(), &[Law::Triangle, Law::Projection]),
        (&Energy::metric(), &[Law::Projection]),
        (&Mmd::gaussian(1.0).rooted(), &[Law::Scaling, Law::Projection, Law::SeesDistance]),
    ] {
        let report = laws.report(d);
        for law in Law::ALL {
            assert_eq!(report.keeps(law), !broken.contains(&law), "{law} of {report}");
        }
    }
}
