//! Entropic transport.

use std::sync::Arc;

use earthwork::cost::GroundCost;
use earthwork::entropic::{self, EntropicMap, Epsilon, Marginal, Reference, SinkhornSolution};
use earthwork::estimate::{Evidence, Note};
use earthwork::measure::Weights;
use earthwork::prelude::Problem;
use earthwork::transport::{Bounds, Gradient, Potentials, Root};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::data::{Pair, Samples, ground, pair, points, weights};
use crate::estimate::{Estimate, estimated};
use crate::exact::{Moved, histogram};
use crate::failure::{of_matrix, unknown};
use crate::kept;
use crate::running::{Watching, at_once, run, watched};

fn epsilon(value: f64, relative: bool) -> Epsilon {
    if relative { Epsilon::Relative(value) } else { Epsilon::Absolute(value) }
}

/// What was solved.
enum Posed {
    Points { x: earthwork::prelude::Samples, y: earthwork::prelude::Samples, ground: Arc<dyn GroundCost> },
    Matrix { a: Weights, b: Weights, costs: Py<PyArray2<f64>> },
}

/// The end of an entropic solve.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Sinkhorn")]
pub(crate) struct Sinkhorn {
    solved: SinkhornSolution,
    posed: Posed,
}

/// What was pickled of a solution.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Kept<'py> {
    end: kept::Ended<'py>,
    /// ε, transport cost, value, its upper bound, duality gap, marginal error.
    values: (f64, f64, f64, f64, f64, f64),
    reference: String,
    points: Option<kept::Posed<'py>>,
    matrix: Option<(PyReadonlyArray1<'py, f64>, PyReadonlyArray1<'py, f64>, Py<PyArray2<f64>>)>,
}

#[pymethods]
impl Sinkhorn {
    #[new]
    fn new(state: Kept<'_>) -> PyResult<Self> {
        let posed = match (state.points, state.matrix) {
            (Some((x, y, cost)), _) => Posed::Points { x: x.0.clone(), y: y.0.clone(), ground: ground(&cost)? },
            (None, Some((a, b, costs))) => Posed::Matrix { a: weights("a", a)?, b: weights("b", b)?, costs },
            (None, None) => return Err(PyValueError::new_err("state: it has neither points nor a matrix")),
        };
        let (epsilon, transport_cost, value, value_upper, duality_gap, marginal_error) = state.values;
        let (potentials, bounds) = (state.end.potentials(), state.end.bounds());
        let (status, report) = (state.end.status()?, state.end.report());
        let solved = SinkhornSolution {
            epsilon,
            reference: reference(&state.reference)?,
            transport_cost,
            value,
            value_upper,
            duality_gap,
            marginal_error,
            bounds,
            potentials,
            status,
            report,
        };
        Ok(Self { solved, posed })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, (Bound<'py, PyDict>,))> {
        let (py, this, state) = (slf.py(), slf.get(), PyDict::new(slf.py()));
        let found = &this.solved;
        state.set_item("end", kept::keep_end(py, &found.potentials, found.bounds, found.status, &found.report)?)?;
        let (errors, upper) = ((found.duality_gap, found.marginal_error), found.value_upper);
        state.set_item("values", (found.epsilon, found.transport_cost, found.value, upper, errors.0, errors.1))?;
        state.set_item("reference", found.reference.name())?;
        let (points, matrix) = match &this.posed {
            Posed::Points { x, y, ground } => {
                (Some((Samples::from(x.clone()), Samples::from(y.clone()), ground.name())), None)
            }
            Posed::Matrix { a, b, costs } => {
                let masses = [a, b].map(|side| side.as_slice().to_pyarray(py));
                let [a, b] = masses;
                (None, Some((a, b, costs.clone_ref(py))))
            }
        };
        state.set_item("points", points)?;
        state.set_item("matrix", matrix)?;
        Ok((slf.get_type(), (state,)))
    }

    #[getter]
    fn epsilon(&self) -> f64 {
        self.solved.epsilon
    }

    #[getter]
    fn reference(&self) -> &'static str {
        self.solved.reference.name()
    }

    #[getter]
    fn transport_cost(&self) -> f64 {
        self.solved.transport_cost
    }

    #[getter]
    fn regularised_value(&self) -> f64 {
        self.solved.value
    }

    #[getter]
    fn regularised_upper(&self) -> f64 {
        self.solved.value_upper
    }

    #[getter]
    fn marginal_error(&self) -> f64 {
        self.solved.marginal_error
    }

    #[getter]
    fn duality_gap(&self) -> f64 {
        self.solved.duality_gap
    }

