//! Adversarial training of points, images and text, with exact transport as the referee.
//!
//! What a GAN's losses say about the distance between generated and real points is disputed. Here every training asks the exact
//! solver: every so many steps W₁ and W₂ between fresh generated points and real ones that were never trained on, beside what two
//! real samples of that size are apart, what the critic says itself, what it proves, and any metrics that you name
//! ([`Training::with_metrics`]). Training computes in `f32` on one thread; the same seed gives the same bits, also across a
//! [`checkpoint`](Training::checkpoint).

#![expect(clippy::needless_pass_by_value, reason = "views are passed by value, as ndarray does")]

mod classifier;
mod data;
#[cfg(test)]
mod images_tests;
mod method;
#[cfg(test)]
mod metrics_tests;
mod objective;
mod passes;
mod record;
mod referee;
#[cfg(test)]
mod tests;
mod text;
mod toy;
mod training;

pub use crate::critic::Networks;
pub use crate::numeric::rank_correlation;
pub use classifier::ClassReport;
pub use data::Data;
pub use method::{CriticSteps, Gan, Referee};
pub use objective::{Loss, Objective};
pub use record::{Copies, Floor, Measured, Record};
pub use referee::tracks_w1;
pub use text::TextReport;
pub use toy::Toy;
pub use training::Training;
