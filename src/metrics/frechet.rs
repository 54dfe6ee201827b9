//! The Fréchet distance of two Gaussian fits, and where it goes as the samples grow.

use nalgebra::DMatrix;
use rand::seq::SliceRandom;

use crate::closed_form::{Moments, bures_squared, maps_between};
use crate::divergence::sides::draws;
use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::estimate::{Discrepancy, Estimate, Evidence, Influence, Kind, LEVEL, NearEqual, Note, score_evidence};
use crate::measure::{Points, Samples};
use crate::numeric::parallel;
use crate::numeric::stream;
use crate::numeric::sum::sum;

/// The Fréchet (Inception) distance ‖m₁ − m₂‖² + tr(S₁ + S₂ − 2 (S₁^½ S₂ S₁^½)^½) of the means and covariances of two samples.
///
/// Computed as a sum of squares by symmetric eigenvalues, so that covariances of any rank (fewer points than dimensions, one mode
/// left) give a number, which is never negative and never complex, and 0 for equal samples. It is the *square* of a distance,
/// W₂² of the Gaussians that fit. With covariances over n ([`Fid::of_the_samples`]) it is at most W₂² of the samples.
///
/// It sees means and covariances only, and is too large on average, by about c / n: compare at one sample size, or take
/// [`FidInfinity`]. The 95 % interval is for the value between the two distributions: it takes that excess off, so that the value may be
/// near its upper end, or at it. Its variance is that of the first-order influence function, which is the Brenier potential of the two
/// Gaussians, and what is left where the moments are equal, where FID is a weighted sum of squares. Up to 256 dimensions; above, none
/// is given.
///
/// # Complexity
/// O((n + m) d² + d³) time, O((n + m) d + d²) memory.
///
/// # References
/// Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017; Gelbrich,
/// "On a formula for the L² Wasserstein metric ...", Math. Nachr. 147 (1990); Rippl, Munk & Sturm, "Limit laws of the empirical
/// Wasserstein distance: Gaussian distributions", J. Multivar. Anal. 151 (2016) for the error.
///
/// # Example
/// ```
/// use earthwork::metrics::Fid;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])?;
/// let y = Samples::new([[3.0, 4.0], [5.0, 4.0], [3.0, 6.0]])?;
/// assert!((Fid::default().between(&x, &y)?.value - 25.0).abs() < 1e-12);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Fid {
    /// Whether covariances are those of the samples themselves, over n; as all FID code has it they are over n − 1, the default.
    pub over_n: bool,
}

/// Up to this dimension the influence of each point is worked out.
const INFLUENCE: usize = 256;

impl Fid {
    /// With covariances over n: a lower bound on W₂² of the samples.
    pub fn of_the_samples() -> Self {
        Self { over_n: true }
    }

    fn moments(self, samples: &Samples) -> Moments {
        let moments = Moments::of(samples);
        let squares = sum(samples.weights().as_slice().iter().map(|w| (w / samples.total()).powi(2)));
        // 1 − 1/n for equal weights; a sample of one point has no spread to correct.
        let free = 1.0 - squares;
        if self.over_n || free <= 0.0 { moments } else { moments.spread_by(1.0 / free) }
    }
}

impl Discrepancy for Fid {
    fn name(&self) -> String {
        if self.over_n { "FID (covariances over n)".into() } else { "FID".into() }
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.at_level(x, y, LEVEL)
    }

    fn range(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    crate::estimate::own_interval!(|d, x, y, level| d.at_level(x, y, level));
}

fn finite(value: f64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    let why = "squares of the coordinates overflow; scale the points down";
    Err(Error::new("points", ErrorKind::Unsupported(why.into())))
}

impl Fid {
    fn at_level(self, x: &Samples, y: &Samples, level: f64) -> Result<Estimate> {
        require_dimension("y", y.dim(), x.dim())?;
        let (p, q) = (self.moments(x), self.moments(y));
        // Of equal moments without the rounding of their roots.
        let value = if p == q { 0.0 } else { finite(bures_squared(&p, &q)?)? };
        let is_told = x.dim() <= INFLUENCE;
        let evidence = if is_told { Self::evidence(value, [x, y], [&p, &q], level) } else { Evidence::Unstated };
        let estimate = Estimate::new(value, evidence, "Fréchet distance of Gaussian fits", (x.len(), y.len()));
        Ok(estimate.with_note(Note::Biased(Kind::UpperBound)))
    }

