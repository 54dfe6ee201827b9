//! Two parallel segments: the case in which densities don't exist.

use earthwork::divergence::Knn;
use earthwork::prelude::*;

use crate::{Effort, Verdict};

/// `n` evenly spread points of the segment {at} × [0, 1].
fn segment(n: usize, at: f64, shift: f64) -> Result<Samples> {
    Samples::new((0..n).map(|k| [at, (k as f64 + shift) / n as f64]).collect::<Vec<_>>())
}

pub(crate) fn run(_: Effort) -> Result<Vec<Verdict>> {
    let js = Knn::js();
    let (mut found, mut largest_error, mut lowest_js, mut highest_js) = (Vec::new(), 0.0_f64, f64::MAX, 0.0_f64);
    for gap in [0.25, 0.5, 1.0, 2.0, 10.0] {
        let (x, y) = (segment(400, 0.0, 0.25)?, segment(400, gap, 0.75)?);
        let (w1, js) = (wasserstein(&x, &y, 1.0)?.value, js.between(&x, &y)?.value);
        largest_error = largest_error.max((w1 / gap - 1.0).abs());
        (lowest_js, highest_js) = (lowest_js.min(js), highest_js.max(js));
        found.push(format!("gap {gap}: W1 {w1:.4}, JS {js:.4}"));
    }
    let ln2 = 2_f64.ln();
    Ok(vec![
        Verdict {
            claim: "on parallel segments JS stays ln 2 = 0.6931 at any distance, and W1 is the distance",
            measured: found.join("; "),
            holds: largest_error < 0.01 && (lowest_js - ln2).abs() < 0.02 && (highest_js - ln2).abs() < 0.02,
        },
        Verdict {
            claim: "JS is a sum of KL divergences and can become infinite, as they can",
            measured: format!("never above ln 2, where KL is infinite: at most {highest_js:.4} here"),
            holds: highest_js > ln2 + 0.02,
        },
    ])
}
