//! Intervals of divergences between tables of one number and one to three categorical columns.
//!
//! In each cell c of the categories the number is N(a_c, 1) under P and N(b_c, 1) under Q. The truth is the sum over the cells of
//! ∫ q f(p / q), with P_c N(a_c, 1) for p and Q_c N(b_c, 1) for q.

use earthwork::divergence::{Divergence, recommended};
use earthwork::estimate::{Evidence, Kind};
use earthwork::numeric::stream;
use earthwork::prelude::*;
use rand::RngExt;

use super::{Row, Tally, normal};

const ASKED: (f64, f64) = (0.92, 0.985);
/// Half of the range of the integrals, and their steps.
const REACH: f64 = 12.0;
const STEPS: usize = 4000;

/// A table: how many levels each categorical column has, and what is in them.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    levels: &'static [usize],
    /// Columns of 0 and 1 for each level, instead of one column of numbers.
    one_hot: bool,
    /// Masses of a cell under P and Q, up to a factor.
    masses: fn(&[usize]) -> (f64, f64),
    /// Means of the number in a cell under P and Q.
    means: fn(&[usize]) -> (f64, f64),
}

/// Equal masses on both sides, which fall with the number of the level.
fn equal(codes: &[usize]) -> (f64, f64) {
    let mass = codes.iter().map(|&c| 1.0 / (1.0 + 0.3 * c as f64)).product();
    (mass, mass)
}

/// Levels that P has more often the lower, and Q the higher they are.
fn opposed(codes: &[usize]) -> (f64, f64) {
    let total: usize = codes.iter().sum();
    (0.8_f64.powi(total as i32), 1.25_f64.powi(total as i32))
}

/// Independent columns under Q; the first two more often equal under P.
fn joint(codes: &[usize]) -> (f64, f64) {
    (if codes[0] == codes[1] { 2.0 } else { 1.0 }, 1.0)
}

fn shift(_: &[usize]) -> (f64, f64) {
    (0.0, 1.0)
}

/// A shift of 1 from a place that depends on the first category.
fn moved(codes: &[usize]) -> (f64, f64) {
    (2.0 * codes[0] as f64, 2.0 * codes[0] as f64 + 1.0)
}

/// A shift that depends on the first category: 0, 1, 2.
fn uneven(codes: &[usize]) -> (f64, f64) {
    (0.0, codes[0] as f64)
}

pub(crate) const TABLES: &[Table] = &[
    Table { name: "a flag", levels: &[2], one_hot: false, masses: equal, means: shift },
    Table { name: "3 one-hot", levels: &[3], one_hot: true, masses: equal, means: shift },
    Table { name: "5 one-hot, masses differ", levels: &[5], one_hot: true, masses: opposed, means: shift },
    Table { name: "4 coded, mean by level", levels: &[4], one_hot: false, masses: equal, means: moved },
    Table {
        name: "3 coded, masses differ, shift by level",
        levels: &[3],
        one_hot: false,
        masses: opposed,
        means: uneven,
    },
    Table { name: "2 x 3 coded", levels: &[2, 3], one_hot: false, masses: equal, means: shift },
    Table { name: "3 x 4 one-hot, masses differ", levels: &[3, 4], one_hot: true, masses: opposed, means: shift },
    Table { name: "3 x 3 coded, joint masses differ", levels: &[3, 3], one_hot: false, masses: joint, means: shift },
    Table { name: "2 x 2 coded, shift by level", levels: &[2, 2], one_hot: false, masses: equal, means: uneven },
    Table { name: "2 x 3 x 4 one-hot", levels: &[2, 3, 4], one_hot: true, masses: equal, means: shift },
    Table { name: "2 x 3 x 5 coded, masses differ", levels: &[2, 3, 5], one_hot: false, masses: opposed, means: shift },
    Table { name: "5 x 4 x 3 coded, mean by level", levels: &[5, 4, 3], one_hot: false, masses: equal, means: moved },
];

pub(crate) fn rows(draws: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in TABLES {
        for name in ["kl", "js", "hellinger2", "tv"] {
            let row = table.row(name, 1000, draws);
            eprintln!("{} {name}: {:.1} %, {} refused", table.name, 100.0 * row.tally.share(), row.tally.refused);
            rows.push(row);
        }
    }
    rows
}

