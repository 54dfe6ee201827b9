//! The values that an interval goes by.

use crate::error::{Error, ErrorKind, Result};
use crate::estimate::{Discrepancy, Estimate};
use crate::measure::Samples;

/// The values of draws; none where a limit of the discrepancy's own ended the work.
pub(super) fn unless_ended(values: Result<Vec<f64>>) -> Result<Option<Vec<f64>>> {
    match values {
        Err(error) if *error.kind() == ErrorKind::Ended => Ok(None),
        values => values.map(Some),
    }
}

/// The value between two samples, where there can be an interval around it.
pub(super) fn finite<D: Discrepancy + ?Sized>(d: &D, x: &Samples, y: &Samples) -> Result<Estimate> {
    let estimate = d.between(x, y)?;
    if !estimate.value.is_finite() {
        let why = format!("the value is {}; there is no interval around it", estimate.value);
        return Err(Error::new(d.name(), ErrorKind::Unsupported(why.into())));
    }
    Ok(estimate)
}
