//! Critics: functions with a proven Lipschitz constant.

use std::sync::{Arc, Mutex};

use earthwork::critic::net::Activation;
use earthwork::critic::{self, Control, ExactDual, Funnels as Pair, NeuralCritic};
use earthwork::transport::{CancelToken, Root};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::data::Samples;
use crate::estimate::{Estimate, estimated};
use crate::failure::raised;
use crate::running::{Watching, at_once, run, watched};

/// A trained network, or the exact dual.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Critic")]
pub(crate) struct Critic(Which);

#[derive(Clone)]
enum Which {
    Network(Arc<critic::Critic>),
    /// With the samples that it was made of.
    Exact(Arc<ExactDual>, Box<[earthwork::prelude::Samples; 2]>),
}

/// A network as bytes, or two samples: what makes a critic.
type Made<'py> = (Option<Bound<'py, PyBytes>>, Option<(Samples, Samples)>);

#[pymethods]
impl Critic {
    #[new]
    #[pyo3(signature = (network, samples = None))]
    fn new(
        py: Python<'_>,
        network: Option<Vec<u8>>,
        samples: Option<(PyRef<'_, Samples>, PyRef<'_, Samples>)>,
    ) -> PyResult<Self> {
        match (network, samples) {
            (Some(bytes), _) => at_once(py, || critic::Critic::from_safetensors(&bytes))
                .map(|critic| Self(Which::Network(Arc::new(critic)))),
            (None, Some((x, y))) => exact_dual(py, x.0.clone(), y.0.clone()),
            (None, None) => Err(PyValueError::new_err("network: a network, or two samples, are needed")),
        }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, Made<'py>) {
        let made = match &slf.get().0 {
            Which::Network(critic) => (Some(PyBytes::new(slf.py(), &critic.to_safetensors())), None),
            Which::Exact(_, samples) => {
                let [x, y] = (**samples).clone();
                (None, Some((x.into(), y.into())))
            }
        };
        (slf.get_type(), made)
    }

    fn values<'py>(&self, py: Python<'py>, points: PyReadonlyArray2<'py, f64>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let points = points.as_array();
        let values = at_once(py, || match &self.0 {
            Which::Network(critic) => critic.values(points),
            Which::Exact(dual, _) => dual.values(points),
        });
        Ok(values?.to_pyarray(py))
    }

    fn gradients<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let points = points.as_array();
        let gradients = at_once(py, || match &self.0 {
            Which::Network(critic) => critic.gradients(points),
            Which::Exact(dual, _) => dual.gradients(points),
        });
        Ok(gradients?.to_pyarray(py))
    }

    #[getter]
    fn lipschitz(&self) -> f64 {
        match &self.0 {
            Which::Network(critic) => critic.lipschitz(),
            Which::Exact(..) => 1.0,
        }
    }

    /// The training objective without its penalty, E_x f − E_y f, and the bound that it proves, for a network.
    fn network_bound(&self, py: Python<'_>, x: &Samples, y: &Samples) -> PyResult<Option<(f64, Estimate)>> {
        let Which::Network(critic) = &self.0 else { return Ok(None) };
        let (raw, bound) = at_once(py, || Ok((critic.raw(&x.0, &y.0)?, critic.bound(&x.0, &y.0)?)))?;
        Ok(Some((raw, estimated(bound))))
    }

    /// A network's value on samples that it was not trained on, with its standard error.
    fn held_out(&self, py: Python<'_>, x: &Samples, y: &Samples) -> PyResult<Option<Estimate>> {
        let Which::Network(critic) = &self.0 else { return Ok(None) };
        at_once(py, || critic.held_out(&x.0, &y.0)).map(|found| Some(estimated(found)))
    }

    /// The exact W₁ behind an exact dual.
    fn exact(&self) -> Option<Estimate> {
        match &self.0 {
            Which::Network(_) => None,
            Which::Exact(dual, _) => Some(estimated(Root::new(1.0).estimate(&dual.solution().summary()))),
        }
    }
}

/// The options of a training.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    method: String,
    steps: u64,
    batch: usize,
    hidden: Vec<usize>,
    activation: Option<String>,
    rate: Option<f64>,
    seed: u64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
}

impl Options {
    fn trainer(self) -> PyResult<(NeuralCritic, Watching)> {
        let control = Control::named(&self.method).map_err(|error| raised(&error))?;
        let mut trainer = NeuralCritic::new(control)
            .with_steps(self.steps)
            .with_batch(self.batch)
            .with_hidden(&self.hidden)
            .with_seed(self.seed);
        let activation = self.activation.as_deref().map(Activation::named).transpose();
        trainer.activation = activation.map_err(|error| raised(&error))?;
        trainer.rate = self.rate;
        Ok((trainer, Watching::new(self.time_limit, self.progress)))
    }
}

/// The critic that is not a network.
const EXACT_DUAL: &str = "exact-dual";

/// The names of all critics.
#[pyfunction]
pub(crate) fn critic_methods() -> Vec<&'static str> {
    Control::NAMES.into_iter().chain([EXACT_DUAL]).collect()
}

