//! The maximum mean discrepancy.

use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::resample::{Draw, Pool};
use crate::estimate::{Discrepancy, Estimate, Evidence, LEVEL, one_by_one};
use crate::measure::{Points, Samples};
use crate::numeric::sum::sum;
use crate::simd::PairFunction;

use super::function::{Exponential, MOST_BANDWIDTHS, Power};
use super::scale::{Unit, in_units, median_distance};
use super::statistic::{How, Pairing, between, by_forms, by_pairs, check, root};

/// A positive definite function of two points.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Kernel {
    /// exp(−‖x − y‖² / 2σ²).
    Gaussian(Bandwidth),
    /// exp(−‖x − y‖ / σ), with the Euclidean norm.
    Laplace(Bandwidth),
    /// (scale ⟨x, y⟩ + offset)^degree. It sees no more than the first `degree` moments, and depends on where 0 is.
    Polynomial {
        /// At least 1.
        degree: u32,
        /// 1/d if `None`.
        scale: Option<f64>,
        /// At least 0.
        offset: f64,
    },
}

/// The length σ over which a kernel tells points apart.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Bandwidth {
    /// The median distance between points of both samples together (of pairs that differ; of 1000 evenly spaced points where
    /// there are more). It depends on the samples, so distances between different pairs of samples are not on one scale.
    Median,
    /// The mean of five kernels, at ¼, ½, 1, 2 and 4 times the median distance.
    AroundMedian,
    /// This length.
    Fixed(f64),
    /// The mean of kernels at these lengths, at most 8.
    Several(Vec<f64>),
}

/// The squared maximum mean discrepancy E k(X, X') + E k(Y, Y') − 2 E k(X, Y) of a [`Kernel`].
///
/// For Gaussian and Laplace kernels it is 0 only for equal distributions, and cannot exceed 2: samples farther apart than a few σ
/// are all about as far, and which way to go it no longer sees. For that see the [`Energy`](super::Energy) distance or a
/// Wasserstein distance. For the Gaussian kernel, MMD ≤ W₁ / σ.
///
/// Only proportions of weights matter. The 95 % interval is for the value between the two distributions: around the unbiased value, with
/// the variance of the projections (Hoeffding) and of what is left of it where the distributions are equal. p-values come from
/// [`resample`](crate::estimate::resample).
///
/// # Complexity
/// O((n + m)² d / 2) time in blocks, O(n + m) memory. [`LinearMmd`] takes O((n + m) d) for a much larger standard error.
///
/// # References
/// Gretton et al., "A kernel two-sample test", JMLR 2012 (lemma 6 and eq. 5 for the two estimates, lemma 14 for the linear one);
/// Bińkowski et al., "Demystifying MMD GANs", 2018, for the cubic kernel ([`Mmd::cubic`], KID).
///
/// # Example
/// ```
/// use earthwork::divergence::Mmd;
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0, 0.0]])?;
/// let y = Samples::new([[3.0, 4.0]])?;
/// let mmd = Mmd::gaussian(5.0).between(&x, &y)?;
/// assert!((mmd.value - (2.0 - 2.0 * f64::exp(-0.5))).abs() < 1e-15);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Mmd {
    /// The Gaussian kernel at the median distance by default.
    pub kernel: Kernel,
    /// Whether points meet themselves. Those of [`Mmd::default`] do not, so that it is right on average; those of [`Mmd::new`] do: it is
    /// the distance between the samples as they are.
    pub pairing: Pairing,
    /// Whether to take the root, which is a metric for a fixed kernel; not by default. The root of an unbiased value below 0
    /// is 0.
    pub rooted: bool,
}

impl Default for Mmd {
    fn default() -> Self {
        Self::new(Kernel::Gaussian(Bandwidth::Median)).unbiased()
    }
}

impl Mmd {
    /// MMD² of this kernel between the samples as they are.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel, pairing: Pairing::Biased, rooted: false }
    }

    /// The Gaussian kernel with σ = `bandwidth`.
    pub fn gaussian(bandwidth: f64) -> Self {
        Self::new(Kernel::Gaussian(Bandwidth::Fixed(bandwidth)))
    }

    /// The Laplace kernel with σ = `bandwidth`.
    pub fn laplace(bandwidth: f64) -> Self {
        Self::new(Kernel::Laplace(Bandwidth::Fixed(bandwidth)))
    }

    /// The kernel (⟨x, y⟩ / d + 1)³ without pairs of a point with itself: on features of images, the KID.
    pub fn cubic() -> Self {
        Self::new(Kernel::Polynomial { degree: 3, scale: None, offset: 1.0 }).unbiased()
    }

    /// Without pairs of a point with itself: right on average.
    #[must_use]
    pub fn unbiased(self) -> Self {
        Self { pairing: Pairing::Unbiased, ..self }
    }

    /// The root, MMD.
    #[must_use]
    pub fn rooted(self) -> Self {
        Self { rooted: true, ..self }
    }
}

impl Mmd {
    /// The value alone.
    pub(crate) fn value(&self, x: &Samples, y: &Samples) -> Result<f64> {
        Ok(self.at_level(x, y, None)?.value)
    }

