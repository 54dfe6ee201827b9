//! Divergences between distributions: exact where they can be, estimated with honest error where they cannot.
//!
//! | what you have | what to call | what comes back |
//! | --- | --- | --- |
//! | masses on one support: [`Weights`](crate::measure::Weights), [`Histogram`](crate::measure::Histogram) | [`Divergence::between`], [`f_divergence`] | the exact value |
//!
//! All logarithms are natural: values are in nats.

mod discrete;
mod kind;

pub use discrete::{OnBins, f_divergence};
pub use kind::Divergence;
