//! Parts of results on their way into a pickle and back.

use std::time::Duration;

use earthwork::transport::{Bounds, Flow, Plan, Potentials, Report, Status};
use numpy::{PyReadonlyArray1, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::data::{Samples, entries};
use crate::failure::raised;
use crate::interned::interned;

/// A plan as its entries.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Entries<'py> {
    pub(crate) rows: PyReadonlyArray1<'py, i64>,
    pub(crate) columns: PyReadonlyArray1<'py, i64>,
    pub(crate) masses: PyReadonlyArray1<'py, f64>,
}

impl Entries<'_> {
    pub(crate) fn plan(&self, shape: (usize, usize)) -> PyResult<Plan> {
        let (rows, columns, masses) = (self.rows.as_array(), self.columns.as_array(), self.masses.as_array());
        if rows.len() != columns.len() || rows.len() != masses.len() {
            return Err(PyValueError::new_err("plan: its rows, columns and masses differ in number"));
        }
        let place = |index: i64| usize::try_from(index).unwrap_or(usize::MAX);
        let flow = |((&source, &target), &mass)| Flow { source: place(source), target: place(target), mass };
        Plan::new(shape, rows.iter().zip(columns).zip(masses).map(flow).collect()).map_err(|error| raised(&error))
    }
}

pub(crate) fn keep_plan<'py>(py: Python<'py>, plan: &Plan) -> PyResult<Bound<'py, PyDict>> {
    let (kept, (rows, columns, masses)) = (PyDict::new(py), entries(py, plan));
    kept.set_item("rows", rows)?;
    kept.set_item("columns", columns)?;
    kept.set_item("masses", masses)?;
    Ok(kept)
}

/// Potentials, bounds, how a solve ended and what it took.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Ended<'py> {
    f: PyReadonlyArray1<'py, f64>,
    g: PyReadonlyArray1<'py, f64>,
    bounds: Option<(f64, f64, f64)>,
    status: String,
    method: String,
    iterations: u64,
    time: f64,
    memory: usize,
}

impl Ended<'_> {
    pub(crate) fn potentials(&self) -> Potentials {
        Potentials { f: self.f.as_array().to_vec(), g: self.g.as_array().to_vec() }
    }

    pub(crate) fn bounds(&self) -> Option<Bounds> {
        self.bounds.map(|(lower, upper, magnitude)| Bounds { lower, upper, magnitude })
    }

    pub(crate) fn status(&self) -> PyResult<Status> {
        Status::named(&self.status).ok_or_else(|| PyValueError::new_err(format!("status: `{}` is none", self.status)))
    }

    pub(crate) fn report(&self) -> Report {
        let (iterations, memory) = (self.iterations, self.memory);
        Report { method: interned(self.method.clone()), iterations, time: Duration::from_secs_f64(self.time), memory }
    }
}

pub(crate) fn keep_end<'py>(
    py: Python<'py>,
    potentials: &Potentials,
    bounds: Option<Bounds>,
    status: Status,
    report: &Report,
) -> PyResult<Bound<'py, PyDict>> {
    let kept = PyDict::new(py);
    kept.set_item("f", potentials.f.to_pyarray(py))?;
    kept.set_item("g", potentials.g.to_pyarray(py))?;
    kept.set_item("bounds", bounds.map(|bounds| (bounds.lower, bounds.upper, bounds.magnitude)))?;
    kept.set_item("status", status.to_string())?;
    kept.set_item("method", report.method)?;
    kept.set_item("iterations", report.iterations)?;
    kept.set_item("time", report.time.as_secs_f64())?;
    kept.set_item("memory", report.memory)?;
    Ok(kept)
}

/// The two samples and the ground cost of a problem.
pub(crate) type Posed<'py> = (PyRef<'py, Samples>, PyRef<'py, Samples>, String);
