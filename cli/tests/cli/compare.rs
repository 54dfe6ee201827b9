//! `earthwork compare`.

use crate::tool::{Folder, assert_near, in_examples, number};

#[test]
fn the_first_minute() {
    let text = in_examples("compare adelie.csv gentoo.csv").text();
    for part in [
        "adelie.csv   151 points, 4 columns (bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g), uniform weights",
        "gentoo.csv   123 points, same columns, uniform weights",
        "body_mass_g spreads 417 times as widely as bill_depth_mm",
        "--standardise",
        "W1  exact   1,375.6579   1,375.65789",
        "W2  exact   1,377.4796   1,377.47963",
        "optimal",
        "pivots",
        "body_mass_g         > 99.9 %",
        "of the mass moves from   body_mass_g",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 130), "a line is too long in\n{text}");
}

#[test]
fn json_holds_everything() {
    let report = in_examples("compare adelie.csv gentoo.csv --seed 7 --json").json();
    assert_eq!(report["samples"][1]["points"], 123);
    assert_eq!(report["columns"][3], "body_mass_g");
    let pair = &report["pairs"][0];
    let names: Vec<&str> = pair["distances"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["W1", "W2"]);
    for distance in pair["distances"].as_array().unwrap() {
        assert!(number(distance, "lower") <= number(distance, "value"));
        assert!(number(distance, "value") <= number(distance, "upper"));
        assert!(number(distance, "relative_gap") <= 1e-12);
        assert_eq!((&distance["status"], &distance["seed"]), (&"optimal".into(), &7.into()));
    }
    let w2 = &pair["distances"][1];
    assert_near(number(w2, "wasserstein"), number(w2, "transport_cost").sqrt());
    let total =
        |list: &str, key: &str| pair[list].as_array().unwrap().iter().map(|item| number(item, key)).sum::<f64>();
    assert_near(total("columns", "cost"), number(w2, "transport_cost"));
    assert_near(total("columns", "share"), 1.0);
    assert_near(total("movements", "share"), 1.0);
    assert_near(total("movements", "cost_share"), 1.0);
}

#[test]
fn groups_are_compared_pair_by_pair() {
    let text = in_examples("compare penguins.csv --group species --drop-missing").text();
    for part in
        ["Adelie → Gentoo", "Adelie → Chinstrap", "Gentoo → Chinstrap", "left out", "rows 5, 273", "island (text)"]
    {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let line = "compare penguins.csv --group species --drop-missing --columns body_mass_g,flipper_length_mm";
    let all = in_examples(&format!("{line} --json")).json();
    assert_eq!(all["pairs"].as_array().unwrap().len(), 3);
    let two = in_examples(&format!("{line} --only Gentoo,Adelie --json")).json();
    assert_eq!((&two["pairs"][0]["a"], &two["pairs"][0]["b"]), (&"Gentoo".into(), &"Adelie".into()));
    // The same pair the other way round.
    let distance = |report: &serde_json::Value| number(&report["pairs"][0]["distances"][1], "wasserstein");
    assert_near(distance(&two), distance(&all));
}

#[test]
fn a_group_column_may_hold_numbers() {
    let folder = Folder::with(&[("t.csv", "label,x\n0,1\n1,3\n0,2\n1,4\n")]);
    let report = folder.run("compare t.csv --group label --json").json();
    assert_eq!(report["samples"][0]["name"], "0");
    assert_near(number(&report["pairs"][0]["distances"][0], "wasserstein"), 2.0);
}

#[test]
fn standardised_distances_do_not_depend_on_units() {
    let grams = Folder::with(&[("a.csv", "x,y\n1,2000\n2,3000\n4,2500\n"), ("b.csv", "x,y\n3,4000\n5,4100\n")]);
    let kilos = Folder::with(&[("a.csv", "x,y\n1,2\n2,3\n4,2.5\n"), ("b.csv", "x,y\n3,4\n5,4.1\n")]);
    let distance = |folder: &Folder| {
        let report = folder.run("compare a.csv b.csv --standardise --json").json();
        assert_eq!(report["standardised"], true);
        number(&report["pairs"][0]["distances"][1], "wasserstein")
    };
    assert_near(distance(&grams), distance(&kilos));
    let text = grams.run("compare a.csv b.csv --standardize").text();
    assert!(text.contains("mean 0 and standard deviation 1") && !text.contains("differ in scale"), "{text}");
}

#[test]
fn grids_say_what_a_unit_of_mass_does() {
    let line = "compare dotmark32_1001.csv dotmark32_1002.csv --grid";
    let text = in_examples(line).text();
    assert!(
        text.contains("1,024 cells") && text.contains("masses on a grid of 32 x 32, total mass 102,400,000"),
        "{text}"
    );
    assert!(text.contains("per unit of mass (--normalise) W1 is 2.01287"), "{text}");
    assert!(text.contains("of the mass stays where it is"), "{text}");
    let report = in_examples(&format!("{line} --normalise --json")).json();
    let w1 = number(&report["pairs"][0]["distances"][0], "wasserstein");
    assert!((w1 - 2.012_874_554).abs() < 1e-6, "{w1}");
}

#[test]
fn a_sample_is_at_distance_zero_from_itself() {
    let text = in_examples("compare adelie.csv adelie.csv").text();
    assert!(
        text.contains("W2  exact       0             0             0     0   optimal")
            && text.contains("100 %   of the mass stays where it is"),
        "{text}"
    );
}

#[test]
fn single_points_are_samples_too() {
    let folder = Folder::with(&[("a.csv", "0,0\n"), ("b.csv", "3,4\n")]);
    let text = folder.run("compare a.csv b.csv").text();
    assert!(text.contains("1 point, 2 columns (1, 2)") && text.contains("W2  exact   5.0000000"), "{text}");
    assert!(text.contains("the 1 flow of the W2 plan, summed up in 1 movement"), "{text}");
}

#[test]
fn a_time_limit_gives_bounds_and_exit_code_3() {
    let run = in_examples("compare adelie.csv gentoo.csv --time-limit 0");
    assert_eq!(run.code, 3);
    assert!(run.out.contains("deadline") && run.out.contains("these are bounds, not the distance"), "{}", run.out);
    let run = in_examples("compare penguins.csv --group species --drop-missing --time-limit 0ms --json");
    assert_eq!(run.code, 3);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    for pair in report["pairs"].as_array().unwrap() {
        for distance in pair["distances"].as_array().unwrap() {
            assert_eq!(distance["status"], "deadline");
            assert!(number(distance, "lower") <= number(distance, "value"));
            assert!(number(distance, "value") <= number(distance, "upper"));
        }
    }
}

#[test]
fn the_plan_and_the_potentials_of_w2_are_written() {
    let folder = Folder::with(&[("a.csv", "0\n10\n"), ("b.csv", "11\n2\n")]);
    let _ = folder.run("compare a.csv b.csv --plan plan.csv --potentials f.csv").text();
    assert_eq!(folder.read("plan.csv"), "source,target,mass\n0,1,5e-1\n1,0,5e-1\n");
    assert_eq!(folder.read("f.csv").lines().count(), 5);
    assert_eq!(folder.run("verify a.csv b.csv --p 2 --plan plan.csv --potentials f.csv").code, 0);
}
