//! The real side of adversarial training.

use ndarray::{Array2, ArrayViewMut1};
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::critic::batches::{Side, frame};
use crate::error::{Error, ErrorKind, Result, require, require_dimension};
use crate::gan::text::{COUNTED, Lines, TextReport};
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
/// Networks see the points centred and scaled. The columns of a sample whose spreads differ by more than a factor of 2 are each brought
/// to one spread of their own ([`Data::units`]): a training then learns all of them, and not the widest alone. Distances that the referee
/// measures are between points scaled so; generated points are scaled back.
#[derive(Debug, Clone)]
pub struct Data {
    name: String,
    source: Source,
    dim: usize,
    classes: usize,
    centre: Vec<f64>,
    scale: f64,
    modes: Option<Modes>,
    /// The centre and the unit of each column, where they have units of their own.
    units: Option<Vec<(f64, f64)>>,
    /// Height, width and channels of a point that is an image.
    image: Option<[usize; 3]>,
}

#[derive(Debug, Clone)]
enum Source {
    Toy(Toy),
    Given(Box<Given>),
    Text(Box<Lines>),
}

/// A sample in two parts.
#[derive(Debug, Clone)]
struct Given {
    side: Side,
    train: Samples,
    held_out: Samples,
    train_labels: Vec<usize>,
    held_out_labels: Vec<usize>,
    /// Both parts as they came, where columns have units of their own.
    came: Option<(Samples, Samples)>,
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
        Self {
            name,
            source: Source::Toy(toy),
            dim: 2,
            classes,
            centre,
            scale,
            modes: toy.mixture().map(Modes::new),
            units: None,
            image: None,
        }
    }

    /// Lines of text of at most `length` letters (the longest line by default), as rows of one-hot letters of an alphabet: those that occur, by
    /// default, and the blank, with which shorter lines end. Every fifth line, chosen at random with `seed`, is held out for the referee.
    ///
    /// A line is a point of length × letters coordinates, letter by letter, and an image of one row to networks. What a generator makes is
    /// read by [`Data::decode`]. No column has a unit of its own: W₁ between lines is √2 for one letter, 2 for two.
    ///
    /// ```
    /// use earthwork::gan::Data;
    ///
    /// let lines: Vec<String> = ["ape", "bee", "cat", "ox"].map(String::from).to_vec();
    /// let data = Data::text(&lines, None, None, 1)?;
    /// assert_eq!((data.dim(), data.image(), data.letters()), (3 * 9, Some([1, 3, 9]), Some(" abceoptx".chars().collect())));
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there are fewer than 2 lines, one is longer than `length`, or a letter is not in the alphabet.
    pub fn text(lines: &[String], length: Option<usize>, alphabet: Option<&str>, seed: u64) -> Result<Self> {
        let text = Lines::new(lines, length, alphabet, seed)?;
        let mark = text
            .train
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, v| (h ^ u64::from(*v)).wrapping_mul(0x0100_0000_01b3));
        let (count, letters) = (text.train.len() / text.length, text.letters.len());
        Ok(Self {
            name: format!("{count} lines of {} letters of {letters}, {mark:016x}", text.length),
            dim: text.dim(),
            classes: 1,
            centre: vec![0.0; text.dim()],
            scale: 1.0,
            modes: None,
            units: None,
            image: Some([1, text.length, letters]),
            source: Source::Text(Box::new(text)),
        })
    }

    /// Reads the points as images of height × width × channels, pixel by pixel. Networks see values between −1 and 1, distances are in the
    /// units of the pixels, and no pixel has a unit of its own.
    ///
    /// # Errors
    /// When a point has another number of values, or it is a toy or text.
    pub fn as_images(self, [height, width, channels]: [usize; 3]) -> Result<Self> {
        let wrong = |why: String| Err(Error::new("image", ErrorKind::Unsupported(why.into())));
        let Source::Given(given) = &self.source else {
            return wrong(format!("{} has no images; they come from a sample", self.name));
        };
        if height * width * channels != self.dim {
            return wrong(format!("{height} x {width} x {channels} values are not the {} of a point", self.dim));
        }
        let (train, held_out) = match &given.came {
            Some((train, held_out)) => (train.clone(), held_out.clone()),
            None => (given.train.clone(), given.held_out.clone()),
        };
        let ends = |(low, high): (f64, f64), &v: &f64| (low.min(v), high.max(v));
        let (low, high) = train.points().as_slice().iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
        let half = 0.5 * high - 0.5 * low;
        let (centre, scale) = (vec![0.5 * high + 0.5 * low; self.dim], if half > 0.0 { half } else { 1.0 });
        let side = Side::new(&train, &centre, scale);
        let (train_labels, held_out_labels) = (given.train_labels.clone(), given.held_out_labels.clone());
        let given = Given { side, train, held_out, train_labels, held_out_labels, came: None };
        let name = format!("{} as images of {height} x {width} x {channels}", self.name);
        let image = Some([height, width, channels]);
        Ok(Self { name, source: Source::Given(Box::new(given)), centre, scale, units: None, image, ..self })
    }

    /// Height, width and channels, where points are images; of text 1, the length and the letters.
    pub fn image(&self) -> Option<[usize; 3]> {
        self.image
    }

    /// The letters of text, the blank first.
    pub fn letters(&self) -> Option<Vec<char>> {
        self.lines().map(|lines| lines.letters.clone())
    }

    /// Points as lines of text: the likeliest letter at each place. None where the data is not text.
    pub fn decode(&self, samples: &Samples) -> Option<Vec<String>> {
        let lines = self.lines()?;
        Some(samples.points().iter().map(|point| lines.line(&lines.codes(point))).collect())
    }

    fn lines(&self) -> Option<&Lines> {
        match &self.source {
            Source::Text(lines) => Some(lines),
            _ => None,
        }
    }

    /// How many lines are to be generated for [`Data::judged_as_text`]; none where the data is not text.
    pub(super) fn text_points(&self) -> Option<usize> {
        self.lines().map(|_| COUNTED)
    }

    /// What lines are to held-out ones.
    pub(super) fn judged_as_text(&self, made: &Samples) -> Option<TextReport> {
        let lines = self.lines()?;
        Some(lines.report(&made.points().iter().map(|point| lines.codes(point)).collect::<Vec<_>>()))
    }

    /// The n-gram divergences of real text from real text.
    pub(super) fn text_floor(&self) -> Option<[f64; 4]> {
        self.lines().map(Lines::floor)
    }

    /// Training images and held-out ones with their classes, in the units in which the referee measures; none where there are no images.
    #[expect(clippy::type_complexity, reason = "two parts with their labels")]
    pub(super) fn image_parts(&self) -> Option<((&Samples, &[usize]), (&Samples, &[usize]))> {
        match (&self.source, self.image) {
            (Source::Given(given), Some(_)) => Some((
                (&given.train, given.train_labels.as_slice()),
                (&given.held_out, given.held_out_labels.as_slice()),
            )),
            _ => None,
        }
    }

    /// The points of a sample, drawn by their weights; every fifth, chosen at random with `seed`, is held out for the referee.
    ///
    /// # Errors
    /// When there are fewer than 2 points, or one of the two parts has no mass.
    pub fn samples(samples: &Samples, seed: u64) -> Result<Self> {
        Self::labelled(samples, &vec![0; samples.len()], seed)
    }

    /// Real points with the class of each, counted from 0, for conditional training; a part of them is held out.
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
        Self::parts(&part(samples, &train)?, pick(&train), &part(samples, &held_out)?, pick(&held_out))
    }

    /// A sample to train on, and one for the referee.
    ///
    /// # Errors
    /// When their dimensions differ.
    pub fn split(train: &Samples, held_out: &Samples) -> Result<Self> {
        Self::split_labelled((train, &vec![0; train.len()]), (held_out, &vec![0; held_out.len()]))
    }

    /// Real points to train on and real points held out, with the class of each, counted from 0.
    ///
    /// # Errors
    /// When their dimensions differ, or there is not one label for each point.
    pub fn split_labelled(train: (&Samples, &[usize]), held_out: (&Samples, &[usize])) -> Result<Self> {
        require_dimension("held_out", held_out.0.dim(), train.0.dim())?;
        for (argument, (samples, labels)) in [("labels", train), ("held_out", held_out)] {
            if labels.len() != samples.len() {
                let (expected, found) = (samples.len(), labels.len());
                let kind = ErrorKind::Length { what: "labels", expected, found, reason: "one for each point" };
                return Err(Error::new(argument, kind));
            }
        }
        Self::parts(train.0, train.1.to_vec(), held_out.0, held_out.1.to_vec())
    }

    fn parts(
        train: &Samples,
        train_labels: Vec<usize>,
        held_out: &Samples,
        held_out_labels: Vec<usize>,
    ) -> Result<Self> {
        // So that a training is resumed on the points it was begun on.
        let weights = train.normalised();
        let points = train.points().as_slice().iter().chain(weights.weights().as_slice());
        let mark = points.fold(0xcbf2_9ce4_8422_2325_u64, |h, v| (h ^ v.to_bits()).wrapping_mul(0x0100_0000_01b3));
        let name = format!("{} points in R^{}, {mark:016x}", train.len(), train.dim());
        let units = units(train);
        let came = units.is_some().then(|| (train.normalised(), held_out.normalised()));
        let (train, held_out) = (&in_units(train, units.as_deref())?, &in_units(held_out, units.as_deref())?);
        let (centre, scale) = frame(train, train);
        let classes = 1 + train_labels.iter().chain(&held_out_labels).copied().max().unwrap_or(0);
        let side = Side::new(train, &centre, scale);
        let (train, held_out) = (train.normalised(), held_out.normalised());
        let dim = train.dim();
        let source = Source::Given(Box::new(Given { side, train, held_out, train_labels, held_out_labels, came }));
        Ok(Self { name, source, dim, classes, centre, scale, modes: None, units, image: None })
    }

    /// Sets the modes that the referee looks for.
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
        let (held_out, labels) = self.held_out_scaled(n, seed)?;
        Ok((self.restored(held_out)?, labels))
    }

    /// The unit of each column, where the columns of a sample have units of their own: the larger of its standard deviation and an
    /// eighth of its range. None where all columns are scaled as one, which is so for toys and for columns of like spread.
    pub fn units(&self) -> Option<Vec<f64>> {
        Some(self.units.as_ref()?.iter().map(|(_, unit)| *unit).collect())
    }

    /// Points in the units in which the referee measures.
    pub(super) fn scaled(&self, samples: &Samples) -> Result<Samples> {
        in_units(samples, self.units.as_deref())
    }

    /// Points in the units of the caller, of points in those of the referee.
    pub(super) fn restored(&self, samples: Samples) -> Result<Samples> {
        let Some(units) = &self.units else { return Ok(samples) };
        mapped(&samples, |k, v| v * units[k].1 + units[k].0)
    }

    /// What [`Data::held_out`] gives, in the units in which the referee measures.
    pub(super) fn held_out_scaled(&self, n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
        match &self.source {
            Source::Toy(toy) => toy.labelled(n, seed),
            Source::Given(given) => some(&given.held_out, &given.held_out_labels, n, seed),
            Source::Text(lines) => some_lines(lines, &lines.held_out, n, seed),
        }
    }

    /// At most `n` other real points, to compare those held out with: fresh ones, or some that are trained on. In the units in which the
    /// referee measures.
    pub(super) fn others(&self, n: usize, seed: u64) -> Result<Samples> {
        match &self.source {
            Source::Toy(toy) => toy.sample(n, seed),
            Source::Given(given) => Ok(some(&given.train, &given.train_labels, n, seed)?.0),
            Source::Text(lines) => Ok(some_lines(lines, &lines.train, n, seed)?.0),
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
            Source::Text(lines) => {
                let at = random.random_range(0..lines.train.len() / lines.length);
                row.fill(0.0);
                for (k, &code) in lines.train[at * lines.length..][..lines.length].iter().enumerate() {
                    row[k * lines.letters.len() + usize::from(code)] = 1.0;
                }
                0
            }
        }
    }

    /// A class drawn as the data draws it.
    pub(super) fn draw_class(&self, random: &mut ChaCha8Rng) -> usize {
        match &self.source {
            _ if self.classes == 1 => 0,
            Source::Toy(toy) => random.random_range(0..toy.classes()),
            Source::Given(given) => given.train_labels[given.side.draw_one(random)],
            Source::Text(_) => 0,
        }
    }

    pub(super) fn centre(&self) -> &[f64] {
        &self.centre
    }

    pub(super) fn scale(&self) -> f64 {
        self.scale
    }
}

