//! A smooth first guess of the log ratio of two densities.

use std::borrow::Cow;

use nalgebra::{Cholesky, DMatrix, DVector};

use crate::divergence::kind::softplus;
use crate::numeric::parallel;

/// Points farther from the centre than this, in deviations beyond √d, are moved there before squares are taken.
const REACH: f64 = 3.5;
/// Points for each coefficient, at least.
const POINTS_EACH: usize = 8;
/// Most Newton steps.
const STEPS: usize = 25;
/// Points of one task.
const TASK: usize = 256;
/// Largest log ratio.
const LARGEST: f64 = 12.0;

/// Which monomials.
#[derive(Clone, Copy)]
enum Terms {
    Linear,
    /// And the square of the norm.
    Norm,
    /// And all squares and products of two.
    Quadratic,
}

impl Terms {
    fn count(self, dim: usize) -> usize {
        match self {
            Self::Linear => 1 + dim,
            Self::Norm => 2 + dim,
            Self::Quadratic => 1 + dim + dim * (dim + 1) / 2,
        }
    }

    fn write(self, z: &[f64], out: &mut Vec<f64>) {
        out.push(1.0);
        out.extend_from_slice(z);
        match self {
            Self::Linear => {}
            Self::Norm => out.push(z.iter().map(|v| v * v).sum()),
            Self::Quadratic => {
                for (k, v) in z.iter().enumerate() {
                    out.push(v * v);
                    // So that the sum of squared weights is that of the matrix: a rotation changes nothing.
                    out.extend(z[k + 1..].iter().map(|w| std::f64::consts::SQRT_2 * v * w));
                }
            }
        }
    }
}

/// ln p / q as a polynomial, from a logistic regression.
pub(super) struct Guess {
    dim: usize,
    terms: Terms,
    /// None where there are too few points to tell anything: 0 everywhere.
    weights: Vec<f64>,
    /// How many coefficients there are for each point they are fitted to.
    pub(super) coefficients_per_point: f64,
}

impl Guess {
    /// From points scaled to about 1 around 0, row by row.
    ///
    /// What is linear and what is quadratic are each shrunk by what chance alone would explain, so that the guess is about 0 where
    /// P = Q (James & Stein's rule on the deviance).
    pub(super) fn new(x: &[f64], y: &[f64], dim: usize) -> Self {
        let (n, m) = (x.len() / dim, y.len() / dim);
        let total = n + m;
        let room = total / POINTS_EACH;
        if room < Terms::Linear.count(dim) {
            return Self { dim, terms: Terms::Linear, weights: Vec::new(), coefficients_per_point: 0.0 };
        }
        let points: Vec<f64> =
            x.chunks_exact(dim).chain(y.chunks_exact(dim)).flat_map(|z| inside(z).into_owned()).collect();
        let of_p: Vec<bool> = (0..total).map(|i| i < n).collect();
        let level = (n as f64 / m as f64).ln();
        let share = n as f64 / total as f64;
        let nothing = total as f64 * (share * softplus(-level) + (1.0 - share) * softplus(level));
        let kept =
            |gain: f64, count: usize| if gain > 0.0 { (1.0 - count as f64 / (2.0 * gain)).max(0.0) } else { 0.0 };
        let (linear, linear_loss) = logistic(&points, dim, &of_p, Terms::Linear, level);
        let first = kept(nothing - linear_loss, dim);
        let (mut terms, mut weights): (Terms, Vec<f64>) = (
            Terms::Linear,
            linear.iter().enumerate().map(|(at, w)| first * if at == 0 { w - level } else { *w }).collect(),
        );
        if let Some(richer) = [Terms::Quadratic, Terms::Norm].into_iter().find(|terms| terms.count(dim) <= room) {
            let (all, loss) = logistic(&points, dim, &of_p, richer, level);
            let second = kept(linear_loss - loss, richer.count(dim) - Terms::Linear.count(dim));
            terms = richer;
            weights.resize(richer.count(dim), 0.0);
            for (at, (weight, all)) in weights.iter_mut().zip(all.iter()).enumerate() {
                *weight += second * (all - linear.get(at).unwrap_or(&0.0));
            }
        }
        let coefficients_per_point = weights.len() as f64 / total as f64;
        Self { dim, terms, weights, coefficients_per_point }
    }

