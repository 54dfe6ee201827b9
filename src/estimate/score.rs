//! Intervals of squared distances, near 0 and far from it.

use super::Evidence;
use crate::numeric::normal::{normal_quantile, student_quantile};
use crate::numeric::sum::{dot, sum};

/// The variance of a value from the influence of the points on it, and how uncertain that is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Influence {
    /// The variance.
    pub(crate) variance: f64,
    /// Its standard error, from the fourth moments: large where a few points have most of the influence.
    pub(crate) error: f64,
}

impl Influence {
    /// Adds that of the points of one side with these shares of its mass, which sum to 1. NaN for a single point.
    pub(crate) fn add(&mut self, shares: &[f64], influences: &[f64]) {
        let squares = dot(shares, shares);
        let mean = dot(shares, influences);
        // In a unit in which fourth powers neither overflow nor vanish.
        let unit = influences.iter().fold(0.0_f64, |most, h| most.max((h - mean).abs()));
        let unit = if unit > 0.0 { unit } else { 1.0 };
        let power = |k: i32| sum(shares.iter().zip(influences).map(|(w, h)| w * ((h - mean) / unit).powi(k)));
        let (spread, fourth) = (power(2), power(4));
        let factor = squares / (1.0 - squares) * unit * unit;
        self.variance += factor * spread;
        self.error = self.error.hypot(factor * (squares * (fourth - spread * spread).max(0.0)).sqrt());
    }

    /// The degrees of freedom of a χ² variable that is as uncertain (Welch & Satterthwaite).
    fn freedom(&self) -> f64 {
        const LEAST: f64 = 2.0;
        (2.0 * (self.variance / self.error).powi(2)).max(LEAST)
    }
}

/// The interval of a squared distance τ ≥ 0 whose unbiased estimate is `value`.
///
/// The variance of the estimate is c τ + `second`: `first` (= c τ) falls to 0 where the distributions are equal, and `second` is what is left
/// there, of a law of this skewness (a weighted sum of centred squares of normal variables: √8 for a single one). The ends are the τ that a test would just not reject
/// (a score interval), so that they hold near 0, where value ± 1.96 standard errors does not. At τ = 0 the quantiles are those of a gamma
/// law of the same variance and skewness. `normal` is the quantile that takes the place of 1.96, and `uncertain` by how much more `first` may
/// be: where it says nothing against it, c is at least what equal distributions would have if they were moved apart.
fn score_interval(value: f64, first: f64, second: f64, skewness: f64, (normal, uncertain): (f64, f64)) -> (f64, f64) {
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
    // Where a sample happens to show little of what its distribution varies by, it also shows little of the distance: the upper end must not
    // go by the variance that was seen alone.
    let least = (skewness * deviation).min(most).min((first + uncertain).max(0.0) / value.max(f64::MIN_POSITIVE));
    let end = |slope: f64, quantile: f64, way: f64| {
        let middle = value + 0.5 * normal * normal * slope;
        (middle + way * (middle * middle - value * value + quantile * quantile).max(0.0).sqrt()).max(0.0)
    };
    let lower = if value > above { end(slope, above, -1.0) } else { 0.0 };
    (lower, end(slope.max(least), below, 1.0))
}

/// By how many of its standard errors the variance that the points show may be too small. Of 2, 3 and 4 the least with which intervals of FID,
/// KID, MMD and energy hold their rate on exponential data (two columns, 100 points).
const ERRORS: f64 = 4.0;

/// How an unbiased estimate of a squared distance varies where the distributions are equal: as a weighted sum of squares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NearEqual {
    pub(crate) variance: f64,
    pub(crate) skewness: f64,
}

/// The evidence of a squared distance `value` from its `unbiased` estimate, of which the influence of the points gives the variance
/// `of_influence`: that holds what is left near 0 twice. Unstated where a variance is not finite, as of one point.
pub(crate) fn score_evidence(
    value: f64,
    unbiased: f64,
    of_influence: Influence,
    near: NearEqual,
    level: f64,
) -> Evidence {
    let Influence { variance, error } = of_influence;
    if !(variance.is_finite() && near.variance.is_finite()) {
        return Evidence::Unstated;
    }
    let first = variance - 2.0 * near.variance;
    let std_error = (first.max(0.0) + near.variance).sqrt();
    let quantile = normal_quantile(0.5 + 0.5 * level);
    // Most distances of heavy tails hang on few points, and so does what they say of its variance.
    let quantile = if error > 0.0 { student_quantile(quantile, of_influence.freedom()) } else { quantile };
    let (lower, upper) = score_interval(unbiased, first, near.variance, near.skewness, (quantile, ERRORS * error));
    Evidence::Asymmetric { std_error, lower: lower.min(value), upper: upper.max(value), level }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_from_0_it_is_the_normal_interval() {
        let (lower, upper) = score_interval(10.0, 0.01, 1e-8, 0.1, (1.96, 0.0));
        assert!((lower - (10.0 - 0.196)).abs() < 4e-3 && (upper - (10.0 + 0.196)).abs() < 4e-3, "{lower} {upper}");
    }

    #[test]
    fn near_0_the_lower_end_is_0() {
        for value in [-0.5, 0.0, 0.5, 1.5] {
            let (lower, upper) = score_interval(value, 0.0, 1.0, 1.0, (1.96, 0.0));
            assert!(lower == 0.0 && upper >= value.max(0.0), "{value}: {lower} {upper}");
        }
        assert!(score_interval(9.0, 1.0, 1.0, 1.0, (1.96, 0.0)).0 > 0.0);
    }
}
