//! `earthwork laws`: which laws each discrepancy keeps.

use earthwork::compare;
use earthwork::estimate::Discrepancy;
use earthwork::testing::laws::Laws;

use crate::args::LawsArgs;
use crate::failure::Outcome;
use crate::report::{self, LawsReport};
use crate::{Exit, output};

/// Runs the command.
pub(crate) fn laws(options: &LawsArgs) -> Outcome<Exit> {
    let chosen: Vec<Box<dyn Discrepancy>> = if options.with.is_empty() {
        compare::all_discrepancies()
    } else {
        let named = |name: &String| compare::discrepancy(name).map_err(|error| error.about("--with"));
        options.with.iter().map(named).collect::<Result<_, _>>()?
    };
    let laws = Laws::default().with_cases(options.cases).with_points(options.points).with_seed(options.run.seed);
    let reports: Vec<_> = chosen.iter().map(|discrepancy| laws.report(discrepancy)).collect();
    output::print(&if options.json { report::to_json(&LawsReport::of_all(&reports)) } else { report::laws(&reports) })?;
    Ok(Exit::Done)
}
