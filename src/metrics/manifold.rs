//! Precision, recall, density and coverage from balls around the points.

use rand::seq::SliceRandom;

use crate::divergence::sides::Sides;
use crate::error::{Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::measure::Samples;
use crate::neighbors::nearest::{Norm, Tree};
use crate::numeric::stream;
use crate::numeric::sum::{mean_and_variance, sum};

/// One of the scores of [`prdc`], as a [`Discrepancy`].
///
/// Around each real (fake) point lies the closed ball that reaches its k-th nearest neighbour among the other real (fake) points; the
/// union of the balls stands for the support.
///
/// - **Precision**: the share of fake points in a real ball. It cannot see modes that are missing.
/// - **Recall**: the share of real points in a fake ball. It rewards noise: wide balls hold much.
/// - **Density**: the number of real balls that a fake point lies in, over k, on average. May exceed 1; 1 on average where P = Q.
/// - **Coverage**: the share of real balls that hold a fake point. Where P = Q and n = m it is 1 − (n−1)…(n−k) / ((2n−1)…(2n−k))
///   on average, about 1 − 2^−k.
///
/// Balls are closed (≤): where k + 1 points coincide, an exact copy still lies in their ball of radius 0. prdc has open balls,
/// which differ for such ties only. Where more than k real points lie within a ball because of ties, density and coverage count a
/// fake point at its radius as random tie-breaking among them would on average.
///
/// The standard error is the spread of 8 half-samples of both sides (four deals in two), so that it holds the choice of the balls as well
/// as that of the points they are held against; it is known to about a quarter of itself, and at least the binomial one. None is given where a half has no more than k
/// points.
///
/// # Complexity
/// O(n log n) in few dimensions, O(n m) vector operations in many, and two to four times that for the standard error; O(n + m) memory.
/// Parallel, same bits at any number of threads.
///
/// # References
/// Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models", NeurIPS 2019 (k = 3); Naeem et al.,
/// "Reliable fidelity and diversity metrics for generative models", ICML 2020 (k = 5, and lemma 2 for coverage at P = Q).
///
/// # Example
/// ```
/// use earthwork::metrics::Manifold;
/// use earthwork::prelude::*;
///
/// let real = Gaussian::standard(2)?.sample(500, 1)?;
/// let fake = Gaussian::standard(2)?.sample(500, 2)?;
/// let coverage = Manifold::coverage().between(&real, &fake)?;
/// assert!((coverage.value - 31.0 / 32.0).abs() < 4.0 * coverage.std_error().unwrap());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifold {
    /// Which score.
    pub score: ManifoldScore,
    /// Balls reach the k-th nearest neighbour.
    pub k: usize,
}

/// What is made of the balls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifoldScore {
    /// The share of fake points in a real ball.
    Precision,
    /// The share of real points in a fake ball.
    Recall,
    /// Real balls around a fake point, over k.
    Density,
    /// The share of real balls with a fake point in them.
    Coverage,
}

impl Manifold {
    /// Precision with k = 3.
    pub fn precision() -> Self {
        Self { score: ManifoldScore::Precision, k: 3 }
    }

    /// Recall with k = 3.
    pub fn recall() -> Self {
        Self { score: ManifoldScore::Recall, k: 3 }
    }

    /// Density with k = 5.
    pub fn density() -> Self {
        Self { score: ManifoldScore::Density, k: 5 }
    }

    /// Coverage with k = 5.
    pub fn coverage() -> Self {
        Self { score: ManifoldScore::Coverage, k: 5 }
    }

    /// Sets k, the number of neighbors.
    #[must_use]
    pub fn with_k(self, k: usize) -> Self {
        Self { k, ..self }
    }
}

impl Discrepancy for Manifold {
    fn name(&self) -> String {
        let name = match self.score {
            ManifoldScore::Precision => "precision",
            ManifoldScore::Recall => "recall",
            ManifoldScore::Density => "density",
            ManifoldScore::Coverage => "coverage",
        };
        format!("{name} (k = {})", self.k)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let sides = sides(x, y, self.k)?;
        Ok(estimates(&sides, self.k, &[self.score]).remove(0))
    }
}

