//! Can two samples come from one distribution, and how far apart are the distributions if not?
//!
//! ```text
//! cargo run --release --example 09_two_sample_test
//! ```

use earthwork::divergence::{Energy, Mmd};
use earthwork::estimate::resample::{self, Permutation, Resampling, permutation_test};
use earthwork::exact::population_bracket;
use earthwork::prelude::*;

fn main() -> Result<()> {
    let normal = Gaussian::standard(2)?;
    let shifted = Gaussian::new([0.8, 0.0], ndarray::array![[1.0, 0.0], [0.0, 1.0]].view())?;
    let (x, same, other) = (normal.sample(120, 1)?, normal.sample(100, 2)?, shifted.sample(100, 3)?);

    // The level is exact for every distance; what the distance decides is how soon a difference is seen.
    let tests: [&dyn Discrepancy; 3] = [&Energy::default(), &Mmd::default(), &Mmd::gaussian(0.2)];
    println!("{:<32} {:>14} {:>14}", "permutation test, p-values", "same", "shift 0.8");
    for d in tests {
        let options = Permutation::new(499).with_seed(7);
        let (null, alternative) =
            (permutation_test(d, &x, &same, &options)?, permutation_test(d, &x, &other, &options)?);
        println!("{:<32} {:>14.3} {:>14.3}", d.name(), null.p_value, alternative.p_value);
        // A bandwidth far below the scale of the data looks at details, and needs more points for a shift.
        assert!(null.p_value > 0.1 && alternative.p_value <= if d.name().contains("0.2") { 0.1 } else { 0.01 });
    }

    // How far: an interval for the distance between the distributions, by half-samples.
    let energy = resample::interval(&Energy::default(), &x, &other, &Resampling::default().with_seed(7))?;
    println!("\nenergy distance {:.3}, 95 % interval [{:.3}, {:.3}]", energy.value, energy.lower(), energy.upper());

    // W₁ between samples is too large for the distributions, the more so in many dimensions: a bracket says by how much.
    let bracket = population_bracket(&x, &other)?;
    let both = bracket.estimate();
    println!("W1 of the samples {:.3}", bracket.upper.value);
    println!("W1 of the distributions (truth: 0.8) within [{:.3}, {:.3}]", both.lower(), both.upper());
    assert!(both.lower() < 0.8 && 0.8 < both.upper());
    assert!(bracket.lower.value < bracket.upper.value);
    Ok(())
}
