//! `earthwork compare`: every distance between two samples or between all pairs of groups.

use std::time::Instant;

use earthwork::compare::{Compare, Comparison};
use earthwork::measure::Samples;
use earthwork::transport::Progress;

use crate::args::CompareArgs;
use crate::failure::{Outcome, wrong};
use crate::progress::Bar;
use crate::read::{self, Inputs};
use crate::report::{self, ComparisonReport, PairReport, SampleInfo};
use crate::{Exit, interrupt, output, plot};

/// Runs the command.
pub(crate) fn compare(options: &CompareArgs) -> Outcome<Exit> {
    options.output.check()?;
    let inputs = read::load(&options.input)?;
    let out = &options.output;
    if inputs.samples.len() > 2 && (out.plan.is_some() || out.potentials.is_some() || out.plot.is_some()) {
        return wrong("--plan, --potentials and --plot are for one pair; choose two groups with --only");
    }
    let comparisons = all_pairs(&inputs, options)?;
    if let [((a, b), only)] = comparisons.as_slice() {
        let row = only.row("W2").expect("W2 is always computed");
        if let Some(path) = &out.plan {
            output::write_plan(path, &row.solution.plan)?;
        }
        if let Some(path) = &out.potentials {
            output::write_potentials(path, &row.solution.potentials)?;
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
        })
    } else {
        match comparisons.as_slice() {
            [(_, only)] => report::compare(&inputs, only),
            _ => report::pairs(&inputs, &comparisons),
        }
    };
    output::print(&text)?;
    let complete = comparisons.iter().all(|(_, found)| found.is_complete());
    Ok(if complete { Exit::Done } else { Exit::Bounds })
}

/// Compares all pairs; each gets its share of the time that is left.
fn all_pairs(inputs: &Inputs, options: &CompareArgs) -> Outcome<Vec<((usize, usize), Comparison)>> {
    let start = Instant::now();
    let count = inputs.samples.len();
    let pairs: Vec<(usize, usize)> = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect();
    let mut found = Vec::with_capacity(pairs.len());
    for (done, &(a, b)) in pairs.iter().enumerate() {
        let mut job = Compare::default().with_cancel(interrupt::token()).with_seed(options.run.seed);
        if let Some(limit) = options.run.time_limit {
            job = job.with_time_limit(limit.saturating_sub(start.elapsed()) / (pairs.len() - done) as u32);
        }
        found.push(((a, b), one_pair(&job, &inputs.samples[a].samples, &inputs.samples[b].samples)?));
    }
    Ok(found)
}

fn one_pair(job: &Compare, x: &Samples, y: &Samples) -> Outcome<Comparison> {
    let mut bar = Bar::new();
    let mut observe = |name: &'static str, progress: &Progress| bar.show(name, progress);
    Ok(interrupt::while_solving(|| job.between_observed(x, y, &mut observe))?)
}