    #[getter]
    fn bounds(&self) -> Option<(f64, f64)> {
        self.solved.bounds.map(|Bounds { lower, upper, .. }| (lower, upper))
    }

    #[getter]
    fn status(&self) -> String {
        self.solved.status.to_string()
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

    fn potentials<'py>(&self, py: Python<'py>) -> Pair<'py> {
        pair(py, &self.solved.potentials)
    }

    /// The root of order p of the cost of the plan that was rounded to its marginals, with the bounds.
    fn rooted(&self, p: f64) -> Option<Estimate> {
        let Bounds { lower, upper, .. } = self.solved.bounds?;
        let root = |cost: f64| Root::new(p).of(cost.max(0.0));
        let evidence = Evidence::Bounds { lower: root(lower), upper: root(upper) };
        let Potentials { f, g } = &self.solved.potentials;
        let estimate = earthwork::prelude::Estimate::new(root(upper), evidence, "sinkhorn", (f.len(), g.len()));
        let ended = !self.solved.status.is_success();
        Some(estimated(if ended { estimate.with_note(Note::NotConverged) } else { estimate }))
    }

    /// The plan as a dense array: n · m numbers.
    fn plan<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let dense = match &self.posed {
            Posed::Points { x, y, ground } => at_once(py, || {
                let problem = Problem::between_shared(x, y, Arc::clone(ground))?;
                self.solved.plan(&problem)
            }),
            Posed::Matrix { a, b, costs } => {
                let costs = costs.bind(py).readonly();
                let view = costs.as_array();
                at_once(py, || self.solved.plan(&Problem::with_matrix(a.clone(), b.clone(), view)?))
            }
        };
        Ok(dense?.to_pyarray(py))
    }

    /// The images of new points, and the potential there.
    #[pyo3(signature = (new, reverse = false))]
    fn map<'py>(
        &self,
        py: Python<'py>,
        new: PyReadonlyArray2<'py, f64>,
        reverse: bool,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>)> {
        let Posed::Points { x, y, ground } = &self.posed else {
            return Err(PyValueError::new_err("points: a map at new points needs points; a cost matrix has none"));
        };
        let new = points("points", &new)?;
        let (x, y, ground, solved) = (x.clone(), y.clone(), Arc::clone(ground), self.solved.clone());
        let (images, potentials) = run(py, move || {
            let problem = Problem::between_shared(&x, &y, ground)?;
            let direction = if reverse { EntropicMap::reversed } else { EntropicMap::new };
            let map = direction(&problem, &solved)?;
            Ok((map.images(&new)?, map.potentials(&new)?))
        })?;
        Ok((images.view().to_pyarray(py), potentials.to_pyarray(py)))
    }

    fn __str__(&self) -> String {
        self.solved.to_string()
    }
}

/// Options that every entropic solve has.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    epsilon: f64,
    relative: bool,
    tolerance: f64,
    max_iterations: Option<u64>,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
    start: Option<(Vec<f64>, Vec<f64>)>,
    certify: bool,
    reference: String,
}

impl Options {
    fn split(self) -> PyResult<(entropic::Sinkhorn, Watching)> {
        let mut solver =
            entropic::Sinkhorn::with_epsilon(epsilon(self.epsilon, self.relative)).with_tolerance(self.tolerance);
        if let Some((f, g)) = self.start {
            solver = solver.starting_from(Potentials { f, g });
        }
        solver.certify = self.certify;
        solver.reference = reference(&self.reference)?;
        let watching = Watching::new(self.time_limit, self.progress).with_iterations(self.max_iterations);
        Ok((solver, watching))
    }
}

#[pyfunction]
#[pyo3(signature = (x, y, cost, options))]
pub(crate) fn sinkhorn_solve(
    py: Python<'_>,
    x: &Samples,
    y: &Samples,
    cost: &str,
    options: Options,
) -> PyResult<Sinkhorn> {
    let (x, y, ground) = (x.0.clone(), y.0.clone(), ground(cost)?);
    let (mut solver, watching) = options.split()?;
    watched(py, watching.on(x.len(), y.len()), move |interrupt, observer| {
        solver.interrupt = interrupt;
        let problem = Problem::between_shared(&x, &y, Arc::clone(&ground))?;
        let solved = solver.solve_observed(&problem, observer)?;
        Ok(Sinkhorn { solved, posed: Posed::Points { x, y, ground } })
    })
}

