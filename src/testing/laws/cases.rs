//! Samples on which laws break: how two supports can lie to each other.

use std::fmt;

use rand::RngExt;

use crate::measure::{Points, Samples};
use crate::numeric::random::{ChaCha8Rng, stream};

/// How the supports of two distributions lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Support {
    /// In one box.
    Overlapping,
    /// In boxes that share a face, and one point on it.
    Touching,
    /// In boxes three widths apart.
    Disjoint,
    /// One in a tenth of the other's box.
    Nested,
    /// Both on parallel lines.
    LowerDimensional,
    /// On few whole coordinates, with points in common and points that repeat.
    Duplicates,
    /// In one box of width 10⁻⁶.
    Tiny,
    /// In one box of width 10⁶.
    Huge,
}

impl Support {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Overlapping,
        Self::Touching,
        Self::Disjoint,
        Self::Nested,
        Self::LowerDimensional,
        Self::Duplicates,
        Self::Tiny,
        Self::Huge,
    ];

    /// Points of one side: `side` 0 and 1 lie to each other as the name says, 2 is a third of the same kind.
    fn cloud(self, side: usize, n: usize, dim: usize, random: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
        let place = side as f64;
        (0..n)
            .map(|i| {
                let mut point: Vec<f64> = (0..dim).map(|_| random.random_range(0.0..1.0)).collect();
                match self {
                    Self::Overlapping => {}
                    Self::Touching if i == 0 => point[0] = 1.0,
                    Self::Touching => point[0] += place,
                    Self::Disjoint => point[0] += 4.0 * place,
                    Self::Nested => point.iter_mut().for_each(|v| *v = if side == 1 { 0.45 + 0.1 * *v } else { *v }),
                    Self::LowerDimensional => point[1..].fill(place),
                    Self::Duplicates => point.iter_mut().for_each(|v| *v = (3.0 * *v).floor()),
                    Self::Tiny => point.iter_mut().for_each(|v| *v *= 1e-6),
                    Self::Huge => point.iter_mut().for_each(|v| *v *= 1e6),
                }
                point
            })
            .collect()
    }
}

/// Weighted points that can be taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// The points.
    pub points: Vec<Vec<f64>>,
    /// Their masses, of total 1.
    pub masses: Vec<f64>,
}

impl Cloud {
    /// The points of the case as samples.
    ///
    /// # Panics
    /// Never for a cloud of a [`Case`]: its points are finite and some mass is positive.
    pub fn samples(&self) -> Samples {
        let points = Points::from_rows(self.points.concat(), self.points[0].len()).expect("finite points");
        if self.masses.iter().all(|&mass| mass == self.masses[0]) {
            return Samples::new(points).expect("at least one point");
        }
        Samples::weighted(points, self.masses.clone()).expect("positive masses")
    }

    /// The points mapped one by one.
    #[must_use]
    pub fn mapped(&self, map: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        Self { points: self.points.iter().map(|point| map(point)).collect(), masses: self.masses.clone() }
    }

    /// The mixture `share` · self + (1 − `share`) · other.
    #[must_use]
    pub fn mixed(&self, share: f64, other: &Self) -> Self {
        let masses = self.masses.iter().map(|m| share * m).chain(other.masses.iter().map(|m| (1.0 - share) * m));
        Self { points: [self.points.clone(), other.points.clone()].concat(), masses: masses.collect() }
    }

    fn without(&self, point: usize) -> Self {
        let mut left = self.clone();
        left.points.remove(point);
        left.masses.remove(point);
        let total: f64 = left.masses.iter().sum();
        left.masses.iter_mut().for_each(|mass| *mass /= total);
        left
    }

    fn uniform(&self) -> Self {
        let n = self.points.len();
        Self { points: self.points.clone(), masses: vec![1.0 / n as f64; n] }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uniform = self.masses.iter().all(|&mass| mass == self.masses[0]);
        f.write_str("{")?;
        for (at, (point, mass)) in self.points.iter().zip(&self.masses).enumerate() {
            let coordinates: Vec<String> = point.iter().map(|v| short(*v)).collect();
            let point = coordinates.join(", ");
            let point = if coordinates.len() > 1 { format!("({point})") } else { point };
            let gap = if at == 0 { "" } else { ", " };
            if uniform { write!(f, "{gap}{point}") } else { write!(f, "{gap}{point}: {}", short(*mass)) }?;
        }
        f.write_str("}")
    }
}

/// A number in as few digits as tell it apart in a report.
fn short(value: f64) -> String {
    let text = format!("{value}");
    if text.len() <= 6 { text } else { format!("{value:.3e}") }
}

/// Three distributions, and what else a law asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The first.
    pub x: Cloud,
    /// The second.
    pub y: Cloud,
    /// A third.
    pub z: Cloud,
}

impl Case {
    /// A case of this kind: at most `most` points a side in at most three dimensions, weighted in every other one.
    pub fn new(support: Support, most: usize, seed: u64) -> Self {
        let random = &mut stream(seed, support as u64);
        let dim = [1, 2, 2, 3][random.random_range(0..4)];
        let weighted = random.random_bool(0.5);
        let mut cloud = |side: usize| {
            let n = random.random_range(2.min(most)..=most);
            let masses: Vec<f64> =
                (0..n).map(|_| if weighted { f64::from(random.random_range(1_u32..8)) } else { 1.0 }).collect();
            let total: f64 = masses.iter().sum();
            let masses = masses.into_iter().map(|mass| mass / total).collect();
            Cloud { points: support.cloud(side, n, dim, random), masses }
        };
        Self { x: cloud(0), y: cloud(1), z: cloud(2) }
    }

    /// Whether the points of either side weigh the same.
    pub(super) fn is_uniform(&self) -> bool {
        [&self.x, &self.y].iter().all(|cloud| cloud.masses.iter().all(|&mass| mass == cloud.masses[0]))
    }

    /// The width of the box around all points.
    pub fn width(&self) -> f64 {
        let points = || [&self.x, &self.y, &self.z].into_iter().flat_map(|cloud| &cloud.points).flatten();
        let (least, most) = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        if most > least { most - least } else { 1.0 }
    }

    /// Cases that are a little smaller or rounder, the smallest first.
    fn smaller(&self) -> Vec<Self> {
        let mut cases = Vec::new();
        let sides: [fn(&mut Self) -> &mut Cloud; 3] = [|c| &mut c.x, |c| &mut c.y, |c| &mut c.z];
        for side in sides {
            let own = side(&mut self.clone()).clone();
            let mut with = |cloud: Cloud| {
                let mut case = self.clone();
                *side(&mut case) = cloud;
                cases.push(case);
            };
            if own.points.len() > 1 {
                (0..own.points.len()).for_each(|point| with(own.without(point)));
            }
            with(own.uniform());
            for unit in [1.0, 0.1] {
                with(own.mapped(|point| point.iter().map(|v| (v / unit).round() * unit).collect()));
            }
        }
        cases.retain(|case| case != self);
        cases
    }

    /// The smallest case on the way down from this one that still `fails`.
    #[must_use]
    pub fn shrunk(self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut case = self;
        // Each step removes a point or rounds a side, so this ends; the limit guards against rounding back and forth.
        for _ in 0..64 {
            match case.smaller().into_iter().find(|smaller| fails(smaller)) {
                Some(smaller) => case = smaller,
                None => break,
            }
        }
        case
    }
}
