//! How the sliced distance changes with the points.

use ndarray::Array2;

use crate::error::Result;
use crate::exact::line::sort::Scratch;
use crate::measure::Samples;
use crate::numeric::parallel;
use crate::numeric::sum::sum;
use crate::sliced::distance::Sliced;
use crate::sliced::method::Directions;
use crate::sliced::pair::Pair;

/// Directions whose gradients are added up before the next sum: fixed, so that bits do not depend on threads.
const CHUNK: usize = 16;
/// Chunks that are worked on at a time, as far as there are threads.
const TOGETHER: usize = 16;

/// SW_p^p over some directions, and its derivatives.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SlicedGradient {
    /// SW_p^p, for all the mass: the plain mean of the slices, without control variates, so that the gradient is exactly its own.
    pub cost: f64,
    /// ∂ SW_p^p / ∂ x, of shape (n, d).
    pub x: Array2<f64>,
    /// ∂ SW_p^p / ∂ y, of shape (m, d).
    pub y: Array2<f64>,
}

impl Sliced {
    /// SW_p^p and its gradient with respect to all points: the mean over directions θ of Σⱼ P_ij p |t|^(p−1) sign(t) θ,
    /// t = θ·(xᵢ − yⱼ), with P the optimal plan of the slice.
    ///
    /// The cost is differentiable wherever no two projections of one sample tie (and, for p = 1, no gap is 0; there 0 is taken). Steps against the
    /// gradient with a new seed each are the sliced gradient flow. O(L (n + m) (d + log(n + m))).
    ///
    /// # Errors
    /// As [`Sliced::solve`].
    ///
    /// ```
    /// use earthwork::prelude::*;
    /// use earthwork::sliced::Sliced;
    ///
    /// let (x, y) = (Samples::new([[0.0, 0.0]])?, Samples::new([[3.0, 4.0]])?);
    /// let gradient = Sliced::new(2.0).with_directions(64).gradient(&x, &y)?;
    /// // SW₂² of two points is |x − y|² / d.
    /// assert!((gradient.cost - 12.5).abs() < 1e-9);
    /// assert!((gradient.x[[0, 0]] + 3.0).abs() < 1e-9 && (gradient.y[[0, 1]] - 4.0).abs() < 1e-9);
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    #[expect(clippy::missing_panics_doc, reason = "the number of derivatives is that of the coordinates")]
    pub fn gradient(&self, x: &Samples, y: &Samples) -> Result<SlicedGradient> {
        self.check()?;
        let pair = Pair::new(x, y, self.p)?;
        let dim = pair.dim;
        let count = if dim == 1 { 1 } else { self.directions };
        let directions = Directions::new(&self.method.chosen(dim), dim, count, self.seed)?;
        let rows = directions.all();
        let sizes = (pair.x.len * dim, pair.y.len * dim);
        let mut costs = Vec::with_capacity(directions.len());
        let (mut of_x, mut of_y) = (vec![0.0; sizes.0], vec![0.0; sizes.1]);
        // Each chunk holds a gradient of its own, so only some of them are worked on at a time.
        for rows in rows.chunks(CHUNK * dim * TOGETHER) {
            let chunks: Vec<&[f64]> = rows.chunks(CHUNK * dim).collect();
            let found = parallel::map_with(chunks.len(), Scratch::default, |scratch, k| {
                let (mut of_x, mut of_y) = (vec![0.0; sizes.0], vec![0.0; sizes.1]);
                let mut costs = Vec::with_capacity(CHUNK);
                for direction in chunks[k].chunks_exact(dim) {
                    let pulls = pair.pulls(direction, scratch);
                    costs.push(pulls.cost);
                    for (out, pulls) in [(&mut of_x, &pulls.x), (&mut of_y, &pulls.y)] {
                        for (out, pull) in out.chunks_exact_mut(dim).zip(pulls) {
                            out.iter_mut().zip(direction).for_each(|(out, t)| *out += pull * t);
                        }
                    }
                }
                (costs, of_x, of_y)
            });
            for (more, some_x, some_y) in found {
                costs.extend(more);
                of_x.iter_mut().zip(&some_x).for_each(|(out, v)| *out += v);
                of_y.iter_mut().zip(&some_y).for_each(|(out, v)| *out += v);
            }
        }
        let mean = pair.mass / directions.len() as f64;
        let slope = mean * pair.unit.powf(self.p - 1.0);
        let shaped = |values: Vec<f64>, len: usize| {
            let values = values.into_iter().map(|v| v * slope).collect();
            Array2::from_shape_vec((len, dim), values).expect("one derivative for each coordinate")
        };
        Ok(SlicedGradient {
            cost: mean * sum(costs) * pair.unit.powf(self.p),
            x: shaped(of_x, pair.x.len),
            y: shaped(of_y, pair.y.len),
        })
    }
}
