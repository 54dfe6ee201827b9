//! The multiscale simplex against the dense one and against the brute-force checker, on every family of points.

use std::sync::Arc;

use earthwork::cost::{Euclidean, GroundCost, PNorm, SquaredEuclidean};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, check, problem};
use proptest::prelude::*;
use proptest::sample::select;

fn costs() -> Vec<Arc<dyn GroundCost>> {
    let norm = |p: f64| PNorm::new(p).unwrap();
    vec![
        Arc::new(SquaredEuclidean),
        Arc::new(Euclidean),
        Arc::new(PNorm::cityblock()),
        Arc::new(PNorm::chebyshev()),
        Arc::new(norm(3.0)),
        Arc::new(norm(2.0).power(3.0).unwrap()),
        Arc::new(norm(1.0).power(2.0).unwrap()),
        Arc::new(norm(2.0).power(0.5).unwrap()),
    ]
}

/// All but clusters so far apart that potentials lose the digits of what is paid: `solve` takes those apart first, see
/// `degenerate.rs`.
fn families() -> Vec<Family> {
    Family::ALL.into_iter().filter(|&family| family != Family::TwoFarClusters).collect()
}

/// Solves one problem both ways and compares.
fn agree(problem: &Problem) -> std::result::Result<(), String> {
    let scaled = NetworkSimplex::multiscale().solve(problem).map_err(|e| e.to_string())?;
    let dense = NetworkSimplex::dense().solve(problem).map_err(|e| e.to_string())?;
    check(problem, &scaled)?;
    let (a, b) = (scaled.transport_cost, dense.transport_cost);
    // Both are optimal bases; the costs of two optimal plans differ by the rounding of their sums alone.
    let rounding = 1e-15 * scaled.bounds.map_or(0.0, |bounds| bounds.magnitude);
    if (a - b).abs() > 1e-11 * a.abs().max(b.abs()) + rounding {
        return Err(format!("multiscale {a}, dense {b}"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn both_ways_agree(
        family in select(families()),
        weighting in select(&Weighting::ALL[..]),
        cost in 0usize..8,
        dim in 1usize..8,
        n in 1usize..180,
        m in 1usize..180,
        seed in any::<u64>(),
    ) {
        let ground = costs().swap_remove(cost);
        let problem = problem(family, weighting, (n, m), dim, ground.clone(), seed);
        if let Err(why) = agree(&problem) {
            prop_assert!(false, "{family:?}, {weighting:?}, {}, d = {dim}, {n} x {m}, seed {seed}: {why}", ground.name());
        }
    }
}

#[test]
fn larger_clouds_pass_the_checker() {
    for (family, dim) in [
        (Family::Gaussian, 2),
        (Family::Lattice, 2),
        (Family::Gaussian, 5),
        (Family::Duplicates, 3),
        (Family::HeavyTails, 2),
    ] {
        for ground in [Arc::new(SquaredEuclidean) as Arc<dyn GroundCost>, Arc::new(Euclidean)] {
            let problem = problem(family, Weighting::Uniform, (1500, 1300), dim, ground.clone(), 11);
            let solution = NetworkSimplex::multiscale().solve(&problem).unwrap();
            check(&problem, &solution).unwrap_or_else(|why| panic!("{family:?}, d = {dim}, {}: {why}", ground.name()));
        }
    }
}

#[test]
fn an_outlier_takes_no_digits_from_a_norm() {
    // Potentials span eight decades more than the distances that are paid.
    let cloud = |seed: usize| -> Vec<f64> {
        (0..2 * 1200).map(|k| ((k * k + seed) as f64 * 0.618_033_988_749).fract()).collect()
    };
    let distances = |outliers: &[(f64, f64)]| {
        let side = |seed: usize, far: Option<f64>| {
            let mut points = cloud(seed);
            points.extend(far.into_iter().flat_map(|far| [far, 0.25]));
            Samples::new(Points::from_rows(points, 2).unwrap()).unwrap()
        };
        let far = outliers.first();
        let problem = Problem::between(&side(1, far.map(|f| f.0)), &side(5, far.map(|f| f.1)), Euclidean).unwrap();
        let solution = solve(&problem).unwrap();
        let gap = solution.bounds.unwrap().relative_gap();
        assert!(solution.status == Status::Optimal && gap < 1e-12, "{outliers:?}: {gap}");
        solution.transport_cost * problem.shape().0 as f64
    };
    let (without, with) = (distances(&[]), distances(&[(1e8, 1e8 + 0.5)]));
    assert!((with - without - 0.5).abs() < 1e-11 * with, "{with} is not {without} + 0.5");
}

#[test]
fn a_large_plane_problem_is_solved_within_little_memory() {
    // 15,000 points a side use the chunked tour; the matrix would take 1.8 GB.
    let problem = problem(Family::Gaussian, Weighting::Random, (15_000, 15_000), 2, SquaredEuclidean, 3);
    let solution = NetworkSimplex::default().solve(&problem).unwrap();
    assert_eq!(solution.status, Status::Optimal);
    assert!(solution.bounds.unwrap().relative_gap() < 1e-12);
    assert!(solution.report.memory < 30_000_000, "{} bytes", solution.report.memory);
    assert!(solution.plan.flows().len() < 30_000);
}

#[test]
fn an_early_end_gives_a_feasible_plan_and_bounds() {
    let problem = problem(Family::Gaussian, Weighting::Random, (700, 800), 2, SquaredEuclidean, 5);
    let best = NetworkSimplex::multiscale().solve(&problem).unwrap().transport_cost;
    for limit in [0, 1, 100, 1000, 2000] {
        let ended = NetworkSimplex::multiscale().with_iteration_limit(limit).solve(&problem).unwrap();
        assert_eq!(ended.status, Status::IterationLimit, "{limit}");
        earthwork::testing::check_plan(&problem, &ended.plan, true).unwrap();
        let bounds = ended.bounds.unwrap();
        assert!(bounds.lower <= best && best <= bounds.upper, "{limit}: {bounds:?} around {best}");
    }
}

#[test]
fn a_tolerance_ends_a_solve_with_bounds_as_close_as_asked_for() {
    for ground in [Arc::new(SquaredEuclidean) as Arc<dyn GroundCost>, Arc::new(Euclidean)] {
        let problem = problem(Family::Gaussian, Weighting::Random, (3000, 2500), 2, ground, 7);
        let best = NetworkSimplex::default().solve(&problem).unwrap();
        let mut pivots = best.report.iterations;
        for tolerance in [1e-4, 1e-2, 0.5] {
            let found = NetworkSimplex::default().with_tolerance(tolerance).solve(&problem).unwrap();
            assert!(matches!(found.status, Status::WithinTolerance | Status::Optimal), "{}", found.status);
            earthwork::testing::check_plan(&problem, &found.plan, true).unwrap();
            let bounds = found.bounds.unwrap();
            assert!(bounds.relative_gap() <= tolerance, "{bounds:?}");
            assert!(bounds.lower <= best.transport_cost && best.transport_cost <= bounds.upper);
            assert!(found.report.iterations <= pivots);
            pivots = found.report.iterations;
        }
        assert!(pivots < best.report.iterations / 2);
        let refused = NetworkSimplex::default().with_tolerance(-1.0).solve(&problem).unwrap_err();
        assert!(refused.to_string().contains("tolerance"), "{refused}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let problem = problem(Family::Gaussian, Weighting::Random, (3000, 2500), 3, Euclidean, 8);
    let solve = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let solution = pool.install(|| NetworkSimplex::multiscale().solve(&problem)).unwrap();
        (solution.plan, solution.potentials, solution.bounds)
    };
    assert_eq!(solve(1), solve(2));
    assert_eq!(solve(2), solve(2));
}

#[test]
fn costs_without_a_norm_are_refused_by_name_and_solved_by_default() {
    let x = Samples::new([[1.0, 0.0], [0.0, 1.0]]).unwrap();
    let problem = Problem::between(&x, &x, Cosine).unwrap();
    let message = NetworkSimplex::multiscale().solve(&problem).unwrap_err().to_string();
    assert!(message.contains("needs points and a p-norm cost"), "{message}");
    assert_eq!(NetworkSimplex::default().solve(&problem).unwrap().transport_cost, 0.0);
}
