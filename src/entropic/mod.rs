//! Entropic optimal transport that converges, and knows it.
//!
//! | you want | call |
//! | --- | --- |
//! | min ⟨C, P⟩ + ε Σ P log(P / R) with R = a ⊗ b / M or a ⊗ b, with bounds on the exact cost | [`Sinkhorn`] |
//! | W_p of two samples at ε, with bounds on the exact one, as a `Discrepancy` | [`EntropicWasserstein`] |
//! | a smooth loss that is 0 at equality, and its gradient | [`SinkhornDivergence`] |
//! | potentials and a map at new points | [`EntropicMap`] |
//! | masses that differ, or transport of a part | [`Unbalanced`] |
//! | what lies between several measures | [`Barycenter`], [`SinkhornDivergence::barycenter`] |
//!
//! ε is in units of the cost, or relative to the mean cost: [`Epsilon`]. Reference: Peyré & Cuturi, *Computational Optimal
//! Transport*, 2019, chapter 4.

mod barycenter;
mod boxes;
mod divergence;
mod epsilon;
mod free_barycenter;
mod geometry;
mod kernel;
mod layout;
mod levels;
mod loose;
mod loose_newton;
mod map;
mod marginal;
mod mesh;
mod newton;
mod normal;
mod parts;
mod powers;
mod priced;
mod rounding;
mod semi_dual;
mod share;
mod sinkhorn;
mod solution;
mod square;
mod stage;
mod tiles;
mod transforms;
mod unbalanced;
mod wasserstein;
mod work;

pub use barycenter::{Barycenter, BarycenterSolution};
pub use divergence::{Divergence, SinkhornDivergence};
pub use epsilon::{Epsilon, mean_cost};
pub use free_barycenter::SoftBarycenter;
pub use map::EntropicMap;
pub use marginal::{Marginal, Reference};
pub use sinkhorn::Sinkhorn;
pub use solution::SinkhornSolution;
pub use unbalanced::{Unbalanced, UnbalancedSolution};
pub use wasserstein::EntropicWasserstein;
