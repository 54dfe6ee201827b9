//! A number and its evidence, and what can be asked for one.

mod discrepancy;
pub mod resample;
mod score;

pub use discrepancy::Discrepancy;
pub(crate) use discrepancy::{distance, one_by_one, own_interval};
pub(crate) use score::{Influence, NearEqual, score_evidence};

use std::fmt;

use crate::numeric::normal::normal_quantile;

/// The answer to "how far apart are these two distributions", with what supports it.
///
/// ```
/// use earthwork::estimate::{Estimate, Evidence};
///
/// let estimate = Estimate::new(0.5, Evidence::StandardError(0.1), "mmd", (100, 80)).with_seed(7);
/// assert_eq!(estimate.to_string(), "0.5 ± 0.2 (95 %, sampling; mmd, n = 100, m = 80)");
/// assert!((estimate.upper() - 0.696).abs() < 1e-4);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// The number. `+∞` where the definition says so; never NaN.
    pub value: f64,
    /// What is known about how far it can be from the truth.
    pub evidence: Evidence,
    /// On which side of the truth it stands.
    pub kind: Kind,
    /// Which draws a standard error or an interval is about.
    pub randomness: Randomness,
    /// Which method computed it.
    pub method: &'static str,
    /// Number of points on the two sides.
    pub sizes: (usize, usize),
    /// The seed of the randomness, where there is any.
    pub seed: Option<u64>,
    /// What a reader must know before believing the number.
    pub notes: Vec<Note>,
}

/// What supports a number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// The true value lies between these, proven.
    Bounds {
        /// Proven lower bound.
        lower: f64,
        /// Proven upper bound.
        upper: f64,
    },
    /// The number is random; this is the estimated standard deviation of it.
    StandardError(f64),
    /// An interval that holds the true value in this share of all draws.
    Interval {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
        /// The share, such as 0.95.
        level: f64,
    },
    /// A standard error, and an interval that is not the number ± a multiple of it: the law of the number is skew, its bias is taken off,
    /// or the interval ends where values do. Of a squared distance: where its lower end is 0 or below, nothing shows that the distributions
    /// differ, and the upper end is a bound of level (1 + `level`) / 2.
    Asymmetric {
        /// The estimated standard deviation of the number.
        std_error: f64,
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
        /// The share of draws whose intervals hold the true value, such as 0.95.
        level: f64,
    },
    /// A formula evaluated in floating point: nothing is estimated.
    Exact,
    /// The method gives none; `resample` does for any discrepancy.
    Unstated,
}

/// On which side of the truth a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// It aims at the truth.
    #[default]
    Point,
    /// The truth is not below it (but for its evidence).
    LowerBound,
    /// The truth is not above it (but for its evidence).
    UpperBound,
}

/// Which draws a standard error or an interval is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Randomness {
    /// The points of the two samples: other samples of the same two distributions would give another number.
    #[default]
    Sampling,
    /// The directions that the method draws, for these very samples: more directions make it smaller, more points do not.
    Directions,
    /// The points that the method draws itself from two distributions that are known.
    MonteCarlo,
}

/// What a reader must know before believing a number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// The estimate nears the most that so few points can show: the truth may be anything above.
    Saturated {
        /// About the largest value that samples of this size can give.
        ceiling: f64,
    },
    /// Part of one sample lies where the other has no points, so a divergence may be infinite.
    SupportMismatch {
        /// The share of that sample.
        share: f64,
    },
    /// Equal points, at which distances to neighbours are 0.
    Ties {
        /// How many points have an equal one.
        points: usize,
    },
    /// One sample has mass on values that the other never takes, so that the divergence is infinite.
    Alone {
        /// The share of that sample.
        share: f64,
    },
    /// Both samples hold the same rows: they are not independent draws.
    SameSample,
    /// Each row is given several times, and was counted as one draw.
    RepeatedRows {
        /// How often at most.
        times: usize,
    },
    /// The method is known to err to one side on average at this size.
    Biased(Kind),
    /// An iteration ended before it reached its tolerance.
    NotConverged,
    /// The interval comes from resampling and lies within a few standard errors of 0, where such intervals hold the truth less often than
    /// they say.
    NearNull,
    /// Another answer about the same two samples, with better evidence, excludes this one.
    Contradicted {
        /// The name of the other answer, such as `JS (classifier)`.
        by: &'static str,
        /// Whether the truth is at least ([`Kind::LowerBound`]) or at most ([`Kind::UpperBound`]) the limit.
        side: Kind,
        /// What the other answer allows at least or at most.
        limit: f64,
    },
    /// The interval says that the two differ, and a permutation test of the same statistic does not, or the reverse.
    TestDisagrees {
        /// The p-value of the permutation test.
        p_value: f64,
    },
}

