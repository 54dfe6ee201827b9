//! The report of `metrics`.

use std::time::Duration;

use earthwork::Error;
use earthwork::estimate::{Estimate, Evidence};
use earthwork::metrics::Reading;
use earthwork_view::evidence::value;
use serde::Serialize;

use crate::better::Better;
use crate::format;
use crate::memory;
use crate::read::Inputs;
use crate::report::estimates::evidence;
use crate::report::inputs::describe;
use crate::report::json::SampleInfo;
use crate::report::layout::Grid;

/// One metric between the two samples.
pub(crate) struct Scored {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) reading: Reading,
    pub(crate) outcome: Result<Estimate, Error>,
    pub(crate) time: Duration,
}

/// One row for each metric.
pub(crate) fn metrics(inputs: &Inputs, scored: &[Scored]) -> String {
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
            Err(why) => grid.row([row.name.clone(), "-".to_string(), why.to_string(), String::new(), time]),
        }
    }
    let entries = describe(inputs);
    format!("\n{}\n{}\n", entries.text(), grid.text(2))
}

/// The metrics as JSON; the schema is in `docs/cli.md`.
#[derive(Debug, Serialize)]
pub(crate) struct MetricsReport {
    samples: Vec<SampleInfo>,
    columns: Vec<String>,
    standardised: bool,
    metrics: Vec<MetricRow>,
    peak_memory_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct MetricRow {
    name: String,
    title: String,
    better: Better,
    value: Option<f64>,
    std_error: Option<f64>,
    interval: Option<[f64; 2]>,
    evidence: Option<&'static str>,
    method: Option<&'static str>,
    notes: Vec<String>,
    error: Option<String>,
    seconds: f64,
}

impl MetricsReport {
    pub(crate) fn new(inputs: &Inputs, scored: &[Scored]) -> Self {
        Self {
            samples: SampleInfo::of_all(Some(inputs)),
            columns: inputs.columns.clone(),
            standardised: inputs.standardised,
            metrics: scored.iter().map(MetricRow::new).collect(),
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
            std_error: estimate.and_then(Estimate::std_error),
            interval: estimate.and_then(|estimate| Some([finite(estimate.lower())?, finite(estimate.upper())?])),
            evidence: estimate.map(|estimate| match estimate.evidence {
                Evidence::Bounds { .. } => "bounds",
                Evidence::StandardError(_) => "standard error",
                Evidence::Interval { .. } => "interval",
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
