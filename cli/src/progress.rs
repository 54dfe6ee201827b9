//! A line on the terminal during long solves.

use std::time::{Duration, Instant};

use earthwork::transport::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use earthwork_view::format;

/// A solve that ends sooner shows nothing.
const PATIENCE: Duration = Duration::from_millis(400);

/// One line on stderr that says where a solve stands; nothing where stderr is not a terminal.
pub(crate) struct Bar {
    started: Instant,
    line: Option<ProgressBar>,
}

impl Bar {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), line: None }
    }

    /// Shows the progress of the solve called `name`.
    pub(crate) fn show(&mut self, name: &str, progress: &Progress) {
        self.tell(|| message(name, progress));
    }

    /// Shows how many `things` a job has done.
    pub(crate) fn say(&mut self, job: &str, things: &str, done: u64) {
        self.tell(|| format!("{job}  {} {things}", format::count(done)));
    }

    /// Shows how far a training has come, with what the referee said last.
    pub(crate) fn train(&mut self, name: &str, done: u64, of: u64, last: &str) {
        self.tell(|| {
            let filled = (16 * done / of.max(1)) as usize;
            let blocks = "█".repeat(filled) + &"░".repeat(16 - filled.min(16));
            format!("{name}  {blocks}  {}/{} steps  {last}", format::count(done), format::count(of))
        });
    }

    /// Shows a bar: `done` of `total` `things`.
    pub(crate) fn fill(&mut self, job: &str, things: &str, progress: &Progress) {
        self.tell(|| {
            let (done, total) = (progress.done, progress.total.max(1));
            let filled = 24 * done / total;
            let bar = "█".repeat(filled) + &"░".repeat(24 - filled.min(24));
            format!("{job}  {bar}  {}/{} {things}", format::count(done as u64), format::count(total as u64))
        });
    }

    fn tell(&mut self, message: impl FnOnce() -> String) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let line = self.line.get_or_insert_with(|| {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {msg}  {elapsed_precise}");
            line.set_style(style.expect("the template is right").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
            line.with_elapsed(self.started.elapsed())
        });
        line.set_message(message());
        line.tick();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}

fn message(name: &str, progress: &Progress) -> String {
    let entropic = progress.stage == "sinkhorn";
    let mut parts = vec![if entropic { "entropic transport".to_string() } else { format!("exact transport {name}") }];
    if progress.total > 0 {
        parts.push(format!(
            "{}/{} problems",
            format::count(progress.done as u64),
            format::count(progress.total as u64)
        ));
    }
    if progress.levels > 0 {
        let filled = "█".repeat(progress.level) + &"░".repeat(progress.levels.saturating_sub(progress.level));
        parts.push(format!("level {}/{}  {filled}", progress.level, progress.levels));
    }
    let steps = if entropic { "passes" } else { "pivots" };
    parts.push(format!("{} {steps}", format::count(progress.iterations)));
    if let Some(epsilon) = progress.epsilon {
        parts.push(format!("ε = {epsilon:.1e}"));
    }
    if let Some(error) = progress.marginal_error {
        parts.push(format!("marginals {error:.1e}"));
    }
    if let Some(violations) = progress.violations {
        parts.push(format!("{} violating arcs", format::count(violations as u64)));
    }
    if let Some(gap) = progress.gap {
        parts.push(format!("gap ≤ {gap:.1e}"));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_where_a_solve_stands() {
        let mut progress = Progress::default();
        progress.iterations = 218_431;
        assert_eq!(message("W2", &progress), "exact transport W2  218,431 pivots");
        (progress.level, progress.levels) = (7, 9);
        (progress.violations, progress.gap) = (Some(1204), Some(3.1e-4));
        assert_eq!(
            message("W2", &progress),
            "exact transport W2  level 7/9  ███████░░  218,431 pivots  1,204 violating arcs  gap ≤ 3.1e-4"
        );
        let mut progress = Progress::default();
        (progress.done, progress.total) = (12, 4950);
        assert_eq!(message("all pairs", &progress), "exact transport all pairs  12/4,950 problems  0 pivots");
    }
}
