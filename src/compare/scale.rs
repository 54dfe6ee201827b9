//! The scale of each column, and how to remove it.

use crate::error::{Error, ErrorKind, Result};
use crate::measure::{Points, Samples};
use crate::numeric::Sum;

/// Mean and standard deviation of one column over several samples, each sample counting the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnScale {
    /// The mean.
    pub mean: f64,
    /// The standard deviation; 0 for a column that is constant.
    pub deviation: f64,
}

/// The scale of each column over `samples`, each sample counting the same whatever its size or total mass.
///
/// # Errors
/// When there are no samples, or their dimensions differ.
pub fn column_scales(samples: &[&Samples]) -> Result<Vec<ColumnScale>> {
    let Some(first) = samples.first() else {
        return Err(Error::new("samples", ErrorKind::Empty("sample")));
    };
    if let Some(other) = samples.iter().find(|s| s.dim() != first.dim()) {
        return Err(Error::new("samples", ErrorKind::Dimension { expected: first.dim(), found: other.dim() }));
    }
    let average = |column: usize, term: &dyn Fn(f64) -> f64| -> f64 {
        let mut total = Sum::default();
        for sample in samples {
            for (x, w) in sample.points().iter().zip(sample.weights().as_slice()) {
                total.add_product(w / sample.total(), term(x[column]));
            }
        }
        total.value() / samples.len() as f64
    };
    let scales = (0..first.dim()).map(|k| {
        // Around the first point, so that a far offset costs no digits.
        let origin = first.point(0)[k];
        let mean = origin + average(k, &|x| x - origin);
        // In units of the farthest value, so that no square over- or underflows.
        let farthest = samples.iter().flat_map(|sample| sample.points().iter()).map(|x| (x[k] - mean).abs());
        let farthest = farthest.fold(0.0_f64, f64::max);
        if farthest == 0.0 {
            return ColumnScale { mean, deviation: 0.0 };
        }
        ColumnScale { mean, deviation: farthest * average(k, &|x| ((x - mean) / farthest).powi(2)).sqrt() }
    });
    Ok(scales.collect())
}

/// The same samples with every column at mean 0 and standard deviation 1 over all of them (see [`column_scales`]), so
/// that each column has the same say in a distance. A constant column is only centred.
///
/// # Errors
/// As [`column_scales`].
///
/// ```
/// use earthwork::prelude::*;
/// use earthwork::compare::standardised;
///
/// let grams = Samples::new([[3000.0, 1.0], [5000.0, 1.0]])?;
/// let scaled = standardised(&[&grams])?;
/// assert_eq!((scaled[0].point(0), scaled[0].point(1)), ([-1.0, 0.0].as_slice(), [1.0, 0.0].as_slice()));
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn standardised(samples: &[&Samples]) -> Result<Vec<Samples>> {
    let scales = column_scales(samples)?;
    let scaled = |sample: &&Samples| {
        let coordinates: Vec<f64> = sample
            .points()
            .iter()
            .flat_map(|x| x.iter().zip(&scales))
            .map(|(x, scale)| (x - scale.mean) / if scale.deviation > 0.0 { scale.deviation } else { 1.0 })
            .collect();
        let scaled = Samples::with_weights(Points::from_rows(coordinates, sample.dim())?, sample.weights().clone())?;
        match sample.columns() {
            Some(names) => scaled.with_columns(names.to_vec()),
            None => Ok(scaled),
        }
    };
    samples.iter().map(scaled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_counts_the_same() {
        let many = Samples::new(vec![[0.0]; 99]).unwrap();
        let one = Samples::weighted([[10.0]], [7.0]).unwrap();
        let scales = column_scales(&[&many, &one]).unwrap();
        assert!((scales[0].mean - 5.0).abs() < 1e-14 && (scales[0].deviation - 5.0).abs() < 1e-14);
    }

    #[test]
    fn a_far_offset_costs_no_digits() {
        let far = Samples::new([[1e8 + 1.0], [1e8 + 3.0]]).unwrap();
        assert_eq!(column_scales(&[&far]).unwrap(), [ColumnScale { mean: 1e8 + 2.0, deviation: 1.0 }]);
        assert_eq!(standardised(&[&far]).unwrap()[0].point(1), [1.0]);
    }

    #[test]
    fn the_largest_and_the_least_numbers_have_a_scale() {
        for unit in [1e300, 1e-300] {
            let far = Samples::new([[unit], [3.0 * unit]]).unwrap();
            let scale = column_scales(&[&far]).unwrap()[0];
            assert!(
                (scale.deviation / unit - 1.0).abs() < 1e-12 && (scale.mean / unit - 2.0).abs() < 1e-12,
                "{scale:?}"
            );
        }
    }

    #[test]
    fn samples_of_different_dimension_are_refused() {
        let line = Samples::new([[0.0]]).unwrap();
        let plane = Samples::new([[0.0, 0.0]]).unwrap();
        assert!(column_scales(&[&line, &plane]).is_err());
        assert!(column_scales(&[]).is_err());
    }
}
