//! Sliced distances and closed forms against POT (`fixtures/sliced.json`, made by `fixtures/make_sliced.py`).

use earthwork::closed_form::{Moments, bures_wasserstein, gaussian_barycenter, gaussian_map, mixture_distance};
use earthwork::prelude::*;
use earthwork::sliced::{Method, Sliced};
use ndarray::Array2;
use serde_json::Value;

fn fixture(family: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("fixtures/sliced.json")).expect("the fixture is valid JSON");
    serde_json::from_value(all[family].clone()).expect("a list of cases")
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).expect("a list of numbers")
}

fn rows(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).expect("rows of numbers");
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("rows of one length")
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{found} is not {expected}");
}

#[test]
fn every_slice_is_that_of_pot() {
    for case in fixture("slices") {
        let x = Samples::weighted(rows(&case["x"]), numbers(&case["a"])).unwrap();
        let y = Samples::weighted(rows(&case["y"]), numbers(&case["b"])).unwrap();
        let directions = Points::from_rows(rows(&case["directions"]).into_raw_vec_and_offset().0, x.dim()).unwrap();
        let mut sliced = Sliced::new(case["p"].as_f64().unwrap()).with_method(Method::Given(directions));
        sliced.control_variates = false;
        let found = sliced.solve(&x, &y).unwrap();
        // POT sums masses in floating point; ours are counted.
        for (ours, theirs) in found.costs.iter().zip(numbers(&case["costs"])) {
            near(*ours, theirs, 1e-13);
        }
        near(found.value, case["value"].as_f64().unwrap(), 1e-13);
    }
}

#[test]
fn gaussians_are_those_of_pot() {
    for case in fixture("gaussians") {
        let moments: Vec<Moments> = (0..2)
            .map(|k| Moments::new(numbers(&case["means"][k]), rows(&case["covariances"][k]).view()).unwrap())
            .collect();
        near(bures_wasserstein(&moments[0], &moments[1]).unwrap().value, case["distance"].as_f64().unwrap(), 1e-11);
        let map = gaussian_map(&moments[0], &moments[1]).unwrap().matrix();
        for (ours, theirs) in map.iter().zip(&rows(&case["map"])) {
            near(*ours, *theirs, 1e-10);
        }
        let center = gaussian_barycenter(&moments, [0.3, 0.7]).unwrap();
        assert_eq!(center.status, Status::Converged);
        for (ours, theirs) in center.moments.covariance().iter().zip(&rows(&case["barycenter"])) {
            near(*ours, *theirs, 1e-9);
        }
    }
}

#[test]
fn mixtures_are_those_of_pot() {
    for case in fixture("mixtures") {
        let mixture = |side: usize| {
            let means: Vec<Vec<f64>> = serde_json::from_value(case["means"][side].clone()).unwrap();
            let components = means.into_iter().enumerate();
            let components =
                components.map(|(k, mean)| Gaussian::new(mean, rows(&case["covariances"][side][k]).view()).unwrap());
            Mixture::new(components.collect(), numbers(&case["weights"][side])).unwrap()
        };
        let found = mixture_distance(&mixture(0), &mixture(1)).unwrap();
        near(found.estimate.value.powi(2), case["cost"].as_f64().unwrap(), 1e-10);
    }
}

/// A translate of points that are spread far: W_p is the length of the shift for every p, however small beside the spread, and what is
/// proven from rounded projections must hold it.
#[test]
fn proven_bounds_hold_where_points_far_apart_barely_move() {
    use earthwork::sliced::{MaxSliced, SubspaceRobust};
    for seed in 0..40_u64 {
        let dim = 2 + (seed % 4) as usize;
        for bits in [-40, -30, -20, -6] {
            // Multiples of the shift's unit, so that the translate is exact.
            let unit = 2f64.powi(bits);
            let wave = |k: usize| ((k as f64 + 1.0) * (0.7 + seed as f64)).sin();
            let offset = [0.0, 4096.0][(seed % 2) as usize];
            let n = 2 + (seed % 7) as usize;
            let x =
                Array2::from_shape_fn((n, dim), |(i, k)| offset + (1000.0 * wave(i * dim + k) / unit).round() * unit);
            let shift: Vec<f64> = (0..dim).map(|k| (1 + (seed as usize + k) % 5) as f64 * unit).collect();
            let y = Array2::from_shape_fn((n, dim), |(i, k)| x[[i, k]] + shift[k]);
            let right = shift.iter().map(|v| v * v).sum::<f64>().sqrt();
            let (x, y) = (Samples::new(x).unwrap(), Samples::new(y).unwrap());
            for p in [1.0, 2.0, 3.0] {
                let mut sliced = Sliced::new(p).with_directions(20);
                sliced.seed = seed;
                let bounds = sliced.bounds(&x, &y).unwrap();
                let (lower, upper) = (bounds.lower(), bounds.upper());
                assert!(0.0 <= lower && lower <= right && right <= upper, "{p} {seed} {bits}: {bounds}, {right:e}");
                let plan = sliced.best_plan(&x, &y).unwrap().estimate();
                assert!(plan.upper() >= right, "{p} {seed} {bits}: {plan}");
                let most = MaxSliced::new(p).solve(&x, &y).unwrap().estimate();
                assert!(most.lower() <= right && most.value >= most.lower(), "{p} {seed} {bits}: {most}, {right:e}");
                // The margin is that of rounding, and no wider.
                let rounding = 1e-12 * 1e4;
                assert!(bounds.lower() >= right / (dim as f64).sqrt() * 0.999 - rounding, "{bounds}, {right:e}");
            }
            let mut robust = SubspaceRobust::new(1);
            robust.steps = 10;
            let found = robust.solve(&x, &y).unwrap();
            assert!(found.lower <= right && found.lower <= found.upper, "{seed} {bits}: {found:?}, {right:e}");
        }
    }
}
