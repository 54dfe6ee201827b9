use super::*;
use crate::cost::{CostFn, PNorm, SquaredEuclidean};
use crate::exact::NetworkSimplex;
use crate::measure::{Points, Samples};
use crate::transport::certify;
use proptest::prelude::*;

fn side(points: &[f64], weights: Option<&[f64]>) -> Samples {
    let points = Points::from_rows(points.to_vec(), 1).unwrap();
    match weights {
        Some(weights) => Samples::weighted(points, weights).unwrap(),
        None => Samples::new(points).unwrap(),
    }
}

/// Checks everything a solution promises, against code that knows nothing of lines.
fn assert_proven(x: &Samples, y: &Samples, power: f64) -> Solution {
    let problem = Problem::between(x, y, PNorm::wasserstein(power).unwrap()).unwrap();
    let solution = Line::default().solve(&problem).unwrap();
    let Solution { plan, potentials, transport_cost, bounds: Some(bounds), .. } = &solution else {
        panic!("there are bounds");
    };
    let (n, m) = problem.shape();
    assert!(plan.flows().len() < n + m, "{} entries for {n} × {m}", plan.flows().len());
    assert!(bounds.lower <= *transport_cost && *transport_cost <= bounds.upper, "{bounds:?} around {transport_cost}");
    assert!(bounds.relative_gap() <= (power + 30.0) * 1e-15, "{bounds:?}");

    let check = certify(&problem, plan, potentials).unwrap();
    // One rounding for each potential, of at most the largest number at hand, and one for the shift of the gauge.
    let largest =
        potentials.f.iter().chain(&potentials.g).fold(*transport_cost / problem.mass(), |m, p| m.max(p.abs()));
    let rounding = (power + 8.0) * f64::EPSILON * largest;
    assert!(check.dual_violation <= rounding, "violated by {} of {largest}", check.dual_violation);
    assert!(check.marginal_error <= 4.0 * f64::EPSILON, "marginals off by {}", check.marginal_error);
    let cost_rounding = (power + 8.0) * f64::EPSILON * transport_cost;
    let dual_rounding = 4.0 * rounding * problem.mass() + cost_rounding;
    assert!((check.bounds.lower - bounds.lower).abs() <= dual_rounding, "{:?} and {bounds:?}", check.bounds);
    assert!(
        (check.transport_cost - transport_cost).abs() <= cost_rounding,
        "{} {transport_cost}",
        check.transport_cost
    );
    let gauge: f64 = [(problem.source(), &potentials.f, 1.0), (problem.target(), &potentials.g, -1.0)]
        .iter()
        .map(|(masses, values, sign)| sign * masses.as_slice().iter().zip(*values).map(|(m, v)| m * v).sum::<f64>())
        .sum();
    assert!(gauge.abs() <= (n + m) as f64 * f64::EPSILON * largest * problem.mass(), "gauge {gauge}");

    let brief = Line::default().summary(&problem).unwrap();
    let (value, within) = (brief.transport_cost, brief.bounds.unwrap());
    assert!((value - transport_cost).abs() <= 50.0 * f64::EPSILON * transport_cost, "{value} and {transport_cost}");
    assert!(within.lower <= bounds.upper && bounds.lower <= within.upper, "{within:?} and {bounds:?}");
    assert!(within.lower <= value && value <= within.upper && within.gap() <= 1e-11 * value, "{within:?}");
    assert_eq!((brief.shape, brief.flows), ((n, m), plan.flows().len()));
    solution
}

fn wave(n: usize, step: f64, size: f64) -> Vec<f64> {
    (0..n).map(|k| (k as f64 * step).sin() * size).collect()
}

#[test]
fn translations_have_known_answers() {
    for n in [1, 2, 7, 300, 5000] {
        for power in [1.0, 1.5, 2.0, 3.0, 10.0] {
            let x = wave(n, 0.7, 3.0);
            let y: Vec<f64> = x.iter().rev().map(|x| x + 0.5).collect();
            let solution = assert_proven(&side(&x, None), &side(&y, None), power);
            // Each y is rounded by at most half a unit in the last place of 4.
            let expected = 0.5_f64.powf(power);
            assert!((solution.transport_cost - expected).abs() <= power * 1e-15 * expected, "{n} {power}: {solution}");
        }
    }
}

#[test]
fn one_point_all_equal_points_and_identical_sides() {
    for power in [1.0, 2.0, 2.5, 50.0] {
        assert_eq!(assert_proven(&side(&[3.0], None), &side(&[3.0], None), power).transport_cost, 0.0);
        assert_eq!(assert_proven(&side(&[3.0], None), &side(&[4.0], None), power).transport_cost, 1.0);
        let many = assert_proven(&side(&[2.0; 40], None), &side(&[1.0; 7], None), power);
        assert!((many.transport_cost - 1.0).abs() < 1e-15);
        let x = side(&wave(500, 0.3, 1.0), None);
        let same = assert_proven(&x, &x, power);
        assert_eq!((same.transport_cost, same.bounds.unwrap().upper), (0.0, 0.0));
        assert_eq!(same.plan.as_permutation(), Some((0..500).collect()));
    }
}

