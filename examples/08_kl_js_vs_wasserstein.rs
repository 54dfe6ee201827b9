//! Two parallel segments are moved apart: KL, JS and TV jump to their ceilings at the first step, W1 sees the distance.
//!
//! ```text
//! cargo run --release --example 08_kl_js_vs_wasserstein
//! ```
//!
//! Writes the curves to `target/kl_js_vs_wasserstein.svg`.

use std::fs;

use earthwork::divergence::{Divergence, Knn};
use earthwork::prelude::*;

/// Columns of the grid, and points of a segment.
const SIDE: usize = 41;

/// Mass on one column of a grid: a vertical segment at `column`.
fn segment(column: usize) -> Result<Histogram> {
    let masses = ndarray::Array2::from_shape_fn((SIDE, SIDE), |(_, k)| f64::from(u8::from(k == column)) / SIDE as f64);
    Histogram::grid(masses)?.with_spacing(2.0 / (SIDE - 1) as f64)
}

fn main() -> Result<()> {
    let fixed = segment(0)?;
    let (mut distances, mut curves) = (Vec::new(), [const { Vec::new() }; 4]);
    println!("distance        KL        JS        TV        W1   JS estimated from the points");
    for column in (0..SIDE).step_by(4) {
        let moved = segment(column)?;
        let distance = moved.spacing() * column as f64;
        let of = |divergence: Divergence| divergence.between(&fixed, &moved);
        let (kl, js, tv) = (of(Divergence::Kl)?, of(Divergence::JensenShannon)?, of(Divergence::TotalVariation)?);
        // The empty cells have no mass and no say.
        let (x, y) = (fixed.to_samples()?, moved.to_samples()?);
        let w1 = wasserstein(&x, &y, 1.0)?.value;
        let estimate = Knn::js().between(&x, &y)?;
        println!("{distance:8.2}  {kl:8.3}  {js:8.3}  {tv:8.3}  {w1:8.3}   {:8.3}", estimate.value);

        // Parallel segments at distance t > 0: KL infinite, JS = ln 2, TV = 1, whatever t; W1 = t.
        if column > 0 {
            assert_eq!((kl, js, tv), (f64::INFINITY, std::f64::consts::LN_2, 1.0));
        }
        assert!((w1 - distance).abs() < 1e-12);
        distances.push(distance);
        for (curve, value) in curves.iter_mut().zip([kl, js, tv, w1]) {
            curve.push(value);
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target");
    let path = format!("{folder}/kl_js_vs_wasserstein.svg");
    fs::create_dir_all(folder).and_then(|()| fs::write(&path, picture(&distances, &curves))).expect("a place to write");
    println!("\nwritten to {path}");
    Ok(())
}

/// Four curves over the distance; what is infinite leaves through the top.
fn picture(distances: &[f64], curves: &[Vec<f64>; 4]) -> String {
    let (wide, high, most) = (640.0, 360.0, 2.2);
    let at = |x: f64, y: f64| format!("{:.1},{:.1}", 50.0 + x / 2.0 * wide, 390.0 - y.min(most) / most * high);
    let mut svg = String::from(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 800 440' font-family='sans-serif' font-size='14'>\n\
         <rect width='800' height='440' fill='white'/>\n<path d='M50 20V390H690' fill='none' stroke='#888'/>\n\
         <text x='370' y='425' text-anchor='middle'>distance between two parallel segments</text>\n",
    );
    let styles = [("KL = ∞", "#c0392b"), ("JS = ln 2", "#2980b9"), ("TV = 1", "#27ae60"), ("W1 = distance", "#111111")];
    for ((name, colour), curve) in styles.iter().zip(curves) {
        let points: Vec<String> = distances.iter().zip(curve).map(|(&x, &y)| at(x, y)).collect();
        let last = at(2.02, curve[curve.len() - 1]);
        let (x, y) = last.split_once(',').expect("two numbers");
        let points = points.join(" ");
        svg.extend([
            format!("<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2.5'/>\n"),
            format!("<text x='{x}' y='{y}' fill='{colour}' dominant-baseline='middle'>{name}</text>\n"),
        ]);
    }
    svg + "</svg>\n"
}
