//! What a side asks of its masses, and what entropic terms are measured against.

use std::fmt;

use super::share::BITS;
use crate::error::{Result, require};

/// The reference measure R of the entropic term ε Σ P log(P / R).
///
/// The two are the same where the masses total 1. For a total of M on both sides the plan is the same under either, and the objective
/// with `Product` is ε M log M below the one with `Normalised`. The Sinkhorn divergence, in which three such terms cancel, is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reference {
    /// a ⊗ b / √(m_a m_b), for total masses m_a and m_b (a ⊗ b / M where both are M): twice the masses make twice the value.
    #[default]
    Normalised,
    /// a ⊗ b, as in POT and GeomLoss.
    Product,
}

impl Reference {
    /// The name as options write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normalised => "normalized",
            Self::Product => "product",
        }
    }

    /// a ⊗ b over this reference, for masses that total `mass` on both sides.
    pub(super) fn divisor(self, mass: f64) -> f64 {
        match self {
            Self::Normalised => mass,
            Self::Product => 1.0,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a side asks of the masses that leave or reach it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Marginal {
    /// Exactly those of the sample.
    Exact,
    /// ρ KL(P 1 | a): more or less mass at a price. ρ → ∞ is `Exact`.
    KullbackLeibler(f64),
    /// ρ Σ |P 1 − a|: each unit of mass not moved costs ρ, as in partial transport.
    TotalVariation(f64),
    /// ρ/2 Σ (P 1 − a)². (Twice the masses are four times the price, under either reference.)
    Squares(f64),
}

/// A side at one ε: masses in a unit of the solver, potentials in bits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Priced(Marginal),
    /// At most its masses, at no price.
    AtMost,
}

/// x + ln x = `sum`, for x (the Wright omega function).
fn omega(sum: f64) -> f64 {
    if sum < -36.0 {
        return sum.exp();
    }
    let mut x = if sum > 1.0 { sum - sum.ln() } else { sum.exp() / (1.0 + sum.exp()) };
    for _ in 0..40 {
        let next = x * (1.0 + sum - x.ln()) / (1.0 + x);
        let done = (next - x).abs() <= 4.0 * f64::EPSILON * next;
        x = next;
        if done {
            break;
        }
    }
    x
}

/// y ln(y / x) − y + x for y = x (1 + d).
fn divergence(y: f64, x: f64) -> f64 {
    if y <= 0.0 {
        return x;
    }
    if x <= 0.0 {
        return f64::INFINITY;
    }
    let d = (y - x) / x;
    if d.abs() < 1e-3 {
        return x * d * d * (0.5 - d * (1.0 / 6.0 - d * (1.0 / 12.0 - 0.05 * d)));
    }
    y * (y.ln() - x.ln()) - (y - x)
}

impl Marginal {
    pub(super) fn check(self, side: &'static str) -> Result<()> {
        match self {
            Self::Exact => Ok(()),
            Self::KullbackLeibler(rho) | Self::TotalVariation(rho) | Self::Squares(rho) => {
                require(side, rho, rho > 0.0 && rho.is_finite(), "the price of mass must be positive and finite")
            }
        }
    }

    /// The same price for masses that are measured in `unit`, per unit.
    pub(super) fn per(self, unit: f64) -> Self {
        match self {
            Self::Squares(rho) => Self::Squares(rho * unit),
            other => other,
        }
    }
}

impl Side {
    /// The potential that a point of this mass answers with, where `met` would meet its mass: the proximal step of the price (Chizat,
    /// Peyré, Schmitzer, Vialard, "Scaling algorithms for unbalanced optimal transport problems", 2018, table 1). All in bits, `rate` to a
    /// unit of cost.
    pub(super) fn respond(self, mass: f64, met: f64, rate: f64) -> f64 {
        match self {
            Self::AtMost => met.min(0.0),
            Self::Priced(Marginal::Exact) => met,
            Self::Priced(Marginal::KullbackLeibler(rho)) => met * (rho / (rho + BITS / rate)),
            Self::Priced(Marginal::TotalVariation(rho)) => met.clamp(-rho * rate, rho * rate),
            Self::Priced(Marginal::Squares(rho)) => {
                let most = rho * mass * rate;
                if most <= 0.0 {
                    return 0.0;
                }
                // f = ρ (a − r) with r = a 2^(f − met).
                let left = omega((most - met) / BITS + (most / BITS).ln());
                if left * BITS < 0.5 * most { most - BITS * left } else { met + (left * BITS / most).log2() }
            }
        }
    }

    /// How far the answer moves with `met`, where `answer` is the answer.
    pub(super) fn slope(self, mass: f64, met: f64, answer: f64, rate: f64) -> f64 {
        match self {
            Self::AtMost => f64::from(met < 0.0),
            Self::Priced(Marginal::Exact) => 1.0,
            Self::Priced(Marginal::KullbackLeibler(rho)) => rho / (rho + BITS / rate),
            Self::Priced(Marginal::TotalVariation(rho)) => f64::from(met.abs() < rho * rate),
            Self::Priced(Marginal::Squares(rho)) => {
                let left = ((rho * mass * rate - answer) / BITS).max(0.0);
                left / (1.0 + left)
            }
        }
    }

    /// Where potentials of a point of this mass end, in bits.
    pub(super) fn range(self, mass: f64, rate: f64) -> (f64, f64) {
        match self {
            Self::AtMost => (f64::NEG_INFINITY, 0.0),
            Self::Priced(Marginal::TotalVariation(rho)) => (-rho * rate, rho * rate),
            Self::Priced(Marginal::Squares(rho)) => (f64::NEG_INFINITY, rho * mass * rate),
            Self::Priced(_) => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// What a potential (in units of cost) is worth to the dual at a point of this mass.
    pub(super) fn worth(self, mass: f64, potential: f64) -> f64 {
        match self {
            Self::AtMost => mass * potential.min(0.0),
            Self::Priced(Marginal::Exact) => mass * potential,
            Self::Priced(Marginal::KullbackLeibler(rho)) => -mass * rho * (-potential / rho).exp_m1(),
            Self::Priced(Marginal::TotalVariation(rho)) => mass * potential.min(rho),
            Self::Priced(Marginal::Squares(rho)) => {
                let most = potential.min(rho * mass);
                most * (mass - 0.5 * most / rho)
            }
        }
    }

    /// The mass that the price wants at this potential (in units of cost): the derivative of the worth.
    pub(super) fn wanted(self, mass: f64, potential: f64) -> f64 {
        match self {
            Self::Priced(Marginal::KullbackLeibler(rho)) => mass * (-potential / rho).exp().min(1e300),
            Self::Priced(Marginal::Squares(rho)) => (mass - potential / rho).max(0.0),
            Self::AtMost | Self::Priced(_) => mass,
        }
    }

    /// How fast that falls when the potential grows by ε.
    pub(super) fn yielding(self, mass: f64, potential: f64, epsilon: f64) -> f64 {
        match self {
            Self::Priced(Marginal::KullbackLeibler(rho)) => epsilon / rho * self.wanted(mass, potential),
            Self::Priced(Marginal::Squares(rho)) if potential < rho * mass => epsilon / rho,
            Self::AtMost | Self::Priced(_) => 0.0,
        }
    }

    /// What the price of moving `moved` at a point of this mass exceeds what its potential (in units of cost) is worth by: 0 where the two
    /// agree, else more. (Where masses must be met, either sign.)
    pub(super) fn gap(self, mass: f64, moved: f64, potential: f64) -> f64 {
        match self {
            Self::Priced(Marginal::KullbackLeibler(rho)) => rho * divergence(moved, self.wanted(mass, potential)),
            Self::Priced(Marginal::TotalVariation(rho)) => {
                rho * (moved - mass).abs() + (moved - mass) * potential.clamp(-rho, rho)
            }
            Self::Priced(Marginal::Squares(rho)) => {
                let wanted = mass - potential.min(rho * mass) / rho;
                0.5 * rho * (moved - wanted).powi(2) + moved * (potential - rho * mass).max(0.0)
            }
            Self::AtMost | Self::Priced(Marginal::Exact) => (moved - mass) * potential,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn omega_solves_its_equation() {
        for sum in [-800.0, -40.0, -36.1, -5.0, -1.0, 0.0, 0.9, 1.1, 3.0, 50.0, 1e5, 1e12] {
            let x = omega(sum);
            if sum > -30.0 {
                assert!((x + x.ln() - sum).abs() <= 1e-14 * sum.abs().max(1.0), "{sum}: {x}");
            }
            assert!(x >= 0.0 && x.is_finite());
        }
    }

    #[test]
    fn an_answer_is_where_the_price_wants_what_moves() {
        let rate = BITS / 0.3;
        for side in [Marginal::KullbackLeibler(0.7), Marginal::Squares(2.0)].map(Side::Priced) {
            for met in [-3000.0, -2.0, -0.1, 0.0, 0.4, 3.0, 700.0] {
                let mass = 0.8;
                let answer = side.respond(mass, met, rate);
                let moved = mass * (answer - met).exp2();
                let wanted = side.wanted(mass, answer / rate);
                assert!((moved - wanted).abs() <= 1e-11 * wanted.max(1e-3), "{side:?} {met}: {moved} and {wanted}");
                let gap = side.gap(mass, moved, answer / rate);
                assert!(gap <= 1e-12 * (1.0 + met.abs()) * moved.max(1.0), "{side:?} {met}: {gap:e}");
                let step = 1e-4;
                let slope = (side.respond(mass, met + step, rate) - answer) / step;
                assert!((slope - side.slope(mass, met, answer, rate)).abs() < 1e-3, "{side:?} {met}");
            }
        }
    }
}
