//! Kernel distances: the energy distance and the maximum mean discrepancy, by sums over all pairs of points in blocks.

mod energy;
mod function;
mod line;
mod mmd;
mod scale;
mod second_order;
mod statistic;
mod sums;
#[cfg(test)]
mod tests;

pub use energy::Energy;
pub use mmd::{Bandwidth, Kernel, LinearMmd, Mmd};
pub use statistic::Pairing;
