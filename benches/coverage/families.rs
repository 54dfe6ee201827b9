//! The families of rows, what a row is, and how one is measured. `tests/coverage.rs` holds the same rows to their bounds.

pub(crate) mod kernel;
pub(crate) mod knn;
pub(crate) mod mixed;
pub(crate) mod transport;

use std::fmt::Write;

use earthwork::prelude::*;
use rayon::prelude::*;

/// A file of rows.
pub(crate) struct Family {
    /// What `--only` asks for.
    pub(crate) name: &'static str,
    /// Every row, each from about so many draws.
    pub(crate) rows: fn(usize) -> Vec<Row>,
}

/// Every family. One more is a file beside this one and a line here.
pub(crate) const FAMILIES: &[Family] = &[
    Family { name: "transport", rows: transport::rows },
    Family { name: "mixed", rows: mixed::rows },
    Family { name: "kernel", rows: kernel::rows },
    Family { name: "knn", rows: knn::rows },
];

/// A cell: one quantity between two distributions, from samples of one size.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What is estimated and by which method, such as `w1` or `KL (kNN)`.
    pub(crate) quantity: String,
    pub(crate) dim: usize,
    /// Points on the two sides.
    pub(crate) sizes: (usize, usize),
    /// How the two distributions differ, such as `shift 0.3`.
    pub(crate) case: String,
    /// The share of intervals that are to hold the truth, at least and at most; 1 at most where only misses count.
    pub(crate) asked: (f64, f64),
    pub(crate) tally: Tally,
}

/// How the intervals of a cell did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) draws: usize,
    /// Intervals that hold the truth.
    pub(crate) held: usize,
    /// Intervals whose lower end is below the least value there is.
    pub(crate) below: usize,
    /// Draws without an interval: refused, or an end that is not finite.
    pub(crate) refused: usize,
    /// The mean width of the others.
    pub(crate) width: f64,
}

impl Tally {
    /// Intervals of `draws` draws, in parallel. `draw` gets the number of the draw, from which it makes its seeds; `truth` is what
    /// the intervals are to hold, and `least` the smallest value that there is.
    pub(crate) fn of(draws: usize, truth: f64, least: f64, draw: impl Fn(u64) -> Result<Estimate> + Sync) -> Self {
        let found: Vec<Option<(f64, f64)>> = (0..draws as u64)
            .into_par_iter()
            .map(|seed| draw(seed).ok().map(|found| (found.lower(), found.upper())))
            .map(|ends| ends.filter(|(lower, upper)| lower.is_finite() && upper.is_finite()))
            .collect();
        let ends: Vec<(f64, f64)> = found.iter().flatten().copied().collect();
        // Where the value is 0 to rounding, so is the truth.
        let slack = 1e-12 * truth.abs();
        Self {
            draws,
            held: ends.iter().filter(|(lower, upper)| lower - slack <= truth && truth <= upper + slack).count(),
            below: ends.iter().filter(|(lower, _)| *lower < least).count(),
            refused: draws - ends.len(),
            width: ends.iter().map(|(lower, upper)| upper - lower).sum::<f64>() / ends.len() as f64,
        }
    }

    /// The share of intervals that hold the truth, of those that there are.
    pub(crate) fn share(&self) -> f64 {
        self.held as f64 / (self.draws - self.refused) as f64
    }
}

impl Row {
    /// What the row falls short of, by more than `deviations` binomial standard errors; nothing if it keeps its bounds.
    pub(crate) fn shortfall(&self, deviations: f64) -> Option<String> {
        let (share, draws) = (self.tally.share(), self.tally.draws as f64);
        let slack = |p: f64| deviations * (p * (1.0 - p) / draws).sqrt();
        let (least, most) = self.asked;
        let is_held = share >= least - slack(least) && share <= most + slack(most);
        let is_short = !is_held || self.tally.below > 0;
        is_short.then(|| {
            let Self { quantity, dim, sizes, case, tally, .. } = self;
            format!(
                "{quantity}, d = {dim}, n, m = {sizes:?}, {case}: {:.1} %, {} below the least value",
                100.0 * share,
                tally.below
            )
        })
    }
}

/// The rows as a table in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text =
        "| quantity | d | n, m | case | held | asked | draws | mean width | below the least value | refused |\n\
                    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_string();
    for Row { quantity, dim, sizes: (n, m), case, asked: (least, most), tally } in rows {
        let asked = if *most < 1.0 {
            format!("{:.1} to {:.1} %", 100.0 * least, 100.0 * most)
        } else {
            format!(">= {:.1} %", 100.0 * least)
        };
        let held = 100.0 * tally.share();
        let Tally { draws, below, refused, width, .. } = tally;
        writeln!(
            text,
            "| {quantity} | {dim} | {n}, {m} | {case} | {held:.1} % | {asked} | {draws} | {width:.3} | {below} | {refused} |"
        )
        .expect("a string takes all");
    }
    text
}

/// n points of N(shift · e₁, I) in `dim` dimensions.
pub(crate) fn normal(n: usize, dim: usize, shift: f64, seed: u64) -> Samples {
    let draws = Gaussian::standard(dim).expect("a dimension above 0").sample(n, seed).expect("some points");
    let coordinates = draws.points().as_slice().iter().enumerate();
    let moved: Vec<f64> = coordinates.map(|(at, v)| if at % dim == 0 { v + shift } else { *v }).collect();
    Samples::new(Points::from_rows(moved, dim).expect("finite points")).expect("finite points")
}
