//! Slices that are not lines: circles of a sphere, and functions of the user's own.

use std::f64::consts::TAU;

use crate::cost::unit_of_length;
use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::estimate::{Discrepancy, Estimate, Evidence, Randomness};
use crate::exact::Circle;
use crate::exact::line::sort::Scratch;
use crate::measure::{Points, Samples};
use crate::numeric::parallel;
use crate::numeric::stream;
use crate::sliced::error_bars::{Mean, mean};
use crate::sliced::method::orthonormal;
use crate::sliced::pair::Pair;
use crate::transport::Root;

/// How far from 1 the length of a point on the sphere may be.
const ON_SPHERE: f64 = 1e-6;

/// The spherical sliced Wasserstein distance between samples on the unit sphere of R^d, d ≥ 2: points are projected onto random
/// great circles, where transport has arcs for distances.
///
/// A point x goes to the angle of (u·x, v·x) in the plane of the orthonormal pair (u, v); W_p^p of the angles, in radians, is
/// averaged over random pairs. Each value has the standard error of the circles drawn. (POT measures arcs in whole turns: its
/// numbers are ours divided by 2π.)
///
/// # Complexity
/// O((n + m) (d + log(n + m))) for each circle, by [`Circle`].
///
/// # References
/// Bonet, Berg, Courty, Septier, Drumetz, Pham, "Spherical sliced-Wasserstein", ICLR 2023.
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::sliced::SphericalSliced;
///
/// // On the circle itself nothing is lost: a turn by 0.3 is at distance 0.3.
/// let at = |angle: f64| [angle.cos(), angle.sin()];
/// let x = Samples::new([at(0.0), at(1.0), at(3.0)])?;
/// let y = Samples::new([at(0.3), at(1.3), at(3.3)])?;
/// assert!((SphericalSliced::new(2.0).between(&x, &y)?.value - 0.3).abs() < 1e-14);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SphericalSliced {
    /// The order p ≥ 1; 2 by default.
    pub p: f64,
    /// How many great circles; 200 by default. In the plane there is but one.
    pub circles: usize,
    /// The seed of the random numbers; 0 by default.
    pub seed: u64,
}

impl Default for SphericalSliced {
    fn default() -> Self {
        Self { p: 2.0, circles: 200, seed: 0 }
    }
}

impl SphericalSliced {
    /// The distance of order `p`.
    pub fn new(p: f64) -> Self {
        Self { p, ..Self::default() }
    }

