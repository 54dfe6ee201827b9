//! `earthwork validate`: which metrics see what is wrong with a fake sample.

use std::path::Path;

use earthwork::measure::Mixture;
use earthwork::metrics::{Metric, Modes, of_mixture};
use earthwork::transport::{Progress, Status};
use earthwork::validate::{Corruption, Population, Validation};

use crate::args::ValidateArgs;
use crate::commands::metrics::chosen;
use crate::failure::{Outcome, wrong};
use crate::format;
use crate::progress::Bar;
use crate::report::{self, ValidationJson};
use crate::{Exit, interrupt, output, read};

/// Runs the command.
pub(crate) fn validate(options: &ValidateArgs) -> Outcome<Exit> {
    if let Some(path) = &options.out {
        if path.extension().is_none_or(|extension| extension != "html" && extension != "htm") {
            return wrong(format_args!(
                "--out {}: the page is .html; JSON goes to standard output by --json",
                path.display()
            ));
        }
        output::check(path)?;
    }
    if options.severities < 2 {
        return wrong("--severities: at least 2 steps are needed");
    }
    let corruptions = corruptions(&options.corruptions)?;
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
    let mut observe = |progress: &Progress| bar.fill("validation", "pairs of samples", progress);
    let found = interrupt::while_solving(|| job.run_observed(&population, &metrics, &mut observe))?;
    drop(bar);
    if let Some(path) = &options.out {
        let page = report::page(&title, &population, &found)?;
        output::write(path, page.as_bytes())?;
    }
    output::print(&if options.json {
        report::to_json(&ValidationJson::new(&title, &found))
    } else {
        report::validation(&title, &found, options.out.as_deref().map(Path::display))
    })?;
    Ok(if found.status == Status::Optimal { Exit::Done } else { Exit::Bounds })
}

/// Where real points come from, and what a report calls it.
fn population(options: &ValidateArgs) -> Outcome<(Population, String)> {
    let file_only =
        options.labels.is_some() || !options.columns.is_empty() || options.standardise || options.drop_missing;
    let toy = match options.data.as_str() {
        "ring8" => {
            let title = "ring8: eight Gaussians of deviation 0.07 on a circle of radius √2";
            Some((Mixture::ring(8, std::f64::consts::SQRT_2, 0.07)?, title))
        }
        "grid25" => {
            Some((Mixture::grid(5, 2.0, 0.05)?, "grid25: 25 Gaussians of deviation 0.05 on a grid of spacing 2"))
        }
        _ => None,
    };
    if let Some((mixture, title)) = toy {
        if file_only {
            return wrong(format_args!("--data {}: columns and labels are those of a file", options.data));
        }
        return Ok((Population::mixture(mixture), title.to_string()));
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

/// The metrics asked for, without those that stand beside in any case.
fn metrics(options: &ValidateArgs, population: &Population) -> Outcome<Vec<Metric>> {
    let all = options.metrics == ["all"];
    let mut metrics = chosen(&options.metrics)?;
    if all {
        metrics.retain(|metric| metric.key != "w1" && metric.key != "w2");
        if let Some(mixture) = population.as_mixture() {
            metrics.extend(of_mixture(&Modes::new(mixture.clone())));
        }
    }
    Ok(metrics)
}

fn corruptions(names: &[String]) -> Outcome<Vec<Corruption>> {
    if names == ["all"] {
        return Ok(Corruption::all());
    }
    let named = |name: &String| Ok(Corruption::named(name).map_err(|error| error.about("--corruptions"))?);
    names.iter().map(named).collect()
}
