//! `--cost` and `--p`: the ground cost by name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use earthwork::cost::{GroundCost, PNorm, by_name};

use crate::failure::{Failure, Outcome};

/// A ground cost as it was chosen.
#[derive(Clone)]
pub(crate) struct CostChoice {
    pub(crate) ground: Arc<dyn GroundCost>,
    /// The power of a distance that this cost is, so that the root of the transport cost is a distance; none for the cosine.
    pub(crate) order: Option<f64>,
}

impl fmt::Debug for CostChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ground.name())
    }
}

impl CostChoice {
    /// The cost of the Wasserstein distance of order p.
    pub(crate) fn wasserstein(p: f64) -> Outcome<Self> {
        if p >= 1.0 && p.is_finite() {
            let ground = Arc::new(PNorm::wasserstein(p).expect("the order was checked"));
            return Ok(Self { ground, order: Some(p) });
        }
        Err(Failure::Input(format!("--p {p}: the order of a Wasserstein distance is a finite number of at least 1")))
    }
}

impl FromStr for CostChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let ground = by_name(name).map_err(|error| error.kind().to_string())?;
        let order = ground.form().order();
        Ok(Self { ground, order })
    }
}
