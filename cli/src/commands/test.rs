//! `earthwork test`: can two samples come from one distribution?

use std::time::Instant;

use earthwork::compare;
use earthwork::estimate::Discrepancy;
use earthwork::estimate::resample::{Permutation, permutation_test_observed};

use crate::args::TestArgs;
use crate::commands::two;
use crate::failure::Outcome;
use crate::report::{self, TestReport, Tested};
use crate::{Exit, interrupt, output, read};

/// Runs the command.
pub(crate) fn test(options: &TestArgs) -> Outcome<Exit> {
    let discrepancy = compare::discrepancy(&options.with).map_err(|error| error.about("--with"))?;
    let inputs = read::load(&options.input)?;
    let [a, b] = two(&inputs)?;
    let rename = |error: earthwork::Error| match error.argument() {
        "x" => error.about(a.name.clone()),
        "y" => error.about(b.name.clone()),
        _ => error,
    };
    let start = Instant::now();
    let asked = Permutation::new(options.permutations).with_seed(options.run.seed);
    discrepancy.between(&a.samples, &b.samples).map_err(rename)?;
    let statistic_time = start.elapsed();
    let token = interrupt::token();
    let mut go_on = |_| !token.is_cancelled() && options.run.time_limit.is_none_or(|limit| start.elapsed() < limit);
    let found = interrupt::while_solving(|| {
        permutation_test_observed(&discrepancy, &a.samples, &b.samples, &asked, &mut go_on)
    });
    let found = found.map_err(rename)?;
    let tested = Tested {
        with: &options.with,
        name: discrepancy.name(),
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
