//! An infinite cost is not a pair: no mass goes there, the rest is optimal and proven, and what cannot be served is named.

use earthwork::cost::CostMatrix;
use earthwork::error::ErrorKind;
use earthwork::exact::{Assignment, NetworkSimplex, batch};
use earthwork::prelude::*;
use earthwork::testing::{brute_force, check_plan};
use ndarray::{Array2, array};

const NONE: f64 = f64::INFINITY;
/// What the oracle pays for a pair that is none: more than all else together.
const EXPENSIVE_DIM: f64 = 1e6;

fn weights(masses: &[f64]) -> Weights {
    Weights::new(masses.to_vec()).unwrap()
}

/// Numbers that look random, from a seed.
fn dice(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// A plan of the problem that uses pairs alone, with closed bounds around its cost.
fn fault(problem: &Problem, solution: &Solution, right: f64) -> std::result::Result<(), String> {
    check_plan(problem, &solution.plan, false)?;
    if solution.plan.flows().iter().any(|flow| problem.cost().entry(flow.source, flow.target).is_infinite()) {
        return Err("mass goes where there is no pair".into());
    }
    let bounds = solution.bounds.unwrap();
    let near = |x: f64| (x - right).abs() <= 1e-9 * right.abs().max(1e-3);
    let all = [solution.transport_cost, bounds.lower, bounds.upper].into_iter().all(near);
    let potentials = solution.potentials.f.iter().chain(&solution.potentials.g).all(|v| v.is_finite());
    let fine = all && potentials && bounds.lower <= bounds.upper && solution.status == Status::Optimal;
    if fine { Ok(()) } else { Err(format!("{solution}, but it is {right}")) }
}

#[test]
fn random_matrices_with_holes() {
    let (mut solved, mut refused) = (0, 0);
    for seed in 0..1500 {
        let mut roll = dice(seed);
        let (n, m) = (1 + roll(5) as usize, 1 + roll(5) as usize);
        let holes = 1 + roll(8);
        let costs =
            Array2::from_shape_simple_fn((n, m), || if roll(10) < holes { NONE } else { roll(12) as f64 - 2.0 });
        let units = n.max(m) as u32 + 2;
        let mut whole = |n: usize| {
            let mut masses = vec![0; n];
            (0..units).for_each(|_| masses[roll(n as u64) as usize] += 1);
            masses
        };
        let (a, b): (Vec<u32>, Vec<u32>) = (whole(n), whole(m));
        let (right, _) = brute_force(&costs.mapv(|c| if c == NONE { EXPENSIVE_DIM } else { c }), &a, &b);
        // Tenths: totals agree to rounding only, and so do the parts that exchange nothing.
        let tenths = |whole: &[u32]| weights(&whole.iter().map(|&w| f64::from(w) * 0.1).collect::<Vec<_>>());
        let problem = Problem::with_matrix(tenths(&a), tenths(&b), &costs).unwrap();
        assert_eq!(problem.has_forbidden_pairs(), costs.iter().any(|c| *c == NONE));
        let found = solve(&problem);
        if right < 0.5 * EXPENSIVE_DIM {
            fault(&problem, &found.unwrap(), 0.1 * right).unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
            solved += 1;
        } else {
            let error = found.expect_err("some mass cannot be served");
            let ErrorKind::Unserved { side, index, mass, room, .. } = *error.kind() else { panic!("{error}") };
            let held = if side == "row" { a[index] } else { b[index] };
            assert!(held > 0 && mass > room, "seed {seed}: {error}");
            refused += 1;
        }
    }
    assert!(solved > 300 && refused > 300, "{solved} and {refused}");
}

#[test]
fn parts_that_exchange_nothing_are_solved_apart() {
    // Three groups of their own on the diagonal, of masses that agree to rounding only.
    let (n, m) = (240, 300);
    let group = |k: usize, of: usize| 3 * k / of;
    let costs =
        Array2::from_shape_fn(
            (n, m),
            |(i, j)| {
                if group(i, n) == group(j, m) { ((i * 37 + j * 101) % 97) as f64 } else { NONE }
            },
        );
    let problem = Problem::with_matrix(Weights::uniform(n).unwrap(), Weights::uniform(m).unwrap(), &costs).unwrap();
    let solution = solve(&problem).unwrap();
    let right: f64 = (0..3)
        .map(|k| {
            let part = costs.slice(ndarray::s![k * 80..(k + 1) * 80, k * 100..(k + 1) * 100]).to_owned();
            let part =
                Problem::with_matrix(Weights::uniform(80).unwrap(), Weights::uniform(100).unwrap(), part).unwrap();
            solve(&part).unwrap().transport_cost / 3.0
        })
        .sum();
    fault(&problem, &solution, right).unwrap();
    let warm = NetworkSimplex::default().solve_from(&problem, &solution).unwrap();
    fault(&problem, &warm, right).unwrap();
    assert_eq!(batch(&[problem]).unwrap()[0].transport_cost, solution.transport_cost);
}

#[test]
fn masses_over_hundreds_of_decades_with_holes() {
    // A chain: row k reaches columns k and k + 1, so that all flows follow from the masses.
    for k in [0.5, 3.0, 30.0] {
        let a: Vec<f64> = (0..20).map(|i| (-k * f64::from(i)).exp()).collect();
        let b: Vec<f64> =
            std::iter::once(0.5 * a[0]).chain((1..20).map(|i| 0.5 * (a[i - 1] + a[i]))).chain([0.5 * a[19]]).collect();
        let costs =
            Array2::from_shape_fn((20, 21), |(i, j)| if j == i || j == i + 1 { 1.0 + (i % 3) as f64 } else { NONE });
        let right: f64 = a.iter().enumerate().map(|(i, a)| a * (1.0 + (i % 3) as f64)).sum();
        let problem = Problem::with_matrix(weights(&a), weights(&b), costs).unwrap();
        fault(&problem, &solve(&problem).unwrap(), right).unwrap();
    }
}

#[test]
fn who_cannot_be_served_is_named() {
    let half = weights(&[0.5, 0.5]);
    let refusal = |a: &Weights, b: &Weights, costs: Array2<f64>| {
        solve(&Problem::with_matrix(a.clone(), b.clone(), costs).unwrap()).unwrap_err().to_string()
    };
    let none = "its cost is infinite (no pair) wherever the other side holds mass";
    let message = refusal(&half, &half, array![[1.0, 2.0], [NONE, NONE]]);
    assert_eq!(message, format!("cost: row 1 cannot be served: it holds 0.5, and {none}"));
    let message = refusal(&half, &half, array![[1.0, NONE], [1.0, NONE]]);
    assert_eq!(message, format!("cost: column 1 cannot be served: it holds 0.5, and {none}"));
    // However small: mass is mass.
    let message = refusal(&weights(&[1.0, 1e-30]), &half, array![[1.0, 1.0], [NONE, NONE]]);
    assert_eq!(message, format!("cost: row 1 cannot be served: it holds {}, and {none}", 1e-30));
    // Two rows share a column that is too small for them.
    let third = Weights::uniform(3).unwrap();
    let message = refusal(&third, &third, array![[1.0, NONE, NONE], [1.0, NONE, NONE], [1.0, 1.0, 1.0]]);
    assert!(message.contains("cannot be served: the columns that it reaches at a finite cost want 0.33"), "{message}");
    assert!(message.contains("one other row"), "{message}");
    // Rows without mass need nobody.
    let problem = Problem::with_matrix(weights(&[1.0, 0.0]), half.clone(), array![[1.0, 3.0], [NONE, NONE]]).unwrap();
    fault(&problem, &solve(&problem).unwrap(), 2.0).unwrap();
}

/// One pair on and beside the diagonal.
struct Band;

impl CostMatrix for Band {
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn fill(&self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>, out: &mut [f64]) {
        for (i, row) in rows.zip(out.chunks_exact_mut(columns.len())) {
            for (j, c) in columns.clone().zip(row) {
                *c = if i == j { NONE } else { 2.0 };
            }
        }
    }
}

#[test]
fn who_cannot_take_holes_says_so() {
    let half = weights(&[0.5, 0.5]);
    let problem = Problem::with_matrix(half.clone(), half.clone(), array![[1.0, 2.0], [3.0, NONE]]).unwrap();
    let refused = earthwork::entropic::Sinkhorn::new(0.1).solve(&problem).unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Cost { row: 1, column: 1, value: NONE });
    assert!(Assignment::default().solve(&problem).is_err());
    for wrong in [f64::NAN, f64::NEG_INFINITY] {
        assert!(Problem::with_matrix(half.clone(), half.clone(), array![[1.0, 2.0], [3.0, wrong]]).is_err());
    }
    let problem = Problem::with_cost(half.clone(), half, Band).unwrap();
    fault(&problem, &solve(&problem).unwrap(), 2.0).unwrap();
}
