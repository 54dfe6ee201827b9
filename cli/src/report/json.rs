//! Results as JSON. The schema is documented in `docs/cli.md`; keys are only ever added.

use earthwork::compare::{Comparison, LeftOut, Other, Reason};
use earthwork::estimate::resample::PermutationTest;
use earthwork::estimate::{Estimate, Evidence, Kind};
use earthwork::transport::{Root, Summary};
use serde::Serialize;

use crate::memory;
use crate::read::{Inputs, Sample};

/// One sample as it was read.
#[derive(Debug, Serialize)]
pub(crate) struct SampleInfo {
    name: String,
    points: usize,
    weights: String,
    total_mass: f64,
    rows_left_out: Vec<u64>,
    lines_read_over: Vec<u64>,
}

impl SampleInfo {
    pub(crate) fn of(sample: &Sample) -> Self {
        Self {
            name: sample.name.clone(),
            points: sample.samples.len(),
            weights: sample.weights.clone(),
            total_mass: sample.samples.total(),
            rows_left_out: sample.dropped.clone(),
            lines_read_over: sample.passed.lines(),
        }
    }

    pub(crate) fn of_all(inputs: Option<&Inputs>) -> Vec<Self> {
        inputs.map_or_else(Vec::new, |inputs| inputs.samples.iter().map(Self::of).collect())
    }
}

/// One distance: a row of `compare`, or all of `emd`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) cost: String,
    pub(crate) p: Option<f64>,
    pub(crate) n: usize,
    pub(crate) m: usize,
    pub(crate) dim: Option<usize>,
    pub(crate) mass: f64,
    /// Null where it is beyond the range of 64-bit numbers; so are its bounds.
    pub(crate) transport_cost: Option<f64>,
    pub(crate) value: Option<f64>,
    pub(crate) wasserstein: Option<f64>,
    pub(crate) lower: Option<f64>,
    pub(crate) upper: Option<f64>,
    pub(crate) relative_gap: Option<f64>,
    pub(crate) wasserstein_lower: Option<f64>,
    pub(crate) wasserstein_upper: Option<f64>,
    pub(crate) status: String,
    pub(crate) iterations: u64,
    pub(crate) plan_entries: usize,
    pub(crate) seconds: f64,
    pub(crate) solver_memory_bytes: u64,
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) seed: u64,
}

impl Answer {
    pub(crate) fn new(
        name: &str,
        cost: &str,
        root: Option<Root>,
        dim: Option<usize>,
        solved: &Summary,
        seed: u64,
    ) -> Self {
        let rooted = root.map(|root| root.estimate(solved));
        let given = |cost: f64| root.map_or(Some(cost), |root| root.cost(cost));
        let (n, m) = solved.shape;
        Self {
            name: name.to_string(),
            method: solved.report.method.to_string(),
            cost: cost.to_string(),
            p: root.map(Root::order),
            n,
            m,
            dim,
            mass: solved.mass,
            transport_cost: given(solved.transport_cost),
            value: given(solved.transport_cost),
            wasserstein: rooted.as_ref().map(|estimate| estimate.value),
            lower: solved.bounds.and_then(|bounds| given(bounds.lower)),
            upper: solved.bounds.and_then(|bounds| given(bounds.upper)),
            relative_gap: solved.bounds.map(|bounds| bounds.relative_gap()),
            wasserstein_lower: rooted.as_ref().map(earthwork::estimate::Estimate::lower),
            wasserstein_upper: rooted.as_ref().map(earthwork::estimate::Estimate::upper),
            status: solved.status.to_string(),
            iterations: solved.report.iterations,
            plan_entries: solved.flows,
            seconds: solved.report.time.as_secs_f64(),
            solver_memory_bytes: solved.report.memory as u64,
            peak_memory_bytes: memory::peak(),
            seed,
        }
    }
}

/// Everything `compare` found.
#[derive(Debug, Serialize)]
pub(crate) struct ComparisonReport {
    pub(crate) samples: Vec<SampleInfo>,
    pub(crate) columns: Vec<String>,
    pub(crate) standardised: bool,
    pub(crate) pairs: Vec<PairReport>,
    /// Pairs for which no time was left.
    pub(crate) pairs_left_out: usize,
}

/// What `compare` found about two samples.
#[derive(Debug, Serialize)]
pub(crate) struct PairReport {
    a: String,
    b: String,
    distances: Vec<Answer>,
    estimates: Vec<EstimateReport>,
    test: Option<ShortTest>,
    left_out: Vec<LeftOutReport>,
    columns: Vec<ColumnReport>,
    movements: Vec<Movement>,
}

/// One of the other discrepancies of `compare`.
#[derive(Debug, Serialize)]
struct EstimateReport {
    key: String,
    group: String,
    name: String,
    value: Option<f64>,
    infinite: bool,
    /// `point`, `lower bound` or `upper bound`.
    kind: Option<&'static str>,
    /// Of which draws the interval is: `sampling`, `directions` or `Monte Carlo`.
    randomness: Option<String>,
    std_error: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    notes: Vec<String>,
    error: Option<String>,
    seconds: f64,
}

