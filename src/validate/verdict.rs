//! What a metric makes of a corruption.

use super::correlation::Correlation;

/// What a metric makes of a corruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It gets worse as the truth does.
    Follows,
    /// It does not change in step with the truth, or too little to tell.
    Blind,
    /// It gets better as the truth gets worse.
    Misleading,
}

/// The correlation from which on a metric follows, or misleads.
const CLEAR: f64 = 0.5;

impl Verdict {
    /// From the correlation of a metric (turned so that more is worse) with the truth: at least 0.5 in size, and with an interval
    /// that does not hold 0.
    pub fn of(correlation: &Correlation) -> Self {
        if correlation.value >= CLEAR && correlation.lower > 0.0 {
            Self::Follows
        } else if correlation.value <= -CLEAR && correlation.upper < 0.0 {
            Self::Misleading
        } else {
            Self::Blind
        }
    }

    /// `follows`, `blind` or `misleading`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Follows => "follows",
            Self::Blind => "blind",
            Self::Misleading => "misleading",
        }
    }
}
