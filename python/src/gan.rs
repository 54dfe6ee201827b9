//! Adversarial training with the exact solver as referee.

use std::sync::Arc;

use earthwork::critic::net::Module;
use earthwork::gan::{self, Data, Measured, Networks, Record, Toy};
use earthwork::metrics::Metric;
use numpy::{PyArray1, PyArray2, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::data::Samples;
use crate::estimate::{Estimate, estimated};
use crate::failure::raised;
use crate::running::{Watching, at_once, run, watched};
use crate::validate::{Asked, metrics};

/// A training that has ended, for now.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Training")]
pub(crate) struct Training {
    state: Arc<gan::Training>,
    records: Vec<Record>,
    ended: String,
}

#[pymethods]
impl Training {
    #[getter]
    fn steps(&self) -> u64 {
        self.state.steps()
    }

    #[getter]
    fn name(&self) -> String {
        self.state.options().name()
    }

    #[getter]
    fn status(&self) -> &str {
        &self.ended
    }

    /// Each record as a dictionary.
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.records.iter().map(|record| told(py, record)).collect()
    }

    /// W₁, W₂ and each metric between two real samples of the referee's size.
    #[expect(clippy::type_complexity, reason = "the parts of a named tuple")]
    fn floor(
        &self,
        py: Python<'_>,
    ) -> PyResult<(Estimate, Estimate, Vec<(String, Option<Estimate>)>, Option<[f64; 4]>)> {
        let training = Arc::clone(&self.state);
        run(py, move || {
            let floor = training.floor()?;
            let metrics = floor.metrics.into_iter().map(|metric| (metric.key, metric.outcome.ok().map(estimated)));
            Ok((estimated(floor.w1), estimated(floor.w2), metrics.collect(), floor.js))
        })
    }

    /// The rank correlation of each metric, turned so that more is worse, with exact W₁ over the records after the first.
    fn metrics_track_w1(&self) -> Vec<(String, Option<f64>)> {
        let of = |(k, metric): (usize, &Metric)| {
            let pair = |record: &Record| {
                let found = record.metrics.get(k).and_then(|measured| measured.outcome.as_ref().ok());
                (found.map(|found| found.value), record.w1.value)
            };
            (metric.key.clone(), gan::tracks_w1(metric.reading, self.records.iter().map(pair)))
        };
        self.state.metrics().iter().enumerate().map(of).collect()
    }

    /// n generated points and their classes.
    fn generate<'py>(
        &self,
        py: Python<'py>,
        n: usize,
        seed: u64,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<i64>>)> {
        let (points, labels) = at_once(py, || self.state.generate_labelled(n, seed))?;
        let labels = PyArray1::from_iter(py, labels.into_iter().map(|label| label as i64));
        Ok((points.points().view().to_pyarray(py), labels))
    }

    /// n generated points of one class.
    fn generate_class<'py>(
        &self,
        py: Python<'py>,
        n: usize,
        label: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let found = at_once(py, || self.state.generate_class(n, label, seed))?;
        Ok(found.points().view().to_pyarray(py))
    }

    /// The critic at each point.
    fn critic_values<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let points = points.as_array();
        Ok(at_once(py, || self.state.critic_values(points))?.to_pyarray(py))
    }

    /// Points as lines of text; None where the training is on no text.
    fn decode(&self, samples: &Samples) -> Option<Vec<String>> {
        self.state.data().decode(&samples.0)
    }

    /// The training images nearest to some; None where the training is on no images.
    fn nearest_real<'py>(&self, py: Python<'py>, samples: &Samples) -> Option<Bound<'py, PyArray2<f64>>> {
        let found = self.state.nearest_real(&samples.0)?;
        Some(found.points().view().to_pyarray(py))
    }

    /// Generator and critic as safetensors files, and the layers of each as text (None for a perceptron).
    fn networks<'py>(&self, py: Python<'py>) -> [(Bound<'py, PyBytes>, Option<String>); 2] {
        [self.state.generator_network(), self.state.critic_network()].map(|network| {
            let layers = network.architecture().modules.as_ref().map(|modules| Module::write(&modules.layers));
            (PyBytes::new(py, &network.to_safetensors()), layers)
        })
    }

    fn checkpoint<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.state.checkpoint())
    }
}

