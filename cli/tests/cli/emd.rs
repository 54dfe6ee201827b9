//! `earthwork emd`.

use std::io::pipe;

use crate::tool::{Folder, assert_near, command, in_examples, npy, number};

/// The documented keys, in order.
const KEYS: [&str; 23] = [
    "name",
    "method",
    "cost",
    "p",
    "n",
    "m",
    "dim",
    "mass",
    "transport_cost",
    "value",
    "wasserstein",
    "lower",
    "upper",
    "relative_gap",
    "wasserstein_lower",
    "wasserstein_upper",
    "status",
    "iterations",
    "plan_entries",
    "seconds",
    "solver_memory_bytes",
    "peak_memory_bytes",
    "seed",
];

fn one_step() -> Folder {
    Folder::with(&[("a.csv", "0,0\n"), ("b.csv", "3,4\n")])
}

#[test]
fn every_cost_is_the_textbook_one() {
    let folder = one_step();
    let costs = [
        ("", "euclidean", 5.0, Some(5.0)),
        ("--cost euclidean", "euclidean", 5.0, Some(5.0)),
        ("--cost sqeuclidean", "sqeuclidean", 25.0, Some(5.0)),
        ("--cost cityblock", "cityblock", 7.0, Some(7.0)),
        ("--cost chebyshev", "chebyshev", 4.0, Some(4.0)),
        ("--cost minkowski:3", "minkowski:3", 91_f64.cbrt(), Some(91_f64.cbrt())),
        ("--p 1", "euclidean", 5.0, Some(5.0)),
        ("--p 2", "sqeuclidean", 25.0, Some(5.0)),
        ("--p 3", "euclidean^3", 125.0, Some(5.0)),
        ("--p 1.5", "euclidean^1.5", 5_f64.powf(1.5), Some(5.0)),
    ];
    for (flag, name, value, wasserstein) in costs {
        let answer = folder.run(&format!("emd a.csv b.csv {flag} --json")).json();
        assert_eq!(answer["cost"], name, "{flag}");
        assert_near(number(&answer, "transport_cost"), value);
        assert_near(number(&answer, "value"), value);
        assert_near(answer["wasserstein"].as_f64().unwrap(), wasserstein.unwrap());
    }
    let angles = Folder::with(&[("a.csv", "2,0\n"), ("b.csv", "0,5\n")]);
    let answer = angles.run("emd a.csv b.csv --cost cosine --json").json();
    assert_near(number(&answer, "value"), 1.0);
    assert!(answer["wasserstein"].is_null() && answer["p"].is_null());
}

#[test]
fn the_schema_is_the_documented_one() {
    let answer = one_step().run("emd a.csv b.csv --json --seed 5").json();
    let found: Vec<&String> = answer.as_object().unwrap().keys().collect();
    let mut documented: Vec<String> = KEYS.map(str::to_string).to_vec();
    documented.sort();
    assert_eq!(found, documented.iter().collect::<Vec<_>>());
    let documentation = include_str!("../../../docs/cli.md");
    for key in KEYS {
        assert!(documentation.contains(&format!("| `{key}` |")), "docs/cli.md does not tell of `{key}`");
    }
    assert_eq!(
        (&answer["n"], &answer["m"], &answer["dim"], &answer["seed"]),
        (&1.into(), &1.into(), &2.into(), &5.into())
    );
    assert!(number(&answer, "seconds") > 0.0);
    assert!(!cfg!(unix) || number(&answer, "peak_memory_bytes") > 1e5);
}

