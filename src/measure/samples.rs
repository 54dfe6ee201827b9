//! Points with weights.

use std::fmt;
use std::iter::repeat_n;
use std::ops::Deref;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::error::{Error, ErrorKind, Result};
use crate::measure::Weights;
use crate::numeric::ranges;

/// `n` points in R^d, with weights: an empirical distribution.
///
/// The points are stored row by row. Every coordinate is finite and every weight is finite and at least zero, by
/// construction. Weights of any total are accepted and remembered; [`normalised`](Self::normalised) is a call that you
/// write. Cloning is cheap: the numbers are shared.
///
/// ```
/// use earthwork::prelude::*;
///
/// let uniform = Samples::new(vec![[0.0, 0.0], [1.0, 0.5], [2.0, 1.0]])?;
/// let weighted = Samples::weighted(ndarray::array![[0.0], [4.0]], [3.0, 1.0])?;
/// assert_eq!((uniform.len(), uniform.dim(), uniform.total()), (3, 2, 1.0));
/// assert_eq!(weighted.total(), 4.0);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    points: Points,
    weights: Weights,
    columns: Option<Arc<[String]>>,
}

impl Samples {
    /// Points with weight 1/n each.
    ///
    /// Takes an ndarray of shape (n, d), owned or a view in any memory order, an array of shape (n) for points on a line,
    /// `Vec<[f64; D]>`, `&[[f64; D]]`, or [`Points`].
    ///
    /// # Errors
    /// When there are no points, they have no coordinates, or a coordinate is NaN or infinite.
    pub fn new(points: impl IntoPoints) -> Result<Self> {
        let points = points.into_points()?;
        let weights = Weights::uniform(points.len())?;
        Ok(Self { points, weights, columns: None })
    }

    /// Points with the given weights (length n, of any total).
    ///
    /// # Errors
    /// As [`Samples::new`], and when the number of weights is not n, or a weight is negative, NaN or infinite.
    pub fn weighted(points: impl IntoPoints, weights: impl Into<Vec<f64>>) -> Result<Self> {
        Self::with_weights(points, Weights::new(weights.into())?)
    }

    /// Points with weights that were checked before.
    ///
    /// # Errors
    /// As [`Samples::new`], and when the number of weights is not n.
    pub fn with_weights(points: impl IntoPoints, weights: Weights) -> Result<Self> {
        let points = points.into_points()?;
        if weights.len() != points.len() {
            let (found, expected) = (weights.len(), points.len());
            let kind = ErrorKind::Length { what: "weights", expected, found, reason: "one for each point" };
            return Err(Error::new("weights", kind));
        }
        Ok(Self { points, weights, columns: None })
    }

    /// Names the columns, for messages and for matching columns by name.
    ///
    /// # Errors
    /// When the number of names is not d.
    pub fn with_columns(self, names: impl Into<Arc<[String]>>) -> Result<Self> {
        let names = names.into();
        if names.len() != self.dim() {
            let (expected, found) = (self.dim(), names.len());
            let kind = ErrorKind::Length { what: "names", expected, found, reason: "one for each column" };
            return Err(Error::new("columns", kind));
        }
        Ok(Self { columns: Some(names), ..self })
    }

    /// The names of the columns, where they have some.
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// Number of points, n ≥ 1.
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Dimension d ≥ 1.
    pub fn dim(&self) -> usize {
        self.points.dim()
    }

    /// The points.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// Point `i`, of length d.
    pub fn point(&self, i: usize) -> &[f64] {
        self.points.point(i)
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Total mass.
    pub fn total(&self) -> f64 {
        self.weights.total()
    }

    /// Divides the weights by their sum.
    #[must_use]
    pub fn normalised(&self) -> Self {
        Self { weights: self.weights.normalised(), ..self.clone() }
    }

    /// The weighted mean, of length d.
    pub fn mean(&self) -> Vec<f64> {
        let weights = self.weights.as_slice();
        (0..self.dim())
            .map(|k| {
                // Around the first point, so that a far offset costs no digits.
                let origin = self.point(0)[k];
                let mut moment = crate::numeric::Sum::default();
                for (i, &w) in weights.iter().enumerate() {
                    moment.add_product(w, self.point(i)[k] - origin);
                }
                origin + moment.value() / self.total()
            })
            .collect()
    }
}

/// `n` finite points in R^d, row by row. Cloning is cheap: the numbers are shared.
#[derive(Clone)]
pub struct Points {
    coordinates: Coordinates,
    dim: usize,
}

/// Numbers of one's own, or lent by whoever holds them.
#[derive(Clone)]
enum Coordinates {
    Own(Arc<[f64]>),
    Lent(Arc<dyn AsRef<[f64]> + Send + Sync>),
}

impl Deref for Coordinates {
    type Target = [f64];

