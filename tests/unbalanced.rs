//! Unbalanced and partial entropic transport: closed forms, duality, limits.

use earthwork::entropic::{Marginal, Reference, Sinkhorn, Unbalanced, UnbalancedSolution};
use earthwork::exact::partial;
use earthwork::prelude::*;
use earthwork::testing::{Family, Weighting};

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-300), "{what}: {found} is not {expected}");
}

fn pair(family: Family, n: usize, m: usize, seed: u64, ratio: f64) -> (Samples, Samples) {
    let ((x, y), (a, b)) = (family.pair(n, m, 2, seed), Weighting::Random.pair(n, m, seed));
    let b: Vec<f64> = b.as_slice().iter().map(|b| b * ratio).collect();
    (Samples::with_weights(x, a).unwrap(), Samples::weighted(y, b).unwrap())
}

/// ⟨C, P⟩ + ε KL(P | a ⊗ b / √(m_a m_b)) + D₁ + D₂, pair by pair, from the potentials.
fn primal(x: &Samples, y: &Samples, sides: [Marginal; 2], found: &UnbalancedSolution) -> f64 {
    let problem = Problem::between(&x.normalised(), &y.normalised(), SquaredEuclidean).unwrap();
    let (a, b) = (x.weights().as_slice(), y.weights().as_slice());
    let unit = (x.total() * y.total()).sqrt();
    let (mut cost, mut entropy) = (0.0, x.total() * y.total() / unit);
    let (mut rows, mut columns) = (vec![0.0; a.len()], vec![0.0; b.len()]);
    for i in 0..a.len() {
        for j in 0..b.len() {
            let c = problem.cost().entry(i, j);
            let exponent = (found.potentials.f[i] + found.potentials.g[j] - c) / found.epsilon;
            let p = a[i] * b[j] / unit * exponent.exp();
            if p > 0.0 {
                cost += p * c;
                entropy += p * exponent - p;
            }
            rows[i] += p;
            columns[j] += p;
        }
    }
    let penalty = |side: Marginal, got: &[f64], due: &[f64]| -> f64 {
        let pairs = got.iter().zip(due);
        match side {
            Marginal::Exact => 0.0,
            Marginal::KullbackLeibler(rho) => {
                rho * pairs.map(|(p, a)| if *p > 0.0 { p * (p / a).ln() - p + a } else { *a }).sum::<f64>()
            }
            Marginal::TotalVariation(rho) => rho * pairs.map(|(p, a)| (p - a).abs()).sum::<f64>(),
            Marginal::Squares(rho) => 0.5 * rho * pairs.map(|(p, a)| (p - a).powi(2)).sum::<f64>(),
        }
    };
    cost + found.epsilon * entropy + penalty(sides[0], &rows, a) + penalty(sides[1], &columns, b)
}

#[test]
fn two_diracs_have_a_closed_form() {
    let (a, b, c) = (2.0_f64, 0.3_f64, 1.44);
    let (x, y) = (Samples::weighted([[0.0]], [a]).unwrap(), Samples::weighted([[1.2]], [b]).unwrap());
    for (epsilon, r, s) in [(0.1, 1.0, 1.0), (1.0, 0.5, 20.0), (0.01, 3.0, 0.2)] {
        let solver = Unbalanced::new(epsilon, Marginal::KullbackLeibler(r), Marginal::KullbackLeibler(s));
        let found = solver.with_tolerance(1e-12).solve(&x, &y, SquaredEuclidean).unwrap();
        assert!(found.status.is_success(), "{found:?}");
        let logarithm = epsilon * 0.5 * (a * b).ln() + r * a.ln() + s * b.ln() - c;
        near(found.mass, (logarithm / (epsilon + r + s)).exp(), 1e-9, "mass");
    }
    // Total variation: mass moves if the way costs less than losing it twice.
    let y = Samples::weighted([[1.2]], [a]).unwrap();
    for (rho, moves) in [(0.1, 0.0), (100.0, a)] {
        let side = Marginal::TotalVariation(rho);
        let found = Unbalanced::new(0.01, side, side).with_tolerance(1e-10).solve(&x, &y, SquaredEuclidean).unwrap();
        assert!((found.mass - moves).abs() < 1e-6, "ρ = {rho}: {}", found.mass);
    }
}

