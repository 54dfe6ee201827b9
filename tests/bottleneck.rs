//! Bottleneck transport, the Wasserstein distance of order ∞, against all permutations, its cut and its laws.

use std::time::Duration;

use earthwork::exact::{Bottleneck, bottleneck, bottleneck_observed, wasserstein};
use earthwork::prelude::*;
use earthwork::testing::check_plan;
use earthwork::transport::{Interrupt, Silent};
use ndarray::Array2;
use proptest::prelude::*;

/// The least largest cost over all permutations of the unit masses.
fn best_permutation(costs: &Array2<f64>, sources: &[usize], targets: &[usize]) -> f64 {
    fn search(costs: &Array2<f64>, sources: &[usize], targets: &mut Vec<usize>, most: f64, best: &mut f64) {
        let Some((&i, rest)) = sources.split_first() else {
            *best = best.min(most);
            return;
        };
        for k in 0..targets.len() {
            let j = targets.swap_remove(k);
            if most.max(costs[[i, j]]) < *best {
                search(costs, rest, targets, most.max(costs[[i, j]]), best);
            }
            targets.push(j);
            let last = targets.len() - 1;
            targets.swap(k, last);
        }
    }
    let mut best = f64::INFINITY;
    search(costs, sources, &mut targets.to_vec(), f64::NEG_INFINITY, &mut best);
    best
}

/// Copies of each index, as many as its units.
fn copies(units: &[usize]) -> Vec<usize> {
    units.iter().enumerate().flat_map(|(i, &count)| vec![i; count]).collect()
}

/// Holds the plan, the value and the cut against the problem.
fn check(problem: &Problem, found: &Bottleneck) {
    check_plan(problem, &found.plan, false).unwrap();
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    let costliest = found.plan.flows().iter().map(|flow| problem.cost().entry(flow.source, flow.target));
    assert_eq!(costliest.fold(f64::NEG_INFINITY, f64::max), found.value);
    let held: f64 = found.cut.iter().map(|&i| a[i]).sum();
    let near = |j: &usize| found.cut.iter().any(|&i| problem.cost().entry(i, *j) < found.lower);
    let within: f64 = (0..b.len()).filter(near).map(|j| b[j]).sum();
    assert!(held > within * (1.0 - 1e-12) && held > 0.0, "a cut of {held} that reaches {within}");
}

proptest! {
    #[test]
    fn all_permutations_agree(
        units in prop::collection::vec(0_usize..3, 1..5),
        seed in prop::collection::vec(0_u8..6, 49),
        split in prop::collection::vec(0_usize..7, 8),
    ) {
        let total: usize = units.iter().sum();
        prop_assume!(total > 0);
        let mut targets = vec![0; 7];
        split.iter().take(total).for_each(|&j| targets[j] += 1);
        let costs = Array2::from_shape_fn((units.len(), 7), |(i, j)| f64::from(seed[i * 7 + j]));
        let masses = |units: &[usize]| Weights::new(units.iter().map(|&u| u as f64).collect::<Vec<_>>()).unwrap();
        let problem = Problem::with_matrix(masses(&units), masses(&targets), &costs).unwrap();
        let found = bottleneck(&problem).unwrap();
        prop_assert_eq!(found.value, best_permutation(&costs, &copies(&units), &copies(&targets)));
        prop_assert_eq!((found.lower, found.status), (found.value, Status::Optimal));
        check(&problem, &found);
    }
}

fn cloud(n: usize, dim: usize, seed: u64) -> Samples {
    Gaussian::standard(dim).unwrap().sample(n, seed).unwrap()
}

#[test]
fn the_order_of_a_line_is_best() {
    let (x, y) = (cloud(120, 1, 1), cloud(90, 1, 2));
    let line = Problem::between(&x, &y, Euclidean).unwrap();
    let on_line = bottleneck(&line).unwrap();
    check(&line, &on_line);
    let flat =
        |side: &Samples| Samples::new(side.points().iter().map(|point| [point[0], 0.0]).collect::<Vec<_>>()).unwrap();
    let plane = Problem::between(&flat(&x), &flat(&y), Euclidean).unwrap();
    let found = bottleneck(&plane).unwrap();
    check(&plane, &found);
    assert_eq!(found.value, on_line.value);
}

