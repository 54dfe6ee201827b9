//! Ground costs between two points, and cost matrices as tiles.
//!
//! A [`GroundCost`] turns two points into a number. A [`CostMatrix`] is all n · m of them, seen through one data method:
//! [`fill`](CostMatrix::fill) writes a tile. Solvers, soft-minima, c-transforms and the certificate consume tiles, so a
//! new cost touches no solver, and a cost recomputed from points needs no n · m memory.
//!
//! | ground cost | c(x, y) |
//! | --- | --- |
//! | [`SquaredEuclidean`] | Σ (xₖ − yₖ)² |
//! | [`Euclidean`] | (Σ (xₖ − yₖ)²)^½ |
//! | [`PNorm::new`]`(p)`, [`PNorm::cityblock`], [`PNorm::chebyshev`] | ‖x − y‖ₚ, 1 ≤ p ≤ ∞ |
//! | [`PNorm::power`]`(q)` | ‖x − y‖ₚ^q, q > 0 |
//! | [`Cosine`] | 1 − ⟨x, y⟩ / (‖x‖ ‖y‖) |
//! | [`CostFn`] | what the closure says |
//! | [`DenseCost`] | what the matrix says |

mod dense;
mod ground;
mod names;
mod points;

use std::ops::Range;

pub use dense::DenseCost;
pub(crate) use dense::may_be_cost;
pub use ground::{Cosine, CostFn, Euclidean, Form, GroundCost, PNorm, SquaredEuclidean};
pub(crate) use ground::{raise, scale_to_unit};
pub use names::by_name;
pub use points::PointCost;
pub(crate) use points::{LEAST, longest_gaps, unit_of_length};

/// All costs between n sources and m targets.
///
/// ```
/// use earthwork::cost::CostMatrix;
///
/// /// |i − j|, without storing it.
/// struct Steps(usize);
///
/// impl CostMatrix for Steps {
///     fn shape(&self) -> (usize, usize) {
///         (self.0, self.0)
///     }
///     fn fill(&self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>, out: &mut [f64]) {
///         for (i, row) in rows.zip(out.chunks_exact_mut(columns.len())) {
///             for (j, c) in columns.clone().zip(row) {
///                 *c = i.abs_diff(j) as f64;
///             }
///         }
///     }
/// }
/// let mut tile = [0.0; 4];
/// Steps(10).fill(2..4, 5..7, &mut tile);
/// assert_eq!(tile, [3.0, 4.0, 2.0, 3.0]);
/// ```
pub trait CostMatrix: Send + Sync {
    /// (n, m).
    fn shape(&self) -> (usize, usize);

    /// Writes the costs of `rows` × `columns` into `out`, row by row. `out` has length `rows.len() * columns.len()`.
    /// A cost of +∞ means that the two are no pair.
    fn fill(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f64]);

    /// What else is known about the entries; solvers use it to choose a faster path.
    fn origin(&self) -> Origin<'_> {
        Origin::Unknown
    }

    /// One cost.
    fn entry(&self, row: usize, column: usize) -> f64 {
        let mut out = [0.0];
        self.fill(row..row + 1, column..column + 1, &mut out);
        out[0]
    }
}

/// Where the entries of a [`CostMatrix`] come from.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// Nothing is known but the entries.
    Unknown,
    /// A dense matrix in row-major order that lies in memory.
    Matrix(&'a [f64]),
    /// A ground cost between points.
    Points(&'a PointCost),
}

/// The largest row block whose tile of `columns` columns stays in the second-level cache (128 KiB of costs).
pub(crate) fn rows_per_tile(columns: usize) -> usize {
    (16_384 / columns.max(1)).clamp(1, 256)
}
