//! Entropic transport: known answers, laws, hard input, early ends; and a state that is what it says it is.

use earthwork::cost::{CostFn, GroundCost, PNorm};
use earthwork::entropic::{Epsilon, Reference, Sinkhorn, SinkhornSolution, mean_cost};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, problem};
use earthwork::transport::CancelToken;
use ndarray::Array2;

/// Marginal error of the plan, relative to the mass, by an independent loop.
fn marginal_error(problem: &Problem, solution: &SinkhornSolution) -> f64 {
    let plan = solution.plan(problem).unwrap();
    let off = |sums: Vec<f64>, masses: &[f64]| sums.iter().zip(masses).map(|(s, a)| (s - a).abs()).sum::<f64>();
    let rows = off(plan.rows().into_iter().map(|row| row.sum()).collect(), problem.source().as_slice());
    let columns = off(plan.columns().into_iter().map(|column| column.sum()).collect(), problem.target().as_slice());
    (rows + columns) / problem.mass()
}

/// Everything a solution claims, checked against the plan and the exact optimum.
fn assert_sound(problem: &Problem, solution: &SinkhornSolution, tolerance: f64, what: &str) {
    let error = marginal_error(problem, solution);
    assert!(solution.transport_cost.is_finite() && solution.value.is_finite(), "{what}: {solution}");
    assert!(error <= solution.marginal_error * 1.001 + 1e-8, "{what}: {error} and not as said: {solution}");
    if solution.status.is_success() {
        assert!(solution.marginal_error <= tolerance, "{what}: {solution}");
    }
    let optimum = solve(problem).unwrap().transport_cost;
    let bounds = solution.bounds.expect("certified by default");
    let rounding = 1e-12 * optimum.abs() + 1e-15 * bounds.magnitude;
    assert!(bounds.lower <= optimum + rounding, "{what}: {optimum} below {bounds:?}");
    assert!(optimum <= bounds.upper + rounding, "{what}: {optimum} above {bounds:?}");
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found} is not {expected}");
}

/// A normal density on a grid so fine and wide that sums are integrals to rounding.
fn gaussian_on_grid(mean: f64, sd: f64) -> Samples {
    let points: Vec<[f64; 1]> = (-160..=160).map(|k| [mean + f64::from(k) * sd / 20.0]).collect();
    let weights: Vec<f64> = points.iter().map(|x| (-0.5 * ((x[0] - mean) / sd).powi(2)).exp()).collect();
    Samples::weighted(points, weights).unwrap().normalised()
}

/// Janati, Muzellec, Peyré, Cuturi, "Entropic optimal transport between unbalanced Gaussian measures has a closed form",
/// 2020, theorem 1, in one dimension with ε = 2σ².
fn gaussian_value(gap: f64, u: f64, v: f64, epsilon: f64) -> f64 {
    let s = epsilon / 2.0;
    let d = (4.0 * u * u * v * v + s * s).sqrt();
    gap * gap + u * u + v * v - d + s * (1.0 - (2.0 * s).ln()) + s * (d + s).ln()
}

#[test]
fn gaussians_have_a_closed_form() {
    for (mean, sd) in [(0.0, 1.0), (3.0, 0.7), (-1.0, 2.0)] {
        for epsilon in [10.0, 1.0, 0.1] {
            let (x, y) = (gaussian_on_grid(0.0, 1.0), gaussian_on_grid(mean, sd));
            let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
            let solution = Sinkhorn::new(epsilon).with_tolerance(1e-9).solve(&problem).unwrap();
            assert!(solution.status.is_success(), "{solution}");
            // The tails beyond eight standard deviations hold 1e-15; the grid is exact to rounding for ε above its step.
            near(
                solution.value,
                gaussian_value(mean, 1.0, sd, epsilon),
                1e-7,
                &format!("N({mean}, {sd}), ε = {epsilon}"),
            );
        }
    }
}

