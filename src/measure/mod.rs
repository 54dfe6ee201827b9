//! What a distribution is here: [`Samples`], [`Histogram`], [`Gaussian`], [`Mixture`].
//!
//! Everything is checked once, at construction: coordinates are finite, weights are finite and at least zero, some
//! mass is there. After that no code asks again.

mod axes;
mod gaussian;
mod histogram;
mod mixture;
mod samples;
mod weights;

pub(crate) use axes::axes;
pub use gaussian::Gaussian;
pub(crate) use gaussian::mean_of;
pub use histogram::Histogram;
pub use mixture::Mixture;
pub use samples::{IntoPoints, Points, Samples};
pub use weights::Weights;
