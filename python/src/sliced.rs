//! Sliced transport.

use earthwork::estimate::Discrepancy;
use earthwork::sliced::{
    self, Amount, GeneralisedSliced, MaxSlice, MaxSliced, Method, PartialSliced, SlicedDistance, SlicedPlan,
    SubspaceDistance,
};
use numpy::{PyArray1, PyArray2, PyReadonlyArray2, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::data::{Entries, Samples, entries, points};
use crate::estimate::{Estimate, estimated};
use crate::failure::unknown;
use crate::running::{Watching, at_once, run, watched};

/// The options of a sliced distance.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options<'py> {
    p: f64,
    directions: usize,
    given: Option<PyReadonlyArray2<'py, f64>>,
    method: String,
    seed: u64,
    precision: Option<f64>,
    control_variates: bool,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
}

impl Options<'_> {
    pub(crate) fn split(self) -> PyResult<(sliced::Sliced, Watching)> {
        let method = match (self.given, self.method.as_str()) {
            (Some(rows), _) => Method::Given(points("directions", &rows)?),
            (None, "auto") => Method::Auto,
            (None, "monte-carlo") => Method::MonteCarlo,
            (None, "orthogonal") => Method::Orthogonal,
            (None, "qmc") => Method::QuasiMonteCarlo,
            (None, other) => {
                let why = format!(
                    "method: unknown choice of directions `{other}`; expected one of auto, monte-carlo, orthogonal, qmc"
                );
                return Err(PyValueError::new_err(why));
            }
        };
        let mut solver =
            sliced::Sliced::new(self.p).with_directions(self.directions).with_method(method).with_seed(self.seed);
        (solver.precision, solver.control_variates) = (self.precision, self.control_variates);
        Ok((solver, Watching::new(self.time_limit, self.progress)))
    }
}

/// What the slices found.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Sliced")]
pub(crate) struct Sliced(SlicedDistance);

#[pymethods]
impl Sliced {
    #[getter]
    fn estimate(&self) -> Estimate {
        estimated(self.0.estimate())
    }

    #[getter]
    fn costs<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.costs.to_pyarray(py)
    }

    #[getter]
    fn directions(&self) -> usize {
        self.0.directions()
    }

    #[getter]
    fn variance_ratio(&self) -> f64 {
        self.0.variance_ratio
    }

    #[getter]
    fn status(&self) -> String {
        self.0.status.to_string()
    }

    #[getter]
    fn time(&self) -> f64 {
        self.0.time.as_secs_f64()
    }
}

#[pyfunction]
pub(crate) fn sliced_distance(py: Python<'_>, x: &Samples, y: &Samples, options: Options<'_>) -> PyResult<Sliced> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let (mut solver, watching) = options.split()?;
    let watching = watching.on(x.len() + y.len(), solver.directions);
    watched(py, watching, move |interrupt, observer| {
        solver.interrupt = interrupt;
        solver.solve_observed(&x, &y, observer).map(Sliced)
    })
}

/// Proven bounds on W_p from slices.
#[pyfunction]
pub(crate) fn sliced_bounds(py: Python<'_>, x: &Samples, y: &Samples, options: Options<'_>) -> PyResult<Estimate> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let (solver, _) = options.split()?;
    run(py, move || solver.bounds(&x, &y).map(estimated))
}

/// The mean of the powers, and its gradient by the points of both sides.
#[pyfunction]
pub(crate) fn sliced_gradient<'py>(
    py: Python<'py>,
    x: &Samples,
    y: &Samples,
    options: Options<'py>,
) -> PyResult<(f64, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>)> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let (solver, _) = options.split()?;
    let found = run(py, move || solver.gradient(&x, &y))?;
    Ok((found.cost, found.x.to_pyarray(py), found.y.to_pyarray(py)))
}

/// A plan from slices and what it costs: entries, transport cost, direction.
#[pyfunction]
#[pyo3(signature = (x, y, options, sharpness = None))]
pub(crate) fn sliced_plan<'py>(
    py: Python<'py>,
    x: &Samples,
    y: &Samples,
    options: Options<'py>,
    sharpness: Option<f64>,
) -> PyResult<(Entries<'py>, f64, Option<Vec<f64>>, Estimate)> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let (solver, _) = options.split()?;
    let found: SlicedPlan = run(py, move || match sharpness {
        None => solver.best_plan(&x, &y),
        Some(sharpness) => solver.expected_plan(&x, &y, sharpness),
    })?;
    let estimate = estimated(found.estimate());
    Ok((entries(py, &found.plan), found.transport_cost, found.direction, estimate))
}

