//! Rank correlations with intervals.

use crate::numeric::normal::normal_quantile;
use crate::numeric::rank_correlation;

/// A rank correlation and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Correlation {
    /// From −1 to 1; 0 where one side does not vary.
    pub value: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Correlation {
    /// Spearman's ρ: the correlation of the ranks, ties at their mean rank. The interval is that of Fisher's z with the variance
    /// (1 + ρ²/2) / (n − 3) of Bonett & Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman
    /// correlations", Psychometrika 65 (2000).
    ///
    /// # Panics
    /// When the lengths differ.
    ///
    /// ```
    /// use earthwork::validate::Correlation;
    ///
    /// assert_eq!(Correlation::spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 4.0, 9.0, 16.0]).value, 1.0);
    /// ```
    pub fn spearman(x: &[f64], y: &[f64]) -> Self {
        let rho = rank_correlation(x, y).unwrap_or(0.0);
        Self::with_interval(rho, (1.0 + 0.5 * rho * rho) / (x.len() as f64 - 3.0))
    }

    /// Kendall's τ_b: concordant less discordant pairs, corrected for ties. The interval is that of Fisher's z with the variance
    /// 0.437 / (n − 4) of Fieller, Hartley & Pearson, "Tests for rank correlation coefficients", Biometrika 44 (1957).
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn kendall(x: &[f64], y: &[f64]) -> Self {
        assert_eq!(x.len(), y.len(), "both sides must have the same length");
        let (mut agree, mut of_x, mut of_y) = (0_i64, 0_i64, 0_i64);
        for i in 0..x.len() {
            for j in 0..i {
                let sign = |v: &[f64]| v[i].total_cmp(&v[j]) as i64;
                let (a, b) = (sign(x), sign(y));
                agree += a * b;
                of_x += a * a;
                of_y += b * b;
            }
        }
        let scale = (of_x as f64 * of_y as f64).sqrt();
        let tau = if scale > 0.0 { agree as f64 / scale } else { 0.0 };
        Self::with_interval(tau, 0.437 / (x.len() as f64 - 4.0))
    }

    fn with_interval(value: f64, variance: f64) -> Self {
        let value = value.clamp(-1.0, 1.0);
        if variance.is_nan() || variance <= 0.0 || variance.is_infinite() {
            return Self { value, lower: -1.0, upper: 1.0 };
        }
        let half = normal_quantile(0.975) * variance.sqrt();
        // tanh of an infinite number is 1.
        Self { value, lower: (value.atanh() - half).tanh(), upper: (value.atanh() + half).tanh() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_scipy() {
        // scipy.stats.spearmanr and kendalltau.
        let x = [1.0, 2.0, 2.0, 3.0, 5.0, 4.0, 7.0, 6.0];
        let y = [2.0, 1.0, 4.0, 4.0, 3.0, 6.0, 6.0, 8.0];
        assert!((Correlation::spearman(&x, &y).value - 0.733_346_801_717_832_4).abs() < 1e-14);
        assert!((Correlation::kendall(&x, &y).value - 0.566_138_517_072_297_9).abs() < 1e-14);
        let flat = Correlation::spearman(&x, &[1.0; 8]);
        assert_eq!((flat.value, Correlation::kendall(&x, &[1.0; 8]).value), (0.0, 0.0));
        assert!(flat.lower < 0.0 && flat.upper > 0.0);
        let perfect = Correlation::spearman(&x[3..], &x[3..]);
        assert_eq!((perfect.value, perfect.lower, perfect.upper), (1.0, 1.0, 1.0));
        let few = Correlation::kendall(&[1.0, 2.0], &[1.0, 2.0]);
        assert_eq!((few.value, few.lower, few.upper), (1.0, -1.0, 1.0));
    }
}
