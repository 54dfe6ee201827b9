//! A warm start changes the time, never the answer.

use std::sync::Arc;

use earthwork::cost::{GroundCost, PNorm};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, check, problem};
use earthwork::transport::Flow;
use ndarray::Array2;
use proptest::prelude::*;
use proptest::sample::select;

/// The problem with its points moved by up to `by`, and its masses changed by factors up to 1 + `heavier`.
fn changed(problem: &Problem, by: f64, heavier: f64, seed: u64) -> Problem<'static> {
    let points = problem.points().unwrap();
    let noise = |k: usize, side: u64| ((k as f64 + 1.0) * 12.9898 + (seed % 97 + 7 * side) as f64 * 78.233).sin();
    let side = |points: &Points, masses: &Weights, side: u64| {
        let moved: Vec<f64> = points.as_slice().iter().enumerate().map(|(k, v)| v + by * noise(k, side)).collect();
        let masses = masses.as_slice().iter().enumerate().map(|(k, w)| w * (1.0 + heavier * noise(k, side + 2).abs()));
        let moved = Points::from_rows(moved, points.dim()).unwrap();
        Samples::weighted(moved, masses.collect::<Vec<_>>()).unwrap().normalised()
    };
    let (x, y) = (side(points.source(), problem.source(), 0), side(points.target(), problem.target(), 1));
    Problem::between_shared(&x, &y, points.shared_ground()).unwrap()
}

fn as_matrix(problem: &Problem) -> Problem<'static> {
    let (n, m) = problem.shape();
    let costs = Array2::from_shape_fn((n, m), |(i, j)| problem.cost().entry(i, j));
    Problem::with_matrix(problem.source().clone(), problem.target().clone(), costs).unwrap()
}

fn agree(problem: &Problem, former: &Solution, solver: &NetworkSimplex) -> std::result::Result<(), String> {
    let warm = solver.solve_from(problem, former).map_err(|e| e.to_string())?;
    check(problem, &warm)?;
    let cold = solver.solve(problem).map_err(|e| e.to_string())?;
    let (a, b) = (warm.transport_cost, cold.transport_cost);
    let rounding = 1e-15 * warm.bounds.map_or(0.0, |bounds| bounds.magnitude);
    if (a - b).abs() > 1e-11 * a.abs().max(b.abs()) + rounding { Err(format!("warm {a}, cold {b}")) } else { Ok(()) }
}

