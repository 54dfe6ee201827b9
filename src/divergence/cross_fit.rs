//! Log ratios by logistic regression at points that the fit has not seen.

use super::kind::Base;
use super::logistic::{Features, Fit};
use super::sides::{Sides, shuffled};
use crate::numeric::parallel;
use crate::numeric::sum::mean_and_variance;

/// The log ratios at the points of P and Q, each by a fit that has not seen it, and whether all fits converged.
pub(super) fn held_out(
    sides: &Sides,
    folds: usize,
    seed: u64,
    fit: impl Fn(&[&[f64]], &[&[f64]]) -> Fit + Sync,
) -> (Vec<f64>, Vec<f64>, bool) {
    let (p, q) = (shuffled(&sides.x, sides.dim, seed, 0), shuffled(&sides.y, sides.dim, seed, 1));
    let judged = parallel::map(folds, |fold| {
        let fit = fit(&part(&p, fold, folds, false), &part(&q, fold, folds, false));
        let at =
            |rows: &[&[f64]]| -> Vec<f64> { part(rows, fold, folds, true).iter().map(|x| fit.log_ratio(x)).collect() };
        (at(&p), at(&q), fit.converged)
    });
    let (mut at_p, mut at_q, mut converged) = (Vec::new(), Vec::new(), true);
    for (p, q, good) in judged {
        at_p.extend(p);
        at_q.extend(q);
        converged &= good;
    }
    (at_p, at_q, converged)
}

/// The log ratio at which larger ones are cut: one point of Q in m then adds at most 1 to the mean of (p / q)^a over Q. Cut or not, the
/// variational value is a bound, and m points show no more.
pub(super) fn largest_shown(base: Base, m: usize) -> f64 {
    match base {
        Base::Power(a) if a > 0.0 => (m as f64).ln() / a.max(1.0),
        _ => f64::INFINITY,
    }
}

/// A base from log ratios that are linear in the features of `sides`, and its standard error: the mean of the variational value
/// at the points of a fit, which is too large, and at points that it has not seen, which is too small by as much.
pub(super) fn modelled(base: Base, sides: &Sides) -> (f64, f64) {
    let value = |at_p: &[f64], at_q: &[f64]| {
        let most = largest_shown(base, at_q.len());
        let over_p = mean_and_variance(&at_p.iter().map(|&t| base.slope(t.min(most))).collect::<Vec<_>>());
        let over_q = mean_and_variance(&at_q.iter().map(|&t| base.conjugate(t.min(most))).collect::<Vec<_>>());
        (over_p.0 - over_q.0, over_p.1 / at_p.len() as f64 + over_q.1 / at_q.len() as f64)
    };
    let (p, q): (Vec<&[f64]>, Vec<&[f64]>) =
        (sides.x.chunks_exact(sides.dim).collect(), sides.y.chunks_exact(sides.dim).collect());
    let fit = Fit::new(&p, &q, Features::Linear);
    let at = |rows: &[&[f64]]| rows.iter().map(|x| fit.log_ratio(x)).collect::<Vec<f64>>();
    let (seen, _) = value(&at(&p), &at(&q));
    let folds = 10.min(p.len().min(q.len()));
    let (at_p, at_q, _) = held_out(sides, folds, 0, |p, q| Fit::new(p, q, Features::Linear));
    let (unseen, variance) = value(&at_p, &at_q);
    (0.5 * (seen + unseen), variance.sqrt())
}

/// The log ratios at one half of the points of P and of Q, by a fit to the other half, and whether it converged.
pub(crate) fn halves(sides: &Sides, features: Features, seed: u64) -> (Vec<f64>, Vec<f64>, bool) {
    let (p, q) = (shuffled(&sides.x, sides.dim, seed, 0), shuffled(&sides.y, sides.dim, seed, 1));
    let fit = Fit::new(&part(&p, 0, 2, false), &part(&q, 0, 2, false), features);
    let at = |rows: &[&[f64]]| part(rows, 0, 2, true).iter().map(|x| fit.log_ratio(x)).collect();
    (at(&p), at(&q), fit.converged)
}

/// The rows of one fold, or all others.
pub(super) fn part<'p>(rows: &[&'p [f64]], fold: usize, folds: usize, held: bool) -> Vec<&'p [f64]> {
    rows.iter().enumerate().filter(|(i, _)| (i % folds == fold) == held).map(|(_, x)| *x).collect()
}
