//! The real side of adversarial training.

use ndarray::{Array2, ArrayViewMut1};
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::critic::batches::{Side, frame};
use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::gan::toy::Toy;
use crate::measure::{Points, Samples, Weights};
use crate::metrics::Modes;
use crate::numeric::random::ChaCha8Rng;
use crate::numeric::stream;

/// Points of a toy from which its centre and scale are taken.
const FRAME: usize = 4096;
/// One point in so many is held out for the referee.
const HELD_OUT: usize = 5;

/// Where real points come from: fresh ones from a [`Toy`], or those of a sample, of which the referee's are kept apart.
///
/// Networks see the points centred and scaled; whatever is returned is in the units of the caller.
#[derive(Debug, Clone)]
pub struct Data {
    name: String,
    source: Source,
    dim: usize,
    classes: usize,
    centre: Vec<f64>,
    scale: f64,
    modes: Option<Modes>,
}

#[derive(Debug, Clone)]
enum Source {
    Toy(Toy),
    Given(Box<Given>),
}

/// A sample in two parts.
#[derive(Debug, Clone)]
struct Given {
    side: Side,
    train: Samples,
    held_out: Samples,
    train_labels: Vec<usize>,
    held_out_labels: Vec<usize>,
}

impl Data {
    /// Fresh points from a toy distribution, as many as are asked for.
    ///
    /// # Panics
    /// Never: some points are drawn.
    pub fn toy(toy: Toy) -> Self {
        let drawn = toy.sample(FRAME, 0).expect("some points are drawn");
        let (centre, scale) = frame(&drawn, &drawn);
        let (name, classes) = (toy.name().to_string(), toy.classes());
        Self { name, source: Source::Toy(toy), dim: 2, classes, centre, scale, modes: toy.mixture().map(Modes::new) }
    }

    /// The points of a sample, drawn by their weights; every fifth, chosen at random with `seed`, is held out for the referee.
    ///
    /// # Errors
    /// When there are fewer than 2 points, or one of the two parts has no mass.
    pub fn samples(samples: &Samples, seed: u64) -> Result<Self> {
        Self::labelled(samples, &vec![0; samples.len()], seed)
    }

    /// The same with the class of each point, counted from 0, for conditional training.
    ///
    /// # Errors
    /// As [`Data::samples`], and when there is not one label for each point.
    pub fn labelled(samples: &Samples, labels: &[usize], seed: u64) -> Result<Self> {
        let n = samples.len();
        require("data", n as f64, n >= 2, "at least 2 points are needed: the referee keeps some apart")?;
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut stream(seed, 0));
        let kept = (n / HELD_OUT).max(1);
        let (mut held_out, mut train) = (order[..kept].to_vec(), order[kept..].to_vec());
        held_out.sort_unstable();
        train.sort_unstable();
        if labels.len() != n {
            let (expected, found) = (n, labels.len());
            let kind = ErrorKind::Length { what: "labels", expected, found, reason: "one for each point" };
            return Err(Error::new("labels", kind));
        }
        let pick = |rows: &[usize]| rows.iter().map(|&i| labels[i]).collect();
        Ok(Self::parts(&part(samples, &train)?, pick(&train), &part(samples, &held_out)?, pick(&held_out)))
    }

    /// A sample to train on, and one for the referee.
    ///
    /// # Errors
    /// When their dimensions differ.
    pub fn split(train: &Samples, held_out: &Samples) -> Result<Self> {
        require_dimension("held_out", held_out.dim(), train.dim())?;
        Ok(Self::parts(train, vec![0; train.len()], held_out, vec![0; held_out.len()]))
    }

    fn parts(train: &Samples, train_labels: Vec<usize>, held_out: &Samples, held_out_labels: Vec<usize>) -> Self {
        let (centre, scale) = frame(train, train);
        let classes = 1 + train_labels.iter().chain(&held_out_labels).copied().max().unwrap_or(0);
        let side = Side::new(train, &centre, scale);
        let (train, held_out) = (train.normalised(), held_out.normalised());
        // So that a training is resumed on the points it was begun on.
        let points = train.points().as_slice().iter().chain(train.weights().as_slice());
        let mark = points.fold(0xcbf2_9ce4_8422_2325_u64, |h, v| (h ^ v.to_bits()).wrapping_mul(0x0100_0000_01b3));
        let name = format!("{} points in R^{}, {mark:016x}", train.len(), train.dim());
        let dim = train.dim();
        let source = Source::Given(Box::new(Given { side, train, held_out, train_labels, held_out_labels }));
        Self { name, source, dim, classes, centre, scale, modes: None }
    }

    /// The same, with modes that the referee looks for.
    ///
    /// # Errors
    /// When their dimension is another one.
    pub fn with_modes(self, modes: Modes) -> Result<Self> {
        require_dimension("modes", modes.mixture.dim(), self.dim)?;
        Ok(Self { modes: Some(modes), ..self })
    }

    /// What it is called: a toy by its name, a sample by its size and a mark of its numbers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The dimension d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many classes there are; 1 without labels.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The modes, where they are known.
    pub fn modes(&self) -> Option<&Modes> {
        self.modes.as_ref()
    }

    /// At most `n` points that training never sees, and their classes: of a toy fresh ones by `seed`, of a sample those held out
    /// (some of them by `seed`, where there are more than `n`).
    ///
    /// # Errors
    /// When `n` is 0.
    pub fn held_out(&self, n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
        match &self.source {
            Source::Toy(toy) => toy.labelled(n, seed),
            Source::Given(given) => some(&given.held_out, &given.held_out_labels, n, seed),
        }
    }

    /// At most `n` other real points, to compare those held out with: fresh ones, or some that are trained on.
    pub(super) fn others(&self, n: usize, seed: u64) -> Result<Samples> {
        match &self.source {
            Source::Toy(toy) => toy.sample(n, seed),
            Source::Given(given) => Ok(some(&given.train, &given.train_labels, n, seed)?.0),
        }
    }

    /// Fills `out` with centred and scaled real points, and `labels` with their classes.
    pub(super) fn draw(&self, random: &mut ChaCha8Rng, out: &mut Array2<f32>, labels: &mut Vec<usize>) {
        labels.clear();
        for mut row in out.rows_mut() {
            labels.push(self.draw_one(random, &mut row));
        }
    }

    fn draw_one(&self, random: &mut ChaCha8Rng, row: &mut ArrayViewMut1<'_, f32>) -> usize {
        match &self.source {
            Source::Toy(toy) => {
                let (point, label) = toy.draw(random);
                for (k, to) in row.iter_mut().enumerate() {
                    *to = ((point[k] - self.centre[k]) / self.scale) as f32;
                }
                label
            }
            Source::Given(given) => {
                let at = given.side.draw_one(random);
                row.assign(&given.side.point(at));
                given.train_labels[at]
            }
        }
    }

    /// A class drawn as the data draws it.
    pub(super) fn draw_class(&self, random: &mut ChaCha8Rng) -> usize {
        match &self.source {
            _ if self.classes == 1 => 0,
            Source::Toy(toy) => random.random_range(0..toy.classes()),
            Source::Given(given) => given.train_labels[given.side.draw_one(random)],
        }
    }

    pub(super) fn centre(&self) -> &[f64] {
        &self.centre
    }

    pub(super) fn scale(&self) -> f64 {
        self.scale
    }
}

