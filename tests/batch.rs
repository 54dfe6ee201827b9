//! Many problems at once: the same bits as one by one, at any number of threads, and an early end that keeps what it has.

use std::time::Duration;

use earthwork::cost::{CostFn, PNorm};
use earthwork::exact::{batch, batch_observed, pairwise, pairwise_observed};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, check, check_bounds, problem};
use earthwork::transport::{CancelToken, Interrupt, Progress};

fn some_problems(count: usize) -> Vec<Problem<'static>> {
    (0..count)
        .map(|k| {
            let (family, weighting) = (Family::ALL[k % 5], Weighting::ALL[k % 4]);
            let shape = (10 + k * 13 % 60, 5 + k * 29 % 70);
            problem(family, weighting, shape, 1 + k % 5, PNorm::new(1.5).unwrap(), k as u64)
        })
        .collect()
}

fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

#[test]
fn a_batch_is_its_problems_one_by_one() {
    let problems = some_problems(60);
    let alone: Vec<Solution> = problems.iter().map(|problem| solve(problem).unwrap()).collect();
    // From outside of the pool, and from inside of pools of one, two and five threads.
    let runs = [1, 2, 5].map(|threads| on_threads(threads, || batch(&problems).unwrap()));
    for run in runs.into_iter().chain([batch(&problems).unwrap()]) {
        assert_eq!(run.len(), alone.len());
        for ((problem, one), other) in problems.iter().zip(&alone).zip(&run) {
            assert_eq!((&one.plan, &one.potentials, one.bounds), (&other.plan, &other.potentials, other.bounds));
            check(problem, other).unwrap();
        }
    }
    assert!(batch(&[]).unwrap().is_empty());
}

#[test]
fn pairs_of_samples() {
    let samples: Vec<Samples> = (0..9)
        .map(|k| {
            let (x, _) = Family::Gaussian.pair(20 + k, 1, 3, k as u64);
            let (a, _) = Weighting::Random.pair(20 + k, 1, k as u64);
            Samples::with_weights(x, a).unwrap()
        })
        .collect();
    let found = pairwise(&samples, Euclidean).unwrap();
    assert_eq!(found, on_threads(3, || pairwise(&samples, Euclidean).unwrap()));
    assert_eq!((found.count(), found.condensed().len(), found.status()), (9, 36, Status::Optimal));
    let matrix = found.to_matrix().unwrap();
    for i in 0..9 {
        assert_eq!((found.get(i, i), matrix[[i, i]]), (None, 0.0));
        for j in (0..9).filter(|&j| j != i) {
            let (low, high) = (i.min(j), i.max(j));
            let problem = Problem::between(&samples[low], &samples[high], Euclidean).unwrap();
            let estimate = found.get(i, j).unwrap();
            assert_eq!(estimate.value, solve(&problem).unwrap().transport_cost);
            assert!(estimate.lower() <= estimate.value && estimate.value <= estimate.upper());
            assert!(estimate.upper() - estimate.lower() <= 1e-12 * estimate.value);
            assert_eq!(matrix[[i, j]], estimate.value);
        }
    }
    let upper: Vec<f64> = (0..9).flat_map(|i| (i + 1..9).map(move |j| (i, j))).map(|at| matrix[at]).collect();
    assert!(found.condensed().iter().zip(upper).all(|(entry, value)| entry.as_ref().unwrap().value == value));
    assert_eq!(found.get(3, 9), None);
    for few in 0..2 {
        let none = pairwise(&samples[..few], Euclidean).unwrap();
        assert_eq!((none.condensed().len(), none.to_matrix().unwrap().dim()), (0, (few, few)));
    }
}

#[test]
fn a_pair_that_does_not_fit_is_named() {
    let line = Samples::new([[0.0], [1.0]]).unwrap();
    let plane = Samples::new([[0.0, 0.0]]).unwrap();
    let message = pairwise(&[line.clone(), line.clone(), plane], Euclidean).unwrap_err().to_string();
    assert!(message.starts_with("samples 0 and 2, target points: "), "{message}");
    let bad = CostFn::new("bad", |x: &[f64], y: &[f64]| if x == y { 0.0 } else { f64::NAN });
    let message = pairwise(&[line.clone(), line], bad).unwrap_err().to_string();
    assert!(message.starts_with("samples 0 and 1, cost: "), "{message}");
}

#[test]
fn an_early_end_keeps_what_is_finished_and_says_what_is_not() {
    let problems = some_problems(40);
    let at_once = Interrupt { time: Some(Duration::ZERO), ..Interrupt::default() };
    let found = batch_observed(&problems, at_once.clone(), &mut |_: &Progress| {}).unwrap();
    assert!(found.solutions.iter().all(Option::is_none));
    assert_eq!(found.status, Status::Deadline);
    let samples: Vec<Samples> = (0..4).map(|k| Samples::new([[f64::from(k), 0.0]]).unwrap()).collect();
    let found = pairwise_observed(&samples, Euclidean, at_once, &mut |_: &Progress| {}).unwrap();
    assert_eq!(found.missing().collect::<Vec<_>>(), [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
    assert_eq!((found.to_matrix(), found.status()), (None, Status::Deadline));

    // An iteration limit is for each problem: all are begun, and all have bounds.
    let few = Interrupt { iterations: Some(3), ..Interrupt::default() };
    let found = batch_observed(&problems, few, &mut |_: &Progress| {}).unwrap();
    assert_eq!(found.status, Status::IterationLimit);
    for (problem, solution) in problems.iter().zip(&found.solutions) {
        check_bounds(problem, solution.as_ref().unwrap()).unwrap();
    }
}

#[test]
fn progress_counts_problems_and_may_cancel() {
    let problem = || problem(Family::Gaussian, Weighting::Random, (500, 500), 3, Euclidean, 4);
    let problems: Vec<Problem> = (0..200).map(|_| problem()).collect();
    let token = CancelToken::default();
    let interrupt = Interrupt { cancel: Some(token.clone()), ..Interrupt::default() };
    let mut last = 0;
    let mut observer = |progress: &Progress| {
        assert_eq!((progress.stage, progress.total), ("batch", 200));
        assert!(progress.done >= last && progress.done <= 200);
        last = progress.done;
        token.cancel();
    };
    let found = batch_observed(&problems, interrupt, &mut observer).unwrap();
    let finished = found.solutions.iter().flatten().filter(|solution| solution.status == Status::Optimal).count();
    // 200 solves take seconds, and the first report comes after a tenth of one.
    assert!(finished < 200 && finished >= last, "{finished} finished, {last} reported");
    assert_eq!(found.status, Status::Cancelled);
}
