use super::*;
use crate::measure::{Gaussian, Points, Weights};

/// The difference of the means of the first coordinate, signed: everything about it is known.
struct Shift;

impl Discrepancy for Shift {
    fn name(&self) -> String {
        "shift".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let value = x.mean()[0] - y.mean()[0];
        Ok(Estimate::new(value, Evidence::Unstated, "difference of means", (x.len(), y.len())))
    }
}

/// The square of it: biased upwards by (variance of x) / n + (variance of y) / m.
struct Squared;

impl Discrepancy for Squared {
    fn name(&self) -> String {
        "squared shift".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let shift = Shift.between(x, y)?;
        Ok(Estimate { value: shift.value.powi(2), ..shift })
    }
}

/// Infinite unless the two samples overlap.
struct Infinite;

impl Discrepancy for Infinite {
    fn name(&self) -> String {
        "infinite".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let most = |side: &Samples| side.points().as_slice().iter().copied().fold(f64::MIN, f64::max);
        let least = |side: &Samples| side.points().as_slice().iter().copied().fold(f64::MAX, f64::min);
        let value = if most(x) < least(y) { f64::INFINITY } else { 0.0 };
        Ok(Estimate::new(value, Evidence::Exact, "overlap", (x.len(), y.len())))
    }
}

fn clouds(n: usize, m: usize, seed: u64) -> (Samples, Samples) {
    let shifted = Gaussian::new([0.5], ndarray::array![[1.0]].view()).unwrap();
    (Gaussian::standard(1).unwrap().sample(n, 2 * seed).unwrap(), shifted.sample(m, 2 * seed + 1).unwrap())
}

fn variance(side: &Samples) -> f64 {
    let mean = side.mean()[0];
    side.points().as_slice().iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (side.len() - 1) as f64
}

#[test]
fn the_jackknife_of_a_mean_is_the_textbook_formula() {
    let (x, y) = clouds(40, 25, 1);
    let expected = (variance(&x) / 40.0 + variance(&y) / 25.0).sqrt();
    let found = std_error(&Shift, &x, &y).unwrap().std_error().unwrap();
    assert!((found - expected).abs() <= 1e-12 * expected, "{found} is not {expected}");
}

#[test]
fn the_jackknife_takes_the_bias_of_a_square_off() {
    let (x, y) = clouds(40, 25, 2);
    let squared = Squared.between(&x, &y).unwrap().value;
    let found = interval(&Squared, &x, &y, &Resampling::jackknife()).unwrap();
    let centre = 0.5 * (found.lower() + found.upper());
    let unbiased = squared - variance(&x) / 40.0 - variance(&y) / 25.0;
    assert!((centre - unbiased).abs() <= 1e-12, "{centre} is not {unbiased}");
}

#[test]
fn every_scheme_finds_the_width_of_the_normal_interval() {
    let (x, y) = clouds(60, 50, 3);
    let expected = 1.96 * (variance(&x) / 60.0 + variance(&y) / 50.0).sqrt();
    let schemes = [
        Resampling::default(),
        Resampling::default().with_ends(Ends::Basic),
        Resampling::subsample(0.3),
        Resampling::bootstrap().with_ends(Ends::Debiased),
        Resampling::bootstrap(),
        Resampling::bootstrap().with_ends(Ends::Basic),
        Resampling::bootstrap().with_ends(Ends::Percentile),
        Resampling::jackknife(),
        Resampling::jackknife().with_replicates(20),
    ];
    for options in schemes {
        let found = interval(&Shift, &x, &y, &options).unwrap();
        let half = 0.5 * (found.upper() - found.lower());
        // Quantiles of 999 draws are good to a few per cent, a variance of 20 groups to sixteen.
        assert!((half / expected - 1.0).abs() < 0.3, "{options:?}: {half} is not near {expected}");
        assert!(found.lower() < found.value && found.value < found.upper(), "{options:?}: {found}");
        assert_eq!(found.seed, Some(0));
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_at_any_number_of_threads() {
    let (x, y) = clouds(30, 20, 4);
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let options = Resampling::default().with_replicates(99).with_seed(seed);
            let test = permutation_test(&Squared, &x, &y, &Permutation::new(99).with_seed(seed)).unwrap();
            (interval(&Squared, &x, &y, &options).unwrap(), test)
        })
    };
    assert_eq!(run(1, 7), run(3, 7));
    assert_ne!(run(1, 7).1.null, run(1, 8).1.null);
}

