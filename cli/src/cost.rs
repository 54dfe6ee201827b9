//! `--cost` and `--p`: the ground cost by name.

use std::str::FromStr;
use std::sync::Arc;

use earthwork::cost::{Cosine, Euclidean, GroundCost, PNorm, SquaredEuclidean};

use crate::failure::{Failure, Outcome};

/// A ground cost by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CostChoice {
    SquaredEuclidean,
    Euclidean,
    /// A p-norm: cityblock, chebyshev, minkowski:P.
    Norm(PNorm),
    Cosine,
    /// The Euclidean distance to the power p.
    Wasserstein(f64),
}

impl CostChoice {
    /// The cost of the Wasserstein distance of order p.
    pub(crate) fn wasserstein(p: f64) -> Outcome<Self> {
        if p >= 1.0 && p.is_finite() {
            return Ok(Self::Wasserstein(p));
        }
        Err(Failure::Input(format!("--p {p}: the order of a Wasserstein distance is a finite number of at least 1")))
    }

    pub(crate) fn ground(self) -> Arc<dyn GroundCost> {
        match self {
            Self::SquaredEuclidean => Arc::new(SquaredEuclidean),
            Self::Euclidean => Arc::new(Euclidean),
            Self::Norm(norm) => Arc::new(norm),
            Self::Cosine => Arc::new(Cosine),
            Self::Wasserstein(p) => Arc::new(PNorm::wasserstein(p).expect("the order was checked")),
        }
    }

    /// The power of a distance that this cost is, so that the root of the transport cost is a distance; none for the cosine.
    pub(crate) fn order(self) -> Option<f64> {
        match self {
            Self::SquaredEuclidean => Some(2.0),
            Self::Euclidean | Self::Norm(_) => Some(1.0),
            Self::Cosine => None,
            Self::Wasserstein(p) => Some(p),
        }
    }
}

impl FromStr for CostChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = "one of sqeuclidean, euclidean, cityblock, chebyshev, minkowski:P and cosine";
        Ok(match name {
            "sqeuclidean" => Self::SquaredEuclidean,
            "euclidean" => Self::Euclidean,
            "cityblock" => Self::Norm(PNorm::cityblock()),
            "chebyshev" => Self::Norm(PNorm::chebyshev()),
            "cosine" => Self::Cosine,
            _ => {
                let order = name.strip_prefix("minkowski:").ok_or(format!("a cost is {known}"))?;
                let order: f64 = order.parse().map_err(|_| format!("`{order}` is no number; write minkowski:3"))?;
                Self::Norm(PNorm::new(order).map_err(|error| error.to_string())?)
            }
        })
    }
}
