//! The data that people have: ties, flags, categories, integers, weights.

use earthwork::prelude::*;

/// Points with their masses.
#[derive(Debug, Clone)]
pub(crate) struct Cloud {
    pub(crate) points: Vec<Vec<f64>>,
    pub(crate) masses: Vec<f64>,
}

impl Cloud {
    fn new(points: Vec<Vec<f64>>) -> Self {
        let masses = vec![1.0 / points.len() as f64; points.len()];
        Self { points, masses }
    }

    pub(crate) fn samples(&self) -> Samples {
        let coordinates: Vec<f64> = self.points.iter().flatten().copied().collect();
        let points = Points::from_rows(coordinates, self.points[0].len()).expect("finite points");
        let is_uniform = self.masses.iter().all(|mass| *mass == self.masses[0]);
        let made = if is_uniform { Samples::new(points) } else { Samples::weighted(points, self.masses.clone()) };
        made.expect("points with masses")
    }

    /// Each point turned into another.
    pub(crate) fn mapped(&self, map: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        Self { points: self.points.iter().map(|point| map(point)).collect(), masses: self.masses.clone() }
    }

    /// Every point so many times, its mass shared out.
    pub(crate) fn repeated(&self, times: usize) -> Self {
        let mut points = Vec::new();
        let mut masses = Vec::new();
        for _ in 0..times {
            points.extend(self.points.iter().cloned());
            masses.extend(self.masses.iter().map(|mass| mass / times as f64));
        }
        Self { points, masses }
    }

    /// Some of the points in two parts of a third and two thirds of the mass.
    pub(crate) fn split(&self) -> Self {
        let mut found = Self { points: Vec::new(), masses: Vec::new() };
        for (i, (point, mass)) in self.points.iter().zip(&self.masses).enumerate() {
            let parts: &[f64] = if i % 3 == 0 { &[1.0 / 3.0, 2.0 / 3.0] } else { &[1.0] };
            for part in parts {
                found.points.push(point.clone());
                found.masses.push(part * mass);
            }
        }
        found
    }

    /// The same points in another order.
    pub(crate) fn reordered(&self) -> Self {
        let n = self.points.len();
        // A step without a factor in common with n.
        let step =
            (n / 2..n).find(|&step| (2..=n).all(|d| !n.is_multiple_of(d) || !step.is_multiple_of(d))).unwrap_or(1);
        let order: Vec<usize> = (0..n).map(|i| (i * step + 1) % n).collect();
        let points = order.iter().map(|&i| self.points[i].clone()).collect();
        Self { points, masses: order.iter().map(|&i| self.masses[i]).collect() }
    }
}

/// Two clouds of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) x: Cloud,
    pub(crate) y: Cloud,
}

/// A kind of data: a point from normal draws.
type Kind = (&'static str, usize, fn(&[f64]) -> Vec<f64>);

const KINDS: [Kind; 7] = [
    ("plain numbers", 2, |z| z.to_vec()),
    ("one column", 1, |z| z.to_vec()),
    ("integers", 2, |z| z.iter().map(|v| (2.0 * v).round()).collect()),
    ("numbers and a flag", 2, |z| vec![z[0], f64::from(z[1] > 0.3)]),
    ("a flag alone", 1, |z| vec![f64::from(z[0] > 0.2)]),
    ("numbers that are often 0", 2, |z| vec![if z[1] > 0.0 { 0.0 } else { z[0].abs() }, z[1]]),
    ("a column a million times as wide", 2, |z| vec![z[0], 1e6 * z[1]]),
];

fn case(kind: &Kind, (n, m): (usize, usize), shift: f64, is_weighted: bool, seed: u64) -> Case {
    let (name, dim, map) = kind;
    let cloud = |n: usize, shift: f64, seed: u64| {
        let drawn = Gaussian::standard(*dim).expect("a dimension").sample(n, seed).expect("some points");
        let points = drawn.points().iter().map(|z| map(&z.iter().map(|v| v + shift).collect::<Vec<_>>()));
        let mut cloud = Cloud::new(points.collect());
        if is_weighted {
            let total: f64 = (0..n).map(|i| 1.0 + (i % 4) as f64).sum();
            cloud.masses = (0..n).map(|i| (1.0 + (i % 4) as f64) / total).collect();
        }
        cloud
    };
    let weights = if is_weighted { ", weighted" } else { "" };
    let name = format!("{name}{weights} (n = {n}, m = {m}, shift {shift}, seed {seed})");
    Case { name, x: cloud(n, shift, 2 * seed), y: cloud(m, 0.0, 2 * seed + 1) }
}

/// A case of each kind, with and without weights: plain numbers first.
pub(crate) fn everyday() -> Vec<Case> {
    let mut cases = Vec::new();
    for is_weighted in [false, true] {
        cases.extend(KINDS.iter().map(|kind| case(kind, (36, 30), 0.5, is_weighted, 1)));
    }
    cases
}

/// Several of each, larger, equal in size or not, near and far.
pub(crate) fn long() -> Vec<Case> {
    let mut cases = Vec::new();
    for seed in 2..5 {
        for (sizes, shift) in [((60, 60), 0.0), ((90, 40), 1.0), ((50, 50), 3.0)] {
            for is_weighted in [false, true] {
                cases.extend(KINDS.iter().map(|kind| case(kind, sizes, shift, is_weighted, seed)));
            }
        }
    }
    cases
}