#[test]
fn p_values_agree_with_all_relabellings() {
    // Of the 20 ways to call three of six points x, two separate the points as widely: as given, and exchanged. The place among these
    // ties is drawn, so that the p-value is anywhere from 0 to 2 / 20.
    let x = Samples::new([[1.0], [2.0], [3.0]]).unwrap();
    let y = Samples::new([[4.0], [5.0], [6.0]]).unwrap();
    let test = permutation_test(&Squared, &x, &y, &Permutation::new(9_999)).unwrap();
    // No way separates them more, so both are ties, of which a number drawn at random counts.
    let share = test.ties as f64 / 9_999.0;
    assert!((share - 0.1).abs() < 4.0 * (0.09_f64 / 9_999.0).sqrt(), "{share}");
    assert!(test.at_least <= test.ties && test.p_value > 0.0, "{test:?}");
    assert_eq!(test.statistic.value, 9.0);
    assert_eq!((test.permutations(), test.at_least + 1), (9_999, (test.p_value * 10_000.0).round() as usize));
}

#[test]
fn a_p_value_is_never_zero_and_equal_samples_have_one() {
    let x = Samples::new((0..20).map(|k| [f64::from(k)]).collect::<Vec<_>>()).unwrap();
    let far = Samples::new((0..20).map(|k| [f64::from(k) + 1e6]).collect::<Vec<_>>()).unwrap();
    assert_eq!(permutation_test(&Squared, &x, &far, &Permutation::new(99)).unwrap().p_value, 0.01);
    assert_eq!(permutation_test(&Infinite, &x, &far, &Permutation::new(99)).unwrap().p_value, 0.01);
    assert!(permutation_test(&Squared, &x, &x, &Permutation::new(99)).unwrap().p_value >= 0.95);
    // Infinite values are ties too.
    let one = Samples::new([[0.0]]).unwrap();
    let other = Samples::new([[1.0]]).unwrap();
    let test = permutation_test(&Infinite, &one, &other, &Permutation::new(99)).unwrap();
    let infinite = test.null.iter().filter(|value| value.is_infinite()).count();
    assert!(infinite > 30 && test.ties == infinite && test.at_least <= test.ties, "{test:?}");
    // Where every relabelling is a tie, nothing was shown.
    let equal = Samples::new(vec![[1.0]; 8]).unwrap();
    assert_eq!(permutation_test(&Squared, &equal, &equal, &Permutation::new(99)).unwrap().p_value, 1.0);
}

#[test]
fn ties_leave_the_level_where_it_is() {
    // Flags: of 60 relabellings in 99 the statistic has one of a few values. Counted as larger, all ties would take the level to 1 %.
    let flags = |seed: u64| {
        let drawn = Gaussian::standard(1).unwrap().sample(24, seed).unwrap();
        Samples::new(drawn.points().view().mapv(|v| f64::from(v > 0.7))).unwrap()
    };
    let (mut rejected, mut draws) = (0, 0);
    for seed in 0..1_000 {
        let options = Permutation::new(99).with_seed(seed);
        let test = permutation_test(&Squared, &flags(2 * seed), &flags(2 * seed + 1), &options).unwrap();
        assert_eq!(test.p_value, (1 + test.at_least) as f64 / 100.0);
        rejected += u32::from(test.p_value <= 0.05);
        draws += 1;
    }
    // Four standard errors about 5 %.
    assert!((22..=78).contains(&rejected), "{rejected} of {draws}");
}

/// The distance of the means, which is 0 at P = Q and too large on average.
struct Gap;

impl Discrepancy for Gap {
    fn name(&self) -> String {
        "gap".into()
    }

    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        let shift = Shift.between(x, y)?;
        Ok(Estimate { value: shift.value.abs(), ..shift })
    }

    crate::estimate::distance!(|d| 1.0);
}

#[test]
fn the_interval_of_a_distance_holds_0_and_the_truth() {
    let normal = |seed: u64| Gaussian::standard(1).unwrap().sample(40, seed).unwrap();
    for truth in [0.0, 0.1, 0.5, 2.0] {
        let moved = |seed: u64| Samples::new(normal(seed).points().view().mapv(|v| v + truth)).unwrap();
        let held = (0..100).filter(|&seed| {
            let found = interval(&Gap, &normal(2 * seed), &moved(2 * seed + 1), &Resampling::default()).unwrap();
            assert!(found.lower() >= 0.0 && found.lower() <= found.value && found.value <= found.upper(), "{found}");
            assert!(found.notes.is_empty(), "{found}");
            found.lower() <= truth && truth <= found.upper()
        });
        let held = held.count();
        assert!(held >= 88, "{held} of 100 at {truth}");
    }
}

