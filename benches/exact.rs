//! Times of the exact solvers, certificate included. Clouds: x ~ N(0, I), y ~ 1.2 N(0, I) + 0.5, squared Euclidean costs.
//!
//! `cargo bench --bench exact -- line` runs one group. Comparisons with other libraries: `benches/peers/exact.py`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use earthwork::exact::{Assignment, Circle, Grid, Line, line_cost, pairwise};
use earthwork::numeric::stream;
use earthwork::prelude::*;
use ndarray::Array2;
use rand::RngExt;

/// n points of N(shift, scale²) in each of `dim` coordinates.
fn cloud(n: usize, dim: usize, seed: u64, scale: f64, shift: f64) -> Samples {
    let normal = Gaussian::standard(dim).expect("a dimension above 0").sample(n, seed).expect("some points");
    let moved: Vec<f64> = normal.points().as_slice().iter().map(|v| v * scale + shift).collect();
    Samples::new(Points::from_rows(moved, dim).expect("finite points")).expect("finite points")
}

/// The same points with random masses of total 1.
fn weighted(side: &Samples, seed: u64) -> Samples {
    let mut random = stream(seed, 1);
    let masses: Vec<f64> = (0..side.len()).map(|_| random.random_range(0.1..1.0)).collect();
    Samples::weighted(side.points(), masses).expect("one mass a point").normalised()
}

fn pair(n: usize, dim: usize) -> (Samples, Samples) {
    (cloud(n, dim, 1, 1.0, 0.0), cloud(n, dim, 2, 1.2, 0.5))
}

fn between(x: &Samples, y: &Samples) -> Problem<'static> {
    Problem::between(x, y, SquaredEuclidean).expect("equal dimensions and masses")
}

/// Random masses: the network simplex, over the dense matrix and as it chooses by itself.
fn network_simplex(c: &mut Criterion) {
    let mut group = c.benchmark_group("network simplex");
    for (n, dim) in [(200, 2), (200, 10), (500, 2), (500, 10), (1000, 2), (1000, 10)] {
        let (x, y) = pair(n, dim);
        let problem = between(&weighted(&x, 3), &weighted(&y, 4));
        group.bench_function(BenchmarkId::new("dense", format!("n={n} d={dim}")), |b| {
            b.iter(|| NetworkSimplex::dense().solve(black_box(&problem)));
        });
        group.bench_function(BenchmarkId::new("chosen", format!("n={n} d={dim}")), |b| {
            b.iter(|| NetworkSimplex::default().solve(black_box(&problem)));
        });
    }
    group.finish();
}

/// Points on a line: the value alone, and plan, potentials and bounds.
fn line(c: &mut Criterion) {
    let mut group = c.benchmark_group("line");
    for n in [10_000, 1_000_000] {
        let (x, y) = pair(n, 1);
        let mut scratch = vec![0.0; n];
        group.bench_function(BenchmarkId::new("value of lists", n), |b| {
            b.iter(|| {
                let (mut x, mut y) = (x.points().as_slice().to_vec(), y.points().as_slice().to_vec());
                line_cost(&mut x, &mut y, 2.0, &mut scratch)
            });
        });
        let problems = [("uniform", between(&x, &y)), ("weighted", between(&weighted(&x, 3), &weighted(&y, 4)))];
        for (masses, problem) in &problems {
            group.bench_function(BenchmarkId::new(format!("value, {masses}"), n), |b| {
                b.iter(|| Line::default().summary(black_box(problem)));
            });
            group.bench_function(BenchmarkId::new(format!("solve, {masses}"), n), |b| {
                b.iter(|| Line::default().solve(black_box(problem)));
            });
        }
    }
    group.finish();
}

/// Angles.
fn circle(c: &mut Criterion) {
    let mut group = c.benchmark_group("circle");
    for n in [1_000, 10_000] {
        let (x, y) = pair(n, 1);
        let (a, b) = (weighted(&x, 3), weighted(&y, 4));
        for p in [1.0, 2.0] {
            let solver = Circle::new(std::f64::consts::TAU, p).expect("a circle");
            group.bench_function(BenchmarkId::new(format!("uniform, p={p}"), n), |bench| {
                bench.iter(|| solver.solve(black_box(&x), black_box(&y)));
            });
            group.bench_function(BenchmarkId::new(format!("weighted, p={p}"), n), |bench| {
                bench.iter(|| solver.solve(black_box(&a), black_box(&b)));
            });
        }
    }
    group.finish();
}

