//! Barycenters: fixed and free supports, against what is known.

use earthwork::entropic::{Barycenter, SinkhornDivergence};
use earthwork::exact::barycenter;
use earthwork::prelude::*;
use earthwork::testing::Family;
use ndarray::{Array1, Array2};

fn normal(mean: f64, sd: f64) -> Array1<f64> {
    Array1::from_iter((0..121).map(|k| (-0.5 * ((f64::from(k) / 10.0 - mean) / sd).powi(2)).exp()))
}

fn moments(masses: &[f64]) -> (f64, f64) {
    let at = |k: usize| k as f64 / 10.0;
    let mean: f64 = masses.iter().enumerate().map(|(k, m)| m * at(k)).sum();
    let variance: f64 = masses.iter().enumerate().map(|(k, m)| m * (at(k) - mean).powi(2)).sum();
    (mean, variance.sqrt())
}

#[test]
fn gaussians_have_a_gaussian_between_them() {
    let grid = |mean, sd| Histogram::grid(normal(mean, sd)).unwrap().with_spacing(0.1).unwrap();
    let measures = [grid(3.0, 0.6), grid(8.0, 1.0)];
    for share in [0.25, 0.5] {
        let shares = [1.0 - share, share];
        let debiased = Barycenter::new(0.1).with_tolerance(1e-6).on_grid(&measures, &shares).unwrap();
        let (mean, sd) = moments(&debiased.masses);
        // In one dimension the deviations of normal distributions are averaged.
        assert!((mean - (3.0 + 5.0 * share)).abs() < 1e-3, "{mean}");
        assert!((sd - (0.6 + 0.4 * share)).abs() < 1e-2, "{sd}");
        let blurred = Barycenter::new(0.1).blurred().with_tolerance(1e-6).on_grid(&measures, &shares).unwrap();
        assert!(moments(&blurred.masses).1 > sd + 0.01, "the blur of ε widens it");
        assert!(debiased.status.is_success() && blurred.status.is_success());
    }
}

#[test]
fn a_grid_is_its_points() {
    let cell = |i: usize, j: usize| ((i * 7 + j * 3) % 5) as f64 + 0.1;
    let first = Histogram::grid(Array2::from_shape_fn((4, 6), |(i, j)| cell(i, j))).unwrap();
    let second = Histogram::grid(Array2::from_shape_fn((4, 6), |(i, j)| cell(j, i))).unwrap();
    let points = first.to_samples().unwrap();
    let masses = [first.masses().clone(), second.masses().clone()];
    for solver in [Barycenter::new(0.7), Barycenter::new(0.7).blurred()] {
        let grid = solver.on_grid(&[first.clone(), second.clone()], &[1.0, 3.0]).unwrap();
        let free = solver.on_points(points.points(), &masses, &[1.0, 3.0], SquaredEuclidean).unwrap();
        for (p, q) in grid.masses.iter().zip(&free.masses) {
            assert!((p - q).abs() < 1e-12);
        }
        assert!((grid.masses.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn one_measure_is_its_own_debiased_barycenter() {
    let measure = Histogram::grid(normal(5.0, 0.8)).unwrap().with_spacing(0.1).unwrap();
    let found = Barycenter::new(0.05).with_tolerance(1e-6).on_grid(std::slice::from_ref(&measure), &[2.0]).unwrap();
    let own = measure.normalised();
    let gap: f64 = found.masses.iter().zip(own.masses().as_slice()).map(|(p, q)| (p - q).abs()).sum();
    assert!(gap < 1e-3, "{gap}");
}

#[test]
fn free_supports_of_translations_meet_in_the_middle() {
    let (x, _) = Family::Gaussian.pair(25, 1, 2, 3);
    let shifted = |dx: f64, dy: f64| {
        let rows: Vec<f64> = x.as_slice().chunks(2).flat_map(|p| [p[0] + dx, p[1] + dy]).collect();
        Samples::new(Points::from_rows(rows, 2).unwrap()).unwrap()
    };
    let samples = [shifted(0.0, 0.0), shifted(6.0, 0.0), shifted(0.0, 3.0)];
    let exact = barycenter(&samples, &[1.0, 1.0, 1.0], &samples[0], 20).unwrap();
    assert!(exact.converged, "{:?}", exact.values);
    assert!(exact.values.is_sorted_by(|a, b| b <= &(a * (1.0 + 1e-12))), "{:?}", exact.values);
    let middle = shifted(2.0, 1.0);
    for (found, expected) in exact.samples.points().as_slice().iter().zip(middle.points().as_slice()) {
        assert!((found - expected).abs() < 1e-9);
    }
    // Variance of the three shifts: (4² + 2² + 2² + 1² + 1² + 2²) / 3.
    assert!((exact.values.last().unwrap() - 10.0).abs() < 1e-9);

    let soft = SinkhornDivergence::new(0.5).barycenter(&samples, &[1.0, 1.0, 1.0], &samples[1], 30).unwrap();
    assert!(soft.values.is_sorted_by(|a, b| b <= a), "{:?}", soft.values);
    assert!((soft.values.last().unwrap() - 10.0).abs() < 1e-3, "{:?}", soft.values);
}

#[test]
fn wrong_calls_are_refused() {
    let grid = Histogram::grid(normal(5.0, 0.8)).unwrap();
    let other = Histogram::grid(Array2::ones((3, 3))).unwrap();
    let message = |histograms: &[Histogram], shares: &[f64]| {
        Barycenter::new(0.1).on_grid(histograms, shares).unwrap_err().to_string()
    };
    assert!(message(&[], &[]).starts_with("histograms: it is empty"));
    assert!(message(&[grid.clone(), other], &[1.0, 1.0]).contains("one shape"));
    assert!(message(std::slice::from_ref(&grid), &[1.0, 1.0]).starts_with("shares: it has 2 shares"));
    assert!(message(std::slice::from_ref(&grid), &[-1.0]).starts_with("shares: weight 0 is -1"));
    assert!(Barycenter::new(-1.0).on_grid(&[grid], &[1.0]).unwrap_err().to_string().starts_with("epsilon: it is -1"));
    let x = Samples::new([[0.0]]).unwrap();
    assert!(barycenter(&[], &[], &x, 3).unwrap_err().to_string().starts_with("samples"));
}
