//! One error type for bad input: it names the argument, the position and the value.
//!
//! An [`Error`] always means "you asked wrongly". A solver that runs out of time or iterations is not an error: it
//! returns what it has, with a [`Status`](crate::transport::Status) that says so.

use std::borrow::Cow;

/// The result of anything that checks its input.
pub type Result<T> = std::result::Result<T, Error>;

/// Bad input: which argument, and what is wrong with it.
///
/// ```
/// use earthwork::prelude::*;
///
/// let error = Samples::new(vec![[0.0, 1.0], [2.0, f64::NAN]]).unwrap_err();
/// assert_eq!(error.to_string(), "points: point 1, coordinate 1 is NaN; every coordinate must be finite");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{argument}: {kind}")]
pub struct Error {
    argument: Cow<'static, str>,
    kind: ErrorKind,
}

impl Error {
    /// An error about `argument`.
    pub fn new(argument: impl Into<Cow<'static, str>>, kind: ErrorKind) -> Self {
        Self { argument: argument.into(), kind }
    }

    /// The name of the argument that is wrong.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// What is wrong with it.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Renames the argument to the name by which the caller knows the argument (a file, a Python parameter).
    #[must_use]
    pub fn about(self, argument: impl Into<Cow<'static, str>>) -> Self {
        Self { argument: argument.into(), ..self }
    }
}

/// What can be wrong with an argument.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No points, no bins, no entries.
    #[error("it is empty; at least one {0} is needed")]
    Empty(&'static str),
    /// A coordinate is NaN or infinite.
    #[error("point {point}, coordinate {coordinate} is {value}; every coordinate must be finite")]
    Coordinate {
        /// Index of the point, from 0.
        point: usize,
        /// Index of the coordinate, from 0.
        coordinate: usize,
        /// The value found.
        value: f64,
    },
    /// A weight is negative, NaN or infinite.
    #[error("weight {index} is {value}; weights must be finite and at least 0")]
    Weight {
        /// Index of the weight, from 0.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// All weights are zero.
    #[error("the {count} weights sum to 0; some mass is needed")]
    NoMass {
        /// How many weights there are.
        count: usize,
    },
    /// The weights are finite, but their sum is not.
    #[error("the {count} weights sum to more than a 64-bit float can hold")]
    MassOverflow {
        /// How many weights there are.
        count: usize,
    },
    /// A length differs from the one that the other argument implies.
    #[error("it has {found} {what}, but {expected} are needed ({reason})")]
    Length {
        /// What is counted: `weights`, `rows`, `coordinates`.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
        /// What sets the expected number.
        reason: &'static str,
    },
    /// Two samples live in spaces of different dimension.
    #[error("it has dimension {found}, but the other sample has dimension {expected}")]
    Dimension {
        /// Dimension of the other argument.
        expected: usize,
        /// Dimension of this one.
        found: usize,
    },
    /// Source and target hold different total mass.
    #[error(
        "the two totals differ: the source holds {source_mass}, the target {target_mass}; \
         balanced transport needs equal masses (call `normalised()` on both if only proportions matter)"
    )]
    MassMismatch {
        /// Total mass of the source.
        source_mass: f64,
        /// Total mass of the target.
        target_mass: f64,
    },
    /// An entry of a cost matrix is NaN or infinite.
    #[error("the cost in row {row}, column {column} is {value}; {}", cost_rule(*value))]
    Cost {
        /// Row of the entry, from 0.
        row: usize,
        /// Column of the entry, from 0.
        column: usize,
        /// The value found.
        value: f64,
    },
    /// Infinite costs leave so few pairs that some mass cannot be moved.
    #[error("{side} {index} cannot be served: {}", shortage(*others, *mass, *room))]
    Unserved {
        /// "row" or "column".
        side: &'static str,
        /// Index of the row or column, from 0.
        index: usize,
        /// How many other rows share the columns that it can reach.
        others: usize,
        /// What they all hold.
        mass: f64,
        /// What those columns want.
        room: f64,
    },
    /// A point for which the ground cost is not defined.
    #[error("point {point} {reason}")]
    Undefined {
        /// Index of the point, from 0.
        point: usize,
        /// Why the ground cost has no value there.
        reason: &'static str,
    },
    /// An entry of a transport plan that cannot be.
    #[error("entry {index} (row {row}, column {column}, mass {mass}) {reason}")]
    PlanEntry {
        /// Index of the entry, from 0.
        index: usize,
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// Its mass.
        mass: f64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A number outside its range.
    #[error("it is {value}, but {requirement}")]
    Parameter {
        /// The value found.
        value: f64,
        /// The range, in words.
        requirement: &'static str,
    },
    /// A matrix that must be symmetric positive definite is not.
    #[error("it is not {0}")]
    Matrix(&'static str),
    /// A time limit, or whoever cancelled the work, came before there was a value.
    #[error("a limit came first; give it more time")]
    Ended,
    /// A value that does not fit the question asked.
    #[error("{0}")]
    Unsupported(Cow<'static, str>),
}

/// What costs must be.
fn cost_rule(value: f64) -> &'static str {
    if value == f64::INFINITY {
        "infinite costs (no pair) are for exact transport under a cost matrix; every cost must be finite here"
    } else {
        "every cost must be a number"
    }
}

/// Why a row or a column cannot be served.
fn shortage(others: usize, mass: f64, room: f64) -> String {
    if room == 0.0 {
        return format!("it holds {mass}, and its cost is infinite (no pair) wherever the other side holds mass");
    }
    let with = match others {
        0 => String::new(),
        1 => " with one other row that shares them".into(),
        others => format!(" with {others} other rows that share them"),
    };
    format!("the columns that it reaches at a finite cost want {room}, but it holds{with} {mass}")
}

/// Refuses an argument whose dimension is not that of the other one.
pub(crate) fn require_dimension(argument: &'static str, found: usize, expected: usize) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::new(argument, ErrorKind::Dimension { expected, found })) }
}

/// Refuses a number that breaks `holds`.
pub(crate) fn require(argument: &'static str, value: f64, holds: bool, requirement: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(argument, ErrorKind::Parameter { value, requirement })) }
}
