//! A sample of the laws of `tests/catalogue_laws`, through files and the command.

use crate::tool::{Folder, number};

/// Rows of a number, a whole number and a flag.
fn rows(from: usize, count: usize, shift: f64) -> Vec<[f64; 3]> {
    let wave = |k: usize| ((k * 37 + 11) as f64 * 0.618).sin() + 0.5 * ((k * 91) as f64 * 0.37).cos();
    (from..from + count).map(|k| [wave(k) + shift, (3.0 * wave(k + 1)).round(), f64::from(k % 3 == 0)]).collect()
}

fn table(rows: &[Vec<f64>]) -> String {
    let heads: Vec<String> = (0..rows[0].len()).map(|k| format!("c{k}")).collect();
    let line = |row: &Vec<f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    format!("{}\n{}\n", heads.join(","), rows.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// The value of `test --with` between two tables; none where it is refused.
fn value(x: &[Vec<f64>], y: &[Vec<f64>], with: &str) -> Option<[f64; 3]> {
    let folder = Folder::with(&[("x.csv", &table(x)), ("y.csv", &table(y))]);
    let run = folder.run(&format!("test x.csv y.csv --with {with} --permutations 1 --json"));
    if run.code == 2 {
        return None;
    }
    let report = run.json();
    let end = |key: &str, open: f64| report[key].as_f64().unwrap_or(open);
    Some([number(&report, "value"), end("lower", f64::NEG_INFINITY), end("upper", f64::INFINITY)])
}

#[test]
fn values_do_not_depend_on_how_the_tables_are_written() {
    let (x, y) = (rows(0, 40, 0.6), rows(100, 33, 0.0));
    let plain = |rows: &[[f64; 3]]| -> Vec<Vec<f64>> { rows.iter().map(|row| row.to_vec()).collect() };
    let (x, y) = (plain(&x), plain(&y));
    let constant =
        |rows: &[Vec<f64>]| -> Vec<Vec<f64>> { rows.iter().map(|row| [&row[..], &[4.0]].concat()).collect() };
    let reversed = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> { rows.iter().rev().cloned().collect() };
    for with in ["w1", "w2", "energy", "mmd", "gelbrich", "kl", "js", "js-classifier"] {
        let Some([found, lower, upper]) = value(&x, &y, with) else { continue };
        assert!(lower <= found && found <= upper, "{with}: {found} is not in [{lower}, {upper}]");
        // Estimates whose folds are drawn anew may differ within their error.
        let slack =
            1e-9 * found.abs() + if with.contains("classifier") { 0.25 * (upper - lower).min(1.0) } else { 0.0 };
        for (name, map) in
            [("a constant column", &constant as &dyn Fn(&[Vec<f64>]) -> Vec<Vec<f64>>), ("another order", &reversed)]
        {
            if let Some([there, ..]) = value(&map(&x), &map(&y), with) {
                assert!((there - found).abs() <= slack, "{with} with {name}: {there}, not {found}");
            }
        }
        if let Some([own, lower, upper]) = value(&x, &reversed(&x), with) {
            assert!(own.abs() <= 1e-7 || (lower <= 0.0 && 0.0 <= upper), "{with}: {own} between a sample and itself");
        }
    }
}
