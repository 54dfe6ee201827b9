//! Neighbours: under c(x, y) − g(y) (where is the dual constraint of a point tightest?), and the k nearest of many points.

mod dual_tree;
mod ground;
pub(crate) mod halving;
pub(crate) mod nearest;

use rayon::prelude::*;

use crate::cost::{Form, PointCost};

pub(crate) use dual_tree::{DualTree, Found};
pub(crate) use ground::{Metric, PowerOfNorm, Square};

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

/// The c-transform g_j = min_i (c_ij − f_i) over the sources i in `among`, by a kd-tree over them: about
/// O((n + m) log n) for a norm cost in at most four dimensions; `None` elsewhere.
///
/// Beside each g: how far above the minimum over the costs as [`CostMatrix::fill`](crate::cost::CostMatrix::fill) rounds them
/// it can be, since the tree rounds them in another order.
pub(crate) fn c_transform(cost: &PointCost, f: &[f64], among: &[u32]) -> Option<(Vec<f64>, Vec<f64>)> {
    let dim = cost.source().dim();
    with_metric!(cost.ground().form(), dim, |metric, D| {
        let flat = cost.source().as_slice();
        let chosen: Vec<[f64; D]> = among.iter().map(|&i| flat.as_chunks::<D>().0[i as usize]).collect();
        let order = halving::kd_order(chosen.as_flattened(), D);
        let points: Vec<[f64; D]> = order.iter().map(|&k| chosen[k as usize]).collect();
        let values: Vec<f64> = order.iter().map(|&k| f[among[k as usize] as usize]).collect();
        let tree = DualTree::<D, _>::new(metric, points.as_flattened(), &values);
        let doubt = metric.roundings(D) * f64::EPSILON;
        let m = cost.target().len();
        let (mut g, mut above) = (vec![0.0; m], vec![0.0; m]);
        let batches = g.par_chunks_mut(BATCH).zip(above.par_chunks_mut(BATCH));
        batches.zip(cost.target().as_slice().par_chunks(BATCH * D)).for_each(|((g, above), targets)| {
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
