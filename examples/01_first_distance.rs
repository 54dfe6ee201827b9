//! Three lines from two arrays to a distance, and how to read its evidence.
//!
//! ```text
//! cargo run --release --example 01_first_distance
//! ```

use earthwork::prelude::*;
use ndarray::array;

fn main() -> Result<()> {
    // Four measuring points, and the same four after everything has drifted by (3, 4).
    let before = array![[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [5.0, 1.0]];
    let after = array![[3.0, 4.0], [4.0, 4.0], [3.0, 6.0], [8.0, 5.0]];

    let x = Samples::new(before)?;
    let y = Samples::new(after)?;
    let w2 = wasserstein(&x, &y, 2.0)?;

    println!("W2 = {}", w2.value);
    println!("proven to lie between {} and {}", w2.lower(), w2.upper());
    println!("by {}, n = {}, m = {}", w2.method, w2.sizes.0, w2.sizes.1);

    // A translation by t is at distance |t| = 5, in any order p.
    assert!((w2.value - 5.0).abs() < 1e-14);
    assert!(w2.lower() <= w2.value && w2.value <= w2.upper());
    assert!((wasserstein(&x, &y, 1.0)?.value - 5.0).abs() < 1e-14);

    // Wrong input is an error that says what and where, never a number.
    let error = Samples::new(array![[0.0, f64::NAN]]).unwrap_err();
    println!("\nand a mistake: {error}");
    assert!(error.to_string().contains("point 0, coordinate 1 is NaN"));
    Ok(())
}