#[test]
fn far_coordinates_and_scaled_masses_change_nothing() {
    let (x, y) = (wave(60, 0.7, 1.0), wave(45, 1.3, 2.0));
    // Multiples of 2⁻²⁰: exact also after the offset.
    let round = |v: &[f64]| v.iter().map(|v| (v * 1_048_576.0).round() / 1_048_576.0).collect::<Vec<_>>();
    let (x, y) = (round(&x), round(&y));
    let (a, b) = (wave(60, 0.9, 0.4).iter().map(|w| w + 0.5).collect::<Vec<_>>(), vec![1.0; 45]);
    let scaled = |w: &[f64], s: f64| {
        let total: f64 = w.iter().sum();
        w.iter().map(|w| w / total * s).collect::<Vec<_>>()
    };
    for power in [1.0, 2.0, 3.5] {
        let cost = |offset: f64, s: f64| {
            let far = |v: &[f64]| v.iter().map(|v| v + offset).collect::<Vec<_>>();
            let (a, b) = (scaled(&a, s), scaled(&b, s));
            assert_proven(&side(&far(&x), Some(&a)), &side(&far(&y), Some(&b)), power).transport_cost
        };
        let plain = cost(0.0, 1.0);
        for (offset, s) in [(1e8, 1.0), (-1e8, 1e12), (0.0, 1e12), (0.0, 1e-12), (0.0, 1e-250)] {
            assert!((cost(offset, s) / s / plain - 1.0).abs() < 1e-13, "p = {power}, offset {offset}, masses × {s}");
        }
    }
}

#[test]
fn points_without_mass_get_potentials_and_no_flow() {
    let x = side(&[5.0, 0.0, -4.0, 1.0, 9.0], Some(&[0.0, 0.5, 0.0, 0.5, 0.0]));
    let y = side(&[1.0, -9.0, 2.0, 30.0], Some(&[0.25, 0.0, 0.75, 0.0]));
    for power in [1.0, 2.0, 4.0] {
        let solution = assert_proven(&x, &y, power);
        let expected = 0.25 * 1.0 + 0.25 * 2_f64.powf(power) + 0.5 * 1.0;
        assert!((solution.transport_cost - expected).abs() < 1e-15 * expected);
        assert_eq!(solution.plan.flows().len(), 3);
    }
}

#[test]
fn a_large_power_keeps_its_digits() {
    let (x, y) = (wave(200, 0.7, 1.0), wave(150, 1.3, 2.0));
    assert_proven(&side(&x, None), &side(&y, None), 50.0);
    // 1e-10^50 is far below the least number: nothing is known but that the cost is tiny.
    let bounds = assert_tiny(&side(&[0.0, 1.0], None), &side(&[1e-10, 1.0], None), 50.0);
    assert!(bounds.lower == 0.0 && bounds.upper > 0.0 && bounds.upper < 1e-300);
}

fn assert_tiny(x: &Samples, y: &Samples, power: f64) -> Bounds {
    let problem = Problem::between(x, y, PNorm::wasserstein(power).unwrap()).unwrap();
    Line::default().solve(&problem).unwrap().bounds.unwrap()
}

#[test]
fn a_million_steps_lose_no_mass() {
    let n = 300_000;
    let (x, y) = (wave(n, 0.618, 1.0), wave(n - 77_777, 0.4142, 1.5));
    let a: Vec<f64> = (0..x.len()).map(|k| 0.1 + (k * 7919 % 1000) as f64 / 1000.0).collect();
    let b: Vec<f64> = (0..y.len()).map(|k| 0.1 + (k * 6007 % 997) as f64 / 997.0).collect();
    let (x, y) = (side(&x, Some(&a)).normalised(), side(&y, Some(&b)).normalised());
    let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
    let plan = Line::default().solve(&problem).unwrap().plan;
    let sums = [(plan.row_sums(), x.weights(), 1.0), (plan.column_sums(), y.weights(), problem.target_scale())];
    for (got, due, scale) in sums {
        let off = got.iter().zip(due.as_slice()).map(|(got, due)| (got / (due * scale) - 1.0).abs());
        // Masses, their compensated sum, the due mass and the ratio are rounded once each. The largest target takes up what
        // the totals differ by.
        let wrong = off.filter(|&off| off > 2.0 * f64::EPSILON).count();
        assert!(wrong <= 1, "{wrong} marginals are off");
    }
}

#[test]
fn what_is_no_line_is_refused() {
    let plane = Samples::new([[0.0, 0.0]]).unwrap();
    let message = |problem: Problem| Line::default().solve(&problem).unwrap_err().to_string();
    assert!(message(Problem::between(&plane, &plane, SquaredEuclidean).unwrap()).contains("one coordinate"));
    let line = side(&[0.0], None);
    let concave = PNorm::wasserstein(0.5).unwrap();
    assert!(message(Problem::between(&line, &line, concave).unwrap()).contains("p ≥ 1"));
    let closure = CostFn::new("gap", |x: &[f64], y: &[f64]| (x[0] - y[0]).abs());
    assert!(message(Problem::between(&line, &line, closure).unwrap()).contains("line solver"));
}

