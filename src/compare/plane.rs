//! The plane in which points of many dimensions are drawn.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::compare::scale::column_scales;
use crate::error::Result;
use crate::measure::Samples;

/// The plane through the common mean of some samples along their first two principal directions.
///
/// Each sample counts the same, as in [`column_scales`]. O(n d² + d³) time and O(d²) memory.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalPlane {
    /// The common mean, of length d.
    pub origin: Vec<f64>,
    /// Two unit vectors of length d, at right angles; the largest component of each is positive.
    pub directions: [Vec<f64>; 2],
    /// The part of the total variance along each direction (0 where there is no variance).
    pub shares: [f64; 2],
}

impl PrincipalPlane {
    /// The plane of `samples`.
    ///
    /// # Errors
    /// When there are no samples, or their dimensions differ.
    ///
    /// ```
    /// use earthwork::prelude::*;
    /// use earthwork::compare::PrincipalPlane;
    ///
    /// let x = Samples::new([[-3.0, 0.0, 1.0], [3.0, 0.0, 1.0], [0.0, -1.0, 1.0], [0.0, 1.0, 1.0]])?;
    /// let plane = PrincipalPlane::of(&[&x])?;
    /// assert_eq!(plane.shares, [0.9, 0.1]);
    /// assert_eq!(plane.place(&[2.0, 5.0, 7.0]), [2.0, 5.0]);
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    pub fn of(samples: &[&Samples]) -> Result<Self> {
        let origin: Vec<f64> = column_scales(samples)?.iter().map(|scale| scale.mean).collect();
        let dim = origin.len();
        // In units of about the farthest coordinate, so that no square over- or underflows; a power of two, so that nothing is rounded.
        let gaps = samples.iter().flat_map(|sample| sample.points().iter());
        let gaps = gaps.flat_map(|x| x.iter().zip(&origin).map(|(x, o)| (x - o).abs()));
        let farthest = gaps.fold(0.0, f64::max);
        let unit = if farthest > 0.0 { 2_f64.powf(farthest.log2().floor()) } else { 1.0 };
        let mut covariance = DMatrix::<f64>::zeros(dim, dim);
        let mut centred = vec![0.0; dim];
        for sample in samples {
            for (x, w) in sample.points().iter().zip(sample.weights().as_slice()) {
                let weight = w / (sample.total() * samples.len() as f64);
                centred.iter_mut().zip(x.iter().zip(&origin)).for_each(|(c, (x, o))| *c = (x - o) / unit);
                for i in 0..dim {
                    for j in 0..=i {
                        covariance[(i, j)] += weight * centred[i] * centred[j];
                    }
                }
            }
        }
        covariance.fill_upper_triangle_with_lower_triangle();
        let total = covariance.trace();
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let direction = |rank: usize| -> Vec<f64> {
            let Some(&at) = order.get(rank) else { return vec![0.0; dim] };
            let vector: Vec<f64> = eigen.eigenvectors.column(at).iter().copied().collect();
            let largest = vector.iter().fold(0.0_f64, |best, v| if v.abs() > best.abs() { *v } else { best });
            vector.iter().map(|v| v * largest.signum()).collect()
        };
        let share = |rank: usize| match order.get(rank) {
            Some(&at) if total > 0.0 => (eigen.eigenvalues[at] / total).max(0.0),
            _ => 0.0,
        };
        Ok(Self { directions: [direction(0), direction(1)], shares: [share(0), share(1)], origin })
    }

    /// Where a point (of length d) lies in the plane.
    pub fn place(&self, point: &[f64]) -> [f64; 2] {
        self.directions
            .each_ref()
            .map(|direction| direction.iter().zip(point.iter().zip(&self.origin)).map(|(d, (x, o))| d * (x - o)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_space_has_one_direction() {
        let line = Samples::new([[0.0, 0.0, 0.0], [1.0, 2.0, 2.0], [2.0, 4.0, 4.0]]).unwrap();
        let plane = PrincipalPlane::of(&[&line]).unwrap();
        assert!((plane.shares[0] - 1.0).abs() < 1e-14 && plane.shares[1] < 1e-14);
        for (found, expected) in plane.directions[0].iter().zip([1.0, 2.0, 2.0]) {
            assert!((found - expected / 3.0).abs() < 1e-14);
        }
    }

    #[test]
    fn one_point_and_one_column_have_a_plane_too() {
        let point = Samples::new([[4.0]]).unwrap();
        let plane = PrincipalPlane::of(&[&point]).unwrap();
        assert_eq!((plane.shares, plane.place(&[4.0])), ([0.0, 0.0], [0.0, 0.0]));
    }
}
