//! Exact transport.

use std::sync::Arc;

use earthwork::compare;
use earthwork::cost::GroundCost;
use earthwork::exact;
use earthwork::measure::Histogram;
use earthwork::prelude::{Problem, Solution as Solved};
use earthwork::transport::{Bounds, Plan, Potentials, Root};
use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::data::{Entries, Pair, Samples, entries, ground, pair, weights};
use crate::estimate::{Estimate, estimated};
use crate::failure::{of_matrix, raised};
use crate::kept;
use crate::running::{Watching, at_once, run, watched};

/// The points and the ground cost that were solved.
struct Posed {
    x: earthwork::prelude::Samples,
    y: earthwork::prelude::Samples,
    ground: Arc<dyn GroundCost>,
}

/// A plan, potentials, bounds and how they came about.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Solution")]
pub(crate) struct Solution {
    solved: Solved,
    posed: Option<Posed>,
    /// The order of the distance that a root of the cost is, where there is one.
    order: Option<f64>,
}

/// What was pickled of a solution.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Kept<'py> {
    shape: (usize, usize),
    plan: kept::Entries<'py>,
    end: kept::Ended<'py>,
    transport_cost: f64,
    posed: Option<kept::Posed<'py>>,
    order: Option<f64>,
}

#[pymethods]
impl Solution {
    #[new]
    fn new(state: Kept<'_>) -> PyResult<Self> {
        let posed = state.posed.map(|(x, y, cost)| -> PyResult<Posed> {
            Ok(Posed { x: x.0.clone(), y: y.0.clone(), ground: ground(&cost)? })
        });
        let solved = Solved {
            plan: state.plan.plan(state.shape)?,
            potentials: state.end.potentials(),
            transport_cost: state.transport_cost,
            bounds: state.end.bounds(),
            status: state.end.status()?,
            report: state.end.report(),
        };
        Ok(Self { solved, posed: posed.transpose()?, order: state.order })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, (Bound<'py, PyDict>,))> {
        let (py, this, state) = (slf.py(), slf.get(), PyDict::new(slf.py()));
        let Solved { plan, potentials, transport_cost, bounds, status, report } = &this.solved;
        state.set_item("shape", plan.shape())?;
        state.set_item("plan", kept::keep_plan(py, plan)?)?;
        state.set_item("end", kept::keep_end(py, potentials, *bounds, *status, report)?)?;
        state.set_item("transport_cost", transport_cost)?;
        let posed = this
            .posed
            .as_ref()
            .map(|Posed { x, y, ground }| (Samples::from(x.clone()), Samples::from(y.clone()), ground.name()));
        state.set_item("posed", posed)?;
        state.set_item("order", this.order)?;
        Ok((slf.get_type(), (state,)))
    }

    #[getter]
    fn transport_cost(&self) -> f64 {
        self.solved.transport_cost
    }

    #[getter]
    fn bounds(&self) -> Option<(f64, f64)> {
        self.solved.bounds.map(|Bounds { lower, upper, .. }| (lower, upper))
    }

    #[getter]
    fn relative_gap(&self) -> Option<f64> {
        self.solved.bounds.map(|bounds| bounds.relative_gap())
    }

    #[getter]
    fn status(&self) -> String {
        self.solved.status.to_string()
    }

    #[getter]
    fn method(&self) -> &'static str {
        self.solved.report.method
    }

    #[getter]
    fn iterations(&self) -> u64 {
        self.solved.report.iterations
    }

    #[getter]
    fn time(&self) -> f64 {
        self.solved.report.time.as_secs_f64()
    }

    #[getter]
    fn memory(&self) -> usize {
        self.solved.report.memory
    }

    #[getter]
    fn shape(&self) -> (usize, usize) {
        self.solved.plan.shape()
    }

