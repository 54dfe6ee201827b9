//! Why a run ends without an answer: one line for the user.

use std::fmt;

use earthwork::{Error, ErrorKind};

/// The result of anything that may refuse its input.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a run ends before it has an answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// `--help` or `--version`: what to print.
    Help(String),
    /// The input is wrong: one line that names file, row, column and value.
    Input(String),
}

/// An error about the input.
pub(crate) fn wrong<T>(message: impl fmt::Display) -> Outcome<T> {
    Err(Failure::Input(message.to_string()))
}

/// An error about one file.
pub(crate) fn wrong_file<T>(name: &str, message: impl fmt::Display) -> Outcome<T> {
    wrong(format_args!("{name}: {message}"))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = match error.kind() {
            ErrorKind::MassMismatch { source_mass, target_mass } => format!(
                "the two totals differ: A holds {source_mass}, B holds {target_mass}; transport needs equal masses \
                 (use --normalise if only proportions matter)"
            ),
            _ => error.to_string().replace("call `normalised()`", "use --normalise"),
        };
        Self::Input(message)
    }
}

/// What an operating system error says, without its number.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}
