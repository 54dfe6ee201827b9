//! Units in which squares of distances neither overflow nor vanish, and the median distance.

use crate::error::Result;
use crate::estimate::{Estimate, Evidence};
use crate::measure::{Points, Samples};

/// A unit of length: 1, unless the points lie so far apart or so close together that squares of their distances leave the range
/// of doubles; then a power of two, so that dividing by it rounds nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit(f64);

/// Distances whose base-2 logarithm is below this in size have squares that keep all digits.
const COMFORTABLE: f64 = 400.0;

impl Unit {
    pub(super) const ONE: Self = Self(1.0);

    pub(super) fn of(x: &Points, y: &Points) -> Self {
        let sides = x.ranges().into_iter().zip(y.ranges());
        // Halved, so that the difference of the largest doubles is one.
        let longest = sides.map(|((a, b), (c, d))| 0.5 * b.max(d) - 0.5 * a.min(c)).fold(0.0, f64::max);
        let bits = longest.log2();
        Self(if longest > 0.0 && bits.abs() > COMFORTABLE { bits.ceil().exp2() } else { 1.0 })
    }

    /// A length given in this unit.
    pub(super) fn measure(self, length: f64) -> f64 {
        length / self.0
    }

    /// An estimate of a length, in units again of the caller.
    pub(super) fn enlarge(self, estimate: Estimate) -> Estimate {
        let evidence = match estimate.evidence {
            Evidence::StandardError(error) => Evidence::StandardError(error * self.0),
            Evidence::Asymmetric { std_error, lower, upper, level } => {
                let [std_error, lower, upper] = [std_error, lower, upper].map(|v| v * self.0);
                Evidence::Asymmetric { std_error, lower, upper, level }
            }
            other => other,
        };
        Estimate { value: estimate.value * self.0, evidence, ..estimate }
    }
}

/// The same points in another unit.
pub(super) fn in_units(samples: &Samples, unit: Unit) -> Result<Samples> {
    if unit.0 == 1.0 {
        return Ok(samples.clone());
    }
    let scaled: Vec<f64> = samples.points().as_slice().iter().map(|v| v / unit.0).collect();
    Samples::with_weights(Points::from_rows(scaled, samples.dim())?, samples.weights().clone())
}

/// The most points whose pairs the median distance is taken of.
const MOST: usize = 1000;

/// The median distance, in `unit`, between those points that carry mass and are not equal: of all pairs up to 1000 points, else
/// of the pairs among 1000 of them, evenly spaced in the order given. 1 where all points are equal.
pub(super) fn median_distance(points: &Points, carries_mass: impl Fn(usize) -> bool, unit: Unit) -> f64 {
    let all: Vec<usize> = (0..points.len()).filter(|&i| carries_mass(i)).collect();
    let few = all.len().min(MOST);
    let chosen: Vec<&[f64]> = (0..few).map(|k| points.point(all[k * all.len() / few])).collect();
    let mut squares = Vec::with_capacity(few * few / 2);
    for (i, x) in chosen.iter().enumerate() {
        for y in &chosen[..i] {
            let square: f64 = x.iter().zip(*y).map(|(x, y)| unit.measure(x - y).powi(2)).sum();
            if square > 0.0 {
                squares.push(square);
            }
        }
    }
    if squares.is_empty() {
        return 1.0;
    }
    // Of an even number of pairs the mean of the two in the middle.
    let middle = squares.len() / 2;
    let even = squares.len().is_multiple_of(2);
    let (below, upper, _) = squares.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = upper.sqrt();
    if even { 0.5 * (upper + below.iter().copied().fold(0.0, f64::max).sqrt()) } else { upper }
}
