//! `earthwork divergence`: KL, JS and their family, estimated from samples or exact on a grid.

use std::time::Instant;

use earthwork::divergence::{Divergence, dimension};
use earthwork::estimate::resample::{self, Resampling};
use earthwork::estimate::{Estimate, Evidence};

use crate::args::DivergenceArgs;
use crate::commands::two;
use crate::divergence::{check, estimator, kinds};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, wrong};
use crate::output;
use crate::read::{self, Sample};
use crate::report::{self, DivergenceRow};

/// Runs the command.
pub(crate) fn divergence(options: &DivergenceArgs) -> Outcome<Exit> {
    check(options)?;
    output::check(&options.input.files(), &[])?;
    let inputs = read::load(&options.input)?;
    if !options.input.grid {
        inputs.require_squares()?;
    }
    let [a, b] = two(&inputs)?;
    let rows = kinds(options)
        .into_iter()
        .map(|kind| if options.input.grid { on_grid(kind, a, b) } else { from_samples(kind, a, b, options) })
        .collect::<Outcome<Vec<DivergenceRow>>>()?;
    let text = if options.json {
        report::to_json(&report::divergence_json(&inputs, &rows, options.run.seed))
    } else {
        report::divergence(&inputs, &rows)
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

/// The exact divergence between masses on the same cells.
fn on_grid(kind: Divergence, a: &Sample, b: &Sample) -> Outcome<DivergenceRow> {
    if let (Some(p), Some(q)) = (&a.grid, &b.grid)
        && !p.has_bins_of(q)
    {
        return wrong(format_args!("{}: its grid is not that of {}: {}, not {}", b.name, a.name, b.weights, a.weights));
    }
    let (p, q) = (a.samples.weights(), b.samples.weights());
    let start = Instant::now();
    let value = kind.between(p, q).map_err(|error| named(error, a, b))?;
    let estimate = Estimate::new(value, Evidence::Exact, "exact on the grid", (p.len(), q.len()));
    Ok(DivergenceRow { kind, name: format!("{kind} (exact)"), estimate, interval: None, time: start.elapsed() })
}

fn from_samples(kind: Divergence, a: &Sample, b: &Sample, options: &DivergenceArgs) -> Outcome<DivergenceRow> {
    let dim = dimension(&a.samples, &b.samples).unwrap_or(a.samples.dim());
    let estimator = estimator(kind, dim, options)?;
    let start = Instant::now();
    let estimate = estimator.between(&a.samples, &b.samples).map_err(|error| named(error, a, b))?;
    let interval = match options.ci {
        Some(level) if estimate.value.is_finite() => {
            let resampling = Resampling::default().with_level(level).with_seed(options.run.seed);
            let found = resample::interval(&*estimator, &a.samples, &b.samples, &resampling);
            Some((found.map_err(|error| named(error, a, b))?, level))
        }
        _ => None,
    };
    let interval = interval.map(|(found, level)| (found.lower(), found.upper(), level));
    Ok(DivergenceRow { kind, name: estimator.name(), estimate, interval, time: start.elapsed() })
}

/// The error under the name of the file.
fn named(error: earthwork::Error, a: &Sample, b: &Sample) -> Failure {
    let file = match error.argument() {
        "x" | "p" => a.name.clone(),
        "y" | "q" => b.name.clone(),
        option => format!("--{option}"),
    };
    let text = error.about(file).to_string();
    Failure::Input(text.replace("call `normalised()`", "use --normalise"))
}
