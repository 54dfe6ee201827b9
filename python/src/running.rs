//! Long work: without the interpreter's lock, with progress, ended by Ctrl-C.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use earthwork::Result;
use earthwork::transport::{CancelToken, Interrupt, Observer, Progress};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::failure::raised;
use crate::panics::caught;
use crate::pool::{self, STACK};

/// How often Python is asked whether Ctrl-C was pressed.
const LISTEN_EVERY: Duration = Duration::from_millis(50);
/// How long work that was cancelled may take to end before it is left to itself.
const PATIENCE: Duration = Duration::from_millis(500);
/// The most pairs of points for which a call is so short that it need not leave its thread: to wake a thread that sleeps can take
/// longer than a small solve.
const BRIEF: usize = 2_000_000;

/// The limits and the observer that a call brings.
#[derive(Default)]
pub(crate) struct Watching {
    pub(crate) time_limit: Option<f64>,
    pub(crate) iterations: Option<u64>,
    pub(crate) progress: Option<Py<PyAny>>,
    pub(crate) tolerance: f64,
    brief: bool,
}

impl Watching {
    pub(crate) fn new(time_limit: Option<f64>, progress: Option<Py<PyAny>>) -> Self {
        Self { time_limit, progress, ..Self::default() }
    }

    /// With a limit of iterations.
    pub(crate) fn with_iterations(self, iterations: Option<u64>) -> Self {
        Self { iterations, ..self }
    }

    /// Until bounds are as close as this.
    pub(crate) fn within(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// For work on so many pairs.
    pub(crate) fn on(self, n: usize, m: usize) -> Self {
        Self { brief: n.saturating_mul(m) <= BRIEF, ..self }
    }
}

/// Runs work that takes no limits.
pub(crate) fn run<T: Send + 'static>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send + 'static) -> PyResult<T> {
    watched(py, Watching::default(), |_, _| work())
}

/// Runs work that borrows what it needs and ends soon, without the interpreter's lock. Every call of the library that may compute in
/// parallel goes through here or through [`watched`]: they know which threads are alive (see [`pool::forked`]), and that a panic is
/// an exception.
pub(crate) fn at_once<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let pool = pool::forked(py)?;
    let outcome = py.detach(|| {
        caught(|| match pool {
            Some(pool) => pool.install(work),
            None => work(),
        })
    })?;
    outcome.map_err(|error| raised(&error))
}

/// Runs `work` on a thread of its own, while this one sleeps without the interpreter's lock and listens for Ctrl-C. The work is
/// then cancelled; if it does not end soon, it is left to end by itself and its result is dropped. Short work stays on this
/// thread, and listens itself. So does work that a Python function asks for which the library itself has called from a worker: to
/// wait there for another thread could be to wait for oneself.
pub(crate) fn watched<T: Send + 'static>(
    py: Python<'_>,
    watching: Watching,
    work: impl FnOnce(Interrupt, &mut Reporter) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let token = CancelToken::default();
    let time = watching.time_limit.map(seconds).transpose()?;
    let Watching { iterations, tolerance, .. } = watching;
    let interrupt = Interrupt { iterations, time, cancel: Some(token.clone()), tolerance };
    let pool = pool::forked(py)?;
    let within = rayon::current_thread_index().is_some();
    let listens = watching.brief && !within && pool.is_none();
    let mut reporter = Reporter { callable: watching.progress, listens, token: token.clone(), failed: None };
    if listens || within {
        let (outcome, failed) = py.detach(move || {
            let outcome = caught(|| work(interrupt, &mut reporter));
            (outcome, reporter.failed)
        });
        return failed.map_or_else(|| outcome?.map_err(|error| raised(&error)), Err);
    }
    let (sender, mut receiver) = channel();
    let body = move || {
        let outcome = caught(|| work(interrupt, &mut reporter));
        // Nobody listens any more where the work was left to itself.
        let _ = sender.send((outcome, reporter.failed));
    };
    match pool {
        Some(pool) => pool.spawn(body),
        None => drop(thread::Builder::new().stack_size(STACK).spawn(body)?),
    }
    let mut interrupted: Option<(PyErr, Instant)> = None;
    loop {
        let listening = &mut receiver;
        match py.detach(move || listening.recv_timeout(LISTEN_EVERY)) {
            Ok((outcome, failed)) => {
                if let Some(error) = failed.or(interrupted.map(|(error, _)| error)) {
                    return Err(error);
                }
                return outcome?.map_err(|error| raised(&error));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("this is a bug in earthwork, please report it: no answer came"));
            }
        }
        if let Some((error, _)) = interrupted.take_if(|(_, since)| since.elapsed() >= PATIENCE) {
            return Err(error);
        }
        if interrupted.is_none()
            && let Err(error) = py.check_signals()
        {
            token.cancel();
            interrupted = Some((error, Instant::now()));
        }
    }
}

fn seconds(limit: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(limit).map_err(|_| {
        let why = format!("time_limit: it is {limit}, but a time limit is a number of seconds, at least 0");
        pyo3::exceptions::PyValueError::new_err(why)
    })
}

/// Hands progress to a Python callable.
pub(crate) struct Reporter {
    callable: Option<Py<PyAny>>,
    /// Whether it runs on the thread of the caller, which alone hears Ctrl-C.
    listens: bool,
    token: CancelToken,
    failed: Option<PyErr>,
}

impl Observer for Reporter {
    fn observe(&mut self, progress: &Progress) {
        let silent = self.callable.is_none() && !self.listens;
        if silent || self.failed.is_some() || self.token.is_cancelled() {
            return;
        }
        let told = Python::attach(|py| {
            if self.listens {
                py.check_signals()?;
            }
            self.callable.as_ref().map_or(Ok(()), |callable| report(py, callable, progress))
        });
        if let Err(error) = told {
            self.token.cancel();
            self.failed = Some(error);
        }
    }
}

fn report(py: Python<'_>, callable: &Py<PyAny>, progress: &Progress) -> PyResult<()> {
    let fields = PyDict::new(py);
    fields.set_item("stage", progress.stage)?;
    fields.set_item("done", progress.done)?;
    fields.set_item("total", progress.total)?;
    fields.set_item("level", progress.level)?;
    fields.set_item("levels", progress.levels)?;
    fields.set_item("iterations", progress.iterations)?;
    fields.set_item("violations", progress.violations)?;
    fields.set_item("gap", progress.gap)?;
    fields.set_item("marginal_error", progress.marginal_error)?;
    fields.set_item("epsilon", progress.epsilon)?;
    callable.call1(py, (fields,))?;
    Ok(())
}
