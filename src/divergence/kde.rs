//! Kernel density estimates.

use super::kind::{Base, Divergence};
use super::notes;
use super::sides::{Sides, in_order};
use super::structure::{self, Core, Inside};
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Discrepancy, Estimate};
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::numeric::sum::mean_and_variance;

/// A divergence from two kernel density estimates, a point left out of the density at its own place.
///
/// p̂ and q̂ are sums of Gaussian bells around the points, with the deviation of each column times Silverman's factor
/// (4 / ((d + 2) n))^(1 / (d + 4)). With t = ln p̂ / q̂, KL is the mean of t over X; orders a are means of exp((a − 1) t) over X; JS
/// and TV are means over both samples. Consistent for bandwidths that shrink slowly, usable up to about d = 3; where P reaches
/// beyond Q the tails of the bells decide. The standard error is that of the influence of each point, on the mean and on the densities;
/// it knows nothing of the smoothing bias.
/// O((n + m)² d) time, O(n + m) memory, parallel.
///
/// Reference: Silverman, *Density Estimation for Statistics and Data Analysis*, 1986, §3.4 and §4.3.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Kde {
    /// What to estimate: anything but the Rényi divergence of order ∞.
    pub divergence: Divergence,
    /// What the bandwidth is multiplied with; 1 by default.
    pub bandwidth: f64,
}

impl Kde {
    /// Any divergence, Silverman's bandwidth.
    pub fn new(divergence: Divergence) -> Self {
        Self { divergence, bandwidth: 1.0 }
    }

    /// Multiplies the bandwidth by a factor.
    #[must_use]
    pub fn with_bandwidth(self, factor: f64) -> Self {
        Self { bandwidth: factor, ..self }
    }
}

impl Discrepancy for Kde {
    fn name(&self) -> String {
        format!("{} (KDE)", self.divergence)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.divergence.check()?;
        let positive = self.bandwidth > 0.0 && self.bandwidth.is_finite();
        require("bandwidth", self.bandwidth, positive, "it must be positive and finite")?;
        if self.divergence.base().is_none() {
            let why = "densities give no maximum of p / q; choose a finite order";
            return Err(Error::new("divergence", ErrorKind::Unsupported(why.into())));
        }
        structure::estimate(x, y, self.divergence, self)
    }
}

impl Core for Kde {
    fn method(&self) -> &'static str {
        "kernel density"
    }

    fn least(&self) -> usize {
        3
    }

    fn splits(&self, base: Base) -> bool {
        matches!(base, Base::Power(_))
    }

    fn inside(&self, base: Base, sides: Sides) -> Result<Inside> {
        let divergence = base.alone();
        let found = Self { divergence, ..*self }.whole(sides)?;
        Ok(Inside { value: found.value, error: found.std_error().unwrap_or(f64::INFINITY), ..Inside::default() })
    }

    /// Of points that fill their dimensions and do not repeat.
    fn whole(&self, sides: Sides) -> Result<Estimate> {
        let Some((base, swapped)) = self.divergence.base() else { unreachable!("refused before") };
        let sizes = sides.sizes();
        let sides = if swapped { sides.swapped() } else { sides };
        let dim = sides.dim;
        let p = Bells::around("x", &sides.x, dim, self.bandwidth)?;
        let q = Bells::around("y", &sides.y, dim, self.bandwidth)?;
        let at_x = log_ratios(&sides.x, &p, &q, true);
        let two_sided = !matches!(base, Base::Power(_));
        let at_y = if two_sided { log_ratios(&sides.y, &p, &q, false) } else { Vec::new() };
        // What each point adds, and how that moves with its log ratio.
        let (mut of_x, moves_x): (Vec<f64>, Vec<f64>) = at_x.iter().map(|&t| at_point_of_p(base, t)).unzip();
        let (mut of_y, moves_y) = if two_sided {
            at_y.iter().map(|&t| (-base.conjugate(t), -0.5 * logistic(t) * smooth(base))).unzip()
        } else {
            (vec![0.0; q.len()], Vec::new())
        };
        let value = mean_and_variance(&of_x).0 + mean_and_variance(&of_y).0;
        // Each point also moves the densities at the others.
        let (n, m) = (p.len() as f64, q.len() as f64);
        p.credit(&mut of_x, &sides.x, &moves_x, true, 1.0);
        q.credit(&mut of_y, &sides.x, &moves_x, false, -m / n);
        if two_sided {
            p.credit(&mut of_x, &sides.y, &moves_y, false, n / m);
            q.credit(&mut of_y, &sides.y, &moves_y, true, -1.0);
        }
        let variance = mean_and_variance(&of_x).1 / n + mean_and_variance(&of_y).1 / m;
        let estimate = structure::finished(self.divergence, value, variance.sqrt(), self.method(), sizes)?;
        let of_base = in_order(sizes, swapped);
        let outside = at_x.iter().filter(|&&t| t > notes::out_of_support(of_base.1)).count();
        let estimate = notes::saturation(estimate, self.divergence, of_base);
        Ok(notes::mismatch(estimate, outside as f64 / at_x.len() as f64))
    }
}

/// What a point of X adds at the log ratio t, and the derivative of that.
fn at_point_of_p(base: Base, t: f64) -> (f64, f64) {
    match base {
        Base::Power(1.0) => (t, 1.0),
        Base::Power(a) => (((a - 1.0) * t).exp_m1() / (a - 1.0), ((a - 1.0) * t).exp()),
        _ => (base.slope(t), 0.5 * logistic(-t) * smooth(base)),
    }
}

