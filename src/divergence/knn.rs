//! Estimates from the distances to nearest neighbours.

use std::cmp::Ordering;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::kind::{Base, Divergence};
use super::notes;
use super::sides::Sides;
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence};
use crate::measure::Samples;
use crate::neighbors::nearest::{Nearest, Norm, Tree};
use crate::numeric::special::{digamma, ln_gamma};
use crate::numeric::stream;
use crate::numeric::sum::sum;

/// A divergence from the distances to the k-th nearest neighbours, without densities and without a grid.
///
/// With r(x) the distance from x to its k-th neighbour among the other points of X, and s(x) that among the points of Y,
/// n = |X|, m = |Y|, the log ratio at a point is
///
/// ```text
/// t(x) = d ln(s(x) / r(x)) + ln(m / (n − 1))  ≈  ln p(x) / q(x)
/// ```
///
/// - **KL** is the mean of t over X (Pérez-Cruz 2008; Wang, Kulkarni & Verdú 2009). Consistent for fixed k; the bias falls like
///   n^(−1/d). It is negative where P reaches beyond the points of Q, positive for a wide Q in many dimensions; a small k has
///   less of it and more variance.
/// - **Rényi, Tsallis, Hellinger, χ²**: mean exp((a − 1) t) Γ(k)² / (Γ(k − a + 1) Γ(k + a − 1)) (Póczos & Schneider 2011). Raw
///   values: an estimate of a number near 0 may be below it.
/// - **JS** is the mean over both sides of KL against the pooled sample, whose k-th neighbour follows from the two lists. Sizes
///   that differ are evened out by parts of the larger sample. Good up to d = 4; above, see [`Classifier`](super::Classifier).
///
/// The standard error is √(Var t / n + Σ_j (w_j − w̄)²), where w_j is how much of the estimate hangs on point j of Y: the
/// empirical influence of both samples. It does not contain the bias. Ties are counted and noted; where a distance is 0, t is
/// ψ(points of X within the ball) − ψ(points of Y within it) + ln(m / (n − 1)) instead, which is right for atoms too.
///
/// # Complexity
/// O((n + m) log(n + m)) in few dimensions, O(n m) vector operations in many; O((n + m) (d + k)) memory. Parallel, same bits at
/// any number of threads.
///
/// # Example
/// ```
/// use earthwork::divergence::Knn;
/// use earthwork::prelude::*;
///
/// // KL(N(0, 1), N(1, 1)) = 1/2.
/// let x = Gaussian::standard(1)?.sample(2000, 1)?;
/// let y = Gaussian::new([1.0], ndarray::array![[1.0]].view())?.sample(2000, 2)?;
/// let kl = Knn::kl().between(&x, &y)?;
/// assert!((kl.value - 0.5).abs() < 4.0 * kl.std_error().unwrap());
/// # Ok::<(), Error>(())
/// ```
///
/// # References
/// Wang, Kulkarni & Verdú, "Divergence estimation for multidimensional densities via k-nearest-neighbor distances", IEEE Trans.
/// Inf. Theory 55 (2009); Pérez-Cruz, "Kullback-Leibler divergence estimation of continuous distributions", ISIT 2008; Póczos &
/// Schneider, "On the estimation of α-divergences", AISTATS 2011.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Knn {
    /// What to estimate: anything but the total variation and the Rényi divergence of order ∞.
    pub divergence: Divergence,
    /// Which neighbour; 5 by default.
    pub k: usize,
    /// For KL: count both samples in the larger of the two balls (Wang, Kulkarni & Verdú, section IV) instead of comparing their
    /// radii. Less variance where P = Q. Off by default.
    pub ball: bool,
    /// Make the mean of the two covariances the identity first. The divergence does not depend on it, its estimate does: better
    /// where coordinates are correlated or differ in scale. Off by default.
    pub whiten: bool,
}

impl Knn {
    /// Any divergence, k = 5.
    pub fn new(divergence: Divergence) -> Self {
        Self { divergence, k: 5, ball: false, whiten: false }
    }

