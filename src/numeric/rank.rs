//! Ranks, and how two series agree in them.

/// Spearman's rank correlation of two series, ties counted at their mean rank: how well one goes up and down with the other. None
/// for fewer than two values, or where one series is constant.
///
/// ```
/// use earthwork::gan::rank_correlation;
///
/// assert_eq!(rank_correlation(&[1.0, 2.0, 9.0], &[0.1, 0.2, 0.3]), Some(1.0));
/// assert_eq!(rank_correlation(&[1.0, 1.0], &[0.0, 2.0]), None);
/// ```
///
/// # Panics
/// When the lengths differ.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "the two series have the same length");
    let (a, b) = (ranks(a), ranks(b));
    // Ranks have the same mean on both sides.
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum::<f64>();
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    (spread > 0.0).then(|| product(&a, &b) / spread)
}

/// Ranks from 0.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0.0;
    for equal in order.chunk_by(|&i, &j| values[i] == values[j]) {
        equal.iter().for_each(|&i| ranks[i] = below + (equal.len() as f64 - 1.0) / 2.0);
        below += equal.len() as f64;
    }
    ranks
}