    fn at_level(&self, x: &Samples, y: &Samples, level: Option<f64>) -> Result<Estimate> {
        check(x, y, self.pairing)?;
        let (function, x, y) = self.kernel.on(x, y)?;
        let how = How { pairing: self.pairing, method: "maximum mean discrepancy", level };
        let both = (&x, &y);
        let diagonal = |point: &[f64]| function.diagonal(point);
        let squared = match &function {
            Function::Gaussian(f) => by_pairs(*f, diagonal, both, 1.0, how)?,
            Function::Laplace(f) => by_pairs(*f, diagonal, both, 1.0, how)?,
            Function::Polynomial(f) => by_pairs(*f, diagonal, both, 1.0, how)?,
        };
        Ok(if self.rooted { root(squared, "root of the maximum mean discrepancy") } else { squared })
    }
}

impl Discrepancy for Mmd {
    fn name(&self) -> String {
        let power = if self.rooted { "MMD" } else { "MMD²" };
        let kind = if self.pairing == Pairing::Biased { ", biased" } else { "" };
        format!("{power} ({}{kind})", self.kernel.name())
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.at_level(x, y, Some(LEVEL))
    }

    fn between_draws(&self, pool: &Pool, draws: &[Draw]) -> Result<Vec<f64>> {
        if self.kernel.unit(pool.points(), pool.points()) != Unit::ONE {
            return one_by_one(self, pool, draws);
        }
        let function = self.kernel.resolve(pool.points(), |i| pool.carries_mass(i), Unit::ONE)?;
        let (on, diagonal) = ((pool, draws), |point: &[f64]| function.diagonal(point));
        let squared = match &function {
            Function::Gaussian(f) => by_forms(*f, diagonal, on, 1.0, self.pairing)?,
            Function::Laplace(f) => by_forms(*f, diagonal, on, 1.0, self.pairing)?,
            Function::Polynomial(f) => by_forms(*f, diagonal, on, 1.0, self.pairing)?,
        };
        Ok(if self.rooted { squared.into_iter().map(|value| value.max(0.0).sqrt()).collect() } else { squared })
    }

    fn range(&self) -> (f64, f64) {
        let most: f64 = match self.kernel {
            Kernel::Gaussian(_) | Kernel::Laplace(_) => 2.0,
            Kernel::Polynomial { .. } => f64::INFINITY,
        };
        (0.0, if self.rooted { most.sqrt() } else { most })
    }

    crate::estimate::own_interval!(|d, x, y, level| d.at_level(x, y, Some(level)));
}

/// The squared maximum mean discrepancy in linear time: the mean of
/// k(x₁, x₂) + k(y₁, y₂) − k(x₁, y₂) − k(x₂, y₁) over ⌊min(n, m) / 2⌋ disjoint quadruples, in the order of the points.
///
/// Right on average, normal, with a standard error that needs no theory; its spread falls like n^−½ even where P = Q. For
/// samples so large that n² is out of reach. Points beyond the shorter sample are not used. Gretton et al. 2012, lemma 14.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LinearMmd {
    /// The Gaussian kernel at the median distance by default.
    pub kernel: Kernel,
}

impl Default for LinearMmd {
    fn default() -> Self {
        Self::new(Kernel::Gaussian(Bandwidth::Median))
    }
}

impl LinearMmd {
    /// With this kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

impl Discrepancy for LinearMmd {
    fn name(&self) -> String {
        format!("MMD² ({}, linear time)", self.kernel.name())
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        check(x, y, Pairing::Unbiased)?;
        for (side, name) in [(x, "x"), (y, "y")] {
            if !side.weights().is_uniform() {
                let why = "its points differ in weight, and the linear-time estimate counts each the same";
                return Err(Error::new(name, ErrorKind::Unsupported(why.into())));
            }
        }
        let (function, scaled_x, scaled_y) = self.kernel.on(x, y)?;
        let (p, q) = (scaled_x.points(), scaled_y.points());
        let terms = match &function {
            Function::Gaussian(f) => quadruples(*f, p, q),
            Function::Laplace(f) => quadruples(*f, p, q),
            Function::Polynomial(f) => quadruples(*f, p, q),
        };
        let count = terms.len() as f64;
        let mean = sum(terms.iter().map(|h| h / count));
        if !mean.is_finite() {
            let why = "the values of the kernel overflow; scale the points down";
            return Err(Error::new("points", ErrorKind::Unsupported(why.into())));
        }
        let variance = sum(terms.iter().map(|h| (h - mean).powi(2))) / (count - 1.0);
        let evidence =
            if terms.len() > 1 { Evidence::StandardError((variance / count).sqrt()) } else { Evidence::Unstated };
        Ok(Estimate::new(mean, evidence, "maximum mean discrepancy, linear time", (x.len(), y.len())))
    }
}

/// The terms of the linear-time estimate.
fn quadruples<F: PairFunction>(function: F, x: &Points, y: &Points) -> Vec<f64> {
    let value = |x: &[f64], y: &[f64]| between(function, x, y);
    let term = |k: usize| {
        let (x1, x2, y1, y2) = (x.point(2 * k), x.point(2 * k + 1), y.point(2 * k), y.point(2 * k + 1));
        (value(x1, x2) - value(x1, y2)) + (value(y1, y2) - value(x2, y1))
    };
    (0..x.len().min(y.len()) / 2).map(term).collect()
}

/// A kernel whose bandwidths are numbers.
enum Function {
    Gaussian(Exponential<false>),
    Laplace(Exponential<true>),
    Polynomial(Power),
}

impl Function {
    /// k(x, x).
    fn diagonal(&self, x: &[f64]) -> f64 {
        match self {
            Self::Gaussian(_) | Self::Laplace(_) => 1.0,
            Self::Polynomial(Power { scale, offset, degree }) => {
                (scale * x.iter().map(|x| x * x).sum::<f64>() + offset).powi(*degree as i32)
            }
        }
    }
}

impl Kernel {
    fn name(&self) -> String {
        let with = |name: &str, bandwidth: &Bandwidth| match bandwidth {
            Bandwidth::Median => format!("{name}, σ = median"),
            Bandwidth::AroundMedian => format!("{name}, five σ"),
            Bandwidth::Fixed(length) => format!("{name}, σ = {length}"),
            Bandwidth::Several(lengths) => format!("{name}, {} σ", lengths.len()),
        };
        match self {
            Self::Gaussian(bandwidth) => with("Gaussian", bandwidth),
            Self::Laplace(bandwidth) => with("Laplace", bandwidth),
            Self::Polynomial { degree, .. } => format!("polynomial, degree {degree}"),
        }
    }

