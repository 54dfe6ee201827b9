//! An f-divergence over cells: sums over counts, with what is inside each cell.
//!
//! With P_c and Q_c the masses of cell c and p_c, q_c the laws inside it, Σ p^a q^(1−a) = Σ_c P_c^a Q_c^(1−a) S_c with S_c the same
//! sum inside, and KL = Σ_c P_c (ln P_c / Q_c + KL_c). For JS the law inside is held against the mixture P_c p_c + Q_c q_c.

use super::super::kind::Base;
use crate::numeric::special::{digamma, ln_gamma};

/// What is known about the inside of a cell: nothing differs, by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in super::super) struct Inside {
    /// The base of the two laws; for JS that with the weights of the two sides in the cell.
    pub(in super::super) value: f64,
    /// Its standard error.
    pub(in super::super) error: f64,
    /// The share of P inside that lies where Q has no points, where that makes the value a lower bound.
    pub(in super::super) outside: f64,
}

/// Points of X and Y in a cell, and what is inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    pub(super) in_x: usize,
    pub(super) in_y: usize,
    pub(super) inside: Inside,
}

/// The base and its standard error.
///
/// Powers of masses are estimated by factorial moments, logarithms by digamma functions and JS with its bias to second order taken
/// away, so that small counts bias little and a cell without points of Q is finite. The error is that of the influence of each
/// point, that of what is inside, and what is left of the second order where P = Q.
pub(super) fn combined(base: Base, cells: &[Counted]) -> (f64, f64) {
    let n = cells.iter().map(|c| c.in_x).sum::<usize>() as f64;
    let m = cells.iter().map(|c| c.in_y).sum::<usize>() as f64;
    let (mut value, mut inside) = (0.0, 0.0);
    // The derivative of the base by the mass of each cell, with the mass.
    let (mut by_p, mut by_q) = (Vec::with_capacity(cells.len()), Vec::with_capacity(cells.len()));
    for cell in cells {
        let (a, b) = (cell.in_x as f64, cell.in_y as f64);
        let (p, q) = (a / n, b / m);
        let Inside { value: within, error, .. } = cell.inside;
        match base {
            Base::Power(1.0) => {
                if a > 0.0 {
                    let log_ratio = digamma(a) - digamma(b + 1.0) + digamma(m + 1.0) - digamma(n);
                    value += p * (log_ratio + within);
                    by_p.push((p, log_ratio + within));
                }
                by_q.push((q, if b > 0.0 { -p / q } else { 0.0 }));
                inside += (p * error).powi(2);
            }
            Base::Power(order) => {
                let sum = 1.0 + (order - 1.0) * within;
                let mass = power_of_mass(a, n, order) * power_of_mass(b, m, 1.0 - order);
                value += mass * sum / (order - 1.0);
                let ratio = p / q;
                if p > 0.0 && q > 0.0 {
                    by_p.push((p, order / (order - 1.0) * ratio.powf(order - 1.0) * sum));
                    by_q.push((q, -ratio.powf(order) * sum));
                } else {
                    by_p.push((p, 0.0));
                    by_q.push((q, 0.0));
                }
                inside += (mass * error).powi(2);
            }
            Base::JensenShannon => {
                let both = p + q;
                // Of masses that were not seen nothing is known, and nothing is taken away.
                let of = |own: f64, other: f64, n: f64| if own > 0.0 { (1.0 - own) / n * other / both } else { 0.0 };
                let variance = of(p, q, n) + of(q, p, m);
                value += base.term(p, q) - 0.25 * variance + 0.5 * both * within;
                let part = |own: f64| if own > 0.0 { 0.5 * ((2.0 * own / both).ln() + within) } else { 0.0 };
                by_p.push((p, part(p)));
                by_q.push((q, part(q)));
                inside += (0.5 * both * error).powi(2);
            }
            Base::TotalVariation => {
                let (between, inside_alone) = (base.term(p, q), 0.5 * (p + q) * within);
                value += between.max(inside_alone);
                // Where what is inside decides, a change of either mass changes the value by that, whichever mass is larger.
                let by_mass =
                    |own: f64, other: f64| if inside_alone > between { within } else { (own - other).signum() };
                by_p.push((p, 0.5 * by_mass(p, q)));
                by_q.push((q, 0.5 * by_mass(q, p)));
                inside += (0.5 * (p + q) * error).powi(2);
            }
        }
    }
    if let Base::Power(order) = base
        && order != 1.0
    {
        value -= 1.0 / (order - 1.0);
    }
    let shared = cells.iter().filter(|c| c.in_x > 0 && c.in_y > 0).count().max(1) - 1;
    let second = shared as f64 / 2.0 * (curvature(base) * (1.0 / n + 1.0 / m)).powi(2);
    // Where P = Q the influences are noise, whose mean square is twice the variance that is left.
    let first = variance(&by_p) / n + variance(&by_q) / m;
    (value, ((first - second).max(second) + inside).sqrt())
}

