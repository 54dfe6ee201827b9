//! Bounds from a classifier, on points that it has not seen.

use super::cross_fit::{held_out, largest_shown};
use super::kind::{Base, Divergence};
use super::logistic::{Features, Fit};
use super::notes;
use super::sides::{Sides, in_order};
use super::structure::{Parts, Table};
use crate::error::{Error, ErrorKind, Result, require};
use crate::estimate::{Discrepancy, Estimate, Evidence, Kind, Note};
use crate::measure::Samples;
use crate::numeric::sum::mean_and_variance;

/// A divergence from a logistic regression T ≈ ln p / q, judged on points that it was not fitted to.
///
/// Each of `folds` parts is judged by a fit to the others. For any function T whatever,
///
/// ```text
/// D_f(P, Q) ≥ E_P f′(e^T) − E_Q f*(f′(e^T)),
/// ```
///
/// with equality for T = ln p / q, so the mean over unseen points is a lower bound in expectation. For JS it is ln 2 minus the cross
/// entropy of the classifier, for TV twice its balanced accuracy minus 1, for KL the bound of Nguyen, Wainwright & Jordan.
/// It can be no better than the classifier: with quadratic features it is sharp for Gaussians and blind to what two samples with the
/// same first two moments differ in. Where the two overlap little, the variance of the KL bounds grows like e^KL;
/// ratios that m points of Q cannot show, (p / q)^a above m, are cut, so that no error is larger than what is bounded.
///
/// A bound below 0 is given as 0, with the error that it had. Columns that are constant or follow from others are left out; levels and
/// atoms enter by indicators, with products where the points show that they matter. Where mass of P sits on levels that Q never takes,
/// KL and its kin are infinite.
///
/// Good for JS in more than four dimensions. O(folds · steps · (n + m) F²) with F features, about d² / 2. Same seed, same bits.
///
/// # Example
/// ```
/// use earthwork::divergence::{Classifier, Divergence};
/// use earthwork::prelude::*;
///
/// let x = Gaussian::standard(10)?.sample(500, 1)?;
/// let y = Gaussian::standard(10)?.sample(500, 2)?;
/// let js = Classifier::new(Divergence::JensenShannon).between(&x, &y)?;
/// // Nothing to find: the bound says no more than 0.
/// assert!(js.value <= 0.02);
/// # Ok::<(), Error>(())
/// ```
///
/// # References
/// Nguyen, Wainwright & Jordan, "Estimating divergence functionals and the likelihood ratio by convex risk minimization", IEEE
/// Trans. Inf. Theory 56 (2010); Donsker & Varadhan 1975, as in Belghazi et al., "Mutual information neural estimation", ICML
/// 2018; Song & Ermon, "Understanding the limitations of variational mutual information estimators", ICLR 2020 (the variance).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Classifier {
    /// What to bound: anything but the Rényi divergence of order ∞.
    pub divergence: Divergence,
    /// Which of the formulas; the variational bound by default.
    pub formula: Formula,
    /// What the log ratio is made of; quadratic by default.
    pub features: Features,
    /// Parts that are judged by a fit to the others; 5 by default.
    pub folds: usize,
    /// Seed of the parts; 0 by default.
    pub seed: u64,
}

/// What is made of the log ratios at unseen points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Formula {
    /// E_P f′(e^T) − E_Q f*(f′(e^T)), for any divergence. For KL: E_P T + 1 − E_Q e^T.
    #[default]
    Variational,
    /// E_P T − ln E_Q e^T, for KL and reverse KL: nearer to the truth than the variational bound, and too large by about half the
    /// relative variance of the mean.
    DonskerVaradhan,
    /// E_P T, for KL and reverse KL: no bound.
    PlugIn,
}

impl Classifier {
    /// Any divergence by the variational bound, quadratic features, five folds.
    pub fn new(divergence: Divergence) -> Self {
        Self { divergence, formula: Formula::Variational, features: Features::Quadratic, folds: 5, seed: 0 }
    }

    /// Sets the formula of the bound.
    #[must_use]
    pub fn with_formula(self, formula: Formula) -> Self {
        Self { formula, ..self }
    }

