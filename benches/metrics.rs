//! Times of the metrics of generative models, and of one validation. Clouds: x ~ N(0, I), y ~ 1.1 N(0, I) + 0.1.
//!
//! `cargo bench --bench metrics -- prdc` runs one group. Against prdc: `benches/peers/metrics.py`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earthwork::metrics::{catalogue, prdc};
use earthwork::prelude::*;
use earthwork::validate::{Corruption, Population, Validation};

fn pair(n: usize, dim: usize) -> (Samples, Samples) {
    let cloud = |seed, scale: f64, shift: f64| {
        let normal = Gaussian::standard(dim).expect("a dimension above 0").sample(n, seed).expect("some points");
        let moved: Vec<f64> = normal.points().as_slice().iter().map(|v| v * scale + shift).collect();
        Samples::new(Points::from_rows(moved, dim).expect("finite points")).expect("finite points")
    };
    (cloud(1, 1.0, 0.0), cloud(2, 1.1, 0.1))
}

fn manifolds(c: &mut Criterion) {
    let mut group = c.benchmark_group("prdc");
    for (n, dim) in [(5_000, 2), (2_000, 16), (5_000, 16), (2_000, 64)] {
        let (x, y) = pair(n, dim);
        group.bench_function(BenchmarkId::from_parameter(format!("n={n} d={dim}")), |b| {
            b.iter(|| prdc(black_box(&x), black_box(&y), 5));
        });
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("metric");
    let (x, y) = pair(1_000, 16);
    for metric in catalogue().into_iter().filter(|metric| metric.key != "w1" && metric.key != "w2") {
        group.bench_function(metric.key.as_str(), |b| {
            b.iter(|| metric.discrepancy.between(black_box(&x), black_box(&y)));
        });
    }
    group.finish();
}

fn validation(c: &mut Criterion) {
    let population = Population::mixture(Mixture::ring(8, 1.0, 0.07).expect("a ring"));
    let mut job = Validation::default().with_corruptions([Corruption::ModeDrop]).with_points(200).with_repeats(1);
    job.sizes.clear();
    let metrics = catalogue();
    c.bench_function("one sweep, n = 200", |b| b.iter(|| job.run(black_box(&population), &metrics)));
}

criterion_group! {
    name = metrics;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = manifolds, all, validation
}
criterion_main!(metrics);