#[test]
fn it_is_the_limit_of_large_orders_and_above_all() {
    for (n, m, dim) in [(40, 40, 2), (60, 35, 2), (50, 70, 5)] {
        let (x, y) = (cloud(n, dim, 3), cloud(m, dim, 4));
        let most = wasserstein(&x, &y, f64::INFINITY).unwrap();
        assert_eq!(most.lower(), most.upper());
        let mut last = 0.0;
        for p in [1.0, 2.0, 8.0, 64.0] {
            let distance = wasserstein(&x, &y, p).unwrap().value;
            assert!(distance > last && distance <= most.value);
            last = distance;
        }
        // At most one part in n m of the mass goes the whole way.
        assert!(last >= most.value * (1.0 / (n * m) as f64).powf(1.0 / 64.0));
    }
}

#[test]
fn a_sample_is_nowhere_from_itself_and_units_do_not_matter() {
    let (x, y) = (cloud(50, 3, 5), cloud(50, 3, 6));
    assert_eq!(wasserstein(&x, &x, f64::INFINITY).unwrap().value, 0.0);
    let value = wasserstein(&x, &y, f64::INFINITY).unwrap().value;
    assert_eq!(wasserstein(&y, &x, f64::INFINITY).unwrap().value, value);
    for unit in [2_f64.powi(-900), 2_f64.powi(900)] {
        let scaled = |side: &Samples| Samples::new(side.points().view().mapv(|v| v * unit)).unwrap();
        assert_eq!(wasserstein(&scaled(&x), &scaled(&y), f64::INFINITY).unwrap().value, value * unit);
    }
}

#[test]
fn masses_over_hundreds_of_decades_and_masses_of_nothing() {
    let (x, y) = (cloud(40, 2, 7), cloud(30, 2, 8));
    let weighed = |side: &Samples, step: f64| {
        let weights: Vec<f64> =
            (0..side.len()).map(|i| if i == 3 { 0.0 } else { 10_f64.powf(-step * i as f64) }).collect();
        let total: f64 = weights.iter().sum();
        Samples::with_weights(
            side.points().clone(),
            Weights::new(weights.iter().map(|w| w / total).collect::<Vec<_>>()).unwrap(),
        )
        .unwrap()
    };
    for step in [0.1, 3.0, 7.0] {
        let problem = Problem::between(&weighed(&x, step), &weighed(&y, step), Euclidean).unwrap();
        check(&problem, &bottleneck(&problem).unwrap());
    }
}

#[test]
fn masses_that_cannot_be_served_are_refused() {
    let costs = ndarray::array![[1.0, f64::INFINITY], [2.0, f64::INFINITY]];
    let problem = Problem::with_matrix(Weights::uniform(2).unwrap(), Weights::uniform(2).unwrap(), costs).unwrap();
    assert!(bottleneck(&problem).is_err());
    let costs = ndarray::array![[5.0, f64::INFINITY], [2.0, 7.0]];
    let problem = Problem::with_matrix(Weights::uniform(2).unwrap(), Weights::uniform(2).unwrap(), costs).unwrap();
    assert_eq!(bottleneck(&problem).unwrap().value, 7.0);
}

#[test]
fn an_early_end_leaves_a_plan_and_bounds() {
    let problem = Problem::between(&cloud(200, 2, 9), &cloud(150, 2, 10), Euclidean).unwrap();
    let best = bottleneck(&problem).unwrap();
    for iterations in [0, 1, 3, 6] {
        let limits = Interrupt { iterations: Some(iterations), ..Interrupt::default() };
        let found = bottleneck_observed(&problem, limits, &mut Silent).unwrap();
        check(&problem, &found);
        assert!(found.lower <= best.value && best.value <= found.value);
    }
    let limits = Interrupt { time: Some(Duration::ZERO), ..Interrupt::default() };
    assert_eq!(bottleneck_observed(&problem, limits, &mut Silent).unwrap().status, Status::Deadline);
}
