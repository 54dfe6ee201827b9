//! Calls to which the most used library gives a wrong number, or a number at all (POT 0.9.7, run in November 2026), and
//! bugs of the same kind from its issues and those of `SciPy` and GUDHI. Here each is a right value or a typed error.

use earthwork::cost::PNorm;
use earthwork::error::ErrorKind;
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, check, check_bounds, known, problem};
use earthwork::transport::Flow;
use ndarray::{Array2, array};

fn clouds(n: usize) -> (Samples, Samples) {
    let shifted = Gaussian::new([0.3, 0.1], array![[1.1, 0.0], [0.0, 0.9]].view()).unwrap();
    (Gaussian::standard(2).unwrap().sample(n, 1).unwrap(), shifted.sample(n, 2).unwrap())
}

fn matrix(x: &Samples, y: &Samples) -> Array2<f64> {
    let between = Problem::between(x, y, SquaredEuclidean).unwrap();
    Array2::from_shape_fn(between.shape(), |(i, j)| between.cost().entry(i, j))
}

fn uniform(n: usize) -> Weights {
    Weights::uniform(n).unwrap()
}

/// POT: 0.0 and a warning for s = 1e8.
#[test]
fn masses_of_any_total_scale_the_cost() {
    let (x, y) = clouds(200);
    let costs = matrix(&x, &y);
    let value = |s: f64| {
        let masses = || Weights::new(vec![s / 200.0; 200]).unwrap();
        let problem = Problem::with_matrix(masses(), masses(), &costs).unwrap();
        let solution = solve(&problem).unwrap();
        check(&problem, &solution).unwrap();
        solution.transport_cost
    };
    let one = value(1.0);
    for s in [1e-12, 1e-3, 1e6, 1e8, 1e12] {
        // Each product of a mass and a cost is rounded once, and the sum once.
        assert!((value(s) - s * one).abs() <= 4.0 * f64::EPSILON * s * one, "s = {s}");
    }
}

/// POT: 0.0 and a warning. An infinite cost forbids a pair, and so does one far above all others.
#[test]
fn an_infinite_cost_and_a_huge_one_forbid() {
    let (x, y) = clouds(30);
    let mut costs = matrix(&x, &y);
    let free = solve(&Problem::with_matrix(uniform(30), uniform(30), &costs).unwrap()).unwrap();
    let (row, column) = (0..900)
        .map(|k| (k / 30, k % 30))
        .find(|&(i, j)| !free.plan.flows().iter().any(|flow| (flow.source, flow.target) == (i, j)))
        .unwrap();
    for none in [f64::INFINITY, 1e32] {
        costs[[row, column]] = none;
        let problem = Problem::with_matrix(uniform(30), uniform(30), &costs).unwrap();
        let forbidden = solve(&problem).unwrap();
        check(&problem, &forbidden).unwrap();
        assert!((forbidden.transport_cost - free.transport_cost).abs() <= 1e-14 * free.transport_cost);
    }
}

/// POT: a plausible number, no warning; the pair is dropped in silence.
#[test]
fn a_nan_cost_is_an_error() {
    let (x, y) = clouds(10);
    let mut costs = matrix(&x, &y);
    costs[[3, 7]] = f64::NAN;
    let error = Problem::with_matrix(uniform(10), uniform(10), &costs).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cost { row: 3, column: 7, value } if value.is_nan()), "{error}");
}

/// POT: 0.0 and a warning.
#[test]
fn a_negative_weight_is_an_error() {
    let error = Samples::weighted([[0.0], [1.0]], [1.5, -0.5]).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Weight { index: 1, value: -0.5 });
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(Samples::weighted([[0.0], [1.0]], [1.0, bad]).is_err());
    }
}

