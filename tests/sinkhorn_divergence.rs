//! The Sinkhorn divergence, its gradients, gradients of the exact cost, and maps at new points.

use earthwork::cost::{GroundCost, PNorm};
use earthwork::entropic::{EntropicMap, Reference, Sinkhorn, SinkhornDivergence};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting};
use earthwork::transport::{Gradient, gradient};
use std::sync::Arc;

fn pair(family: Family, n: usize, m: usize, dim: usize, seed: u64) -> (Samples, Samples) {
    let (x, y) = family.pair(n, m, dim, seed);
    let (a, b) = Weighting::Random.pair(n, m, seed);
    (Samples::with_weights(x, a).unwrap(), Samples::with_weights(y, b).unwrap())
}

fn moved(samples: &Samples, at: usize, k: usize, step: f64) -> Samples {
    let mut points = samples.points().as_slice().to_vec();
    points[at * samples.dim() + k] += step;
    Samples::with_weights(Points::from_rows(points, samples.dim()).unwrap(), samples.weights().clone()).unwrap()
}

/// `step` of mass from point 1 to point 0.
fn shifted(samples: &Samples, step: f64) -> Samples {
    let mut masses = samples.weights().as_slice().to_vec();
    masses[0] += step;
    masses[1] -= step;
    Samples::weighted(samples.points(), masses).unwrap()
}

/// Central differences of `value` against a gradient, for some points and coordinates and for masses on both sides.
fn assert_gradient(
    x: &Samples,
    y: &Samples,
    gradient: &Gradient,
    value: &dyn Fn(&Samples, &Samples) -> f64,
    what: &str,
) {
    let step = 1e-4;
    let check = |found: f64, up: f64, down: f64, which: &str| {
        let difference = (up - down) / (2.0 * step);
        assert!(
            (found - difference).abs() < 1e-5 * (1.0 + difference.abs()),
            "{what}, {which}: {found}, not {difference}"
        );
    };
    for (i, k) in [(0, 0), (1, 1), (4, 0)] {
        let at = |step| value(&moved(x, i, k, step), y);
        check(gradient.source_points[[i, k]], at(step), at(-step), "source point");
        let at = |step| value(x, &moved(y, i, k, step));
        check(gradient.target_points[[i, k]], at(step), at(-step), "target point");
    }
    let at = |step| value(&shifted(x, step), y);
    check(gradient.source_masses[0] - gradient.source_masses[1], at(step), at(-step), "source mass");
    let at = |step| value(x, &shifted(y, step));
    check(gradient.target_masses[0] - gradient.target_masses[1], at(step), at(-step), "target mass");
}

#[test]
fn it_is_a_divergence_on_every_family() {
    for family in Family::ALL {
        for relative in [1.0, 1e-1, 1e-2] {
            let (x, y) = pair(family, 24, 30, 2, 3);
            let divergence = SinkhornDivergence::relative(relative);
            let found = divergence.solve(&x, &y).unwrap();
            let what = format!("{family:?} at {relative}: {} in [{}, {}]", found.value, found.lower, found.upper);
            assert!(found.converged(), "{what}");
            assert!(found.lower <= found.value && found.value <= found.upper && found.upper >= 0.0, "{what}");
            assert_eq!(divergence.between(&x, &x).unwrap().value, 0.0, "{what}");
            let turned = divergence.between(&y, &x).unwrap().value;
            assert!((turned - found.value).abs() <= found.upper - found.lower, "{what}: turned {turned}");
        }
    }
}

#[test]
fn a_translation_costs_its_length_at_any_epsilon() {
    let (x, _) = pair(Family::Gaussian, 40, 1, 3, 5);
    let there: Vec<f64> = x.points().as_slice().chunks(3).flat_map(|p| [p[0] + 1.0, p[1] - 2.0, p[2] + 2.0]).collect();
    let y = Samples::with_weights(Points::from_rows(there, 3).unwrap(), x.weights().clone()).unwrap();
    for epsilon in [1e-2, 1.0, 1e2, 1e6] {
        let solver = Sinkhorn::new(epsilon).with_tolerance(1e-10);
        let value = SinkhornDivergence::with_solver(solver).between(&x, &y).unwrap().value;
        assert!((value - 9.0).abs() < 1e-7, "ε = {epsilon}: {value}");
    }
}

