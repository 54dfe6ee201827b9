//! Whole numbers of units of mass, wide enough for the masses at hand.
//!
//! 128 bits hold masses that differ by a factor of up to 2⁵² with all of their digits that count, and that is nearly every problem.
//! Weights of a softmax, a narrow kernel or the tails of a histogram span hundreds of decades: for those [`Wide`] has as many bits
//! as all doubles together, so that nothing is rounded at all.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// Bits below the masses that hold the perturbation.
pub(crate) const UNIT_BITS: u32 = 24;

/// An amount of mass, or of flow: a whole number of units, of which 2^[`UNIT_BITS`] make a step of mass.
pub(crate) trait Amount:
    Copy
    + Debug
    + Ord
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + Sum
{
    const ZERO: Self;
    const MAX: Self;
    /// Bits that the steps of the total mass take.
    const TOTAL_BITS: i32;

    /// So many units.
    fn units(count: usize) -> Self;

    /// ⌊mass · 2^exponent⌋ steps.
    fn steps(mass: f64, exponent: i32) -> Self;

    /// The mass of the whole steps: steps · 2^−exponent, rounded once.
    fn mass(self, exponent: i32) -> f64;

    /// An n-th part of whole steps, rounded down to whole steps.
    fn part(self, n: usize) -> Self;

    /// A flow of perturbed masses as the same basis carries it for the masses themselves: rounded to whole steps.
    fn without_units(self) -> Self;

    /// Rounded to a double, in a unit that is the same for all amounts of a problem.
    fn as_f64(self) -> f64;

    /// self / whole, rounded.
    fn share_of(self, whole: Self) -> f64;
}

impl Amount for i128 {
    const ZERO: Self = 0;
    const MAX: Self = Self::MAX;
    const TOTAL_BITS: i32 = 98;

    fn units(count: usize) -> Self {
        count as Self
    }

    fn steps(mass: f64, exponent: i32) -> Self {
        (scaled(mass, exponent) as Self) << UNIT_BITS
    }

    fn mass(self, exponent: i32) -> f64 {
        scaled((self.without_units() >> UNIT_BITS) as f64, -exponent)
    }

    fn part(self, n: usize) -> Self {
        ((self >> UNIT_BITS) / n as Self) << UNIT_BITS
    }

    #[inline]
    fn without_units(self) -> Self {
        (self + (1 << (UNIT_BITS - 1))) >> UNIT_BITS << UNIT_BITS
    }

    #[inline]
    fn as_f64(self) -> f64 {
        self as f64
    }

    #[inline]
    fn share_of(self, whole: Self) -> f64 {
        self as f64 / whole as f64
    }
}

/// Words of a [`Wide`]: all doubles from 2⁻¹⁰⁷⁴ to 2¹⁰²⁴, 2²⁴ units below them, and a sign.
const WORDS: usize = 34;

/// A signed whole number of 2176 bits: words from the lowest to the highest, in two's complement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wide([u64; WORDS]);

impl Wide {
    /// The number 1.
    pub(crate) const UNIT: Self = {
        let mut words = [0; WORDS];
        words[0] = 1;
        Self(words)
    };

    /// (−1)^negative · significand · 2^exponent with a significand of at least 64 bits, the last of which stands for all below.
    fn split(self) -> (bool, u128, i32) {
        let negative = (self.0[WORDS - 1] as i64) < 0;
        let Self(words) = if negative { -self } else { self };
        let Some(top) = words.iter().rposition(|&word| word != 0) else { return (false, 0, 0) };
        if top == 0 {
            return (negative, u128::from(words[0]), 0);
        }
        let lost = words[..top - 1].iter().any(|&word| word != 0);
        let significand = u128::from(words[top]) << 64 | u128::from(words[top - 1]) | u128::from(lost);
        (negative, significand, 64 * (top as i32 - 1))
    }

