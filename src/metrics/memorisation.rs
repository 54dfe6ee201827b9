//! Are fake points copies of training points?

use crate::divergence::sides::Sides;
use crate::error::{Result, require_dimension};
use crate::estimate::{Discrepancy, Estimate, Evidence};
use crate::measure::Samples;
use crate::neighbors::nearest::{Norm, Tree};
use crate::numeric::normal::normal_cdf;

/// How often a fake point is nearer to the training points than a held-out real point is: P(d(fake) < d(held out)) + ½ P(equal), with
/// d the distance to the nearest training point.
///
/// About ½ for a generator that neither copies nor strays, towards 1 where fake points are (nearly) copies of training points,
/// towards 0 where they are farther away than real points ever are. As a [`Discrepancy`] the first sample is the training one,
/// the second the fake one.
///
/// The standard error is DeLong's for the Mann-Whitney statistic; [`Memorisation::p_value`] is that of Meehan et al.'s test.
///
/// # Complexity
/// Three nearest-neighbour searches, and a sort.
///
/// # References
/// Meehan, Chaudhuri & Dasgupta, "A non-parametric test to detect data-copying in generative models", AISTATS 2020; DeLong, DeLong &
/// Clarke-Pearson, Biometrics 44 (1988).
///
/// # Example
/// ```
/// use earthwork::metrics::Memorisation;
/// use earthwork::prelude::*;
///
/// let sample = |seed| Gaussian::standard(2)?.sample(300, seed);
/// let (training, held_out, fair) = (sample(1)?, sample(2)?, sample(3)?);
/// let test = Memorisation::new(held_out);
/// assert!((test.between(&training, &fair)?.value - 0.5).abs() < 0.1);
/// assert_eq!(test.between(&training, &training)?.value, 1.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Memorisation {
    /// Real points that the generator was not trained on.
    pub held_out: Samples,
}

impl Memorisation {
    /// Against these real points, which were not trained on.
    pub fn new(held_out: Samples) -> Self {
        Self { held_out }
    }

    /// The probability of a share at least this high, were fake points as far from the training points as held-out ones are:
    /// small for copies. Normal approximation of the Mann-Whitney statistic.
    pub fn p_value(&self, share: &Estimate) -> f64 {
        let (held, fake) = (self.held_out.len() as f64, share.sizes.1 as f64);
        let error = ((held + fake + 1.0) / (12.0 * held * fake)).sqrt();
        1.0 - normal_cdf((share.value - 0.5) / error)
    }
}

impl Discrepancy for Memorisation {
    fn name(&self) -> String {
        "memorisation".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        require_dimension("held_out", self.held_out.dim(), x.dim())?;
        let sides = Sides::new(x, y, 1)?;
        let held = Sides::new(x, &self.held_out, 1)
            .map_err(|error| if error.argument() == "y" { error.about("held_out") } else { error })?;
        let nearest = |sides: &Sides| {
            let training = Tree::new(&sides.x, sides.dim);
            let queries = Tree::new(&sides.y, sides.dim);
            let found = training.nearest(&queries, 1, Norm::Euclidean);
            (0..found.len()).map(|i| found.farthest(i)).collect::<Vec<f64>>()
        };
        let (mut fake, mut real) = (nearest(&sides), nearest(&held));
        fake.sort_unstable_by(f64::total_cmp);
        real.sort_unstable_by(f64::total_cmp);
        let (of_fake, of_real) = (farther(&fake, &real), nearer(&real, &fake));
        let (n, m) = (of_fake.len() as f64, of_real.len() as f64);
        let value = of_fake.iter().sum::<f64>() / n;
        let spread = |shares: &[f64]| {
            let count = shares.len() as f64;
            shares.iter().map(|share| (share - value).powi(2)).sum::<f64>() / (count - 1.0).max(1.0) / count
        };
        // Where all of one side is nearer nothing varies; the least error is that of a share of 1 of so many points.
        let least = super::share(n.min(m), n.min(m)).1;
        let error = (spread(&of_fake) + spread(&of_real)).sqrt();
        let error = if value == 0.0 || value == 1.0 { error.max(least) } else { error };
        let method = "nearest training point, against held-out points";
        Ok(Estimate::new(value, Evidence::StandardError(error), method, sides.sizes()))
    }
}

/// For each of `of` the share of `among` that is larger, equal ones counting half; both sorted.
fn farther(of: &[f64], among: &[f64]) -> Vec<f64> {
    let share = |v: &f64| {
        let (below, up_to) = (among.partition_point(|a| a < v), among.partition_point(|a| a <= v));
        1.0 - 0.5 * (below + up_to) as f64 / among.len() as f64
    };
    of.iter().map(share).collect()
}

/// For each of `of` the share of `among` that is smaller, equal ones counting half; both sorted.
fn nearer(of: &[f64], among: &[f64]) -> Vec<f64> {
    farther(of, among).into_iter().map(|share| 1.0 - share).collect()
}
