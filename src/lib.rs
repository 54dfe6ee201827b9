//! Distances between distributions, each with its evidence.
#![doc = ""]

pub mod cost;
pub mod error;
pub mod estimate;
pub mod exact;
pub mod measure;
pub mod numeric;
pub mod prelude;
mod simd;
pub mod testing;
pub mod transport;

pub use error::{Error, ErrorKind, Result};
