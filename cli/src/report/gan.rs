//! The course of a training.

use std::fmt::Write;

use earthwork::gan::rank_correlation;
use serde::Serialize;

use crate::folder::{Line, MetricLine, RunFile, tracks_w1};
use crate::report::layout::{Entries, Grid};
use earthwork_view::format;

/// Rows of the table at most; the first and the last are among them.
const ROWS: usize = 12;

/// What a training came to.
#[derive(Debug, Serialize)]
pub(crate) struct GanReport {
    folder: String,
    run: RunFile,
    steps_done: u64,
    /// Spearman's rank correlation of minus the critic's loss with exact W1 over all records after the first.
    loss_tracks_w1: Option<f64>,
    /// The same of the critic's value.
    value_tracks_w1: Option<f64>,
    w1_over_floor: Option<f64>,
    w2_over_floor: Option<f64>,
    best_step: Option<u64>,
    /// Whether the last record is nearer to the real points, by exact W1, than the first.
    nearer: Option<bool>,
    metrics: Vec<Tracked>,
    records: Vec<Line>,
}

/// A metric beside the exact distances.
#[derive(Debug, Serialize)]
struct Tracked {
    /// What the last record says.
    #[serde(flatten)]
    last: MetricLine,
    /// The mean over real against real.
    floor: Option<f64>,
    /// Spearman's rank correlation with exact W1 over all records after the first, turned so that more is worse.
    tracks_w1: Option<f64>,
}

impl Tracked {
    fn all(run: &RunFile, records: &[Line]) -> Vec<Self> {
        let Some(last) = records.last() else { return Vec::new() };
        let of = |(k, last): (usize, &MetricLine)| {
            let floor = run.floor_metrics.get(k).and_then(|metric| metric.value);
            Self { last: last.clone(), floor, tracks_w1: tracks_w1(records, k) }
        };
        last.metrics.iter().enumerate().map(of).collect()
    }
}

impl GanReport {
    pub(crate) fn new(folder: String, run: RunFile, steps_done: u64, records: Vec<Line>) -> Self {
        let trained = records.get(1..).unwrap_or_default();
        let series = |of: fn(&Line) -> f64| trained.iter().map(of).collect::<Vec<f64>>();
        let exact = series(|line| line.w1);
        let best = records.iter().min_by(|a, b| a.w1.total_cmp(&b.w1)).map(|line| line.step);
        let last = records.last();
        let over = |value: Option<f64>, floor: f64| value.filter(|_| floor > 0.0).map(|value| value / floor);
        Self {
            folder,
            steps_done,
            loss_tracks_w1: rank_correlation(&series(|line| -line.critic_loss), &exact),
            value_tracks_w1: rank_correlation(&series(|line| line.critic_value), &exact),
            w1_over_floor: over(last.map(|line| line.w1), run.floor_w1),
            w2_over_floor: over(last.map(|line| line.w2), run.floor_w2),
            best_step: best,
            nearer: records
                .first()
                .zip(last)
                .filter(|(first, last)| first.step < last.step)
                .map(|(first, last)| last.w1 < first.w1),
            metrics: Tracked::all(&run, &records),
            run,
            records,
        }
    }
}

