//! Matrix products in single precision: what the training of a network spends its time on.
//!
//! A tile of the result stays in registers while it runs along the common dimension. The right factor is copied into panels as wide
//! as a tile; the left one is read where it is. Each entry is one chain of fused multiply-adds, forever the samey tile. Written with
//! the processor's own instructions: whether a compiler keeps a tile of plain arrays in registers changes from one form of the loop
//! to another by a factor of 50.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
};

use super::kernel::{Kernel, run};

/// A matrix in a slice: entry (i, j) is `values[i · stride + j]`, or `values[j · stride + i]` where it is the transpose that is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factor<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) transposed: bool,
}

impl Factor<'_> {
    fn transpose(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }
}

/// Adds the product of `a`, m × k, and `b`, k × n, to `c`, which is stored row by row. False, and nothing done, where the processor
/// has none of the instructions.
#[cfg(target_arch = "x86_64")]
pub(crate) fn add_product(shape: (usize, usize, usize), a: Factor<'_>, b: Factor<'_>, c: &mut [f32]) -> bool {
    match super::level() {
        super::Level::Avx512 => add::<Wide>(shape, a, b, c),
        super::Level::Avx2 => add::<Medium>(shape, a, b, c),
        super::Level::Baseline => return false,
    }
    true
}

/// As above: these loops are not written for this processor.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn add_product(_: (usize, usize, usize), _: Factor<'_>, _: Factor<'_>, _: &mut [f32]) -> bool {
    false
}

/// A loop over a tile of the result.
trait Tile {
    /// Columns of a tile and of a panel.
    const COLUMNS: usize;

    /// Adds a product to the R × `COLUMNS` tile at the beginning of `c`, whose rows are `stride` apart: `a` has entry (r, k) at
    /// r · `steps.0` + k · `steps.1`, `panel` has `COLUMNS` entries for each k.
    fn add<const R: usize>(a: &[f32], steps: (usize, usize), panel: &[f32], c: &mut [f32], stride: usize);
}

/// How deep a panel is: with 32 columns it fills two thirds of a first-level cache.
const DEPTH: usize = 256;
/// Columns of the widest tile.
const WIDEST: usize = 32;
/// Rows of a tile.
const ROWS: usize = 8;
/// So few columns are not worth a tile.
const FEW: usize = 4;

fn add<T: Tile>((m, n, k): (usize, usize, usize), a: Factor<'_>, b: Factor<'_>, c: &mut [f32]) {
    if n == 0 || k == 0 {
        return;
    }
    if n <= FEW && m > FEW && a.transposed {
        // (bᵀ aᵀ)ᵀ: wide where this one is high.
        let mut turned = vec![0.0; m * n];
        tiles::<T>((n, m, k), b.transpose(), a.transpose(), &mut turned);
        for (i, c) in c.chunks_exact_mut(n).enumerate() {
            c.iter_mut().zip(turned[i..].iter().step_by(m)).for_each(|(c, value)| *c += value);
        }
    } else if n <= FEW && m > FEW {
        // Few columns along rows that are stored in one piece: bᵀ once, then products of row and row.
        let column = |j: usize| (0..k).map(move |at| if b.transposed { j * b.stride + at } else { at * b.stride + j });
        let columns: Vec<f32> = (0..n).flat_map(|j| column(j).map(|at| b.values[at])).collect();
        run(Dots { a, columns: &columns, k, c });
    } else {
        tiles::<T>((m, n, k), a, b, c);
    }
}

/// Adds to each row of `c` the products of a row of `a` with each of the columns, k long.
struct Dots<'a> {
    a: Factor<'a>,
    columns: &'a [f32],
    k: usize,
    c: &'a mut [f32],
}

impl Kernel for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let n = self.columns.len() / self.k;
        for (row, c) in self.a.values.chunks(self.a.stride).zip(self.c.chunks_exact_mut(n)) {
            for (column, c) in self.columns.chunks_exact(self.k).zip(c) {
                *c += dot(&row[..self.k], column);
            }
        }
    }
}

