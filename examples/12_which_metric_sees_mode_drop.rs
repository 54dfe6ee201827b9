//! Which metric sees that modes are missing? A generator loses mode after mode of a ring of eight; every metric is asked, and the
//! exact distance stands beside.
//!
//!     cargo run --release --example 12_which_metric_sees_mode_drop

use earthwork::metrics::{Metric, Modes, catalogue, of_mixture};
use earthwork::prelude::*;
use earthwork::validate::{Corruption, Population, Validation, Verdict};

fn main() -> Result<()> {
    let ring = Mixture::ring(8, 1.0, 0.07)?;

    // By hand: half of the modes are gone.
    let (real, fake) = (ring.sample(300, 1)?, Corruption::ModeDrop.of_mixture(&ring, 300, 0.67, 2)?);
    let modes = Modes::new(ring.clone()).report(&fake)?;
    println!("{} of {} modes are left", modes.captured, modes.modes);
    for metric in catalogue() {
        let estimate = metric.discrepancy.between(&real, &fake)?;
        println!(
            "  {:10} {:8.4}  from {:8.4} to {:8.4}",
            metric.key,
            estimate.value,
            estimate.lower(),
            estimate.upper()
        );
    }

    // As a report: six severities, samples of their own at each, exact W1 and W2 beside every value.
    let metrics: Vec<Metric> = catalogue().into_iter().skip(2).chain(of_mixture(&Modes::new(ring.clone()))).collect();
    let mut job = Validation::default().with_corruptions([Corruption::ModeDrop]).with_points(150);
    job.sizes.clear();
    let report = job.run(&Population::mixture(ring), &metrics)?;
    let sweep = &report.sweeps[0];
    println!("\n{}: {}", sweep.corruption, sweep.corruption.description());
    println!("  exact W1 from {:.3} to {:.3}", sweep.exact[0].means()[0], sweep.exact[0].means()[5]);
    for (info, curve) in report.metrics.iter().zip(&sweep.curves) {
        let (Some(found), Some(verdict)) = (curve.follows, curve.verdict) else { continue };
        let rho = found.spearman_w1;
        println!(
            "  {:28} {:10} ρ with W1 {:5.2} [{:5.2}, {:5.2}]",
            info.name,
            verdict.name(),
            rho.value,
            rho.lower,
            rho.upper
        );
    }

    // Precision asks whether fake points are good, not whether all kinds of them are there.
    assert_ne!(report.verdict("precision", Corruption::ModeDrop), Some(Verdict::Follows));
    for metric in ["fid", "kid", "energy", "sw1", "recall", "coverage", "modes"] {
        assert_eq!(report.verdict(metric, Corruption::ModeDrop), Some(Verdict::Follows));
    }
    Ok(())
}