impl Table {
    /// Intervals of a divergence by the estimator that is recommended for it.
    pub(crate) fn row(&self, name: &str, n: usize, draws: usize) -> Row {
        let divergence: Divergence = name.parse().expect("the name of a divergence");
        let truth = self.truth(divergence);
        // One number, whatever there is beside it.
        let estimator = recommended(divergence, 1);
        let is_bound = divergence == Divergence::TotalVariation;
        let quantity = format!("{}{}", estimator.name(), if is_bound { ", bound" } else { "" });
        let tally = Tally::of(draws, truth, f64::NEG_INFINITY, |seed| {
            let found = estimator.between(&self.drawn(n, seed, 0), &self.drawn(n, seed, 1))?;
            // A bound from below leaves everything above.
            if found.kind != Kind::LowerBound {
                return Ok(found);
            }
            let (lower, upper) = (found.lower().max(0.0), divergence.ceiling());
            let mut found = found.of_kind(Kind::Point);
            found.evidence = Evidence::Interval { lower, upper, level: 0.975 };
            Ok(found)
        });
        let asked = if is_bound { (0.95, 1.0) } else { ASKED };
        Row { quantity, dim: self.dim(), sizes: (n, n), case: self.name.into(), asked, tally }
    }

    fn dim(&self) -> usize {
        1 + if self.one_hot { self.levels.iter().sum() } else { self.levels.len() }
    }

    /// Every cell, with its masses under P and Q.
    fn cells(&self) -> Vec<(Vec<usize>, f64, f64)> {
        let count: usize = self.levels.iter().product();
        let code = |mut at: usize| -> Vec<usize> {
            let digit = |&base: &usize| {
                let digit = at % base;
                at /= base;
                digit
            };
            self.levels.iter().map(digit).collect()
        };
        let cells: Vec<_> = (0..count).map(|at| (code(at), (self.masses)(&code(at)))).collect();
        let total = |side: fn(&(f64, f64)) -> f64| cells.iter().map(|(_, masses)| side(masses)).sum::<f64>();
        let (of_p, of_q) = (total(|masses| masses.0), total(|masses| masses.1));
        cells.into_iter().map(|(code, (p, q))| (code, p / of_p, q / of_q)).collect()
    }

    fn truth(&self, divergence: Divergence) -> f64 {
        let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let term = |p: f64, q: f64| match divergence {
            _ if p + q == 0.0 => 0.0,
            Divergence::Kl => p * (p / q).ln() - p + q,
            Divergence::JensenShannon => {
                let part = |own: f64| if own > 0.0 { 0.5 * own * (2.0 * own / (p + q)).ln() } else { 0.0 };
                part(p) + part(q)
            }
            Divergence::SquaredHellinger => 0.5 * (p.sqrt() - q.sqrt()).powi(2),
            _ => 0.5 * (p - q).abs(),
        };
        let integral = |(code, p, q): &(Vec<usize>, f64, f64)| -> f64 {
            let (a, b) = (self.means)(code);
            let step = 2.0 * REACH / STEPS as f64;
            let at = |k: usize| 0.5 * (a + b) - REACH + k as f64 * step;
            (0..=STEPS).map(|k| step * term(p * density(at(k) - a), q * density(at(k) - b))).sum()
        };
        self.cells().iter().map(integral).sum()
    }

    fn drawn(&self, n: usize, seed: u64, side: u64) -> Samples {
        let cells = self.cells();
        let mut random = stream(seed, side);
        let numbers = normal(n, 1, 0.0, 2 * seed + side);
        let mut rows = Vec::with_capacity(n * self.dim());
        for i in 0..n {
            let mut left: f64 = random.random();
            let mass = |cell: &(Vec<usize>, f64, f64)| if side == 0 { cell.1 } else { cell.2 };
            let found = cells.iter().find(|cell| {
                left -= mass(cell);
                left < 0.0
            });
            let code = &found.unwrap_or(&cells[cells.len() - 1]).0;
            let (a, b) = (self.means)(code);
            rows.push(numbers.point(i)[0] + if side == 0 { a } else { b });
            for (&code, &levels) in code.iter().zip(self.levels) {
                if self.one_hot {
                    rows.extend((0..levels).map(|level| f64::from(u8::from(level == code))));
                } else {
                    rows.push(code as f64);
                }
            }
        }
        Samples::new(Points::from_rows(rows, self.dim()).expect("finite points")).expect("finite points")
    }
}