#[test]
fn two_diracs_and_single_points() {
    let (x, y) = (Samples::new([[1.0, 2.0]]).unwrap(), Samples::new([[4.0, 6.0]]).unwrap());
    let problem = Problem::between(&x, &y, Euclidean).unwrap();
    for epsilon in [1e-6, 1.0, 1e6] {
        let solution = Sinkhorn::new(epsilon).solve(&problem).unwrap();
        near(solution.transport_cost, 5.0, 1e-15, "cost");
        // A share next to 1 has no more digits of its logarithm.
        near(solution.value, 5.0, 1e-15 * (1.0 + epsilon), "value");
        assert!(solution.status.is_success(), "{solution}");
    }
    // One source, two targets: there is one plan, and its entropy is 0.
    let two = Samples::weighted([[4.0, 6.0], [1.0, 3.0]], [0.25, 0.75]).unwrap();
    let problem = Problem::between(&x, &two, Euclidean).unwrap();
    let solution = Sinkhorn::relative(0.1).solve(&problem).unwrap();
    near(solution.transport_cost, 2.0, 1e-12, "one source");
    near(solution.value, 2.0, 1e-12, "one source");
}

#[test]
fn two_points_on_each_side_are_a_logistic_curve() {
    // Masses ½ on points with costs 0 along and 1 across: P₁₁ = ½ / (1 + e^{−1/ε}).
    let weights = || Weights::uniform(2).unwrap();
    let costs = ndarray::array![[0.0, 1.0], [1.0, 0.0]];
    for epsilon in [0.05_f64, 0.3, 1.0, 20.0] {
        let problem = Problem::with_matrix(weights(), weights(), &costs).unwrap();
        let solution = Sinkhorn::new(epsilon).with_tolerance(1e-12).solve(&problem).unwrap();
        let across = 1.0 / (1.0 + (1.0 / epsilon).exp());
        near(solution.transport_cost, across, 1e-12, "cost");
        let entropy = across * across.ln() + (1.0 - across) * (1.0 - across).ln() + 2_f64.ln();
        near(solution.value, across + epsilon * entropy, 1e-12, "value");
    }
}

#[test]
fn small_epsilon_is_the_exact_cost_and_large_epsilon_the_independent_plan() {
    let problem = problem(Family::Gaussian, Weighting::Random, (60, 45), 2, SquaredEuclidean, 1);
    let exact = solve(&problem).unwrap().transport_cost;
    let mut gap = f64::INFINITY;
    for relative in [1e-1, 1e-2, 1e-3, 1e-4, 1e-5] {
        let solution = Sinkhorn::relative(relative).solve(&problem).unwrap();
        assert!(solution.status.is_success(), "{relative}: {solution}");
        assert_sound(&problem, &solution, 1e-6, "small ε");
        let bounds = solution.bounds.unwrap();
        assert!(bounds.relative_gap() < gap, "the bounds close as ε falls");
        gap = bounds.relative_gap();
    }
    assert!(gap < 1e-4, "{gap}");
    near(Sinkhorn::relative(1e-5).solve(&problem).unwrap().transport_cost, exact, 1e-5, "exact");
    let loose = Sinkhorn::relative(1e6).solve(&problem).unwrap();
    near(loose.transport_cost, mean_cost(&problem) * problem.mass(), 1e-5, "independent");
}

#[test]
fn a_solution_is_what_it_says_on_every_family() {
    for family in Family::ALL {
        for weighting in Weighting::ALL {
            for (relative, dim) in [(1e-1, 1), (1e-2, 2), (1e-3, 3)] {
                let problem = problem(family, weighting, (40, 33), dim, SquaredEuclidean, 5);
                let solution = Sinkhorn::relative(relative).solve(&problem).unwrap();
                let what = format!("{family:?}, {weighting:?}, {relative}, d = {dim}");
                assert_sound(&problem, &solution, 1e-6, &what);
                assert!(solution.status.is_success(), "{what}: {solution}");
            }
        }
    }
}

