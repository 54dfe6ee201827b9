//! Metrics of generative models, on plain feature arrays: points of a few dimensions, or features that you computed.
//!
//! The first sample is the real one, the second the fake one.
//!
//! | metric | call | better is | conventions |
//! | --- | --- | --- | --- |
//! | FID | [`Fid`] | lower | covariances over n − 1 |
//! | FID∞, without the bias of few points | [`FidInfinity`] | lower | 15 sizes, a line in 1/N |
//! | KID | [`Kid`] | lower | cubic kernel, 100 subsets of 1000 |
//! | precision, recall | [`Manifold::precision`], [`Manifold::recall`] | higher | k = 3, balls are closed |
//! | density, coverage | [`Manifold::density`], [`Manifold::coverage`] | higher | k = 5, balls are closed |
//! | 1-NN two-sample accuracy | [`OneNearest`] | ½ | leave one out; ties count one half |
//! | classifier two-sample test | [`ClassifierTest`] | ½ | logistic regression, held-out half |
//! | modes found, high-quality share, reverse KL of the modes | [`Modes`] | | within 3 standard deviations |
//! | Inception score, mode score | [`InceptionScore`], [`mode_score`] | higher | from class posteriors that you give |
//! | memorisation | [`Memorisation`] | ½ | nearest training point, against held-out points |
//!
//! [`Mmd`], [`Energy`], [`Sliced`] and
//! [`Wasserstein`] belong to the same table and live where they are. [`catalogue`] lists all that
//! take two samples and nothing else.
//!
//! What compares two samples is a [`Discrepancy`], so intervals and permutation tests work on it. Which of these numbers follow the
//! exact distance, and under which faults, is what [`validate`](crate::validate) measures.
//!
//! ```
//! use earthwork::metrics;
//! use earthwork::prelude::*;
//!
//! let ring = Mixture::ring(8, 2.0, 0.07)?;
//! let real = ring.sample(400, 1)?;
//! let fake = ring.with_weights([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])?.sample(400, 2)?;
//!
//! // Half of the modes are gone. Precision cannot see that, recall can.
//! let scores = metrics::prdc(&real, &fake, 5)?;
//! assert!(scores.precision.value > 0.9 && scores.recall.value < 0.6);
//! for metric in metrics::catalogue() {
//!     println!("{}: {}", metric.key, metric.discrepancy.between(&real, &fake)?);
//! }
//! # Ok::<(), Error>(())
//! ```

mod classes;
mod classifier;
mod frechet;
mod kid;
mod manifold;
mod memorisation;
mod modes;
mod nearest;

pub use classes::{InceptionScore, mode_score, posteriors};
pub use classifier::ClassifierTest;
pub use frechet::{Fid, FidInfinity};
pub use kid::Kid;
pub use manifold::{Manifold, ManifoldScore, Prdc, prdc};
pub use memorisation::Memorisation;
pub use modes::{ModeReport, ModeScore, Modes};
pub use nearest::{OneNearest, OneNearestParts};

use std::fmt;

use crate::divergence::{Energy, Mmd};
use crate::estimate::Discrepancy;
use crate::exact::Wasserstein;
use crate::sliced::Sliced;

/// How a metric is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It grows as the fake sample goes away from the real one.
    Distance,
    /// It falls as the fake sample goes away from the real one.
    Score,
    /// It is ½ where all is well, and any other value is worse.
    Half,
}

impl Reading {
    /// The value turned so that more is worse.
    pub fn badness(self, value: f64) -> f64 {
        match self {
            Self::Distance => value,
            Self::Score => -value,
            Self::Half => (value - 0.5).abs(),
        }
    }
}

/// A metric with the short name by which a command or a program asks for it.
pub struct Metric {
    /// The name to ask for, such as `fid`.
    pub key: String,
    /// How it is read.
    pub reading: Reading,
    /// The metric itself.
    pub discrepancy: Box<dyn Discrepancy>,
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metric({}: {}, {:?})", self.key, self.discrepancy.name(), self.reading)
    }
}

impl Metric {
    /// A metric that grows as the fake sample goes away from the real one.
    pub fn distance(key: impl Into<String>, discrepancy: impl Discrepancy + 'static) -> Self {
        Self { key: key.into(), reading: Reading::Distance, discrepancy: Box::new(discrepancy) }
    }

    /// A metric that falls as the fake sample goes away from the real one.
    pub fn score(key: impl Into<String>, discrepancy: impl Discrepancy + 'static) -> Self {
        Self { key: key.into(), reading: Reading::Score, discrepancy: Box::new(discrepancy) }
    }
}

/// Every metric that takes two samples and nothing else, with its defaults, in the order of tables.
pub fn catalogue() -> Vec<Metric> {
    vec![
        Metric::distance("w1", Wasserstein { p: 1.0 }),
        Metric::distance("w2", Wasserstein { p: 2.0 }),
        Metric::distance("sw1", Sliced::new(1.0)),
        Metric::distance("fid", Fid::default()),
        Metric::distance("fid_inf", FidInfinity::default()),
        Metric::distance("kid", Kid::default()),
        Metric::distance("mmd", Mmd::default()),
        Metric::distance("energy", Energy::default()),
        Metric { reading: Reading::Half, ..Metric::distance("one_nn", OneNearest::default()) },
        Metric::distance("c2st", ClassifierTest::default()),
        Metric::score("precision", Manifold::precision()),
        Metric::score("recall", Manifold::recall()),
        Metric::score("density", Manifold::density()),
        Metric::score("coverage", Manifold::coverage()),
    ]
}

/// The metrics of a known mixture: the share of its modes that the fake sample found (`modes`), the share of high quality
/// (`high_quality`), and the reverse KL of the modes (`mode_kl`).
pub fn of_mixture(modes: &Modes) -> Vec<Metric> {
    vec![
        Metric::score("modes", modes.clone().score(ModeScore::Captured)),
        Metric::score("high_quality", modes.clone().score(ModeScore::HighQuality)),
        Metric::distance("mode_kl", modes.clone().score(ModeScore::ReverseKl)),
    ]
}

/// A share and its standard error by Agresti and Coull: two successes and two failures more, so that none or all of few trials
/// do not pass for certainty.
fn share(successes: f64, trials: f64) -> (f64, f64) {
    let shrunk = (successes + 2.0) / (trials + 4.0);
    (successes / trials, (shrunk * (1.0 - shrunk) / (trials + 4.0)).sqrt())
}
