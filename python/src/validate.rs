//! Metrics held against exact transport.

use std::sync::Arc;

use earthwork::compare;
use earthwork::metrics::{Metric, Reading};
use earthwork::validate::{self, Corruption, Report, Validation};
use earthwork_view::validation::{ValidationJson, page};
use numpy::{PyArray1, PyArray2, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::data::Samples;
use crate::discrepancy::Discrepancy;
use crate::divergence::{Components, mixture};
use crate::failure::{raised, unknown};
use crate::running::{Watching, at_once, watched};

/// A metric by its name; or one of the caller's own: its name, itself, and how it is read.
#[derive(FromPyObject)]
pub(crate) enum Asked {
    Named(String),
    Own(String, Py<Discrepancy>, String),
}

/// The metrics asked for; names as the command knows them.
pub(crate) fn metrics(asked: &[Asked]) -> PyResult<Vec<Metric>> {
    let one = |asked: &Asked| match asked {
        Asked::Named(name) => compare::metrics(&[name]).map_err(|error| raised(&error)),
        Asked::Own(key, own, reading) => {
            let reading = match reading.as_str() {
                "distance" => Reading::Distance,
                "score" => Reading::Score,
                "half" => Reading::Half,
                other => return Err(unknown("reading", other, "distance, score, half")),
            };
            Ok(vec![Metric { key: key.clone(), reading, discrepancy: Box::new(own.get().shared()) }])
        }
    };
    let found: PyResult<Vec<Vec<Metric>>> = asked.iter().map(one).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Where real points come from, and what a report calls it.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Population")]
pub(crate) struct Population {
    points: Arc<validate::Population>,
    title: String,
    /// The method that made it, and what that was given.
    made: (&'static str, Py<PyTuple>),
}

impl Population {
    fn new(points: validate::Population, title: String, made: (&'static str, Bound<'_, PyTuple>)) -> Self {
        Self { points: Arc::new(points), title, made: (made.0, made.1.unbind()) }
    }
}

#[pymethods]
impl Population {
    #[staticmethod]
    fn toy(py: Python<'_>, name: &str) -> PyResult<Self> {
        let (points, title) = validate::Population::toy(name).ok_or_else(|| unknown("data", name, "ring8, grid25"))?;
        Ok(Self::new(points, title.to_string(), ("toy", (name,).into_pyobject(py)?)))
    }

    #[staticmethod]
    fn mixture<'py>(py: Python<'py>, of: Bound<'py, PyAny>) -> PyResult<Self> {
        let mixture = mixture("data", of.extract::<Components<'py>>()?)?;
        let title = format!("a mixture of {} Gaussians in {} dimensions", mixture.components().len(), mixture.dim());
        Ok(Self::new(validate::Population::mixture(mixture), title, ("mixture", (of,).into_pyobject(py)?)))
    }

    #[staticmethod]
    fn labelled<'py>(py: Python<'py>, samples: &Bound<'py, Samples>, labels: Vec<usize>) -> PyResult<Self> {
        let made = ("labelled", (samples, labels.clone()).into_pyobject(py)?);
        let samples = samples.get();
        let found = validate::Population::labelled(&samples.0, labels).map_err(|error| raised(&error.about("data")))?;
        let title = format!("{} points, {} classes as labelled", samples.0.len(), found.modes());
        Ok(Self::new(found, title, made))
    }

    #[staticmethod]
    fn clustered<'py>(py: Python<'py>, samples: &Bound<'py, Samples>, modes: usize, seed: u64) -> PyResult<Self> {
        let made = ("clustered", (samples, modes, seed).into_pyobject(py)?);
        let samples = samples.get();
        let found = at_once(py, || {
            let found = validate::Population::clustered(&samples.0, modes, seed);
            found.map_err(|error| if error.argument() == "modes" { error } else { error.about("data") })
        })?;
        let title = format!("{} points, {modes} modes found by k-means", samples.0.len());
        Ok(Self::new(found, title, made))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (&'static str, Bound<'py, PyTuple>))> {
        let (py, (method, given)) = (slf.py(), &slf.get().made);
        Ok((py.import("earthwork.validate")?.getattr("_made")?, (method, given.bind(py).clone())))
    }

    #[getter]
    fn title(&self) -> &str {
        &self.title
    }

    #[getter]
    fn modes(&self) -> usize {
        self.points.modes()
    }

    #[getter]
    fn dim(&self) -> usize {
        self.points.dim()
    }

    /// Real points, and fake ones that suffered a corruption.
    fn corrupted<'py>(
        &self,
        py: Python<'py>,
        corruption: &str,
        severity: f64,
        n: usize,
        seed: u64,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>)> {
        let (real, fake) = at_once(py, || {
            let scene = self.points.draw(n, seed)?;
            let fake = Corruption::named(corruption)?.apply(&scene, severity, seed)?;
            Ok((scene.real, fake))
        })?;
        Ok((real.points().view().to_pyarray(py), fake.points().view().to_pyarray(py)))
    }

    fn __repr__(&self) -> String {
        format!("Population({})", self.title)
    }
}

