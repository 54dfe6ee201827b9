//! The mean over slices, with its standard error and control variates.

use crate::numeric::sum::sum;

/// How many control variates there may be.
pub(super) const CONTROLS: usize = 3;
/// Values needed for each control variate before its coefficient is worth estimating.
const VALUES_PER_CONTROL: usize = 10;
/// Independent groups needed for the standard error of what is left: those of evenly spread directions are 16.
const FEWEST_GROUPS: usize = 12;
/// A control variate whose part across the others is below this share of it tells nothing new.
const INDEPENDENT: f64 = 1e-8;

/// A mean of many numbers and how far it can be from what it estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mean {
    pub(super) value: f64,
    /// `None` where there is but one independent group.
    pub(super) std_error: Option<f64>,
    /// The variance as a part of that without control variates; 1 where none are used.
    pub(super) variance_ratio: f64,
}

/// The mean of `values`, which come in independent groups that end at `groups`.
///
/// Within a group they may depend on each other in any way. The variance of the mean is the sum of the squares of the groups'
/// deviations, times K / (K − 1) for K groups.
pub(super) fn mean(values: &[f64], groups: &[usize]) -> Mean {
    let count = values.len() as f64;
    let value = sum(values.iter().copied()) / count;
    let std_error = variance(values.iter().map(|v| v - value), groups, 1).map(|variance| variance.sqrt() / count);
    Mean { value, std_error, variance_ratio: 1.0 }
}

/// The same with control variates: numbers that come with each value and whose means are known, here subtracted.
///
/// Their coefficients are those of least squares over all values, of which there are many where groups are few. Used only
/// where they lower the standard error.
pub(super) fn controlled_mean(values: &[f64], controls: &[[f64; CONTROLS]], groups: &[usize]) -> Mean {
    let plain = mean(values, groups);
    let enough = values.len() >= VALUES_PER_CONTROL * CONTROLS && groups.len() >= FEWEST_GROUPS;
    let Some(plain_error) = plain.std_error.filter(|_| enough) else { return plain };
    let count = values.len() as f64;
    let mut residuals: Vec<f64> = values.iter().map(|v| v - plain.value).collect();
    // An orthogonal basis of the controls around their sample means, with the sample mean that goes with each direction.
    let mut basis: Vec<(Vec<f64>, f64)> = Vec::new();
    let mut value = plain.value;
    for k in 0..CONTROLS {
        let mut mean = sum(controls.iter().map(|c| c[k])) / count;
        let mut column: Vec<f64> = controls.iter().map(|c| c[k] - mean).collect();
        let before: f64 = column.iter().map(|c| c * c).sum();
        for (other, other_mean) in &basis {
            let along = inner(&column, other) / inner(other, other);
            column.iter_mut().zip(other).for_each(|(c, o)| *c -= along * o);
            mean -= along * other_mean;
        }
        let left = inner(&column, &column);
        if left <= INDEPENDENT * before || !left.is_normal() {
            continue;
        }
        let slope = inner(&residuals, &column) / left;
        residuals.iter_mut().zip(&column).for_each(|(r, c)| *r -= slope * c);
        value -= slope * mean;
        basis.push((column, mean));
    }
    let error = variance(residuals.into_iter(), groups, 1 + basis.len()).map(|variance| variance.sqrt() / count);
    match error {
        Some(error) if error < plain_error && value >= 0.0 => {
            Mean { value, std_error: Some(error), variance_ratio: (error / plain_error).powi(2) }
        }
        _ => plain,
    }
}

/// The variance of the sum of `deviations`, from those of the groups; `fitted` parameters were estimated from them.
fn variance(mut deviations: impl Iterator<Item = f64>, groups: &[usize], fitted: usize) -> Option<f64> {
    if groups.len() <= fitted {
        return None;
    }
    let mut start = 0;
    let mut squares = 0.0;
    for &end in groups {
        let total: f64 = deviations.by_ref().take(end - start).sum();
        squares += total * total;
        start = end;
    }
    Some(squares * groups.len() as f64 / (groups.len() - fitted) as f64)
}

fn inner(u: &[f64], v: &[f64]) -> f64 {
    u.iter().zip(v).map(|(u, v)| u * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_values_have_the_textbook_error() {
        let values = [1.0, 2.0, 4.0, 5.0];
        let found = mean(&values, &[1, 2, 3, 4]);
        assert_eq!(found.value, 3.0);
        // s² = 10 / 3, divided by n.
        assert!((found.std_error.unwrap() - (10.0_f64 / 12.0).sqrt()).abs() < 1e-15);
        assert_eq!(mean(&values, &[4]).std_error, None);
    }

    #[test]
    fn groups_that_cancel_within_have_no_error() {
        let found = mean(&[1.0, 5.0, 2.0, 4.0], &[2, 4]);
        assert_eq!((found.value, found.std_error), (3.0, Some(0.0)));
    }

    #[test]
    fn a_control_that_explains_everything_leaves_no_error() {
        let wave = |k: usize| (k as f64 * 0.7).sin() + 0.1 * (k as f64 * 2.1).cos();
        let controls: Vec<[f64; CONTROLS]> = (0..60).map(|k| [wave(k), 2.0 * wave(k), 0.0]).collect();
        // The controls have mean 0 over all k, though not over these; the values are 5 + 3 of them.
        let values: Vec<f64> = (0..60).map(|k| 5.0 + 3.0 * wave(k)).collect();
        let groups: Vec<usize> = (1..=60).collect();
        let found = controlled_mean(&values, &controls, &groups);
        assert!((found.value - 5.0).abs() < 1e-14 && found.std_error.unwrap() < 1e-14, "{found:?}");
        assert!(found.variance_ratio < 1e-20);
    }
}
