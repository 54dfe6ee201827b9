//! Mass of P where Q has none, and the reverse: every estimator gives every divergence its right value there, or refuses.

use earthwork::divergence::{Classifier, Divergence, Formula, GaussianFit, Kde, Knn, LeastSquaresRatio, PlugIn};
use earthwork::estimate::Kind;
use earthwork::numeric::stream;
use earthwork::prelude::*;
use rand::RngExt;

const N: usize = 300;

const KINDS: [Divergence; 13] = [
    Divergence::Kl,
    Divergence::ReverseKl,
    Divergence::JensenShannon,
    Divergence::JensenShannonDistance,
    Divergence::TotalVariation,
    Divergence::SquaredHellinger,
    Divergence::Hellinger,
    Divergence::ChiSquared,
    Divergence::Bhattacharyya,
    Divergence::Renyi(0.5),
    Divergence::Renyi(2.0),
    Divergence::Tsallis(0.5),
    Divergence::Tsallis(1.5),
];

fn estimators(kind: Divergence) -> Vec<Box<dyn Discrepancy>> {
    vec![
        Box::new(Knn::new(kind)),
        Box::new(Knn::new(kind).by_balls()),
        Box::new(Classifier::new(kind)),
        Box::new(Classifier::new(kind).with_formula(Formula::DonskerVaradhan)),
        Box::new(Classifier::new(kind).with_formula(Formula::PlugIn)),
        Box::new(GaussianFit::new(kind)),
        Box::new(Kde::new(kind)),
        Box::new(PlugIn::new(kind)),
    ]
}

/// Rows of a side from its seed.
fn drawn(seed: u64, row: impl Fn(&mut dyn FnMut() -> f64, f64) -> Vec<f64>) -> Samples {
    let mut random = stream(7, seed);
    let numbers = Gaussian::standard(1).unwrap().sample(N, seed).unwrap();
    let rows: Vec<Vec<f64>> = (0..N).map(|i| row(&mut || random.random::<f64>(), numbers.point(i)[0])).collect();
    let dim = rows[0].len();
    Samples::new(Points::from_rows(rows.concat(), dim).unwrap()).unwrap()
}

fn pick(u: f64, first: f64, values: [f64; 2]) -> f64 {
    if u < first { values[0] } else { values[1] }
}

/// The exact divergence of masses.
fn of_masses(kind: Divergence, p: &[f64], q: &[f64]) -> f64 {
    kind.between(&Weights::new(p.to_vec()).unwrap(), &Weights::new(q.to_vec()).unwrap()).unwrap()
}

struct Case {
    name: &'static str,
    x: Samples,
    y: Samples,
    /// Masses with the divergences of the two.
    masses: ([f64; 3], [f64; 3]),
}

fn cases() -> Vec<Case> {
    let apart = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
    let one_hot = |at: usize| (0..4).map(|k| f64::from(u8::from(k == at))).collect::<Vec<f64>>();
    vec![
        Case {
            name: "disjoint categories",
            x: drawn(1, |u, _| vec![pick(u(), 0.4, [0.0, 1.0])]),
            y: drawn(2, |u, _| vec![pick(u(), 0.4, [2.0, 3.0])]),
            masses: apart,
        },
        Case {
            name: "disjoint categories beside a number",
            x: drawn(1, |u, z| vec![pick(u(), 0.4, [0.0, 1.0]), z]),
            y: drawn(2, |u, z| vec![pick(u(), 0.4, [2.0, 3.0]), z]),
            masses: apart,
        },
        Case {
            name: "disjoint one-hot categories beside a number",
            x: drawn(1, |u, z| [vec![z], one_hot(pick(u(), 0.4, [0.0, 1.0]) as usize)].concat()),
            y: drawn(2, |u, z| [vec![z], one_hot(pick(u(), 0.4, [2.0, 3.0]) as usize)].concat()),
            masses: apart,
        },
        Case { name: "two atoms", x: drawn(1, |_, _| vec![3.0]), y: drawn(2, |_, _| vec![4.0]), masses: apart },
        Case {
            name: "constant columns that differ",
            x: drawn(1, |_, z| vec![z, 3.0]),
            y: drawn(2, |_, z| vec![z, 4.0]),
            masses: apart,
        },
        Case {
            name: "atoms on both sides",
            x: drawn(1, |u, _| vec![pick(u(), 0.6, [0.0, 5.0])]),
            y: drawn(2, |u, _| vec![pick(u(), 0.6, [0.0, 1.0])]),
            masses: ([0.6, 0.4, 0.0], [0.6, 0.0, 0.4]),
        },
        Case {
            name: "an atom of P among numbers",
            x: drawn(1, |u, z| vec![if u() < 0.3 { 0.5 } else { z }]),
            y: drawn(2, |_, z| vec![z]),
            masses: ([0.7, 0.3, 0.0], [1.0, 0.0, 0.0]),
        },
        Case {
            name: "an atom alone against numbers",
            x: drawn(1, |_, _| vec![0.5]),
            y: drawn(2, |_, z| vec![z]),
            masses: apart,
        },
    ]
}

