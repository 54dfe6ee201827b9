//! Intervals of squared distances, near 0 and far from it.

use super::Evidence;
use crate::numeric::normal::normal_quantile;

/// The interval of a squared distance τ ≥ 0 whose unbiased estimate is `value`.
///
/// The variance of the estimate is c τ + `second`: `first` (= c τ) falls to 0 where the distributions are equal, and `second` is what is left
/// there, of a law of this skewness (a weighted sum of centred squares of normal variables: √8 for a single one). The ends are the τ that a test would just not reject
/// (a score interval), so that they hold near 0, where value ± 1.96 standard errors does not. At τ = 0 the quantiles are those of a gamma
/// law of the same variance and skewness.
fn score_interval(value: f64, first: f64, second: f64, skewness: f64, level: f64) -> (f64, f64) {
    let normal = normal_quantile(0.5 + 0.5 * level);
    if second <= f64::MIN_POSITIVE {
        let half = normal * first.max(0.0).sqrt();
        return ((value - half).max(0.0), (value + half).max(0.0));
    }
    let deviation = second.sqrt();
    let skewness = skewness.clamp(1e-3, 8_f64.sqrt());
    let freedom = 8.0 / (skewness * skewness);
    // Wilson & Hilferty's quantile of χ², centred and scaled.
    let quantile = |z: f64| {
        let spread = 2.0 / (9.0 * freedom);
        let cube = (1.0 - spread + z * spread.sqrt()).max(0.0).powi(3);
        deviation * (freedom * cube - freedom) / (2.0 * freedom).sqrt()
    };
    let (above, below) = (quantile(normal), -quantile(-normal));
    // c is four times a mean of eigenvalues whose squares sum to second / 2.
    let most = 4.0 * (0.5 * second).sqrt();
    let slope = if value > 0.0 {
        (first / value).clamp(0.0, most.max(first / value.max(8.0 * deviation)))
    } else {
        (skewness * deviation).min(most)
    };
    let middle = value + 0.5 * normal * normal * slope;
    let reach = |quantile: f64| (middle * middle - value * value + quantile * quantile).max(0.0).sqrt();
    let lower = if value > above { (middle - reach(above)).max(0.0) } else { 0.0 };
    (lower, (middle + reach(below)).max(0.0))
}

/// How an unbiased estimate of a squared distance varies where the distributions are equal: as a weighted sum of squares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NearEqual {
    pub(crate) variance: f64,
    pub(crate) skewness: f64,
}

/// The evidence of a squared distance `value` from its `unbiased` estimate, of which the influence of the points gives the variance
/// `of_influence`: that holds what is left near 0 twice. Unstated where a variance is not finite, as of one point.
pub(crate) fn score_evidence(value: f64, unbiased: f64, of_influence: f64, near: NearEqual, level: f64) -> Evidence {
    if !(of_influence.is_finite() && near.variance.is_finite()) {
        return Evidence::Unstated;
    }
    let first = of_influence - 2.0 * near.variance;
    let std_error = (first.max(0.0) + near.variance).sqrt();
    let (lower, upper) = score_interval(unbiased, first, near.variance, near.skewness, level);
    Evidence::Asymmetric { std_error, lower: lower.min(value), upper: upper.max(value), level }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_from_0_it_is_the_normal_interval() {
        let (lower, upper) = score_interval(10.0, 0.01, 1e-8, 0.1, 0.95);
        assert!((lower - (10.0 - 0.196)).abs() < 4e-3 && (upper - (10.0 + 0.196)).abs() < 4e-3, "{lower} {upper}");
    }

    #[test]
    fn near_0_the_lower_end_is_0() {
        for value in [-0.5, 0.0, 0.5, 1.5] {
            let (lower, upper) = score_interval(value, 0.0, 1.0, 1.0, 0.95);
            assert!(lower == 0.0 && upper >= value.max(0.0), "{value}: {lower} {upper}");
        }
        assert!(score_interval(9.0, 1.0, 1.0, 1.0, 0.95).0 > 0.0);
    }
}
