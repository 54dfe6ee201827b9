//! The answer of every estimator.

use earthwork::estimate::{Evidence, Kind, Randomness};
use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyType};

use crate::failure::unknown;
use crate::interned::interned;

/// A number and its evidence. It behaves as the number does.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Estimate")]
pub(crate) struct Estimate {
    found: earthwork::prelude::Estimate,
    /// The notes, and all of it, as text: where it comes from a pickle.
    kept: Option<(Vec<String>, String)>,
}

/// Value, evidence with its two numbers, its level and a standard error beside them (or −1), kind, method, sizes, seed, randomness, notes, text: what makes an estimate.
type Made =
    (f64, (String, f64, f64, f64, f64), String, String, (usize, usize), Option<u64>, String, Vec<String>, String);

#[pymethods]
impl Estimate {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "what was pickled, part by part")]
    fn new(
        value: f64,
        evidence: (String, f64, f64, f64, f64),
        kind: &str,
        method: String,
        sizes: (usize, usize),
        seed: Option<u64>,
        randomness: &str,
        notes: Vec<String>,
        text: String,
    ) -> PyResult<Self> {
        let (name, lower, upper, level, std_error) = evidence;
        let evidence = match name.as_str() {
            "bounds" => Evidence::Bounds { lower, upper },
            "standard error" => Evidence::StandardError(lower),
            "interval" if std_error >= 0.0 => Evidence::Asymmetric { std_error, lower, upper, level },
            "interval" => Evidence::Interval { lower, upper, level },
            "exact" => Evidence::Exact,
            "unstated" => Evidence::Unstated,
            other => return Err(unknown("evidence", other, "bounds, standard error, interval, exact, unstated")),
        };
        let kind = match kind {
            "point" => Kind::Point,
            "lower bound" => Kind::LowerBound,
            "upper bound" => Kind::UpperBound,
            other => return Err(unknown("kind", other, "point, lower bound, upper bound")),
        };
        let mut found = earthwork::prelude::Estimate::new(value, evidence, interned(method), sizes).of_kind(kind);
        found.seed = seed;
        found.randomness = match randomness {
            "sampling" => Randomness::Sampling,
            "directions" => Randomness::Directions,
            "Monte Carlo" => Randomness::MonteCarlo,
            other => return Err(unknown("randomness", other, "sampling, directions, Monte Carlo")),
        };
        Ok(Self { found, kept: Some((notes, text)) })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, Made) {
        let this = slf.get();
        let (first, second, level) = match this.found.evidence {
            Evidence::Bounds { lower, upper } => (lower, upper, 0.0),
            Evidence::StandardError(error) => (error, 0.0, 0.0),
            Evidence::Interval { lower, upper, level } | Evidence::Asymmetric { lower, upper, level, .. } => {
                (lower, upper, level)
            }
            _ => (0.0, 0.0, 0.0),
        };
        let beside = this.found.std_error().unwrap_or(-1.0);
        let evidence = (this.evidence().to_string(), first, second, level, beside);
        let (kind, method) = (this.kind().to_string(), this.method().to_string());
        let (randomness, notes, text) = (this.randomness(), this.notes(), this.__str__());
        (
            slf.get_type(),
            (this.found.value, evidence, kind, method, this.found.sizes, this.found.seed, randomness, notes, text),
        )
    }

    #[getter]
    fn value(&self) -> f64 {
        self.found.value
    }

    #[getter]
    fn lower(&self) -> f64 {
        self.found.lower()
    }

    #[getter]
    fn upper(&self) -> f64 {
        self.found.upper()
    }

    #[getter]
    fn std_error(&self) -> Option<f64> {
        self.found.std_error()
    }

    #[getter]
    fn evidence(&self) -> &'static str {
        match self.found.evidence {
            Evidence::Bounds { .. } => "bounds",
            Evidence::StandardError(_) => "standard error",
            Evidence::Interval { .. } | Evidence::Asymmetric { .. } => "interval",
            Evidence::Exact => "exact",
            _ => "unstated",
        }
    }

    #[getter]
    fn level(&self) -> Option<f64> {
        match self.found.evidence {
            Evidence::Interval { level, .. } | Evidence::Asymmetric { level, .. } => Some(level),
            _ => None,
        }
    }

    #[getter]
    fn kind(&self) -> &'static str {
        match self.found.kind {
            Kind::Point => "point",
            Kind::LowerBound => "lower bound",
            Kind::UpperBound => "upper bound",
        }
    }

    #[getter]
    fn method(&self) -> &'static str {
        self.found.method
    }

    #[getter]
    fn sizes(&self) -> (usize, usize) {
        self.found.sizes
    }

    #[getter]
    fn seed(&self) -> Option<u64> {
        self.found.seed
    }

    #[getter]
    fn randomness(&self) -> String {
        self.found.randomness.to_string()
    }

    #[getter]
    fn half_width(&self) -> Option<f64> {
        self.found.half_width()
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        let written = || self.found.notes.iter().map(ToString::to_string).collect();
        self.kept.as_ref().map_or_else(written, |(notes, _)| notes.clone())
    }

    fn __str__(&self) -> String {
        self.kept.as_ref().map_or_else(|| self.found.to_string(), |(_, text)| text.clone())
    }

    fn __repr__(&self) -> String {
        format!("Estimate({})", self.__str__())
    }

    fn __float__(&self) -> f64 {
        self.found.value
    }

    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.asked(py, "__int__")
    }

    fn __trunc__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.asked(py, "__trunc__")
    }

    fn __bool__(&self) -> bool {
        self.found.value != 0.0
    }

    fn __neg__(&self) -> f64 {
        -self.found.value
    }

    fn __pos__(&self) -> f64 {
        self.found.value
    }

    fn __abs__(&self) -> f64 {
        self.found.value.abs()
    }

    #[pyo3(signature = (ndigits = None))]
    fn __round__<'py>(&self, py: Python<'py>, ndigits: Option<i32>) -> PyResult<Bound<'py, PyAny>> {
        PyFloat::new(py, self.found.value).call_method1("__round__", (ndigits,))
    }

    fn __format__<'py>(&self, py: Python<'py>, spec: &str) -> PyResult<Bound<'py, PyAny>> {
        if spec.is_empty() {
            return Ok(self.__str__().into_pyobject(py)?.into_any());
        }
        PyFloat::new(py, self.found.value).call_method1("__format__", (spec,))
    }

    #[pyo3(signature = (dtype = None, copy = None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = copy; // a number is always copied
        py.import("numpy")?.call_method1("array", (self.found.value, dtype))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyFloat::new(py, self.found.value).hash()
    }

    fn __richcmp__<'py>(&self, other: &Bound<'py, PyAny>, op: CompareOp) -> PyResult<Bound<'py, PyAny>> {
        PyFloat::new(other.py(), self.found.value).rich_compare(plain(other), op)
    }

    fn __add__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__add__", other)
    }

    fn __radd__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__radd__", other)
    }

    fn __sub__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__sub__", other)
    }

    fn __rsub__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__rsub__", other)
    }

    fn __mul__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__mul__", other)
    }

    fn __rmul__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__rmul__", other)
    }

    fn __truediv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__truediv__", other)
    }

    fn __rtruediv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__rtruediv__", other)
    }

    fn __floordiv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__floordiv__", other)
    }

    fn __rfloordiv__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__rfloordiv__", other)
    }

    fn __mod__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__mod__", other)
    }

    fn __rmod__<'py>(&self, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with("__rmod__", other)
    }

    fn __pow__<'py>(
        &self,
        other: &Bound<'py, PyAny>,
        modulus: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = modulus; // floats have none
        self.with("__pow__", other)
    }

    fn __rpow__<'py>(
        &self,
        other: &Bound<'py, PyAny>,
        modulus: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = modulus;
        self.with("__rpow__", other)
    }
}

impl Estimate {
    /// What Python's float makes of it.
    fn asked<'py>(&self, py: Python<'py>, method: &str) -> PyResult<Bound<'py, PyAny>> {
        PyFloat::new(py, self.found.value).call_method0(method)
    }

    /// What Python's float makes of it and another.
    fn with<'py>(&self, method: &str, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        PyFloat::new(other.py(), self.found.value).call_method1(method, (plain(other),))
    }
}

/// An estimate as a float, and anything else as it is.
fn plain<'py>(other: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    match other.cast::<Estimate>() {
        Ok(estimate) => PyFloat::new(other.py(), estimate.get().found.value).into_any(),
        Err(_) => other.clone(),
    }
}

/// A result as its Python class.
pub(crate) fn estimated(found: earthwork::prelude::Estimate) -> Estimate {
    Estimate { found, kept: None }
}
