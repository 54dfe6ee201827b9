//! `earthwork metrics`: the metrics of generative models, real against fake.

use std::time::Instant;

use earthwork::compare;
use earthwork::metrics::{Memorisation, Metric, OneNearest};

use crate::args::{InputArgs, MetricsArgs};
use crate::commands::two;
use crate::failure::{Failure, Outcome};
use crate::report::{self, MetricsReport, Scored};
use crate::{Exit, interrupt, output, read};

/// Runs the command.
pub(crate) fn metrics(options: &MetricsArgs) -> Outcome<Exit> {
    let mut chosen = chosen(&options.metrics)?;
    let inputs = read::load(&options.input)?;
    let [real, fake] = two(&inputs)?;
    if let Some(path) = &options.held_out {
        let beside = InputArgs { b: Some(path.clone()), weights_b: None, ..options.input.clone() };
        let held_out = read::load(&beside)?.samples.swap_remove(1).samples;
        chosen.push(Metric::score("memorisation", Memorisation::new(held_out)));
    }
    let rename = |error: earthwork::Error| match error.argument() {
        "x" => error.about(real.name.clone()),
        "y" => error.about(fake.name.clone()),
        _ => error,
    };
    let (start, token) = (Instant::now(), interrupt::token());
    let ended = || token.is_cancelled() || options.run.time_limit.is_some_and(|limit| start.elapsed() >= limit);
    let mut scored = Vec::new();
    let mut complete = true;
    for metric in &chosen {
        if ended() {
            complete = false;
            break;
        }
        let begun = Instant::now();
        let outcome = interrupt::while_solving(|| metric.discrepancy.between(&real.samples, &fake.samples));
        let name = metric.discrepancy.name();
        let time = begun.elapsed();
        let (key, outcome) = (metric.key.clone(), outcome.map_err(rename));
        let parts = outcome.is_ok() && key == "one_nn";
        scored.push(Scored { key, name, reading: metric.reading, outcome, time });
        if parts {
            let parts = OneNearest::default().parts(&real.samples, &fake.samples)?;
            for (key, name, part) in
                [("one_nn_real", "  of real points", parts.real), ("one_nn_fake", "  of fake points", parts.fake)]
            {
                let (key, name) = (key.to_string(), name.to_string());
                scored.push(Scored { key, name, reading: metric.reading, outcome: Ok(part), time });
            }
        }
    }
    // What fails for every metric is wrong with the input.
    if let Some(first) = scored.first().and_then(|row| row.outcome.as_ref().err())
        && scored.iter().all(|row| row.outcome.is_err())
    {
        return Err(Failure::from(first.clone()));
    }
    output::print(&if options.json {
        report::to_json(&MetricsReport::new(&inputs, &scored))
    } else {
        report::metrics(&inputs, &scored)
    })?;
    Ok(if complete { Exit::Done } else { Exit::Bounds })
}

/// The metrics of these names; all of them where none is named.
pub(super) fn chosen(names: &[String]) -> Outcome<Vec<Metric>> {
    Ok(compare::metrics(names).map_err(|error| error.about("--metrics"))?)
}
