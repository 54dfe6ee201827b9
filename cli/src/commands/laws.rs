//! `earthwork laws`: which laws each discrepancy keeps.

use std::sync::mpsc::Sender;

use earthwork::compare;
use earthwork::estimate::Discrepancy;
use earthwork::testing::laws::{Law, LawReport, Laws, Outcome};

use crate::args::LawsArgs;
use crate::commands::too_soon;
use crate::exit::Exit;
use crate::failure;
use crate::limit::{self, Clock};
use crate::report::{self, LawsReport};
use crate::{memory, output};

/// Runs the command.
pub(crate) fn laws(options: &LawsArgs) -> failure::Outcome<Exit> {
    memory::require(200.0 * options.points as f64, "--points")?;
    let chosen: Vec<Box<dyn Discrepancy>> = if options.with.is_empty() {
        compare::all_discrepancies()
    } else {
        let named = |name: &String| compare::discrepancy(name).map_err(|error| error.about("--with"));
        options.with.iter().map(named).collect::<Result<_, _>>()?
    };
    let laws = Laws::default().with_cases(options.cases).with_points(options.points).with_seed(options.run.seed);
    let names: Vec<String> = chosen.iter().map(Discrepancy::name).collect();
    let clock = Clock::new(options.run.time_limit);
    let mut reports: Vec<LawReport> = Vec::new();
    let work = move |send: &Sender<(usize, Law, Outcome)>| {
        for (at, discrepancy) in chosen.iter().enumerate() {
            for law in Law::ALL {
                if clock.is_over() {
                    return Ok(());
                }
                let _ = send.send((at, law, laws.outcome(discrepancy, law)));
            }
        }
        Ok(())
    };
    limit::within(clock, work, |(at, law, outcome)| {
        if reports.len() == at {
            reports.push(LawReport { name: names[at].clone(), outcomes: Vec::new() });
        }
        reports[at].outcomes.push((law, outcome));
    })?;
    let all = reports.len() == names.len() && reports.iter().all(|report| report.outcomes.len() == Law::ALL.len());
    let left_out = &names[reports.len()..];
    if reports.is_empty() {
        return Ok(too_soon("before any law was tried"));
    }
    output::print(&if options.json {
        report::to_json(&LawsReport::of_all(&reports, left_out))
    } else {
        report::laws(&reports, left_out)
    })?;
    Ok(if all { Exit::Done } else { Exit::Bounds })
}
