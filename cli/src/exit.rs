//! How a run ends.

/// How a run ends; the numbers are documented in `docs/cli.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The answer is complete.
    Done = 0,
    /// `verify`: the plan is not feasible, or not optimal.
    Refuted = 1,
    /// The input is wrong, and there is no answer.
    Refused = 2,
    /// Ended early: what is printed are bounds.
    Bounds = 3,
}
