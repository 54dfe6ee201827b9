//! What a validation found.

use std::time::Duration;

use super::correlation::Correlation;
use super::corruption::Corruption;
use super::verdict::Verdict;
use crate::metrics::Reading;
use crate::transport::Status;

/// What a [`Validation`](super::Validation) found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The severities of each sweep, in increasing order.
    pub severities: Vec<f64>,
    /// Points of each sample.
    pub points: usize,
    /// Repeats at each severity, each with samples of its own.
    pub repeats: usize,
    /// The severity of the corrupted samples of the size sweep; their corruption is that of the first sweep.
    pub size_severity: f64,
    /// The seed.
    pub seed: u64,
    /// The metrics, in the order asked for.
    pub metrics: Vec<MetricInfo>,
    /// Exact W₁ and W₂ as if they were metrics.
    pub exact: [MetricInfo; 2],
    /// One sweep for each corruption that could be applied.
    pub sweeps: Vec<Sweep>,
    /// Corruptions that could not be applied to this population, and why.
    pub left_out: Vec<(Corruption, String)>,
    /// Corruptions whose sweep was not finished, because the run ended early.
    pub unfinished: Vec<Corruption>,
    /// `Optimal` where all was done; else why it ended early. A sweep that was not finished is not in the report.
    pub status: Status,
    /// How long it took.
    pub time: Duration,
}

/// One metric, apart from corruptions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MetricInfo {
    /// The name to ask for.
    pub key: String,
    /// The name in tables.
    pub name: String,
    /// How it is read.
    pub reading: Reading,
    /// What it says of real against real samples; `None` where it has no value, with the reason in [`failure`](Self::failure).
    pub floor: Option<Floor>,
    /// Why it has no value for real against real samples.
    pub failure: Option<String>,
    /// The same at other sample sizes, and what a fixed corruption adds there.
    pub sizes: Vec<SizePoint>,
    /// Mean time of one evaluation, while others may be at work.
    pub cost: Duration,
    /// Spearman correlation with exact W₁ over all sweeps together.
    pub pooled: Option<Correlation>,
}

/// What a metric says of two independent real samples: anything up to here is noise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Floor {
    /// Mean over the repeats.
    pub mean: f64,
    /// Standard deviation over the repeats; infinite where the mean is.
    pub deviation: f64,
    /// The least value.
    pub least: f64,
    /// The largest value.
    pub most: f64,
}

/// A metric at one sample size.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SizePoint {
    /// Points of each sample.
    pub points: usize,
    /// Real against real samples.
    pub floor: Floor,
    /// Real against corrupted samples.
    pub corrupted: Floor,
}

/// One corruption at all severities.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sweep {
    /// The corruption.
    pub corruption: Corruption,
    /// Exact W₁ and W₂.
    pub exact: [Curve; 2],
    /// The metrics, in the order of [`Report::metrics`].
    pub curves: Vec<Curve>,
}

/// One metric under one corruption.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Curve {
    /// The values: those of the repeats, severity by severity. Empty where the metric has none.
    pub values: Vec<Vec<f64>>,
    /// Why it has none.
    pub failure: Option<String>,
    /// How they go with the truth.
    pub follows: Option<Follows>,
    /// Whether W₁ itself rises with the severity, so that verdicts rest on it; else on the severity.
    pub(super) by_distance: bool,
    /// Whether this is W₁, which is held against the severity in any case.
    pub(super) is_truth: bool,
    /// The verdict; `None` where there are no values.
    pub verdict: Option<Verdict>,
}

/// How a metric, turned so that more is worse, goes with the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Follows {
    /// Spearman's ρ with the severity.
    pub spearman_severity: Correlation,
    /// Kendall's τ_b with the severity.
    pub kendall_severity: Correlation,
    /// Spearman's ρ with exact W₁.
    pub spearman_w1: Correlation,
    /// Kendall's τ_b with exact W₁.
    pub kendall_w1: Correlation,
    /// Spearman's ρ with exact W₂.
    pub spearman_w2: Correlation,
    /// Steps from one severity to the next on which the mean does not get worse.
    pub violations: usize,
    /// The least severity from which on every mean is above the noise floor: more than two deviations of it from its mean.
    pub sees_from: Option<f64>,
}

impl Curve {
    /// Whether the verdicts of this sweep rest on W₁, since W₁ itself rises with the severity; else on the severity. Of the curve of W₁,
    /// whether it rises.
    pub fn judged_by_distance(&self) -> bool {
        self.by_distance
    }

    /// The correlation that the verdict rests on.
    pub fn decisive(&self) -> Option<Correlation> {
        let by = |found: Follows| {
            if self.by_distance && !self.is_truth { found.spearman_w1 } else { found.spearman_severity }
        };
        self.follows.map(by)
    }

    /// Mean over the repeats, severity by severity.
    pub fn means(&self) -> Vec<f64> {
        self.values.iter().map(|repeats| repeats.iter().sum::<f64>() / repeats.len() as f64).collect()
    }
}

impl Floor {
    /// Of at least one value.
    pub(super) fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if mean.is_finite() { (squares / (count - 1.0).max(1.0)).sqrt() } else { f64::INFINITY };
        let (least, most) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &v| (least.min(v), most.max(v)));
        Self { mean, deviation, least, most }
    }
}

impl Report {
    /// The verdict on a metric under a corruption, by name.
    pub fn verdict(&self, metric: &str, corruption: Corruption) -> Option<Verdict> {
        let at = self.metrics.iter().position(|info| info.key == metric)?;
        self.sweeps.iter().find(|sweep| sweep.corruption == corruption)?.curves[at].verdict
    }
}
