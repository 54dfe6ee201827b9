//! Estimates from the distances to nearest neighbours.

mod log_ratio;
mod relabel;

use super::kind::{Base, Divergence};
use super::notes;
use super::sides::{Sides, in_order, shuffled};
use super::structure::{self, Core, Inside};
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::resample::{Draw, Pool, Resampling};
use crate::estimate::{Discrepancy, Estimate, Evidence, Kind, one_by_one};
use crate::measure::Samples;
use crate::neighbors::nearest::{Nearest, Norm, Tree};
use crate::numeric::normal::normal_quantile;
use crate::numeric::parallel;
use crate::numeric::special::digamma;
use crate::numeric::sum::mean_and_variance;
use relabel::{Correction, Question};

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
/// - **Rényi, Tsallis, Hellinger, χ²**: mean exp((a − 1) t) Γ(k)² / (Γ(k − a + 1) Γ(k + a − 1)) (Póczos & Schneider 2011).
/// - **JS** is the mean over both sides of KL against the pooled sample, whose k-th neighbour follows from the two lists. Sizes
///   that differ are evened out by parts of the larger sample. Good up to d = 4; above, see [`Classifier`](super::Classifier).
///
/// These formulas are biased. What they err by is expected of the same points with labels drawn anew, by the odds of a smooth guess of
/// p / q: it is taken off, and the standard error is that of the result, with a part of the bias for what the guess does not know. Large
/// samples are judged by the neighbours of a part of their points. A value outside the range of the divergence is moved to its nearest end. Where 1 % of
/// P lies where Q has no points, KL, χ² and orders from 1 on are lower bounds, and nothing is taken off; no
/// bound is stated above what so many points can prove, about ln m − 1.3 for KL. [`Knn::raw`] leaves all this out: its standard error is
/// that of the influence of each point and does not contain the bias. Ties are counted and noted; where a distance is 0, t is
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
    /// Make the mean of the two covariances the identity first, so that units and mixtures of columns do not matter. On by default.
    pub whiten: bool,
    /// Take off the bias that labels drawn anew show, and state an error that contains what is not known of it. On by default.
    pub correct: bool,
}

impl Knn {
    /// Any divergence, k = 5.
    pub fn new(divergence: Divergence) -> Self {
        Self { divergence, k: 5, ball: false, whiten: true, correct: true }
    }

    /// KL(P ‖ Q), k = 5.
    pub fn kl() -> Self {
        Self::new(Divergence::Kl)
    }

    /// JS, k = 5.
    pub fn js() -> Self {
        Self::new(Divergence::JensenShannon)
    }

