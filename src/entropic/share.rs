//! Shares of mass: in double precision, or in single precision, which takes half the time.

use super::layout::{LANES, ROWS, TILE};
use crate::simd::{exp2, exp2_single};

/// log₂ e: bits per natural unit.
pub(super) const BITS: f64 = std::f64::consts::LOG2_E;

/// A number that shares are computed in.
pub(super) trait Share: Copy + Default + Into<f64> + Send + Sync {
    /// 2 to each of the exponents.
    fn powers<const FUSED: bool>(exponents: &[f64; TILE], out: &mut [Self; TILE]);

    /// The store of shares, if it is one of such numbers.
    fn store(store: &mut Vec<f32>) -> Option<&mut Vec<Self>>;

    /// Numbers of single precision, if these are.
    fn single(numbers: &mut [Self]) -> Option<&mut [f32]>;

    /// Times `factor`, in single precision; 0 where that would be subnormal, which costs time.
    fn scaled(self, factor: f64) -> f32;
}

/// Shares below this are stored as 0.
const LEAST: f64 = 1e-37;

impl Share for f64 {
    #[inline(always)]
    fn powers<const FUSED: bool>(exponents: &[f64; TILE], out: &mut [Self; TILE]) {
        for k in 0..TILE {
            out[k] = exp2::<FUSED>(exponents[k]);
        }
    }

    fn store(_: &mut Vec<f32>) -> Option<&mut Vec<Self>> {
        None
    }

    fn single(_: &mut [Self]) -> Option<&mut [f32]> {
        None
    }

    #[inline(always)]
    fn scaled(self, factor: f64) -> f32 {
        let share = self * factor;
        if share > LEAST { share as f32 } else { 0.0 }
    }
}

impl Share for f32 {
    #[inline(always)]
    fn powers<const FUSED: bool>(exponents: &[f64; TILE], out: &mut [Self; TILE]) {
        // (In one loop, half of each vector would be empty.)
        for k in 0..TILE {
            out[k] = exponents[k] as f32;
        }
        for k in 0..TILE {
            out[k] = exp2_single::<FUSED>(out[k]);
        }
    }

    fn store(store: &mut Vec<f32>) -> Option<&mut Vec<Self>> {
        Some(store)
    }

    fn single(numbers: &mut [Self]) -> Option<&mut [f32]> {
        Some(numbers)
    }

    #[inline(always)]
    fn scaled(self, factor: f64) -> f32 {
        let share = self * factor as f32;
        if share > LEAST as f32 { share } else { 0.0 }
    }
}

/// A sum for each of 8 rows, lane by lane.
pub(super) type Lanes = [[f64; LANES]; ROWS];

/// The sums of the rows. (To be called outside of the loop, or the compiler builds all of it around the folding.)
pub(super) fn folded(lanes: &Lanes) -> [f64; ROWS] {
    lanes.map(|mut lanes| {
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            for l in 0..width {
                lanes[l] += lanes[l + width];
            }
        }
        lanes[0]
    })
}
