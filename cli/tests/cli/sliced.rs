//! `earthwork sliced`.

use crate::tool::{Folder, assert_near, in_examples, number};

/// The documented keys.
const KEYS: [&str; 19] = [
    "name",
    "method",
    "p",
    "n",
    "m",
    "dim",
    "mass",
    "value",
    "std_error",
    "lower",
    "upper",
    "directions",
    "variance_ratio",
    "direction",
    "stationarity",
    "status",
    "seconds",
    "peak_memory_bytes",
    "seed",
];

fn shifted() -> Folder {
    Folder::with(&[("a.csv", "x,y\n0,0\n1,0\n0,2\n"), ("b.csv", "x,y\n3,4\n4,4\n3,6\n")])
}

#[test]
fn a_shift_by_five_is_found_by_every_method() {
    for method in ["monte-carlo", "orthogonal", "qmc", "auto"] {
        let answer = shifted().run(&format!("sliced a.csv b.csv --directions 400 --method {method} --json")).json();
        // |t| / √d; a translation is all control variate, and all quadratic form.
        assert!((number(&answer, "value") - 5.0 / 2_f64.sqrt()).abs() < 1e-6, "{answer}");
        assert!(number(&answer, "std_error") < 1e-6);
        assert_eq!((&answer["directions"], &answer["status"]), (&400.into(), &"converged".into()));
    }
    let answer = shifted().run("sliced a.csv b.csv --method max --json").json();
    assert_near(number(&answer, "value"), 5.0);
    let direction: Vec<f64> = serde_json::from_value(answer["direction"].clone()).unwrap();
    assert!((direction[0].abs() - 0.6).abs() < 1e-7 && (direction[1].abs() - 0.8).abs() < 1e-7);
}

#[test]
fn the_schema_is_the_documented_one() {
    for method in ["auto", "max"] {
        let answer = shifted().run(&format!("sliced a.csv b.csv --method {method} --seed 5 --p 1.5 --json")).json();
        let mut found: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        let mut documented = KEYS;
        found.sort_unstable();
        documented.sort_unstable();
        assert_eq!(found, documented);
        assert_eq!((&answer["n"], &answer["dim"], &answer["seed"]), (&3.into(), &2.into(), &5.into()));
    }
    let documentation = include_str!("../../../docs/cli.md");
    for key in KEYS {
        assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
    }
}

#[test]
fn the_text_puts_the_error_beside_the_number() {
    let text = in_examples("sliced adelie.csv gentoo.csv --p 1").text();
    for part in ["SW1", "(95 %, directions)", "in 95 of 100 draws", "500 directions", "converged"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let text = in_examples("sliced adelie.csv gentoo.csv --method max").text();
    for part in ["max-SW2", "W_p is at least this", "body_mass_g", "remaining slope"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}

#[test]
fn precision_is_reached() {
    let answer =
        in_examples("sliced adelie.csv gentoo.csv --standardise --precision 0.001 --method monte-carlo --json").json();
    assert!(number(&answer, "std_error") <= 1e-3 * number(&answer, "value"));
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    let folder = shifted();
    assert!(folder.run("sliced a.csv b.csv --p 0.5").refusal().contains("p: it is 0.5"));
    assert!(folder.run("sliced a.csv b.csv --directions 0").refusal().contains("directions"));
    assert!(folder.run("sliced a.csv b.csv --method max --precision 0.1").refusal().contains("--precision"));
    assert!(folder.run("sliced a.csv b.csv --precision 2").refusal().contains("precision: it is 2"));
    assert!(folder.run("sliced a.csv").refusal().contains("a second sample is needed"));
}
