//! What a bug looks like in Python: a `RuntimeError` of one line.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Where the last panic was. Nobody ever waits for it, so that no fork can leave it locked.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// Panics are reported as exceptions, and so not printed as well.
pub(crate) fn silence() {
    set_hook(Box::new(|panic| {
        if let (Some(at), Ok(mut place)) = (panic.location(), PLACE.try_lock()) {
            *place = format!(" ({}:{})", at.file(), at.line());
        }
    }));
}

/// Runs work; a panic in it, on whichever thread, is an exception.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let place = PLACE.try_lock().map(|mut place| std::mem::take(&mut *place)).unwrap_or_default();
        let message = said(&*payload).split_whitespace().collect::<Vec<_>>().join(" ");
        PyRuntimeError::new_err(format!("this is a bug in earthwork, please report it: {message}{place}"))
    })
}

fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
