//! What any transport distance must obey, on random clouds of every family: 256 cases each.

use earthwork::cost::{CostFn, GroundCost, PNorm};
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting, known};
use proptest::prelude::*;

/// Equal to rounding: both sides are sums of up to sixty products, each of a cost and a mass with a few roundings.
const ROUNDING: f64 = 1e-12;

/// What makes a problem: clouds, weights, dimension, seed.
#[derive(Debug, Clone)]
struct Recipe {
    family: Family,
    weighting: Weighting,
    n: usize,
    m: usize,
    dim: usize,
    seed: u64,
}

impl Recipe {
    fn samples(&self) -> (Samples, Samples) {
        let (x, y) = self.family.pair(self.n, self.m, self.dim, self.seed);
        let (a, b) = self.weighting.pair(self.n, self.m, self.seed);
        (Samples::with_weights(x, a).unwrap(), Samples::with_weights(y, b).unwrap())
    }
}

/// Families in which no cost dwarfs the others, so that the last digits of a mass cost no more than rounding. Where one
/// does, the optimal cost is known to the 1e-9 that [`the_value_lies_between_its_bounds`] asks of every family.
fn moderate() -> impl Strategy<Value = Recipe> {
    recipes(vec![
        Family::Gaussian,
        Family::HeavyTails,
        Family::IntegerGrid,
        Family::Duplicates,
        Family::Collinear,
        Family::AllEqual,
        Family::Lattice,
    ])
}

fn any_family() -> impl Strategy<Value = Recipe> {
    recipes(Family::ALL.to_vec())
}

fn recipes(families: Vec<Family>) -> impl Strategy<Value = Recipe> {
    let kinds = (proptest::sample::select(families), proptest::sample::select(Weighting::ALL.to_vec()));
    let sizes = (1..=24_usize, 1..=24_usize, 1..=4_usize, any::<u64>());
    (kinds, sizes).prop_map(|((family, weighting), (n, m, dim, seed))| Recipe { family, weighting, n, m, dim, seed })
}

fn orders() -> impl Strategy<Value = f64> {
    proptest::sample::select(vec![1.0, 1.5, 2.0, 3.0])
}

fn cost(x: &Samples, y: &Samples, ground: impl GroundCost + 'static) -> f64 {
    solve(&Problem::between(x, y, ground).unwrap()).unwrap().transport_cost
}

/// Σ a_i b_j c(x_i, y_j): the size of the costs at hand, where the optimal one may be 0.
fn size(x: &Samples, y: &Samples, ground: &impl GroundCost) -> f64 {
    let mean = |i: usize| {
        let b = y.weights().as_slice();
        (0..y.len()).map(|j| b[j] * ground.between(x.point(i), y.point(j))).sum::<f64>()
    };
    x.weights().as_slice().iter().enumerate().map(|(i, a)| a * mean(i)).sum::<f64>() / x.total()
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= ROUNDING * one.abs().max(other.abs())
}

