//! Entropic transport between Gaussians.

use crate::closed_form::gaussian::require_positive;
use crate::closed_form::moments::{Moments, root, same_dimension, symmetrise};
use crate::error::Result;

/// What [`entropic_gaussian`] computes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct EntropicGaussian {
    /// min over plans of ⟨C, P⟩ + ε KL(P ‖ x ⊗ y), C = |x − y|².
    pub value: f64,
    /// ⟨C, P⟩ of the entropic plan, which is Gaussian.
    pub transport_cost: f64,
    /// KL(P ‖ x ⊗ y) of that plan, in nats: the information that the two ends have of each other.
    pub divergence_of_plan: f64,
    /// The Sinkhorn divergence: `value` less half of that from x to itself and from y to itself. At least 0.
    pub sinkhorn_divergence: f64,
}

/// Entropic transport between two Gaussians under squared Euclidean costs, with regularisation ε > 0 relative to the product.
///
/// With s_k the eigenvalues of A^½ B A^½ and D_k = (4 s_k + ε²/4)^½:
///
/// ```text
/// transport cost = |m₁ − m₂|² + tr A + tr B − Σ (D_k − ε/2)
/// divergence     = ½ Σ log (1 + (D_k − ε/2) / ε)
/// ```
///
/// evaluated without cancellation, for covariances of any rank. As ε → 0 the cost becomes W₂², as ε → ∞ that of independence.
///
/// # Errors
/// When ε is not positive, or the dimensions differ.
///
/// # References
/// Janati, Muzellec, Peyré, Cuturi, "Entropic optimal transport between unbalanced Gaussian measures has a closed form",
/// NeurIPS 2020, theorem 1 (their 2σ² is ε).
///
/// ```
/// use earthwork::closed_form::{Moments, bures_wasserstein, entropic_gaussian};
/// use earthwork::prelude::*;
///
/// let (x, y) = (Gaussian::standard(2)?, Gaussian::new([1.0, 0.0], ndarray::array![[4.0, 0.0], [0.0, 1.0]].view())?);
/// let (x, y) = (Moments::from(&x), Moments::from(&y));
/// let nearly_exact = entropic_gaussian(&x, &y, 1e-6)?;
/// assert!((nearly_exact.transport_cost - bures_wasserstein(&x, &y)?.value.powi(2)).abs() < 1e-5);
/// # Ok::<(), Error>(())
/// ```
pub fn entropic_gaussian(x: &Moments, y: &Moments, epsilon: f64) -> Result<EntropicGaussian> {
    require_positive("epsilon", epsilon)?;
    same_dimension(x, y)?;
    let (transport_cost, divergence) = plan_of(x, y, epsilon);
    let value = transport_cost + epsilon * divergence;
    let own = |side: &Moments| {
        let (cost, divergence) = plan_of(side, side, epsilon);
        cost + epsilon * divergence
    };
    let sinkhorn_divergence = (value - 0.5 * own(x) - 0.5 * own(y)).max(0.0);
    Ok(EntropicGaussian { value, transport_cost, divergence_of_plan: divergence, sinkhorn_divergence })
}

/// Transport cost and divergence of the entropic plan.
fn plan_of(x: &Moments, y: &Moments, epsilon: f64) -> (f64, f64) {
    let a = root(&x.covariance);
    let mut product = &a * &y.covariance * &a;
    symmetrise(&mut product);
    let half = 0.5 * epsilon;
    let (mut coupled, mut divergence) = (0.0, 0.0);
    for &eigenvalue in product.symmetric_eigenvalues().iter() {
        let s = eigenvalue.max(0.0);
        // D − ε/2 = 4 s / (D + ε/2).
        let excess = 4.0 * s / ((2.0 * s.sqrt()).hypot(half) + half);
        coupled += excess;
        divergence += 0.5 * (excess / epsilon).ln_1p();
    }
    let shift = (&x.mean - &y.mean).norm_squared();
    ((shift + x.trace() + y.trace() - coupled).max(0.0), divergence)
}
