//! `earthwork sinkhorn`.

use crate::tool::{Folder, in_examples, number};

#[test]
fn it_prints_values_bounds_and_evidence() {
    let text = in_examples("sinkhorn adelie.csv gentoo.csv --p 2 --divergence").text();
    for word in [
        "ε",
        "transport cost",
        "regularised value",
        "exact cost",
        "W2",
        "Sinkhorn divergence",
        "marginals",
        "converged",
    ] {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
}

#[test]
fn its_bounds_hold_the_exact_cost() {
    let exact = number(&in_examples("emd adelie.csv gentoo.csv --p 2 --json").json(), "transport_cost");
    let mut gap = f64::INFINITY;
    for epsilon in ["0.1", "0.01", "0.001"] {
        let found =
            in_examples(&format!("sinkhorn adelie.csv gentoo.csv --p 2 --epsilon-relative {epsilon} --json")).json();
        assert!(number(&found, "lower") <= exact && exact <= number(&found, "upper"), "{found}");
        assert!(number(&found, "relative_gap") < gap && number(&found, "marginal_error") <= 1e-6, "{found}");
        assert_eq!(number(&found, "value"), number(&found, "regularised_value"));
        assert_eq!((found["status"].as_str(), found["divergence"].is_null()), (Some("converged"), true));
        gap = number(&found, "relative_gap");
    }
}

#[test]
fn a_sample_and_itself_have_no_divergence() {
    let found = in_examples("sinkhorn adelie.csv adelie.csv --p 2 --divergence --json").json();
    assert_eq!(number(&found, "divergence"), 0.0);
    assert!(number(&found, "regularised_value") > 0.0);
}

#[test]
fn a_matrix_is_solved_and_wrong_calls_are_refused() {
    let folder = Folder::with(&[("c.csv", "0,1\n1,0\n"), ("a.csv", "0,0\n"), ("b.csv", "3,4\n")]);
    let found = folder.run("sinkhorn --matrix c.csv --epsilon 1 --tolerance 1e-12 --json").json();
    assert!((number(&found, "transport_cost") - 1.0 / (1.0 + 1_f64.exp())).abs() < 1e-12, "{found}");
    let refusal = |line: &str| folder.run(line).refusal();
    assert!(refusal("sinkhorn a.csv b.csv --epsilon 0").contains("epsilon: it is 0"));
    assert!(refusal("sinkhorn a.csv b.csv --epsilon 1 --epsilon-relative 1").contains("--epsilon"));
    assert!(refusal("sinkhorn --matrix c.csv --divergence").contains("--divergence"));
    assert!(refusal("sinkhorn a.csv b.csv --tolerance 2").contains("tolerance"));
    let early = in_examples("sinkhorn adelie.csv gentoo.csv --time-limit 0");
    assert_eq!(early.code, 3, "{}", early.out);
}

#[test]
fn the_reference_measure_is_an_option() {
    let folder = Folder::with(&[("a.csv", "x,w\n0,0.5\n1,1\n3,0.5\n"), ("b.csv", "x,w\n0,0.5\n1,1\n5,0.5\n")]);
    let line = "sinkhorn a.csv b.csv --weights w --p 2 --epsilon 0.3 --tolerance 1e-10";
    let ask = |more: &str| folder.run(&format!("{line} --json {more}")).json();
    let (scaled, product) = (ask(""), ask("--reference product"));
    assert_eq!((scaled["reference"].as_str(), product["reference"].as_str()), (Some("normalized"), Some("product")));
    // By ε M log M for a total of M = 2; the plan is the same.
    let shift = number(&scaled, "value") - number(&product, "value");
    assert!((shift - 0.3 * 2.0 * 2.0_f64.ln()).abs() < 1e-9, "{shift}");
    assert_eq!(scaled["transport_cost"], product["transport_cost"]);
    assert!(folder.run(&format!("{line} --reference product")).text().contains("against a ⊗ b"));
    assert!(folder.run(&format!("{line} --reference uniform")).refusal().contains("--reference"));
}
