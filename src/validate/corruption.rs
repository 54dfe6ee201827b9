//! What can be wrong with a fake sample, from not at all to badly.

use std::fmt;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

use super::clusters::mean_of;
use super::clusters::squared;
use super::population::{Labelled, Population, Scene};
use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Mixture, Points, Samples};
use crate::numeric::random::ChaCha8Rng;
use crate::numeric::stream;

/// One way in which a fake sample goes wrong, with a severity from 0 (not at all) to 1.
///
/// Lengths are in units of the spread of the sample: the root of the mean squared distance from its mean. The same scene,
/// severity and seed give the same points; the number of points stays.
///
/// ```
/// use earthwork::measure::Mixture;
/// use earthwork::validate::Corruption;
///
/// let ring = Mixture::ring(8, 1.0, 0.07)?;
/// let fake = Corruption::ModeDrop.of_mixture(&ring, 400, 1.0, 1)?;
/// // Two of eight modes are left, at (1, 0) and next to it.
/// assert!(fake.points().iter().all(|x| x[0] > 0.3 && x[1] > -0.4));
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Corruption {
    /// All points moved along the diagonal, by up to the spread.
    Translate,
    /// Every two axes (1 and 2, 3 and 4, …) turned about the mean, by up to 22.5°.
    Rotate,
    /// All points moved away from the mean, by up to twice their distance.
    Scale,
    /// Independent normal noise on each coordinate, up to the root mean square deviation of the coordinates.
    Noise,
    /// All points moved towards the mean, down to a fifth of their distance.
    Shrink,
    /// The last modes are missing, up to three quarters of them.
    ModeDrop,
    /// The first mode is up to 21 times as frequent, against the others, as it should be.
    Imbalance,
    /// Up to 60 % of the points are in a mode that does not exist, as wide as the others and between them.
    InventedMode,
    /// Up to 85 % of the points lie on the way from their mode to one of the two nearest.
    Bridges,
    /// Points fall towards the centre of their mode, down to a fifth of their distance.
    Collapse,
    /// Up to all of the points are copies of real ones, drawn with replacement.
    Memorise,
    /// Up to a fifth of the points lie in random directions at three times the spread from the mean.
    Outliers,
    /// Up to all of the points trade modes: each keeps its place within the mode, around another centre.
    LabelSwap,
}

/// The parts that names and sentences are made of.
const TABLE: [(Corruption, &str, &str); 13] = [
    (Corruption::Translate, "translate", "all points moved by up to the spread"),
    (Corruption::Rotate, "rotate", "turned about the mean by up to 22.5°"),
    (Corruption::Scale, "scale", "up to twice as far from the mean"),
    (Corruption::Noise, "noise", "normal noise, up to the deviation of the points"),
    (Corruption::Shrink, "shrink", "down to a fifth of the distance from the mean"),
    (Corruption::ModeDrop, "mode-drop", "up to ¾ of the modes are missing"),
    (Corruption::Imbalance, "imbalance", "one mode up to 21 times as frequent as it should be"),
    (Corruption::InventedMode, "invented-mode", "up to 60 % of the points in a mode that does not exist"),
    (Corruption::Bridges, "bridges", "up to 85 % of the points between modes"),
    (Corruption::Collapse, "collapse", "each mode down to a fifth of its width"),
    (Corruption::Memorise, "memorise", "up to all points are copies of real ones"),
    (Corruption::Outliers, "outliers", "up to a fifth of the points far away"),
    (Corruption::LabelSwap, "label-swap", "up to all points trade modes, not their place within them"),
];

impl Corruption {
    /// Every variant, in the order of tables.
    pub fn all() -> Vec<Self> {
        TABLE.iter().map(|row| row.0).collect()
    }

