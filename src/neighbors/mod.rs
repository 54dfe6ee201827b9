//! Neighbours: under c(x, y) − g(y) (where is the dual constraint of a point tightest?), and the k nearest of many points.

mod dual_tree;
mod ground;
pub(crate) mod halving;
mod least;
pub(crate) mod nearest;
mod row;
mod separable;
mod sieve;
mod until;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::cost::{Form, PointCost};
use crate::measure::Points;
use crate::numeric::parallel;

pub(crate) use dual_tree::DualTree;
pub(crate) use ground::{Distance, Metric, PowerOfNorm, Square};
pub(crate) use least::LeastSlacks;
pub(crate) use row::{Found, LeastOfRow};
pub(crate) use sieve::has_sieve;
pub(crate) use until::Until;

/// Runs `$run` with `$metric` and the constant `$dim` for a norm cost in few dimensions, and gives `Some` of what it
/// returns; `None` where a tree does not help.
macro_rules! with_metric {
    ($form:expr, $dimension:expr, |$metric:ident, $dim:ident| $run:expr) => {
        $crate::neighbors::with_metric!(@square $form, $dimension, $metric, $dim, $run, 1 2 3 4)
    };
    (@square $form:expr, $dimension:expr, $metric:ident, $dim:ident, $run:expr, $($d:literal)*) => {
        match ($form, $dimension) {
            $(($crate::cost::Form::Norm { p: 2.0, power: 2.0 }, $d) => {
                const $dim: usize = $d;
                let $metric = $crate::neighbors::Square;
                Some($run)
            })*
            $(($crate::cost::Form::Norm { p: 2.0, power: 1.0 }, $d) => {
                const $dim: usize = $d;
                let $metric = $crate::neighbors::Distance;
                Some($run)
            })*
            $(($crate::cost::Form::Norm { p, power }, $d) => {
                const $dim: usize = $d;
                let $metric = $crate::neighbors::PowerOfNorm { p, power };
                Some($run)
            })*
            _ => None,
        }
    };
}
pub(crate) use with_metric;

/// Targets that one task serves.
const BATCH: usize = 1024;

/// The c-transform g_j = min_i (c_ij − f_i) over the sources i in `among`: axis by axis between grids under a cost that is a
/// sum over coordinates, else by a kd-tree over them for a norm cost in at most four dimensions, in about O((n + m) log n);
/// `None` elsewhere.
///
/// Beside each g: how far above the minimum over the costs as [`CostMatrix::fill`](crate::cost::CostMatrix::fill) rounds them
/// it can be, since here they are rounded in another order, and because there is only time for a [glance](DualTree::glance) near
/// the end of `until`; nothing where it is surely not above.
pub(crate) fn c_transform(cost: &PointCost, f: &[f64], among: &[u32], until: &Until) -> Option<(Vec<f64>, Vec<f64>)> {
    if let Some(g) = c_transform_of_grids(cost, f, among) {
        return Some((g, Vec::new()));
    }
    by_tree(cost.ground().form(), (cost.source(), cost.target().as_slice()), f, among, until)
}

/// The same axis by axis only, and safely not above.
pub(crate) fn c_transform_of_grids(cost: &PointCost, f: &[f64], among: &[u32]) -> Option<Vec<f64>> {
    separable::c_transform(cost.ground().form(), (cost.source(), cost.target()), f, among)
}

/// The same by a pass over all pairs, of which single precision sieves out most, where that [pays](sieve_pays). It is the
/// minimum over the costs as [`CostMatrix::fill`](crate::cost::CostMatrix::fill) rounds them. `None` also when time is over before
/// the end.
pub(crate) fn c_transform_by_sieve(cost: &PointCost, f: &[f64], among: &[u32], until: &Until) -> Option<Vec<f64>> {
    if until.is_over() || !sieve_pays(cost.ground().form(), cost.source().dim(), among.len() * cost.target().len()) {
        return None;
    }
    let source = cost.source();
    let chosen = if among.iter().copied().eq(0..source.len() as u32) {
        source.clone()
    } else {
        let rows: Vec<f64> = among.iter().flat_map(|&i| source.point(i as usize).iter().copied()).collect();
        Points::from_rows(rows, source.dim()).ok()?
    };
    let values: Vec<f64> = among.iter().map(|&i| f[i as usize]).collect();
    let slacks = LeastSlacks::new(PointCost::shared(cost.target(), &chosen, cost.shared_ground()).ok()?);
    slacks.minima(&values, until)
}

/// The other way: for each source i in `wanted` a number just below min_j (c_ij − g_j) over the targets j in `among`.
pub(crate) fn c_transform_back(cost: &PointCost, g: &[f64], among: &[u32], wanted: &[u32]) -> Option<Vec<f64>> {
    let form = cost.ground().form();
    if let Some(f) = separable::c_transform(form, (cost.target(), cost.source()), g, among) {
        return Some(wanted.iter().map(|&i| f[i as usize]).collect());
    }
    let queries: Vec<f64> = wanted.iter().flat_map(|&i| cost.source().point(i as usize).iter().copied()).collect();
    let (f, above) = by_tree(form, (cost.target(), &queries), g, among, &Until::default())?;
    Some(f.iter().zip(above).map(|(f, above)| f - above).collect())
}

