//! One row of distances from a point to many.

use super::{dispatch, multiply_add};

/// Columns that are worked on together: their partial results stay in registers or the first-level cache.
const BLOCK: usize = 64;

dispatch! {
    /// Writes the distances from `x` to the points `first..first + out.len()` of `columns`, which holds m points coordinate
    /// by coordinate: the squared norm for p = 2, else the p-norm itself.
    fn norm_row(x: &[f64], columns: &[f64], first: usize, p: f64, out: &mut [f64]) = norm_row_lanes
}

#[inline(always)]
fn norm_row_lanes<const FUSED: bool>(x: &[f64], columns: &[f64], first: usize, p: f64, out: &mut [f64]) {
    let m = columns.len() / x.len();
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let start = first + block * BLOCK;
        let coordinate = |k: usize| &columns[k * m + start..][..out_len(m, start)];
        if p == 2.0 {
            accumulate(x, coordinate, out, |total, gap| multiply_add::<FUSED>(gap, gap, total));
        } else if p == 1.0 {
            accumulate(x, coordinate, out, |total, gap| total + gap.abs());
        } else {
            accumulate(x, coordinate, out, |total, gap| if gap.abs() > total { gap.abs() } else { total });
            if p != f64::INFINITY {
                scaled_norm(x, coordinate, p, out);
            }
        }
    }
}

dispatch! {
    /// The squared distance of two points, with the bits that [`norm_row`] and [`square_rows`] give it.
    fn square(x: &[f64], y: &[f64]) -> f64 = square_in_order
}

dispatch! {
    /// The same with partial sums: several times as fast, and with bits of its own.
    fn quick_square(x: &[f64], y: &[f64]) -> f64 = square_by_lanes
}

#[inline(always)]
fn square_by_lanes<const FUSED: bool>(x: &[f64], y: &[f64]) -> f64 {
    const LANES: usize = 8;
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let mut totals = [0.0; LANES];
    for (x, y) in x.iter().zip(y) {
        for l in 0..LANES {
            totals[l] = multiply_add::<FUSED>(x[l] - y[l], x[l] - y[l], totals[l]);
        }
    }
    let [a, b, c, d, e, f, g, h] = totals;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + square_in_order::<FUSED>(x_rest, y_rest)
}

#[inline(always)]
fn square_in_order<const FUSED: bool>(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).fold(0.0, |total, (x, y)| multiply_add::<FUSED>(x - y, x - y, total))
}

/// Rows that [`square_rows`] works on together, so that each column is loaded once for all of them.
pub(crate) const ROWS: usize = 4;

dispatch! {
    /// Writes the squared distances from each of `ROWS` points, `x` row by row, to the points
    /// `first..first + out.len() / ROWS` of `columns`, which holds m points coordinate by coordinate.
    fn square_rows(x: &[f64], columns: &[f64], first: usize, out: &mut [f64]) = square_rows_lanes
}

#[inline(always)]
fn square_rows_lanes<const FUSED: bool>(x: &[f64], columns: &[f64], first: usize, out: &mut [f64]) {
    let (dim, width) = (x.len() / ROWS, out.len() / ROWS);
    let mut start = 0;
    while start + 16 <= width {
        square_lanes::<FUSED, 16>(x, columns, first, start, out);
        start += 16;
    }
    if start + 8 <= width {
        square_lanes::<FUSED, 8>(x, columns, first, start, out);
        start += 8;
    }
    if start < width {
        for r in 0..ROWS {
            let rest = &mut out[r * width + start..(r + 1) * width];
            norm_row_lanes::<FUSED>(&x[r * dim..(r + 1) * dim], columns, first + start, 2.0, rest);
        }
    }
}

