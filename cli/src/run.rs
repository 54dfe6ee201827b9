//! How a solve is run: threads, limits, progress.

use std::time::Duration;

use earthwork::cost::Form;
use earthwork::entropic::{Sinkhorn, SinkhornSolution};
use earthwork::exact;
use earthwork::transport::{Interrupt, Problem, Progress, Solution};

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

/// Solves one problem; Ctrl-C and the time limit end it with bounds.
pub(crate) fn solve(problem: &Problem, time: Option<Duration>, name: &str) -> Outcome<Solution> {
    let (n, m) = problem.shape();
    // Norms are solved from the points; any other cost becomes a matrix first.
    if problem.points().is_some_and(|points| !matches!(points.ground().form(), Form::Norm { .. })) {
        memory::require_room(n, m)?;
    }
    let mut bar = Bar::new();
    let interrupt = Interrupt { iterations: None, time, cancel: Some(interrupt::token()) };
    let mut observe = |progress: &Progress| bar.show(name, progress);
    let solution = interrupt::while_solving(|| exact::solve_observed(problem, interrupt, &mut observe))?;
    Ok(solution)
}

/// Solves one entropic problem; Ctrl-C and the time limit end it with bounds.
pub(crate) fn sinkhorn(problem: &Problem, solver: Sinkhorn, time: Option<Duration>) -> Outcome<SinkhornSolution> {
    let mut bar = Bar::new();
    let mut solver = solver;
    solver.interrupt = Interrupt { iterations: None, time, cancel: Some(interrupt::token()) };
    let mut observe = |progress: &Progress| bar.show("", progress);
    Ok(interrupt::while_solving(|| solver.solve_observed(problem, &mut observe))?)
}
