//! `earthwork compare`: every distance between two samples or between all pairs of groups.

use std::sync::mpsc::Sender;

use earthwork::compare::{Compare, Comparison, Part};
use earthwork::measure::Samples;
use earthwork::transport::Progress;

use crate::args::CompareArgs;
use crate::commands::emd::as_given;
use crate::commands::too_soon;
use crate::exit::Exit;
use crate::failure::{Outcome, wrong};
use crate::limit::{self, Clock};
use crate::progress::Bar;
use crate::read::{self, Inputs};
use crate::report::{self, ComparisonReport, PairReport, SampleInfo};
use crate::{interrupt, output, plot};

/// Runs the command.
pub(crate) fn compare(options: &CompareArgs) -> Outcome<Exit> {
    options.output.check(&options.input.files())?;
    let inputs = read::load(&options.input)?;
    let out = &options.output;
    plot::require_room(out.plot.as_deref(), inputs.columns.len())?;
    if inputs.samples.len() > 2 && (out.plan.is_some() || out.potentials.is_some() || out.plot.is_some()) {
        return wrong("--plan, --potentials and --plot are for one pair; choose two groups with --only");
    }
    let comparisons = all_pairs(&inputs, options)?;
    let pairs = inputs.samples.len() * (inputs.samples.len() - 1) / 2;
    if comparisons.is_empty() {
        return Ok(too_soon("before any pair was compared"));
    }
    if let ([((a, b), only)], 1) = (comparisons.as_slice(), pairs) {
        let row = only.row("W2").expect("W2 is always computed");
        if let Some(path) = &out.plan {
            output::write_plan(path, &row.solution.plan)?;
        }
        if let Some(path) = &out.potentials {
            output::write_potentials(path, &as_given(&row.solution.potentials, Some(row.root))?)?;
        }
        if let Some(path) = &out.plot {
            let title = plot::title("W2", &row.estimate());
            plot::write(path, &inputs, [*a, *b], &row.solution.plan, &title)?;
        }
    }
    let text = if out.json {
        let pair =
            |(pair, found): &((usize, usize), Comparison)| PairReport::new(&inputs, *pair, found, options.run.seed);
        report::to_json(&ComparisonReport {
            samples: SampleInfo::of_all(Some(&inputs)),
            columns: inputs.columns.clone(),
            standardised: inputs.standardised,
            pairs: comparisons.iter().map(pair).collect(),
            pairs_left_out: pairs - comparisons.len(),
        })
    } else {
        match comparisons.as_slice() {
            [(_, only)] if pairs == 1 => report::compare(&inputs, only),
            _ => report::pairs(&inputs, &comparisons, pairs - comparisons.len()),
        }
    };
    output::print(&text)?;
    let complete = comparisons.len() == pairs && comparisons.iter().all(|(_, found)| found.is_complete());
    Ok(if complete { Exit::Done } else { Exit::Bounds })
}

/// Compares all pairs; each gets its share of the time that is left. Pairs for which no time was left have no row.
fn all_pairs(inputs: &Inputs, options: &CompareArgs) -> Outcome<Vec<((usize, usize), Comparison)>> {
    let clock = Clock::new(options.run.time_limit);
    let count = inputs.samples.len();
    let pairs: Vec<(usize, usize)> = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect();
    let mut found = Vec::with_capacity(pairs.len());
    for (done, &(a, b)) in pairs.iter().enumerate() {
        let limit = clock.left().map(|left| left / (pairs.len() - done) as u32);
        let mut job = Compare::default().with_cancel(interrupt::token()).with_seed(options.run.seed);
        (job.time_limit, job.tolerance) = (limit, options.tolerance);
        if let Some(comparison) =
            one_pair(job, Clock::new(limit), &inputs.samples[a].samples, &inputs.samples[b].samples)?
        {
            found.push(((a, b), comparison));
        }
    }
    Ok(found)
}

/// What the thread of a comparison sends.
enum Event {
    Progress(&'static str, Progress),
    Part(Box<Part>),
}

fn one_pair(job: Compare, clock: Clock, x: &Samples, y: &Samples) -> Outcome<Option<Comparison>> {
    let mut bar = Bar::new();
    let mut parts = Vec::new();
    let groups = job.flow_groups;
    let samples = [x.clone(), y.clone()];
    let work = move |send: &Sender<Event>| {
        let mut observe = |name: &'static str, progress: &Progress| {
            let _ = send.send(Event::Progress(name, *progress));
        };
        let mut receive = |part| {
            let _ = send.send(Event::Part(Box::new(part)));
        };
        Ok(job.between_in_parts(&samples[0], &samples[1], &mut observe, &mut receive)?)
    };
    limit::within(clock, work, |event| match event {
        Event::Progress(name, progress) => bar.show(name, &progress),
        Event::Part(part) => parts.push(*part),
    })?;
    Ok(Comparison::from_parts(x, y, groups, parts)?)
}
