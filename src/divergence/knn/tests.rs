use super::*;
use crate::estimate::Note;
use crate::measure::Gaussian;

/// n points of N(shift e₁, deviation² I).
fn normal(n: usize, dim: usize, shift: f64, deviation: f64, seed: u64) -> Samples {
    let mut mean = vec![0.0; dim];
    mean[0] = shift;
    let covariance = ndarray::Array2::from_diag_elem(dim, deviation * deviation);
    Gaussian::new(mean, covariance.view()).unwrap().sample(n, seed).unwrap()
}

fn moved(samples: &Samples, f: impl Fn(usize, f64) -> f64) -> Samples {
    let dim = samples.dim();
    let points: Vec<f64> = samples.points().as_slice().iter().enumerate().map(|(at, &v)| f(at % dim, v)).collect();
    Samples::new(crate::measure::Points::from_rows(points, dim).unwrap()).unwrap()
}

/// The formula of Pérez-Cruz by a plain scan.
fn by_hand(x: &Samples, y: &Samples, k: usize) -> f64 {
    let distances = |from: &[f64], skip: Option<usize>, to: &Samples| {
        let others = to.points().iter().enumerate().filter(|(j, _)| Some(*j) != skip);
        let mut all: Vec<f64> =
            others.map(|(_, y)| from.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()).collect();
        all.sort_by(f64::total_cmp);
        all[k - 1]
    };
    let (n, m, d) = (x.len() as f64, y.len() as f64, x.dim() as f64);
    let terms = x.points().iter().enumerate().map(|(i, p)| (distances(p, None, y) / distances(p, Some(i), x)).ln());
    d / n * terms.sum::<f64>() + (m / (n - 1.0)).ln()
}

#[test]
fn kl_is_the_formula_of_the_paper() {
    for (dim, k) in [(1, 1), (2, 5), (7, 3)] {
        let (x, y) = (normal(60, dim, 0.0, 1.0, 1), normal(45, dim, 1.0, 1.5, 2));
        let found = Knn::kl().with_k(k).raw().between(&x, &y).unwrap();
        assert!((found.value - by_hand(&x, &y, k)).abs() < 1e-12, "d = {dim}: {found}");
        let reverse = Knn::new(Divergence::ReverseKl).with_k(k).raw().between(&x, &y).unwrap();
        assert!((reverse.value - by_hand(&y, &x, k)).abs() < 1e-12, "d = {dim}: {reverse}");
        // Orders near 1 are near KL.
        let near = Knn::new(Divergence::Tsallis(1.0 + 1e-7)).with_k(k).raw().between(&x, &y).unwrap();
        assert!((near.value - found.value).abs() < 1e-4, "{near}");
    }
}

#[test]
fn estimates_lie_where_the_truth_says() {
    // N(0, 1) and N(1, 1); Rényi a/2, chi² e − 1, BC e^(−1/8).
    let (x, y) = (normal(3000, 1, 0.0, 1.0, 3), normal(3000, 1, 1.0, 1.0, 4));
    let bc = (-0.125_f64).exp();
    for (divergence, truth) in [
        (Divergence::Kl, 0.5),
        (Divergence::ReverseKl, 0.5),
        (Divergence::JensenShannon, 0.111_421),
        (Divergence::JensenShannonDistance, 0.111_421_f64.sqrt()),
        (Divergence::Renyi(0.5), 0.25),
        (Divergence::Renyi(0.8), 0.4),
        (Divergence::Tsallis(0.5), 2.0 * (1.0 - bc)),
        (Divergence::SquaredHellinger, 1.0 - bc),
        (Divergence::Hellinger, (1.0 - bc).sqrt()),
        (Divergence::Bhattacharyya, 0.125),
        (Divergence::ChiSquared, std::f64::consts::E - 1.0),
    ] {
        let found = Knn::new(divergence).between(&x, &y).unwrap();
        let error = found.std_error().unwrap();
        assert!((found.value - truth).abs() < 4.0 * error && error < 0.2 * truth.max(0.2), "{truth}: {found}");
    }
}

