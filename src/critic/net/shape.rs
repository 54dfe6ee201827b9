//! Layers without parameters: what only moves values, and softmax.

use ndarray::Array2;

use crate::critic::net::Scalar;
use crate::critic::net::buffers::Buffers;

/// A linear map of the values of a point that has no parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// From rows × columns to columns × rows.
    Transpose { rows: usize, columns: usize },
    /// Means over rectangles of pixels.
    Pool { image: [usize; 3], sides: [usize; 2] },
    /// Each pixel as a rectangle of them.
    Upsample { image: [usize; 3], sides: [usize; 2] },
}

impl Shape {
    fn outputs(self) -> usize {
        match self {
            Self::Transpose { rows, columns } => rows * columns,
            Self::Pool { image: [h, w, c], sides: [a, b] } => h / a * (w / b) * c,
            Self::Upsample { image: [h, w, c], sides: [a, b] } => h * a * w * b * c,
        }
    }

    /// Its norm, which is that of the adjoint too.
    pub(super) fn norm(self) -> f64 {
        match self {
            Self::Transpose { .. } => 1.0,
            Self::Pool { sides: [a, b], .. } => 1.0 / ((a * b) as f64).sqrt(),
            Self::Upsample { sides: [a, b], .. } => ((a * b) as f64).sqrt(),
        }
    }

    pub(super) fn forward<T: Scalar>(self, x: Array2<T>, buffers: &Buffers<T>) -> Array2<T> {
        let y = match self {
            Self::Transpose { rows, columns } => transposed(&x, (rows, columns), buffers),
            Self::Pool { image, sides } => gathered(&x, image, sides, self.outputs(), mean(sides), buffers),
            Self::Upsample { image: [h, w, c], sides: [a, b] } => {
                spread(&x, [h * a, w * b, c], [a, b], T::one(), buffers)
            }
        };
        buffers.give(x);
        y
    }

    pub(super) fn adjoint<T: Scalar>(self, q: &Array2<T>, buffers: &Buffers<T>) -> Array2<T> {
        match self {
            Self::Transpose { rows, columns } => transposed(q, (columns, rows), buffers),
            Self::Pool { image, sides } => spread(q, image, sides, mean(sides), buffers),
            Self::Upsample { image: [h, w, c], sides: [a, b] } => {
                gathered(q, [h * a, w * b, c], [a, b], h * w * c, T::one(), buffers)
            }
        }
    }
}

fn mean<T: Scalar>(sides: [usize; 2]) -> T {
    T::of(1.0 / (sides[0] * sides[1]) as f64)
}

/// Each row, of rows × columns values, transposed.
pub(super) fn transposed<T: Scalar>(x: &Array2<T>, (rows, columns): (usize, usize), buffers: &Buffers<T>) -> Array2<T> {
    let mut y = buffers.any(x.dim());
    for (from, to) in blocks(x, rows * columns).zip(blocks_mut(&mut y, rows * columns)) {
        transpose(from, to, (rows, columns));
    }
    y
}

/// Writes the transpose of `from`, stored row by row.
pub(super) fn transpose<T: Copy>(from: &[T], to: &mut [T], (rows, columns): (usize, usize)) {
    for (i, row) in from.chunks_exact(columns).enumerate() {
        to[i..].iter_mut().step_by(rows).zip(row).for_each(|(to, &v)| *to = v);
    }
}

/// The sums over rectangles of `image`, times `factor`.
fn gathered<T: Scalar>(
    x: &Array2<T>,
    image: [usize; 3],
    sides: [usize; 2],
    outputs: usize,
    factor: T,
    buffers: &Buffers<T>,
) -> Array2<T> {
    let mut y = buffers.zeros((x.nrows(), outputs));
    for (from, to) in blocks(x, image.iter().product()).zip(blocks_mut(&mut y, outputs)) {
        pixels(image, sides, |large, small| {
            for c in 0..image[2] {
                to[small + c] += factor * from[large + c];
            }
        });
    }
    y
}

