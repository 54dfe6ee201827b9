//! The c-transform between two grids under a cost that is a sum over coordinates, axis by axis.
//!
//! min_x (Σₖ h(xₖ, yₖ) − f(x)) = min_{x₁} (h(x₁, y₁) + min_{x₂} (h(x₂, y₂) + … − f(x))): one pass of (min, +) products along
//! each axis, O(n s) in all for grids of n cells and s cells along the longest axis (Felzenszwalb & Huttenlocher, "Distance
//! transforms of sampled functions", 2012, §3; their lower envelopes would make it O(n), but not shorter for s below some
//! thousands).

use super::ground::{Metric, PowerOfNorm, Square};
use crate::cost::{Form, raise};
use crate::measure::{Points, axes};
use crate::numeric::parallel;
use crate::numeric::sum::down;
use crate::simd;

/// Additions for each point of the target that take about as long as a search in a kd-tree.
const MOST_ADDITIONS: usize = 20_000;
/// Rows of a product that one task makes.
const ROWS: usize = 32;

/// A lower bound of min_i (c(xᵢ, yⱼ) − fᵢ) over the sources `among`, for each j, that is off by a few roundings of c and of
/// the values only; `None` unless both sides are grids, the cost is a sum over coordinates and the axes are not too long.
///
/// The bound holds for the cost in whatever order it is rounded: costs are taken a few roundings too small, and each sum is
/// rounded down.
pub(super) fn c_transform(
    form: Form,
    (source, target): (&Points, &Points),
    f: &[f64],
    among: &[u32],
) -> Option<Vec<f64>> {
    let dim = source.dim();
    let power = power_of_sum(form, dim)?;
    let (from, to) = (axes(source)?, axes(target)?);
    let mut cells = source.len();
    let mut additions = 0;
    for k in (0..dim).rev() {
        additions += cells * to[k].len();
        cells = cells / from[k].len() * to[k].len();
    }
    if additions > MOST_ADDITIONS * target.len() {
        return None;
    }

    let roundings = match form {
        Form::Norm { p: 2.0, power: 2.0 } => Square.roundings(dim),
        _ => PowerOfNorm { p: power, power }.roundings(dim),
    };
    let shrink = 1.0 - 2.0 * roundings * f64::EPSILON;
    let term = |x: f64, y: f64| {
        let gap = (x - y).abs();
        // Below the normal range a factor is not a safe margin.
        if gap == 0.0 { 0.0 } else { raise(gap, power) * shrink - f64::MIN_POSITIVE }
    };
    let mut values = vec![f64::INFINITY; source.len()];
    for &i in among {
        values[i as usize] = -f[i as usize];
    }
    let mut inner = 1;
    for k in (0..dim).rev() {
        values = along_axis(&values, &from[k], &to[k], inner, &term);
        inner *= to[k].len();
    }
    Some(values)
}

/// The power q for which the cost in R^dim is Σ |xₖ − yₖ|^q, if there is one.
fn power_of_sum(form: Form, dim: usize) -> Option<f64> {
    match form {
        Form::Norm { p, power } if p == power => Some(p),
        Form::Norm { power, .. } if dim == 1 => Some(power),
        _ => None,
    }
}

