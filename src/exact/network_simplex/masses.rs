//! Masses as integers, so that flows are exact and no pivot is degenerate.
//!
//! Masses become whole steps of a power of two, in 128 bits of which the total takes 98: each is exact to 2⁻⁴⁵ of itself or better. Where one
//! is too small for that, all become [`Wide`](super::amount::Wide), in which every double is exact. Then they are perturbed: each source
//! holds one unit more, the last target n units more (Orden 1956; Dantzig, *Linear Programming and Extensions*, 1963, §14.1).
//! Every mass is a positive number of steps, so no subset of perturbed sources equals a subset of perturbed targets except all and none:
//! every basic flow is positive, every pivot makes progress, and the simplex cannot cycle. (A mass of no steps would break that: a target of
//! none has no unit either, and is served by nothing.) The units vanish when flows are turned back into masses.

use crate::exact::amount::{Amount, UNIT_BITS, exponent_of};
use crate::numeric::sum::sum;

/// The most points on a side: their units must fit below half a mass step.
pub(crate) const MOST_POINTS: usize = 1 << (UNIT_BITS - 2);
/// Masses of at least this much of the total, 2⁻⁵², keep 45 bits in 128: their sums meet the marginals to 10⁻¹².
const LEAST_SHARE: f64 = f64::EPSILON;

/// Perturbed integer masses of both sides, with equal totals.
#[derive(Debug)]
pub(crate) struct Masses<A> {
    pub(crate) source: Vec<A>,
    pub(crate) target: Vec<A>,
    exponent: i32,
}

/// Whether positive masses of both sides are so much alike that 128 bits hold them.
pub(crate) fn fit_128_bits(source: &[f64], target: &[f64]) -> bool {
    let least = source.iter().chain(target).copied().filter(|mass| *mass > 0.0).fold(f64::INFINITY, f64::min);
    least >= LEAST_SHARE * sum(source.iter().copied())
}

impl<A: Amount> Masses<A> {
    /// From positive masses whose totals agree to rounding; the largest target takes up the difference.
    pub(crate) fn new(source: &[f64], target: &[f64]) -> Self {
        Self::unperturbed(source, target).perturbed()
    }

    /// The same before they are perturbed: whole steps.
    pub(crate) fn unperturbed(source: &[f64], target: &[f64]) -> Self {
        debug_assert!(source.len() <= MOST_POINTS && target.len() <= MOST_POINTS);
        let total = sum(source.iter().copied());
        let exponent = A::TOTAL_BITS - 1 - exponent_of(total);
        let whole = |masses: &[f64], total: A| -> Vec<A> {
            if masses.iter().all(|&mass| mass == masses[0]) {
                // n times the rounded 1/n is not 1: equal masses share the total, and stay equal.
                return vec![total.part(masses.len()); masses.len()];
            }
            masses.iter().map(|mass| A::steps(*mass, exponent)).collect()
        };
        let total = A::steps(total, exponent);
        let source = whole(source, total);
        let mut target = whole(target, total);
        let difference = source.iter().copied().sum::<A>() - target.iter().copied().sum::<A>();
        *target.iter_mut().max().expect("there is a target") += difference;
        Self { source, target, exponent }
    }

    /// Whole steps with equal totals, perturbed.
    pub(crate) fn perturbed(mut self) -> Self {
        self.source.iter_mut().for_each(|mass| *mass += A::units(1));
        if let Some(last) = self.target.last_mut() {
            *last += A::units(self.source.len());
        }
        self
    }

    /// Masses that are perturbed integers already: sums of those of another problem.
    pub(crate) fn from_units(source: Vec<A>, target: Vec<A>) -> Self {
        Self { source, target, exponent: 0 }
    }

    /// Masses in the same unit as these, for other points.
    pub(crate) fn of(&self, source: Vec<A>, target: Vec<A>) -> Self {
        Self { source, target, exponent: self.exponent }
    }

    /// The mass of a flow, without the units of the perturbation.
    pub(crate) fn mass(&self, flow: A) -> f64 {
        flow.mass(self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::amount::Wide;

    #[test]
    fn masses_survive_the_round_trip() {
        for scale in [1e-300, 1e-12, 1.0, 1e12, 1e300] {
            let source = [0.1 * scale, 0.2 * scale, 0.7 * scale];
            let masses = Masses::<i128>::new(&source, &source);
            for (&whole, &mass) in masses.source.iter().zip(&source) {
                assert_eq!(masses.mass(whole), mass);
            }
            assert_eq!(masses.source.iter().sum::<i128>(), masses.target.iter().sum::<i128>());
        }
    }

    #[test]
    fn no_subsets_tie() {
        let masses = Masses::<i128>::new(&[0.5, 0.5], &[0.5, 0.5]);
        assert_ne!(masses.source[0], masses.target[0]);
        assert_ne!(masses.source[1], masses.target[1]);
        assert_eq!(masses.mass(masses.source[0] - masses.target[0]), 0.0);
        assert_eq!(masses.mass(masses.target[0] - masses.source[0]), 0.0);
    }

    #[test]
    fn masses_over_hundreds_of_decades_are_exact() {
        let (source, target) = ([1e-300, 0.25, 0.75, 3e-17], [1.0, 1e-320, 5e-200]);
        assert!(!fit_128_bits(&source, &target) && fit_128_bits(&[0.5, 0.5], &[1.0, 0.0, 1e-15]));
        let masses = Masses::<Wide>::new(&source, &target);
        for (&whole, &mass) in masses.source.iter().zip(&source).chain(masses.target.iter().zip(&target)) {
            assert_eq!(masses.mass(whole), mass);
            assert!(whole > Wide::units(source.len()));
        }
        assert_eq!(masses.source.iter().copied().sum::<Wide>(), masses.target.iter().copied().sum());
    }
}