/// Potentials of normal distributions are quadratic, and sweeps act on three coefficients: p₂ x² + p₁ x + p₀ (Janati,
/// Muzellec, Peyré, Cuturi, 2020, §4, whose closed form is the fixed point of this).
fn swept(g: [f64; 3], mean: f64, sd: f64, epsilon: f64) -> [f64; 3] {
    let [p0, p1, p2] = g;
    let k = 1.0 / (2.0 * sd * sd) + (1.0 - p2) / epsilon;
    let b = p1 / epsilon + mean / (sd * sd);
    let constant = -epsilon * (b * b / (4.0 * k) - mean * mean / (2.0 * sd * sd)) - p0;
    [constant + 0.5 * epsilon * (2.0 * sd * sd * k).ln(), -b / k, 1.0 - 1.0 / (epsilon * k)]
}

#[test]
fn unbalanced_gaussians_have_quadratic_potentials() {
    let grid = |mean: f64, sd: f64| {
        let points: Vec<[f64; 1]> = (-160..=160).map(|k| [mean + f64::from(k) * sd / 20.0]).collect();
        let weights: Vec<f64> = points.iter().map(|x| (-0.5 * ((x[0] - mean) / sd).powi(2)).exp()).collect();
        Samples::weighted(points, weights).unwrap().normalised()
    };
    let (mean, u, v, epsilon, rho) = (1.5, 1.0, 0.6, 0.5, 2.0);
    let damp = rho / (rho + epsilon);
    let (mut f, mut g, mut met) = ([0.0; 3], [0.0; 3], [0.0; 3]);
    for _ in 0..2000 {
        met = swept(g, mean, v, epsilon);
        f = met.map(|p| damp * p);
        g = swept(f, 0.0, u, epsilon).map(|p| damp * p);
    }
    // ∫ exp((f − met) / ε) dN(0, u²)
    let d: Vec<f64> = f.iter().zip(met).map(|(f, met)| (f - met) / epsilon).collect();
    let k = 1.0 / (2.0 * u * u) - d[2];
    let mass = (d[1] * d[1] / (4.0 * k) + d[0]).exp() / (2.0 * u * u * k).sqrt();
    let side = Marginal::KullbackLeibler(rho);
    let found = Unbalanced::new(epsilon, side, side)
        .with_tolerance(1e-11)
        .solve(&grid(0.0, u), &grid(mean, v), SquaredEuclidean)
        .unwrap();
    assert!(found.status.is_success(), "{found:?}");
    near(found.mass, mass, 1e-8, "mass");
    near(found.value, rho * 2.0 * (1.0 - mass) + epsilon * (1.0 - mass), 1e-8, "value");
}

#[test]
fn the_dual_value_is_the_primal_one() {
    let kinds = [
        Marginal::Exact,
        Marginal::KullbackLeibler(0.7),
        Marginal::KullbackLeibler(30.0),
        Marginal::TotalVariation(1.5),
        Marginal::Squares(4.0),
    ];
    for family in [Family::Gaussian, Family::IntegerGrid, Family::Duplicates] {
        for source in kinds {
            for target in kinds {
                let ratio = if source == Marginal::Exact && target == Marginal::Exact { 1.0 } else { 1.7 };
                let (x, y) = pair(family, 23, 18, 4, ratio);
                let found =
                    Unbalanced::new(0.3, source, target).with_tolerance(1e-10).solve(&x, &y, SquaredEuclidean).unwrap();
                let what = format!("{family:?}, {source:?}, {target:?}");
                assert!(found.status.is_success(), "{what}: {found:?}");
                near(primal(&x, &y, [source, target], &found), found.value, 1e-6, &what);
                let sums = |masses: &[f64]| masses.iter().sum::<f64>();
                near(sums(&found.source_masses), found.mass, 1e-9, &what);
                near(sums(&found.target_masses), found.mass, 1e-9, &what);
            }
        }
    }
}

