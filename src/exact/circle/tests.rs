use std::f64::consts::TAU;

use super::*;
use crate::exact::NetworkSimplex;
use crate::transport::certify;
use proptest::prelude::*;

fn side(points: &[f64], weights: Option<&[f64]>) -> Samples {
    let points = Points::from_rows(points.to_vec(), 1).unwrap();
    match weights {
        Some(weights) => Samples::weighted(points, weights).unwrap(),
        None => Samples::new(points).unwrap(),
    }
}

/// Checks everything a solution promises, against code that knows the circle only by its distance.
fn assert_proven(x: &Samples, y: &Samples, period: f64, p: f64) -> Solution {
    let circle = Circle::new(period, p).unwrap();
    let solution = circle.solve(x, y).unwrap();
    let Solution { plan, potentials, transport_cost, bounds: Some(bounds), .. } = &solution else {
        panic!("there are bounds");
    };
    let problem = Problem::between(x, y, circle).unwrap();
    let (n, m) = problem.shape();
    assert!(plan.flows().len() < n + m, "{} entries for {n} × {m}", plan.flows().len());
    assert!(bounds.lower <= *transport_cost && *transport_cost <= bounds.upper, "{bounds:?} around {transport_cost}");

    let check = certify(&problem, plan, potentials).unwrap();
    let farthest = (0.5 * period).powf(p);
    // Potentials sum steps of f around the circle, whose sizes sum to some farthest costs.
    let rounding = (p + 8.0) * 8.0 * f64::EPSILON * farthest;
    assert!(check.dual_violation <= rounding, "violated by {} of {farthest}", check.dual_violation);
    assert!(check.marginal_error <= 4.0 * f64::EPSILON, "marginals off by {}", check.marginal_error);
    assert!((check.transport_cost - transport_cost).abs() <= rounding * problem.mass(), "{check:?} {transport_cost}");
    assert!(check.bounds.lower >= transport_cost - 4.0 * rounding * problem.mass(), "{check:?} below {transport_cost}");
    assert!(bounds.lower >= transport_cost - 4.0 * rounding * problem.mass(), "{bounds:?} {transport_cost}");
    solution
}

#[test]
fn rotations_have_known_answers() {
    for n in [1, 2, 5, 64, 301] {
        for (turn, p) in [(0.25, 1.0), (0.25, 2.0), (-1.0, 1.5), (3.0, 4.0), (0.0, 2.0)] {
            let x: Vec<f64> = (0..n).map(|k| (f64::from(k) * 0.7).sin() * 0.5 + 0.01 * f64::from(k % 7)).collect();
            let y: Vec<f64> = x.iter().rev().map(|x| x + turn).collect();
            // A small turn of points within a part of the circle moves each by that turn.
            let cost = assert_proven(&side(&x, None), &side(&y, None), TAU, p).transport_cost;
            let expected = f64::abs(turn).powf(p);
            assert!(cost <= expected * (1.0 + 1e-13), "{n} {turn} {p}: {cost} above {expected}");
            if turn.abs() <= 1.0 {
                assert!((cost - expected).abs() <= 1e-13 * expected, "{n} {turn} {p}: {cost} is not {expected}");
            }
        }
    }
}

#[test]
fn the_cut_of_the_circle_is_nowhere() {
    let angle = |k: u32| f64::from(k.wrapping_mul(2_654_435_761) >> 12) / f64::from(1 << 20) * TAU;
    let (x, y): (Vec<f64>, Vec<f64>) = ((0..40).map(angle).collect(), (40..70).map(|k| 0.4 * angle(k)).collect());
    for p in [1.0, 2.0, 3.3] {
        let cost = |turn: f64| {
            let turned = |v: &[f64]| v.iter().map(|v| v + turn).collect::<Vec<_>>();
            assert_proven(&side(&turned(&x), None), &side(&turned(&y), None), TAU, p).transport_cost
        };
        let plain = cost(0.0);
        for turn in [0.5, 2.0, -3.1, TAU, 40.0] {
            assert!((cost(turn) / plain - 1.0).abs() < 1e-13, "p = {p}, turned by {turn}");
        }
    }
}

