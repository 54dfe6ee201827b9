//! What a training tells of itself.

use crate::error::Result;
use crate::estimate::Estimate;
use crate::gan::classifier::ClassReport;
use crate::gan::text::TextReport;
use crate::measure::Samples;
use crate::metrics::{Metric, ModeReport, Reading};

/// Where a training stands, by points that it has never seen. A function of the parameters alone: the same training has the same
/// records, whether it was interrupted or not.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// Steps of the generator so far.
    pub step: u64,
    /// Steps of the critic so far.
    pub critic_steps: u64,
    /// The exact W₁ between generated and held-out real points, in [`Data::units`](super::Data::units) where there are some, as all
    /// distances here.
    pub w1: Estimate,
    /// The exact W₂ between them.
    pub w2: Estimate,
    /// What the critic proves about W₁ between those points: E_real f − E_generated f over its Lipschitz bound, at least 0. Never
    /// above the exact distance. None where the critic is told classes.
    pub certified: Option<f64>,
    /// E_real f − E_generated f, in units of length: what a WGAN shows as its estimate of W₁. No bound on anything.
    pub critic_value: f64,
    /// A proven bound on the critic's Lipschitz constant, between any two of those points (everywhere, where it is told classes).
    pub lipschitz: f64,
    /// The mean and the largest norm of the critic's gradient at those points.
    pub slopes: (f64, f64),
    /// The critic's loss on those points, without its penalty.
    pub critic_loss: f64,
    /// What the penalty adds.
    pub penalty: f64,
    /// The generator's loss on them.
    pub generator_loss: f64,
    /// Which modes are covered and how many points are good, where the modes are known.
    pub modes: Option<ModeReport>,
    /// The share of generated points nearest to the mode of the class that was asked for; with classes and as many modes.
    pub label_accuracy: Option<f64>,
    /// The norm of the gradient of the critic's loss and penalty with respect to each of its matrices.
    pub critic_gradients: Vec<f64>,
    /// The norm of the gradient of the generator's loss with respect to each of its matrices.
    pub generator_gradients: Vec<f64>,
    /// The mean norm of the critic's gradient with respect to the outputs of each of its matrices: what explodes or vanishes with
    /// depth (Gulrajani et al. 2017, figure 1).
    pub activation_gradients: Vec<f64>,
    /// The share of weights w with |w| > 0.975 c, under clipping at c.
    pub at_bound: Option<f64>,
    /// Each metric of [`Training::with_metrics`](super::Training::with_metrics), between the held-out real points (first) and the generated ones.
    pub metrics: Vec<Measured>,
    /// Which classes a small classifier finds, of images with classes.
    pub classes: Option<ClassReport>,
    /// How near images are to those trained on.
    pub copies: Option<Copies>,
    /// How lines of text are made.
    pub text: Option<TextReport>,
}

/// Mean distances to the nearest training image: a generator that copies is nearer than held-out images are.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Copies {
    /// From generated images.
    pub generated: f64,
    /// From held-out real images.
    pub held_out: f64,
}

/// What one metric says.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The name of the metric to ask for.
    pub key: String,
    /// How it is read.
    pub reading: Reading,
    /// Its value with its evidence, or why these points have none. A metric without a value does not end a training.
    pub outcome: Result<Estimate>,
}

impl Measured {
    pub(super) fn all(metrics: &[Metric], real: &Samples, fake: &Samples) -> Vec<Self> {
        let measured = |metric: &Metric| {
            let outcome = metric.discrepancy.between(real, fake);
            Self { key: metric.key.clone(), reading: metric.reading, outcome }
        };
        metrics.iter().map(measured).collect()
    }
}

/// What two real samples of the referee's size are apart: no generator can be expected to do better (but one that is told the classes
/// of the very points it is compared with).
#[derive(Debug, Clone, PartialEq)]
pub struct Floor {
    /// Their W₁, the mean over some draws.
    pub w1: Estimate,
    /// Their W₂.
    pub w2: Estimate,
    /// What the metrics of the training say of them, the mean over the same draws.
    pub metrics: Vec<Measured>,
    /// The Jensen-Shannon divergences of n-grams between two samples of real lines, of text.
    pub js: Option<[f64; 4]>,
}
