//! The answer of every estimator.

use earthwork::estimate::{Evidence, Kind};
use pyo3::prelude::*;

/// A number and its evidence.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Estimate")]
pub(crate) struct Estimate(pub(crate) earthwork::prelude::Estimate);

#[pymethods]
impl Estimate {
    #[getter]
    fn value(&self) -> f64 {
        self.0.value
    }

    #[getter]
    fn lower(&self) -> f64 {
        self.0.lower()
    }

    #[getter]
    fn upper(&self) -> f64 {
        self.0.upper()
    }

    #[getter]
    fn std_error(&self) -> Option<f64> {
        self.0.std_error()
    }

    #[getter]
    fn evidence(&self) -> &'static str {
        match self.0.evidence {
            Evidence::Bounds { .. } => "bounds",
            Evidence::StandardError(_) => "standard error",
            Evidence::Interval { .. } => "interval",
            Evidence::Exact => "exact",
            _ => "unstated",
        }
    }

    #[getter]
    fn level(&self) -> Option<f64> {
        match self.0.evidence {
            Evidence::Interval { level, .. } => Some(level),
            _ => None,
        }
    }

    #[getter]
    fn kind(&self) -> &'static str {
        match self.0.kind {
            Kind::Point => "point",
            Kind::LowerBound => "lower bound",
            Kind::UpperBound => "upper bound",
        }
    }

    #[getter]
    fn method(&self) -> &'static str {
        self.0.method
    }

    #[getter]
    fn sizes(&self) -> (usize, usize) {
        self.0.sizes
    }

    #[getter]
    fn seed(&self) -> Option<u64> {
        self.0.seed
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes.iter().map(ToString::to_string).collect()
    }

    fn __float__(&self) -> f64 {
        self.0.value
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Estimate({})", self.0)
    }
}

/// A closure result as its Python class.
pub(crate) fn estimated(found: earthwork::prelude::Estimate) -> Estimate {
    Estimate(found)
}
