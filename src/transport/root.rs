//! From transport costs to distances: the one place that knows both the order and the unit of length.

use std::sync::Arc;

use super::{Problem, Summary};
use crate::cost::{PNorm, longest_gaps, unit_of_length};
use crate::error::{Result, require};
use crate::estimate::{Estimate, Evidence};
use crate::measure::{Points, Samples};

/// What makes a distance of a transport cost: the order p of the root, and the unit in which lengths were measured.
///
/// The unit is 1 unless powers of the distances leave the range in which costs keep all digits. Then it is a power of two, so that
/// points are scaled without rounding, and a distance is as exact at coordinates of 10¹⁷⁰ or 10⁻¹⁷⁰ as at any others.
///
/// ```
/// use earthwork::prelude::*;
/// use earthwork::transport::Root;
///
/// let (x, y) = (Samples::new([[0.0, 0.0]])?, Samples::new([[3e200, 4e200]])?);
/// // 25e400 is no double, but its root is one.
/// let (problem, root) = Root::pose(&x, &y, 2.0)?;
/// let distance = root.estimate(&solve(&problem)?.summary());
/// assert!((distance.value / 5e200 - 1.0).abs() < 1e-15);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Root {
    order: f64,
    unit: f64,
}

impl Root {
    /// The root of this order of costs in the unit of the points.
    pub fn new(order: f64) -> Self {
        Self { order, unit: 1.0 }
    }

    /// The same for lengths of at most `longest`.
    pub(crate) fn for_lengths(order: f64, longest: f64) -> Self {
        Self { order, unit: unit_of_length(longest, order) }
    }

    /// The problem behind the Wasserstein distance of order `p` ≥ 1 under the Euclidean distance, posed in a fitting unit, and the root that
    /// leads back from its costs.
    ///
    /// # Errors
    /// When p is below 1 or not finite, the samples differ in dimension or total mass, or costs overflow in any unit.
    pub fn pose(x: &Samples, y: &Samples, p: f64) -> Result<(Problem<'static>, Self)> {
        require(
            "p",
            p,
            p >= 1.0 && p.is_finite(),
            "the order of a Wasserstein distance must be finite and at least 1",
        )?;
        let root = Self::for_lengths(p, longest_gaps(x.points(), y.points()).fold(0.0, f64::max));
        let ground = Arc::new(PNorm::wasserstein(p)?);
        Ok((Problem::between_shared(&root.scaled(x)?, &root.scaled(y)?, ground)?, root))
    }

    /// The order p.
    pub fn order(self) -> f64 {
        self.order
    }

    /// The unit of length, a power of two.
    pub fn unit(self) -> f64 {
        self.unit
    }

    /// The samples in this unit.
    pub(crate) fn scaled(self, side: &Samples) -> Result<Samples> {
        if self.unit == 1.0 {
            return Ok(side.clone());
        }
        let points: Vec<f64> = side.points().as_slice().iter().map(|v| v / self.unit).collect();
        Samples::with_weights(Points::from_rows(points, side.dim())?, side.weights().clone())
    }

    /// A cost of the points as given, as one in this unit.
    pub(crate) fn cost_in_unit(self, cost: f64) -> f64 {
        // In two steps, so that a power of the unit that is no double does not matter.
        let half = self.unit.powf(0.5 * self.order);
        cost / half / half
    }

    /// The distance that a transport cost in this unit amounts to.
    pub fn of(self, cost: f64) -> f64 {
        let length = if self.order == 1.0 { cost } else { cost.max(0.0).powf(1.0 / self.order) };
        length * self.unit
    }

    /// The distance with its bounds. Without a certificate the bounds are 0 and the root of the plan's cost.
    pub fn estimate(self, solved: &Summary) -> Estimate {
        let (lower, upper) = solved.bounds.map_or((0.0, solved.transport_cost), |bounds| (bounds.lower, bounds.upper));
        let evidence = Evidence::Bounds { lower: self.of(lower), upper: self.of(upper) };
        Estimate::new(self.of(solved.transport_cost), evidence, solved.report.method, solved.shape)
    }
}
