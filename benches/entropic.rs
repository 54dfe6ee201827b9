//! Times of entropic transport, from points to bounds. Clouds: x ~ N(0, I), y ~ N(0, I) + 2 · Bernoulli(½), squared Euclidean cost,
//! ε relative to the mean cost, marginal error 1e-6.
//!
//! `cargo bench --bench entropic -- 'd=2'` runs a part. Comparisons with other libraries: `benches/peers/entropic.py`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earthwork::entropic::{Sinkhorn, SinkhornDivergence};
use earthwork::numeric::stream;
use earthwork::prelude::*;
use rand::RngExt;

fn pair(n: usize, dim: usize) -> (Samples, Samples) {
    let normal = |seed| Gaussian::standard(dim).expect("a dimension above 0").sample(n, seed).expect("some points");
    let mut random = stream(3, 0);
    let far: Vec<f64> = (0..n).map(|_| if random.random::<bool>() { 2.0 } else { 0.0 }).collect();
    let y: Vec<f64> = normal(2).points().as_slice().iter().enumerate().map(|(k, v)| v + far[k / dim]).collect();
    (normal(1), Samples::new(Points::from_rows(y, dim).expect("finite points")).expect("finite points"))
}

fn sinkhorn(c: &mut Criterion) {
    let mut group = c.benchmark_group("sinkhorn");
    group.sample_size(10);
    for (n, dim) in [(1000, 2), (1000, 10), (1000, 64), (5000, 2)] {
        let (x, y) = pair(n, dim);
        let problem = Problem::between(&x, &y, SquaredEuclidean).expect("equal dimensions and masses");
        for relative in [1e-1, 1e-2, 1e-3] {
            let solver = Sinkhorn::relative(relative);
            group.bench_function(BenchmarkId::new(format!("ε={relative}"), format!("n={n} d={dim}")), |b| {
                b.iter(|| solver.solve(black_box(&problem)));
            });
        }
    }
    group.finish();
}

fn divergence(c: &mut Criterion) {
    let mut group = c.benchmark_group("sinkhorn divergence");
    group.sample_size(10);
    let (x, y) = pair(1000, 2);
    let divergence = SinkhornDivergence::relative(0.05);
    group.bench_function("n=1000 d=2", |b| b.iter(|| divergence.between(black_box(&x), black_box(&y))));
    group.finish();
}

criterion_group!(benches, sinkhorn, divergence);
criterion_main!(benches);
