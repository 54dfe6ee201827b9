//! `earthwork validate`: which metrics see what is wrong with a fake sample.

use std::path::Path;
use std::sync::mpsc::Sender;

use earthwork::metrics::Metric;
use earthwork::transport::{Progress, Status};
use earthwork::validate::{Corruption, Population, Validation};
use earthwork_view::validation::{ValidationJson, page};

use crate::args::ValidateArgs;
use crate::commands::metrics::chosen;
use crate::commands::too_soon;
use crate::exit::Exit;
use crate::failure::{Outcome, wrong};
use crate::limit::{self, Clock};
use crate::progress::Bar;
use crate::{interrupt, memory, output, read, report};
use earthwork_view::format;

/// Runs the command.
pub(crate) fn validate(options: &ValidateArgs) -> Outcome<Exit> {
    let is_page = |path: &Path| path.extension().is_some_and(|extension| extension == "html" || extension == "htm");
    if let Some(path) = options.out.as_deref().filter(|path| !is_page(path)) {
        return wrong(format_args!(
            "--out {}: the page is .html; JSON goes to standard output by --json",
            path.display()
        ));
    }
    let writes = options.out.as_deref().map(|path| ("--out", path));
    output::check(&[&options.data], writes.as_slice())?;
    if options.severities < 2 {
        return wrong("--severities: at least 2 steps are needed");
    }
    let corruptions = corruptions(&options.corruptions)?;
    let tasks = corruptions.len() as f64 * options.severities as f64 * options.repeats as f64;
    memory::require(400.0 * tasks, "--severities and --repeats")?;
    memory::require(200.0 * options.points as f64, "--points")?;
    memory::require(200.0 * options.modes as f64, "--modes")?;
    let (population, title) = population(options)?;
    let metrics = metrics(options, &population)?;
    let mut job = Validation::default()
        .with_corruptions(corruptions)
        .with_points(options.points)
        .with_repeats(options.repeats)
        .with_seed(options.run.seed);
    let last = (options.severities - 1) as f64;
    job.severities = (0..options.severities).map(|k| k as f64 / last).collect();
    job.interrupt.time = options.run.time_limit;
    job.interrupt.cancel = Some(interrupt::token());
    let mut bar = Bar::new();
    let clock = Clock::new(options.run.time_limit);
    let points = population.clone();
    let work = move |send: &Sender<Progress>| {
        let mut observe = |progress: &Progress| {
            let _ = send.send(*progress);
        };
        Ok(job.run_observed(&points, &metrics, &mut observe)?)
    };
    let found = limit::within(clock, work, |progress: Progress| bar.fill("validation", "pairs of samples", &progress))?;
    drop(bar);
    let Some(found) = found else { return Ok(too_soon("before a sweep was finished")) };
    if let Some(path) = &options.out {
        let page = page(&title, &population, &found)?;
        output::write(path, page.as_bytes())?;
    }
    output::print(&if options.json {
        report::to_json(&ValidationJson::new(&title, &found, memory::peak()))
    } else {
        report::validation(&title, &found, options.out.as_deref().map(Path::display))
    })?;
    Ok(if found.status == Status::Optimal { Exit::Done } else { Exit::Bounds })
}

/// Where real points come from, and what a report calls it.
fn population(options: &ValidateArgs) -> Outcome<(Population, String)> {
    let file_only =
        options.labels.is_some() || !options.columns.is_empty() || options.standardise || options.drop_missing;
    if let Some((population, title)) = Population::toy(&options.data) {
        if file_only {
            return wrong(format_args!("--data {}: columns and labels are those of a file", options.data));
        }
        return Ok((population, title.to_string()));
    }
    let path = &options.data;
    let whole = read::whole(path, options)?;
    let (points, columns) = (whole.samples.len(), whole.columns);
    let name = Path::new(path).file_name().map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned());
    let (population, modes) = match whole.labels {
        Some(labels) => (Population::labelled(&whole.samples, labels), "classes as labelled"),
        None => (Population::clustered(&whole.samples, options.modes, options.run.seed), "modes found by k-means"),
    };
    let population = population.map_err(|error| error.about(path.clone()))?;
    let title =
        format!("{name}: {points} points in {}, {} {modes}", format::counted(columns, "column"), population.modes());
    Ok((population, title))
}

/// The metrics asked for, and all those of the population where all are.
fn metrics(options: &ValidateArgs, population: &Population) -> Outcome<Vec<Metric>> {
    if options.metrics == ["all"] { Ok(population.metrics()) } else { chosen(&options.metrics) }
}

fn corruptions(names: &[String]) -> Outcome<Vec<Corruption>> {
    if names == ["all"] {
        return Ok(Corruption::all());
    }
    let named = |name: &String| Ok(Corruption::named(name).map_err(|error| error.about("--corruptions"))?);
    names.iter().map(named).collect()
}
