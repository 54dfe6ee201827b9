//! The report of `sliced`.

use std::time::Duration;

use earthwork::sliced::{MaxSlice, SlicedDistance};
use earthwork_view::format;
use serde::Serialize;

use crate::memory;
use crate::read::Inputs;
use crate::report::inputs::describe;
use crate::report::layout::Entries;

/// How many columns of a direction are listed.
const LISTED: usize = 6;

/// Everything `sliced` found; the keys are documented in `docs/cli.md`.
#[derive(Debug, Serialize)]
pub(crate) struct SlicedReport {
    name: String,
    method: String,
    p: f64,
    n: usize,
    m: usize,
    dim: usize,
    mass: f64,
    value: f64,
    std_error: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    directions: usize,
    variance_ratio: Option<f64>,
    direction: Option<Vec<f64>>,
    stationarity: Option<f64>,
    status: String,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
    seed: u64,
}

impl SlicedReport {
    /// A mean over directions.
    pub(crate) fn of_mean(found: &SlicedDistance, p: f64, dim: usize, mass: f64) -> Self {
        let estimate = found.estimate();
        let known = |bound: f64| bound.is_finite().then_some(bound);
        Self {
            name: format!("SW{p}"),
            method: found.method.to_string(),
            p,
            n: found.sizes.0,
            m: found.sizes.1,
            dim,
            mass,
            value: found.value,
            std_error: found.std_error,
            lower: known(estimate.lower()),
            upper: known(estimate.upper()),
            directions: found.directions(),
            variance_ratio: Some(found.variance_ratio),
            direction: None,
            stationarity: None,
            status: found.status.to_string(),
            seconds: found.time.as_secs_f64(),
            peak_memory_bytes: memory::peak(),
            seed: found.seed,
        }
    }

    /// The largest slice.
    pub(crate) fn of_max(found: &MaxSlice, p: f64, dim: usize, mass: f64) -> Self {
        Self {
            name: format!("max-SW{p}"),
            method: "max-sliced".to_string(),
            p,
            n: found.sizes.0,
            m: found.sizes.1,
            dim,
            mass,
            value: found.value,
            std_error: None,
            lower: Some(found.estimate().lower()),
            upper: None,
            directions: 1,
            variance_ratio: None,
            direction: Some(found.direction.clone()),
            stationarity: Some(found.stationarity),
            status: found.status.to_string(),
            seconds: found.time.as_secs_f64(),
            peak_memory_bytes: memory::peak(),
            seed: found.seed,
        }
    }
}

/// What was sliced, the answer, and its evidence.
pub(crate) fn sliced(inputs: &Inputs, found: &SlicedReport) -> String {
    let mut entries = Entries::default();
    entries.add(&found.name, format::number(found.value, 8));
    match (found.std_error, &found.direction) {
        (_, Some(direction)) => {
            entries.add(
                "",
                "attained by the direction below, so W_p is at least this; that no direction shows more is not proven",
            );
            let mut order: Vec<usize> = (0..direction.len()).collect();
            order.sort_by(|&a, &b| direction[b].abs().total_cmp(&direction[a].abs()));
            let part = |&k: &usize| format!("{} {}", inputs.columns[k], format::short(direction[k], 4));
            let parts: Vec<String> = order.iter().map(part).collect();
            entries.add("direction", format::list(&parts, LISTED));
        }
        (Some(0.0), None) => entries.add("", "no direction differs from another"),
        (Some(error), None) => {
            let interval = found.lower.zip(found.upper).map_or_else(String::new, |(lower, upper)| {
                format!(": {} to {} in 95 of 100 draws of them", format::number(lower, 8), format::number(upper, 8))
            });
            entries.add("", format!("± {} (95 %, directions){interval}", format::number(1.96 * error, 2)));
        }
        (None, None) => entries.add("", "no error known: that takes two independent directions"),
    }
    let mut effort = vec![found.method.clone()];
    if found.direction.is_none() {
        effort.push(format::counted(found.directions, "direction"));
    }
    if let Some(ratio) = found.variance_ratio.filter(|&ratio| ratio < 1.0) {
        effort.push(format!("control variates leave {} of the variance", format::percent(ratio)));
    }
    if let Some(stationarity) = found.stationarity {
        effort.push(format!("remaining slope {stationarity:.1e}"));
    }
    effort.push(format::time(Duration::from_secs_f64(found.seconds)));
    entries.add("status", format!("{}   ({})", found.status, effort.join(", ")));
    format!("\n{}\n{}\n", describe(inputs).text(), entries.text())
}
