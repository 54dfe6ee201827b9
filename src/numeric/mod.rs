//! Sums that do not lose digits, seeded random streams, special functions.

pub(crate) mod normal;
pub mod random;
pub mod special;
pub mod sum;

pub use random::stream;
pub use sum::Sum;