/// POT (issue 229, and GUDHI 465): "optimal" and 88.5 where 57.5 is right, for costs of 1e32 on forbidden pairs.
#[test]
fn forbidden_pairs_do_not_cost_the_digits_of_the_others() {
    for seed in 0..20 {
        // Few allowed pairs, so the optimum is not the greedy one; a cyclic shift makes sure that there is a plan.
        let n = 24;
        let (x, y) = Family::Gaussian.pair(n, n, 2, seed);
        let costs = |forbidden: f64| {
            Array2::from_shape_fn((n, n), |(i, j)| {
                let allowed = j == (i + 1) % n || (i * 31 + j * 17 + seed as usize) % 5 < 2;
                let c: f64 = x.point(i).iter().zip(y.point(j)).map(|(x, y)| (x - y).powi(2)).sum();
                if allowed { 10.0 * c } else { forbidden }
            })
        };
        let solved = |costs: Array2<f64>| {
            let problem = Problem::with_matrix(uniform(n), uniform(n), costs).unwrap();
            let solution = solve(&problem).unwrap();
            check(&problem, &solution).unwrap();
            solution.transport_cost
        };
        // A forbidden cost of 1e5 is above all sums of allowed ones, and harmless: it is the oracle for the others.
        let right = solved(costs(1e5));
        for forbidden in [1e9, 1e15, 1e32] {
            let found = solved(costs(forbidden));
            assert!(
                (found - right).abs() <= 1e-12 * right,
                "seed {seed}, forbidden {forbidden:e}: {found} is not {right}"
            );
        }
    }
}

/// POT: 0.0, from |x|² + |y|² − 2xy.
#[test]
fn points_far_from_the_origin_keep_their_distance() {
    // Multiples of 2⁻²⁰ plus 1e8 are numbers, so the moved problem is the same to the last bit.
    let (x, y) = clouds(200);
    let moved = |samples: &Samples, by: f64| {
        let rounded = samples.points().view().mapv(|v| (v * 1_048_576.0).round() / 1_048_576.0 + by);
        Samples::new(rounded).unwrap()
    };
    for p in [1.0, 2.0, 3.0] {
        let near = wasserstein(&moved(&x, 0.0), &moved(&y, 0.0), p).unwrap();
        let far = wasserstein(&moved(&x, 1e8), &moved(&y, 1e8), p).unwrap();
        assert_eq!(near.value, far.value, "p = {p}");
    }
}

/// POT: a plan with a marginal error of 0.43, and a warning.
#[test]
fn an_iteration_limit_leaves_a_feasible_plan_and_bounds() {
    let problem = problem(Family::Gaussian, Weighting::Random, (200, 200), 2, SquaredEuclidean, 1);
    let optimum = solve(&problem).unwrap().transport_cost;
    let limited = NetworkSimplex::default().with_iteration_limit(50).solve(&problem).unwrap();
    assert_eq!(limited.status, Status::IterationLimit);
    check_bounds(&problem, &limited).unwrap();
    let bounds = limited.bounds.unwrap();
    assert!(bounds.lower <= optimum && optimum <= bounds.upper && bounds.gap() > 0.0);
}

/// POT: `wasserstein_1d` answers 2.28 where 0.237 is right, without an error.
#[test]
fn unequal_masses_are_an_error_on_the_line_too() {
    let x = Samples::weighted([[0.0], [1.0]], [3.0, 4.0]).unwrap();
    let y = Samples::new([[0.5], [1.5]]).unwrap();
    let error = wasserstein(&x, &y, 1.0).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::MassMismatch { source_mass: 7.0, target_mass: 1.0 });
    assert!(wasserstein(&x.normalised(), &y, 1.0).is_ok());
}

/// POT (issues 93, 126, 190): "infeasible" and a zero plan for single-precision weights, whose sums differ in the last digits.
#[test]
fn weights_in_single_precision_are_named_or_solved() {
    let (n, m) = (5, 960);
    let single = |n: usize| (0..n).map(|_| f64::from(1.0_f32 / n as f32)).collect::<Vec<f64>>();
    let (x, y) = Family::Gaussian.pair(n, m, 2, 3);
    let (x, y) = (Samples::weighted(x, single(n)).unwrap(), Samples::weighted(y, single(m)).unwrap());
    let error = Problem::between(&x, &y, Euclidean).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MassMismatch { .. }), "{error}");
    let problem = Problem::between(&x.normalised(), &y.normalised(), Euclidean).unwrap();
    check(&problem, &solve(&problem).unwrap()).unwrap();
}