#[test]
fn bounds_hold_when_it_ends_early() {
    for family in Family::ALL {
        for limit in [0, 1, 3, 10, 40] {
            let problem = problem(family, Weighting::Random, (30, 35), 2, SquaredEuclidean, 2);
            let solution = Sinkhorn::relative(1e-3).with_iteration_limit(limit).solve(&problem).unwrap();
            assert_sound(&problem, &solution, 1e-6, &format!("{family:?} after {limit}"));
        }
    }
    let problem = problem(Family::Gaussian, Weighting::Random, (300, 250), 3, SquaredEuclidean, 1);
    let token = CancelToken::default();
    token.cancel();
    let cancelled = Sinkhorn::relative(1e-3).with_cancel(token).solve(&problem).unwrap();
    assert_eq!(cancelled.status, Status::Cancelled);
    let late = Sinkhorn::relative(1e-3).with_time_limit(std::time::Duration::ZERO).solve(&problem).unwrap();
    assert_eq!(late.status, Status::Deadline);
    assert_sound(&problem, &late, 1e-6, "no time");
}

#[test]
fn every_cost_has_its_tiles() {
    let (x, y) = Family::Gaussian.pair(37, 50, 5, 3);
    let (x, y) = (Samples::new(x).unwrap(), Samples::new(y).unwrap());
    let grounds: Vec<std::sync::Arc<dyn GroundCost>> = vec![
        std::sync::Arc::new(SquaredEuclidean),
        std::sync::Arc::new(Euclidean),
        std::sync::Arc::new(Cosine),
        std::sync::Arc::new(PNorm::cityblock()),
        std::sync::Arc::new(PNorm::new(3.0).unwrap().power(1.5).unwrap()),
        std::sync::Arc::new(CostFn::new("gap", |x: &[f64], y: &[f64]| (x[0] - y[0]).abs().sqrt())),
    ];
    for ground in grounds {
        let from_points = Problem::between_shared(&x, &y, ground.clone()).unwrap();
        let mut costs = vec![0.0; 37 * 50];
        from_points.cost().fill(0..37, 0..50, &mut costs);
        let costs = Array2::from_shape_vec((37, 50), costs).unwrap();
        let from_matrix = Problem::with_matrix(x.weights().clone(), y.weights().clone(), &costs).unwrap();
        for relative in [0.3, 1e-2, 1e-3] {
            let solver = Sinkhorn::relative(relative).with_tolerance(1e-9);
            let (p, q) = (solver.solve(&from_points).unwrap(), solver.solve(&from_matrix).unwrap());
            let what = format!("{} at {relative}", ground.name());
            assert_sound(&from_points, &p, 1e-9, &what);
            assert!(p.status.is_success() && q.status.is_success(), "{what}: {p}; {q}");
            near(p.transport_cost, q.transport_cost, 1e-7, &what);
            near(p.value, q.value, 1e-9, &what);
        }
    }
}

#[test]
fn single_precision_on_the_way_changes_no_answer() {
    // (Fewer pairs, or a finer tolerance, are computed in double precision throughout.)
    let families = [Family::Gaussian, Family::HeavyTails, Family::TwoFarClusters, Family::SharedOutlier];
    for (family, dim) in families.into_iter().flat_map(|family| [2, 5, 20].map(|dim| (family, dim))) {
        let grounds: [&std::sync::Arc<dyn GroundCost>; 3] = [
            &(std::sync::Arc::new(SquaredEuclidean) as _),
            &(std::sync::Arc::new(Euclidean) as _),
            &(std::sync::Arc::new(PNorm::cityblock()) as _),
        ];
        let (x, y) = family.pair(150, 170, dim, 3);
        let (a, b) = Weighting::Random.pair(150, 170, 3);
        let (x, y) = (Samples::with_weights(x, a).unwrap(), Samples::with_weights(y, b).unwrap());
        for ground in grounds {
            let problem = Problem::between_shared(&x, &y, std::sync::Arc::clone(ground)).unwrap();
            for relative in [0.3, 1e-2, 1e-3] {
                let what = format!("{family:?}, d = {dim}, {} at {relative}", ground.name());
                let solve = |tolerance| Sinkhorn::relative(relative).with_tolerance(tolerance).solve(&problem).unwrap();
                let (quick, precise) = (solve(1e-6), solve(1e-8));
                assert_sound(&problem, &quick, 1e-6, &what);
                // (A millionth of the mass that must go over a distance of 1e8 is all of the value, and may not get there.)
                if family != Family::SharedOutlier {
                    assert!(quick.status.is_success(), "{what}: {quick}");
                    near(quick.value, precise.value, 1e-5, &what);
                }
            }
        }
    }
}

