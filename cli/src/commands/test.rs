//! `earthwork test`: can two samples come from one distribution?

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use earthwork::compare;
use earthwork::estimate::resample::{
    Permutation, PermutationTest, Resampling, interval_observed, permutation_test_observed,
};

use crate::args::TestArgs;
use crate::commands::{too_soon, two};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::limit::{self, Clock};
use crate::report::{self, TestReport, Tested};
use crate::{memory, output, read};

/// What comes before the end, so that a limit does not lose it.
enum Sent {
    /// The samples as given are compared, after this time.
    Statistic(Duration),
    Test(Box<PermutationTest>),
}

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
    let work = move |send: &Sender<Sent>| {
        if let Err(why) = discrepancy.between(&x, &y) {
            return Ok(Err(why));
        }
        let _ = send.send(Sent::Statistic(start.elapsed()));
        let mut go_on = |_| !clock.is_over();
        let test = permutation_test_observed(&discrepancy, &x, &y, &asked, &mut go_on);
        Ok(test.and_then(|test| {
            let _ = send.send(Sent::Test(Box::new(test.clone())));
            let interval = resampling.map(|options| interval_observed(&discrepancy, &x, &y, &options, &mut go_on));
            Ok((test, interval.transpose()?))
        }))
    };
    let mut tested_so_far = None;
    let found = limit::within(clock, work, |sent| match sent {
        Sent::Statistic(time) => statistic_time = Some(time),
        Sent::Test(test) => tested_so_far = Some(*test),
    })?;
    let (found, interval) = match (found, tested_so_far) {
        (Some(found), _) => found.map_err(rename)?,
        (None, Some(test)) => (test, None),
        (None, None) => return Ok(too_soon("before the samples were compared and relabelled once")),
    };
    let is_cut = options.ci.is_some() && interval.is_none();
    let statistic_time = statistic_time.unwrap_or_default();
    let tested = Tested {
        interval: interval.as_ref(),
        is_cut,
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
    Ok(if found.permutations() == options.permutations && !is_cut { Exit::Done } else { Exit::Bounds })
}
