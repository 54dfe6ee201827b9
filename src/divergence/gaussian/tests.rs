use super::*;
use crate::estimate::Estimate;
use ndarray::{Array2, array};

fn shifted(dim: usize, shift: f64, variance: f64) -> Gaussian {
    let mut mean = vec![0.0; dim];
    mean[dim / 2] = shift;
    Gaussian::new(mean, Array2::from_diag_elem(dim, variance).view()).unwrap()
}

fn between(divergence: Divergence, p: &Gaussian, q: &Gaussian) -> Estimate {
    divergence.between_gaussians(p, q).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-300), "{found} is not {expected}");
}

/// N(0, 1) against N(D, 1) in any dimension: D, JS, TV by quadrature elsewhere, to the digits of the table.
const TABLE: [(f64, f64, f64); 6] = [
    (0.1, 0.001_248, 0.039_88),
    (0.5, 0.030_311, 0.197_41),
    (1.0, 0.111_421, 0.382_92),
    (2.0, 0.336_831, 0.682_69),
    (4.0, 0.632_720, 0.954_50),
    (8.0, 0.693_054, 0.999_94),
];

#[test]
fn the_table_of_shifts() {
    for dim in [1, 3, 10] {
        let p = Gaussian::standard(dim).unwrap();
        for (shift, js, tv) in TABLE {
            let q = shifted(dim, shift, 1.0);
            near(between(Divergence::Kl, &p, &q).value, 0.5 * shift * shift, 1e-14);
            near(between(Divergence::ReverseKl, &p, &q).value, 0.5 * shift * shift, 1e-14);
            near(between(Divergence::SquaredHellinger, &p, &q).value, -(-shift * shift / 8.0).exp_m1(), 1e-14);
            near(between(Divergence::Bhattacharyya, &p, &q).value, shift * shift / 8.0, 1e-14);
            near(between(Divergence::ChiSquared, &p, &q).value, (shift * shift).exp_m1(), 1e-12);
            near(between(Divergence::Renyi(3.0), &p, &q).value, 1.5 * shift * shift, 1e-14);
            let found = between(Divergence::JensenShannon, &p, &q);
            assert!((found.value - js).abs() <= 6e-7 && found.upper() - found.lower() < 1e-9, "{found}");
            let found = between(Divergence::TotalVariation, &p, &q);
            assert!((found.value - tv).abs() <= 6e-6 && found.evidence == Evidence::Exact, "{found}");
        }
    }
}

#[test]
fn a_wider_gaussian() {
    let (p, q) = (Gaussian::standard(1).unwrap(), shifted(1, 0.0, 4.0));
    near(between(Divergence::Kl, &p, &q).value, 2_f64.ln() - 0.375, 1e-14);
    assert!((between(Divergence::JensenShannon, &p, &q).value - 0.092_733).abs() < 6e-7);
    // p² / q ~ exp(−x² (1 − 1/8)): finite; q² / p grows.
    near(between(Divergence::ChiSquared, &p, &q).value, 4.0 / 7_f64.sqrt() - 1.0, 1e-14);
    assert_eq!(between(Divergence::ChiSquared, &q, &p).value, f64::INFINITY);
    assert_eq!(between(Divergence::Renyi(2.0), &q, &p).value, f64::INFINITY);
    assert_eq!(between(Divergence::Renyi(f64::INFINITY), &q, &p).value, f64::INFINITY);
    near(between(Divergence::Renyi(f64::INFINITY), &p, &q).value, 2_f64.ln(), 1e-14);
    for d in [4, 10] {
        let per_axis = 0.5 * (0.25 - 1.0 + 4_f64.ln());
        near(between(Divergence::Kl, &shifted(d, 0.0, 1.0), &shifted(d, 0.0, 4.0)).value, d as f64 * per_axis, 1e-13);
    }
}

#[test]
fn full_covariances_against_the_textbook() {
    let p = Gaussian::new([1.0, -1.0], array![[2.0, 0.6], [0.6, 1.0]].view()).unwrap();
    let q = Gaussian::new([0.5, 0.0], array![[1.5, -0.3], [-0.3, 0.8]].view()).unwrap();
    // Σ_Q⁻¹ = [[0.8, 0.3], [0.3, 1.5]] / 1.11; the trace and the form by hand.
    let trace = (0.8 * 2.0 + 2.0 * 0.3 * 0.6 + 1.5 * 1.0) / 1.11;
    let form = (0.8 * 0.25 - 2.0 * 0.3 * 0.5 + 1.5 * 1.0) / 1.11;
    near(between(Divergence::Kl, &p, &q).value, 0.5 * (trace + form - 2.0 + (1.11_f64 / 1.64).ln()), 1e-14);
    // det Σ̄ with Σ̄ = (Σ_P + Σ_Q) / 2 = [[1.75, 0.15], [0.15, 0.9]].
    let det = 1.75 * 0.9 - 0.0225;
    let form = (0.9 * 0.25 + 2.0 * 0.15 * 0.5 + 1.75) / det;
    near(
        between(Divergence::Bhattacharyya, &p, &q).value,
        form / 8.0 + 0.5 * (det / (1.64_f64 * 1.11).sqrt()).ln(),
        1e-13,
    );
    // Orders 1/2 of Rényi and 2 of Tsallis are those two in other words, and orders meet at 1.
    near(between(Divergence::Renyi(0.5), &p, &q).value, 2.0 * between(Divergence::Bhattacharyya, &p, &q).value, 1e-14);
    let kl = between(Divergence::Kl, &p, &q).value;
    near(between(Divergence::Renyi(1.0 + 1e-9), &p, &q).value, kl, 1e-6);
    near(between(Divergence::Tsallis(1.0), &p, &q).value, kl, 1e-15);
}

