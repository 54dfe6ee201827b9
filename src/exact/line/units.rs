//! Masses as whole multiples of one unit, so that sums of a million of them are exact.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::exact::amount::Wide;

/// A whole number of units of mass: 128 bits, or [`Wide`] where masses span too many decades for them.
pub(crate) trait Count:
    Copy + Debug + Ord + Add<Output = Self> + Sub<Output = Self> + Neg<Output = Self> + AddAssign + SubAssign
{
    const ZERO: Self;
    const ONE: Self;
    const MAX: Self;
    /// The total mass takes this many bits.
    const TOTAL_BITS: i32;

    /// significand · 2^shift, rounded down.
    fn scaled_up(significand: u64, shift: i32) -> Self;

    /// self · 2^exponent, rounded once.
    fn times_power(self, exponent: i32) -> f64;

    /// ⌊self / 2⌋, self ≥ 0.
    fn half(self) -> Self;

    /// About part · self, for 0 ≤ part ≤ 1 and self ≥ 0.
    fn times(self, part: f64) -> Self;
}

impl Count for i128 {
    const ZERO: Self = 0;
    const ONE: Self = 1;
    const MAX: Self = Self::MAX;
    const TOTAL_BITS: i32 = 124;

    #[inline]
    fn scaled_up(significand: u64, shift: i32) -> Self {
        if shift >= 0 {
            Self::from(significand) << shift
        } else {
            Self::from(significand.checked_shr(-shift as u32).unwrap_or(0))
        }
    }

    #[inline]
    fn times_power(self, exponent: i32) -> f64 {
        // In two steps, so that neither factor overflows.
        let half = exponent / 2;
        self as f64 * 2_f64.powi(half) * 2_f64.powi(exponent - half)
    }

    fn half(self) -> Self {
        self / 2
    }

    fn times(self, part: f64) -> Self {
        (self as f64 * part) as Self
    }
}

impl Count for Wide {
    const ZERO: Self = <Self as crate::exact::amount::Amount>::ZERO;
    const ONE: Self = Self::UNIT;
    const MAX: Self = <Self as crate::exact::amount::Amount>::MAX;
    const TOTAL_BITS: i32 = <Self as crate::exact::amount::Amount>::TOTAL_BITS;

    fn scaled_up(significand: u64, shift: i32) -> Self {
        Self::scaled_up(significand, shift)
    }

    fn times_power(self, exponent: i32) -> f64 {
        Self::times_power(self, exponent)
    }

    fn half(self) -> Self {
        Self::half(self)
    }

    fn times(self, part: f64) -> Self {
        Self::times(self, part)
    }
}

/// The unit in which masses are counted: a power of two, near 2⁻¹²³ of the total mass for counts of 128 bits.
///
/// A mass above 2⁻⁷⁰ of the total is then a whole number of units, to the last bit; one below loses less than a unit. Wide
/// counts lose nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit<C> {
    /// The unit is 2^exponent.
    exponent: i32,
    counts: PhantomData<C>,
}

impl<C: Count> Unit<C> {
    /// For masses that sum to `total`, which is positive and finite.
    pub(crate) fn new(total: f64) -> Self {
        let (significand, exponent) = split(total);
        Self { exponent: exponent + significand.ilog2() as i32 + 1 - C::TOTAL_BITS, counts: PhantomData }
    }

    /// `mass` in units, rounded down.
    #[inline]
    pub(crate) fn count(self, mass: f64) -> C {
        let (significand, exponent) = split(mass);
        C::scaled_up(significand, exponent - self.exponent)
    }

    /// Whether `mass` is a whole number of units.
    #[inline]
    pub(crate) fn is_whole(self, mass: f64) -> bool {
        let (significand, exponent) = split(mass);
        exponent + significand.trailing_zeros() as i32 >= self.exponent || mass == 0.0
    }

    /// The mass of `count` units, rounded once.
    #[inline]
    pub(crate) fn mass(self, count: C) -> f64 {
        count.times_power(self.exponent)
    }
}

/// A finite x ≥ 0 as (significand, exponent) with x = significand · 2^exponent.
#[inline]
fn split(x: f64) -> (u64, i32) {
    let bits = x.to_bits();
    let (fraction, biased) = (bits & ((1 << 52) - 1), (bits >> 52) as i32);
    if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) }
}

