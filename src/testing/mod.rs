//! Problems with known answers, families of difficult input, and a checker that trusts nobody.
//!
//! Tests, benches and the other faces of the library draw from here; nothing in the library itself does. Everything is
//! deterministic: the same sizes and the same seed give the same bits.
//!
//! - [`known`]: problems whose optimal cost and plan follow from a theorem or from trying every plan.
//! - [`Family`] and [`Weighting`]: clouds and masses that break solvers: ties, duplicates, heavy tails, far clusters.
//! - [`laws`]: which laws a discrepancy keeps, yours or ours, with the smallest counterexample to those that it breaks.
//! - [`check`](fn@check): whether a solution is right, by brute force over all pairs, with no code of the solvers.
//!
//! ```
//! use earthwork::prelude::*;
//! use earthwork::testing::{check, known};
//!
//! let known = known::brenier(50, 3, 7);
//! let solution = solve(&known.problem)?;
//! check(&known.problem, &solution).unwrap();
//! assert!((solution.transport_cost - known.transport_cost).abs() <= 1e-12 * known.transport_cost);
//! # Ok::<(), earthwork::Error>(())
//! ```

mod brute_force;
mod check;
mod families;
pub mod known;
pub mod laws;

pub use brute_force::brute_force;
pub use check::{check, check_bounds, check_plan};
pub use families::{Family, Weighting, problem};
pub use known::Known;
