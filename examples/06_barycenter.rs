//! What lies between several measures: on a grid, and with points that move freely.
//!
//! ```text
//! cargo run --release --example 06_barycenter
//! ```

use earthwork::entropic::{Barycenter, SinkhornDivergence};
use earthwork::exact::barycenter;
use earthwork::prelude::*;
use ndarray::Array2;

const SIDE: usize = 24;

/// A ring and a bar on a grid.
fn shapes() -> Result<[Histogram; 2]> {
    let at = |i: usize, j: usize| (i as f64 - 11.5, j as f64 - 11.5);
    let ring = Array2::from_shape_fn((SIDE, SIDE), |(i, j)| {
        let (x, y) = at(i, j);
        f64::from((x.hypot(y) - 8.0).abs() < 1.2)
    });
    let bar =
        Array2::from_shape_fn((SIDE, SIDE), |(i, j)| f64::from(at(i, j).0.abs() < 2.0 && at(i, j).1.abs() < 10.0));
    Ok([Histogram::grid(ring)?, Histogram::grid(bar)?])
}

fn show(masses: &[f64]) {
    let most = masses.iter().copied().fold(0.0, f64::max);
    for row in masses.chunks(SIDE).step_by(2) {
        let shade = |m: &f64| [' ', '.', ':', 'o', '#'][(4.0 * m / most).round() as usize];
        println!("  {}", row.iter().map(shade).collect::<String>());
    }
}

fn main() -> Result<()> {
    let shapes = shapes()?;
    let between = Barycenter::new(2.0).with_tolerance(1e-4).on_grid(&shapes, &[0.5, 0.5])?;
    println!("halfway between a ring and a bar, debiased ({}):", between.status);
    show(&between.masses);
    assert!(between.status.is_success() && (between.masses.iter().sum::<f64>() - 1.0).abs() < 1e-9);

    // The blur of ε stays in the barycenter of OT_ε itself: its largest mass is smaller.
    let blurred = Barycenter::new(2.0).blurred().with_tolerance(1e-4).on_grid(&shapes, &[0.5, 0.5])?;
    let most = |masses: &[f64]| masses.iter().copied().fold(0.0, f64::max);
    println!("largest mass: {:.4}, with the blur of ε {:.4}", most(&between.masses), most(&blurred.masses));
    assert!(most(&blurred.masses) < most(&between.masses));

    // Free supports: the points of three clouds meet in the middle.
    let cloud = |x: f64, y: f64, seed| -> Result<Samples> {
        let normal = Gaussian::standard(2)?.sample(60, seed)?;
        Samples::new(normal.points().iter().map(|p| [p[0] + x, p[1] + y]).collect::<Vec<_>>())
    };
    let clouds = [cloud(0.0, 0.0, 1)?, cloud(9.0, 0.0, 2)?, cloud(0.0, 6.0, 3)?];
    let exact = barycenter(&clouds, &[1.0, 1.0, 1.0], &clouds[0], 20)?;
    println!(
        "exact, free support: mean {:.2?}, value {:.4}",
        exact.samples.mean(),
        exact.values.last().expect("a value")
    );
    let soft = SinkhornDivergence::new(1.0).barycenter(&clouds, &[1.0, 1.0, 1.0], &clouds[0], 20)?;
    println!(
        "entropic, free support: mean {:.2?}, value {:.4}",
        soft.samples.mean(),
        soft.values.last().expect("a value")
    );
    for found in [&exact.samples, &soft.samples] {
        let mean = found.mean();
        assert!((mean[0] - 3.0).abs() < 0.5 && (mean[1] - 2.0).abs() < 0.5);
    }
    Ok(())
}