    fn entries<'py>(&self, py: Python<'py>) -> Entries<'py> {
        entries(py, &self.solved.plan)
    }

    fn potentials<'py>(&self, py: Python<'py>) -> Pair<'py> {
        pair(py, &self.solved.potentials)
    }

    #[getter]
    fn order(&self) -> Option<f64> {
        self.order
    }

    /// The root of order p of the transport cost, with its bounds.
    fn rooted(&self, py: Python<'_>, p: f64) -> PyResult<Estimate> {
        if let Some(Posed { x, y, ground }) = &self.posed {
            at_once(py, || {
                let problem = Problem::between_shared(x, y, Arc::clone(ground))?;
                exact::refuse_underflow(&problem, &self.solved)
            })?;
        }
        Ok(estimated(Root::new(p).estimate(&self.solved.summary())))
    }

    /// By source points, target points, source masses, target masses.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Pair<'py>)> {
        let Posed { x, y, ground } = self.between("gradient")?;
        let found = at_once(py, || {
            let problem = Problem::between_shared(x, y, Arc::clone(ground))?;
            earthwork::transport::gradient(&problem, &self.solved.plan, &self.solved.potentials)
        })?;
        let masses = (found.source_masses.to_pyarray(py), found.target_masses.to_pyarray(py));
        Ok((found.source_points.to_pyarray(py), found.target_points.to_pyarray(py), masses))
    }

    /// How W₂² of the plan divides over the columns: share, shift, means of both sides.
    fn columns(&self, py: Python<'_>) -> PyResult<Vec<(f64, f64, f64, f64)>> {
        let Posed { x, y, .. } = self.between("columns")?;
        let found = at_once(py, || compare::cost_by_column(x, y, &self.solved.plan))?;
        Ok(found.into_iter().map(|c| (c.share, c.shift, c.source_mean, c.target_mean)).collect())
    }

    /// The movements in some groups: share of the mass and of the cost, whether it stays, from where to where.
    fn flows(&self, py: Python<'_>, groups: usize) -> PyResult<Vec<(f64, f64, bool, Vec<f64>, Vec<f64>)>> {
        let Posed { x, y, .. } = self.between("flows")?;
        let found = at_once(py, || compare::group_flows(x, y, &self.solved.plan, groups))?;
        Ok(found.into_iter().map(|flow| (flow.share, flow.cost_share, flow.stays(), flow.from, flow.to)).collect())
    }

    fn __str__(&self) -> String {
        self.solved.to_string()
    }
}

impl Solution {
    /// The points, which some questions need.
    fn between(&self, asked: &str) -> PyResult<&Posed> {
        let why = || PyValueError::new_err(format!("{asked}: it needs points; a matrix and a grid have none"));
        self.posed.as_ref().ok_or_else(why)
    }
}

/// What a solve begins with: a former solution, or a plan (rows, columns, masses) with potentials.
#[derive(FromPyObject)]
pub(crate) enum Start<'py> {
    Solved(PyRef<'py, Solution>),
    Own {
        #[pyo3(item)]
        rows: PyReadonlyArray1<'py, i64>,
        #[pyo3(item)]
        columns: PyReadonlyArray1<'py, i64>,
        #[pyo3(item)]
        masses: PyReadonlyArray1<'py, f64>,
        #[pyo3(item)]
        f: Vec<f64>,
        #[pyo3(item)]
        g: Vec<f64>,
    },
}

impl Start<'_> {
    /// Its plan of that shape, and its potentials.
    fn guess(self, shape: (usize, usize)) -> PyResult<(Plan, Potentials)> {
        match self {
            Self::Solved(start) => Ok((start.solved.plan.clone(), start.solved.potentials.clone())),
            Self::Own { rows, columns, masses, f, g } => {
                Ok((kept::Entries { rows, columns, masses }.plan(shape)?, Potentials { f, g }))
            }
        }
    }
}

