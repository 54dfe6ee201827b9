//! Small unbalanced problems of every price, held against an oracle that shares no code with the library, and against bounds that anyone
//! can check: the dual value of the potentials returned is below every plan's objective, and the objective of the plan returned is above
//! the least; where the two meet, they are the answer.

use earthwork::entropic::{Marginal, Reference, Unbalanced, UnbalancedSolution};
use earthwork::prelude::*;

/// Passes over at most 25 pairs that a solve may take: some milliseconds.
const PASSES: u64 = 2_000;

/// A stream of numbers in [0, 1).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }

    fn decades(&mut self, least: f64, most: f64) -> f64 {
        10f64.powf(least + (most - least) * self.next())
    }
}

struct Small {
    x: Samples,
    y: Samples,
    sides: [Marginal; 2],
    epsilon: f64,
    reference: Reference,
}

fn small(seed: u64) -> Small {
    let mut r = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..5 {
        r.next();
    }
    let (n, m, d) = (1 + r.below(5), 1 + r.below(5), 1 + r.below(2));
    let (spread, apart) = (r.decades(-1.0, 1.0), if r.below(3) == 0 { r.decades(-1.0, 1.0) } else { 0.0 });
    let rounded = r.below(3) == 0;
    let cloud = |r: &mut Numbers, n: usize, shift: f64| {
        let rows: Vec<f64> = (0..n * d)
            .map(|_| {
                let v = spread * r.next();
                shift + if rounded { (5.0 * v).round() / 5.0 } else { v }
            })
            .collect();
        let weights: Vec<f64> =
            (0..n).map(|_| if rounded { 0.2 * (1 + r.below(5)) as f64 } else { r.next() + 1e-3 }).collect();
        Samples::weighted(Points::from_rows(rows, d).unwrap(), weights).unwrap()
    };
    let (x, y) = (cloud(&mut r, n, 0.0), cloud(&mut r, m, apart));
    let side = |r: &mut Numbers| {
        let rho = r.decades(-2.0, 2.0);
        match r.below(4) {
            0 => Marginal::KullbackLeibler(rho),
            1 => Marginal::TotalVariation(rho),
            2 => Marginal::Squares(rho),
            _ => Marginal::Exact,
        }
    };
    let mut sides = [side(&mut r), side(&mut r)];
    if sides == [Marginal::Exact; 2] {
        sides[1] = Marginal::TotalVariation(1.0);
    }
    let reference = if r.below(4) == 0 { Reference::Product } else { Reference::Normalised };
    Small { x, y, sides, epsilon: r.decades(-3.0, 0.0), reference }
}

/// The dual value of any potentials in range, and the objective of their plan: by definition, pair by pair.
fn bounds(small: &Small, f: &[f64], g: &[f64]) -> (f64, f64) {
    let (a, b) = (small.x.weights().as_slice(), small.y.weights().as_slice());
    let unit = (small.x.total() * small.y.total()).sqrt();
    let share = if small.reference == Reference::Product { 1.0 } else { 1.0 / unit };
    let (mut dual, mut primal) = (0.0, 0.0);
    let (mut rows, mut columns) = (vec![0.0; a.len()], vec![0.0; b.len()]);
    for i in 0..a.len() {
        for j in 0..b.len() {
            let c: f64 = small.x.point(i).iter().zip(small.y.point(j)).map(|(x, y)| (x - y).powi(2)).sum();
            let (r, exponent) = (a[i] * b[j] * share, (f[i] + g[j] - c) / small.epsilon);
            let p = r * exponent.exp();
            dual += small.epsilon * (r - p);
            primal += small.epsilon * (r - p) + p * (f[i] + g[j]);
            rows[i] += p;
            columns[j] += p;
        }
    }
    for (side, potentials, masses, moved) in [(small.sides[0], f, a, rows), (small.sides[1], g, b, columns)] {
        for ((u, m), p) in potentials.iter().zip(masses).zip(&moved) {
            let (worth, price) = match side {
                // (Met to the tolerance: what is missing is paid at the potential.)
                Marginal::Exact => (m * u, (m - p) * u),
                Marginal::KullbackLeibler(rho) => {
                    (-rho * m * (-u / rho).exp_m1(), rho * if *p > 0.0 { p * (p / m).ln() - p + m } else { *m })
                }
                Marginal::TotalVariation(rho) => {
                    assert!(*u >= -rho * (1.0 + 1e-12), "no potential is below −ρ");
                    (m * u.min(rho), rho * (p - m).abs())
                }
                Marginal::Squares(rho) => {
                    let u = u.min(rho * m);
                    (m * u - u * u / (2.0 * rho), 0.5 * rho * (p - m).powi(2))
                }
            };
            dual += worth;
            primal += price;
        }
    }
    (dual, primal)
}

