//! A cost matrix that the caller brings.

use std::ops::Range;

use ndarray::{ArrayView2, CowArray, Ix2};

use crate::cost::{CostMatrix, Origin};
use crate::error::{Error, ErrorKind, Result};

/// A dense cost matrix of shape (n, m), owned or borrowed. Every entry is a number, by construction; costs may be negative, and
/// +∞ means that a row and a column are no pair. A matrix that is not in row-major order is copied once.
#[derive(Debug, Clone)]
pub struct DenseCost<'a> {
    matrix: CowArray<'a, f64, Ix2>,
}

impl<'a> DenseCost<'a> {
    /// The given matrix: an `Array2`, or a view of one.
    ///
    /// # Errors
    /// When it is empty or an entry is NaN or −∞.
    pub fn new(matrix: impl Into<CowArray<'a, f64, Ix2>>) -> Result<Self> {
        let matrix = matrix.into();
        let wrong = |kind| Err(Error::new("cost matrix", kind));
        if matrix.nrows() == 0 {
            return wrong(ErrorKind::Empty("row"));
        }
        if matrix.ncols() == 0 {
            return wrong(ErrorKind::Empty("column"));
        }
        let matrix = if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned().into() };
        let columns = matrix.ncols();
        if let Some(at) = matrix.iter().position(|c| !may_be_cost(*c)) {
            let (row, column) = (at / columns, at % columns);
            return wrong(ErrorKind::Cost { row, column, value: matrix[[row, column]] });
        }
        Ok(Self { matrix })
    }

    /// All entries, row by row, which were checked when they were made.
    pub(crate) fn known(shape: (usize, usize), entries: &'a [f64]) -> Self {
        debug_assert!(entries.iter().all(|c| c.is_finite()));
        Self { matrix: ArrayView2::from_shape(shape, entries).expect("a cost for each pair").into() }
    }

    /// The matrix.
    pub fn view(&self) -> ArrayView2<'_, f64> {
        self.matrix.view()
    }

    fn entries(&self) -> &[f64] {
        self.matrix.as_slice().expect("the matrix is in row-major order")
    }
}

/// Whether a number may be an entry: +∞ is not a pair.
pub(crate) fn may_be_cost(c: f64) -> bool {
    c > f64::NEG_INFINITY
}

impl CostMatrix for DenseCost<'_> {
    fn shape(&self) -> (usize, usize) {
        self.matrix.dim()
    }

    fn fill(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f64]) {
        let (entries, width) = (self.entries(), self.matrix.ncols());
        for (i, row) in rows.zip(out.chunks_exact_mut(columns.len())) {
            row.copy_from_slice(&entries[i * width..][columns.clone()]);
        }
    }

    fn origin(&self) -> Origin<'_> {
        Origin::Matrix(self.entries())
    }

    fn entry(&self, row: usize, column: usize) -> f64 {
        self.matrix[[row, column]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn any_memory_order_gives_the_same_tiles() {
        let matrix = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let transposed = array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]];
        for cost in [
            DenseCost::new(&matrix).unwrap(),
            DenseCost::new(matrix.clone()).unwrap(),
            DenseCost::new(transposed.t()).unwrap(),
        ] {
            let mut tile = [0.0; 4];
            cost.fill(0..2, 1..3, &mut tile);
            assert_eq!(tile, [2.0, 3.0, 5.0, 6.0]);
            assert_eq!(cost.entry(1, 0), 4.0);
        }
    }

    #[test]
    fn wrong_entries_are_named() {
        let message = |m: ndarray::Array2<f64>| DenseCost::new(m).unwrap_err().to_string();
        assert_eq!(
            message(array![[1.0, 2.0], [3.0, f64::NAN]]),
            "cost matrix: the cost in row 1, column 1 is NaN; every cost must be a number"
        );
        assert!(message(array![[1.0, f64::NEG_INFINITY]]).contains("row 0, column 1 is -inf"));
        assert!(DenseCost::new(array![[1.0, f64::INFINITY]]).is_ok());
        assert!(message(ndarray::Array2::zeros((0, 2))).contains("empty"));
    }
}
