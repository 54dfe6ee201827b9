//! Clouds and masses that solvers find hard.

use std::f64::consts::PI;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::cost::GroundCost;
use crate::measure::{Points, Samples, Weights};
use crate::numeric::random::{ChaCha8Rng, stream};
use crate::transport::Problem;

/// A kind of point cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Normal; the target is shifted by half a standard deviation and a little wider.
    Gaussian,
    /// Cauchy in each coordinate: a few points thousands of times farther out than the rest.
    HeavyTails,
    /// Whole coordinates 0..5 at random: many points coincide and most costs tie.
    IntegerGrid,
    /// Normal, each point several times.
    Duplicates,
    /// On a straight line through R^d, at whole steps.
    Collinear,
    /// Two normal clouds 10⁶ apart, half of the points in each.
    TwoFarClusters,
    /// Normal but for one point on each side at 10⁸, the same on both.
    SharedOutlier,
    /// Normal but for one source at 10⁸.
    LoneOutlier,
    /// All points in one place; the target elsewhere.
    AllEqual,
    /// The cells of a regular grid, in order, as of an image; the same grid on both sides.
    Lattice,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 10] = [
        Self::Gaussian,
        Self::HeavyTails,
        Self::IntegerGrid,
        Self::Duplicates,
        Self::Collinear,
        Self::TwoFarClusters,
        Self::SharedOutlier,
        Self::LoneOutlier,
        Self::AllEqual,
        Self::Lattice,
    ];

    /// A source cloud of `n` points and a target cloud of `m` points in R^dim.
    ///
    /// # Panics
    /// When a size is 0.
    pub fn pair(self, n: usize, m: usize, dim: usize, seed: u64) -> (Points, Points) {
        (self.cloud(n, dim, seed, false), self.cloud(m, dim, seed, true))
    }

    fn cloud(self, n: usize, dim: usize, seed: u64, target: bool) -> Points {
        assert!(n > 0 && dim > 0, "a cloud needs points and coordinates");
        let rng = &mut stream(seed, u64::from(target));
        let mut coordinates = Vec::with_capacity(n * dim);
        match self {
            Self::Gaussian => coordinates.extend((0..n * dim).map(|_| normal(rng, target))),
            Self::HeavyTails => coordinates.extend((0..n * dim).map(|_| (PI * (rng.random::<f64>() - 0.5)).tan())),
            Self::IntegerGrid => coordinates.extend((0..n * dim).map(|_| f64::from(rng.random_range(0..5)))),
            Self::Duplicates => {
                let distinct: Vec<f64> = (0..n.div_ceil(4) * dim).map(|_| normal(rng, target)).collect();
                let places = distinct.len() / dim;
                for _ in 0..n {
                    let k = rng.random_range(0..places);
                    coordinates.extend_from_slice(&distinct[k * dim..(k + 1) * dim]);
                }
            }
            Self::Collinear => {
                for _ in 0..n {
                    let step = f64::from(rng.random_range(0..4 * n as u32));
                    coordinates.extend((0..dim).map(|k| step * (k + 1) as f64));
                }
            }
            Self::TwoFarClusters => {
                for i in 0..n {
                    let centre = if i % 2 == 0 { 0.0 } else { 1e6 };
                    coordinates.extend((0..dim).map(|_| centre + normal(rng, target)));
                }
            }
            Self::SharedOutlier => {
                coordinates.extend((0..n * dim).map(|_| normal(rng, target)));
                coordinates[(n - 1) * dim..].fill(1e8);
            }
            Self::LoneOutlier => {
                coordinates.extend((0..n * dim).map(|_| normal(rng, target)));
                if !target {
                    coordinates[(n - 1) * dim..].fill(1e8);
                }
            }
            Self::AllEqual => coordinates.resize(n * dim, if target { 0.75 } else { -0.5 }),
            Self::Lattice => {
                let side = (1..=n).find(|s| s.pow(dim.min(3) as u32) >= n).expect("a side of n is long enough");
                for i in 0..n {
                    coordinates.extend((0..dim).map(|k| (i / side.pow(k.min(8) as u32) % side) as f64));
                }
            }
        }
        Points::from_rows(coordinates, dim).expect("every family has finite points")
    }
}

