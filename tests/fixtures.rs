//! The transport costs that POT and `SciPy` agree on (`fixtures/exact.json`, made by `fixtures/make_exact.py`).

use earthwork::cost::{CostFn, PNorm};
use earthwork::exact::{Assignment, Circle, Line};
use earthwork::prelude::*;
use earthwork::testing::{check, check_plan};
use ndarray::Array2;
use serde_json::Value;

/// What the fixtures are confirmed to, relative.
const AGREEMENT: f64 = 1e-12;
/// A cost of zero may be computed as this much of the costliest cost times the mass: the rounding of equal points' sums.
const NOTHING: f64 = 1e-15;

fn cases() -> Vec<Value> {
    let text = include_str!("fixtures/exact.json");
    serde_json::from_str(text).expect("the fixture file is valid JSON")
}

fn name(case: &Value) -> String {
    format!("{} / {}", case["family"].as_str().unwrap(), case["name"].as_str().unwrap())
}

fn rows(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).expect("rows of numbers");
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("rows of one length")
}

fn weights(value: &Value, len: usize) -> Weights {
    match value {
        Value::Null => Weights::uniform(len).unwrap(),
        listed => Weights::new(serde_json::from_value::<Vec<f64>>(listed.clone()).unwrap()).unwrap(),
    }
}

fn samples(case: &Value) -> (Samples, Samples) {
    let side = |points: &str, masses: &str| {
        let points = rows(&case[points]);
        let weights = weights(&case[masses], points.nrows());
        Samples::with_weights(points, weights).unwrap()
    };
    (side("x", "a"), side("y", "b"))
}

fn problem(case: &Value) -> Problem<'static> {
    if case["cost"] == "matrix" {
        let matrix = rows(&case["matrix"]);
        let (n, m) = matrix.dim();
        return Problem::with_matrix(weights(&case["a"], n), weights(&case["b"], m), matrix).unwrap();
    }
    let (x, y) = samples(case);
    let p = || case["p"].as_f64().unwrap();
    match case["cost"].as_str().unwrap() {
        "sqeuclidean" => Problem::between(&x, &y, SquaredEuclidean),
        "euclidean" => Problem::between(&x, &y, Euclidean),
        "cityblock" => Problem::between(&x, &y, PNorm::cityblock()),
        "chebyshev" => Problem::between(&x, &y, PNorm::chebyshev()),
        "minkowski:3" => Problem::between(&x, &y, PNorm::new(3.0).unwrap()),
        "cosine" => Problem::between(&x, &y, Cosine),
        "line" => Problem::between(&x, &y, PNorm::wasserstein(p()).unwrap()),
        "circle" => {
            let (p, period) = (p(), case["period"].as_f64().unwrap());
            let arc = move |x: &[f64], y: &[f64]| {
                let gap = (x[0] - y[0]).abs() % period;
                gap.min(period - gap).powf(p)
            };
            Problem::between(&x, &y, CostFn::new("arc", arc))
        }
        other => panic!("{}: an unknown cost, {other}", name(case)),
    }
    .unwrap()
}

/// Whether `found` is the fixture's cost.
fn agrees(case: &Value, problem: &Problem, found: f64) -> bool {
    let expected = case["transport_cost"].as_f64().unwrap();
    let (n, m) = problem.shape();
    let costliest = || (0..n * m).map(|k| problem.cost().entry(k / m, k % m).abs()).fold(0.0, f64::max);
    let allowed = if expected == 0.0 { NOTHING * costliest() * problem.mass() } else { AGREEMENT * expected.abs() };
    (found - expected).abs() <= allowed
}

#[test]
fn every_case_agrees_and_is_proven() {
    let mut faults = Vec::new();
    for case in &cases() {
        let problem = problem(case);
        let solution = solve(&problem).unwrap();
        if !agrees(case, &problem, solution.transport_cost) {
            faults.push(format!("{}: {} is not {}", name(case), solution.transport_cost, case["transport_cost"]));
        }
        if let Err(fault) = check(&problem, &solution) {
            faults.push(format!("{}:\n{fault}", name(case)));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// A solver that fits a case, by name.
type Solver = (&'static str, fn(&Problem) -> Result<Solution>);

#[test]
fn every_solver_that_fits_agrees() {
    let solvers: [Solver; 4] = [
        ("dense", |problem| NetworkSimplex::dense().solve(problem)),
        ("multiscale", |problem| NetworkSimplex::multiscale().solve(problem)),
        ("assignment", |problem| Assignment::default().solve(problem)),
        ("line", |problem| Line::default().solve(problem)),
    ];
    let mut tried = [0; 4];
    for case in &cases() {
        let problem = problem(case);
        for ((what, solve), tried) in solvers.iter().zip(&mut tried) {
            // A solver refuses what it is not made for; a stalled one says so.
            let Ok(solution) = solve(&problem) else { continue };
            if solution.status == Status::Stalled {
                continue;
            }
            let found = solution.transport_cost;
            assert!(
                agrees(case, &problem, found),
                "{} by {what}: {found} is not {}",
                name(case),
                case["transport_cost"]
            );
            let bounds = solution.bounds.unwrap();
            assert!(bounds.lower <= found && found <= bounds.upper, "{} by {what}: {solution}", name(case));
            *tried += 1;
        }
    }
    assert_eq!(tried[0], cases().len(), "the dense simplex takes everything");
    assert!(tried.iter().all(|&tried| tried >= 10), "{tried:?}");
}

#[test]
fn the_circle_agrees() {
    for case in cases().iter().filter(|case| case["cost"] == "circle") {
        let (x, y) = samples(case);
        let solver = Circle::new(case["period"].as_f64().unwrap(), case["p"].as_f64().unwrap()).unwrap();
        let found = solver.solve(&x, &y).unwrap();
        assert!(agrees(case, &problem(case), found.transport_cost), "{}: {found}", name(case));
        check_plan(&problem(case), &found.plan, true).unwrap();
    }
}

#[test]
fn points_and_their_cost_matrix_give_one_answer() {
    for case in &cases() {
        let from_points = problem(case);
        let (n, m) = from_points.shape();
        let matrix = Array2::from_shape_fn((n, m), |(i, j)| from_points.cost().entry(i, j));
        let (a, b) = (from_points.source().clone(), from_points.target().clone());
        let from_matrix = Problem::with_matrix(a, b, matrix).unwrap();
        let found = NetworkSimplex::default().solve(&from_matrix).unwrap().transport_cost;
        assert!(agrees(case, &from_points, found), "{}: {found} is not {}", name(case), case["transport_cost"]);
    }
}

#[test]
fn the_file_covers_what_it_should() {
    let cases = cases();
    for family in
        ["random", "ties", "grids", "duplicates", "zero_weights", "collinear", "scaled", "forbidden", "circle"]
    {
        assert!(cases.iter().any(|case| case["family"] == family), "no case of family {family}");
    }
}
