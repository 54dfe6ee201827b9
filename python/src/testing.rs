//! What only the tests of the package call.

use earthwork::Result;
use pyo3::prelude::*;

use crate::running::{Watching, watched};

/// Panics as a bug would, on the thread of the caller (`pairs` up to two millions) or on another: for the test that Python sees an
/// exception.
#[pyfunction]
pub(crate) fn panic_on_purpose(py: Python<'_>, pairs: usize) -> PyResult<()> {
    watched(py, Watching::default().on(pairs, 1), |_, _| -> Result<()> {
        rayon::join(|| (), || panic!("a panic\non purpose"));
        Ok(())
    })
}