    /// The name by which a command or a program asks for it, such as `mode-drop`.
    pub fn key(self) -> &'static str {
        self.row().1
    }

    /// What it does, in a few words.
    pub fn description(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0])
    }

    /// The corruption of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(key: &str) -> Result<Self> {
        TABLE.iter().find(|row| row.1 == key).map(|row| row.0).ok_or_else(|| {
            let keys: Vec<&str> = TABLE.iter().map(|row| row.1).collect();
            let why = format!("unknown corruption `{key}`; expected one of {}", keys.join(", "));
            Error::new("corruption", ErrorKind::Unsupported(why.into()))
        })
    }

    /// A sample of `n` points of a mixture, corrupted.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), and when `n` is 0.
    pub fn of_mixture(self, mixture: &Mixture, n: usize, severity: f64, seed: u64) -> Result<Samples> {
        self.apply(&Population::mixture(mixture.clone()).draw(n, seed)?, severity, seed)
    }

    /// A sample of points with the mode of each (0, 1, …), corrupted. For [`Corruption::Memorise`] the points are the training
    /// points too.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), and when the labels do not fit the points.
    pub fn of_sample(self, samples: &Samples, labels: &[usize], severity: f64, seed: u64) -> Result<Samples> {
        let fake = Labelled::new(samples.clone(), labels.to_vec())?;
        self.apply(&Scene { real: samples.clone(), spare: fake.clone(), fake }, severity, seed)
    }

    /// The fake sample of a scene, corrupted.
    ///
    /// # Errors
    /// When the severity is not between 0 and 1, there is one coordinate only and points are to be turned, or one mode only and
    /// there must be several.
    pub fn apply(self, scene: &Scene, severity: f64, seed: u64) -> Result<Samples> {
        require("severity", severity, (0.0..=1.0).contains(&severity), "it must lie between 0 and 1")?;
        let fake = &scene.fake;
        let (dim, modes) = (fake.samples.dim(), fake.modes());
        let refuse = |why: &'static str| Err(Error::new("corruption", ErrorKind::Unsupported(why.into())));
        if self == Self::Rotate && dim < 2 {
            return refuse("points on a line cannot be turned");
        }
        let of_modes = matches!(self, Self::ModeDrop | Self::Imbalance | Self::Bridges | Self::LabelSwap);
        if of_modes && modes < 2 {
            return refuse("there is one mode, and it takes several");
        }
        if severity == 0.0 {
            return Ok(fake.samples.clone());
        }
        let mut work = Work::new(fake, severity, stream(seed, 1 + self as u64));
        match self {
            Self::Translate => {
                let step = severity * work.spread / (dim as f64).sqrt();
                work.rows.iter_mut().for_each(|v| *v += step);
            }
            Self::Rotate => {
                let (sin, cos) = (severity * std::f64::consts::FRAC_PI_8).sin_cos();
                work.each(|_, x, about| {
                    for pair in 0..x.len() / 2 {
                        let (k, l) = (2 * pair, 2 * pair + 1);
                        let (u, v) = (x[k] - about.mean[k], x[l] - about.mean[l]);
                        x[k] = about.mean[k] + cos * u - sin * v;
                        x[l] = about.mean[l] + sin * u + cos * v;
                    }
                });
            }
            Self::Scale => work.each(|_, x, about| towards(x, &about.mean, 1.0 + severity)),
            Self::Shrink => work.each(|_, x, about| towards(x, &about.mean, 1.0 - 0.8 * severity)),
            Self::Collapse => work.each(|i, x, _| towards(x, &fake.centres[fake.labels[i]], 1.0 - 0.8 * severity)),
            Self::Noise => {
                let deviation = severity * work.spread / (dim as f64).sqrt();
                work.rows.iter_mut().for_each(|v| *v += deviation * normal(&mut work.random));
            }
            Self::ModeDrop => {
                let dropped = ((0.75 * modes as f64 * severity).round() as usize).min(modes - 1);
                let weight = |mode: usize| if mode < modes - dropped { 1.0 } else { 0.0 };
                work.reweigh(scene, |mode, share| share * weight(mode));
            }
            Self::Imbalance => {
                let ratio = 1.0 + 20.0 * severity;
                work.reweigh(scene, |mode, share| if mode == 0 { share * ratio } else { share });
            }
            Self::InventedMode => work.invent(0.6),
            Self::Bridges => work.bridge(0.85),
            Self::Memorise => {
                let n = scene.real.len();
                for i in work.chosen(1.0) {
                    let copied = work.random.random_range(0..n);
                    work.point(i).copy_from_slice(scene.real.point(copied));
                }
            }
            Self::Outliers => {
                let distance = 3.0 * work.spread;
                for i in work.chosen(0.2) {
                    let direction: Vec<f64> = (0..dim).map(|_| normal(&mut work.random)).collect();
                    let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
                    let there: Vec<f64> =
                        work.mean.iter().zip(&direction).map(|(m, v)| m + distance * v / length).collect();
                    work.point(i).copy_from_slice(&there);
                }
            }
            Self::LabelSwap => {
                for i in work.chosen(1.0) {
                    let own = fake.labels[i];
                    let other = (own + 1 + work.random.random_range(0..modes - 1)) % modes;
                    let (from, to) = (&fake.centres[own], &fake.centres[other]);
                    work.point(i).iter_mut().zip(from.iter().zip(to)).for_each(|(v, (from, to))| *v += to - from);
                }
            }
        }
        Samples::new(Points::from_rows(work.rows, dim)?)
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A sample in the making.
struct Work<'l> {
    fake: &'l Labelled,
    rows: Vec<f64>,
    mean: Vec<f64>,
    spread: f64,
    severity: f64,
    random: ChaCha8Rng,
}

/// The mean of the sample before it was corrupted.
struct About {
    mean: Vec<f64>,
}

impl<'l> Work<'l> {
    fn new(fake: &'l Labelled, severity: f64, random: ChaCha8Rng) -> Self {
        let samples = &fake.samples;
        let mean = mean_of(samples, &(0..samples.len()).collect::<Vec<_>>());
        let spread = (samples.points().iter().map(|x| squared(x, &mean)).sum::<f64>() / samples.len() as f64).sqrt();
        Self { fake, rows: samples.points().as_slice().to_vec(), mean, spread, severity, random }
    }