/// Some columns of [`square_rows`] from `start` on.
#[inline(always)]
fn square_lanes<const FUSED: bool, const LANES: usize>(
    x: &[f64],
    columns: &[f64],
    first: usize,
    start: usize,
    out: &mut [f64],
) {
    let (dim, width) = (x.len() / ROWS, out.len() / ROWS);
    let m = columns.len() / dim;
    let mut totals = [[0.0; LANES]; ROWS];
    for k in 0..dim {
        let y: &[f64; LANES] = columns[k * m + first + start..][..LANES].try_into().expect("LANES entries");
        for (r, totals) in totals.iter_mut().enumerate() {
            let x = x[r * dim + k];
            for l in 0..LANES {
                let gap = x - y[l];
                totals[l] = multiply_add::<FUSED>(gap, gap, totals[l]);
            }
        }
    }
    for (r, totals) in totals.iter().enumerate() {
        out[r * width + start..][..LANES].copy_from_slice(totals);
    }
}

#[inline(always)]
fn out_len(m: usize, start: usize) -> usize {
    (m - start).min(BLOCK)
}

/// Folds the coordinate gaps of each column into `out`, from 0.
#[inline(always)]
fn accumulate<'c>(x: &[f64], coordinate: impl Fn(usize) -> &'c [f64], out: &mut [f64], step: impl Fn(f64, f64) -> f64) {
    out.fill(0.0);
    for (k, &x) in x.iter().enumerate() {
        for (total, &y) in out.iter_mut().zip(coordinate(k)) {
            *total = step(*total, x - y);
        }
    }
}

/// largest · (Σ (|gap| / largest)^p)^(1/p), where `out` holds the largest gap of each column.
#[inline(always)]
fn scaled_norm<'c>(x: &[f64], coordinate: impl Fn(usize) -> &'c [f64], p: f64, out: &mut [f64]) {
    for (j, out) in out.iter_mut().enumerate() {
        let largest = *out;
        if largest > 0.0 {
            let total: f64 = x.iter().enumerate().map(|(k, x)| ((x - coordinate(k)[j]).abs() / largest).powf(p)).sum();
            *out = largest * total.powf(1.0 / p);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_together_agree_with_rows_alone() {
        let (dim, m) = (19, 66);
        let wave = |k: usize| ((k * 37 % 101) as f64 * 0.61).sin() * 10.0;
        let x: Vec<f64> = (0..ROWS * dim).map(wave).collect();
        let columns: Vec<f64> = (7..7 + dim * m).map(wave).collect();
        for width in [3, 8, 16, 48, 53, 56, 61] {
            let mut together = vec![0.0; ROWS * width];
            square_rows(&x, &columns, 5, &mut together);
            for (x, together) in x.chunks_exact(dim).zip(together.chunks_exact(width)) {
                let mut alone = vec![0.0; width];
                norm_row(x, &columns, 5, 2.0, &mut alone);
                assert_eq!(together, alone);
                let columns: Vec<Vec<f64>> =
                    (5..5 + width).map(|j| (0..dim).map(|k| columns[k * m + j]).collect()).collect();
                let entries: Vec<f64> = columns.iter().map(|y| square(x, y)).collect();
                assert_eq!(together, entries);
                for (y, entry) in columns.iter().zip(entries) {
                    assert!((quick_square(x, y) - entry).abs() <= dim as f64 * f64::EPSILON * entry);
                }
            }
        }
    }

    #[test]
    fn the_wide_loops_agree_with_the_scalar_twin() {
        let (dim, m) = (5, 150);
        let wave = |k: usize| ((k * 37 % 101) as f64 * 0.61).sin() * 10.0;
        let x: Vec<f64> = (0..dim).map(wave).collect();
        let columns: Vec<f64> = (7..7 + dim * m).map(wave).collect();
        for p in [1.0, 2.0, 2.5, f64::INFINITY] {
            let (mut wide, mut scalar) = (vec![0.0; 131], vec![0.0; 131]);
            norm_row(&x, &columns, 13, p, &mut wide);
            norm_row_lanes::<false>(&x, &columns, 13, p, &mut scalar);
            for (w, s) in wide.iter().zip(&scalar) {
                // Fused and plain sums of five positive terms differ by at most one ulp a term.
                assert!((w - s).abs() <= 5.0 * f64::EPSILON * s, "p = {p}: {w} and {s}");
            }
        }
    }
}
