//! The whole job.

use earthwork::compare::{Compare, Comparison};
use earthwork::transport::Observer;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::data::Samples;
use crate::estimate::estimated;
use crate::running::{Watching, watched};

/// A dictionary with `rows`, `columns`, `flows`, `test`.
#[pyfunction]
#[pyo3(signature = (x, y, others_up_to, flow_groups, seed, tolerance = None, time_limit = None, progress = None))]
#[expect(clippy::too_many_arguments, reason = "the options of a comparison")]
pub(crate) fn compare<'py>(
    py: Python<'py>,
    x: &Samples,
    y: &Samples,
    others_up_to: usize,
    flow_groups: usize,
    seed: u64,
    tolerance: Option<f64>,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let found = watched(py, Watching::new(time_limit, progress), move |interrupt, observer| {
        let mut compare = Compare::default().with_seed(seed);
        (compare.others_up_to, compare.flow_groups) = (others_up_to, flow_groups);
        (compare.time_limit, compare.cancel, compare.tolerance) = (interrupt.time, interrupt.cancel, tolerance);
        compare.between_observed(&x, &y, &mut |_, progress| observer.observe(progress))
    })?;
    told(py, found)
}

fn told(py: Python<'_>, found: Comparison) -> PyResult<Bound<'_, PyDict>> {
    let out = PyDict::new(py);
    let rows = PyList::empty(py);
    for row in &found.rows {
        let estimate = estimated(row.estimate()).into_pyobject(py)?;
        rows.append((
            row.name,
            "transport",
            estimate,
            row.solution.status.to_string(),
            row.solution.report.time.as_secs_f64(),
        ))?;
    }
    for other in found.others {
        let time = other.time.as_secs_f64();
        match other.outcome {
            Ok(estimate) => rows.append((other.name, other.group, estimated(estimate).into_pyobject(py)?, "", time))?,
            Err(why) => rows.append((other.name, other.group, py.None(), why.to_string(), time))?,
        }
    }
    out.set_item("rows", rows)?;
    let columns: Vec<_> = found
        .columns
        .iter()
        .zip(&found.scales)
        .map(|(column, scale)| (column.share, column.shift, column.source_mean, column.target_mean, scale.deviation))
        .collect();
    out.set_item("columns", columns)?;
    let flows: Vec<_> =
        found.flows.into_iter().map(|flow| (flow.share, flow.cost_share, flow.stays(), flow.from, flow.to)).collect();
    out.set_item("flows", flows)?;
    out.set_item("p_value", found.test.map(|test| (test.p_value, test.permutations())))?;
    Ok(out)
}