#[test]
fn limits_and_scales() {
    let (x, y) = pair(Family::Gaussian, 30, 30, 7, 1.0);
    let balanced =
        Sinkhorn::new(0.3).with_tolerance(1e-10).solve(&Problem::between(&x, &y, SquaredEuclidean).unwrap()).unwrap();
    for side in [Marginal::Exact, Marginal::KullbackLeibler(1e6), Marginal::TotalVariation(1e4)] {
        let found = Unbalanced::new(0.3, side, side).with_tolerance(1e-9).solve(&x, &y, SquaredEuclidean).unwrap();
        assert!(found.status.is_success(), "{side:?}: {found:?}");
        near(found.transport_cost, balanced.transport_cost, 1e-4, &format!("{side:?}"));
    }
    let side = Marginal::KullbackLeibler(2.0);
    let at = |scale: f64| {
        let times = |s: &Samples, k: f64| {
            Samples::weighted(s.points(), s.weights().as_slice().iter().map(|w| w * k * scale).collect::<Vec<_>>())
                .unwrap()
        };
        Unbalanced::new(0.3, side, side)
            .with_tolerance(1e-9)
            .solve(&times(&x, 1.0), &times(&y, 2.5), SquaredEuclidean)
            .unwrap()
    };
    for scale in [1e-12, 1e12] {
        near(at(scale).value, at(1.0).value * scale, 1e-7, "value");
        near(at(scale).mass, at(1.0).mass * scale, 1e-7, "mass");
    }
}

#[test]
fn partial_transport_comes_from_both_sides() {
    for family in [Family::Gaussian, Family::IntegerGrid] {
        let (x, y) = pair(family, 25, 20, 3, 1.5);
        for share in [0.2, 0.6, 0.9] {
            let mass = share * x.total().min(y.total());
            let exact = partial(&x, &y, SquaredEuclidean, mass).unwrap();
            let soft = Unbalanced::partial(0.05, mass).with_tolerance(1e-6).solve(&x, &y, SquaredEuclidean).unwrap();
            let what = format!("{family:?}, {share}: {:?}", soft.report);
            assert!(soft.status.is_success(), "{what}");
            near(soft.mass, mass, 1e-5, &what);
            let over = |got: &[f64], held: &[f64]| got.iter().zip(held).any(|(got, held)| *got > held * (1.0 + 1e-3));
            assert!(!over(&soft.source_masses, x.weights().as_slice()), "{what}");
            assert!(
                (soft.transport_cost - exact.transport_cost).abs() < 0.1 * mass,
                "{what}: {} and {}",
                soft.transport_cost,
                exact.transport_cost
            );
            assert!(soft.transport_cost > exact.transport_cost - 1e-5 * mass, "{what}");
        }
    }
}

#[test]
fn wrong_calls_are_refused() {
    let (x, y) = pair(Family::Gaussian, 5, 5, 1, 2.0);
    let message = |solver: Unbalanced| solver.solve(&x, &y, SquaredEuclidean).unwrap_err().to_string();
    assert!(message(Unbalanced::new(0.1, Marginal::Exact, Marginal::Exact)).contains("totals differ"));
    assert!(
        message(Unbalanced::new(0.1, Marginal::KullbackLeibler(0.0), Marginal::Exact)).starts_with("source: it is 0")
    );
    assert!(
        message(Unbalanced::new(0.1, Marginal::Exact, Marginal::TotalVariation(f64::NAN)))
            .starts_with("target: it is NaN")
    );
    assert!(message(Unbalanced::partial(0.1, 3.0)).starts_with("mass: it is 3"));
    assert!(
        message(Unbalanced::new(0.0, Marginal::Exact, Marginal::KullbackLeibler(1.0))).starts_with("epsilon: it is 0")
    );
}

#[test]
fn partial_transport_takes_either_reference() {
    // One pair: there is one plan of mass s, and the entropic term is s log(s / R) − s + R.
    for (a, b, share) in [(1.0, 1.0, 0.4), (2.5, 0.7, 0.9), (1e-3, 4e-3, 0.5), (3.0, 2.0, 1.0)] {
        let (x, y) = (Samples::weighted([[0.0]], [a]).unwrap(), Samples::weighted([[2.0]], [b]).unwrap());
        let moved = share * f64::min(a, b);
        for epsilon in [0.01, 1.0, 30.0] {
            for reference in [Reference::Normalised, Reference::Product] {
                let measure = if reference == Reference::Product { a * b } else { (a * b).sqrt() };
                let right = 4.0 * moved + epsilon * (moved * (moved / measure).ln() - moved + measure);
                let solver = Unbalanced::partial(epsilon, moved).with_reference(reference);
                let found = solver.solve(&x, &y, SquaredEuclidean).unwrap();
                assert!(found.status.is_success(), "{found:?}");
                near(found.mass, moved, 1e-9, "mass");
                near(found.value, right, 1e-6, "value");
                let Potentials { f, g } = &found.potentials;
                near(measure * ((f[0] + g[0] - 4.0) / epsilon).exp(), moved, 1e-6, "potentials");
            }
        }
    }
}
