//! The report of a validation as JSON, and as a page that needs no network.

mod charts;
mod json;
mod page;

pub use json::ValidationJson;
pub use page::page;

/// −0.35, 1.00: a correlation in two decimals.
pub fn rho_text(rho: f64) -> String {
    format!("{rho:.2}").replace('-', "−")
}
