//! `earthwork divergence`.

use crate::tool::{Folder, in_examples, number};

/// 400 points of a logistic bell, moved by `shift`, each shift with points of its own.
fn bell(shift: f64) -> String {
    let rows = (0..400).map(|i| {
        let hash = ((f64::from(i) + 1000.0 * shift + 0.5) * 12.9898).sin() * 43_758.545_3;
        let u = (hash - hash.floor()).clamp(1e-6, 1.0 - 1e-6);
        format!("{}", (u / (1.0 - u)).ln() + shift)
    });
    format!("x\n{}\n", rows.collect::<Vec<_>>().join("\n"))
}

fn folder() -> Folder {
    Folder::with(&[("a.csv", &bell(0.0)), ("b.csv", &bell(1.0)), ("far.csv", &bell(1e6))])
}

#[test]
fn the_first_minute() {
    let text =
        in_examples("divergence adelie.csv gentoo.csv --columns bill_length_mm,bill_depth_mm --standardise").text();
    for part in
        ["151 points", "divergence, nats", "KL (kNN, k = 5)", "reverse KL (kNN", "JS (kNN, k = 5)", "95 % interval"]
    {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 130), "a line is too long in\n{text}");
}

#[test]
fn every_method_gives_a_number_near_the_truth() {
    let folder = folder();
    // The logistic distribution of scale 1 against itself moved by 1: KL = 0.1619 and JS = 0.0398 by quadrature.
    for (kind, truth, methods) in [
        ("kl", 0.162, "knn knn-ball histogram kde gaussian classifier nwj dv logistic"),
        ("js", 0.040, "knn histogram kde gaussian classifier"),
    ] {
        for method in methods.split(' ') {
            let more =
                if kind == "kl" && method == "histogram" { "--correction krichevsky-trofimov --bins 12" } else { "" };
            let report =
                folder.run(&format!("divergence a.csv b.csv --kind {kind} --method {method} {more} --json")).json();
            let row = &report["estimates"][0];
            assert!((number(row, "value") - truth).abs() < 0.12, "{method}: {row}");
            assert!(number(row, "std_error") > 0.0 && number(row, "seconds") > 0.0, "{row}");
        }
    }
    for method in ["ulsif", "rulsif:0.5"] {
        let report = folder.run(&format!("divergence a.csv b.csv --method {method} --json")).json();
        assert_eq!(report["estimates"][0]["aim"], "lower bound");
    }
}

#[test]
fn many_kinds_share_a_table_and_an_interval() {
    let line = "divergence a.csv b.csv --kind js,tv,hellinger,renyi:0.5,chi2 --ci 0.9 --seed 3";
    let report = folder().run(&format!("{line} --json")).json();
    let rows = report["estimates"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let interval = &row["interval"];
        assert_eq!((number(interval, "level"), &row["seed"]), (0.9, &3.into()));
        assert!(number(interval, "lower") < number(interval, "upper"), "{row}");
    }
    assert!(folder().run(line).text().contains("90 % interval"));
}

