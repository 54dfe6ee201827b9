//! The report of a validation as JSON, and as a page that needs no network.

mod charts;
mod json;
mod page;

pub use json::ValidationJson;
pub use page::page;

/// −0.35, 1.00: a correlation in two decimals.
pub fn rho_text(rho: f64) -> String {
    let text = format!("{rho:.2}");
    if text == "-0.00" { "0.00".into() } else { text.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::rho_text;

    #[test]
    fn correlations_read_well() {
        assert_eq!([-0.354, -0.001, 0.0, 1.0].map(rho_text), ["−0.35", "0.00", "0.00", "1.00"]);
    }
}
