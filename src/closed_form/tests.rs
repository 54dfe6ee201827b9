use super::*;
use crate::error::Result;
use crate::exact::wasserstein;
use crate::measure::{Gaussian, Mixture, Samples};
use crate::transport::Status;
use ndarray::{Array2, array};

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

/// A mean and a covariance F Fᵀ of rank at most `rank`, from a wave.
fn moments(dim: usize, rank: usize, seed: usize) -> Moments {
    let wave = |k: usize| ((k * 37 + seed * 11) as f64 * 0.61).sin();
    let factor = Array2::from_shape_fn((dim, rank), |(i, j)| wave(i * rank + j));
    let mean: Vec<f64> = (0..dim).map(|k| wave(k + 1000)).collect();
    Moments::new(mean, factor.dot(&factor.t()).view()).unwrap()
}

#[test]
fn equal_and_commuting_gaussians_have_the_obvious_distance() -> Result<()> {
    for (dim, rank) in [(1, 1), (3, 3), (6, 2), (20, 5)] {
        let x = moments(dim, rank, 1);
        // The covariance of rank r has eigenvalues of rounding size that are cut off; the distance is their root at most.
        near(bures_wasserstein(&x, &x)?.value, 0.0, 1e-12);
        let far = Moments::new(x.mean().iter().map(|m| m + 2.0).collect::<Vec<_>>(), (x.covariance() * 9.0).view())?;
        // 9 A is the image under 3 I: tr (3 − 1)² A.
        let expected = (4.0 * dim as f64 + 4.0 * x.covariance().diag().sum()).sqrt();
        near(bures_wasserstein(&x, &far)?.value, expected, 1e-12 * expected);
    }
    let point = |at: f64| Moments::new([at, 0.0], Array2::zeros((2, 2)).view());
    near(bures_wasserstein(&point(0.0)?, &point(3.0)?)?.value, 3.0, 1e-15);
    for scale in [1e-100, 1e100] {
        let x = Moments::new([0.0], array![[scale]].view())?;
        let y = Moments::new([0.0], array![[4.0 * scale]].view())?;
        near(bures_wasserstein(&x, &y)?.value / scale.sqrt(), 1.0, 1e-14);
    }
    Ok(())
}

#[test]
fn the_map_carries_one_gaussian_to_the_other_and_costs_the_distance() -> Result<()> {
    for (dim, rank) in [(1, 1), (4, 4), (5, 3)] {
        let (x, y) = (moments(dim, rank, 1), moments(dim, dim.min(rank), 2));
        let Ok(map) = gaussian_map(&x, &y) else {
            assert!(rank < dim, "regular Gaussians have a map");
            continue;
        };
        let t = map.matrix();
        let image = t.dot(&x.covariance()).dot(&t);
        for (found, expected) in image.iter().zip(&y.covariance()) {
            near(*found, *expected, 1e-10);
        }
        assert_eq!(map.apply(x.mean()), y.mean());
        // E |T x − x|² = |m₁ − m₂|² + tr (T − I) A (T − I).
        let moved = &t - &Array2::<f64>::eye(dim);
        let shift: f64 = x.mean().iter().zip(y.mean()).map(|(a, b)| (a - b).powi(2)).sum();
        let cost = shift + moved.dot(&x.covariance()).dot(&moved).diag().sum();
        near(cost, bures_wasserstein(&x, &y)?.value.powi(2), 1e-9);
    }
    // A line cannot be mapped onto a plane, nor onto another line of the plane by the optimal formula.
    let flat = Moments::new([0.0, 0.0], array![[1.0, 0.0], [0.0, 0.0]].view())?;
    let round = Moments::new([0.0, 0.0], Array2::eye(2).view())?;
    assert!(gaussian_map(&flat, &round).unwrap_err().to_string().contains("degenerate"));
    assert!(gaussian_map(&round, &flat).is_ok());
    Ok(())
}

