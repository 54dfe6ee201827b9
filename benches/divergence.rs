//! Times of the divergence estimators. Clouds: x ~ N(0, I), y ~ 1.2 N(0, I) + 0.5.
//!
//! `cargo bench --bench divergence -- neighbours` runs one group. Comparisons with SciPy: `benches/peers/divergence.py`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earthwork::divergence::{Classifier, Divergence, GaussianFit, Kde, Knn, LeastSquaresRatio, PlugIn};
use earthwork::prelude::*;

fn pair(n: usize, dim: usize) -> (Samples, Samples) {
    let normal =
        |seed: u64| Gaussian::standard(dim).expect("a dimension above 0").sample(n, seed).expect("some points");
    let moved: Vec<f64> = normal(2).points().as_slice().iter().map(|v| 1.2 * v + 0.5).collect();
    (normal(1), Samples::new(Points::from_rows(moved, dim).expect("finite points")).expect("finite points"))
}

fn neighbours(c: &mut Criterion) {
    let mut group = c.benchmark_group("neighbours");
    for (n, dim) in [(1_000, 2), (100_000, 2), (100_000, 5), (20_000, 10), (5_000, 64)] {
        let (x, y) = pair(n, dim);
        for estimator in [Knn::kl(), Knn::kl().by_balls(), Knn::js()] {
            group.bench_function(BenchmarkId::new(estimator.name(), format!("n={n} d={dim}")), |b| {
                b.iter(|| estimator.between(black_box(&x), black_box(&y)));
            });
        }
    }
    group.finish();
}

fn estimators(c: &mut Criterion) {
    let mut group = c.benchmark_group("estimators, n=1000");
    let js = Divergence::JensenShannon;
    let all: [Box<dyn Discrepancy>; 5] = [
        Box::new(GaussianFit::new(Divergence::Kl)),
        Box::new(PlugIn::new(js)),
        Box::new(Kde::new(js)),
        Box::new(Classifier::new(js)),
        Box::new(LeastSquaresRatio::ulsif()),
    ];
    for dim in [2, 10] {
        let (x, y) = pair(1_000, dim);
        for estimator in &all {
            if estimator.between(&x, &y).is_ok() {
                group.bench_function(BenchmarkId::new(estimator.name(), format!("d={dim}")), |b| {
                    b.iter(|| estimator.between(black_box(&x), black_box(&y)));
                });
            }
        }
    }
    group.finish();
}

fn exact(c: &mut Criterion) {
    let weights = |shift: f64| {
        let masses: Vec<f64> = (0..10_000).map(|i| 1.0 + (f64::from(i) * 0.01 + shift).sin()).collect();
        Weights::new(masses).expect("masses at least 0").normalised()
    };
    let (p, q) = (weights(0.0), weights(1.0));
    for divergence in [Divergence::Kl, Divergence::JensenShannon, Divergence::Renyi(0.5)] {
        c.bench_function(&format!("exact {divergence}, 10,000 bins"), |b| {
            b.iter(|| divergence.between(black_box(&p), black_box(&q)));
        });
    }
}

criterion_group! {
    name = divergence;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = exact, neighbours, estimators
}
criterion_main!(divergence);
