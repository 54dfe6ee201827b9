//! The problem, what answers it, and the evidence: [`Problem`], [`Plan`], [`Potentials`], [`Bounds`], [`Solution`].
//!
//! Discrete optimal transport between masses a (n sources) and b (m targets) under costs c is the pair of linear
//! programs (Peyré & Cuturi, *Computational Optimal Transport*, 2019, §2.3 and §2.5):
//!
//! ```text
//! min { Σ P_ij c_ij : P ≥ 0, P 1 = a, Pᵀ 1 = b }  =  max { Σ a_i f_i + Σ b_j g_j : f_i + g_j ≤ c_ij }
//! ```
//!
//! Any feasible plan is an upper bound and any feasible potentials are a lower bound. [`certify`] makes both feasible
//! and computes both bounds without trusting the solver that proposed them.

mod certify;
mod extend;
mod gradient;
mod levels;
mod observer;
mod plan;
mod problem;
mod repair;
mod root;
mod solution;

pub(crate) use certify::certify_until;
pub use certify::{Certificate, certify};
pub(crate) use certify::{balanced, check_shapes};
pub(crate) use extend::extended;
pub use gradient::{Gradient, gradient};
pub(crate) use gradient::{differentiable, slope_at};
pub(crate) use observer::limits;
pub use observer::{CancelToken, Interrupt, Observer, Progress, Silent, Watch};
pub use plan::{Flow, Plan};
pub use problem::Problem;
pub use root::Root;
pub use solution::{Bounds, Potentials, Report, Solution, Status, Summary};