#[test]
fn symmetry_scales_shifts_and_offsets() {
    let (x, y) = Family::Gaussian.pair(50, 40, 2, 9);
    let (a, b) = Weighting::Random.pair(50, 40, 9);
    let solve = |x: &Samples, y: &Samples| {
        let problem = Problem::between(x, y, SquaredEuclidean).unwrap();
        let solution = Sinkhorn::relative(1e-2).with_tolerance(1e-9).solve(&problem).unwrap();
        assert!(solution.status.is_success(), "{solution}");
        solution
    };
    let side = |points: &Points, weights: &Weights, scale: f64, shift: f64, mass: f64| {
        let moved: Vec<f64> = points.as_slice().iter().map(|v| v * scale + shift).collect();
        let weights: Vec<f64> = weights.as_slice().iter().map(|w| w * mass).collect();
        Samples::weighted(Points::from_rows(moved, 2).unwrap(), weights).unwrap()
    };
    let plain = |scale, shift, mass| solve(&side(&x, &a, scale, shift, mass), &side(&y, &b, scale, shift, mass));
    let reference = plain(1.0, 0.0, 1.0);
    let turned = solve(&side(&y, &b, 1.0, 0.0, 1.0), &side(&x, &a, 1.0, 0.0, 1.0));
    near(turned.value, reference.value, 1e-9, "turned");
    near(turned.transport_cost, reference.transport_cost, 1e-7, "turned");
    for mass in [1e-12, 1e12] {
        near(plain(1.0, 0.0, mass).value, reference.value * mass, 1e-9, "masses");
    }
    for scale in [1e-6_f64, 1e6] {
        near(plain(scale, 0.0, 1.0).value, reference.value * scale.powi(2), 1e-9, "coordinates");
    }
    // The points themselves are rounded to 1e-8 there.
    near(plain(1.0, 1e8, 1.0).value, reference.value, 1e-6, "offset");

    let problem =
        Problem::between(&side(&x, &a, 1.0, 0.0, 1.0), &side(&y, &b, 1.0, 0.0, 1.0), SquaredEuclidean).unwrap();
    let mut costs = vec![0.0; 50 * 40];
    problem.cost().fill(0..50, 0..40, &mut costs);
    for (scale, shift) in [(1.0, 7.0), (1e12, 0.0), (1e-12, 0.0), (1.0, -30.0)] {
        let moved: Vec<f64> = costs.iter().map(|c| c * scale + shift).collect();
        let moved = Array2::from_shape_vec((50, 40), moved).unwrap();
        let problem = Problem::with_matrix(a.clone(), b.clone(), &moved).unwrap();
        let solution = Sinkhorn::new(reference.epsilon * scale).with_tolerance(1e-9).solve(&problem).unwrap();
        near(solution.value, reference.value * scale + shift, 1e-9, "affine cost");
    }
}

#[test]
fn zero_weights_take_no_part_and_have_potentials() {
    let x = Samples::weighted([[0.0], [100.0], [1.0]], [0.5, 0.0, 0.5]).unwrap();
    let y = Samples::weighted([[-7e3], [0.5], [2.0]], [0.0, 0.5, 0.5]).unwrap();
    let (x2, y2) = (Samples::new([[0.0], [1.0]]).unwrap(), Samples::new([[0.5], [2.0]]).unwrap());
    let solver = Sinkhorn::new(0.05).with_tolerance(1e-12);
    let with = solver.solve(&Problem::between(&x, &y, SquaredEuclidean).unwrap()).unwrap();
    let without = solver.solve(&Problem::between(&x2, &y2, SquaredEuclidean).unwrap()).unwrap();
    near(with.value, without.value, 1e-12, "value");
    // The soft c-transform at −7000 of potentials of order 1.
    near(with.potentials.g[0], 7e3_f64.powi(2), 1e-3, "potential of a far point without mass");
    near(with.potentials.f[1], 98.0_f64.powi(2), 1e-1, "potential of a point without mass");
}

