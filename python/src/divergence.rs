//! Divergences that are known exactly, and mutual information.

use earthwork::divergence::Ksg;
use earthwork::prelude::{Gaussian, Mixture};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::data::{Samples, weights};
use crate::discrepancy::divergence;
use crate::estimate::{Estimate, estimated};
use crate::failure::raised;
use crate::running::{at_once, run};

/// Between masses on one support.
#[pyfunction]
pub(crate) fn divergence_discrete(
    py: Python<'_>,
    kind: &str,
    p: PyReadonlyArray1<'_, f64>,
    q: PyReadonlyArray1<'_, f64>,
) -> PyResult<f64> {
    let (p, q) = (weights("p", p)?, weights("q", q)?);
    let divergence = divergence(kind)?;
    at_once(py, || divergence.between(&p, &q))
}

fn gaussian(
    argument: &'static str,
    mean: PyReadonlyArray1<'_, f64>,
    covariance: &PyReadonlyArray2<'_, f64>,
) -> PyResult<Gaussian> {
    Gaussian::new(mean.as_array().to_vec(), covariance.as_array()).map_err(|error| raised(&error.about(argument)))
}

#[pyfunction]
pub(crate) fn divergence_gaussians(
    py: Python<'_>,
    kind: &str,
    mean_p: PyReadonlyArray1<'_, f64>,
    covariance_p: PyReadonlyArray2<'_, f64>,
    mean_q: PyReadonlyArray1<'_, f64>,
    covariance_q: PyReadonlyArray2<'_, f64>,
) -> PyResult<Estimate> {
    let (p, q) = (gaussian("p", mean_p, &covariance_p)?, gaussian("q", mean_q, &covariance_q)?);
    let divergence = divergence(kind)?;
    at_once(py, || divergence.between_gaussians(&p, &q)).map(estimated)
}

/// Means, covariances and weights of the components of a mixture.
pub(crate) type Components<'py> = (Vec<PyReadonlyArray1<'py, f64>>, Vec<PyReadonlyArray2<'py, f64>>, Vec<f64>);

pub(crate) fn mixture(argument: &'static str, (means, covariances, shares): Components<'_>) -> PyResult<Mixture> {
    let components = means.into_iter().zip(&covariances).map(|(mean, covariance)| gaussian(argument, mean, covariance));
    let components = components.collect::<PyResult<Vec<_>>>()?;
    Mixture::new(components, shares).map_err(|error| raised(&error.about(argument)))
}

#[pyfunction]
pub(crate) fn divergence_mixtures(
    py: Python<'_>,
    kind: &str,
    p: Components<'_>,
    q: Components<'_>,
    draws: usize,
    seed: u64,
) -> PyResult<Estimate> {
    let (p, q, divergence) = (mixture("p", p)?, mixture("q", q)?, divergence(kind)?);
    run(py, move || divergence.between_mixtures(&p, &q, draws, seed).map(estimated))
}

#[pyfunction]
pub(crate) fn mutual_information(py: Python<'_>, x: &Samples, y: &Samples, k: usize) -> PyResult<Estimate> {
    let (x, y) = (x.0.clone(), y.0.clone());
    run(py, move || Ksg::default().with_k(k).of_pairs(&x, &y).map(estimated))
}
