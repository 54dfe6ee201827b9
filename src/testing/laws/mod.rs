//! Which laws a discrepancy keeps, with the smallest counterexample to those that it breaks.
//!
//! ```
//! use earthwork::prelude::*;
//! use earthwork::testing::laws::{Law, Laws, Outcome};
//!
//! let report = Laws::default().report(&Wasserstein { p: 1.0 });
//! assert!(report.keeps(Law::Triangle) && report.keeps(Law::SeesDistance));
//!
//! let report = Laws::default().report(&earthwork::divergence::Mmd::gaussian(0.1));
//! // Far apart is far apart: a Gaussian kernel no longer sees how far.
//! assert!(matches!(report.outcome(Law::SeesDistance), Outcome::Broken(_)));
//! ```
//!
//! Everything is deterministic. [`Support`] and [`Case`] are the samples on which laws break; under the feature `testing` the
//! module `strategies` has them as strategies of `proptest`, for property tests of your own.

mod cases;
mod checks;
#[cfg(any(test, feature = "testing"))]
pub mod strategies;
#[cfg(test)]
mod tests;

use std::fmt;

pub use cases::{Case, Cloud, Support};

use crate::error::Result;
use crate::estimate::Discrepancy;
use crate::measure::Samples;

/// What one may expect of a discrepancy. A law is kept when it holds to rounding on every case tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// d(x, y) ≥ 0.
    NonNegativity,
    /// d(x, x) = 0, whatever the order of the points.
    Identity,
    /// d(x, y) = d(y, x).
    Symmetry,
    /// d(x, z) ≤ d(x, y) + d(y, z).
    Triangle,
    /// d(x + t, y + t) = d(x, y).
    Translation,
    /// d(s x, s y) = s^k d(x, y) with one k for all samples: 1 for a length, 0 for what has no units.
    Scaling,
    /// d(R x, R y) = d(x, y) for a rotation R.
    Rotation,
    /// The order of the points does not matter.
    Permutation,
    /// Nor does it matter whether a point stands once, or twice with half its mass.
    Splitting,
    /// d(λ x + (1 − λ) z, λ y + (1 − λ) x) ≤ λ d(x, y) + (1 − λ) d(z, x): joint convexity in mixtures.
    Convexity,
    /// d(φ(x), φ(y)) ≤ d(x, y) for a projection φ: what is thrown away does not add (data processing).
    Projection,
    /// d(x, x + t) is finite and still grows with t when the supports are far apart.
    SeesDistance,
}

impl Law {
    /// Every law, in the order of tables.
    pub const ALL: [Self; 12] = [
        Self::NonNegativity,
        Self::Identity,
        Self::Symmetry,
        Self::Triangle,
        Self::Translation,
        Self::Scaling,
        Self::Rotation,
        Self::Permutation,
        Self::Splitting,
        Self::Convexity,
        Self::Projection,
        Self::SeesDistance,
    ];

    /// One or two words for the head of a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::NonNegativity => "non-negative",
            Self::Identity => "identity",
            Self::Symmetry => "symmetry",
            Self::Triangle => "triangle",
            Self::Translation => "translation",
            Self::Scaling => "scaling",
            Self::Rotation => "rotation",
            Self::Permutation => "permutation",
            Self::Splitting => "splitting",
            Self::Convexity => "convexity",
            Self::Projection => "projection",
            Self::SeesDistance => "sees distance",
        }
    }

    /// The law as a formula.
    pub fn formula(self) -> &'static str {
        match self {
            Self::NonNegativity => "d(x, y) ≥ 0",
            Self::Identity => "d(x, x) = 0",
            Self::Symmetry => "d(x, y) = d(y, x)",
            Self::Triangle => "d(x, z) ≤ d(x, y) + d(y, z)",
            Self::Translation => "d(x + t, y + t) = d(x, y)",
            Self::Scaling => "d(s x, s y) = s^k d(x, y)",
            Self::Rotation => "d(R x, R y) = d(x, y)",
            Self::Permutation => "the order of the points does not matter",
            Self::Splitting => "a point is as good as two of half its mass",
            Self::Convexity => "d of mixtures ≤ mixture of d",
            Self::Projection => "d(φ(x), φ(y)) ≤ d(x, y) for projections φ",
            Self::SeesDistance => "d(x, x + t) is finite and grows with t on disjoint supports",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How laws are tried.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Laws {
    /// Cases for each kind of [`Support`]; 12 by default.
    pub cases: usize,
    /// The most points of a sample; 6 by default. Estimators that need more points refuse smaller samples.
    pub points: usize,
    /// What rounding may break a law by, relative to the values; 1e-9 by default.
    pub tolerance: f64,
    /// The kinds of cases; [`Support::ALL`] by default.
    pub supports: &'static [Support],
    /// The seed of the cases; 0 by default.
    pub seed: u64,
}

impl Default for Laws {
    fn default() -> Self {
        Self { cases: 12, points: 6, tolerance: 1e-9, supports: &Support::ALL, seed: 0 }
    }
}

/// What became of a law.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It holds on all cases.
    Kept {
        /// How many cases had a value.
        cases: usize,
        /// The exponent k of [`Law::Scaling`].
        exponent: Option<f64>,
    },
    /// It does not, and this is the smallest case found.
    Broken(Box<Counterexample>),
    /// No case had a value; why the last one had none.
    Refused(String),
    /// The law speaks of weights, and the discrepancy takes none; what it says of them.
    NotApplicable(String),
}

