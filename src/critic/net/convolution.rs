//! Convolutions and their adjoints, as products of matrices and windows.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::critic::net::Scalar;
use crate::critic::net::buffers::{Buffers, Numbers};
use crate::critic::net::shape::{blocks, blocks_mut};
use crate::critic::net::windows::Windows;
use crate::simd::add_rows;

/// A convolution, or its adjoint.
///
/// With C the matrix whose rows are the windows of an image, a convolution is Y = C Wᵀ + b, with W of shape (channels out, values of a
/// window). The adjoint adds the rows of X W to the windows of a larger image, with W of shape (channels in, values of a window).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Convolution {
    /// Of the image that comes in; of an adjoint, of the one that comes out.
    pub(super) windows: Windows,
    pub(super) transposed: bool,
    /// Channels at the other end of the windows.
    pub(super) channels: usize,
    pub(super) weights: usize,
    pub(super) bias: usize,
}

impl Convolution {
    /// The shape of the matrix.
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.channels, self.windows.width())
    }

    /// How many numbers the bias has.
    pub(super) fn biases(&self) -> usize {
        if self.transposed { self.windows.image[2] } else { self.channels }
    }

    fn matrix<'p, T>(&self, parameters: &'p [T]) -> ArrayView2<'p, T> {
        let (rows, columns) = self.shape();
        ArrayView2::from_shape((rows, columns), &parameters[self.weights..self.weights + rows * columns])
            .expect("a layer knows its parameters")
    }

    fn matrix_mut<'p, T>(&self, parameters: &'p mut [T]) -> ArrayViewMut2<'p, T> {
        let (rows, columns) = self.shape();
        ArrayViewMut2::from_shape((rows, columns), &mut parameters[self.weights..self.weights + rows * columns])
            .expect("a layer knows its parameters")
    }

    /// The windows of images, one row each.
    fn cut<T: Scalar>(&self, images: &Array2<T>, buffers: &Buffers<T>) -> Array2<T> {
        let mut cut = buffers.any((images.nrows() * self.windows.len(), self.windows.width()));
        self.windows.cut(flat(images), cut.as_slice_mut().expect("a new array is stored row by row"));
        cut
    }

    /// Adds windows to images.
    fn add_back<T: Scalar>(&self, windows: Array2<T>, images: &mut Array2<T>, buffers: &Buffers<T>) {
        self.windows.add_back(flat(&windows), images.as_slice_mut().expect("a new array is stored row by row"));
        buffers.give(windows);
    }

    fn size(&self) -> usize {
        self.windows.image.iter().product()
    }

    /// The values, and what the other passes need: the windows that came in, or (of an adjoint) what came in, pixel by pixel.
    pub(super) fn forward<T: Scalar>(&self, numbers: Numbers<'_, T>, x: Array2<T>) -> (Array2<T>, Array2<T>) {
        let (n, buffers) = (x.nrows(), numbers.buffers);
        let bias = &numbers.parameters[self.bias..self.bias + self.biases()];
        let start = |shape| {
            let mut y = buffers.any(shape);
            blocks_mut(&mut y, bias.len()).for_each(|pixel| pixel.copy_from_slice(bias));
            y
        };
        let weights = self.matrix(numbers.parameters);
        if self.transposed {
            let x = shaped(x, (n * self.windows.len(), self.channels));
            let mut windows = buffers.zeros((x.nrows(), self.windows.width()));
            T::add_product(x.view(), weights, windows.view_mut());
            let mut y = start((n, self.size()));
            self.add_back(windows, &mut y, buffers);
            return (y, x);
        }
        let windows = self.cut(&x, buffers);
        buffers.give(x);
        let mut y = start((windows.nrows(), self.channels));
        T::add_product(windows.view(), weights.reversed_axes(), y.view_mut());
        (shaped(y, (n, self.windows.len() * self.channels)), windows)
    }

    /// ∂L/∂x of q = ∂L/∂y; adds to the gradient of the parameters, if one is wanted.
    pub(super) fn backward<T: Scalar>(
        &self,
        numbers: Numbers<'_, T>,
        kept: &Array2<T>,
        q: &Array2<T>,
        sink: Option<&mut [T]>,
    ) -> Array2<T> {
        let (n, buffers) = (q.nrows(), numbers.buffers);
        let weights = self.matrix(numbers.parameters);
        if self.transposed {
            let windows = self.cut(q, buffers);
            if let Some(sink) = sink {
                T::add_product(kept.t(), windows.view(), self.matrix_mut(sink));
                add_rows(flat(q), &mut sink[self.bias..self.bias + self.biases()]);
            }
            let mut back = buffers.zeros((windows.nrows(), self.channels));
            T::add_product(windows.view(), weights.reversed_axes(), back.view_mut());
            buffers.give(windows);
            return shaped(back, (n, self.windows.len() * self.channels));
        }
        let pixels = by_pixels(q, self.channels);
        if let Some(sink) = sink {
            T::add_product(pixels.t(), kept.view(), self.matrix_mut(sink));
            add_rows(flat(q), &mut sink[self.bias..self.bias + self.biases()]);
        }
        let mut windows = buffers.zeros((pixels.nrows(), self.windows.width()));
        T::add_product(pixels, weights, windows.view_mut());
        let mut back = buffers.zeros((n, self.size()));
        self.add_back(windows, &mut back, buffers);
        back
    }

    /// J t; adds the derivative of ⟨t, Jᵀ q⟩ by the parameters to `sink`.
    pub(super) fn tangent<T: Scalar>(
        &self,
        numbers: Numbers<'_, T>,
        q: &Array2<T>,
        t: Array2<T>,
        sink: &mut [T],
    ) -> Array2<T> {
        let (n, buffers) = (q.nrows(), numbers.buffers);
        let weights = self.matrix(numbers.parameters);
        if self.transposed {
            let t = shaped(t, (n * self.windows.len(), self.channels));
            let windows = self.cut(q, buffers);
            T::add_product(t.t(), windows.view(), self.matrix_mut(sink));
            let mut up = windows;
            up.fill(T::zero());
            T::add_product(t.view(), weights, up.view_mut());
            let mut images = buffers.zeros((n, self.size()));
            self.add_back(up, &mut images, buffers);
            buffers.give(t);
            return images;
        }
        let windows = self.cut(&t, buffers);
        buffers.give(t);
        T::add_product(by_pixels(q, self.channels).t(), windows.view(), self.matrix_mut(sink));
        let mut up = buffers.zeros((windows.nrows(), self.channels));
        T::add_product(windows.view(), weights.reversed_axes(), up.view_mut());
        buffers.give(windows);
        shaped(up, (n, self.windows.len() * self.channels))
    }
}

