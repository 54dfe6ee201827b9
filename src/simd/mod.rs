//! Hot loops, compiled once for each level of vector instructions and chosen at run time. The only `unsafe` of the
//! library: each call of a loop compiled for more than the baseline stands behind the test that the processor has it.
//!
//! The loops are written so that the compiler vectorises them: fixed-width lanes, no early exit; matrix products and the questions
//! of `lanes.rs` alone use the processor's instructions by name. Their bits do not depend on the number of threads; they may depend on the processor (fused
//! multiply-add).

#![allow(unsafe_code)]

mod exp;
mod kernel;
mod lanes;
mod matching;
mod min_plus;
mod norm;
mod pairs;
mod product;
mod project;
mod rectify;
mod reduce;
mod sift;

pub(crate) use exp::{exp2, exp2_all, exp2_single, log2_all};
pub(crate) use kernel::{Kernel, run};
pub(crate) use lanes::{PAIR, SLOTS, VectorKernel, Vectors, run_vectors};
pub(crate) use matching::{TwoLeast, relax, two_least};
pub(crate) use min_plus::min_plus;
pub(crate) use norm::{ROWS, norm_row, quick_square, square, square_rows};
pub(crate) use pairs::{BlockForms, BlockSums, LANES, PairFunction, Panels, TILE};
pub(crate) use product::{Factor, add_product};
pub(crate) use project::{TILE_POINTS, project, tiled};
pub(crate) use rectify::{add_rows, rectify, rectify_slopes};
pub(crate) use reduce::{lower_to_difference, row_minimum, row_slack_minimum};
pub(crate) use sift::{LeastOfLanes, PANEL, SIFTED, Sift};

/// Defines `pub(crate) fn name(args) -> out` that runs `body(args)` compiled for the best instructions at hand.
///
/// `body` must be `#[inline(always)]`, and is its own scalar twin: the baseline build of the same lines.
macro_rules! dispatch {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:ident) => {
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                fn wide($($arg: $type),*) $(-> $out)? {
                    $body::<true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                fn medium($($arg: $type),*) $(-> $out)? {
                    $body::<true>($($arg),*)
                }
                match $crate::simd::level() {
                    // SAFETY: `level` found these instructions on this processor.
                    $crate::simd::Level::Avx512 => return unsafe { wide($($arg),*) },
                    // SAFETY: as above.
                    $crate::simd::Level::Avx2 => return unsafe { medium($($arg),*) },
                    $crate::simd::Level::Baseline => {}
                }
            }
            $body::<{ cfg!(target_arch = "aarch64") }>($($arg),*)
        }
    };
}
pub(crate) use dispatch;

/// How far the vector instructions of this processor go.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Baseline,
    Avx2,
    Avx512,
}

/// The level found at the first call.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn level() -> Level {
    use std::sync::OnceLock;
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let has_avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        let has_avx512 = has_avx2
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw");
        if has_avx512 {
            Level::Avx512
        } else if has_avx2 {
            Level::Avx2
        } else {
            Level::Baseline
        }
    })
}

/// x · y + z: fused where the code is compiled for it, else rounded twice (a library call would be slow).
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(x: f64, y: f64, z: f64) -> f64 {
    if FUSED { x.mul_add(y, z) } else { x * y + z }
}

/// The same in single precision.
#[inline(always)]
pub(crate) fn multiply_add_single<const FUSED: bool>(x: f32, y: f32, z: f32) -> f32 {
    if FUSED { x.mul_add(y, z) } else { x * y + z }
}
