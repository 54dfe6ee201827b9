use super::*;
use crate::divergence::kernel::scale::Unit;
use crate::error::Result;
use crate::estimate::resample::{Draw, Pool};
use crate::estimate::{Discrepancy, Estimate, one_by_one};
use crate::measure::{Gaussian, Points, Samples};

fn clouds(n: usize, m: usize, dim: usize, seed: u64) -> (Samples, Samples) {
    let cloud = |n, seed, scale: f64, shift: f64| {
        let normal = Gaussian::standard(dim).unwrap().sample(n, seed).unwrap();
        let moved: Vec<f64> = normal.points().as_slice().iter().map(|v| v * scale + shift).collect();
        Samples::new(Points::from_rows(moved, dim).unwrap()).unwrap()
    };
    (cloud(n, 2 * seed, 1.0, 0.0), cloud(m, 2 * seed + 1, 1.2, 0.5))
}

fn mapped(samples: &Samples, map: impl Fn(f64) -> f64) -> Samples {
    let points: Vec<f64> = samples.points().as_slice().iter().map(|v| map(*v)).collect();
    Samples::with_weights(Points::from_rows(points, samples.dim()).unwrap(), samples.weights().clone()).unwrap()
}

fn all() -> Vec<Box<dyn Discrepancy>> {
    vec![
        Box::new(Energy::default()),
        Box::new(Energy::unbiased()),
        Box::new(Energy::metric()),
        Box::new(Mmd::default()),
        Box::new(Mmd::new(Kernel::Gaussian(Bandwidth::Median))),
        Box::new(Mmd::gaussian(0.7).rooted()),
        Box::new(Mmd::laplace(2.0).unbiased()),
        Box::new(Mmd::new(Kernel::Gaussian(Bandwidth::AroundMedian))),
        Box::new(Mmd::new(Kernel::Laplace(Bandwidth::Several(vec![0.5, 3.0])))),
        Box::new(Mmd::cubic()),
    ]
}

fn assert_close(found: f64, expected: f64, size: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-13 * size, "{what}: {found} is not {expected}");
}

#[test]
fn blocks_agree_with_one_pass_over_all_pairs() {
    // Sizes on both sides of panels (16), tiles (64) and blocks (512).
    for (n, m, dim) in [(1, 1, 2), (17, 5, 3), (64, 65, 2), (520, 530, 2), (1030, 3, 4)] {
        let (x, y) = clouds(n, m, dim, 1);
        let mean = |a: &Samples, b: &Samples| {
            let distance = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
            let rows = a.points().iter().map(|p| b.points().iter().map(|q| distance(p, q)).sum::<f64>());
            rows.sum::<f64>() / (a.len() * b.len()) as f64
        };
        let expected = 2.0 * mean(&x, &y) - mean(&x, &x) - mean(&y, &y);
        let found = Energy::default().between(&x, &y).unwrap();
        assert_close(found.value, expected, 10.0, &format!("{n} {m} {dim}"));
        assert_eq!(found.std_error().is_some(), n > 1 && m > 1);
    }
}

#[test]
fn the_line_agrees_with_all_pairs() {
    for seed in 0..20 {
        let (x, y) = clouds(30, 23, 1, seed);
        let raised = |s: &Samples| {
            let points: Vec<f64> = s.points().as_slice().iter().flat_map(|&v| [v, 0.0]).collect();
            Samples::new(Points::from_rows(points, 2).unwrap()).unwrap()
        };
        for d in [Energy::default(), Energy::unbiased(), Energy::metric()] {
            let (line, plane) = (d.between(&x, &y).unwrap(), d.between(&raised(&x), &raised(&y)).unwrap());
            assert_close(line.value, plane.value, 1.0, &d.name());
            assert_close(line.std_error().unwrap(), plane.std_error().unwrap(), 1.0, "error");
        }
    }
}