#[test]
fn near_and_scaled_gaussians_keep_their_digits() {
    for gap in [1e-3, 1e-6] {
        let (p, q) = (shifted(2, 0.0, 1.0 + gap), shifted(2, 0.0, 1.0));
        // d/2 (λ − 1 − ln λ) = gap² / 2 + O(gap³), and λ itself is rounded.
        near(between(Divergence::Kl, &p, &q).value, 0.5 * gap * gap, gap + 1e-15 / (gap * gap));
    }
    let p = shifted(3, 0.0, 1.0);
    assert_eq!(between(Divergence::Kl, &p, &p).value, 0.0);
    assert_eq!(between(Divergence::JensenShannon, &p, &p).value, 0.0);
    for scale in [1e-12, 1e12] {
        let (p, q) = (shifted(3, 0.0, scale * scale), shifted(3, 2.0 * scale, scale * scale));
        near(between(Divergence::Kl, &p, &q).value, 2.0, 1e-13);
        assert!((between(Divergence::JensenShannon, &p, &q).value - 0.336_831).abs() < 6e-7);
    }
}

#[test]
fn what_differs_in_many_directions_is_drawn_with_its_error() {
    let p = Gaussian::new([0.0, 0.0, 5.0], array![[2.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]].view()).unwrap();
    let q = Gaussian::new([0.5, 1.0, 5.0], array![[1.5, -0.3, 0.0], [-0.3, 0.8, 0.0], [0.0, 0.0, 1.0]].view()).unwrap();
    let mixture = |g: &Gaussian| Mixture::new(vec![g.clone()], [1.0]).unwrap();
    for divergence in [Divergence::JensenShannon, Divergence::TotalVariation] {
        let found = between(divergence, &p, &q);
        let error = found.std_error().unwrap();
        assert!(error < 3e-3, "{found}");
        let again = divergence.between_mixtures(&mixture(&p), &mixture(&q), 40_000, 7).unwrap();
        assert!((again.value - found.value).abs() < 4.0 * error.hypot(again.std_error().unwrap()), "{found}, {again}");
    }
    // Where there is a closed form, the draws agree with it.
    for divergence in [Divergence::Kl, Divergence::Hellinger, Divergence::Renyi(0.5), Divergence::ReverseKl] {
        let drawn = divergence.between_mixtures(&mixture(&p), &mixture(&q), 100_000, 3).unwrap();
        let truth = between(divergence, &p, &q).value;
        assert!((drawn.value - truth).abs() < 4.0 * drawn.std_error().unwrap(), "{divergence}: {truth}, {drawn}");
    }
}

#[test]
fn mixtures_on_a_line_agree_with_closed_forms_and_bounds() {
    let mixture = |bells: &[(f64, f64)]| {
        let bell = |&(at, variance): &(f64, f64)| Gaussian::new([at], array![[variance]].view()).unwrap();
        Mixture::new(bells.iter().map(bell).collect(), vec![1.0; bells.len()]).unwrap()
    };
    let (p, q) = (mixture(&[(0.0, 1.0)]), mixture(&[(2.0, 4.0)]));
    for divergence in [
        Divergence::Kl,
        Divergence::ReverseKl,
        Divergence::ChiSquared,
        Divergence::SquaredHellinger,
        Divergence::Renyi(3.0),
        Divergence::Tsallis(0.3),
        Divergence::Bhattacharyya,
    ] {
        let exact = between(divergence, &p.components()[0], &q.components()[0]).value;
        let found = divergence.between_mixtures(&p, &q, 0, 0).unwrap().value;
        if exact.is_infinite() {
            assert_eq!(found, exact, "{divergence}");
        } else {
            near(found, exact, 1e-10);
        }
    }
    // Bells so far apart that the densities underflow between them: KL is still a number, and JS at its ceiling.
    let far = mixture(&[(60.0, 1.0), (70.0, 0.25)]);
    let kl = Divergence::Kl.between_mixtures(&p, &far, 0, 0).unwrap();
    // Q is half of N(60, 1) there: ½ 60² + ln 2.
    near(kl.value, 1800.0 + 2_f64.ln(), 1e-10);
    near(Divergence::JensenShannon.between_mixtures(&p, &far, 0, 0).unwrap().value, 2_f64.ln(), 1e-12);
    assert!(Divergence::Renyi(f64::INFINITY).between_mixtures(&p, &q, 0, 0).is_err());
}
