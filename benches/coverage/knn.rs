//! Intervals of divergences by nearest neighbours between N(0, I) and N(shift e₁, I), which are those of one column.

use earthwork::divergence::{Divergence, Knn};
use earthwork::estimate::resample::{Resampling, interval};
use earthwork::prelude::*;

use super::{Row, Tally, normal};

/// What is asked of 95 % intervals.
const ASKED: (f64, f64) = (0.92, 0.985);
/// The first seed: below are those that the estimators were tuned on.
const SEEDS: u64 = 500_000;

pub(crate) fn rows(draws: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for divergence in [Divergence::Kl, Divergence::JensenShannon, Divergence::SquaredHellinger] {
        for dim in [1, 2, 5] {
            for n in [200, 1000] {
                for shift in [0.0, 1.0] {
                    let row = row(divergence, dim, n, shift, draws);
                    eprintln!("{divergence} d={dim} n={n} shift={shift}: {:.1} %", 100.0 * row.tally.share());
                    rows.push(row);
                }
            }
        }
    }
    rows
}

fn row(divergence: Divergence, dim: usize, n: usize, shift: f64, draws: usize) -> Row {
    let moved = Gaussian::new([shift], ndarray::array![[1.0]].view()).expect("a Gaussian");
    let truth = divergence.between_gaussians(&Gaussian::standard(1).expect("a dimension above 0"), &moved);
    let truth = truth.expect("a formula or an integral").value;
    let tally = Tally::of(draws, truth, 0.0, |seed| {
        let seed = SEEDS + 2 * seed;
        let (x, y) = (normal(n, dim, 0.0, seed), normal(n, dim, shift, seed + 1));
        interval(&Knn::new(divergence), &x, &y, &Resampling::default().with_seed(seed))
    });
    Row {
        quantity: format!("{divergence} (kNN)"),
        dim,
        sizes: (n, n),
        case: format!("shift {shift}"),
        asked: ASKED,
        tally,
    }
}