/// [`c_transform`] by a kd-tree over the points `among` of `source`, asked for each target of a row-major list.
fn by_tree(
    form: Form,
    (source, target): (&Points, &[f64]),
    f: &[f64],
    among: &[u32],
    until: &Until,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let dim = source.dim();
    with_metric!(form, dim, |metric, D| {
        let flat = source.as_slice().as_chunks::<D>().0;
        let chosen: Vec<[f64; D]> = among.iter().map(|&i| flat[i as usize]).collect();
        let order = halving::kd_order(chosen.as_flattened(), D);
        let points: Vec<[f64; D]> = order.iter().map(|&k| chosen[k as usize]).collect();
        let values: Vec<f64> = order.iter().map(|&k| f[among[k as usize] as usize]).collect();
        drop((chosen, order));
        let tree = DualTree::<D, _>::new(metric, points.as_flattened(), &values);
        let (doubt, glance) = (metric.roundings(D) * f64::EPSILON, time_of_a_glance(&tree));
        // Queries in kd order: what one has found is a good first limit for the next.
        let queries = target.as_chunks::<D>().0;
        let asked = halving::kd_order(target, D);
        let left = AtomicUsize::new(asked.len());
        let batches: Vec<&[u32]> = asked.chunks(BATCH).collect();
        let answers: Vec<Vec<(f64, f64)>> = parallel::map(batches.len(), |k| {
            let batch = batches[k];
            let waiting = left.fetch_sub(batch.len(), Ordering::Relaxed);
            let hurried = until.is_over_in(glance * waiting as u32);
            let mut found = Vec::with_capacity(2);
            let mut last = None;
            let answer = |&j: &u32| {
                let y = &queries[j as usize];
                let slack_at = |index: u32| metric.cost(&points[index as usize], y) - values[index as usize];
                let limit = last.map_or(f64::INFINITY, |index| slack_at(index).next_up());
                if hurried {
                    let (seen, bound) = tree.glance(y, limit);
                    last = seen.map_or(last, |seen| Some(seen.index));
                    let least = seen.map_or(limit, |seen| seen.slack);
                    return (least, least - bound);
                }
                tree.search(y, limit, 1, &mut found);
                let Found { slack, index } = found[0];
                last = Some(index);
                (slack, doubt * (slack.abs() + values[index as usize].abs()))
            };
            batch.iter().map(answer).collect()
        });
        let (mut g, mut above) = (vec![0.0; asked.len()], vec![0.0; asked.len()]);
        for (&j, (found, doubt)) in asked.iter().zip(answers.into_iter().flatten()) {
            (g[j as usize], above[j as usize]) = (found, doubt);
        }
        (g, above)
    })
}

/// What a glance at a tree takes at most, about.
fn time_of_a_glance<const D: usize, M: Metric>(_: &DualTree<D, M>) -> Duration {
    DualTree::<D, M>::GLANCE_TIME
}

/// Whether [`c_transform`] has a tree for this cost.
pub(crate) fn has_tree(form: Form, dim: usize) -> bool {
    matches!(form, Form::Norm { .. }) && dim <= 4
}

/// Whether a sieved pass over so many pairs is a faster way to the least slacks than a tree: measured on Gaussian clouds. The
/// bounds of a tree are good for the squared Euclidean cost in the plane, and worse the more dimensions there are.
pub(crate) fn sieve_pays(form: Form, dim: usize, pairs: usize) -> bool {
    let most = match (form, dim) {
        (Form::Norm { p: 2.0, power: 2.0 }, 1 | 2) => 0,
        (Form::Norm { p: 2.0, power: 2.0 }, 3) => 30_000_000,
        (Form::Norm { p: 2.0, power: 2.0 }, 4) => 400_000_000,
        (_, 1 | 2) => 1_000_000_000,
        (_, 3) => 2_000_000_000,
        (_, 4) => 4_000_000_000,
        _ => usize::MAX,
    };
    has_sieve(form) && pairs <= most
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::cost::{CostMatrix, GroundCost, PNorm, SquaredEuclidean};

    #[test]
    fn a_glance_holds_what_a_search_finds() {
        let points = |n: usize, dim: usize, seed: usize| {
            let at = |k: usize| ((k * k + seed) as f64 * 0.618).sin() * 2.0;
            Points::from_rows((0..n * dim).map(at).collect::<Vec<f64>>(), dim).unwrap()
        };
        let over = Until::new(Some(Instant::now()), None);
        for dim in 1..=4 {
            let (x, y) = (points(3000, dim, 1), points(500, dim, 2));
            let f: Vec<f64> = x.iter().map(|x| 0.3 * x[0] + 0.1 * (5.0 * x[dim - 1]).sin()).collect();
            let all: Vec<u32> = (0..3000).collect();
            let costs: [Box<dyn GroundCost>; 3] =
                [Box::new(SquaredEuclidean), Box::new(PNorm::wasserstein(1.0).unwrap()), Box::new(PNorm::cityblock())];
            for ground in costs {
                let cost = PointCost::shared(&x, &y, ground.into()).unwrap();
                let (exact, doubt) = c_transform(&cost, &f, &all, &Until::default()).unwrap();
                let (seen, above) = c_transform(&cost, &f, &all, &over).unwrap();
                for j in 0..500 {
                    let least = (0..3000).map(|i| cost.entry(i, j) - f[i]).fold(f64::INFINITY, f64::min);
                    assert!((exact[j] - least).abs() <= doubt[j], "{} is not {least}", exact[j]);
                    assert!(
                        seen[j] >= least - doubt[j] && seen[j] - above[j] <= least,
                        "{} to {}: {least}",
                        seen[j] - above[j],
                        seen[j]
                    );
                }
                // Near enough to be of use.
                let mean = |values: &[f64]| values.iter().sum::<f64>() / 500.0;
                let spread = mean(&exact.iter().map(|g| g.abs()).collect::<Vec<_>>());
                assert!(mean(&above) <= 0.5 * spread, "d = {dim}: {} beside {spread}", mean(&above));
            }
        }
    }
}
