//! Transport between distributions for which there is a formula: Gaussians, mixtures of them, quantile functions.
//!
//! | function | between | what |
//! | --- | --- | --- |
//! | [`bures_wasserstein`] | Gaussians, degenerate ones too | W₂ |
//! | [`gaussian_map`] | " | the optimal map x ↦ m + T (x − mean) |
//! | [`gaussian_barycenter`] | any number of Gaussians | their barycenter in W₂ |
//! | [`entropic_gaussian`] | Gaussians | entropic transport, its cost, the Sinkhorn divergence |
//! | [`gelbrich`] | any samples | a lower bound on W₂ from means and covariances alone |
//! | [`mixture_distance`] | Gaussian mixtures | MW₂: transport between components, an upper bound on W₂ |
//! | [`quantile_distance`] | two quantile functions | W_p on the line |
//!
//! [`Moments`] is a mean and a covariance that may have any rank.

mod entropic;
mod gaussian;
mod mixture;
mod moments;
mod quantile;
#[cfg(test)]
mod tests;

pub use entropic::{EntropicGaussian, entropic_gaussian};
pub use gaussian::{
    AffineMap, GaussianBarycenter, Gelbrich, bures_wasserstein, gaussian_barycenter, gaussian_map, gelbrich,
};
pub(crate) use gaussian::{bures_squared, maps_between};
pub use mixture::{MixtureDistance, mixture_distance};
pub use moments::Moments;
pub use quantile::{Level, quantile_distance};
