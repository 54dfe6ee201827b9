//! Sums that do not lose digits, seeded random streams, special functions.

pub mod random;
pub mod special;
pub mod sum;

pub use random::stream;
pub use sum::Sum;
