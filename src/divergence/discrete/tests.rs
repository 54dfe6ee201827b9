use super::*;
use ndarray::array;
use proptest::prelude::*;

const ALL: [Divergence; 16] = [
    Divergence::Kl,
    Divergence::ReverseKl,
    Divergence::JensenShannon,
    Divergence::JensenShannonDistance,
    Divergence::TotalVariation,
    Divergence::SquaredHellinger,
    Divergence::Hellinger,
    Divergence::ChiSquared,
    Divergence::Bhattacharyya,
    Divergence::Renyi(0.0),
    Divergence::Renyi(0.5),
    Divergence::Renyi(2.0),
    Divergence::Renyi(f64::INFINITY),
    Divergence::Tsallis(0.0),
    Divergence::Tsallis(0.7),
    Divergence::Tsallis(3.0),
];

fn weights(masses: &[f64]) -> Weights {
    Weights::new(masses).unwrap()
}

fn value(divergence: Divergence, p: &[f64], q: &[f64]) -> f64 {
    divergence.between(&weights(p), &weights(q)).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} is not {expected}");
}

#[test]
fn values_by_hand() {
    let (p, q) = ([0.5, 0.5], [0.25, 0.75]);
    let bc = 0.125_f64.sqrt() + 0.375_f64.sqrt();
    let kl = 0.5 * 2_f64.ln() + 0.5 * (2.0_f64 / 3.0).ln();
    let reverse = 0.25 * 0.5_f64.ln() + 0.75 * 1.5_f64.ln();
    let js =
        0.5 * (0.5 * (4.0_f64 / 3.0).ln() + 0.5 * 0.8_f64.ln() + 0.25 * (2.0_f64 / 3.0).ln() + 0.75 * 1.2_f64.ln());
    for (divergence, expected) in [
        (Divergence::Kl, kl),
        (Divergence::ReverseKl, reverse),
        (Divergence::JensenShannon, js),
        (Divergence::JensenShannonDistance, js.sqrt()),
        (Divergence::TotalVariation, 0.25),
        (Divergence::SquaredHellinger, 1.0 - bc),
        (Divergence::Hellinger, (1.0 - bc).sqrt()),
        (Divergence::Bhattacharyya, -bc.ln()),
        (Divergence::ChiSquared, 0.25 + 0.0625 / 0.75),
        (Divergence::Renyi(0.5), -2.0 * bc.ln()),
        (Divergence::Renyi(2.0), (1.0_f64 + 0.25 + 0.0625 / 0.75).ln()),
        (Divergence::Renyi(1.0), kl),
        (Divergence::Renyi(f64::INFINITY), 2_f64.ln()),
        (Divergence::Tsallis(1.0), kl),
        (Divergence::Tsallis(2.0), 0.25 + 0.0625 / 0.75),
        (Divergence::Tsallis(3.0), (0.125 / 0.0625 + 0.125 / 0.5625 - 1.0) / 2.0),
    ] {
        // The expected values cancel themselves: four roundings of 1.
        near(value(divergence, &p, &q), expected, 4.0 * f64::EPSILON / expected.min(1.0));
    }
    // Order 0: what Q holds where P has mass.
    near(value(Divergence::Renyi(0.0), &[1.0, 0.0], &[0.25, 0.75]), 4_f64.ln(), 1e-15);
    near(value(Divergence::Tsallis(0.0), &[1.0, 0.0], &[0.25, 0.75]), 0.75, 1e-15);
}

#[test]
fn disjoint_supports_are_at_the_ceiling() {
    for divergence in ALL {
        let found = value(divergence, &[0.3, 0.7, 0.0, 0.0], &[0.0, 0.0, 0.5, 0.5]);
        let expected = match divergence {
            // Orders 0 of P and Q that share nothing.
            Divergence::Tsallis(0.0) => 1.0,
            other => other.ceiling(),
        };
        // 1 / (1 − 0.7) is itself rounded.
        assert!(found == expected || (found - expected).abs() < 1e-15 * expected, "{divergence}: {found}");
    }
}

#[test]
fn infinite_exactly_where_q_is_empty_under_p() {
    let (p, q) = ([0.5, 0.5, 0.0], [0.5, 0.0, 0.5]);
    for divergence in ALL {
        let found = value(divergence, &p, &q);
        let infinite = match divergence {
            Divergence::Kl | Divergence::ReverseKl | Divergence::ChiSquared => true,
            Divergence::Renyi(a) | Divergence::Tsallis(a) => a >= 1.0,
            _ => false,
        };
        assert_eq!(found.is_infinite(), infinite, "{divergence}: {found}");
        // Bins that both leave empty count for nothing, and neither does what P leaves to Q, in KL.
        let wider = value(divergence, &[0.5, 0.5, 0.0, 0.0], &[0.5, 0.0, 0.5, 0.0]);
        assert_eq!(found, wider, "{divergence}");
    }
    assert!(value(Divergence::Kl, &[1.0, 0.0], &[0.5, 0.5]).is_finite());
}

