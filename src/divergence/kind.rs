//! The divergences by name, and the convex functions behind them.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result, require};

/// A divergence between two distributions P and Q with densities (or masses) p and q, in nats where it has a logarithm.
///
/// | divergence | formula | range |
/// | --- | --- | --- |
/// | `Kl` | Σ p ln(p / q) | [0, ∞]; ∞ unless q > 0 wherever p > 0 |
/// | `ReverseKl` | Σ q ln(q / p) | [0, ∞] |
/// | `JensenShannon` | ½ KL(P, M) + ½ KL(Q, M), M = (P + Q) / 2 | [0, ln 2] |
/// | `JensenShannonDistance` | its root: a metric | [0, √ln 2] |
/// | `TotalVariation` | ½ Σ \|p − q\|: a metric | [0, 1] |
/// | `SquaredHellinger` | 1 − BC, BC = Σ √(p q) | [0, 1] |
/// | `Hellinger` | its root: a metric | [0, 1] |
/// | `Bhattacharyya` | −ln BC | [0, ∞]; ∞ on disjoint supports |
/// | `ChiSquared` | Σ (p − q)² / q (Pearson) | [0, ∞]; ∞ unless q > 0 wherever p > 0 |
/// | `Renyi(a)` | ln(Σ p^a q^(1−a)) / (a − 1); −ln Q(p > 0) at a = 0, KL at 1, ln max p / q at ∞ | [0, ∞] |
/// | `Tsallis(a)` | (Σ p^a q^(1−a) − 1) / (a − 1); KL at a = 1 | [0, ∞]; at most 1 / (1 − a) for a < 1 |
///
/// Two different questions have two different answers. Two lists of masses on *one support* have an exact divergence:
/// [`Divergence::between`]. Two *samples of points* have none: as empirical measures their supports are disjoint, so KL = ∞
/// and JS = ln 2 whatever they were drawn from. What they were drawn from is estimated, by [`Knn`](super::Knn) and its siblings.
///
/// # References
/// Liese & Vajda, "On divergences and informations in statistics and information theory", IEEE Trans. Inf. Theory 52 (2006);
/// van Erven & Harremoës, "Rényi divergence and Kullback-Leibler divergence", IEEE Trans. Inf. Theory 60 (2014).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Divergence {
    /// Kullback-Leibler, KL(P ‖ Q).
    Kl,
    /// KL(Q ‖ P).
    ReverseKl,
    /// Jensen-Shannon.
    JensenShannon,
    /// The root of Jensen-Shannon.
    JensenShannonDistance,
    /// Total variation.
    TotalVariation,
    /// Squared Hellinger distance, 1 − BC.
    SquaredHellinger,
    /// Hellinger distance.
    Hellinger,
    /// Pearson's χ².
    ChiSquared,
    /// Bhattacharyya distance.
    Bhattacharyya,
    /// Rényi of this order, 0 ≤ a ≤ ∞.
    Renyi(f64),
    /// Tsallis of this order, 0 ≤ a < ∞.
    Tsallis(f64),
}

