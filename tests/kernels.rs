//! Kernel distances against `NumPy` and `SciPy` (`fixtures/kernels.json`, made by `fixtures/make_kernels.py`).

use earthwork::divergence::{Bandwidth, Energy, Kernel, Mmd, Pairing};
use earthwork::estimate::resample::{Resampling, interval, std_error};
use earthwork::metrics::{Fid, Kid};
use earthwork::prelude::*;
use serde_json::Value;

fn samples(case: &Value, points: &str, masses: &str) -> Samples {
    let rows: Vec<Vec<f64>> = serde_json::from_value(case[points].clone()).unwrap();
    let masses: Vec<f64> = serde_json::from_value(case[masses].clone()).unwrap();
    let dim = rows[0].len();
    Samples::weighted(Points::from_rows(rows.concat(), dim).unwrap(), masses).unwrap()
}

fn discrepancy(name: &str) -> Option<Box<dyn Discrepancy>> {
    let (kernel, unbiased) = name.strip_suffix(", unbiased").map_or((name, false), |kernel| (kernel, true));
    let kernel = match kernel {
        "energy" if unbiased => return Some(Box::new(Energy::unbiased())),
        "energy" => return Some(Box::new(Energy::default())),
        "scipy energy_distance" => return Some(Box::new(Energy::metric())),
        "gaussian 1.5" => Kernel::Gaussian(Bandwidth::Fixed(1.5)),
        "gaussian 0.5 1 4" => Kernel::Gaussian(Bandwidth::Several(vec![0.5, 1.0, 4.0])),
        "laplace 2" => Kernel::Laplace(Bandwidth::Fixed(2.0)),
        "cubic" => Kernel::Polynomial { degree: 3, scale: None, offset: 1.0 },
        _ => return None,
    };
    let mmd = Mmd::new(kernel);
    Some(Box::new(if unbiased { mmd.unbiased() } else { mmd }))
}

#[test]
fn values_are_those_of_numpy_and_scipy() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("fixtures/kernels.json")).unwrap();
    let mut checked = 0;
    for case in &cases {
        let (x, y) = (samples(case, "x", "a"), samples(case, "y", "b"));
        for (name, expected) in case["values"].as_object().unwrap() {
            let Some(d) = discrepancy(name) else { continue };
            let (found, expected) = (d.between(&x, &y).unwrap().value, expected.as_f64().unwrap());
            // Differences of means of size 1 (30 for the cubic kernel), each with the rounding of sums of 1000 terms.
            let size = if name.starts_with("cubic") { 1e3 } else { 1.0 };
            assert!((found - expected).abs() <= 1e-13 * size, "{name}: {found} is not {expected}");
            checked += 1;
        }
    }
    assert_eq!(checked, 52);
}

#[test]
fn the_median_distance_is_the_bandwidth() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("fixtures/kernels.json")).unwrap();
    for case in &cases {
        let (x, y) = (samples(case, "x", "a"), samples(case, "y", "b"));
        let median = case["values"]["median distance"].as_f64().unwrap();
        let by_rule = Mmd::new(Kernel::Gaussian(Bandwidth::Median)).between(&x, &y).unwrap().value;
        let by_hand = Mmd::gaussian(median).between(&x, &y).unwrap().value;
        assert!((by_rule - by_hand).abs() <= 1e-14, "{by_rule} is not {by_hand}");
    }
}

#[test]
fn inequalities_with_the_wasserstein_distance() {
    for (seed, dim) in [(1, 1), (2, 2), (3, 5)] {
        let x = Gaussian::standard(dim).unwrap().sample(60, 2 * seed).unwrap();
        let far: Vec<f64> = Gaussian::standard(dim)
            .unwrap()
            .sample(50, 2 * seed + 1)
            .unwrap()
            .points()
            .as_slice()
            .iter()
            .map(|v| v + 0.7)
            .collect();
        let y = Samples::new(Points::from_rows(far, dim).unwrap()).unwrap();
        let w1 = wasserstein(&x, &y, 1.0).unwrap().lower();
        assert!(Energy::default().between(&x, &y).unwrap().value <= 2.0 * w1);
        for bandwidth in [0.3, 1.0, 5.0] {
            assert!(Mmd::gaussian(bandwidth).rooted().between(&x, &y).unwrap().value <= w1 / bandwidth);
        }
    }
    assert_eq!(Pairing::default(), Pairing::Biased);
}

/// Points of N(0, I), shifted along the first axis.
fn normal(n: usize, dim: usize, shift: f64, seed: u64) -> Samples {
    let draws = Gaussian::standard(dim).unwrap().sample(n, seed).unwrap();
    let coordinates = draws.points().as_slice().iter().enumerate();
    let moved: Vec<f64> = coordinates.map(|(at, v)| v + if at % dim == 0 { shift } else { 0.0 }).collect();
    Samples::new(Points::from_rows(moved, dim).unwrap()).unwrap()
}

