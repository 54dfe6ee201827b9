//! Estimates with their evidence, where the eye falls first.

use std::fmt::Write;

use earthwork::compare::{Comparison, Other};
use earthwork::estimate::resample::PermutationTest;
use earthwork::estimate::{Estimate, Evidence};

use crate::format;
use crate::report::layout::Grid;

/// The other discrepancies of a comparison, and its test.
pub(crate) fn others(comparison: &Comparison) -> String {
    if comparison.others.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new("lrlr");
    let mut group = "";
    for other in &comparison.others {
        if other.group != group {
            grid.row([other.group, "value", "evidence", "time"]);
            group = other.group;
        }
        grid.row(cells(other));
    }
    let mut text = grid.text(2);
    if let Some(test) = &comparison.test {
        let (p, count) = (p_value(test), test.permutations());
        let _ = writeln!(text, "\n  two-sample test (energy distance, {count} permutations): {p}");
    }
    text
}

fn cells(other: &Other) -> [String; 4] {
    let (value, evidence) = match &other.outcome {
        Ok(estimate) => (format::number(estimate.value, 6), evidence(estimate)),
        Err(why) => ("-".to_string(), why.to_string()),
    };
    [other.name.clone(), value, evidence, format::time(other.time)]
}

/// What supports an estimate, in a few words.
pub(crate) fn evidence(estimate: &Estimate) -> String {
    let support = match estimate.evidence {
        Evidence::Bounds { lower, upper } => {
            format!("proven: {} ... {}", format::down(lower, 8), format::up(upper, 8))
        }
        Evidence::StandardError(error) => format!("± {} (95 %)", format::number(1.96 * error, 2)),
        Evidence::Interval { lower, upper, level } => {
            let [lower, upper] = [format::down(lower, 4), format::up(upper, 4)];
            let kind = if estimate.method.contains("bracket") { "bracket, " } else { "" };
            format!("{lower} ... {upper} ({kind}{})", format::percent(level))
        }
        Evidence::Exact => "exact".to_string(),
        _ => "no error known".to_string(),
    };
    estimate.notes.iter().fold(support, |text, note| format!("{text}, {note}"))
}

/// "p = 0.001".
pub(crate) fn p_value(test: &PermutationTest) -> String {
    format!("p = {}", format::short(test.p_value, 3))
}
