//! Networks small enough to be written by hand, with the gradients that critics need.
//!
//! No framework of automatic differentiation in Rust differentiates a gradient again, which a gradient penalty takes. For a
//! multilayer perceptron three passes do it exactly; see [`Network::penalise`].

mod activation;
mod architecture;
mod buffers;
#[cfg(test)]
pub(crate) mod differences;
mod layer;
mod lipschitz;
mod network;
mod optimiser;
mod penalty;
mod region;
pub(crate) mod saved;
mod scalar;
#[cfg(test)]
mod tests;

pub use activation::Activation;
pub use architecture::{Architecture, Init};
pub(crate) use lipschitz::{Matrices, Reparametrisation};
pub use network::{Network, Trace};
pub use optimiser::{Optimiser, Rule, Schedule};
pub use penalty::GradientPenalty;
pub use scalar::Scalar;
