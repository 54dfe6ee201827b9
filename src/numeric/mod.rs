//! Sums that do not lose digits, seeded random streams, ranks, special functions.

pub(crate) mod normal;
pub(crate) mod parallel;
pub mod random;
mod range;
mod rank;
pub mod special;
pub mod sum;

pub use random::stream;
pub(crate) use range::{range, ranges};
pub use rank::rank_correlation;
pub use sum::Sum;