    #[inline]
    fn deref(&self) -> &[f64] {
        match self {
            Self::Own(numbers) => numbers,
            Self::Lent(holder) => (**holder).as_ref(),
        }
    }
}

impl Points {
    /// Points from their coordinates, row by row.
    ///
    /// # Errors
    /// When there are no points, `dim` is 0, the length is not a multiple of `dim`, or a coordinate is not finite.
    pub fn from_rows(coordinates: impl Into<Arc<[f64]>>, dim: usize) -> Result<Self> {
        Self::checked(Coordinates::Own(coordinates.into()), dim)
    }

    /// Points that are read where they lie, row by row, without a copy: `holder` keeps them, and must not change them.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use earthwork::measure::Points;
    ///
    /// let mapped: Arc<Vec<f64>> = Arc::new(vec![0.0, 0.5, 1.0, 1.5]);
    /// let points = Points::lent(mapped.clone(), 2)?;
    /// assert_eq!((points.len(), points.point(1)), (2, &[1.0, 1.5][..]));
    /// assert!(std::ptr::eq(points.as_slice(), &mapped[..]));
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Points::from_rows`].
    pub fn lent(holder: Arc<dyn AsRef<[f64]> + Send + Sync>, dim: usize) -> Result<Self> {
        Self::checked(Coordinates::Lent(holder), dim)
    }

    fn checked(coordinates: Coordinates, dim: usize) -> Result<Self> {
        let wrong = |kind| Err(Error::new("points", kind));
        if dim == 0 {
            return wrong(ErrorKind::Empty("coordinate"));
        }
        if coordinates.is_empty() {
            return wrong(ErrorKind::Empty("point"));
        }
        if !coordinates.len().is_multiple_of(dim) {
            let (found, expected) = (coordinates.len(), coordinates.len().next_multiple_of(dim));
            let reason = "a whole number of points";
            return wrong(ErrorKind::Length { what: "coordinates", expected, found, reason });
        }
        if let Some(at) = coordinates.iter().position(|v| !v.is_finite()) {
            return wrong(ErrorKind::Coordinate { point: at / dim, coordinate: at % dim, value: coordinates[at] });
        }
        Ok(Self { coordinates, dim })
    }

    /// Number of points.
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.coordinates.len() / self.dim
    }

    /// Dimension.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Point `i`, of length d.
    #[inline]
    pub fn point(&self, i: usize) -> &[f64] {
        &self.coordinates[i * self.dim..(i + 1) * self.dim]
    }

    /// All points in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> + Clone {
        self.coordinates.chunks_exact(self.dim)
    }

    /// All coordinates, row by row.
    pub fn as_slice(&self) -> &[f64] {
        &self.coordinates
    }

    /// The coordinates column by column: those of the points themselves on a line.
    pub(crate) fn columns(&self) -> Arc<[f64]> {
        if let (1, Coordinates::Own(numbers)) = (self.dim, &self.coordinates) {
            return Arc::clone(numbers);
        }
        let mut columns: Arc<[f64]> = repeat_n(0.0, self.coordinates.len()).collect();
        let own = Arc::get_mut(&mut columns).expect("nobody else has it yet");
        for (k, column) in own.chunks_exact_mut(self.len()).enumerate() {
            column.iter_mut().zip(self.iter()).for_each(|(to, point)| *to = point[k]);
        }
        columns
    }

    /// The least and the largest value of each coordinate.
    pub(crate) fn ranges(&self) -> Vec<(f64, f64)> {
        ranges(&self.coordinates, self.dim)
    }

    /// The points as an array of shape (n, d).
    ///
    /// # Panics
    /// Never: the coordinates number n · d by construction.
    pub fn view(&self) -> ArrayView2<'_, f64> {
        ArrayView2::from_shape((self.len(), self.dim), &self.coordinates).expect("the length is n times d")
    }
}

impl PartialEq for Points {
    fn eq(&self, other: &Self) -> bool {
        self.dim == other.dim && *self.coordinates == *other.coordinates
    }
}

impl fmt::Debug for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Points").field("coordinates", &&*self.coordinates).field("dim", &self.dim).finish()
    }
}

/// Anything that points can be made of.
///
/// Implemented for ndarray arrays and views of two dimensions (n, d) and of one (n points on a line), for `Vec`,
/// slices and references of `[f64; D]`, and for [`Points`].
pub trait IntoPoints {
    /// Copies (or takes) the coordinates and checks them.
    ///
    /// # Errors
    /// When there are no points, they have no coordinates, or a coordinate is NaN or infinite.
    fn into_points(self) -> Result<Points>;
}

impl IntoPoints for Points {
    fn into_points(self) -> Result<Points> {
        Ok(self)
    }
}

impl IntoPoints for &Points {
    fn into_points(self) -> Result<Points> {
        Ok(self.clone())
    }
}

impl IntoPoints for ArrayView2<'_, f64> {
    fn into_points(self) -> Result<Points> {
        let dim = self.ncols();
        match self.as_slice() {
            Some(rows) => Points::from_rows(rows, dim),
            None => Points::from_rows(self.iter().copied().collect::<Vec<_>>(), dim),
        }
    }
}

impl IntoPoints for Array2<f64> {
    fn into_points(self) -> Result<Points> {
        let dim = self.ncols();
        if !self.is_standard_layout() {
            return self.view().into_points();
        }
        let (rows, offset) = self.into_raw_vec_and_offset();
        match offset {
            Some(start) if start > 0 => Points::from_rows(&rows[start..], dim),
            _ => Points::from_rows(rows, dim),
        }
    }
}

impl IntoPoints for &Array2<f64> {
    fn into_points(self) -> Result<Points> {
        self.view().into_points()
    }
}

impl IntoPoints for ArrayView1<'_, f64> {
    fn into_points(self) -> Result<Points> {
        Points::from_rows(self.iter().copied().collect::<Vec<_>>(), 1)
    }
}

impl IntoPoints for Array1<f64> {
    fn into_points(self) -> Result<Points> {
        self.view().into_points()
    }
}

impl IntoPoints for &Array1<f64> {
    fn into_points(self) -> Result<Points> {
        self.view().into_points()
    }
}

impl<const D: usize> IntoPoints for &[[f64; D]] {
    fn into_points(self) -> Result<Points> {
        Points::from_rows(self.as_flattened(), D)
    }
}

impl<const D: usize> IntoPoints for Vec<[f64; D]> {
    fn into_points(self) -> Result<Points> {
        Points::from_rows(self.into_flattened(), D)
    }
}

impl<const D: usize> IntoPoints for &Vec<[f64; D]> {
    fn into_points(self) -> Result<Points> {
        self.as_slice().into_points()
    }
}

impl<const D: usize, const N: usize> IntoPoints for [[f64; D]; N] {
    fn into_points(self) -> Result<Points> {
        self.as_slice().into_points()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{array, s};

    #[test]
    fn every_source_gives_the_same_points() {
        let rows = array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
        let transposed = array![[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]];
        let expected = Samples::new(vec![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]).unwrap();
        assert_eq!(Samples::new(&rows).unwrap(), expected);
        assert_eq!(Samples::new(rows.view()).unwrap(), expected);
        assert_eq!(Samples::new(transposed.t()).unwrap(), expected);
        assert_eq!(Samples::new(transposed.t().to_owned()).unwrap(), expected);
        assert_eq!(Samples::new(transposed.reversed_axes()).unwrap(), expected);
        assert_eq!(Samples::new([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]).unwrap(), expected);
        let larger = array![[9.0, 9.0], [0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
        assert_eq!(Samples::new(larger.clone().slice_move(s![1.., ..])).unwrap(), expected);
        assert_eq!(Samples::new(larger.slice(s![1.., ..])).unwrap(), expected);
    }

    #[test]
    fn an_array_of_one_dimension_is_points_on_a_line() {
        let line = Samples::new(array![1.0, 2.0, 4.0]).unwrap();
        assert_eq!((line.len(), line.dim()), (3, 1));
    }

    #[test]
    fn wrong_points_are_named() {
        let message = |points: Array2<f64>| Samples::new(points).unwrap_err().to_string();
        assert!(message(array![[0.0, f64::INFINITY]]).starts_with("points: point 0, coordinate 1 is inf"));
        assert_eq!(message(Array2::zeros((0, 3))), "points: it is empty; at least one point is needed");
        assert_eq!(message(Array2::zeros((3, 0))), "points: it is empty; at least one coordinate is needed");
        let error = Samples::weighted([[0.0], [1.0]], [1.0]).unwrap_err().to_string();
        assert_eq!(error, "weights: it has 1 weights, but 2 are needed (one for each point)");
    }

    #[test]
    fn the_mean_of_far_points_keeps_its_digits() {
        let far = Samples::weighted([[1e8], [1e8 + 1.0]], [1.0, 3.0]).unwrap();
        assert_eq!(far.mean(), [1e8 + 0.75]);
    }
}
