//! `earthwork sinkhorn`: one entropic solve, and the divergence if asked.

use earthwork::entropic::{Divergence, Epsilon, Sinkhorn, SinkhornDivergence};
use earthwork::transport::{Interrupt, Root};

use crate::args::SinkhornArgs;
use crate::commands::{Posed, pose};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::limit::Clock;
use crate::report::{self, Entropic};
use crate::{interrupt, output, run};

/// Runs the command.
pub(crate) fn sinkhorn(options: &SinkhornArgs) -> Outcome<Exit> {
    let reads: Vec<&str> = options.input.files().into_iter().chain(options.cost.matrix.as_deref()).collect();
    let writes = options.potentials.as_deref().map(|path| ("--potentials", path));
    output::check(&reads, writes.as_slice())?;
    let Posed { inputs, problem, cost, root } = pose(&options.input, &options.cost)?;
    let order = root.map(Root::order);
    let epsilon = options.epsilon.map_or(Epsilon::Relative(options.epsilon_relative), Epsilon::Absolute);
    let solver =
        Sinkhorn::with_epsilon(epsilon).with_tolerance(options.tolerance).with_reference(options.reference.into());
    let clock = Clock::new(options.run.time_limit);
    // The divergence takes three solves more.
    let share = options.run.time_limit.map(|limit| if options.divergence { limit / 4 } else { limit });
    let solution = run::sinkhorn(&problem, solver.clone(), share)?;
    let divergence = match &inputs {
        Some(inputs) if options.divergence => Some(between(inputs, &problem, solver, clock)?),
        _ => None,
    };
    if let Some(path) = &options.potentials {
        output::write_potentials(path, &solution.potentials)?;
    }
    let found = Entropic {
        inputs: inputs.as_ref(),
        problem: &problem,
        cost: &cost,
        order,
        solution: &solution,
        divergence: divergence.as_ref(),
    };
    output::print(&if options.json { found.json(options.run.seed) } else { report::sinkhorn(&found) })?;
    let complete = solution.status.is_success() && divergence.is_none_or(|divergence| divergence.converged());
    Ok(if complete { Exit::Done } else { Exit::Bounds })
}

/// The divergence of the two samples read, under the cost of the problem.
fn between(
    inputs: &crate::read::Inputs,
    problem: &earthwork::transport::Problem,
    mut solver: Sinkhorn,
    clock: Clock,
) -> Outcome<Divergence> {
    solver.interrupt = Interrupt { time: clock.left(), cancel: Some(interrupt::token()), ..Interrupt::default() };
    let mut divergence = SinkhornDivergence::with_solver(solver);
    if let Some(points) = problem.points() {
        divergence.ground = points.shared_ground();
    }
    let [a, b] = inputs.samples.as_slice() else { unreachable!("a problem was posed between two samples") };
    Ok(interrupt::while_solving(|| divergence.solve(&a.samples, &b.samples))?)
}