fn told<'py>(py: Python<'py>, record: &Record) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("step", record.step)?;
    out.set_item("critic_steps", record.critic_steps)?;
    out.set_item("w1", record.w1.value)?;
    out.set_item("w2", record.w2.value)?;
    out.set_item("certified", record.certified)?;
    out.set_item("critic_value", record.critic_value)?;
    out.set_item("lipschitz", record.lipschitz)?;
    out.set_item("mean_slope", record.slopes.0)?;
    out.set_item("largest_slope", record.slopes.1)?;
    out.set_item("critic_loss", record.critic_loss)?;
    out.set_item("penalty", record.penalty)?;
    out.set_item("generator_loss", record.generator_loss)?;
    out.set_item("modes", record.modes.as_ref().map(|modes| modes.captured))?;
    out.set_item("high_quality", record.modes.as_ref().map(|modes| modes.high_quality.value))?;
    out.set_item("label_accuracy", record.label_accuracy)?;
    out.set_item("critic_gradients", record.critic_gradients.clone())?;
    out.set_item("generator_gradients", record.generator_gradients.clone())?;
    out.set_item("activation_gradients", record.activation_gradients.clone())?;
    out.set_item("at_bound", record.at_bound)?;
    if let Some(classes) = &record.classes {
        out.set_item("class_shares", classes.shares.clone())?;
        out.set_item("classes_found", classes.found)?;
        out.set_item("classifier_accuracy", classes.accuracy)?;
        out.set_item("label_accuracy", record.label_accuracy.or(classes.agreement))?;
    }
    if let Some(copies) = record.copies {
        out.set_item("to_training", copies.generated)?;
        out.set_item("held_out_to_training", copies.held_out)?;
    }
    if let Some(text) = &record.text {
        out.set_item("js", text.js)?;
        out.set_item("real_lines", text.real)?;
        out.set_item("new_lines", text.new)?;
    }
    let metrics = PyDict::new(py);
    for Measured { key, outcome, .. } in &record.metrics {
        metrics.set_item(key, outcome.clone().ok().map(estimated))?;
    }
    out.set_item("metrics", metrics)?;
    Ok(out)
}

/// The options of a training.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    method: String,
    published: bool,
    conditional: bool,
    steps: Option<u64>,
    batch: Option<usize>,
    latent: Option<usize>,
    critic: Option<Vec<usize>>,
    generator: Option<Vec<usize>>,
    every: u64,
    points: usize,
    seed: u64,
    time_limit: Option<f64>,
    metrics: Vec<Asked>,
    networks: String,
    layers: Option<(String, String)>,
    image: Option<[usize; 3]>,
    length: Option<usize>,
    alphabet: Option<String>,
}

impl Options {
    fn gan(&self) -> PyResult<gan::Gan> {
        let named = if self.published { gan::Gan::published } else { gan::Gan::named };
        let mut gan = named(&self.method).map_err(|error| raised(&error.about("method")))?.with_seed(self.seed);
        let networks = match &self.layers {
            Some((critic, generator)) => {
                let of =
                    |text: &str, name: &'static str| Module::parse(text).map_err(|error| raised(&error.about(name)));
                Networks::Layers { critic: of(critic, "critic")?, generator: of(generator, "generator")? }
            }
            None => Networks::named(&self.networks).map_err(|error| raised(&error))?,
        };
        gan = if self.published { with(gan, networks) } else { gan.with_networks(networks) };
        gan.conditional = self.conditional;
        gan.steps = self.steps.unwrap_or(gan.steps);
        gan.batch = self.batch.unwrap_or(gan.batch);
        gan.latent = self.latent.unwrap_or(gan.latent);
        gan.critic = self.critic.clone().unwrap_or(gan.critic);
        gan.generator = self.generator.clone().unwrap_or(gan.generator);
        (gan.referee.every, gan.referee.points) = (self.every, self.points);
        Ok(gan)
    }
}

