//! The report of `emd`.

use earthwork::exact;
use earthwork::transport::{Status, Summary};

use crate::format;
use crate::read::Inputs;
use crate::report::compare::short_of_optimal;
use crate::report::inputs::describe_problem;
use crate::report::layout::Entries;

/// What was solved, the answer, and its evidence.
pub(crate) fn emd(inputs: Option<&Inputs>, cost: &str, order: Option<f64>, solved: &Summary) -> String {
    let given = describe_problem(inputs, solved.shape);
    let mut text = format!("\n{}\n", given.text());
    let mut entries = Entries::default();
    if let Some(p) = order.filter(|&p| p != 1.0) {
        let estimate = exact::rooted(solved, p);
        entries.add(format!("W{p}"), format::number(estimate.value, 10));
        entries.add("", between(estimate.lower(), estimate.upper()));
    }
    let name = if order == Some(1.0) { "earth mover's distance" } else { "transport cost" };
    entries.add(name, format!("{}   ({cost})", format::number(solved.transport_cost, 10)));
    if let Some(bounds) = solved.bounds {
        entries.add("", between(bounds.lower, bounds.upper));
        entries.add("gap", format!("{} of the value", format::gap(bounds.relative_gap())));
    }
    let report = &solved.report;
    let mut effort = vec![report.method.to_string()];
    if report.iterations > 0 {
        effort.push(format::counted(report.iterations as usize, "pivot"));
    }
    effort.extend([format::time(report.time), format::bytes(report.memory as u64)]);
    entries.add("status", format!("{}   ({})", solved.status, effort.join(", ")));
    entries.add("plan", format::counted(solved.flows, "flow"));
    text += &entries.text();
    if solved.status != Status::Optimal {
        text += &short_of_optimal(solved.status);
    }
    text + "\n"
}

fn between(lower: f64, upper: f64) -> String {
    format!("proven to lie between {} and {}", format::down(lower, 12), format::up(upper, 12))
}
