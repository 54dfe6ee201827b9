//! The windows of a convolution: as rows of a matrix, so that the rest is a product.

use crate::critic::net::Scalar;

/// Where the windows of a convolution lie in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Windows {
    /// Height, width and channels of the image.
    pub(super) image: [usize; 3],
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) padding: [usize; 2],
    /// Rows and columns of windows.
    pub(super) count: [usize; 2],
}

impl Windows {
    /// None where the kernel does not fit, or an argument is 0.
    pub(super) fn new(image: [usize; 3], kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Option<Self> {
        let count = |k: usize| {
            let room = (image[k] + 2 * padding[k]).checked_sub(kernel[k])?;
            (kernel[k] > 0 && stride[k] > 0 && padding[k] < kernel[k]).then(|| room / stride[k] + 1)
        };
        Some(Self { image, kernel, stride, padding, count: [count(0)?, count(1)?] })
    }

    /// The values of one window.
    pub(super) fn width(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.image[2]
    }

    /// The windows of one image.
    pub(super) fn len(&self) -> usize {
        self.count[0] * self.count[1]
    }

    /// In how many windows a pixel lies at most.
    pub(super) fn overlap(&self) -> usize {
        (0..2).map(|k| self.kernel[k].div_ceil(self.stride[k]).min(self.count[k])).product()
    }

    fn pixels(&self) -> usize {
        self.image.iter().product()
    }

    /// Writes the windows of images, each as one row; pixels outside are 0.
    pub(super) fn cut<T: Scalar>(&self, images: &[T], windows: &mut [T]) {
        let rows = windows.chunks_exact_mut(self.kernel[1] * self.image[2]);
        self.each(images.len() / self.pixels(), rows, |row, place| match place {
            Some((at, before, len)) => {
                row[..before].fill(T::zero());
                row[before..before + len].copy_from_slice(&images[at..at + len]);
                row[before + len..].fill(T::zero());
            }
            None => row.fill(T::zero()),
        });
    }

    /// Adds each value of the windows to the pixel that it was cut from: the adjoint of [`Windows::cut`].
    pub(super) fn add_back<T: Scalar>(&self, windows: &[T], images: &mut [T]) {
        let count = images.len() / self.pixels();
        let rows = windows.chunks_exact(self.kernel[1] * self.image[2]);
        self.each(count, rows, |row, place| {
            if let Some((at, before, len)) = place {
                images[at..at + len].iter_mut().zip(&row[before..]).for_each(|(to, &v)| *to += v);
            }
        });
    }

    /// For each row of each window: where its first value in the image is, how many values before it are outside, and how many are inside.
    fn each<R>(
        &self,
        images: usize,
        rows: impl Iterator<Item = R>,
        mut visit: impl FnMut(R, Option<(usize, usize, usize)>),
    ) {
        let [height, width, channels] = self.image;
        let mut rows = rows;
        for image in 0..images {
            for top in 0..self.count[0] {
                for left in 0..self.count[1] {
                    let first = left * self.stride[1];
                    let before = self.padding[1].saturating_sub(first).min(self.kernel[1]);
                    let end = (width + self.padding[1]).saturating_sub(first).min(self.kernel[1]);
                    for k in 0..self.kernel[0] {
                        let row = rows.next().expect("as many rows as windows have");
                        let y = top * self.stride[0] + k;
                        let place = (y >= self.padding[0] && y < height + self.padding[0] && end > before).then(|| {
                            let x = first + before - self.padding[1];
                            let at = ((image * height + y - self.padding[0]) * width + x) * channels;
                            (at, before * channels, (end - before) * channels)
                        });
                        visit(row, place);
                    }
                }
            }
        }
    }
}
