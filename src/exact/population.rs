//! Two sides of W₁ between the distributions behind two samples.

use std::f64::consts::SQRT_2;

use rand::seq::SliceRandom;

use crate::cost::Euclidean;
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Estimate, Evidence, Kind};
use crate::exact::{Extension, solve_observed};
use crate::measure::{Points, Samples};
use crate::numeric::normal::normal_quantile;
use crate::numeric::random::stream;
use crate::numeric::sum::sum;
use crate::transport::{Interrupt, Observer, Problem, Progress, Root, Silent, Solution};

/// The level of the bracket: its ends miss in 2.5 % of all draws each.
const LEVEL: f64 = 0.95;
/// A held-out value of more standard errors than this is not that of two samples of one distribution.
const CLEAR: f64 = 6.0;

/// Brackets W₁(P, Q) of the distributions behind two samples, from above and from below.
///
/// Exact transport between two samples is not the distance between the distributions: even two samples of one
/// distribution are some way apart, in many dimensions a long way. What can be had are two numbers that err to opposite sides:
///
/// - *from above*, the exact W₁ of the samples: E W₁(Pₙ, Qₘ) ≥ W₁(P, Q), since W₁ is convex;
/// - *from below*, E_P f − E_Q f for a function f that changes by no more than the distance (Kantorovich–Rubinstein), valued on points
///   that had no part in finding it. The points are dealt into `folds`; for each, f comes from the exact potentials u, v of
///   the others: the mean of the two extensions min_j ‖z − yⱼ‖ − vⱼ and max_i uᵢ − ‖z − xᵢ‖ (McShane), both 1-Lipschitz.
///
/// Each has a standard error: above from the variance of the potentials (del Barrio & Loubes 2019), below from that of f on
/// held-out points. Where the two distributions are close, what one part of the points finds depends on the others, and the parts err
/// together: their mean then varies by √2 as much as parts that are independent would, and this is what the error says unless the
/// value is six times as large. The width is the honest uncertainty. It shrinks like n^(−1/d): for d ≤ 4 the bracket is narrow at a few thousand
/// points, from d = 8 on the upper end stays far too high. On the W₁ benchmark of Korotin et al. (2022) the truth lay
/// between the two in all 16 pairs of distributions with d ≤ 16, at n = 256, 1024 and 4096.
///
/// The debiased value W₁(Pₙ, Qₘ) − (W₁(Pₙ, P'ₙ) + W₁(Qₘ, Q'ₘ)) / 2 is not offered: it is off by tens of per cent to either side.
///
/// # Complexity
/// One exact solve of all points and one for each fold, O(n m d / folds) for each fold besides. O(n + m) memory where the solver has it.
///
/// # Example
/// ```
/// use earthwork::exact::population_bracket;
/// use earthwork::prelude::*;
///
/// let normal = Gaussian::standard(2)?;
/// let shifted = Gaussian::new([1.0, 0.0], ndarray::array![[1.0, 0.0], [0.0, 1.0]].view())?;
/// let bracket = population_bracket(&normal.sample(200, 1)?, &shifted.sample(200, 2)?)?;
/// let w1 = bracket.estimate();
/// assert!(w1.lower() < 1.0 && 1.0 < w1.upper());
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Population {
    /// In how many parts the points are dealt; 4 by default. More folds find better functions and take longer.
    pub folds: usize,
    /// The seed of the deal; 0 by default.
    pub seed: u64,
    /// When to end: each solve is given these limits. A solve that ends early leaves a wider bracket that still holds.
    pub interrupt: Interrupt,
}

impl Default for Population {
    fn default() -> Self {
        Self { folds: 4, seed: 0, interrupt: Interrupt::default() }
    }
}

/// What brackets W₁(P, Q).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PopulationBracket {
    /// The mean held-out value of a 1-Lipschitz function, and its standard error: not above W₁ on average.
    pub lower: Estimate,
    /// The exact W₁ of the samples, and its standard error: not below W₁ on average.
    pub upper: Estimate,
}

impl PopulationBracket {
    /// The middle of the two, with the bracket widened on either side by 1.96 standard errors, and not below 0. On benchmarks the
    /// middle is within 2 % at d = 2, 6 % at d = 4 and 11 % at d = 8 with 4096 points; from d = 16 on it means nothing.
    pub fn estimate(&self) -> Estimate {
        let z = normal_quantile(0.5 + 0.5 * LEVEL);
        let upper = self.upper.value + z * self.upper.std_error().unwrap_or(0.0);
        let evidence = Evidence::Interval { lower: self.lower_end(LEVEL).min(upper), upper, level: LEVEL };
        let middle = 0.5 * (self.lower.value + self.upper.value).max(0.0);
        Estimate { evidence, ..Estimate::new(middle, evidence, "middle of a bracket", self.upper.sizes) }
            .with_seed(self.lower.seed.unwrap_or(0))
    }

