//! Lines of equal value on a grid.

/// The pieces of the line on which values, given row by row at the middles of cells, equal `level`; in units of cells, x to the
/// right, y down. Between four middles a line goes straight (marching squares).
pub(super) fn lines(values: &[f64], columns: usize, level: f64) -> Vec<[[f64; 2]; 2]> {
    let rows = values.len() / columns;
    let mut pieces = Vec::new();
    for row in 0..rows.saturating_sub(1) {
        for column in 0..columns - 1 {
            let corner = |dx: usize, dy: usize| values[(row + dy) * columns + column + dx] - level;
            let around = [(0, 0), (1, 0), (1, 1), (0, 1)];
            let mut crossings = Vec::with_capacity(4);
            for k in 0..4 {
                let ((ax, ay), (bx, by)) = (around[k], around[(k + 1) % 4]);
                let (a, b) = (corner(ax, ay), corner(bx, by));
                if (a < 0.0) != (b < 0.0) {
                    let part = a / (a - b);
                    let at = |from: usize, to: usize| from as f64 + part * (to as f64 - from as f64);
                    crossings.push([column as f64 + at(ax, bx), row as f64 + at(ay, by)]);
                }
            }
            // Two crossings make one piece; four, at a saddle, two.
            pieces.extend(crossings.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_round() {
        let side = 41;
        let at = |k: usize| k as f64 - 20.0;
        let values: Vec<f64> = (0..side * side).map(|k| at(k % side).hypot(at(k / side))).collect();
        let pieces = lines(&values, side, 12.5);
        assert!(pieces.len() > 60);
        for [x, y] in pieces.into_iter().flatten() {
            assert!(((x - 20.0).hypot(y - 20.0) - 12.5).abs() < 0.02, "{x} {y}");
        }
        assert!(lines(&values, side, 100.0).is_empty());
    }
}
