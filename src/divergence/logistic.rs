//! Logistic regression on monomials: the log ratio of two densities as a polynomial.

use nalgebra::{Cholesky, DMatrix, DVector};

/// Which monomials a log ratio is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Features {
    /// 1 and the coordinates: right where P is Q tilted, as Gaussians of equal covariance are.
    Linear,
    /// And all products of two: right for any two Gaussians. From 32 dimensions on, the squares alone.
    #[default]
    Quadratic,
}

/// From this dimension on the products of different coordinates are left out: there are more than 500.
const FULL: usize = 32;
/// Most Newton steps.
const STEPS: usize = 50;

impl Features {
    fn count(self, dim: usize) -> usize {
        match self {
            Self::Linear => 1 + dim,
            Self::Quadratic if dim >= FULL => 1 + 2 * dim,
            Self::Quadratic => 1 + dim + dim * (dim + 1) / 2,
        }
    }

    /// Appends the monomials of a point. Products of two coordinates stand for two entries of a symmetric matrix: with the factor √2 the
    /// sum of squared weights is that of the matrix, which no rotation changes.
    pub(super) fn write(self, x: &[f64], out: &mut Vec<f64>) {
        out.push(1.0);
        out.extend_from_slice(x);
        if self == Self::Quadratic {
            for (k, v) in x.iter().enumerate() {
                out.push(v * v);
                if x.len() < FULL {
                    out.extend(x[k + 1..].iter().map(|w| std::f64::consts::SQRT_2 * v * w));
                }
            }
        }
    }
}

/// A fitted log ratio.
pub(super) struct Fit {
    features: Features,
    centre: Vec<f64>,
    inverse: Vec<f64>,
    weights: DVector<f64>,
    pub(super) converged: bool,
}

/// Monomials are divided by nothing and their weights cost this much, in units of one point: separable samples then have a finite
/// fit.
const RIDGE: f64 = 1.0;

impl Fit {
    /// Fits ln p / q to points of P and Q, each side counting one half: minimises Σ log loss + ½ |w|² by Newton's method, with the
    /// columns at mean 0 and deviation 1.
    pub(super) fn new(p: &[&[f64]], q: &[&[f64]], features: Features) -> Self {
        let (centre, inverse) = scales(p, q, p[0].len());
        Self::scaled(p, q, features, centre, inverse)
    }

    /// A fit to whitened points, whose columns keep their common unit: no invertible affine map of the points before changes it.
    pub(super) fn whitened(p: &[&[f64]], q: &[&[f64]], features: Features) -> Self {
        let (centre, _) = scales(p, q, p[0].len());
        let inverse = vec![1.0; centre.len()];
        Self::scaled(p, q, features, centre, inverse)
    }

    fn scaled(p: &[&[f64]], q: &[&[f64]], features: Features, centre: Vec<f64>, inverse: Vec<f64>) -> Self {
        let dim = p[0].len();
        let mut fit =
            Self { features, centre, inverse, weights: DVector::zeros(features.count(dim)), converged: false };
        let count = fit.weights.len();
        let mut rows = Vec::with_capacity((p.len() + q.len()) * count);
        p.iter().chain(q).for_each(|x| fit.monomials(x, &mut rows));
        let total = (p.len() + q.len()) as f64;
        // +1 and −1, and what each point counts for: half of all for each side.
        let mass = |i: usize| 0.5 * total / if i < p.len() { p.len() as f64 } else { q.len() as f64 };
        let sign = |i: usize| if i < p.len() { 1.0 } else { -1.0 };
        let loss = |weights: &DVector<f64>| {
            let points = rows
                .chunks_exact(count)
                .enumerate()
                .map(|(i, row)| mass(i) * super::kind::softplus(-sign(i) * dot(row, weights.as_slice())));
            points.sum::<f64>() + 0.5 * RIDGE * weights.rows(1, count - 1).norm_squared()
        };
        let mut now = loss(&fit.weights);
        for _ in 0..STEPS {
            let mut gradient = &fit.weights * RIDGE;
            // The constant costs nothing, but a hair keeps the matrix positive definite.
            gradient[0] = 0.0;
            let mut hessian = DMatrix::identity(count, count) * RIDGE;
            hessian[(0, 0)] = 1e-9;
            for (i, row) in rows.chunks_exact(count).enumerate() {
                let chance = 1.0 / (1.0 + dot(row, fit.weights.as_slice()).exp());
                // chance is that of Q.
                let pull = if sign(i) > 0.0 { -chance } else { 1.0 - chance };
                let curvature = mass(i) * chance * (1.0 - chance);
                for (a, &v) in row.iter().enumerate() {
                    gradient[a] += mass(i) * pull * v;
                    let scaled = curvature * v;
                    for (h, &w) in hessian.column_mut(a).as_mut_slice()[a..].iter_mut().zip(&row[a..]) {
                        *h += scaled * w;
                    }
                }
            }
            // Cholesky reads the lower triangle.
            let Some(factor) = Cholesky::new(hessian) else { break };
            let step = factor.solve(&gradient);
            let slope = step.dot(&gradient);
            if slope <= 1e-10 * (1.0 + now) {
                fit.converged = true;
                break;
            }
            let mut length = 1.0;
            let next = loop {
                let tried = &fit.weights - &step * length;
                let value = loss(&tried);
                if value <= now - 1e-4 * length * slope || length < 1e-9 {
                    break (tried, value);
                }
                length *= 0.5;
            };
            (fit.weights, now) = next;
        }
        fit
    }

    fn monomials(&self, x: &[f64], out: &mut Vec<f64>) {
        let scaled: Vec<f64> = x
            .iter()
            .zip(&self.centre)
            .zip(&self.inverse)
            .map(|((x, centre), inverse)| (x - centre) * inverse)
            .collect();
        self.features.write(&scaled, out);
    }

    /// ln p / q at a point, between −50 and 50.
    pub(super) fn log_ratio(&self, x: &[f64]) -> f64 {
        let mut row = Vec::with_capacity(self.weights.len());
        self.monomials(x, &mut row);
        dot(&row, self.weights.as_slice()).clamp(-50.0, 50.0)
    }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// The means of the columns, and one over their deviations (0 where there is none).
fn scales(p: &[&[f64]], q: &[&[f64]], dim: usize) -> (Vec<f64>, Vec<f64>) {
    let total = (p.len() + q.len()) as f64;
    (0..dim)
        .map(|k| {
            let origin = p[0][k];
            let values = || p.iter().chain(q).map(|x| x[k] - origin);
            let mean = values().sum::<f64>() / total;
            let deviation = (values().map(|v| (v - mean).powi(2)).sum::<f64>() / total).sqrt();
            (origin + mean, if deviation > 0.0 { 1.0 / deviation } else { 0.0 })
        })
        .unzip()
}
