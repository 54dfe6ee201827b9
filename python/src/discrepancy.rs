//! Anything that compares two samples, and what can be asked of it: intervals, tests, laws.

use std::sync::Arc;

use earthwork::critic::{Control, NeuralCritic};
use earthwork::divergence::{
    Bandwidth, Classifier, Correction, Divergence, Energy, Features, Formula, GaussianFit, Kde, Kernel, Knn,
    LeastSquaresRatio, LinearMmd, Mmd, PlugIn, recommended,
};
use earthwork::entropic::{Epsilon, Sinkhorn, SinkhornDivergence};
use earthwork::estimate::resample::{
    Ends, Permutation, Resampling, Scheme, interval_observed, permutation_test_observed, std_error,
};
use earthwork::estimate::{Discrepancy as Compares, Evidence};
use earthwork::metrics::{ClassifierTest, Fid, FidInfinity, Kid};
use earthwork::testing::laws::{Law, Laws, Outcome};
use earthwork::transport::{Observer, Progress};
use earthwork::{Error, ErrorKind, Result, compare};
use numpy::{PyArray1, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::data::{Samples, ground};
use crate::estimate::{Estimate, estimated};
use crate::failure::{raised, unknown};
use crate::running::{Watching, run, watched};
use crate::sliced;

/// Compares two samples in one way.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Discrepancy")]
pub(crate) struct Discrepancy {
    by: Arc<dyn Compares>,
    /// Whether it heeds weights.
    weighs: bool,
}

impl From<Arc<dyn Compares>> for Discrepancy {
    fn from(by: Arc<dyn Compares>) -> Self {
        Self { by, weighs: true }
    }
}

impl Discrepancy {
    /// What it holds, for others to hold too.
    pub(crate) fn shared(&self) -> Arc<dyn Compares> {
        Arc::clone(&self.by)
    }
}

pub(crate) fn kept(d: impl Compares + 'static) -> Discrepancy {
    Discrepancy::from(Arc::new(d) as Arc<dyn Compares>)
}

/// Name, formula, outcome, what was found.
type LawRow = (&'static str, &'static str, &'static str, String);

/// What a permutation test found: statistic, p-value, its standard error, values under relabelling.
type Tested<'py> = (Estimate, f64, f64, Bound<'py, PyArray1<f64>>);

#[pymethods]
impl Discrepancy {
    #[getter]
    fn name(&self) -> String {
        self.by.name()
    }

    fn between(&self, py: Python<'_>, x: &Samples, y: &Samples) -> PyResult<Estimate> {
        let (d, x, y) = (Arc::clone(&self.by), x.0.clone(), y.in_order_of(x)?);
        let watching = Watching::default().on(x.len(), y.len());
        watched(py, watching, move |_, _| d.between(&x, &y).map(estimated))
    }

    #[pyo3(signature = (x, y, scheme, fraction, ends, level, replicates, seed, progress = None))]
    #[expect(clippy::too_many_arguments, reason = "the options of resampling")]
    fn interval(
        &self,
        py: Python<'_>,
        x: &Samples,
        y: &Samples,
        scheme: &str,
        fraction: f64,
        ends: Option<&str>,
        level: f64,
        replicates: usize,
        seed: u64,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Estimate> {
        let options = match scheme {
            "auto" => Resampling::default(),
            "bootstrap" => Resampling::bootstrap(),
            "subsample" => Resampling::subsample(fraction),
            "jackknife" => Resampling::jackknife(),
            _ => return Err(unknown("scheme", scheme, "auto, subsample, bootstrap, jackknife")),
        };
        let options = match ends {
            None => options,
            Some("debiased") => options.with_ends(Ends::Debiased),
            Some("basic") => options.with_ends(Ends::Basic),
            Some("percentile") => options.with_ends(Ends::Percentile),
            Some("bca") => options.with_ends(Ends::Bca),
            Some(other) => return Err(unknown("ends", other, "debiased, basic, percentile, bca")),
        };
        let replicates = if matches!(options.scheme, Scheme::Jackknife) { options.replicates } else { replicates };
        let options = options.with_level(level).with_replicates(replicates).with_seed(seed);
        let (d, x, y) = (Arc::clone(&self.by), x.0.clone(), y.in_order_of(x)?);
        watched(py, Watching::new(None, progress), move |interrupt, observer| {
            let mut go_on = |done: usize| {
                let mut progress = Progress::default();
                (progress.stage, progress.done) = ("resample", done);
                observer.observe(&progress);
                !interrupt.cancel.as_ref().is_some_and(earthwork::transport::CancelToken::is_cancelled)
            };
            interval_observed(&*d, &x, &y, &options, &mut go_on).map(estimated)
        })
    }

    /// The value with its jackknife standard error.
    fn std_error(&self, py: Python<'_>, x: &Samples, y: &Samples) -> PyResult<Estimate> {
        let (d, x, y) = (Arc::clone(&self.by), x.0.clone(), y.in_order_of(x)?);
        run(py, move || std_error(&*d, &x, &y).map(estimated))
    }

    #[pyo3(signature = (x, y, permutations, seed, progress = None))]
    fn test<'py>(
        &self,
        py: Python<'py>,
        x: &Samples,
        y: &Samples,
        permutations: usize,
        seed: u64,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Tested<'py>> {
        let (d, x, y) = (Arc::clone(&self.by), x.0.clone(), y.in_order_of(x)?);
        let found = watched(py, Watching::new(None, progress), move |interrupt, observer| {
            let mut go_on = |done: usize| {
                let mut progress = Progress::default();
                (progress.stage, progress.done, progress.total) = ("permute", done, permutations);
                observer.observe(&progress);
                !interrupt.cancel.as_ref().is_some_and(earthwork::transport::CancelToken::is_cancelled)
            };
            let options = Permutation::new(permutations).with_seed(seed);
            permutation_test_observed(&*d, &x, &y, &options, &mut go_on)
        })?;
        let error = found.p_value_error();
        Ok((estimated(found.statistic), found.p_value, error, found.null.to_pyarray(py)))
    }

    /// Each law: name, formula, outcome ("kept", "broken", "not applicable", "no value"), and the exponent or counterexample.
    fn laws(&self, py: Python<'_>, cases: usize, points: usize, seed: u64) -> PyResult<Vec<LawRow>> {
        let (d, weighs) = (Arc::clone(&self.by), self.weighs);
        run(py, move || {
            let report = Laws::default().with_cases(cases).with_points(points).with_seed(seed).report(&*d);
            let row = |(law, outcome): &(Law, Outcome)| {
                let (word, found) = match outcome {
                    _ if !weighs && matches!(law, Law::Splitting | Law::Convexity) => {
                        ("not applicable", "the law is about weights, and the function takes none".to_string())
                    }
                    Outcome::Kept { exponent: Some(k), .. } => ("kept", format!("k = {k}")),
                    Outcome::Kept { cases, .. } => ("kept", format!("{cases} cases")),
                    Outcome::Broken(example) => ("broken", example.to_string()),
                    Outcome::Refused(why) if why.contains(NO_WEIGHTS) => ("not applicable", why.clone()),
                    Outcome::Refused(why) => ("no value", why.clone()),
                    Outcome::NotApplicable(why) => ("not applicable", why.clone()),
                    _ => ("no value", String::new()),
                };
                (law.name(), law.formula(), word, found)
            };
            Ok(report.outcomes.iter().map(row).collect())
        })
    }

    fn __repr__(&self) -> String {
        format!("Discrepancy({})", self.by.name())
    }

    /// By a name of the catalogue, such as `energy` or `sw:1`.
    #[staticmethod]
    fn named(name: &str) -> PyResult<Self> {
        compare::discrepancy(name).map(|d| Self::from(Arc::from(d))).map_err(|error| raised(&error))
    }

    /// A function of two arrays of points that returns a number. `takes` is how it takes weights: by two names, by position (""), or
    /// not at all.
    #[staticmethod]
    #[pyo3(signature = (function, name, takes = None))]
    fn from_function(function: Py<PyAny>, name: String, takes: Option<(String, String)>) -> Self {
        let takes = match takes {
            None => Takes::None,
            Some((x, y)) if x.is_empty() && y.is_empty() => Takes::ByPosition,
            Some((x, y)) => Takes::ByName(x, y),
        };
        let weighs = !matches!(takes, Takes::None);
        Self { weighs, ..kept(Function { callable: function, name, takes }) }
    }

    #[staticmethod]
    fn energy(unbiased: bool, rooted: bool) -> Self {
        let mut energy = if unbiased { Energy::unbiased() } else { Energy::default() };
        energy.rooted = rooted;
        kept(energy)
    }

    #[staticmethod]
    #[pyo3(signature = (kernel, bandwidth, unbiased, rooted, linear, degree = 3, scale = None, offset = 1.0))]
    #[expect(clippy::too_many_arguments, reason = "the options of a kernel")]
    fn mmd(
        kernel: &str,
        bandwidth: &Bound<'_, PyAny>,
        unbiased: bool,
        rooted: bool,
        linear: bool,
        degree: u32,
        scale: Option<f64>,
        offset: f64,
    ) -> PyResult<Self> {
        let kernel = match kernel {
            "gaussian" => Kernel::Gaussian(lengths(bandwidth)?),
            "laplace" => Kernel::Laplace(lengths(bandwidth)?),
            "polynomial" => Kernel::Polynomial { degree, scale, offset },
            _ => return Err(unknown("kernel", kernel, "gaussian, laplace, polynomial")),
        };
        if linear {
            return Ok(kept(LinearMmd::new(kernel)));
        }
        let mmd = if unbiased { Mmd::new(kernel).unbiased() } else { Mmd::new(kernel) };
        Ok(kept(if rooted { mmd.rooted() } else { mmd }))
    }

    #[staticmethod]
    fn sinkhorn_divergence(epsilon: f64, relative: bool, cost: &str, tolerance: f64) -> PyResult<Self> {
        let epsilon = if relative { Epsilon::Relative(epsilon) } else { Epsilon::Absolute(epsilon) };
        let solver = Sinkhorn::with_epsilon(epsilon).with_tolerance(tolerance);
        Ok(kept(SinkhornDivergence::with_solver(solver).with_cost(ground(cost)?)))
    }

    #[staticmethod]
    fn sliced(options: sliced::Options<'_>) -> PyResult<Self> {
        Ok(kept(options.split()?.0))
    }

    #[staticmethod]
    fn spherical(p: f64, circles: usize, seed: u64) -> Self {
        kept(earthwork::sliced::SphericalSliced::new(p).with_circles(circles).with_seed(seed))
    }

    #[staticmethod]
    fn fid(over_n: bool) -> Self {
        kept(if over_n { Fid::of_the_samples() } else { Fid::default() })
    }

    #[staticmethod]
    fn kid(subsets: usize, subset_size: usize, seed: u64) -> Self {
        kept(Kid::default().with_subsets(subsets, subset_size).with_seed(seed))
    }

    #[staticmethod]
    #[pyo3(signature = (sizes, least, repeats, fake_only, seed))]
    fn fid_infinity(sizes: usize, least: Option<usize>, repeats: usize, fake_only: bool, seed: u64) -> Self {
        let mut fid = FidInfinity::default().with_seed(seed);
        (fid.sizes, fid.least, fid.repeats, fid.fake_only) = (sizes, least, repeats, fake_only);
        kept(fid)
    }

    #[staticmethod]
    fn classifier_test(features: &str, seed: u64) -> PyResult<Self> {
        let mut test = ClassifierTest::default().with_seed(seed);
        test.features = match features {
            "linear" => Features::Linear,
            "quadratic" => Features::Quadratic,
            other => return Err(unknown("features", other, "linear, quadratic")),
        };
        Ok(kept(test))
    }

    #[staticmethod]
    fn gelbrich() -> Self {
        kept(earthwork::closed_form::Gelbrich)
    }

    #[staticmethod]
    #[pyo3(signature = (control, steps, batch, seed))]
    fn critic(control: &str, steps: u64, batch: usize, seed: u64) -> PyResult<Self> {
        let control = Control::named(control).map_err(|error| raised(&error))?;
        Ok(kept(NeuralCritic::new(control).with_steps(steps).with_batch(batch).with_seed(seed)))
    }

    /// An estimator of a divergence from samples of `dim` coordinates.
    #[staticmethod]
    #[pyo3(signature = (kind, method, dim, k = None, whiten = true, bins = None, correction = None, bandwidth = None, alpha = None, folds = None, features = None, seed = 0))]
    #[expect(clippy::too_many_arguments, reason = "one estimator reads few of them; Python refuses the others")]
    fn divergence(
        kind: &str,
        method: &str,
        dim: usize,
        k: Option<usize>,
        whiten: bool,
        bins: Option<usize>,
        correction: Option<&str>,
        bandwidth: Option<f64>,
        alpha: Option<f64>,
        folds: Option<usize>,
        features: Option<&str>,
        seed: u64,
    ) -> PyResult<Self> {
        let divergence = divergence(kind)?;
        let neighbours = || {
            let mut knn = Knn::new(divergence);
            (knn.k, knn.whiten) = (k.unwrap_or(knn.k), whiten);
            knn
        };
        let classifier = || -> PyResult<Classifier> {
            let mut classifier = Classifier::new(divergence).with_seed(seed);
            classifier.folds = folds.unwrap_or(classifier.folds);
            match features {
                None => Ok(classifier),
                Some("linear") => Ok(classifier.with_features(Features::Linear)),
                Some("quadratic") => Ok(classifier.with_features(Features::Quadratic)),
                Some(other) => Err(unknown("features", other, "linear, quadratic")),
            }
        };
        Ok(match method {
            "auto" => Self::from(Arc::<dyn Compares>::from(recommended(divergence, dim))),
            "knn" => kept(neighbours()),
            "knn-ball" => kept(neighbours().by_balls()),
            "classifier" | "nwj" => kept(classifier()?),
            "dv" => kept(classifier()?.with_formula(Formula::DonskerVaradhan)),
            "logistic" => kept(classifier()?.with_formula(Formula::PlugIn)),
            "gaussian" => kept(GaussianFit::new(divergence)),
            "kde" => kept(Kde::new(divergence).with_bandwidth(bandwidth.unwrap_or(1.0))),
            "histogram" => {
                let mut plug_in = PlugIn::new(divergence);
                plug_in.bins = bins;
                plug_in.correction = match correction {
                    None => plug_in.correction,
                    Some("none") => Correction::None,
                    Some("miller-madow") => Correction::MillerMadow,
                    Some("krichevsky-trofimov") => Correction::KrichevskyTrofimov,
                    Some(other) => {
                        return Err(unknown("correction", other, "none, miller-madow, krichevsky-trofimov"));
                    }
                };
                kept(plug_in)
            }
            "ulsif" | "rulsif" => {
                if divergence != Divergence::ChiSquared {
                    return Err(PyValueError::new_err(format!("method: {method} estimates chi2, not {kind}")));
                }
                let alpha = if method == "ulsif" { 0.0 } else { alpha.unwrap_or(0.5) };
                kept(LeastSquaresRatio::rulsif(alpha).with_seed(seed))
            }
            _ => {
                let known =
                    "auto, knn, knn-ball, classifier, nwj, dv, logistic, gaussian, kde, histogram, ulsif, rulsif";
                return Err(unknown("method", method, known));
            }
        })
    }
}

/// The names that [`Discrepancy::named`] knows.
#[pyfunction]
pub(crate) fn discrepancy_names() -> (Vec<&'static str>, &'static str) {
    (compare::catalogue().iter().map(|entry| entry.key).collect(), compare::FORMS)
}

/// The length over which a kernel tells points apart: "median", "around-median", a number or several.
fn lengths(given: &Bound<'_, PyAny>) -> PyResult<Bandwidth> {
    if let Ok(name) = given.extract::<String>() {
        return match name.as_str() {
            "median" => Ok(Bandwidth::Median),
            "around-median" => Ok(Bandwidth::AroundMedian),
            _ => Err(unknown("bandwidth", &name, "median, around-median, or a number or several")),
        };
    }
    if let Ok(length) = given.extract::<f64>() {
        return Ok(Bandwidth::Fixed(length));
    }
    Ok(Bandwidth::Several(given.extract()?))
}

/// A divergence by its name.
pub(crate) fn divergence(name: &str) -> PyResult<Divergence> {
    name.parse().map_err(|error: Error| raised(&error.about("kind")))
}

/// How a Python function takes the weights of the two samples.
#[derive(Clone)]
enum Takes {
    /// Not at all: it is for equal weights.
    None,
    /// After the points, in their order.
    ByPosition,
    /// By these names.
    ByName(String, String),
}

/// A discrepancy that is computed in Python.
struct Function {
    callable: Py<PyAny>,
    name: String,
    takes: Takes,
}

impl Function {
    fn called(
        &self,
        py: Python<'_>,
        x: &earthwork::prelude::Samples,
        y: &earthwork::prelude::Samples,
    ) -> PyResult<f64> {
        let [first, second] = [x, y].map(|side| side.points().view().to_pyarray(py));
        let weights = || [x, y].map(|side| side.weights().as_slice().to_pyarray(py));
        let found = match &self.takes {
            Takes::None => self.callable.call1(py, (first, second)),
            Takes::ByPosition => {
                let [a, b] = weights();
                self.callable.call1(py, (first, second, a, b))
            }
            Takes::ByName(of_x, of_y) => {
                let ([a, b], named) = (weights(), PyDict::new(py));
                named.set_item(of_x, a)?;
                named.set_item(of_y, b)?;
                self.callable.call(py, (first, second), Some(&named))
            }
        };
        found?.extract(py)
    }
}

/// How a refusal of weights begins, by which [`Discrepancy::laws`] knows it.
const NO_WEIGHTS: &str = "it takes no weights";

impl Compares for Function {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn between(
        &self,
        x: &earthwork::prelude::Samples,
        y: &earthwork::prelude::Samples,
    ) -> Result<earthwork::prelude::Estimate> {
        let failed = |why: String| Error::new("function", ErrorKind::Unsupported(why.into()));
        if matches!(self.takes, Takes::None) && ![x, y].iter().all(|side| side.weights().is_uniform()) {
            return Err(failed(format!("{NO_WEIGHTS}, and these are not equal; one of X, Y, a and b is given them")));
        }
        let called = Python::attach(|py| self.called(py, x, y));
        let value = called.map_err(|error| failed(error.to_string()))?;
        if value.is_nan() {
            return Err(failed("it returned NaN".into()));
        }
        Ok(earthwork::prelude::Estimate::new(value, Evidence::Unstated, "a Python function", (x.len(), y.len())))
    }
}
