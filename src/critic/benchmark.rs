//! A critic held against the pair whose W₁ and optimal critic are known.

use ndarray::{Array1, Array2, ArrayView2};

use crate::critic::{Critic, ExactDual, Funnels, Score};
use crate::error::Result;
use crate::estimate::Estimate;

/// A function on R^d with a proven Lipschitz constant: what every critic is in the end.
pub trait Witness {
    /// f at each point; of length n.
    ///
    /// # Errors
    /// When the points have another dimension.
    fn values(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>>;

    /// ∇f at each point; of shape (n, d).
    ///
    /// # Errors
    /// As [`Witness::values`].
    fn gradients(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>>;

    /// A proven upper bound on its Lipschitz constant.
    fn lipschitz(&self) -> f64;
}

impl Witness for Critic {
    fn values(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Self::values(self, points)
    }

    fn gradients(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Self::gradients(self, points)
    }

    fn lipschitz(&self) -> f64 {
        Self::lipschitz(self)
    }
}

impl Witness for ExactDual {
    fn values(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Self::values(self, points)
    }

    fn gradients(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Self::gradients(self, points)
    }

    fn lipschitz(&self) -> f64 {
        1.0
    }
}

/// What the W₁ benchmark says of a critic.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Marks {
    /// How well its gradients at fresh points of P match the optimal ones.
    pub score: Score,
    /// E_P f − E_Q f over fresh points: the critic's own estimate of W₁, not divided by anything.
    pub raw: f64,
    /// The W₁ between P and Q, with its standard error.
    pub truth: Estimate,
    /// `raw` over the proven Lipschitz constant: a lower bound on W₁ but for the error of two means.
    pub certified: f64,
    /// That constant.
    pub lipschitz: f64,
}

impl Marks {
    /// |raw − truth| / truth.
    pub fn relative_error(&self) -> f64 {
        (self.raw - self.truth.value).abs() / self.truth.value
    }
}

/// Points over which the true distance is averaged.
const TRUTH: usize = 100_000;

impl Funnels {
    /// Examines a critic at `n` fresh points of each side (the published tables use 4096).
    ///
    /// # Errors
    /// When `n` is 0, or the critic has another dimension.
    pub fn examine(&self, critic: &dyn Witness, n: usize, seed: u64) -> Result<Marks> {
        let (p, q) = (self.source(n, seed)?, self.target(n, !seed)?);
        let gradients = critic.gradients(p.points().view())?;
        let mean = |points: ArrayView2<'_, f64>| Ok(critic.values(points)?.mean().unwrap_or(0.0));
        let raw = mean(p.points().view())? - mean(q.points().view())?;
        Ok(Marks {
            score: self.score(p.points().view(), gradients.view()),
            raw,
            truth: self.distance(TRUTH, seed)?,
            certified: raw / critic.lipschitz(),
            lipschitz: critic.lipschitz(),
        })
    }
}
