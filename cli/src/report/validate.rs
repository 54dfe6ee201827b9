//! The table of `validate`. Its JSON and its page are those of `view`.

use std::fmt::{Display, Write};

use earthwork::transport::Status;
use earthwork::validate::{Curve, Report, Verdict};

use earthwork_view::validation::rho_text;

use crate::report::layout::{Entries, Grid};
use earthwork_view::format;

/// Verdicts, then what each metric costs and what noise it has.
pub(crate) fn validation(title: &str, found: &Report, written: Option<impl Display>) -> String {
    let mut entries = Entries::default();
    entries.add("real points", title);
    let samples = format!(
        "{} points of either kind; {} severities, {} samples at each; {}",
        format::count(found.points as u64),
        found.severities.len(),
        found.repeats,
        format::time(found.time)
    );
    entries.add("samples", samples);
    for (corruption, why) in &found.left_out {
        entries.add("left out", format!("{corruption}: {why}"));
    }
    if found.status != Status::Optimal {
        let names: Vec<String> = found.unfinished.iter().map(ToString::to_string).collect();
        let rest =
            if names.is_empty() { String::new() } else { format!("; there was no time for {}", names.join(", ")) };
        entries.add("ended early", format!("only corruptions whose sweep was finished are below{rest}"));
    }
    let mut grid = Grid::new(&"l".repeat(found.metrics.len() + 2));
    let keys = found.metrics.iter().map(|info| info.key.clone());
    grid.row([String::new(), "W1".to_string()].into_iter().chain(keys));
    for sweep in &found.sweeps {
        let cells = std::iter::once(&sweep.exact[0]).chain(&sweep.curves).map(cell);
        grid.row(std::iter::once(sweep.corruption.to_string()).chain(cells));
    }
    let pooled = found.exact[..1].iter().chain(&found.metrics);
    let pooled = pooled.map(|info| info.pooled.map_or_else(|| "-".to_string(), |rho| rho_text(rho.value)));
    grid.row(std::iter::once("all, with W1".to_string()).chain(pooled));
    let mut text = format!("\n{}\n{}\n", entries.text(), grid.text(2));
    text +=
        "  ρ: rank correlation with exact W1 where W1 itself rises with the severity, else (†) with the severity.\n";
    text += "  No mark: follows (a low ρ: it jumps above its noise at once, and can go no farther); ·: blind; !: misleading.\n\n";
    let mut costs = Grid::new("lrrrl");
    costs.row(["metric", "real against real", "deviation", "time", ""]);
    for info in found.exact.iter().chain(&found.metrics) {
        let time = format::time(info.cost);
        match (&info.floor, &info.failure) {
            (Some(floor), _) => {
                let [mean, deviation] = [floor.mean, floor.deviation].map(|value| format::number(value, 3));
                costs.row([info.name.clone(), mean, deviation, time, String::new()]);
            }
            (None, why) => {
                let why = why.clone().unwrap_or_default();
                costs.row([info.name.clone(), "-".into(), "-".into(), time, why]);
            }
        }
    }
    text += &costs.text(2);
    if let Some(path) = written {
        let _ = write!(text, "\n  the page is in {path}\n");
    }
    text + "\n"
}

/// The correlation that decides, and its mark.
fn cell(curve: &Curve) -> String {
    let (Some(rho), Some(verdict)) = (decisive(curve), curve.verdict) else { return "-".to_string() };
    let mark = match verdict {
        Verdict::Follows => "",
        Verdict::Blind => " ·",
        Verdict::Misleading => " !",
    };
    let dagger = if curve.judged_by_distance() { "" } else { "†" };
    format!("{}{dagger}{mark}", rho_text(rho))
}

/// The correlation that the verdict rests on.
fn decisive(curve: &Curve) -> Option<f64> {
    curve.decisive().map(|rho| rho.value)
}
