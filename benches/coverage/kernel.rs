//! Intervals of MMD, energy distance, KID and FID between P and P shifted along the first axis, in closed form.

use earthwork::divergence::{Energy, Mmd};
use earthwork::estimate::resample::{Resampling, interval};
use earthwork::metrics::{Fid, Kid};
use earthwork::prelude::*;

use super::{Row, Tally, normal};

/// What is asked of 95 % intervals.
const ASKED: (f64, f64) = (0.92, 0.985);
/// At P = Q an interval that begins at 0 holds the truth, wherever it ends: it is shown as a bound.
const BOUND: (f64, f64) = (0.92, 1.0);

/// Laws of independent coordinates of mean 0 and variance 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Law {
    Normal,
    /// An exponential variable less 1, of skewness 2.
    Exponential,
}

impl Law {
    fn samples(self, n: usize, dim: usize, shift: f64, seed: u64) -> Samples {
        let normals = normal(n, dim, 0.0, seed);
        let drawn = |v: f64| match self {
            Self::Normal => v,
            Self::Exponential => -above(v).ln() - 1.0,
        };
        let coordinates = normals.points().as_slice().iter().enumerate();
        let moved: Vec<f64> = coordinates.map(|(at, v)| drawn(*v) + if at % dim == 0 { shift } else { 0.0 }).collect();
        Samples::new(Points::from_rows(moved, dim).expect("finite points")).expect("finite points")
    }

    /// E exp(−t (D − shift)²) for the difference D of two draws of a coordinate.
    fn smoothed(self, t: f64, shift: f64) -> f64 {
        match self {
            Self::Normal => (-t * shift * shift / (1.0 + 4.0 * t)).exp() / (1.0 + 4.0 * t).sqrt(),
            Self::Exponential => {
                // The density of D is exp(−|D|) / 2; apart from its kink it is smooth.
                let density = |v: f64| 0.5 * (-v.abs()).exp() * (-t * (v - shift).powi(2)).exp();
                // As far as either factor reaches.
                let reach = 40.0_f64.min(7.0 / t.sqrt());
                let (from, to) = (shift - reach, shift + reach);
                if from < 0.0 && to > 0.0 {
                    simpson(from, 0.0, 400, density) + simpson(0.0, to, 400, density)
                } else {
                    simpson(from, to, 800, density)
                }
            }
        }
    }

    /// ½ MMD² for the kernel exp(−t ‖x − y‖²).
    fn gap(self, t: f64, dim: usize, shift: f64) -> f64 {
        let own = self.smoothed(t, 0.0);
        own.powi(dim as i32 - 1) * (own - self.smoothed(t, shift))
    }
}

/// P(Z > v) of a standard normal Z.
fn above(v: f64) -> f64 {
    // To 10⁻⁷ of itself (Numerical Recipes, erfcc).
    let z = v.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * z);
    let terms = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let power = terms.iter().rev().fold(0.0, |total, term| total * t + term);
    let tail = 0.5 * t * (-z * z + power).exp();
    if v > 0.0 { tail } else { 1.0 - tail }
}

fn simpson(from: f64, to: f64, steps: usize, f: impl Fn(f64) -> f64) -> f64 {
    let width = (to - from) / steps as f64;
    let weight = |k: usize| if k == 0 || k == steps { 1.0 } else { 2.0 + 2.0 * (k % 2) as f64 };
    (0..=steps).map(|k| weight(k) * f(from + k as f64 * width)).sum::<f64>() * width / 3.0
}

/// A discrepancy and its value between the law and the law shifted.
type Quantity = (&'static str, Box<dyn Discrepancy>, fn(Law, usize, f64) -> f64);

fn quantities() -> Vec<Quantity> {
    vec![
        ("MMD²", Box::<Mmd>::default(), |law, dim, shift| {
            2.0 * law.gap(0.5 / median(law, dim, shift).powi(2), dim, shift)
        }),
        ("energy", Box::<Energy>::default(), energy),
        ("energy (unbiased)", Box::new(Energy::unbiased()), energy),
        ("KID", Box::<Kid>::default(), |_, dim, shift| {
            // The squared distances of the moments of order 1 to 3.
            let (d, square) = (dim as f64, shift * shift);
            let third = (shift * square + 3.0 * shift).powi(2) + 3.0 * (d - 1.0) * square;
            3.0 * square / d + 3.0 * (square / d).powi(2) + third / d.powi(3)
        }),
        ("FID", Box::<Fid>::default(), |_, _, shift| shift * shift),
    ]
}

/// 2 E‖D − shift e₁‖ − 2 E‖D‖, from ‖x‖ = (4π)^(−½) ∫ (1 − exp(−t ‖x‖²)) t^(−3/2) dt with t = u², u = v / (1 − v).
fn energy(law: Law, dim: usize, shift: f64) -> f64 {
    let term = |v: f64| {
        let u = v / (1.0 - v);
        2.0 * law.gap(u * u, dim, shift) / (v * v)
    };
    simpson(1e-4, 0.999, 600, term) / std::f64::consts::PI.sqrt()
}

/// The median distance between points of both samples, to which the bandwidth tends.
fn median(law: Law, dim: usize, shift: f64) -> f64 {
    let n = 2000;
    let [x, y] = [0.0, shift].map(|shift| law.samples(n / 2, dim, shift, 1 << (40 + u64::from(shift > 0.0))));
    let points: Vec<&[f64]> = x.points().iter().chain(y.points().iter()).collect();
    let mut squares: Vec<f64> = (0..n)
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| points[i].iter().zip(points[j]).map(|(x, y)| (x - y).powi(2)).sum())
        .collect();
    let middle = squares.len() / 2;
    squares.select_nth_unstable_by(middle, f64::total_cmp).1.sqrt()
}

pub(crate) fn rows(draws: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, d, truth) in quantities() {
        for dim in [2, 8] {
            for n in [100, 500] {
                for (law, shift) in [
                    (Law::Normal, 0.0),
                    (Law::Normal, 0.3),
                    (Law::Normal, 1.0),
                    (Law::Exponential, 0.0),
                    (Law::Exponential, 0.5),
                ] {
                    let truth = if shift == 0.0 { 0.0 } else { truth(law, dim, shift) };
                    let row = row((name, &*d, truth), law, dim, n, shift, draws);
                    eprintln!(
                        "{name} d={dim} n={n} {law:?} {shift}: {:.1} %, width {:.4}, truth {truth:.5}",
                        100.0 * row.tally.share(),
                        row.tally.width
                    );
                    rows.push(row);
                }
            }
        }
    }
    rows
}

fn row(
    (name, d, truth): (&str, &dyn Discrepancy, f64),
    law: Law,
    dim: usize,
    n: usize,
    shift: f64,
    draws: usize,
) -> Row {
    let tally = Tally::of(draws, truth, 0.0, |seed| {
        let (x, y) = (law.samples(n, dim, 0.0, 2 * seed), law.samples(n, dim, shift, 2 * seed + 1));
        interval(d, &x, &y, &Resampling::default())
    });
    let case = match law {
        Law::Normal => format!("shift {shift}"),
        Law::Exponential => format!("exponential, shift {shift}"),
    };
    let asked = if shift == 0.0 { BOUND } else { ASKED };
    Row { quantity: name.into(), dim, sizes: (n, n), case, asked, tally }
}
