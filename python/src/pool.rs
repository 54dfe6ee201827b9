//! The threads that the library computes on, in whichever process this is.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use earthwork::prelude::{Problem, Samples, SquaredEuclidean, solve};
use pyo3::PyResult;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Stack of a thread that long work runs on: that of a main thread.
pub(crate) const STACK: usize = 8 << 20;

/// The process that loaded this module; 0 before.
static HOME: AtomicU32 = AtomicU32::new(0);

/// The pool of the process that asked last, with that process. It is only touched under the interpreter's lock, and so is never
/// held while Python forks.
static FORKED: Mutex<Option<(u32, &'static ThreadPool)>> = Mutex::new(None);

/// Remembers the process that loads the module, and has everything made that the library and Rayon make once, when it is first
/// needed: a child that is forked while another thread makes it would wait forever.
pub(crate) fn settle() {
    HOME.store(process::id(), Ordering::Relaxed);
    let first = || {
        let x = Samples::new([[0.0, 0.0], [1.0, 1.0]])?;
        let y = Samples::new([[1.0, 0.0], [0.0, 2.0]])?;
        solve(&Problem::between(&x, &y, SquaredEuclidean)?)
    };
    if let Ok(pool) = ThreadPoolBuilder::new().num_threads(1).build() {
        drop(pool.install(first));
    }
}

/// The pool of a forked process, or `None` in the process that loaded the module.
///
/// Of all threads a fork copies only the one that forked. Rayon's global pool is therefore dead in a child, and who waits for it
/// waits forever. A child has a pool of its own; it is never dropped, because it would be dropped in a grandchild, where it is dead.
pub(crate) fn forked(_: Python<'_>) -> PyResult<Option<&'static ThreadPool>> {
    let process = process::id();
    if process == HOME.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let mut kept = FORKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, pool)) = kept.filter(|(owner, _)| *owner == process) {
        return Ok(Some(pool));
    }
    let pool = ThreadPoolBuilder::new().stack_size(STACK).build();
    let pool = pool.map_err(|error| PyRuntimeError::new_err(format!("no threads can be started: {error}")))?;
    let pool: &'static ThreadPool = Box::leak(Box::new(pool));
    *kept = Some((process, pool));
    Ok(Some(pool))
}