/// The level of intervals that nobody asked another one for.
pub(crate) const LEVEL: f64 = 0.95;
/// Its normal quantile.
const NORMAL_95: f64 = 1.959_963_984_540_054;

impl Estimate {
    /// An estimate that aims at the truth.
    pub fn new(value: f64, evidence: Evidence, method: &'static str, sizes: (usize, usize)) -> Self {
        Self {
            value,
            evidence,
            kind: Kind::Point,
            randomness: Randomness::Sampling,
            method,
            sizes,
            seed: None,
            notes: Vec::new(),
        }
    }

    /// Marks the estimate as a bound of this kind.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// States what the standard error or the interval is about.
    #[must_use]
    pub fn with_randomness(self, randomness: Randomness) -> Self {
        Self { randomness, ..self }
    }

    /// Records the seed of the estimate.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Adds a note.
    #[must_use]
    pub fn with_note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// The lower end: proven, or of the interval, or the value less 1.96 standard errors (95 % with [`Estimate::upper`], 97.5 % alone);
    /// −∞ where nothing is known, as below an upper bound.
    pub fn lower(&self) -> f64 {
        match self.evidence {
            Evidence::Bounds { lower, .. } | Evidence::Interval { lower, .. } | Evidence::Asymmetric { lower, .. } => {
                lower
            }
            Evidence::StandardError(_) if self.kind == Kind::UpperBound => f64::NEG_INFINITY,
            Evidence::StandardError(error) => self.value - NORMAL_95 * error,
            Evidence::Exact => self.value,
            Evidence::Unstated => f64::NEG_INFINITY,
        }
    }

    /// The upper end: proven, or of the interval, or the value and 1.96 standard errors (95 % with [`Estimate::lower`], 97.5 % alone);
    /// +∞ where nothing is known, as above a lower bound.
    pub fn upper(&self) -> f64 {
        match self.evidence {
            Evidence::Bounds { upper, .. } | Evidence::Interval { upper, .. } | Evidence::Asymmetric { upper, .. } => {
                upper
            }
            Evidence::StandardError(_) if self.kind == Kind::LowerBound => f64::INFINITY,
            Evidence::StandardError(error) => self.value + NORMAL_95 * error,
            Evidence::Exact => self.value,
            Evidence::Unstated => f64::INFINITY,
        }
    }

    /// Replaces the standard error by the normal interval of this level, such as 0.9: what an estimator whose standard
    /// error holds what it says gives as [`Discrepancy::own_interval`]. None for other evidence.
    #[must_use]
    pub fn normal_interval(self, level: f64) -> Option<Self> {
        let half = normal_quantile(0.5 + 0.5 * level) * self.std_error()?;
        let (lower, upper) = (self.value - half, self.value + half);
        Some(Self { evidence: Evidence::Interval { lower, upper, level }, ..self })
    }

    /// Keeps the interval alone: what an estimator with asymmetric ones gives as [`Discrepancy::own_interval`]. None for
    /// other evidence.
    pub(crate) fn asymmetric_interval(self) -> Option<Self> {
        match self.evidence {
            Evidence::Asymmetric { lower, upper, level, .. } | Evidence::Interval { lower, upper, level } => {
                Some(Self { evidence: Evidence::Interval { lower, upper, level }, ..self })
            }
            _ => None,
        }
    }

    /// Half of the 95 % interval that a standard error gives, 1.96 of them: what stands behind "±". None for other evidence, and
    /// for bounds.
    pub fn half_width(&self) -> Option<f64> {
        match self.evidence {
            Evidence::StandardError(error) if self.kind == Kind::Point => Some(NORMAL_95 * error),
            _ => None,
        }
    }

