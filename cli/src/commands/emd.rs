//! `earthwork emd`: one exact solve.

use earthwork::exact;
use earthwork::transport::{Potentials, Root};

use crate::args::EmdArgs;
use crate::commands::{Posed, pose_in_unit};
use crate::exit::Exit;
use crate::failure::{Outcome, wrong};
use crate::report::{self, Answer};
use crate::run::Limits;
use crate::{output, plot, run};

/// Runs the command.
pub(crate) fn emd(options: &EmdArgs) -> Outcome<Exit> {
    let out = &options.output;
    out.check(&options.input.files().into_iter().chain(options.cost.matrix.as_deref()).collect::<Vec<_>>())?;
    if out.plot.is_some() && options.cost.matrix.is_some() {
        return wrong("--plot needs points, and a cost matrix has none");
    }
    let Posed { inputs, problem, cost, root } = pose_in_unit(&options.input, &options.cost)?;
    let order = root.map(Root::order);
    if let Some(inputs) = &inputs {
        plot::require_room(out.plot.as_deref(), inputs.columns.len())?;
    }
    let name = root.map_or_else(|| "exact".to_string(), Root::name);
    let limits = Limits { time: options.run.time_limit, tolerance: options.tolerance };
    let mut plan = None;
    let solved = if order == Some(f64::INFINITY) {
        if out.potentials.is_some() {
            return wrong("--potentials: the distance of order inf has none; its proof is a cut");
        }
        let found = run::bottleneck(&problem, limits, &name)?;
        let solved = found.summary();
        plan = Some(found.plan);
        solved
    } else if out.plan.is_none() && out.potentials.is_none() && out.plot.is_none() {
        run::summarise(&problem, order, limits, &name)?
    } else {
        let solution = run::solve(&problem, limits, &name)?;
        if order.is_some() {
            exact::refuse_underflow(&problem, &solution)?;
        }
        if let Some(path) = &out.potentials {
            output::write_potentials(path, &as_given(&solution.potentials, root)?)?;
        }
        let solved = solution.summary();
        plan = Some(solution.plan);
        solved
    };
    if let Some(plan) = &plan {
        if let Some(path) = &out.plan {
            output::write_plan(path, plan)?;
        }
        if let (Some(path), Some(inputs)) = (&out.plot, &inputs) {
            let answer = root.unwrap_or(Root::new(1.0)).estimate(&solved);
            let title = plot::title(&order.map_or_else(|| format!("{cost} cost"), |_| name.clone()), &answer);
            plot::write(path, inputs, [0, 1], plan, &title)?;
        }
    }
    let text = if out.json {
        let dim = inputs.as_ref().map(|inputs| inputs.columns.len());
        report::to_json(&Answer::new(&name, &cost, root, dim, &solved, options.run.seed))
    } else {
        report::emd(inputs.as_ref(), &cost, root, &solved)
    };
    output::print(&text)?;
    Ok(if solved.status.is_success() { Exit::Done } else { Exit::Bounds })
}

/// Potentials as costs of the points as they are given.
pub(super) fn as_given(potentials: &Potentials, root: Option<Root>) -> Outcome<Potentials> {
    let Some(root) = root else { return Ok(potentials.clone()) };
    let side = |values: &[f64]| values.iter().map(|&value| root.cost(value)).collect::<Option<Vec<f64>>>();
    match (side(&potentials.f), side(&potentials.g)) {
        (Some(f), Some(g)) => Ok(Potentials { f, g }),
        _ => wrong(
            "--potentials: they are costs, and powers of these distances do not fit a 64-bit number; scale the points",
        ),
    }
}