    /// The function for two samples, and the samples in the unit that it wants.
    fn on(&self, x: &Samples, y: &Samples) -> Result<(Function, Samples, Samples)> {
        let n = x.len();
        let both: Vec<f64> = [x, y].iter().flat_map(|side| side.points().as_slice()).copied().collect();
        let both = Points::from_rows(both, x.dim())?;
        let weights = (x.weights().as_slice(), y.weights().as_slice());
        let carries_mass = |i: usize| if i < n { weights.0[i] } else { weights.1[i - n] } > 0.0;
        let unit = self.unit(x.points(), y.points());
        Ok((self.resolve(&both, carries_mass, unit)?, in_units(x, unit)?, in_units(y, unit)?))
    }

    /// The unit of length in which to measure the points. Polynomials have no bandwidth that could be measured in it.
    fn unit(&self, x: &Points, y: &Points) -> Unit {
        match self {
            Self::Gaussian(_) | Self::Laplace(_) => Unit::of(x, y),
            Self::Polynomial { .. } => Unit::ONE,
        }
    }

    /// The function for points measured in `unit`.
    fn resolve(&self, points: &Points, carries_mass: impl Fn(usize) -> bool, unit: Unit) -> Result<Function> {
        let lengths = |bandwidth: &Bandwidth| -> Result<Vec<f64>> {
            let median = || median_distance(points, carries_mass, unit);
            Ok(match bandwidth {
                Bandwidth::Median => vec![median()],
                Bandwidth::AroundMedian => {
                    let median = median();
                    [0.25, 0.5, 1.0, 2.0, 4.0].map(|factor| factor * median).to_vec()
                }
                Bandwidth::Fixed(length) => vec![unit.measure(checked(*length)?)],
                Bandwidth::Several(lengths) => {
                    let count = lengths.len();
                    let holds = (1..=MOST_BANDWIDTHS).contains(&count);
                    require("bandwidth", count as f64, holds, "a kernel averages over 1 to 8 of them")?;
                    lengths.iter().map(|&length| Ok(unit.measure(checked(length)?))).collect::<Result<_>>()?
                }
            })
        };
        Ok(match self {
            Self::Gaussian(bandwidth) => {
                // Divided twice, since σ² alone may overflow; finite, since the distance 0 times infinity is not a number.
                let rate = |length: f64| (-0.5 / length / length).max(f64::MIN);
                Function::Gaussian(Exponential::new(lengths(bandwidth)?.into_iter().map(rate)))
            }
            Self::Laplace(bandwidth) => Function::Laplace(Exponential::new(
                lengths(bandwidth)?.into_iter().map(|length| (-1.0 / length).max(f64::MIN)),
            )),
            Self::Polynomial { degree, scale, offset } => {
                let scale = scale.unwrap_or(1.0 / points.dim() as f64);
                require("degree", f64::from(*degree), (1..=64).contains(degree), "it must lie between 1 and 64")?;
                require("scale", scale, scale > 0.0 && scale.is_finite(), "it must be finite and above 0")?;
                require("offset", *offset, *offset >= 0.0 && offset.is_finite(), "it must be finite and at least 0")?;
                Function::Polynomial(Power { scale, offset: *offset, degree: *degree })
            }
        })
    }
}

fn checked(length: f64) -> Result<f64> {
    require("bandwidth", length, length > 0.0 && length.is_finite(), "it must be finite and above 0")?;
    Ok(length)
}
