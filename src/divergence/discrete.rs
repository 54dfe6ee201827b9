//! The exact layer: masses on one support.

use std::f64::consts::LN_2;

use super::kind::{Base, Divergence, log_of_quotient};
use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Histogram, Weights};
use crate::numeric::Sum;

/// Totals that differ from 1 by at most this are the sums of rounded masses.
const TOTAL: f64 = 1e-9;

/// Masses on a support that two distributions share: [`Weights`], bin by bin, or [`Histogram`]s of the same bins.
pub trait OnBins {
    /// The masses, one for each bin.
    fn bins(&self) -> &Weights;

    /// Refuses masses on other bins.
    ///
    /// # Errors
    /// When `other` has another number of bins, or they lie elsewhere.
    fn check_same_bins(&self, other: &Self) -> Result<()>;
}

impl OnBins for Weights {
    fn bins(&self) -> &Weights {
        self
    }

    fn check_same_bins(&self, other: &Self) -> Result<()> {
        same_number(self.len(), other.len())
    }
}

impl OnBins for Histogram {
    fn bins(&self) -> &Weights {
        self.masses()
    }

    fn check_same_bins(&self, other: &Self) -> Result<()> {
        same_number(self.len(), other.len())?;
        if self.has_bins_of(other) {
            return Ok(());
        }
        let why = "its bins are not those of the other histogram (shape, origin or spacing differ)";
        Err(Error::new("q", ErrorKind::Unsupported(why.into())))
    }
}

fn same_number(expected: usize, found: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let reason = "both distributions have the same bins";
    Err(Error::new("q", ErrorKind::Length { what: "bins", expected, found, reason }))
}

/// Pairs of masses that sum to 1 on each side.
fn pairs<'w, B: OnBins>(p: &'w B, q: &'w B) -> Result<impl Iterator<Item = (f64, f64)> + Clone + 'w> {
    p.check_same_bins(q)?;
    let (p, q) = (p.bins(), q.bins());
    for (argument, side) in [("p", p), ("q", q)] {
        let requirement = "the masses of a distribution sum to 1; call `normalised()` if only proportions matter";
        require(argument, side.total(), (side.total() - 1.0).abs() <= TOTAL, requirement)?;
    }
    let (total_p, total_q) = (p.total(), q.total());
    Ok(p.as_slice().iter().zip(q.as_slice()).map(move |(p, q)| (p / total_p, q / total_q)))
}

impl Divergence {
    /// The divergence between two distributions on one support, to a few roundings of each term.
    ///
    /// Infinite exactly where the definition is, never NaN, never negative, and within its range: JS ≤ ln 2, TV ≤ 1. Terms are
    /// arranged so that each is at least 0 and none cancels: two distributions that differ in the last digits have a divergence
    /// with all its digits. O(bins).
    ///
    /// ```
    /// use earthwork::divergence::Divergence;
    /// use earthwork::prelude::*;
    ///
    /// let p = Weights::new([0.5, 0.5, 0.0])?;
    /// let q = Weights::new([0.25, 0.5, 0.25])?;
    /// assert!((Divergence::Kl.between(&p, &q)? - 0.5 * 2_f64.ln()).abs() < 1e-16);
    /// assert_eq!(Divergence::ReverseKl.between(&p, &q)?, f64::INFINITY);
    /// assert_eq!(Divergence::TotalVariation.between(&p, &q)?, 0.25);
    ///
    /// // Disjoint supports: at their ceilings, however near or far.
    /// let (left, right) = (Weights::new([1.0, 0.0])?, Weights::new([0.0, 1.0])?);
    /// assert_eq!(Divergence::JensenShannon.between(&left, &right)?, 2_f64.ln());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// When the bins differ, or the masses of a side do not sum to 1 (to 1e-9, which the sums of rounded masses reach; such a
    /// total is divided out), or the order is out of its range.
    pub fn between<B: OnBins>(self, p: &B, q: &B) -> Result<f64> {
        self.check()?;
        let pairs = pairs(p, q)?;
        let Some((base, swapped)) = self.base() else {
            let ratios = pairs.filter(|&(p, _)| p > 0.0).map(|(p, q)| log_ratio(p, q));
            return Ok(ratios.fold(0.0, f64::max));
        };
        let pairs = pairs.map(|(p, q)| if swapped { (q, p) } else { (p, q) });
        if let (Self::Renyi(_) | Self::Bhattacharyya, Base::Power(a)) = (self, base)
            && let Some(value) = log_affinity(a, pairs.clone())
        {
            return Ok(if self == Self::Bhattacharyya { -value } else { value / (a - 1.0) });
        }
        let sum: Sum = pairs.map(|(p, q)| base.term(p, q)).collect();
        Ok(self.finish(sum.value()).min(self.ceiling()))
    }
}