    /// The interval for the value between the distributions; what covariances over n lack is of higher order.
    fn evidence(value: f64, [x, y]: [&Samples; 2], [p, q]: [&Moments; 2], level: f64) -> Evidence {
        let all = influence(x, y, p, q);
        let (excess, near) = near_equal([x, y], [p, q]);
        score_evidence(value, value - excess, all, near, level)
    }
}

/// So many points are turned into the axes at once.
const TURNED: usize = 1024;

/// The mean of FID where the moments of both distributions are equal, and how it varies near there: a weighted sum of squares of variables
/// that are about normal,
/// ‖Δm‖² + ½ Σ (ΔS)²_kl / (λ_k + λ_l) in the axes of the mean covariance. O((n + m) d²).
fn near_equal(samples: [&Samples; 2], moments: [&Moments; 2]) -> (f64, NearEqual) {
    let dim = samples[0].dim();
    let (values, axes) = moments[0].axes_with(moments[1]);
    let mut of_means = vec![0.0; dim];
    let mut of_products = DMatrix::<f64>::zeros(dim, dim);
    for (side, own) in samples.into_iter().zip(moments) {
        let shares: Vec<f64> = side.weights().as_slice().iter().map(|w| w / side.total()).collect();
        let squares = sum(shares.iter().map(|w| w * w));
        // Σ share z zᵀ, and the same of z², with z in the axes.
        let (mut once, mut twice) = (DMatrix::<f64>::zeros(dim, dim), DMatrix::<f64>::zeros(dim, dim));
        for (points, shares) in side.points().as_slice().chunks(TURNED * dim).zip(shares.chunks(TURNED)) {
            let centred = DMatrix::from_fn(dim, shares.len(), |k, i| points[i * dim + k] - own.mean()[k]);
            let z = axes.tr_mul(&centred);
            let weighted = |m: &DMatrix<f64>| DMatrix::from_fn(dim, shares.len(), |k, i| shares[i] * m[(k, i)]);
            once += weighted(&z) * z.transpose();
            let squared = z.map(|z| z * z);
            twice += weighted(&squared) * squared.transpose();
        }
        let of_mean = squares / (1.0 - squares);
        for k in 0..dim {
            of_means[k] += of_mean * once[(k, k)];
            for l in 0..=k {
                of_products[(k, l)] += of_mean * (twice[(k, l)] - once[(k, l)] * once[(k, l)]).max(0.0);
            }
        }
    }
    let mut weights = of_means;
    for k in 0..dim {
        for l in 0..=k {
            let both = values[k] + values[l];
            if both > f64::EPSILON * dim as f64 * values.amax() {
                // Off the diagonal each entry is there twice.
                let times = if k == l { 0.5 } else { 1.0 };
                weights.push(times * of_products[(k, l)] / both);
            }
        }
    }
    let unit = weights.iter().copied().fold(0.0_f64, f64::max);
    let power = |k: i32| sum(weights.iter().map(|w| (*w / unit).powi(k)));
    let skewness = if unit > 0.0 { 8.0 * power(3) / (2.0 * power(2)).powf(1.5) } else { 0.0 };
    let variance = if unit > 0.0 { 2.0 * power(2) * unit * unit } else { unit };
    (sum(weights.iter().copied()), NearEqual { variance, skewness })
}

/// The influence of each point u away from its mean, ±2 (m₁ − m₂)·u + uᵀ (I − T) u. NaN for a sample of one point.
fn influence(x: &Samples, y: &Samples, p: &Moments, q: &Moments) -> Influence {
    let maps = maps_between(p, q);
    let mut found = Influence::default();
    for (side, own, other, map) in [(x, p, q, &maps[0]), (y, q, p, &maps[1])] {
        let (here, there, dim) = (own.mean(), other.mean(), side.dim());
        let influence = |point: &[f64]| {
            let u: Vec<f64> = point.iter().zip(here).map(|(x, m)| x - m).collect();
            let mut total = 0.0;
            for k in 0..dim {
                let carried: f64 = map.column(k).iter().zip(&u).map(|(t, u)| t * u).sum();
                total += u[k] * (2.0 * (here[k] - there[k]) + u[k] - carried);
            }
            total
        };
        let shares: Vec<f64> = side.weights().as_slice().iter().map(|w| w / side.total()).collect();
        let influences: Vec<f64> = parallel::map(side.len(), |i| influence(side.point(i)));
        found.add(&shares, &influences);
    }
    found
}

/// FID without the bias of few points: FID_N at a number of sizes N, fitted by a line in 1/N, read at 1/N = 0.
///
/// The published form draws from the fake sample only and takes the real statistics as they are
/// ([`FidInfinity::as_published`], N from 5000). As provided both samples are drawn from, so that the bias of both goes, and FID∞ of
/// two samples of one distribution is 0 on average; N then runs from a quarter of the smaller sample, or from 5000 where that is less.
///
/// The interval holds the sampling error of both samples and that of the fit; it may reach below 0, as the value may.
///
/// # Complexity
/// `sizes · repeats` FIDs.
///
/// # References
/// Chong & Forsyth, "Effectively unbiased FID and Inception score and where to find them", CVPR 2020.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FidInfinity {
    /// How many sizes N; 15 by default.
    pub sizes: usize,
    /// The least N; by default a quarter of the smaller sample, at most 5000.
    pub least: Option<usize>,
    /// Subsets drawn at each size; 4 by default, 1 as published.
    pub repeats: usize,
    /// Whether subsets are drawn from the fake sample only.
    pub fake_only: bool,
    /// The seed of the subsets; 0 by default.
    pub seed: u64,
}