impl Divergence {
    /// Refuses an order that has no divergence.
    ///
    /// # Errors
    /// When the order of `Renyi` is negative or NaN, or that of `Tsallis` is negative, infinite or NaN.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Renyi(a) => require("order", a, a >= 0.0, "the order of a Rényi divergence is at least 0"),
            Self::Tsallis(a) => {
                let holds = a >= 0.0 && a.is_finite();
                require("order", a, holds, "the order of a Tsallis divergence is finite and at least 0")
            }
            _ => Ok(()),
        }
    }

    /// Which sum it is a function of, and whether P and Q change places. None for the Rényi divergence of order ∞, which is a
    /// maximum and no sum.
    pub(super) fn base(self) -> Option<(Base, bool)> {
        Some(match self {
            Self::Kl => (Base::Power(1.0), false),
            Self::ReverseKl => (Base::Power(1.0), true),
            Self::JensenShannon | Self::JensenShannonDistance => (Base::JensenShannon, false),
            Self::TotalVariation => (Base::TotalVariation, false),
            Self::SquaredHellinger | Self::Hellinger | Self::Bhattacharyya => (Base::Power(0.5), false),
            Self::ChiSquared => (Base::Power(2.0), false),
            Self::Renyi(f64::INFINITY) => return None,
            Self::Renyi(a) | Self::Tsallis(a) => (Base::Power(a), false),
        })
    }

    /// The divergence from the value of its [`base`](Self::base). The root of an estimate below 0 is 0.
    pub(super) fn finish(self, base: f64) -> f64 {
        match self {
            Self::JensenShannonDistance => base.max(0.0).sqrt(),
            Self::SquaredHellinger => 0.5 * base,
            Self::Hellinger => (0.5 * base).max(0.0).sqrt(),
            Self::Bhattacharyya => -(-0.5 * base).ln_1p(),
            Self::Renyi(a) if a != 1.0 => ((a - 1.0) * base).ln_1p() / (a - 1.0),
            _ => base,
        }
    }

    /// The standard error of [`finish`](Self::finish) from that of the base: by the derivative, or for a root, whose derivative at 0
    /// is infinite, by how far one error up moves it.
    pub(super) fn carried(self, base: f64, error: f64) -> f64 {
        let slope = match self {
            Self::JensenShannonDistance | Self::Hellinger => {
                return self.finish(base.max(0.0) + error) - self.finish(base);
            }
            Self::SquaredHellinger => 0.5,
            Self::Bhattacharyya => 0.5 / (1.0 - 0.5 * base),
            Self::Renyi(a) if a != 1.0 => 1.0 / ((a - 1.0) * base + 1.0),
            _ => 1.0,
        };
        error * slope.abs()
    }

    /// The largest value that it can have.
    pub fn ceiling(self) -> f64 {
        match self {
            Self::JensenShannon => std::f64::consts::LN_2,
            Self::JensenShannonDistance => std::f64::consts::LN_2.sqrt(),
            Self::TotalVariation | Self::SquaredHellinger | Self::Hellinger => 1.0,
            Self::Tsallis(a) if a < 1.0 => 1.0 / (1.0 - a),
            _ => f64::INFINITY,
        }
    }
}

/// By name: `kl`, `reverse-kl`, `js`, `js-distance`, `tv`, `hellinger`, `hellinger2` (its square), `chi2`, `bhattacharyya`,
/// `renyi:A` and `tsallis:A`.
///
/// ```
/// use earthwork::divergence::Divergence;
///
/// assert_eq!("renyi:0.5".parse::<Divergence>()?, Divergence::Renyi(0.5));
/// # Ok::<(), earthwork::Error>(())
/// ```
impl FromStr for Divergence {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        const KNOWN: &str =
            "kl, reverse-kl, js, js-distance, tv, hellinger, hellinger2, chi2, bhattacharyya, renyi:A, tsallis:A";
        let wrong = |why: String| Error::new("kind", ErrorKind::Unsupported(why.into()));
        let order = |text: &str| -> Result<f64> {
            text.parse()
                .map_err(|_| wrong(format!("`{text}` is not an order; write renyi:0.5, tsallis:2 or renyi:inf")))
        };
        let divergence = match name {
            "kl" => Self::Kl,
            "reverse-kl" => Self::ReverseKl,
            "js" => Self::JensenShannon,
            "js-distance" => Self::JensenShannonDistance,
            "tv" => Self::TotalVariation,
            "hellinger" => Self::Hellinger,
            "hellinger2" => Self::SquaredHellinger,
            "chi2" => Self::ChiSquared,
            "bhattacharyya" => Self::Bhattacharyya,
            _ => match name.split_once(':') {
                Some(("renyi", text)) => Self::Renyi(order(text)?),
                Some(("tsallis", text)) => Self::Tsallis(order(text)?),
                _ => return Err(wrong(format!("`{name}` is none of {KNOWN}"))),
            },
        };
        divergence.check()?;
        Ok(divergence)
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kl => f.write_str("KL"),
            Self::ReverseKl => f.write_str("reverse KL"),
            Self::JensenShannon => f.write_str("JS"),
            Self::JensenShannonDistance => f.write_str("√JS"),
            Self::TotalVariation => f.write_str("TV"),
            Self::SquaredHellinger => f.write_str("Hellinger²"),
            Self::Hellinger => f.write_str("Hellinger"),
            Self::ChiSquared => f.write_str("χ²"),
            Self::Bhattacharyya => f.write_str("Bhattacharyya"),
            Self::Renyi(a) => write!(f, "Rényi {a}"),
            Self::Tsallis(a) => write!(f, "Tsallis {a}"),
        }
    }
}

/// An f-divergence Σ q f(p / q) with f(1) = f′(1) = 0, so that every term is at least 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Base {
    /// f(t) = (t^a − 1 − a (t − 1)) / (a − 1): the Tsallis divergence of order a; t ln t − (t − 1) at a = 1. KL, χ² and twice
    /// the squared Hellinger distance are the orders 1, 2 and ½.
    Power(f64),
    /// f(t) = ½ (t ln(2t / (1 + t)) + ln(2 / (1 + t))).
    JensenShannon,
    /// f(t) = ½ |t − 1|.
    TotalVariation,
}