#[test]
fn it_lies_between_transport_and_energy() {
    let (x, y) = pair(Family::Gaussian, 30, 26, 2, 6);
    let problem = Problem::between(&x, &y, Euclidean).unwrap();
    let exact = solve(&problem).unwrap().transport_cost;
    let at = |epsilon: f64| {
        let solver = Sinkhorn::new(epsilon).with_tolerance(1e-9);
        SinkhornDivergence::with_solver(solver).with_cost(Euclidean).between(&x, &y).unwrap().value
    };
    assert!((at(1e-4) - exact).abs() < 1e-3, "{} and {exact}", at(1e-4));
    // Half the energy distance: E|X − Y| − ½ E|X − X′| − ½ E|Y − Y′|.
    let mean = |x: &Samples, y: &Samples| -> f64 {
        let pair = |i: usize, j: usize| Euclidean.between(x.point(i), y.point(j));
        let row = |i: usize| (0..y.len()).map(|j| y.weights().as_slice()[j] * pair(i, j)).sum::<f64>();
        (0..x.len()).map(|i| x.weights().as_slice()[i] * row(i)).sum()
    };
    let energy = mean(&x, &y) - 0.5 * mean(&x, &x) - 0.5 * mean(&y, &y);
    assert!((at(1e5) - energy).abs() < 1e-4, "{} and {energy}", at(1e5));
}

#[test]
fn gradients_of_the_divergence_agree_with_differences() {
    let (x, y) = pair(Family::Gaussian, 12, 9, 2, 1);
    let grounds: [Arc<dyn GroundCost>; 3] =
        [Arc::new(SquaredEuclidean), Arc::new(Euclidean), Arc::new(PNorm::new(3.0).unwrap().power(2.0).unwrap())];
    for ground in grounds {
        let name = ground.name();
        let mut divergence = SinkhornDivergence::with_solver(Sinkhorn::new(0.5).with_tolerance(1e-11));
        divergence.ground = ground;
        let gradient = divergence.solve(&x, &y).unwrap().gradient().unwrap();
        let value = |x: &Samples, y: &Samples| divergence.solve(x, y).unwrap().value;
        assert_gradient(&x, &y, &gradient, &value, &format!("S under {name}"));
    }
}

#[test]
fn gradients_of_the_exact_cost_agree_with_differences() {
    let (x, y) = pair(Family::Gaussian, 12, 9, 2, 1);
    for power in [1.0, 2.0, 3.0] {
        let ground = || PNorm::wasserstein(power).unwrap();
        let problem = Problem::between(&x, &y, ground()).unwrap();
        let solution = solve(&problem).unwrap();
        let found = gradient(&problem, &solution.plan, &solution.potentials).unwrap();
        let value =
            |x: &Samples, y: &Samples| solve(&Problem::between(x, y, ground()).unwrap()).unwrap().transport_cost;
        assert_gradient(&x, &y, &found, &value, &format!("W to the power {power}"));
    }
    let matrix =
        Problem::with_matrix(Weights::uniform(1).unwrap(), Weights::uniform(1).unwrap(), ndarray::array![[1.0]])
            .unwrap();
    let solution = solve(&matrix).unwrap();
    assert!(gradient(&matrix, &solution.plan, &solution.potentials).unwrap_err().to_string().contains("points"));
}

#[test]
fn potentials_and_maps_extend_to_new_points() {
    let (x, y) = pair(Family::Gaussian, 50, 45, 2, 2);
    let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
    let solution = Sinkhorn::new(0.3).with_tolerance(1e-11).solve(&problem).unwrap();
    let map = EntropicMap::new(&problem, &solution).unwrap();
    let back = EntropicMap::reversed(&problem, &solution).unwrap();
    // At the points themselves they are what the solution says.
    for (found, expected) in map.potentials(x.points()).unwrap().iter().zip(&solution.potentials.f) {
        assert!((found - expected).abs() < 1e-7, "{found} and {expected}");
    }
    for (found, expected) in back.potentials(y.points()).unwrap().iter().zip(&solution.potentials.g) {
        assert!((found - expected).abs() < 1e-7, "{found} and {expected}");
    }
    let (images, plan) = (map.images(x.points()).unwrap(), solution.plan(&problem).unwrap());
    for i in 0..x.len() {
        let mean = (0..y.len()).map(|j| plan[[i, j]] * y.point(j)[0]).sum::<f64>() / x.weights().as_slice()[i];
        assert!((images.point(i)[0] - mean).abs() < 1e-6);
    }
    assert!(map.images(&Points::from_rows([0.0], 1).unwrap()).unwrap_err().to_string().starts_with("points"));
}