/// Two images of smooth bumps, with mass in every pixel.
fn grid(c: &mut Criterion) {
    let mut group = c.benchmark_group("grid");
    let image = |n: usize, phase: f64| {
        let wave = |i: usize, k: f64| (k * i as f64 / n as f64 + phase).sin();
        Histogram::grid(Array2::from_shape_fn((n, n), |(i, j)| 2.2 + wave(i, 9.0) + wave(j, 7.0) * wave(i + j, 4.0)))
            .expect("masses are positive")
            .normalised()
    };
    for n in [32, 64, 128] {
        let (p, q) = (image(n, 0.0), image(n, 1.3));
        let solver = Grid::default();
        group.bench_function(BenchmarkId::new("cityblock", n), |b| {
            b.iter(|| solver.solve(black_box(&p), black_box(&q), PNorm::cityblock()));
        });
        if n < 128 {
            group.bench_function(BenchmarkId::new("chebyshev", n), |b| {
                b.iter(|| solver.solve(black_box(&p), black_box(&q), PNorm::chebyshev()));
            });
            group.bench_function(BenchmarkId::new("sqeuclidean", n), |b| {
                b.iter(|| solver.solve(black_box(&p), black_box(&q), SquaredEuclidean));
            });
        }
    }
    group.finish();
}

/// Uniform masses and n = m: both solvers that can.
fn assignment(c: &mut Criterion) {
    let mut group = c.benchmark_group("assignment");
    let n = 500;
    let uniform = Weights::uniform(n).expect("some points");
    let mut random = stream(5, 1);
    let matrix = Array2::from_shape_fn((n, n), |_| random.random::<f64>());
    let mut problems =
        vec![("random matrix", Problem::with_matrix(uniform.clone(), uniform, &matrix).expect("a square matrix"))];
    for (name, dim) in [("d=2", 2), ("d=10", 10), ("d=64", 64)] {
        let (x, y) = pair(n, dim);
        problems.push((name, between(&x, &y)));
    }
    for (name, problem) in &problems {
        group.bench_function(BenchmarkId::new("jonker-volgenant", name), |b| {
            b.iter(|| Assignment::default().solve(black_box(problem)));
        });
        group.bench_function(BenchmarkId::new("network simplex", name), |b| {
            b.iter(|| NetworkSimplex::default().solve(black_box(problem)));
        });
    }
    group.finish();
}

/// The same clouds again after every source has moved by about 10⁻³ of the spread, afresh and from the former solution.
fn warm_start(c: &mut Criterion) {
    let mut group = c.benchmark_group("warm start");
    for (n, dim) in [(2000, 2), (2000, 10), (10_000, 2)] {
        let (x, y) = pair(n, dim);
        let (x, y) = (weighted(&x, 3), weighted(&y, 4));
        let noise = cloud(n, dim, 7, 1e-3, 0.0);
        let moved: Vec<f64> =
            x.points().as_slice().iter().zip(noise.points().as_slice()).map(|(x, step)| x + step).collect();
        let moved = Points::from_rows(moved, dim).expect("finite points");
        let moved = Samples::with_weights(moved, x.weights().clone()).expect("one mass a point");
        let solver = NetworkSimplex::default();
        let former = solver.solve(&between(&x, &y)).expect("a small problem");
        let problem = between(&moved, &y);
        group.bench_function(BenchmarkId::new("afresh", format!("n={n} d={dim}")), |b| {
            b.iter(|| solver.solve(black_box(&problem)));
        });
        group.bench_function(BenchmarkId::new("from the former", format!("n={n} d={dim}")), |b| {
            b.iter(|| solver.solve_from(black_box(&problem), &former));
        });
    }
    group.finish();
}

/// All distances of 40 clouds of 50 points.
fn all_pairs(c: &mut Criterion) {
    let samples: Vec<Samples> = (0..40).map(|k| cloud(50, 3, k, 1.0, 0.1 * k as f64)).collect();
    c.bench_function("pairwise/40 clouds of 50 points", |b| b.iter(|| pairwise(black_box(&samples), Euclidean)));
}

criterion_group! {
    name = exact;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = line, circle, grid, assignment, network_simplex, warm_start, all_pairs
}
criterion_main!(exact);
