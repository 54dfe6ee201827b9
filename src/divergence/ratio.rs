//! Least-squares density ratios: uLSIF and RuLSIF.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::cross_fit::part;
use super::kind::{Base, Divergence};
use super::logistic::Features;
use super::notes;
use super::sides::{Sides, shuffled};
use super::structure::{Parts, Table, relative_chi_squared};
use crate::error::{Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Kind};
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::numeric::sum::mean_and_variance;

/// Pearson's χ² from a density ratio r ≈ p / (α p + (1 − α) q) that is a sum of Gaussian bells, fitted by least squares and judged
/// on held-out points.
///
/// For any function r whatever, χ²(P, α P + (1 − α) Q) ≥ 2 E_P r − α E_P r² − (1 − α) E_Q r² − 1, with equality for the ratio;
/// the fit maximises the right side over bells at points of P and is one linear system, and each of five parts is judged by a fit
/// to the others: a lower bound in expectation. Width and ridge are chosen by the same criterion inside each fit's own points.
///
/// α = 0 ([`LeastSquaresRatio::ulsif`]) is χ²(P ‖ Q). With α > 0 ([`LeastSquaresRatio::rulsif`]) the ratio is at most 1 / α, so
/// the estimate stays tame where χ² is huge or infinite: it is another divergence, at most 1 / α − 1.
///
/// O(folds · widths · (n + m) (b d + b²)) with b = 100 bells. Same seed, same bits.
///
/// # References
/// Kanamori, Hido & Sugiyama, "A least-squares approach to direct importance estimation", JMLR 10 (2009); Yamada, Suzuki, Kanamori,
/// Hachiya & Sugiyama, "Relative density-ratio estimation for robust distribution comparison", Neural Computation 25 (2013).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LeastSquaresRatio {
    /// The part of P in the denominator, 0 ≤ α < 1.
    pub alpha: f64,
    /// Most bells, at points of P; 100 by default.
    pub bells: usize,
    /// Parts that are judged by a fit to the others; 5 by default.
    pub folds: usize,
    /// Seed of the parts and of the bells; 0 by default.
    pub seed: u64,
}

/// Widths of the bells, in units of the median distance.
const WIDTHS: [f64; 5] = [0.25, 0.5, 0.75, 1.0, 1.5];
/// Ridges.
const RIDGES: [f64; 3] = [1e-2, 1e-1, 1.0];

impl LeastSquaresRatio {
    /// χ²(P ‖ Q).
    pub fn ulsif() -> Self {
        Self { alpha: 0.0, bells: 100, folds: 5, seed: 0 }
    }