/// Between samples, from something to begin with where it is given.
#[pyfunction]
#[pyo3(signature = (x, y, cost, start = None, tolerance = 0.0, time_limit = None, progress = None))]
#[expect(clippy::too_many_arguments, reason = "the options of a solve")]
pub(crate) fn exact_solve(
    py: Python<'_>,
    x: &Samples,
    y: &Samples,
    cost: &str,
    start: Option<Start<'_>>,
    tolerance: f64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Solution> {
    let posed = Posed { x: x.0.clone(), y: y.0.clone(), ground: ground(cost)? };
    let former = start.map(|start| start.guess((x.0.len(), y.0.len()))).transpose()?;
    let watching = Watching::new(time_limit, progress).within(tolerance).on(x.0.len(), y.0.len());
    watched(py, watching, move |interrupt, observer| {
        let problem = Problem::between_shared(&posed.x, &posed.y, Arc::clone(&posed.ground))?;
        let solved = match former {
            None => exact::solve_observed(&problem, interrupt, observer)?,
            Some((plan, potentials)) => exact::solve_from(&problem, (&plan, &potentials))?,
        };
        let order = posed.ground.form().order();
        Ok(Solution { solved, posed: Some(posed), order })
    })
}

/// Under a matrix of costs, which is read where it lies, from something to begin with where it is given.
#[pyfunction]
#[pyo3(signature = (costs, a, b, tolerance = 0.0, time_limit = None, progress = None, start = None))]
#[expect(clippy::too_many_arguments, reason = "the options of a solve")]
pub(crate) fn exact_solve_matrix(
    py: Python<'_>,
    costs: Py<PyArray2<f64>>,
    a: PyReadonlyArray1<'_, f64>,
    b: PyReadonlyArray1<'_, f64>,
    tolerance: f64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
    start: Option<Start<'_>>,
) -> PyResult<Solution> {
    let (a, b) = (weights("a", a)?, weights("b", b)?);
    let former = start.map(|start| start.guess((a.len(), b.len()))).transpose()?;
    let watching = Watching::new(time_limit, progress).within(tolerance).on(a.len(), b.len());
    watched(py, watching, move |interrupt, observer| {
        Python::attach(|py| {
            let costs = costs.bind(py).readonly();
            let view = costs.as_array();
            py.detach(move || {
                let problem = Problem::with_matrix(a, b, view)?;
                let solved = match former {
                    None => exact::solve_observed(&problem, interrupt, observer),
                    Some((plan, potentials)) => exact::solve_from(&problem, (&plan, &potentials)),
                };
                Ok(Solution { solved: solved.map_err(of_matrix)?, posed: None, order: None })
            })
        })
    })
}

/// Between masses on grids.
#[pyfunction]
#[pyo3(signature = (a, b, cost, spacing = 1.0, tolerance = 0.0, time_limit = None, progress = None))]
#[expect(clippy::too_many_arguments, reason = "the options of a solve")]
pub(crate) fn exact_solve_grid(
    py: Python<'_>,
    a: PyReadonlyArrayDyn<'_, f64>,
    b: PyReadonlyArrayDyn<'_, f64>,
    cost: &str,
    spacing: f64,
    tolerance: f64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Solution> {
    let (a, b, ground) = (histogram("A", &a, spacing)?, histogram("B", &b, spacing)?, ground(cost)?);
    let order = ground.form().order();
    watched(py, Watching::new(time_limit, progress).within(tolerance), move |interrupt, observer| {
        let mut solver = exact::Grid::default();
        solver.interrupt = interrupt;
        let solved = solver.solve_observed(&a, &b, ground, observer)?;
        Ok(Solution { solved, posed: None, order })
    })
}

/// Masses on the cells of a grid.
pub(crate) fn histogram(
    argument: &'static str,
    masses: &PyReadonlyArrayDyn<'_, f64>,
    spacing: f64,
) -> PyResult<Histogram> {
    let owned = masses.as_array().as_standard_layout().into_owned();
    let grid = Histogram::grid(owned).map_err(|error| raised(&error.about(argument)))?;
    if spacing == 1.0 {
        return Ok(grid);
    }
    grid.with_spacing(spacing).map_err(|error| raised(&error))
}

#[pyfunction]
pub(crate) fn wasserstein(py: Python<'_>, x: &Samples, y: &Samples, p: f64) -> PyResult<Estimate> {
    let (x, y) = (x.0.clone(), y.0.clone());
    let watching = Watching::default().on(x.len(), y.len());
    watched(py, watching, move |_, _| exact::wasserstein(&x, &y, p).map(estimated))
}

/// The largest cost, a lower bound, the plan as (sources, targets, masses), the cut and the status.
#[pyfunction]
#[pyo3(signature = (costs, a, b, time_limit = None, progress = None))]
pub(crate) fn exact_bottleneck(
    py: Python<'_>,
    costs: PyReadonlyArray2<'_, f64>,
    a: PyReadonlyArray1<'_, f64>,
    b: PyReadonlyArray1<'_, f64>,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(f64, f64, Vec<(usize, usize, f64)>, Vec<usize>, String)> {
    let (a, b, costs) = (weights("a", a)?, weights("b", b)?, costs.as_array().to_owned());
    let watching = Watching::new(time_limit, progress).on(a.len(), b.len());
    watched(py, watching, move |interrupt, observer| {
        let problem = Problem::with_matrix(a, b, costs)?;
        let found = exact::bottleneck_observed(&problem, interrupt, observer).map_err(of_matrix)?;
        let flows = found.plan.flows().iter().map(|flow| (flow.source, flow.target, flow.mass)).collect();
        Ok((found.value, found.lower, flows, found.cut, found.status.to_string()))
    })
}

#[pyfunction]
pub(crate) fn circle(py: Python<'_>, x: &Samples, y: &Samples, period: f64, p: f64) -> PyResult<Estimate> {
    let (x, y) = (x.0.clone(), y.0.clone());
    run(py, move || exact::circle(&x, &y, period, p).map(estimated))
}

/// The lower end, the upper end, and both as one estimate.
#[pyfunction]
#[pyo3(signature = (x, y, folds, seed, time_limit = None, progress = None))]
pub(crate) fn population(
    py: Python<'_>,
    x: &Samples,
    y: &Samples,
    folds: usize,
    seed: u64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Estimate, Estimate, Estimate)> {
    let (x, y) = (x.0.clone(), y.0.clone());
    watched(py, Watching::new(time_limit, progress), move |interrupt, observer| {
        let method = exact::Population::default().with_folds(folds).with_seed(seed).with_interrupt(interrupt);
        let found = method.bracket_observed(&x, &y, observer)?;
        let both = found.estimate();
        Ok((estimated(found.lower), estimated(found.upper), estimated(both)))
    })
}

/// Many problems in parallel; a problem that was not begun before an early end has no solution.
#[pyfunction]
#[pyo3(signature = (pairs, cost, tolerance = 0.0, time_limit = None, progress = None))]
pub(crate) fn exact_batch(
    py: Python<'_>,
    pairs: Vec<(PyRef<'_, Samples>, PyRef<'_, Samples>)>,
    cost: &str,
    tolerance: f64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<Option<Solution>>> {
    let ground = ground(cost)?;
    let posed = |(x, y): &(PyRef<'_, Samples>, PyRef<'_, Samples>)| Posed {
        x: x.0.clone(),
        y: y.0.clone(),
        ground: Arc::clone(&ground),
    };
    let posed: Vec<Posed> = pairs.iter().map(posed).collect();
    watched(py, Watching::new(time_limit, progress).within(tolerance), move |interrupt, observer| {
        let problem = |(k, posed): (usize, &Posed)| {
            let found = Problem::between_shared(&posed.x, &posed.y, Arc::clone(&posed.ground));
            found.map_err(|error| {
                let argument = format!("pairs[{k}], {}", error.argument());
                error.about(argument)
            })
        };
        let problems: Vec<Problem> = posed.iter().enumerate().map(problem).collect::<earthwork::Result<_>>()?;
        let found = exact::batch_observed(&problems, interrupt, observer)?;
        drop(problems);
        let order = ground.form().order();
        let kept = |(solved, posed): (Option<Solved>, Posed)| {
            solved.map(|solved| Solution { solved, posed: Some(posed), order })
        };
        Ok(found.solutions.into_iter().zip(posed).map(kept).collect())
    })
}

/// What moving a part of the mass costs.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Partial")]
pub(crate) struct Partial(exact::PartialSolution);

#[pymethods]
impl Partial {
    #[getter]
    fn transport_cost(&self) -> f64 {
        self.0.transport_cost
    }

    #[getter]
    fn bounds(&self) -> (f64, f64) {
        (self.0.lower, self.0.upper)
    }

    #[getter]
    fn price(&self) -> f64 {
        self.0.price
    }

    #[getter]
    fn status(&self) -> String {
        self.0.status.to_string()
    }

    #[getter]
    fn method(&self) -> &'static str {
        self.0.report.method
    }

    #[getter]
    fn time(&self) -> f64 {
        self.0.report.time.as_secs_f64()
    }

    #[getter]
    fn shape(&self) -> (usize, usize) {
        self.0.plan.shape()
    }

    fn entries<'py>(&self, py: Python<'py>) -> Entries<'py> {
        entries(py, &self.0.plan)
    }

    fn potentials<'py>(&self, py: Python<'py>) -> Pair<'py> {
        pair(py, &self.0.potentials)
    }
}

