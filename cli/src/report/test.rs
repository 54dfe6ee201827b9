//! The report of `test`.

use std::time::Duration;

use earthwork::estimate::resample::PermutationTest;
use earthwork::estimate::{Estimate, Evidence};
use earthwork_view::evidence::value;
use serde::Serialize;

use crate::memory;
use crate::read::Inputs;
use crate::report::estimates::{evidence, p_value};
use crate::report::inputs::describe;
use crate::report::layout::Entries;
use earthwork_view::format;

/// A permutation test and how long it took.
pub(crate) struct Tested<'t> {
    pub(crate) with: &'t str,
    pub(crate) name: String,
    pub(crate) test: &'t PermutationTest,
    /// For the value between the distributions, where it was asked for.
    pub(crate) interval: Option<&'t Estimate>,
    /// Whether it was asked for, and no time was left.
    pub(crate) is_cut: bool,
    /// How many permutations were asked for.
    pub(crate) asked: usize,
    /// Of the value between the samples as given, alone.
    pub(crate) statistic_time: Duration,
    /// Of all of it.
    pub(crate) time: Duration,
}

/// The test in a few lines.
pub(crate) fn test(inputs: &Inputs, tested: &Tested) -> String {
    let Tested { name, test, .. } = tested;
    let mut entries = Entries::default();
    let statistic = &test.statistic;
    entries.add(name.as_str(), format!("{}   ({})", value(statistic, 8), evidence(statistic)));
    if let Some(found) = tested.interval {
        entries.add("between the distributions", value_within(found));
    }
    if tested.is_cut {
        entries.add("left out", "the interval, for which no time was left".to_string());
    }
    let count = test.permutations();
    let work = format!("relabellings of the pooled points, {}", format::time(tested.time));
    entries.add("permutations", format!("{} {work}", format::count(count as u64)));
    let reached =
        format!("{} of {} are at least as far apart", format::count(test.at_least as u64), format::count(count as u64));
    let ties = match test.ties {
        0 => String::new(),
        ties => format!(", {} equally far and counted by lot", format::count(ties as u64)),
    };
    let least = match test.at_least {
        0 => format!("; more permutations could show less than 1/{}", count + 1),
        _ => format!("; ± {} from the permutations being random", format::number(1.96 * test.p_value_error(), 2)),
    };
    entries.add("p-value", format!("{}   ({reached}{ties}{least})", p_value(test)));
    if count < tested.asked {
        let asked = format::count(tested.asked as u64);
        entries.add("ended early", format!("of {asked} permutations asked for; the p-value holds for those done"));
    }
    format!("\n{}\n{}\n", describe(inputs).text(), entries.text())
}

/// An interval with what is to be known of it.
fn value_within(found: &Estimate) -> String {
    let level = 100.0 * level(found);
    let ends = [found.lower(), found.upper()].map(|end| format::number(end, 4));
    let known = [format!("{} % interval, sampling", format::number(level, 3))];
    let known: Vec<String> = known.into_iter().chain(found.notes.iter().map(ToString::to_string)).collect();
    format!("{} to {}   ({})", ends[0], ends[1], known.join("; "))
}

fn level(found: &Estimate) -> f64 {
    match found.evidence {
        Evidence::Interval { level, .. } | Evidence::Asymmetric { level, .. } => level,
        _ => f64::NAN,
    }
}

/// Ends of an interval as JSON.
#[derive(Debug, Serialize)]
struct Ends {
    lower: f64,
    /// None where it is infinite.
    upper: Option<f64>,
    level: f64,
}

/// The test as JSON; the schema is in `docs/cli.md`.
#[derive(Debug, Serialize)]
pub(crate) struct TestReport {
    with: String,
    name: String,
    method: String,
    n: usize,
    m: usize,
    value: f64,
    std_error: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    interval: Option<Ends>,
    notes: Vec<String>,
    p_value: f64,
    p_value_error: f64,
    permutations: usize,
    at_least: usize,
    null_mean: f64,
    null_95: f64,
    seed: u64,
    statistic_seconds: f64,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
}

impl TestReport {
    pub(crate) fn new(tested: &Tested) -> Self {
        let (test, statistic) = (tested.test, &tested.test.statistic);
        let finite = |value: f64| value.is_finite().then_some(value);
        let mut null = test.null.clone();
        null.sort_unstable_by(f64::total_cmp);
        let count = null.len();
        let mut notes: Vec<String> = statistic.notes.iter().map(ToString::to_string).collect();
        if tested.is_cut {
            notes.push("the interval is left out: no time was left".to_string());
        }
        Self {
            with: tested.with.to_string(),
            name: tested.name.clone(),
            method: statistic.method.to_string(),
            n: statistic.sizes.0,
            m: statistic.sizes.1,
            value: statistic.value,
            std_error: statistic.std_error(),
            lower: finite(statistic.lower()),
            upper: finite(statistic.upper()),
            interval: tested.interval.map(|found| Ends {
                lower: found.lower(),
                upper: finite(found.upper()),
                level: level(found),
            }),
            notes,
            p_value: test.p_value,
            p_value_error: test.p_value_error(),
            permutations: count,
            at_least: test.at_least,
            null_mean: null.iter().map(|value| value / count as f64).sum(),
            null_95: null[(95 * count / 100).min(count - 1)],
            seed: test.seed,
            statistic_seconds: tested.statistic_time.as_secs_f64(),
            seconds: tested.time.as_secs_f64(),
            peak_memory_bytes: memory::peak(),
        }
    }
}