    /// χ²(P ‖ ½ P + ½ Q), or with another part of P.
    pub fn rulsif(alpha: f64) -> Self {
        Self { alpha, ..Self::ulsif() }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

impl Discrepancy for LeastSquaresRatio {
    fn name(&self) -> String {
        if self.alpha == 0.0 { "χ² (uLSIF)".into() } else { format!("χ² relative to {} P (RuLSIF)", self.alpha) }
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        require("alpha", self.alpha, (0.0..1.0).contains(&self.alpha), "it must be at least 0 and below 1")?;
        require("folds", self.folds as f64, self.folds >= 2, "at least 2 folds are needed to hold points out")?;
        require("bells", self.bells as f64, self.bells >= 1, "at least one bell is needed")?;
        // The relative χ² is at most 1 / α − 1, whatever P has that Q has not.
        let divergence = if self.alpha == 0.0 { Divergence::ChiSquared } else { Divergence::JensenShannon };
        let table = Table::read(x, y)?;
        let by_counts = |counts: &[(usize, usize)]| relative_chi_squared(self.alpha, counts);
        if self.alpha > 0.0
            && let Some(found) = table.of_cells(METHOD, by_counts)
        {
            return Ok(found);
        }
        table.answered(divergence, METHOD, |parts| match parts {
            Parts::Plain(sides) => self.judged(&sides),
            Parts::Cells(_) => self.judged(&table.model(Features::Linear).expanded_in(&table)),
        })
    }
}

const METHOD: &str = "least-squares ratio";

impl LeastSquaresRatio {
    fn judged(&self, sides: &Sides) -> Result<Estimate> {
        sides.require(2 * self.folds)?;
        let (p, q) = (shuffled(&sides.x, sides.dim, self.seed, 0), shuffled(&sides.y, sides.dim, self.seed, 1));
        let folds = self.folds;
        let judged = parallel::map(folds, |fold| {
            let fit = Ratio::fitted(&part(&p, fold, folds, false), &part(&q, fold, folds, false), self);
            (fit.at(&part(&p, fold, folds, true), self.alpha), fit.at(&part(&q, fold, folds, true), self.alpha))
        });
        let at_p: Vec<f64> = judged.iter().flat_map(|(p, _)| p.iter().map(|r| 2.0 * r - self.alpha * r * r)).collect();
        let at_q: Vec<f64> = judged.iter().flat_map(|(_, q)| q.iter().map(|r| (1.0 - self.alpha) * r * r)).collect();
        let ((over_p, variance_p), (over_q, variance_q)) = (mean_and_variance(&at_p), mean_and_variance(&at_q));
        let (n, m) = sides.sizes();
        let error = (variance_p / n as f64 + variance_q / m as f64).sqrt();
        let estimate = Estimate::new((over_p - over_q - 1.0).max(0.0), Evidence::StandardError(error), METHOD, (n, m));
        let estimate = estimate.of_kind(Kind::LowerBound).with_seed(self.seed);
        if self.alpha > 0.0 {
            // At the most that χ² itself can be proven to be, P has the mass 1 / (1 + χ²) in Q.
            let unseen = 1.0 / (1.0 + notes::most_proven(Base::Power(2.0), (n, m), notes::ALONE));
            return Ok(notes::proven_below(estimate, 1.0 / (self.alpha + (1.0 - self.alpha) * unseen) - 1.0));
        }
        let estimate = notes::saturation(estimate, Divergence::ChiSquared, (n, m));
        Ok(notes::proven(estimate, Divergence::ChiSquared, (n, m)))
    }
}

/// A fitted ratio.
struct Ratio<'p> {
    centres: Vec<&'p [f64]>,
    /// −1 / (2 width²).
    exponent: f64,
    weights: DVector<f64>,
}

impl<'p> Ratio<'p> {
    fn fitted(p: &[&'p [f64]], q: &[&'p [f64]], options: &LeastSquaresRatio) -> Self {
        let centres: Vec<&[f64]> = p.iter().take(options.bells).copied().collect();
        let median = median_distance(&centres, q);
        // A quarter of the training points chooses width and ridge; the fit then uses all.
        let (cut_p, cut_q) = (p.len().div_ceil(4), q.len().div_ceil(4));
        let mut best = (f64::NEG_INFINITY, WIDTHS[3], RIDGES[0]);
        for width in WIDTHS {
            let exponent = -0.5 / (width * median).powi(2);
            let design = |rows: &[&[f64]]| bells(rows, &centres, exponent);
            let (p_in, q_in) = (design(&p[cut_p..]), design(&q[cut_q..]));
            let (p_out, q_out) = (design(&p[..cut_p]), design(&q[..cut_q]));
            let (matrix, right) = system(&p_in, &q_in, options.alpha);
            for ridge in RIDGES {
                let Some(weights) = solved(&matrix, &right, ridge) else { continue };
                let (at_p, at_q) = (&p_out * &weights, &q_out * &weights);
                let score = 2.0 * at_p.mean()
                    - options.alpha * at_p.norm_squared() / at_p.len() as f64
                    - (1.0 - options.alpha) * at_q.norm_squared() / at_q.len() as f64;
                if score > best.0 {
                    best = (score, width, ridge);
                }
            }
        }
        let exponent = -0.5 / (best.1 * median).powi(2);
        let (matrix, right) = system(&bells(p, &centres, exponent), &bells(q, &centres, exponent), options.alpha);
        let weights = solved(&matrix, &right, best.2).unwrap_or_else(|| DVector::zeros(centres.len()));
        Self { centres, exponent, weights }
    }