    /// Sets k, the number of neighbors.
    #[must_use]
    pub fn with_k(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// Counts points in balls instead of taking the distance to the k-th neighbor.
    #[must_use]
    pub fn by_balls(self) -> Self {
        Self { ball: true, ..self }
    }

    /// The formula of the literature alone: in the coordinates given, with its bias.
    #[must_use]
    pub fn raw(self) -> Self {
        Self { whiten: false, correct: false, ..self }
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
        self.check()?;
        structure::estimate(x, y, self.divergence, self)
    }

    /// Without the correction, which takes longer than the estimate: what draws are compared by has the same bias in each.
    fn between_draws(&self, pool: &Pool, draws: &[Draw]) -> Result<Vec<f64>> {
        one_by_one(&Self { correct: false, ..*self }, pool, draws)
    }

    /// That of the standard error, which contains what is left of the bias; no half-samples are drawn. [`Knn::raw`] has none of its own.
    fn own_interval(
        &self,
        x: &Samples,
        y: &Samples,
        options: &Resampling,
        _go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Estimate>> {
        if !self.correct {
            return Ok(None);
        }
        let estimate = self.between(x, y)?;
        let (Some(error), true) = (estimate.std_error(), estimate.value.is_finite()) else { return Ok(None) };
        let reach = normal_quantile(0.5 + 0.5 * options.level) * error;
        let (mut lower, mut upper) = ((estimate.value - reach).max(0.0), estimate.value + reach);
        if estimate.kind == Kind::LowerBound {
            let sizes = in_order(estimate.sizes, self.check()?.1);
            lower = lower.min(notes::most_proven_of(self.divergence, sizes, 0.5 + 0.5 * options.level));
            upper = f64::INFINITY;
        }
        let evidence = Evidence::Interval { lower, upper, level: options.level };
        Ok(Some(Estimate { evidence, ..estimate }))
    }
}

impl Core for Knn {
    fn method(&self) -> &'static str {
        "k nearest neighbours"
    }

    fn least(&self) -> usize {
        self.k + 1
    }

    /// Of points that fill their dimensions and do not repeat.
    fn whole(&self, sides: Sides) -> Result<Estimate> {
        let (base, swapped) = self.check()?;
        let sizes = sides.sizes();
        let found = self.found(base, if swapped { sides.swapped() } else { sides });
        let mut estimate = if self.correct {
            structure::finished(self.divergence, found.value, found.error, self.method(), sizes)?
        } else {
            let value = self.divergence.finish(found.value);
            let error = self.divergence.carried(found.value, found.error);
            let evidence = if error.is_finite() { Evidence::StandardError(error) } else { Evidence::Unstated };
            Estimate::new(value, evidence, self.method(), sizes)
        };
        let of_base = in_order(sizes, swapped);
        estimate = notes::saturation(estimate, self.divergence, of_base);
        // Where P has mass and Q no points, what is seen is a part of what there is.
        if self.correct && found.bounds(base) {
            estimate = notes::proven(estimate.of_kind(Kind::LowerBound), self.divergence, of_base);
        }
        estimate = notes::mismatch(estimate, found.outside);
        estimate = notes::ties(estimate, found.ties);
        Ok(notes::bias(estimate, found.drift.0, found.drift.1))
    }

    fn splits(&self, base: Base) -> bool {
        base != Base::TotalVariation
    }

    fn inside(&self, base: Base, sides: Sides) -> Result<Inside> {
        let found = if base == Base::JensenShannon {
            let sides = if self.whiten { sides.whitened() } else { sides };
            let (x, y) = (Tree::new(&sides.x, sides.dim), Tree::new(&sides.y, sides.dim));
            pooled(&x, &y, sides.dim, self.k)
        } else {
            self.found(base, sides)
        };
        let error = if found.error.is_finite() { found.error } else { f64::INFINITY };
        let outside = if self.correct && found.bounds(base) { found.outside } else { 0.0 };
        Ok(Inside { value: found.value, error, outside })
    }
}

impl Knn {
    /// The estimate of a base.
    fn found(&self, base: Base, sides: Sides) -> Found {
        let sides = if self.whiten { sides.whitened() } else { sides };
        match base {
            Base::JensenShannon => jensen_shannon(&sides, self),
            Base::Power(a) => power(&sides, self, a),
            Base::TotalVariation => unreachable!("refused in check"),
        }
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

impl Found {
    /// Without its bias, as far as that is known. What the influences of points say beyond the best that there can be is overstated by
    /// `noise`: a point more moves the balls that it is in by less than 1/k where another point is just inside.
    fn corrected(mut self, correction: Correction, noise: f64, k: usize) -> Self {
        let overstated = (1.0 - noise) * (NOISE_K / k as f64).min(1.0);
        let beyond = (self.error * self.error - correction.best).max(0.0);
        self.value -= correction.bias;
        self.error = (self.error * self.error - overstated * beyond).sqrt().hypot(correction.error);
        self.drift = (0.0, 0.0);
        self
    }

    /// Whether P has so much mass where Q has no points that what is seen is a part of a sum without a ceiling.
    fn bounds(&self, base: Base) -> bool {
        matches!(base, Base::Power(a) if a >= 1.0) && self.outside >= notes::SHARE
    }
}

/// Mean of t, or of its exponential, over the points of X; its error by the influence of each point.
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
    let ratios = parallel::map(n, |i| log_ratio(i, k));
    let radii: Vec<f64> = (0..n)
        .map(|i| {
            let in_ball = options.ball || ratios[i].is_none();
            if in_ball { own.farthest(i).max(other.farthest(i)) } else { -1.0 }
        })
        .collect();
    let needed = radii.iter().any(|&radius| radius >= 0.0);
    let count = |tree: &Tree| if needed { tree.count_within(&x, &radii, true, Norm::Euclidean) } else { Vec::new() };
    let (inside_x, inside_y) = (count(&x), count(&y));
    let terms = parallel::map(n, |i| match ratios[i].filter(|_| !options.ball) {
        Some(t) => t,
        None => digamma(f64::from(inside_x[i])) - digamma(f64::from(inside_y[i])) + level,
    });
    let outside = terms.iter().filter(|&&t| t > notes::out_of_support(m)).count() as f64 / n as f64;
    let ties = (0..n).filter(|&i| own.distances(i)[0] == 0.0 || other.distances(i)[0] == 0.0).count();
    let half = k.div_ceil(2);
    let drift = if half < k && a == 1.0 {
        let steps: Vec<f64> = (0..n).filter_map(|i| Some(ratios[i]? - log_ratio(i, half)?)).collect();
        mean_and_variance(&steps)
    } else {
        (0.0, 0.0)
    };
    let drift = (drift.0, (drift.1 / n as f64).sqrt());
    let factor = relabel::factor(k, a);
    // What each point adds to the mean, and what its log ratio is multiplied with there.
    let (added, carried): (Vec<f64>, Vec<f64>) = if a == 1.0 {
        (terms, vec![1.0; n])
    } else {
        terms.iter().map(|t| ((a - 1.0) * t + factor).exp()).map(|power| ((power - 1.0) / (a - 1.0), power)).unzip()
    };
    let (value, _) = mean_and_variance(&added);
    let whole = |_: usize| k;
    let mut of_x = added;
    credit(&mut of_x, &own, whole, |i| carried[i]);
    let mut of_y = vec![0.0; m];
    credit(&mut of_y, &other, whole, |i| carried[i]);
    // Sums over the balls of n points, each side over its own number of points.
    let variance = mean_and_variance(&of_x).1 / n as f64 + mean_and_variance(&of_y).1 * m as f64 / (n * n) as f64;
    let found = Found { value, error: variance.sqrt(), outside, ties, drift };
    // Where P has mass and Q no points the guess is a guess, and a bound needs none.
    let is_tied = ratios.iter().any(Option::is_none);
    let is_known = sides.dim == 1 && n.min(m) >= LARGE;
    if !options.correct || is_tied || is_known || found.bounds(Base::Power(a)) {
        return found;
    }
    let question = Question { base: Base::Power(a), k, ball: options.ball };
    found.corrected(relabel::correction([&sides.x, &sides.y], [&x, &y], sides.dim, question), NOISE_OF_RADII, k)
}

/// Adds to each point its part in the balls of the others: 1/k of what a ball carries, to the first `taken` of its neighbours.
///
/// A point more in a ball of k moves the logarithm of its volume by about 1/k: this is the influence of the point on the estimate.
fn credit(to: &mut [f64], lists: &Nearest, taken: impl Fn(usize) -> usize, carried: impl Fn(usize) -> f64) {
    for i in 0..lists.len() {
        let names = lists.positions(i);
        for &j in &names[..taken(i)] {
            to[j as usize] += carried(i) / names.len() as f64;
        }
    }
}

/// So many points on a line have no bias worth its correction.
const LARGE: usize = 10_000;

/// How much of the variance by influences beyond the best there can be is there, measured at P = Q with the k-th neighbour below, for
/// radii and for ranks; of more neighbours all of it in the end.
const NOISE_OF_RADII: f64 = 0.65;
const NOISE_OF_RANKS: f64 = 0.8;
const NOISE_K: f64 = 5.0;

/// Parts of the larger sample that are averaged.
const PARTS: usize = 4;

/// The mean of KL(P, M) and KL(Q, M) with M the pooled sample, over parts of the larger sample as large as the smaller one.
fn jensen_shannon(sides: &Sides, options: &Knn) -> Found {
    let (dim, k) = (sides.dim, options.k);
    let (n, m) = sides.sizes();
    let least = n.min(m);
    let parts = if n == m { 1 } else { PARTS };
    let order = |points: &[f64]| if parts == 1 { points.to_vec() } else { shuffled(points, dim, 0, 0).concat() };
    let (x, y) = (order(&sides.x), order(&sides.y));
    // Parts follow each other around the sample, so that they share as few points as can be.
    let part = |points: &[f64], which: usize| -> Vec<f64> {
        let count = points.len() / dim;
        (0..least).flat_map(|i| points[(which * least + i) % count * dim..][..dim].to_vec()).collect()
    };
    let mut correction = None;
    let found: Vec<Found> = (0..parts)
        .map(|which| {
            let (x, y) = (part(&x, which), part(&y, which));
            let trees = (Tree::new(&x, dim), Tree::new(&y, dim));
            let ranked = if options.correct { ranked(&trees.0, &trees.1, k) } else { None };
            if ranked.is_some() && correction.is_none() {
                let question = Question { base: Base::JensenShannon, k, ball: false };
                correction = Some(relabel::correction([&x, &y], [&trees.0, &trees.1], dim, question));
            }
            ranked.unwrap_or_else(|| pooled(&trees.0, &trees.1, dim, k))
        })
        .collect();
    let mean = |of: fn(&Found) -> f64| found.iter().map(of).sum::<f64>() / parts as f64;
    let found = Found {
        value: mean(|f| f.value),
        // The smaller sample is in all parts, so that their mean is not surer than it is.
        error: mean(|f| f.error),
        outside: mean(|f| f.outside),
        ties: found.iter().map(|f| f.ties).max().unwrap_or(0),
        drift: (0.0, 0.0),
    };
    match correction {
        Some(correction) => found.corrected(correction, NOISE_OF_RANKS, k),
        None => found,
    }
}

/// JS with the weights that the two samples have in their pool: ½ and ½ for equal sizes.
fn pooled(x: &Tree, y: &Tree, dim: usize, k: usize) -> Found {
    let (n, m) = (x.len() as f64, y.len() as f64);
    let (at_x, at_y) = (Pooled::new(x, y, dim, k), Pooled::new(y, x, dim, k));
    let (of_x, of_y) = (at_x.influence(&at_y), at_y.influence(&at_x));
    let variance = (n * mean_and_variance(&of_x).1 + m * mean_and_variance(&of_y).1) / (n + m).powi(2);
    Found {
        value: (n * mean_and_variance(&at_x.terms).0 + m * mean_and_variance(&at_y.terms).0) / (n + m),
        error: variance.sqrt(),
        outside: at_x.outside.max(at_y.outside),
        ties: at_x.ties + at_y.ties,
        drift: (0.0, 0.0),
    }
}

/// JS of samples of equal size from how many points of the other sample lie as near as the k-th neighbour in the own one: no
/// distances, whose accidents add to the error. None where a k-th neighbour is at distance 0.
fn ranked(x: &Tree, y: &Tree, k: usize) -> Option<Found> {
    let (at_x, at_y) = (Ranked::new(x, y, k)?, Ranked::new(y, x, k)?);
    let (mut of_x, mut of_y) = (at_x.terms.clone(), at_y.terms.clone());
    at_x.credit(&mut of_x, &mut of_y);
    at_y.credit(&mut of_y, &mut of_x);
    let n = x.len() as f64;
    let variance = 0.25 * (mean_and_variance(&of_x).1 + mean_and_variance(&of_y).1) / n;
    let value = 0.5 * (mean_and_variance(&at_x.terms).0 + mean_and_variance(&at_y.terms).0);
    Some(Found { value, error: variance.sqrt(), outside: 0.0, ties: 0, drift: (0.0, 0.0) })
}

/// KL of one sample against the pool of both, by ranks.
struct Ranked {
    terms: Vec<f64>,
    own: Nearest,
    other: Nearest,
    /// How many points of the other sample lie as near as the k-th neighbour.
    others: Vec<u32>,
}

impl Ranked {
    fn new(x: &Tree, y: &Tree, k: usize) -> Option<Self> {
        let n = x.len();
        let (own, other) = (x.nearest(x, k, Norm::Euclidean), y.nearest(x, 2 * k, Norm::Euclidean));
        if (0..n).any(|i| own.farthest(i) == 0.0) {
            return None;
        }
        // Those that the list does not hold are counted.
        let radii: Vec<f64> =
            (0..n).map(|i| if other.farthest(i) <= own.farthest(i) { own.farthest(i) } else { -1.0 }).collect();
        let counted = y.count_within(x, &radii, true, Norm::Euclidean);
        let listed = |i: usize| other.distances(i).partition_point(|&square| square <= own.farthest(i)) as u32;
        let others: Vec<u32> = (0..n).map(|i| counted[i].max(listed(i))).collect();
        let level = ((n + y.len() - 1) as f64 / (n - 1) as f64).ln();
        let term = |&others: &u32| digamma(k as f64) - digamma(k as f64 + f64::from(others)) + level;
        let terms = others.iter().map(term).collect();
        Some(Self { terms, own, other, others })
    }

