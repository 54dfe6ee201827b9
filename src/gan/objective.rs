//! What critic and generator minimise.

use crate::error::{Error, ErrorKind, Result};

/// What critic and generator minimise, as functions of the critic's outputs r on real and f on generated points. σ is the logistic
/// function, all logarithms are computed as softplus, and E is the mean over a batch.
///
/// Relativistic objectives (Jolicoeur-Martineau, "The relativistic discriminator", 2019) ask how much more real one side looks
/// than the other; with a = r − E f and b = f − E r, both means inside the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Objective {
    /// Critic E f − E r, generator −E f: Arjovsky, Chintala, Bottou, "Wasserstein GAN", 2017. Needs a
    /// [`Control`](crate::critic::Control), without which the critic has no bound.
    Wasserstein,
    /// Critic −E ln σ(r) − E ln(1 − σ(f)), generator −E ln σ(f): Goodfellow et al., "Generative adversarial nets", 2014, §3.
    NonSaturating,
    /// The critic of the non-saturating game, with the generator's loss E ln(1 − σ(f)): Goodfellow et al. 2014, eq. 1. Its gradient vanishes
    /// where the critic is sure.
    Saturating,
    /// Critic ½ E (r − 1)² + ½ E f², generator ½ E (f − 1)²: Mao et al., "Least squares GANs", 2017, eq. 9.
    LeastSquares,
    /// Critic E max(1 − r, 0) + E max(1 + f, 0), generator −E f: Lim & Ye, "Geometric GAN", 2017.
    Hinge,
    /// Critic −E ln σ(r − f) over pairs, generator −E ln σ(f − r): RSGAN.
    Relativistic,
    /// Critic −½ E ln σ(a) − ½ E ln(1 − σ(b)), generator with a and b exchanged: RaSGAN.
    RelativisticAverage,
    /// Critic ½ E (a − 1)² + ½ E (b + 1)², generator ½ E (a + 1)² + ½ E (b − 1)²: RaLSGAN.
    RelativisticLeastSquares,
    /// Critic ½ E max(1 − a, 0) + ½ E max(1 + b, 0), generator ½ E max(1 + a, 0) + ½ E max(1 − b, 0): RaHinge.
    RelativisticHinge,
}

/// A loss and its derivatives with respect to each output of the critic.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// The loss.
    pub value: f64,
    /// ∂/∂r of each real point.
    pub real: Vec<f64>,
    /// ∂/∂f of each generated point.
    pub generated: Vec<f64>,
}

/// A function of one output, and its derivative.
type Term = fn(f64) -> (f64, f64);