#[test]
fn draws_together_have_the_values_of_draws_alone() {
    for dim in [1, 3] {
        let (x, y) = clouds(37, 50, dim, 3);
        let weighted = Samples::weighted(y.points(), (0..50).map(|k| f64::from(k % 5)).collect::<Vec<_>>()).unwrap();
        for y in [y, weighted.normalised()] {
            let pool = Pool::new(&x, &y).unwrap();
            let draws: Vec<Draw> = (0..21_u32)
                .map(|k| {
                    let x = (0..30).map(|i| (i * 7 + k * 13) % 87).collect();
                    Draw { x, y: (0..25 + k).map(|i| (i * 11 + k * 5) % 87).collect() }
                })
                .collect();
            for d in all() {
                // A bandwidth that is taken from the samples is that of the pool for all of its draws.
                if d.name().contains("median") || d.name().contains("five") {
                    continue;
                }
                let together = d.between_draws(&pool, &draws).unwrap();
                let alone = one_by_one(&d, &pool, &draws).unwrap();
                for (together, alone) in together.iter().zip(&alone) {
                    assert_close(together.powi(2), alone.powi(2), 100.0, &d.name());
                }
            }
        }
    }
}

#[test]
fn equal_samples_are_at_distance_zero_in_any_order() {
    for dim in [1, 2, 5] {
        let (x, _) = clouds(300, 1, dim, 4);
        let reversed: Vec<f64> = (0..300).rev().flat_map(|i| x.point(i).to_vec()).collect();
        let reversed = Samples::new(Points::from_rows(reversed, dim).unwrap()).unwrap();
        for d in all() {
            assert_eq!(d.between(&x, &reversed).unwrap().value, 0.0, "{} in {dim} dimensions", d.name());
        }
    }
}

#[test]
fn offsets_and_scales_keep_their_digits() {
    let (x, y) = clouds(60, 40, 3, 5);
    let value = |x: &Samples, y: &Samples| Energy::default().between(x, y).unwrap().value;
    let plain = value(&x, &y);
    for scale in [1e-300, 1e-150, 1e-12, 1e12, 1e150, 1e300] {
        let scaled = value(&mapped(&x, |v| v * scale), &mapped(&y, |v| v * scale));
        assert!((scaled / scale / plain - 1.0).abs() < 1e-12, "{scale}: {scaled}");
        // A kernel whose bandwidth grows along sees nothing of it.
        let mmd = Mmd::default();
        let (near, far) = (
            mmd.between(&x, &y).unwrap().value,
            mmd.between(&mapped(&x, |v| v * scale), &mapped(&y, |v| v * scale)).unwrap().value,
        );
        assert!((far / near - 1.0).abs() < 1e-12, "{scale}: {far}");
    }
    // Coordinates near 1e8 have 8 digits behind the point.
    let far = value(&mapped(&x, |v| v + 1e8), &mapped(&y, |v| v + 1e8));
    assert!((far / plain - 1.0).abs() < 1e-6, "{far}");
    assert_eq!(Unit::of(x.points(), y.points()), Unit::ONE);
}

#[test]
fn known_answers() {
    // A shift t of one point: k(0) + k(0) − 2 k(t).
    let at = |v: f64| Samples::new([[v, 0.0]]).unwrap();
    let value = |d: &dyn Discrepancy, t: f64| d.between(&at(0.0), &at(t)).unwrap().value;
    assert_eq!(value(&Energy::default(), 3.0), 6.0);
    assert_eq!(value(&Energy::metric(), 8.0), 4.0);
    assert_close(value(&Mmd::gaussian(2.0), 3.0), 2.0 - 2.0 * (-9.0_f64 / 8.0).exp(), 1.0, "Gaussian");
    assert_close(value(&Mmd::laplace(2.0), 3.0), 2.0 - 2.0 * (-1.5_f64).exp(), 1.0, "Laplace");
    assert_eq!(value(&Mmd::gaussian(1.0), 1e6), 2.0);
    // (x²/2 + 1)³ and so on.
    let cubic = Mmd::new(Kernel::Polynomial { degree: 3, scale: None, offset: 1.0 });
    assert_eq!(value(&cubic, 2.0), 1.0 + 27.0 - 2.0);
}

