//! `earthwork benchmark w1`: critics on pairs whose distance is known.

use std::time::Instant;

use earthwork::critic::{ExactDual, Funnels, Witness};

use crate::args::{BenchmarkArgs, EXACT_DUAL};
use crate::commands::critic::{methods, neural};
use crate::failure::Outcome;
use crate::progress::Bar;
use crate::report::{self, BenchmarkReport, BenchmarkRow};
use crate::{Exit, output};

/// Fresh points of each side, as in the published tables.
const FRESH: usize = 4096;

/// Runs the command.
pub(crate) fn benchmark(options: &BenchmarkArgs) -> Outcome<Exit> {
    let seed = options.run.seed;
    let pair = Funnels::new(options.dim, options.funnels, seed)?;
    let mut rows = Vec::new();
    let mut truth = (0.0, 0.0);
    let mut bar = Bar::new();
    for (at, method) in methods(&options.critic)?.into_iter().enumerate() {
        bar.say("benchmark", "critics", at as u64);
        let started = Instant::now();
        let critic: Box<dyn Witness> = if method == EXACT_DUAL {
            let n = options.points;
            Box::new(ExactDual::fit(&pair.source(n, seed.wrapping_add(1))?, &pair.target(n, seed.wrapping_add(2))?)?)
        } else {
            let critic = neural(&method, &options.training, seed)?;
            Box::new(critic.fit_streams(options.dim, |side, random, out| pair.draw(side, random, out))?)
        };
        let seconds = started.elapsed().as_secs_f64();
        let marks = pair.examine(critic.as_ref(), FRESH, seed.wrapping_add(3))?;
        truth = (marks.truth.value, marks.truth.std_error().unwrap_or(0.0));
        rows.push(BenchmarkRow {
            critic: method,
            cos: marks.score.cosine,
            l2: marks.score.squared_error,
            w1: marks.raw,
            relative_error: marks.relative_error(),
            lipschitz: marks.lipschitz,
            certified: marks.certified,
            seconds,
        });
    }
    drop(bar);
    let found = BenchmarkReport {
        dim: options.dim,
        funnels: options.funnels,
        truth: truth.0,
        truth_std_error: truth.1,
        critics: rows,
        steps: options.training.steps,
        batch: options.training.batch,
        hidden: options.training.hidden.clone(),
        points: options.points,
        seed,
    };
    output::print(&if options.json { report::to_json(&found) } else { report::benchmark(&found) })?;
    Ok(Exit::Done)
}