#[test]
fn the_text_puts_evidence_beside_the_number() {
    let text = one_step().run("emd a.csv b.csv --p 2").text();
    for part in ["W2", "5.000000000", "proven to lie between", "transport cost", "sqeuclidean", "optimal", "1 flow"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let text = one_step().run("emd a.csv b.csv").text();
    assert!(text.contains("earth mover's distance   5.000000000   (euclidean)"), "{text}");
}

#[test]
fn weights_come_from_a_column_or_from_files() {
    let folder = Folder::with(&[
        ("a.csv", "x,mass\n0,3\n1,1\n"),
        ("b.csv", "mass,x\n2,0\n2,2\n"),
        ("wa.csv", "3\n1\n"),
        ("x.csv", "x\n0\n1\n"),
        ("y.csv", "x\n0\n2\n"),
    ]);
    folder.write("wb.npy", &npy(&[2], &[2.0, 2.0]));
    // 1 from 0 to 2, 1 from 1 to 2.
    let by_column = folder.run("emd a.csv b.csv --weights mass --json").json();
    assert_near(number(&by_column, "transport_cost"), 3.0);
    assert_near(number(&by_column, "mass"), 4.0);
    assert_eq!(by_column["dim"], 1);
    let by_file = folder.run("emd x.csv y.csv --weights-a wa.csv --weights-b wb.npy --json").json();
    assert_near(number(&by_file, "transport_cost"), 3.0);
    let normalised = folder.run("emd a.csv b.csv --weights mass --normalise --json").json();
    assert_near(number(&normalised, "transport_cost"), 0.75);
    let unequal = folder.run("emd x.csv y.csv --weights-a wa.csv").refusal();
    assert!(unequal.contains("A holds 4, B holds 1") && unequal.contains("--normalise"), "{unequal}");
    let scaled = folder.run("emd x.csv y.csv --weights-a wa.csv --normalise --json").json();
    assert_near(number(&scaled, "transport_cost"), 0.75);
}

#[test]
fn a_cost_matrix_needs_no_points() {
    let folder = Folder::with(&[("c.csv", "1,5\n2,9\n")]);
    folder.write("c.npy", &npy(&[2, 3], &[1.0, 4.0, 7.0, 2.0, 0.0, 3.0]));
    folder.write("a.npy", &npy(&[2], &[1.0, 2.0]));
    folder.write("b.npy", &npy(&[3], &[1.0, 1.0, 1.0]));
    let answer = folder.run("emd --matrix c.npy --weights-a a.npy --weights-b b.npy --json").json();
    // 1 · 1 + 1 · 0 + 1 · 3
    assert_near(number(&answer, "transport_cost"), 4.0);
    assert_eq!((&answer["cost"], &answer["wasserstein"], &answer["dim"]), (&"matrix".into(), &().into(), &().into()));
    let uniform = folder.run("emd --matrix c.csv --plan plan.csv --json").json();
    assert_near(number(&uniform, "transport_cost"), 3.5);
    assert_eq!(folder.read("plan.csv"), "source,target,mass\n0,1,5e-1\n1,0,5e-1\n");
    assert!(folder.run("emd --matrix c.csv").text().contains("cost matrix   2 x 2"));
}

#[test]
fn threads_do_not_change_a_bit() {
    let rows = |seed: u64| -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / 1e6
        };
        (0..300).map(|_| format!("{},{}\n", next(), next())).collect::<Vec<_>>().concat()
    };
    let folder = Folder::with(&[("a.csv", &rows(1)), ("b.csv", &rows(2))]);
    let answer = |threads: usize| {
        let line = format!("emd a.csv b.csv --p 2 --threads {threads} --plan {threads}.csv --json");
        let answer = folder.run(&line).json();
        (answer["transport_cost"].to_string(), answer["lower"].to_string(), folder.read(&format!("{threads}.csv")))
    };
    assert_eq!(answer(1), answer(2));
}

#[test]
fn potentials_are_feasible_and_worth_the_cost() {
    let folder = Folder::with(&[("a.csv", "0\n1\n5\n"), ("b.csv", "2\n3\n4\n")]);
    let answer = folder.run("emd a.csv b.csv --cost sqeuclidean --potentials f.csv --json").json();
    let (mut f, mut g) = (Vec::new(), Vec::new());
    for line in folder.read("f.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let side = if cells[0] == "source" { &mut f } else { &mut g };
        assert_eq!(cells[1], side.len().to_string());
        side.push(cells[2].parse::<f64>().unwrap());
    }
    for (x, f) in [0.0_f64, 1.0, 5.0].iter().zip(&f) {
        for (y, g) in [2.0, 3.0, 4.0].iter().zip(&g) {
            assert!(f + g <= (x - y).powi(2) + 1e-12);
        }
    }
    assert_near(f.iter().chain(&g).sum::<f64>() / 3.0, number(&answer, "transport_cost"));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = one_step();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let done = command(&folder.path("."), "emd a.csv b.csv").stdout(writer).output().unwrap();
    assert_eq!((done.status.code(), String::from_utf8(done.stderr).unwrap()), (Some(0), String::new()));
}