    /// Adds to each point what one more like it would do to the terms: one more of the own sample in a ball makes the ball smaller by
    /// 1/k, and one more of the other sample is one more in rank.
    fn credit(&self, to_own: &mut [f64], to_other: &mut [f64]) {
        for (i, &others) in self.others.iter().enumerate() {
            let near = self.own.positions(i);
            let (k, others) = (near.len() as f64, f64::from(others));
            for &j in near {
                to_own[j as usize] += others / (k * (k + others));
            }
            let listed = &self.other.positions(i)[..self.other.positions(i).len().min(others as usize)];
            for &j in listed {
                to_other[j as usize] -= others / (listed.len() as f64 * (k + others));
            }
        }
    }
}

/// KL of one sample against the pool of both.
struct Pooled {
    terms: Vec<f64>,
    own: Nearest,
    other: Nearest,
    /// How many of the k neighbours in the pool are from the sample itself.
    from_own: Vec<usize>,
    outside: f64,
    ties: usize,
}

impl Pooled {
    fn new(x: &Tree, y: &Tree, dim: usize, k: usize) -> Self {
        let n = x.len();
        let (own, other) = (x.nearest(x, k, Norm::Euclidean), y.nearest(x, k, Norm::Euclidean));
        let (pooled, from_own): (Vec<f64>, Vec<usize>) =
            (0..n).map(|i| kth_of_both(own.distances(i), other.distances(i), k)).unzip();
        let radii: Vec<f64> = (0..n).map(|i| if pooled[i] > 0.0 { -1.0 } else { own.farthest(i) }).collect();
        let needed = radii.iter().any(|&radius| radius >= 0.0);
        let count = |tree: &Tree| if needed { tree.count_within(x, &radii, true, Norm::Euclidean) } else { Vec::new() };
        let (inside_x, inside_y) = (count(x), count(y));
        let level = ((n + y.len() - 1) as f64 / (n - 1) as f64).ln();
        let term = |i: usize| {
            if pooled[i] > 0.0 {
                0.5 * dim as f64 * (pooled[i] / own.farthest(i)).ln() + level
            } else {
                let both = inside_x[i] + inside_y[i];
                digamma(f64::from(inside_x[i])) - digamma(f64::from(both)) + level
            }
        };
        let terms = (0..n).map(term).collect();
        let ratio = |i: usize| 0.5 * dim as f64 * (other.farthest(i) / own.farthest(i)).ln();
        let outside = (0..n).filter(|&i| ratio(i) > notes::out_of_support(y.len())).count() as f64 / n as f64;
        let ties = (0..n).filter(|&i| own.distances(i)[0] == 0.0 || other.distances(i)[0] == 0.0).count();
        Self { terms, own, other, from_own, outside, ties }
    }

    /// Twice what each point of this sample moves the mean of both sides by.
    fn influence(&self, opposite: &Self) -> Vec<f64> {
        let k = self.own.positions(0).len();
        let mut influence = self.terms.clone();
        credit(&mut influence, &self.own, |_| k, |_| 1.0);
        credit(&mut influence, &self.own, |i| self.from_own[i], |_| -1.0);
        credit(&mut influence, &opposite.other, |i| k - opposite.from_own[i], |_| -1.0);
        influence
    }
}

/// The k-th of two ordered lists of k together, and how many of the first k are of the first list.
fn kth_of_both(a: &[f64], b: &[f64], k: usize) -> (f64, usize) {
    let (mut i, mut last) = (0, 0.0);
    for taken in 0..k {
        let j = taken - i;
        if a[i] <= b[j] {
            last = a[i];
            i += 1;
        } else {
            last = b[j];
        }
    }
    (last, i)
}

#[cfg(test)]
mod tests;
