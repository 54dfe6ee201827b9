//! How a solve is run: threads, limits, progress.

use std::time::Duration;

use earthwork::cost::Form;
use earthwork::entropic::{Sinkhorn, SinkhornSolution};
use earthwork::exact::{self, Bottleneck};
use earthwork::transport::{Interrupt, Observer, Problem, Progress, Solution, Summary};

use crate::args::RunArgs;
use crate::failure::{Failure, Outcome};
use crate::progress::Bar;
use crate::{interrupt, memory};

/// Sets up the threads.
pub(crate) fn prepare(options: &RunArgs) -> Outcome<()> {
    let Some(threads) = options.threads else { return Ok(()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.into())
        .build_global()
        .map_err(|error| Failure::Input(format!("--threads {threads}: {error}")))
}

/// When an exact solve ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// After this time.
    pub(crate) time: Option<Duration>,
    /// When the relative gap between the proven bounds is at most this.
    pub(crate) tolerance: f64,
}

/// Solves one problem; Ctrl-C and the time limit end it with bounds.
pub(crate) fn solve(problem: &Problem, limits: Limits, name: &str) -> Outcome<Solution> {
    exactly(problem, limits, name, |interrupt, observer| exact::solve_observed(problem, interrupt, observer))
}

/// The same for the cost and its bounds alone; with `order`, a cost whose root would be wrong is refused.
pub(crate) fn summarise(problem: &Problem, order: Option<f64>, limits: Limits, name: &str) -> Outcome<Summary> {
    exactly(problem, limits, name, |interrupt, observer| exact::summarise_observed(problem, order, interrupt, observer))
}

/// Finds the plan whose longest way is shortest.
pub(crate) fn bottleneck(problem: &Problem, limits: Limits, name: &str) -> Outcome<Bottleneck> {
    exactly(problem, limits, name, |interrupt, observer| exact::bottleneck_observed(problem, interrupt, observer))
}

fn exactly<T>(
    problem: &Problem,
    Limits { time, tolerance }: Limits,
    name: &str,
    job: impl FnOnce(Interrupt, &mut dyn Observer) -> earthwork::Result<T>,
) -> Outcome<T> {
    let (n, m) = problem.shape();
    // Norms are solved from the points; any other cost becomes a matrix first.
    if problem.points().is_some_and(|points| !matches!(points.ground().form(), Form::Norm { .. })) {
        memory::require_room(n, m)?;
    }
    let mut bar = Bar::new();
    let interrupt = Interrupt { iterations: None, time, cancel: Some(interrupt::token()), tolerance };
    let mut observe = |progress: &Progress| bar.show(name, progress);
    Ok(interrupt::while_solving(|| job(interrupt, &mut observe))?)
}

/// Solves one entropic problem; Ctrl-C and the time limit end it with bounds.
pub(crate) fn sinkhorn(problem: &Problem, solver: Sinkhorn, time: Option<Duration>) -> Outcome<SinkhornSolution> {
    let mut bar = Bar::new();
    let mut solver = solver;
    solver.interrupt = Interrupt { time, cancel: Some(interrupt::token()), ..Interrupt::default() };
    let mut observe = |progress: &Progress| bar.show("", progress);
    Ok(interrupt::while_solving(|| solver.solve_observed(problem, &mut observe))?)
}
