//! Divergences between distributions: exact where they can be, estimated with honest error where they cannot.
//!
//! | what you have | what to call | what comes back |
//! | --- | --- | --- |
//! | masses on one support: [`Weights`](crate::measure::Weights), [`Histogram`](crate::measure::Histogram) | [`Divergence::between`], [`f_divergence`] | the exact value |
//! | two samples, and the question how far apart they are without solving a transport problem | [`Energy`], [`Mmd`], [`LinearMmd`] | an estimate and its standard error |
//!
//! All logarithms are natural: values are in nats. Kernel distances are in units of length ([`Energy`]) or have none ([`Mmd`]).

mod discrete;
mod kernel;
mod kind;

pub use discrete::{OnBins, f_divergence};
pub use kernel::{Bandwidth, Energy, Kernel, LinearMmd, Mmd, Pairing};
pub use kind::Divergence;