#[test]
fn extreme_weights_and_far_points_converge() {
    let (x, y) = Family::Gaussian.pair(80, 70, 2, 4);
    let mass = |n: usize| -> Vec<f64> { (0..n).map(|k| 10_f64.powi(-(k as i32 % 13))).collect() };
    let (x, y) =
        (Samples::weighted(x, mass(80)).unwrap().normalised(), Samples::weighted(y, mass(70)).unwrap().normalised());
    let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
    for relative in [1e-1, 1e-2, 1e-3] {
        let solution = Sinkhorn::relative(relative).solve(&problem).unwrap();
        assert!(solution.status.is_success(), "{solution}");
        assert_sound(&problem, &solution, 1e-6, "weights over 12 orders");
    }
}

#[test]
fn it_starts_from_what_it_is_given() {
    let problem = problem(Family::Gaussian, Weighting::Random, (200, 180), 2, SquaredEuclidean, 6);
    let cold = Sinkhorn::relative(1e-3).solve(&problem).unwrap();
    let warm = Sinkhorn::relative(1e-3).starting_from(cold.potentials.clone()).solve(&problem).unwrap();
    assert!(warm.status.is_success() && warm.report.iterations <= 3, "{warm}");
    near(warm.value, cold.value, 1e-6, "warm");
    let poor = Potentials { f: vec![1e4; 200], g: vec![-1e5; 180] };
    let poor = Sinkhorn::relative(1e-2).starting_from(poor).solve(&problem).unwrap();
    assert_sound(&problem, &poor, 1e-6, "from far off");
    assert!(poor.status.is_success(), "{poor}");
}

#[test]
fn memory_changes_the_way_and_not_the_answer() {
    let problem = problem(Family::Gaussian, Weighting::Random, (220, 260), 2, Euclidean, 6);
    let full = Sinkhorn::relative(5e-3).solve(&problem).unwrap();
    for bytes in [0, 50_000] {
        let little = Sinkhorn::relative(5e-3).with_memory(bytes).solve(&problem).unwrap();
        assert!(little.status.is_success(), "{little}");
        near(little.value, full.value, 1e-9, "value");
        assert!(little.report.memory < full.report.memory);
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let problem = problem(Family::Gaussian, Weighting::Random, (400, 350), 2, SquaredEuclidean, 1);
            let mut solution = Sinkhorn::relative(1e-3).solve(&problem).unwrap();
            solution.report = earthwork::transport::Report::default();
            solution
        })
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
}

#[test]
fn a_large_plane_goes_through_levels() {
    let problem = problem(Family::Gaussian, Weighting::Random, (2600, 2500), 2, SquaredEuclidean, 8);
    let solution = Sinkhorn::relative(1e-2).solve(&problem).unwrap();
    assert!(solution.status.is_success(), "{solution}");
    assert_sound(&problem, &solution, 1e-6, "levels");
}

#[test]
fn precision_can_be_asked_for() {
    let problem = problem(Family::Gaussian, Weighting::Random, (150, 130), 2, SquaredEuclidean, 3);
    for relative in [1e-1, 1e-2, 1e-3] {
        let solution = Sinkhorn::relative(relative).with_tolerance(1e-11).solve(&problem).unwrap();
        assert!(solution.status.is_success(), "{solution}");
        assert!(marginal_error(&problem, &solution) <= 2e-10, "{solution}");
    }
}