/// ln(p / q) for p > 0.
fn log_ratio(p: f64, q: f64) -> f64 {
    if q == 0.0 { f64::INFINITY } else { log_of_quotient(p, q) }
}

/// ln Σ p^a q^(1−a), where that sum is far from 1, so that 1 + (a − 1) · Tsallis would cancel or overflow; None where it is near.
fn log_affinity(a: f64, pairs: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    if a == 1.0 {
        return None;
    }
    let mut largest = f64::NEG_INFINITY;
    let exponent = |(p, q): (f64, f64)| match (p > 0.0, q > 0.0) {
        (true, true) => a * log_of_quotient(p, q) + q.ln(),
        // p^0 = 0 at p = 0: the order 0 counts what Q holds where P has mass.
        (false, _) => f64::NEG_INFINITY,
        (true, false) => {
            if a > 1.0 {
                f64::INFINITY
            } else {
                f64::NEG_INFINITY
            }
        }
    };
    for pair in pairs.clone() {
        largest = largest.max(exponent(pair));
    }
    if largest.is_infinite() {
        return Some(largest);
    }
    let sum: Sum = pairs.map(|pair| (exponent(pair) - largest).exp()).collect();
    let log = largest + sum.value().ln();
    (log.abs() > LN_2).then_some(log)
}

/// Σ q f(p / q) for a convex function f with f(1) = 0, on one support.
///
/// `slope_at_infinity` is lim f(t) / t for t → ∞, which counts the mass of P where q = 0; f(0) counts the mass of Q where p = 0.
/// Both may be infinite. Whether f is convex is not checked; if it is not, this is a number, but no divergence. O(bins).
///
/// ```
/// use earthwork::divergence::f_divergence;
/// use earthwork::prelude::*;
///
/// // Le Cam's: f(t) = (t − 1)² / (2 (t + 1)).
/// let p = Weights::new([1.0, 0.0])?;
/// let q = Weights::new([0.5, 0.5])?;
/// let le_cam = f_divergence(&p, &q, |t| (t - 1.0).powi(2) / (2.0 * (t + 1.0)), 0.5)?;
/// assert!((le_cam - 1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`Divergence::between`], and when f(1) is not 0, or f or the slope is NaN somewhere.
pub fn f_divergence<B: OnBins>(p: &B, q: &B, f: impl Fn(f64) -> f64, slope_at_infinity: f64) -> Result<f64> {
    require("f", f(1.0), f(1.0).abs() <= f64::EPSILON, "f(1) must be 0")?;
    require("slope_at_infinity", slope_at_infinity, !slope_at_infinity.is_nan(), "it must be a number or infinite")?;
    let mut sum = Sum::default();
    for (p, q) in pairs(p, q)? {
        let term = match (p > 0.0, q > 0.0) {
            (_, true) => q * f(p / q),
            (true, false) => p * slope_at_infinity,
            (false, false) => 0.0,
        };
        if term.is_nan() {
            let requirement = "f must have a value at every p / q";
            return require("f", p / q, false, requirement).map(|()| 0.0);
        }
        sum.add(term);
    }
    Ok(sum.value())
}

#[cfg(test)]
mod tests;
