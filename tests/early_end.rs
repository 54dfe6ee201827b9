//! A solve that ends early returns what it has: a feasible plan, valid bounds, a status that says why.

use std::time::Duration;

use earthwork::cost::PNorm;
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, check, check_bounds, problem};
use earthwork::transport::{CancelToken, Progress};

/// Large enough that no solver finishes before its first look at the clock.
fn large() -> Problem<'static> {
    problem(Family::Gaussian, Weighting::Random, (300, 250), 3, SquaredEuclidean, 1)
}

/// Sound, ended as `status` says, and its bounds hold the optimum.
fn assert_ended(problem: &Problem, solution: &Solution, status: Status) {
    assert_eq!(solution.status, status);
    check_bounds(problem, solution).unwrap();
    let optimal = solve(problem).unwrap();
    let bounds = solution.bounds.unwrap();
    assert!(bounds.lower <= optimal.transport_cost && optimal.transport_cost <= bounds.upper, "{solution}");
    assert!(!solution.status.is_success());
}

#[test]
fn a_deadline_of_zero() {
    let problem = large();
    let solution = NetworkSimplex::default().with_time_limit(Duration::ZERO).solve(&problem).unwrap();
    assert_ended(&problem, &solution, Status::Deadline);
}

#[test]
fn deadlines_within_every_way_to_solve() {
    let euclidean = || PNorm::wasserstein(1.0).unwrap();
    // The larger ones are certified by a tree.
    for (dims, sizes) in [(&[1, 2, 3, 4, 6][..], (900, 700)), (&[2, 3], (3400, 3000))] {
        for &dim in dims {
            let (n, m) = sizes;
            let sides = |seed| problem(Family::Gaussian, Weighting::Random, (n, m), dim, euclidean(), seed);
            let squared = problem(Family::TwoFarClusters, Weighting::Random, (n, m), dim, SquaredEuclidean, 1);
            for (problem, simplex) in [(squared, NetworkSimplex::default()), (sides(2), NetworkSimplex::multiscale())] {
                let optimal = solve(&problem).unwrap().transport_cost;
                for limit in [0, 1, 20] {
                    let solver = simplex.clone().with_time_limit(Duration::from_millis(limit));
                    let solution = solver.solve(&problem).unwrap();
                    check_bounds(&problem, &solution).unwrap();
                    let bounds = solution.bounds.unwrap();
                    let rounding = 1e-12 * optimal;
                    assert!(
                        bounds.lower <= optimal + rounding && optimal <= bounds.upper + rounding,
                        "d = {dim}, {limit} ms: {bounds:?} does not hold {optimal}"
                    );
                }
            }
        }
    }
}

#[test]
fn iteration_limits() {
    for limit in [0, 1, 50] {
        for problem in [large(), problem(Family::Lattice, Weighting::Uniform, (120, 110), 2, SquaredEuclidean, 2)] {
            let solution = NetworkSimplex::default().with_iteration_limit(limit).solve(&problem).unwrap();
            assert!(solution.report.iterations <= limit, "{solution}");
            assert_ended(&problem, &solution, Status::IterationLimit);
        }
    }
}

#[test]
fn a_limit_that_is_not_reached_changes_nothing() {
    let problem = large();
    let free = solve(&problem).unwrap();
    let limited = NetworkSimplex::default()
        .with_iteration_limit(u64::MAX)
        .with_time_limit(Duration::from_hours(1))
        .with_cancel(CancelToken::default())
        .solve(&problem)
        .unwrap();
    assert_eq!(limited.plan, free.plan);
    check(&problem, &limited).unwrap();
}

#[test]
fn a_token_cancelled_before_the_start() {
    let problem = large();
    let token = CancelToken::default();
    token.cancel();
    let solution = NetworkSimplex::default().with_cancel(token).solve(&problem).unwrap();
    assert_ended(&problem, &solution, Status::Cancelled);
}

#[test]
fn a_token_cancelled_from_another_thread() {
    let problem = problem(Family::Gaussian, Weighting::Random, (2000, 2000), 10, PNorm::cityblock(), 3);
    let token = CancelToken::default();
    let other = token.clone();
    let solution = std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            other.cancel();
        });
        NetworkSimplex::default().with_cancel(token).without_certificate().solve(&problem).unwrap()
    });
    assert_eq!(solution.status, Status::Cancelled);
}

