//! Metrics of generative models held against exact transport: which of them say what is wrong with a fake sample, from which
//! severity on, and which say nothing or the opposite.
//!
//! ```
//! use earthwork::measure::Mixture;
//! use earthwork::metrics::{Manifold, Metric};
//! use earthwork::validate::{Corruption, Population, Validation, Verdict};
//!
//! let ring = Population::mixture(Mixture::ring(8, 1.0, 0.07)?);
//! let metrics = [Metric::score("precision", Manifold::precision()), Metric::score("recall", Manifold::recall())];
//! let report = Validation::default()
//!     .with_corruptions([Corruption::ModeDrop])
//!     .with_points(200)
//!     .run(&ring, &metrics)?;
//! let sweep = &report.sweeps[0];
//! assert_ne!(sweep.curves[0].verdict, Some(Verdict::Follows));
//! assert_eq!(sweep.curves[1].verdict, Some(Verdict::Follows));
//! # Ok::<(), earthwork::Error>(())
//! ```
//!
//! - [`Population`]: where real points come from: a mixture, or a sample whose modes are given or found.
//! - [`Corruption`]: thirteen ways to go wrong, each with a severity from 0 to 1.
//! - [`Validation`]: severity sweeps with repeats, exact W₁ and W₂ beside each value, and what follows from them: a [`Report`].
//!
//! Metrics come from [`metrics::catalogue`](crate::metrics::catalogue), or are your own: anything that is a
//! [`Discrepancy`](crate::estimate::Discrepancy), with [`Metric::distance`](crate::metrics::Metric::distance).

mod clusters;
mod correlation;
mod corruption;
mod population;
mod report;
mod run;
mod verdict;

pub use correlation::Correlation;
pub use corruption::Corruption;
pub use population::{Labelled, Population, Scene};
pub use report::{Curve, Floor, Follows, MetricInfo, Report, SizePoint, Sweep};
pub use run::Validation;
pub use verdict::Verdict;