#[test]
fn wrong_calls_are_refused() {
    let problem = problem(Family::Gaussian, Weighting::Uniform, (5, 6), 2, SquaredEuclidean, 1);
    let message = |solver: Sinkhorn| solver.solve(&problem).unwrap_err().to_string();
    for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(message(Sinkhorn::new(epsilon)).starts_with("epsilon: it is"), "{epsilon}");
        assert!(message(Sinkhorn::relative(epsilon)).starts_with("epsilon: it is"), "{epsilon}");
    }
    assert!(message(Sinkhorn::new(1e-320)).contains("finite"));
    assert!(message(Sinkhorn::new(1.0).with_tolerance(0.0)).starts_with("tolerance: it is 0"));
    let short = Potentials { f: vec![0.0; 4], g: vec![0.0; 6] };
    assert!(message(Sinkhorn::new(1.0).starting_from(short)).starts_with("source potentials: it has 4 values"));
    let negative =
        Problem::with_matrix(Weights::uniform(1).unwrap(), Weights::uniform(1).unwrap(), ndarray::array![[-1.0]])
            .unwrap();
    assert!(Sinkhorn::relative(0.1).solve(&negative).unwrap_err().to_string().contains("relative"));
    assert!(Epsilon::Absolute(0.1).of(&negative).is_ok());
}

#[test]
fn forbidden_pairs_take_no_mass() {
    // Costs of 1e32 everywhere but on three bands, of which one makes a plan (POT issue 229).
    let n = 30;
    let wave = |k: usize| 0.5 + 0.5 * (k as f64 * 0.7).sin();
    let costs = Array2::from_shape_fn((n, n), |(i, j)| match (j + n - i) % n {
        0 | 1 | 7 => wave(7 * i + 3 * j),
        _ => 1e32,
    });
    let problem = Problem::with_matrix(Weights::uniform(n).unwrap(), Weights::uniform(n).unwrap(), costs).unwrap();
    let exact = solve(&problem).unwrap().transport_cost;
    for epsilon in [0.1, 0.01, 0.001] {
        let found = Sinkhorn::new(epsilon).solve(&problem).unwrap();
        assert!(found.status.is_success() && found.transport_cost < 1.0, "{found}");
        // From below as everywhere; from above only as far as the last millionth of the mass, which may go anywhere.
        let bounds = found.bounds.unwrap();
        assert!(bounds.lower <= exact && exact <= bounds.upper, "{found}, exactly {exact}");
        assert!(bounds.lower >= exact - 2.0 * epsilon, "{found}, exactly {exact}");
    }
}

#[test]
fn a_reference_moves_the_value_and_not_the_plan() {
    // Masses M/2 on points with costs 0 along and 1 across, as above.
    let costs = ndarray::array![[0.0, 1.0], [1.0, 0.0]];
    for mass in [1.0, 2.5, 1e-3, 1e-200, 1e200] {
        let weights = || Weights::new(vec![0.5 * mass; 2]).unwrap();
        let problem = Problem::with_matrix(weights(), weights(), &costs).unwrap();
        for epsilon in [0.05_f64, 1.0, 20.0] {
            let across = 1.0 / (1.0 + (1.0 / epsilon).exp());
            let entropy = across * across.ln() + (1.0 - across) * (1.0 - across).ln() + 2_f64.ln();
            let [scaled, product] = [Reference::Normalised, Reference::Product].map(|reference| {
                let solver = Sinkhorn::new(epsilon).with_tolerance(1e-12).with_reference(reference);
                solver.solve(&problem).unwrap()
            });
            for (found, shift) in [(&scaled, 0.0), (&product, mass.ln())] {
                // Of one plan, by Σ P log(P / R) as it stands.
                let right = across + epsilon * (entropy - shift);
                let digits = 1e-12 * (1.0 + epsilon * (1.0 + shift.abs()));
                assert!((found.value / mass - right).abs() <= digits, "{mass}, {epsilon}: {found:?}");
                assert!(found.value <= found.value_upper && found.value_upper / mass <= right + 1e3 * digits);
                let plan = found.plan(&problem).unwrap() / mass;
                near(plan[[0, 1]], 0.5 * across, 1e-11, "plan");
                let Potentials { f, g } = &found.potentials;
                near(
                    0.5 * (f[0] + f[1] + g[0] + g[1]),
                    found.value / mass,
                    1e-12 * (1.0 + digits / 1e-12),
                    "potentials",
                );
            }
            assert_eq!(scaled.transport_cost, product.transport_cost);
            assert_eq!(scaled.bounds, product.bounds);
        }
    }
}
