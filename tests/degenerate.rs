//! Every family of difficult input with every kind of weights under every kind of cost, through the independent checker.

use earthwork::cost::{CostFn, GroundCost, PNorm};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, check, check_bounds, known, problem};

/// Solves and checks one problem; says what is wrong.
fn fault(problem: &Problem) -> Option<String> {
    let solution = solve(problem).unwrap();
    check(problem, &solution).err().map(|fault| format!("{solution}\n{fault}"))
}

/// Every family and weighting under `ground`, at shapes (n, m) and dimensions.
#[expect(clippy::needless_pass_by_value, reason = "a cost is written where it is used")]
fn assert_all(ground: impl GroundCost + Clone + 'static, shapes: &[((usize, usize), usize)], families: &[Family]) {
    let mut faults = Vec::new();
    for &family in families {
        for weighting in Weighting::ALL {
            for &(shape, dim) in shapes {
                for seed in 0..2 {
                    let problem = problem(family, weighting, shape, dim, ground.clone(), seed);
                    if let Some(fault) = fault(&problem) {
                        faults.push(format!("{family:?} {weighting:?} {shape:?} d = {dim}, seed {seed}: {fault}"));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}: {} faults:\n{}", ground.name(), faults.len(), faults.join("\n"));
}

const SHAPES: [((usize, usize), usize); 6] =
    [((30, 30), 2), ((24, 41), 2), ((2, 60), 2), ((50, 31), 5), ((128, 128), 2), ((40, 40), 1)];
const FAR: [Family; 3] = [Family::TwoFarClusters, Family::SharedOutlier, Family::LoneOutlier];

/// All families but the far ones, which have tests of their own.
fn near_families() -> Vec<Family> {
    Family::ALL.into_iter().filter(|family| !FAR.contains(family)).collect()
}

#[test]
fn squared_euclidean() {
    assert_all(SquaredEuclidean, &SHAPES, &near_families());
}

#[test]
fn euclidean() {
    assert_all(Euclidean, &SHAPES, &near_families());
}

#[test]
fn other_norms_and_powers() {
    assert_all(PNorm::cityblock(), &SHAPES, &near_families());
    assert_all(PNorm::chebyshev(), &SHAPES, &near_families());
    assert_all(PNorm::new(3.0).unwrap().power(1.5).unwrap(), &SHAPES[..5], &near_families());
    // A concave power: on a line, too, the optimal plan is not the sorted one.
    assert_all(PNorm::wasserstein(0.5).unwrap(), &SHAPES[..5], &near_families());
}

/// Potentials differ between clusters by the cost of the way between them, up to 1e16, while the optimal cost may be 1.
#[test]
fn far_clusters_and_outliers() {
    let plane = &SHAPES[..5];
    assert_all(PNorm::wasserstein(2.0).unwrap(), plane, &FAR);
    assert_all(PNorm::wasserstein(1.0).unwrap(), plane, &FAR);
    assert_all(PNorm::chebyshev().power(1.5).unwrap(), plane, &FAR);
}

/// On a line, sorting proves the value; the potentials beside it are rounded to the last digits of the way between clusters.
#[test]
fn far_clusters_and_outliers_on_a_line() {
    for family in FAR {
        for weighting in Weighting::ALL {
            for p in [1.0, 2.0, 3.0] {
                let problem = problem(family, weighting, (40, 40), 1, PNorm::wasserstein(p).unwrap(), 1);
                let solution = solve(&problem).unwrap();
                check_bounds(&problem, &solution).unwrap_or_else(|fault| panic!("{family:?} {weighting:?}: {fault}"));
                assert!(solution.bounds.unwrap().relative_gap() <= 1e-13, "{family:?} {weighting:?}: {solution}");
            }
        }
    }
}

#[test]
fn cosine_and_closures() {
    // The cosine is not defined at the origin, which grids and lattices contain.
    let families = [Family::Gaussian, Family::HeavyTails, Family::Duplicates, Family::SharedOutlier, Family::AllEqual];
    assert_all(Cosine, &SHAPES[..5], &families);
    let steps = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y).abs().floor().min(3.0)).sum();
    assert_all(CostFn::new("steps", steps), &SHAPES[..5], &near_families());
}

#[test]
fn one_point_on_a_side() {
    for dim in [1, 2, 9] {
        for m in [1, 2, 50] {
            let known = known::dirac(m, dim, PNorm::new(1.5).unwrap(), 3);
            let solution = solve(&known.problem).unwrap();
            check(&known.problem, &solution).unwrap();
            assert!(
                (solution.transport_cost - known.transport_cost).abs() <= 1e-14 * known.transport_cost,
                "{}",
                known.name
            );
            assert_eq!(solution.plan.flows().len(), m, "{}", known.name);
        }
    }
}

#[test]
fn few_against_many() {
    for (n, m) in [(1, 2000), (2, 1500), (3, 997), (1500, 2)] {
        for weighting in Weighting::ALL {
            let problem = problem(Family::Gaussian, weighting, (n, m), 3, SquaredEuclidean, 5);
            assert_eq!(fault(&problem), None, "{n} x {m}, {weighting:?}");
        }
    }
}

#[test]
fn points_without_mass_have_potentials() {
    let problem = problem(Family::Gaussian, Weighting::ManyZeros, (60, 45), 2, Euclidean, 1);
    let solution = solve(&problem).unwrap();
    check(&problem, &solution).unwrap();
    let Potentials { f, g } = &solution.potentials;
    let cost = |i: usize, j: usize| problem.cost().entry(i, j);
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    let mut empty = 0;
    // The most that feasibility allows: what a unit of new mass there would cost at the margin.
    for i in (0..60).filter(|&i| a[i] == 0.0) {
        let most = (0..45).map(|j| cost(i, j) - g[j]).fold(f64::INFINITY, f64::min);
        assert!((f[i] - most).abs() <= 1e-12, "f[{i}] = {} is not {most}", f[i]);
        empty += 1;
    }
    for j in (0..45).filter(|&j| b[j] == 0.0) {
        let most = (0..60).map(|i| cost(i, j) - f[i]).fold(f64::INFINITY, f64::min);
        assert!((g[j] - most).abs() <= 1e-12, "g[{j}] = {} is not {most}", g[j]);
        empty += 1;
    }
    assert!(empty > 30, "most points are empty: {empty}");
}

#[test]
fn all_mass_on_one_point_among_many() {
    let one_of = |n: usize, at: usize| (0..n).map(|i| if i == at { 2.5 } else { 0.0 }).collect::<Vec<f64>>();
    let (x, y) = Family::Gaussian.pair(20, 30, 2, 1);
    let (x, y) = (Samples::weighted(x, one_of(20, 7)).unwrap(), Samples::weighted(y, one_of(30, 11)).unwrap());
    let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
    let solution = solve(&problem).unwrap();
    check(&problem, &solution).unwrap();
    assert_eq!(solution.plan.flows().len(), 1);
    assert_eq!(solution.transport_cost, 2.5 * problem.cost().entry(7, 11));
}

#[test]
fn an_assignment_is_answered_by_a_permutation() {
    for family in [Family::Gaussian, Family::HeavyTails, Family::IntegerGrid, Family::AllEqual, Family::Lattice] {
        let problem = problem(family, Weighting::Uniform, (50, 50), 2, SquaredEuclidean, 2);
        let mut targets = solve(&problem).unwrap().plan.as_permutation().expect("a permutation");
        targets.sort_unstable();
        assert_eq!(targets, (0..50).collect::<Vec<_>>());
    }
}

/// 2000 points a side: minutes of brute force in a debug build, so only on demand.
#[test]
#[ignore = "a minute: `cargo test --test degenerate -- --ignored`"]
fn large_problems_of_every_family() {
    assert_all(SquaredEuclidean, &[((2000, 1700), 2), ((900, 1100), 8)], &Family::ALL);
    assert_all(Euclidean, &[((2000, 1700), 2), ((900, 1100), 8)], &Family::ALL);
}
