//! A small classifier, which tells what class a generated image belongs to.

use ndarray::{Array2, ArrayView2};
use rand::RngExt;

use crate::critic::net::{Architecture, Module, Network, Optimiser, Rule, Schedule};
use crate::error::Result;
use crate::numeric::stream;

/// Passes over the training images.
const PASSES: usize = 30;
const BATCH: usize = 32;
/// A class is found where its share of the generated points is at least this part of its share of the real ones.
const FOUND: f64 = 0.1;

/// Which classes a classifier finds among generated images.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClassReport {
    /// The share of each class.
    pub shares: Vec<f64>,
    /// How many classes have at least a tenth of their share among real images.
    pub found: usize,
    /// The share of images that are of the class that was asked for, where classes are told.
    pub agreement: Option<f64>,
    /// The accuracy of the classifier on held-out real images.
    pub accuracy: f64,
}

/// A convolutional network of a few thousand parameters.
#[derive(Debug, Clone)]
pub(super) struct Classifier {
    network: Network<f32>,
    accuracy: f64,
    /// The share of each class among real images.
    real: Vec<f64>,
}

impl Classifier {
    /// Trained on images as networks see them; `held_out` says how good it is.
    pub(super) fn train(
        shape: [usize; 3],
        (images, labels): (ArrayView2<'_, f32>, &[usize]),
        held_out: (ArrayView2<'_, f32>, &[usize]),
        classes: usize,
    ) -> Result<Self> {
        let conv = |channels, stride| {
            let axes = if shape[0] == 1 { 1 } else { 2 };
            Module::Convolution { transposed: false, axes, channels, kernel: 3, stride, padding: 1 }
        };
        let relu = Module::Activation(crate::critic::net::Activation::Relu);
        let layers = [conv(16, 1), relu.clone(), conv(32, 2), relu, Module::Dense { outputs: classes }];
        // A seed of its own: the same classifier judges trainings of any seed.
        let mut network = Network::<f32>::new(Architecture::of(shape, 0, &layers), 0)?;
        let mut adam = Optimiser::new(Rule::Adam { beta1: 0.9, beta2: 0.999, decay: 0.0 }, network.parameters().len());
        let steps = (PASSES * images.nrows()).div_ceil(BATCH) as u64;
        let mut sink = vec![0.0; network.parameters().len()];
        for step in 0..steps {
            let mut random = stream(0, step);
            let rows: Vec<usize> = (0..BATCH).map(|_| random.random_range(0..images.nrows())).collect();
            let batch = images.select(ndarray::Axis(0), &rows);
            let trace = network.forward(batch.view());
            let mut pulls = probabilities(&trace.values);
            for (mut pull, &row) in pulls.rows_mut().into_iter().zip(&rows) {
                pull[labels[row]] -= 1.0;
                pull.mapv_inplace(|v| v / BATCH as f32);
            }
            sink.fill(0.0);
            network.backward(&trace, pulls, &mut sink);
            adam.step(network.parameters_mut(), &sink, 2e-3 * Schedule::Cosine.factor(step, steps));
        }
        let share = |class: usize| labels.iter().filter(|&&label| label == class).count() as f64 / labels.len() as f64;
        let mut classifier = Self { network, accuracy: 0.0, real: (0..classes).map(share).collect() };
        let found = classifier.classes(held_out.0);
        let right = found.iter().zip(held_out.1).filter(|(found, label)| found == label).count();
        classifier.accuracy = right as f64 / found.len().max(1) as f64;
        Ok(classifier)
    }

    fn classes(&self, images: ArrayView2<'_, f32>) -> Vec<usize> {
        let largest =
            |row: ndarray::ArrayView1<'_, f32>| (0..row.len()).fold(0, |m, k| if row[k] > row[m] { k } else { m });
        self.network.values(images).rows().into_iter().map(largest).collect()
    }

    /// What it finds among images that were asked to be of some class.
    pub(super) fn report(&self, images: ArrayView2<'_, f32>, asked: Option<&[usize]>) -> ClassReport {
        let classes = self.classes(images);
        let n = classes.len() as f64;
        let share = |class: usize| classes.iter().filter(|&&found| found == class).count() as f64 / n;
        let shares: Vec<f64> = (0..self.real.len()).map(share).collect();
        let found =
            shares.iter().zip(&self.real).filter(|(share, real)| **share > 0.0 && **share >= FOUND * **real).count();
        let agreement =
            asked.map(|asked| classes.iter().zip(asked).filter(|(found, asked)| found == asked).count() as f64 / n);
        ClassReport { shares, found, agreement, accuracy: self.accuracy }
    }
}

/// Each row as probabilities.
fn probabilities(values: &Array2<f32>) -> Array2<f32> {
    let mut out = values.clone();
    for mut row in out.rows_mut() {
        let largest = row.fold(f32::NEG_INFINITY, |m, &v| m.max(v));
        row.mapv_inplace(|v| (v - largest).exp());
        let total = row.sum();
        row.mapv_inplace(|v| v / total);
    }
    out
}
