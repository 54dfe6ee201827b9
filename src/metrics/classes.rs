//! Scores from the class posteriors of the fake points.

use std::cmp::Ordering;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand::seq::SliceRandom;

use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Estimate, Evidence, Kind, Note};
use crate::measure::Samples;
use crate::numeric::random::stream;
use crate::numeric::sum::{mean_and_variance, sum};

/// The Inception score exp(E KL(p(y | x) ‖ p(y))) of class posteriors, one row of probabilities for each fake point.
///
/// 1 where all rows are equal, at most the number of classes. It never looks at real points: memorised points, or one good point of
/// each class, score highest. p(y) is the mean over all rows, so the order of the rows does not matter. The standard error is that of the
/// influence of each row, and of the error of p(y) itself. A mean over few rows is nearer to each of them than p(y) is: the score is too
/// small on average, by about a part of (classes − 1) / 2n.
///
/// The original is a mean over 10 parts of rows that were shuffled before. [`InceptionScore::with_splits`] is that, averaged over
/// [`SHUFFLES`](Self::SHUFFLES) orders drawn by the seed; [`InceptionScore::in_order`] takes the rows as they stand, as torch-fidelity does.
/// Both are smaller: each part is a sample of n / splits rows.
///
/// # References
/// Salimans et al., "Improved techniques for training GANs", NeurIPS 2016; Barratt & Sharma, "A note on the Inception score", 2018.
///
/// # Example
/// ```
/// use earthwork::metrics::{InceptionScore, posteriors};
/// use earthwork::measure::Mixture;
///
/// let ring = Mixture::ring(8, 2.0, 0.07)?;
/// let rows = posteriors(&ring.sample(1000, 1)?, |x| ring.posterior(x))?;
/// // Eight modes that are told apart with certainty.
/// let score = InceptionScore::default().of(rows.view())?;
/// assert!(score.value > 7.9 && score.value <= 8.0);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InceptionScore {
    /// Parts whose scores are averaged; 1 by default: all rows together.
    pub splits: usize,
    /// By which the orders of the rows are drawn, 0 by default; with none the rows are split as they stand.
    pub seed: Option<u64>,
}

impl Default for InceptionScore {
    fn default() -> Self {
        Self { splits: 1, seed: Some(0) }
    }
}

impl InceptionScore {
    /// How many orders of the rows are averaged where there are several parts.
    pub const SHUFFLES: u64 = 20;

    /// With so many parts.
    pub fn with_splits(splits: usize) -> Self {
        Self { splits, ..Self::default() }
    }

    /// With parts of rows that stand next to each other, for rows that were shuffled before.
    #[must_use]
    pub fn in_order(self) -> Self {
        Self { seed: None, ..self }
    }

    /// The score of posteriors of shape (n, classes).
    ///
    /// # Errors
    /// When a row is not a distribution (to 1e-6; rows are divided by their sums), or there are fewer rows than splits.
    #[expect(clippy::needless_pass_by_value, reason = "views are passed by value, as ndarray does")]
    pub fn of(&self, posteriors: ArrayView2<'_, f64>) -> Result<Estimate> {
        let rows = checked(&posteriors)?;
        let (n, splits) = (rows.nrows(), self.splits);
        require("splits", splits as f64, (1..=n).contains(&splits), "there must be at least 1, and a point for each")?;
        let rows = if self.seed.is_some() { sorted(&rows) } else { rows };
        let (value, error) = match self.seed {
            _ if splits == 1 => whole(&rows.view()),
            None => in_parts(&rows, splits),
            Some(seed) => {
                let one = |order| in_parts(&shuffled(&rows, seed, order), splits).0;
                let value = sum((0..Self::SHUFFLES).map(one)) / Self::SHUFFLES as f64;
                // No order is a new sample: the rows vary as those of the whole do.
                let (all, error) = whole(&rows.view());
                (value, error * value / all)
            }
        };
        let evidence = Evidence::StandardError(error);
        Ok(Estimate::new(value, evidence, "Inception score", (n, n)).with_note(Note::Biased(Kind::LowerBound)))
    }
}

/// The mode score exp(E KL(p(y | x) ‖ p(y)) − KL(p(y) ‖ p*(y))) with p(y) the mean posterior of the fake points and p* the class
/// shares of the real ones: the Inception score, less what the classes are out of proportion by. 0 where fake points
/// are of a class that real ones do not have.
///
/// (With p* in both logarithms, as Che et al. print it, p* cancels, and the Inception score is left: E KL(p(y | x) ‖ p*) =
/// E KL(p(y | x) ‖ p) + KL(p ‖ p*).) The standard error is that of the influence of each point.
///
/// # Errors
/// As [`InceptionScore::of`], and when the shares are no distribution over the same classes.
///
/// # References
/// Che et al., "Mode regularized generative adversarial networks", ICLR 2017; in the form of Xu et al., "An empirical study on
/// evaluation metrics of generative adversarial networks", 2018, §2.2.
#[expect(clippy::needless_pass_by_value, reason = "views are passed by value, as ndarray does")]
pub fn mode_score(posteriors: ArrayView2<'_, f64>, real_shares: &[f64]) -> Result<Estimate> {
    let rows = checked(&posteriors)?;
    let real = ArrayView1::from(real_shares).insert_axis(Axis(0));
    let real = checked(&real).map_err(|error| error.about("real_shares"))?.row(0).to_owned();
    if real.len() != rows.ncols() {
        let (expected, found) = (rows.ncols(), real.len());
        let kind = ErrorKind::Length { what: "shares", expected, found, reason: "one for each class" };
        return Err(Error::new("real_shares", kind));
    }
    let own = mean(&rows.view());
    let n = rows.nrows();
    if (0..real.len()).any(|class| real[class] == 0.0 && own[class] > 0.0) {
        return Ok(Estimate::new(0.0, Evidence::Exact, "mode score", (n, n)));
    }
    let terms: Vec<f64> = rows.rows().into_iter().map(|row| kl(&row, &own)).collect();
    let real = real.to_vec();
    let logarithm = sum(terms.iter().copied()) / n as f64 - kl(&ArrayView1::from(&own), &real);
    // What a point moves the logarithm by: its own term, less what it moves the mean posterior away from the real shares.
    let away = |row: ArrayView1<'_, f64>| {
        let classes = row.iter().zip(own.iter().zip(&real)).filter(|(p, _)| **p > 0.0);
        sum(classes.map(|(p, (own, real))| p * (own / real).ln()))
    };
    let influences = rows.rows().into_iter().zip(&terms).map(|(row, term)| term - away(row) - logarithm);
    let variance = sum(influences.map(|h| h * h)) / n as f64;
    let value = logarithm.exp();
    let evidence = Evidence::StandardError(value * (variance / n as f64).sqrt());
    Ok(Estimate::new(value, evidence, "mode score", (n, n)))
}