fn normal(rng: &mut ChaCha8Rng, target: bool) -> f64 {
    let x: f64 = StandardNormal.sample(rng);
    if target { 1.2 * x + 0.5 } else { x }
}

/// A kind of masses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weighting {
    /// 1/n each.
    Uniform,
    /// Between 0.1 and 1 at random, normalised.
    Random,
    /// Whole numbers with many equal subsums; the same total on both sides.
    WholeNumbers,
    /// Two in three are zero.
    ManyZeros,
    /// Spread evenly over twelve orders of magnitude, normalised.
    Geometric,
}

impl Weighting {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Uniform, Self::Random, Self::WholeNumbers, Self::ManyZeros, Self::Geometric];

    /// Masses for `n` sources and `m` targets, with equal totals.
    ///
    /// # Panics
    /// When a size is 0.
    pub fn pair(self, n: usize, m: usize, seed: u64) -> (Weights, Weights) {
        let units = 3 * n.max(m);
        let one = |n: usize, side: u64| {
            let rng = &mut stream(seed, 2 + side);
            let random = |rng: &mut ChaCha8Rng| 0.1 + 0.9 * rng.random::<f64>();
            let masses: Vec<f64> = match self {
                Self::Uniform => return Weights::uniform(n).expect("there are points"),
                Self::Random => (0..n).map(|_| random(rng)).collect(),
                Self::WholeNumbers => {
                    let mut masses = vec![0.0; n];
                    (0..units).for_each(|_| masses[rng.random_range(0..n)] += 1.0);
                    return Weights::new(masses).expect("some units");
                }
                Self::ManyZeros => {
                    let kept = rng.random_range(0..n);
                    let keep = |i, rng: &mut ChaCha8Rng| i == kept || rng.random_range(0..3) == 0;
                    (0..n).map(|i| if keep(i, rng) { random(rng) } else { 0.0 }).collect()
                }
                Self::Geometric => (0..n).map(|_| 10_f64.powf(-12.0 * rng.random::<f64>())).collect(),
            };
            Weights::new(masses).expect("finite masses, one of them positive").normalised()
        };
        (one(n, 0), one(m, 1))
    }
}

/// A problem of a family and a weighting, of `shape` (n, m), in R^dim.
///
/// # Panics
/// When a size is 0, or the ground cost is not defined on the family.
pub fn problem(
    family: Family,
    weighting: Weighting,
    shape: (usize, usize),
    dim: usize,
    ground: impl GroundCost + 'static,
    seed: u64,
) -> Problem<'static> {
    let (x, y) = family.pair(shape.0, shape.1, dim, seed);
    let (a, b) = weighting.pair(shape.0, shape.1, seed);
    let samples = |points, weights| Samples::with_weights(points, weights).expect("one weight for each point");
    Problem::between(&samples(x, a), &samples(y, b), ground).expect("the family fits the cost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::SquaredEuclidean;

    #[test]
    fn every_combination_is_a_problem_and_repeats() {
        for family in Family::ALL {
            for weighting in Weighting::ALL {
                for (shape, dim) in [((1, 1), 1), ((1, 7), 2), ((12, 5), 3), ((9, 9), 10)] {
                    let make = |seed| problem(family, weighting, shape, dim, SquaredEuclidean, seed);
                    let (one, again) = (make(3), make(3));
                    assert_eq!(one.shape(), shape);
                    assert_eq!(one.points().unwrap().source(), again.points().unwrap().source());
                    assert_eq!(one.target(), again.target());
                }
            }
        }
    }
}