#[test]
fn what_cannot_be_known_is_flagged() {
    let report = folder().run("divergence a.csv far.csv --json").json();
    for row in report["estimates"].as_array().unwrap() {
        let flags: Vec<&str> = row["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
        assert!(flags.contains(&"saturated"), "{row}");
        // JS is read off ranks, in which the two sides touch; its ceiling says the same.
        assert!(flags.contains(&"support_mismatch") || row["name"].as_str().unwrap().starts_with("JS"), "{row}");
    }
    let text = folder().run("divergence a.csv far.csv").text();
    assert!(text.contains("saturated: samples of this size cannot show more than about 4.69"), "{text}");
}

#[test]
fn divergences_do_not_depend_on_units() {
    let table = |shift: f64, other: f64, factor: f64| -> String {
        let row = |(first, second): (&str, &str)| match second.parse::<f64>() {
            Ok(second) => format!("{first},{}", second * factor),
            Err(_) => "x,y".into(),
        };
        bell(shift).lines().zip(bell(other).lines()).map(row).collect::<Vec<_>>().join("\n")
    };
    let folder = Folder::with(&[
        ("a.csv", &table(0.0, 2.0, 1.0)),
        ("b.csv", &table(1.0, 3.0, 1.0)),
        ("wide-a.csv", &table(0.0, 2.0, 1000.0)),
        ("wide-b.csv", &table(1.0, 3.0, 1000.0)),
    ]);
    let values = |line: &str| -> Vec<f64> {
        let report = folder.run(&format!("divergence {line} --kind kl,js,hellinger2 --json")).json();
        report["estimates"].as_array().unwrap().iter().map(|row| number(row, "value")).collect()
    };
    let (plain, wide) = (values("a.csv b.csv"), values("wide-a.csv wide-b.csv"));
    assert!(plain.iter().zip(&wide).all(|(p, w)| (p - w).abs() < 1e-6), "{plain:?} {wide:?}");
    let raw = values("wide-a.csv wide-b.csv --no-whiten");
    assert!((raw[0] - wide[0]).abs() > 1e-3, "{raw:?} {wide:?}");
}

#[test]
fn masses_on_a_grid_are_exact() {
    let folder = Folder::with(&[("p.csv", "1 1 0\n"), ("q.csv", "1 2 1\n"), ("r.csv", "1 2\n")]);
    let report = folder.run("divergence p.csv q.csv --grid --normalise --json --kind kl,reverse-kl,tv").json();
    let rows = report["estimates"].as_array().unwrap();
    assert!((number(&rows[0], "value") - 0.5 * 2_f64.ln()).abs() < 1e-15);
    assert_eq!((&rows[1]["value"], &rows[1]["infinite"]), (&serde_json::Value::Null, &true.into()));
    assert_eq!((number(&rows[2], "value"), &rows[2]["aim"]), (0.25, &"exact".into()));
    assert!(folder.run("divergence p.csv q.csv --grid --kind reverse-kl --normalise").text().contains('∞'));
    let message = folder.run("divergence p.csv q.csv --grid").refusal();
    assert!(
        message.starts_with("p.csv: it is 2, but the masses of a distribution sum to 1; use --normalise"),
        "{message}"
    );
    assert!(
        folder.run("divergence p.csv r.csv --grid --normalise").refusal().contains("its grid is not that of p.csv")
    );
}

#[test]
fn wrong_questions_are_refused_in_one_line() {
    let folder = folder();
    let message = |line: &str| folder.run(&format!("divergence a.csv b.csv {line}")).refusal();
    assert!(message("--kind kld").contains("`kld` is none of kl, reverse-kl, js"));
    assert!(message("--kind renyi:x").contains("`x` is not an order"));
    assert!(message("--kind renyi:-1").contains("at least 0"));
    assert!(message("--method nn").contains("a method is knn"));
    assert!(message("--kind tv --method knn").contains("no total variation"));
    assert!(message("--kind kl --method ulsif").contains("estimate chi2, not KL"));
    assert!(message("--k 400").contains("a.csv: it has 400 points, but 401 are needed"));
    assert!(message("--bins 5").contains("--bins is for --method histogram"));
    assert!(message("--k 3 --method kde").contains("--k is for --method knn"));
    assert!(message("--time-limit 1s").contains("--time-limit is for solves"));
    assert!(message("--ci 1.5").contains("level"));
}

#[test]
fn refusals_call_columns_by_their_names() {
    let table = |shift: f64, flags: u32| {
        let numbers = bell(shift);
        let rows = numbers.lines().skip(1).zip(0_u32..);
        let rows: Vec<String> = rows.map(|(number, i)| format!("{number},{}", u32::from(i * 7 % 10 < flags))).collect();
        format!("width,smoker\n{}\n", rows.join("\n"))
    };
    let folder = Folder::with(&[("a.csv", &table(0.0, 4)), ("b.csv", &table(1.0, 6))]);
    let refusal = folder.run("divergence a.csv b.csv --kind js --method gaussian").refusal();
    assert!(refusal.contains("many points share a value in column `smoker`"), "{refusal}");
}

#[test]
fn one_hot_columns_leave_js_to_neighbours() {
    let table = |shift: f64| {
        let numbers = bell(shift);
        let flag = |i: u32, k: u32| u32::from(i % 5 == k);
        let hot = |i: u32| (0..5).map(|k| flag(i, k).to_string()).collect::<Vec<_>>().join(",");
        let rows: Vec<String> = numbers.lines().skip(1).zip(0_u32..).map(|(x, i)| format!("{x},{}", hot(i))).collect();
        format!("x,a,b,c,d,e\n{}\n", rows.join("\n"))
    };
    let folder = Folder::with(&[("a.csv", &table(0.0)), ("b.csv", &table(1.0))]);
    let text = folder.run("divergence a.csv b.csv --kind js").text();
    assert!(text.contains("JS (kNN, k = 5)"), "{text}");
}
