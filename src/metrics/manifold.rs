//! Precision, recall, density and coverage from balls around the points.

use crate::divergence::sides::Sides;
use crate::error::{Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::measure::Samples;
use crate::neighbors::nearest::{Norm, Tree};
use crate::numeric::sum::sum;

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
/// The standard error is binomial, for the points that are judged; that the balls are random too is not in it.
///
/// # Complexity
/// O(n log n) in few dimensions, O(n m) vector operations in many; O(n + m) memory. Parallel, same bits at any number of threads.
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

    /// The same with another k.
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
        let mut balls = Balls::new(x, y, self.k)?;
        Ok(match self.score {
            ManifoldScore::Precision => balls.precision(),
            ManifoldScore::Recall => balls.recall(),
            ManifoldScore::Density => balls.density_and_coverage()[0].clone(),
            ManifoldScore::Coverage => balls.density_and_coverage()[1].clone(),
        })
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
    let mut balls = Balls::new(real, fake, k)?;
    let (precision, recall) = (balls.precision(), balls.recall());
    let [density, coverage] = balls.density_and_coverage();
    Ok(Prdc { precision, recall, density, coverage })
}

/// The points of both sides, and the balls around them as far as they were asked for.
struct Balls {
    real: Tree,
    fake: Tree,
    k: usize,
    /// Squared radii of the real balls, by position, and whether more than k points lie within.
    radii: Option<Vec<f64>>,
    tied: Vec<bool>,
}

impl Balls {
    fn new(real: &Samples, fake: &Samples, k: usize) -> Result<Self> {
        require("k", k as f64, k >= 1, "at least the first neighbour is needed")?;
        let sides = Sides::new(real, fake, k + 1)?;
        let tree = |points: &[f64]| Tree::new(points, sides.dim);
        Ok(Self { real: tree(&sides.x), fake: tree(&sides.y), k, radii: None, tied: Vec::new() })
    }

    fn sizes(&self) -> (usize, usize) {
        (self.real.len(), self.fake.len())
    }

    fn real_radii(&mut self) {
        if self.radii.is_none() {
            let (radii, tied) = radii(&self.real, self.k);
            (self.radii, self.tied) = (Some(radii), tied);
        }
    }

    fn precision(&mut self) -> Estimate {
        self.real_radii();
        let radii = self.radii.as_deref().unwrap_or_default();
        self.share(&self.real.covers(&self.fake, radii, Norm::Euclidean), "fake points in real balls")
    }

    fn recall(&self) -> Estimate {
        let (radii, _) = radii(&self.fake, self.k);
        self.share(&self.fake.covers(&self.real, &radii, Norm::Euclidean), "real points in fake balls")
    }

    fn density_and_coverage(&mut self) -> [Estimate; 2] {
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
        let factor = n / (self.k as f64 * m);
        let mean = sum(counts.iter().copied()) / n;
        let variance = sum(counts.iter().map(|count| (count - mean).powi(2))) / (n - 1.0);
        let evidence = Evidence::StandardError(factor * (variance / n).sqrt());
        let density = Estimate::new(factor * mean, evidence, "fake points in each real ball", self.sizes());
        [density, self.estimate(sum(held.iter().copied()), held.len(), "real balls with a fake point")]
    }

    fn share(&self, judged: &[bool], method: &'static str) -> Estimate {
        self.estimate(judged.iter().filter(|&&yes| yes).count() as f64, judged.len(), method)
    }

    fn estimate(&self, successes: f64, of: usize, method: &'static str) -> Estimate {
        let (value, error) = super::share(successes, of as f64);
        let estimate = Estimate::new(value, Evidence::StandardError(error), method, self.sizes());
        // Where more than k points coincide, balls are points.
        let flat = self.radii.as_deref().unwrap_or_default().iter().filter(|&&radius| radius == 0.0).count();
        if flat > 0 { estimate.with_note(Note::Ties { points: flat }) } else { estimate }
    }
}

/// The squared distance of each point to its k-th neighbour, by position, and whether the next neighbour is as near.
fn radii(tree: &Tree, k: usize) -> (Vec<f64>, Vec<bool>) {
    let found = tree.nearest(tree, (k + 1).min(tree.len() - 1), Norm::Euclidean);
    let radius = |position: usize| found.distances(position)[k - 1];
    let tied = |position: usize| found.distances(position).get(k).is_some_and(|&next| next == radius(position));
    ((0..tree.len()).map(radius).collect(), (0..tree.len()).map(tied).collect())
}
