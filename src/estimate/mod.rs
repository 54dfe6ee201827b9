//! A number and its evidence, and what can be asked for one.

mod discrepancy;
pub mod resample;

pub use discrepancy::Discrepancy;
pub(crate) use discrepancy::one_by_one;

use std::fmt;

/// The answer to "how far apart are these two distributions", with what supports it.
///
/// ```
/// use earthwork::estimate::{Estimate, Evidence};
///
/// let estimate = Estimate::new(0.5, Evidence::StandardError(0.1), "mmd", (100, 80)).with_seed(7);
/// assert_eq!(estimate.to_string(), "0.5 ± 0.1 (standard error; mmd, n = 100, m = 80)");
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
    /// The method is known to err to one side on average at this size.
    Biased(Kind),
    /// An iteration ended before it reached its tolerance.
    NotConverged,
    /// The interval lies within a few standard errors of 0, where intervals of distances hold the truth less often than they say.
    NearNull,
}

/// The normal quantile of a two-sided interval of level 95 %.
const NORMAL_95: f64 = 1.959_963_984_540_054;

impl Estimate {
    /// An estimate that aims at the truth.
    pub fn new(value: f64, evidence: Evidence, method: &'static str, sizes: (usize, usize)) -> Self {
        Self { value, evidence, kind: Kind::Point, method, sizes, seed: None, notes: Vec::new() }
    }

    /// The same number as a bound.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The same, with the seed it was drawn with.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The same, with one note more.
    #[must_use]
    pub fn with_note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// The lower end: proven, or of the 95 % interval that the standard error gives, or of the interval; −∞ where nothing
    /// is known.
    pub fn lower(&self) -> f64 {
        match self.evidence {
            Evidence::Bounds { lower, .. } | Evidence::Interval { lower, .. } => lower,
            Evidence::StandardError(error) => self.value - NORMAL_95 * error,
            Evidence::Exact => self.value,
            Evidence::Unstated => f64::NEG_INFINITY,
        }
    }

    /// The upper end: proven, or of the 95 % interval that the standard error gives, or of the interval; +∞ where nothing
    /// is known.
    pub fn upper(&self) -> f64 {
        match self.evidence {
            Evidence::Bounds { upper, .. } | Evidence::Interval { upper, .. } => upper,
            Evidence::StandardError(error) => self.value + NORMAL_95 * error,
            Evidence::Exact => self.value,
            Evidence::Unstated => f64::INFINITY,
        }
    }

    /// The standard error, where the evidence is one.
    pub fn std_error(&self) -> Option<f64> {
        match self.evidence {
            Evidence::StandardError(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.kind {
            Kind::Point => "",
            Kind::LowerBound => "at least ",
            Kind::UpperBound => "at most ",
        };
        let (value, method, (n, m)) = (self.value, self.method, self.sizes);
        let of = format!("{method}, n = {n}, m = {m}");
        match self.evidence {
            Evidence::Bounds { lower, upper } => write!(f, "{side}{value}, proven within [{lower}, {upper}] ({of})"),
            Evidence::StandardError(error) => write!(f, "{side}{value} ± {error} (standard error; {of})"),
            Evidence::Interval { lower, upper, level } => {
                write!(f, "{side}{value}, {} % interval [{lower}, {upper}] ({of})", 100.0 * level)
            }
            Evidence::Exact => write!(f, "{side}{value} ({of})"),
            Evidence::Unstated => write!(f, "{side}{value}, no error known ({of})"),
        }?;
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
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
            Note::Biased(Kind::LowerBound) => write!(f, "too small on average"),
            Note::Biased(Kind::UpperBound) => write!(f, "too large on average"),
            Note::Biased(Kind::Point) => write!(f, "biased, to either side"),
            Note::NotConverged => write!(f, "not converged"),
            Note::NearNull => write!(f, "near 0, where intervals may say too much: ask a permutation test"),
        }
    }
}