/// U[0, 1] against U[0, 2] and U[½, 1½], cell by cell.
#[test]
fn uniform_distributions() {
    let of = |d: Divergence, p: [f64; 3], q: [f64; 3]| value(d, &p, &q);
    let (p, q) = ([1.0, 0.0, 0.0], [0.5, 0.5, 0.0]);
    assert_eq!(of(Divergence::Kl, p, q), LN_2);
    assert_eq!(of(Divergence::ReverseKl, p, q), f64::INFINITY);
    // ½ ln(4/3) + ½ (½ ln(2/3) + ½ ln 2).
    near(of(Divergence::JensenShannon, p, q), 0.215_761_554_338_835_65, 1e-12);
    assert_eq!(of(Divergence::TotalVariation, p, q), 0.5);
    let (p, q) = ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]);
    assert_eq!(of(Divergence::Kl, p, q), f64::INFINITY);
    assert_eq!(of(Divergence::ReverseKl, p, q), f64::INFINITY);
    near(of(Divergence::JensenShannon, p, q), 0.5 * LN_2, 1e-15);
    assert_eq!(of(Divergence::TotalVariation, p, q), 0.5);
}

/// Sums of p ln(p / q) round to numbers below 0 elsewhere (philx_ln_x 26), and lose all digits here.
#[test]
fn nearly_equal_distributions_keep_their_digits() {
    for gap in [1e-3, 1e-6, 1e-9, 1e-12] {
        // 2⁻ᵏ multiples are exact: gap is rounded to one.
        let gap = (gap * 2_f64.powi(52)).round() * 2_f64.powi(-52);
        let (p, q) = ([0.5 + gap, 0.5 - gap], [0.5, 0.5]);
        // KL = 2 gap² (1 + O(gap²)), and the others follow.
        let next = gap * gap;
        near(value(Divergence::Kl, &p, &q), 2.0 * next, 1e-14 + 2.0 * next);
        near(value(Divergence::JensenShannon, &p, &q), 0.5 * next, 1e-14 + 2.0 * next);
        near(value(Divergence::SquaredHellinger, &p, &q), 0.5 * next, 1e-14 + 4.0 * next);
        near(value(Divergence::ChiSquared, &p, &q), 4.0 * next, 1e-14);
        near(value(Divergence::Renyi(3.0), &p, &q), 6.0 * next, 1e-14 + 20.0 * next);
        near(value(Divergence::TotalVariation, &p, &q), gap, 1e-15);
    }
}

#[test]
fn orders_meet_at_one() {
    let (p, q) = ([0.2, 0.3, 0.5], [0.4, 0.35, 0.25]);
    let kl = value(Divergence::Kl, &p, &q);
    for step in [1e-3, 1e-6, 1e-9, 1e-13] {
        for a in [1.0 - step, 1.0 + step] {
            near(value(Divergence::Renyi(a), &p, &q), kl, 1e-14 + 2.0 * step);
            near(value(Divergence::Tsallis(a), &p, &q), kl, 1e-14 + 2.0 * step);
        }
    }
    near(value(Divergence::Renyi(1e6), &p, &q), value(Divergence::Renyi(f64::INFINITY), &p, &q), 1e-5);
}

#[test]
fn masses_of_any_size_are_taken() {
    let tiny = 1e-310;
    assert!((value(Divergence::Kl, &[1.0, 0.0], &[tiny, 1.0]) - 310.0 * 10_f64.ln()).abs() < 1e-9);
    assert!((value(Divergence::Renyi(3.0), &[1.0, 0.0], &[tiny, 1.0]) - 310.0 * 10_f64.ln()).abs() < 1e-9);
    assert!((value(Divergence::Bhattacharyya, &[1.0, 0.0], &[tiny, 1.0]) - 155.0 * 10_f64.ln()).abs() < 1e-9);
    assert!(value(Divergence::ChiSquared, &[1.0, 0.0], &[tiny, 1.0]).is_infinite(), "1e310 is not a double");
}

