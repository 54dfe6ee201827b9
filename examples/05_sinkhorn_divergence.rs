//! A cloud flows to another along the gradient of the Sinkhorn divergence, and the way is drawn.
//!
//! ```text
//! cargo run --release --example 05_sinkhorn_divergence
//! ```

use std::f64::consts::TAU;
use std::fmt::Write as _;

use earthwork::entropic::SinkhornDivergence;
use earthwork::prelude::*;

/// A disc of `n` points, and a ring of as many (a sunflower's seeds, so that no randomness is needed).
fn disc_and_ring(n: usize) -> Result<(Samples, Samples)> {
    let angle = |k: usize| k as f64 * TAU * 0.618_033_988_75;
    let at = |radius: f64, turn: f64, x: f64| [x + radius * turn.cos(), radius * turn.sin()];
    let disc = (0..n).map(|k| at(0.5 * ((k as f64 + 0.5) / n as f64).sqrt(), angle(k), -1.5)).collect::<Vec<_>>();
    let ring = (0..n).map(|k| at(0.8 + 0.2 * (k as f64 / n as f64), angle(k), 1.0)).collect::<Vec<_>>();
    Ok((Samples::new(disc)?, Samples::new(ring)?))
}

fn main() -> Result<()> {
    let (start, ring) = disc_and_ring(200)?;
    let divergence = SinkhornDivergence::new(0.05);
    let mut cloud = start.clone();
    let mut paths: Vec<Vec<[f64; 2]>> = start.points().iter().map(|p| vec![[p[0], p[1]]]).collect();

    let mut value = f64::INFINITY;
    for step in 0..12 {
        let found = divergence.solve(&cloud, &ring)?;
        if step % 3 == 0 {
            println!("step {step:2}: S = {:.6}, proven between {:.6} and {:.6}", found.value, found.lower, found.upper);
        }
        assert!(found.converged() && found.value < value, "the divergence falls along its gradient");
        value = found.value;

        // Explicit Euler for the flow of the points: each moves by −¼ of the gradient per unit of its mass.
        let gradient = found.gradient()?.source_points;
        let moved = cloud.points().iter().zip(gradient.rows()).map(|(p, slope)| {
            let step = 0.25 * cloud.len() as f64;
            [p[0] - step * slope[0], p[1] - step * slope[1]]
        });
        cloud = Samples::new(moved.collect::<Vec<_>>())?;
        paths.iter_mut().zip(cloud.points().iter()).for_each(|(path, p)| path.push([p[0], p[1]]));
    }
    assert!(value < 0.01, "the cloud has arrived");

    let picture = std::env::temp_dir().join("earthwork_flow.svg");
    std::fs::write(&picture, drawn(&paths, &ring)).expect("the folder for temporary files can be written to");
    println!("the flow is drawn in {}", picture.display());
    Ok(())
}

/// Grey: the ring. Lines: the ways of the points. Blue: where they end.
fn drawn(paths: &[Vec<[f64; 2]>], ring: &Samples) -> String {
    let mut svg = String::from("<svg xmlns='http://www.w3.org/2000/svg' viewBox='-2.3 -1.3 4.6 2.6' width='920'>\n");
    let dot = |svg: &mut String, p: &[f64], colour: &str| {
        writeln!(svg, "<circle cx='{:.3}' cy='{:.3}' r='0.015' fill='{colour}'/>", p[0], -p[1]).expect("a string");
    };
    ring.points().iter().for_each(|p| dot(&mut svg, p, "#bbbbbb"));
    for path in paths {
        let points: Vec<String> = path.iter().map(|p| format!("{:.3},{:.3}", p[0], -p[1])).collect();
        let line = points.join(" ");
        writeln!(svg, "<polyline points='{line}' fill='none' stroke='#d08030' stroke-width='0.004'/>")
            .expect("a string");
        dot(&mut svg, path.last().expect("a path has points"), "#2060c0");
    }
    svg + "</svg>\n"
}