#[test]
fn barycenters_lie_where_they_must() -> Result<()> {
    let (x, y) = (moments(3, 3, 1), moments(3, 3, 2));
    let ends = gaussian_barycenter(&[x.clone(), y.clone()], [1.0, 0.0])?;
    near(bures_wasserstein(&ends.moments, &x)?.value, 0.0, 1e-9);
    // Half way along the geodesic: half the distance to both.
    let middle = gaussian_barycenter(&[x.clone(), y.clone()], [1.0, 1.0])?;
    let distance = bures_wasserstein(&x, &y)?.value;
    assert_eq!(middle.status, Status::Converged);
    near(bures_wasserstein(&middle.moments, &x)?.value, 0.5 * distance, 1e-9);
    near(bures_wasserstein(&middle.moments, &y)?.value, 0.5 * distance, 1e-9);
    near(middle.cost, 0.25 * distance * distance, 1e-9);
    // Degenerate ones, along a common axis.
    let segment = |length: f64| Moments::new([0.0, 0.0], array![[length * length, 0.0], [0.0, 0.0]].view());
    let center = gaussian_barycenter(&[segment(1.0)?, segment(3.0)?], [0.5, 0.5])?;
    near(center.moments.covariance()[[0, 0]], 4.0, 1e-12);
    near(center.moments.covariance()[[1, 1]], 0.0, 1e-15);
    assert!(gaussian_barycenter(&[], [1.0]).is_err() && gaussian_barycenter(&[x], [1.0, 2.0]).is_err());
    Ok(())
}

#[test]
fn entropic_transport_goes_from_the_exact_to_the_independent_plan() -> Result<()> {
    let (x, y) = (moments(4, 4, 1), moments(4, 2, 2));
    let exact = bures_wasserstein(&x, &y)?.value.powi(2);
    let shift: f64 = x.mean().iter().zip(y.mean()).map(|(a, b)| (a - b).powi(2)).sum();
    let independent = shift + x.covariance().diag().sum() + y.covariance().diag().sum();
    let mut last = exact;
    for epsilon in [1e-9, 1e-3, 0.1, 1.0, 10.0, 1e9] {
        let found = entropic_gaussian(&x, &y, epsilon)?;
        // An eigenvalue of rounding size, 1e-16, has a root of 1e-8.
        assert!(found.transport_cost >= last - 1e-6 && found.transport_cost <= independent + 1e-9);
        assert!(found.divergence_of_plan >= 0.0 && found.sinkhorn_divergence >= 0.0);
        // The best value of the penalised problem is at most that of either plan.
        assert!(found.value <= independent + 1e-9 && found.value >= exact - 1e-6);
        near(entropic_gaussian(&x, &x, epsilon)?.sinkhorn_divergence, 0.0, 1e-12);
        last = found.transport_cost;
    }
    near(entropic_gaussian(&x, &y, 1e-9)?.transport_cost, exact, 1e-7);
    near(entropic_gaussian(&x, &y, 1e9)?.value, independent, 1e-7);
    // In one dimension the plan's correlation ρ solves ε ρ / (1 − ρ²) = 2 a b.
    let (a, b, epsilon) = (1.5_f64, 0.7_f64, 0.8_f64);
    let line = |s: f64| Moments::new([0.0], array![[s * s]].view());
    let found = entropic_gaussian(&line(a)?, &line(b)?, epsilon)?;
    let ratio = epsilon / (4.0 * a * b);
    let rho = ratio.hypot(1.0) - ratio;
    near(found.transport_cost, a * a + b * b - 2.0 * a * b * rho, 1e-14);
    near(found.divergence_of_plan, -0.5 * (1.0 - rho * rho).ln(), 1e-14);
    assert!(entropic_gaussian(&x, &y, 0.0).is_err());
    Ok(())
}

