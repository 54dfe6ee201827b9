//! Errors of the library as Python exceptions, under the names that Python callers know.

use std::borrow::Cow;

use earthwork::{Error, ErrorKind};
use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

/// A `ValueError` that names the argument.
pub(crate) fn raised(error: &Error) -> PyErr {
    let argument = argument(error.argument());
    match error.kind() {
        // The library's own advice is a call in Rust.
        ErrorKind::MassMismatch { source_mass, target_mass } => PyValueError::new_err(format!(
            "b: the two totals differ: a sums to {source_mass}, b to {target_mass}; balanced transport needs \
             equal masses (give normalize=True if only proportions matter)"
        )),
        kind => PyValueError::new_err(format!("{argument}: {}", in_python(&kind.to_string()))),
    }
}

/// An error of a solve under a matrix that the caller gave: what the library calls `cost` is that matrix.
pub(crate) fn of_matrix(error: Error) -> Error {
    if error.argument() == "cost" { error.about("cost matrix") } else { error }
}

/// A `ValueError` for a name that is none of those known.
pub(crate) fn unknown(argument: &str, found: &str, known: &str) -> PyErr {
    PyValueError::new_err(format!("{argument}: `{found}` is none of {known}"))
}

/// A message with what it recommends as Python has it.
fn in_python(message: &str) -> String {
    message.replace("call `normalised()`", "give normalize=True").replace("a `NeuralCritic`", "`earthwork.critic.fit`")
}

/// The parameter's name in Python.
fn argument(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(match name {
        "x" | "source" | "source points" => "X",
        "y" | "target" | "target points" => "Y",
        "source weights" => "a",
        "target weights" => "b",
        "cost matrix" => "C",
        other => other,
    })
}
