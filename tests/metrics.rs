//! Metrics of generative models against the formulas of torch-fidelity and prdc (`fixtures/metrics.json`, made by
//! `fixtures/make_metrics.py`), against what is known of them, and on degenerate input.

use earthwork::divergence::{Energy, Mmd};
use earthwork::estimate::{Note, resample};
use earthwork::measure::Mixture;
use earthwork::metrics::{
    self, ClassifierTest, Fid, FidInfinity, InceptionScore, Kid, Manifold, Memorisation, Modes, OneNearest, mode_score,
    posteriors, prdc,
};
use earthwork::prelude::*;
use earthwork::sliced::Sliced;
use proptest::prelude::*;
use serde_json::Value;

fn rows(value: &Value) -> ndarray::Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    ndarray::Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn fixtures() -> Value {
    serde_json::from_str(include_str!("fixtures/metrics.json")).unwrap()
}

#[test]
fn values_are_those_of_torch_fidelity_and_prdc() {
    let fixtures = fixtures();
    let mut checked = 0;
    for case in fixtures["cases"].as_array().unwrap() {
        let [x, y, held] = ["x", "y", "held"].map(|name| Samples::new(rows(&case[name])).unwrap());
        for (name, expected) in case["values"].as_object().unwrap() {
            let expected = expected.as_f64().unwrap();
            let (kind, k) =
                name.rsplit_once(' ').map_or((name.as_str(), 0), |(kind, k)| (kind, k.parse().unwrap_or(0)));
            let found = match (kind, name.as_str()) {
                (_, "fid") => Fid::default().between(&x, &y),
                (_, "fid over n") => Fid::of_the_samples().between(&x, &y),
                (_, "kid") => Kid::default().between(&x, &y),
                (_, "memorisation") => Memorisation::new(held.clone()).between(&x, &y),
                (_, "1-NN real") => OneNearest::default().parts(&x, &y).map(|parts| parts.real),
                (_, "1-NN fake") => OneNearest::default().parts(&x, &y).map(|parts| parts.fake),
                ("precision", _) => prdc(&x, &y, k).map(|scores| scores.precision),
                ("recall", _) => Manifold::recall().with_k(k).between(&x, &y),
                ("density", _) => prdc(&x, &y, k).map(|scores| scores.density),
                ("coverage", _) => Manifold::coverage().with_k(k).between(&x, &y),
                _ => panic!("{name}"),
            };
            let found = found.unwrap().value;
            // The eigenvalues of the product of two covariances of rank 11 in 20 dimensions: half of the digits are theirs.
            let tolerance = if name.starts_with("fid") && x.len() < x.dim() { 1e-6 } else { 1e-11 };
            assert!((found - expected).abs() <= tolerance * expected.max(1.0), "{name}: {found} is not {expected}");
            checked += 1;
        }
    }
    assert_eq!(checked, 88);
}

#[test]
fn class_scores_are_those_of_torch_fidelity() {
    let classes = &fixtures()["classes"];
    let posteriors = rows(&classes["posteriors"]);
    let real: Vec<f64> = serde_json::from_value(classes["real"].clone()).unwrap();
    for splits in [1, 10] {
        let score = InceptionScore::with_splits(splits);
        // Whatever the order of the rows.
        let (upright, upside_down) = (posteriors.view(), posteriors.slice(ndarray::s![..;-1, ..]));
        assert_eq!(score.of(upright).unwrap(), score.of(upside_down).unwrap());
        // In parts it is smaller, and no order makes it much so: sorted by class the parts would have one class each.
        let sure = ndarray::Array2::from_shape_fn((200, 4), |(i, class)| f64::from(u8::from(i / 50 == class)));
        let found = score.of(sure.view()).unwrap().value;
        assert!(if splits == 1 { found == 4.0 } else { found > 3.6 && found < 4.0 }, "{found}");
        let found = score.in_order().of(upright).unwrap();
        let expected = &classes[format!("inception {splits}")];
        assert!((found.value - expected["mean"].as_f64().unwrap()).abs() < 1e-13);
        if splits > 1 {
            // Theirs is the deviation of the splits, ours that of their mean.
            let deviation = found.std_error().unwrap() * ((splits - 1) as f64).sqrt();
            assert!((deviation - expected["std"].as_f64().unwrap()).abs() < 1e-13);
        }
    }
    let found = mode_score(posteriors.view(), &real).unwrap();
    assert!((found.value - classes["mode"].as_f64().unwrap()).abs() < 1e-13);
    // Classes that real points do not have.
    assert_eq!(mode_score(posteriors.view(), &[0.0, 0.5, 0.5, 0.0, 0.0, 0.0]).unwrap().value, 0.0);
    assert!(mode_score(posteriors.view(), &[0.5, 0.5]).is_err());
    let wrong = ndarray::array![[0.5, 0.6]];
    assert!(InceptionScore::with_splits(1).of(wrong.view()).unwrap_err().to_string().contains("sums to 1.1"));
}