#[test]
fn progress_is_reported_and_may_cancel() {
    let problem = problem(Family::Gaussian, Weighting::Random, (2000, 2000), 10, SquaredEuclidean, 4);
    let token = CancelToken::default();
    let (mut calls, mut last) = (0, 0);
    let mut observer = |progress: &Progress| {
        calls += 1;
        assert!(progress.iterations >= last, "iterations never go back");
        last = progress.iterations;
        assert!(!progress.stage.is_empty());
        token.cancel();
    };
    let solution =
        NetworkSimplex::default().with_cancel(token.clone()).solve_observed(&problem, &mut observer).unwrap();
    // On a machine that is fast enough to finish before the first report there is nothing to cancel.
    assert!(calls > 0 && solution.status == Status::Cancelled || calls == 0 && solution.status == Status::Optimal);
}

#[test]
fn bounds_only_narrow_with_more_iterations() {
    let problem = large();
    let mut upper = f64::INFINITY;
    for limit in [0, 10, 100, 300, 1000, 100_000] {
        let solution = NetworkSimplex::default().with_iteration_limit(limit).solve(&problem).unwrap();
        check_bounds(&problem, &solution).unwrap();
        // Each pivot lowers the cost of the perturbed plan; the plan itself may keep its cost, to rounding.
        assert!(solution.transport_cost <= upper * (1.0 + 1e-14), "limit {limit}");
        upper = solution.transport_cost;
    }
}

/// Whatever the level at which it ends: the potentials of the coarse cells, carried to all points, prove most of the value.
#[test]
fn an_early_end_has_a_lower_bound_worth_having() {
    for (dim, most) in [(2, [0.2, 0.1, 0.05]), (3, [0.3, 0.2, 0.1]), (6, [0.3, 0.2, 0.1])] {
        let problem = problem(Family::Gaussian, Weighting::Random, (1500, 1400), dim, SquaredEuclidean, 6);
        let whole = NetworkSimplex::multiscale().solve(&problem).unwrap();
        for (share, most) in [0.2, 0.6, 0.95].into_iter().zip(most) {
            let limit = (share * whole.report.iterations as f64) as u64;
            let solution = NetworkSimplex::multiscale().with_iteration_limit(limit).solve(&problem).unwrap();
            check_bounds(&problem, &solution).unwrap();
            assert_eq!(solution.status, Status::IterationLimit);
            let bounds = solution.bounds.unwrap();
            assert!(bounds.lower <= whole.transport_cost && whole.transport_cost <= bounds.upper);
            let off = 1.0 - bounds.lower / whole.transport_cost;
            assert!(off < most, "d = {dim}, {limit} pivots of {}: {bounds:?}, off by {off}", whole.report.iterations);
        }
    }
}

#[test]
fn an_early_end_over_a_matrix_has_a_lower_bound_worth_having() {
    let problem = large();
    let best = solve(&problem).unwrap().transport_cost;
    for limit in [0, 300] {
        let solution = NetworkSimplex::dense().with_iteration_limit(limit).solve(&problem).unwrap();
        let lower = solution.bounds.unwrap().lower;
        assert!(lower > 0.3 * best, "{limit} pivots: {lower} of {best}");
    }
}

#[test]
fn progress_tells_the_level_and_a_gap_that_narrows() {
    let problem = problem(Family::Gaussian, Weighting::Random, (5000, 5000), 2, Euclidean, 7);
    let (mut calls, mut gaps, mut level) = (0, Vec::new(), 0);
    let mut observer = |progress: &Progress| {
        calls += 1;
        assert!(progress.level >= level && progress.level <= progress.levels, "{progress:?}");
        level = progress.level;
        gaps.extend(progress.gap);
        assert!(progress.gap.is_none() || progress.level == progress.levels, "a coarse gap is none of the problem's");
    };
    let solution = NetworkSimplex::multiscale().solve_observed(&problem, &mut observer).unwrap();
    assert_eq!(solution.status, Status::Optimal);
    assert!(gaps.iter().all(|gap| (0.0..0.5).contains(gap)), "{gaps:?}");
    assert!(gaps.is_sorted_by(|a, b| b <= a), "{gaps:?}");
    // A machine that takes less than two seconds may report too seldom to tell.
    assert!(calls < 20 || !gaps.is_empty());
}
