//! The report as JSON; the schema is in `docs/cli.md`.

use earthwork::metrics::Reading;
use earthwork::validate::{Correlation, Curve, Floor, MetricInfo, Report, Sweep};
use serde::Serialize;

/// The report as JSON.
#[derive(Debug, Serialize)]
pub struct ValidationJson {
    data: String,
    points: usize,
    repeats: usize,
    severities: Vec<f64>,
    seed: u64,
    status: String,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
    exact: Vec<MetricJson>,
    metrics: Vec<MetricJson>,
    sweeps: Vec<SweepJson>,
    left_out: Vec<LeftOut>,
    unfinished: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct MetricJson {
    name: String,
    title: String,
    reading: &'static str,
    floor: Option<FloorJson>,
    error: Option<String>,
    sizes: Vec<SizeJson>,
    seconds: f64,
    pooled_spearman_w1: Option<CorrelationJson>,
}

#[derive(Debug, Serialize)]
struct FloorJson {
    mean: f64,
    deviation: f64,
    least: f64,
    most: f64,
}

#[derive(Debug, Serialize)]
struct SizeJson {
    points: usize,
    floor: FloorJson,
    corrupted: FloorJson,
}

#[derive(Debug, Serialize)]
struct SweepJson {
    corruption: &'static str,
    description: &'static str,
    w1: Vec<Vec<f64>>,
    w2: Vec<Vec<f64>>,
    metrics: Vec<CurveJson>,
}

#[derive(Debug, Serialize)]
struct CurveJson {
    name: String,
    verdict: Option<&'static str>,
    judged_by: Option<&'static str>,
    values: Vec<Vec<f64>>,
    error: Option<String>,
    spearman_severity: Option<CorrelationJson>,
    kendall_severity: Option<CorrelationJson>,
    spearman_w1: Option<CorrelationJson>,
    kendall_w1: Option<CorrelationJson>,
    spearman_w2: Option<CorrelationJson>,
    violations: Option<usize>,
    sees_from: Option<f64>,
}

#[derive(Debug, Serialize)]
struct CorrelationJson {
    value: f64,
    interval: [f64; 2],
}

#[derive(Debug, Serialize)]
struct LeftOut {
    corruption: &'static str,
    why: String,
}

impl From<Correlation> for CorrelationJson {
    fn from(rho: Correlation) -> Self {
        Self { value: rho.value, interval: [rho.lower, rho.upper] }
    }
}

impl From<Floor> for FloorJson {
    fn from(floor: Floor) -> Self {
        Self { mean: floor.mean, deviation: floor.deviation, least: floor.least, most: floor.most }
    }
}

impl ValidationJson {
    /// Of a report on what `title` says, with the most memory that the process held.
    pub fn new(title: &str, found: &Report, peak_memory_bytes: Option<u64>) -> Self {
        let left_out = |(corruption, why): &(earthwork::validate::Corruption, String)| LeftOut {
            corruption: corruption.key(),
            why: why.clone(),
        };
        Self {
            data: title.to_string(),
            points: found.points,
            repeats: found.repeats,
            severities: found.severities.clone(),
            seed: found.seed,
            status: found.status.to_string(),
            seconds: found.time.as_secs_f64(),
            peak_memory_bytes,
            exact: found.exact.iter().map(metric).collect(),
            metrics: found.metrics.iter().map(metric).collect(),
            sweeps: found.sweeps.iter().map(|one| sweep(one, &found.metrics)).collect(),
            left_out: found.left_out.iter().map(left_out).collect(),
            unfinished: found.unfinished.iter().map(|corruption| corruption.key()).collect(),
        }
    }

    /// The JSON itself. Infinite values are null.
    ///
    /// # Panics
    /// Never: it is numbers, lists and names.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a report is valid JSON")
    }
}

fn metric(info: &MetricInfo) -> MetricJson {
    let sizes = info.sizes.iter().map(|size| SizeJson {
        points: size.points,
        floor: size.floor.into(),
        corrupted: size.corrupted.into(),
    });
    MetricJson {
        name: info.key.clone(),
        title: info.name.clone(),
        reading: match info.reading {
            Reading::Distance => "distance",
            Reading::Score => "score",
            Reading::Half => "half",
        },
        floor: info.floor.map(Into::into),
        error: info.failure.clone(),
        sizes: sizes.collect(),
        seconds: info.cost.as_secs_f64(),
        pooled_spearman_w1: info.pooled.map(Into::into),
    }
}

fn sweep(sweep: &Sweep, metrics: &[MetricInfo]) -> SweepJson {
    SweepJson {
        corruption: sweep.corruption.key(),
        description: sweep.corruption.description(),
        w1: sweep.exact[0].values.clone(),
        w2: sweep.exact[1].values.clone(),
        metrics: metrics.iter().zip(&sweep.curves).map(|(info, found)| curve(&info.key, found)).collect(),
    }
}

fn curve(key: &str, curve: &Curve) -> CurveJson {
    let follows = curve.follows;
    CurveJson {
        name: key.to_string(),
        verdict: curve.verdict.map(earthwork::validate::Verdict::name),
        judged_by: curve.verdict.map(|_| if curve.judged_by_distance() { "w1" } else { "severity" }),
        values: curve.values.clone(),
        error: curve.failure.clone(),
        spearman_severity: follows.map(|found| found.spearman_severity.into()),
        kendall_severity: follows.map(|found| found.kendall_severity.into()),
        spearman_w1: follows.map(|found| found.spearman_w1.into()),
        kendall_w1: follows.map(|found| found.kendall_w1.into()),
        spearman_w2: follows.map(|found| found.spearman_w2.into()),
        violations: follows.map(|found| found.violations),
        sees_from: follows.and_then(|found| found.sees_from),
    }
}
