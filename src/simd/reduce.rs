//! Minima over rows.

use super::{dispatch, multiply_add};

const LANES: usize = 32;

dispatch! {
    /// The least of `costs[j] - offsets[j]`, and the first j that attains it. Both slices have one length ≥ 1.
    fn row_minimum(costs: &[f64], offsets: &[f64]) -> (f64, usize) = row_minimum_lanes
}

#[inline(always)]
fn row_minimum_lanes<const FUSED: bool>(costs: &[f64], offsets: &[f64]) -> (f64, usize) {
    minimum_of(costs, offsets, |c, o| c - o)
}

dispatch! {
    /// The least of `costs[j] - potentials[j] + tolerance (|costs[j]| + |potentials[j]|)`, and the first j that attains it:
    /// how far each arc is from violating beyond its own rounding.
    fn row_slack_minimum(costs: &[f64], potentials: &[f64], tolerance: f64) -> (f64, usize) = row_slack_minimum_lanes
}

#[inline(always)]
fn row_slack_minimum_lanes<const FUSED: bool>(costs: &[f64], potentials: &[f64], tolerance: f64) -> (f64, usize) {
    minimum_of(costs, potentials, |c, p| multiply_add::<FUSED>(tolerance, c.abs() + p.abs(), c - p))
}

/// The least of `slack(costs[j], offsets[j])`, and the first j that attains it.
#[inline(always)]
fn minimum_of(costs: &[f64], offsets: &[f64], slack: impl Fn(f64, f64) -> f64) -> (f64, usize) {
    let n = costs.len().min(offsets.len());
    let (costs, offsets) = (&costs[..n], &offsets[..n]);
    let mut least = [f64::INFINITY; LANES];
    let mut at = 0;
    while at + LANES <= n {
        let (c, o) = (&costs[at..at + LANES], &offsets[at..at + LANES]);
        for k in 0..LANES {
            let s = slack(c[k], o[k]);
            least[k] = if s < least[k] { s } else { least[k] };
        }
        at += LANES;
    }
    for k in at..n {
        let s = slack(costs[k], offsets[k]);
        least[0] = if s < least[0] { s } else { least[0] };
    }
    let mut minimum = least[0];
    for &s in &least[1..] {
        minimum = if s < minimum { s } else { minimum };
    }
    (minimum, first_equal(costs, offsets, slack, minimum))
}

/// The first j with `slack(costs[j], offsets[j]) == value`.
#[inline(always)]
fn first_equal(costs: &[f64], offsets: &[f64], slack: impl Fn(f64, f64) -> f64, value: f64) -> usize {
    let n = costs.len();
    let mut at = 0;
    while at + LANES <= n {
        let (c, o) = (&costs[at..at + LANES], &offsets[at..at + LANES]);
        let mut found = false;
        for k in 0..LANES {
            found |= slack(c[k], o[k]) == value;
        }
        if found {
            break;
        }
        at += LANES;
    }
    (at..n).find(|&j| slack(costs[j], offsets[j]) == value).unwrap_or(0)
}

dispatch! {
    /// Lowers each entry of `least` to `costs[j] - offset` where that is less.
    fn lower_to_difference(least: &mut [f64], costs: &[f64], offset: f64) = lower_to_difference_lanes
}

#[inline(always)]
fn lower_to_difference_lanes<const FUSED: bool>(least: &mut [f64], costs: &[f64], offset: f64) {
    for (least, c) in least.iter_mut().zip(costs) {
        let s = c - offset;
        *least = if s < *least { s } else { *least };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minima_agree_with_a_plain_scan_at_every_length() {
        let wave = |k: usize| ((k * 73 % 127) as f64 * 0.37).sin();
        for n in 1..140 {
            let costs: Vec<f64> = (0..n).map(wave).collect();
            let offsets: Vec<f64> = (n..2 * n).map(wave).collect();
            let (least, at) = row_minimum(&costs, &offsets);
            let slack = |j: usize| costs[j] - offsets[j];
            assert!((0..n).all(|j| slack(j) >= least), "n = {n}");
            assert_eq!(Some(at), (0..n).find(|&j| slack(j) == least), "n = {n}");
        }
    }
}
