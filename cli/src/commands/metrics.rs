//! `earthwork metrics`: the metrics of generative models, real against fake.

use std::sync::mpsc::Sender;
use std::time::Instant;

use earthwork::ErrorKind;
use earthwork::compare;
use earthwork::estimate::Estimate;
use earthwork::measure::Samples;
use earthwork::metrics::{Memorisation, Metric, OneNearest};

use crate::args::{InputArgs, MetricsArgs};
use crate::commands::two;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::limit::{self, Clock};
use crate::report::{self, MetricsReport, Scored};
use crate::{memory, output, read};

/// Runs the command.
pub(crate) fn metrics(options: &MetricsArgs) -> Outcome<Exit> {
    let mut chosen = chosen(&options.metrics)?;
    let reads: Vec<&str> = options.input.files().into_iter().chain(options.held_out.as_deref()).collect();
    output::check(&reads, &[])?;
    let inputs = read::load(&options.input)?;
    inputs.require_squares()?;
    let [real, fake] = two(&inputs)?;
    if let Some(path) = &options.held_out {
        let beside = InputArgs { b: Some(path.clone()), weights_b: None, ..options.input.clone() };
        let held_out = read::load(&beside)?.samples.swap_remove(1).samples;
        chosen.push(Metric::score("memorisation", Memorisation::new(held_out)));
    }
    let (x, y) = (real.samples.clone(), fake.samples.clone());
    let names = [real.name.clone(), fake.name.clone()];
    let asked: Vec<(String, String)> =
        chosen.iter().map(|metric| (metric.key.clone(), metric.discrepancy.name())).collect();
    let clock = Clock::new(options.run.time_limit);
    let mut scored: Vec<Scored> = Vec::new();
    let work = move |send: &Sender<Scored>| {
        for metric in &chosen {
            if clock.is_over() {
                break;
            }
            score(metric, &x, &y, &names, send);
        }
        Ok(())
    };
    limit::within(clock, work, |row| scored.push(row))?;
    let left_out: Vec<(String, String)> =
        asked.into_iter().filter(|(key, _)| scored.iter().all(|row| row.key != *key)).collect();
    let complete = left_out.is_empty();
    // What fails for every metric is wrong with the input.
    if complete
        && let Some(first) = scored.first().and_then(|row| row.outcome.as_ref().err())
        && scored.iter().all(|row| row.outcome.is_err())
    {
        return Err(Failure::from(first.clone()));
    }
    output::print(&if options.json {
        report::to_json(&MetricsReport::new(&inputs, &scored, &left_out))
    } else {
        report::metrics(&inputs, &scored, &left_out)
    })?;
    Ok(if complete { Exit::Done } else { Exit::Bounds })
}

/// Sends what one metric says, and the parts of those that have some.
fn score(metric: &Metric, x: &Samples, y: &Samples, names: &[String; 2], send: &Sender<Scored>) {
    let rename = |error: earthwork::Error| match error.argument() {
        "x" => error.about(names[0].clone()),
        "y" => error.about(names[1].clone()),
        _ => error,
    };
    let begun = Instant::now();
    let outcome = room(metric, x.dim())
        .and_then(|()| metric.discrepancy.between(x, y))
        .and_then(|estimate| finite(estimate, &metric.key))
        .map_err(rename);
    let (key, name, time) = (metric.key.clone(), metric.discrepancy.name(), begun.elapsed());
    let parts = outcome.is_ok() && key == "one_nn";
    let _ = send.send(Scored { key, name, reading: metric.reading, outcome, time });
    if let (true, Ok(parts)) = (parts, OneNearest::default().parts(x, y)) {
        for (key, name, part) in
            [("one_nn_real", "  of real points", parts.real), ("one_nn_fake", "  of fake points", parts.fake)]
        {
            let (key, name) = (key.to_string(), name.to_string());
            let _ = send.send(Scored { key, name, reading: metric.reading, outcome: Ok(part), time });
        }
    }
}

/// Refuses a covariance that the machine cannot hold.
fn room(metric: &Metric, dim: usize) -> earthwork::Result<()> {
    if !metric.key.starts_with("fid") {
        return Ok(());
    }
    // Two covariances, their roots and products.
    match memory::require(64.0 * (dim as f64).powi(2), "the covariances") {
        Err(Failure::Input(why)) => Err(earthwork::Error::new(metric.key.clone(), ErrorKind::Unsupported(why.into()))),
        _ => Ok(()),
    }
}

/// A number and an error that are numbers.
fn finite(estimate: Estimate, key: &str) -> earthwork::Result<Estimate> {
    if estimate.value.is_nan() || estimate.std_error().is_some_and(|error| !error.is_finite()) {
        let why =
            "these coordinates are too large or too small for it; put all columns on one scale with --standardise";
        return Err(earthwork::Error::new(key.to_string(), ErrorKind::Unsupported(why.into())));
    }
    Ok(estimate)
}

/// The metrics of these names; all of them where none is named.
pub(super) fn chosen(names: &[String]) -> Outcome<Vec<Metric>> {
    Ok(compare::metrics(names).map_err(|error| error.about("--metrics"))?)
}