    /// KL(P ‖ Q), k = 5.
    pub fn kl() -> Self {
        Self::new(Divergence::Kl)
    }

    /// JS, k = 5.
    pub fn js() -> Self {
        Self::new(Divergence::JensenShannon)
    }

    /// The same with another k.
    #[must_use]
    pub fn with_k(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// The same by counts in balls.
    #[must_use]
    pub fn by_balls(self) -> Self {
        Self { ball: true, ..self }
    }

    /// The same in coordinates in which the mean covariance is the identity.
    #[must_use]
    pub fn whitened(self) -> Self {
        Self { whiten: true, ..self }
    }

    /// The sum to estimate, and whether the sides change places.
    fn check(self) -> Result<(Base, bool)> {
        self.divergence.check()?;
        require("k", self.k as f64, self.k >= 1, "it must be at least 1")?;
        let refuse = |why: &'static str| Err(Error::new("divergence", ErrorKind::Unsupported(why.into())));
        let Some((base, swapped)) = self.divergence.base() else {
            return refuse("nearest neighbours give no maximum of p / q; choose a finite order");
        };
        match base {
            Base::TotalVariation => {
                refuse("nearest neighbours give no total variation; use a classifier or a histogram")
            }
            Base::Power(a) if (a - 1.0).abs() >= self.k as f64 => {
                let requirement = "k must be larger than |order − 1| (χ²: k ≥ 2)";
                require("k", self.k as f64, false, requirement).map(|()| (base, swapped))
            }
            _ if self.ball && base != Base::Power(1.0) => refuse("counting in balls is for KL and reverse KL"),
            _ => Ok((base, swapped)),
        }
    }
}

impl Discrepancy for Knn {
    fn name(&self) -> String {
        let balls = if self.ball { ", balls" } else { "" };
        format!("{} (kNN, k = {}{balls})", self.divergence, self.k)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let (base, swapped) = self.check()?;
        let sides = Sides::new(x, y, self.k + 1)?;
        let sizes = sides.sizes();
        let sides = if self.whiten { sides.whitened()? } else { sides };
        let found = match base {
            Base::JensenShannon => jensen_shannon(&sides, self.k),
            Base::Power(a) => power(&if swapped { sides.swapped() } else { sides }, self, a),
            Base::TotalVariation => unreachable!("refused above"),
        };
        let value = self.divergence.finish(found.value);
        let error = found.error * self.divergence.slope(found.value).abs();
        let evidence = if error.is_finite() { Evidence::StandardError(error) } else { Evidence::Unstated };
        let mut estimate = Estimate::new(value, evidence, "k nearest neighbours", sizes);
        estimate = notes::saturation(estimate, self.divergence, if swapped { sizes.0 } else { sizes.1 });
        estimate = notes::mismatch(estimate, found.outside);
        estimate = notes::ties(estimate, found.ties);
        Ok(notes::bias(estimate, found.drift.0, found.drift.1))
    }
}

/// The estimate of a base, and what is to be said of it.
struct Found {
    value: f64,
    error: f64,
    /// The share of P that lies where Q has no points.
    outside: f64,
    ties: usize,
    /// How the estimate moves as k grows, and the error of that.
    drift: (f64, f64),
}

/// Mean of t, or of its exponential, over the points of X.
fn power(sides: &Sides, options: &Knn, a: f64) -> Found {
    let k = options.k;
    let (n, m) = sides.sizes();
    let (x, y) = (Tree::new(&sides.x, sides.dim), Tree::new(&sides.y, sides.dim));
    let (own, other) = (x.nearest(&x, k, Norm::Euclidean), y.nearest(&x, k, Norm::Euclidean));
    let level = (m as f64 / (n - 1) as f64).ln();
    let log_ratio = |i: usize, k: usize| {
        let (r, s) = (own.distances(i)[k - 1], other.distances(i)[k - 1]);
        // Squared distances: half the power.
        if r > 0.0 && s > 0.0 { Some(0.5 * sides.dim as f64 * (s / r).ln() + level) } else { None }
    };
    let radii: Vec<f64> = (0..n)
        .map(|i| {
            let in_ball = options.ball || log_ratio(i, k).is_none();
            if in_ball { own.farthest(i).max(other.farthest(i)) } else { -1.0 }
        })
        .collect();
    let needed = radii.iter().any(|&radius| radius >= 0.0);
    let count = |tree: &Tree| if needed { tree.count_within(&x, &radii, true, Norm::Euclidean) } else { Vec::new() };
    let (inside_x, inside_y) = (count(&x), count(&y));
    let terms: Vec<f64> = (0..n)
        .into_par_iter()
        .map(|i| match log_ratio(i, k).filter(|_| !options.ball) {
            Some(t) => t,
            None => digamma(f64::from(inside_x[i])) - digamma(f64::from(inside_y[i])) + level,
        })
        .collect();
    let outside = terms.iter().filter(|&&t| t > notes::out_of_support(m)).count() as f64 / n as f64;
    let ties = (0..n).filter(|&i| own.distances(i)[0] == 0.0 || other.distances(i)[0] == 0.0).count();
    let half = k.div_ceil(2);
    let drift = if half < k && a == 1.0 {
        let steps: Vec<f64> = (0..n).filter_map(|i| Some(log_ratio(i, k)? - log_ratio(i, half)?)).collect();
        mean_and_variance(&steps)
    } else {
        (0.0, 0.0)
    };
    let drift = (drift.0, (drift.1 / n as f64).sqrt());
    if a == 1.0 {
        let (mean, variance) = mean_and_variance(&terms);
        let error = (variance / n as f64 + influence(&other, m, k, n, |_| 1.0)).sqrt();
        return Found { value: mean, error, outside, ties, drift };
    }
    let factor = 2.0 * ln_gamma(k as f64) - ln_gamma(k as f64 - a + 1.0) - ln_gamma(k as f64 + a - 1.0);
    let powers: Vec<f64> = terms.iter().map(|t| ((a - 1.0) * t + factor).exp()).collect();
    let (mean, variance) = mean_and_variance(&powers);
    let error = (variance / (n as f64 * (a - 1.0).powi(2)) + influence(&other, m, k, n, |i| powers[i])).sqrt();
    Found { value: (mean - 1.0) / (a - 1.0), error, outside, ties, drift }
}

/// Σ_j (w_j − w̄)²: the variance that comes from the points of the other sample, each of which carries the terms whose k
/// neighbours it is among.
fn influence(other: &Nearest, m: usize, k: usize, n: usize, carried: impl Fn(usize) -> f64) -> f64 {
    let mut weights = vec![0.0; m];
    for (at, &j) in other.positions().iter().enumerate() {
        weights[j as usize] += carried(at / k) / (k * n) as f64;
    }
    mean_and_variance(&weights).1 * (m.max(2) - 1) as f64
}

/// The mean, and the variance over n − 1.
pub(super) fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = sum(values.iter().copied()) / values.len() as f64;
    let squares = sum(values.iter().map(|v| (v - mean) * (v - mean)));
    (mean, squares / (values.len().max(2) - 1) as f64)
}

