//! Same input, same bits: at any number of threads, every time.

use earthwork::cost::PNorm;
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, problem};

/// Everything of a solution but the time it took.
fn bits(solution: &Solution) -> Vec<u64> {
    let flows =
        solution.plan.flows().iter().flat_map(|flow| [flow.source as u64, flow.target as u64, flow.mass.to_bits()]);
    let potentials = solution.potentials.f.iter().chain(&solution.potentials.g).map(|v| v.to_bits());
    let bounds = solution.bounds.unwrap();
    let numbers = [solution.transport_cost, bounds.lower, bounds.upper, bounds.magnitude].map(f64::to_bits);
    flows.chain(potentials).chain(numbers).chain([solution.report.iterations]).collect()
}

fn assert_repeats(make: impl Fn() -> Problem<'static> + Sync, what: &str) {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(&solve(&make()).unwrap()))
    };
    let one = on(1);
    assert_eq!(one, on(1), "{what}: twice on one thread");
    assert_eq!(one, on(2), "{what}: on two threads");
    assert_eq!(one, on(2), "{what}: twice on two threads");
    assert_eq!(one, on(5), "{what}: on five threads");
}

#[test]
fn solutions_repeat_on_any_number_of_threads() {
    for (family, weighting) in [
        (Family::Gaussian, Weighting::Random),
        (Family::IntegerGrid, Weighting::Uniform),
        (Family::Lattice, Weighting::WholeNumbers),
        (Family::Duplicates, Weighting::ManyZeros),
    ] {
        let what = format!("{family:?}, {weighting:?}");
        assert_repeats(|| problem(family, weighting, (400, 350), 2, SquaredEuclidean, 1), &what);
        assert_repeats(|| problem(family, weighting, (150, 120), 7, PNorm::new(1.5).unwrap(), 2), &what);
    }
}

#[test]
fn points_on_a_line_repeat() {
    assert_repeats(|| problem(Family::HeavyTails, Weighting::Random, (1500, 1200), 1, Euclidean, 3), "a line");
}

#[test]
fn seeds_repeat() {
    let gaussian = Gaussian::standard(3).unwrap();
    assert_eq!(gaussian.sample(100, 7).unwrap(), gaussian.sample(100, 7).unwrap());
    assert_ne!(gaussian.sample(100, 7).unwrap(), gaussian.sample(100, 8).unwrap());
}
