//! The energy distance on a line: 2 ∫ (F − G)², by sorting.
//!
//! E|X − X'| = 2 ∫ F (1 − F), E|X − Y| = ∫ F (1 − G) + G (1 − F), and E|x − Y| = ∫_{t < x} G + ∫_{t > x} (1 − G): every one of
//! them a sum of terms ≥ 0 over the gaps between neighbouring points, so no digits are lost, at any offset and scale.
//! (Székely & Rizzo, "Energy statistics", 2013; SciPy's `energy_distance` is the root of this.)

use crate::error::Result;
use crate::estimate::Estimate;
use crate::estimate::resample::{Draw, Pool};
use crate::measure::Samples;
use crate::numeric::Sum;
use crate::numeric::parallel;

use super::second_order::near_equal;
use super::statistic::{How, Pairing, Parts, Selves, finite, shares, shares_of_draw};

/// Points of both samples in increasing order: the gaps after each, and where each stands.
struct Order {
    /// The point at each place; those of x first in the numbering.
    points: Vec<u32>,
    /// From each place to the next.
    gaps: Vec<f64>,
}

impl Order {
    fn new(values: &[f64]) -> Self {
        let mut points: Vec<u32> = (0..values.len() as u32).collect();
        points.sort_unstable_by(|&i, &j| values[i as usize].total_cmp(&values[j as usize]).then(i.cmp(&j)));
        let gaps = points.windows(2).map(|pair| values[pair[1] as usize] - values[pair[0] as usize]).collect();
        Self { points, gaps }
    }

    /// F after each place but the last, for masses by point number that total 1.
    fn distribution(&self, masses: &[f64]) -> Vec<f64> {
        let mut total = Sum::default();
        let places = self.points[..self.gaps.len()].iter();
        places
            .map(|&i| {
                total.add(masses[i as usize]);
                total.value()
            })
            .collect()
    }

    /// Σ gap · term(F, G).
    fn integral(&self, f: &[f64], g: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
        let mut total = Sum::default();
        for (gap, (&f, &g)) in self.gaps.iter().zip(f.iter().zip(g)) {
            total.add(gap * term(f, g));
        }
        total.value()
    }

    /// For each point, by number, its mean distance to the distribution F.
    fn mean_distances(&self, f: &[f64]) -> Vec<f64> {
        let mut means = vec![0.0; self.points.len()];
        let (mut below, mut above) = (Sum::default(), Sum::default());
        for (place, &point) in self.points.iter().enumerate() {
            means[point as usize] += below.value();
            if let Some(gap) = self.gaps.get(place) {
                below.add(gap * f[place]);
            }
        }
        for (place, &point) in self.points.iter().enumerate().rev() {
            means[point as usize] += above.value();
            if place > 0 {
                above.add(self.gaps[place - 1] * (1.0 - f[place - 1]).max(0.0));
            }
        }
        means
    }
}

/// The energy distance of two samples on a line. O((n + m) log(n + m)) time, O(n + m) memory.
pub(super) fn energy(x: &Samples, y: &Samples, how: How) -> Estimate {
    let n = x.len();
    let values: Vec<f64> = [x, y].iter().flat_map(|side| side.points().as_slice()).copied().collect();
    let order = Order::new(&values);
    let (a, b) = (shares(x), shares(y));
    let padded = |before: usize, masses: &[f64]| {
        let mut all = vec![0.0; values.len()];
        all[before..before + masses.len()].copy_from_slice(masses);
        all
    };
    let (f, g) = (order.distribution(&padded(0, &a)), order.distribution(&padded(n, &b)));
    let (to_x, to_y) = (order.mean_distances(&f), order.mean_distances(&g));
    let parts = Parts {
        masses: [&a, &b],
        within: [to_x[..n].to_vec(), to_y[n..].to_vec()],
        across: [to_y[..n].to_vec(), to_x[n..].to_vec()],
        selves: Selves::new([&a, &b], |_, _| 0.0),
        sign: -1.0,
    };
    // What F and G differ by through rounding alone is no difference.
    let gap = |f: f64, g: f64| if (f - g).abs() <= 4.0 * f64::EPSILON { 0.0 } else { (f - g).powi(2) };
    let second = |within: &[Vec<f64>; 2]| {
        near_equal([&a, &b], within, |side, i| [x, y][side].point(i), |x, y| (x[0] - y[0]).abs(), -1.0)
    };
    parts.estimate(2.0 * order.integral(&f, &g, gap), second, how)
}

/// The same for many draws from one pool, which is sorted once.
pub(super) fn energy_of_draws(pool: &Pool, draws: &[Draw], pairing: Pairing) -> Result<Vec<f64>> {
    let order = Order::new(pool.points().as_slice());
    let value = |draw: &Draw| {
        let (a, b) = shares_of_draw(pool, draw);
        let distribution = |drawn: &[u32], masses: &[f64]| {
            let mut all = vec![0.0; pool.points().len()];
            for (&i, mass) in drawn.iter().zip(masses) {
                all[i as usize] += mass;
            }
            order.distribution(&all)
        };
        let (f, g) = (distribution(&draw.x, &a), distribution(&draw.y, &b));
        let plain = 2.0 * order.integral(&f, &g, |f, g| (f - g).powi(2));
        match pairing {
            Pairing::Biased => plain,
            Pairing::Unbiased => {
                let selves = Selves::new([&a, &b], |_, _| 0.0);
                let own = |f: f64| 2.0 * f * (1.0 - f);
                let (x, y) = (order.integral(&f, &g, |f, _| own(f)), order.integral(&f, &g, |_, g| own(g)));
                plain - selves.correction(0, x) - selves.correction(1, y)
            }
        }
    };
    finite(parallel::map(draws.len(), |k| value(&draws[k])))
}
