//! The permutation test: could these two samples have been drawn from one distribution?

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::resample::schemes::{BATCH, FIRST};
use crate::estimate::resample::values::unless_ended;
use crate::estimate::resample::{Draw, Pool};
use crate::estimate::{Discrepancy, Estimate};
use crate::measure::Samples;
use crate::numeric::random::stream;

/// Values this much of each other apart are equal: a permutation that gives the same two samples back may add in another order.
const TIE: f64 = 1e-12;

/// How to test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permutation {
    /// How many permutations; 999 by default. The p-value is a multiple of 1 / (permutations + 1).
    pub permutations: usize,
    /// The seed of the permutations; 0 by default.
    pub seed: u64,
}

impl Default for Permutation {
    fn default() -> Self {
        Self { permutations: 999, seed: 0 }
    }
}

impl Permutation {
    /// So many permutations.
    pub fn new(permutations: usize) -> Self {
        Self { permutations, ..Self::default() }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

/// What a permutation test found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PermutationTest {
    /// The value between the two samples as given.
    pub statistic: Estimate,
    /// (1 + `at_least`) / (1 + number of permutations); never 0.
    pub p_value: f64,
    /// How many permutations had a larger value, with those of `ties` that count as larger.
    pub at_least: usize,
    /// How many permutations had the same value.
    pub ties: usize,
    /// The values of all permutations, in the order drawn.
    pub null: Vec<f64>,
    /// The seed of the permutations.
    pub seed: u64,
}

impl PermutationTest {
    /// How many permutations were valued.
    pub fn permutations(&self) -> usize {
        self.null.len()
    }

    /// The standard error of the p-value, which itself comes from a finite number of random permutations.
    pub fn p_value_error(&self) -> f64 {
        (self.p_value * (1.0 - self.p_value) / (self.null.len() + 1) as f64).sqrt()
    }
}

/// Tests whether `x` and `y` were drawn from one distribution: the share of random relabellings of the pooled points under which
/// `d` is at least as large as between the samples as given.
///
/// Under that hypothesis P(p-value ≤ α) ≤ α for every α, n, m and discrepancy, with no approximation: the labels are
/// exchangeable and the given labelling counts as one of them (Phipson & Smyth 2010). What `d` decides is the power: any `d` that
/// is large where the distributions differ will do, biased or not.
///
/// *Ties.* On categories, counts and rounded numbers many relabellings have the very value that was found. The rank of the value among
/// them is drawn at random, by the seed: a number of the ties between none and all count as larger. So the level is α there too, where
/// to count them all would make it much smaller, and the power with it. When every relabelling has the value that was found, the
/// samples show nothing and the p-value is 1.
///
/// # Errors
/// When the samples cannot be compared by `d`, the value of a relabelling cannot be computed, there are no permutations, or the
/// points of a sample differ in weight: such points are not exchangeable, and the level would not hold.
///
/// # Complexity
/// `permutations` evaluations of `d`, in parallel; the kernel distances compute their kernel once for hundreds of them.
pub fn permutation_test<D: Discrepancy + ?Sized>(
    d: &D,
    x: &Samples,
    y: &Samples,
    options: &Permutation,
) -> Result<PermutationTest> {
    permutation_test_observed(d, x, y, options, &mut |_| true)
}

/// [`permutation_test`] with progress reports: `go_on` is called after each batch with the number of permutations done, and ends the test by
/// returning `false`. A test that is ended by a clock or by hand keeps its level with the permutations it has; one that is ended
/// because its p-value looks good does not.
///
/// # Errors
/// As [`permutation_test`].
pub fn permutation_test_observed<D: Discrepancy + ?Sized>(
    d: &D,
    x: &Samples,
    y: &Samples,
    options: &Permutation,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<PermutationTest> {
    let count = options.permutations;
    require("permutations", count as f64, count >= 1, "at least 1 is needed")?;
    for (side, name) in [(x, "x"), (y, "y")] {
        if !side.weights().is_uniform() {
            let why = "its points differ in weight, so labels cannot be exchanged between them; a permutation test needs equal weights";
            return Err(Error::new(name, ErrorKind::Unsupported(why.into())));
        }
    }
    let statistic = d.between(x, y)?;
    let pool = Pool::new(x, y)?;
    let (n, m) = pool.sizes();
    // The value as given, by the path that values the permutations: the two may round differently.
    let all: Vec<u32> = (0..(n + m) as u32).collect();
    let labelled = |order: &[u32]| Draw { x: order[..n].to_vec(), y: order[n..].to_vec() };
    let given = d.between_draws(&pool, &[pool.given()])?[0];
    let mut null = Vec::with_capacity(count);
    let mut batch = FIRST;
    while null.len() < count {
        let relabelled = |k: usize| {
            let mut order = all.clone();
            order.shuffle(&mut stream(options.seed, k as u64));
            labelled(&order)
        };
        let draws: Vec<Draw> = (null.len()..count.min(null.len() + batch)).map(relabelled).collect();
        let found = d.between_draws(&pool, &draws);
        let Some(found) = (if null.is_empty() { found.map(Some) } else { unless_ended(found) })? else { break };
        null.extend(found);
        batch = (2 * batch).min(BATCH);
        if !go_on(null.len()) {
            break;
        }
    }
    // Two infinite values are equal, and have no difference.
    let near = |value: f64| given.is_finite() && (given - value).abs() <= TIE * given.abs().max(value.abs());
    let ties = null.iter().filter(|&&value| value == given || near(value)).count();
    let larger = null.iter().filter(|&&value| value > given && !near(value)).count();
    let counted = if ties == null.len() { ties } else { stream(options.seed, u64::MAX).random_range(0..=ties) };
    let at_least = larger + counted;
    let p_value = (1 + at_least) as f64 / (1 + null.len()) as f64;
    Ok(PermutationTest { statistic, p_value, at_least, ties, null, seed: options.seed })
}
