//! Entropic optimal transport that converges, and knows it.

mod divergence;
mod epsilon;
mod geometry;
mod kernel;
mod levels;
mod map;
mod newton;
mod rounding;
mod sinkhorn;
mod solution;
mod stage;
mod work;

pub use divergence::{Divergence, SinkhornDivergence};
pub use epsilon::{Epsilon, mean_cost};
pub use map::EntropicMap;
pub use sinkhorn::Sinkhorn;
pub use solution::SinkhornSolution;
