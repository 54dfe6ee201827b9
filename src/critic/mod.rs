//! Learned dual estimates of W₁: functions with a proven Lipschitz constant.
//!
//! For any function f of Lipschitz constant 1, E_P f − E_Q f ≤ W₁(P, Q), and the best f attains it (Kantorovich & Rubinstein). The
//! critic of a WGAN is such a function as far as its training holds it to the constant; what its loss says about W₁ depends on how
//! far. Here a critic's value is divided by a constant that is proven after the training, so it is a lower bound on the exact W₁
//! of the same samples, and stands beside it.

#![expect(clippy::needless_pass_by_value, reason = "views are passed by value, as ndarray does")]

pub(crate) mod batches;
mod benchmark;
mod duals;
mod exact_dual;
mod fit;
mod funnels;
pub(crate) mod held;
mod method;
pub mod net;
mod networks;
#[cfg(test)]
mod tests;
mod trained;

pub use benchmark::{Marks, Witness};
pub use exact_dual::ExactDual;
pub use fit::NeuralCritic;
pub use funnels::{Funnels, Score};
pub use method::Control;
pub use networks::Networks;
pub use trained::Critic;
