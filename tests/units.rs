//! A distance has no unit: whoever asks for W₁ or W₂, at coordinates of 10^±170 the answer is that at 1, in the other unit.

use earthwork::closed_form::{Moments, bures_wasserstein, gelbrich, mixture_distance};
use earthwork::compare::Compare;
use earthwork::cost::PNorm;
use earthwork::entropic::EntropicWasserstein;
use earthwork::estimate::resample::{Resampling, interval};
use earthwork::exact::{Population, circle, pairwise_distances};
use earthwork::prelude::*;
use earthwork::sliced::{GeneralisedSliced, MaxSliced, Sliced, SubspaceRobust};
use earthwork::transport::Root;
use ndarray::Array2;
use proptest::prelude::*;
use std::sync::Arc;

/// Powers of two, so that scaling rounds nothing.
const LARGE: i32 = 565;

fn scaled(samples: &Samples, s: f64) -> Samples {
    Samples::with_weights(samples.points().view().mapv(|v| v * s), samples.weights().clone()).unwrap()
}

fn first_column(samples: &Samples) -> Samples {
    let first: Vec<f64> = samples.points().iter().map(|point| point[0]).collect();
    Samples::with_weights(Points::from_rows(first, 1).unwrap(), samples.weights().clone()).unwrap()
}

/// Every way to ask for W₁ (of uniform samples).
fn first_order(x: &Samples, y: &Samples) -> Vec<(&'static str, Estimate)> {
    let mut found = both_orders(x, y, 1.0);
    let bracket = Population::default().bracket(x, y).unwrap();
    found.extend([
        ("population", bracket.estimate()),
        ("population, lower", bracket.lower),
        ("population, upper", bracket.upper),
    ]);
    found
}

/// Every way to ask for W₂, or for what bounds it.
fn second_order(x: &Samples, y: &Samples) -> Vec<(&'static str, Estimate)> {
    let mut found = both_orders(x, y, 2.0);
    let gaussian = |side: &Samples| {
        Moments::new(side.point(0).to_vec(), Array2::<f64>::zeros((side.dim(), side.dim())).view()).unwrap()
    };
    let mut subspace = SubspaceRobust::new(1);
    subspace.steps = 3;
    found.extend([
        ("gelbrich", gelbrich(x, y).unwrap()),
        ("subspace", subspace.solve(x, y).unwrap().estimate()),
        ("Gaussians", bures_wasserstein(&gaussian(x), &gaussian(y)).unwrap()),
    ]);
    found
}

fn both_orders(x: &Samples, y: &Samples, p: f64) -> Vec<(&'static str, Estimate)> {
    let compared = Compare::default().exact_only().between(x, y).unwrap();
    let row = compared.row(&format!("W{p}")).unwrap().estimate();
    let (problem, root) = Root::pose_under(x, y, Arc::new(PNorm::wasserstein(p).unwrap())).unwrap();
    let resampling = Resampling::default().with_replicates(8);
    let period = 1e3 * x.points().as_slice().iter().fold(0.0_f64, |most, v| most.max(v.abs())).log2().ceil().exp2();
    let (line_x, line_y) = (first_column(x), first_column(y));
    let function = |k: usize, point: &[f64]| point[k];
    vec![
        ("wasserstein", wasserstein(x, y, p).unwrap()),
        ("Wasserstein", Wasserstein { p }.between(x, y).unwrap()),
        ("line", wasserstein(&line_x, &line_y, p).unwrap()),
        ("circle", circle(&line_x, &line_y, period, p).unwrap()),
        ("compare", row),
        ("pairwise", pairwise_distances(&[x.clone(), y.clone()], p).unwrap().get(0, 1).unwrap().clone()),
        ("a posed problem", root.estimate(&solve(&problem).unwrap().summary())),
        ("a batch", root.estimate(&earthwork::exact::batch(std::slice::from_ref(&problem)).unwrap()[0].summary())),
        ("interval", interval(&Wasserstein { p }, x, y, &resampling).unwrap()),
        ("Sinkhorn", EntropicWasserstein::relative(p, 0.1).between(x, y).unwrap()),
        ("sliced bounds", Sliced::new(p).with_directions(20).bounds(x, y).unwrap()),
        ("best plan", Sliced::new(p).with_directions(20).best_plan(x, y).unwrap().estimate()),
        ("sliced", Sliced::new(p).with_directions(20).between(x, y).unwrap()),
        ("max-sliced", MaxSliced::new(p).between(x, y).unwrap()),
        ("generalised sliced", GeneralisedSliced::new(p, x.dim(), function).between(x, y).unwrap()),
    ]
}