impl Default for FidInfinity {
    fn default() -> Self {
        Self { sizes: 15, least: None, repeats: 4, fake_only: false, seed: 0 }
    }
}

impl FidInfinity {
    /// Subsets of the fake sample only, one at each size.
    pub fn as_published() -> Self {
        Self { repeats: 1, fake_only: true, ..Self::default() }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The sizes N and FID_N of each subset.
    ///
    /// # Errors
    /// When the dimensions differ, weights are of several sizes, a sample has fewer than 8 points, or an option is out of range.
    pub fn curve(&self, x: &Samples, y: &Samples) -> Result<Vec<(usize, f64)>> {
        require_dimension("y", y.dim(), x.dim())?;
        require("sizes", self.sizes as f64, self.sizes >= 3, "a line with an error needs at least 3")?;
        require("repeats", self.repeats as f64, self.repeats >= 1, "at least 1 is needed")?;
        let (x, y, dim) = (draws("x", x, 8)?, draws("y", y, 8)?, x.dim());
        let (n, m) = (x.len() / dim, y.len() / dim);
        let most = if self.fake_only { m } else { n.min(m) };
        let least = self.least.unwrap_or(5000.min(most / 4)).max(2);
        require("least", least as f64, least < most, "it must be less than the size of the samples")?;
        let real = Fid::default().moments(&points(&x, dim)?);
        let tasks: Vec<(usize, usize)> =
            (0..self.sizes).flat_map(|k| (0..self.repeats).map(move |repeat| (k, repeat))).collect();
        let value = |&(k, repeat): &(usize, usize)| {
            let size = least + ((most - least) as f64 * k as f64 / (self.sizes - 1) as f64).round() as usize;
            let item = (k * self.repeats + repeat) as u64;
            let fake = Fid::default().moments(&subset(&y, dim, size, self.seed, 2 * item)?);
            let found = if self.fake_only {
                bures_squared(&real, &fake)?
            } else {
                bures_squared(&Fid::default().moments(&subset(&x, dim, size, self.seed, 2 * item + 1)?), &fake)?
            };
            Ok((size, finite(found)?))
        };
        parallel::map(tasks.len(), |k| value(&tasks[k])).into_iter().collect()
    }
}

impl Discrepancy for FidInfinity {
    fn name(&self) -> String {
        "FID∞".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let curve = self.curve(x, y)?;
        let (intercept, fit_error) = line_at_zero(&curve);
        let sampling = Fid::default().between(x, y)?.std_error();
        let evidence = sampling.map_or(Evidence::Unstated, |error| Evidence::StandardError(error.hypot(fit_error)));
        Ok(Estimate::new(intercept, evidence, "FID, extrapolated in 1/N", (x.len(), y.len())).with_seed(self.seed))
    }
}

/// The least-squares line of the values in 1/N, at 0, and its standard error.
fn line_at_zero(curve: &[(usize, f64)]) -> (f64, f64) {
    let count = curve.len() as f64;
    let at = |size: usize| 1.0 / size as f64;
    let mean = sum(curve.iter().map(|&(size, _)| at(size))) / count;
    let level = sum(curve.iter().map(|&(_, value)| value)) / count;
    let spread = sum(curve.iter().map(|&(size, _)| (at(size) - mean).powi(2)));
    let slope = sum(curve.iter().map(|&(size, value)| (at(size) - mean) * (value - level))) / spread;
    let intercept = level - slope * mean;
    let rest = sum(curve.iter().map(|&(size, value)| (value - intercept - slope * at(size)).powi(2)));
    let error = (rest / (count - 2.0) * (1.0 / count + mean * mean / spread)).sqrt();
    (intercept, error)
}

/// `size` different points of a sample.
pub(super) fn subset(rows: &[f64], dim: usize, size: usize, seed: u64, item: u64) -> Result<Samples> {
    let mut order: Vec<u32> = (0..(rows.len() / dim) as u32).collect();
    let chosen = order.partial_shuffle(&mut stream(seed, item), size).0;
    let rows: Vec<f64> = chosen.iter().flat_map(|&i| &rows[i as usize * dim..][..dim]).copied().collect();
    points(&rows, dim)
}

fn points(rows: &[f64], dim: usize) -> Result<Samples> {
    Samples::new(Points::from_rows(rows, dim)?)
}
