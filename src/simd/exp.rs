//! 2^x for vector loops.

use super::{Kernel, multiply_add, run};

/// Coefficients of 2^r − 1 = r (c₀ + c₁ r + …) on |r| ≤ ½: the Taylor series (ln 2)^k / k! to degree 13, its last term spread
/// over those below by the Chebyshev polynomial T₁₃ (economised: what is left is below 1e-19).
const C: [f64; 12] = [
    std::f64::consts::LN_2,
    2.402_265_069_591_007_2e-1,
    5.550_410_866_482_17e-2,
    9.618_129_107_628_477e-3,
    1.333_355_814_639_042e-3,
    1.540_353_039_338_161e-4,
    1.525_273_385_620_516e-5,
    1.321_548_679_014_431e-6,
    1.017_805_124_569_378_2e-7,
    7.054_911_620_801_123e-9,
    4.456_662_606_564_609e-10,
    2.567_843_599_348_820_6e-11,
];

/// 1.5 · 2^52: adding it rounds to the nearest integer, which the low bits then hold.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// 2^x to about one unit in the last place. Below −1000 it is 0, so that no result is subnormal; above 1023 it is 2^1023.
///
/// The integer part of x goes to the exponent, the rest (|r| ≤ ½) through a polynomial. To be called inside a
/// [`Kernel`](super::Kernel), where the loop around it becomes vector code.
#[inline(always)]
pub(crate) fn exp2<const FUSED: bool>(x: f64) -> f64 {
    let x = if x < 1023.0 { x } else { 1023.0 };
    let shifted = x + ROUND;
    let r = x - (shifted - ROUND);
    let r2 = r * r;
    let r4 = r2 * r2;
    // Estrin's scheme: four short chains instead of a long one.
    let pair = |k: usize| multiply_add::<FUSED>(C[k + 1], r, C[k]);
    let low = multiply_add::<FUSED>(pair(2), r2, pair(0));
    let mid = multiply_add::<FUSED>(pair(6), r2, pair(4));
    let high = multiply_add::<FUSED>(pair(10), r2, pair(8));
    let series = multiply_add::<FUSED>(multiply_add::<FUSED>(high, r4, mid), r4, low);
    let power = multiply_add::<FUSED>(series, r, 1.0);
    let bits = power.to_bits().wrapping_add(shifted.to_bits() << 52);
    if x < -1000.0 { 0.0 } else { f64::from_bits(bits) }
}

/// Raises 2 to each of the numbers, as [`exp2`] does.
pub(crate) fn exp2_all(numbers: &mut [f64]) {
    run(Exp2(numbers));
}

struct Exp2<'a>(&'a mut [f64]);

impl Kernel for Exp2<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for x in self.0 {
            *x = exp2::<FUSED>(*x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ulps(found: f64, exact: f64) -> f64 {
        (found - exact).abs() / (exact.next_up() - exact)
    }

    #[test]
    fn powers_are_right_to_two_units_in_the_last_place_or_three_without_fused_products() {
        let x: Vec<f64> = (0..200_000).map(|k| -999.9 + f64::from(k) * 0.010_11).collect();
        let (mut wide, mut scalar) = (x.clone(), x.clone());
        exp2_all(&mut wide);
        Exp2(&mut scalar).run::<false>();
        for ((x, w), s) in x.iter().zip(wide).zip(scalar) {
            assert!(ulps(w, x.exp2()) <= 2.0 && ulps(s, x.exp2()) <= 3.0, "2^{x}: {w}, {s}, {}", x.exp2());
        }
    }

    #[test]
    fn the_ends_are_clamped() {
        let ends = [0.0, 1.0, -1.0, 1022.0, 1e300, f64::INFINITY, -1000.5, -1e300, f64::NEG_INFINITY];
        let mut found = ends;
        exp2_all(&mut found);
        let top = 1023_f64.exp2();
        assert_eq!(found, [1.0, 2.0, 0.5, 1022_f64.exp2(), top, top, 0.0, 0.0, 0.0]);
    }
}
