//! Columns that other columns determine.

/// Rows more than columns that show that a column depends on others, and not on the small number of rows.
const SPARE: usize = 10;

/// Of `columns`, those that are no affine function of the ones before, on the given rows of `points`.
///
/// Each column is centred and divided by its deviation, and made orthogonal to the ones kept before, twice: what is left of a column
/// must be beyond the rounding of its values. A column 10⁻⁶ as wide as others is kept, and one that differs from a copy by 10⁻⁶ of its width.
pub(super) fn independent(points: &[&[f64]], columns: &[usize]) -> Vec<usize> {
    if columns.len() < 2 && points.len() > SPARE {
        return columns.to_vec();
    }
    // A few rows show independence; dependence is asked of all.
    let few = few(columns.len());
    if points.len() > 2 * few {
        let stride = points.len() / few;
        let some: Vec<&[f64]> = points.iter().copied().step_by(stride).collect();
        if basis(&some, columns).len() == columns.len() {
            return columns.to_vec();
        }
    }
    basis(points, columns)
}

/// Rows that show independence.
fn few(columns: usize) -> usize {
    4 * columns + 64
}

/// Whether a few of the rows show that all columns are independent.
pub(super) fn shown_by_few(rows: &[f64], dim: usize) -> bool {
    let stride = (rows.len() / dim / few(dim)).max(1);
    let some: Vec<&[f64]> = rows.chunks_exact(dim).step_by(stride).collect();
    let all: Vec<usize> = (0..dim).collect();
    some.len() > dim + SPARE && basis(&some, &all).len() == dim
}

fn basis(points: &[&[f64]], columns: &[usize]) -> Vec<usize> {
    let n = points.len();
    let mut kept: Vec<usize> = Vec::with_capacity(columns.len());
    let mut orthonormal: Vec<Vec<f64>> = Vec::with_capacity(columns.len());
    for &column in columns {
        let (mut values, noise) = standardised(points, column);
        let Some(noise) = noise else {
            if n <= SPARE {
                kept.push(column);
            }
            continue;
        };
        for _ in 0..2 {
            for direction in &orthonormal {
                let along: f64 = values.iter().zip(direction).map(|(v, d)| v * d).sum();
                values.iter_mut().zip(direction).for_each(|(v, d)| *v -= along * d);
            }
        }
        let left = values.iter().map(|v| v * v).sum::<f64>().sqrt();
        if left > noise || n <= kept.len() + SPARE {
            kept.push(column);
            if left > noise {
                values.iter_mut().for_each(|v| *v /= left);
                orthonormal.push(values);
            }
        }
    }
    kept
}

/// A column at mean 0 and length 1, and what rounding may leave of it; None for a constant one.
fn standardised(points: &[&[f64]], column: usize) -> (Vec<f64>, Option<f64>) {
    let origin = points[0][column];
    let largest = points.iter().map(|row| row[column].abs()).fold(0.0, f64::max);
    let mut values: Vec<f64> = points.iter().map(|row| row[column] - origin).collect();
    let widest = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if widest == 0.0 {
        return (values, None);
    }
    values.iter_mut().for_each(|v| *v /= widest);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter_mut().for_each(|v| *v -= mean);
    let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    values.iter_mut().for_each(|v| *v /= length);
    let rounding = 16.0 * f64::EPSILON * largest / widest * (values.len() as f64).sqrt() / length;
    (values, Some(1e-11 + rounding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependent_columns_go_and_narrow_ones_stay() {
        let draw = |i: usize, k: usize| ((i * (2 * k + 3)) as f64 * 0.618_033_988_749).fract();
        let rows: Vec<[f64; 6]> = (0..300)
            .map(|i| {
                let (a, b, c) = (draw(i, 1), 1e-6 * draw(i, 2), draw(i, 3));
                [a, 2.54 * a + 1000.0, b, a + 1e-6 * c, 7.0, a - 3.0 * b]
            })
            .collect();
        let rows: Vec<&[f64]> = rows.iter().map(<[f64; 6]>::as_slice).collect();
        assert_eq!(independent(&rows, &[0, 1, 2, 3, 4, 5]), [0, 2, 3]);
        // As many columns as rows are no evidence.
        assert_eq!(independent(&rows[..5], &[0, 2, 3, 5]), [0, 2, 3, 5]);
    }
}
