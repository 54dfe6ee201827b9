//! Exact potentials of W₁ as a function on all of space.

use crate::cost::{CostMatrix, Euclidean, PointCost, rows_per_tile};
use crate::error::Result;
use crate::measure::Points;
use crate::simd;
use crate::transport::Potentials;

/// The mean of the two McShane extensions of feasible potentials f on `source` and g on `target`, which is 1-Lipschitz:
///
/// ```text
/// ½ (min_j (‖z − yⱼ‖ − gⱼ) + max_i (fᵢ − ‖z − xᵢ‖))
/// ```
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension<'s> {
    pub(crate) source: &'s Points,
    pub(crate) target: &'s Points,
    pub(crate) potentials: &'s Potentials,
}

/// The function at one point, and the source and the target that attain it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extended {
    pub(crate) value: f64,
    pub(crate) source: usize,
    pub(crate) target: usize,
}

impl Extension<'_> {
    /// At each of the points, in tiles: O(n + m) for one of them.
    pub(crate) fn at(&self, points: &Points) -> Result<Vec<Extended>> {
        let above = least_slacks(points, self.target, &self.potentials.g)?;
        let below = least_slacks(points, self.source, &self.potentials.f)?;
        let both = above.into_iter().zip(below);
        Ok(both
            .map(|((above, target), (below, source))| Extended { value: 0.5 * (above - below), source, target })
            .collect())
    }
}

/// min_j (‖z − yⱼ‖ − offsetⱼ) at each point z, and the j that attains it.
fn least_slacks(points: &Points, to: &Points, offsets: &[f64]) -> Result<Vec<(f64, usize)>> {
    let costs = PointCost::new(points, to, Euclidean)?;
    let (n, m) = costs.shape();
    let height = rows_per_tile(m);
    let mut tile = vec![0.0; height * m];
    let mut least = Vec::with_capacity(n);
    for first in (0..n).step_by(height) {
        let rows = first..n.min(first + height);
        let tile = &mut tile[..rows.len() * m];
        costs.fill(rows, 0..m, tile);
        least.extend(tile.chunks_exact(m).map(|row| simd::row_minimum(row, offsets)));
    }
    Ok(least)
}
