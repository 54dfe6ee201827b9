//! Samples made ready for training: centred, scaled, drawn by their weights.

use ndarray::{Array2, ArrayView1};
use rand::RngExt;

use crate::measure::Samples;
use crate::numeric::random::ChaCha8Rng;

/// The common centre, and the root mean square distance of a coordinate from it; 1 where there is none.
pub(crate) fn frame(x: &Samples, y: &Samples) -> (Vec<f64>, f64) {
    let centre: Vec<f64> = x.mean().iter().zip(y.mean()).map(|(a, b)| 0.5 * a + 0.5 * b).collect();
    let largest = [x, y]
        .iter()
        .flat_map(|side| side.points().iter())
        .flat_map(|point| point.iter().zip(&centre).map(|(v, c)| (v - c).abs()))
        .fold(0.0_f64, f64::max);
    if largest == 0.0 {
        return (centre, 1.0);
    }
    let mean_square = |side: &Samples| -> f64 {
        let squares = side.points().iter().zip(side.weights().as_slice()).map(|(point, weight)| {
            weight * point.iter().zip(&centre).map(|(v, c)| ((v - c) / largest).powi(2)).sum::<f64>()
        });
        squares.sum::<f64>() / (side.total() * side.dim() as f64)
    };
    let scale = largest * (0.5 * (mean_square(x) + mean_square(y))).sqrt();
    (centre, scale)
}

/// One sample to draw batches from.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    points: Array2<f32>,
    /// Running totals of the weights over their sum; none where all are equal.
    ends: Option<Vec<f64>>,
}

impl Side {
    pub(crate) fn new(samples: &Samples, centre: &[f64], scale: f64) -> Self {
        let points = Array2::from_shape_fn((samples.len(), samples.dim()), |(i, k)| {
            ((samples.point(i)[k] - centre[k]) / scale) as f32
        });
        let weights = samples.weights().as_slice();
        let ends = weights.iter().any(|w| *w != weights[0]).then(|| {
            let mut total = 0.0;
            weights
                .iter()
                .map(|w| {
                    total += w / samples.total();
                    total
                })
                .collect()
        });
        Self { points, ends }
    }

    /// Fills `out` with points drawn by their weights.
    pub(crate) fn draw(&self, random: &mut ChaCha8Rng, out: &mut Array2<f32>) {
        for mut row in out.rows_mut() {
            row.assign(&self.points.row(self.draw_one(random)));
        }
    }

    /// The index of a point drawn by the weights.
    pub(crate) fn draw_one(&self, random: &mut ChaCha8Rng) -> usize {
        let n = self.points.nrows();
        match &self.ends {
            None => random.random_range(0..n),
            Some(ends) => {
                let u: f64 = random.random();
                let at = ends.partition_point(|&end| end <= u);
                // The last total may fall short of 1: the last point with weight is meant.
                if at < n { at } else { ends.partition_point(|&end| end < ends[n - 1]) }
            }
        }
    }

    /// Point `at`, centred and scaled.
    pub(crate) fn point(&self, at: usize) -> ArrayView1<'_, f32> {
        self.points.row(at)
    }
}
