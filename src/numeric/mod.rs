//! Sums that do not lose digits, seeded random streams, special functions.

pub(crate) mod normal;
pub mod random;
mod range;
pub mod special;
pub mod sum;

pub use random::stream;
pub(crate) use range::{range, ranges};
pub use sum::Sum;
