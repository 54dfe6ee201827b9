//! Times of sliced distances. Clouds: x ~ N(0, I), y ~ 1.2 N(0, I) + 0.5.
//!
//! `cargo bench --bench sliced -- mean` runs one group. Comparisons with POT: `benches/peers/sliced.py`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earthwork::prelude::*;
use earthwork::sliced::{MaxSliced, Method, Sliced};

/// n points of N(shift, scale²) in each of `dim` coordinates.
fn cloud(n: usize, dim: usize, seed: u64, scale: f64, shift: f64) -> Samples {
    let normal = Gaussian::standard(dim).expect("a dimension above 0").sample(n, seed).expect("some points");
    Samples::new(normal.points().view().mapv(|v| v * scale + shift)).expect("finite points")
}

fn pair(n: usize, dim: usize) -> (Samples, Samples) {
    (cloud(n, dim, 1, 1.0, 0.0), cloud(n, dim, 2, 1.2, 0.5))
}

/// The rows of the peer bench, and what unequal sizes and weights cost.
fn mean(c: &mut Criterion) {
    let mut group = c.benchmark_group("mean");
    for (n, dim, directions) in [(10_000, 2, 100), (10_000, 64, 100), (100_000, 10, 20)] {
        let (x, y) = pair(n, dim);
        let fewer = cloud(n - 1, dim, 2, 1.2, 0.5);
        let heavy = Samples::weighted(y.points(), (0..n).map(|i| 1.0 + (i % 5) as f64).collect::<Vec<_>>())
            .expect("one mass a point")
            .normalised();
        let sliced = Sliced::new(2.0).with_method(Method::MonteCarlo).with_directions(directions);
        for (name, y) in [("equal", &y), ("n - 1", &fewer), ("weighted", &heavy)] {
            group.bench_function(BenchmarkId::new(name, format!("n={n} d={dim} L={directions}")), |b| {
                b.iter(|| sliced.solve(black_box(&x), black_box(y)));
            });
        }
    }
    group.finish();
}

/// The largest slice.
fn max(c: &mut Criterion) {
    let mut group = c.benchmark_group("max");
    for (n, dim) in [(1_000, 10), (1_000, 50)] {
        let (x, y) = pair(n, dim);
        group.bench_function(BenchmarkId::from_parameter(format!("n={n} d={dim}")), |b| {
            b.iter(|| MaxSliced::default().solve(black_box(&x), black_box(&y)));
        });
    }
    group.finish();
}

criterion_group! {
    name = sliced;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = mean, max
}
criterion_main!(sliced);
