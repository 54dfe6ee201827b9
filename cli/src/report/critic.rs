//! What critics say, beside what is true.

use std::time::Duration;

use serde::Serialize;

use crate::read::Inputs;
use crate::report::SampleInfo;
use crate::report::inputs::describe;
use crate::report::layout::{Entries, Grid};
use earthwork_view::format;

/// What `critic` found.
#[derive(Debug, Serialize)]
pub(crate) struct CriticReport {
    pub(crate) samples: Vec<SampleInfo>,
    pub(crate) columns: Vec<String>,
    pub(crate) exact: f64,
    pub(crate) critics: Vec<CriticRow>,
    /// Methods for which no time was left.
    pub(crate) left_out: Vec<String>,
    pub(crate) steps: u64,
    pub(crate) batch: usize,
    pub(crate) hidden: Vec<usize>,
    pub(crate) seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct CriticRow {
    pub(crate) method: String,
    pub(crate) raw: f64,
    pub(crate) lipschitz: f64,
    pub(crate) certified: f64,
    pub(crate) share: Option<f64>,
    /// Whether all steps of the training were made.
    pub(crate) complete: bool,
    pub(crate) seconds: f64,
}

/// What `benchmark w1` found.
#[derive(Debug, Serialize)]
pub(crate) struct BenchmarkReport {
    pub(crate) dim: usize,
    pub(crate) funnels: usize,
    pub(crate) truth: f64,
    pub(crate) truth_std_error: f64,
    pub(crate) critics: Vec<BenchmarkRow>,
    /// Critics for which no time was left.
    pub(crate) left_out: Vec<String>,
    pub(crate) steps: u64,
    pub(crate) batch: usize,
    pub(crate) hidden: Vec<usize>,
    pub(crate) points: usize,
    pub(crate) seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct BenchmarkRow {
    pub(crate) critic: String,
    pub(crate) cos: f64,
    pub(crate) l2: f64,
    pub(crate) w1: f64,
    pub(crate) relative_error: f64,
    pub(crate) lipschitz: f64,
    pub(crate) certified: f64,
    /// Whether all steps of the training were made.
    pub(crate) complete: bool,
    pub(crate) seconds: f64,
}

/// The exact distance, then a row for each critic.
pub(crate) fn critic(inputs: &Inputs, found: &CriticReport) -> String {
    let mut entries = Entries::default();
    let exact = if found.exact.is_nan() { "not known in time".into() } else { format::number(found.exact, 8) };
    entries.add("W1", format!("{exact}   exact; no critic proves more"));
    let mut grid = Grid::new("lrrrrr");
    grid.row(["critic", "raw value", "Lip f ≤", "proven: W1 ≥", "of the exact", "time"]);
    for row in &found.critics {
        grid.row([
            row.method.clone(),
            format::number(row.raw, 6),
            format::number(row.lipschitz, 4),
            format::down(row.certified, 6),
            row.share.map_or_else(|| "-".to_string(), format::percent),
            format::time(Duration::from_secs_f64(row.seconds)),
        ]);
    }
    let cut = cut(found.critics.iter().filter(|row| !row.complete).map(|row| &row.method), &found.left_out);
    format!("\n{}\n{}\n{}{cut}\n", describe(inputs).text(), entries.text(), grid.text(2))
}

/// What time cut, in words.
fn cut<'r>(trainings: impl Iterator<Item = &'r String>, left_out: &[String]) -> String {
    let trainings: Vec<&str> = trainings.map(String::as_str).collect();
    let mut entries = Entries::default();
    if !trainings.is_empty() {
        let text =
            format!("the training of {} made fewer steps than asked for; what it proves holds", trainings.join(", "));
        entries.add("ended early", text);
    }
    if !left_out.is_empty() {
        entries.add("ended early", format!("there was no time for {}", left_out.join(", ")));
    }
    let text = entries.text();
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// The true distance, then a row for each critic.
pub(crate) fn benchmark(found: &BenchmarkReport) -> String {
    let mut entries = Entries::default();
    let (dim, funnels) = (found.dim, found.funnels);
    entries.add(
        "pair",
        format!("MinFunnels, dimension {dim}, {}, seed {}", format::counted(funnels, "funnel"), found.seed),
    );
    let (truth, half) = (format::number(found.truth, 5), format::number(1.96 * found.truth_std_error, 2));
    entries.add("W1", format!("{truth} ± {half} (95 %, Monte Carlo: 100,000 points)"));
    let mut grid = Grid::new("lrrrrrrr");
    grid.row(["critic", "cos", "L2", "raw W1", "error", "Lip f ≤", "certified", "time"]);
    for row in &found.critics {
        grid.row([
            row.critic.clone(),
            format!("{:.3}", row.cos),
            format!("{:.3}", row.l2),
            format!("{:.4}", row.w1),
            format::percent(row.relative_error),
            format::number(row.lipschitz, 4),
            format!("{:.4}", row.certified),
            format::time(Duration::from_secs_f64(row.seconds)),
        ]);
    }
    let cut = cut(found.critics.iter().filter(|row| !row.complete).map(|row| &row.critic), &found.left_out);
    format!("\n{}\n{}{cut}\n", entries.text(), grid.text(2))
}