    /// significand · 2^shift, rounded down.
    pub(crate) fn scaled_up(significand: u64, shift: i32) -> Self {
        if shift < 0 {
            return Self::shifted_up(significand.checked_shr(-shift as u32).unwrap_or(0), 0);
        }
        Self::shifted_up(significand, shift as usize)
    }

    /// ⌊self / 2⌋ of a number that is not negative.
    pub(crate) fn half(self) -> Self {
        let mut words = self.0;
        for k in 0..WORDS {
            words[k] = words[k] >> 1 | words.get(k + 1).map_or(0, |next| next << 63);
        }
        Self(words)
    }

    /// About part · self, for a part from 0 to 1 of a number that is not negative.
    pub(crate) fn times(self, part: f64) -> Self {
        let (_, significand, exponent) = self.split();
        // 2⁶⁴ values of the first bits, of which 53 count.
        let down = 64 - significand.leading_zeros().min(64) as i32;
        Self::scaled_up(((significand >> down) as f64 * part) as u64, exponent + down)
    }

    /// self · 2^exponent, rounded once.
    pub(crate) fn times_power(self, exponent: i32) -> f64 {
        let (negative, significand, own) = self.split();
        // A value between 1 and 2 first, so that no step overflows or loses digits before the last.
        let bits = 127 - significand.leading_zeros().min(127) as i32;
        let near_one = significand as f64 * 2f64.powi(-bits);
        let value = scaled(near_one, (own + bits + exponent).clamp(-1200, 1200));
        if negative { -value } else { value }
    }

    fn shifted_up(word: u64, by: usize) -> Self {
        let mut words = [0; WORDS];
        let (at, bits) = (by / 64, by % 64);
        words[at] = word << bits;
        if bits > 0 && at + 1 < WORDS {
            words[at + 1] = word >> (64 - bits);
        }
        Self(words)
    }
}

impl Amount for Wide {
    const ZERO: Self = Self([0; WORDS]);
    const MAX: Self = {
        let mut words = [u64::MAX; WORDS];
        words[WORDS - 1] = i64::MAX as u64;
        Self(words)
    };
    const TOTAL_BITS: i32 = 64 * WORDS as i32 - UNIT_BITS as i32 - 3;

    fn units(count: usize) -> Self {
        Self::shifted_up(count as u64, 0)
    }

    fn steps(mass: f64, exponent: i32) -> Self {
        let bits = mass.to_bits();
        let (fraction, biased) = (bits & ((1 << 52) - 1), (bits >> 52) as i32);
        let (significand, own) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
        let shift = own + exponent;
        if shift < 0 {
            let whole = significand.checked_shr(-shift as u32).unwrap_or(0);
            return Self::shifted_up(whole, UNIT_BITS as usize);
        }
        Self::shifted_up(significand, shift as usize + UNIT_BITS as usize)
    }

    fn mass(self, exponent: i32) -> f64 {
        self.without_units().times_power(-exponent - UNIT_BITS as i32)
    }

    fn part(self, n: usize) -> Self {
        let mut words = self.0;
        let mut rest = 0u128;
        for word in words.iter_mut().rev() {
            let all = rest << 64 | u128::from(*word);
            *word = (all / n as u128) as u64;
            rest = all % n as u128;
        }
        words[0] = words[0] >> UNIT_BITS << UNIT_BITS;
        Self(words)
    }

    fn without_units(self) -> Self {
        let mut rounded = self + Self::units(1 << (UNIT_BITS - 1));
        rounded.0[0] = rounded.0[0] >> UNIT_BITS << UNIT_BITS;
        rounded
    }

    fn as_f64(self) -> f64 {
        self.times_power(128 - 64 * WORDS as i32)
    }

    fn share_of(self, whole: Self) -> f64 {
        let ((negative, part, part_exponent), (_, whole, whole_exponent)) = (self.split(), whole.split());
        let share = scaled(part as f64 / whole as f64, (part_exponent - whole_exponent).clamp(-1200, 1200));
        if negative { -share } else { share }
    }
}