#[test]
fn an_interval_that_is_ended_early_is_wider() {
    let (x, y) = clouds(40, 30, 8);
    let whole = interval(&Gap, &x, &y, &Resampling::default()).unwrap();
    let some = interval_observed(&Gap, &x, &y, &Resampling::default(), &mut |done| done < 20).unwrap();
    let none = interval_observed(&Gap, &x, &y, &Resampling::default(), &mut |_| false).unwrap();
    assert!(some.notes.contains(&Note::NotConverged) && some.upper().is_finite(), "{some}");
    assert_eq!((none.lower(), none.upper()), (0.0, f64::INFINITY));
    assert_ne!(whole, some);
    // Other schemes resample, as asked; half-samples are drawn for what has no method of its own.
    let halves = interval(&Gap, &x, &y, &Resampling::subsample(0.5)).unwrap();
    assert_ne!(halves.evidence, whole.evidence);
    assert_eq!(
        interval(&Shift, &x, &y, &Resampling::default()).unwrap(),
        interval(&Shift, &x, &y, &Resampling::subsample(0.5)).unwrap()
    );
}

#[test]
fn a_test_can_be_ended_early() {
    let (x, y) = clouds(10, 10, 5);
    let all = permutation_test(&Shift, &x, &y, &Permutation::new(500)).unwrap();
    let some = permutation_test_observed(&Shift, &x, &y, &Permutation::new(500), &mut |done| done < 40).unwrap();
    assert_eq!(some.null, all.null[..some.permutations()]);
    assert!((40..200).contains(&some.permutations()));
}

#[test]
fn weighted_draws_keep_the_total() {
    let (x, y) = clouds(12, 9, 6);
    let masses: Vec<f64> = (0..12).map(|k| 1e-300 * f64::from(k % 4)).collect();
    let x = Samples::with_weights(x.points(), Weights::new(masses).unwrap()).unwrap();
    let y = Samples::with_weights(y.points(), Weights::new(vec![x.total() / 9.0; 9]).unwrap()).unwrap();
    let pool = Pool::new(&x, &y).unwrap();
    let (drawn, _) = pool.samples(&Draw { x: vec![1, 3, 3, 4], y: vec![12, 20] }).unwrap();
    assert!((drawn.total() / x.total() - 1.0).abs() < 1e-12);
    let expected = [1.0, 3.0, 3.0, 0.0].map(|w| w / 7.0 * x.total());
    for (mass, expected) in drawn.weights().as_slice().iter().zip(expected) {
        assert!((mass - expected).abs() <= 1e-12 * x.total());
    }
    // Points without mass are never drawn: a resample always has some.
    for options in [Resampling::default(), Resampling::bootstrap(), Resampling::jackknife()] {
        let found = interval(&Shift, &x, &y, &options).unwrap();
        assert!(found.lower() < found.upper() && found.upper().is_finite(), "{found}");
    }
}

#[test]
fn what_cannot_be_resampled_is_refused() {
    let (x, y) = clouds(10, 8, 7);
    let one = Samples::new([[0.0]]).unwrap();
    let message = |result: Result<Estimate>| result.unwrap_err().to_string();
    let default = Resampling::default();
    assert_eq!(
        message(interval(&Shift, &x, &one, &default)),
        "y: it has 1 points with mass, but 2 are needed (from one point nothing can be learnt about the spread of others)"
    );
    let plane = Samples::new(Points::from_rows(vec![0.0; 4], 2).unwrap()).unwrap();
    assert!(message(interval(&Shift, &x, &plane, &default)).contains("dimension"));
    assert!(message(interval(&Shift, &x, &y, &default.with_level(1.0))).starts_with("level: it is 1,"));
    assert!(message(interval(&Shift, &x, &y, &default.with_replicates(1))).starts_with("replicates:"));
    assert!(message(interval(&Shift, &x, &y, &Resampling::subsample(0.0))).starts_with("fraction:"));
    assert!(message(interval(&Shift, &x, &y, &default.with_ends(Ends::Bca))).starts_with("ends:"));
    let below = Samples::new([[-9.0], [-8.0]]).unwrap();
    assert!(message(interval(&Infinite, &below, &y, &default)).starts_with("infinite: the value is inf"));
    let weighted = Samples::weighted(x.points(), (1..=10).map(f64::from).collect::<Vec<_>>()).unwrap();
    let error = permutation_test(&Shift, &weighted, &y, &Permutation::default()).unwrap_err();
    assert!(error.to_string().starts_with("x: its points differ in weight"), "{error}");
    let error = permutation_test(&Shift, &x, &y, &Permutation::new(0)).unwrap_err();
    assert!(error.to_string().starts_with("permutations: it is 0"), "{error}");
}
