//! `earthwork critic`: what trained critics say and prove about W1.

use std::fmt::Write as _;
use std::time::Instant;

use earthwork::critic::net::Activation;
use earthwork::critic::{Control, ExactDual, NeuralCritic, Witness};
use earthwork::estimate::Evidence;
use earthwork::exact::wasserstein;
use earthwork::measure::Samples;

use crate::args::{CriticArgs, EXACT_DUAL, TrainingArgs};
use crate::commands::two;
use crate::failure::{Outcome, wrong};
use crate::progress::Bar;
use crate::report::{self, CriticReport, CriticRow, SampleInfo};
use crate::{Exit, output, read};

/// Runs the command.
pub(crate) fn critic(options: &CriticArgs) -> Outcome<Exit> {
    let methods = methods(&options.method)?;
    if let Some(path) = &options.gradients {
        output::check(path)?;
    }
    let inputs = read::load(&options.input)?;
    let [a, b] = two(&inputs)?;
    let (x, y) = (&a.samples, &b.samples);
    let exact = wasserstein(x, y, 1.0)?;
    // The critic's value is a mean, so the cost is for a total mass of 1.
    let exact = exact.value / x.total();
    let mut rows = Vec::new();
    let mut bar = Bar::new();
    for (at, method) in methods.iter().enumerate() {
        bar.say("critic", "methods", at as u64);
        let started = Instant::now();
        let (raw, certified, lipschitz, critic): (f64, f64, f64, Box<dyn Witness>) = if method == EXACT_DUAL {
            let dual = ExactDual::fit(x, y)?;
            let solution = dual.solution();
            let lower = solution.bounds.map_or(0.0, |bounds| bounds.lower) / x.total();
            (solution.transport_cost / x.total(), lower, 1.0, Box::new(dual))
        } else {
            let critic = neural(method, &options.training, options.run.seed)?.fit(x, y)?;
            let Evidence::Bounds { lower, .. } = critic.bound(x, y)?.evidence else {
                return wrong("a critic's bound has no evidence");
            };
            (critic.raw(x, y)?, lower, critic.lipschitz_between(x, y)?, Box::new(critic))
        };
        if let (0, Some(path)) = (at, &options.gradients) {
            output::write(path, field(critic.as_ref(), &inputs.columns, [x, y])?.as_bytes())?;
        }
        rows.push(CriticRow {
            method: method.clone(),
            raw,
            lipschitz,
            certified,
            share: (exact > 0.0).then(|| certified / exact),
            seconds: started.elapsed().as_secs_f64(),
        });
    }
    drop(bar);
    let found = CriticReport {
        samples: SampleInfo::of_all(Some(&inputs)),
        columns: inputs.columns.clone(),
        exact,
        critics: rows,
        steps: options.training.steps,
        batch: options.training.batch,
        hidden: options.training.hidden.clone(),
        seed: options.run.seed,
    };
    output::print(&if options.json { report::to_json(&found) } else { report::critic(&inputs, &found) })?;
    Ok(Exit::Done)
}

/// The methods asked for; `all` for each there is.
pub(super) fn methods(asked: &[String]) -> Outcome<Vec<String>> {
    if asked.iter().any(|name| name == "all") {
        return Ok(Control::NAMES.iter().copied().chain([EXACT_DUAL]).map(String::from).collect());
    }
    match asked.iter().find(|name| !Control::NAMES.contains(&name.as_str()) && *name != EXACT_DUAL) {
        Some(name) => wrong(format_args!(
            "method: `{name}` is no critic; there are {}, {EXACT_DUAL} and all",
            Control::NAMES.join(", ")
        )),
        None => Ok(asked.to_vec()),
    }
}

/// A critic with the options of the command line.
pub(super) fn neural(method: &str, options: &TrainingArgs, seed: u64) -> Outcome<NeuralCritic> {
    let mut critic = NeuralCritic::new(Control::named(method)?)
        .with_steps(options.steps)
        .with_batch(options.batch)
        .with_hidden(&options.hidden)
        .with_seed(seed);
    critic.rate = options.rate;
    critic.activation = options.activation.as_deref().map(Activation::named).transpose()?;
    Ok(critic)
}

/// The gradients at all points as CSV.
fn field(critic: &dyn Witness, columns: &[String], sides: [&Samples; 2]) -> Outcome<String> {
    let quoted = |name: &String| format!("\"{}\"", name.replace('"', "\"\""));
    let mut text = format!("side,index,{}\n", columns.iter().map(quoted).collect::<Vec<_>>().join(","));
    for (side, samples) in ["source", "target"].into_iter().zip(sides) {
        for (index, row) in critic.gradients(samples.points().view())?.rows().into_iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|v| format!("{v:e}")).collect();
            writeln!(text, "{side},{index},{}", cells.join(",")).expect("writing to a string");
        }
    }
    Ok(text)
}