fn costs() -> Vec<Arc<dyn GroundCost>> {
    vec![
        Arc::new(SquaredEuclidean),
        Arc::new(Euclidean),
        Arc::new(PNorm::cityblock()),
        Arc::new(PNorm::wasserstein(3.0).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn warm_and_cold_agree(
        family in select(vec![
            Family::Gaussian, Family::HeavyTails, Family::IntegerGrid, Family::Duplicates, Family::Collinear, Family::Lattice,
        ]),
        weighting in select(&Weighting::ALL[..]),
        cost in 0usize..4,
        dim in 1usize..7,
        n in 1usize..120,
        m in 1usize..120,
        by in select(vec![0.0, 1e-9, 1e-2, 1.0]),
        heavier in select(vec![0.0, 1e-12, 0.01, 1.0]),
        points in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let ground = costs().swap_remove(cost);
        let problem = problem(family, weighting, (n, m), dim, ground.clone(), seed);
        let later = changed(&problem, by, heavier, seed);
        let solver = NetworkSimplex::default();
        let agrees = if points {
            let solver = NetworkSimplex::multiscale();
            agree(&later, &solver.solve(&problem).unwrap(), &solver)
        } else {
            agree(&as_matrix(&later), &solver.solve(&problem).unwrap(), &solver)
        };
        if let Err(why) = agrees {
            prop_assert!(
                false,
                "{family:?}, {weighting:?}, {}, d = {dim}, {n} x {m}, by {by}, heavier {heavier}, seed {seed}: {why}",
                ground.name()
            );
        }
    }

    #[test]
    fn a_bad_guess_costs_time_only(
        weighting in select(&Weighting::ALL[..]),
        dim in 1usize..6,
        n in 1usize..100,
        m in 1usize..100,
        kind in 0usize..4,
        seed in any::<u64>(),
    ) {
        let problem = problem(Family::Gaussian, weighting, (n, m), dim, SquaredEuclidean, seed);
        let flow = |source, target, mass| Flow { source, target, mass };
        let flows = match kind {
            // Nothing; everything; a diagonal; heaps in one row.
            0 => Vec::new(),
            1 => (0..n * m).map(|k| flow(k / m, k % m, 1.0 + (k % 7) as f64)).collect(),
            2 => (0..n.min(m)).map(|k| flow(k, k, 1.0)).collect(),
            _ => (0..m).map(|j| flow(seed as usize % n, j, 1e9)).collect(),
        };
        let plan = Plan::new((n, m), flows).unwrap();
        let wave = |k: usize| ((k as f64 + 1.0) * 1.7).sin() * 10f64.powi((seed % 9) as i32 - 2);
        let potentials = Potentials { f: (0..n).map(wave).collect(), g: (n..n + m).map(wave).collect() };
        for solver in [NetworkSimplex::default(), NetworkSimplex::multiscale()] {
            let warm = solver.solve_from(&problem, (&plan, &potentials)).unwrap();
            prop_assert_eq!(check(&problem, &warm), Ok(()));
            let cold = solver.solve(&problem).unwrap().transport_cost;
            prop_assert!((warm.transport_cost - cold).abs() <= 1e-11 * cold);
        }
    }
}

#[test]
fn the_same_problem_again_takes_no_pivots_where_the_plan_is_a_tree() {
    for dim in [2, 8] {
        let problem = problem(Family::Gaussian, Weighting::Random, (600, 500), dim, SquaredEuclidean, 3);
        let solver = NetworkSimplex::multiscale();
        let cold = solver.solve(&problem).unwrap();
        let warm = solver.solve_from(&problem, &cold).unwrap();
        assert_eq!(warm.report.iterations, 0);
        assert_eq!(warm.plan, cold.plan);
    }
}

#[test]
fn a_moved_cloud_takes_a_fraction_of_the_pivots() {
    for (weighting, dim) in [(Weighting::Random, 2), (Weighting::Uniform, 2), (Weighting::Uniform, 10)] {
        let first = problem(Family::Gaussian, weighting, (800, 800), dim, SquaredEuclidean, 5);
        let later = changed(&first, 1e-3, 0.0, 5);
        let solver = NetworkSimplex::multiscale();
        let warm = solver.solve_from(&later, &solver.solve(&first).unwrap()).unwrap();
        let cold = solver.solve(&later).unwrap();
        check(&later, &warm).unwrap();
        let (warm, cold) = (warm.report.iterations, cold.report.iterations);
        assert!(5 * warm < cold, "{weighting:?}, d = {dim}: {warm} pivots against {cold}");
    }
}

#[test]
fn warm_starts_repeat_on_any_number_of_threads() {
    let first = problem(Family::Gaussian, Weighting::Uniform, (700, 700), 3, Euclidean, 6);
    let later = changed(&first, 1e-2, 0.0, 6);
    let former = solve(&first).unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let solution = pool.install(|| NetworkSimplex::default().solve_from(&later, &former)).unwrap();
        (solution.plan, solution.potentials, solution.bounds)
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(2), on(5));
}

#[test]
fn guesses_of_another_shape_are_refused() {
    let small = problem(Family::Gaussian, Weighting::Random, (5, 6), 2, Euclidean, 1);
    let large = problem(Family::Gaussian, Weighting::Random, (6, 6), 2, Euclidean, 1);
    let solver = NetworkSimplex::default();
    let message = solver.solve_from(&large, &solver.solve(&small).unwrap()).unwrap_err().to_string();
    assert_eq!(message, "plan: it has 5 rows, but 6 are needed (the shape of the problem)");
    let mut former = solver.solve(&large).unwrap();
    former.potentials.f[2] = f64::NAN;
    assert!(solver.solve_from(&large, &former).unwrap_err().to_string().contains("potentials must be finite"));
}
