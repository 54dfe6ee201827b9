//! Kernel distances against `NumPy` and `SciPy` (`fixtures/kernels.json`, made by `fixtures/make_kernels.py`).

use earthwork::divergence::{Bandwidth, Energy, Kernel, Mmd, Pairing};
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
        let by_rule = Mmd::default().between(&x, &y).unwrap().value;
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
