//! Distances and divergences between distributions that are not transport.

mod kernel;

pub use kernel::{Bandwidth, Energy, Kernel, LinearMmd, Mmd, Pairing};