/// The class posteriors of each point, of shape (n, classes), by a classifier of your own.
///
/// # Errors
/// When the classifier returns rows of several lengths, or none.
pub fn posteriors(samples: &Samples, classifier: impl Fn(&[f64]) -> Vec<f64>) -> Result<Array2<f64>> {
    let rows: Vec<Vec<f64>> = samples.points().iter().map(classifier).collect();
    let classes = rows[0].len();
    if let Some(row) = rows.iter().find(|row| row.len() != classes) {
        let kind = ErrorKind::Length { what: "classes", expected: classes, found: row.len(), reason: "as for point 0" };
        return Err(Error::new("classifier", kind));
    }
    Array2::from_shape_vec((rows.len(), classes), rows.concat())
        .map_err(|_| Error::new("classifier", ErrorKind::Empty("class")))
}

/// The score of rows, and its standard error.
fn whole(rows: &ArrayView2<'_, f64>) -> (f64, f64) {
    let own = mean(rows);
    let n = rows.nrows() as f64;
    let terms: Vec<f64> = rows.rows().into_iter().map(|row| kl(&row, &own)).collect();
    let (logarithm, first) = mean_and_variance(&terms);
    // How far rows are from their mean, in χ²: the mean varies by 1/n of it, in directions of weight 1 at most.
    let away = |row: ArrayView1<'_, f64>| {
        let classes = row.into_iter().zip(&own).filter(|(_, own)| **own > 0.0);
        sum(classes.map(|(p, own)| (p - own).powi(2) / own))
    };
    let second = sum(rows.rows().into_iter().map(away)) / n;
    let value = logarithm.exp();
    (value, value * (first / n + second / (2.0 * n * n)).sqrt())
}

/// The mean score of parts of the rows as they stand, and its standard error.
fn in_parts(rows: &Array2<f64>, splits: usize) -> (f64, f64) {
    let n = rows.nrows();
    let part = |k: usize| rows.slice(ndarray::s![k * n / splits..(k + 1) * n / splits, ..]);
    let scores: Vec<f64> = (0..splits).map(|k| whole(&part(k)).0).collect();
    let (value, variance) = mean_and_variance(&scores);
    (value, (variance / splits as f64).sqrt())
}

/// The rows by their probabilities.
fn sorted(rows: &Array2<f64>) -> Array2<f64> {
    let mut order: Vec<usize> = (0..rows.nrows()).collect();
    let by_class = |i: usize, j: usize| {
        let pairs = rows.row(i).into_iter().zip(rows.row(j));
        pairs.map(|(p, q)| p.total_cmp(q)).find(|found| found.is_ne()).unwrap_or(Ordering::Equal)
    };
    order.sort_by(|&i, &j| by_class(i, j));
    rows.select(Axis(0), &order)
}

/// The rows in one of the orders of a seed.
fn shuffled(rows: &Array2<f64>, seed: u64, order: u64) -> Array2<f64> {
    let mut places: Vec<usize> = (0..rows.nrows()).collect();
    places.shuffle(&mut stream(seed, order));
    rows.select(Axis(0), &places)
}

/// The rows, each divided by its sum.
fn checked(posteriors: &ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let wrong = |kind| Err(Error::new("posteriors", kind));
    if posteriors.nrows() == 0 {
        return wrong(ErrorKind::Empty("point"));
    }
    if posteriors.ncols() == 0 {
        return wrong(ErrorKind::Empty("class"));
    }
    let mut rows = posteriors.to_owned();
    for (point, mut row) in rows.rows_mut().into_iter().enumerate() {
        if let Some(class) = row.iter().position(|p| !p.is_finite() || *p < 0.0) {
            let why = format!("row {point}, class {class} is {}; probabilities are finite and at least 0", row[class]);
            return wrong(ErrorKind::Unsupported(why.into()));
        }
        let total = row.sum();
        if (total - 1.0).abs() > 1e-6 {
            let why = format!("row {point} sums to {total}; the probabilities of the classes sum to 1");
            return wrong(ErrorKind::Unsupported(why.into()));
        }
        row.mapv_inplace(|p| p / total);
    }
    Ok(rows)
}

/// The mean row.
fn mean(rows: &ArrayView2<'_, f64>) -> Vec<f64> {
    rows.columns().into_iter().map(|column| sum(column.iter().copied()) / rows.nrows() as f64).collect()
}

/// KL(p ‖ q) in nats.
fn kl(p: &ArrayView1<'_, f64>, q: &[f64]) -> f64 {
    sum(p.iter().zip(q).filter(|(p, _)| **p > 0.0).map(|(p, q)| p * (p / q).ln()))
}