fn with_points(samples: &Samples, points: Vec<f64>) -> Samples {
    Samples::with_weights(Points::from_rows(points, samples.dim()).unwrap(), samples.weights().clone()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn symmetry(recipe in moderate(), p in orders()) {
        let (x, y) = recipe.samples();
        let ground = PNorm::wasserstein(p).unwrap();
        let (there, back) = (cost(&x, &y, ground), cost(&y, &x, ground));
        prop_assert!(close(there, back), "{there} and {back}");
    }

    #[test]
    fn identity(recipe in any_family(), p in orders()) {
        let (x, y) = recipe.samples();
        for samples in [x, y] {
            let zero = wasserstein(&samples.normalised(), &samples.normalised(), p).unwrap();
            prop_assert_eq!((zero.value, zero.lower(), zero.upper()), (0.0, 0.0, 0.0));
        }
    }

    #[test]
    fn translation(n in 1..=24_usize, t in proptest::collection::vec(-3.0..3.0, 1..=4), p in orders(), seed in any::<u64>()) {
        let known = known::translation(n, &t, p, seed);
        let solution = solve(&known.problem).unwrap();
        prop_assert!(close(solution.transport_cost, known.transport_cost), "{}: {solution}", known.name);
    }

    #[test]
    fn gradients_of_convex_functions(n in 1..=24_usize, dim in 1..=6_usize, s in 0.0..4.0, seed in any::<u64>()) {
        for known in [known::brenier(n, dim, seed), known::scaling(n, dim, s, seed)] {
            let solution = solve(&known.problem).unwrap();
            prop_assert!(close(solution.transport_cost, known.transport_cost), "{}: {solution}", known.name);
        }
    }

    #[test]
    fn problems_small_enough_to_try_every_plan(n in 1..=4_usize, m in 1..=4_usize, seed in any::<u64>()) {
        let known = known::tiny(n, m, seed);
        let solution = solve(&known.problem).unwrap();
        prop_assert_eq!(solution.transport_cost, known.transport_cost);
    }

    #[test]
    fn scaling(recipe in any_family(), p in orders(), s in 1e-3..1e3_f64) {
        let (x, y) = recipe.samples();
        let scaled = |samples: &Samples| with_points(samples, samples.points().as_slice().iter().map(|v| s * v).collect());
        let ground = PNorm::wasserstein(p).unwrap();
        let (one, large) = (cost(&x, &y, ground), cost(&scaled(&x), &scaled(&y), ground));
        // Scaling rounds each coordinate, which moves a point far out by more than the rest of the cloud may cost.
        let farthest = x.points().as_slice().iter().chain(y.points().as_slice()).fold(0.0_f64, |m, v| m.max(v.abs()));
        let moved = f64::EPSILON * farthest * recipe.dim as f64;
        let per_length = p * (one / x.total()).powf((p - 1.0) / p) * x.total() + moved.powf(p - 1.0);
        let allowed = ROUNDING * one + 4.0 * per_length * moved;
        prop_assert!((large / s.powf(p) - one).abs() <= allowed, "{large} is not {} times {one}", s.powf(p));
    }

    #[test]
    fn the_order_of_the_points_does_not_matter(recipe in moderate(), p in orders()) {
        let (x, y) = recipe.samples();
        let reversed = |samples: &Samples| {
            let points: Vec<f64> = samples.points().view().outer_iter().rev().flatten().copied().collect();
            let weights: Vec<f64> = samples.weights().as_slice().iter().rev().copied().collect();
            Samples::weighted(Points::from_rows(points, samples.dim()).unwrap(), weights).unwrap()
        };
        let ground = PNorm::wasserstein(p).unwrap();
        let (one, other) = (cost(&x, &y, ground), cost(&reversed(&x), &y, ground));
        prop_assert!(close(one, other), "{one} and {other}");
    }

    #[test]
    fn a_point_split_in_two_changes_nothing(recipe in moderate(), p in orders(), share in 0.0..=1.0, at in any::<prop::sample::Index>()) {
        let (x, y) = recipe.samples();
        let at = at.index(x.len());
        let mut weights = x.weights().as_slice().to_vec();
        let part = share * weights[at];
        weights[at] -= part;
        weights.push(part);
        let mut points = x.points().as_slice().to_vec();
        points.extend_from_slice(x.point(at));
        let split = Samples::weighted(Points::from_rows(points, x.dim()).unwrap(), weights).unwrap();
        let ground = PNorm::wasserstein(p).unwrap();
        let room = ROUNDING * size(&x, &y, &ground);
        let (one, other) = (cost(&x, &y, ground), cost(&split, &y, ground));
        // (The parts of a weight need not sum to it, and what is left over may move.)
        prop_assert!(close(one, other) || (one - other).abs() <= room, "{one} and {other}");
    }

    #[test]
    fn triangle_inequality(recipe in moderate(), k in 1..=24_usize, p in orders()) {
        let (x, y) = recipe.samples();
        let (middle, _) = Family::Gaussian.pair(k, 1, recipe.dim, recipe.seed ^ 1);
        let middle = Samples::new(middle).unwrap();
        let distance = |x: &Samples, y: &Samples| wasserstein(&x.normalised(), &y.normalised(), p).unwrap();
        let (direct, first, second) = (distance(&x, &y), distance(&x, &middle), distance(&middle, &y));
        prop_assert!(direct.value <= (first.value + second.value) * (1.0 + ROUNDING));
    }

    #[test]
    fn orders_increase(recipe in moderate()) {
        let (x, y) = recipe.samples();
        let (x, y) = (x.normalised(), y.normalised());
        let distances: Vec<f64> = [1.0, 1.5, 2.0, 3.0].map(|p| wasserstein(&x, &y, p).unwrap().value).to_vec();
        prop_assert!(distances.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + ROUNDING)), "{distances:?}");
    }

    #[test]
    fn norms_are_ordered(recipe in moderate()) {
        let (x, y) = recipe.samples();
        let costs = [PNorm::chebyshev(), PNorm::new(2.0).unwrap(), PNorm::new(1.5).unwrap(), PNorm::cityblock()].map(|g| cost(&x, &y, g));
        prop_assert!(costs.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + ROUNDING)), "{costs:?}");
    }

    #[test]
    fn on_a_line_sorting_and_the_general_solver_agree(recipe in moderate(), p in orders()) {
        let (x, y) = Recipe { dim: 1, ..recipe }.samples();
        let sorted = cost(&x, &y, PNorm::wasserstein(p).unwrap());
        // A closure tells nothing of its form, so no solver can take the short way.
        let general = cost(&x, &y, CostFn::new("|x - y|^p", move |x: &[f64], y: &[f64]| {
            let gap = (x[0] - y[0]).abs();
            match p { 1.0 => gap, 2.0 => gap * gap, 3.0 => gap * gap * gap, _ => gap.powf(p) }
        }));
        prop_assert!(close(sorted, general), "{sorted} and {general}");
    }

    #[test]
    fn the_value_lies_between_its_bounds(recipe in any_family(), p in orders()) {
        let (x, y) = recipe.samples();
        let problem = Problem::between(&x, &y, PNorm::wasserstein(p).unwrap()).unwrap();
        let solution = solve(&problem).unwrap();
        let bounds = solution.bounds.unwrap();
        prop_assert!(bounds.lower <= solution.transport_cost && solution.transport_cost <= bounds.upper, "{solution}");
        prop_assert!(solution.status == Status::Optimal && bounds.gap() <= 1e-9 * bounds.upper, "{solution}, gap {}", bounds.gap());
        // No plan costs more than the independent coupling at its own rounding, and none is negative.
        let independent = size(&x, &y, &PNorm::wasserstein(p).unwrap());
        prop_assert!(bounds.lower >= 0.0 && bounds.lower <= independent * (1.0 + ROUNDING));
    }
}
