//! Problems whose optimal cost and one optimal plan are known.
//!
//! Coordinates are multiples of 2⁻¹⁰ below 8 and maps have coefficients of few bits, so images, differences and squares
//! are computed without rounding: the answers hold to the last digits of the final sums.

use ndarray::Array2;
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::cost::{Euclidean, GroundCost, PNorm, SquaredEuclidean};
use crate::measure::{Points, Samples, Weights};
use crate::numeric::random::{ChaCha8Rng, stream};
use crate::testing::brute_force;
use crate::transport::{Flow, Plan, Problem};

/// A problem with its answer.
#[derive(Debug)]
pub struct Known {
    /// What it is.
    pub name: String,
    /// The problem.
    pub problem: Problem<'static>,
    /// Its optimal cost.
    pub transport_cost: f64,
    /// One optimal plan.
    pub plan: Plan,
}

/// A cloud of `n` weighted points and its translate by `t` (length d): the Wasserstein distance of every order p ≥ 1 is
/// ‖t‖, for every norm, by Jensen's inequality. The cost is the Euclidean distance to the power `p`.
///
/// # Panics
/// When `t` is empty, `n` is 0 or p < 1.
pub fn translation(n: usize, t: &[f64], p: f64, seed: u64) -> Known {
    let t: Vec<f64> = t.iter().map(|t| dyadic(*t)).collect();
    let moved = Moved::by(n, t.len(), seed, |x| x.iter().zip(&t).map(|(x, t)| x + t).collect());
    let length = t.iter().map(|t| t * t).sum::<f64>().sqrt();
    let ground = PNorm::wasserstein(p).expect("p is at least 1");
    moved.known(format!("translation by {length}, p = {p}"), ground, length.powf(p))
}

/// All mass of one point goes to `m` weighted points: there is one plan only, so any cost will do.
///
/// # Panics
/// When a size is 0.
pub fn dirac(m: usize, dim: usize, ground: impl GroundCost + 'static, seed: u64) -> Known {
    let rng = &mut stream(seed, 0);
    let source = Samples::new(cloud(1, dim, rng)).expect("a point");
    let target = Samples::weighted(cloud(m, dim, rng), weights(m, rng)).expect("points with mass").normalised();
    let b = target.weights().as_slice();
    let transport_cost = (0..m).map(|j| b[j] * ground.between(source.point(0), target.point(j))).sum();
    let flows = (0..m).map(|target| Flow { source: 0, target, mass: b[target] }).collect();
    Known {
        name: format!("one point to {m}"),
        plan: Plan::new((1, m), flows).expect("masses of the targets"),
        problem: Problem::between(&source, &target, ground).expect("finite points"),
        transport_cost,
    }
}

/// A weighted cloud pushed by the gradient of a random convex function: by Brenier's theorem (Comm. Pure Appl. Math. 44,
/// 1991) each point's own image is its partner under the squared Euclidean cost, in any dimension.
///
/// The function is ½ Σ ⟨u, x⟩² + Σ s max(⟨v, x⟩ − h, 0), so its gradient bends and jumps.
///
/// # Panics
/// When a size is 0.
pub fn brenier(n: usize, dim: usize, seed: u64) -> Known {
    let rng = &mut stream(seed, 1);
    let quarters =
        |rng: &mut ChaCha8Rng| (0..dim).map(|_| f64::from(rng.random_range(-2..=2)) / 4.0).collect::<Vec<_>>();
    let smooth: Vec<Vec<f64>> = (0..3).map(|_| quarters(rng)).collect();
    let kinks: Vec<(Vec<f64>, f64)> =
        (0..3).map(|_| (quarters(rng), f64::from(rng.random_range(-4..=4)) / 4.0)).collect();
    let inner = |u: &[f64], x: &[f64]| u.iter().zip(x).map(|(u, x)| u * x).sum::<f64>();
    let gradient = |x: &[f64]| {
        let mut image = vec![0.0; dim];
        for u in &smooth {
            let slope = inner(u, x);
            image.iter_mut().zip(u).for_each(|(y, u)| *y += slope * u);
        }
        for (v, _) in kinks.iter().filter(|(v, height)| inner(v, x) > *height) {
            image.iter_mut().zip(v).for_each(|(y, v)| *y += 2.0 * v);
        }
        image
    };
    let moved = Moved::by(n, dim, seed, gradient);
    let cost = moved.mean_cost(&SquaredEuclidean);
    moved.known(format!("gradient of a convex function, d = {dim}"), SquaredEuclidean, cost)
}