#[pyfunction]
pub(crate) fn sinkhorn_solve_matrix(
    py: Python<'_>,
    costs: Py<PyArray2<f64>>,
    a: PyReadonlyArray1<'_, f64>,
    b: PyReadonlyArray1<'_, f64>,
    options: Options,
) -> PyResult<Sinkhorn> {
    let (a, b) = (weights("a", a)?, weights("b", b)?);
    let (mut solver, watching) = options.split()?;
    let kept = costs.clone_ref(py);
    let (left, right) = (a.clone(), b.clone());
    let solved = watched(py, watching.on(a.len(), b.len()), move |interrupt, observer| {
        solver.interrupt = interrupt;
        Python::attach(|py| {
            let costs = costs.bind(py).readonly();
            let view = costs.as_array();
            py.detach(move || {
                let problem = Problem::with_matrix(left, right, view)?;
                solver.solve_observed(&problem, observer).map_err(of_matrix)
            })
        })
    })?;
    Ok(Sinkhorn { solved, posed: Posed::Matrix { a, b, costs: kept } })
}

/// The Sinkhorn divergence of two samples.
#[pyclass(frozen, module = "earthwork._earthwork", name = "SinkhornDivergence")]
pub(crate) struct SinkhornDivergence(entropic::Divergence);

#[pymethods]
impl SinkhornDivergence {
    #[getter]
    fn value(&self) -> f64 {
        self.0.value
    }

    #[getter]
    fn lower(&self) -> f64 {
        self.0.lower
    }

    #[getter]
    fn upper(&self) -> f64 {
        self.0.upper
    }

    #[getter]
    fn epsilon(&self) -> f64 {
        self.0.cross.epsilon
    }

    #[getter]
    fn converged(&self) -> bool {
        self.0.converged()
    }

    /// By source points, target points, and masses of the two.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Pair<'py>)> {
        let Gradient { source_points, target_points, source_masses, target_masses } =
            at_once(py, || self.0.gradient())?;
        let masses = (source_masses.to_pyarray(py), target_masses.to_pyarray(py));
        Ok((source_points.to_pyarray(py), target_points.to_pyarray(py), masses))
    }
}

#[pyfunction]
pub(crate) fn sinkhorn_divergence(
    py: Python<'_>,
    x: &Samples,
    y: &Samples,
    cost: &str,
    options: Options,
) -> PyResult<SinkhornDivergence> {
    let (x, y, ground) = (x.0.clone(), y.0.clone(), ground(cost)?);
    let (mut solver, watching) = options.split()?;
    watched(py, watching, move |interrupt, _| {
        solver.interrupt = interrupt;
        entropic::SinkhornDivergence::with_solver(solver).with_cost(ground).solve(&x, &y).map(SinkhornDivergence)
    })
}

/// Points, value after each step, whether the last step gained nothing.
#[pyfunction]
pub(crate) fn sinkhorn_barycenter<'py>(
    py: Python<'py>,
    samples: Vec<PyRef<'py, Samples>>,
    shares: Vec<f64>,
    start: &Samples,
    steps: usize,
    options: Options,
) -> PyResult<Moved<'py>> {
    let (samples, start) = (Samples::all(&samples), start.0.clone());
    let (mut solver, watching) = options.split()?;
    let found = watched(py, watching, move |interrupt, _| {
        solver.interrupt = interrupt;
        entropic::SinkhornDivergence::with_solver(solver).barycenter(&samples, &shares, &start, steps)
    })?;
    Ok((found.samples.points().view().to_pyarray(py), found.values, found.converged))
}

/// A reference measure by its name.
fn reference(name: &str) -> PyResult<Reference> {
    [Reference::Normalised, Reference::Product]
        .into_iter()
        .find(|reference| reference.name() == name)
        .ok_or_else(|| unknown("reference", name, "normalized, product"))
}

/// What a side asks of its masses: `None`, or ("kl" | "tv" | "l2", price).
fn marginal(asked: Option<(String, f64)>, side: &str) -> PyResult<Marginal> {
    match asked {
        None => Ok(Marginal::Exact),
        Some((kind, price)) if kind == "kl" => Ok(Marginal::KullbackLeibler(price)),
        Some((kind, price)) if kind == "tv" => Ok(Marginal::TotalVariation(price)),
        Some((kind, price)) if kind == "l2" => Ok(Marginal::Squares(price)),
        Some((kind, _)) => {
            Err(PyValueError::new_err(format!("{side}: `{kind}` is not a price of mass; write kl, tv or l2")))
        }
    }
}

/// The end of an unbalanced solve.
#[pyclass(frozen, module = "earthwork._earthwork", name = "Unbalanced")]
pub(crate) struct Unbalanced(entropic::UnbalancedSolution);

#[pymethods]
impl Unbalanced {
    #[getter]
    fn epsilon(&self) -> f64 {
        self.0.epsilon
    }

