//! A sliced distance is a mean over random directions: how far to trust it, and how to make it as sure as you need.
//!
//! ```text
//! cargo run --release --example 07_sliced_error_bars
//! ```

use earthwork::prelude::*;
use earthwork::sliced::{MaxSliced, Method, Sliced};

fn main() -> Result<()> {
    // Two clouds in five dimensions; the second is shifted along one axis and stretched along another.
    let x = Gaussian::standard(5)?.sample(400, 1)?;
    let mut moved = Gaussian::standard(5)?.sample(300, 2)?.points().view().to_owned();
    moved.column_mut(0).mapv_inplace(|v| v + 1.0);
    moved.column_mut(1).mapv_inplace(|v| 2.0 * v);
    let y = Samples::new(moved)?;

    println!("SW2 by 500 directions, with its standard error:");
    for method in [Method::MonteCarlo, Method::Orthogonal, Method::QuasiMonteCarlo] {
        for control_variates in [false, true] {
            let mut sliced = Sliced::new(2.0).with_method(method.clone()).with_directions(500);
            sliced.control_variates = control_variates;
            let found = sliced.solve(&x, &y)?;
            let with = if found.variance_ratio < 1.0 { "with control variates" } else { "plain" };
            println!("  {:.5} ± {:.5}   {}, {with}", found.value, found.std_error.unwrap_or(f64::NAN), found.method);
        }
    }

    // As many directions as a tenth of a percent takes.
    let sure = Sliced::new(2.0).to_precision(1e-3).solve(&x, &y)?;
    println!("to 0.1 %: {sure}");
    assert!(sure.std_error.is_some_and(|error| error <= 1e-3 * sure.value));

    // Another seed, another draw: the intervals overlap.
    let again = Sliced::new(2.0).to_precision(1e-3).with_seed(1).solve(&x, &y)?;
    assert!((sure.value - again.value).abs() <= 6e-3 * sure.value);

    // Slices also bound the Wasserstein distance itself, from both sides and with proof.
    let bounds = Sliced::new(2.0).bounds(&x, &y)?;
    let exact = wasserstein(&x, &y, 2.0)?;
    println!("W2 = {:.4}, and slices alone prove {:.4} to {:.4}", exact.value, bounds.lower(), bounds.upper());
    assert!(bounds.lower() <= exact.upper() && exact.lower() <= bounds.upper());

    // The direction in which the samples differ most.
    let largest = MaxSliced::default().solve(&x, &y)?;
    println!("the largest slice shows {:.4} along {:.2?}", largest.value, largest.direction);
    assert!(largest.value >= sure.value && largest.value <= exact.upper());
    Ok(())
}