#[test]
fn a_gaussian_is_mapped_towards_a_gaussian() {
    // From N(0, 1) to N(3, 4) the optimal map is x → 3 + 2x.
    let x = Gaussian::standard(1).unwrap().sample(2000, 1).unwrap();
    let y: Vec<f64> = Gaussian::standard(1)
        .unwrap()
        .sample(2000, 2)
        .unwrap()
        .points()
        .as_slice()
        .iter()
        .map(|v| 3.0 + 2.0 * v)
        .collect();
    let problem =
        Problem::between(&x, &Samples::new(Points::from_rows(y, 1).unwrap()).unwrap(), SquaredEuclidean).unwrap();
    let map = EntropicMap::new(&problem, &Sinkhorn::new(0.1).solve(&problem).unwrap()).unwrap();
    let images = map.images(&Points::from_rows([-1.0, 0.0, 1.0], 1).unwrap()).unwrap();
    for (image, expected) in images.as_slice().iter().zip([1.0, 3.0, 5.0]) {
        // Sampling: the mean of 2000 draws of deviation 2 is off by 0.05.
        assert!((image - expected).abs() < 0.25, "{image} and {expected}");
    }
}

#[test]
fn the_reference_cancels_and_totals_must_be_equal() {
    let (x, y) = pair(Family::Gaussian, 12, 15, 2, 7);
    let times = |samples: &Samples, factor: f64| {
        let weights: Vec<f64> = samples.weights().as_slice().iter().map(|w| factor * w).collect();
        Samples::with_weights(samples.points().clone(), Weights::new(weights).unwrap()).unwrap()
    };
    let total = |samples: &Samples, factor: f64| times(samples, factor / samples.total());
    let one = SinkhornDivergence::new(0.7).solve(&total(&x, 1.0), &total(&y, 1.0)).unwrap();
    for mass in [1.0, 2.5, 1e-3] {
        let (x, y) = (total(&x, mass), total(&y, mass));
        let [scaled, product] = [Reference::Normalised, Reference::Product].map(|reference| {
            SinkhornDivergence::with_solver(Sinkhorn::new(0.7).with_reference(reference)).solve(&x, &y).unwrap()
        });
        assert_eq!((scaled.value, scaled.lower, scaled.upper), (product.value, product.lower, product.upper));
        assert!((scaled.value / mass - one.value).abs() < 1e-5, "{} and {}", scaled.value, one.value);
        // What the three solves say for themselves is under the reference asked for.
        let by_hand = product.cross.value - 0.5 * (product.source.value + product.target.value);
        assert!((by_hand - product.value).abs() <= 1e-12, "{by_hand} is not {}", product.value);
        let shift = product.cross.value - (scaled.cross.value - 0.7 * mass * mass.ln());
        assert!(shift.abs() <= 1e-12, "{shift}");
        // ... and so are potentials at new points: at the old ones they are the same.
        let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
        let map = EntropicMap::new(&problem, &product.cross).unwrap();
        for (again, f) in map.potentials(x.points()).unwrap().iter().zip(&product.cross.potentials.f) {
            assert!((again - f).abs() < 1e-5, "{again} is not {f}");
        }
        let gradients = [&scaled, &product].map(|found| found.gradient().unwrap().source_points);
        let apart = (&gradients[0] - &gradients[1]).iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        assert!(apart <= 1e-12 * mass.max(1.0), "{apart}");
    }
    let more = times(&y, 1.5);
    assert!(SinkhornDivergence::new(0.7).between(&x, &more).unwrap_err().to_string().contains("differ"));
}
