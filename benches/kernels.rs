//! Times of the kernel distances and of resampling. Clouds: x ~ N(0, I), y ~ 1.2 N(0, I) + 0.5.
//!
//! `cargo bench --bench kernels -- energy` runs one group. Against scikit-learn: `benches/peers/kernels.py`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earthwork::divergence::{Energy, Mmd};
use earthwork::estimate::resample::{self, Permutation, Resampling, permutation_test};
use earthwork::exact::population_bracket;
use earthwork::prelude::*;

fn pair(n: usize, dim: usize) -> (Samples, Samples) {
    let cloud = |seed, scale: f64, shift: f64| {
        let normal = Gaussian::standard(dim).expect("a dimension above 0").sample(n, seed).expect("some points");
        let moved: Vec<f64> = normal.points().as_slice().iter().map(|v| v * scale + shift).collect();
        Samples::new(Points::from_rows(moved, dim).expect("finite points")).expect("finite points")
    };
    (cloud(1, 1.0, 0.0), cloud(2, 1.2, 0.5))
}

fn energy(c: &mut Criterion) {
    let mut group = c.benchmark_group("energy");
    for (n, dim) in [(100_000, 1), (2_000, 2), (2_000, 10), (2_000, 64), (5_000, 10)] {
        let (x, y) = pair(n, dim);
        group.bench_function(BenchmarkId::from_parameter(format!("n={n} d={dim}")), |b| {
            b.iter(|| Energy::default().between(black_box(&x), black_box(&y)));
        });
    }
    group.finish();
}

fn mmd(c: &mut Criterion) {
    let mut group = c.benchmark_group("mmd");
    let (x, y) = pair(2_000, 10);
    for (name, mmd) in [("Gaussian", Mmd::gaussian(3.0)), ("Laplace", Mmd::laplace(3.0)), ("cubic", Mmd::cubic())] {
        group.bench_function(name, |b| b.iter(|| mmd.between(black_box(&x), black_box(&y))));
    }
    group.finish();
}

fn resampling(c: &mut Criterion) {
    let mut group = c.benchmark_group("resampling");
    for (name, n, dim) in [("line", 1_000, 1), ("plane", 1_000, 2)] {
        let (x, y) = pair(n, dim);
        group.bench_function(BenchmarkId::new("999 permutations, energy", name), |b| {
            b.iter(|| permutation_test(&Energy::default(), black_box(&x), &y, &Permutation::default()));
        });
        group.bench_function(BenchmarkId::new("999 half-samples, energy", name), |b| {
            b.iter(|| resample::interval(&Energy::default(), black_box(&x), &y, &Resampling::default()));
        });
    }
    let (x, y) = pair(500, 2);
    group.bench_function("population bracket, n = 500, d = 2", |b| b.iter(|| population_bracket(black_box(&x), &y)));
    group.finish();
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = energy, mmd, resampling
}
criterion_main!(kernels);
