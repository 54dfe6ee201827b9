//! The report of `metrics`.

use std::time::Duration;

use earthwork::Error;
use earthwork::estimate::{Estimate, Evidence};
use earthwork::metrics::Reading;
use earthwork_view::evidence::value;
use serde::Serialize;

use crate::better::Better;
use crate::memory;
use crate::read::Inputs;
use crate::report::estimates::evidence;
use crate::report::inputs::describe;
use crate::report::json::{SampleInfo, kind, randomness};
use crate::report::layout::{Entries, Grid};
use earthwork_view::format;

/// One metric between the two samples.
pub(crate) struct Scored {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) reading: Reading,
    pub(crate) outcome: Result<Estimate, Error>,
    pub(crate) time: Duration,
}

/// One row for each metric.
pub(crate) fn metrics(inputs: &Inputs, scored: &[Scored], left_out: &[(String, String)]) -> String {
    let mut grid = Grid::new("lrllr");
    grid.row(["metric", "value", "evidence", "better", "time"]);
    for row in scored {
        let time = format::time(row.time);
        match &row.outcome {
            Ok(estimate) => grid.row([
                row.name.clone(),
                value(estimate, 5),
                evidence(estimate),
                Better::from(row.reading).word().to_string(),
                time,
            ]),
            Err(why) => grid.row([row.name.clone(), "-".to_string(), why.kind().to_string(), String::new(), time]),
        }
    }
    let entries = describe(inputs);
    let mut missing = Entries::default();
    if !left_out.is_empty() {
        let names: Vec<&str> = left_out.iter().map(|(_, name)| name.as_str()).collect();
        missing.add("ended early", format!("there was no time for {}", names.join(", ")));
    }
    let missing = missing.text();
    let gap = if missing.is_empty() { "" } else { "\n" };
    format!("\n{}\n{}{gap}{missing}\n", entries.text(), grid.text(2))
}

/// The metrics as JSON; the schema is in `docs/cli.md`.
#[derive(Debug, Serialize)]
pub(crate) struct MetricsReport {
    samples: Vec<SampleInfo>,
    columns: Vec<String>,
    standardised: bool,
    metrics: Vec<MetricRow>,
    /// Metrics for which no time was left, by the name to ask for.
    left_out: Vec<String>,
    peak_memory_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct MetricRow {
    name: String,
    title: String,
    better: Better,
    value: Option<f64>,
    infinite: bool,
    kind: Option<&'static str>,
    randomness: Option<String>,
    std_error: Option<f64>,
    interval: Option<[f64; 2]>,
    evidence: Option<&'static str>,
    method: Option<&'static str>,
    notes: Vec<String>,
    error: Option<String>,
    seconds: f64,
}

impl MetricsReport {
    pub(crate) fn new(inputs: &Inputs, scored: &[Scored], left_out: &[(String, String)]) -> Self {
        Self {
            samples: SampleInfo::of_all(Some(inputs)),
            columns: inputs.columns.clone(),
            standardised: inputs.standardised,
            metrics: scored.iter().map(MetricRow::new).collect(),
            left_out: left_out.iter().map(|(key, _)| key.clone()).collect(),
            peak_memory_bytes: memory::peak(),
        }
    }
}

impl MetricRow {
    fn new(row: &Scored) -> Self {
        let estimate = row.outcome.as_ref().ok();
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            name: row.key.clone(),
            title: row.name.trim().to_string(),
            better: row.reading.into(),
            value: estimate.and_then(|estimate| finite(estimate.value)),
            infinite: estimate.is_some_and(|estimate| estimate.value == f64::INFINITY),
            kind: estimate.map(|estimate| kind(estimate.kind)),
            randomness: estimate.and_then(randomness),
            std_error: estimate.and_then(Estimate::std_error),
            interval: estimate.and_then(|estimate| Some([finite(estimate.lower())?, finite(estimate.upper())?])),
            evidence: estimate.map(|estimate| match estimate.evidence {
                Evidence::Bounds { .. } => "bounds",
                Evidence::StandardError(_) => "standard error",
                Evidence::Interval { .. } | Evidence::Asymmetric { .. } => "interval",
                Evidence::Exact => "exact",
                _ => "unstated",
            }),
            method: estimate.map(|estimate| estimate.method),
            notes: estimate.map_or_else(Vec::new, |estimate| estimate.notes.iter().map(ToString::to_string).collect()),
            error: row.outcome.as_ref().err().map(ToString::to_string),
            seconds: row.time.as_secs_f64(),
        }
    }
}
