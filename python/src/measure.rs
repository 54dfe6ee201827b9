//! Distributions with a formula, and what samples are before anything is compared.

use earthwork::compare::{column_scales, standardised as standardise};
use earthwork::measure::Mixture;
use numpy::{PyArray1, PyArray2, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;

use crate::closed_form::moments_of;
use crate::data::Samples;
use crate::divergence::{Components, mixture};
use crate::failure::raised;
use crate::running::at_once;

/// Means, covariances and weights, as Python keeps a mixture.
type Parts<'py> = (Vec<Vec<f64>>, Vec<Bound<'py, PyArray2<f64>>>, Vec<f64>);

fn parts(py: Python<'_>, mixture: earthwork::Result<Mixture>) -> PyResult<Parts<'_>> {
    let mixture = mixture.map_err(|error| raised(&error))?;
    let components = mixture.components();
    Ok((
        components.iter().map(|one| one.mean().to_vec()).collect(),
        components.iter().map(|one| one.covariance().to_pyarray(py)).collect(),
        mixture.weights().as_slice().to_vec(),
    ))
}

#[pyfunction]
pub(crate) fn mixture_ring(py: Python<'_>, modes: usize, radius: f64, deviation: f64) -> PyResult<Parts<'_>> {
    parts(py, Mixture::ring(modes, radius, deviation))
}

#[pyfunction]
pub(crate) fn mixture_grid(py: Python<'_>, side: usize, spacing: f64, deviation: f64) -> PyResult<Parts<'_>> {
    parts(py, Mixture::grid(side, spacing, deviation))
}

/// n draws of shape (n, d), and the component of each.
#[pyfunction]
pub(crate) fn mixture_sample<'py>(
    py: Python<'py>,
    of: Components<'py>,
    n: usize,
    seed: u64,
) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<i64>>)> {
    let mixture = mixture("mixture", of)?;
    let (points, labels) = at_once(py, || mixture.sample_labelled(n, seed))?;
    let labels = PyArray1::from_iter(py, labels.into_iter().map(|label| label as i64));
    Ok((points.points().view().to_pyarray(py), labels))
}

/// The log density at each point, of length k, and the probability of each component given the point, of shape (k, components).
#[pyfunction]
pub(crate) fn mixture_at<'py>(
    py: Python<'py>,
    of: Components<'py>,
    points: PyReadonlyArray2<'py, f64>,
) -> PyResult<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>)> {
    let mixture = mixture("mixture", of)?;
    let points = crate::data::points("points", &points)?;
    if points.dim() != mixture.dim() {
        let why = format!("points: they have {} coordinates, the mixture has {}", points.dim(), mixture.dim());
        return Err(pyo3::exceptions::PyValueError::new_err(why));
    }
    let (density, shares): (Vec<f64>, Vec<Vec<f64>>) =
        at_once(py, || Ok(points.iter().map(|x| (mixture.log_density(x), mixture.posterior(x))).unzip()))?;
    Ok((density.to_pyarray(py), PyArray2::from_vec2(py, &shares)?))
}

/// Mean and covariance (over n) of a sample.
#[pyfunction]
pub(crate) fn sample_moments<'py>(
    py: Python<'py>,
    x: &Samples,
) -> PyResult<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>)> {
    let found = at_once(py, || Ok(moments_of(x)))?;
    Ok((found.mean().to_pyarray(py), found.covariance().to_pyarray(py)))
}

/// The samples on one scale, with the mean and the deviation of each column over all of them.
#[pyfunction]
pub(crate) fn standardised(
    py: Python<'_>,
    samples: Vec<PyRef<'_, Samples>>,
) -> PyResult<(Vec<Samples>, Vec<(f64, f64)>)> {
    let given = Samples::all(&samples);
    let sides: Vec<_> = given.iter().collect();
    let (scales, scaled) = at_once(py, || Ok((column_scales(&sides)?, standardise(&sides)?)))?;
    let scales = scales.iter().map(|scale| (scale.mean, scale.deviation)).collect();
    Ok((samples.iter().zip(scaled).map(|(given, scaled)| given.like(scaled)).collect(), scales))
}