/// Value, direction, stationarity, status of the largest slice.
#[pyfunction]
pub(crate) fn sliced_max(
    py: Python<'_>,
    x: &Samples,
    y: &Samples,
    p: f64,
    seed: u64,
    starts: Option<usize>,
) -> PyResult<(Estimate, Vec<f64>, f64, String)> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let found: MaxSlice = watched(py, Watching::default(), move |interrupt, _| {
        let mut solver = MaxSliced::new(p).with_seed(seed);
        solver.interrupt = interrupt;
        solver.starts = starts.unwrap_or(solver.starts);
        solver.solve(&x, &y)
    })?;
    Ok((estimated(found.estimate()), found.direction, found.stationarity, found.status.to_string()))
}

/// Bounds, basis (d, k), omega (d, d), plan, status of the subspace-robust distance.
#[pyfunction]
pub(crate) fn sliced_subspace<'py>(
    py: Python<'py>,
    x: &Samples,
    y: &Samples,
    k: usize,
) -> PyResult<(Estimate, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Entries<'py>, String)> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let found: SubspaceDistance = watched(py, Watching::default(), move |interrupt, _| {
        let mut solver = sliced::SubspaceRobust::new(k);
        solver.interrupt = interrupt;
        solver.solve(&x, &y)
    })?;
    let estimate = estimated(found.estimate());
    let plan = entries(py, &found.plan);
    Ok((estimate, found.basis.to_pyarray(py), found.omega.to_pyarray(py), plan, found.status.to_string()))
}

/// Samples in chunks, of which only summaries are kept.
#[pyclass(module = "earthwork._earthwork", name = "SlicedStream")]
pub(crate) struct SlicedStream(sliced::SlicedStream);

#[pymethods]
impl SlicedStream {
    #[new]
    fn new(py: Python<'_>, options: Options<'_>, dim: usize, capacity: usize) -> PyResult<Self> {
        let (solver, _) = options.split()?;
        at_once(py, || sliced::SlicedStream::new(&solver, dim, capacity)).map(Self)
    }

    fn push_x(&mut self, py: Python<'_>, rows: PyReadonlyArray2<'_, f64>) -> PyResult<()> {
        let rows = points("points", &rows)?;
        at_once(py, || self.0.push_x(rows))
    }

    fn push_y(&mut self, py: Python<'_>, rows: PyReadonlyArray2<'_, f64>) -> PyResult<()> {
        let rows = points("points", &rows)?;
        at_once(py, || self.0.push_y(rows))
    }

    /// The distance of what has come so far, and the share of it that the summaries may have lost.
    fn distance(&self, py: Python<'_>) -> PyResult<(Estimate, f64)> {
        let found = at_once(py, || self.0.distance())?;
        Ok((estimated(found.estimate()), found.compression))
    }
}

/// Partial sliced transport: the estimate, the cost of each slice, what moves in each, how it ended.
#[pyfunction]
#[pyo3(signature = (x, y, amount, options))]
pub(crate) fn sliced_partial<'py>(
    py: Python<'py>,
    x: &Samples,
    y: &Samples,
    amount: (String, f64),
    options: Options<'py>,
) -> PyResult<(Estimate, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>, String)> {
    let amount = match (amount.0.as_str(), amount.1) {
        ("mass", mass) => Amount::Mass(mass),
        ("share", share) => Amount::Share(share),
        ("penalty", penalty) => Amount::Penalty(penalty),
        (other, _) => return Err(unknown("amount", other, "mass, share, penalty")),
    };
    let (x, y) = (x.0.clone(), y.0.clone());
    let (all, watching) = options.split()?;
    let mut solver = PartialSliced::new(all.p, amount).with_directions(all.directions);
    solver = solver.with_method(all.method).with_seed(all.seed);
    let found = watched(py, watching, move |interrupt, observer| {
        solver.interrupt = interrupt;
        solver.solve_observed(&x, &y, observer)
    })?;
    let status = found.status.to_string();
    Ok((estimated(found.estimate()), found.costs.to_pyarray(py), found.moved.to_pyarray(py), status))
}

/// Sliced transport along functions whose values at the points are given, one function a column.
#[pyfunction]
pub(crate) fn sliced_generalised(py: Python<'_>, x: &Samples, y: &Samples, p: f64) -> PyResult<Estimate> {
    let (x, y) = (x.0.clone(), y.0.clone());
    run(py, move || {
        let slices = x.dim();
        GeneralisedSliced::new(p, slices, |k: usize, values: &[f64]| values[k]).between(&x, &y).map(estimated)
    })
}
