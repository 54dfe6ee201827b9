//! Single precision as a sieve: lower bounds of slacks, many at a time.

use super::{Kernel, multiply_add_single};

/// Columns of a panel.
pub(crate) const PANEL: usize = 16;
/// Rows that go through a panel together: six times sixteen sums fill the registers.
pub(crate) const SIFTED: usize = 6;

/// Finds where lower bounds of slacks fall below the thresholds of [`SIFTED`] rows.
///
/// The bound of row x and column y is s = start(y) + Σₖ xₖ yₖ, or with `roots` √max(0, s + lift(x)) (1 − 4u) − g(y), in
/// single precision, whose unit of rounding is u.
pub(crate) struct Sift<'a, H> {
    /// The rows, coordinate by coordinate.
    pub(crate) rows: &'a [f32],
    /// Columns in panels of [`PANEL`], coordinate by coordinate within a panel, and the start of each column.
    pub(crate) panels: &'a [f32],
    pub(crate) start: &'a [f32],
    /// For costs that are roots: the lift of each row, and g of each column.
    pub(crate) roots: Option<(&'a [f32; SIFTED], &'a [f32])>,
    pub(crate) thresholds: &'a mut [f32; SIFTED],
    /// Told the row, the column and the bound of what falls below; says the row's threshold from then on.
    pub(crate) hit: H,
}

impl<H: FnMut(usize, usize, f32) -> f32> Kernel for Sift<'_, H> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let rows = self.rows.as_chunks::<SIFTED>().0;
        let panels = self.panels.as_chunks::<PANEL>().0.chunks_exact(rows.len());
        for (at, (panel, start)) in panels.zip(self.start.as_chunks::<PANEL>().0).enumerate() {
            let roots = self.roots.map(|(lift, g)| (lift, &g.as_chunks::<PANEL>().0[at]));
            let Some(bounds) = bounds::<FUSED>(rows, panel, start, roots, self.thresholds) else { continue };
            for (r, bounds) in bounds.iter().enumerate() {
                for (l, &bound) in bounds.iter().enumerate() {
                    if is_below(bound, self.thresholds[r]) {
                        self.thresholds[r] = (self.hit)(r, at * PANEL + l, bound);
                    }
                }
            }
        }
    }
}

/// The least of the bounds of [`SIFTED`] rows, squared costs alone, over the columns of each lane of the panels.
pub(crate) struct LeastOfLanes<'a> {
    /// As those of [`Sift`].
    pub(crate) rows: &'a [f32],
    pub(crate) panels: &'a [f32],
    pub(crate) start: &'a [f32],
}

impl Kernel for LeastOfLanes<'_> {
    type Output = [[f32; PANEL]; SIFTED];

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Self::Output {
        let rows = self.rows.as_chunks::<SIFTED>().0;
        let panels = self.panels.as_chunks::<PANEL>().0.chunks_exact(rows.len());
        let [mut p, mut q, mut r, mut s, mut t, mut u] = [[f32::INFINITY; PANEL]; SIFTED];
        for (panel, start) in panels.zip(self.start.as_chunks::<PANEL>().0) {
            let [a, b, c, d, e, f] = sums::<FUSED>(rows, panel, start);
            for l in 0..PANEL {
                p[l] = if a[l] < p[l] { a[l] } else { p[l] };
                q[l] = if b[l] < q[l] { b[l] } else { q[l] };
                r[l] = if c[l] < r[l] { c[l] } else { r[l] };
                s[l] = if d[l] < s[l] { d[l] } else { s[l] };
                t[l] = if e[l] < t[l] { e[l] } else { t[l] };
                u[l] = if f[l] < u[l] { f[l] } else { u[l] };
            }
        }
        [p, q, r, s, t, u]
    }
}

/// What is not a number counts as below.
#[inline(always)]
fn is_below(bound: f32, threshold: f32) -> bool {
    let clear = bound >= threshold;
    !clear
}

/// start(y) + Σₖ xₖ yₖ. The six rows are written out, so that their sums stay in registers.
#[inline(always)]
fn sums<const FUSED: bool>(
    rows: &[[f32; SIFTED]],
    panel: &[[f32; PANEL]],
    start: &[f32; PANEL],
) -> [[f32; PANEL]; SIFTED] {
    let [mut a, mut b, mut c, mut d, mut e, mut f] = [*start; SIFTED];
    for (x, y) in rows.iter().zip(panel) {
        for l in 0..PANEL {
            a[l] = multiply_add_single::<FUSED>(x[0], y[l], a[l]);
            b[l] = multiply_add_single::<FUSED>(x[1], y[l], b[l]);
            c[l] = multiply_add_single::<FUSED>(x[2], y[l], c[l]);
            d[l] = multiply_add_single::<FUSED>(x[3], y[l], d[l]);
            e[l] = multiply_add_single::<FUSED>(x[4], y[l], e[l]);
            f[l] = multiply_add_single::<FUSED>(x[5], y[l], f[l]);
        }
    }
    [a, b, c, d, e, f]
}

/// The bounds of one panel, unless all are clear of the thresholds.
#[inline(always)]
fn bounds<const FUSED: bool>(
    rows: &[[f32; SIFTED]],
    panel: &[[f32; PANEL]],
    start: &[f32; PANEL],
    roots: Option<(&[f32; SIFTED], &[f32; PANEL])>,
    thresholds: &[f32; SIFTED],
) -> Option<[[f32; PANEL]; SIFTED]> {
    let [mut a, mut b, mut c, mut d, mut e, mut f] = sums::<FUSED>(rows, panel, start);
    if let Some((lift, g)) = roots {
        for l in 0..PANEL {
            a[l] = root(a[l] + lift[0]) - g[l];
            b[l] = root(b[l] + lift[1]) - g[l];
            c[l] = root(c[l] + lift[2]) - g[l];
            d[l] = root(d[l] + lift[3]) - g[l];
            e[l] = root(e[l] + lift[4]) - g[l];
            f[l] = root(f[l] + lift[5]) - g[l];
        }
    }
    let t = thresholds;
    let clear =
        clear(&a, t[0]) & clear(&b, t[1]) & clear(&c, t[2]) & clear(&d, t[3]) & clear(&e, t[4]) & clear(&f, t[5]);
    if clear { None } else { Some([a, b, c, d, e, f]) }
}

/// The root of a square that rounding may have made negative, and not above it.
#[inline(always)]
fn root(square: f32) -> f32 {
    square.max(0.0).sqrt() * (1.0 - 2.0 * f32::EPSILON)
}

#[inline(always)]
fn clear(bounds: &[f32; PANEL], threshold: f32) -> bool {
    let mut clear = true;
    for &bound in bounds {
        clear &= bound >= threshold;
    }
    clear
}