    /// The standard error, where the evidence is one or holds one.
    pub fn std_error(&self) -> Option<f64> {
        match self.evidence {
            Evidence::StandardError(std_error) | Evidence::Asymmetric { std_error, .. } => Some(std_error),
            _ => None,
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, method, (n, m)) = (self.value, self.method, self.sizes);
        let side = match self.kind {
            Kind::Point => "",
            Kind::LowerBound => "≥ ",
            Kind::UpperBound => "≤ ",
        };
        let of = format!("{method}, n = {n}, m = {m}");
        let draws = self.randomness;
        match (self.evidence, self.kind) {
            (Evidence::Bounds { lower, upper }, _) if upper == f64::INFINITY => {
                write!(f, "{side}{value}, proven to be at least {lower} ({of})")
            }
            (Evidence::Bounds { lower, upper }, _) if lower == f64::NEG_INFINITY => {
                write!(f, "{side}{value}, proven to be at most {upper} ({of})")
            }
            (Evidence::Bounds { lower, upper }, _) => {
                write!(f, "{side}{value}, proven within [{lower}, {upper}] ({of})")
            }
            (Evidence::StandardError(error), Kind::Point) => {
                write!(f, "{value} ± {} (95 %, {draws}; {of})", rounded(NORMAL_95 * error))
            }
            (Evidence::StandardError(_), Kind::LowerBound) => {
                write!(f, "{side}{} (97.5 %, {draws}; estimated {value}; {of})", self.lower())
            }
            (Evidence::StandardError(_), Kind::UpperBound) => {
                write!(f, "{side}{} (97.5 %, {draws}; estimated {value}; {of})", self.upper())
            }
            (Evidence::Asymmetric { lower, upper, level, .. }, _) if lower <= 0.0 => {
                let level = rounded_to(50.0 + 50.0 * level, 3);
                write!(f, "{side}{value}, at most {upper} ({level} %, {draws}; {of})")
            }
            (Evidence::Interval { lower, upper, level } | Evidence::Asymmetric { lower, upper, level, .. }, _) => {
                write!(f, "{side}{value}, {} % interval [{lower}, {upper}] ({draws}; {of})", rounded(100.0 * level))
            }
            (Evidence::Exact, _) => write!(f, "{side}{value} ({of})"),
            (Evidence::Unstated, _) => write!(f, "{side}{value}, no error known ({of})"),
        }?;
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
}

impl fmt::Display for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sampling => "sampling",
            Self::Directions => "directions",
            Self::MonteCarlo => "Monte Carlo",
        })
    }
}

/// To two digits, as a half-width is shown.
fn rounded(value: f64) -> f64 {
    rounded_to(value, 2)
}

fn rounded_to(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Note::Saturated { ceiling } => {
                write!(f, "saturated: samples of this size cannot show more than about {ceiling:.3}")
            }
            Note::SupportMismatch { share } => {
                write!(f, "{:.1} % of one sample lies where the other has no points", 100.0 * share)
            }
            Note::Ties { points } => write!(f, "{points} points have an equal one"),
            Note::Alone { share } => {
                write!(f, "infinite: {:.1} % of one sample lies on values that the other never takes", 100.0 * share)
            }
            Note::SameSample => write!(f, "both samples hold the same rows, so they are not independent draws"),
            Note::RepeatedRows { times } => write!(f, "each row is given {times} times and counts as one draw"),
            Note::Biased(Kind::LowerBound) => write!(f, "too small on average"),
            Note::Biased(Kind::UpperBound) => write!(f, "too large on average"),
            Note::Biased(Kind::Point) => write!(f, "biased, to either side"),
            Note::NotConverged => write!(f, "not converged"),
            Note::NearNull => write!(f, "near 0, where intervals may say too much: ask a permutation test"),
            Note::Contradicted { by, side, limit } => {
                let side = if side == Kind::UpperBound { "most" } else { "least" };
                write!(f, "contradicted by {by}, by which it is at {side} {}", rounded_to(limit, 4))
            }
            Note::TestDisagrees { p_value } if p_value > 0.05 => {
                write!(f, "its permutation test finds no difference (p = {p_value:.2}): believe the test")
            }
            Note::TestDisagrees { p_value } => {
                write!(f, "its permutation test finds a difference (p = {p_value:.3}): believe the test")
            }
        }
    }
}