/// What is wrong with an estimate of this truth.
fn wrong(found: &Estimate, truth: f64, is_disjoint: bool) -> Option<String> {
    if truth.is_infinite() {
        return (found.value != truth).then(|| format!("{found} where it is infinite"));
    }
    let error = 5.0 * found.std_error().unwrap_or(0.0);
    // A bound may fall short where it is learnt; where nothing is shared there is nothing to learn.
    let short = if found.kind == Kind::LowerBound && !is_disjoint { f64::INFINITY } else { error + 0.02 * truth };
    let is_right = found.value - truth <= error + 0.02 * truth + 0.01 && truth - found.value <= short;
    (!is_right || error > 1.0 + truth).then(|| format!("{found} where it is {truth}"))
}

#[test]
fn every_estimator_gives_every_divergence_its_value_or_refuses() {
    let mut faults = Vec::new();
    for Case { name, x, y, masses: (p, q) } in cases() {
        let is_disjoint = p.iter().zip(&q).all(|(p, q)| p * q == 0.0);
        for kind in KINDS {
            let truth = of_masses(kind, &p, &q);
            let found = estimators(kind).into_iter().map(|e| (e.name(), e.between(&x, &y)));
            for (method, found) in found {
                // Without smoothing an empty bin makes a histogram infinite, as it says.
                let is_empty_bin = |found: &Estimate| method.contains("histogram") && found.value.is_infinite();
                let found = found.ok().filter(|found| !is_empty_bin(found));
                if let Some(fault) = found.and_then(|found| wrong(&found, truth, is_disjoint)) {
                    faults.push(format!("{name}, {method}: {fault}"));
                }
            }
        }
        for alpha in [0.0, 0.1, 0.5] {
            // (1 − α)² Σ (p − q)² / (α p + (1 − α) q).
            let beta = 1.0 - alpha;
            let term = |(&p, &q): (&f64, &f64)| match alpha * p + beta * q {
                _ if p == q => 0.0,
                0.0 => f64::INFINITY,
                both => beta * beta * (p - q) * (p - q) / both,
            };
            let truth: f64 = p.iter().zip(&q).map(term).sum();
            let method = LeastSquaresRatio::rulsif(alpha);
            if let Some(fault) = method.between(&x, &y).ok().and_then(|found| wrong(&found, truth, is_disjoint)) {
                faults.push(format!("{name}, {}: {fault}", method.name()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_relative_chi_squared_of_categories_states_its_error() {
    let masses: ([f64; 3], [f64; 3]) = ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]);
    let level = |u: f64, of: &[f64; 3]| f64::from(u8::from(u > of[0]) + u8::from(u > of[0] + of[1]));
    for (p, q) in [masses, (masses.0, masses.0)] {
        let truth: f64 = p.iter().zip(&q).map(|(p, q)| 0.25 * (p - q) * (p - q) / (0.5 * (p + q))).sum();
        let found: Vec<Estimate> = (0..200)
            .map(|seed| {
                let x = drawn(2 * seed, |u, _| vec![level(u(), &p)]);
                let y = drawn(2 * seed + 1, |u, _| vec![level(u(), &q)]);
                LeastSquaresRatio::rulsif(0.5).between(&x, &y).unwrap()
            })
            .collect();
        let held = found.iter().filter(|found| found.lower() <= truth && truth <= found.upper()).count();
        assert!(held >= 180, "{held} of 200 hold {truth}");
    }
}

#[test]
fn the_bound_on_chi_squared_states_an_error_that_means_something() {
    let normal = Gaussian::standard(2).unwrap();
    let far = Samples::new(normal.sample(500, 2).unwrap().points().view().mapv(|v| v + 3.0)).unwrap();
    for kind in [Divergence::ChiSquared, Divergence::Renyi(3.0), Divergence::Tsallis(2.5), Divergence::Kl] {
        let found = Classifier::new(kind).between(&normal.sample(500, 1).unwrap(), &far).unwrap();
        assert!(found.value > 0.0 && found.std_error().unwrap() < 0.5 * found.value, "{kind}: {found}");
    }
}
