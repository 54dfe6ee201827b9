//! Standard errors of smooth functions of two samples, by leaving out groups.

use super::sides::Sides;
use crate::error::Result;

/// Groups of each sample.
const GROUPS: usize = 20;

/// The standard error of `value(x, y)`: each sample in turn without one of its groups, the two variances added.
///
/// Reference: Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 11.
pub(super) fn jackknife(sides: &Sides, value: impl Fn(&[f64], &[f64]) -> Result<f64>) -> Result<f64> {
    let without = |points: &[f64], group: usize, groups: usize| -> Vec<f64> {
        let kept = points.chunks_exact(sides.dim).enumerate().filter(|(i, _)| i % groups != group);
        kept.flat_map(|(_, point)| point.iter().copied()).collect()
    };
    let variance = |count: usize, at: &dyn Fn(usize, usize) -> Result<f64>| -> Result<f64> {
        let groups = GROUPS.min(count);
        let values = (0..groups).map(|group| at(group, groups)).collect::<Result<Vec<f64>>>()?;
        let mean = values.iter().sum::<f64>() / groups as f64;
        Ok((groups - 1) as f64 / groups as f64 * values.iter().map(|v| (v - mean).powi(2)).sum::<f64>())
    };
    let (n, m) = sides.sizes();
    let from_x = variance(n, &|group, groups| value(&without(&sides.x, group, groups), &sides.y))?;
    let from_y = variance(m, &|group, groups| value(&sides.x, &without(&sides.y, group, groups)))?;
    Ok((from_x + from_y).sqrt())
}