fn flat<T>(x: &Array2<T>) -> &[T] {
    x.as_slice().expect("the arrays of the layers are stored row by row")
}

fn shaped<T>(x: Array2<T>, shape: (usize, usize)) -> Array2<T> {
    x.into_shape_with_order(shape).expect("as many values as before")
}

fn by_pixels<T>(x: &Array2<T>, channels: usize) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((x.len() / channels, channels), flat(x)).expect("as many values as before")
}

/// The class as further channels: of a point with its class behind, one-hot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Embedding {
    pub(super) pixels: usize,
    pub(super) channels: usize,
    /// Channels that are added.
    pub(super) added: usize,
    pub(super) classes: usize,
    /// Of shape (classes, pixels · added).
    pub(super) weights: usize,
}

impl Embedding {
    /// The shape of the matrix.
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.classes, self.pixels * self.added)
    }

    fn matrix<'p, T>(&self, parameters: &'p [T]) -> ArrayView2<'p, T> {
        let shape = self.shape();
        ArrayView2::from_shape(shape, &parameters[self.weights..self.weights + shape.0 * shape.1])
            .expect("a layer knows its parameters")
    }

    /// The map without an offset: both the values and J t.
    pub(super) fn forward<T: Scalar>(&self, numbers: Numbers<'_, T>, x: &Array2<T>) -> Array2<T> {
        let mut planes = Array2::zeros((x.nrows(), self.pixels * self.added));
        T::add_product(self.labels(x).view(), self.matrix(numbers.parameters), planes.view_mut());
        let wide = self.channels + self.added;
        let mut y = numbers.buffers.any((x.nrows(), self.pixels * wide));
        for ((x, planes), y) in blocks(x, x.ncols())
            .zip(blocks(&planes, self.pixels * self.added))
            .zip(blocks_mut(&mut y, self.pixels * wide))
        {
            for (k, y) in y.chunks_exact_mut(wide).enumerate() {
                y[..self.channels].copy_from_slice(&x[k * self.channels..][..self.channels]);
                y[self.channels..].copy_from_slice(&planes[k * self.added..][..self.added]);
            }
        }
        y
    }

    /// Jᵀ q.
    pub(super) fn adjoint<T: Scalar>(&self, numbers: Numbers<'_, T>, q: &Array2<T>) -> Array2<T> {
        let mut labels = Array2::zeros((q.nrows(), self.classes));
        T::add_product(self.planes(q).view(), self.matrix(numbers.parameters).reversed_axes(), labels.view_mut());
        let (wide, points) = (self.channels + self.added, self.pixels * self.channels);
        let mut back = numbers.buffers.any((q.nrows(), points + self.classes));
        for ((q, labels), back) in
            blocks(q, q.ncols()).zip(blocks(&labels, self.classes)).zip(blocks_mut(&mut back, points + self.classes))
        {
            for (q, to) in q.chunks_exact(wide).zip(back.chunks_exact_mut(self.channels)) {
                to.copy_from_slice(&q[..self.channels]);
            }
            back[points..].copy_from_slice(labels);
        }
        back
    }

    /// Adds the derivative of ⟨x, Jᵀ q⟩ by the matrix to `sink`.
    pub(super) fn add_gradient<T: Scalar>(&self, x: &Array2<T>, q: &Array2<T>, sink: &mut [T]) {
        let shape = self.shape();
        let to = ArrayViewMut2::from_shape(shape, &mut sink[self.weights..self.weights + shape.0 * shape.1])
            .expect("a layer knows its parameters");
        T::add_product(self.labels(x).t(), self.planes(q).view(), to);
    }

    fn labels<T: Scalar>(&self, x: &Array2<T>) -> Array2<T> {
        let points = self.pixels * self.channels;
        Array2::from_shape_fn((x.nrows(), self.classes), |(i, k)| x[[i, points + k]])
    }

    fn planes<T: Scalar>(&self, q: &Array2<T>) -> Array2<T> {
        let wide = self.channels + self.added;
        Array2::from_shape_fn((q.nrows(), self.pixels * self.added), |(i, k)| {
            q[[i, k / self.added * wide + self.channels + k % self.added]]
        })
    }
}