    /// ln p / q at every point, row by row.
    pub(super) fn at(&self, points: &[f64]) -> Vec<f64> {
        let chunks: Vec<&[f64]> = points.chunks(TASK * self.dim).collect();
        let at = |rows: &[f64]| -> Vec<f64> {
            let mut monomials = Vec::with_capacity(self.weights.len());
            let value = |z: &[f64]| {
                monomials.clear();
                self.terms.write(&inside(z), &mut monomials);
                let dot = monomials.iter().zip(&self.weights).map(|(v, w)| v * w).sum::<f64>();
                dot.clamp(-LARGEST, LARGEST)
            };
            rows.chunks_exact(self.dim).map(value).collect()
        };
        parallel::map(chunks.len(), |k| at(chunks[k])).concat()
    }
}

/// The point, or the nearest at which polynomials are trusted.
fn inside(z: &[f64]) -> Cow<'_, [f64]> {
    let reach = (z.len() as f64).sqrt() + REACH;
    let norm = z.iter().map(|v| v * v).sum::<f64>().sqrt();
    if norm > reach { Cow::Owned(z.iter().map(|v| v * reach / norm).collect()) } else { Cow::Borrowed(z) }
}

/// The weights of the fitted log odds and the loss, by Newton's method on Σ log loss + ½ |w|² (the constant is free).
fn logistic(points: &[f64], dim: usize, of_p: &[bool], terms: Terms, level: f64) -> (DVector<f64>, f64) {
    let count = terms.count(dim);
    let mut rows = Vec::with_capacity(of_p.len() * count);
    points.chunks_exact(dim).for_each(|z| terms.write(z, &mut rows));
    let odds = |weights: &DVector<f64>| -> Vec<f64> {
        let dot = |row: &[f64]| row.iter().zip(weights.as_slice()).map(|(v, w)| v * w).sum();
        rows.chunks_exact(count).map(dot).collect()
    };
    let loss = |odds: &[f64]| odds.iter().zip(of_p).map(|(&t, &own)| softplus(if own { -t } else { t })).sum::<f64>();
    let penalty = |weights: &DVector<f64>| 0.5 * weights.rows(1, count - 1).norm_squared();
    let mut weights = DVector::zeros(count);
    weights[0] = level;
    let mut at = odds(&weights);
    let mut now = loss(&at) + penalty(&weights);
    for _ in 0..STEPS {
        let mut gradient = weights.clone();
        gradient[0] = 0.0;
        let mut hessian = DMatrix::identity(count, count);
        hessian[(0, 0)] = 1e-9;
        for ((row, &t), &own) in rows.chunks_exact(count).zip(&at).zip(of_p) {
            let chance = 1.0 / (1.0 + (-t).exp());
            let pull = chance - f64::from(u8::from(own));
            let curvature = chance * (1.0 - chance);
            for (a, &v) in row.iter().enumerate() {
                gradient[a] += pull * v;
                let scaled = curvature * v;
                let column = &mut hessian.column_mut(a);
                column.as_mut_slice()[a..].iter_mut().zip(&row[a..]).for_each(|(h, w)| *h += scaled * w);
            }
        }
        let Some(factor) = Cholesky::new(hessian) else { break };
        let step = factor.solve(&gradient);
        let slope = step.dot(&gradient);
        if slope <= 1e-6 {
            break;
        }
        let mut length = 1.0;
        loop {
            let tried = &weights - &step * length;
            let odds = odds(&tried);
            let value = loss(&odds) + penalty(&tried);
            if value <= now - 1e-4 * length * slope || length < 1e-6 {
                (weights, at, now) = (tried, odds, value);
                break;
            }
            length *= 0.5;
        }
    }
    let left = loss(&at);
    (weights, left)
}