#[test]
fn the_gelbrich_bound_is_below_and_tight_for_affine_images() -> Result<()> {
    let x = Gaussian::standard(3)?.sample(40, 1)?;
    for (n, seed) in [(40, 2), (25, 3), (2, 4)] {
        let y = Gaussian::standard(3)?.sample(n, seed)?;
        let bound = gelbrich(&x, &y)?;
        assert!(bound.value <= wasserstein(&x, &y, 2.0)?.value * (1.0 + 1e-12) && bound.lower() <= bound.value);
    }
    for scale in [1e-150, 1.0, 1e150] {
        let doubled = Samples::new(x.points().view().mapv(|v| (2.0 * v + 1.0) * scale))?;
        let plain = Samples::new(x.points().view().mapv(|v| v * scale))?;
        let bound = gelbrich(&plain, &doubled)?;
        let exact = wasserstein(&plain, &doubled, 2.0)?.value;
        near(bound.value / exact, 1.0, 1e-10);
        assert!(bound.lower() <= exact && bound.lower() >= exact * (1.0 - 1e-6));
    }
    let heavy = Samples::weighted(x.points(), vec![0.1; 40])?;
    near(
        gelbrich(&heavy, &Samples::weighted([[5.0, 5.0, 5.0]], [4.0])?)?.value,
        wasserstein(&heavy, &Samples::weighted([[5.0, 5.0, 5.0]], [4.0])?, 2.0)?.value,
        1e-10,
    );
    assert!(gelbrich(&heavy, &x).is_err());
    Ok(())
}

#[test]
fn mixtures_of_one_component_are_gaussians() -> Result<()> {
    let (a, b) = (Gaussian::standard(2)?, Gaussian::new([1.0, 2.0], array![[2.0, 0.5], [0.5, 1.0]].view())?);
    let found = mixture_distance(&Mixture::new(vec![a.clone()], [1.0])?, &Mixture::new(vec![b.clone()], [1.0])?)?;
    near(found.estimate.value, bures_wasserstein(&(&a).into(), &(&b).into())?.value, 1e-12);
    Ok(())
}

#[test]
fn quantile_functions_of_known_distances() -> Result<()> {
    let uniform = |from: f64, to: f64| move |level: Level| from * level.above + to * level.below;
    for p in [1.0, 2.0, 3.5] {
        near(quantile_distance(p, uniform(0.0, 1.0), uniform(5.0, 6.0))?.value, 5.0, 1e-12);
    }
    // Pareto of shape 4 against a point: E (x − 1)² = 2 − 8/3 + 1 = 1/3 for density 4 x^(−5), a heavy tail.
    let pareto = |level: Level| level.above.powf(-0.25);
    near(quantile_distance(2.0, pareto, |_| 1.0)?.value, (1.0_f64 / 3.0).sqrt(), 1e-10);
    let step = |level: Level| if level.below < 0.3 { 0.0 } else { 1.0 };
    let found = quantile_distance(1.0, step, |_| 0.0)?;
    assert!((found.value - 0.7).abs() < 0.01 && !found.notes.is_empty(), "{found}");
    assert!(quantile_distance(1.0, |_| f64::NAN, |_| 0.0).unwrap_err().to_string().starts_with("quantile_x"));
    assert!(quantile_distance(0.5, step, step).is_err());
    Ok(())
}

#[test]
fn wrong_covariances_are_named() {
    let message = |covariance: Array2<f64>| Moments::new([0.0, 0.0], covariance.view()).unwrap_err().to_string();
    assert_eq!(message(array![[1.0, 2.0], [2.0, 1.0]]), "covariance: it is not positive semidefinite");
    assert_eq!(message(array![[1.0, 2.0], [0.0, 1.0]]), "covariance: it is not symmetric");
    assert!(message(array![[f64::NAN, 0.0], [0.0, 1.0]]).contains("NaN"));
    assert!(message(array![[1.0]]).contains("1 rows, but 2 are needed"));
    assert!(bures_wasserstein(&moments(2, 2, 1), &moments(3, 3, 1)).is_err());
}
