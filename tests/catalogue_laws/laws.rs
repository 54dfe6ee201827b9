//! The laws, each as a check of one entry on one case.

use earthwork::estimate::{Estimate, Evidence, Randomness};
use earthwork::prelude::*;

use super::cases::{Case, Cloud};
use super::entries::Entry;

/// What rounding may break a law by, relative to the values.
const ROUNDING: f64 = 1e-7;
/// So many standard errors are no difference, where what is drawn at random (folds, subsets, directions) may be drawn otherwise.
const DRAWN: f64 = 1.0;

/// What holds on any data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    Identity,
    ConstantColumn,
    CopiedColumn,
    AffineMap,
    Units,
    RowOrder,
    WeightSplitting,
    RepeatedRows,
    Range,
    Evidence,
    StandardError,
}

impl Law {
    pub(crate) const ALL: [Self; 11] = [
        Self::Identity,
        Self::ConstantColumn,
        Self::CopiedColumn,
        Self::AffineMap,
        Self::Units,
        Self::RowOrder,
        Self::WeightSplitting,
        Self::RepeatedRows,
        Self::Range,
        Self::Evidence,
        Self::StandardError,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::ConstantColumn => "constant column",
            Self::CopiedColumn => "copied column",
            Self::AffineMap => "affine map",
            Self::Units => "units",
            Self::RowOrder => "row order",
            Self::WeightSplitting => "weight splitting",
            Self::RepeatedRows => "repeated rows",
            Self::Range => "range",
            Self::Evidence => "evidence",
            Self::StandardError => "standard error",
        }
    }

    /// What breaks the law; nothing where it holds, or where there is no value: a refusal breaks no law.
    pub(crate) fn broken(self, entry: &Entry, case: &Case) -> Option<String> {
        let value = |x: &Cloud, y: &Cloud| entry.discrepancy.between(&x.samples(), &y.samples()).ok();
        let Case { x, y, .. } = case;
        // Each law compares what is to be equal.
        let same = |map: &dyn Fn(&Cloud) -> Cloud, factor: f64| {
            let (found, mapped) = (value(x, y)?, value(&map(x), &map(y))?);
            differ(&found, &mapped, factor)
        };
        match self {
            Self::Identity => {
                let mut found = value(x, x).into_iter().chain(value(x, &x.reordered()));
                found.find_map(|found| is_not(&found, entry.at_identity()))
            }
            Self::ConstantColumn => {
                let found = same(&|cloud| cloud.mapped(|point| [point, &[7.0]].concat()), 1.0);
                found.or_else(|| same(&|cloud| cloud.mapped(|point| [&[-3.0], point].concat()), 1.0))
            }
            Self::CopiedColumn if entry.is_divergence => {
                same(&|cloud| cloud.mapped(|point| [point, &[2.0 * point[0] + 1.0]].concat()), 1.0)
            }
            Self::AffineMap if entry.is_divergence => {
                let sheared = |point: &[f64]| -> Vec<f64> {
                    let last = point.len() - 1;
                    let mut there = point.to_vec();
                    there[0] = 20.0 * point[0] + 3.0;
                    there[last] += 0.5 * there[0];
                    there
                };
                same(&|cloud| cloud.mapped(sheared), 1.0)
            }
            Self::CopiedColumn | Self::AffineMap | Self::StandardError => None,
            Self::Units => [1e-6, 1e6].into_iter().find_map(|unit| {
                let scaled = |cloud: &Cloud| cloud.mapped(|point| point.iter().map(|v| unit * v).collect());
                same(&scaled, unit.powf(entry.degree))
            }),
            Self::RowOrder => same(&Cloud::reordered, 1.0),
            Self::WeightSplitting => same(&Cloud::split, 1.0),
            Self::RepeatedRows => same(&|cloud| cloud.repeated(3), 1.0),
            Self::Range => [value(x, y)?, value(y, x)?].iter().find_map(|found| outside(found, entry.range)),
            Self::Evidence => {
                let found = value(x, y)?;
                let is_between = found.lower() <= found.value && found.value <= found.upper();
                (!is_between).then(|| format!("{} does not lie in [{}, {}]", found.value, found.lower(), found.upper()))
            }
        }
    }
}

/// How far a number may be from another of the same truth: rounding, and what is drawn.
fn slack(found: &Estimate) -> f64 {
    let drawn = match found.evidence {
        Evidence::StandardError(error) | Evidence::Asymmetric { std_error: error, .. } => DRAWN * error,
        Evidence::Interval { lower, upper, .. } => DRAWN * 0.25 * (upper - lower),
        Evidence::Bounds { lower, upper } if upper.is_finite() && lower.is_finite() => upper - lower,
        _ => 0.0,
    };
    ROUNDING * found.value.abs() + drawn
}

/// Whether a mapped value is not `factor` times the other.
fn differ(found: &Estimate, mapped: &Estimate, factor: f64) -> Option<String> {
    let there = mapped.value / factor;
    let is_same = found.value == there || (found.value - there).abs() <= slack(found).max(slack(mapped) / factor);
    (!is_same).then(|| format!("{} becomes {there}, off by more than {:.2e}", found.value, slack(found)))
}

fn is_not(found: &Estimate, expected: f64) -> Option<String> {
    // Of a sample against itself there is no scale but that of its own evidence; what is left of rounding is below this.
    let is_same = (found.value - expected).abs() <= 1e-6 + 2.0 * slack(found);
    (!is_same).then(|| format!("it is {} between a sample and itself, not {expected}", found.value))
}

/// Whether a value lies outside the values that there are, by more than its own 95 % interval.
fn outside(found: &Estimate, (least, most): (f64, f64)) -> Option<String> {
    let half = match found.evidence {
        Evidence::StandardError(error) => 1.96 * error,
        Evidence::Interval { lower, upper, .. } | Evidence::Asymmetric { lower, upper, .. } => {
            (found.value - lower).max(upper - found.value)
        }
        _ => 0.0,
    };
    let is_inside = found.value >= least - half - ROUNDING && found.value <= most + half + ROUNDING;
    (!is_inside).then(|| format!("{} is outside of [{least}, {most}]", found.value))
}

/// The mean of the standard errors stated against the spread of so many draws of N(1, I) and N(0, I) in the plane; what is wrong when
/// they differ by more than the factor.
pub(crate) fn error_against_spread(entry: &Entry, n: usize, draws: u64, factor: f64) -> Option<String> {
    let cloud = |shift: f64, seed: u64| {
        let drawn = Gaussian::standard(2).expect("a dimension").sample(n, seed).expect("some points");
        Samples::new(drawn.points().view().mapv(|v| v + shift)).expect("finite points")
    };
    let found: Vec<Estimate> = (0..draws)
        .filter_map(|seed| entry.discrepancy.between(&cloud(1.0, 2 * seed), &cloud(0.0, 2 * seed + 1)).ok())
        .filter(|found| found.randomness == Randomness::Sampling)
        .collect();
    let errors: Vec<f64> = found.iter().filter_map(Estimate::std_error).collect();
    if errors.len() < 2 {
        return None;
    }
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / found.len() as f64;
    let centre = mean(&mut found.iter().map(|found| found.value));
    let spread = mean(&mut found.iter().map(|found| (found.value - centre).powi(2))).sqrt();
    let stated = errors.iter().sum::<f64>() / errors.len() as f64;
    let ratio = stated / spread;
    (ratio > factor || ratio < 1.0 / factor)
        .then(|| format!("{}: it states {stated:.4} and varies by {spread:.4} over {draws} draws", entry.key))
}
