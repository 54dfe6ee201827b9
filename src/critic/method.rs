//! How a critic is held to Lipschitz constant 1 while it is trained.

use crate::critic::net::{Activation, GradientPenalty, Reparametrisation, Rule};
use crate::error::{Error, ErrorKind, Result};

/// How a critic is held to Lipschitz constant 1 while it is trained. Only [`Control::Orthonormal`] holds it there; of the others,
/// only the constant that is measured at the end makes the value a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Control {
    /// All parameters are clamped to ±bound after each step: Arjovsky, Chintala, Bottou, "Wasserstein GAN", 2017, algorithm 1.
    Clip {
        /// 0.01 in the paper.
        bound: f64,
    },
    /// A penalty on the gradient at random points between the two sides: WGAN-GP, WGAN-LP and WGAN-div.
    Between(GradientPenalty),
    /// A penalty on the gradient around the points of the source: DRAGAN (Kodali et al., "On convergence and stability of GANs",
    /// 2017), with normal noise of this many standard deviations of the points.
    Around {
        /// The penalty.
        penalty: GradientPenalty,
        /// The spread; 0.5 in the paper.
        spread: f64,
    },
    /// λ (|f(u) − f(v)| / |u − v| − 1)² at two random points u, v between the two sides. Slopes over long distances are far below
    /// the gradients at their ends, so this bounds nothing; it is here because people use it.
    Differences {
        /// λ.
        strength: f64,
    },
    /// Matrices divided by their spectral norms: Miyato et al., "Spectral normalization for GANs", 2018.
    Spectral {
        /// Power iterations in each step; 1 in the paper.
        iterations: u32,
    },
    /// Orthonormal matrices and sorting activations: Anil, Lucas, Grosse, "Sorting out Lipschitz function approximation", 2019. The
    /// critic is 1-Lipschitz by construction.
    Orthonormal {
        /// Björck iterations in each step, from the matrices of the step before.
        iterations: u32,
    },
    /// No hold on f at all: the other potential is its c-transform within the batch, min_x (|y − x| − f(x)), and E f(x) + E f^c(y) is what
    /// grows (Mallasto, Montúfar, Gerolin, "How well do WGANs estimate the Wasserstein metric?", 2019). For [`NeuralCritic`] alone; in many
    /// dimensions the nearest point of a batch says nothing about a direction.
    ///
    /// [`NeuralCritic`]: crate::critic::NeuralCritic
    Transform,
}

impl Control {
    /// The names that [`Control::named`] reads.
    pub const NAMES: [&'static str; 9] =
        ["lp", "gp", "clip", "spectral", "bjorck", "finite-difference", "dragan", "div", "qp"];

    /// By its name on the command line: `lp`, `gp`, `clip`, `spectral`, `bjorck`, `finite-difference`, `dragan`, `div`, `qp` (the
    /// c-transform), each with its usual constants.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "lp" => Self::Between(GradientPenalty::OneSided { strength: 10.0 }),
            "gp" => Self::Between(GradientPenalty::TwoSided { strength: 10.0 }),
            "div" => Self::Between(GradientPenalty::Power { strength: 2.0, power: 6.0 }),
            "dragan" => Self::Around { penalty: GradientPenalty::TwoSided { strength: 10.0 }, spread: 0.5 },
            "clip" => Self::Clip { bound: 0.04 },
            "finite-difference" => Self::Differences { strength: 10.0 },
            "spectral" => Self::Spectral { iterations: 1 },
            "bjorck" => Self::Orthonormal { iterations: 3 },
            "qp" => Self::Transform,
            _ => {
                let why = format!(
                    "`{name}` is no way to control a critic; there are lp, gp, clip, spectral, bjorck, \
                     finite-difference, dragan, div and qp"
                );
                return Err(Error::new("method", ErrorKind::Unsupported(why.into())));
            }
        })
    }

    /// What the answer calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clip { .. } => "critic, weights clipped",
            Self::Between(GradientPenalty::TwoSided { .. }) => "critic, gradient penalty",
            Self::Between(GradientPenalty::OneSided { .. }) => "critic, one-sided gradient penalty",
            Self::Between(GradientPenalty::Power { .. }) => "critic, WGAN-div",
            Self::Around { .. } => "critic, DRAGAN",
            Self::Differences { .. } => "critic, finite-difference penalty",
            Self::Spectral { .. } => "critic, spectral normalisation",
            Self::Orthonormal { .. } => "critic, orthonormal",
            Self::Transform => "critic, c-transform",
        }
    }

    /// The name that [`Control::named`] reads, whatever its constants.
    pub fn key(self) -> &'static str {
        match self {
            Self::Clip { .. } => "clip",
            Self::Between(GradientPenalty::TwoSided { .. }) => "gp",
            Self::Between(GradientPenalty::OneSided { .. }) => "lp",
            Self::Between(GradientPenalty::Power { .. }) => "div",
            Self::Around { .. } => "dragan",
            Self::Differences { .. } => "finite-difference",
            Self::Spectral { .. } => "spectral",
            Self::Orthonormal { .. } => "bjorck",
            Self::Transform => "qp",
        }
    }

    pub(crate) fn reparametrisation(self) -> Reparametrisation {
        match self {
            Self::Spectral { iterations } => Reparametrisation::Spectral { iterations },
            Self::Orthonormal { iterations } => Reparametrisation::Orthonormal { iterations },
            _ => Reparametrisation::None,
        }
    }

    /// The activation that suits it.
    pub(crate) fn activation(self) -> Activation {
        match self {
            Self::Orthonormal { .. } => Activation::MaxMin,
            _ => Activation::LeakyRelu { slope: 0.2 },
        }
    }

    /// The optimiser that suits it, and its learning rate.
    pub(crate) fn rule(self) -> (Rule, f64) {
        match self {
            Self::Clip { .. } => (Rule::RmsProp { memory: 0.99 }, 1e-3),
            Self::Orthonormal { .. } => (Rule::Adam { beta1: 0.5, beta2: 0.99, decay: 0.0 }, 5e-3),
            _ => (Rule::Adam { beta1: 0.5, beta2: 0.9, decay: 0.0 }, 1e-3),
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        let (value, requirement) = match self {
            Self::Clip { bound } => (bound, "the bound on weights must be positive"),
            Self::Differences { strength }
            | Self::Between(
                GradientPenalty::OneSided { strength }
                | GradientPenalty::TwoSided { strength }
                | GradientPenalty::Power { strength, .. },
            ) => (strength, "a penalty's strength must be positive"),
            Self::Around { spread, .. } => (spread, "the spread must be positive"),
            Self::Spectral { iterations } | Self::Orthonormal { iterations } => {
                (f64::from(iterations), "at least one iteration is needed")
            }
            Self::Transform => return Ok(()),
        };
        if value > 0.0 && value.is_finite() {
            return Ok(());
        }
        Err(Error::new("control", ErrorKind::Parameter { value, requirement }))
    }
}