/// Parts of the larger sample that are averaged.
const PARTS: usize = 4;

/// The mean of KL(P, M) and KL(Q, M) with M the pooled sample, over parts of the larger sample as large as the smaller one.
fn jensen_shannon(sides: &Sides, k: usize) -> Found {
    let dim = sides.dim;
    let (n, m) = sides.sizes();
    let least = n.min(m);
    let parts = if n == m { 1 } else { PARTS };
    let (x, y) = (shuffled(&sides.x, dim, parts), shuffled(&sides.y, dim, parts));
    // Parts follow each other around the sample, so that they share as few points as can be.
    let part = |points: &[f64], which: usize| -> Vec<f64> {
        let count = points.len() / dim;
        (0..least).flat_map(|i| points[(which * least + i) % count * dim..][..dim].to_vec()).collect()
    };
    let found: Vec<Found> = (0..parts).map(|which| equal_sizes(&part(&x, which), &part(&y, which), dim, k)).collect();
    let mean = |of: fn(&Found) -> f64| found.iter().map(of).sum::<f64>() / parts as f64;
    Found {
        value: mean(|f| f.value),
        // The smaller sample is in all parts, so that their mean is not surer than it is.
        error: mean(|f| f.error),
        outside: mean(|f| f.outside),
        ties: found.iter().map(|f| f.ties).max().unwrap_or(0),
        drift: (0.0, 0.0),
    }
}

