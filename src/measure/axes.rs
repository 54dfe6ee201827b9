//! Points that are the cells of a grid.

use super::Points;

/// The coordinates along each axis, where the points are all their combinations in row-major order (the last axis runs
/// fastest) and each axis rises: the cells of a grid, regular or not. `None` for any other points. O(n d), and O(1) for most
/// points that are no grid.
pub(crate) fn axes(points: &Points) -> Option<Vec<Vec<f64>>> {
    let (n, dim) = (points.len(), points.dim());
    let mut axes = vec![Vec::new(); dim];
    let mut stride = 1;
    for k in (0..dim).rev() {
        let along = (0..n / stride).map(|step| points.point(step * stride)[k]);
        let mut axis: Vec<f64> = Vec::new();
        for value in along {
            if axis.last().is_some_and(|&last| value <= last) {
                break;
            }
            axis.push(value);
        }
        stride *= axis.len();
        if !n.is_multiple_of(stride) {
            return None;
        }
        axes[k] = axis;
    }
    if stride != n {
        return None;
    }
    let mut cell = vec![0; dim];
    for point in points.iter() {
        if point.iter().zip(&axes).zip(&cell).any(|((&value, axis), &at)| value != axis[at]) {
            return None;
        }
        for k in (0..dim).rev() {
            cell[k] += 1;
            if cell[k] < axes[k].len() {
                break;
            }
            cell[k] = 0;
        }
    }
    Some(axes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Histogram;

    fn points(rows: &[[f64; 2]]) -> Points {
        Points::from_rows(rows.concat(), 2).unwrap()
    }

    #[test]
    fn grids_are_found_and_nothing_else() {
        let image = Histogram::grid(ndarray::Array3::ones((2, 3, 4))).unwrap();
        let cells = image.with_spacing(0.1).unwrap().with_origin([1e8, -5.0, 0.0]).unwrap().to_samples().unwrap();
        let found = axes(cells.points()).unwrap();
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(found[1], [-5.0, -4.9, -4.8]);

        let uneven = points(&[[0.0, 1.0], [0.0, 5.0], [3.0, 1.0], [3.0, 5.0]]);
        assert_eq!(axes(&uneven).unwrap(), [vec![0.0, 3.0], vec![1.0, 5.0]]);
        assert_eq!(axes(&points(&[[7.0, 1.0]])).unwrap(), [vec![7.0], vec![1.0]]);
        // A rising line in the plane, a missing cell, a cell out of place, an equal pair.
        assert!(axes(&points(&[[0.0, 0.0], [1.0, 1.0]])).is_none());
        assert!(axes(&points(&[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])).is_none());
        assert!(axes(&points(&[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 2.0]])).is_none());
        assert!(axes(&points(&[[0.0, 0.0], [0.0, 0.0]])).is_none());
    }
}
