//! Masses as integers, so that flows are exact and no pivot is degenerate.
//!
//! Masses become 128-bit integers of total about 2¹²⁴: first multiplied by a power of two (exact for every mass above 2⁻⁴⁷ of
//! the total, and far below the resolution of the total for the rest), then perturbed: each source holds one unit more, the
//! last target n units more (Orden 1956; Dantzig, *Linear Programming and Extensions*, 1963, §14.1). No subset of perturbed
//! sources equals a subset of perturbed targets except all and none, so every basic flow is positive, every pivot makes
//! progress, and the simplex cannot cycle. The units vanish when flows are turned back into masses.

use crate::numeric::sum::sum;

/// Bits below the masses that hold the perturbation.
const UNIT_BITS: u32 = 24;
/// Bits that the total mass takes.
const TOTAL_BITS: i32 = 98;
/// The most points on a side: their units must fit below half a mass step.
pub(crate) const MOST_POINTS: usize = 1 << (UNIT_BITS - 2);

/// Perturbed integer masses of both sides, with equal totals.
#[derive(Debug)]
pub(crate) struct Masses {
    pub(crate) source: Vec<i128>,
    pub(crate) target: Vec<i128>,
    exponent: i32,
}

/// A flow of perturbed masses as the same basis carries it for the masses themselves.
pub(crate) fn without_units(flow: i128) -> i128 {
    (flow + (1 << (UNIT_BITS - 1))) >> UNIT_BITS << UNIT_BITS
}

impl Masses {
    /// From positive masses whose totals agree to rounding; the largest target takes up the difference.
    pub(crate) fn new(source: &[f64], target: &[f64]) -> Self {
        Self::unperturbed(source, target).perturbed()
    }

    /// The same before they are perturbed: multiples of 2²⁴.
    pub(crate) fn unperturbed(source: &[f64], target: &[f64]) -> Self {
        debug_assert!(source.len() <= MOST_POINTS && target.len() <= MOST_POINTS);
        let total = sum(source.iter().copied());
        let exponent = TOTAL_BITS - 1 - exponent_of(total);
        let whole = |masses: &[f64], total: i128| -> Vec<i128> {
            if masses.iter().all(|&mass| mass == masses[0]) {
                // n times the rounded 1/n is not 1: equal masses share the total, and stay equal.
                return vec![(total / masses.len() as i128) << UNIT_BITS; masses.len()];
            }
            // A mass too small for a step takes one: a point without any would be left out of the tree.
            masses.iter().map(|mass| (scaled(*mass, exponent) as i128).max(1) << UNIT_BITS).collect()
        };
        let total = scaled(total, exponent) as i128;
        let source = whole(source, total);
        let mut target = whole(target, total);
        let difference = source.iter().sum::<i128>() - target.iter().sum::<i128>();
        *target.iter_mut().max().expect("there is a target") += difference;
        Self { source, target, exponent }
    }

    /// Multiples of 2²⁴ with equal totals, perturbed.
    pub(crate) fn perturbed(mut self) -> Self {
        self.source.iter_mut().for_each(|mass| *mass += 1);
        if let Some(last) = self.target.last_mut() {
            *last += self.source.len() as i128;
        }
        self
    }

    /// Masses that are perturbed integers already: sums of those of another problem.
    pub(crate) fn from_units(source: Vec<i128>, target: Vec<i128>) -> Self {
        Self { source, target, exponent: 0 }
    }

    /// Masses in the same unit as these, for other points.
    pub(crate) fn of(&self, source: Vec<i128>, target: Vec<i128>) -> Self {
        Self { source, target, exponent: self.exponent }
    }

    /// The mass of a flow, without the units of the perturbation.
    pub(crate) fn mass(&self, flow: i128) -> f64 {
        scaled((without_units(flow) >> UNIT_BITS) as f64, -self.exponent)
    }
}

/// ⌊log₂ x⌋ for a positive finite x.
fn exponent_of(x: f64) -> i32 {
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
    fn masses_survive_the_round_trip() {
        for scale in [1e-300, 1e-12, 1.0, 1e12, 1e300] {
            let source = [0.1 * scale, 0.2 * scale, 0.7 * scale];
            let masses = Masses::new(&source, &source);
            for (&whole, &mass) in masses.source.iter().zip(&source) {
                assert_eq!(masses.mass(whole), mass);
            }
            assert_eq!(masses.source.iter().sum::<i128>(), masses.target.iter().sum::<i128>());
        }
    }

    #[test]
    fn no_subsets_tie() {
        let masses = Masses::new(&[0.5, 0.5], &[0.5, 0.5]);
        assert_ne!(masses.source[0], masses.target[0]);
        assert_ne!(masses.source[1], masses.target[1]);
        assert_eq!(masses.mass(masses.source[0] - masses.target[0]), 0.0);
        assert_eq!(masses.mass(masses.target[0] - masses.source[0]), 0.0);
    }

    #[test]
    fn masses_far_below_the_total_are_not_lost() {
        let masses = Masses::new(&[1e-60, 0.5, 0.5], &[0.5, 1e-200, 0.5]);
        assert!(masses.source.iter().chain(&masses.target).all(|&mass| mass > 0));
        assert!(masses.mass(masses.target[1]) < 1e-28);
        assert_eq!(masses.source.iter().sum::<i128>(), masses.target.iter().sum::<i128>());
    }

    #[test]
    fn exponents_are_right_also_below_the_normal_range() {
        for (x, exponent) in [(1.0, 0), (1.5, 0), (0.5, -1), (1e-310, -1030), (f64::MAX, 1023)] {
            assert_eq!(exponent_of(x), exponent, "{x}");
        }
    }
}
