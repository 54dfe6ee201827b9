//! Certificates of plans and potentials from anywhere.

use earthwork::prelude::Problem;
use earthwork::transport::{self, Bounds, Potentials};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::data::{Pair, Samples, ground, pair, weights};
use crate::failure::of_matrix;
use crate::kept;
use crate::running::{at_once, run};

/// What checking a plan found.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Certificate")]
pub(crate) struct Certificate(transport::Certificate);

/// Lower and upper bound and their magnitude, transport cost, marginal error, dual violation, potentials: what makes a certificate.
type Certified<'py> = ((f64, f64, f64), f64, f64, f64, Pair<'py>);

#[pymethods]
impl Certificate {
    #[new]
    fn new(
        bounds: (f64, f64, f64),
        transport_cost: f64,
        marginal_error: f64,
        dual_violation: f64,
        potentials: (PyReadonlyArray1<'_, f64>, PyReadonlyArray1<'_, f64>),
    ) -> Self {
        let (lower, upper, magnitude) = bounds;
        Self(transport::Certificate {
            bounds: Bounds { lower, upper, magnitude },
            transport_cost,
            marginal_error,
            dual_violation,
            potentials: Potentials { f: potentials.0.as_array().to_vec(), g: potentials.1.as_array().to_vec() },
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, Certified<'py>) {
        let found = &slf.get().0;
        let Bounds { lower, upper, magnitude } = found.bounds;
        let potentials = pair(slf.py(), &found.potentials);
        let errors = (found.transport_cost, found.marginal_error, found.dual_violation);
        (slf.get_type(), ((lower, upper, magnitude), errors.0, errors.1, errors.2, potentials))
    }

    #[getter]
    fn lower(&self) -> f64 {
        self.0.bounds.lower
    }

    #[getter]
    fn upper(&self) -> f64 {
        self.0.bounds.upper
    }

    #[getter]
    fn relative_gap(&self) -> f64 {
        self.0.bounds.relative_gap()
    }

    #[getter]
    fn transport_cost(&self) -> f64 {
        self.0.transport_cost
    }

    #[getter]
    fn marginal_error(&self) -> f64 {
        self.0.marginal_error
    }

    #[getter]
    fn dual_violation(&self) -> f64 {
        self.0.dual_violation
    }

    fn __repr__(&self) -> String {
        let (c, b) = (&self.0, &self.0.bounds);
        format!(
            "Certificate(optimum within [{}, {}], plan costs {}, marginal error {:.1e}, dual violation {:.1e})",
            b.lower, b.upper, c.transport_cost, c.marginal_error, c.dual_violation
        )
    }
}

#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "a plan in three arrays, potentials in two")]
pub(crate) fn certify(
    py: Python<'_>,
    x: &Samples,
    y: &Samples,
    cost: &str,
    rows: PyReadonlyArray1<'_, i64>,
    columns: PyReadonlyArray1<'_, i64>,
    masses: PyReadonlyArray1<'_, f64>,
    f: Vec<f64>,
    g: Vec<f64>,
) -> PyResult<Certificate> {
    let plan = kept::Entries { rows, columns, masses }.plan((x.0.len(), y.0.len()))?;
    let (x, y, ground) = (x.0.clone(), y.0.clone(), ground(cost)?);
    run(py, move || {
        let problem = Problem::between_shared(&x, &y, ground)?;
        transport::certify(&problem, &plan, &Potentials { f, g }).map(Certificate)
    })
}

#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "a plan in three arrays, potentials in two")]
pub(crate) fn certify_matrix(
    py: Python<'_>,
    costs: PyReadonlyArray2<'_, f64>,
    a: PyReadonlyArray1<'_, f64>,
    b: PyReadonlyArray1<'_, f64>,
    rows: PyReadonlyArray1<'_, i64>,
    columns: PyReadonlyArray1<'_, i64>,
    masses: PyReadonlyArray1<'_, f64>,
    f: Vec<f64>,
    g: Vec<f64>,
) -> PyResult<Certificate> {
    let (a, b) = (weights("a", a)?, weights("b", b)?);
    let plan = kept::Entries { rows, columns, masses }.plan((a.len(), b.len()))?;
    let view = costs.as_array();
    let found = at_once(py, || {
        let problem = Problem::with_matrix(a, b, view)?;
        transport::certify(&problem, &plan, &Potentials { f, g }).map_err(of_matrix)
    });
    found.map(Certificate)
}
