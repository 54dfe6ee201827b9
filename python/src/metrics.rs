//! Metrics of generative models.

use earthwork::compare;
use earthwork::metrics::{self, InceptionScore, Reading};
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;

use crate::data::Samples;
use crate::discrepancy::{Discrepancy, kept};
use crate::estimate::{Estimate, estimated};
use crate::failure::{raised, unknown};
use crate::running::{at_once, run};

/// The keys of the metrics that take two samples, and whether each grows with the distance.
#[pyfunction]
pub(crate) fn metric_keys() -> Vec<(String, bool)> {
    metrics::catalogue().into_iter().map(|metric| (metric.key, metric.reading == Reading::Distance)).collect()
}

/// A metric by its key; `k` for the scores of manifolds.
#[pyfunction]
#[pyo3(signature = (key, k = None))]
pub(crate) fn metric(key: &str, k: Option<usize>) -> PyResult<Discrepancy> {
    let score = match key {
        "precision" => Some(metrics::Manifold::precision()),
        "recall" => Some(metrics::Manifold::recall()),
        "density" => Some(metrics::Manifold::density()),
        "coverage" => Some(metrics::Manifold::coverage()),
        _ => None,
    };
    match (score, k) {
        (Some(score), Some(k)) => Ok(kept(score.with_k(k))),
        (None, Some(_)) => Err(unknown("key", key, "precision, recall, density, coverage, which alone take k")),
        _ => {
            let found = compare::metrics(&[key]).map_err(|error| raised(&error.about("key")))?;
            found
                .into_iter()
                .next()
                .map(|metric| kept(metric.discrepancy))
                .ok_or_else(|| unknown("key", key, "the metrics"))
        }
    }
}

/// How often fake points are nearer to the training points (y) than held-out ones are.
#[pyfunction]
pub(crate) fn memorisation(held_out: &Samples) -> Discrepancy {
    kept(metrics::Memorisation::new(held_out.0.clone()))
}

/// Precision, recall, density, coverage.
#[pyfunction]
pub(crate) fn prdc(
    py: Python<'_>,
    real: &Samples,
    fake: &Samples,
    k: usize,
) -> PyResult<(Estimate, Estimate, Estimate, Estimate)> {
    let (real, fake) = (real.0.clone(), fake.0.clone());
    run(py, move || {
        let found = metrics::prdc(&real, &fake, k)?;
        let [p, r, d, c] = [found.precision, found.recall, found.density, found.coverage].map(estimated);
        Ok((p, r, d, c))
    })
}

#[pyfunction]
#[pyo3(signature = (posteriors, splits, seed))]
pub(crate) fn inception_score(
    py: Python<'_>,
    posteriors: PyReadonlyArray2<'_, f64>,
    splits: usize,
    seed: Option<u64>,
) -> PyResult<Estimate> {
    let posteriors = posteriors.as_array();
    let mut score = InceptionScore::with_splits(splits);
    score.seed = seed;
    at_once(py, || score.of(posteriors)).map(estimated)
}

#[pyfunction]
pub(crate) fn mode_score(
    py: Python<'_>,
    posteriors: PyReadonlyArray2<'_, f64>,
    shares: Vec<f64>,
) -> PyResult<Estimate> {
    let posteriors = posteriors.as_array();
    at_once(py, || metrics::mode_score(posteriors, &shares)).map(estimated)
}

/// The accuracy of 1-NN, on real and on fake points alone.
#[pyfunction]
pub(crate) fn one_nearest(py: Python<'_>, real: &Samples, fake: &Samples) -> PyResult<(Estimate, Estimate, Estimate)> {
    let (real, fake) = (real.0.clone(), fake.0.clone());
    run(py, move || {
        let found = metrics::OneNearest::default().parts(&real, &fake)?;
        Ok((estimated(found.accuracy), estimated(found.real), estimated(found.fake)))
    })
}