/// On which side of the truth a number stands.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Point => "point",
        Kind::LowerBound => "lower bound",
        Kind::UpperBound => "upper bound",
    }
}

/// Of which draws a standard error or an interval is.
pub(crate) fn randomness(estimate: &Estimate) -> Option<String> {
    let random = matches!(
        estimate.evidence,
        Evidence::StandardError(_) | Evidence::Interval { .. } | Evidence::Asymmetric { .. }
    );
    random.then(|| estimate.randomness.to_string())
}

impl EstimateReport {
    fn new(other: &Other) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let estimate = other.outcome.as_ref().ok();
        Self {
            key: other.key.to_string(),
            group: other.group.to_string(),
            name: other.name.clone(),
            value: estimate.and_then(|estimate| finite(estimate.value)),
            infinite: estimate.is_some_and(|estimate| estimate.value == f64::INFINITY),
            kind: estimate.map(|estimate| kind(estimate.kind)),
            randomness: estimate.and_then(randomness),
            std_error: estimate.and_then(Estimate::std_error),
            lower: estimate.and_then(|estimate| finite(estimate.lower())),
            upper: estimate.and_then(|estimate| finite(estimate.upper())),
            notes: estimate.map_or_else(Vec::new, |e| e.notes.iter().map(ToString::to_string).collect()),
            error: other.outcome.as_ref().err().map(ToString::to_string),
            seconds: other.time.as_secs_f64(),
        }
    }
}

/// What `compare` did not compute.
#[derive(Debug, Serialize)]
struct LeftOutReport {
    name: String,
    /// `size`, `time` or `samples`.
    by: &'static str,
    reason: String,
}

impl LeftOutReport {
    fn new(left: &LeftOut) -> Self {
        let by = match left.reason {
            Reason::Size { .. } | Reason::Columns { .. } => "size",
            Reason::Time => "time",
            _ => "samples",
        };
        Self { name: left.name.clone(), by, reason: left.reason.to_string() }
    }
}

/// The two-sample test of `compare`.
#[derive(Debug, Serialize)]
struct ShortTest {
    with: &'static str,
    p_value: f64,
    permutations: usize,
    at_least: usize,
    seed: u64,
}

impl ShortTest {
    fn new(test: &PermutationTest) -> Self {
        let (permutations, at_least) = (test.permutations(), test.at_least);
        Self { with: "energy", p_value: test.p_value, permutations, at_least, seed: test.seed }
    }
}

#[derive(Debug, Serialize)]
struct ColumnReport {
    column: String,
    cost: f64,
    share: f64,
    shift: f64,
    mean_a: f64,
    mean_b: f64,
    deviation: f64,
}

#[derive(Debug, Serialize)]
struct Movement {
    share: f64,
    cost_share: f64,
    plan_entries: usize,
    from: Vec<f64>,
    to: Vec<f64>,
}

impl PairReport {
    pub(crate) fn new(inputs: &Inputs, (a, b): (usize, usize), comparison: &Comparison, seed: u64) -> Self {
        let dim = inputs.columns.len();
        let distances = comparison.rows.iter();
        let columns = comparison.columns.iter().zip(&comparison.scales).zip(&inputs.columns);
        Self {
            a: inputs.samples[a].name.clone(),
            b: inputs.samples[b].name.clone(),
            distances: distances
                .map(|row| Answer::new(row.name, &row.cost, Some(row.root), Some(dim), &row.solution.summary(), seed))
                .collect(),
            estimates: comparison.others.iter().map(EstimateReport::new).collect(),
            test: comparison.test.as_ref().map(ShortTest::new),
            left_out: comparison.left_out.iter().map(LeftOutReport::new).collect(),
            columns: columns
                .map(|((column, scale), name)| ColumnReport {
                    column: name.clone(),
                    cost: column.cost,
                    share: column.share,
                    shift: column.shift,
                    mean_a: column.source_mean,
                    mean_b: column.target_mean,
                    deviation: scale.deviation,
                })
                .collect(),
            movements: comparison
                .flows
                .iter()
                .map(|flow| Movement {
                    share: flow.share,
                    cost_share: flow.cost_share,
                    plan_entries: flow.entries,
                    from: flow.from.clone(),
                    to: flow.to.clone(),
                })
                .collect(),
        }
    }
}

/// What `verify` found.
#[derive(Debug, Serialize)]
pub(crate) struct VerifyReport {
    pub(crate) cost: String,
    pub(crate) n: usize,
    pub(crate) m: usize,
    pub(crate) plan_entries: usize,
    pub(crate) marginal_error: f64,
    pub(crate) transport_cost: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) relative_gap: f64,
    pub(crate) lower_bound_from: String,
    pub(crate) tolerance: f64,
    pub(crate) feasible: bool,
    pub(crate) optimal: Option<bool>,
    pub(crate) seconds: f64,
    pub(crate) peak_memory_bytes: Option<u64>,
}

/// JSON with a line for each key. Numbers have all their digits; what is not a finite number is null.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("a report is valid JSON") + "\n"
}
