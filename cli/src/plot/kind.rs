//! Which kind of picture a file name asks for.

use std::path::Path;

use crate::failure::{Outcome, wrong_file};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Svg,
    Png,
}

pub(super) fn kind(path: &Path) -> Option<Kind> {
    let extension = path.extension()?.to_str()?;
    match extension.to_ascii_lowercase().as_str() {
        "svg" => Some(Kind::Svg),
        "png" => Some(Kind::Png),
        _ => None,
    }
}

/// Refuses a file name that says no kind of picture, before any work is done.
pub(crate) fn check(path: Option<&Path>) -> Outcome<()> {
    match path {
        Some(path) if kind(path).is_none() => wrong_file(&path.display().to_string(), "a picture ends in .svg or .png"),
        _ => Ok(()),
    }
}
