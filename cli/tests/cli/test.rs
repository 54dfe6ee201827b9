//! `earthwork test` and `earthwork laws`.

use crate::tool::{Folder, in_examples, number};

#[test]
fn two_species_are_told_apart() {
    let text = in_examples("test adelie.csv gentoo.csv --permutations 199").text();
    for part in ["adelie.csv", "energy", "199 relabellings", "p = 0.005", "0 of 199 are at least as far apart"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    for with in ["mmd", "w1", "mmd:500", "kid", "energy:unbiased"] {
        let report = in_examples(&format!("test adelie.csv gentoo.csv --with {with} --permutations 19 --json")).json();
        assert_eq!(number(&report, "p_value"), 0.05, "{with}");
        assert_eq!((&report["n"], &report["m"], &report["with"]), (&151.into(), &123.into(), &with.into()));
    }
}

#[test]
fn json_holds_everything_and_repeats() {
    let line = "test adelie.csv adelie.csv --with energy --permutations 99 --seed 7 --json --threads";
    let (one, two) = (in_examples(&format!("{line} 1")).json(), in_examples(&format!("{line} 2")).json());
    assert_eq!(number(&one, "p_value"), 1.0);
    assert_eq!(number(&one, "value"), 0.0);
    for key in ["value", "std_error", "p_value", "null_mean", "null_95", "at_least", "seed"] {
        assert_eq!(one[key], two[key], "{key}");
    }
    assert!(number(&one, "null_mean") > 0.0 && number(&one, "null_95") > number(&one, "null_mean"));
    assert_eq!((&one["permutations"], &one["seed"]), (&99.into(), &7.into()));
}

#[test]
fn a_time_limit_leaves_a_test_with_fewer_permutations() {
    let run = in_examples("test adelie.csv gentoo.csv --permutations 100000 --time-limit 0");
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.out.contains("ended early") && run.out.contains("of 100,000 permutations"), "{}", run.out);
}

#[test]
fn what_cannot_be_tested_is_refused() {
    let folder = Folder::with(&[("a.csv", "x,w\n1,1\n2,3\n"), ("b.csv", "x,w\n3,1\n5,3\n")]);
    let refusal = folder.run("test a.csv b.csv --weights w").refusal();
    assert!(refusal.starts_with("a.csv: its points differ in weight"), "{refusal}");
    let refusal = folder.run("test a.csv b.csv --with frechet").refusal();
    assert!(refusal.starts_with("--with: unknown discrepancy `frechet`; expected one of w1, w2"), "{refusal}");
    let refusal = folder.run("test a.csv b.csv --permutations 0").refusal();
    assert!(refusal.starts_with("permutations: it is 0"), "{refusal}");
}

#[test]
fn the_table_of_laws_has_counterexamples() {
    let text = in_examples("laws --with w1,mmd:1 --cases 4").text();
    for part in ["triangle", "d(x, z) ≤ d(x, y) + d(y, z)", "kept, k = 1", "MMD² (Gaussian, σ = 1): the smallest"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    assert!(!text.contains("W1: the smallest counterexamples"), "{text}");
    let report = in_examples("laws --with energy --cases 2 --json").json();
    assert_eq!(report[0]["discrepancy"], "energy");
    assert_eq!(report[0]["laws"].as_array().unwrap().len(), 12);
    let refusal = in_examples("laws --cases 0").refusal();
    assert!(refusal.contains("a whole number above 0"), "{refusal}");
}
