//! `--method`: estimators of divergences by name.

use std::str::FromStr;

/// An estimator by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MethodChoice {
    Knn,
    KnnBall,
    Histogram,
    Kde,
    Gaussian,
    /// The variational bound of a held-out classifier.
    Classifier,
    DonskerVaradhan,
    /// The mean of the fitted log ratio.
    Logistic,
    /// uLSIF, or RuLSIF with this part of P in the denominator.
    LeastSquares(f64),
}

impl FromStr for MethodChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "knn" => Self::Knn,
            "knn-ball" => Self::KnnBall,
            "histogram" => Self::Histogram,
            "kde" => Self::Kde,
            "gaussian" => Self::Gaussian,
            // For KL the variational bound is that of Nguyen, Wainwright and Jordan.
            "classifier" | "nwj" => Self::Classifier,
            "dv" => Self::DonskerVaradhan,
            "logistic" => Self::Logistic,
            "ulsif" => Self::LeastSquares(0.0),
            _ => {
                let Some(alpha) = name.strip_prefix("rulsif:") else {
                    let known =
                        "knn, knn-ball, histogram, kde, gaussian, classifier, dv, nwj, logistic, ulsif or rulsif:A";
                    return Err(format!("a method is {known}"));
                };
                let alpha: f64 = alpha.parse().map_err(|_| format!("`{alpha}` is not a number; write rulsif:0.5"))?;
                if !(0.0..1.0).contains(&alpha) {
                    return Err(format!("{alpha} is not a part of P; write a number from 0 to below 1"));
                }
                Self::LeastSquares(alpha)
            }
        })
    }
}