#[test]
fn what_is_no_pair_of_distributions_is_an_error() {
    let message = |p: &[f64], q: &[f64]| Divergence::Kl.between(&weights(p), &weights(q)).unwrap_err().to_string();
    assert!(message(&[1.0], &[0.5, 0.5]).starts_with("q: it has 2 bins, but 1 are needed"));
    assert!(message(&[1.0, 1.0], &[0.5, 0.5]).starts_with("p: it is 2, but the masses of a distribution sum to 1"));
    assert!(message(&[0.5, 0.5], &[1e-12, 2e-12]).starts_with("q: it is 0.000000000003"));
    let halves = weights(&[0.5, 0.5]);
    for order in [-1.0, f64::NAN] {
        assert!(Divergence::Renyi(order).between(&halves, &halves).is_err());
    }
    assert!(Divergence::Tsallis(f64::INFINITY).between(&halves, &halves).is_err());
    let near = Histogram::grid(array![0.5, 0.5]).unwrap();
    let far = near.clone().with_origin([3.0]).unwrap();
    assert!(Divergence::Kl.between(&near, &near).is_ok());
    assert!(Divergence::Kl.between(&near, &far).unwrap_err().to_string().contains("its bins are not those"));
    assert!(f_divergence(&halves, &halves, |t| t, 1.0).is_err(), "f(1) is 1");
    assert!(f_divergence(&halves, &weights(&[1.0, 0.0]), |t| (t - 1.0).sqrt(), 1.0).is_err(), "NaN at ½");
}

/// Masses with zeros among them, as a distribution.
fn distribution(bins: usize) -> impl Strategy<Value = Weights> {
    let mass = prop_oneof![1 => Just(0.0), 4 => 1e-6..1.0, 1 => 1e-12..1e-9];
    prop::collection::vec(mass, bins)
        .prop_filter("some mass", |masses| masses.iter().any(|&m| m > 0.0))
        .prop_map(|masses| Weights::new(masses).unwrap().normalised())
}

proptest! {
    #[test]
    fn the_inequalities_hold((p, q, r) in (distribution(6), distribution(6), distribution(6))) {
        let of = |d: Divergence| d.between(&p, &q).unwrap();
        for d in ALL {
            prop_assert!(of(d) >= 0.0 && of(d) <= d.ceiling(), "{d}: {}", of(d));
            prop_assert_eq!(d.between(&p, &p).unwrap(), 0.0, "{} of p and itself", d);
        }
        let slack = 1e-12;
        let (kl, js, tv, h2) =
            (of(Divergence::Kl), of(Divergence::JensenShannon), of(Divergence::TotalVariation), of(Divergence::SquaredHellinger));
        prop_assert!(2.0 * tv * tv <= kl + slack, "Pinsker");
        prop_assert!(js <= LN_2 * tv + slack && 0.5 * tv * tv <= js + slack);
        prop_assert!(h2 <= tv + slack && tv <= (2.0 * h2).sqrt() + slack);
        prop_assert!(kl <= of(Divergence::ChiSquared).ln_1p() + slack);
        let orders = [0.0, 0.3, 0.5, 0.9, 1.0, 1.5, 3.0, f64::INFINITY];
        for pair in orders.windows(2) {
            prop_assert!(of(Divergence::Renyi(pair[0])) <= of(Divergence::Renyi(pair[1])) + slack, "{pair:?}");
        }
        for d in [Divergence::JensenShannonDistance, Divergence::Hellinger, Divergence::TotalVariation] {
            let through = d.between(&p, &r).unwrap() + d.between(&r, &q).unwrap();
            prop_assert!(of(d) <= through + slack, "{d} is a metric");
            prop_assert!((of(d) - d.between(&q, &p).unwrap()).abs() <= slack, "{d} is symmetric");
        }
    }

    #[test]
    fn merging_bins_loses_divergence((p, q) in (distribution(6), distribution(6))) {
        let merged = |w: &Weights| Weights::new(w.as_slice().chunks(2).map(|c| c[0] + c[1]).collect::<Vec<_>>()).unwrap();
        for d in ALL {
            let (fine, coarse) = (d.between(&p, &q).unwrap(), d.between(&merged(&p), &merged(&q)).unwrap());
            prop_assert!(coarse <= fine + 1e-12 * fine.abs().max(1.0), "{d}: {coarse} > {fine}");
        }
    }

    #[test]
    fn a_general_f_agrees((p, q) in (distribution(5), distribution(5))) {
        let of = |d: Divergence| d.between(&p, &q).unwrap();
        let x_ln_x = |t: f64| if t == 0.0 { 0.0 } else { t * t.ln() };
        let close = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-10 * b.abs().max(1.0);
        prop_assert!(close(f_divergence(&p, &q, x_ln_x, f64::INFINITY).unwrap(), of(Divergence::Kl)));
        prop_assert!(close(f_divergence(&p, &q, |t| 0.5 * (t - 1.0).abs(), 0.5).unwrap(), of(Divergence::TotalVariation)));
        prop_assert!(close(f_divergence(&p, &q, |t| 1.0 - t.sqrt(), 0.0).unwrap(), of(Divergence::SquaredHellinger)));
    }
}