/// The four scores of one k.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Prdc {
    /// The share of fake points in a real ball.
    pub precision: Estimate,
    /// The share of real points in a fake ball.
    pub recall: Estimate,
    /// Real balls around a fake point, over k.
    pub density: Estimate,
    /// The share of real balls with a fake point in them.
    pub coverage: Estimate,
}

/// Precision, recall, density and coverage of a fake sample at one k, as the package prdc (which has k = 5) gives them: see
/// [`Manifold`].
///
/// # Errors
/// When the dimensions differ, weights are of several sizes, k is 0, or a sample has no more than k points.
pub fn prdc(real: &Samples, fake: &Samples, k: usize) -> Result<Prdc> {
    let sides = sides(real, fake, k)?;
    let all = [ManifoldScore::Precision, ManifoldScore::Recall, ManifoldScore::Density, ManifoldScore::Coverage];
    let Ok([precision, recall, density, coverage]) = <[Estimate; 4]>::try_from(estimates(&sides, k, &all)) else {
        unreachable!("an estimate of each of the four");
    };
    Ok(Prdc { precision, recall, density, coverage })
}

fn sides(real: &Samples, fake: &Samples, k: usize) -> Result<Sides> {
    require("k", k as f64, k >= 1, "at least the first neighbour is needed")?;
    Sides::new(real, fake, k + 1)
}

/// How often both samples are dealt in two for the standard errors.
const DEALS: u64 = 4;

/// The scores asked for, with their standard errors.
fn estimates(sides: &Sides, k: usize, scores: &[ManifoldScore]) -> Vec<Estimate> {
    let mut balls = Balls::new(&sides.x, &sides.y, sides.dim, k);
    let values: Vec<f64> = scores.iter().map(|&score| balls.score(score)).collect();
    let errors = std_errors(sides, k, scores);
    let (n, m) = sides.sizes();
    let estimate = |(at, &score): (usize, &ManifoldScore)| {
        let method = match score {
            ManifoldScore::Precision => "fake points in real balls",
            ManifoldScore::Recall => "real points in fake balls",
            ManifoldScore::Density => "fake points in each real ball",
            ManifoldScore::Coverage => "real balls with a fake point",
        };
        // Of given balls it is binomial, which is the least there is and never 0.
        let least = match score {
            ManifoldScore::Precision => super::share(values[at] * m as f64, m as f64).1,
            ManifoldScore::Recall | ManifoldScore::Coverage => super::share(values[at] * n as f64, n as f64).1,
            ManifoldScore::Density => 0.0,
        };
        let evidence =
            errors.as_ref().map_or(Evidence::Unstated, |errors| Evidence::StandardError(errors[at].max(least)));
        let estimate = Estimate::new(values[at], evidence, method, sides.sizes());
        // Where more than k points coincide, balls are points.
        let flat = balls.radii.as_deref().unwrap_or_default().iter().filter(|&&radius| radius == 0.0).count();
        let is_noted = score != ManifoldScore::Density && flat > 0;
        if is_noted { estimate.with_note(Note::Ties { points: flat }) } else { estimate }
    };
    scores.iter().enumerate().map(estimate).collect()
}

/// The spread of the scores over half-samples, which is that of the scores (Politis, Romano & Wolf, *Subsampling*, 1999, §2.3: with half of
/// the points, without replacement, a mean varies as the mean of all). None where a half has too few points.
fn std_errors(sides: &Sides, k: usize, scores: &[ManifoldScore]) -> Option<Vec<f64>> {
    let (n, m) = sides.sizes();
    if n.min(m) / 2 <= k {
        return None;
    }
    let halves = |points: &[f64], item: u64| -> [Vec<f64>; 2] {
        let count = points.len() / sides.dim;
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut stream(0, item));
        let (first, second) = order.split_at(count / 2);
        [first, second].map(|half| half.iter().flat_map(|&i| &points[i * sides.dim..][..sides.dim]).copied().collect())
    };
    let mut found: Vec<Vec<f64>> = Vec::new();
    for deal in 0..DEALS {
        let (x, y) = (halves(&sides.x, 2 * deal), halves(&sides.y, 2 * deal + 1));
        for (x, y) in x.iter().zip(&y) {
            let mut balls = Balls::new(x, y, sides.dim, k);
            found.push(scores.iter().map(|&score| balls.score(score)).collect());
        }
    }
    let spread = |at: usize| mean_and_variance(&found.iter().map(|scores| scores[at]).collect::<Vec<_>>()).1.sqrt();
    Some((0..scores.len()).map(spread).collect())
}

