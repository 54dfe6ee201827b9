//! Generic loops compiled for the best instructions at hand.

/// A loop with its data. Its `run` must be `#[inline(always)]`, like all that it calls in its hot part, so that it is
/// compiled anew for each level of instructions; the baseline build of the same lines is its scalar twin.
pub(crate) trait Kernel {
    /// What the loop returns.
    type Output;

    /// The loop. `FUSED` says that `mul_add` is one instruction here.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs a kernel compiled for the best instructions at hand.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
        fn wide<K: Kernel>(kernel: K) -> K::Output {
            kernel.run::<true>()
        }
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
        fn medium<K: Kernel>(kernel: K) -> K::Output {
            kernel.run::<true>()
        }
        match super::level() {
            // SAFETY: `level` found these instructions on this processor.
            super::Level::Avx512 => return unsafe { wide(kernel) },
            // SAFETY: as above.
            super::Level::Avx2 => return unsafe { medium(kernel) },
            super::Level::Baseline => {}
        }
    }
    kernel.run::<{ cfg!(target_arch = "aarch64") }>()
}
