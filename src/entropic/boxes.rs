//! Which tiles may hold anything: bounds of f + g − c over boxes.

use std::sync::Arc;

use crate::cost::GroundCost;
use crate::measure::Points;
use crate::simd::Kernel;

/// Potentials by boxes, and what is small enough to be left out.
pub(super) struct Search {
    pub(super) tops: Option<[Tops; 2]>,
    pub(super) row_cuts: Vec<f64>,
    pub(super) column_cuts: Vec<f64>,
    pub(super) rate: f64,
    pub(super) cut: f64,
    pub(super) ground: Option<Arc<dyn GroundCost>>,
}

/// Boxes of blocks of points, coordinate by coordinate.
pub(super) struct Boxes {
    pub(super) dim: usize,
    pub(super) count: usize,
    pub(super) centre: Vec<f64>,
    pub(super) half: Vec<f64>,
}

impl Boxes {
    pub(super) fn new(points: &Points, block: usize) -> Self {
        let dim = points.dim();
        let count = points.len().div_ceil(block);
        let (mut centre, mut half) = (vec![0.0; dim * count], vec![0.0; dim * count]);
        for (b, chunk) in points.as_slice().chunks(block * dim).enumerate() {
            for k in 0..dim {
                let values = chunk.chunks_exact(dim).map(|point| point[k]);
                let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
                let mid = 0.5 * lo + 0.5 * hi;
                centre[k * count + b] = mid;
                half[k * count + b] = (hi - mid).max(mid - lo);
            }
        }
        Self { dim, count, centre, half }
    }
}

/// An upper bound top + ⟨slope, x − centre⟩ of a potential over each box; the largest value beside it.
pub(super) struct Tops {
    pub(super) top: Vec<f64>,
    pub(super) affine: Vec<f64>,
    pub(super) slope: Vec<f64>,
}

impl Tops {
    pub(super) fn plain(values: &[f64], boxes: &Boxes, block: usize, len: usize) -> Self {
        let top: Vec<f64> =
            values[..len].chunks(block).map(|v| v.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v))).collect();
        Self { affine: top.clone(), top, slope: vec![0.0; boxes.dim * boxes.count] }
    }

    /// For points in blocks, within a block coordinate by coordinate.
    pub(super) fn new(values: &[f64], boxes: &Boxes, points: &[f64], block: usize, len: usize) -> Self {
        let Self { top, mut affine, mut slope } = Self::plain(values, boxes, block, len);
        let dim = boxes.dim;
        for b in 0..boxes.count {
            let members = b * block..((b + 1) * block).min(len);
            let mean = members.clone().map(|i| values[i]).sum::<f64>() / members.len() as f64;
            let gap = |i: usize, k: usize| {
                points[b * block * dim + k * block + (i - members.start)] - boxes.centre[k * boxes.count + b]
            };
            for k in 0..dim {
                let centre = members.clone().map(|i| gap(i, k)).sum::<f64>() / members.len() as f64;
                let (mut square, mut product) = (0.0, 0.0);
                for i in members.clone() {
                    let g = gap(i, k) - centre;
                    square += g * g;
                    product += g * (values[i] - mean);
                }
                slope[k * boxes.count + b] =
                    if square > 0.0 && (product / square).is_finite() { product / square } else { 0.0 };
            }
            let above = |i: usize| (0..dim).fold(values[i], |v, k| v - slope[k * boxes.count + b] * gap(i, k));
            affine[b] = members.clone().map(above).fold(f64::NEG_INFINITY, f64::max);
        }
        Self { top, affine, slope }
    }
}

/// An upper bound of f + g − rate · c over each pair of boxes, from the least distance between them.
pub(super) fn bound_by_gap(
    [rows, columns]: [&Boxes; 2],
    block: usize,
    search: &Search,
    [f, g]: [&Tops; 2],
    out: &mut [f64],
) {
    let dim = rows.dim;
    let (mut gap, origin) = (vec![0.0; dim], vec![0.0; dim]);
    let ground = search.ground.as_deref().expect("boxes come with a ground cost");
    for (j, out) in out.iter_mut().enumerate() {
        for k in 0..dim {
            let (i, j) = (k * rows.count + block, k * columns.count + j);
            gap[k] = ((rows.centre[i] - columns.centre[j]).abs() - rows.half[i] - columns.half[j]).max(0.0);
        }
        *out = f.top[block] + g.top[j] - search.rate * ground.between(&gap, &origin) * (1.0 - 1e-14);
    }
}

/// Upper bounds of f + g − rate c over the pairs of a row box with all column boxes, for c = |x − y|².
///
/// Two bounds, and the smaller counts. By the gap between the boxes: max f + max g − rate · gap². By slopes: with D the
/// vector between the centres, |x − y|² ≥ |D|² + 2 ⟨D, dx − dy⟩, which is affine in x and y like the bounds of f and g.
pub(super) struct TopOfBlocks<'a> {
    pub(super) rows: &'a Boxes,
    pub(super) columns: &'a Boxes,
    pub(super) f: &'a Tops,
    pub(super) g: &'a Tops,
    pub(super) block: usize,
    pub(super) square: Option<f64>,
    pub(super) out: &'a mut [f64],
}

impl Kernel for TopOfBlocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        const WIDTH: usize = 32;
        let Self { rows, columns, f, g, block, square, out } = self;
        let Some(rate) = square else { return };
        let count = columns.count;
        for (chunk, out) in out.chunks_mut(WIDTH).enumerate() {
            let first = chunk * WIDTH;
            let len = out.len();
            let (mut gaps, mut slopes) = ([0.0; WIDTH], [0.0; WIDTH]);
            for k in 0..rows.dim {
                let i = k * rows.count + block;
                let (x, hx, p) = (rows.centre[i], rows.half[i], f.slope[i]);
                let at = k * count + first;
                let (ys, hs, qs) = (&columns.centre[at..at + len], &columns.half[at..at + len], &g.slope[at..at + len]);
                for l in 0..len {
                    let d = x - ys[l];
                    let gap = d.abs() - hx - hs[l];
                    let gap = if gap > 0.0 { gap } else { 0.0 };
                    gaps[l] += gap * gap;
                    let turn = 2.0 * rate * d;
                    slopes[l] += (p - turn).abs() * hx + (qs[l] + turn).abs() * hs[l] - rate * d * d;
                }
            }
            for l in 0..len {
                let j = first + l;
                let by_gap = f.top[block] + g.top[j] - rate * gaps[l];
                let by_slope = f.affine[block] + g.affine[j] + slopes[l];
                let least = if by_slope < by_gap { by_slope } else { by_gap };
                // Rounding of terms that cancel: never above the truth by more than this.
                out[l] = least + 1e-12 * (f.top[block].abs() + g.top[j].abs());
            }
        }
    }
}
