//! Sums that do not lose digits, and seeded random streams.

pub(crate) mod normal;
pub mod random;
pub mod sum;

pub use random::stream;
pub use sum::Sum;