fn clouds() -> impl Strategy<Value = (Samples, Samples)> {
    (1_usize..=4, 2_usize..=12, 2_usize..=12).prop_flat_map(|(dim, n, m)| {
        let points = move |count| {
            prop::collection::vec(-3.0..3.0_f64, count * dim)
                .prop_map(move |rows| Samples::new(Points::from_rows(rows, dim).unwrap()).unwrap())
        };
        (points(n), points(m))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn metrics_are_below_what_exact_transport_allows((x, y) in clouds(), sigma in 0.1..5.0_f64) {
        let w1 = wasserstein(&x, &y, 1.0).unwrap().upper();
        let w2 = wasserstein(&x, &y, 2.0).unwrap().upper();
        // Gelbrich, for covariances over n.
        let fid = Fid::of_the_samples().between(&x, &y).unwrap().value;
        prop_assert!(fid <= w2 * w2 * (1.0 + 1e-10) + 1e-12, "{fid} {w2}");
        let energy = Energy::default().between(&x, &y).unwrap().value;
        prop_assert!(energy <= 2.0 * w1 * (1.0 + 1e-12) + 1e-12, "{energy} {w1}");
        let mmd = Mmd::gaussian(sigma).rooted().between(&x, &y).unwrap().value;
        prop_assert!(mmd <= w1 / sigma * (1.0 + 1e-9) + 1e-7, "{mmd} {w1} {sigma}");
        for (p, w) in [(1.0, w1), (2.0, w2)] {
            let sliced = Sliced::new(p).between(&x, &y).unwrap();
            // Each slice is below W_p, so any mean of slices is; control variates may move it by their own error.
            let above = 4.0 * sliced.std_error().unwrap_or(0.0);
            prop_assert!(sliced.value <= w * (1.0 + 1e-9) + above, "{sliced} {w}");
        }
    }

    #[test]
    fn shares_are_shares_and_equal_samples_are_equal((x, y) in clouds()) {
        for metric in metrics::catalogue() {
            if let Ok(found) = metric.discrepancy.between(&x, &y) {
                prop_assert!(found.value.is_finite() && !found.lower().is_nan(), "{}: {found}", metric.key);
                if ["precision", "recall", "coverage", "one_nn"].contains(&metric.key.as_str()) {
                    prop_assert!((0.0..=1.0).contains(&found.value));
                }
            }
        }
        prop_assert_eq!(Fid::default().between(&x, &x).unwrap().value, 0.0);
        if x.len() > 5 {
            let same = prdc(&x, &x, 5).unwrap();
            prop_assert_eq!((same.precision.value, same.recall.value, same.coverage.value), (1.0, 1.0, 1.0));
        }
    }
}

/// Closed balls: where k + 1 real points coincide, exact copies of them are covered (`<` would make both scores 0).
#[test]
fn duplicates_lie_in_balls_of_radius_0() {
    let real = Samples::new([[0.0, 0.0]; 6].iter().chain(&[[1.0, 2.0]; 6]).copied().collect::<Vec<_>>()).unwrap();
    let scores = prdc(&real, &real, 5).unwrap();
    assert_eq!((scores.precision.value, scores.coverage.value), (1.0, 1.0));
    assert!(scores.precision.notes.contains(&Note::Ties { points: 12 }));
    // Copies, far away from 0 and in more dimensions than a vector has lanes.
    for dim in [1, 3, 9, 40] {
        let far: Vec<f64> = Gaussian::standard(dim)
            .unwrap()
            .sample(50, 1)
            .unwrap()
            .points()
            .as_slice()
            .iter()
            .map(|v| v + 1e8)
            .collect();
        let far = Samples::new(Points::from_rows(far, dim).unwrap()).unwrap();
        assert_eq!(prdc(&far, &far, 3).unwrap().precision.value, 1.0);
        assert_eq!(OneNearest::default().between(&far, &far).unwrap().value, 0.0);
    }
    // All points equal: the nearest is any of the 39 others, of which 19 are of the own kind.
    let one = Samples::new([[3.0]; 20]).unwrap();
    let accuracy = OneNearest::default().between(&one, &one).unwrap().value;
    assert!((accuracy - 19.0 / 39.0).abs() < 1e-12, "{accuracy}");
}

/// Naeem et al., lemma 2, and density 1, where P = Q.
#[test]
fn at_equality_coverage_and_density_are_what_theory_says() {
    let (n, k, repeats) = (300, 5, 40);
    let gaussian = Gaussian::standard(3).unwrap();
    let (mut coverage, mut density) = (0.0, 0.0);
    for seed in 0..repeats {
        let [x, y] = [2 * seed, 2 * seed + 1].map(|seed| gaussian.sample(n, seed).unwrap());
        let scores = prdc(&x, &y, k).unwrap();
        coverage += scores.coverage.value / repeats as f64;
        density += scores.density.value / repeats as f64;
    }
    let (n, expected) = (n as f64, (1..=k).map(|j| (300.0 - j as f64) / (600.0 - j as f64)).product::<f64>());
    // Four standard errors of means of 40 shares of 300 points; balls of one sample overlap, which doubles the variance.
    let error = 4.0 * (2.0 * expected / n / repeats as f64).sqrt();
    assert!((coverage - (1.0 - expected)).abs() < error, "{coverage} {expected}");
    assert!((density - 1.0).abs() < 0.03, "{density}");
}

#[test]
fn the_errors_of_fid_are_those_of_repeated_draws() {
    let (p, q) =
        (Gaussian::standard(3).unwrap(), Gaussian::new([1.0, 0.0, 0.0], ndarray::Array2::eye(3).view()).unwrap());
    let repeats = 200;
    let (mut values, mut errors, mut held) = (Vec::new(), 0.0, 0);
    for seed in 0..repeats {
        let (x, y) = (p.sample(400, 2 * seed).unwrap(), q.sample(300, 2 * seed + 1).unwrap());
        let fid = Fid::default().between(&x, &y).unwrap();
        values.push(fid.value);
        errors += fid.std_error().unwrap() / repeats as f64;
        if seed % 4 == 0 {
            // FID of the two Gaussians is 1.
            let limit = FidInfinity::default().between(&x, &y).unwrap();
            held += u32::from(limit.lower() <= 1.0 && 1.0 <= limit.upper());
        }
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt();
    // A deviation of 200 draws is known to 5 %.
    assert!((errors / deviation - 1.0).abs() < 0.2, "{errors} {deviation}");
    // At least 44 of 50 with probability above 0.99 where the level is 0.95.
    assert!(held >= 43, "{held} of 50");
}

#[test]
fn extrapolation_takes_the_bias_off() {
    let gaussian = Gaussian::standard(8).unwrap();
    let (mut plain, mut limit, repeats) = (0.0, 0.0, 12);
    for seed in 0..repeats {
        let [x, y] = [2 * seed, 2 * seed + 1].map(|seed| gaussian.sample(800, seed).unwrap());
        plain += Fid::default().between(&x, &y).unwrap().value / repeats as f64;
        limit += FidInfinity::default().between(&x, &y).unwrap().value / repeats as f64;
    }
    assert!(plain > 0.05 && limit.abs() < 0.2 * plain, "{plain} {limit}");
    let x = gaussian.sample(100, 1).unwrap();
    assert_eq!(FidInfinity::as_published().curve(&x, &x).unwrap().len(), 15);
    assert!(FidInfinity::default().between(&x, &gaussian.sample(4, 1).unwrap()).is_err());
}

#[test]
fn fid_is_a_number_whatever_the_rank() {
    let x = Gaussian::standard(20).unwrap().sample(6, 1).unwrap();
    let one = Samples::new([[0.5; 20]]).unwrap();
    let collapsed = Samples::new([[1.0; 20]; 40]).unwrap();
    for (a, b) in [(&x, &one), (&one, &x), (&collapsed, &x), (&collapsed, &one), (&one, &one), (&x, &x)] {
        let fid = Fid::default().between(a, b).unwrap();
        assert!(fid.value.is_finite() && fid.value >= 0.0, "{fid}");
    }
    // Both are points: the distance of the points.
    assert!((Fid::default().between(&collapsed, &one).unwrap().value - 20.0 * 0.25).abs() < 1e-12);
    for (scale, offset) in [(1e-12, 0.0), (1e12, 0.0), (1.0, 1e8)] {
        let moved = |side: &Samples| Samples::new(side.points().view().mapv(|v| v * scale + offset)).unwrap();
        let y = Gaussian::standard(20).unwrap().sample(9, 2).unwrap();
        let (plain, found) =
            (Fid::default().between(&x, &y).unwrap(), Fid::default().between(&moved(&x), &moved(&y)).unwrap());
        let expected = plain.value * scale * scale;
        // Coordinates of 1e8 have an absolute error of 1e-8.
        assert!((found.value - expected).abs() <= 1e-6 * expected, "{found} {expected}");
    }
}

#[test]
fn subsets_of_kid_average_to_the_whole_and_state_their_error() {
    let q = Gaussian::new([0.5, 0.0], ndarray::Array2::eye(2).view()).unwrap();
    let p = Gaussian::standard(2).unwrap();
    let kid = Kid::default().with_subsets(40, 60);
    let (mut values, mut errors, repeats) = (Vec::new(), 0.0, 60);
    for seed in 0..repeats {
        let (x, y) = (p.sample(200, 2 * seed).unwrap(), q.sample(200, 2 * seed + 1).unwrap());
        let found = kid.between(&x, &y).unwrap();
        values.push(found.value);
        errors += found.std_error().unwrap() / repeats as f64;
        if seed == 0 {
            let whole = Kid::default().between(&x, &y).unwrap();
            assert!((found.value - whole.value).abs() < 4.0 * found.std_error().unwrap());
            assert_eq!(kid.subsets(&x, &y).unwrap().len(), 40);
            assert_eq!(found, kid.between(&x, &y).unwrap());
        }
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt();
    assert!(errors / deviation > 0.7 && errors / deviation < 1.7, "{errors} {deviation}");
}

#[test]
fn what_modes_say() {
    let ring = Mixture::ring(8, 1.0, 0.01).unwrap();
    let modes = Modes::new(ring.clone());
    let all = modes.report(&ring.sample(2500, 1).unwrap()).unwrap();
    assert_eq!((all.captured, all.modes, all.counts.len()), (8, 8, 8));
    // Within three standard deviations in the plane: 1 − exp(−9/2).
    assert!((all.high_quality.value - (1.0 - (-4.5_f64).exp())).abs() < 4.0 * all.high_quality.std_error().unwrap());
    assert!(all.reverse_kl.value < 0.01);
    let one = modes.report(&Samples::new([[1.0, 0.0]; 30]).unwrap()).unwrap();
    assert_eq!((one.captured, one.high_quality.value), (1, 1.0));
    assert!((one.reverse_kl.value - 8_f64.ln()).abs() < 1e-14 && one.jensen_shannon < 2_f64.ln());
    let none = modes.report(&Samples::new([[9.0, 9.0]; 30]).unwrap()).unwrap();
    assert_eq!((none.captured, none.high_quality.value, none.reverse_kl.value), (0, 0.0, f64::INFINITY));
    // A mode of weight 0 is none, and no point belongs to it.
    let half = Modes::new(ring.with_weights([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]).unwrap());
    let report = half.report(&ring.sample(400, 2).unwrap()).unwrap();
    assert!(
        report.modes == 4 && report.counts[4..].iter().all(|&count| count == 0) && report.reverse_kl.value.is_finite()
    );
    let rows = posteriors(&ring.sample(50, 1).unwrap(), |x| ring.posterior(x)).unwrap();
    assert_eq!(rows.dim(), (50, 8));
}

#[test]
fn two_sample_tests_keep_their_level_and_see_a_shift() {
    let gaussian = Gaussian::standard(2).unwrap();
    let test = ClassifierTest::default();
    let mut refused = 0;
    for seed in 0..40 {
        let [x, y] = [2 * seed, 2 * seed + 1].map(|seed| gaussian.sample(150, seed).unwrap());
        refused += u32::from(test.p_value(&test.between(&x, &y).unwrap()) < 0.05);
        let parts = OneNearest::default().parts(&x, &y).unwrap();
        assert!((parts.accuracy.value - 0.5).abs() < 5.0 * 0.5 / 300_f64.sqrt());
    }
    // 2 of 40 expected.
    assert!(refused <= 6, "{refused}");
    let (x, y) = (gaussian.sample(80, 1).unwrap(), gaussian.sample(80, 2).unwrap());
    let moved = Samples::new(y.points().view().mapv(|v| v + 1.5)).unwrap();
    // The best accuracy is 0.86; that of 80 judged points has an error of 0.04.
    assert!(test.between(&x, &moved).unwrap().value > 0.72);
    let found =
        resample::permutation_test(&OneNearest::default(), &x, &moved, &resample::Permutation::new(99)).unwrap();
    assert!(found.p_value < 0.05);
    // Collapse onto one point: real points lose their neighbours to nobody, fake ones have each other.
    let collapsed = Samples::new([[0.1, 0.1]; 80]).unwrap();
    let parts = OneNearest::default().parts(&x, &collapsed).unwrap();
    assert!(parts.fake.value == 1.0 && parts.real.value > 0.5);
}

#[test]
fn memorisation_tells_copies_from_fair_draws() {
    let gaussian = Gaussian::standard(3).unwrap();
    let [train, held, fair] = [1, 2, 3].map(|seed| gaussian.sample(250, seed).unwrap());
    let test = Memorisation::new(held);
    let honest = test.between(&train, &fair).unwrap();
    assert!((honest.value - 0.5).abs() < 4.0 * honest.std_error().unwrap() && test.p_value(&honest) > 1e-3);
    let near = Samples::new(train.points().view().mapv(|v| v + 1e-3)).unwrap();
    let copied = test.between(&train, &near).unwrap();
    assert!(copied.value > 0.99 && test.p_value(&copied) < 1e-6, "{copied}");
}

#[test]
fn wrong_input_is_refused_by_name() {
    let (x, y) = (Samples::new([[0.0], [1.0]]).unwrap(), Samples::new([[0.0, 1.0], [2.0, 3.0]]).unwrap());
    for metric in metrics::catalogue() {
        let message = metric.discrepancy.between(&x, &y).unwrap_err().to_string();
        assert!(message.contains("dimension 2"), "{}: {message}", metric.key);
    }
    let few = prdc(&x, &x, 2).unwrap_err().to_string();
    assert_eq!(few, "x: it has 2 points, but 3 are needed (what this estimator needs at least)");
    let weighted = Samples::weighted([[0.0], [1.0], [2.0]], [1.0, 2.0, 3.0]).unwrap();
    assert!(OneNearest::default().between(&weighted, &x).unwrap_err().to_string().contains("weights differ"));
}

#[test]
fn the_error_of_an_inception_score_is_the_spread_over_samples() {
    let ring = Mixture::ring(5, 1.0, 0.6).unwrap();
    let found: Vec<Estimate> = (0..60)
        .map(|seed| {
            let points = ring.sample(300, seed).unwrap();
            InceptionScore::default().of(metrics::posteriors(&points, |x| ring.posterior(x)).unwrap().view()).unwrap()
        })
        .collect();
    let mean = found.iter().map(|found| found.value).sum::<f64>() / 60.0;
    let spread = (found.iter().map(|found| (found.value - mean).powi(2)).sum::<f64>() / 59.0).sqrt();
    let stated = found.iter().filter_map(Estimate::std_error).sum::<f64>() / 60.0;
    assert!(stated > 0.7 * spread && stated < 1.4 * spread, "{stated} is not {spread}");
}