#[test]
fn unbiased_values_are_right_on_average() {
    // N(0, 1) against N(1, 1) with σ = 1: E k = (1 + 2/σ²)^−½ exp(−Δ²/2(σ² + 2)).
    let truth = 2.0 / 3.0_f64.sqrt() * (1.0 - (-1.0_f64 / 6.0).exp());
    let shifted = Gaussian::new([1.0], ndarray::array![[1.0]].view()).unwrap();
    let standard = Gaussian::standard(1).unwrap();
    let estimators: [Box<dyn Discrepancy>; 2] =
        [Box::new(Mmd::gaussian(1.0).unbiased()), Box::new(LinearMmd::new(Kernel::Gaussian(Bandwidth::Fixed(1.0))))];
    for d in estimators {
        let estimates: Vec<Estimate> = (0..400)
            .map(|seed| {
                let (x, y) = (standard.sample(30, 2 * seed).unwrap(), shifted.sample(40, 2 * seed + 1).unwrap());
                d.between(&x, &y).unwrap()
            })
            .collect();
        let mean = estimates.iter().map(|e| e.value).sum::<f64>() / 400.0;
        let variance = estimates.iter().map(|e| (e.value - mean).powi(2)).sum::<f64>() / 399.0;
        assert!((mean - truth).abs() < 4.0 * (variance / 400.0).sqrt(), "{}: {mean} is not {truth}", d.name());
        // The stated standard error is the spread of the draws.
        let stated = estimates.iter().map(|e| e.std_error().unwrap().powi(2)).sum::<f64>() / 400.0;
        assert!((stated / variance).sqrt() > 0.85 && (stated / variance).sqrt() < 1.2, "{}: {stated}", d.name());
    }
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let (x, y) = clouds(1500, 700, 3, 6);
    let pool = Pool::new(&x, &y).unwrap();
    let draws = [Draw { x: (0..900).collect(), y: (400..2200).collect() }];
    let run = |threads: usize| {
        let workers = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        workers.install(|| {
            let value = |d: Box<dyn Discrepancy>| (d.between(&x, &y).unwrap(), d.between_draws(&pool, &draws).unwrap());
            all().into_iter().map(value).collect::<Vec<_>>()
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn degenerate_samples_give_a_number_or_a_reason() {
    let one = Samples::new([[1.0, 2.0]]).unwrap();
    let twice = Samples::new([[1.0, 2.0], [1.0, 2.0]]).unwrap();
    for d in all() {
        let name = d.name();
        if name.contains("unbiased") || (name.starts_with("MMD") && !name.contains("biased")) {
            let message = d.between(&one, &twice).unwrap_err().to_string();
            assert!(message.starts_with("x: it has 1 points with mass, but 2 are needed"), "{message}");
        } else {
            assert_eq!(d.between(&one, &twice).unwrap().value, 0.0, "{}", d.name());
        }
        // All points equal: whatever is left is rounding.
        assert!(d.between(&twice, &twice).unwrap().value.abs() < 1e-12);
        let line = Samples::new([[1.0], [2.0]]).unwrap();
        assert!(d.between(&twice, &line).unwrap_err().to_string().contains("dimension 1"));
    }
    let refused = |d: &dyn Discrepancy| d.between(&one, &twice).unwrap_err().to_string();
    assert!(refused(&Mmd::gaussian(0.0)).starts_with("bandwidth: it is 0"));
    assert!(refused(&Mmd::laplace(f64::NAN)).starts_with("bandwidth: it is NaN"));
    assert!(refused(&Mmd::new(Kernel::Gaussian(Bandwidth::Several(vec![])))).starts_with("bandwidth: it is 0"));
    assert!(refused(&Mmd::new(Kernel::Polynomial { degree: 0, scale: None, offset: 0.0 })).starts_with("degree"));
    let far = Samples::new([[1e200, 0.0], [-1e200, 0.0]]).unwrap();
    assert!(Mmd::cubic().between(&far, &far).unwrap_err().to_string().contains("overflow"));
    let weighted = Samples::weighted([[0.0, 0.0], [1.0, 1.0]], [1.0, 2.0]).unwrap();
    assert!(LinearMmd::default().between(&weighted, &twice).unwrap_err().to_string().contains("differ in weight"));
}

#[test]
fn only_proportions_of_weights_matter() -> Result<()> {
    let (x, y) = clouds(9, 8, 2, 7);
    let heavy = Samples::weighted(x.points(), vec![7e11; 9])?;
    let split: Vec<f64> = (0..9).flat_map(|i| [x.point(i), x.point(i)].concat()).collect();
    let split = Samples::new(Points::from_rows(split, 2)?)?;
    for d in [Energy::default(), Energy::metric()] {
        let value = d.between(&x, &y)?.value;
        assert_close(d.between(&heavy, &y)?.value, value, 1.0, "heavy");
        assert_close(d.between(&split, &y)?.value, value, 1.0, "split");
    }
    Ok(())
}