/// Each pixel times `factor` all over its rectangle of `image`; 0 where there is no whole one.
fn spread<T: Scalar>(
    x: &Array2<T>,
    image: [usize; 3],
    sides: [usize; 2],
    factor: T,
    buffers: &Buffers<T>,
) -> Array2<T> {
    let outputs = image.iter().product();
    let mut y = buffers.zeros((x.nrows(), outputs));
    for (from, to) in blocks(x, x.ncols()).zip(blocks_mut(&mut y, outputs)) {
        pixels(image, sides, |large, small| {
            for c in 0..image[2] {
                to[large + c] = factor * from[small + c];
            }
        });
    }
    y
}

/// Each pixel of a large image with that of the small one in whose rectangle it lies.
fn pixels([height, width, channels]: [usize; 3], sides: [usize; 2], mut visit: impl FnMut(usize, usize)) {
    let (rows, columns) = (height / sides[0], width / sides[1]);
    for y in 0..rows * sides[0] {
        for x in 0..columns * sides[1] {
            visit((y * width + x) * channels, (y / sides[0] * columns + x / sides[1]) * channels);
        }
    }
}

/// The values of an array of the layers' own in pieces.
pub(super) fn blocks<T>(x: &Array2<T>, len: usize) -> std::slice::ChunksExact<'_, T> {
    x.as_slice().expect("the arrays of the layers are stored row by row").chunks_exact(len)
}

/// The same, to be changed.
pub(super) fn blocks_mut<T>(x: &mut Array2<T>, len: usize) -> std::slice::ChunksExactMut<'_, T> {
    x.as_slice_mut().expect("the arrays of the layers are stored row by row").chunks_exact_mut(len)
}

/// Each group of `len` values as probabilities.
pub(super) fn softmax<T: Scalar>(mut x: Array2<T>, len: usize, temperature: f64) -> Array2<T> {
    let inverse = T::of(1.0 / temperature);
    for group in blocks_mut(&mut x, len) {
        let largest = group[1..].iter().fold(group[0], |m, &v| m.larger(v));
        let mut total = T::zero();
        for v in &mut *group {
            *v = ((*v - largest) * inverse).exp();
            total += *v;
        }
        group.iter_mut().for_each(|v| *v /= total);
    }
    x
}

/// J v of softmax with the values y: J = (diag y − y yᵀ) / τ, which is symmetric.
pub(super) fn softmax_slope<T: Scalar>(y: &Array2<T>, mut v: Array2<T>, len: usize, temperature: f64) -> Array2<T> {
    let inverse = T::of(1.0 / temperature);
    for (y, v) in blocks(y, len).zip(blocks_mut(&mut v, len)) {
        let along = product(y, v);
        y.iter().zip(v).for_each(|(&y, v)| *v = inverse * y * (*v - along));
    }
    v
}

/// ∂/∂x of tᵀ J q = (Σ y t q − (y·t) (y·q)) / τ: J (t q − t (y·q) − q (y·t)) / τ.
pub(super) fn softmax_bend<T: Scalar>(
    y: &Array2<T>,
    t: &Array2<T>,
    q: &Array2<T>,
    len: usize,
    temperature: f64,
) -> Array2<T> {
    let inverse = T::of(1.0 / temperature);
    let mut out = t.clone();
    for (((y, t), q), out) in blocks(y, len).zip(blocks(t, len)).zip(blocks(q, len)).zip(blocks_mut(&mut out, len)) {
        let (on_t, on_q) = (product(y, t), product(y, q));
        for ((out, &t), &q) in out.iter_mut().zip(t).zip(q) {
            *out = inverse * (t * q - t * on_q - q * on_t);
        }
    }
    softmax_slope(y, out, len, temperature)
}

fn product<T: Scalar>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + a * b)
}