#[test]
fn the_default_is_unbiased_and_a_sample_against_itself_is_0() {
    let (x, y) = (Samples::new([[0.0], [1.0]]).unwrap(), Samples::new([[2.0], [4.0]]).unwrap());
    let k = |t: f64| (-t * t / 2.0).exp();
    let expected = k(1.0) + k(2.0) - 0.5 * (k(2.0) + k(4.0) + k(1.0) + k(3.0));
    let found = Mmd::gaussian(1.0).unbiased().between(&x, &y).unwrap();
    assert!((found.value - expected).abs() < 1e-15, "{found}");
    assert_eq!(Mmd::default().pairing, Pairing::Unbiased);
    let x = normal(50, 2, 0.0, 1);
    for d in [&Mmd::default() as &dyn Discrepancy, &Mmd::cubic(), &Energy::unbiased(), &Energy::default()] {
        assert_eq!(d.between(&x, &x).unwrap().value, 0.0, "{}", d.name());
    }
}

#[test]
fn errors_leave_out_what_points_have_with_themselves() {
    // One far point, whose kernel with itself is 10⁵: the error was 30 times what the jackknife says.
    let real = normal(30, 2, 0.0, 1);
    let mut rows = normal(30, 2, 0.0, 2).points().as_slice().to_vec();
    rows.extend([10.0, 0.0]);
    let fake = Samples::new(Points::from_rows(rows, 2).unwrap()).unwrap();
    for d in [&Mmd::cubic() as &dyn Discrepancy, &Kid::default(), &Energy::unbiased(), &Mmd::default()] {
        let stated = d.between(&real, &fake).unwrap().std_error().unwrap();
        let jackknife = std_error(d, &real, &fake).unwrap().std_error().unwrap();
        assert!((0.5..=1.5).contains(&(stated / jackknife)), "{}: {stated}, jackknife {jackknife}", d.name());
    }
}

#[test]
fn intervals_hold_the_truth_near_0_and_far_from_it() {
    type Row<'d> = (&'d dyn Discrepancy, &'d dyn Fn(f64) -> f64);
    // MMD² with σ = 2 in the plane: 2 (σ² / (σ² + 2)) (1 − exp(−shift² / (2 (σ² + 2)))).
    let mmd = |shift: f64| 2.0 * (4.0 / 6.0) * (1.0 - (-shift * shift / 12.0).exp());
    let fid = |shift: f64| shift * shift;
    let kid = |shift: f64| {
        let square = shift * shift;
        1.5 * square + 0.75 * square * square + ((shift * square + 3.0 * shift).powi(2) + 3.0 * square) / 8.0
    };
    let rows: [Row; 3] = [(&Mmd::gaussian(2.0).unbiased(), &mmd), (&Kid::default(), &kid), (&Fid::default(), &fid)];
    for (d, truth) in rows {
        for shift in [0.0, 0.4, 1.5] {
            let (draws, truth) = (60, truth(shift));
            let held = (0..draws).filter(|&seed| {
                let (x, y) = (normal(80, 2, 0.0, 2 * seed + 1000), normal(60, 2, shift, 2 * seed + 1001));
                let found = interval(d, &x, &y, &Resampling::default()).unwrap();
                assert!(found.lower() >= 0.0, "{found}");
                // The same as the estimate's own.
                let own = d.between(&x, &y).unwrap();
                assert!((own.lower().max(0.0), own.upper()) == (found.lower(), found.upper()), "{own} {found}");
                found.lower() <= truth && truth <= found.upper()
            });
            // 52 of 60 and more in 99.7 % where the level is 0.95.
            let held = held.count();
            assert!(held >= 52, "{}, shift {shift}: {held} of {draws}", d.name());
        }
    }
    // A lower level is a shorter interval.
    let (x, y) = (normal(80, 2, 0.0, 1), normal(60, 2, 1.0, 2));
    for d in [&Mmd::default() as &dyn Discrepancy, &Energy::default(), &Fid::default()] {
        let width = |level: f64| {
            let found = interval(d, &x, &y, &Resampling::default().with_level(level)).unwrap();
            found.upper() - found.lower()
        };
        assert!(width(0.5) < width(0.9) && width(0.9) < width(0.99), "{}", d.name());
    }
}

#[test]
fn an_interval_that_begins_at_0_is_shown_as_a_bound() {
    let text =
        |shift: f64| Mmd::default().between(&normal(60, 2, 0.0, 1), &normal(60, 2, shift, 2)).unwrap().to_string();
    assert!(text(0.0).contains("at most ") && text(0.0).contains("(97.5 %, sampling"), "{}", text(0.0));
    assert!(text(2.0).contains("95 % interval ["), "{}", text(2.0));
}