/// Σ xₖ yₖ, in sixteen partial sums.
#[inline(always)]
fn dot(x: &[f32], y: &[f32]) -> f32 {
    const LANES: usize = 16;
    let ((xs, x), (ys, y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (x, y) in xs.iter().zip(ys) {
        for l in 0..LANES {
            sums[l] += x[l] * y[l];
        }
    }
    sums.iter().sum::<f32>() + x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>()
}

fn tiles<T: Tile>((m, n, k): (usize, usize, usize), a: Factor<'_>, b: Factor<'_>, c: &mut [f32]) {
    let mut panel = vec![0.0; DEPTH.min(k) * T::COLUMNS];
    let mut edge = [0.0; ROWS * WIDEST];
    let steps = if a.transposed { (1, a.stride) } else { (a.stride, 1) };
    for first in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        for left in (0..n).step_by(T::COLUMNS) {
            let width = T::COLUMNS.min(n - left);
            let panel = &mut panel[..depth * T::COLUMNS];
            pack(b, (first, depth), (left, width), T::COLUMNS, panel);
            for top in (0..m).step_by(ROWS) {
                let height = ROWS.min(m - top);
                let a = &a.values[top * steps.0 + first * steps.1..];
                let c = &mut c[top * n + left..];
                if height == ROWS && width == T::COLUMNS {
                    T::add::<ROWS>(a, steps, panel, c, n);
                    continue;
                }
                for (edge, c) in edge.chunks_exact_mut(T::COLUMNS).zip(c.chunks(n)).take(height) {
                    edge[..width].copy_from_slice(&c[..width]);
                }
                if height == ROWS {
                    T::add::<ROWS>(a, steps, panel, &mut edge, T::COLUMNS);
                } else {
                    for (r, edge) in edge.chunks_exact_mut(T::COLUMNS).enumerate().take(height) {
                        T::add::<1>(&a[r * steps.0..], steps, panel, edge, T::COLUMNS);
                    }
                }
                for (edge, c) in edge.chunks_exact(T::COLUMNS).zip(c.chunks_mut(n)).take(height) {
                    c[..width].copy_from_slice(&edge[..width]);
                }
            }
        }
    }
}

/// Copies `depth` rows of `width` columns of `b` into a panel of `columns`; those beyond are 0.
fn pack(
    b: Factor<'_>,
    (first, depth): (usize, usize),
    (left, width): (usize, usize),
    columns: usize,
    panel: &mut [f32],
) {
    /// Rows of what is stored that are read together.
    const TOGETHER: usize = 8;
    if width < columns {
        panel.fill(0.0);
    }
    if !b.transposed {
        for (to, from) in panel.chunks_exact_mut(columns).zip(b.values[first * b.stride..].chunks(b.stride)) {
            to[..width].copy_from_slice(&from[left..left + width]);
        }
        return;
    }
    let row = |column: usize| &b.values[(left + column) * b.stride + first..][..depth];
    let whole = width - width % TOGETHER;
    for column in (0..whole).step_by(TOGETHER) {
        let rows: [&[f32]; TOGETHER] = std::array::from_fn(|r| row(column + r));
        for (k, to) in panel.chunks_exact_mut(columns).enumerate() {
            for (to, row) in to[column..column + TOGETHER].iter_mut().zip(rows) {
                *to = row[k];
            }
        }
    }
    for column in whole..width {
        for (to, &from) in panel.chunks_exact_mut(columns).zip(row(column)) {
            to[column] = from;
        }
    }
}

/// A tile of eight rows and some vectors of columns.
#[cfg(target_arch = "x86_64")]
macro_rules! tile {
    (
        $(#[$doc:meta])* $name:ident, $features:literal, $vector:ident, $lanes:literal, $vectors:literal,
        $load:ident, $store:ident, $repeat:ident, $fused:ident
    ) => {
        $(#[$doc])*
        struct $name;

        impl Tile for $name {
            const COLUMNS: usize = $lanes * $vectors;

            #[inline]
            fn add<const R: usize>(a: &[f32], steps: (usize, usize), panel: &[f32], c: &mut [f32], stride: usize) {
                #[target_feature(enable = $features)]
                fn add<const R: usize>(
                    a: &[f32],
                    steps: (usize, usize),
                    panel: &[f32],
                    c: &mut [f32],
                    stride: usize,
                ) {
                    let depth = panel.len() / ($lanes * $vectors);
                    assert!(depth > 0 && (R - 1) * steps.0 + (depth - 1) * steps.1 < a.len());
                    assert!((R - 1) * stride + $lanes * $vectors <= c.len());
                    let (a, panel, c) = (a.as_ptr(), panel.as_ptr(), c.as_mut_ptr());
                    let mut sums: [[$vector; $vectors]; R] = [[$repeat(0.0); $vectors]; R];
                    // SAFETY: r < R, v < vectors and k < depth, so that `a` and `c` are read and written inside what was asserted, and
                    // `panel` at less than depth · vectors · lanes.
                    unsafe {
                        for r in 0..R {
                            for v in 0..$vectors {
                                sums[r][v] = $load(c.add(r * stride + v * $lanes));
                            }
                        }
                        for k in 0..depth {
                            let mut row = [$repeat(0.0); $vectors];
                            for v in 0..$vectors {
                                row[v] = $load(panel.add((k * $vectors + v) * $lanes));
                            }
                            for r in 0..R {
                                let x = $repeat(*a.add(r * steps.0 + k * steps.1));
                                for v in 0..$vectors {
                                    sums[r][v] = $fused(x, row[v], sums[r][v]);
                                }
                            }
                        }
                        for r in 0..R {
                            for v in 0..$vectors {
                                $store(c.add(r * stride + v * $lanes), sums[r][v]);
                            }
                        }
                    }
                }
                // SAFETY: only `add_product` leads here, after `level` found these instructions.
                unsafe { add::<R>(a, steps, panel, c, stride) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
tile! {
    /// Sixteen of 32 registers are sums.
    Wide, "avx512f", __m512, 16, 2, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps
}

#[cfg(target_arch = "x86_64")]
tile! {
    /// Eight of 16 registers are sums.
    Medium, "avx2,fma", __m256, 8, 1, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(len: usize, seed: usize) -> Vec<f32> {
        (0..len).map(|k| (((k + seed) * 37 % 101) as f32 * 0.61).sin()).collect()
    }

    /// Both ways of storing each factor, at sizes around those of tiles and panels.
    fn check(product: impl Fn((usize, usize, usize), Factor<'_>, Factor<'_>, &mut [f32])) {
        for (m, n, k) in [(1, 1, 1), (13, 5, 7), (8, 32, 3), (17, 33, 300), (64, 2, 40), (9, 1, 513), (1, 40, 9)] {
            let (a, b) = (wave(m * k, 1), wave(n * k, 5));
            for (a_turned, b_turned) in [(false, false), (false, true), (true, false), (true, true)] {
                let left = Factor { values: &a, stride: if a_turned { m } else { k }, transposed: a_turned };
                let right = Factor { values: &b, stride: if b_turned { k } else { n }, transposed: b_turned };
                let mut c = wave(m * n, 9);
                product((m, n, k), left, right, &mut c);
                let entry = |factor: Factor<'_>, i: usize, j: usize| {
                    let at = if factor.transposed { j * factor.stride + i } else { i * factor.stride + j };
                    f64::from(factor.values[at])
                };
                for (at, (found, before)) in c.iter().zip(wave(m * n, 9)).enumerate() {
                    let sum: f64 = (0..k).map(|l| entry(left, at / n, l) * entry(right, l, at % n)).sum();
                    let expected = f64::from(before) + sum;
                    assert!((f64::from(*found) - expected).abs() < 1e-6 * k as f64, "{m} {n} {k}: {found}, {expected}");
                }
            }
        }
    }

    #[test]
    fn products_are_those_of_double_precision() {
        check(|shape, a, b, c| {
            if !add_product(shape, a, b, c) {
                // Nothing was done; nor is anything to be tested.
                let ((m, n, k), entry) = (shape, |f: Factor<'_>, i: usize, j: usize| {
                    f.values[if f.transposed { j * f.stride + i } else { i * f.stride + j }]
                });
                for i in 0..m * n {
                    c[i] += (0..k).map(|l| entry(a, i / n, l) * entry(b, l, i % n)).sum::<f32>();
                }
            }
        });
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_narrower_tile_is_as_good() {
        if super::super::level() != super::super::Level::Baseline {
            check(add::<Medium>);
        }
    }
}
