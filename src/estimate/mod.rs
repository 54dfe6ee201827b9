//! A number and its evidence.

use std::fmt;

/// The answer to "how far apart are these two distributions", with what supports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// What is known about how far it can be from the truth.
    pub evidence: Evidence,
    /// Which method computed it.
    pub method: &'static str,
    /// Number of points on the two sides.
    pub sizes: (usize, usize),
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
}

impl Estimate {
    /// The proven or estimated lower end.
    pub fn lower(&self) -> f64 {
        match self.evidence {
            Evidence::Bounds { lower, .. } => lower,
        }
    }

    /// The proven or estimated upper end.
    pub fn upper(&self) -> f64 {
        match self.evidence {
            Evidence::Bounds { upper, .. } => upper,
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evidence::Bounds { lower, upper } = self.evidence;
        let (n, m) = self.sizes;
        write!(f, "{}, proven within [{lower}, {upper}] ({}, n = {n}, m = {m})", self.value, self.method)
    }
}
