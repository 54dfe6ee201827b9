//! `certify` trusts nobody: whatever plan and potentials it is given, its bounds hold the optimum.

use std::sync::Arc;

use earthwork::cost::{CostMatrix, PNorm, PointCost};
use earthwork::prelude::*;
use earthwork::testing::{Family, Known, Weighting, brute_force, known, problem};
use earthwork::transport::{Certificate, Flow, certify};
use ndarray::{Array2, array};
use proptest::prelude::*;

fn uniform(n: usize) -> Weights {
    Weights::uniform(n).unwrap()
}

/// Whether f_i + g_j ≤ c_ij for every pair, in exact arithmetic on the doubles at hand.
fn is_exactly_feasible(problem: &Problem, Potentials { f, g }: &Potentials) -> bool {
    let (n, m) = problem.shape();
    (0..n * m).all(|k| {
        let (f, g, c) = (f[k / m], g[k % m], problem.cost().entry(k / m, k % m));
        // f + g = sum + lost exactly (Knuth), and sum − c = rest + lost_too; the sign of the exact total is that of the
        // leading part, or of the small parts where it is 0.
        let two_sum = |x: f64, y: f64| {
            let s = x + y;
            let t = s - x;
            (s, (x - (s - t)) + (y - t))
        };
        let (sum, lost) = two_sum(f, g);
        let (rest, lost_too) = two_sum(sum, -c);
        let (low, lowest) = two_sum(lost, lost_too);
        rest + low < 0.0 || rest + low == 0.0 && lowest <= 0.0
    })
}

/// The promises that hold for any input: `lower ≤ optimum ≤ upper`, and potentials that prove the lower bound.
///
/// The optimum of whole numbers is exact. Another comes as a sum that was rounded a few times, of masses that the bounds
/// take to eight units in the last place: `doubt` is how far it may be off, relative.
fn assert_brackets(problem: &Problem, certificate: &Certificate, optimum: f64, doubt: f64) {
    let bounds = certificate.bounds;
    // Compensated sums are rounded once to nearest: half a unit in the last place.
    let (n, m) = problem.shape();
    let largest = (0..n * m).map(|k| problem.cost().entry(k / m, k % m).abs()).fold(0.0, f64::max);
    // Eight units in the last place of the masses, where costs of both signs cancel.
    let off = (f64::EPSILON + doubt) * optimum.abs() + 8.0 * f64::EPSILON * largest * problem.mass();
    assert!(bounds.lower <= optimum + off && optimum - off <= bounds.upper, "{bounds:?} do not hold {optimum}");
    assert!(is_exactly_feasible(problem, &certificate.potentials), "the potentials are not feasible");
    let Potentials { f, g } = &certificate.potentials;
    let (a, b) = (problem.source().as_slice(), problem.target().as_slice());
    let value: f64 = a.iter().zip(f).chain(b.iter().zip(g)).map(|(mass, v)| mass * v).sum();
    // A plain sum of n + m terms, and masses that the plan meets to eight units in the last place.
    let rounding = f64::EPSILON * (f.len() + g.len() + 16) as f64 * bounds.magnitude;
    assert!((value - bounds.lower).abs() <= rounding, "the potentials prove {value}, not {}", bounds.lower);
}

/// Any plan: entries at random places, of random masses (also none at all, also far too much).
fn any_plan(n: usize, m: usize) -> impl Strategy<Value = Plan> {
    proptest::collection::vec((0..n, 0..m, 0.0..4.0), 0..12).prop_map(move |entries| {
        let flows = entries.into_iter().map(|(source, target, mass)| Flow { source, target, mass });
        Plan::new((n, m), flows.collect()).unwrap()
    })
}

