//! Where real points come from, and the samples that one corruption needs.

use rand::seq::SliceRandom;

use super::clusters::{cluster, mean_of};
use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Mixture, Points, Samples};
use crate::metrics::{self, Metric, Modes};
use crate::numeric::stream;

/// Where real points come from: a mixture, from which any number can be drawn, or a sample, which is dealt out without
/// replacement.
#[derive(Debug, Clone)]
pub struct Population(Source);

#[derive(Debug, Clone)]
enum Source {
    Mixture(Mixture),
    Sample(Labelled),
}

impl Population {
    /// Draws from a mixture; its components are the modes.
    pub fn mixture(mixture: Mixture) -> Self {
        Self(Source::Mixture(mixture))
    }

    /// A mixture by its name, and what it is in words: `ring8` or `grid25`.
    pub fn toy(name: &str) -> Option<(Self, &'static str)> {
        let (mixture, words) = match name {
            "ring8" => {
                let words = "ring8: eight Gaussians of deviation 0.07 on a circle of radius √2";
                (Mixture::ring(8, std::f64::consts::SQRT_2, 0.07), words)
            }
            "grid25" => (Mixture::grid(5, 2.0, 0.05), "grid25: 25 Gaussians of deviation 0.05 on a grid of spacing 2"),
            _ => return None,
        };
        Some((Self::mixture(mixture.ok()?), words))
    }

    /// Every metric that can be judged on it: [`metrics::catalogue`], but for the exact distances that stand beside in any case, and
    /// those of its modes ([`metrics::of_mixture`]) where it is a mixture.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut all = metrics::catalogue();
        all.retain(|metric| metric.key != "w1" && metric.key != "w2");
        if let Some(mixture) = self.as_mixture() {
            all.extend(metrics::of_mixture(&Modes::new(mixture.clone())));
        }
        all
    }

    /// The points of a sample, with the mode (class) of each, numbered from 0.
    ///
    /// # Errors
    /// When the number of labels is not that of the points, a number below the largest label has no point, or weights differ.
    pub fn labelled(samples: &Samples, labels: Vec<usize>) -> Result<Self> {
        require_uniform(samples)?;
        Ok(Self(Source::Sample(Labelled::new(samples.clone(), labels)?)))
    }

    /// The points of a sample whose modes are not known: `modes` clusters by k-means.
    ///
    /// # Errors
    /// When there are fewer points than modes, `modes` is 0, or weights differ.
    pub fn clustered(samples: &Samples, modes: usize, seed: u64) -> Result<Self> {
        let holds = (1..=samples.len()).contains(&modes);
        require("modes", modes as f64, holds, "there must be at least 1, and a point for each")?;
        Self::labelled(samples, cluster(samples, modes, seed))
    }

    /// The mixture, where it is one.
    pub fn as_mixture(&self) -> Option<&Mixture> {
        match &self.0 {
            Source::Mixture(mixture) => Some(mixture),
            Source::Sample(_) => None,
        }
    }

    /// Dimension d.
    pub fn dim(&self) -> usize {
        match &self.0 {
            Source::Mixture(mixture) => mixture.dim(),
            Source::Sample(sample) => sample.samples.dim(),
        }
    }

    /// How many modes there are.
    pub fn modes(&self) -> usize {
        match &self.0 {
            Source::Mixture(mixture) => mixture.components().len(),
            Source::Sample(sample) => sample.modes(),
        }
    }

    /// The most points that a real and a fake sample may have each: half of a sample.
    pub fn most(&self) -> usize {
        match &self.0 {
            Source::Mixture(_) => usize::MAX,
            Source::Sample(sample) => sample.samples.len() / 2,
        }
    }

    /// Independent samples of `n` points; the same seed gives the same ones.
    ///
    /// # Errors
    /// When `n` is 0 or more than [`most`](Self::most).
    pub fn draw(&self, n: usize, seed: u64) -> Result<Scene> {
        require("points", n as f64, (1..=self.most()).contains(&n), "there must be some, and two samples of so many")?;
        match &self.0 {
            Source::Mixture(mixture) => {
                let draw = |n: usize, item: u64| -> Result<Labelled> {
                    let (samples, labels) = mixture.sample_labelled(n, seed.wrapping_mul(3).wrapping_add(item))?;
                    let centres = mixture.components().iter().map(|mode| mode.mean().to_vec()).collect();
                    Ok(Labelled { samples, labels, centres })
                };
                // Enough that each of a dozen modes can fill a sample alone, or nearly.
                Ok(Scene { real: draw(n, 0)?.samples, fake: draw(n, 1)?, spare: draw(8 * n, 2)? })
            }
            Source::Sample(whole) => {
                let mut order: Vec<usize> = (0..whole.samples.len()).collect();
                order.shuffle(&mut stream(seed, 0));
                let (real, rest) = order.split_at(n);
                let (fake, spare) = rest.split_at(n);
                // A sample of no points is none: where all are dealt out, the fake ones are their own spares.
                let spare = if spare.is_empty() { fake } else { spare };
                Ok(Scene { real: whole.select(real)?.samples, fake: whole.select(fake)?, spare: whole.select(spare)? })
            }
        }
    }
}

