//! The laws of every discrepancy of the library: what each keeps, what it breaks and why, and what holds between them.

use earthwork::closed_form::Gelbrich;
use earthwork::compare::catalogue;
use earthwork::divergence::{Bandwidth, Classifier, Divergence, Energy, Kernel, Knn, LinearMmd, Mmd};
use earthwork::entropic::{EntropicWasserstein, Sinkhorn, SinkhornDivergence};
use earthwork::estimate::resample::{self, Permutation, Resampling, permutation_test};
use earthwork::prelude::*;
use earthwork::sliced::{Amount, MaxSliced, PartialSliced, Sliced};
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
    // W₂ is not a convex function of mixtures, W₂² is: of two translates the roots of shares add up to more than the root.
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
    for law in [Law::NonNegativity, Law::Splitting] {
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
    let report = laws.report(&Mmd::new(Kernel::Gaussian(Bandwidth::Median)).rooted());
    assert!(!report.keeps(Law::Splitting) && !report.keeps(Law::SeesDistance), "{report}");
    assert_eq!(exponent(&report), Some(0.0), "{report}");
    // A polynomial knows where 0 is.
    let report = laws.report(&Mmd::cubic());
    assert!(!report.keeps(Law::Translation) && report.keeps(Law::SeesDistance), "{report}");
    // Pairs in the order given; not at all with weights.
    let report = laws.report(&LinearMmd::default());
    assert!(!report.keeps(Law::Permutation), "{report}");
}

/// Holds a discrepancy to some laws, and to breaking others; the rest is not said.
fn keeps(laws: Laws, d: &dyn Discrepancy, kept: &[Law], broken: &[Law]) -> LawReport {
    let report = laws.report(d);
    for law in kept {
        assert!(report.keeps(*law), "{law} of {report}");
    }
    for law in broken {
        assert!(matches!(report.outcome(*law), Outcome::Broken(_)), "{law} of {report}");
    }
    report
}

/// What holds for all that knows neither where 0 is, nor the order of the points.
const GEOMETRIC: [Law; 3] = [Law::Translation, Law::Rotation, Law::Permutation];

#[test]
fn entropic_distances() {
    let mut laws = Laws::default().with_cases(4);
    // Iterations end at a tolerance, not at rounding.
    laws.tolerance = 1e-6;
    let solver = Sinkhorn::relative(0.05).with_tolerance(1e-10);
    let divergence = SinkhornDivergence::with_solver(solver.clone());
    let always = [&GEOMETRIC[..], &[Law::NonNegativity, Law::Symmetry, Law::Splitting, Law::SeesDistance]].concat();
    let report = keeps(laws, &divergence, &[&always[..], &[Law::Identity]].concat(), &[Law::Triangle]);
    assert_eq!(exponent(&report), Some(2.0), "{report}");
    // What ε blurs is a distance too, also to itself.
    let mut soft = EntropicWasserstein::relative(2.0, 0.05);
    soft.solver = solver;
    let report = keeps(laws, &soft, &always, &[Law::Identity]);
    assert_eq!(exponent(&report), Some(1.0), "{report}");
}

#[test]
fn sliced_distances() {
    let laws = Laws::default().with_cases(4);
    let metric = [Law::NonNegativity, Law::Identity, Law::Symmetry, Law::Triangle, Law::Translation, Law::Permutation];
    let always = [&metric[..], &[Law::Splitting, Law::SeesDistance]].concat();
    // A metric along any fixed directions, which do not turn with the points.
    let mut sliced = Sliced::new(2.0).with_directions(20);
    sliced.control_variates = false;
    let report = keeps(laws, &sliced, &always, &[Law::Rotation]);
    assert_eq!(exponent(&report), Some(1.0), "{report}");
    // Of equal masses all of it moves; a part of it may find what both have in common, and a price is a ceiling.
    let whole = PartialSliced::new(1.0, Amount::Share(1.0)).with_directions(20);
    keeps(laws, &whole, &always, &[Law::Rotation]);
    let part = PartialSliced::new(1.0, Amount::Share(0.5)).with_directions(20);
    keeps(laws, &part, &[Law::NonNegativity, Law::Identity, Law::Symmetry, Law::SeesDistance], &[Law::Triangle]);
    let priced = PartialSliced::new(1.0, Amount::Penalty(0.3)).with_directions(20);
    keeps(laws, &priced, &metric, &[Law::SeesDistance]);
    keeps(laws, &MaxSliced::new(2.0), &[Law::NonNegativity, Law::Identity, Law::SeesDistance], &[]);
    keeps(laws, &Gelbrich, &[Law::NonNegativity, Law::SeesDistance], &[]);
}

#[test]
fn divergences_by_neighbours_and_classifiers() {
    // An estimate of what the points were drawn from: no metric, and beyond some distance it no longer sees any.
    let laws = Laws::default().with_cases(4).with_points(12).with_supports(&[Support::Overlapping, Support::Disjoint]);
    // (Of sizes that differ, parts of the larger sample are compared; which, a rotation changes.)
    let kept = [Law::Translation, Law::Permutation, Law::Symmetry];
    let js = keeps(laws, &Knn::js().with_k(2), &kept, &[Law::SeesDistance]);
    assert_eq!(exponent(&js), Some(0.0), "{js}");
    let kl = keeps(laws, &Knn::kl().with_k(2), &GEOMETRIC, &[Law::Symmetry]);
    assert_eq!(exponent(&kl), Some(0.0), "{kl}");
    keeps(laws, &Classifier::new(Divergence::JensenShannon), &[], &[Law::SeesDistance]);
}

#[test]
fn every_discrepancy_of_the_catalogue_can_be_resampled() {
    let draw = |n: usize, seed: u64| Gaussian::standard(2).unwrap().sample(n, seed).unwrap();
    let (x, y) = (draw(30, 1), Samples::new(draw(26, 2).points().view().mapv(|v| 1.5 * v + 1.0)).unwrap());
    for entry in catalogue() {
        let d = &entry.discrepancy;
        let found = resample::interval(d, &x, &y, &Resampling::default().with_replicates(19)).unwrap();
        assert!(found.lower() < found.upper(), "{}: {found}", entry.key);
        let found = resample::std_error(d, &x, &y).unwrap();
        assert!(found.std_error().unwrap() > 0.0, "{}: {found}", entry.key);
        let test = permutation_test(d, &x, &y, &Permutation::new(19)).unwrap();
        assert!((0.05..=1.0).contains(&test.p_value), "{}: {test:?}", entry.key);
    }
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
