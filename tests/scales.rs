//! No unit is special: masses, costs and coordinates of any size give the same answer in their units, proven.

use earthwork::cost::PNorm;
use earthwork::entropic::EntropicWasserstein;
use earthwork::exact::circle;
use earthwork::prelude::*;
use earthwork::sliced::Sliced;
use earthwork::testing::check;
use ndarray::Array2;

/// Two clouds whose coordinates are multiples of 2⁻¹⁶: they can be moved by 1e8 without rounding.
fn clouds(n: usize, m: usize) -> (Samples, Samples) {
    let cloud = |n: usize, seed: u64| {
        let points = Gaussian::standard(3).unwrap().sample(n, seed).unwrap();
        let rounded = points.points().view().mapv(|v| (v * 65_536.0).round() / 65_536.0);
        let masses: Vec<f64> = (0..n).map(|i| 1.0 + ((i * 7 + seed as usize) % 11) as f64).collect();
        Samples::weighted(rounded, masses).unwrap().normalised()
    };
    (cloud(n, 1), cloud(m, 2))
}

fn changed(samples: &Samples, coordinate: impl Fn(f64) -> f64, mass: f64) -> Samples {
    let masses: Vec<f64> = samples.weights().as_slice().iter().map(|w| w * mass).collect();
    Samples::weighted(samples.points().view().mapv(coordinate), masses).unwrap()
}

/// The optimal cost, checked: a gap of at most 1e-9 relative among all else.
fn cost(problem: &Problem) -> f64 {
    let solution = solve(problem).unwrap();
    check(problem, &solution).unwrap_or_else(|fault| panic!("{problem:?}: {fault}"));
    solution.transport_cost
}

/// Scaling rounds each mass, coordinate or cost once, and the cost depends on each no more than linearly or squared.
const ROUNDING: f64 = 1e-14;

fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= ROUNDING * expected.abs(), "{what}: {found:e} is not {expected:e}");
}

#[test]
fn masses_of_any_size() {
    let (x, y) = clouds(40, 31);
    let one = cost(&Problem::between(&x, &y, SquaredEuclidean).unwrap());
    for s in [1e-300, 1e-100, 1e-12, 1e-3, 1e6, 1e12, 1e100, 1e290] {
        let (x, y) = (changed(&x, |v| v, s), changed(&y, |v| v, s));
        assert_close(
            cost(&Problem::between(&x, &y, SquaredEuclidean).unwrap()),
            s * one,
            &format!("masses times {s:e}"),
        );
    }
}

#[test]
fn masses_times_a_power_of_two_change_no_bit_of_the_plan() {
    let (x, y) = clouds(40, 31);
    let solved = |s: f64| {
        let problem = Problem::between(&changed(&x, |v| v, s), &changed(&y, |v| v, s), Euclidean).unwrap();
        solve(&problem).unwrap()
    };
    let (one, large) = (solved(1.0), solved(1024.0));
    assert_eq!(one.transport_cost * 1024.0, large.transport_cost);
    assert_eq!(one.potentials, large.potentials);
    for (small, large) in one.plan.flows().iter().zip(large.plan.flows()) {
        assert_eq!((small.source, small.target, small.mass * 1024.0), (large.source, large.target, large.mass));
    }
}

#[test]
fn costs_of_any_size() {
    let (x, y) = clouds(40, 31);
    let points = Problem::between(&x, &y, PNorm::cityblock()).unwrap();
    let one = cost(&points);
    for s in [1e-290, 1e-100, 1e-12, 1e-3, 1e6, 1e12, 1e100, 1e290] {
        let matrix = Array2::from_shape_fn(points.shape(), |(i, j)| s * points.cost().entry(i, j));
        let scaled = Problem::with_matrix(x.weights().clone(), y.weights().clone(), matrix).unwrap();
        assert_close(cost(&scaled), s * one, &format!("costs times {s:e}"));
    }
}

#[test]
fn a_constant_on_all_costs_is_a_constant_on_the_answer() {
    let (x, y) = clouds(40, 31);
    let points = Problem::between(&x, &y, SquaredEuclidean).unwrap();
    let one = cost(&points);
    for c in [-1e6, -10.0, 1.0, 1e6] {
        let matrix = Array2::from_shape_fn(points.shape(), |(i, j)| c + points.cost().entry(i, j));
        let moved = Problem::with_matrix(x.weights().clone(), y.weights().clone(), matrix).unwrap();
        let found = cost(&moved);
        // The sum rounds each cost to the digits that are left beside the constant.
        assert!((found - c - one).abs() <= 4.0 * f64::EPSILON * (c.abs() + one), "{c}: {found}");
    }
}

