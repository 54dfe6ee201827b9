//! Intervals of transport distances between N(0, I) and N(shift e₁, I): W_p is the shift, and so is √d times SW₂.

use earthwork::compare::discrepancy;
use earthwork::estimate::resample::{Resampling, interval};

use super::{Row, Tally, normal};

/// The least that is asked of 95 % intervals here. They may hold more: in many dimensions what samples can show is one-sided.
const ASKED: (f64, f64) = (0.93, 1.0);

pub(crate) fn rows(draws: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for name in ["w1", "w2", "sw2"] {
        for dim in [1, 2, 3, 5, 10] {
            for n in [60, 150, 1000] {
                if n == 1000 && dim > 3 {
                    continue;
                }
                for shift in [0.0, 0.1, 0.3, 1.0] {
                    let row = row(name, dim, (n, n), shift, if n == 1000 { draws.div_ceil(4) } else { draws });
                    eprintln!("{name} d={dim} n={n} shift={shift}: {:.1} %", 100.0 * row.tally.share());
                    rows.push(row);
                }
            }
        }
    }
    rows
}

pub(crate) fn row(name: &str, dim: usize, (n, m): (usize, usize), shift: f64, draws: usize) -> Row {
    let truth = if name.starts_with("sw") { shift / (dim as f64).sqrt() } else { shift };
    let d = discrepancy(name).expect("a name of the catalogue");
    let tally = Tally::of(draws, truth, 0.0, |seed| {
        let (x, y) = (normal(n, dim, 0.0, 2 * seed), normal(m, dim, shift, 2 * seed + 1));
        interval(&d, &x, &y, &Resampling::default().with_seed(seed))
    });
    Row { quantity: name.into(), dim, sizes: (n, m), case: format!("shift {shift}"), asked: ASKED, tally }
}
