//! `earthwork critic`: what trained critics say and prove about W1.

use std::fmt::Write as _;
use std::sync::mpsc::Sender;
use std::time::Instant;

use earthwork::critic::net::Activation;
use earthwork::critic::{Control, ExactDual, NeuralCritic, Witness};
use earthwork::estimate::Evidence;
use earthwork::exact::wasserstein;
use earthwork::measure::Samples;
use earthwork::transport::Interrupt;

use crate::args::{CriticArgs, EXACT_DUAL, TrainingArgs};
use crate::commands::{too_soon, two};
use crate::exit::Exit;
use crate::failure::{Outcome, wrong};
use crate::limit::{self, Clock};
use crate::progress::Bar;
use crate::report::{self, CriticReport, CriticRow, SampleInfo};
use crate::{interrupt, memory, output, read};

/// Runs the command.
pub(crate) fn critic(options: &CriticArgs) -> Outcome<Exit> {
    let methods = methods(&options.method)?;
    let writes = options.gradients.as_deref().map(|path| ("--gradients", path));
    output::check(&options.input.files(), writes.as_slice())?;
    room(&options.training)?;
    let inputs = read::load(&options.input)?;
    inputs.require_squares()?;
    let [a, b] = two(&inputs)?;
    let samples = [a.samples.clone(), b.samples.clone()];
    let clock = Clock::new(options.run.time_limit);
    let job = Job {
        methods: methods.clone(),
        training: options.training.clone(),
        seed: options.run.seed,
        columns: options.gradients.is_some().then(|| inputs.columns.clone()),
    };
    let mut exact = None;
    let (mut rows, mut gradients) = (Vec::new(), None);
    let mut bar = Bar::new();
    let work = move |send: &Sender<Event>| job.run(&samples, clock, send);
    limit::within(clock, work, |event| match event {
        Event::Exact(value) => exact = Some(value),
        Event::Row(row) => {
            rows.push(*row);
            bar.say("critic", "methods", rows.len() as u64);
        }
        Event::Gradients(text) => gradients = Some(text),
    })?;
    drop(bar);
    let left_out = methods[rows.len()..].to_vec();
    if exact.is_none() && rows.is_empty() {
        return Ok(too_soon("before the exact distance was known"));
    }
    if let (Some(path), Some(text)) = (&options.gradients, &gradients) {
        output::write(path, text.as_bytes())?;
    }
    let complete = left_out.is_empty() && rows.iter().all(|row| row.complete);
    let found = CriticReport {
        samples: SampleInfo::of_all(Some(&inputs)),
        columns: inputs.columns.clone(),
        exact: exact.unwrap_or(f64::NAN),
        critics: rows,
        left_out,
        steps: options.training.steps,
        batch: options.training.batch,
        hidden: options.training.hidden.clone(),
        seed: options.run.seed,
    };
    output::print(&if options.json { report::to_json(&found) } else { report::critic(&inputs, &found) })?;
    Ok(if complete { Exit::Done } else { Exit::Bounds })
}

/// What the thread that trains sends.
enum Event {
    Exact(f64),
    Row(Box<CriticRow>),
    Gradients(String),
}

/// What it trains.
struct Job {
    methods: Vec<String>,
    training: TrainingArgs,
    seed: u64,
    /// The names of the columns, where gradients are wanted.
    columns: Option<Vec<String>>,
}

impl Job {
    fn run(self, [x, y]: &[Samples; 2], clock: Clock, send: &Sender<Event>) -> Outcome<()> {
        // The critic's value is a mean, so the cost is for a total mass of 1.
        let exact = wasserstein(x, y, 1.0)?.value / x.total();
        let _ = send.send(Event::Exact(exact));
        for (at, method) in self.methods.iter().enumerate() {
            if clock.is_over() {
                break;
            }
            let started = Instant::now();
            let (raw, certified, lipschitz, complete, critic): (f64, f64, f64, bool, Box<dyn Witness>) =
                if method == EXACT_DUAL {
                    let dual = ExactDual::fit(x, y)?;
                    let solution = dual.solution();
                    let lower = solution.bounds.map_or(0.0, |bounds| bounds.lower) / x.total();
                    (solution.transport_cost / x.total(), lower, 1.0, true, Box::new(dual))
                } else {
                    let mut critic = neural(method, &self.training, self.seed)?;
                    critic.interrupt = for_training(clock);
                    let critic = critic.fit(x, y)?;
                    let Evidence::Bounds { lower, .. } = critic.bound(x, y)?.evidence else {
                        return wrong("a critic's bound has no evidence");
                    };
                    let complete = critic.ended().is_none();
                    (critic.raw(x, y)?, lower, critic.lipschitz_between(x, y)?, complete, Box::new(critic))
                };
            if let (0, Some(columns)) = (at, &self.columns) {
                let _ = send.send(Event::Gradients(field(critic.as_ref(), columns, [x, y])?));
            }
            let _ = send.send(Event::Row(Box::new(CriticRow {
                method: method.clone(),
                raw,
                lipschitz,
                certified,
                share: (exact > 0.0).then(|| certified / exact),
                complete,
                seconds: started.elapsed().as_secs_f64(),
            })));
        }
        Ok(())
    }
}

/// The limits of a training, so that there is time to see what it proves.
pub(super) fn for_training(clock: Clock) -> Interrupt {
    Interrupt {
        time: clock.left().map(|left| left.mul_f64(0.9)),
        cancel: Some(interrupt::token()),
        ..Interrupt::default()
    }
}

/// Refuses networks and batches that the machine cannot hold.
pub(super) fn room(options: &TrainingArgs) -> Outcome<()> {
    memory::require_networks(&[&options.hidden], options.batch, "--hidden and --batch")
}

/// The methods asked for; `all` for each there is.
pub(super) fn methods(asked: &[String]) -> Outcome<Vec<String>> {
    if asked.iter().any(|name| name == "all") {
        return Ok(Control::NAMES.iter().copied().chain([EXACT_DUAL]).map(String::from).collect());
    }
    match asked.iter().find(|name| !Control::NAMES.contains(&name.as_str()) && *name != EXACT_DUAL) {
        Some(name) => wrong(format_args!(
            "method: unknown critic `{name}`; expected one of {}, {EXACT_DUAL}, all",
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