/// One pass: the values over (…, x, …) with `inner` cells behind each x become those over (…, y, …).
fn along_axis(
    values: &[f64],
    from: &[f64],
    to: &[f64],
    inner: usize,
    term: &(impl Fn(f64, f64) -> f64 + Sync),
) -> Vec<f64> {
    let (s, t) = (from.len(), to.len());
    let table = |rows: &[f64], columns: &[f64]| -> Vec<f64> {
        rows.iter().flat_map(|&x| columns.iter().map(move |&y| term(x, y))).collect()
    };
    let mut out = vec![0.0; values.len() / s * t];
    if inner == 1 {
        let costs = table(from, to);
        parallel::chunks_mut(&mut out, ROWS * t, |k, out| {
            simd::min_plus(&values[k * ROWS * s..][..out.len() / t * s], &costs, s, out);
        });
    } else {
        let costs = table(to, from);
        parallel::chunks_mut(&mut out, t * inner, |slab, out| {
            let values = &values[slab * s * inner..][..s * inner];
            parallel::chunks_mut(out, ROWS * inner, |k, out| {
                simd::min_plus(&costs[k * ROWS * s..][..out.len() / inner * s], values, s, out);
            });
        });
    }
    out.iter_mut().for_each(|value| *value = down(*value));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{CostMatrix, GroundCost, PNorm, PointCost, SquaredEuclidean};
    use crate::measure::Histogram;
    use ndarray::{ArrayD, IxDyn};

    fn cells(shape: &[usize], spacing: f64, origin: &[f64]) -> Points {
        let grid = Histogram::grid(ArrayD::ones(IxDyn(shape))).unwrap();
        grid.with_spacing(spacing).unwrap().with_origin(origin).unwrap().to_samples().unwrap().points().clone()
    }

    fn assert_just_below(ground: impl GroundCost + Copy + 'static, x: &Points, y: &Points) {
        let f: Vec<f64> = (0..x.len()).map(|i| ((i * 7 % 13) as f64).sin()).collect();
        let among: Vec<u32> = (0..x.len() as u32).filter(|i| i % 5 != 3).collect();
        let found = c_transform(ground.form(), (x, y), &f, &among).expect("both are grids");
        let cost = PointCost::new(x, y, ground).unwrap();
        for (j, found) in found.into_iter().enumerate() {
            let slack = |&i: &u32| cost.entry(i as usize, j) - f[i as usize];
            let best = among.iter().min_by(|&i, &j| slack(i).total_cmp(&slack(j))).unwrap();
            let (exact, paid) = (slack(best), cost.entry(*best as usize, j));
            assert!(found <= exact, "{cost:?}: {found} is above {exact}");
            assert!(
                exact - found <= 1e-14 * (paid + f[*best as usize].abs() + exact.abs()),
                "{cost:?}: {found} {exact}"
            );
        }
    }

    #[test]
    fn transforms_lie_just_below_the_plain_minimum() {
        let pairs = [
            (cells(&[9], 0.3, &[0.0]), cells(&[14], 0.7, &[-1.0])),
            (cells(&[6, 5], 1.0, &[0.0, 0.0]), cells(&[6, 5], 1.0, &[0.0, 0.0])),
            (cells(&[4, 17], 0.1, &[1e8, -3.0]), cells(&[3, 9], 0.37, &[1e8 + 0.5, -2.0])),
            (cells(&[3, 4, 5], 1e-9, &[0.0, 1e-9, 0.0]), cells(&[5, 2, 7], 1e-9, &[0.0, 0.0, 1e-9])),
        ];
        for (x, y) in &pairs {
            assert_just_below(SquaredEuclidean, x, y);
            assert_just_below(PNorm::cityblock(), x, y);
            assert_just_below(PNorm::new(3.0).unwrap().power(3.0).unwrap(), x, y);
        }
        assert_just_below(PNorm::wasserstein(1.5).unwrap(), &pairs[0].0, &pairs[0].1);
    }

    #[test]
    fn other_costs_and_points_are_left_to_the_tree() {
        let grid = cells(&[4, 4], 1.0, &[0.0, 0.0]);
        let all: Vec<u32> = (0..16).collect();
        assert!(c_transform(PNorm::wasserstein(1.0).unwrap().form(), (&grid, &grid), &[0.0; 16], &all).is_none());
        let line = Points::from_rows(vec![0.0, 0.0, 1.0, 1.0], 2).unwrap();
        assert!(c_transform(SquaredEuclidean.form(), (&grid, &line), &[0.0; 16], &all).is_none());
    }
}
