//! Results as text for people and as JSON for programs.

mod compare;
mod divergence;
mod emd;
mod estimates;
mod inputs;
mod json;
mod laws;
mod layout;
mod metrics;
mod pairs;
mod sinkhorn;
mod sliced;
mod test;
mod validate;
mod verify;

pub(crate) use compare::compare;
pub(crate) use divergence::{DivergenceRow, divergence, divergence_json};
pub(crate) use emd::emd;
pub(crate) use json::{Answer, ComparisonReport, PairReport, SampleInfo, VerifyReport, to_json};
pub(crate) use laws::{LawsReport, laws};
pub(crate) use metrics::{MetricsReport, Scored, metrics};
pub(crate) use pairs::pairs;
pub(crate) use sinkhorn::{Entropic, sinkhorn};
pub(crate) use sliced::{SlicedReport, sliced};
pub(crate) use test::{TestReport, Tested, test};
pub(crate) use validate::{ValidationJson, page, validation};
pub(crate) use verify::{Checked, Verdict, verify};
