//! Sliced transport: distances between samples through their projections onto lines, with error bars.
//!
//! For a direction θ on the unit sphere of R^d the projections θ·x and θ·y are two samples on a line, where transport is
//! sorting. [`Sliced`] averages W_p^p of the slices over directions (Rabin et al., "Wasserstein barycenter and its application
//! to texture mixing", 2011; Bonneel et al., "Sliced and Radon Wasserstein barycenters of measures", 2015):
//!
//! ```text
//! SW_p(x, y)^p = ∫ W_p(θ·x, θ·y)^p dθ
//! ```
//!
//! It is a metric of its own, smaller than W_p, and costs O(L (n + m) (d + log(n + m))) for L directions where W_p costs the
//! square or the cube of n. Directions are few, so the mean is random: every value has a standard error.
//!
//! | what | call |
//! | --- | --- |
//! | SW_p with its standard error | [`Sliced::solve`], [`Sliced::to_precision`] |
//! | its gradient with respect to the points | [`Sliced::gradient`] |
//! | a plan, and proven bounds on W_p | [`Sliced::best_plan`], [`Sliced::expected_plan`], [`Sliced::bounds`] |
//! | the largest slice, with its direction | [`MaxSliced`] |
//! | the k-dimensional subspace in which samples differ most | [`SubspaceRobust`] |
//! | points that come in chunks and are not kept | [`SlicedStream`] |
//! | samples of different mass, outliers: only a part of it moves | [`PartialSliced`] |
//! | data on a sphere; slices by functions of your own | [`SphericalSliced`], [`GeneralisedSliced`] |

mod distance;
mod error_bars;
mod gradient;
mod max;
mod merge;
mod method;
mod pair;
mod partial;
mod plans;
mod pulls;
mod sobol;
mod spherical;
mod stream;
mod subspace;
#[cfg(test)]
mod tests;

pub use distance::{Sliced, SlicedDistance};
pub use gradient::SlicedGradient;
pub use max::{MaxSlice, MaxSliced};
pub use method::Method;
pub use partial::{Amount, PartialSliced, PartialSlicedDistance};
pub use plans::SlicedPlan;
pub use spherical::{GeneralisedSliced, SphericalSliced};
pub use stream::{SlicedStream, Streamed};
pub use subspace::{SubspaceDistance, SubspaceRobust};