/// Masses of both sides in units, with equal totals.
#[derive(Debug)]
pub(crate) struct Masses<'a, C> {
    unit: Unit<C>,
    pub(crate) source: &'a [f64],
    pub(crate) target: &'a [f64],
    scale: f64,
    /// The target that takes up the difference of the totals.
    pub(crate) largest: usize,
    largest_count: C,
    /// How many masses lost less than a unit to rounding.
    rounded: usize,
}

impl<'a, C: Count> Masses<'a, C> {
    /// From masses whose totals agree up to `scale` (which multiplies `target`) and rounding.
    pub(crate) fn new(source: &'a [f64], target: &'a [f64], total: f64, scale: f64) -> Self {
        let unit = Unit::new(total);
        let (mut supply, mut demand, mut rounded) = (C::ZERO, C::ZERO, 0);
        for &mass in source {
            supply += unit.count(mass);
            rounded += usize::from(!unit.is_whole(mass));
        }
        let (mut largest, mut largest_count) = (0, -C::ONE);
        for (j, &mass) in target.iter().enumerate() {
            let count = unit.count(mass * scale);
            demand += count;
            rounded += usize::from(!unit.is_whole(mass * scale));
            if count > largest_count {
                (largest, largest_count) = (j, count);
            }
        }
        // At least total / m, and the difference is some roundings of the total: what is left is positive.
        largest_count += supply - demand;
        Self { unit, source, target, scale, largest, largest_count, rounded }
    }

    /// The count of source `i`.
    #[inline]
    pub(crate) fn source(&self, i: usize) -> C {
        self.count_source(self.source[i])
    }

    /// The count of target `j`.
    #[inline]
    pub(crate) fn target(&self, j: usize) -> C {
        if j == self.largest { self.largest_count } else { self.count_target(self.target[j]) }
    }

    /// The count of a source of this mass.
    #[inline]
    pub(crate) fn count_source(&self, mass: f64) -> C {
        self.unit.count(mass)
    }

    /// The count of a target of this mass, if it is not the largest.
    #[inline]
    pub(crate) fn count_target(&self, mass: f64) -> C {
        self.unit.count(mass * self.scale)
    }

    /// The mass of a count.
    #[inline]
    pub(crate) fn mass(&self, count: C) -> f64 {
        self.unit.mass(count)
    }

    /// At most so much mass was lost to rounding masses to whole units; 0 unless one is below 2⁻⁷⁰ of the total.
    pub(crate) fn lost(&self) -> f64 {
        self.rounded as f64 * self.unit.mass(C::ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_the_round_trip() {
        for scale in [1e-310, 1e-300, 1e-12, 1.0, 1e12, 1e300] {
            let source = [0.1 * scale, 0.2 * scale, 0.7 * scale, 0.0];
            let masses = Masses::<i128>::new(&source, &source, source.iter().sum(), 1.0);
            for (i, &mass) in source.iter().enumerate() {
                assert_eq!(masses.mass(masses.source(i)), mass);
                assert_eq!(masses.source(i), masses.target(i));
            }
            assert_eq!(masses.lost(), 0.0);
        }
    }

    #[test]
    fn the_largest_target_takes_up_what_totals_differ_by() {
        let (source, target) = ([0.1; 10], [0.3, 0.3, 0.4]);
        let masses = Masses::<i128>::new(&source, &target, 1.0, 1.0);
        let supply: i128 = (0..10).map(|i| masses.source(i)).sum();
        let demand: i128 = (0..3).map(|j| masses.target(j)).sum();
        assert_eq!(supply, demand);
        assert_eq!(masses.mass(masses.target(0)), 0.3);
    }

    #[test]
    fn a_mass_below_the_resolution_is_charged() {
        let source = [1.0, 1e-35];
        let masses = Masses::<i128>::new(&source, &source, 1.0, 1.0);
        assert!((masses.mass(masses.source(1)) - 1e-35).abs() <= masses.lost());
        assert!(masses.lost() > 0.0 && masses.lost() < 1e-36);
        assert_eq!(Masses::<i128>::new(&[1.0, 1e-60], &[1.0, 0.0], 1.0, 1.0).source(1), 0);
        for total in [1e-300, 1.0, 1e300] {
            let source = [total, 1e-35 * total, 5e-324, 0.3 * total];
            let masses = Masses::<Wide>::new(&source, &source, 1.3 * total, 1.0);
            assert_eq!(masses.lost(), 0.0);
            assert!((0..4).all(|i| masses.mass(masses.source(i)) == source[i]));
        }
    }
}