/// 1 / (1 + e^−t).
fn logistic(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

/// Whether the terms move with the densities: those of the total variation are steps.
fn smooth(base: Base) -> f64 {
    f64::from(u8::from(base == Base::JensenShannon))
}

/// Gaussian bells around points, in coordinates in which each has deviation 1.
struct Bells {
    points: Vec<f64>,
    inverse: Vec<f64>,
    /// ln of the height of one bell over the number of points.
    log_height: f64,
    dim: usize,
}

impl Bells {
    fn around(side: &'static str, points: &[f64], dim: usize, factor: f64) -> Result<Self> {
        let n = (points.len() / dim) as f64;
        let d = dim as f64;
        let silverman = (4.0 / ((d + 2.0) * n)).powf(1.0 / (d + 4.0));
        let mut inverse = Vec::with_capacity(dim);
        for k in 0..dim {
            let column: Vec<f64> = points.iter().skip(k).step_by(dim).copied().collect();
            let deviation = mean_and_variance(&column).1.sqrt();
            if deviation == 0.0 {
                let why = format!("all its points have the same coordinate {k}, so there is no bandwidth for it");
                return Err(Error::new(side, ErrorKind::Unsupported(why.into())));
            }
            inverse.push(1.0 / (factor * silverman * deviation));
        }
        let log_height = inverse.iter().map(|h| h.ln()).sum::<f64>() - 0.5 * d * std::f64::consts::TAU.ln();
        Ok(Self { points: points.to_vec(), inverse, log_height, dim })
    }

    fn len(&self) -> usize {
        self.points.len() / self.dim
    }

    /// Adds to the points of the bells `factor` times their part in the density at each of `at`, times how much is moved by it there.
    fn credit(&self, to: &mut [f64], at: &[f64], moves: &[f64], own: bool, factor: f64) {
        let rows: Vec<&[f64]> = at.chunks_exact(self.dim).collect();
        let log_densities = parallel::map_with(rows.len(), Vec::new, |exponents, i| {
            self.log_density(rows[i], own.then_some(i), exponents)
        });
        let others = (self.len() - usize::from(own)) as f64;
        parallel::chunks_mut(to, 1, |j, to| {
            let bell = &self.points[j * self.dim..][..self.dim];
            let mut total = 0.0;
            for (i, x) in rows.iter().enumerate() {
                if !(own && i == j) {
                    let part = (self.exponent(x, bell) + self.log_height - log_densities[i]).exp() / others;
                    total += moves[i] * part;
                }
            }
            to[0] += factor * total;
        });
    }

    fn exponent(&self, x: &[f64], bell: &[f64]) -> f64 {
        -0.5 * x.iter().zip(bell).zip(&self.inverse).map(|((x, y), h)| ((x - y) * h).powi(2)).sum::<f64>()
    }

    /// ln of the density at `x`, without the point `left_out`.
    fn log_density(&self, x: &[f64], left_out: Option<usize>, exponents: &mut Vec<f64>) -> f64 {
        exponents.clear();
        exponents.extend(self.points.chunks_exact(self.dim).map(|point| self.exponent(x, point)));
        if let Some(i) = left_out {
            exponents.swap_remove(i);
        }
        let largest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = exponents.iter().map(|e| (e - largest).exp()).sum();
        largest + total.ln() + self.log_height - (exponents.len() as f64).ln()
    }
}

/// ln p̂ / q̂ at points of one of the two samples, each left out of its own density.
fn log_ratios(points: &[f64], p: &Bells, q: &Bells, of_p: bool) -> Vec<f64> {
    let rows: Vec<&[f64]> = points.chunks_exact(p.dim).collect();
    parallel::map_with(rows.len(), Vec::new, |exponents, i| {
        let x = rows[i];
        let (in_p, in_q) = if of_p { (Some(i), None) } else { (None, Some(i)) };
        p.log_density(x, in_p, exponents) - q.log_density(x, in_q, exponents)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;

    #[test]
    fn estimates_are_near_the_truth_for_a_shift() {
        let normal = Gaussian::standard(1).unwrap();
        let x = normal.sample(1500, 1).unwrap();
        let y = Samples::new(normal.sample(1500, 2).unwrap().points().view().mapv(|v| v + 1.0)).unwrap();
        for (divergence, truth) in [
            (Divergence::Kl, 0.5),
            (Divergence::JensenShannon, 0.111_421),
            (Divergence::TotalVariation, 0.382_92),
            (Divergence::SquaredHellinger, 0.117_503),
        ] {
            let found = Kde::new(divergence).between(&x, &y).unwrap();
            // Smoothing adds h² to both variances: about a tenth of the value here.
            assert!((found.value - truth).abs() < 0.12 * truth + 4.0 * found.std_error().unwrap(), "{found}");
        }
        let far = Samples::new(x.points().view().mapv(|v| v + 1e3)).unwrap();
        let kl = Kde::new(Divergence::Kl).between(&x, &far).unwrap();
        assert!(kl.value.is_finite() && !kl.notes.is_empty(), "{kl}");
        // An atom has no density; the masses say what there is to say.
        let one = Samples::new(vec![[1.0]; 5]).unwrap();
        assert_eq!(Kde::new(Divergence::Kl).between(&one, &x).unwrap().value, f64::INFINITY);
        assert_eq!(Kde::new(Divergence::SquaredHellinger).between(&one, &x).unwrap().value, 1.0);
    }
}
