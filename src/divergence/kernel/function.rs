//! Functions of two points that kernel distances sum over pairs.

use crate::simd::{LANES, PairFunction, exp2, multiply_add};

/// The most bandwidths that one kernel averages over.
pub(super) const MOST_BANDWIDTHS: usize = 8;

/// ‖x − y‖.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Distance;

impl PairFunction for Distance {
    #[inline(always)]
    fn add<const FUSED: bool>(self, total: f64, x: f64, y: f64) -> f64 {
        let gap = x - y;
        multiply_add::<FUSED>(gap, gap, total)
    }

    #[inline(always)]
    fn finish<const FUSED: bool>(self, totals: &mut [f64; LANES]) {
        for total in totals {
            *total = total.sqrt();
        }
    }
}

/// The mean over bandwidths of 2^(rate · t), where t is the squared distance or (`ROOT`) the distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exponential<const ROOT: bool> {
    rates: [f64; MOST_BANDWIDTHS],
    count: usize,
}

impl<const ROOT: bool> Exponential<ROOT> {
    /// With one rate for each bandwidth, at most [`MOST_BANDWIDTHS`].
    pub(super) fn new(of_bandwidths: impl IntoIterator<Item = f64>) -> Self {
        let (mut rates, mut count) = ([0.0; MOST_BANDWIDTHS], 0);
        for (rate, given) in rates.iter_mut().zip(of_bandwidths) {
            *rate = given * std::f64::consts::LOG2_E;
            count += 1;
        }
        Self { rates, count }
    }
}

impl<const ROOT: bool> PairFunction for Exponential<ROOT> {
    #[inline(always)]
    fn add<const FUSED: bool>(self, total: f64, x: f64, y: f64) -> f64 {
        Distance.add::<FUSED>(total, x, y)
    }

    #[inline(always)]
    fn finish<const FUSED: bool>(self, totals: &mut [f64; LANES]) {
        if ROOT {
            for total in totals.iter_mut() {
                *total = total.sqrt();
            }
        }
        let mut values = [0.0; LANES];
        for rate in &self.rates[..self.count] {
            for l in 0..LANES {
                values[l] += exp2::<FUSED>(rate * totals[l]);
            }
        }
        let share = 1.0 / self.count as f64;
        for l in 0..LANES {
            totals[l] = share * values[l];
        }
    }
}

/// (scale ⟨x, y⟩ + offset)^degree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Power {
    pub(super) scale: f64,
    pub(super) offset: f64,
    pub(super) degree: u32,
}

impl PairFunction for Power {
    #[inline(always)]
    fn add<const FUSED: bool>(self, total: f64, x: f64, y: f64) -> f64 {
        multiply_add::<FUSED>(x, y, total)
    }

    #[inline(always)]
    fn finish<const FUSED: bool>(self, totals: &mut [f64; LANES]) {
        for total in totals.iter_mut() {
            let base = multiply_add::<FUSED>(self.scale, *total, self.offset);
            let mut power = base;
            for _ in 1..self.degree {
                power *= base;
            }
            *total = power;
        }
    }
}