    /// Sets the features of the classifier.
    #[must_use]
    pub fn with_features(self, features: Features) -> Self {
        Self { features, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    fn check(&self) -> Result<(Base, bool)> {
        self.divergence.check()?;
        require("folds", self.folds as f64, self.folds >= 2, "at least 2 folds are needed to hold points out")?;
        let refuse = |why: &'static str| Err(Error::new("divergence", ErrorKind::Unsupported(why.into())));
        match self.divergence.base() {
            None => refuse("a classifier gives no maximum of p / q; choose a finite order"),
            Some((base, _)) if self.formula != Formula::Variational && base != Base::Power(1.0) => {
                refuse("this formula is for KL and reverse KL")
            }
            Some(found) => Ok(found),
        }
    }
}

impl Discrepancy for Classifier {
    fn name(&self) -> String {
        let formula = match self.formula {
            Formula::Variational => "classifier",
            Formula::DonskerVaradhan => "Donsker-Varadhan",
            Formula::PlugIn => "logistic ratio",
        };
        format!("{} ({formula})", self.divergence)
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        self.check()?;
        let table = Table::as_given(x, y)?;
        table.answered(self.divergence, self.method(), |parts| match parts {
            Parts::Plain(sides) => {
                sides.require(self.folds)?;
                self.judged(&sides.whitened(), |p, q| Fit::whitened(p, q, self.features))
            }
            Parts::Cells(_) => {
                let sides = table.model(self.features).expanded_in(&table);
                sides.require(self.folds)?;
                self.judged(&sides, |p, q| Fit::new(p, q, Features::Linear))
            }
        })
    }
}

impl Classifier {
    fn method(&self) -> &'static str {
        match self.formula {
            Formula::Variational => "held-out classifier",
            Formula::DonskerVaradhan => "Donsker-Varadhan bound",
            Formula::PlugIn => "logistic ratio",
        }
    }

    /// The estimate by log ratios that are fitted by `fit`.
    fn judged(&self, sides: &Sides, fit: impl Fn(&[&[f64]], &[&[f64]]) -> Fit + Sync) -> Result<Estimate> {
        let (base, swapped) = self.check()?;
        let sizes = sides.sizes();
        let swapped_sides = swapped.then(|| sides.clone().swapped());
        let sides = swapped_sides.as_ref().unwrap_or(sides);
        let (at_p, at_q, converged) = held_out(sides, self.folds, self.seed, fit);
        let (n, m) = (at_p.len() as f64, at_q.len() as f64);
        let moments = |values: Vec<f64>| mean_and_variance(&values);
        let (value, variance) = match self.formula {
            Formula::Variational => {
                let most = largest_shown(base, at_q.len());
                let (over_p, variance_p) = moments(at_p.iter().map(|&t| base.slope(t.min(most))).collect());
                let (over_q, variance_q) = moments(at_q.iter().map(|&t| base.conjugate(t.min(most))).collect());
                // Where every point fell on its side, one more might not have: no error of 0 from so many points.
                let tv = self.divergence == Divergence::TotalVariation;
                let least = |count: f64| if tv { (count + 1.0) / (count + 2.0).powi(2) } else { 0.0 };
                (over_p - over_q, variance_p.max(least(n)) / n + variance_q.max(least(m)) / m)
            }
            Formula::DonskerVaradhan => {
                let (over_p, variance_p) = moments(at_p);
                let largest = at_q.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let (over_q, variance_q) = moments(at_q.iter().map(|t| (t - largest).exp()).collect());
                (over_p - largest - over_q.ln(), variance_p / n + variance_q / (m * over_q * over_q))
            }
            Formula::PlugIn => {
                let (mean, variance) = moments(at_p);
                (mean, variance / n)
            }
        };
        // A bound below the least that the sum can be says no more than that least.
        let value = value.max(0.0);
        let error = self.divergence.carried(value, variance.sqrt());
        let evidence = if error.is_finite() { Evidence::StandardError(error) } else { Evidence::Unstated };
        let kind = if self.formula == Formula::PlugIn { Kind::Point } else { Kind::LowerBound };
        let mut estimate = Estimate::new(self.divergence.finish(value), evidence, self.method(), sizes);
        estimate = estimate.of_kind(kind).with_seed(self.seed);
        let of_base = in_order(sizes, swapped);
        estimate = notes::saturation(estimate, self.divergence, of_base);
        estimate = notes::proven(estimate, self.divergence, of_base);
        Ok(if converged { estimate } else { estimate.with_note(Note::NotConverged) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gaussian;

    fn normal(n: usize, dim: usize, shift: f64, deviation: f64, seed: u64) -> Samples {
        let mut mean = vec![0.0; dim];
        mean[0] = shift;
        let covariance = ndarray::Array2::from_diag_elem(dim, deviation * deviation);
        Gaussian::new(mean, covariance.view()).unwrap().sample(n, seed).unwrap()
    }

    #[test]
    fn bounds_are_near_the_truth_and_not_above_it() {
        let (x, y) = (normal(2000, 3, 0.0, 1.0, 1), normal(2000, 3, 1.0, 1.0, 2));
        for (divergence, truth) in [
            (Divergence::Kl, 0.5),
            (Divergence::ReverseKl, 0.5),
            (Divergence::JensenShannon, 0.111_421),
            (Divergence::JensenShannonDistance, 0.111_421_f64.sqrt()),
            (Divergence::TotalVariation, 0.382_92),
            (Divergence::SquaredHellinger, 0.117_503),
            (Divergence::Bhattacharyya, 0.125),
            (Divergence::ChiSquared, std::f64::consts::E - 1.0),
            (Divergence::Renyi(0.5), 0.25),
            (Divergence::Tsallis(1.5), (0.375_f64.exp() - 1.0) / 0.5),
        ] {
            let found = Classifier::new(divergence).between(&x, &y).unwrap();
            let error = found.std_error().unwrap();
            assert_eq!(found.kind, Kind::LowerBound);
            assert!(
                found.value < truth + 3.0 * error && found.value > truth - 4.0 * error - 0.06 * truth,
                "{truth}: {found}"
            );
        }
        for formula in [Formula::DonskerVaradhan, Formula::PlugIn] {
            let found = Classifier::new(Divergence::Kl).with_formula(formula).between(&x, &y).unwrap();
            assert!((found.value - 0.5).abs() < 4.0 * found.std_error().unwrap(), "{found}");
        }
    }

    #[test]
    fn scales_are_seen_by_squares_only() {
        let (x, y) = (normal(1000, 2, 0.0, 1.0, 3), normal(1000, 2, 0.0, 2.0, 4));
        let js = Classifier::new(Divergence::JensenShannon);
        assert!(js.between(&x, &y).unwrap().value > 0.12);
        assert!(js.with_features(Features::Linear).between(&x, &y).unwrap().value < 0.01);
    }

    #[test]
    fn separable_constant_and_far_samples_give_numbers() {
        let (x, y) = (normal(200, 2, 0.0, 1.0, 5), normal(150, 2, 1e6, 1.0, 6));
        for formula in [Formula::Variational, Formula::DonskerVaradhan, Formula::PlugIn] {
            let kl = Classifier::new(Divergence::Kl).with_formula(formula).between(&x, &y).unwrap();
            assert!(kl.value.is_finite(), "{kl}");
            // 150 points prove no more.
            assert!(formula == Formula::PlugIn || kl.lower() < 150_f64.ln() - 1.2, "{kl}");
        }
        let js = Classifier::new(Divergence::JensenShannon).between(&x, &y).unwrap();
        assert!(js.value > 0.67 && js.value < std::f64::consts::LN_2, "{js}");
        assert!(js.notes.iter().any(|note| matches!(note, Note::Saturated { .. })), "{js}");
        assert!(js.lower() < 0.64, "{js}");
        let one = Samples::new(vec![[1.0, 2.0]; 10]).unwrap();
        assert!(Classifier::new(Divergence::JensenShannon).between(&one, &one).unwrap().value.abs() < 1e-6);
    }

    #[test]
    fn wrong_questions_are_refused_and_seeds_repeat() {
        let (x, y) = (normal(100, 1, 0.0, 1.0, 7), normal(100, 1, 0.5, 1.0, 8));
        let js = Classifier::new(Divergence::JensenShannon);
        assert!(js.with_formula(Formula::DonskerVaradhan).between(&x, &y).is_err());
        assert!(Classifier { folds: 1, ..js }.between(&x, &y).is_err());
        assert_eq!(js.between(&x, &y).unwrap(), js.between(&x, &y).unwrap());
        assert_ne!(js.between(&x, &y).unwrap().value, js.with_seed(1).between(&x, &y).unwrap().value);
    }
}
