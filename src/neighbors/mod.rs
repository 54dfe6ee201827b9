//! Neighbours: under c(x, y) − g(y) (where is the dual constraint of a point tightest?), and the k nearest of many points.

mod dual_tree;
mod ground;
pub(crate) mod halving;
mod least;
pub(crate) mod nearest;
mod row;
mod separable;
mod sieve;

use rayon::prelude::*;

use crate::cost::{Form, PointCost};
use crate::measure::Points;

pub(crate) use dual_tree::{DualTree, Found};
pub(crate) use ground::{Distance, Metric, PowerOfNorm, Square};
pub(crate) use least::LeastSlacks;
pub(crate) use row::LeastOfRow;
pub(crate) use sieve::has_sieve;

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
/// it can be, since here they are rounded in another order; nothing where it is surely not above.
pub(crate) fn c_transform(cost: &PointCost, f: &[f64], among: &[u32]) -> Option<(Vec<f64>, Vec<f64>)> {
    if let Some(g) = c_transform_of_grids(cost, f, among) {
        return Some((g, Vec::new()));
    }
    by_tree(cost.ground().form(), (cost.source(), cost.target().as_slice()), f, among)
}

/// The same axis by axis only, and safely not above.
pub(crate) fn c_transform_of_grids(cost: &PointCost, f: &[f64], among: &[u32]) -> Option<Vec<f64>> {
    separable::c_transform(cost.ground().form(), (cost.source(), cost.target()), f, among)
}

/// The same by a pass over all pairs, of which single precision sieves out most, where that [pays](sieve_pays). It is the
/// minimum over the costs as [`CostMatrix::fill`](crate::cost::CostMatrix::fill) rounds them.
pub(crate) fn c_transform_by_sieve(cost: &PointCost, f: &[f64], among: &[u32]) -> Option<Vec<f64>> {
    if !sieve_pays(cost.ground().form(), cost.source().dim(), among.len() * cost.target().len()) {
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
    Some(slacks.minima(&values))
}

/// The other way: for each source i in `wanted` a number just below min_j (c_ij − g_j) over the targets j in `among`.
pub(crate) fn c_transform_back(cost: &PointCost, g: &[f64], among: &[u32], wanted: &[u32]) -> Option<Vec<f64>> {
    let form = cost.ground().form();
    if let Some(f) = separable::c_transform(form, (cost.target(), cost.source()), g, among) {
        return Some(wanted.iter().map(|&i| f[i as usize]).collect());
    }
    let queries: Vec<f64> = wanted.iter().flat_map(|&i| cost.source().point(i as usize).iter().copied()).collect();
    let (f, above) = by_tree(form, (cost.target(), &queries), g, among)?;
    Some(f.iter().zip(above).map(|(f, above)| f - above).collect())
}

/// [`c_transform`] by a kd-tree over the points `among` of `source`, asked for each target of a row-major list.
fn by_tree(form: Form, (source, target): (&Points, &[f64]), f: &[f64], among: &[u32]) -> Option<(Vec<f64>, Vec<f64>)> {
    let dim = source.dim();
    with_metric!(form, dim, |metric, D| {
        let flat = source.as_slice();
        let chosen: Vec<[f64; D]> = among.iter().map(|&i| flat.as_chunks::<D>().0[i as usize]).collect();
        let order = halving::kd_order(chosen.as_flattened(), D);
        let points: Vec<[f64; D]> = order.iter().map(|&k| chosen[k as usize]).collect();
        let values: Vec<f64> = order.iter().map(|&k| f[among[k as usize] as usize]).collect();
        let tree = DualTree::<D, _>::new(metric, points.as_flattened(), &values);
        let doubt = metric.roundings(D) * f64::EPSILON;
        let m = target.len() / D;
        let (mut g, mut above) = (vec![0.0; m], vec![0.0; m]);
        let batches = g.par_chunks_mut(BATCH).zip(above.par_chunks_mut(BATCH));
        batches.zip(target.par_chunks(BATCH * D)).for_each(|((g, above), targets)| {
            let mut found = Vec::with_capacity(2);
            for ((g, above), y) in g.iter_mut().zip(above).zip(targets.chunks_exact(D)) {
                tree.search(y, f64::INFINITY, 1, &mut found);
                let Found { slack, index } = found[0];
                *g = slack;
                *above = doubt * (slack.abs() + values[index as usize].abs());
            }
        });
        (g, above)
    })
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