#[pyfunction]
pub(crate) fn exact_partial(py: Python<'_>, x: &Samples, y: &Samples, cost: &str, mass: f64) -> PyResult<Partial> {
    let (x, y, ground) = (x.0.clone(), y.0.clone(), ground(cost)?);
    run(py, move || exact::partial(&x, &y, ground, mass).map(Partial))
}

/// Points, value after each step, whether the last step moved nothing.
pub(crate) type Moved<'py> = (Bound<'py, PyArray2<f64>>, Vec<f64>, bool);

#[pyfunction]
pub(crate) fn exact_barycenter<'py>(
    py: Python<'py>,
    samples: Vec<PyRef<'py, Samples>>,
    shares: Vec<f64>,
    start: &Samples,
    steps: usize,
) -> PyResult<Moved<'py>> {
    let (samples, start) = (Samples::all(&samples), start.0.clone());
    let found = run(py, move || exact::barycenter(&samples, &shares, &start, steps))?;
    Ok((found.samples.points().view().to_pyarray(py), found.values, found.converged))
}

/// The values of all pairs, their lower and their upper bounds, and the status.
type Pairs<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, String);

/// The symmetric matrix of costs, or with `p` of distances W_p, its lower and upper bounds, and how the solves ended. A pair that was not begun
/// is NaN between infinite bounds.
#[pyfunction]
#[pyo3(signature = (samples, cost, p = None, tolerance = 0.0, time_limit = None, progress = None))]
pub(crate) fn exact_pairwise<'py>(
    py: Python<'py>,
    samples: Vec<PyRef<'py, Samples>>,
    cost: &str,
    p: Option<f64>,
    tolerance: f64,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Pairs<'py>> {
    let (samples, ground) = (Samples::all(&samples), ground(cost)?);
    let found =
        watched(py, Watching::new(time_limit, progress).within(tolerance), move |interrupt, observer| match p {
            None => exact::pairwise_observed(&samples, ground, interrupt, observer),
            Some(p) => exact::pairwise_distances_observed(&samples, p, interrupt, observer),
        })?;
    let matrix = |read: fn(&earthwork::prelude::Estimate) -> f64, unknown: f64| {
        let entry = |(i, j)| if i == j { 0.0 } else { found.get(i, j).map_or(unknown, read) };
        ndarray::Array2::from_shape_fn((found.count(), found.count()), entry).to_pyarray(py)
    };
    Ok((
        matrix(|e| e.value, f64::NAN),
        matrix(earthwork::prelude::Estimate::lower, f64::NEG_INFINITY),
        matrix(earthwork::prelude::Estimate::upper, f64::INFINITY),
        found.status().to_string(),
    ))
}
