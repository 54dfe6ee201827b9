//! `--kind` and `--method`: divergences and their estimators by name.

use earthwork::divergence::{
    Classifier, Correction, Divergence, Formula, GaussianFit, Kde, Knn, LeastSquaresRatio, PlugIn, recommended,
};
use earthwork::estimate::Discrepancy;

use crate::args::{CorrectionChoice, DivergenceArgs, MethodChoice};
use crate::failure::{Outcome, wrong};

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