/// The points in an order that depends on themselves alone and has nothing to do with where they lie.
fn shuffled(points: &[f64], dim: usize, parts: usize) -> Vec<f64> {
    let mut rows: Vec<&[f64]> = points.chunks_exact(dim).collect();
    if parts > 1 {
        rows.sort_by(|a, b| {
            a.iter().zip(*b).map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        });
        rows.shuffle(&mut stream(0, 0));
    }
    rows.concat()
}

fn equal_sizes(x: &[f64], y: &[f64], dim: usize, k: usize) -> Found {
    let (x, y) = (Tree::new(x, dim), Tree::new(y, dim));
    let (value_x, error_x, outside_x, ties_x) = against_pool(&x, &y, dim, k);
    let (value_y, error_y, outside_y, ties_y) = against_pool(&y, &x, dim, k);
    Found {
        value: 0.5 * (value_x + value_y),
        error: 0.5 * error_x.hypot(error_y),
        outside: outside_x.max(outside_y),
        ties: ties_x + ties_y,
        drift: (0.0, 0.0),
    }
}

/// KL of a sample against the pool of both, its error, the share outside the other, and the ties.
fn against_pool(x: &Tree, y: &Tree, dim: usize, k: usize) -> (f64, f64, f64, usize) {
    let n = x.len();
    let (own, other) = (x.nearest(x, k, Norm::Euclidean), y.nearest(x, k, Norm::Euclidean));
    let pooled: Vec<f64> = (0..n).map(|i| kth_of_both(own.distances(i), other.distances(i), k)).collect();
    let radii: Vec<f64> = (0..n).map(|i| if pooled[i] > 0.0 { -1.0 } else { own.farthest(i) }).collect();
    let needed = radii.iter().any(|&radius| radius >= 0.0);
    let count = |tree: &Tree| if needed { tree.count_within(x, &radii, true, Norm::Euclidean) } else { Vec::new() };
    let (inside_x, inside_y) = (count(x), count(y));
    let level = ((2 * n - 1) as f64 / (n - 1) as f64).ln();
    let terms: Vec<f64> = (0..n)
        .map(|i| {
            let r = own.farthest(i);
            if pooled[i] > 0.0 {
                0.5 * dim as f64 * (pooled[i] / r).ln() + level
            } else {
                let both = inside_x[i] + inside_y[i];
                digamma(f64::from(inside_x[i])) - digamma(f64::from(both)) + level
            }
        })
        .collect();
    let ratio = |i: usize| 0.5 * dim as f64 * (other.farthest(i) / own.farthest(i)).ln();
    let outside = (0..n).filter(|&i| ratio(i) > notes::out_of_support(n)).count() as f64 / n as f64;
    let ties = (0..n).filter(|&i| own.distances(i)[0] == 0.0 || other.distances(i)[0] == 0.0).count();
    let (mean, variance) = mean_and_variance(&terms);
    (mean, (variance / n as f64).sqrt(), outside, ties)
}

/// The k-th of two ordered lists of k together.
fn kth_of_both(a: &[f64], b: &[f64], k: usize) -> f64 {
    let (mut i, mut j, mut last) = (0, 0, 0.0);
    for _ in 0..k {
        if a[i] <= b[j] {
            last = a[i];
            i += 1;
        } else {
            last = b[j];
            j += 1;
        }
    }
    last
}

#[cfg(test)]
mod tests;