fn any_potentials(n: usize, m: usize) -> impl Strategy<Value = Potentials> {
    let size = proptest::sample::select(vec![0.0, 1.0, 1e3, 1e9]);
    let values = |len| proptest::collection::vec(-10.0..10.0, len);
    (values(n), values(m), size).prop_map(|(f, g, size)| {
        let scaled = |v: Vec<f64>| v.into_iter().map(|v: f64| v * size).collect();
        Potentials { f: scaled(f), g: scaled(g) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_is_bracketed((seed, plan, potentials) in (any::<u64>(), any_plan(3, 4), any_potentials(3, 4))) {
        let Known { problem, transport_cost, .. } = known::tiny(3, 4, seed);
        // A residual of a few units in the last place of a marginal is not missing mass, so the upper bound may be short by that.
        let doubt = 16.0 * f64::EPSILON;
        assert_brackets(&problem, &certify(&problem, &plan, &potentials).unwrap(), transport_cost, doubt);
    }

    #[test]
    fn what_is_nearly_right_is_bracketed(seed in any::<u64>(), noise in proptest::sample::select(vec![1e-15, 1e-9, 1e-3])) {
        let problem = problem(Family::Gaussian, Weighting::WholeNumbers, (12, 15), 2, SquaredEuclidean, seed);
        let solution = solve(&problem).unwrap();
        let wave = |k: usize| 1.0 + noise * ((k * 7919) as f64).sin();
        let flows = solution.plan.flows().iter().enumerate().map(|(k, flow)| Flow { mass: flow.mass * wave(k), ..*flow });
        let plan = Plan::new((12, 15), flows.collect()).unwrap();
        let shaken = |values: &[f64]| values.iter().enumerate().map(|(k, v)| v * wave(k + 5)).collect();
        let potentials = Potentials { f: shaken(&solution.potentials.f), g: shaken(&solution.potentials.g) };
        let certificate = certify(&problem, &plan, &potentials).unwrap();
        assert_brackets(&problem, &certificate, solution.transport_cost, 16.0 * f64::EPSILON);
        // The bounds are no worse than the noise in what was given, times the sums that it enters.
        let bounds = certificate.bounds;
        let costliest = (0..180).map(|k| problem.cost().entry(k / 15, k % 15)).fold(0.0, f64::max);
        prop_assert!(bounds.gap() <= 10.0 * noise * (bounds.magnitude + costliest * problem.mass()), "{bounds:?} for noise {noise}");
    }
}

#[test]
fn an_optimal_pair_is_proven_and_says_so() {
    for seed in 0..20 {
        let known = known::brenier(30, 3, seed);
        let solution = NetworkSimplex::default().without_certificate().solve(&known.problem).unwrap();
        assert_eq!(solution.bounds, None);
        let certificate = certify(&known.problem, &known.plan, &solution.potentials).unwrap();
        assert_brackets(&known.problem, &certificate, known.transport_cost, 16.0 * f64::EPSILON);
        assert!(certificate.bounds.relative_gap() <= 1e-13, "{:?}", certificate.bounds);
        assert!(certificate.marginal_error <= 1e-15 && certificate.dual_violation <= 1e-13);
    }
}

#[test]
fn an_infeasible_plan_is_repaired_and_its_failing_measured() {
    let costs = array![[1.0, 3.0], [2.0, 7.0]];
    let (optimum, best) = brute_force(&costs, &[2, 1], &[1, 2]);
    let masses = |masses: &[f64]| Weights::new(masses.to_vec()).unwrap();
    let problem = Problem::with_matrix(masses(&[2.0, 1.0]), masses(&[1.0, 2.0]), costs).unwrap();
    let potentials = Potentials { f: vec![0.0; 2], g: vec![0.0; 2] };

    let nothing = certify(&problem, &Plan::new((2, 2), Vec::new()).unwrap(), &potentials).unwrap();
    assert_brackets(&problem, &nothing, optimum, 0.0);
    assert_eq!((nothing.transport_cost, nothing.marginal_error), (0.0, 1.0));

    let twice: Vec<Flow> = best.flows().iter().map(|flow| Flow { mass: 2.0 * flow.mass, ..*flow }).collect();
    let twice = certify(&problem, &Plan::new((2, 2), twice).unwrap(), &potentials).unwrap();
    assert_brackets(&problem, &twice, optimum, 0.0);
    assert_eq!((twice.bounds.upper, twice.transport_cost, twice.marginal_error), (optimum, 2.0 * optimum, 1.0));
}

#[test]
fn infeasible_potentials_are_repaired_and_their_failing_measured() {
    let problem = Problem::with_matrix(uniform(2), uniform(2), array![[1.0, 4.0], [4.0, 1.0]]).unwrap();
    let best = Plan::new((2, 2), (0..2).map(|i| Flow { source: i, target: i, mass: 0.5 }).collect()).unwrap();
    let optimistic = Potentials { f: vec![3.0, 3.0], g: vec![3.0, 3.0] };
    let certificate = certify(&problem, &best, &optimistic).unwrap();
    assert_brackets(&problem, &certificate, 1.0, 0.0);
    assert_eq!(certificate.dual_violation, 5.0);
    let modest = certify(&problem, &best, &Potentials { f: vec![0.0; 2], g: vec![0.0; 2] }).unwrap();
    assert!(modest.dual_violation <= 0.0);
    assert_brackets(&problem, &modest, 1.0, 0.0);
}

/// The sums of a row's flows differ from the mass in the last digits, and 1e-17 of a cost of 1e32 would be 1e15.
#[test]
fn the_last_digits_of_a_mass_are_not_moved_over_a_forbidden_pair() {
    let (n, forbidden) = (30, 1e32);
    for seed in 0..20 {
        let known = known::brenier(n, 2, seed);
        let partner: Vec<usize> = known.plan.flows().iter().map(|flow| flow.target).collect();
        // Each source may go to its partner and to the next one's, with masses that no double holds exactly.
        let costs = Array2::from_shape_fn((n, n), |(i, j)| {
            if j == partner[i] || j == partner[(i + 1) % n] { known.problem.cost().entry(i, j) } else { forbidden }
        });
        let third = |k: usize| (1.0 + k as f64) / 3.0;
        let mut b = vec![0.0; n];
        let mut flows = Vec::new();
        for i in 0..n {
            flows.push(Flow { source: i, target: partner[i], mass: 0.7 * third(i) });
            flows.push(Flow { source: i, target: partner[(i + 1) % n], mass: 0.3 * third(i) });
        }
        flows.iter().for_each(|flow| b[flow.target] += flow.mass);
        let a: Vec<f64> = (0..n).map(third).collect();
        let plan = Plan::new((n, n), flows).unwrap();
        let problem = Problem::with_matrix(Weights::new(a).unwrap(), Weights::new(b).unwrap(), costs).unwrap();
        let potentials = Potentials { f: vec![0.0; n], g: vec![0.0; n] };
        let certificate = certify(&problem, &plan, &potentials).unwrap();
        assert_eq!(certificate.bounds.upper, certificate.transport_cost);
        assert!(certificate.bounds.upper < 1e6 && certificate.marginal_error < 1e-15, "{certificate:?}");
        let solution = solve(&problem).unwrap();
        assert!(solution.transport_cost <= certificate.bounds.upper * (1.0 + 1e-12), "{solution}");
    }
}

/// Mass that is really missing is really charged.
#[test]
fn missing_mass_is_moved_over_a_forbidden_pair_when_there_is_no_other() {
    let problem = Problem::with_matrix(uniform(2), uniform(2), array![[1.0, 1e32], [1e32, 1.0]]).unwrap();
    let half = Plan::new((2, 2), vec![Flow { source: 0, target: 0, mass: 0.5 }]).unwrap();
    let potentials = Potentials { f: vec![0.5; 2], g: vec![0.5; 2] };
    let certificate = certify(&problem, &half, &potentials).unwrap();
    assert_brackets(&problem, &certificate, 1.0, 0.0);
    assert_eq!((certificate.bounds.upper, certificate.marginal_error), (1.0, 0.5));
    let crossed =
        Plan::new((2, 2), vec![Flow { source: 0, target: 1, mass: 0.5 }, Flow { source: 1, target: 0, mass: 0.5 }]);
    let certificate = certify(&problem, &crossed.unwrap(), &potentials).unwrap();
    assert_brackets(&problem, &certificate, 1.0, 0.0);
    assert_eq!(certificate.bounds.upper, 1e32);
}

/// Two clouds 1e6 apart: potentials near 1e12, with no digits left for a cost near 1, are brought together.
#[test]
fn far_clusters_are_proven_from_potentials_without_digits() {
    for seed in 0..20 {
        let problem = problem(Family::TwoFarClusters, Weighting::Uniform, (2, 60), 2, SquaredEuclidean, seed);
        // One source in each cluster: a cluster's targets get all from its source, whatever potentials say.
        let b = problem.target().as_slice();
        let flows: Vec<Flow> = (0..60).map(|j| Flow { source: j % 2, target: j, mass: b[j] }).collect();
        let plan = Plan::new((2, 60), flows).unwrap();
        let cost = |i: usize, j: usize| problem.cost().entry(i, j);
        // As a tree that crosses once has them, over the cheapest detour: tight, and off by the rounding of 1e12.
        let detour = (1..60).step_by(2).map(|j| cost(0, j) - cost(1, j)).fold(f64::INFINITY, f64::min);
        let f = vec![0.0, -detour];
        let g: Vec<f64> = (0..60).map(|j| cost(j % 2, j) - f[j % 2]).collect();
        let certificate = certify(&problem, &plan, &Potentials { f, g }).unwrap();
        let bounds = certificate.bounds;
        assert!(bounds.gap() <= 1e-13 * bounds.upper, "seed {seed}: {bounds:?}");
        assert!(is_exactly_feasible(&problem, &certificate.potentials));
        let largest =
            certificate.potentials.f.iter().chain(&certificate.potentials.g).fold(0.0_f64, |m, v| m.max(v.abs()));
        assert!(largest < 1e4, "the potentials are as small as the costs that the plan uses: {largest:e}");
    }
}

/// A source of little mass far out: its potential is rounded by more than all the others together may lose.
#[test]
fn a_light_outlier_does_not_cost_the_digits_of_the_heavy_points() {
    for seed in 0..10 {
        let (x, y) = Family::LoneOutlier.pair(40, 40, 2, seed);
        let mut masses = vec![1.0; 40];
        masses[39] = 1e-13;
        let x = Samples::weighted(x, masses).unwrap().normalised();
        let y = Samples::new(y).unwrap();
        let problem = Problem::between(&x, &y, SquaredEuclidean).unwrap();
        let solution = solve(&problem).unwrap();
        assert!(solution.bounds.unwrap().relative_gap() <= 1e-10, "seed {seed}: {solution}");
    }
}

#[test]
fn identical_clouds_are_proven_equal() {
    for family in Family::ALL {
        let (x, _) = family.pair(30, 1, 2, 4);
        let (a, _) = Weighting::Geometric.pair(30, 1, 4);
        let x = Samples::with_weights(x, a).unwrap();
        let problem = Problem::between(&x, &x, SquaredEuclidean).unwrap();
        let bounds = solve(&problem).unwrap().bounds.unwrap();
        assert_eq!((bounds.lower, bounds.upper, bounds.relative_gap()), (0.0, 0.0, 0.0), "{family:?}");
    }
}

/// From ten million pairs on the minima come from a kd-tree; a branch that is cut too early would leave a pair violated.
#[test]
fn a_large_certificate_looks_at_every_pair() {
    for (ground, dim) in [
        (PNorm::wasserstein(2.0).unwrap(), 2),
        (PNorm::wasserstein(1.0).unwrap(), 3),
        (PNorm::wasserstein(3.0).unwrap(), 4),
    ] {
        let problem = problem(Family::HeavyTails, Weighting::ManyZeros, (3200, 3200), dim, ground, 1);
        let (f, _) = Weighting::Random.pair(3200, 1, 2);
        // Potentials of the size of the spacing of the points: many pairs compete for each minimum.
        let f = f.as_slice().iter().map(|v| v * 100.0).collect();
        let nothing = Plan::new((3200, 3200), Vec::new()).unwrap();
        let certificate = certify(&problem, &nothing, &Potentials { f, g: vec![0.0; 3200] }).unwrap();
        assert!(is_exactly_feasible(&problem, &certificate.potentials), "{ground:?}, d = {dim}");
    }
}

#[test]
fn wrong_shapes_and_values_are_named() {
    let problem = Problem::with_matrix(uniform(2), uniform(3), Array2::zeros((2, 3))).unwrap();
    let plan = |n, m| Plan::new((n, m), Vec::new()).unwrap();
    let zeros = |n, m| Potentials { f: vec![0.0; n], g: vec![0.0; m] };
    let message = |plan: &Plan, potentials: &Potentials| certify(&problem, plan, potentials).unwrap_err().to_string();
    assert_eq!(message(&plan(3, 2), &zeros(2, 3)), "plan: it has 3 rows, but 2 are needed (the shape of the problem)");
    assert!(message(&plan(2, 2), &zeros(2, 3)).starts_with("plan: it has 2 columns"));
    assert!(message(&plan(2, 3), &zeros(3, 3)).starts_with("source potentials: it has 3 values"));
    assert!(message(&plan(2, 3), &zeros(2, 2)).starts_with("target potentials: it has 2 values"));
    let broken = Potentials { f: vec![0.0, f64::NAN], g: vec![0.0; 3] };
    assert!(message(&plan(2, 3), &broken).starts_with("source potentials: it is NaN"));
    let infinite = Potentials { f: vec![0.0; 2], g: vec![f64::INFINITY, 0.0, 0.0] };
    assert!(message(&plan(2, 3), &infinite).starts_with("target potentials: it is inf"));
}

#[test]
fn huge_potentials_give_a_poor_bound_and_no_nonsense() {
    let Known { problem, transport_cost, plan, .. } = known::tiny(3, 3, 8);
    for size in [1e30, 1e300, f64::MAX] {
        for (f, g) in [(size, -size), (-size, size), (size, size), (-size, -size)] {
            let potentials = Potentials { f: vec![f, 0.0, -f], g: vec![g; 3] };
            let certificate = certify(&problem, &plan, &potentials).unwrap();
            assert_brackets(&problem, &certificate, transport_cost, 0.0);
            assert!(certificate.potentials.f.iter().chain(&certificate.potentials.g).all(|v| v.is_finite()));
        }
    }
}

/// The certificate reads costs in tiles of one shape and single entries of another: both must be the same doubles.
#[test]
fn costs_do_not_depend_on_the_tile() {
    let grounds: [Arc<dyn GroundCost>; 7] = [
        Arc::new(SquaredEuclidean),
        Arc::new(Euclidean),
        Arc::new(PNorm::cityblock()),
        Arc::new(PNorm::chebyshev()),
        Arc::new(PNorm::new(2.5).unwrap()),
        Arc::new(PNorm::wasserstein(1.7).unwrap()),
        Arc::new(Cosine),
    ];
    for ground in grounds {
        for dim in [1, 2, 3, 8, 33] {
            let (x, y) = Family::Gaussian.pair(9, 150, dim, 1);
            let cost = PointCost::shared(&x, &y, Arc::clone(&ground)).unwrap();
            let mut tile = vec![0.0; 9 * 150];
            cost.fill(0..9, 0..150, &mut tile);
            let mut part = vec![0.0; 4 * 77];
            cost.fill(3..7, 31..108, &mut part);
            for i in 0..9 {
                for j in 0..150 {
                    assert_eq!(
                        cost.entry(i, j).to_bits(),
                        tile[i * 150 + j].to_bits(),
                        "{} d = {dim} ({i}, {j})",
                        ground.name()
                    );
                }
            }
            for (k, c) in part.iter().enumerate() {
                assert_eq!(
                    c.to_bits(),
                    tile[(3 + k / 77) * 150 + 31 + k % 77].to_bits(),
                    "{} d = {dim}",
                    ground.name()
                );
            }
        }
    }
}