    fn dim(&self) -> usize {
        self.fake.samples.dim()
    }

    fn point(&mut self, i: usize) -> &mut [f64] {
        let dim = self.dim();
        &mut self.rows[i * dim..][..dim]
    }

    fn each(&mut self, mut change: impl FnMut(usize, &mut [f64], &About)) {
        let about = About { mean: self.mean.clone() };
        let dim = self.dim();
        self.rows.chunks_exact_mut(dim).enumerate().for_each(|(i, x)| change(i, x, &about));
    }

    /// The points of a share `most · severity` of all, drawn at random.
    fn chosen(&mut self, most: f64) -> Vec<usize> {
        let n = self.fake.labels.len();
        let count = (most * self.severity * n as f64).round() as usize;
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut self.random);
        order.truncate(count);
        order
    }

    /// Points with other shares of the modes: those of the sample as long as it has any of a mode, then the spare ones, then
    /// both again, so that points are repeated only where a mode has run out.
    fn reweigh(&mut self, scene: &Scene, weigh: impl Fn(usize, f64) -> f64) {
        let (n, modes, dim) = (self.fake.labels.len(), self.fake.modes(), self.dim());
        let mut pools: Vec<Vec<&[f64]>> = vec![Vec::new(); modes];
        let mut counts = vec![0.0; modes];
        for (part, of_sample) in [(self.fake, true), (&scene.spare, false)] {
            for (i, &label) in part.labels.iter().enumerate() {
                pools[label].push(part.samples.point(i));
                counts[label] += f64::from(u8::from(of_sample));
            }
        }
        // A mode without a point cannot grow.
        let weights: Vec<f64> = (0..modes)
            .map(|mode| if pools[mode].is_empty() { 0.0 } else { weigh(mode, counts[mode]).max(0.0) })
            .collect();
        let total: f64 = weights.iter().sum();
        if total == 0.0 {
            return;
        }
        let mut rows = Vec::with_capacity(n * dim);
        let (mut carried, mut taken) = (0.0, 0);
        for (pool, weight) in pools.iter().zip(&weights) {
            // Cumulative rounding: the numbers of points sum to n.
            carried += weight / total * n as f64;
            let count = (carried.round() as usize).saturating_sub(taken);
            taken += count;
            for k in 0..count {
                rows.extend_from_slice(pool[k % pool.len()]);
            }
        }
        if rows.len() == self.rows.len() {
            self.rows = rows;
        }
    }

    /// Moves a share of the points into one new mode, as wide as the others, at the mean or half way between two modes: where
    /// it is farthest from all of them.
    fn invent(&mut self, most: f64) {
        let (centres, dim) = (&self.fake.centres, self.dim());
        let middle = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)).collect::<Vec<f64>>();
        let pairs = (0..centres.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let places = std::iter::once(self.mean.clone()).chain(pairs.map(|(i, j)| middle(&centres[i], &centres[j])));
        let room = |place: &Vec<f64>| centres.iter().map(|c| squared(c, place)).fold(f64::INFINITY, f64::min);
        let (mut place, mut best) = (self.mean.clone(), 0.0);
        for candidate in places {
            let found = room(&candidate);
            // Clearly farther: ties go to the mean.
            if found > best * (1.0 + 1e-6) {
                (place, best) = (candidate, found);
            }
        }
        let labelled = self.fake.samples.points().iter().zip(&self.fake.labels);
        let within: f64 = labelled.map(|(x, &label)| squared(x, &centres[label])).sum();
        let deviation = (within / (self.fake.labels.len() * dim) as f64).sqrt();
        if best.sqrt() < 3.0 * deviation {
            // One mode, or no room between them: beside all.
            place[0] += 3.0 * self.spread;
        }
        for i in self.chosen(most) {
            let there: Vec<f64> = place.iter().map(|v| v + deviation * normal(&mut self.random)).collect();
            self.point(i).copy_from_slice(&there);
        }
    }

    /// Moves a share of the points onto the way to one of the two nearest modes.
    fn bridge(&mut self, most: f64) {
        let fake = self.fake;
        let neighbours: Vec<Vec<usize>> = (0..fake.modes())
            .map(|own| {
                let mut others: Vec<usize> = (0..fake.modes()).filter(|&other| other != own).collect();
                let distance = |other: &usize| squared(&fake.centres[own], &fake.centres[*other]);
                others.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
                others.truncate(2);
                others
            })
            .collect();
        for i in self.chosen(most) {
            let own = fake.labels[i];
            let other = neighbours[own][self.random.random_range(0..neighbours[own].len())];
            let part: f64 = self.random.random();
            let (from, to) = (&fake.centres[own], &fake.centres[other]);
            self.point(i).iter_mut().zip(from.iter().zip(to)).for_each(|(v, (from, to))| *v += part * (to - from));
        }
    }
}

fn towards(x: &mut [f64], centre: &[f64], factor: f64) {
    x.iter_mut().zip(centre).for_each(|(x, c)| *x = c + factor * (*x - c));
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}
