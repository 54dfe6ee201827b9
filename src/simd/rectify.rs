//! What stands between the matrix products of a network, for activations of two slopes, and the step of an optimiser.

use std::ops::{AddAssign, Mul};

use super::kernel::{Kernel, run};

/// What the loops here do with numbers, `f32` or `f64`.
pub(crate) trait Number: Copy + Default + PartialOrd + Mul<Output = Self> + AddAssign {}
impl<T: Copy + Default + PartialOrd + Mul<Output = T> + AddAssign> Number for T {}

/// Writes u where u > 0, else `slope` · u.
pub(crate) fn rectify<T: Number>(slope: T, u: &[T], out: &mut [T]) {
    run(Rectify { slope, u, out });
}

struct Rectify<'a, T> {
    slope: T,
    u: &'a [T],
    out: &'a mut [T],
}

impl<T: Number> Kernel for Rectify<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let slope = self.slope;
        for (out, &u) in self.out.iter_mut().zip(self.u) {
            let below = slope * u;
            *out = if u > T::default() { u } else { below };
        }
    }
}

/// Multiplies each value by `slope` where u is not above 0.
pub(crate) fn rectify_slopes<T: Number>(slope: T, u: &[T], values: &mut [T]) {
    run(Slopes { slope, u, values });
}

struct Slopes<'a, T> {
    slope: T,
    u: &'a [T],
    values: &'a mut [T],
}

impl<T: Number> Kernel for Slopes<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let slope = self.slope;
        for (value, &u) in self.values.iter_mut().zip(self.u) {
            let below = slope * *value;
            *value = if u > T::default() { *value } else { below };
        }
    }
}

/// Adds the rows of a matrix, `sums.len()` long each, to `sums`.
pub(crate) fn add_rows<T: Number>(rows: &[T], sums: &mut [T]) {
    run(Rows { rows, sums });
}

struct Rows<'a, T> {
    rows: &'a [T],
    sums: &'a mut [T],
}

impl<T: Number> Kernel for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        /// Columns whose sums stay in registers.
        const LANES: usize = 16;
        let width = self.sums.len();
        let (blocks, rest) = self.sums.as_chunks_mut::<LANES>();
        let whole = blocks.len() * LANES;
        for (block, sums) in blocks.iter_mut().enumerate() {
            let mut totals = *sums;
            for row in self.rows.chunks_exact(width) {
                let row = &row[block * LANES..][..LANES];
                for l in 0..LANES {
                    totals[l] += row[l];
                }
            }
            *sums = totals;
        }
        for row in self.rows.chunks_exact(width.max(1)) {
            rest.iter_mut().zip(&row[whole..]).for_each(|(sum, &value)| *sum += value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_definition() {
        let u: Vec<f64> = (0..37).map(|k| f64::from(k * 37 % 23) - 11.0).collect();
        let (mut out, mut values) = (vec![0.0; 37], vec![3.0; 37]);
        rectify(0.25, &u, &mut out);
        rectify_slopes(0.25, &u, &mut values);
        for ((u, out), value) in u.iter().zip(out).zip(values) {
            assert_eq!((out, value), if *u > 0.0 { (*u, 3.0) } else { (0.25 * u, 0.75) });
        }
    }

    #[test]
    fn rows_are_added() {
        for width in [1, 5, 16, 40] {
            let rows: Vec<f32> = (0..3 * width).map(|k| k as f32).collect();
            let mut sums = vec![1.0; width];
            add_rows(&rows, &mut sums);
            for (k, sum) in sums.iter().enumerate() {
                assert_eq!(*sum, (1 + 3 * k + 3 * width) as f32);
            }
        }
    }
}