/// Gaps p − q below this part of q (or of p + q) are summed as a series, which does not cancel.
const SMALL: f64 = 0.03;

impl Base {
    /// The divergence that is this sum and nothing else.
    pub(super) fn alone(self) -> Divergence {
        match self {
            Self::Power(1.0) => Divergence::Kl,
            Self::Power(a) => Divergence::Tsallis(a),
            Self::JensenShannon => Divergence::JensenShannon,
            Self::TotalVariation => Divergence::TotalVariation,
        }
    }

    /// q f(p / q), with the limits at p = 0 and at q = 0.
    #[inline]
    pub(super) fn term(self, p: f64, q: f64) -> f64 {
        let gap = p - q;
        if gap == 0.0 {
            return 0.0;
        }
        match self {
            Self::TotalVariation => 0.5 * gap.abs(),
            Self::JensenShannon => {
                // (p + q) / 4 · ((1 + v) ln(1 + v) + (1 − v) ln(1 − v)) with v = (p − q) / (p + q).
                let v = (gap / (p + q)).abs();
                let inner = if v >= 1.0 {
                    2.0 * std::f64::consts::LN_2
                } else if v < SMALL {
                    // Σ v^(2k) / (k (2k − 1))
                    let w = v * v;
                    w * (1.0 + w * (1.0 / 6.0 + w * (1.0 / 15.0 + w * (1.0 / 28.0 + w / 45.0))))
                } else {
                    (1.0 + v) * v.ln_1p() + (1.0 - v) * (-v).ln_1p()
                };
                0.25 * (p + q) * inner
            }
            Self::Power(a) => power_term(a, p, q, gap),
        }
    }

    /// f′(t) at ln t.
    pub(super) fn slope(self, log_ratio: f64) -> f64 {
        match self {
            Self::Power(a) => a * log_of_order(a, log_ratio),
            Self::JensenShannon => 0.5 * (std::f64::consts::LN_2 - softplus(-log_ratio)),
            Self::TotalVariation => 0.5 * sign(log_ratio),
        }
    }

    /// t f′(t) − f(t) at ln t: the convex conjugate of f at f′(t).
    pub(super) fn conjugate(self, log_ratio: f64) -> f64 {
        match self {
            Self::Power(a) => (a * log_ratio).exp_m1(),
            Self::JensenShannon => -0.5 * (std::f64::consts::LN_2 - softplus(log_ratio)),
            Self::TotalVariation => 0.5 * sign(log_ratio),
        }
    }
}

/// −1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// ln(1 + e^x).
pub(super) fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// (t^(a−1) − 1) / (a − 1) at ln t, which is ln t for a = 1.
fn log_of_order(a: f64, log_ratio: f64) -> f64 {
    if a == 1.0 { log_ratio } else { ((a - 1.0) * log_ratio).exp_m1() / (a - 1.0) }
}

/// q f(p / q) for the power function of order a.
#[inline]
fn power_term(a: f64, p: f64, q: f64, gap: f64) -> f64 {
    if p == 0.0 {
        // f(0) = 1.
        return q;
    }
    if q == 0.0 {
        // f(t) / t → a / (1 − a) for a < 1.
        return if a < 1.0 { p * a / (1.0 - a) } else { f64::INFINITY };
    }
    let u = gap / q;
    if u.abs() * a.max(1.0) < SMALL {
        // q Σ_{k ≥ 2} C(a, k) / (a − 1) u^k, where C(a, 2) / (a − 1) = a / 2.
        let (mut coefficient, mut sum) = (0.5 * a, 0.0);
        let mut power = 1.0;
        for k in 2..14 {
            sum += coefficient * power;
            power *= u;
            coefficient *= (a - f64::from(k)) / f64::from(k + 1);
        }
        return gap * u * sum;
    }
    // t L(t) − (t − 1), times q.
    (p * log_of_order(a, log_of_quotient(p, q)) - gap).max(0.0)
}

/// ln(p / q) for positive numbers, also where the quotient leaves the normal range.
#[inline]
pub(super) fn log_of_quotient(p: f64, q: f64) -> f64 {
    let quotient = p / q;
    if quotient.is_normal() { quotient.ln() } else { p.ln() - q.ln() }
}
