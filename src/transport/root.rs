//! From transport costs to distances: the one place that knows both the order and the unit of length.

use std::sync::Arc;

use super::{Problem, Summary};
use crate::cost::{Form, GroundCost, PNorm, longest_gaps, unit_of_length};
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
/// // 25e400 is not a double, but its root is one.
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

    /// The same in this unit of length, a power of two.
    pub(crate) fn in_unit(order: f64, unit: f64) -> Self {
        Self { order, unit }
    }

    /// The same for lengths of at most `longest`.
    pub(crate) fn for_lengths(order: f64, longest: f64) -> Self {
        Self { order, unit: unit_of_length(longest, order) }
    }

    /// The same for distances between points of two samples.
    pub(crate) fn for_samples(order: f64, x: &Samples, y: &Samples) -> Self {
        Self::for_lengths(order, longest_gaps(x.points(), y.points()).fold(0.0, f64::max))
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
        Self::pose_under(x, y, Arc::new(PNorm::wasserstein(p)?))
    }

    /// The problem between two samples under a ground cost, for the distance that the root of its [order](Form::order) is. Under costs that are no power, 1 or
    /// more, of a norm the points stay as they are given, and the order is 1.
    ///
    /// # Errors
    /// When the samples differ in dimension or total mass, or costs overflow in any unit.
    pub fn pose_under(x: &Samples, y: &Samples, ground: Arc<dyn GroundCost>) -> Result<(Problem<'static>, Self)> {
        let root = match ground.form() {
            Form::Norm { power, .. } if power >= 1.0 => Self::for_samples(power, x, y),
            _ => Self::new(1.0),
        };
        Ok((Problem::between_shared(&root.scaled(x)?, &root.scaled(y)?, ground)?, root))
    }

    /// The root for a largest cost in place of a total: that of order ∞, in the same unit. Costs are lengths then.
    #[must_use]
    pub fn of_bottleneck(self) -> Self {
        Self { order: f64::INFINITY, ..self }
    }

    /// The power of a length that a cost is.
    fn power(self) -> f64 {
        if self.order == f64::INFINITY { 1.0 } else { self.order }
    }

    /// The name of the distance: `W2`, `W1.5`, `W∞`.
    pub fn name(self) -> String {
        if self.order == f64::INFINITY { "W∞".into() } else { format!("W{}", self.order) }
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

    /// A cost in this unit as one of the points as they are given. None where that is not a 64-bit number: it overflows, or it is so small that
    /// it loses digits.
    pub fn cost(self, in_unit: f64) -> Option<f64> {
        if self.unit == 1.0 || in_unit == 0.0 {
            return Some(in_unit);
        }
        let half = self.unit.powf(0.5 * self.power());
        let cost = in_unit * half * half;
        (cost.is_finite() && cost.abs() >= f64::MIN_POSITIVE).then_some(cost)
    }

    /// A cost of the points as given, as one in this unit.
    pub(crate) fn cost_in_unit(self, cost: f64) -> f64 {
        // In two steps, so that a power of the unit that is not a double does not matter.
        let half = self.unit.powf(0.5 * self.power());
        cost / half / half
    }

    /// The distance that a transport cost in this unit amounts to.
    pub fn of(self, cost: f64) -> f64 {
        let length = match self.power() {
            1.0 => cost,
            2.0 => cost.max(0.0).sqrt(),
            p => cost.max(0.0).powf(1.0 / p),
        };
        length * self.unit
    }

    /// The distance with its bounds. Without a certificate the bounds are 0 and the root of the plan's cost.
    pub fn estimate(self, solved: &Summary) -> Estimate {
        let (lower, upper) = solved.bounds.map_or((0.0, solved.transport_cost), |bounds| (bounds.lower, bounds.upper));
        let evidence = Evidence::Bounds { lower: self.of(lower), upper: self.of(upper) };
        Estimate::new(self.of(solved.transport_cost), evidence, solved.report.method, solved.shape)
    }
}