/// Values and both ends at one scale are those at 1 in the other unit.
fn assert_same(found: &[(&str, Estimate)], one: &[(&str, Estimate)], s: f64, digits: f64) {
    for ((name, found), (_, one)) in found.iter().zip(one) {
        for (what, found, one) in [
            ("value", found.value, one.value),
            ("lower", found.lower(), one.lower()),
            ("upper", found.upper(), one.upper()),
        ] {
            // Entropic values move with the tolerance of the solve, the ends of other intervals with rounding near 0.
            let digits = if *name == "Sinkhorn" { digits.max(1e-5) } else { digits };
            let same = found / s == one || (found / s - one).abs() <= digits * one.abs().max(1e-3);
            assert!(same, "{name} at {s:e}: the {what} is {:e} and not {one:e}", found / s);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_distance_is_the_same_number_in_any_unit(
        seed in 0..1000_u64,
        dim in 2..4_usize,
        sizes in (8..14_usize, 8..14_usize),
    ) {
        let cloud = |n, seed| Gaussian::standard(dim).unwrap().sample(n, seed).unwrap();
        let (x, y) = (cloud(sizes.0, seed), cloud(sizes.1, seed + 1000));
        for ask in [first_order, second_order] {
            let one = ask(&x, &y);
            for power in [-LARGE, LARGE] {
                let s = f64::from(power).exp2();
                assert_same(&ask(&scaled(&x, s), &scaled(&y, s)), &one, s, 1e-12);
            }
            for s in [1e-170, 1e170] {
                // Scaling rounds each coordinate.
                assert_same(&ask(&scaled(&x, s), &scaled(&y, s)), &one, s, 1e-9);
            }
        }
    }
}

#[test]
fn what_a_comparison_says_of_columns_and_flows_has_no_unit() {
    let cloud = |seed| Gaussian::standard(3).unwrap().sample(30, seed).unwrap();
    let (x, y) = (cloud(1), cloud(2));
    let one = Compare::default().between(&x, &y).unwrap();
    for power in [-LARGE, LARGE] {
        let s = f64::from(power).exp2();
        let found = Compare::default().between(&scaled(&x, s), &scaled(&y, s)).unwrap();
        for (found, one) in found.columns.iter().zip(&one.columns) {
            assert_eq!((found.share, found.shift), (one.share, one.shift));
            assert_eq!((found.source_mean / s, found.target_mean / s), (one.source_mean, one.target_mean));
        }
        assert_eq!(found.flows.len(), one.flows.len());
        for (found, one) in found.flows.iter().zip(&one.flows) {
            assert_eq!((found.share, found.cost_share, found.entries), (one.share, one.cost_share, one.entries));
            assert!(found.from.iter().zip(&one.from).all(|(found, one)| found / s == *one));
        }
        // Divergences have no unit; of what is a length or a square of one, each gives its number or says why not.
        for (found, one) in found.others.iter().zip(&one.others) {
            let Ok(estimate) = &found.outcome else { continue };
            let unit = if found.group == "transport" { s } else { 1.0 };
            let (value, expected) = (estimate.value / unit, one.outcome.as_ref().unwrap().value);
            let is_square = matches!(found.key, "energy" | "sinkhorn-divergence");
            assert!(
                is_square || (value - expected).abs() <= 1e-4 * expected.abs(),
                "{}: {estimate}, {expected:e}",
                found.name
            );
        }
    }
}

#[test]
fn mixtures_far_apart_have_a_distance() {
    let at = |s: f64| {
        let bump = |x: f64| Gaussian::new([x * s, 0.0], ndarray::array![[1.0, 0.0], [0.0, 1.0]].view()).unwrap();
        let x = Mixture::new(vec![bump(0.0), bump(1.0)], [0.5, 0.5]).unwrap();
        let y = Mixture::new(vec![bump(5.0), bump(9.0)], [0.5, 0.5]).unwrap();
        mixture_distance(&x, &y).unwrap().estimate
    };
    let far = at(1e170);
    assert!((far.value / 1e170 / 44.5_f64.sqrt() - 1.0).abs() < 1e-12 && far.lower() > 6e170, "{far}");
}
