//! What the command and the Python package show alike: numbers as people read them, and the validation report as JSON and as a page.
//!
//! No numerics: everything here reads results of the library.

pub mod evidence;
pub mod format;
pub mod validation;