#[test]
fn points_close_together_across_the_cut_keep_their_digits() {
    let tiny = 1e-13;
    let circle = Circle::new(1.0, 1.0).unwrap();
    assert_eq!(circle.distance(-1e-20, 0.0), 1e-20);
    assert_eq!(circle.distance(7.25, -0.5), 0.25);
    let cost = assert_proven(&side(&[0.5 - tiny], None), &side(&[tiny - 0.5], None), 1.0, 1.0).transport_cost;
    assert!((cost - 2.0 * tiny).abs() < 1e-16, "{cost}");
}

#[test]
fn opposite_points_masses_and_points_without_mass() {
    let x = side(&[0.0, 90.0, 45.0], Some(&[1.0, 1.0, 0.0]));
    let y = side(&[180.0, 10.0, 270.0], Some(&[1.0, 0.0, 1.0]));
    // Both pairings move each mass by half or a quarter of the circle.
    let cost = assert_proven(&x, &y, 360.0, 1.0).transport_cost;
    assert_eq!(cost, 180.0);
    for scale in [1e-12, 1e12] {
        let scaled = |s: &Samples| {
            let weights: Vec<f64> = s.weights().as_slice().iter().map(|w| w * scale).collect();
            Samples::weighted(s.points(), weights).unwrap()
        };
        let cost = assert_proven(&scaled(&x), &scaled(&y), 360.0, 1.0).transport_cost;
        assert!((cost / scale / 180.0 - 1.0).abs() < 1e-14);
    }
}

#[test]
fn wrong_circles_and_samples_are_refused() {
    assert!(Circle::new(0.0, 1.0).is_err() && Circle::new(f64::NAN, 1.0).is_err() && Circle::new(1.0, 0.5).is_err());
    assert!(Circle::new(1e200, 2.0).is_err() && Circle::new(1e-200, 2.0).is_err());
    let circle = Circle::new(1.0, 1.0).unwrap();
    let plane = Samples::new([[0.0, 0.0]]).unwrap();
    let point = side(&[0.0], None);
    assert!(circle.solve(&plane, &plane).unwrap_err().to_string().starts_with("x: it has dimension 2"));
    assert!(circle.solve(&point, &side(&[0.0], Some(&[2.0]))).is_err());
}

fn weighted_side() -> impl Strategy<Value = Samples> {
    let coordinate = prop_oneof![(-6i32..6).prop_map(|k| f64::from(k) / 8.0), -1.0..1.0f64];
    let mass = prop_oneof![1 => Just(0.0), 3 => (1u8..4).prop_map(f64::from), 2 => 0.01..1.0f64];
    (1usize..20)
        .prop_flat_map(move |n| (prop::collection::vec(coordinate.clone(), n), prop::collection::vec(mass.clone(), n)))
        .prop_filter("some mass is needed", |(_, weights)| weights.iter().sum::<f64>() > 0.0)
        .prop_map(|(points, weights)| side(&points, Some(&weights)).normalised())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_circle_agrees_with_the_network_simplex(
        x in weighted_side(), y in weighted_side(), p in prop_oneof![Just(1.0), Just(2.0), 1.0..4.0f64]
    ) {
        let ours = assert_proven(&x, &y, 1.0, p).transport_cost;
        let problem = Problem::between(&x, &y, Circle::new(1.0, p).unwrap()).unwrap();
        let simplex = NetworkSimplex::default().with_iteration_limit(100_000).solve(&problem).unwrap();
        prop_assert!((ours - simplex.transport_cost).abs() <= 1e-13, "{} and {}", ours, simplex.transport_cost);
    }

    #[test]
    fn uniform_sides_agree_with_the_network_simplex(
        x in prop::collection::vec(-1.0..1.0f64, 1..30), y in prop::collection::vec(0.0..0.3f64, 1..30), p in 1.0..3.0f64
    ) {
        let (x, y) = (side(&x, None), side(&y, None));
        let ours = assert_proven(&x, &y, 1.0, p).transport_cost;
        let problem = Problem::between(&x, &y, Circle::new(1.0, p).unwrap()).unwrap();
        let simplex = NetworkSimplex::default().with_iteration_limit(100_000).solve(&problem).unwrap();
        prop_assert!((ours - simplex.transport_cost).abs() <= 1e-13, "{} and {}", ours, simplex.transport_cost);
    }
}
