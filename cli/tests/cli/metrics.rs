//! `earthwork metrics` and `earthwork validate`.

use crate::tool::{Folder, in_examples, number};

#[test]
fn a_missing_class_is_seen_by_recall_and_not_by_precision() {
    let line = "metrics digits_real.csv digits_without_3.csv --metrics w1,fid,kid,precision,recall,coverage,one_nn";
    let text = in_examples(line).text();
    for part in ["digits_without_3.csv", "W1", "FID", "recall (k = 3)", "  of fake points", "higher", "lower", "1/2"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let report = in_examples(&format!("{line} --json")).json();
    let metric = |name: &str| report["metrics"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    assert!(number(metric("recall"), "value") < number(metric("precision"), "value"));
    let fid = metric("fid");
    let interval = fid["interval"].as_array().unwrap();
    assert!(interval[0].as_f64() < fid["value"].as_f64() && fid["value"].as_f64() <= interval[1].as_f64());
    assert!(number(fid, "std_error") > 0.0 && fid["error"].is_null());
    assert_eq!((&metric("w1")["evidence"], &metric("w1")["std_error"]), (&"bounds".into(), &serde_json::Value::Null));
    assert!(metric("one_nn_real")["value"].is_number() && metric("one_nn_fake")["better"] == "1/2");
}

#[test]
fn copies_of_training_points_are_memorised() {
    let rows = |seed: u32, n: u32| -> String {
        let wave = |k: u32| (f64::from(k * 7919 + seed * 104_729) * 0.618).sin();
        (0..n).map(|k| format!("{},{}", wave(2 * k), wave(2 * k + 1))).collect::<Vec<_>>().join("\n")
    };
    let (train, held_out) = (rows(1, 60), rows(2, 50));
    let folder = Folder::with(&[("train.csv", &train), ("held.csv", &held_out), ("copies.csv", &train)]);
    let report = folder.run("metrics train.csv copies.csv --held-out held.csv --json").json();
    let last = report["metrics"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["name"], &last["value"]), (&"memorisation".into(), &1.0.into()));
    let first = &report["metrics"][0];
    assert_eq!((&first["name"], number(first, "value")), (&"w1".into(), 0.0));
}

#[test]
fn what_has_no_value_says_why_and_wrong_input_is_refused() {
    let folder = Folder::with(&[("a.csv", "1,2\n3,4\n5,6\n"), ("b.csv", "2,2\n3,5\n5,6\n"), ("c.csv", "1\n2\n")]);
    let text = folder.run("metrics a.csv b.csv").text();
    assert!(text.contains("it has 3 points, but 6 are needed"), "{text}");
    let refusal = folder.run("metrics a.csv b.csv --metrics fad").refusal();
    assert!(refusal.starts_with("--metrics: unknown discrepancy `fad`"), "{refusal}");
    assert!(folder.run("metrics a.csv c.csv").refusal().contains("columns of numbers"));
    assert!(folder.run("metrics a.csv").refusal().contains("a second sample is needed"));
}

#[test]
fn a_page_a_table_and_json() {
    let folder = Folder::with(&[]);
    let line = "validate --data ring8 --metrics fid,precision --corruptions mode-drop,rotate --points 60 --repeats 2 \
                --severities 4 --out report.html";
    let text = folder.run(line).text();
    for part in ["ring8: eight Gaussians", "mode-drop", "precision", "the page is in report.html", "deviation"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let page = folder.read("report.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg") && page.contains("mode-drop"));
    // Nothing is fetched.
    assert!(!page.contains("http") && !page.contains("<script") && !page.contains("url("));
    assert!(!page.contains("NaN") && !page.contains("inf "), "a number that is none");
    let report = folder.run(&format!("{} --json --threads 1", line.replace(" --out report.html", ""))).json();
    assert_eq!(report["severities"].as_array().unwrap().len(), 4);
    let sweep = &report["sweeps"][0];
    assert_eq!((&sweep["corruption"], sweep["w1"].as_array().unwrap().len()), (&"mode-drop".into(), 4));
    assert_eq!(sweep["metrics"][0]["verdict"], "follows");
    assert!(sweep["metrics"][0]["spearman_w1"]["interval"][0].is_number());
    let again = folder.run(&format!("{} --json --threads 2", line.replace(" --out report.html", ""))).json();
    assert_eq!(report["sweeps"], again["sweeps"]);
}

#[test]
fn files_are_validated_by_their_labels_or_by_clusters() {
    let line = "validate --data penguins.csv --columns bill_length_mm,bill_depth_mm --drop-missing --standardise --metrics energy \
                --corruptions mode-drop --points 50 --repeats 2 --json";
    let by_label = in_examples(&format!("{line} --labels species")).json();
    assert_eq!(by_label["data"], "penguins.csv: 342 points in 2 columns, 3 classes as labelled");
    let by_cluster = in_examples(&format!("{line} --modes 4")).json();
    assert!(by_cluster["data"].as_str().unwrap().ends_with("4 modes found by k-means"));
    for refused in [
        ("validate --data ring8 --labels x", "--data ring8: columns and labels are those of a file"),
        ("validate --data ring8 --out report.pdf", "--out report.pdf: the page is .html"),
        ("validate --data ring8 --corruptions blur", "--corruptions: unknown corruption `blur`"),
        (
            "validate --data penguins.csv --columns body_mass_g --drop-missing --labels bill_length_mm",
            "it names no classes",
        ),
        ("validate --data none.csv", "none.csv"),
    ] {
        let refusal = in_examples(refused.0).refusal();
        assert!(refusal.contains(refused.1), "{refusal}");
    }
}
