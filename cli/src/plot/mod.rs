//! Pictures of two samples and the plan between them, as SVG or PNG.
//!
//! A picture is a [`Scene`](scene::Scene) of a few kinds of shapes; `svg` writes it down and `raster` paints it, with the
//! same font in both.

mod axes;
mod cloud;
mod contour;
mod font;
mod images;
mod kind;
mod line;
mod metrics;
mod raster;
mod scene;
mod sheet;
mod svg;
mod training;

pub(crate) use kind::check;
pub(crate) use sheet::generated_images;
pub(crate) use training::{Pictures, training};

use std::path::Path;

use earthwork::estimate::Estimate;
use earthwork::transport::Plan;
use earthwork_view::format;

use crate::failure::Outcome;
use crate::plot::kind::{Kind, kind};
use crate::read::{Inputs, Sample};
use crate::{memory, output};

/// What a picture says in words.
pub(crate) struct Title {
    main: String,
    evidence: String,
}

/// "W2 = 1,391.02", and what supports it.
pub(crate) fn title(name: &str, answer: &Estimate) -> Title {
    let (lower, upper) = (format::down(answer.lower(), 8), format::up(answer.upper(), 8));
    Title {
        main: format!("{name} = {}", format::short(answer.value, 6)),
        evidence: format!("proven to lie between {lower} and {upper}"),
    }
}

/// Everything a picture shows.
struct Subject<'a> {
    samples: [&'a Sample; 2],
    columns: &'a [String],
    standardised: bool,
    plan: &'a Plan,
    title: &'a Title,
}

/// Refuses a picture of more columns than their covariances have room for.
pub(crate) fn require_room(path: Option<&Path>, columns: usize) -> Outcome<()> {
    match path {
        Some(_) if columns > 2 => memory::require(32.0 * (columns as f64).powi(2), "--plot of so many columns"),
        _ => Ok(()),
    }
}

/// Draws the samples and the plan and writes the picture.
pub(crate) fn write(path: &Path, inputs: &Inputs, pair: [usize; 2], plan: &Plan, title: &Title) -> Outcome<()> {
    let samples = pair.map(|at| &inputs.samples[at]);
    let subject = Subject { samples, columns: &inputs.columns, standardised: inputs.standardised, plan, title };
    let is_image = samples.iter().all(|sample| sample.grid.as_ref().is_some_and(|grid| grid.shape().len() == 2));
    let scene = match subject.columns.len() {
        _ if is_image => images::draw(&subject),
        1 => line::draw(&subject),
        _ => cloud::draw(&subject)?,
    };
    let bytes = match kind(path) {
        Some(Kind::Png) => raster::png(&scene),
        _ => svg::text(&scene).into_bytes(),
    };
    output::write(path, &bytes)
}
