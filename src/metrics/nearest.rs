//! The nearest-neighbour two-sample test.

use crate::divergence::sides::Sides;
use crate::error::Result;
use crate::estimate::{Discrepancy, Estimate, Evidence};
use crate::measure::Samples;
use crate::neighbors::nearest::{Norm, Tree};
use crate::numeric::sum::sum;

/// The leave-one-out accuracy of the nearest neighbour in telling real from fake points: the mean of its real and its fake part.
///
/// About ½ where P = Q, towards 1 as they separate, *below* ½ where fake points are copies of real ones. The parts tell which
/// ([`OneNearest::parts`]): low real and high fake accuracy is mode collapse. Where several neighbours are equally near, the share of
/// the own kind among them counts, which is what random tie-breaking gives on average. It sees small structure that mean distances miss, and soon saturates where they go on.
///
/// With n = m this is the usual pooled accuracy; else it is the balanced one, which stays at ½ where P = Q.
/// The standard error is binomial. For a p-value, [`permutation_test`](crate::estimate::resample::permutation_test).
///
/// # Complexity
/// O((n + m) log(n + m)) in few dimensions, O((n + m)²) vector operations in many; O(n + m) memory.
///
/// # References
/// Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017; Xu et al., "An empirical study on evaluation metrics of
/// generative adversarial networks", 2018.
///
/// # Example
/// ```
/// use earthwork::metrics::OneNearest;
/// use earthwork::prelude::*;
///
/// let x = Gaussian::standard(2)?.sample(200, 1)?;
/// // Copies: each point's nearest neighbour is its copy.
/// assert_eq!(OneNearest::default().between(&x, &x)?.value, 0.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OneNearest {}

/// The accuracy of [`OneNearest`] and its parts.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OneNearestParts {
    /// The mean of the two parts.
    pub accuracy: Estimate,
    /// The share of real points whose nearest neighbour is real.
    pub real: Estimate,
    /// The share of fake points whose nearest neighbour is fake.
    pub fake: Estimate,
}

impl OneNearest {
    /// The accuracy and its parts.
    ///
    /// # Errors
    /// When the dimensions differ, weights are of several sizes, or a sample has fewer than 2 points.
    pub fn parts(&self, x: &Samples, y: &Samples) -> Result<OneNearestParts> {
        let sides = Sides::new(x, y, 2)?;
        let (real, fake) = (Tree::new(&sides.x, sides.dim), Tree::new(&sides.y, sides.dim));
        let sizes = sides.sizes();
        let part = |own: &Tree, other: &Tree, method| {
            let near = own.nearest(own, 1, Norm::Euclidean);
            let across = other.nearest(own, 1, Norm::Euclidean);
            let tied = |i: usize| near.farthest(i) == across.farthest(i);
            let radii: Vec<f64> = (0..own.len()).map(|i| if tied(i) { near.farthest(i) } else { -1.0 }).collect();
            let any = radii.iter().any(|&radius| radius >= 0.0);
            let count =
                |tree: &Tree| if any { tree.count_within(own, &radii, true, Norm::Euclidean) } else { Vec::new() };
            let (same, different) = (count(own), count(other));
            let verdict = |i: usize| match near.farthest(i).total_cmp(&across.farthest(i)) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => f64::from(same[i]) / f64::from(same[i] + different[i]),
                std::cmp::Ordering::Greater => 0.0,
            };
            let (value, error) = super::share(sum((0..own.len()).map(verdict)), own.len() as f64);
            Estimate::new(value, Evidence::StandardError(error), method, sizes)
        };
        let of_real = part(&real, &fake, "real points nearest to real ones");
        let of_fake = part(&fake, &real, "fake points nearest to fake ones");
        let error = of_real.std_error().unwrap_or(0.0).hypot(of_fake.std_error().unwrap_or(0.0)) / 2.0;
        let value = 0.5 * (of_real.value + of_fake.value);
        let accuracy = Estimate::new(value, Evidence::StandardError(error), "leave-one-out nearest neighbour", sizes);
        Ok(OneNearestParts { accuracy, real: of_real, fake: of_fake })
    }
}

impl Discrepancy for OneNearest {
    fn name(&self) -> String {
        "1-NN accuracy".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        Ok(self.parts(x, y)?.accuracy)
    }
}