#[test]
fn a_tolerance_gives_bounds_as_close_as_asked_for() {
    let cloud = |seed: u32| -> String {
        let at = |k: u32| (f64::from(k * k + seed) * 0.618_033_988_749).fract();
        (0..520).map(|i| format!("{},{}", at(2 * i), at(2 * i + 1))).collect::<Vec<_>>().join("\n")
    };
    let folder = Folder::with(&[("a.csv", cloud(1).as_str()), ("b.csv", cloud(7).as_str())]);
    let exact = number(&folder.run("emd a.csv b.csv --json").json(), "value");
    let found = folder.run("emd a.csv b.csv --tolerance 0.2 --json").json();
    assert_eq!(found["status"].as_str(), Some("within tolerance"));
    assert!(
        number(&found, "lower") <= exact && exact <= number(&found, "upper") && number(&found, "relative_gap") <= 0.2
    );
    for line in ["emd a.csv b.csv --tolerance 0.2", "compare a.csv b.csv --tolerance 0.2"] {
        let text = folder.run(line).text();
        assert!(text.contains("--tolerance 0 asks for the optimum"), "{text}");
    }
    let refused = folder.run("emd a.csv b.csv --tolerance=-1").refusal();
    assert!(refused.contains("tolerance"), "{refused}");
}

#[test]
fn a_time_limit_gives_bounds_that_hold_the_truth() {
    let exact = number(&in_examples("emd adelie.csv gentoo.csv --json").json(), "value");
    let run = in_examples("emd adelie.csv gentoo.csv --time-limit 0 --json");
    assert_eq!(run.code, 3);
    let bounds: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert!(number(&bounds, "lower") <= exact && exact <= number(&bounds, "upper"));
    let text = in_examples("emd adelie.csv gentoo.csv --time-limit 0").out;
    assert!(text.contains("The time limit came first: these are bounds, not the distance."), "{text}");
}

#[test]
fn a_distance_beyond_the_range_of_its_cost_is_told() {
    let folder = Folder::with(&[("a.csv", "0,0\n"), ("b.csv", "3e170,4e170\n"), ("c.csv", "3e-170,4e-170\n")]);
    for (file, distance) in [("b.csv", 5e170), ("c.csv", 5e-170)] {
        let answer = folder.run(&format!("emd a.csv {file} --p 2 --json")).json();
        assert_near(answer["wasserstein"].as_f64().unwrap() / distance, 1.0);
        assert!(answer["transport_cost"].is_null() && answer["lower"].is_null(), "{answer}");
        let text = folder.run(&format!("emd a.csv {file} --p 2")).text();
        assert!(text.contains("beyond the range of 64-bit numbers"), "{text}");
        let compared = folder.run(&format!("compare a.csv {file} --json")).json();
        for row in compared["pairs"][0]["distances"].as_array().unwrap() {
            assert_near(row["wasserstein"].as_f64().unwrap() / distance, 1.0);
        }
        let wrong = folder.run(&format!("emd a.csv {file} --p 2 --potentials f.npz"));
        assert!(wrong.refusal().contains("do not fit a 64-bit number"));
    }
}

#[test]
fn the_order_inf_is_the_longest_way() {
    let folder = one_step();
    let answer = folder.run("emd a.csv b.csv --p inf --plan plan.csv --json").json();
    assert_eq!((answer["name"].as_str(), answer["wasserstein"].as_f64()), (Some("W∞"), Some(5.0)));
    assert_eq!(answer["wasserstein_lower"], answer["wasserstein_upper"]);
    assert!(folder.run("emd a.csv b.csv --p inf").text().contains("W∞"));
    for wrong in ["emd a.csv b.csv --p inf --potentials f.csv", "sinkhorn a.csv b.csv --p inf"] {
        assert_eq!(folder.run(wrong).code, 2, "{wrong}");
    }
}
