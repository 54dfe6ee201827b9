//! How a squared kernel distance varies where the two distributions are equal: as a weighted sum of squares of normal variables.

use nalgebra::DMatrix;

use crate::estimate::NearEqual;
use crate::numeric::sum::{dot, sum};

/// The most points of either side that this is worked out from (it tells how wide an interval is, not where), and how many of them are the
/// outermost ones, each for itself: where tails are heavy, few points make up most of the sums.
const MOST: usize = 96;
const OUTER: usize = 32;

/// The variance and the skewness of the unbiased statistic under P = Q, where its second and third cumulants are 2 Σ λ² and 8 Σ λ³ over
/// the eigenvalues λ of the centred kernel. (Serfling, *Approximation Theorems of Mathematical Statistics*, 1980, §5.5.)
///
/// Masses total 1 on either side, `within` is the mean kernel of each point over its own sample; `sign` is as in [`Parts`](super::statistic::Parts). O(min(n, 96)³).
pub(super) fn near_equal<'a>(
    masses: [&[f64]; 2],
    within: &[Vec<f64>; 2],
    point: impl Fn(usize, usize) -> &'a [f64],
    between: impl Fn(&[f64], &[f64]) -> f64,
    sign: f64,
) -> NearEqual {
    let picked = [0, 1].map(|side: usize| picked(masses[side], &within[side]));
    let of: Vec<(usize, usize)> = (0..2).flat_map(|side| picked[side].iter().map(move |&(i, _)| (side, i))).collect();
    let (size, first) = (of.len(), picked[0].len());
    let mut k = DMatrix::<f64>::zeros(size, size);
    for p in 0..size {
        for q in 0..p {
            let value = sign * between(point(of[p].0, of[p].1), point(of[q].0, of[q].1));
            (k[(p, q)], k[(q, p)]) = (value, value);
        }
    }
    // Masses within the part that is looked at, and what brings its eigenvalues to those of the whole.
    let mut share = Vec::with_capacity(size);
    let mut factor = Vec::with_capacity(size);
    for side in 0..2 {
        let total = sum(picked[side].iter().map(|&(i, count)| masses[side][i] * count));
        // Each stands for as many as it is counted, with the sum of their squares.
        let squares = sum(picked[side].iter().map(|&(i, count)| masses[side][i].powi(2) * count));
        let ratio = dot(masses[side], masses[side]) / squares;
        // Means that are taken off take degrees of freedom with them.
        let n = picked[side].len() as f64;
        let freedom = (n - 1.0) / (n.max(4.0) - 3.0);
        let way = if side == 0 { 1.0 } else { -1.0 };
        let carried = |&(i, count): &(usize, f64)| way * masses[side][i] * (count * ratio * freedom.sqrt()).sqrt();
        factor.extend(picked[side].iter().map(carried));
        share.extend(picked[side].iter().map(|&(i, count)| masses[side][i] * count / total));
    }
    let mut centred = centred(&k, &share, first);
    for p in 0..size {
        for q in 0..size {
            centred[(p, q)] *= factor[p] * factor[q];
        }
    }
    // In a unit in which cubes neither overflow nor vanish.
    let unit = centred.amax();
    if unit == 0.0 {
        return NearEqual { variance: 0.0, skewness: 0.0 };
    }
    centred /= unit;
    let square = &centred * &centred;
    // Sums over different points: the diagonal of `centred` is 0.
    let (second, third) = (square.trace(), square.dot(&centred).max(0.0));
    NearEqual { variance: 2.0 * second * unit * unit, skewness: 8.0 * third / (2.0 * second).powf(1.5) }
}

/// Points with mass, and how many each stands for: the outermost ones, and others evenly spaced.
fn picked(masses: &[f64], within: &[f64]) -> Vec<(usize, f64)> {
    let all: Vec<usize> = (0..masses.len()).filter(|&i| masses[i] > 0.0).collect();
    if all.len() <= MOST {
        return all.into_iter().map(|i| (i, 1.0)).collect();
    }
    let mean = sum(all.iter().map(|&i| within[i] / all.len() as f64));
    let mut outward = all;
    outward.sort_by(|&i, &j| (within[j] - mean).abs().total_cmp(&(within[i] - mean).abs()).then(i.cmp(&j)));
    let mut rest = outward.split_off(OUTER);
    rest.sort_unstable();
    let few = MOST - OUTER;
    let count = rest.len() as f64 / few as f64;
    let spaced = (0..few).map(|k| (rest[k * rest.len() / few], count));
    outward.into_iter().map(|i| (i, 1.0)).chain(spaced).collect()
}

/// A symmetric matrix less the means of the rows and columns of its blocks; no point meets itself.
fn centred(k: &DMatrix<f64>, share: &[f64], first: usize) -> DMatrix<f64> {
    let size = share.len();
    let blocks = [0..first, first..size];
    let mut centred = DMatrix::<f64>::zeros(size, size);
    for (at, rows) in blocks.iter().enumerate() {
        for (other, columns) in blocks.iter().enumerate() {
            let same = at == other;
            // The diagonal of k is 0.
            let mean = |p: usize, over: &std::ops::Range<usize>| {
                let left = if same { 1.0 - share[p] } else { 1.0 };
                sum(over.clone().map(|q| k[(p, q)] * share[q])) / left
            };
            let of_rows: Vec<f64> = rows.clone().map(|p| mean(p, columns)).collect();
            let of_columns: Vec<f64> = columns.clone().map(|q| mean(q, rows)).collect();
            let pairs = |p: usize| share[p] * if same { 1.0 - share[p] } else { 1.0 };
            let total = sum(rows.clone().zip(&of_rows).map(|(p, row)| pairs(p) * row)) / sum(rows.clone().map(pairs));
            for (q, column) in columns.clone().zip(&of_columns) {
                for (p, row) in rows.clone().zip(&of_rows).filter(|(p, _)| *p != q) {
                    centred[(p, q)] = k[(p, q)] - row - column + total;
                }
            }
        }
    }
    centred
}
