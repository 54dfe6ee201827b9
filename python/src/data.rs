//! Samples, ground costs and arrays on their way in and out.

#![allow(unsafe_code)]

use std::sync::{Arc, Mutex};

use earthwork::cost::{GroundCost, by_name};
use earthwork::measure::{IntoPoints, Points, Weights};
use earthwork::transport::{Flow, Plan, Potentials};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyType;

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
pub(crate) struct Samples(pub(crate) earthwork::prelude::Samples, Origin);

/// What is to be known of a sample besides its numbers.
#[derive(Clone, Default)]
struct Origin {
    /// The names of the columns, where it was a table.
    columns: Option<Arc<[String]>>,
    /// By what part its total may be wrong, for weights of a short type.
    slack: f64,
    /// How many rows of the table had a missing value, and are not here.
    left_out: usize,
}

impl From<earthwork::prelude::Samples> for Samples {
    fn from(samples: earthwork::prelude::Samples) -> Self {
        Self(samples, Origin::default())
    }
}

/// Points, weights, names of the arguments, names of the columns, slack, rows left out: what makes a sample.
type Made<'py> = (
    Bound<'py, PyArray2<f64>>,
    Option<Bound<'py, PyArray1<f64>>>,
    Option<(String, String)>,
    Option<Vec<String>>,
    f64,
    usize,
);

#[pymethods]
impl Samples {
    #[new]
    #[pyo3(signature = (points, weights = None, names = None, columns = None, slack = 0.0, left_out = 0))]
    fn new(
        points: PyReadonlyArray2<'_, f64>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
        names: Option<(String, String)>,
        columns: Option<Vec<String>>,
        slack: f64,
        left_out: usize,
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
        let samples = samples.map_err(named)?;
        let columns: Option<Arc<[String]>> = columns.filter(|columns| columns.len() == samples.dim()).map(Arc::from);
        let samples = match &columns {
            Some(names) => samples.with_columns(names.clone()).map_err(named)?,
            None => samples,
        };
        Ok(Self(samples, Origin { columns, slack, left_out }))
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

    #[getter]
    fn columns(&self) -> Option<Vec<String>> {
        self.1.columns.as_ref().map(|columns| columns.to_vec())
    }

    #[getter]
    fn slack(&self) -> f64 {
        self.1.slack
    }

    #[getter]
    fn left_out(&self) -> usize {
        self.1.left_out
    }

    /// The same points with other weights.
    fn reweighted(&self, weights: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let weights = Weights::new(weights.as_array().to_vec());
        let samples =
            weights.and_then(|weights| earthwork::prelude::Samples::with_weights(self.0.points().clone(), weights));
        let samples = samples.map_err(|error| raised(&error))?;
        Ok(Self(samples, Origin { slack: 0.0, ..self.1.clone() }))
    }

    /// The same with the columns at these places, in that order.
    fn reordered(&self, order: Vec<usize>) -> PyResult<Self> {
        if let Some(wrong) = order.iter().find(|&&k| k >= self.0.dim()) {
            return Err(PyIndexError::new_err(format!("order: there is no column {wrong}")));
        }
        let points = self.0.points().view().select(ndarray::Axis(1), &order);
        let weights = self.0.weights().clone();
        let mut samples = earthwork::prelude::Samples::with_weights(points, weights).map_err(|error| raised(&error))?;
        let columns: Option<Arc<[String]>> =
            self.1.columns.as_ref().map(|columns| order.iter().map(|&k| columns[k].clone()).collect());
        if let Some(names) = &columns {
            samples = samples.with_columns(names.clone()).map_err(|error| raised(&error))?;
        }
        Ok(Self(samples, Origin { columns, ..self.1.clone() }))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> (Bound<'py, PyType>, Made<'py>) {
        let this = slf.get();
        let plain = this.0.weights().is_uniform() && this.0.total() == 1.0;
        let weights = (!plain).then(|| this.weights(py));
        let made = (this.points(py), weights, None, this.columns(), this.slack(), this.left_out());
        (slf.get_type(), made)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        let kind = if self.0.weights().is_uniform() { "uniform weights" } else { "weights" };
        let (n, d, total) = (self.0.len(), self.0.dim(), self.0.total());
        let left_out = match self.1.left_out {
            0 => String::new(),
            1 => ", 1 row left out".into(),
            rows => format!(", {rows} rows left out"),
        };
        format!("Samples({n} points, d = {d}, {kind}, total {total}{left_out})")
    }
}

impl Samples {
    pub(crate) fn all(list: &[PyRef<'_, Self>]) -> Vec<earthwork::prelude::Samples> {
        list.iter().map(|samples| samples.0.clone()).collect()
    }

    /// The sample with its columns in the order that another has them, where both have names.
    pub(crate) fn in_order_of(&self, other: &Self) -> PyResult<earthwork::prelude::Samples> {
        let (Some(own), Some(wanted)) = (&self.1.columns, &other.1.columns) else { return Ok(self.0.clone()) };
        if own == wanted {
            return Ok(self.0.clone());
        }
        let order: Option<Vec<usize>> = wanted.iter().map(|name| own.iter().position(|own| own == name)).collect();
        let once = |order: &Vec<usize>| own.len() == order.len() && (0..own.len()).all(|k| order.contains(&k));
        match order.filter(once) {
            Some(order) => Ok(self.reordered(order)?.0),
            None => Err(PyValueError::new_err(format!(
                "Y: its columns are not those of X; they are {}, and those of X {}",
                own.join(", "),
                wanted.join(", ")
            ))),
        }
    }

    /// Other numbers for the same columns.
    pub(crate) fn like(&self, samples: earthwork::prelude::Samples) -> Self {
        Self(samples, self.1.clone())
    }
}

/// The most points whose uniform weights are kept for the next call: half a megabyte.
const KEPT: usize = 1 << 16;

/// The uniform weights that were asked for last: two samples of one call mostly have as many points, and so have many calls in turn.
static UNIFORM: Mutex<Option<Weights>> = Mutex::new(None);

fn uniform(n: usize) -> earthwork::Result<Weights> {
    // Nobody waits for it: it may have been locked when this process was forked.
    let last = UNIFORM.try_lock();
    if let Some(weights) = last.as_ref().ok().and_then(|last| last.as_ref()).filter(|weights| weights.len() == n) {
        return Ok(weights.clone());
    }
    let weights = Weights::uniform(n)?;
    if let (Ok(mut last), true) = (last, n <= KEPT) {
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