/// The α-relative χ², Σ (1 − α)² (p − q)² / (α p + (1 − α) q) with 0 < α < 1, of counts of X and of Y, and its standard error. The bias
/// of second order is taken off.
pub(in super::super) fn relative_chi_squared(alpha: f64, counts: &[(usize, usize)]) -> (f64, f64) {
    let n = counts.iter().map(|c| c.0).sum::<usize>() as f64;
    let m = counts.iter().map(|c| c.1).sum::<usize>() as f64;
    let beta = 1.0 - alpha;
    let (mut value, mut by_p, mut by_q, mut second) = (0.0, Vec::new(), Vec::new(), 0.0);
    for &(a, b) in counts {
        let (p, q) = (a as f64 / n, b as f64 / m);
        let both = alpha * p + beta * q;
        let curvature = 2.0 * beta * beta / both.powi(3);
        let (of_p, of_q) = (curvature * q * q * p * (1.0 - p) / n, curvature * p * p * q * (1.0 - q) / m);
        value += beta * beta * (p - q).powi(2) / both - 0.5 * (of_p + of_q);
        second += 0.5 * (of_p + of_q);
        let ratio = beta * (p - q) / both;
        by_p.push((p, ratio * (2.0 * beta - alpha * ratio)));
        by_q.push((q, -beta * ratio * (2.0 + ratio)));
    }
    let cells = counts.iter().filter(|c| c.0 > 0 && c.1 > 0).count().max(2) - 1;
    // A sum of `cells` squares, of which each brings its part of the bias.
    let second = 2.0 * second * second / cells as f64;
    let first = variance(&by_p) / n + variance(&by_q) / m;
    (value.clamp(0.0, 1.0 / alpha - 1.0), (first - second).max(second).sqrt())
}

/// f″(1), which is what a small difference of P and Q is multiplied with.
fn curvature(base: Base) -> f64 {
    match base {
        Base::Power(order) => order,
        Base::JensenShannon => 0.25,
        Base::TotalVariation => 0.0,
    }
}

/// The variance of a number that takes values with these masses.
fn variance(values: &[(f64, f64)]) -> f64 {
    let mean: f64 = values.iter().map(|(mass, value)| mass * value).sum();
    values.iter().map(|(mass, value)| mass * (value - mean).powi(2)).sum()
}

/// An estimate of P^s from a count of n, without bias for whole s in 0 … n and nearly so for others: the ratio of the factorial
/// moment of the count to that of n.
fn power_of_mass(count: f64, n: f64, s: f64) -> f64 {
    if count == 0.0 && s >= 0.0 || count + 1.0 - s <= 0.0 {
        return 0.0;
    }
    (ln_gamma(count + 1.0) - ln_gamma(count + 1.0 - s) + ln_gamma(n + 1.0 - s) - ln_gamma(n + 1.0)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::divergence::Divergence;
    use crate::measure::Weights;
    use crate::numeric::stream;
    use rand::RngExt;

    /// Counts of n draws.
    fn drawn(masses: &[f64], n: usize, seed: u64) -> Vec<usize> {
        let mut random = stream(seed, 0);
        let mut counts = vec![0; masses.len()];
        for _ in 0..n {
            let mut u: f64 = random.random();
            let at = masses.iter().position(|mass| {
                u -= mass;
                u < 0.0
            });
            counts[at.unwrap_or(masses.len() - 1)] += 1;
        }
        counts
    }

    #[test]
    fn means_are_the_truth_and_errors_the_spread() {
        let (p, q) = ([0.5, 0.3, 0.15, 0.05], [0.2, 0.3, 0.3, 0.2]);
        for divergence in [
            Divergence::Kl,
            Divergence::JensenShannon,
            Divergence::SquaredHellinger,
            Divergence::ChiSquared,
            Divergence::Tsallis(1.5),
        ] {
            for (p, q) in [(p, q), (p, p)] {
                let truth = divergence.between(&Weights::new(p).unwrap(), &Weights::new(q).unwrap()).unwrap();
                let (base, _) = divergence.base().unwrap();
                let found: Vec<(f64, f64)> = (0..400)
                    .map(|seed| {
                        let (a, b) = (drawn(&p, 300, 2 * seed), drawn(&q, 200, 2 * seed + 1));
                        let cell = |(&in_x, &in_y)| Counted { in_x, in_y, inside: Inside::default() };
                        let (value, error) = combined(base, &a.iter().zip(&b).map(cell).collect::<Vec<_>>());
                        (divergence.finish(value), divergence.carried(value, error))
                    })
                    .collect();
                let mean = found.iter().map(|f| f.0).sum::<f64>() / 400.0;
                let spread = (found.iter().map(|f| (f.0 - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
                let stated = found.iter().map(|f| f.1).sum::<f64>() / 400.0;
                assert!(
                    (mean - truth).abs() < 4.0 * spread / 20.0 + 0.02 * truth,
                    "{divergence}: {mean} is not {truth}"
                );
                // At P = Q the first order of the error vanishes, and what is stated of the second is on the safe side.
                let most = if p == q { 2.0 } else { 1.33 };
                assert!(stated > 0.75 * spread && stated < most * spread, "{divergence}: {stated} for {spread}");
                let held = found.iter().filter(|f| (f.0 - truth).abs() <= 1.96 * f.1).count();
                assert!(held > 400 * 91 / 100, "{divergence}: {held} of 400 hold {truth}");
            }
        }
    }
}
