//! `earthwork verify`: a plan made by anybody, held against what no plan can beat.

use std::time::Instant;

use earthwork::transport::{Certificate, Plan, Potentials, Problem, certify};
use earthwork_view::format;

use crate::args::VerifyArgs;
use crate::commands::{Posed, pose};
use crate::exit::Exit;
use crate::failure::{Outcome, wrong};
use crate::report::{self, Checked, Verdict, VerifyReport};
use crate::{memory, output, read, run};

/// Runs the command.
pub(crate) fn verify(options: &VerifyArgs) -> Outcome<Exit> {
    let tolerance = options.tolerance;
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return wrong(format_args!("--tolerance {tolerance}: it must be at least 0 and finite"));
    }
    let more = [options.cost.matrix.as_deref(), Some(options.plan.as_str()), options.potentials.as_deref()];
    let reads: Vec<&str> = options.input.files().into_iter().chain(more.into_iter().flatten()).collect();
    output::check(&reads, &[])?;
    let Posed { inputs, problem, cost, .. } = pose(&options.input, &options.cost)?;
    let plan = read::plan(&options.plan, problem.shape())?;
    let given = options.potentials.as_deref().map(|path| read::potentials(path, problem.shape())).transpose()?;

    let start = Instant::now();
    let mut ended_early = false;
    let (potentials, bound_from) = if let (Some(f), Some(path)) = (given, &options.potentials) {
        (f, path.clone())
    } else {
        let solution =
            run::solve(&problem, run::Limits { time: options.run.time_limit, tolerance: 0.0 }, "for the lower bound")?;
        ended_early = !solution.status.is_success();
        let how = if ended_early { "an own solve that was ended early" } else { "an own solve (no --potentials)" };
        (solution.potentials.f, how.to_string())
    };
    let exact = options.potentials.is_none() && !ended_early;
    let potentials = Potentials { f: potentials, g: vec![0.0; problem.shape().1] };
    let certificate = certify(&problem, &plan, &potentials)?;
    let verdict = judge(&certificate, tolerance, exact);

    let flows = plan.flows().len();
    let text = if options.json {
        report::to_json(&VerifyReport {
            cost,
            n: problem.shape().0,
            m: problem.shape().1,
            plan_entries: flows,
            marginal_error: certificate.marginal_error,
            transport_cost: certificate.transport_cost,
            lower: certificate.bounds.lower,
            upper: certificate.bounds.upper,
            relative_gap: certificate.bounds.relative_gap(),
            lower_bound_from: bound_from,
            tolerance,
            feasible: verdict.feasible,
            optimal: verdict.optimal,
            seconds: start.elapsed().as_secs_f64(),
            peak_memory_bytes: memory::peak(),
        })
    } else {
        let worst = worst_sum(&problem, &plan);
        let checked = Checked { inputs: inputs.as_ref(), cost, plan: &options.plan, flows, bound_from, worst };
        report::verify(&checked, &certificate, verdict)
    };
    output::print(&text)?;
    Ok(match verdict {
        Verdict { feasible: true, optimal: Some(true), .. } => Exit::Done,
        Verdict { feasible: true, optimal: None, .. } if ended_early => Exit::Bounds,
        _ => Exit::Refuted,
    })
}

/// The verdict. `exact` says that the lower bound is the optimum, so that a gap is the plan's fault.
fn judge(certificate: &Certificate, tolerance: f64, exact: bool) -> Verdict {
    let feasible = certificate.marginal_error <= tolerance;
    let closed = certificate.bounds.relative_gap() <= tolerance;
    let optimal = match (feasible, closed, exact) {
        (false, ..) | (true, false, true) => Some(false),
        (true, true, _) => Some(true),
        (true, false, false) => None,
    };
    Verdict { feasible, optimal, tolerance }
}

/// The source or target whose sum is farthest from its weight.
fn worst_sum(problem: &Problem, plan: &Plan) -> String {
    let scale = problem.target_scale();
    let due = problem.target().as_slice().iter().map(|b| b * scale).collect::<Vec<_>>();
    let sides = [
        ("source", "sends", plan.row_sums(), problem.source().as_slice().to_vec()),
        ("target", "receives", plan.column_sums(), due),
    ];
    let mut worst = (f64::NEG_INFINITY, String::new());
    for (side, verb, sums, due) in sides {
        for (at, (got, due)) in sums.iter().zip(&due).enumerate() {
            if (got - due).abs() > worst.0 {
                let (got_text, due_text) = (format::short(*got, 8), format::short(*due, 8));
                worst = ((got - due).abs(), format!("worst: {side} {at} {verb} {got_text}, its weight is {due_text}"));
            }
        }
    }
    worst.1
}
