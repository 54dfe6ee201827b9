//! Masses on bins: unordered categories, or the cells of a regular grid.

use ndarray::{ArrayD, ArrayViewD, Dimension, IxDyn};

use crate::error::{Error, ErrorKind, Result, require};
use crate::measure::{Points, Samples, Weights};

/// Masses on bins.
///
/// A histogram of *categories* knows only its bins; a histogram on a *grid* of any dimension also knows where each
/// bin lies: bin (i₁, …, i_d) is centred at `origin + spacing · (i₁, …, i_d)`. An image is a grid of two dimensions: row
/// first, then column.
///
/// ```
/// use earthwork::measure::Histogram;
///
/// let image = Histogram::grid(ndarray::array![[0.0, 1.0], [2.0, 3.0]])?.with_spacing(0.5)?;
/// assert_eq!(image.shape(), [2, 2]);
/// assert_eq!(image.to_samples()?.point(3), [0.5, 0.5]);
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    masses: Weights,
    /// Empty for categories.
    shape: Vec<usize>,
    origin: Vec<f64>,
    spacing: f64,
}

impl Histogram {
    /// Masses on unordered categories.
    ///
    /// # Errors
    /// When there are none, one is negative, NaN or infinite, or all are zero.
    pub fn categories(masses: impl Into<Vec<f64>>) -> Result<Self> {
        Ok(Self { masses: Weights::new(masses.into())?, shape: Vec::new(), origin: Vec::new(), spacing: 1.0 })
    }

    /// Masses on a regular grid, at unit spacing from the origin. The array has one axis for each dimension.
    ///
    /// # Errors
    /// When there are no cells, a mass is negative, NaN or infinite, or all are zero.
    pub fn grid<D: Dimension>(masses: ndarray::Array<f64, D>) -> Result<Self> {
        let masses = masses.into_dyn();
        if masses.ndim() == 0 {
            return Err(Error::new("masses", ErrorKind::Empty("axis")));
        }
        let shape = masses.shape().to_vec();
        let origin = vec![0.0; shape.len()];
        let weights = Weights::new(masses.iter().copied().collect::<Vec<_>>())?;
        Ok(Self { masses: weights, shape, origin, spacing: 1.0 })
    }

    /// Sets the distance between neighboring cells.
    ///
    /// # Errors
    /// When the spacing is not a positive finite number.
    pub fn with_spacing(self, spacing: f64) -> Result<Self> {
        require("spacing", spacing, spacing > 0.0 && spacing.is_finite(), "it must be positive and finite")?;
        Ok(Self { spacing, ..self })
    }

    /// Sets the center of the first cell, of length d.
    ///
    /// # Errors
    /// When the length is not the number of axes, or a coordinate is not finite.
    pub fn with_origin(self, origin: impl Into<Vec<f64>>) -> Result<Self> {
        let origin = origin.into();
        if origin.len() != self.shape.len() {
            let (expected, found) = (self.shape.len(), origin.len());
            let kind = ErrorKind::Length { what: "coordinates", expected, found, reason: "one for each axis" };
            return Err(Error::new("origin", kind));
        }
        for &value in &origin {
            require("origin", value, value.is_finite(), "it must be finite")?;
        }
        Ok(Self { origin, ..self })
    }

    /// The masses, in row-major order.
    pub fn masses(&self) -> &Weights {
        &self.masses
    }

    /// Number of bins.
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.masses.len()
    }

    /// Cells along each axis; empty for categories.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether the bins are cells of a regular grid.
    pub fn is_grid(&self) -> bool {
        !self.shape.is_empty()
    }

    /// Distance between neighbouring cells.
    pub fn spacing(&self) -> f64 {
        self.spacing
    }

    /// Whether the bins of both are the same: as many categories, or grids of one shape, origin and spacing.
    pub fn has_bins_of(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.shape == other.shape
            && self.origin == other.origin
            && self.spacing == other.spacing
    }

    /// The masses as an array of the grid's shape (one axis for categories).
    ///
    /// # Panics
    /// Never: the shape counts the masses by construction.
    pub fn view(&self) -> ArrayViewD<'_, f64> {
        let shape = if self.is_grid() { IxDyn(&self.shape) } else { IxDyn(&[self.len()]) };
        ArrayViewD::from_shape(shape, self.masses.as_slice()).expect("the shape counts the masses")
    }

    /// Divides the masses by their sum.
    #[must_use]
    pub fn normalised(&self) -> Self {
        Self { masses: self.masses.normalised(), ..self.clone() }
    }

    /// The cells as weighted points, in row-major order.
    ///
    /// # Errors
    /// For categories, which lie nowhere.
    pub fn to_samples(&self) -> Result<Samples> {
        if !self.is_grid() {
            let why = "categories have no coordinates; give a cost matrix between them instead";
            return Err(Error::new("histogram", ErrorKind::Unsupported(why.into())));
        }
        let coordinates: Vec<f64> = ndarray::indices(IxDyn(&self.shape))
            .into_iter()
            .flat_map(|cell| {
                let centre: Vec<f64> =
                    self.origin.iter().enumerate().map(|(k, o)| self.spacing.mul_add(cell[k] as f64, *o)).collect();
                centre
            })
            .collect();
        Samples::with_weights(Points::from_rows(coordinates, self.shape.len())?, self.masses.clone())
    }
}

impl From<Histogram> for ArrayD<f64> {
    fn from(histogram: Histogram) -> Self {
        histogram.view().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};

    #[test]
    fn cells_lie_where_they_should() {
        let grid = Histogram::grid(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).unwrap();
        let samples = grid.with_spacing(2.0).unwrap().with_origin([10.0, 20.0]).unwrap().to_samples().unwrap();
        assert_eq!(samples.point(1), [10.0, 22.0]);
        assert_eq!(samples.point(3), [12.0, 20.0]);
        assert_eq!(samples.weights().as_slice()[3], 4.0);
        assert_eq!(samples.total(), 21.0);
    }

    #[test]
    fn a_transposed_array_keeps_its_cells() {
        let image = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let histogram = Histogram::grid(image.clone().reversed_axes()).unwrap();
        assert_eq!(histogram.view().into_dimensionality::<ndarray::Ix2>().unwrap(), image.t());
    }

    #[test]
    fn grids_of_three_dimensions_work_and_categories_have_no_points() {
        let samples = Histogram::grid(Array3::ones((2, 3, 4))).unwrap().to_samples().unwrap();
        assert_eq!((samples.len(), samples.dim()), (24, 3));
        assert_eq!(samples.point(23), [1.0, 2.0, 3.0]);
        assert!(Histogram::categories([1.0, 2.0]).unwrap().to_samples().is_err());
        assert!(Histogram::grid(array![0.0, -1.0]).is_err());
    }
}
