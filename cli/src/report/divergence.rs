//! The report of `divergence`.

use std::time::Duration;

use earthwork::divergence::Divergence;
use earthwork::estimate::{Estimate, Evidence, Kind, Note};
use earthwork_view::evidence::value;
use serde::Serialize;

use crate::read::Inputs;
use crate::report::inputs::describe;
use crate::report::json::SampleInfo;
use crate::report::layout::{Entries, Grid};
use earthwork_view::format;

/// One divergence, as it was computed.
pub(crate) struct DivergenceRow {
    pub(crate) kind: Divergence,
    /// Kind and method in words.
    pub(crate) name: String,
    pub(crate) estimate: Estimate,
    /// Lower end, upper end, level.
    pub(crate) interval: Option<(f64, f64, f64)>,
    pub(crate) time: Duration,
}

/// What was read, the values, and what is to be said of them.
pub(crate) fn divergence(inputs: &Inputs, rows: &[DivergenceRow]) -> String {
    let mut grid = Grid::new("lrrrr");
    let level = rows.iter().find_map(|row| row.interval).map(|(_, _, level)| level);
    let heading = level
        .map_or_else(|| "95 % interval".to_string(), |level| format!("{} % interval", format::short(100.0 * level, 4)));
    grid.row(["divergence, nats", "value", "std. error", &heading, "time"]);
    let mut notes = Entries::default();
    for row in rows {
        let estimate = &row.estimate;
        let interval = match (row.interval, estimate.evidence) {
            (Some((lower, upper, _)), _) => between(lower, upper),
            (None, Evidence::Exact) => "exact".into(),
            (None, Evidence::StandardError(_)) if level.is_none() && estimate.upper() == f64::INFINITY => {
                format!("≥ {} (97.5 %)", format::down(estimate.lower(), 4))
            }
            (None, Evidence::StandardError(_) | Evidence::Interval { .. } | Evidence::Asymmetric { .. })
                if level.is_none() =>
            {
                between(estimate.lower(), estimate.upper())
            }
            _ => "none".into(),
        };
        let error = estimate.std_error().map_or_else(String::new, |error| format::number(error, 2));
        grid.row([row.name.clone(), value(estimate, 5), error, interval, format::time(row.time)]);
        for note in &estimate.notes {
            notes.add(row.kind.to_string(), note.to_string());
        }
    }
    let notes = notes.text();
    let gap = if notes.is_empty() { "" } else { "\n" };
    let bounds = rows.iter().any(|row| row.estimate.kind == Kind::LowerBound);
    let explained = if bounds { "\n  ≥: a lower bound in expectation; the truth may lie above.\n" } else { "" };
    format!("\n{}\n{}{gap}{notes}{explained}\n", describe(inputs).text(), grid.text(2))
}

fn between(lower: f64, upper: f64) -> String {
    format!("{} ... {}", format::number(lower, 4), format::number(upper, 4))
}

#[derive(Debug, Serialize)]
pub(crate) struct DivergenceReport {
    samples: Vec<SampleInfo>,
    columns: Vec<String>,
    standardised: bool,
    estimates: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    kind: String,
    method: String,
    value: Option<f64>,
    infinite: bool,
    std_error: Option<f64>,
    interval: Option<Interval>,
    /// What the number is: `point`, `lower bound`, `upper bound`, `exact`.
    aim: &'static str,
    flags: Vec<&'static str>,
    notes: Vec<String>,
    n: usize,
    m: usize,
    seconds: f64,
    seed: u64,
}

#[derive(Debug, Serialize)]
struct Interval {
    lower: f64,
    upper: f64,
    level: f64,
}

/// The same for programs.
pub(crate) fn divergence_json(inputs: &Inputs, rows: &[DivergenceRow], seed: u64) -> DivergenceReport {
    let row = |row: &DivergenceRow| {
        let estimate = &row.estimate;
        Row {
            name: row.name.clone(),
            kind: row.kind.to_string(),
            method: estimate.method.to_string(),
            value: estimate.value.is_finite().then_some(estimate.value),
            infinite: estimate.value.is_infinite(),
            std_error: estimate.std_error(),
            interval: row.interval.map(|(lower, upper, level)| Interval { lower, upper, level }),
            aim: match (estimate.evidence, estimate.kind) {
                (Evidence::Exact, _) => "exact",
                (_, Kind::Point) => "point",
                (_, Kind::LowerBound) => "lower bound",
                (_, Kind::UpperBound) => "upper bound",
            },
            flags: estimate.notes.iter().map(flag).collect(),
            notes: estimate.notes.iter().map(ToString::to_string).collect(),
            n: estimate.sizes.0,
            m: estimate.sizes.1,
            seconds: row.time.as_secs_f64(),
            seed,
        }
    };
    DivergenceReport {
        samples: SampleInfo::of_all(Some(inputs)),
        columns: inputs.columns.clone(),
        standardised: inputs.standardised,
        estimates: rows.iter().map(row).collect(),
    }
}

fn flag(note: &Note) -> &'static str {
    match note {
        Note::Saturated { .. } => "saturated",
        Note::SupportMismatch { .. } => "support_mismatch",
        Note::Ties { .. } => "ties",
        Note::Biased(Kind::LowerBound) => "biased_low",
        Note::Biased(Kind::UpperBound) => "biased_high",
        Note::Biased(Kind::Point) => "biased",
        Note::NotConverged => "not_converged",
        Note::NearNull => "near_null",
        Note::Alone { .. } => "infinite",
        Note::SameSample => "same_sample",
        Note::RepeatedRows { .. } => "repeated_rows",
        Note::Contradicted { .. } => "contradicted",
        Note::TestDisagrees { .. } => "test_disagrees",
        _ => "other",
    }
}
