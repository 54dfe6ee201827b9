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
    /// As [`Control::Transform`], with the sides in either role, and only while the c-transforms say less than E f(x) − E f(y) does: each
    /// step goes up on the least of the three estimates (Kwon, Kim, Montúfar, Yang, "Training Wasserstein GANs without gradient
    /// penalties", 2021, algorithm 1). For `NeuralCritic` alone.
    CoTransform,
    /// The c-transform by a second network that moves points, y to y + h(y): max over f, min over h of
    /// E f(x) + E (|h(y)| − f(y + h(y))) (Dam et al., "Three-player Wasserstein GAN via amortised duality", 2019; MM and MM:R in Korotin,
    /// Kolesov, Burnaev 2022). For `NeuralCritic` alone.
    Mover {
        /// Steps of the mover for each of the critic; 12 in the benchmark of Korotin et al.
        steps: u32,
        /// Whether it moves the source. [`Critic::gradients`] are then the directions that it moves points from.
        ///
        /// [`Critic::gradients`]: crate::critic::Critic::gradients
        reversed: bool,
    },
    /// The entropic dual over two networks, E f(x) + E g(y) − ε log E exp((f(x) + g(y) − |x − y|) / ε) over all pairs of the batch: Genevay,
    /// Cuturi, Peyré, Bach, "Stochastic optimization for large-scale optimal transport", 2016, at the best constant of f; networks as in
    /// Seguy et al., "Large-scale optimal transport and mapping estimation", 2018. For `NeuralCritic` alone.
    Entropic {
        /// ε, where the points have about unit size.
        epsilon: f64,
    },
    /// The quadratic dual over two networks, with E max(f(x) + g(y) − |x − y|, 0)² / (4 ε) in its place (Seguy et al. 2018, eq. 3). For
    /// `NeuralCritic` alone.
    Quadratic {
        /// ε, where the points have about unit size.
        epsilon: f64,
    },
}

impl Control {
    /// The names that [`Control::named`] reads.
    pub const NAMES: [&'static str; 14] = [
        "lp",
        "gp",
        "clip",
        "spectral",
        "bjorck",
        "finite-difference",
        "dragan",
        "div",
        "qp",
        "cowgan",
        "mm",
        "mm-reversed",
        "entropic",
        "quadratic",
    ];

    /// By its name on the command line: `lp`, `gp`, `clip`, `spectral`, `bjorck`, `finite-difference`, `dragan`, `div`, `qp` (the
    /// c-transform), `cowgan`, `mm` and `mm-reversed` (a mover network), `entropic`, `quadratic`, each with its usual constants; the one-sided
    /// penalty has strength 20, at which W₁ comes out to 3 % where 10 gives 7 % too much.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "lp" => Self::Between(GradientPenalty::OneSided { strength: 20.0 }),
            "gp" => Self::Between(GradientPenalty::TwoSided { strength: 10.0 }),
            "div" => Self::Between(GradientPenalty::Power { strength: 2.0, power: 6.0 }),
            "dragan" => Self::Around { penalty: GradientPenalty::TwoSided { strength: 10.0 }, spread: 0.5 },
            "clip" => Self::Clip { bound: 0.04 },
            "finite-difference" => Self::Differences { strength: 10.0 },
            "spectral" => Self::Spectral { iterations: 1 },
            "bjorck" => Self::Orthonormal { iterations: 3 },
            "qp" => Self::Transform,
            "cowgan" => Self::CoTransform,
            "mm" | "mm-reversed" => Self::Mover { steps: 12, reversed: name == "mm-reversed" },
            "entropic" => Self::Entropic { epsilon: 0.05 },
            "quadratic" => Self::Quadratic { epsilon: 0.01 },
            _ => {
                let why = format!("unknown critic control `{name}`; expected one of {}", Self::NAMES.join(", "));
                return Err(Error::new("method", ErrorKind::Unsupported(why.into())));
            }
        })
    }

    /// Whether a penalty pulls gradients up to 1 as well as down.
    pub(crate) fn asks_for_slope_one(self) -> bool {
        let two_sided = |penalty| matches!(penalty, GradientPenalty::TwoSided { .. });
        match self {
            Self::Between(penalty) | Self::Around { penalty, .. } => two_sided(penalty),
            Self::Differences { .. } => true,
            _ => false,
        }
    }

    /// Whether it penalises the gradient, or the slope, at single points.
    pub(crate) fn penalises_points(self) -> bool {
        matches!(self, Self::Between(_) | Self::Around { .. } | Self::Differences { .. })
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
            Self::CoTransform => "critic, CoWGAN",
            Self::Mover { reversed: false, .. } => "critic, mover",
            Self::Mover { reversed: true, .. } => "critic, mover of the source",
            Self::Entropic { .. } => "critic, entropic dual",
            Self::Quadratic { .. } => "critic, quadratic dual",
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
            Self::CoTransform => "cowgan",
            Self::Mover { reversed: false, .. } => "mm",
            Self::Mover { reversed: true, .. } => "mm-reversed",
            Self::Entropic { .. } => "entropic",
            Self::Quadratic { .. } => "quadratic",
        }
    }

    pub(crate) fn reparametrisation(self) -> Reparametrisation {
        match self {
            Self::Spectral { iterations } => Reparametrisation::Spectral { iterations },
            Self::Orthonormal { iterations } => Reparametrisation::Orthonormal { iterations },
            _ => Reparametrisation::None,
        }
    }

    /// Whether it is a form of the dual of its own, which leaves a critic alone free and has no meaning against a generator.
    pub(crate) fn is_dual(self) -> bool {
        matches!(
            self,
            Self::Transform | Self::CoTransform | Self::Mover { .. } | Self::Entropic { .. } | Self::Quadratic { .. }
        )
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
            Self::Between(_) => (Rule::Adam { beta1: 0.5, beta2: 0.99, decay: 0.0 }, 2e-3),
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
            Self::Mover { steps, .. } => (f64::from(steps), "the mover makes at least one step"),
            Self::Entropic { epsilon } | Self::Quadratic { epsilon } => (epsilon, "ε must be positive"),
            Self::Transform | Self::CoTransform => return Ok(()),
        };
        if value > 0.0 && value.is_finite() {
            return Ok(());
        }
        Err(Error::new("control", ErrorKind::Parameter { value, requirement }))
    }
}