fn with(mut gan: gan::Gan, networks: Networks) -> gan::Gan {
    gan.networks = networks;
    gan
}

/// Trains on a toy distribution by name, on lines of text, or on a sample with or without labels; from a checkpoint where there is one.
#[pyfunction]
#[pyo3(signature = (toy, samples, labels, options, checkpoint = None, report = None, lines = None))]
#[expect(clippy::too_many_arguments, reason = "one for each kind of data")]
pub(crate) fn gan_fit(
    py: Python<'_>,
    toy: Option<&str>,
    samples: Option<&Samples>,
    labels: Option<Vec<usize>>,
    options: Options,
    checkpoint: Option<Vec<u8>>,
    report: Option<Py<PyAny>>,
    lines: Option<Vec<String>>,
) -> PyResult<Training> {
    let of_text = lines.is_some();
    let data = match (toy, samples, labels) {
        _ if lines.is_some() => {
            let lines = lines.unwrap_or_default();
            Data::text(&lines, options.length, options.alphabet.as_deref(), options.seed)
        }
        (Some(toy), ..) => Toy::named(toy).map(Data::toy),
        (None, Some(samples), Some(labels)) => Data::labelled(&samples.0, &labels, options.seed),
        (None, Some(samples), None) => Data::samples(&samples.0, options.seed),
        (None, None, _) => return Err(pyo3::exceptions::PyTypeError::new_err("data: a toy or a sample is needed")),
    };
    let mut data = data.map_err(|error| raised(&if of_text { error } else { error.about("data") }))?;
    if let Some(shape) = options.image {
        data = data.as_images(shape).map_err(|error| raised(&error))?;
    }
    let (gan, metrics) = (options.gan()?, metrics(&options.metrics)?);
    let mut failed: Option<PyErr> = None;
    let (training, failed) = watched(py, Watching::new(options.time_limit, None), move |interrupt, _| {
        let mut training = match checkpoint {
            None => gan.start(data)?,
            Some(bytes) => gan.resume(data, &bytes)?,
        }
        .with_metrics(metrics);
        let token = interrupt.cancel.clone().unwrap_or_default();
        let mut records = Vec::new();
        let status = training.run(interrupt, &mut |record| {
            records.push(record.clone());
            let Some(report) = report.as_ref().filter(|_| !token.is_cancelled()) else { return };
            let shown = Python::attach(|py| report.call1(py, (told(py, record)?,)).map(drop));
            if let Err(error) = shown {
                token.cancel();
                failed = Some(error);
            }
        })?;
        let ended = status.to_string();
        Ok((Training { state: Arc::new(training), records, ended }, failed))
    })?;
    failed.map_or(Ok(training), Err)
}

/// n points of a toy distribution, and the class of each.
#[pyfunction]
pub(crate) fn gan_toy<'py>(
    py: Python<'py>,
    name: &str,
    n: usize,
    seed: u64,
) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<i64>>)> {
    let (points, labels) = at_once(py, || Toy::named(name).and_then(|toy| toy.labelled(n, seed)))?;
    let labels = PyArray1::from_iter(py, labels.into_iter().map(|label| label as i64));
    Ok((points.points().view().to_pyarray(py), labels))
}

/// The names of the toy distributions.
#[pyfunction]
pub(crate) fn gan_toys() -> Vec<&'static str> {
    Toy::all().iter().map(|toy| toy.name()).collect()
}

/// How many modes of a mixture a sample has points in, and what share of it is good.
#[pyfunction]
pub(crate) fn mode_report(
    py: Python<'_>,
    mixture: crate::divergence::Components<'_>,
    samples: &Samples,
) -> PyResult<(usize, usize, crate::estimate::Estimate, crate::estimate::Estimate, f64, Vec<usize>)> {
    let modes = earthwork::metrics::Modes::new(crate::divergence::mixture("mixture", mixture)?);
    let found = at_once(py, || modes.report(&samples.0))?;
    let (high, reverse) = (estimated(found.high_quality), estimated(found.reverse_kl));
    Ok((found.captured, found.modes, high, reverse, found.jensen_shannon, found.counts))
}