/// POT (issue 114), `OpenCV` (5311): weights of the wrong length crash or are accepted.
#[test]
fn lengths_that_do_not_fit_are_errors() {
    assert!(Samples::weighted([[0.0], [1.0]], [1.0]).is_err());
    let error = Problem::with_matrix(uniform(2), uniform(3), Array2::zeros((3, 2))).unwrap_err();
    assert_eq!(error.argument(), "source weights");
    let (line, plane) = (Samples::new([[0.0]]).unwrap(), Samples::new([[0.0, 0.0]]).unwrap());
    assert!(matches!(
        wasserstein(&line, &plane, 2.0).unwrap_err().kind(),
        ErrorKind::Dimension { expected: 1, found: 2 }
    ));
}

/// POT (issue 138): a wrong value for weights in another order than the points.
#[test]
fn weights_belong_to_their_points_on_the_line() {
    let x = Samples::weighted([[3.0], [0.0], [1.0]], [0.2, 0.5, 0.3]).unwrap();
    let y = Samples::weighted([[5.0], [2.0]], [0.6, 0.4]).unwrap();
    // Sorted: 0 (0.5), 1 (0.3), 3 (0.2) against 2 (0.4), 5 (0.6).
    let by_hand = 0.4 * 2.0 + 0.1 * 5.0 + 0.3 * 4.0 + 0.2 * 2.0;
    assert!((wasserstein(&x, &y, 1.0).unwrap().value - by_hand).abs() < 1e-15);
}

/// `SciPy` (issue 19712): 0 for a large p, by underflow. Here: the distance, or an error that says what underflows.
#[test]
fn a_large_order_does_not_underflow_in_silence() {
    let x = Samples::new([[0.0, 0.0], [1.0, 0.0]]).unwrap();
    let y = Samples::new([[0.0, 0.5], [1.0, 0.5]]).unwrap();
    let distance = wasserstein(&x, &y, 300.0).unwrap();
    assert!((distance.value - 0.5).abs() < 1e-12, "{distance}");

    let close = Samples::new([[1e-3, 0.0], [1e-3, 1e-3]]).unwrap();
    let origin = Samples::new([[0.0, 0.0]]).unwrap();
    let distance = wasserstein(&origin, &close, 300.0).unwrap();
    assert!((distance.value / (2e-6_f64.sqrt() * 0.5_f64.powf(1.0 / 300.0)) - 1.0).abs() < 1e-12, "{distance}");
    // Far clusters, each close together: the cost of the way between them is a number, those that are paid are not.
    let pairs = |by: f64| Samples::new([[by, 0.0], [3.0 + by, 0.0]]).unwrap();
    let error = wasserstein(&pairs(0.0), &pairs(1e-2), 300.0).unwrap_err();
    assert!(error.to_string().contains("underflow"), "{error}");
}

/// geomloss (issue 51): a crash on identical single points.
#[test]
fn a_point_against_itself_is_zero() {
    let point = Samples::new([[1.5, -2.0]]).unwrap();
    let zero = wasserstein(&point, &point, 2.0).unwrap();
    assert_eq!((zero.value, zero.lower(), zero.upper()), (0.0, 0.0, 0.0));
}

/// pyemd (issues 32, 57), networkx (1846): wrong totals and endless loops on floating-point masses with ties.
#[test]
fn ties_in_floating_point_masses_end() {
    for seed in 0..10 {
        let tenths =
            |n: usize| Weights::new((0..n).map(|i| f64::from(1 + (i % 3) as u32) * 0.1).collect::<Vec<_>>()).unwrap();
        let (x, y) = Family::IntegerGrid.pair(30, 30, 2, seed);
        let (x, y) = (Samples::with_weights(x, tenths(30)).unwrap(), Samples::with_weights(y, tenths(30)).unwrap());
        let problem = Problem::between(&x, &y, PNorm::cityblock()).unwrap();
        check(&problem, &solve(&problem).unwrap()).unwrap();
    }
}

/// `sliced_plans` in POT costs a plan by the wrong weights; here the cost of a plan is ⟨C, P⟩, whoever made the plan.
#[test]
fn the_cost_of_a_plan_is_the_sum_over_its_entries() {
    let known = known::separated(4, 6, 1);
    let by_hand: f64 = known
        .plan
        .flows()
        .iter()
        .map(|&Flow { source, target, mass }| mass * known.problem.cost().entry(source, target))
        .sum();
    assert!((known.plan.transport_cost(&known.problem) - by_hand).abs() <= 1e-15 * by_hand);
}
