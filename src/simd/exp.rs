//! 2^x and log₂ x for vector loops.

use super::{Kernel, multiply_add, multiply_add_single, run};

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

/// Coefficients of 2^r − 1 = r (c₀ + c₁ r + …) on |r| ≤ ½ for single precision: through the Chebyshev nodes, off by 5e-9.
const SINGLE: [f32; 6] =
    [std::f32::consts::LN_2, 0.240_226_5, 0.055_503_57, 0.009_618_057, 0.001_339_086_7, 0.000_154_614_47];

/// 1.5 · 2^23, as [`ROUND`].
const ROUND_SINGLE: f32 = 12_582_912.0;

/// 2^x in single precision, to 1.4 units in the last place. Below −126 it is 0, so that no result is subnormal; from 128 on it is ∞.
/// To be called inside a [`Kernel`], where the loop around it should be about nothing else: beside numbers of double precision, half
/// of each vector would be empty.
#[inline(always)]
pub(crate) fn exp2_single<const FUSED: bool>(x: f32) -> f32 {
    let x = if x < 128.0 { x } else { 128.0 };
    let shifted = x + ROUND_SINGLE;
    let r = x - (shifted - ROUND_SINGLE);
    let r2 = r * r;
    let low = multiply_add_single::<FUSED>(SINGLE[1], r, SINGLE[0]);
    let mid = multiply_add_single::<FUSED>(SINGLE[3], r, SINGLE[2]);
    let high = multiply_add_single::<FUSED>(SINGLE[5], r, SINGLE[4]);
    let series = multiply_add_single::<FUSED>(multiply_add_single::<FUSED>(high, r2, mid), r2, low);
    let bits = multiply_add_single::<FUSED>(series, r, 1.0).to_bits().wrapping_add(shifted.to_bits() << 23);
    if x < -126.0 { 0.0 } else { f32::from_bits(bits) }
}

/// √½ · 2^0 as bits: mantissas from there on are brought to [√½, √2).
const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;

/// log₂ x to about two units in the last place (or of 1, near 1) for a normal number; −∞ for less, 0 included, and NaN for NaN.
///
/// x = 2^k m with m in [√½, √2); with t = (m − 1) / (m + 1), ln m = 2 (t + t³/3 + t⁵/5 + …), where |t| < 0.172.
#[inline(always)]
pub(crate) fn log2<const FUSED: bool>(x: f64) -> f64 {
    let bits = x.to_bits();
    let shift = bits.wrapping_sub(ROOT_HALF) & (0xfff << 52);
    let m = f64::from_bits(bits.wrapping_sub(shift));
    // The exponent as a number, by the low bits of 1.5 · 2^52.
    let k = f64::from_bits((shift.cast_signed() >> 52).cast_unsigned().wrapping_add(ROUND.to_bits())) - ROUND;
    let t = (m - 1.0) / (m + 1.0);
    let s = t * t;
    let mut series = 0.0;
    for odd in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = multiply_add::<FUSED>(series, s, 1.0 / odd);
    }
    let ln = 2.0 * multiply_add::<FUSED>(series * s, t, t);
    let log = multiply_add::<FUSED>(ln, std::f64::consts::LOG2_E, k);
    let log = if x < f64::INFINITY { log } else { x };
    if x < f64::MIN_POSITIVE { f64::NEG_INFINITY } else { log }
}

/// The logarithms to base 2 of the numbers, as [`log2`] has them.
pub(crate) fn log2_all(numbers: &mut [f64]) {
    run(Log2(numbers));
}

struct Log2<'a>(&'a mut [f64]);

impl Kernel for Log2<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for x in self.0 {
            *x = log2::<FUSED>(*x);
        }
    }
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
    fn logarithms_are_right_to_three_units_in_the_last_place_or_of_one() {
        let around = (-1000..1000)
            .flat_map(|k| [1.0, 1.2345, std::f64::consts::SQRT_2, 1.9999].map(|m| m * f64::from(k).exp2()));
        let x: Vec<f64> = around.chain((0..2000).map(|k| 0.5 + 0.001 * f64::from(k))).collect();
        let (mut wide, mut scalar) = (x.clone(), x.clone());
        log2_all(&mut wide);
        Log2(&mut scalar).run::<false>();
        for (x, found) in x.iter().zip(wide).chain(x.iter().zip(scalar)) {
            let unit = f64::EPSILON * x.log2().abs().max(1.0);
            assert!((found - x.log2()).abs() <= 3.0 * unit, "log2 {x}: {found}, {}", x.log2());
        }
        let mut ends = [1.0, 0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, 1024.0];
        log2_all(&mut ends);
        let none = f64::NEG_INFINITY;
        assert_eq!(ends, [0.0, none, none, f64::INFINITY, none, 10.0]);
        let mut nothing = [f64::NAN];
        log2_all(&mut nothing);
        assert!(nothing[0].is_nan());
    }

    struct Single<'a>(&'a mut [f32]);

    impl Kernel for Single<'_> {
        type Output = ();

        #[inline(always)]
        fn run<const FUSED: bool>(self) {
            self.0.iter_mut().for_each(|x| *x = exp2_single::<FUSED>(*x));
        }
    }

    #[test]
    fn single_powers_are_right_to_two_units_in_the_last_place() {
        let x: Vec<f32> = (0..200_000).map(|k| -125.9 + 0.001_269 * k as f32).collect();
        let (mut wide, mut scalar) = (x.clone(), x.clone());
        run(Single(&mut wide));
        Single(&mut scalar).run::<false>();
        for (x, found) in x.iter().zip(wide).chain(x.iter().zip(scalar)) {
            let exact = f64::from(*x).exp2();
            let unit = f64::from((exact as f32).next_up()) - f64::from(exact as f32);
            assert!((f64::from(found) - exact).abs() <= 2.0 * unit, "2^{x}: {found}, {exact}");
        }
        let mut ends = [0.0, 127.0, 200.0, f32::INFINITY, -126.5, -1e30, f32::NEG_INFINITY];
        run(Single(&mut ends));
        let most = f32::INFINITY;
        assert_eq!(ends, [1.0, 127_f32.exp2(), most, most, 0.0, 0.0, 0.0]);
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