/// Columns whose spreads differ by no more than this are scaled as one.
const ALIKE: f64 = 2.0;
/// A column's unit is at least this part of its range, so that one that is nearly constant does not become outliers alone.
const RANGE: f64 = 0.125;

/// The centre and the unit of each column, where their spreads differ.
fn units(samples: &Samples) -> Option<Vec<(f64, f64)>> {
    let centre = samples.mean();
    let unit = |k: usize| {
        let column = || samples.points().iter().zip(samples.weights().as_slice()).map(move |(point, w)| (point[k], *w));
        let (low, high) =
            column().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (v, _)| (low.min(v), high.max(v)));
        let range = high - low;
        if range == 0.0 || !range.is_finite() {
            return 0.0;
        }
        let square = |(v, w): (f64, f64)| w * ((v - centre[k]) / range).powi(2);
        let deviation = range * (column().map(square).sum::<f64>() / samples.total()).sqrt();
        deviation.max(RANGE * range)
    };
    let units: Vec<f64> = (0..samples.dim()).map(unit).collect();
    let spreading = units.iter().copied().filter(|unit| *unit > 0.0);
    let (narrow, wide) = spreading.fold((f64::INFINITY, 0.0_f64), |(low, high), unit| (low.min(unit), high.max(unit)));
    (wide > ALIKE * narrow).then(|| {
        let whole = |unit: f64| if unit > 0.0 { unit } else { 1.0 };
        centre.into_iter().zip(units.into_iter().map(whole)).collect()
    })
}