    /// The ratio at points: not negative, and at most 1 / α.
    fn at(&self, rows: &[&[f64]], alpha: f64) -> Vec<f64> {
        let most = if alpha > 0.0 { 1.0 / alpha } else { f64::INFINITY };
        let values = bells(rows, &self.centres, self.exponent) * &self.weights;
        values.iter().map(|r| r.clamp(0.0, most)).collect()
    }
}

/// Every bell at every point.
fn bells(rows: &[&[f64]], centres: &[&[f64]], exponent: f64) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), centres.len(), |i, j| (exponent * square(rows[i], centres[j])).exp())
}

fn square(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// The normal equations: second moments of the bells under α P + (1 − α) Q, and their means under P.
fn system(p: &DMatrix<f64>, q: &DMatrix<f64>, alpha: f64) -> (DMatrix<f64>, DVector<f64>) {
    let of_q = q.tr_mul(q) * ((1.0 - alpha) / q.nrows() as f64);
    let matrix = if alpha == 0.0 { of_q } else { of_q + p.tr_mul(p) * (alpha / p.nrows() as f64) };
    (matrix, p.row_mean().transpose())
}

fn solved(matrix: &DMatrix<f64>, right: &DVector<f64>, ridge: f64) -> Option<DVector<f64>> {
    let mut matrix = matrix.clone();
    for k in 0..matrix.nrows() {
        matrix[(k, k)] += ridge;
    }
    Some(Cholesky::new(matrix)?.solve(right))
}

/// The median distance between the centres and some points of Q; 1 where all are equal.
fn median_distance(centres: &[&[f64]], q: &[&[f64]]) -> f64 {
    let others: Vec<&[f64]> = centres.iter().chain(q.iter().take(centres.len())).copied().collect();
    let mut squares: Vec<f64> = (0..others.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| square(others[i], others[j]))
        .collect();
    if squares.is_empty() {
        return 1.0;
    }
    let middle = squares.len() / 2;
    let median = squares.select_nth_unstable_by(middle, f64::total_cmp).1.sqrt();
    if median > 0.0 { median } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;

    #[test]
    fn chi_squared_of_a_shift() {
        let normal = Gaussian::standard(2).unwrap();
        let x = normal.sample(1000, 1).unwrap();
        let shifted = |by: f64, seed: u64| {
            Samples::new(normal.sample(1000, seed).unwrap().points().view().mapv(|v| v + by)).unwrap()
        };
        // |m|² = 2 · 0.25: e^0.5 − 1.
        let found = LeastSquaresRatio::ulsif().between(&x, &shifted(0.5, 2)).unwrap();
        let truth = 0.5_f64.exp_m1();
        let error = found.std_error().unwrap();
        assert!(found.value < truth + 3.0 * error && found.value > truth - 3.0 * error - 0.1 * truth, "{found}");
        let same = LeastSquaresRatio::ulsif().between(&x, &shifted(0.0, 3)).unwrap();
        assert!(same.value.abs() < 0.1, "{same}");
        // Far apart the relative ratio is 2 on P and 0 on Q: χ² = 1.
        let far = LeastSquaresRatio::rulsif(0.5).between(&x, &shifted(100.0, 4)).unwrap();
        assert!(far.value > 0.6 && far.value <= 1.0, "{far}");
        assert_eq!(far, LeastSquaresRatio::rulsif(0.5).between(&x, &shifted(100.0, 4)).unwrap());
        assert!(LeastSquaresRatio::rulsif(1.0).between(&x, &x).is_err());
        let one = Samples::new(vec![[1.0]; 20]).unwrap();
        assert!(LeastSquaresRatio::ulsif().between(&one, &one).unwrap().value.abs() < 0.1);
    }
}