/// The course in a table, and what it comes to.
pub(crate) fn gan(found: &GanReport) -> String {
    let run = &found.run;
    let mut entries = Entries::default();
    let classes = if run.label.is_some() { ", both networks told the class" } else { "" };
    entries.add("training", format!("{} on {}, seed {}{classes}", run.objective, run.data, run.seed));
    if run.networks != "mlp" {
        let given = run.layers.as_ref().map(|[critic, generator]| format!("critic {critic}; generator {generator}"));
        entries.add("networks", given.unwrap_or_else(|| run.networks.clone()));
    }
    let done = (format::count(found.steps_done), format::count(run.steps));
    entries.add(
        "steps",
        if done.0 == done.1 { done.0 } else { format!("{} of {}; `gan resume` goes on", done.0, done.1) },
    );
    entries.add(
        "real",
        format!(
            "two real samples of {} points are W1 = {} ± {} and W2 = {} ± {} apart (95 %, of the means)",
            run.referee_points,
            format::number(run.floor_w1, 4),
            format::number(1.96 * run.floor_w1_std_error, 2),
            format::number(run.floor_w2, 4),
            format::number(1.96 * run.floor_w2_std_error, 2)
        ),
    );
    if run.units.is_some() {
        entries.add(
            "scale",
            "the columns spread differently, so each was trained in its own unit; distances are in those units, generated points are not",
        );
    }
    let mut grid = Grid::new("rrrrrrrrr");
    grid.row(["step", "exact W1", "x real", "exact W2", "critic says", "proven ≥", "critic loss", "modes", "good"]);
    for line in shown(&found.records) {
        let missing = || "-".to_string();
        grid.row([
            format::count(line.step),
            format!("{:.4}", line.w1),
            if run.floor_w1 > 0.0 { format!("{:.2}", line.w1 / run.floor_w1) } else { missing() },
            format!("{:.4}", line.w2),
            format!("{:.4}", line.critic_value),
            line.certified.map_or_else(missing, |value| format!("{value:.4}")),
            format!("{:.4}", line.critic_loss),
            line.modes_captured.zip(line.modes).map_or_else(missing, |(captured, of)| format!("{captured}/{of}")),
            line.high_quality.map_or_else(missing, format::percent),
        ]);
    }
    let mut verdict = Entries::default();
    if let Some(ratio) = found.w1_over_floor {
        let best = found.best_step.map_or_else(String::new, |step| format!("; least at step {}", format::count(step)));
        verdict.add("at the end", format!("exact W1 is {ratio:.2} times what two real samples are apart{best}"));
    }
    if found.nearer == Some(false) {
        verdict.add("", "it is no nearer to the real points than it began: this training has learned nothing");
    }
    for (word, tracks) in [("critic's loss", found.loss_tracks_w1), ("critic's value", found.value_tracks_w1)] {
        if let Some(tracks) = tracks {
            verdict.add(
                word,
                format!("rank correlation {tracks:.2} with exact W1 over {} records", found.records.len() - 1),
            );
        }
    }
    if let Some(accuracy) = found.records.last().and_then(|line| line.label_accuracy) {
        let told = if found.records.last().is_some_and(|line| line.classes_found.is_some()) {
            "are of the class asked for, by the classifier"
        } else {
            "lie at the mode asked for"
        };
        verdict.add("classes", format!("{} of generated points {told}", format::percent(accuracy)));
    }
    if let Some(share) = found.records.last().and_then(|line| line.at_bound) {
        verdict.add(
            "weights",
            format!("{} are within 2.5 % of the bound that they are clipped at", format::percent(share)),
        );
    }
    seen(&mut verdict, run, found.records.last());
    verdict.add("written", format!("records, checkpoint and pictures in {}", found.folder));
    format!("\n{}\n{}\n{}{}\n", entries.text(), grid.text(2), metrics(&found.metrics), verdict.text())
}

/// What is seen of images and of text.
fn seen(verdict: &mut Entries, run: &RunFile, last: Option<&Line>) {
    let Some(line) = last else { return };
    if let Some((count, accuracy)) = line.classes_found.zip(line.classifier_accuracy) {
        let (of, accuracy) = (run.classes.len(), format::percent(accuracy));
        verdict.add(
            "images",
            format!("{count} of {of} classes found, by a classifier that is right on {accuracy} of held-out images"),
        );
    }
    if let Some((made, real)) = line.to_training.zip(line.held_out_to_training).filter(|(_, real)| *real > 0.0) {
        let ratio = made / real;
        verdict.add(
            "copies",
            format!(
                "the nearest training image is {ratio:.2} times as far as from held-out images; copies would be at 0"
            ),
        );
    }
    if let Some((js, floor)) = line.js.zip(run.floor_js) {
        let parts: Vec<String> =
            (0..4).map(|k| format!("JS-{} {:.4} ({:.2} x real)", k + 1, js[k], js[k] / floor[k])).collect();
        verdict.add("n-grams", parts.join(", "));
        let share = |share: Option<f64>| format::percent(share.unwrap_or(0.0));
        let (real, new) = (share(line.real_lines), share(line.new_lines));
        verdict.add(
            "lines",
            format!("{real} are lines of the file, {new} such that were not trained on; {}", line.said.join(", ")),
        );
    }
}

/// What the metrics say at the end, and how they went with the exact distance.
fn metrics(tracked: &[Tracked]) -> String {
    if tracked.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new("lrrrlr");
    grid.row(["metric", "at the end", "std error", "real", "better", "goes with exact W1"]);
    for Tracked { last, floor, tracks_w1 } in tracked {
        let shown = |value: Option<f64>, digits| value.map_or_else(|| "-".into(), |v| format::number(v, digits));
        let tracks = tracks_w1.map_or_else(|| "-".into(), |tracks| format!("{tracks:.2}"));
        let better = last.better.word().to_string();
        grid.row([last.name.clone(), shown(last.value, 4), shown(last.std_error, 2), shown(*floor, 4), better, tracks]);
    }
    let mut text = grid.text(2);
    for MetricLine { name, error, .. } in tracked.iter().map(|metric| &metric.last) {
        let _ = error.as_ref().map(|why| writeln!(text, "  {name}: {why}"));
    }
    text + "\n"
}

/// Some of the records, evenly, with the first and the last.
fn shown(lines: &[Line]) -> Vec<&Line> {
    let last = lines.len().saturating_sub(1);
    let rows = lines.len().min(ROWS);
    (0..rows).filter_map(|k| lines.get(if rows > 1 { k * last / (rows - 1) } else { 0 })).collect()
}
