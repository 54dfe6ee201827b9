//! Equal points are solved as one, and for a metric cost mass that both sides hold at a point stays there: the answers are
//! those of the same costs as a matrix, where nothing is known of points.

use std::sync::Arc;

use earthwork::cost::{GroundCost, PNorm};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, check, problem};
use ndarray::Array2;
use proptest::prelude::*;
use proptest::sample::select;

fn costs() -> Vec<Arc<dyn GroundCost>> {
    vec![
        Arc::new(SquaredEuclidean),
        Arc::new(Euclidean),
        Arc::new(PNorm::cityblock()),
        Arc::new(PNorm::chebyshev()),
        Arc::new(PNorm::wasserstein(0.5).unwrap()),
        Arc::new(PNorm::cityblock().power(3.0).unwrap()),
    ]
}

/// The same costs and masses without the points.
fn as_matrix(problem: &Problem) -> Problem<'static> {
    let (n, m) = problem.shape();
    let costs = Array2::from_shape_fn((n, m), |(i, j)| problem.cost().entry(i, j));
    Problem::with_matrix(problem.source().clone(), problem.target().clone(), costs).unwrap()
}

fn agrees_with_its_matrix(problem: &Problem, solver: &NetworkSimplex) -> std::result::Result<(), String> {
    let merged = solver.solve(problem).map_err(|e| e.to_string())?;
    check(problem, &merged)?;
    let plain = NetworkSimplex::dense().solve(&as_matrix(problem)).map_err(|e| e.to_string())?;
    let (a, b) = (merged.transport_cost, plain.transport_cost);
    if (a - b).abs() > 1e-11 * a.abs().max(b.abs()) { Err(format!("merged {a}, as a matrix {b}")) } else { Ok(()) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn places_and_their_matrix_agree(
        family in select(vec![Family::IntegerGrid, Family::Duplicates, Family::Collinear, Family::AllEqual, Family::Lattice]),
        weighting in select(&Weighting::ALL[..]),
        cost in 0usize..6,
        dim in 1usize..7,
        n in 1usize..120,
        m in 1usize..120,
        multiscale in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let ground = costs().swap_remove(cost);
        let problem = problem(family, weighting, (n, m), dim, ground.clone(), seed);
        let solver = if multiscale { NetworkSimplex::multiscale() } else { NetworkSimplex::default() };
        if let Err(why) = agrees_with_its_matrix(&problem, &solver) {
            prop_assert!(false, "{family:?}, {weighting:?}, {}, d = {dim}, {n} x {m}, seed {seed}: {why}", ground.name());
        }
    }
}

#[test]
fn a_sample_against_itself_moves_nothing() {
    for dim in [2, 3, 8] {
        let (x, _) = Family::Gaussian.pair(300, 1, dim, 1);
        let (a, _) = Weighting::Random.pair(300, 1, 1);
        let x = Samples::with_weights(x, a).unwrap();
        let problem = Problem::between(&x, &x, Euclidean).unwrap();
        let solution = NetworkSimplex::default().solve(&problem).unwrap();
        check(&problem, &solution).unwrap();
        assert_eq!((solution.transport_cost, solution.report.iterations), (0.0, 0));
        assert_eq!(solution.bounds.unwrap().gap(), 0.0);
        assert!(solution.plan.flows().iter().all(|flow| flow.source == flow.target));
    }
}

/// Two clouds that share all points but one on each side: only that one is solved, and the potentials of the others, which
/// tell nothing of the distance, do not drown it.
#[test]
fn what_is_common_costs_no_digits() {
    for (dim, step) in [(2, 1e-9), (2, 1.0), (6, 1e-9), (6, 1.0)] {
        let (x, _) = Family::Gaussian.pair(500, 1, dim, 2);
        let mut moved = x.as_slice().to_vec();
        moved[dim * 7] += step;
        let step = moved[dim * 7] - x.point(7)[0];
        let y = Points::from_rows(moved, dim).unwrap();
        let problem = Problem::between(&Samples::new(&x).unwrap(), &Samples::new(&y).unwrap(), Euclidean).unwrap();
        let solution = NetworkSimplex::default().solve(&problem).unwrap();
        check(&problem, &solution).unwrap();
        let expected = step.abs() / 500.0;
        assert!((solution.transport_cost - expected).abs() <= 1e-15 * expected, "{solution}");
        assert!(solution.bounds.unwrap().relative_gap() < 1e-12, "{solution}");
        assert_eq!(solution.report.iterations, 0);
    }
}

/// 200 images of two values: the rest of the mass, once what is common is gone, is one source and one target at most places.
#[test]
fn masses_of_one_lattice_cancel() {
    let side = 40;
    let wave = |k: usize, phase: f64| 1.0 + ((k % side) as f64 * 0.3 + phase).sin() * ((k / side) as f64 * 0.2).cos();
    let image = |phase: f64| {
        let masses = Array2::from_shape_fn((side, side), |(r, c)| (16.0 * wave(r * side + c, phase)).round());
        Histogram::grid(masses).unwrap().to_samples().unwrap().normalised()
    };
    let problem = Problem::between(&image(0.0), &image(0.4), Euclidean).unwrap();
    let solution = NetworkSimplex::default().solve(&problem).unwrap();
    check(&problem, &solution).unwrap();
    assert!(solution.plan.flows().len() < 2 * side * side);
    assert!(solution.plan.flows().iter().filter(|flow| flow.source == flow.target).count() > side * side / 2);
}

#[test]
fn equal_points_with_equal_masses_still_get_a_permutation() {
    let (x, y) = Family::Duplicates.pair(400, 400, 3, 4);
    let problem = Problem::between(&Samples::new(&x).unwrap(), &Samples::new(&y).unwrap(), SquaredEuclidean).unwrap();
    let mut targets = NetworkSimplex::default().solve(&problem).unwrap().plan.as_permutation().expect("a permutation");
    targets.sort_unstable();
    assert_eq!(targets, (0..400).collect::<Vec<_>>());
}