#[test]
fn the_value_of_two_lists_is_that_of_their_problem() {
    let mut scratch = Vec::new();
    for n in [1, 5, 300, 20_000, 100_000] {
        let (x, y) = (wave(n, 0.7, 1.0), wave(n, 1.3, 2.0));
        for power in [1.0, 2.0, 2.5] {
            let solution = if n <= 300 {
                assert_proven(&side(&x, None), &side(&y, None), power)
            } else {
                let problem =
                    Problem::between(&side(&x, None), &side(&y, None), PNorm::wasserstein(power).unwrap()).unwrap();
                Line::default().solve(&problem).unwrap()
            };
            let cost = line_cost(&mut x.clone(), &mut y.clone(), power, &mut scratch);
            assert!((cost - solution.transport_cost).abs() <= 1e-14 * cost, "{n} {power}");
        }
    }
}

/// Coordinates with many ties, and some far from the rest.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![4 => (-4i32..4).prop_map(f64::from), 4 => -3.0..3.0f64, 1 => Just(1e6), 1 => -1e-9..1e-9f64]
}

fn masses(n: usize) -> impl Strategy<Value = Vec<f64>> {
    let mass = prop_oneof![1 => Just(0.0), 3 => (1u8..4).prop_map(f64::from), 2 => 0.01..1.0f64, 1 => 1e-9..1e-8f64];
    prop::collection::vec(mass, n).prop_filter("some mass is needed", |w| w.iter().sum::<f64>() > 1e-3)
}

fn weighted_side() -> impl Strategy<Value = Samples> {
    (1usize..25)
        .prop_flat_map(|n| (prop::collection::vec(coordinate(), n), masses(n)))
        .prop_map(|(points, weights)| side(&points, Some(&weights)).normalised())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_line_agrees_with_the_network_simplex(
        x in weighted_side(), y in weighted_side(), power in prop_oneof![Just(1.0), Just(2.0), Just(3.0), 1.0..4.0f64]
    ) {
        let line = assert_proven(&x, &y, power);
        let problem = Problem::between(&x, &y, PNorm::wasserstein(power).unwrap()).unwrap();
        let simplex = NetworkSimplex::default().with_iteration_limit(100_000).solve(&problem).unwrap();
        let bounds = simplex.bounds.unwrap();
        prop_assert!(line.transport_cost >= bounds.lower - 1e-13 * bounds.magnitude);
        prop_assert!(line.transport_cost <= bounds.upper + 1e-12 * bounds.magnitude);
    }

    #[test]
    fn uniform_sides_agree_with_their_weighted_twins(
        (x, y) in (1usize..40).prop_flat_map(|n| {
            (prop::collection::vec(coordinate(), n), prop::collection::vec(coordinate(), n))
        }),
        power in 1.0..3.0f64,
    ) {
        let uniform = assert_proven(&side(&x, None), &side(&y, None), power).transport_cost;
        // Split the first point in two: the masses are then no longer equal.
        let (mut split, n) = (x.clone(), x.len() as f64);
        split.push(x[0]);
        let mut masses = vec![1.0 / n; split.len()];
        masses[0] = 0.25 / n;
        masses[x.len()] = 0.75 / n;
        let weighted = assert_proven(&side(&split, Some(&masses)), &side(&y, None), power).transport_cost;
        // The masses are rounded, and may move what is lost as far as the farthest point.
        let reach = x.iter().chain(&y).fold(0.0_f64, |reach, v| reach.max(v.abs())) * 2.0;
        prop_assert!((uniform - weighted).abs() <= 4.0 * f64::EPSILON * reach.powf(power));
    }

    #[test]
    fn sorting_is_stable_at_every_size(
        n in prop_oneof![Just(0usize), 1..600usize, 8_000..9_000usize, 20_000..70_000usize],
        kind in 0..6u8, seed in 1u32..1000
    ) {
        let values: Vec<f64> = (0..n as u32)
            .map(|k| {
                let unit = f64::from((k + 1).wrapping_mul(2_654_435_761).wrapping_mul(seed) >> 8) / f64::from(1 << 24);
                match kind {
                    0 => unit,
                    1 => (unit * 50.0).floor(),
                    2 => (1.0 / (unit + 1e-9)).powi(8),
                    3 => 1e8 + unit,
                    4 => if k % 1000 == 7 { 1e300 * (unit - 0.5) } else { unit },
                    _ => 3.0,
                }
            })
            .collect();
        let sorted = Sorted::new(&values, &mut Scratch::default());
        let mut expected: Vec<u32> = (0..n as u32).collect();
        expected.sort_by(|&i, &j| values[i as usize].total_cmp(&values[j as usize]));
        prop_assert_eq!(&sorted.order, &expected);
        prop_assert_eq!(sorted.restored(Vec::new()), &values[..]);
        let mut alone = values.clone();
        sort_values(&mut alone, &mut vec![0.0; n]);
        prop_assert_eq!(alone, sorted.values);
    }
}