fn in_units(samples: &Samples, units: Option<&[(f64, f64)]>) -> Result<Samples> {
    let Some(units) = units else { return Ok(samples.clone()) };
    mapped(samples, |k, v| (v - units[k].0) / units[k].1)
}

/// Every coordinate `v` of column k as `map(k, v)`.
fn mapped(samples: &Samples, map: impl Fn(usize, f64) -> f64) -> Result<Samples> {
    let coordinates: Vec<f64> =
        samples.points().iter().flat_map(|point| point.iter().enumerate()).map(|(k, &v)| map(k, v)).collect();
    Samples::with_weights(Points::from_rows(coordinates, samples.dim())?, samples.weights().clone())
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

/// The same of lines, which have no classes.
fn some_lines(lines: &Lines, part: &[u8], n: usize, seed: u64) -> Result<(Samples, Vec<usize>)> {
    require("points", n as f64, n > 0, "at least 1 is needed")?;
    let mut rows = lines.rows(part);
    if rows.len() > n {
        let mut chosen = rand::seq::index::sample(&mut stream(seed, 0), rows.len(), n).into_vec();
        chosen.sort_unstable();
        rows = chosen.into_iter().map(|at| rows[at]).collect();
    }
    let labels = vec![0; rows.len()];
    Ok((lines.samples(&rows)?, labels))
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
    fn columns_of_different_spread_have_units_of_their_own() {
        let points: Vec<[f64; 3]> =
            (0..60).map(|k| [f64::from(k % 7), 5_000.0 + 1_000.0 * f64::from(k % 11), 4.0]).collect();
        let samples = Samples::new(points).unwrap();
        let data = Data::samples(&samples, 1).unwrap();
        let units = data.units().unwrap();
        assert!((1.5..2.5).contains(&units[0]) && (2_000.0..4_500.0).contains(&units[1]) && units[2] == 1.0);
        let mut batch = Array2::zeros((200, 3));
        data.draw(&mut stream(1, 1), &mut batch, &mut Vec::new());
        let spread = |k: usize| batch.column(k).iter().fold(0.0_f32, |most, v| most.max(v.abs()));
        assert!((1.0..3.0).contains(&spread(0)) && (1.0..3.0).contains(&spread(1)));
        // What is given back is in the units that came.
        for point in data.held_out(5, 0).unwrap().0.points().iter() {
            assert!((point[0].round() - point[0]).abs() < 1e-9 && (5_000.0..16_001.0).contains(&point[1]));
        }
        let alike: Vec<[f64; 2]> = (0..60).map(|k| [f64::from(k % 7), f64::from(k % 11)]).collect();
        assert_eq!(Data::samples(&Samples::new(alike).unwrap(), 1).unwrap().units(), None);
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
