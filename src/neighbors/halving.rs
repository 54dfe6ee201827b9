//! A kd order: points sorted so that every subset halving of the index range is a box halving.

/// Sorts point indices so that halving the range again and again halves the cloud along its widest coordinate. A range
/// [lo, hi) splits at [`middle`]. O(n log n) for n points of `dim` coordinates, stored row by row.
pub(crate) fn kd_order(points: &[f64], dim: usize) -> Vec<u32> {
    kd_blocks(points, dim, 1)
}

/// The same with ranges split at multiples of `block` (a power of two), and shorter ones at multiples of a quarter, a
/// sixteenth ...: each aligned run of that many points is one box of the tree.
pub(crate) fn kd_blocks(points: &[f64], dim: usize, block: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..(points.len() / dim) as u32).collect();
    split(points, dim, block, &mut order);
    order
}

/// Where a range of a kd order splits: the left part is never the smaller.
pub(crate) fn middle(lo: usize, hi: usize) -> usize {
    lo + (hi - lo).div_ceil(2)
}

fn split(points: &[f64], dim: usize, block: usize, order: &mut [u32]) {
    if order.len() < 2 {
        return;
    }
    let axis = widest_axis(points, dim, order);
    let value = |i: u32| points[i as usize * dim + axis];
    let mut block = block;
    while block >= order.len() {
        block = block.div_ceil(4);
    }
    let at = middle(0, order.len()).next_multiple_of(block);
    if at < order.len() {
        // Ties are broken by index, so the order does not depend on how the selection runs.
        order.select_nth_unstable_by(at, |&i, &j| value(i).total_cmp(&value(j)).then(i.cmp(&j)));
    }
    let (left, right) = order.split_at_mut(at);
    if left.len() > 20_000 {
        rayon::join(|| split(points, dim, block, left), || split(points, dim, block, right));
    } else {
        split(points, dim, block, left);
        split(points, dim, block, right);
    }
}

/// Coordinates whose ranges are found together.
const AXES: usize = 8;

fn widest_axis(points: &[f64], dim: usize, order: &[u32]) -> usize {
    // A sample tells the widest axis of a large range well enough.
    let step = (order.len() / 4096).max(1);
    let mut best = (f64::NEG_INFINITY, 0);
    for first in (0..dim).step_by(AXES) {
        // Some coordinates of a point at a time: they lie together.
        let axes = AXES.min(dim - first);
        let (mut lo, mut hi) = ([f64::INFINITY; AXES], [f64::NEG_INFINITY; AXES]);
        for &i in order.iter().step_by(step) {
            let point = &points[i as usize * dim + first..][..axes];
            for ((lo, hi), &v) in lo.iter_mut().zip(&mut hi).zip(point) {
                *lo = if v < *lo { v } else { *lo };
                *hi = if v > *hi { v } else { *hi };
            }
        }
        for (k, (lo, hi)) in lo.iter().zip(hi).enumerate().take(axes) {
            if hi - lo > best.0 {
                best = (hi - lo, first + k);
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_permutation_that_halves_boxes() {
        let points: Vec<f64> = (0..200).map(|k| f64::from(k * 7919 % 211)).collect();
        let order = kd_order(&points, 2);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().enumerate().all(|(k, &i)| k == i as usize));
        let at = middle(0, 100);
        let axis = widest_axis(&points, 2, &order);
        let value = |i: &u32| points[*i as usize * 2 + axis];
        let left = order[..at].iter().map(value).fold(f64::NEG_INFINITY, f64::max);
        let right = order[at..].iter().map(value).fold(f64::INFINITY, f64::min);
        assert!(left <= right);
    }
}
