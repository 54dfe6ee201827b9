//! `earthwork test`: can two samples come from one distribution?

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use earthwork::compare;
use earthwork::estimate::resample::{Permutation, Resampling, interval_observed, permutation_test_observed};

use crate::args::TestArgs;
use crate::commands::{too_soon, two};
use crate::failure::Outcome;
use crate::limit::{self, Clock};
use crate::report::{self, TestReport, Tested};
use crate::{Exit, memory, output, read};

/// Runs the command.
pub(crate) fn test(options: &TestArgs) -> Outcome<Exit> {
    let discrepancy = compare::discrepancy(&options.with).map_err(|error| error.about("--with"))?;
    output::check(&options.input.files(), &[])?;
    memory::require(16.0 * options.permutations as f64, "--permutations")?;
    let inputs = read::load(&options.input)?;
    inputs.require_squares()?;
    let [a, b] = two(&inputs)?;
    let rename = |error: earthwork::Error| match error.argument() {
        "x" => error.about(a.name.clone()),
        "y" => error.about(b.name.clone()),
        "level" => error.about("--ci"),
        _ => error,
    };
    let start = Instant::now();
    let clock = Clock::new(options.run.time_limit);
    let asked = Permutation::new(options.permutations).with_seed(options.run.seed);
    let (x, y, name) = (a.samples.clone(), b.samples.clone(), discrepancy.name());
    let resampling = options.ci.map(|level| Resampling::default().with_level(level).with_seed(options.run.seed));
    let mut statistic_time = None;
    let work = move |send: &Sender<Duration>| {
        if let Err(why) = discrepancy.between(&x, &y) {
            return Ok(Err(why));
        }
        let _ = send.send(start.elapsed());
        let mut go_on = |_| !clock.is_over();
        let test = permutation_test_observed(&discrepancy, &x, &y, &asked, &mut go_on);
        Ok(test.and_then(|test| {
            let interval = resampling.map(|options| interval_observed(&discrepancy, &x, &y, &options, &mut go_on));
            Ok((test, interval.transpose()?))
        }))
    };
    let found = limit::within(clock, work, |time| statistic_time = Some(time))?;
    let Some(found) = found else { return Ok(too_soon("before the samples were compared and relabelled once")) };
    let (found, interval) = found.map_err(rename)?;
    let statistic_time = statistic_time.unwrap_or_default();
    let tested = Tested {
        interval: interval.as_ref(),
        with: &options.with,
        name,
        test: &found,
        asked: options.permutations,
        statistic_time,
        time: start.elapsed(),
    };
    output::print(&if options.json {
        report::to_json(&TestReport::new(&tested))
    } else {
        report::test(&inputs, &tested)
    })?;
    Ok(if found.permutations() == options.permutations { Exit::Done } else { Exit::Bounds })
}