    #[getter]
    fn transport_cost(&self) -> f64 {
        self.0.transport_cost
    }

    #[getter]
    fn value(&self) -> f64 {
        self.0.value
    }

    #[getter]
    fn mass(&self) -> f64 {
        self.0.mass
    }

    #[getter]
    fn residual(&self) -> f64 {
        self.0.residual
    }

    #[getter]
    fn duality_gap(&self) -> f64 {
        self.0.duality_gap
    }

    #[getter]
    fn status(&self) -> String {
        self.0.status.to_string()
    }

    #[getter]
    fn iterations(&self) -> u64 {
        self.0.report.iterations
    }

    #[getter]
    fn time(&self) -> f64 {
        self.0.report.time.as_secs_f64()
    }

    /// P 1 and Pᵀ 1.
    fn masses<'py>(&self, py: Python<'py>) -> Pair<'py> {
        (self.0.source_masses.to_pyarray(py), self.0.target_masses.to_pyarray(py))
    }

    fn potentials<'py>(&self, py: Python<'py>) -> Pair<'py> {
        pair(py, &self.0.potentials)
    }
}

/// Mass at a price, or a given part of it.
#[pyfunction]
#[pyo3(signature = (x, y, cost, source, target, mass, options))]
#[expect(clippy::too_many_arguments, reason = "two samples and what each asks")]
pub(crate) fn sinkhorn_unbalanced(
    py: Python<'_>,
    x: &Samples,
    y: &Samples,
    cost: &str,
    source: Option<(String, f64)>,
    target: Option<(String, f64)>,
    mass: Option<f64>,
    options: Options,
) -> PyResult<Unbalanced> {
    let (x, y, ground) = (x.0.clone(), y.0.clone(), ground(cost)?);
    let (source, target) = (marginal(source, "source")?, marginal(target, "target")?);
    let (balanced, watching) = options.split()?;
    watched(py, watching, move |interrupt, observer| {
        let mut solver = entropic::Unbalanced::new(1.0, source, target)
            .with_tolerance(balanced.tolerance)
            .with_reference(balanced.reference);
        (solver.epsilon, solver.mass, solver.interrupt) = (balanced.epsilon, mass, interrupt);
        solver.solve_observed(&x, &y, ground, observer).map(Unbalanced)
    })
}

/// Masses on a grid (flat), mass moved by the last sweep, status.
#[pyfunction]
#[pyo3(signature = (histograms, shares, epsilon, debias, tolerance, spacing = 1.0))]
pub(crate) fn grid_barycenter<'py>(
    py: Python<'py>,
    histograms: Vec<PyReadonlyArrayDyn<'py, f64>>,
    shares: Vec<f64>,
    epsilon: f64,
    debias: bool,
    tolerance: f64,
    spacing: f64,
) -> PyResult<(Bound<'py, PyArray1<f64>>, f64, String)> {
    let grids: Vec<_> =
        histograms.iter().map(|masses| histogram("histograms", masses, spacing)).collect::<PyResult<_>>()?;
    barycenter(py, epsilon, debias, tolerance, move |solver| solver.on_grid(&grids, &shares))
}

/// Masses on fixed points, mass moved by the last sweep, status.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the points, the masses, and three options")]
pub(crate) fn fixed_barycenter<'py>(
    py: Python<'py>,
    support: PyReadonlyArray2<'py, f64>,
    masses: Vec<PyReadonlyArray1<'py, f64>>,
    shares: Vec<f64>,
    cost: &str,
    epsilon: f64,
    debias: bool,
    tolerance: f64,
) -> PyResult<(Bound<'py, PyArray1<f64>>, f64, String)> {
    let (support, ground) = (points("support", &support)?, ground(cost)?);
    let masses: Vec<Weights> = masses.into_iter().map(|one| weights("masses", one)).collect::<PyResult<_>>()?;
    barycenter(py, epsilon, debias, tolerance, move |solver| solver.on_points(&support, &masses, &shares, ground))
}

fn barycenter(
    py: Python<'_>,
    epsilon: f64,
    debias: bool,
    tolerance: f64,
    solve: impl FnOnce(entropic::Barycenter) -> earthwork::Result<entropic::BarycenterSolution> + Send + 'static,
) -> PyResult<(Bound<'_, PyArray1<f64>>, f64, String)> {
    let found = watched(py, Watching::default(), move |interrupt, _| {
        let mut solver = entropic::Barycenter::new(epsilon).with_tolerance(tolerance);
        solver.debias = debias;
        solver.interrupt.cancel = interrupt.cancel;
        solve(solver)
    })?;
    Ok((found.masses.to_pyarray(py), found.moved, found.status.to_string()))
}
