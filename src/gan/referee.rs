//! What is looked at on the way.

use ndarray::{Array2, Axis, concatenate};

use crate::critic::Control;
use crate::error::Result;
use crate::estimate::{Estimate, Evidence};
use crate::exact::wasserstein;
use crate::gan::passes::{critic_gradient, generator_gradient};
use crate::gan::record::{Copies, Floor, Measured, Record};
use crate::gan::training::{Training, one_hot};
use crate::measure::Samples;
use crate::metrics::{Metric, Reading};
use crate::neighbors::nearest::{Norm, Tree};
use crate::numeric::rank_correlation;

/// Draws of real points that the floor is the mean of.
const DRAWS: u64 = 4;
/// A weight this near to the bound counts as clipped.
const NEAR: f64 = 0.975;

impl Training {
    /// Asks the referee now. The exact solves start afresh each time, so that records do not depend on earlier ones.
    ///
    /// # Errors
    /// When the training has diverged.
    pub fn judge(&self) -> Result<Record> {
        let (real, classes) = (&self.held_out.0, &self.held_out.1);
        let (generated, asked) = self.referees_points()?;
        let (w1, w2) = (wasserstein(&generated, real, 1.0)?, wasserstein(&generated, real, 2.0)?);
        let network = self.critic.network();
        let (certified, lipschitz) = match self.critic() {
            Some(critic) => (Some(critic.bound(real, &generated)?.value), critic.lipschitz_between(real, &generated)?),
            None => (None, network.lipschitz_bound()),
        };
        let slopes = self.slopes(&generated, &asked, real, classes);

        // Losses and gradients in pairs of rows: as many as both sides have.
        let pairs = real.len().min(generated.len());
        let (x, y) = (self.seen(real, classes, pairs), self.seen(&generated, &asked, pairs));
        let mut sink = vec![0.0; network.parameters().len()];
        let rules = (self.gan.objective, self.gan.control);
        let mut random = self.random(crate::gan::training::JUDGE, self.step);
        let (critic_loss, whole) =
            critic_gradient(rules, network, (x.view(), y.view()), self.data.dim(), &mut random, &mut sink);
        let critic_gradients = norms(&network.weights(&sink));
        let generator = &self.generator;
        let mut sink = vec![0.0; generator.parameters().len()];
        let labels = one_hot(&asked[..pairs], self.gan.labels(&self.data));
        let latent = concatenate![Axis(1), self.noise(pairs, &mut random), labels];
        let networks = (generator, network);
        let generator_loss = generator_gradient(
            self.gan.objective,
            networks,
            (latent.view(), labels.view()),
            Some(self.seen(real, &asked, pairs).view()),
            &mut sink,
        );
        let means = self.critic_means(&generated, &asked, classes);
        Ok(Record {
            step: self.step,
            critic_steps: self.critic_steps,
            w1,
            w2,
            certified,
            critic_value: means,
            lipschitz,
            slopes,
            critic_loss,
            penalty: whole - critic_loss,
            generator_loss,
            modes: match self.data.modes() {
                Some(modes) => Some(modes.report(&self.data.restored(generated.clone())?)?),
                None => None,
            },
            label_accuracy: self.label_accuracy(&generated, &asked)?,
            critic_gradients,
            generator_gradients: norms(&generator.weights(&sink)),
            activation_gradients: network.activation_gradients(y.view()),
            at_bound: self.at_bound(),
            metrics: Measured::all(&self.metrics, real, &generated),
            classes: self.classifier.as_ref().map(|classifier| {
                classifier
                    .report(self.networks_see(&generated).view(), self.gan.conditional.then_some(asked.as_slice()))
            }),
            copies: self.copies(&generated),
            text: match self.data.text_points() {
                Some(n) => self.data.judged_as_text(&self.generate_labelled_scaled(n, self.referee_seed(0))?.0),
                None => None,
            },
        })
    }

    fn copies(&self, generated: &Samples) -> Option<Copies> {
        let ((train, _), (held_out, _)) = self.data.image_parts()?;
        let training = Tree::new(train.points().as_slice(), train.dim());
        let mean = |points: &Samples| {
            let found = training.nearest(&Tree::new(points.points().as_slice(), points.dim()), 1, Norm::Euclidean);
            (0..found.len()).map(|i| found.farthest(i)).sum::<f64>() / found.len() as f64
        };
        Some(Copies { generated: mean(generated), held_out: mean(held_out) })
    }

    /// E_real f − E_generated f in units of length, with the weights of the real side.
    fn critic_means(&self, generated: &Samples, asked: &[usize], classes: &[usize]) -> f64 {
        let real = &self.held_out.0;
        let mean = |samples: &Samples, labels: &[usize]| {
            let values = self.critic.network().values(self.seen(samples, labels, samples.len()).view());
            let weights = samples.weights().as_slice();
            values.iter().zip(weights).map(|(&v, w)| f64::from(v) * w).sum::<f64>() / samples.total()
        };
        (mean(real, classes) - mean(generated, asked)) * self.data.scale()
    }

