//! Samples, ground costs and arrays on their way in and out.

use std::sync::{Arc, Mutex, PoisonError};

use earthwork::cost::{GroundCost, by_name};
use earthwork::measure::{IntoPoints, Points, Weights};
use earthwork::transport::{Flow, Plan, Potentials};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;

use crate::failure::raised;

/// Numbers from which a sample is read where they lie: 8 MB. Fewer are copied, which takes no time.
const LENT_FROM: usize = 1 << 20;

/// The numbers of a C-contiguous array, which is kept for as long as somebody reads them. That nobody writes to them meanwhile is
/// for Python to see to, as with every array that a library reads without the interpreter's lock.
struct Lent {
    numbers: *const f64,
    len: usize,
    #[expect(dead_code, reason = "it is held so that the numbers stay where they are")]
    array: Py<PyArray2<f64>>,
}

// SAFETY: the numbers are only read, and the array that holds them may be dropped on any thread.
unsafe impl Send for Lent {}
// SAFETY: as above.
unsafe impl Sync for Lent {}

impl AsRef<[f64]> for Lent {
    fn as_ref(&self) -> &[f64] {
        // SAFETY: `lent` took them from a contiguous array, whose memory stays where it is while a reference to it is held.
        unsafe { std::slice::from_raw_parts(self.numbers, self.len) }
    }
}

/// The points of an array, read where they lie if they are many and contiguous.
fn points_of(array: &PyReadonlyArray2<'_, f64>) -> earthwork::Result<Points> {
    match array.as_slice() {
        Ok(rows) if rows.len() >= LENT_FROM => {
            let (numbers, len, dim) = (rows.as_ptr(), rows.len(), array.as_array().ncols());
            Points::lent(Arc::new(Lent { numbers, len, array: Bound::clone(array).unbind() }), dim)
        }
        _ => array.as_array().into_points(),
    }
}

/// Points with weights: an empirical distribution. Accepted wherever a sample is, and then checked only once.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Samples")]
pub(crate) struct Samples(pub(crate) earthwork::prelude::Samples);

#[pymethods]
impl Samples {
    #[new]
    #[pyo3(signature = (points, weights = None, names = None))]
    fn new(
        points: PyReadonlyArray2<'_, f64>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        names: Option<(String, String)>,
    ) -> PyResult<Self> {
        let (points_name, weights_name) = names.unwrap_or_else(|| ("points".into(), "weights".into()));
        let named = |error: earthwork::Error| {
            let about = if error.argument() == "points" { &points_name } else { &weights_name };
            raised(&error.about(about.clone()))
        };
        let points = points_of(&points).map_err(named)?;
        let weights = match weights {
            None => uniform(points.len()),
            Some(weights) => Weights::new(weights.as_array().to_vec()),
        };
        let samples = weights.and_then(|weights| earthwork::prelude::Samples::with_weights(points, weights));
        samples.map(Self).map_err(named)
    }

    #[getter]
    fn points<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        self.0.points().view().to_pyarray(py)
    }

    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.weights().as_slice().to_pyarray(py)
    }

    #[getter]
    fn dim(&self) -> usize {
        self.0.dim()
    }

    #[getter]
    fn total(&self) -> f64 {
        self.0.total()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        let kind = if self.0.weights().is_uniform() { "uniform weights" } else { "weights" };
        format!("Samples({} points, d = {}, {kind}, total {})", self.0.len(), self.0.dim(), self.0.total())
    }
}

impl Samples {
    pub(crate) fn all(list: &[PyRef<'_, Self>]) -> Vec<earthwork::prelude::Samples> {
        list.iter().map(|samples| samples.0.clone()).collect()
    }
}

/// The most points whose uniform weights are kept for the next call: half a megabyte.
const KEPT: usize = 1 << 16;

/// The uniform weights that were asked for last: two samples of one call mostly have as many points, and so have many calls in turn.
static UNIFORM: Mutex<Option<Weights>> = Mutex::new(None);

fn uniform(n: usize) -> earthwork::Result<Weights> {
    let mut last = UNIFORM.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(weights) = last.as_ref().filter(|weights| weights.len() == n) {
        return Ok(weights.clone());
    }
    let weights = Weights::uniform(n)?;
    if n <= KEPT {
        *last = Some(weights.clone());
    }
    Ok(weights)
}

/// A ground cost by its name.
pub(crate) fn ground(name: &str) -> PyResult<Arc<dyn GroundCost>> {
    by_name(name).map_err(|error| raised(&error.about("cost")))
}

/// Masses under the name of their argument.
pub(crate) fn weights(argument: &'static str, masses: PyReadonlyArray1<'_, f64>) -> PyResult<Weights> {
    Weights::new(masses.as_array().to_vec()).map_err(|error| raised(&error.about(argument)))
}

/// Points under the name of their argument.
pub(crate) fn points(argument: &'static str, rows: &PyReadonlyArray2<'_, f64>) -> PyResult<Points> {
    points_of(rows).map_err(|error| raised(&error.about(argument)))
}

/// A plan as its entries: rows, columns, masses.
pub(crate) type Entries<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>);

pub(crate) fn entries<'py>(py: Python<'py>, plan: &Plan) -> Entries<'py> {
    let flows = plan.flows();
    let indices = |end: fn(&Flow) -> usize| PyArray1::from_iter(py, flows.iter().map(|flow| end(flow) as i64));
    (
        indices(|flow| flow.source),
        indices(|flow| flow.target),
        PyArray1::from_iter(py, flows.iter().map(|flow| flow.mass)),
    )
}

pub(crate) type Pair<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

pub(crate) fn pair<'py>(py: Python<'py>, potentials: &Potentials) -> Pair<'py> {
    (potentials.f.to_pyarray(py), potentials.g.to_pyarray(py))
}
