//! `earthwork sliced`: distances through projections onto lines.

use earthwork::sliced::{MaxSliced, Method, Sliced};
use earthwork::transport::{Interrupt, Progress, Status};

use crate::args::{SlicedArgs, SlicedMethod};
use crate::commands::two;
use crate::exit::Exit;
use crate::failure::{Outcome, wrong};
use crate::progress::Bar;
use crate::report::{self, SlicedReport};
use crate::{interrupt, output, read};

/// Runs the command.
pub(crate) fn sliced(options: &SlicedArgs) -> Outcome<Exit> {
    output::check(&options.input.files(), &[])?;
    let inputs = read::load(&options.input)?;
    let [a, b] = two(&inputs)?;
    let (x, y, run) = (&a.samples, &b.samples, &options.run);
    let limits = Interrupt { time: run.time_limit, cancel: Some(interrupt::token()), ..Interrupt::default() };
    let dim = inputs.columns.len();
    let (found, status) = if options.method == SlicedMethod::Max {
        if options.precision.is_some() {
            return wrong("--precision is for the mean over directions; --method max looks for a single one");
        }
        let mut solver = MaxSliced::new(options.p).with_seed(run.seed);
        solver.interrupt = limits;
        let slice = interrupt::while_solving(|| solver.solve(x, y))?;
        (SlicedReport::of_max(&slice, options.p, dim, x.total()), slice.status)
    } else {
        let method = match options.method {
            SlicedMethod::MonteCarlo => Method::MonteCarlo,
            SlicedMethod::Orthogonal => Method::Orthogonal,
            SlicedMethod::Qmc => Method::QuasiMonteCarlo,
            SlicedMethod::Auto | SlicedMethod::Max => Method::Auto,
        };
        let mut solver = Sliced::new(options.p).with_method(method).with_seed(run.seed);
        solver = solver.with_directions(options.directions as usize);
        solver.precision = options.precision;
        solver.interrupt = limits;
        let mut bar = Bar::new();
        let mut observe = |progress: &Progress| bar.say("sliced", "directions", progress.iterations);
        let distance = interrupt::while_solving(|| solver.solve_observed(x, y, &mut observe))?;
        (SlicedReport::of_mean(&distance, options.p, dim, x.total()), distance.status)
    };
    let text = if options.json { report::to_json(&found) } else { report::sliced(&inputs, &found) };
    output::print(&text)?;
    let done = matches!(status, Status::Converged | Status::Stalled);
    Ok(if done { Exit::Done } else { Exit::Bounds })
}
