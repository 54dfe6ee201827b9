//! From a million points a side to a proven optimum, in memory for the points alone (the cost matrix would take 8 TB).
//!
//! ```text
//! cargo run --release --example 03_million_points -- 1000000
//! ```

use std::time::Instant;

use earthwork::exact;
use earthwork::numeric::stream;
use earthwork::prelude::*;
use earthwork::transport::{Interrupt, Progress};
use rand::RngExt;

/// Points a side when none are named: enough to see the levels, in a second.
const FEW: usize = 5_000;

/// `n` points of scale · N(0, I) + shift in the plane, with random masses of total 1.
fn cloud(n: usize, scale: f64, shift: f64, seed: u64) -> Result<Samples> {
    let normal = Gaussian::standard(2)?.sample(n, seed)?;
    let moved: Vec<f64> = normal.points().as_slice().iter().map(|v| scale * v + shift).collect();
    let random = &mut stream(seed, 1);
    let masses: Vec<f64> = (0..n).map(|_| random.random_range(0.1..1.0)).collect();
    Ok(Samples::weighted(Points::from_rows(moved, 2)?, masses)?.normalised())
}

fn main() -> Result<()> {
    let n = std::env::args().nth(1).map_or(FEW, |n| n.parse().expect("the argument is a number of points"));
    let (x, y) = (cloud(n, 1.0, 0.0, 1)?, cloud(n, 1.2, 0.5, 2)?);
    let problem = Problem::between(&x, &y, SquaredEuclidean)?;

    // Progress once a second: the level of the points, and how far at most the value is from the optimum.
    let (started, mut shown) = (Instant::now(), 0);
    let mut observer = |progress: &Progress| {
        let now = started.elapsed().as_secs();
        if now > shown {
            shown = now;
            let Progress { level, levels, iterations, .. } = progress;
            let gap = progress.gap.map_or(String::new(), |gap| format!(", gap at most {gap:.1e}"));
            eprintln!("{now:4} s: level {level} of {levels}, {iterations} pivots{gap}");
        }
    };
    let solution = exact::solve_observed(&problem, Interrupt::default(), &mut observer)?;
    println!("{n} points a side: {solution}");

    // The bounds are computed from the plan and the potentials alone, whoever made them.
    let bounds = solution.bounds.expect("certified by default");
    assert_eq!(solution.status, Status::Optimal);
    assert!(bounds.relative_gap() < 1e-12, "a gap of {:e}", bounds.relative_gap());
    // Between N(0, I) and N(s, c² I) in the plane the cost is |s|² + 2 (c - 1)² = 0.58; samples add O(log n / n).
    println!("between the two normal distributions themselves: 0.58");
    assert!((bounds.upper - 0.58).abs() < 20.0 / (n as f64).sqrt());
    Ok(())
}
