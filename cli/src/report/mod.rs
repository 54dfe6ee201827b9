//! Results as text for people and as JSON for programs.

mod compare;
mod emd;
mod inputs;
mod json;
mod layout;
mod pairs;
mod sliced;
mod verify;

pub(crate) use compare::compare;
pub(crate) use emd::emd;
pub(crate) use json::{Answer, ComparisonReport, PairReport, SampleInfo, VerifyReport, to_json};
pub(crate) use pairs::pairs;
pub(crate) use sliced::{SlicedReport, sliced};
pub(crate) use verify::{Checked, Verdict, verify};
