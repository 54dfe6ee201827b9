//! Entropic transport against POT's answers, and where POT and others go wrong: a right value or a status that says otherwise.

use earthwork::entropic::{Marginal, Sinkhorn, SinkhornDivergence, Unbalanced};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, problem};
use serde_json::Value;

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found} is not {expected}");
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn samples(points: &Value, weights: &Value) -> Samples {
    let rows: Vec<Vec<f64>> = points.as_array().unwrap().iter().map(numbers).collect();
    let dim = rows[0].len();
    Samples::weighted(Points::from_rows(rows.concat(), dim).unwrap(), numbers(weights)).unwrap()
}

#[test]
fn converged_answers_agree() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/entropic.json")).unwrap();
    let fixture: Value = serde_json::from_str(&text).unwrap();
    for (k, case) in fixture["cases"].as_array().unwrap().iter().enumerate() {
        let (x, y) = (samples(&case["x"], &case["a"]), samples(&case["y"], &case["b"]));
        let number = |value: &Value| value.as_f64().unwrap();
        let epsilon = number(&case["epsilon"]);
        let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
        let found = Sinkhorn::new(epsilon).with_tolerance(1e-11).solve(&problem).unwrap();
        near(found.transport_cost, number(&case["balanced"]["transport_cost"]), 1e-9, &format!("cost of case {k}"));
        near(found.value, number(&case["balanced"]["value"]), 1e-9, &format!("value of case {k}"));
        let side = Marginal::KullbackLeibler(number(&case["unbalanced"]["rho"]));
        let found = Unbalanced::new(epsilon, side, side).with_tolerance(1e-11).solve(&x, &y, SquaredEuclidean).unwrap();
        near(found.mass, number(&case["unbalanced"]["mass"]), 1e-8, &format!("mass of case {k}"));
        near(found.transport_cost, number(&case["unbalanced"]["transport_cost"]), 1e-8, &format!("loose case {k}"));
    }
}

#[test]
fn a_small_epsilon_neither_vanishes_nor_undercuts_the_optimum() {
    // POT 0.9.7: `sinkhorn2(reg=1e-3)` returns 2.9e-7 here, `sinkhorn_log` after 1000 iterations less than the exact cost.
    let problem = problem(Family::Gaussian, Weighting::Uniform, (200, 200), 2, SquaredEuclidean, 1);
    let exact = solve(&problem).unwrap().transport_cost;
    for epsilon in [1e-3, 1e-4] {
        let found = Sinkhorn::new(epsilon).solve(&problem).unwrap();
        assert!(found.status.is_success() && found.marginal_error <= 1e-6, "{found}");
        assert!(found.transport_cost >= exact * (1.0 - 1e-5), "{found}, exactly {exact}");
        near(found.transport_cost, exact, 1e-2, "ε to 0");
    }
    // Stopped early, the bounds hold all the same and the status says it.
    let early = Sinkhorn::new(1e-3).with_iteration_limit(5).solve(&problem).unwrap();
    let bounds = early.bounds.unwrap();
    assert_eq!(early.status, Status::IterationLimit);
    assert!(bounds.lower <= exact && exact <= bounds.upper, "{early}");
}

#[test]
fn points_far_from_the_origin_and_equal_points() {
    // POT returns 0 for a cloud moved by 1e8; others crash on single equal points or give NaN where x = y under p = 1.
    let at = |offset: f64| {
        let rows = |shift: f64| -> Vec<[f64; 2]> {
            (0..30).map(|k| [offset + f64::from(k % 6) + shift, offset + f64::from(k / 6)]).collect()
        };
        let (x, y) = (Samples::new(rows(0.0)).unwrap(), Samples::new(rows(0.5)).unwrap());
        Sinkhorn::new(0.05).solve(&Problem::between(&x, &y, SquaredEuclidean).unwrap()).unwrap().value
    };
    near(at(1e8), at(0.0), 1e-9, "offset");
    let one = Samples::new([[3.0, 4.0]]).unwrap();
    for epsilon in [1e-9, 1.0, 1e9] {
        let found = Sinkhorn::new(epsilon).solve(&Problem::between(&one, &one, Euclidean).unwrap()).unwrap();
        assert_eq!((found.transport_cost, found.value), (0.0, 0.0));
        assert_eq!(SinkhornDivergence::new(epsilon).with_cost(Euclidean).between(&one, &one).unwrap().value, 0.0);
    }
    let same = Samples::new(vec![[1.0, 1.0]; 40]).unwrap();
    let found = Sinkhorn::relative(0.1).solve(&Problem::between(&same, &same, SquaredEuclidean).unwrap()).unwrap();
    assert!(found.status.is_success() && found.transport_cost == 0.0, "{found}");
}
