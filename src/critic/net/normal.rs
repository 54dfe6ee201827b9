//! Values brought to mean 0 and variance 1, over a point, a channel of a point, or a channel of a batch.

use ndarray::{Array1, Array2, ArrayView1, Axis, Zip};

use crate::critic::net::Scalar;
use crate::critic::net::shape::{blocks, blocks_mut, transpose};

/// Added to the variance before it is divided by its root.
pub(super) const NORM_EPSILON: f64 = 1e-5;

/// What has mean 0 and variance 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// All values of a point.
    Point,
    /// Each channel of a point.
    Instance,
    /// Each channel of the batch.
    Batch,
}

/// Normalisation of images with a gain and a shift for each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Normal {
    pub(super) over: Over,
    pub(super) pixels: usize,
    pub(super) channels: usize,
    /// Where the parameters are.
    pub(super) gain: usize,
    pub(super) shift: usize,
    /// Where the running means are among the statistics of the network; the running variances follow. For batches alone.
    pub(super) running: usize,
}

impl Normal {
    /// The values that belong together as one row each.
    pub(super) fn grouped<T: Scalar>(&self, x: Array2<T>) -> Array2<T> {
        self.turned(x, false)
    }

    /// The way back from [`Normal::grouped`].
    pub(super) fn ungrouped<T: Scalar>(&self, x: Array2<T>) -> Array2<T> {
        self.turned(x, true)
    }

    fn turned<T: Scalar>(&self, x: Array2<T>, back: bool) -> Array2<T> {
        let width = self.pixels * self.channels;
        let n = x.len() / width;
        let (rows, groups) = match self.over {
            Over::Point => return x,
            Over::Instance => (self.pixels, n * self.channels),
            Over::Batch => (n * self.pixels, self.channels),
        };
        let mut y = Array2::zeros(if back { (n, width) } else { (groups, x.len() / groups) });
        let shape = if back { (self.channels, rows) } else { (rows, self.channels) };
        for (from, to) in blocks(&x, rows * self.channels).zip(blocks_mut(&mut y, rows * self.channels)) {
            transpose(from, to, shape);
        }
        y
    }

    /// Each value times that of its channel.
    pub(super) fn times<T: Scalar>(&self, mut x: Array2<T>, of_channels: &[T]) -> Array2<T> {
        for pixel in blocks_mut(&mut x, self.channels) {
            pixel.iter_mut().zip(of_channels).for_each(|(x, &f)| *x *= f);
        }
        x
    }

    /// Each value plus that of its channel.
    pub(super) fn plus<T: Scalar>(&self, mut x: Array2<T>, of_channels: &[T]) -> Array2<T> {
        for pixel in blocks_mut(&mut x, self.channels) {
            pixel.iter_mut().zip(of_channels).for_each(|(x, &f)| *x += f);
        }
        x
    }

    /// Adds the sums of the channels to `sums`.
    pub(super) fn add_sums<T: Scalar>(&self, x: &Array2<T>, sums: &mut [T]) {
        for pixel in blocks(x, self.channels) {
            sums[..self.channels].iter_mut().zip(pixel).for_each(|(sum, &v)| *sum += v);
        }
    }

    /// Mean 0 and variance 1 by the running moments, and the factor of each channel.
    pub(super) fn by_running<T: Scalar>(&self, x: Array2<T>, statistics: &[T]) -> (Array2<T>, Array1<T>) {
        let (mean, rest) = statistics[self.running..].split_at(self.channels);
        let less: Vec<T> = mean.iter().map(|&m| -m).collect();
        let factors: Vec<T> =
            rest[..self.channels].iter().map(|&v| T::one() / (v + T::of(NORM_EPSILON)).sqrt()).collect();
        (self.times(self.plus(x, &less), &factors), factors.into())
    }
}

/// Each row at mean 0 and variance 1 (but for ε), and the factor that did it.
pub(super) fn normalised<T: Scalar>(mut x: Array2<T>) -> (Array2<T>, Array1<T>) {
    let width = T::of(x.ncols() as f64);
    let mut scale = Array1::zeros(x.nrows());
    for (mut row, scale) in x.rows_mut().into_iter().zip(&mut scale) {
        let mean = row.sum() / width;
        row.mapv_inplace(|v| v - mean);
        let variance = row.iter().fold(T::zero(), |sum, &v| sum + v * v) / width;
        *scale = T::one() / (variance + T::of(NORM_EPSILON)).sqrt();
        let scale = *scale;
        row.mapv_inplace(|v| v * scale);
    }
    (x, scale)
}

/// S v for each row, with S = s (I − 1 1ᵀ/n − x̂ x̂ᵀ/n) the derivative of x̂, which is symmetric; s = 1/σ.
pub(super) fn symmetric<T: Scalar>(normal: &Array2<T>, scale: &Array1<T>, mut v: Array2<T>) -> Array2<T> {
    let width = T::of(normal.ncols() as f64);
    for ((mut v, x), &s) in v.rows_mut().into_iter().zip(normal.rows()).zip(scale) {
        let mean = v.sum() / width;
        let along = dot(v.view(), x) / width;
        Zip::from(&mut v).and(x).for_each(|v, &x| *v = s * (*v - mean - along * x));
    }
    v
}

/// ∂/∂x of q = tᵀ S v for each row. With P the projection on mean 0, a = x̂·t and b = x̂·v,
///
/// ```text
/// q = s (Pt·v − a b / n),   ∂s = −s² x̂ / n,   ∂a = s (Pt − a x̂ / n)
/// ```
pub(super) fn symmetric_bend<T: Scalar>(
    normal: &Array2<T>,
    scale: &Array1<T>,
    t: &Array2<T>,
    v: &Array2<T>,
) -> Array2<T> {
    let width = T::of(normal.ncols() as f64);
    let mut out = Array2::zeros(normal.dim());
    for (k, mut out) in out.axis_iter_mut(Axis(0)).enumerate() {
        let (x, t, v, s) = (normal.row(k), t.row(k), v.row(k), scale[k]);
        let (mean_t, mean_v) = (t.sum() / width, v.sum() / width);
        let (a, b) = (dot(x, t), dot(x, v));
        let q = s * (dot(t, v) - width * mean_t * mean_v - a * b / width);
        for (i, out) in out.iter_mut().enumerate() {
            let toward_t = t[i] - mean_t - a * x[i] / width;
            let toward_v = v[i] - mean_v - b * x[i] / width;
            *out = -(s / width) * (x[i] * q + s * (b * toward_t + a * toward_v));
        }
    }
    out
}

fn dot<T: Scalar>(a: ArrayView1<'_, T>, b: ArrayView1<'_, T>) -> T {
    a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + a * b)
}