/// A weighted cloud scaled about a point, x → z + s (x − z) with s ≥ 0: the gradient of a convex function.
///
/// # Panics
/// When a size is 0 or s is negative.
pub fn scaling(n: usize, dim: usize, s: f64, seed: u64) -> Known {
    assert!(s >= 0.0, "a reflection is not a gradient of a convex function");
    let centre = cloud(1, dim, &mut stream(seed, 1));
    let s = (s * 16.0).round() / 16.0;
    let moved = Moved::by(n, dim, seed, |x| x.iter().zip(centre.point(0)).map(|(x, z)| z + s * (x - z)).collect());
    let mean_square: f64 = {
        let reach = |x: &[f64]| SquaredEuclidean.between(x, centre.point(0));
        let total: f64 = moved.weights.as_slice().iter().sum();
        moved.source.iter().zip(moved.weights.as_slice()).map(|(x, w)| w * reach(x)).sum::<f64>() / total
    };
    let cost = (1.0 - s).powi(2) * mean_square;
    moved.known(format!("scaling by {s}, d = {dim}"), SquaredEuclidean, cost)
}

/// A weighted cloud against itself in another order: 0, under any cost that vanishes on the diagonal.
///
/// # Panics
/// When a size is 0.
pub fn permutation(n: usize, dim: usize, ground: impl GroundCost + 'static, seed: u64) -> Known {
    Moved::by(n, dim, seed, <[f64]>::to_vec).known(format!("a cloud of {n} in another order"), ground, 0.0)
}

/// Points on a line, all sources left of all targets: every plan is optimal for the distance, and the cost is the
/// difference of the means.
///
/// # Panics
/// When a size is 0.
pub fn separated(n: usize, m: usize, seed: u64) -> Known {
    let rng = &mut stream(seed, 0);
    let (x, y) = (cloud(n, 1, rng), cloud(m, 1, rng));
    let y: Vec<f64> = y.iter().map(|y| y[0] + 20.0).collect();
    let (a, b) = (weights(n, rng), weights(m, rng));
    let source = Samples::weighted(x, a).expect("weighted points").normalised();
    let target = Samples::weighted(Points::from_rows(y, 1).expect("points"), b).expect("weighted points").normalised();
    let plan = north_west_corner(source.weights(), target.weights());
    Known {
        name: format!("{n} points left of {m}"),
        transport_cost: target.mean()[0] - source.mean()[0],
        problem: Problem::between(&source, &target, Euclidean).expect("finite points"),
        plan,
    }
}

/// A small problem with whole masses and whole costs, solved by trying every plan.
///
/// # Panics
/// When a size is 0. Time grows fast with the sizes: at most about 5 by 5.
pub fn tiny(n: usize, m: usize, seed: u64) -> Known {
    let rng = &mut stream(seed, 0);
    let costs = Array2::from_shape_simple_fn((n, m), || f64::from(rng.random_range(-3..10)));
    let units = n.max(m) + 3;
    let mut whole = |n: usize| {
        let mut masses = vec![0; n];
        (0..units).for_each(|_| masses[rng.random_range(0..n)] += 1);
        masses
    };
    let (a, b): (Vec<u32>, Vec<u32>) = (whole(n), whole(m));
    let (transport_cost, plan) = brute_force(&costs, &a, &b);
    let weights = |whole: &[u32]| Weights::new(whole.iter().map(|&w| f64::from(w)).collect::<Vec<_>>()).expect("units");
    let problem = Problem::with_matrix(weights(&a), weights(&b), costs).expect("equal totals");
    Known { name: format!("whole numbers, {n} by {m}"), problem, transport_cost, plan }
}

/// A cloud, its weights, its image under a map, and the order in which the images are listed.
struct Moved {
    source: Points,
    target: Points,
    weights: Weights,
    /// Source i is the partner of target `place[i]`.
    place: Vec<usize>,
}

