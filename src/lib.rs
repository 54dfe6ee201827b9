//! Distances between distributions, each with its evidence.
//!
//! earthwork computes optimal transport exactly: the least work that turns one heap of mass into another, the plan that
//! does it, and a proof that no plan does it for less. Entropic and sliced transport, divergences, kernel distances and
//! critics stand beside it. Every number comes with what supports it, so you need not trust the solver.
//!
//! Three lines from two arrays to the Wasserstein distance W₂:
//!
//! ```
//! use earthwork::prelude::*;
//!
//! let x = Samples::new(ndarray::array![[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])?;
//! let y = Samples::new(ndarray::array![[3.0, 4.0], [4.0, 4.0], [3.0, 6.0]])?;
//! let w2 = wasserstein(&x, &y, 2.0)?;
//!
//! // Every point moves by (3, 4).
//! assert_eq!(w2.value, 5.0);
//! assert!(w2.lower() <= 5.0 && w2.upper() >= 5.0);
//! # Ok::<(), earthwork::Error>(())
//! ```
//!
//! With the plan, the potentials and the bounds:
//!
//! ```
//! use earthwork::prelude::*;
//!
//! let x = Samples::weighted([[0.0], [1.0]], [0.75, 0.25])?;
//! let y = Samples::new([[0.0], [2.0]])?;
//! let problem = Problem::between(&x, &y, Euclidean)?;
//! let solution = solve(&problem)?;
//!
//! for flow in solution.plan.flows() {
//!     println!("{} of the mass moves from point {} to point {}", flow.mass, flow.source, flow.target);
//! }
//! let bounds = solution.bounds.expect("certified by default");
//! assert!(bounds.lower <= solution.transport_cost && solution.transport_cost <= bounds.upper);
//! assert!((solution.transport_cost - 0.75).abs() < 1e-15);
//! # Ok::<(), earthwork::Error>(())
//! ```
//!
//! # Where things are
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`measure`] | what a distribution is here: [`Samples`](measure::Samples), [`Histogram`](measure::Histogram), [`Gaussian`](measure::Gaussian), [`Mixture`](measure::Mixture) |
//! | [`cost`] | what moving mass costs: ground costs between points, cost matrices as tiles |
//! | [`transport`] | the problem, the plan, the potentials, the bounds, and [`certify`](transport::certify), which checks anybody's |
//! | [`exact`] | the exact solvers, and [`wasserstein`](exact::wasserstein) |
//! | [`closed_form`] | formulas: Gaussians of any rank, mixtures of them, quantile functions, the Gelbrich bound |
//! | [`sliced`] | distances through projections onto lines, with standard errors |
//! | [`divergence`] | KL, JS, total variation and their family: exact on one support, estimated from samples |
//! | [`entropic`] | Sinkhorn at any ε with bounds on the exact cost, the Sinkhorn divergence, unbalanced transport, barycenters, maps |
//! | [`critic`] | networks held to a Lipschitz constant: proven lower bounds on W₁, with gradients; the exact dual as a critic |
//! | [`metrics`] | metrics of generative models: FID, KID, precision and recall, coverage, nearest-neighbour tests, modes |
//! | [`validate`] | what is wrong with a fake sample, and which metrics say so, held against exact distances |
//! | [`gan`] | adversarial training on few dimensions, with exact transport as the referee |
//! | [`compare`] | the whole job: every distance of two samples, which column carries it, what moves where |
//! | [`estimate`] | a number and its evidence |
//! | [`numeric`] | sums that keep their digits, seeded random streams |
//!
//! The names that a program needs most are in the [`prelude`]. The same jobs are in the command `earthwork`.
//!
//! # What you can rely on
//!
//! 1. **Evidence with every number.** A solver returns `lower <= value <= upper`, checked by code that does not trust it.
//! 2. **Never a number on failure.** NaN, infinities, negative weights, wrong shapes and unequal masses are an [`Error`]
//!    that names the argument, the position and the value. A solve that ends early says so in its
//!    [`Status`](transport::Status). Nothing is rescaled, clipped or dropped in silence, and all tolerances are relative.
//! 3. **Memory that you can foresee.** Costs between points are computed as they are needed, in tiles; a solver that
//!    holds n · m numbers says so in its documentation.
//! 4. **Same seed, same bits**, at any number of threads on one machine.
//! 5. **One vocabulary.** `transport_cost` is ⟨C, P⟩; rooted distances are called `wasserstein`; potentials are in cost
//!    units with f + g ≤ c.

pub mod closed_form;
pub mod compare;
pub mod cost;
pub mod critic;
pub mod divergence;
pub mod entropic;
pub mod error;
pub mod estimate;
pub mod exact;
pub mod gan;
pub mod measure;
pub mod metrics;
mod neighbors;
pub mod numeric;
pub mod prelude;
mod simd;
pub mod sliced;
pub mod testing;
pub mod transport;
pub mod validate;

pub use error::{Error, ErrorKind, Result};
