//! Sums that do not lose digits, and seeded random streams.

pub(crate) mod normal;
pub mod random;
mod range;
pub mod sum;

pub use random::stream;
pub(crate) use range::{range, ranges};
pub use sum::Sum;