impl Moved {
    fn by(n: usize, dim: usize, seed: u64, map: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let rng = &mut stream(seed, 0);
        let source = cloud(n, dim, rng);
        let weights = Weights::new(weights(n, rng)).expect("positive weights");
        let mut place: Vec<usize> = (0..n).collect();
        place.shuffle(rng);
        let mut images = vec![0.0; n * dim];
        for (x, &at) in source.iter().zip(&place) {
            images[at * dim..(at + 1) * dim].copy_from_slice(&map(x));
        }
        let target = Points::from_rows(images, dim).expect("finite images");
        Self { source, target, weights, place }
    }

    /// The cost of a unit of mass when every point goes to its image.
    fn mean_cost(&self, ground: &impl GroundCost) -> f64 {
        let w = self.weights.as_slice();
        let cost = |i: usize| ground.between(self.source.point(i), self.target.point(self.place[i]));
        (0..w.len()).map(|i| w[i] * cost(i)).sum::<f64>() / w.iter().sum::<f64>()
    }

    fn known(self, name: String, ground: impl GroundCost + 'static, mean_cost: f64) -> Known {
        let (n, w) = (self.place.len(), self.weights.as_slice());
        let mut moved = vec![0.0; n];
        let flows = self.place.iter().enumerate().map(|(source, &target)| {
            moved[target] = w[source];
            Flow { source, target, mass: w[source] }
        });
        let plan = Plan::new((n, n), flows.collect()).expect("each point to its image");
        let transport_cost = mean_cost * w.iter().sum::<f64>();
        let target = Samples::weighted(self.target, moved).expect("as many images as points");
        let source = Samples::with_weights(self.source, self.weights).expect("as many weights as points");
        let problem = Problem::between(&source, &target, ground).expect("finite points");
        Known { name, problem, transport_cost, plan }
    }
}

/// The nearest multiple of 2⁻¹⁰.
fn dyadic(x: f64) -> f64 {
    (x * 1024.0).round() / 1024.0
}

fn cloud(n: usize, dim: usize, rng: &mut ChaCha8Rng) -> Points {
    let coordinates: Vec<f64> = (0..n * dim).map(|_| f64::from(rng.random_range(-4096..=4096)) / 1024.0).collect();
    Points::from_rows(coordinates, dim).expect("some finite points")
}

/// Weights between 0.1 and 1.
fn weights(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n).map(|_| 0.1 + 0.9 * rng.random::<f64>()).collect()
}

/// Fills the marginals in index order.
fn north_west_corner(a: &Weights, b: &Weights) -> Plan {
    let (mut left, mut room) = (a.as_slice().to_vec(), b.as_slice().to_vec());
    let (mut i, mut j, mut flows) = (0, 0, Vec::new());
    while i < left.len() && j < room.len() {
        let mass = left[i].min(room[j]);
        flows.push(Flow { source: i, target: j, mass });
        left[i] -= mass;
        room[j] -= mass;
        // The last row and column take what rounding leaves.
        if left[i] <= 0.0 && i + 1 < left.len() || j + 1 == room.len() {
            i += 1;
        } else {
            j += 1;
        }
    }
    Plan::new((left.len(), room.len()), flows).expect("masses of the marginals")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_plan;

    #[test]
    fn the_plans_are_plans_and_cost_what_is_said() {
        let mut all = vec![separated(13, 8, 5), tiny(3, 4, 1)];
        for dim in [1, 2, 7] {
            all.push(translation(20, &vec![0.75; dim], 3.0, 1));
            all.push(dirac(9, dim, PNorm::chebyshev(), 2));
            all.push(brenier(25, dim, 3));
            all.push(scaling(25, dim, 2.5, 4));
            all.push(permutation(12, dim, Euclidean, 6));
        }
        for Known { name, problem, transport_cost, plan } in all {
            check_plan(&problem, &plan, true).unwrap_or_else(|fault| panic!("{name}: {fault}"));
            let cost = plan.transport_cost(&problem);
            // Plain sums of up to 25 terms on one side, a power on the other.
            assert!((cost - transport_cost).abs() <= 1e-14 * cost.abs(), "{name}: {cost} is not {transport_cost}");
        }
    }
}
