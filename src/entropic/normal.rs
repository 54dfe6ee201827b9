//! Where nothing is known: the potentials that normal distributions would have.

use super::layout::{LANES, ROWS};
use super::share::BITS;

/// Potentials that lie further apart, in bits, are not those of anything like a normal distribution, which lie 50 apart where ε is a
/// tenth of a typical cost. (Of an outlier they would have few digits, and where many potentials are as good, as with two outliers in
/// one place, theirs are among the worst.)
const FAR: f64 = 96.0;

/// The potentials of the columns, in bits, for the squared distance at `rate` between two normal distributions with independent
/// coordinates, of the means and variances that the clouds have. Points come in blocks of 8 and of 16, within a block coordinate by
/// coordinate. `None` where they are too far apart. O((n + m) d).
///
/// Between Gaussians the potentials are squares, (1 − p) (x − x̄)² and (1 − q) (y − ȳ)², and a difference of the means adds a linear
/// term (Janati, Muzellec, Peyré, Cuturi, "Entropic optimal transport between unbalanced Gaussian measures has a closed form", NeurIPS
/// 2020). Completing the squares of ∫ exp((f + g − c) / ε) gives p (ε / 2σ_y² + q) = 1 = q (ε / 2σ_x² + p).
pub(super) fn potentials(
    (x, y): (&[f64], &[f64]),
    (a, b): (&[f64], &[f64]),
    dim: usize,
    rate: f64,
) -> Option<Vec<f64>> {
    let half_epsilon = 0.5 * BITS / rate;
    let (of_x, of_y) = (moments::<ROWS>(x, a, dim), moments::<LANES>(y, b, dim));
    // Mean, square and linear term of each coordinate; where all y are one, it says nothing.
    let terms = of_x.iter().zip(of_y).map(|((mean_x, var_x), (mean, var_y))| {
        let (e, ratio) = (half_epsilon / var_y, var_x / var_y);
        let p = 2.0 / (e + (e * e + 4.0 * ratio).sqrt());
        let linear = 2.0 * rate * (mean - mean_x);
        if var_y > 0.0 { (mean, rate * (1.0 - p * ratio), linear) } else { (mean, 0.0, 0.0) }
    });
    let terms: Vec<(f64, f64, f64)> = terms.collect();
    let mut g = vec![0.0; b.len()];
    for (block, g) in y.chunks_exact(dim * LANES).zip(g.as_chunks_mut::<LANES>().0) {
        for (y, (mean, square, linear)) in block.as_chunks::<LANES>().0.iter().zip(&terms) {
            for (g, y) in g.iter_mut().zip(y) {
                let w = y - mean;
                *g += w * (square * w + linear);
            }
        }
    }
    let range = g.iter().fold((0.0_f64, 0.0_f64), |(low, high), g| (low.min(*g), high.max(*g)));
    (g.iter().all(|g| g.is_finite()) && range.1 - range.0 <= FAR).then_some(g)
}

/// Mean and variance of each coordinate, for masses of total 1.
fn moments<const BLOCK: usize>(points: &[f64], masses: &[f64], dim: usize) -> Vec<(f64, f64)> {
    let mut moments = vec![(0.0, 0.0); dim];
    let blocks = || points.chunks_exact(dim * BLOCK).zip(masses.as_chunks::<BLOCK>().0);
    let sum = |of: [f64; BLOCK], masses: &[f64; BLOCK]| of.iter().zip(masses).map(|(v, a)| v * a).sum::<f64>();
    for (block, masses) in blocks() {
        for ((mean, _), of) in moments.iter_mut().zip(block.as_chunks::<BLOCK>().0) {
            *mean += sum(*of, masses);
        }
    }
    for (block, masses) in blocks() {
        for ((mean, variance), of) in moments.iter_mut().zip(block.as_chunks::<BLOCK>().0) {
            *variance += sum(of.map(|v| (v - *mean) * (v - *mean)), masses);
        }
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of a normal density on a line, in blocks, and their masses.
    fn grid(mean: f64, sd: f64) -> (Vec<f64>, Vec<f64>) {
        let steps = || (-160..160).map(|k| f64::from(k) / 20.0);
        let density: Vec<f64> = steps().map(|t| (-0.5 * t * t).exp()).collect();
        let total: f64 = density.iter().sum();
        (steps().map(|t| mean + sd * t).collect(), density.into_iter().map(|d| d / total).collect())
    }

    #[test]
    fn between_normal_densities_they_are_the_answer() {
        let ((x, a), (y, b)) = (grid(0.5, 1.0), grid(-1.0, 2.0));
        for epsilon in [8.0, 50.0, 500.0] {
            let rate = BITS / epsilon;
            let g = potentials((&x, &y), (&a, &b), 1, rate).unwrap();
            let power = |i: usize, j: usize| (g[j] - rate * (x[i] - y[j]).powi(2)).exp2();
            let sums: Vec<f64> = (0..x.len()).map(|i| (0..y.len()).map(|j| b[j] * power(i, j)).sum()).collect();
            let off = |j: usize| b[j] * ((0..x.len()).map(|i| a[i] / sums[i] * power(i, j)).sum::<f64>() - 1.0);
            let error: f64 = (0..y.len()).map(|j| off(j).abs()).sum();
            assert!(error < 1e-9, "{error} at {epsilon}");
        }
    }

    #[test]
    fn an_outlier_has_none() {
        let ((mut x, a), (y, b)) = (grid(0.0, 1.0), grid(0.0, 1.0));
        assert!(potentials((&x, &y), (&a, &b), 1, 1.0).is_some());
        x[3] = 1e200;
        // (Its mass is that of eight standard deviations, but it is far enough off.)
        assert!(potentials((&x, &y), (&a, &b), 1, 1.0).is_none());
        assert!(potentials((&y, &x), (&b, &a), 1, 1.0).is_none());
        let (one, even) = (vec![7.0; LANES], vec![1.0 / LANES as f64; LANES]);
        assert_eq!(potentials((&one, &one), (&even, &even), 1, 1.0), Some(vec![0.0; LANES]));
    }
}
