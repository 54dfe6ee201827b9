//! Networks small enough to be written by hand, with the gradients that critics need.
//!
//! No framework of automatic differentiation in Rust differentiates a gradient again, which a gradient penalty takes. For a
//! multilayer perceptron three passes do it exactly; see [`Network::penalise`].

mod activation;
mod architecture;
mod assembly;
mod block;
mod buffers;
mod convolution;
#[cfg(test)]
pub(crate) mod differences;
mod init;
mod layer;
mod lipschitz;
mod module;
mod network;
mod normal;
mod optimiser;
mod penalty;
mod region;
pub(crate) mod saved;
mod scalar;
mod shape;
#[cfg(test)]
mod tests;
mod windows;

pub use activation::Activation;
pub use architecture::{Architecture, Modules};
pub use init::Init;
pub(crate) use lipschitz::{Matrices, Reparametrisation};
pub use module::Module;
pub use network::{Network, Trace};
pub use optimiser::{Optimiser, Rule, Schedule};
pub use penalty::GradientPenalty;
pub use scalar::Scalar;
