//! What is said of GANs and WGANs, held against measurements: each claim, what was measured, and whether it holds.
//!
//! ```text
//! cargo run --release --example claims                  # all: some minutes on one core
//! cargo run --release --example claims -- depth weights # some, by name
//! cargo run --release --example claims -- --quick       # a tenth of the steps: some verdicts need more
//! ```
//!
//! Verdicts hold for this setting (points in the plane, networks of 64, these seeds), not for images.

mod depth;
mod finite_difference;
mod saturation;
mod segments;
mod training;
mod weights;

use earthwork::Result;

/// One claim and what became of it.
struct Verdict {
    claim: &'static str,
    measured: String,
    holds: bool,
}

/// How many steps a training takes, in percent of what the claims were measured with.
#[derive(Clone, Copy)]
struct Effort(u64);

impl Effort {
    fn steps(self, steps: u64) -> u64 {
        (steps * self.0 / 100).max(20)
    }
}

type Experiment = fn(Effort) -> Result<Vec<Verdict>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let effort = Effort(if arguments.iter().any(|word| word == "--quick") { 10 } else { 100 });
    let wanted: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect();
    let all: [(&str, Experiment); 6] = [
        ("segments", segments::run),
        ("saturation", saturation::run),
        ("weights", weights::run),
        ("depth", depth::run),
        ("training", training::run),
        ("finite-difference", finite_difference::run),
    ];
    if let Some(unknown) = wanted.iter().find(|name| !all.iter().any(|(known, _)| known == *name)) {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        println!("unknown experiment `{unknown}`; expected one of {}", names.join(", "));
        return Ok(());
    }
    for (name, experiment) in all.iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)) {
        for Verdict { claim, measured, holds } in experiment(effort)? {
            println!(
                "{name}\n  claimed   {claim}\n  measured  {measured}\n  {}\n",
                if holds { "HOLDS" } else { "REFUTED" }
            );
        }
    }
    Ok(())
}
