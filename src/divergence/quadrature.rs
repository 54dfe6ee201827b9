//! Integrals over a line.

use super::kind::{Base, softplus};
use crate::numeric::range;

/// Abscissae and weights of the 15-point Gauss-Kronrod rule on [−1, 1] (half of them), and the 7-point Gauss weights.
const NODES: [(f64, f64, f64); 8] = [
    (0.991_455_371_120_812_6, 0.022_935_322_010_529_224, 0.0),
    (0.949_107_912_342_758_5, 0.063_092_092_629_978_55, 0.129_484_966_168_869_7),
    (0.864_864_423_359_769_1, 0.104_790_010_322_250_18, 0.0),
    (0.741_531_185_599_394_4, 0.140_653_259_715_525_92, 0.279_705_391_489_276_67),
    (0.586_087_235_467_691_1, 0.169_004_726_639_267_9, 0.0),
    (0.405_845_151_377_397_2, 0.190_350_578_064_785_4, 0.381_830_050_505_118_9),
    (0.207_784_955_007_898_47, 0.204_432_940_075_298_9, 0.0),
    (0.0, 0.209_482_141_084_727_82, 0.417_959_183_673_469_4),
];

/// Most halvings of an interval.
const DEPTH: usize = 40;

impl Base {
    /// q f(p / q) from the logarithms of p and q, where either may be far below the least double.
    pub(super) fn term_of_logs(self, log_p: f64, log_q: f64) -> f64 {
        let (p, q) = (log_p.exp(), log_q.exp());
        if p == 0.0 && q == 0.0 {
            return 0.0;
        }
        let t = log_p - log_q;
        match self {
            Self::TotalVariation => 0.5 * (p - q).abs(),
            Self::JensenShannon => {
                let part = |mass: f64, t: f64| {
                    if mass == 0.0 { 0.0 } else { 0.5 * mass * (std::f64::consts::LN_2 - softplus(-t)) }
                };
                part(p, t) + part(q, -t)
            }
            Self::Power(1.0) => {
                if p == 0.0 {
                    q
                } else {
                    p * t - (p - q)
                }
            }
            Self::Power(a) => ((log_p + (a - 1.0) * t).exp() - p) / (a - 1.0) - (p - q),
        }
    }
}

/// The base between N(μ, σ²) and N(ν, τ²), and how far the rule is from it at most.
pub(super) fn integrate_normals(base: Base, p: (f64, f64), q: (f64, f64)) -> (f64, f64) {
    let log_density = |x: f64, (mean, deviation): (f64, f64)| {
        let z = (x - mean) / deviation;
        -0.5 * (z * z + std::f64::consts::TAU.ln()) - deviation.ln()
    };
    integrate(|x| base.term_of_logs(log_density(x, p), log_density(x, q)), &breaks(&[p, q]))
}

/// Points between which bells of these means and deviations are smooth: each bell in steps that double, and the hull of all
/// extended so that also a ratio of powers that peaks outside is met.
pub(super) fn breaks(bells: &[(f64, f64)]) -> Vec<f64> {
    let mut at: Vec<f64> = Vec::new();
    for &(mean, deviation) in bells {
        at.push(mean);
        for step in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 40.0] {
            at.extend([mean - step * deviation, mean + step * deviation]);
        }
    }
    let (least, most) = range(&at);
    for step in [0.5, 1.0, 2.0, 4.0] {
        at.extend([least - step * (most - least), most + step * (most - least)]);
    }
    at.sort_by(f64::total_cmp);
    at.dedup();
    at
}

/// The integral of `f` from the first break to the last, by adaptive Gauss-Kronrod quadrature, and about its error; infinite where
/// `f` overflows.
pub(super) fn integrate(f: impl Fn(f64) -> f64, breaks: &[f64]) -> (f64, f64) {
    let first: Vec<(f64, f64, f64, f64)> = breaks
        .windows(2)
        .map(|pair| {
            let (value, error) = rule(&f, pair[0], pair[1]);
            (pair[0], pair[1], value, error)
        })
        .collect();
    let rough: f64 = first.iter().map(|part| part.2.abs()).sum();
    if !rough.is_finite() {
        return (f64::INFINITY, 0.0);
    }
    let (mut total, mut error) = (crate::numeric::Sum::default(), 0.0);
    let mut open: Vec<(f64, f64, f64, f64, usize)> = first.into_iter().map(|(a, b, v, e)| (a, b, v, e, 0)).collect();
    while let Some((a, b, value, part_error, depth)) = open.pop() {
        // The error of the coarse rule overstates that of the fine one by far.
        if part_error <= 1e-13 * rough + f64::MIN_POSITIVE || depth == DEPTH {
            total.add(value);
            error += part_error;
            continue;
        }
        let middle = a + 0.5 * (b - a);
        for (a, b) in [(a, middle), (middle, b)] {
            let (value, part_error) = rule(&f, a, b);
            open.push((a, b, value, part_error, depth + 1));
        }
    }
    (total.value(), error + 1e-13 * rough)
}

/// The 15-point rule on an interval, and its distance from the 7-point one.
fn rule(f: &impl Fn(f64) -> f64, a: f64, b: f64) -> (f64, f64) {
    let (centre, half) = (a + 0.5 * (b - a), 0.5 * (b - a));
    let (mut fine, mut coarse) = (0.0, 0.0);
    for (x, kronrod, gauss) in NODES {
        let value = if x == 0.0 { f(centre) } else { f(centre - half * x) + f(centre + half * x) };
        fine += kronrod * value;
        coarse += gauss * value;
    }
    (half * fine, half * (fine - coarse).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_and_kinked_integrals_are_right() {
        let (value, error) = integrate(|x| (-0.5 * x * x).exp(), &breaks(&[(0.0, 1.0)]));
        assert!((value - std::f64::consts::TAU.sqrt()).abs() < 1e-14 && error < 1e-11, "{value} ± {error}");
        let (value, error) = integrate(|x| (x - 0.3).abs(), &[0.0, 1.0]);
        assert!((value - 0.29).abs() < 1e-12 && error < 1e-11, "{value} ± {error}");
        assert_eq!(integrate(|x| (x * x).exp(), &[0.0, 100.0]).0, f64::INFINITY);
    }
}
