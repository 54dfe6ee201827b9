//! What three lines to a distance need: `use earthwork::prelude::*;`.

pub use crate::cost::{Cosine, CostFn, Euclidean, GroundCost, PNorm, SquaredEuclidean};
pub use crate::divergence::{Divergence, Knn};
pub use crate::error::{Error, Result};
pub use crate::estimate::{Discrepancy, Estimate, Evidence};
pub use crate::exact::{NetworkSimplex, Wasserstein, solve, wasserstein};
pub use crate::measure::{Gaussian, Histogram, Mixture, Points, Samples, Weights};
pub use crate::transport::{Bounds, Plan, Potentials, Problem, Solution, Status, certify};