impl Objective {
    /// By its name: `wgan`, `ns` (non-saturating), `saturating`, `lsgan`, `hinge`, `rsgan`, `rasgan`, `ralsgan`, `rahinge`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        Self::all().into_iter().find(|objective| objective.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::all().iter().map(|objective| objective.name()).collect();
            let why = format!("unknown objective `{name}`; expected one of {}", names.join(", "));
            Error::new("objective", ErrorKind::Unsupported(why.into()))
        })
    }

    /// Every variant.
    pub fn all() -> [Self; 9] {
        [
            Self::Wasserstein,
            Self::NonSaturating,
            Self::Saturating,
            Self::LeastSquares,
            Self::Hinge,
            Self::Relativistic,
            Self::RelativisticAverage,
            Self::RelativisticLeastSquares,
            Self::RelativisticHinge,
        ]
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasserstein => "wgan",
            Self::NonSaturating => "ns",
            Self::Saturating => "saturating",
            Self::LeastSquares => "lsgan",
            Self::Hinge => "hinge",
            Self::Relativistic => "rsgan",
            Self::RelativisticAverage => "rasgan",
            Self::RelativisticLeastSquares => "ralsgan",
            Self::RelativisticHinge => "rahinge",
        }
    }

    /// What the critic minimises, given its outputs on real and on generated points.
    ///
    /// # Panics
    /// When one side is empty, or the sides of a [`Relativistic`](Self::Relativistic) one differ in length.
    pub fn critic(self, real: &[f64], generated: &[f64]) -> Loss {
        match self {
            Self::Wasserstein => apart(real, generated, |r| (-r, -1.0), |f| (f, 1.0)),
            Self::NonSaturating | Self::Saturating => {
                apart(real, generated, |r| softplus(-r, -1.0), |f| softplus(f, 1.0))
            }
            Self::LeastSquares => apart(real, generated, |r| half_square(r - 1.0), half_square),
            Self::Hinge => apart(real, generated, |r| hinge(1.0 - r, -1.0), |f| hinge(1.0 + f, 1.0)),
            Self::Relativistic => paired(real, generated, |gap| softplus(-gap, -1.0)),
            Self::RelativisticAverage => averaged(real, generated, |a| softplus(-a, -1.0), |b| softplus(b, 1.0)),
            Self::RelativisticLeastSquares => averaged(real, generated, |a| square(a - 1.0), |b| square(b + 1.0)),
            Self::RelativisticHinge => averaged(real, generated, |a| hinge(1.0 - a, -1.0), |b| hinge(1.0 + b, 1.0)),
        }
    }

    /// What the generator minimises.
    ///
    /// # Panics
    /// As [`Objective::critic`].
    pub fn generator(self, real: &[f64], generated: &[f64]) -> Loss {
        let nothing: Term = |_| (0.0, 0.0);
        match self {
            Self::Wasserstein | Self::Hinge => apart(real, generated, nothing, |f| (-f, -1.0)),
            Self::NonSaturating => apart(real, generated, nothing, |f| softplus(-f, -1.0)),
            Self::Saturating => apart(real, generated, nothing, |f| {
                let (value, slope) = softplus(f, 1.0);
                (-value, -slope)
            }),
            Self::LeastSquares => apart(real, generated, nothing, |f| half_square(f - 1.0)),
            Self::Relativistic => paired(real, generated, |gap| softplus(gap, 1.0)),
            Self::RelativisticAverage => averaged(real, generated, |a| softplus(a, 1.0), |b| softplus(-b, -1.0)),
            Self::RelativisticLeastSquares => averaged(real, generated, |a| square(a + 1.0), |b| square(b - 1.0)),
            Self::RelativisticHinge => averaged(real, generated, |a| hinge(1.0 + a, 1.0), |b| hinge(1.0 - b, -1.0)),
        }
    }

    /// Whether the generator's loss depends on the critic's outputs on real points.
    pub(super) fn compares(self) -> bool {
        matches!(
            self,
            Self::Relativistic | Self::RelativisticAverage | Self::RelativisticLeastSquares | Self::RelativisticHinge
        )
    }
}

/// ln(1 + eᵘ), and its derivative times that of u.
fn softplus(u: f64, du: f64) -> (f64, f64) {
    let small = (-u.abs()).exp();
    let logistic = if u > 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
    (u.max(0.0) + small.ln_1p(), logistic * du)
}

fn hinge(u: f64, du: f64) -> (f64, f64) {
    if u > 0.0 { (u, du) } else { (0.0, 0.0) }
}

fn square(u: f64) -> (f64, f64) {
    (u * u, 2.0 * u)
}

fn half_square(u: f64) -> (f64, f64) {
    (0.5 * u * u, u)
}

/// E φ(r) + E ψ(f).
fn apart(real: &[f64], generated: &[f64], phi: Term, psi: Term) -> Loss {
    let (a, real) = mean(real.iter().copied(), phi);
    let (b, generated) = mean(generated.iter().copied(), psi);
    Loss { value: a + b, real, generated }
}

/// E φ(r − f).
fn paired(real: &[f64], generated: &[f64], phi: Term) -> Loss {
    assert_eq!(real.len(), generated.len(), "real and generated points come in pairs");
    let (value, slopes) = mean(real.iter().zip(generated).map(|(r, f)| r - f), phi);
    let generated = slopes.iter().map(|slope| -slope).collect();
    Loss { value, real: slopes, generated }
}

/// ½ E φ(r − E f) + ½ E ψ(f − E r). Each mean takes the derivatives of the other side's terms with it.
fn averaged(real: &[f64], generated: &[f64], phi: Term, psi: Term) -> Loss {
    let average = |side: &[f64]| side.iter().sum::<f64>() / side.len() as f64;
    let (mean_real, mean_generated) = (average(real), average(generated));
    let (a, mut on_real) = mean(real.iter().map(|r| r - mean_generated), phi);
    let (b, mut on_generated) = mean(generated.iter().map(|f| f - mean_real), psi);
    let (total_real, total_generated) = (on_real.iter().sum::<f64>(), on_generated.iter().sum::<f64>());
    on_real.iter_mut().for_each(|d| *d = 0.5 * (*d - total_generated / real.len() as f64));
    on_generated.iter_mut().for_each(|d| *d = 0.5 * (*d - total_real / generated.len() as f64));
    Loss { value: 0.5 * (a + b), real: on_real, generated: on_generated }
}

