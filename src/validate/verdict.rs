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
    /// From the correlations of a metric, turned so that more is worse, with the truth and with the severity, and whether it stands
    /// above its noise from some severity before the last one on.
    ///
    /// It follows if both correlations are clear (at least 0.5, with an interval that does not hold 0), so that noise which it shares
    /// with the truth does not count; or if it stands above its noise, as a metric does that jumps and then can go no farther. It
    /// misleads if it is clearly correlated the other way.
    pub fn of(truth: &Correlation, severity: &Correlation, above_noise: bool) -> Self {
        let falls = |rho: &Correlation| rho.value <= -CLEAR && rho.upper < 0.0;
        if (rises(truth) && rises(severity)) || above_noise {
            Self::Follows
        } else if falls(severity) && truth.value < 0.0 {
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

/// A clear correlation.
pub(super) fn rises(rho: &Correlation) -> bool {
    rho.value >= CLEAR && rho.lower > 0.0
}