impl Ord for Wide {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let top = (self.0[WORDS - 1] as i64).cmp(&(other.0[WORDS - 1] as i64));
        top.then_with(|| self.0[..WORDS - 1].iter().rev().cmp(other.0[..WORDS - 1].iter().rev()))
    }
}

impl PartialOrd for Wide {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Debug for Wide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wide({:e})", self.as_f64())
    }
}

impl Add for Wide {
    type Output = Self;

    #[inline]
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sub for Wide {
    type Output = Self;

    #[inline]
    fn sub(mut self, other: Self) -> Self {
        self -= other;
        self
    }
}

impl Neg for Wide {
    type Output = Self;

    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl AddAssign for Wide {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        let mut carry = false;
        for (word, more) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = word.overflowing_add(more);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, over || again);
        }
    }
}

impl SubAssign for Wide {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        let mut borrow = false;
        for (word, less) in self.0.iter_mut().zip(other.0) {
            let (rest, under) = word.overflowing_sub(less);
            let (rest, again) = rest.overflowing_sub(u64::from(borrow));
            (*word, borrow) = (rest, under || again);
        }
    }
}

impl Sum for Wide {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, Add::add)
    }
}

/// ⌊log₂ x⌋ for a positive finite x.
pub(crate) fn exponent_of(x: f64) -> i32 {
    if x.is_normal() { ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023 } else { exponent_of(x * 2f64.powi(64)) - 64 }
}

/// x · 2^exponent, in two steps so that neither factor overflows.
fn scaled(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * 2f64.powi(half) * 2f64.powi(exponent - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_right_also_below_the_normal_range() {
        for (x, exponent) in [(1.0, 0), (1.5, 0), (0.5, -1), (1e-310, -1030), (f64::MAX, 1023)] {
            assert_eq!(exponent_of(x), exponent, "{x}");
        }
    }

    #[test]
    fn every_double_survives_the_round_trip() {
        for total in [f64::MAX, 1.0, 1e-300] {
            let exponent = Wide::TOTAL_BITS - 1 - exponent_of(total);
            for mass in [total, total * 0.3, total * 1e-200, 1e-310, 5e-324].into_iter().filter(|mass| *mass <= total) {
                let steps = Wide::steps(mass, exponent);
                assert_eq!(steps.mass(exponent), mass, "{mass:e} of {total:e}");
                assert_eq!((-steps).mass(exponent), -mass);
                assert_eq!((steps + Wide::units(3)).mass(exponent), mass);
                assert_eq!((steps - Wide::units(3)).mass(exponent), mass);
            }
        }
    }

    #[test]
    fn wide_numbers_are_numbers() {
        let exponent = Wide::TOTAL_BITS - 1;
        let at = |mass: f64| Wide::steps(mass, exponent);
        assert_eq!(at(0.75) + at(0.25) - at(0.5), at(0.5));
        assert_eq!(at(1.0) + at(1e-300) - at(1.0), at(1e-300));
        assert!(at(1e-300) < at(1e-299) && -at(1e-299) < -at(1e-300) && -at(1e-300) < Wide::ZERO);
        assert!(Wide::MAX > at(1.0) + at(0.9));
        assert_eq!(at(1e-300).share_of(at(1e-299)), 0.1);
        assert_eq!(at(1.0).part(4), at(0.25));
        assert_eq!((at(1.0).as_f64(), at(0.5).as_f64()), (2.0 * at(0.5).as_f64(), at(0.5).as_f64()));
        assert_eq!(at(0.5).share_of(at(0.5) + at(0.25)), 2.0 / 3.0);
        assert_eq!((at(1e-200).half(), at(1e-200).times(0.5)), (at(5e-201), at(5e-201)));
        assert_eq!((Wide::units(7).half(), Wide::units(8).times(0.25)), (Wide::units(3), Wide::units(2)));
    }
}