/// The mean of a term, and its derivatives.
fn mean(values: impl ExactSizeIterator<Item = f64>, term: Term) -> (f64, Vec<f64>) {
    let n = values.len() as f64;
    let mut total = 0.0;
    let slopes = values
        .map(|value| {
            let (value, slope) = term(value);
            total += value;
            slope / n
        })
        .collect();
    (total / n, slopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: [f64; 4] = [0.3, -1.2, 2.5, 0.9];
    const GENERATED: [f64; 4] = [-0.7, 1.6, 0.2, -2.1];

    #[test]
    fn derivatives_are_those_of_differences() {
        for objective in Objective::all() {
            for of in [Objective::critic, Objective::generator] {
                let loss = of(objective, &REAL, &GENERATED);
                for k in 0..4 {
                    let at = |real: f64, generated: f64| {
                        let (mut r, mut f) = (REAL, GENERATED);
                        r[k] += real;
                        f[k] += generated;
                        of(objective, &r, &f).value
                    };
                    let h = 1e-6;
                    let real = (at(h, 0.0) - at(-h, 0.0)) / (2.0 * h);
                    let generated = (at(0.0, h) - at(0.0, -h)) / (2.0 * h);
                    assert!((loss.real[k] - real).abs() < 1e-9, "{objective:?}: {} is not {real}", loss.real[k]);
                    assert!((loss.generated[k] - generated).abs() < 1e-9, "{objective:?}: {generated}");
                }
            }
        }
    }

    #[test]
    fn values_are_those_of_the_papers() {
        let logistic = |u: f64| 1.0 / (1.0 + (-u).exp());
        let mean = |terms: [f64; 4]| terms.iter().sum::<f64>() / 4.0;
        let (mr, mf) = (mean(REAL), mean(GENERATED));
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} is not {b}");
        let critic = |objective: Objective| objective.critic(&REAL, &GENERATED).value;
        let generator = |objective: Objective| objective.generator(&REAL, &GENERATED).value;
        near(critic(Objective::Wasserstein), mf - mr);
        near(generator(Objective::Wasserstein), -mf);
        let sure = -mean(REAL.map(|r| logistic(r).ln())) - mean(GENERATED.map(|f| (1.0 - logistic(f)).ln()));
        near(critic(Objective::Saturating), sure);
        near(critic(Objective::NonSaturating), sure);
        near(generator(Objective::Saturating), mean(GENERATED.map(|f| (1.0 - logistic(f)).ln())));
        near(generator(Objective::NonSaturating), -mean(GENERATED.map(|f| logistic(f).ln())));
        let pairs = [0, 1, 2, 3].map(|k| REAL[k] - GENERATED[k]);
        near(critic(Objective::Relativistic), -mean(pairs.map(|d| logistic(d).ln())));
        near(generator(Objective::Relativistic), -mean(pairs.map(|d| logistic(-d).ln())));
        let (a, b) = (REAL.map(|r| r - mf), GENERATED.map(|f| f - mr));
        let average = -0.5 * mean(a.map(|a| logistic(a).ln())) - 0.5 * mean(b.map(|b| (1.0 - logistic(b)).ln()));
        near(critic(Objective::RelativisticAverage), average);
        let squares = 0.5 * mean(a.map(|a| (a - 1.0).powi(2))) + 0.5 * mean(b.map(|b| (b + 1.0).powi(2)));
        near(critic(Objective::RelativisticLeastSquares), squares);
    }

    #[test]
    fn sure_critics_overflow_nothing() {
        for objective in Objective::all() {
            for (r, f) in [(1e4, -1e4), (-1e4, 1e4)] {
                for loss in [objective.critic(&[r; 3], &[f; 3]), objective.generator(&[r; 3], &[f; 3])] {
                    assert!(loss.value.is_finite() && loss.generated.iter().all(|d| d.is_finite()), "{objective:?}");
                }
            }
        }
        // The claim about saturation, in one line: the critic is sure, and one generator learns nothing.
        let slope = |objective: Objective| objective.generator(&[20.0], &[-20.0]).generated[0].abs();
        assert!(slope(Objective::Saturating) < 1e-8 && slope(Objective::NonSaturating) > 0.99);
    }

    #[test]
    fn names_lead_back() {
        for objective in Objective::all() {
            assert_eq!(Objective::named(objective.name()).unwrap(), objective);
        }
        assert!(Objective::named("dcgan").unwrap_err().to_string().contains("expected one of wgan, ns"));
    }
}
