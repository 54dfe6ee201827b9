//! From the values of draws to the ends of an interval.

use crate::numeric::normal::{normal_cdf, normal_quantile};

/// The `p`-quantile of sorted values, linear between the order statistics k / (B + 1).
pub(super) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() + 1) as f64 - 1.0;
    if at <= 0.0 {
        return sorted[0];
    }
    let below = at.floor() as usize;
    if below + 1 >= sorted.len() {
        return sorted[sorted.len() - 1];
    }
    let (low, high) = (sorted[below], sorted[below + 1]);
    // Infinite values have no points between them.
    if low == high { low } else { low + (at - below as f64) * (high - low) }
}

/// θ̂ − bias − spread · (θ* − mean of θ*), between its quantiles: what a draw errs by, brought to the size of the sample.
pub(super) fn basic(sorted: &[f64], value: f64, level: f64, bias_share: f64, spread_share: f64) -> (f64, f64) {
    let mean = mean(sorted);
    let centre = value - bias_share * (mean - value);
    let tail = 0.5 * (1.0 - level);
    let end = |p: f64| centre - spread_share * (quantile(sorted, p) - mean);
    (end(1.0 - tail), end(tail))
}

/// The quantiles of draws, brought to the size of the sample (`spread_share`) and moved to the value less its bias.
pub(super) fn debiased(sorted: &[f64], value: f64, level: f64, bias_share: f64, spread_share: f64) -> (f64, f64) {
    let mean = mean(sorted);
    let centre = value - bias_share * (mean - value);
    let tail = 0.5 * (1.0 - level);
    let end = |p: f64| centre + spread_share * (quantile(sorted, p) - mean);
    (end(tail), end(1.0 - tail))
}

fn mean(draws: &[f64]) -> f64 {
    crate::numeric::sum::sum(draws.iter().map(|draw| draw / draws.len() as f64))
}

/// The quantiles themselves.
pub(super) fn percentile(sorted: &[f64], level: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - level);
    (quantile(sorted, tail), quantile(sorted, 1.0 - tail))
}

/// Bias-corrected and accelerated quantiles (Efron 1987; Efron & Tibshirani 1993, §14.3).
pub(super) fn bca(sorted: &[f64], value: f64, level: f64, acceleration: f64) -> (f64, f64) {
    let draws = sorted.len() as f64;
    let below = sorted.iter().filter(|&&draw| draw < value).count() as f64;
    let equal = sorted.iter().filter(|&&draw| draw == value).count() as f64;
    // All draws on one side say that the bias is large, not that it is infinite.
    let share = ((below + 0.5 * equal) / draws).clamp(0.5 / draws, 1.0 - 0.5 / draws);
    let bias = normal_quantile(share);
    let tail = 0.5 * (1.0 - level);
    let end = |p: f64| {
        let z = bias + normal_quantile(p);
        quantile(sorted, normal_cdf(bias + z / (1.0 - acceleration * z).max(f64::EPSILON)))
    };
    (end(tail), end(1.0 - tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_on_the_order_statistics() {
        let sorted: Vec<f64> = (1..=99).map(f64::from).collect();
        assert_eq!(quantile(&sorted, 0.05), 5.0);
        assert_eq!(quantile(&sorted, 0.5), 50.0);
        assert_eq!((quantile(&sorted, 0.0), quantile(&sorted, 1.0)), (1.0, 99.0));
        assert_eq!(quantile(&[1.0, f64::INFINITY, f64::INFINITY], 0.6), f64::INFINITY);
    }

    #[test]
    fn symmetric_draws_without_bias_give_one_interval_by_every_rule() {
        let sorted: Vec<f64> = (-499..=499).map(f64::from).collect();
        let expected = percentile(&sorted, 0.9);
        assert_eq!(basic(&sorted, 0.0, 0.9, 1.0, 1.0), expected);
        assert_eq!(debiased(&sorted, 0.0, 0.9, 1.0, 1.0), expected);
        let (lower, upper) = bca(&sorted, 0.0, 0.9, 0.0);
        assert!((lower - expected.0).abs() < 1e-9 && (upper - expected.1).abs() < 1e-9);
    }

    #[test]
    fn percentiles_alone_leave_a_bias() {
        // Draws are 10 too large on average, so the value is as well.
        let sorted: Vec<f64> = (-99..=99).map(|k| 60.0 + f64::from(k)).collect();
        for (lower, upper) in [basic(&sorted, 50.0, 0.9, 1.0, 1.0), debiased(&sorted, 50.0, 0.9, 1.0, 1.0)] {
            assert!((0.5 * (lower + upper) - 40.0).abs() < 1e-12);
        }
        let (lower, upper) = percentile(&sorted, 0.9);
        assert!((0.5 * (lower + upper) - 60.0).abs() < 1e-12);
    }
}
