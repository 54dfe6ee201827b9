//! The report of `verify`: what was checked, and the verdict.

use earthwork::transport::Certificate;

use crate::read::Inputs;
use crate::report::inputs::describe;
use crate::report::layout::Entries;
use earthwork_view::format;

/// What the certificate says about a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    /// Whether the plan's sums are the weights, within the tolerance.
    pub(crate) feasible: bool,
    /// Whether no plan costs less, within the tolerance; none where the bound is too weak to tell.
    pub(crate) optimal: Option<bool>,
    pub(crate) tolerance: f64,
}

/// What a plan is held against.
pub(crate) struct Checked<'a> {
    pub(crate) inputs: Option<&'a Inputs>,
    pub(crate) cost: String,
    pub(crate) plan: &'a str,
    pub(crate) flows: usize,
    /// Where the lower bound comes from, in words.
    pub(crate) bound_from: String,
    /// The row or column whose sum is farthest from its weight, in words.
    pub(crate) worst: String,
}

/// What was checked and what came out.
pub(crate) fn verify(checked: &Checked, certificate: &Certificate, verdict: Verdict) -> String {
    let mut entries = checked.inputs.map_or_else(Entries::default, describe);
    entries.add(checked.plan, format!("a plan of {}", format::counted(checked.flows, "flow")));
    let mut text = format!("\n{}\n", entries.text());

    let tolerance = verdict.tolerance;
    let mut entries = Entries::default();
    entries.add(
        "marginals",
        format!("off by {} of all the mass   (allowed: {tolerance:e})", format::gap(certificate.marginal_error)),
    );
    if !verdict.feasible {
        entries.add("", checked.worst.clone());
    }
    entries.add("plan's cost", format!("{}   ({})", format::number(certificate.transport_cost, 12), checked.cost));
    let (lower, upper) = (format::down(certificate.bounds.lower, 12), format::up(certificate.bounds.upper, 12));
    entries.add("optimum", format!("proven to lie between {lower} and {upper}"));
    entries.add("", format!("lower bound from {}; upper bound: the plan, with its sums mended", checked.bound_from));
    entries.add("gap", format!("{} of the value", format::gap(certificate.bounds.relative_gap())));
    entries.add("verdict", sentence(certificate, verdict));
    text += &entries.text();
    text + "\n"
}

fn sentence(certificate: &Certificate, verdict: Verdict) -> String {
    let tolerance = verdict.tolerance;
    if !verdict.feasible {
        return "NOT FEASIBLE: the plan does not take the mass from where it is to where it should be".to_string();
    }
    let excess = format::gap(certificate.bounds.relative_gap());
    match verdict.optimal {
        Some(true) => format!("feasible and optimal: no plan costs less, within {tolerance:e} of the value"),
        Some(false) => format!("feasible, NOT OPTIMAL: a plan that costs less exists, by up to {excess} of the value"),
        None => format!("feasible, NOT PROVEN OPTIMAL: the lower bound leaves {excess} of the value open"),
    }
}