#[test]
fn motions_scales_and_order_change_nothing() {
    let (x, y) = (normal(200, 3, 0.0, 1.0, 5), normal(180, 3, 0.7, 1.2, 6));
    for estimator in [Knn::kl(), Knn::js(), Knn::kl().by_balls(), Knn::new(Divergence::Renyi(0.7))] {
        let value = estimator.between(&x, &y).unwrap().value;
        for power in [-700.0_f64, -40.0, 3.0, 500.0] {
            let scaled = |s: &Samples| moved(s, |_, v| v * power.exp2());
            // A power of two scales every distance without rounding.
            assert_eq!(estimator.between(&scaled(&x), &scaled(&y)).unwrap().value, value, "2^{power}");
        }
        // Multiples of 2⁻²⁰ plus 1e8 are numbers, so what was moved is the same to the last bit.
        let rounded = |s: &Samples, by: f64| moved(s, |_, v| (v * 1_048_576.0).round() / 1_048_576.0 + by);
        let near = estimator.between(&rounded(&x, 0.0), &rounded(&y, 0.0)).unwrap().value;
        let far = estimator.between(&rounded(&x, 1e8), &rounded(&y, 1e8)).unwrap().value;
        assert!((near - far).abs() < 1e-13, "{near} and {far}");
        let backwards = |s: &Samples| {
            let rows: Vec<f64> = s.points().as_slice().chunks(3).rev().flatten().copied().collect();
            Samples::new(crate::measure::Points::from_rows(rows, 3).unwrap()).unwrap()
        };
        let again = estimator.between(&backwards(&x), &backwards(&y)).unwrap().value;
        assert!((again - value).abs() < 1e-13, "{again} and {value}");
    }
}

#[test]
fn whitening_makes_scales_of_columns_irrelevant() {
    let (x, y) = (normal(300, 2, 0.0, 1.0, 7), normal(300, 2, 1.0, 1.0, 8));
    let stretched = |s: &Samples| moved(s, |axis, v| if axis == 0 { v } else { 1e4 * v });
    let white = Knn::kl();
    let (plain, wide) = (white.between(&x, &y).unwrap(), white.between(&stretched(&x), &stretched(&y)).unwrap());
    assert!((plain.value - wide.value).abs() < 1e-9, "{plain} and {wide}");
    let error = white.between(&moved(&x, |_, v| v), &moved(&x, |_, _| 1.0)).map(|e| e.value);
    assert!(error.is_ok(), "one degenerate side is not a degenerate mean");
    let line = moved(&x, |axis, v| if axis == 0 { v } else { 0.0 });
    let beside = moved(&y, |axis, v| if axis == 0 { v } else { 0.0 });
    let alone = |s: &Samples| Samples::new(s.points().view().column(0)).unwrap();
    let (found, right) = (white.between(&line, &beside).unwrap(), white.between(&alone(&x), &alone(&y)).unwrap());
    assert!((found.value - right.value).abs() < 1e-12, "{found} is not {right}");
}

#[test]
fn ties_are_counted_and_never_nan() {
    let atoms = |counts: &[usize]| {
        let points = counts.iter().enumerate().flat_map(|(at, &c)| std::iter::repeat_n([at as f64], c));
        Samples::new(points.collect::<Vec<_>>()).unwrap()
    };
    // Atoms of ½ each against ¼ and ¾: KL = ½ ln 2 + ½ ln(2/3).
    let (x, y) = (atoms(&[500, 500]), atoms(&[250, 750]));
    let kl = Knn::kl().between(&x, &y).unwrap();
    assert!((kl.value - 0.5 * (4.0_f64 / 3.0).ln()).abs() < 5e-3, "{kl}");
    assert!(kl.notes.contains(&Note::Ties { points: 1000 }), "{kl}");
    let js = Knn::js().between(&x, &y).unwrap();
    let truth = Divergence::JensenShannon
        .between(
            &crate::measure::Weights::new([0.5, 0.5]).unwrap(),
            &crate::measure::Weights::new([0.25, 0.75]).unwrap(),
        )
        .unwrap();
    assert!((js.value - truth).abs() < 5e-3, "{js} is not {truth}");
    // Atoms that Q has not: infinite, or what the masses say.
    for (x, y) in [(atoms(&[20, 20]), atoms(&[0, 20, 20])), (atoms(&[7]), atoms(&[0, 7]))] {
        let share = if x.len() == 40 { 0.5 } else { 1.0 };
        for d in [Divergence::Kl, Divergence::ChiSquared, Divergence::Renyi(2.0)] {
            let found = Knn::new(d).between(&x, &y).unwrap();
            assert!(found.value == f64::INFINITY && found.notes.contains(&Note::Alone { share }), "{found}");
        }
        let found = Knn::new(Divergence::SquaredHellinger).between(&x, &y).unwrap();
        assert!((found.value - share).abs() < 3.0 * found.std_error().unwrap() + 1e-12, "{found}");
    }
    for d in [Divergence::Kl, Divergence::JensenShannon, Divergence::Renyi(0.5), Divergence::ChiSquared] {
        assert_eq!(Knn::new(d).between(&x, &x).unwrap().value, 0.0, "{d}");
    }
}