    fn slopes(&self, generated: &Samples, asked: &[usize], real: &Samples, classes: &[usize]) -> (f64, f64) {
        let rows = [self.seen(real, classes, real.len()), self.seen(generated, asked, generated.len())];
        let gradients = self.critic.network().gradients(concatenate![Axis(0), rows[0], rows[1]].view());
        let norms: Vec<f64> = gradients
            .rows()
            .into_iter()
            .map(|g| g.iter().take(self.data.dim()).map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt())
            .collect();
        (norms.iter().sum::<f64>() / norms.len() as f64, norms.iter().copied().fold(0.0, f64::max))
    }

    /// The first `rows` points as the critic sees them, with their classes.
    fn seen(&self, samples: &Samples, classes: &[usize], rows: usize) -> Array2<f32> {
        let (centre, scale) = (self.data.centre(), self.data.scale());
        let points =
            Array2::from_shape_fn((rows, self.data.dim()), |(i, k)| ((samples.point(i)[k] - centre[k]) / scale) as f32);
        concatenate![Axis(1), points, one_hot(&classes[..rows], self.gan.labels(&self.data))]
    }

    fn label_accuracy(&self, generated: &Samples, asked: &[usize]) -> Result<Option<f64>> {
        let fits = |components: usize| self.gan.conditional && components == self.data.classes();
        let modes = self.data.modes().filter(|modes| fits(modes.mixture.components().len()));
        let Some(modes) = modes else { return Ok(None) };
        let right = modes
            .assign(&self.data.restored(generated.clone())?)?
            .iter()
            .zip(asked)
            .filter(|((mode, _), class)| mode == *class)
            .count();
        Ok(Some(right as f64 / generated.len() as f64))
    }

    fn at_bound(&self) -> Option<f64> {
        let Some(Control::Clip { bound }) = self.gan.control else { return None };
        let network = self.critic.network();
        let weights = network.weights(network.parameters()).concat();
        let near = weights.iter().filter(|w| f64::from(w.abs()) > NEAR * bound).count();
        Some(near as f64 / weights.len() as f64)
    }

    /// What real samples of the referee's size are apart.
    ///
    /// # Errors
    /// When the distances cannot be computed.
    pub fn floor(&self) -> Result<Floor> {
        let real = &self.held_out.0;
        let sizes = (real.len(), self.gan.referee.points);
        let mut found = [Vec::new(), Vec::new()];
        let mut measured: Vec<Vec<Measured>> = Vec::new();
        for draw in 0..DRAWS {
            let other = self.data.others(self.gan.referee.points, self.referee_seed(1 + draw))?;
            for (values, p) in found.iter_mut().zip([1.0, 2.0]) {
                values.push(wasserstein(&other, real, p)?.value);
            }
            measured.push(Measured::all(&self.metrics, real, &other));
        }
        let [w1, w2] = found.map(|values| self.mean(&values, sizes));
        let over_draws = |(k, metric): (usize, &Metric)| {
            let values: Result<Vec<f64>> =
                measured.iter().map(|draw| draw[k].outcome.clone().map(|found| found.value)).collect();
            let outcome = values.map(|values| self.mean(&values, sizes));
            Measured { key: metric.key.clone(), reading: metric.reading, outcome }
        };
        let metrics = self.metrics.iter().enumerate().map(over_draws).collect();
        Ok(Floor { w1, w2, metrics, js: self.data.text_floor() })
    }

    /// The mean over draws of real points with its standard error.
    fn mean(&self, values: &[f64], sizes: (usize, usize)) -> Estimate {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let evidence =
            if mean.is_finite() { Evidence::StandardError((variance / n).sqrt()) } else { Evidence::Unstated };
        Estimate::new(mean, evidence, "real against real", sizes).with_seed(self.gan.seed)
    }
}

/// How well a metric goes with exact W₁: the rank correlation of its values, turned so that more is worse, with W₁ over the records
/// (value, W₁) after the first. None where fewer than two have a value, or one side does not vary.
pub fn tracks_w1(reading: Reading, records: impl IntoIterator<Item = (Option<f64>, f64)>) -> Option<f64> {
    let pairs = records.into_iter().skip(1).filter_map(|(value, w1)| Some((reading.badness(value?), w1)));
    let (values, exact): (Vec<f64>, Vec<f64>) = pairs.unzip();
    rank_correlation(&values, &exact)
}

fn norms(parts: &[&[f32]]) -> Vec<f64> {
    parts.iter().map(|part| part.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt()).collect()
}