    /// Sets the number of circles.
    #[must_use]
    pub fn with_circles(self, circles: usize) -> Self {
        Self { circles, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

impl Discrepancy for SphericalSliced {
    fn name(&self) -> String {
        format!("spherical SW{}", self.p)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        require("circles", self.circles as f64, self.circles > 0, "at least one circle is needed")?;
        let solver = Circle::new(TAU, self.p)?;
        require_dimension("y", y.dim(), x.dim())?;
        let dim = x.dim();
        if dim < 2 {
            return Err(Error::new("x", ErrorKind::Unsupported("a sphere needs at least 2 coordinates".into())));
        }
        for (argument, side) in [("x", x), ("y", y)] {
            let off = |point: &[f64]| (point.iter().map(|v| v * v).sum::<f64>().sqrt() - 1.0).abs() > ON_SPHERE;
            if let Some(point) = side.points().iter().position(off) {
                let reason = "is not on the unit sphere; divide each point by its length";
                return Err(Error::new(argument, ErrorKind::Undefined { point, reason }));
            }
        }
        let angles = |side: &Samples, frame: &[f64]| -> Result<Samples> {
            let (u, v) = frame.split_at(dim);
            let along = |point: &[f64], axis: &[f64]| point.iter().zip(axis).map(|(x, t)| x * t).sum::<f64>();
            let values: Vec<f64> = side.points().iter().map(|point| along(point, v).atan2(along(point, u))).collect();
            Samples::with_weights(Points::from_rows(values, 1)?, side.weights().clone())
        };
        // All frames of the plane are turns and reflections of one.
        let count = if dim == 2 { 1 } else { self.circles };
        let costs = parallel::map(count, |k| {
            let frame =
                if dim == 2 { vec![1.0, 0.0, 0.0, 1.0] } else { orthonormal(&mut stream(self.seed, k as u64), dim, 2) };
            Ok(solver.solve(&angles(x, &frame)?, &angles(y, &frame)?)?.transport_cost)
        });
        let costs = costs.into_iter().collect::<Result<Vec<f64>>>()?;
        let estimate =
            rooted(mean_of(&costs), Root::new(self.p), "spherical sliced", (x.len(), y.len())).with_seed(self.seed);
        Ok(if dim == 2 { Estimate { evidence: Evidence::Exact, ..estimate } } else { estimate })
    }

    crate::estimate::distance!(|d| d.p);
}

/// Sliced transport along functions of the user's own instead of linear ones: polynomials, a network's units, distances to
/// anchors.
///
/// Slice k compares the numbers `function(k, x)` of both samples, k = 0 … slices − 1; the value is the p-th root of the mean of W_p^p,
/// with the standard error of functions that were drawn independently. For functions of Lipschitz constant 1 it is a lower bound on
/// W_p; whether it is 0 for equal distributions only depends on the functions.
///
/// # References
/// Kolouri, Nadjahi, Şimşekli, Badeau, Rohde, "Generalized sliced Wasserstein distances", NeurIPS 2019.
///
/// # Example
/// ```
/// use earthwork::prelude::*;
/// use earthwork::sliced::GeneralisedSliced;
///
/// // Distances to two anchors: circles instead of lines.
/// let anchors = [[0.0, 0.0], [4.0, 0.0]];
/// let sliced = GeneralisedSliced::new(1.0, anchors.len(), move |k: usize, x: &[f64]| {
///     (x[0] - anchors[k][0]).hypot(x[1] - anchors[k][1])
/// });
/// let (x, y) = (Samples::new([[0.0, 1.0]])?, Samples::new([[0.0, 3.0]])?);
/// // 1 to 3 from the first anchor, √17 to 5 from the second.
/// assert!((sliced.between(&x, &y)?.value - (2.0 + 5.0 - 17_f64.sqrt()) / 2.0).abs() < 1e-14);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct GeneralisedSliced<F> {
    p: f64,
    slices: usize,
    function: F,
}

impl<F: Fn(usize, &[f64]) -> f64 + Send + Sync> GeneralisedSliced<F> {
    /// The distance of order p along `slices` functions; `function(k, point)` is the k-th.
    pub fn new(p: f64, slices: usize, function: F) -> Self {
        Self { p, slices, function }
    }
}

impl<F: Fn(usize, &[f64]) -> f64 + Send + Sync> Discrepancy for GeneralisedSliced<F> {
    fn name(&self) -> String {
        format!("generalised SW{}", self.p)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let order = "the order of a Wasserstein distance must be finite and at least 1";
        require("p", self.p, self.p >= 1.0 && self.p.is_finite(), order)?;
        require("slices", self.slices as f64, self.slices > 0, "at least one slice is needed")?;
        let pair = Pair::new(x, y, self.p)?;
        let values = |side: &Samples, k: usize| -> Result<Vec<f64>> {
            let values: Vec<f64> = side.points().iter().map(|point| (self.function)(k, point)).collect();
            if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                let why = format!("slice {k} is {} at {:?}; it must be finite everywhere", values[at], side.point(at));
                return Err(Error::new("function", ErrorKind::Unsupported(why.into())));
            }
            Ok(values)
        };
        // What a function makes of the points has a scale of its own, and so each slice its unit.
        let slices = parallel::map(self.slices, |k| {
            let (mut x, mut y) = (values(x, k)?, values(y, k)?);
            let (least, most) = x.iter().chain(&y).fold((x[0], x[0]), |(low, high), &v| (v.min(low), v.max(high)));
            let unit = unit_of_length(most - least, self.p);
            x.iter_mut().chain(&mut y).for_each(|v| *v /= unit);
            let cost = pair.cost_of(&mut x, &mut y, self.p, &mut Vec::new(), &mut Scratch::default());
            Ok((pair.mass * cost, unit))
        });
        let slices = slices.into_iter().collect::<Result<Vec<(f64, f64)>>>()?;
        let unit = slices.iter().map(|(_, unit)| *unit).fold(0.0, f64::max);
        let costs: Vec<f64> = slices.iter().map(|(cost, own)| cost * (own / unit).powf(self.p)).collect();
        let found = mean_of(&costs);
        if !found.value.is_finite() {
            let why = "the p-th powers of the differences overflow; scale the functions down";
            return Err(Error::new("function", ErrorKind::Unsupported(why.into())));
        }
        Ok(rooted(found, Root::in_unit(self.p, unit), "generalised sliced", (x.len(), y.len())))
    }
}

/// The mean of independent slices.
fn mean_of(costs: &[f64]) -> Mean {
    mean(costs, &(1..=costs.len()).collect::<Vec<_>>())
}

/// The root of a mean cost with its standard error, by the delta method.
fn rooted(mean: Mean, root: Root, method: &'static str, sizes: (usize, usize)) -> Estimate {
    let value = root.of(mean.value);
    let relative = |error: f64| if error == 0.0 { 0.0 } else { value * (error / mean.value) / root.order() };
    let evidence = mean.std_error.map_or(Evidence::Unstated, |error| Evidence::StandardError(relative(error)));
    Estimate::new(value, evidence, method, sizes).with_randomness(Randomness::Directions)
}
