//! `--kind` and `--method`: divergences and their estimators by name.

use std::str::FromStr;

use earthwork::divergence::{
    Classifier, Correction, Divergence, Formula, GaussianFit, Kde, Knn, LeastSquaresRatio, PlugIn, recommended,
};
use earthwork::estimate::Discrepancy;

use crate::args::{CorrectionChoice, DivergenceArgs};
use crate::failure::{Outcome, wrong};

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
                let alpha: f64 = alpha.parse().map_err(|_| format!("`{alpha}` is no number; write rulsif:0.5"))?;
                if !(0.0..1.0).contains(&alpha) {
                    return Err(format!("{alpha} is no part of P; write a number from 0 to below 1"));
                }
                Self::LeastSquares(alpha)
            }
        })
    }
}

impl From<CorrectionChoice> for Correction {
    fn from(choice: CorrectionChoice) -> Self {
        match choice {
            CorrectionChoice::None => Self::None,
            CorrectionChoice::MillerMadow => Self::MillerMadow,
            CorrectionChoice::KrichevskyTrofimov => Self::KrichevskyTrofimov,
        }
    }
}

/// What a run is to compute without `--kind`.
pub(crate) fn kinds(options: &DivergenceArgs) -> Vec<Divergence> {
    if !options.kind.is_empty() {
        return options.kind.clone();
    }
    match options.method {
        Some(MethodChoice::LeastSquares(_)) => vec![Divergence::ChiSquared],
        Some(MethodChoice::KnnBall | MethodChoice::DonskerVaradhan | MethodChoice::Logistic) => {
            vec![Divergence::Kl, Divergence::ReverseKl]
        }
        _ => vec![Divergence::Kl, Divergence::ReverseKl, Divergence::JensenShannon],
    }
}

/// The estimator of a divergence between samples whose numbers fill `dim` dimensions.
pub(crate) fn estimator(divergence: Divergence, dim: usize, options: &DivergenceArgs) -> Outcome<Box<dyn Discrepancy>> {
    let mut neighbours = Knn::new(divergence);
    neighbours.k = options.k.unwrap_or(neighbours.k);
    neighbours.whiten &= !options.no_whiten;
    let mut classifier = Classifier::new(divergence);
    classifier.seed = options.run.seed;
    let Some(method) = options.method else {
        // Options of neighbours ask for them.
        return Ok(if options.k.is_some() || options.no_whiten {
            Box::new(neighbours)
        } else if recommended(divergence, dim).name() == classifier.name() {
            Box::new(classifier)
        } else {
            Box::new(neighbours)
        });
    };
    Ok(match method {
        MethodChoice::Knn => Box::new(neighbours),
        MethodChoice::KnnBall => Box::new(neighbours.by_balls()),
        MethodChoice::Histogram => {
            let mut histogram = PlugIn::new(divergence);
            histogram.bins = options.bins;
            histogram.correction = options.correction.map_or(histogram.correction, Correction::from);
            Box::new(histogram)
        }
        MethodChoice::Kde => Box::new(Kde::new(divergence).with_bandwidth(options.bandwidth.unwrap_or(1.0))),
        MethodChoice::Gaussian => Box::new(GaussianFit::new(divergence)),
        MethodChoice::Classifier => Box::new(classifier),
        MethodChoice::DonskerVaradhan => Box::new(classifier.with_formula(Formula::DonskerVaradhan)),
        MethodChoice::Logistic => Box::new(classifier.with_formula(Formula::PlugIn)),
        MethodChoice::LeastSquares(alpha) => {
            if divergence != Divergence::ChiSquared {
                return wrong(format_args!("--method ulsif and rulsif estimate chi2, not {divergence}"));
            }
            Box::new(LeastSquaresRatio::rulsif(alpha).with_seed(options.run.seed))
        }
    })
}

/// Refuses options that the chosen method does not read.
pub(crate) fn check(options: &DivergenceArgs) -> Outcome<()> {
    let neighbours = matches!(options.method, None | Some(MethodChoice::Knn | MethodChoice::KnnBall));
    let histogram = options.method == Some(MethodChoice::Histogram);
    for (flag, given, fits, method) in [
        ("--k", options.k.is_some(), neighbours, "knn and knn-ball"),
        ("--no-whiten", options.no_whiten, neighbours, "knn and knn-ball"),
        ("--bins", options.bins.is_some(), histogram, "histogram"),
        ("--correction", options.correction.is_some(), histogram, "histogram"),
        ("--bandwidth", options.bandwidth.is_some(), options.method == Some(MethodChoice::Kde), "kde"),
    ] {
        if given && !fits {
            return wrong(format_args!("{flag} is for --method {method}"));
        }
        if given && options.input.grid {
            return wrong(format_args!("{flag} is for samples; masses on a grid have an exact divergence"));
        }
    }
    if options.input.grid && (options.method.is_some() || options.ci.is_some()) {
        return wrong("--method and --ci are for samples; masses on a grid have an exact divergence");
    }
    if options.run.time_limit.is_some() {
        return wrong("--time-limit is for solves that can end early with bounds; an estimate has none");
    }
    Ok(())
}