#[pyfunction]
pub(crate) fn critic_fit(py: Python<'_>, x: &Samples, y: &Samples, options: Options) -> PyResult<Critic> {
    let (x, y) = (x.0.clone(), y.0.clone());
    if options.method == EXACT_DUAL {
        return exact_dual(py, x, y);
    }
    let (mut trainer, watching) = options.trainer()?;
    watched(py, watching, move |interrupt, observer| {
        trainer.interrupt = interrupt;
        Ok(Critic(Which::Network(Arc::new(trainer.fit_observed(&x, &y, observer)?))))
    })
}

fn exact_dual(py: Python<'_>, x: earthwork::prelude::Samples, y: earthwork::prelude::Samples) -> PyResult<Critic> {
    run(py, move || {
        let dual = ExactDual::fit(&x, &y)?;
        Ok(Critic(Which::Exact(Arc::new(dual), Box::new([x, y]))))
    })
}

/// From samplers: `draw(side, n)` returns n new points of side 0 or 1.
#[pyfunction]
pub(crate) fn critic_fit_streams(py: Python<'_>, dim: usize, draw: Py<PyAny>, options: Options) -> PyResult<Critic> {
    let (mut trainer, watching) = options.trainer()?;
    let failed: Arc<Mutex<Option<PyErr>>> = Arc::default();
    let seen = Arc::clone(&failed);
    let fitted = watched(py, watching, move |interrupt, observer| {
        let token = interrupt.cancel.clone().unwrap_or_default();
        trainer.interrupt = interrupt;
        let draw = |side: usize, _: &mut _, out: &mut _| drawn(&draw, side, out, &failed, &token);
        let critic = trainer.fit_streams_observed(dim, draw, observer)?;
        Ok(Critic(Which::Network(Arc::new(critic))))
    });
    let error = seen.lock().ok().and_then(|mut failed| failed.take());
    error.map_or(fitted, Err)
}

/// Fills `out` from Python; after a failure it stays as it is.
fn drawn(
    draw: &Py<PyAny>,
    side: usize,
    out: &mut ndarray::Array2<f32>,
    failed: &Mutex<Option<PyErr>>,
    token: &CancelToken,
) {
    let Ok(mut failed) = failed.lock() else { return };
    if failed.is_some() || token.is_cancelled() {
        return;
    }
    let filled = Python::attach(|py| -> PyResult<()> {
        let points = draw.bind(py).call1((side, out.nrows()))?;
        let points = points.cast::<PyArray2<f64>>()?.readonly();
        if points.shape() != out.shape() {
            let (found, wanted) = (points.shape(), out.shape());
            let name = ["X", "Y"][side];
            return Err(PyValueError::new_err(format!(
                "{name}: the sampler returned {found:?} numbers, not {wanted:?}"
            )));
        }
        out.zip_mut_with(&points.as_array(), |to, from| *to = *from as f32);
        Ok(())
    });
    if let Err(error) = filled {
        token.cancel();
        *failed = Some(error);
    }
}

/// Two distributions with a known W₁ and a known optimal critic.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Funnels")]
pub(crate) struct Funnels(Pair, (usize, usize, u64));

#[pymethods]
impl Funnels {
    #[new]
    #[pyo3(signature = (dim, count, seed = 0))]
    fn new(py: Python<'_>, dim: usize, count: usize, seed: u64) -> PyResult<Self> {
        at_once(py, || Pair::new(dim, count, seed)).map(|pair| Self(pair, (dim, count, seed)))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (usize, usize, u64)) {
        (slf.get_type(), slf.get().1)
    }

    /// n points of the source, of shape (n, dim).
    #[pyo3(signature = (n, seed = 0))]
    fn source<'py>(&self, py: Python<'py>, n: usize, seed: u64) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let drawn = at_once(py, || self.0.source(n, seed))?;
        Ok(drawn.points().view().to_pyarray(py))
    }

    /// n points of the target, of shape (n, dim).
    #[pyo3(signature = (n, seed = 0))]
    fn target<'py>(&self, py: Python<'py>, n: usize, seed: u64) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let drawn = at_once(py, || self.0.target(n, seed))?;
        Ok(drawn.points().view().to_pyarray(py))
    }

    /// W₁ of the two distributions, by n draws of its formula.
    #[pyo3(signature = (n = 100_000, seed = 0))]
    fn distance(&self, py: Python<'_>, n: usize, seed: u64) -> PyResult<Estimate> {
        at_once(py, || self.0.distance(n, seed)).map(estimated)
    }

    /// The optimal critic at each point, of length n.
    fn critic<'py>(&self, py: Python<'py>, points: PyReadonlyArray2<'py, f64>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        self.check(&points)?;
        let points = points.as_array();
        Ok(at_once(py, || Ok(self.0.critic(points)))?.to_pyarray(py))
    }

    /// Its gradient at each point, of shape (n, dim).
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        self.check(&points)?;
        let points = points.as_array();
        Ok(at_once(py, || Ok(self.0.gradient(points)))?.to_pyarray(py))
    }
}

impl Funnels {
    fn check(&self, points: &PyReadonlyArray2<'_, f64>) -> PyResult<()> {
        let (found, wanted) = (points.shape()[1], self.0.dim());
        if found == wanted {
            return Ok(());
        }
        Err(PyValueError::new_err(format!("points: they have dimension {found}, the funnels {wanted}")))
    }
}
