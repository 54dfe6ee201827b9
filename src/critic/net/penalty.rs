//! What is held against the norm of a gradient.

/// A penalty on the norm s of the input gradient of a critic.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum GradientPenalty {
    /// λ (s − 1)²: Gulrajani et al., "Improved training of Wasserstein GANs", 2017, eq. 3.
    TwoSided {
        /// λ; 10 in the paper.
        strength: f64,
    },
    /// λ max(s − 1, 0)²: Petzka, Fischer, Lukovnicov, "On the regularization of Wasserstein GANs", 2018, eq. 8.
    OneSided {
        /// λ; 10 is a good value, 5 in the paper's toys.
        strength: f64,
    },
    /// k s^p: Wu et al., "Wasserstein divergence for GANs", 2018, eq. 8. The critic's value is then a divergence, not W₁.
    Power {
        /// k; 2 in the paper.
        strength: f64,
        /// p; 6 in the paper.
        power: f64,
    },
}

impl GradientPenalty {
    /// The penalty at norm `s` ≥ 0, and its derivative.
    pub fn at(self, s: f64) -> (f64, f64) {
        match self {
            Self::TwoSided { strength } => (strength * (s - 1.0).powi(2), 2.0 * strength * (s - 1.0)),
            Self::OneSided { strength } => {
                let over = (s - 1.0).max(0.0);
                (strength * over * over, 2.0 * strength * over)
            }
            Self::Power { strength, power } => (strength * s.powf(power), strength * power * s.powf(power - 1.0)),
        }
    }
}