/// The points of both sides, and the balls around them as far as they were asked for.
struct Balls {
    real: Tree,
    fake: Tree,
    k: usize,
    /// Squared radii of the real balls, by position, and whether more than k points lie within.
    radii: Option<Vec<f64>>,
    tied: Vec<bool>,
    /// Density and coverage.
    counted: Option<[f64; 2]>,
}

impl Balls {
    fn new(real: &[f64], fake: &[f64], dim: usize, k: usize) -> Self {
        Self { real: Tree::new(real, dim), fake: Tree::new(fake, dim), k, radii: None, tied: Vec::new(), counted: None }
    }

    fn score(&mut self, score: ManifoldScore) -> f64 {
        match score {
            ManifoldScore::Precision => self.precision(),
            ManifoldScore::Recall => self.recall(),
            ManifoldScore::Density => self.density_and_coverage()[0],
            ManifoldScore::Coverage => self.density_and_coverage()[1],
        }
    }

    fn real_radii(&mut self) {
        if self.radii.is_none() {
            let (radii, tied) = radii(&self.real, self.k);
            (self.radii, self.tied) = (Some(radii), tied);
        }
    }

    fn precision(&mut self) -> f64 {
        self.real_radii();
        let radii = self.radii.as_deref().unwrap_or_default();
        share(&self.real.covers(&self.fake, radii, Norm::Euclidean))
    }

    fn recall(&self) -> f64 {
        let (radii, _) = radii(&self.fake, self.k);
        share(&self.fake.covers(&self.real, &radii, Norm::Euclidean))
    }

    fn density_and_coverage(&mut self) -> [f64; 2] {
        if let Some(counted) = self.counted {
            return counted;
        }
        self.real_radii();
        let radii = self.radii.as_deref().unwrap_or_default();
        let closed = self.fake.count_within(&self.real, radii, true, Norm::Euclidean);
        let (n, m) = (self.real.len() as f64, self.fake.len() as f64);
        let mut counts: Vec<f64> = closed.iter().map(|&count| f64::from(count)).collect();
        let mut held: Vec<f64> = counts.iter().map(|&count| f64::from(u8::from(count > 0.0))).collect();
        if self.tied.iter().any(|&tied| tied) {
            let tied: Vec<f64> = radii.iter().zip(&self.tied).map(|(&r, &tied)| if tied { r } else { -1.0 }).collect();
            let inside = |tree: &Tree, closed| tree.count_within(&self.real, &tied, closed, Norm::Euclidean);
            let (own_open, own_closed, open) =
                (inside(&self.real, false), inside(&self.real, true), inside(&self.fake, false));
            for i in (0..counts.len()).filter(|&i| self.tied[i]) {
                // Of the real points at the radius only some are among the k nearest; of fake ones there, the same part is inside.
                let (at, taken) = (own_closed[i] - own_open[i], self.k as u32 - own_open[i]);
                let fake = closed[i] - open[i];
                counts[i] = f64::from(open[i]) + f64::from(fake) * f64::from(taken) / f64::from(at);
                if open[i] == 0 {
                    let none = (0..taken).map(|j| f64::from(at - j) / f64::from(at + fake - j)).product::<f64>();
                    held[i] = 1.0 - none;
                }
            }
        }
        // Each real ball brings n / (k m) times the fake points in it to a mean over balls.
        let density = sum(counts.iter().copied()) / (self.k as f64 * m);
        let counted = [density, sum(held.iter().copied()) / n];
        self.counted = Some(counted);
        counted
    }
}

fn share(judged: &[bool]) -> f64 {
    judged.iter().filter(|&&yes| yes).count() as f64 / judged.len() as f64
}

/// The squared distance of each point to its k-th neighbour, by position, and whether the next neighbour is as near.
fn radii(tree: &Tree, k: usize) -> (Vec<f64>, Vec<bool>) {
    let found = tree.nearest(tree, (k + 1).min(tree.len() - 1), Norm::Euclidean);
    let radius = |position: usize| found.distances(position)[k - 1];
    let tied = |position: usize| found.distances(position).get(k).is_some_and(|&next| next == radius(position));
    ((0..tree.len()).map(radius).collect(), (0..tree.len()).map(tied).collect())
}
