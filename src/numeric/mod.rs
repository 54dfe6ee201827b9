//! Sums that do not lose digits, and seeded random streams.

pub mod random;
pub mod sum;

pub use random::stream;
pub use sum::Sum;