/// The points of some rows, with their weights.
fn part(samples: &Samples, rows: &[usize]) -> Result<Samples> {
    let points: Vec<f64> = rows.iter().flat_map(|&i| samples.point(i)).copied().collect();
    let weights: Vec<f64> = rows.iter().map(|&i| samples.weights().as_slice()[i]).collect();
    Samples::with_weights(Points::from_rows(points, samples.dim())?, Weights::new(weights)?)
}

/// All points, or `n` different ones of them.
fn some(samples: &Samples, labels: &[usize], n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
    require("points", n as f64, n > 0, "at least 1 is needed")?;
    if samples.len() <= n {
        return Ok((samples.clone(), labels.to_vec()));
    }
    let mut rows = rand::seq::index::sample(&mut stream(seed, 0), samples.len(), n).into_vec();
    rows.sort_unstable();
    Ok((part(samples, &rows)?.normalised(), rows.iter().map(|&i| labels[i]).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_out_is_never_trained_on() {
        let points: Vec<[f64; 1]> = (0..50).map(|k| [f64::from(k)]).collect();
        let labels: Vec<usize> = (0..50).map(|k| k % 3).collect();
        let data = Data::labelled(&Samples::new(points).unwrap(), &labels, 4).unwrap();
        assert_eq!((data.dim(), data.classes()), (1, 3));
        let (held_out, classes) = data.held_out(100, 0).unwrap();
        assert_eq!(held_out.len(), 10);
        for (p, class) in held_out.points().iter().zip(classes) {
            assert_eq!(p[0] as usize % 3, class);
        }
        let mut batch = Array2::zeros((500, 1));
        let mut labels = Vec::new();
        data.draw(&mut stream(1, 1), &mut batch, &mut labels);
        for (row, label) in batch.rows().into_iter().zip(labels) {
            let value = (f64::from(row[0]) * data.scale() + data.centre()[0]).round();
            assert_eq!(value as usize % 3, label);
            assert!(held_out.points().iter().all(|p| p[0] != value), "{value} was held out");
        }
        assert_eq!(data.held_out(4, 1).unwrap().0.len(), 4);
        assert_ne!(data.held_out(4, 1).unwrap(), data.held_out(4, 2).unwrap());
    }

    #[test]
    fn far_points_are_brought_near() {
        let points: Vec<[f64; 2]> = (0..40).map(|k| [1e8 + f64::from(k), -1e8]).collect();
        let data = Data::samples(&Samples::new(points).unwrap(), 1).unwrap();
        let mut batch = Array2::zeros((20, 2));
        data.draw(&mut stream(1, 1), &mut batch, &mut Vec::new());
        assert!(batch.iter().all(|v| v.abs() < 3.0));
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        let one = Samples::new([[1.0]]).unwrap();
        assert!(Data::samples(&one, 0).unwrap_err().to_string().contains("at least 2"));
        let two = Samples::new([[1.0], [2.0]]).unwrap();
        assert!(Data::labelled(&two, &[1], 0).unwrap_err().to_string().contains("labels"));
        assert!(Data::split(&two, &Samples::new([[1.0, 2.0]]).unwrap()).is_err());
        assert_eq!(Data::split(&two, &one).unwrap().held_out(5, 0).unwrap().0.len(), 1);
    }
}
