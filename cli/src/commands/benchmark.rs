//! `earthwork benchmark w1`: critics on pairs whose distance is known.

use std::sync::mpsc::Sender;
use std::time::Instant;

use earthwork::critic::{ExactDual, Funnels, Witness};

use crate::args::{BenchmarkArgs, EXACT_DUAL};
use crate::commands::critic::{for_training, methods, neural, room};
use crate::commands::too_soon;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::limit::{self, Clock};
use crate::progress::Bar;
use crate::report::{self, BenchmarkReport, BenchmarkRow};
use crate::{memory, output};

/// Fresh points of each side, as in the published tables.
const FRESH: usize = 4096;
/// Points that the true distance is a mean over.
const TRUTH: f64 = 100_000.0;

/// Runs the command.
pub(crate) fn benchmark(options: &BenchmarkArgs) -> Outcome<Exit> {
    let seed = options.run.seed;
    check(options)?;
    let pair = Funnels::new(options.dim, options.funnels, seed)?;
    let asked = methods(&options.critic)?;
    let clock = Clock::new(options.run.time_limit);
    let mut rows: Vec<BenchmarkRow> = Vec::new();
    let mut truth = (f64::NAN, f64::NAN);
    let mut bar = Bar::new();
    let job = (asked.clone(), options.training.clone(), options.dim, options.points);
    let work = move |send: &Sender<(BenchmarkRow, (f64, f64))>| {
        let (asked, training, dim, n) = job;
        for method in asked {
            if clock.is_over() {
                break;
            }
            let started = Instant::now();
            let (critic, complete): (Box<dyn Witness>, bool) = if method == EXACT_DUAL {
                let (x, y) = (pair.source(n, seed.wrapping_add(1))?, pair.target(n, seed.wrapping_add(2))?);
                (Box::new(ExactDual::fit(&x, &y)?), true)
            } else {
                let mut critic = neural(&method, &training, seed)?;
                critic.interrupt = for_training(clock);
                let critic = critic.fit_streams(dim, |side, random, out| pair.draw(side, random, out))?;
                let complete = critic.ended().is_none();
                (Box::new(critic), complete)
            };
            let seconds = started.elapsed().as_secs_f64();
            let marks = pair.examine(critic.as_ref(), FRESH, seed.wrapping_add(3))?;
            let truth = (marks.truth.value, marks.truth.std_error().unwrap_or(0.0));
            let row = BenchmarkRow {
                critic: method,
                cos: marks.score.cosine,
                l2: marks.score.squared_error,
                w1: marks.raw,
                relative_error: marks.relative_error(),
                lipschitz: marks.lipschitz,
                certified: marks.certified,
                complete,
                seconds,
            };
            let _ = send.send((row, truth));
        }
        Ok(())
    };
    limit::within(clock, work, |(row, found)| {
        truth = found;
        rows.push(row);
        bar.say("benchmark", "critics", rows.len() as u64);
    })?;
    drop(bar);
    if rows.is_empty() {
        return Ok(too_soon("before the first critic was marked"));
    }
    let left_out = asked[rows.len()..].to_vec();
    let complete = left_out.is_empty() && rows.iter().all(|row| row.complete);
    let found = BenchmarkReport {
        dim: options.dim,
        funnels: options.funnels,
        truth: truth.0,
        truth_std_error: truth.1,
        critics: rows,
        left_out,
        steps: options.training.steps,
        batch: options.training.batch,
        hidden: options.training.hidden.clone(),
        points: options.points,
        seed,
    };
    output::print(&if options.json { report::to_json(&found) } else { report::benchmark(&found) })?;
    Ok(if complete { Exit::Done } else { Exit::Bounds })
}

/// Refuses sizes that the machine cannot hold.
fn check(options: &BenchmarkArgs) -> Outcome<()> {
    room(&options.training)?;
    let (dim, funnels, points) = (options.dim as f64, options.funnels as f64, options.points as f64);
    let batch = options.training.batch as f64;
    let first = options.training.hidden.first().copied().unwrap_or(1) as f64;
    let numbers = dim * (funnels + 2.0 * points + 4.0 * TRUTH + 4.0 * batch + 4.0 * first);
    memory::require(8.0 * numbers, "--dim, --funnels and --points")
}
