//! Estimates with their evidence, where the eye falls first.

use std::fmt::Write;

use earthwork::compare::{Comparison, Reason};
use earthwork::estimate::Estimate;
use earthwork::estimate::resample::PermutationTest;
use earthwork_view::evidence::{support, value};

use crate::report::layout::{Entries, Grid};
use earthwork_view::format;

/// The other discrepancies of a comparison, and its test.
pub(crate) fn others(comparison: &Comparison) -> String {
    let mut grid = Grid::new("lrlr");
    let mut group = "";
    for other in &comparison.others {
        if other.group != group {
            grid.row([other.group, "value", "evidence", "time"]);
            group = other.group;
        }
        let (shown, lines) = match &other.outcome {
            Ok(estimate) => (value(estimate, 6), lines(estimate)),
            Err(why) => ("-".to_string(), broken(&why.kind().to_string())),
        };
        for (at, line) in lines.into_iter().enumerate() {
            let of_first = |text: String| if at == 0 { text } else { String::new() };
            let (name, value) = (of_first(other.name.clone()), of_first(shown.clone()));
            grid.row([name, value, line, of_first(format::time(other.time))]);
        }
    }
    let mut text = grid.text(2);
    if let Some(test) = &comparison.test {
        let (p, count) = (p_value(test), test.permutations());
        let _ = writeln!(text, "\n  two-sample test (energy distance, {count} permutations): {p}");
    }
    text + &left_out(comparison)
}

/// What was not computed, by reason.
fn left_out(comparison: &Comparison) -> String {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for left in &comparison.left_out {
        let reason = match &left.reason {
            Reason::Size { most } => format!("more than {} points on both sides together", format::count(*most as u64)),
            other => other.to_string(),
        };
        match reasons.last_mut().filter(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(&left.name),
            None => reasons.push((reason, vec![&left.name])),
        }
    }
    let mut entries = Entries::default();
    for (reason, names) in &reasons {
        entries.add("left out", format!("{}: {reason}", names.join(", ")));
    }
    let text = entries.text();
    if text.is_empty() || comparison.others.is_empty() { text } else { format!("\n{text}") }
}

/// The most characters of evidence side by side.
const EVIDENCE: usize = 58;

/// What supports an estimate and what to know of it, in lines.
fn lines(estimate: &Estimate) -> Vec<String> {
    let notes = estimate.notes.iter().flat_map(|note| broken(&note.to_string()));
    [support(estimate)].into_iter().chain(notes).collect()
}

/// Words in lines.
fn broken(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= EVIDENCE {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_string());
        }
    }
    lines
}

/// What supports an estimate and what to know of it, on one line.
pub(crate) fn evidence(estimate: &Estimate) -> String {
    estimate.notes.iter().fold(support(estimate), |text, note| format!("{text}, {note}"))
}

/// "p = 0.001".
pub(crate) fn p_value(test: &PermutationTest) -> String {
    format!("p = {}", format::short(test.p_value, 3))
}
