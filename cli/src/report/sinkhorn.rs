//! The report of `sinkhorn`.

use earthwork::entropic::{Divergence, Reference, SinkhornSolution};
use earthwork::transport::{Problem, Root};
use serde::Serialize;

use crate::memory;
use crate::read::Inputs;
use crate::report::compare::short_of_optimal;
use crate::report::inputs::describe_problem;
use crate::report::json::{Answer, to_json};
use crate::report::layout::Entries;
use earthwork_view::format;

/// An entropic solve and what it was asked.
pub(crate) struct Entropic<'a> {
    pub(crate) inputs: Option<&'a Inputs>,
    pub(crate) problem: &'a Problem<'a>,
    pub(crate) cost: &'a str,
    pub(crate) order: Option<f64>,
    pub(crate) solution: &'a SinkhornSolution,
    pub(crate) divergence: Option<&'a Divergence>,
}

/// The keys of `emd`, and those of entropic transport.
#[derive(Debug, Serialize)]
struct Keys {
    #[serde(flatten)]
    answer: Answer,
    epsilon: f64,
    reference: &'static str,
    regularised_value: f64,
    duality_gap: f64,
    marginal_error: f64,
    divergence: Option<f64>,
    divergence_lower: Option<f64>,
    divergence_upper: Option<f64>,
}

impl Entropic<'_> {
    /// All of it as JSON.
    pub(crate) fn json(&self, seed: u64) -> String {
        let Self { inputs, problem, cost, order, solution, divergence } = self;
        let (n, m) = problem.shape();
        let root = |cost: f64| order.map(|p| Root::new(p).of(cost.max(0.0)));
        let bounds = solution.bounds;
        let answer = Answer {
            name: "sinkhorn".to_string(),
            method: solution.report.method.to_string(),
            cost: (*cost).to_string(),
            p: *order,
            n,
            m,
            dim: inputs.map(|inputs| inputs.columns.len()),
            mass: problem.mass(),
            transport_cost: Some(solution.transport_cost),
            value: Some(solution.value),
            wasserstein: None,
            lower: bounds.map(|bounds| bounds.lower),
            upper: bounds.map(|bounds| bounds.upper),
            relative_gap: bounds.map(|bounds| bounds.relative_gap()),
            wasserstein_lower: bounds.and_then(|bounds| root(bounds.lower)),
            wasserstein_upper: bounds.and_then(|bounds| root(bounds.upper)),
            status: solution.status.to_string(),
            iterations: solution.report.iterations,
            plan_entries: n * m,
            seconds: solution.report.time.as_secs_f64(),
            solver_memory_bytes: solution.report.memory as u64,
            peak_memory_bytes: memory::peak(),
            seed,
        };
        to_json(&Keys {
            answer,
            epsilon: solution.epsilon,
            reference: solution.reference.name(),
            regularised_value: solution.value,
            duality_gap: solution.duality_gap,
            marginal_error: solution.marginal_error,
            divergence: divergence.map(|divergence| divergence.value),
            divergence_lower: divergence.map(|divergence| divergence.lower),
            divergence_upper: divergence.map(|divergence| divergence.upper),
        })
    }
}

/// What was solved, the values, and their evidence.
pub(crate) fn sinkhorn(found: &Entropic) -> String {
    let Entropic { inputs, problem, cost, order, solution, divergence } = found;
    let given = describe_problem(*inputs, problem.shape());
    let mut text = format!("\n{}\n", given.text());
    let mut entries = Entries::default();
    entries.add("ε", format!("{}   ({cost})", format::short(solution.epsilon, 6)));
    entries.add("transport cost", format!("{}   (of the entropic plan)", format::number(solution.transport_cost, 10)));
    let mut value = format::number(solution.value, 10);
    if solution.reference == Reference::Product {
        value += "   (against a ⊗ b)";
    }
    entries.add("regularised value", value);
    if let Some(bounds) = solution.bounds {
        let between =
            |lower, upper| format!("between {} and {}, proven", format::down(lower, 10), format::up(upper, 10));
        entries.add("exact cost", between(bounds.lower, bounds.upper));
        if let Some(p) = order.filter(|&p| p != 1.0) {
            let root = |cost: f64| Root::new(p).of(cost.max(0.0));
            entries.add(format!("W{p}"), between(root(bounds.lower), root(bounds.upper)));
        }
    }
    if let Some(divergence) = divergence {
        let text = format!(
            "{}   (proven between {} and {})",
            format::number(divergence.value, 8),
            format::down(divergence.lower, 6),
            format::up(divergence.upper, 6)
        );
        entries.add("Sinkhorn divergence", text);
    }
    entries.add("marginals", format!("met to {:.1e} of the mass", solution.marginal_error));
    let report = &solution.report;
    let effort = [
        format!("{} passes", format::count(report.iterations)),
        format::time(report.time),
        format::bytes(report.memory as u64),
    ];
    entries.add("status", format!("{}   ({})", solution.status, effort.join(", ")));
    text += &entries.text();
    if !solution.status.is_success() {
        text += &short_of_optimal(solution.status);
    }
    text + "\n"
}
