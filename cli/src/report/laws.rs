//! The table of laws.

use std::fmt::Write;

use earthwork::testing::laws::{Law, LawReport, Outcome};
use serde::Serialize;

use crate::report::layout::{Entries, Grid};

/// The most discrepancies side by side.
const COLUMNS: usize = 4;

/// One column for each discrepancy, then the counterexamples.
pub(crate) fn laws(reports: &[LawReport], left_out: &[String]) -> String {
    let mut text = String::new();
    for reports in reports.chunks(COLUMNS) {
        let mut grid = Grid::new(&"l".repeat(reports.len() + 2));
        let head = ["law", ""].into_iter().map(str::to_string);
        grid.row(head.chain(reports.iter().map(|report| report.name.clone())));
        for law in Law::ALL {
            let mut cells = vec![law.name().to_string(), law.formula().to_string()];
            let tried =
                |report: &LawReport| report.outcomes.iter().find(|(own, _)| *own == law).map(|(_, found)| word(found));
            cells.extend(reports.iter().map(|report| tried(report).unwrap_or_else(|| "not tried".to_string())));
            grid.row(cells);
        }
        let _ = write!(text, "\n{}", grid.text(2));
    }
    text.push('\n');
    for report in reports {
        let mut entries = Entries::default();
        for (law, outcome) in &report.outcomes {
            match outcome {
                Outcome::Broken(example) => entries.add(law.name(), example.to_string()),
                Outcome::Refused(why) => entries.add(law.name(), format!("no value: {why}")),
                Outcome::NotApplicable(why) => entries.add(law.name(), format!("not applicable: {why}")),
                _ => {}
            }
        }
        let entries = entries.text();
        if !entries.is_empty() {
            let _ = writeln!(text, "  {}: the smallest counterexamples found\n{entries}", report.name);
        }
    }
    let cut = reports.iter().filter(|report| report.outcomes.len() < Law::ALL.len()).map(|report| &report.name);
    let names: Vec<&str> = cut.chain(left_out).map(String::as_str).collect();
    if !names.is_empty() {
        let mut entries = Entries::default();
        entries.add("ended early", format!("laws were left out, or not tried to the end, of {}", names.join(", ")));
        text += &entries.text();
        text.push('\n');
    }
    text
}

/// What became of a law, in a word.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Kept { exponent: Some(k), .. } => format!("kept, k = {k}"),
        Outcome::Kept { .. } => "kept".to_string(),
        Outcome::Broken(_) => "broken".to_string(),
        _ => "-".to_string(),
    }
}

/// The table as JSON; the schema is in `docs/cli.md`.
#[derive(Debug, Serialize)]
pub(crate) struct LawsReport {
    discrepancy: String,
    laws: Vec<LawRow>,
    /// Whether every law was tried.
    complete: bool,
}

#[derive(Debug, Serialize)]
struct LawRow {
    law: &'static str,
    formula: &'static str,
    outcome: &'static str,
    cases: Option<usize>,
    exponent: Option<f64>,
    counterexample: Option<String>,
}

impl LawsReport {
    /// One object for each discrepancy; those for which no time was left have no laws.
    pub(crate) fn of_all(reports: &[LawReport], left_out: &[String]) -> Vec<Self> {
        let row = |(law, outcome): &(Law, Outcome)| {
            let mut row = LawRow {
                law: law.name(),
                formula: law.formula(),
                outcome: "no value",
                cases: None,
                exponent: None,
                counterexample: None,
            };
            match outcome {
                Outcome::Kept { cases, exponent } => {
                    (row.outcome, row.cases, row.exponent) = ("kept", Some(*cases), *exponent);
                }
                Outcome::Broken(example) => {
                    (row.outcome, row.counterexample) = ("broken", Some(example.to_string()));
                }
                Outcome::NotApplicable(_) => row.outcome = "not applicable",
                _ => {}
            }
            row
        };
        let one = |report: &LawReport| Self {
            discrepancy: report.name.clone(),
            laws: report.outcomes.iter().map(row).collect(),
            complete: report.outcomes.len() == Law::ALL.len(),
        };
        let missing = |name: &String| Self { discrepancy: name.clone(), laws: Vec::new(), complete: false };
        reports.iter().map(one).chain(left_out.iter().map(missing)).collect()
    }
}