#[test]
fn what_the_points_cannot_show_is_said() {
    let far = Knn::kl().between(&normal(500, 1, 0.0, 1.0, 9), &normal(500, 1, 8.0, 1.0, 10)).unwrap();
    assert!(
        far.notes.iter().any(
            |note| matches!(note, Note::Saturated { ceiling } if (ceiling - (500_f64 / 40_f64.ln()).ln()).abs() < 0.01)
        ),
        "{far}"
    );
    // No bound is above what 500 points can prove, and the note says the same number.
    for divergence in [Divergence::Kl, Divergence::ReverseKl, Divergence::ChiSquared, Divergence::Renyi(2.0)] {
        let bound = Knn::new(divergence).between(&normal(500, 1, 0.0, 1.0, 9), &normal(500, 1, 8.0, 1.0, 10)).unwrap();
        let said =
            bound.notes.iter().find_map(|n| if let Note::Saturated { ceiling } = n { Some(*ceiling) } else { None });
        assert!(
            bound.kind == crate::estimate::Kind::LowerBound && bound.lower() <= said.unwrap() * (1.0 + 1e-12),
            "{bound}"
        );
    }
    assert!(far.notes.iter().any(|note| matches!(note, Note::SupportMismatch { share } if *share > 0.9)), "{far}");
    assert!(far.notes.contains(&Note::Biased(crate::estimate::Kind::LowerBound)), "{far}");
    let js = Knn::js().between(&normal(500, 1, 0.0, 1.0, 9), &normal(500, 1, 20.0, 1.0, 10)).unwrap();
    assert!(js.notes.iter().any(|note| matches!(note, Note::Saturated { .. })), "{js}");
    let same = Knn::kl().between(&normal(500, 2, 0.0, 1.0, 11), &normal(500, 2, 0.0, 1.0, 12)).unwrap();
    assert!(same.notes.is_empty(), "{same}");
}

#[test]
fn unequal_sizes_estimate_the_same_js() {
    let (x, y) = (normal(4000, 1, 0.0, 1.0, 13), normal(700, 1, 1.0, 1.0, 14));
    for (x, y) in [(&x, &y), (&y, &x)] {
        let js = Knn::js().between(x, y).unwrap();
        assert!((js.value - 0.111_421).abs() < 4.0 * js.std_error().unwrap(), "{js}");
    }
}

#[test]
fn wrong_questions_are_refused() {
    let (x, y) = (normal(20, 2, 0.0, 1.0, 1), normal(20, 2, 0.0, 1.0, 2));
    let message = |estimator: Knn, x: &Samples| estimator.between(x, &y).unwrap_err().to_string();
    assert!(message(Knn::new(Divergence::TotalVariation), &x).contains("no total variation"));
    assert!(message(Knn::new(Divergence::Renyi(f64::INFINITY)), &x).contains("finite order"));
    assert!(message(Knn::new(Divergence::Tsallis(3.0)).with_k(2), &x).contains("k must be larger"));
    assert!(message(Knn::kl().with_k(0), &x).contains("at least 1"));
    assert!(message(Knn::kl().with_k(20), &x).contains("it has 20 points, but 21 are needed"));
    assert!(message(Knn::js().by_balls(), &x).contains("KL and reverse KL"));
    assert!(message(Knn::kl(), &normal(20, 3, 0.0, 1.0, 1)).contains("dimension"));
    let weighted = Samples::weighted(x.points(), (1..21).map(f64::from).collect::<Vec<_>>()).unwrap();
    assert!(message(Knn::kl(), &weighted).contains("its weights differ (1 and 2)"));
    // Points without weight are no points.
    let mut masses = vec![0.5; 20];
    masses[3] = 0.0;
    let without = Samples::weighted(x.points(), masses).unwrap();
    assert!(Knn::kl().between(&without, &y).unwrap().sizes == (19, 20));
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let (x, y) = (normal(3000, 2, 0.0, 1.0, 1), normal(2500, 2, 1.0, 1.0, 2));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (Knn::kl().between(&x, &y).unwrap(), Knn::js().between(&x, &y).unwrap()))
    };
    assert_eq!(run(1), run(3));
}
