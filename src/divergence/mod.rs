//! Divergences between distributions: exact where they can be, estimated with honest error where they cannot.
//!
//! | what you have | what to call | what comes back |
//! | --- | --- | --- |
//! | masses on one support: [`Weights`](crate::measure::Weights), [`Histogram`](crate::measure::Histogram) | [`Divergence::between`], [`f_divergence`] | the exact value |
//! | two Gaussians, two mixtures of them | [`Divergence::between_gaussians`], [`Divergence::between_mixtures`] | closed forms; else quadrature, or Monte Carlo with its standard error |
//! | two samples of points | [`Knn`], [`Classifier`], [`LeastSquaresRatio`], [`PlugIn`], [`Kde`], [`GaussianFit`], or [`recommended`] | an estimate, its standard error, and what it cannot know |
//! | two samples, and the question how far apart they are without solving a transport problem | [`Energy`], [`Mmd`], [`LinearMmd`] | an estimate and its standard error |
//! | pairs of points | [`Ksg`] | their mutual information |
//!
//! The estimators are [`Discrepancy`]s. None of them can show a KL far above ln m from m points: an
//! estimate near that is marked [`Saturated`](crate::estimate::Note::Saturated). Where the supports do not overlap, KL is
//! infinite and JS is ln 2 at any distance; a transport distance still tells near from far.
//!
//! All logarithms are natural: values are in nats. Kernel distances are in units of length ([`Energy`]) or have none ([`Mmd`]).

mod classifier;
pub(crate) mod cross_fit;
mod discrete;
mod fit;
mod gaussian;
mod histogram;
mod jackknife;
mod kde;
mod kernel;
mod kind;
mod knn;
mod logistic;
mod mixture;
mod mutual_information;
mod notes;
mod quadrature;
mod ratio;
pub(crate) mod sides;
mod structure;

pub use classifier::{Classifier, Formula};
pub use discrete::{OnBins, f_divergence};
pub use fit::GaussianFit;
pub use histogram::{Correction, PlugIn};
pub use kde::Kde;
pub use kernel::{Bandwidth, Energy, Kernel, LinearMmd, Mmd, Pairing};
pub use kind::Divergence;
pub use knn::Knn;
pub use logistic::Features;
pub use mutual_information::Ksg;
pub use ratio::LeastSquaresRatio;

use crate::error::Result;
use crate::estimate::Discrepancy;
use crate::measure::Samples;

/// The estimator to begin with for a divergence between samples whose numbers fill `dim` dimensions (see [`dimension`]): nearest
/// neighbours; the held-out classifier for JS and its root above four dimensions, where neighbours are biased, and for the total
/// variation, which they do not give.
///
/// ```
/// use earthwork::divergence::{Divergence, recommended};
///
/// assert_eq!(recommended(Divergence::JensenShannon, 2).name(), "JS (kNN, k = 5)");
/// assert_eq!(recommended(Divergence::JensenShannon, 20).name(), "JS (classifier)");
/// ```
pub fn recommended(divergence: Divergence, dim: usize) -> Box<dyn Discrepancy> {
    match divergence {
        Divergence::TotalVariation => Box::new(Classifier::new(divergence)),
        Divergence::JensenShannon | Divergence::JensenShannonDistance if dim > 4 => {
            Box::new(Classifier::new(divergence))
        }
        _ => Box::new(Knn::new(divergence)),
    }
}

/// How many dimensions the numbers of two tables fill: their columns without constant ones, categories (also one-hot) and flags, and
/// without those that are affine functions of others. It is what makes a divergence hard to estimate by neighbours.
///
/// # Errors
/// When the samples have different numbers of columns, or weights of several sizes.
///
/// ```
/// use earthwork::prelude::*;
///
/// let wave = |i: usize| (i as f64 * 0.618).sin();
/// let table = |at: usize| Samples::new((at..at + 60).map(|i| [wave(i), 2.0 * wave(i), 1.0, (i % 2) as f64]).collect::<Vec<_>>());
/// assert_eq!(earthwork::divergence::dimension(&table(0)?, &table(60)?)?, 1);
/// # Ok::<(), Error>(())
/// ```
pub fn dimension(x: &Samples, y: &Samples) -> Result<usize> {
    structure::Table::read(x, y).map(|table| table.numbers())
}
