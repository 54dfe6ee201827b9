//! The report of `emd`.

use earthwork::transport::{Root, Status, Summary};

use crate::read::Inputs;
use crate::report::compare::short_of_optimal;
use crate::report::inputs::describe_problem;
use crate::report::layout::Entries;
use earthwork_view::format;

/// What was solved, the answer, and its evidence.
pub(crate) fn emd(inputs: Option<&Inputs>, cost: &str, root: Option<Root>, solved: &Summary) -> String {
    let given = describe_problem(inputs, solved.shape);
    let mut text = format!("\n{}\n", given.text());
    let mut entries = Entries::default();
    let is_bottleneck = root.is_some_and(|root| root.order() == f64::INFINITY);
    if let Some(root) = root.filter(|root| root.order() != 1.0 && !is_bottleneck) {
        let estimate = root.estimate(solved);
        entries.add(root.name(), format::number(estimate.value, 10));
        entries.add("", between(estimate.lower(), estimate.upper()));
    }
    let given = |value: f64| root.map_or(Some(value), |root| root.cost(value));
    let is_distance = root.is_some_and(|root| root.order() == 1.0);
    let name = match root {
        Some(root) if is_bottleneck => root.name(),
        _ if is_distance => "earth mover's distance".to_string(),
        _ => "transport cost".to_string(),
    };
    let number = given(solved.transport_cost);
    let number =
        number.map_or_else(|| "beyond the range of 64-bit numbers".to_string(), |value| format::number(value, 10));
    entries.add(name, format!("{number}   ({cost})"));
    if let Some(bounds) = solved.bounds {
        if let (Some(lower), Some(upper)) = (given(bounds.lower), given(bounds.upper)) {
            entries.add("", between(lower, upper));
        }
        entries.add("gap", format!("{} of the value", format::gap(bounds.relative_gap())));
    }
    let report = &solved.report;
    let mut effort = vec![report.method.to_string()];
    if report.iterations > 0 {
        let unit = if is_bottleneck { "threshold" } else { "pivot" };
        effort.push(format::counted(report.iterations as usize, unit));
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
