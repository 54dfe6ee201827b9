//! Formulas.

use std::cell::RefCell;

use earthwork::closed_form::{self, Level, Moments};
use numpy::{PyArray2, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;

use crate::data::Samples;
use crate::divergence::{Components, mixture};
use crate::estimate::{Estimate, estimated};
use crate::failure::raised;
use crate::panics::caught;
use crate::running::{at_once, run};

/// A mean and a covariance of any rank.
type Given<'py> = (PyReadonlyArray1<'py, f64>, PyReadonlyArray2<'py, f64>);

fn moments(argument: &'static str, (mean, covariance): &Given<'_>) -> PyResult<Moments> {
    Moments::new(mean.as_array().to_vec(), covariance.as_array()).map_err(|error| raised(&error.about(argument)))
}

/// Mean and covariance of a sample.
pub(crate) fn moments_of(x: &Samples) -> Moments {
    Moments::of(&x.0)
}

/// W_p from two quantile functions, each a function of (mass below, mass above).
#[pyfunction]
pub(crate) fn quantile_distance(py: Python<'_>, p: f64, x: Py<PyAny>, y: Py<PyAny>) -> PyResult<Estimate> {
    let failed: RefCell<Option<PyErr>> = RefCell::new(None);
    let asked = |function: &Py<PyAny>, level: Level| {
        let value = function.call1(py, (level.below, level.above)).and_then(|found| found.extract::<f64>(py));
        value.unwrap_or_else(|error| {
            failed.borrow_mut().get_or_insert(error);
            f64::NAN
        })
    };
    let found = caught(|| closed_form::quantile_distance(p, |level| asked(&x, level), |level| asked(&y, level)))?;
    match failed.into_inner() {
        Some(error) => Err(error),
        None => found.map(estimated).map_err(|error| raised(&error)),
    }
}

#[pyfunction]
pub(crate) fn bures_wasserstein(py: Python<'_>, p: Given<'_>, q: Given<'_>) -> PyResult<Estimate> {
    let (p, q) = (moments("p", &p)?, moments("q", &q)?);
    at_once(py, || closed_form::bures_wasserstein(&p, &q)).map(estimated)
}

/// The matrix of the optimal map x ↦ m + T (x − mean).
#[pyfunction]
pub(crate) fn gaussian_map<'py>(py: Python<'py>, p: Given<'_>, q: Given<'_>) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (p, q) = (moments("p", &p)?, moments("q", &q)?);
    let map = at_once(py, || closed_form::gaussian_map(&p, &q))?;
    Ok(map.matrix().to_pyarray(py))
}

/// Mean, covariance, cost, status.
#[pyfunction]
pub(crate) fn gaussian_barycenter<'py>(
    py: Python<'py>,
    gaussians: Vec<Given<'_>>,
    shares: Vec<f64>,
) -> PyResult<(Vec<f64>, Bound<'py, PyArray2<f64>>, f64, String)> {
    let given = gaussians.iter().map(|one| moments("gaussians", one)).collect::<PyResult<Vec<_>>>()?;
    let found = at_once(py, || closed_form::gaussian_barycenter(&given, shares))?;
    let status = found.status.to_string();
    Ok((found.moments.mean().to_vec(), found.moments.covariance().to_pyarray(py), found.cost, status))
}

/// Value, transport cost, KL of the plan, Sinkhorn divergence.
#[pyfunction]
pub(crate) fn entropic_gaussian(
    py: Python<'_>,
    p: Given<'_>,
    q: Given<'_>,
    epsilon: f64,
) -> PyResult<(f64, f64, f64, f64)> {
    let (p, q) = (moments("p", &p)?, moments("q", &q)?);
    let found = at_once(py, || closed_form::entropic_gaussian(&p, &q, epsilon))?;
    Ok((found.value, found.transport_cost, found.divergence_of_plan, found.sinkhorn_divergence))
}

#[pyfunction]
pub(crate) fn gelbrich(py: Python<'_>, x: &Samples, y: &Samples) -> PyResult<Estimate> {
    let (x, y) = (x.0.clone(), y.0.clone());
    run(py, move || closed_form::gelbrich(&x, &y).map(estimated))
}

/// The distance, and the costs and the plan between components.
#[pyfunction]
pub(crate) fn mixture_distance<'py>(
    py: Python<'py>,
    p: Components<'_>,
    q: Components<'_>,
) -> PyResult<(Estimate, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>)> {
    let (p, q) = (mixture("p", p)?, mixture("q", q)?);
    let found = at_once(py, || closed_form::mixture_distance(&p, &q))?;
    let plan = found.solution.plan.to_dense().to_pyarray(py);
    Ok((estimated(found.estimate), found.costs.to_pyarray(py), plan))
}
