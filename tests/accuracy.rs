//! Mean and spread of the divergence estimators over many draws, held against figures measured with independent code (NumPy and
//! scikit-learn) before this library had any: n = m = 1000, P = N(0, I), 40 draws (15 for the figures of the classifier).

use earthwork::divergence::{Classifier, Correction, Divergence, Formula, GaussianFit, Knn, PlugIn};
use earthwork::prelude::*;

const POINTS: usize = 1000;
const DRAWS: u64 = 40;

/// Draw number `seed` of P = N(0, I) and Q = N(shift e₁, deviation² I).
fn draw(dim: usize, shift: f64, deviation: f64, seed: u64) -> (Samples, Samples) {
    let mut mean = vec![0.0; dim];
    mean[0] = shift;
    let covariance = ndarray::Array2::from_diag_elem(dim, deviation * deviation);
    let q = Gaussian::new(mean, covariance.view()).unwrap();
    let p = Gaussian::standard(dim).unwrap();
    (p.sample(POINTS, 2 * seed + 1).unwrap(), q.sample(POINTS, 2 * seed + 2).unwrap())
}

/// Mean and spread, and the mean of the errors stated.
#[derive(Clone, Copy)]
struct Seen {
    mean: f64,
    spread: f64,
    stated: f64,
}

fn seen(estimator: &dyn Discrepancy, dim: usize, shift: f64, deviation: f64) -> Seen {
    let runs: Vec<Estimate> = (0..DRAWS)
        .map(|seed| {
            let (x, y) = draw(dim, shift, deviation, seed);
            estimator.between(&x, &y).unwrap()
        })
        .collect();
    let count = DRAWS as f64;
    let mean = runs.iter().map(|e| e.value).sum::<f64>() / count;
    let spread = (runs.iter().map(|e| (e.value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    Seen { mean, spread, stated: runs.iter().filter_map(Estimate::std_error).sum::<f64>() / count }
}

/// How a figure compares.
#[derive(PartialEq, Clone, Copy)]
enum Verdict {
    /// Within two standard errors of the figure, or nearer to the truth.
    Agrees,
    /// Within three.
    Nearly,
    Differs,
}

/// `figure` is mean and spread; `figure_draws` what it was measured with; `digit` the last digit written down.
fn judge(ours: Seen, truth: f64, figure: (f64, f64), figure_draws: f64, digit: f64) -> Verdict {
    let error = (ours.spread.powi(2) / DRAWS as f64 + figure.1.powi(2) / figure_draws).sqrt();
    let apart = ((ours.mean - figure.0).abs() - digit).max(0.0);
    if apart <= 2.0 * error || (ours.mean - truth).abs() <= (figure.0 - truth).abs() + digit {
        Verdict::Agrees
    } else if apart <= 3.0 * error {
        Verdict::Nearly
    } else {
        Verdict::Differs
    }
}

/// Runs all estimators on all cases, prints the table, and holds it against the figures.
#[expect(clippy::type_complexity, reason = "a table")]
fn compare(
    estimators: &[(&str, Box<dyn Discrepancy>, f64)],
    cases: &[((f64, usize, f64, f64), &[Option<(f64, f64)>])],
) {
    let names: Vec<&str> = estimators.iter().map(|(name, ..)| *name).collect();
    println!("| shift, deviation, truth | d | {} |", names.join(" | "));
    let (mut agree, mut all, mut differ) = (0, 0, Vec::new());
    for ((truth, dim, shift, deviation), figures) in cases {
        let mut cells = Vec::new();
        for ((name, estimator, draws), figure) in estimators.iter().zip(*figures) {
            let ours = seen(&**estimator, *dim, *shift, *deviation);
            let Some(figure) = figure else {
                cells.push(format!("{:.3} ± {:.3} ({:.3})", ours.mean, ours.spread, ours.stated));
                continue;
            };
            let digit = if figure.0.abs() < 0.1 { 0.001 } else { 0.006 };
            let verdict = judge(ours, *truth, *figure, *draws, digit);
            all += 1;
            agree += u32::from(verdict == Verdict::Agrees);
            let mark = if verdict == Verdict::Differs { " !" } else { "" };
            cells.push(format!("{:.3} ± {:.3} ({:.3}){mark}", ours.mean, ours.spread, ours.stated));
            if verdict == Verdict::Differs {
                differ.push(format!(
                    "{name} at shift {shift}, deviation {deviation}, d = {dim}: {:.4} ± {:.4}, figure {figure:?}",
                    ours.mean, ours.spread
                ));
            }
        }
        println!("| {shift}, {deviation}, {truth:.4} | {dim} | {} |", cells.join(" | "));
    }
    println!("\n{agree} of {all} agree");
    assert!(differ.is_empty(), "{differ:#?}");
    // One in twenty lies outside two standard errors by chance.
    assert!(f64::from(agree) >= 0.9 * f64::from(all), "{agree} of {all}");
}

#[test]
#[ignore = "forty draws of every case: minutes"]
#[expect(clippy::too_many_lines, reason = "a table")]
fn kl_estimates_have_the_known_means() {
    let kl = |formula: Formula| Classifier::new(Divergence::Kl).with_formula(formula);
    let estimators: Vec<(&str, Box<dyn Discrepancy>, f64)> = vec![
        ("kNN k=1", Box::new(Knn::kl().with_k(1).raw()), 40.0),
        ("kNN k=5", Box::new(Knn::kl().raw()), 40.0),
        ("kNN k=31", Box::new(Knn::kl().with_k(31).raw()), 40.0),
        ("balls k=5", Box::new(Knn::kl().by_balls().raw()), 40.0),
        ("Gaussian fit", Box::new(GaussianFit::new(Divergence::Kl)), 40.0),
        ("logit DV", Box::new(kl(Formula::DonskerVaradhan)), 15.0),
        ("logit NWJ", Box::new(kl(Formula::Variational)), 15.0),
    ];
    let some = |list: [(f64, f64); 7]| list.map(Some);
    let scale = |d: f64| d * (2_f64.ln() - 0.375);
    compare(
        &estimators,
        &[
            (
                (0.0, 1, 0.0, 1.0),
                &some([
                    (0.0, 0.07),
                    (0.0, 0.025),
                    (0.0, 0.011),
                    (0.0, 0.017),
                    (0.002, 0.002),
                    (-0.007, 0.02),
                    (-0.007, 0.02),
                ]),
            ),
            (
                (0.0, 4, 0.0, 1.0),
                &some([
                    (0.01, 0.07),
                    (0.0, 0.03),
                    (0.01, 0.02),
                    (0.0, 0.02),
                    (0.015, 0.006),
                    (-0.03, 0.02),
                    (-0.03, 0.02),
                ]),
            ),
            (
                (0.0, 10, 0.0, 1.0),
                &some([
                    (0.02, 0.08),
                    (0.01, 0.04),
                    (0.01, 0.04),
                    (0.01, 0.03),
                    (0.066, 0.011),
                    (-0.18, 0.05),
                    (-0.2, 0.05),
                ]),
            ),
            (
                (0.5, 1, 1.0, 1.0),
                &some([
                    (0.48, 0.09),
                    (0.48, 0.06),
                    (0.44, 0.04),
                    (0.47, 0.05),
                    (0.51, 0.05),
                    (0.51, 0.07),
                    (0.5, 0.07),
                ]),
            ),
            (
                (0.5, 2, 1.0, 1.0),
                &some([(0.46, 0.07), (0.45, 0.06), (0.39, 0.05), (0.45, 0.05), (0.5, 0.06), (0.47, 0.1), (0.46, 0.1)]),
            ),
            (
                (0.5, 4, 1.0, 1.0),
                &some([
                    (0.45, 0.08),
                    (0.41, 0.06),
                    (0.35, 0.05),
                    (0.39, 0.05),
                    (0.52, 0.05),
                    (0.46, 0.07),
                    (0.46, 0.07),
                ]),
            ),
            (
                (0.5, 10, 1.0, 1.0),
                &some([
                    (0.38, 0.08),
                    (0.33, 0.06),
                    (0.3, 0.05),
                    (0.28, 0.05),
                    (0.58, 0.06),
                    (0.24, 0.09),
                    (0.19, 0.14),
                ]),
            ),
            (
                (2.0, 1, 2.0, 1.0),
                &some([(1.95, 0.17), (1.8, 0.11), (1.5, 0.08), (1.83, 0.11), (2.04, 0.12), (2.08, 0.21), (2.04, 0.22)]),
            ),
            (
                (2.0, 2, 2.0, 1.0),
                &some([
                    (1.84, 0.15),
                    (1.67, 0.09),
                    (1.39, 0.08),
                    (1.69, 0.1),
                    (2.02, 0.13),
                    (2.02, 0.08),
                    (1.99, 0.08),
                ]),
            ),
            (
                (2.0, 4, 2.0, 1.0),
                &some([
                    (1.72, 0.13),
                    (1.55, 0.09),
                    (1.3, 0.07),
                    (1.51, 0.08),
                    (2.09, 0.16),
                    (1.99, 0.25),
                    (1.97, 0.25),
                ]),
            ),
            (
                (2.0, 10, 2.0, 1.0),
                &some([(1.45, 0.12), (1.32, 0.08), (1.19, 0.07), (1.1, 0.07), (2.09, 0.13), (1.48, 0.53), (0.79, 2.1)]),
            ),
            (
                (8.0, 1, 4.0, 1.0),
                &some([(5.9, 0.4), (4.7, 0.13), (3.4, 0.05), (4.6, 0.09), (8.0, 0.3), (6.6, 0.4), (5.6, 1.0)]),
            ),
            (
                (8.0, 10, 4.0, 1.0),
                &some([(4.9, 0.2), (4.4, 0.14), (3.9, 0.11), (3.4, 0.08), (8.2, 0.4), (5.9, 1.4), (2.4, 12.0)]),
            ),
            (
                (scale(1.0), 1, 0.0, 2.0),
                &some([
                    (0.32, 0.08),
                    (0.32, 0.04),
                    (0.33, 0.03),
                    (0.28, 0.03),
                    (0.32, 0.02),
                    (0.32, 0.03),
                    (0.32, 0.03),
                ]),
            ),
            (
                (scale(4.0), 4, 0.0, 2.0),
                &some([
                    (1.33, 0.12),
                    (1.4, 0.08),
                    (1.51, 0.07),
                    (1.32, 0.07),
                    (1.27, 0.05),
                    (1.25, 0.08),
                    (1.25, 0.08),
                ]),
            ),
            (
                (scale(10.0), 10, 0.0, 2.0),
                &some([
                    (3.66, 0.19),
                    (3.85, 0.16),
                    (4.06, 0.12),
                    (3.06, 0.11),
                    (3.19, 0.08),
                    (3.0, 0.33),
                    (2.93, 0.33),
                ]),
            ),
        ],
    );
}

#[test]
#[ignore = "forty draws of every case: a minute"]
fn js_estimates_have_the_known_means() {
    let js = Divergence::JensenShannon;
    let estimators: Vec<(&str, Box<dyn Discrepancy>, f64)> = vec![
        ("kNN k=5", Box::new(Knn::js().raw()), 20.0),
        ("kNN k=31", Box::new(Knn::js().with_k(31).raw()), 20.0),
        ("classifier", Box::new(Classifier::new(js)), 20.0),
    ];
    let line: Vec<(&str, Box<dyn Discrepancy>, f64)> = vec![
        ("32 bins", Box::new(PlugIn::new(js).with_correction(Correction::None)), 20.0),
        ("Miller-Madow", Box::new(PlugIn::new(js)), 20.0),
    ];
    // The spreads of the columns without one in the figures are those of their neighbours.
    compare(
        &estimators,
        &[
            ((0.0, 1, 0.0, 1.0), &[Some((0.005, 0.01)), Some((0.008, 0.01)), Some((-0.001, 0.002))]),
            ((0.0, 4, 0.0, 1.0), &[Some((0.014, 0.011)), Some((-0.004, 0.01)), Some((-0.008, 0.005))]),
            ((0.0, 10, 0.0, 1.0), &[Some((-0.062, 0.01)), Some((-0.138, 0.01)), Some((-0.044, 0.01))]),
            ((0.111_421, 1, 1.0, 1.0), &[Some((0.111, 0.013)), Some((0.115, 0.013)), Some((0.105, 0.012))]),
            ((0.111_421, 4, 1.0, 1.0), &[Some((0.117, 0.013)), Some((0.108, 0.013)), Some((0.103, 0.012))]),
            ((0.111_421, 10, 1.0, 1.0), &[Some((0.056, 0.018)), Some((-0.019, 0.018)), Some((0.076, 0.012))]),
            ((0.336_831, 1, 2.0, 1.0), &[Some((0.342, 0.018)), Some((0.35, 0.018)), Some((0.34, 0.016))]),
            ((0.336_831, 10, 2.0, 1.0), &[Some((0.291, 0.013)), Some((0.23, 0.013)), Some((0.294, 0.016))]),
            ((0.632_720, 4, 4.0, 1.0), &[Some((0.637, 0.007)), Some((0.637, 0.007)), Some((0.624, 0.01))]),
            (
                (std::f64::consts::LN_2, 1, 10.0, 1.0),
                &[Some((0.694, 0.001)), Some((0.694, 0.001)), Some((0.689, 0.002))],
            ),
        ],
    );
    compare(
        &line,
        &[
            ((0.0, 1, 0.0, 1.0), &[Some((0.008, 0.002)), Some((0.002, 0.002))]),
            ((0.111_421, 1, 1.0, 1.0), &[Some((0.115, 0.01)), Some((0.11, 0.01))]),
            ((0.336_831, 1, 2.0, 1.0), &[Some((0.346, 0.015)), Some((0.342, 0.015))]),
            ((std::f64::consts::LN_2, 1, 10.0, 1.0), &[Some((0.693, 0.001)), Some((0.693, 0.001))]),
        ],
    );
}
