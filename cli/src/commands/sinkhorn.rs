//! `earthwork sinkhorn`: one entropic solve, and the divergence if asked.

use earthwork::entropic::{Divergence, Epsilon, Sinkhorn, SinkhornDivergence};

use crate::args::SinkhornArgs;
use crate::commands::{Posed, pose};
use crate::failure::Outcome;
use crate::report::{self, Entropic};
use crate::{Exit, output, run};

/// Runs the command.
pub(crate) fn sinkhorn(options: &SinkhornArgs) -> Outcome<Exit> {
    if let Some(path) = &options.potentials {
        output::check(path)?;
    }
    let Posed { inputs, problem, cost, order } = pose(&options.input, &options.cost)?;
    let epsilon = options.epsilon.map_or(Epsilon::Relative(options.epsilon_relative), Epsilon::Absolute);
    let solver = Sinkhorn::with_epsilon(epsilon).with_tolerance(options.tolerance);
    let solution = run::sinkhorn(&problem, solver.clone(), options.run.time_limit)?;
    let divergence = match &inputs {
        Some(inputs) if options.divergence => Some(between(inputs, &problem, solver)?),
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
    solver: Sinkhorn,
) -> Outcome<Divergence> {
    let mut divergence = SinkhornDivergence::with_solver(solver);
    if let Some(points) = problem.points() {
        divergence.ground = points.shared_ground();
    }
    let [a, b] = inputs.samples.as_slice() else { unreachable!("a problem was posed between two samples") };
    Ok(divergence.solve(&a.samples, &b.samples)?)
}