    /// The lower end of a two-sided interval of this level; not below 0.
    pub(super) fn lower_end(&self, level: f64) -> f64 {
        let error = self.lower.std_error().unwrap_or(0.0);
        (self.lower.value - normal_quantile(0.5 + 0.5 * level) * error).max(0.0)
    }
}

/// Brackets W₁ of the distributions behind two samples: [`Population`] with its defaults.
///
/// # Errors
/// As [`Population::bracket`].
pub fn population_bracket(x: &Samples, y: &Samples) -> Result<PopulationBracket> {
    Population::default().bracket(x, y)
}

impl Population {
    /// In so many folds.
    #[must_use]
    pub fn with_folds(self, folds: usize) -> Self {
        Self { folds, ..self }
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// With these limits for each solve.
    #[must_use]
    pub fn with_interrupt(self, interrupt: Interrupt) -> Self {
        Self { interrupt, ..self }
    }

    /// The bracket.
    ///
    /// # Errors
    /// When there are fewer than 2 folds, or fewer than two points for each, the points of a sample differ in weight (they are taken
    /// for independent draws), the dimensions or totals differ, or distances overflow.
    pub fn bracket(&self, x: &Samples, y: &Samples) -> Result<PopulationBracket> {
        self.bracket_observed(x, y, &mut Silent)
    }

    /// [`bracket`](Self::bracket) with progress reports.
    ///
    /// # Errors
    /// As [`Population::bracket`].
    pub fn bracket_observed(&self, x: &Samples, y: &Samples, observer: &mut dyn Observer) -> Result<PopulationBracket> {
        let folds = self.folds;
        require("folds", folds as f64, folds >= 2, "at least 2 are needed: one to find a function, one to value it")?;
        for (side, name) in [(x, "x"), (y, "y")] {
            if !side.weights().is_uniform() {
                let why =
                    "its points differ in weight; the bracket takes points for independent draws that count the same";
                return Err(Error::new(name, ErrorKind::Unsupported(why.into())));
            }
            if side.len() < 2 * folds {
                let reason = "two for each fold";
                let kind = ErrorKind::Length { what: "points", expected: 2 * folds, found: side.len(), reason };
                return Err(Error::new(name, kind));
            }
        }
        // In a unit in which squares of lengths keep all digits.
        let root = Root::for_samples(1.0, x, y);
        let (x, y) = (&root.scaled(x)?, &root.scaled(y)?);
        let solve = |x: &Samples, y: &Samples, observer: &mut dyn Observer| -> Result<Solution> {
            let mut pass_on = |progress: &Progress| observer.observe(progress);
            solve_observed(&Problem::between(x, y, Euclidean)?, self.interrupt.clone(), &mut pass_on)
        };
        let mass = x.total();
        let sizes = (x.len(), y.len());
        let whole = solve(x, y, observer)?;
        let potentials = &whole.potentials;
        let error = mass * (variance(&potentials.f) / sizes.0 as f64 + variance(&potentials.g) / sizes.1 as f64).sqrt();
        let upper = Estimate::new(
            root.of(whole.transport_cost),
            Evidence::StandardError(root.of(error)),
            "exact W1 of the samples",
            sizes,
        )
        .of_kind(Kind::UpperBound);

        let deal = [self.deal(x.len(), 0), self.deal(y.len(), 1)];
        let (mut value, mut squares) = (0.0, 0.0);
        for fold in 0..folds {
            let part = |side: &Samples, deal: &[usize], held_out: bool| {
                let chosen = deal.iter().enumerate().filter(|(_, part)| (**part == fold) == held_out);
                let coordinates: Vec<f64> = chosen.flat_map(|(i, _)| side.point(i)).copied().collect();
                Samples::new(Points::from_rows(coordinates, side.dim())?)
            };
            let (known_x, known_y) = (part(x, &deal[0], false)?, part(y, &deal[1], false)?);
            let found = solve(&known_x, &known_y, observer)?;
            let function =
                Extension { source: known_x.points(), target: known_y.points(), potentials: &found.potentials };
            for (side, samples, sign) in [(0, x, 1.0), (1, y, -1.0)] {
                let held_out = part(samples, &deal[side], true)?;
                let values: Vec<f64> = function.at(held_out.points())?.iter().map(|at| at.value).collect();
                let count = values.len() as f64;
                value += sign * sum(values.iter().map(|f| f / count)) / folds as f64;
                squares += variance(&values) / count;
            }
        }
        let error = squares.sqrt() / folds as f64;
        let error = mass * if value < CLEAR * error { SQRT_2 * error } else { error };
        let lower =
            Estimate::new(root.of(mass * value), Evidence::StandardError(root.of(error)), "held-out dual", sizes)
                .of_kind(Kind::LowerBound)
                .with_seed(self.seed);
        Ok(PopulationBracket { lower, upper })
    }

    /// For each of `n` points its fold; sizes differ by at most one.
    fn deal(&self, n: usize, side: u64) -> Vec<usize> {
        let mut folds: Vec<usize> = (0..n).map(|i| i % self.folds).collect();
        folds.shuffle(&mut stream(self.seed, side));
        folds
    }
}

/// The variance of a sample.
fn variance(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = sum(values.iter().map(|v| v / count));
    sum(values.iter().map(|v| (v - mean).powi(2))) / (count - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;

    fn shifted(n: usize, dim: usize, shift: f64, seed: u64) -> Samples {
        let normal = Gaussian::standard(dim).unwrap().sample(n, seed).unwrap();
        let coordinates = normal.points().as_slice().iter().enumerate();
        let moved: Vec<f64> = coordinates.map(|(at, v)| if at % dim == 0 { v + shift } else { *v }).collect();
        Samples::new(Points::from_rows(moved, dim).unwrap()).unwrap()
    }

    #[test]
    fn the_truth_lies_between() {
        // W₁ of a shift is its length; 0 for a distribution and itself.
        let mut missed = 0;
        for (dim, shift) in [(1, 1.0), (2, 0.5), (2, 0.0), (4, 1.0)] {
            for seed in 0..5 {
                let (x, y) = (shifted(120, dim, 0.0, 2 * seed), shifted(100, dim, shift, 2 * seed + 1));
                let bracket = Population::default().with_seed(seed).bracket(&x, &y).unwrap();
                let found = bracket.estimate();
                missed += u32::from(!(found.lower()..=found.upper()).contains(&shift));
                assert!(bracket.lower.value <= bracket.upper.value, "{bracket:?}");
                assert_eq!((bracket.lower.kind, bracket.upper.kind), (Kind::LowerBound, Kind::UpperBound));
            }
        }
        // Of 20 brackets at 95 % one may miss, two seldom.
        assert!(missed <= 2, "{missed} of 20");
    }

    #[test]
    fn a_bracket_scales_with_lengths_and_masses_and_repeats() {
        let (x, y) = (shifted(40, 2, 0.0, 1), shifted(30, 2, 1.0, 2));
        let plain = population_bracket(&x, &y).unwrap();
        assert_eq!(plain, population_bracket(&x, &y).unwrap());
        // Powers of two, so that nothing is rounded otherwise: where optimal potentials are not unique, rounding chooses.
        let scaled = |side: &Samples| {
            let points: Vec<f64> = side.points().as_slice().iter().map(|v| v * 40_f64.exp2()).collect();
            let mass = (-10_f64).exp2() / side.len() as f64;
            Samples::weighted(Points::from_rows(points, 2).unwrap(), vec![mass; side.len()]).unwrap()
        };
        let large = population_bracket(&scaled(&x), &scaled(&y)).unwrap();
        let factor = 30_f64.exp2();
        for (large, plain) in [(&large.lower, &plain.lower), (&large.upper, &plain.upper)] {
            assert!((large.value / plain.value / factor - 1.0).abs() < 1e-9, "{large} {plain}");
            assert!((large.std_error().unwrap() / plain.std_error().unwrap() / factor - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn what_has_no_bracket_is_refused() {
        let (x, y) = (shifted(7, 2, 0.0, 1), shifted(30, 2, 1.0, 2));
        let message = |result: Result<PopulationBracket>| result.unwrap_err().to_string();
        assert_eq!(message(population_bracket(&x, &y)), "x: it has 7 points, but 8 are needed (two for each fold)");
        assert!(message(Population::default().with_folds(1).bracket(&x, &y)).starts_with("folds: it is 1"));
        let weighted = Samples::weighted(y.points(), (1..=30).map(f64::from).collect::<Vec<_>>()).unwrap();
        assert!(message(population_bracket(&y, &weighted)).starts_with("y: its points differ in weight"));
        assert!(message(population_bracket(&y, &shifted(30, 3, 0.0, 1))).contains("dimension"));
    }
}