/// A case in which a law is broken.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterexample {
    /// The samples.
    pub case: Case,
    /// What was found, in a few words and numbers.
    pub found: String,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, x = {}, y = {}", self.found, self.case.x, self.case.y)?;
        if self.found.contains('z') { write!(f, ", z = {}", self.case.z) } else { Ok(()) }
    }
}

/// The laws that one discrepancy keeps and breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct LawReport {
    /// The name of the discrepancy.
    pub name: String,
    /// What became of each law, in the order of [`Law::ALL`].
    pub outcomes: Vec<(Law, Outcome)>,
}

impl LawReport {
    /// What became of a law.
    ///
    /// # Panics
    /// Never: a report has every law.
    pub fn outcome(&self, law: Law) -> &Outcome {
        &self.outcomes.iter().find(|(own, _)| *own == law).expect("a report has every law").1
    }

    /// Whether a law holds on all cases.
    pub fn keeps(&self, law: Law) -> bool {
        matches!(self.outcome(law), Outcome::Kept { .. })
    }
}

impl fmt::Display for LawReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for (law, outcome) in &self.outcomes {
            match outcome {
                Outcome::Kept { cases, exponent: None } => writeln!(f, "  {law}: kept in {cases} cases"),
                Outcome::Kept { cases, exponent: Some(k) } => writeln!(f, "  {law}: kept in {cases} cases, k = {k}"),
                Outcome::Broken(example) => writeln!(f, "  {law}: broken, {example}"),
                Outcome::Refused(why) => writeln!(f, "  {law}: no value ({why})"),
                Outcome::NotApplicable(why) => writeln!(f, "  {law}: not applicable ({why})"),
            }?;
        }
        Ok(())
    }
}

impl Laws {
    /// More or fewer cases of each kind.
    #[must_use]
    pub fn with_cases(self, cases: usize) -> Self {
        Self { cases, ..self }
    }

    /// Larger or smaller samples.
    #[must_use]
    pub fn with_points(self, points: usize) -> Self {
        Self { points, ..self }
    }

    /// Only these kinds of cases.
    #[must_use]
    pub fn with_supports(self, supports: &'static [Support]) -> Self {
        Self { supports, ..self }
    }

    /// Another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Tries every law on `d`.
    pub fn report<D: Discrepancy + ?Sized>(&self, d: &D) -> LawReport {
        let outcomes = Law::ALL.into_iter().map(|law| (law, self.outcome(d, law))).collect();
        LawReport { name: d.name(), outcomes }
    }

    /// Tries an inequality between two numbers about x and y, such as the sides of 2 TV² ≤ KL: whether the first is at most the
    /// second.
    ///
    /// ```
    /// use earthwork::prelude::*;
    /// use earthwork::testing::laws::{Laws, Outcome};
    ///
    /// let w1_and_w2 = |x: &Samples, y: &Samples| Ok((wasserstein(x, y, 1.0)?.value, wasserstein(x, y, 2.0)?.value));
    /// assert!(matches!(Laws::default().inequality(w1_and_w2), Outcome::Kept { .. }));
    /// ```
    pub fn inequality(&self, sides: impl Fn(&Samples, &Samples) -> Result<(f64, f64)>) -> Outcome {
        self.try_all(&|case: &Case| {
            let (less, more) = sides(&case.x.samples(), &case.y.samples())?;
            let slack = self.tolerance * less.abs().max(more.abs());
            Ok((!(less <= more || less <= more + slack)).then(|| checks::two(less, "is more than", more)))
        })
    }

    /// Tries one law on `d`.
    pub fn outcome<D: Discrepancy + ?Sized>(&self, d: &D, law: Law) -> Outcome {
        let exponent =
            if law == Law::Scaling { self.all_cases().find_map(|case| checks::exponent(d, &case)) } else { None };
        match self.try_all(&|case: &Case| checks::broken(d, law, case, self.tolerance, exponent)) {
            Outcome::Kept { cases, .. } => Outcome::Kept { cases, exponent },
            Outcome::Refused(why) if law == Law::Convexity && self.takes_equal_weights(d) => {
                Outcome::NotApplicable(why)
            }
            other => other,
        }
    }

    /// Whether a case whose points weigh the same has a value.
    fn takes_equal_weights<D: Discrepancy + ?Sized>(&self, d: &D) -> bool {
        let mut cases = self.all_cases();
        cases.any(|case| case.is_uniform() && d.between(&case.x.samples(), &case.y.samples()).is_ok())
    }

    /// Goes through all cases to the first that is broken, and from there down to a small one.
    fn try_all(&self, broken: &dyn Fn(&Case) -> Result<Option<String>>) -> Outcome {
        let (mut cases, mut why) = (0, "there were no cases".to_string());
        for case in self.all_cases() {
            match broken(&case) {
                Ok(None) => cases += 1,
                Err(error) => why = error.to_string(),
                Ok(Some(_)) => {
                    let found = |case: &Case| broken(case).ok().flatten();
                    let case = case.shrunk(|smaller| found(smaller).is_some());
                    let found = found(&case).unwrap_or_default();
                    return Outcome::Broken(Box::new(Counterexample { case, found }));
                }
            }
        }
        if cases > 0 { Outcome::Kept { cases, exponent: None } } else { Outcome::Refused(why) }
    }

    /// All cases, small ones first.
    fn all_cases(&self) -> impl Iterator<Item = Case> + '_ {
        (0..self.cases).flat_map(move |k| {
            let most = 1 + (self.points - 1) * (k + 1) / self.cases;
            self.supports.iter().map(move |&support| Case::new(support, most, self.seed + k as u64))
        })
    }
}
