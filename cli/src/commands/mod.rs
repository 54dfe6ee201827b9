//! What each command does, from arguments to exit code.

mod benchmark;
mod compare;
mod critic;
mod divergence;
mod emd;
mod gan;
mod laws;
mod metrics;
mod sinkhorn;
mod sliced;
mod test;
mod validate;
mod verify;

pub(crate) use benchmark::benchmark;
pub(crate) use compare::compare;
pub(crate) use critic::critic;
pub(crate) use divergence::divergence;
pub(crate) use emd::emd;
pub(crate) use gan::{report as gan_report, resume as gan_resume, train};
pub(crate) use laws::laws;
pub(crate) use metrics::metrics;
pub(crate) use sinkhorn::sinkhorn;
pub(crate) use sliced::sliced;
pub(crate) use test::test;
pub(crate) use validate::validate;
pub(crate) use verify::verify;

use earthwork::measure::Weights;
use std::sync::Arc;

use earthwork::cost::GroundCost;
use earthwork::measure::Samples;
use earthwork::transport::{Problem, Root};
use earthwork_view::format;

use crate::args::{CostArgs, InputArgs};
use crate::cost::CostChoice;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, wrong};
use crate::read::{self, Inputs, Sample};

/// One transport problem and what the user calls its parts.
struct Posed {
    inputs: Option<Inputs>,
    problem: Problem<'static>,
    cost: String,
    /// What makes a distance of a cost, where the cost is a power of a distance.
    root: Option<Root>,
}

/// The problem of `sinkhorn` and `verify`: two samples and a cost, or a cost matrix.
fn pose(input: &InputArgs, cost: &CostArgs) -> Outcome<Posed> {
    pose_by(input, cost, cost.p, |x, y, ground| {
        let order = ground.form().order().unwrap_or(1.0);
        Ok((Problem::between_shared(x, y, ground)?, Root::new(order)))
    })
}

/// The problem of `emd`: the same, in a unit in which powers of the distances keep their digits.
fn pose_in_unit(input: &InputArgs, cost: &CostArgs) -> Outcome<Posed> {
    if cost.p == Some(f64::INFINITY) {
        return pose_by(input, cost, Some(1.0), |x, y, ground| {
            Root::pose_under(x, y, ground).map(|(problem, root)| (problem, root.of_bottleneck()))
        });
    }
    pose_by(input, cost, cost.p, Root::pose_under)
}

fn pose_by(
    input: &InputArgs,
    cost: &CostArgs,
    p: Option<f64>,
    pose: impl Fn(&Samples, &Samples, Arc<dyn GroundCost>) -> earthwork::Result<(Problem<'static>, Root)>,
) -> Outcome<Posed> {
    if let Some(path) = &cost.matrix {
        let problem = from_matrix(path, input)?;
        return Ok(Posed { inputs: None, problem, cost: "matrix".to_string(), root: None });
    }
    let choice = p.map_or_else(|| Ok(cost.cost.clone()), CostChoice::wasserstein)?;
    let inputs = read::load(input)?;
    let [a, b] = two(&inputs)?;
    let CostChoice { ground, order } = choice;
    let name = ground.name();
    let (problem, root) = pose(&a.samples, &b.samples, ground).map_err(|error| {
        let names = [("source points", &a.name), ("target points", &b.name)];
        match names.iter().find(|(argument, _)| *argument == error.argument()) {
            Some((_, name)) => Failure::from(error.about((*name).clone())),
            None => Failure::from(error),
        }
    })?;
    Ok(Posed { inputs: Some(inputs), problem, cost: name, root: order.map(|_| root) })
}

/// The end of a run whose time was up before there was anything to show: a line on standard error, and exit code 3.
fn too_soon(when: &str) -> Exit {
    eprintln!("earthwork: the time limit or Ctrl-C came {when}; give it more time");
    Exit::Bounds
}

/// The two samples of a command that takes two.
fn two(inputs: &Inputs) -> Outcome<[&Sample; 2]> {
    if let [a, b] = inputs.samples.as_slice() {
        return Ok([a, b]);
    }
    let names: Vec<&str> = inputs.samples.iter().map(|sample| sample.name.as_str()).collect();
    wrong(format_args!(
        "there are {} groups ({}), and this command takes two: choose them with --only {},{}, or use `compare` for all pairs",
        names.len(),
        format::list(&names, 6),
        names[0],
        names[1]
    ))
}

/// A problem from a cost matrix, with weights from files or uniform.
fn from_matrix(path: &str, input: &InputArgs) -> Outcome<Problem<'static>> {
    let matrix = read::matrix(path)?;
    let (n, m) = matrix.dim();
    let weights = |file: &Option<String>, len: usize, side: &str| -> Outcome<Weights> {
        let Some(file) = file else { return Ok(Weights::uniform(len).map_err(|error| error.about(path.to_string()))?) };
        let masses = read::vector(file)?.to_vec();
        if masses.len() != len {
            let found = format::counted(masses.len(), "weight");
            return wrong(format_args!("{file}: it holds {found}, but the matrix has {}", format::counted(len, side)));
        }
        let weights = Weights::new(masses).map_err(|error| error.about(file.clone()))?;
        Ok(if input.normalise { weights.normalised() } else { weights })
    };
    let (a, b) = (weights(&input.weights_a, n, "row")?, weights(&input.weights_b, m, "column")?);
    Problem::with_matrix(a, b, matrix).map_err(|error| match error.argument() {
        "cost matrix" => Failure::from(error.about(path.to_string())),
        _ => Failure::from(error),
    })
}
