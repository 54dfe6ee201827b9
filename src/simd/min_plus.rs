//! The matrix product in which + is the minimum and · is the sum.

use super::{Kernel, run};

/// Rows of the result that are made together, so that each packed row is loaded once for all of them.
const ROWS: usize = 4;
/// Columns of the result that are made together.
const LANES: usize = 8;

/// out[r][c] = min_k (left[r][k] + right[k][c]) for matrices in row-major order, k running over `inner` terms.
/// No entry may be NaN or −∞.
pub(crate) fn min_plus(left: &[f64], right: &[f64], inner: usize, out: &mut [f64]) {
    run(MinPlus { left, right, inner, out });
}

struct MinPlus<'a> {
    left: &'a [f64],
    right: &'a [f64],
    inner: usize,
    out: &'a mut [f64],
}

impl Kernel for MinPlus<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { left, right, inner, out } = self;
        let width = right.len() / inner;
        let mut strip = vec![[f64::INFINITY; LANES]; inner];
        for first in (0..width).step_by(LANES) {
            let columns = first..(first + LANES).min(width);
            for (k, packed) in strip.iter_mut().enumerate() {
                packed[..columns.len()].copy_from_slice(&right[k * width..][columns.clone()]);
            }
            let blocks = out.chunks_mut(ROWS * width).zip(left.chunks(ROWS * inner));
            for (out, left) in blocks {
                if left.len() == ROWS * inner {
                    let least = rows::<ROWS>(left, &strip);
                    for (row, least) in out.chunks_exact_mut(width).zip(&least) {
                        row[columns.clone()].copy_from_slice(&least[..columns.len()]);
                    }
                    continue;
                }
                for (row, left) in out.chunks_exact_mut(width).zip(left.chunks_exact(inner)) {
                    let [least] = rows::<1>(left, &strip);
                    row[columns.clone()].copy_from_slice(&least[..columns.len()]);
                }
            }
        }
    }
}

/// A few rows of the result over one strip of columns.
#[inline(always)]
fn rows<const R: usize>(left: &[f64], strip: &[[f64; LANES]]) -> [[f64; LANES]; R] {
    let inner = strip.len();
    let mut least = [[f64::INFINITY; LANES]; R];
    for (k, right) in strip.iter().enumerate() {
        for (r, least) in least.iter_mut().enumerate() {
            let left = left[r * inner + k];
            for l in 0..LANES {
                let sum = left + right[l];
                least[l] = if sum < least[l] { sum } else { least[l] };
            }
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_any_shape_agree_with_plain_loops() {
        let wave = |k: usize| ((k * 73 % 127) as f64 * 0.37).sin();
        for (height, inner, width) in [(1, 1, 1), (4, 3, 8), (5, 7, 9), (11, 2, 3), (3, 20, 17)] {
            let left: Vec<f64> = (0..height * inner).map(wave).collect();
            let mut right: Vec<f64> = (5..5 + inner * width).map(wave).collect();
            right[0] = f64::INFINITY;
            let mut out = vec![0.0; height * width];
            min_plus(&left, &right, inner, &mut out);
            for (at, &found) in out.iter().enumerate() {
                let (r, c) = (at / width, at % width);
                let terms = (0..inner).map(|k| left[r * inner + k] + right[k * width + c]);
                assert_eq!(found, terms.fold(f64::INFINITY, f64::min), "{height} {inner} {width}");
            }
        }
    }
}