/// What a [`Corruption`](super::Corruption) works on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Scene {
    /// The real sample, which is also what a generator was trained on.
    pub real: Samples,
    /// An independent sample: the fake one before it is corrupted.
    pub fake: Labelled,
    /// Further points, for modes that have to grow.
    pub spare: Labelled,
}

/// A sample whose points belong to modes.
#[derive(Debug, Clone)]
pub struct Labelled {
    pub(super) samples: Samples,
    pub(super) labels: Vec<usize>,
    pub(super) centres: Vec<Vec<f64>>,
}

impl Labelled {
    /// A sample with the mode of each point, numbered from 0. The centre of a mode is the mean of its points.
    ///
    /// # Errors
    /// When the number of labels is not that of the points, or a number below the largest label has no point.
    pub fn new(samples: Samples, labels: Vec<usize>) -> Result<Self> {
        if labels.len() != samples.len() {
            let (expected, found) = (samples.len(), labels.len());
            let kind = ErrorKind::Length { what: "labels", expected, found, reason: "one for each point" };
            return Err(Error::new("labels", kind));
        }
        let modes = labels.iter().max().map_or(0, |most| most + 1);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); modes.min(samples.len() + 1)];
        for (point, &label) in labels.iter().enumerate() {
            if let Some(members) = members.get_mut(label) {
                members.push(point);
            }
        }
        if let Some(label) = members.iter().position(Vec::is_empty) {
            let why = format!("mode {label} has no point; number the modes from 0 without gaps");
            return Err(Error::new("labels", ErrorKind::Unsupported(why.into())));
        }
        let centre = |members: &Vec<usize>| mean_of(&samples, members);
        let centres = members.iter().map(centre).collect();
        Ok(Self { samples, labels, centres })
    }

    /// The points.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The mode of each point.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// How many modes there are.
    pub fn modes(&self) -> usize {
        self.centres.len()
    }

    /// Some of the points, with the centres of all.
    fn select(&self, points: &[usize]) -> Result<Self> {
        let dim = self.samples.dim();
        let rows: Vec<f64> = points.iter().flat_map(|&i| self.samples.point(i)).copied().collect();
        let labels = points.iter().map(|&i| self.labels[i]).collect();
        Ok(Self { samples: Samples::new(Points::from_rows(rows, dim)?)?, labels, centres: self.centres.clone() })
    }
}

fn require_uniform(samples: &Samples) -> Result<()> {
    if samples.weights().is_uniform() {
        return Ok(());
    }
    let why = "its points differ in weight, and they are dealt out one by one";
    Err(Error::new("samples", ErrorKind::Unsupported(why.into())))
}