#[test]
fn coordinates_of_any_size() {
    let (x, y) = clouds(40, 31);
    let between = |s: f64, p: f64| {
        let (x, y) = (changed(&x, |v| s * v, 1.0), changed(&y, |v| s * v, 1.0));
        cost(&Problem::between(&x, &y, PNorm::wasserstein(p).unwrap()).unwrap())
    };
    for (p, scales) in
        [(1.0, [1e-140, 1e-12, 1e12, 1e150]), (2.0, [1e-120, 1e-12, 1e12, 1e120]), (3.5, [1e-60, 1e-6, 1e6, 1e60])]
    {
        let one = between(1.0, p);
        for s in scales {
            let found = between(s, p);
            // The power of s is rounded once more, and multiplies the rounding of each coordinate.
            assert!((found / s.powf(p) - one).abs() <= 10.0 * ROUNDING * one, "p = {p}, {s:e}: {found:e}");
        }
    }
}

#[test]
fn an_offset_changes_no_bit() {
    let (x, y) = clouds(40, 31);
    for ground in
        [PNorm::wasserstein(1.0).unwrap(), PNorm::wasserstein(2.0).unwrap(), PNorm::chebyshev(), PNorm::cityblock()]
    {
        let between = |offset: f64| {
            let (x, y) = (changed(&x, |v| v + offset, 1.0), changed(&y, |v| v + offset, 1.0));
            cost(&Problem::between(&x, &y, ground).unwrap())
        };
        let one = between(0.0);
        for offset in [1e3, -1e8, 1e8] {
            assert_eq!(between(offset), one, "{ground:?}, offset {offset:e}");
        }
    }
}

#[test]
fn what_overflows_or_underflows_is_named() {
    let (x, y) = clouds(5, 5);
    for (s, what) in [(1e160, "overflow"), (1e-160, "underflow")] {
        let (x, y) = (changed(&x, |v| s * v, 1.0), changed(&y, |v| s * v, 1.0));
        for ground in [PNorm::wasserstein(2.0).unwrap(), PNorm::wasserstein(1.0).unwrap()] {
            let error = Problem::between(&x, &y, ground).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        assert!(Problem::between(&x, &y, PNorm::cityblock()).is_ok());
    }
}

#[test]
fn a_distance_has_no_unit_however_it_is_asked_for() {
    let between = |s: f64, p: f64| {
        let (x, y) = clouds(14, 11);
        let (x, y) = (changed(&x, |v| s * v, 1.0), changed(&y, |v| s * v, 1.0));
        let angles = |samples: &Samples| {
            let first: Vec<f64> = samples.points().iter().map(|point| point[0]).collect();
            Samples::with_weights(Points::from_rows(first, 1).unwrap(), samples.weights().clone()).unwrap()
        };
        [
            wasserstein(&x, &y, p).unwrap(),
            Wasserstein { p }.between(&x, &y).unwrap(),
            wasserstein(&angles(&x), &angles(&y), p).unwrap(),
            circle(&angles(&x), &angles(&y), 7.0 * s, p).unwrap(),
            EntropicWasserstein::relative(p, 0.1).between(&x, &y).unwrap(),
            Sliced::new(p).with_directions(20).bounds(&x, &y).unwrap(),
        ]
    };
    for p in [1.0, 2.0, 3.5] {
        let one = between(1.0, p);
        for power in [-170, -169, -101, -17, 3, 30, 150, 165, 170] {
            let s = 10f64.powi(power);
            for (k, (found, one)) in between(s, p).iter().zip(&one).enumerate() {
                // (Entropic values move with the tolerance of the solve, their bounds with those.)
                let digits = if k == 4 { 1e-5 } else { 1e-12 };
                assert!(
                    (found.value / s - one.value).abs() <= digits * one.value,
                    "{k}, {p}, 1e{power}: {found:?} {one:?}"
                );
                assert!(found.lower() <= found.value && found.value <= found.upper(), "{k}, {p}, 1e{power}: {found:?}");
                assert!(
                    k == 4 || k == 5 || found.lower() >= found.value * (1.0 - 1e-9),
                    "{k}, {p}, 1e{power}: {found:?}"
                );
            }
        }
    }
}
