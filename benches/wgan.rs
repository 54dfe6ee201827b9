//! One step of a WGAN-GP critic from the public parts, for `benches/peers/wgan.py`, which has the same step in PyTorch.
//!
//! ```text
//! cargo bench --bench wgan                     # milliseconds a step at three widths
//! cargo bench --bench wgan -- 64 200 FILE      # width, steps; FILE gets the network, the points, loss and gradient as JSON
//! ```

use std::time::Instant;

use earthwork::critic::net::{Activation, Architecture, GradientPenalty, Network, Optimiser, Rule};
use ndarray::{Array2, ArrayView2, Axis, concatenate};

const BATCH: usize = 256;
const PENALTY: GradientPenalty = GradientPenalty::TwoSided { strength: 10.0 };

/// Adds the gradient of E f(y) − E f(x) + 10 E (|∇f(u)| − 1)², u at part `parts` of the way from x to y, to `sink`; its value.
fn loss(network: &Network<f32>, sides: [ArrayView2<'_, f32>; 2], parts: &[f32], sink: &mut [f32]) -> f64 {
    let [x, y] = sides;
    let trace = network.forward(concatenate![Axis(0), x, y].view());
    let weight = |k: usize| if k < BATCH { -1.0 } else { 1.0 } / BATCH as f32;
    let weights = Array2::from_shape_fn((2 * BATCH, 1), |(k, _)| weight(k));
    let value: f64 = trace.values.iter().zip(&weights).map(|(v, w)| f64::from(v * w)).sum();
    network.backward(&trace, weights, sink);
    let mut between = x.to_owned();
    for ((mut u, y), &part) in between.rows_mut().into_iter().zip(y.rows()).zip(parts) {
        u.iter_mut().zip(y).for_each(|(u, &y)| *u += part * (y - *u));
    }
    value + network.penalise(between.view(), PENALTY, sink).0
}

/// Numbers that look random.
fn wave(at: usize) -> f32 {
    (at as f32 * 12.9898).sin() * 43758.547 % 1.0
}

/// Seconds of this process on a processor, where the system tells, so that others on the machine don't count; else those of the clock.
fn seconds(start: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |told| 1e-9 * told)
}

/// Parts of a run.
const PARTS: usize = 10;

/// Seconds a step, the least over the parts of the run; what is written to the file, if one is named.
fn run(width: usize, steps: usize, file: Option<&str>) -> f64 {
    let architecture = Architecture::mlp(2, &[width; 3], 1).with_activation(Activation::LeakyRelu { slope: 0.2 });
    let mut network = Network::<f32>::new(architecture, 1).expect("an architecture");
    let x = Array2::from_shape_fn((BATCH, 2), |(i, k)| wave(2 * i + k));
    let y = Array2::from_shape_fn((BATCH, 2), |(i, k)| 0.5 * wave(1000 + 2 * i + k) + 1.0);
    let parts: Vec<f32> = (0..BATCH).map(|k| wave(5000 + k).abs()).collect();
    let mut sink = vec![0.0; network.parameters().len()];
    if let Some(file) = file {
        let value = loss(&network, [x.view(), y.view()], &parts, &mut sink);
        let rows = |points: &Array2<f32>| points.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        let found = serde_json::json!({
            "parameters": network.parameters(), "x": rows(&x), "y": rows(&y), "parts": parts, "loss": value, "gradient": sink,
        });
        std::fs::write(file, found.to_string()).expect("a file that can be written");
    }
    let mut adam = Optimiser::new(Rule::Adam { beta1: 0.0, beta2: 0.9, decay: 0.0 }, sink.len());
    let (mut least, start) = (f64::INFINITY, Instant::now());
    for part in 0..PARTS {
        let begun = seconds(start);
        for step in 0..steps.div_ceil(PARTS) {
            let parts: Vec<f32> = (0..BATCH).map(|k| wave(part * 1_000_000 + step * BATCH + k).abs()).collect();
            sink.fill(0.0);
            loss(&network, [x.view(), y.view()], &parts, &mut sink);
            adam.step(network.parameters_mut(), &sink, 1e-4);
        }
        least = least.min((seconds(start) - begun) / steps.div_ceil(PARTS) as f64);
    }
    assert!(network.parameters().iter().all(|p| p.is_finite()));
    least
}

fn main() {
    // `cargo bench` adds an argument of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let number = |at: usize| words.get(at).map(|word| word.parse().expect("a number"));
    match (number(0), number(1)) {
        (Some(width), steps) => {
            println!("{}", run(width, steps.unwrap_or(100), words.get(2).map(String::as_str)));
        }
        (None, _) => {
            for (width, steps) in [(64, 500), (128, 250), (512, 25)] {
                println!("three layers of {width}: {:.3} ms a step", 1e3 * run(width, steps, None));
            }
        }
    }
}