/// The least objective by projected Newton steps on the dual, all potentials at once, ε halved down to the one asked for.
fn oracle(small: &Small) -> f64 {
    let (a, b) = (small.x.weights().as_slice(), small.y.weights().as_slice());
    let (n, m) = (a.len(), b.len());
    let share =
        if small.reference == Reference::Product { 1.0 } else { 1.0 / (small.x.total() * small.y.total()).sqrt() };
    let cost =
        |i: usize, j: usize| small.x.point(i).iter().zip(small.y.point(j)).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
    let pairs: Vec<(usize, usize)> = (0..n * m).map(|k| (k / m, k % m)).collect();
    let costs: Vec<f64> = pairs.iter().map(|&(i, j)| cost(i, j)).collect();
    let masses: Vec<f64> = a.iter().chain(b).copied().collect();
    let side = |k: usize| small.sides[usize::from(k >= n)];
    // What a potential is worth, and its first two derivatives; the range it stays in.
    let worth = |k: usize, u: f64| match side(k) {
        Marginal::KullbackLeibler(rho) => {
            let held = masses[k] * (-u / rho).exp();
            (-rho * masses[k] * (-u / rho).exp_m1(), held, -held / rho)
        }
        Marginal::Squares(rho) => (masses[k] * u - u * u / (2.0 * rho), masses[k] - u / rho, -1.0 / rho),
        _ => (masses[k] * u, masses[k], 0.0),
    };
    let range = |k: usize| match side(k) {
        Marginal::TotalVariation(rho) => (-rho, rho),
        Marginal::Squares(rho) => (f64::NEG_INFINITY, rho * masses[k]),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let inside = |k: usize, u: f64| u.clamp(range(k).0, range(k).1);
    let moved = |u: &[f64], epsilon: f64| -> Vec<f64> {
        let one = |(&(i, j), c): (&(usize, usize), &f64)| a[i] * b[j] * share * ((u[i] + u[n + j] - c) / epsilon).exp();
        pairs.iter().zip(&costs).map(one).collect()
    };
    let value = |u: &[f64], epsilon: f64| -> f64 {
        let reference: f64 = pairs.iter().map(|&(i, j)| a[i] * b[j] * share).sum();
        (0..n + m).map(|k| worth(k, u[k]).0).sum::<f64>()
            + epsilon * (reference - moved(u, epsilon).iter().sum::<f64>())
    };
    let mut epsilon = small.epsilon;
    while epsilon < costs.iter().fold(1.0, |most: f64, c| most.max(*c)) {
        epsilon *= 2.0;
    }
    let mut u: Vec<f64> = (0..n + m).map(|k| inside(k, 0.0)).collect();
    loop {
        let (mut here, mut damping, mut radius) = (value(&u, epsilon), 1.0, 1e3);
        for _ in 0..2_000 {
            let plan = moved(&u, epsilon);
            let mut slope: Vec<f64> = (0..n + m).map(|k| worth(k, u[k]).1).collect();
            let mut curve = vec![vec![0.0; n + m]; n + m];
            for (&(i, j), p) in pairs.iter().zip(&plan) {
                slope[i] -= p;
                slope[n + j] -= p;
                for (r, c) in [(i, i), (i, n + j), (n + j, i), (n + j, n + j)] {
                    curve[r][c] += p / epsilon;
                }
            }
            (0..n + m).for_each(|k| curve[k][k] -= worth(k, u[k]).2);
            // At the end of its range, and pushed outwards, a potential stays.
            let stays = |k: usize| (u[k] <= range(k).0 && slope[k] < 0.0) || (u[k] >= range(k).1 && slope[k] > 0.0);
            let free: Vec<usize> = (0..n + m).filter(|&k| !stays(k)).collect();
            let system = |damping: f64| -> Vec<Vec<f64>> {
                let entry =
                    |r: usize, c: usize| curve[r][c] + if r == c { damping * (1e-300 + curve[r][r]) } else { 0.0 };
                free.iter().map(|&r| free.iter().map(|&c| entry(r, c)).chain([slope[r]]).collect()).collect()
            };
            let mut gained = 0.0;
            for _ in 0..80 {
                let step = eliminated(system(damping));
                let mut next = u.clone();
                free.iter().zip(&step).for_each(|(&k, step)| next[k] = inside(k, u[k] + step.clamp(-radius, radius)));
                let there = value(&next, epsilon);
                if there > here {
                    (gained, u, here) = (there - here, next, there);
                    (damping, radius) = ((damping * 0.1).max(1e-16), f64::min(4.0 * radius, 1e3));
                    break;
                }
                // (Where next to nothing is held, no damping is enough: steps are cut too.)
                (damping, radius) = (2.0 * damping, 0.5 * radius);
            }
            if gained <= 1e-15 * (1e-3 + here.abs()) {
                break;
            }
        }
        if epsilon <= small.epsilon {
            return here;
        }
        epsilon = (0.5 * epsilon).max(small.epsilon);
    }
}

/// The solution of a linear system, its right side in the last column, with pivots from the diagonal.
fn eliminated(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for k in 0..n {
        for r in k + 1..n {
            let factor = rows[r][k] / rows[k][k];
            for c in k..=n {
                rows[r][c] -= factor * rows[k][c];
            }
        }
    }
    let mut out = vec![0.0; n];
    for k in (0..n).rev() {
        let rest: f64 = (k + 1..n).map(|c| rows[k][c] * out[c]).sum();
        out[k] = (rows[k][n] - rest) / rows[k][k];
    }
    out.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect()
}

fn solved(small: &Small) -> UnbalancedSolution {
    Unbalanced::new(small.epsilon, small.sides[0], small.sides[1])
        .with_reference(small.reference)
        .solve(&small.x, &small.y, SquaredEuclidean)
        .unwrap()
}

/// How many are not proven right, and the longest time and the most passes of one.
fn wrong(seeds: std::ops::Range<u64>) -> (usize, f64, u64) {
    let (mut wrong, mut longest, mut most) = (0, 0.0_f64, 0);
    for seed in seeds {
        let small = small(seed);
        let found = solved(&small);
        let (dual, primal) = bounds(&small, &found.potentials.f, &found.potentials.g);
        let size = found.value.abs().max(1e-12);
        let least = oracle(&small);
        let right = found.status.is_success()
            && (found.value - least).abs() <= 3e-6 * size + 1e-12
            && (dual - found.value).abs() <= 1e-8 * size + 1e-15
            && (primal - dual) <= 3e-6 * size + 1e-15
            && (primal - dual - found.duality_gap).abs() <= 1e-5 * size + 1e-15
            && found.transport_cost.is_finite();
        let passes = found.report.iterations;
        if !right || passes > PASSES {
            wrong += 1;
            eprintln!(
                "{seed}: {:?} ε {} {:?}, {} × {}: {} least {least} dual {dual} primal {primal} value {} gap {} residual {} {:?}",
                small.sides,
                small.epsilon,
                small.reference,
                small.x.len(),
                small.y.len(),
                found.status,
                found.value,
                found.duality_gap,
                found.residual,
                found.report
            );
        }
        (longest, most) = (longest.max(found.report.time.as_secs_f64()), most.max(passes));
    }
    (wrong, longest, most)
}

#[test]
fn hundreds_of_small_problems_are_proven() {
    let (wrong, longest, most) = wrong(1..400);
    eprintln!("longest {longest} s, most passes {most}");
    assert_eq!(wrong, 0);
}

#[test]
#[ignore = "half a minute"]
fn thirty_thousand_small_problems_are_proven() {
    let (wrong, longest, most) = wrong(1..30_001);
    eprintln!("longest {longest} s, most passes {most}");
    assert_eq!(wrong, 0);
}

#[test]
fn where_nothing_moves_both_sides_are_paid() {
    let at = |x: f64, a: f64| Samples::weighted([[x]], [a]).unwrap();
    for (side, epsilon, due) in [
        (Marginal::TotalVariation(1.0), 0.01, 3.0 + 0.01 * 2f64.sqrt()),
        (Marginal::KullbackLeibler(0.01), 0.1, 0.03 + 0.1 * 2f64.sqrt()),
        (Marginal::Squares(1.0), 0.01, 2.5 + 0.01 * 2f64.sqrt()),
    ] {
        for (a, b) in [(1.0, 2.0), (2.0, 1.0)] {
            let found =
                Unbalanced::new(epsilon, side, side).solve(&at(0.0, a), &at(10.0, b), SquaredEuclidean).unwrap();
            assert!(found.status.is_success(), "{side:?}: {found:?}");
            assert!((found.value - due).abs() <= 1e-6 * due, "{side:?}: {} is not {due}", found.value);
            assert!(found.mass < 1e-3 && found.transport_cost < 1e-1, "{found:?}");
        }
        // In reach on one side alone, and clouds of which a part is out of reach.
        let x = Samples::weighted([[0.0], [1e4]], [1.0, 0.5]).unwrap();
        let found = Unbalanced::new(epsilon, side, side).solve(&x, &at(0.0, 1.0), SquaredEuclidean).unwrap();
        assert!(found.status.is_success() && found.source_masses[1] < 1e-12, "{found:?}");
    }
}

#[test]
fn a_mass_that_must_be_met_is_met_from_afar() {
    // A start at which nothing moves had no residual: 0.07 must reach the target, 47 away in units of the price.
    let (x, y) = (Samples::weighted([[0.0], [0.1]], [0.9, 0.4]).unwrap(), Samples::weighted([[8.0]], [0.07]).unwrap());
    for epsilon in [1e-3, 0.01, 0.1] {
        let found = Unbalanced::new(epsilon, Marginal::TotalVariation(15.0), Marginal::Exact)
            .solve(&x, &y, SquaredEuclidean)
            .unwrap();
        assert!(found.status.is_success() && (found.mass - 0.07).abs() < 1e-6, "{found:?}");
        // 62.41 for each unit moved, 15 for each one left, and less than ε for the entropy of each.
        let due = 0.07 * 62.41 + 15.0 * (1.3 - 0.07);
        assert!((found.value - due).abs() < 2.0 * epsilon, "{} is not {due}", found.value);
    }
}

#[test]
fn a_row_that_ends_its_range_within_a_step_stops_no_solve() {
    // The target takes exactly what one source has: at the optimum its potential is at the end of its range.
    let small = small(29_002);
    let found = solved(&small);
    assert!(found.status.is_success() && found.report.iterations < 1_000, "{found:?}");
    assert!((found.value - oracle(&small)).abs() < 1e-9, "{found:?}");
}

#[test]
fn an_extrapolation_cannot_go_round_in_circles() {
    let x = Samples::weighted([[0.3]], [1.0]).unwrap();
    let y = Samples::weighted([[0.5], [0.2], [0.0], [0.4], [0.6]], [0.4, 0.6, 0.6, 0.2, 1.0]).unwrap();
    let side = Marginal::TotalVariation(1.0);
    let found = Unbalanced::new(0.01, side, side).solve(&x, &y, SquaredEuclidean).unwrap();
    assert!(found.status.is_success() && found.report.iterations < 500, "{found:?}");
    assert!((found.value - 1.826_441_81).abs() < 1e-5 && (found.mass - 1.0).abs() < 1e-6, "{found:?}");
}

#[test]
fn a_solve_ends_without_a_limit_of_the_caller() {
    for seed in 0..6 {
        let x = Gaussian::standard(2).unwrap().sample(30, 2 * seed).unwrap();
        let y = Gaussian::standard(2).unwrap().sample(30, 2 * seed + 1).unwrap();
        for share in [0.3, 0.7, 1.0] {
            let mut solver = Unbalanced::partial(1.0, share * x.total());
            solver.epsilon = earthwork::entropic::Epsilon::Relative(0.002);
            let found = solver.solve(&x, &y, SquaredEuclidean).unwrap();
            assert!(found.status.is_success(), "{seed} {share}: {found:?}");
            assert!((found.mass - share * x.total()).abs() < 1e-4 * x.total(), "{seed} {share}: {found:?}");
        }
        let side = Marginal::TotalVariation(0.5);
        let found = Unbalanced::new(1e-3, side, side).with_iteration_limit(7).solve(&x, &y, SquaredEuclidean).unwrap();
        assert!(found.status == Status::IterationLimit || found.status.is_success(), "{found:?}");
    }
}