/// What a validation found.
#[pyclass(frozen, module = "earthwork._earthwork", name = "ValidationReport")]
pub(crate) struct ValidationReport {
    found: Report,
    population: Arc<validate::Population>,
    title: String,
}

#[pymethods]
impl ValidationReport {
    /// The report in the schema of `earthwork validate --json`.
    fn json(&self) -> String {
        ValidationJson::new(&self.title, &self.found, None).text()
    }

    /// The page.
    fn html(&self, py: Python<'_>) -> PyResult<String> {
        at_once(py, || page(&self.title, &self.population, &self.found))
    }

    /// The values of a metric (w1 and w2 as well) under a corruption, severity by severity; NaN where there is none.
    fn values<'py>(&self, py: Python<'py>, metric: &str, corruption: &str) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let keys = || self.found.sweeps.iter().map(|sweep| sweep.corruption.key()).collect::<Vec<_>>().join(", ");
        let sweep = self.found.sweeps.iter().find(|sweep| sweep.corruption.key() == corruption);
        let sweep = sweep.ok_or_else(|| unknown("corruption", corruption, &keys()))?;
        let infos = self.found.exact.iter().chain(&self.found.metrics);
        let names = || infos.clone().map(|info| info.key.as_str()).collect::<Vec<_>>().join(", ");
        let mut pairs = infos.clone().zip(sweep.exact.iter().chain(&sweep.curves));
        let (_, curve) =
            pairs.find(|(info, _)| info.key == metric).ok_or_else(|| unknown("metric", metric, &names()))?;
        let shape = (self.found.severities.len(), self.found.repeats);
        let value = |(k, repeat): (usize, usize)| curve.values.get(k).map_or(f64::NAN, |row| row[repeat]);
        Ok(ndarray::Array2::from_shape_fn(shape, value).to_pyarray(py))
    }

    #[getter]
    fn severities<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.found.severities.to_pyarray(py)
    }
}

/// What a validation is asked to do.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    metrics: Option<Vec<Asked>>,
    corruptions: Option<Vec<String>>,
    severities: Vec<f64>,
    points: usize,
    repeats: usize,
    seed: u64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
}

/// Severity sweeps of corruptions with every metric and exact W₁ and W₂.
#[pyfunction]
pub(crate) fn validation(py: Python<'_>, population: &Population, options: Options) -> PyResult<ValidationReport> {
    let points = Arc::clone(&population.points);
    let metrics = match &options.metrics {
        None => points.metrics(),
        Some(asked) => metrics(asked)?,
    };
    let mut job =
        Validation::default().with_points(options.points).with_repeats(options.repeats).with_seed(options.seed);
    if let Some(keys) = &options.corruptions {
        let named: earthwork::Result<Vec<Corruption>> = keys.iter().map(|key| Corruption::named(key)).collect();
        job = job.with_corruptions(named.map_err(|error| raised(&error.about("corruptions")))?);
    }
    job.severities = options.severities;
    let title = population.title.clone();
    watched(py, Watching::new(options.time_limit, options.progress), move |interrupt, observer| {
        job.interrupt = interrupt;
        let found = job.run_observed(&points, &metrics, observer)?;
        Ok(ValidationReport { found, population: points, title })
    })
}

/// The corruptions by name, and what each does.
#[pyfunction]
pub(crate) fn corruptions() -> Vec<(&'static str, &'static str)> {
    Corruption::all().into_iter().map(|corruption| (corruption.key(), corruption.description())).collect()
}
