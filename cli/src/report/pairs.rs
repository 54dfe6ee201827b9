//! The report of `compare` on more than two samples: every pair.

use earthwork::compare::{Comparison, Reason, column_scales};
use earthwork::transport::Status;

use crate::read::Inputs;
use crate::report::compare::{by_share, short_of_optimal};
use crate::report::inputs::{describe, warn_about_scales};
use crate::report::layout::Grid;
use earthwork_view::format;

/// Every pair of samples in one table.
pub(crate) fn pairs(inputs: &Inputs, comparisons: &[((usize, usize), Comparison)], missing: usize) -> String {
    let mut entries = describe(inputs);
    let samples: Vec<_> = inputs.samples.iter().map(|sample| &sample.samples).collect();
    if let Ok(scales) = column_scales(&samples) {
        warn_about_scales(&mut entries, inputs, &scales);
    }
    let mut grid = Grid::new("llrrrrlrl");
    grid.row(["pair", "distance", "value", "lower bound", "upper bound", "gap", "status", "time", "carried by"]);
    for ((a, b), comparison) in comparisons {
        let pair = format!("{} → {}", inputs.samples[*a].name, inputs.samples[*b].name);
        for (at, row) in comparison.rows.iter().enumerate() {
            let estimate = row.estimate();
            let gap = row.solution.bounds.map_or(f64::INFINITY, |bounds| bounds.relative_gap());
            grid.row([
                if at == 0 { pair.clone() } else { String::new() },
                format!("{}  exact", row.name),
                format::number(estimate.value, 8),
                format::down(estimate.lower(), 10),
                format::up(estimate.upper(), 10),
                format::gap(gap),
                row.solution.status.to_string(),
                format::time(row.solution.report.time),
                if row.name == "W2" { carried_by(inputs, comparison) } else { String::new() },
            ]);
        }
    }
    let rows = comparisons.iter().flat_map(|(_, comparison)| &comparison.rows);
    let short = rows.map(|row| row.solution.status).find(|&status| status != Status::Optimal);
    let mut warning = short.map_or_else(String::new, short_of_optimal);
    if missing > 0 {
        let pairs = format::counted(missing, "pair");
        warning.extend(["\n  left out: ", &pairs, " of samples, for which no time was left\n"]);
    }
    let cut =
        comparisons.iter().filter(|(_, found)| found.left_out.iter().any(|left| left.reason == Reason::Time)).count();
    if cut > 0 {
        let pairs = format::counted(cut, "pair");
        warning.extend(["\n  ended early: ", &pairs, " not compared by everything the library has\n"]);
    }
    let (a, b) = (&inputs.samples[0].name, &inputs.samples[1].name);
    format!(
        "\n{}\n{}{warning}\n  --only {a},{b} reports one pair in full: where the distance lies, and what moves where.\n\n",
        entries.text(),
        grid.text(2)
    )
}

/// The columns that carry most of W2².
fn carried_by(inputs: &Inputs, comparison: &Comparison) -> String {
    let parts = by_share(comparison).into_iter().take(2).filter(|&k| comparison.columns[k].share >= 0.05);
    let parts: Vec<String> =
        parts.map(|k| format!("{} {}", inputs.columns[k], format::percent(comparison.columns[k].share))).collect();
    parts.join(", ")
}
