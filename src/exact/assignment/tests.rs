use super::*;
use crate::cost::{Euclidean, SquaredEuclidean};
use crate::exact::NetworkSimplex;
use crate::measure::{Gaussian, Points, Samples, Weights};
use crate::transport::CancelToken;
use ndarray::Array2;
use proptest::prelude::*;

fn of_matrix(matrix: &Array2<f64>) -> Problem<'_> {
    let uniform = Weights::uniform(matrix.nrows()).unwrap();
    Problem::with_matrix(uniform.clone(), uniform, matrix).unwrap()
}

fn assert_optimal(problem: &Problem) -> Solution {
    let solution = Assignment::default().solve(problem).unwrap();
    let bounds = solution.bounds.unwrap();
    assert_eq!(solution.status, Status::Optimal);
    assert!(solution.plan.as_permutation().is_some(), "{:?}", solution.plan);
    // Prices are sums of costs, rounded at the size of the largest.
    let largest = (0..problem.shape().0)
        .flat_map(|i| (0..problem.shape().1).map(move |j| problem.cost().entry(i, j).abs()))
        .fold(0.0, f64::max);
    assert!(bounds.gap() <= 32.0 * f64::EPSILON * largest * problem.mass(), "{bounds:?} of costs up to {largest}");
    solution
}

/// Cheap pseudo-random numbers in [0, 1).
fn noise(k: usize) -> f64 {
    f64::from((k as u32 + 1).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519) >> 8)
        / f64::from(1 << 24)
}

fn cloud(n: usize, dim: usize, seed: u64, scale: f64, shift: f64) -> Samples {
    let normal = Gaussian::standard(dim).unwrap().sample(n, seed).unwrap();
    let moved: Vec<f64> = normal.points().as_slice().iter().map(|v| v * scale + shift).collect();
    Samples::new(Points::from_rows(moved, dim).unwrap()).unwrap()
}

#[test]
fn known_matrices_have_known_answers() {
    for n in [1, 2, 3, 10, 65] {
        // Rearrangement: the largest row takes the smallest column.
        let product = Array2::from_shape_fn((n, n), |(i, j)| ((i + 1) * (j + 1)) as f64);
        let reversed: Vec<usize> = (0..n).rev().collect();
        assert_eq!(assert_optimal(&of_matrix(&product)).plan.as_permutation(), Some(reversed));
        let constant = Array2::from_elem((n, n), -2.5);
        assert!((assert_optimal(&of_matrix(&constant)).transport_cost + 2.5).abs() < 1e-15);
    }
}

#[test]
fn clouds_and_matrices_agree_with_the_network_simplex() {
    for (n, dim) in [(60, 2), (120, 2), (100, 10), (90, 64)] {
        let (x, y) = (cloud(n, dim, 1, 1.0, 0.0), cloud(n, dim, 2, 1.2, 0.5));
        for problem in [Problem::between(&x, &y, SquaredEuclidean), Problem::between(&x, &y, Euclidean)] {
            let problem = problem.unwrap();
            let simplex = NetworkSimplex::default().solve(&problem).unwrap().transport_cost;
            let ours = assert_optimal(&problem).transport_cost;
            assert!((ours / simplex - 1.0).abs() < 1e-13, "{n} {dim}: {ours} and {simplex}");
        }
    }
    for (n, levels) in [(150, 0.0), (150, 3.0), (150, 40.0)] {
        let entry = |k: usize| if levels > 0.0 { (noise(k) * levels).floor() } else { noise(k) };
        let matrix = Array2::from_shape_fn((n, n), |(i, j)| entry(i * n + j));
        let problem = of_matrix(&matrix);
        let simplex = NetworkSimplex::default().solve(&problem).unwrap().transport_cost;
        let ours = assert_optimal(&problem).transport_cost;
        assert!((ours - simplex).abs() <= 1e-13 * simplex.max(1.0), "{n} {levels}: {ours} and {simplex}");
    }
}

#[test]
fn a_solve_that_is_ended_early_is_feasible_and_says_so() {
    let (x, y) = (cloud(200, 2, 1, 1.0, 0.0), cloud(200, 2, 2, 1.2, 0.5));
    let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
    let best = assert_optimal(&problem).transport_cost;
    let token = CancelToken::default();
    token.cancel();
    let ends = [
        (Assignment::default().with_iteration_limit(100), Status::IterationLimit),
        (Assignment::default().with_time_limit(Duration::ZERO), Status::Deadline),
        (Assignment::default().with_cancel(token), Status::Cancelled),
    ];
    for (solver, status) in ends {
        let solution = solver.solve(&problem).unwrap();
        let bounds = solution.bounds.unwrap();
        assert_eq!(solution.status, status);
        assert!(solution.plan.as_permutation().is_some());
        assert!(
            bounds.lower <= best * (1.0 + 1e-13) && bounds.upper >= best * (1.0 - 1e-13),
            "{bounds:?} around {best}"
        );
    }
}

#[test]
fn a_wary_attempt_gives_up_where_the_network_simplex_is_faster() {
    let attempt = |problem: &Problem| Assignment::default().attempt(problem, true, &mut Silent).unwrap();
    let matrix = |n: usize, entry: fn(usize) -> f64| Array2::from_shape_fn((n, n), |(i, j)| entry(i * n + j));
    assert!(attempt(&of_matrix(&matrix(200, noise))).is_some());
    assert!(attempt(&of_matrix(&matrix(200, |k| (noise(k) * 10.0).floor()))).is_some());
    assert!(attempt(&of_matrix(&matrix(1300, |k| (noise(k) * 10.0).floor()))).is_none());
    let (x, y) = (cloud(200, 2, 1, 1.0, 0.0), cloud(200, 2, 2, 1.2, 0.5));
    assert!(attempt(&Problem::between(&x, &y, SquaredEuclidean).unwrap()).is_none());
}

#[test]
fn costs_too_far_apart_stall_and_the_chosen_solver_takes_over() {
    // Every row can go to its own column and the next; all else is forbidden.
    let n = 40;
    let cost = |i: usize, j: usize| if j == i || j == (i + 1) % n { noise(i * n + j) } else { 1e32 };
    let matrix = Array2::from_shape_fn((n, n), |(i, j)| cost(i, j));
    let problem = of_matrix(&matrix);
    let bounds = crate::exact::solve(&problem).unwrap().bounds.unwrap();
    assert!(bounds.relative_gap() <= 1e-12, "{bounds:?}");
}

#[test]
fn other_masses_are_refused() {
    let x = Samples::weighted([[0.0], [1.0]], [0.25, 0.75]).unwrap();
    let y = Samples::new([[0.0], [1.0]]).unwrap();
    let problem = Problem::between(&x, &y, Euclidean).unwrap();
    assert!(Assignment::default().solve(&problem).unwrap_err().to_string().contains("equal mass"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn small_matrices_agree_with_the_network_simplex(
        (n, entries) in (1usize..12).prop_flat_map(|n| {
            let entry = prop_oneof![(-3i32..3).prop_map(f64::from), -1.0..1.0f64, 1e2..1e3f64];
            (Just(n), prop::collection::vec(entry, n * n))
        })
    ) {
        let matrix = Array2::from_shape_vec((n, n), entries).unwrap();
        let problem = of_matrix(&matrix);
        let simplex = NetworkSimplex::default().with_iteration_limit(100_000).solve(&problem).unwrap();
        let ours = assert_optimal(&problem).transport_cost;
        prop_assert!((ours - simplex.transport_cost).abs() <= 1e-12 * simplex.bounds.unwrap().magnitude.max(1.0));
    }
}
