//! Results as text for people and as JSON for programs.

mod compare;
mod critic;
mod divergence;
mod emd;
mod estimates;
mod gan;
mod inputs;
mod json;
mod laws;
mod layout;
mod metrics;
mod page;
mod pairs;
mod sinkhorn;
mod sliced;
mod test;
mod validate;
mod verify;

pub(crate) use compare::compare;
pub(crate) use critic::{BenchmarkReport, BenchmarkRow, CriticReport, CriticRow, benchmark, critic};
pub(crate) use divergence::{DivergenceRow, divergence, divergence_json};
pub(crate) use emd::emd;
pub(crate) use gan::{GanReport, gan};
pub(crate) use json::{Answer, ComparisonReport, PairReport, SampleInfo, VerifyReport, to_json};
pub(crate) use laws::{LawsReport, laws};
pub(crate) use metrics::{MetricsReport, Scored, metrics};
pub(crate) use page::training_page;
pub(crate) use pairs::pairs;
pub(crate) use sinkhorn::{Entropic, sinkhorn};
pub(crate) use sliced::{SlicedReport, sliced};
pub(crate) use test::{TestReport, Tested, test};
pub(crate) use validate::validation;
pub(crate) use verify::{Checked, Verdict, verify};
